//! A plan of its own: one batch of very many transfers, with a few things that go wrong.
//!
//! In: a seed and how many claimants. Out: an [`Outcome`], as for any plan. The laws are held in between
//! and in the end, and not after every change: looking at every row each time would take days. What is
//! kept grows with the number of claimants and with nothing else.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use payme_adapters::driver::Payouts;
use payme_adapters::rail::EverybodyHasDestination;
use payme_adapters::store::memory::MemoryStore;
use payme_core::claims::ClaimMove;
use payme_core::payouts::{ProviderTransferId, RailStatus, TransferState};
use payme_core::types::{AccountId, Currency, Money, PayoutBatchId};

use crate::fault::Fault;
use crate::oracle::{Violation, always, finally, log};
use crate::plan::{Outcome, Plan};
use crate::rail::Rail;
use crate::schedule::finish;
use crate::store::{Inner, Store};
use crate::wish::{Job, attorney, batch, execute, key, settlement, user};
use crate::world::World;

const SECOND: i64 = 1_000_000;
/// So many transfers are sent together.
const CHUNK: usize = 1_000;
/// The laws are held after so many passages of an executor, each as far as the rail or a crash lets it.
const PASSAGES: usize = 20;
/// A transfer that stays open for so many passages does not end.
const PASSAGES_MAX: usize = 400;

/// What can go wrong in a large plan.
pub const LARGE_FAULTS: [Fault; 12] = [
    Fault::CrashAfter,
    Fault::RailLostRequest,
    Fault::RailLostAnswer,
    Fault::RailLater,
    Fault::RailDeclines,
    Fault::RailRefusesToSend,
    Fault::StoreBusy,
    Fault::StoreLostAnswer,
    Fault::StoreConflict,
    Fault::TransferFails,
    Fault::TransferReturns,
    Fault::EventsTwice,
];

/// One in so many chances that a standard plan would take is taken here.
const RARER: u64 = 50;

struct Large {
    world: World,
    inner: Arc<dyn Inner>,
    driver: Payouts,
    account: AccountId,
    batch: PayoutBatchId,
}

/// Runs a seed of the large plan in memory.
pub fn run_large(seed: u64, people: usize) -> Outcome {
    let world = World::new(&Plan::new(seed));
    world.lock().faults.keep(&LARGE_FAULTS, RARER);
    let inner: Arc<dyn Inner> = Arc::new(MemoryStore::new());
    let result = Large::begin(&world, &inner, people).and_then(|large| large.run());
    let rows = inner.rows();
    let log = rows.accounts.keys().next().map(|account| log(inner.as_ref(), *account));
    let log = log.unwrap_or_default();
    let arrived = rows.transfers.values().filter(|row| row.state == TransferState::Completed);
    let shared = world.lock();
    Outcome {
        violation: result.err(),
        fired: *shared.faults.fired(),
        head: log.last().map_or([0; 32], |link| link.hash),
        facts: log.len(),
        transfers: (rows.transfers.len(), arrived.count()),
        trace: Vec::new(),
    }
}

impl Large {
    /// A sealed batch of everybody.
    fn begin(world: &World, inner: &Arc<dyn Inner>, people: usize) -> Result<Self, Violation> {
        let text = |error: payme_adapters::driver::PayoutDriverError| error.to_string();
        let (clock, random) = (Arc::new(world.clone()), Arc::new(world.clone()));
        let rail = Arc::new(Rail { world: world.clone(), executor: 0 });
        let everybody = Arc::new(EverybodyHasDestination);
        let calm =
            Payouts::new(inner.clone(), rail.clone(), everybody, clock.clone(), random.clone());
        let link = calm.link_account(attorney(), settlement(), Currency::USD);
        let account = finish(link).map_err(text)?;
        let money = Money::usd_cents(i64::MAX);
        finish(calm.fund(account, &key("fund"), money)).map_err(text)?;
        for n in 0..people {
            for event in [ClaimMove::Open, ClaimMove::Submit] {
                finish(calm.move_claim(user(n), settlement(), event)).map_err(text)?;
            }
            let cents = 1 + i64::try_from(world.lock().rng.below(99_999)).unwrap_or(0);
            let money = Some(Money::usd_cents(cents));
            finish(calm.approve(settlement(), user(n), money)).map_err(text)?;
        }
        let made = finish(batch(&calm, "large", None)).map_err(text)?;
        let store = Arc::new(Store::new(world, inner));
        let driver = Payouts::new(store.clone(), rail, store, clock, random);
        let (world, inner) = (world.clone(), inner.clone());
        Ok(Self { world, inner, driver, account, batch: made.batch.id })
    }

    fn run(&self) -> Result<(), Violation> {
        for passage in 1..=PASSAGES_MAX {
            if passage == PASSAGES_MAX / 2 {
                self.world.lock().faults.stop();
            }
            // Whoever died holds the lease until it ends.
            self.pass(120 * SECOND);
            self.until_it_ends(execute(self.driver.clone(), self.batch, CHUNK))?;
            self.move_rail();
            let driver = self.driver.clone();
            self.until_it_ends(Box::pin(async move { Ok(driver.read_events().await.is_ok()) }))?;
            if passage.is_multiple_of(PASSAGES) {
                self.check()?;
            }
            if self.is_over() {
                break;
            }
        }
        self.world.lock().faults.stop();
        finish(self.driver.read_events()).map_err(|error| error.to_string())?;
        self.check()?;
        let report = finish(self.driver.reconcile(self.batch, |_| {}));
        let report = report.map_err(|error| error.to_string())?;
        if !report.rail_checked || !report.disagreements.is_empty() {
            return Err(format!("reconciliation: {:?}", report.disagreements.first()));
        }
        finally(self.inner.as_ref(), &self.world.lock().twin, self.account)
    }

    fn pass(&self, micros: i64) {
        let mut shared = self.world.lock();
        shared.now = shared.now.plus_micros(micros);
    }

    fn check(&self) -> Result<(), Violation> {
        let rows = self.inner.rows();
        always(&rows, self.inner.as_ref(), &self.world.lock().twin, self.account)
    }

    /// A job, until it has ended or its process dies.
    fn until_it_ends(&self, mut job: Job) -> Result<(), Violation> {
        loop {
            if let Poll::Ready(done) = job.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                return done.map(drop);
            }
            self.pass(1_000);
            if self.world.strikes(Fault::CrashAfter) {
                return Ok(());
            }
        }
    }

    /// Every transfer goes on by a step at the rail.
    fn move_rail(&self) {
        let sent: Vec<(ProviderTransferId, RailStatus)> = {
            let shared = self.world.lock();
            shared.twin.sent().map(|one| (one.transfer.id.clone(), one.transfer.status)).collect()
        };
        for (name, status) in sent {
            let to = match status {
                RailStatus::Pending if self.world.strikes(Fault::TransferFails) => {
                    RailStatus::Failed
                }
                RailStatus::Pending => RailStatus::Posted,
                RailStatus::Posted => RailStatus::Settled,
                RailStatus::Settled if self.world.strikes(Fault::TransferReturns) => {
                    RailStatus::Returned
                }
                RailStatus::Settled
                | RailStatus::FundsAvailable
                | RailStatus::Cancelled
                | RailStatus::Failed
                | RailStatus::Returned => continue,
            };
            self.world.lock().twin.advance(&name, to, Some("R01"));
        }
    }

    fn is_over(&self) -> bool {
        finish(self.inner.payout_batch(self.batch))
            .is_ok_and(|batch| batch.is_some_and(|batch| batch.state.is_final()))
    }
}
