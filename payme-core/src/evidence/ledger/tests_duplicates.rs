//! Suggestions of duplicates: cases from life, laws, and counting done the plain way.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::tests_support::entry;
use super::{
    DAYS_APART_MAX, DuplicateKind, DuplicateSuggestion, EntrySource, LedgerEntry, duplicates,
};
use crate::types::{Money, RecordId};

/// A row of the feed of an account, or of a file.
fn row(id: u128, place: &str, date: &str, cents: i64, name: &str) -> LedgerEntry {
    let mut entry = entry(id, date, cents, name);
    name.clone_into(&mut entry.transaction.name);
    let (source, account) = place.split_once(' ').unwrap();
    entry.transaction.has_own_id = source == "feed";
    entry.transaction.account = Some(account.to_owned());
    entry
}

/// The kind and the two ids of a suggestion.
type Found = (DuplicateKind, u128, u128);

fn ids(suggestions: &[DuplicateSuggestion]) -> Vec<Found> {
    let id = |id: RecordId| id.uuid().as_u128();
    suggestions.iter().map(|s| (s.kind, id(s.first), id(s.second))).collect()
}

#[test]
fn purchases_are_counted_across_series_and_never_within_one() {
    use DuplicateKind::{Exact, Fuzzy};
    let coffee = |id, place: &str| row(id, place, "2024-03-01", 450, "SQ *BLUE BOTTLE");
    let on = |id, place: &str, date: &str, name: &str| row(id, place, date, 450, name);
    let blue = "SQ *BLUE BOTTLE";
    let pending = |mut entry: LedgerEntry| {
        entry.transaction.pending = true;
        entry
    };
    let in_euro = |mut entry: LedgerEntry| {
        entry.transaction.amount = Some(Money::new(450, "EUR".parse().unwrap()));
        entry
    };
    let without_amount = |mut entry: LedgerEntry| {
        entry.transaction.amount = None;
        entry
    };
    let three_and_two =
        [1, 2, 3, 4, 5].map(|id| coffee(id, if id < 4 { "feed a" } else { "file a" }));
    let in_turn = [("feed a", "2024-03-01"), ("file a", "2024-03-02"), ("file a", "2024-03-03")];
    let in_turn: Vec<_> =
        (1..).zip(in_turn).map(|(id, (place, day))| on(id, place, day, blue)).collect();
    #[rustfmt::skip]
    let table: [(&str, Vec<LedgerEntry>, Vec<Found>); 15] = [
        ("two coffees of one feed",       vec![coffee(1, "feed a"), coffee(2, "feed a")], vec![]),
        ("two coffees of one file",       vec![coffee(1, "file a"), coffee(2, "file a")], vec![]),
        ("an account linked anew",        vec![coffee(1, "feed a"), coffee(2, "feed b")], vec![(Exact, 1, 2)]),
        ("a file beside the feed",        vec![coffee(1, "file a"), coffee(2, "feed a")], vec![(Exact, 2, 1)]),
        ("three and two",                 three_and_two.into(),
                                          vec![(Exact, 1, 4), (Exact, 2, 5)]),
        ("three series",                  vec![coffee(1, "feed a"), coffee(2, "feed b"), coffee(3, "file a")], vec![(Exact, 1, 2)]),
        ("other words",                   vec![coffee(1, "feed a"), on(2, "file a", "2024-03-01", "Sq Blue-Bottle!")], vec![(Exact, 1, 2)]),
        ("another day",                   vec![coffee(1, "feed a"), on(2, "file a", "2024-03-04", "BLUE BOTTLE 12")], vec![(Fuzzy, 1, 2)]),
        ("four days",                     vec![coffee(1, "feed a"), on(2, "file a", "2024-03-05", blue)], vec![]),
        ("nothing alike",                 vec![coffee(1, "feed a"), on(2, "file a", "2024-03-01", "CHEVRON")], vec![]),
        ("another amount",                vec![coffee(1, "feed a"), row(2, "file a", "2024-03-01", 451, blue)], vec![]),
        ("another currency",              vec![coffee(1, "feed a"), in_euro(coffee(2, "file a"))], vec![]),
        ("no amount",                     vec![without_amount(coffee(1, "feed a")), without_amount(coffee(2, "file a"))], vec![]),
        ("pending and posted in files",   vec![pending(on(1, "file a", "2024-02-29", "BLUE BOTTLE PENDING")), coffee(2, "file a")],
                                          vec![(Fuzzy, 2, 1)]),
        ("the closest first",             in_turn,
                                          vec![(Fuzzy, 1, 2)]),
    ];
    for (what, entries, expected) in table {
        assert_eq!(ids(&duplicates(&entries)), expected, "{what}");
    }
}

