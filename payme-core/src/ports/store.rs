//! What a store must do: keep what the core decided, all of it or nothing.
//!
//! Every `commit_*` applies one decision in one transaction: rows and events together. Where a
//! decision was made on a version that is no longer the stored one, nothing is written and the
//! answer is [`Commit::Conflict`]; the driver loads again and decides anew.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::{AuditStore, GatewayStore, LearningStore, PayoutStore};
use crate::audit::{Event, SequencedEvent};
use crate::catalog::tracker::TrackerState;
use crate::catalog::{CatalogPlan, Settlement};
use crate::evidence::{
    DirectoryPlan, EvidenceChange, LearnedAliases, Merchant, StoredEvidence, UserFeatures,
};
use crate::matching::{Assignment, ExperimentKey};
use crate::ranking::{MatchRun, Preference};
use crate::types::{BatchId, FeatureKey, Instant, RecordId, SettlementId, Source, UserId, Version};

pub use crate::types::Commit;

/// Why a store could not answer. Carries no personal data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be opened.
    #[error("cannot open the database: {0}")]
    Open(String),
    /// The database was written by a newer version of PayMe.
    #[error(
        "the database has schema version {found}, this PayMe knows versions up to {known}: \
         use a newer PayMe"
    )]
    Newer {
        /// The version of the database.
        found: i64,
        /// The newest version that is known here.
        known: i64,
    },
    /// The database may not be written to.
    #[error("the database is read-only: check its permissions, or choose another with --db")]
    ReadOnly,
    /// There is no room for the change. Nothing of it was written.
    #[error("the disk is full: nothing of this change was written; make room and try again")]
    Full,
    /// Another process holds the database.
    #[error("the database is busy: another process is writing to it; try again")]
    Busy,
    /// A stored row cannot be read.
    #[error("a stored {what} cannot be read: the database is damaged")]
    Corrupt {
        /// What kind of row.
        what: &'static str,
    },
    /// The change may or may not have been written: ask again before repeating it.
    #[error("the database did not answer; the change may or may not have been written: {0}")]
    Unknown(String),
    /// Anything else. Nothing was written.
    #[error("the database failed: {0}")]
    Failed(String),
}

impl StoreError {
    /// The stable code of this error.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Open(_) => "store_open",
            Self::Newer { .. } => "store_newer_schema",
            Self::ReadOnly => "store_read_only",
            Self::Full => "store_full",
            Self::Busy => "store_busy",
            Self::Corrupt { .. } => "store_corrupt",
            Self::Unknown(_) => "store_unknown_outcome",
            Self::Failed(_) => "store_failed",
        }
    }

    /// Whether the change may have been written all the same.
    pub const fn may_have_happened(&self) -> bool {
        matches!(self, Self::Unknown(_))
    }
}

/// How often what everybody shares has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revisions {
    /// What records are read by: settlements, tracker rows, merchants, learned aliases.
    /// [`Version::FIRST`] at first, one more with each commit that changes any of it.
    pub catalog: Version,
    /// Somebody's records were added or changed: [`Version::FIRST`] at first, one more each time.
    pub records: Version,
    /// How many corrections were made, changed ones counted anew.
    pub corrections: usize,
    /// The version of the rules by which everybody's features were derived; the first at first.
    pub derived: Version,
}

/// Settlements.
#[async_trait]
pub trait CatalogStore: Send + Sync {
    /// Every settlement with its version, by id.
    async fn catalog(&self) -> Result<BTreeMap<SettlementId, (Version, Settlement)>, StoreError>;

    /// How often what everybody shares has changed.
    async fn revisions(&self) -> Result<Revisions, StoreError>;

    /// The settlement of an id.
    async fn settlement(&self, id: SettlementId) -> Result<Option<Settlement>, StoreError>;

    /// What is kept of trackers.
    async fn tracker_state(&self) -> Result<TrackerState, StoreError>;

