//! Whether the columns of a snapshot are those that its settlements compile to.
//!
//! In: an index whose settlements were read and whose columns are windows into bytes that nobody
//! has looked at. Out: nothing, or the first entry that is not what compiling gives. Each entry is
//! compared with the one that the walk of compiling hands over, in its order, so that a column
//! that passes has that entry, no other, and no more.

use super::{CatalogIndex, SnapshotError, SnapshotSection};
use crate::catalog::index::SettlementFacts;
use crate::catalog::index::columns::{Columns, Posting};
use crate::catalog::index::embed::settlement_text;
use crate::catalog::index::walk::{Sink, walk};
use crate::types::FeatureKey;

/// No number of a vector of length 1 is larger, rounding included.
const VALUE_MAX: f32 = 1.001;
/// How many embeddings of settlements are computed again, spread over all of them.
const PROBES: usize = 4;
/// How far a number computed again may be from the stored one: embedders may round differently on
/// another machine, and a different embedder is farther away than that.
const PROBE_TOLERANCE: f32 = 1e-3;

/// Every column but those of the embeddings.
pub(super) fn columns(index: &CatalogIndex) -> Result<(), SnapshotError> {
    let columns = &index.columns;
    let features = index.keys.len();
    let lists = [
        (SnapshotSection::SeekingStarts, &*columns.seeking_starts, columns.seeking.len()),
        (SnapshotSection::AnchoredStarts, &*columns.anchored_starts, columns.anchored.len()),
    ];
    for (section, starts, entries) in lists {
        check_starts(section, starts, features, entries)?;
    }
    let mut check = Check {
        index,
        features: 0,
        rows: 0,
        sought: 0,
        program: 0,
        seeks_nothing: 0,
        unanchored: 0,
        seeking: cursors(&columns.seeking_starts),
        anchored: cursors(&columns.anchored_starts),
    };
    walk(&index.entries, &mut check)?;
    check.end_of_postings()
}

/// Where lists begin: from 0 on, never going back, up to the number of entries.
fn check_starts(
    section: SnapshotSection,
    starts: &[u32],
    lists: usize,
    entries: usize,
) -> Result<(), SnapshotError> {
    if starts.len().checked_sub(1) != Some(lists) {
        return Err(SnapshotError::Section { section });
    }
    let ends = (starts.first().copied(), starts.last().map(|end| *end as usize));
    if ends != (Some(0), Some(entries)) {
        return Err(SnapshotError::Section { section });
    }
    match starts.windows(2).position(|pair| !pair.is_sorted()) {
        Some(at) => Err(SnapshotError::Entry { section, at }),
        None => Ok(()),
    }
}

/// The next entry of each list: that with which it begins.
fn cursors(starts: &[u32]) -> Vec<u32> {
    starts.split_last().map_or_else(Vec::new, |(_, starts)| starts.to_vec())
}

/// Compares what the walk hands over with what is stored.
struct Check<'a> {
    index: &'a CatalogIndex,
    /// How many features were numbered.
    features: u32,
    /// How many entries were compared, of the columns that are one list.
    rows: usize,
    sought: usize,
    program: usize,
    seeks_nothing: usize,
    unanchored: usize,
    /// The next entry of each list, of the columns that are one list for each feature.
    seeking: Vec<u32>,
    anchored: Vec<u32>,
}

impl<'a> Check<'a> {
    const fn columns(&self) -> &'a Columns {
        &self.index.columns
    }

    /// Nothing may be left behind what was compared.
    fn end_of_postings(&self) -> Result<(), SnapshotError> {
        let (starts, lists) = (&self.columns().anchored_starts, &self.anchored);
        ends(SnapshotSection::Anchored, starts, lists)?;
        end(SnapshotSection::Unanchored, self.unanchored, self.columns().unanchored.len())
    }
}

fn end(section: SnapshotSection, compared: usize, stored: usize) -> Result<(), SnapshotError> {
    if compared == stored { Ok(()) } else { Err(SnapshotError::Entry { section, at: compared }) }
}

fn ends(section: SnapshotSection, starts: &[u32], next: &[u32]) -> Result<(), SnapshotError> {
    let mut lists = starts.iter().skip(1).zip(next);
    match lists.find(|(end, next)| end != next) {
        Some((_, next)) => Err(SnapshotError::Entry { section, at: *next as usize }),
        None => Ok(()),
    }
}

/// Compares the next entry of a column that is one list.
fn compare<T: PartialEq>(
    section: SnapshotSection,
    stored: &[T],
    at: &mut usize,
    given: &[T],
) -> Result<(), SnapshotError> {
    let wrong = SnapshotError::Entry { section, at: *at };
    let Some(end) = at.checked_add(given.len()) else { return Err(wrong) };
    if stored.get(*at..end) != Some(given) {
        return Err(wrong);
    }
    *at = end;
    Ok(())
}

/// Compares the next entry of the list of a feature.
fn compare_in_list<T: PartialEq>(
    section: SnapshotSection,
    (starts, stored): (&[u32], &[T]),
    cursors: &mut [u32],
    (feature, given): (u32, T),
) -> Result<(), SnapshotError> {
    let feature = feature as usize;
    let missing = SnapshotError::Entry { section, at: stored.len() };
    let Some(cursor) = cursors.get_mut(feature) else { return Err(missing) };
    let at = *cursor as usize;
    let is_inside = starts.get(feature + 1).is_some_and(|end| *cursor < *end);
    if !is_inside || stored.get(at) != Some(&given) {
        return Err(SnapshotError::Entry { section, at });
    }
    *cursor += 1;
    Ok(())
}

