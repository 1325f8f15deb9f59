//! Places of the United States by state, to tell where a bank says that a purchase was made.
//!
//! In: `data/us_places.txt`, which is read where it stands, and words before the code of a state.
//! Out: whether these are a place of that very state, in full or cut off. A word that is a place
//! of another state only is none. Abbreviations are written out by the caller.

use std::cmp::Ordering;

use crate::types::State;

const BUILT_IN: &str = include_str!("../../../data/us_places.txt");

/// Several words that begin a place have so many letters, so that they cannot be another's.
const CUT_LETTERS_MIN: usize = 5;
/// One word that is the beginning of another has more: `christian` begins `Christiansburg`.
const CUT_WORD_LETTERS_MIN: usize = 10;

/// A place may be misspelt in one letter where several words, or one, have so many letters.
const MISSPELT_LETTERS_MIN: [usize; 2] = [8, 9];

/// The places of each state; none by default.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Places {
    /// The names with `|` between them, in the order of their letters without blanks.
    by_state: Vec<(State, &'static str)>,
}

impl Places {
    /// The places that come with the engine.
    pub(super) fn built_in() -> Self {
        let line = |line: &'static str| {
            let (state, names) = line.split_once(':')?;
            Some((state.parse().ok()?, names))
        };
        let lines = BUILT_IN.lines().filter(|line| !line.starts_with('#'));
        Self { by_state: lines.filter_map(line).collect() }
    }

    /// Whether words, apart or run together, are a place of a state.
    pub(super) fn is_place(&self, state: State, words: &[&str]) -> bool {
        let letters = words.concat();
        let mut found = self.from(state, &letters);
        !letters.is_empty() && found.next().is_some_and(|name| letters_of(name).eq(letters.bytes()))
    }

    /// Whether words are the beginning of a place of a state, as where a bank cuts names off.
    pub(super) fn begins_place(&self, state: State, words: &[&str]) -> bool {
        let (letters, text) = (words.concat(), words.join(" "));
        let begins = |name: &str| match (words, name.strip_prefix(text.as_str())) {
            ([_], Some(rest)) => !rest.starts_with(' '),
            ([_], None) => true,
            (_, rest) => rest.is_some(),
        };
        let least = if words.len() == 1 { CUT_WORD_LETTERS_MIN } else { CUT_LETTERS_MIN };
        letters.len() >= least && self.from(state, &letters).any(begins)
    }

    /// Whether words are a place of a state but for a letter that is wrong, too many, left out, or
    /// swapped with its neighbour. The first and the last letter are right: `christian` is not
    /// Christiana.
    pub(super) fn is_nearly_place(&self, state: State, words: &[&str]) -> bool {
        let letters = words.concat();
        let least = MISSPELT_LETTERS_MIN[usize::from(words.len() < 2)];
        let first = letters.char_indices().nth(1).and_then(|(at, _)| letters.get(..at));
        letters.len() >= least
            && first.is_some_and(|first| {
                let mut all = self.from(state, first);
                all.any(|name| {
                    name.bytes().last() == letters.bytes().last()
                        && is_one_edit(letters.as_bytes(), name)
                })
            })
    }

    /// The places of a state that begin with these letters, the shortest first.
    fn from<'a>(&self, state: State, letters: &'a str) -> impl Iterator<Item = &'static str> + 'a {
        let of_state = self.by_state.iter().find(|(known, _)| *known == state);
        let names = of_state.map_or("", |(_, names)| *names);
        let behind = names.get(first_from(names, letters)..).unwrap_or_default();
        let begins = move |name: &&str| {
            let mut of_name = letters_of(name);
            letters.bytes().all(|byte| of_name.next() == Some(byte))
        };
        behind.split('|').take_while(begins)
    }
}

/// Where in a list of names the first one stands that is not before these letters.
fn first_from(names: &str, letters: &str) -> usize {
    // Both ends are always those of a name; the one looked at is that in which the middle falls.
    let (mut low, mut high) = (0, names.len());
    while low < high {
        let middle = low + (high - low) / 2;
        let before = names.get(low..middle).and_then(|part| part.rfind('|'));
        let start = before.map_or(low, |at| low + at + 1);
        let behind = names.get(start..high).and_then(|part| part.find('|'));
        let end = behind.map_or(high, |at| start + at);
        if letters_of(names.get(start..end).unwrap_or_default()).lt(letters.bytes()) {
            low = high.min(end + 1);
        } else {
            high = start;
        }
    }
    low
}

