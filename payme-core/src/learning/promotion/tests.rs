//! The gate: what each policy asks for, at its edges, and how often chance passes.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::learning::random::Stream;

/// Users with these precisions, and figures of calibration.
fn standing(precision: &[f64], brier: f64, ece: f64) -> Standing {
    Standing { precision_at_5: precision.iter().copied().map(Some).collect(), brier, ece }
}

/// So many users, each 0.2 better.
fn better(users: usize) -> Comparison {
    Comparison {
        champion: standing(&vec![0.2; users], 0.10, 0.05),
        challenger: standing(&vec![0.4; users], 0.10, 0.05),
        labelled_users: users,
    }
}

fn guarded(comparison: &Comparison) -> Verdict {
    comparison.judge(&PromotionPolicy::default()).unwrap()
}

fn strict(comparison: &Comparison) -> Verdict {
    comparison.judge(&PromotionPolicy::Strict).unwrap()
}

#[test]
fn promoted_when_the_new_one_strictly_exceeds_the_active_one() {
    #[rustfmt::skip]
    let table = [
        // champion          challenger         promoted
        ([0.4, 0.2, 0.6],    [0.4, 0.4, 0.6],   true),
        ([0.4, 0.2, 0.6],    [0.4, 0.2, 0.6],   false),
        ([0.4, 0.2, 0.6],    [0.6, 0.2, 0.4],   false),
        ([0.1, 0.2, 0.3],    [0.3, 0.3, 0.0],   false),
        ([0.4, 0.2, 0.6],    [0.4, 0.2, 0.4],   false),
    ];
    for (champion, challenger, promoted) in table {
        let (champion, challenger) =
            (standing(&champion, 0.1, 0.1), standing(&challenger, 0.9, 0.9));
        let verdict = strict(&Comparison { champion, challenger, labelled_users: 3 });
        assert_eq!(verdict.promoted, promoted, "{verdict:?}");
        assert!(verdict.difference.is_none() && verdict.checks.len() == 1);
    }
}

#[test]
fn an_equal_model_is_not_promoted() {
    // The same rows, with ties in any order, have the same precision.
    let labels = [1, 0, 1, 0, 0, 0, 1];
    let scores = [0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5];
    let users = Groups::of_sizes([7]);
    let same = Comparison::on_held_out(&labels, &scores, &scores, &users).unwrap();
    assert!(!strict(&same).promoted && !guarded(&same).promoted);
    // Sums in another arrangement are rounded otherwise, and are as equal.
    let (up, down): (Vec<f64>, Vec<f64>) =
        (0..99).map(|user| (f64::from(user % 7) / 7.0, f64::from((98 - user) % 7) / 7.0)).unzip();
    let comparison = Comparison {
        champion: standing(&up, 0.1, 0.1),
        challenger: standing(&down, 0.1, 0.1),
        labelled_users: 99,
    };
    assert!(!strict(&comparison).promoted, "{:?}", strict(&comparison));
}

#[test]
fn the_guarded_policy_is_the_default_and_asks_for_more() {
    assert_eq!(PromotionPolicy::default(), PromotionPolicy::Guarded(Guard::default()));
    let fine = better(50);
    assert!(guarded(&fine).promoted);
    assert_eq!(guarded(&fine).difference.map(|difference| difference.users), Some(50));
    let changed = |change: &dyn Fn(&mut Comparison)| {
        let mut changed = fine.clone();
        change(&mut changed);
        guarded(&changed)
    };
    // Exactly the margin is not worse by more than the margin.
    assert!(changed(&|c| (c.challenger.brier, c.challenger.ece) = (0.105, 0.07)).promoted);
    assert!(changed(&|c| (c.challenger.brier, c.challenger.ece) = (0.01, 0.0)).promoted);
    let refused_for = |change: &dyn Fn(&mut Comparison)| {
        let verdict = changed(change);
        assert!(!verdict.promoted && strict(&fine).promoted);
        let refusals: Vec<Check> = verdict.refusals().copied().collect();
        assert_eq!((refusals.len(), verdict.checks.len()), (1, 5), "{refusals:?}");
        refusals[0]
    };
    assert_eq!(
        refused_for(&|c| c.labelled_users = 49),
        Check::LabelledUsers { found: 49, needed: 50 }
    );
    assert!(matches!(
        refused_for(&|c| c.challenger.brier = 0.1051),
        Check::Brier { margin: 0.005, .. }
    ));
    assert!(matches!(refused_for(&|c| c.challenger.ece = 0.0701), Check::Ece { margin: 0.02, .. }));
    assert!(matches!(refused_for(&|c| c.challenger.brier = f64::NAN), Check::Brier { .. }));
    assert!(matches!(refused_for(&|c| c.champion.ece = f64::NAN), Check::Ece { .. }));
    // One user who gains much and others who gain nothing: chance leaves that one out too often.
    let one = refused_for(&|c| {
        c.challenger.precision_at_5 = c.champion.precision_at_5.clone();
        c.challenger.precision_at_5[7] = Some(1.0);
    });
    assert!(
        matches!(one, Check::LowerBound { bound, confidence: 0.95 } if bound <= 0.0),
        "{one:?}"
    );
}

