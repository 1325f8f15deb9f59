//! Making a batch: money is set aside once, then its transfers are written page by page.
//!
//! In: a request and the approvals that wait. Out: facts in the [`Draft`], and whoever is left out
//! with the reason. A batch that the account cannot cover is refused whole. A request that is sent
//! again is answered by the batch it made, however far that is.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::approve::active;
use super::ledger::sum;
use super::{
    Amount, AmountError, Approval, ApprovalState, Batch, Draft, PayoutError, PayoutEvent,
    RequestKey,
};
use crate::types::{
    AccountId, ApprovalId, PayoutBatchId, SettlementId, TransferId, UserId, hex, words,
};

/// A request for a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchRequest {
    /// What the caller names it by, unique for each attorney.
    pub key: RequestKey,
    /// The settlement.
    pub settlement_id: SettlementId,
    /// The people and amounts that are asked for by name; `None` for everybody who waits.
    pub items: Option<ItemsDigest>,
}

/// What people and amounts a request names, as one SHA-256 in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ItemsDigest(String);

impl ItemsDigest {
    /// The digest of these items, in whatever order they are given.
    pub fn new(items: &[(UserId, Option<Amount>)]) -> Self {
        let mut sorted = items.to_vec();
        sorted.sort_unstable();
        let mut hash = Sha256::new();
        for (user_id, amount) in sorted {
            hash.update(user_id.uuid().as_bytes());
            // No amount is zero, so zero says that none was given.
            hash.update(amount.map_or(0, Amount::minor).to_be_bytes());
        }
        Self(hex(&hash.finalize()))
    }

    /// The hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a request was made before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict<'a> {
    /// It was not.
    New,
    /// It was, and this is what it made.
    Made(&'a Batch),
}

/// Holds a request against the batch that is stored under its key. This comes before everything
/// else that is checked of a request.
///
/// # Errors
/// [`PayoutError::KeyReused`] names what differs.
pub fn batch_verdict<'a>(
    stored: Option<&'a Batch>,
    request: &BatchRequest,
) -> Result<Verdict<'a>, PayoutError> {
    let Some(batch) = stored else { return Ok(Verdict::New) };
    if batch.settlement_id != request.settlement_id {
        return Err(PayoutError::KeyReused { field: "settlement_id" });
    }
    if batch.items.as_deref() != request.items.as_ref().map(ItemsDigest::as_str) {
        return Err(PayoutError::KeyReused { field: "items" });
    }
    Ok(Verdict::Made(batch))
}

words!(
    /// Why a claimant is left out of a batch.
    Skipped {
        /// The approval does not say how much, and neither does the settlement.
        NoAmount = "no_amount",
        /// It is not known where to send the money.
        NoDestination = "no_destination",
        /// The claimant is not approved.
        NotApproved = "not_approved",
        /// The claimant has not filed a claim.
        NotSubmitted = "not_submitted",
        /// The claimant stands approved with another amount.
        OtherAmount = "other_amount",
        /// The claimant was paid.
        AlreadyPaid = "already_paid",
        /// Another transfer for the claimant is on its way.
        InFlight = "in_flight",
        /// The claimant was approved while the batch was being made: the next batch has them.
        ApprovedMeanwhile = "approved_meanwhile",
    }
);

/// An approval that may get a transfer.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The approval.
    pub approval: Approval,
    /// Whether it is known where to send the money.
    pub has_destination: bool,
}

impl Candidate {
    /// What it would be paid, or why it is left out. `payout_min` is the least payout of the
    /// settlement.
    ///
    /// # Errors
    /// The reason.
    pub fn amount(&self, payout_min: Option<Amount>) -> Result<Amount, Skipped> {
        match (self.approval.state, self.approval.transfer_id) {
            (ApprovalState::Approved, None) => {}
            (ApprovalState::Approved, Some(_)) => return Err(Skipped::InFlight),
            (ApprovalState::Paid, _) => return Err(Skipped::AlreadyPaid),
            (ApprovalState::Pending | ApprovalState::Rejected | ApprovalState::Failed, _) => {
                return Err(Skipped::NotApproved);
            }
        }
        if !self.has_destination {
            return Err(Skipped::NoDestination);
        }
        self.approval.amount.or(payout_min).ok_or(Skipped::NoAmount)
    }

