//! Explanations: why a settlement matches a person, or why not, with the records behind it.

use std::fmt;

use payme_core::catalog::CatalogIndex;
use payme_core::evidence::{StoredEvidence, UserFeatures};
use payme_core::matching::{Assignment, Variant};
use payme_core::ranking::{Explanation, MatchResult, MatchRun, Newest, explain};
use payme_core::sync::{Record, StoredRecord};
use payme_core::types::{Date, FeatureKey, Instant, Money, RunId, SettlementId, Source, UserId};
use serde::Serialize;

use super::{Driver, DriverError, MatchOptions};

/// Records that an explanation shows for each feature, the newest first.
const RECORDS_SHOWN: usize = 5;

/// A record behind a feature, as it is shown to the person it belongs to.
///
/// Debug shows nothing of it.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct RecordView {
    /// The day, if known.
    pub date: Option<Date>,
    /// The amount of a transaction.
    pub amount: Option<String>,
    /// The merchant or description of a transaction, the subject of a message.
    pub text: String,
}

impl fmt::Debug for RecordView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordView").finish_non_exhaustive()
    }
}

/// The records behind one feature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EvidenceBehind {
    /// The feature.
    pub key: FeatureKey,
    /// Its source.
    pub source: Source,
    /// How many records support it; 0 for a feature that was imported ready-made.
    pub record_count: usize,
    /// The newest of them.
    pub records: Vec<RecordView>,
}

/// An explanation, the run it rests on, and the records behind it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RecordedExplanation {
    /// The explanation.
    #[serde(flatten)]
    pub explanation: Explanation,
    /// The person's newest run, if there is one.
    pub run_id: Option<RunId>,
    /// When that run started.
    pub run_started: Option<Instant>,
    /// The records behind each feature that the settlement names and the person has.
    pub evidence: Vec<EvidenceBehind>,
}

impl Driver {
    /// Why a settlement matches a person, or why not, judged now, with the variant of the
    /// person's newest run and what that run said.
    ///
    /// # Errors
    /// [`DriverError::UnknownUser`], [`DriverError::UnknownSettlement`] or
    /// [`DriverError::Store`].
    pub async fn explain_stored(
        &self,
        user_id: UserId,
        settlement_id: SettlementId,
        options: &MatchOptions,
    ) -> Result<RecordedExplanation, DriverError> {
        let user = self.need_user(user_id).await?;
        let index = self.catalog_index().await?;
        let run = self.store.newest_run(user_id).await?;
        let variant = match &run {
            Some(run) => run.variant,
            None => self.variant_without_storing(user_id, options).await?,
        };
        let request = options.request(variant, self.now());
        let recorded = run.as_ref().map(|run| find(run, settlement_id));
        let newest = match recorded {
            None => Newest::NoRun,
            Some(None) => Newest::NotMatched,
            Some(Some(result)) => Newest::Matched(result),
        };
        let explanation = explain(&index, &user, settlement_id, &request, newest)
            .ok_or(DriverError::UnknownSettlement(settlement_id))?;
        let evidence = self.evidence_behind(&user, &index, settlement_id).await?;
        Ok(RecordedExplanation {
            explanation,
            run_id: run.as_ref().map(|run| run.id),
            run_started: run.as_ref().map(|run| run.started),
            evidence,
        })
    }

    async fn variant_without_storing(
        &self,
        user_id: UserId,
        options: &MatchOptions,
    ) -> Result<Variant, DriverError> {
        let key = &options.experiment_key;
        let stored = self.store.assignment(user_id, key).await?;
        Ok(Assignment::decide(user_id, key, stored.as_ref(), None).variant)
    }

    async fn evidence_behind(
        &self,
        user: &UserFeatures,
        index: &CatalogIndex,
        settlement_id: SettlementId,
    ) -> Result<Vec<EvidenceBehind>, DriverError> {
        let stored = self.store.evidence(user.person().user_id).await?;
        let named = index.find(settlement_id).and_then(|ix| index.get(ix));
        let (Some(stored), Some(settlement)) = (stored, named) else { return Ok(Vec::new()) };
        let keys = settlement.eligibility.feature_keys();
        let wanted = user.features().iter().filter(|feature| keys.contains(&feature.key));
        Ok(wanted.map(|feature| behind(&stored, &feature.key, feature.source)).collect())
    }
}

fn find(run: &MatchRun, settlement_id: SettlementId) -> Option<&MatchResult> {
    run.results.iter().find(|result| result.settlement_id == settlement_id)
}

/// The records behind one feature of a person, the newest first.
fn behind(stored: &StoredEvidence, key: &FeatureKey, source: Source) -> EvidenceBehind {
    let support = stored.support.iter().filter(|s| s.key == *key && s.source == source);
    let mut records: Vec<RecordView> = support
        .filter_map(|support| match stored.records.get(&support.record) {
            Some(StoredRecord::Live(record)) => Some(view(record)),
            Some(StoredRecord::Removed) | None => None,
        })
        .collect();
    records.sort_by(|a, b| b.date.cmp(&a.date).then_with(|| a.text.cmp(&b.text)));
    let record_count = records.len();
    records.truncate(RECORDS_SHOWN);
    EvidenceBehind { key: key.clone(), source, record_count, records }
}

fn view(record: &Record) -> RecordView {
    match record {
        Record::Transaction(transaction) => RecordView {
            date: Some(transaction.date),
            amount: transaction.amount.as_ref().map(Money::to_string),
            text: transaction.merchant_name.clone().unwrap_or_else(|| transaction.name.clone()),
        },
        Record::Message(message) => {
            RecordView { date: message.date, amount: None, text: message.subject.clone() }
        }
    }
}
