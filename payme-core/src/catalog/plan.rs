//! What an import would change, decided before anything is written.

use std::collections::BTreeMap;

use super::Settlement;
use super::tracker::TrackedRow;
use crate::types::{SettlementId, Version};

/// The changes one import makes to the stored catalogue.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CatalogPlan {
    /// Settlements that are not stored yet.
    pub added: Vec<Settlement>,
    /// Settlements that are stored otherwise, with the version the decision was made on.
    pub changed: Vec<(Version, Settlement)>,
    /// How many settlements are stored just so.
    pub unchanged: usize,
    /// Rows of trackers that are not kept just so.
    pub tracker_rows: Vec<TrackedRow>,
    /// The revision of the catalogue that was compared with, if nothing may have changed since.
    pub on_catalog: Option<Version>,
    /// The revision of everybody's records that were read anew, if none may have come since.
    pub on_records: Option<Version>,
}

impl CatalogPlan {
    /// Whether there is nothing to write.
    pub const fn is_empty(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty() && self.tracker_rows.is_empty()
    }
}

/// Compares incoming settlements with the stored ones. Settlements that are stored but not
/// incoming stay as they are: a file adds and changes, it never removes.
pub fn plan_import(
    stored: &BTreeMap<SettlementId, (Version, Settlement)>,
    incoming: Vec<Settlement>,
) -> CatalogPlan {
    let mut plan = CatalogPlan::default();
    for settlement in incoming {
        match stored.get(&settlement.id) {
            None => plan.added.push(settlement),
            Some((_, same)) if *same == settlement => plan.unchanged += 1,
            Some((version, _)) => plan.changed.push((*version, settlement)),
        }
    }
    plan
}
