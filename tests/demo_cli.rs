//! `payme demo`: the same story every time, with the figures that it stores.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails should say where")]

mod support;

use std::process::Command;

use serde_json::{Value, json};
use support::{Place, Ran};

#[test]
fn the_demo_tells_the_same_story_twice() {
    let place = Place::new();
    let first = place.run(&["demo"]).ok().json();
    let second = place.run(&["demo"]).ok().json();
    let names = |story: &Value| -> Vec<(String, Value, Value)> {
        let people = story["people"].as_array().unwrap().iter();
        people
            .map(|p| (p["name"].to_string(), p["candidate_count"].clone(), p["best"].clone()))
            .collect()
    };
    assert_eq!(names(&first), names(&second));
    assert_eq!(first["people"].as_array().unwrap().len(), 9);
    assert_eq!(first["messy"], second["messy"]);
    assert_eq!(first["messy"]["resolved"]["key"], "merchant:boston_sports_club");
    assert_eq!(first["messy"]["refused"]["outcome"], "abstained");
    assert_eq!(first["messy"]["irregular"]["missed"], json!(["2023-06-30"]));
    assert_eq!(second["people"][0]["records"]["added"], 0, "the second time adds nothing");
    let reverse = &first["reverse"];
    assert_eq!(reverse["title"], "MUBI Renewal Charges Settlement (California)");
    assert_eq!(reverse["eligible"][0]["user_id"], "d94be813-6f02-4c7d-b1a5-38c06e5d1f88");
    assert_eq!(reverse["unknown"][0]["user_id"], first["explained"]["unknown"]["user_id"]);
    assert_eq!(reverse["unknown"][0]["missing"], json!(["evidence:merchant:mubi"]));
    assert_eq!(reverse, &second["reverse"]);
    let paid = &first["payouts"];
    assert_eq!(paid, &second["payouts"], "everybody is paid once, however often it is told");
    let figures = |told: &Value| {
        ["status", "total_transfers", "failed_transfers", "check"].map(|name| told[name].clone())
    };
    let agree = "rows, ledger and rail agree";
    assert_eq!(figures(&paid["first"]), [json!("partial"), json!(5), json!(1), json!(agree)]);
    assert_eq!(figures(&paid["retry"]), [json!("completed"), json!(1), json!(0), json!(agree)]);
    // By hand: 42.15, and 3.50 more for each of the four behind.
    assert_eq!((&paid["paid_cents"], &paid["findings"]), (&json!(5 * 4_215 + 10 * 350), &json!(0)));
    let learnt = &first["learning"];
    assert_eq!(learnt, &second["learning"], "nothing is trained anew");
    assert_eq!((&learnt["promoted"], &learnt["positive"]), (&json!(false), &json!(5)));
    let refusals = learnt["refusals"].as_array().unwrap().iter();
    assert!(
        refusals.clone().any(|why| why.as_str().unwrap().contains("labelled users, at least 50"))
    );
    let report = std::fs::read_to_string(learnt["report"].as_str().unwrap()).unwrap();
    assert!(
        report.contains("The ranker of the demo")
            && report.contains("By this policy version 0 stays")
    );
    assert!(place.path("payme.db-weights/weights_v1.json").exists());
    assert!(!place.path("payme.db-weights/weights_v2.json").exists());
    let verified = place.run(&["audit", "verify"]).ok().json();
    assert_eq!((&verified["findings"], &verified["entries"]), (&json!([]), &paid["log_entries"]));
    for story in [&first, &second] {
        let counts = |person: usize| {
            let person = &story["people"][person];
            (person["record_count"].clone(), person["removed_count"].clone())
        };
        assert_eq!(counts(0), (json!(15), json!(0)), "Ada");
        assert_eq!(counts(3), (json!(2), json!(2)), "Remo");
    }
    let story: Ran = place.command().args(["demo"]).output().unwrap().into();
    assert!(story.stdout.contains("candidate_count"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_payme"));
    let told: Ran = command.args(["demo", "--db"]).arg(place.database()).output().unwrap().into();
    let told = told.ok().stdout;
    // In a database of its own, where it has not run before.
    let mut command = Command::new(env!("CARGO_BIN_EXE_payme"));
    let path = place.path("first.db");
    let fresh: Ran = command.args(["demo", "--db"]).arg(&path).output().unwrap().into();
    let database = |path: &std::path::Path| path.to_str().unwrap().to_owned();
    let fresh = fresh.ok().stdout.replace(&database(&path), &database(&place.database()));
    assert_eq!(fresh, told);
    for part in [
        "merchant:grubhub: sure 0.85, recent 0.31",
        "It asks for subscription:active: not seen.",
        "send records: merchant:mubi",
        "which does not show purchases. Send bank records of it.",
        "records, 2 taken back by the bank. A bank",
        "of 9 people 1 eligible, 1 to ask",
        "a second time changed 0 rows",
        "Trip Wordwise  45.65 USD  failed     mock bank decline",
        "hang together and rebuild every row",
    ] {
        assert!(told.contains(part), "{part} is not in {told}");
    }
}
