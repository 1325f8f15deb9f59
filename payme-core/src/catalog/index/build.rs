//! From settlements to the columns of an index.

use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::sync::Arc;

use super::columns::{Columns, Posting};
use super::embed::{FeatureVectors, settlement_text};
use super::entry::Entry;
use super::walk::{Sink, length, walk};
use super::{CatalogIndex, SettlementFacts};
use crate::catalog::Settlement;
use crate::types::{Column, FeatureKey, SettlementId};
use crate::vectors::{Embedder, Kernel};

/// The settlements of an index that is being built, by id.
pub(super) struct Build<'a> {
    items: BTreeMap<SettlementId, Item>,
    before: Option<&'a CatalogIndex>,
}

struct Item {
    entry: Arc<Entry>,
    /// The row of its embedding in the index before.
    row_before: Option<usize>,
}

impl<'a> Build<'a> {
    /// The settlements of a new index. Of two with the same id, the later one counts.
    pub(super) fn of(settlements: impl Iterator<Item = Arc<Settlement>>) -> Self {
        let by_id: BTreeMap<SettlementId, Arc<Settlement>> =
            settlements.map(|settlement| (settlement.id, settlement)).collect();
        Self { items: items(by_id), before: None }
    }

    /// The settlements of an index that stands.
    pub(super) fn from_index(before: &'a CatalogIndex) -> Self {
        let item = |(row, entry): (usize, &Arc<Entry>)| {
            (entry.settlement.id, Item { entry: Arc::clone(entry), row_before: Some(row) })
        };
        Self { items: before.entries.iter().enumerate().map(item).collect(), before: Some(before) }
    }

    pub(super) fn put(&mut self, settlement: Arc<Settlement>) {
        let id = settlement.id;
        let entry = Arc::new(Entry::new(settlement));
        self.items.insert(id, Item { entry, row_before: None });
    }

    pub(super) fn remove(&mut self, id: SettlementId) {
        self.items.remove(&id);
    }

    /// The index over the settlements.
    pub(super) fn finish(self, embedder: Arc<dyn Embedder>) -> CatalogIndex {
        let items: Vec<Item> = self.items.into_values().collect();
        let embeddings = embeddings(&items, self.before, embedder.as_ref());
        let entries: Vec<Arc<Entry>> = items.into_iter().map(|item| item.entry).collect();
        let mut lists = Lists::default();
        let Ok(()) = walk(&entries, &mut lists);
        let before = self.before.map(|before| (&before.features, &before.feature_vectors));
        let feature_vectors = FeatureVectors::new(&lists.keys, before, embedder.as_ref());
        let (features, keys, columns) = lists.finish(embeddings.into(), embedder.dimension());
        let kernel = Kernel::detect();
        CatalogIndex { entries, embedder, features, keys, feature_vectors, columns, kernel }
    }
}

/// Derives what belongs to each settlement alone, on all cores where that is allowed.
fn items(settlements: BTreeMap<SettlementId, Arc<Settlement>>) -> BTreeMap<SettlementId, Item> {
    let item =
        |(id, settlement)| (id, Item { entry: Arc::new(Entry::new(settlement)), row_before: None });
    #[cfg(feature = "parallel")]
    {
        use rayon::prelude::{IntoParallelIterator as _, ParallelIterator as _};
        let settlements: Vec<_> = settlements.into_iter().collect();
        let items: Vec<_> = settlements.into_par_iter().map(item).collect();
        items.into_iter().collect()
    }
    #[cfg(not(feature = "parallel"))]
    settlements.into_iter().map(item).collect()
}

