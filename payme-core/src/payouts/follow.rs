//! What a fact does to a single row, and to the sums of its batch.
//!
//! In: a row and a fact. Out: the row moved, and the posting that follows, or a refusal. Used by
//! the [`super::Books`] alone.

use super::cancel::cancellable;
use super::ledger::sum;
use super::{
    Amount, AmountError, Approval, ApprovalMove, ApprovalState, Batch, BatchMove, ClaimKey,
    PayoutError, PayoutEvent, Posting, PostingKind, ProviderTransferId, Transfer, TransferMove,
    TransferState,
};
use crate::claims::ClaimMove;
use crate::types::{AccountId, ApprovalId, Instant, TransferId, Version};

/// Moves a transfer as a fact says, and says what that does to its money.
pub(super) fn follow(
    transfer: &mut Transfer,
    event: &PayoutEvent,
    at: Instant,
) -> Result<Option<PostingKind>, PayoutError> {
    match event {
        PayoutEvent::PayoutTransferStarted { .. } => {
            move_transfer(transfer, TransferMove::Start)?;
            transfer.initiated_at = Some(at);
            return Ok(Some(PostingKind::Send));
        }
        PayoutEvent::PayoutTransferAuthorized { authorization_id, .. } => {
            expect_unsent(transfer)?;
            if transfer.authorization.is_some() || transfer.hold.is_some() {
                return Err(PayoutError::Contradiction("authorizations of a transfer"));
            }
            transfer.authorization = Some(authorization_id.clone());
        }
        PayoutEvent::PayoutAuthorizationExpired { .. } => {
            expect_unsent(transfer)?;
            if transfer.authorization.take().is_none() {
                return Err(PayoutError::Contradiction("authorizations of a transfer"));
            }
            transfer.round = transfer.round.checked_add(1).ok_or(AmountError::Overflow)?;
            transfer.is_in_doubt = false;
        }
        PayoutEvent::PayoutTransferHeld { reason, authorization_id, .. } => {
            expect_unsent(transfer)?;
            if transfer.hold.replace(*reason).is_some() {
                return Err(PayoutError::Contradiction("holds of a transfer"));
            }
            if authorization_id.is_some() {
                transfer.authorization.clone_from(authorization_id);
            }
        }
        PayoutEvent::PayoutTransferReleased { transfer_id } => {
            transfer.hold.take().ok_or(PayoutError::NotHeld(*transfer_id))?;
        }
        PayoutEvent::PayoutTransferAccepted { provider_transfer_id, .. } => {
            if transfer.state == TransferState::Unknown {
                move_transfer(transfer, TransferMove::Find)?;
            }
            name(transfer, provider_transfer_id)?;
        }
        PayoutEvent::PayoutTransferLost { .. } => {
            expect_unsent(transfer)?;
            // Nothing is sent without one: then there is nothing to be in doubt about.
            if transfer.authorization.is_none() {
                return Err(PayoutError::Contradiction("authorizations of a transfer"));
            }
            move_transfer(transfer, TransferMove::Lose)?;
            transfer.is_in_doubt = true;
        }
        PayoutEvent::PayoutTransferFound { .. } => move_transfer(transfer, TransferMove::Find)?,
        PayoutEvent::PayoutCancelAsked { .. } => {
            cancellable(transfer)?;
        }
        PayoutEvent::PayoutTransferCompleted { provider_transfer_id, amount_cents, .. } => {
            move_transfer(transfer, TransferMove::Complete)?;
            name(transfer, provider_transfer_id)?;
            expect_amount(transfer, *amount_cents)?;
            transfer.hold = None;
            transfer.completed_at = Some(at);
            return Ok(Some(PostingKind::Settle));
        }
        PayoutEvent::PayoutTransferFailed { failure_reason, .. } => {
            move_transfer(transfer, TransferMove::Fail)?;
            transfer.failure_reason = Some(failure_reason.clone());
            transfer.hold = None;
            transfer.completed_at = Some(at);
            return Ok(Some(PostingKind::Fail));
        }
        PayoutEvent::PayoutTransferReturned { failure_reason, amount_cents, .. } => {
            move_transfer(transfer, TransferMove::Return)?;
            expect_amount(transfer, *amount_cents)?;
            transfer.failure_reason = Some(failure_reason.clone());
            return Ok(Some(PostingKind::Return));
        }
        _ => return Err(PayoutError::Contradiction("transfers")),
    }
    Ok(None)
}

