//! Assignments and preferences, and the trait that runs and batches belong to as well.

use async_trait::async_trait;
use payme_core::audit::Event;
use payme_core::matching::{Assignment, ExperimentKey, Variant};
use payme_core::ports::{AssignmentChange, Commit, MatchBatch, MatchStore, StoreError};
use payme_core::ranking::{MatchRun, Preference};
use payme_core::types::{RunId, UserId, Version};
use sqlx::sqlite::SqliteRow;

use super::row::Cells;
use super::{SqliteStore, WriteTx, error, events, execute, finish, runs, sql};

#[async_trait]
impl MatchStore for SqliteStore {
    async fn assignment(
        &self,
        user: UserId,
        key: &ExperimentKey,
    ) -> Result<Option<Assignment>, StoreError> {
        let query = sqlx::query(sql::ASSIGNMENT_GET).bind(user.to_string()).bind(key.as_str());
        let row = query.fetch_optional(&self.read).await.map_err(error::failed)?;
        row.as_ref().map(assignment).transpose()
    }

    async fn commit_assignments(
        &self,
        changes: &[AssignmentChange],
        events: &[Event],
    ) -> Result<Commit, StoreError> {
        let mut tx = self.begin().await?;
        let written = put_assignments(&mut tx, changes, events).await;
        finish(tx, written).await
    }

    async fn commit_runs(
        &self,
        runs: &[MatchRun],
        batch: Option<(&MatchBatch, Option<UserId>)>,
        events: &[Event],
    ) -> Result<Commit, StoreError> {
        let mut tx = self.begin().await?;
        let written = runs::write(&mut tx, runs, batch, events).await;
        finish(tx, written).await
    }

    async fn newest_run(&self, user: UserId) -> Result<Option<MatchRun>, StoreError> {
        runs::read(&self.read, sql::RUN_NEWEST, &user.to_string()).await
    }

    async fn run(&self, id: RunId) -> Result<Option<MatchRun>, StoreError> {
        runs::read(&self.read, sql::RUN_GET, &id.to_string()).await
    }

    async fn newest_batch(&self, request: &str) -> Result<Option<MatchBatch>, StoreError> {
        let query = sqlx::query(sql::BATCH_NEWEST).bind(request);
        let row = query.fetch_optional(&self.read).await.map_err(error::failed)?;
        row.as_ref().map(runs::batch).transpose()
    }

    async fn preferences(&self, user: UserId) -> Result<Vec<Preference>, StoreError> {
        let query = sqlx::query(sql::PREFERENCES_OF).bind(user.to_string());
        let rows = query.fetch_all(&self.read).await.map_err(error::failed)?;
        rows.iter().map(preference).collect()
    }

    async fn commit_preference(
        &self,
        preference: &Preference,
        events: &[Event],
    ) -> Result<Commit, StoreError> {
        let mut tx = self.begin().await?;
        let written = match put_preference(&mut tx, preference).await {
            Ok(true) => events::append(&mut tx, events).await,
            Ok(false) => Ok(Commit::Conflict),
            Err(error) => Err(error),
        };
        finish(tx, written).await
    }
}

fn assignment(row: &SqliteRow) -> Result<Assignment, StoreError> {
    let cells = Cells::new(row, "assignment");
    Ok(Assignment {
        user_id: cells.parsed("user_id")?,
        experiment_key: cells.parsed("experiment_key")?,
        variant: cells.word("variant", Variant::parse)?,
        forced: cells.get("forced")?,
    })
}

/// Writes assignments, then events.
async fn put_assignments(
    tx: &mut WriteTx,
    changes: &[AssignmentChange],
    events: &[Event],
) -> Result<Commit, StoreError> {
    for AssignmentChange { expected, assignment } in changes {
        if !put_assignment(tx, expected.as_ref(), assignment).await? {
            return Ok(Commit::Conflict);
        }
    }
    events::append(tx, events).await
}

/// Writes an assignment where the stored one is the expected one.
async fn put_assignment(
    tx: &mut WriteTx,
    expected: Option<&Assignment>,
    assignment: &Assignment,
) -> Result<bool, StoreError> {
    let statement =
        if expected.is_some() { sql::ASSIGNMENT_UPDATE } else { sql::ASSIGNMENT_INSERT };
    let query = sqlx::query(statement)
        .bind(assignment.user_id.to_string())
        .bind(assignment.experiment_key.as_str())
        .bind(assignment.variant.as_str())
        .bind(assignment.forced);
    let query = match expected {
        Some(expected) => query.bind(expected.variant.as_str()).bind(expected.forced),
        None => query,
    };
    Ok(execute(tx, query).await? == 1)
}

fn preference(row: &SqliteRow) -> Result<Preference, StoreError> {
    let cells = Cells::new(row, "preference");
    let order = cells.get::<Option<i64>>("pinned_order")?;
    Ok(Preference {
        user_id: cells.parsed("user_id")?,
        settlement_id: cells.parsed("settlement_id")?,
        version: Some(Version(cells.get("version")?)),
        starred: cells.get("starred")?,
        pinned: cells.get("pinned")?,
        pinned_order: order.map(i32::try_from).transpose().map_err(|_| cells.damage())?,
    })
}

/// Writes a preference where the stored version is the one it was read with.
async fn put_preference(tx: &mut WriteTx, preference: &Preference) -> Result<bool, StoreError> {
    let expected = preference.version;
    let statement =
        if expected.is_some() { sql::PREFERENCE_UPDATE } else { sql::PREFERENCE_INSERT };
    let query = sqlx::query(statement)
        .bind(preference.user_id.to_string())
        .bind(preference.settlement_id.to_string())
        .bind(expected.map_or(Version::FIRST, Version::next).0)
        .bind(preference.starred)
        .bind(preference.pinned)
        .bind(preference.pinned_order);
    let query = match expected {
        Some(version) => query.bind(version.0),
        None => query,
    };
    Ok(execute(tx, query).await? == 1)
}
