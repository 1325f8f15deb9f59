//! Match runs and batches.

use payme_core::audit::Event;
use payme_core::matching::Variant;
use payme_core::ports::{Commit, MatchBatch, StoreError};
use payme_core::ranking::MatchRun;
use payme_core::types::{BatchId, UserId};
use sqlx::sqlite::{SqlitePool, SqliteRow};

use super::row::{Cells, integer, json};
use super::{WriteTx, error, events, execute, result, sql};

/// The run that a statement finds, with its results.
///
/// A run never changes once it is stored, so its results can be read after it.
pub(super) async fn read(
    pool: &SqlitePool,
    statement: &'static str,
    id: &str,
) -> Result<Option<MatchRun>, StoreError> {
    let query = sqlx::query(statement).bind(id);
    let row = query.fetch_optional(pool).await.map_err(error::failed)?;
    let Some(mut run) = row.as_ref().map(run).transpose()? else {
        return Ok(None);
    };
    let query = sqlx::query(sql::RESULTS_OF).bind(run.id.to_string());
    let rows = query.fetch_all(pool).await.map_err(error::failed)?;
    run.results = rows.iter().map(result::read).collect::<Result<_, _>>()?;
    Ok(Some(run))
}

/// A run without its results.
fn run(row: &SqliteRow) -> Result<MatchRun, StoreError> {
    let cells = Cells::new(row, "match run");
    Ok(MatchRun {
        id: cells.parsed("id")?,
        user_id: cells.parsed("user_id")?,
        experiment_key: cells.parsed("experiment_key")?,
        variant: cells.word("variant", Variant::parse)?,
        started: cells.instant("started_at")?,
        completed: cells.instant("completed_at")?,
        candidate_count: cells.integer("candidate_count")?,
        result_count: cells.integer("result_count")?,
        metadata: cells.json("metadata")?,
        results: Vec::new(),
    })
}

pub(super) fn batch(row: &SqliteRow) -> Result<MatchBatch, StoreError> {
    let cells = Cells::new(row, "match batch");
    Ok(MatchBatch {
        id: cells.parsed("id")?,
        request: cells.get("request")?,
        started: cells.instant("started_at")?,
        cursor: cells.parsed_option("cursor")?,
        done: cells.integer("done")?,
        finished: cells.get("finished")?,
    })
}

/// Writes a batch, its runs and their results, then events.
pub(super) async fn write(
    tx: &mut WriteTx,
    runs: &[MatchRun],
    batch: Option<(&MatchBatch, Option<UserId>)>,
    events: &[Event],
) -> Result<Commit, StoreError> {
    if let Some((batch, resumed_from)) = batch
        && !put_batch(tx, batch, resumed_from).await?
    {
        return Ok(Commit::Conflict);
    }
    let batch = batch.map(|(batch, _)| batch.id);
    for run in runs {
        if !insert(tx, run, batch).await? {
            return Ok(Commit::Conflict);
        }
        let id = run.id.to_string();
        for (rank, one) in run.results.iter().enumerate() {
            result::insert(tx, &id, rank, one).await?;
        }
    }
    events::append(tx, events).await
}

/// Writes a batch where the stored cursor is the one it was resumed from.
async fn put_batch(
    tx: &mut WriteTx,
    batch: &MatchBatch,
    resumed_from: Option<UserId>,
) -> Result<bool, StoreError> {
    let statement = if resumed_from.is_some() { sql::BATCH_RESUME } else { sql::BATCH_START };
    let query = sqlx::query(statement)
        .bind(batch.id.to_string())
        .bind(batch.request.as_str())
        .bind(batch.started.as_micros())
        .bind(batch.cursor.map(|id| id.to_string()))
        .bind(integer(batch.done))
        .bind(batch.finished);
    let query = match resumed_from {
        Some(id) => query.bind(id.to_string()),
        None => query,
    };
    Ok(execute(tx, query).await? == 1)
}

/// Writes a run where none of its id is stored.
async fn insert(
    tx: &mut WriteTx,
    run: &MatchRun,
    batch: Option<BatchId>,
) -> Result<bool, StoreError> {
    let query = sqlx::query(sql::RUN_INSERT)
        .bind(run.id.to_string())
        .bind(batch.map(|id| id.to_string()))
        .bind(run.user_id.to_string())
        .bind(run.experiment_key.as_str())
        .bind(run.variant.as_str())
        .bind(run.started.as_micros())
        .bind(run.completed.as_micros())
        .bind(integer(run.candidate_count))
        .bind(integer(run.result_count))
        .bind(json(&run.metadata)?);
    Ok(execute(tx, query).await? == 1)
}
