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

use crate::oracle::Violation;
use crate::store::Inner;
use crate::wish::{USERS_MAX, attorney, settlement, user};

/// A database in memory, and the runtime that its calls run on.
pub(crate) struct Sqlite {
    runtime: Runtime,
    store: SqliteStore,
}

impl Sqlite {
    /// An empty one.
    pub(crate) fn new() -> Result<Self, Violation> {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| error.to_string())?;
        let store = runtime.block_on(SqliteStore::open("sqlite::memory:"));
        Ok(Self { runtime, store: store.map_err(|error| error.to_string())? })
    }

    fn run<F: Future>(&self, call: F) -> F::Output {
        self.runtime.block_on(call)
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        self.runtime.block_on(self.store.close());
    }
}

impl Inner for Sqlite {
    fn rows(&self) -> Books {
        let store = &self.store;
        let all = async {
            let mut books = Books::default();
            for account in store.accounts_of(attorney()).await? {
                for batch in store.payout_batches(account.id, None, usize::MAX).await? {
                    let own =
                        store.transfers(batch.id, TransferState::ALL, None, usize::MAX).await?;
                    books.transfers.extend(own.into_iter().map(|row| (row.id, row)));
                    books.batches.insert(batch.id, batch);
                }
                let decided = store.approvals(account.id, None, usize::MAX).await?;
                books.approvals.extend(decided.approvals);
                books.claims.extend(decided.claims);
                books.accounts.insert(account.id, account);
            }
            // Whom nobody has decided on yet.
            for user in (0..USERS_MAX).map(user) {
                let key = (user, settlement());
                if !books.claims.contains_key(&key) {
                    let claim = store.claim(user, settlement()).await?;
                    books.claims.extend(claim.map(|row| (key, row)));
                }
            }
            Ok::<_, StoreError>(books)
        };
        // A database that cannot be read is empty, and every law about what was there is broken.
        self.run(all).unwrap_or_default().with_names()
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
    fn claims_of(user: UserId) -> Vec<Claim>;
    fn commit_claim(claim: &Claim, events: &[Event]) -> Commit;
    fn account(id: AccountId) -> Option<Account>;
    fn account_of(settlement: SettlementId) -> Option<Account>;
    fn accounts_of(attorney: AttorneyId) -> Vec<Account>;
    fn deposit(account: AccountId, key: &RequestKey) -> Option<Amount>;
    fn approval_of(user: UserId, settlement: SettlementId) -> Option<Approval>;
    fn waiting(account: AccountId, after: Option<ApprovalId>, limit: usize) -> Vec<Approval>;
    fn approvals(account: AccountId, after: Option<ApprovalId>, limit: usize) -> Books;
    fn payout_batch(id: PayoutBatchId) -> Option<Batch>;
    fn payout_batch_of(attorney: AttorneyId, key: &RequestKey) -> Option<Batch>;
    fn payout_batches(account: AccountId, before: Option<PayoutBatchId>, limit: usize) -> Vec<Batch>;
    fn transfers(batch: PayoutBatchId, states: &[TransferState], after: Option<TransferId>, limit: usize) -> Vec<Transfer>;
    fn transfer(id: TransferId) -> Option<Transfer>;
    fn transfers_named(names: &[ProviderTransferId]) -> Vec<(ProviderTransferId, TransferId)>;
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

#[cfg(test)]
mod tests {
    use crate::plan::{Plan, StoreKind, run_plan};

    /// So many seeds are run on both stores here; `payme simulate` runs as many as are asked for.
    const SEEDS: u64 = 60;

    #[test]
    fn memory_and_sqlite_give_the_same_bytes() {
        let mut facts = 0;
        for seed in 0..SEEDS {
            let outcome = run_plan(&Plan::new(seed).on(StoreKind::Sqlite));
            assert_eq!(outcome.violation, None, "seed {seed}");
            facts += outcome.facts;
        }
        // An account that closes early has few, most have many.
        assert!(facts > 1_000, "{facts} facts of {SEEDS} seeds");
    }
}
