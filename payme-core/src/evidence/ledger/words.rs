//! The words of a text: what search looks for and what equal descriptions are equal in.
//!
//! A word is a run of letters and digits of a text that was folded (`text/fold.rs`). An apostrophe
//! inside one is no letter and no gap: `McDonald's` is the word `mcdonalds`. The same text gives
//! the same words whether its accents are written as one character or as two.

use crate::text::{fold, is_apostrophe};

/// The words of a text, in order.
pub(super) fn words(text: &str) -> Vec<String> {
    let plain: String = text.chars().filter(|c| !is_apostrophe(*c)).collect();
    let folded = fold(&plain);
    let words = folded.split(|c: char| !c.is_alphanumeric());
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// The words of a text with one space between them: texts with the same are taken for equal.
pub(super) fn normal(text: &str) -> String {
    words(text).join(" ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_follow_the_table() {
        #[rustfmt::skip]
        let table = [
            ("McDonald's #12",              "mcdonalds 12"),
            ("McDonald\u{2019}s",           "mcdonalds"),
            ("AT&T*BILL  PAYMENT",          "at t bill payment"),
            ("Café MÜLLER, Łódź",           "cafe muller lodz"),
            ("Cafe\u{301} Mu\u{308}ller",   "cafe muller"),
            ("İSTANBUL ışık",               "istanbul isik"),
            ("Straße Œuvre Ærø Þór",        "strasse oeuvre aero thor"),
            ("ΌΔΟΣ οδός",                   "οδοσ οδοσ"),
            ("Йод и\u{306}од Ёлка",         "иод иод елка"),
            ("東京 1号店",                  "東京 1号店"),
            ("PHỞ Đà Nẵng",                 "pho da nang"),
            ("ＭｃＤｏｎａｌｄ＇ｓ",                  "mcdonalds"),
            ("\u{1f355} -- ''",             ""),
        ];
        for (text, expected) in table {
            assert_eq!(normal(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn words_of_words_are_those_words(text in "\\PC{0,20}|[à-ỹά-ώЀ-ё ]{0,20}") {
            prop_assert_eq!(normal(&normal(&text)), normal(&text));
        }

        #[test]
        fn case_changes_no_word_of_a_latin_text(text in "[a-zà-öø-ÿ ]{0,20}") {
            prop_assert_eq!(words(&text.to_uppercase()), words(&text));
        }
    }
}
