//! Claims and payouts.

use std::collections::BTreeSet;

use async_trait::async_trait;
use payme_core::audit::{Event, Link};
use payme_core::claims::Claim;
use payme_core::payouts::{
    Account, Amount, Approval, Batch, Books, PayoutChange, Posting, ProviderTransferId, RailNote,
    RequestKey, Transfer, TransferState,
};
use payme_core::ports::{Commit, PayoutStore, StoreError};
use payme_core::types::{
    AccountId, ApprovalId, AttorneyId, PayoutBatchId, SettlementId, TransferId, UserId,
};
use sqlx::Executor;
use sqlx::query::Query;
use sqlx::sqlite::{Sqlite, SqliteArguments, SqliteConnection, SqliteRow};

use super::payouts_row::{account, batch, link, note, posting};
use super::payouts_stored::{Stored, body, page};
use super::row::{Cells, integer, json};
use super::{SqliteStore, error, finish, payouts_commit, sql};

/// A text that is above every id.
pub(super) const ABOVE_ALL: &str = "~";

pub(super) type Bound<'q> = Query<'q, Sqlite, SqliteArguments>;
pub(super) type Map<T> = fn(&SqliteRow) -> Result<T, StoreError>;

#[async_trait]
impl PayoutStore for SqliteStore {
    async fn claim(
        &self,
        user: UserId,
        settlement: SettlementId,
    ) -> Result<Option<Claim>, StoreError> {
        let query = sqlx::query(sql::CLAIM_GET).bind(user.to_string());
        one(&self.read, query.bind(settlement.to_string()), body).await
    }

    async fn claims_of(&self, user: UserId) -> Result<Vec<Claim>, StoreError> {
        all(&self.read, sqlx::query(sql::CLAIMS_OF).bind(user.to_string()), body).await
    }

    async fn commit_claim(&self, claim: &Claim, events: &[Event]) -> Result<Commit, StoreError> {
        let mut tx = self.begin().await?;
        let written = payouts_commit::claim(&mut tx, claim, events).await;
        finish(tx, written).await
    }

    async fn account(&self, id: AccountId) -> Result<Option<Account>, StoreError> {
        one(&self.read, sqlx::query(sql::ACCOUNT_GET).bind(id.to_string()), account).await
    }

    async fn account_of(&self, settlement: SettlementId) -> Result<Option<Account>, StoreError> {
        let query = sqlx::query(sql::ACCOUNT_OF).bind(settlement.to_string());
        one(&self.read, query, account).await
    }

    async fn accounts_of(&self, attorney: AttorneyId) -> Result<Vec<Account>, StoreError> {
        let query = sqlx::query(sql::ACCOUNTS_OF).bind(attorney.to_string());
        all(&self.read, query, account).await
    }

    async fn deposit(
        &self,
        account: AccountId,
        key: &RequestKey,
    ) -> Result<Option<Amount>, StoreError> {
        let query = sqlx::query(sql::DEPOSIT_GET).bind(account.to_string()).bind(key.as_str());
        one(&self.read, query, |row| {
            let cells = Cells::new(row, "deposit");
            Amount::new(cells.get("amount")?).map_err(|_| cells.damage())
        })
        .await
    }

    async fn approval_of(
        &self,
        user: UserId,
        settlement: SettlementId,
    ) -> Result<Option<Approval>, StoreError> {
        let query = sqlx::query(sql::APPROVAL_OF).bind(user.to_string());
        one(&self.read, query.bind(settlement.to_string()), body).await
    }

    async fn waiting(
        &self,
        account: AccountId,
        after: Option<ApprovalId>,
        limit: usize,
    ) -> Result<Vec<Approval>, StoreError> {
        let query = sqlx::query(sql::APPROVALS_WAITING).bind(account.to_string());
        let after = after.map(|id| id.to_string()).unwrap_or_default();
        let mut rows = many(&self.read, query.bind(after).bind(integer(limit))).await?;
        rows.sort_by_key(|row: &Approval| row.id);
        Ok(rows)
    }

