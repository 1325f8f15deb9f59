//! The store that lives in memory: for tests, and for embedders who keep nothing.
//!
//! Every call holds one lock from start to end, so calls happen one after another. A commit first
//! checks everything it rests on and only then writes; nothing it does in between can fail.

mod audit;
mod awaited;
mod data;
mod gateway;
mod learning;
mod payouts;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
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

use data::Data;

/// A store that forgets everything when it is dropped.
///
/// ```
/// use payme_adapters::store::memory::MemoryStore;
/// use payme_core::ports::Store;
/// let store: Box<dyn Store> = Box::new(MemoryStore::new());
/// ```
#[derive(Default)]
pub struct MemoryStore {
    data: Mutex<Data>,
}

impl MemoryStore {
    /// A store with nothing in it.
    pub fn new() -> Self {
        Self::default()
    }

    /// Every row of payouts at once, for whoever holds a law against all of them.
    pub fn payout_rows(&self) -> payme_core::payouts::Books {
        self.data().payouts.rows()
    }

    /// The data. A thread that panicked while it held the lock was reading, or stood between two
    /// commits: a commit writes only after the last thing in it that could fail.
    fn data(&self) -> MutexGuard<'_, Data> {
        self.data.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}

#[async_trait]
impl CatalogStore for MemoryStore {
    async fn catalog(&self) -> Result<BTreeMap<SettlementId, (Version, Settlement)>, StoreError> {
        Ok(self.data().settlements.clone())
    }

    async fn revisions(&self) -> Result<Revisions, StoreError> {
        Ok(self.data().revisions())
    }

    async fn settlement(&self, id: SettlementId) -> Result<Option<Settlement>, StoreError> {
        Ok(self.data().settlements.get(&id).map(|(_, settlement)| settlement.clone()))
    }

    async fn tracker_state(&self) -> Result<TrackerState, StoreError> {
        Ok(TrackerState::new(self.data().tracker_rows.values().cloned()))
    }

    async fn commit_catalog(
        &self,
        plan: &CatalogPlan,
        refreshed: &[EvidenceChange],
        events: &[Event],
    ) -> Result<Commit, StoreError> {
        let mut data = self.data();
        if !data.catalog_is_fresh(plan) || !data.evidence_is_fresh(refreshed) {
            return Ok(Commit::Conflict);
        }
        data.append(events)?;
        data.write_catalog(plan);
        data.write_evidence(refreshed);
        Ok(Commit::Done)
    }
}

#[async_trait]
impl DirectoryStore for MemoryStore {
    async fn merchants(&self) -> Result<BTreeMap<FeatureKey, Merchant>, StoreError> {
        Ok(self.data().merchants.clone())
    }

    async fn learned(&self) -> Result<LearnedAliases, StoreError> {
        Ok(self.data().learned.clone())
    }

    async fn users_with_corrections(&self) -> Result<Vec<UserId>, StoreError> {
        let data = self.data();
        let people = data.people.iter().filter(|(_, stored)| !stored.corrections.is_empty());
        Ok(people.map(|(id, _)| *id).collect())
    }

    async fn commit_directory(
        &self,
        plan: &DirectoryPlan,
        refreshed: &[EvidenceChange],
        events: &[Event],
    ) -> Result<Commit, StoreError> {
        let mut data = self.data();
        if !data.is_fresh(plan.on_catalog, plan.on_records) || !data.evidence_is_fresh(refreshed) {
            return Ok(Commit::Conflict);
        }
        data.append(events)?;
        data.write_directory(plan);
        data.write_evidence(refreshed);
        Ok(Commit::Done)
    }
}

#[async_trait]
impl EvidenceStore for MemoryStore {
    async fn evidence(&self, user: UserId) -> Result<Option<StoredEvidence>, StoreError> {
        Ok(self.data().people.get(&user).cloned())
    }

    async fn user_features(&self, user: UserId) -> Result<Option<UserFeatures>, StoreError> {
        self.data().people.get(&user).map(data::features).transpose()
    }

