//! Rows of one amount whose days and descriptions are close, the best pairs first.
//!
//! In: the rows that are left after equal ones were paired. Out: pairs across series, each row in
//! at most one. Equal rows of one series and day are one class, and a class is compared with the
//! classes of its own day and of the next three: with all of them where they are few, else with
//! those whose descriptions stand nearest in alphabetical order, at most [`NEIGHBOURS_MAX`] on
//! either side. So the work grows with the number of rows, whatever they say.
//!
//! The method of sorted neighbourhoods: Hernandez and Stolfo, "The merge/purge problem for large
//! databases", SIGMOD 1995.

use std::collections::BTreeSet;

use super::duplicates::{DAYS_APART_MAX, DuplicateKind, Overlaps, Pair, Row, runs};
use crate::text::Trigrams;

/// How alike two descriptions are at least: the threshold that `pg_trgm` has by default.
pub const ALIKE_MIN: f64 = 0.3;
/// How many neighbours on either side a class is compared with on a day that has more than twice
/// as many of its amount.
pub const NEIGHBOURS_MAX: usize = 8;
/// How alike descriptions are whose words all stand in the other: `uber` in `uber trip help`.
const CONTAINED: f64 = 0.75;
/// The shortest word that says something by itself.
const WORD_CHARS_MIN: usize = 3;
/// What each day between two records takes off their score.
const DAY_COST: f64 = 0.1;

/// Rows of one series and day that say the same.
struct Class {
    series: usize,
    day: i32,
    names: Vec<Name>,
    text: String,
    /// Positions that are not paired yet; the next to pair stands last.
    left: Vec<usize>,
}

/// A description or a merchant.
struct Name {
    trigrams: Trigrams,
    words: BTreeSet<String>,
}

impl Name {
    /// Words with digits are left out where there are others: they number terminals and days.
    fn new(text: &str) -> Self {
        let has_digit = |word: &&str| word.chars().any(|c| c.is_ascii_digit());
        let plain: Vec<&str> = text.split(' ').filter(|word| !has_digit(word)).collect();
        let kept = if plain.is_empty() { text.to_owned() } else { plain.join(" ") };
        let words = kept.split(' ').map(str::to_owned).collect();
        Self { trigrams: Trigrams::of(&kept), words }
    }

    fn alike(&self, other: &Self) -> f64 {
        let says = |words: &BTreeSet<String>| {
            words.iter().any(|word| word.chars().count() >= WORD_CHARS_MIN)
        };
        let is_in = |a: &Self, b: &Self| says(&a.words) && a.words.is_subset(&b.words);
        let contained = if is_in(self, other) || is_in(other, self) { CONTAINED } else { 0.0 };
        f64::from(self.trigrams.similarity(&other.trigrams)).max(contained)
    }
}

impl Class {
    fn new(row: &Row, left: Vec<usize>) -> Self {
        let mut texts = vec![row.text.as_str(), row.merchant.as_str()];
        texts.dedup();
        let names = texts.into_iter().map(Name::new).collect();
        Self { series: row.series, day: row.day, names, text: row.text.clone(), left }
    }

    /// The likeness of the best two names of two classes.
    fn alike(&self, other: &Self) -> f64 {
        let pairs = self.names.iter().flat_map(|a| other.names.iter().map(|b| a.alike(b)));
        pairs.fold(0.0, f64::max)
    }
}

/// Two classes that may stand for the same purchases.
struct Candidate {
    classes: [usize; 2],
    alike: f64,
    score: f64,
}

/// The pairs among the rows that are not `paired` yet.
pub(super) fn pairs(rows: &[Row], paired: &BTreeSet<usize>, overlaps: &Overlaps) -> Vec<Pair> {
    let mut pairs = Vec::new();
    for bucket in runs(rows, |row| row.money) {
        let left: Vec<usize> = bucket.into_iter().filter(|at| !paired.contains(at)).collect();
        let series: BTreeSet<usize> =
            left.iter().filter_map(|at| rows.get(*at)).map(|row| row.series).collect();
        if series.len() > 1 {
            let mut classes = classes(rows, &left);
            let candidates = candidates(&classes, overlaps);
            pairs.extend(best(&mut classes, &candidates));
        }
    }
    pairs
}

