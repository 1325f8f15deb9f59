//! One seed: processes that run in turns, a world that moves on, and faults between them.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use payme_adapters::driver::Payouts;
use payme_adapters::rail::EverybodyHasDestination;
use payme_core::claims::ClaimMove;
use payme_core::payouts::{Batch, ProviderTransferId, RailStatus, Transfer};
use payme_core::types::{AccountId, Currency, Instant, PayoutBatchId, TransferId};

use crate::fault::Fault;
use crate::oracle::{Violation, always, finally};
use crate::rail::Rail;
use crate::store::{Inner, Store};
use crate::webhook::is_believed;
use crate::wish::{Case, Job, LEASE, Wish, attorney, cancel, execute, release, settlement};
use crate::world::{Shared, World};

const SECOND: i64 = 1_000_000;
/// The second phase, in which nothing goes wrong, may take so many rounds.
const ROUNDS_MAX: usize = 60;

/// The processes, by their places: one of the attorney, one that reads events, one of the attorney's
/// colleague, who does the same at the same time and looks at what waits for a person; then executors.
const ATTORNEY: usize = 0;
const READER: usize = 1;
const COLLEAGUE: usize = 2;
const EXECUTORS: usize = 3;

/// The answer of a future that does not wait; `None` if it does.
pub(crate) fn ready<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => Some(answer),
        Poll::Pending => None,
    }
}

/// Runs a future to its end, whatever it waits for.
pub(crate) fn finish<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(answer) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return answer;
        }
    }
}

struct Process {
    job: Option<Job>,
    wakes_at: Instant,
    /// Whether it has done something that it did not hear of yet.
    is_done: bool,
}

/// A seed that runs.
pub(crate) struct Seed {
    world: World,
    inner: Arc<dyn Inner>,
    drivers: Vec<Payouts>,
    processes: Vec<Process>,
    case: Case,
    wishes: Vec<Wish>,
    /// What the colleague asks for next.
    raced: Option<Wish>,
    account: AccountId,
    /// Who asks for transfers to be cancelled, and what they are at.
    canceller: Payouts,
    cancelling: Option<Job>,
    /// Whether people look at what is held, in the end.
    is_looked_at: bool,
    checked: u64,
}

impl Seed {
    pub(crate) fn begin(world: &World, inner: &Arc<dyn Inner>) -> Result<Self, Violation> {
        let driver = |at: usize| {
            let store = Arc::new(Store::new(world, inner));
            let rail = Arc::new(Rail { world: world.clone(), executor: at });
            let (clock, random) = (Arc::new(world.clone()), Arc::new(world.clone()));
            Payouts::new(store.clone(), rail, store, clock, random)
        };
        let case = Case::draw(world);
        // The beginning is calm.
        let calm = {
            let (clock, random) = (Arc::new(world.clone()), Arc::new(world.clone()));
            let rail = Arc::new(Rail { world: world.clone(), executor: 0 });
            Payouts::new(inner.clone(), rail, Arc::new(EverybodyHasDestination), clock, random)
        };
        let account = finish(calm.link_account(attorney(), settlement(), Currency::USD))
            .map_err(|error| error.to_string())?;
        for user in case.users() {
            for event in [ClaimMove::Open, ClaimMove::Submit] {
                finish(calm.move_claim(user, settlement(), event))
                    .map_err(|error| error.to_string())?;
            }
        }
        let (executors, is_looked_at, now) = {
            let mut shared = world.lock();
            (2 + shared.rng.index(2), shared.rng.once_in(750), shared.now)
        };
        let drivers: Vec<Payouts> = (0..EXECUTORS + executors).map(driver).collect();
        let processes =
            drivers.iter().map(|_| Process { job: None, wakes_at: now, is_done: false }).collect();
        let wishes = case.wishes(world);
        let (canceller, cancelling) = (driver(drivers.len()), None);
        let (world, inner) = (world.clone(), inner.clone());
        let (raced, checked) = (None, 0);
        Ok(Self {
            world,
            inner,
            drivers,
            processes,
            case,
            wishes,
            raced,
            account,
            canceller,
            cancelling,
            is_looked_at,
            checked,
        })
    }

    pub(crate) const fn account(&self) -> AccountId {
        self.account
    }

    /// So many steps in which things go wrong, then as many as are needed for everything to end.
    pub(crate) fn run(&mut self, steps: u32) -> Result<(), Violation> {
        for _ in 0..steps {
            self.step()?;
            self.check()?;
        }
        self.calm_down()
    }

    fn check(&mut self) -> Result<(), Violation> {
        let mut shared = self.world.lock();
        if shared.changes == self.checked {
            return Ok(());
        }
        self.checked = shared.changes;
        let rows = self.inner.rows();
        always(&rows, self.inner.as_ref(), &shared.twin, self.account)?;
        shared.remember(rows);
        Ok(())
    }

