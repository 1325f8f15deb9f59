//! The driver of learning: what was shown, what is exported, and a ranker that goes live.
#![cfg(all(
    feature = "artifacts",
    feature = "driver",
    feature = "memory",
    feature = "sqlite",
    feature = "system"
))]
#![allow(clippy::unwrap_used, reason = "a test that fails should say where")]

use std::sync::Arc;

use payme_adapters::artifacts::{Artifacts, RetrainError};
use payme_adapters::driver::{Driver, DriverError, ExportReport, MatchOptions};
use payme_adapters::store::memory::MemoryStore;
use payme_adapters::store::sqlite::SqliteStore;
use payme_adapters::system::{FixedClock, SystemRandom};
use payme_core::audit::EventBody;
use payme_core::catalog::parse_settlements;
use payme_core::claims::{Claim, ClaimState};
use payme_core::evidence::parse_person_line;
use payme_core::learning::train::Newton;
use payme_core::learning::{Outcome, PromotionPolicy, Retrain, Sample, TrainingOptions};
use payme_core::matching::{Signal, Variant};
use payme_core::ports::{Commit, Store};
use payme_core::ranking::Weights;
use payme_core::types::{Instant, RunId, SettlementId, UserId};

const NOW: &str = "2026-02-01T00:00:00Z";

fn user(n: usize) -> UserId {
    format!("00000000-0000-4000-8000-{n:012}").parse().unwrap()
}

/// People who match three settlements; what is easy to claim is paid, and the rest is not.
async fn world(store: Arc<dyn Store>, people: usize) -> Driver {
    let clock = FixedClock(Instant::parse(NOW).unwrap());
    let driver = Driver::new(store, Arc::new(clock), Arc::new(SystemRandom::default()));
    let settlements = r#"[
        {"title": "Hard", "proof": "required", "payout_max_cents": 900000,
         "eligibility": {"required_features": ["merchant:uber"], "states": []}},
        {"title": "Harder", "proof": "required", "payout_max_cents": 800000,
         "eligibility": {"required_features": ["merchant:uber"], "states": []}},
        {"title": "Easy", "proof": "none", "payout_max_cents": 500,
         "eligibility": {"required_features": ["merchant:uber"], "states": []}}]"#;
    let settlements = parse_settlements(settlements.as_bytes()).unwrap().all().unwrap();
    driver.import_settlements(settlements.clone()).await.unwrap();
    let person = |n| {
        let confidence = 0.5 + 0.4 * f64::from(u32::try_from(n).unwrap() % 7) / 7.0;
        let text = format!(
            r#"{{"user_id": "{}", "features": [{{"key": "merchant:uber", "source": "plaid", "confidence": {confidence}}}]}}"#,
            user(n)
        );
        parse_person_line(&text, 1).unwrap()
    };
    driver.import_features((1..=people).map(person).collect()).await.unwrap();
    driver.match_everybody(&MatchOptions::default(), false, |_| {}).await.unwrap();
    for n in 1..=people {
        for (settlement, state) in
            [(&settlements[2], ClaimState::PaidOut), (&settlements[0], ClaimState::NotPaidOut)]
        {
            let claim = Claim { state, ..Claim::matched(user(n), settlement.id, driver.now()) };
            assert_eq!(driver.store().commit_claim(&claim, &[]).await, Ok(Commit::Done));
        }
    }
    driver
}

async fn exported(driver: &Driver) -> (Vec<Sample>, ExportReport) {
    let mut all = Vec::new();
    let report = driver
        .export_samples(|samples: &[Sample]| -> Result<(), DriverError> {
            all.extend_from_slice(samples);
            Ok(())
        })
        .await
        .unwrap();
    (all, report)
}

#[tokio::test]
async fn an_export_holds_what_was_shown_and_what_came_of_it() {
    let sqlite = SqliteStore::open("sqlite::memory:").await.unwrap();
    for store in [Arc::new(MemoryStore::new()) as Arc<dyn Store>, Arc::new(sqlite)] {
        let driver = world(store, 2).await;
        let (samples, report) = exported(&driver).await;
        assert_eq!(report, ExportReport { samples: 6, positive: 2, negative: 4 });
        assert_eq!(report.retrain(), Retrain::FewLabels { labels: 6 });
        assert_eq!(report.to_string(), "6 samples, 6 with a label, 2 of them paid");
        let outcomes = |wanted| samples.iter().filter(|one| one.outcome == wanted).count();
        assert_eq!(
            [Outcome::PaidOut, Outcome::NotPaidOut, Outcome::Ignored].map(outcomes),
            [2, 2, 2]
        );
        let mut positions: Vec<u32> = samples
            .iter()
            .filter(|one| one.user_id == user(1))
            .map(|one| one.shown.unwrap().position)
            .collect();
        positions.sort_unstable();
        assert_eq!(positions, [1, 2, 3]);
        assert!(samples.iter().all(|one| one.shown.unwrap().propensity == Some(1.0 / 3.0)));
        assert!(samples.iter().all(|one| one.features.get(Signal::Ease).is_some()));

        // Of what was not seen nothing is known.
        let first = samples.iter().find(|one| one.user_id == user(1)).unwrap().run_id;
        for (shown, seen) in [(1, 1), (0, 1), (2, 2)] {
            let impression = driver.record_shown(first, shown).await.unwrap();
            assert_eq!(impression.shown, seen, "who saw more has seen that");
        }
        assert_eq!(exported(&driver).await.1.samples, 5);

        // A variant that somebody chose has no propensity, and the newest run speaks.
        let forced = MatchOptions { variant: Some(Variant::RulesOnly), ..MatchOptions::default() };
        let run = driver.match_stored_user(user(1), &forced).await.unwrap().run;
        assert_eq!(exported(&driver).await.1.samples, 5, "a run that nobody saw adds nothing");
        driver.record_shown(run.id, 3).await.unwrap();
        let (samples, report) = exported(&driver).await;
        assert_eq!(report.samples, 6);
        let of_run: Vec<&Sample> = samples.iter().filter(|one| one.run_id == run.id).collect();
        assert_eq!(of_run.len(), 3);
        assert!(of_run.iter().all(|one| one.shown.unwrap().propensity.is_none()));

        let kinds: Vec<EventBody> = driver
            .store()
            .events_after(0, 99)
            .await
            .unwrap()
            .into_iter()
            .map(|one| one.event.body)
            .collect();
        let exports =
            kinds.iter().filter(|body| matches!(body, EventBody::MlExportCompleted { .. })).count();
        let shown =
            kinds.iter().filter(|body| matches!(body, EventBody::ResultsShown { .. })).count();
        assert_eq!((exports, shown), (4, 3));

        let unknown =
            driver.record_shown(RunId::from_uuid(samples[0].user_id.uuid()), 1).await.unwrap_err();
        assert_eq!(unknown.code(), "unknown_run");
        for shown in [4, u32::MAX] {
            let many = driver.record_shown(first, shown).await.unwrap_err();
            assert_eq!(many.code(), "shown_too_many");
        }
    }
}

