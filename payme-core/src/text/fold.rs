//! Folding: what two ways to write one word have in common.
//!
//! In: any text. Out: the same text in lower case, without accents, and in one form of each
//! character: full-width letters, ligatures and other forms that Unicode calls compatible (NFKD)
//! become the plain ones. Folding twice is folding once. Both search and the resolution of
//! merchants read texts so.

use unicode_normalization::UnicodeNormalization;

/// A text in lower case, without accents and in plain characters.
///
/// A sign of a trade or service mark is a gap and no letters. Everything else that Unicode does not
/// take apart, such as `ø`, is told in a table.
///
/// ```
/// use payme_core::text::fold;
/// assert_eq!(fold("Caf\u{c9} \u{ff35}\u{ff33}\u{ff21}"), "cafe usa");
/// assert_eq!(fold("Stra\u{df}e \u{d8}re"), "strasse ore");
/// ```
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let apart = text.chars().map(whole).nfkd().flat_map(char::to_lowercase).nfkd();
    let mut plain = String::with_capacity(text.len());
    for c in apart.filter(|c| !is_accent(*c)) {
        match letters(c) {
            Some(letters) => plain.push_str(letters),
            None => plain.push(c),
        }
    }
    // Syllables of Korean and voiced signs of Japanese were taken apart, too.
    plain.nfc().collect()
}

/// Whether a character is one of those written for an apostrophe, which is no letter and no gap:
/// `McDonald's` is one word.
pub const fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '`' | '\u{b4}' | '\u{2018}' | '\u{2019}' | '\u{2bc}' | '\u{ff07}')
}

/// What is written for characters whose parts say something else than the whole.
const fn whole(c: char) -> char {
    match c {
        // An l and a dot between words.
        '\u{13f}' | '\u{140}' => 'l',
        // An apostrophe and an n.
        '\u{149}' => 'n',
        // The letters TM and SM, joined to a name.
        '\u{2122}' | '\u{2120}' => ' ',
        _ => c,
    }
}

/// Whether a character is an accent over or under the letter before it.
const fn is_accent(c: char) -> bool {
    matches!(
        c,
        '\u{300}'..='\u{36f}'
            | '\u{1ab0}'..='\u{1aff}'
            | '\u{1dc0}'..='\u{1dff}'
            | '\u{20d0}'..='\u{20ff}'
            | '\u{fe20}'..='\u{fe2f}'
    )
}

/// What is written for a lower-case letter that Unicode does not take apart.
const fn letters(c: char) -> Option<&'static str> {
    Some(match c {
        'ø' => "o",
        'đ' | 'ð' => "d",
        'ħ' => "h",
        'ł' => "l",
        'ŧ' => "t",
        'ı' => "i",
        'æ' => "ae",
        'œ' => "oe",
        'ß' => "ss",
        'þ' => "th",
        'ς' => "σ",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts_fold_as_the_table_says() {
        #[rustfmt::skip]
        let table = [
            ("Café MÜLLER, Łódź",             "cafe muller, lodz"),
            ("Cafe\u{301} Mu\u{308}ller",     "cafe muller"),
            ("İSTANBUL ışık",                 "istanbul isik"),
            ("Straße STRAẞE Œuvre Ærø Þór",   "strasse strasse oeuvre aero thor"),
            ("ΌΔΟΣ οδός",                     "οδοσ οδοσ"),
            ("Йод и\u{306}од Ёлка",           "иод иод елка"),
            ("PHỞ Đà Nẵng ŀl ŉ",              "pho da nang ll n"),
            ("ＵＳＡ　＃１２ ﬁsh ⅷ ㎏",        "usa #12 fish viii kg"),
            ("Hulu™ Ǽ Ħ",                     "hulu  ae h"),
            ("東京 1号店 ｶﾞ 한국",               "東京 1号店 ガ 한국"),
            ("हिन्दी",                           "हिन्दी"),
            ("\u{1f355} -- ''",               "\u{1f355} -- ''"),
        ];
        for (text, expected) in table {
            assert_eq!(fold(text), expected, "{text}");
        }
    }

    #[test]
    fn every_character_folds_to_what_folds_to_itself() {
        for c in '\0'..=char::MAX {
            let once = fold(&c.to_string());
            assert_eq!(fold(&once), once, "{c:?}");
            assert!(!once.chars().any(|c| c.is_ascii_uppercase()), "{c:?}");
        }
    }

    proptest! {
        #[test]
        fn folding_twice_is_folding_once(text in "\\PC{0,20}|[à-ỹά-ώЀ-ё\u{300}-\u{36f}ｦ-ﾟ가-힣 ]{0,20}") {
            prop_assert_eq!(fold(&fold(&text)), fold(&text));
        }

        #[test]
        fn case_changes_nothing_in_a_latin_text(text in "[a-zà-öø-ÿ ]{0,20}") {
            prop_assert_eq!(fold(&text.to_uppercase()), fold(&text));
        }
    }
}
