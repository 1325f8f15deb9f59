//! What the answers of a rail do to transfers.
//!
//! In: an [`Answer`] about one transfer. Out: facts in the [`Draft`], and where money may be sent,
//! the right to do so once they are stored. Silence never means failure; an authorization is given
//! up only when the rail says that it ran out and, asked after that, that nothing was sent with it.

use std::collections::{BTreeMap, BTreeSet};

use super::execute::{finish_batch, held_by};
use super::{
    Answer, Authorization, AuthorizationId, CursorMove, Draft, Hold, Lease, Meaning, NoteOutcome,
    PayoutError, PayoutEvent, ProviderTransferId, RailEvent, RailNote, RailTransfer, Refusal,
    Transfer, TransferState,
};
use crate::types::TransferId;

/// The reason of a transfer that a person gave up.
const GIVEN_UP: &str = "given_up";

/// What is a matter of choice in reading a rail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RailPolicy {
    /// Whether a transfer that the rail agreed to without having checked the account waits for a
    /// person.
    pub hold_unchecked: bool,
}

impl Default for RailPolicy {
    /// A person decides.
    fn default() -> Self {
        Self { hold_unchecked: true }
    }
}

/// What an answer did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Effect {
    /// The transfer changed.
    Changed,
    /// It said what is known, or nothing.
    Nothing,
    /// It cannot be true together with what is stored: a person has to look.
    Contradicts,
    /// The authorization ran out: the rail has to be asked whether it was used.
    AskWhetherUsed,
}

/// Takes in what the rail said to a request to authorise. An agreement is stored before it is used;
/// where one is stored already, another one is dropped.
///
/// # Errors
/// [`PayoutError::LeaseLost`], or that the transfer cannot move like this.
pub fn on_authorization(
    draft: &mut Draft,
    transfer_id: TransferId,
    lease: Lease,
    answer: Answer<Authorization>,
    policy: RailPolicy,
) -> Result<Effect, PayoutError> {
    let transfer = leased(draft, transfer_id, lease)?;
    let is_asked_for = transfer.state == TransferState::Processing
        && transfer.authorization.is_none()
        && transfer.hold.is_none();
    if !is_asked_for {
        return Ok(Effect::Nothing);
    }
    match answer {
        Answer::Done(Authorization::Approved { id, unchecked }) => {
            if unchecked.is_some() && policy.hold_unchecked {
                let (reason, authorization_id) = (Hold::Unchecked, Some(id));
                draft.record(PayoutEvent::PayoutTransferHeld {
                    transfer_id,
                    reason,
                    authorization_id,
                })?;
            } else {
                let authorization_id = id;
                draft.record(PayoutEvent::PayoutTransferAuthorized {
                    transfer_id,
                    authorization_id,
                })?;
                draft.send(transfer_id, lease.until)?;
            }
        }
        Answer::Done(Authorization::UserActionRequired) => {
            hold(draft, transfer_id, Hold::UserAction)?;
        }
        Answer::Done(Authorization::Declined(code)) | Answer::Refused(Refusal::Never(code)) => {
            fail(draft, transfer_id, code)?;
        }
        Answer::Refused(Refusal::Unclear(_)) => hold(draft, transfer_id, Hold::Unclear)?,
        // Nothing moves money before an authorization is stored: asking again is safe.
        Answer::Refused(Refusal::Later | Refusal::Blocked(_) | Refusal::Expired)
        | Answer::Unknown => return Ok(Effect::Nothing),
    }
    Ok(Effect::Changed)
}

/// Takes in what the rail said to a request to send with the authorization `sent`.
///
/// An answer can come late: when another process found that the authorization had run out unused,
/// and gave it up. Then only a transfer says something; that there was none says nothing about the
/// authorization which is used now.
///
/// # Errors
/// [`PayoutError::Contradiction`] where the rows do not fit together.
pub fn on_creation(
    draft: &mut Draft,
    transfer_id: TransferId,
    sent: &AuthorizationId,
    answer: Answer<RailTransfer>,
) -> Result<Effect, PayoutError> {
    let transfer = loaded(draft, transfer_id)?;
    let is_over = !is_unsettled(transfer)
        || transfer.provider_transfer_id.is_some()
        || transfer.authorization.as_ref() != Some(sent);
    match answer {
        Answer::Done(found) => on_answer(draft, transfer_id, &found),
        _ if is_over => Ok(Effect::Nothing),
        Answer::Refused(Refusal::Unclear(_)) if transfer.hold.is_some() => Ok(Effect::Nothing),
        // It stays as it is until a person lets it go on: then the rail is asked before it is sent.
        Answer::Refused(Refusal::Unclear(_)) => {
            hold(draft, transfer_id, Hold::Unclear)?;
            Ok(Effect::Changed)
        }
        Answer::Refused(Refusal::Expired) => Ok(Effect::AskWhetherUsed),
        Answer::Refused(Refusal::Later | Refusal::Blocked(_)) => Ok(Effect::Nothing),
        // An earlier request, of which nothing was heard, may still be on its way to the rail: then
        // this refusal says nothing about it.
        Answer::Refused(Refusal::Never(_)) if transfer.is_in_doubt => lose(draft, transfer_id),
        Answer::Refused(Refusal::Never(code)) => {
            fail(draft, transfer_id, code)?;
            Ok(Effect::Changed)
        }
        Answer::Unknown => lose(draft, transfer_id),
    }
}

