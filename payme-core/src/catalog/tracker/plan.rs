//! What an import of trackers writes, decided before anything is written.
//!
//! In: what is kept of trackers, the catalogue, and exports. Out: [`TrackerPlan`].
//! Invariants: the rows and settlements after an import depend on which records came, and not on
//! their order or on how they were cut into pages; a settlement that somebody wrote is never
//! changed; every row of the exports is told of once.
//! Rules: `docs/rules/trackers.md`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::compare::{Card, Traits, Verdict};
use super::consolidate::{differences, settlement, tracker_settlement_id};
use super::merge::{PairReport, against, group, key_of, review_groups, spanning};
use super::observe::{Observation, Useless, observe};
use super::read::TrackerRow;
use super::report::{
    Change, Differing, Outcome, ReviewGroup, RowCounts, RowReport, TrackerReport, UnconfirmedLink,
    UnreadDeadline,
};
use super::state::{RowKey, TrackedRow, TrackerExport, TrackerState};
use super::words::one_line;
use crate::catalog::{Disagreement, Settlement, Status, parse_settlement};
use crate::types::{SettlementId, Version};

/// The most characters of a changed text that a report shows.
const CHANGE_CHARS_MAX: usize = 120;

/// What an import of trackers writes, and what it did.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TrackerPlan {
    /// The rows that are not kept just so.
    pub rows: Vec<TrackedRow>,
    /// The settlements that are not in the catalogue just so, sorted by their ids: for
    /// [`plan_import`](crate::catalog::plan_import).
    pub settlements: Vec<Settlement>,
    /// What became of every row, and what changed.
    pub report: TrackerReport,
}

/// What the catalogue holds, as [`plan_import`](crate::catalog::plan_import) takes it.
pub type StoredCatalog = BTreeMap<SettlementId, (Version, Settlement)>;

/// Decides what some exports of trackers change.
pub fn plan_tracker(
    stored: &TrackerState,
    catalogue: &StoredCatalog,
    exports: &[TrackerExport],
) -> TrackerPlan {
    let mut state = stored.clone();
    exports.iter().for_each(|export| state.take(export));
    let made = Made::of(&state, catalogue);
    let mut report = TrackerReport {
        merges: made.merges.clone(),
        review: made.review.clone(),
        disagreements: made.differing.clone(),
        ..TrackerReport::default()
    };
    rows(&mut report, &Seen { stored, state: &state, catalogue, made: &made }, exports);
    changes(&mut report, stored, &state, &made, exports);
    unread_deadlines(&mut report, &made);
    let mut settlements = made.settlements;
    for (id, one) in &settlements {
        let is_alone = one.provenance.as_ref().is_some_and(|provenance| {
            provenance.unconfirmed.iter().any(|field| field == "claim_url")
        });
        if let (true, Some(claim_url)) = (is_alone, &one.claim_url) {
            report.unconfirmed_links.push(UnconfirmedLink {
                settlement: *id,
                title: one.title.clone(),
                claim_url: claim_url.clone(),
            });
        }
    }
    for (id, (_, old)) in catalogue {
        if settlements.contains_key(id) {
            continue;
        }
        if let Some((gone, by)) = replaced(old, &state, &made.of_row) {
            report.replaced.push((*id, by));
            settlements.insert(*id, gone);
        }
    }
    let is_new = |one: &Settlement| catalogue.get(&one.id).is_none_or(|(_, old)| old != one);
    let is_other = |row: &&TrackedRow| stored.get(&row.key) != Some(*row);
    TrackerPlan {
        rows: state.rows().filter(is_other).cloned().collect(),
        settlements: settlements.into_values().filter(is_new).collect(),
        report,
    }
}

/// What becomes of all the rows that are kept.
struct Made {
    settlements: BTreeMap<SettlementId, Settlement>,
    /// The settlement of each row, and the row it was seen in first unless somebody wrote it.
    of_row: BTreeMap<RowKey, (SettlementId, Option<RowKey>)>,
    useless: BTreeMap<RowKey, Useless>,
    merges: Vec<PairReport>,
    /// The pairs for a person, before they are grouped.
    pairs: Vec<PairReport>,
    review: Vec<ReviewGroup>,
    differing: Vec<Differing>,
    /// What each row says of a deadline that could not be read.
    unread: BTreeMap<RowKey, String>,
}

