//! What fuzzing calls: one function for each parser, from any bytes to the laws that must hold.
//!
//! In: bytes nobody has looked at. Out: nothing, or a panic that says which law is broken.
//! libFuzzer (`fuzz/fuzz_targets`) and the test `tests/fuzz.rs` run the same functions.
//! How to run them: `docs/fuzzing.md`.
#![expect(clippy::expect_used, reason = "what does not come from the input must be there")]

mod catalog;
mod evidence;
mod judge;
mod learning;
mod merchants;
mod records;
mod snapshot;
mod trackers;
mod values;

use std::sync::LazyLock;

use payme_core::catalog::{CatalogIndex, Settlement, parse_settlements};
use payme_core::evidence::{LearnedAliases, Lexicon, Reading, UserFeature, UserFeatures};
use payme_core::matching::{MatchScope, Truth, Variant};
use payme_core::ranking::{MatchRequest, MatchResult, Weights, match_one, score_and_rank};
use payme_core::types::json::{Refusal, Rows};
use payme_core::types::{Confidence, FeatureKey, Instant, Person, Source, UserId};

pub use catalog::{predicate, settlements, weights};
pub use evidence::{features, lexicon, stored_record};
pub use judge::predicate_judge;
pub use learning::samples;
pub use merchants::{descriptor, merchants};
pub use records::{csv, csv_mapped, eml, mbox, messages, transactions};
pub use snapshot::snapshot_load;
pub use trackers::tracker;
pub use values::{feature_key, money, state, time};

/// A parser and its laws, as a function of any bytes.
pub type Target = fn(&[u8]);

/// Every target by name, sorted.
pub const TARGETS: &[(&str, Target)] = &[
    ("csv", csv),
    ("csv_mapped", csv_mapped),
    ("descriptor", descriptor),
    ("eml", eml),
    ("feature_key", feature_key),
    ("features", features),
    ("lexicon", lexicon),
    ("mbox", mbox),
    ("merchants", merchants),
    ("messages", messages),
    ("money", money),
    ("predicate", predicate),
    ("predicate_judge", predicate_judge),
    ("samples", samples),
    ("settlements", settlements),
    ("snapshot_load", snapshot_load),
    ("state", state),
    ("stored_record", stored_record),
    ("time", time),
    ("tracker", tracker),
    ("transactions", transactions),
    ("weights", weights),
];

/// A text that stands for personal data. The dictionary puts it into inputs; no refusal may show
/// it. It is longer than the short codes that messages do show.
pub const PRIVATE: &str = "CanaryOfPrivateText7";

static CATALOG: LazyLock<Vec<Settlement>> = LazyLock::new(|| {
    let rows = parse_settlements(include_bytes!("../../fixtures/settlements.json"));
    rows.expect("the fixture catalogue reads").taken
});
static INDEX: LazyLock<CatalogIndex> = LazyLock::new(|| CatalogIndex::new(CATALOG.iter().cloned()));
static LEXICON: LazyLock<Lexicon> =
    LazyLock::new(|| Lexicon::for_catalog(CATALOG.iter()).expect("its lexicon can be built"));
/// What records are read by.
static READING: LazyLock<Reading> = LazyLock::new(|| {
    Reading::new(CATALOG.iter(), [], &LearnedAliases::default()).expect("its reading can be built")
});

/// The bytes behind a byte order mark, which no reader may take notice of; those that have one
/// stay as they are.
fn marked(data: &[u8]) -> Vec<u8> {
    const MARK: &[u8] = b"\xef\xbb\xbf";
    if data.starts_with(MARK) { data.to_vec() } else { [MARK, data].concat() }
}

/// A refusal names a line of the input and a path, and shows no private text.
fn check_refusal(data: &[u8], refusal: &Refusal) {
    let lines = 1 + data.split(|byte| *byte == b'\n').count() as u64;
    assert!((1..=lines).contains(&refusal.line), "line of {refusal:?}");
    assert!(refusal.path.starts_with('$'), "path of {refusal:?}");
    assert!(!refusal.code.is_empty() && !refusal.message.is_empty(), "text of {refusal:?}");
    // Names of unknown members and titles of settlements are shown on purpose.
    let is_shown = refusal.code == "unknown_field" || refusal.message.contains("settlement ");
    assert!(is_shown || !refusal.to_string().contains(PRIVATE), "private text in {refusal:?}");
}

/// Every row was taken or refused, and each refusal is as it should be.
fn check_rows<T>(data: &[u8], rows: &Rows<T>) {
    for refusal in &rows.refused {
        check_refusal(data, refusal);
    }
    let lines = rows.refused.windows(2);
    assert!(lines.into_iter().all(|two| two[0].line <= two[1].line), "refusals out of order");
}

/// A person who lives in a state and has these features once each.
fn person_with<'a>(keys: impl IntoIterator<Item = &'a FeatureKey>) -> UserFeatures {
    let mut keys: Vec<&FeatureKey> = keys.into_iter().collect();
    keys.sort_unstable();
    keys.dedup();
    let feature = |key: &FeatureKey| UserFeature {
        key: key.clone(),
        source: Source::Plaid,
        confidence: Confidence::from_count(1),
        count: 1,
        first_seen: None,
        last_seen: None,
        by_day: Vec::new(),
    };
    let person = Person { state: "CA".parse().ok(), ..Person::unknown(user()) };
    let features = keys.into_iter().map(feature).collect();
    UserFeatures::new(person, features).expect("each key stands once")
}

/// The person every file belongs to.
fn user() -> UserId {
    "6f1d2c3b-4a59-4e68-8d77-0123456789ab".parse().expect("an id")
}

/// Matching has a score in [0, 1] for whatever it returns, best first.
fn check_match(index: &CatalogIndex, user: &UserFeatures, weights: &Weights) {
    let now = Instant::parse("2026-02-01T00:00:00Z").expect("an instant");
    for variant in Variant::ALL {
        let request = MatchRequest {
            variant,
            weights: weights.clone(),
            scope: MatchScope { now, include_closed: variant == Variant::RulesVectorRanker },
            top_n: 7,
            near_misses: true,
        };
        let outcome = match_one(index, user, &request);
        assert_eq!(outcome.results.len(), outcome.result_count);
        assert_eq!(outcome.result_count, outcome.candidate_count.min(request.top_n));
        check_results(variant, weights, &outcome.results);
        assert!(outcome.results.iter().all(|result| result.missing.is_empty()));
        let missed = outcome.near_misses.unwrap_or_default();
        check_results(variant, weights, &missed);
        assert!(missed.iter().all(|result| !result.missing.is_empty()));
    }
}

fn check_results(variant: Variant, weights: &Weights, results: &[MatchResult]) {
    for result in results {
        assert!((0.0..=1.0).contains(&result.score), "score {}", result.score);
    }
    // What one answer of the person can settle stands first, where the signals know of it.
    let is_shut = |result: &MatchResult| result.reasons.truth == Some(Truth::NotMet);
    // A calibration may give two sums one probability; the greater one stands first.
    let key = |result: &MatchResult| {
        let (_, rank) = score_and_rank(variant, &result.signals, weights);
        (is_shut(result), -rank, result.settlement_id)
    };
    assert!(results.is_sorted_by(|a, b| key(a) <= key(b)), "results out of order");
}
