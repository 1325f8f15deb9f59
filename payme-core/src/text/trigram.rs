//! The trigrams of a text, and the similarity of two texts.
//!
//! A *word* is a run of letters and digits, in lower case, with two blanks put before it and one
//! behind it. The trigrams of a text are those of its words: a set, so that neither the order of
//! words nor repetition matters. With `A` and `B` the sets of two texts,
//! `similarity = |A and B| / (|A| + |B| - |A and B|)`, and 0 where either is empty.
//!
//! Letters and digits are what Unicode calls so. `pg_trgm` asks the locale of its database, and
//! keeps a trigram with letters outside ASCII as a hash of 24 bits; here it is kept whole.
//! Source: the documentation of `pg_trgm` 1.6, "Functions and Operators".

/// The blank that stands around words.
const BLANK: char = ' ';
/// A character has at most 21 bits.
const CHAR_BITS: u32 = 21;

/// The trigrams of one text, for comparing it with several others.
///
/// ```
/// use payme_core::text::{Trigrams, similarity};
/// let name = Trigrams::of("Hulu");
/// assert_eq!(name.len(), 5); // "  h", " hu", "hul", "ulu", "lu "
/// assert_eq!(name.similarity(&Trigrams::of("hulu llc")), similarity("Hulu", "hulu llc"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trigrams {
    /// Each trigram once, ascending; three characters of 21 bits.
    packed: Vec<u64>,
}

impl Trigrams {
    /// The trigrams of a text.
    pub fn of(text: &str) -> Self {
        let mut packed = Vec::with_capacity(text.len() + 1);
        for_each(text, |trigram| packed.push(pack(trigram)));
        packed.sort_unstable();
        packed.dedup();
        Self { packed }
    }

    /// How many there are.
    pub const fn len(&self) -> usize {
        self.packed.len()
    }

    /// Whether the text has no letter and no digit.
    pub const fn is_empty(&self) -> bool {
        self.packed.is_empty()
    }

    /// How many trigrams two texts share.
    pub fn shared(&self, other: &Self) -> usize {
        let (mut left, mut right) = (self.packed.iter(), other.packed.iter());
        let (mut a, mut b) = (left.next(), right.next());
        let mut shared = 0;
        while let (Some(x), Some(y)) = (a, b) {
            shared += usize::from(x == y);
            if x <= y {
                a = left.next();
            }
            if y <= x {
                b = right.next();
            }
        }
        shared
    }

    /// The similarity of two texts, from 0 to 1.
    pub fn similarity(&self, other: &Self) -> f32 {
        ratio(self.shared(other), self.len(), other.len())
    }
}

/// How similar two texts are by their trigrams, from 0 to 1, as `pg_trgm` has it.
///
/// `shared / (|A| + |B| - shared)` in single precision; 0 where either has no letter or digit.
/// ```
/// use payme_core::text::similarity;
/// assert_eq!(similarity("word", "two words"), 4.0 / 11.0);
/// assert_eq!(similarity("AT&T", "at t"), 1.0);
/// assert_eq!(similarity("", "a"), 0.0);
/// ```
pub fn similarity(a: &str, b: &str) -> f32 {
    Trigrams::of(a).similarity(&Trigrams::of(b))
}

/// The similarity of sets of these sizes. Of 0 shared ones it is 0, so never 0 / 0.
#[expect(clippy::cast_precision_loss, reason = "rounding to single is what pg_trgm does")]
pub(super) const fn ratio(shared: usize, len_a: usize, len_b: usize) -> f32 {
    if shared == 0 { 0.0 } else { shared as f32 / (len_a + len_b - shared) as f32 }
}

/// Gives each trigram of a text in turn, a repeated one again.
pub(super) fn for_each(text: &str, mut take: impl FnMut([char; 3])) {
    let (mut first, mut second) = (BLANK, BLANK);
    for c in text.chars() {
        if c.is_alphanumeric() {
            let third = lower(c);
            take([first, second, third]);
            (first, second) = (second, third);
        } else if second != BLANK {
            take([first, second, BLANK]);
            (first, second) = (BLANK, BLANK);
        }
    }
    if second != BLANK {
        take([first, second, BLANK]);
    }
}

