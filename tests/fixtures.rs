//! The fixtures and the real material, from files to matches, against tables written by a second
//! implementation in another language.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails should say where")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use payme::catalog::parse_settlements;
use payme::driver::MatchOptions;
use payme::files::{read_messages, read_transactions};
use payme::system::FixedClock;
use payme::types::{Instant, Person, SettlementId, Source, State, UserId};
use payme::{Config, Payme};
use serde::Deserialize;
use support::{NOW, fixtures, real_data};

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

async fn engine(settlement_files: &[PathBuf]) -> Payme {
    let clock = FixedClock(Instant::parse(NOW).unwrap());
    let config = Config {
        database: "sqlite::memory:".to_owned(),
        clock: std::sync::Arc::new(clock),
        ..Config::default()
    };
    let payme = Payme::open(config).await.unwrap();
    for file in settlement_files {
        let rows = parse_settlements(&fs::read(file).unwrap()).unwrap().all().unwrap();
        payme.import_settlements(rows).await.unwrap();
    }
    payme
}

async fn take_in(payme: &Payme, user: UserId, source: Source, file: &Path) {
    let bytes = fs::read(file).unwrap();
    let read = match source {
        Source::Plaid => read_transactions(&bytes, user).unwrap(),
        Source::Gmail => read_messages(&bytes, user).unwrap(),
    };
    assert_eq!(read.refused, [], "{}", file.display());
    payme.import_records(user, source, read.pages).await.unwrap();
}

/// What a person is eligible for: by title, for each required feature how many records there are.
type Eligible = BTreeMap<String, BTreeMap<String, usize>>;
type NearMisses = BTreeMap<String, Vec<String>>;

async fn matched(payme: &Payme, user: UserId, include_closed: bool) -> (Eligible, NearMisses) {
    let options = MatchOptions {
        top_n: usize::MAX,
        include_closed,
        near_misses: true,
        ..MatchOptions::default()
    };
    let found = payme.match_stored_user(user, &options).await.unwrap();
    let catalog = payme.store().catalog().await.unwrap();
    let title = |id: &SettlementId| catalog[id].1.title.clone();
    let mut eligible = Eligible::new();
    for result in &found.run.results {
        let mut behind = BTreeMap::new();
        for key in &result.reasons.matched_features {
            let support = payme.store().support(user, key, Source::Plaid).await.unwrap();
            behind.insert(key.to_string(), support.len());
        }
        eligible.insert(title(&result.settlement_id), behind);
    }
    let near = found.near_misses.unwrap_or_default().into_iter().map(|near| {
        let missing = near.missing.iter().map(|missing| missing.to_string()).collect();
        (title(&near.settlement_id), missing)
    });
    (eligible, near.collect())
}

#[derive(Deserialize)]
struct MadeUp {
    user_id: UserId,
    state: Option<State>,
    date_of_birth: Option<payme::types::Date>,
    transactions: Vec<String>,
    messages: Vec<String>,
}

#[derive(Deserialize)]
struct PeopleTable {
    people: BTreeMap<UserId, Expected>,
}

#[derive(Deserialize)]
struct Expected {
    eligible: BTreeSet<String>,
    near_misses: NearMisses,
}

fn people() -> Vec<MadeUp> {
    serde_json::from_slice(&fs::read(fixtures().join("people.json")).unwrap()).unwrap()
}

async fn take_in_person(payme: &Payme, person: &MadeUp) {
    let MadeUp { user_id, state, date_of_birth, .. } = *person;
    payme.set_person(Person { user_id, state, date_of_birth }).await.unwrap();
    for path in &person.transactions {
        take_in(payme, user_id, Source::Plaid, &fixtures().join(path)).await;
    }
    for path in &person.messages {
        take_in(payme, user_id, Source::Gmail, &fixtures().join(path)).await;
    }
}

#[test]
fn the_made_up_people_match_what_their_table_says() {
    let table: PeopleTable =
        serde_json::from_slice(&fs::read(fixtures().join("expected/README-table.json")).unwrap())
            .unwrap();
    block_on(async {
        let payme = engine(&[fixtures().join("settlements.json")]).await;
        let people = people();
        assert_eq!(people.len(), 9);
        for person in people {
            take_in_person(&payme, &person).await;
            let (eligible, near_misses) = matched(&payme, person.user_id, false).await;
            let expected = &table.people[&person.user_id];
            let eligible: BTreeSet<String> = eligible.into_keys().collect();
            assert_eq!(eligible, expected.eligible, "{}", person.user_id);
            assert_eq!(near_misses, expected.near_misses, "{}", person.user_id);
        }
    });
}

