//! Payouts on a file of SQLite with fsync on: executing a batch beside the same rows written with
//! nothing around them, and what a transfer costs in batches of a thousand to a hundred thousand.
//!
//! The bare side writes the very rows, facts and movements of money of the engine, in as many
//! commits, with one statement for each kind of row and its values ready as JSON before the clock
//! starts: it loads, decides, hashes and asks nothing. Both sides take turns on copies of one file.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use payme::claims::{Claim, ClaimState};
use payme::driver::{ExecuteOptions, NewBatch, Payouts};
use payme::payouts::{Batch, Books, Draft, RequestKey, TransferState, approve};
use payme::ports::{Clock as _, Commit, PayoutStore as _, Random as _};
use payme::store::sqlite::SqliteStore;
use payme::system::{SystemClock, SystemRandom};
use payme::types::{
    AccountId, ApprovalId, AttorneyId, Currency, Money, PayoutBatchId, SettlementId, UserId,
};
use payme_adapters::rail::{EverybodyHasDestination, MockRail};
use serde_json::{Value, json};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

use crate::clock::{Effort, count, micros, resident};

/// So many transfers are sent together; each chunk is stored in three commits.
const CHUNK: usize = 1_000;
const AMOUNT_CENTS: i64 = 1_234;

pub(crate) fn run(effort: Effort) {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    beside_bare(&runtime, effort);
    flat(&runtime, effort);
}

fn beside_bare(runtime: &Runtime, effort: Effort) {
    let people = effort.size(10_000, 200);
    let dir = TempDir::new().expect("a folder");
    let [ready, engine, bare] = ["ready.db", "engine.db", "bare.db"].map(|it| dir.path().join(it));
    let batch = runtime.block_on(waiting(&ready, people));
    let copy = |to: &Path| {
        let _ = std::fs::remove_file(to);
        std::fs::copy(&ready, to).expect("a copy");
    };
    copy(&engine);
    runtime.block_on(executed(&engine, batch, people));
    let commits = runtime.block_on(commits_of(&ready, &engine, batch));
    let mut ratios = Vec::new();
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..effort.rounds(9) {
        copy(&engine);
        copy(&bare);
        let mut took = [Duration::ZERO; 2];
        let order = if round % 2 == 0 { [0, 1] } else { [1, 0] };
        for side in order {
            took[side] = if side == 0 {
                runtime.block_on(executed(&engine, batch, people))
            } else {
                runtime.block_on(written(&bare, &commits))
            };
        }
        ratios.push(took[1].as_secs_f64() / took[0].as_secs_f64());
        times[0].push(took[0]);
        times[1].push(took[1]);
    }
    runtime.block_on(agree(&engine, &bare, batch));
    let [engine, bare] = times.map(median);
    let per_second = count(people) / engine.as_secs_f64();
    println!(
        "  {people} transfers, {} commits: PayMe {engine:.2?} ({per_second:.0} a second), bare \
         {bare:.2?}; ratio {:.2} (median of {})",
        commits.len(),
        median(ratios.iter().map(|ratio| (ratio * 1e6).round()).collect::<Vec<_>>()) / 1e6,
        ratios.len(),
    );
}

/// A batch of each size, in turns, so that what slows the machine for a while slows all of them.
fn flat(runtime: &Runtime, effort: Effort) {
    let dir = TempDir::new().expect("a folder");
    let sizes = [effort.size(1_000, 100), effort.size(10_000, 200), effort.size(100_000, 400)];
    let ready = sizes.map(|people| {
        let path = dir.path().join(format!("{people}.db"));
        let batch = runtime.block_on(waiting(&path, people));
        (people, path, batch)
    });
    let mut each = sizes.map(|_| Vec::new());
    let mut grew = sizes.map(|_| 0);
    let copy = dir.path().join("copy.db");
    for _ in 0..effort.rounds(7) {
        for (place, (people, path, batch)) in ready.iter().enumerate() {
            let _ = std::fs::remove_file(&copy);
            std::fs::copy(path, &copy).expect("a copy");
            let before = resident();
            let took = runtime.block_on(executed(&copy, *batch, *people));
            each[place].push(micros(took) / count(*people));
            let more = resident().zip(before).map_or(0, |(now, old)| now.saturating_sub(old));
            grew[place] = more.max(grew[place]);
        }
    }
    for ((people, each), grew) in sizes.iter().zip(each).zip(grew) {
        println!(
            "  {people:>6} transfers: {:.1} us each (median of {}), memory grew by at most {} MB",
            median(each.clone()),
            each.len(),
            grew >> 20,
        );
    }
}

