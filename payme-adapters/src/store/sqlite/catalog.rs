//! Settlements.

use std::collections::BTreeMap;

use async_trait::async_trait;
use payme_core::audit::Event;
use payme_core::catalog::tracker::{RowKey, TrackedRow, TrackerState};
use payme_core::catalog::{CatalogPlan, Settlement, parse_settlement};
use payme_core::evidence::EvidenceChange;
use payme_core::ports::{CatalogStore, Commit, Revisions, StoreError};
use payme_core::types::{SettlementId, Version};
use sqlx::sqlite::SqliteRow;

use super::row::Cells;
use super::{SqliteStore, WriteTx, error, evidence, execute, finish, sql};

#[async_trait]
impl CatalogStore for SqliteStore {
    async fn catalog(&self) -> Result<BTreeMap<SettlementId, (Version, Settlement)>, StoreError> {
        let rows = sqlx::query(sql::CATALOG).fetch_all(&self.read).await.map_err(error::failed)?;
        let rows = rows.iter().map(|row| settlement(row).map(|row| (row.1.id, row)));
        rows.collect()
    }

    async fn settlement(&self, id: SettlementId) -> Result<Option<Settlement>, StoreError> {
        let query = sqlx::query(sql::SETTLEMENT_GET).bind(id.to_string());
        let row = query.fetch_optional(&self.read).await.map_err(error::failed)?;
        row.map(|row| settlement(&row).map(|(_, settlement)| settlement)).transpose()
    }

    async fn revisions(&self) -> Result<Revisions, StoreError> {
        let query = sqlx::query(sql::REVISIONS);
        revisions(&query.fetch_one(&self.read).await.map_err(error::failed)?)
    }

    async fn tracker_state(&self) -> Result<TrackerState, StoreError> {
        let query = sqlx::query(sql::TRACKER_ROWS);
        let rows = query.fetch_all(&self.read).await.map_err(error::failed)?;
        let rows = rows.iter().map(tracked_row).collect::<Result<Vec<_>, _>>()?;
        Ok(TrackerState::new(rows))
    }

    async fn commit_catalog(
        &self,
        plan: &CatalogPlan,
        refreshed: &[EvidenceChange],
        events: &[Event],
    ) -> Result<Commit, StoreError> {
        let mut tx = self.begin().await?;
        let written = write(&mut tx, plan, refreshed, events).await;
        finish(tx, written).await
    }
}

fn settlement(row: &SqliteRow) -> Result<(Version, Settlement), StoreError> {
    let cells = Cells::new(row, "settlement");
    let body = parse_settlement(cells.get("body")?).map_err(|_| cells.damage())?;
    Ok((Version(cells.get("version")?), body))
}

fn tracked_row(row: &SqliteRow) -> Result<TrackedRow, StoreError> {
    let cells = Cells::new(row, "tracker row");
    let key = RowKey { tracker: cells.get("tracker")?, row: cells.get("row_id")? };
    cells.word("body", |body| TrackedRow::from_stored(key, body))
}

fn revisions(row: &SqliteRow) -> Result<Revisions, StoreError> {
    let cells = Cells::new(row, "revision");
    Ok(Revisions {
        catalog: Version(cells.get("catalog")?),
        records: Version(cells.get("records")?),
        corrections: cells.integer("corrections")?,
        derived: Version(cells.get("derived")?),
    })
}

/// The revisions as the transaction sees them.
pub(super) async fn revisions_now(tx: &mut WriteTx) -> Result<Revisions, StoreError> {
    let query = sqlx::query(sql::REVISIONS);
    revisions(&query.fetch_one(&mut **tx).await.map_err(error::failed)?)
}

/// Whether the revisions that a decision rests on are still the stored ones.
pub(super) async fn is_fresh(
    tx: &mut WriteTx,
    on_catalog: Option<Version>,
    on_records: Option<Version>,
) -> Result<bool, StoreError> {
    let now = revisions_now(tx).await?;
    Ok(on_catalog.is_none_or(|on| on == now.catalog)
        && on_records.is_none_or(|on| on == now.records))
}

async fn write(
    tx: &mut WriteTx,
    plan: &CatalogPlan,
    refreshed: &[EvidenceChange],
    events: &[Event],
) -> Result<Commit, StoreError> {
    if !is_fresh(tx, plan.on_catalog, plan.on_records).await? {
        return Ok(Commit::Conflict);
    }
    let added = plan.added.iter().map(|settlement| (None, settlement));
    let changed = plan.changed.iter().map(|(version, settlement)| (Some(*version), settlement));
    for (expected, settlement) in added.chain(changed) {
        if !put(tx, expected, settlement).await? {
            return Ok(Commit::Conflict);
        }
    }
    for row in &plan.tracker_rows {
        let query = sqlx::query(sql::TRACKER_ROW_PUT)
            .bind(row.key.tracker.as_str())
            .bind(row.key.row.as_str())
            .bind(row.to_stored());
        execute(tx, query).await?;
    }
    let written = evidence::write(tx, refreshed, events).await?;
    if written == Commit::Done && !plan.is_empty() {
        execute(tx, sqlx::query(sql::REVISION_CATALOG)).await?;
    }
    Ok(written)
}

/// Writes a settlement where the stored version is the expected one.
async fn put(
    tx: &mut WriteTx,
    expected: Option<Version>,
    settlement: &Settlement,
) -> Result<bool, StoreError> {
    let statement =
        if expected.is_some() { sql::SETTLEMENT_UPDATE } else { sql::SETTLEMENT_INSERT };
    let deadline = settlement.deadline.as_ref().map(|deadline| deadline.at().as_micros());
    let query = sqlx::query(statement)
        .bind(settlement.id.to_string())
        .bind(expected.map_or(Version::FIRST, Version::next).0)
        .bind(settlement.title.as_str())
        .bind(settlement.status.as_str())
        .bind(deadline)
        .bind(settlement.to_json().to_string());
    let query = match expected {
        Some(version) => query.bind(version.0),
        None => query,
    };
    Ok(execute(tx, query).await? == 1)
}