/// One character for one: of a mapping to several, such as that of the dotted capital I, the
/// first, which is what C libraries have.
fn lower(c: char) -> char {
    if c.is_ascii() { c.to_ascii_lowercase() } else { c.to_lowercase().next().unwrap_or(c) }
}

pub(super) fn pack([first, second, third]: [char; 3]) -> u64 {
    [first, second, third].into_iter().fold(0, |packed, c| packed << CHAR_BITS | u64::from(c))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    /// Values of `pg_trgm` 1.6, asked of `PostgreSQL` 15.
    #[test]
    fn similarity_is_that_of_pg_trgm() {
        #[rustfmt::skip]
        let table: [(&str, &str, f32); 18] = [
            ("word",                "two words",          0.363_636_37),
            ("Hulu",                "hulu llc",           0.555_555_6),
            ("AMZN Mktp US",        "amazon marketplace", 0.103_448_28),
            ("",                    "a",                  0.0),
            ("",                    "",                   0.0),
            ("-*-",                 "-*-",                0.0),
            ("aaaa",                "aaa",                1.0),
            ("AT&T",                "at t",               1.0),
            ("t at",                "AT&T",               1.0),
            ("netflix.com",         "NETFLIX",            0.666_666_7),
            ("SQ *BLUE BOTTLE 123", "Blue Bottle Coffee", 0.44),
            ("a",                   "a",                  1.0),
            ("a",                   "ab",                 0.25),
            ("7-Eleven 1234",       "7 eleven",           9.0 / 14.0),
            ("snake_case",          "snake case",         1.0),
            ("Caf\u{e9}",           "CAF\u{c9}",          1.0),
            ("Caf\u{e9}",           "Cafe",               3.0 / 7.0),
            ("ab cd ab",            "cd ab",              1.0),
        ];
        for (a, b, expected) in table {
            assert_eq!(similarity(a, b).to_bits(), expected.to_bits(), "{a} and {b}");
        }
    }

    #[test]
    fn padding_stands_around_each_word() {
        let mut found = Vec::new();
        for_each("Ab, \u{130}!c", |trigram| found.push(String::from_iter(trigram)));
        assert_eq!(found, ["  a", " ab", "ab ", "  i", " i ", "  c", " c "]);
        assert_eq!(Trigrams::of("abc").len(), 4);
        assert!(Trigrams::of("\u{1f600} \u{202e}").is_empty());
    }

    /// A second implementation: padded words, windows of three, sets of texts.
    fn oracle(text: &str) -> BTreeSet<String> {
        let lower = |c: char| if c.is_alphanumeric() { lower(c) } else { ' ' };
        let text: String = text.chars().map(lower).collect();
        let mut set = BTreeSet::new();
        for word in text.split_whitespace() {
            let padded: Vec<char> = format!("  {word} ").chars().collect();
            set.extend(padded.windows(3).map(String::from_iter));
        }
        set
    }

    proptest! {
        #[test]
        fn similarity_is_symmetric_and_that_of_sets_of_windows(
            a in "[a-dA-D0-1 .\u{e9}\u{c9}]{0,12}|\\PC{0,12}",
            b in "[a-dA-D0-1 .\u{e9}\u{c9}]{0,12}|\\PC{0,12}",
        ) {
            let (left, right) = (oracle(&a), oracle(&b));
            let single = |count: usize| f32::from(u16::try_from(count).unwrap());
            let shared = single(left.intersection(&right).count());
            let either = single(left.union(&right).count());
            let expected = if left.is_empty() && right.is_empty() { 0.0 } else { shared / either };
            prop_assert_eq!(similarity(&a, &b).to_bits(), expected.to_bits());
            prop_assert_eq!(similarity(&a, &b).to_bits(), similarity(&b, &a).to_bits());
            prop_assert!((0.0..=1.0).contains(&similarity(&a, &b)));
            prop_assert_eq!(similarity(&a, &a).to_bits() == 1.0_f32.to_bits(), !left.is_empty());
        }
    }
}
