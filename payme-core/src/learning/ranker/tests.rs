//! A ranker from samples to a verdict, on made-up people whose chances are known.

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::learning::random::Stream;
use crate::learning::train::{Newton, TrainError};
use crate::learning::{EvaluationError, Features, Guard, Outcome, Shown};
use crate::matching::{Signal, Variant};
use crate::types::{Instant, RunId, SettlementId, UserId};

/// The chance that money arrives: what a ranker has to find out.
fn chance(rules: f64, ease: f64) -> f64 {
    1.0 / (1.0 + (2.0 - 0.5 * rules - 5.0 * ease).exp())
}

/// So many people who were shown ten results each; ease decides, which the defaults hardly weigh.
fn people(count: u32, seed: u64) -> Vec<Sample> {
    let mut stream = Stream::new(seed);
    let mut all = Vec::new();
    for user in 0..count {
        for settlement in 0..10_u32 {
            let (rules, ease) = (stream.unit(), stream.unit());
            let is_paid = stream.unit() < chance(rules, ease);
            all.push(Sample {
                user_id: UserId::from_uuid(Uuid::from_u128(u128::from(user) + 1)),
                settlement_id: SettlementId::from_uuid(Uuid::from_u128(u128::from(settlement) + 1)),
                run_id: RunId::from_uuid(Uuid::from_u128(1)),
                shown: Some(Shown {
                    at: Instant::EPOCH.plus_micros(i64::from(user) * 3_600_000_000),
                    variant: Variant::RulesVectorRanker,
                    position: settlement + 1,
                    propensity: None,
                }),
                features: Features::default()
                    .with(Signal::RulesConfidence, rules)
                    .with(Signal::Similarity, 0.5)
                    .with(Signal::Ease, ease),
                outcome: if is_paid { Outcome::PaidOut } else { Outcome::NotPaidOut },
            });
        }
    }
    all
}

fn train(samples: &[Sample], options: &TrainingOptions) -> Result<Trained, RankerError> {
    train_ranker(&Newton, samples, &Weights::default(), options)
}

#[test]
fn what_decides_is_learnt_and_beats_the_defaults() {
    let samples = people(400, 1);
    let trained = train(&samples, &TrainingOptions::default()).unwrap();
    assert!(trained.judged.verdict.promoted, "{:?}", trained.judged.verdict);
    assert!(trained.convergence.is_converged && trained.calibrated.is_converged());
    let weight = |signal| trained.weights.values.get(signal);
    assert!((weight(Signal::Ease) - 5.0).abs() < 0.6, "{:?}", trained.weights);
    assert!(trained.judged.metrics.precision_at_5 > trained.judged.champion.precision_at_5 + 0.1);
    assert!(trained.judged.metrics.brier < trained.judged.champion.brier);
    // What is held out is of others, and the counts add up.
    let counts = trained.counts;
    assert_eq!((counts.samples, counts.labelled), (4_000, 4_000));
    assert_eq!(counts.train_rows + counts.test_rows, 4_000);
    assert_eq!(counts.train_users + counts.test_users, 400);
    let of = |table: &SampleTable| -> std::collections::BTreeSet<UserId> {
        table.samples().iter().map(|sample| sample.user_id).collect()
    };
    assert!(of(&trained.parts.train).is_disjoint(&of(&trained.parts.test)));
}

#[test]
fn the_weights_score_as_they_were_judged() {
    let trained = train(&people(200, 2), &TrainingOptions::default()).unwrap();
    let read = Weights::from_json(trained.weights.to_json().as_bytes()).unwrap();
    let again = ModelScores::new(&read, &trained.parts.test);
    let metrics = RankerMetrics::new(&again, &trained.parts.test, 0, trained.counts).unwrap();
    assert_eq!(metrics, trained.judged.metrics);
    let record = trained.record();
    let members = record.to_map();
    assert_eq!(TrainingRecord::from_map(&members).unwrap(), record);
    assert_eq!(RankerMetrics::from_map(&members).unwrap(), trained.judged.metrics);
    assert_eq!(members["verdict"]["checks"][0]["is_met"], serde_json::Value::Bool(true));
    // The same people are held out again.
    let (samples, champion) = (people(200, 2), Weights::default());
    let policy = PromotionPolicy::default();
    let judged = judge_trained(&trained.weights, &record, &champion, &samples, &policy).unwrap();
    assert_eq!(judged, trained.judged);
    let parts = record.training.holdout.part(&samples, record.training.signals).unwrap();
    assert_eq!(parts, trained.parts);
}

