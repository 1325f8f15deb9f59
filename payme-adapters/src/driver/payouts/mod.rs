//! The driver of payouts: load, let the core decide, store, act, store what came of it.
//!
//! What will be done to the world is stored before it is done. A decision is stored only on the
//! versions it was made on; otherwise it is made anew. An error leaves everything as the next call
//! finds its way from: calling again goes on where this one stopped.

mod accounts;
mod batch;
mod cancel;
mod events;
mod execute;
mod hold;
mod reconcile;

use std::fmt;
use std::sync::Arc;

use payme_core::audit::{Event, EventBody};
use payme_core::catalog::Settlement;
use payme_core::claims::{Claim, ClaimError, ClaimMove, SelfReport, open_claim, report_outcome};
use payme_core::payouts::{
    Account, Books, Draft, PayoutChange, PayoutError, ProviderTransferId, RailPolicy, SendMoney,
    Transfer,
};
use payme_core::ports::{
    Clock, DestinationResolver, PayoutStore, Random, StoreError, TransferRail,
};
use payme_core::types::{
    AccountId, Commit, EventId, Instant, PayoutBatchId, SettlementId, TransferId, UserId,
};

use super::ATTEMPTS_MAX;

pub(super) use accounts::DetailedAccount;
pub use batch::{BatchMade, NewBatch};
pub use cancel::CancelOutcome;
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

/// What a decision rests on.
#[derive(Clone, Copy)]
struct About<'a> {
    batch_id: PayoutBatchId,
    transfers: &'a [TransferId],
    /// What the rail calls transfers in the answers that are taken in.
    names: &'a [ProviderTransferId],
}

impl<'a> About<'a> {
    /// One transfer, with what it hangs on.
    const fn one(transfer: &'a Transfer) -> Self {
        let transfers = std::slice::from_ref(&transfer.id);
        Self { batch_id: transfer.batch_id, transfers, names: &[] }
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

    /// The name of the rail.
    pub(in crate::driver) fn rail_name(&self) -> &str {
        self.rail.name()
    }

    /// Refuses rows of an account that is paid from over another rail.
    fn expect_rail(&self, books: &Books) -> Result<(), PayoutError> {
        books.accounts.values().try_for_each(|account| account.expect_rail(self.rail.name()))
    }

    fn now(&self) -> Instant {
        self.clock.now()
    }

    /// Opens a claim, while its settlement takes claims.
    ///
    /// # Errors
    /// As [`open_claim`], and those of the store.
    pub async fn open_claim(
        &self,
        user: UserId,
        settlement: &Settlement,
    ) -> Result<Claim, PayoutDriverError> {
        self.change_claim(user, settlement.id, |claim, now| open_claim(claim, settlement, now))
            .await
    }

    /// Moves a claim for whoever runs the engine. This asks no settlement whether it takes claims:
    /// what a person does goes through the gateway.
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
            let event = self.claim_moved(&moved);
            if self.store.commit_claim(&moved, &[event]).await? == Commit::Done {
                return Ok(Claim { version: moved.version.next(), ..moved });
            }
        }
        Err(PayoutDriverError::Contention)
    }

    /// The entry of the log about a claim that a person moved.
    pub(in crate::driver) fn claim_moved(&self, claim: &Claim) -> Event {
        let Claim { user_id, settlement_id, state, moved_at: at, .. } = *claim;
        let id = EventId::v7(at, self.random.bytes());
        let body = EventBody::ClaimMoved { settlement_id, state };
        Event { id, at, user_id: Some(user_id), body }
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

    /// Decides and stores, again and again until nothing changes in between. The first time on
    /// `known`, the rows as they were stored last, where these are at hand; then on what is loaded.
    async fn decide_on<T>(
        &self,
        about: About<'_>,
        mut known: Option<Books>,
        decide: impl Fn(&mut Draft) -> Result<T, PayoutError>,
    ) -> Result<Decided<T>, PayoutDriverError> {
        for _ in 0..ATTEMPTS_MAX {
            let mut books = match known.take() {
                Some(books) => books,
                None => self.store.books(&[about.batch_id], about.transfers).await?,
            };
            if !about.names.is_empty() {
                books.names.extend(self.store.transfers_named(about.names).await?);
            }
            if let Some(decided) = self.commit(books, &decide).await? {
                return Ok(decided);
            }
        }
        Err(PayoutDriverError::Contention)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn sendable<T: Send + 'static>(_: T) {}

    #[test]
    fn executing_can_be_moved_between_threads() {
        // It is never called: it compiles only while a runtime of many threads can take the work.
        let _ = |payouts: Payouts, batch: PayoutBatchId, options: ExecuteOptions| {
            let mut looked_at = 0;
            sendable(
                async move { payouts.execute(batch, options, |count| looked_at += count).await },
            );
        };
    }
}
