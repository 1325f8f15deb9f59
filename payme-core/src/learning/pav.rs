//! Isotonic regression by pooling adjacent violators: the step function that never decreases and
//! is nearest to the labels in mean squared error.
//!
//! In: rows in the order of their scores. Out: pools of neighbours with ascending shares of
//! positives; the share of a pool is the fitted value of all its rows. One pass, each pool is
//! merged at most once.

use super::sorted::{Block, Sorted};

/// Neighbouring rows that get one fitted value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pool {
    /// The lowest score in it.
    pub(super) lowest: f64,
    /// The highest score in it.
    pub(super) highest: f64,
    pub(super) weight: f64,
    pub(super) positive: f64,
}

impl Pool {
    /// The share of positives, in [0, 1].
    pub(super) fn share(&self) -> f64 {
        (self.positive / self.weight).min(1.0)
    }

    /// Whether its share is at least that of `next`, so that they have to be one pool.
    fn is_not_below(&self, next: &Self) -> bool {
        // Multiplied out, so that counts are compared exactly.
        self.positive * next.weight >= next.positive * self.weight
    }
}

/// The pools, from the lowest scores to the highest; their shares ascend strictly.
pub(super) fn pools(sorted: &Sorted) -> Vec<Pool> {
    let mut pools: Vec<Pool> = Vec::new();
    sorted.ascending(|block| push(&mut pools, block));
    pools
}

/// Adds the next block and merges what is not in ascending order any more.
pub(super) fn push(pools: &mut Vec<Pool>, block: Block) {
    let Block { score, weight, positive } = block;
    let mut last = Pool { lowest: score, highest: score, weight, positive };
    while let Some(before) = pools.pop_if(|before| before.is_not_below(&last)) {
        last.lowest = before.lowest;
        last.weight += before.weight;
        last.positive += before.positive;
    }
    pools.push(last);
}
