//! Transactions as a person's record: what they see, correct and are shown.

use payme_core::audit::EventBody;
use payme_core::evidence::{
    CorrectionEdit, LedgerEntry, Reading, StoredEvidence, ToldAnomaly, ToldStream, anomalies_of,
    is_retraining_due, ledger_of, plan_correction, recurring_of, view,
};
use payme_core::ports::Commit;
use payme_core::sync::StoredRecord;
use payme_core::types::{RecordId, UserId};
use serde::Serialize;

use super::{Driver, DriverError, MerchantReport};

/// What an edit of a correction did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CorrectionReport {
    /// Whether the correction is another one now.
    pub changed: bool,
    /// Features of the person that were written.
    pub features_written: usize,
    /// Features of the person that are gone.
    pub features_gone: usize,
    /// What was learned, where this correction made it time to.
    pub learned: Option<MerchantReport>,
}

impl Driver {
    /// A person's transactions as they see them, the newest first.
    ///
    /// # Errors
    /// [`DriverError::UnknownUser`], [`DriverError::Store`] or [`DriverError::Reading`].
    pub async fn ledger(&self, user: UserId) -> Result<Vec<LedgerEntry>, DriverError> {
        let (stored, reading) = self.known_evidence(user).await?;
        Ok(ledger_of(&stored, &reading))
    }

    /// A person's recurring charges.
    ///
    /// # Errors
    /// As [`Driver::ledger`].
    pub async fn recurring(&self, user: UserId) -> Result<Vec<ToldStream>, DriverError> {
        let (stored, reading) = self.known_evidence(user).await?;
        Ok(recurring_of(&stored, &reading, self.now().date_utc()))
    }

    /// A person's transactions that are unusual for them, the most unusual first.
    ///
    /// # Errors
    /// As [`Driver::ledger`].
    pub async fn anomalies(&self, user: UserId) -> Result<Vec<ToldAnomaly>, DriverError> {
        let (stored, reading) = self.known_evidence(user).await?;
        Ok(anomalies_of(&stored, &reading))
    }

    /// Corrects a transaction, and reads the person's records anew with it. Where enough
    /// corrections came together, merchants are learned from them.
    ///
    /// # Errors
    /// [`DriverError::UnknownUser`], [`DriverError::UnknownRecord`], [`DriverError::Correction`],
    /// [`DriverError::Store`], [`DriverError::Reading`] or [`DriverError::Contention`]; nothing
    /// is written then.
    pub async fn correct(
        &self,
        user: UserId,
        record: RecordId,
        edit: CorrectionEdit,
    ) -> Result<CorrectionReport, DriverError> {
        let edit = &edit;
        let mut report =
            self.decide(async |driver| driver.try_correct(user, record, edit).await).await?;
        if report.changed && self.is_learning_due().await? {
            report.learned = Some(self.learn_merchants().await?);
        }
        Ok(report)
    }

    async fn try_correct(
        &self,
        user: UserId,
        record: RecordId,
        edit: &CorrectionEdit,
    ) -> Result<(Commit, CorrectionReport), DriverError> {
        let (revision, reading) = self.reading().await?;
        let stored = self.store.evidence(user).await?.ok_or(DriverError::UnknownUser(user))?;
        let live = stored.records.values().filter_map(StoredRecord::live);
        if !view(live, []).iter().any(|entry| entry.id() == record) {
            return Err(DriverError::UnknownRecord(record));
        }
        let mut change = plan_correction(&stored, record, edit, self.now(), &reading)?;
        change.on_catalog = Some(revision);
        let report = CorrectionReport {
            changed: !(change.corrections.is_empty() && change.corrections_gone.is_empty()),
            features_written: change.features.len(),
            features_gone: change.features_gone.len(),
            learned: None,
        };
        if change.is_empty() {
            return Ok((Commit::Done, report));
        }
        let event = self.event(Some(user), EventBody::TransactionCorrected { record_id: record });
        Ok((self.store.commit_evidence(&[change], &[event]).await?, report))
    }

    async fn is_learning_due(&self) -> Result<bool, DriverError> {
        let made = self.store.revisions().await?.corrections;
        Ok(is_retraining_due(&self.store.learned().await?, made))
    }

    /// A known person's evidence, and what it is read by.
    async fn known_evidence(&self, user: UserId) -> Result<(StoredEvidence, Reading), DriverError> {
        let (_, reading) = self.reading().await?;
        let stored = self.store.evidence(user).await?.ok_or(DriverError::UnknownUser(user))?;
        Ok((stored, reading))
    }
}
