//! The clock and the randomness of the operating system, and fixed ones for tests and demos.

use std::sync::atomic::{AtomicU64, Ordering};

use payme_core::ports::{Clock, Random, SECRET_BYTES};
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

    /// None rather than bytes that could be guessed.
    fn secret_bytes(&self) -> Option<[u8; SECRET_BYTES]> {
        let mut bytes = [0; SECRET_BYTES];
        getrandom::fill(&mut bytes).ok().map(|()| bytes)
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

    /// Bytes that count up too: nothing that is made of them is secret.
    fn secret_bytes(&self) -> Option<[u8; SECRET_BYTES]> {
        let counted = self.bytes();
        let mut bytes = [0; SECRET_BYTES];
        // At the front, so that a nonce of the first few differs each time.
        bytes.iter_mut().zip(counted).for_each(|(byte, counted)| *byte = counted);
        Some(bytes)
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
