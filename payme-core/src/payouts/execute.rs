//! Executing a batch: who may, and what each transfer needs next.
//!
//! In: a batch, its transfers, and a [`Lease`]. Out: facts in the [`Draft`]. One executor at a time
//! has a batch. It may lose it without knowing: every change is made on the version of the batch
//! that it loaded, so what it decides afterwards is not stored.

use super::{
    AuthorizationRequest, Batch, BatchState, Draft, Hold, Lease, PayoutError, PayoutEvent,
    Transfer, TransferState,
};
use crate::types::{Currency, PayoutBatchId, TransferId};

/// Takes a batch to execute it over a rail, for so many microseconds.
///
/// # Errors
/// [`PayoutError::OtherRail`] where its account is paid from over another one,
/// [`PayoutError::Leased`] where another has it, [`PayoutError::NotSealed`] while it is being
/// written, [`PayoutError::Ended`] where no transfer is left.
pub fn lease_batch(
    draft: &mut Draft,
    batch_id: PayoutBatchId,
    rail: &str,
    lasts_micros: i64,
) -> Result<Lease, PayoutError> {
    let now = draft.at();
    let account_id = draft.batch_mut(batch_id)?.account_id;
    let account = draft.books().accounts.get(&account_id).ok_or(PayoutError::NotLinked)?;
    account.expect_rail(rail)?;
    let batch = draft.batch_mut(batch_id)?;
    if !batch.is_sealed {
        return Err(PayoutError::NotSealed(batch_id));
    }
    if batch.state.is_final() {
        return Err(PayoutError::Ended(batch_id));
    }
    let token = match batch.lease {
        Some(Lease { until, .. }) if until > now => {
            let micros = until.as_micros().saturating_sub(now.as_micros());
            let seconds = micros.saturating_add(999_999) / 1_000_000;
            return Err(PayoutError::Leased { batch_id, until, seconds });
        }
        Some(Lease { token, .. }) => token.saturating_add(1),
        None => 1,
    };
    let lease = Lease { token, until: now.plus_micros(lasts_micros) };
    batch.lease = Some(lease);
    Ok(lease)
}

/// Keeps a lease for longer.
///
/// # Errors
/// [`PayoutError::LeaseLost`].
pub fn renew(
    draft: &mut Draft,
    batch_id: PayoutBatchId,
    lease: Lease,
    lasts_micros: i64,
) -> Result<Lease, PayoutError> {
    let until = draft.at().plus_micros(lasts_micros).max(lease.until);
    let batch = held_by(draft, batch_id, lease)?;
    let renewed = Lease { until, ..lease };
    batch.lease = Some(renewed);
    Ok(renewed)
}

/// Gives a batch back, so that others need not wait until the lease ends. A lease that was lost is
/// nothing to give back.
///
/// # Errors
/// [`PayoutError::Contradiction`] where there is no such batch.
pub fn release_lease(
    draft: &mut Draft,
    batch_id: PayoutBatchId,
    lease: Lease,
) -> Result<(), PayoutError> {
    let now = draft.at();
    let batch = draft.batch_mut(batch_id)?;
    if let Some(stored) = batch.lease.as_mut().filter(|stored| stored.token == lease.token) {
        // The token stays, so that the next one is above it.
        stored.until = stored.until.min(now);
    }
    Ok(())
}

/// The batch, where the lease still holds it.
pub(super) fn held_by(
    draft: &mut Draft,
    batch_id: PayoutBatchId,
    lease: Lease,
) -> Result<&mut Batch, PayoutError> {
    let now = draft.at();
    let batch = draft.batch_mut(batch_id)?;
    match batch.lease {
        Some(stored) if stored.token == lease.token && now < stored.until => Ok(batch),
        _ => Err(PayoutError::LeaseLost(batch_id)),
    }
}

/// Begins to send transfers: this is stored before the rail hears of them.
///
/// # Errors
/// [`PayoutError::LeaseLost`]; [`PayoutError::Transfer`] where one is not pending.
pub fn start(
    draft: &mut Draft,
    batch_id: PayoutBatchId,
    lease: Lease,
    transfers: &[TransferId],
) -> Result<(), PayoutError> {
    if held_by(draft, batch_id, lease)?.state == BatchState::Queued && !transfers.is_empty() {
        draft.record(PayoutEvent::PayoutBatchStarted { batch_id })?;
    }
    for transfer_id in transfers {
        draft.record(PayoutEvent::PayoutTransferStarted { transfer_id: *transfer_id })?;
    }
    Ok(())
}

/// What a transfer needs next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// To be started.
    Start,
    /// An authorization of the rail.
    Authorize(AuthorizationRequest),
    /// To be looked for at the rail before anything else: it may have been sent.
    Probe,
    /// An event of the rail.
    Wait,
    /// A person's decision.
    Decide(Hold),
    /// Nothing.
    Nothing,
}

/// What a stored transfer needs next. A right to send is never found here: it comes with the commit
/// of an authorization, or of a probe that found nothing.
pub fn next(transfer: &Transfer, currency: Currency) -> Next {
    match (transfer.state, transfer.hold) {
        (TransferState::Pending, _) => Next::Start,
        (TransferState::Processing | TransferState::Unknown, Some(hold)) => Next::Decide(hold),
        (TransferState::Processing, None) => {
            match (&transfer.authorization, &transfer.provider_transfer_id) {
                (_, Some(_)) => Next::Wait,
                (Some(_), None) => Next::Probe,
                (None, None) => Next::Authorize(AuthorizationRequest {
                    key: transfer.key().for_rail(transfer.round),
                    user_id: transfer.user_id,
                    amount: transfer.amount,
                    currency,
                }),
            }
        }
        (TransferState::Unknown, None) => Next::Probe,
        (TransferState::Completed | TransferState::Failed | TransferState::Returned, _) => {
            Next::Nothing
        }
    }
}

/// Lets a transfer that was held be sent: a person decided so.
///
/// # Errors
/// [`PayoutError::NotHeld`].
pub fn release_held(draft: &mut Draft, transfer_id: TransferId) -> Result<(), PayoutError> {
    draft.record(PayoutEvent::PayoutTransferReleased { transfer_id })
}

/// Ends a batch of which no transfer is open any more. Says whether it ended.
///
/// # Errors
/// [`PayoutError::Contradiction`] where the rows do not fit together.
pub fn finish_batch(draft: &mut Draft, batch_id: PayoutBatchId) -> Result<bool, PayoutError> {
    let unfit = PayoutError::Contradiction("batches");
    let batch = draft.books().batches.get(&batch_id).ok_or(unfit)?;
    if batch.state.is_final() || !batch.is_sealed || batch.open_transfers() > 0 {
        return Ok(false);
    }
    let (from, event) = (batch.state, batch.ending());
    let status = from.next(event).ok_or(PayoutError::Batch { from, event })?;
    let event = PayoutEvent::PayoutBatchCompleted {
        batch_id,
        status,
        successful_transfers: batch.successful_transfers,
        failed_transfers: batch.failed_transfers,
    };
    draft.record(event)?;
    Ok(true)
}
