//! The command, end to end: what it prints, what it stores, and how it fails.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails should say where")]

mod support;

use std::process::Command;

use serde_json::{Value, json};
use support::{NOW, Place, Ran, fixtures};

const ADA: &str = "00000000-0000-4000-8000-000000000001";
const BEN: &str = "00000000-0000-4000-8000-000000000002";

const SETTLEMENTS: &str = r#"[
  {"title": "Rides", "claim_url": "https://rides.example/", "payout_max_cents": 2500,
   "covered_brands": ["Uber"], "deadline": "2026-05-01[America/New_York]",
   "eligibility": {"required_features": ["merchant:uber"], "states": []}},
  {"title": "Rides and flights", "payout_min_cents": 100, "payout_max_cents": 100,
   "eligibility": {"required_features": ["merchant:uber", "merchant:united_airlines"], "states": []}},
  {"title": "Californian rides", "payout_max_cents": 900,
   "eligibility": {"required_features": ["merchant:uber"], "states": ["CA"]}},
  {"title": "Old rides", "deadline": "2025-12-31T23:59:59Z",
   "eligibility": {"required_features": ["merchant:uber"], "states": []}},
  {"title": "Grown-ups", "eligibility": {"age": {"min": 18}}}
]"#;

const BANK: &str = "date,merchant_name,amount,transaction_id\n\
                    2024-03-25,Uber,5.40,t1\n2024-02-24,Uber,5.40,t2\n";

/// A place where Ada of California has taken two rides.
fn place() -> Place {
    let place = Place::new();
    let settlements = place.write("settlements.json", SETTLEMENTS);
    let bank = place.write("bank.csv", BANK);
    place.run(&["import", "settlements", &settlements]).ok();
    place.run(&["import", "transactions", "--user", ADA, "--state", "CA", &bank]).ok();
    place
}

fn titles(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|one| one["title"].as_str().unwrap()).collect()
}

fn id_of<'a>(matched: &'a Value, title: &str) -> &'a str {
    let lists = ["results", "near_misses"].map(|name| matched[name].as_array());
    let all = lists.into_iter().flatten().flatten();
    let found = all.clone().find(|one| one["title"] == title);
    found.unwrap_or_else(|| panic!("no {title} in {matched}"))["settlement_id"].as_str().unwrap()
}

#[test]
fn help_shows_examples_and_exit_codes() {
    let place = Place::new();
    for arguments in [&["--help"][..], &["match", "--help"], &["import", "transactions", "--help"]]
    {
        let ran = place.run(arguments).ok();
        assert!(ran.stdout.contains("Example"), "{arguments:?}: {}", ran.stdout);
    }
    assert!(place.run(&["--help"]).stdout.contains("Exit codes"));
    let none: Ran = Command::new(env!("CARGO_BIN_EXE_payme")).output().unwrap().into();
    assert_eq!(none.code, Some(2));
    assert!(!place.database().exists(), "asking for help makes no database");
}

#[test]
fn completions_and_manual_pages_are_made_from_the_same_description() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish"] {
        let ran = place.run(&["completions", shell]).ok();
        assert!(ran.stdout.contains("near-misses"), "{shell}");
    }
    assert!(place.run(&["man"]).ok().stdout.contains(".TH payme"));
    let folder = place.path("man");
    place.run(&["man", "--out", folder.to_str().unwrap()]).ok();
    assert!(folder.join("payme-match.1").exists());
    assert!(folder.join("payme-payout-execute.1").exists());
}

#[test]
fn usage_errors_exit_with_two() {
    let place = Place::new();
    #[rustfmt::skip]
    let table: [&[&str]; 24] = [
        &["match"],
        &["match", "--user", "7"],
        &["match", "--settlements", "s.json"],
        &["match", "--user", ADA, "--all"],
        &["match", "--user", ADA, "--variant", "rules"],
        &["match", "--user", ADA, "--signals", "more"],
        &["match", "--all", "--signals", ""],
        &["explain", "--user", ADA, ADA, "--signals", "Evidence"],
        &["import", "trackers", "x"],
        &["import", "tracker"],
        &["transactions", "list"],
        &["transactions", "correct", "--user", ADA, "x"],
        &["merchants", "resolve"],
        &["experiment", "assign", ADA, "--key", "a b"],
        &["user", "set", ADA, "--state", "Cal"],
        &["match", "--all", "--features", "f.jsonl"],
        &["match", "--user", ADA, "--features", "f.jsonl"],
        &["match", "--user", ADA, "--restart"],
        &["match", "--all", "--keep-going"],
        &["reverse"],
        &["reverse", ADA, "--limit", "-1"],
        &["reverse", ADA, "--variant", "best"],
        &["reverse", ADA, "--signals", "more"],
        &["reverse", ADA, BEN],
    ];
    for arguments in table {
        let ran = place.run(arguments);
        assert_eq!((ran.code, &ran.error()["code"]), (Some(2), &json!("usage")), "{arguments:?}");
    }
    let told = place.run(&["match"]).error()["message"].to_string();
    for way in ["--user", "--all", "--settlements", "--features"] {
        assert!(told.contains(way), "{way} is not in {told}");
    }
    assert!(!place.database().exists());
}