#[test]
fn of_two_equally_good_models_strict_promotes_half_and_guarded_one_in_twenty() {
    let mut stream = Stream::new(31);
    let (mut by_strict, mut by_guarded) = (0, 0);
    for _ in 0..400 {
        let draw = |stream: &mut Stream| -> Vec<f64> {
            (0..80).map(|_| (stream.unit() * 6.0).floor() / 5.0).collect()
        };
        let comparison = Comparison {
            champion: standing(&draw(&mut stream), 0.1, 0.1),
            challenger: standing(&draw(&mut stream), 0.1, 0.1),
            labelled_users: 80,
        };
        let bootstrap = BootstrapOptions { resamples: 300, ..BootstrapOptions::default() };
        let guard = PromotionPolicy::Guarded(Guard { bootstrap, ..Guard::default() });
        by_strict += usize::from(strict(&comparison).promoted);
        by_guarded += usize::from(comparison.judge(&guard).unwrap().promoted);
    }
    // 200 less a few ties, and 20; chance moves them by 10 and 4.4.
    assert!((160..=240).contains(&by_strict), "{by_strict}");
    assert!((5..=40).contains(&by_guarded), "{by_guarded}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn no_policy_promotes_what_strict_refuses(
        users in vec((any::<bool>(), 0..6_u8, 0..6_u8), 1..60),
        figures in vec(0.0..1.0_f64, 4),
        margins in (0.0..1.0_f64, 0.0..1.0_f64),
        users_min in 0..80_usize,
        confidence in 0.01..0.99_f64,
    ) {
        let of = |side: fn(&(bool, u8, u8)) -> u8| users.iter().map(|user| user.0.then(|| f64::from(side(user)) / 5.0)).collect::<Vec<_>>();
        let comparison = Comparison {
            champion: Standing { precision_at_5: of(|user| user.1), brier: figures[0], ece: figures[1] },
            challenger: Standing { precision_at_5: of(|user| user.2), brier: figures[2], ece: figures[3] },
            labelled_users: users.len(),
        };
        let bootstrap = BootstrapOptions { resamples: 60, confidence, seed: 1 };
        let guard = Guard { users_min, brier_margin: margins.0, ece_margin: margins.1, bootstrap };
        let by_guard = comparison.judge(&PromotionPolicy::Guarded(guard)).unwrap();
        let by_strict = strict(&comparison);
        prop_assert!(by_strict.promoted || !by_guard.promoted);
        // In whole fifths, whether one exceeds the other is plain.
        let fifths = |side: fn(&(bool, u8, u8)) -> u8| users.iter().filter(|user| user.0).map(|user| u32::from(side(user))).sum::<u32>();
        prop_assert_eq!(by_strict.promoted, fifths(|user| user.2) > fifths(|user| user.1));
        prop_assert_eq!(by_guard.promoted, by_guard.refusals().count() == 0);
    }

    #[test]
    fn a_model_never_takes_its_own_place(rows in vec((0..9_u8, any::<bool>(), 0..8_u8), 1..80)) {
        let p: Vec<f64> = rows.iter().map(|row| f64::from(row.0) / 8.0).collect();
        let labels: Vec<bool> = rows.iter().map(|row| row.1).collect();
        let users = Groups::of_ids(&rows.iter().map(|row| row.2).collect::<Vec<_>>());
        let same = Comparison::on_held_out(&labels, &p, &p, &users).unwrap();
        prop_assert!(!strict(&same).promoted && !guarded(&same).promoted);
    }
}

