//! The rules of PayMe.
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that fails should say where"))]
pub mod types;
pub mod catalog;
pub mod sync;
