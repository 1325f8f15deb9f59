//! The world of a seed: its time, its rail, its store, and what goes wrong between them.
//!
//! Every call of the driver passes here. Before and after its effect it gives way to the schedule, which
//! may go on with another process, or let this one die.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use payme_adapters::rail::{Twin, TwinSettings};
use payme_core::payouts::Books;
use payme_core::ports::{Clock, Random};
use payme_core::types::{Instant, RANDOM_BYTES};

use crate::canary::Canary;
use crate::fault::{Fault, Faults};
use crate::plan::Plan;
use crate::random::Rng;
use crate::webhook::Webhook;

/// So many versions of all rows are kept, for questions that are answered late.
const HISTORY_MAX: usize = 6;

/// What everything in a seed shares.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) rng: Rng,
    /// What is drawn for cancelling, and for nothing else.
    pub(crate) cancels: Rng,
    pub(crate) faults: Faults,
    pub(crate) now: Instant,
    pub(crate) twin: Twin,
    pub(crate) canary: Option<Canary>,
    /// How often the store wrote or the rail changed: the laws are checked when it moves.
    pub(crate) changes: u64,
    /// Whether the process that gave way last had done something that it did not hear of yet.
    pub(crate) is_done: bool,
    /// The rows as they were after the last changes, the newest last.
    pub(crate) history: VecDeque<Arc<Books>>,
    /// Webhooks that are on their way.
    pub(crate) webhooks: Vec<Webhook>,
    /// Until when the rail has no money.
    pub(crate) rail_is_broke_until: Instant,
    /// Until when the disk is full.
    pub(crate) disk_is_full_until: Instant,
    /// What happened, for a seed that failed.
    pub(crate) trace: Option<Vec<String>>,
}

/// The world of a seed.
#[derive(Debug, Clone)]
pub(crate) struct World {
    shared: Arc<Mutex<Shared>>,
}

impl World {
    pub(crate) fn new(plan: &Plan) -> Self {
        let mut rng = Rng::new(plan.seed);
        let mut cancels = Rng::beside(plan.seed);
        let faults = Faults::draw(&mut rng, &mut cancels, &plan.without);
        let spread = i64::try_from(rng.below(365 * 86_400)).unwrap_or(0);
        let now = beginning_of_2026().plus_micros(spread * 1_000_000);
        let settings =
            TwinSettings { tells_expired_first: rng.once_in(500), ..TwinSettings::default() };
        let shared = Shared {
            rng,
            cancels,
            faults,
            now,
            twin: Twin::new(settings),
            canary: plan.canary,
            changes: 0,
            is_done: false,
            history: VecDeque::with_capacity(HISTORY_MAX),
            webhooks: Vec::new(),
            rail_is_broke_until: Instant::EPOCH,
            disk_is_full_until: Instant::EPOCH,
            trace: plan.is_traced.then(Vec::new),
        };
        Self { shared: Arc::new(Mutex::new(shared)) }
    }

    /// What is shared. No two processes run at the same time, so nobody waits for it.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this goes wrong now.
    pub(crate) fn strikes(&self, fault: Fault) -> bool {
        let mut shared = self.lock();
        let Shared { rng, faults, .. } = &mut *shared;
        let strikes = faults.strikes(fault, rng);
        if strikes {
            shared.tell(|| format!("fault {fault}"));
        }
        strikes
    }

    /// Counts what was seen to happen.
    pub(crate) fn saw(&self, fault: Fault) {
        let mut shared = self.lock();
        shared.faults.saw(fault);
        shared.tell(|| format!("seen {fault}"));
    }

    /// Gives way to the schedule once, before or after something is done.
    pub(crate) fn give_way(&self, is_done: bool) -> GiveWay {
        self.lock().is_done = is_done;
        GiveWay { is_over: false }
    }
}

impl Shared {
    /// Keeps the rows as they are now.
    pub(crate) fn remember(&mut self, rows: Books) {
        if self.history.len() == HISTORY_MAX {
            self.history.pop_front();
        }
        self.history.push_back(Arc::new(rows));
    }

    pub(crate) fn tell(&mut self, what: impl FnOnce() -> String) {
        let now = self.now;
        if let Some(trace) = &mut self.trace {
            trace.push(format!("{now} {}", what()));
        }
    }
}

fn beginning_of_2026() -> Instant {
    Instant::parse("2026-01-01T00:00:00Z").unwrap_or(Instant::EPOCH)
}

/// Pending once.
#[derive(Debug)]
pub(crate) struct GiveWay {
    is_over: bool,
}

impl Future for GiveWay {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.is_over {
            return Poll::Ready(());
        }
        self.is_over = true;
        // Whoever waits for several at once polls only those that say they can go on.
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Clock for World {
    fn now(&self) -> Instant {
        self.lock().now
    }
}

impl Random for World {
    fn bytes(&self) -> [u8; RANDOM_BYTES] {
        let mut shared = self.lock();
        std::array::from_fn(|_| shared.rng.next().to_le_bytes()[0])
    }
}
