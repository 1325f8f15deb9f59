//! Folds in time: nothing is learnt from what is still to come.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::learning::random::Stream;
use crate::learning::train::{Matrix, Newton, Order, Samples, Trainer as _};
use crate::learning::{Forecasts, LearningError, MetricsOptions, metrics};
use crate::types::Instant;

fn at(day: i64) -> Instant {
    Instant::EPOCH.plus_micros(day * 86_400_000_000)
}

proptest! {
    #[test]
    fn nothing_is_learnt_from_what_is_to_come(
        rows in vec((0..9_u64, 0..25_i64), 1..80), folds in 1..6_usize,
        both in prop_oneof![Just(BothSides::Report), Just(BothSides::LeaveOutOfTest), Just(BothSides::LeaveOutOfTrain)],
    ) {
        let users: Vec<u64> = rows.iter().map(|row| row.0).collect();
        let times: Vec<Instant> = rows.iter().map(|row| at(row.1)).collect();
        let moments = rows.iter().map(|row| row.1).collect::<BTreeSet<_>>().len();
        let found = match ForwardFolds::by_time(&users, &times, folds, both) {
            Ok(found) => found,
            Err(EvaluationError::Moments { .. }) => {
                prop_assert!(folds >= moments);
                return Ok(());
            }
            Err(error) => {
                prop_assert!(both != BothSides::Report, "{error}");
                prop_assert_eq!(error.code(), "split_side_empty");
                return Ok(());
            }
        };
        prop_assert!(folds < moments);
        prop_assert_eq!((found.splits().len(), found.starts().len()), (folds, folds));
        prop_assert!(found.starts().is_sorted_by(|a, b| a < b));
        let mut held_out = BTreeSet::new();
        for (split, start) in found.splits().iter().zip(found.starts()) {
            prop_assert!(split.train.iter().all(|row| times[*row] < *start));
            prop_assert!(split.test.iter().all(|row| times[*row] >= *start));
            prop_assert!(split.train.is_sorted() && split.test.is_sorted());
            prop_assert!(split.test.iter().all(|row| held_out.insert(*row)), "held out twice");
            if both != BothSides::Report {
                prop_assert!(split.check_users(&users).is_ok());
            }
        }
        if both == BothSides::Report {
            // Everything from the first start on is held out, and windows only grow.
            let first = found.starts()[0];
            let later: BTreeSet<usize> = (0..rows.len()).filter(|row| times[*row] >= first).collect();
            prop_assert_eq!(held_out, later);
            prop_assert!(found.splits().windows(2).all(|pair| pair[0].train.len() < pair[1].train.len()));
        }
    }

    #[test]
    fn the_order_of_the_rows_does_not_matter(rows in vec((0..9_u64, 0..25_i64), 4..40), folds in 1..4_usize) {
        let starts = |rows: &[(u64, i64)]| {
            let users: Vec<u64> = rows.iter().map(|row| row.0).collect();
            let times: Vec<Instant> = rows.iter().map(|row| at(row.1)).collect();
            ForwardFolds::by_time(&users, &times, folds, BothSides::Report).map(|found| found.starts().to_vec())
        };
        let mut turned = rows.clone();
        turned.reverse();
        prop_assert_eq!(starts(&rows), starts(&turned));
    }
}

#[test]
fn stretches_have_as_many_rows_as_moments_allow() {
    let folds = |days: &[i64], folds: usize| {
        let users: Vec<u64> = (0..).take(days.len()).collect();
        let times: Vec<Instant> = days.iter().map(|day| at(*day)).collect();
        let found = ForwardFolds::by_time(&users, &times, folds, BothSides::Report).unwrap();
        let sizes: Vec<(usize, usize)> =
            found.splits().iter().map(|split| (split.train.len(), split.test.len())).collect();
        sizes
    };
    assert_eq!(folds(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 4), [(2, 2), (4, 2), (6, 2), (8, 2)]);
    assert_eq!(folds(&[1, 2, 3, 4, 5, 6, 7], 2), [(2, 2), (4, 3)]);
    // Most rows lie on one day, the first or the last: every fold still has a day of its own.
    assert_eq!(folds(&[1, 1, 1, 1, 1, 2, 3], 2), [(5, 1), (6, 1)]);
    assert_eq!(folds(&[1, 2, 3, 3, 3, 3, 3], 2), [(1, 1), (2, 5)]);
}

