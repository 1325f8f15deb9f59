//! Bank transactions as Plaid sends them.
//!
//! In: JSON objects of transactions/sync, transactions/get or a sandbox custom user. Out:
//! transactions of the core. `wire` takes the provider's fields apart and `convert` applies the
//! rules to them; neither does I/O.

pub(crate) mod convert;
pub(crate) mod wire;
