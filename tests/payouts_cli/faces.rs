//! What the command says of claims that come late, of reviews, of cancelling, and of what the rail
//! holds.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::office::{CHAIRS, KEYS, LAMPS, NOBODY, Office, TABLES, user};
use crate::support::{NOW, Place};

/// A settlement that takes claims for a time.
const LATE: &str = "00000000-0000-4000-8000-00000000aaa4";

/// A server that answers as Plaid does, one request to a connection: it sends whatever it is asked to, and
/// cancels it until everything is posted.
struct Server {
    origin: String,
    posted: Arc<AtomicBool>,
}

impl Server {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let posted = Arc::new(AtomicBool::new(false));
        let shared = posted.clone();
        std::thread::spawn(move || {
            let transfers = Arc::new(Mutex::new(BTreeMap::new()));
            for stream in listener.incoming() {
                let (transfers, posted) = (transfers.clone(), shared.clone());
                std::thread::spawn(move || Self::serve(stream.unwrap(), &transfers, &posted));
            }
        });
        Self { origin, posted }
    }

    /// The command with this server as its rail.
    fn chosen<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.env("PLAID_PAYOUTS_ENABLED", "true").env("PLAID_BASE_URL", &self.origin);
        command.env("PLAID_CLIENT_ID", "client").env("PLAID_SECRET", "secret")
    }

    fn serve(
        stream: TcpStream,
        transfers: &Mutex<BTreeMap<String, (String, &'static str)>>,
        posted: &AtomicBool,
    ) {
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
        let mut length = 0;
        while reader.read_line(&mut line).is_ok_and(|read| read > 0) && !line.ends_with("\n\r\n") {
            let last = line.lines().last().unwrap_or_default().to_lowercase();
            if let Some(told) = last.strip_prefix("content-length:") {
                length = told.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
        let text = |name: &str| asked[name].as_str().unwrap_or_default().to_owned();
        let mut transfers = transfers.lock().unwrap();
        // An authorization is named by its key, and a transfer by its authorization.
        let transfer = |id: &str, (amount, status): &(String, &str)| {
            json!({"id": id, "authorization_id": id, "type": "credit", "amount": amount,
                "iso_currency_code": "USD", "status": status, "failure_reason": null,
                "metadata": null})
        };
        let (status, answer) = match path.as_str() {
            "/transfer/authorization/create" => {
                let proposed = json!({"amount": asked["amount"], "iso_currency_code": "USD"});
                (
                    200,
                    json!({"authorization": {"id": text("idempotency_key"),
                    "decision": "approved", "decision_rationale": null,
                    "proposed_transfer": proposed}}),
                )
            }
            "/transfer/create" => {
                let id = text("authorization_id");
                let row = transfers.entry(id.clone()).or_insert((text("amount"), "pending"));
                (200, json!({"transfer": transfer(&id, row)}))
            }
            "/transfer/get" => {
                let id = text("authorization_id");
                (200, json!({"transfer": transfer(&id, &transfers[&id])}))
            }
            "/transfer/cancel" if posted.load(Ordering::Relaxed) => (
                400,
                json!({"error_type": "TRANSFER_ERROR",
                    "error_code": "TRANSFER_NOT_CANCELLABLE"}),
            ),
            "/transfer/cancel" => {
                transfers.entry(text("transfer_id")).and_modify(|row| row.1 = "cancelled");
                (200, json!({"request_id": "r"}))
            }
            "/transfer/ledger/get" => {
                (200, json!({"balance": {"available": "1234.56", "pending": "0.50"}}))
            }
            _ => (500, json!({})),
        };
        let answer = answer.to_string();
        let head = format!("HTTP/1.1 {status} Told\r\ncontent-length: {}\r\n", answer.len());
        let mut stream = reader.into_inner();
        stream.write_all(format!("{head}connection: close\r\n\r\n{answer}").as_bytes()).unwrap();
    }
}

/// What a command of the attorney prints for people.
fn table(office: &Office, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_payme"));
    command.args(["--now", NOW, "--db"]).arg(office.place.database());
    command.args(arguments).args(["--attorney", &office.attorney]);
    for name in ["PLAID_PAYOUTS_ENABLED", "PAYME_ATTORNEY_KEY", "PAYME_LOG"] {
        command.env_remove(name);
    }
    office.keep(command.env("PAYME_VAULT_KEYS", KEYS).output().unwrap().into()).ok().stdout
}

#[test]
fn help_of_what_is_asked_rarely_shows_examples() {
    let place = Place::new();
    for what in ["reviews", "release", "give-up", "cancel"] {
        let told = place.run(&["payout", what, "--help"]).ok().stdout;
        assert!(told.contains("Example"), "{what}: {told}");
    }
}

#[test]
fn a_claim_that_comes_late_is_refused_and_leaves_no_trace() {
    let office = Office::new(2);
    let (ada, bob) = (user(1), user(2));
    let import = |status: &str, deadline: &str| {
        let file = format!(
            r#"[{{"id": "{LATE}", "title": "Stools", "deadline": "{deadline}", "status": "{status}",
                 "eligibility": {{"required_features": ["merchant:stools"], "states": []}}}}]"#
        );
        let file = office.place.write("late.json", file);
        office.run(&["import", "settlements", &file]).ok();
    };
    let claim = |what, of: &str| office.run(&["claim", what, "--user", of, LATE]);
    // The last moment is in time; one second earlier it would have been over.
    let (in_time, late) = (NOW, "2026-01-31T23:59:59Z");
    import("open", late);
    assert_eq!(claim("open", &ada).error()["code"], "claim_deadline_passed");
    assert_eq!(claim("show", &ada).error()["code"], "unknown_claim");
    import("open", in_time);
    assert_eq!(claim("open", &ada).ok().json()["state"], "opened");
    assert_eq!(claim("open", &bob).ok().json()["state"], "opened");
    import("open", late);
    let refused = claim("submit", &ada);
    assert_eq!(
        (refused.code, &refused.error()["code"]),
        (Some(2), &json!("claim_deadline_passed"))
    );
    assert!(refused.error()["message"].as_str().unwrap().contains(LATE));
    import("open", in_time);
    assert_eq!(claim("submit", &ada).ok().json()["state"], "submitted");
    import("closed", in_time);
    assert_eq!(claim("submit", &bob).error()["code"], "settlement_not_open");
    assert_eq!(claim("show", &bob).ok().json()["state"], "opened");
    // What was filed in time goes on.
    let report = office.run(&["claim", "report", "--user", &ada, LATE, "paid"]).ok();
    assert_eq!(report.json()["state"], "paid_out");
}

