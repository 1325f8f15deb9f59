//! Evidence: what bank and mail records say about a person, as features with provenance.
//!
//! In: one person's [`Record`](crate::sync::Record)s and a [`Lexicon`]. Out: [`UserFeature`]s, and
//! for each the records behind it. The answer depends on the set of records alone, never on the
//! order in which they came.
//! This is the last stage that reads raw records; matching sees features only.
//! Rules and formulas: `docs/rules/matching.md`.

pub mod anomaly;
mod directory;
mod extract;
mod feature;
mod import;
pub mod ledger;
mod lexicon;
mod merchant;
mod plan;
mod reading;
pub mod recurring;
#[cfg(test)]
mod tests_order;
mod told;

pub use directory::{DERIVED, DirectoryPlan, MerchantCounts, plan_merchants};
pub use extract::{Extraction, Support, extract};
pub use feature::{Day, EmbeddingError, FeaturesError, UserFeature, UserFeatures};
pub use import::{parse_features, parse_person_line};
pub use ledger::{
    AmountRange, CorrectedField, Correction, CorrectionEdit, CorrectionError, Cursor, DateRange,
    DuplicateKind, DuplicateSuggestion, Edit, EntrySource, Filter, FilterError, LedgerEntry,
    LedgerPage, Query, QueryError, SearchHit, SearchIndex, corrected, duplicates, page, view,
};
pub use lexicon::{Lexicon, LexiconEntry, LexiconError};
pub use merchant::{
    AGREEMENT_MIN_PERCENT, Abstained, Candidate, Cleaned, DescriptorRules, EntryKind, Explanation,
    LEARNING_VERSION, LearnedAliases, Merchant, MerchantDirectory, MerchantError, NEAR_DUPLICATE,
    NamedDescriptor, NearDuplicate, PEOPLE_MIN, PersonalAliases, RETRAIN_AT, Removed, Resolution,
    Resolved, SIMILARITY_MIN, Tier, Why, is_retraining_due, learn_aliases, near_duplicates,
    parse_merchants, personal_aliases,
};
pub use plan::{
    EvidenceChange, FeatureId, Origin, StoredEvidence, StoredFeature, effective, plan_correction,
    plan_features, plan_records,
};
pub use reading::{Reading, ReadingError, corrected_descriptors, ledger_of};
pub use told::{ToldAnomaly, ToldPrice, ToldReason, ToldStream, anomalies_of, recurring_of};
