//! The clock and the randomness of the operating system, and fixed ones for tests and demos.

use std::sync::atomic::{AtomicU64, Ordering};

use payme_core::ports::{Clock, Random};
use payme_core::types::{Instant, RANDOM_BYTES};

/// The clock of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        Instant::from_timestamp(jiff::Timestamp::now())
    }
}

/// A clock that stands still.
#[derive(Debug, Clone, Copy)]
pub struct FixedClock(pub Instant);

impl Clock for FixedClock {
    fn now(&self) -> Instant {
        self.0
    }
}

/// The randomness of the operating system.
///
/// Where the system has none, which does not happen once it is up, a counter takes its place:
/// ids stay distinct within the process.
#[derive(Debug, Default)]
pub struct SystemRandom {
    fallback: CountedRandom,
}

impl Random for SystemRandom {
    fn bytes(&self) -> [u8; RANDOM_BYTES] {
        let mut bytes = [0; RANDOM_BYTES];
        match getrandom::fill(&mut bytes) {
            Ok(()) => bytes,
            Err(_) => self.fallback.bytes(),
        }
    }
}

/// Bytes that count up from a start: the same ids in every run.
#[derive(Debug, Default)]
pub struct CountedRandom(AtomicU64);

impl CountedRandom {
    /// Bytes that count up from `start`.
    pub const fn new(start: u64) -> Self {
        Self(AtomicU64::new(start))
    }
}

impl Random for CountedRandom {
    fn bytes(&self) -> [u8; RANDOM_BYTES] {
        let mut bytes = [0; RANDOM_BYTES];
        let count = self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        for (byte, counted) in bytes.iter_mut().skip(RANDOM_BYTES - count.len()).zip(count) {
            *byte = counted;
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counted_bytes_differ_and_repeat() {
        let [a, b] = [CountedRandom::new(7), CountedRandom::new(7)];
        let first: Vec<_> = (0..3).map(|_| a.bytes()).collect();
        let second: Vec<_> = (0..3).map(|_| b.bytes()).collect();
        assert_eq!(first, second);
        assert_ne!(first[0], first[1]);
    }

    #[test]
    fn the_systems_bytes_are_not_all_the_same() {
        let random = SystemRandom::default();
        assert_ne!(random.bytes(), random.bytes());
    }
}
