//! Off-policy estimates by hand, in exact expectation over all logs, and what is refused.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::learning::Groups;
use crate::learning::sum::float;

fn near(found: f64, expected: f64) -> bool {
    (found - expected).abs() < 1e-12 * (1.0 + expected.abs())
}

const TARGET: [f64; 2] = [0.3, 0.7];

/// Weights of 0.5, 1.75, 1.4 and 0.6, and a model that expects 0.5 and 0.2.
fn log() -> Vec<Exposure<'static>> {
    let shown = |action, propensity, reward| Exposure {
        action,
        logging: Logging::Shown(propensity),
        reward,
        target: &TARGET,
        model: Some(&[0.5, 0.2]),
    };
    vec![shown(0, 0.6, 1.0), shown(1, 0.4, 0.0), shown(1, 0.5, 1.0), shown(0, 0.5, 0.5)]
}

#[test]
fn estimates_are_those_of_a_calculation_by_hand() {
    let found = off_policy(&log(), None, OffPolicyOptions::default()).unwrap();
    // Terms of IPS: 0.5, 0, 1.4, 0.3. Of DR: 0.54, -0.06, 1.41, 0.29.
    assert!(
        near(found.ips.value, 0.55) && near(found.ips.standard_error, 0.301_385_688_667_085_37)
    );
    assert!(
        near(found.snips.value, 2.2 / 4.25)
            && near(found.snips.standard_error, 0.313_912_475_656_156_3)
    );
    let robust = found.doubly_robust.unwrap();
    assert!(near(robust.value, 0.545) && near(robust.standard_error, 0.313_488_436_788_344_7));
    assert!(near(found.effective_sample_size, 3.206_835_330_670_217_7));
    assert!(near(found.weight_mean, 1.0625) && near(found.weight_max, 1.75));
    assert_eq!((found.exposures, found.capped), (4, 0));
    let shifts = [found.ips, found.snips, robust].map(|estimate| estimate.cap_shift);
    assert!(shifts.iter().all(|shift| shift.abs() < 1e-15), "nothing is capped: {shifts:?}");
}

#[test]
fn a_cap_is_told_with_what_it_did() {
    let options = OffPolicyOptions { cap: Some(1.0) };
    let found = off_policy(&log(), None, options).unwrap();
    // Weights of 0.5, 1, 1, 0.6: IPS (0.5 + 0 + 1 + 0.3) / 4, SNIPS 1.8 / 3.1.
    assert!(near(found.ips.value, 0.45) && near(found.ips.cap_shift, -0.1));
    assert!(
        near(found.snips.value, 1.8 / 3.1) && near(found.snips.cap_shift, 1.8 / 3.1 - 2.2 / 4.25)
    );
    // DR: 0.54, 0.29 - 0.2, 0.29 + 0.8, 0.29.
    let robust = found.doubly_robust.unwrap();
    assert!(near(robust.value, 2.01 / 4.0) && near(robust.cap_shift, 2.01 / 4.0 - 0.545));
    assert_eq!(found.capped, 2);
    assert!(near(found.weight_max, 1.75), "as it was before the cap");
    assert!(near(found.effective_sample_size, 3.1 * 3.1 / 2.61));
}

#[test]
fn exposures_of_one_user_count_together() {
    // Terms of IPS less their mean: -0.05, -0.55, 0.85, -0.25. By user: -0.6 and 0.6.
    let users = Groups::of_sizes([2, 2]);
    let found = off_policy(&log(), Some(&users), OffPolicyOptions::default()).unwrap();
    assert!(
        near(found.ips.value, 0.55)
            && near(found.ips.standard_error, (2.0 * 0.72_f64).sqrt() / 4.0)
    );
    // Each exposure a user of its own is no grouping, in whatever order they stand.
    let single = Groups::of_ids(&[4, 1, 3, 2]);
    let (plain, single) = (
        off_policy(&log(), None, OffPolicyOptions::default()).unwrap(),
        off_policy(&log(), Some(&single), OffPolicyOptions::default()).unwrap(),
    );
    assert!(near(plain.ips.standard_error, single.ips.standard_error));
    assert!(near(plain.snips.standard_error, single.snips.standard_error));
}