impl Made {
    fn of(state: &TrackerState, catalogue: &StoredCatalog) -> Self {
        let mut observations = Vec::new();
        let mut useless = BTreeMap::new();
        let gone: BTreeSet<&RowKey> = state.gone().collect();
        for row in state.rows() {
            match observe(&row.key, &row.row, row.first_seen) {
                Ok(one) => observations.push(Observation {
                    is_gone: gone.contains(&row.key),
                    last_seen: row.last_seen,
                    ..one
                }),
                Err(why) => {
                    useless.insert(row.key.clone(), why);
                }
            }
        }
        let groups = group(&observations);
        let curated: Vec<&Settlement> = catalogue
            .values()
            .map(|(_, one)| one)
            .filter(|one| !one.provenance.as_ref().is_some_and(|from| from.has_tracker()))
            .collect();
        let cards: Vec<(String, Card)> =
            curated.iter().map(|one| (one.id.to_string(), Card::of_settlement(one))).collect();
        let known = against(&observations, &cards);
        let mut made = Self {
            settlements: BTreeMap::new(),
            of_row: BTreeMap::new(),
            useless,
            merges: groups.merged,
            pairs: groups.review,
            review: Vec::new(),
            differing: Vec::new(),
            unread: observations.iter().filter_map(unread).collect(),
        };
        let known = Known { curated, cards, near: known };
        for places in &groups.groups {
            if known.is_torn(places, &observations) {
                places.iter().for_each(|at| made.settle(&known, &[*at], &observations));
            } else {
                made.settle(&known, places, &observations);
            }
        }
        // What was taken apart because of the catalogue is for a person.
        let of_row: BTreeMap<String, SettlementId> =
            made.of_row.iter().map(|(key, (id, _))| (key.to_string(), *id)).collect();
        let is_one = |pair: &PairReport| match (of_row.get(&pair.a), of_row.get(&pair.b)) {
            (Some(a), Some(b)) => a == b,
            _ => true,
        };
        let (merges, torn) = std::mem::take(&mut made.merges).into_iter().partition(is_one);
        made.pairs.extend::<Vec<PairReport>>(torn);
        let order = |pair: &PairReport| (pair.a.clone(), pair.b.clone());
        made.merges = merges;
        made.merges.sort_by_key(order);
        made.merges = spanning(std::mem::take(&mut made.merges));
        made.pairs.sort_by_key(order);
        let same =
            |name: &str| of_row.get(name).map_or_else(|| name.to_owned(), |id| id.to_string());
        made.review = review_groups(std::mem::take(&mut made.pairs), same);
        made.differing.sort_by_key(|one| one.settlement);
        made
    }

    /// Rows that stand for one settlement: one that somebody wrote, or one that is made of them.
    fn settle(&mut self, known: &Known<'_>, places: &[usize], observations: &[Observation]) {
        let members: Vec<&Observation> =
            places.iter().filter_map(|at| observations.get(*at)).collect();
        let same = known.same(places);
        // One that somebody wrote over what an import had made is theirs.
        let own = members.first().and_then(|anchor| {
            let id = tracker_settlement_id(&anchor.key);
            known.curated.iter().position(|one| one.id == id)
        });
        // Of two that it is the same as, it cannot be said which.
        let one = own.or_else(|| same.first().copied().filter(|_| same.len() == 1));
        for (at, near, traits) in known.near(places) {
            let is_sure = traits.verdict() == Verdict::Same && Some(near) == one;
            if !is_sure && one.is_some() && traits.verdict() != Verdict::Same {
                continue;
            }
            let row = observations.get(at).map(|row| row.key.to_string());
            let settlement = known.cards.get(near).map(|(id, _)| id.clone());
            if let (Some(row), Some(settlement)) = (row, settlement) {
                let list = if is_sure { &mut self.merges } else { &mut self.pairs };
                list.push(PairReport::new(row, settlement, traits));
            }
        }
        match one.and_then(|one| known.curated.get(one)) {
            Some(one) => self.belongs(one, &members),
            None => self.make(&members),
        }
    }

    /// The rows are of a settlement that somebody wrote: it stays as it is.
    fn belongs(&mut self, one: &Settlement, members: &[&Observation]) {
        for row in members {
            self.of_row.insert(row.key.clone(), (one.id, None));
        }
        self.differ(one, true, differences(one, members));
    }