/// A name without its blanks.
fn letters_of(name: &str) -> impl Iterator<Item = u8> + '_ {
    name.bytes().filter(|byte| *byte != b' ')
}

/// Whether a text becomes a name, without its blanks, by one edit.
fn is_one_edit(text: &[u8], name: &str) -> bool {
    if text.len().abs_diff(letters_of(name).count()) > 1 {
        return false;
    }
    let of_name: Vec<u8> = letters_of(name).collect();
    let same = text.iter().zip(&of_name).take_while(|(a, b)| a == b).count();
    let rest = |all: &[u8], from: usize| all.get(from..).unwrap_or_default().to_vec();
    let (text, name) = (rest(text, same), rest(&of_name, same));
    match text.len().cmp(&name.len()) {
        Ordering::Less => rest(&name, 1) == text,
        Ordering::Greater => rest(&text, 1) == name,
        Ordering::Equal => {
            let is_swapped = text.len() > 1 && text[0] == name[1] && text[1] == name[0];
            rest(&text, 1) == rest(&name, 1) || (is_swapped && rest(&text, 2) == rest(&name, 2))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn state(code: &str) -> State {
        code.parse().unwrap()
    }

    #[test]
    fn every_line_is_read_and_in_order() {
        let places = Places::built_in();
        let lines = BUILT_IN.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!((places.by_state.len(), lines), (56, 56));
        for (state, names) in &places.by_state {
            let letters: Vec<String> = names.split('|').map(|name| name.replace(' ', "")).collect();
            assert!(letters.windows(2).all(|two| two[0] < two[1]), "{state:?}");
            let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
            assert!(letters.iter().all(|name| name.len() > 2 && name.chars().all(is_plain)));
        }
    }

    #[test]
    fn a_place_is_one_of_its_own_state() {
        let places = Places::built_in();
        #[rustfmt::skip]
        let table = [
            // State, words, whether they are a place, and whether they begin one.
            ("CA", "oakland",         true,  false),
            ("CA", "oak land",        true,  false),
            ("NY", "new york",        true,  true),
            ("NY", "newyork",         true,  false),
            ("UT", "salt lake city",  true,  true),
            ("UT", "salt la",         false, true),
            ("UT", "saltlakeci",      false, true),
            ("CA", "san francisc",    false, true),
            ("FL", "jacksonvil",      false, true),
            ("FL", "jackson",         false, false),
            ("VA", "christian",       false, false),
            ("NY", "oakland",         false, false),
            ("MD", "john",            false, false),
            ("WI", "arena",           false, false),
            ("CA", "a",               false, false),
            ("CA", "",                false, false),
            ("CA", "zzz",             false, false),
        ];
        for (code, text, is_place, begins) in table {
            let words: Vec<&str> = text.split(' ').collect();
            assert_eq!(places.is_place(state(code), &words), is_place, "{text} {code}");
            assert_eq!(places.begins_place(state(code), &words), begins, "{text} {code}");
        }
        assert!(!Places::default().is_place(state("CA"), &["oakland"]));
    }

    proptest! {
        #[test]
        fn looking_up_is_what_going_through_all_names_gives(
            code in prop::sample::select(vec!["CA", "NY", "DC", "AS"]),
            text in "[a-o ]{0,4}|(san|new|oak|lake)[a-z ]{0,4}",
        ) {
            let (places, state) = (Places::built_in(), state(code));
            let words: Vec<&str> = text.split_whitespace().collect();
            let (_, names) = places.by_state.iter().find(|(known, _)| *known == state).unwrap();
            let all: Vec<String> = names.split('|').map(|name| name.replace(' ', "")).collect();
            let letters = words.concat();
            let found: Vec<String> =
                places.from(state, &letters).map(|name| name.replace(' ', "")).collect();
            let expected: Vec<&String> =
                all.iter().filter(|name| name.starts_with(&letters)).collect();
            prop_assert_eq!(found.iter().collect::<Vec<_>>(), expected);
            let is_place = !letters.is_empty() && all.contains(&letters);
            prop_assert_eq!(places.is_place(state, &words), is_place);
        }
    }
}
