//! Known answers, and second implementations that follow the definitions without any cleverness.

use super::*;
use crate::learning::random::Stream;
use crate::learning::sum::float;
use crate::learning::{Defined, Forecasts, LearningError, Scored, Undefined};

#[track_caller]
pub(super) fn near(found: f64, expected: f64, slack: f64) {
    assert!((found - expected).abs() <= slack, "{found} is not {expected}");
}

const NINE: [f64; 9] = [0.1, 0.2, 0.3, 0.4, 0.65, 0.7, 0.8, 0.9, 1.0];
const NINE_LABELS: [u8; 9] = [0, 0, 0, 0, 1, 1, 1, 1, 1];

#[test]
fn errors_of_calibration_have_their_known_values() {
    let ten = |positives: usize| -> Vec<bool> { (0..10).map(|at| at < positives).collect() };
    let steps: Vec<f64> = (1..10).map(|tenth| f64::from(tenth) / 10.0).collect();
    #[rustfmt::skip]
    let table = [
        // name, labels, probabilities, bins, [Brier, ECE, MCE]
        ("three bins",         NINE_LABELS.map(|y| y == 1).to_vec(), NINE.to_vec(), 3, [0.0625, 0.138_888_888_9, 0.2]),
        ("an edge is above",   vec![true, false, true], vec![0.5, 0.4, 0.6], 2, [0.19, 0.433_333_333_3, 0.45]),
        ("0 has a bin",        vec![false, true, true, false, false], vec![0.0, 0.0, 1.0, 1.0, 0.95], 10, [0.5805, 0.59, 0.65]),
        ("calibrated",         ten(3), vec![0.3; 10], 10, [0.21, 0.0, 0.0]),
        ("overconfident",      ten(5), vec![0.9; 10], 10, [0.41, 0.4, 0.4]),
        ("a bin for each",     (0..9).map(|at| at >= 4).collect(), steps, 10, [0.094_444_444_4, 0.277_777_777_8, 0.5]),
    ];
    for (name, labels, p, bins, [brier, error, most]) in table {
        let forecasts = Forecasts::new(&labels, &p).unwrap();
        for (found, expected) in [
            (brier_score(&forecasts), brier),
            (ece(&forecasts, Binning::Uniform(bins)).unwrap(), error),
            (mce(&forecasts, Binning::Uniform(bins)).unwrap(), most),
            (brier_decomposition(&forecasts, bins).unwrap().brier(), brier),
        ] {
            assert!((found - expected).abs() < 1e-10, "{name}: {found} is not {expected}");
        }
    }
}

#[test]
fn bins_have_their_means_and_shares() {
    let forecasts = Forecasts::new(&NINE_LABELS, &NINE).unwrap();
    let bins = reliability_bins(&forecasts, Binning::Uniform(3)).unwrap();
    for (bin, (rate, mean)) in bins.iter().zip([(0.0, 0.2), (0.5, 0.525), (1.0, 0.85)]) {
        near(bin.positive_rate, rate, 1e-15);
        near(bin.score_mean, mean, 1e-15);
    }
    near(ece(&forecasts, Binning::EqualMass(3)).unwrap(), 0.127_777_777_8, 1e-10);
    let edges: Vec<(f64, f64)> = reliability_bins(&forecasts, Binning::EqualMass(3))
        .unwrap()
        .iter()
        .map(|bin| (bin.lower, bin.upper))
        .collect();
    assert_eq!(edges, [(0.1, 0.3), (0.4, 0.7), (0.8, 1.0)]);
}

#[test]
fn an_edge_of_equal_mass_divides_a_tie_and_a_row() {
    // Two bins of 2.5 rows each: the edge goes through the block of 0.5, of which one is positive.
    let forecasts = Forecasts::new(&[0, 1, 0, 0, 1], &[0.25, 0.5, 0.5, 0.5, 1.0]).unwrap();
    let bins = reliability_bins(&forecasts, Binning::EqualMass(2)).unwrap();
    let expected = [(2.5, 1.0 / 2.5, 0.5 / 2.5), (2.5, 1.75 / 2.5, 1.5 / 2.5)];
    assert_eq!(bins.len(), 2);
    for (bin, (weight, mean, rate)) in bins.iter().zip(expected) {
        near(bin.weight, weight, 1e-15);
        near(bin.score_mean, mean, 1e-15);
        near(bin.positive_rate, rate, 1e-15);
    }
    // More bins than rows: each row is its own bin, however often it is divided.
    near(
        ece(&forecasts, Binning::EqualMass(1_000)).unwrap(),
        (0.25 + 0.5 / 3.0 * 3.0) / 5.0,
        1e-12,
    );
}