    /// Writes an import together with the features that a changed lexicon reads anew, all or
    /// none. Conflicts when an added settlement exists already, when a changed settlement or a
    /// refreshed person has another version, or when a revision that the plan names is no longer
    /// the stored one. A plan that is not empty raises the revision of the catalogue by one.
    async fn commit_catalog(
        &self,
        plan: &CatalogPlan,
        refreshed: &[EvidenceChange],
        events: &[Event],
    ) -> Result<Commit, StoreError>;
}

/// Merchants that bank descriptors are resolved to, and what was learned from corrections.
#[async_trait]
pub trait DirectoryStore: Send + Sync {
    /// Every merchant, by key.
    async fn merchants(&self) -> Result<BTreeMap<FeatureKey, Merchant>, StoreError>;

    /// What was learned from corrections; nothing at first.
    async fn learned(&self) -> Result<LearnedAliases, StoreError>;

    /// The people who have at least one correction, by id.
    async fn users_with_corrections(&self) -> Result<Vec<UserId>, StoreError>;

    /// Writes merchants, replacing those of the same key, and what was learned, together with the
    /// features that are read anew by them, all or none. Conflicts when a refreshed person has
    /// another version, or when a revision that the plan names is no longer the stored one. A
    /// plan that is not empty raises the revision of the catalogue by one.
    async fn commit_directory(
        &self,
        plan: &DirectoryPlan,
        refreshed: &[EvidenceChange],
        events: &[Event],
    ) -> Result<Commit, StoreError>;
}

/// People and their evidence.
#[async_trait]
pub trait EvidenceStore: Send + Sync {
    /// Everything stored of a person's evidence, as one consistent version; `None` when the
    /// person is not known.
    async fn evidence(&self, user: UserId) -> Result<Option<StoredEvidence>, StoreError>;

    /// What matching may know of a person: the effective features, and no record.
    async fn user_features(&self, user: UserId) -> Result<Option<UserFeatures>, StoreError>;

    /// The same for many people: at most `limit` of them whose id is above `after`, by id.
    async fn users_after(
        &self,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<Vec<UserFeatures>, StoreError>;

    /// How many people are known.
    async fn user_count(&self) -> Result<usize, StoreError>;

    /// The people who have at least one record, by id: those whom a changed catalogue concerns.
    async fn users_with_records(&self) -> Result<Vec<UserId>, StoreError>;

    /// The records behind one derived feature, by id.
    async fn support(
        &self,
        user: UserId,
        key: &FeatureKey,
        source: Source,
    ) -> Result<Vec<RecordId>, StoreError>;

    /// Writes changes of any number of people, all or none. Conflicts when one of them was made
    /// on another version, or on a revision of the catalogue that is no longer the stored one.
    /// Every changed person's version grows by one, the revision of the records if one of the
    /// changes brings records, and the number of corrections by those written and deleted.
    async fn commit_evidence(
        &self,
        changes: &[EvidenceChange],
        events: &[Event],
    ) -> Result<Commit, StoreError>;
}

/// An assignment to store, and the stored one it rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssignmentChange {
    /// The stored one; `None` when there is none.
    pub expected: Option<Assignment>,
    /// The one to store.
    pub assignment: Assignment,
}

/// A run over every person, which can be resumed where it stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatchBatch {
    /// The batch's id.
    pub id: BatchId,
    /// What was asked for, as text; a batch is resumed only by the same request.
    pub request: String,
    /// The time of matching, the same for everybody.
    pub started: Instant,
    /// The last person whose run is stored.
    pub cursor: Option<UserId>,
    /// How many people are done.
    pub done: usize,
    /// Whether everybody is done.
    pub finished: bool,
}

impl MatchBatch {
    /// How old a batch may be to be taken up again, in microseconds: a day. Deadlines are held
    /// against the moment it began.
    const RESUMED_WITHIN_MICROS: i64 = 24 * 3_600 * 1_000_000;

