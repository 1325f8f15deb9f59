//! The gateway: what attorneys and claimants may do, what is refused and leaves no trace, and that
//! nobody is paid twice.
#![cfg(all(
    feature = "driver",
    feature = "memory",
    feature = "sqlite",
    feature = "system",
    feature = "vault"
))]
#![allow(clippy::unwrap_used, reason = "a test that fails should say where")]

mod cancel;
mod hold;
mod items;
mod people;
mod refusals;
mod retry;
mod secrets;
mod world;
