//! Made-up names of as many sounds as English has, for an index, whose speed depends on how many
//! names share a trigram. They use the dice and the trades of `descriptors.rs`, which stands beside
//! this module wherever it is taken in.

use super::descriptors::{Dice, TRADES, title};

/// Syllables begin with these, have one of the vowels, and end with one of the codas.
const ONSETS: [&str; 40] = [
    "b", "br", "c", "ch", "cl", "cr", "d", "dr", "f", "fl", "fr", "g", "gl", "gr", "h", "j", "k",
    "kn", "l", "m", "n", "p", "ph", "pl", "pr", "qu", "r", "s", "sc", "sh", "sl", "st", "str", "t",
    "th", "tr", "v", "w", "wh", "z",
];
const VOWELS: [&str; 14] =
    ["a", "e", "i", "o", "u", "ai", "ea", "ee", "ie", "oa", "oo", "ou", "y", "au"];
const CODAS: [&str; 28] = [
    "", "", "", "", "n", "r", "l", "s", "t", "d", "m", "ck", "ll", "nd", "ng", "nt", "rd", "rn",
    "rt", "sh", "ss", "st", "th", "x", "p", "lt", "mp", "sk",
];

/// A made-up name of one to three words, of as many sounds as English has: for an index, whose
/// speed depends on how many names share a trigram.
pub(crate) fn varied_name(dice: &mut Dice) -> String {
    let word = |dice: &mut Dice| {
        let syllable = |dice: &mut Dice| {
            format!("{}{}{}", dice.pick(&ONSETS), dice.pick(&VOWELS), dice.pick(&CODAS))
        };
        let syllables = dice.between(1, 3);
        title(&(0..syllables).map(|_| syllable(dice)).collect::<String>())
    };
    let mut words: Vec<String> = (0..dice.between(1, 2)).map(|_| word(dice)).collect();
    if dice.percent(60) {
        words.push(dice.pick(&TRADES).to_owned());
    }
    words.join(" ")
}
