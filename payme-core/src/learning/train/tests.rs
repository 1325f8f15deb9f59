//! Fits against what must hold at a minimum, computed here anew and slowly.

use proptest::prelude::*;

use super::*;

/// Numbers that look random, the same for each seed.
pub(super) struct Draws(pub(super) u64);

impl Draws {
    pub(super) fn uniform(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        #[expect(clippy::cast_precision_loss, reason = "53 bits")]
        let share = (self.0 >> 11) as f64 / (1_u64 << 53) as f64;
        share
    }

    pub(super) fn normal(&mut self) -> f64 {
        let (a, b) = (1.0 - self.uniform(), self.uniform());
        (-2.0 * a.ln()).sqrt() * (std::f64::consts::TAU * b).cos()
    }
}

/// Rows of a known model.
pub(super) struct Drawn {
    pub(super) columns: usize,
    pub(super) features: Vec<f64>,
    pub(super) labels: Vec<bool>,
}

impl Drawn {
    pub(super) fn new(rows: usize, truth: &[f64], seed: u64) -> Self {
        let mut draws = Draws(seed | 1);
        let columns = truth.len();
        let features: Vec<f64> = (0..rows * columns).map(|_| draws.normal()).collect();
        let label = |row: &[f64]| {
            let score: f64 = row.iter().zip(truth).map(|(x, w)| x * w).sum::<f64>() - 0.3;
            draws.uniform() < 1.0 / (1.0 + (-score).exp())
        };
        let labels = features.chunks(columns).map(label).collect();
        Self { columns, features, labels }
    }

    pub(super) fn samples(&self) -> Samples<'_> {
        let rows = self.labels.len();
        let features = Matrix::new(&self.features, rows, self.columns, Order::Rows).unwrap();
        Samples::new(features, &self.labels).unwrap()
    }
}

/// The gradient of loss and squared penalty, by the formula: of each coefficient, then of the
/// intercept.
pub(super) fn gradient(samples: &Samples<'_>, fit: &Fit, l2: f64, classes: [f64; 2]) -> Vec<f64> {
    let columns = samples.features().columns();
    let mut gradient: Vec<f64> = fit.coefficients.iter().map(|w| l2 * w).collect();
    gradient.push(0.0);
    for (row, label) in samples.labels().iter().enumerate() {
        let x = |column| samples.features().get(row, column).unwrap();
        let scores = (0..columns).map(|column| fit.coefficients[column] * x(column));
        let score = scores.sum::<f64>() + fit.intercept + samples.offset(row);
        let class = classes[usize::from(*label)];
        let by = class
            * samples.weight(row)
            * (1.0 / (1.0 + (-score).exp()) - f64::from(u8::from(*label)));
        for (column, slope) in gradient.iter_mut().take(columns).enumerate() {
            *slope += by * x(column);
        }
        gradient[columns] += by;
    }
    gradient
}

pub(super) fn fitted(samples: &Samples<'_>, options: &FitOptions) -> Fit {
    let fit = Newton.fit(samples, options).unwrap();
    assert!(fit.convergence.is_converged, "{:?}", fit.convergence);
    fit
}

fn close(a: &Fit, b: &Fit, within: f64) -> bool {
    let near = |a: f64, b: f64| (a - b).abs() <= within * (1.0 + a.abs());
    a.coefficients.iter().zip(&b.coefficients).all(|(a, b)| near(*a, *b))
        && near(a.intercept, b.intercept)
}

const TRUTH: [f64; 4] = [1.0, -0.5, 0.25, 0.0];

