//! Catalogue: settlements, their eligibility predicates, and an index from feature to settlement.
//!
//! In: the settlement file people write. Out: [`Settlement`]s, a [`CatalogPlan`] that says what an
//! import would change, and a compiled [`CatalogIndex`].
//! Importing the same file twice changes nothing: a settlement without an id gets one that is
//! derived from its claim link and title.
//! Rules and formulas: `docs/rules/matching.md`.

mod eligibility;
mod import;
mod index;
mod optimise;
mod plan;
mod predicate;
mod predicate_json;
mod provenance;
mod settlement;
pub mod tracker;

pub use eligibility::{Eligibility, SimpleRule};
pub use import::{SETTLEMENT_FIELDS, parse_settlement, parse_settlements};
pub use index::{
    CatalogEdit, CatalogIndex, SNAPSHOT_VERSION, SettlementFacts, SettlementIx, SnapshotError,
    SnapshotSection,
};
pub(crate) use index::{Columns, FeatureVectors, NO_FEATURE, Posting, program, words_of};
pub use plan::{CatalogPlan, plan_import};
pub use predicate::{AgeAtom, FeatureAtom, Predicate, PurchasesAtom, Range};
pub use predicate_json::{PREDICATE_LEVELS_MAX, PREDICATE_PARTS_MAX, QUESTION_CHARS_MAX};
pub use provenance::{Disagreement, EXCERPT_CHARS_MAX, Provenance, SourcedFact, StatedValue};
pub use settlement::{ClassPeriod, Payout, Proof, SETTLEMENT_NAMESPACE, Settlement, Status};
