//! Cancelling a transfer that is on its way: which can be asked for, and what the answer is worth.
//!
//! In: a transfer, and later the answer of the rail. Out: facts in the [`Draft`]. That it is asked
//! is stored before the rail hears of it. The rail's agreement moves no row and no money: what
//! became of the transfer is said by its status, as of any other.

use super::{Answer, Draft, PayoutError, PayoutEvent, ProviderTransferId, Refusal, Transfer};
use crate::types::{TransferId, words};

words!(
    /// What a rail said when it was asked to cancel a transfer.
    CancelAnswer {
        /// It cancels it.
        Agreed = "agreed",
        /// It does not.
        Refused = "refused",
        /// Not now: it was not asked.
        Later = "later",
        /// It did not say.
        Unknown = "unknown",
    }
);

/// Asks to cancel a transfer: one that has not ended, and that the rail has by this name.
///
/// # Errors
/// [`PayoutError::UnknownTransfer`] where it is not loaded, [`PayoutError::TransferOver`],
/// [`PayoutError::NotAtRail`].
pub fn ask_to_cancel(
    draft: &mut Draft,
    transfer_id: TransferId,
) -> Result<ProviderTransferId, PayoutError> {
    let transfer = draft.books().transfers.get(&transfer_id);
    let name = cancellable(transfer.ok_or(PayoutError::UnknownTransfer(transfer_id))?)?.clone();
    draft.record(PayoutEvent::PayoutCancelAsked { transfer_id })?;
    Ok(name)
}

/// The name of a transfer that can be asked to be cancelled.
pub(super) fn cancellable(transfer: &Transfer) -> Result<&ProviderTransferId, PayoutError> {
    if !transfer.state.is_open() {
        return Err(PayoutError::TransferOver { id: transfer.id, state: transfer.state });
    }
    transfer.provider_transfer_id.as_ref().ok_or(PayoutError::NotAtRail(transfer.id))
}

/// Takes in what the rail said. The transfer stays as it is, whatever that was.
///
/// # Errors
/// [`PayoutError::Contradiction`] where the rail has no name for the transfer.
pub fn on_cancellation(
    draft: &mut Draft,
    transfer_id: TransferId,
    answer: &Answer<()>,
) -> Result<CancelAnswer, PayoutError> {
    let (answer, code) = match answer {
        Answer::Done(()) => (CancelAnswer::Agreed, None),
        Answer::Refused(Refusal::Never(code) | Refusal::Unclear(code)) => {
            (CancelAnswer::Refused, Some(code.clone()))
        }
        Answer::Refused(Refusal::Expired) => (CancelAnswer::Refused, None),
        Answer::Refused(Refusal::Later) => (CancelAnswer::Later, None),
        Answer::Refused(Refusal::Blocked(code)) => (CancelAnswer::Later, Some(code.clone())),
        Answer::Unknown => (CancelAnswer::Unknown, None),
    };
    draft.record(PayoutEvent::PayoutCancelAnswered { transfer_id, answer, code })?;
    Ok(answer)
}
