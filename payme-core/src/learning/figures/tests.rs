//! Figures against plain second implementations, and against what an interval has to be.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::learning::random::Stream;
use crate::learning::sum::float;
use crate::learning::{Binning, Forecasts, Scored, precision_recall_curve, roc_curve};

#[test]
fn a_band_ends_where_the_share_is_as_unlikely_as_asked_for() {
    // The ends are the shares r with |y - r| = z sqrt(r (1 - r) / n).
    for (confidence, z) in [(0.95, 1.959_963_984_540_054_f64), (0.5, 0.674_489_750_196_081_7)] {
        for n in [1, 2, 7, 50, 4_000] {
            for hits in [0, 1, n / 3, n] {
                let labels: Vec<bool> = (0..n).map(|row| row < hits).collect();
                let p = vec![0.35; n];
                let forecasts = Forecasts::new(&labels, &p).unwrap();
                let band = reliability_bands(&forecasts, Binning::Uniform(10), confidence).unwrap();
                let (band, rate) = (band[0], float(hits) / float(n));
                for end in [band.low, band.high] {
                    let deviation = (end * (1.0 - end) / float(n)).sqrt();
                    assert!(
                        ((rate - end).abs() - z * deviation).abs() < 1e-9,
                        "{hits} of {n}: {band:?}"
                    );
                }
                assert!(band.low <= rate && rate <= band.high && band.low < band.high);
            }
        }
    }
}

#[test]
fn a_band_holds_the_true_share_about_as_often_as_it_says() {
    // Exactly, over all outcomes of 40 rows.
    let n = 40_usize;
    for truth in [0.05, 0.2, 0.5, 0.71] {
        let (mut covered, mut chance) = (0.0, f64::powi(1.0 - truth, 40));
        for hits in 0..=n {
            let labels: Vec<bool> = (0..n).map(|row| row < hits).collect();
            let forecasts = Forecasts::new(&labels, &[0.5; 40]).unwrap();
            let band = reliability_bands(&forecasts, Binning::Uniform(1), 0.9).unwrap()[0];
            if (band.low..=band.high).contains(&truth) {
                covered += chance;
            }
            chance *= float(n - hits) / float(hits + 1) * truth / (1.0 - truth);
        }
        assert!((0.86..0.96).contains(&covered), "{truth}: {covered}");
    }
}

#[test]
fn weights_count_like_so_many_rows() {
    let (labels, p) = ([true, false, true], [0.1, 0.15, 0.9]);
    let forecasts = Forecasts::new(&labels, &p).unwrap().weighted(&[2.0, 3.0, 0.0]).unwrap();
    let rows = [true, true, false, false, false];
    let repeated = Forecasts::new(&rows, &[0.1, 0.1, 0.15, 0.15, 0.15]).unwrap();
    let bands = |forecasts: &Forecasts<'_>| {
        reliability_bands(forecasts, Binning::EqualMass(1), 0.8)
            .unwrap()
            .iter()
            .map(|b| (b.low, b.high))
            .collect::<Vec<_>>()
    };
    let (some, others) = (bands(&forecasts), bands(&repeated));
    assert!((some[0].0 - others[0].0).abs() < 1e-15 && (some[0].1 - others[0].1).abs() < 1e-15);
    assert_eq!(score_histogram(&forecasts, 5), score_histogram(&repeated, 5));
}

#[test]
fn figures_that_cannot_be_are_refused() {
    let forecasts = Forecasts::new(&[1, 0], &[0.5, 0.25]).unwrap();
    let code = |bins, confidence| {
        reliability_bands(&forecasts, Binning::Uniform(bins), confidence)
            .map_err(|error| error.code())
    };
    assert!(code(10, 0.95).is_ok());
    assert_eq!(code(0, 0.95), Err("bins_out_of_range"));
    for confidence in [0.0, 1.0, f64::NAN] {
        assert_eq!(code(10, confidence), Err("confidence_out_of_range"));
    }
    assert_eq!(score_histogram(&forecasts, 0).unwrap_err().code(), "bins_out_of_range");
    assert_eq!(score_histogram(&forecasts, 65_537).unwrap_err().code(), "bins_out_of_range");
}

