//! Made-up worlds for benchmarks and tests: settlements, users and mail, from a seed.
//!
//! The same [`WorldSpec`] gives the same bytes on every machine: whole numbers decide everything,
//! each entity draws from a stream of its own, and the files are written field by field. What is
//! new (embeddings, say) takes a new [`random::Purpose`] and leaves the rest as it was.
#![expect(clippy::expect_used, reason = "a row the engine refuses is a fault of the generator")]

mod mail;
pub(crate) mod random;
mod settlement;
mod user;
pub(crate) mod vectors;
mod vocabulary;

use jiff::SignedDuration;
use jiff::civil::{Date, date};
use payme_core::catalog::{Settlement, parse_settlements};
use payme_core::evidence::{UserFeatures, parse_features};
use payme_core::types::FeatureKey;

use settlement::SettlementRow;
use user::Drawer;
use vocabulary::Vocabulary;

pub(crate) use mail::Mail;

/// The day around which everything in a world happens.
pub(crate) const TODAY: Date = date(2026, 2, 1);

/// The time of matching in a world.
pub(crate) const NOW: &str = "2026-02-01T00:00:00Z";

/// How much users and settlements have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Shape {
    /// A few merchants that nearly everybody knows: at 10,000 settlements a user is eligible for
    /// 1,400 of them.
    #[default]
    Steep,
    /// Popularity falls with the square root of what it falls with in [`Shape::Steep`], and every
    /// settlement requires something: in [`WorldSpec::flat`] with 10,000 settlements a user is
    /// eligible for 114 of them.
    Flat,
}

/// What to generate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WorldSpec {
    /// Worlds of two seeds have nothing but the vocabulary in common.
    pub(crate) seed: u64,
    /// How many settlements.
    pub(crate) settlements: usize,
    /// How many users.
    pub(crate) users: usize,
    /// How many merchants settlements and users choose from; at least 1.
    pub(crate) merchants: usize,
    /// How popular each is.
    pub(crate) shape: Shape,
}

impl WorldSpec {
    /// A world with one merchant for each five settlements, and at least forty.
    pub(crate) fn new(seed: u64, settlements: usize, users: usize) -> Self {
        let merchants = (settlements / 5).max(40);
        Self { seed, settlements, users, merchants, shape: Shape::Steep }
    }

    /// A world of [`Shape::Flat`] with 27 merchants for each hundred settlements, and at least
    /// forty.
    pub(crate) fn flat(seed: u64, settlements: usize, users: usize) -> Self {
        let merchants = (27 * settlements / 100).max(40);
        Self { seed, settlements, users, merchants, shape: Shape::Flat }
    }
}

/// A catalogue and the people it may concern, of whole percentages.
///
/// Settlements require no feature (4; in [`Shape::Flat`] 0), one (60; 64), two (26) or three (10).
/// Features are merchants (85; 90), categories (10; 7) or subscriptions (5; 3), and within each
/// kind their popularity follows a Zipf law with exponent 1.046875 (0.5234375). 60 name no state,
/// the others 1 to 12. 90 have a deadline, from 60 days before [`TODAY`] to 300 days after, a
/// quarter of them as a day and a zone. 15 name no payout and 5 a payout of zero. 85 have a claim
/// link, 50 a class period. 92 are open.
///
/// Users have 5 to 60 features, from the bank (45), the mail (30) or both (25; two features); 94
/// have a state, 70 a date of birth. Each feature has 1 to 12 records within 2,000 days.
#[derive(Debug, Clone)]
pub(crate) struct World {
    /// The settlements, in the order of the file.
    pub(crate) settlements: Vec<Settlement>,
    /// The users, in the order of the file.
    pub(crate) users: Vec<UserFeatures>,
    spec: WorldSpec,
    settlements_json: String,
    features_jsonl: String,
}

impl World {
    /// The world of a specification.
    ///
    /// # Panics
    /// When the engine refuses a row: every row of a world is a good one.
    pub(crate) fn generate(spec: WorldSpec) -> Self {
        let vocabulary = Vocabulary::new(spec.shape, spec.merchants);
        let settlement = |number| line(&SettlementRow::generate(&spec, number, &vocabulary));
        let drawer = Drawer::new(spec.seed, vocabulary.clone());
        let user = |number| line(&drawer.row(drawer.draw(number)));
        let rows: Vec<String> = (0..spec.settlements).map(settlement).collect();
        let settlements_json = format!("[\n{}\n]\n", rows.join(",\n"));
        let features_jsonl: String =
            (0..spec.users).flat_map(|number| [user(number), "\n".to_owned()]).collect();
        let read = parse_settlements(settlements_json.as_bytes()).map(|rows| rows.all());
        let settlements = read.expect("a JSON array").expect("good settlements");
        let users = match spec.users {
            0 => Vec::new(),
            _ => {
                let read = parse_features(features_jsonl.as_bytes()).map(|rows| rows.all());
                read.expect("JSON lines").expect("good users")
            }
        };
        Self { settlements, users, spec, settlements_json, features_jsonl }
    }

    /// The settlement file.
    pub(crate) fn to_settlements_json(&self) -> &str {
        &self.settlements_json
    }

    /// The features file.
    pub(crate) fn to_features_jsonl(&self) -> &str {
        &self.features_jsonl
    }

    /// Mail that names merchants which settlements of this world cover.
    pub(crate) fn mail(&self, messages: usize) -> Mail {
        Mail::generate(self.spec.seed, &self.settlements, messages)
    }
}

/// How many settlements stand in one file while many are made.
const ROWS_AT_ONCE: usize = 10_000;

/// The settlements of a world alone, equal to those of [`World`], without one file of all.
///
/// # Panics
/// When the engine refuses a row: every row of a world is a good one.
pub(crate) fn settlements(spec: &WorldSpec) -> Vec<Settlement> {
    let vocabulary = Vocabulary::new(spec.shape, spec.merchants);
    let mut settlements = Vec::with_capacity(spec.settlements);
    for start in (0..spec.settlements).step_by(ROWS_AT_ONCE) {
        let end = spec.settlements.min(start + ROWS_AT_ONCE);
        let row = |number| line(&SettlementRow::generate(spec, number, &vocabulary));
        let file = format!("[{}]", (start..end).map(row).collect::<Vec<_>>().join(","));
        let read = parse_settlements(file.as_bytes()).map(|rows| rows.all());
        settlements.extend(read.expect("a JSON array").expect("good settlements"));
    }
    settlements
}

/// The users of a world one by one, equal to those of [`World`], without a file between.
#[derive(Debug, Clone)]
pub(crate) struct People(Drawer);

impl People {
    /// The users of a specification.
    pub(crate) fn new(spec: &WorldSpec) -> Self {
        Self(Drawer::new(spec.seed, Vocabulary::new(spec.shape, spec.merchants)))
    }

    /// The user of a number, which the specification does not limit.
    ///
    /// # Panics
    /// When the engine refuses it: every user of a world is a good one.
    pub(crate) fn user(&self, number: usize) -> UserFeatures {
        self.0.value(&self.0.draw(number))
    }

    /// Every feature that a user of this world can have; its place in the list is its number.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &FeatureKey> {
        self.0.vocabulary().words().iter().map(|word| &word.key)
    }
}

fn line(row: &impl serde::Serialize) -> String {
    serde_json::to_string(row).expect("rows of texts and finite numbers")
}

/// The day `ahead` days after a date and `back` days before it.
fn day(from: Date, ahead: usize, back: usize) -> Date {
    let hours = |days: usize| SignedDuration::from_hours(24 * i64::try_from(days).unwrap_or(0));
    from + hours(ahead) - hours(back)
}
