//! From settlements to the columns of an index.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::columns::{Columns, Posting};
use super::embed::FeatureVectors;
use super::entry::Entry;
use super::{CatalogIndex, program};
use crate::catalog::Settlement;
use crate::types::{Column, FeatureKey, SettlementId};
use crate::vectors::{Embedder, Kernel};

/// The settlements of an index that is being built, by id.
pub(super) struct Build {
    entries: BTreeMap<SettlementId, Arc<Entry>>,
}

impl Build {
    /// The settlements of a new index. Of two with the same id, the later one counts.
    pub(super) fn of(
        settlements: impl Iterator<Item = Arc<Settlement>>,
        embedder: &Arc<dyn Embedder>,
    ) -> Self {
        let by_id: BTreeMap<SettlementId, Arc<Settlement>> =
            settlements.map(|settlement| (settlement.id, settlement)).collect();
        Self { entries: entries(by_id, embedder.as_ref()) }
    }

    /// The settlements of an index that stands.
    pub(super) fn from_entries(entries: &[Arc<Entry>]) -> Self {
        let by_id = entries.iter().map(|entry| (entry.settlement.id, Arc::clone(entry)));
        Self { entries: by_id.collect() }
    }

    pub(super) fn put(&mut self, settlement: Arc<Settlement>, embedder: &Arc<dyn Embedder>) {
        let id = settlement.id;
        self.entries.insert(id, Arc::new(Entry::new(settlement, embedder.as_ref())));
    }

    pub(super) fn remove(&mut self, id: SettlementId) {
        self.entries.remove(&id);
    }

    /// The index over the settlements.
    pub(super) fn finish(self, embedder: Arc<dyn Embedder>) -> CatalogIndex {
        let entries: Vec<Arc<Entry>> = self.entries.into_values().collect();
        let mut lists = Lists::default();
        for (ix, entry) in (0_u32..).zip(&entries) {
            lists.add(ix, entry);
        }
        for (ix, entry) in (0_u32..).zip(&entries) {
            lists.anchor(ix, entry);
        }
        let dimension = embedder.dimension();
        let mut embeddings = Vec::with_capacity(entries.len() * dimension);
        entries.iter().for_each(|entry| embeddings.extend_from_slice(&entry.embedding));
        let feature_vectors = FeatureVectors::new(&lists.keys, embedder.as_ref());
        let (features, keys, columns) = lists.finish(embeddings.into(), dimension);
        let kernel = Kernel::detect();
        CatalogIndex { entries, embedder, features, keys, feature_vectors, columns, kernel }
    }
}

/// Derives what belongs to each settlement alone, on all cores where that is allowed.
fn entries(
    settlements: BTreeMap<SettlementId, Arc<Settlement>>,
    embedder: &dyn Embedder,
) -> BTreeMap<SettlementId, Arc<Entry>> {
    let entry = |(id, settlement)| (id, Arc::new(Entry::new(settlement, embedder)));
    #[cfg(feature = "parallel")]
    {
        use rayon::prelude::{IntoParallelIterator as _, ParallelIterator as _};
        let settlements: Vec<_> = settlements.into_iter().collect();
        let entries: Vec<_> = settlements.into_par_iter().map(entry).collect();
        entries.into_iter().collect()
    }
    #[cfg(not(feature = "parallel"))]
    settlements.into_iter().map(entry).collect()
}

/// The lists of an index that is being built.
#[derive(Default)]
struct Lists {
    features: HashMap<FeatureKey, u32>,
    keys: Vec<FeatureKey>,
    facts: Vec<super::SettlementFacts>,
    sought: Vec<u32>,
    program: Vec<u32>,
    seeking: Vec<Vec<u32>>,
    anchored: Vec<Vec<Posting>>,
    unanchored: Vec<Posting>,
    seeks_nothing: Vec<u32>,
}

impl Lists {
    /// The number of a feature, a new one for a feature that was not seen before.
    fn number(&mut self, key: &FeatureKey) -> u32 {
        let next = count(&self.keys);
        let number = *self.features.entry(key.clone()).or_insert(next);
        if number == next {
            self.keys.push(key.clone());
            self.seeking.push(Vec::new());
            self.anchored.push(Vec::new());
        }
        number
    }

    fn add(&mut self, ix: u32, entry: &Entry) {
        let mut facts = entry.facts;
        facts.sought_start = count(&self.sought);
        facts.sought_len = count(&entry.sought);
        for key in &entry.sought {
            let feature = self.number(key);
            self.sought.push(feature);
            if let Some(list) = self.seeking.get_mut(feature as usize) {
                list.push(ix);
            }
        }
        if entry.sought.is_empty() {
            self.seeks_nothing.push(ix);
        }
        let eligibility = &entry.settlement.eligibility;
        if eligibility.simple().is_none() {
            facts.rule = count(&self.program).saturating_add(1);
            let mut words = Vec::new();
            program::write(&mut words, eligibility.in_force(), &mut |key| self.number(key));
            self.program.extend(words);
        }
        self.facts.push(facts);
    }

    /// Posts a settlement under the features it cannot do without: the rarest, where it can choose.
    fn anchor(&mut self, ix: u32, entry: &Entry) {
        let Some(facts) = self.facts.get(ix as usize) else { return };
        let eligibility = &entry.settlement.eligibility;
        let rarity = |key: &FeatureKey| {
            let feature = self.features.get(key).map_or(usize::MAX, |feature| *feature as usize);
            self.seeking.get(feature).map_or(0, Vec::len)
        };
        let kind = match (eligibility.simple(), entry.sought.len()) {
            (Some(_), 0..=1) => Posting::DECIDED,
            (Some(_), _) => Posting::SIMPLE,
            (None, _) => Posting::PROGRAM,
        };
        let posting =
            Posting { open_until: facts.open_until, state_mask: facts.state_mask, ix, kind };
        let Some(keys) = program::anchors(eligibility.in_force(), &rarity) else {
            self.unanchored.push(posting);
            return;
        };
        let mut features: Vec<u32> =
            keys.into_iter().filter_map(|key| self.features.get(key).copied()).collect();
        features.sort_unstable();
        features.dedup();
        for feature in features {
            if let Some(list) = self.anchored.get_mut(feature as usize) {
                list.push(posting);
            }
        }
    }

    fn finish(
        mut self,
        embeddings: Column<f32>,
        dimension: usize,
    ) -> (HashMap<FeatureKey, u32>, Vec<FeatureKey>, Columns) {
        let last_to_close_first = |list: &mut Vec<Posting>| {
            list.sort_by_key(|posting| (Reverse(posting.open_until), posting.ix));
        };
        self.anchored.iter_mut().for_each(last_to_close_first);
        last_to_close_first(&mut self.unanchored);
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
        starts.push(count(&entries));
    }
    (starts.into(), entries.into())
}

fn count<T>(list: &[T]) -> u32 {
    u32::try_from(list.len()).unwrap_or(u32::MAX)
}
