//! The rows of payouts: who pays, from which account, whom, how much, and how far that got.
//!
//! A row has a `version`: that of the stored row, which a change is made on; [`Version::NEW`] for
//! a row that is not stored yet. `Debug` shows ids, states and versions, and no name or amount.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{
    Amount, ApprovalState, BatchMove, BatchState, PayoutError, RequestKey, TransferKey,
    TransferState,
};
use crate::types::{
    AccountId, ApprovalId, AttorneyId, Currency, Instant, PayoutBatchId, SettlementId, TransferId,
    UserId, Version, words,
};

words!(
    /// Whether an account can be paid from.
    AccountStatus {
        /// It can.
        Active = "active",
        /// It was closed; what is on its way still ends.
        Closed = "closed",
    }
);

/// The account that a settlement is paid from, as the rules of money see it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Whose it is.
    pub attorney_id: AttorneyId,
    /// What is paid from it: one account for each settlement.
    pub settlement_id: SettlementId,
    /// The currency of every amount in it.
    pub currency: Currency,
    /// The rail over which all of its money goes, by [`crate::ports::TransferRail::name`].
    pub rail: String,
    /// Whether it can be paid from.
    pub status: AccountStatus,
    /// All money that was ever put in, in minor units.
    pub funded: i64,
    /// What no batch has reserved, in minor units.
    pub available: i64,
    /// When it was linked.
    pub linked_at: Instant,
    /// The version it was loaded with.
    pub version: Version,
}

impl Account {
    /// Refuses a rail that is not the one of this account: another rail knows nothing of what was
    /// sent over the first one, and what it says about it would be wrong.
    ///
    /// # Errors
    /// [`PayoutError::OtherRail`].
    pub fn expect_rail(&self, rail: &str) -> Result<(), PayoutError> {
        if self.rail == rail {
            return Ok(());
        }
        let (account, process) = (self.rail.clone(), rail.to_owned());
        Err(PayoutError::OtherRail { account, process })
    }
}

/// The decision to pay one person of one settlement: one row for each such pair.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Approval {
    /// Its id.
    pub id: ApprovalId,
    /// The person.
    pub user_id: UserId,
    /// The settlement.
    pub settlement_id: SettlementId,
    /// The account it is paid from.
    pub account_id: AccountId,
    /// Who decided.
    pub attorney_id: AttorneyId,
    /// 1 for the first decision to pay, one more with each that follows a failure or a return.
    pub attempt: u32,
    /// The amount that was approved; without one the settlement's least payout is paid.
    pub amount: Option<Amount>,
    /// Where it stands.
    pub state: ApprovalState,
    /// The transfer that may move money for it, or has.
    pub transfer_id: Option<TransferId>,
    /// When the newest attempt was approved.
    pub approved_at: Option<Instant>,
    /// When it was rejected.
    pub rejected_at: Option<Instant>,
    /// The version it was loaded with.
    pub version: Version,
}

impl fmt::Debug for Approval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut told = f.debug_struct("Approval");
        told.field("id", &self.id).field("state", &self.state).field("attempt", &self.attempt);
        told.field("transfer_id", &self.transfer_id).field("version", &self.version);
        told.finish_non_exhaustive()
    }
}

/// Where the money of a batch is, in minor units. None of them is ever below zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Held {
    /// Set aside, not sent.
    pub reserved: i64,
    /// Sent, or about to be, and not known to have arrived.
    pub in_flight: i64,
    /// Arrived.
    pub paid: i64,
}

/// The right to execute a batch, for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Lease {
    /// Grows with every lease of the batch: who holds a smaller one has lost it.
    pub token: u64,
    /// When it ends, unless it is renewed.
    pub until: Instant,
}

/// Many transfers of one settlement, executed together.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Batch {
    /// Its id.
    pub id: PayoutBatchId,
    /// Whose it is.
    pub attorney_id: AttorneyId,
    /// The account it is paid from.
    pub account_id: AccountId,
    /// The settlement.
    pub settlement_id: SettlementId,
    /// The key of the request, unique for each attorney.
    pub key: RequestKey,
    /// SHA-256 of the people and amounts that were asked for by name, in hexadecimal; `None` where
    /// everybody who is approved was.
    pub items: Option<String>,
    /// Where it stands.
    pub state: BatchState,
    /// Whether all its transfers are written. Before that nothing is sent.
    pub is_sealed: bool,
    /// The last approval that was looked at while its transfers are written.
    pub filled_to: Option<ApprovalId>,
    /// How many transfers it has.
    pub total_transfers: u32,
    /// How many of them arrived, those that came back later among them.
    pub successful_transfers: u32,
    /// How many failed.
    pub failed_transfers: u32,
    /// How many came back after they had arrived.
    pub returned_transfers: u32,
    /// What its transfers add up to, in minor units.
    pub total_amount: i64,
    /// Where its money is.
    pub held: Held,
    /// Who executes it.
    pub lease: Option<Lease>,
    /// When it was made.
    pub created_at: Instant,
    /// When its last transfer ended.
    pub finished_at: Option<Instant>,
    /// The version it was loaded with.
    pub version: Version,
}

