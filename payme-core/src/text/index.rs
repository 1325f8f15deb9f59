//! An index over names that finds the most similar ones exactly.
//!
//! In: names. Out: for a text, the names with the largest [`similarity`](super::similarity), and
//! exactly what comparing with each name would give: same names, same order, same bits.
//!
//! Each trigram has the list of the names it stands in. Reading the lists of a text's trigrams
//! counts what each name shares with it, one byte a name. With `q` trigrams in the text, a name of
//! `b` trigrams that shares `s` has the similarity `s / (q + b - s)`. So whoever is to reach a
//! floor `f` shares at least `f (q + b) / (1 + f)`. Names are counted in the order of their sizes:
//! 64 of them have nearly one size, and are passed over together where the largest of their counts
//! is below that bound, as it must be where the size itself rules them out. The floor rises with
//! the best names so far. Leaving the longest lists unread and finishing names from their own
//! trigrams was measured too, and is slower: to add one to a byte takes less than a nanosecond.

use std::collections::HashMap;

use super::trigram::{for_each, pack, ratio};

/// Blank, ten digits, 26 letters.
const SYMBOLS: u32 = 37;
/// Trigrams of these symbols have numbers below this; others get theirs as they come.
const PLAIN: usize = 37 * 37 * 37;
/// Texts with more trigrams than a byte counts are compared name by name.
const COUNTED_MAX: usize = 255;
/// How many counts are passed over by one comparison.
const CHUNK: usize = 64;

/// A name of the index and how similar it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SimilarName {
    /// The position of the name among those that the index was built from.
    pub number: u32,
    /// From 0 to 1.
    pub similarity: f32,
}

impl SimilarName {
    /// Whether it stands before another: more similar, or as similar with a smaller number.
    fn is_before(&self, other: &Self) -> bool {
        let by_similarity = self.similarity.total_cmp(&other.similarity);
        by_similarity.then(other.number.cmp(&self.number)).is_gt()
    }
}

/// Names, indexed by their trigrams. The names themselves are not kept.
///
/// ```
/// use payme_core::text::TrigramIndex;
/// let index = TrigramIndex::new(&["Hulu", "Blue Bottle Coffee", "Bluebird Motel"]);
/// let found = index.top("SQ *BLUE BOTTLE 123", 2, 0.3);
/// assert_eq!(found.len(), 1);
/// assert_eq!((found[0].number, found[0].similarity), (1, 0.44));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct TrigramIndex {
    /// The trigrams of name `i` are `trigrams[starts[i]..starts[i + 1]]`, each once.
    starts: Vec<usize>,
    trigrams: Vec<u32>,
    /// The names by how many trigrams they have, and then by number.
    by_size: Vec<u32>,
    /// The names with trigram `t` are `names[lists[t]..lists[t + 1]]`, ascending; a name is told by
    /// its place in `by_size`.
    lists: Vec<usize>,
    names: Vec<u32>,
    /// The numbers of trigrams with a symbol beyond the plain ones.
    other: HashMap<u64, u32>,
}

impl TrigramIndex {
    /// The index of these names. A name's number is its position; names from number 2^32 - 1 on
    /// are left out.
    pub fn new<S: AsRef<str>>(names: &[S]) -> Self {
        let bytes: usize = names.iter().map(|name| name.as_ref().len() + 2).sum();
        let mut builder = Builder {
            starts: Vec::with_capacity(names.len() + 1),
            trigrams: Vec::with_capacity(bytes),
            seen: vec![(0, 0); PLAIN],
            other: HashMap::new(),
        };
        builder.starts.push(0);
        for (name, round) in names.iter().zip(1..=u32::MAX) {
            builder.add(name.as_ref(), round);
        }
        builder.finish()
    }

