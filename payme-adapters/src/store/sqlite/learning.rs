//! What people were shown: the rows of runs and results, with their claims.

use async_trait::async_trait;
use payme_core::audit::Event;
use payme_core::claims::ClaimState;
use payme_core::learning::{Impression, ShownResult};
use payme_core::matching::Variant;
use payme_core::ports::{Commit, LearningStore, ShownPage, StoreError};
use payme_core::types::{RunId, UserId};
use sqlx::sqlite::SqliteRow;

use super::row::{Cells, integer};
use super::{SqliteStore, WriteTx, error, events, execute, finish, sql};

#[async_trait]
impl LearningStore for SqliteStore {
    async fn shown_after(
        &self,
        after: Option<UserId>,
        people: usize,
    ) -> Result<ShownPage, StoreError> {
        // Both statements see one moment.
        let mut tx = self.read.begin().await.map_err(error::failed)?;
        let after = after.map_or_else(String::new, |id| id.to_string());
        let query = sqlx::query(sql::PEOPLE_WITH_RUNS).bind(&after).bind(integer(people));
        let rows = query.fetch_all(&mut *tx).await.map_err(error::failed)?;
        let Some(last) = rows.last() else {
            return Ok(ShownPage::default());
        };
        let last: UserId = Cells::new(last, "match run").parsed("user_id")?;
        let query = sqlx::query(sql::SHOWN_BETWEEN).bind(&after).bind(last.to_string());
        let shown = query.fetch_all(&mut *tx).await.map_err(error::failed)?;
        let results = shown.iter().map(shown_result).collect::<Result<_, _>>()?;
        Ok(ShownPage { results, next: (rows.len() == people).then_some(last) })
    }

    async fn impression(&self, run: RunId) -> Result<Option<Impression>, StoreError> {
        let query = sqlx::query(sql::IMPRESSION_GET).bind(run.to_string());
        let row = query.fetch_optional(&self.read).await.map_err(error::failed)?;
        row.as_ref().map(impression).transpose()
    }

    async fn commit_impression(
        &self,
        impression: Impression,
        expected: Option<Impression>,
        events: &[Event],
    ) -> Result<Commit, StoreError> {
        let mut tx = self.begin().await?;
        let written = match put_impression(&mut tx, impression, expected).await {
            Ok(true) => events::append(&mut tx, events).await,
            Ok(false) => Ok(Commit::Conflict),
            Err(error) => Err(error),
        };
        finish(tx, written).await
    }
}

fn shown_result(row: &SqliteRow) -> Result<ShownResult, StoreError> {
    let cells = Cells::new(row, "match result");
    Ok(ShownResult {
        user_id: cells.parsed("user_id")?,
        settlement_id: cells.parsed("settlement_id")?,
        run_id: cells.parsed("run_id")?,
        at: cells.instant("first_shown_at")?,
        variant: cells.word("variant", Variant::parse)?,
        forced: cells.get("forced")?,
        position: cells.integer("position")?,
        signals: cells.json("signals")?,
        claim: cells.word_option("state", ClaimState::parse)?,
    })
}

fn impression(row: &SqliteRow) -> Result<Impression, StoreError> {
    let cells = Cells::new(row, "impression");
    Ok(Impression { run_id: cells.parsed("run_id")?, shown: cells.integer("shown")? })
}

/// Writes an impression where the stored one is the expected one, and the run is there.
async fn put_impression(
    tx: &mut WriteTx,
    impression: Impression,
    expected: Option<Impression>,
) -> Result<bool, StoreError> {
    let statement =
        if expected.is_some() { sql::IMPRESSION_UPDATE } else { sql::IMPRESSION_INSERT };
    let query = sqlx::query(statement).bind(impression.run_id.to_string()).bind(impression.shown);
    let query = match expected {
        Some(expected) => query.bind(expected.shown),
        None => query,
    };
    Ok(execute(tx, query).await? == 1)
}