    /// What these would be paid together: what a batch of them sets aside.
    ///
    /// # Errors
    /// [`AmountError::Overflow`].
    pub fn total(
        candidates: &[Self],
        payout_min: Option<Amount>,
        before: i64,
    ) -> Result<i64, AmountError> {
        let amounts = candidates.iter().filter_map(|one| one.amount(payout_min).ok());
        amounts.map(Amount::minor).try_fold(before, sum)
    }
}

/// Begins a batch and sets `reserved_cents` aside for it.
///
/// # Errors
/// [`PayoutError::Insufficient`] where the account holds less; then nothing is set aside.
/// [`PayoutError::NotLinked`], [`PayoutError::AccountClosed`].
pub fn open_batch(
    draft: &mut Draft,
    account_id: AccountId,
    batch_id: PayoutBatchId,
    request: &BatchRequest,
    reserved_cents: i64,
) -> Result<(), PayoutError> {
    if active(draft, account_id)?.settlement_id != request.settlement_id {
        return Err(PayoutError::NotLinked);
    }
    draft.record(PayoutEvent::PayoutBatchOpened {
        batch_id,
        account_id,
        key: request.key.clone(),
        items: request.items.as_ref().map(|items| items.as_str().to_owned()),
        reserved_cents,
    })
}

/// Writes the transfers of a page of approvals, ascending by id, and says who is left out and why.
///
/// The draft holds the batch and the approvals. `reached` is the last approval that was looked at
/// for this page, taken or not: the next page begins behind it. `ids` gives a new id for each
/// transfer.
///
/// # Errors
/// [`PayoutError::Contradiction`] where the rows do not fit together.
pub fn fill_batch(
    draft: &mut Draft,
    batch_id: PayoutBatchId,
    page: &[Candidate],
    reached: Option<ApprovalId>,
    payout_min: Option<Amount>,
    mut ids: impl FnMut() -> TransferId,
) -> Result<Vec<(ApprovalId, Skipped)>, PayoutError> {
    let mut skipped = Vec::new();
    let batch = draft.batch_mut(batch_id)?;
    if batch.is_sealed {
        return Err(PayoutError::Contradiction("transfers of a batch"));
    }
    batch.filled_to = reached.max(batch.filled_to);
    for candidate in page {
        let Approval { id: approval_id, user_id, .. } = candidate.approval;
        let batch = draft.batch_mut(batch_id)?;
        let spare = batch.held.reserved.saturating_sub(batch.total_amount);
        let amount = candidate.amount(payout_min).and_then(|amount| {
            if amount.minor() > spare { Err(Skipped::ApprovedMeanwhile) } else { Ok(amount) }
        });
        match amount {
            Err(reason) => skipped.push((approval_id, reason)),
            Ok(amount_cents) => draft.record(PayoutEvent::PayoutTransferCreated {
                transfer_id: ids(),
                batch_id,
                approval_id,
                user_id,
                amount_cents,
            })?,
        }
    }
    Ok(skipped)
}

/// Ends the writing of transfers: what was set aside beyond them is free again.
///
/// # Errors
/// [`PayoutError::Contradiction`] where it has ended before.
pub fn seal_batch(draft: &mut Draft, batch_id: PayoutBatchId) -> Result<(), PayoutError> {
    let batch = draft.batch_mut(batch_id)?;
    let event = PayoutEvent::PayoutBatchCreated {
        batch_id,
        attorney_id: batch.attorney_id,
        settlement_id: batch.settlement_id,
        total_transfers: batch.total_transfers,
        total_amount_cents: batch.total_amount,
    };
    draft.record(event)
}
