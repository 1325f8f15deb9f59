//! What is kept of trackers: of every row its newest version, and when it was seen.
//!
//! In: exports, each of one tracker and one day. Out: [`TrackerState`], the same for the same
//! exports in any order and cut into any pages.
//! Invariant: of two versions of a row one of which anything can be used counts more than one of
//! which nothing can; then the one of the later day; of two of one day the one whose JSON text is
//! greater.
//! Rules: `docs/rules/trackers.md`.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::observe::observe;
use super::read::{PlacedRow, RefusedRow, TrackerFile, TrackerRow};
use crate::types::json::{Node, Refusal, strict};
use crate::types::{Date, ensure_modern, parse_date};

/// Which row of which tracker.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RowKey {
    /// The name of the tracker.
    pub tracker: String,
    /// The tracker's own id of the row.
    pub row: String,
}

impl fmt::Display for RowKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.tracker, self.row)
    }
}

/// A row as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackedRow {
    /// Which row.
    pub key: RowKey,
    /// The first day it was seen.
    pub first_seen: Date,
    /// The last day it was seen: that of its version.
    pub last_seen: Date,
    /// Its newest version.
    pub row: TrackerRow,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    first_seen: String,
    last_seen: String,
    row: Value,
}

impl TrackedRow {
    /// The row as text for a store; [`TrackedRow::from_stored`] reads it back.
    pub fn to_stored(&self) -> String {
        let stored = Stored {
            first_seen: self.first_seen.to_string(),
            last_seen: self.last_seen.to_string(),
            row: self.row.to_json(),
        };
        // Texts and JSON values always have a JSON form.
        serde_json::to_string(&stored).unwrap_or_default()
    }

    /// Reads what [`TrackedRow::to_stored`] wrote; `None` when the text is something else.
    pub fn from_stored(key: RowKey, text: &str) -> Option<Self> {
        let stored: Stored = serde_json::from_str(text).ok()?;
        let day = |text: &str| parse_date(text).and_then(ensure_modern).ok();
        let row = TrackerRow::from_json(&Node::root(&stored.row)).ok()?;
        let (first_seen, last_seen) = (day(&stored.first_seen)?, day(&stored.last_seen)?);
        let fits = row.id == key.row && first_seen <= last_seen;
        fits.then_some(Self { key, first_seen, last_seen, row })
    }

    /// What counts among the versions of a row: one that can be used, for one bad look at a page
    /// must not end a settlement, then the later day, then the greater text.
    fn rank(&self) -> (bool, Date, String) {
        let is_useful = observe(&self.key, &self.row, self.first_seen).is_ok();
        (is_useful, self.last_seen, self.row.to_json().to_string())
    }
}

/// One export: what a tracker said on a day, or a page of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackerExport {
    /// The name of the tracker.
    pub tracker: String,
    /// The day of the export.
    pub day: Date,
    /// Its rows.
    pub file: TrackerFile,
}

impl TrackerExport {
    /// An export of a tracker. Its day is the one given, else the newest day on which any of its
    /// rows was looked at. Pages of one export need the same day, so they should be given it.
    ///
    /// `latest` is the last day that can have come: tomorrow, since east of here it may be
    /// tomorrow already. A row that was looked at later is refused (`date_in_future`): an export
    /// of a day to come would be the newest one until that day, whatever later weeks bring.
    ///
    /// # Errors
    /// A [`Refusal`]: `invalid_tracker` for a name that is empty, longer than 80 characters or has
    /// other characters than letters, digits, `-`, `_` and `.`; `no_export_day` where no row and
    /// nobody says the day; `date_before_1900`; `date_in_future` where the day given is later than
    /// `latest`, or every day of the rows.
    pub fn new(
        tracker: &str,
        day: Option<Date>,
        mut file: TrackerFile,
        latest: Date,
    ) -> Result<Self, Refusal> {
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if tracker.is_empty() || tracker.len() > 80 || !tracker.chars().all(is_name) {
            let message =
                "a tracker's name has 1 to 80 letters, digits, dashes, dots and underscores";
            return Err(Refusal::on_line(1, "invalid_tracker", message));
        }
        if let Some(day) = day.filter(|day| *day > latest) {
            let message = format!("the export is of {day}: no day after {latest} has come");
            return Err(Refusal::on_line(1, "date_in_future", message));
        }
        refuse_future(&mut file, latest);
        let Some(day) = day.or_else(|| file.newest()) else {
            let future = file.refused.iter().map(|refused| &refused.refusal);
            if let Some(refusal) = future.into_iter().find(|one| one.code == "date_in_future") {
                return Err(refusal.clone());
            }
            let message = "no row has a \"last_verified\" day: say the day of the export";
            return Err(Refusal::on_line(1, "no_export_day", message));
        };
        ensure_modern(day).map_err(|error| Refusal::on_line(1, error.code(), error.to_string()))?;
        Ok(Self { tracker: tracker.to_owned(), day, file })
    }

