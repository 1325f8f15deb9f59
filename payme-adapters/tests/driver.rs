//! The driver: what it decides anew, what it takes up again, what it refuses.
#![cfg(all(feature = "driver", feature = "memory", feature = "sqlite", feature = "system"))]
#![allow(clippy::unwrap_used, reason = "a test that fails should say where")]

use std::collections::BTreeSet;
use std::sync::Arc;

use payme_adapters::driver::{Driver, DriverError, MatchOptions, match_each};
use payme_adapters::store::memory::MemoryStore;
use payme_adapters::store::sqlite::SqliteStore;
use payme_adapters::system::{FixedClock, SystemRandom};
use payme_core::audit::EventBody;
use payme_core::catalog::{CatalogIndex, Settlement, parse_settlements};
use payme_core::evidence::{UserFeatures, parse_person_line};
use payme_core::matching::{ExperimentKey, MatchScope, Variant, assign};
use payme_core::ports::{EventStore as _, EvidenceStore as _, MatchStore as _, Store};
use payme_core::ranking::{MatchRequest, Preference, Weights, match_one};
use payme_core::sync::{Message, Page, Record, record_id};
use payme_core::types::{Instant, SettlementId, Source, UserId};

fn driver() -> (Driver, Arc<MemoryStore>) {
    let store = Arc::new(MemoryStore::new());
    (driver_over(store.clone()), store)
}

fn driver_over(store: Arc<dyn Store>) -> Driver {
    let clock = FixedClock(Instant::parse("2026-02-01T00:00:00Z").unwrap());
    Driver::new(store, Arc::new(clock), Arc::new(SystemRandom::default()))
}

fn user(n: usize) -> UserId {
    format!("00000000-0000-4000-8000-{n:012}").parse().unwrap()
}

fn person(n: usize) -> UserFeatures {
    let text = format!(
        r#"{{"user_id": "{}", "features": [{{"key": "merchant:uber", "source": "plaid", "confidence": 0.8}}]}}"#,
        user(n)
    );
    parse_person_line(&text, 1).unwrap()
}

fn settlements(text: &str) -> Vec<Settlement> {
    parse_settlements(text.as_bytes()).unwrap().all().unwrap()
}

fn rides() -> Vec<Settlement> {
    settlements(
        r#"[{"title": "Rides", "eligibility": {"required_features": ["merchant:uber"], "states": []}}]"#,
    )
}

async fn kinds(store: &dyn Store) -> Vec<&'static str> {
    let events = store.events_after(0, usize::MAX).await.unwrap();
    events.iter().map(|one| one.event.body.kind()).collect()
}

#[tokio::test]
async fn the_first_assignment_sticks_and_a_forced_one_replaces_it() {
    let (driver, store) = driver();
    let key = ExperimentKey::default();
    let first = driver.assign_variant(user(1), &key, None).await.unwrap();
    assert_eq!((first.variant, first.forced), (assign(user(1), &key), false));
    assert_eq!(driver.assign_variant(user(1), &key, None).await.unwrap(), first);
    assert_eq!(
        kinds(store.as_ref()).await,
        ["experiment_exposed"],
        "reading it again is no exposure"
    );
    let forced = driver.assign_variant(user(1), &key, Some(Variant::RulesOnly)).await.unwrap();
    assert!(forced.forced);
    assert_eq!(driver.assign_variant(user(1), &key, None).await.unwrap(), forced);
    driver.assign_variant(user(1), &key, Some(Variant::RulesOnly)).await.unwrap();
    assert_eq!(kinds(store.as_ref()).await.len(), 2, "forcing the same again changes nothing");
}

#[tokio::test]
async fn a_run_is_stored_between_its_two_events() {
    let (driver, store) = driver();
    driver.import_settlements(rides()).await.unwrap();
    driver.import_features(vec![person(1)]).await.unwrap();
    let matched = driver.match_stored_user(user(1), &MatchOptions::default()).await.unwrap();
    assert_eq!(store.newest_run(user(1)).await.unwrap(), Some(matched.run.clone()));
    assert_eq!(matched.run.metadata.feature_count, 1);
    let events = store.events_after(0, usize::MAX).await.unwrap();
    let last: Vec<_> = events.iter().rev().take(2).map(|one| one.event.body.clone()).collect();
    let run_id = matched.run.id;
    assert_eq!(
        last,
        [
            EventBody::MatchRunCompleted { run_id, candidate_count: 1, result_count: 1 },
            EventBody::MatchRunStarted { run_id, variant: matched.run.variant },
        ]
    );
}

