//! A text as words, and phrases that are looked for in it.
//!
//! In: any text. Out: its words in lower case with their places, punctuation marks as words of
//! their own. A phrase is written as words with a space between them: `bought|purchased` is either
//! word, `*` is any one word, and a word with `?` behind it may be missing.
//! Nothing here fails, whatever the text is.

use std::ops::Range;

/// One word or punctuation mark.
#[derive(Debug, Clone)]
pub(super) struct Word<'a> {
    /// As it is written.
    pub(super) raw: &'a str,
    /// In lower case, with a straight apostrophe.
    pub(super) low: String,
    /// Where it begins, in bytes.
    pub(super) start: usize,
}

impl Word<'_> {
    /// Where it ends, in bytes.
    pub(super) const fn end(&self) -> usize {
        self.start + self.raw.len()
    }

    /// Whether it is a word or a number and not a mark.
    pub(super) fn is_word(&self) -> bool {
        self.raw.starts_with(char::is_alphanumeric)
    }

    /// Whether it begins with a capital letter.
    pub(super) fn is_capital(&self) -> bool {
        self.raw.starts_with(char::is_uppercase)
    }
}

/// A text as words.
#[derive(Debug, Clone)]
pub(super) struct Words<'a> {
    text: &'a str,
    items: Vec<Word<'a>>,
    /// The first word of each kind, and behind each word the next one of its kind: most words that
    /// are looked for are not there, and nothing has to be sorted.
    first: [Option<usize>; 256],
    next: Vec<Option<usize>>,
}

impl<'a> Words<'a> {
    /// The words of a text.
    pub(super) fn of(text: &'a str) -> Self {
        let mut items = Vec::new();
        let mut chars = text.char_indices().peekable();
        while let Some((start, c)) = chars.next() {
            let mut end = start + c.len_utf8();
            if c.is_alphanumeric() {
                while let Some((at, next)) = chars.peek().copied() {
                    let inner = matches!(next, '\'' | '\u{2019}')
                        && text
                            .get(at + next.len_utf8()..)
                            .is_some_and(|rest| rest.starts_with(char::is_alphanumeric));
                    if !next.is_alphanumeric() && !inner {
                        break;
                    }
                    end = at + next.len_utf8();
                    chars.next();
                }
            } else if c.is_whitespace() || c.is_control() {
                continue;
            }
            let raw = text.get(start..end).unwrap_or_default();
            items.push(Word { raw, low: lowered(raw), start });
        }
        let mut first = [None; 256];
        let mut next = vec![None; items.len()];
        for (at, word) in items.iter().enumerate().rev() {
            if let (Some(first), Some(next)) = (first.get_mut(kind(&word.low)), next.get_mut(at)) {
                *next = first.replace(at);
            }
        }
        Self { text, items, first, next }
    }

    /// How many there are.
    pub(super) const fn len(&self) -> usize {
        self.items.len()
    }

    /// The word at a place.
    pub(super) fn get(&self, at: usize) -> Option<&Word<'a>> {
        self.items.get(at)
    }

    /// The word at a place in lower case, or the empty text.
    pub(super) fn low(&self, at: usize) -> &str {
        self.items.get(at).map_or("", |word| word.low.as_str())
    }

    /// Every word, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Word<'a>> {
        self.items.iter()
    }

    /// The text from one word up to, and without, another.
    pub(super) fn slice(&self, words: Range<usize>) -> &'a str {
        let (Some(first), Some(last)) =
            (self.items.get(words.start), self.items.get(words.end.saturating_sub(1)))
        else {
            return "";
        };
        self.text.get(first.start..last.end()).unwrap_or_default()
    }

    /// Where a phrase that begins at a word ends, if it stands there.
    pub(super) fn phrase_at(&self, at: usize, phrase: &str) -> Option<usize> {
        let mut here = at;
        for part in phrase.split(' ') {
            let (part, may_miss) =
                part.strip_suffix('?').map_or((part, false), |part| (part, true));
            let low = self.low(here);
            let fits = !low.is_empty() && (part == "*" || part.split('|').any(|one| one == low));
            match (fits, may_miss) {
                (true, _) => here += 1,
                (false, true) => {}
                (false, false) => return None,
            }
        }
        Some(here)
    }

    /// The words of the first of some phrases that stands anywhere, the leftmost first.
    pub(super) fn find(&self, phrases: &[&str]) -> Option<Range<usize>> {
        self.find_from(0, phrases)
    }

    /// The same from a word on. Of phrases that begin at one word the first in the list counts.
    pub(super) fn find_from(&self, from: usize, phrases: &[&str]) -> Option<Range<usize>> {
        let mut best: Option<Range<usize>> = None;
        for phrase in phrases {
            let first = phrase.split(' ').next().unwrap_or_default();
            let bound = best.as_ref().map_or(self.len(), |best| best.start);
            let stands = |at: usize| Some(at..self.phrase_at(at, phrase)?);
            // A phrase can only stand where its first word does.
            let found = if first == "*" || first.ends_with('?') {
                (from..bound).find_map(stands)
            } else {
                let places = first.split('|').flat_map(|low| self.places(low));
                let places = places.filter(|at| (from..bound).contains(at));
                places.filter_map(stands).min_by_key(|found| found.start)
            };
            best = found.or(best);
        }
        best
    }

    /// Every place where a phrase stands that begins with words and not with `*` or a missing one.
    pub(super) fn all<'b>(&'b self, phrase: &'b str) -> impl Iterator<Item = Range<usize>> + 'b {
        let first = phrase.split(' ').next().unwrap_or_default();
        let places = first.split('|').flat_map(|low| self.places(low));
        places.filter_map(move |at| Some(at..self.phrase_at(at, phrase)?))
    }

    /// Where a word stands, in order.
    fn places<'b>(&'b self, low: &'b str) -> impl Iterator<Item = usize> + 'b {
        let first = self.first.get(kind(low)).copied().flatten();
        let next = |at: &usize| self.next.get(*at).copied().flatten();
        std::iter::successors(first, next).filter(move |at| self.low(*at) == low)
    }

    /// Whether one of some phrases stands anywhere.
    pub(super) fn has(&self, phrases: &[&str]) -> bool {
        self.find(phrases).is_some()
    }

    /// Whether one of some words stands among the `count` before a place, in the same sentence.
    pub(super) fn before(&self, at: usize, count: usize, words: &[&str]) -> bool {
        (at.saturating_sub(count)..at)
            .rev()
            .map(|here| self.low(here))
            .take_while(|low| !matches!(*low, ";" | "!" | "?"))
            .any(|low| words.contains(&low))
    }
}

