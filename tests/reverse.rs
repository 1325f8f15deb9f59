//! `payme reverse`: who qualifies for a settlement that is stored, or was just announced.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails should say where")]

mod support;

use std::process::Command;

use serde_json::{Value, json};
use support::{NOW, Place, Ran};

/// Lives in California; two rides.
const ADA: &str = "00000000-0000-4000-8000-000000000001";
/// Lives nobody knows where; one ride.
const BEN: &str = "00000000-0000-4000-8000-000000000002";
/// Lives in New York; one ride.
const CAT: &str = "00000000-0000-4000-8000-000000000003";
/// Lives in California; no ride.
const DAN: &str = "00000000-0000-4000-8000-000000000004";

const RIDES: &str = r#"{"title": "Californian rides",
  "eligibility": {"required_features": ["merchant:uber"], "states": ["CA"]}}"#;
const PAST: &str = r#"{"title": "Past rides", "deadline": "2025-12-31T23:59:59Z",
  "eligibility": {"required_features": ["merchant:uber"], "states": []}}"#;

fn place() -> Place {
    let place = Place::new();
    let line = |id: &str, state: &str, features: &str| {
        format!("{{\"user_id\": \"{id}\"{state}, \"features\": [{features}]}}\n")
    };
    let uber = |count: u32| {
        format!(
            r#"{{"key": "merchant:uber", "source": "plaid", "confidence": 0.8, "count": {count}}}"#
        )
    };
    let lines = [
        line(ADA, r#", "state": "CA""#, &uber(2)),
        line(BEN, "", &uber(1)),
        line(CAT, r#", "state": "NY""#, &uber(1)),
        line(DAN, r#", "state": "CA""#, ""),
    ];
    let features = place.write("features.jsonl", lines.concat());
    let settlements = place.write("settlements.json", format!("[{RIDES}, {PAST}]"));
    place.run(&["import", "features", &features]).ok();
    place.run(&["import", "settlements", &settlements]).ok();
    place
}

fn users(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|one| one["user_id"].as_str().unwrap()).collect()
}

/// The id of a stored settlement, from a match that considers every one.
fn id_of(place: &Place, title: &str) -> String {
    let matched = place.run(&["match", "--user", ADA, "--include-closed"]).ok().json();
    let results = matched["results"].as_array().unwrap();
    let found = results.iter().find(|one| one["title"] == title).unwrap();
    found["settlement_id"].as_str().unwrap().to_owned()
}

#[test]
fn people_stand_as_in_a_match_of_their_own() {
    let place = place();
    let rides = id_of(&place, "Californian rides");
    let found = place.run(&["reverse", &rides, "--near-misses"]).ok().json();
    assert_eq!((&found["people"], &found["considered"]), (&json!(4), &json!(true)));
    for (group, count, who) in [
        ("eligible", "eligible_count", ADA),
        ("unknown", "unknown_count", BEN),
        ("near_misses", "near_miss_count", CAT),
    ] {
        assert_eq!((users(&found[group]), &found[count]), (vec![who], &json!(1)), "{group}");
        let arguments =
            ["match", "--user", who, "--near-misses", "--variant", "rules_vector_ranker"];
        let matched = place.run(&arguments).ok().json();
        let results = if group == "eligible" { "results" } else { "near_misses" };
        let own = &matched[results][0];
        for field in ["settlement_id", "score", "signals", "reasons", "missing"] {
            assert_eq!(found[group][0][field], own[field], "{group} {field}");
        }
    }
    let asked = "It is limited to CA: the state is not known. Tell us the state.";
    assert_eq!(found["unknown"][0]["ask"], json!([asked]));
    let plain = place.run(&["reverse", &rides]).ok().json();
    assert_eq!((plain.get("near_misses"), plain.get("near_miss_count")), (None, None));
}

#[test]
fn a_settlement_that_was_just_announced_need_not_be_stored() {
    let place = place();
    let rides = id_of(&place, "Californian rides");
    let stored = place.run(&["reverse", &rides, "--near-misses"]).ok().json();
    let other = r#"{"title": "Flights", "eligibility": {"any": [
        {"feature": "merchant:delta"}, {"age": {"min": 18}}]}}"#;
    let file = place.write("announced.json", format!("[{other}, {RIDES}]"));
    let found = place.run(&["reverse", &file, "--near-misses"]).ok().json();
    assert_eq!(found[1], stored, "in the order of the file");
    assert_eq!(found[0]["title"], "Flights");
    assert_eq!(users(&found[0]["unknown"]), [ADA, BEN, CAT, DAN], "by score, then by id");
    let matched = place.run(&["match", "--user", ADA, "--near-misses"]).ok();
    assert!(!matched.stdout.contains("Flights"), "nothing of the file was stored");
    let mut command = Command::new(env!("CARGO_BIN_EXE_payme"));
    command.args(["--format", "jsonl", "--now", NOW, "--db"]).arg(place.database());
    command.args(["reverse", &file]);
    assert_eq!(Ran::from(command.output().unwrap()).ok().stdout.lines().count(), 2);
}

