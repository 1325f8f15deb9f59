//! The best of many: a heap of the `k` best hits so far, and the score that a next one must reach.
//!
//! In: rows with scores, block by block. Out: the hits in their order. Invariants: the order in
//! which hits are offered does not matter, and NaN is one number, which comes last.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::Hit;

/// What a score that is NaN is kept as. Machines differ in the NaN of a sum that overflowed in
/// both directions; in the order of [`f32::total_cmp`] this one lies below all numbers.
const NOT_A_NUMBER: f32 = f32::from_bits(0xffc0_0000);

/// The `k` best hits of those offered.
#[derive(Debug)]
pub(super) struct Best {
    k: usize,
    /// The worst of the kept ones is on top.
    heap: BinaryHeap<Ranked>,
    /// No score below this can change anything.
    floor: f32,
}

impl Best {
    /// Keeps `k` hits; with `k = 0` none.
    pub(super) const fn new(k: usize) -> Self {
        Self { k, heap: BinaryHeap::new(), floor: f32::NEG_INFINITY }
    }

    /// Takes one row for each score. Most blocks hold nothing and are passed over at once.
    pub(super) fn offer(&mut self, rows: impl Iterator<Item = u32>, scores: &[f32]) {
        let floor = self.floor;
        let hits = scores.iter().zip(rows).map(|(score, row)| Hit { row, score: *score });
        if self.k == 0 || all_below(scores, floor) {
            hits.for_each(drop);
            return;
        }
        for hit in hits {
            if reaches(hit.score, self.floor) {
                let score = if hit.score.is_nan() { NOT_A_NUMBER } else { hit.score };
                self.insert(Ranked(Hit { score, ..hit }));
            }
        }
    }

    fn insert(&mut self, hit: Ranked) {
        if self.heap.len() < self.k {
            self.heap.push(hit);
        } else if let Some(mut worst) = self.heap.peek_mut()
            && hit < *worst
        {
            *worst = hit;
        }
        if let Some(worst) = self.heap.peek().filter(|_| self.heap.len() == self.k) {
            self.floor = worst.0.score;
        }
    }

    /// The kept hits, the best first.
    pub(super) fn into_hits(self) -> Vec<Hit> {
        self.heap.into_sorted_vec().into_iter().map(|ranked| ranked.0).collect()
    }
}

/// Whether a score or an upper bound may stand beside `floor`. What cannot be compared may.
pub(super) fn reaches(score: f32, floor: f32) -> bool {
    !matches!(score.partial_cmp(&floor), Some(Ordering::Less))
}

/// Whether none reaches the floor. Without an early end, so that it runs in wide registers.
pub(super) fn all_below(scores: &[f32], floor: f32) -> bool {
    scores.iter().fold(true, |below, score| below & (*score < floor))
}

/// A hit in the order of answers: the better one is less.
#[derive(Debug, Clone, Copy)]
struct Ranked(Hit);

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_score = other.0.score.total_cmp(&self.0.score);
        by_score.then(self.0.row.cmp(&other.0.row))
    }
}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Ranked {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Ranked {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    use crate::vectors::tests::cases;

    fn best(k: usize, blocks: &[Vec<(u32, f32)>]) -> Vec<(u32, u32)> {
        let mut best = Best::new(k);
        for block in blocks {
            let (rows, scores): (Vec<u32>, Vec<f32>) = block.iter().copied().unzip();
            best.offer(rows.into_iter(), &scores);
        }
        best.into_hits().iter().map(|hit| (hit.row, hit.score.to_bits())).collect()
    }

    #[test]
    fn hits_go_by_score_then_row_and_minus_zero_is_less_than_zero() {
        let blocks = [vec![(7, 1.0), (2, -0.0), (9, 0.0)], vec![(3, 1.0), (1, 0.0)]];
        let order = [(3, 1.0_f32), (7, 1.0), (1, 0.0), (9, 0.0), (2, -0.0)];
        for k in 0..7 {
            let expected: Vec<(u32, u32)> =
                order.iter().take(k).map(|(row, score)| (*row, score.to_bits())).collect();
            assert_eq!(best(k, &blocks), expected, "{k}");
        }
    }

    #[test]
    fn what_cannot_be_compared_is_not_passed_over() {
        assert!(reaches(f32::NAN, 1.0) && reaches(1.0, f32::NAN) && reaches(1.0, 1.0));
        assert!(!reaches(1.0_f32.next_down(), 1.0));
        assert!(
            all_below(&[0.5, -1.0], 1.0)
                && !all_below(&[0.5, 1.0], 1.0)
                && !all_below(&[f32::NAN], 1.0)
        );
    }

    #[test]
    fn whatever_is_not_a_number_comes_last_as_the_same_bits() {
        let [positive, negative] = [0x7fc0_0000, 0xffc0_0001].map(f32::from_bits);
        let blocks = [
            vec![(0, positive), (1, 1.0), (2, f32::NEG_INFINITY)],
            vec![(3, negative), (4, f32::INFINITY)],
        ];
        let last = NOT_A_NUMBER.to_bits();
        let order = [(4, 0x7f80_0000), (1, 0x3f80_0000), (2, 0xff80_0000), (0, last), (3, last)];
        for k in 0..6 {
            assert_eq!(best(k, &blocks), order[..k.min(order.len())], "{k}");
        }
    }

    proptest! {
        #![proptest_config(cases(256))]

        #[test]
        fn the_order_in_which_hits_are_offered_does_not_matter(
            scores in prop::collection::vec(-3..4_i8, 0..40),
            k in 0..10_usize,
            together in 1..9_usize,
        ) {
            let score = |x: &i8| if *x == 3 { f32::NAN } else { f32::from(*x) };
            let mut hits: Vec<(u32, f32)> = (0..).zip(scores.iter().map(score)).collect();
            let ascending: Vec<_> = hits.chunks(together).map(<[_]>::to_vec).collect();
            let expected = best(k, &ascending);
            hits.reverse();
            let descending: Vec<_> = hits.chunks(together).map(<[_]>::to_vec).collect();
            prop_assert_eq!(best(k, &descending), expected);
        }
    }
}
