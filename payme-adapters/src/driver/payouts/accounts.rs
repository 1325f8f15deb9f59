//! Accounts, their money, and who is paid from them.
//!
//! In: what attorneys decide. Out: what was stored of it. Each decision is one commit, but for many
//! approvals at once: those are stored a chunk at a time.

use payme_core::payouts::{
    Amount, Approved, Books, ClaimKey, Decision, Draft, NoteText, PayoutError, RequestKey,
    SealedText, approve, close_account, fund, keep_details, keep_review, link_account, reject,
};
use payme_core::types::{AccountId, ApprovalId, AttorneyId, Currency, Money, SettlementId, UserId};

use super::{PayoutDriverError, Payouts};
use crate::driver::ATTEMPTS_MAX;

/// So many people are approved together.
const APPROVED_TOGETHER: usize = 200;

/// An account to be linked, with what is known of it under lock.
#[derive(Debug)]
pub(in crate::driver) struct DetailedAccount<'a> {
    pub(in crate::driver) id: AccountId,
    pub(in crate::driver) attorney: AttorneyId,
    pub(in crate::driver) settlement: SettlementId,
    pub(in crate::driver) currency: Currency,
    pub(in crate::driver) bank_name: &'a str,
    pub(in crate::driver) account_ref: SealedText,
    /// What is put in at once, and under which key.
    pub(in crate::driver) opening: Option<(&'a RequestKey, Money)>,
}

/// Somebody to be approved, and what became of it.
type Answered = Result<Approved, PayoutError>;

impl Payouts {
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
            let of = (settlement, currency, self.rail.name());
            let decide = |draft: &mut Draft| link_account(draft, linked.as_ref(), id, attorney, of);
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
        self.approve_with_note(settlement, user, money, None).await
    }

    /// Approves a claimant, with the words of who decided. Where it was decided before, the note
    /// of then stays.
    ///
    /// # Errors
    /// As [`approve`], and those of the store.
    pub async fn approve_with_note(
        &self,
        settlement: SettlementId,
        user: UserId,
        money: Option<Money>,
        note: Option<&NoteText>,
    ) -> Result<Approved, PayoutDriverError> {
        let new_id = ApprovalId::v7(self.now(), self.random.bytes());
        for _ in 0..ATTEMPTS_MAX {
            let (account, books) = self.books_of_claimant(settlement, user).await?;
            let decide = |draft: &mut Draft| {
                let approved = approve(draft, account, user, money, new_id)?;
                keep_note(draft, (user, settlement), approved.decision, note)?;
                Ok(approved)
            };
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
        self.reject_with_note(settlement, user, None).await
    }

    /// Rejects a claimant, with the words of who decided. Where it was decided before, the note
    /// of then stays.
    ///
    /// # Errors
    /// As [`reject`], and those of the store.
    pub async fn reject_with_note(
        &self,
        settlement: SettlementId,
        user: UserId,
        note: Option<&NoteText>,
    ) -> Result<Decision, PayoutDriverError> {
        let new_id = ApprovalId::v7(self.now(), self.random.bytes());
        for _ in 0..ATTEMPTS_MAX {
            let (account, books) = self.books_of_claimant(settlement, user).await?;
            let decide = |draft: &mut Draft| {
                let decision = reject(draft, account, user, new_id)?;
                keep_note(draft, (user, settlement), decision, note)?;
                Ok(decision)
            };
            if let Some(decided) = self.commit(books, decide).await? {
                return Ok(decided.answer);
            }
        }
        Err(PayoutDriverError::Contention)
    }

    /// Links an account with its details, and puts money in, all in one commit. Says whether it was
    /// stored: not where another account was linked meanwhile.
    ///
    /// # Errors
    /// [`PayoutError::Profile`], [`PayoutError::Currency`], [`PayoutError::Amount`], and those of
    /// the store.
    pub(in crate::driver) async fn link_detailed(
        &self,
        new: &DetailedAccount<'_>,
    ) -> Result<bool, PayoutDriverError> {
        let decide = |draft: &mut Draft| {
            let of = (new.settlement, new.currency, self.rail.name());
            link_account(draft, None, new.id, new.attorney, of)?;
            keep_details(draft, new.id, new.bank_name, new.account_ref.clone())?;
            if let Some((key, money)) = new.opening {
                fund(draft, new.id, key, money, None)?;
            }
            Ok(())
        };
        Ok(self.commit(Books::default(), decide).await?.is_some())
    }

    /// Approves many people of one settlement, each named once; the answers come in their order.
    /// Who cannot be approved does not keep the others from it.
    ///
    /// # Errors
    /// [`PayoutError::NotLinked`], and those of the store.
    pub(in crate::driver) async fn approve_many(
        &self,
        settlement: SettlementId,
        people: &[(UserId, Option<Amount>)],
    ) -> Result<Vec<Answered>, PayoutDriverError> {
        let mut answers = Vec::with_capacity(people.len());
        for chunk in people.chunks(APPROVED_TOGETHER) {
            answers.extend(self.approve_chunk(settlement, chunk).await?);
        }
        Ok(answers)
    }

    async fn approve_chunk(
        &self,
        settlement: SettlementId,
        people: &[(UserId, Option<Amount>)],
    ) -> Result<Vec<Answered>, PayoutDriverError> {
        for _ in 0..ATTEMPTS_MAX {
            let mut answers = Vec::with_capacity(people.len());
            let mut fine = Vec::new();
            let mut books = Books::default();
            for (user, amount) in people {
                let (account, own) = self.books_of_claimant(settlement, *user).await?;
                let currency = own.accounts.get(&account).map(|row| row.currency);
                let money = amount.zip(currency).map(|(amount, of)| Money::new(amount.minor(), of));
                let now = self.now();
                let id = ApprovalId::v7(now, self.random.bytes());
                // A refusal would spoil the draft of all: each is tried on rows of its own.
                let mut alone = Draft::new(own.clone(), now);
                let answer = approve(&mut alone, account, *user, money, id);
                if answer.is_ok() {
                    fine.push((account, *user, money, id));
                    books.accounts.extend(own.accounts);
                    books.claims.extend(own.claims);
                    books.approvals.extend(own.approvals);
                }
                answers.push(answer);
            }
            let decide = |draft: &mut Draft| {
                fine.iter().try_for_each(|(account, user, money, id)| {
                    approve(draft, *account, *user, *money, *id).map(drop)
                })
            };
            if self.commit(books, decide).await?.is_some() {
                return Ok(answers);
            }
        }
        Err(PayoutDriverError::Contention)
    }
}

/// Keeps the note of a decision that is new.
fn keep_note(
    draft: &mut Draft,
    (user, settlement): ClaimKey,
    decision: Decision,
    note: Option<&NoteText>,
) -> Result<(), PayoutError> {
    match (decision, note) {
        (Decision::New, Some(note)) => keep_review(draft, user, settlement, note.clone()),
        (Decision::New, None) | (Decision::Stood, _) => Ok(()),
    }
}