    fn step(&mut self) -> Result<(), Violation> {
        self.move_cancelling()?;
        let draw = self.world.lock().rng.below(100);
        match draw {
            0..=5 => self.move_rail(),
            6..=7 => self.move_time(),
            _ => return self.move_process(),
        }
        Ok(())
    }

    /// Whoever cancels goes on, dies, or begins. Nothing of that is drawn from what a seed without it
    /// draws from.
    fn move_cancelling(&mut self) -> Result<(), Violation> {
        let draw = {
            let mut shared = self.world.lock();
            if !shared.faults.has(Fault::CancelAsked) {
                return Ok(());
            }
            shared.cancels.below(100)
        };
        match (&mut self.cancelling, draw) {
            (Some(_), 0) => self.cancelling = None,
            (Some(job), 1..50) => {
                let polled = job.as_mut().poll(&mut Context::from_waker(Waker::noop()));
                if let Poll::Ready(done) = polled {
                    self.cancelling = None;
                    done?;
                }
            }
            (Some(_), _) => {}
            (None, _) => self.cancelling = self.cancellation(),
        }
        Ok(())
    }

    /// Asks to cancel something that is on its way, and now and then something that is not.
    fn cancellation(&self) -> Option<Job> {
        let mut shared = self.world.lock();
        let Shared { cancels, faults, history, .. } = &mut *shared;
        let rows = history.back()?.clone();
        let is_any = cancels.below(16) == 0;
        let is_on_its_way =
            |row: &&Transfer| row.state.is_open() && row.provider_transfer_id.is_some();
        let chosen = rows.transfers.values().filter(|row| is_any || is_on_its_way(row));
        let chosen: Vec<TransferId> = chosen.map(|row| row.id).collect();
        let id = *chosen.get(cancels.index(chosen.len()))?;
        let strikes = faults.strikes(Fault::CancelAsked, cancels);
        drop(shared);
        strikes.then(|| cancel(self.canceller.clone(), id))
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
        let is_broke = self.world.strikes(Fault::RailOutOfMoney);
        let mut shared = self.world.lock();
        let passed = i64::try_from(shared.rng.below(90)).unwrap_or(0) * SECOND;
        shared.now = shared.now.plus_micros(passed);
        if is_broke {
            shared.rail_is_broke_until = shared.now.plus_micros(900 * SECOND);
        }
    }

