//! linfa against our own trainer, and against the traps it is known for.

use payme_core::learning::train::{Bounds, Matrix, Newton, Order};
use proptest::prelude::*;

use super::*;

/// Numbers that look random, the same for each seed.
struct Draws(u64);

impl Draws {
    fn uniform(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        float(usize::try_from(self.0 >> 32).unwrap()) / 4_294_967_296.0
    }
}

/// Rows of a known model, of which about so large a share is positive.
fn drawn(rows: usize, columns: usize, shift: f64, seed: u64) -> (Vec<f64>, Vec<bool>) {
    let mut draws = Draws(seed | 1);
    let features: Vec<f64> = (0..rows * columns).map(|_| 3.0 * (draws.uniform() - 0.4)).collect();
    let label = |row: &[f64]| {
        let score: f64 = row.iter().enumerate().map(|(at, x)| x / float(at + 1)).sum();
        draws.uniform() < 1.0 / (1.0 + (shift - score).exp())
    };
    let labels = features.chunks(columns).map(label).collect();
    (features, labels)
}

fn close(ours: &Fit, theirs: &Fit) -> bool {
    let near = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-6 * (1.0 + a.abs());
    ours.coefficients.iter().zip(&theirs.coefficients).all(near)
        && near((&ours.intercept, &theirs.intercept))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn both_trainers_find_the_same_minimum(
        seed in any::<u64>(), rows in 60_usize..400, columns in 1_usize..6,
        shift in -2.0..2.0_f64, l2 in prop_oneof![Just(0.0), 0.01..30.0_f64],
        has_intercept in any::<bool>(), standardise in any::<bool>(), by_columns in any::<bool>(),
    ) {
        let (features, labels) = drawn(rows, columns, shift, seed);
        let turned: Vec<f64> = (0..columns).flat_map(|c| features.chunks(columns).map(move |row| row[c])).collect();
        let table = if by_columns {
            Matrix::new(&turned, rows, columns, Order::Columns)
        } else {
            Matrix::new(&features, rows, columns, Order::Rows)
        };
        let samples = Samples::new(table.unwrap(), &labels).unwrap();
        let options = FitOptions { l2, has_intercept, standardise, tolerance: 1e-8, iterations_max: 1_000, ..FitOptions::default() };
        match (Newton.fit(&samples, &options), Linfa.fit(&samples, &options)) {
            (Ok(ours), Ok(theirs)) => {
                prop_assert!(theirs.convergence.is_converged, "{theirs:?}");
                prop_assert!(close(&ours, &theirs), "{ours:?} {theirs:?}");
                prop_assert!((ours.convergence.objective - theirs.convergence.objective).abs() < 1e-6);
                prop_assert!(theirs.convergence.iterations <= 1_000);
            }
            (ours, theirs) => prop_assert_eq!(ours.map_err(|e| e.code()).err(), theirs.map_err(|e| e.code()).err()),
        }
    }
}

#[test]
fn the_positive_label_is_ours_whether_it_is_rare_or_not() {
    // linfa takes the more frequent class as its positive one.
    for (shift, seed) in [(2.5, 3), (-2.5, 5)] {
        let (features, labels) = drawn(300, 2, shift, seed);
        let positive = labels.iter().filter(|label| **label).count();
        assert!(!(100..200).contains(&positive), "{positive}");
        let table = Matrix::new(&features, 300, 2, Order::Rows).unwrap();
        let fit =
            Linfa.fit(&Samples::new(table, &labels).unwrap(), &FitOptions::default()).unwrap();
        assert!(fit.coefficients.iter().all(|weight| *weight > 0.0), "{fit:?}");
    }
    // As many of each, and either of them first.
    for first in [true, false] {
        let labels = [first, !first, true, false, true, false];
        let features = labels.map(|label| if label { 0.7 } else { 0.2 });
        let table = Matrix::new(&features, 6, 1, Order::Rows).unwrap();
        let samples = Samples::new(table, &labels).unwrap();
        let ours = Newton.fit(&samples, &FitOptions::default()).unwrap();
        assert!(close(&ours, &Linfa.fit(&samples, &FitOptions::default()).unwrap()));
    }
}

#[test]
fn a_fit_that_did_not_converge_says_so() {
    // A column in other units beside a penalty on both: linfa answers, and is far from the minimum.
    let (mut features, labels) = drawn(300, 2, 0.3, 7);
    features.iter_mut().step_by(2).for_each(|number| *number *= 1e6);
    let table = Matrix::new(&features, 300, 2, Order::Rows).unwrap();
    let samples = Samples::new(table, &labels).unwrap();
    let options = FitOptions { tolerance: 1e-9, iterations_max: 8, ..FitOptions::default() };
    let fit = Linfa.fit(&samples, &options).unwrap();
    assert!(!fit.convergence.is_converged && fit.convergence.gradient_max > 1e-9, "{fit:?}");
    assert!(fit.convergence.iterations <= 8);
    // Where the penalty is on scaled columns, units do not matter.
    let options = FitOptions { standardise: true, iterations_max: 200, ..options };
    let fit = Linfa.fit(&samples, &options).unwrap();
    assert!(close(&Newton.fit(&samples, &options).unwrap(), &fit), "{fit:?}");
}

