//! Catalogue: import settlements, and read people's records anew when brands came or went.

use std::collections::BTreeMap;

use payme_core::audit::{Event, EventBody};
use payme_core::catalog::{CatalogIndex, CatalogPlan, Settlement, plan_import};
use payme_core::evidence::{
    EvidenceChange, LearnedAliases, Merchant, Reading, ReadingError, plan_records,
};
use payme_core::ports::{Commit, Revisions};
use payme_core::types::{FeatureKey, SettlementId, Version};
use serde::Serialize;

use super::{Driver, DriverError};

/// What an import of settlements did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct CatalogReport {
    /// Settlements that are new.
    pub added: usize,
    /// Settlements that changed.
    pub changed: usize,
    /// Settlements that were stored just so.
    pub unchanged: usize,
    /// People whose features were read anew because of it.
    pub people_refreshed: usize,
}

pub(super) type Stored = BTreeMap<SettlementId, (Version, Settlement)>;

impl Driver {
    /// The stored catalogue, compiled.
    ///
    /// # Errors
    /// [`DriverError::Store`].
    pub async fn catalog_index(&self) -> Result<CatalogIndex, DriverError> {
        let stored = self.store.catalog().await?;
        Ok(CatalogIndex::new(stored.into_values().map(|(_, settlement)| settlement)))
    }

    /// What records are read by, and the revision that a decision on it rests on.
    pub(super) async fn reading(&self) -> Result<(Version, Reading), DriverError> {
        let basis = self.basis().await?;
        Ok((basis.revisions.catalog, basis.reading()?))
    }

    /// Everything that records are read by, as it is stored. The revisions are read first: whatever
    /// changes after that is a conflict.
    pub(super) async fn basis(&self) -> Result<Basis, DriverError> {
        let revisions = self.store.revisions().await?;
        let settlements = self.store.catalog().await?;
        let merchants = self.store.merchants().await?;
        let learned = self.store.learned().await?;
        Ok(Basis { revisions, settlements, merchants, learned })
    }

    /// Adds and changes settlements; importing the same ones again changes nothing.
    ///
    /// Where the new catalogue changes the brands that records are read by, the features of
    /// everybody with records are read anew in the same transaction.
    ///
    /// # Errors
    /// [`DriverError::Store`], [`DriverError::Reading`] or [`DriverError::Contention`]; nothing
    /// is written then.
    pub async fn import_settlements(
        &self,
        settlements: Vec<Settlement>,
    ) -> Result<CatalogReport, DriverError> {
        self.decide(async |driver| driver.try_import_settlements(settlements.clone()).await).await
    }

    async fn try_import_settlements(
        &self,
        settlements: Vec<Settlement>,
    ) -> Result<(Commit, CatalogReport), DriverError> {
        let basis = self.basis().await?;
        let plan = plan_import(&basis.settlements, settlements);
        self.commit_catalog(basis, plan, None).await
    }

    /// Commits a plan together with what it changes in everybody's features. `cause` stands in the
    /// log before what followed from it.
    pub(super) async fn commit_catalog(
        &self,
        mut basis: Basis,
        mut plan: CatalogPlan,
        cause: Option<EventBody>,
    ) -> Result<(Commit, CatalogReport), DriverError> {
        plan.on_catalog = Some(basis.revisions.catalog);
        let mut report = CatalogReport {
            added: plan.added.len(),
            changed: plan.changed.len(),
            unchanged: plan.unchanged,
            people_refreshed: 0,
        };
        if plan.is_empty() {
            return Ok((Commit::Done, report));
        }
        let before = basis.reading()?;
        let changed = plan.changed.iter().map(|(version, settlement)| (*version, settlement));
        let added = plan.added.iter().map(|settlement| (Version::FIRST, settlement));
        for (version, settlement) in changed.chain(added) {
            basis.settlements.insert(settlement.id, (version, settlement.clone()));
        }
        let (on_records, refreshed) = self.read_anew(&before, &basis).await?;
        plan.on_records = on_records;
        report.people_refreshed = refreshed.len();
        let mut events: Vec<Event> = cause.into_iter().map(|body| self.event(None, body)).collect();
        if report.added + report.changed > 0 {
            let (added, changed) = (report.added, report.changed);
            events.push(self.event(None, EventBody::CatalogImported { added, changed }));
        }
        events.extend(refreshed.iter().map(|change| self.refreshed_event(change)));
        Ok((self.store.commit_catalog(&plan, &refreshed, &events).await?, report))
    }

    /// What changes in everybody's features where they were read by `before` and are read by this
    /// from now on, and the revision of the records that it rests on; nothing where both are equal.
    pub(super) async fn read_anew(
        &self,
        before: &Reading,
        after: &Basis,
    ) -> Result<(Option<Version>, Vec<EvidenceChange>), DriverError> {
        let reading = after.reading()?;
        if *before == reading {
            return Ok((None, Vec::new()));
        }
        Ok((Some(after.revisions.records), self.refreshed_evidence(&reading).await?))
    }

    /// What a reading changes in the features of everybody with records.
    pub(super) async fn refreshed_evidence(
        &self,
        reading: &Reading,
    ) -> Result<Vec<EvidenceChange>, DriverError> {
        let mut changes = Vec::new();
        for user in self.store.users_with_records().await? {
            if let Some(stored) = self.store.evidence(user).await? {
                let change = plan_records(&stored, [], reading);
                if !change.is_empty() {
                    changes.push(change);
                }
            }
        }
        Ok(changes)
    }

    /// The event of a person whose features were read anew.
    pub(super) fn refreshed_event(&self, change: &EvidenceChange) -> Event {
        let body = EventBody::FeaturesRefreshed {
            written: change.features.len(),
            gone: change.features_gone.len(),
        };
        self.event(Some(change.person.user_id), body)
    }
}

/// Everything that records are read by, as it is stored, and the revisions of all that is shared.
pub(super) struct Basis {
    pub(super) revisions: Revisions,
    pub(super) settlements: Stored,
    pub(super) merchants: BTreeMap<FeatureKey, Merchant>,
    pub(super) learned: LearnedAliases,
}

impl Basis {
    /// What records are read by.
    pub(super) fn reading(&self) -> Result<Reading, ReadingError> {
        let settlements = self.settlements.values().map(|(_, settlement)| settlement);
        Reading::new(settlements, self.merchants.values().cloned(), &self.learned)
    }
}
