//! Everything of PayMe that touches the world. No rule lives here.
//!
//! Each part is behind a Cargo feature, and none is on by default:
//!
//! | feature | what it gives |
//! |---|---|
//! | `driver` | load, decide in the core, commit: one file per stage; with `vault`, the gateway |
//! | `memory` | a store that lives in memory |
//! | `sqlite` | the embedded store |
//! | `files` | readers of bank and mail files |
//! | `plaid-transfer` | payouts over Plaid's Transfer API |
//! | `parquet` | samples as Parquet files |
//! | `artifacts` | trained weights on disk: versions, and the one in force |
//! | `linfa` | a second trainer of weights, by linfa |
//! | `snapshot` | files of compiled catalogues, read or mapped |
//! | `vault` | account references and tokens under lock |
//! | `system` | the clock and the randomness of the operating system |
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that fails should say where"))]

#[cfg(feature = "artifacts")]
pub mod artifacts;
#[cfg(feature = "driver")]
pub mod driver;
#[cfg(feature = "files")]
pub mod files;
#[cfg(feature = "files")]
pub mod gmail;
#[cfg(feature = "linfa")]
pub mod linfa;
#[cfg(any(feature = "files", feature = "plaid-transfer"))]
pub mod plaid;
pub mod rail;
#[cfg(feature = "snapshot")]
pub mod snapshot;
#[cfg(any(feature = "memory", feature = "sqlite"))]
pub mod store;
#[cfg(feature = "system")]
pub mod system;
#[cfg(feature = "vault")]
pub mod vault;
#[cfg(any(feature = "artifacts", feature = "snapshot"))]
mod whole;
