//! Laws of an import: over any rows, in any order, in any pages.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::catalog::{Predicate, Settlement, Status, parse_settlement};
use crate::types::{SettlementId, Version, parse_date};

const TITLES: [&str; 9] = [
    "Lumo Lamps - Glass Class Action Settlement",
    "Lumo Lamp Glass Settlement",
    "Lumo - Unpaid Wages (Utah) Class Action Settlement",
    "Vela Sails - Data Breach Class Action Settlement",
    "Vela Data Breach Settlement Claim",
    "Heron - Airbags Settlement",
    "Falcon - Airbags Settlement",
    "20 settlements you can claim",
    "Class Action Settlement",
];
const TEXTS: [&str; 11] = [
    "Bought lamps from Lumo Lamps before January 1, 1900. File a claim by December 31, 9999.",
    "Bought lamps from Lumo Lamps after 9999-12-31. Residents of Utah are excluded.",
    "Bought lamps from Lumo Lamps from 1/1/1900 through 2099.",
    "If you bought products from Lumo Lamps between May 2, 2019 and June 3, 2021, you may be included.",
    "Bought glass from Lumo Lamps in Utah or Ohio after 2019. Opt out by May 4, 2026.",
    "You worked for Lumo outside of Utah from 2019 to 2021. Doe v. Lumo.",
    "Your data was in the Vela data breach of 2021.",
    "Submit ClaimLampsDeadline: May 1Submit ClaimRugsDeadline: May 2",
    "We use cookies. See the privacy policy.",
    "Claims must be filed by May 9, 2026. No proof is needed.",
    "",
];
const LINKS: [&str; 6] = [
    "",
    "https://lumo.example/",
    "https://www.lumo.example/home",
    "https://bags.example/falcon",
    "https://bags.example/heron",
    "https://vela.example",
];
const PAYOUTS: [&str; 7] =
    ["Varies", "Settlement of $5", "$5", "Up to $90", "$5 - $40+", "$4 million", "$3 gift card"];

fn pick(list: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    (0..list.len()).prop_map(move |at| list[at])
}

prop_compose! {
    fn row()(
        id in 0_u8..7,
        title in pick(&TITLES),
        text in prop_oneof![6 => pick(&TEXTS).prop_map(str::to_owned), 1 => ".{0,60}"],
        link in pick(&LINKS),
        source in pick(&["https://a.example/x", "https://b.example/y", ""]),
        payout in prop_oneof![6 => pick(&PAYOUTS).prop_map(str::to_owned), 1 => "[$0-9,.a-z +-]{0,12}"],
        deadline in option::of(pick(&["2026-05-09", "2026-06-01", "TBD", "May 9, 2026", "9999-12-31", "1899-12-31", "0000-01-01"])),
        flags in (option::of(any::<bool>()), option::of(any::<bool>())),
        states in option::of(pick(&["UT", "OH", "XX"])),
        bad in proptest::bool::weighted(0.08),
    ) -> Value {
        json!({
            "id": format!("r{id}"), "title": title, "description": text, "claim_url": link,
            "source_url": source, "estimated_payout": payout, "deadline": deadline,
            "proof_required": flags.0, "active": if bad { json!("yes") } else { json!(flags.1) },
            "last_verified": "2026-03-01",
            "criteria": {"states": states.map(|state| vec![state]), "services": ["Lumo Lamps"]},
        })
    }
}

/// Rows with the tracker and the day they stand in.
fn sightings() -> impl Strategy<Value = Vec<(bool, u8, Value)>> {
    vec((any::<bool>(), 1_u8..4, row()), 1..14)
}

fn page(rows: &[(bool, u8, Value)]) -> Vec<TrackerExport> {
    let mut pages: BTreeMap<(bool, u8), Vec<Value>> = BTreeMap::new();
    for (tracker, day, row) in rows {
        pages.entry((*tracker, *day)).or_default().push(row.clone());
    }
    let export = |((tracker, day), rows): ((bool, u8), Vec<Value>)| {
        let name = if tracker { "one" } else { "two" };
        let day = parse_date(&format!("2026-03-0{day}")).unwrap();
        let file = parse_tracker(Value::Array(rows).to_string().as_bytes()).unwrap();
        TrackerExport::new(name, Some(day), file, day).unwrap()
    };
    pages.into_iter().map(export).collect()
}

/// What is kept after some imports.
#[derive(Default)]
struct Kept {
    state: TrackerState,
    catalogue: StoredCatalog,
}

impl Kept {
    fn import(&mut self, exports: &[TrackerExport]) -> TrackerPlan {
        let plan = plan_tracker(&self.state, &self.catalogue, exports);
        let written = plan.rows.iter().map(|row| (row.key.clone(), row.clone()));
        let mut rows: BTreeMap<_, _> =
            self.state.rows().map(|row| (row.key.clone(), row.clone())).collect();
        rows.extend(written);
        self.state = TrackerState::new(rows.into_values());
        for one in &plan.settlements {
            self.catalogue.insert(one.id, (Version::FIRST, one.clone()));
        }
        plan
    }

