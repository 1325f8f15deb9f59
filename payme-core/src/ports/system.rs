//! The clock and randomness, as arguments of the driver.

use crate::types::{Instant, RANDOM_BYTES};

/// A clock.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Instant;
}

/// A source of random bytes for new ids.
pub trait Random: Send + Sync {
    /// The next ten bytes. They need not be secret, but no two calls may give the same.
    fn bytes(&self) -> [u8; RANDOM_BYTES];
}
