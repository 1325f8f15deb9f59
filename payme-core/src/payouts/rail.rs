//! What a rail says: the words in which transfers of money are asked for and answered.
//!
//! A *rail* moves money. Its answers say what happened, what did not, or that it is not known: an
//! answer that is missing is never taken for a refusal.

use serde::{Deserialize, Serialize};

use super::{Amount, AuthorizationId, ProviderTransferId};
use crate::types::{Currency, UserId, words};

/// What a rail answered.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[must_use]
pub enum Answer<T> {
    /// It happened.
    Done(T),
    /// It did not happen.
    Refused(Refusal),
    /// It may have happened: there was no answer, or none that says.
    Unknown,
}

impl<T> Answer<T> {
    /// What happened, where it did.
    pub const fn done(&self) -> Option<&T> {
        match self {
            Self::Done(answer) => Some(answer),
            Self::Refused(_) | Self::Unknown => None,
        }
    }

    /// Whether asking about anything else would end alike at present.
    pub const fn is_pause(&self) -> bool {
        matches!(self, Self::Refused(Refusal::Later | Refusal::Blocked(_)))
    }

    /// What has to be mended before anything is done.
    pub fn blocked_by(&self) -> Option<&str> {
        match self {
            Self::Refused(Refusal::Blocked(code)) => Some(code),
            _ => None,
        }
    }

    /// Why it did not happen, where it says so: a code.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused(
                Refusal::Blocked(code) | Refusal::Unclear(code) | Refusal::Never(code),
            ) => Some(code),
            Self::Refused(Refusal::Later | Refusal::Expired) | Self::Done(_) | Self::Unknown => {
                None
            }
        }
    }

    /// The same answer about something else.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Answer<U> {
        match self {
            Self::Done(answer) => Answer::Done(change(answer)),
            Self::Refused(refusal) => Answer::Refused(refusal),
            Self::Unknown => Answer::Unknown,
        }
    }
}

/// Why a rail did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// Not now: too many requests, or it is down. Asking again later may succeed.
    Later,
    /// Not before somebody mends the settings or the rail's account, whatever is asked. The code is
    /// what is wrong.
    Blocked(String),
    /// The authorization ran out.
    Expired,
    /// It did not, and nobody knows whether it ever will: a person has to look. The code is what it
    /// said.
    Unclear(String),
    /// It will never do this; the code says why.
    Never(String),
}

/// What a transfer is authorised by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AuthorizationRequest {
    /// The key of this transfer and round, 43 characters; see [`super::TransferKey::for_rail`].
    pub key: String,
    /// Who is paid.
    pub user_id: UserId,
    /// How much.
    pub amount: Amount,
    /// In which currency.
    pub currency: Currency,
}

/// What a rail says to a request to authorise.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Authorization {
    /// It may be sent.
    Approved {
        /// What the rail calls its agreement.
        id: AuthorizationId,
        /// The code of a check that could not be made; `None` where all were made and passed.
        unchecked: Option<String>,
    },
    /// It may not; the code says why.
    Declined(String),
    /// The claimant has to do something first.
    UserActionRequired,
}

words!(
    /// Where a transfer is, as a rail says it.
    RailStatus {
        /// Accepted, not on its way yet.
        Pending = "pending",
        /// On its way.
        Posted = "posted",
        /// Cancelled before it was on its way.
        Cancelled = "cancelled",
        /// Refused.
        Failed = "failed",
        /// Arrived.
        Settled = "settled",
        /// Arrived, and can be used.
        FundsAvailable = "funds_available",
        /// Sent back.
        Returned = "returned",
    }
);

/// What a status means for the money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Meaning {
    /// On its way.
    Moving,
    /// No money moved, and none will.
    NotMoved,
    /// The money arrived.
    Arrived,
    /// The money came back.
    CameBack,
}

impl RailStatus {
    /// What it means for the money.
    pub const fn meaning(self) -> Meaning {
        match self {
            Self::Pending | Self::Posted => Meaning::Moving,
            Self::Cancelled | Self::Failed => Meaning::NotMoved,
            Self::Settled | Self::FundsAvailable => Meaning::Arrived,
            Self::Returned => Meaning::CameBack,
        }
    }
}

/// A transfer as a rail knows it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RailTransfer {
    /// What the rail calls it.
    pub id: ProviderTransferId,
    /// How much the rail moves, in the currency that was authorised: a rail that tells another one
    /// is not understood ([`Answer::Unknown`]).
    pub amount: Amount,
    /// Where it is.
    pub status: RailStatus,
    /// Why it failed or came back: a code.
    pub reason: Option<String>,
}

/// Transfers as a rail lists them, each with the key that it was sent under.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RailList {
    /// The keys ([`super::TransferKey`]) and the transfers.
    pub transfers: Vec<(String, RailTransfer)>,
    /// How many the rail told, with those that are none of ours and cannot be read.
    pub passed: usize,
    /// Whether there are more.
    pub has_more: bool,
}

/// Something that happened at a rail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RailEvent {
    /// Grows with time; gaps mean nothing.
    pub id: u64,
    /// The transfer.
    pub transfer_id: ProviderTransferId,
    /// The status it reached; `None` for an event of a kind that is not known.
    pub status: Option<RailStatus>,
    /// What the rail calls the kind.
    pub kind: String,
    /// Why it failed or came back: a code.
    pub reason: Option<String>,
}

/// What became of an event of a rail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RailNote {
    /// The rail.
    pub rail: String,
    /// The event, as the rail told it.
    pub event: RailEvent,
    /// What was done with it.
    pub outcome: NoteOutcome,
}

words!(
    /// What was done with an event of a rail.
    NoteOutcome {
        /// A transfer was changed.
        Applied = "applied",
        /// It said what was known.
        Known = "known",
        /// Its kind is not known; it is kept.
        Other = "other",
        /// No transfer has this name; it is kept.
        Quarantined = "quarantined",
        /// It cannot be true together with what is stored: a person has to look.
        Contradicts = "contradicts",
    }
);

/// How far the events of a rail were read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CursorMove {
    /// The rail.
    pub rail: String,
    /// The last event that was read before; 0 for none.
    pub from: u64,
    /// The last event that is read now.
    pub to: u64,
}

/// Some events of a rail, in the order of their ids.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RailEvents {
    /// The events.
    pub events: Vec<RailEvent>,
    /// Whether there are more.
    pub has_more: bool,
}

/// The money that a rail holds for payouts, in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RailBalance {
    /// In which currency.
    pub currency: Currency,
    /// What can be sent.
    pub available: i64,
    /// What is on its way to the rail and cannot be sent yet.
    pub pending: i64,
}
