//! Exports of trackers: made-up weeks from the fixtures, and two real ones where there are any.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails should say where")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use payme::catalog::tracker::{
    Outcome, StoredCatalog, TrackedRow, TrackerExport, TrackerPlan, TrackerReport, TrackerState,
    parse_tracker, plan_tracker,
};
use payme::catalog::{Settlement, Status, parse_settlement};
use payme::types::{Date, Version};
use serde_json::{Value, json};
use support::{fixtures, real_data};

fn export(path: &Path) -> TrackerExport {
    let file = parse_tracker(&fs::read(path).unwrap()).unwrap();
    TrackerExport::new("watch", None, file, Date::constant(2026, 4, 20)).unwrap()
}

/// What is kept of trackers, as a driver keeps it: rows and settlements as text.
#[derive(Default)]
struct Kept {
    rows: BTreeMap<String, (TrackedRow, String)>,
    catalogue: StoredCatalog,
}

impl Kept {
    fn import(&mut self, exports: &[TrackerExport]) -> TrackerPlan {
        let stored = self
            .rows
            .values()
            .map(|(row, text)| TrackedRow::from_stored(row.key.clone(), text).unwrap());
        let plan = plan_tracker(&TrackerState::new(stored), &self.catalogue, exports);
        for row in &plan.rows {
            self.rows.insert(row.key.to_string(), (row.clone(), row.to_stored()));
        }
        for one in &plan.settlements {
            let read = parse_settlement(&one.to_json().to_string()).unwrap();
            self.catalogue.insert(one.id, (Version::FIRST, read));
        }
        plan
    }

    fn of_row(&self, row: &str) -> &Settlement {
        let name = format!("watch/{row}");
        let has = |one: &&Settlement| {
            let from = one.provenance.as_ref().unwrap();
            from.sources.iter().any(|fact| fact.row_name() == name)
        };
        self.catalogue.values().map(|(_, one)| one).find(has).unwrap_or_else(|| panic!("{row}"))
    }
}

fn weeks() -> [TrackerExport; 2] {
    ["week-1.json", "week-2.json"].map(|name| export(&fixtures().join("trackers").join(name)))
}

fn refused(report: &TrackerReport) -> Vec<(&str, &str)> {
    let rows = report.rows.iter().filter_map(|row| match &row.outcome {
        Outcome::Refused { code, .. } => Some((row.row.as_deref().unwrap_or(""), *code)),
        _ => None,
    });
    rows.collect()
}

#[test]
fn the_first_week_is_accounted_for() {
    let mut kept = Kept::default();
    let report = kept.import(&weeks()[..1]).report;
    let counts = serde_json::to_value(report.counts).unwrap();
    let expected = json!({"imported": 14, "merged": 2, "known": 0, "unchanged": 0, "superseded": 0, "refused": 4});
    assert_eq!(counts, expected, "{:#?}", report.rows);
    #[rustfmt::skip]
    assert_eq!(refused(&report), [
        ("menu-without-link", "several_settlements"),
        ("only-a-title",      "no_usable_fact"),
        ("a-list",            "several_settlements"),
        ("broken-row",        "wrong_type"),
    ]);
    let named = |pair: &payme::catalog::tracker::PairReport| format!("{} {}", pair.a, pair.b);
    #[rustfmt::skip]
    assert_eq!(report.merges.iter().map(named).collect::<Vec<_>>(), [
        "watch/glimmer-kettle-lids watch/glimmer-kettles",
        "watch/marlow-teas-shipping watch/marlow-teas-shop-2026",
    ]);
    let review: Vec<String> = report.review_pairs().map(named).collect();
    assert_eq!(review, ["watch/solora-panels watch/solora-solar-panel"]);
    let differ: Vec<_> = report
        .disagreements
        .iter()
        .flat_map(|one| one.disagreements.iter().map(|d| (one.title.as_str(), d.field.as_str())))
        .collect();
    let differ: BTreeSet<_> = differ.into_iter().collect();
    #[rustfmt::skip]
    assert_eq!(differ, BTreeSet::from([
        ("Glimmer Kettle Lid Class Action Settlement", "deadline"),
        ("Harbour Grocers - Price Scanners Class Action Settlement", "states"),
        ("Oregon Otters - Ticket Discounts Class Action Settlement", "states"),
    ]));
}