/// Takes in what the rail knows of a transfer that may have been sent. Where it knows nothing, it
/// may be sent, with the same authorization, once that is stored.
///
/// # Errors
/// [`PayoutError::LeaseLost`], or [`PayoutError::Contradiction`].
pub fn on_probe(
    draft: &mut Draft,
    transfer_id: TransferId,
    lease: Lease,
    answer: Answer<Option<RailTransfer>>,
) -> Result<Effect, PayoutError> {
    let transfer = leased(draft, transfer_id, lease)?;
    if !is_unsettled(transfer) || transfer.hold.is_some() {
        return Ok(Effect::Nothing);
    }
    let is_named = transfer.provider_transfer_id.is_some();
    match answer {
        Answer::Done(Some(found)) => on_answer(draft, transfer_id, &found),
        // It may have been sent by whoever executed the batch before: that stays in doubt.
        _ if is_named => Ok(Effect::Nothing),
        Answer::Refused(_) | Answer::Unknown => lose(draft, transfer_id),
        Answer::Done(None) => {
            let _ = lose(draft, transfer_id)?;
            draft.record(PayoutEvent::PayoutTransferFound { transfer_id })?;
            draft.send(transfer_id, lease.until)?;
            Ok(Effect::Changed)
        }
    }
}

/// Takes in what the rail knows of a transfer, asked after it had said that the authorization ran
/// out. Where nothing was sent with it, the transfer is authorised anew, in the next round.
///
/// # Errors
/// [`PayoutError::LeaseLost`], or [`PayoutError::Contradiction`].
pub fn on_expired(
    draft: &mut Draft,
    transfer_id: TransferId,
    lease: Lease,
    answer: Answer<Option<RailTransfer>>,
) -> Result<Effect, PayoutError> {
    let transfer = leased(draft, transfer_id, lease)?;
    if !is_unsettled(transfer) || transfer.provider_transfer_id.is_some() {
        return Ok(Effect::Nothing);
    }
    let is_lost = transfer.state == TransferState::Unknown;
    match answer {
        Answer::Done(Some(found)) => on_answer(draft, transfer_id, &found),
        Answer::Done(None) => {
            if is_lost {
                draft.record(PayoutEvent::PayoutTransferFound { transfer_id })?;
            }
            draft.record(PayoutEvent::PayoutAuthorizationExpired { transfer_id })?;
            Ok(Effect::Changed)
        }
        Answer::Refused(_) | Answer::Unknown => lose(draft, transfer_id),
    }
}

/// Gives up a transfer that is held: a person decided so, and the rail, asked for it, knew nothing
/// of it. It fails, its money is free again, and the claimant can be approved for another attempt.
/// Where the rail knows it after all, what it knows is taken in, and nothing is given up.
///
/// A transfer of which it is in doubt whether it was sent may still reach the rail: it is not given
/// up before so many microseconds passed since it was begun.
///
/// # Errors
/// [`PayoutError::NotHeld`], [`PayoutError::InDoubt`], [`PayoutError::RailSilent`] where the rail
/// did not say.
pub fn give_up(
    draft: &mut Draft,
    transfer_id: TransferId,
    answer: Answer<Option<RailTransfer>>,
    doubt_micros: i64,
) -> Result<Effect, PayoutError> {
    let now = draft.at();
    let transfer = loaded(draft, transfer_id)?;
    if transfer.hold.is_none() || transfer.provider_transfer_id.is_some() {
        return Err(PayoutError::NotHeld(transfer_id));
    }
    let until = transfer.initiated_at.unwrap_or(now).plus_micros(doubt_micros);
    match answer {
        Answer::Done(Some(found)) => on_answer(draft, transfer_id, &found),
        Answer::Done(None) if transfer.is_in_doubt && now < until => {
            Err(PayoutError::InDoubt { transfer_id, until })
        }
        Answer::Done(None) => {
            fail(draft, transfer_id, GIVEN_UP.to_owned())?;
            let batch_id = loaded(draft, transfer_id)?.batch_id;
            finish_batch(draft, batch_id)?;
            Ok(Effect::Changed)
        }
        Answer::Refused(_) | Answer::Unknown => Err(PayoutError::RailSilent(transfer_id)),
    }
}

