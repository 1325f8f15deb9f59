//! The vault: account references and tokens are kept as ciphertext, each bound to the record it is
//! of.
//!
//! In: a plain text, what it belongs to, and a [`KeyRing`]. Out: a [`Sealed`] text, and back. The
//! cipher is AES-256-GCM with the record's identity as associated data: a ciphertext that is moved
//! to another record does not open. Neither keys nor plain texts show in `Debug`, errors or logs,
//! and keys are wiped from memory when they are dropped.

mod ring;
mod sealed;

pub use ring::{KEY_BYTES, KEYS_VARIABLE, Key, KeyRing, RingError};
pub use sealed::{Belongs, NONCE_BYTES, Sealed, Secret, VaultError};
