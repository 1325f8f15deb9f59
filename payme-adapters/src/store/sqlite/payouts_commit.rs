//! Writing a change of payouts in one transaction, one statement for each kind of row.
//!
//! Rows go to a statement as one JSON array. However many they are, the statement is prepared once
//! and asked once, and SQLite keeps what it needs to undo it once instead of for each row.
//!
//! A change of a row names the version that it was decided on. Where fewer rows were changed than
//! were asked for, or a key is taken, the answer is [`Commit::Conflict`] and nothing stays.

use std::collections::{BTreeMap, BTreeSet};

use payme_core::audit::{Event, Hash, Head, Link};
use payme_core::claims::Claim;
use payme_core::payouts::{Amount, CursorMove, PayoutChange, PayoutEvent};
use payme_core::ports::{Commit, StoreError};
use payme_core::types::AccountId;
use serde::Serialize;

use super::payouts_row::{
    AccountRow, ApprovalRow, BatchRow, ClaimRow, LinkRow, NoteRow, PostingRow, Row, TransferRow,
};
use super::row::{Cells, json};
use super::{WriteTx, error, events, execute, gateway_commit, sql};

/// Writes a claim, then events.
pub(super) async fn claim(
    tx: &mut WriteTx,
    claim: &Claim,
    events: &[Event],
) -> Result<Commit, StoreError> {
    if write(tx, CLAIMS, std::iter::once(claim), ClaimRow::from).await? {
        events::append(tx, events).await
    } else {
        Ok(Commit::Conflict)
    }
}

/// Writes a change: what others refer to first.
pub(super) async fn change(tx: &mut WriteTx, change: &PayoutChange) -> Result<Commit, StoreError> {
    let is_written = rows(tx, change).await?
        && cursor(tx, change.cursor()).await?
        && deposits(tx, change).await?
        && gateway_commit::annex(tx, change.annex()).await?;
    if !is_written {
        return Ok(Commit::Conflict);
    }
    let notes: Vec<NoteRow<'_>> = change.notes().iter().map(NoteRow::from).collect();
    append(tx, sql::RAIL_NOTES_PUT, &notes).await?;
    logs(tx, change).await?;
    Ok(Commit::Done)
}

async fn rows(tx: &mut WriteTx, change: &PayoutChange) -> Result<bool, StoreError> {
    Ok(write(tx, ACCOUNTS, change.accounts(), AccountRow::from).await?
        && write(tx, CLAIMS, change.claims(), ClaimRow::from).await?
        && write(tx, APPROVALS, change.approvals(), ApprovalRow::from).await?
        && write(tx, BATCHES, change.batches(), BatchRow::from).await?
        && write(tx, TRANSFERS, change.transfers(), TransferRow::from).await?)
}

/// The two statements that write rows of one kind.
#[derive(Clone, Copy)]
struct Statements {
    insert: &'static str,
    update: &'static str,
}

const ACCOUNTS: Statements =
    Statements { insert: sql::ACCOUNTS_INSERT, update: sql::ACCOUNTS_UPDATE };
const CLAIMS: Statements = Statements { insert: sql::CLAIMS_INSERT, update: sql::CLAIMS_UPDATE };
const APPROVALS: Statements =
    Statements { insert: sql::APPROVALS_INSERT, update: sql::APPROVALS_UPDATE };
const BATCHES: Statements =
    Statements { insert: sql::PAYOUT_BATCHES_INSERT, update: sql::PAYOUT_BATCHES_UPDATE };
const TRANSFERS: Statements =
    Statements { insert: sql::TRANSFERS_INSERT, update: sql::TRANSFERS_UPDATE };

/// Writes rows of one kind; says whether each was written. What changes goes first: a transfer
/// that ends makes room for another one of its approval.
async fn write<'a, T: Sync + 'a, R: Row>(
    tx: &mut WriteTx,
    statements: Statements,
    rows: impl Iterator<Item = &'a T>,
    row: fn(&'a T) -> R,
) -> Result<bool, StoreError> {
    let (new, changed): (Vec<R>, Vec<R>) = rows.map(row).partition(Row::is_new);
    if !changed.is_empty() {
        let query = sqlx::query(statements.update).bind(json(&changed)?);
        match query.execute(&mut **tx).await {
            Ok(done) if usize::try_from(done.rows_affected()) == Ok(changed.len()) => {}
            Ok(_) => return Ok(false),
            Err(error) if error::is_taken(&error) => return Ok(false),
            Err(error) => return Err(error::failed(error)),
        }
    }
    Ok(new.is_empty() || insert(tx, statements.insert, &new).await?)
}

/// Writes rows that are not stored yet; says whether no key of them is taken.
async fn insert<R: Serialize>(
    tx: &mut WriteTx,
    statement: &'static str,
    rows: &[R],
) -> Result<bool, StoreError> {
    let query = sqlx::query(statement).bind(json(&rows)?);
    match query.execute(&mut **tx).await {
        Ok(_) => Ok(true),
        Err(error) if error::is_taken(&error) => Ok(false),
        Err(error) => Err(error::failed(error)),
    }
}

/// Appends rows that nothing can be in the way of.
async fn append<R: Serialize>(
    tx: &mut WriteTx,
    statement: &'static str,
    rows: &[R],
) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    execute(tx, sqlx::query(statement).bind(json(&rows)?)).await.map(drop)
}