    /// The settlements that are not replaced.
    fn live(&self) -> BTreeMap<SettlementId, &Settlement> {
        let all = self.catalogue.iter().map(|(id, (_, one))| (*id, one));
        all.filter(|(_, one)| one.status != Status::Cancelled).collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn any_order_and_any_pages_give_the_same_rows_and_settlements(
        (rows, order) in sightings().prop_flat_map(|rows| {
            let order = Just((0..rows.len()).collect::<Vec<_>>()).prop_shuffle();
            (Just(rows), order)
        }),
        sizes in vec(1_usize..5, 14),
    ) {
        let mut at_once = Kept::default();
        at_once.import(&page(&rows));
        let mut in_pages = Kept::default();
        let mut left: Vec<(bool, u8, Value)> = order.iter().map(|at| rows[*at].clone()).collect();
        for size in sizes {
            let rest = left.split_off(size.min(left.len()));
            if !left.is_empty() {
                in_pages.import(&page(&left));
            }
            left = rest;
        }
        in_pages.import(&page(&left));
        prop_assert_eq!(&at_once.state, &in_pages.state);
        prop_assert_eq!(at_once.live(), in_pages.live());
    }

    #[test]
    fn every_row_is_told_of_once_and_importing_again_writes_nothing(rows in sightings()) {
        let mut kept = Kept::default();
        let exports = page(&rows);
        let report = kept.import(&exports).report;
        prop_assert_eq!(report.rows.len(), rows.len());
        let counts = report.counts;
        let all = counts.imported + counts.merged + counts.known + counts.superseded + counts.refused;
        prop_assert_eq!(all, rows.len());
        let again = kept.import(&exports);
        prop_assert_eq!((again.rows.len(), again.settlements.len()), (0, 0));
        let report = again.report;
        prop_assert!(report.new.is_empty() && report.changed.is_empty() && report.replaced.is_empty());
        prop_assert!(report.closed.is_empty() && report.moved_deadlines.is_empty());
    }

    #[test]
    fn what_is_kept_reads_back_and_every_set_field_has_a_source(rows in sightings()) {
        let mut kept = Kept::default();
        kept.import(&page(&rows));
        for row in kept.state.rows() {
            let again = TrackedRow::from_stored(row.key.clone(), &row.to_stored());
            prop_assert_eq!(again.as_ref(), Some(row));
            let again = parse_tracker_row(&row.row.to_json().to_string());
            prop_assert_eq!(again.as_ref(), Ok(&row.row));
        }
        for one in kept.live().into_values() {
            let text = one.to_json().to_string();
            let again = parse_settlement(&text);
            prop_assert_eq!(again.as_ref(), Ok(one), "{}", text);
            let from = one.provenance.as_ref().unwrap();
            let set = [
                ("deadline", one.deadline.is_some()), ("claim_url", one.claim_url.is_some()),
                ("class_period", one.class_period.is_some()), ("proof", one.proof.is_some()),
                ("payout", one.payout.min.is_some() || one.payout.max.is_some()),
            ];
            for (field, is_set) in set {
                prop_assert!(!is_set || from.agreed(field).is_some() || field == "claim_url", "{}", field);
                prop_assert!(!is_set || from.sources.iter().any(|fact| fact.field == field), "{}", field);
                prop_assert!(!is_set || !from.disagreements.iter().any(|one| one.field == field));
            }
            let is_shopper = from.agreed("audience") == Some(&json!("shopper"));
            let mut asks = false;
            one.eligibility.in_force().visit(&mut |part| asks |= matches!(part, Predicate::Ask(_)));
            prop_assert!(asks || is_shopper, "{}", text);
        }
    }

    #[test]
    fn no_text_makes_a_reader_fail(text in "(.|[$0-9 ,.]|May |by |between |and |2020|\\$|up to ){0,60}") {
        let _ = (read_payout(&text), read_periods(&text), read_deadlines(&text), read_proof(&text));
        let _ = (read_places(&text), read_audience(&text));
        for period in read_periods(&text) {
            prop_assert!(text.contains(&period.text));
            prop_assert!(!matches!((period.start, period.end), (Some(a), Some(b)) if a > b));
        }
        let payout = read_payout(&text);
        prop_assert!(!matches!((payout.min_cents, payout.max_cents), (Some(a), Some(b)) if a > b));
    }

    #[test]
    fn the_order_of_two_records_changes_no_verdict(a in row(), b in row()) {
        let named = |mut row: Value, id: &str| {
            row["id"] = json!(id);
            row["active"] = json!(true);
            (true, 1, row)
        };
        let report = |rows: [(bool, u8, Value); 2]| Kept::default().import(&page(&rows)).report;
        let (a, b) = (named(a, "a"), named(b, "b"));
        let (one, two) = (report([a.clone(), b.clone()]), report([b, a]));
        prop_assert_eq!((one.merges, one.review), (two.merges, two.review));
    }
}
