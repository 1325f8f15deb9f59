//! The clock and randomness, as arguments of the driver.

use crate::types::{Instant, RANDOM_BYTES};

/// A clock.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Instant;
}

/// How many bytes a secret is made of.
pub const SECRET_BYTES: usize = 32;

/// A source of random bytes for new ids, and of secret ones.
pub trait Random: Send + Sync {
    /// The next ten bytes. They need not be secret, but no two calls may give the same.
    fn bytes(&self) -> [u8; RANDOM_BYTES];

    /// 32 bytes that nobody can guess: for keys, and for what is sealed. `None` where there are
    /// none, and from a source that has none to give.
    fn secret_bytes(&self) -> Option<[u8; SECRET_BYTES]> {
        None
    }
}
