//! What is run, what came of it, and the smallest plan that breaks a law too.

use std::sync::Arc;

use payme_adapters::store::memory::MemoryStore;
use payme_core::payouts::TransferState;

use crate::canary::Canary;
use crate::fault::{Fault, Fired};
use crate::oracle::{Violation, log};
use crate::schedule::Seed;
use crate::sqlite::Sqlite;
use crate::store::Inner;
use crate::world::World;

/// The first phase, in which things go wrong, has so many steps.
const STEPS: u32 = 900;

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

/// Where the rows are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StoreKind {
    /// In memory.
    #[default]
    Memory,
    /// In memory and in SQLite, one after the other: both have to come to the same.
    Sqlite,
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
    /// Where the rows are kept.
    pub store: StoreKind,
    /// Whether to say what happened.
    pub is_traced: bool,
}

impl Plan {
    /// The standard plan of a seed.
    pub const fn new(seed: u64) -> Self {
        let store = StoreKind::Memory;
        Self { seed, canary: None, steps: STEPS, without: Vec::new(), store, is_traced: false }
    }

    /// The same with a broken build.
    #[must_use]
    pub fn with_canary(self, canary: Canary) -> Self {
        Self { canary: Some(canary), ..self }
    }

    /// The same on another store.
    #[must_use]
    pub fn on(self, store: StoreKind) -> Self {
        Self { store, ..self }
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

/// Runs a plan.
pub fn run_plan(plan: &Plan) -> Outcome {
    let memory = run_on(plan, &(Arc::new(MemoryStore::new()) as Arc<dyn Inner>));
    if plan.store == StoreKind::Memory {
        return memory;
    }
    let mut outcome = match Sqlite::new() {
        Ok(sqlite) => run_on(plan, &(Arc::new(sqlite) as Arc<dyn Inner>)),
        Err(error) => return Outcome { violation: Some(error), ..memory },
    };
    let is_same = (outcome.head, outcome.facts, outcome.fired, outcome.transfers)
        == (memory.head, memory.facts, memory.fired, memory.transfers);
    if outcome.violation.is_none() && !is_same {
        outcome.violation = Some("the stores come to different logs".to_owned());
    }
    outcome
}

/// Runs a plan on an empty store.
fn run_on(plan: &Plan, inner: &Arc<dyn Inner>) -> Outcome {
    let world = World::new(plan);
    let result = Seed::begin(&world, inner)
        .and_then(|mut seed| seed.run(plan.steps).map(|()| seed.account()));
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
