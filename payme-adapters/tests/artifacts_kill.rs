//! A trainer that is killed while it writes leaves weights that load.
//!
//! `PAYME_KILLS` says how many kills there are.
#![cfg(all(unix, feature = "artifacts"))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails should say where")]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use payme_adapters::artifacts::{Artifacts, Promoted};
use payme_core::ranking::{Calibration, Link, Weights};
use serde_json::Map;

const FOLDER: &str = "PAYME_TEST_ARTIFACTS_FOLDER";
const KILLS: u64 = 12;

/// Weights whose file is large enough to be killed in.
fn weights(seed: u32) -> Weights {
    let bends: Vec<f64> = (1..2_000).map(|bend| f64::from(bend) / 2_000.0).collect();
    let text = serde_json::json!({"kind": "isotonic", "scores": bends, "values": bends});
    let calibration: Calibration = serde_json::from_value(text).unwrap();
    Weights::default().with_link(Link::Logit { intercept: f64::from(seed), calibration })
}

/// The child. On its own, as a test, it does nothing.
#[test]
fn the_child_trains_until_it_is_killed() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let artifacts = Artifacts::open(folder).unwrap();
    for seed in 0.. {
        let version = artifacts.store(&weights(seed), &Map::new()).unwrap();
        let champion = artifacts.active().unwrap().map_or(0, |active| active.version);
        assert_eq!(artifacts.promote(version, champion), Ok(Promoted::Done));
    }
}

fn run_and_kill(folder: &Path, after: Duration) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_child_trains_until_it_is_killed"])
        .env(FOLDER, folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(after);
    // It never ends by itself.
    assert!(child.try_wait().unwrap().is_none(), "the child failed");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn whatever_dies_when_the_weights_in_force_load() {
    if std::env::var_os(FOLDER).is_some() {
        return;
    }
    let asked = std::env::var("PAYME_KILLS").ok().map(|text| text.parse().unwrap());
    let kills: u64 = asked.unwrap_or(KILLS);
    let dir = tempfile::TempDir::new().unwrap();
    let artifacts = Artifacts::open(dir.path()).unwrap();
    let (mut cut_short, mut written) = (0, 0);
    for kill in 0..kills {
        // Other moments each time: steps of a golden section of 40 ms, with the start of a process.
        let moment = 10_000 + kill * 24_721 % 40_000;
        run_and_kill(dir.path(), Duration::from_micros(moment));
        let active = artifacts.active().unwrap();
        let versions = artifacts.versions().unwrap();
        for version in &versions {
            artifacts.weights(*version).unwrap();
            artifacts.metrics(*version).unwrap();
        }
        written += versions.len();
        let Some(active) = active else { continue };
        assert_eq!(artifacts.weights(active.version), Ok(active.clone()));
        let is_part = |name: &str| name.starts_with('.') && name.ends_with(".part");
        let names = std::fs::read_dir(dir.path()).unwrap();
        let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        cut_short += usize::from(names.collect::<Vec<_>>().iter().any(|name| is_part(name)));
        // The next writer goes on, and old versions are not needed.
        let next = artifacts.store(&weights(1), &Map::new()).unwrap();
        assert_eq!(artifacts.promote(next, active.version), Ok(Promoted::Done));
        for version in versions {
            for name in ["weights", "metrics"] {
                let _ = std::fs::remove_file(dir.path().join(format!("{name}_v{version}.json")));
            }
        }
    }
    assert!(written > 0, "nothing was ever written");
    println!("{kills} kills, {cut_short} of them within a file; {written} versions were read");
    assert!(kills < 50 || cut_short > 0, "no kill landed in a write");
}
