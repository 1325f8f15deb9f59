//! Rows of our own making against a catalogue, against each other in great numbers, and over weeks.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;
use crate::catalog::{Settlement, Status, parse_settlement};
use crate::types::{SettlementId, Version, parse_date};

fn export(day: &str, rows: &Value) -> TrackerExport {
    let file = parse_tracker(rows.to_string().as_bytes()).unwrap();
    assert!(file.refused.is_empty(), "{:?}", file.refused);
    let day = parse_date(day).unwrap();
    TrackerExport::new("watch", Some(day), file, day).unwrap()
}

fn plan(catalogue: &StoredCatalog, rows: &Value) -> TrackerPlan {
    plan_tracker(&TrackerState::default(), catalogue, &[export("2026-03-01", rows)])
}

/// Settlements that somebody wrote.
fn written(all: &[Value]) -> (StoredCatalog, Vec<SettlementId>) {
    let mut catalogue = BTreeMap::new();
    let mut ids = Vec::new();
    for (nth, more) in all.iter().enumerate() {
        let mut one = json!({"id": format!("11111111-1111-4111-8111-{nth:012}"), "status": "open",
            "title": "Lumo Lamps Glass Settlement", "covered_brands": ["Lumo Lamps"],
            "deadline": "2026-05-01[America/New_York]", "eligibility": {"all": []}});
        for (name, value) in more.as_object().unwrap() {
            one[name] = value.clone();
        }
        let one = parse_settlement(&one.to_string()).unwrap();
        ids.push(one.id);
        catalogue.insert(one.id, (Version::FIRST, one));
    }
    (catalogue, ids)
}

/// What is kept from one import to the next.
#[derive(Default)]
struct Kept {
    state: TrackerState,
    catalogue: StoredCatalog,
}

impl Kept {
    fn import(&mut self, export: &TrackerExport) -> TrackerPlan {
        let plan = plan_tracker(&self.state, &self.catalogue, std::slice::from_ref(export));
        self.state.take(export);
        for one in &plan.settlements {
            let read = parse_settlement(&one.to_json().to_string());
            assert_eq!(read.as_ref(), Ok(one), "what is written reads back");
            self.catalogue.insert(one.id, (Version::FIRST, one.clone()));
        }
        plan
    }

    fn only(&self) -> &Settlement {
        let live: Vec<&Settlement> = self
            .catalogue
            .values()
            .map(|(_, one)| one)
            .filter(|one| one.status != Status::Cancelled && one.title.starts_with("Lumo"))
            .collect();
        assert_eq!(live.len(), 1, "{live:#?}");
        live[0]
    }
}

#[test]
fn names_without_a_word_of_their_own_are_never_merged() {
    #[rustfmt::skip]
    let table = [
        // one title, another, merged, for a person
        ("23andMe Data Breach Settlement",  "4imprint Data Breach Settlement",       0, 0),
        ("3M Privacy Settlement",           "24/7 Privacy Settlement",               0, 0),
        ("24/7 Privacy Settlement",         "24 Hour Fitness Privacy Settlement",    0, 0),
        ("Health Management Services Data Breach Settlement", "Healthcare Services Group Data Breach Settlement", 0, 0),
        ("US Bank Overdraft Fee Settlement", "Consumers Bank Overdraft Fees Settlement", 0, 1),
        ("US Bank Settlement",              "US Bank Settlement",                    0, 1),
        ("New York Group Data Breach Settlement", "United Health Data Breach Settlement", 0, 0),
        ("23andMe Data Breach Settlement",  "23andMe Data Breach Settlement",        1, 0),
        ("7-Eleven Settlements",            "7-Eleven Settlements",                  1, 0),
    ];
    for (a, b, merged, review) in table {
        let row = |id: &str, title: &str| json!({"id": id, "title": title, "deadline": "2026-05-09", "active": true});
        let plan = plan(&BTreeMap::new(), &json!([row("a", a), row("b", b)]));
        let report = &plan.report;
        assert_eq!(report.counts.refused, 0, "{a} {:?}", report.rows);
        assert_eq!((report.merges.len(), report.review.len()), (merged, review), "{a} / {b}");
        assert_eq!(plan.settlements.len(), 2 - merged, "{a} / {b}");
    }
}

