//! What the SQLite schema refuses of payouts whoever writes it, and what readers see meanwhile.
#![cfg(all(feature = "driver", feature = "sqlite", feature = "system"))]
#![allow(clippy::unwrap_used, reason = "a test that fails should say where")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use payme_adapters::driver::{ExecuteOptions, NewBatch, Payouts};
use payme_adapters::rail::{EverybodyHasDestination, MockRail};
use payme_adapters::store::sqlite::SqliteStore;
use payme_adapters::system::{SystemClock, SystemRandom};
use payme_core::claims::ClaimMove;
use payme_core::payouts::{Books, RequestKey, TransferState};
use payme_core::ports::PayoutStore as _;
use payme_core::types::{
    AttorneyId, Currency, Money, PayoutBatchId, SettlementId, TransferId, UserId,
};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, SqliteConnection};
use tempfile::TempDir;
use uuid::Uuid;

/// Enough that the mock rail fails some of them: it fails one in ten, by their ids.
const PEOPLE: u128 = 200;

fn user(n: u128) -> UserId {
    UserId::from_uuid(Uuid::from_u128((1 << 64) | n))
}

fn settlement(n: u128) -> SettlementId {
    SettlementId::from_uuid(Uuid::from_u128((2 << 64) | n))
}

fn key(text: &str) -> RequestKey {
    RequestKey::new(text).unwrap()
}

fn driver(store: &SqliteStore) -> Payouts {
    let (rail, everybody) = (Arc::new(MockRail), Arc::new(EverybodyHasDestination));
    let (clock, random) = (Arc::new(SystemClock), Arc::new(SystemRandom::default()));
    Payouts::new(Arc::new(store.clone()), rail, everybody, clock, random)
}

async fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(path.to_str().unwrap()).await.unwrap()
}

/// A batch with a transfer for everybody who is approved.
async fn batch(payouts: &Payouts, n: u128, text: &str) -> PayoutBatchId {
    let key = key(text);
    let new = NewBatch { settlement: settlement(n), key: &key, items: None, payout_min: None };
    payouts.create_batch(new).await.unwrap().batch.id
}

/// An account with money and approved people, the last of them rejected.
async fn account(payouts: &Payouts, n: u128) {
    let attorney = AttorneyId::from_uuid(Uuid::from_u128(3));
    let account = payouts.link_account(attorney, settlement(n), Currency::USD).await.unwrap();
    payouts.fund(account, &key("fund"), Money::usd_cents(1_000_000)).await.unwrap();
    for one in 0..PEOPLE {
        for event in [ClaimMove::Open, ClaimMove::Submit] {
            payouts.move_claim(user(one), settlement(n), event).await.unwrap();
        }
        if one + 1 == PEOPLE {
            payouts.reject(settlement(n), user(one)).await.unwrap();
        } else {
            let money = Some(Money::usd_cents(100));
            payouts.approve(settlement(n), user(one), money).await.unwrap();
        }
    }
}

/// A file with two batches: one that has ended, one of which nothing was sent yet.
async fn file() -> (TempDir, PathBuf) {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("payme.db");
    let store = open(&path).await;
    let payouts = driver(&store);
    account(&payouts, 1).await;
    let ended = batch(&payouts, 1, "ended").await;
    payouts.execute(ended, ExecuteOptions::default(), |_| {}).await.unwrap();
    account(&payouts, 2).await;
    batch(&payouts, 2, "waiting").await;
    let closed = store.account_of(settlement(1)).await.unwrap().unwrap();
    payouts.close_account(closed.id).await.unwrap();
    store.close().await;
    (dir, path)
}

/// A connection of another program, which turned the safeguards of PayMe's own off.
async fn raw(path: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(path).foreign_keys(false);
    options.disable_statement_logging().connect().await.unwrap()
}

const TABLES: [&str; 10] = [
    "claim",
    "settlement_account",
    "payout_deposit",
    "claim_approval",
    "payout_batch",
    "payout_transfer",
    "payout_posting",
    "payout_log",
    "rail_cursor",
    "rail_note",
];

