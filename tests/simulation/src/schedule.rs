//! One seed: processes that run in turns, a world that moves on, and faults between them.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use payme_adapters::driver::{ExecuteOptions, NewBatch, Payouts};
use payme_adapters::store::memory::MemoryStore;
use payme_core::claims::ClaimMove;
use payme_core::payouts::{Amount, ProviderTransferId, RailStatus, RequestKey, TransferState};
use payme_core::types::{
    AccountId, AttorneyId, Currency, Instant, Money, PayoutBatchId, SettlementId, UserId,
};
use uuid::Uuid;

use crate::canary::Canary;
use crate::fault::{Fault, Fired};
use crate::oracle::{Violation, always, finally, log};
use crate::rail::Rail;
use crate::store::{Inner, Store};
use crate::world::{Shared, World};

const SECOND: i64 = 1_000_000;
const LEASE: i64 = 60 * SECOND;
/// The first phase, in which things go wrong, has so many steps.
pub(crate) const STEPS: u32 = 900;
/// The second phase, in which nothing does, may take so many rounds.
const ROUNDS_MAX: usize = 60;
const PAYOUT_MIN: i64 = 700;
/// A seed has so many claimants, at least and at most.
const PEOPLE_MIN: usize = 3;
pub(crate) const PEOPLE_MAX: usize = 6;

/// What a seed came to.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The law that did not hold, if any.
    pub violation: Option<Violation>,
    /// How often each fault happened.
    pub fired: Fired,
    /// The end of the log: the same for the same seed.
    pub head: [u8; 32],
    /// How many facts the log has.
    pub facts: usize,
    /// How many transfers were made, and how many of them arrived.
    pub transfers: (usize, usize),
    /// What happened, where that was asked for.
    pub trace: Vec<String>,
}

/// The answer of a future that does not wait; `None` if it does.
pub(crate) fn ready<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => Some(answer),
        Poll::Pending => None,
    }
}

/// Runs a future to its end, whatever it waits for.
fn finish<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(answer) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return answer;
        }
    }
}

type Job = Pin<Box<dyn Future<Output = bool> + Send>>;

/// What attorneys do, in this order; what fails is done again.
#[derive(Debug, Clone, Copy)]
enum Wish {
    Fund,
    Approve(usize),
    Batch(usize),
}

struct Process {
    job: Option<Job>,
    wakes_at: Instant,
    /// Whether it has done something that it did not hear of yet.
    is_done: bool,
}

struct Seed {
    world: World,
    inner: Arc<dyn Inner>,
    drivers: Vec<Payouts>,
    processes: Vec<Process>,
    wishes: Vec<Wish>,
    account: AccountId,
    amounts: Vec<Option<i64>>,
    fund: i64,
    checked: u64,
}

fn id(kind: u8, n: usize) -> Uuid {
    Uuid::from_u128((u128::from(kind) << 120) | (0x4000_8000 << 64) | n as u128)
}

pub(crate) fn settlement() -> SettlementId {
    SettlementId::from_uuid(id(1, 0))
}

pub(crate) fn user(n: usize) -> UserId {
    UserId::from_uuid(id(2, n))
}

pub(crate) fn attorney() -> AttorneyId {
    AttorneyId::from_uuid(id(3, 0))
}

fn key(text: &str) -> RequestKey {
    RequestKey::new(text).unwrap_or_else(|_| unreachable!("the keys of the simulation are short"))
}

/// What is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The seed everything is drawn from.
    pub seed: u64,
    /// A build that is broken on purpose.
    pub canary: Option<Canary>,
    /// How many steps the phase has in which things go wrong.
    pub steps: u32,
    /// What does not go wrong, though the seed has it.
    pub without: Vec<Fault>,
    /// Whether to say what happened.
    pub is_traced: bool,
}

impl Plan {
    /// The standard plan of a seed.
    pub const fn new(seed: u64) -> Self {
        Self { seed, canary: None, steps: STEPS, without: Vec::new(), is_traced: false }
    }

