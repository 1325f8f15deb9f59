//! Payouts from the command, end to end: what it prints, what it stores, and how it refuses.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails should say where")]

#[path = "payouts_cli/bounds.rs"]
mod bounds;
#[path = "payouts_cli/faces.rs"]
mod faces;
#[path = "payouts_cli/office.rs"]
mod office;
mod support;

use std::io::Write as _;
use std::process::{Command, Stdio};

use office::{
    ACCOUNT_REF, CHAIRS, KEYS, LAMPS, LEGAL_NAME, NEWER, NOBODY, Office, Rows, TABLES, TOKEN,
    number, user,
};
use serde_json::{Value, json};
use support::{Place, Ran};

#[test]
fn usage_errors_exit_with_two_and_make_no_database() {
    let place = Place::new();
    #[rustfmt::skip]
    let table: [&[&str]; 14] = [
        &["attorney"],
        &["attorney", "register", "--user", NOBODY],
        &["attorney", "link", LAMPS, "--bank-name", "B", "--account-ref-file", "-", "--currency", "BTC"],
        &["claim"],
        &["claim", "report", "--user", NOBODY, LAMPS, "maybe"],
        &["payout"],
        &["payout", "approve"],
        &["payout", "approve", LAMPS],
        &["payout", "approve", LAMPS, NOBODY, "--items", "x.csv"],
        &["payout", "execute"],
        &["payout", "execute", "--items", "x.csv"],
        &["payout", "execute", LAMPS, "--chunk", "0"],
        &["payout", "history", "--before", "x"],
        &["audit", "log", "--from", "yesterday"],
    ];
    for arguments in table {
        let ran = place.run(arguments);
        assert_eq!((ran.code, &ran.error()["code"]), (Some(2), &json!("usage")), "{arguments:?}");
    }
    assert!(!place.database().exists());
}

#[test]
fn an_attorney_pays_and_everybody_agrees() {
    let office = Office::new(30);
    office.file(1..=30, LAMPS);
    let rows: Vec<(usize, &str, &str)> =
        (1..=29).map(|n| (n, LAMPS, if n % 2 == 0 { "12.34" } else { "0.01" })).collect();
    let items = office.items(&rows);
    let approved = office.act(&["payout", "approve", "--items", &items]).ok().json();
    assert_eq!(approved.as_array().unwrap().len(), 29);
    // Without an amount the least payout of the settlement is paid.
    let one = office.act(&["payout", "approve", LAMPS, &user(30), "--note", "seen"]).ok().json();
    assert_eq!((&one["decision"], &one["attempt"]), (&json!("new"), &json!(1)));
    let again = office.act(&["payout", "approve", LAMPS, &user(30)]).ok().json();
    assert_eq!((&again["decision"], &again["approval_id"]), (&json!("stood"), &one["approval_id"]));

    let make = ["payout", "batch", LAMPS, "--key", "payday-1"];
    let made = office.act(&make).ok().json();
    let batch = &made["batch"];
    let total = 14 * 1_234 + 15 + 150;
    assert_eq!(
        (number(batch, "total_transfers"), number(batch, "total_amount_cents")),
        (30, total)
    );
    assert_eq!((number(batch, "reserved_cents"), &batch["status"]), (total, &json!("queued")));
    assert_eq!(office.act(&make).ok().json()["batch"], *batch, "sent twice, done once");
    let id = batch["batch_id"].as_str().unwrap();

    let execute = ["payout", "execute", id, "--chunk", "7"];
    let done = office.act(&execute).ok().json();
    let (arrived, failed) = (
        number(&done["batch"], "successful_transfers"),
        number(&done["batch"], "failed_transfers"),
    );
    assert_eq!((arrived + failed, number(&done, "open"), number(&done, "ended")), (30, 0, 30));
    let again = office.act(&execute).ok().json();
    assert_eq!((&again["batch"], &again["ended"]), (&done["batch"], &json!(0)));

    let report = office.act(&["payout", "reconcile", id]).ok().json();
    assert_eq!(report["check"], "rows, ledger and rail agree");
    assert_eq!(report["disagreements"], json!([]));
    let lines = report["transfers"].as_array().unwrap();
    let paid: i64 = lines
        .iter()
        .filter(|line| line["status"] == "completed")
        .map(|line| number(line, "amount_cents"))
        .sum();
    assert_eq!(number(&report, "paid_amount_cents"), paid);
    for line in lines {
        let person = line["user_id"].as_str().unwrap();
        let person: usize = person.rsplit('-').next().unwrap().parse().unwrap();
        let (claim, reason) = match line["status"].as_str().unwrap() {
            "completed" => ("paid_out", Value::Null),
            "failed" => ("not_paid_out", json!("mock_bank_decline")),
            other => panic!("{other}"),
        };
        assert_eq!(
            (office.claim(person, LAMPS).as_str(), &line["failure_reason"]),
            (claim, &reason)
        );
    }
    let balance = office.act(&["payout", "balance"]).ok().json();
    let total = &balance["totals"][0];
    assert_eq!(number(total, "funded_cents"), 20_000_000, "both accounts were opened with money");
    assert_eq!(number(total, "paid_cents"), paid);
    assert_eq!(number(total, "available_cents") + paid, 20_000_000);
    let history = office.act(&["payout", "history", "--settlement", LAMPS]).ok().json();
    assert_eq!(history, json!([done["batch"]]));
    assert_eq!(office.act(&["payout", "history", "--settlement", CHAIRS]).ok().json(), json!([]));
    let verified = office.run(&["audit", "verify"]).ok().json();
    assert_eq!((&verified["accounts"], &verified["findings"]), (&json!(2), &json!([])));
    assert!(number(&verified, "entries") > 60);
}

