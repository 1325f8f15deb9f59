//! The page of a training, read as a parser and as a person without eyes would read it.
//!
//! In: reports of trainings that never were. What is held: the page is well-formed, says everything
//! in words and tables, needs nothing from elsewhere, and is the same for the same report.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails should say where")]

mod made_up;

use std::collections::BTreeSet;

use payme::learning::Groups;
use payme::learning::train::{Estimate, FitIntervals, Matrix, NoInterval, Order};
use payme::report::{Report, ReportDrift, ReportError, ReportModel};
use roxmltree::{Document, Node, ParsingOptions};

use self::made_up::{MadeUp, SIGNALS};

fn parsed(page: &str) -> Document<'_> {
    let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
    Document::parse_with_options(page, options).unwrap_or_else(|error| panic!("{error}"))
}

fn all<'a, 'd>(page: &'a Document<'d>, name: &str) -> Vec<Node<'a, 'd>> {
    page.descendants().filter(|node| node.has_tag_name(name)).collect()
}

fn text_of(node: Node<'_, '_>) -> String {
    node.descendants().filter_map(|node| node.is_text().then(|| node.text()).flatten()).collect()
}

#[test]
fn the_page_is_well_formed_and_every_id_is_one() {
    let made_up = MadeUp::new(120, 3);
    let text = made_up.report().to_html().unwrap();
    let page = parsed(&text);
    let ids: Vec<&str> = page.descendants().filter_map(|node| node.attribute("id")).collect();
    let distinct: BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(ids.len(), distinct.len(), "{ids:?}");
    // Every link and every name leads to something on the page.
    for node in page.descendants() {
        let link = node.attribute("href").and_then(|to| to.strip_prefix('#'));
        let names = ["aria-labelledby", "aria-describedby"].map(|name| node.attribute(name));
        for id in names.into_iter().flatten().flat_map(str::split_whitespace).chain(link) {
            assert!(distinct.contains(id), "{id}");
        }
    }
    assert_eq!(page.root_element().attribute("lang"), Some("en"));
}

#[test]
fn every_picture_has_a_title_a_description_and_its_numbers() {
    let made_up = MadeUp::new(120, 3);
    let text = made_up.report().to_html().unwrap();
    let page = parsed(&text);
    let figures = all(&page, "figure");
    assert_eq!(figures.len(), 9);
    assert_eq!(all(&page, "svg").len(), figures.len(), "no picture is outside of a figure");
    for figure in figures {
        let picture = figure.children().find(|node| node.has_tag_name("svg")).unwrap();
        assert_eq!(picture.attribute("role"), Some("img"));
        let parts: Vec<Node<'_, '_>> =
            picture.children().filter(Node::is_element).take(2).collect();
        assert_eq!(
            parts.iter().map(|part| part.tag_name().name()).collect::<Vec<_>>(),
            ["title", "desc"]
        );
        let ids: Vec<&str> = parts.iter().filter_map(|part| part.attribute("id")).collect();
        assert_eq!(picture.attribute("aria-labelledby"), Some(ids.join(" ").as_str()));
        assert!(parts.iter().all(|part| text_of(*part).len() > 5));
        let details = figure.children().find(|node| node.has_tag_name("details")).unwrap();
        let head = details.descendants().filter(|node| node.has_tag_name("thead")).count();
        let rows: Vec<Node<'_, '_>> =
            details.descendants().filter(|node| node.has_tag_name("tr")).collect();
        assert!(head == 1 && rows.len() > 2, "{}", text_of(parts[0]));
        let cells = |row: &Node<'_, '_>| row.children().filter(Node::is_element).count();
        assert!(rows.iter().all(|row| cells(row) == cells(&rows[0])), "{}", text_of(parts[0]));
    }
    for head in all(&page, "th") {
        assert!(matches!(head.attribute("scope"), Some("col" | "row")));
    }
}

#[test]
fn headings_go_down_one_step_at_a_time() {
    let made_up = MadeUp::new(60, 3);
    let text = made_up.report().to_html().unwrap();
    let page = parsed(&text);
    let level = |node: Node<'_, '_>| node.tag_name().name().strip_prefix('h')?.parse::<u32>().ok();
    let levels: Vec<u32> = page.descendants().filter_map(level).collect();
    assert_eq!(levels.iter().filter(|level| **level == 1).count(), 1);
    assert_eq!(levels.first(), Some(&1));
    assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "{levels:?}");
    assert_eq!((all(&page, "main").len(), all(&page, "nav").len()), (1, 1));
}

#[test]
fn nothing_is_taken_from_elsewhere() {
    let made_up = MadeUp::new(60, 3);
    let text = made_up.report().to_html().unwrap();
    for sign in
        ["http:", "https:", "://", "src=", "@import", "javascript", "<script", "<link", "data:"]
    {
        assert!(!text.contains(sign), "{sign}");
    }
    // Fills alone are named by an address, on the page itself.
    assert!(text.match_indices("url(").all(|(at, _)| text[at..].starts_with("url(#")));
}

