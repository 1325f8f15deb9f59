//! Why a payout is refused.

use crate::claims::ClaimError;
use crate::types::{
    ApprovalId, AttorneyId, Currency, Instant, PayoutBatchId, SettlementId, TransferId, UserId,
};

use super::{
    AmountError, ApprovalMove, ApprovalState, BatchMove, BatchState, ItemsError, NOTE_CHARS_MAX,
    TransferMove, TransferState,
};

/// Why a payout is refused. Nothing was changed. Carries ids and states, and no name or amount
/// of a person.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PayoutError {
    /// The amount is none.
    #[error(transparent)]
    Amount(#[from] AmountError),
    /// The claim does not move like this.
    #[error(transparent)]
    Claim(#[from] ClaimError),
    /// The amount is in another currency than the account.
    #[error("the amount is in {given}, the account in {account}: convert it first")]
    Currency {
        /// That of the request.
        given: Currency,
        /// That of the account.
        account: Currency,
    },
    /// No account is linked to the settlement.
    #[error("no account is linked to this settlement: link one first")]
    NotLinked,
    /// The account was closed.
    #[error("the account of this settlement is closed: nothing new is paid from it")]
    AccountClosed,
    /// An account is linked to the settlement already.
    #[error("another account, or with other details, is linked to this settlement already")]
    AlreadyLinked,
    /// The account is paid from over another rail.
    #[error(
        "the money of this account goes over the rail {account}, and this process moves money over \
         {process}: use the settings with which the account was linked"
    )]
    OtherRail {
        /// The rail of the account.
        account: String,
        /// The rail that is at hand.
        process: String,
    },
    /// The attorney may not act at present.
    #[error("this attorney is suspended")]
    Suspended,
    /// What somebody says of themselves cannot be.
    #[error(
        "the {field} has to have 1 to 200 characters, without blanks at the ends or control \
         characters; an email address has an @ and a dot behind it"
    )]
    Profile {
        /// Which field.
        field: &'static str,
    },
    /// The account cannot cover the batch. Nothing was set aside.
    #[error(
        "the account holds less than the batch needs: put in {missing_cents} more minor units, \
         or approve less"
    )]
    Insufficient {
        /// What is missing, in minor units.
        missing_cents: i64,
    },
    /// The person was paid.
    #[error("approval {0} was paid: it is not paid again")]
    AlreadyPaid(ApprovalId),
    /// A transfer of the approval may move money.
    #[error("approval {0} has a transfer on its way: wait until that has ended")]
    InFlight(ApprovalId),
    /// The person was approved with another amount.
    #[error("approval {0} stands with another amount: it is changed only after it has failed")]
    OtherAmount(ApprovalId),
    /// Nobody says how much the person is paid.
    #[error(
        "no amount is given, and the settlement names no least payout in {0}, the currency of the \
         account: say how much"
    )]
    NoAmount(Currency),
    /// The approval does not move like this.
    #[error("an approval that is {from} cannot {event}")]
    Approval {
        /// The state.
        from: ApprovalState,
        /// The move.
        event: ApprovalMove,
    },
    /// The batch does not move like this.
    #[error("a batch that is {from} cannot {event}")]
    Batch {
        /// The state.
        from: BatchState,
        /// The move.
        event: BatchMove,
    },
    /// The transfer does not move like this.
    #[error("a transfer that is {from} cannot {event}")]
    Transfer {
        /// The state.
        from: TransferState,
        /// The move.
        event: TransferMove,
    },
    /// The key was used for another request.
    #[error("this key was used for another request: {field} differs; take a new key")]
    KeyReused {
        /// What differs.
        field: &'static str,
    },
    /// The person registered before, and said something else.
    #[error(
        "this person is registered with another {field}: an attorney registers once; say the same, \
         or find who it is in the list of attorneys"
    )]
    RegisteredOtherwise {
        /// What differs.
        field: &'static str,
    },
    /// There is no such batch.
    #[error("payout batch {0} is not known: take its id from the history")]
    UnknownBatch(PayoutBatchId),
    /// Not all transfers of the batch are written.
    #[error("batch {0} is still being written: create it again with the same key first")]
    NotSealed(PayoutBatchId),
    /// No transfer of the batch is left to be sent.
    #[error("batch {0} has ended: make a new one for who was not paid")]
    Ended(PayoutBatchId),
    /// Another executor has the batch.
    #[error(
        "batch {batch_id} is executed by another process; if that was stopped, try again in \
         {seconds} seconds, from {until} on"
    )]
    Leased {
        /// The batch.
        batch_id: PayoutBatchId,
        /// When its lease ends, unless it is renewed.
        until: Instant,
        /// How many seconds that is from now, rounded up.
        seconds: i64,
    },
    /// The lease was lost to another executor.
    #[error("the lease of batch {0} was lost: another process executes it now")]
    LeaseLost(PayoutBatchId),
    /// The transfer waits for nobody.
    #[error("transfer {0} does not wait for a decision")]
    NotHeld(TransferId),
    /// There is no such transfer.
    #[error("transfer {0} is not known: take its id from the report of its batch")]
    UnknownTransfer(TransferId),
    /// The transfer has ended.
    #[error("transfer {id} is {state}: only what is on its way can be cancelled")]
    TransferOver {
        /// The transfer.
        id: TransferId,
        /// The state.
        state: TransferState,
    },
    /// The rail has no name for the transfer.
    #[error(
        "transfer {0} was not sent yet, or nobody knows whether it was: execute its batch, and see \
         what becomes of it"
    )]
    NotAtRail(TransferId),
    /// The rail does not cancel the transfer.
    #[error("the rail does not cancel transfer {id}: {code}")]
    NotCancellable {
        /// The transfer.
        id: TransferId,
        /// Why: a code.
        code: String,
    },
    /// It may have been sent, and may still reach the rail.
    #[error(
        "transfer {transfer_id} may have been sent, and a request that is late could still reach \
         the rail: it can be given up from {until} on"
    )]
    InDoubt {
        /// The transfer.
        transfer_id: TransferId,
        /// From then on it can be given up.
        until: Instant,
    },
    /// The rail did not say whether it knows a transfer.
    #[error("the rail did not say whether it knows transfer {0}: nothing was changed, try again")]
    RailSilent(TransferId),
    /// A request that names people is wrong.
    #[error(transparent)]
    Items(#[from] ItemsError),
    /// The catalogue does not have the settlement.
    #[error("settlement {0} is not in the catalogue: import it first")]
    UnknownSettlement(SettlementId),
    /// Nothing is stored of the person.
    #[error("user {0} is not known: import transactions, messages or features first")]
    UnknownUser(UserId),
    /// There is no such attorney.
    #[error("attorney {0} is not known: take the id from the list of attorneys")]
    UnknownAttorney(AttorneyId),
    /// The key is nobody's, or not any more.
    #[error("the API key is not valid: ask for a new one")]
    Unauthenticated,
    /// A note that cannot be.
    #[error(
        "a note has to have 1 to {NOTE_CHARS_MAX} characters, and no control characters but line \
         feeds"
    )]
    Note,
    /// What was loaded does not fit together.
    #[error("the stored {0} contradict each other: check the database")]
    Contradiction(&'static str),
}

