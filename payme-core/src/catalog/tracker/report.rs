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
    /// All that it says was taken before: what it stands for is in the catalogue just so.
    Unchanged {
        /// Which settlement that is.
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
    /// Rows that say what they said before, of a settlement that is in the catalogue just so.
    pub unchanged: usize,
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
    /// Whether somebody wrote it: then it stays as it is. Else what its sources differ about is
    /// left unknown, but for the status: that is open where any source says so.
    pub is_written: bool,
    /// What its sources differ about, or they and the catalogue.
    pub disagreements: Vec<Disagreement>,
}

/// A deadline to claim that could not be read as a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnreadDeadline {
    /// The row, as `tracker/row`.
    pub row: String,
    /// The words of the source.
    pub text: String,
}

/// Rows, and settlements that somebody wrote, of which any may be the same as any other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReviewGroup {
    /// Each row as `tracker/row` and each settlement by its id, sorted; at least two.
    pub members: Vec<String>,
    /// As few pairs as join them: fewer than there are members.
    pub pairs: Vec<PairReport>,
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
    /// Rows that stand for a settlement and did not before, as `tracker/row`.
    pub new: Vec<String>,
    /// Rows that the newest export does not have and the one before it had.
    pub gone: Vec<String>,
    /// Rows that were gone and are there again.
    pub returned: Vec<String>,
    /// Rows that are in the export and could not be read this time: they count as not seen.
    pub unreadable: Vec<String>,
    /// Deadlines to claim that are on another day now, or that there are no more.
    pub moved_deadlines: Vec<Change>,
    /// The deadlines to claim, of rows that stand for a settlement, that could not be read.
    pub unread_deadlines: Vec<UnreadDeadline>,
    /// Rows that the tracker held for open and holds for closed now.
    pub closed: Vec<String>,
    /// Rows that the tracker held for closed and holds for open now.
    pub reopened: Vec<String>,
    /// Everything else that changed in a row, but the day it was looked at.
    pub changed: Vec<Change>,
    /// As few pairs of records as join those that were merged, with what that rests on.
    pub merges: Vec<PairReport>,
    /// The records of which it cannot be said whether they are the same.
    pub review: Vec<ReviewGroup>,
    /// The settlements whose sources disagree.
    pub disagreements: Vec<Differing>,
    /// The claim links that one source alone states.
    pub unconfirmed_links: Vec<UnconfirmedLink>,
    /// Settlements that an earlier import made and that others stand for now, from and to.
    pub replaced: Vec<(SettlementId, Option<SettlementId>)>,
}

impl TrackerReport {
    /// The pairs of the records of which it cannot be said whether they are the same.
    pub fn review_pairs(&self) -> impl Iterator<Item = &PairReport> {
        self.review.iter().flat_map(|group| &group.pairs)
    }
}