#[test]
fn a_database_that_holds_nothing_is_named() {
    let empty = Place::new();
    let lacks = |text: &str, what: &str| {
        assert!(text.contains(&format!("payme.db has no {what}: import")), "{text}");
    };
    for (arguments, code, what) in [
        (&["match", "--user", ADA][..], "unknown_user", "people"),
        (&["explain", "--user", ADA, BEN], "unknown_user", "people"),
        (&["reverse", ADA], "unknown_settlement", "settlements"),
    ] {
        let error = empty.run(arguments).error();
        assert_eq!(error["code"], code, "{arguments:?}");
        lacks(error["message"].as_str().unwrap(), what);
    }
    lacks(&empty.run(&["match", "--all"]).ok().stderr, "people");
    let file = empty.write("s.json", SETTLEMENTS);
    lacks(&empty.run(&["reverse", &file]).ok().stderr, "people");
    assert_eq!(empty.run(&["match", "--all", "--quiet"]).ok().stderr, "");
    let bank = empty.write("bank.csv", BANK);
    empty.run(&["import", "transactions", "--user", ADA, &bank]).ok();
    lacks(&empty.run(&["match", "--user", ADA]).ok().stderr, "settlements");

    let filled = place();
    let error = filled.run(&["match", "--user", BEN]).error();
    assert!(!error["message"].as_str().unwrap().contains("has no"), "{error}");
    assert_eq!(filled.run(&["match", "--all"]).ok().stderr, "");
}

#[test]
fn imports_report_what_they_did_and_change_nothing_the_second_time() {
    let place = Place::new();
    let settlements = place.write("settlements.json", SETTLEMENTS);
    let bank = place.write("bank.csv", BANK);
    let first = place.run(&["import", "settlements", &settlements]).ok().json();
    assert_eq!((&first["added"], &first["unchanged"]), (&json!(5), &json!(0)));
    let again = place.run(&["import", "settlements", &settlements]).ok().json();
    assert_eq!(
        (&again["added"], &again["changed"], &again["unchanged"]),
        (&json!(0), &json!(0), &json!(5))
    );
    let arguments = ["import", "transactions", "--user", ADA, &bank];
    let first = place.run(&arguments).ok().json();
    assert_eq!((&first["added"], &first["features_written"]), (&json!(2), &json!(1)));
    let again = place.run(&arguments).ok().json();
    assert_eq!(
        (&again["added"], &again["changed"], &again["unchanged"]),
        (&json!(0), &json!(0), &json!(2))
    );
}