#[test]
fn the_lists_are_cut_and_the_counts_are_not() {
    let place = place();
    let everybody = r#"[{"title": "All", "eligibility": {"required_features": [], "states": []}}]"#;
    let file = place.write("all.json", everybody);
    for (limit, expected) in [("0", 0), ("3", 3), ("100", 4)] {
        let found = place.run(&["reverse", &file, "--limit", limit]).ok().json();
        assert_eq!(found[0]["eligible_count"], 4);
        assert_eq!(users(&found[0]["eligible"]).len(), expected, "{limit}");
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_payme"));
    command.args(["--now", NOW, "--db"]).arg(place.database());
    command.args(["reverse", &file, "--limit", "3"]);
    let told = Ran::from(command.output().unwrap()).ok();
    assert!(told.stdout.contains("of 4 people 4 eligible") && told.stdout.contains("and 1 more"));
    assert_eq!(told.stderr, "", "no progress in a pipe");
    let mut command = Command::new(env!("CARGO_BIN_EXE_payme"));
    command.args(["--now", NOW, "--db"]).arg(place.database());
    command.args(["reverse", &file, "--limit", "0"]);
    let told = Ran::from(command.output().unwrap()).ok().stdout;
    assert!(told.contains("\neligible: 4, none of them listed\n"), "{told}");
    assert!(!told.contains("more"), "{told}");
}

#[test]
fn nobody_is_considered_where_no_claims_are_taken_unless_asked_for() {
    let place = place();
    let past = id_of(&place, "Past rides");
    let found = place.run(&["reverse", &past, "--near-misses"]).ok().json();
    assert_eq!((&found["considered"], &found["eligible_count"]), (&json!(false), &json!(0)));
    assert_eq!(found["near_misses"], json!([]));
    let asked = place.run(&["reverse", &past, "--include-closed"]).ok().json();
    assert_eq!((&asked["considered"], &asked["eligible_count"]), (&json!(true), &json!(3)));
    let mut command = Command::new(env!("CARGO_BIN_EXE_payme"));
    command.args(["--now", NOW, "--db"]).arg(place.database()).args(["reverse", &past]);
    let told = Ran::from(command.output().unwrap()).ok().stdout;
    assert!(told.contains("takes no claims now; --include-closed"), "{told}");
}

#[test]
fn both_sets_of_signals_and_weights_of_ones_own_are_taken() {
    let place = place();
    let rides = id_of(&place, "Californian rides");
    let weights = place.write(
        "w.json",
        r#"{"rules_confidence": 0, "similarity": 0, "payout": 0, "urgency": 1, "ease": 0, "_version": 2}"#,
    );
    // By hand: the baseline's urgency without a deadline, and its confidence in full.
    for (arguments, score) in [
        (["--weights", &weights], 0.3),
        (["--variant", "rules_only"], 0.8),
        (["--signals", "baseline"], 0.65 + 0.2 * 0.45 + 0.1 * 0.1 + 0.03 * 0.3 + 0.02 * 0.4),
    ] {
        let found = place.run(&[&["reverse", &rides], &arguments[..]].concat()).ok().json();
        let got = found["eligible"][0]["score"].as_f64().unwrap();
        assert!((got - score).abs() < 1e-12, "{arguments:?}: {got}");
    }
}

#[test]
fn what_cannot_be_asked_about_is_refused_with_a_code() {
    let place = place();
    let unknown = "5f0c6f0e-98f1-5d3b-a3a1-6a4f9c0e2b11";
    let malformed = place.write("malformed.json", "[{");
    let object = place.write("object.json", RIDES);
    let never = place
        .write("never.json", r#"[{"title": "Nobody", "eligibility": {"none": [{"all": []}]}}]"#);
    let half = place.write("half.json", format!(r#"[{RIDES}, {{"title": "Half"}}]"#));
    let folder = place.path("").to_str().unwrap().to_owned();
    let table: [(&[&str], &str); 8] = [
        (&["reverse", unknown], "unknown_settlement"),
        (&["reverse", "no-such-file.json"], "file_missing"),
        (&["reverse", ""], "usage"),
        (&["reverse", &folder], "file_is_directory"),
        (&["reverse", &malformed], "malformed_json"),
        (&["reverse", &object], "wrong_type"),
        (&["reverse", &never], "never_met"),
        (&["reverse", &half], "missing_field"),
    ];
    for (arguments, code) in table {
        let ran = place.run(arguments);
        assert_eq!((ran.code, &ran.error()["code"]), (Some(2), &json!(code)), "{arguments:?}");
        assert_eq!(ran.stdout, "", "{arguments:?}");
    }
    let kept = place.run(&["reverse", &half, "--keep-going"]);
    assert_eq!(kept.code, Some(1), "a row was refused");
    assert_eq!(users(&kept.json()[0]["eligible"]), [ADA]);
    assert!(kept.stderr.contains("refused: ") && kept.stderr.contains("eligibility"));

    let none = place.write("none.json", "[]");
    assert_eq!(place.run(&["reverse", &none]).ok().json(), json!([]));
    let empty = Place::new();
    let file = empty.write("rides.json", format!("[{RIDES}]"));
    let found = empty.run(&["reverse", &file, "--near-misses"]).ok().json();
    assert_eq!((&found[0]["people"], &found[0]["eligible"]), (&json!(0), &json!([])));
}