/// Two kinds of people, three variants, rewards of 0 or 1.
struct World {
    logging: [[f64; 3]; 2],
    target: [[f64; 3]; 2],
    paid: [[f64; 3]; 2],
    model: [[f64; 3]; 2],
    /// The propensities that were written down, which may be wrong.
    written: [[f64; 3]; 2],
}

const WORLD: World = World {
    logging: [[0.5, 0.3, 0.2], [0.1, 0.6, 0.3]],
    target: [[0.2, 0.2, 0.6], [0.7, 0.1, 0.2]],
    paid: [[0.1, 0.5, 0.8], [0.4, 0.2, 0.9]],
    model: [[0.3, 0.3, 0.3], [0.9, 0.0, 0.5]],
    written: [[0.5, 0.3, 0.2], [0.1, 0.6, 0.3]],
};

impl World {
    /// What the target policy earns: half of the people are of each kind.
    fn truth(&self) -> f64 {
        let of_kind =
            |kind: usize| (0..3).map(|a| self.target[kind][a] * self.paid[kind][a]).sum::<f64>();
        (of_kind(0) + of_kind(1)) / 2.0
    }

    /// Every single exposure that may be logged, with its chance.
    fn exposures(&self) -> Vec<(f64, Exposure<'_>)> {
        let mut all = Vec::new();
        for kind in 0..2 {
            for action in 0..3 {
                for (reward, chance) in
                    [(1.0, self.paid[kind][action]), (0.0, 1.0 - self.paid[kind][action])]
                {
                    let exposure = Exposure {
                        action,
                        logging: Logging::Every(&self.written[kind]),
                        reward,
                        target: &self.target[kind],
                        model: Some(&self.model[kind]),
                    };
                    all.push((0.5 * self.logging[kind][action] * chance, exposure));
                }
            }
        }
        all
    }

    /// The expectation of `of` over every log of two exposures.
    fn expected(&self, of: impl Fn(&OffPolicy) -> f64) -> f64 {
        let all = self.exposures();
        let pairs = all.iter().flat_map(|one| all.iter().map(move |other| (one, other)));
        pairs
            .map(|((p, one), (q, other))| {
                p * q * of(&off_policy(&[*one, *other], None, OffPolicyOptions::default()).unwrap())
            })
            .sum()
    }
}

#[test]
fn inverse_propensity_scores_are_the_truth_in_expectation() {
    assert!(near(WORLD.expected(|found| found.ips.value), WORLD.truth()));
    assert!(near(WORLD.expected(|found| found.weight_mean), 1.0));
}

#[test]
fn doubly_robust_is_the_truth_in_expectation_if_either_is_right() {
    let robust = |world: &World| world.expected(|found| found.doubly_robust.unwrap().value);
    assert!(near(robust(&WORLD), WORLD.truth()), "the propensities are right");
    let written = [[0.4, 0.4, 0.2], [0.3, 0.3, 0.4]];
    let modelled = World { model: WORLD.paid, written, ..WORLD };
    assert!(near(robust(&modelled), WORLD.truth()), "the model is right");
    let neither = World { written, ..WORLD };
    assert!((robust(&neither) - WORLD.truth()).abs() > 0.01);
}

#[test]
fn variances_are_the_true_ones_in_expectation() {
    // The variance of an estimate over all logs is what its squared standard error is in the mean.
    let holds = |of: &dyn Fn(&OffPolicy) -> PolicyValue| {
        let mean = WORLD.expected(|found| of(found).value);
        let variance = WORLD.expected(|found| (of(found).value - mean).powi(2));
        near(WORLD.expected(|found| of(found).standard_error.powi(2)), variance)
    };
    assert!(holds(&|found| found.ips));
    assert!(holds(&|found| found.doubly_robust.unwrap()));
}

