//! Laws of the calibrations, and oracles: the min-max formula of isotonic regression, gradients
//! that vanish, and searches over a grid.

use proptest::collection::vec;
use proptest::prelude::*;

use super::fit::targets_of;
use super::*;
use crate::learning::random::Stream;
use crate::learning::sum::floor_at_most;
use crate::learning::{Forecasts, LearningError, Scored};
use crate::ranking::calibration::{inner, logistic};
use crate::ranking::{Beta, Calibration, Isotonic, Platt, Temperature};

#[track_caller]
fn near(found: f64, expected: f64, slack: f64) {
    assert!((found - expected).abs() <= slack, "{found} is not {expected}");
}

/// Forecasts of 40 to 400 rows whose true log-odds are a power of theirs, with ties.
fn drawn(seed: u64, sharpness: f64, shift: f64) -> (Vec<bool>, Vec<f64>, Vec<f64>) {
    let mut stream = Stream::new(seed);
    let rows = 40 + seed % 361;
    let mut columns = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rows {
        let p = (stream.unit() * 200.0).round() / 200.0;
        let truth =
            logistic(sharpness * (inner(p).ln() - (1.0 - inner(p)).ln()).clamp(-8.0, 8.0) + shift);
        columns.0.push(stream.unit() < truth);
        columns.1.push(p);
        columns.2.push((stream.unit() * 4.0).floor());
    }
    // Both classes on both sides, so that every fit exists.
    columns.0.extend([true, false, true, false]);
    columns.1.extend([0.05, 0.1, 0.9, 0.95]);
    columns.2.extend([1.0; 4]);
    columns
}

/// Mean cross-entropy of a calibration.
fn loss(rows: &Scored<'_>, targets: Targets, of: impl Fn(f64) -> f64) -> f64 {
    let weight = |at: usize| rows.weights().map_or(1.0, |weights| weights[at]);
    let targets = targets_of(rows, targets);
    let term = |(at, t): (usize, &f64)| {
        let p = of(rows.scores()[at]).clamp(1e-300, 1.0 - 1e-16);
        -weight(at) * (t * p.ln() + (1.0 - t) * (1.0 - p).ln())
    };
    targets.iter().enumerate().map(term).sum::<f64>() / rows.weight()
}

/// The mean of `(fitted - target) * feature`, which is 0 at the best fit.
fn gradient(
    rows: &Scored<'_>,
    targets: Targets,
    of: impl Fn(f64) -> f64,
    feature: impl Fn(f64) -> f64,
) -> f64 {
    let weight = |at: usize| rows.weights().map_or(1.0, |weights| weights[at]);
    let targets = targets_of(rows, targets);
    let term = |(at, t): (usize, &f64)| {
        weight(at) * (of(rows.scores()[at]) - t) * feature(rows.scores()[at])
    };
    targets.iter().enumerate().map(term).sum::<f64>() / rows.weight()
}

fn rising(p: f64) -> f64 {
    inner(p).ln()
}

fn falling(p: f64) -> f64 {
    -(1.0 - inner(p)).ln()
}

/// One of each kind, fitted on the same rows.
fn all_kinds(forecasts: &Forecasts<'_>) -> Vec<Calibration> {
    vec![
        Calibration::Identity,
        Calibration::Platt(Platt::fit(forecasts.scored()).unwrap().calibration),
        Calibration::Temperature(Temperature::fit(forecasts).unwrap().calibration),
        Calibration::Isotonic(Isotonic::fit(forecasts.scored()).unwrap()),
        Calibration::Beta(Beta::fit(forecasts).unwrap().calibration),
    ]
}