#[tokio::test]
async fn what_is_not_known_is_refused() {
    let (driver, store) = driver();
    let nothing = SettlementId::from_uuid(user(9).uuid());
    let unknown = driver.match_stored_user(user(1), &MatchOptions::default()).await.unwrap_err();
    assert!(matches!(unknown, DriverError::UnknownUser(id) if id == user(1)));
    assert_eq!(unknown.code(), "unknown_user");
    driver.import_features(vec![person(1)]).await.unwrap();
    let events = kinds(store.as_ref()).await.len();
    for error in [
        driver.explain_stored(user(1), nothing, &MatchOptions::default()).await.unwrap_err(),
        driver.set_preference(user(1), nothing, Preference::unpin).await.unwrap_err(),
    ] {
        assert_eq!(error.code(), "unknown_settlement", "{error}");
    }
    assert_eq!(kinds(store.as_ref()).await.len(), events);
}

#[tokio::test]
async fn records_and_the_persons_state_go_in_one_transaction() {
    let (driver, store) = driver();
    let import = async |state: Option<&str>| {
        let state = state.map(|code| code.parse().unwrap());
        driver.import_records_and_state(user(1), state, Source::Plaid, Vec::new()).await.unwrap();
    };
    import(None).await;
    assert_eq!(kinds(store.as_ref()).await, ["person_changed"], "the person is new");
    import(Some("CA")).await;
    import(Some("CA")).await;
    import(None).await;
    assert_eq!(kinds(store.as_ref()).await.len(), 2, "the state was stored once, and stays");
    let stored = store.evidence(user(1)).await.unwrap().unwrap();
    assert_eq!(stored.person.state, "CA".parse().ok());
}

#[tokio::test]
async fn a_preference_that_says_nothing_new_is_not_written() {
    let (driver, store) = driver();
    driver.import_settlements(rides()).await.unwrap();
    driver.import_features(vec![person(1)]).await.unwrap();
    let id = rides()[0].id;
    driver.set_preference(user(1), id, |said| said.pin(Some(1))).await.unwrap();
    driver.set_preference(user(1), id, |said| said.pin(Some(1))).await.unwrap();
    let count =
        kinds(store.as_ref()).await.iter().filter(|kind| **kind == "preference_set").count();
    assert_eq!(count, 1);
}

#[tokio::test]
async fn a_catalogue_that_names_a_new_brand_reads_the_mail_anew() {
    let (driver, store) = driver();
    let message = Record::Message(Message {
        id: record_id(user(1), Source::Gmail, "m1"),
        date: None,
        subject: "Your Pear Tree Farms order".to_owned(),
        snippet: String::new(),
        extra: None,
    });
    let page = Page::list(vec![message]);
    driver.import_records(user(1), Source::Gmail, vec![page]).await.unwrap();
    let brand = settlements(
        r#"[{"title": "Pears", "covered_brands": ["Pear Tree Farms"],
             "eligibility": {"required_features": ["merchant:pear_tree_farms"], "states": []}}]"#,
    );
    let report = driver.import_settlements(brand.clone()).await.unwrap();
    assert_eq!((report.added, report.people_refreshed), (1, 1));
    let matched = driver.match_stored_user(user(1), &MatchOptions::default()).await.unwrap();
    assert_eq!(matched.run.candidate_count, 1);
    let events = kinds(store.as_ref()).await.len();
    assert_eq!(driver.import_settlements(brand).await.unwrap().unchanged, 1);
    assert_eq!(kinds(store.as_ref()).await.len(), events, "the second import changes nothing");
}

#[tokio::test]
async fn imports_side_by_side_come_to_what_they_come_to_one_after_the_other() {
    let brand = |n: usize| {
        let text = format!(
            r#"[{{"title": "S{n}", "covered_brands": ["Pear {n}"],
                 "eligibility": {{"required_features": ["merchant:pear_{n}"], "states": []}}}}]"#
        );
        settlements(&text)
    };
    let mail = |n: usize| {
        let message = |brand: usize| {
            Record::Message(Message {
                id: record_id(user(n), Source::Gmail, &format!("m{brand}")),
                date: None,
                subject: format!("Your Pear {brand} order"),
                snippet: String::new(),
                extra: None,
            })
        };
        vec![Page::list((0..3).map(message).collect())]
    };
    for round in 0..10 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("payme.db");
        let open = async || {
            let store = SqliteStore::open(path.to_str().unwrap()).await.unwrap();
            (driver_over(Arc::new(store.clone())), store)
        };
        let [(a, store), (b, _), (c, _), (d, _)] =
            [open().await, open().await, open().await, open().await];
        // Another order in each round of who gets ahead.
        let wait = async |turn: u64| {
            tokio::time::sleep(std::time::Duration::from_millis((turn * round) % 7)).await;
        };
        let (first, second, third, fourth) = tokio::join!(
            async {
                wait(1).await;
                a.import_settlements(brand(0)).await
            },
            async {
                wait(2).await;
                b.import_settlements(brand(1)).await
            },
            async {
                wait(3).await;
                c.import_records(user(1), Source::Gmail, mail(1)).await
            },
            async {
                wait(5).await;
                d.import_records(user(2), Source::Gmail, mail(2)).await
            },
        );
        first.unwrap();
        second.unwrap();
        third.unwrap();
        fourth.unwrap();
        for n in [1, 2] {
            let found = store.user_features(user(n)).await.unwrap().unwrap();
            let keys: Vec<_> = found.keys().map(ToString::to_string).collect();
            assert_eq!(keys, ["merchant:pear_0", "merchant:pear_1"], "round {round}, user {n}");
        }
        store.close().await;
    }
}

