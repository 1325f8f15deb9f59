//! One run of one side: how long it took, and an answer that can be compared.

use std::time::Instant;

use payme_core::vectors::{Hit, VectorError};
use rayon::{ThreadPool, ThreadPoolBuilder};

/// What one run took and gave.
#[derive(Debug, Clone)]
pub(crate) struct Ran {
    /// Milliseconds of the row's unit of work.
    pub(crate) ms: f64,
    /// What came out, read after the clock had stopped.
    pub(crate) answer: Answer,
}

/// What came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Pairs of numbers.
    Pairs(Checksum),
    /// For each query, the best rows from the best on.
    Best(Vec<Vec<u32>>),
    /// How many pairs there are, where more is not told.
    Count(usize),
    /// Nothing that could be compared.
    Nothing,
}

impl Answer {
    /// The rows of hits, query by query.
    pub(crate) fn best(hits: impl IntoIterator<Item = Result<Vec<Hit>, VectorError>>) -> Self {
        let rows = |hits: Vec<Hit>| hits.iter().map(|hit| hit.row).collect();
        Self::Best(hits.into_iter().map(|hits| rows(hits.expect("a good query"))).collect())
    }

    /// Whether two answers say the same, as far as both say it.
    ///
    /// # Errors
    /// Both, where they differ.
    pub(crate) fn same(&self, other: &Self) -> Result<(), String> {
        let agree = match (self, other) {
            (Self::Pairs(pairs), Self::Count(count)) => usize::try_from(pairs.count) == Ok(*count),
            _ => self == other,
        };
        if agree { Ok(()) } else { Err(format!("{self:?} and {other:?}")) }
    }
}

/// A sum over pairs that does not depend on their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Checksum {
    /// How many.
    pub(crate) count: u64,
    /// The wrapping sum of their mixed bits.
    pub(crate) sum: u64,
    /// The exclusive or of their mixed bits.
    pub(crate) xor: u64,
}

impl FromIterator<(u32, u32)> for Checksum {
    fn from_iter<I: IntoIterator<Item = (u32, u32)>>(pairs: I) -> Self {
        pairs.into_iter().fold(Self::default(), |all, (left, right)| {
            let mixed = mixed(u64::from(left) << 32 | u64::from(right));
            Self { count: all.count + 1, sum: all.sum.wrapping_add(mixed), xor: all.xor ^ mixed }
        })
    }
}

/// Spreads the bits of a pair over the word; `mixed` in `server.py` is the same.
const fn mixed(pair: u64) -> u64 {
    let z = (pair ^ (pair >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Runs `work`, which stands for so many units, and gives its time for one unit and its result.
pub(crate) fn timed<T>(units: usize, work: impl FnOnce() -> T) -> (f64, T) {
    let start = Instant::now();
    let result = std::hint::black_box(work());
    let ms = start.elapsed().as_secs_f64() * 1_000.0;
    let units = u32::try_from(units).expect("few units");
    (ms / f64::from(units), result)
}

/// So many threads for PayMe to work on; whoever waits for them does not work.
pub(crate) fn threads(count: usize) -> ThreadPool {
    ThreadPoolBuilder::new().num_threads(count).build().expect("a few threads")
}

/// The times of one side.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Times(pub(crate) Vec<f64>);

impl Times {
    /// The middle one, or the mean of the two in the middle.
    pub(crate) fn median(&self) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let (low, high) = (sorted.len().saturating_sub(1) / 2, sorted.len() / 2);
        f64::midpoint(sorted[low], sorted[high])
    }

    /// The smallest and the largest.
    pub(crate) fn range(&self) -> [f64; 2] {
        let least = self.0.iter().copied().fold(f64::INFINITY, f64::min);
        [least, self.0.iter().copied().fold(0.0, f64::max)]
    }
}