#[test]
fn one_class_and_too_few_rows_are_refused() {
    let both = Forecasts::new(&[1, 0], &[0.75, 0.25]).unwrap();
    let one = Forecasts::new(&[1, 1, 1], &[0.75, 0.5, 0.25]).unwrap();
    let hidden = both.clone().weighted(&[0.0, 1.0]).unwrap();
    let large = Scored::new(&[1, 0], &[1.0, -1e101]).unwrap();
    #[rustfmt::skip]
    let table: [(LearningError, &str); 8] = [
        (Platt::fit(one.scored()).unwrap_err(),       "fit_one_class"),
        (Temperature::fit(&one).unwrap_err(),         "fit_one_class"),
        (Isotonic::fit(one.scored()).unwrap_err(),    "fit_one_class"),
        (Beta::fit(&one).unwrap_err(),                "fit_one_class"),
        (VennAbers::fit(one.scored()).unwrap_err(),   "fit_one_class"),
        (Isotonic::fit(hidden.scored()).unwrap_err(), "fit_one_class"),
        (Beta::fit(&both).unwrap_err(),               "fit_too_few"),
        (Platt::fit(&large).unwrap_err(),             "fit_score_large"),
    ];
    for (error, code) in table {
        assert_eq!(error.code(), code, "{error}");
    }
    assert_eq!(Platt::fit(&large).unwrap_err().index(), Some(1));
    assert_eq!(
        Platt::fit(one.scored()).unwrap_err().to_string(),
        "every label is 1: a fit needs both classes"
    );
}

