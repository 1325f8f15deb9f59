//! What attorneys do with their accounts, claimants and batches.

use payme_core::payouts::{
    Account, AccountStatus, Amount, ApprovalState, Approved, Balance, Batch, BatchState, Decision,
    NoteText, PayoutError, Reconciliation, RequestKey, ReviewNote, Transfer, TransferLine,
    TransferState, check_text,
};
use payme_core::types::{
    AccountId, ApprovalId, AttorneyId, Currency, Money, PayoutBatchId, SettlementId, TransferId,
    UserId,
};

use super::{CONTENTION, Gateway, GatewayError};
use crate::driver::ATTEMPTS_MAX;
use crate::driver::payouts::{BatchMade, DetailedAccount, ExecuteOptions, Execution, NewBatch};
use crate::vault::Secret;

/// What the reference of an account is bound to, beside the id of the account.
pub(super) const ACCOUNT_REF: &str = "settlement_account.account_ref";
/// The key under which an account is opened with money.
const OPENING_KEY: &str = "opening";
/// So many approvals are read at a time.
const PAGE: usize = 1_000;

/// An account to be linked to a settlement.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// The settlement.
    pub settlement: SettlementId,
    /// The currency of every amount in it.
    pub currency: Currency,
    /// The name of the bank.
    pub bank_name: String,
    /// What the bank calls the account.
    pub account_ref: Secret,
    /// What is put in at once, under the key `opening`.
    pub opening: Option<Money>,
}

impl Gateway {
    /// Links an account to a settlement, with its details under lock and its first money, all in
    /// one commit. The same details again give the same account.
    ///
    /// # Errors
    /// [`PayoutError::AlreadyLinked`] where another account is, [`PayoutError::AccountClosed`],
    /// [`PayoutError::Profile`], [`PayoutError::Currency`], [`PayoutError::Amount`],
    /// [`PayoutError::KeyReused`] where it was opened with another amount,
    /// [`GatewayError::NoKeys`], and those of the store.
    pub async fn link(
        &self,
        attorney: AttorneyId,
        new: NewAccount,
    ) -> Result<AccountId, GatewayError> {
        self.acting(attorney).await?;
        self.known(new.settlement).await?;
        check_text("account_ref", new.account_ref.reveal())?;
        let key = RequestKey::new(OPENING_KEY).map_err(|_| PayoutError::Contradiction("keys"))?;
        for _ in 0..ATTEMPTS_MAX {
            if let Some(account) = self.store.account_of(new.settlement).await? {
                return self.linked_before(attorney, &account, &new, &key).await;
            }
            let id = AccountId::v7(self.now(), self.random.bytes());
            let detailed = DetailedAccount {
                id,
                attorney,
                settlement: new.settlement,
                currency: new.currency,
                bank_name: &new.bank_name,
                account_ref: self.seal(&new.account_ref, ACCOUNT_REF, id.uuid())?,
                opening: new.opening.map(|money| (&key, money)),
            };
            if self.payouts.link_detailed(&detailed).await? {
                return Ok(id);
            }
        }
        Err(CONTENTION)
    }

    /// Holds a request to link against the account that is linked.
    async fn linked_before(
        &self,
        attorney: AttorneyId,
        account: &Account,
        new: &NewAccount,
        key: &RequestKey,
    ) -> Result<AccountId, GatewayError> {
        let details = self.store.account_details(account.id).await?;
        let Some(details) = details.filter(|_| account.attorney_id == attorney) else {
            return Err(PayoutError::AlreadyLinked.into());
        };
        let id = account.id;
        let is_same = account.currency == new.currency
            && details.bank_name == new.bank_name
            && self.is_same(&details.account_ref, &new.account_ref, ACCOUNT_REF, id.uuid())?;
        if !is_same {
            return Err(PayoutError::AlreadyLinked.into());
        }
        if account.status == AccountStatus::Closed {
            return Err(PayoutError::AccountClosed.into());
        }
        let opened = self.store.deposit(id, key).await?.map(Amount::minor);
        if opened != new.opening.map(Money::minor) {
            return Err(PayoutError::AlreadyLinked.into());
        }
        Ok(id)
    }

    /// Closes an account: nothing new is paid from it, and what is on its way still ends.
    ///
    /// # Errors
    /// [`PayoutError::NotLinked`], [`PayoutError::AccountClosed`], and those of the store.
    pub async fn close(
        &self,
        attorney: AttorneyId,
        settlement: SettlementId,
    ) -> Result<(), GatewayError> {
        let (_, account) = self.own_account(attorney, settlement).await?;
        Ok(self.payouts.close_account(account.id).await?)
    }

