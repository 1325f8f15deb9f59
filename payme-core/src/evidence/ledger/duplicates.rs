//! Which two records may stand for one purchase: suggestions, with what they rest on.
//!
//! In: one person's entries. Out: pairs of records, each record in at most one. Nothing is ever
//! removed by this, and no order of entries changes an answer.
//!
//! Records of one *series* are never duplicates of each other: those of one account with the
//! provider's own ids, and those of one account out of files without ids, pending and posted ones
//! apart. There two equal rows are two purchases, because the provider, or the count in a derived
//! id, says so. Across series (an account linked anew, a file beside the feed, two exports) equal
//! rows are paired by counting: of `n` and `m` in two series `min(n, m)` pairs. Two series are
//! compared only where they [overlap](OVERLAP_SHARE_MIN): two cards of one person are not one
//! account.
//!
//! Work is bounded: rows are sorted, at most [`SERIES_MAX`] series are compared, and a row meets a
//! fixed number of neighbours (see `fuzzy.rs`).

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::search::float;
use super::words::normal;
use super::{EntrySource, LedgerEntry, fuzzy};
use crate::types::{Currency, RecordId, day_number};

/// How many days two records of one purchase may lie apart: a weekend between the day a card was
/// used and the day the bank booked it.
pub const DAYS_APART_MAX: u8 = 3;
/// The share of rows that need a row of the same amount on the other side, at most
/// [`DAYS_APART_MAX`] days apart, for two series to be compared: of either one, within the days
/// that both cover. Copies of one account come near 1, two accounts of one person near 0.
pub const OVERLAP_SHARE_MIN: f64 = 0.5;
/// How many series of one person are compared: those with the most rows. Nobody has more accounts.
pub const SERIES_MAX: usize = 32;

/// How alike two records are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DuplicateKind {
    /// Same day, amount, currency and words of the description.
    Exact,
    /// Same amount and currency, days and descriptions that are close.
    Fuzzy,
}

/// Two records that may stand for one purchase.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DuplicateSuggestion {
    /// How alike they are.
    pub kind: DuplicateKind,
    /// The one that says more: with an id of the provider before one without, posted before
    /// pending, then the earlier day, then the smaller id.
    pub first: RecordId,
    /// The other one.
    pub second: RecordId,
    /// From 0 to 1; an exact one has 1.
    pub score: f64,
    /// How many days lie between them, at most [`DAYS_APART_MAX`].
    pub days_apart: u8,
    /// What it rests on, in a sentence without anything personal.
    pub rests_on: String,
    /// What would have changed it, in a sentence.
    pub would_change: String,
}

/// Where a record came from, as far as being a duplicate goes.
pub(super) type Series<'a> = (EntrySource, Option<&'a str>, bool);

fn series(entry: &LedgerEntry) -> Series<'_> {
    let source = entry.source();
    // A provider says itself which posted transaction a pending one became; a file cannot.
    let pending = source == EntrySource::File && entry.transaction.pending;
    (source, entry.transaction.account.as_deref(), pending)
}

/// A record with a known amount, ready to be compared. In the order of its fields.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Row {
    pub(super) money: (Currency, i64),
    pub(super) day: i32,
    /// The words of the description.
    pub(super) text: String,
    /// The number of its series.
    pub(super) series: usize,
    /// The words of the merchant.
    pub(super) merchant: String,
    minute: Option<u16>,
    pub(super) id: RecordId,
    /// The position of its entry.
    pub(super) entry: usize,
}

/// How far two series cover the same purchases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Overlap {
    /// Rows of one with a row of the same amount near them in the other.
    pub(super) matched: usize,
    /// All rows of that one, within the days both cover.
    pub(super) rows: usize,
}

impl Overlap {
    fn is_enough(self) -> bool {
        self.matched > 0 && float(self.matched) >= OVERLAP_SHARE_MIN * float(self.rows)
    }
}

/// The pairs of series that are compared, the smaller number first.
pub(super) type Overlaps = BTreeMap<(usize, usize), Overlap>;

/// Two rows, by their positions.
pub(super) struct Pair {
    pub(super) rows: [usize; 2],
    pub(super) kind: DuplicateKind,
    pub(super) alike: f64,
    pub(super) score: f64,
}