/// What nobody can do, and a word of what they are told.
#[rustfmt::skip]
const REFUSED: &[(&str, &str)] = &[
    // Both logs only grow, without gaps.
    ("update payout_log set at = 0", "append-only"),
    ("update or replace payout_log set sequence = 1", "append-only"),
    ("update payout_posting set amount = 1", "append-only"),
    ("insert into payout_log select account_id, 1, at, body, hash from payout_log limit 1", "append-only"),
    ("insert or replace into payout_log select * from payout_log", "append-only"),
    ("insert or replace into payout_posting select * from payout_posting", "append-only"),
    ("insert into payout_log select account_id, max(sequence) + 2, at, body, hash from payout_log group by 1", "append-only"),
    ("insert into payout_posting select account_id, max(sequence) + 2, batch_id, transfer_id, kind, amount from payout_posting \
      group by 1", "append-only"),
    ("update payout_deposit set amount = 1", "never change"),
    // What a row is about never changes.
    ("update claim set user_id = settlement_id", "never changes"),
    ("update settlement_account set settlement_id = id", "never changes"),
    ("update settlement_account set currency = 'EUR'", "never changes"),
    ("update settlement_account set rail = 'other'", "never changes"),
    ("update claim_approval set user_id = id", "never changes"),
    ("update payout_batch set key = 'another'", "never changes"),
    ("update payout_batch set attorney_id = id", "never changes"),
    ("update payout_transfer set amount = 1", "never changes"),
    ("update payout_transfer set user_id = id", "never changes"),
    ("update or replace payout_transfer set approval_id = (select max(id) from claim_approval)", "never changes"),
    ("update or replace payout_transfer set id = (select max(id) from payout_transfer)", "never changes"),
    // What is final stays so.
    ("update payout_transfer set state = 'processing', failure_reason = null, completed_at = null where state = 'failed'", "has ended"),
    ("update payout_transfer set failure_reason = 'another' where state = 'failed'", "has ended"),
    ("update payout_transfer set state = 'failed', failure_reason = 'f' where state = 'completed'", "has ended"),
    ("update payout_transfer set state = 'processing', completed_at = null where state = 'completed'", "has ended"),
    ("update payout_transfer set version = version + 1 where state = 'completed'", "has ended"),
    ("update payout_batch set state = 'processing', finished_at = null where state = 'partial'", "keeps its ending"),
    ("update payout_batch set state = 'completed' where state = 'partial'", "keeps its ending"),
    ("update payout_batch set total_transfers = total_transfers + 1 where state = 'partial'", "keeps its ending"),
    ("update payout_batch set total_amount = total_amount + 1 where state = 'partial'", "keeps its ending"),
    ("update payout_batch set failed_transfers = failed_transfers - 1 where state = 'partial'", "keeps its ending"),
    ("update payout_batch set successful_transfers = successful_transfers - 1 where state = 'partial'", "keeps its ending"),
    ("update payout_batch set finished_at = 0 where state = 'partial'", "keeps its ending"),
    ("update payout_batch set is_sealed = 0 where state = 'partial'", "keeps its ending"),
    ("update settlement_account set status = 'active' where status = 'closed'", "stays closed"),
    ("update claim set state = 'submitted' where state = 'rejected'", "never changes"),
    ("update claim_approval set state = 'approved', attempt = 1, approved_at = 0, rejected_at = null \
      where state = 'rejected'", "never changes"),
    // Whatever is written fits together.
    ("update settlement_account set available = funded + 1", "CHECK"),
    ("update settlement_account set available = -1", "CHECK"),
    ("update payout_transfer set state = 'processing' where state = 'pending'", "CHECK"),
    ("update payout_transfer set state = 'completed', initiated_at = 0, completed_at = 0 where state = 'pending'", "CHECK"),
    ("update payout_transfer set state = 'failed', initiated_at = 0, completed_at = 0 where state = 'pending'", "CHECK"),
    ("update payout_transfer set state = 'unknown', initiated_at = 0, failure_reason = 'f' where state = 'pending'", "CHECK"),
    ("update payout_transfer set provider_transfer_id = 'p' where state = 'pending'", "CHECK"),
    ("update payout_transfer set state = 'returned', failure_reason = 'r', hold = 'rail_contradicts' where state = 'completed'",
     "CHECK"),
    ("update payout_batch set in_flight = reserved + 1 where state = 'queued'", "CHECK"),
    ("update payout_batch set reserved = reserved + 1 where state = 'queued'", "CHECK"),
    ("update payout_batch set is_sealed = 0, total_amount = total_amount + 1 where state = 'queued'", "CHECK"),
    ("update payout_batch set state = 'completed' where state = 'queued'", "CHECK"),
    ("update payout_batch set failed_transfers = total_transfers + 1 where state = 'queued'", "CHECK"),
    ("update payout_batch set lease_token = 1 where state = 'queued'", "CHECK"),
    ("update claim_approval set transfer_id = null where state = 'paid'", "CHECK"),
    ("update claim_approval set state = 'failed' where state = 'paid'", "CHECK"),
    ("update claim_approval set attempt = 0 where state = 'paid'", "CHECK"),
];