#[test]
fn the_settlements_say_what_the_rows_say_and_no_more() {
    let mut kept = Kept::default();
    kept.import(&weeks()[..1]);
    let rule = |row: &str| kept.of_row(row).eligibility.to_json().to_string();
    let tea = kept.of_row("marlow-teas-shop-2026");
    assert_eq!(tea, kept.of_row("marlow-teas-shipping"));
    let bought = r#"{"purchases":{"amount_cents":{"min":1},"count":{"min":1},"feature":"merchant:marlow_teas","#;
    let bought = format!(r#"{bought}"from":"2021-02-01","to":"2024-06-30"}}}}"#);
    assert_eq!(rule("marlow-teas-shop-2026"), format!(r#"{{"all":[{{"any":[{bought}]}}]}}"#));
    // Two pages have the link and everything else.
    assert_eq!(tea.provenance.as_ref().unwrap().unconfirmed, Vec::<String>::new());
    let cents = |row: &str| {
        let payout = kept.of_row(row).payout;
        (payout.min.map(|money| money.minor()), payout.max.map(|money| money.minor()))
    };
    #[rustfmt::skip]
    let payouts = [
        ("marlow-teas-shop-2026", (Some(800), Some(2_400))),
        ("glimmer-kettles",       (None, Some(4_500))),
        ("harbour-grocers-wages", (None, None)),
        ("harbour-grocers-prices", (Some(500), None)),
        ("two-lines-ferries",     (None, None)),
        ("pebble-bank-fees",      (None, None)),
        ("orchard-clinic-breach", (Some(7_500), Some(400_000))),
    ];
    for (row, expected) in payouts {
        assert_eq!(cents(row), expected, "{row}");
    }
    assert!(rule("harbour-grocers-wages").contains("Did you work for Harbour Grocers in OR"));
    // What was extracted from its text says the other thing: no state is in, and none is out.
    let prices = rule("harbour-grocers-prices");
    assert!(!prices.contains("\"states\"") && prices.contains("\"ask\""), "{prices}");
    assert!(rule("two-lines-ferries").contains("in the periods it names"));
    let ferries = kept.of_row("two-lines-ferries");
    let periods = ferries.provenance.as_ref().unwrap().agreed("class_periods").unwrap();
    assert_eq!(
        periods[1],
        json!({"start": "2018-04-01", "end": "2021-09-30", "group": "from Southline"})
    );
    assert_eq!(ferries.class_period, None);
    let pebble = kept.of_row("pebble-bank-fees").provenance.as_ref().unwrap();
    assert_eq!(pebble.agreed("opt_out_deadline"), Some(&json!("2026-05-04")));
    let falcon = kept.of_row("falcon-bags");
    assert_ne!(falcon.id, kept.of_row("heron-bags").id);
    assert_eq!(kept.of_row("menu-with-link").eligibility_text, None);
    for (_, one) in kept.catalogue.values() {
        let from = one.provenance.as_ref().unwrap();
        assert!(from.sources.iter().all(|fact| !fact.text.is_empty()), "{}", one.title);
    }
}

#[test]
fn the_second_week_reports_what_changed() {
    let mut kept = Kept::default();
    let [first, second] = weeks();
    kept.import(&[first]);
    let report = kept.import(std::slice::from_ref(&second)).report;
    assert_eq!(report.new, ["watch/amber-streaming"]);
    assert_eq!(report.gone, ["watch/solora-solar-panel"]);
    assert_eq!(report.closed, ["watch/velvet-call-centre"]);
    let moved: Vec<_> = report
        .moved_deadlines
        .iter()
        .map(|change| (change.row.as_str(), change.from.as_str(), change.to.as_str()))
        .collect();
    let days = (Some("2026-07-15"), Some("2026-08-14"));
    #[rustfmt::skip]
    assert_eq!(moved, [
        ("watch/marlow-teas-shipping", days.0, days.1),
        ("watch/marlow-teas-shop-2026", days.0, days.1),
    ]);
    let changed: Vec<_> =
        report.changed.iter().map(|change| (change.row.as_str(), change.field.as_str())).collect();
    assert_eq!(changed, [("watch/orchard-clinic-breach", "estimated_payout")]);
    assert_eq!(kept.of_row("velvet-call-centre").status, Status::Closed);
    // Again, and nothing is new.
    let again = kept.import(&[second]);
    let counts = again.report.counts;
    assert_eq!((counts.imported, counts.merged), (0, 0), "what is unchanged is not imported");
    assert!(counts.unchanged > 10, "{counts:?}");
    assert_eq!((again.rows.len(), again.settlements.len()), (0, 0));
    assert_eq!(again.report.new.len() + again.report.gone.len() + again.report.changed.len(), 0);
}

/// The two weeks of a real tracker.
fn real(test: &str) -> Option<[std::path::PathBuf; 2]> {
    let folder = real_data(test)?.join("settlements");
    Some(["tracker-2026-04-12.json", "tracker-2026-04-19.json"].map(|name| folder.join(name)))
}

#[test]
fn every_row_of_real_exports_is_accounted_for() {
    let Some(paths) = real("every_row_of_real_exports_is_accounted_for") else { return };
    for path in paths {
        let rows: Vec<Value> = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let ids: BTreeSet<&str> = rows.iter().map(|row| row["id"].as_str().unwrap()).collect();
        let plan = Kept::default().import(&[export(&path)]);
        let told: Vec<&str> =
            plan.report.rows.iter().map(|row| row.row.as_deref().unwrap()).collect();
        assert_eq!(told.len(), rows.len());
        assert_eq!(told.into_iter().collect::<BTreeSet<_>>(), ids);
        let counts = plan.report.counts;
        let taken = counts.imported + counts.merged;
        let asks = |one: &&Settlement| one.eligibility.to_json().to_string().contains("\"ask\"");
        let plain: Vec<&Settlement> = plan.settlements.iter().filter(|one| !asks(one)).collect();
        println!("{}: {counts:?}, {} ask nothing", path.display(), plain.len());
        for one in plain {
            println!("  {}: {}", one.title, one.eligibility.to_json());
        }
        let paying = plan.settlements.iter().filter(|one| one.payout.max.is_some()).count();
        println!(
            "  {paying} have a most payout, {} groups are for a person",
            plan.report.review.len()
        );
        for (row, code) in refused(&plan.report) {
            println!("  {code}: {row}");
        }
        assert!(taken * 100 >= rows.len() * 85, "{taken} of {}", rows.len());
        assert_eq!(plan.settlements.len(), counts.imported);
        // No fund became anybody's payout.
        let most =
            plan.settlements.iter().filter_map(|one| one.payout.max).max_by_key(|m| m.minor());
        assert!(most.is_some_and(|most| most.minor() < 10_000_000), "{most:?}");
    }
}

#[test]
fn a_real_second_week_reports_exactly_the_changes() {
    let Some([one, two]) = real("a_real_second_week_reports_exactly_the_changes") else { return };
    let rows = |path: &Path| -> BTreeMap<String, Value> {
        let rows: Vec<Value> = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        rows.into_iter().map(|row| (row["id"].as_str().unwrap().to_owned(), row)).collect()
    };
    let (old, new) = (rows(&one), rows(&two));
    let name = |id: &String| format!("watch/{id}");
    let expect_new: Vec<String> =
        new.keys().filter(|id| !old.contains_key(*id)).map(name).collect();
    let expect_gone: Vec<String> =
        old.keys().filter(|id| !new.contains_key(*id)).map(name).collect();
    let both = || old.iter().filter_map(|(id, old)| Some((id, old, new.get(id)?)));
    // A row of which nothing can be used is told as refused, and as nothing else.
    let mut kept = Kept::default();
    kept.import(&[export(&one)]);
    let plan = kept.import(&[export(&two)]);
    let useless: BTreeSet<&str> = refused(&plan.report).into_iter().map(|(row, _)| row).collect();
    let expect_closed: Vec<String> = both()
        .filter(|(id, old, new)| {
            let is_closed = old["active"] == json!(true) && new["active"] == json!(false);
            is_closed && !useless.contains(id.as_str())
        })
        .map(|(id, _, _)| name(id))
        .collect();
    // Every other change, counted by members; what is looked at again is no change.
    let mut expect_changed = Vec::new();
    for (id, old, new) in both().filter(|(id, _, _)| !useless.contains(id.as_str())) {
        for (member, value) in old.as_object().unwrap() {
            if member == "criteria" {
                let inner = value.as_object().unwrap();
                let differs =
                    inner.iter().filter(|(inner, value)| new["criteria"][inner] != **value);
                expect_changed
                    .extend(differs.map(|(inner, _)| (name(id), format!("criteria.{inner}"))));
            } else if !["active", "last_verified"].contains(&member.as_str())
                && new[member] != *value
            {
                expect_changed.push((name(id), member.clone()));
            }
        }
    }
    let again = kept.import(&[export(&two)]).report.counts;
    assert_eq!((again.imported + again.merged, again.refused), (0, useless.len()));
    assert_eq!(again.unchanged + again.refused, new.len());
    let report = plan.report;
    assert_eq!((report.new.len(), report.gone.len(), report.closed.len()), (10, 0, 20));
    assert_eq!((report.new, report.gone, report.closed), (expect_new, expect_gone, expect_closed));
    let found = |changes: &[payme::catalog::tracker::Change]| {
        changes.iter().map(|change| (change.row.clone(), change.field.clone())).collect::<Vec<_>>()
    };
    let all = [found(&report.changed), found(&report.moved_deadlines)].concat();
    assert_eq!(all, expect_changed);
    assert!(report.reopened.is_empty() && report.returned.is_empty() && report.replaced.is_empty());
}
