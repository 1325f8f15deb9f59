//! Known answers, recomputed elsewhere by two independent programs: which test holds which.
//!
//! A name without a module is a test of this file.
//!
//! | known answer | test |
//! |---|---|
//! | three bins of nine rows: Brier score, ECE, MCE | `metrics::tests::errors_of_calibration_have_their_known_values` |
//! | the same: means, shares, ECE of equal mass | `metrics::tests::bins_have_their_means_and_shares` |
//! | the same: CORP | `metrics::tests::the_corp_terms_have_their_known_values` |
//! | a probability on an edge, by our rule and by the other | `a_bin_holds_its_lower_edge_and_others_say_otherwise` |
//! | a probability of 0 has a bin | `metrics::tests::errors_of_calibration_have_their_known_values` |
//! | ten equal probabilities, true and too high | `metrics::tests::errors_of_calibration_have_their_known_values` |
//! | the same: the debiased error | `metrics::tests::the_debiased_error_takes_chance_away` |
//! | nine probabilities in ten bins | `metrics::tests::errors_of_calibration_have_their_known_values` |
//! | the Brier score of four rows | `the_brier_score_of_four_rows` |
//! | isotonic fit and CORP of four rows | `isotonic_regression_and_its_three_terms` |
//! | Murphy's terms do not add up | `metrics::tests::three_terms_do_not_add_up_and_five_do` |
//! | what repairs them | `a_bin_has_variance_and_covariance` |
//! | Venn-Abers | `calibration::tests::venn_abers_has_its_known_answer` |
//! | the ECE of a calibrated model: up to 10,000 rows | `metrics::tests::a_calibrated_model_shows_what_chance_does` |
//! | the same: 100,000 rows | `a_calibrated_model_of_many_rows_shows_little` |
//! | IPS, SNIPS, effective sample size | `estimates_of_four_exposures` |
//! | PSI | `the_index_of_two_bins` |
//! | Platt's targets | `calibration::tests::smoothed_targets_are_those_of_platt`, `targets_of_platt_by_count` |
//! | precision at 5 of 3 rows; ties; average precision | `metrics::tests::the_order_has_its_known_measures` |
//! | average precision is no trapezoid | `average_precision_is_a_step_and_no_trapezoid` |
//! | nDCG, linear and exponential | `gains_of_four_places` |
//! | a user without a positive row | `metrics::tests::a_user_without_a_positive_row_is_left_out_and_counted` |
//! | NaN is refused | `rows::tests::a_fault_is_told_with_its_place` |

use super::sum::{float, floor_at_most};
use super::*;

#[track_caller]
fn near(found: f64, expected: f64, slack: f64) {
    assert!((found - expected).abs() <= slack, "{found} is not {expected}");
}

/// The expected calibration error with bins that are closed above, as other libraries have them.
fn ece_closed_above(labels: &[bool], p: &[f64], bins: usize) -> f64 {
    let mut sums = vec![(0.0, 0.0, 0.0); bins];
    for (label, p) in labels.iter().zip(p) {
        let at = floor_at_most((p * float(bins)).ceil() - 1.0, bins - 1);
        sums[at].0 += 1.0;
        sums[at].1 += p;
        sums[at].2 += f64::from(u8::from(*label));
    }
    sums.iter().map(|(_, p, y): &(f64, f64, f64)| (p - y).abs()).sum::<f64>() / float(p.len())
}

#[test]
fn a_bin_holds_its_lower_edge_and_others_say_otherwise() {
    let (labels, p) = ([true, false, true], [0.5, 0.4, 0.6]);
    let forecasts = Forecasts::new(&labels, &p).unwrap();
    near(ece(&forecasts, Binning::Uniform(2)).unwrap(), 0.433_333_333_3, 1e-10);
    near(ece_closed_above(&labels, &p, 2), 0.166_666_666_7, 1e-10);
    // Nothing on an edge: both say the same.
    let p = [0.51, 0.4, 0.6];
    let forecasts = Forecasts::new(&labels, &p).unwrap();
    near(ece(&forecasts, Binning::Uniform(2)).unwrap(), ece_closed_above(&labels, &p, 2), 1e-15);
}

#[test]
fn the_brier_score_of_four_rows() {
    near(
        brier_score(&Forecasts::new(&[0, 1, 1, 0], &[0.1, 0.9, 0.8, 0.3]).unwrap()),
        0.0375,
        1e-15,
    );
}

#[test]
fn isotonic_regression_and_its_three_terms() {
    let p = [0.2, 0.4, 0.6, 0.8];
    let forecasts = Forecasts::new(&[0, 1, 0, 1], &p).unwrap();
    let fit = Isotonic::fit(forecasts.scored()).unwrap();
    for (p, fitted) in p.into_iter().zip([0.0, 0.5, 0.5, 1.0]) {
        near(fit.apply(p), fitted, 1e-15);
    }
    let terms = corp_decomposition(&forecasts);
    near(brier_score(&forecasts), 0.2, 1e-15);
    near(terms.miscalibration, 0.075, 1e-15);
    near(terms.discrimination, 0.125, 1e-15);
    near(terms.uncertainty, 0.25, 1e-15);
}