/// The classes of rows that stand in their order, in the order of their days and descriptions.
fn classes(rows: &[Row], left: &[usize]) -> Vec<Class> {
    let key = |at: &usize| rows.get(*at).map(|row| (row.day, &row.text, row.series, &row.merchant));
    let runs = left.chunk_by(|a, b| key(a) == key(b));
    let class = |run: &[usize]| {
        let row = rows.get(*run.first()?)?;
        Some(Class::new(row, run.iter().rev().copied().collect()))
    };
    runs.filter_map(class).collect()
}

fn candidates(classes: &[Class], overlaps: &Overlaps) -> Vec<Candidate> {
    let mut candidates = Vec::new();
    for (at, one) in classes.iter().enumerate() {
        for day in one.day..=one.day.saturating_add(i32::from(DAYS_APART_MAX)) {
            for near in neighbours(classes, at, day) {
                let Some(other) = classes.get(near) else { continue };
                let pair = (one.series.min(other.series), one.series.max(other.series));
                if one.series == other.series || !overlaps.contains_key(&pair) {
                    continue;
                }
                let alike = one.alike(other);
                if alike >= ALIKE_MIN {
                    let score = alike * (1.0 - DAY_COST * f64::from(day - one.day));
                    candidates.push(Candidate { classes: [at, near], alike, score });
                }
            }
        }
    }
    candidates.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.classes.cmp(&b.classes)));
    candidates
}

/// The classes of a day that one is compared with; of its own day those behind it.
fn neighbours(classes: &[Class], at: usize, day: i32) -> std::ops::Range<usize> {
    let Some(one) = classes.get(at) else { return 0..0 };
    let start = classes.partition_point(|class| class.day < day);
    let end = classes.partition_point(|class| class.day <= day);
    let range = if end - start <= 2 * NEIGHBOURS_MAX {
        start..end
    } else {
        let key = (day, &one.text);
        let place = classes.partition_point(|class| (class.day, &class.text) < key);
        let first = place.saturating_sub(NEIGHBOURS_MAX).max(start);
        first..place.saturating_add(NEIGHBOURS_MAX).min(end)
    };
    if day == one.day { range.start.max(at + 1)..range.end.max(at + 1) } else { range }
}

/// Pairs rows of the best candidates first, as many of two classes as both have left.
fn best(classes: &mut [Class], candidates: &[Candidate]) -> Vec<Pair> {
    let mut pairs = Vec::new();
    for Candidate { classes: [a, b], alike, score } in candidates {
        let left = |at: &usize| classes.get(*at).map_or(0, |class| class.left.len());
        for _ in 0..left(a).min(left(b)) {
            let mut take = |at: &usize| classes.get_mut(*at).and_then(|class| class.left.pop());
            if let (Some(a), Some(b)) = (take(a), take(b)) {
                let kind = DuplicateKind::Fuzzy;
                pairs.push(Pair { rows: [a, b], kind, alike: *alike, score: *score });
            }
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptions_are_alike_as_the_table_says() {
        #[rustfmt::skip]
        let table = [
            // one                 other                          at least, at most
            ("uber",               "uber trip help 8005928996",    0.75, 0.75),
            ("starbucks 0412",     "starbucks 9981",               1.0,  1.0),
            ("sq blue bottle",     "blue bottle coffee",           0.4,  0.7),
            ("amazon",             "amzn mktp us",                 0.0,  0.29),
            ("shell oil",          "chevron",                      0.0,  0.1),
            ("at t",               "at t bill payment",            0.0,  0.35),
            ("123",                "123",                          1.0,  1.0),
        ];
        for (one, other, least, most) in table {
            let alike = Name::new(one).alike(&Name::new(other));
            assert!((least..=most).contains(&alike), "{one} {other}: {alike}");
        }
    }
}
