//! One user of a world: as numbers, in the form of the features file, and as the engine reads it.

use std::collections::BTreeMap;

use jiff::civil::Date;
use payme_core::evidence::{Day, UserFeature, UserFeatures};
use payme_core::types::{Confidence, Money, Person, Source};
use serde::Serialize;

use super::random::{Purpose, Stream};
use super::settlement::home_state;
use super::vocabulary::Vocabulary;
use super::{TODAY, day};

/// How many days back the oldest record lies.
const DAYS_BACK_MAX: usize = 2_000;

/// Everything that was drawn for one user.
#[derive(Debug, Clone)]
pub(super) struct Drawn {
    id: String,
    state: Option<&'static str>,
    date_of_birth: Option<Date>,
    features: Vec<DrawnFeature>,
}

#[derive(Debug, Clone)]
struct DrawnFeature {
    word: usize,
    source: Source,
    count: u32,
    /// By day, ascending: the records, and the cents they add up to.
    days: Vec<(Date, u32, usize)>,
}

/// Draws users, each by its number.
#[derive(Debug, Clone)]
pub(super) struct Drawer {
    seed: u64,
    vocabulary: Vocabulary,
    /// At `back`, the day so many days before [`TODAY`].
    days: Vec<Date>,
}

/// A row of the features file. The order of the fields is the order in the file.
#[derive(Debug, Clone, Serialize)]
pub(super) struct UserRow {
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

impl Drawer {
    pub(super) fn new(seed: u64, vocabulary: Vocabulary) -> Self {
        Self {
            seed,
            vocabulary,
            days: (0..=DAYS_BACK_MAX).map(|back| day(TODAY, 0, back)).collect(),
        }
    }

    pub(super) const fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// The user of a number. The shares are those of [`super::World`].
    pub(super) fn draw(&self, number: usize) -> Drawn {
        let stream = &mut Stream::new(self.seed, Purpose::User, number);
        let wanted = stream.between(5, 60);
        Drawn {
            id: stream.uuid(),
            state: (!stream.percent(6)).then(|| home_state(stream)),
            date_of_birth: stream.percent(70).then(|| day(TODAY, 0, stream.between(6_000, 33_000))),
            features: self.features(stream, wanted),
        }
    }

    /// Up to `wanted` features; fewer when the draws repeat themselves in a small vocabulary.
    fn features(&self, stream: &mut Stream, wanted: usize) -> Vec<DrawnFeature> {
        use Source::{Gmail, Plaid};
        let mut features: Vec<DrawnFeature> = Vec::with_capacity(wanted + 1);
        for _ in 0..wanted * 10 {
            if features.len() >= wanted {
                break;
            }
            let word = self.vocabulary.draw(stream);
            let sources: &[Source] =
                stream.share(&[(45, &[Plaid][..]), (30, &[Gmail]), (25, &[Gmail, Plaid])]);
            // A user has a few dozen features: looking at each is quicker than a set.
            if features.iter().all(|feature| feature.word != word) {
                features.extend(sources.iter().map(|source| self.feature(stream, word, *source)));
            }
        }
        features.truncate(wanted);
        features
    }

    fn feature(&self, stream: &mut Stream, word: usize, source: Source) -> DrawnFeature {
        let count = stream.share(&[(40, 1_u32), (20, 2), (15, 3), (10, 4), (10, 6), (5, 12)]);
        let mut days: BTreeMap<Date, (u32, usize)> = BTreeMap::new();
        for _ in 0..count {
            let date = self.days[stream.between(1, DAYS_BACK_MAX)];
            let (records, cents) = days.entry(date).or_default();
            *records += 1;
            *cents += stream.between(199, 25_000);
        }
        let days = days.into_iter().map(|(date, (count, cents))| (date, count, cents)).collect();
        DrawnFeature { word, source, count, days }
    }

    /// The user's row of the features file.
    pub(super) fn row(&self, user: Drawn) -> UserRow {
        UserRow {
            user_id: user.id,
            state: user.state,
            date_of_birth: user.date_of_birth.map(|date| date.to_string()),
            features: user.features.iter().map(|feature| self.feature_row(feature)).collect(),
        }
    }

    fn feature_row(&self, feature: &DrawnFeature) -> FeatureRow {
        let [first, last] = feature.span();
        FeatureRow {
            key: self.vocabulary.words()[feature.word].key.to_string(),
            source: feature.source.as_str(),
            confidence: feature.confidence(),
            count: feature.count,
            first_seen: first.to_string(),
            last_seen: last.to_string(),
            by_day: feature
                .days
                .iter()
                .map(|(date, count, cents)| DayRow {
                    date: date.to_string(),
                    count: *count,
                    amount_cents: feature.has_amounts().then_some(*cents),
                })
                .collect(),
        }
    }

    /// What the engine reads from the user's row, without writing and reading it.
    pub(super) fn value(&self, user: &Drawn) -> UserFeatures {
        let person = Person {
            user_id: user.id.parse().expect("a UUID"),
            state: user.state.map(|state| state.parse().expect("a state")),
            date_of_birth: user.date_of_birth,
        };
        let features = user.features.iter().map(|feature| self.feature_value(feature)).collect();
        UserFeatures::new(person, features).expect("features that differ")
    }

    fn feature_value(&self, feature: &DrawnFeature) -> UserFeature {
        let [first, last] = feature.span();
        let amount = |cents: usize| Money::usd_cents(i64::try_from(cents).expect("few cents"));
        UserFeature {
            key: self.vocabulary.words()[feature.word].key.clone(),
            source: feature.source,
            confidence: Confidence::new(feature.confidence()).expect("a hundredth"),
            count: feature.count,
            first_seen: Some(first),
            last_seen: Some(last),
            by_day: feature
                .days
                .iter()
                .map(|(date, count, cents)| Day {
                    date: *date,
                    count: *count,
                    amount: feature.has_amounts().then(|| amount(*cents)),
                })
                .collect(),
        }
    }
}

impl DrawnFeature {
    /// A hundredth is one correctly rounded division: the same bits everywhere.
    fn confidence(&self) -> f64 {
        f64::from(70 + 20.min(5 * self.count)) / 100.0
    }

    /// The first day and the last.
    fn span(&self) -> [Date; 2] {
        [self.days.first(), self.days.last()].map(|day| day.map_or(TODAY, |(date, ..)| *date))
    }

    fn has_amounts(&self) -> bool {
        self.source == Source::Plaid
    }
}