fn median<T: PartialOrd + Copy>(mut values: Vec<T>) -> T {
    values.sort_by(|a, b| a.partial_cmp(b).expect("comparable"));
    values[values.len() / 2]
}

fn settlement() -> SettlementId {
    "00000000-0000-4000-8000-000000000002".parse().expect("an id")
}

fn driver(store: &SqliteStore) -> Payouts {
    let (rail, everybody) = (Arc::new(MockRail), Arc::new(EverybodyHasDestination));
    let (clock, random) = (Arc::new(SystemClock), Arc::new(SystemRandom::default()));
    Payouts::new(Arc::new(store.clone()), rail, everybody, clock, random)
}

async fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(path.to_str().expect("a path")).await.expect("a database")
}

/// A file with a batch of so many transfers, which waits to be executed.
async fn waiting(path: &Path, people: usize) -> PayoutBatchId {
    let store = open(path).await;
    let payouts = driver(&store);
    let attorney: AttorneyId = "00000000-0000-4000-8000-000000000003".parse().expect("an id");
    let linked = payouts.link_account(attorney, settlement(), Currency::USD).await;
    let account = linked.expect("an account");
    let key = |text| RequestKey::new(text).expect("a key");
    payouts.fund(account, &key("fund"), Money::usd_cents(1 << 40)).await.expect("funds");
    approve_all(&store, account, people).await;
    let name = key("batch");
    let new = NewBatch { settlement: settlement(), key: &name, items: None, payout_min: None };
    let made = payouts.create_batch(new).await.expect("a batch");
    assert_eq!(usize::try_from(made.batch.total_transfers), Ok(people));
    store.close().await;
    made.batch.id
}

/// Approves so many people, a thousand in a change.
async fn approve_all(store: &SqliteStore, account: AccountId, people: usize) {
    let (clock, random) = (SystemClock, SystemRandom::default());
    for page in (0..people).collect::<Vec<_>>().chunks(CHUNK) {
        let now = clock.now();
        let mut books = Books::default();
        let row = store.account(account).await.expect("an answer").expect("the account");
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
            let money = Some(Money::usd_cents(AMOUNT_CENTS));
            approve(&mut draft, account, user, money, id).expect("an approval");
        }
        assert_eq!(store.commit_payout(&draft.finish()).await, Ok(Commit::Done));
    }
}

/// Executes the batch, and checks that every transfer ended and the account was written once.
async fn executed(path: &Path, batch: PayoutBatchId, people: usize) -> Duration {
    let store = open(path).await;
    let payouts = driver(&store);
    let account = |store: SqliteStore| async move {
        store.account_of(settlement()).await.expect("an answer").expect("the account")
    };
    let before = account(store.clone()).await;
    let start = Instant::now();
    let options = ExecuteOptions { chunk: CHUNK, first: CHUNK, ..ExecuteOptions::default() };
    let done = payouts.execute(batch, options, |_| {}).await.expect("an execution");
    let took = start.elapsed();
    assert_eq!((usize::try_from(done.ended), done.open), (Ok(people), 0));
    let after = account(store.clone()).await;
    assert!(after.version.0 <= before.version.0 + 1, "the row of the account is written once");
    store.close().await;
    took
}

