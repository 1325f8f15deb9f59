//! Payouts: at most one transfer of money per approved claim.
//!
//! In: rows, a request or the answer of a rail, and the time. Out: a [`PayoutChange`] for a store,
//! and after its commit at most one [`SendMoney`] for each transfer. Nothing here sends.
//!
//! A decision is a list of facts ([`PayoutEvent`]); the [`Books`] say what each does to the rows,
//! for a decision as for a replay. Money is integer minor units; every movement is one [`Posting`].
//! Rules and sources: `docs/rules/payouts.md`.

mod amount;
mod annex;
mod approve;
mod attorney;
mod batch;
mod books;
mod cancel;
mod destination;
mod draft;
mod error;
mod event;
mod execute;
mod follow;
mod items;
mod ledger;
mod mock;
mod outcome;
mod rail;
mod reconcile;
mod records;
mod state;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_outcome;
#[cfg(test)]
mod tests_person;
#[cfg(test)]
mod tests_reconcile;

pub use amount::{Amount, AmountError, KEY_CHARS_MAX, KeyError, RequestKey, TransferKey};
pub use annex::{
    AccountDetails, Annex, LeftOut, NOTE_CHARS_MAX, NoteText, ReviewNote, SealedText, keep_details,
    keep_left_out, keep_review,
};
pub use approve::{Approved, Decision, approve, close_account, fund, link_account, reject};
pub use attorney::{
    ApiKey, ApiKeyHash, Attorney, AttorneyProfile, AttorneyStatus, KEY_BYTES, KEY_PREFIX,
    PROFILE_CHARS_MAX, Registration, check_text, register,
};
pub use batch::{
    BatchRequest, Candidate, ItemsDigest, Skipped, Verdict, batch_verdict, fill_batch, open_batch,
    seal_batch,
};
pub use books::{Books, ClaimKey, Replay};
pub use cancel::{CancelAnswer, ask_to_cancel, on_cancellation};
pub use destination::{DestinationProvider, DestinationStatus, PayoutDestination};
pub use draft::{Draft, Entry, PayoutChange, SendMoney};
pub use error::PayoutError;
pub use event::PayoutEvent;
pub use execute::{
    Next, finish_batch, lease_batch, next, release_held, release_lease, renew, start,
};
pub use items::{
    ITEMS_KEY_CHARS_MAX, ItemFault, ItemGroup, ItemsError, PayItem, complete_left_out,
    first_items_asked, group_items, items_batch_key, left_out_by, request_digest, was_approved,
};
pub use ledger::{Balance, Place, Posting, PostingKind};
pub use mock::mock_outcome;
pub use outcome::{
    Effect, RailPolicy, give_up, on_authorization, on_creation, on_events, on_expired, on_probe,
    on_status,
};
pub use rail::{
    Answer, Authorization, AuthorizationRequest, CursorMove, Meaning, NoteOutcome, RailBalance,
    RailEvent, RailEvents, RailList, RailNote, RailStatus, RailTransfer, Refusal,
};
pub use reconcile::{Disagreement, Figure, Reconciler, Reconciliation, TransferLine};
pub use records::{
    Account, AccountStatus, Approval, AuthorizationId, Batch, Held, Hold, Lease,
    ProviderTransferId, Transfer,
};
pub use state::{ApprovalMove, ApprovalState, BatchMove, BatchState, TransferMove, TransferState};
