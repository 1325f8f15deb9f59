//! Search over one person's entries: an inverted index, and the order of what it finds.
//!
//! In: entries and a [`Query`]. Out: exactly the entries that the query finds, the best first.
//! The score is BM25F: of every term `t` that is wanted
//!
//! ```text
//! idf(t) * tf / (1.2 + tf)
//! tf     = sum over fields of weight * count / (0.5 + 0.5 * length / average length)
//! idf(t) = ln(1 + (N - n + 0.5) / (n + 0.5))
//! ```
//!
//! added up in the order of the query: `N` entries, `n` of them with the term, `count` 1 for each
//! whole word (or phrase) and 0.5 for each longer word that begins so, lengths in words, averages
//! over the entries that have the field. The weights are 3 for the merchant, 2 for the note and 1
//! for the description. Ties: the newer day first, then by id.
//! Source: Robertson, Zaragoza and Taylor, "Simple BM25 extension to multiple weighted fields",
//! CIKM 2004; the constants are discussed in `docs/rules/transactions.md`.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use super::LedgerEntry;
use super::query::{BEGINNING, Query, Term, WHOLE, fields};
use super::words::words;
use crate::types::RecordId;

/// How many fields are searched.
pub(super) const FIELDS: usize = 3;
/// The weights of merchant, note and description.
pub(super) const WEIGHTS: [f64; FIELDS] = [3.0, 2.0, 1.0];
/// How soon more occurrences stop to count.
pub(super) const SATURATION: f64 = 1.2;
/// How much the length of a field counts.
pub(super) const LENGTH_SHARE: f64 = 0.5;

/// An entry that a query finds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SearchHit {
    /// The position of the entry in the slice the index was made of.
    pub number: usize,
    /// The record's id.
    pub id: RecordId,
    /// Not negative; comparable among the hits of one query only.
    pub score: f64,
}

/// The words of one person's entries, and which entries each stands in.
///
/// Debug shows sizes alone.
pub struct SearchIndex {
    /// The id of each entry, in the order entries are shown, and its position in the slice.
    entries: Vec<(RecordId, usize)>,
    /// Every word once, sorted; the numbers below are positions here.
    words: Vec<String>,
    /// The words of all fields of all entries, one after the other.
    texts: Vec<u32>,
    /// Where each field of each entry begins in `texts`, and the end.
    starts: Vec<usize>,
    /// For each word the entries it stands in, ascending, one word after the other.
    lists: Vec<u32>,
    /// Where the list of each word begins, and the end.
    list_starts: Vec<usize>,
    average_lengths: [f64; FIELDS],
}

impl std::fmt::Debug for SearchIndex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { entries, words, .. } = self;
        write!(f, "SearchIndex({} entries, {} words)", entries.len(), words.len())
    }
}

impl SearchIndex {
    /// The index of these entries, which may stand in any order.
    ///
    /// ```
    /// use payme_core::evidence::ledger::{Query, SearchIndex};
    /// let index = SearchIndex::new(&[]);
    /// assert!(index.is_empty() && index.search(&Query::parse("coffee")?).is_empty());
    /// # Ok::<(), payme_core::evidence::ledger::QueryError>(())
    /// ```
    pub fn new(entries: &[LedgerEntry]) -> Self {
        let mut order: Vec<usize> = (0..entries.len()).collect();
        order.sort_by_key(|number| entries.get(*number).map(LedgerEntry::order));
        let mut numbers: HashMap<String, u32> = HashMap::new();
        let mut texts = Vec::new();
        let mut starts = vec![0];
        let shown: Vec<&LedgerEntry> = order.iter().filter_map(|at| entries.get(*at)).collect();
        for text in shown.iter().flat_map(|entry| fields(entry)) {
            for word in words(text) {
                let next = to_number(numbers.len());
                texts.push(*numbers.entry(word).or_insert(next));
            }
            starts.push(texts.len());
        }
        let words = number_by_order(numbers, &mut texts);
        let [lists, list_starts] = invert(&texts, &starts, words.len());
        let average_lengths = average_lengths(&starts);
        let entries = shown.iter().map(|entry| entry.id()).zip(order).collect();
        let lists = lists.into_iter().map(to_number).collect();
        Self { entries, words, texts, starts, lists, list_starts, average_lengths }
    }

    /// How many entries there are.
    pub const fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Every entry that the query finds, the best first.
    pub fn search(&self, query: &Query) -> Vec<SearchHit> {
        let mut scores = vec![0.0; self.len()];
        let mut met = vec![0_usize; self.len()];
        for (round, term) in query.wanted.iter().enumerate() {
            let found = self.weigh(term);
            let idf = idf(self.len(), found.len());
            for (entry, weight) in found {
                // An entry that lacked an earlier term is out, and stays behind the round.
                if met[entry] == round {
                    met[entry] = round + 1;
                    scores[entry] += idf * weight / (SATURATION + weight);
                }
            }
        }
        for term in &query.excluded {
            for (entry, _) in self.weigh(term) {
                met[entry] = usize::MAX;
            }
        }
        let rounds = query.wanted.len();
        let found = self.entries.iter().zip(&scores).zip(&met).filter(|(_, met)| **met == rounds);
        let mut hits: Vec<SearchHit> =
            found.map(|((&(id, number), &score), _)| SearchHit { number, id, score }).collect();
        // Stable: entries stand in the order they are shown in.
        hits.sort_by(|a, b| b.score.total_cmp(&a.score));
        hits
    }