#[test]
fn a_cap_makes_rewards_count_too_little_and_never_too_much() {
    let all = WORLD.exposures();
    let options = OffPolicyOptions { cap: Some(2.0) };
    let capped: f64 = all
        .iter()
        .flat_map(|one| all.iter().map(move |other| (one, other)))
        .map(|((p, one), (q, other))| {
            p * q * off_policy(&[*one, *other], None, options).unwrap().ips.value
        })
        .sum();
    assert!(capped < WORLD.truth() - 0.05, "{capped} {}", WORLD.truth());
}

proptest! {
    #[test]
    fn the_logging_policy_is_worth_what_it_earned(rewards in vec((0..3_usize, -2.0..2.0_f64), 2..40)) {
        let policy = [0.5, 0.25, 0.25];
        let log: Vec<Exposure<'_>> = rewards.iter().map(|(action, reward)| Exposure {
            action: *action, logging: Logging::Every(&policy), reward: *reward, target: &policy, model: None,
        }).collect();
        let found = off_policy(&log, None, OffPolicyOptions::default()).unwrap();
        let mean = rewards.iter().map(|row| row.1).sum::<f64>() / float(rewards.len());
        prop_assert!(near(found.ips.value, mean) && near(found.snips.value, mean));
        prop_assert!(near(found.ips.standard_error, found.snips.standard_error));
        prop_assert!(near(found.effective_sample_size, float(rewards.len())));
        prop_assert!(found.doubly_robust.is_none());
    }

    #[test]
    fn self_normalised_estimates_stay_among_the_rewards(
        rows in vec((0..2_usize, 0.05..1.0_f64, -3.0..3.0_f64), 2..40), more in -5.0..5.0_f64,
    ) {
        let both = rows.iter().any(|row| row.0 == 0) && rows.iter().any(|row| row.0 == 1);
        prop_assume!(both);
        let log = |more: f64| -> Vec<Exposure<'_>> {
            rows.iter().map(|(action, propensity, reward)| Exposure {
                action: *action, logging: Logging::Shown(*propensity), reward: reward + more, target: &TARGET, model: None,
            }).collect()
        };
        let found = off_policy(&log(0.0), None, OffPolicyOptions::default()).unwrap();
        let least = rows.iter().map(|row| row.2).fold(f64::INFINITY, f64::min);
        let most = rows.iter().map(|row| row.2).fold(f64::NEG_INFINITY, f64::max);
        prop_assert!((least - 1e-9..=most + 1e-9).contains(&found.snips.value));
        prop_assert!(found.effective_sample_size <= float(rows.len()) + 1e-9);
        // More for everyone is as much more.
        let moved = off_policy(&log(more), None, OffPolicyOptions::default()).unwrap();
        prop_assert!((moved.snips.value - found.snips.value - more).abs() < 1e-9);
    }
}

