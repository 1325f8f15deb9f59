//! What a store of payouts, a rail and a finder of destinations must do.

use async_trait::async_trait;

use super::StoreError;
use crate::audit::{Event, Link};
use crate::claims::Claim;
use crate::payouts::{
    Account, Amount, Answer, Approval, Authorization, AuthorizationRequest, Batch, Books,
    PayoutChange, Posting, ProviderTransferId, RailBalance, RailEvents, RailList, RailNote,
    RailTransfer, RequestKey, SendMoney, Transfer, TransferKey, TransferState,
};
use crate::types::{
    AccountId, ApprovalId, AttorneyId, Commit, Instant, PayoutBatchId, SettlementId, TransferId,
    UserId,
};

/// Claims, accounts, approvals, batches, transfers, and the log of what happened to them.
#[async_trait]
pub trait PayoutStore: Send + Sync {
    /// The claim of a person for a settlement, if one was begun.
    async fn claim(
        &self,
        user: UserId,
        settlement: SettlementId,
    ) -> Result<Option<Claim>, StoreError>;

    /// The claims of a person, by settlement.
    async fn claims_of(&self, user: UserId) -> Result<Vec<Claim>, StoreError>;

    /// Stores a claim whose `version` is the one it was loaded with, with events. Conflicts when
    /// the stored one has another version. The version grows by one.
    async fn commit_claim(&self, claim: &Claim, events: &[Event]) -> Result<Commit, StoreError>;

    /// The account of an id.
    async fn account(&self, id: AccountId) -> Result<Option<Account>, StoreError>;

    /// The account that is linked to a settlement.
    async fn account_of(&self, settlement: SettlementId) -> Result<Option<Account>, StoreError>;

    /// The accounts of an attorney, by id.
    async fn accounts_of(&self, attorney: AttorneyId) -> Result<Vec<Account>, StoreError>;

    /// What was put into an account under a key.
    async fn deposit(
        &self,
        account: AccountId,
        key: &RequestKey,
    ) -> Result<Option<Amount>, StoreError>;

    /// The approval of a person for a settlement.
    async fn approval_of(
        &self,
        user: UserId,
        settlement: SettlementId,
    ) -> Result<Option<Approval>, StoreError>;

    /// The approvals of an account that are approved and have no transfer which may move money: at
    /// most `limit` of them whose id is above `after`, by id.
    async fn waiting(
        &self,
        account: AccountId,
        after: Option<ApprovalId>,
        limit: usize,
    ) -> Result<Vec<Approval>, StoreError>;

    /// The approvals of an account, in whatever state, with their claims: at most `limit` approvals
    /// whose id is above `after`, those with the lowest ids.
    async fn approvals(
        &self,
        account: AccountId,
        after: Option<ApprovalId>,
        limit: usize,
    ) -> Result<Books, StoreError>;

    /// The batch of an id.
    async fn payout_batch(&self, id: PayoutBatchId) -> Result<Option<Batch>, StoreError>;

    /// The batch that an attorney made under a key.
    async fn payout_batch_of(
        &self,
        attorney: AttorneyId,
        key: &RequestKey,
    ) -> Result<Option<Batch>, StoreError>;

    /// The batches of an account, the newest first: at most `limit` of them older than `before`.
    async fn payout_batches(
        &self,
        account: AccountId,
        before: Option<PayoutBatchId>,
        limit: usize,
    ) -> Result<Vec<Batch>, StoreError>;

    /// The transfers of a batch in these states: at most `limit` of them whose id is above
    /// `after`, by id.
    async fn transfers(
        &self,
        batch: PayoutBatchId,
        states: &[TransferState],
        after: Option<TransferId>,
        limit: usize,
    ) -> Result<Vec<Transfer>, StoreError>;

    /// The transfer of an id.
    async fn transfer(&self, id: TransferId) -> Result<Option<Transfer>, StoreError>;

    /// The transfers that a rail has these names for, each with its name, by name. Names that
    /// nobody has are left out.
    async fn transfers_named(
        &self,
        names: &[ProviderTransferId],
    ) -> Result<Vec<(ProviderTransferId, TransferId)>, StoreError>;