#[test]
fn whoever_was_not_paid_is_retried_once_for_each_key() {
    // That nobody of so many is let down happens once in 18 million tellings.
    let office = Office::new(156);
    office.file(1..=156, CHAIRS);
    let rows: Vec<(usize, &str, &str)> = (1..=156).map(|n| (n, CHAIRS, "5")).collect();
    let items = office.items(&rows);
    let execute = ["payout", "execute", "--items", &items, "--key", "payday"];
    let first = office.act(&execute).ok().json();
    let report = &first["batches"][0];
    let failed = number(report, "failed_transfers");
    assert!(failed > 0, "{report}");
    assert_eq!(office.act(&execute).ok().json(), first, "sent twice, done once");
    let id = report["batch_id"].as_str().unwrap();
    let retry = ["payout", "retry", id, "--key", "again"];
    let second = office.act(&retry).ok().json();
    assert_eq!(number(&second["batches"][0], "total_transfers"), failed);
    let again = second["batches"][0]["batch_id"].as_str().unwrap();
    assert_ne!(again, id);
    assert_eq!(office.act(&retry).ok().json(), second, "the key stands for what it did");
    // The first batch is as it was: what failed stays failed.
    let report = office.act(&["payout", "reconcile", id]).ok().json();
    assert_eq!(number(&report, "failed_transfers"), failed);
    let completed = office.act(&["payout", "reconcile", again]).ok().json();
    let ran = office.act(&["payout", "retry", again, "--key", "third"]);
    match number(&completed, "failed_transfers") {
        0 => assert_eq!(ran.error()["code"], "nothing_to_retry"),
        left => {
            let third = ran.ok().json();
            assert_eq!(number(&third["batches"][0], "total_transfers"), left);
        }
    }
    office.run(&["audit", "verify"]).ok();
}

