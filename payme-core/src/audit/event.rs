//! The events, one variant for each decision that is logged.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::claims::ClaimState;
use crate::matching::{ExperimentKey, Variant};
use crate::payouts::{AttorneyStatus, DestinationProvider, ProviderTransferId, RailStatus};
use crate::types::{
    AttorneyId, DestinationId, EventId, Instant, RecordId, RunId, SettlementId, Source, UserId,
};

/// What happened. The JSON form names the variant in `kind` and carries no personal data beyond
/// ids and counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum EventBody {
    /// Settlements were added or changed.
    CatalogImported {
        /// How many are new.
        added: usize,
        /// How many changed.
        changed: usize,
    },
    /// Exports of a tracker were read.
    TrackerImported {
        /// Rows that were taken or merged.
        rows: usize,
        /// Rows that were refused.
        refused: usize,
    },
    /// Merchants were added or changed.
    MerchantsImported {
        /// How many are new.
        added: usize,
        /// How many changed.
        changed: usize,
    },
    /// Aliases of merchants were learned from corrections.
    MerchantsLearned {
        /// How many are known now.
        aliases: usize,
    },
    /// A person's records changed, and their features with them.
    EvidenceImported {
        /// Where the records came from.
        source: Source,
        /// How many records are new.
        added: usize,
        /// How many records changed.
        changed: usize,
        /// How many records were removed.
        removed: usize,
    },
    /// A person's features were imported ready-made.
    FeaturesImported {
        /// How many features were written.
        written: usize,
        /// How many features are gone.
        gone: usize,
    },
    /// A person's features were read anew because what they are read by changed.
    FeaturesRefreshed {
        /// How many features were written.
        written: usize,
        /// How many features are gone.
        gone: usize,
    },
    /// A person corrected a transaction, or took a correction back.
    TransactionCorrected {
        /// The transaction.
        record_id: RecordId,
    },
    /// What is known of the person changed.
    PersonChanged,
    /// A person got a variant.
    ExperimentExposed {
        /// The experiment.
        experiment_key: ExperimentKey,
        /// The variant.
        variant: Variant,
        /// Whether somebody chose it.
        forced: bool,
    },
    /// A match run started.
    MatchRunStarted {
        /// The run.
        run_id: RunId,
        /// How signals become scores.
        variant: Variant,
    },
    /// A match run was completed.
    MatchRunCompleted {
        /// The run.
        run_id: RunId,
        /// How many settlements the person is eligible for.
        candidate_count: usize,
        /// How many of them were kept.
        result_count: usize,
    },
    /// A person saw results of a run.
    ResultsShown {
        /// The run.
        run_id: RunId,
        /// How many of them, from the best on.
        shown: u32,
    },
    /// Samples were exported.
    MlExportCompleted {
        /// How many.
        sample_count: usize,
        /// How many of them have a label.
        labeled_count: usize,
    },
    /// A ranker was trained and judged.
    MlRetrainCompleted {
        /// Whether its weights came into force.
        promoted: bool,
        /// Their version.
        weights_version: u32,
        /// Precision at 5 on rows that were held out.
        precision_at_5: serde_json::Number,
        /// How many samples there were.
        sample_count: usize,
        /// By how much each measure differs from that of the weights that were in force.
        deltas: BTreeMap<String, serde_json::Number>,
    },
    /// A rail said that something happened. What did is read from its events.
    PayoutWebhookReceived {
        /// What the rail calls the kind.
        event_type: String,
        /// The transfer, where the webhook names one.
        transfer_id: Option<ProviderTransferId>,
        /// Its status, where the webhook says one.
        status: Option<RailStatus>,
    },
    /// A person said something about a settlement.
    PreferenceSet {
        /// The settlement.
        settlement_id: SettlementId,
        /// Whether it is marked.
        starred: bool,
        /// Whether it is pinned.
        pinned: bool,
        /// Its place among the pinned ones.
        pinned_order: Option<i32>,
    },
    /// A person registered as an attorney.
    AttorneyRegistered {
        /// The attorney.
        attorney_id: AttorneyId,
    },
    /// An attorney may act again, or not any more.
    AttorneyStatusChanged {
        /// The attorney.
        attorney_id: AttorneyId,
        /// Whether they may.
        status: AttorneyStatus,
    },
    /// An attorney got a new key; the one before is worth nothing any more.
    ApiKeyIssued {
        /// The attorney.
        attorney_id: AttorneyId,
    },
    /// It is known where to send a person's money.
    DestinationLinked {
        /// The destination.
        destination_id: DestinationId,
        /// Who knows the account.
        provider: DestinationProvider,
    },
    /// No money is sent there any more.
    DestinationRevoked {
        /// The destination.
        destination_id: DestinationId,
    },
    /// A settlement asks other questions from now on.
    QuestionsSet {
        /// The settlement.
        settlement_id: SettlementId,
        /// How many.
        questions: usize,
    },
    /// A person moved a claim.
    ClaimMoved {
        /// The settlement.
        settlement_id: SettlementId,
        /// Where it stands now.
        state: ClaimState,
    },
    /// What a person filed with a claim was stored.
    ClaimAnswered {
        /// The settlement.
        settlement_id: SettlementId,
        /// How many answers.
        answers: usize,
        /// How many records.
        evidence: usize,
    },
}