#[test]
fn three_terms_do_not_add_up_and_five_do() {
    let forecasts = Forecasts::new(&[0, 1, 0, 1], &[0.2, 0.4, 0.6, 0.8]).unwrap();
    let terms = brier_decomposition(&forecasts, 2).unwrap();
    near(terms.reliability - terms.resolution + terms.uncertainty, 0.29, 1e-15);
    near(2.0 * terms.within_bin_covariance, 0.10, 1e-15);
    near(terms.brier(), 0.2, 1e-15);
}

#[test]
fn the_corp_terms_have_their_known_values() {
    let terms = corp_decomposition(&Forecasts::new(&NINE_LABELS, &NINE).unwrap());
    near(terms.miscalibration, 0.0625, 1e-15);
    near(terms.discrimination, 20.0 / 81.0, 1e-15);
    near(terms.uncertainty, 20.0 / 81.0, 1e-15);
}

#[test]
fn the_debiased_error_takes_chance_away() {
    let labels: Vec<bool> = (0..10).map(|at| at % 2 == 0).collect();
    let forecasts = Forecasts::new(&labels, &[0.9; 10]).unwrap();
    near(ece_debiased(&forecasts, Binning::Uniform(10)).unwrap(), 0.363_623_737_2, 1e-10);
    // Less than chance is 0, and a bin of one row says nothing.
    near(
        ece_debiased(&Forecasts::new(&[1, 0], &[0.55, 0.58]).unwrap(), Binning::Uniform(10))
            .unwrap(),
        0.0,
        0.0,
    );
    near(
        ece_debiased(&Forecasts::new(&[1], &[0.25]).unwrap(), Binning::Uniform(10)).unwrap(),
        0.0,
        0.0,
    );
}

#[test]
fn a_calibrated_model_shows_what_chance_does() {
    // Means and percentiles over draws of the probabilities too, so those of one draw are near.
    let table =
        [(100, 0.1006, 0.144, 0.07), (1_000, 0.0312, 0.0458, 0.03), (10_000, 0.0099, 0.0142, 0.02)];
    let mut stream = Stream::new(11);
    for (rows, mean, percentile, slack) in table {
        let draws = 2_000_000 / rows / 200;
        let (mut found_mean, mut found_percentile) = (0.0, 0.0);
        for seed in (0..).take(draws.min(40)) {
            let p: Vec<f64> = (0..rows).map(|_| stream.unit()).collect();
            let labels = vec![true; rows];
            let forecasts = Forecasts::new(&labels, &p).unwrap();
            let chance =
                ece_expected_if_calibrated(&forecasts, Binning::Uniform(10), seed).unwrap();
            found_mean += chance.mean / float(draws.min(40));
            found_percentile += chance.percentile_95 / float(draws.min(40));
        }
        near(found_mean, mean, slack * mean);
        near(found_percentile, percentile, slack * percentile);
    }
}

#[test]
fn the_expected_error_is_the_mean_over_all_labels() {
    // All 2^11 ways to label eleven rows, each with its chance.
    let p = [0.02, 0.1, 0.5, 0.52, 0.55, 0.57, 0.61, 0.9, 0.93, 0.99, 1.0];
    let mut expected = 0.0;
    for labels in 0..1_u32 << p.len() {
        let labels: Vec<bool> = (0..p.len()).map(|at| labels >> at & 1 == 1).collect();
        let chance: f64 =
            labels.iter().zip(p).map(|(label, p)| if *label { p } else { 1.0 - p }).product();
        expected +=
            chance * ece(&Forecasts::new(&labels, &p).unwrap(), Binning::Uniform(4)).unwrap();
    }
    let forecasts = Forecasts::new(&[false; 11], &p).unwrap();
    near(
        ece_expected_if_calibrated(&forecasts, Binning::Uniform(4), 0).unwrap().mean,
        expected,
        1e-14,
    );
}

#[test]
fn expected_errors_agree_however_they_are_computed() {
    // Equal mass is computed by normal distributions, as are weights and large bins.
    let p: Vec<f64> = (0..4_000).map(|at| (f64::from(at) + 0.5) / 4_000.0).collect();
    let labels = vec![false; p.len()];
    let forecasts = Forecasts::new(&labels, &p).unwrap();
    let of = |forecasts: &Forecasts<'_>, binning| {
        ece_expected_if_calibrated(forecasts, binning, 5).unwrap()
    };
    let exact = of(&forecasts, Binning::Uniform(10));
    let mass = of(&forecasts, Binning::EqualMass(10));
    let weights = vec![1.0; p.len()];
    let weighted = of(&forecasts.clone().weighted(&weights).unwrap(), Binning::Uniform(10));
    near(mass.mean, exact.mean, 2e-3 * exact.mean);
    near(weighted.mean, exact.mean, 2e-3 * exact.mean);
    near(mass.percentile_95, exact.percentile_95, 2e-2 * exact.percentile_95);
    assert_eq!(of(&forecasts, Binning::Uniform(10)), exact);
}

