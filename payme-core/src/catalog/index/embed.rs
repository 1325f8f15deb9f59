//! What is embedded: the text of a settlement, the words of a feature.

use std::collections::HashMap;
use std::mem;
use std::ops::Deref;

use bytemuck::Pod;

use super::walk::length;
use crate::catalog::Settlement;
use crate::types::{Column, FeatureKey};
use crate::vectors::Embedder;

/// The words of a feature: its slug, with spaces for underscores.
pub(crate) fn words_of(key: &FeatureKey) -> String {
    key.slug().replace('_', " ")
}

/// What a settlement says of itself, and the words of what it seeks.
pub(super) fn settlement_text(settlement: &Settlement, sought: &[FeatureKey]) -> String {
    let lists = [&settlement.covered_brands, &settlement.aliases, &settlement.tags];
    let texts = [&settlement.summary_text, &settlement.eligibility_text];
    let mut text = settlement.title.clone();
    let mut add = |part: &str| {
        text.push(' ');
        text.push_str(part);
    };
    lists.into_iter().flatten().for_each(|part| add(part));
    texts.into_iter().flatten().for_each(|part| add(part));
    sought.iter().for_each(|key| add(&words_of(key)));
    text
}

/// A row of plain numbers that is appended to, or lent by a snapshot until it is.
#[derive(Debug, Clone)]
enum Numbers<T: Pod> {
    Owned(Vec<T>),
    Stored(Column<T>),
}

impl<T: Pod> Default for Numbers<T> {
    fn default() -> Self {
        Self::Owned(Vec::new())
    }
}

impl<T: Pod> Deref for Numbers<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match self {
            Self::Owned(numbers) => numbers,
            Self::Stored(column) => column,
        }
    }
}

impl<T: Pod> Numbers<T> {
    fn extend(&mut self, numbers: impl IntoIterator<Item = T>) {
        let mut owned = match mem::take(self) {
            Self::Owned(numbers) => numbers,
            Self::Stored(column) => column.to_vec(),
        };
        owned.extend(numbers);
        *self = Self::Owned(owned);
    }
}

/// Embeddings of features, without their zeros: the words of a feature touch few of the numbers.
#[derive(Debug, Clone, Default)]
pub(crate) struct FeatureVectors {
    /// The numbers of feature `f` are those of `places` and `values` from `starts[f]` up to
    /// `starts[f + 1]`; there is nothing at all before the first feature.
    starts: Numbers<u32>,
    /// Where the numbers that are not 0 belong, ascending within a feature.
    places: Numbers<u32>,
    values: Numbers<f32>,
}

impl FeatureVectors {
    /// The embeddings of features, in their order; taken from those of `before` where they can be.
    pub(crate) fn new(
        keys: &[FeatureKey],
        before: Option<(&HashMap<FeatureKey, u32>, &Self)>,
        embedder: &dyn Embedder,
    ) -> Self {
        let mut vectors = Self::default();
        vectors.begin();
        let mut dense = vec![0.0; embedder.dimension()];
        for key in keys {
            let known = before.and_then(|(numbers, known)| known.vector(*numbers.get(key)?));
            match known {
                Some((places, values)) => {
                    vectors.push(places.iter().copied().zip(values.iter().copied()));
                }
                None => vectors.embed(key, embedder, &mut dense),
            }
        }
        vectors
    }

    /// What a snapshot stores; [`FeatureVectors::columns`] the other way round.
    pub(super) const fn stored(
        starts: Column<u32>,
        places: Column<u32>,
        values: Column<f32>,
    ) -> Self {
        Self {
            starts: Numbers::Stored(starts),
            places: Numbers::Stored(places),
            values: Numbers::Stored(values),
        }
    }

    /// Where each feature starts, the places of its numbers, and the numbers.
    pub(super) fn columns(&self) -> (&[u32], &[u32], &[f32]) {
        (&self.starts, &self.places, &self.values)
    }

    /// Appends the embeddings of more features, each with its number in an index, or
    /// [`NO_FEATURE`]. Those that the index has are taken from it: a loaded one may have them from
    /// a machine that rounds differently.
    pub(crate) fn extend<'a>(
        &mut self,
        features: impl IntoIterator<Item = (&'a FeatureKey, u32)>,
        known: &Self,
        embedder: &dyn Embedder,
    ) {
        self.begin();
        let mut dense = vec![0.0; embedder.dimension()];
        for (key, feature) in features {
            match known.vector(feature) {
                Some((places, values)) => {
                    self.push(places.iter().copied().zip(values.iter().copied()));
                }
                None => self.embed(key, embedder, &mut dense),
            }
        }
    }

    fn begin(&mut self) {
        if self.starts.is_empty() {
            self.starts.extend([0]);
        }
    }

    fn embed(&mut self, key: &FeatureKey, embedder: &dyn Embedder, dense: &mut [f32]) {
        embedder.embed(&words_of(key), dense);
        let numbers = (0_u32..).zip(dense.iter().copied());
        self.push(numbers.filter(|(_, value)| value.abs() > 0.0));
    }

    fn push(&mut self, numbers: impl Iterator<Item = (u32, f32)> + Clone) {
        self.places.extend(numbers.clone().map(|(place, _)| place));
        self.values.extend(numbers.map(|(_, value)| value));
        self.starts.extend([length(&self.places)]);
    }

    /// The places and the numbers of a feature.
    fn vector(&self, feature: u32) -> Option<(&[u32], &[f32])> {
        let feature = feature as usize;
        let &[start, end] = self.starts.get(feature..feature.checked_add(2)?)? else {
            return None;
        };
        let window = start as usize..end as usize;
        Some((self.places.get(window.clone())?, self.values.get(window)?))
    }

    /// Adds `weight` times the embedding of a feature to a sum.
    pub(crate) fn add(&self, feature: u32, weight: f32, sum: &mut [f32]) {
        let Some((places, values)) = self.vector(feature) else { return };
        for (place, value) in places.iter().zip(values) {
            if let Some(number) = sum.get_mut(*place as usize) {
                *number += weight * value;
            }
        }
    }
}
