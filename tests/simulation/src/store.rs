//! The store of the simulation: a real one behind a connection that fails.

use std::sync::Arc;

use async_trait::async_trait;
use payme_adapters::store::memory::MemoryStore;
use payme_core::audit::{Event, Link};
use payme_core::claims::Claim;
use payme_core::payouts::{
    Account, Amount, Approval, Batch, Books, PayoutChange, Posting, ProviderTransferId, RailNote,
    RequestKey, Transfer, TransferState,
};
use payme_core::ports::{DestinationResolver, PayoutStore, StoreError};
use payme_core::types::{
    AccountId, ApprovalId, AttorneyId, Commit, PayoutBatchId, SettlementId, TransferId, UserId,
};

use crate::fault::Fault;
use crate::world::World;

/// A real store, all of whose rows the laws are held against.
pub(crate) trait Inner: PayoutStore {
    /// Every row of payouts.
    fn rows(&self) -> Books;
}

impl Inner for MemoryStore {
    fn rows(&self) -> Books {
        self.payout_rows()
    }
}

/// A store that fails as the world says.
#[derive(Clone)]
pub(crate) struct Store {
    pub(crate) world: World,
    pub(crate) inner: Arc<dyn PayoutStore>,
}

impl Store {
    async fn reads(&self) -> Result<(), StoreError> {
        self.world.give_way(false).await;
        if self.world.strikes(Fault::StoreFails) {
            return Err(StoreError::Busy);
        }
        Ok(())
    }

    /// Whether a change is to be written.
    async fn writes(&self) -> Result<Option<Commit>, StoreError> {
        self.world.give_way(false).await;
        if self.world.strikes(Fault::StoreFails) {
            return Err(StoreError::Failed("the disk is full".to_owned()));
        }
        if self.world.strikes(Fault::StoreLostRequest) {
            return Err(StoreError::Unknown("the connection broke".to_owned()));
        }
        Ok(self.world.strikes(Fault::StoreConflict).then_some(Commit::Conflict))
    }

    async fn wrote(&self, commit: Commit) -> Result<Commit, StoreError> {
        self.world.lock().changes += 1;
        self.world.give_way(true).await;
        if self.world.strikes(Fault::StoreLostAnswer) {
            return Err(StoreError::Unknown("the connection broke".to_owned()));
        }
        Ok(commit)
    }
}

/// Reads as the inner store does, after the connection let it.
macro_rules! reads {
    ($(fn $name:ident(&self $(, $arg:ident: $kind:ty)*) -> $answer:ty;)+) => {
        #[async_trait]
        impl PayoutStore for Store {
            $(async fn $name(&self $(, $arg: $kind)*) -> Result<$answer, StoreError> {
                self.reads().await?;
                self.inner.$name($($arg),*).await
            })+

            async fn commit_claim(
                &self,
                claim: &Claim,
                events: &[Event],
            ) -> Result<Commit, StoreError> {
                if let Some(commit) = self.writes().await? {
                    return Ok(commit);
                }
                let commit = self.inner.commit_claim(claim, events).await?;
                self.wrote(commit).await
            }

            async fn commit_payout(&self, change: &PayoutChange) -> Result<Commit, StoreError> {
                if let Some(commit) = self.writes().await? {
                    return Ok(commit);
                }
                let commit = self.inner.commit_payout(change).await?;
                self.world.lock().tell(|| format!("store: {commit:?} {:?}", change.entries()));
                self.wrote(commit).await
            }
        }
    };
}

reads! {
    fn claim(&self, user: UserId, settlement: SettlementId) -> Option<Claim>;
    fn account(&self, id: AccountId) -> Option<Account>;
    fn account_of(&self, settlement: SettlementId) -> Option<Account>;
    fn accounts_of(&self, attorney: AttorneyId) -> Vec<Account>;
    fn deposit(&self, account: AccountId, key: &RequestKey) -> Option<Amount>;
    fn approval_of(&self, user: UserId, settlement: SettlementId) -> Option<Approval>;
    fn waiting(&self, account: AccountId, after: Option<ApprovalId>, limit: usize) -> Vec<Approval>;
    fn payout_batch(&self, id: PayoutBatchId) -> Option<Batch>;
    fn payout_batch_of(&self, attorney: AttorneyId, key: &RequestKey) -> Option<Batch>;
    fn payout_batches(&self, account: AccountId, before: Option<PayoutBatchId>, limit: usize) -> Vec<Batch>;
    fn transfers(&self, batch: PayoutBatchId, states: &[TransferState], after: Option<TransferId>, limit: usize) -> Vec<Transfer>;
    fn transfer(&self, id: TransferId) -> Option<Transfer>;
    fn transfer_named(&self, name: &ProviderTransferId) -> Option<Transfer>;
    fn books(&self, batches: &[PayoutBatchId], transfers: &[TransferId]) -> Books;
    fn rail_cursor(&self, rail: &str) -> u64;
    fn rail_notes_known_now(&self, rail: &str, limit: usize) -> Vec<RailNote>;
    fn rail_notes(&self, rail: &str, after: u64, limit: usize) -> Vec<RailNote>;
    fn payout_log(&self, account: AccountId, after: u64, limit: usize) -> Vec<Link>;
    fn postings_of_batch(&self, batch: PayoutBatchId) -> Vec<Posting>;
    fn postings_of_transfers(&self, transfers: &[TransferId]) -> Vec<Posting>;
    fn postings(&self, account: AccountId, skip: u64, limit: usize) -> Vec<Posting>;
}

#[async_trait]
impl DestinationResolver for Store {
    async fn with_destination(&self, users: &[UserId]) -> Result<Vec<UserId>, StoreError> {
        self.reads().await?;
        Ok(users.to_vec())
    }
}
