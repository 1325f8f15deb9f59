//! The logs of payouts together, and the seals over them.

use std::collections::BTreeMap;

use async_trait::async_trait;
use payme_core::audit::{Hash, Head, Link, LogFilter, LogPlace, Seal};
use payme_core::ports::{AuditStore, Commit, StoreError};
use payme_core::types::AccountId;
use serde::Serialize;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use super::payouts::{all, one, place};
use super::payouts_row::{hexadecimal, link};
use super::row::{Cells, integer, json};
use super::{SqliteStore, WriteTx, error, execute, finish, sql};

#[async_trait]
impl AuditStore for SqliteStore {
    async fn log_heads(
        &self,
        after: Option<AccountId>,
        limit: usize,
    ) -> Result<Vec<(AccountId, Head)>, StoreError> {
        let after = after.map(|id| id.to_string()).unwrap_or_default();
        let query = sqlx::query(sql::LOG_HEADS).bind(after).bind(integer(limit));
        all(&self.read, query, head).await
    }

    async fn unsealed_heads(&self, limit: usize) -> Result<Vec<(AccountId, Head)>, StoreError> {
        all(&self.read, sqlx::query(sql::UNSEALED_HEADS).bind(integer(limit)), head).await
    }

    async fn seals(&self, after: u64, limit: usize) -> Result<Vec<Seal>, StoreError> {
        let query = sqlx::query(sql::SEALS_AFTER).bind(place(after)).bind(integer(limit));
        let mut tx = self.read.begin().await.map_err(error::failed)?;
        let bare = all(&mut *tx, query, seal).await?;
        let seals = with_heads(&mut tx, bare).await?;
        tx.rollback().await.map_err(error::failed)?;
        Ok(seals)
    }

    async fn last_seal(&self) -> Result<Option<Seal>, StoreError> {
        let mut tx = self.read.begin().await.map_err(error::failed)?;
        let bare = one(&mut *tx, sqlx::query(sql::SEAL_LAST), seal).await?;
        let seals = with_heads(&mut tx, bare.into_iter().collect()).await?;
        tx.rollback().await.map_err(error::failed)?;
        Ok(seals.into_iter().next())
    }

    async fn commit_seal(&self, seal: &Seal) -> Result<Commit, StoreError> {
        let mut tx = self.begin().await?;
        let written = write(&mut tx, seal).await;
        finish(tx, written).await
    }

    async fn facts(
        &self,
        filter: &LogFilter,
        after: Option<LogPlace>,
        limit: usize,
    ) -> Result<Vec<Link>, StoreError> {
        let account = filter.account_id.map(|id| id.to_string()).unwrap_or_default();
        let query = sqlx::query(sql::FACTS_BY_TIME)
            .bind(account)
            .bind(filter.from.map_or(i64::MIN, |at| at.as_micros()))
            .bind(filter.to.map_or(i64::MAX, |at| at.as_micros()))
            .bind(after.map_or(i64::MIN, |after| after.at.as_micros()))
            .bind(after.map(|after| after.account_id.to_string()).unwrap_or_default())
            .bind(after.map_or(0, |after| place(after.sequence)))
            .bind(integer(limit));
        all(&self.read, query, link).await
    }
}

#[derive(Serialize)]
struct HeadRow {
    account_id: AccountId,
    sequence: u64,
    hash: String,
}

async fn write(tx: &mut WriteTx, seal: &Seal) -> Result<Commit, StoreError> {
    let newest = one(&mut **tx, sqlx::query(sql::SEAL_LAST), self::seal).await?;
    if seal.sequence != newest.map_or(0, |newest| newest.sequence).saturating_add(1) {
        return Ok(Commit::Conflict);
    }
    let (sequence, at) = (place(seal.sequence), seal.at.as_micros());
    let query = sqlx::query(sql::SEAL_INSERT).bind(sequence).bind(at).bind(seal.root.as_slice());
    execute(tx, query).await?;
    let rows = seal.heads.iter().map(|(account_id, head)| HeadRow {
        account_id: *account_id,
        sequence: head.sequence,
        hash: hexadecimal(&head.hash),
    });
    let rows: Vec<HeadRow> = rows.collect();
    execute(tx, sqlx::query(sql::SEAL_HEADS_INSERT).bind(sequence).bind(json(&rows)?)).await?;
    Ok(Commit::Done)
}

async fn with_heads(
    connection: &mut SqliteConnection,
    mut seals: Vec<Seal>,
) -> Result<Vec<Seal>, StoreError> {
    let places: Vec<u64> = seals.iter().map(|seal| seal.sequence).collect();
    let query = sqlx::query(sql::SEAL_HEADS).bind(json(&places)?);
    let mut heads: BTreeMap<u64, Vec<(AccountId, Head)>> = BTreeMap::new();
    for (of, head) in all(connection, query, seal_head).await? {
        heads.entry(of).or_default().push(head);
    }
    for seal in &mut seals {
        seal.heads = heads.remove(&seal.sequence).unwrap_or_default();
    }
    Ok(seals)
}

fn head(row: &SqliteRow) -> Result<(AccountId, Head), StoreError> {
    let cells = Cells::new(row, "end of a log");
    let account_id = cells.parsed("account_id")?;
    if cells.get::<Option<i64>>("sequence")?.is_none() {
        return Ok((account_id, Head::default()));
    }
    let (sequence, hash) = (cells.integer("sequence")?, hash(cells, "hash")?);
    Ok((account_id, Head { sequence, hash }))
}

fn seal(row: &SqliteRow) -> Result<Seal, StoreError> {
    let cells = Cells::new(row, "seal");
    let (sequence, at) = (cells.integer("sequence")?, cells.instant("at")?);
    Ok(Seal { sequence, at, heads: Vec::new(), root: hash(cells, "root")? })
}

fn seal_head(row: &SqliteRow) -> Result<(u64, (AccountId, Head)), StoreError> {
    Ok((Cells::new(row, "seal").integer("seal")?, head(row)?))
}

fn hash(cells: Cells<'_>, column: &str) -> Result<Hash, StoreError> {
    cells.get::<&[u8]>(column)?.try_into().map_err(|_| cells.damage())
}