#[test]
fn the_claims_of_a_person_are_listed_by_settlement() {
    let office = Office::new(2);
    office.file([1], TABLES);
    office.file([1, 2], LAMPS);
    let list = |of: &str| office.run(&["claim", "list", "--user", of]).ok().json();
    let listed = list(&user(1));
    let listed = listed.as_array().unwrap();
    let settlements: Vec<&str> =
        listed.iter().map(|one| one["settlement_id"].as_str().unwrap()).collect();
    assert_eq!(settlements, [LAMPS, TABLES]);
    assert!(listed.iter().all(|one| one["user_id"] == user(1)), "nobody else's");
    assert_eq!(list(NOBODY), json!([]));
    // A claim stays listed whatever the catalogue has.
    office.file([2], CHAIRS);
    assert_eq!(list(&user(2)).as_array().unwrap().len(), 2);
}

#[test]
fn progress_of_many_is_shown_on_a_terminal_alone() {
    let office = Office::new(3);
    office.file(1..=3, CHAIRS);
    let items = office.items(&[(1, CHAIRS, "1"), (2, CHAIRS, "2"), (3, CHAIRS, "3")]);
    let ran = office.act(&["payout", "execute", "--items", &items, "--key", "a"]);
    assert_eq!(ran.stderr, "", "stderr is no terminal here");
    let batch = ran.json()["batches"][0]["batch_id"].as_str().unwrap().to_owned();
    let ran = office.act(&["payout", "retry", &batch, "--key", "b"]);
    assert!(!ran.stderr.contains("transfers,"), "{}", ran.stderr);
}