#[test]
fn weights_that_are_no_better_stay_where_they_are() {
    let samples = people(400, 3);
    let first = train(&samples, &TrainingOptions::default()).unwrap();
    let champion = Weights { version: 7, ..first.weights.clone() };
    for policy in [PromotionPolicy::Strict, PromotionPolicy::default()] {
        let options = TrainingOptions { policy, ..TrainingOptions::default() };
        let again = train_ranker(&Newton, &samples, &champion, &options).unwrap();
        assert_eq!(again.weights.values, first.weights.values);
        assert!(!again.judged.verdict.promoted && again.judged.champion.weights_version == 7);
        // Whoever came into force meanwhile is who has to be beaten.
        assert!(again.against(&Weights::default()).unwrap().judged.verdict.promoted);
        assert!(!first.clone().against(&champion).unwrap().judged.verdict.promoted);
    }
}

#[test]
fn a_fit_that_did_not_converge_is_never_promoted() {
    let mut options = TrainingOptions { policy: PromotionPolicy::Strict, ..Default::default() };
    options.fit.iterations_max = 1;
    let trained = train(&people(400, 1), &options).unwrap();
    assert!(!trained.convergence.is_converged && !trained.judged.verdict.promoted);
    let refusals: Vec<String> =
        trained.judged.verdict.refusals().map(ToString::to_string).collect();
    assert_eq!(refusals, ["a fit that has converged, which it had not after 1 steps"]);
    assert!(!trained.clone().against(&Weights::default()).unwrap().judged.verdict.promoted);
    let (record, samples) = (trained.record(), people(400, 1));
    let (weights, champion) = (&trained.weights, Weights::default());
    let judged = judge_trained(weights, &record, &champion, &samples, &options.policy).unwrap();
    assert!(!judged.verdict.promoted);
}

#[test]
fn by_time_the_last_are_held_out_and_nothing_is_learnt_of_them() {
    let mut samples = people(100, 4);
    // The last person was shown something on the first day, too.
    if let Some(shown) = samples.last_mut().and_then(|sample| sample.shown.as_mut()) {
        shown.at = Instant::EPOCH;
    }
    let holdout = Holdout::Time { share: 0.25, seed: 1, from: None };
    let parts = holdout.part(&samples, SignalSet::Baseline).unwrap();
    assert_eq!((parts.train.labels().len(), parts.test.labels().len()), (740, 259));
    let latest = parts.train.samples().iter().filter_map(|sample| sample.shown).map(|s| s.at).max();
    let first = parts.test.samples().iter().filter_map(|sample| sample.shown).map(|s| s.at).min();
    assert!(latest < first);
    let options = TrainingOptions { holdout, ..TrainingOptions::default() };
    let trained = train(&samples, &options).unwrap();
    assert!(trained.judged.metrics.auc > 0.7);
    // Judged again with what was shown before, nobody who was learnt from is among the judges.
    let mut more = people(300, 5);
    for (at, sample) in more.iter_mut().enumerate() {
        sample.user_id = UserId::from_uuid(Uuid::from_u128(9_000 + at as u128 / 10));
        if let Some(shown) = sample.shown.as_mut() {
            shown.at = Instant::EPOCH;
        }
    }
    more.extend_from_slice(&samples);
    let holdout = trained.record().training.holdout;
    let again = holdout.part(&more, SignalSet::Evidence).unwrap();
    let learnt: std::collections::BTreeSet<UserId> =
        trained.parts.train.samples().iter().map(|sample| sample.user_id).collect();
    assert!(again.test.samples().iter().all(|sample| !learnt.contains(&sample.user_id)));
    assert_eq!(again.test.labels().len(), 250);
    samples[3].shown = None;
    assert_eq!(train(&samples, &options), Err(RankerError::Undated { index: 3 }));
}

