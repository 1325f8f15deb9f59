//! Matching: which settlements a person is eligible for, and how strong each signal is.
//!
//! In: one person's features and a [`CatalogIndex`](crate::catalog::CatalogIndex). Out: eligible
//! candidates and near misses, each with its signals.
//! Nothing here reads raw records, and a person's match touches only settlements that share a
//! feature with them or require none.
//! Rules and formulas: `docs/rules/matching.md`.

mod candidates;
mod experiment;
mod signals;

pub use candidates::{Candidate, Candidates, MatchScope, Matcher};
pub use experiment::{
    Assignment, DEFAULT_EXPERIMENT_KEY, ExperimentKey, ExperimentKeyError, Variant, assign,
};
pub use signals::{Signal, SignalSet, Signals, baseline_signals};
