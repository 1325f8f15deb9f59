//! How much is done, how long it took, and how much memory there is.

use std::time::{Duration, Instant};

use rayon::{ThreadPool, ThreadPoolBuilder};

/// How much is done.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    /// Small worlds.
    pub(crate) is_small: bool,
    /// Everything once, and no charts.
    pub(crate) answers_only: bool,
}

impl Effort {
    /// One of two sizes.
    pub(crate) const fn size(self, full: usize, small: usize) -> usize {
        if self.is_small { small } else { full }
    }

    /// How often something is timed.
    pub(crate) const fn rounds(self, full: usize) -> usize {
        if self.answers_only { 1 } else { full }
    }

    /// Whether charts are written.
    pub(crate) const fn writes(self) -> bool {
        !self.is_small && !self.answers_only
    }
}

/// How long some work took, and what it gave.
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let start = Instant::now();
    let result = std::hint::black_box(work());
    (start.elapsed(), result)
}

/// Takes a result nobody looks at, so that its computation is not left out.
pub(crate) fn keep<T>(result: T) {
    std::hint::black_box(result);
}

/// The median of so many rounds of each of several kinds of work, which take turns.
pub(crate) fn in_turns<const N: usize>(
    rounds: usize,
    work: [&mut dyn FnMut(); N],
) -> [Duration; N] {
    let mut times = [const { Vec::new() }; N];
    let mut work = work;
    for _ in 0..rounds {
        for (work, times) in work.iter_mut().zip(&mut times) {
            times.push(timed(&mut **work).0);
        }
    }
    times.map(|mut times| {
        times.sort_unstable();
        times.get(times.len() / 2).copied().unwrap_or_default()
    })
}

/// A pool of so many threads; whoever waits for them does not work.
pub(crate) fn threads(count: usize) -> ThreadPool {
    ThreadPoolBuilder::new().num_threads(count).build().expect("a few threads")
}

/// A duration in microseconds.
pub(crate) fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

/// A number of things as a factor or divisor.
pub(crate) fn count(things: usize) -> f64 {
    u32::try_from(things).map_or(f64::INFINITY, f64::from)
}

/// The memory of this process in bytes, where the system tells it.
pub(crate) fn resident() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<usize>().ok().map(|kilobytes| kilobytes * 1024)
}
