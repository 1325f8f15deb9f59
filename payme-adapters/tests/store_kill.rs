//! A process that is killed loses nothing it acknowledged, and leaves no half commit.
#![cfg(all(unix, feature = "sqlite"))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails should say where")]

mod store_people;

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use payme_adapters::store::sqlite::SqliteStore;
use payme_core::ports::{
    CatalogStore as _, Commit, EventStore as _, EvidenceStore as _, MatchStore as _,
};
use payme_core::ranking::Preference;
use payme_core::types::Version;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

use store_people::{adding, event, one_more, settlement_id, user};

const FILE_VARIABLE: &str = "PAYME_TEST_STORE_KILL_FILE";
const ROUNDS: u64 = 10;
/// What one commit of evidence writes: so many people, so many events.
const PEOPLE: u128 = 3;

/// Acknowledges a commit to the parent.
fn acknowledge(line: &str) {
    let mut out = std::io::stdout().lock();
    // The test harness may have begun the line.
    write!(out, "\nack {line}\n").unwrap();
    out.flush().unwrap();
}

/// The child. On its own, as a test, it does nothing.
#[tokio::test]
async fn the_child_commits_until_it_is_killed() {
    let Ok(path) = std::env::var(FILE_VARIABLE) else {
        return;
    };
    let store = SqliteStore::open(&path).await.unwrap();
    let first = store.user_count().await.unwrap() as u128 / PEOPLE;
    for n in first.. {
        let people: Vec<_> = (0..PEOPLE).map(|i| one_more(n * PEOPLE + i, None)).collect();
        let events: Vec<_> = (0..PEOPLE).map(|i| event(n * PEOPLE + i)).collect();
        let done = store.commit_evidence(&people, &events).await;
        assert_eq!(done, Ok(Commit::Done));
        acknowledge(&format!("evidence {n}"));
        let preference = Preference::none(user(n * PEOPLE), settlement_id(n)).star(true);
        assert_eq!(store.commit_preference(&preference, &[]).await, Ok(Commit::Done));
        acknowledge(&format!("preference {n}"));
        let plan = adding(n * 5..n * 5 + 5);
        // Killed behind the people, the last round left its settlements behind or did not.
        let done = store.commit_catalog(&plan, &[], &[]).await.unwrap();
        if done == Commit::Done {
            acknowledge(&format!("catalog {n}"));
        }
    }
}

/// Runs the child, kills it after a while, and returns what it acknowledged.
fn run_and_kill(path: &Path, after: Duration) -> Vec<(String, u128)> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_child_commits_until_it_is_killed", "--nocapture"])
        .env(FILE_VARIABLE, path)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let out = BufReader::new(child.stdout.take().unwrap());
    let reader = std::thread::spawn(move || {
        let lines = out.lines().map_while(Result::ok);
        let acks = lines.filter_map(|line| {
            let (what, n) = line.strip_prefix("ack ")?.split_once(' ')?;
            Some((what.to_owned(), n.parse().ok()?))
        });
        acks.collect::<Vec<_>>()
    });
    std::thread::sleep(after);
    child.kill().unwrap();
    let status = child.wait().unwrap();
    assert!(!status.success(), "the child ended by itself");
    reader.join().unwrap()
}

#[tokio::test]
async fn a_killed_process_loses_nothing_and_leaves_no_half_commit() {
    let dir = tempfile::TempDir::new().unwrap();
    let path = dir.path().join("payme.db");
    let mut acknowledged = Vec::new();
    let mut delay = 0x5eed_u64;
    for round in 0..ROUNDS {
        delay = delay.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let millis = 60 + (delay >> 33) % 300;
        acknowledged.extend(run_and_kill(&path, Duration::from_millis(millis)));
        check(&path, &acknowledged, round).await;
    }
    println!("{} commits acknowledged in {ROUNDS} rounds", acknowledged.len());
    assert!(acknowledged.len() > 20, "{}", acknowledged.len());
}

async fn check(path: &Path, acknowledged: &[(String, u128)], round: u64) {
    let store = SqliteStore::open(path.to_str().unwrap()).await.unwrap();
    let settlements = store.catalog().await.unwrap();
    for (what, n) in acknowledged {
        let place = format!("round {round}: {what} {n}");
        match what.as_str() {
            "evidence" => {
                for i in 0..PEOPLE {
                    let stored = store.evidence(user(n * PEOPLE + i)).await.unwrap();
                    let stored = stored.unwrap_or_else(|| panic!("{place}"));
                    assert_eq!(stored.version, Some(Version::FIRST), "{place}");
                    let counts =
                        (stored.records.len(), stored.features.len(), stored.support.len());
                    assert_eq!(counts, (1, 1, 1), "{place}");
                }
            }
            "preference" => {
                let stored = store.preferences(user(n * PEOPLE)).await.unwrap();
                assert_eq!(stored.len(), 1, "{place}");
            }
            "catalog" => {
                let there =
                    (n * 5..n * 5 + 5).filter(|n| settlements.contains_key(&settlement_id(*n)));
                assert_eq!(there.count(), 5, "{place}");
            }
            other => panic!("{other}"),
        }
    }
    // Whatever else is there came in whole commits.
    let people = store.user_count().await.unwrap();
    assert_eq!(people as u128 % PEOPLE, 0, "round {round}");
    assert_eq!(store.events_after(0, usize::MAX).await.unwrap().len(), people, "round {round}");
    assert_eq!(settlements.len() % 5, 0, "round {round}");
    store.close().await;
    let options = SqliteConnectOptions::new().filename(path).disable_statement_logging();
    let mut connection = options.connect().await.unwrap();
    let query = sqlx::query_scalar::<_, String>("pragma integrity_check");
    assert_eq!(query.fetch_one(&mut connection).await.unwrap(), "ok", "round {round}");
    connection.close().await.unwrap();
}
