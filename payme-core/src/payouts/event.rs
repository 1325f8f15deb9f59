//! What happened to payouts: the facts from which every row can be built again.
//!
//! Each is about one account and stands in the log of that account. They hold ids, amounts and
//! codes, and no name, note or account number.

use serde::{Deserialize, Serialize};

use super::{
    Amount, AuthorizationId, BatchState, CancelAnswer, Hold, ProviderTransferId, RequestKey,
};
use crate::types::{
    AccountId, ApprovalId, AttorneyId, Currency, PayoutBatchId, SettlementId, TransferId, UserId,
};

fn mock() -> String {
    "mock".to_owned()
}

/// A fact about payouts. The JSON form names the variant in `kind`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PayoutEvent {
    /// A settlement can be paid from an account now.
    SettlementAccountLinked {
        /// The account.
        account_id: AccountId,
        /// Whose it is.
        attorney_id: AttorneyId,
        /// The settlement.
        settlement_id: SettlementId,
        /// Its currency.
        currency: Currency,
        /// The rail over which its money goes. Entries without one are older than the others: then
        /// there was the mock rail alone.
        #[serde(default = "mock")]
        rail: String,
    },
    /// Nothing new is paid from it any more.
    SettlementAccountClosed {
        /// The account.
        account_id: AccountId,
    },
    /// Money was put in.
    PayoutAccountFunded {
        /// The account.
        account_id: AccountId,
        /// The key of the request, unique for each account.
        key: RequestKey,
        /// How much.
        amount_cents: Amount,
    },
    /// A claimant is to be paid.
    ClaimantApproved {
        /// The approval.
        approval_id: ApprovalId,
        /// The person.
        user_id: UserId,
        /// The settlement.
        settlement_id: SettlementId,
        /// The account it is paid from.
        account_id: AccountId,
        /// Who decided.
        attorney_id: AttorneyId,
        /// 1 for the first decision to pay.
        attempt: u32,
        /// How much, where that was said.
        amount_cents: Option<Amount>,
    },
    /// A claimant is not to be paid.
    ClaimantRejected {
        /// The approval.
        approval_id: ApprovalId,
        /// The person.
        user_id: UserId,
        /// The settlement.
        settlement_id: SettlementId,
        /// The account it would have been paid from.
        account_id: AccountId,
        /// Who decided.
        attorney_id: AttorneyId,
    },
    /// A batch was begun, and money set aside for it.
    PayoutBatchOpened {
        /// The batch.
        batch_id: PayoutBatchId,
        /// The account.
        account_id: AccountId,
        /// The key of the request.
        key: RequestKey,
        /// SHA-256 of the items, where they were named.
        items: Option<String>,
        /// What was set aside, in minor units; zero where nobody is to be paid.
        reserved_cents: i64,
    },
    /// A transfer was written.
    PayoutTransferCreated {
        /// The transfer.
        transfer_id: TransferId,
        /// The batch.
        batch_id: PayoutBatchId,
        /// The approval.
        approval_id: ApprovalId,
        /// The person.
        user_id: UserId,
        /// How much.
        amount_cents: Amount,
    },
    /// All transfers of a batch are written; what was set aside beyond them is free again.
    PayoutBatchCreated {
        /// The batch.
        batch_id: PayoutBatchId,
        /// Whose it is.
        attorney_id: AttorneyId,
        /// The settlement.
        settlement_id: SettlementId,
        /// How many transfers it has.
        total_transfers: u32,
        /// What they add up to, in minor units.
        total_amount_cents: i64,
    },
    /// Its transfers are being sent.
    PayoutBatchStarted {
        /// The batch.
        batch_id: PayoutBatchId,
    },
    /// A transfer is about to be sent.
    PayoutTransferStarted {
        /// The transfer.
        transfer_id: TransferId,
    },
    /// The rail agrees to send it.
    PayoutTransferAuthorized {
        /// The transfer.
        transfer_id: TransferId,
        /// What the rail calls its agreement.
        authorization_id: AuthorizationId,
    },
    /// The rail's agreement ran out before anything was sent.
    PayoutAuthorizationExpired {
        /// The transfer.
        transfer_id: TransferId,
    },
    /// It waits for a person to decide.
    PayoutTransferHeld {
        /// The transfer.
        transfer_id: TransferId,
        /// Why.
        reason: Hold,
        /// What the rail calls its agreement, where it agreed.
        authorization_id: Option<AuthorizationId>,
    },
    /// A person decided that it is sent.
    PayoutTransferReleased {
        /// The transfer.
        transfer_id: TransferId,
    },
    /// The rail has it, on its way.
    PayoutTransferAccepted {
        /// The transfer.
        transfer_id: TransferId,
        /// What the rail calls it.
        provider_transfer_id: ProviderTransferId,
    },
    /// The rail did not say whether it has it.
    PayoutTransferLost {
        /// The transfer.
        transfer_id: TransferId,
    },
    /// The rail has never seen it.
    PayoutTransferFound {
        /// The transfer.
        transfer_id: TransferId,
    },
    /// The rail is about to be asked to cancel it.
    PayoutCancelAsked {
        /// The transfer.
        transfer_id: TransferId,
    },
    /// What the rail said to that. It changes nothing by itself.
    PayoutCancelAnswered {
        /// The transfer.
        transfer_id: TransferId,
        /// What it said.
        answer: CancelAnswer,
        /// Why it does not: a code.
        code: Option<String>,
    },
    /// The money arrived.
    PayoutTransferCompleted {
        /// The transfer.
        transfer_id: TransferId,
        /// The batch.
        batch_id: PayoutBatchId,
        /// How much.
        amount_cents: Amount,
        /// What the rail calls it.
        provider_transfer_id: ProviderTransferId,
    },
    /// No money moved, and none will.
    PayoutTransferFailed {
        /// The transfer.
        transfer_id: TransferId,
        /// The batch.
        batch_id: PayoutBatchId,
        /// Why: a code.
        failure_reason: String,
    },
    /// The money came back.
    PayoutTransferReturned {
        /// The transfer.
        transfer_id: TransferId,
        /// The batch.
        batch_id: PayoutBatchId,
        /// How much.
        amount_cents: Amount,
        /// Why: a code.
        failure_reason: String,
    },
    /// No transfer of the batch is open any more; what is left of its money is free again.
    PayoutBatchCompleted {
        /// The batch.
        batch_id: PayoutBatchId,
        /// How it ended.
        status: BatchState,
        /// How many transfers arrived.
        successful_transfers: u32,
        /// How many failed.
        failed_transfers: u32,
    },
}