    /// A transfer moves on at the rail.
    fn move_rail(&self) {
        let mut shared = self.world.lock();
        shared.send_false_webhooks();
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
            shared.send_webhook();
        }
        shared.tell(|| format!("rail: {} is {to}", name.0));
    }

    fn move_process(&mut self) -> Result<(), Violation> {
        let at = self.world.lock().rng.index(self.processes.len());
        let now = self.world.lock().now;
        let Some(process) = self.processes.get(at) else { return Ok(()) };
        if process.wakes_at > now {
            let mut shared = self.world.lock();
            shared.now = now.plus_micros(SECOND);
            return Ok(());
        }
        if process.job.is_some() {
            let fault = if process.is_done { Fault::CrashAfter } else { Fault::CrashBefore };
            if self.world.strikes(fault) {
                self.stop(at);
                return Ok(());
            }
            if self.world.strikes(Fault::Pause) {
                if let Some(process) = self.processes.get_mut(at) {
                    process.wakes_at = now.plus_micros(LEASE * 2);
                }
                return Ok(());
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
        let Some(process) = self.processes.get_mut(at) else { return Ok(()) };
        let Some(job) = process.job.as_mut() else { return Ok(()) };
        if let Poll::Ready(done) = job.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            process.job = None;
            if done? {
                match at {
                    ATTORNEY => drop(self.wishes.pop()),
                    COLLEAGUE => self.raced = None,
                    _ => {}
                }
            }
        } else {
            process.is_done = self.world.lock().is_done;
        }
        Ok(())
    }

    /// A process dies; what it holds in memory is gone.
    fn stop(&mut self, at: usize) {
        self.world.lock().tell(|| format!("process {at} dies"));
        if let Some(process) = self.processes.get_mut(at) {
            process.job = None;
        }
    }

    /// What a process does next, if anything.
    fn next_job(&mut self, at: usize) -> Option<Job> {
        let driver = self.drivers.get(at)?.clone();
        match at {
            ATTORNEY => {
                let wish = *self.wishes.last()?;
                self.race(wish);
                Some(self.case.job(wish, &self.world, driver, self.account))
            }
            READER => self.reading(driver),
            COLLEAGUE => match self.raced {
                Some(wish) => Some(self.case.job(wish, &self.world, driver, self.account)),
                None => {
                    let is_looked_for = self.world.lock().rng.below(8) == 0;
                    let transfer = self.held(is_looked_for)?;
                    Some(release(&self.world, driver, transfer))
                }
            },
            _ => {
                let batches = self.open_batches();
                let mut shared = self.world.lock();
                let batch = batches.get(shared.rng.index(batches.len())).copied()?;
                let chunk = 1 + shared.rng.index(4);
                Some(execute(driver, batch, chunk))
            }
        }
    }

    /// The colleague may ask for the same, or for another batch of the same people.
    fn race(&mut self, wish: Wish) {
        match wish {
            _ if self.raced.is_some() => {}
            Wish::Batch(n) if self.world.strikes(Fault::BatchRaced) => {
                self.raced = Some(Wish::Batch(n + 10));
            }
            Wish::Fund | Wish::Approve(_) | Wish::Batch(_)
                if self.world.strikes(Fault::RequestRaced) =>
            {
                self.raced = Some(wish);
            }
            _ => {}
        }
    }

    /// Events are read when a webhook says so, and now and then without one.
    fn reading(&self, driver: Payouts) -> Option<Job> {
        let (webhook, is_poll) = {
            let mut shared = self.world.lock();
            (shared.arrived_webhook(), shared.rng.below(6) == 0)
        };
        let world = self.world.clone();
        match webhook {
            Some(webhook) => Some(Box::pin(async move {
                let is_believed = is_believed(&world, webhook).await?;
                Ok(is_believed && driver.read_events().await.is_ok())
            })),
            None if is_poll => {
                Some(Box::pin(async move { Ok(driver.read_events().await.is_ok()) }))
            }
            None => None,
        }
    }

    /// A transfer that waits for a person, where one looks.
    fn held(&self, is_looked_for: bool) -> Option<TransferId> {
        let shared = self.world.lock();
        let rows = shared.history.back().filter(|_| is_looked_for)?;
        rows.transfers.values().find(|row| row.hold.is_some()).map(|row| row.id)
    }

    fn open_batches(&self) -> Vec<PayoutBatchId> {
        let batches = ready(self.inner.payout_batches(self.account, None, usize::MAX));
        let batches = batches.and_then(Result::ok).unwrap_or_default();
        let open = batches.iter().filter(|batch| batch.is_sealed && !batch.state.is_final());
        open.map(|batch| batch.id).collect()
    }

    /// Nothing goes wrong any more: everything has to come to an end.
    fn calm_down(&mut self) -> Result<(), Violation> {
        {
            let mut shared = self.world.lock();
            shared.faults.stop();
            (shared.disk_is_full_until, shared.rail_is_broke_until) =
                (Instant::EPOCH, Instant::EPOCH);
        }
        for process in &mut self.processes {
            process.job = None;
        }
        self.cancelling = None;
        for _ in 0..ROUNDS_MAX {
            self.round()?;
            if self.raced.is_none() && self.wishes.is_empty() && self.is_over() {
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
        let attorney = self.drivers.get(ATTORNEY).cloned();
        // What the colleague asked for first: it was begun, and may have set money aside.
        let wish = self.raced.or(self.wishes.last().copied());
        if let (Some(wish), Some(driver)) = (wish, attorney)
            && finish(self.case.job(wish, &self.world, driver, self.account))?
            && self.raced.take().is_none()
        {
            self.wishes.pop();
        }
        self.release_all()?;
        {
            let mut shared = self.world.lock();
            shared.now = shared.now.plus_micros(LEASE * 3);
        }
        for batch in self.open_batches() {
            if let Some(driver) = self.drivers.get(EXECUTORS).cloned() {
                finish(execute(driver, batch, 100))?;
            }
            self.check()?;
        }
        for _ in 0..self.case.amounts.len() * 4 {
            self.move_rail();
        }
        self.read_events()?;
        self.check()
    }

    /// People look at everything that is held, where they do.
    fn release_all(&mut self) -> Result<(), Violation> {
        self.check()?;
        while let Some(transfer) = self.held(self.is_looked_at) {
            let Some(driver) = self.drivers.get(COLLEAGUE).cloned() else { return Ok(()) };
            finish(release(&self.world, driver, transfer))?;
            self.check()?;
        }
        Ok(())
    }

    fn read_events(&self) -> Result<(), Violation> {
        let Some(driver) = self.drivers.get(READER) else { return Ok(()) };
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
        let ended = |batch: &Batch| {
            let open = rows.transfers.values().filter(|row| row.batch_id == batch.id);
            batch.state.is_final() || open.into_iter().any(|row| row.hold.is_some())
        };
        rows.batches.values().all(ended)
            && rows.transfers.values().all(|row| {
                (!row.state.is_open() || row.hold.is_some()) && is_still(&row.provider_transfer_id)
            })
    }
}
