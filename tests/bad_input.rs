//! Bad input: a clear error, the exit code of bad input, and a database that is as it was.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails should say where")]

mod support;

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use support::{Place, Ran};

const USER: &str = "00000000-0000-4000-8000-000000000001";
const RULE: &str = r#""eligibility": {"required_features": ["merchant:uber"], "states": []}"#;

/// A place whose database holds one settlement and one person.
fn place() -> Place {
    let place = Place::new();
    let settlements = place.write("old.json", format!(r#"[{{"title": "Old", {RULE}}}]"#));
    let bank = place.write("old.csv", "date,name,amount\n2024-03-25,Uber,5.40\n");
    place.run(&["import", "settlements", &settlements]).ok();
    place.run(&["import", "transactions", "--user", USER, &bank]).ok();
    place
}

fn database(place: &Place) -> Vec<u8> {
    fs::read(place.database()).unwrap()
}

/// Runs an import that must be refused with this code and leave the database as it was.
fn refused(place: &Place, kind: &str, file: &str, code: &str) -> Ran {
    let before = database(place);
    let user: &[&str] = match kind {
        "transactions" | "messages" => &["--user", USER],
        _ => &[],
    };
    let ran = place.run(&[&["import", kind], user, &[file]].concat());
    assert_eq!(ran.code, Some(2), "{kind} {file}: {}", ran.stderr);
    let error = ran.error();
    assert_eq!(error["code"], code, "{kind} {file}: {}", ran.stderr);
    let message = error["message"].as_str().unwrap();
    assert!(message.contains(file), "the file is named: {message}");
    assert!(!message.contains('\n'), "one line: {message}");
    assert!(before == database(place), "{kind} {file}: the database changed");
    ran
}

#[test]
fn each_bad_settlement_file_is_refused_whole() {
    let place = place();
    let good = format!(r#"{{"title": "Good", {RULE}}}"#);
    #[rustfmt::skip]
    let table = [
        ("{",                                                                       "malformed_json"),
        ("[{\"title\": \"T\"",                                                      "malformed_json"),
        (r#"[{"title": "T", "eligibility": {}, "payout_max_cents": NaN}]"#,         "malformed_json"),
        (&format!(r#"[{good}, {{"title": "T", "colour": "red", {RULE}}}]"#),        "unknown_field"),
        (&format!("[{good}, {good}]"),                                              "duplicate_id"),
        (r#"[{"title": "T", "eligibility": {"required_features": [], "states": ["XX"]}}]"#, "unknown_state"),
        (&format!(r#"[{{"title": "T", "payout_min_cents": -1, {RULE}}}]"#),         "negative_payout"),
        (&format!(r#"[{{"title": "T", "payout_min_cents": 9, "payout_max_cents": 8, {RULE}}}]"#), "reversed_range"),
        (&format!(r#"[{{"title": "T", "deadline": "1899-12-31T00:00:00Z", {RULE}}}]"#), "date_before_1900"),
        (r#"[{"title": "T", "eligibility": {"feature": "merchant:uber", "min_confidence": 1.1}}]"#, "invalid_confidence"),
        ("",                                                                        "empty_input"),
        (" \n ",                                                                    "empty_input"),
    ];
    for (number, (text, code)) in table.iter().enumerate() {
        let file = place.write(&format!("bad-{number}.json"), text);
        refused(&place, "settlements", &file, code);
    }
    let file = place.write("utf8.json", b"[\n\xff\n]");
    let ran = refused(&place, "settlements", &file, "invalid_utf8");
    assert_eq!(ran.error()["details"]["line"], 2);
}

#[test]
fn each_bad_features_file_is_refused_whole() {
    let place = place();
    let line = |confidence: &str| {
        format!(
            r#"{{"user_id": "{USER}", "features": [{{"key": "merchant:uber", "source": "plaid", "confidence": {confidence}}}]}}"#
        )
    };
    #[rustfmt::skip]
    let table = [
        (line("1.5"),                              "invalid_confidence"),
        (line("-0.1"),                             "invalid_confidence"),
        (line("NaN"),                              "malformed_json"),
        (line("1e999"),                            "malformed_json"),
        (format!("{}\n{}", line("1"), line("1")),  "duplicate_user"),
        (line("1").replace("features", "feature"), "unknown_field"),
        (String::new(),                            "empty_input"),
    ];
    for (number, (text, code)) in table.iter().enumerate() {
        let file = place.write(&format!("bad-{number}.jsonl"), text);
        refused(&place, "features", &file, code);
    }
}

#[test]
fn each_bad_record_file_is_refused_whole() {
    let place = place();
    #[rustfmt::skip]
    let table = [
        ("transactions", "[{]",                                                    "malformed_json"),
        ("transactions", r#"{"w2": []}"#,                                          "unknown_shape"),
        ("transactions", "date,amount\n2024-01-01,1\n",                            "missing_column"),
        ("transactions", "date,amount,name,shoe\n2024-01-01,1,x,44\n",             "unknown_column"),
        ("transactions", "date,amount,name\n2024-01-01,1.005,x\n",                 "amount_too_fine"),
        ("transactions", "",                                                       "empty_input"),
        ("messages",     "",                                                       "empty_input"),
        ("messages",     "{\"id\": \"1\"",                                         "malformed_json"),
    ];
    for (number, (kind, text, code)) in table.iter().enumerate() {
        let file = place.write(&format!("bad-{number}"), text);
        refused(&place, kind, &file, code);
    }
    let file = place.write("utf8.csv", b"date,amount,name\n2024-01-01,1,\xff\n");
    refused(&place, "transactions", &file, "invalid_utf8");
}

#[test]
fn what_is_no_file_to_read_is_refused() {
    let place = place();
    let folder = place.path("folder");
    fs::create_dir(&folder).unwrap();
    let missing = place.path("missing.json");
    for kind in ["settlements", "features", "transactions", "messages"] {
        refused(&place, kind, folder.to_str().unwrap(), "file_is_directory");
        refused(&place, kind, missing.to_str().unwrap(), "file_missing");
    }
}

#[test]
fn a_line_of_a_gigabyte_is_refused_without_holding_it() {
    let place = place();
    let path = place.path("line.jsonl");
    let sizes = [(1 << 30, "file_too_large"), (500 << 20, "line_too_long")];
    let kinds = ["settlements", "features", "transactions", "messages"];
    for ((size, code), kind) in sizes.into_iter().flat_map(|size| kinds.map(|kind| (size, kind))) {
        fs::File::create(&path).unwrap().set_len(size).unwrap();
        let file = path.to_str().unwrap();
        // A process that may hold 400 MB of memory cannot hold the line.
        let before = database(&place);
        let payme = env!("CARGO_BIN_EXE_payme");
        let script = format!("ulimit -v 400000; exec {payme} \"$@\"");
        let user: &[&str] =
            if kind == "settlements" || kind == "features" { &[] } else { &["--user", USER] };
        let mut command = Command::new("sh");
        command.args(["-c", &script, "sh", "--format", "json", "--db"]).arg(place.database());
        let ran: Ran = command.args(["import", kind]).args(user).arg(file).output().unwrap().into();
        assert_eq!(ran.code, Some(2), "{kind}: {}", ran.stderr);
        assert_eq!(ran.error()["code"], code, "{kind}");
        assert!(before == database(&place));
    }
}

#[test]
fn keep_going_takes_the_good_rows_and_lists_the_refused() {
    let place = place();
    let file = place.write(
        "mixed.json",
        format!(
            "[{{\"title\": \"A\", {RULE}}},\n{{\"title\": \"B\"}},\n{{\"title\": \"C\", {RULE}}}]"
        ),
    );
    let ran = place.run(&["import", "settlements", "--keep-going", &file]);
    assert_eq!(ran.code, Some(1));
    let report = ran.json();
    assert_eq!(report["added"], 2);
    assert_eq!(report["refused"][0]["path"], "$[1]");
    assert_eq!(report["refused"][0]["line"], 2);
    assert!(ran.stderr.contains("refused: "), "{}", ran.stderr);
    let file =
        place.write("mixed.csv", "date,name,amount\n2024-01-01,A,1\nsoon,B,2\n2024-01-02,C,3\n");
    let ran = place.run(&["import", "transactions", "--user", USER, "--keep-going", &file]);
    assert_eq!((ran.code, ran.json()["added"].as_u64()), (Some(1), Some(2)));
    assert_eq!(ran.json()["refused"][0]["line"], 3);
}

#[test]
fn a_database_of_a_newer_version_is_refused_and_left_alone() {
    let place = place();
    // The version is raised in the file's own table of migrations, as a newer PayMe would do it.
    let script = "import sqlite3, sys\n\
        c = sqlite3.connect(sys.argv[1])\n\
        c.execute(\"insert into _sqlx_migrations values (9999, 'later', '2030-01-01', 1, x'00', 1)\")\n\
        c.commit()\n";
    let python = Command::new("python3").args(["-c", script]).arg(place.database()).status();
    assert!(python.unwrap().success());
    let before = database(&place);
    let ran = place.run(&["match", "--user", USER]);
    assert_eq!((ran.code, &ran.error()["code"]), (Some(2), &"store_newer_schema".into()));
    assert!(ran.error()["message"].as_str().unwrap().contains("9999"));
    assert!(before == database(&place));
}

#[test]
fn what_is_no_database_is_refused_and_left_alone() {
    let place = Place::new();
    let text = "this is a letter, not a database. ".repeat(100);
    fs::write(place.database(), &text).unwrap();
    let ran = place.run(&["match", "--user", USER]);
    assert_eq!((ran.code, &ran.error()["code"]), (Some(2), &"store_open".into()));
    assert_eq!(fs::read_to_string(place.database()).unwrap(), text);
    let mut command = Command::new(env!("CARGO_BIN_EXE_payme"));
    let ran: Ran = command
        .args(["--format", "json", "--db", "/nowhere/at/all/payme.db", "match", "--user", USER])
        .output()
        .unwrap()
        .into();
    assert_eq!((ran.code, &ran.error()["code"]), (Some(2), &"store_open".into()));
}

#[test]
fn a_read_only_database_can_be_read_but_not_changed() {
    let place = place();
    let new = place.write("new.json", format!(r#"[{{"title": "New", {RULE}}}]"#));
    let folder = place.path("");
    fs::set_permissions(place.database(), fs::Permissions::from_mode(0o444)).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o555)).unwrap();
    assert!(!place.path("payme.db-wal").exists(), "a command leaves no log behind");
    let before = database(&place);
    let run = |arguments: &[&str]| -> Ran {
        let mut command = place.command();
        command.args(arguments);
        // The superuser may write to everything, so it becomes nobody for this.
        if fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0) {
            command.uid(65534).gid(65534);
        }
        command.output().unwrap().into()
    };
    let ran = run(&["import", "settlements", &new]);
    let read = run(&["user", "show", USER]);
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!((ran.code, &ran.error()["code"]), (Some(2), &"store_read_only".into()));
    assert_eq!(read.ok().json()["features"][0]["key"], "merchant:uber");
    assert!(before == database(&place));
}

#[test]
fn a_full_disk_leaves_the_database_as_it_was() {
    let place = place();
    let many: Vec<_> = (0..4_000)
        .map(|n| format!(r#"{{"title": "Settlement {n}", "summary_text": "{n:0300}", {RULE}}}"#))
        .collect();
    let file = place.write("many.json", format!("[{}]", many.join(",")));
    let before = place.run(&["match", "--user", USER, "--variant", "rules_only"]).ok().json();
    // No file of the process may grow beyond 512 kB; the signal about it is ignored, so that the
    // write fails as it does on a full disk.
    let script =
        format!("trap '' XFSZ; ulimit -f 1000; exec {} \"$@\"", env!("CARGO_BIN_EXE_payme"));
    let mut command = Command::new("sh");
    command.args(["-c", &script, "sh", "--format", "json", "--db"]).arg(place.database());
    let ran: Ran = command.args(["import", "settlements", &file]).output().unwrap().into();
    assert_eq!(ran.code, Some(2), "{}", ran.stdout);
    let code = ran.error()["code"].as_str().unwrap().to_owned();
    assert!(["store_full", "store_failed"].contains(&code.as_str()), "{}", ran.stderr);
    let after = place.run(&["match", "--user", USER]).ok().json();
    assert_eq!(after["candidate_count"], before["candidate_count"]);
    assert_eq!(place.run(&["import", "settlements", &file]).ok().json()["added"], 4_000);
}