#[test]
fn a_row_that_is_of_a_written_settlement_drags_no_other_with_it() {
    let (catalogue, ids) =
        written(&[json!({"class_period": {"start": "2015-01-01", "end": "2016-12-31"}})]);
    let rows = json!([
        {"id": "a", "title": "Lumo Lamps Glass Settlement", "deadline": "2026-05-01"},
        {"id": "b", "title": "Lumo Lamps Glass Settlement", "deadline": "2026-05-01",
            "description": "If you bought lamps from Lumo Lamps in 2020."},
    ]);
    let plan = plan(&catalogue, &rows);
    let outcomes: Vec<&Outcome> = plan.report.rows.iter().map(|row| &row.outcome).collect();
    assert_eq!(outcomes[0], &Outcome::Known { settlement: ids[0] });
    assert!(matches!(outcomes[1], Outcome::Imported { .. }), "{outcomes:?}");
    assert_eq!(plan.settlements.len(), 1);
    assert!(
        plan.report
            .review_pairs()
            .any(|pair| (pair.a.as_str(), pair.b.as_str()) == ("watch/a", "watch/b"))
    );
}

#[test]
fn a_row_that_is_of_two_written_settlements_is_for_a_person() {
    let (catalogue, ids) = written(&[json!({}), json!({})]);
    let rows =
        json!([{"id": "a", "title": "Lumo Lamps Glass Settlement", "deadline": "2026-05-01"}]);
    let plan = plan(&catalogue, &rows);
    assert_eq!((plan.report.counts.known, plan.report.counts.imported), (0, 1));
    assert_eq!((plan.report.merges.len(), plan.report.review_pairs().count()), (0, 2));
    assert_eq!(plan.report.review[0].members.len(), 3);
    assert!(ids.iter().all(|id| plan.settlements[0].id != *id));
}

#[test]
fn a_lack_of_evidence_tears_no_group_apart() {
    let rows = json!([
        {"id": "a", "title": "Lumo Settlement", "claim_url": "https://lumo.example/", "deadline": "2026-05-01"},
        {"id": "b", "title": "Lumo Lamps Glass Settlement", "claim_url": "https://lumo.example/",
            "description": "Smith v. Lumo concerns lamps."},
        {"id": "c", "title": "Lumo: Torch refunds for everyone", "description": "Smith v. Lumo concerns torches."}]);
    let plan = plan(&BTreeMap::new(), &rows);
    assert_eq!((plan.settlements.len(), plan.report.merges.len()), (1, 2), "{:?}", plan.report);
}

/// Rows of as many settlements on the site of one administrator.
fn one_site(count: usize) -> Vec<Value> {
    let row = |n: usize| {
        json!({"id": format!("r{n}"), "title": format!("Firm{n} Kettle{} Settlement", n * 7919 % 100_003),
            "claim_url": format!("https://admin.example/case{n}"), "deadline": "2026-05-09"})
    };
    (0..count).map(row).collect()
}

#[test]
fn on_a_great_site_rows_are_compared_by_page_and_name() {
    let mut rows = one_site(300);
    // The same page in other words, and the same name on another page of the site.
    rows.push(json!({"id": "page", "title": "Firm7 Settlement", "claim_url": "https://admin.example/case7"}));
    rows.push(json!({"id": "name", "title": "Firm9 Settlement", "claim_url": "https://admin.example/nine", "deadline": "2026-05-09"}));
    let report = plan(&BTreeMap::new(), &Value::Array(rows)).report;
    let named = |pair: &PairReport| format!("{} {}", pair.a, pair.b);
    assert_eq!(report.merges.iter().map(named).collect::<Vec<_>>(), ["watch/page watch/r7"]);
    assert!(report.counts.imported >= 301, "{:?}", report.counts);
    assert!(report.review_pairs().map(named).all(|pair| pair == "watch/name watch/r9"));
}