    /// How many names there are.
    pub const fn len(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The `k` names most similar to a text among those more similar than `above`, the best
    /// first, of equal ones the smaller number first. Who shares no trigram is never found.
    pub fn top(&self, text: &str, k: usize, above: f32) -> Vec<SimilarName> {
        let query = Query::new(text, self);
        let mut best = Best { k, above: above.max(0.0), found: Vec::new() };
        let reach = ratio(query.known.len(), query.len, query.known.len());
        if k > 0 && reach > best.above {
            if query.known.len() > COUNTED_MAX {
                self.compare_each(&query, &mut best);
            } else {
                self.count(&query, &mut best);
            }
        }
        best.found
    }

    /// Reads the lists of the text's trigrams, then the counts.
    fn count(&self, query: &Query, best: &mut Best) {
        let mut counts = vec![0_u8; self.len()];
        for trigram in &query.known {
            for place in self.names_with(*trigram) {
                if let Some(count) = counts.get_mut(to_usize(*place)) {
                    *count += 1;
                }
            }
        }
        let mut known = (usize::MAX, 0);
        for (chunk, names) in counts.chunks(CHUNK).zip(self.by_size.chunks(CHUNK)) {
            // The first name of a chunk is the smallest, and so has the smallest bound.
            let size = names.first().map_or(0, |name| self.trigrams_of(*name).len());
            if size != known.0 {
                known = (size, best.shared_min(query.len, size));
            }
            if chunk.iter().fold(0, |most, count| (*count).max(most)) < known.1 {
                continue;
            }
            for (count, name) in chunk.iter().zip(names) {
                if *count >= known.1 {
                    let of_name = self.trigrams_of(*name).len();
                    best.add(*name, ratio(usize::from(*count), query.len, of_name));
                }
            }
            known = (size, best.shared_min(query.len, size));
        }
    }

    /// Compares every name whose size alone does not rule it out.
    fn compare_each(&self, query: &Query, best: &mut Best) {
        for (number, bounds) in (0..).zip(self.starts.windows(2)) {
            let size = bounds[1] - bounds[0];
            if best.admits(number, ratio(size.min(query.known.len()), query.len, size)) {
                let of_name = self.trigrams_of(number).iter();
                let shared = of_name.filter(|trigram| query.has(**trigram)).count();
                best.add(number, ratio(shared, query.len, size));
            }
        }
    }

    fn names_with(&self, trigram: u32) -> &[u32] {
        between(&self.lists, trigram, &self.names)
    }

    fn trigrams_of(&self, name: u32) -> &[u32] {
        between(&self.starts, name, &self.trigrams)
    }
}

/// Part `number` of `all`, whose parts begin at these positions and end where the next begins.
fn between<'a>(starts: &[usize], number: u32, all: &'a [u32]) -> &'a [u32] {
    let at = to_usize(number);
    let bounds = starts.get(at).zip(starts.get(at + 1));
    bounds.and_then(|(start, end)| all.get(*start..*end)).unwrap_or_default()
}

/// An index in the making.
struct Builder {
    starts: Vec<usize>,
    trigrams: Vec<u32>,
    /// For each trigram the round of the last name that has it, and how many names have it.
    seen: Vec<(u32, u32)>,
    other: HashMap<u64, u32>,
}

impl Builder {
    fn add(&mut self, name: &str, round: u32) {
        if name.is_ascii() {
            for_each_plain(name.as_bytes(), |trigram| self.take(trigram, round));
        } else {
            for_each(name, |trigram| {
                let number = plain(trigram).unwrap_or_else(|| self.number(trigram));
                self.take(number, round);
            });
        }
        self.starts.push(self.trigrams.len());
    }

    fn take(&mut self, trigram: u32, round: u32) {
        if let Some((last, count)) = self.seen.get_mut(to_usize(trigram))
            && *last != round
        {
            *last = round;
            *count += 1;
            self.trigrams.push(trigram);
        }
    }

    /// The number of a trigram that is not plain, a new one where it has none yet.
    fn number(&mut self, trigram: [char; 3]) -> u32 {
        let next = u32::try_from(self.seen.len()).unwrap_or(u32::MAX);
        let number = *self.other.entry(pack(trigram)).or_insert(next);
        if number == next {
            self.seen.push((0, 0));
        }
        number
    }

    /// Turns the trigrams of each name into the names of each trigram, by counting.
    fn finish(self) -> TrigramIndex {
        let Self { starts, trigrams, seen, other } = self;
        let mut end = 0;
        let mut lists = Vec::with_capacity(seen.len() + 1);
        lists.push(0);
        lists.extend(seen.into_iter().map(|(_, count)| {
            end += to_usize(count);
            end
        }));
        let by_size = by_size(&starts);
        let mut free = lists.clone();
        let mut names = vec![0; end];
        for (place, name) in (0..).zip(&by_size) {
            let name = to_usize(*name);
            for trigram in &trigrams[starts[name]..starts[name + 1]] {
                let at = &mut free[to_usize(*trigram)];
                names[*at] = place;
                *at += 1;
            }
        }
        TrigramIndex { starts, trigrams, by_size, lists, names, other }
    }
}

