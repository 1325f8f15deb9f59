//! Rows of our own making, from bytes to settlements.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;
use crate::catalog::{Predicate, Settlement, Status, parse_settlement};
use crate::types::{Date, Version, parse_date};

fn day(text: &str) -> Date {
    parse_date(text).unwrap()
}

/// A row with what is said, and a link and a page of its own.
fn row(id: &str, rest: Value) -> Value {
    let mut row = json!({
        "id": id, "title": format!("{id} Class Action Settlement"),
        "claim_url": format!("https://{id}.example/"), "source_url": "https://list.example/all",
        "estimated_payout": "Varies", "active": true, "last_verified": "2026-03-01",
    });
    let Value::Object(rest) = rest else { panic!("{rest}") };
    for (name, value) in rest {
        row[name] = value;
    }
    row
}

fn export(rows: Vec<Value>) -> TrackerExport {
    let bytes = Value::Array(rows).to_string();
    let file = parse_tracker(bytes.as_bytes()).unwrap();
    TrackerExport::new("watch", None, file, day("2026-03-08")).unwrap()
}

fn plan(rows: Vec<Value>) -> TrackerPlan {
    plan_tracker(&TrackerState::default(), &BTreeMap::new(), &[export(rows)])
}

fn only(rows: Vec<Value>) -> Settlement {
    let plan = plan(rows);
    assert_eq!(plan.settlements.len(), 1, "{:#?}", plan.report);
    let one = plan.settlements.into_iter().next().unwrap();
    assert_eq!(parse_settlement(&one.to_json().to_string()).as_ref(), Ok(&one));
    one
}

fn said(text: &str) -> Settlement {
    only(vec![row(
        "lamps",
        json!({"title": "Lumo Lamps Class Action Settlement",
        "description": text, "criteria": {"services": ["Lumo Lamps"], "products": ["Lumo"]}}),
    )])
}

