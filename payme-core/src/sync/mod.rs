//! Sync: bank and mail records as pages of additions and removals.
//!
//! In: [`Page`]s of [`Record`]s, in the order they were served, and what is stored. Out: a
//! [`SyncPlan`] that says what changes. Replaying a page changes nothing: a record that was
//! removed stays removed, because no provider gives an id to a second record.
//! Rules: `docs/rules/matching.md`.

mod plan;
mod record;
#[cfg(test)]
pub(crate) mod tests_support;

pub use plan::{Page, StoredRecord, SyncPlan, plan_pages};
pub use record::{
    MINUTES_OF_DAY, Message, RECORD_NAMESPACE, Record, RecordKind, Transaction, record_id,
};