#[test]
fn every_refusal_has_a_code_and_changes_nothing() {
    let office = Office::new(4);
    let suspended = office.register(2, "Max Moe")["attorney_id"].as_str().unwrap().to_owned();
    office.run(&["attorney", "suspend", &suspended]).ok();
    let other = office.register(3, "Zoe Zed")["attorney_id"].as_str().unwrap().to_owned();
    office.file([1, 2], CHAIRS);
    office.act(&["payout", "approve", CHAIRS, &user(1), "10"]).ok();
    let made = office.act(&["payout", "batch", CHAIRS, "--key", "used"]).ok().json();
    let batch = made["batch"]["batch_id"].as_str().unwrap();
    office.act(&["payout", "fund", CHAIRS, "1", "--key", "deposit"]).ok();
    let long = "k".repeat(10_000);
    let (one, two, four) = (user(1), user(2), user(4));
    let before = office.stored();
    let refuse = |attorney: &str, arguments: &[&str], code: &str| {
        let ran = office.run(&[arguments, &["--attorney", attorney]].concat());
        let error = ran.error();
        assert_eq!(
            (ran.code, error["code"].as_str()),
            (Some(2), Some(code)),
            "{arguments:?}: {error}"
        );
    };
    #[rustfmt::skip]
    let table: &[(&[&str], &str)] = &[
        (&["payout", "fund", CHAIRS, "0", "--key", "k"],                     "amount_not_positive"),
        (&["payout", "fund", CHAIRS, "-5", "--key", "k"],                    "amount_not_positive"),
        (&["payout", "fund", CHAIRS, "1.234", "--key", "k"],                 "amount_too_fine"),
        (&["payout", "fund", CHAIRS, "1,000", "--key", "k"],                 "malformed_amount"),
        (&["payout", "fund", CHAIRS, "92233720368547758.08", "--key", "k"],  "amount_overflow"),
        (&["payout", "fund", CHAIRS, "92233720368547758.07", "--key", "k"],  "amount_overflow"),
        (&["payout", "fund", CHAIRS, "2", "--key", "deposit"],               "idempotency_key_reused"),
        (&["payout", "fund", CHAIRS, "2", "--key", &long],                   "invalid_key"),
        (&["payout", "fund", CHAIRS, "2", "--key", ""],                      "invalid_key"),
        (&["payout", "fund", TABLES, "2", "--key", "k"],                     "account_not_linked"),
        (&["payout", "fund", NOBODY, "2", "--key", "k"],                     "unknown_settlement"),
        (&["payout", "approve", CHAIRS, &one, "11"],                         "transfer_in_flight"),
        (&["payout", "approve", CHAIRS, &two, "0.00"],                       "amount_not_positive"),
        (&["payout", "approve", CHAIRS, &two, "1", "--note", "\u{7}"],       "invalid_note"),
        (&["payout", "approve", CHAIRS, &four, "1"],                         "illegal_claim_move"),
        (&["payout", "reject", CHAIRS, &one],                                "illegal_approval_move"),
        (&["payout", "batch", LAMPS, "--key", "used"],                       "idempotency_key_reused"),
        (&["payout", "execute", NOBODY],                                     "unknown_batch"),
        (&["payout", "reconcile", NOBODY],                                   "unknown_batch"),
        (&["payout", "retry", batch, "--key", "k"],                          "nothing_to_retry"),
        (&["payout", "release", NOBODY],                                     "transfer_not_held"),
        (&["attorney", "close", TABLES],                                     "account_not_linked"),
    ];
    for (arguments, code) in table {
        refuse(&office.attorney, arguments, code);
    }
    for arguments in [
        &["payout", "execute", batch][..],
        &["payout", "reconcile", batch],
        &["payout", "held", batch],
        &["payout", "retry", batch, "--key", "k"],
    ] {
        refuse(&other, arguments, "unknown_batch");
        refuse(&suspended, arguments, "attorney_suspended");
    }
    refuse(&other, &["payout", "approve", CHAIRS, &two, "1"], "account_not_linked");
    refuse(&suspended, &["payout", "approve", CHAIRS, &two, "1"], "attorney_suspended");
    refuse(NOBODY, &["payout", "balance"], "unknown_attorney");
    assert_eq!(office.run(&["payout", "balance"]).error()["code"], "no_attorney");
    assert_eq!(office.act(&["payout", "held", batch]).ok().json(), json!([]));
    assert_eq!(office.stored(), before, "nothing is half done");

    office.act(&["attorney", "close", CHAIRS]).ok();
    refuse(&office.attorney, &["payout", "approve", CHAIRS, &two, "1"], "account_closed");
    refuse(&office.attorney, &["payout", "fund", CHAIRS, "1", "--key", "new"], "account_closed");
    // What was begun still ends.
    office.act(&["payout", "execute", batch]).ok();
    let ran = office.act(&["payout", "reconcile", batch]).ok();
    if ran.json()["transfers"][0]["status"] == "completed" {
        refuse(&office.attorney, &["payout", "approve", CHAIRS, &one, "10"], "account_closed");
    }
}

