//! Versions, promotions, what is broken, and many writers at once.

use std::collections::BTreeSet;
use std::fs;

use payme_core::matching::{SignalSet, Signals};
use payme_core::ranking::{Calibration, Link};
use tempfile::TempDir;

use super::*;

fn weights(of: f64) -> Weights {
    let link = Link::Logit { intercept: of, calibration: Calibration::Identity };
    Weights::new(77, Signals::of_set(SignalSet::Evidence, |_| of)).with_link(link)
}

fn metrics(precision: f64) -> Map<String, Value> {
    Map::from_iter([("precision_at_5".to_owned(), precision.into())])
}

fn folder() -> (TempDir, Artifacts) {
    let dir = TempDir::new().unwrap();
    let artifacts = Artifacts::open(dir.path().join("weights")).unwrap();
    (dir, artifacts)
}

/// The files that people read, and the version that each of them is of.
fn shown(artifacts: &Artifacts) -> [Option<u64>; 3] {
    let version = |name: &str, member: &str| {
        let bytes = fs::read(artifacts.dir().join(name)).ok()?;
        serde_json::from_slice::<Value>(&bytes).unwrap().get(member)?.as_u64()
    };
    [version(WEIGHTS, "_version"), version(METRICS, VERSION), version(METRICS_BEFORE, VERSION)]
}

#[test]
fn a_version_is_stored_whether_or_not_it_comes_into_force() {
    let (_dir, artifacts) = folder();
    assert_eq!((artifacts.versions(), artifacts.active()), (Ok(vec![]), Ok(None)));
    for version in 1..=3 {
        let of = f64::from(version) / 8.0;
        assert_eq!(artifacts.store(&weights(of), &metrics(of)), Ok(version));
        let stored = artifacts.weights(version).unwrap();
        assert_eq!(stored, Weights { version, ..weights(of) });
        let measured = artifacts.metrics(version).unwrap();
        assert_eq!(measured.get("precision_at_5"), Some(&Value::from(of)));
        assert_eq!(measured.get("weights_version"), Some(&Value::from(version)));
        assert_eq!(shown(&artifacts), [None; 3], "nothing was promoted");
    }
    assert_eq!(artifacts.versions(), Ok(vec![1, 2, 3]));
}

#[test]
fn a_promotion_moves_the_metrics_along_and_can_be_taken_back() {
    let (_dir, artifacts) = folder();
    for of in [0.125, 0.25, 0.5] {
        artifacts.store(&weights(of), &metrics(of)).unwrap();
    }
    assert_eq!(artifacts.promote(2, 0), Ok(Promoted::Done));
    assert_eq!(shown(&artifacts), [Some(2), Some(2), None]);
    assert_eq!(artifacts.promote(3, 0), Ok(Promoted::Overtaken { by: 2 }));
    assert_eq!(shown(&artifacts), [Some(2), Some(2), None]);
    assert_eq!(artifacts.promote(3, 2), Ok(Promoted::Done));
    assert_eq!(shown(&artifacts), [Some(3), Some(3), Some(2)]);
    assert_eq!(artifacts.previous_metrics().unwrap(), Some(artifacts.metrics(2).unwrap()));
    artifacts.roll_back(1).unwrap();
    assert_eq!(shown(&artifacts), [Some(1), Some(1), Some(3)]);
    assert_eq!(artifacts.active().unwrap(), Some(artifacts.weights(1).unwrap()));
    assert_eq!(artifacts.store(&weights(1.0), &metrics(1.0)), Ok(4), "no number comes twice");
}

/// A process that died somewhere within a promotion leaves one of these.
#[test]
fn a_promotion_that_was_cut_short_is_ended_by_the_next_writer() {
    for died_after in 1..=3 {
        let (_dir, artifacts) = folder();
        for of in [0.125, 0.25, 0.5] {
            artifacts.store(&weights(of), &metrics(of)).unwrap();
        }
        artifacts.promote(1, 0).unwrap();
        let copy = |from: &str, to: &str| {
            fs::copy(artifacts.dir().join(from), artifacts.dir().join(to)).unwrap();
        };
        copy("weights_v2.json", WEIGHTS);
        if died_after > 1 {
            copy("metrics_v1.json", METRICS_BEFORE);
        }
        if died_after > 2 {
            copy("metrics_v2.json", METRICS);
        }
        // Half a file that was never renamed is nobody's.
        fs::write(artifacts.dir().join(".weights.json.part"), b"{\"rules").unwrap();
        assert_eq!(artifacts.active().unwrap().map(|weights| weights.version), Some(2));
        assert_eq!(artifacts.promote(3, 2), Ok(Promoted::Done));
        assert_eq!(shown(&artifacts), [Some(3), Some(3), Some(2)], "{died_after}");
    }
}

