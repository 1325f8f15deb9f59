//! A store that opens its file for every call and closes it again.

use std::collections::BTreeMap;

use async_trait::async_trait;
use payme_adapters::store::sqlite::SqliteStore;
use payme_core::audit::{Event, Head, Link, LogFilter, LogPlace, Seal, SequencedEvent};
use payme_core::catalog::tracker::TrackerState;
use payme_core::catalog::{CatalogPlan, Settlement};
use payme_core::claims::{Claim, Filed, QuestionSet};
use payme_core::evidence::{
    DirectoryPlan, EvidenceChange, LearnedAliases, Merchant, StoredEvidence, UserFeatures,
};
use payme_core::learning::Impression;
use payme_core::matching::{Assignment, ExperimentKey};
use payme_core::payouts::{
    Account, AccountDetails, Amount, Approval, Attorney, Balance, Batch, Books, LeftOut,
    PayoutChange, PayoutDestination, Posting, ProviderTransferId, RailNote, RequestKey, ReviewNote,
    Transfer, TransferState,
};
use payme_core::ports::{
    AssignmentChange, AuditStore, CatalogStore, Commit, DirectoryStore, EventStore, EvidenceStore,
    GatewayStore, LearningStore, MatchBatch, MatchStore, PayoutStore, Revisions, ShownPage,
    StoreError,
};
use payme_core::ranking::{MatchRun, Preference};
use payme_core::types::{
    AccountId, ApprovalId, AttorneyId, DestinationId, FeatureKey, PayoutBatchId, RecordId, RunId,
    SettlementId, Source, TransferId, UserId, Version,
};

pub(crate) struct Reopened {
    pub(crate) path: String,
}

/// Opens, calls, closes.
macro_rules! reopened {
    ($self:ident.$method:ident($($argument:expr),*)) => {{
        let store = SqliteStore::open(&$self.path).await?;
        let answer = store.$method($($argument),*).await;
        store.close().await;
        answer
    }};
}

#[async_trait]
impl CatalogStore for Reopened {
    async fn catalog(&self) -> Result<BTreeMap<SettlementId, (Version, Settlement)>, StoreError> {
        reopened!(self.catalog())
    }

    async fn settlement(&self, id: SettlementId) -> Result<Option<Settlement>, StoreError> {
        reopened!(self.settlement(id))
    }

    async fn revisions(&self) -> Result<Revisions, StoreError> {
        reopened!(self.revisions())
    }

    async fn tracker_state(&self) -> Result<TrackerState, StoreError> {
        reopened!(self.tracker_state())
    }

    async fn commit_catalog(
        &self,
        plan: &CatalogPlan,
        refreshed: &[EvidenceChange],
        events: &[Event],
    ) -> Result<Commit, StoreError> {
        reopened!(self.commit_catalog(plan, refreshed, events))
    }
}

#[async_trait]
impl DirectoryStore for Reopened {
    async fn merchants(&self) -> Result<BTreeMap<FeatureKey, Merchant>, StoreError> {
        reopened!(self.merchants())
    }

    async fn learned(&self) -> Result<LearnedAliases, StoreError> {
        reopened!(self.learned())
    }

    async fn users_with_corrections(&self) -> Result<Vec<UserId>, StoreError> {
        reopened!(self.users_with_corrections())
    }

    async fn commit_directory(
        &self,
        plan: &DirectoryPlan,
        refreshed: &[EvidenceChange],
        events: &[Event],
    ) -> Result<Commit, StoreError> {
        reopened!(self.commit_directory(plan, refreshed, events))
    }
}

#[async_trait]
impl EvidenceStore for Reopened {
    async fn evidence(&self, user: UserId) -> Result<Option<StoredEvidence>, StoreError> {
        reopened!(self.evidence(user))
    }

    async fn user_features(&self, user: UserId) -> Result<Option<UserFeatures>, StoreError> {
        reopened!(self.user_features(user))
    }