#[test]
fn rules_are_what_the_table_says() {
    const PERIOD: &str = r#""from":"2020-01-01","to":"2021-12-31""#;
    const PAID: &str = r#""amount_cents":{"min":1}"#;
    let ask = |question: &str| format!(r#"{{"ask":"{question}"}}"#);
    let hint = r#"{"any":[{"feature":"merchant:lumo_lamps"},{"feature":"merchant:lumo"}]}"#;
    let hints = r#"{"any":[{"feature":"merchant:lumo"},{"feature":"merchant:lumo_lamps"}]}"#;
    let bought = format!(
        r#"{{"purchases":{{{PAID},"count":{{"min":1}},"feature":"merchant:lumo_lamps",{PERIOD}}}}}"#
    );
    let any = format!(r#"{{"any":[{bought}]}}"#);
    let hinted = format!(r#"{{"any":[{bought},{{"feature":"merchant:lumo"}}]}}"#);
    let pays = "Did you pay Lumo Lamps for what this settlement covers";
    #[rustfmt::skip]
    let table = [
        ("You may be included if you bought products from Lumo Lamps between January 1, 2020 and December 31, 2021.",
            vec![any.clone()]),
        ("You may be included if you bought products from Lumo Lamps in Utah between January 1, 2020 and December 31, 2021.",
            vec![hinted.clone(), ask(&format!("{pays} in UT between 2020-01-01 and 2021-12-31?"))]),
        ("People who bought products from Lumo Lamps outside of Utah between January 1, 2020 and December 31, 2021.",
            vec![hinted.clone(), ask(&format!("{pays} outside of UT between 2020-01-01 and 2021-12-31?"))]),
        // Where people live is another thing.
        ("Residents of Utah who bought products from Lumo Lamps between January 1, 2020 and December 31, 2021.",
            vec![any.clone(), r#"{"states":["UT"]}"#.to_owned()]),
        ("People who live outside of Utah, who bought products from Lumo Lamps between January 1, 2020 and December 31, 2021.",
            vec![any, r#"{"none":[{"states":["UT"]}]}"#.to_owned()]),
        ("Anyone who bought products from Lumo Lamps between January 1, 2020 and December 31, 2021, except residents of Utah.",
            vec![hinted.clone(), r#"{"none":[{"states":["UT"]}]}"#.to_owned(),
                 ask(&format!("{pays} outside of UT between 2020-01-01 and 2021-12-31?"))]),
        // Outside of a country is not outside of a state.
        ("People who bought products from Lumo Lamps outside of the United States between January 1, 2020 and December 31, 2021.",
            vec![hinted.clone(),
                 ask(&format!("{pays} between 2020-01-01 and 2021-12-31?"))]),
        // One word more than is understood, and the person is asked.
        ("You may be included if you bought cracked products from Lumo Lamps between January 1, 2020 and December 31, 2021.",
            vec![hinted.clone(),
                 ask(&format!("{pays} between 2020-01-01 and 2021-12-31?"))]),
        // No period is stated: any purchase would do, so none does.
        ("You may be included if you bought products from Lumo Lamps.",
            vec![hinted.replace(&format!(",{PERIOD}"), ""),
                 ask(&format!("{pays}?"))]),
        // A product that any shop sells.
        ("You may be included if you bought a Lumo lamp between January 1, 2020 and December 31, 2021.",
            vec![hints.to_owned(), ask("Did you buy or pay for what the Lumo Lamps settlement covers between 2020-01-01 and 2021-12-31?")]),
        // Shoppers of something that has no name: everybody may answer.
        ("You may be included if you bought light bulbs in 2020.",
            vec![ask("Did you buy or pay for what the Lumo Lamps settlement covers between 2020-01-01 and 2020-12-31?")]),
        ("You may be included if you worked for Lumo Lamps in Utah between January 1, 2020 and December 31, 2021.",
            vec![hint.to_owned(),
                 ask("Did you work for Lumo Lamps in UT between 2020-01-01 and 2021-12-31, in work that this settlement covers?")]),
        ("You may be included if your personal information was exposed in the Lumo Lamps data breach in May 2020.",
            vec![hint.to_owned(), ask("Were you told that your data was in the data breach at Lumo Lamps?")]),
        ("If you received unwanted calls from Lumo Lamps, you may be included.",
            vec![hint.to_owned(), ask("Did you get calls or texts from Lumo Lamps, or on its behalf, that this settlement covers?")]),
        ("Ohio residents who applied for a job with Lumo Lamps.",
            vec![hint.to_owned(), r#"{"states":["OH"]}"#.to_owned(), ask("Did you apply for a job with Lumo Lamps in OH?")]),
        ("See the official notice about Lumo.",
            vec![hints.to_owned(), ask("Do you belong to the class of the Lumo Lamps settlement, as its site says?")]),
    ];
    for (text, parts) in table {
        let parts: Vec<Value> = parts.iter().map(|part| part.parse().unwrap()).collect();
        assert_eq!(said(text).eligibility.to_json(), json!({"all": parts}), "{text}");
    }
}

/// Whether the rule of a text asks, and the states it is restricted to.
fn asks(one: &Settlement) -> bool {
    one.eligibility.to_json().to_string().contains("\"ask\"")
}

#[test]
fn words_that_restrict_who_belongs_make_the_rule_ask() {
    const WHEN: &str = "between May 2, 2019 and June 3, 2021";
    #[rustfmt::skip]
    let table = [
        ("If you bought products from Lumo Lamps #.",                                true),
        ("If you made a purchase through Lumo Lamps in Utah #, you may be included.", false),
        ("Utah residents who made a purchase through Lumo Lamps #.",                 true),
        ("If you purchased a subscription from Lumo Lamps #.",                       false),
        ("If you ordered online from Lumo Lamps #.",                                 false),
        ("If you made a purchase via the app from Lumo Lamps #.",                    false),
        ("If you bought items on the website from Lumo Lamps #.",                    false),
        ("If you bought items in a store, from Lumo Lamps #.",                       false),
        ("If you bought in-store from Lumo Lamps #.",                                false),
        ("If you bought a cracked lamp from Lumo Lamps #.",                          false),
        ("If you made a purchase through Lumo Lamps or Vela Sails #, you may be covered by this settlement.", true),
        ("If you bought from Lumo Lamps and Vela Sails #.",                          true),
        // The name that was extracted stands in it only as part of another.
        ("If you bought from Lumo Lamps and Cracked Lamp Club #.",                   false),
        ("Baristas who purchased from Lumo Lamps #.",                                false),
        ("If you bought products from Lumo Lamps #. Settlement class members in any more states are included.", false),
        ("Non-California residents who bought products from Lumo Lamps #.",          false),
        ("If you bought products from Lumo Lamps #. Residents of Arizona are not eligible.", false),
        ("If you bought products from Lumo Lamps #, Arizona.",                       false),
    ];
    for (text, is_plain) in table {
        let text = text.replace('#', WHEN);
        let one = only(vec![row(
            "lamps",
            json!({"title": "Lumo Lamps Class Action Settlement", "description": text,
            "criteria": {"services": ["Lumo Lamps", "cracked lamp"], "products": ["Lumo"]}}),
        )]);
        assert_eq!(asks(&one), !is_plain, "{text}: {}", one.eligibility.to_json());
    }
}

#[test]
fn days_that_no_settlement_can_hold_are_none() {
    #[rustfmt::skip]
    let table = [
        ("9999-12-31", "If you bought lamps from Lumo Lamps before January 1, 1900."),
        ("12/31/9999", "If you bought lamps from Lumo Lamps before 1900, file a claim by December 31, 9999."),
        ("1899-12-31", "If you bought lamps from Lumo Lamps after 9999-12-31. File a claim by 9999-12-31."),
        ("9999-12-31", "If you bought lamps from Lumo Lamps between 1899-01-01 and 9999-12-31."),
    ];
    for (deadline, text) in table {
        // `only` reads the settlement back.
        let one = only(vec![row(
            "lumo",
            json!({"title": "Lumo Lamps Settlement", "deadline": deadline, "description": text,
            "criteria": {"date_range": {"after": "1850-01-01", "before": "9999-12-31"}}}),
        )]);
        assert_eq!(one.deadline, None, "{deadline} {text}");
        assert!(one.class_period.is_none_or(|period| period.start.is_none()), "{text}");
        let told = one.provenance.unwrap();
        assert_eq!(told.agreed("deadline_text"), Some(&json!(deadline)));
    }
}

#[test]
fn what_sources_differ_about_is_unknown_and_listed() {
    let one = json!({"title": "Lumo Lamps Class Action Settlement", "deadline": "2026-06-30",
        "claim_url": "https://lumo.example/", "proof_required": true, "estimated_payout": "$5",
        "description": "If you bought products from Lumo Lamps in 2021."});
    let mut two = one.clone();
    two["deadline"] = json!("2026-06-03");
    two["source_url"] = json!("https://other.example/x");
    two["active"] = json!(false);
    two["estimated_payout"] = json!("TBD");
    let settlement = only(vec![row("one", one), row("two", two)]);
    assert_eq!((settlement.deadline, settlement.status), (None, Status::Open));
    let from = settlement.provenance.unwrap();
    let fields: Vec<&str> = from.disagreements.iter().map(|one| one.field.as_str()).collect();
    assert_eq!(fields, ["deadline", "status"]);
    let values = &from.disagreements[0].values;
    assert_eq!(
        (&values[0].value, &values[0].rows[0]),
        (&json!("2026-06-03"), &"watch/two".to_owned())
    );
    // Both pages have the link; one alone has a payout.
    assert_eq!(from.unconfirmed, ["payout"]);
    assert_eq!(from.agreed("proof"), Some(&json!("required")));
    assert_eq!(from.agreed("deadline"), None);
    let rule = settlement.eligibility.to_json().to_string();
    assert!(rule.contains("\"ask\""), "sources that differ make nobody eligible: {rule}");
}

#[test]
fn a_link_is_confirmed_by_a_second_source_or_by_its_own_site() {
    let text = json!({"description": "If you bought products from Lumo Lamps in 2021."});
    let alone = only(vec![row("lumo", text.clone())]);
    assert!(alone.provenance.unwrap().unconfirmed.contains(&"claim_url".to_owned()));
    let mut own = text;
    own["source_url"] = json!("https://www.lumo.example/faq");
    let own = only(vec![row("lumo", own)]);
    assert!(!own.provenance.unwrap().unconfirmed.contains(&"claim_url".to_owned()));
}

#[test]
fn a_settlement_that_somebody_wrote_stays_as_it_is() {
    let known = r#"{"title": "Lumo Lamps Settlement", "claim_url": "https://www.lumo.example/claim",
        "deadline": "2026-06-30[America/Chicago]", "eligibility": {"required_features": [], "states": []}}"#;
    let known = parse_settlement(known).unwrap();
    let catalogue = BTreeMap::from([(known.id, (Version::FIRST, known.clone()))]);
    let rows = vec![row(
        "lumo",
        json!({"title": "Lumo Lamps Class Action Settlement",
        "deadline": "2026-07-30", "description": "If you bought Lumo lamps."}),
    )];
    let plan = plan_tracker(&TrackerState::default(), &catalogue, &[export(rows)]);
    assert_eq!((plan.settlements.len(), plan.report.counts.known), (0, 1));
    assert_eq!(plan.report.rows[0].outcome, Outcome::Known { settlement: known.id });
    let differing = &plan.report.disagreements[0];
    assert_eq!(
        (differing.settlement, differing.disagreements[0].field.as_str()),
        (known.id, "deadline")
    );
    assert_eq!(plan.report.merges.len(), 1);
}

#[test]
fn what_an_import_made_gives_way_to_what_somebody_writes() {
    let rows = vec![row("lumo", json!({"description": "If you bought Lumo lamps."}))];
    let first = plan(rows.clone());
    let made = first.settlements[0].clone();
    let written = parse_settlement(
        r#"{"title": "Lumo", "claim_url": "https://lumo.example/",
        "eligibility": {"required_features": [], "states": []}}"#,
    )
    .unwrap();
    let catalogue = [made.clone(), written.clone()].map(|one| (one.id, (Version::FIRST, one)));
    let state = TrackerState::new(first.rows);
    let next = plan_tracker(&state, &BTreeMap::from(catalogue), &[export(rows)]);
    assert_eq!(next.report.replaced, [(made.id, Some(written.id))]);
    let gone = &next.settlements[0];
    assert_eq!((gone.id, gone.status), (made.id, Status::Cancelled));
    assert_eq!(gone.provenance.as_ref().unwrap().replaced_by, Some(written.id));
}

#[test]
fn a_row_that_cannot_be_read_this_time_is_not_gone() {
    let rows = |active: Value| vec![row("lumo", json!({"active": active})), row("vela", json!({}))];
    let first = plan(rows(json!(true)));
    let second = TrackerExport { day: day("2026-03-08"), ..export(rows(json!("yes"))) };
    let next = plan_tracker(&TrackerState::new(first.rows), &BTreeMap::new(), &[second]);
    assert_eq!(
        (next.report.unreadable.as_slice(), next.report.gone.len()),
        (["watch/lumo".to_owned()].as_slice(), 0)
    );
}

#[test]
fn files_that_are_no_exports_are_refused_whole() {
    #[rustfmt::skip]
    let table: [(&[u8], &str); 9] = [
        (b"",                                      "empty_input"),
        (b" <!doctype html><title>x</title>",      "web_page"),
        (b"[]",                                    "empty_export"),
        (b"[{\"id\": \"a\", \"title\": \"b\"}",    "malformed_json"),
        (b"[{\"id\": \"a\", \"tit",                "malformed_json"),
        (b"{\"settlements\": []}",                 "wrong_type"),
        (b"[{\"name\": \"a\"}, 3, null]",          "unknown_schema"),
        (b"[\xff]",                                "invalid_utf8"),
        (b"\"text\"",                              "wrong_type"),
    ];
    for (bytes, code) in table {
        assert_eq!(
            parse_tracker(bytes).unwrap_err().code,
            code,
            "{}",
            String::from_utf8_lossy(bytes)
        );
    }
}

#[test]
fn rows_that_are_wrong_are_refused_with_their_place() {
    let long = "x".repeat(1_001);
    #[rustfmt::skip]
    let table = [
        (json!({"active": "yes"}),                  "wrong_type",        "$[1].active"),
        (json!({"title": " "}),                     "empty_text",        "$[1].title"),
        (json!({"title": "a\u{7}b"}),               "control_character", "$[1].title"),
        (json!({"title": long}),                    "too_large",         "$[1].title"),
        (json!({"id": 7}),                          "wrong_type",        "$[1].id"),
        (json!({"claim_url": "javascript:x"}),      "invalid_url",       "$[1].claim_url"),
        (json!({"claim_url": "https:// x"}),        "invalid_url",       "$[1].claim_url"),
        (json!({"last_verified": "2026-02-30"}),    "invalid_date",      "$[1].last_verified"),
        (json!({"criteria": []}),                   "wrong_type",        "$[1].criteria"),
    ];
    for (rest, code, path) in table {
        let bytes = json!([row("good", json!({})), row("bad", rest.clone())]).to_string();
        let file = parse_tracker(bytes.as_bytes()).unwrap();
        assert_eq!((file.rows.len(), file.refused.len()), (1, 1), "{rest}");
        let refusal = &file.refused[0].refusal;
        assert_eq!((refusal.code, refusal.path.as_str()), (code, path), "{rest}");
    }
}

#[test]
fn useless_rows_are_refused_with_their_reason() {
    let menu = "Submit ClaimLampsDeadline: May 1Submit ClaimRugsDeadline: May 2Submit Claim";
    #[rustfmt::skip]
    let table = [
        (json!({"claim_url": "", "description": menu}),                       Some("several_settlements")),
        (json!({"claim_url": "", "description": menu, "deadline": "2026-05-01"}), Some("several_settlements")),
        (json!({"description": menu}),                                        None),
        (json!({"title": "30 settlements you can claim today"}),              Some("several_settlements")),
        (json!({"claim_url": "", "description": ""}),                         Some("no_usable_fact")),
        (json!({"claim_url": "", "description": "We use cookies. See the privacy policy."}), Some("no_usable_fact")),
        (json!({"claim_url": "", "description": "", "deadline": "2026-05-01"}), None),
        (json!({"title": "Class Action Settlement"}),                         Some("no_name")),
    ];
    for (rest, expected) in table {
        let report = plan(vec![row("lamps", rest.clone())]).report;
        let found = match &report.rows[0].outcome {
            Outcome::Refused { code, .. } => Some(*code),
            _ => None,
        };
        assert_eq!(found, expected, "{rest}");
    }
}

#[test]
fn of_a_page_about_others_only_the_title_and_the_links_are_taken() {
    let menu = "Submit ClaimLampsDeadline: May 1, 2026Submit Claim$9M in UtahSubmit Claim";
    let one = only(vec![row(
        "rugs",
        json!({"description": menu, "estimated_payout": "Varies",
        "criteria": {"states": ["UT"], "services": ["Lamps"], "date_range": {"after": "2020-01-01"}}}),
    )]);
    let from = one.provenance.unwrap();
    let fields: Vec<&str> = from.sources.iter().map(|fact| fact.field.as_str()).collect();
    assert_eq!(fields, ["title", "status", "claim_url"]);
    assert_eq!((one.eligibility_text, one.class_period), (None, None));
}

#[test]
fn pairs_are_what_the_table_says() {
    let text = |name: &str, more: &str| json!({"description": format!("If you bought products from {name}{more}.")});
    let with = |title: &str, site: &str, mut rest: Value| {
        rest["title"] = json!(title);
        rest["claim_url"] = json!(site);
        rest
    };
    let glass =
        json!({"deadline": "2026-05-01", "description": "Bought glass from Lumo Lamps in 2021."});
    #[rustfmt::skip]
    let table = [
        ("the same page", "merged",
            with("Lumo Lamps - Glass Settlement", "https://www.lumo.example/home", text("Lumo Lamps", "")),
            with("Lumo Glass Lamp Settlement", "http://lumo.example", text("Lumo Lamps", " in 2021"))),
        ("two makers on the site of one administrator", "apart",
            with("Falcon - Airbags Settlement", "https://bags.example/falcon", json!({})),
            with("Heron - Airbags Settlement", "https://bags.example/heron", json!({}))),
        ("one maker on two pages of it", "merged",
            with("Falcon - Airbags Settlement", "https://bags.example/falcon", json!({})),
            with("Falcon Airbag Settlement", "https://bags.example", json!({}))),
        ("workers and shoppers of one company", "apart",
            with("Lumo - Unpaid Wages Settlement", "https://wages.example", json!({})),
            with("Lumo - Late Fees Settlement", "https://fees.example", json!({}))),
        ("workers and shoppers on one site", "review",
            with("Lumo - Unpaid Wages Settlement", "https://lumo.example", json!({})),
            with("Lumo - Late Fees Settlement", "https://lumo.example", json!({}))),
        ("two names on one page", "review",
            with("Lumo Settlement", "https://lamps.example", json!({})),
            with("Vela Settlement", "https://lamps.example", json!({}))),
        ("other sites, all else the same", "merged",
            with("Lumo Lamps - Glass Settlement", "https://one.example", glass.clone()),
            with("Lumo Lamps - Glass Settlement", "https://two.example", glass)),
        ("other sites and deadlines", "review",
            with("Lumo Lamps - Glass Settlement", "https://one.example", json!({"deadline": "2026-05-01"})),
            with("Lumo Lamps - Glass Settlement", "https://two.example", json!({"deadline": "2026-06-01"}))),
        ("other states", "apart",
            with("Lumo Lamps (Utah) Settlement", "https://one.example", json!({"deadline": "2026-05-01"})),
            with("Lumo Lamps (Ohio) Settlement", "https://two.example", json!({"deadline": "2026-05-01"}))),
        ("no link, the same deadline", "merged",
            with("Lumo Lamps Settlement", "https://one.example", json!({"deadline": "2026-05-01"})),
            with("Lumo Lamps Settlement", "", json!({"deadline": "2026-05-01"}))),
        ("no link, another deadline", "review",
            with("Lumo Lamps Settlement", "https://one.example", json!({"deadline": "2026-05-01"})),
            with("Lumo Lamps Settlement", "", json!({"deadline": "2026-05-02"}))),
        ("the same case", "merged",
            with("Lumo Lamps Settlement", "https://one.example", json!({"description": "Settled in Doe v. Lumo, Inc."})),
            with("Lumo Lights Settlement", "https://two.example", json!({"description": "Doe et al. v. Lumo is settled."}))),
        ("nothing in common", "apart",
            with("Lumo Settlement", "https://one.example", json!({})),
            with("Vela Settlement", "https://two.example", json!({}))),
    ];
    for (what, expected, a, b) in table {
        let report = plan(vec![row("a", a), row("b", b)]).report;
        let found = match (report.merges.len(), report.review.len(), report.counts.merged) {
            (1, 0, 1) => "merged",
            (0, 1, 0) => "review",
            (0, 0, 0) => "apart",
            other => panic!("{what}: {other:?}"),
        };
        assert_eq!(
            found,
            expected,
            "{what}: {:#?}",
            report.merges.iter().chain(report.review_pairs()).collect::<Vec<_>>()
        );
        for pair in report.merges.iter().chain(report.review_pairs()) {
            assert!(!pair.evidence.is_empty() && !pair.would_change.is_empty(), "{what}: {pair:?}");
        }
    }
}

#[test]
fn a_group_that_contradicts_itself_is_taken_apart() {
    // The first and the last are of other years; the one between is like both.
    let lumo = |id: &str, site: &str, text: &str| {
        row(id, json!({"title": "Lumo Lamps Settlement", "claim_url": site, "description": text}))
    };
    let rows = vec![
        lumo("a", "https://one.example", "If you bought lamps from Lumo Lamps in 2015."),
        lumo("b", "https://one.example", "Settled in Doe v. Lumo."),
        lumo("c", "https://two.example", "Bought lamps from Lumo Lamps in 2020. Doe v. Lumo."),
    ];
    let report = plan(rows).report;
    assert_eq!((report.counts.imported, report.counts.merged, report.merges.len()), (3, 0, 0));
    assert_eq!((report.review.len(), report.review_pairs().count()), (1, 2));
    assert_eq!(report.review[0].members, ["watch/a", "watch/b", "watch/c"]);
}

#[test]
fn a_rule_that_asks_is_never_met_by_purchases_alone() {
    let one = said("If you worked for Lumo Lamps and bought products from Lumo Lamps in 2021.");
    let Predicate::All(parts) = one.eligibility.in_force() else { panic!("{:?}", one.eligibility) };
    assert!(parts.iter().any(|part| matches!(part, Predicate::Ask(_))));
}