    /// Puts money into an account, once for each key.
    ///
    /// # Errors
    /// As [`payme_core::payouts::fund`], and those of the store.
    pub async fn fund(
        &self,
        attorney: AttorneyId,
        settlement: SettlementId,
        key: &RequestKey,
        money: Money,
    ) -> Result<Decision, GatewayError> {
        let (_, account) = self.own_account(attorney, settlement).await?;
        Ok(self.payouts.fund(account.id, key, money).await?)
    }

    /// Approves a claimant. A note is kept with a decision that is new.
    ///
    /// # Errors
    /// As [`payme_core::payouts::approve`], [`PayoutError::NoAmount`] of a new decision that names
    /// no amount where the settlement names none either, [`PayoutError::Note`],
    /// [`PayoutError::UnknownUser`], and those of the store.
    pub async fn approve(
        &self,
        attorney: AttorneyId,
        settlement: SettlementId,
        user: UserId,
        money: Option<Money>,
        note: Option<&str>,
    ) -> Result<Approved, GatewayError> {
        let (known, account) = self.own_account(attorney, settlement).await?;
        self.expect_claimant(settlement, user).await?;
        let note = note.map(NoteText::new).transpose()?;
        let is_open = account.status == AccountStatus::Active;
        if money.is_none() && is_open && payout_min(known.payout.min, account.currency).is_none() {
            // What was decided before is answered as it was; nothing new can be decided.
            let before = self.store.approval_of(user, settlement).await?;
            if before.is_none_or(|row| row.state == ApprovalState::Failed) {
                return Err(PayoutError::NoAmount(account.currency).into());
            }
        }
        Ok(self.payouts.approve_with_note(settlement, user, money, note.as_ref()).await?)
    }

    /// Rejects a claimant. A note is kept with a decision that is new.
    ///
    /// # Errors
    /// As [`payme_core::payouts::reject`], [`PayoutError::Note`], [`PayoutError::UnknownUser`],
    /// and those of the store.
    pub async fn reject(
        &self,
        attorney: AttorneyId,
        settlement: SettlementId,
        user: UserId,
        note: Option<&str>,
    ) -> Result<Decision, GatewayError> {
        self.own_account(attorney, settlement).await?;
        self.expect_claimant(settlement, user).await?;
        let note = note.map(NoteText::new).transpose()?;
        Ok(self.payouts.reject_with_note(settlement, user, note.as_ref()).await?)
    }

    /// The notes of the decisions about a claimant, by attempt.
    ///
    /// # Errors
    /// [`PayoutError::NotLinked`], and those of the store.
    pub async fn reviews(
        &self,
        attorney: AttorneyId,
        settlement: SettlementId,
        user: UserId,
    ) -> Result<Vec<ReviewNote>, GatewayError> {
        self.own_account(attorney, settlement).await?;
        match self.store.approval_of(user, settlement).await? {
            Some(approval) => Ok(self.store.reviews(&[approval.id]).await?),
            None => Ok(Vec::new()),
        }
    }

    /// The notes of all decisions about claimants of a settlement; `each` hears of each, and whom
    /// it is about, in the order of approvals and attempts.
    ///
    /// # Errors
    /// [`PayoutError::NotLinked`], and those of the store.
    pub async fn settlement_reviews(
        &self,
        attorney: AttorneyId,
        settlement: SettlementId,
        mut each: impl FnMut(UserId, ReviewNote) + Send,
    ) -> Result<(), GatewayError> {
        let (_, account) = self.own_account(attorney, settlement).await?;
        let mut after = None;
        loop {
            let page = self.store.approvals(account.id, after, PAGE).await?.approvals;
            let Some(last) = page.keys().next_back() else { return Ok(()) };
            after = Some(*last);
            let ids: Vec<ApprovalId> = page.keys().copied().collect();
            for review in self.store.reviews(&ids).await? {
                if let Some(approval) = page.get(&review.approval_id) {
                    each(approval.user_id, review);
                }
            }
        }
    }

    /// Makes a batch of everybody who waits, or goes on making the one of the same key. Where an
    /// approval names no amount, the least payout of the settlement is paid.
    ///
    /// # Errors
    /// [`PayoutError::KeyReused`], [`PayoutError::NotLinked`], [`PayoutError::AccountClosed`],
    /// [`PayoutError::Insufficient`], and those of the store.
    pub async fn create_batch(
        &self,
        attorney: AttorneyId,
        settlement: SettlementId,
        key: &RequestKey,
    ) -> Result<BatchMade, GatewayError> {
        let (known, account) = self.own_account(attorney, settlement).await?;
        let payout_min = payout_min(known.payout.min, account.currency);
        let new = NewBatch { settlement, key, items: None, payout_min };
        Ok(self.payouts.create_batch(new).await?)
    }