#[test]
fn who_was_paid_is_not_paid_again() {
    let office = Office::new(40);
    office.file(1..=40, CHAIRS);
    let rows: Vec<(usize, &str, &str)> = (1..=40).map(|n| (n, CHAIRS, "3")).collect();
    let items = office.items(&rows);
    let first = office.act(&["payout", "execute", "--items", &items, "--key", "a"]).ok().json();
    let arrived = number(&first["batches"][0], "successful_transfers");
    let approve = office.act(&["payout", "approve", "--items", &items]);
    assert_eq!(approve.code, Some(1), "some are refused, and told");
    let told = approve.json();
    let refused =
        told.as_array().unwrap().iter().filter(|one| one["refused"]["code"] == "already_paid");
    assert_eq!(i64::try_from(refused.count()).unwrap(), arrived);
    let ran = office.act(&["payout", "execute", "--items", &items, "--key", "b"]);
    assert_eq!(ran.code, Some(1));
    let second = ran.json();
    assert_eq!(number(&second["batches"][0], "total_transfers"), 40 - arrived);
    let skipped = second["skipped"].as_array().unwrap();
    assert_eq!(i64::try_from(skipped.len()).unwrap(), arrived, "{second}");
    assert!(skipped.iter().all(|one| one["reason"] == "already_paid"), "{second}");
    office.run(&["audit", "verify"]).ok();
}

#[test]
fn a_batch_that_the_account_cannot_cover_is_refused_whole() {
    let office = Office::new(3);
    office.file(1..=3, CHAIRS);
    let items = office.items(&[(1, CHAIRS, "60000"), (2, CHAIRS, "40000.00"), (3, CHAIRS, "0.01")]);
    office.act(&["payout", "approve", "--items", &items]).ok();
    let before = office.stored();
    let make = ["payout", "batch", CHAIRS, "--key", "large"];
    let ran = office.act(&make);
    assert_eq!((ran.code, &ran.error()["code"]), (Some(2), &json!("insufficient_funds")));
    assert_eq!(office.stored(), before);
    office.act(&["payout", "fund", CHAIRS, "0.01", "--key", "the missing cent"]).ok();
    assert_eq!(number(&office.act(&make).ok().json()["batch"], "total_transfers"), 3);
}

