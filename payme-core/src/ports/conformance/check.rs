//! Comparing what a store answers with what it must answer, in ids and counts.

use std::collections::BTreeMap;
use std::fmt;

use super::Failure;
use super::payouts_made::Everything;
use crate::audit::{Head, Link, Seal, SequencedEvent};
use crate::catalog::Settlement;
use crate::claims::{Claim, Filed, QuestionSet};
use crate::evidence::{LearnedAliases, Merchant};
use crate::evidence::{StoredEvidence, UserFeatures};
use crate::learning::Impression;
use crate::matching::Assignment;
use crate::payouts::{
    Account, AccountDetails, Amount, Approval, Attorney, Balance, Batch, Books, LeftOut,
    PayoutDestination, Posting, ProviderTransferId, RailNote, ReviewNote, Transfer,
};
use crate::ports::{Commit, MatchBatch, ShownPage, StoreError};
use crate::ranking::{MatchRun, Preference};
use crate::sync::StoredRecord;
use crate::types::{AccountId, RecordId, SettlementId, TransferId, UserId, Version};

/// How many ids a failure lists before it only counts.
const LISTED_MAX: usize = 8;

impl Failure {
    pub(super) fn new(step: &str, expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self { case: "", step: step.to_owned(), expected: expected.into(), found: found.into() }
    }
}

/// What a store answered, or that it failed.
pub(super) fn answered<T>(step: &str, answer: Result<T, StoreError>) -> Result<T, Failure> {
    answer.map_err(|error| Failure::new(step, "an answer", format!("error {}", error.code())))
}

/// A commit that must have been written.
pub(super) fn done(step: &str, answer: Result<Commit, StoreError>) -> Result<(), Failure> {
    equal(step, &Commit::Done, &answered(step, answer)?)
}

/// A commit that must have met a newer version.
pub(super) fn conflict(step: &str, answer: Result<Commit, StoreError>) -> Result<(), Failure> {
    equal(step, &Commit::Conflict, &answered(step, answer)?)
}

/// Two values that must be the same.
pub(super) fn equal<T: PartialEq + Shown>(
    step: &str,
    expected: &T,
    found: &T,
) -> Result<(), Failure> {
    if expected == found {
        return Ok(());
    }
    let (expected, mut found) = (expected.shown(), found.shown());
    if expected == found {
        found.push_str(" with other contents");
    }
    Err(Failure::new(step, expected, found))
}

/// A value as ids and counts.
pub(super) trait Shown {
    fn shown(&self) -> String;
}

macro_rules! shown {
    ($($type:ty, $value:ident => $text:expr;)*) => {
        $(impl Shown for $type {
            fn shown(&self) -> String {
                let $value = self;
                $text
            }
        })*
    };
}

