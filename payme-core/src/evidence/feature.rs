//! A feature of one person: what was seen, where, how often, how sure.

use std::fmt;

use serde_json::{Map, Value, json};

use crate::types::json::Coded;
use crate::types::{Confidence, Currency, Date, FeatureKey, Money, Person, Source};

/// What happened on one day, in one currency.
///
/// Debug shows nothing of it: days and amounts are personal data.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Day {
    /// The day.
    pub date: Date,
    /// Purchases of the day, or messages; a refund is no purchase and counts 0 here.
    pub count: u32,
    /// What was spent less what was refunded; `None` for messages and unknown currencies.
    pub amount: Option<Money>,
}

/// One feature of one person from one source.
///
/// Debug shows the key and the source only: amounts and days are personal data.
#[derive(Clone, PartialEq)]
pub struct UserFeature {
    /// What was seen.
    pub key: FeatureKey,
    /// Where it was seen.
    pub source: Source,
    /// How sure the evidence makes us.
    pub confidence: Confidence,
    /// How many records support it, at least 1.
    pub count: u32,
    /// The earliest day of a supporting record, if known.
    pub first_seen: Option<Date>,
    /// The latest day of a supporting record, if known.
    pub last_seen: Option<Date>,
    /// The days, ascending, one entry for each day and currency.
    pub by_day: Vec<Day>,
}

impl fmt::Debug for UserFeature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserFeature")
            .field("key", &self.key)
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

impl UserFeature {
    /// The feature in the form of the features file.
    pub fn to_json(&self) -> Value {
        let mut out = Map::new();
        out.insert("key".to_owned(), json!(self.key));
        out.insert("source".to_owned(), json!(self.source.as_str()));
        out.insert("confidence".to_owned(), json!(self.confidence.get()));
        out.insert("count".to_owned(), json!(self.count));
        for (name, day) in [("first_seen", self.first_seen), ("last_seen", self.last_seen)] {
            if let Some(day) = day {
                out.insert(name.to_owned(), json!(day.to_string()));
            }
        }
        if !self.by_day.is_empty() {
            let days: Vec<Value> = self.by_day.iter().map(|day| day.to_json()).collect();
            out.insert("by_day".to_owned(), json!(days));
        }
        Value::Object(out)
    }
}

impl fmt::Debug for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Day").finish_non_exhaustive()
    }
}

impl Day {
    fn to_json(self) -> Value {
        match self.amount {
            None => json!({"date": self.date.to_string(), "count": self.count}),
            Some(amount) => json!({
                "date": self.date.to_string(),
                "count": self.count,
                "amount_cents": amount.minor(),
                "currency": amount.currency(),
            }),
        }
    }
}

/// A person and everything matching may know about them.
///
/// The features are sorted by key and then source, and each pair stands once.
#[derive(Clone, PartialEq)]
pub struct UserFeatures {
    person: Person,
    features: Vec<UserFeature>,
    embedding: Option<Vec<f32>>,
}

impl fmt::Debug for UserFeatures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserFeatures")
            .field("person", &self.person)
            .field("features", &self.features)
            .finish_non_exhaustive()
    }
}

/// Why features cannot stand together, or not at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FeaturesError {
    /// A feature was given twice for one person.
    #[error("{key} from {} is named twice", .source_of.as_str())]
    Duplicate {
        /// The feature's key.
        key: FeatureKey,
        /// The feature's source.
        source_of: Source,
    },
    /// The days of a feature do not ascend, or hold more than can be added up.
    #[error(
        "the days of {key} from {} have to ascend, one entry for each day and currency, with at \
         most 4294967295 records in all and amounts from -9223372036854775807 on",
        .source_of.as_str()
    )]
    Days {
        /// The feature's key.
        key: FeatureKey,
        /// The feature's source.
        source_of: Source,
    },
}

/// A vector that is empty or holds a number that is not finite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an embedding has at least one number, and finite ones only")]
pub struct EmbeddingError;

impl Coded for EmbeddingError {
    fn code(&self) -> &'static str {
        "invalid_embedding"
    }
}

impl Coded for FeaturesError {
    fn code(&self) -> &'static str {
        match self {
            Self::Duplicate { .. } => "duplicate_feature",
            Self::Days { .. } => "invalid_days",
        }
    }
}

/// What makes a day entry unique; entries sort by it.
pub(super) fn day_key(day: &Day) -> (Date, Option<Currency>) {
    (day.date, day.amount.map(Money::currency))
}

/// Whether days ascend and can be added up.
fn are_days(days: &[Day]) -> bool {
    let records: u64 = days.iter().map(|day| u64::from(day.count)).sum();
    days.is_sorted_by(|a, b| day_key(a) < day_key(b))
        && u32::try_from(records).is_ok()
        && days.iter().all(|day| day.amount.is_none_or(|amount| amount.minor() > i64::MIN))
}

impl UserFeatures {
    /// A person with these features, in any order.
    ///
    /// # Errors
    /// [`FeaturesError`] when a key stands twice for one source, or days are out of order. Counts
    /// of 0 and a first day behind the last are taken as they are; the readers of files refuse
    /// them.
    pub fn new(person: Person, mut features: Vec<UserFeature>) -> Result<Self, FeaturesError> {
        let id = |feature: &UserFeature| (feature.key.clone(), feature.source);
        features.sort_by_cached_key(id);
        for pair in features.windows(2) {
            if let [a, b] = pair
                && id(a) == id(b)
            {
                return Err(FeaturesError::Duplicate { key: a.key.clone(), source_of: a.source });
            }
        }
        if let Some(feature) = features.iter().find(|feature| !are_days(&feature.by_day)) {
            let (key, source_of) = (feature.key.clone(), feature.source);
            return Err(FeaturesError::Days { key, source_of });
        }
        Ok(Self { person, features, embedding: None })
    }

    /// The same person with a vector of their own, which is compared with the settlements' own
    /// vectors of the same length, in place of the embeddings that are derived.
    ///
    /// # Errors
    /// [`EmbeddingError`] when it is empty or holds a number that is not finite.
    pub fn with_embedding(self, embedding: Vec<f32>) -> Result<Self, EmbeddingError> {
        if embedding.is_empty() || embedding.iter().any(|number| !number.is_finite()) {
            return Err(EmbeddingError);
        }
        Ok(Self { embedding: Some(embedding), ..self })
    }

    /// The person's own vector, if there is one.
    pub fn embedding(&self) -> Option<&[f32]> {
        self.embedding.as_deref()
    }

    /// Who.
    pub const fn person(&self) -> &Person {
        &self.person
    }

    /// The features, by key and then source.
    pub fn features(&self) -> &[UserFeature] {
        &self.features
    }

    /// The keys of the features, ascending, each once however many sources it has.
    pub fn keys(&self) -> impl Iterator<Item = &FeatureKey> {
        self.features.chunk_by(|a, b| a.key == b.key).filter_map(|same| Some(&same.first()?.key))
    }

    /// Whether a feature of this key is there, from any source.
    pub fn has(&self, key: &FeatureKey) -> bool {
        self.features.binary_search_by(|feature| feature.key.cmp(key)).is_ok()
    }

    /// The person and the features, without the vector of their own.
    pub fn into_parts(self) -> (Person, Vec<UserFeature>) {
        (self.person, self.features)
    }
}
