//! Evidence: the features file, the lexicon, and records as a store keeps them.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use payme_core::evidence::{
    Lexicon, LexiconEntry, UserFeatures, extract, parse_features, parse_person_line,
};
use payme_core::ranking::Weights;
use payme_core::sync::{Record, record_id};
use payme_core::types::{FeatureKey, Source};
use serde_json::{Value, json};

use super::{INDEX, LEXICON, READING, check_match, check_refusal, check_rows, marked, user};

/// A features file: each person that is taken reads back the same and can be matched.
pub fn features(data: &[u8]) {
    let read = parse_features(data);
    assert_eq!(parse_features(&marked(data)), read, "a byte order mark changed something");
    let rows = match read {
        Ok(rows) => rows,
        Err(refusal) => return check_refusal(data, &refusal),
    };
    check_rows(data, &rows);
    let ids: BTreeSet<_> = rows.taken.iter().map(|user| user.person().user_id).collect();
    assert_eq!(ids.len(), rows.taken.len(), "one person on two lines");
    for user in &rows.taken {
        check_user(user);
        check_match(&INDEX, user, &Weights::default());
    }
}

/// A person's line, written and read again, is the same person.
pub(super) fn check_user(user: &UserFeatures) {
    let features: Vec<Value> = user.features().iter().map(|feature| feature.to_json()).collect();
    let person = user.person();
    let line = json!({
        "user_id": person.user_id.to_string(),
        "state": person.state.map(|state| state.code()),
        "date_of_birth": person.date_of_birth.map(|day| day.to_string()),
        "features": features,
    });
    let text = line.to_string();
    assert_eq!(parse_person_line(&text, 1).as_ref(), Ok(user), "reading back {text}");
    let keys: Vec<&FeatureKey> = user.keys().collect();
    assert!(keys.is_sorted() && keys.iter().all(|key| user.has(key)), "keys of {text}");
}

static BASE: LazyLock<Vec<LexiconEntry>> =
    LazyLock::new(|| Lexicon::base_entries().expect("the built-in entries read"));
static BASE_LEXICON: LazyLock<Lexicon> =
    LazyLock::new(|| Lexicon::new(BASE.iter().cloned()).expect("their lexicon can be built"));

/// The lexicon over any text: local, and what a plain scan finds.
pub fn lexicon(data: &[u8]) {
    /// The plain scan tries every keyword at every character.
    const SCANNED_BYTES_MAX: usize = 300;
    let text = String::from_utf8_lossy(data);
    let found = LEXICON.find(&text);
    assert_eq!(LEXICON.find(&text), found, "reading twice");
    // No entry spans the sign in the middle, so what follows it adds what it says alone.
    let mut with_more = found;
    with_more.extend(LEXICON.find("uber"));
    assert_eq!(LEXICON.find(&format!("{text} \u{1f600} UBER")), with_more, "a match leaks");
    if text.len() <= SCANNED_BYTES_MAX {
        assert_eq!(BASE_LEXICON.find(&text), scan(&BASE, &text), "a plain scan of {text:?}");
    }
}

/// A second implementation: at each character the longest keyword that stands there as a word.
fn scan<'a>(entries: &'a [LexiconEntry], text: &str) -> BTreeSet<&'a FeatureKey> {
    let text = plain(text);
    let mut keys = BTreeSet::new();
    let mut at = 0;
    while at < text.len() {
        let inside = |at: usize| {
            let is_letter = |at: usize| text.get(at).is_some_and(|c| c.is_alphanumeric());
            at > 0 && is_letter(at - 1) && is_letter(at)
        };
        let fits = |entry: &&LexiconEntry| {
            let word = plain(&entry.keyword);
            text[at..].starts_with(&word) && !inside(at) && !inside(at + word.len())
        };
        let fitting: Vec<&LexiconEntry> = entries.iter().filter(fits).collect();
        let length = fitting.iter().map(|entry| plain(&entry.keyword).len()).max().unwrap_or(0);
        let longest = fitting.iter().filter(|entry| plain(&entry.keyword).len() == length);
        keys.extend(longest.map(|entry| &entry.feature));
        at += length.max(1);
    }
    keys
}

/// The characters that matter: lower case, straight apostrophes, single spaces, none at the ends.
fn plain(text: &str) -> Vec<char> {
    let mut out: Vec<char> = Vec::new();
    for c in text.to_lowercase().chars() {
        match c {
            '\u{2018}' | '\u{2019}' => out.push('\''),
            c if c.is_whitespace() && matches!(out.last(), None | Some(' ')) => {}
            c if c.is_whitespace() => out.push(' '),
            c => out.push(c),
        }
    }
    out.truncate(out.len() - usize::from(out.last() == Some(&' ')));
    out
}

/// A record as a store keeps it: what reads can be written and read again, and speaks.
pub fn stored_record(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let id = record_id(user(), Source::Plaid, "stored");
    let Some(record) = Record::from_stored(id, text) else { return };
    check_stored(&record);
    let extraction = extract([&record], [], &READING);
    let keys: BTreeSet<_> = extraction.support.iter().map(|support| &support.key).collect();
    assert_eq!(keys, extraction.features.iter().map(|feature| &feature.key).collect());
}

/// A record reads back from what a store keeps of it.
pub(super) fn check_stored(record: &Record) {
    let stored = record.to_stored();
    let again = Record::from_stored(record.id(), &stored);
    assert_eq!(again.as_ref(), Some(record), "reading back {stored}");
}
