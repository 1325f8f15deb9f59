//! The SQLite store under the simulation, which has no runtime: every call runs to its end.

use std::future::Future;

use async_trait::async_trait;
use payme_adapters::store::sqlite::SqliteStore;
use payme_core::audit::{Event, Link};
use payme_core::claims::Claim;
use payme_core::payouts::{
    Account, Amount, Approval, Batch, Books, PayoutChange, Posting, ProviderTransferId, RailNote,
    RequestKey, Transfer, TransferState,
};
use payme_core::ports::{PayoutStore, StoreError};
use payme_core::types::{
    AccountId, ApprovalId, AttorneyId, Commit, PayoutBatchId, SettlementId, TransferId, UserId,
};
use tokio::runtime::{Builder, Runtime};

use crate::schedule::{PEOPLE_MAX, attorney, settlement, user};
use crate::store::Inner;

/// A database in memory, and the runtime that its calls run on.
pub(crate) struct Sqlite {
    runtime: Runtime,
    store: SqliteStore,
}

impl Sqlite {
    /// An empty one.
    pub(crate) fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let store = runtime.block_on(SqliteStore::open("sqlite::memory:")).unwrap();
        Self { runtime, store }
    }

    fn run<F: Future>(&self, call: F) -> F::Output {
        self.runtime.block_on(call)
    }
}

impl Inner for Sqlite {
    fn rows(&self) -> Books {
        let store = &self.store;
        let all = async {
            let mut batches = Vec::new();
            let mut transfers = Vec::new();
            let accounts = store.accounts_of(attorney()).await?;
            for account in &accounts {
                batches.extend(store.payout_batches(account.id, None, usize::MAX).await?);
            }
            for batch in &batches {
                let states = TransferState::ALL;
                transfers.extend(store.transfers(batch.id, states, None, usize::MAX).await?);
            }
            let batches: Vec<_> = batches.iter().map(|batch| batch.id).collect();
            let transfers: Vec<_> = transfers.iter().map(|transfer| transfer.id).collect();
            let mut books = store.books(&batches, &transfers).await?;
            books.accounts.extend(accounts.into_iter().map(|row| (row.id, row)));
            // Who has no transfer yet.
            for user in (0..PEOPLE_MAX).map(user) {
                if books.claims.contains_key(&(user, settlement())) {
                    continue;
                }
                let claim = store.claim(user, settlement()).await?;
                books.claims.extend(claim.map(|row| ((user, settlement()), row)));
                let approval = store.approval_of(user, settlement()).await?;
                books.approvals.extend(approval.map(|row| (row.id, row)));
            }
            Ok::<_, StoreError>(books)
        };
        self.run(all).unwrap()
    }
}

macro_rules! blocking {
    ($(fn $name:ident($($arg:ident: $kind:ty),*) -> $answer:ty;)+) => {
        #[async_trait]
        impl PayoutStore for Sqlite {
            $(async fn $name(&self $(, $arg: $kind)*) -> Result<$answer, StoreError> {
                self.run(self.store.$name($($arg),*))
            })+
        }
    };
}

#[rustfmt::skip]
blocking! {
    fn claim(user: UserId, settlement: SettlementId) -> Option<Claim>;
    fn commit_claim(claim: &Claim, events: &[Event]) -> Commit;
    fn account(id: AccountId) -> Option<Account>;
    fn account_of(settlement: SettlementId) -> Option<Account>;
    fn accounts_of(attorney: AttorneyId) -> Vec<Account>;
    fn deposit(account: AccountId, key: &RequestKey) -> Option<Amount>;
    fn approval_of(user: UserId, settlement: SettlementId) -> Option<Approval>;
    fn waiting(account: AccountId, after: Option<ApprovalId>, limit: usize) -> Vec<Approval>;
    fn payout_batch(id: PayoutBatchId) -> Option<Batch>;
    fn payout_batch_of(attorney: AttorneyId, key: &RequestKey) -> Option<Batch>;
    fn payout_batches(account: AccountId, before: Option<PayoutBatchId>, limit: usize) -> Vec<Batch>;
    fn transfers(batch: PayoutBatchId, states: &[TransferState], after: Option<TransferId>, limit: usize) -> Vec<Transfer>;
    fn transfer(id: TransferId) -> Option<Transfer>;
    fn transfer_named(name: &ProviderTransferId) -> Option<Transfer>;
    fn books(batches: &[PayoutBatchId], transfers: &[TransferId]) -> Books;
    fn rail_cursor(rail: &str) -> u64;
    fn rail_notes_known_now(rail: &str, limit: usize) -> Vec<RailNote>;
    fn rail_notes(rail: &str, after: u64, limit: usize) -> Vec<RailNote>;
    fn commit_payout(change: &PayoutChange) -> Commit;
    fn payout_log(account: AccountId, after: u64, limit: usize) -> Vec<Link>;
    fn postings_of_batch(batch: PayoutBatchId) -> Vec<Posting>;
    fn postings_of_transfers(transfers: &[TransferId]) -> Vec<Posting>;
    fn postings(account: AccountId, skip: u64, limit: usize) -> Vec<Posting>;
}

mod tests {
    use std::sync::Arc;

    use super::Sqlite;
    use crate::schedule::{Plan, run_plan, run_plan_on};
    use crate::store::Inner;

    /// So many seeds are run on both stores.
    const SEEDS: u64 = 200;

    #[test]
    fn memory_and_sqlite_give_the_same_bytes() {
        for seed in 0..SEEDS {
            let plan = Plan::new(seed);
            let (memory, sqlite) =
                (run_plan(&plan), run_plan_on(&plan, &(Arc::new(Sqlite::new()) as Arc<dyn Inner>)));
            assert_eq!(sqlite.violation, memory.violation, "seed {seed}");
            assert_eq!(sqlite.head, memory.head, "seed {seed}");
            assert_eq!(sqlite.fired, memory.fired, "seed {seed}");
            assert_eq!((sqlite.facts, sqlite.transfers), (memory.facts, memory.transfers));
        }
    }
}