/// The statements of a commit with their values.
type Commits = Vec<Vec<(&'static str, String)>>;

macro_rules! statement {
    ($name:literal) => {
        include_str!(concat!("../../payme-adapters/sql/sqlite/", $name, ".sql"))
    };
}

const TRANSFERS: &str = statement!("transfers_update");
const APPROVALS: &str = statement!("approvals_update");
const CLAIMS: &str = statement!("claims_update");
const BATCHES: &str = statement!("payout_batches_update");
const ACCOUNTS: &str = statement!("accounts_update");
const LOG: &str = statement!("payout_log_append");
const POSTINGS: &str = statement!("postings_append");

/// What the engine wrote between two states of a file, by commits: the versions of a transfer say
/// in which one it was written.
async fn commits_of(ready: &Path, done: &Path, batch: PayoutBatchId) -> Commits {
    let (ready, done) = (open(ready).await, open(done).await);
    let first = ready.payout_batch(batch).await.expect("an answer").expect("the batch");
    let last = done.payout_batch(batch).await.expect("an answer").expect("the batch");
    let account = done.account(last.account_id).await.expect("an answer").expect("the account");
    let ids: Vec<_> = done
        .transfers(batch, TransferState::ALL, None, usize::MAX)
        .await
        .expect("transfers")
        .into_iter()
        .map(|row| row.id)
        .collect();
    let facts = ready.payout_log(account.id, 0, usize::MAX).await.expect("a log").len();
    let log = done.payout_log(account.id, facts as u64, usize::MAX).await.expect("a log");
    let old = ready.postings(account.id, 0, usize::MAX).await.expect("postings").len();
    let new = done.postings(account.id, old as u64, usize::MAX).await.expect("postings");
    let mut facts_of = BTreeMap::<_, Vec<_>>::new();
    for link in &log {
        facts_of.entry(link.event().expect("a fact").transfer_id()).or_default().push(link);
    }
    let mut postings_of = BTreeMap::<_, Vec<_>>::new();
    for posting in &new {
        postings_of.entry(posting.transfer_id).or_default().push(posting);
    }
    let (mut place, mut posted) = (facts as u64, old as u64);
    let link = |place: &mut u64, link: &payme::audit::Link| {
        *place += 1;
        let hash: String = link.hash.iter().map(|byte| format!("{byte:02x}")).collect();
        json!({"account_id": link.account_id, "sequence": *place, "at": link.at.as_micros(),
            "body": link.body, "hash": hash})
    };
    let posting = |place: &mut u64, one: &payme::payouts::Posting| {
        *place += 1;
        json!({"account_id": one.account_id, "sequence": *place, "batch_id": one.batch_id,
            "transfer_id": one.transfer_id, "kind": one.kind, "amount": one.amount})
    };
    let mut commits: Commits = Vec::new();
    let mut version = first.version.0;
    let mut batch_row = |row: &Batch| {
        version += 1;
        let row = Batch { version: payme::types::Version(version), ..row.clone() };
        vec![(BATCHES, json!([batch_json(&row)]).to_string())]
    };
    commits.push(batch_row(&first));
    let begun = Batch { state: payme::payouts::BatchState::Processing, ..first.clone() };
    let mut whole = facts_of.remove(&None).unwrap_or_default().into_iter();
    for chunk in ids.chunks(CHUNK) {
        let books = done.books(&[], chunk).await.expect("books");
        for step in 1..=3_u64 {
            let mut commit = batch_row(&begun);
            let (mut links, mut postings, mut rows) = (Vec::new(), Vec::new(), Vec::new());
            if commits.len() == 1 {
                links.extend(whole.next().map(|one| link(&mut place, one)));
            }
            for row in books.transfers.values() {
                rows.push(transfer_json(row, step));
                let facts = facts_of.get(&Some(row.id)).expect("facts");
                let own = match step {
                    1 => &facts[..1],
                    2 => &facts[1..2],
                    _ => &facts[2..],
                };
                links.extend(own.iter().map(|one| link(&mut place, one)));
                let moved = postings_of.get(&Some(row.id)).expect("postings");
                let moved = match step {
                    1 => &moved[..1],
                    2 => &[],
                    _ => &moved[1..],
                };
                postings.extend(moved.iter().map(|one| posting(&mut posted, one)));
            }
            commit.push((TRANSFERS, Value::Array(rows).to_string()));
            if step == 3 {
                let approvals = books.approvals.values().map(approval_json).collect();
                commit.push((APPROVALS, Value::Array(approvals).to_string()));
                let claims = books.claims.values().map(claim_json).collect();
                commit.push((CLAIMS, Value::Array(claims).to_string()));
            }
            if !postings.is_empty() {
                commit.push((POSTINGS, Value::Array(postings).to_string()));
            }
            commit.push((LOG, Value::Array(links).to_string()));
            commits.push(commit);
        }
    }
    let mut end = batch_row(&last);
    let links = whole.map(|one| link(&mut place, one)).collect();
    end.push((LOG, Value::Array(links).to_string()));
    if let Some(freed) = postings_of.get(&None) {
        let row = json!([{"id": account.id, "status": account.status, "funded": account.funded,
            "available": account.available, "version": account.version,
            "on_version": account.version.0 - 1}]);
        end.push((ACCOUNTS, row.to_string()));
        let rows = freed.iter().map(|one| posting(&mut posted, one)).collect();
        end.push((POSTINGS, Value::Array(rows).to_string()));
    }
    commits.push(end);
    ready.close().await;
    done.close().await;
    commits
}

fn batch_json(row: &Batch) -> Value {
    json!({"id": row.id, "state": row.state, "is_sealed": row.is_sealed,
        "filled_to": row.filled_to, "total_transfers": row.total_transfers,
        "successful_transfers": row.successful_transfers,
        "failed_transfers": row.failed_transfers, "returned_transfers": row.returned_transfers,
        "total_amount": row.total_amount, "reserved": row.held.reserved,
        "in_flight": row.held.in_flight, "paid": row.held.paid,
        "lease_token": row.lease.map(|lease| lease.token),
        "lease_until": row.lease.map(|lease| lease.until.as_micros()),
        "finished_at": row.finished_at.map(|at| at.as_micros()), "version": row.version,
        "on_version": row.version.0 - 1})
}

/// A transfer as it is after a step: begun, agreed to, ended.
fn transfer_json(row: &payme::payouts::Transfer, step: u64) -> Value {
    let is_over = step == 3;
    let state = if is_over { row.state } else { TransferState::Processing };
    json!({"id": row.id, "state": state, "round": row.round, "is_in_doubt": row.is_in_doubt,
        "authorization": row.authorization.as_ref().filter(|_| step > 1), "hold": null,
        "provider_transfer_id": row.provider_transfer_id.as_ref().filter(|_| is_over),
        "failure_reason": row.failure_reason.as_ref().filter(|_| is_over),
        "initiated_at": row.initiated_at.map(|at| at.as_micros()),
        "completed_at": row.completed_at.filter(|_| is_over).map(|at| at.as_micros()),
        "version": step + 1, "on_version": step})
}

fn approval_json(row: &payme::payouts::Approval) -> Value {
    json!({"id": row.id, "attempt": row.attempt, "amount": row.amount, "state": row.state,
        "transfer_id": row.transfer_id, "approved_at": row.approved_at.map(|at| at.as_micros()),
        "rejected_at": null, "version": row.version, "on_version": row.version.0 - 1})
}

fn claim_json(row: &Claim) -> Value {
    json!({"user_id": row.user_id, "settlement_id": row.settlement_id, "state": row.state,
        "moved_at": row.moved_at.as_micros(), "version": row.version,
        "on_version": row.version.0 - 1})
}

/// Writes the commits, and nothing else.
async fn written(path: &Path, commits: &Commits) -> Duration {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .disable_statement_logging();
    let mut connection: SqliteConnection = options.connect().await.expect("a connection");
    let start = Instant::now();
    for commit in commits {
        let begun = connection.begin_with("begin immediate").await;
        let mut tx = begun.expect("a transaction");
        for (statement, values) in commit {
            let query = sqlx::query(*statement).bind(values.as_str());
            let done = query.execute(&mut *tx).await.expect("rows");
            assert!(done.rows_affected() > 0, "{statement}");
        }
        tx.commit().await.expect("a commit");
    }
    let took = start.elapsed();
    connection.close().await.expect("a clean end");
    took
}

/// Both files have the same transfers, as many facts and as many movements of money.
async fn agree(engine: &Path, bare: &Path, batch: PayoutBatchId) {
    let (engine, bare) = (open(engine).await, open(bare).await);
    let mut told = Vec::new();
    for store in [&engine, &bare] {
        let rows = store.transfers(batch, TransferState::ALL, None, usize::MAX).await;
        let rows: Vec<_> = rows
            .expect("transfers")
            .into_iter()
            .map(|row| (row.id, row.state, row.version, row.provider_transfer_id))
            .collect();
        let account = store.account_of(settlement()).await.expect("an answer").expect("one");
        let log = store.payout_log(account.id, 0, usize::MAX).await.expect("a log").len();
        let postings = store.postings(account.id, 0, usize::MAX).await.expect("postings").len();
        told.push((rows, log, postings, account.available));
    }
    assert!(told[0] == told[1], "both sides wrote the same");
    engine.close().await;
    bare.close().await;
}