#[test]
fn a_match_from_the_database_is_ranked_explained_and_stored() {
    let place = place();
    let arguments = ["match", "--user", ADA, "--variant", "rules_vector_ranker", "--near-misses"];
    let baseline = place.run(&[&arguments[..], &["--signals", "baseline"]].concat()).ok().json();
    assert_eq!(titles(&baseline["results"]), ["Rides", "Californian rides"]);
    assert_eq!(titles(&baseline["near_misses"]), ["Rides and flights", "Grown-ups"]);
    assert_eq!(baseline["near_misses"][0]["missing"], json!(["merchant:united_airlines"]));
    // By hand: 0.65 + 0.2 * 0.45 + 0.1 * 0.25 + 0.03 * 0.7 + 0.02 * 0.8.
    let score = baseline["results"][0]["score"].as_f64().unwrap();
    assert!((score - 0.802).abs() < 1e-12, "{score}");

    let matched = place.run(&arguments).ok().json();
    assert_eq!(titles(&matched["results"]), ["Rides", "Californian rides"]);
    let near = &matched["near_misses"];
    assert_eq!(titles(near), ["Grown-ups", "Rides and flights"], "first what an answer can settle");
    assert_eq!(near[0]["missing"], json!(["date_of_birth"]));
    assert_eq!(near[0]["reasons"]["truth"], "unknown");
    assert_eq!(
        near[1]["reasons"]["atoms"]["blocked"],
        json!([{"path": "$.required_features[1]", "atom": "merchant:united_airlines",
            "missing": "merchant:united_airlines"}])
    );
    let best = &matched["results"][0];
    // By hand: two records, the newest 678 days old; half of 25 dollars; 90 days and 4 hours left.
    let expected = [
        ("rules_confidence", 0.8, 0.45),
        ("recency", 2_f64.powf(-678.0 / 365.0), 0.08),
        ("frequency", 0.4, 0.05),
        ("class_period", 1.0, 0.12),
        ("payout", 1251_f64.ln() / 1_000_001_f64.ln(), 0.08),
        ("urgency", 2_f64.powf(-(90.0 + 4.0 / 24.0) / 30.0), 0.04),
        ("ease", 0.8, 0.03),
    ];
    let mut sum = 0.15 * best["signals"]["similarity"].as_f64().unwrap();
    for (name, value, weight) in expected {
        let got = best["signals"][name].as_f64().unwrap();
        assert!((got - value).abs() < 1e-9, "{name}: {got}, not {value}");
        sum += weight * value;
    }
    let score = best["score"].as_f64().unwrap();
    assert!((score - sum).abs() < 1e-9, "{score}, not {sum}");
    let parts = best["reasons"]["contributions"].as_array().unwrap();
    let total: f64 = parts.iter().map(|part| part["contribution"].as_f64().unwrap()).sum();
    assert!(parts.len() == 8 && (total - score).abs() < 1e-12, "{parts:?}");

    let rides = id_of(&matched, "Rides");
    let answer = place.run(&["explain", "--user", ADA, rides]).ok().json();
    assert_eq!(answer["verdict"], "eligible");
    assert_eq!(answer["run_id"], matched["run_id"]);
    let records = &answer["evidence"][0]["records"];
    assert_eq!(records[0], json!({"date": "2024-03-25", "amount": "5.40 USD", "text": "Uber"}));
    assert_eq!(answer["evidence"][0]["record_count"], 2);

    let flights = id_of(&matched, "Rides and flights");
    let answer = place.run(&["explain", "--user", ADA, flights]).ok().json();
    assert_eq!(answer["verdict"], "near_miss");
    let closed = place.run(&["match", "--user", ADA, "--include-closed"]).ok().json();
    assert!(titles(&closed["results"]).contains(&"Old rides"));
}

#[test]
fn an_explanation_is_of_now_and_tells_what_the_run_said() {
    let place = place();
    let matched = place.run(&["match", "--user", ADA]).ok().json();
    let rides = id_of(&matched, "Californian rides").to_owned();
    let verdict = |place: &Place| {
        let answer = place.run(&["explain", "--user", ADA, &rides]).ok().json();
        assert_eq!(answer["recorded"]["settlement_id"], rides.as_str());
        (answer["verdict"].as_str().unwrap().to_owned(), answer["sentences"].to_string())
    };
    assert_eq!(verdict(&place).0, "eligible");
    place.run(&["user", "set", ADA, "--state", "NY"]).ok();
    let (now, sentences) = verdict(&place);
    assert_eq!(now, "near_miss");
    assert!(sentences.contains("does not hold now"), "{sentences}");
    place.run(&["user", "set", ADA, "--state", "CA"]).ok();
    let changed = SETTLEMENTS.replace(
        r#"{"title": "Californian rides","#,
        r#"{"title": "Californian rides", "status": "cancelled","#,
    );
    let file = place.write("changed.json", changed);
    assert_eq!(place.run(&["import", "settlements", &file]).ok().json()["changed"], 1);
    assert_eq!(verdict(&place).0, "closed");
}

#[test]
fn the_address_of_a_server_is_refused_without_its_password() {
    let place = Place::new();
    let mut command = Command::new(env!("CARGO_BIN_EXE_payme"));
    command.current_dir(place.path("")).args([
        "--db",
        "postgres://u:secret@h/db",
        "user",
        "show",
        ADA,
    ]);
    let ran: Ran = command.output().unwrap().into();
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.stderr.contains("not of SQLite") && !ran.stderr.contains("secret"),
        "{}",
        ran.stderr
    );
}

