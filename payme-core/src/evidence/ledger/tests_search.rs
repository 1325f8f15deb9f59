//! Search, held to a plain scan that computes the formula of the documentation by itself.

use proptest::prelude::*;

use super::query::{Term, fields};
use super::search::{SATURATION, WEIGHTS, float, idf, norm};
use super::tests_support::entry;
use super::words::words;
use super::{LedgerEntry, Query, SearchHit, SearchIndex};
use crate::types::RecordId;

/// Every entry is read, for every term.
fn scan(entries: &[LedgerEntry], query: &Query) -> Vec<(RecordId, f64)> {
    let mut entries: Vec<&LedgerEntry> = entries.iter().collect();
    entries.sort_by_key(|entry| entry.order());
    let read: Vec<[Vec<String>; 3]> =
        entries.iter().map(|entry| fields(entry).map(words)).collect();
    let average = |field: usize| {
        let lengths: Vec<usize> =
            read.iter().map(|texts| texts[field].len()).filter(|n| *n > 0).collect();
        float(lengths.iter().sum()) / float(lengths.len())
    };
    let weight = |texts: &[Vec<String>; 3], term: &Term| {
        let mut weight = 0.0;
        for field in 0..3 {
            let count = term.count(&texts[field]);
            if count > 0.0 {
                weight += WEIGHTS[field] * count / norm(texts[field].len(), average(field));
            }
        }
        weight
    };
    let mut found: Vec<(RecordId, f64)> = Vec::new();
    for (at, texts) in read.iter().enumerate().filter(|(at, _)| query.finds(entries[*at])) {
        let mut score = 0.0;
        for term in &query.wanted {
            let having = read.iter().filter(|texts| weight(texts, term) > 0.0).count();
            let weight = weight(texts, term);
            score += idf(read.len(), having) * weight / (SATURATION + weight);
        }
        found.push((entries[at].id(), score));
    }
    found.sort_by(|a, b| b.1.total_cmp(&a.1));
    found
}

fn ids(hits: &[SearchHit]) -> Vec<u128> {
    hits.iter().map(|hit| hit.id.uuid().as_u128()).collect()
}

fn search(entries: &[LedgerEntry], query: &str) -> Vec<u128> {
    ids(&SearchIndex::new(entries).search(&Query::parse(query).unwrap()))
}

#[test]
fn the_better_match_stands_first() {
    let with = |mut entry: LedgerEntry, name: &str, note: Option<&str>| {
        entry.transaction.name = name.to_owned();
        entry.note = note.map(str::to_owned);
        entry
    };
    let entries = [
        with(entry(1, "2024-03-01", 1, "Blue Bottle"), "SQ 1", None),
        with(entry(2, "2024-03-02", 1, "Corner Shop"), "blue 2", None),
        with(entry(3, "2024-03-03", 1, "Corner Shop"), "SQ 3", Some("blue")),
        with(entry(4, "2024-03-04", 1, "Bluebird Motel"), "SQ 4", None),
        with(entry(5, "2024-03-05", 1, "Corner Shop"), "SQ 5", None),
        with(entry(6, "2024-03-05", 1, "Corner Shop"), "SQ 5", None),
    ];
    // In the merchant, then in the note, then the beginning of a merchant's word.
    assert_eq!(search(&entries, "blue"), [1, 3, 4, 2]);
    assert_eq!(search(&entries, "shop sq"), [5, 6, 3]);
    assert_eq!(search(&entries, "\"blue\""), [1, 3, 2]);
    assert_eq!(search(&entries, "-blue"), [5, 6, 4]);
    assert_eq!(search(&entries, "blue -bottle"), [3, 4, 2]);
    assert_eq!(search(&entries, "tea"), [0; 0]);
    let hits = SearchIndex::new(&entries).search(&Query::parse("motel").unwrap());
    assert_eq!((hits[0].number, hits.len()), (3, 1));
}

#[test]
fn a_score_is_what_the_formula_says() {
    // Two entries, one has the word once in a merchant of 2 words, where 1.5 are the average.
    let mut entries = [entry(1, "2024-03-01", 1, "Blue Bottle"), entry(2, "2024-03-01", 1, "Shop")];
    for entry in &mut entries {
        entry.transaction.name = "x".to_owned();
    }
    let hits = SearchIndex::new(&entries).search(&Query::parse("blue").unwrap());
    // idf = ln(1 + 1.5/1.5) = ln 2; tf = 3 / (0.5 + 0.5 * 2 / 1.5) = 18/7; 18/7 / (1.2 + 18/7) = 15/22.
    assert!((hits[0].score - 15.0 / 22.0 * 2.0_f64.ln()).abs() < 1e-12, "{}", hits[0].score);
}

fn any_entries() -> impl Strategy<Value = Vec<LedgerEntry>> {
    let text = "(uber|Über|eats|trip|at&t|a|ab|abc|[ab]{1,3})( (uber|eats|a|ab|bc|b)){0,3}";
    let one = (text, prop::option::of(text), text, 1_u8..4);
    prop::collection::vec(one, 0..12).prop_map(|all| {
        let made = (0..).zip(all).map(|(id, (merchant, note, name, day))| {
            let mut entry = entry(id, &format!("2024-01-{day:02}"), 1, &merchant);
            (entry.note, entry.transaction.name) = (note, name);
            entry
        });
        made.collect()
    })
}

fn any_query() -> impl Strategy<Value = String> {
    let term = "(-?(uber|u|eats|a|ab|b|at&t|at&)|-?\"(a|uber eats|a b|ab)\")";
    prop::collection::vec(term, 1..4).prop_map(|terms| terms.join(" "))
}

proptest! {
    #[test]
    fn the_index_finds_and_ranks_as_a_plain_scan(entries in any_entries(), query in any_query()) {
        let query = Query::parse(&query).unwrap();
        let found: Vec<_> = SearchIndex::new(&entries).search(&query).into_iter().map(|hit| (hit.id, hit.score)).collect();
        prop_assert_eq!(found, scan(&entries, &query));
    }

    #[test]
    fn the_order_of_entries_changes_no_answer(entries in any_entries(), query in any_query()) {
        let query = Query::parse(&query).unwrap();
        let backward: Vec<LedgerEntry> = entries.iter().rev().cloned().collect();
        let [a, b] = [&entries, &backward].map(|entries| SearchIndex::new(entries).search(&query));
        prop_assert_eq!(ids(&a), ids(&b));
        prop_assert!(b.iter().all(|hit| backward[hit.number].id() == hit.id));
    }

    #[test]
    fn no_text_makes_a_query_panic(text in "\\PC{0,40}|[-\" a*]{0,12}") {
        if let Ok(query) = Query::parse(&text) {
            let _ = SearchIndex::new(&[entry(1, "2024-01-01", 1, &text)]).search(&query);
        }
    }
}