#[test]
fn notes_of_decisions_are_listed() {
    let office = Office::new(3);
    office.file(1..=3, CHAIRS);
    office.file([1], LAMPS);
    let (ada, bob, eve) = (user(1), user(2), user(3));
    let seen = "Seen the receipt.\nIt fits.";
    office.act(&["payout", "approve", CHAIRS, &ada, "12.34", "--note", seen]).ok();
    office.act(&["payout", "reject", CHAIRS, &bob, "--note", "no receipt"]).ok();
    office.act(&["payout", "approve", CHAIRS, &eve, "5"]).ok();
    office.act(&["payout", "approve", LAMPS, &ada, "--note", "of lamps"]).ok();
    let listed = office.act(&["payout", "reviews", CHAIRS]).ok().json();
    let mut told: Vec<_> = listed.as_array().unwrap().iter().collect();
    told.sort_by_key(|one| one["user_id"].as_str().unwrap());
    assert_eq!(told.len(), 2, "{listed}");
    for (one, person, decision, attempt, note) in [
        (told[0], &ada, "approved", json!(1), seen),
        (told[1], &bob, "rejected", json!(null), "no receipt"),
    ] {
        assert_eq!(one["user_id"], **person);
        assert_eq!((&one["decision"], &one["attempt"]), (&json!(decision), &attempt));
        assert_eq!((&one["decided_at"], &one["note"]), (&json!(NOW), &json!(note)));
    }
    let text = table(&office, &["payout", "reviews", CHAIRS]);
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].trim_start().starts_with("claimant") && text.contains("no receipt"), "{text}");
    assert!(text.contains("It fits."), "{text}");
    assert!(!text.contains("of lamps"), "{text}");
    // Whoever has no account of the settlement reads nothing.
    let other = office.register(2, "Joan Roe")["attorney_id"].as_str().unwrap().to_owned();
    let ran = office.run(&["payout", "reviews", CHAIRS, "--attorney", &other]);
    assert_eq!((ran.code, &ran.error()["code"]), (Some(2), &json!("account_not_linked")));
    assert_eq!(office.act(&["payout", "reviews", TABLES]).error()["code"], "account_not_linked");
}

#[test]
fn what_the_rail_holds_is_not_known_where_there_is_none() {
    let office = Office::new(1);
    let told = office.act(&["payout", "balance"]).ok().json();
    assert_eq!(told["rail"], json!({"name": "mock", "balance": null}));
    assert!(
        table(&office, &["payout", "balance"]).contains("the rail mock for all payouts: not known")
    );
}

#[test]
fn what_has_ended_or_was_not_sent_is_not_cancelled() {
    let office = Office::new(2);
    office.file([1], CHAIRS);
    office.act(&["payout", "fund", CHAIRS, "100", "--key", "m"]).ok();
    office.act(&["payout", "approve", CHAIRS, &user(1), "5"]).ok();
    let made = office.act(&["payout", "batch", CHAIRS, "--key", "b"]).ok().json();
    let batch = made["batch"]["batch_id"].as_str().unwrap().to_owned();
    let report = office.act(&["payout", "reconcile", &batch]).ok().json();
    let id = report["transfers"][0]["transfer_id"].as_str().unwrap().to_owned();
    let cancel = |id: &str| {
        let ran = office.act(&["payout", "cancel", id]);
        assert_eq!(ran.code, Some(2));
        ran.error()["code"].as_str().unwrap().to_owned()
    };
    assert_eq!(cancel(&id), "transfer_not_at_rail");
    office.act(&["payout", "execute", &batch]).ok();
    assert_eq!(cancel(&id), "transfer_over");
    assert_eq!(cancel(NOBODY), "unknown_transfer");
    let other = office.register(2, "Joan Roe")["attorney_id"].as_str().unwrap().to_owned();
    let ran = office.run(&["payout", "cancel", &id, "--attorney", &other]);
    assert_eq!(ran.error()["code"], "unknown_transfer");
}

