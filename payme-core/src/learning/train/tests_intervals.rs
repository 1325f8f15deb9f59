//! Intervals against second derivatives taken by differences, against a bootstrap, and at their
//! level.

use super::tests::{Drawn, Draws, fitted, gradient};
use super::*;
use crate::learning::sum::floor_at_most;

const TRUTH: [f64; 3] = [1.0, -0.5, 0.25];

/// The inverse of a table, by elimination.
fn inverse(mut table: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    let width = table.len();
    for (row, numbers) in table.iter_mut().enumerate() {
        numbers.extend((0..width).map(|column| f64::from(u8::from(row == column))));
    }
    for pivot in 0..width {
        let best = (pivot..width)
            .max_by(|a, b| table[*a][pivot].abs().total_cmp(&table[*b][pivot].abs()))
            .unwrap();
        table.swap(pivot, best);
        let by = table[pivot][pivot];
        table[pivot].iter_mut().for_each(|number| *number /= by);
        let own = table[pivot].clone();
        for (row, numbers) in table.iter_mut().enumerate() {
            if row != pivot {
                let times = numbers[pivot];
                numbers.iter_mut().zip(&own).for_each(|(number, own)| *number -= times * own);
            }
        }
    }
    table.into_iter().map(|numbers| numbers[width..].to_vec()).collect()
}

/// The standard errors from differences of the gradient: of the coefficients, then the intercept.
fn by_differences(samples: &Samples<'_>, fit: &Fit, l2: f64, classes: [f64; 2]) -> Vec<f64> {
    let width = fit.coefficients.len() + 1;
    let moved = |at: usize, by: f64| {
        let mut other = fit.clone();
        match other.coefficients.get_mut(at) {
            Some(weight) => *weight += by,
            None => other.intercept += by,
        }
        gradient(samples, &other, l2, classes)
    };
    let table = (0..width)
        .map(|at| {
            let (up, down) = (moved(at, 1e-5), moved(at, -1e-5));
            up.iter().zip(&down).map(|(up, down)| (up - down) / 2e-5).collect()
        })
        .collect();
    let covariance = inverse(table);
    (0..width).map(|at| covariance[at][at].sqrt()).collect()
}

fn errors(found: &FitIntervals) -> Vec<f64> {
    let each = found.coefficients.iter().chain(&found.intercept);
    each.map(|estimate| estimate.interval.unwrap().standard_error).collect()
}

#[test]
fn standard_errors_are_those_of_differences() {
    let mut drawn = Drawn::new(400, &TRUTH, 7);
    // A column far from 0 and in other units: the intercept is where all columns are 0.
    for row in drawn.features.chunks_mut(3) {
        row[1] = 40.0 + 3.0 * row[1];
    }
    let weights: Vec<f64> = (0..400_u32).map(|row| f64::from(row % 4)).collect();
    let offsets: Vec<f64> = (0..400_u32).map(|row| f64::from(row % 7) / 7.0 - 0.5).collect();
    let weighted = drawn.samples().with_weights(&weights).unwrap().with_offsets(&offsets).unwrap();
    for samples in [drawn.samples(), weighted] {
        for l2 in [0.0, 5.0] {
            for (class_weights, classes) in [
                (ClassWeights::Equal, [1.0, 1.0]),
                (ClassWeights::Given { negative: 0.5, positive: 3.0 }, [0.5, 3.0]),
            ] {
                let options = FitOptions { l2, class_weights, ..FitOptions::default() };
                let fit = fitted(&samples, &options);
                let found = FitIntervals::new(&samples, &options, &fit, 0.9).unwrap();
                let expected = by_differences(&samples, &fit, l2, classes);
                for (found, expected) in errors(&found).iter().zip(&expected) {
                    assert!((found / expected - 1.0).abs() < 1e-6, "{found} {expected} {l2}");
                }
                let first = found.coefficients[0];
                let interval = first.interval.unwrap();
                let z = 1.644_853_626_951_472_7;
                assert!((first.value - z * interval.standard_error - interval.low).abs() < 1e-12);
                assert!((first.value + z * interval.standard_error - interval.high).abs() < 1e-12);
            }
        }
    }
}

#[test]
fn standard_errors_are_as_large_as_refitted_draws_differ() {
    let drawn = Drawn::new(500, &TRUTH, 3);
    let options = FitOptions { l2: 0.0, ..FitOptions::default() };
    let fit = fitted(&drawn.samples(), &options);
    let found = FitIntervals::new(&drawn.samples(), &options, &fit, 0.95).unwrap();
    let mut draws = Draws(41);
    let mut sums = [[0.0; 2]; 4];
    for _ in 0..400 {
        let mut again = Drawn { columns: 3, features: Vec::new(), labels: Vec::new() };
        for _ in 0..500 {
            let row = floor_at_most(500.0 * draws.uniform(), 499);
            again.features.extend(&drawn.features[row * 3..][..3]);
            again.labels.push(drawn.labels[row]);
        }
        let refit = fitted(&again.samples(), &options);
        let numbers = refit.coefficients.iter().chain([&refit.intercept]);
        let before = fit.coefficients.iter().chain([&fit.intercept]);
        for ((sum, number), before) in sums.iter_mut().zip(numbers).zip(before) {
            sum[0] += number - before;
            sum[1] += (number - before).powi(2);
        }
    }
    for (found, [sum, squares]) in errors(&found).iter().zip(sums) {
        let deviation = (squares / 400.0 - (sum / 400.0).powi(2)).sqrt();
        // A deviation of 400 numbers is off by 1 in 28 of itself, and so few rows add a little.
        assert!((found / deviation - 1.0).abs() < 0.15, "{found} {deviation}");
    }
}