    /// The same with a broken build.
    #[must_use]
    pub fn with_canary(self, canary: Canary) -> Self {
        Self { canary: Some(canary), ..self }
    }

    /// The same, saying what happened.
    #[must_use]
    pub fn traced(self) -> Self {
        Self { is_traced: true, ..self }
    }
}

/// A smaller plan that breaks a law too: without every fault that is not needed for it, and with as few
/// steps. `None` where the plan breaks none.
pub fn minimise(plan: &Plan) -> Option<Plan> {
    let breaks = |plan: &Plan| run_plan(plan).violation.is_some();
    if !breaks(plan) {
        return None;
    }
    let mut smallest = plan.clone();
    for fault in Fault::ALL {
        let mut without = smallest.clone();
        without.without.push(*fault);
        if breaks(&without) {
            smallest = without;
        }
    }
    let mut cut = smallest.steps;
    while cut > 0 {
        let shorter = Plan { steps: smallest.steps.saturating_sub(cut), ..smallest.clone() };
        if shorter.steps < smallest.steps && breaks(&shorter) {
            smallest = shorter;
        } else {
            cut /= 2;
        }
    }
    Some(smallest)
}

/// Runs a plan on a store in memory.
pub fn run_plan(plan: &Plan) -> Outcome {
    run_plan_on(plan, &(Arc::new(MemoryStore::new()) as Arc<dyn Inner>))
}

/// Runs a plan on an empty store.
pub(crate) fn run_plan_on(plan: &Plan, inner: &Arc<dyn Inner>) -> Outcome {
    let world = World::new(plan);
    let result = Seed::begin(&world, inner).and_then(|mut seed| {
        let ran = seed.run(plan.steps);
        ran.map(|()| seed.account)
    });
    let (violation, account) = match result {
        Ok(account) => (None, Some(account)),
        Err(violation) => (Some(violation), None),
    };
    let rows = inner.rows();
    let account = account.or_else(|| rows.accounts.keys().next().copied());
    let log = account.map(|account| log(inner.as_ref(), account)).unwrap_or_default();
    let arrived = rows.transfers.values().filter(|row| row.state == TransferState::Completed);
    let mut shared = world.lock();
    Outcome {
        violation,
        fired: *shared.faults.fired(),
        head: log.last().map_or([0; 32], |link| link.hash),
        facts: log.len(),
        transfers: (rows.transfers.len(), arrived.count()),
        trace: shared.trace.take().unwrap_or_default(),
    }
}

impl Seed {
    fn begin(world: &World, inner: &Arc<dyn Inner>) -> Result<Self, Violation> {
        let driver = |executor: usize| {
            let store = Arc::new(Store { world: world.clone(), inner: inner.clone() });
            let rail = Arc::new(Rail { world: world.clone(), executor });
            let (clock, random) = (Arc::new(world.clone()), Arc::new(world.clone()));
            Payouts::new(store.clone(), rail, store, clock, random)
        };
        let (people, executors, amounts, fund) = {
            let mut shared = world.lock();
            let people = PEOPLE_MIN + shared.rng.index(PEOPLE_MAX - PEOPLE_MIN + 1);
            let executors = 2 + shared.rng.index(2);
            let amounts: Vec<Option<i64>> = (0..people)
                .map(|_| match shared.rng.below(10) {
                    0 => None,
                    1 => Some(1),
                    _ => Some(1 + i64::try_from(shared.rng.below(9_999)).unwrap_or(0)),
                })
                .collect();
            let needed: i64 = amounts.iter().map(|cents| cents.unwrap_or(PAYOUT_MIN)).sum();
            // One in eight accounts cannot cover everybody.
            let fund = if shared.rng.once_in(125) { needed / 2 + 1 } else { needed * 3 };
            (people, executors, amounts, fund)
        };
        // The beginning is calm.
        let calm = {
            let (clock, random) = (Arc::new(world.clone()), Arc::new(world.clone()));
            let rail = Arc::new(Rail { world: world.clone(), executor: 0 });
            let everybody = Arc::new(payme_adapters::rail::EverybodyHasDestination);
            Payouts::new(inner.clone(), rail, everybody, clock, random)
        };
        let account = finish(calm.link_account(attorney(), settlement(), Currency::USD))
            .map_err(|error| error.to_string())?;
        for n in 0..people {
            for event in [ClaimMove::Open, ClaimMove::Submit] {
                finish(calm.move_claim(user(n), settlement(), event))
                    .map_err(|error| error.to_string())?;
            }
        }
        let now = world.lock().now;
        let drivers: Vec<Payouts> = (0..executors + 2).map(driver).collect();
        let processes =
            drivers.iter().map(|_| Process { job: None, wakes_at: now, is_done: false }).collect();
        let wishes = Self::wishes(world, people);
        let (world, inner) = (world.clone(), inner.clone());
        Ok(Self { world, inner, drivers, processes, wishes, account, amounts, fund, checked: 0 })
    }