/// Pairs of records that may stand for one purchase, the best first.
///
/// Of equal scores the newer first, then by id. Records without a known amount are not compared.
/// Formulas and the reasons for their constants: `docs/rules/transactions.md`.
pub fn duplicates(entries: &[LedgerEntry]) -> Vec<DuplicateSuggestion> {
    let rows = rows(entries);
    let overlaps = overlaps(&rows);
    let mut pairs = exact(&rows, &overlaps);
    let paired: BTreeSet<usize> = pairs.iter().flat_map(|pair| pair.rows).collect();
    pairs.extend(fuzzy::pairs(&rows, &paired, &overlaps));
    let mut suggestions: Vec<_> =
        pairs.iter().filter_map(|pair| suggest(entries, &rows, &overlaps, pair)).collect();
    suggestions.sort_by(|(newest_a, a), (newest_b, b)| {
        let by_score = b.score.total_cmp(&a.score).then(a.kind.cmp(&b.kind));
        by_score.then(newest_b.cmp(newest_a)).then((a.first, a.second).cmp(&(b.first, b.second)))
    });
    suggestions.into_iter().map(|(_, suggestion)| suggestion).collect()
}

/// The rows of the series with the most rows, sorted.
fn rows(entries: &[LedgerEntry]) -> Vec<Row> {
    let mut sizes: BTreeMap<Series<'_>, usize> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.amount().is_some()) {
        *sizes.entry(series(entry)).or_default() += 1;
    }
    let mut largest: Vec<(Series<'_>, usize)> = sizes.into_iter().collect();
    // Stable: of equal sizes the first in the order of series.
    largest.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
    largest.truncate(SERIES_MAX);
    let taken: BTreeSet<Series<'_>> = largest.into_iter().map(|(series, _)| series).collect();
    let numbers: BTreeMap<Series<'_>, usize> = taken.into_iter().zip(0..).collect();
    let row = |(at, entry): (usize, &LedgerEntry)| {
        let money = entry.amount()?;
        Some(Row {
            money: (money.currency(), money.minor()),
            day: day_number(entry.date()),
            text: said(entry.description()),
            series: *numbers.get(&series(entry))?,
            merchant: said(&entry.merchant),
            minute: entry.transaction.minute,
            id: entry.id(),
            entry: at,
        })
    };
    let mut rows: Vec<Row> = entries.iter().enumerate().filter_map(row).collect();
    rows.sort_unstable();
    rows.dedup_by_key(|row| row.id);
    rows
}

/// The words of a text, or the text itself where it has none.
fn said(text: &str) -> String {
    let words = normal(text);
    if words.is_empty() { text.trim().to_owned() } else { words }
}

/// The rows of one series in one bucket of equal amounts, or in one group of equal rows: their
/// positions, by number of the series.
pub(super) fn by_series(rows: &[Row], positions: &[usize]) -> BTreeMap<usize, Vec<usize>> {
    let mut by_series: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for at in positions {
        if let Some(row) = rows.get(*at) {
            by_series.entry(row.series).or_default().push(*at);
        }
    }
    by_series
}

/// Runs of positions whose rows have the same key. The rows are sorted by it.
pub(super) fn runs<'r, K: PartialEq>(
    rows: &'r [Row],
    key: impl Fn(&'r Row) -> K,
) -> impl Iterator<Item = Vec<usize>> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let first = key(rows.get(start)?);
        let length = rows.get(start..)?.iter().take_while(|row| key(row) == first).count();
        start += length;
        Some((start - length..start).collect())
    })
}

/// The pairs of series that overlap far enough, by the one of which more is in the other.
fn overlaps(rows: &[Row]) -> Overlaps {
    let mut matched: BTreeMap<(usize, usize), [usize; 2]> = BTreeMap::new();
    for bucket in runs(rows, |row| row.money) {
        let by_series = by_series(rows, &bucket);
        for (number, (a, of_a)) in by_series.iter().enumerate() {
            for (b, of_b) in by_series.iter().skip(number + 1) {
                let [in_b, in_a] = matched.entry((*a, *b)).or_default();
                *in_b += covered(rows, of_a, of_b);
                *in_a += covered(rows, of_b, of_a);
            }
        }
    }
    let mut days: BTreeMap<usize, Vec<i32>> = BTreeMap::new();
    for row in rows {
        days.entry(row.series).or_default().push(row.day);
    }
    days.values_mut().for_each(|days| days.sort_unstable());
    let overlap = |((a, b), [in_b, in_a]): ((usize, usize), [usize; 2])| {
        let [of_a, of_b] = both_cover(days.get(&a)?, days.get(&b)?)?;
        let one = Overlap { matched: in_b, rows: of_a };
        let other = Overlap { matched: in_a, rows: of_b };
        // The larger share, compared without dividing.
        let by = |a: Overlap, b: Overlap| a.matched.saturating_mul(b.rows);
        let is_less = by(one, other) < by(other, one);
        Some(((a, b), if is_less { other } else { one }))
    };
    let overlaps = matched.into_iter().filter_map(overlap);
    overlaps.filter(|(_, overlap)| overlap.is_enough()).collect()
}

