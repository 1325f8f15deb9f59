//! Sums whose rounding error does not grow with the number of terms, and exact casts.
//!
//! In: terms, one after the other. Out: their sum. The same terms in the same order give the same
//! bits; in another order the last bit may differ.

use std::ops::AddAssign;

/// A sum that carries along what each addition lost (Knuth's two-sum, without a branch).
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sum {
    high: f64,
    low: f64,
}

impl AddAssign<f64> for Sum {
    #[inline]
    fn add_assign(&mut self, term: f64) {
        let high = self.high + term;
        let of_term = high - self.high;
        let of_high = high - of_term;
        self.low += (self.high - of_high) + (term - of_term);
        self.high = high;
    }
}

impl Sum {
    /// The sum so far.
    #[inline]
    pub(super) const fn total(self) -> f64 {
        self.high + self.low
    }
}

/// How many terms are added plainly before the compensated sum takes them over.
const STRETCH: usize = 256;
const LANES: usize = 8;

/// The sum of `term(a, b)` over two columns of one length.
///
/// Short stretches are added in eight plain lanes, which a compiler turns into vector code; the
/// error of a stretch is that of 32 additions.
#[inline]
pub(super) fn sum_of_pairs<A: Copy, B: Copy>(
    left: &[A],
    right: &[B],
    term: impl Fn(A, B) -> f64,
) -> f64 {
    let mut total = Sum::default();
    for (left, right) in left.chunks(STRETCH).zip(right.chunks(STRETCH)) {
        let mut lanes = [0.0; LANES];
        let mut lefts = left.chunks_exact(LANES);
        let mut rights = right.chunks_exact(LANES);
        for (left, right) in (&mut lefts).zip(&mut rights) {
            for (lane, (a, b)) in lanes.iter_mut().zip(left.iter().zip(right)) {
                *lane += term(*a, *b);
            }
        }
        for (lane, (a, b)) in lanes.iter_mut().zip(lefts.remainder().iter().zip(rights.remainder()))
        {
            *lane += term(*a, *b);
        }
        for lane in lanes {
            total += lane;
        }
    }
    total.total()
}

/// A count as a number.
#[expect(clippy::cast_precision_loss, reason = "no table has 2^53 rows")]
pub(super) const fn float(count: usize) -> f64 {
    count as f64
}

/// 1 or 0, without a branch.
#[inline]
pub(super) const fn number(label: bool) -> f64 {
    f64::from_bits((label as u64).wrapping_neg() & 1.0_f64.to_bits())
}

/// The whole part of a number from 0 to 2^31, at most `max`.
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the number is not negative, and the cast saturates"
)]
pub(super) fn floor_at_most(number: f64, max: usize) -> usize {
    // The cast to 32 bits is one instruction where that to 64 is several.
    (number as i32 as usize).min(max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_plain_sum_loses_is_kept() {
        let mut sum = Sum::default();
        for term in [1e16, 1.0, -1e16, 1.0] {
            sum += term;
        }
        assert_eq!(sum.total().to_bits(), 2.0_f64.to_bits());
    }

    #[test]
    fn every_row_is_in_the_sum_once() {
        for rows in [1, 7, 8, 9, 255, 256, 257, 300, 1_000] {
            let left: Vec<f64> = (0..rows).map(float).collect();
            let sum = sum_of_pairs(&left, &left, |a, b| a + b);
            let expected = rows * (rows - 1);
            assert_eq!(sum.to_bits(), float(expected).to_bits(), "{rows}");
        }
    }

    #[test]
    fn labels_are_numbers() {
        assert_eq!(
            [number(false), number(true)].map(f64::to_bits),
            [0.0_f64, 1.0].map(f64::to_bits)
        );
        assert_eq!(
            [floor_at_most(2.99, 9), floor_at_most(10.0, 9), floor_at_most(1e300, 9)],
            [2, 9, 9]
        );
    }
}
