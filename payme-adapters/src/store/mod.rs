//! Stores: they bind, run and map rows, and decide nothing.
//!
//! Every store passes the suite of `payme_core::ports::conformance`.

#[cfg(feature = "memory")]
pub mod memory;
#[cfg(feature = "sqlite")]
pub mod sqlite;