#[test]
fn the_interval_holds_the_truth_at_its_level() {
    let truth = [0.8, -0.6];
    let options = FitOptions { l2: 0.0, ..FitOptions::default() };
    let mut held = [0_u32; 3];
    for seed in 0..300 {
        let drawn = Drawn::new(300, &truth, 1_000 + 2 * seed);
        let fit = fitted(&drawn.samples(), &options);
        let found = FitIntervals::new(&drawn.samples(), &options, &fit, 0.9).unwrap();
        let each = found.coefficients.iter().chain(&found.intercept);
        for ((held, estimate), truth) in held.iter_mut().zip(each).zip([0.8, -0.6, -0.3]) {
            let Interval { low, high, .. } = estimate.interval.unwrap();
            *held += u32::from(low <= truth && truth <= high);
        }
    }
    // 270 of 300, with a deviation of 5.2: four of them.
    assert!(held.iter().all(|held| (249..=291).contains(held)), "{held:?}");
}

#[test]
fn a_weight_of_four_halves_the_error() {
    let drawn = Drawn::new(300, &TRUTH, 5);
    let options = FitOptions { l2: 0.0, ..FitOptions::default() };
    let fit = fitted(&drawn.samples(), &options);
    let four = vec![4.0; 300];
    let weighted = drawn.samples().with_weights(&four).unwrap();
    let once = errors(&FitIntervals::new(&drawn.samples(), &options, &fit, 0.5).unwrap());
    let often = errors(&FitIntervals::new(&weighted, &options, &fit, 0.5).unwrap());
    for (once, often) in once.iter().zip(often) {
        assert!((once / often - 2.0).abs() < 1e-9, "{once} {often}");
    }
}

#[test]
fn a_number_that_is_held_has_no_interval_and_says_why() {
    let drawn = Drawn::new(600, &TRUTH, 17);
    let samples = drawn.samples();
    let why = |options: &FitOptions, samples: &Samples<'_>| {
        let fit = Newton.fit(samples, options).unwrap();
        let found = FitIntervals::new(samples, options, &fit, 0.95).unwrap();
        let each = found.coefficients.iter().chain(&found.intercept);
        each.map(|estimate| estimate.interval.err()).collect::<Vec<_>>()
    };
    let plain = FitOptions { l2: 0.0, ..FitOptions::default() };
    assert_eq!(why(&plain, &samples), [None; 4]);
    assert_eq!(why(&FitOptions { has_intercept: false, ..plain.clone() }, &samples), [None; 3]);

    let narrow = Bounds { low: 0.0, high: 0.4 };
    let bounds = vec![narrow, Bounds::NOT_NEGATIVE, Bounds::NONE];
    let bounded = FitOptions { bounds, ..plain.clone() };
    let at = Some(NoInterval::AtBound);
    assert_eq!(why(&bounded, &samples), [at, at, None, None]);

    let l1 = FitOptions { l1: 25.0, ..plain.clone() };
    assert_eq!(why(&l1, &samples), [None, None, Some(NoInterval::HeldAtZero), None]);

    let features =
        drawn.features.chunks(3).flat_map(|row| [row[0], 2.0 * row[0], row[1]]).collect();
    let twice = Drawn { columns: 3, features, labels: drawn.labels.clone() };
    let aliased = Some(NoInterval::Aliased);
    assert_eq!(why(&plain, &twice.samples()), [None, aliased, None, None]);
    // A penalty makes it one of its own.
    assert_eq!(why(&FitOptions { l2: 1.0, ..plain.clone() }, &twice.samples()), [None; 4]);

    let short = FitOptions { iterations_max: 1, ..plain };
    let not = Some(NoInterval::NotAtMinimum);
    assert_eq!(why(&short, &samples), [not; 4]);
}

#[test]
fn an_interval_ends_at_a_bound() {
    let drawn = Drawn::new(60, &[0.5], 9);
    let bounds = vec![Bounds { low: 0.0, high: 1.0 }];
    let options = FitOptions { l2: 0.0, bounds, ..FitOptions::default() };
    let fit = fitted(&drawn.samples(), &options);
    let found = FitIntervals::new(&drawn.samples(), &options, &fit, 0.999).unwrap();
    let Interval { low, high, standard_error } = found.coefficients[0].interval.unwrap();
    assert!(standard_error > 0.2 && low.abs() < 1e-15 && (high - 1.0).abs() < 1e-15, "{found:?}");
}

#[test]
fn what_has_no_intervals_is_refused() {
    let drawn = Drawn::new(100, &TRUTH, 9);
    let (samples, options) = (drawn.samples(), FitOptions::default());
    let fit = fitted(&samples, &options);
    let code = |fit: &Fit, confidence| {
        FitIntervals::new(&samples, &options, fit, confidence).map_err(|error| error.code())
    };
    assert!(code(&fit, 0.5).is_ok());
    for confidence in [0.0, 1.0, -0.5, f64::NAN] {
        assert_eq!(code(&fit, confidence), Err("train_option"));
    }
    let other = Fit { coefficients: vec![0.5; 2], ..fit.clone() };
    assert_eq!(code(&other, 0.5), Err("train_shape"));
    // What is no minimum of these rows has no interval, whatever it is.
    let endless = Fit { coefficients: vec![f64::INFINITY; 3], ..fit };
    let found = FitIntervals::new(&samples, &options, &endless, 0.5).unwrap();
    assert_eq!(found.coefficients[0].interval, Err(NoInterval::NotAtMinimum));
}