/// How many rows of `a` have a row of `b` at most [`DAYS_APART_MAX`] days away; both are by day.
fn covered(rows: &[Row], a: &[usize], b: &[usize]) -> usize {
    let days = |of: &[usize]| -> Vec<i32> {
        of.iter().filter_map(|at| rows.get(*at)).map(|row| row.day).collect()
    };
    let (a, b) = (days(a), days(b));
    let apart = i32::from(DAYS_APART_MAX);
    let is_near = |day: &&i32| {
        let next = b.get(b.partition_point(|other| *other < **day - apart));
        next.is_some_and(|other| *other <= **day + apart)
    };
    a.iter().filter(is_near).count()
}

/// How many rows each of two series has on the days that both cover.
fn both_cover(a: &[i32], b: &[i32]) -> Option<[usize; 2]> {
    let apart = i32::from(DAYS_APART_MAX);
    let from = (*a.first()?).max(*b.first()?) - apart;
    let to = (*a.last()?).min(*b.last()?) + apart;
    let within = |days: &[i32]| days.iter().filter(|day| (from..=to).contains(*day)).count();
    Some([within(a), within(b)])
}

/// Pairs of equal rows across series, by counting.
fn exact(rows: &[Row], overlaps: &Overlaps) -> Vec<Pair> {
    let mut pairs = Vec::new();
    for group in runs(rows, |row| (row.money, row.day, &row.text)) {
        let mut left = by_series(rows, &group);
        if left.len() < 2 {
            continue;
        }
        // What the merchant is called does not make rows differ; the time may tell which is which.
        for of_series in left.values_mut() {
            of_series.sort_by_key(|at| rows.get(*at).map(|row| (row.minute, row.id)));
            of_series.reverse();
        }
        let numbers: Vec<usize> = left.keys().copied().collect();
        for (at, a) in numbers.iter().enumerate() {
            for b in numbers.iter().skip(at + 1).filter(|b| overlaps.contains_key(&(*a, **b))) {
                pairs.extend(std::iter::from_fn(|| {
                    let is_left = [a, b].iter().all(|s| left.get(s).is_some_and(|s| !s.is_empty()));
                    let mut take = |series| left.get_mut(series).and_then(Vec::pop);
                    let rows = if is_left { [take(a)?, take(b)?] } else { return None };
                    Some(Pair { rows, kind: DuplicateKind::Exact, alike: 1.0, score: 1.0 })
                }));
            }
        }
    }
    pairs
}

/// The suggestion of a pair, with its newer day for the order.
fn suggest(
    entries: &[LedgerEntry],
    rows: &[Row],
    overlaps: &Overlaps,
    pair: &Pair,
) -> Option<(i32, DuplicateSuggestion)> {
    let [a, b] = [rows.get(pair.rows[0])?, rows.get(pair.rows[1])?];
    let overlap = overlaps.get(&(a.series.min(b.series), a.series.max(b.series)))?;
    let mut two = [(a, entries.get(a.entry)?), (b, entries.get(b.entry)?)];
    two.sort_by_key(|(row, entry)| (entry.source(), entry.transaction.pending, row.day, row.id));
    let [(first, one), (second, other)] = two;
    let days_apart = u8::try_from(a.day.abs_diff(b.day)).unwrap_or(u8::MAX);
    let like = match pair.kind {
        DuplicateKind::Exact => "Same day, amount and description".to_owned(),
        DuplicateKind::Fuzzy => format!(
            "Same amount, {} days apart, descriptions alike to {:.2}",
            days_apart, pair.alike
        ),
    };
    let rests_on = format!(
        "{like}, one {}, the other {}; of {} rows of one list on the days of both, {} have one of \
         the same amount in the other.",
        place(one),
        place(other),
        overlap.rows,
        overlap.matched,
    );
    let closer = match pair.kind {
        DuplicateKind::Exact => String::new(),
        DuplicateKind::Fuzzy => format!(
            "more than {DAYS_APART_MAX} days apart, descriptions less alike than {}, ",
            fuzzy::ALIKE_MIN
        ),
    };
    let would_change = format!(
        "Not suggested with {closer}both in one list, another amount, or less than \
         {OVERLAP_SHARE_MIN} of the rows in both lists."
    );
    let suggestion = DuplicateSuggestion {
        kind: pair.kind,
        first: first.id,
        second: second.id,
        score: pair.score,
        days_apart,
        rests_on,
        would_change,
    };
    Some((a.day.max(b.day), suggestion))
}

/// Where an entry stands, in words.
const fn place(entry: &LedgerEntry) -> &'static str {
    match (entry.source(), entry.transaction.pending) {
        (EntrySource::Provider, false) => "posted with an id of the provider",
        (EntrySource::Provider, true) => "pending with an id of the provider",
        (EntrySource::File, false) => "posted in a file without ids",
        (EntrySource::File, true) => "pending in a file without ids",
    }
}