    /// What the attorney wants: everybody approved, in at least two batches, some of it asked for twice.
    fn wishes(world: &World, people: usize) -> Vec<Wish> {
        let mut wishes = vec![Wish::Fund];
        let half = people.div_ceil(2);
        wishes.extend((0..half).map(Wish::Approve));
        wishes.push(Wish::Batch(0));
        if world.strikes(Fault::BatchAgain) {
            wishes.push(Wish::Batch(0));
        }
        wishes.extend((half..people).map(Wish::Approve));
        for n in 0..people {
            if world.strikes(Fault::ApprovedAgain) {
                wishes.push(Wish::Approve(n));
            }
        }
        wishes.push(Wish::Batch(1));
        if world.strikes(Fault::BatchOtherKey) {
            wishes.push(Wish::Batch(2));
        }
        // Whoever was not paid is approved again, once.
        wishes.extend((0..people).map(Wish::Approve));
        wishes.push(Wish::Batch(3));
        wishes.reverse();
        wishes
    }

    fn run(&mut self, steps: u32) -> Result<(), Violation> {
        for _ in 0..steps {
            self.step();
            self.check()?;
        }
        self.calm_down()
    }

    fn check(&mut self) -> Result<(), Violation> {
        let shared = self.world.lock();
        if shared.changes == self.checked {
            return Ok(());
        }
        self.checked = shared.changes;
        always(self.inner.as_ref(), &shared.twin, self.account)
    }

    fn step(&mut self) {
        let draw = self.world.lock().rng.below(100);
        match draw {
            0..=5 => self.move_rail(),
            6..=7 => self.move_time(),
            _ => self.move_process(),
        }
    }

    fn move_time(&self) {
        for (fault, micros) in [
            (Fault::ClockBack, -600 * SECOND),
            (Fault::ClockAhead, 600 * SECOND),
            (Fault::ClockHour, 65 * 60 * SECOND),
            (Fault::ClockJump, 49 * 3_600 * SECOND),
        ] {
            if self.world.strikes(fault) {
                let mut shared = self.world.lock();
                shared.now = shared.now.plus_micros(micros);
            }
        }
        let mut shared = self.world.lock();
        let passed = i64::try_from(shared.rng.below(90)).unwrap_or(0) * SECOND;
        shared.now = shared.now.plus_micros(passed);
    }