/// A word in lower case, with a straight apostrophe.
fn lowered(raw: &str) -> String {
    let low = raw.to_lowercase();
    if low.is_ascii() { low } else { low.replace('\u{2019}', "'") }
}

/// A number below 256 that equal words share.
fn kind(low: &str) -> usize {
    let byte = |byte: Option<u8>| usize::from(byte.unwrap_or(0));
    (byte(low.bytes().next()) * 37 + byte(low.bytes().next_back()) * 11 + low.len()) % 256
}

/// Whether a character shows nothing and can make a text read as another one: marks of direction,
/// of joining and of variants, and spaces without a width.
pub(super) const fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff9}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// A text without characters that show nothing.
pub(super) fn visible(text: &str) -> String {
    text.chars().filter(|c| !is_invisible(*c)).collect()
}

/// A text on one line: each run of space and control characters one space, without characters that
/// show nothing, cut to so many characters.
pub(super) fn one_line(text: &str, chars_max: usize) -> String {
    let mut out = String::new();
    let text = visible(text);
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    for word in words.filter(|word| !word.is_empty()) {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    if out.chars().count() > chars_max {
        out = out.chars().take(chars_max.saturating_sub(1)).collect::<String>().trim_end().into();
        out.push('\u{2026}');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_have_their_places() {
        let text = "Tom\u{2019}s, and\u{a0}$5.00 (é)";
        let words = Words::of(text);
        let low: Vec<&str> = words.iter().map(|word| word.low.as_str()).collect();
        assert_eq!(low, ["tom's", ",", "and", "$", "5", ".", "00", "(", "é", ")"]);
        assert_eq!(words.slice(3..7), "$5.00");
        assert_eq!(words.slice(3..3), "");
        assert_eq!(words.slice(9..40), "");
    }

    #[test]
    fn phrases_stand_where_the_table_says() {
        let words = Words::of("You may opt-out of it, or opt out by mail.");
        #[rustfmt::skip]
        let table: [(&str, Option<Range<usize>>); 6] = [
            ("opt -? out",        Some(2..5)),
            ("opt out by|until",  Some(9..12)),
            ("opt * out of",      Some(2..6)),
            ("may opted? opt",    Some(1..3)),
            ("by mail now",       None),
            ("leave|mail .",      Some(12..14)),
        ];
        for (phrase, expected) in table {
            assert_eq!(words.find(&[phrase]), expected, "{phrase}");
        }
        assert!(words.before(12, 3, &["out"]) && !words.before(12, 1, &["out"]));
    }

    #[test]
    fn a_line_is_cut_where_it_is_too_long() {
        assert_eq!(one_line(" a\n\t b\u{7}c ", 10), "a b c");
        assert_eq!(one_line("abcdef", 4), "abc\u{2026}");
        assert_eq!(one_line("abcd", 4), "abcd");
        assert_eq!(one_line("a\u{202e}b\u{200b} \u{feff} c\u{2028}d", 9), "ab c d");
    }
}
