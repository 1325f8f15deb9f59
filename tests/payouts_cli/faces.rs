//! What the command says of claims that come late, of reviews, of cancelling, and of the rail's own
//! balance.

use std::process::Command;

use serde_json::json;

use crate::office::{CHAIRS, KEYS, LAMPS, NOBODY, Office, TABLES, user};
use crate::support::{NOW, Place};

/// A settlement that takes claims for a time.
const LATE: &str = "00000000-0000-4000-8000-00000000aaa4";

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
    for what in ["reviews", "release"] {
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
    assert!(lines[0].starts_with("claimant") && text.contains("no receipt"), "{text}");
    assert!(text.contains("It fits."), "{text}");
    assert!(!text.contains("of lamps"), "{text}");
    // Whoever has no account of the settlement reads nothing.
    let other = office.register(2, "Joan Roe")["attorney_id"].as_str().unwrap().to_owned();
    let ran = office.run(&["payout", "reviews", CHAIRS, "--attorney", &other]);
    assert_eq!((ran.code, &ran.error()["code"]), (Some(2), &json!("account_not_linked")));
    assert_eq!(office.act(&["payout", "reviews", TABLES]).error()["code"], "account_not_linked");
}
