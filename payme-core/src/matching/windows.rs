//! Work on many rows: in parallel chunks, handed over in order, in bounded memory.

/// Rows that one task takes at once.
const CHUNK: usize = 256;
/// Chunks that are worked on before their answers are handed over.
const WINDOW: usize = 32;

/// Works on chunks of rows and hands the answers over in their order; whether all of them were.
///
/// `fresh` makes the memory of one task, `chunk` answers one chunk with it. `cancelled` is asked
/// before each chunk; once it says so, nothing more is begun. With the feature `parallel` every
/// core takes part in a window; the answers are the same for any number of threads.
pub(crate) fn in_windows<M, T: Send>(
    rows: &[u32],
    fresh: impl Fn() -> M + Sync + Send,
    chunk: impl Fn(&mut M, &[u32]) -> T + Sync + Send,
    cancelled: &(dyn Fn() -> bool + Sync),
    mut sink: impl FnMut(T),
) -> bool {
    let one = |memory: &mut M, rows: &[u32]| (!cancelled()).then(|| chunk(memory, rows));
    for window in rows.chunks(CHUNK * WINDOW) {
        #[cfg(feature = "parallel")]
        let answers = {
            use rayon::prelude::{
                IndexedParallelIterator as _, ParallelIterator as _, ParallelSlice as _,
            };
            let mut answers = Vec::new();
            window.par_chunks(CHUNK).map_init(&fresh, one).collect_into_vec(&mut answers);
            answers
        };
        #[cfg(not(feature = "parallel"))]
        let answers = {
            let mut memory = fresh();
            window.chunks(CHUNK).map(|rows| one(&mut memory, rows)).collect::<Vec<_>>()
        };
        for answer in answers {
            match answer {
                Some(answer) => sink(answer),
                None => return false,
            }
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn doubled(cancelled: &(dyn Fn() -> bool + Sync)) -> (bool, Vec<u32>) {
        let rows: Vec<u32> = (0..20_001).collect();
        let mut all = Vec::new();
        let chunk = |seen: &mut usize, rows: &[u32]| {
            *seen += rows.len();
            rows.iter().map(|row| row * 2).collect::<Vec<_>>()
        };
        let done = in_windows(&rows, || 0, chunk, cancelled, |answers| all.extend(answers));
        (done, all)
    }

    #[test]
    fn answers_come_in_the_order_of_the_rows_over_several_windows() {
        let (done, all) = doubled(&|| false);
        assert!(done);
        assert!(all.iter().copied().eq((0..20_001).map(|row| row * 2)));
        const { assert!(20_001 > 2 * CHUNK * WINDOW) };
    }

    #[test]
    fn what_was_handed_over_before_it_was_cancelled_is_whole_and_from_the_start() {
        for limit in [0, 1, 3, 40, 70, 10_000] {
            let asked = AtomicUsize::new(0);
            let cancelled = || asked.fetch_add(1, Ordering::Relaxed) >= limit;
            let (done, all) = doubled(&cancelled);
            assert_eq!(done, all.len() == 20_001, "{limit}");
            assert_eq!(done, limit == 10_000);
            assert!(all.len() <= limit.saturating_mul(CHUNK));
            assert!(all.iter().copied().eq((0..).map(|row| row * 2).take(all.len())), "{limit}");
        }
    }

    #[cfg(feature = "parallel")]
    #[test]
    fn the_answers_are_the_same_for_any_number_of_threads() {
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| doubled(&|| false))
        };
        assert!((2..6).all(|threads| on(threads) == on(1)));
    }
}
