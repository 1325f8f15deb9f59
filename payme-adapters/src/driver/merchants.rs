//! Merchants: the directory that bank descriptors are resolved in, and learning from corrections.

use payme_core::audit::EventBody;
use payme_core::evidence::{
    DERIVED, DirectoryPlan, LearnedAliases, Merchant, NearDuplicate, Resolution,
    corrected_descriptors, learn_aliases, near_duplicates, plan_merchants,
};
use payme_core::ports::{Commit, StoreError};
use serde::Serialize;

use super::catalog::Basis;
use super::{Driver, DriverError};

/// What an import of merchants, or learning from corrections, did.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct MerchantReport {
    /// Merchants that are new.
    pub added: usize,
    /// Merchants that changed.
    pub changed: usize,
    /// Merchants that were stored just so.
    pub unchanged: usize,
    /// Aliases that are known from corrections.
    pub learned: usize,
    /// People whose features were read anew.
    pub people_refreshed: usize,
    /// Names that are so alike that they may be one merchant.
    pub near_duplicates: Vec<NearDuplicate>,
}

impl Driver {
    /// Adds and changes merchants; importing the same ones again changes nothing.
    ///
    /// The records of everybody are read anew by them in the same transaction.
    ///
    /// # Errors
    /// [`DriverError::Store`], [`DriverError::Reading`] or [`DriverError::Contention`]; nothing
    /// is written then.
    pub async fn import_merchants(
        &self,
        merchants: Vec<Merchant>,
    ) -> Result<MerchantReport, DriverError> {
        self.decide(async |driver| {
            let basis = driver.basis().await?;
            let (plan, counts) = plan_merchants(&basis.merchants, merchants.clone());
            let after: Vec<Merchant> = plan.after(&basis.merchants).into_values().collect();
            let report = MerchantReport {
                added: counts.added,
                changed: counts.changed,
                unchanged: counts.unchanged,
                near_duplicates: near_duplicates(&after),
                ..MerchantReport::default()
            };
            driver.try_directory(basis, plan, report).await
        })
        .await
    }

    /// Learns aliases from everybody's corrections.
    ///
    /// # Errors
    /// As [`Driver::import_merchants`].
    pub async fn learn_merchants(&self) -> Result<MerchantReport, DriverError> {
        self.decide(async |driver| {
            let basis = driver.basis().await?;
            let (made, reading) = (basis.revisions.corrections, basis.reading()?);
            let mut corrected = Vec::new();
            for user in driver.store.users_with_corrections().await? {
                if let Some(stored) = driver.store.evidence(user).await? {
                    corrected.extend(corrected_descriptors(&stored, &reading));
                }
            }
            let learned = LearnedAliases { corrections: made, ..learn_aliases(&corrected) };
            let learned_count = learned.aliases.len();
            let report = MerchantReport { learned: learned_count, ..MerchantReport::default() };
            let learned = Some(learned).filter(|learned| *learned != basis.learned);
            let plan = DirectoryPlan { learned, ..DirectoryPlan::default() };
            driver.try_directory(basis, plan, report).await
        })
        .await
    }

    /// Reads everybody's records anew where their features were derived by the rules of an earlier
    /// version; answers of how many people something changed.
    ///
    /// # Errors
    /// As [`Driver::import_merchants`].
    pub async fn bring_up_to_date(&self) -> Result<usize, DriverError> {
        self.decide(async |driver| {
            if driver.store.revisions().await?.derived >= DERIVED {
                return Ok((Commit::Done, 0));
            }
            let basis = driver.basis().await?;
            let refreshed = driver.refreshed_evidence(&basis.reading()?).await?;
            let plan = DirectoryPlan {
                derived: Some(DERIVED),
                on_catalog: Some(basis.revisions.catalog),
                on_records: Some(basis.revisions.records),
                ..DirectoryPlan::default()
            };
            let events: Vec<_> =
                refreshed.iter().map(|change| driver.refreshed_event(change)).collect();
            let commit = driver.store.commit_directory(&plan, &refreshed, &events).await?;
            Ok((commit, refreshed.len()))
        })
        .await
    }

    /// The driver of a database that was just opened: what an earlier version derived from records
    /// is brought up to date, and what may only be read is read as it is.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn up_to_date(self) -> Result<Self, StoreError> {
        match self.bring_up_to_date().await {
            Ok(_) | Err(DriverError::Store(StoreError::ReadOnly)) => Ok(self),
            Err(DriverError::Store(error)) => Err(error),
            Err(error) => Err(StoreError::Failed(error.to_string())),
        }
    }

    /// Which merchant a bank descriptor names, as far as the directory knows.
    ///
    /// # Errors
    /// [`DriverError::Store`] or [`DriverError::Reading`].
    pub async fn resolve(&self, descriptors: &[String]) -> Result<Vec<Resolution>, DriverError> {
        let (_, reading) = self.reading().await?;
        Ok(descriptors.iter().map(|text| reading.directory().resolve(text)).collect())
    }

    async fn try_directory(
        &self,
        mut basis: Basis,
        mut plan: DirectoryPlan,
        mut report: MerchantReport,
    ) -> Result<(Commit, MerchantReport), DriverError> {
        if plan.is_empty() {
            return Ok((Commit::Done, report));
        }
        plan.on_catalog = Some(basis.revisions.catalog);
        let before = basis.reading()?;
        basis.merchants = plan.after(&basis.merchants);
        if let Some(learned) = &plan.learned {
            basis.learned = learned.clone();
        }
        let (on_records, refreshed) = self.read_anew(&before, &basis).await?;
        plan.on_records = on_records;
        report.people_refreshed = refreshed.len();
        let mut events = Vec::new();
        if !plan.merchants.is_empty() {
            let (added, changed) = (report.added, report.changed);
            events.push(self.event(None, EventBody::MerchantsImported { added, changed }));
        }
        if plan.learned.is_some() {
            let body = EventBody::MerchantsLearned { aliases: report.learned };
            events.push(self.event(None, body));
        }
        events.extend(refreshed.iter().map(|change| self.refreshed_event(change)));
        Ok((self.store.commit_directory(&plan, &refreshed, &events).await?, report))
    }
}