/// How bright a colour is, from 0 to 1 (WCAG 2).
fn luminance(colour: &str) -> f64 {
    let part = |at: usize| {
        let value = u8::from_str_radix(&colour[at..at + 2], 16).unwrap();
        let share = f64::from(value) / 255.0;
        if share <= 0.040_45 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
}

#[test]
fn words_and_marks_stand_out_in_light_in_dark_and_on_paper() {
    let made_up = MadeUp::new(60, 3);
    let text = made_up.report().to_html().unwrap();
    // Each set of colours begins with that of the page.
    let sets: Vec<&str> =
        text.split("--page:").skip(1).map(|set| set.split('}').next().unwrap()).collect();
    assert_eq!(sets.len(), 3);
    for set in sets {
        let set = format!("--page:{set}");
        let named = |name: &str| {
            let (_, rest) = set.split_once(&format!("--{name}: ")).unwrap();
            luminance(&rest[..7])
        };
        for ground in ["page", "raised"] {
            let ratio = |name: &str| {
                let (a, b) = (named(name), named(ground));
                (f64::max(a, b) + 0.05) / (f64::min(a, b) + 0.05)
            };
            for name in ["text", "soft", "challenger", "champion", "met", "failed", "link"] {
                assert!(ratio(name) >= 4.5, "{name} on {ground}: {}", ratio(name));
            }
            assert!(ratio("edge") >= 3.0, "lines on {ground}: {}", ratio("edge"));
        }
    }
}

#[test]
fn the_same_report_is_the_same_bytes() {
    let (one, other) = (MadeUp::new(80, 11), MadeUp::new(80, 11));
    assert_eq!(one.report().to_html().unwrap(), other.report().to_html().unwrap());
    let again = MadeUp::new(80, 12);
    assert_ne!(one.report().to_html().unwrap(), again.report().to_html().unwrap());
}

#[test]
fn text_from_outside_stays_text() {
    let made_up = MadeUp::new(60, 3);
    let odd = "<script>alert(1)</script> & \"quoted\" 'too' ]]> \u{0} \u{202e}";
    let mut names = SIGNALS;
    names[2] = odd;
    let report = Report { title: odd, split: odd, signals: &names, ..made_up.report() };
    let text = report.to_html().unwrap();
    assert!(!text.contains("<script") && !text.contains('\u{202e}'));
    let page = parsed(&text);
    let shown = odd.replace(['\u{0}', '\u{202e}'], "\u{fffd}");
    assert_eq!(text_of(all(&page, "h1")[0]), shown);
    assert!(all(&page, "th").iter().any(|head| text_of(*head) == shown));
}

#[test]
fn the_verdict_is_said_with_every_check() {
    let made_up = MadeUp::new(400, 3);
    assert!(made_up.verdict.promoted, "{:?}", made_up.verdict);
    let text = made_up.report().to_html().unwrap();
    assert!(text.contains("By this policy version 8 takes the place of version 7."));
    let page = parsed(&text);
    let met = all(&page, "strong").iter().filter(|node| text_of(**node) == "Met").count();
    assert_eq!(met, made_up.verdict.checks.len());
    // The same rows the other way round: the challenger is worse.
    let turned = Report {
        champion: made_up.report().challenger,
        challenger: made_up.report().champion,
        ..made_up.report()
    };
    let few = MadeUp::new(20, 3);
    assert!(!few.verdict.promoted);
    let text = Report { verdict: Some(&few.verdict), ..turned }.to_html().unwrap();
    assert!(text.contains("By this policy version 8 stays: "));
    assert!(
        text.contains("<strong>Not met</strong>: at least 50 users have a label. There are 20.")
    );
    let mut unfinished = few.verdict;
    unfinished.checks.push(payme::learning::Check::Converged { iterations: 100 });
    let text = Report { verdict: Some(&unfinished), ..made_up.report() }.to_html().unwrap();
    assert!(text.contains(
        "<strong>Not met</strong>: the fit reached its minimum. It had not after 100 steps."
    ));
    let none = Report { verdict: None, ..made_up.report() }.to_html().unwrap();
    assert!(none.contains("Nobody asked for a verdict"));
}

#[test]
fn what_is_not_known_or_not_defined_is_said() {
    let made_up = MadeUp::new(60, 3);
    let plain = Report {
        drift: None,
        precision_drift: None,
        calibration_drift: None,
        conformal: None,
        ..made_up.report()
    };
    let text = plain.to_html().unwrap();
    assert_eq!(
        text.matches("Not known: ").count() + text.matches(": not known, because").count(),
        4
    );
    assert_eq!(all(&parsed(&text), "figure").len(), 8);
    for (label, why) in
        [(false, "no held-out row is positive"), (true, "no held-out row is negative")]
    {
        let labels = vec![label; made_up.labels().len()];
        let text = Report { labels: &labels, ..plain }.to_html().unwrap();
        assert!(text.contains(&format!("not defined: {why}")), "{label}");
        assert!(text.contains(&format!("Not defined: {why}.")), "{label}");
        assert!(all(&parsed(&text), "figure").len() >= 5);
    }
}

#[test]
fn one_row_and_odd_weights_are_a_page_as_well() {
    let weights = FitIntervals {
        confidence: 0.9,
        coefficients: vec![
            Estimate { value: f64::INFINITY, interval: Err(NoInterval::NotAtMinimum) },
            Estimate { value: -3e7, interval: Err(NoInterval::Aliased) },
        ],
        intercept: None,
    };
    let made_up = MadeUp::new(60, 3);
    let model = ReportModel { version: 0, probabilities: &[1.0], ranks: None };
    let report = Report {
        labels: &[true],
        users: &Groups::of_sizes([1]),
        champion: model,
        challenger: model,
        signals: &["a", "b"],
        weights: &weights,
        drift: None,
        ..made_up.report()
    };
    let text = report.to_html().unwrap();
    let page = parsed(&text);
    assert!(text.contains("the fit did not end at the minimum"));
    for shape in page.descendants().filter(|node| node.is_element()) {
        for attribute in shape.attributes() {
            assert!(
                !attribute.value().contains("NaN") && !attribute.value().contains("inf"),
                "{attribute:?}"
            );
        }
    }
}

#[test]
fn the_order_is_that_of_the_ranks_where_there_are_some() {
    let made_up = MadeUp::new(60, 3);
    let report = made_up.report();
    // As an isotonic calibration that knows two classes: equal probabilities, and their ranks.
    let flat: Vec<f64> =
        made_up.challenger.iter().map(|p| if *p > 0.3 { 0.5 } else { 0.1 }).collect();
    let cells = |ranks: Option<&[f64]>| {
        let model = ReportModel { version: 8, probabilities: &flat, ranks };
        let text = Report { challenger: model, ..report }.to_html().unwrap();
        let page = parsed(&text);
        let row = |name: &str| {
            let head = all(&page, "th").into_iter().find(|head| text_of(*head) == name).unwrap();
            text_of(head.parent().unwrap().children().filter(Node::is_element).nth(1).unwrap())
        };
        [row("Area under the ROC curve"), row("Precision at 5 per user"), row("Brier score")]
    };
    let (by_rank, flat_order) = (cells(Some(&made_up.challenger)), cells(None));
    assert!(by_rank[0] > flat_order[0] && by_rank[1] > flat_order[1], "{by_rank:?} {flat_order:?}");
    assert_eq!(by_rank[2], flat_order[2]);
    let whole = report.to_html().unwrap();
    assert!(whole.contains(&format!("challenger {}, champion", by_rank[0])), "{by_rank:?}");
}

#[test]
fn a_report_that_cannot_be_is_refused() {
    let made_up = MadeUp::new(60, 3);
    let report = made_up.report();
    let code = |report: Report<'_>| report.to_html().map_or_else(|error| error.code(), |_| "fine");
    let short = ReportModel { version: 1, probabilities: &[0.5], ranks: None };
    let wrong = vec![1.5; made_up.labels().len()];
    let wrong = ReportModel { version: 1, probabilities: &wrong, ranks: None };
    let values = [0.5, 0.5];
    let references = report.drift.map_or(&[][..], |drift| drift.references);
    let narrow = ReportDrift { references, now: Matrix::new(&values, 2, 1, Order::Rows).unwrap() };
    let few = ReportDrift { references: &references[..3], ..report.drift.unwrap() };
    let users = Groups::of_sizes([3]);
    #[rustfmt::skip]
    let table = [
        (report,                                               "fine"),
        (Report { labels: &[], ..report },                     "rows_length"),
        (Report { champion: short, ..report },                 "rows_length"),
        (Report { challenger: wrong, ..report },               "probability_invalid"),
        (Report { users: &users, ..report },                   "groups_length"),
        (Report { signals: &SIGNALS[..7], ..report },          "report_signals"),
        (Report { drift: Some(narrow), ..report },             "report_signals"),
        (Report { drift: Some(few), ..report },                "report_signals"),
    ];
    for (report, expected) in table {
        assert_eq!(code(report), expected);
    }
    let error = Report { signals: &SIGNALS[..7], ..report }.to_html().unwrap_err();
    assert_eq!(error, ReportError::Signals { what: "weights", found: 8, signals: 7 });
    assert_eq!(error.to_string(), "there are 8 weights for 7 signals: give one for each");
}

#[test]
fn the_page_of_many_rows_is_as_small_as_that_of_few() {
    let small = MadeUp::new(200, 5).report().to_html().unwrap().len();
    let large = MadeUp::new(4_000, 5).report().to_html().unwrap().len();
    assert!(large < small + 20_000 && large < 300_000, "{small} {large}");
}