#[test]
fn the_order_has_its_known_measures() {
    let rows = |labels: &[u8], scores: &[f64], k: usize| {
        precision_at_k(&Scored::new(labels, scores).unwrap(), k).unwrap()
    };
    // Four tied items of which one is relevant, as they are and in one block of five.
    near(rows(&[0, 0, 1, 0], &[0.5; 4], 2), 0.25, 1e-15);
    near(rows(&[1, 0, 1, 0, 0], &[0.9, 0.5, 0.5, 0.5, 0.1], 2), 2.0 / 3.0, 1e-15);
    let found = Scored::new(&[1, 0, 1], &[3.0, 2.0, 1.0]).unwrap();
    near(average_precision(&found).unwrap_or(0.0), 0.833_333_333_3, 1e-10);
    // Three rows returned, two of them hits: divided by k.
    let users = Groups::of_sizes([3]);
    let mean = precision_at_k_per_user(&found, &users, PerUser::at(5)).unwrap();
    near(mean.mean.unwrap_or(0.0), 0.4, 1e-15);
}

#[test]
fn a_user_without_a_positive_row_is_left_out_and_counted() {
    let rows = Scored::new(&[1, 0, 0, 0], &[0.9, 0.5, 0.7, 0.6]).unwrap();
    let users = Groups::of_ids(&[1, 1, 2, 2]);
    let left_out = precision_at_k_per_user(&rows, &users, PerUser::at(1)).unwrap();
    assert_eq!(
        (left_out.mean, left_out.users, left_out.without_positive),
        (Defined::Yes(1.0), 1, 1)
    );
    let rule = PerUser { without_positive: WithoutPositive::Zero, ..PerUser::at(1) };
    let zero = precision_at_k_per_user(&rows, &users, rule).unwrap();
    assert_eq!((zero.mean, zero.users, zero.without_positive), (Defined::Yes(0.5), 2, 1));
    let nobody = Scored::new(&[0, 0], &[0.9, 0.5]).unwrap();
    let mean = precision_at_k_per_user(&nobody, &Groups::of_sizes([2]), PerUser::at(1)).unwrap();
    assert_eq!((mean.mean, mean.users), (Defined::No(Undefined::NoPositive), 0));
}

#[test]
fn the_mean_over_many_users_is_that_of_each() {
    // More users than are added up in one piece; the n-th has n % 7 + 1 rows, ids descend.
    let mut stream = Stream::new(29);
    let sizes: Vec<usize> = (0..9_000).map(|user| user % 7 + 1).collect();
    let rows: usize = sizes.iter().sum();
    let scores: Vec<f64> = (0..rows).map(|_| (stream.unit() * 6.0).floor()).collect();
    let labels: Vec<bool> = (0..rows).map(|_| stream.unit() < 0.4).collect();
    let (mut sum, mut users, mut start) = (0.0, 0, 0);
    for size in &sizes {
        let (labels, scores) = (&labels[start..start + size], &scores[start..start + size]);
        start += size;
        if labels.contains(&true) {
            let share = precision_at_k(&Scored::new(labels, scores).unwrap(), 3).unwrap();
            sum += share * float(3.min(*size)) / 3.0;
            users += 1;
        }
    }
    let ids: Vec<usize> =
        sizes.iter().enumerate().flat_map(|(user, size)| vec![9_000 - user; *size]).collect();
    for groups in [Groups::of_ids(&ids), Groups::of_sizes(sizes)] {
        let mean = precision_at_k_per_user(
            &Scored::new(&labels, &scores).unwrap(),
            &groups,
            PerUser::at(3),
        )
        .unwrap();
        near(mean.mean.unwrap_or(-1.0), sum / float(users), 1e-13);
        assert_eq!((mean.users, mean.without_positive), (users, 9_000 - users));
    }
}

#[test]
fn one_class_defines_no_order() {
    let positives = Scored::new(&[1, 1], &[0.5, 0.25]).unwrap();
    let negatives = Scored::new(&[0, 0], &[0.5, 0.25]).unwrap();
    assert_eq!(roc_auc(&positives), Defined::No(Undefined::NoNegative));
    assert_eq!(roc_auc(&negatives), Defined::No(Undefined::NoPositive));
    assert_eq!(average_precision(&positives), Defined::Yes(1.0));
    assert_eq!(average_precision(&negatives), Defined::No(Undefined::NoPositive));
    assert!(!roc_curve(&positives).is_defined() && !roc_curve(&negatives).is_defined());
    assert!(precision_recall_curve(&positives).is_defined());
    assert!(!precision_recall_curve(&negatives).is_defined());
    // A class of weight 0 is not there.
    let rows = Scored::new(&[1, 0], &[0.5, 0.25]).unwrap().weighted(&[1.0, 0.0]).unwrap();
    assert_eq!(roc_auc(&rows), Defined::No(Undefined::NoNegative));
}

