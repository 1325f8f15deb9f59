//! The simulation of payouts: the real rules and the real driver against everything that can go wrong.
//!
//! In: a seed. Out: an [`Outcome`], with the law that did not hold, if any. Several processes run in
//! turns on one thread; a schedule drawn from the seed says who goes on, what goes wrong, and how time passes. A
//! seed lets a random half of all faults happen, then none, and requires that everything ends. The laws
//! are held against what the rail did, and not against what the engine believes. The same seed gives the
//! same bytes.

mod canary;
mod fault;
mod oracle;
mod rail;
mod random;
mod schedule;
mod store;
mod world;

pub use canary::Canary;
pub use fault::{Fault, Faults, Fired};
pub use oracle::Violation;
pub use random::Rng;
pub use schedule::{Outcome, run_seed};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_seed_breaks_a_law() {
        let mut fired: Fired = [0; Fault::ALL.len()];
        let mut seeds_with: Fired = [0; Fault::ALL.len()];
        let (mut transfers, mut arrived) = (0, 0);
        let n: u64 = std::env::var("SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(1_000);
        for seed in 0..n {
            let outcome = run_seed(seed, None, false);
            assert_eq!(outcome.violation, None, "seed {seed}");
            for (at, count) in outcome.fired.iter().enumerate() {
                fired[at] += count;
                seeds_with[at] += u32::from(*count > 0);
            }
            transfers += outcome.transfers.0;
            arrived += outcome.transfers.1;
        }
        for (at, fault) in Fault::ALL.iter().enumerate() {
            println!("{fault}: {} times, in {} seeds", fired[at], seeds_with[at]);
        }
        println!("{transfers} transfers, {arrived} arrived");
    }

    #[test]
    fn each_canary_is_caught() {
        for canary in Canary::ALL {
            let caught =
                (0..1_000).find(|seed| run_seed(*seed, Some(canary), false).violation.is_some());
            println!("{canary:?}: {caught:?}");
            assert!(caught.is_some(), "{canary:?}");
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes() {
        for seed in 0..50 {
            let (first, second) = (run_seed(seed, None, true), run_seed(seed, None, true));
            assert_eq!(first.trace, second.trace, "seed {seed}");
            assert_eq!((first.head, first.fired), (second.head, second.fired));
        }
    }
}
