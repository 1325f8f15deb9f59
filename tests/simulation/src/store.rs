//! The store of the simulation: a real one behind a connection that fails, and that may answer from
//! the past.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

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
    Version,
};

use crate::fault::Fault;
use crate::past::Past;
use crate::world::World;

const SECOND: i64 = 1_000_000;

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

/// A store that fails as the world says, as one process sees it.
#[derive(Clone)]
pub(crate) struct Store {
    world: World,
    inner: Arc<dyn PayoutStore>,
    /// Whether what the process read since its last change is of the past.
    rests_on_past: Arc<AtomicBool>,
}

impl Store {
    pub(crate) fn new(world: &World, inner: &Arc<dyn Inner>) -> Self {
        let (world, inner) = (world.clone(), inner.clone() as Arc<dyn PayoutStore>);
        Self { world, inner, rests_on_past: Arc::default() }
    }

    async fn reads(&self) -> Result<(), StoreError> {
        self.world.give_way(false).await;
        if self.world.strikes(Fault::StoreFails) {
            return Err(StoreError::Failed("it does not answer".to_owned()));
        }
        Ok(())
    }

    /// The rows as they were a few changes ago, where a question is answered from them.
    fn past(&self) -> Option<Past> {
        let mut shared = self.world.lock();
        // The last one is the present.
        let older = shared.history.len().checked_sub(1).filter(|older| *older > 0)?;
        drop(shared);
        if !self.world.strikes(Fault::StoreStale) {
            return None;
        }
        shared = self.world.lock();
        let at = shared.rng.index(older);
        self.rests_on_past.store(true, Ordering::Relaxed);
        shared.history.get(at).cloned().map(Past)
    }

    /// Whether a change is to be written.
    async fn writes(&self) -> Result<Option<Commit>, StoreError> {
        self.world.give_way(false).await;
        self.has_room()?;
        if self.world.strikes(Fault::StoreFails) {
            return Err(StoreError::Failed("it does not answer".to_owned()));
        }
        if self.world.strikes(Fault::StoreBusy) {
            return Err(StoreError::Busy);
        }
        if self.world.strikes(Fault::StoreLostRequest) {
            return Err(StoreError::Unknown("the connection broke".to_owned()));
        }
        Ok(self.world.strikes(Fault::StoreConflict).then_some(Commit::Conflict))
    }

    /// A full disk stays full for up to ten minutes.
    fn has_room(&self) -> Result<(), StoreError> {
        let is_full = {
            let shared = self.world.lock();
            shared.now < shared.disk_is_full_until
        };
        if !is_full && !self.world.strikes(Fault::StoreFull) {
            return Ok(());
        }
        if !is_full {
            let mut shared = self.world.lock();
            let lasts = i64::try_from(shared.rng.below(600)).unwrap_or(0) * SECOND;
            shared.disk_is_full_until = shared.now.plus_micros(lasts);
        }
        Err(StoreError::Full)
    }

    async fn wrote(&self, commit: Commit) -> Result<Commit, StoreError> {
        self.world.lock().changes += 1;
        self.world.give_way(true).await;
        if self.world.strikes(Fault::StoreLostAnswer) {
            return Err(StoreError::Unknown("the connection broke".to_owned()));
        }
        Ok(commit)
    }

    /// Counts what a refused change shows.
    fn note_refused(&self, change: &PayoutChange, rested_on_past: bool) {
        if rested_on_past {
            self.world.saw(Fault::StaleRefused);
        }
        let present = self.world.lock().history.back().cloned().unwrap_or_default();
        let is_new = |version: Version| version == Version::NEW;
        let batch = change.batches().any(|row| {
            is_new(row.version) && present.batches.values().any(|other| other.key == row.key)
        });
        let approval = change.approvals().any(|row| {
            is_new(row.version)
                && present.approvals.values().any(|other| other.user_id == row.user_id)
        });
        if batch || approval {
            self.world.saw(Fault::KeyTaken);
        }
    }
}

/// Reads as the inner store does, after the connection let it; the first group also from the past.
macro_rules! reads {
    (
        past: $(fn $old:ident(&self $(, $of:ident: $of_kind:ty)*) -> $old_answer:ty;)+
        present: $(fn $name:ident(&self $(, $arg:ident: $kind:ty)*) -> $answer:ty;)+
    ) => {
        #[async_trait]
        impl PayoutStore for Store {
            $(async fn $old(&self $(, $of: $of_kind)*) -> Result<$old_answer, StoreError> {
                self.reads().await?;
                match self.past() {
                    Some(past) => Ok(past.$old($($of),*)),
                    None => self.inner.$old($($of),*).await,
                }
            })+

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
                let rested_on_past = self.rests_on_past.swap(false, Ordering::Relaxed);
                let commit = self.inner.commit_payout(change).await?;
                if commit == Commit::Conflict {
                    self.note_refused(change, rested_on_past);
                }
                self.world.lock().tell(|| format!("store: {commit:?} {:?}", change.entries()));
                self.wrote(commit).await
            }
        }
    };
}

reads! {
    past:
    fn claim(&self, user: UserId, settlement: SettlementId) -> Option<Claim>;
    fn account(&self, id: AccountId) -> Option<Account>;
    fn account_of(&self, settlement: SettlementId) -> Option<Account>;
    fn approval_of(&self, user: UserId, settlement: SettlementId) -> Option<Approval>;
    fn waiting(&self, account: AccountId, after: Option<ApprovalId>, limit: usize) -> Vec<Approval>;
    fn payout_batch(&self, id: PayoutBatchId) -> Option<Batch>;
    fn payout_batch_of(&self, attorney: AttorneyId, key: &RequestKey) -> Option<Batch>;
    fn transfers(&self, batch: PayoutBatchId, states: &[TransferState], after: Option<TransferId>, limit: usize) -> Vec<Transfer>;
    fn transfer(&self, id: TransferId) -> Option<Transfer>;
    fn transfers_named(&self, names: &[ProviderTransferId]) -> Vec<(ProviderTransferId, TransferId)>;
    fn books(&self, batches: &[PayoutBatchId], transfers: &[TransferId]) -> Books;

    present:
    fn claims_of(&self, user: UserId) -> Vec<Claim>;
    fn accounts_of(&self, attorney: AttorneyId) -> Vec<Account>;
    fn deposit(&self, account: AccountId, key: &RequestKey) -> Option<Amount>;
    fn approvals(&self, account: AccountId, after: Option<ApprovalId>, limit: usize) -> Books;
    fn payout_batches(&self, account: AccountId, before: Option<PayoutBatchId>, limit: usize) -> Vec<Batch>;
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