#[test]
fn a_fit_goes_on_from_where_it_is_told_to() {
    let (features, labels) = drawn(500, 3, 1.0, 11);
    let samples =
        Samples::new(Matrix::new(&features, 500, 3, Order::Rows).unwrap(), &labels).unwrap();
    let options = FitOptions { tolerance: 1e-7, ..FitOptions::default() };
    let ours = Newton.fit(&samples, &options).unwrap();
    let mut start = ours.coefficients.clone();
    start.push(ours.intercept);
    // One step is enough where it begins at the end.
    let fit =
        Linfa.fit(&samples, &FitOptions { start, iterations_max: 1, ..options.clone() }).unwrap();
    assert!(fit.convergence.is_converged && close(&ours, &fit));
    let cold = Linfa.fit(&samples, &FitOptions { iterations_max: 1, ..options }).unwrap();
    assert!(!cold.convergence.is_converged);
}

#[test]
fn what_linfa_cannot_do_is_refused_by_name() {
    let (features, labels) = drawn(80, 2, 0.0, 13);
    let samples =
        Samples::new(Matrix::new(&features, 80, 2, Order::Rows).unwrap(), &labels).unwrap();
    let (weights, offsets) = (vec![2.0; 80], vec![0.5; 80]);
    let plain = FitOptions::default();
    let given = ClassWeights::Given { negative: 1.0, positive: 2.0 };
    #[rustfmt::skip]
    let table = [
        (samples, FitOptions { l1: 0.5, ..plain.clone() },                                "an absolute penalty"),
        (samples, FitOptions { bounds: vec![Bounds::NONE; 2], ..plain.clone() },          "bounds"),
        (samples, FitOptions { class_weights: ClassWeights::Balanced, ..plain.clone() },  "class weights"),
        (samples, FitOptions { class_weights: given, ..plain.clone() },                   "class weights"),
        (samples.with_weights(&weights).unwrap(), plain.clone(),                          "weights of rows"),
        (samples.with_offsets(&offsets).unwrap(), plain,                                  "offsets"),
    ];
    for (samples, options, option) in table {
        let told = Linfa.fit(&samples, &options);
        assert_eq!(told, Err(TrainError::Unsupported { trainer: "linfa", option }));
    }
}

#[test]
fn what_cannot_be_learnt_from_is_refused_as_by_our_own() {
    let labels = [false, true, false, true];
    let code = |features: &[f64], labels: &[bool], options: &FitOptions| {
        let features =
            Matrix::new(features, labels.len(), features.len() / labels.len(), Order::Rows);
        let samples = Samples::new(features.unwrap(), labels).unwrap();
        Linfa.fit(&samples, options).map_or_else(|error| error.code(), |_| "fine")
    };
    let plain = FitOptions::default();
    let free = FitOptions { l2: 0.0, ..plain.clone() };
    let good = [1.0, 2.0, 3.0, 0.5];
    #[rustfmt::skip]
    let table = [
        (code(&good, &labels, &plain),                                          "fine"),
        (code(&good, &[true; 4], &plain),                                       "train_one_class"),
        (code(&[1.0, f64::NAN, 3.0, 0.5], &labels, &plain),                     "train_not_finite"),
        (code(&[1e300, -1e300, 1e308, -1e308], &labels, &plain),                "train_overflow"),
        (code(&[1e120, 2.0, 3.0, 0.5], &labels, &plain),                        "train_overflow"),
        (code(&good, &labels, &FitOptions { l2: -1.0, ..plain.clone() }),       "train_option"),
        (code(&good, &labels, &FitOptions { start: vec![1.0], ..plain.clone() }), "train_option"),
        // The classes can be told apart, and can at all but one point.
        (code(&[1.0, 2.0, 1.5, 3.0], &labels, &free),                           "train_separable"),
        (code(&[1.0, 2.0, 2.0, 3.0], &labels, &free),                           "train_separable"),
        (code(&[1.0, 2.0, 1.5, 3.0], &labels, &plain),                          "fine"),
        // A constant column is no reason to break off.
        (code(&[5.0, 1.0, 5.0, 2.0, 5.0, 3.0, 5.0, 0.5], &labels, &plain),      "fine"),
    ];
    for (found, expected) in table {
        assert_eq!(found, expected);
    }
}