/// Takes in where the rail says that a transfer is. What is known already, or was true earlier,
/// changes nothing.
///
/// # Errors
/// [`PayoutError::Contradiction`] where the rows do not fit together.
pub fn on_status(
    draft: &mut Draft,
    transfer_id: TransferId,
    found: &RailTransfer,
) -> Result<Effect, PayoutError> {
    let transfer = loaded(draft, transfer_id)?;
    let (state, batch_id, amount_cents) = (transfer.state, transfer.batch_id, transfer.amount);
    let is_other = transfer.provider_transfer_id.as_ref().is_some_and(|known| *known != found.id);
    // A name that another transfer has: one movement of money would pay two approvals.
    let is_taken = draft.books().names.get(&found.id).is_some_and(|owner| *owner != transfer_id);
    if is_other || is_taken || found.amount != amount_cents {
        return Ok(Effect::Contradicts);
    }
    let is_new = transfer.provider_transfer_id.is_none();
    let reason = || found.reason.clone().unwrap_or_else(|| found.status.as_str().to_owned());
    let provider_transfer_id: ProviderTransferId = found.id.clone();
    match (state, found.status.meaning()) {
        (TransferState::Processing, Meaning::Moving) if !is_new => return Ok(Effect::Nothing),
        (TransferState::Processing | TransferState::Unknown, Meaning::Moving) => {
            draft.record(PayoutEvent::PayoutTransferAccepted {
                transfer_id,
                provider_transfer_id,
            })?;
        }
        (
            TransferState::Processing | TransferState::Unknown,
            meaning @ (Meaning::Arrived | Meaning::CameBack),
        ) => {
            draft.record(PayoutEvent::PayoutTransferCompleted {
                transfer_id,
                batch_id,
                amount_cents,
                provider_transfer_id,
            })?;
            if meaning == Meaning::CameBack {
                return_to(draft, transfer_id, reason())?;
            }
        }
        (TransferState::Processing | TransferState::Unknown, Meaning::NotMoved) => {
            if is_new {
                draft.record(PayoutEvent::PayoutTransferAccepted {
                    transfer_id,
                    provider_transfer_id,
                })?;
            }
            fail(draft, transfer_id, reason())?;
        }
        (TransferState::Completed, Meaning::CameBack) => {
            return_to(draft, transfer_id, reason())?;
        }
        // What was true earlier comes late.
        (TransferState::Completed | TransferState::Returned, Meaning::Moving)
        | (TransferState::Completed, Meaning::Arrived)
        | (TransferState::Returned, Meaning::Arrived | Meaning::CameBack)
        | (TransferState::Failed, Meaning::NotMoved) => return Ok(Effect::Nothing),
        (TransferState::Failed, Meaning::Moving) if !is_new => return Ok(Effect::Nothing),
        // Money that moved although nothing was sent, or after it was said that it never would.
        (TransferState::Pending, _)
        | (TransferState::Failed, Meaning::Moving | Meaning::Arrived | Meaning::CameBack)
        | (TransferState::Completed | TransferState::Returned, Meaning::NotMoved) => {
            return Ok(Effect::Contradicts);
        }
    }
    Ok(Effect::Changed)
}