    async fn approvals(
        &self,
        account: AccountId,
        after: Option<ApprovalId>,
        limit: usize,
    ) -> Result<Books, StoreError> {
        let after = after.map(|id| id.to_string()).unwrap_or_default();
        let query = sqlx::query(sql::APPROVALS_OF_ACCOUNT).bind(account.to_string());
        let mut tx = self.read.begin().await.map_err(error::failed)?;
        let rows: Vec<Approval> = many(&mut *tx, query.bind(after).bind(integer(limit))).await?;
        let ids: Vec<ApprovalId> = rows.iter().map(|row| row.id).collect();
        let query = sqlx::query(sql::CLAIMS_OF_APPROVALS).bind(json(&ids)?);
        let claims = many(&mut *tx, query).await?;
        tx.rollback().await.map_err(error::failed)?;
        let approvals = rows.into_iter().map(|row| (row.id, row)).collect();
        let of_claim = |row: Claim| ((row.user_id, row.settlement_id), row);
        let claims = claims.into_iter().map(of_claim).collect();
        Ok(Books { approvals, claims, ..Books::default() })
    }

    async fn payout_batch(&self, id: PayoutBatchId) -> Result<Option<Batch>, StoreError> {
        one(&self.read, sqlx::query(sql::PAYOUT_BATCH_GET).bind(id.to_string()), batch).await
    }

    async fn payout_batch_of(
        &self,
        attorney: AttorneyId,
        key: &RequestKey,
    ) -> Result<Option<Batch>, StoreError> {
        let query = sqlx::query(sql::PAYOUT_BATCH_OF).bind(attorney.to_string());
        one(&self.read, query.bind(key.as_str()), batch).await
    }

    async fn payout_batches(
        &self,
        account: AccountId,
        before: Option<PayoutBatchId>,
        limit: usize,
    ) -> Result<Vec<Batch>, StoreError> {
        let before = before.map_or_else(|| ABOVE_ALL.to_owned(), |id| id.to_string());
        let query = sqlx::query(sql::PAYOUT_BATCHES_BEFORE).bind(account.to_string());
        all(&self.read, query.bind(before).bind(integer(limit)), batch).await
    }

    async fn transfers(
        &self,
        batch: PayoutBatchId,
        states: &[TransferState],
        after: Option<TransferId>,
        limit: usize,
    ) -> Result<Vec<Transfer>, StoreError> {
        let is_open = states.iter().all(|state| state.is_open());
        let statement = if is_open { sql::TRANSFERS_OPEN } else { sql::TRANSFERS_OF };
        let query = sqlx::query(statement)
            .bind(batch.to_string())
            .bind(json(&states)?)
            .bind(after.map(|id| id.to_string()).unwrap_or_default())
            .bind(integer(limit));
        // Rows of an aggregate come in no order that is promised.
        let mut rows = many(&self.read, query).await?;
        rows.sort_by_key(|row: &Transfer| row.id);
        Ok(rows)
    }

    async fn transfer(&self, id: TransferId) -> Result<Option<Transfer>, StoreError> {
        one(&self.read, sqlx::query(sql::TRANSFER_GET).bind(id.to_string()), body).await
    }

    async fn transfers_named(
        &self,
        names: &[ProviderTransferId],
    ) -> Result<Vec<(ProviderTransferId, TransferId)>, StoreError> {
        let read = |row: &SqliteRow| {
            let cells = Cells::new(row, "transfer");
            Ok((ProviderTransferId(cells.get("provider_transfer_id")?), cells.parsed("id")?))
        };
        all(&self.read, sqlx::query(sql::TRANSFERS_NAMED).bind(json(&names)?), read).await
    }

    async fn books(
        &self,
        batches: &[PayoutBatchId],
        transfers: &[TransferId],
    ) -> Result<Books, StoreError> {
        // One transaction, so that all reads see one version.
        let mut tx = self.read.begin().await.map_err(error::failed)?;
        let books = books(&mut tx, batches, transfers).await?;
        tx.rollback().await.map_err(error::failed)?;
        Ok(books)
    }

    async fn rail_cursor(&self, rail: &str) -> Result<u64, StoreError> {
        let query = sqlx::query(sql::RAIL_CURSOR_GET).bind(rail);
        let read = |row: &SqliteRow| Cells::new(row, "cursor of a rail").integer("event_id");
        Ok(one(&self.read, query, read).await?.unwrap_or(0))
    }

    async fn rail_notes_known_now(
        &self,
        rail: &str,
        limit: usize,
    ) -> Result<Vec<RailNote>, StoreError> {
        let query = sqlx::query(sql::RAIL_NOTES_KNOWN).bind(rail).bind(integer(limit));
        all(&self.read, query, note).await
    }

    async fn rail_notes(
        &self,
        rail: &str,
        after: u64,
        limit: usize,
    ) -> Result<Vec<RailNote>, StoreError> {
        let query = sqlx::query(sql::RAIL_NOTES_AFTER).bind(rail).bind(place(after));
        all(&self.read, query.bind(integer(limit)), note).await
    }

