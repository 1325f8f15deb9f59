//! Snapshots: a compiled catalogue as bytes that a later process uses where they lie.
//!
//! In: an index. Out: bytes; and the other way round. The columns of a loaded index are windows
//! into the bytes; only the settlements themselves are read into memory of their own.
//!
//! Loading refuses every byte that is not as it was written, and then every column that is not
//! what compiling the settlements would give: it takes the same walk over them as compiling does
//! and compares (`check.rs`). What is taken on trust are the numbers of the embeddings, which are
//! what compiling spends its time on; their size is checked, and a few are computed again. So
//! what loads finds the same candidates as a fresh index, whoever wrote the bytes, and has the same
//! similarities where they are as they were written.
//! The format stands in `layout.rs`, the reasons in
//! `docs/decisions/0010-snapshots-are-checked-against-their-settlements.md`.

mod check;
mod error;
mod layout;

use std::collections::HashMap;
use std::sync::Arc;

use self::layout::{Frame, Writer};
use super::columns::Columns;
use super::embed::FeatureVectors;
use super::entry::Entry;
use super::{CatalogIndex, Settlement};
use crate::catalog::parse_settlement;
use crate::types::{Column, FeatureKey, SharedBytes};
use crate::vectors::{Embedder, Kernel};

pub use error::SnapshotError;
pub use layout::{SNAPSHOT_VERSION, SnapshotSection};

/// The longest part of a stored name that an error shows.
const NAME_CHARS_MAX: usize = 40;

impl CatalogIndex {
    /// The index as bytes.
    ///
    /// The bytes were loaded once and compared before they are given out, so
    /// [`CatalogIndex::from_snapshot`] takes them.
    ///
    /// # Errors
    /// [`SnapshotError::Unwritable`] for a settlement that no settlement file can say (one made by
    /// hand, with a payout in euros, say); [`SnapshotError::Vector`] when the embedder breaks its
    /// promises; [`SnapshotError::ByteOrder`] on a big-endian machine.
    /// ```
    /// use std::sync::Arc;
    /// use payme_core::catalog::{CatalogIndex, parse_settlement};
    /// let index = CatalogIndex::new([parse_settlement(r#"{"title": "Rides",
    ///     "eligibility": {"required_features": ["merchant:uber"], "states": []}}"#)?]);
    /// let bytes = index.to_snapshot()?;
    /// let embedder = Arc::clone(index.embedder());
    /// let loaded = CatalogIndex::from_snapshot(Arc::new(bytes), embedder)?;
    /// assert!(loaded.settlements().eq(index.settlements()));
    /// assert_eq!(loaded.seeking(&"merchant:uber".parse()?).len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn to_snapshot(&self) -> Result<Column<u8>, SnapshotError> {
        let bytes = self.write();
        let loaded = Self::from_snapshot(Arc::new(bytes.clone()), Arc::clone(&self.embedder));
        let loaded = loaded.map_err(|error| match error {
            SnapshotError::Settlement { at, .. } => self.unwritable(at),
            error => error,
        })?;
        let mut both = self.settlements().zip(loaded.settlements());
        match both.position(|(own, read)| own != read) {
            Some(at) => Err(self.unwritable(at)),
            None => Ok(bytes),
        }
    }

    fn unwritable(&self, at: usize) -> SnapshotError {
        let id = self.settlements().nth(at).map(|settlement| settlement.id);
        id.map_or(SnapshotError::Header, |id| SnapshotError::Unwritable { id })
    }

    fn write(&self) -> Column<u8> {
        let columns = &self.columns;
        let (settlement_starts, settlements) =
            joined(self.settlements().map(|settlement| settlement.to_json().to_string()));
        let (key_starts, keys) = joined(self.keys.iter());
        let (vector_starts, vector_places, vector_values) = self.feature_vectors.columns();
        let dimension = u32::try_from(self.columns.dimension).unwrap_or(u32::MAX);
        let bytes = settlements.len() + size_of_val(&*columns.embeddings) + self.len() * 256;
        let mut out = Writer::new(dimension, bytes);
        out.section(self.embedder.name().as_bytes());
        out.section(&settlement_starts);
        out.section(settlements.as_bytes());
        out.section(&columns.facts);
        out.section(&columns.sought);
        out.section(&columns.program);
        out.section(&key_starts);
        out.section(keys.as_bytes());
        out.section(&columns.seeking_starts);
        out.section(&columns.seeking);
        out.section(&columns.anchored_starts);
        out.section(&columns.anchored);
        out.section(&columns.unanchored);
        out.section(&columns.seeks_nothing);
        out.section(vector_starts);
        out.section(vector_places);
        out.section(vector_values);
        out.section(&columns.embeddings);
        out.finish()
    }

    /// The index that [`CatalogIndex::to_snapshot`] wrote, with its columns in place.
    ///
    /// `embedder` has to be the one the index was compiled with. The bytes must not change while
    /// the index, or one made from it, is in use. Bytes that do not begin at a multiple of 8 in
    /// memory are copied once.
    ///
    /// # Errors
    /// [`SnapshotError`], each variant but `Unwritable`.
    pub fn from_snapshot(
        bytes: SharedBytes,
        embedder: Arc<dyn Embedder>,
    ) -> Result<Self, SnapshotError> {
        let frame = Frame::open(bytes)?;
        check_embedder(&frame, embedder.as_ref())?;
        let (keys, features) = keys(&frame)?;
        let entries = entries(&frame)?;
        let index = Self {
            entries,
            features,
            keys,
            feature_vectors: FeatureVectors::stored(
                frame.column(SnapshotSection::VectorStarts)?,
                frame.column(SnapshotSection::VectorPlaces)?,
                frame.column(SnapshotSection::VectorValues)?,
            ),
            columns: Columns {
                facts: frame.column(SnapshotSection::Facts)?,
                sought: frame.column(SnapshotSection::Sought)?,
                program: frame.column(SnapshotSection::Program)?,
                seeking_starts: frame.column(SnapshotSection::SeekingStarts)?,
                seeking: frame.column(SnapshotSection::Seeking)?,
                anchored_starts: frame.column(SnapshotSection::AnchoredStarts)?,
                anchored: frame.column(SnapshotSection::Anchored)?,
                unanchored: frame.column(SnapshotSection::Unanchored)?,
                seeks_nothing: frame.column(SnapshotSection::SeeksNothing)?,
                embeddings: frame.column(SnapshotSection::Embeddings)?,
                dimension: embedder.dimension(),
            },
            embedder,
            kernel: Kernel::detect(),
        };
        check::columns(&index)?;
        check::vectors(&index)?;
        Ok(index)
    }
}

