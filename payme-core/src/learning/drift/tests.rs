//! Drift at its edges, against values computed by hand, and as often as chance makes it.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::learning::random::Stream;
use crate::learning::train::{Matrix, Order};

fn exactly(mean: f64) -> Sampled {
    Sampled { mean, standard_error: None }
}

#[test]
fn a_fall_of_exactly_0_05_does_not_warn() {
    // As doubles some of these differences are above 0.05.
    for (was, is) in [
        (0.45, 0.40),
        (0.30, 0.25),
        (1.00, 0.95),
        (0.15, 0.10),
        (0.05, 0.00),
        (0.70, 0.65),
        (0.60, 0.55),
    ] {
        let drift = precision_drift(exactly(was), exactly(is)).unwrap();
        assert!(!drift.is_warning, "{was} {is} {}", drift.fall);
        assert!(
            precision_drift(exactly(was + 1e-8), exactly(is)).unwrap().is_warning,
            "{was} {is}"
        );
        assert!(!precision_drift(exactly(was - 1e-8), exactly(is)).unwrap().is_warning);
        assert!(!precision_drift(exactly(is), exactly(was)).unwrap().is_warning, "it rose");
    }
}

#[test]
fn the_sampling_error_stands_beside_the_fall() {
    let was = Sampled { mean: 0.5, standard_error: Some(0.03) };
    let is = Sampled { mean: 0.42, standard_error: Some(0.04) };
    let drift = precision_drift(was, is).unwrap();
    assert!(
        (drift.standard_error.unwrap() - 0.05).abs() < 1e-15 && (drift.fall - 0.08).abs() < 1e-15
    );
    // One standard error: the tail of a normal number from 1 on.
    assert!((drift.warning_by_chance.unwrap() - 0.158_655_253_931_457_05).abs() < 1e-12);
    let unknown = precision_drift(was, exactly(0.42)).unwrap();
    assert_eq!((unknown.standard_error, unknown.warning_by_chance), (None, None));
    let certain =
        precision_drift(exactly(0.5), Sampled { mean: 0.5, standard_error: Some(0.0) }).unwrap();
    assert_eq!(certain.warning_by_chance, Some(0.0));
}

#[test]
fn a_warning_by_chance_is_as_frequent_as_is_said() {
    // 100 users, each 0 or 0.8 with the chance one half: a standard error of 0.04.
    let mut stream = Stream::new(3);
    let (mut warnings, mut said) = (0.0, 0.0);
    for _ in 0..2_000 {
        let users: Vec<Option<f64>> =
            (0..100).map(|_| Some(if stream.unit() < 0.5 { 0.8 } else { 0.0 })).collect();
        let drift = precision_drift(exactly(0.4), Sampled::over_users(&users).unwrap()).unwrap();
        warnings += number(drift.is_warning) / 2_000.0;
        said += drift.warning_by_chance.unwrap() / 2_000.0;
    }
    // Multiples of 0.008 make the share lie a little off the normal one; chance moves it by 0.007.
    assert!((warnings - said).abs() < 0.04 && (said - 0.106).abs() < 0.01, "{warnings} {said}");
}

#[test]
fn what_was_no_precision_is_refused() {
    let code = |previous, current| {
        precision_drift(previous, current).map_or_else(|error| error.code(), |_| "fine")
    };
    let unsure = |standard_error| Sampled { mean: 0.5, standard_error: Some(standard_error) };
    let users = |values: &[Option<f64>]| {
        Sampled::over_users(values).map_or_else(|error| error.code(), |_| "fine")
    };
    #[rustfmt::skip]
    let table = [
        (code(exactly(0.5), exactly(0.4)),         "fine"),
        (code(exactly(f64::NAN), exactly(0.4)),    "margin_invalid"),
        (code(exactly(0.5), exactly(-0.1)),        "margin_invalid"),
        (code(unsure(f64::INFINITY), exactly(0.4)), "margin_invalid"),
        (code(exactly(0.5), unsure(-1.0)),         "margin_invalid"),
        (users(&[None]),                           "no_user_with_value"),
        (users(&[Some(f64::NAN)]),                 "user_value_not_finite"),
        (users(&[Some(0.5)]),                      "fine"),
    ];
    for (found, expected) in table {
        assert_eq!(found, expected);
    }
    assert_eq!(Sampled::over_users(&[Some(0.5)]).unwrap().standard_error, None);
}