    async fn users_after(
        &self,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<Vec<UserFeatures>, StoreError> {
        self.data().people_after(after).take(limit).map(data::features).collect()
    }

    async fn user_count(&self) -> Result<usize, StoreError> {
        Ok(self.data().people.len())
    }

    async fn users_with_records(&self) -> Result<Vec<UserId>, StoreError> {
        let data = self.data();
        let people = data.people.iter().filter(|(_, stored)| data::has_record(stored));
        Ok(people.map(|(id, _)| *id).collect())
    }

    async fn support(
        &self,
        user: UserId,
        key: &FeatureKey,
        source: Source,
    ) -> Result<Vec<RecordId>, StoreError> {
        let data = self.data();
        let support = data.people.get(&user).into_iter().flat_map(|stored| &stored.support);
        let of_feature = support.filter(|support| support.key == *key && support.source == source);
        Ok(of_feature.map(|support| support.record).collect())
    }

    async fn commit_evidence(
        &self,
        changes: &[EvidenceChange],
        events: &[Event],
    ) -> Result<Commit, StoreError> {
        let mut data = self.data();
        if !data.evidence_is_fresh(changes) {
            return Ok(Commit::Conflict);
        }
        data.append(events)?;
        data.write_evidence(changes);
        Ok(Commit::Done)
    }
}

#[async_trait]
impl MatchStore for MemoryStore {
    async fn assignment(
        &self,
        user: UserId,
        key: &ExperimentKey,
    ) -> Result<Option<Assignment>, StoreError> {
        Ok(self.data().assignments.get(&(user, key.clone())).cloned())
    }

    async fn commit_assignments(
        &self,
        changes: &[AssignmentChange],
        events: &[Event],
    ) -> Result<Commit, StoreError> {
        let mut data = self.data();
        let mut after = BTreeMap::new();
        for AssignmentChange { expected, assignment } in changes {
            let id = (assignment.user_id, assignment.experiment_key.clone());
            if after.get(&id).or_else(|| data.assignments.get(&id)) != expected.as_ref() {
                return Ok(Commit::Conflict);
            }
            after.insert(id, assignment.clone());
        }
        data.append(events)?;
        data.assignments.extend(after);
        Ok(Commit::Done)
    }

    async fn commit_runs(
        &self,
        runs: &[MatchRun],
        batch: Option<(&MatchBatch, Option<UserId>)>,
        events: &[Event],
    ) -> Result<Commit, StoreError> {
        let mut data = self.data();
        if !data.runs_are_new(runs) || !data.cursor_is(batch) {
            return Ok(Commit::Conflict);
        }
        data.append(events)?;
        data.write_runs(runs);
        if let Some((batch, _)) = batch {
            data.write_batch(batch);
        }
        Ok(Commit::Done)
    }

    async fn newest_run(&self, user: UserId) -> Result<Option<MatchRun>, StoreError> {
        Ok(self.data().newest_run(user).cloned())
    }

    async fn run(&self, id: RunId) -> Result<Option<MatchRun>, StoreError> {
        Ok(self.data().runs.get(&id).cloned())
    }

    async fn newest_batch(&self, request: &str) -> Result<Option<MatchBatch>, StoreError> {
        let data = self.data();
        Ok(data.batches.iter().rfind(|batch| batch.request == request).cloned())
    }

    async fn preferences(&self, user: UserId) -> Result<Vec<Preference>, StoreError> {
        Ok(self.data().preferences_of(user).copied().collect())
    }

    async fn commit_preference(
        &self,
        preference: &Preference,
        events: &[Event],
    ) -> Result<Commit, StoreError> {
        let mut data = self.data();
        let id = (preference.user_id, preference.settlement_id);
        let stored = data.preferences.get(&id).and_then(|stored| stored.version);
        if stored != preference.version {
            return Ok(Commit::Conflict);
        }
        data.append(events)?;
        let version = stored.map_or(Version::FIRST, Version::next);
        data.preferences.insert(id, Preference { version: Some(version), ..*preference });
        Ok(Commit::Done)
    }
}

#[async_trait]
impl EventStore for MemoryStore {
    async fn append_events(&self, events: &[Event]) -> Result<(), StoreError> {
        self.data().append(events)
    }

    async fn events_after(
        &self,
        sequence: i64,
        limit: usize,
    ) -> Result<Vec<SequencedEvent>, StoreError> {
        let data = self.data();
        // Places are 1, 2, 3, ...: the entry behind place n stands at index n.
        let skipped = usize::try_from(sequence.max(0)).unwrap_or(usize::MAX);
        Ok(data.events.iter().skip(skipped).take(limit).cloned().collect())
    }
}