/// Texts one behind the other, and where each begins and the last ends.
fn joined(texts: impl Iterator<Item = impl ToString>) -> (Vec<u64>, String) {
    let (mut starts, mut all) = (vec![0], String::new());
    for text in texts {
        all.push_str(&text.to_string());
        starts.push(all.len() as u64);
    }
    (starts, all)
}

fn check_embedder(frame: &Frame, embedder: &dyn Embedder) -> Result<(), SnapshotError> {
    let stored = frame.text(SnapshotSection::Embedder)?;
    if stored == embedder.name() && u32::try_from(embedder.dimension()) == Ok(frame.dimension) {
        return Ok(());
    }
    let shown =
        |name: &str| name.chars().flat_map(char::escape_debug).take(NAME_CHARS_MAX).collect();
    Err(SnapshotError::Embedder {
        stored: shown(stored),
        stored_dimension: frame.dimension,
        given: shown(embedder.name()),
        given_dimension: embedder.dimension(),
    })
}

/// Texts that stand one behind the other, as [`joined`] joins them.
fn texts(
    frame: &Frame,
    starts_section: SnapshotSection,
    section: SnapshotSection,
) -> Result<Vec<&str>, SnapshotError> {
    let starts: Column<u64> = frame.column(starts_section)?;
    let all = frame.text(section)?;
    let (first, last) = (starts.first().copied(), starts.last().copied());
    if first != Some(0) || last != Some(all.len() as u64) || u32::try_from(starts.len()).is_err() {
        return Err(SnapshotError::Section { section: starts_section });
    }
    let window = |pair: &[u64]| match pair {
        [start, end] => all.get(usize::try_from(*start).ok()?..usize::try_from(*end).ok()?),
        _ => None,
    };
    let read = |(at, pair): (usize, &[u64])| {
        window(pair).ok_or(SnapshotError::Entry { section: starts_section, at })
    };
    starts.windows(2).enumerate().map(read).collect()
}

type Keys = (Vec<FeatureKey>, HashMap<FeatureKey, u32>);

fn keys(frame: &Frame) -> Result<Keys, SnapshotError> {
    let texts = texts(frame, SnapshotSection::KeyStarts, SnapshotSection::Keys)?;
    let mut keys = Vec::with_capacity(texts.len());
    let mut features = HashMap::with_capacity(texts.len());
    for (number, text) in (0_u32..).zip(texts) {
        let wrong = SnapshotError::Entry { section: SnapshotSection::Keys, at: keys.len() };
        let Ok(key) = text.parse::<FeatureKey>() else { return Err(wrong) };
        if features.insert(key.clone(), number).is_some() {
            return Err(wrong);
        }
        keys.push(key);
    }
    Ok((keys, features))
}

/// The settlements, read on all cores where that is allowed; by id ascending.
fn entries(frame: &Frame) -> Result<Vec<Arc<Entry>>, SnapshotError> {
    let texts = texts(frame, SnapshotSection::SettlementStarts, SnapshotSection::Settlements)?;
    let read = |text: &str| {
        let settlement: Settlement = parse_settlement(text)?;
        Ok(Arc::new(Entry::new(Arc::new(settlement))))
    };
    // Every settlement is read before the first refusal is looked for, so that it is the first.
    #[cfg(feature = "parallel")]
    let read: Vec<Result<_, _>> = {
        use rayon::prelude::{IntoParallelIterator as _, ParallelIterator as _};
        texts.into_par_iter().map(read).collect()
    };
    #[cfg(not(feature = "parallel"))]
    let read: Vec<Result<_, _>> = texts.into_iter().map(read).collect();
    let mut entries: Vec<Arc<Entry>> = Vec::with_capacity(read.len());
    for (at, entry) in read.into_iter().enumerate() {
        let entry: Arc<Entry> = entry
            .map_err(|refusal| SnapshotError::Settlement { at, refusal: Box::new(refusal) })?;
        if entries.last().is_some_and(|last| last.settlement.id >= entry.settlement.id) {
            return Err(SnapshotError::Entry { section: SnapshotSection::Settlements, at });
        }
        entries.push(entry);
    }
    Ok(entries)
}

#[cfg(test)]
mod tests;
