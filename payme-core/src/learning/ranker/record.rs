//! What is kept of a training run, beside its weights: `metrics_vN.json`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{CalibrationKind, Holdout, RankerMetrics, Trained, TrainingOptions};
use crate::learning::train::{ClassWeights, FitIntervals};
use crate::learning::{Conformal, PsiReference, Verdict};
use crate::matching::SignalSet;
use crate::types::Instant;

/// How a ranker was trained: enough to hold out the same people again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// The signals that were learnt from.
    pub signals: SignalSet,
    /// Which rows were held out.
    pub holdout: Holdout,
    /// What was asked of the calibration.
    pub calibration: CalibrationKind,
    /// What became of it: its kind, or why there is none.
    pub calibrated: String,
    /// Whether the search for it ended where it should.
    pub is_calibration_converged: bool,
    /// When the last of the samples was shown: what comes later is what drift is told of.
    pub until: Option<Instant>,
    /// Whether both labels counted as much as each other.
    pub balanced: bool,
    /// Whether coefficients were kept within bounds.
    pub bounded: bool,
    /// The strength of the squared penalty.
    pub l2: f64,
    /// The strength of the absolute penalty.
    pub l1: f64,
    /// How many rows were learnt from.
    pub train_rows: usize,
    /// How many people those are of.
    pub train_users: usize,
    /// Whether the fit converged.
    pub is_converged: bool,
    /// How many steps it made.
    pub iterations: u32,
    /// The greatest entry of the mean gradient at its end.
    pub gradient_max: f64,
    /// The loss with its penalties, as a sum.
    pub objective: f64,
}

/// What is kept of a training run.
///
/// In JSON the measures of the new weights stand at the top, and the rest beside them by name;
/// members of others are left alone when it is read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainingRecord {
    /// What the weights are worth on the rows that were held out.
    #[serde(flatten)]
    pub metrics: RankerMetrics,
    /// What the weights that were in force then are worth on the same rows.
    pub champion: RankerMetrics,
    /// Whether they were promoted, and why.
    pub verdict: Verdict,
    /// When to show, ask or hide by them.
    pub conformal: Conformal,
    /// How far chance may have moved the weights, in the order of the signals.
    pub intervals: FitIntervals,
    /// The bins of each signal over what was learnt from, in their order, for finding drift; none
    /// of a signal where there were fewer rows than bins.
    pub references: Vec<Option<PsiReference>>,
    /// How they were trained.
    pub training: Provenance,
}

impl Provenance {
    /// Whether there is a calibration, which was fitted to the rows that were learnt from.
    pub fn is_calibrated(&self) -> bool {
        CalibrationKind::parse(&self.calibrated).is_some_and(|kind| kind != CalibrationKind::None)
    }
}

impl TrainingRecord {
    /// As the members of a file.
    pub fn to_map(&self) -> Map<String, Value> {
        match serde_json::to_value(self) {
            Ok(Value::Object(members)) => members,
            // Numbers, words and lists: JSON has all of them.
            _ => Map::new(),
        }
    }

    /// Reads the members of a file.
    ///
    /// # Errors
    /// What is missing, or of another type.
    pub fn from_map(members: &Map<String, Value>) -> Result<Self, serde_json::Error> {
        Self::deserialize(Value::Object(members.clone()))
    }

    /// The options by which the same people are held out.
    pub fn options(&self) -> TrainingOptions {
        TrainingOptions {
            set: self.training.signals,
            holdout: self.training.holdout,
            error_rate: self.conformal.error_rate(),
            ..TrainingOptions::default()
        }
    }
}

impl Trained {
    /// What is kept of it.
    pub fn record(&self) -> TrainingRecord {
        let (options, convergence) = (&self.options, &self.convergence);
        TrainingRecord {
            metrics: self.judged.metrics,
            champion: self.judged.champion,
            verdict: self.judged.verdict.clone(),
            conformal: self.judged.conformal,
            intervals: self.intervals.clone(),
            references: self.references.clone(),
            training: Provenance {
                signals: options.set,
                holdout: options.holdout,
                calibration: options.calibration,
                calibrated: self.calibrated.to_string(),
                is_calibration_converged: self.calibrated.is_converged(),
                until: self.until,
                balanced: options.fit.class_weights == ClassWeights::Balanced,
                bounded: !options.fit.bounds.is_empty(),
                l2: options.fit.l2,
                l1: options.fit.l1,
                train_rows: self.counts.train_rows,
                train_users: self.counts.train_users,
                is_converged: convergence.is_converged,
                iterations: convergence.iterations,
                gradient_max: convergence.gradient_max,
                objective: convergence.objective,
            },
        }
    }
}
