//! Messy sources, end to end: trackers, merchants, and a person's transactions.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails should say where")]

mod support;

use serde_json::{Value, json};
use support::{Place, Ran, fixtures};

const ADA: &str = "00000000-0000-4000-8000-000000000001";

const MERCHANTS: &str = r#"[
  {"name": "Blue Bottle Coffee", "aliases": ["Blue Bottle"]},
  {"name": "Blue Bottle Coffees"},
  {"name": "Harbour Grocers", "aliases": ["Harbor Groc"]}
]"#;

const BANK: &str = "date,amount,description,account_id\n\
    2024-01-05,4.50,SQ *BLUE BOTTLE 123 OAKLAND CA,one\n\
    2024-01-05,4.50,SQ *BLUE BOTTLE 123 OAKLAND CA,one\n\
    2024-02-09,61.20,HARBOR GROC 0042 PORTLAND OR,one\n\
    2024-03-11,12.00,POS DEBIT 8847 QXZ HLDGS,one\n\
    2024-04-02,-12.00,POS CREDIT 8847 QXZ HLDGS,one\n";

fn place() -> Place {
    let place = Place::new();
    let merchants = place.write("merchants.json", MERCHANTS);
    let bank = place.write("bank.csv", BANK);
    place.run(&["import", "merchants", &merchants]).ok();
    place.run(&["import", "transactions", "--user", ADA, &bank]).ok();
    place
}

fn transactions(place: &Place, arguments: &[&str]) -> Ran {
    let (what, rest) = arguments.split_first().unwrap();
    place.run(&[&["transactions", what, "--user", ADA], rest].concat())
}

fn merchants_of(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|one| one["merchant"].as_str().unwrap()).collect()
}

