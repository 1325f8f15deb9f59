//! Merchants, and what was learned from corrections.

use std::collections::BTreeMap;

use async_trait::async_trait;
use payme_core::audit::Event;
use payme_core::evidence::{DirectoryPlan, EvidenceChange, LearnedAliases, Merchant};
use payme_core::ports::{Commit, DirectoryStore, StoreError};
use payme_core::types::{FeatureKey, UserId};
use sqlx::sqlite::SqliteRow;

use super::row::{Cells, json};
use super::{SqliteStore, WriteTx, catalog, error, evidence, execute, finish, sql};

#[async_trait]
impl DirectoryStore for SqliteStore {
    async fn merchants(&self) -> Result<BTreeMap<FeatureKey, Merchant>, StoreError> {
        let query = sqlx::query(sql::MERCHANTS);
        let rows = query.fetch_all(&self.read).await.map_err(error::failed)?;
        rows.iter().map(merchant).collect()
    }

    async fn learned(&self) -> Result<LearnedAliases, StoreError> {
        let query = sqlx::query(sql::LEARNED_GET);
        let row = query.fetch_optional(&self.read).await.map_err(error::failed)?;
        let learned = row.map(|row| Cells::new(&row, "learned aliases").json("body"));
        Ok(learned.transpose()?.unwrap_or_default())
    }

    async fn users_with_corrections(&self) -> Result<Vec<UserId>, StoreError> {
        let query = sqlx::query(sql::USERS_WITH_CORRECTIONS);
        let rows = query.fetch_all(&self.read).await.map_err(error::failed)?;
        rows.iter().map(|row| Cells::new(row, "correction").parsed("user_id")).collect()
    }

    async fn commit_directory(
        &self,
        plan: &DirectoryPlan,
        refreshed: &[EvidenceChange],
        events: &[Event],
    ) -> Result<Commit, StoreError> {
        let mut tx = self.begin().await?;
        let written = write(&mut tx, plan, refreshed, events).await;
        finish(tx, written).await
    }
}

fn merchant(row: &SqliteRow) -> Result<(FeatureKey, Merchant), StoreError> {
    let cells = Cells::new(row, "merchant");
    Ok((cells.parsed("key")?, cells.json("body")?))
}

async fn write(
    tx: &mut WriteTx,
    plan: &DirectoryPlan,
    refreshed: &[EvidenceChange],
    events: &[Event],
) -> Result<Commit, StoreError> {
    if !catalog::is_fresh(tx, plan.on_catalog, plan.on_records).await? {
        return Ok(Commit::Conflict);
    }
    for (key, merchant) in &plan.merchants {
        let query = sqlx::query(sql::MERCHANT_PUT)
            .bind(key.as_str())
            .bind(merchant.name.as_str())
            .bind(json(merchant)?);
        execute(tx, query).await?;
    }
    if let Some(learned) = &plan.learned {
        execute(tx, sqlx::query(sql::LEARNED_PUT).bind(json(learned)?)).await?;
    }
    if let Some(derived) = plan.derived {
        execute(tx, sqlx::query(sql::REVISION_DERIVED).bind(derived.0)).await?;
    }
    let written = evidence::write(tx, refreshed, events).await?;
    if written == Commit::Done && !plan.is_empty() {
        execute(tx, sqlx::query(sql::REVISION_CATALOG)).await?;
    }
    Ok(written)
}