impl EventBody {
    /// The name of the variant, as in the JSON form.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::CatalogImported { .. } => "catalog_imported",
            Self::TrackerImported { .. } => "tracker_imported",
            Self::MerchantsImported { .. } => "merchants_imported",
            Self::MerchantsLearned { .. } => "merchants_learned",
            Self::EvidenceImported { .. } => "evidence_imported",
            Self::FeaturesImported { .. } => "features_imported",
            Self::FeaturesRefreshed { .. } => "features_refreshed",
            Self::TransactionCorrected { .. } => "transaction_corrected",
            Self::PersonChanged => "person_changed",
            Self::ExperimentExposed { .. } => "experiment_exposed",
            Self::MatchRunStarted { .. } => "match_run_started",
            Self::MatchRunCompleted { .. } => "match_run_completed",
            Self::ResultsShown { .. } => "results_shown",
            Self::MlExportCompleted { .. } => "ml_export_completed",
            Self::MlRetrainCompleted { .. } => "ml_retrain_completed",
            Self::PayoutWebhookReceived { .. } => "payout_webhook_received",
            Self::PreferenceSet { .. } => "preference_set",
            Self::AttorneyRegistered { .. } => "attorney_registered",
            Self::AttorneyStatusChanged { .. } => "attorney_status_changed",
            Self::ApiKeyIssued { .. } => "api_key_issued",
            Self::DestinationLinked { .. } => "destination_linked",
            Self::DestinationRevoked { .. } => "destination_revoked",
            Self::QuestionsSet { .. } => "questions_set",
            Self::ClaimMoved { .. } => "claim_moved",
            Self::ClaimAnswered { .. } => "claim_answered",
        }
    }
}

/// An entry of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The entry's id.
    pub id: EventId,
    /// When it happened.
    pub at: Instant,
    /// Whom it concerns.
    pub user_id: Option<UserId>,
    /// What happened.
    pub body: EventBody,
}

/// An entry as the store keeps it, with its place in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SequencedEvent {
    /// Its place, growing from 1.
    pub sequence: i64,
    /// The entry.
    pub event: Event,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_is_what_the_json_form_says() {
        let body = EventBody::ExperimentExposed {
            experiment_key: ExperimentKey::default(),
            variant: Variant::RulesVector,
            forced: true,
        };
        let json = serde_json::to_value(&body).unwrap();
        assert_eq!(
            json,
            serde_json::json!({"kind": body.kind(), "experiment_key": "matching_v1",
                "variant": "rules_vector", "forced": true})
        );
        assert_eq!(serde_json::from_value::<EventBody>(json).unwrap(), body);
        let person = serde_json::to_value(EventBody::PersonChanged).unwrap();
        assert_eq!(person, serde_json::json!({"kind": "person_changed"}));
    }
}
