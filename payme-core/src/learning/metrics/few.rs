//! The hits among the first few of a short list, without sorting it.
//!
//! In: at most 64 scores with their labels, and `k` of at most 8. Out: the hits among the first
//! `k`, the mean over the orders of tied rows; none where too many rows could be among the first,
//! which the general way then counts. Pages of results are such lists, and there are many.

/// Every eighth row is in one lane.
const LANES: usize = 8;
const ROWS_MAX: usize = 64;
/// Beyond this many rows that could be among the first, comparing all of them costs too much.
const CANDIDATES_MAX: usize = 24;

/// The hits among the first `k`, if this way is one for them.
#[inline]
pub(super) fn hits_of_few(scores: &[f64], labels: &[bool], k: usize) -> Option<f64> {
    if k == 0 || k > LANES || scores.len() < LANES || scores.len() > ROWS_MAX {
        return None;
    }
    // The k-th largest of the largest of each lane is no larger than the k-th largest of all.
    let bound = largest_of_lanes(scores)[k - 1];
    let mut candidates = bits_from(scores, bound);
    let count = candidates.count_ones() as usize;
    if count > CANDIDATES_MAX {
        return None;
    }
    let (mut score, mut label) = ([f64::NEG_INFINITY; CANDIDATES_MAX], [0_u32; CANDIDATES_MAX]);
    for (score, label) in score.iter_mut().zip(&mut label).take(count) {
        let at = candidates.trailing_zeros() as usize;
        (*score, *label) = (*scores.get(at)?, u32::from(*labels.get(at)?));
        candidates &= candidates.wrapping_sub(1);
    }
    let (score, label) = (&score[..count], &label[..count]);
    if count == k {
        return Some(f64::from(label.iter().sum::<u32>()));
    }
    Some(hits_of_candidates(score, label, k))
}

/// The largest scores of the lanes, in descending order.
#[inline]
fn largest_of_lanes(scores: &[f64]) -> [f64; LANES] {
    let mut largest = [f64::NEG_INFINITY; LANES];
    let mut chunks = scores.chunks_exact(LANES);
    for chunk in &mut chunks {
        for (largest, score) in largest.iter_mut().zip(chunk) {
            *largest = if *score > *largest { *score } else { *largest };
        }
    }
    for (largest, score) in largest.iter_mut().zip(chunks.remainder()) {
        *largest = if *score > *largest { *score } else { *largest };
    }
    descending(largest)
}

/// Eight numbers in descending order, by a sorting network of 19 exchanges (Batcher 1968).
#[inline]
fn descending(mut numbers: [f64; LANES]) -> [f64; LANES] {
    // Written out, because a loop over pairs of places would keep the numbers in memory.
    macro_rules! exchange {
        ($($left:literal $right:literal),*) => {$(
            let (a, b) = (numbers[$left], numbers[$right]);
            numbers[$left] = if a > b { a } else { b };
            numbers[$right] = if a > b { b } else { a };
        )*};
    }
    exchange!(0 1, 2 3, 4 5, 6 7);
    exchange!(0 2, 1 3, 4 6, 5 7);
    exchange!(1 2, 5 6);
    exchange!(0 4, 1 5, 2 6, 3 7);
    exchange!(2 4, 3 5);
    exchange!(1 2, 3 4, 5 6);
    numbers
}

/// A bit for each of at most 64 scores that is at least so large.
#[inline]
fn bits_from(scores: &[f64], bound: f64) -> u64 {
    let mut bits = 0;
    for (at, score) in scores.iter().enumerate() {
        bits |= u64::from(*score >= bound) << at;
    }
    bits
}

/// Each candidate is among the first with a chance that follows from how many are before it and
/// how many are tied with it.
fn hits_of_candidates(score: &[f64], label: &[u32], k: usize) -> f64 {
    let k = u32::try_from(k).unwrap_or(u32::MAX);
    let mut hits = 0.0;
    for (own, label) in score.iter().zip(label) {
        let (mut above, mut not_below) = (0_u32, 0_u32);
        for other in score {
            above += u32::from(other > own);
            not_below += u32::from(other >= own);
        }
        let room = k.saturating_sub(above);
        let tied = not_below - above;
        let share = match room {
            0 => 0.0,
            _ if tied <= room => 1.0,
            _ => f64::from(room) / f64::from(tied),
        };
        hits += f64::from(*label) * share;
    }
    hits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_network_sorts_all_zeros_and_ones_and_so_everything() {
        for bits in 0..1_u32 << LANES {
            let numbers = std::array::from_fn(|at| f64::from(bits >> at & 1));
            assert!(descending(numbers).is_sorted_by(|a, b| a >= b), "{bits:b}");
        }
    }

    #[test]
    fn other_lists_are_left_to_the_general_way() {
        let labels = [true; 65];
        let ascending: Vec<f64> = (0_u8..65).map(f64::from).collect();
        for (rows, k, expected) in
            [(7, 1, None), (65, 1, None), (64, 9, None), (64, 8, Some(8.0)), (8, 3, Some(3.0))]
        {
            assert_eq!(hits_of_few(&ascending[..rows], &labels[..rows], k), expected, "{rows} {k}");
        }
        // So many ties are more candidates than are compared.
        assert_eq!(hits_of_few(&[0.5; 25], &labels[..25], 3), None);
        assert_eq!(hits_of_few(&[0.5; 24], &labels[..24], 3), Some(3.0));
    }
}
