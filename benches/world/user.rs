//! One user of a world, in the form of the features file.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::Serialize;

use super::random::{Purpose, Stream};
use super::settlement::home_state;
use super::vocabulary::Vocabulary;
use super::{TODAY, day};

/// A row of the features file. The order of the fields is the order in the file.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct UserRow {
    user_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date_of_birth: Option<String>,
    features: Vec<FeatureRow>,
}

#[derive(Debug, Clone, Serialize)]
struct FeatureRow {
    key: String,
    source: &'static str,
    confidence: f64,
    count: u32,
    first_seen: String,
    last_seen: String,
    by_day: Vec<DayRow>,
}

#[derive(Debug, Clone, Serialize)]
struct DayRow {
    date: String,
    count: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount_cents: Option<usize>,
}

impl UserRow {
    /// The user of a number. The shares are those of [`super::World`].
    pub(crate) fn generate(seed: u64, number: usize, vocabulary: &Vocabulary) -> Self {
        let stream = &mut Stream::new(seed, Purpose::User, number);
        let wanted = stream.between(5, 60);
        Self {
            user_id: stream.uuid(),
            state: (!stream.percent(6)).then(|| home_state(stream)),
            date_of_birth: stream
                .percent(70)
                .then(|| day(TODAY, 0, stream.between(6_000, 33_000)).to_string()),
            features: features(stream, vocabulary, wanted),
        }
    }
}

/// Up to `wanted` features; fewer when the draws repeat themselves in a small vocabulary.
fn features(stream: &mut Stream, vocabulary: &Vocabulary, wanted: usize) -> Vec<FeatureRow> {
    let mut seen = BTreeSet::new();
    let mut features = Vec::with_capacity(wanted + 1);
    for _ in 0..wanted * 10 {
        if features.len() >= wanted {
            break;
        }
        let key = vocabulary.draw(stream).key;
        let sources: &[&str] =
            stream.share(&[(45, &["plaid"][..]), (30, &["gmail"]), (25, &["gmail", "plaid"])]);
        if seen.insert(key.clone()) {
            features.extend(sources.iter().map(|source| feature(stream, &key, source)));
        }
    }
    features.truncate(wanted);
    features
}

fn feature(stream: &mut Stream, key: &str, source: &'static str) -> FeatureRow {
    let count = stream.share(&[(40, 1_u32), (20, 2), (15, 3), (10, 4), (10, 6), (5, 12)]);
    let mut days: BTreeMap<Date, (u32, usize)> = BTreeMap::new();
    for _ in 0..count {
        let (records, cents) = days.entry(day(TODAY, 0, stream.between(1, 2_000))).or_default();
        *records += 1;
        *cents += stream.between(199, 25_000);
    }
    let (first, last) = (days.keys().next().copied(), days.keys().next_back().copied());
    FeatureRow {
        key: key.to_owned(),
        source,
        // A hundredth is one correctly rounded division: the same bits everywhere.
        confidence: f64::from(70 + 20.min(5 * count)) / 100.0,
        count,
        first_seen: first.unwrap_or(TODAY).to_string(),
        last_seen: last.unwrap_or(TODAY).to_string(),
        by_day: days
            .into_iter()
            .map(|(date, (count, cents))| DayRow {
                date: date.to_string(),
                count,
                amount_cents: (source == "plaid").then_some(cents),
            })
            .collect(),
    }
}