#[test]
fn at_the_end_of_a_fit_no_small_change_helps() {
    let drawn = Drawn::new(2_000, &TRUTH, 7);
    let weights: Vec<f64> = (0..2_000_u32).map(|row| f64::from(row % 4)).collect();
    let offsets: Vec<f64> = (0..2_000_u32).map(|row| f64::from(row % 7) / 7.0 - 0.5).collect();
    let weighted = drawn.samples().with_weights(&weights).unwrap();
    let moved = weighted.with_offsets(&offsets).unwrap();
    for samples in [drawn.samples(), weighted, moved] {
        for l2 in [0.0, 1.0, 100.0] {
            for (class_weights, classes) in [
                (ClassWeights::Equal, [1.0, 1.0]),
                (ClassWeights::Given { negative: 0.5, positive: 3.0 }, [0.5, 3.0]),
            ] {
                let fit =
                    fitted(&samples, &FitOptions { l2, class_weights, ..FitOptions::default() });
                let slopes = gradient(&samples, &fit, l2, classes);
                assert!(slopes.iter().all(|slope| slope.abs() < 1e-5), "{slopes:?}");
            }
        }
    }
}

#[test]
fn many_rows_end_where_all_of_them_lead() {
    let drawn = Drawn::new(150_000, &TRUTH, 11);
    let samples = drawn.samples();
    let fit = fitted(&samples, &FitOptions { l2: 2.0, ..FitOptions::default() });
    let slopes = gradient(&samples, &fit, 2.0, [1.0, 1.0]);
    assert!(slopes.iter().all(|slope| slope.abs() < 1e-9 * 150_000.0 * 2.0), "{slopes:?}");
    for (found, truth) in fit.coefficients.iter().zip(TRUTH) {
        assert!((found - truth).abs() < 0.05, "{found} {truth}");
    }
    // Sorted by label, the first rows say nothing of the others.
    let mut order: Vec<usize> = (0..150_000).collect();
    order.sort_by_key(|row| drawn.labels[*row]);
    let features = order.iter().flat_map(|row| drawn.features[row * 4..][..4].to_vec()).collect();
    let labels = order.iter().map(|row| drawn.labels[*row]).collect();
    let sorted = Drawn { columns: 4, features, labels };
    let again = fitted(&sorted.samples(), &FitOptions { l2: 2.0, ..FitOptions::default() });
    assert!(close(&fit, &again, 1e-7));
}

#[test]
fn a_weight_counts_like_so_many_rows_and_zero_like_none() {
    let drawn = Drawn::new(300, &TRUTH, 3);
    let counts: Vec<usize> = (0..300).map(|row| row % 3).collect();
    let weights: Vec<f64> =
        counts.iter().map(|count| f64::from(u8::try_from(*count).unwrap())).collect();
    let mut repeated = Drawn { columns: 4, features: Vec::new(), labels: Vec::new() };
    for (row, count) in counts.iter().enumerate() {
        for _ in 0..*count {
            repeated.features.extend(&drawn.features[row * 4..][..4]);
            repeated.labels.push(drawn.labels[row]);
        }
    }
    for class_weights in [ClassWeights::Equal, ClassWeights::Balanced] {
        let options = FitOptions { class_weights, ..FitOptions::default() };
        let by_weight = fitted(&drawn.samples().with_weights(&weights).unwrap(), &options);
        let by_rows = fitted(&repeated.samples(), &options);
        assert!(close(&by_weight, &by_rows, 1e-7));
    }
}

#[test]
fn rows_and_columns_of_a_table_give_the_same_bits() {
    let drawn = Drawn::new(1_000, &TRUTH, 5);
    let columns: Vec<f64> =
        (0..4).flat_map(|column| drawn.features.chunks(4).map(move |row| row[column])).collect();
    let by_columns = Matrix::new(&columns, 1_000, 4, Order::Columns).unwrap();
    let by_columns = Samples::new(by_columns, &drawn.labels).unwrap();
    let options = FitOptions::default();
    assert_eq!(fitted(&drawn.samples(), &options), fitted(&by_columns, &options));
}