    /// Its rows as they are kept.
    fn tracked(&self) -> impl Iterator<Item = TrackedRow> {
        self.file.rows.iter().map(|placed| TrackedRow {
            key: RowKey { tracker: self.tracker.clone(), row: placed.row.id.clone() },
            first_seen: self.day,
            last_seen: self.day,
            row: placed.row.clone(),
        })
    }
}

/// Moves the rows that were looked at after a day to those that are refused.
fn refuse_future(file: &mut TrackerFile, latest: Date) {
    let is_future = |placed: &PlacedRow| placed.row.last_verified.is_some_and(|day| day > latest);
    let (future, rows) = std::mem::take(&mut file.rows).into_iter().partition(is_future);
    file.rows = rows;
    for PlacedRow { line, index, row } in Vec::<PlacedRow>::from_iter(future) {
        let day = row.last_verified.unwrap_or(latest);
        let message = format!("looked at on {day}: no day after {latest} has come");
        let mut refusal = Refusal::on_line(line, "date_in_future", message);
        refusal.path = format!("$[{index}].last_verified");
        file.refused.push(RefusedRow { id: Some(row.id), refusal });
    }
    file.refused.sort_by_key(|refused| refused.refusal.line);
}

/// Everything that is kept of trackers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TrackerState {
    rows: BTreeMap<RowKey, TrackedRow>,
}

impl TrackerState {
    /// The state of these rows; of several versions of one row what counts is kept.
    pub fn new(rows: impl IntoIterator<Item = TrackedRow>) -> Self {
        let mut state = Self::default();
        rows.into_iter().for_each(|row| state.see(row));
        state
    }

    /// Takes in an export, or a page of one.
    pub fn take(&mut self, export: &TrackerExport) {
        export.tracked().for_each(|row| self.see(row));
    }

    fn see(&mut self, row: TrackedRow) {
        let Some(known) = self.rows.get_mut(&row.key) else {
            self.rows.insert(row.key.clone(), row);
            return;
        };
        let first_seen = known.first_seen.min(row.first_seen);
        if row.row == known.row {
            known.last_seen = known.last_seen.max(row.last_seen);
        } else if row.rank() > known.rank() {
            *known = row;
        }
        known.first_seen = first_seen;
    }

    /// Every row, sorted by its key.
    pub fn rows(&self) -> impl Iterator<Item = &TrackedRow> {
        self.rows.values()
    }

    /// A row.
    pub fn get(&self, key: &RowKey) -> Option<&TrackedRow> {
        self.rows.get(key)
    }

    /// The newest day that an export of each tracker brought a row, by tracker.
    pub fn newest(&self) -> BTreeMap<&str, Date> {
        let mut newest: BTreeMap<&str, Date> = BTreeMap::new();
        for row in self.rows.values() {
            let day = newest.entry(row.key.tracker.as_str()).or_insert(row.last_seen);
            *day = (*day).max(row.last_seen);
        }
        newest
    }

    /// The rows that the newest export of their tracker did not bring, sorted.
    pub fn gone(&self) -> impl Iterator<Item = &RowKey> {
        let newest = self.newest();
        let newest: BTreeMap<String, Date> =
            newest.into_iter().map(|(tracker, day)| (tracker.to_owned(), day)).collect();
        let is_gone = move |row: &&TrackedRow| newest.get(&row.key.tracker) != Some(&row.last_seen);
        self.rows.values().filter(is_gone).map(|row| &row.key)
    }
}

/// Reads a row that stands alone.
///
/// # Errors
/// A [`Refusal`] with the JSON path.
pub fn parse_tracker_row(text: &str) -> Result<TrackerRow, Refusal> {
    let value = strict(text, 1)?;
    TrackerRow::from_json(&Node::root(&value)).map_err(|fault| fault.on_line(1))
}