impl Batch {
    /// A batch without transfers, of an account.
    pub(super) const fn new(
        id: PayoutBatchId,
        account: &Account,
        key: RequestKey,
        created_at: Instant,
    ) -> Self {
        Self {
            id,
            attorney_id: account.attorney_id,
            account_id: account.id,
            settlement_id: account.settlement_id,
            key,
            items: None,
            state: BatchState::Queued,
            is_sealed: false,
            filled_to: None,
            total_transfers: 0,
            successful_transfers: 0,
            failed_transfers: 0,
            returned_transfers: 0,
            total_amount: 0,
            held: Held { reserved: 0, in_flight: 0, paid: 0 },
            lease: None,
            created_at,
            finished_at: None,
            version: Version::NEW,
        }
    }

    /// How many of its transfers are neither arrived nor failed.
    pub const fn open_transfers(&self) -> u32 {
        let ended = self.successful_transfers.saturating_add(self.failed_transfers);
        self.total_transfers.saturating_sub(ended)
    }

    /// How it ends, once no transfer is open.
    pub const fn ending(&self) -> BatchMove {
        match (self.successful_transfers, self.failed_transfers) {
            (0, _) => BatchMove::Fail,
            (_, 0) => BatchMove::Complete,
            (_, _) => BatchMove::Part,
        }
    }
}

words!(
    /// Why a transfer waits for a person to decide.
    Hold {
        /// The rail asks for something that only the claimant can do.
        UserAction = "user_action_required",
        /// The rail agreed without having checked the account.
        Unchecked = "approved_unchecked",
        /// The rail knows another amount, name or state than can be.
        Contradiction = "rail_contradicts",
        /// The rail refused, and it is not known whether that will pass.
        Unclear = "rail_refuses_unclear",
    }
);

/// What a rail calls an authorization.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AuthorizationId(pub String);

/// What a rail calls a transfer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProviderTransferId(pub String);

/// One movement of money to one person.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Transfer {
    /// Its id.
    pub id: TransferId,
    /// The batch it belongs to.
    pub batch_id: PayoutBatchId,
    /// The approval that it pays.
    pub approval_id: ApprovalId,
    /// The person.
    pub user_id: UserId,
    /// How much.
    pub amount: Amount,
    /// Where it stands.
    pub state: TransferState,
    /// How often an authorization ran out unused.
    pub round: u32,
    /// Whether it may have been sent with the present authorization, and the rail did not say so.
    pub is_in_doubt: bool,
    /// The rail's agreement to send it, stored before it is sent.
    pub authorization: Option<AuthorizationId>,
    /// Why it waits for a person.
    pub hold: Option<Hold>,
    /// What the rail calls it.
    pub provider_transfer_id: Option<ProviderTransferId>,
    /// Why it failed, or came back: a code.
    pub failure_reason: Option<String>,
    /// When it began to be sent.
    pub initiated_at: Option<Instant>,
    /// When it arrived or failed.
    pub completed_at: Option<Instant>,
    /// The version it was loaded with.
    pub version: Version,
}

impl Transfer {
    /// A transfer that nothing was done for yet.
    pub(super) const fn new(
        id: TransferId,
        (batch_id, approval_id): (PayoutBatchId, ApprovalId),
        user_id: UserId,
        amount: Amount,
    ) -> Self {
        Self {
            id,
            batch_id,
            approval_id,
            user_id,
            amount,
            state: TransferState::Pending,
            round: 0,
            is_in_doubt: false,
            authorization: None,
            hold: None,
            provider_transfer_id: None,
            failure_reason: None,
            initiated_at: None,
            completed_at: None,
            version: Version::NEW,
        }
    }

    /// What a rail knows it by.
    pub const fn key(&self) -> TransferKey {
        TransferKey::new(self.batch_id, self.approval_id)
    }
}

impl fmt::Debug for Transfer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut told = f.debug_struct("Transfer");
        told.field("id", &self.id).field("state", &self.state).field("round", &self.round);
        told.field("hold", &self.hold).field("version", &self.version).finish_non_exhaustive()
    }
}