#[test]
fn an_absolute_penalty_holds_coefficients_at_zero_and_others_at_their_slope() {
    let drawn = Drawn::new(2_000, &TRUTH, 13);
    let samples = drawn.samples();
    let mut zeros = Vec::new();
    for l1 in [1.0, 30.0, 10_000.0] {
        let fit = fitted(&samples, &FitOptions { l1, l2: 0.5, ..FitOptions::default() });
        let slopes = gradient(&samples, &fit, 0.5, [1.0, 1.0]);
        for (weight, slope) in fit.coefficients.iter().zip(&slopes) {
            let is_held = if *weight == 0.0 {
                slope.abs() <= l1 + 1e-4
            } else {
                (slope + l1 * weight.signum()).abs() < 1e-4
            };
            assert!(is_held, "{weight} {slope} {l1}");
        }
        assert!(slopes[4].abs() < 1e-4, "the intercept is not penalised");
        zeros.push(fit.coefficients.iter().filter(|weight| **weight == 0.0).count());
    }
    assert!(zeros[0] < zeros[2] && zeros[2] == 4, "{zeros:?}");
}

#[test]
fn bounds_hold_and_whatever_is_inside_them_is_best() {
    let drawn = Drawn::new(2_000, &TRUTH, 17);
    let samples = drawn.samples();
    let bounds =
        vec![Bounds { low: 0.0, high: 0.4 }, Bounds::NOT_NEGATIVE, Bounds::NONE, Bounds::NONE];
    let fit = fitted(&samples, &FitOptions { bounds, ..FitOptions::default() });
    let slopes = gradient(&samples, &fit, 1.0, [1.0, 1.0]);
    assert!((fit.coefficients[0] - 0.4).abs() < 1e-12 && slopes[0] < 0.0, "it would go on");
    assert!(fit.coefficients[1] == 0.0 && slopes[1] > 0.0, "it would go below");
    assert!(slopes[2..].iter().all(|slope| slope.abs() < 1e-4), "{slopes:?}");
}

#[test]
fn units_of_columns_change_nothing_but_their_coefficients() {
    let drawn = Drawn::new(1_000, &TRUTH, 19);
    let options = FitOptions { l2: 0.0, ..FitOptions::default() };
    let plain = fitted(&drawn.samples(), &options);
    for (unit, shift) in [(1e12, 0.0), (1e-9, 0.0), (1e3, 1.6e9)] {
        let features = drawn
            .features
            .chunks(4)
            .flat_map(|row| [row[0] * unit + shift, row[1], row[2], row[3]]);
        let scaled =
            Drawn { columns: 4, features: features.collect(), labels: drawn.labels.clone() };
        let fit = fitted(&scaled.samples(), &options);
        assert!((fit.coefficients[0] * unit - plain.coefficients[0]).abs() < 1e-5, "{unit}");
        assert!((fit.coefficients[1] - plain.coefficients[1]).abs() < 1e-5, "{unit}");
    }
}

#[test]
fn a_column_that_others_determine_is_named_and_left_at_zero() {
    let drawn = Drawn::new(500, &TRUTH, 23);
    let features =
        drawn.features.chunks(4).flat_map(|row| [row[0], row[1], row[0] + row[1], 5.0]).collect();
    let twice = Drawn { columns: 4, features, labels: drawn.labels };
    let fit = fitted(&twice.samples(), &FitOptions { l2: 0.0, ..FitOptions::default() });
    assert_eq!(fit.convergence.aliased, [2, 3]);
    assert_eq!(fit.coefficients[2..], [0.0, 0.0]);
}