#[test]
fn what_a_person_pins_is_shown_first() {
    let place = place();
    let matched = place.run(&["match", "--user", ADA]).ok().json();
    assert_eq!(titles(&matched["results"])[0], "Rides");
    let last = id_of(&matched, "Californian rides");
    place.run(&["prefs", "star", "--user", ADA, last]).ok();
    place.run(&["prefs", "pin", "--user", ADA, last, "--order", "-3"]).ok();
    let matched = place.run(&["match", "--user", ADA]).ok().json();
    assert_eq!(titles(&matched["results"])[0], "Californian rides");
    assert_eq!(
        (&matched["results"][0]["pinned"], &matched["results"][0]["starred"]),
        (&json!(true), &json!(true))
    );
    let listed = place.run(&["prefs", "list", "--user", ADA]).ok().json();
    assert_eq!(listed[0]["pinned_order"], -3);
    place.run(&["prefs", "unpin", "--user", ADA, last]).ok();
    place.run(&["prefs", "unstar", "--user", ADA, last]).ok();
    assert_eq!(place.run(&["prefs", "list", "--user", ADA]).ok().json(), json!([]));
}

#[test]
fn an_assignment_sticks_until_it_is_forced() {
    let place = Place::new();
    let assign = |rest: &[&str]| {
        let arguments = [&["experiment", "assign", ADA], rest].concat();
        place.run(&arguments).ok().json()
    };
    assert_eq!(assign(&[])["variant"], "rules_vector", "by md5sum");
    let forced = assign(&["--variant", "rules_only"]);
    assert_eq!((&forced["variant"], &forced["forced"]), (&json!("rules_only"), &json!(true)));
    assert_eq!(assign(&[])["variant"], "rules_only");
    assert_eq!(assign(&["--key", "other"])["forced"], false);
}

#[test]
fn everybody_is_matched_once() {
    let place = place();
    let lines: String = (10..310)
        .map(|n| {
            format!(
                "{{\"user_id\": \"00000000-0000-4000-8000-{n:012}\", \"features\": [{{\"key\": \
                 \"merchant:uber\", \"source\": \"plaid\", \"confidence\": 0.8}}]}}\n"
            )
        })
        .collect();
    let features = place.write("features.jsonl", lines);
    assert_eq!(place.run(&["import", "features", &features]).ok().json()["added"], 300);
    let report = place.run(&["match", "--all"]).ok().json();
    // Each of the 300 may take rides; Ada may take the Californian ones as well.
    assert_eq!((&report["done"], &report["result_count"]), (&json!(301), &json!(302)));
    let ran = place.run(&["match", "--all", "--restart"]).ok();
    assert_eq!(ran.json()["resumed_after"], 0);
    assert_eq!(ran.stderr, "", "no progress in a pipe");
}