#[test]
fn a_fold_is_scored_by_the_fit_to_what_came_before_it() {
    let mut stream = Stream::new(29);
    let features: Vec<f64> = (0..120).map(|_| stream.unit()).collect();
    let labels: Vec<bool> = features.iter().map(|x| stream.unit() < 0.2 + 0.6 * x).collect();
    let users: Vec<u64> = (0..120).collect();
    // The rows stand in no order of time.
    let times: Vec<Instant> = (0..120).map(|row| at(row * 49 % 120)).collect();
    let samples =
        Samples::new(Matrix::new(&features, 120, 1, Order::Rows).unwrap(), &labels).unwrap();
    let folds = ForwardFolds::by_time(&users, &times, 3, BothSides::Report).unwrap();
    let options = CrossValidationOptions::default();
    let found = cross_validate_forward(&Newton, &samples, &folds, &options).unwrap();
    let mut place = 0;
    for (split, fold) in folds.splits().iter().zip(&found.folds) {
        let x: Vec<f64> = split.train.iter().map(|row| features[*row]).collect();
        let y: Vec<bool> = split.train.iter().map(|row| labels[*row]).collect();
        let table = Matrix::new(&x, x.len(), 1, Order::Rows).unwrap();
        let fit = Newton.fit(&Samples::new(table, &y).unwrap(), &options.fit).unwrap();
        assert_eq!(fit, fold.fit);
        for row in &split.test {
            assert_eq!(found.rows[place], *row);
            let score = fit.intercept + fit.coefficients[0] * features[*row];
            assert!((found.probabilities[place] - 1.0 / (1.0 + (-score).exp())).abs() < 1e-15);
            place += 1;
        }
    }
    let seen: Vec<bool> = found.rows.iter().map(|row| labels[*row]).collect();
    let forecasts = Forecasts::new(&seen, &found.probabilities).unwrap();
    assert_eq!(
        (place, found.pooled),
        (90, metrics(&forecasts, &MetricsOptions::default()).unwrap())
    );
}

#[test]
fn folds_in_time_that_cannot_be_are_refused() {
    let users = [1_u64, 2, 3];
    let times = [at(1), at(2), at(3)];
    let code = |users: &[u64], times: &[Instant], folds, both| {
        ForwardFolds::by_time(users, times, folds, both)
            .map_or_else(|error| error.code(), |_| "fine")
    };
    let report = BothSides::Report;
    assert_eq!(code(&users, &times, 2, report), "fine");
    assert_eq!(code(&users, &times, 0, report), "folds_out_of_range");
    assert_eq!(code(&users, &times, 3, report), "folds_out_of_range");
    assert_eq!(code(&users, &[at(1); 3], 1, report), "folds_out_of_range");
    assert_eq!(code(&users[..2], &times, 1, report), "rows_length");
    assert_eq!(code(&[], &[], 1, report), "rows_empty");
    assert_eq!(code(&[1; 3], &times, 1, BothSides::LeaveOutOfTest), "split_side_empty");
    let error = ForwardFolds::by_time(&users, &times, 3, report).unwrap_err();
    assert_eq!(error.to_string(), "3 folds in 3 moments: give at least 1, and fewer than moments");

    let folds = ForwardFolds::by_time(&users, &times, 1, report).unwrap();
    let labels = [true, false];
    let samples = Samples::new(Matrix::new(&[0.1, 0.2], 2, 1, Order::Rows).unwrap(), &labels);
    let options = CrossValidationOptions::default();
    let error = cross_validate_forward(&Newton, &samples.unwrap(), &folds, &options).unwrap_err();
    let rows = LearningError::Length { column: "times of folds", expected: 2, found: 3 };
    assert_eq!(error, EvaluationError::Rows(rows));
}