#[test]
fn what_cannot_be_learnt_from_is_refused_with_its_place() {
    let labels = [false, true, false, true];
    let options = FitOptions::default();
    let code = |features: &[f64], labels: &[bool], options: &FitOptions| {
        let features =
            Matrix::new(features, labels.len(), features.len() / labels.len(), Order::Rows);
        let samples = Samples::new(features.unwrap(), labels).unwrap();
        Newton.fit(&samples, options).map_err(|error| error.code())
    };
    let good = [1.0, 2.0, 3.0, 0.5];
    assert!(code(&good, &labels, &options).is_ok());
    assert_eq!(code(&good, &[true; 4], &options), Err("train_one_class"));
    let separable = FitOptions { l2: 0.0, ..FitOptions::default() };
    assert_eq!(code(&[1.0, 2.0, 1.5, 3.0], &labels, &separable), Err("train_separable"));
    assert!(code(&[1.0, 2.0, 1.5, 3.0], &labels, &options).is_ok(), "a penalty makes it finite");
    // At one point both labels occur, everywhere else a line tells them apart.
    let touching = [1.0, 2.0, 2.0, 3.0];
    assert_eq!(code(&touching, &labels, &separable), Err("train_separable"));
    for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let features = [1.0, 2.0, 3.0, 4.0, 5.0, odd, 7.0, 8.0];
        let table = Matrix::new(&features, 4, 2, Order::Rows).unwrap();
        let told = Newton.fit(&Samples::new(table, &labels).unwrap(), &options);
        assert_eq!(told, Err(TrainError::NotFinite { row: 2, column: 1 }));
    }
    assert_eq!(code(&[1e300, -1e300, 1e308, -1e308], &labels, &options), Err("train_overflow"));
    for (wrong, option) in [
        (FitOptions { l2: -1.0, ..options.clone() }, "l2"),
        (FitOptions { l1: f64::NAN, ..options.clone() }, "l1"),
        (FitOptions { bounds: vec![Bounds { low: 1.0, high: 2.0 }], ..options.clone() }, "bounds"),
        (FitOptions { bounds: vec![Bounds::NONE; 2], ..options.clone() }, "bounds"),
        (FitOptions { start: vec![1.0], ..options.clone() }, "start"),
        (FitOptions { start: vec![f64::NAN, 0.0], ..options }, "start"),
    ] {
        let features = Matrix::new(&good, 4, 1, Order::Rows).unwrap();
        let told = Newton.fit(&Samples::new(features, &labels).unwrap(), &wrong).unwrap_err();
        assert!(
            matches!(told, TrainError::Option { option: found, .. } if found == option),
            "{told}"
        );
    }
    let features = Matrix::new(&good, 4, 1, Order::Rows).unwrap();
    let samples = Samples::new(features, &labels).unwrap();
    assert_eq!(
        samples.with_weights(&[1.0, -1.0, 1.0, 1.0]).unwrap_err(),
        TrainError::Weight { row: 1 }
    );
    assert_eq!(
        samples.with_offsets(&[0.0, 0.0, 0.0, f64::NAN]).unwrap_err(),
        TrainError::Offset { row: 3 }
    );
    assert_eq!(samples.with_weights(&[1.0]).unwrap_err().code(), "train_shape");
    assert_eq!(Matrix::new(&good, 3, 1, Order::Rows).unwrap_err().code(), "train_shape");
    assert_eq!(Matrix::new(&[], 0, 1, Order::Rows).unwrap_err().code(), "train_empty");
}

#[test]
fn a_fit_that_may_not_go_on_says_so_and_can_be_gone_on_with() {
    let drawn = Drawn::new(500, &TRUTH, 29);
    let samples = drawn.samples();
    let options = FitOptions::default();
    let short = Newton.fit(&samples, &FitOptions { iterations_max: 1, ..options.clone() }).unwrap();
    assert!(!short.convergence.is_converged && short.convergence.gradient_max > 1e-9);
    let mut start = short.coefficients.clone();
    start.push(short.intercept);
    let on = fitted(&samples, &FitOptions { start, ..options.clone() });
    assert!(close(&on, &fitted(&samples, &options), 1e-7));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn other_labels_turn_the_signs(seed in 1_u64.., rows in 20_usize..200) {
        let drawn = Drawn::new(rows, &TRUTH, seed);
        let flipped = drawn.labels.iter().map(|label| !label).collect();
        let other = Drawn { columns: 4, features: drawn.features.clone(), labels: flipped };
        let options = FitOptions::default();
        let (Ok(a), Ok(b)) = (Newton.fit(&drawn.samples(), &options), Newton.fit(&other.samples(), &options)) else {
            return Ok(());
        };
        let turned = Fit {
            coefficients: b.coefficients.iter().map(|w| -w).collect(),
            intercept: -b.intercept,
            convergence: b.convergence,
        };
        prop_assert!(close(&a, &turned, 1e-7));
    }
}
