//! Splits, folds and cross-validation: no user on both sides, and no label in its own score.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;

use super::splits::hash;
use super::*;
use crate::learning::LearningError;
use crate::learning::random::Stream;
use crate::learning::sum::float;
use crate::learning::train::{Matrix, Newton, Order, Samples, Trainer as _};
use crate::types::{Instant, UserId};

fn at(day: i64) -> Instant {
    Instant::EPOCH.plus_micros(day * 86_400_000_000)
}

fn users_of(rows: &[usize], users: &[u64]) -> BTreeSet<u64> {
    rows.iter().map(|row| users[*row]).collect()
}

proptest! {
    #[test]
    fn no_user_is_on_both_sides(users in vec(0..30_u64, 1..80), share in 0.05..0.95_f64, seed in any::<u64>()) {
        if let Ok(split) = Split::by_user(&users, share, seed) {
            prop_assert!(users_of(&split.train, &users).is_disjoint(&users_of(&split.test, &users)));
            prop_assert_eq!(split.check_users(&users), Ok(()));
            let mut rows = [split.train, split.test].concat();
            rows.sort_unstable();
            prop_assert_eq!(rows, (0..users.len()).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_user_keeps_the_side_as_data_grows(users in vec(0..30_u64, 1..80), more in vec(0..90_u64, 0..80), seed in any::<u64>()) {
        let all = [users.clone(), more].concat();
        if let (Ok(before), Ok(after)) = (Split::by_user(&users, 0.3, seed), Split::by_user(&all, 0.3, seed)) {
            prop_assert!(users_of(&before.test, &users).is_subset(&users_of(&after.test, &all)));
            prop_assert!(users_of(&before.train, &users).is_subset(&users_of(&after.train, &all)));
        }
    }

    #[test]
    fn who_is_held_out_stays_so_when_the_share_grows(users in vec(0..300_u64, 1..80), seed in any::<u64>()) {
        if let (Ok(few), Ok(many)) = (Split::by_user(&users, 0.2, seed), Split::by_user(&users, 0.6, seed)) {
            prop_assert!(users_of(&few.test, &users).is_subset(&users_of(&many.test, &users)));
        }
    }

    #[test]
    fn every_row_is_held_out_once_with_its_user(users in vec(0..30_u64, 1..80), folds in 2..8_usize, seed in any::<u64>()) {
        let people: BTreeSet<u64> = users.iter().copied().collect();
        match Folds::by_user(&users, folds, seed) {
            Ok(found) => {
                let mut held_out = Vec::new();
                let mut sizes = Vec::new();
                for fold in 0..folds {
                    let split = found.split(fold);
                    prop_assert_eq!(split.check_users(&users), Ok(()));
                    sizes.push(users_of(&split.test, &users).len());
                    prop_assert_eq!(split.train.len() + split.test.len(), users.len());
                    held_out.extend(split.test);
                }
                held_out.sort_unstable();
                prop_assert_eq!(held_out, (0..users.len()).collect::<Vec<_>>());
                prop_assert!(sizes.iter().max().unwrap() - sizes.iter().min().unwrap() <= 1);
            }
            Err(error) => {
                prop_assert!(people.len() < folds);
                prop_assert_eq!(error, EvaluationError::Folds { folds, users: people.len() });
            }
        }
    }

    #[test]
    fn a_user_on_both_sides_is_found(
        users in vec(0..200_u64, 2..60), train_at in any::<prop::sample::Index>(), test_at in any::<prop::sample::Index>(),
    ) {
        // The plain way: every pair of rows.
        let half = users.len() / 2;
        let mut users = users;
        let (train, test) = (train_at.index(half), half + test_at.index(users.len() - half));
        users[test] = users[train];
        let split = Split { train: (0..half).collect(), test: (half..users.len()).collect() };
        let first = split.train.iter().find_map(|a| {
            let b = split.test.iter().find(|b| users[*a] == users[**b])?;
            Some((*a, *b))
        });
        let (train_row, test_row) = first.unwrap();
        prop_assert_eq!(split.check_users(&users), Err(EvaluationError::UserOnBothSides { train_row, test_row }));
    }

    #[test]
    fn nothing_that_is_learnt_from_is_later_than_what_is_held_out(rows in vec((0..12_u64, 0..30_i64), 1..60), from in 0..31_i64) {
        let users: Vec<u64> = rows.iter().map(|row| row.0).collect();
        let times: Vec<Instant> = rows.iter().map(|row| at(row.1)).collect();
        let mut sides: BTreeMap<u64, BTreeSet<bool>> = BTreeMap::new();
        for (user, day) in &rows {
            sides.entry(*user).or_default().insert(*day >= from);
        }
        let both = |user: &u64| sides[user].len() == 2;
        for option in [BothSides::Report, BothSides::LeaveOutOfTest, BothSides::LeaveOutOfTrain] {
            let Ok(found) = Split::by_time(&users, &times, at(from), option) else { continue };
            let expected = |is_test: bool, left_out: BothSides| -> Vec<usize> {
                let of_side = (0..rows.len()).filter(|row| (rows[*row].1 >= from) == is_test);
                of_side.filter(|row| option != left_out || !both(&users[*row])).collect()
            };
            prop_assert_eq!(&found.split.train, &expected(false, BothSides::LeaveOutOfTrain));
            prop_assert_eq!(&found.split.test, &expected(true, BothSides::LeaveOutOfTest));
            prop_assert_eq!(found.users_on_both_sides, sides.keys().filter(|user| both(user)).count());
            prop_assert_eq!(found.rows_left_out + found.split.train.len() + found.split.test.len(), rows.len());
            if option != BothSides::Report {
                prop_assert_eq!(found.split.check_users(&users), Ok(()));
            }
        }
    }
}

#[test]
fn the_side_of_a_user_is_the_same_in_every_version() {
    // Computed by another implementation: a change would move people who were held out.
    let uuid: UserId = "6f1d2c3b-4a59-4e68-8d77-0123456789ab".parse().unwrap();
    let table = [
        (0_u64.split_key(), 1, HASHES[0]),
        (1_u128.split_key(), 1, HASHES[1]),
        (((1_u128 << 64) + 5).split_key(), 7, HASHES[2]),
        (uuid.split_key(), 42, HASHES[3]),
    ];
    for (key, seed, expected) in table {
        assert_eq!(hash(key, seed), expected);
    }
    assert_eq!("ann".split_key(), "ann".to_owned().split_key());
}

const HASHES: [u64; 4] = [
    8_199_580_975_773_293_796,
    13_928_490_197_745_479_305,
    17_173_238_365_688_838_963,
    15_329_247_831_553_474_015,
];

#[test]
fn the_share_of_users_is_hit_within_chance() {
    let users: Vec<u64> = (0..10_000).collect();
    for (seed, share) in [(1, 0.3), (2, 0.05), (3, 0.8)] {
        let split = Split::by_user(&users, share, seed).unwrap();
        let found = float(split.test.len()) / 10_000.0;
        assert!((found - share).abs() < 5.0 * (share * (1.0 - share) / 10_000.0_f64).sqrt());
    }
    assert_ne!(Split::by_user(&users, 0.3, 1), Split::by_user(&users, 0.3, 2));
}

#[test]
fn a_split_that_cannot_be_is_refused() {
    let users = [1_u64, 2, 1];
    let times = [at(1), at(2), at(3)];
    let by_time = |day, option| Split::by_time(&users, &times, at(day), option).map(|_| ());
    #[rustfmt::skip]
    let table = [
        (Split::by_user::<u64>(&[], 0.5, 1).map(|_| ()),       "rows_empty"),
        (Split::by_user(&users, 0.0, 1).map(|_| ()),           "split_share_out_of_range"),
        (Split::by_user(&users, f64::NAN, 1).map(|_| ()),      "split_share_out_of_range"),
        (Split::by_user(&[4_u64; 9], 0.5, 1).map(|_| ()),      "split_side_empty"),
        (by_time(1, BothSides::Report),                        "split_side_empty"),
        (by_time(4, BothSides::Report),                        "split_side_empty"),
        (by_time(3, BothSides::LeaveOutOfTest),                "split_side_empty"),
        (by_time(2, BothSides::LeaveOutOfTrain),               "split_side_empty"),
        (Split::by_time::<u64>(&[], &[], at(1), BothSides::Report).map(|_| ()), "rows_empty"),
        (Split::by_time(&users, &times[1..], at(2), BothSides::Report).map(|_| ()), "rows_length"),
        (Folds::by_user::<u64>(&[], 2, 1).map(|_| ()),         "rows_empty"),
        (Folds::by_user(&users, 1, 1).map(|_| ()),             "folds_out_of_range"),
        (Folds::by_user(&users, 3, 1).map(|_| ()),             "folds_out_of_range"),
        (Split { train: vec![0], test: vec![3] }.check_users(&users), "split_row_unknown"),
        (Split { train: vec![1, 0], test: vec![2] }.check_users(&users), "user_on_both_sides"),
    ];
    for (result, code) in table {
        let error = result.unwrap_err();
        assert_eq!(error.code(), code, "{error}");
    }
    let error = EvaluationError::SideEmpty { side: Side::Test };
    assert_eq!(error.to_string(), "no row is on the test side");
}

/// Rows of people with a feature that speaks for the label.
struct Drawn {
    features: Vec<f64>,
    labels: Vec<bool>,
    users: Vec<u64>,
    weights: Vec<f64>,
    offsets: Vec<f64>,
}

impl Drawn {
    fn new(rows: usize) -> Self {
        let mut stream = Stream::new(17);
        let features: Vec<f64> = (0..2 * rows).map(|_| stream.unit()).collect();
        let labels = features.chunks(2).map(|row| stream.unit() < 0.2 + 0.6 * row[0]).collect();
        let users = (0..rows).map(|row| row as u64 / 3).collect();
        let weights = (0..rows).map(|_| stream.unit() + 0.5).collect();
        let offsets = (0..rows).map(|_| stream.unit() - 0.5).collect();
        Self { features, labels, users, weights, offsets }
    }

    fn samples(&self) -> Samples<'_> {
        let features = Matrix::new(&self.features, self.labels.len(), 2, Order::Rows).unwrap();
        let samples = Samples::new(features, &self.labels).unwrap();
        samples.with_weights(&self.weights).unwrap().with_offsets(&self.offsets).unwrap()
    }
}

#[test]
fn a_fold_is_scored_by_the_fit_to_all_others() {
    let drawn = Drawn::new(90);
    let folds = Folds::by_user(&drawn.users, 4, 3).unwrap();
    let options = CrossValidationOptions::default();
    let found = cross_validate(&Newton, &drawn.samples(), &folds, &options).unwrap();
    for fold in 0..4 {
        // The plain way: the rows of the fold have no weight.
        let weights: Vec<f64> = (0..90)
            .map(|row| if folds.fold_of()[row] == fold { 0.0 } else { drawn.weights[row] })
            .collect();
        let others = drawn.samples().with_weights(&weights).unwrap();
        let fit = Newton.fit(&others, &options.fit).unwrap();
        for row in folds.split(fold).test {
            let x = &drawn.features[2 * row..][..2];
            let score = drawn.offsets[row]
                + fit.intercept
                + fit.coefficients[0] * x[0]
                + fit.coefficients[1] * x[1];
            let expected = 1.0 / (1.0 + (-score).exp());
            assert!((found.probabilities[row] - expected).abs() < 1e-7, "{row}");
        }
        let of_fold = &found.folds[fold];
        assert_eq!(of_fold.train_rows + of_fold.test_rows, 90);
        assert_eq!(of_fold.metrics.rows, of_fold.test_rows);
        assert!(of_fold.fit.convergence.is_converged);
    }
    let brier =
        |row: usize| (found.probabilities[row] - f64::from(u8::from(drawn.labels[row]))).powi(2);
    let weighted: f64 = (0..90).map(|row| drawn.weights[row] * brier(row)).sum();
    let expected = weighted / drawn.weights.iter().sum::<f64>();
    assert!((found.pooled.brier - expected).abs() < 1e-12);
}

#[test]
fn labels_of_a_fold_have_no_part_in_its_scores() {
    let drawn = Drawn::new(60);
    let folds = Folds::by_user(&drawn.users, 3, 9).unwrap();
    let options = CrossValidationOptions::default();
    let found = cross_validate(&Newton, &drawn.samples(), &folds, &options).unwrap();
    for fold in 0..3 {
        let test = folds.split(fold).test;
        let mut turned = Drawn::new(60);
        for row in &test {
            turned.labels[*row] = !turned.labels[*row];
        }
        let again = cross_validate(&Newton, &turned.samples(), &folds, &options).unwrap();
        for row in 0..60 {
            let is_same = again.probabilities[row].to_bits() == found.probabilities[row].to_bits();
            assert_eq!(is_same, test.contains(&row), "{row}");
        }
    }
}

#[test]
fn a_fold_that_cannot_be_learnt_from_is_named() {
    let features = [0.1, 0.2, 0.3, 0.4];
    let matrix = Matrix::new(&features, 4, 1, Order::Rows).unwrap();
    let users = [1_u64, 2, 3, 4];
    let folds = Folds::by_user(&users, 2, 1).unwrap();
    let options = CrossValidationOptions::default();
    // All positive rows are in one fold, so the others have none.
    let labels: Vec<bool> = folds.fold_of().iter().map(|fold| *fold == 1).collect();
    let samples = Samples::new(matrix, &labels).unwrap();
    let error = cross_validate(&Newton, &samples, &folds, &options).unwrap_err();
    assert_eq!(error.code(), "train_one_class");
    assert!(error.to_string().starts_with("fold 0 (counted from 0): "), "{error}");

    let other = Folds::by_user(&users[..3], 2, 1).unwrap();
    assert_eq!(
        cross_validate(&Newton, &samples, &other, &options).unwrap_err().code(),
        "rows_length"
    );

    // A fold without weight can be learnt beside, and not measured.
    let features = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6];
    let matrix = Matrix::new(&features, 6, 1, Order::Rows).unwrap();
    let folds = Folds::by_user(&[1_u64, 2, 3, 4, 5, 6], 3, 1).unwrap();
    let mut labels = [false; 6];
    (0..3).for_each(|fold| labels[folds.split(fold).test[0]] = true);
    let weights: Vec<f64> =
        folds.fold_of().iter().map(|fold| f64::from(u8::from(*fold != 1))).collect();
    let samples = Samples::new(matrix, &labels).unwrap().with_weights(&weights).unwrap();
    let error = cross_validate(&Newton, &samples, &folds, &options).unwrap_err();
    assert_eq!(error, EvaluationError::Measure { fold: 1, error: LearningError::WeightsZero });
    assert_eq!(error.code(), "weights_zero");
}