fn ascending(count: u32) -> Vec<f64> {
    (0..count).map(f64::from).collect()
}

#[test]
fn the_index_is_that_of_a_calculation_by_hand() {
    // 25 in each of four bins, then 40, 30, 20 and 10: with half a row more in each,
    // sum (c - r) ln(c / r), r = 25.5 / 102 and c = 40.5 / 102, 30.5 / 102, 20.5 / 102, 10.5 / 102.
    let reference = PsiReference::new(&ascending(100), 4).unwrap();
    assert_eq!((reference.edges(), reference.counts()), (&[25.0, 50.0, 75.0][..], &[25; 4][..]));
    let of = |counts: [usize; 4]| {
        let values = [0.0, 30.0, 60.0, 90.0].into_iter().zip(counts);
        let values: Vec<f64> = values.flat_map(|(value, count)| vec![value; count]).collect();
        reference.psi(&values).unwrap()
    };
    let moved = of([40, 30, 20, 10]);
    assert!((moved.psi - 0.217_994_213_152_747_58).abs() < 1e-12, "{moved:?}");
    assert!((moved.by_chance - 3.0 * 0.02).abs() < 1e-15 && moved.bins == 4);
    assert!(!moved.is_warning());
    // Empty bins have half a row: 50.5 / 52 and 0.5 / 52.
    let gone = of([50, 0, 0, 0]);
    assert!((gone.psi - 3.328_211_911_183_601).abs() < 1e-12 && gone.is_warning(), "{gone:?}");
    // Three, three and two of eight, then none, one and five of six.
    let small = PsiReference::new(&ascending(8), 3).unwrap();
    assert_eq!((small.edges(), small.counts()), (&[2.0, 5.0][..], &[2, 3, 3][..]));
    let turned: Vec<f64> = ascending(8).iter().map(|value| 7.0 - value).collect();
    assert!((PsiReference::new(&turned, 3).unwrap().psi(&turned).unwrap().psi).abs() < 1e-15);
}

#[test]
fn a_signal_that_was_constant_and_moves_is_seen() {
    let constant = PsiReference::new(&[0.5; 40], 10).unwrap();
    assert_eq!(constant.counts(), [0, 40, 0]);
    assert!(constant.psi(&[0.5; 30]).unwrap().psi < 0.01);
    for moved in [0.500_001, 0.499_999, -1.0, 2.0] {
        assert!(constant.psi(&[moved; 30]).unwrap().is_warning(), "{moved}");
    }
    // Half of the values are the default: it has a bin of its own between the others.
    let values: Vec<f64> =
        (0..100).map(|row| if row % 2 == 0 { 0.3 } else { f64::from(row) / 100.0 }).collect();
    let reference = PsiReference::new(&values, 4).unwrap();
    let place =
        reference.edges().iter().position(|edge| edge.to_bits() == 0.3_f64.to_bits()).unwrap();
    assert_eq!(reference.edges()[place + 1].to_bits(), 0.3_f64.to_bits() + 1);
    assert_eq!(reference.counts()[place + 1], 50);
    let greatest = PsiReference::new(&[f64::MAX; 4], 2).unwrap();
    assert_eq!((greatest.edges(), greatest.counts()), (&[f64::MAX][..], &[0, 4][..]));
    let zeros = PsiReference::new(&[0.0, -0.0, 0.0, -0.0], 2).unwrap();
    assert!(zeros.psi(&[-0.0, 0.0]).unwrap().psi < 0.1);
}

