//! A store that opens its file for every call and closes it again.

use std::collections::BTreeMap;

use async_trait::async_trait;
use payme_adapters::store::sqlite::SqliteStore;
use payme_core::audit::{Event, SequencedEvent};
use payme_core::catalog::tracker::TrackerState;
use payme_core::catalog::{CatalogPlan, Settlement};
use payme_core::evidence::{
    DirectoryPlan, EvidenceChange, LearnedAliases, Merchant, StoredEvidence, UserFeatures,
};
use payme_core::matching::{Assignment, ExperimentKey};
use payme_core::ports::{
    AssignmentChange, CatalogStore, Commit, DirectoryStore, EventStore, EvidenceStore, MatchBatch,
    MatchStore, Revisions, StoreError,
};
use payme_core::ranking::{MatchRun, Preference};
use payme_core::types::{FeatureKey, RecordId, RunId, SettlementId, Source, UserId, Version};

pub(crate) struct Reopened {
    pub(crate) path: String,
}

/// Opens, calls, closes.
macro_rules! reopened {
    ($self:ident.$method:ident($($argument:expr),*)) => {{
        let store = SqliteStore::open(&$self.path).await?;
        let answer = store.$method($($argument),*).await;
        store.close().await;
        answer
    }};
}

#[async_trait]
impl CatalogStore for Reopened {
    async fn catalog(&self) -> Result<BTreeMap<SettlementId, (Version, Settlement)>, StoreError> {
        reopened!(self.catalog())
    }

    async fn settlement(&self, id: SettlementId) -> Result<Option<Settlement>, StoreError> {
        reopened!(self.settlement(id))
    }

    async fn revisions(&self) -> Result<Revisions, StoreError> {
        reopened!(self.revisions())
    }

    async fn tracker_state(&self) -> Result<TrackerState, StoreError> {
        reopened!(self.tracker_state())
    }

    async fn commit_catalog(
        &self,
        plan: &CatalogPlan,
        refreshed: &[EvidenceChange],
        events: &[Event],
    ) -> Result<Commit, StoreError> {
        reopened!(self.commit_catalog(plan, refreshed, events))
    }
}

#[async_trait]
impl DirectoryStore for Reopened {
    async fn merchants(&self) -> Result<BTreeMap<FeatureKey, Merchant>, StoreError> {
        reopened!(self.merchants())
    }

    async fn learned(&self) -> Result<LearnedAliases, StoreError> {
        reopened!(self.learned())
    }

    async fn users_with_corrections(&self) -> Result<Vec<UserId>, StoreError> {
        reopened!(self.users_with_corrections())
    }

    async fn commit_directory(
        &self,
        plan: &DirectoryPlan,
        refreshed: &[EvidenceChange],
        events: &[Event],
    ) -> Result<Commit, StoreError> {
        reopened!(self.commit_directory(plan, refreshed, events))
    }
}

#[async_trait]
impl EvidenceStore for Reopened {
    async fn evidence(&self, user: UserId) -> Result<Option<StoredEvidence>, StoreError> {
        reopened!(self.evidence(user))
    }

    async fn user_features(&self, user: UserId) -> Result<Option<UserFeatures>, StoreError> {
        reopened!(self.user_features(user))
    }

    async fn users_after(
        &self,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<Vec<UserFeatures>, StoreError> {
        reopened!(self.users_after(after, limit))
    }

    async fn user_count(&self) -> Result<usize, StoreError> {
        reopened!(self.user_count())
    }

    async fn users_with_records(&self) -> Result<Vec<UserId>, StoreError> {
        reopened!(self.users_with_records())
    }

    async fn support(
        &self,
        user: UserId,
        key: &FeatureKey,
        source: Source,
    ) -> Result<Vec<RecordId>, StoreError> {
        reopened!(self.support(user, key, source))
    }

    async fn commit_evidence(
        &self,
        changes: &[EvidenceChange],
        events: &[Event],
    ) -> Result<Commit, StoreError> {
        reopened!(self.commit_evidence(changes, events))
    }
}

#[async_trait]
impl MatchStore for Reopened {
    async fn assignment(
        &self,
        user: UserId,
        key: &ExperimentKey,
    ) -> Result<Option<Assignment>, StoreError> {
        reopened!(self.assignment(user, key))
    }

    async fn commit_assignments(
        &self,
        changes: &[AssignmentChange],
        events: &[Event],
    ) -> Result<Commit, StoreError> {
        reopened!(self.commit_assignments(changes, events))
    }

    async fn commit_runs(
        &self,
        runs: &[MatchRun],
        batch: Option<(&MatchBatch, Option<UserId>)>,
        events: &[Event],
    ) -> Result<Commit, StoreError> {
        reopened!(self.commit_runs(runs, batch, events))
    }

    async fn newest_run(&self, user: UserId) -> Result<Option<MatchRun>, StoreError> {
        reopened!(self.newest_run(user))
    }

    async fn run(&self, id: RunId) -> Result<Option<MatchRun>, StoreError> {
        reopened!(self.run(id))
    }

    async fn newest_batch(&self, request: &str) -> Result<Option<MatchBatch>, StoreError> {
        reopened!(self.newest_batch(request))
    }

    async fn preferences(&self, user: UserId) -> Result<Vec<Preference>, StoreError> {
        reopened!(self.preferences(user))
    }

    async fn commit_preference(
        &self,
        preference: &Preference,
        events: &[Event],
    ) -> Result<Commit, StoreError> {
        reopened!(self.commit_preference(preference, events))
    }
}

#[async_trait]
impl EventStore for Reopened {
    async fn events_after(
        &self,
        sequence: i64,
        limit: usize,
    ) -> Result<Vec<SequencedEvent>, StoreError> {
        reopened!(self.events_after(sequence, limit))
    }
}