/// A second transfer of approvals that have one, in another batch, in a state.
fn second_transfer(of: &str, verb: &str, state: &str, rest: &str) -> String {
    format!(
        "{verb} into payout_transfer (id, batch_id, approval_id, user_id, amount, state, round, \
         is_in_doubt, version, initiated_at, completed_at, provider_transfer_id, failure_reason) \
         select 'ffffffff' || substr(id, 9), (select max(id) from payout_batch where id <> batch_id), \
         approval_id, user_id, amount, '{state}', 0, 0, 1, {rest} \
         from payout_transfer where state = '{of}' limit 1"
    )
}

fn attempts() -> Vec<(String, &'static str)> {
    let mut all: Vec<(String, &str)> =
        REFUSED.iter().map(|(sql, word)| ((*sql).to_owned(), *word)).collect();
    for table in TABLES {
        let word = if matches!(table, "payout_posting" | "payout_log") {
            "append-only"
        } else {
            "not deleted"
        };
        all.push((format!("delete from {table}"), word));
        if !matches!(table, "payout_posting" | "payout_log" | "rail_cursor" | "rail_note") {
            for verb in ["insert", "insert or replace", "insert or ignore", "replace"] {
                let sql = format!("{verb} into {table} select * from {table}");
                all.push((sql, "not replaced"));
            }
        }
    }
    for of in ["pending", "completed"] {
        for verb in ["insert", "insert or replace"] {
            let pending = second_transfer(of, verb, "pending", "null, null, null, null");
            let completed = second_transfer(of, verb, "completed", "0, 0, 'p', null");
            all.extend([(pending, "not replaced"), (completed, "not replaced")]);
        }
    }
    all
}

/// Keeps a copy of every table, of this connection alone.
async fn keep(connection: &mut SqliteConnection) {
    for table in TABLES {
        let sql = format!("create temp table kept_{table} as select * from {table}");
        connection.execute(AssertSqlSafe(sql)).await.unwrap();
    }
}

/// How many rows of a table differ from its copy.
async fn differing(connection: &mut SqliteConnection, table: &str) -> i64 {
    let sql = format!(
        "select (select count(*) from (select * from {table} except select * from kept_{table})) \
         + (select count(*) from (select * from kept_{table} except select * from {table}))"
    );
    sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(connection).await.unwrap()
}

#[tokio::test]
async fn what_is_written_of_money_stays() {
    let (_dir, path) = file().await;
    let mut connection = raw(&path).await;
    let (note, cursor) = (
        "insert into rail_note values ('mock', 1, 'p', 'posted', 'posted', null, 'known', 0)",
        "insert into rail_cursor values ('mock', 1)",
    );
    for sql in [note, cursor] {
        connection.execute(sql).await.unwrap();
    }
    keep(&mut connection).await;
    for (sql, word) in attempts() {
        for pragma in ["pragma recursive_triggers = on", "pragma recursive_triggers = off"] {
            connection.execute(pragma).await.unwrap();
            let done = connection.execute(AssertSqlSafe(sql.clone())).await;
            let refused = done.map(|done| done.rows_affected()).expect_err(&sql).to_string();
            assert!(refused.contains(word), "{sql}: {refused}");
        }
    }
    for table in TABLES {
        assert_eq!(differing(&mut connection, table).await, 0, "{table}");
    }
    connection.close().await.unwrap();
}

/// The same statements where they are allowed: the refusals above are not for another reason.
#[tokio::test]
async fn what_may_change_can_change() {
    let (_dir, path) = file().await;
    let mut connection = raw(&path).await;
    let returned = "update payout_transfer set state = 'returned', failure_reason = 'R01', version = version + 1 \
                    where id = (select min(id) from payout_transfer where state = 'completed')";
    let second = second_transfer("failed", "insert", "pending", "null, null, null, null");
    let third = second_transfer("returned", "insert", "pending", "null, null, null, null");
    let allowed = [
        "update payout_transfer set state = 'processing', initiated_at = 0, version = version + 1 where state = 'pending'",
        "update payout_transfer set state = 'unknown', is_in_doubt = 1 where state = 'processing'",
        returned,
        "update payout_batch set returned_transfers = 1, paid = paid - 100 where state = 'partial'",
        "update settlement_account set available = available + 1 where status = 'closed'",
        "update claim_approval set state = 'failed', transfer_id = null where state = 'paid'",
        "update claim_approval set state = 'approved', attempt = 2 where state = 'failed'",
        second.as_str(),
        third.as_str(),
        "insert into rail_cursor values ('mock', 1)",
        "update rail_cursor set event_id = 2",
    ];
    for sql in allowed {
        let done = connection.execute(AssertSqlSafe(sql)).await;
        assert!(done.unwrap().rows_affected() > 0, "{sql}");
    }
    connection.close().await.unwrap();
}