    async fn commit_payout(&self, change: &PayoutChange) -> Result<Commit, StoreError> {
        let mut tx = self.begin().await?;
        let written = payouts_commit::change(&mut tx, change).await;
        finish(tx, written).await
    }

    async fn payout_log(
        &self,
        account: AccountId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Link>, StoreError> {
        let query = sqlx::query(sql::PAYOUT_LOG_AFTER).bind(account.to_string());
        all(&self.read, query.bind(place(after)).bind(integer(limit)), link).await
    }

    async fn postings_of_batch(&self, batch: PayoutBatchId) -> Result<Vec<Posting>, StoreError> {
        let query = sqlx::query(sql::POSTINGS_OF_BATCH).bind(batch.to_string());
        all(&self.read, query, posting).await
    }

    async fn postings_of_transfers(
        &self,
        transfers: &[TransferId],
    ) -> Result<Vec<Posting>, StoreError> {
        let query = sqlx::query(sql::POSTINGS_OF_TRANSFERS).bind(json(&transfers)?);
        all(&self.read, query, posting).await
    }

    async fn postings(
        &self,
        account: AccountId,
        skip: u64,
        limit: usize,
    ) -> Result<Vec<Posting>, StoreError> {
        // Postings are numbered from 1 without gaps.
        let query = sqlx::query(sql::POSTINGS_AFTER).bind(account.to_string());
        all(&self.read, query.bind(place(skip)).bind(integer(limit)), posting).await
    }
}

/// A place as SQLite keeps it; nothing is stored behind the last one that it can keep.
pub(super) fn place(after: u64) -> i64 {
    i64::try_from(after).unwrap_or(i64::MAX)
}

pub(super) async fn one<'q, T>(
    from: impl Executor<'_, Database = Sqlite>,
    query: Bound<'q>,
    map: Map<T>,
) -> Result<Option<T>, StoreError> {
    let row = query.fetch_optional(from).await.map_err(error::failed)?;
    row.as_ref().map(map).transpose()
}

pub(super) async fn all<'q, T>(
    from: impl Executor<'_, Database = Sqlite>,
    query: Bound<'q>,
    map: Map<T>,
) -> Result<Vec<T>, StoreError> {
    let rows = query.fetch_all(from).await.map_err(error::failed)?;
    rows.iter().map(map).collect()
}

/// Rows that come as one.
async fn many<T: Stored>(
    from: impl Executor<'_, Database = Sqlite>,
    query: Bound<'_>,
) -> Result<Vec<T>, StoreError> {
    page(&query.fetch_one(from).await.map_err(error::failed)?)
}

async fn books(
    connection: &mut SqliteConnection,
    batches: &[PayoutBatchId],
    transfers: &[TransferId],
) -> Result<Books, StoreError> {
    let mut books = Books::default();
    if !transfers.is_empty() {
        let ids = json(&transfers)?;
        let query = |statement| sqlx::query(statement).bind(ids.clone());
        let rows = many(&mut *connection, query(sql::BOOKS_TRANSFERS)).await?;
        books.transfers = rows.into_iter().map(|row: Transfer| (row.id, row)).collect();
        let rows = many(&mut *connection, query(sql::BOOKS_APPROVALS)).await?;
        books.approvals = rows.into_iter().map(|row: Approval| (row.id, row)).collect();
        let rows = many(&mut *connection, query(sql::BOOKS_CLAIMS)).await?;
        let of_claim = |row: Claim| ((row.user_id, row.settlement_id), row);
        books.claims = rows.into_iter().map(of_claim).collect();
    }
    let of_transfers = books.transfers.values().map(|row| row.batch_id);
    let ids: BTreeSet<PayoutBatchId> = batches.iter().copied().chain(of_transfers).collect();
    let query = sqlx::query(sql::BOOKS_BATCHES).bind(json(&ids)?);
    let rows = all(&mut *connection, query, batch).await?;
    books.batches = rows.into_iter().map(|row| (row.id, row)).collect();
    let ids: BTreeSet<AccountId> = books.batches.values().map(|row| row.account_id).collect();
    let query = sqlx::query(sql::BOOKS_ACCOUNTS).bind(json(&ids)?);
    let rows = all(&mut *connection, query, account).await?;
    books.accounts = rows.into_iter().map(|row| (row.id, row)).collect();
    Ok(books.with_names())
}
