//! The data behind the lock: what is checked before a commit, and what a commit writes.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::Bound;

use payme_core::audit::{Event, SequencedEvent};
use payme_core::catalog::tracker::{RowKey, TrackedRow};
use payme_core::catalog::{CatalogPlan, Settlement};
use payme_core::evidence::{
    DirectoryPlan, EvidenceChange, LearnedAliases, Merchant, StoredEvidence, StoredFeature,
    UserFeatures, effective,
};
use payme_core::learning::Impression;
use payme_core::matching::{Assignment, ExperimentKey};
use payme_core::ports::{MatchBatch, Revisions, StoreError};
use payme_core::ranking::{MatchRun, Preference};
use payme_core::sync::StoredRecord;
use payme_core::types::{EventId, FeatureKey, RunId, SettlementId, UserId, Version};

/// Everything that is stored.
#[derive(Default)]
pub(super) struct Data {
    pub(super) payouts: super::payouts::PayoutData,
    pub(super) gateway: super::gateway::GatewayData,
    pub(super) settlements: BTreeMap<SettlementId, (Version, Settlement)>,
    pub(super) tracker_rows: BTreeMap<RowKey, TrackedRow>,
    pub(super) merchants: BTreeMap<FeatureKey, Merchant>,
    pub(super) learned: LearnedAliases,
    pub(super) people: BTreeMap<UserId, StoredEvidence>,
    pub(super) assignments: BTreeMap<(UserId, ExperimentKey), Assignment>,
    pub(super) runs: BTreeMap<RunId, MatchRun>,
    /// The runs of each person, in the order in which they were stored.
    pub(super) runs_of: BTreeMap<UserId, Vec<RunId>>,
    pub(super) impressions: BTreeMap<RunId, Impression>,
    /// How often the catalogue and the records have changed, and how many corrections were made.
    catalog_changes: i64,
    record_changes: i64,
    corrections: usize,
    derived: Option<Version>,
    /// In the order in which they began to be stored.
    pub(super) batches: Vec<MatchBatch>,
    pub(super) preferences: BTreeMap<(UserId, SettlementId), Preference>,
    pub(super) events: Vec<SequencedEvent>,
    event_ids: HashSet<EventId>,
}

impl Data {
    pub(super) fn revisions(&self) -> Revisions {
        let after = |changes: i64| Version(Version::FIRST.0 + changes);
        Revisions {
            catalog: after(self.catalog_changes),
            records: after(self.record_changes),
            corrections: self.corrections,
            derived: self.derived.unwrap_or(Version::FIRST),
        }
    }

    /// Whether the revisions that a decision rests on are still these.
    pub(super) fn is_fresh(
        &self,
        on_catalog: Option<Version>,
        on_records: Option<Version>,
    ) -> bool {
        let now = self.revisions();
        on_catalog.is_none_or(|on| on == now.catalog)
            && on_records.is_none_or(|on| on == now.records)
    }

    pub(super) fn write_directory(&mut self, plan: &DirectoryPlan) {
        self.catalog_changes += i64::from(!plan.is_empty());
        self.merchants.extend(plan.merchants.clone());
        self.derived = plan.derived.or(self.derived);
        if let Some(learned) = &plan.learned {
            self.learned = learned.clone();
        }
    }

    /// Whether added settlements are not there yet and changed ones are at their versions. A plan
    /// that names a settlement twice rests on itself and conflicts.
    pub(super) fn catalog_is_fresh(&self, plan: &CatalogPlan) -> bool {
        let mut named = HashSet::new();
        let added = plan.added.iter().map(|settlement| (settlement.id, None));
        let changed = plan.changed.iter().map(|(version, row)| (row.id, Some(*version)));
        self.is_fresh(plan.on_catalog, plan.on_records)
            && added.chain(changed).all(|(id, expected)| {
                let stored = self.settlements.get(&id).map(|(version, _)| *version);
                stored == expected && named.insert(id)
            })
    }

    pub(super) fn write_catalog(&mut self, plan: &CatalogPlan) {
        self.catalog_changes += i64::from(!plan.is_empty());
        let rows = plan.tracker_rows.iter().map(|row| (row.key.clone(), row.clone()));
        self.tracker_rows.extend(rows);
        for settlement in &plan.added {
            self.settlements.insert(settlement.id, (Version::FIRST, settlement.clone()));
        }
        for (version, settlement) in &plan.changed {
            self.settlements.insert(settlement.id, (version.next(), settlement.clone()));
        }
    }

