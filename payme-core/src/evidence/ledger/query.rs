//! What a person searches for: words, phrases in quotes, and what may not be there.
//!
//! In: a text. Out: a [`Query`]. What a query finds is said here, once: the index finds the same
//! faster, and a test holds it to that.

use super::LedgerEntry;
use super::words::words;

/// The longest query, in characters.
pub const QUERY_CHARS_MAX: usize = 1_000;
/// The most words and phrases of a query.
pub const QUERY_TERMS_MAX: usize = 32;

/// Why a text is no query. Repeats nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// No letter and no digit is left of it.
    #[error("the search has no word: write a word, or a phrase in quotes")]
    Empty,
    /// A quote is opened and not closed.
    #[error("a quote is not closed: write \" behind the phrase")]
    OpenQuote,
    /// Too long.
    #[error("the search has {0} characters, at most {QUERY_CHARS_MAX}")]
    Long(usize),
    /// Too many words.
    #[error("the search has {0} words and phrases, at most {QUERY_TERMS_MAX}")]
    Terms(usize),
}

impl QueryError {
    /// The stable code of this error.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty_query",
            Self::OpenQuote => "unclosed_quote",
            Self::Long(_) => "query_too_long",
            Self::Terms(_) => "query_too_many_terms",
        }
    }
}

/// A search over merchant, description and note.
///
/// - A word finds every word that begins with it: `coff` finds `coffee`.
/// - A phrase in quotes finds its words as they are, one behind the other in one field.
/// - A word with punctuation inside, such as `at&t`, is a phrase whose last word may go on.
/// - `-word` and `-"a phrase"` exclude entries that have just this word or phrase.
///
/// Everything that is asked for has to be there, and nothing that is excluded. Case and accents do
/// not matter. A query of nothing but exclusions finds everything else.
///
/// ```
/// use payme_core::evidence::ledger::Query;
/// assert!(Query::parse(r#"coff "blue bottle" -refund"#).is_ok());
/// assert_eq!(Query::parse("\"blue").unwrap_err().code(), "unclosed_quote");
/// assert_eq!(Query::parse(" - ").unwrap_err().code(), "empty_query");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Query {
    pub(super) wanted: Vec<Term>,
    pub(super) excluded: Vec<Term>,
}

impl std::fmt::Debug for Query {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { wanted, excluded } = self;
        write!(f, "Query({} wanted, {} excluded)", wanted.len(), excluded.len())
    }
}

/// One or more words that have to follow each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Term {
    /// Not empty.
    pub(super) words: Vec<String>,
    /// Whether the last word may go on.
    pub(super) is_prefix: bool,
}

/// How much an occurrence counts: a whole word is worth more than the beginning of one.
pub(super) const WHOLE: f64 = 1.0;
/// How much the beginning of a longer word counts.
pub(super) const BEGINNING: f64 = 0.5;

impl Term {
    /// What the term counts in the words of one field: nothing where it does not occur.
    pub(super) fn count<S: AsRef<str>>(&self, field: &[S]) -> f64 {
        let Some((last, before)) = self.words.split_last() else { return 0.0 };
        let occurrence = |window: &[S]| {
            let (end, start) = window.split_last()?;
            let end = end.as_ref();
            let begins = start.iter().zip(before).all(|(word, wanted)| word.as_ref() == wanted);
            match begins && end == last {
                true => Some(WHOLE),
                false if begins && self.is_prefix && end.starts_with(last) => Some(BEGINNING),
                false => None,
            }
        };
        field.windows(self.words.len()).filter_map(occurrence).sum()
    }
}

impl Query {
    /// Reads a query.
    ///
    /// # Errors
    /// [`QueryError`].
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        let chars = text.chars().count();
        if chars > QUERY_CHARS_MAX {
            return Err(QueryError::Long(chars));
        }
        let mut query = Self { wanted: Vec::new(), excluded: Vec::new() };
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            let (excludes, bare) = match rest.strip_prefix('-') {
                Some(bare) => (true, bare),
                None => (false, rest),
            };
            let (term, quoted, after) = match bare.strip_prefix('"') {
                Some(phrase) => {
                    let (phrase, after) = phrase.split_once('"').ok_or(QueryError::OpenQuote)?;
                    (phrase, true, after)
                }
                None => {
                    let end = bare.find(|c: char| c.is_whitespace() || c == '"');
                    let (word, after) = bare.split_at(end.unwrap_or(bare.len()));
                    (word, false, after)
                }
            };
            rest = after.trim_start();
            let words = words(term);
            if !words.is_empty() {
                let term = Term { words, is_prefix: !quoted && !excludes };
                if excludes { &mut query.excluded } else { &mut query.wanted }.push(term);
            }
        }
        match query.wanted.len() + query.excluded.len() {
            0 => Err(QueryError::Empty),
            terms if terms > QUERY_TERMS_MAX => Err(QueryError::Terms(terms)),
            _ => Ok(query),
        }
    }

    /// Whether an entry is found.
    pub fn finds(&self, entry: &LedgerEntry) -> bool {
        let fields = fields(entry).map(words);
        let has = |term: &Term| fields.iter().any(|field| term.count(field) > 0.0);
        self.wanted.iter().all(has) && !self.excluded.iter().any(has)
    }
}

/// The texts that are searched: merchant, note, description.
pub(super) fn fields(entry: &LedgerEntry) -> [&str; 3] {
    [&entry.merchant, entry.note.as_deref().unwrap_or_default(), entry.description()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::ledger::tests_support::entry;

    #[test]
    fn what_a_query_finds_follows_the_table() {
        let mut one = entry(1, "2024-03-01", 500, "Blue Bottle Coffee");
        one.note = Some("with Ana's café crew, AT&T refund".to_owned());
        one.transaction.name = "SQ *BLUE BTL 0412".to_owned();
        #[rustfmt::skip]
        let table = [
            ("blue",                 true),
            ("BLU coff",             true),
            ("lue",                  false),
            ("blue tea",             false),
            ("\"blue bottle\"",      true),
            ("\"blue bott\"",        false),
            ("\"bottle blue\"",      false),
            ("\"coffee with\"",      false),
            ("coffee -sq",           false),
            ("coffee -bott",         true),
            ("coffee -\"blue btl\"", false),
            ("-tea",                 true),
            ("-coffee",              false),
            ("café",                 true),
            ("CAFE",                 true),
            ("at&t",                 true),
            ("at&te",                false),
            ("t&re",                 true),
            ("ana\u{2019}s",         true),
            ("sq*blue",              true),
            ("blue\"bottle coffee\"", true),
            ("- coffee",             true),
        ];
        for (text, expected) in table {
            assert_eq!(Query::parse(text).unwrap().finds(&one), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_query_has_a_code() {
        let many = "a ".repeat(QUERY_TERMS_MAX + 1);
        let long = "a".repeat(QUERY_CHARS_MAX + 1);
        #[rustfmt::skip]
        let table = [
            ("",             "empty_query"),
            ("-",            "empty_query"),
            ("\"\" -\"*\"",  "empty_query"),
            ("a \"b",        "unclosed_quote"),
            ("-\"",          "unclosed_quote"),
            (&many,          "query_too_many_terms"),
            (&long,          "query_too_long"),
        ];
        for (text, code) in table {
            assert_eq!(Query::parse(text).unwrap_err().code(), code, "{text}");
        }
        assert!(!format!("{:?}", Query::parse("secret")).contains("secret"));
    }
}
