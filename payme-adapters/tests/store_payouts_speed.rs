//! How fast a batch is executed on a file, beside the same rows written with nothing around them.
//!
//! Run with `--release --ignored --nocapture`. The rows of the second figure are those of the
//! first: its log says which, one statement for each row, a transaction for each thousand of them.
#![cfg(all(feature = "driver", feature = "sqlite", feature = "system"))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails should say where")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use payme_adapters::driver::{ExecuteOptions, NewBatch, Payouts};
use payme_adapters::rail::{EverybodyHasDestination, MockRail};
use payme_adapters::store::sqlite::SqliteStore;
use payme_adapters::system::{SystemClock, SystemRandom};
use payme_core::audit::Link;
use payme_core::claims::{Claim, ClaimState};
use payme_core::payouts::{
    Approval, Books, Draft, PayoutEvent, Posting, RequestKey, Transfer, TransferState, approve,
};
use payme_core::ports::{Clock as _, Commit, PayoutStore as _, Random as _};
use payme_core::types::{
    AccountId, ApprovalId, AttorneyId, Currency, Money, PayoutBatchId, SettlementId, TransferId,
    UserId,
};
use sqlx::sqlite::{SqliteConnectOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};
use tempfile::TempDir;
use uuid::Uuid;

const CHUNK: usize = 1_000;

fn settlement() -> SettlementId {
    SettlementId::from_uuid(Uuid::from_u128(2))
}

fn key(text: &str) -> RequestKey {
    RequestKey::new(text).unwrap()
}

fn driver(store: &SqliteStore) -> Payouts {
    let (rail, everybody) = (Arc::new(MockRail), Arc::new(EverybodyHasDestination));
    let (clock, random) = (Arc::new(SystemClock), Arc::new(SystemRandom::default()));
    Payouts::new(Arc::new(store.clone()), rail, everybody, clock, random)
}

/// Approves so many people, a thousand in a change.
async fn approve_all(store: &SqliteStore, account: AccountId, people: usize) {
    let (clock, random) = (SystemClock, SystemRandom::default());
    for page in (0..people).collect::<Vec<_>>().chunks(CHUNK) {
        let now = clock.now();
        let mut books = Books::default();
        let row = store.account(account).await.unwrap().unwrap();
        books.accounts.insert(account, row);
        let users: Vec<UserId> = page.iter().map(|_| UserId::v7(now, random.bytes())).collect();
        for user in &users {
            let claim = Claim::matched(*user, settlement(), now);
            let claim = Claim { state: ClaimState::Submitted, ..claim };
            books.claims.insert((*user, settlement()), claim);
        }
        let mut draft = Draft::new(books, now);
        for user in users {
            let id = ApprovalId::v7(now, random.bytes());
            approve(&mut draft, account, user, Some(Money::usd_cents(1_234)), id).unwrap();
        }
        assert_eq!(store.commit_payout(&draft.finish()).await, Ok(Commit::Done));
    }
}

/// A file with a batch of so many transfers that waits.
async fn waiting(path: &Path, people: usize) -> (AccountId, PayoutBatchId) {
    let store = SqliteStore::open(path.to_str().unwrap()).await.unwrap();
    let payouts = driver(&store);
    let attorney = AttorneyId::from_uuid(Uuid::from_u128(3));
    let account = payouts.link_account(attorney, settlement(), Currency::USD).await.unwrap();
    payouts.fund(account, &key("fund"), Money::usd_cents(1 << 40)).await.unwrap();
    let start = Instant::now();
    approve_all(&store, account, people).await;
    println!("approving {people}: {:?}", start.elapsed());
    let start = Instant::now();
    let key = key("batch");
    let new = NewBatch { settlement: settlement(), key: &key, items: None, payout_min: None };
    let made = payouts.create_batch(new).await.unwrap();
    assert_eq!(made.batch.total_transfers as usize, people);
    println!("making the batch: {:?}", start.elapsed());
    store.close().await;
    (account, made.batch.id)
}

/// What was written while the batch was executed.
struct Written {
    links: Vec<Link>,
    postings: BTreeMap<TransferId, Vec<Posting>>,
    transfers: BTreeMap<TransferId, Transfer>,
    approvals: BTreeMap<ApprovalId, Approval>,
    last_posting: i64,
}