#[test]
fn without_a_positive_row_nothing_is_promoted() {
    let users = Groups::of_sizes([1, 1]);
    let none = Comparison::on_held_out(&[0, 0], &[0.1, 0.2], &[0.3, 0.4], &users).unwrap();
    for verdict in [strict(&none), guarded(&none)] {
        assert!(!verdict.promoted);
        assert_eq!(verdict.checks[0], Check::Precision { champion: 0.0, challenger: 0.0 });
    }
    // Measures of others, which leave such users out.
    let unmeasured = Standing { precision_at_5: vec![None, None], brier: 0.1, ece: 0.1 };
    let (champion, challenger) = (unmeasured.clone(), unmeasured);
    let none = Comparison { champion, challenger, labelled_users: 2 };
    for verdict in [strict(&none), guarded(&none)] {
        assert!(!verdict.promoted && verdict.difference.is_none());
        assert_eq!(verdict.checks[0], Check::NoPrecision { users: 2 });
    }
}

#[test]
fn models_that_were_not_measured_alike_are_not_compared() {
    let fine = better(3);
    let code = |change: &dyn Fn(&mut Comparison), policy: PromotionPolicy| {
        let mut changed = fine.clone();
        change(&mut changed);
        changed.judge(&policy).map_or_else(|error| error.code(), |_| "fine")
    };
    let with = |change: &dyn Fn(&mut Guard)| {
        let mut guard = Guard::default();
        change(&mut guard);
        PromotionPolicy::Guarded(guard)
    };
    let same = |_: &mut Comparison| ();
    #[rustfmt::skip]
    let table = [
        (code(&same, PromotionPolicy::Strict),                                                         "fine"),
        (code(&|c| { c.challenger.precision_at_5.pop(); }, PromotionPolicy::Strict),                   "rows_length"),
        (code(&|c| c.challenger.precision_at_5[1] = None, PromotionPolicy::Strict),                    "promotion_rows_differ"),
        (code(&|c| c.champion.precision_at_5[2] = Some(f64::NAN), PromotionPolicy::Strict),            "user_value_not_finite"),
        (code(&|c| c.challenger.precision_at_5[2] = Some(f64::INFINITY), PromotionPolicy::default()),  "user_value_not_finite"),
        (code(&same, with(&|guard| guard.brier_margin = -0.1)),                                        "margin_invalid"),
        (code(&same, with(&|guard| guard.ece_margin = f64::NAN)),                                      "margin_invalid"),
        (code(&same, with(&|guard| guard.bootstrap.resamples = 0)),                                    "resamples_out_of_range"),
        (code(&same, with(&|guard| guard.bootstrap.confidence = 1.0)),                                 "confidence_out_of_range"),
    ];
    for (found, expected) in table {
        assert_eq!(found, expected);
    }
    assert_eq!(
        EvaluationError::RowsDiffer { index: 1 }.to_string(),
        "user 1 (counted from 0) has a value in one model only: measure the same rows"
    );
}

#[test]
fn what_is_asked_for_is_said_with_its_figures() {
    let mut comparison = better(60);
    comparison.challenger.brier = 0.2;
    let said: Vec<String> = guarded(&comparison).checks.iter().map(Check::to_string).collect();
    let expected = [
        "precision at 5 of 0.4000, above 0.2000",
        "a lower bound (95 %) of the difference of 0.2000, above 0",
        "60 labelled users, at least 50",
        "a Brier score of 0.2000, at most 0.1000 + 0.005",
        "a calibration error of 0.0500, at most 0.0500 + 0.02",
    ];
    assert_eq!(said, expected);
}

#[test]
fn training_is_due_from_50_labels_of_both_kinds() {
    #[rustfmt::skip]
    let table = [
        (0,          0,          Retrain::FewLabels { labels: 0 }),
        (24,         25,         Retrain::FewLabels { labels: 49 }),
        (25,         25,         Retrain::Due),
        (1,          49,         Retrain::Due),
        (49,         1,          Retrain::Due),
        (50,         0,          Retrain::OneClass { positive: true }),
        (0,          50,         Retrain::OneClass { positive: false }),
        (usize::MAX, usize::MAX, Retrain::Due),
    ];
    for (positive, negative, expected) in table {
        assert_eq!(Retrain::after_export(positive, negative), expected);
    }
}