#[test]
fn parameters_that_cannot_be_are_refused() {
    let forecasts = Forecasts::new(&[1, 0], &[0.5, 0.25]).unwrap();
    let rows = forecasts.scored();
    let graded = |grades: &[f64]| Graded::new(grades, &[0.5, 0.25]).map(|_| ());
    let all = |bins, k| metrics(&forecasts, &MetricsOptions { bins, precision_at: vec![k] });
    let short = Groups::of_sizes([1]);
    let ndcg = |users: &Groups, k| {
        let rows = Graded::new(&[1.0, 0.0], &[0.5, 0.25]).unwrap();
        ndcg_at_k_per_user(rows, users, k, Gain::Linear, WithoutPositive::Zero)
    };
    #[rustfmt::skip]
    let table = [
        (ece(&forecasts, Binning::Uniform(0)).unwrap_err(),                         "bins_out_of_range"),
        (mce(&forecasts, Binning::EqualMass(0)).unwrap_err(),                       "bins_out_of_range"),
        (brier_decomposition(&forecasts, 65_537).unwrap_err(),                      "bins_out_of_range"),
        (all(0, 1).unwrap_err(),                                                    "bins_out_of_range"),
        (all(1, 0).unwrap_err(),                                                    "top_zero"),
        (precision_at_k(rows, 0).unwrap_err(),                                      "top_zero"),
        (precision_at_k_per_user(rows, &Groups::of_sizes([2]), PerUser::at(0)).unwrap_err(), "top_zero"),
        (ndcg(&Groups::of_sizes([2]), 0).unwrap_err(),                              "top_zero"),
        (precision_at_k_per_user(rows, &short, PerUser::at(1)).unwrap_err(),        "groups_length"),
        (ndcg(&short, 1).unwrap_err(),                                              "groups_length"),
        (graded(&[0.0, -1.0]).unwrap_err(),                                         "gain_invalid"),
        (graded(&[f64::NAN, 0.0]).unwrap_err(),                                     "gain_invalid"),
        (graded(&[0.0]).unwrap_err(),                                               "rows_length"),
        (Graded::new(&[], &[]).unwrap_err(),                                        "rows_empty"),
        (Graded::new(&[1.0], &[f64::NAN]).unwrap_err(),                             "score_not_finite"),
    ];
    for (error, code) in table {
        assert_eq!(error.code(), code, "{error}");
    }
    assert_eq!(graded(&[0.0, -1.0]).unwrap_err().index(), Some(1));
    assert_eq!(LearningError::TopZero.index(), None);
}

#[test]
fn the_report_says_what_each_function_says() {
    let mut stream = Stream::new(23);
    for rows in [1, 2, 3, 40, 3_000] {
        for values in [3.0, 1e9] {
            let p: Vec<f64> =
                (0..rows).map(|_| (stream.unit() * values).round() / values).collect();
            let labels: Vec<bool> = p.iter().map(|p| stream.unit() < *p).collect();
            let weights: Vec<f64> = (0..rows).map(|_| stream.unit() + 0.25).collect();
            let plain = Forecasts::new(&labels, &p).unwrap();
            for forecasts in [plain.clone(), plain.weighted(&weights).unwrap()] {
                let options = MetricsOptions { bins: 7, precision_at: vec![10, 1] };
                let width = Binning::Uniform(7);
                let expected = Metrics {
                    rows,
                    positive_rate: forecasts.scored().positive_rate(),
                    brier: brier_score(&forecasts),
                    brier_decomposition: brier_decomposition(&forecasts, 7).unwrap(),
                    ece: ece(&forecasts, width).unwrap(),
                    mce: mce(&forecasts, width).unwrap(),
                    ece_debiased: ece_debiased(&forecasts, width).unwrap(),
                    ece_equal_mass: ece(&forecasts, Binning::EqualMass(7)).unwrap(),
                    mce_equal_mass: mce(&forecasts, Binning::EqualMass(7)).unwrap(),
                    log_loss: log_loss(&forecasts),
                    roc_auc: roc_auc(forecasts.scored()),
                    average_precision: average_precision(forecasts.scored()),
                    precision_at: vec![
                        (10, precision_at_k(forecasts.scored(), 10).unwrap()),
                        (1, precision_at_k(forecasts.scored(), 1).unwrap()),
                    ],
                };
                assert_eq!(metrics(&forecasts, &options).unwrap(), expected);
            }
        }
    }
}