#[test]
fn what_the_log_cannot_answer_is_refused_with_its_row() {
    let log = log();
    let with = |row: usize, change: &dyn Fn(&mut Exposure<'static>)| {
        let mut changed = log.clone();
        change(&mut changed[row]);
        off_policy(&changed, None, OffPolicyOptions::default()).map(|_| ())
    };
    let logging = |row, logging| with(row, &move |exposure| exposure.logging = logging);
    let target = |row, target| with(row, &move |exposure| exposure.target = target);
    let model = |row, model| with(row, &move |exposure| exposure.model = model);
    #[rustfmt::skip]
    let table = [
        (logging(2, Logging::Missing),               Some(2), "propensity_missing"),
        (logging(1, Logging::Forced),                Some(1), "propensity_forced"),
        (logging(0, Logging::Shown(0.0)),            Some(0), "propensity_invalid"),
        (logging(0, Logging::Shown(-0.1)),           Some(0), "propensity_invalid"),
        (logging(3, Logging::Shown(1.1)),            Some(3), "propensity_invalid"),
        (logging(3, Logging::Shown(f64::NAN)),       Some(3), "propensity_invalid"),
        (logging(3, Logging::Every(&[0.5, 0.6])),    Some(3), "propensity_invalid"),
        (logging(3, Logging::Every(&[1.0])),         Some(3), "propensity_invalid"),
        (logging(3, Logging::Every(&[0.0, 1.0])),    Some(3), "propensity_invalid"),
        (logging(3, Logging::Every(&[1.0, 0.0])),    Some(3), "target_policy_unsupported"),
        (target(1, &[0.5, 0.6]),                     Some(1), "target_policy_invalid"),
        (target(1, &[-0.5, 1.5]),                    Some(1), "target_policy_invalid"),
        (target(1, &[1.0]),                          Some(1), "target_policy_invalid"),
        (target(1, &[0.0, f64::NAN]),                Some(1), "target_policy_invalid"),
        (with(2, &|exposure| exposure.action = 2),   Some(2), "action_unknown"),
        (with(2, &|exposure| { exposure.action = 2; exposure.logging = Logging::Every(&[0.5, 0.5]); }), Some(2), "action_unknown"),
        (with(2, &|exposure| exposure.reward = f64::INFINITY), Some(2), "reward_not_finite"),
        (model(3, None),                             Some(3), "reward_model_invalid"),
        (model(3, Some(&[0.5])),                     Some(3), "reward_model_invalid"),
        (model(3, Some(&[0.5, f64::NAN])),           Some(3), "reward_model_invalid"),
        (with(0, &|exposure| exposure.reward = f64::MAX), None, "evaluation_overflow"),
    ];
    for (result, row, code) in table {
        let error = result.unwrap_err();
        let found = match error {
            EvaluationError::Exposure { row, .. } => Some(row),
            _ => None,
        };
        assert_eq!((found, error.code()), (row, code), "{error}");
    }
}

#[test]
fn a_variant_that_logging_never_showed_cannot_be_judged() {
    let shown = |target| Exposure {
        action: 0,
        logging: Logging::Shown(1.0),
        reward: 1.0,
        target,
        model: None,
    };
    let error =
        off_policy(&[shown(&[1.0, 0.0]), shown(&TARGET)], None, OffPolicyOptions::default())
            .unwrap_err();
    let fault = PolicyFault::Unsupported { action: 1 };
    assert_eq!(error, EvaluationError::Exposure { row: 1, fault });
    assert_eq!(
        error.to_string(),
        "exposure 1 (counted from 0) could show action 1 under the target policy, which logging never shows"
    );
    // What the target never shows needs no support.
    assert!(off_policy(&[shown(&[1.0, 0.0]); 2], None, OffPolicyOptions::default()).is_ok());
}

#[test]
fn a_log_that_says_nothing_is_refused() {
    let log = log();
    let judge = |log: &[Exposure<'_>], users: Option<&Groups>, cap| {
        off_policy(log, users, OffPolicyOptions { cap }).map(|_| ())
    };
    let never = |action, target| Exposure {
        action,
        target,
        logging: Logging::Every(&[0.5, 0.5]),
        ..log[0]
    };
    let apart = [never(0, &[0.0, 1.0]), never(1, &[1.0, 0.0])];
    let one_user = Groups::of_sizes([4]);
    #[rustfmt::skip]
    let table = [
        (judge(&[], None, None),                               "rows_empty"),
        (judge(&log[..0], Some(&one_user), None),              "rows_empty"),
        (judge(&log[..3], Some(&one_user), None),              "groups_length"),
        (judge(&log, Some(&one_user), None),                   "off_policy_too_few"),
        (judge(&[Exposure { target: &[1.0, 0.0], ..log[0] }], None, None), "off_policy_too_few"),
        (judge(&apart, None, None),                            "off_policy_no_overlap"),
        (judge(&log, None, Some(0.0)),                         "off_policy_cap_invalid"),
        (judge(&log, None, Some(f64::NAN)),                    "off_policy_cap_invalid"),
    ];
    for (result, code) in table {
        assert_eq!(result.unwrap_err().code(), code);
    }
}
