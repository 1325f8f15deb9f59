//! Evidence: what bank and mail records say about a person, as features with provenance.
//!
//! In: one person's [`Record`](crate::sync::Record)s and a [`Lexicon`]. Out: [`UserFeature`]s, and
//! for each the records behind it. The answer depends on the set of records alone, never on the
//! order in which they came.
//! This is the last stage that reads raw records; matching sees features only.
//! Rules and formulas: `docs/rules/matching.md`.

mod extract;
mod feature;
mod import;
mod lexicon;
mod plan;

pub use extract::{Extraction, Support, extract};
pub use feature::{Day, EmbeddingError, FeaturesError, UserFeature, UserFeatures};
pub use import::{parse_features, parse_person_line};
pub use lexicon::{Lexicon, LexiconEntry, LexiconError};
pub use plan::{
    EvidenceChange, FeatureId, Origin, StoredEvidence, StoredFeature, effective, plan_features,
    plan_records,
};