async fn executed(
    path: &Path,
    (account, batch): (AccountId, PayoutBatchId),
    people: usize,
) -> (Duration, Written) {
    let store = SqliteStore::open(path.to_str().unwrap()).await.unwrap();
    let payouts = driver(&store);
    let facts = store.payout_log(account, 0, usize::MAX).await.unwrap().len();
    let before = store.postings(account, 0, usize::MAX).await.unwrap().len();
    let start = Instant::now();
    let options = ExecuteOptions { chunk: CHUNK, ..ExecuteOptions::default() };
    let done = payouts.execute(batch, options, |_| {}).await.unwrap();
    let took = start.elapsed();
    assert_eq!((done.ended as usize, done.open), (people, 0));
    let ids = store.transfers(batch, TransferState::ALL, None, usize::MAX).await.unwrap();
    let ids: Vec<TransferId> = ids.iter().map(|row| row.id).collect();
    let books = store.books(&[batch], &ids).await.unwrap();
    let mut postings: BTreeMap<TransferId, Vec<Posting>> = BTreeMap::new();
    for posting in store.postings_of_transfers(&ids).await.unwrap() {
        postings.entry(posting.transfer_id.unwrap()).or_default().push(posting);
    }
    let links = store.payout_log(account, facts as u64, usize::MAX).await.unwrap();
    store.close().await;
    let last_posting = i64::try_from(before).unwrap();
    let (transfers, approvals) = (books.transfers, books.approvals);
    (took, Written { links, postings, transfers, approvals, last_posting })
}

const TRANSFER: &str = "update payout_transfer set state = ?2, round = ?3, is_in_doubt = ?4, \
     authorization = ?5, hold = ?6, provider_transfer_id = ?7, failure_reason = ?8, \
     initiated_at = ?9, completed_at = ?10, version = ?11 + 1 where id = ?1 and version = ?11";
const LINK: &str =
    "insert into payout_log (account_id, sequence, at, body, hash) values (?1, ?2, ?3, ?4, ?5)";
const POSTING: &str = "insert into payout_posting (account_id, sequence, batch_id, transfer_id, \
     kind, amount) values (?1, ?2, ?3, ?4, ?5, ?6)";
const APPROVAL: &str = "update claim_approval set attempt = ?2, amount = ?3, state = ?4, \
     transfer_id = ?5, approved_at = ?6, rejected_at = ?7, version = ?8 + 1 \
     where id = ?1 and version = ?8";
const CLAIM: &str = "update claim set state = ?3, moved_at = ?4, version = version + 1 \
     where user_id = ?1 and settlement_id = ?2";

/// One row for each statement, a thousand for each transaction.
struct Bare {
    connection: SqliteConnection,
    rows: usize,
}

type Statement<'q> = sqlx::query::Query<'q, sqlx::Sqlite, sqlx::sqlite::SqliteArguments>;

impl Bare {
    async fn open(path: &Path) -> Self {
        let options = SqliteConnectOptions::new().filename(path);
        let options = options.synchronous(SqliteSynchronous::Full).disable_statement_logging();
        let mut connection = options.connect().await.unwrap();
        sqlx::query("begin immediate").execute(&mut connection).await.unwrap();
        Self { connection, rows: 0 }
    }

    async fn row(&mut self, statement: Statement<'_>) {
        assert_eq!(statement.execute(&mut self.connection).await.unwrap().rows_affected(), 1);
        self.rows += 1;
        if self.rows.is_multiple_of(1_000) {
            sqlx::query("commit").execute(&mut self.connection).await.unwrap();
            sqlx::query("begin immediate").execute(&mut self.connection).await.unwrap();
        }
    }
}