#[test]
fn a_bin_has_variance_and_covariance() {
    let forecasts = Forecasts::new(&[0, 1, 0, 1], &[0.2, 0.4, 0.6, 0.8]).unwrap();
    let terms = brier_decomposition(&forecasts, 2).unwrap();
    near(terms.reliability, 0.04, 1e-15);
    near(terms.resolution, 0.0, 1e-15);
    near(terms.uncertainty, 0.25, 1e-15);
    near(terms.within_bin_variance, 0.01, 1e-15);
    near(2.0 * terms.within_bin_covariance, 0.10, 1e-15);
}

#[test]
fn a_calibrated_model_of_many_rows_shows_little() {
    let p: Vec<f64> = (0..100_000).map(|row| (float(row) + 0.5) / 1e5).collect();
    let labels = vec![false; p.len()];
    let forecasts = Forecasts::new(&labels, &p).unwrap();
    let chance = ece_expected_if_calibrated(&forecasts, Binning::Uniform(10), 3).unwrap();
    near(chance.mean, 0.0031, 1e-4);
    near(chance.percentile_95, 0.0043, 3e-4);
}

#[test]
fn estimates_of_four_exposures() {
    // Weights of 2, 1, 0 and 4.
    let target = [1.0, 0.0];
    let shown = |action, propensity, reward| Exposure {
        action,
        logging: Logging::Shown(propensity),
        reward,
        target: &target,
        model: None,
    };
    let log = [shown(0, 0.5, 1.0), shown(0, 1.0, 0.0), shown(1, 0.5, 1.0), shown(0, 0.25, 1.0)];
    let found = off_policy(&log, None, OffPolicyOptions::default()).unwrap();
    near(found.ips.value, 1.5, 1e-15);
    near(found.snips.value, 6.0 / 7.0, 1e-15);
    near(found.effective_sample_size, 49.0 / 21.0, 1e-14);
}

#[test]
fn the_index_of_two_bins() {
    let values = |high: usize| -> Vec<f64> {
        (0..100_000).map(|row| if row < high { 0.75 } else { 0.25 }).collect()
    };
    let stored = r#"{"edges": [0.5], "counts": [50000, 50000]}"#;
    let reference: PsiReference = serde_json::from_str(stored).unwrap();
    // Each bin has half a row more than it holds, which moves the sixth decimal.
    near(reference.psi(&values(40_000)).unwrap().psi, 0.040_546_510_8, 1e-6);
    near(reference.psi(&values(50_000)).unwrap().psi, 0.0, 1e-15);
}

#[test]
fn targets_of_platt_by_count() {
    // Equal scores have the mean of the targets: (N+ + 1) / (N+ + 2) and 1 / (N- + 2).
    for (positives, negatives) in [(1_usize, 1_usize), (7, 2), (1, 30)] {
        let labels: Vec<bool> = (0..positives + negatives).map(|row| row < positives).collect();
        let scores = vec![0.3; labels.len()];
        let fit = Platt::fit(&Scored::new(&labels, &scores).unwrap()).unwrap();
        let high = float(positives + 1) / float(positives + 2);
        let low = 1.0 / float(negatives + 2);
        let mean = (float(positives) * high + float(negatives) * low) / float(labels.len());
        near(fit.calibration.apply(0.3), mean, 1e-12);
    }
}

#[test]
fn average_precision_is_a_step_and_no_trapezoid() {
    let rows = Scored::new(&[1, 0, 1], &[0.9, 0.5, 0.1]).unwrap();
    near(average_precision(&rows).unwrap_or(-1.0), 0.833_333_333_3, 1e-10);
    // The trapezoid over the same points, from the precision of 1 at the recall of 0.
    let points = precision_recall_curve(&rows).unwrap_or(vec![]);
    let (mut area, mut before) = (0.0, (0.0, 1.0));
    for point in points {
        area += (point.recall - before.0) * f64::midpoint(point.precision, before.1);
        before = (point.recall, point.precision);
    }
    near(area, 0.791_666_666_7, 1e-10);
}

#[test]
fn gains_of_four_places() {
    let rows = Graded::new(&[3.0, 2.0, 0.0, 1.0], &[0.9, 0.8, 0.7, 0.6]).unwrap();
    let of = |gain| ndcg_at_k(rows, 4, gain).unwrap().unwrap_or(-1.0);
    near(of(Gain::Linear), 0.985_442, 5e-7);
    near(of(Gain::Exponential), 0.992_620, 5e-7);
}