#[test]
fn an_index_by_chance_is_as_high_as_is_said() {
    let mut stream = Stream::new(8);
    let (mut sum, mut above) = (0.0, 0);
    for _ in 0..400 {
        let draw = |stream: &mut Stream| (0..500).map(|_| stream.unit()).collect::<Vec<f64>>();
        let reference = PsiReference::new(&draw(&mut stream), 10).unwrap();
        let found = reference.psi(&draw(&mut stream)).unwrap();
        assert!((found.by_chance - 9.0 * 2.0 / 500.0).abs() < 1e-15);
        sum += found.psi / 400.0;
        above += usize::from(found.psi > found.by_chance_95);
    }
    // A standard error of 0.036 sqrt(2 / 9) / 20 of the mean, and of 4.4 of the count.
    assert!((sum - 0.036).abs() < 0.004, "{sum}");
    assert!((7..=40).contains(&above), "{above}");
}

proptest! {
    #[test]
    fn shares_that_are_equal_have_an_index_of_0_and_others_one_above(
        values in vec(0..40_i32, 12..80), other in vec(0..40_i32, 1..80), bins in 1..12_usize,
    ) {
        let [values, other] = [values, other].map(|all| all.iter().map(|v| f64::from(*v) / 8.0).collect::<Vec<f64>>());
        let reference = PsiReference::new(&values, bins).unwrap();
        prop_assert!(reference.psi(&values).unwrap().psi.abs() < 1e-14);
        prop_assert_eq!(reference.counts().iter().sum::<u64>(), values.len() as u64);
        prop_assert!(reference.edges().is_sorted_by(|a, b| a < b));
        // The plain way: each bin by its edges.
        let edge = |at: usize| at.checked_sub(1).map_or(f64::NEG_INFINITY, |at| reference.edges()[at]);
        let last = reference.edges().len();
        let count = |all: &[f64], bin: usize| {
            let high = if bin == last { f64::INFINITY } else { edge(bin + 1) };
            all.iter().filter(|value| **value >= edge(bin) && **value < high).count()
        };
        let share = |all: &[f64], bin: usize| (float(count(all, bin)) + 0.5) / (float(all.len()) + 0.5 * float(last + 1));
        let terms = (0..=last).map(|bin| {
            let (then, now) = (share(&values, bin), share(&other, bin));
            (now - then) * (now.ln() - then.ln())
        });
        let expected: f64 = terms.sum();
        prop_assert!((reference.psi(&other).unwrap().psi - expected).abs() < 1e-12);
        let differs = (0..=last).any(|bin| (share(&values, bin) - share(&other, bin)).abs() > 1e-6);
        prop_assert_eq!(differs, expected > 1e-12);
    }

    #[test]
    fn stored_bins_read_back_the_same(values in vec(-1e9..1e9_f64, 12..60), bins in 1..12_usize) {
        let reference = PsiReference::new(&values, bins).unwrap();
        let text = serde_json::to_string(&reference).unwrap();
        prop_assert_eq!(serde_json::from_str::<PsiReference>(&text).unwrap(), reference);
    }
}

