//! Settlements from public trackers: messy rows become facts that say where they come from.
//!
//! In: the exports of trackers. Out: settlements with their provenance, and a report that accounts
//! for every row: taken, merged with another, or refused with its reason.
//! Invariants: what no source states is unknown. What sources differ about is listed and left
//! unknown. The order in which rows arrive changes nothing.
//! Rules: `docs/rules/trackers.md`.

mod audience;
mod class;
mod compare;
mod conditions;
mod consolidate;
mod dates;
mod deadline;
mod merge;
mod names;
mod observe;
mod payout;
mod period;
mod places;
mod plan;
mod proof;
mod read;
mod report;
mod rule;
mod state;
mod title;
mod words;

#[cfg(test)]
mod tests_catalogue;
#[cfg(test)]
mod tests_doubts;
#[cfg(test)]
mod tests_exports;
#[cfg(test)]
mod tests_laws;
#[cfg(test)]
mod tests_phrases;

pub use audience::{Audience, read_audience};
pub use compare::{Likeness, TITLE_ALIKE, TITLE_NEAR, Traits, Verdict};
pub use consolidate::{TRACKER_NAMESPACE, tracker_settlement_id};
pub use deadline::{DeadlineKind, DeadlinePhrase, read_deadlines};
pub use merge::PairReport;
pub use observe::{Fact, Observation, Useless, observe};
pub use payout::{PayoutKind, PayoutPhrase, read_payout};
pub use period::{PeriodKind, PeriodPhrase, read_periods};
pub use places::{PlacePhrase, read_places};
pub use plan::{StoredCatalog, TrackerPlan, plan_tracker};
pub use proof::read_proof;
pub use read::{PlacedRow, RefusedRow, TrackerFile, TrackerRow, parse_tracker};
pub use report::{
    Change, Differing, Outcome, ReviewGroup, RowCounts, RowReport, TrackerReport, UnconfirmedLink,
    UnreadDeadline,
};
pub use state::{RowKey, TrackedRow, TrackerExport, TrackerState, parse_tracker_row};
