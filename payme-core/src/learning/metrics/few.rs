//! The hits among the first few of a short list, without sorting it.
//!
//! In: at most 64 scores with their labels, and `k` of at most 7. Out: the hits among the first
//! `k`, the mean over the orders of tied rows; none where too many rows could be among the first,
//! which the general way then counts. Pages of results are such lists, and there are many.

use crate::learning::sum::float;

/// Every sixteenth row is in one lane.
const LANES: usize = 16;
const HALF: usize = LANES / 2;
const ROWS_MAX: usize = 64;

/// The hits among the first `k`, if this way is one for them.
#[inline]
pub(super) fn hits_of_few(scores: &[f64], labels: &[bool], k: usize) -> Option<f64> {
    let fits = 0 < k && k < HALF && k < scores.len() && scores.len() <= ROWS_MAX;
    if !fits || scores.len() != labels.len() {
        return None;
    }
    // The k-th largest of the largest of each lane is no larger than the k-th largest of all.
    let bound = largest_half(largest_of_lanes(scores))[k - 1];
    let (candidates, count) = rows_from(scores, bound);
    if count == k {
        // No other row is tied with the last of them.
        let labels = candidates.iter().take(k).map(|row| u32::from(labels[usize::from(*row)]));
        return Some(f64::from(labels.sum::<u32>()));
    }
    if count > LANES {
        return None;
    }
    let (mut score, mut label) = ([f64::NEG_INFINITY; LANES], [0_u32; LANES]);
    for (at, row) in candidates.iter().take(LANES).enumerate() {
        // Places beyond the count name some row, which is not taken.
        let is_candidate = at < count;
        score[at] = if is_candidate { scores[usize::from(*row)] } else { f64::NEG_INFINITY };
        label[at] = u32::from(is_candidate & labels[usize::from(*row)]);
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
    Some(hits + (hits_from - hits) * ((float(k) - above) / (from - above)))
}

/// The largest score of each lane.
#[inline]
fn largest_of_lanes(scores: &[f64]) -> [f64; LANES] {
    let mut largest = [f64::NEG_INFINITY; LANES];
    let mut chunks = scores.chunks_exact(LANES);
    for chunk in &mut chunks {
        for (largest, score) in largest.iter_mut().zip(chunk) {
            *largest = larger(*score, *largest);
        }
    }
    for (largest, score) in largest.iter_mut().zip(chunks.remainder()) {
        *largest = larger(*score, *largest);
    }
    largest
}

/// The places of the scores that are at least so large, and how many there are.
#[inline]
fn rows_from(scores: &[f64], bound: f64) -> ([u8; ROWS_MAX], usize) {
    let (mut rows, mut count) = ([0; ROWS_MAX], 0);
    for (at, score) in (0..).zip(scores) {
        // Every place is written, and kept if the next is written behind it: no branch to guess.
        rows[count & (ROWS_MAX - 1)] = at;
        count += usize::from(*score >= bound);
    }
    (rows, count)
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
    fn other_lists_are_left_to_the_general_way() {
        let labels = [true; 65];
        let ascending: Vec<f64> = (0_u8..65).map(f64::from).collect();
        for (rows, k, expected) in
            [(3, 3, None), (65, 1, None), (64, 8, None), (64, 7, Some(7.0)), (4, 3, Some(3.0))]
        {
            assert_eq!(hits_of_few(&ascending[..rows], &labels[..rows], k), expected, "{rows} {k}");
        }
        // So many ties are more candidates than are compared.
        assert_eq!(hits_of_few(&[0.5; 17], &labels[..17], 3), None);
        assert_eq!(hits_of_few(&[0.5; 16], &labels[..16], 3), Some(3.0));
    }
}