    /// The entries that have a term, ascending, and how much it weighs in each.
    fn weigh(&self, term: &Term) -> Vec<(usize, f64)> {
        let Some(numbers) = self.numbers(term) else { return Vec::new() };
        let Some(first) = numbers.first() else { return Vec::new() };
        let lists = first.range.clone().map(|word| self.list(word));
        let entries: BTreeSet<u32> = lists.flatten().copied().collect();
        let weighed = entries.into_iter().map(|entry| entry as usize);
        let weighed = weighed.map(|entry| (entry, self.weight(entry, &numbers)));
        weighed.filter(|(_, weight)| *weight > 0.0).collect()
    }

    /// The weighted count of a term in one entry.
    fn weight(&self, entry: usize, numbers: &[Word]) -> f64 {
        let mut weight = 0.0;
        for (field, (of_field, average)) in WEIGHTS.iter().zip(self.average_lengths).enumerate() {
            let text = self.field(entry, field);
            let count: f64 = text.windows(numbers.len()).filter_map(|at| count(at, numbers)).sum();
            if count > 0.0 {
                weight += of_field * count / norm(text.len(), average);
            }
        }
        weight
    }

    fn field(&self, entry: usize, field: usize) -> &[u32] {
        let at = entry * FIELDS + field;
        match self.starts.get(at..at + 2) {
            Some(&[start, end]) => self.texts.get(start..end).unwrap_or_default(),
            _ => &[],
        }
    }

    fn list(&self, word: usize) -> &[u32] {
        match self.list_starts.get(word..word + 2) {
            Some(&[start, end]) => self.lists.get(start..end).unwrap_or_default(),
            _ => &[],
        }
    }

    /// The words of a term as numbers; `None` when one of them stands nowhere.
    fn numbers(&self, term: &Term) -> Option<Vec<Word>> {
        let last = term.words.len().checked_sub(1)?;
        let number = |(at, wanted): (usize, &String)| {
            let start = self.words.partition_point(|word| word < wanted);
            let goes_on = |word: &String| match term.is_prefix && at == last {
                true => word.starts_with(wanted.as_str()),
                false => word == wanted,
            };
            let tail = self.words.get(start..).unwrap_or_default();
            let end = start + tail.partition_point(goes_on);
            let whole = self.words.get(start).filter(|word| *word == wanted).map(|_| start);
            (start < end).then_some(Word { range: start..end, whole })
        };
        term.words.iter().enumerate().map(number).collect()
    }
}

/// Which words of the index one word of a term stands for.
struct Word {
    /// All of them.
    range: Range<usize>,
    /// The one that is just this word.
    whole: Option<usize>,
}

/// What the words at one place count.
fn count(at: &[u32], numbers: &[Word]) -> Option<f64> {
    let mut pairs = at.iter().zip(numbers);
    if !pairs.all(|(word, number)| number.range.contains(&(*word as usize))) {
        return None;
    }
    let ends_whole = at.last().map(|word| *word as usize) == numbers.last().and_then(|n| n.whole);
    Some(if ends_whole { WHOLE } else { BEGINNING })
}

/// How much a field of this length weighs down a count.
pub(super) fn norm(length: usize, average: f64) -> f64 {
    1.0 - LENGTH_SHARE + LENGTH_SHARE * float(length) / average
}

/// How rare a term is that `n` of `all` entries have.
pub(super) fn idf(all: usize, n: usize) -> f64 {
    (1.0 + (float(all) - float(n) + 0.5) / (float(n) + 0.5)).ln()
}

#[expect(clippy::cast_precision_loss, reason = "no person has 2^53 records")]
pub(super) const fn float(n: usize) -> f64 {
    n as f64
}

/// A position as a number of 32 bits. No person has more words, so the end is never reached.
fn to_number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// Numbers the words anew by their order, in the texts too, and gives them in that order.
fn number_by_order(numbers: HashMap<String, u32>, texts: &mut [u32]) -> Vec<String> {
    let mut words: Vec<(String, u32)> = numbers.into_iter().collect();
    words.sort_unstable();
    let mut by_old = vec![0; words.len()];
    for (new, (_, old)) in (0..).zip(&words) {
        if let Some(slot) = by_old.get_mut(*old as usize) {
            *slot = new;
        }
    }
    for word in texts {
        *word = by_old.get(*word as usize).copied().unwrap_or_default();
    }
    words.into_iter().map(|(word, _)| word).collect()
}

/// For each word the entries it stands in, each once, ascending: all lists, and where each begins.
fn invert(texts: &[u32], starts: &[usize], words: usize) -> [Vec<usize>; 2] {
    let entries = starts.windows(2).enumerate().map(|(field, bounds)| (field / FIELDS, bounds));
    let mut pairs: Vec<(u32, usize)> = Vec::with_capacity(texts.len());
    for (entry, bounds) in entries {
        let text = texts.get(bounds[0]..bounds[1]).unwrap_or_default();
        pairs.extend(text.iter().map(|word| (*word, entry)));
    }
    pairs.sort_unstable();
    pairs.dedup();
    let mut list_starts = vec![0; words + 1];
    for (word, _) in &pairs {
        if let Some(count) = list_starts.get_mut(*word as usize + 1) {
            *count += 1;
        }
    }
    for at in 1..list_starts.len() {
        list_starts[at] += list_starts[at - 1];
    }
    [pairs.into_iter().map(|(_, entry)| entry).collect(), list_starts]
}

/// How many words each field has on average, where it has any.
fn average_lengths(starts: &[usize]) -> [f64; FIELDS] {
    let (mut sums, mut filled) = ([0; FIELDS], [0; FIELDS]);
    for (field, bounds) in starts.windows(2).enumerate() {
        let length = bounds[1] - bounds[0];
        sums[field % FIELDS] += length;
        filled[field % FIELDS] += usize::from(length > 0);
    }
    std::array::from_fn(|field| float(sums[field]) / float(filled[field]))
}