#[test]
fn stored_parameters_that_are_no_calibration_are_refused() {
    let table = [
        (r#"{"kind": "platt", "slope": -0.5, "intercept": 0.0}"#, "a slope is finite"),
        (r#"{"kind": "temperature", "inverse_temperature": -1.0}"#, "an inverse temperature"),
        (r#"{"kind": "beta", "a": 1.0, "b": -1e-9, "c": 0.0}"#, "a and b are finite"),
        (r#"{"kind": "isotonic", "scores": [], "values": []}"#, "at least one"),
        (r#"{"kind": "isotonic", "scores": [0.5], "values": [0.5, 0.5]}"#, "one value for each"),
        (r#"{"kind": "isotonic", "scores": [0.5, 0.5], "values": [0.5, 0.5]}"#, "scores ascend"),
        (r#"{"kind": "isotonic", "scores": [0.25, 0.5], "values": [0.5, 1.5]}"#, "values are in"),
        (r#"{"kind": "isotonic", "scores": [0.25, 0.5], "values": [0.5, 0.25]}"#, "do not descend"),
        (r#"{"kind": "identity", "slope": 1.0}"#, "unknown field"),
        (r#"{"kind": "spline"}"#, "unknown variant"),
        (r#"{"slope": 1.0, "intercept": 0.0}"#, "missing field `kind`"),
    ];
    for (text, what) in table {
        let error = serde_json::from_str::<Calibration>(text).unwrap_err().to_string();
        assert!(error.contains(what), "{text}: {error}");
    }
}

#[test]
fn smoothed_targets_are_those_of_platt() {
    let rows = Scored::new(&[1, 0, 0, 1, 0], &[0.5; 5]).unwrap();
    let targets = targets_of(&rows, Targets::Smoothed);
    near(targets[0], 3.0 / 4.0, 1e-15);
    near(targets[1], 1.0 / 5.0, 1e-15);
    // Equal scores say nothing: the answer is the mean target for all of them.
    let fit = Platt::fit(&rows).unwrap();
    near(fit.calibration.slope(), 0.0, 0.0);
    near(fit.calibration.apply(123.0), (2.0 * 0.75 + 3.0 * 0.2) / 5.0, 1e-15);
}

#[test]
fn separated_classes_are_told_and_smoothed_targets_fit_them() {
    let forecasts = Forecasts::new(&[0, 0, 1, 1], &[0.1, 0.2, 0.7, 0.9]).unwrap();
    let plain = FitOptions::default();
    let smoothed = FitOptions { targets: Targets::Smoothed, ..plain };
    let ends = |options: &FitOptions| {
        [
            Platt::fit_with(forecasts.scored(), options).unwrap().report.convergence,
            Temperature::fit_with(&forecasts, options).unwrap().report.convergence,
            Beta::fit_with(&forecasts, options).unwrap().report.convergence,
        ]
    };
    assert_eq!(ends(&plain), [Convergence::Separated; 3]);
    assert_eq!(ends(&smoothed), [Convergence::Converged; 3]);
    let one_step = FitOptions { iterations_max: 1, ..smoothed };
    assert_eq!(ends(&one_step)[0], Convergence::StepsRanOut);
}

#[test]
fn a_fit_of_many_rows_ends_in_a_few_steps() {
    // The rounding of a sum of many terms is larger than what the last steps gain.
    let mut stream = Stream::new(26);
    let p: Vec<f64> = (0..200_000).map(|_| stream.unit()).collect();
    let labels: Vec<bool> = p.iter().map(|p| stream.unit() < *p).collect();
    let forecasts = Forecasts::new(&labels, &p).unwrap();
    let reports = [
        Platt::fit(forecasts.scored()).unwrap().report,
        Temperature::fit(&forecasts).unwrap().report,
        Beta::fit(&forecasts).unwrap().report,
    ];
    for report in reports {
        assert!(
            report.convergence == Convergence::Converged && report.iterations < 12,
            "{report:?}"
        );
    }
}

#[test]
fn what_goes_against_the_labels_is_not_followed() {
    let labels = [1, 1, 0, 1, 0, 0];
    let forecasts = Forecasts::new(&labels, &[0.1, 0.2, 0.3, 0.6, 0.7, 0.8]).unwrap();
    let platt = Platt::fit_with(forecasts.scored(), &FitOptions::default()).unwrap();
    assert_eq!(platt.report.convergence, Convergence::Converged);
    near(platt.calibration.apply(0.9), 0.5, 1e-12);
    let temperature = Temperature::fit(&forecasts).unwrap();
    assert!(temperature.calibration.temperature().is_infinite());
    near(temperature.calibration.apply(0.9), 0.5, 0.0);
    near(temperature.report.loss, std::f64::consts::LN_2, 1e-15);
    let beta = Beta::fit(&forecasts).unwrap();
    assert_eq!(beta.calibration.parameters()[..2], [0.0, 0.0]);
    near(beta.report.loss, std::f64::consts::LN_2, 1e-15);
}

#[test]
fn isotonic_is_flat_in_a_pool_and_straight_between_pools() {
    let rows = Scored::new(&[0, 1, 0, 0, 1, 1], &[-4.0, -2.0, -2.0, 0.0, 2.0, 6.0]).unwrap();
    let isotonic = Isotonic::fit(&rows).unwrap();
    assert_eq!(
        isotonic.bends(),
        (&[-4.0, -2.0, 0.0, 2.0, 6.0][..], &[0.0, 1.0 / 3.0, 1.0 / 3.0, 1.0, 1.0][..])
    );
    let table = [
        (-9.0, 0.0),
        (-3.0, 1.0 / 6.0),
        (-1.0, 1.0 / 3.0),
        (1.0, 2.0 / 3.0),
        (3.0, 1.0),
        (1e300, 1.0),
    ];
    for (score, expected) in table {
        near(isotonic.apply(score), expected, 1e-15);
    }
    assert!(isotonic.apply(f64::NAN).is_nan());
    let wide = Isotonic::fit(&Scored::new(&[0, 1], &[-1.7e308, 1.7e308]).unwrap()).unwrap();
    near(wide.apply(0.0), 0.5, 1e-15);
}

#[test]
fn venn_abers_has_its_known_answer() {
    let rows = Scored::new(&[0, 1, 0, 1], &[0.2, 0.4, 0.6, 0.8]).unwrap();
    let held_out = VennAbers::fit(&rows).unwrap();
    let (p0, p1) = held_out.interval(0.5);
    near(p0, 1.0 / 3.0, 1e-15);
    near(p1, 2.0 / 3.0, 1e-15);
    near(held_out.apply(0.5), 0.5, 1e-15);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn isotonic_is_the_largest_of_the_smallest_means(
        rows in vec(((0..8_u8), any::<bool>(), 0..4_u8), 2..14),
    ) {
        // The value of row i: the max over a <= i of the min over b >= i of the mean of a..=b.
        let mut rows = rows;
        rows.sort_by_key(|row| row.0);
        let scores: Vec<f64> = rows.iter().map(|row| f64::from(row.0) - 3.0).collect();
        let labels: Vec<bool> = rows.iter().map(|row| row.1).collect();
        let weights: Vec<f64> = rows.iter().map(|row| f64::from(row.2)).collect();
        let Ok(scored) = Scored::new(&labels, &scores).unwrap().weighted(&weights) else { return Ok(()) };
        let Ok(isotonic) = Isotonic::fit(&scored) else { return Ok(()) };
        let levels: Vec<f64> = scores.iter().copied().filter(|s| {
            scores.iter().zip(&weights).any(|(score, weight)| score.to_bits() == s.to_bits() && *weight > 0.0)
        }).collect();
        let mean = |low: f64, high: f64| {
            let (mut weight, mut positive) = (0.0, 0.0);
            for at in 0..scores.len() {
                if (low..=high).contains(&scores[at]) {
                    weight += weights[at];
                    positive += weights[at] * f64::from(u8::from(labels[at]));
                }
            }
            positive / weight
        };
        for score in &levels {
            let lows = levels.iter().filter(|low| *low <= score);
            let expected = lows.map(|low| {
                levels.iter().filter(|high| *high >= score).map(|high| mean(*low, *high)).fold(f64::MAX, f64::min)
            });
            near(isotonic.apply(*score), expected.fold(f64::MIN, f64::max), 1e-14);
        }
    }

    #[test]
    fn a_calibration_never_decreases(
        seed in any::<u64>(),
        sharpness in -1.0..4.0_f64,
        shift in -2.0..2.0_f64,
        probes in vec(0.0..=1.0_f64, 2..40),
    ) {
        let (labels, p, _) = drawn(seed, sharpness, shift);
        let mut probes = probes;
        probes.extend(probes.clone().iter().map(|p| p.next_up().min(1.0)));
        probes.extend([0.0, f64::MIN_POSITIVE, 1e-16, 1.0_f64.next_down(), 1.0]);
        probes.sort_by(f64::total_cmp);
        for calibration in all_kinds(&Forecasts::new(&labels, &p).unwrap()) {
            let values: Vec<f64> = probes.iter().map(|p| calibration.apply(*p)).collect();
            prop_assert!(values.is_sorted(), "{:?} {:?}", calibration, values);
            prop_assert!(values.iter().all(|value| (0.0..=1.0).contains(value)));
        }
    }

    #[test]
    fn a_stored_calibration_is_the_same_to_the_bit(seed in any::<u64>(), sharpness in -1.0..4.0_f64) {
        let (labels, p, _) = drawn(seed, sharpness, 0.3);
        for calibration in all_kinds(&Forecasts::new(&labels, &p).unwrap()) {
            let text = serde_json::to_string(&calibration).unwrap();
            let read: Calibration = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(&read, &calibration);
            for score in [0.0, 0.123_456_789, 0.5, 1.0] {
                prop_assert_eq!(read.apply(score).to_bits(), calibration.apply(score).to_bits());
            }
        }
    }

    #[test]
    fn platt_has_a_gradient_of_zero(seed in any::<u64>(), sharpness in 0.5..4.0_f64, smoothed in any::<bool>()) {
        let (labels, p, weights) = drawn(seed, sharpness, -0.4);
        let scores: Vec<f64> = p.iter().map(|p| p * 700.0 - 20.0).collect();
        let targets = if smoothed { Targets::Smoothed } else { Targets::Labels };
        let rows = Scored::new(&labels, &scores).unwrap().weighted(&weights).unwrap();
        let fit = Platt::fit_with(&rows, &FitOptions { targets, ..FitOptions::default() }).unwrap();
        prop_assume!(fit.calibration.slope() > 0.0);
        let apply = |score| fit.calibration.apply(score);
        prop_assert_eq!(fit.report.convergence, Convergence::Converged);
        near(gradient(&rows, targets, apply, |_| 1.0), 0.0, 2e-9);
        near(gradient(&rows, targets, apply, |score| (score - 300.0) / 300.0), 0.0, 4e-9);
        near(fit.report.loss, loss(&rows, targets, apply), 1e-12);
    }

    #[test]
    fn beta_is_the_best_that_does_not_decrease(seed in any::<u64>(), sharpness in -0.5..3.0_f64) {
        let (labels, p, weights) = drawn(seed, sharpness, 0.2);
        let forecasts = Forecasts::new(&labels, &p).unwrap().weighted(&weights).unwrap();
        let rows = forecasts.scored();
        let fit = Beta::fit(&forecasts).unwrap();
        prop_assert_eq!(fit.report.convergence, Convergence::Converged);
        let apply = |p| fit.calibration.apply(p);
        let [a, b, _] = fit.calibration.parameters();
        near(fit.report.loss, loss(rows, Targets::Labels, apply), 1e-12);
        // Where a parameter is free its gradient is 0; at the end of its range it points outwards.
        near(gradient(rows, Targets::Labels, apply, |_| 1.0), 0.0, 1e-8);
        for (parameter, feature) in [(a, rising as fn(f64) -> f64), (b, falling)] {
            let slope = gradient(rows, Targets::Labels, apply, feature);
            prop_assert!(if parameter > 0.0 { slope.abs() < 1e-7 } else { slope > -1e-7 }, "{} {}", parameter, slope);
        }
    }

    #[test]
    fn the_temperature_is_the_one_that_bisection_finds(seed in any::<u64>(), sharpness in 0.2..3.0_f64) {
        let (labels, p, weights) = drawn(seed, sharpness, 0.0);
        let forecasts = Forecasts::new(&labels, &p).unwrap().weighted(&weights).unwrap();
        let fit = Temperature::fit(&forecasts).unwrap();
        let log_odds = |p: f64| rising(p) + falling(p);
        let slope = |inverse: f64| {
            gradient(forecasts.scored(), Targets::Labels, |p| logistic(inverse * log_odds(p)), log_odds)
        };
        let (mut low, mut high) = (0.0, 64.0);
        for _ in 0..200 {
            let middle = f64::midpoint(low, high);
            if slope(middle) < 0.0 { low = middle } else { high = middle }
        }
        near(fit.calibration.inverse_temperature(), low, 1e-6 * low.max(1e-3));
        prop_assert_eq!(fit.report.convergence, Convergence::Converged);
    }

    #[test]
    fn a_weight_fits_like_so_many_equal_rows(seed in any::<u64>()) {
        let (labels, p, weights) = drawn(seed, 1.5, 0.1);
        let weighted = Forecasts::new(&labels, &p).unwrap().weighted(&weights).unwrap();
        let times = |at: usize| floor_at_most(weights[at], 9);
        let labels: Vec<bool> = (0..p.len()).flat_map(|at| vec![labels[at]; times(at)]).collect();
        let p: Vec<f64> = (0..p.len()).flat_map(|at| vec![p[at]; times(at)]).collect();
        let repeated = Forecasts::new(&labels, &p).unwrap();
        for (one, other) in all_kinds(&weighted).iter().zip(all_kinds(&repeated)) {
            for score in [0.0, 0.1, 0.5, 0.77, 1.0] {
                near(one.apply(score), other.apply(score), 1e-6);
            }
        }
    }

    #[test]
    fn venn_abers_holds_isotonic_between_its_two(seed in any::<u64>(), score in 0.0..=1.0_f64) {
        let (labels, p, _) = drawn(seed, 1.0, 0.0);
        let rows = Scored::new(&labels, &p).unwrap();
        let (p0, p1) = VennAbers::fit(&rows).unwrap().interval(score);
        let between = Isotonic::fit(&rows).unwrap().apply(score);
        prop_assert!(p0 < p1 && p0 <= between + 1e-12 && between <= p1 + 1e-12, "{} {} {}", p0, between, p1);
        // The definition: isotonic regression with the row added.
        for (label, expected) in [(false, p0), (true, p1)] {
            let (mut labels, mut p) = (labels.clone(), p.clone());
            labels.push(label);
            p.push(score);
            near(Isotonic::fit(&Scored::new(&labels, &p).unwrap()).unwrap().apply(score), expected, 1e-14);
        }
    }
}
