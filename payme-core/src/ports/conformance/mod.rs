//! The suite that every store has to pass, whoever wrote it.
//!
//! A test of a store is a few lines: for each case an empty store, [`run`], and the text of what
//! failed. Nothing here needs a runtime or a test framework, and nothing panics.
//!
//! ```
//! use payme_core::ports::{Store, conformance};
//!
//! async fn my_store_conforms(empty: impl Fn() -> Box<dyn Store>) -> Vec<String> {
//!     let mut failures = Vec::new();
//!     for case in conformance::cases() {
//!         let store = empty();
//!         if let Err(failure) = conformance::run(case, store.as_ref()).await {
//!             failures.push(failure.to_string());
//!         }
//!     }
//!     failures
//! }
//! ```
//!
//! The people, settlements and records of the suite are made up. A failure names ids and counts
//! only, so that its text can be pasted into a report even when the store was not empty.

mod audit;
mod catalog;
mod check;
mod directory;
mod events;
mod evidence;
mod gateway;
mod gateway_claims;
mod learning;
mod made;
mod matching;
mod pages;
mod payouts_conflicts;
mod payouts_log;
mod payouts_made;
mod payouts_rail;
mod payouts_rows;
mod revisions;
mod runs;

use std::future::Future;
use std::pin::Pin;

use super::Store;

/// What became of a case, later.
type Answer<'a> = Pin<Box<dyn Future<Output = Result<(), Failure>> + Send + 'a>>;

/// One thing that a store must do.
#[derive(Clone, Copy)]
pub struct Case {
    /// The case, as `<part of the store>/<what it must do>`.
    pub name: &'static str,
    run: for<'a> fn(&'a dyn Store) -> Answer<'a>,
}

/// What a store did instead of what it must do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{case}: {step}: expected {expected}, found {found}")]
pub struct Failure {
    /// The name of the case.
    pub case: &'static str,
    /// Which of its steps.
    pub step: String,
    /// What should have been there, as ids and counts.
    pub expected: String,
    /// What was there, as ids and counts.
    pub found: String,
}

/// A table of cases; every name is followed by the async function that tries it.
macro_rules! cases {
    ($($name:literal => $try:path,)*) => {
        &[$(Case {
            name: $name,
            run: {
                fn boxed(store: &dyn Store) -> Answer<'_> {
                    Box::pin($try(store))
                }
                boxed
            },
        }),*]
    };
}