#[test]
fn the_traps_yield_no_feature() {
    block_on(async {
        let payme = engine(&[fixtures().join("settlements.json")]).await;
        let mut keys = Vec::new();
        for person in people() {
            take_in_person(&payme, &person).await;
            let user = payme.store().user_features(person.user_id).await.unwrap().unwrap();
            keys.push(user.keys().map(ToString::to_string).collect::<BTreeSet<_>>());
        }
        let [_, mila, trip, remo, _, nil, ..] = keys.as_slice() else { panic!("fewer people") };
        for absent in ["category:gambling", "merchant:uber", "subscription:prime"] {
            assert!(!trip.contains(absent), "a word inside a word gave {absent}");
        }
        assert!(mila.contains("subscription:paramount_plus") && mila.contains("merchant:at_t"));
        assert!(!mila.contains("merchant:paramount"));
        assert!(!remo.contains("merchant:krispy_kreme"), "its only transaction was removed");
        assert!(remo.contains("merchant:sirius_xm"));
        assert!(nil.is_empty());
    });
}

#[test]
fn the_order_of_imports_does_not_matter() {
    block_on(async {
        let settlements = [fixtures().join("settlements.json")];
        let first = engine(&settlements).await;
        let last = engine(&[]).await;
        for person in people() {
            take_in_person(&first, &person).await;
            take_in_person(&last, &person).await;
        }
        let rows = parse_settlements(&fs::read(&settlements[0]).unwrap()).unwrap().all().unwrap();
        let report = last.import_settlements(rows).await.unwrap();
        assert!(report.people_refreshed > 0, "the catalogue's brands are in somebody's mail");
        for person in people() {
            let of = async |payme: &Payme| {
                payme.store().user_features(person.user_id).await.unwrap().unwrap()
            };
            assert_eq!(of(&first).await, of(&last).await, "{}", person.user_id);
        }
    });
}

#[derive(Deserialize)]
struct SandboxTable {
    users: BTreeMap<String, BTreeMap<String, SandboxExpected>>,
}

/// Adds what one person is eligible for to what others are.
fn add(all: &mut Eligible, one: Eligible) {
    for (title, behind) in one {
        let keys = all.entry(title).or_default();
        for (key, count) in behind {
            *keys.entry(key).or_insert(0) += count;
        }
    }
}

#[derive(Deserialize, PartialEq, Debug, Default)]
struct SandboxExpected {
    eligible: Eligible,
    eligible_with_closed: Eligible,
}

/// Every custom user of the sandbox, in the order of their paths.
fn custom_users(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            custom_users(&path, found);
        } else if fs::read_to_string(&path).is_ok_and(|text| text.contains("\"override_accounts\""))
        {
            found.push(path);
        }
    }
}

#[test]
fn the_sandbox_matches_what_its_table_says() {
    let Some(data) = real_data("the_sandbox_matches_what_its_table_says") else { return };
    let table: SandboxTable =
        serde_json::from_slice(&fs::read(fixtures().join("expected/sandbox-table.json")).unwrap())
            .unwrap();
    let mut custom = Vec::new();
    custom_users(&data.join("plaid/custom-users"), &mut custom);
    assert!(custom.len() >= 20, "{} custom users", custom.len());
    let files = BTreeMap::from([
        ("sandbox".to_owned(), vec![data.join("plaid/transactions_sync_2024-03_full.json")]),
        ("custom".to_owned(), custom),
    ]);
    block_on(async {
        let catalog = [fixtures().join("settlements.json"), data.join("settlements/known.json")];
        let payme = engine(&catalog).await;
        let mut number = 0;
        for (name, files) in &files {
            // Every file is a person: two of them may hold the same purchases.
            let mut users = Vec::new();
            for file in files {
                number += 1;
                let user: UserId = format!("00000000-0000-4000-8000-{number:012}").parse().unwrap();
                take_in(&payme, user, Source::Plaid, file).await;
                users.push(user);
            }
            for (state_name, expected) in &table.users[name] {
                let state = state_name.parse::<State>().ok();
                let mut got = SandboxExpected::default();
                for user_id in &users {
                    let person = Person { user_id: *user_id, state, date_of_birth: None };
                    payme.set_person(person).await.unwrap();
                    add(&mut got.eligible, matched(&payme, *user_id, false).await.0);
                    add(&mut got.eligible_with_closed, matched(&payme, *user_id, true).await.0);
                }
                assert_eq!(&got, expected, "{name} {state_name}");
            }
        }
    });
}
