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
