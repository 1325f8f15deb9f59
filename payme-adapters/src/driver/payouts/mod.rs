//! The driver of payouts: load, let the core decide, store, act, store what came of it.
//!
//! What will be done to the world is stored before it is done. A decision is stored only on the
//! versions it was made on; otherwise it is made anew. An error leaves everything as the next call
//! finds its way from: calling again goes on where this one stopped.

mod batch;
mod events;
mod execute;
mod reconcile;

use std::fmt;
use std::sync::Arc;

use payme_core::claims::{Claim, ClaimError, ClaimMove, SelfReport, report_outcome};
use payme_core::payouts::{
    Account, Approved, Books, Decision, Draft, PayoutChange, PayoutError, RailPolicy, RequestKey,
    SendMoney, approve, close_account, fund, link_account, reject,
};
use payme_core::ports::{
    Clock, DestinationResolver, PayoutStore, Random, StoreError, TransferRail,
};
use payme_core::types::{
    AccountId, ApprovalId, AttorneyId, Commit, Currency, Instant, Money, SettlementId, TransferId,
    UserId,
};

use super::ATTEMPTS_MAX;

pub use batch::{BatchMade, NewBatch};
pub use events::EventsRead;
pub use execute::{ExecuteOptions, Execution};

/// Why the driver could not do what it was asked. Carries ids, never personal data.
#[derive(Debug, thiserror::Error)]
pub enum PayoutDriverError {
    /// The store could not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The payout rules refused. Nothing was changed.
    #[error(transparent)]
    Refused(#[from] PayoutError),
    /// Others kept changing the same rows.
    #[error("others kept changing the same rows: the last step was not written; try again")]
    Contention,
}

impl PayoutDriverError {
    /// The stable code of this error.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Store(error) => error.code(),
            Self::Refused(error) => error.code(),
            Self::Contention => "contention",
        }
    }
}

impl From<ClaimError> for PayoutDriverError {
    fn from(error: ClaimError) -> Self {
        Self::Refused(error.into())
    }
}

/// A store, a rail and where the money goes, and what can be done with them.
#[derive(Clone)]
pub struct Payouts {
    store: Arc<dyn PayoutStore>,
    rail: Arc<dyn TransferRail>,
    destinations: Arc<dyn DestinationResolver>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    policy: RailPolicy,
}

impl fmt::Debug for Payouts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Payouts").finish_non_exhaustive()
    }
}

/// What a decision was and what follows from its commit.
struct Decided<T> {
    answer: T,
    books: Books,
    rights: Vec<SendMoney>,
}

