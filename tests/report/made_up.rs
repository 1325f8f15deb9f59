//! A training that never was: people, signals, two models, and all that a report is made of.
//!
//! In: how many people, and a seed. Out: the same training for the same seed.

use payme::learning::train::{
    Bounds, FitIntervals, FitOptions, LinearModel, Matrix, Newton, Order, Samples, Trainer as _,
};
use payme::learning::{
    CalibrationDrift, Comparison, Conformal, Forecasts, Groups, PrecisionDrift, PromotionPolicy,
    PsiReference, Sampled, Verdict, calibration_drift, precision_drift,
};
use payme::report::{Report, ReportCounts, ReportDrift, ReportModel};
use payme::types::Instant;

pub(crate) const SIGNALS: [&str; 8] = [
    "rules_confidence",
    "similarity",
    "recency",
    "frequency",
    "class_period",
    "payout",
    "urgency",
    "ease",
];
const TRUTH: [f64; 8] = [2.0, 1.2, 0.6, 0.4, 0.0, -0.5, 0.2, 0.3];
const ROWS_PER_USER: usize = 12;

/// Numbers that look random, the same for each seed.
struct Draws(u64);

impl Draws {
    #[expect(clippy::cast_precision_loss, reason = "53 bits")]
    fn uniform(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

struct Rows {
    features: Vec<f64>,
    labels: Vec<bool>,
}

impl Rows {
    fn new(users: usize, draws: &mut Draws, shift: f64) -> Self {
        let rows = users * ROWS_PER_USER;
        let features: Vec<f64> = (0..rows * SIGNALS.len())
            .map(|at| {
                let moved = if at % SIGNALS.len() == 6 { shift } else { 0.0 };
                (draws.uniform() + moved).min(1.0)
            })
            .collect();
        let score = |row: &[f64]| row.iter().zip(TRUTH).map(|(x, w)| (x - 0.5) * w).sum::<f64>();
        let labels = features
            .chunks(SIGNALS.len())
            .map(|row| draws.uniform() < 1.0 / (1.0 + (1.4 - 1.5 * score(row)).exp()))
            .collect();
        Self { features, labels }
    }

    fn matrix(&self) -> Matrix<'_> {
        Matrix::new(&self.features, self.labels.len(), SIGNALS.len(), Order::Rows).unwrap()
    }
}

/// The training.
pub(crate) struct MadeUp {
    held_out: Rows,
    pub(crate) users: Groups,
    pub(crate) champion: Vec<f64>,
    pub(crate) challenger: Vec<f64>,
    pub(crate) weights: FitIntervals,
    references: Vec<Option<PsiReference>>,
    pub(crate) conformal: Conformal,
    pub(crate) verdict: Verdict,
    precision: PrecisionDrift,
    calibration: CalibrationDrift,
}

impl MadeUp {
    pub(crate) fn new(users: usize, seed: u64) -> Self {
        let mut draws = Draws(seed | 1);
        let train = Rows::new(users, &mut draws, 0.0);
        let middle = Rows::new(users, &mut draws, 0.0);
        let held_out = Rows::new(users, &mut draws, 0.35);
        let mut bounds = vec![Bounds::NONE; SIGNALS.len()];
        // One weight ends on its bound, so that it has no interval.
        bounds[5] = Bounds::NOT_NEGATIVE;
        let options = FitOptions { bounds, ..FitOptions::default() };
        let samples = Samples::new(train.matrix(), &train.labels).unwrap();
        let fit = Newton.fit(&samples, &options).unwrap();
        let weights = FitIntervals::new(&samples, &options, &fit, 0.95).unwrap();
        let model = LinearModel::from(fit);
        let challenger = model.probabilities(&held_out.matrix()).unwrap();
        let simple = |row: &[f64]| (0.3 * row[0] + 0.2 * row[2] + 0.1 * row[4]).clamp(0.0, 1.0);
        let champion: Vec<f64> = held_out.features.chunks(SIGNALS.len()).map(simple).collect();
        let of_middle = model.probabilities(&middle.matrix()).unwrap();
        let conformal =
            Conformal::fit(&Forecasts::new(&middle.labels, &of_middle).unwrap(), 0.1).unwrap();
        let groups = Groups::of_sizes(vec![ROWS_PER_USER; users]);
        let labels = &held_out.labels;
        let both = Comparison::on_held_out(labels, &champion, &challenger, &groups).unwrap();
        let verdict = both.judge(&PromotionPolicy::default()).unwrap();
        let now = Sampled::over_users(&both.challenger.precision_at_5);
        let now = now.unwrap_or(Sampled { mean: 0.0, standard_error: None });
        let before = Sampled { mean: 0.42, standard_error: Some(0.012) };
        let reference = |column: usize| {
            let values: Vec<f64> =
                train.features.chunks(SIGNALS.len()).map(|row| row[column]).collect();
            (column != 3).then(|| PsiReference::new(&values, 10).unwrap())
        };
        let forecasts = Forecasts::new(labels, &champion).unwrap();
        Self {
            references: (0..SIGNALS.len()).map(reference).collect(),
            precision: precision_drift(before, now).unwrap(),
            calibration: calibration_drift(&forecasts, 0.03, 10, 1).unwrap(),
            users: groups,
            champion,
            challenger,
            weights,
            conformal,
            verdict,
            held_out,
        }
    }

    pub(crate) fn labels(&self) -> &[bool] {
        &self.held_out.labels
    }

    pub(crate) fn report(&self) -> Report<'_> {
        let rows = self.held_out.labels.len();
        Report {
            title: "PayMe: training report",
            made_at: Instant::EPOCH,
            split: "by user, one in three",
            seed: 7,
            counts: ReportCounts {
                samples: 3 * rows + 120,
                labelled: 3 * rows,
                trained: rows,
                calibrated: rows,
            },
            labels: &self.held_out.labels,
            users: &self.users,
            champion: ReportModel { version: 7, probabilities: &self.champion, ranks: None },
            challenger: ReportModel { version: 8, probabilities: &self.challenger, ranks: None },
            signals: &SIGNALS,
            weights: &self.weights,
            drift: Some(ReportDrift { references: &self.references, now: self.held_out.matrix() }),
            precision_drift: Some(self.precision),
            calibration_drift: Some(self.calibration),
            conformal: Some(self.conformal),
            verdict: Some(&self.verdict),
        }
    }
}