impl PayoutError {
    /// The stable code of this error.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Amount(error) => error.code(),
            Self::Claim(error) => error.code(),
            Self::Currency { .. } => "mixed_currencies",
            Self::NotLinked => "account_not_linked",
            Self::AccountClosed => "account_closed",
            Self::AlreadyLinked => "account_already_linked",
            Self::OtherRail { .. } => "other_rail",
            Self::Suspended => "attorney_suspended",
            Self::Profile { .. } => "invalid_profile",
            Self::Insufficient { .. } => "insufficient_funds",
            Self::AlreadyPaid(_) => "already_paid",
            Self::InFlight(_) => "transfer_in_flight",
            Self::OtherAmount(_) => "approved_with_other_amount",
            Self::NoAmount(_) => "no_amount",
            Self::Approval { .. } => "illegal_approval_move",
            Self::Batch { .. } => "illegal_batch_move",
            Self::Transfer { .. } => "illegal_transfer_move",
            Self::KeyReused { .. } => "idempotency_key_reused",
            Self::RegisteredOtherwise { .. } => "attorney_registered_otherwise",
            Self::UnknownBatch(_) => "unknown_batch",
            Self::NotSealed(_) => "batch_not_sealed",
            Self::Ended(_) => "batch_ended",
            Self::Leased { .. } => "batch_leased",
            Self::LeaseLost(_) => "lease_lost",
            Self::NotHeld(_) => "transfer_not_held",
            Self::UnknownTransfer(_) => "unknown_transfer",
            Self::TransferOver { .. } => "transfer_over",
            Self::NotAtRail(_) => "transfer_not_at_rail",
            Self::NotCancellable { .. } => "transfer_not_cancellable",
            Self::InDoubt { .. } => "transfer_in_doubt",
            Self::RailSilent(_) => "rail_silent",
            Self::Items(error) => error.code(),
            Self::UnknownSettlement(_) => "unknown_settlement",
            Self::UnknownUser(_) => "unknown_user",
            Self::UnknownAttorney(_) => "unknown_attorney",
            Self::Unauthenticated => "invalid_api_key",
            Self::Note => "invalid_note",
            Self::Contradiction(_) => "payout_contradiction",
        }
    }
}