impl Sink for Check<'_> {
    type Fault = SnapshotError;

    fn number(&mut self, key: &FeatureKey) -> Result<u32, SnapshotError> {
        let at = self.features as usize;
        match self.known(key) {
            Some(number) if number == self.features => {
                self.features += 1;
                Ok(number)
            }
            Some(number) if number < self.features => Ok(number),
            _ => Err(SnapshotError::Entry { section: SnapshotSection::Keys, at }),
        }
    }

    fn known(&self, key: &FeatureKey) -> Option<u32> {
        self.index.features.get(key).copied()
    }

    fn row(
        &mut self,
        facts: SettlementFacts,
        sought: &[u32],
        program: &[u32],
    ) -> Result<(), SnapshotError> {
        let columns = self.columns();
        // Compared by their bits, so that no number is left out that is not equal to itself.
        let stored = columns.facts.get(self.rows).map(bytemuck::bytes_of);
        if stored != Some(bytemuck::bytes_of(&facts)) {
            return Err(SnapshotError::Entry { section: SnapshotSection::Facts, at: self.rows });
        }
        self.rows += 1;
        compare(SnapshotSection::Sought, &columns.sought, &mut self.sought, sought)?;
        compare(SnapshotSection::Program, &columns.program, &mut self.program, program)
    }

    fn seeking(&mut self, feature: u32, ix: u32) -> Result<(), SnapshotError> {
        let lists = (&*self.columns().seeking_starts, &*self.columns().seeking);
        compare_in_list(SnapshotSection::Seeking, lists, &mut self.seeking, (feature, ix))
    }

    fn seeks_nothing(&mut self, ix: u32) -> Result<(), SnapshotError> {
        let stored = &self.columns().seeks_nothing;
        compare(SnapshotSection::SeeksNothing, stored, &mut self.seeks_nothing, &[ix])
    }

    fn end_of_rows(&mut self) -> Result<(), SnapshotError> {
        let columns = self.columns();
        end(SnapshotSection::Keys, self.features as usize, self.index.keys.len())?;
        end(SnapshotSection::Facts, self.rows, columns.facts.len())?;
        end(SnapshotSection::Sought, self.sought, columns.sought.len())?;
        end(SnapshotSection::Program, self.program, columns.program.len())?;
        end(SnapshotSection::SeeksNothing, self.seeks_nothing, columns.seeks_nothing.len())?;
        ends(SnapshotSection::Seeking, &columns.seeking_starts, &self.seeking)
    }

    fn seekers(&self, feature: u32) -> usize {
        self.columns().seeking(feature).len()
    }

    fn anchored(&mut self, feature: u32, posting: Posting) -> Result<(), SnapshotError> {
        let lists = (&*self.columns().anchored_starts, &*self.columns().anchored);
        compare_in_list(SnapshotSection::Anchored, lists, &mut self.anchored, (feature, posting))
    }

    fn unanchored(&mut self, posting: Posting) -> Result<(), SnapshotError> {
        let stored = &self.columns().unanchored;
        compare(SnapshotSection::Unanchored, stored, &mut self.unanchored, &[posting])
    }
}

/// The embeddings: where their numbers belong, that dot products of them are finite, and that the
/// embedder still gives them.
pub(super) fn vectors(index: &CatalogIndex) -> Result<(), SnapshotError> {
    let dimension = index.columns.dimension;
    let (starts, places, values) = index.feature_vectors.columns();
    check_starts(SnapshotSection::VectorStarts, starts, index.keys.len(), places.len())?;
    if values.len() != places.len() {
        return Err(SnapshotError::Section { section: SnapshotSection::VectorValues });
    }
    for (at, pair) in starts.windows(2).enumerate() {
        let &[start, end] = pair else { continue };
        let window = start as usize..end as usize;
        let places = places.get(window.clone()).unwrap_or_default();
        let ascending = places.is_sorted_by(|a, b| a < b);
        if !ascending || places.last().is_some_and(|place| *place as usize >= dimension) {
            return Err(SnapshotError::Entry { section: SnapshotSection::VectorPlaces, at });
        }
        if !are_small(values.get(window).unwrap_or_default()) {
            return Err(SnapshotError::Vector { section: SnapshotSection::VectorValues, at });
        }
    }
    embeddings(index)
}

fn embeddings(index: &CatalogIndex) -> Result<(), SnapshotError> {
    let section = SnapshotSection::Embeddings;
    let (values, dimension) = (&*index.columns.embeddings, index.columns.dimension);
    if index.len().checked_mul(dimension) != Some(values.len()) {
        return Err(SnapshotError::Section { section });
    }
    let rows = || values.chunks(dimension.max(1));
    if let Some(at) = rows().position(|row| !are_small(row)) {
        return Err(SnapshotError::Vector { section, at });
    }
    let mut anew = vec![0.0; dimension];
    let step = index.len().div_ceil(PROBES).max(1);
    for (at, (row, entry)) in rows().zip(&index.entries).enumerate().step_by(step) {
        index.embedder.embed(&settlement_text(&entry.settlement, &entry.sought), &mut anew);
        let is_same = |(a, b): (&f32, &f32)| (a - b).abs() <= PROBE_TOLERANCE;
        if !row.iter().zip(&anew).all(is_same) {
            return Err(SnapshotError::EmbedderChanged { at });
        }
    }
    Ok(())
}

/// Whether every number may stand in a vector of length 1. NaN may not.
fn are_small(values: &[f32]) -> bool {
    // Without a way out of the middle, so that it is as fast as reading.
    values.iter().fold(true, |small, value| small & (value.abs() <= VALUE_MAX))
}
