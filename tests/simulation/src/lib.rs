//! The simulation of payouts: the real rules and the real driver against everything that can go wrong.
//!
//! In: a seed. Out: an [`Outcome`], with the law that did not hold, if any. Several processes run in
//! turns on one thread; a schedule drawn from the seed says who goes on, what goes wrong, and how time passes. A
//! seed lets a random half of all faults happen, then none, and requires that everything ends. The laws
//! are held against what the rail did, and not against what the engine believes. The same seed gives the
//! same bytes.
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that fails should say where"))]

mod canary;
mod fault;
mod large;
mod oracle;
mod past;
mod plan;
mod rail;
mod random;
mod schedule;
mod sqlite;
mod store;
mod webhook;
mod wish;
mod world;

pub use canary::Canary;
pub use fault::{Fault, Faults, Fired};
pub use large::{LARGE_FAULTS, run_large};
pub use oracle::Violation;
pub use plan::{Outcome, Plan, StoreKind, minimise, run_plan};
pub use random::Rng;

/// Seeds that once broke a law: every run of the tests replays them.
const KEPT_SEEDS: &str = include_str!("../seeds.txt");

/// The seeds that are kept because they once broke a law.
pub fn kept_seeds() -> impl Iterator<Item = u64> {
    KEPT_SEEDS.lines().filter_map(|line| line.split_whitespace().next()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many seeds are run here; `payme simulate` runs as many as are asked for.
    const SEEDS: u64 = 2_000;

    #[test]
    fn no_seed_breaks_a_law_and_every_fault_happens() {
        let mut seeds_with: Fired = [0; Fault::ALL.len()];
        for seed in (0..SEEDS).chain(kept_seeds()) {
            let outcome = run_plan(&Plan::new(seed));
            assert_eq!(outcome.violation, None, "seed {seed}");
            for (with, fired) in seeds_with.iter_mut().zip(outcome.fired) {
                *with += u32::from(fired > 0);
            }
        }
        for (fault, with) in Fault::ALL.iter().zip(seeds_with) {
            assert!(u64::from(with) * 100 >= SEEDS, "{fault} happens in {with} of {SEEDS} seeds");
        }
    }

    /// Cancelling came later than these seeds were kept: none of them has it, and each is the plan
    /// that it was kept for.
    #[test]
    fn the_first_kept_seeds_are_what_they_were() {
        let first: Vec<u64> = kept_seeds().take(5).collect();
        assert_eq!(first, [70, 678, 5, 136_944, 593_901]);
        for seed in first {
            let mut cancels = Rng::beside(seed);
            let faults = Faults::draw(&mut Rng::new(seed), &mut cancels, &[]);
            assert!(!faults.has(Fault::CancelAsked), "seed {seed}");
        }
    }

    #[test]
    fn each_canary_is_caught() {
        for canary in Canary::ALL {
            let caught = (0..1_000)
                .find(|seed| run_plan(&Plan::new(*seed).with_canary(canary)).violation.is_some());
            assert!(caught.is_some(), "{canary:?} is not caught by 1,000 seeds");
        }
    }

    #[test]
    fn a_large_batch_is_paid_once_each() {
        let outcome = run_large(1, 2_500);
        assert_eq!(outcome.violation, None);
        assert_eq!(outcome.transfers.0, 2_500);
        assert!((1_500..2_500).contains(&outcome.transfers.1), "{:?}", outcome.transfers);
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes() {
        for seed in 0..50 {
            let plan = Plan::new(seed).traced();
            let (first, second) = (run_plan(&plan), run_plan(&plan));
            assert_eq!(first.trace, second.trace, "seed {seed}");
            assert_eq!((first.head, first.fired), (second.head, second.fired));
        }
    }

    #[test]
    fn a_plan_that_fails_is_made_small() {
        let fails = |seed: &u64| {
            let plan = Plan::new(*seed).with_canary(Canary::OwnAuthorization);
            run_plan(&plan).violation.is_some().then_some(plan)
        };
        let plan = (0..1_000).find_map(|seed| fails(&seed)).unwrap();
        let small = minimise(&plan).unwrap();
        assert!(small.steps < plan.steps && small.without.len() > 5, "{small:?}");
        assert!(run_plan(&small).violation.is_some());
        assert_eq!(minimise(&Plan::new(plan.seed)), None);
    }
}