shown! {
    i64, number => number.to_string();
    usize, count => count.to_string();
    bool, yes => yes.to_string();
    Commit, commit => format!("{commit:?}");
    u64, bits => format!("bits {bits:#018x}");
    UserId, id => id.to_string();
    RecordId, id => id.to_string();
    SettlementId, id => id.to_string();
    Merchant, merchant => format!("a merchant with {} aliases", merchant.aliases.len());
    LearnedAliases, learned => format!("{} learned aliases", learned.aliases.len());
    Version, version => format!("version {}", version.0);
    Settlement, settlement => format!("settlement {}", settlement.id);
    (Version, Settlement), row => format!("{} in {}", row.1.shown(), row.0.shown());
    Assignment, assignment => format!("variant {} of {}", assignment.variant, assignment.user_id);
    MatchRun, run => format!("run {} with {} results", run.id, run.results.len());
    ShownPage, page => format!(
        "{} results{}",
        page.results.len(),
        page.next.map_or_else(String::new, |next| format!(", the next behind {next}")),
    );
    Impression, impression => format!("{} of run {}", impression.shown, impression.run_id);
    MatchBatch, batch => format!("batch {} with {} done", batch.id, batch.done);
    SequencedEvent, entry => format!("event {} ({})", entry.event.id, entry.event.body.kind());
    Preference, preference => format!(
        "preference for {} in version {}",
        preference.settlement_id,
        preference.version.map_or(0, |version| version.0),
    );
    StoredRecord, record => match record {
        StoredRecord::Live(record) => format!("live {:?} {}", record.kind(), record.id()),
        StoredRecord::Removed => "a removed record".to_owned(),
    };
    UserFeatures, user => {
        format!("person {} with {} features", user.person().user_id, user.features().len())
    };
    String, text => text.clone();
    Seal, seal => format!("seal {} of {} logs", seal.sequence, seal.heads.len());
    (AccountId, Head), end => format!("account {} ends at {}", end.0, end.1.sequence);
    (ProviderTransferId, TransferId), named => format!("{} is {}", named.0.0, named.1);
    Claim, claim => format!("a claim that is {} in {}", claim.state, claim.version.shown());
    Account, row => format!("account {} in {}", row.id, row.version.shown());
    Approval, row => format!("approval {} ({}) in {}", row.id, row.state, row.version.shown());
    Batch, row => format!("payout batch {} ({}) in {}", row.id, row.state, row.version.shown());
    Transfer, row => format!("transfer {} ({}) in {}", row.id, row.state, row.version.shown());
    Attorney, row => format!("attorney {} in {}", row.id, row.version.shown());
    AccountDetails, row => {
        format!("details of account {} in {}", row.account_id, row.version.shown())
    };
    ReviewNote, row => format!("note of attempt {} of {}", row.attempt, row.approval_id);
    LeftOut, row => format!("{} left out ({})", row.user_id, row.reason);
    PayoutDestination, row => {
        format!("destination {} ({}) in {}", row.id, row.status, row.version.shown())
    };
    QuestionSet, set => format!("{} questions in {}", set.questions.len(), set.version.shown());
    Filed, filed => {
        format!("{} answers and {} records", filed.answers.len(), filed.evidence.len())
    };
    Amount, _amount => "an amount".to_owned();
    Balance, _balance => "a balance".to_owned();
    Posting, posting => format!("posting {}", posting.kind);
    Link, link => format!("fact {} of account {}", link.sequence, link.account_id);
    RailNote, note => format!("event {} of a rail ({})", note.event.id, note.outcome);
    Books, books => format!(
        "books with {} accounts, {} claims, {} approvals, {} batches, {} transfers",
        books.accounts.len(),
        books.claims.len(),
        books.approvals.len(),
        books.batches.len(),
        books.transfers.len(),
    );
    Everything, all => format!(
        "{} accounts, {} deposits, {} claims, {} approvals, {} batches, {} transfers, {} notes, \
         cursor {}, {} facts, {} postings",
        all.accounts.len(),
        all.deposits.iter().flatten().count(),
        all.claims.iter().flatten().count(),
        all.approvals.iter().flatten().count(),
        all.batches.len(),
        all.transfers.len(),
        all.notes.len(),
        all.cursor,
        all.log.len(),
        all.postings.len(),
    );
    StoredEvidence, stored => format!(
        "person {} in version {} with {} records, {} features, {} supports, {} corrections, \
         {} anomalies",
        stored.person.user_id,
        stored.version.map_or(0, |version| version.0),
        stored.records.len(),
        stored.features.len(),
        stored.support.len(),
        stored.corrections.len(),
        stored.anomalies.len(),
    );
}

impl<T: Shown> Shown for Option<T> {
    fn shown(&self) -> String {
        self.as_ref().map_or_else(|| "nothing".to_owned(), Shown::shown)
    }
}

impl<T: Shown> Shown for Vec<T> {
    fn shown(&self) -> String {
        let mut listed: Vec<String> = self.iter().take(LISTED_MAX).map(Shown::shown).collect();
        if self.len() > LISTED_MAX {
            listed.push("...".to_owned());
        }
        format!("{} [{}]", self.len(), listed.join(", "))
    }
}

impl<K: fmt::Display, V: Shown> Shown for BTreeMap<K, V> {
    fn shown(&self) -> String {
        let rows: Vec<String> = self.values().take(LISTED_MAX).map(Shown::shown).collect();
        format!("{} [{}]", self.len(), rows.join(", "))
    }
}