    fn make(&mut self, members: &[&Observation]) {
        let (Some(anchor), Some(one)) = (members.first(), settlement(members)) else { return };
        debug_assert_eq!(
            parse_settlement(&one.to_json().to_string()).as_ref(),
            Ok(&one),
            "a settlement that does not read back makes the stored catalogue unreadable"
        );
        for row in members {
            self.of_row.insert(row.key.clone(), (one.id, Some(anchor.key.clone())));
        }
        let all = one.provenance.as_ref().map(|from| from.disagreements.clone());
        self.differ(&one, false, all.unwrap_or_default());
        self.settlements.insert(one.id, one);
    }

    fn differ(&mut self, one: &Settlement, is_written: bool, disagreements: Vec<Disagreement>) {
        if disagreements.is_empty() {
            return;
        }
        let known = self.differing.iter_mut().find(|differing| differing.settlement == one.id);
        match known {
            Some(known) => known.disagreements.extend(disagreements),
            None => self.differing.push(Differing {
                settlement: one.id,
                title: one.title.clone(),
                is_written,
                disagreements,
            }),
        }
    }
}

/// The settlements that somebody wrote, and what the matcher says of them and the rows.
struct Known<'a> {
    curated: Vec<&'a Settlement>,
    cards: Vec<(String, Card)>,
    near: BTreeMap<usize, Vec<(usize, Traits)>>,
}

impl Known<'_> {
    /// What is said of some rows and the settlements that are near them.
    fn near(&self, places: &[usize]) -> impl Iterator<Item = (usize, usize, &Traits)> {
        places.iter().flat_map(|at| {
            let near = self.near.get(at).into_iter().flatten();
            near.map(|(one, traits)| (*at, *one, traits))
        })
    }

    /// The settlements that any of some rows is certainly of.
    fn same(&self, places: &[usize]) -> BTreeSet<usize> {
        let same = self.near(places).filter(|(_, _, traits)| traits.verdict() == Verdict::Same);
        same.map(|(_, one, _)| one).collect()
    }

    /// Whether rows that seem to be of one settlement are not: some are of one that somebody wrote,
    /// and some of another or certainly not of it.
    fn is_torn(&self, places: &[usize], observations: &[Observation]) -> bool {
        let same = self.same(places);
        let is_other = |at: &usize| {
            let row = observations.get(*at).map(Card::of_row);
            same.iter().any(|one| match (&row, self.cards.get(*one)) {
                (Some(row), Some((_, card))) => row.traits(card).is_torn(),
                _ => false,
            })
        };
        places.len() > 1 && (same.len() > 1 || places.iter().any(is_other))
    }
}

/// A settlement that an earlier import made and that its rows make no more, as it is kept:
/// cancelled, with what took its place if anything did. `None` for one whose rows are not kept
/// here, and for one that is so already.
fn replaced(
    old: &Settlement,
    state: &TrackerState,
    of_row: &BTreeMap<RowKey, (SettlementId, Option<RowKey>)>,
) -> Option<(Settlement, Option<SettlementId>)> {
    let from = old.provenance.as_ref()?;
    let rows: BTreeSet<RowKey> =
        from.sources.iter().map(|fact| key_of(&fact.tracker, &fact.row)).collect();
    let is_ours = rows.iter().any(|key| state.get(key).is_some());
    let by = rows.iter().find_map(|key| of_row.get(key)).map(|(id, _)| *id);
    let is_done = old.status == Status::Cancelled && from.replaced_by == by;
    if !is_ours || is_done {
        return None;
    }
    let mut gone = old.clone();
    gone.status = Status::Cancelled;
    if let Some(from) = &mut gone.provenance {
        from.replaced_by = by;
    }
    Some((gone, by))
}

/// What was kept, what is kept now, and what is made of it.
struct Seen<'a> {
    stored: &'a TrackerState,
    state: &'a TrackerState,
    catalogue: &'a StoredCatalog,
    made: &'a Made,
}