const CASES: &[Case] = cases![
    "catalog/nothing is there at first" => catalog::nothing_is_there_at_first,
    "catalog/added settlements read back" => catalog::added_settlements_read_back,
    "catalog/a change makes a new version" => catalog::a_change_makes_a_new_version,
    "catalog/a stale version conflicts" => catalog::a_stale_version_conflicts,
    "catalog/an existing id conflicts" => catalog::an_existing_id_conflicts,
    "catalog/an unknown id cannot change" => catalog::an_unknown_id_cannot_change,
    "catalog/an import is all or nothing" => catalog::an_import_is_all_or_nothing,
    "catalog/refreshed people come with it" => catalog::refreshed_people_come_with_it,
    "directory/empty at first" => directory::the_directory_is_empty_at_first,
    "directory/merchants read back" => directory::merchants_read_back_and_are_replaced,
    "directory/it rests on revisions" => directory::the_directory_rests_on_revisions,
    "correction/corrections read back and go" => directory::corrections_read_back_and_go,
    "anomaly/anomalies read back and go" => directory::anomalies_read_back_and_go,
    "evidence/nobody is there at first" => evidence::nobody_is_there_at_first,
    "evidence/a new person reads back" => evidence::a_new_person_reads_back,
    "evidence/a person can change" => evidence::a_person_can_change,
    "evidence/records read back" => evidence::records_read_back,
    "evidence/a removed record leaves a trace" => evidence::a_removed_record_leaves_a_trace,
    "evidence/features of both origins read back" => evidence::features_read_back,
    "evidence/features are replaced and deleted" => evidence::features_are_replaced_and_deleted,
    "evidence/support reads back" => evidence::support_reads_back,
    "evidence/a stale version conflicts" => evidence::a_stale_version_conflicts,
    "evidence/a person is new only once" => evidence::a_person_is_new_only_once,
    "evidence/a change to nobody conflicts" => evidence::a_change_to_nobody_conflicts,
    "evidence/many people are all or nothing" => pages::many_people_are_all_or_nothing,
    "evidence/one person twice in a commit" => pages::one_person_twice_in_a_commit,
    "evidence/derived features win" => pages::derived_features_win,
    "evidence/people come in pages by id" => pages::people_come_in_pages_by_id,
    "evidence/people with records" => pages::people_with_records,
    "revision/the catalogue's grows with it" => revisions::the_catalogs_grows_with_it,
    "revision/the records' grows with records" => revisions::the_records_grows_with_records,
    "revision/a change rests on the catalogue" => revisions::a_change_rests_on_the_catalogue,
    "assignment/none is there at first" => matching::no_assignment_at_first,
    "assignment/the first sticks" => matching::the_first_assignment_sticks,
    "assignment/a forced one replaces it" => matching::a_forced_assignment_replaces_it,
    "assignment/another expectation conflicts" => matching::another_expectation_conflicts,
    "assignment/many go all or none" => matching::assignments_go_all_or_none,
    "preference/none is there at first" => matching::no_preference_at_first,
    "preference/a preference reads back" => matching::a_preference_reads_back,
    "preference/a stale version conflicts" => matching::a_stale_preference_conflicts,
    "run/none is there at first" => runs::no_run_at_first,
    "run/a run reads back to the bit" => runs::a_run_reads_back_to_the_bit,
    "run/the newest is the last stored" => runs::the_newest_is_the_last_stored,
    "run/a stored id conflicts" => runs::a_stored_id_conflicts,
    "batch/the cursor moves on" => runs::the_cursor_moves_on,
    "batch/another cursor conflicts" => runs::another_cursor_conflicts,
    "batch/the newest of a request" => runs::the_newest_batch_of_a_request,
    "learning/nothing was shown at first" => learning::nothing_was_shown_at_first,
    "learning/the last run that showed it" => learning::the_last_run_that_showed_it,
    "learning/people come in pages" => learning::people_come_in_pages,
    "learning/claims come with it" => learning::claims_come_with_it,
    "event/the log is empty at first" => events::the_log_is_empty_at_first,
    "event/every kind reads back in order" => events::every_kind_reads_back_in_order,
    "event/pages follow each other" => events::pages_follow_each_other,
    "event/every commit writes its events" => events::every_commit_writes_its_events,
    "event/a conflict leaves none" => events::a_conflict_leaves_none,
    "event/a stored id is refused" => events::a_stored_id_is_refused,
    "payout/nothing is there at first" => payouts_rows::nothing_is_there_at_first,
    "payout/a claim of every state reads back" => payouts_rows::a_claim_of_every_state_reads_back,
    "payout/a claim moves with its events" => payouts_rows::a_claim_moves_with_its_events,
    "payout/claims of a person" => payouts_rows::claims_of_a_person,
    "payout/accounts read back" => payouts_rows::accounts_read_back,
    "payout/approvals read back" => payouts_rows::approvals_read_back,
    "payout/who waits comes in pages" => payouts_rows::who_waits_comes_in_pages,
    "payout/batches read back" => payouts_rows::batches_read_back,
    "payout/a payout in one change" => payouts_rows::a_payout_in_one_change,
    "payout/batches come the newest first" => payouts_rows::batches_come_the_newest_first,
    "payout/transfers read back" => payouts_rows::transfers_of_every_state_read_back,
    "payout/transfers come by state" => payouts_rows::transfers_come_by_state_in_pages,
    "payout/a thousand transfers at once" => payouts_rows::a_thousand_transfers_at_once,
    "payout/who is left out is not written" => payouts_rows::who_is_left_out_is_not_written,
    "payout/a stale row conflicts" => payouts_conflicts::a_stale_row_conflicts,
    "payout/an unknown row conflicts" => payouts_conflicts::a_row_that_is_not_there_conflicts,
    "payout/a key is used once" => payouts_conflicts::a_key_is_used_once,
    "payout/a person has one approval" => payouts_conflicts::a_person_has_one_approval,
    "payout/one live transfer" => payouts_conflicts::an_approval_has_one_live_transfer,
    "payout/what ends makes room" => payouts_conflicts::what_ends_makes_room_at_once,
    "payout/a change is all or none" => payouts_conflicts::a_change_is_all_or_none,
    "payout/only one takes a batch" => payouts_conflicts::only_one_takes_a_batch,
    "payout/the chain goes on" => payouts_log::the_chain_goes_on,
    "payout/the log rebuilds the rows" => payouts_log::the_log_rebuilds_the_rows,
    "payout/facts without a row" => payouts_log::facts_without_a_row,
    "payout/one change of two accounts" => payouts_log::one_change_of_two_accounts,
    "payout/the log comes in pages" => payouts_log::the_log_comes_in_pages,
    "payout/postings come in pages" => payouts_log::postings_come_in_pages,
    "payout/postings of batches" => payouts_log::postings_of_batches_and_transfers,
    "payout/books hold what is needed" => payouts_log::books_hold_what_a_decision_rests_on,
    "payout/one person of two settlements" => payouts_log::one_person_of_two_settlements,
    "rail/the cursor moves on" => payouts_rail::the_cursor_of_a_rail_moves_on,
    "rail/notes read back in order" => payouts_rail::notes_read_back_in_order,
    "rail/what is known now is found" => payouts_rail::what_is_known_now_is_found,
    "rail/what is named meanwhile is found" => payouts_rail::what_is_named_meanwhile_is_found,
    "rail/an event is told twice" => payouts_rail::an_event_that_is_told_twice,
    "audit/heads are where logs end" => audit::heads_are_where_logs_end,
    "audit/seals are appended" => audit::seals_are_appended,
    "audit/facts come by time" => audit::facts_come_by_time,
    "audit/approvals come in pages" => audit::approvals_come_in_pages,
    "gateway/nothing is there at first" => gateway::nothing_is_there_at_first,
    "gateway/attorneys read back" => gateway::attorneys_read_back,
    "gateway/an attorney registers once" => gateway::an_attorney_registers_once,
    "gateway/details come with the account" => gateway::details_come_with_the_account,
    "gateway/notes come with decisions" => gateway::notes_come_with_decisions,
    "gateway/who is left out is kept" => gateway::who_is_left_out_is_kept,
    "gateway/a request is kept once" => gateway::a_request_is_kept_once,
    "gateway/balances add up" => gateway::balances_add_up,
    "gateway/batches of an attorney" => gateway::batches_of_an_attorney,
    "gateway/one destination" => gateway_claims::a_person_has_one_destination,
    "gateway/destinations come in bulk" => gateway_claims::destinations_come_in_bulk,
    "gateway/questions are replaced" => gateway_claims::questions_replace_each_other,
    "gateway/a claim is filed once" => gateway_claims::a_claim_is_filed_once,
    "rail/one name for two transfers" => payouts_rail::one_name_for_two_transfers,
];

/// Every case. They do not depend on each other; each wants an empty store of its own.
pub const fn cases() -> &'static [Case] {
    CASES
}

/// Runs one case against a fresh, empty store.
///
/// # Errors
/// A [`Failure`] at the first step where the store does something else than it must.
pub async fn run(case: &Case, store: &dyn Store) -> Result<(), Failure> {
    (case.run)(store).await.map_err(|failure| Failure { case: case.name, ..failure })
}

impl std::fmt::Debug for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Case").field(&self.name).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_case_has_a_name_of_its_own() {
        let names: BTreeSet<_> = cases().iter().map(|case| case.name).collect();
        assert_eq!(names.len(), cases().len());
    }
}
