//! How close what a bank wrote is to a name, as banks and people make names shorter.
//!
//! In: two texts without blanks. Out: a closeness from 0 to 1. It is one minus the cost of the
//! cheapest edits, over the length of the longer text. A wrong or an added letter costs more than
//! 1, because that is how two names differ. What happens to one name in descriptors costs less: a
//! letter left out, most of all a vowel; two letters swapped; one doubled, or one of two left out;
//! and an end cut off behind [`CUT_FROM`] letters.

use super::token::is_vowel;

/// The cost of a letter's length, in hundredths.
const LETTER: u32 = 100;
/// A wrong letter, or one too many.
const WRONG: u32 = 140;
/// A consonant that was left out.
const CONSONANT: u32 = 80;
/// A vowel that was left out.
const VOWEL: u32 = 40;
/// Two letters that were swapped.
const SWAPPED: u32 = 60;
/// A letter that was doubled, or one of two that was left out.
const DOUBLED: u32 = 40;
/// Each letter that was cut off at the end.
const CUT: u32 = 12;
/// A text of fewer letters is not one that was cut.
const CUT_FROM: usize = 8;
/// Longer texts are compared by their first letters: no name is longer.
const LETTERS_MAX: usize = 64;

/// The closeness of what was written to a name, whose end may be missing, from 0 to 1.
pub(super) fn closeness(written: &str, name: &str) -> f64 {
    let [written, name] = [written, name].map(letters);
    let costs = costs(&written, &name);
    let whole = costs.last().copied().unwrap_or(0);
    let cut = costs.iter().rev().zip(0..).map(|(cost, rest)| cost + CUT * rest).min();
    let cheapest = cut.filter(|_| written.len() >= CUT_FROM).map_or(whole, |cut| cut.min(whole));
    share(cheapest, written.len().max(name.len()))
}

/// The closeness of what was written to a name in full, from 0 to 1.
pub(super) fn closeness_whole(written: &str, name: &str) -> f64 {
    let [written, name] = [written, name].map(letters);
    let cost = costs(&written, &name).last().copied().unwrap_or(0);
    share(cost, written.len().max(name.len()))
}

fn letters(text: &str) -> Vec<char> {
    text.chars().take(LETTERS_MAX).collect()
}

fn share(cost: u32, longer: usize) -> f64 {
    let longer = u32::try_from(longer).unwrap_or(u32::MAX);
    if longer == 0 { 0.0 } else { (1.0 - f64::from(cost) / f64::from(LETTER * longer)).max(0.0) }
}

/// The costs of the cheapest edits from what was written to each beginning of the name, in
/// hundredths of a letter.
fn costs(written: &[char], name: &[char]) -> Vec<u32> {
    let mut before_last: Vec<u32> = Vec::new();
    let mut last: Vec<u32> = vec![0];
    for at in 0..name.len() {
        last.push(last[at] + left_out(name, at));
    }
    for (i, letter) in written.iter().enumerate() {
        let added = if i > 0 && written[i - 1] == *letter { DOUBLED } else { WRONG };
        let mut row = vec![last[0] + added];
        for (j, of_name) in name.iter().enumerate() {
            let same = last[j] + if letter == of_name { 0 } else { WRONG };
            let mut cheapest = same.min(last[j + 1] + added).min(row[j] + left_out(name, j));
            if i > 0 && j > 0 && *letter == name[j - 1] && written[i - 1] == *of_name {
                cheapest = cheapest.min(before_last[j - 1] + SWAPPED);
            }
            row.push(cheapest);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last
}

/// The cost of leaving out a letter of a name. No name begins with one that was.
fn left_out(name: &[char], at: usize) -> u32 {
    match (at.checked_sub(1).and_then(|before| name.get(before)), name.get(at)) {
        (None, _) => WRONG,
        (before, letter) if before == letter => DOUBLED,
        (_, Some(letter)) if is_vowel(*letter) => VOWEL,
        _ => CONSONANT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_cost_what_they_should() {
        #[rustfmt::skip]
        let table = [
            // Written, name, and hundredths in full.
            ("starbucks",    "starbucks",       0),
            ("starbukcs",    "starbucks",       60),
            ("starbuks",     "starbucks",       80),
            ("starbuckss",   "starbucks",       40),
            ("starbuckst",   "starbucks",       140),
            ("starbacks",    "starbucks",       140),
            ("strbcks",      "starbucks",       80),
            ("wallgreens",   "walgreens",       40),
            ("cosco",        "costco",          80),
            ("alsups",       "allsups",         40),
            ("pple",         "apple",           140),
            ("bluebot",      "bluebottle",      160),
            ("abc",          "xyz",             420),
        ];
        for (written, name, expected) in table {
            let cost = costs(&letters(written), &letters(name)).last().copied();
            assert_eq!(cost, Some(expected), "{written} {name}");
        }
    }

    #[test]
    fn closeness_is_one_minus_the_cost_over_the_longer_length() {
        let is = |found: f64, expected: f64| assert_eq!(found.to_bits(), expected.to_bits());
        is(closeness("", "a"), 0.0);
        is(closeness("", ""), 0.0);
        is(closeness("ab", "ab"), 1.0);
        is(closeness_whole("starbuks", "starbucks"), 1.0 - 80.0 / 900.0);
        // Six letters cut off, at 12 hundredths each.
        is(closeness("bluebottle", "bluebottlecoffee"), 1.0 - 72.0 / 1600.0);
        // Too short to have been cut.
        is(closeness("bluebot", "bluebottle"), closeness_whole("bluebot", "bluebottle"));
    }
}