/// The embeddings of the settlements: those of before where there are any, else new ones, on all
/// cores where that is allowed.
fn embeddings(items: &[Item], before: Option<&CatalogIndex>, embedder: &dyn Embedder) -> Vec<f32> {
    let dimension = embedder.dimension();
    let mut rows = vec![0.0; items.len() * dimension];
    let fill = |(row, item): (&mut [f32], &Item)| {
        let known = item.row_before.and_then(|at| before?.columns.embedding(at));
        match known.filter(|known| known.len() == row.len()) {
            Some(known) => row.copy_from_slice(known),
            None => {
                embedder.embed(&settlement_text(&item.entry.settlement, &item.entry.sought), row);
            }
        }
    };
    #[cfg(feature = "parallel")]
    {
        use rayon::prelude::{
            IndexedParallelIterator as _, IntoParallelRefIterator as _, ParallelIterator as _,
            ParallelSliceMut as _,
        };
        rows.par_chunks_mut(dimension.max(1)).zip(items.par_iter()).for_each(fill);
    }
    #[cfg(not(feature = "parallel"))]
    rows.chunks_mut(dimension.max(1)).zip(items).for_each(fill);
    rows
}

/// The lists of an index that is being built.
#[derive(Default)]
struct Lists {
    features: HashMap<FeatureKey, u32>,
    keys: Vec<FeatureKey>,
    facts: Vec<SettlementFacts>,
    sought: Vec<u32>,
    program: Vec<u32>,
    seeking: Vec<Vec<u32>>,
    anchored: Vec<Vec<Posting>>,
    unanchored: Vec<Posting>,
    seeks_nothing: Vec<u32>,
}

impl Sink for Lists {
    type Fault = Infallible;

    fn number(&mut self, key: &FeatureKey) -> Result<u32, Infallible> {
        if let Some(number) = self.features.get(key) {
            return Ok(*number);
        }
        let number = length(&self.keys);
        self.features.insert(key.clone(), number);
        self.keys.push(key.clone());
        self.seeking.push(Vec::new());
        self.anchored.push(Vec::new());
        Ok(number)
    }

    fn known(&self, key: &FeatureKey) -> Option<u32> {
        self.features.get(key).copied()
    }

    fn row(
        &mut self,
        facts: SettlementFacts,
        sought: &[u32],
        program: &[u32],
    ) -> Result<(), Infallible> {
        self.facts.push(facts);
        self.sought.extend_from_slice(sought);
        self.program.extend_from_slice(program);
        Ok(())
    }

    fn seeking(&mut self, feature: u32, ix: u32) -> Result<(), Infallible> {
        if let Some(list) = self.seeking.get_mut(feature as usize) {
            list.push(ix);
        }
        Ok(())
    }

    fn seeks_nothing(&mut self, ix: u32) -> Result<(), Infallible> {
        self.seeks_nothing.push(ix);
        Ok(())
    }

    fn end_of_rows(&mut self) -> Result<(), Infallible> {
        Ok(())
    }

    fn seekers(&self, feature: u32) -> usize {
        self.seeking.get(feature as usize).map_or(0, Vec::len)
    }

    fn anchored(&mut self, feature: u32, posting: Posting) -> Result<(), Infallible> {
        if let Some(list) = self.anchored.get_mut(feature as usize) {
            list.push(posting);
        }
        Ok(())
    }

    fn unanchored(&mut self, posting: Posting) -> Result<(), Infallible> {
        self.unanchored.push(posting);
        Ok(())
    }
}

impl Lists {
    fn finish(
        self,
        embeddings: Column<f32>,
        dimension: usize,
    ) -> (HashMap<FeatureKey, u32>, Vec<FeatureKey>, Columns) {
        let (seeking_starts, seeking) = flat(&self.seeking);
        let (anchored_starts, anchored) = flat(&self.anchored);
        let columns = Columns {
            facts: self.facts.into(),
            sought: self.sought.into(),
            program: self.program.into(),
            seeking_starts,
            seeking,
            anchored_starts,
            anchored,
            unanchored: self.unanchored.into(),
            seeks_nothing: self.seeks_nothing.into(),
            embeddings,
            dimension,
        };
        (self.features, self.keys, columns)
    }
}

/// Lists one behind the other, and where each starts.
fn flat<T: bytemuck::Pod>(lists: &[Vec<T>]) -> (Column<u32>, Column<T>) {
    let mut starts = Vec::with_capacity(lists.len() + 1);
    let mut entries = Vec::with_capacity(lists.iter().map(Vec::len).sum());
    starts.push(0);
    for list in lists {
        entries.extend_from_slice(list);
        starts.push(length(&entries));
    }
    (starts.into(), entries.into())
}
