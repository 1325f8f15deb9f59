//! The ledger: what a person's bank records say, as the person sees, searches and corrects them.
//!
//! In: one person's records and [`Correction`]s. Out: [`LedgerEntry`]s, the newest first; those a
//! [`Filter`] admits, page by page; those a [`Query`] finds, ranked; and suggestions of which two
//! stand for one purchase. Nothing here removes or changes a record, and no answer depends on the
//! order in which records or corrections came.
//! Rules, formulas and the reasons for their constants: `docs/rules/transactions.md`.

mod correction;
mod duplicates;
mod entry;
mod filter;
mod fuzzy;
mod query;
mod search;
#[cfg(test)]
mod tests_duplicates;
#[cfg(test)]
mod tests_search;
#[cfg(test)]
mod tests_support;
mod words;

pub use correction::{
    CATEGORY_CHARS_MAX, CorrectedField, Correction, CorrectionEdit, CorrectionError, Edit,
    MERCHANT_CHARS_MAX, NOTE_CHARS_MAX,
};
pub use duplicates::{
    DAYS_APART_MAX, DuplicateKind, DuplicateSuggestion, OVERLAP_SHARE_MIN, SERIES_MAX, duplicates,
};
pub use entry::{EntrySource, LedgerEntry, corrected, view};
pub use filter::{AmountRange, Cursor, DateRange, Filter, FilterError, LedgerPage, page};
pub use fuzzy::{ALIKE_MIN, NEIGHBOURS_MAX};
pub use query::{QUERY_CHARS_MAX, QUERY_TERMS_MAX, Query, QueryError};
pub use search::{SearchHit, SearchIndex};