/// Takes in events of a rail, and where `after` is given, how far that reads them. `named` says
/// which loaded transfer has which name at the rail.
///
/// An event whose transfer nobody knows, or whose kind is not known, is kept and holds nothing up:
/// it is taken in again without `after` once the name is known.
///
/// # Errors
/// [`PayoutError::Contradiction`] where the rows do not fit together.
pub fn on_events(
    draft: &mut Draft,
    rail: &str,
    after: Option<u64>,
    events: &[RailEvent],
    named: &BTreeMap<ProviderTransferId, TransferId>,
) -> Result<(), PayoutError> {
    // The order of what happened is that of the ids, however they are told.
    let mut sorted: Vec<&RailEvent> = events.iter().collect();
    sorted.sort_by_key(|event| event.id);
    let mut batches = BTreeSet::new();
    for event in &sorted {
        let outcome = match (event.status, named.get(&event.transfer_id)) {
            (None, _) => NoteOutcome::Other,
            (Some(_), None) => NoteOutcome::Quarantined,
            // Another rail has the same name for something else.
            (Some(_), Some(transfer_id)) if !is_of_rail(draft, *transfer_id, rail) => {
                NoteOutcome::Other
            }
            (Some(status), Some(transfer_id)) => {
                let transfer = loaded(draft, *transfer_id)?;
                batches.insert(transfer.batch_id);
                let (id, amount) = (event.transfer_id.clone(), transfer.amount);
                let found = RailTransfer { id, amount, status, reason: event.reason.clone() };
                match on_status(draft, *transfer_id, &found)? {
                    Effect::Changed => NoteOutcome::Applied,
                    Effect::Nothing | Effect::AskWhetherUsed => NoteOutcome::Known,
                    Effect::Contradicts => NoteOutcome::Contradicts,
                }
            }
        };
        draft.note(RailNote { rail: rail.to_owned(), event: (*event).clone(), outcome });
    }
    for batch_id in batches {
        finish_batch(draft, batch_id)?;
    }
    let last = sorted.last().map(|event| event.id);
    if let (Some(from), Some(to)) = (after, last)
        && to > from
    {
        draft.read_to(CursorMove { rail: rail.to_owned(), from, to });
    }
    Ok(())
}

fn is_of_rail(draft: &Draft, transfer_id: TransferId, rail: &str) -> bool {
    let books = draft.books();
    let transfer = books.transfers.get(&transfer_id);
    let batch = transfer.and_then(|row| books.batches.get(&row.batch_id));
    let account = batch.and_then(|row| books.accounts.get(&row.account_id));
    account.is_some_and(|row| row.rail == rail)
}

fn fail(draft: &mut Draft, transfer_id: TransferId, code: String) -> Result<(), PayoutError> {
    let batch_id = loaded(draft, transfer_id)?.batch_id;
    let failure_reason = code;
    draft.record(PayoutEvent::PayoutTransferFailed { transfer_id, batch_id, failure_reason })
}

fn return_to(draft: &mut Draft, transfer_id: TransferId, code: String) -> Result<(), PayoutError> {
    let transfer = loaded(draft, transfer_id)?;
    let (batch_id, amount_cents) = (transfer.batch_id, transfer.amount);
    draft.record(PayoutEvent::PayoutTransferReturned {
        transfer_id,
        batch_id,
        amount_cents,
        failure_reason: code,
    })
}

/// A status that the rail told when it was asked. Where it cannot be true, a person has to look:
/// the transfer is not sent again until then.
fn on_answer(
    draft: &mut Draft,
    transfer_id: TransferId,
    found: &RailTransfer,
) -> Result<Effect, PayoutError> {
    let effect = on_status(draft, transfer_id, found)?;
    let transfer = loaded(draft, transfer_id)?;
    let may_be_sent = is_unsettled(transfer) && transfer.provider_transfer_id.is_none();
    if effect == Effect::Contradicts && may_be_sent && transfer.hold.is_none() {
        hold(draft, transfer_id, Hold::Contradiction)?;
    }
    Ok(effect)
}

fn hold(draft: &mut Draft, transfer_id: TransferId, reason: Hold) -> Result<(), PayoutError> {
    let authorization_id = None;
    draft.record(PayoutEvent::PayoutTransferHeld { transfer_id, reason, authorization_id })
}

/// From now on it is in doubt whether it was sent.
fn lose(draft: &mut Draft, transfer_id: TransferId) -> Result<Effect, PayoutError> {
    if loaded(draft, transfer_id)?.state == TransferState::Unknown {
        return Ok(Effect::Nothing);
    }
    draft.record(PayoutEvent::PayoutTransferLost { transfer_id })?;
    Ok(Effect::Changed)
}

const fn is_unsettled(transfer: &Transfer) -> bool {
    matches!(transfer.state, TransferState::Processing | TransferState::Unknown)
}

fn loaded(draft: &Draft, transfer_id: TransferId) -> Result<&Transfer, PayoutError> {
    draft.books().transfers.get(&transfer_id).ok_or(PayoutError::Contradiction("transfers"))
}

/// The transfer, where the lease holds its batch.
fn leased(
    draft: &mut Draft,
    transfer_id: TransferId,
    lease: Lease,
) -> Result<&Transfer, PayoutError> {
    let batch_id = loaded(draft, transfer_id)?.batch_id;
    held_by(draft, batch_id, lease)?;
    loaded(draft, transfer_id)
}