    async fn users_after(
        &self,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<Vec<UserFeatures>, StoreError> {
        reopened!(self.users_after(after, limit))
    }

    async fn user_count(&self) -> Result<usize, StoreError> {
        reopened!(self.user_count())
    }

    async fn users_with_records(&self) -> Result<Vec<UserId>, StoreError> {
        reopened!(self.users_with_records())
    }

    async fn support(
        &self,
        user: UserId,
        key: &FeatureKey,
        source: Source,
    ) -> Result<Vec<RecordId>, StoreError> {
        reopened!(self.support(user, key, source))
    }

    async fn commit_evidence(
        &self,
        changes: &[EvidenceChange],
        events: &[Event],
    ) -> Result<Commit, StoreError> {
        reopened!(self.commit_evidence(changes, events))
    }
}

#[async_trait]
impl LearningStore for Reopened {
    async fn shown_after(
        &self,
        after: Option<UserId>,
        people: usize,
    ) -> Result<ShownPage, StoreError> {
        reopened!(self.shown_after(after, people))
    }

    async fn impression(&self, run: RunId) -> Result<Option<Impression>, StoreError> {
        reopened!(self.impression(run))
    }

    async fn commit_impression(
        &self,
        impression: Impression,
        expected: Option<Impression>,
        events: &[Event],
    ) -> Result<Commit, StoreError> {
        reopened!(self.commit_impression(impression, expected, events))
    }
}

#[async_trait]
impl MatchStore for Reopened {
    async fn assignment(
        &self,
        user: UserId,
        key: &ExperimentKey,
    ) -> Result<Option<Assignment>, StoreError> {
        reopened!(self.assignment(user, key))
    }

    async fn commit_assignments(
        &self,
        changes: &[AssignmentChange],
        events: &[Event],
    ) -> Result<Commit, StoreError> {
        reopened!(self.commit_assignments(changes, events))
    }

    async fn commit_runs(
        &self,
        runs: &[MatchRun],
        batch: Option<(&MatchBatch, Option<UserId>)>,
        events: &[Event],
    ) -> Result<Commit, StoreError> {
        reopened!(self.commit_runs(runs, batch, events))
    }

    async fn newest_run(&self, user: UserId) -> Result<Option<MatchRun>, StoreError> {
        reopened!(self.newest_run(user))
    }

    async fn run(&self, id: RunId) -> Result<Option<MatchRun>, StoreError> {
        reopened!(self.run(id))
    }

    async fn newest_batch(&self, request: &str) -> Result<Option<MatchBatch>, StoreError> {
        reopened!(self.newest_batch(request))
    }

    async fn preferences(&self, user: UserId) -> Result<Vec<Preference>, StoreError> {
        reopened!(self.preferences(user))
    }

    async fn commit_preference(
        &self,
        preference: &Preference,
        events: &[Event],
    ) -> Result<Commit, StoreError> {
        reopened!(self.commit_preference(preference, events))
    }
}

#[async_trait]
impl EventStore for Reopened {
    async fn append_events(&self, events: &[Event]) -> Result<(), StoreError> {
        reopened!(self.append_events(events))
    }