    /// A batch of the attorney.
    ///
    /// # Errors
    /// [`PayoutError::UnknownBatch`], and those of the store.
    pub async fn batch(
        &self,
        attorney: AttorneyId,
        id: PayoutBatchId,
    ) -> Result<Batch, GatewayError> {
        self.acting(attorney).await?;
        let batch = self.store.payout_batch(id).await?;
        let own = batch.filter(|batch| batch.attorney_id == attorney);
        Ok(own.ok_or(PayoutError::UnknownBatch(id))?)
    }

    /// A batch of the attorney that may be executed. Of an attorney who was suspended that is one
    /// that was begun: what is on its way still ends, and nothing new is begun.
    ///
    /// # Errors
    /// [`PayoutError::UnknownBatch`], [`PayoutError::Suspended`], and those of the store.
    pub async fn batch_to_execute(
        &self,
        attorney: AttorneyId,
        id: PayoutBatchId,
    ) -> Result<Batch, GatewayError> {
        let may_act = self.attorney(attorney).await?.expect_active();
        let batch = self.store.payout_batch(id).await?;
        let own = batch.filter(|batch| batch.attorney_id == attorney);
        match (may_act, own) {
            (Ok(()), own) => Ok(own.ok_or(PayoutError::UnknownBatch(id))?),
            (Err(_), Some(batch)) if batch.state != BatchState::Queued => Ok(batch),
            (Err(suspended), _) => Err(suspended.into()),
        }
    }

    /// Executes a batch as far as the rail lets it: one that was begun also where the attorney was
    /// suspended since.
    ///
    /// # Errors
    /// Those of [`Gateway::batch_to_execute`], and those of
    /// [`Payouts::execute`](super::Payouts::execute).
    pub async fn execute(
        &self,
        attorney: AttorneyId,
        id: PayoutBatchId,
        options: ExecuteOptions,
        progress: impl FnMut(usize) + Send,
    ) -> Result<Execution, GatewayError> {
        self.batch_to_execute(attorney, id).await?;
        Ok(self.payouts.execute(id, options, progress).await?)
    }

    /// Compares rows, ledger and rail of a batch. `each` hears of every transfer, by id.
    ///
    /// # Errors
    /// [`PayoutError::UnknownBatch`], and those of the store.
    pub async fn reconcile(
        &self,
        attorney: AttorneyId,
        id: PayoutBatchId,
        each: impl FnMut(TransferLine) + Send,
    ) -> Result<Reconciliation, GatewayError> {
        self.batch(attorney, id).await?;
        Ok(self.payouts.reconcile(id, each).await?)
    }

    /// The accounts of the attorney, by id, with where their money is. Their sum is
    /// [`Balance::by_currency`].
    ///
    /// # Errors
    /// Those of the store.
    pub async fn balances(
        &self,
        attorney: AttorneyId,
    ) -> Result<Vec<(Account, Balance)>, GatewayError> {
        self.acting(attorney).await?;
        let mut found = Vec::new();
        for account in self.store.accounts_of(attorney).await? {
            let balance = self.store.balance(account.id).await?;
            found.extend(balance.map(|balance| (account, balance)));
        }
        Ok(found)
    }

    /// The batches of the attorney, the newest first: at most `limit` of them older than `before`.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn batches(
        &self,
        attorney: AttorneyId,
        before: Option<PayoutBatchId>,
        limit: usize,
    ) -> Result<Vec<Batch>, GatewayError> {
        self.acting(attorney).await?;
        Ok(self.store.attorney_batches(attorney, before, limit).await?)
    }

    /// The transfers of a batch, by id: at most `limit` of them whose id is above `after`.
    ///
    /// # Errors
    /// [`PayoutError::UnknownBatch`], and those of the store.
    pub async fn transfers(
        &self,
        attorney: AttorneyId,
        batch: PayoutBatchId,
        after: Option<TransferId>,
        limit: usize,
    ) -> Result<Vec<Transfer>, GatewayError> {
        self.batch(attorney, batch).await?;
        Ok(self.store.transfers(batch, TransferState::ALL, after, limit).await?)
    }

    /// Refuses a person who has no claim and of whom nothing is stored.
    pub(super) async fn expect_claimant(
        &self,
        settlement: SettlementId,
        user: UserId,
    ) -> Result<(), GatewayError> {
        match self.store.claim(user, settlement).await? {
            Some(_) => Ok(()),
            None => self.expect_user(user).await,
        }
    }
}

/// The least payout of a settlement in the currency of its account; none that is zero, or in
/// another currency.
pub(super) fn payout_min(min: Option<Money>, currency: Currency) -> Option<Amount> {
    let min = min.filter(|money| money.currency() == currency);
    min.and_then(|money| Amount::new(money.minor()).ok())
}
