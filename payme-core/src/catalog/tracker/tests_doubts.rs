//! What is not understood becomes a question or a refused row, and never a silent rule.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::catalog::{Settlement, parse_settlement};
use crate::types::{Date, Version, parse_date};

const WHEN: &str = "between May 2, 2019 and June 3, 2021";
const BOUGHT: &str = "If you bought products from Lumo Lamps between May 2, 2019 and June 3, 2021, you may be included.";
const MENU: &str = "Submit ClaimLampsDeadline: May 1Submit ClaimRugsDeadline: May 2Submit Claim";

fn day(text: &str) -> Date {
    parse_date(text).unwrap()
}

fn row(id: &str, rest: &Value) -> Value {
    let mut row = json!({"id": id, "title": "Lumo Lamps Class Action Settlement", "active": true,
        "claim_url": "https://lumo.example/", "source_url": "https://list.example/all"});
    for (name, value) in rest.as_object().unwrap() {
        row[name] = value.clone();
    }
    row
}

fn export(when: &str, rows: Vec<Value>) -> TrackerExport {
    let file = parse_tracker(Value::Array(rows).to_string().as_bytes()).unwrap();
    TrackerExport::new("watch", Some(day(when)), file, day("2026-12-31")).unwrap()
}

fn plan(rows: Vec<Value>) -> TrackerPlan {
    plan_tracker(&TrackerState::default(), &BTreeMap::new(), &[export("2026-03-01", rows)])
}

fn only(rest: &Value) -> Settlement {
    let plan = plan(vec![row("a", rest)]);
    assert_eq!(plan.settlements.len(), 1, "{rest} {:?}", plan.report.rows);
    let one = plan.settlements.into_iter().next().unwrap();
    assert_eq!(parse_settlement(&one.to_json().to_string()).as_ref(), Ok(&one), "it reads back");
    one
}

fn rule(one: &Settlement) -> String {
    one.eligibility.to_json().to_string()
}

fn question(rest: &Value) -> String {
    let rule = rule(&only(rest));
    let from = rule.split("\"ask\":\"").nth(1).unwrap_or_default();
    from.split("\"}").next().unwrap_or_default().to_owned()
}

#[test]
fn a_rule_asks_nothing_only_where_the_title_is_understood_too() {
    #[rustfmt::skip]
    let table = [
        // title                                                        asks
        ("Lumo Lamps Class Action Settlement",                          ""),
        ("Lumo Lamps - Hidden Fees Class Action Settlement",            ""),
        ("Lumo Lamps, Inc. - Advertised Prices Settlement",             ""),
        ("Lumo Lamps - Data Breach Class Action Settlement",            "Do you belong to the class"),
        ("Lumo Lamps Employees Class Action Settlement",                "Do you belong to the class"),
        ("Lumo Lamps - Unwanted Texts Class Action Settlement",         "Do you belong to the class"),
        ("Lumo Lamps - Indirect Resellers Class Action Settlement",     "Do you belong to the class"),
        ("Lumo Lamps - Gift Cards Class Action Settlement",             "Did you pay Lumo Lamps"),
        ("Lumo Lamps Loyalty Club Class Action Settlement",             "Did you pay Lumo Lamps"),
        ("Vela Sails Class Action Settlement",                          "Did you pay Vela Sails"),
        ("Lumo Lamps (Utah) Class Action Settlement",                   "Did you pay Lumo Lamps"),
    ];
    for (title, expected) in table {
        let asked = question(&json!({"title": title, "description": BOUGHT}));
        assert_eq!(
            (asked.starts_with(expected), asked.is_empty()),
            (true, expected.is_empty()),
            "{title}: {asked}"
        );
    }
}

#[test]
fn a_rule_asks_where_the_tracker_extracted_more_than_is_read() {
    #[rustfmt::skip]
    let table = [
        (json!({}),                                                                false),
        (json!({"type": "consumer", "criteria": {"states": [], "vehicles": null}}), false),
        (json!({"type": "data_breach"}),                                           true),
        (json!({"criteria": {"qualifying_questions": [{"text": "Was it red?"}]}}), true),
        (json!({"criteria": {"breach_name": "Lumo 2023"}}),                        true),
        (json!({"criteria": {"something_else": 1}}),                               true),
    ];
    for (mut rest, asks) in table {
        rest["description"] = json!(BOUGHT);
        assert_eq!(!question(&rest).is_empty(), asks, "{rest}");
    }
}