async fn cursor(tx: &mut WriteTx, cursor: Option<&CursorMove>) -> Result<bool, StoreError> {
    let Some(CursorMove { rail, from, to }) = cursor else { return Ok(true) };
    let [Ok(from), Ok(to)] = [from, to].map(|event| i64::try_from(*event)) else {
        let text = "the number of an event of a rail does not fit in 63 bits";
        return Err(StoreError::Failed(text.to_owned()));
    };
    let query = sqlx::query(sql::RAIL_CURSOR_PUT).bind(rail.as_str()).bind(from).bind(to);
    Ok(execute(tx, query).await? == 1)
}

#[derive(Serialize)]
struct DepositRow<'a> {
    account_id: AccountId,
    key: &'a str,
    amount: Amount,
}

async fn deposits(tx: &mut WriteTx, change: &PayoutChange) -> Result<bool, StoreError> {
    let funded = change.entries().iter().filter_map(|entry| match &entry.event {
        PayoutEvent::PayoutAccountFunded { account_id, key, amount_cents } => {
            Some(DepositRow { account_id: *account_id, key: key.as_str(), amount: *amount_cents })
        }
        _ => None,
    });
    let rows: Vec<DepositRow<'_>> = funded.collect();
    if rows.is_empty() { Ok(true) } else { insert(tx, sql::DEPOSITS_INSERT, &rows).await }
}

/// Where the logs of an account end.
#[derive(Default)]
struct Heads {
    log: Head,
    postings: u64,
}

/// Writes facts and postings behind those that are stored.
async fn logs(tx: &mut WriteTx, change: &PayoutChange) -> Result<(), StoreError> {
    let of_entries = change.entries().iter().map(|entry| entry.account_id);
    let of_postings = change.postings().iter().map(|posting| posting.account_id);
    let accounts: BTreeSet<AccountId> = of_entries.chain(of_postings).collect();
    if accounts.is_empty() {
        return Ok(());
    }
    let mut heads = heads(tx, &accounts).await?;
    let links = change.entries().iter().map(|entry| {
        let head = &mut heads.entry(entry.account_id).or_default().log;
        let link = Link::after(*head, entry.account_id, change.at(), &entry.event);
        *head = link.head();
        LinkRow::from(link)
    });
    let links: Vec<LinkRow> = links.collect();
    append(tx, sql::PAYOUT_LOG_APPEND, &links).await?;
    let postings = change.postings().iter().map(|posting| {
        let last = &mut heads.entry(posting.account_id).or_default().postings;
        *last = last.saturating_add(1);
        PostingRow::new(*last, posting)
    });
    let postings: Vec<PostingRow> = postings.collect();
    append(tx, sql::POSTINGS_APPEND, &postings).await
}

async fn heads(
    tx: &mut WriteTx,
    accounts: &BTreeSet<AccountId>,
) -> Result<BTreeMap<AccountId, Heads>, StoreError> {
    let query = sqlx::query(sql::PAYOUT_HEADS).bind(json(accounts)?);
    let rows = query.fetch_all(&mut **tx).await.map_err(error::failed)?;
    let head = |row| {
        let cells = Cells::new(row, "entry of the log of payouts");
        let mut heads = Heads::default();
        if let Some(hash) = cells.get::<Option<&[u8]>>("hash")? {
            let hash: Hash = hash.try_into().map_err(|_| cells.damage())?;
            heads.log = Head { sequence: cells.integer("sequence")?, hash };
        }
        if cells.get::<Option<i64>>("posting_sequence")?.is_some() {
            heads.postings = cells.integer("posting_sequence")?;
        }
        Ok((cells.parsed("account_id")?, heads))
    };
    rows.iter().map(head).collect()
}