    /// Whether every change was made on the version that it will meet when its turn comes.
    pub(super) fn evidence_is_fresh(&self, changes: &[EvidenceChange]) -> bool {
        let mut meanwhile: HashMap<UserId, Version> = HashMap::new();
        let catalog = self.revisions().catalog;
        changes.iter().all(|change| {
            if change.on_catalog.is_some_and(|on| on != catalog) {
                return false;
            }
            let id = change.person.user_id;
            let stored = self.people.get(&id).and_then(|stored| stored.version);
            let fresh = meanwhile.get(&id).copied().or(stored) == change.expected;
            meanwhile.insert(id, next(change.expected));
            fresh
        })
    }

    pub(super) fn write_evidence(&mut self, changes: &[EvidenceChange]) {
        self.record_changes += i64::from(changes.iter().any(EvidenceChange::brings_records));
        for change in changes {
            self.corrections += change.corrections.len() + change.corrections_gone.len();
            let none = || StoredEvidence::none(change.person.clone());
            change.apply(self.people.entry(change.person.user_id).or_insert_with(none));
        }
    }

    pub(super) fn people_after(
        &self,
        after: Option<UserId>,
    ) -> impl Iterator<Item = &StoredEvidence> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.people.range((from, Bound::Unbounded)).map(|(_, stored)| stored)
    }

    pub(super) fn runs_are_new(&self, runs: &[MatchRun]) -> bool {
        let mut named = BTreeSet::new();
        runs.iter().all(|run| !self.runs.contains_key(&run.id) && named.insert(run.id))
    }

    /// Whether the stored cursor of the batch is the one it was resumed from; a batch that is not
    /// stored has none.
    pub(super) fn cursor_is(&self, batch: Option<(&MatchBatch, Option<UserId>)>) -> bool {
        batch.is_none_or(|(batch, resumed_from)| {
            let stored = self.batches.iter().find(|stored| stored.id == batch.id);
            stored.and_then(|stored| stored.cursor) == resumed_from
        })
    }

    pub(super) fn write_batch(&mut self, batch: &MatchBatch) {
        match self.batches.iter_mut().find(|stored| stored.id == batch.id) {
            Some(stored) => *stored = batch.clone(),
            None => self.batches.push(batch.clone()),
        }
    }

    pub(super) fn write_runs(&mut self, runs: &[MatchRun]) {
        for run in runs {
            self.runs_of.entry(run.user_id).or_default().push(run.id);
            self.runs.insert(run.id, run.clone());
        }
    }

    pub(super) fn newest_run(&self, user: UserId) -> Option<&MatchRun> {
        self.runs_of.get(&user).and_then(|ids| self.runs.get(ids.last()?))
    }

    pub(super) fn preferences_of(&self, user: UserId) -> impl Iterator<Item = &Preference> {
        let from = (user, SettlementId::from_uuid(uuid::Uuid::nil()));
        let own = self.preferences.range(from..).take_while(move |((id, _), _)| *id == user);
        own.map(|(_, preference)| preference)
    }

    /// Appends events; the last step of a commit that can fail.
    pub(super) fn append(&mut self, events: &[Event]) -> Result<(), StoreError> {
        let mut named = HashSet::new();
        let mut new = events.iter().map(|event| event.id);
        if !new.all(|id| !self.event_ids.contains(&id) && named.insert(id)) {
            return Err(StoreError::Failed("an event of this id is in the log".to_owned()));
        }
        self.event_ids.extend(named);
        for event in events {
            let sequence = self.events.last().map_or(1, |last| last.sequence + 1);
            self.events.push(SequencedEvent { sequence, event: event.clone() });
        }
        Ok(())
    }
}

/// The version after a change that was made on this one.
fn next(expected: Option<Version>) -> Version {
    expected.map_or(Version::FIRST, Version::next)
}

/// What matching may see of a person.
pub(super) fn features(stored: &StoredEvidence) -> Result<UserFeatures, StoreError> {
    let features = stored.features.iter().map(|((_, _, origin), feature)| StoredFeature {
        origin: *origin,
        feature: feature.clone(),
    });
    UserFeatures::new(stored.person.clone(), effective(features))
        .map_err(|_| StoreError::Corrupt { what: "feature" })
}

pub(super) fn has_record(stored: &StoredEvidence) -> bool {
    stored.records.values().any(|record| matches!(record, StoredRecord::Live(_)))
}
