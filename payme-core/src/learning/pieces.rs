//! Work that is cut into pieces, which may run beside each other.
//!
//! In: a number of pieces and what is done with each. Out: the answers in the order of the pieces.
//! What always holds: where the cuts are depends on the work alone, so the answer has the same bits
//! on any number of threads, and without them.

/// So many numbers of a column are one piece of a pass over it.
pub(super) const COLUMN_PIECE: usize = 1 << 16;

/// The answers for the pieces 0 and on, in their order.
pub(super) fn each_piece<A: Send>(pieces: usize, of: impl Fn(usize) -> A + Sync) -> Vec<A> {
    #[cfg(feature = "parallel")]
    if pieces > 1 {
        use rayon::prelude::{IntoParallelIterator as _, ParallelIterator as _};
        return (0..pieces).into_par_iter().map(&of).collect();
    }
    (0..pieces).map(of).collect()
}

/// Whether all numbers of a column are what `is` says, without a branch for each.
pub(super) fn all_are<T: Copy + Sync>(column: &[T], is: impl Fn(T) -> bool + Sync) -> bool {
    let piece = |number: usize| {
        let from = number * COLUMN_PIECE;
        let piece = column.get(from..column.len().min(from + COLUMN_PIECE)).unwrap_or_default();
        piece.iter().fold(true, |all, value| all & is(*value))
    };
    each_piece(column.len().div_ceil(COLUMN_PIECE), piece).into_iter().all(|all| all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_that_is_not_is_found_in_any_piece() {
        for len in [0, 1, COLUMN_PIECE - 1, COLUMN_PIECE, COLUMN_PIECE + 1, 3 * COLUMN_PIECE] {
            let column = vec![1_u8; len];
            assert!(all_are(&column, |value| value == 1), "{len}");
            for at in [0, COLUMN_PIECE - 1, COLUMN_PIECE, len.saturating_sub(1)] {
                let mut column = column.clone();
                if let Some(value) = column.get_mut(at) {
                    *value = 2;
                    assert!(!all_are(&column, |value| value == 1), "{len} {at}");
                }
            }
        }
    }

    #[test]
    fn answers_stand_in_the_order_of_the_pieces() {
        assert_eq!(each_piece(100, |number| number * 2), (0..200).step_by(2).collect::<Vec<_>>());
        assert!(each_piece(0, |number| number).is_empty());
    }
}
