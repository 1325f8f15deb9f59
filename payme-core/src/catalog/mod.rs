//! Catalogue: settlements, their eligibility predicates, and an index from feature to settlement.
//!
//! In: the settlement file people write. Out: [`Settlement`]s, a [`CatalogPlan`] that says what an
//! import would change, and a compiled [`CatalogIndex`].
//! Importing the same file twice changes nothing: a settlement without an id gets one that is
//! derived from its claim link and title.
//! Rules and formulas: `docs/rules/matching.md`.

mod import;
mod index;
mod plan;
mod predicate;
mod settlement;

pub use import::{SETTLEMENT_FIELDS, parse_settlement, parse_settlements};
pub use index::{CatalogIndex, SettlementIx};
pub use plan::{CatalogPlan, plan_import};
pub use predicate::{
    AgeAtom, Eligibility, FeatureAtom, Predicate, PurchasesAtom, Range, SimpleRule,
};
pub use settlement::{ClassPeriod, Payout, Proof, SETTLEMENT_NAMESPACE, Settlement, Status};
