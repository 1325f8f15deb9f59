//! The hits among the first few of a short list, without sorting it.
//!
//! In: at most 64 scores with their labels, and `k` of at most 7. Out: the hits among the first
//! `k`, the mean over the orders of tied rows; none where too many rows could be among the first,
//! which the general way then counts. Pages of results are such lists, and there are many.
//!
//! What the rows of a list are, larger than something or positive, stands in the bits of one word.

use crate::learning::sum::float;

/// So many rows have a lane of their own.
const LANES: usize = 16;
const HALF: usize = LANES / 2;
const ROWS_MAX: usize = 64;

/// The hits among the first `k`, and whether any row is positive, if this way is one for them.
#[inline]
pub(super) fn hits_of_few(scores: &[f64], labels: &[bool], k: usize) -> Option<(f64, bool)> {
    let fits = 0 < k && k < HALF && k < scores.len() && scores.len() <= ROWS_MAX;
    if !fits || scores.len() != labels.len() {
        return None;
    }
    // The k-th largest of the largest of each lane is no larger than the k-th largest of all.
    let bound = largest_half(largest_of_lanes(scores))[k - 1];
    let (candidates, positive) = (rows_from(scores, bound), rows_that_are(labels));
    let count = candidates.count_ones() as usize;
    if count == k {
        // No other row is tied with the last of them.
        return Some((f64::from((candidates & positive).count_ones()), positive != 0));
    }
    if count > LANES {
        return None;
    }
    let (mut score, mut label) = ([f64::NEG_INFINITY; LANES], [0_u32; LANES]);
    let mut left = candidates;
    for (score, label) in score.iter_mut().zip(&mut label) {
        // Places beyond the count name the last row, which is not taken.
        let at = (left.trailing_zeros() as usize).min(scores.len() - 1);
        *score = if left == 0 { f64::NEG_INFINITY } else { scores[at] };
        *label = u32::from(left != 0) & u32::from(labels[at]);
        left &= left.wrapping_sub(1);
    }
    let cut = largest_half(score)[k - 1];
    let (mut above, mut hits, mut from, mut hits_from) = (0_u32, 0_u32, 0_u32, 0_u32);
    for (score, label) in score.iter().zip(label) {
        let (is_above, is_from) = (u32::from(*score > cut), u32::from(*score >= cut));
        above += is_above;
        hits += is_above & label;
        from += is_from;
        hits_from += is_from & label;
    }
    let [above, hits, from, hits_from] = [above, hits, from, hits_from].map(f64::from);
    let hits = hits + (hits_from - hits) * ((float(k) - above) / (from - above));
    Some((hits, positive != 0))
}

/// The largest score of each lane. Rows come in blocks of fixed sizes, so that the lanes stay in
/// registers.
#[inline]
fn largest_of_lanes(scores: &[f64]) -> [f64; LANES] {
    let mut largest = [f64::NEG_INFINITY; LANES];
    macro_rules! take {
        ($rows:expr, $size:literal, $lane:literal) => {{
            let (blocks, rest) = $rows.as_chunks::<$size>();
            for block in blocks {
                for at in 0..$size {
                    largest[$lane + at] = larger(block[at], largest[$lane + at]);
                }
            }
            rest
        }};
    }
    let rest = take!(scores, 16, 0);
    let rest = take!(rest, 8, 0);
    let rest = take!(rest, 4, 8);
    let rest = take!(rest, 2, 12);
    take!(rest, 1, 14);
    largest
}

/// The scores that are at least so large.
#[inline]
fn rows_from(scores: &[f64], bound: f64) -> u64 {
    let (mut rows, mut at) = (0, 0);
    let (blocks, rest) = scores.as_chunks::<8>();
    for block in blocks {
        let mut bits = 0_u8;
        for (place, score) in block.iter().enumerate() {
            bits |= u8::from(*score >= bound) << place;
        }
        rows |= u64::from(bits) << at;
        at += 8;
    }
    for score in rest {
        rows |= u64::from(*score >= bound) << at;
        at += 1;
    }
    rows
}

/// The labels that are positive.
#[inline]
fn rows_that_are(labels: &[bool]) -> u64 {
    let (mut rows, mut at) = (0, 0);
    let (blocks, rest) = labels.as_chunks::<8>();
    for block in blocks {
        let bytes = u64::from_le_bytes(block.map(u8::from));
        // The product moves byte i, which is 0 or 1, to bit 56 + i.
        rows |= (bytes.wrapping_mul(0x0102_0408_1020_4080) >> 56) << at;
        at += 8;
    }
    for label in rest {
        rows |= u64::from(*label) << at;
        at += 1;
    }
    rows
}