fn keys(place: &Place) -> Vec<String> {
    let shown = place.run(&["user", "show", ADA]).ok().json();
    let keys = shown["features"].as_array().unwrap().iter();
    keys.map(|one| one["key"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn merchants_are_imported_once_and_near_duplicates_are_told() {
    let place = Place::new();
    let file = place.write("merchants.json", MERCHANTS);
    let first = place.run(&["import", "merchants", &file]).ok();
    let report = first.json();
    assert_eq!((&report["added"], &report["unchanged"]), (&json!(3), &json!(0)));
    let pair = &report["near_duplicates"][0];
    assert_eq!(
        (&pair["first"], &pair["second"]),
        (&json!("Blue Bottle Coffee"), &json!("Blue Bottle Coffees"))
    );
    assert!(first.stderr.contains("nearly the same"), "{}", first.stderr);
    let again = place.run(&["import", "merchants", &file]).ok().json();
    assert_eq!((&again["added"], &again["changed"]), (&json!(0), &json!(0)));
    let wrong = place.write("wrong.json", r#"[{"name": "***"}, {"name": "A", "alias": "B"}]"#);
    let ran = place.run(&["import", "merchants", &wrong]);
    assert_eq!(
        (ran.code, ran.error()["details"]["refused"].as_array().unwrap().len()),
        (Some(2), 2)
    );
}

#[test]
fn a_descriptor_is_resolved_or_refused_with_what_that_rests_on() {
    let place = place();
    let ran = place.run(&[
        "merchants",
        "resolve",
        "SQ *BLUE BOTTLE 123 OAKLAND CA",
        "POS DEBIT 8847 QXZ HLDGS",
        "\u{1f355}",
        "",
    ]);
    let found = ran.ok().json();
    assert_eq!(found[0]["outcome"], "resolved");
    assert_eq!(found[0]["key"], "merchant:blue_bottle_coffee");
    assert_eq!(found[0]["explanation"]["cleaned"], "blue bottle");
    assert!(!found[0]["explanation"]["change"].as_str().unwrap().is_empty());
    for abstained in [&found[1], &found[2], &found[3]] {
        assert_eq!(abstained["outcome"], "abstained", "{abstained}");
    }
}

#[test]
fn garbled_descriptors_speak_of_merchants_whichever_comes_first() {
    let late = Place::new();
    let bank = late.write("bank.csv", BANK);
    late.run(&["import", "transactions", "--user", ADA, &bank]).ok();
    assert!(keys(&late).contains(&"merchant:sq_blue_bottle_123_oakland_ca".to_owned()));
    let merchants = late.write("merchants.json", MERCHANTS);
    let report = late.run(&["import", "merchants", &merchants]).ok().json();
    assert_eq!(report["people_refreshed"], 1);
    let expected = [
        "merchant:blue_bottle_coffee",
        "merchant:harbor_groc_0042_portland_or",
        "merchant:harbour_grocers",
        "merchant:pos_credit_8847_qxz_hldgs",
        "merchant:pos_debit_8847_qxz_hldgs",
        "merchant:sq_blue_bottle_123_oakland_ca",
    ];
    assert_eq!(keys(&late), expected);
    assert_eq!(keys(&place()), expected);
}

#[test]
fn transactions_are_listed_filtered_and_paged() {
    let place = place();
    let all = transactions(&place, &["list"]).ok().json();
    assert_eq!(all["transactions"].as_array().unwrap().len(), 5);
    #[rustfmt::skip]
    let table: [(&[&str], usize); 8] = [
        (&["--from", "2024-02-01"],                             3),
        (&["--from", "2024-02-01", "--to", "2024-02-28"],       1),
        (&["--min-amount", "10"],                               2),
        (&["--min-amount", "-20", "--max-amount", "-1"],        1),
        (&["--account", "two"],                                 0),
        (&["--source", "file"],                                 5),
        (&["--pending", "yes"],                                 0),
        (&["--category", "FOOD"],                               0),
    ];
    for (filter, count) in table {
        let found = transactions(&place, &[&["list"], filter].concat()).ok().json();
        assert_eq!(found["transactions"].as_array().unwrap().len(), count, "{filter:?}");
    }
    let mut seen = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let mut arguments = vec!["list", "--limit", "2"];
        arguments.extend(after.iter().flat_map(|after| ["--after", after.as_str()]));
        let page = transactions(&place, &arguments).ok().json();
        seen.extend(page["transactions"].as_array().unwrap().clone());
        match page["next"].as_str() {
            Some(next) => after = Some(next.to_owned()),
            None => break,
        }
    }
    assert_eq!(Value::from(seen), all["transactions"]);
}

#[test]
fn wrong_filters_are_told() {
    let place = place();
    #[rustfmt::skip]
    let table: [(&[&str], &str); 7] = [
        (&["list", "--from", "2024-02-02", "--to", "2024-02-01"],  "reversed_range"),
        (&["list", "--min-amount", "2", "--max-amount", "1"],      "reversed_range"),
        (&["list", "--min-amount", "1.005"],                       "malformed_amount"),
        (&["list", "--after", "x"],                                "invalid_cursor"),
        (&["list", "--source", "bank"],                            "usage"),
        (&["list", "--limit", "0"],                                "usage"),
        (&["search", "\"blue"],                                    "unclosed_quote"),
    ];
    for (arguments, code) in table {
        let ran = transactions(&place, arguments);
        assert_eq!((ran.code, &ran.error()["code"]), (Some(2), &json!(code)), "{arguments:?}");
    }
    let nobody = "00000000-0000-4000-8000-000000000009";
    let ran = place.run(&["transactions", "list", "--user", nobody]);
    assert_eq!((ran.code, &ran.error()["code"]), (Some(2), &json!("unknown_user")));
}

#[test]
fn a_search_finds_words_of_merchants_descriptions_and_notes() {
    let place = place();
    let found = transactions(&place, &["search", "blue bot"]).ok().json();
    assert_eq!(merchants_of(&found), ["Blue Bottle Coffee", "Blue Bottle Coffee"]);
    let id = found[0]["id"].as_str().unwrap();
    let note = ["correct", id, "--note", "with Grandma"];
    transactions(&place, &note).ok();
    assert_eq!(transactions(&place, &["search", "grandma"]).ok().json()[0]["id"], id);
    assert_eq!(transactions(&place, &["search", "oakland -bottle"]).ok().json(), json!([]));
}

#[test]
fn a_correction_stays_over_a_re_sync_and_speaks_for_equal_descriptors() {
    let place = place();
    let found = transactions(&place, &["search", "debit"]).ok().json();
    let id = found[0]["id"].as_str().unwrap().to_owned();
    let correct = |words: &[&str]| transactions(&place, &[&["correct", &id], words].concat());
    let report = correct(&["--merchant", "Quartz Holdings", "--category", "RENT"]).ok().json();
    assert_eq!((&report["changed"], &report["features_written"]), (&json!(true), &json!(2)));
    let again = correct(&["--merchant", "Quartz Holdings"]).ok().json();
    assert_eq!((&again["changed"], &again["features_written"]), (&json!(false), &json!(0)));
    // The refund has another description, which cleans to the same words.
    let quartz = keys(&place);
    assert!(quartz.contains(&"merchant:quartz_holdings".to_owned()), "{quartz:?}");
    assert!(quartz.contains(&"category:rent".to_owned()), "{quartz:?}");
    let bank = place.write("again.csv", BANK);
    place.run(&["import", "transactions", "--user", ADA, &bank]).ok();
    assert_eq!(keys(&place), quartz);
    let back = correct(&["--no-merchant", "--no-category"]).ok().json();
    assert_eq!(back["changed"], true);
    assert!(!keys(&place).contains(&"merchant:quartz_holdings".to_owned()));

    #[rustfmt::skip]
    let wrong: [(&[&str], &str); 3] = [
        (&["correct", &id],                                                "empty_correction"),
        (&["correct", &id, "--merchant", "  "],                            "empty_text"),
        (&["correct", "00000000-0000-4000-8000-00000000000f", "--note", "x"], "unknown_record"),
    ];
    for (arguments, code) in wrong {
        let ran = transactions(&place, arguments);
        assert_eq!((ran.code, &ran.error()["code"]), (Some(2), &json!(code)), "{arguments:?}");
    }
}

#[test]
fn what_is_exported_comes_back_as_it_was() {
    let place = place();
    let out = place.path("out.csv");
    transactions(&place, &["export", "--out", out.to_str().unwrap(), "--format", "table"]).ok();
    let text = std::fs::read_to_string(&out).unwrap();
    assert_eq!(text.lines().count(), 6, "{text}");
    let lines = transactions(&place, &["export", "--format", "jsonl"]).ok().stdout;
    assert_eq!(lines.lines().count(), 5);
    let before = transactions(&place, &["list"]).ok().stdout;
    let report = place.run(&["import", "transactions", "--user", ADA, out.to_str().unwrap()]);
    let report = report.ok().json();
    assert_eq!((&report["added"], &report["unchanged"]), (&json!(0), &json!(5)), "{text}");
    assert_eq!(transactions(&place, &["list"]).ok().stdout, before);
}

#[test]
fn a_bank_that_names_its_columns_otherwise_is_read_with_a_mapping() {
    let place = Place::new();
    let bank = place.write(
        "bank.csv",
        "Posted Date;Payee;Debit;Credit\n03/25/2024;Uber;5,40;\n03/26/2024;Uber;;1,40\n",
    );
    let mapping = ["date=Posted Date", "name=Payee", "debit=Debit", "credit=Credit"];
    let options = ["date_format=%m/%d/%Y", "delimiter=;", "decimal=,", "account=checking"];
    let mut arguments = vec!["import", "transactions", "--user", ADA];
    for one in mapping.iter().chain(&options) {
        arguments.extend(["--map", one]);
    }
    arguments.push(&bank);
    let report = place.run(&arguments).ok().json();
    assert_eq!(report["added"], 2);
    let listed = transactions(&place, &["list"]).ok().json();
    let amounts: Vec<_> =
        listed["transactions"].as_array().unwrap().iter().map(|one| &one["amount"]).collect();
    assert_eq!(amounts, ["-1.40", "5.40"]);
    let ran = place.run(&["import", "transactions", "--user", ADA, "--map", "day=x", &bank]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.error()["message"].as_str().unwrap().starts_with("--map: "), "{}", ran.stderr);
}

#[test]
fn recurring_charges_duplicates_and_anomalies_say_what_they_rest_on() {
    let place = Place::new();
    let mut bank = String::from("date,amount,name,transaction_id,account_id\n");
    for month in 1..=12 {
        bank += &format!("2024-{month:02}-14,15.49,PEAR FILMS 800-555-0142,p{month},a\n");
    }
    for day in 1..=28 {
        let cents = 10 + day % 7;
        bank += &format!("2024-11-{day:02},2{cents}.00,HARBOUR GROCERS,g{day},a\n");
    }
    bank += "2024-12-30,2900.00,HARBOUR GROCERS,g99,a\n";
    let bank = place.write("bank.csv", bank);
    place.run(&["import", "transactions", "--user", ADA, &bank]).ok();

    let streams = transactions(&place, &["recurring"]).ok().json();
    let films = streams.as_array().unwrap().iter().find(|one| one["cadence"] == "monthly");
    let films = films.unwrap_or_else(|| panic!("{streams}"));
    assert_eq!(films["records"].as_array().unwrap().len(), 12);
    assert_eq!((&films["status"], &films["next_expected"]), (&json!("cancelled"), &Value::Null));
    assert!(!films["because"].as_array().unwrap().is_empty());
    assert!(keys(&place).contains(&"subscription:active".to_owned()));

    let unusual = transactions(&place, &["anomalies"]).ok().json();
    assert_eq!(unusual.as_array().unwrap().len(), 1, "{unusual}");
    assert!(unusual[0]["score"].as_f64().unwrap() > 0.5);
    assert!(!unusual[0]["reasons"][0]["records"].as_array().unwrap().is_empty());

    assert_eq!(transactions(&place, &["duplicates"]).ok().json(), json!([]));
    let text = std::fs::read_to_string(&bank).unwrap();
    let cells = text.lines().skip(13).map(|row| row.split(',').take(3).collect::<Vec<_>>());
    let rows: Vec<String> = cells.map(|cells| cells.join(",")).collect();
    let copy = place.write("copy.csv", format!("date,amount,name\n{}\n", rows.join("\n")));
    place.run(&["import", "transactions", "--user", ADA, &copy]).ok();
    let found = transactions(&place, &["duplicates"]).ok().json();
    assert_eq!(found.as_array().unwrap().len(), 29, "{found}");
    assert!(!found[0]["would_change"].as_str().unwrap().is_empty());
    let listed = transactions(&place, &["list", "--limit", "100"]).ok().json();
    let listed = listed["transactions"].as_array().unwrap().len();
    assert_eq!(listed, 12 + 29 + 29, "nothing is removed");
}

#[test]
fn a_tracker_is_imported_with_every_row_accounted_for() {
    let place = Place::new();
    let [week_1, week_2] = ["week-1.json", "week-2.json"]
        .map(|name| fixtures().join("trackers").join(name).to_str().unwrap().to_owned());
    let first = place.run(&["import", "tracker", &week_1]);
    assert_eq!(first.code, Some(1), "rows were refused: {}", first.stderr);
    let told = first.json();
    let counts = &told["report"]["counts"];
    let rows = told["report"]["rows"].as_array().unwrap().len();
    let sum: u64 = counts.as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum();
    assert_eq!(sum, u64::try_from(rows).unwrap());
    let refused = first.stderr.lines().filter(|line| line.starts_with("refused: ")).count();
    assert_eq!(json!(refused), counts["refused"]);

    let again = place.run(&["import", "tracker", &week_1]).json();
    assert_eq!((&again["catalog"]["added"], &again["catalog"]["changed"]), (&json!(0), &json!(0)));
    let second = place.run(&["import", "tracker", &week_2]).json();
    for what in ["new", "gone", "moved_deadlines", "closed"] {
        assert!(!second["report"][what].as_array().unwrap().is_empty(), "{what}: {second}");
    }
    // A purchase alone makes nobody a member of a class of employees.
    let bank =
        place.write("bank.csv", "date,amount,merchant_name\n2024-02-01,20.00,Harbour Grocers\n");
    place.run(&["import", "transactions", "--user", ADA, "--state", "OR", &bank]).ok();
    let matched = place.run(&["match", "--user", ADA, "--near-misses"]).ok().json();
    let title = |one: &Value| one["title"].as_str().unwrap().contains("Unpaid Overtime");
    assert!(!matched["results"].as_array().unwrap().iter().any(title), "{matched}");
    let near = matched["near_misses"].as_array().unwrap().iter().find(|one| title(one));
    assert_eq!(near.unwrap()["missing"], json!(["answer"]));
}

#[test]
fn what_is_no_tracker_export_is_refused_whole() {
    let place = Place::new();
    #[rustfmt::skip]
    let table = [
        ("<html><body>Sign in</body></html>", "web_page"),
        ("",                                  "empty_input"),
        ("[{\"id\": \"a\", \"title\": ",      "malformed_json"),
    ];
    for (text, code) in table {
        let file = place.write("tracker.json", text);
        let ran = place.run(&["import", "tracker", &file]);
        assert_eq!((ran.code, &ran.error()["code"]), (Some(2), &json!(code)), "{text}");
    }
    // A day to come would hide every week until then.
    let week = fixtures().join("trackers/week-1.json").to_str().unwrap().to_owned();
    let ran = place.run(&["import", "tracker", &week, "--day", "2999-01-01"]);
    assert_eq!((ran.code, &ran.error()["code"]), (Some(2), &json!("date_in_future")));
    assert!(!place.database().exists(), "nothing was taken, so no database was made");
}
