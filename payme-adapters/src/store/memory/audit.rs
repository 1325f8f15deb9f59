//! The logs of payouts together, and the seals over them.

use std::collections::BTreeMap;

use async_trait::async_trait;
use payme_core::audit::{Head, Link, LogFilter, LogPlace, Seal};
use payme_core::ports::{AuditStore, Commit, StoreError};
use payme_core::types::AccountId;

use super::MemoryStore;
use super::payouts::PayoutData;

impl PayoutData {
    fn heads(&self) -> impl Iterator<Item = (AccountId, Head)> {
        self.logs.iter().filter_map(|(id, log)| Some((*id, log.last()?.head())))
    }
}

#[async_trait]
impl AuditStore for MemoryStore {
    async fn log_heads(
        &self,
        after: Option<AccountId>,
        limit: usize,
    ) -> Result<Vec<(AccountId, Head)>, StoreError> {
        let data = self.data();
        let behind = data.payouts.heads().filter(|(id, _)| after.is_none_or(|after| *id > after));
        Ok(behind.take(limit).collect())
    }

    async fn unsealed_heads(&self, limit: usize) -> Result<Vec<(AccountId, Head)>, StoreError> {
        let data = self.data();
        let sealed: BTreeMap<AccountId, u64> = data
            .payouts
            .seals
            .iter()
            .flat_map(|seal| seal.heads.iter().map(|(id, head)| (*id, head.sequence)))
            .collect();
        let grew = data
            .payouts
            .heads()
            .filter(|(id, head)| head.sequence > sealed.get(id).copied().unwrap_or(0));
        Ok(grew.take(limit).collect())
    }

    async fn seals(&self, after: u64, limit: usize) -> Result<Vec<Seal>, StoreError> {
        let skip = usize::try_from(after).unwrap_or(usize::MAX);
        Ok(self.data().payouts.seals.iter().skip(skip).take(limit).cloned().collect())
    }

    async fn last_seal(&self) -> Result<Option<Seal>, StoreError> {
        Ok(self.data().payouts.seals.last().cloned())
    }

    async fn commit_seal(&self, seal: &Seal) -> Result<Commit, StoreError> {
        let mut data = self.data();
        let newest = data.payouts.seals.last().map_or(0, |seal| seal.sequence);
        if seal.sequence != newest.saturating_add(1) {
            return Ok(Commit::Conflict);
        }
        data.payouts.seals.push(seal.clone());
        Ok(Commit::Done)
    }

    async fn facts(
        &self,
        filter: &LogFilter,
        after: Option<LogPlace>,
        limit: usize,
    ) -> Result<Vec<Link>, StoreError> {
        let data = self.data();
        let mut found: Vec<&Link> = data
            .payouts
            .logs
            .values()
            .flatten()
            .filter(|link| filter.lets(link) && after.is_none_or(|after| link.place() > after))
            .collect();
        found.sort_by_key(|link| link.place());
        Ok(found.into_iter().take(limit).cloned().collect())
    }
}
