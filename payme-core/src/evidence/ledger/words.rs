//! The words of a text: what search looks for and what equal descriptions are equal in.
//!
//! A word is a run of letters and digits, in lower case, without accents. An apostrophe inside one
//! is no letter and no gap: `McDonald's` is the word `mcdonalds`. The same text gives the same
//! words whether its accents are written as one character or as two.

/// A text in lower case and without accents: `É`, `é` and `e` with a combining accent are `e`.
///
/// Combining marks are dropped; letters that are a base letter and an accent become the base
/// letter, and ligatures their letters. What is not in the table stays as it is.
pub(super) fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii() {
            out.push(c.to_ascii_lowercase());
            continue;
        }
        for lower in c.to_lowercase().filter(|c| !is_mark(*c)) {
            match base(lower) {
                Some(base) => out.push_str(base),
                None => out.push(lower),
            }
        }
    }
    out
}

/// The words of a text, in order.
pub(super) fn words(text: &str) -> Vec<String> {
    let folded: String = fold(text).chars().filter(|c| !is_apostrophe(*c)).collect();
    let words = folded.split(|c: char| !c.is_alphanumeric());
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// The words of a text with one space between them: texts with the same are taken for equal.
pub(super) fn normal(text: &str) -> String {
    words(text).join(" ")
}

const fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

const fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '\u{2019}' | '\u{2bc}')
}

/// What is left of a lower-case letter without its accent.
const fn base(c: char) -> Option<&'static str> {
    Some(match c {
        'à'..='å'
        | 'ā'
        | 'ă'
        | 'ą'
        | 'ǎ'
        | 'ạ'
        | 'ả'
        | 'ấ'
        | 'ầ'
        | 'ẩ'
        | 'ẫ'
        | 'ậ'
        | 'ắ'
        | 'ằ'
        | 'ẳ'
        | 'ẵ'
        | 'ặ' => "a",
        'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => "c",
        'ď' | 'đ' | 'ð' => "d",
        'è'..='ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' | 'ẹ' | 'ẻ' | 'ẽ' | 'ế' | 'ề' | 'ể' | 'ễ' | 'ệ' => {
            "e"
        }
        'ĝ' | 'ğ' | 'ġ' | 'ģ' | 'ǧ' => "g",
        'ĥ' | 'ħ' => "h",
        'ì'..='ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' | 'ı' | 'ǐ' | 'ỉ' | 'ị' => "i",
        'ĵ' => "j",
        'ķ' | 'ǩ' => "k",
        'ĺ' | 'ļ' | 'ľ' | 'ŀ' | 'ł' => "l",
        'ñ' | 'ń' | 'ņ' | 'ň' => "n",
        'ò'..='ö'
        | 'ø'
        | 'ō'
        | 'ŏ'
        | 'ő'
        | 'ơ'
        | 'ǒ'
        | 'ọ'
        | 'ỏ'
        | 'ố'
        | 'ồ'
        | 'ổ'
        | 'ỗ'
        | 'ộ'
        | 'ớ'
        | 'ờ'
        | 'ở'
        | 'ỡ'
        | 'ợ' => "o",
        'ŕ' | 'ŗ' | 'ř' => "r",
        'ś' | 'ŝ' | 'ş' | 'š' | 'ș' => "s",
        'ţ' | 'ť' | 'ŧ' | 'ț' => "t",
        'ù'..='ü'
        | 'ũ'
        | 'ū'
        | 'ŭ'
        | 'ů'
        | 'ű'
        | 'ų'
        | 'ư'
        | 'ǔ'
        | 'ụ'
        | 'ủ'
        | 'ứ'
        | 'ừ'
        | 'ử'
        | 'ữ'
        | 'ự' => "u",
        'ŵ' => "w",
        'ý' | 'ÿ' | 'ŷ' | 'ỳ' | 'ỵ' | 'ỷ' | 'ỹ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        'æ' => "ae",
        'œ' => "oe",
        'ß' => "ss",
        'þ' => "th",
        'ά' => "α",
        'έ' => "ε",
        'ή' => "η",
        'ί' | 'ϊ' | 'ΐ' => "ι",
        'ό' => "ο",
        'ύ' | 'ϋ' | 'ΰ' => "υ",
        'ώ' => "ω",
        'ς' => "σ",
        'й' | 'ѝ' => "и",
        'ё' | 'ѐ' => "е",
        'ї' => "і",
        'ў' => "у",
        _ => return None,
    })
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
            ("\u{1f355} -- ''",             ""),
        ];
        for (text, expected) in table {
            assert_eq!(normal(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn folding_twice_is_folding_once(text in "\\PC{0,20}|[à-ỹά-ώЀ-ё ]{0,20}") {
            prop_assert_eq!(fold(&fold(&text)), fold(&text));
            prop_assert_eq!(normal(&normal(&text)), normal(&text));
        }

        #[test]
        fn case_changes_no_word_of_a_latin_text(text in "[a-zà-öø-ÿ ]{0,20}") {
            prop_assert_eq!(words(&text.to_uppercase()), words(&text));
        }
    }
}
