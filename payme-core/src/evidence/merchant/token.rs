//! The tokens of a descriptor, what kind each is of, and texts in several spellings.
//!
//! In: any text. Out: tokens of the folded text (`text/fold.rs`). `*` and `#` are tokens of their
//! own; `.`, `-` and `/` stay inside a token between letters and digits, so that dates, phone
//! numbers and web addresses can be told; apostrophes vanish; all else separates.

use crate::text::{fold, is_apostrophe};
use crate::types::State;

/// Characters beyond this are not read: a bank's text has a tenth of it.
const CHARS_MAX: usize = 256;

/// The tokens of a text.
pub(super) fn split(text: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut token = String::new();
    let plain: String = text.chars().take(CHARS_MAX).filter(|c| !is_apostrophe(*c)).collect();
    let folded = fold(&plain);
    let mut chars = folded.chars().peekable();
    while let Some(c) = chars.next() {
        let goes_on = chars.peek().copied().is_some_and(char::is_alphanumeric);
        match c {
            '.' | '-' | '/' if goes_on && token.ends_with(char::is_alphanumeric) => token.push(c),
            ':' if goes_on && token.ends_with(|c: char| c.is_ascii_digit()) => token.push(c),
            c if c.is_alphanumeric() => token.push(c),
            c => {
                flush(&mut token, &mut tokens);
                if c == '&' {
                    tokens.push("and".to_owned());
                }
                if matches!(c, '*' | '#') && tokens.last().is_none_or(|last| *last != c.to_string())
                {
                    tokens.push(c.to_string());
                }
            }
        }
    }
    flush(&mut token, &mut tokens);
    tokens
}

fn flush(token: &mut String, tokens: &mut Vec<String>) {
    if token == "co" && tokens.last().is_some_and(|last| last == "and") {
        // The end of a name, as in "Max & Co", and not a legal form.
        tokens.pop();
        token.insert_str(0, "and");
    }
    if !token.is_empty() {
        tokens.push(std::mem::take(token));
    }
}

/// The words of tokens: nothing but letters and digits.
pub(super) fn words(tokens: &[String]) -> Vec<String> {
    let parts = tokens.iter().flat_map(|token| token.split(|c: char| !c.is_alphanumeric()));
    let mut words = Vec::new();
    for part in parts {
        flush(&mut part.to_owned(), &mut words);
    }
    words
}

/// A text of words without its blanks, and without `the` and `and`, which come and go.
pub(super) fn squash(text: &str) -> String {
    let words = || text.split(' ').filter(|word| !matches!(*word, "the" | "and"));
    let kept: String = words().collect();
    if kept.is_empty() { text.split(' ').collect() } else { kept }
}

/// Whether a letter may be left out where a name is made shorter.
pub(super) const fn is_vowel(c: char) -> bool {
    matches!(c, 'a' | 'e' | 'i' | 'o' | 'u')
}

/// A text without vowels, but for those that begin a word.
pub(super) fn skeleton(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if !is_vowel(c) || out.is_empty() || out.ends_with(' ') {
            out.push(c);
        }
    }
    out
}

/// The words of a web address without what every one has: `www.x.com/y` says `x`.
pub(super) fn without_domain(token: &str) -> Option<&str> {
    const ENDS: [&str; 9] = [".com", ".net", ".org", ".co", ".io", ".us", ".app", ".biz", ".store"];
    let host = token.split('/').next().unwrap_or(token);
    let host = host.strip_prefix("www.").unwrap_or(host);
    let name = ENDS.iter().find_map(|end| host.strip_suffix(end))?;
    let name = name.rsplit('.').next().unwrap_or(name);
    (!name.is_empty()).then_some(name)
}

pub(super) fn is_digits(token: &str) -> bool {
    !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_digit())
}

fn digits(token: &str) -> usize {
    token.bytes().map(|byte| usize::from(byte.is_ascii_digit())).sum()
}

/// The number of a shop: digits, or digits behind one letter or two.
pub(super) fn is_number(token: &str) -> bool {
    let rest = token.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let letters = token.len() - rest.len();
    let rest = rest.strip_prefix('-').unwrap_or(rest);
    is_digits(rest) && (letters == 0 || (letters <= 2 && rest.len() >= 3))
}

/// Two or three small numbers with `/` or `-` between them.
pub(super) fn is_date(token: &str) -> bool {
    let by = if token.contains('/') { '/' } else { '-' };
    let parts: Vec<&str> = token.split(by).collect();
    let is_small = |part: &&str| is_digits(part) && part.len() <= 2;
    match parts[..] {
        [month, day] => by == '/' && is_small(&month) && is_small(&day),
        [first, month, day] => {
            let has_year = is_small(&day) || (is_digits(day) && day.len() == 4);
            let is_iso = is_digits(first) && first.len() == 4 && is_small(&day);
            is_small(&month) && ((is_small(&first) && has_year) || is_iso)
        }
        _ => false,
    }
}

/// Hours and minutes.
pub(super) fn is_time(token: &str) -> bool {
    let bare = token.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let parts: Vec<&str> = bare.split(':').collect();
    (2..=3).contains(&parts.len()) && parts.iter().all(|part| is_digits(part) && part.len() <= 2)
}

