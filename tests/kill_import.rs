//! An import that is killed leaves the old state or the new one, never something in between.
//!
//! The command is killed at 50 points: some at a random time, most when its write-ahead file has
//! grown to a random size, which is in the middle of its writes. Where the kills landed is printed.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a test that fails should say where, and its numbers are small"
)]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use payme::ports::{CatalogStore as _, EventStore as _, EvidenceStore as _};
use payme::store::sqlite::SqliteStore;
use support::Place;

const USER: &str = "00000000-0000-4000-8000-000000000001";
const KILLS: usize = 50;
const ROWS: usize = 6_000;

/// Numbers that look random and are the same in every run.
struct Numbers(u64);

impl Numbers {
    /// A number in [0, 1).
    fn next(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// All that a database holds that an import can change, as text.
fn state(database: &Path) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = SqliteStore::open(database.to_str().unwrap()).await.unwrap();
        let catalog = store.catalog().await.unwrap();
        let evidence = store.evidence(USER.parse().unwrap()).await.unwrap();
        let events = store.events_after(0, usize::MAX).await.unwrap();
        let versions: Vec<_> =
            catalog.iter().map(|(id, (version, one))| (id, version, &one.title)).collect();
        let evidence =
            evidence.map(|e| (e.version, e.records.len(), e.features.len(), e.support.len()));
        let events: Vec<_> = events.iter().map(|one| one.event.body.kind()).collect();
        let text = format!("{versions:?} {evidence:?} {events:?}");
        store.close().await;
        text
    })
}

fn copy(from: &Place, to: &Place) {
    for suffix in ["", "-wal", "-shm"] {
        let name = format!("payme.db{suffix}");
        let _ = fs::remove_file(to.path(&name));
        if from.path(&name).exists() {
            fs::copy(from.path(&name), to.path(&name)).unwrap();
        }
    }
}

fn start(place: &Place, arguments: &[&str]) -> Child {
    let mut command = place.command();
    command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap()
}

fn written(place: &Place) -> u64 {
    fs::metadata(place.path("payme.db-wal")).map_or(0, |meta| meta.len())
}

/// Runs the import to its end; gives how long it took and the most its write-ahead file held.
fn measure(place: &Place, arguments: &[&str]) -> (Duration, u64) {
    let begun = Instant::now();
    let mut child = start(place, arguments);
    let mut most = 0;
    while child.try_wait().unwrap().is_none() {
        most = most.max(written(place));
        std::thread::sleep(Duration::from_micros(200));
    }
    (begun.elapsed(), most)
}

fn kill_many(
    kind: &str,
    kills: usize,
    old: &Place,
    arguments: &[&str],
) -> BTreeMap<&'static str, usize> {
    let place = Place::new();
    let old_state = state(&old.database());
    copy(old, &place);
    let (takes, most) = measure(&place, arguments);
    let new_state = state(&place.database());
    assert_ne!(old_state, new_state);
    let mut numbers = Numbers(kind.len() as u64);
    let mut landed = BTreeMap::new();
    for kill in 0..kills {
        copy(old, &place);
        let mut child = start(&place, arguments);
        if kill % 5 == 0 {
            std::thread::sleep(takes.mul_f64(numbers.next()));
        } else {
            let enough = (most as f64 * numbers.next()) as u64;
            while written(&place) <= enough && child.try_wait().unwrap().is_none() {
                std::thread::sleep(Duration::from_micros(200));
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let wrote = written(&place) > 0;
        let now = state(&place.database());
        assert!(now == old_state || now == new_state, "{kind}, kill {kill}: something in between");
        let place_of_kill = match (wrote, now == new_state) {
            (_, true) => "after the commit",
            (true, false) => "inside the writes",
            (false, false) => "before the writes",
        };
        *landed.entry(place_of_kill).or_insert(0) += 1;
    }
    copy(old, &place);
    let again = place.run(arguments).ok();
    assert!(again.json()["refused"].as_array().unwrap().is_empty());
    assert_eq!(state(&place.database()), new_state, "a killed import can be made again");
    landed
}

#[test]
fn a_killed_import_leaves_the_old_state_or_the_new_one() {
    let old = Place::new();
    let settlement = |n: usize, payout: usize| {
        format!(
            r#"{{"title": "Settlement {n}", "payout_max_cents": {payout}, "summary_text": "{n:0500}",
                "eligibility": {{"required_features": ["merchant:m{n}"], "states": []}}}}"#
        )
    };
    let list = |from: usize, to: usize, payout: usize| {
        let rows: Vec<_> = (from..to).map(|n| settlement(n, payout)).collect();
        format!("[{}]", rows.join(",\n"))
    };
    let rows = |from: usize, to: usize| -> String {
        let row =
            |n: usize| format!("2024-01-{:02},Merchant number {n:0100},{n}.25,t{n}\n", n % 28 + 1);
        "date,name,amount,transaction_id\n".to_owned() + &(from..to).map(row).collect::<String>()
    };
    let first = old.write("first.json", list(0, 500, 100));
    let bank = old.write("first.csv", rows(0, 300));
    old.run(&["import", "settlements", &first]).ok();
    old.run(&["import", "transactions", "--user", USER, &bank]).ok();

    // Each import changes some rows and adds many.
    let settlements = old.write("second.json", list(250, ROWS, 200));
    let bank = old.write("second.csv", rows(150, ROWS));
    let mut landed =
        kill_many("settlements", KILLS / 2, &old, &["import", "settlements", &settlements]);
    let arguments = ["import", "transactions", "--user", USER, &bank];
    for (place, count) in kill_many("transactions", KILLS / 2, &old, &arguments) {
        *landed.entry(place).or_insert(0) += count;
    }
    println!("{KILLS} kills landed: {landed:?}");
    assert!(
        landed["inside the writes"] * 2 > KILLS,
        "most must fall inside the writes: {landed:?}"
    );
}