impl Seen<'_> {
    /// What becomes of the version of a row that is kept.
    fn outcome(&self, key: &RowKey) -> Outcome {
        let outcome = outcome(self.made, key);
        let (Outcome::Imported { settlement } | Outcome::Merged { settlement, .. }) = outcome
        else {
            return outcome;
        };
        let kept = self.catalogue.get(&settlement).map(|(_, one)| one);
        let is_kept = kept.is_some() && kept == self.made.settlements.get(&settlement);
        let says_the_same = match (self.stored.get(key), self.state.get(key)) {
            (Some(old), Some(new)) => flat(&old.row) == flat(&new.row),
            _ => false,
        };
        if is_kept && says_the_same { Outcome::Unchanged { settlement } } else { outcome }
    }
}

/// Tells of every row of the exports.
fn rows(report: &mut TrackerReport, seen: &Seen<'_>, exports: &[TrackerExport]) {
    let (state, made) = (seen.state, seen.made);
    let mut told: BTreeSet<RowKey> = BTreeSet::new();
    for export in exports {
        let mut all = Vec::new();
        for placed in &export.file.rows {
            let key = key_of(&export.tracker, &placed.row.id);
            let kept = state.get(&key);
            let counts =
                kept.is_some_and(|kept| kept.row == placed.row) && told.insert(key.clone());
            // A version of which nothing can be used leaves what was made of the one before.
            let bad = kept
                .filter(|kept| kept.row != placed.row && kept.last_seen < export.day)
                .and_then(|_| observe(&key, &placed.row, export.day).err());
            let outcome = match bad {
                Some(why) => refused(why),
                None if counts => seen.outcome(&key),
                None => Outcome::Superseded,
            };
            let path = match (&outcome, bad.as_ref().or(made.useless.get(&key))) {
                (Outcome::Refused { .. }, Some(why)) => {
                    format!("$[{}].{}", placed.index, why.member())
                }
                _ => format!("$[{}]", placed.index),
            };
            let row = Some(placed.row.id.clone());
            let tracker = export.tracker.clone();
            all.push(RowReport { tracker, row, line: placed.line, path, outcome });
        }
        for refused in &export.file.refused {
            let refusal = &refused.refusal;
            all.push(RowReport {
                tracker: export.tracker.clone(),
                row: refused.id.clone(),
                line: refusal.line,
                path: refusal.path.clone(),
                outcome: Outcome::Refused { code: refusal.code, message: refusal.message.clone() },
            });
        }
        all.sort_by_key(|row| row.line);
        report.rows.extend(all);
    }
    let mut counts = RowCounts::default();
    for row in &report.rows {
        match row.outcome {
            Outcome::Imported { .. } => counts.imported += 1,
            Outcome::Merged { .. } => counts.merged += 1,
            Outcome::Known { .. } => counts.known += 1,
            Outcome::Unchanged { .. } => counts.unchanged += 1,
            Outcome::Superseded => counts.superseded += 1,
            Outcome::Refused { .. } => counts.refused += 1,
        }
    }
    report.counts = counts;
}

fn outcome(made: &Made, key: &RowKey) -> Outcome {
    match (made.of_row.get(key), made.useless.get(key)) {
        (Some((settlement, None)), _) => Outcome::Known { settlement: *settlement },
        (Some((settlement, Some(anchor))), _) if anchor == key => {
            Outcome::Imported { settlement: *settlement }
        }
        (Some((settlement, Some(anchor))), _) => {
            Outcome::Merged { settlement: *settlement, into: anchor.to_string() }
        }
        (None, why) => refused(why.copied().unwrap_or(Useless::NoFact)),
    }
}

fn refused(why: Useless) -> Outcome {
    Outcome::Refused { code: why.code(), message: why.message().to_owned() }
}

/// What a row says of a deadline, where that is no day.
fn unread(row: &Observation) -> Option<(RowKey, String)> {
    let is_known = row.facts.iter().any(|fact| fact.field == "deadline");
    let text = row.facts.iter().find(|fact| fact.field == "deadline_text" && !is_known)?;
    Some((row.key.clone(), text.text.clone()))
}

/// Tells of the deadlines of the rows that stand for something that could not be read.
fn unread_deadlines(report: &mut TrackerReport, made: &Made) {
    let mut told = BTreeSet::new();
    for row in &report.rows {
        let Some(id) = row.row.as_deref() else { continue };
        let key = key_of(&row.tracker, id);
        let is_refused = matches!(row.outcome, Outcome::Refused { .. } | Outcome::Superseded);
        if let (Some(text), false) = (made.unread.get(&key), is_refused)
            && told.insert(key.clone())
        {
            let (row, text) = (key.to_string(), text.clone());
            report.unread_deadlines.push(UnreadDeadline { row, text });
        }
    }
}