/// Seven to eleven digits, in groups or ten at once.
pub(super) fn is_phone(token: &str) -> bool {
    let is_all = token.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'.'));
    let count = digits(token);
    let is_grouped = count < token.len();
    is_all && ((is_grouped && (7..=11).contains(&count)) || matches!(count, 10 | 11))
}

/// At most three letters, as the marks of processors have that no rule knows.
pub(super) fn is_short(token: &str) -> bool {
    token.len() <= 3 && token.bytes().all(|byte| byte.is_ascii_lowercase())
}

/// The end of a card's number behind letters that hide the rest.
pub(super) fn is_mask(token: &str) -> bool {
    let rest = token.trim_start_matches('x');
    let hidden = token.len() - rest.len();
    hidden >= 2 && (rest.is_empty() || is_digits(rest))
}

/// A reference: five digits or more, or letters and digits mixed in one word of at least five. A
/// word of a name with a digit or two at its end, as in `rue21`, is none.
pub(super) fn is_id(token: &str) -> bool {
    const WORD: usize = 6;
    let count = digits(token);
    let is_plain = token.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let bare = token.trim_end_matches(|c: char| c.is_ascii_digit());
    let is_word = digits(bare) == 0 && count <= 2 && !bare.is_empty();
    let has_word = token.split(|c: char| !c.is_ascii_alphabetic()).any(|run| run.len() >= WORD);
    let is_mixed = count < token.len() && (count >= 2 || (count == 1 && token.len() >= 8));
    let is_reference = is_mixed && !is_word && !has_word && !is_number(token);
    is_plain && token.len() >= 5 && (is_digits(token) || is_reference)
}

/// The state whose code a token is.
pub(super) fn state(token: &str) -> Option<State> {
    if token.len() == 2 { token.to_ascii_uppercase().parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_keep_what_tells_their_kind() {
        #[rustfmt::skip]
        let table: [(&str, &[&str]); 11] = [
            ("SQ *BLUE BOTTLE",        &["sq", "*", "blue", "bottle"]),
            ("TST* Fyfe's #12",        &["tst", "*", "fyfes", "#", "12"]),
            ("CAF\u{c9} Cafe\u{301}",  &["cafe", "cafe"]),
            ("\u{ff33}\u{ff31} \u{ff0a}x\u{2122}",    &["sq", "*", "x"]),
            ("7-ELEVEN 03/14 -x- a-",  &["7-eleven", "03/14", "x", "a"]),
            ("www.a-b.com/bill, x.",   &["www.a-b.com/bill", "x"]),
            ("10:30 ref:12",           &["10:30", "ref", "12"]),
            ("AT&T **a",               &["at", "and", "t", "*", "a"]),
            ("Max & Co., Max and Co", &["max", "andco", "max", "andco"]),
            ("\u{202e}\u{1f600}\u{7}", &[]),
            ("\u{5d0}\u{5d1} \u{627}", &["\u{5d0}\u{5d1}", "\u{627}"]),
        ];
        for (text, expected) in table {
            assert_eq!(split(text), expected, "{text:?}");
        }
        assert_eq!(split(&"ab ".repeat(5_000)).len(), 86);
    }

    type Kind = fn(&str) -> bool;

    #[test]
    fn kinds_of_tokens() {
        #[rustfmt::skip]
        let table: [(Kind, &[&str], &[&str]); 8] = [
            (is_digits, &["0", "123"],                              &["", "1a", "\u{661}"]),
            (is_number, &["7", "1234", "t123", "st-0042"],          &["abc", "a1", "abc123", "7-eleven", ""]),
            (is_date,   &["3/14", "03/14/26", "2026-03-14", "03-14-2026"], &["3-14", "314", "1/2/3/4", "123/4"]),
            (is_time,   &["10:30", "9:05pm", "10:30:00"],           &["10", "123:4", "a:b"]),
            (is_phone,  &["415-555-0100", "4155550100", "800.555.0100", "555-0100"], &["12345", "1-2", "x415-555-0100"]),
            (is_mask,   &["xxxx1234", "xx"],                        &["x1234", "xxa", "exxon"]),
            (is_id,     &["12345", "2k3ab1", "a1-b2c3", "mthnd3hy"],  &["1234", "7-eleven", "b2b", "t-0423", "rue21", "1800flowers"]),
            (|token| state(token).is_some(), &["ca", "tx"],         &["zz", "c", "cal"]),
        ];
        for (is, yes, no) in table {
            for token in yes {
                assert!(is(token), "{token}");
            }
            for token in no {
                assert!(!is(token), "{token}");
            }
        }
    }

    #[test]
    fn spellings() {
        assert_eq!(skeleton("ohio art eau"), "oh art e");
        assert_eq!((squash("the b and c"), squash("the and")), ("bc".into(), "theand".into()));
        for (token, name) in [
            ("www.netflix.com", Some("netflix")),
            ("help.uber.com/bill", Some("uber")),
            ("apple.com/bill", Some("apple")),
            (".com", None),
            ("welcome", None),
        ] {
            assert_eq!(without_domain(token), name, "{token}");
        }
    }
}
