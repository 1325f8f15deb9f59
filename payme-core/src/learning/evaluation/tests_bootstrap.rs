//! The bootstrap against a plain one, against what is known of means, and at its level.

use proptest::collection::vec;
use proptest::prelude::*;

use super::bootstrap::start;
use super::*;
use crate::learning::random::Stream;
use crate::learning::sum::float;

/// As the documentation says it, step by step: one draw after the other, in 128 bits.
fn plain(values: &[f64], options: &BootstrapOptions) -> (Vec<f64>, Bootstrap) {
    let n = values.len();
    let mean = values.iter().sum::<f64>() / float(n);
    let mut means = Vec::new();
    for number in 0..options.resamples {
        let mut stream = Stream::new(start(options.seed, number));
        let mut sum = 0.0;
        let mut drawn = 0;
        while drawn < n {
            let words: Vec<u64> = (0..8).map(|_| stream.bits()).collect();
            let halves = words
                .iter()
                .map(|word| word % (1 << 32))
                .chain(words.iter().map(|word| word / (1 << 32)));
            for half in halves.take(n - drawn) {
                let place = (u128::from(half) * n as u128) >> 32;
                sum += values[usize::try_from(place).unwrap()];
                drawn += 1;
            }
        }
        means.push(sum / float(n));
    }
    means.sort_by(f64::total_cmp);
    let percentile = |share: f64| {
        let place = share * float(means.len() - 1);
        let below = (0..means.len()).rev().find(|at| float(*at) <= place).unwrap();
        let (low, high) = (means[below], means[means.len().min(below + 2) - 1]);
        low + (high - low) * place.fract()
    };
    let center = means.iter().sum::<f64>() / float(means.len());
    let squares: f64 = means.iter().map(|mean| (mean - center).powi(2)).sum();
    let level = options.confidence;
    let found = Bootstrap {
        mean,
        standard_error: (squares / float(means.len())).sqrt(),
        interval: (percentile((1.0 - level) / 2.0), percentile((1.0 + level) / 2.0)),
        lower_bound: percentile(1.0 - level),
        users: n,
        users_left_out: 0,
        options: *options,
    };
    (means, found)
}

fn near(a: &Bootstrap, b: &Bootstrap, shift: f64) -> bool {
    let pairs = [
        (a.mean, b.mean + shift),
        (a.standard_error, b.standard_error),
        (a.interval.0, b.interval.0 + shift),
        (a.interval.1, b.interval.1 + shift),
        (a.lower_bound, b.lower_bound + shift),
    ];
    pairs.iter().all(|(a, b)| (a - b).abs() < 1e-10)
}

fn some(values: &[f64]) -> Vec<Option<f64>> {
    values.iter().copied().map(Some).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_plain_bootstrap_gives_the_same(
        values in vec(-1.0..1.0_f64, 1..70), resamples in 1..70_usize, seed in any::<u64>(), confidence in 0.5..0.99_f64,
    ) {
        let options = BootstrapOptions { resamples, confidence, seed };
        let found = bootstrap_mean(&some(&values), &options).unwrap();
        prop_assert!(near(&found, &plain(&values, &options).1, 0.0));
        prop_assert!(found.interval.0 <= found.lower_bound && found.interval.0 <= found.interval.1);
    }

    #[test]
    fn a_difference_is_the_mean_of_what_users_differ_by(
        pairs in vec((any::<Option<bool>>(), 0..6_u8, 0..6_u8), 1..50), seed in any::<u64>(),
    ) {
        let options = BootstrapOptions { resamples: 100, seed, ..BootstrapOptions::default() };
        let has = |of: Option<bool>, side: bool| of != Some(side);
        let old: Vec<_> = pairs.iter().map(|p| has(p.0, true).then(|| f64::from(p.1) / 5.0)).collect();
        let new: Vec<_> = pairs.iter().map(|p| has(p.0, false).then(|| f64::from(p.2) / 5.0)).collect();
        let both: Vec<f64> = old.iter().zip(&new).filter_map(|(a, b)| Some((*b)? - (*a)?)).collect();
        match bootstrap_difference(&old, &new, &options) {
            Ok(found) => {
                prop_assert!(near(&found, &bootstrap_mean(&some(&both), &options).unwrap(), 0.0));
                prop_assert_eq!((found.users, found.users_left_out), (both.len(), pairs.len() - both.len()));
                // The other way round it has the other sign.
                let turned = bootstrap_difference(&new, &old, &options).unwrap();
                prop_assert!((turned.mean + found.mean).abs() < 1e-12);
                prop_assert!((turned.interval.0 + found.interval.1).abs() < 1e-10);
            }
            Err(error) => prop_assert_eq!((error.code(), both.len()), ("no_user_with_value", 0)),
        }
    }

    #[test]
    fn more_for_everyone_moves_the_interval_by_as_much(values in vec(-1.0..1.0_f64, 1..50), more in -2.0..2.0_f64) {
        let options = BootstrapOptions { resamples: 64, ..BootstrapOptions::default() };
        let moved: Vec<f64> = values.iter().map(|value| value + more).collect();
        let (before, after) = (bootstrap_mean(&some(&values), &options), bootstrap_mean(&some(&moved), &options));
        prop_assert!(near(&after.unwrap(), &before.unwrap(), more));
    }
}

