//! What a store of the log of payouts must do, beyond appending to it.

use async_trait::async_trait;

use super::StoreError;
use crate::audit::{Head, Link, LogFilter, LogPlace, Seal};
use crate::types::{AccountId, Commit};

/// The logs of all accounts together, and the seals over them.
#[async_trait]
pub trait AuditStore: Send + Sync {
    /// Where the logs of accounts end: at most `limit` accounts whose id is above `after`, by id.
    /// The log of an account without a fact ends at 0.
    async fn log_heads(
        &self,
        after: Option<AccountId>,
        limit: usize,
    ) -> Result<Vec<(AccountId, Head)>, StoreError>;

    /// Where the logs end that grew since they were last sealed: at most `limit` of them, by id.
    async fn unsealed_heads(&self, limit: usize) -> Result<Vec<(AccountId, Head)>, StoreError>;

    /// At most `limit` seals behind a place, in order; the first has place 1.
    async fn seals(&self, after: u64, limit: usize) -> Result<Vec<Seal>, StoreError>;

    /// The newest seal.
    async fn last_seal(&self) -> Result<Option<Seal>, StoreError>;

    /// Stores a seal behind the newest one. Conflicts when its place is taken.
    async fn commit_seal(&self, seal: &Seal) -> Result<Commit, StoreError>;

    /// Facts of all logs that a filter lets through, by time, then by account, then by place in its
    /// log: at most `limit` of them behind `after`.
    async fn facts(
        &self,
        filter: &LogFilter,
        after: Option<LogPlace>,
        limit: usize,
    ) -> Result<Vec<Link>, StoreError>;
}