// Unlike `f64::max` these need not mind NaN, so each is one instruction.

#[inline]
const fn larger(a: f64, b: f64) -> f64 {
    if a > b { a } else { b }
}

#[inline]
const fn smaller(a: f64, b: f64) -> f64 {
    if a < b { a } else { b }
}

/// Puts pairs of eight numbers in descending order by a network of 19 exchanges (Batcher 1968).
macro_rules! descending {
    ($exchange:ident) => {
        $exchange!(0 1, 2 3, 4 5, 6 7);
        $exchange!(0 2, 1 3, 4 6, 5 7);
        $exchange!(1 2, 5 6);
        $exchange!(0 4, 1 5, 2 6, 3 7);
        $exchange!(2 4, 3 5);
        $exchange!(1 2, 3 4, 5 6);
    };
}

/// The eight largest of sixteen numbers, in descending order.
#[inline]
fn largest_half(numbers: [f64; LANES]) -> [f64; HALF] {
    // Both halves are sorted at once, so that a vector instruction works on both.
    let mut pairs: [[f64; 2]; HALF] = std::array::from_fn(|at| [numbers[at], numbers[at + HALF]]);
    macro_rules! exchange_pairs {
        ($($left:literal $right:literal),*) => {$(
            let ([a, b], [c, d]) = (pairs[$left], pairs[$right]);
            pairs[$left] = [larger(a, c), larger(b, d)];
            pairs[$right] = [smaller(a, c), smaller(b, d)];
        )*};
    }
    descending!(exchange_pairs);
    // The larger of the i-th largest of one and the i-th smallest of the other are the eight.
    let mut half: [f64; HALF] =
        std::array::from_fn(|at| larger(pairs[at][0], pairs[HALF - 1 - at][1]));
    macro_rules! exchange {
        ($($left:literal $right:literal),*) => {$(
            let (a, b) = (half[$left], half[$right]);
            half[$left] = larger(a, b);
            half[$right] = smaller(a, b);
        )*};
    }
    descending!(exchange);
    half
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_network_is_right_for_all_zeros_and_ones_and_so_for_everything() {
        for bits in 0..1_u32 << LANES {
            let numbers = std::array::from_fn(|at| f64::from(bits >> at & 1));
            let half = largest_half(numbers);
            let ones = bits.count_ones().min(8);
            let found = half.iter().filter(|number| **number > 0.5).count();
            assert!(half.is_sorted_by(|a, b| a >= b) && found == ones as usize, "{bits:b}");
        }
    }

    #[test]
    fn every_row_stands_in_its_bit() {
        for len in 0..=ROWS_MAX {
            for odd in [1, 3, 7] {
                let labels: Vec<bool> = (0..len).map(|at| at % odd == 0).collect();
                let scores: Vec<f64> =
                    labels.iter().map(|label| if *label { 0.5 } else { 0.25 }).collect();
                let bits = (0..len).fold(0, |bits, at| bits | (u64::from(labels[at]) << at));
                assert_eq!((rows_that_are(&labels), rows_from(&scores, 0.5)), (bits, bits));
                let largest = largest_of_lanes(&scores).into_iter().fold(0.0, f64::max);
                assert!((largest - if bits == 0 { 0.0 } else { 0.5 }).abs() < 1e-15);
            }
        }
    }

    #[test]
    fn other_lists_are_left_to_the_general_way() {
        let labels = [true; 65];
        let ascending: Vec<f64> = (0_u8..65).map(f64::from).collect();
        for (rows, k, expected) in [
            (3, 3, None),
            (65, 1, None),
            (64, 8, None),
            (64, 7, Some((7.0, true))),
            (4, 3, Some((3.0, true))),
        ] {
            assert_eq!(hits_of_few(&ascending[..rows], &labels[..rows], k), expected, "{rows} {k}");
        }
        // So many ties are more candidates than are compared.
        assert_eq!(hits_of_few(&[0.5; 17], &labels[..17], 3), None);
        assert_eq!(hits_of_few(&[0.5; 16], &labels[..16], 3), Some((3.0, true)));
        assert_eq!(hits_of_few(&[0.5; 16], &[false; 16], 3), Some((0.0, false)));
    }
}
