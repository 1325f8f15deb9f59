//! What an import of trackers did: every row accounted for, and what changed since the last one.
//!
//! Everything here is plain data with a JSON form; nothing is decided here.
//! Rules: `docs/rules/trackers.md`.

use serde::Serialize;
use serde_json::Value;

use super::merge::PairReport;
use crate::catalog::Disagreement;
use crate::types::SettlementId;

/// What became of one row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// A settlement was made of it.
    Imported {
        /// Which.
        settlement: SettlementId,
    },
    /// It is one of several records of a settlement that was made of them.
    Merged {
        /// Which.
        settlement: SettlementId,
        /// The row that settlement was seen in first, as `tracker/row`.
        into: String,
    },
    /// It is of a settlement that is in the catalogue already, which stays as it is.
    Known {
        /// Which.
        settlement: SettlementId,
    },
    /// A version of the row that counts more is kept: of a later day, or of the same one.
    Superseded,
    /// Nothing of it was taken.
    Refused {
        /// The stable code.
        code: &'static str,
        /// What is wrong and what to do about it.
        message: String,
    },
}

/// One row of an export, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RowReport {
    /// The tracker.
    pub tracker: String,
    /// The tracker's own id of the row, where it could be read.
    pub row: Option<String>,
    /// The line it begins on.
    pub line: u64,
    /// The JSON path: of the row, or of what is wrong in it.
    pub path: String,
    /// What became of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// How many rows became what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct RowCounts {
    /// Rows of which a settlement was made.
    pub imported: usize,
    /// Rows that were merged with another.
    pub merged: usize,
    /// Rows of a settlement that was in the catalogue.
    pub known: usize,
    /// Rows of which a version that counts more is kept.
    pub superseded: usize,
    /// Rows of which nothing was taken.
    pub refused: usize,
}

/// One fact of a row that was otherwise before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The row, as `tracker/row`.
    pub row: String,
    /// The member of the row, such as `criteria.products`.
    pub field: String,
    /// What it was, cut where it is long.
    pub from: Value,
    /// What it is now.
    pub to: Value,
}

/// What settlements disagree about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Differing {
    /// Which.
    pub settlement: SettlementId,
    /// Its title.
    pub title: String,
    /// What its sources differ about, or they and the catalogue.
    pub disagreements: Vec<Disagreement>,
}

/// A claim link that one source alone states.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnconfirmedLink {
    /// Which settlement.
    pub settlement: SettlementId,
    /// Its title.
    pub title: String,
    /// The link.
    pub claim_url: String,
}

/// What an import of trackers did.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct TrackerReport {
    /// How many rows of the exports became what.
    pub counts: RowCounts,
    /// Every row of the exports, in their order.
    pub rows: Vec<RowReport>,
    /// Rows that were never seen before, as `tracker/row`.
    pub new: Vec<String>,
    /// Rows that the newest export does not have and the one before it had.
    pub gone: Vec<String>,
    /// Rows that were gone and are there again.
    pub returned: Vec<String>,
    /// Rows that are in the export and could not be read this time: they count as not seen.
    pub unreadable: Vec<String>,
    /// Deadlines to claim that are on another day now, or that there are no more.
    pub moved_deadlines: Vec<Change>,
    /// Rows that the tracker held for open and holds for closed now.
    pub closed: Vec<String>,
    /// Rows that the tracker held for closed and holds for open now.
    pub reopened: Vec<String>,
    /// Everything else that changed in a row, but the day it was looked at.
    pub changed: Vec<Change>,
    /// The pairs of records that were merged, with what that rests on.
    pub merges: Vec<PairReport>,
    /// The pairs of which it cannot be said.
    pub review: Vec<PairReport>,
    /// The settlements whose sources disagree.
    pub disagreements: Vec<Differing>,
    /// The claim links that one source alone states.
    pub unconfirmed_links: Vec<UnconfirmedLink>,
    /// Settlements that an earlier import made and that others stand for now, from and to.
    pub replaced: Vec<(SettlementId, Option<SettlementId>)>,
}