    async fn events_after(
        &self,
        sequence: i64,
        limit: usize,
    ) -> Result<Vec<SequencedEvent>, StoreError> {
        reopened!(self.events_after(sequence, limit))
    }
}

/// The same for every method of a port.
macro_rules! payouts_reopened {
    ($port:ident: $(fn $name:ident($($arg:ident: $kind:ty),*) -> $answer:ty;)+) => {
        #[async_trait]
        impl $port for Reopened {
            $(async fn $name(&self $(, $arg: $kind)*) -> Result<$answer, StoreError> {
                reopened!(self.$name($($arg),*))
            })+
        }
    };
}

#[rustfmt::skip]
payouts_reopened! {
    PayoutStore:
    fn claim(user: UserId, settlement: SettlementId) -> Option<Claim>;
    fn claims_of(user: UserId) -> Vec<Claim>;
    fn commit_claim(claim: &Claim, events: &[Event]) -> Commit;
    fn account(id: AccountId) -> Option<Account>;
    fn account_of(settlement: SettlementId) -> Option<Account>;
    fn accounts_of(attorney: AttorneyId) -> Vec<Account>;
    fn deposit(account: AccountId, key: &RequestKey) -> Option<Amount>;
    fn approval_of(user: UserId, settlement: SettlementId) -> Option<Approval>;
    fn waiting(account: AccountId, after: Option<ApprovalId>, limit: usize) -> Vec<Approval>;
    fn approvals(account: AccountId, after: Option<ApprovalId>, limit: usize) -> Books;
    fn payout_batch(id: PayoutBatchId) -> Option<Batch>;
    fn payout_batch_of(attorney: AttorneyId, key: &RequestKey) -> Option<Batch>;
    fn payout_batches(account: AccountId, before: Option<PayoutBatchId>, limit: usize) -> Vec<Batch>;
    fn transfers(batch: PayoutBatchId, states: &[TransferState], after: Option<TransferId>, limit: usize) -> Vec<Transfer>;
    fn transfer(id: TransferId) -> Option<Transfer>;
    fn transfers_named(names: &[ProviderTransferId]) -> Vec<(ProviderTransferId, TransferId)>;
    fn books(batches: &[PayoutBatchId], transfers: &[TransferId]) -> Books;
    fn rail_cursor(rail: &str) -> u64;
    fn rail_notes_known_now(rail: &str, limit: usize) -> Vec<RailNote>;
    fn rail_notes(rail: &str, after: u64, limit: usize) -> Vec<RailNote>;
    fn commit_payout(change: &PayoutChange) -> Commit;
    fn payout_log(account: AccountId, after: u64, limit: usize) -> Vec<Link>;
    fn postings_of_batch(batch: PayoutBatchId) -> Vec<Posting>;
    fn postings_of_transfers(transfers: &[TransferId]) -> Vec<Posting>;
    fn postings(account: AccountId, skip: u64, limit: usize) -> Vec<Posting>;
}

#[rustfmt::skip]
payouts_reopened! {
    GatewayStore:
    fn attorney(id: AttorneyId) -> Option<Attorney>;
    fn attorney_of(user: UserId) -> Option<Attorney>;
    fn attorneys(after: Option<AttorneyId>, limit: usize) -> Vec<Attorney>;
    fn commit_attorney(attorney: &Attorney, events: &[Event]) -> Commit;
    fn account_details(account: AccountId) -> Option<AccountDetails>;
    fn account_details_after(after: Option<AccountId>, limit: usize) -> Vec<AccountDetails>;
    fn commit_account_details(details: &AccountDetails) -> Commit;
    fn balance(account: AccountId) -> Option<Balance>;
    fn attorney_batches(attorney: AttorneyId, before: Option<PayoutBatchId>, limit: usize) -> Vec<Batch>;
    fn reviews(approvals: &[ApprovalId]) -> Vec<ReviewNote>;
    fn left_out(batch: PayoutBatchId) -> Vec<LeftOut>;
    fn pay_request(attorney: AttorneyId, key: &RequestKey) -> Option<String>;
    fn commit_pay_request(attorney: AttorneyId, key: &RequestKey, digest: &str) -> Commit;
    fn destination(user: UserId) -> Option<PayoutDestination>;
    fn destinations(user: UserId) -> Vec<PayoutDestination>;
    fn destinations_after(after: Option<DestinationId>, limit: usize) -> Vec<PayoutDestination>;
    fn with_destination(users: &[UserId]) -> Vec<UserId>;
    fn commit_destinations(destinations: &[PayoutDestination], events: &[Event]) -> Commit;
    fn questions(settlement: SettlementId, version: Option<Version>) -> Option<QuestionSet>;
    fn commit_questions(questions: &QuestionSet, events: &[Event]) -> Commit;
    fn filed(user: UserId, settlement: SettlementId) -> Option<Filed>;
    fn commit_filing(claim: &Claim, filed: &Filed, events: &[Event]) -> Commit;
}

#[rustfmt::skip]
payouts_reopened! {
    AuditStore:
    fn log_heads(after: Option<AccountId>, limit: usize) -> Vec<(AccountId, Head)>;
    fn unsealed_heads(limit: usize) -> Vec<(AccountId, Head)>;
    fn seals(after: u64, limit: usize) -> Vec<Seal>;
    fn last_seal() -> Option<Seal>;
    fn commit_seal(seal: &Seal) -> Commit;
    fn facts(filter: &LogFilter, after: Option<LogPlace>, limit: usize) -> Vec<Link>;
}
