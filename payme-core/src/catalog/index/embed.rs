//! What is embedded: the text of a settlement, the words of a feature.

use crate::catalog::Settlement;
use crate::types::FeatureKey;
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

/// Embeddings of features, without their zeros: the words of a feature touch few of the numbers.
#[derive(Debug, Clone, Default)]
pub(crate) struct FeatureVectors {
    starts: Vec<u32>,
    places: Vec<u32>,
    values: Vec<f32>,
}

impl FeatureVectors {
    /// The embeddings of features, in their order.
    pub(crate) fn new<'a>(
        keys: impl IntoIterator<Item = &'a FeatureKey>,
        embedder: &dyn Embedder,
    ) -> Self {
        let mut vectors = Self::default();
        vectors.extend(keys, embedder);
        vectors
    }

    /// Appends the embeddings of more features.
    pub(crate) fn extend<'a>(
        &mut self,
        keys: impl IntoIterator<Item = &'a FeatureKey>,
        embedder: &dyn Embedder,
    ) {
        if self.starts.is_empty() {
            self.starts.push(0);
        }
        let mut dense = vec![0.0; embedder.dimension()];
        for key in keys {
            embedder.embed(&words_of(key), &mut dense);
            for (place, value) in (0_u32..).zip(&dense) {
                if value.abs() > 0.0 {
                    self.places.push(place);
                    self.values.push(*value);
                }
            }
            self.starts.push(u32::try_from(self.places.len()).unwrap_or(u32::MAX));
        }
    }

    /// Adds `weight` times the embedding of a feature to a sum.
    pub(crate) fn add(&self, feature: u32, weight: f32, sum: &mut [f32]) {
        let feature = feature as usize;
        let Some(&[start, end]) = self.starts.get(feature..feature + 2) else { return };
        let window = start as usize..end as usize;
        let places = self.places.get(window.clone()).unwrap_or_default();
        for (place, value) in places.iter().zip(self.values.get(window).unwrap_or_default()) {
            if let Some(number) = sum.get_mut(*place as usize) {
                *number += weight * value;
            }
        }
    }
}