#[test]
fn a_number_that_was_taken_and_not_ended_is_not_taken_again() {
    let (_dir, artifacts) = folder();
    fs::write(artifacts.dir().join("metrics_v4.json"), b"{}").unwrap();
    fs::write(artifacts.dir().join("weights_v07.json"), b"{}").unwrap();
    fs::write(artifacts.dir().join("weights_v-8.json"), b"{}").unwrap();
    assert_eq!(artifacts.versions(), Ok(vec![]), "whoever died before the weights left none");
    assert_eq!(artifacts.store(&weights(0.5), &metrics(0.5)), Ok(5));
    fs::write(artifacts.dir().join(format!("weights_v{}.json", u32::MAX)), b"{}").unwrap();
    let full = artifacts.store(&weights(0.5), &metrics(0.5)).unwrap_err();
    assert_eq!(full.code(), "artifact_versions_used_up");
}

#[test]
fn what_is_broken_is_told_and_does_not_come_into_force() {
    let (_dir, artifacts) = folder();
    for of in [0.125, 0.25] {
        artifacts.store(&weights(of), &metrics(of)).unwrap();
    }
    artifacts.promote(1, 0).unwrap();
    let mut watch = artifacts.watch();
    watch.changed().unwrap();
    let file = |name: &str, bytes: &[u8]| fs::write(artifacts.dir().join(name), bytes).unwrap();
    let whole = fs::read(artifacts.dir().join("weights_v2.json")).unwrap();
    file("weights_v2.json", &whole[..whole.len() / 2]);
    assert_eq!(artifacts.promote(2, 1).unwrap_err().code(), "artifact_weights");
    assert_eq!(shown(&artifacts), [Some(1), Some(1), None]);
    file("weights_v2.json", &whole);
    file("metrics_v2.json", b"[]");
    assert_eq!(artifacts.promote(2, 1).unwrap_err().code(), "artifact_metrics");
    assert_eq!(artifacts.promote(9, 1).unwrap_err().code(), "artifact_no_version");
    assert_eq!(shown(&artifacts), [Some(1), Some(1), None]);
    file(WEIGHTS, b"");
    for _ in 0..2 {
        assert_eq!(watch.changed().unwrap_err().code(), "artifact_weights");
    }
    let told = artifacts.promote(1, 1).unwrap_err();
    assert_eq!(told.code(), "artifact_weights");
    assert!(told.to_string().contains(WEIGHTS), "{told}");
    artifacts.roll_back(1).unwrap();
    assert_eq!(watch.changed(), Ok(None), "it has them already");
    fs::remove_dir_all(artifacts.dir()).unwrap();
    assert_eq!(artifacts.versions().unwrap_err().code(), "artifact_io");
    assert_eq!(artifacts.store(&weights(0.5), &metrics(0.5)).unwrap_err().code(), "artifact_io");
    let large = File::create(_dir.path().join("large.json")).unwrap();
    large.set_len(1 << 30).unwrap();
    let told = disk::read(&_dir.path().join("large.json")).unwrap_err();
    assert_eq!(told.code(), "artifact_too_large");
}

#[test]
fn trainers_at_the_same_time_never_take_one_number_and_readers_see_whole_files() {
    const TRAINERS: u32 = 4;
    const EACH: u32 = 8;
    let (_dir, artifacts) = folder();
    let taken: Vec<u32> = std::thread::scope(|scope| {
        let trainer = || {
            let train = |of: u32| {
                let of = f64::from(of);
                let version = artifacts.store(&weights(of), &metrics(of)).unwrap();
                // Whoever is overtaken compares with what is in force now.
                let mut champion = 0;
                while let Promoted::Overtaken { by } = artifacts.promote(version, champion).unwrap()
                {
                    champion = by;
                }
                version
            };
            (0..EACH).map(train).collect::<Vec<u32>>()
        };
        let trainers: Vec<_> = (0..TRAINERS).map(|_| scope.spawn(trainer)).collect();
        let mut watch = artifacts.watch();
        while !trainers.iter().all(std::thread::ScopedJoinHandle::is_finished) {
            if let Some(found) = watch.changed().unwrap() {
                assert_eq!(artifacts.weights(found.version), Ok(found));
            }
        }
        trainers.into_iter().flat_map(|trainer| trainer.join().unwrap()).collect()
    });
    let different: BTreeSet<u32> = taken.into_iter().collect();
    assert_eq!(different, (1..=TRAINERS * EACH).collect());
    let [weights, metrics, before] = shown(&artifacts);
    assert!(weights.is_some() && weights == metrics && before.is_some() && before != weights);
}
