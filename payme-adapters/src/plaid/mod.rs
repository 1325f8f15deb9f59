//! Plaid: bank transactions as it sends them, and payouts over its Transfer API.
//!
//! In: JSON objects of transactions/sync, transactions/get or a sandbox custom user. Out:
//! transactions of the core. `wire` takes the provider's fields apart and `convert` applies the
//! rules to them; neither does I/O. `transfer` moves money.

#[cfg(feature = "files")]
pub(crate) mod convert;
#[cfg(feature = "plaid-transfer")]
pub mod transfer;
#[cfg(feature = "files")]
pub(crate) mod wire;