fn pair(a: &Value, b: &Value) -> &'static str {
    let report = plan(vec![row("a", a), row("b", b)]).report;
    match (report.counts.merged, report.review.len()) {
        (1, 0) => "merged",
        (0, 1) => "review",
        (0, 0) => "apart",
        other => panic!("{other:?}"),
    }
}

#[test]
fn one_page_can_be_of_two_settlements() {
    let title = |title: &str| json!({"title": title});
    let with = |text: &str| json!({"title": "Lumo Data Breach Settlement", "description": text});
    #[rustfmt::skip]
    let table = [
        (title("Lumo Settlement"),                          title("Lumo Settlement"),                             "merged"),
        (title("Lumo Lamps Settlement"),                    title("Lumo Lamps Glass Settlement"),                 "merged"),
        (title("Lumo 2021 Settlement"),                     title("Lumo 2023 Settlement"),                        "review"),
        (title("Lumo 2021 Settlement"),                     title("Lumo Settlement \u{2014} Claim by May 2026"),  "merged"),
        (title("Lumo - March 2023 Data Breach Settlement"), title("Lumo - November 2023 Data Breach Settlement"), "review"),
        (title("Lumo - March 2023 Data Breach Settlement"), title("Lumo 2023 Data Breach Settlement"),            "merged"),
        (title("Lumo - Blender Settlement"),                title("Lumo - Toaster Settlement"),                   "review"),
        (title("Lumo - Hidden Fees Settlement"),            title("Lumo - Junk Fees Settlement"),                 "merged"),
        (with("Your data was in the data breach in March 2023."), with("Your data was in the data breach in May 2024."), "review"),
        (with("Your data was in the data breach in March 2023."), with("The breach discovered in May 2023."),            "merged"),
        // A state on one side alone.
        (title("Lumo (Utah) Settlement"),                   title("Lumo Settlement"),                             "review"),
        (title("Lumo (Utah) Settlement"),                   title("Lumo (Utah, Ohio) Settlement"),                "merged"),
        (title("Lumo (Utah) Settlement"),                   title("Lumo (Ohio) Settlement"),                      "review"),
        (json!({"description": "If you lived outside of Utah."}), json!({"description": "If you lived there."}), "review"),
        (json!({"description": "If you lived outside of Utah."}), json!({"description": "If you lived in Utah."}), "review"),
    ];
    for (a, b, expected) in table {
        assert_eq!(pair(&a, &b), expected, "{a} / {b}");
        assert_eq!(pair(&b, &a), expected, "{b} / {a}");
    }
}

