//! One settlement with what is derived from it alone, shared between indexes.

use std::sync::Arc;

use super::facts::SettlementFacts;
use super::program;
use crate::catalog::Settlement;
use crate::types::FeatureKey;

/// A settlement, and what its columns are filled from.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) settlement: Arc<Settlement>,
    /// The features that the rule in force seeks, in its order.
    pub(super) sought: Vec<FeatureKey>,
    /// Without the places in an index.
    pub(super) facts: SettlementFacts,
}

impl Entry {
    pub(super) fn new(settlement: Arc<Settlement>) -> Self {
        let sought: Vec<FeatureKey> =
            settlement.eligibility.sought().into_iter().cloned().collect();
        let mut facts = SettlementFacts::of(&settlement);
        facts.state_mask = program::state_mask(settlement.eligibility.in_force());
        Self { settlement, sought, facts }
    }
}