/// The names by size and then by number, by counting.
fn by_size(starts: &[usize]) -> Vec<u32> {
    let sizes = || starts.windows(2).map(|bounds| bounds[1] - bounds[0]);
    let most = sizes().max().unwrap_or(0);
    let mut ends = vec![0_usize; most + 2];
    for size in sizes() {
        ends[size + 1] += 1;
    }
    let mut sum = 0;
    for end in &mut ends {
        sum += *end;
        *end = sum;
    }
    let mut ordered = vec![0; starts.len().saturating_sub(1)];
    for (name, size) in (0..).zip(sizes()) {
        ordered[ends[size]] = name;
        ends[size] += 1;
    }
    ordered
}

/// A text as an index sees it.
struct Query {
    /// How many trigrams it has.
    len: usize,
    /// Those that some name has too.
    known: Vec<u32>,
    /// One bit for each trigram of the index.
    bits: Vec<u64>,
}

impl Query {
    fn new(text: &str, index: &TrigramIndex) -> Self {
        let bits = vec![0; index.lists.len().div_ceil(64)];
        let mut query = Self { len: 0, known: Vec::new(), bits };
        if text.is_ascii() {
            for_each_plain(text.as_bytes(), |trigram| query.take(trigram, index));
            return query;
        }
        let mut strange = Vec::new();
        for_each(text, |trigram| {
            let packed = pack(trigram);
            match plain(trigram).or_else(|| index.other.get(&packed).copied()) {
                Some(number) => query.take(number, index),
                None => strange.push(packed),
            }
        });
        strange.sort_unstable();
        strange.dedup();
        query.len += strange.len();
        query
    }

    fn take(&mut self, trigram: u32, index: &TrigramIndex) {
        let at = to_usize(trigram);
        if let Some(word) = self.bits.get_mut(at / 64)
            && *word >> (at % 64) & 1 == 0
        {
            *word |= 1 << (at % 64);
            self.len += 1;
            if !index.names_with(trigram).is_empty() {
                self.known.push(trigram);
            }
        }
    }

    fn has(&self, trigram: u32) -> bool {
        let at = to_usize(trigram);
        self.bits.get(at / 64).is_some_and(|word| *word >> (at % 64) & 1 == 1)
    }
}

/// The best names so far.
struct Best {
    k: usize,
    above: f32,
    found: Vec<SimilarName>,
}

impl Best {
    /// Whether a name of at most this similarity can still stand among the best.
    fn admits(&self, number: u32, similarity: f32) -> bool {
        let new = SimilarName { number, similarity };
        let has_room = self.found.len() < self.k;
        similarity > self.above
            && (has_room || self.found.last().is_some_and(|last| new.is_before(last)))
    }

    fn add(&mut self, number: u32, similarity: f32) {
        if self.admits(number, similarity) {
            let new = SimilarName { number, similarity };
            let at = self.found.partition_point(|one| one.is_before(&new));
            self.found.insert(at, new);
            self.found.truncate(self.k);
        }
    }

    /// The least that a name of `b` trigrams has to share with a text of `q` to come in, or less;
    /// at least 1.
    ///
    /// With the floor `f`, `s / (q + b - s) >= f` says `s >= f (q + b) / (1 + f)`. The similarity
    /// is rounded to single, by less than one part in 2^23, and this in double by far less: a part
    /// in a million is taken off, so that no name is missed that would come in.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a floor is at least 0; what is too large for a byte is the largest byte"
    )]
    fn shared_min(&self, q: usize, b: usize) -> u8 {
        let is_full = self.found.len() >= self.k;
        let last = self.found.last().filter(|_| is_full);
        let floor = f64::from(last.map_or(self.above, |last| last.similarity)) * (1.0 - 1e-6);
        ((floor * (q + b) as f64 / (1.0 + floor)).ceil() as u8).max(1)
    }
}

/// For each byte its symbol; 0 for what is no letter and no digit of ASCII.
const SYMBOL: [u8; 256] = {
    let mut symbols = [0; 256];
    let plain = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let mut symbol = 1;
    while symbol < 37 {
        let byte = plain[symbol as usize - 1];
        symbols[byte as usize] = symbol;
        symbols[byte.to_ascii_uppercase() as usize] = symbol;
        symbol += 1;
    }
    symbols
};