#[tokio::test]
async fn an_export_that_is_cut_short_is_not_logged() {
    let driver = world(Arc::new(MemoryStore::new()), 1).await;
    let before = driver.store().events_after(0, 99).await.unwrap().len();
    let refused = driver.export_samples(|_: &[Sample]| Err(DriverError::Contention)).await;
    assert_eq!(refused.unwrap_err().code(), "contention");
    assert_eq!(driver.store().events_after(0, 99).await.unwrap().len(), before);
}

#[tokio::test]
async fn a_ranker_that_is_better_goes_live_and_the_same_again_does_not() {
    let driver = world(Arc::new(MemoryStore::new()), 200).await;
    let (samples, report) = exported(&driver).await;
    assert_eq!(report.retrain(), Retrain::Due);
    let dir = tempfile::TempDir::new().unwrap();
    let artifacts = Artifacts::open(dir.path()).unwrap();
    // With three results each, precision at 5 is the same in any order: judged on those shown first.
    let cut: Vec<Sample> = samples
        .iter()
        .flat_map(|one| {
            // The same person with further results that were ignored, as hard as the hard one.
            (0..6_u128).map(move |n| match n {
                0 => *one,
                n => Sample {
                    settlement_id: SettlementId::from_uuid(uuid::Uuid::from_u128(
                        one.settlement_id.uuid().as_u128() ^ n,
                    )),
                    outcome: Outcome::Ignored,
                    features: one.features.with(Signal::Ease, 0.1),
                    ..*one
                },
            })
        })
        .collect();
    let options = TrainingOptions::default();
    let first = artifacts.retrain(&Newton, &cut, &options).unwrap();
    assert!(first.promoted && first.weights_version == 1, "{:?}", first.trained.judged.verdict);
    driver.log_retrain(&first).await.unwrap();
    let active = artifacts.active().unwrap().unwrap();
    assert_eq!((active.version, &active.values), (1, &first.trained.weights.values));
    assert!(active.values.get(Signal::Ease) > 1.0);
    let told = first.to_json();
    assert_eq!((&told["promoted"], &told["weights_version"]), (&true.into(), &1.into()));
    assert_eq!(told["previous_metrics"]["weights_version"], 0);
    assert_eq!(told["new_metrics"]["verdict"]["promoted"], true);
    assert_eq!(
        artifacts.metrics(1).unwrap()["precision_at_5"],
        told["new_metrics"]["precision_at_5"]
    );

    for policy in [PromotionPolicy::Strict, PromotionPolicy::default()] {
        let options = TrainingOptions { policy, ..TrainingOptions::default() };
        let again = artifacts.retrain(&Newton, &cut, &options).unwrap();
        assert!(!again.promoted);
        driver.log_retrain(&again).await.unwrap();
    }
    assert_eq!(artifacts.versions().unwrap(), [1, 2, 3]);
    assert_eq!(artifacts.active().unwrap().unwrap().version, 1);
    let events = driver.store().events_after(0, 9_999).await.unwrap();
    let logged: Vec<(bool, u32)> = events
        .iter()
        .filter_map(|one| match &one.event.body {
            EventBody::MlRetrainCompleted { promoted, weights_version, .. } => {
                Some((*promoted, *weights_version))
            }
            _ => None,
        })
        .collect();
    assert_eq!(logged, [(true, 1), (false, 2), (false, 3)]);
}

#[test]
fn what_cannot_be_learnt_from_stores_nothing() {
    let dir = tempfile::TempDir::new().unwrap();
    let artifacts = Artifacts::open(dir.path()).unwrap();
    let refused = artifacts.retrain(&Newton, &[], &TrainingOptions::default()).unwrap_err();
    assert!(matches!(refused, RetrainError::Ranker(_)) && refused.code() == "samples_unlabelled");
    assert_eq!(artifacts.versions().unwrap(), [0; 0]);
    assert_eq!(artifacts.champion().unwrap(), Weights::default(), "whatever is learnt from");
}