/// What the end of a transfer does to its approval and the claim.
pub(super) const fn ending_of(kind: PostingKind) -> Option<(ApprovalMove, ClaimMove)> {
    match kind {
        PostingKind::Settle => Some((ApprovalMove::Pay, ClaimMove::Pay)),
        PostingKind::Fail => Some((ApprovalMove::Fail, ClaimMove::Fail)),
        PostingKind::Return => Some((ApprovalMove::Return, ClaimMove::Return)),
        PostingKind::Deposit | PostingKind::Reserve | PostingKind::Release | PostingKind::Send => {
            None
        }
    }
}

/// Moves the money of a transfer inside its batch, and counts it.
pub(super) fn count(
    batch: &mut Batch,
    kind: PostingKind,
    amount: Amount,
) -> Result<(), PayoutError> {
    let minor = amount.minor();
    let held = &mut batch.held;
    let (from, to, counter) = match kind {
        PostingKind::Send => (&mut held.reserved, Some(&mut held.in_flight), None),
        PostingKind::Settle => {
            (&mut held.in_flight, Some(&mut held.paid), Some(&mut batch.successful_transfers))
        }
        PostingKind::Fail => {
            (&mut held.in_flight, Some(&mut held.reserved), Some(&mut batch.failed_transfers))
        }
        PostingKind::Return => (&mut held.paid, None, Some(&mut batch.returned_transfers)),
        PostingKind::Deposit | PostingKind::Reserve | PostingKind::Release => {
            return Err(PayoutError::Contradiction("postings"));
        }
    };
    *from = sum(*from, -minor)?;
    if *from < 0 {
        return Err(PayoutError::Contradiction("sums of a batch"));
    }
    if let Some(to) = to {
        *to = sum(*to, minor)?;
    }
    if let Some(counter) = counter {
        *counter = counter.checked_add(1).ok_or(AmountError::Overflow)?;
    }
    Ok(())
}

/// The posting of so much money of a batch; `None` for none.
pub(super) fn money(
    batch: &Batch,
    transfer_id: Option<TransferId>,
    kind: PostingKind,
    minor: i64,
) -> Result<Option<Posting>, PayoutError> {
    if minor == 0 {
        return Ok(None);
    }
    let amount = Amount::new(minor).map_err(|_| PayoutError::Contradiction("sums of a batch"))?;
    let (account_id, batch_id) = (batch.account_id, Some(batch.id));
    Ok(Some(Posting { account_id, batch_id, transfer_id, kind, amount }))
}

pub(super) fn move_approval(
    approval: &mut Approval,
    event: ApprovalMove,
) -> Result<(), PayoutError> {
    let from = approval.state;
    approval.state = from.next(event).ok_or(PayoutError::Approval { from, event })?;
    Ok(())
}

pub(super) fn move_batch(batch: &mut Batch, event: BatchMove) -> Result<(), PayoutError> {
    let from = batch.state;
    batch.state = from.next(event).ok_or(PayoutError::Batch { from, event })?;
    Ok(())
}

pub(super) fn move_transfer(
    transfer: &mut Transfer,
    event: TransferMove,
) -> Result<(), PayoutError> {
    let from = transfer.state;
    transfer.state = from.next(event).ok_or(PayoutError::Transfer { from, event })?;
    Ok(())
}

/// An authorization is got, and given up, only while nothing was sent.
pub(super) fn expect_unsent(transfer: &Transfer) -> Result<(), PayoutError> {
    let is_open = matches!(transfer.state, TransferState::Processing | TransferState::Unknown);
    if is_open && transfer.provider_transfer_id.is_none() {
        Ok(())
    } else {
        Err(PayoutError::Contradiction("authorizations of a transfer"))
    }
}

pub(super) fn expect_amount(transfer: &Transfer, amount: Amount) -> Result<(), PayoutError> {
    if transfer.amount == amount {
        Ok(())
    } else {
        Err(PayoutError::Contradiction("amounts of a transfer"))
    }
}

/// A transfer has one name at the rail. A second one would be a second transfer of money.
pub(super) fn name(
    transfer: &mut Transfer,
    provider: &ProviderTransferId,
) -> Result<(), PayoutError> {
    match &transfer.provider_transfer_id {
        Some(known) if known != provider => {
            Err(PayoutError::Contradiction("names of a transfer at the rail"))
        }
        Some(_) => Ok(()),
        None => {
            transfer.provider_transfer_id = Some(provider.clone());
            Ok(())
        }
    }
}

pub(super) const fn new_approval(
    id: ApprovalId,
    (user_id, settlement_id): ClaimKey,
    account_id: AccountId,
    attorney_id: crate::types::AttorneyId,
) -> Approval {
    Approval {
        id,
        user_id,
        settlement_id,
        account_id,
        attorney_id,
        attempt: 0,
        amount: None,
        state: ApprovalState::Pending,
        transfer_id: None,
        approved_at: None,
        rejected_at: None,
        version: Version::NEW,
    }
}
