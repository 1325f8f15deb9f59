//! Merchants: descriptors of banks, and the merchants file.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use payme_core::evidence::{
    LearnedAliases, Merchant, MerchantDirectory, Resolution, near_duplicates, parse_merchants,
};

use super::{check_refusal, check_rows, marked};

static DIRECTORY: LazyLock<MerchantDirectory> = LazyLock::new(|| {
    let names =
        ["Blue Bottle Coffee", "Hulu", "AT&T", "7-Eleven", "McDonald's", "Uber", "Forever 21"];
    let merchant = |name: &str| Merchant { name: name.to_owned(), aliases: Vec::new() };
    let directory = MerchantDirectory::new(names.map(merchant), LearnedAliases::default());
    directory.expect("names with a key")
});

/// A descriptor: its normal form is that of itself, and an answer is a merchant of the directory,
/// the first of the candidates, which come by tier and score.
pub fn descriptor(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let cleaned = DIRECTORY.rules().clean(&text);
    let again = DIRECTORY.rules().clean(&cleaned.text);
    assert_eq!(again.text, cleaned.text, "the normal form of a normal form");
    assert!(!cleaned.text.chars().any(char::is_control), "control characters are left");
    let candidates = DIRECTORY.candidates(&text, 4);
    let key = |at: usize| candidates.get(at).map(|one| (one.tier, -one.score));
    assert!((1..candidates.len()).all(|at| key(at - 1) <= key(at)), "candidates out of order");
    match DIRECTORY.resolve(&text) {
        Resolution::Resolved(resolved) => {
            assert!(DIRECTORY.get(&resolved.key).is_some(), "a merchant that is not there");
            assert_eq!(candidates.first().map(|first| &first.key), Some(&resolved.key));
            assert!((0.0..=1.0).contains(&resolved.probability) && !cleaned.is_payee);
        }
        Resolution::Abstained(abstained) => {
            assert_eq!(abstained.explanation.cleaned, cleaned.text);
        }
    }
}

/// A merchants file: what is taken reads back, has a key of its own, and is found by its name.
pub fn merchants(data: &[u8]) {
    let read = parse_merchants(data);
    assert_eq!(parse_merchants(&marked(data)), read, "a byte order mark changed something");
    let rows = match read {
        Ok(rows) => rows,
        Err(refusal) => return check_refusal(data, &refusal),
    };
    check_rows(data, &rows);
    let text = serde_json::Value::from_iter(rows.taken.iter().map(Merchant::to_json)).to_string();
    let again = parse_merchants(text.as_bytes()).map(|rows| rows.taken);
    assert_eq!(again.as_ref(), Ok(&rows.taken), "reading back {text}");
    let keys: BTreeSet<_> = rows.taken.iter().filter_map(|merchant| merchant.key().ok()).collect();
    assert_eq!(keys.len(), rows.taken.len(), "two merchants of one key");
    for pair in near_duplicates(&rows.taken) {
        assert!(pair.first_merchant < pair.second_merchant && pair.similarity > 0.8);
    }
    let directory = MerchantDirectory::new(rows.taken, LearnedAliases::default());
    assert_eq!(directory.expect("every merchant has a key").len(), keys.len());
}