#[test]
fn a_file_of_items_is_taken_whole_or_not_at_all() {
    let office = Office::new(3);
    office.file(1..=3, CHAIRS);
    let before = office.stored();
    #[rustfmt::skip]
    let table: &[(Rows<'_>, &str, i64, &str)] = &[
        (&[(1, CHAIRS, "1"), (2, CHAIRS, "0")],      "amount_not_positive", 3, "$[1].amount"),
        (&[(1, CHAIRS, "-1")],                       "amount_not_positive", 2, "$[0].amount"),
        (&[(1, CHAIRS, "1"), (2, CHAIRS, "1.001")],  "amount_too_fine",     3, "$[1].amount"),
        (&[(1, CHAIRS, "ten")],                      "malformed_amount",    2, "$[0].amount"),
        (&[(1, CHAIRS, "1"), (1, CHAIRS, "2")],      "duplicate_item",      3, "$[1]"),
        (&[(1, CHAIRS, "1"), (2, TABLES, "1")],      "account_not_linked",  3, "$[1].settlement_id"),
        (&[(1, "x", "1")],                           "invalid_id",          2, "$[0].settlement_id"),
        (&[(1, CHAIRS, "1,2")],                      "wrong_column_count",  2, "$[0]"),
    ];
    for (rows, code, line, path) in table {
        let items = office.items(rows);
        for arguments in [
            &["payout", "approve", "--items", &items][..],
            &["payout", "execute", "--items", &items, "--key", "k"],
        ] {
            let ran = office.act(arguments);
            let error = ran.error();
            assert_eq!((ran.code, &error["code"]), (Some(2), &json!(code)), "{rows:?}: {error}");
            let first = &error["details"]["refused"][0];
            assert_eq!((&first["line"], &first["path"]), (&json!(line), &json!(path)), "{error}");
        }
    }
    let empty = office.place.write("empty.csv", "user_id,settlement_id,amount\n");
    assert_eq!(office.act(&["payout", "approve", "--items", &empty]).error()["code"], "no_items");
    assert_eq!(office.stored(), before);
    let lines = format!(
        "{{\"user_id\": \"{}\", \"settlement_id\": \"{CHAIRS}\", \"amount\": \"7.50\"}}\n",
        user(1)
    );
    let lines = office.place.write("items.jsonl", lines);
    let done = office.act(&["payout", "approve", "--items", &lines]).ok().json();
    assert_eq!(done[0]["decision"], "new");
}

#[test]
fn no_planted_secret_is_printed_or_stored_in_the_open() {
    let office = Office::new(2);
    let destination = json!({"provider": "plaid", "access_token": TOKEN, "account_id": ACCOUNT_REF,
        "legal_name": LEGAL_NAME});
    let file = office.place.write("destination.json", destination.to_string());
    office.run(&["user", "destination", "link", &user(1), &file]).ok();
    let shown = office.run(&["user", "destination", "show", &user(1)]).ok().json();
    assert_eq!(shown["status"], "active");
    let broken =
        office.place.write("broken.json", destination.to_string().replace("plaid", LEGAL_NAME));
    assert_eq!(office.run(&["user", "destination", "link", &user(2), &broken]).code, Some(2));
    let two = office.place.write("two.txt", format!("{ACCOUNT_REF}\n{ACCOUNT_REF}\n"));
    let arguments = [
        "attorney",
        "link",
        TABLES,
        "--attorney",
        &office.attorney,
        "--bank-name",
        "B",
        "--account-ref-file",
        &two,
    ];
    assert_eq!(office.run(&arguments).error()["code"], "control_character");
    let mut child = office
        .command()
        .args(["attorney", "link", TABLES, "--attorney", &office.attorney, "--bank-name", "B"])
        .args(["--account-ref-file", "-", "--opening", "0"])
        .env("PAYME_LOG", "trace")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(ACCOUNT_REF.as_bytes()).unwrap();
    office.keep(Ran::from(child.wait_with_output().unwrap())).ok();
    let mut command = office.command();
    command.env("PAYME_VAULT_KEYS", format!("newer:{NEWER}\n{KEYS}")).args(["attorney", "reseal"]);
    let resealed = office.keep(command.output().unwrap().into()).ok().json();
    assert_eq!(resealed, json!({"resealed": 4, "unchanged": 0}));
    // The old key opens nothing any more.
    let mut command = office.command();
    command.env("PAYME_VAULT_KEYS", KEYS).args(["attorney", "reseal"]);
    let ran = office.keep(command.output().unwrap().into());
    assert_eq!((ran.code, &ran.error()["code"]), (Some(2), &json!("vault_unknown_key")));
    office.run(&["user", "destination", "revoke", &user(1)]).ok();
    let log = office.place.path("log.csv");
    office.run(&["audit", "export", "--format", "jsonl", "--out", log.to_str().unwrap()]).ok();
    office.run(&["attorney", "show", &office.attorney]).ok();

    let printed = office.printed.borrow();
    let database = std::fs::read(office.place.database()).unwrap();
    let exported = std::fs::read(log).unwrap();
    for secret in [ACCOUNT_REF, TOKEN, LEGAL_NAME, KEYS.split(':').next_back().unwrap()] {
        assert!(!printed.contains(secret), "{secret} was printed");
        for bytes in [&database, &exported] {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{secret} is stored in the open");
        }
    }
}

#[test]
fn an_api_key_stands_for_its_attorney_and_is_shown_once() {
    let office = Office::new(2);
    let key = office.run(&["attorney", "key", &office.attorney]).ok().json();
    let key = key["api_key"].as_str().unwrap();
    let by_key = office.with_key(key, &["payout", "balance"]).ok().json();
    assert_eq!(by_key, office.act(&["payout", "balance"]).ok().json());
    let other = office.register(2, "Max Moe")["attorney_id"].as_str().unwrap().to_owned();
    let ran = office.with_key(key, &["payout", "balance", "--attorney", &other]);
    assert_eq!((ran.code, &ran.error()["code"]), (Some(2), &json!("other_attorney")));
    for wrong in ["x", "payme_", &key[..key.len() - 1], &format!("{}0", &key[..key.len() - 1])] {
        if wrong == key {
            continue;
        }
        let ran = office.with_key(wrong, &["payout", "balance"]);
        assert_eq!(
            (ran.code, &ran.error()["code"]),
            (Some(2), &json!("invalid_api_key")),
            "{wrong}"
        );
        assert!(!ran.stderr.contains(wrong) || wrong.len() < 7, "{}", ran.stderr);
    }
    // A new key ends the one before, and a suspended attorney's key is worth nothing.
    let newer = office.run(&["attorney", "key", &office.attorney]).ok().json();
    let newer = newer["api_key"].as_str().unwrap();
    assert_eq!(office.with_key(key, &["payout", "balance"]).error()["code"], "invalid_api_key");
    office.with_key(newer, &["payout", "balance"]).ok();
    office.run(&["attorney", "suspend", &office.attorney]).ok();
    assert_eq!(
        office.with_key(newer, &["payout", "balance"]).error()["code"],
        "attorney_suspended"
    );
    office.run(&["attorney", "activate", &office.attorney]).ok();
    office.with_key(newer, &["payout", "balance"]).ok();
    let database = std::fs::read(office.place.database()).unwrap();
    for raw in [key, newer] {
        let found = database.windows(raw.len()).any(|window| window == raw.as_bytes());
        assert!(!found, "a raw key is stored");
    }
}

#[test]
fn claims_move_as_their_lifecycle_says() {
    let office = Office::new(2);
    let questions = r#"[{"prompt": "Bought when?", "kind": "date", "required": true},
        {"prompt": "How many?", "kind": "select", "options": ["one", "more"]}]"#;
    let file = office.place.write("questions.json", questions);
    office.act(&["attorney", "questions", "set", LAMPS, &file]).ok();
    let asked = office.run(&["claim", "questions", LAMPS]).ok().json();
    assert_eq!(asked[0]["prompt"], "Bought when?");
    let id = asked[0]["id"].as_str().unwrap();
    let ada = user(1);
    let submit = |answers: &str| {
        let file = office.place.write("answers.json", answers);
        office.run(&["claim", "submit", "--user", &ada, LAMPS, "--answers", &file])
    };
    let good = format!("{{\"{id}\": \"2020-02-29\"}}");
    assert_eq!(submit(&good).error()["code"], "illegal_claim_move", "it was not opened");
    office.run(&["claim", "open", "--user", &ada, LAMPS]).ok();
    for (answers, code) in [
        ("{}".to_owned(), "invalid_answers"),
        (good.replace("29", "30"), "invalid_answers"),
        (format!("{{\"{NOBODY}\": \"x\", \"{id}\": \"2020-02-29\"}}"), "invalid_answers"),
        ("[]".to_owned(), "wrong_type"),
    ] {
        let ran = submit(&answers);
        assert_eq!((ran.code, &ran.error()["code"]), (Some(2), &json!(code)), "{answers}");
        assert_eq!(office.claim(1, LAMPS), "opened");
    }
    let file = office.place.write("good.json", &good);
    let foreign =
        ["claim", "submit", "--user", &ada, LAMPS, "--answers", &file, "--evidence", NOBODY];
    assert_eq!(office.run(&foreign).error()["code"], "invalid_answers");
    assert_eq!(submit(&good).ok().json()["state"], "submitted");
    let report = ["claim", "report", "--user", &ada, LAMPS, "paid"];
    assert_eq!(office.run(&report).error()["code"], "outcome_is_known");
    office.act(&["payout", "reject", LAMPS, &ada, "--note", "no receipt"]).ok();
    assert_eq!(office.claim(1, LAMPS), "rejected");

    // Where nobody is linked, the person says what came of it.
    office.file([1], TABLES);
    let report = ["claim", "report", "--user", &ada, TABLES, "unpaid"];
    assert_eq!(office.run(&report).ok().json()["state"], "not_paid_out");
    let listed = office.run(&["claim", "list", "--user", &ada]).ok().json();
    let states: Vec<&str> =
        listed.as_array().unwrap().iter().map(|one| one["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["rejected", "not_paid_out"]);
    let ran = office.run(&["claim", "show", "--user", &user(2), LAMPS]);
    assert_eq!((ran.code, &ran.error()["code"]), (Some(2), &json!("unknown_claim")));
    let ran = office.run(&["claim", "open", "--user", &ada, NOBODY]);
    assert_eq!((ran.code, &ran.error()["code"]), (Some(2), &json!("unknown_settlement")));
    let ran = office.run(&["claim", "open", "--user", NOBODY, LAMPS]);
    assert_eq!((ran.code, &ran.error()["code"]), (Some(2), &json!("unknown_user")));
}

#[test]
fn the_log_is_read_in_pages_exported_and_held_to_what_was_written() {
    let office = Office::new(3);
    office.file(1..=3, CHAIRS);
    let items = office.items(&[(1, CHAIRS, "1"), (2, CHAIRS, "2"), (3, CHAIRS, "3")]);
    office.act(&["payout", "execute", "--items", &items, "--key", "a"]).ok();
    office.act(&["payout", "fund", CHAIRS, "8", "--key", "deposit-1"]).ok();
    let all = office.run(&["audit", "log", "--limit", "1000"]).ok().json();
    let all = all["entries"].as_array().unwrap().clone();
    let mut paged = Vec::new();
    let mut next: Option<String> = None;
    loop {
        let mut arguments = vec!["audit", "log", "--limit", "4"];
        arguments.extend(next.iter().flat_map(|next| ["--after", next.as_str()]));
        let page = office.run(&arguments).ok().json();
        paged.extend(page["entries"].as_array().unwrap().clone());
        next = page["next"].as_str().map(str::to_owned);
        if next.is_none() {
            break;
        }
    }
    assert_eq!(paged, all);
    let chairs =
        office.run(&["audit", "log", "--settlement", CHAIRS, "--limit", "1000"]).ok().json();
    assert_eq!(chairs["entries"].as_array().unwrap().len(), all.len() - 2, "two are of the lamps");
    let none = office.run(&["audit", "log", "--from", "2026-02-01T00:00:01Z"]).ok().json();
    assert_eq!(none, json!({"entries": [], "next": null}));

    let out = office.place.path("log.jsonl");
    let path = out.to_str().unwrap();
    office.run(&["audit", "export", "--format", "jsonl", "--out", path]).ok();
    let lines = std::fs::read_to_string(&out).unwrap();
    let exported: Vec<Value> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(exported, all);
    let csv = |arguments: &[&str]| -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_payme"));
        command.arg("--db").arg(office.place.database()).args(["--format", "csv"]).args(arguments);
        office.keep(command.output().unwrap().into())
    };
    csv(&["audit", "export", "--out", path]).ok();
    let ran = csv(&["audit", "verify"]);
    assert_eq!(ran.code, Some(2), "only an export has rows for a spreadsheet");
    let table = std::fs::read_to_string(&out).unwrap();
    assert_eq!(table.lines().count(), all.len() + 1);
    assert!(table.starts_with("at,account_id,sequence,kind,settlement_id,"), "{table}");
    assert!(table.contains("payout_account_funded"), "{table}");

    let sealed = office.run(&["audit", "seal"]).ok().json();
    assert_eq!(sealed["seal"], 1);
    assert_eq!(office.run(&["audit", "seal"]).ok().json(), Value::Null, "nothing happened since");
    let verified = office.run(&["audit", "verify"]).ok().json();
    assert_eq!((&verified["seals"], &verified["findings"]), (&json!(1), &json!([])));

    // A hand that changes the file finds every place, and is found all the same.
    let mut bytes = std::fs::read(office.place.database()).unwrap();
    let (old, new) = (b"deposit-1", b"deposit-2");
    let places: Vec<usize> =
        (0..bytes.len() - old.len()).filter(|at| bytes[*at..].starts_with(old)).collect();
    assert!(places.len() >= 2, "in the rows and in the log");
    for at in places {
        bytes[at..at + new.len()].copy_from_slice(new);
    }
    std::fs::write(office.place.database(), bytes).unwrap();
    let ran = office.run(&["audit", "verify"]);
    assert_eq!(ran.code, Some(1));
    let finding = &ran.json()["findings"][0];
    assert_eq!(finding["code"], "audit_hash");
    assert!(finding["message"].as_str().unwrap().contains("was changed"), "{finding}");
}

#[test]
fn the_rail_is_chosen_by_the_environment_and_a_wrong_value_is_told() {
    let office = Office::new(1);
    let with = |settings: &[(&str, &str)]| {
        let mut command = office.command();
        command.envs(settings.iter().copied()).args([
            "payout",
            "balance",
            "--attorney",
            &office.attorney,
        ]);
        office.keep(command.output().unwrap().into())
    };
    let hidden = "hidden-secret-77";
    let plaid =
        [("PLAID_PAYOUTS_ENABLED", "true"), ("PLAID_CLIENT_ID", hidden), ("PLAID_SECRET", hidden)];
    let and = |more: &[(&'static str, &'static str)]| [&plaid[..], more].concat();
    with(&[("PLAID_PAYOUTS_ENABLED", "false")]).ok();
    with(&and(&[("PLAID_ENV", "sandbox")])).ok();
    for (settings, code) in [
        (vec![("PLAID_PAYOUTS_ENABLED", "yes")], "rail_setting_invalid"),
        (vec![("PLAID_PAYOUTS_ENABLED", "true")], "rail_setting_missing"),
        (and(&[]), "rail_setting_missing"),
        (and(&[("PLAID_ENV", "live")]), "rail_setting_invalid"),
        (and(&[("PLAID_BASE_URL", "http://plaid.example")]), "not_encrypted"),
        (and(&[("PLAID_ENV", "sandbox"), ("PAYME_VAULT_KEYS", "")]), "rail_no_vault_keys"),
        (vec![("PAYME_VAULT_KEYS", "a:hidden-secret-77")], "vault_key_line"),
    ] {
        let ran = with(&settings);
        assert_eq!((ran.code, &ran.error()["code"]), (Some(2), &json!(code)), "{settings:?}");
        assert!(!ran.stderr.contains(hidden), "{}", ran.stderr);
    }
    // What has nothing to do with the rail goes on without it.
    let mut command = office.command();
    command.env("PLAID_PAYOUTS_ENABLED", "yes").args(["attorney", "list"]);
    Ran::from(command.output().unwrap()).ok();
}
