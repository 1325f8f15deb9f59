//! What the command says and does where something is wrong in the middle, and what it never destroys.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

use super::office::{CHAIRS, KEYS, LAMPS, NEWER, Office, TABLES, number, user};
use super::support::Place;

/// Changes the database behind the back of the command.
fn by_hand(office: &Office, statements: &[&str]) {
    let work = async {
        let options = SqliteConnectOptions::new().filename(office.place.database());
        let mut connection = options.connect().await.unwrap();
        let unchecked = "pragma ignore_check_constraints = on";
        for statement in [unchecked].iter().chain(statements) {
            let statement = sqlx::AssertSqlSafe((*statement).to_owned());
            sqlx::query(statement).execute(&mut connection).await.unwrap();
        }
        connection.close().await.unwrap();
    };
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work);
}

/// What a statement finds in the database.
fn texts(office: &Office, select: &str) -> Vec<String> {
    let work = async {
        let options = SqliteConnectOptions::new().filename(office.place.database());
        let mut connection = options.connect().await.unwrap();
        let select = sqlx::AssertSqlSafe(select.to_owned());
        let found = sqlx::query_scalar(select).fetch_all(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        found
    };
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

/// The files of an office, by name.
fn names(office: &Office) -> Vec<String> {
    let folder = office.place.database();
    let folder = std::fs::read_dir(folder.parent().unwrap()).unwrap();
    let mut names: Vec<String> =
        folder.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_file_with_a_closed_account_approves_nobody() {
    let office = Office::new(2);
    office.file(1..=2, LAMPS);
    office.file(1..=2, CHAIRS);
    office.act(&["attorney", "close", CHAIRS]).ok();
    let before = office.stored();
    let items = office.items(&[(1, LAMPS, "1"), (2, CHAIRS, "1"), (2, LAMPS, "1")]);
    let ran = office.act(&["payout", "approve", "--items", &items]);
    let error = ran.error();
    let refused = json!([{"line": 3, "path": "$[1].settlement_id", "code": "account_closed",
        "message": error["details"]["refused"][0]["message"]}]);
    assert_eq!((ran.code, &error["code"]), (Some(2), &json!("account_closed")), "{error}");
    assert_eq!((ran.stdout.as_str(), &error["details"]["refused"]), ("", &refused));
    assert_eq!(office.stored(), before);
    assert_eq!(office.claim(1, LAMPS), "submitted");
}

#[test]
fn approvals_that_stop_in_the_middle_are_told_and_gone_on_with() {
    let office = Office::new(3);
    office.file(1..=3, LAMPS);
    let stop = format!(
        "create trigger stop before insert on claim_approval when new.user_id = '{}' begin \
         select raise(abort, 'stopped'); end",
        user(2)
    );
    by_hand(&office, &[&stop]);
    let items = office.items(&[(1, LAMPS, "1"), (2, LAMPS, "2"), (3, LAMPS, "3")]);
    let approve = ["payout", "approve", "--items", &items];
    let ran = office.act(&approve);
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    let told = ran.json();
    assert_eq!((told.as_array().unwrap().len(), &told[0]["user_id"]), (1, &json!(user(1))));
    let message = ran.error()["message"].as_str().unwrap().to_owned();
    assert!(message.contains("1 of 3 claimants were done before it"), "{message}");
    by_hand(&office, &["drop trigger stop"]);
    let told = office.act(&approve).ok().json();
    let decisions: Vec<&Value> =
        told.as_array().unwrap().iter().map(|one| &one["decision"]).collect();
    assert_eq!(decisions, ["stood", "new", "new"]);
}

#[test]
fn nobody_is_approved_who_could_never_be_paid() {
    let office = Office::new(2);
    office.file(1..=2, LAMPS);
    office.file(1..=2, CHAIRS);
    let before = office.stored();
    let ran = office.act(&["payout", "approve", CHAIRS, &user(1)]);
    assert_eq!((ran.code, &ran.error()["code"]), (Some(2), &json!("no_amount")));
    assert_eq!(office.stored(), before);
    assert_eq!(office.claim(1, CHAIRS), "submitted");
    // In a file it is about one claimant, who is listed.
    let items = office.items(&[(1, LAMPS, ""), (1, CHAIRS, ""), (2, CHAIRS, "2.50")]);
    let ran = office.act(&["payout", "approve", "--items", &items]);
    assert_eq!(ran.code, Some(1));
    let told = ran.json();
    assert_eq!((&told[0]["decision"], &told[2]["decision"]), (&json!("new"), &json!("new")));
    assert_eq!(told[1]["refused"]["code"], "no_amount");
    // Paid by name they are left out, and nothing was decided: an amount can still be given.
    let items = office.items(&[(1, CHAIRS, "")]);
    let ran = office.act(&["payout", "execute", "--items", &items, "--key", "k"]).json();
    assert_eq!(
        (&ran["total_approved"], &ran["skipped"][0]["reason"]),
        (&json!(0), &json!("no_amount"))
    );
    office.act(&["payout", "approve", CHAIRS, &user(1), "7"]).ok();
}

#[test]
fn no_command_writes_over_the_database() {
    let office = Office::new(1);
    let database = office.place.database();
    let bytes = std::fs::read(&database).unwrap();
    let link = office.place.path("link.db");
    std::os::unix::fs::symlink(&database, &link).unwrap();
    let mut paths = vec![link];
    paths.extend(["", "-wal", "-shm", "-journal"].map(|end| {
        let mut name = database.clone().into_os_string();
        name.push(end);
        name.into()
    }));
    let files = names(&office);
    for path in paths {
        let path = path.to_str().unwrap();
        let keep = ["simulate", "--seeds", "1", "--keep", path];
        let person = user(1);
        for arguments in [
            &["audit", "export", "--format", "jsonl", "--out", path][..],
            &["transactions", "export", "--user", &person, "--out", path],
            &keep,
        ] {
            let ran = office.run(arguments);
            let error = ran.error();
            assert_eq!((ran.code, &error["code"]), (Some(2), &json!("output")), "{arguments:?}");
            assert!(error["message"].as_str().unwrap().contains("the database"), "{error}");
        }
    }
    assert_eq!(std::fs::read(&database).unwrap(), bytes);
    assert_eq!(names(&office), files);
}

#[test]
fn an_export_that_fails_leaves_the_file_of_before() {
    let office = Office::new(1);
    let out = office.place.write("log.jsonl", "what was there\n");
    let files = names(&office);
    let export = ["audit", "export", "--format", "jsonl", "--out", &out];
    // An entry that cannot be read stops the export after those before it.
    let triggers =
        "select name from sqlite_schema where type = 'trigger' and tbl_name = 'payout_log'";
    for trigger in texts(&office, triggers) {
        by_hand(&office, &[&format!("drop trigger {trigger}")]);
    }
    by_hand(
        &office,
        &[
            "create table kept as select sequence, account_id, body from payout_log",
            "update payout_log set body = '{' where sequence = 2",
        ],
    );
    let ran = office.run(&export);
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    assert_eq!(std::fs::read_to_string(&out).unwrap(), "what was there\n");
    assert_eq!(names(&office), files, "nothing is left beside it");
    by_hand(
        &office,
        &[
            "update payout_log set body = (select body from kept where kept.sequence = \
        payout_log.sequence and kept.account_id = payout_log.account_id)",
            "drop table kept",
        ],
    );
    // A link stays one, and what it leads to is replaced.
    let link = office.place.path("link.jsonl");
    std::os::unix::fs::symlink(&out, &link).unwrap();
    office.run(&["audit", "export", "--format", "jsonl", "--out", link.to_str().unwrap()]).ok();
    assert!(link.symlink_metadata().unwrap().is_symlink());
    assert_eq!(std::fs::read_to_string(&out).unwrap().lines().count(), 4);
    // A device is written as it is, and a folder is none.
    office.run(&["audit", "export", "--out", "/dev/null"]).ok();
    assert!(std::path::Path::new("/dev/null").exists());
    let folder = office.place.path(".");
    assert_eq!(office.run(&["audit", "export", "--out", folder.to_str().unwrap()]).code, Some(2));
    let nowhere = office.place.path("missing/log.csv");
    assert_eq!(office.run(&["audit", "export", "--out", nowhere.to_str().unwrap()]).code, Some(2));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let office = Office::new(2);
    for n in 0..40 {
        let key = format!("deposit-{n}");
        office.act(&["payout", "fund", LAMPS, "1", "--key", &key]).ok();
    }
    for format in ["json", "jsonl", "csv"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_payme"));
        command.arg("--db").arg(office.place.database()).args(["--format", format]);
        command.args(["audit", "export"]).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // Nobody reads: the pipe is closed before the last line is written.
        drop(child.stdout.take());
        let ran = child.wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&ran.stderr).into_owned();
        assert_eq!((ran.status.code(), told.as_str()), (Some(0), ""), "{format}");
    }
}

#[test]
fn a_batch_that_was_interrupted_says_when_it_can_be_gone_on_with() {
    let office = Office::new(2);
    office.file(1..=2, LAMPS);
    office.act(&["payout", "approve", LAMPS, &user(1)]).ok();
    let made = office.act(&["payout", "batch", LAMPS, "--key", "k"]).ok().json();
    let id = made["batch"]["batch_id"].as_str().unwrap();
    // As a process that was killed left it: the lease is taken, and ends 90.5 seconds from now.
    let until = "2026-02-01T00:01:30.5Z";
    let micros = 1_769_904_090_500_000_i64;
    by_hand(
        &office,
        &[&format!(
            "update payout_batch set lease_token = 1, lease_until = {micros} where id = '{id}'"
        )],
    );
    let ran = office.act(&["payout", "execute", id]);
    let message = ran.error()["message"].as_str().unwrap().to_owned();
    assert_eq!(ran.error()["code"], "batch_leased");
    assert!(message.contains("try again in 91 seconds") && message.contains(until), "{message}");
    let mut command = Command::new(env!("CARGO_BIN_EXE_payme"));
    command.arg("--db").arg(office.place.database()).args(["--format", "json", "--now"]);
    command.args(["2026-02-01T00:01:31Z", "payout", "execute", id, "--attorney"]);
    let ran = command.arg(&office.attorney).output().unwrap();
    let done = office.keep(ran.into()).ok();
    assert_eq!(number(&done.json(), "open"), 0);
}

#[test]
fn what_a_suspended_attorney_began_still_ends() {
    let office = Office::new(2);
    office.file(1..=2, LAMPS);
    office.act(&["payout", "approve", LAMPS, &user(1)]).ok();
    let made = office.act(&["payout", "batch", LAMPS, "--key", "begun"]).ok().json();
    let begun = made["batch"]["batch_id"].as_str().unwrap();
    office.act(&["payout", "approve", LAMPS, &user(2)]).ok();
    let made = office.act(&["payout", "batch", LAMPS, "--key", "queued"]).ok().json();
    let queued = made["batch"]["batch_id"].as_str().unwrap();
    let key = office.run(&["attorney", "key", &office.attorney]).ok().json();
    office.run(&["attorney", "suspend", &office.attorney]).ok();
    let refuse = |arguments: &[&str]| {
        let ran = office.act(arguments);
        assert_eq!(ran.error()["code"], "attorney_suspended", "{arguments:?}");
    };
    refuse(&["payout", "execute", begun]);
    // As a process that was killed right after the first commit left it.
    by_hand(
        &office,
        &[&format!("update payout_batch set state = 'processing' where id = '{begun}'")],
    );
    let key = key["api_key"].as_str().unwrap();
    let ran = office.with_key(key, &["payout", "execute", begun]);
    assert_eq!(ran.error()["code"], "attorney_suspended", "their own programs do nothing");
    let done = office.act(&["payout", "execute", begun]).ok().json();
    assert_eq!((number(&done, "open"), number(&done, "ended")), (0, 1));
    assert_eq!(done["batch"]["currency"], "USD");
    assert_eq!(office.act(&["payout", "execute", begun]).ok().json()["ended"], 0);
    let items = office.items(&[(2, LAMPS, "1")]);
    for arguments in [
        &["payout", "execute", queued][..],
        &["payout", "execute", "--items", &items, "--key", "k"],
        &["payout", "approve", LAMPS, &user(2)],
        &["payout", "batch", LAMPS, "--key", "new"],
        &["payout", "retry", begun, "--key", "new"],
        &["payout", "fund", LAMPS, "1", "--key", "new"],
    ] {
        refuse(arguments);
    }
}

#[test]
fn accounts_are_shown_where_their_sum_does_not_fit() {
    let office = Office::new(1);
    for settlement in [LAMPS, CHAIRS] {
        let fund = ["payout", "fund", settlement, "92233720368447758.07", "--key", "all"];
        office.act(&fund).ok();
    }
    let told = office.act(&["payout", "balance"]).ok().json();
    for account in told["accounts"].as_array().unwrap() {
        assert_eq!(number(account, "funded_cents"), i64::MAX);
    }
    assert_eq!((&told["totals"], &told["totals_too_large"]), (&json!([]), &json!(["USD"])));
    let mut command = Command::new(env!("CARGO_BIN_EXE_payme"));
    command.arg("--db").arg(office.place.database()).args(["payout", "balance", "--attorney"]);
    let text = office.keep(command.arg(&office.attorney).output().unwrap().into()).ok().stdout;
    assert!(text.contains("all USD: the sums do not fit"), "{text}");
}

#[test]
fn amounts_are_digits_and_what_is_said_again_is_said_in_fitting_words() {
    let office = Office::new(2);
    office.file([1], CHAIRS);
    for amount in ["1e3", "1E3", "2e0"] {
        let ran = office.act(&["payout", "fund", CHAIRS, amount, "--key", "k"]);
        assert_eq!(ran.error()["code"], "malformed_amount", "{amount}");
        let items = office.items(&[(1, CHAIRS, amount)]);
        let ran = office.act(&["payout", "approve", "--items", &items]);
        assert_eq!(ran.error()["code"], "malformed_amount", "{amount}");
        let ran = office.link(TABLES, &["--opening", amount]);
        assert_eq!(ran.error()["code"], "malformed_amount", "{amount}");
    }
    let person = user(1);
    let register = [
        "attorney",
        "register",
        "--user",
        &person,
        "--name",
        "Other Name",
        "--email",
        "jane@example.com",
        "--firm",
        "Doe LLP",
    ];
    let error = office.run(&register).error();
    let message = error["message"].as_str().unwrap();
    assert_eq!(error["code"], "attorney_registered_otherwise");
    assert!(message.contains("another name") && !message.contains("key"), "{message}");
}

#[test]
fn errors_of_the_file_of_keys_name_it() {
    let office = Office::new(1);
    let missing = office.place.path("missing.keys");
    let broken = office.place.write("broken.keys", "no key\n");
    let open = office.place.write("open.keys", format!("{KEYS}\n"));
    use std::os::unix::fs::PermissionsExt as _;
    for (path, mode) in [(&broken, 0o600), (&open, 0o644)] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }
    for (path, code) in [
        (missing.to_str().unwrap(), "vault_key_file"),
        (broken.as_str(), "vault_key_line"),
        (open.as_str(), "vault_key_file_open"),
    ] {
        let error = office.act(&["payout", "balance", "--vault-keys", path]).error();
        assert_eq!(error["code"], code);
        assert!(error["message"].as_str().unwrap().starts_with(path), "{error}");
    }
}

#[test]
fn a_destination_whose_key_is_gone_is_linked_anew() {
    let office = Office::new(1);
    let destination = json!({"provider": "plaid", "access_token": "access-1", "account_id": "a",
        "legal_name": "Ada"});
    let file = office.place.write("destination.json", destination.to_string());
    let link = ["user", "destination", "link", &user(1), &file];
    let keys =
        [KEYS.to_owned(), KEYS.to_owned(), format!("newer:{NEWER}"), format!("newer:{NEWER}")];
    let statuses = keys.map(|keys| {
        let mut command = office.command();
        command.env("PAYME_VAULT_KEYS", keys).args(link);
        office.keep(command.output().unwrap().into()).ok();
        texts(&office, "select status from payout_destination order by status")
    });
    let (one, two) = (vec!["active".to_owned()], vec!["active".to_owned(), "revoked".to_owned()]);
    assert_eq!(statuses, [one.clone(), one, two.clone(), two], "the same again changes nothing");
}

#[test]
fn a_campaign_that_cannot_be_run_or_kept_is_refused_at_once() {
    let place = Place::new();
    for (arguments, code) in [
        (&["simulate", "--threads", "100000"][..], "usage"),
        (&["simulate", "--threads", "1025"], "usage"),
        (&["simulate", "--threads", "0"], "usage"),
        (&["simulate", "--seeds", "0"], "usage"),
        (&["simulate", "--seeds", "100000000", "--keep", "/nonexistent/x"], "write_failed"),
    ] {
        let ran = place.run(arguments);
        assert_eq!((ran.code, &ran.error()["code"]), (Some(2), &json!(code)), "{arguments:?}");
    }
    let kept = place.path("kept.txt");
    let few = ["simulate", "--seeds", "3", "--threads", "1024", "--keep", kept.to_str().unwrap()];
    let told = place.run(&few).ok().json();
    assert!(told["seeds"].as_u64().unwrap() >= 3);
    assert_eq!(std::fs::read_to_string(kept).unwrap(), "", "no law was broken");
}

#[test]
fn a_reader_may_stop_after_the_first_line() {
    let office = Office::new(1);
    let mut command = office.command();
    command.args(["audit", "export", "--format", "jsonl"]).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.contains("settlement_account_linked"), "{line}");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn help_shows_examples() {
    let place = Place::new();
    for arguments in [
        &["attorney", "--help"][..],
        &["attorney", "link", "--help"],
        &["claim", "--help"],
        &["claim", "submit", "--help"],
        &["payout", "--help"],
        &["payout", "approve", "--help"],
        &["payout", "execute", "--help"],
        &["payout", "retry", "--help"],
        &["audit", "--help"],
        &["audit", "export", "--help"],
        &["user", "destination", "link", "--help"],
    ] {
        let told = place.run(arguments).ok().stdout;
        assert!(told.contains("Example"), "{arguments:?}: {told}");
    }
    assert!(!place.database().exists());
}