/// Writes the rows that the log tells of. What each row held in between is told by the last one.
async fn written_bare(path: &Path, mut written: Written) -> (Duration, usize) {
    let mut bare = Bare::open(path).await;
    let start = Instant::now();
    for link in &written.links {
        let event = link.event().unwrap();
        let account = link.account_id.to_string();
        let insert = sqlx::query(LINK).bind(&account).bind(link.sequence as i64);
        let insert = insert.bind(link.at.as_micros()).bind(link.body.as_str());
        bare.row(insert.bind(link.hash.as_slice())).await;
        let Some(id) = event.transfer_id() else { continue };
        // A refusal has two facts, and its row is written once.
        let version = match event {
            PayoutEvent::PayoutTransferStarted { .. } => 1,
            PayoutEvent::PayoutTransferAuthorized { .. } => 2,
            PayoutEvent::PayoutTransferAccepted { .. } => continue,
            _ => 3,
        };
        let row = &written.transfers[&id];
        let is_over = version == 3;
        let state = if is_over { row.state } else { TransferState::Processing };
        let update = sqlx::query(TRANSFER)
            .bind(id.to_string())
            .bind(state.as_str())
            .bind(row.round)
            .bind(row.is_in_doubt)
            .bind(row.authorization.as_ref().filter(|_| version > 1).map(|id| id.0.as_str()))
            .bind(None::<&str>)
            .bind(row.provider_transfer_id.as_ref().filter(|_| is_over).map(|id| id.0.as_str()))
            .bind(row.failure_reason.as_deref().filter(|_| is_over))
            .bind(row.initiated_at.map(|at| at.as_micros()))
            .bind(row.completed_at.filter(|_| is_over).map(|at| at.as_micros()))
            .bind(version);
        bare.row(update).await;
        if version != 2 {
            let posting = written.postings.get_mut(&id).unwrap().remove(0);
            written.last_posting += 1;
            let insert = sqlx::query(POSTING)
                .bind(&account)
                .bind(written.last_posting)
                .bind(posting.batch_id.map(|id| id.to_string()))
                .bind(id.to_string())
                .bind(posting.kind.as_str())
                .bind(posting.amount.minor());
            bare.row(insert).await;
        }
        if is_over {
            let approval = &written.approvals[&row.approval_id];
            let update = sqlx::query(APPROVAL)
                .bind(approval.id.to_string())
                .bind(approval.attempt)
                .bind(approval.amount.map(|amount| amount.minor()))
                .bind(approval.state.as_str())
                .bind(approval.transfer_id.map(|id| id.to_string()))
                .bind(approval.approved_at.map(|at| at.as_micros()))
                .bind(None::<i64>)
                .bind(approval.version.0 - 1);
            bare.row(update).await;
            let state =
                if row.state == TransferState::Completed { "paid_out" } else { "not_paid_out" };
            let update =
                sqlx::query(CLAIM).bind(row.user_id.to_string()).bind(settlement().to_string());
            bare.row(update.bind(state).bind(row.completed_at.map(|at| at.as_micros()))).await;
        }
    }
    sqlx::query("commit").execute(&mut bare.connection).await.unwrap();
    let took = start.elapsed();
    bare.connection.close().await.unwrap();
    (took, bare.rows)
}

#[tokio::test]
#[ignore = "measures; it proves nothing that the other tests do not"]
async fn executing_a_batch() {
    let people = std::env::var("PAYME_TEST_TRANSFERS").ok();
    let people: usize = people.map_or(10_000, |text| text.parse().unwrap());
    let dir = TempDir::new().unwrap();
    let [first, second] = ["first.db", "second.db"].map(|name| dir.path().join(name));
    let of = waiting(&first, people).await;
    std::fs::copy(&first, &second).unwrap();
    let (took, written) = executed(&first, of, people).await;
    let commits = 3 * people.div_ceil(CHUNK) + 2;
    let each = |took: Duration, n: usize| 1.0 / (took / u32::try_from(n).unwrap()).as_secs_f64();
    println!(
        "executing {people}: {took:?}, {:.0} transfers/s, {:.1} commits/s",
        each(took, people),
        each(took, commits)
    );
    let facts = written.links.len();
    let (bare, rows) = written_bare(&second, written).await;
    println!(
        "the same {rows} rows ({facts} facts), bare: {bare:?}, {:.0} rows/s",
        each(bare, rows)
    );
    println!("ratio: {:.2}", bare.as_secs_f64() / took.as_secs_f64());
}