#[tokio::test]
async fn a_run_over_everybody_that_was_cut_short_is_taken_up_where_it_stopped() {
    const PEOPLE: usize = 700;
    let store = Arc::new(SqliteStore::open("sqlite::memory:").await.unwrap());
    let driver = driver_over(store.clone());
    driver.import_settlements(rides()).await.unwrap();
    driver.import_features((0..PEOPLE).map(person).collect()).await.unwrap();
    let options = MatchOptions::default();
    let stop = tokio::sync::Notify::new();
    let mut pages = 0;
    let run = driver.match_everybody(&options, false, |_| {
        pages += 1;
        if pages == 1 {
            stop.notify_one();
        }
    });
    // The first page is stored and then the call is dropped, as when its process is stopped.
    let cut_short = tokio::select! {
        biased;
        () = stop.notified() => true,
        _ = run => false,
    };
    assert!(cut_short);
    let report = driver.match_everybody(&options, false, |_| {}).await.unwrap();
    assert_eq!((report.done, report.resumed_after), (PEOPLE, 256));
    let mut runs = BTreeSet::new();
    for n in 0..PEOPLE {
        runs.insert(store.newest_run(user(n)).await.unwrap().unwrap().id);
    }
    assert_eq!(runs.len(), PEOPLE);
    let kinds = kinds(store.as_ref()).await;
    let started = kinds.iter().filter(|kind| **kind == "match_run_started").count();
    assert_eq!(started, PEOPLE, "nobody is matched twice in one batch");
    let exposed = kinds.iter().filter(|kind| **kind == "experiment_exposed").count();
    assert_eq!(exposed, PEOPLE);
}

#[tokio::test]
async fn everybody_is_asked_about_a_settlement_once_and_nothing_is_written() {
    const PEOPLE: usize = 2_100;
    let (driver, store) = driver();
    driver.import_features((0..PEOPLE).map(person).collect()).await.unwrap();
    let before = kinds(store.as_ref()).await.len();
    let mut places = Vec::new();
    let options = MatchOptions { top_n: 3, ..MatchOptions::default() };
    let [rides, rides_again] = [rides(), rides()].map(|mut list| list.remove(0));
    let asked = vec![rides.clone(), rides_again];
    let found = driver.reverse(asked, &options, |at| places.push((at.done, at.total))).await;
    let [found, again] = found.unwrap().try_into().unwrap();
    assert_eq!(found, again);
    assert_eq!((found.people, found.eligible_count, found.unknown_count), (PEOPLE, PEOPLE, 0));
    let best: Vec<UserId> = found.eligible.iter().map(|one| one.user_id).collect();
    assert_eq!(best, [user(0), user(1), user(2)], "equal scores go by id");
    assert_eq!(places, [(1_024, PEOPLE), (2_048, PEOPLE), (PEOPLE, PEOPLE)]);
    let unknown = driver.reverse_stored(rides.id, &options, |_| {}).await.unwrap_err();
    assert_eq!(unknown.code(), "unknown_settlement", "asking stores nothing");
    assert_eq!(kinds(store.as_ref()).await.len(), before);
    driver.import_settlements(vec![rides.clone()]).await.unwrap();
    assert_eq!(driver.reverse_stored(rides.id, &options, |_| {}).await.unwrap(), found);
}

#[test]
fn people_with_variants_of_their_own_match_as_each_does_alone() {
    let index = CatalogIndex::new(rides());
    let request = MatchRequest {
        variant: Variant::RulesOnly,
        weights: Weights::default(),
        scope: MatchScope {
            now: Instant::parse("2026-02-01T00:00:00Z").unwrap(),
            include_closed: false,
        },
        top_n: 20,
        near_misses: true,
    };
    let people: Vec<_> = (0..100).map(|n| (person(n), Variant::ALL[n * n % 3])).collect();
    let matched = match_each(&index, people.clone(), &request);
    assert_eq!(matched.len(), people.len());
    for ((user, variant), (same, outcome)) in people.iter().zip(&matched) {
        assert_eq!(user, same);
        let alone = match_one(&index, user, &MatchRequest { variant: *variant, ..request.clone() });
        assert_eq!(outcome, &alone);
    }
}