#[test]
fn two_cards_of_one_person_are_not_one_account() {
    let fare = |id, place: &str| row(id, place, "2024-03-05", 290, "METRO FARE");
    let shop = |id: u128, place: &str, cents: i64| {
        row(id, place, &format!("2024-03-{:02}", id % 9 + 1), cents, "SHOP")
    };
    let mut entries = vec![fare(1, "feed checking"), fare(2, "feed card")];
    entries
        .extend((10..16).map(|id| shop(id, "feed checking", 1_000 + i64::try_from(id).unwrap())));
    entries.extend((20..26).map(|id| shop(id, "feed card", 2_000 + i64::try_from(id).unwrap())));
    assert_eq!(duplicates(&entries), []);
    // The same fares, where the second card is the first one linked anew.
    entries
        .extend((10..16).map(|id| shop(id + 90, "feed anew", 1_000 + i64::try_from(id).unwrap())));
    entries.push(fare(99, "feed anew"));
    let found = ids(&duplicates(&entries));
    assert_eq!(found.len(), 7, "{found:?}");
    assert!(found.contains(&(DuplicateKind::Exact, 1, 99)), "{found:?}");
    assert!(found.iter().all(|(_, _, second)| *second >= 99), "{found:?}");
}

#[test]
fn a_suggestion_says_what_it_rests_on_and_nothing_personal() {
    let entries = [
        row(1, "feed secret", "2024-03-01", 45_067, "PEAR SHOP"),
        row(2, "file secret", "2024-03-02", 45_067, "PEAR SHOP 12"),
    ];
    let [found] = duplicates(&entries).try_into().unwrap();
    assert_eq!((found.days_apart, found.kind), (1, DuplicateKind::Fuzzy));
    assert!((found.score - 0.9).abs() < 1e-9);
    assert_eq!(
        found.rests_on,
        "Same amount, 1 days apart, descriptions alike to 1.00, one posted with an id of the provider, the other posted in a \
         file without ids; of 1 rows of one list on the days of both, 1 have one of the same amount in the other."
    );
    assert_eq!(
        found.would_change,
        "Not suggested with more than 3 days apart, descriptions less alike than 0.3, both in one list, another amount, or \
         less than 0.5 of the rows in both lists."
    );
    let shown = format!("{found:?}");
    assert!(
        !["PEAR", "secret", "45067", "450.67"].iter().any(|text| shown.contains(text)),
        "{shown}"
    );
}

#[test]
fn a_hundred_thousand_equal_rows_are_paired_in_one_pass() {
    let one = row(0, "feed a", "2024-03-01", 450, "COFFEE");
    let entries: Vec<LedgerEntry> = (0..100_000_u128)
        .map(|id| {
            let mut entry = one.clone();
            entry.transaction.id = RecordId::from_uuid(uuid::Uuid::from_u128(id));
            entry.transaction.has_own_id = id < 60_000;
            entry
        })
        .collect();
    let found = duplicates(&entries);
    assert_eq!(found.len(), 40_000);
    assert!(found.iter().all(|s| s.kind == DuplicateKind::Exact));
}