#[test]
fn a_great_site_in_the_catalogue_hides_no_settlement() {
    for count in [60, 61, 201] {
        let all: Vec<Value> = (0..count)
            .map(|n| {
                json!({"title": format!("Firm{n} Settlement"), "covered_brands": [format!("Firm{n}")],
                    "claim_url": format!("https://admin.example/case{n}")})
            })
            .collect();
        let (catalogue, ids) = written(&all);
        let row = json!([{"id": "a", "title": "Firm7 Settlement", "claim_url": "https://admin.example/case7"}]);
        let report = plan(&catalogue, &row).report;
        assert_eq!(report.rows[0].outcome, Outcome::Known { settlement: ids[7] }, "{count}");
    }
}

const LUMO: &str = "Lumo Lamps Glass Settlement";

fn lumo(id: &str, deadline: &str, active: bool) -> Value {
    json!({"id": id, "title": LUMO, "claim_url": "https://lumo.example/", "deadline": deadline, "active": active})
}

fn other() -> Value {
    json!({"id": "z", "title": "Vela Kettle Settlement", "claim_url": "https://kettle.example/"})
}

#[test]
fn a_row_that_is_gone_states_nothing_beside_one_that_is_there() {
    let mut kept = Kept::default();
    kept.import(&export("2026-03-01", &json!([lumo("a", "2026-05-01", true), other()])));
    let id = kept.only().id;
    // The tracker gave it another id, moved the deadline and closed it.
    let report = kept
        .import(&export("2026-03-08", &json!([lumo("b", "2026-06-01", false), other()])))
        .report;
    assert_eq!(report.gone, ["watch/a"]);
    let one = kept.only();
    assert_eq!((one.id, one.status), (id, Status::Closed));
    assert!(one.deadline.as_ref().unwrap().as_str().starts_with("2026-06-01"));
    let from = one.provenance.as_ref().unwrap();
    assert!(from.disagreements.is_empty() && from.sources.iter().any(|fact| fact.row == "a"));
    // Where all are gone, the one that was there last says what is so.
    kept.import(&export("2026-03-15", &json!([other()])));
    assert_eq!((kept.only().id, kept.only().status), (id, Status::Closed));
    assert!(kept.only().deadline.as_ref().unwrap().as_str().starts_with("2026-06-01"));
}

#[test]
fn one_bad_look_at_a_page_ends_no_settlement_and_changes_no_id() {
    let bad = |id: &str| json!({"id": id, "title": LUMO, "description": "We use cookies. See the privacy policy."});
    let mut kept = Kept::default();
    kept.import(&export(
        "2026-03-01",
        &json!([lumo("a", "2026-05-01", true), lumo("b", "2026-05-01", true)]),
    ));
    let before = kept.only().clone();
    for (day, rows) in [
        ("2026-03-08", json!([bad("a"), lumo("b", "2026-05-01", true)])),
        ("2026-03-15", json!([bad("a"), bad("b"), other()])),
    ] {
        let report = kept.import(&export(day, &rows)).report;
        assert!(report.replaced.is_empty() && report.gone.is_empty(), "{day} {report:#?}");
        assert_eq!(report.unreadable.len(), 1, "{day}");
        assert!(
            report
                .rows
                .iter()
                .any(|row| matches!(row.outcome, Outcome::Refused { code: "no_usable_fact", .. }))
        );
        let now = kept.only();
        assert_eq!(
            (now.id, now.status, &now.deadline),
            (before.id, Status::Open, &before.deadline),
            "{day}"
        );
    }
    // The next good look counts again.
    let report =
        kept.import(&export("2026-03-22", &json!([lumo("a", "2026-07-01", true), other()]))).report;
    assert_eq!(report.returned, ["watch/a"]);
    assert!(kept.only().deadline.as_ref().unwrap().as_str().starts_with("2026-07-01"));
}
