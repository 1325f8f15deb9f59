//! Catalogue: import settlements, and read people's mail anew when the lexicon grew.

use std::collections::BTreeMap;

use payme_core::audit::EventBody;
use payme_core::catalog::{CatalogIndex, Settlement, plan_import};
use payme_core::evidence::{EvidenceChange, Lexicon, plan_records};
use payme_core::ports::Commit;
use payme_core::types::{SettlementId, Version};
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
    /// People whose features were read anew because the lexicon changed.
    pub people_refreshed: usize,
}

type Stored = BTreeMap<SettlementId, (Version, Settlement)>;

impl Driver {
    /// The stored catalogue, compiled.
    ///
    /// # Errors
    /// [`DriverError::Store`].
    pub async fn catalog_index(&self) -> Result<CatalogIndex, DriverError> {
        let stored = self.store.catalog().await?;
        Ok(CatalogIndex::new(stored.into_values().map(|(_, settlement)| settlement)))
    }

    /// The lexicon of the stored catalogue, and the revision that a decision on it rests on.
    pub(super) async fn lexicon(&self) -> Result<(Version, Lexicon), DriverError> {
        let revision = self.store.revisions().await?.catalog;
        Ok((revision, lexicon_of(&self.store.catalog().await?)?))
    }

    /// Adds and changes settlements; importing the same ones again changes nothing.
    ///
    /// Where the new catalogue changes the brand lexicon, the features of everybody with mail
    /// are read anew in the same transaction.
    ///
    /// # Errors
    /// [`DriverError::Store`], [`DriverError::Lexicon`] or [`DriverError::Contention`]; nothing
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
        // The revisions are read first: whatever changes after that is a conflict.
        let revisions = self.store.revisions().await?;
        let mut stored = self.store.catalog().await?;
        let mut plan = plan_import(&stored, settlements);
        plan.on_catalog = Some(revisions.catalog);
        let mut report = CatalogReport {
            added: plan.added.len(),
            changed: plan.changed.len(),
            unchanged: plan.unchanged,
            people_refreshed: 0,
        };
        if plan.is_empty() {
            return Ok((Commit::Done, report));
        }
        let before = lexicon_of(&stored)?;
        let changed = plan.changed.iter().map(|(version, settlement)| (*version, settlement));
        let added = plan.added.iter().map(|settlement| (Version::FIRST, settlement));
        for (version, settlement) in changed.chain(added) {
            stored.insert(settlement.id, (version, settlement.clone()));
        }
        let after = lexicon_of(&stored)?;
        let refreshed = if before == after {
            Vec::new()
        } else {
            plan.on_records = Some(revisions.records);
            self.refreshed_evidence(&after).await?
        };
        report.people_refreshed = refreshed.len();
        let imported = EventBody::CatalogImported { added: report.added, changed: report.changed };
        let mut events = vec![self.event(None, imported)];
        events.extend(refreshed.iter().map(|change| {
            let body = EventBody::FeaturesRefreshed {
                written: change.features.len(),
                gone: change.features_gone.len(),
            };
            self.event(Some(change.person.user_id), body)
        }));
        Ok((self.store.commit_catalog(&plan, &refreshed, &events).await?, report))
    }

    /// What a lexicon changes in the features of everybody with mail.
    async fn refreshed_evidence(
        &self,
        lexicon: &Lexicon,
    ) -> Result<Vec<EvidenceChange>, DriverError> {
        let mut changes = Vec::new();
        for user in self.store.users_with_records().await? {
            if let Some(stored) = self.store.evidence(user).await? {
                let change = plan_records(&stored, [], lexicon);
                if !change.is_empty() {
                    changes.push(change);
                }
            }
        }
        Ok(changes)
    }
}

fn lexicon_of(stored: &Stored) -> Result<Lexicon, payme_core::evidence::LexiconError> {
    Lexicon::for_catalog(stored.values().map(|(_, settlement)| settlement))
}