    /// Whether the batch is to be taken up at this moment, instead of beginning a new one.
    pub fn can_be_resumed(&self, now: Instant) -> bool {
        let age = now.as_micros().saturating_sub(self.started.as_micros());
        !self.finished && (0..=Self::RESUMED_WITHIN_MICROS).contains(&age)
    }
}

/// Assignments, match runs, batches and preferences.
#[async_trait]
pub trait MatchStore: Send + Sync {
    /// A person's variant in an experiment, if one is stored.
    async fn assignment(
        &self,
        user: UserId,
        key: &ExperimentKey,
    ) -> Result<Option<Assignment>, StoreError>;

    /// Stores assignments, all or none. Conflicts when a stored one is not the expected one.
    async fn commit_assignments(
        &self,
        changes: &[AssignmentChange],
        events: &[Event],
    ) -> Result<Commit, StoreError>;

    /// Stores runs with their results, and the batch they belong to, all or none. A run whose id
    /// is stored already conflicts; so does a batch whose stored cursor is not `resumed_from`.
    async fn commit_runs(
        &self,
        runs: &[MatchRun],
        batch: Option<(&MatchBatch, Option<UserId>)>,
        events: &[Event],
    ) -> Result<Commit, StoreError>;

    /// The run of a person that was stored last.
    async fn newest_run(&self, user: UserId) -> Result<Option<MatchRun>, StoreError>;

    /// The run of an id.
    async fn run(&self, id: crate::types::RunId) -> Result<Option<MatchRun>, StoreError>;

    /// The batch of a request that began to be stored last.
    async fn newest_batch(&self, request: &str) -> Result<Option<MatchBatch>, StoreError>;

    /// What a person has said about settlements, by settlement id.
    async fn preferences(&self, user: UserId) -> Result<Vec<Preference>, StoreError>;

    /// Stores a preference whose `version` is the one it was read with. Conflicts when the stored
    /// one has another version. The version grows by one.
    async fn commit_preference(
        &self,
        preference: &Preference,
        events: &[Event],
    ) -> Result<Commit, StoreError>;
}

/// The event log.
#[async_trait]
pub trait EventStore: Send + Sync {
    /// Appends entries that stand for themselves: all or none.
    async fn append_events(&self, events: &[Event]) -> Result<(), StoreError>;

    /// At most `limit` entries behind a place in the log, in order.
    async fn events_after(
        &self,
        sequence: i64,
        limit: usize,
    ) -> Result<Vec<SequencedEvent>, StoreError>;
}

/// A whole store.
pub trait Store:
    CatalogStore
    + DirectoryStore
    + EvidenceStore
    + MatchStore
    + LearningStore
    + EventStore
    + PayoutStore
    + AuditStore
    + GatewayStore
{
}

impl<T> Store for T where
    T: CatalogStore
        + DirectoryStore
        + EvidenceStore
        + MatchStore
        + LearningStore
        + EventStore
        + PayoutStore
        + AuditStore
        + GatewayStore
{
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_taken_up_within_a_day_unless_it_is_finished() {
        let at = |text| Instant::parse(text).unwrap();
        let batch = |finished| MatchBatch {
            id: BatchId::from_uuid(uuid::Uuid::nil()),
            request: String::new(),
            started: at("2026-02-01T12:00:00Z"),
            cursor: None,
            done: 0,
            finished,
        };
        let table = [
            ("2026-02-01T11:59:59Z", false, false),
            ("2026-02-01T12:00:00Z", false, true),
            ("2026-02-02T12:00:00Z", false, true),
            ("2026-02-02T12:00:01Z", false, false),
            ("2026-02-01T12:00:00Z", true, false),
        ];
        for (now, finished, expected) in table {
            assert_eq!(batch(finished).can_be_resumed(at(now)), expected, "{now} {finished}");
        }
    }
}