impl Payouts {
    /// A driver over a store and a rail.
    pub fn new(
        store: Arc<dyn PayoutStore>,
        rail: Arc<dyn TransferRail>,
        destinations: Arc<dyn DestinationResolver>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Self {
        Self { store, rail, destinations, clock, random, policy: RailPolicy::default() }
    }

    /// The same with another policy.
    #[must_use]
    pub fn with_policy(self, policy: RailPolicy) -> Self {
        Self { policy, ..self }
    }

    /// The store.
    pub fn store(&self) -> &dyn PayoutStore {
        self.store.as_ref()
    }

    fn now(&self) -> Instant {
        self.clock.now()
    }

    /// Opens or files a claim.
    ///
    /// # Errors
    /// [`ClaimError`] as [`PayoutDriverError::Refused`], and those of the store.
    pub async fn move_claim(
        &self,
        user: UserId,
        settlement: SettlementId,
        event: ClaimMove,
    ) -> Result<Claim, PayoutDriverError> {
        self.change_claim(user, settlement, |claim, now| claim.moved(event, now)).await
    }

    /// Takes in what a person says became of a claim.
    ///
    /// # Errors
    /// [`ClaimError`] as [`PayoutDriverError::Refused`], and those of the store.
    pub async fn report_claim(
        &self,
        user: UserId,
        settlement: SettlementId,
        report: SelfReport,
    ) -> Result<Claim, PayoutDriverError> {
        let is_linked = self.store.account_of(settlement).await?.is_some();
        self.change_claim(user, settlement, |claim, now| {
            report_outcome(claim, report, is_linked, now)
        })
        .await
    }

    async fn change_claim(
        &self,
        user: UserId,
        settlement: SettlementId,
        change: impl Fn(&Claim, Instant) -> Result<Claim, ClaimError>,
    ) -> Result<Claim, PayoutDriverError> {
        for _ in 0..ATTEMPTS_MAX {
            let now = self.now();
            let stored = self.store.claim(user, settlement).await?;
            let claim = stored.unwrap_or_else(|| Claim::matched(user, settlement, now));
            let moved = change(&claim, now)?;
            if self.store.commit_claim(&moved, &[]).await? == Commit::Done {
                return Ok(Claim { version: moved.version.next(), ..moved });
            }
        }
        Err(PayoutDriverError::Contention)
    }

    /// Links an account to a settlement.
    ///
    /// # Errors
    /// [`PayoutError::AlreadyLinked`], and those of the store.
    pub async fn link_account(
        &self,
        attorney: AttorneyId,
        settlement: SettlementId,
        currency: Currency,
    ) -> Result<AccountId, PayoutDriverError> {
        let id = AccountId::v7(self.now(), self.random.bytes());
        for _ in 0..ATTEMPTS_MAX {
            let linked = self.store.account_of(settlement).await?;
            let decide = |draft: &mut Draft| {
                link_account(draft, linked.as_ref(), id, attorney, (settlement, currency))
            };
            if self.commit(Books::default(), decide).await?.is_some() {
                return Ok(id);
            }
        }
        Err(PayoutDriverError::Contention)
    }

    /// Closes an account.
    ///
    /// # Errors
    /// [`PayoutError::AccountClosed`], and those of the store.
    pub async fn close_account(&self, account: AccountId) -> Result<(), PayoutDriverError> {
        for _ in 0..ATTEMPTS_MAX {
            let books = self.books_of_account(account).await?;
            if self.commit(books, |draft| close_account(draft, account)).await?.is_some() {
                return Ok(());
            }
        }
        Err(PayoutDriverError::Contention)
    }

    /// Puts money into an account, once for each key.
    ///
    /// # Errors
    /// As [`fund`], and those of the store.
    pub async fn fund(
        &self,
        account: AccountId,
        key: &RequestKey,
        money: Money,
    ) -> Result<Decision, PayoutDriverError> {
        for _ in 0..ATTEMPTS_MAX {
            let before = self.store.deposit(account, key).await?;
            let books = self.books_of_account(account).await?;
            let decide = |draft: &mut Draft| fund(draft, account, key, money, before);
            if let Some(decided) = self.commit(books, decide).await? {
                return Ok(decided.answer);
            }
        }
        Err(PayoutDriverError::Contention)
    }

    /// Approves a claimant.
    ///
    /// # Errors
    /// As [`approve`], and those of the store.
    pub async fn approve(
        &self,
        settlement: SettlementId,
        user: UserId,
        money: Option<Money>,
    ) -> Result<Approved, PayoutDriverError> {
        let new_id = ApprovalId::v7(self.now(), self.random.bytes());
        for _ in 0..ATTEMPTS_MAX {
            let (account, books) = self.books_of_claimant(settlement, user).await?;
            let decide = |draft: &mut Draft| approve(draft, account, user, money, new_id);
            if let Some(decided) = self.commit(books, decide).await? {
                return Ok(decided.answer);
            }
        }
        Err(PayoutDriverError::Contention)
    }

    /// Rejects a claimant.
    ///
    /// # Errors
    /// As [`reject`], and those of the store.
    pub async fn reject(
        &self,
        settlement: SettlementId,
        user: UserId,
    ) -> Result<Decision, PayoutDriverError> {
        let new_id = ApprovalId::v7(self.now(), self.random.bytes());
        for _ in 0..ATTEMPTS_MAX {
            let (account, books) = self.books_of_claimant(settlement, user).await?;
            let decide = |draft: &mut Draft| reject(draft, account, user, new_id);
            if let Some(decided) = self.commit(books, decide).await? {
                return Ok(decided.answer);
            }
        }
        Err(PayoutDriverError::Contention)
    }

    async fn books_of_account(&self, account: AccountId) -> Result<Books, PayoutDriverError> {
        let mut books = Books::default();
        let account = self.store.account(account).await?;
        books.accounts.extend(account.map(|row| (row.id, row)));
        Ok(books)
    }

    async fn books_of_claimant(
        &self,
        settlement: SettlementId,
        user: UserId,
    ) -> Result<(AccountId, Books), PayoutDriverError> {
        let account = self.linked(settlement).await?;
        let mut books = Books::default();
        let id = account.id;
        books.accounts.insert(id, account);
        let claim = self.store.claim(user, settlement).await?;
        books.claims.extend(claim.map(|row| ((user, settlement), row)));
        let approval = self.store.approval_of(user, settlement).await?;
        books.approvals.extend(approval.map(|row| (row.id, row)));
        Ok((id, books))
    }

    async fn linked(&self, settlement: SettlementId) -> Result<Account, PayoutDriverError> {
        Ok(self.store.account_of(settlement).await?.ok_or(PayoutError::NotLinked)?)
    }

    /// Decides on loaded rows and stores the decision; `None` where something had changed
    /// meanwhile.
    async fn commit<T>(
        &self,
        books: Books,
        decide: impl FnOnce(&mut Draft) -> Result<T, PayoutError>,
    ) -> Result<Option<Decided<T>>, PayoutDriverError> {
        let mut draft = Draft::new(books, self.now());
        let answer = decide(&mut draft)?;
        let change: PayoutChange = draft.finish();
        let commit = if change.is_empty() {
            Commit::Done
        } else {
            self.store.commit_payout(&change).await?
        };
        let stored = change.committed(commit);
        Ok(stored.map(|(books, rights)| Decided { answer, books, rights }))
    }

    /// A new id for a transfer.
    fn transfer_id(&self, now: Instant) -> TransferId {
        TransferId::v7(now, self.random.bytes())
    }
}