#[test]
fn rows_of_one_amount_and_many_names_meet_few_neighbours() {
    let entries: Vec<LedgerEntry> = (0..3_000_u128)
        .map(|id| {
            let place = if id % 2 == 0 { "feed a" } else { "file a" };
            // The numbers of two rows differ by one letter, so that those of a pair are neighbours.
            let letters: String = (id / 2)
                .to_string()
                .chars()
                .map(|c| char::from(b'a' + u8::try_from(c.to_digit(10).unwrap()).unwrap()))
                .collect();
            row(
                id,
                place,
                "2024-03-01",
                450,
                &format!("{letters} shop {}", if id % 2 == 0 { "inn" } else { "out" }),
            )
        })
        .collect();
    let found = duplicates(&entries);
    assert!(found.len() > 1_000, "{}", found.len());
}

fn any_entries() -> impl Strategy<Value = Vec<LedgerEntry>> {
    let one = (
        prop::sample::select(vec!["feed a", "feed b", "file a", "file b"]),
        1_u8..8,
        prop::sample::select(vec![450_i64, 450, 999, -450]),
        prop::sample::select(vec![
            "UBER TRIP",
            "Uber *Trip",
            "uber",
            "SHELL 12",
            "shell oil 13",
            "***",
        ]),
        any::<bool>(),
    );
    prop::collection::vec(one, 0..24).prop_map(|all| {
        let made = (0..).zip(all).map(|(id, (place, day, cents, name, pending))| {
            let mut entry = row(id, place, &format!("2024-03-{day:02}"), cents, name);
            entry.transaction.pending = pending;
            entry
        });
        made.collect()
    })
}

type Key = (EntrySource, Option<String>, bool);

fn series(entry: &LedgerEntry) -> Key {
    let source = entry.source();
    (
        source,
        entry.transaction.account.clone(),
        source == EntrySource::File && entry.transaction.pending,
    )
}

proptest! {
    #[test]
    fn a_record_is_in_one_pair_at_most_and_pairs_cross_series(entries in any_entries()) {
        let by_id: BTreeMap<RecordId, &LedgerEntry> = entries.iter().map(|e| (e.id(), e)).collect();
        let mut seen = BTreeSet::new();
        for found in duplicates(&entries) {
            prop_assert!(seen.insert(found.first) && seen.insert(found.second));
            let [a, b] = [by_id[&found.first], by_id[&found.second]];
            prop_assert_ne!(series(a), series(b));
            prop_assert_eq!(a.amount(), b.amount());
            let apart = a.date().since(b.date()).unwrap().get_days().unsigned_abs();
            prop_assert_eq!(apart, u32::from(found.days_apart));
            prop_assert!(found.days_apart <= DAYS_APART_MAX && (0.0..=1.0).contains(&found.score));
        }
    }

    #[test]
    fn the_order_of_entries_changes_no_suggestion(entries in any_entries(), turn in 0_usize..24) {
        let mut turned = entries.clone();
        turned.reverse();
        turned.rotate_left(turn % entries.len().max(1));
        prop_assert_eq!(duplicates(&turned), duplicates(&entries));
    }

    #[test]
    fn suggestions_stand_best_first(entries in any_entries()) {
        prop_assert!(duplicates(&entries).is_sorted_by(|a, b| a.score >= b.score));
    }

    #[test]
    fn of_n_and_m_equal_rows_the_smaller_number_is_paired(n in 0_usize..6, m in 0_usize..6, other in 0_usize..4) {
        let mut entries = Vec::new();
        for (place, count) in [("feed a", n), ("file a", m)] {
            for _ in 0..count {
                entries.push(row(entries.len() as u128, place, "2024-03-01", 450, "UBER"));
            }
        }
        // Rows of other amounts on one side change nothing.
        entries.extend((0..other).map(|at| row(100 + at as u128, "feed a", "2024-03-01", 1 + at as i64, "SHELL")));
        let found = duplicates(&entries);
        prop_assert_eq!(found.len(), n.min(m));
        prop_assert!(found.iter().all(|s| s.kind == DuplicateKind::Exact));
    }
}