    /// A transfer moves on at the rail.
    fn move_rail(&self) {
        let mut shared = self.world.lock();
        let Shared { rng, faults, twin, changes, .. } = &mut *shared;
        let moving: Vec<(ProviderTransferId, RailStatus)> =
            twin.sent().map(|sent| (sent.transfer.id.clone(), sent.transfer.status)).collect();
        if moving.is_empty() {
            return;
        }
        let Some((name, status)) = moving.get(rng.index(moving.len())) else { return };
        let to = match status {
            RailStatus::Pending if faults.strikes(Fault::TransferFails, rng) => RailStatus::Failed,
            RailStatus::Pending if faults.strikes(Fault::TransferCancelled, rng) => {
                RailStatus::Cancelled
            }
            RailStatus::Pending => RailStatus::Posted,
            RailStatus::Posted if faults.strikes(Fault::TransferReturns, rng) => {
                RailStatus::Returned
            }
            RailStatus::Posted => RailStatus::Settled,
            RailStatus::Settled if faults.strikes(Fault::TransferReturns, rng) => {
                RailStatus::Returned
            }
            RailStatus::Settled
            | RailStatus::FundsAvailable
            | RailStatus::Cancelled
            | RailStatus::Failed
            | RailStatus::Returned => return,
        };
        if twin.advance(name, to, Some("R01")) {
            *changes += 1;
        }
        shared.tell(|| format!("rail: {} is {to}", name.0));
    }

