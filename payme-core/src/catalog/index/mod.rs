//! The compiled catalogue: from a feature straight to the settlements that ask for it.
//!
//! In: settlements and an embedder. Out: an immutable index. Settlements are numbered in the order
//! of their ids, so comparing two numbers compares the ids; what matching reads lies in columns.
//! [`CatalogIndex::with_changes`] gives the index after some settlements changed: settlements,
//! their rules in force and their embeddings are shared with the one before.

mod build;
mod columns;
mod embed;
mod entry;
mod facts;
pub(crate) mod program;
mod snapshot;
mod walk;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use crate::catalog::Settlement;
use crate::types::{FeatureKey, SettlementId};
use crate::vectors::{Embedder, HashedNgrams, Kernel};

use build::Build;
pub(crate) use columns::{Columns, Posting};
pub(crate) use embed::{FeatureVectors, words_of};
use entry::Entry;
pub use facts::SettlementFacts;
pub use snapshot::{SNAPSHOT_VERSION, SnapshotError, SnapshotSection};

/// The number of a feature that an index does not know.
pub(crate) const NO_FEATURE: u32 = u32::MAX;

/// The number of a settlement in one [`CatalogIndex`]; numbers order as the ids do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SettlementIx(pub(crate) u32);

impl SettlementIx {
    pub(crate) const fn at(self) -> usize {
        self.0 as usize
    }
}

/// One change of a catalogue.
#[derive(Debug, Clone, PartialEq)]
pub enum CatalogEdit {
    /// The settlement is new, or takes the place of the one with its id.
    Put(Box<Settlement>),
    /// The settlement is gone.
    Remove(SettlementId),
}

/// An immutable catalogue, compiled for matching.
#[derive(Clone)]
pub struct CatalogIndex {
    entries: Vec<Arc<Entry>>,
    embedder: Arc<dyn Embedder>,
    features: HashMap<FeatureKey, u32>,
    keys: Vec<FeatureKey>,
    feature_vectors: FeatureVectors,
    columns: Columns,
    kernel: Kernel,
}

impl fmt::Debug for CatalogIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CatalogIndex")
            .field("settlements", &self.len())
            .field("features", &self.keys.len())
            .field("embedder", &self.embedder.name())
            .finish_non_exhaustive()
    }
}

impl Default for CatalogIndex {
    fn default() -> Self {
        Self::new([])
    }
}

impl CatalogIndex {
    /// Compiles settlements with the default embedder. Of two with the same id, the later one
    /// counts.
    pub fn new(settlements: impl IntoIterator<Item = Settlement>) -> Self {
        Self::with_embedder(settlements, Arc::new(HashedNgrams::default()))
    }

    /// Compiles settlements with an embedder of one's own.
    pub fn with_embedder(
        settlements: impl IntoIterator<Item = Settlement>,
        embedder: Arc<dyn Embedder>,
    ) -> Self {
        Build::of(settlements.into_iter().map(Arc::new)).finish(embedder)
    }

    /// The index after these changes, in their order. This one stays as it is.
    ///
    /// Costs a copy of the columns; rules are compiled and texts embedded only for what changed.
    /// ```
    /// use payme_core::catalog::{CatalogEdit, CatalogIndex, parse_settlement};
    /// let one = parse_settlement(r#"{"title": "A",
    ///     "eligibility": {"required_features": ["merchant:uber"], "states": []}}"#)?;
    /// let before = CatalogIndex::new([]);
    /// let after = before.with_changes([CatalogEdit::Put(Box::new(one.clone()))]);
    /// assert_eq!((before.len(), after.len()), (0, 1));
    /// assert_eq!(after.with_changes([CatalogEdit::Remove(one.id)]).len(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_changes(&self, edits: impl IntoIterator<Item = CatalogEdit>) -> Self {
        let mut build = Build::from_index(self);
        for edit in edits {
            match edit {
                CatalogEdit::Put(settlement) => build.put(Arc::new(*settlement)),
                CatalogEdit::Remove(id) => build.remove(id),
            }
        }
        build.finish(Arc::clone(&self.embedder))
    }

    /// How many settlements there are.
    pub const fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The settlements, by id ascending.
    pub fn settlements(&self) -> impl ExactSizeIterator<Item = &Settlement> {
        self.entries.iter().map(|entry| entry.settlement.as_ref())
    }

    /// The settlement of an id.
    pub fn find(&self, id: SettlementId) -> Option<SettlementIx> {
        let at = self.entries.binary_search_by_key(&id, |entry| entry.settlement.id).ok()?;
        u32::try_from(at).ok().map(SettlementIx)
    }

    /// The settlement of a number of this index; `None` for a number of another one.
    pub fn get(&self, ix: SettlementIx) -> Option<&Settlement> {
        self.entries.get(ix.at()).map(|entry| entry.settlement.as_ref())
    }

    /// The id of a settlement.
    pub(crate) fn id(&self, ix: SettlementIx) -> Option<SettlementId> {
        self.get(ix).map(|settlement| settlement.id)
    }

    /// What matching reads of a settlement.
    pub fn facts(&self, ix: SettlementIx) -> Option<&SettlementFacts> {
        self.columns.facts.get(ix.at())
    }

    /// The settlements that seek this feature, ascending.
    /// ```
    /// use payme_core::catalog::{CatalogIndex, parse_settlements};
    /// let rows = parse_settlements(br#"[{"title": "Example",
    ///     "eligibility": {"required_features": ["merchant:uber"], "states": []}}]"#)?;
    /// let index = CatalogIndex::new(rows.taken);
    /// assert_eq!(index.seeking(&"merchant:uber".parse()?).len(), 1);
    /// assert_eq!(index.seeking(&"merchant:delta".parse()?).len(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn seeking(&self, key: &FeatureKey) -> impl ExactSizeIterator<Item = SettlementIx> {
        let list = match self.features.get(key) {
            Some(feature) => self.columns.seeking(*feature),
            None => &[],
        };
        list.iter().map(|ix| SettlementIx(*ix))
    }

    /// The settlements that seek no feature, ascending.
    pub fn seeking_nothing(&self) -> impl ExactSizeIterator<Item = SettlementIx> {
        self.columns.seeks_nothing.iter().map(|ix| SettlementIx(*ix))
    }

    /// The embedder of the index.
    pub fn embedder(&self) -> &Arc<dyn Embedder> {
        &self.embedder
    }

    /// The embedding of a settlement: [`Embedder::dimension`] numbers.
    pub fn embedding(&self, ix: SettlementIx) -> Option<&[f32]> {
        self.columns.embedding(ix.at())
    }

    /// The number of a feature, or [`NO_FEATURE`].
    pub(crate) fn feature(&self, key: &FeatureKey) -> u32 {
        self.features.get(key).copied().unwrap_or(NO_FEATURE)
    }

    /// The kernel of the dot products, looked up once.
    pub(crate) const fn kernel(&self) -> Kernel {
        self.kernel
    }

    pub(crate) const fn columns(&self) -> &Columns {
        &self.columns
    }

    pub(crate) const fn feature_vectors(&self) -> &FeatureVectors {
        &self.feature_vectors
    }
}

#[cfg(test)]
mod tests;