/// Tells what is otherwise than it was kept, of rows of which anything can be used.
fn changes(
    report: &mut TrackerReport,
    stored: &TrackerState,
    state: &TrackerState,
    made: &Made,
    exports: &[TrackerExport],
) {
    let was_gone: BTreeSet<&RowKey> = stored.gone().collect();
    let is_gone: BTreeSet<&RowKey> = state.gone().collect();
    // Rows that are there, and that could not be read or of which nothing can be used this time.
    let newest = state.newest();
    let unreadable: BTreeSet<RowKey> = exports
        .iter()
        .filter(|export| {
            newest.get(export.tracker.as_str()).is_none_or(|newest| export.day >= *newest)
        })
        .flat_map(|export| {
            let refused = export.file.refused.iter().filter_map(|refused| refused.id.as_deref());
            let rows = export.file.rows.iter().map(|placed| placed.row.id.as_str());
            refused.chain(rows).map(|id| key_of(&export.tracker, id))
        })
        .collect();
    let is_useless = |key: &RowKey| made.useless.contains_key(key);
    for key in is_gone.difference(&was_gone).filter(|key| !is_useless(key)) {
        let list =
            if unreadable.contains(*key) { &mut report.unreadable } else { &mut report.gone };
        list.push(key.to_string());
    }
    for row in state.rows().filter(|row| !is_useless(&row.key)) {
        // A row of which nothing could be used before stands for a settlement for the first time.
        let old = stored.get(&row.key).filter(|old| {
            old.row == row.row || observe(&old.key, &old.row, old.first_seen).is_ok()
        });
        let Some(old) = old else {
            report.new.push(row.key.to_string());
            continue;
        };
        if was_gone.contains(&row.key) && !is_gone.contains(&row.key) {
            report.returned.push(row.key.to_string());
        }
        row_changes(report, &row.key, &old.row, &row.row);
    }
}

fn row_changes(report: &mut TrackerReport, key: &RowKey, old: &TrackerRow, new: &TrackerRow) {
    let row = key.to_string();
    match (old.active, new.active) {
        (Some(true), Some(false)) => report.closed.push(row.clone()),
        (Some(false), Some(true)) => report.reopened.push(row.clone()),
        _ => {}
    }
    let (old, new) = (flat(old), flat(new));
    let fields: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for field in fields {
        let (from, to) = (old.get(field), new.get(field));
        if from == to {
            continue;
        }
        let is_told = matches!(
            (field.as_str(), from, to),
            ("active", Some(Value::Bool(_)), Some(Value::Bool(_)))
        );
        if is_told {
            continue;
        }
        let short = |value: Option<&Value>| match value {
            None => Value::Null,
            Some(Value::String(text)) => json!(one_line(text, CHANGE_CHARS_MAX)),
            Some(value @ (Value::Array(_) | Value::Object(_))) => {
                let text = value.to_string();
                let is_long = text.chars().count() > CHANGE_CHARS_MAX;
                if is_long { json!(one_line(&text, CHANGE_CHARS_MAX)) } else { value.clone() }
            }
            Some(value) => value.clone(),
        };
        let change =
            Change { row: row.clone(), field: field.clone(), from: short(from), to: short(to) };
        let list =
            if field == "deadline" { &mut report.moved_deadlines } else { &mut report.changed };
        list.push(change);
    }
}

/// The members of a row, those of its criteria beside the others; what is null is absent.
/// The day it was looked at is no part of what it says.
fn flat(row: &TrackerRow) -> Map<String, Value> {
    let mut flat = Map::new();
    let Value::Object(members) = row.to_json() else { return flat };
    for (name, value) in members {
        match value {
            _ if name == "last_verified" => {}
            Value::Object(inner) if name == "criteria" => {
                let inner = inner.into_iter().filter(|(_, value)| !value.is_null());
                flat.extend(inner.map(|(inner, value)| (format!("criteria.{inner}"), value)));
            }
            Value::Null => {}
            value => {
                flat.insert(name, value);
            }
        }
    }
    flat
}