#[test]
fn what_is_on_its_way_over_plaid_is_cancelled() {
    let office = Office::new(3);
    let server = Server::start();
    office.file(1..=2, TABLES);
    for n in [1, 2] {
        let file = json!({"provider": "plaid", "access_token": "t", "account_id": user(n),
            "legal_name": "Made Up"});
        let file = office.place.write("destination.json", file.to_string());
        office.run(&["user", "destination", "link", &user(n), &file]).ok();
    }
    let act = |arguments: &[&str]| {
        let mut command = office.command();
        command.args(arguments).args(["--attorney", &office.attorney]);
        office.keep(server.chosen(&mut command).output().unwrap().into())
    };
    let reference = office.place.write("reference.txt", "1234567");
    let bank = ["--bank-name", "First Bank", "--account-ref-file", &reference];
    act(&[&["attorney", "link", TABLES][..], &bank].concat()).ok();
    act(&["payout", "fund", TABLES, "100", "--key", "m"]).ok();
    // Money of an account goes over the rail that it was linked with, and over no other one.
    office.file([1], CHAIRS);
    let file = office.items(&[(1, CHAIRS, "5")]);
    let by_plaid = act(&["payout", "execute", "--items", &file, "--key", "a"]);
    let file = office.items(&[(1, TABLES, "5")]);
    let by_mock = office.act(&["payout", "execute", "--items", &file, "--key", "a"]);
    for ran in [by_plaid, by_mock] {
        assert_eq!((ran.code, &ran.error()["code"]), (Some(2), &json!("other_rail")));
    }
    assert_eq!(office.claim(1, CHAIRS), "submitted", "nothing was approved");
    let items = office.items(&[(1, TABLES, "5"), (2, TABLES, "7.01")]);
    let told = act(&["payout", "execute", "--items", &items, "--key", "a"]).json();
    let batch = told["batches"][0]["batch_id"].as_str().unwrap().to_owned();
    assert_eq!(told["batches"][0]["open"], 2);
    let balance = act(&["payout", "balance"]).ok().json();
    let held = json!({"currency": "USD", "available_cents": 123_456, "pending_cents": 50});
    assert_eq!(balance["rail"], json!({"name": "plaid_other", "balance": held}));

    let report = act(&["payout", "reconcile", &batch]).json();
    let id = |n| {
        let rows = report["transfers"].as_array().unwrap();
        let row = rows.iter().find(|row| row["user_id"] == user(n)).unwrap();
        row["transfer_id"].as_str().unwrap().to_owned()
    };
    let told = act(&["payout", "cancel", &id(1)]).ok().json();
    let expected = json!({"transfer_id": id(1), "answer": "agreed", "status": "failed",
        "failure_reason": "cancelled", "is_contradicted": false});
    assert_eq!(told, expected);
    assert_eq!(office.claim(1, TABLES), "not_paid_out");
    server.posted.store(true, Ordering::Relaxed);
    let refused = act(&["payout", "cancel", &id(2)]);
    let code = &refused.error()["code"];
    assert_eq!((refused.code, code), (Some(2), &json!("transfer_not_cancellable")));
    assert_eq!(office.claim(2, TABLES), "approved");
    let log = office.run(&["audit", "log", "--limit", "1000"]).ok().stdout;
    let asked = log.matches("payout_cancel_asked").count();
    assert_eq!((asked, log.matches("payout_cancel_answered").count()), (2, 2));
    office.run(&["audit", "verify"]).ok();
}