/// The rows of a batch as they were counted by it.
fn is_one_version(books: &Books, batch: PayoutBatchId) -> bool {
    let row = &books.batches[&batch];
    let inside = |states: &[TransferState]| {
        books.transfers.values().filter(|row| states.contains(&row.state)).count()
    };
    let cents = |states: &[TransferState]| i64::try_from(inside(states)).unwrap() * 100;
    use TransferState::{Completed, Failed, Processing, Unknown};
    row.successful_transfers as usize == inside(&[Completed])
        && row.failed_transfers as usize == inside(&[Failed])
        && row.held.in_flight == cents(&[Processing, Unknown])
        && row.held.paid == cents(&[Completed])
}

#[tokio::test]
async fn books_see_one_version_while_a_batch_is_executed() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("payme.db");
    let [writer, reader] = [open(&path).await, open(&path).await];
    let payouts = driver(&writer);
    account(&payouts, 1).await;
    let batch = batch(&payouts, 1, "batch").await;
    let all = reader.transfers(batch, TransferState::ALL, None, usize::MAX).await.unwrap();
    let ids: Vec<TransferId> = all.iter().map(|transfer| transfer.id).collect();
    let one_by_one = ExecuteOptions { chunk: 1, ..ExecuteOptions::default() };
    let read = async {
        let mut seen = std::collections::BTreeSet::new();
        loop {
            let books = reader.books(&[batch], &ids).await.unwrap();
            assert!(is_one_version(&books, batch));
            let row = &books.batches[&batch];
            seen.insert(row.version);
            if row.state.is_final() {
                return seen.len();
            }
        }
    };
    let (done, seen) = tokio::join!(payouts.execute(batch, one_by_one, |_| {}), read);
    assert!(done.unwrap().state.is_final());
    assert!(seen > 3, "the reader saw {seen} versions");
}

macro_rules! statements {
    ($($name:literal),+ $(,)?) => {
        [$(($name, include_str!(concat!("../sql/sqlite/", $name, ".sql")))),+]
    };
}

/// However many rows there are, none of these looks at all of them.
#[tokio::test]
async fn every_statement_finds_its_rows_by_an_index() {
    let statements = statements![
        "claim_get",
        "claims_of",
        "claims_update",
        "account_get",
        "account_of",
        "accounts_of",
        "accounts_update",
        "deposit_get",
        "approval_of",
        "approvals_waiting",
        "approvals_of_account",
        "claims_of_approvals",
        "approvals_update",
        "payout_batch_get",
        "payout_batch_of",
        "payout_batches_before",
        "payout_batches_update",
        "transfer_get",
        "transfers_named",
        "transfers_of",
        "transfers_open",
        "transfers_update",
        "books_transfers",
        "books_approvals",
        "books_claims",
        "books_batches",
        "books_accounts",
        "rail_cursor_get",
        "rail_notes_after",
        "rail_notes_known",
        "rail_notes_put",
        "payout_heads",
        "payout_log_after",
        "postings_after",
        "postings_of_batch",
        "postings_of_transfers",
    ];
    let (_dir, path) = file().await;
    let mut connection = raw(&path).await;
    for (name, sql) in statements {
        let explain = AssertSqlSafe(format!("explain query plan {sql}"));
        let plan: Vec<(i64, i64, i64, String)> =
            sqlx::query_as(explain).fetch_all(&mut connection).await.unwrap();
        let steps: Vec<&str> = plan.iter().map(|(_, _, _, detail)| detail.as_str()).collect();
        // Only the rows that are handed over as JSON, and those that were found, are read from the
        // first to the last.
        let is_handed =
            |step: &str| ["VIRTUAL TABLE", "(subquery"].iter().any(|of| step.contains(of));
        let scanned = |step: &&&str| step.starts_with("SCAN") && !is_handed(step);
        assert_eq!(steps.iter().find(scanned), None, "{name}: {steps:?}");
        let sorted = |step: &&&str| step.contains("TEMP B-TREE");
        let is_small = matches!(name, "postings_of_batch" | "postings_of_transfers");
        assert!(is_small || !steps.iter().any(|step| sorted(&step)), "{name}: {steps:?}");
        // Events about nobody here are many, and are not looked at.
        let only_known = ["SEARCH rail_note USING INDEX rail_note_known_now (rail=?)"];
        assert!(name != "rail_notes_known" || steps == only_known, "{steps:?}");
    }
    connection.close().await.unwrap();
}