#[test]
fn what_cannot_be_learnt_from_is_refused() {
    let all = |outcome| -> Vec<Sample> {
        people(40, 5).into_iter().map(|sample| Sample { outcome, ..sample }).collect()
    };
    let options = TrainingOptions::default();
    let refused = |samples: &[Sample], options| train(samples, options).unwrap_err().code();
    assert_eq!(train(&[], &options), Err(RankerError::Unlabelled { samples: 0 }));
    let pending = train(&all(Outcome::Pending), &options);
    assert_eq!(pending, Err(RankerError::Unlabelled { samples: 400 }));
    let one_class = train(&all(Outcome::Ignored), &options);
    assert_eq!(one_class, Err(RankerError::Train(TrainError::OneClass(false))));
    assert_eq!(refused(&people(1, 6), &options), "split_side_empty");
    for share in [0.0, 1.0, f64::NAN, -1.0] {
        for holdout in
            [Holdout::Users { share, seed: 1 }, Holdout::Time { share, seed: 1, from: None }]
        {
            let options = TrainingOptions { holdout, ..TrainingOptions::default() };
            let share = RankerError::Evaluation(EvaluationError::Share);
            assert_eq!(train(&people(9, 6), &options), Err(share));
        }
    }
    let guard = Guard { brier_margin: -1.0, ..Guard::default() };
    let odd = TrainingOptions { policy: PromotionPolicy::Guarded(guard), ..Default::default() };
    assert_eq!(refused(&people(40, 7), &odd), "margin_invalid");
    let rate = TrainingOptions { error_rate: 0.0, ..TrainingOptions::default() };
    assert_eq!(refused(&people(40, 7), &rate), "error_rate_out_of_range");
}

#[test]
fn a_calibration_without_enough_people_is_left_away_and_said() {
    // One person to learn from cannot be folded.
    let samples = people(2, 8);
    let seed = (0..).find(|seed| {
        let parts = Holdout::Users { share: 0.5, seed: *seed }.part(&samples, SignalSet::Baseline);
        parts.is_ok()
    });
    let holdout = Holdout::Users { share: 0.5, seed: seed.unwrap() };
    let mut options = TrainingOptions { holdout, ..TrainingOptions::default() };
    let trained = train(&samples, &options).unwrap();
    assert!(matches!(trained.calibrated, Calibrated::Refused(EvaluationError::Folds { .. })));
    assert!(trained.calibrated.to_string().starts_with("none ("), "{}", trained.calibrated);
    assert!(!trained.judged.verdict.promoted);
    options.calibration = CalibrationKind::None;
    assert_eq!(train(&samples, &options).unwrap().calibrated, Calibrated::NotAsked);
    for kind in CalibrationKind::ALL {
        let options = TrainingOptions { calibration: *kind, ..TrainingOptions::default() };
        let trained = train(&people(150, 9), &options).unwrap();
        let is_none = *kind == CalibrationKind::None;
        let told = trained.calibrated.to_string();
        assert_eq!(told, if is_none { "none" } else { kind.as_str() });
        let found = trained.calibrated.calibration().map(Calibration::kind);
        assert_eq!(found, (!is_none).then_some(kind.as_str()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn the_order_of_the_samples_changes_nothing(seed in any::<u64>(), turn in 0_usize..600) {
        let mut samples = people(60, seed);
        let trained = train(&samples, &TrainingOptions::default());
        samples.rotate_left(turn);
        prop_assert_eq!(train(&samples, &TrainingOptions::default()), trained);
    }

    #[test]
    fn nothing_is_promoted_that_strict_refuses(seed in any::<u64>(), count in 20_u32..120) {
        let samples = people(count, seed);
        let of = |policy| train(&samples, &TrainingOptions { policy, ..Default::default() });
        let (strict, guarded) = (of(PromotionPolicy::Strict), of(PromotionPolicy::default()));
        prop_assert!(strict.unwrap().judged.verdict.promoted || !guarded.unwrap().judged.verdict.promoted);
    }
}