impl PayoutEvent {
    /// The name of the variant, as in the JSON form.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::SettlementAccountLinked { .. } => "settlement_account_linked",
            Self::SettlementAccountClosed { .. } => "settlement_account_closed",
            Self::PayoutAccountFunded { .. } => "payout_account_funded",
            Self::ClaimantApproved { .. } => "claimant_approved",
            Self::ClaimantRejected { .. } => "claimant_rejected",
            Self::PayoutBatchOpened { .. } => "payout_batch_opened",
            Self::PayoutTransferCreated { .. } => "payout_transfer_created",
            Self::PayoutBatchCreated { .. } => "payout_batch_created",
            Self::PayoutBatchStarted { .. } => "payout_batch_started",
            Self::PayoutTransferStarted { .. } => "payout_transfer_started",
            Self::PayoutTransferAuthorized { .. } => "payout_transfer_authorized",
            Self::PayoutAuthorizationExpired { .. } => "payout_authorization_expired",
            Self::PayoutTransferHeld { .. } => "payout_transfer_held",
            Self::PayoutTransferReleased { .. } => "payout_transfer_released",
            Self::PayoutTransferAccepted { .. } => "payout_transfer_accepted",
            Self::PayoutTransferLost { .. } => "payout_transfer_lost",
            Self::PayoutTransferFound { .. } => "payout_transfer_found",
            Self::PayoutCancelAsked { .. } => "payout_cancel_asked",
            Self::PayoutCancelAnswered { .. } => "payout_cancel_answered",
            Self::PayoutTransferCompleted { .. } => "payout_transfer_completed",
            Self::PayoutTransferFailed { .. } => "payout_transfer_failed",
            Self::PayoutTransferReturned { .. } => "payout_transfer_returned",
            Self::PayoutBatchCompleted { .. } => "payout_batch_completed",
        }
    }

    /// The transfer it is about, once that is written.
    pub const fn transfer_id(&self) -> Option<TransferId> {
        match self {
            Self::PayoutTransferCreated { transfer_id, .. }
            | Self::PayoutTransferStarted { transfer_id }
            | Self::PayoutTransferAuthorized { transfer_id, .. }
            | Self::PayoutAuthorizationExpired { transfer_id }
            | Self::PayoutTransferHeld { transfer_id, .. }
            | Self::PayoutTransferReleased { transfer_id }
            | Self::PayoutTransferAccepted { transfer_id, .. }
            | Self::PayoutTransferLost { transfer_id }
            | Self::PayoutTransferFound { transfer_id }
            | Self::PayoutCancelAsked { transfer_id }
            | Self::PayoutCancelAnswered { transfer_id, .. }
            | Self::PayoutTransferCompleted { transfer_id, .. }
            | Self::PayoutTransferFailed { transfer_id, .. }
            | Self::PayoutTransferReturned { transfer_id, .. } => Some(*transfer_id),
            Self::SettlementAccountLinked { .. }
            | Self::SettlementAccountClosed { .. }
            | Self::PayoutAccountFunded { .. }
            | Self::ClaimantApproved { .. }
            | Self::ClaimantRejected { .. }
            | Self::PayoutBatchOpened { .. }
            | Self::PayoutBatchCreated { .. }
            | Self::PayoutBatchStarted { .. }
            | Self::PayoutBatchCompleted { .. } => None,
        }
    }
}

impl std::fmt::Debug for PayoutEvent {
    /// The kind only: the rest is about one person's money.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.kind())
    }
}