#[test]
fn of_two_users_the_means_are_those_of_four_pairs() {
    // 0 and 1: a mean of 0 or of 1 one time in four each, else one half.
    let options = BootstrapOptions { resamples: 20_000, confidence: 0.4, seed: 5 };
    let found = bootstrap_mean(&[Some(0.0), Some(1.0)], &options).unwrap();
    assert!((found.standard_error - 0.125_f64.sqrt()).abs() < 0.01, "{found:?}");
    // The percentiles 30 and 70 lie in the middle half, and so does 60.
    assert_eq!((found.interval, found.lower_bound), ((0.5, 0.5), 0.5));
    let wide = BootstrapOptions { confidence: 0.6, ..options };
    assert_eq!(bootstrap_mean(&[Some(0.0), Some(1.0)], &wide).unwrap().interval, (0.0, 1.0));
}

#[test]
fn the_interval_covers_at_its_level() {
    // 150 users whose difference is -0.2, 0 or 0.4 with the chances 0.3, 0.5 and 0.2: a mean of
    // 0.02 and a deviation of 0.209. Of 1,000 draws 950 should cover it; the percentile interval of
    // a skewed law loses one more in a hundred, and chance moves the share by 0.007.
    let mut stream = Stream::new(11);
    let (mut covered, mut above) = (0, 0);
    for draw in 0..1_000 {
        let users: Vec<Option<f64>> = (0..150)
            .map(|_| match stream.unit() {
                unit if unit < 0.3 => Some(-0.2),
                unit if unit < 0.8 => Some(0.0),
                _ => Some(0.4),
            })
            .collect();
        let options = BootstrapOptions { resamples: 300, confidence: 0.95, seed: draw };
        let found = bootstrap_mean(&users, &options).unwrap();
        covered += usize::from((found.interval.0..=found.interval.1).contains(&0.02));
        above += usize::from(found.lower_bound <= 0.02);
    }
    assert!((922..=970).contains(&covered), "{covered}");
    assert!((922..=975).contains(&above), "{above}");
}

#[test]
fn the_standard_error_is_that_of_a_mean() {
    let mut stream = Stream::new(23);
    let users: Vec<Option<f64>> = (0..900).map(|_| Some(stream.unit())).collect();
    let found = bootstrap_mean(
        &users,
        &BootstrapOptions { resamples: 1_000, ..BootstrapOptions::default() },
    )
    .unwrap();
    let deviation =
        users.iter().flatten().map(|value| (value - found.mean).powi(2)).sum::<f64>() / 900.0;
    // A deviation of 1,000 numbers is off by 1 in 45 of itself; four times that.
    let expected = (deviation / 900.0).sqrt();
    assert!((found.standard_error / expected - 1.0).abs() < 0.09, "{found:?} {expected}");
}

#[cfg(feature = "parallel")]
#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let mut stream = Stream::new(2);
    let users: Vec<Option<f64>> = (0..1_003).map(|_| Some(stream.unit())).collect();
    let options = BootstrapOptions { resamples: 333, ..BootstrapOptions::default() };
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| bootstrap_mean(&users, &options).unwrap())
    };
    let one = with(1);
    for threads in [2, 3, 7] {
        let other = with(threads);
        let bits = |found: &Bootstrap| {
            [
                found.mean,
                found.standard_error,
                found.interval.0,
                found.interval.1,
                found.lower_bound,
            ]
            .map(f64::to_bits)
        };
        assert_eq!(bits(&one), bits(&other));
    }
}

#[test]
fn what_cannot_be_resampled_is_refused() {
    let good = [Some(0.2), None, Some(0.4)];
    let options = |resamples, confidence| BootstrapOptions { resamples, confidence, seed: 1 };
    let fine = options(10, 0.9);
    let mean = |values: &[Option<f64>], options| bootstrap_mean(values, &options).map(|_| ());
    let pair = |other: &[Option<f64>]| bootstrap_difference(&good, other, &fine).map(|_| ());
    #[rustfmt::skip]
    let table = [
        (mean(&good, fine),                           "fine"),
        (mean(&good, options(0, 0.9)),                "resamples_out_of_range"),
        (mean(&good, options(1_000_001, 0.9)),        "resamples_out_of_range"),
        (mean(&good, options(10, 0.0)),               "confidence_out_of_range"),
        (mean(&good, options(10, 1.0)),               "confidence_out_of_range"),
        (mean(&good, options(10, f64::NAN)),          "confidence_out_of_range"),
        (mean(&[], fine),                             "no_user_with_value"),
        (mean(&[None, None], fine),                   "no_user_with_value"),
        (mean(&[Some(f64::NAN)], fine),               "user_value_not_finite"),
        (pair(&[Some(0.1), None, Some(f64::INFINITY)]), "user_value_not_finite"),
        (pair(&[None, Some(0.1), None]),              "no_user_with_value"),
        (mean(&[Some(f64::MAX), Some(f64::MAX)], fine), "evaluation_overflow"),
        (pair(&good[1..]),                            "rows_length"),
    ];
    for (result, code) in table {
        assert_eq!(result.map_or_else(|error| error.code(), |()| "fine"), code);
    }
    let error = pair(&[Some(0.1), None, Some(f64::INFINITY)]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the measure of user 2 (counted from 0) is infinite: give finite numbers"
    );
}