/// How far a point is from a drawn curve, by looking at every piece of it.
fn from_curve(point: [f64; 2], drawn: &[[f64; 2]]) -> f64 {
    let pieces = drawn.windows(2).map(|ends| {
        let steps = 200_u32;
        let at = |step: u32| {
            let share = f64::from(step) / f64::from(steps);
            [0, 1].map(|axis| ends[0][axis] + share * (ends[1][axis] - ends[0][axis]))
        };
        let each = (0..=steps).map(|step| (at(step)[0] - point[0]).hypot(at(step)[1] - point[1]));
        each.fold(f64::INFINITY, f64::min)
    });
    pieces.fold(f64::INFINITY, f64::min)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_is_left_out_is_as_near_as_is_said(
        rows in vec((0..60_u8, any::<bool>()), 2..150), most in 2..20_usize,
    ) {
        let labels: Vec<bool> = rows.iter().map(|row| row.1).collect();
        let scores: Vec<f64> = rows.iter().map(|row| f64::from(row.0)).collect();
        let scored = Scored::new(&labels, &scores).unwrap();
        if let Some(points) = roc_curve(&scored).value() {
            let thin = thin_roc(&points, most);
            prop_assert!(thin.points.len() <= most);
            prop_assert_eq!((thin.points.first(), thin.points.last()), (points.first(), points.last()));
            prop_assert!(thin.points.iter().all(|point| points.contains(point)), "points are not moved");
            let place = |p: &crate::learning::RocPoint| [p.false_positive_rate, p.true_positive_rate];
            let drawn: Vec<[f64; 2]> = thin.points.iter().map(place).collect();
            for point in &points {
                prop_assert!(from_curve(place(point), &drawn) <= thin.farthest + 0.006, "{point:?}");
            }
            let whole = thin_roc(&points, points.len());
            prop_assert!(whole.farthest <= 1e-9);
        }
        if let Some(points) = precision_recall_curve(&scored).value() {
            let thin = thin_precision_recall(&points, most);
            prop_assert!(thin.points.len() <= most.max(2));
            prop_assert!(thin.points.iter().all(|point| points.contains(point)), "points are not moved");
        }
    }

    #[test]
    fn a_histogram_counts_every_row_once(p in vec(0.0..=1.0_f64, 1..100), bins in 1..30_usize) {
        let labels: Vec<bool> = p.iter().map(|p| p.to_bits() % 3 == 0).collect();
        let found = score_histogram(&Forecasts::new(&labels, &p).unwrap(), bins).unwrap();
        prop_assert_eq!(found.len(), bins);
        let positive: f64 = found.iter().map(|bin| bin.positive).sum();
        let negative: f64 = found.iter().map(|bin| bin.negative).sum();
        let wanted = labels.iter().filter(|label| **label).count();
        prop_assert!((positive - float(wanted)).abs() < 1e-9 && (negative + positive - float(p.len())).abs() < 1e-9);
        for bin in &found {
            let inside = p.iter().filter(|p| **p >= bin.lower && (**p < bin.upper || bin.upper >= 1.0)).count();
            // An edge is where the product of doubles has it, which is within one of them.
            prop_assert!((bin.positive + bin.negative - float(inside)).abs() < 1.5);
        }
    }
}

#[test]
fn two_hundred_points_look_like_a_hundred_thousand() {
    let mut stream = Stream::new(3);
    let rows = 100_000;
    let scores: Vec<f64> = (0..rows).map(|_| stream.unit()).collect();
    let labels: Vec<bool> = scores.iter().map(|score| stream.unit() < score * score).collect();
    let scored = Scored::new(&labels, &scores).unwrap();
    let roc = thin_roc(&roc_curve(&scored).unwrap_or(vec![]), 200);
    assert!(roc.points.len() == 200 && roc.farthest < 0.002, "{}", roc.farthest);
    let curve = thin_precision_recall(&precision_recall_curve(&scored).unwrap_or(vec![]), 200);
    assert!(curve.points.len() == 200 && curve.farthest < 0.01, "{}", curve.farthest);
    assert_eq!(thin_roc(&[], 200).points, []);
}
