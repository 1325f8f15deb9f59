//! Benchmarks of payouts: making a batch, executing it, rebuilding rows from a log, verifying.
//!
//! Executing is timed with the mock rail, so what is timed is deciding and storing. Every answer is
//! checked before it is timed. The ratio to bare SQL and the cost in large batches are measured by
//! `cargo xtask scale payouts`. `PAYME_BENCH_SMALL=1` takes few people.
#![expect(clippy::expect_used, reason = "a benchmark that fails should say where")]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use payme::claims::{Claim, ClaimState};
use payme::driver::{Audit, ExecuteOptions, NewBatch, Payouts};
use payme::payouts::{Books, Draft, PayoutEvent, RequestKey, approve};
use payme::ports::{Clock as _, Commit, Random as _, Store};
use payme::store::memory::MemoryStore;
use payme::store::sqlite::SqliteStore;
use payme::system::{SystemClock, SystemRandom};
use payme::types::{
    AccountId, ApprovalId, AttorneyId, Currency, Instant, Money, PayoutBatchId, SettlementId,
    UserId,
};
use payme_adapters::rail::{EverybodyHasDestination, MockRail};
use tokio::runtime::{Builder, Runtime};

fn people() -> usize {
    if std::env::var_os("PAYME_BENCH_SMALL").is_some() { 50 } else { 1_000 }
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}

fn settlement() -> SettlementId {
    "00000000-0000-4000-8000-000000000002".parse().expect("an id")
}

/// A store with so many people who are approved, and its driver.
struct Town {
    store: Arc<dyn Store>,
    payouts: Payouts,
    account: AccountId,
}

impl Town {
    async fn new(store: Arc<dyn Store>, people: usize) -> Self {
        let (rail, everybody) = (Arc::new(MockRail), Arc::new(EverybodyHasDestination));
        let (clock, random) = (Arc::new(SystemClock), Arc::new(SystemRandom::default()));
        let payouts = Payouts::new(store.clone(), rail, everybody, clock, random);
        let attorney: AttorneyId = "00000000-0000-4000-8000-000000000003".parse().expect("an id");
        let linked = payouts.link_account(attorney, settlement(), Currency::USD).await;
        let account = linked.expect("an account");
        let key = RequestKey::new("fund").expect("a key");
        payouts.fund(account, &key, Money::usd_cents(1 << 40)).await.expect("funds");
        let town = Self { store, payouts, account };
        town.approve(people).await;
        town
    }

    async fn approve(&self, people: usize) {
        let (clock, random) = (SystemClock, SystemRandom::default());
        let now = clock.now();
        let row = self.store.account(self.account).await.expect("an answer").expect("one");
        let mut books = Books::default();
        books.accounts.insert(row.id, row);
        let users: Vec<UserId> = (0..people).map(|_| UserId::v7(now, random.bytes())).collect();
        for user in &users {
            let claim = Claim::matched(*user, settlement(), now);
            let claim = Claim { state: ClaimState::Submitted, ..claim };
            books.claims.insert((*user, settlement()), claim);
        }
        let mut draft = Draft::new(books, now);
        for user in users {
            let (id, money) = (ApprovalId::v7(now, random.bytes()), Money::usd_cents(1_234));
            approve(&mut draft, self.account, user, Some(money), id).expect("an approval");
        }
        assert_eq!(self.store.commit_payout(&draft.finish()).await, Ok(Commit::Done));
    }

    async fn batch(&self) -> PayoutBatchId {
        let key = RequestKey::new("batch").expect("a key");
        let new = NewBatch { settlement: settlement(), key: &key, items: None, payout_min: None };
        self.payouts.create_batch(new).await.expect("a batch").batch.id
    }

    async fn execute(&self, batch: PayoutBatchId) -> u32 {
        let done = self.payouts.execute(batch, ExecuteOptions::default(), |_| {}).await;
        done.expect("an execution").ended
    }

    async fn facts(&self) -> Vec<(Instant, PayoutEvent)> {
        let log = self.store.payout_log(self.account, 0, usize::MAX).await.expect("a log");
        log.iter().map(|link| (link.at, link.event().expect("a fact"))).collect()
    }
}

fn memory() -> Arc<dyn Store> {
    Arc::new(MemoryStore::new())
}

fn sqlite(runtime: &Runtime) -> Arc<dyn Store> {
    let store = runtime.block_on(SqliteStore::open("sqlite::memory:"));
    Arc::new(store.expect("a database"))
}

fn payouts(c: &mut Criterion) {
    let (runtime, people) = (runtime(), people());
    let mut group = c.benchmark_group("payouts");
    group.sample_size(10).throughput(Throughput::Elements(people as u64));
    for variant in ["memory", "sqlite"] {
        let town = || {
            let store = if variant == "memory" { memory() } else { sqlite(&runtime) };
            runtime.block_on(Town::new(store, people))
        };
        let checked = town();
        let batch = runtime.block_on(checked.batch());
        assert_eq!(runtime.block_on(checked.execute(batch)) as usize, people);
        group.bench_function(BenchmarkId::new(format!("batch/{variant}"), people), |b| {
            b.iter_batched(town, |it| runtime.block_on(it.batch()), BatchSize::PerIteration);
        });
        let made = || {
            let town = town();
            let batch = runtime.block_on(town.batch());
            (town, batch)
        };
        group.bench_function(BenchmarkId::new(format!("execute/{variant}"), people), |b| {
            let run = |(town, batch): (Town, _)| runtime.block_on(town.execute(batch));
            b.iter_batched(made, run, BatchSize::PerIteration);
        });
    }
    group.finish();
}

fn audit(c: &mut Criterion) {
    let (runtime, people) = (runtime(), people());
    let town = runtime.block_on(Town::new(memory(), people));
    let batch = runtime.block_on(town.batch());
    runtime.block_on(town.execute(batch));
    let facts = runtime.block_on(town.facts());
    let log = || facts.iter().map(|(at, event)| (*at, event));
    assert_eq!(Books::replay(log()).expect("facts that follow").transfers.len(), people);
    let audit = Audit::new(town.store.clone(), Arc::new(SystemClock));
    let verify = || runtime.block_on(audit.verify(|_| {})).expect("a report");
    assert_eq!((verify().findings, verify().facts), (vec![], facts.len() as u64));
    let mut group = c.benchmark_group("audit");
    group.sample_size(10).throughput(Throughput::Elements(facts.len() as u64));
    group.bench_function(BenchmarkId::new("replay/core", people), |b| {
        b.iter(|| Books::replay(black_box(log())));
    });
    group.bench_function(BenchmarkId::new("verify/memory", people), |b| b.iter(verify));
    group.finish();
}

criterion_group!(benches, payouts, audit);
criterion_main!(benches);
