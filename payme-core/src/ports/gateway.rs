//! What a store must keep of the people of the gateway: attorneys, what is known of their accounts,
//! where claimants are paid, and what claimants are asked and give.
//!
//! Every `commit_*` writes its rows and events in one transaction, or answers
//! [`Commit::Conflict`] and writes nothing. Secrets come under lock, and stay so.

use async_trait::async_trait;

use super::StoreError;
use crate::audit::Event;
use crate::claims::{Claim, Filed, QuestionSet};
use crate::payouts::{
    AccountDetails, Attorney, Balance, Batch, LeftOut, PayoutDestination, RequestKey, ReviewNote,
};
use crate::types::{
    AccountId, ApprovalId, AttorneyId, Commit, DestinationId, PayoutBatchId, SettlementId, UserId,
    Version,
};

/// Attorneys, details of accounts, destinations, questions, and what was filed with claims.
///
/// What is known of an account, notes of reviews and who a batch left out are written by
/// [`commit_payout`](super::PayoutStore::commit_payout) together with the rest of the decision:
/// they are the [`Annex`](crate::payouts::Annex) of its change.
#[async_trait]
pub trait GatewayStore: Send + Sync {
    /// The attorney of an id.
    async fn attorney(&self, id: AttorneyId) -> Result<Option<Attorney>, StoreError>;

    /// The attorney that a person is.
    async fn attorney_of(&self, user: UserId) -> Result<Option<Attorney>, StoreError>;

    /// At most `limit` attorneys whose id is above `after`, by id.
    async fn attorneys(
        &self,
        after: Option<AttorneyId>,
        limit: usize,
    ) -> Result<Vec<Attorney>, StoreError>;

    /// Stores an attorney whose `version` is the one they were loaded with. Conflicts when the
    /// stored one has another version, and when another attorney is the same person. The version
    /// grows by one.
    async fn commit_attorney(
        &self,
        attorney: &Attorney,
        events: &[Event],
    ) -> Result<Commit, StoreError>;

    /// What is known of an account beside its money.
    async fn account_details(
        &self,
        account: AccountId,
    ) -> Result<Option<AccountDetails>, StoreError>;

    /// The same for at most `limit` accounts whose id is above `after`, by id.
    async fn account_details_after(
        &self,
        after: Option<AccountId>,
        limit: usize,
    ) -> Result<Vec<AccountDetails>, StoreError>;

    /// Seals anew what is under lock of stored details. Conflicts when they are not stored in the
    /// version they were loaded with. The version grows by one; the name of the bank stays.
    async fn commit_account_details(&self, details: &AccountDetails) -> Result<Commit, StoreError>;

    /// Where the money in an account is; `None` where there is no such account.
    async fn balance(&self, account: AccountId) -> Result<Option<Balance>, StoreError>;

    /// The batches of an attorney, the newest first: at most `limit` of them older than `before`.
    async fn attorney_batches(
        &self,
        attorney: AttorneyId,
        before: Option<PayoutBatchId>,
        limit: usize,
    ) -> Result<Vec<Batch>, StoreError>;

    /// The notes of the decisions of these approvals, by approval and attempt.
    async fn reviews(&self, approvals: &[ApprovalId]) -> Result<Vec<ReviewNote>, StoreError>;

    /// Who was asked for by name and is not in a batch, by person.
    async fn left_out(&self, batch: PayoutBatchId) -> Result<Vec<LeftOut>, StoreError>;

    /// What an attorney asked for under a key that names several settlements, as the digest of it.
    async fn pay_request(
        &self,
        attorney: AttorneyId,
        key: &RequestKey,
    ) -> Result<Option<String>, StoreError>;

    /// Keeps that. Conflicts when the attorney has used the key.
    async fn commit_pay_request(
        &self,
        attorney: AttorneyId,
        key: &RequestKey,
        digest: &str,
    ) -> Result<Commit, StoreError>;

    /// Where a person's money is sent to, as long as that is not revoked.
    async fn destination(&self, user: UserId) -> Result<Option<PayoutDestination>, StoreError>;

    /// Everything that was ever linked for a person, by id.
    async fn destinations(&self, user: UserId) -> Result<Vec<PayoutDestination>, StoreError>;

    /// At most `limit` destinations whose id is above `after`, revoked ones too, by id.
    async fn destinations_after(
        &self,
        after: Option<DestinationId>,
        limit: usize,
    ) -> Result<Vec<PayoutDestination>, StoreError>;

    /// Which of these people have a destination that is not revoked, by id.
    async fn with_destination(&self, users: &[UserId]) -> Result<Vec<UserId>, StoreError>;

    /// Stores destinations, each on the version it was loaded with. Conflicts when one has another
    /// version, and when a person would have two that are active. The versions grow by one.
    async fn commit_destinations(
        &self,
        destinations: &[PayoutDestination],
        events: &[Event],
    ) -> Result<Commit, StoreError>;

    /// What a settlement asks, the newest of it or that of a version.
    async fn questions(
        &self,
        settlement: SettlementId,
        version: Option<Version>,
    ) -> Result<Option<QuestionSet>, StoreError>;

    /// Stores questions behind the newest ones of the settlement. Conflicts when their version is
    /// not the next one. What was asked before stays.
    async fn commit_questions(
        &self,
        questions: &QuestionSet,
        events: &[Event],
    ) -> Result<Commit, StoreError>;

    /// What was filed with a claim.
    async fn filed(
        &self,
        user: UserId,
        settlement: SettlementId,
    ) -> Result<Option<Filed>, StoreError>;

    /// Stores a claim as [`commit_claim`](super::PayoutStore::commit_claim) does, together with
    /// what is filed with it. Conflicts also when something was filed already, and when the
    /// settlement asks something else by now than what was answered.
    async fn commit_filing(
        &self,
        claim: &Claim,
        filed: &Filed,
        events: &[Event],
    ) -> Result<Commit, StoreError>;
}