#[test]
fn a_stateless_match_needs_no_database() {
    let place = Place::new();
    let settlements = place.write("s.json", SETTLEMENTS);
    let features = place.write(
        "f.jsonl",
        format!(
            r#"{{"user_id": "{BEN}", "state": "NY", "features": [{{"key": "merchant:uber", "source": "gmail", "confidence": 0.1}}]}}"#
        ),
    );
    let arguments = [
        "match",
        "--settlements",
        &settlements,
        "--features",
        &features,
        "--variant",
        "rules_only",
    ];
    let all = place.run(&[&arguments[..], &["--near-misses", "--quiet"]].concat()).ok().json();
    assert_eq!(all[0]["user_id"], BEN);
    assert_eq!(all[0]["candidate_count"], 1);
    assert_eq!(all[0]["near_misses"].as_array().unwrap().len(), 3);
    let missing: Vec<_> = all[0]["near_misses"]
        .as_array()
        .unwrap()
        .iter()
        .map(|n| n["missing"].to_string())
        .collect();
    assert!(missing.contains(&r#"["state"]"#.to_owned()), "{missing:?}");
    assert!(!place.database().exists());
    assert_eq!(place.run(&arguments).ok().stderr, "", "every rule is judged: nothing to note");
    let mut command = Command::new(env!("CARGO_BIN_EXE_payme"));
    let lines: Ran =
        command.args(arguments).args(["--format", "jsonl", "--now", NOW]).output().unwrap().into();
    assert_eq!(lines.stdout.lines().count(), 1);
}

const BASELINE_WEIGHTS: &str = r#"{"rules_confidence": 0, "similarity": 0, "payout": 1, "urgency": 0, "ease": 0, "_version": 4}"#;
const EVIDENCE_WEIGHTS: &str = r#"{"rules_confidence": 0, "similarity": 0, "recency": 0,
    "frequency": 1, "class_period": 0, "payout": 0, "urgency": 0, "ease": 0, "_version": 5}"#;

#[test]
fn people_from_a_file_are_told_of_in_their_order_however_many_they_are() {
    const PEOPLE: usize = 2_500;
    let place = Place::new();
    let settlements = place.write("s.json", SETTLEMENTS);
    let id = |n: usize| format!("00000000-0000-4000-8000-{n:012}");
    // Not in the order of their ids.
    let ids: Vec<String> = (0..PEOPLE).map(|n| id(n * 7 % PEOPLE)).collect();
    let lines = ids.iter().map(|id| {
        format!(
            "{{\"user_id\": \"{id}\", \"features\": [{{\"key\": \"merchant:uber\", \"source\": \
             \"plaid\", \"confidence\": 0.8}}]}}\n"
        )
    });
    let features = place.write("f.jsonl", lines.collect::<String>());
    let arguments = ["match", "--settlements", &settlements, "--features", &features];
    let all = place.run(&arguments).ok().json();
    let told = all.as_array().unwrap().iter();
    assert_eq!(told.map(|one| one["user_id"].as_str().unwrap()).collect::<Vec<_>>(), ids);
    let lines = place.run(&[&arguments[..], &["--format", "jsonl"]].concat()).ok().stdout;
    for (line, one) in lines.lines().zip(all.as_array().unwrap()) {
        assert_eq!(&serde_json::from_str::<Value>(line).unwrap(), one);
    }
    assert_eq!(lines.lines().count(), PEOPLE);
}

#[test]
fn weights_come_from_a_file_or_are_refused_by_field() {
    let place = place();
    let arguments = ["match", "--user", ADA, "--variant", "rules_vector_ranker", "--weights"];
    // Each file says itself which set it weighs: a payout of 25 dollars, or two records.
    for (text, set, score) in
        [(BASELINE_WEIGHTS, "baseline", 0.25), (EVIDENCE_WEIGHTS, "evidence", 0.4)]
    {
        let file = place.write("w.json", text);
        for named in [&[][..], &["--signals", set]] {
            let matched = place.run(&[&arguments[..], &[&file], named].concat()).ok().json();
            assert_eq!(matched["results"][0]["score"], score, "{set} {named:?}");
        }
    }
    let bad = place.write("bad.json", r#"{"rules_confidence": 0, "similarity": NaN}"#);
    let ran = place.run(&[&arguments[..], &[&bad]].concat());
    assert_eq!(ran.code, Some(2));
    assert!(ran.error()["message"].as_str().unwrap().contains("bad.json"), "{}", ran.stderr);
}

#[test]
fn weights_of_another_set_than_the_signals_are_a_usage_error() {
    let place = Place::new();
    let rides = "5f0c6f0e-98f1-5d3b-a3a1-6a4f9c0e2b11";
    let nobody = format!(r#"{{"user_id": "{BEN}", "features": []}}"#);
    let files = [place.write("s.json", SETTLEMENTS), place.write("f.jsonl", nobody)];
    let commands: [&[&str]; 5] = [
        &["reverse", rides],
        &["match", "--user", ADA],
        &["match", "--all"],
        &["explain", "--user", ADA, rides],
        &["match", "--settlements", &files[0], "--features", &files[1]],
    ];
    for (text, theirs, asked) in
        [(BASELINE_WEIGHTS, "baseline", "evidence"), (EVIDENCE_WEIGHTS, "evidence", "baseline")]
    {
        let file = place.write("w.json", text);
        for command in &commands {
            let ran = place.run(&[command, &["--weights", &file, "--signals", asked][..]].concat());
            let error = ran.error();
            assert_eq!((ran.code, &error["code"]), (Some(2), &json!("usage")), "{command:?}");
            let details = json!({"file": file, "weights": theirs, "signals": asked});
            assert_eq!(error["details"], details);
            let message = error["message"].as_str().unwrap();
            assert!(message.contains(theirs) && message.contains(asked), "{message}");
        }
    }
    assert!(!place.database().exists(), "the weights are read before a database is opened");
}

#[test]
fn every_way_to_match_takes_a_set_of_signals() {
    let place = place();
    let names = |result: &Value| result["signals"].as_object().unwrap().len();
    for (set, count) in [("baseline", 5), ("evidence", 8)] {
        let one = place.run(&["match", "--user", ADA, "--signals", set]).ok().json();
        assert_eq!(names(&one["results"][0]), count, "{set}");
        let rides = id_of(&one, "Rides");
        let answer = place.run(&["explain", "--user", ADA, rides, "--signals", set]).ok().json();
        assert_eq!(names(&answer["result"]), count, "{set}");
        assert_eq!(answer["recorded"], one_without_title(&one["results"], rides), "{set}");
        let all = place.run(&["match", "--all", "--signals", set]).ok().json();
        assert_eq!((&all["done"], &all["resumed_after"]), (&json!(1), &json!(0)), "{set}");
    }
    let plain = place.run(&["match", "--user", ADA]).ok().json();
    assert_eq!(names(&plain["results"][0]), 8, "evidence is the default");
}

/// A result as the store has it.
fn one_without_title(results: &Value, id: &str) -> Value {
    let mut found = results.as_array().unwrap().iter().filter(|one| one["settlement_id"] == id);
    let mut one = found.next().unwrap().clone();
    one.as_object_mut().unwrap().remove("title");
    one
}

#[test]
fn a_table_tells_why_and_asks_what_is_not_known() {
    let place = place();
    let mut command = Command::new(env!("CARGO_BIN_EXE_payme"));
    command.args(["--now", NOW, "--db"]).arg(place.database());
    command.args(["match", "--user", ADA, "--near-misses"]);
    let told = Ran::from(command.output().unwrap()).ok().stdout;
    assert!(told.contains("merchant:uber: sure 0.80, recent 0.28"), "{told}");
    let lines: Vec<&str> = told.lines().collect();
    let at = |text: &str| lines.iter().position(|line| line.contains(text));
    let (ask, lack) = (at("tell us: date_of_birth"), at("merchant:united_airlines"));
    assert!(ask.is_some() && ask < lack, "{told}");
    assert!(lines[ask.unwrap()].contains("Grown-ups"), "{told}");
    command.args(["--signals", "baseline"]);
    let told = Ran::from(command.output().unwrap()).ok().stdout;
    assert!(!told.contains("sure") && !told.contains("tell us"), "{told}");
    place.run(&["user", "set", ADA, "--date-of-birth", "1984-03-12"]).ok();
    let matched = place.run(&["match", "--user", ADA]).ok().json();
    assert!(titles(&matched["results"]).contains(&"Grown-ups"), "an answer settles it");
}

#[test]
fn a_title_from_outside_cannot_steer_the_terminal() {
    let place = Place::new();
    let settlements = place.write(
        "s.json",
        r#"[{"title": "Red \u202e", "eligibility": {"required_features": [], "states": []}}]"#,
    );
    let features = place.write("f.jsonl", format!(r#"{{"user_id": "{BEN}", "features": []}}"#));
    let mut command = Command::new(env!("CARGO_BIN_EXE_payme"));
    command.args(["match", "--settlements", &settlements, "--features", &features]);
    let ran: Ran = command.output().unwrap().into();
    let told = ran.ok().stdout;
    assert!(told.contains("Red \u{fffd}") && !told.contains('\u{202e}'), "{told}");
}

#[test]
fn no_name_of_a_person_reaches_a_log_line() {
    let place = Place::new();
    let folder = fixtures().join("people");
    let bank = folder.join("ada-fixture/transactions.json");
    let mut command = place.command();
    command.env("PAYME_LOG", "trace").args(["import", "transactions", "--user", ADA]).arg(&bank);
    let ran: Ran = command.output().unwrap().into();
    let log = ran.ok().stderr;
    let text = std::fs::read_to_string(&bank).unwrap();
    let rows: Vec<Value> = serde_json::from_str(&text).unwrap();
    let names = rows.iter().flat_map(|page| page["added"].as_array().unwrap());
    for name in names.filter_map(|row| row["name"].as_str()) {
        assert!(!log.contains(name), "{name} is in the log");
    }
}