    /// Everything that a decision about these batches and transfers rests on, as one consistent
    /// version: the transfers with their batches, approvals and claims, and the accounts of all
    /// batches. Ids that are not there are left out.
    async fn books(
        &self,
        batches: &[PayoutBatchId],
        transfers: &[TransferId],
    ) -> Result<Books, StoreError>;

    /// The last event of a rail that was read; 0 for none.
    async fn rail_cursor(&self, rail: &str) -> Result<u64, StoreError>;

    /// At most `limit` events of a rail that were kept because nobody knew their transfer, and
    /// whose transfer is known by now, in order.
    async fn rail_notes_known_now(
        &self,
        rail: &str,
        limit: usize,
    ) -> Result<Vec<RailNote>, StoreError>;

    /// At most `limit` events of a rail behind an event, with what was done with them, in order.
    async fn rail_notes(
        &self,
        rail: &str,
        after: u64,
        limit: usize,
    ) -> Result<Vec<RailNote>, StoreError>;

    /// Stores a change, all or none: its rows, each on the version it was loaded with, its
    /// postings, and its facts, each at the end of the log of its account, linked to the one before
    /// it by [`crate::audit::Link::after`]. Conflicts when a row has another version or exists
    /// already, when the attorney has used the key of a new batch, when the settlement has an
    /// account, when a person has an approval for it, when the key of a deposit was used, when an
    /// approval would have two transfers that may move money, when two transfers would have one
    /// name at the rail, and when the events of a rail were read to another place.
    async fn commit_payout(&self, change: &PayoutChange) -> Result<Commit, StoreError>;

    /// At most `limit` facts of an account behind a place in its log, in order.
    async fn payout_log(
        &self,
        account: AccountId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Link>, StoreError>;

    /// The movements of money of a batch that are about no single transfer, in order.
    async fn postings_of_batch(&self, batch: PayoutBatchId) -> Result<Vec<Posting>, StoreError>;

    /// The movements of money of these transfers, in order.
    async fn postings_of_transfers(
        &self,
        transfers: &[TransferId],
    ) -> Result<Vec<Posting>, StoreError>;

    /// At most `limit` movements of money of an account, behind the first `skip`, in order.
    async fn postings(
        &self,
        account: AccountId,
        skip: u64,
        limit: usize,
    ) -> Result<Vec<Posting>, StoreError>;
}

/// Something that moves money.
///
/// Every answer says what happened, what did not, or that it is not known. An error of the network
/// is [`Answer::Unknown`] unless the request cannot have reached the rail.
#[async_trait]
pub trait TransferRail: Send + Sync {
    /// The name under which it is kept how far its events were read.
    fn name(&self) -> &str;

    /// Agrees to a transfer. Asked again with the same key, it gives the same answer for a time;
    /// an agreement that is not used moves no money.
    async fn authorize(&self, request: &AuthorizationRequest) -> Answer<Authorization>;

    /// Sends money. Asked again with the same authorization, it answers with the same transfer.
    async fn create(&self, money: &SendMoney) -> Answer<RailTransfer>;

    /// What became of a transfer that may have been sent, by its authorization and its key; `None`
    /// where the rail has never seen it.
    async fn probe(&self, transfer: &Transfer, key: &TransferKey) -> Answer<Option<RailTransfer>>;

    /// The transfers that were sent since a moment, the oldest first, behind the first `skip`; at
    /// most `count` of them.
    async fn list(&self, since: Instant, skip: u64, count: usize) -> Answer<RailList>;

    /// What happened after an event, in the order of ids; at most `count` of it.
    async fn events(&self, after: u64, count: usize) -> Answer<RailEvents>;

    /// Asks to cancel a transfer, which a rail does while it has not sent it on. What became of it
    /// is not said here: a probe and an event say so.
    async fn cancel(&self, transfer: &ProviderTransferId) -> Answer<()>;

    /// The money that the rail holds for payouts.
    async fn balance(&self) -> Answer<RailBalance>;
}

/// Finds where the money of a person is sent to.
#[async_trait]
pub trait DestinationResolver: Send + Sync {
    /// Which of these people can be sent money.
    async fn with_destination(&self, users: &[UserId]) -> Result<Vec<UserId>, StoreError>;
}
