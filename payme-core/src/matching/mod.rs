//! Matching: which settlements a person is eligible for, and how strong each signal is.
//!
//! In: one person's features and a [`CatalogIndex`](crate::catalog::CatalogIndex). Out: eligible
//! candidates and near misses, each with its signals.
//! Nothing here reads raw records, and a person's match touches only settlements that share a
//! feature with them or require none.
//! Rules and formulas: `docs/rules/matching.md`.

#[cfg(test)]
pub(crate) mod arbitrary;
mod baseline;
mod experiment;
mod graded;
mod matcher;
mod pairs;
mod people;
mod plain;
mod program;
mod reverse;
mod sentence;
mod session;
mod sighting;
mod signals;
mod trace;
mod truth;
mod windows;

pub use baseline::baseline_signals;
pub use experiment::{
    Assignment, DEFAULT_EXPERIMENT_KEY, ExperimentKey, ExperimentKeyError, Variant, assign,
};
pub(crate) use graded::of_settlement;
pub use graded::{FREQUENCY_HALF_COUNT, RECENCY_HALF_LIFE_DAYS, URGENCY_HALF_LIFE_DAYS};
pub use matcher::{Candidate, Candidates, MatchScope, Matcher};
pub use pairs::eligible_pairs;
pub(crate) use people::Binding;
pub use people::{People, PeopleFull};
pub use plain::{Observed, judge};
pub use reverse::{Reverse, reverse};
pub(crate) use session::{Drawn, Lazy, Moment, Session};
pub use signals::{Signal, SignalSet, Signals};
pub use trace::{Finding, Missing, Trace, trace};
pub use truth::{Judgement, Truth};
pub(crate) use windows::in_windows;