/// The number of a plain trigram.
fn plain(trigram: [char; 3]) -> Option<u32> {
    trigram.into_iter().try_fold(0, |number, c| {
        let symbol = u8::try_from(c).map_or(0, |byte| SYMBOL[usize::from(byte)]);
        (symbol > 0 || c == ' ').then(|| number * SYMBOLS + u32::from(symbol))
    })
}

/// Gives the number of each trigram of a text in ASCII in turn, a repeated one again.
fn for_each_plain(text: &[u8], mut take: impl FnMut(u32)) {
    let mut pair = 0;
    for byte in text {
        let symbol = u32::from(SYMBOL[usize::from(*byte)]);
        if symbol > 0 {
            let trigram = pair * SYMBOLS + symbol;
            take(trigram);
            pair = trigram % (SYMBOLS * SYMBOLS);
        } else if pair > 0 {
            take(pair * SYMBOLS);
            pair = 0;
        }
    }
    if pair > 0 {
        take(pair * SYMBOLS);
    }
}

/// The target has at least 32 bits, as everything here assumes of memory.
const fn to_usize(number: u32) -> usize {
    number as usize
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::similarity;
    use super::*;

    /// Every name compared, all of them sorted.
    fn brute_force(names: &[String], text: &str, k: usize, above: f32) -> Vec<(u32, u32)> {
        let each = (0..).zip(names).map(|(number, name)| (similarity(name, text), number));
        let mut all: Vec<(f32, u32)> = each.filter(|(s, _)| *s > above && *s > 0.0).collect();
        all.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        all.into_iter().take(k).map(|(s, number)| (number, s.to_bits())).collect()
    }

    fn found(index: &TrigramIndex, text: &str, k: usize, above: f32) -> Vec<(u32, u32)> {
        let hits = index.top(text, k, above).into_iter();
        hits.map(|hit| (hit.number, hit.similarity.to_bits())).collect()
    }

    #[test]
    fn equal_names_come_by_number_and_the_floor_is_not_reached_by_its_equal() {
        let index = TrigramIndex::new(&["ab", "AB", "cd", "a b", "ab!"]);
        let numbers = |above| {
            let hits = index.top("ab", 9, above);
            hits.iter().map(|hit| hit.number).collect::<Vec<_>>()
        };
        assert_eq!(numbers(0.0), [0, 1, 4, 3]);
        assert_eq!(numbers(1.0 / 6.0), [0, 1, 4]);
        assert_eq!(numbers(1.0), [0; 0]);
        assert_eq!(index.top("ab", 0, 0.0), []);
        assert_eq!(index.top("\u{1f600}", 9, -1.0), []);
        assert_eq!((index.len(), TrigramIndex::new::<&str>(&[]).top("ab", 9, 0.0)), (5, vec![]));
    }

    #[test]
    fn texts_of_more_trigrams_than_a_byte_counts_are_found_too() {
        let long = |from: u32| -> String {
            (from..from + 400).map(|at| format!("{:x} ", at.wrapping_mul(2_654_435_761))).collect()
        };
        let names = [long(0), "2f".to_owned(), long(100), long(390), "\u{e9}".repeat(9)];
        let index = TrigramIndex::new(&names);
        for text in &names {
            for above in [0.0, 0.3, 0.99] {
                assert_eq!(found(&index, text, 3, above), brute_force(&names, text, 3, above));
            }
        }
    }

    proptest! {
        #[test]
        fn the_index_gives_what_comparing_with_every_name_gives(
            names in prop::collection::vec("[a-cA-C0 .\u{e9}\u{130}]{0,9}|[a-e]{1,3} [a-e]{1,5}", 0..150),
            text in "[a-cA-C0 .\u{e9}\u{130}]{0,12}|[a-f]{1,4} [a-e]{1,6}|\\PC{0,9}",
            k in 0_usize..9,
            above in prop::sample::select(vec![-1.0, 0.0, 0.2, 0.25, 0.3, 0.5, 1.0, f32::NAN]),
        ) {
            let index = TrigramIndex::new(&names);
            // What is not a number is taken for 0.
            let floor = above.max(0.0);
            prop_assert_eq!(found(&index, &text, k, above), brute_force(&names, &text, k, floor));
        }
    }
}