#[test]
fn a_row_with_a_state_is_not_of_a_written_settlement_without_one() {
    let written = r#"{"title": "Lumo Lamps Settlement", "claim_url": "https://lumo.example/", "eligibility": RULE}"#;
    #[rustfmt::skip]
    let table = [
        (r#"{"all": []}"#,                                false),
        (r#"{"all": [{"states": ["UT"]}]}"#,              true),
        (r#"{"all": [{"none": [{"states": ["UT"]}]}]}"#,  false),
        (r#"{"all": [{"states": ["OH"]}]}"#,              false),
    ];
    for (rule, is_known) in table {
        let one = parse_settlement(&written.replace("RULE", rule)).unwrap();
        let catalogue = BTreeMap::from([(one.id, (Version::FIRST, one))]);
        let rows = vec![row("a", &json!({"title": "Lumo Lamps (Utah) Settlement"}))];
        let report =
            plan_tracker(&TrackerState::default(), &catalogue, &[export("2026-03-01", rows)])
                .report;
        assert_eq!(
            (report.counts.known, report.review.len()),
            (usize::from(is_known), usize::from(!is_known)),
            "{rule}"
        );
    }
}

#[test]
fn a_place_of_purchase_is_no_home_and_an_exception_is_of_its_state_alone() {
    let outside = r#"{"none":[{"states":["GA"]}]}"#;
    let within = r#"{"states":["GA"]}"#;
    #[rustfmt::skip]
    let table = [
        // text                                                                      states extracted  part of the rule
        ("Anyone who bought products from Lumo Lamps #, except residents of Georgia.", json!(null),    Some(outside)),
        ("Georgia residents who bought products from Lumo Lamps #.",                  json!(null),     Some(within)),
        ("Georgia residents who bought products from Lumo Lamps #.",                  json!(["GA"]),   Some(within)),
        ("If you purchased products in Georgia from Lumo Lamps #.",                   json!(null),     None),
        ("If you purchased products in Georgia from Lumo Lamps #.",                   json!(["GA"]),   None),
        ("If you purchased products outside of Georgia from Lumo Lamps #.",           json!(null),     None),
        // The text and what was extracted from it differ: unknown, and never everybody.
        ("If you purchased products outside of Georgia from Lumo Lamps #.",           json!(["GA"]),   None),
        ("Anyone who bought products from Lumo Lamps #, except residents of Georgia.", json!(["GA"]),  None),
        ("If you purchased products from Lumo Lamps of Georgia #.",                   json!(["GA"]),   None),
    ];
    for (text, states, expected) in table {
        let one =
            only(&json!({"description": text.replace('#', WHEN), "criteria": {"states": states}}));
        let rule = rule(&one);
        assert_eq!(rule.contains("\"states\""), expected.is_some(), "{text} {states}: {rule}");
        assert!(expected.is_none_or(|part| rule.contains(part)), "{text} {states}: {rule}");
        assert_eq!(rule.contains("\"ask\""), expected != Some(within), "{text} {states}: {rule}");
        let from = one.provenance.unwrap();
        assert!(
            !from.sources.iter().any(|fact| fact.value == json!([])),
            "no source states that there is no limit"
        );
    }
}

#[test]
fn an_export_of_a_day_to_come_is_refused() {
    let file = |days: &[&str]| {
        let rows: Vec<Value> =
            days.iter().map(|day| row(day, &json!({"last_verified": day}))).collect();
        parse_tracker(Value::Array(rows).to_string().as_bytes()).unwrap()
    };
    let new = |given: Option<&str>, days: &[&str]| {
        let export = TrackerExport::new("watch", given.map(day), file(days), day("2026-03-02"));
        export.map(|export| (export.day.to_string(), export.file.rows.len(), export.file.refused))
    };
    let code = |given, days| new(given, days).unwrap_err().code;
    assert_eq!(code(Some("2026-03-03"), &["2026-03-01"]), "date_in_future");
    assert_eq!(code(None, &["2062-03-01"]), "date_in_future");
    let (export, rows, refused) = new(None, &["2026-03-02", "2062-03-01", "2026-02-28"]).unwrap();
    assert_eq!((export.as_str(), rows, refused.len()), ("2026-03-02", 2, 1));
    let refusal = &refused[0].refusal;
    assert_eq!((refusal.code, refusal.path.as_str()), ("date_in_future", "$[1].last_verified"));
    assert_eq!(refused[0].id.as_deref(), Some("2062-03-01"));
    assert_eq!(new(Some("2026-03-02"), &["2026-03-01"]).unwrap().0, "2026-03-02");
}

#[test]
fn deadlines_that_cannot_be_read_are_told_with_their_words() {
    #[rustfmt::skip]
    let table = [
        (json!({"deadline": "soon after Easter"}),                         Some("soon after Easter")),
        (json!({"deadline": "June 2026"}),                                 Some("June 2026")),
        (json!({"deadline": "9999-12-31"}),                                Some("9999-12-31")),
        (json!({"description": "Lumo lamps. Claim by June 2026."}),        Some("Claim by June 2026")),
        (json!({"deadline": "2026-06-03"}),                                None),
        (json!({"deadline": "June 3, 2026"}),                              None),
        (json!({"deadline": "TBD", "description": "Lumo lamps. Claim by June 3, 2026."}), None),
        (json!({"deadline": null}),                                        None),
        (json!({"deadline": "payments are sent automatically"}),           None),
    ];
    for (rest, expected) in table {
        let report = plan(vec![row("a", &rest)]).report;
        let told: Vec<(&str, &str)> = report
            .unread_deadlines
            .iter()
            .map(|one| (one.row.as_str(), one.text.as_str()))
            .collect();
        assert_eq!(
            told,
            expected.map(|text| ("watch/a", text)).into_iter().collect::<Vec<_>>(),
            "{rest}"
        );
    }
    // One that is refused stands for nothing, and has no deadline.
    let rest = json!({"deadline": "soon", "claim_url": "", "description": MENU});
    assert!(plan(vec![row("a", &rest)]).report.unread_deadlines.is_empty());
}

#[test]
fn a_name_that_is_none_is_no_merchant() {
    #[rustfmt::skip]
    let table = [
        ("Billion Lumo Card Fee Settlement \u{2014} Claim by May 2026", "Billion Lumo Card Fee", "Lumo Card Fee"),
        ("Nice-Pak Products - Data Breach Settlement",                  "Nice",                  "Nice-Pak Products"),
        ("Beef Settlement",                                             "Beef",                  "Beef"),
    ];
    for (title, defendant, called) in table {
        let rest = json!({"title": title, "defendant": defendant, "description": "Your data was in the data breach."});
        let rule = rule(&only(&rest));
        for junk in ["merchant:billion", "merchant:nice\"", "merchant:beef"] {
            assert!(!rule.contains(junk), "{title}: {rule}");
        }
        let asked = format!("Were you told that your data was in the data breach at {called}?");
        assert_eq!(question(&rest), asked);
    }
}

#[test]
fn a_question_carries_what_the_class_asks_of_its_members() {
    #[rustfmt::skip]
    let table = [
        ("If you bought lamps from Lumo Lamps.",                                  "covers?"),
        ("Parents who were billed for a minor child's lamp from Lumo Lamps.",     "covers, as a parent or guardian?"),
        ("If you bought lamps from Lumo Lamps on behalf of minors.",              "covers, as or for a minor?"),
        ("If you bought lamps from Lumo Lamps for personal use and not for resale.",
            "covers, for yourself and not for a business or for resale?"),
        ("If you are a business that bought lamps from Lumo Lamps.",              "describes, as a business or for one?"),
        ("If you bought lamps from Lumo Lamps and were not fully refunded.",      "covers, without being paid back?"),
        ("If you bought lamps from Lumo Lamps and are not a resident of Ohio.",  "covers in the states it applies to?"),
        ("If you worked for Lumo Lamps while under the age of 16.",               "settlement covers, at the age it names?"),
        ("Parents who bought lamps from Lumo Lamps over the age of 29, were not refunded, for personal use, or the heirs.",
            "covers, under the conditions that it names?"),
    ];
    for (text, end) in table {
        let asked = question(&json!({"description": text}));
        assert!(asked.ends_with(end), "{text}: {asked}");
    }
    // The title names them, too; what is part of its name is none.
    let asked = |title: &str| question(&json!({"title": title, "description": BOUGHT}));
    assert!(asked("Lumo Lamps Settlement for Parents").ends_with(", as a parent or guardian?"));
    assert!(asked("Lumo Parents Club - Hidden Fees Settlement").ends_with("2021-06-03?"));
}

#[test]
fn figures_count_what_stands_for_a_settlement() {
    let useless = json!({"claim_url": "", "description": MENU});
    let closed = json!({"claim_url": "", "description": MENU, "active": false});
    let good = || {
        row("b", &json!({"title": "Vela Sails Settlement", "claim_url": "https://vela.example/"}))
    };
    let first = plan(vec![row("a", &useless), good()]);
    assert_eq!(first.report.new, ["watch/b"]);
    let state = TrackerState::new(first.rows.clone());
    let catalogue: StoredCatalog =
        first.settlements.iter().map(|one| (one.id, (Version::FIRST, one.clone()))).collect();
    // Nothing is new, and nothing is closed.
    let second =
        plan_tracker(&state, &catalogue, &[export("2026-03-08", vec![row("a", &closed), good()])]);
    assert!(
        second.report.closed.is_empty()
            && second.report.new.is_empty()
            && second.report.changed.is_empty()
    );
    let counts = second.report.counts;
    assert_eq!((counts.unchanged, counts.imported, counts.refused), (1, 0, 1));
    assert_eq!(
        second.report.rows[1].outcome,
        Outcome::Unchanged { settlement: first.settlements[0].id }
    );
    // What can be used for the first time is new.
    let state = TrackerState::new(second.rows.into_iter().chain(first.rows));
    let third = plan_tracker(
        &state,
        &catalogue,
        &[export("2026-03-15", vec![row("a", &json!({})), good()])],
    );
    assert_eq!(third.report.new, ["watch/a"]);
    // And one that says something else is not unchanged.
    let other = row(
        "b",
        &json!({"title": "Vela Sails Settlement", "claim_url": "https://vela.example/", "active": false}),
    );
    let fourth = plan_tracker(&state, &catalogue, &[export("2026-03-22", vec![other])]);
    assert_eq!((fourth.report.counts.unchanged, fourth.report.counts.imported), (0, 1));
}

#[test]
fn a_list_is_refused_for_what_it_is() {
    #[rustfmt::skip]
    let table = [
        (json!({"title": "30 settlements you can claim today"}),       "$[0].title",       false),
        (json!({"claim_url": "", "description": MENU}),                 "$[0].description", true),
    ];
    for (rest, path, speaks_of_a_link) in table {
        let report = plan(vec![row("a", &rest)]).report;
        let Outcome::Refused { code, message } = &report.rows[0].outcome else { panic!("{rest}") };
        assert_eq!((*code, report.rows[0].path.as_str()), ("several_settlements", path));
        assert_eq!(message.contains("there is no claim link"), speaks_of_a_link, "{message}");
    }
}

#[test]
fn characters_that_show_nothing_are_left_out_or_refused() {
    let hidden = "Lumo \u{202e}Lamps\u{200b}\u{feff} Settl\u{ad}ement";
    let one = only(
        &json!({"title": hidden, "description": "If you bought\u{200b} l\u{2066}amps from Lumo\u{202e} Lamps."}),
    );
    assert_eq!(one.title, "Lumo Lamps Settlement");
    assert!(rule(&one).contains("Did you pay Lumo Lamps for"), "{}", rule(&one));
    let text = one.to_json().to_string();
    assert!(!text.contains(['\u{202e}', '\u{200b}', '\u{2066}', '\u{ad}', '\u{feff}']), "{text}");
    #[rustfmt::skip]
    let table = [
        (json!({"title": "\u{202e}\u{200b}"}),                     "empty_text",        "$[0].title"),
        (json!({"id": "a\u{200b}"}),                               "control_character", "$[0].id"),
        (json!({"title": "Lumo\u{0}"}),                            "control_character", "$[0].title"),
        (json!({"claim_url": "https://lumo.example/\u{202e}gpj"}), "invalid_url",       "$[0].claim_url"),
    ];
    for (rest, code, path) in table {
        let file = parse_tracker(json!([row("a", &rest)]).to_string().as_bytes()).unwrap();
        let refusal = &file.refused[0].refusal;
        assert_eq!((refusal.code, refusal.path.as_str()), (code, path), "{rest}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn a_report_lists_fewer_pairs_than_there_are_rows(days in vec(1_u8..29, 2..60), same_site in any::<bool>()) {
        let rows: Vec<Value> = days.iter().enumerate().map(|(nth, day)| {
            let site = if same_site { "https://lumo.example/".to_owned() } else { format!("https://s{nth}.example/") };
            row(&format!("r{nth}"), &json!({"title": "Lumo Lamps Glass Settlement", "claim_url": site,
                "deadline": format!("2026-05-{day:02}")}))
        }).collect();
        let report = plan(rows).report;
        prop_assert!(report.merges.len() + report.review_pairs().count() < days.len());
        for group in &report.review {
            prop_assert!(group.members.len() > 1 && group.pairs.len() < group.members.len());
            for pair in &group.pairs {
                prop_assert!(group.members.contains(&pair.a) && group.members.contains(&pair.b));
            }
        }
        // Each of them is in one group, or was merged.
        let mut seen: Vec<&String> = report.review.iter().flat_map(|group| &group.members).collect();
        seen.sort();
        let all = seen.len();
        seen.dedup();
        prop_assert_eq!(seen.len(), all);
    }

    #[test]
    fn a_question_is_never_too_long(
        name in "[A-Z][a-z]{3,30}( [A-Z][a-z]{3,30}){0,6}",
        parts in vec(0_usize..8, 0..8),
    ) {
        const PARTS: [&str; 8] = ["who worked there", "as a parent", "not refunded", "for personal use",
            "over the age of 29", "the next of kin", "residents of Ohio, Utah, Texas, Iowa, Maine, Idaho or Guam",
            "between May 2, 2019 and June 3, 2021"];
        let text: Vec<&str> = parts.iter().map(|at| PARTS[*at]).collect();
        // It reads back, which a question that is too long does not.
        let one = only(&json!({"title": format!("{name} Settlement"), "description": format!("People {}.", text.join(" "))}));
        prop_assert!(rule(&one).contains("\"ask\""));
    }
}