    fn move_process(&mut self) {
        let at = self.world.lock().rng.index(self.processes.len());
        let now = self.world.lock().now;
        let Some(process) = self.processes.get(at) else { return };
        if process.wakes_at > now {
            let mut shared = self.world.lock();
            shared.now = now.plus_micros(SECOND);
            return;
        }
        if process.job.is_some() {
            let fault = if process.is_done { Fault::CrashAfter } else { Fault::CrashBefore };
            if self.world.strikes(fault) {
                self.stop(at);
                return;
            }
            if self.world.strikes(Fault::Pause) {
                if let Some(process) = self.processes.get_mut(at) {
                    process.wakes_at = now.plus_micros(LEASE * 2);
                }
                return;
            }
        } else {
            let job = self.next_job(at);
            if let Some(process) = self.processes.get_mut(at) {
                process.job = job;
            }
        }
        {
            let mut shared = self.world.lock();
            let passed = i64::try_from(shared.rng.below(400)).unwrap_or(0) * 1_000;
            shared.now = shared.now.plus_micros(passed);
        }
        let Some(process) = self.processes.get_mut(at) else { return };
        let Some(job) = process.job.as_mut() else { return };
        if let Poll::Ready(done) = job.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            process.job = None;
            if done && at == 0 {
                self.wishes.pop();
            }
        } else {
            process.is_done = self.world.lock().is_done;
        }
    }

    /// A process dies; what it holds in memory is gone.
    fn stop(&mut self, at: usize) {
        self.world.lock().tell(|| format!("process {at} dies"));
        if let Some(process) = self.processes.get_mut(at) {
            process.job = None;
        }
    }

    /// What a process does next: the first is the attorney, the second reads events, the others execute.
    fn next_job(&self, at: usize) -> Option<Job> {
        let driver = self.drivers.get(at)?.clone();
        match at {
            0 => self.wishes.last().map(|wish| self.wish(driver, *wish)),
            1 => Some(Box::pin(async move { driver.read_events().await.is_ok() })),
            _ => {
                let batches = self.open_batches();
                if batches.is_empty() {
                    return None;
                }
                let batch = batches.get(self.world.lock().rng.index(batches.len())).copied()?;
                let chunk = 1 + self.world.lock().rng.index(4);
                Some(execute(driver, batch, chunk))
            }
        }
    }

    fn wish(&self, driver: Payouts, wish: Wish) -> Job {
        let account = self.account;
        let dollars = Money::usd_cents(self.fund);
        match wish {
            Wish::Fund => {
                Box::pin(async move { driver.fund(account, &key("fund"), dollars).await.is_ok() })
            }
            Wish::Approve(n) => {
                let money = self.amounts.get(n).copied().flatten().map(Money::usd_cents);
                Box::pin(
                    async move { settled(&driver.approve(settlement(), user(n), money).await) },
                )
            }
            Wish::Batch(n) => Box::pin(async move {
                let key = key(&format!("batch-{n}"));
                let new = NewBatch {
                    settlement: settlement(),
                    key: &key,
                    items: None,
                    payout_min: Amount::new(PAYOUT_MIN).ok(),
                };
                settled(&driver.create_batch(new).await)
            }),
        }
    }

    fn open_batches(&self) -> Vec<PayoutBatchId> {
        let batches = ready(self.inner.payout_batches(self.account, None, usize::MAX));
        let batches = batches.and_then(Result::ok).unwrap_or_default();
        let open = batches.iter().filter(|batch| batch.is_sealed && !batch.state.is_final());
        open.map(|batch| batch.id).collect()
    }

    /// Nothing goes wrong any more: everything has to come to an end.
    fn calm_down(&mut self) -> Result<(), Violation> {
        self.world.lock().faults.stop();
        for process in &mut self.processes {
            process.job = None;
        }
        for _ in 0..ROUNDS_MAX {
            self.round()?;
            if self.wishes.is_empty() && self.is_over() {
                break;
            }
        }
        // Events of what happened last.
        self.read_events()?;
        self.check()?;
        self.reconcile()?;
        finally(self.inner.as_ref(), &self.world.lock().twin, self.account)
    }

    /// Nobody planted anything, so rows, ledger and rail agree.
    fn reconcile(&self) -> Result<(), Violation> {
        let Some(driver) = self.drivers.first() else { return Ok(()) };
        for batch in self.inner.rows().batches.into_keys() {
            let report =
                finish(driver.reconcile(batch, |_| {})).map_err(|error| error.to_string())?;
            if !report.rail_checked || !report.disagreements.is_empty() {
                return Err(format!("reconciliation: {:?}", report.disagreements));
            }
        }
        Ok(())
    }

    fn round(&mut self) -> Result<(), Violation> {
        let attorney = self.drivers.first().cloned();
        if let (Some(wish), Some(driver)) = (self.wishes.last().copied(), attorney)
            && finish(self.wish(driver, wish))
        {
            self.wishes.pop();
        }
        {
            let mut shared = self.world.lock();
            shared.now = shared.now.plus_micros(LEASE * 3);
        }
        for batch in self.open_batches() {
            if let Some(driver) = self.drivers.get(2).cloned() {
                finish(execute(driver, batch, 100));
            }
            self.check()?;
        }
        for _ in 0..self.amounts.len() * 4 {
            self.move_rail();
        }
        self.read_events()?;
        self.check()
    }

    fn read_events(&self) -> Result<(), Violation> {
        let Some(driver) = self.drivers.get(1) else { return Ok(()) };
        finish(driver.read_events()).map(|_| ()).map_err(|error| error.to_string())
    }

    /// Whether every transfer has ended, or waits for a person.
    fn is_over(&self) -> bool {
        let rows = self.inner.rows();
        let is_still = |name: &Option<ProviderTransferId>| {
            name.as_ref().is_none_or(|name| {
                let shared = self.world.lock();
                shared.twin.sent().find(|sent| sent.transfer.id == *name).is_none_or(|sent| {
                    !matches!(sent.transfer.status, RailStatus::Pending | RailStatus::Posted)
                })
            })
        };
        let ended = |batch: &payme_core::payouts::Batch| {
            let open = rows.transfers.values().filter(|row| row.batch_id == batch.id);
            batch.state.is_final() || open.into_iter().any(|row| row.hold.is_some())
        };
        rows.batches.values().all(ended)
            && rows.transfers.values().all(|row| {
                (!row.state.is_open() || row.hold.is_some()) && is_still(&row.provider_transfer_id)
            })
    }
}

fn execute(driver: Payouts, batch: PayoutBatchId, chunk: usize) -> Job {
    let options = ExecuteOptions { chunk, lease_micros: LEASE };
    Box::pin(async move { driver.execute(batch, options, |_| {}).await.is_ok() })
}

/// Whether a wish is done: granted, or refused by the rules. What the store failed is asked for again.
fn settled<T>(answer: &Result<T, payme_adapters::driver::PayoutDriverError>) -> bool {
    use payme_adapters::driver::PayoutDriverError;
    match answer {
        Ok(_) | Err(PayoutDriverError::Refused(_)) => true,
        Err(PayoutDriverError::Store(_) | PayoutDriverError::Contention) => false,
    }
}