#[test]
fn bins_that_are_none_are_refused() {
    let code = |values: &[f64], bins| {
        PsiReference::new(values, bins).map_or_else(|error| error.code(), |_| "fine")
    };
    let reference = PsiReference::new(&ascending(10), 2).unwrap();
    let psi = |values: &[f64]| reference.psi(values).map_or_else(|error| error.code(), |_| "fine");
    let table = Matrix::new(&[1.0, 2.0], 1, 2, Order::Rows).unwrap();
    let columns = psi_of_columns(std::slice::from_ref(&reference), &table);
    #[rustfmt::skip]
    let table = [
        (code(&ascending(10), 10),       "fine"),
        (code(&ascending(9), 10),        "fit_too_few"),
        (code(&ascending(9), 0),         "bins_out_of_range"),
        (code(&ascending(9), 1 << 17),   "bins_out_of_range"),
        (code(&[0.0, f64::NAN], 2),      "score_not_finite"),
        (psi(&[]),                       "rows_empty"),
        (psi(&[f64::NEG_INFINITY]),      "score_not_finite"),
        (columns.map_or_else(|error| error.code(), |_| "fine"), "rows_length"),
    ];
    for (found, expected) in table {
        assert_eq!(found, expected);
    }
    for (text, what) in [
        (r#"{"edges": [2.0, 1.0], "counts": [1, 1, 1]}"#, "ascend"),
        (r#"{"edges": [1.0, 1.0], "counts": [1, 1, 1]}"#, "ascend"),
        (r#"{"edges": [1.0], "counts": [1]}"#, "count for each"),
        (r#"{"edges": [1.0], "counts": [0, 0]}"#, "no sum"),
        (r#"{"edges": [1.0], "counts": [18446744073709551615, 1]}"#, "no sum"),
        (r#"{"edges": [1.0], "counts": [1, 1], "more": 1}"#, "more"),
    ] {
        let error = serde_json::from_str::<PsiReference>(text).unwrap_err().to_string();
        assert!(error.contains(what), "{error}");
    }
    assert_eq!(EvaluationError::Reference { what: "x" }.code(), "drift_reference_invalid");
}

#[test]
fn percentiles_of_squares_are_those_of_the_tables() {
    for (freedom, expected) in [(3.0, 7.815), (9.0, 16.919), (19.0, 30.144)] {
        assert!((psi::chi_squared_95(freedom) / expected - 1.0).abs() < 0.01, "{freedom}");
    }
    assert!(psi::chi_squared_95(0.0) == 0.0);
}

#[test]
fn true_probabilities_are_seldom_beyond_chance_and_false_ones_are() {
    let mut stream = Stream::new(40);
    let (mut beyond, mut shifted) = (0, 0);
    for seed in 0..60 {
        let p: Vec<f64> = (0..400).map(|_| 0.8 * stream.unit()).collect();
        let labels: Vec<bool> = p.iter().map(|p| stream.unit() < *p).collect();
        let high: Vec<f64> = p.iter().map(|p| p + 0.15).collect();
        let drift = |p: &[f64]| {
            calibration_drift(&Forecasts::new(&labels, p).unwrap(), 0.03, 10, seed).unwrap()
        };
        beyond += usize::from(drift(&p).is_beyond_chance());
        shifted += usize::from(drift(&high).is_beyond_chance());
        assert!((drift(&high).bias - drift(&p).bias - 0.15).abs() < 1e-12);
    }
    // Two looks at once in twenty each: at most one in ten of 60, and what chance adds.
    assert!(beyond <= 14 && shifted == 60, "{beyond} {shifted}");
}

#[test]
fn figures_of_calibration_are_those_of_a_calculation_by_hand() {
    // Gaps of 0.1 and of -0.7 times 3: a sum of -2 over a weight of 4.
    let forecasts = Forecasts::new(&[0, 1], &[0.1, 0.3]).unwrap().weighted(&[1.0, 3.0]).unwrap();
    let drift = calibration_drift(&forecasts, 0.25, 2, 1).unwrap();
    assert!((drift.bias + 0.5).abs() < 1e-15);
    assert!((drift.bias_by_chance - (0.09 + 9.0 * 0.21_f64).sqrt() / 4.0).abs() < 1e-15);
    // Both are in the first of two bins: a mean of 0.25 beside a share of 0.75.
    assert!((drift.ece - 0.5).abs() < 1e-15 && (drift.ece_change - 0.25).abs() < 1e-15);
    let refused =
        |previous, bins| calibration_drift(&forecasts, previous, bins, 1).unwrap_err().code();
    assert_eq!(
        [refused(f64::NAN, 2), refused(-0.1, 2), refused(0.1, 0)],
        ["margin_invalid", "margin_invalid", "bins_out_of_range"]
    );
}
