//! The books: rows of payouts, and what each fact does to them.
//!
//! In: rows and a [`PayoutEvent`]. Out: the rows after it, and the posting it makes. This is the
//! only place that changes a row, for a decision as for the replay of a log: so the log always
//! rebuilds the rows. A fact that cannot follow from the rows is refused; books that refused one
//! are to be dropped.

use std::collections::{BTreeMap, BTreeSet};

use super::follow::{count, ending_of, follow, money, move_approval, move_batch, new_approval};
use super::ledger::sum;
use super::{
    Account, AccountStatus, Amount, AmountError, Approval, ApprovalMove, ApprovalState, Batch,
    BatchMove, PayoutError, PayoutEvent, Posting, PostingKind, ProviderTransferId, Transfer,
};
use crate::claims::{Claim, ClaimMove, ClaimState};
use crate::types::{
    AccountId, ApprovalId, Instant, PayoutBatchId, SettlementId, TransferId, UserId, Version,
};

/// The person and the settlement of a claim.
pub type ClaimKey = (UserId, SettlementId);

/// Rows of payouts that were loaded, or built from a log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Books {
    /// Accounts.
    pub accounts: BTreeMap<AccountId, Account>,
    /// Approvals.
    pub approvals: BTreeMap<ApprovalId, Approval>,
    /// Claims.
    pub claims: BTreeMap<ClaimKey, Claim>,
    /// Batches.
    pub batches: BTreeMap<PayoutBatchId, Batch>,
    /// Transfers.
    pub transfers: BTreeMap<TransferId, Transfer>,
    /// Which transfer has which name at the rail: those above, and others where that was asked for.
    pub names: BTreeMap<ProviderTransferId, TransferId>,
}

/// Which rows were changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Touched {
    pub(super) accounts: BTreeSet<AccountId>,
    pub(super) approvals: BTreeSet<ApprovalId>,
    pub(super) claims: BTreeSet<ClaimKey>,
    pub(super) batches: BTreeSet<PayoutBatchId>,
    pub(super) transfers: BTreeSet<TransferId>,
}

/// What a fact did beside changing rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Applied {
    /// The account in whose log the fact stands.
    pub(super) account_id: AccountId,
    /// The money it moved.
    pub(super) posting: Option<Posting>,
}

impl Books {
    /// Builds the rows that a log tells of, oldest fact first.
    ///
    /// # Errors
    /// The place of the first fact that cannot follow from those before it, and why.
    pub fn replay<'a>(
        log: impl IntoIterator<Item = (Instant, &'a PayoutEvent)>,
    ) -> Result<Self, (usize, PayoutError)> {
        let mut replay = Replay::default();
        for (place, (at, event)) in log.into_iter().enumerate() {
            replay.take(at, event).map_err(|error| (place, error))?;
        }
        Ok(replay.books)
    }

    /// Keeps the names that the rail has for the transfers that are here.
    #[must_use]
    pub fn with_names(mut self) -> Self {
        let named = self.transfers.values();
        self.names
            .extend(named.filter_map(|row| Some((row.provider_transfer_id.clone()?, row.id))));
        self
    }

    /// The rows as far as the log tells of them: without versions, leases, the places reached while
    /// transfers are written, and claims that nobody decided on.
    #[must_use]
    pub fn as_logged(mut self) -> Self {
        self.accounts.values_mut().for_each(|row| row.version = Version::NEW);
        self.approvals.values_mut().for_each(|row| row.version = Version::NEW);
        self.transfers.values_mut().for_each(|row| row.version = Version::NEW);
        self.claims.values_mut().for_each(|row| row.version = Version::NEW);
        let decided: BTreeSet<ClaimKey> =
            self.approvals.values().map(|row| (row.user_id, row.settlement_id)).collect();
        self.claims.retain(|key, _| decided.contains(key));
        for batch in self.batches.values_mut() {
            (batch.version, batch.lease, batch.filled_to) = (Version::NEW, None, None);
        }
        self
    }

    /// Changes the rows as a fact says.
    pub(super) fn apply(
        &mut self,
        event: &PayoutEvent,
        at: Instant,
        touched: &mut Touched,
    ) -> Result<Applied, PayoutError> {
        Writer { books: self, touched, at }.write(event)
    }
}

/// The rows that a log tells of, built fact by fact.
#[derive(Debug, Default)]
pub struct Replay {
    books: Books,
}

impl Replay {
    /// Takes in the next fact, and says which movement of money it was.
    ///
    /// # Errors
    /// [`PayoutError`] where it cannot follow from those before it; then this is to be dropped.
    pub fn take(
        &mut self,
        at: Instant,
        event: &PayoutEvent,
    ) -> Result<Option<Posting>, PayoutError> {
        let mut touched = Touched::default();
        Ok(self.books.apply(event, at, &mut touched)?.posting)
    }

    /// The rows that were built.
    #[must_use]
    pub fn into_books(self) -> Books {
        self.books
    }

    /// The rows as they are so far.
    pub const fn books(&self) -> &Books {
        &self.books
    }
}

/// Books that a fact of one moment is written into.
struct Writer<'a> {
    books: &'a mut Books,
    touched: &'a mut Touched,
    at: Instant,
}

impl Writer<'_> {
    fn write(&mut self, event: &PayoutEvent) -> Result<Applied, PayoutError> {
        match event {
            PayoutEvent::SettlementAccountLinked {
                account_id,
                attorney_id,
                settlement_id,
                currency,
                rail,
            } => {
                let account = Account {
                    id: *account_id,
                    attorney_id: *attorney_id,
                    settlement_id: *settlement_id,
                    currency: *currency,
                    rail: rail.clone(),
                    status: AccountStatus::Active,
                    funded: 0,
                    available: 0,
                    linked_at: self.at,
                    version: Version::NEW,
                };
                self.link(account)
            }
            PayoutEvent::SettlementAccountClosed { account_id } => {
                self.account(*account_id)?.status = AccountStatus::Closed;
                Ok(Applied { account_id: *account_id, posting: None })
            }
            PayoutEvent::PayoutAccountFunded { account_id, amount_cents, .. } => {
                self.fund(*account_id, *amount_cents)
            }
            PayoutEvent::ClaimantApproved { .. } => self.approve(event),
            PayoutEvent::ClaimantRejected { .. } => self.reject(event),
            PayoutEvent::PayoutBatchOpened { .. } => self.open(event),
            PayoutEvent::PayoutTransferCreated { .. } => self.create(event),
            PayoutEvent::PayoutBatchCreated {
                batch_id,
                total_transfers,
                total_amount_cents,
                ..
            } => self.seal(*batch_id, *total_transfers, *total_amount_cents),
            PayoutEvent::PayoutBatchStarted { batch_id } => {
                let batch = self.batch(*batch_id)?;
                if !batch.is_sealed {
                    return Err(PayoutError::NotSealed(*batch_id));
                }
                move_batch(batch, BatchMove::Start)?;
                Ok(Applied { account_id: batch.account_id, posting: None })
            }
            PayoutEvent::PayoutBatchCompleted { batch_id, .. } => self.complete(*batch_id, event),
            PayoutEvent::PayoutCancelAnswered { transfer_id, .. } => self.answered(*transfer_id),
            _ => self.transfer(event),
        }
    }

    fn link(&mut self, account: Account) -> Result<Applied, PayoutError> {
        let account_id = account.id;
        let taken = |one: &Account| one.settlement_id == account.settlement_id;
        if self.books.accounts.values().any(taken) {
            return Err(PayoutError::AlreadyLinked);
        }
        self.touched.accounts.insert(account_id);
        self.books.accounts.insert(account_id, account);
        Ok(Applied { account_id, posting: None })
    }

    fn fund(&mut self, account_id: AccountId, amount: Amount) -> Result<Applied, PayoutError> {
        let account = self.account(account_id)?;
        // What is available never exceeds what was put in, so only that can overflow.
        account.funded = sum(account.funded, amount.minor())?;
        account.available = sum(account.available, amount.minor())?;
        let kind = PostingKind::Deposit;
        let posting = Posting { account_id, batch_id: None, transfer_id: None, kind, amount };
        Ok(Applied { account_id, posting: Some(posting) })
    }

    fn approve(&mut self, event: &PayoutEvent) -> Result<Applied, PayoutError> {
        let PayoutEvent::ClaimantApproved {
            approval_id,
            user_id,
            settlement_id,
            account_id,
            attorney_id,
            attempt,
            amount_cents,
        } = event
        else {
            return Err(PayoutError::Contradiction("approvals"));
        };
        let at = self.at;
        let new =
            || new_approval(*approval_id, (*user_id, *settlement_id), *account_id, *attorney_id);
        let approval = self.books.approvals.entry(*approval_id).or_insert_with(new);
        move_approval(approval, ApprovalMove::Approve)?;
        if *attempt != approval.attempt.saturating_add(1) || approval.transfer_id.is_some() {
            return Err(PayoutError::Contradiction("attempts of an approval"));
        }
        approval.attempt = *attempt;
        approval.amount = *amount_cents;
        approval.approved_at = Some(at);
        self.touched.approvals.insert(*approval_id);
        self.move_claim((*user_id, *settlement_id), ClaimMove::Approve)?;
        Ok(Applied { account_id: *account_id, posting: None })
    }

    fn reject(&mut self, event: &PayoutEvent) -> Result<Applied, PayoutError> {
        let PayoutEvent::ClaimantRejected {
            approval_id,
            user_id,
            settlement_id,
            account_id,
            attorney_id,
        } = event
        else {
            return Err(PayoutError::Contradiction("approvals"));
        };
        let at = self.at;
        let new =
            || new_approval(*approval_id, (*user_id, *settlement_id), *account_id, *attorney_id);
        let approval = self.books.approvals.entry(*approval_id).or_insert_with(new);
        move_approval(approval, ApprovalMove::Reject)?;
        approval.rejected_at = Some(at);
        self.touched.approvals.insert(*approval_id);
        self.move_claim((*user_id, *settlement_id), ClaimMove::Reject)?;
        Ok(Applied { account_id: *account_id, posting: None })
    }

    fn open(&mut self, event: &PayoutEvent) -> Result<Applied, PayoutError> {
        let PayoutEvent::PayoutBatchOpened { batch_id, account_id, key, items, reserved_cents } =
            event
        else {
            return Err(PayoutError::Contradiction("batches"));
        };
        if self.books.batches.contains_key(batch_id) {
            return Err(PayoutError::Contradiction("batches"));
        }
        let at = self.at;
        let account = self.account(*account_id)?;
        if *reserved_cents < 0 || *reserved_cents > account.available {
            let missing_cents = reserved_cents.saturating_sub(account.available);
            return Err(PayoutError::Insufficient { missing_cents });
        }
        account.available -= reserved_cents;
        let mut batch = Batch::new(*batch_id, account, key.clone(), at);
        batch.items.clone_from(items);
        batch.held.reserved = *reserved_cents;
        self.touched.batches.insert(*batch_id);
        let posting = money(&batch, None, PostingKind::Reserve, *reserved_cents)?;
        self.books.batches.insert(*batch_id, batch);
        Ok(Applied { account_id: *account_id, posting })
    }

    fn create(&mut self, event: &PayoutEvent) -> Result<Applied, PayoutError> {
        let PayoutEvent::PayoutTransferCreated {
            transfer_id,
            batch_id,
            approval_id,
            user_id,
            amount_cents,
        } = event
        else {
            return Err(PayoutError::Contradiction("transfers"));
        };
        let approval = self.approval(*approval_id)?;
        match (approval.state, approval.transfer_id) {
            (ApprovalState::Approved, None) => approval.transfer_id = Some(*transfer_id),
            (ApprovalState::Paid, _) => return Err(PayoutError::AlreadyPaid(*approval_id)),
            (_, Some(_)) => return Err(PayoutError::InFlight(*approval_id)),
            (from, None) => {
                return Err(PayoutError::Approval { from, event: ApprovalMove::Pay });
            }
        }
        let batch = self.batch(*batch_id)?;
        batch.total_amount = sum(batch.total_amount, amount_cents.minor())?;
        batch.total_transfers =
            batch.total_transfers.checked_add(1).ok_or(AmountError::Overflow)?;
        if batch.is_sealed || batch.total_amount > batch.held.reserved {
            return Err(PayoutError::Contradiction("transfers of a batch"));
        }
        let account_id = batch.account_id;
        let transfer =
            Transfer::new(*transfer_id, (*batch_id, *approval_id), *user_id, *amount_cents);
        self.touched.transfers.insert(*transfer_id);
        if self.books.transfers.insert(*transfer_id, transfer).is_some() {
            return Err(PayoutError::Contradiction("transfers"));
        }
        Ok(Applied { account_id, posting: None })
    }

    fn seal(
        &mut self,
        batch_id: PayoutBatchId,
        transfers: u32,
        minor: i64,
    ) -> Result<Applied, PayoutError> {
        let batch = self.batch(batch_id)?;
        if batch.is_sealed || (transfers, minor) != (batch.total_transfers, batch.total_amount) {
            return Err(PayoutError::Contradiction("totals of a batch"));
        }
        batch.is_sealed = true;
        batch.filled_to = None;
        let spare = sum(batch.held.reserved, -batch.total_amount)?;
        self.release(batch_id, spare)
    }

    fn complete(
        &mut self,
        batch_id: PayoutBatchId,
        event: &PayoutEvent,
    ) -> Result<Applied, PayoutError> {
        let PayoutEvent::PayoutBatchCompleted {
            status,
            successful_transfers,
            failed_transfers,
            ..
        } = event
        else {
            return Err(PayoutError::Contradiction("batches"));
        };
        let at = self.at;
        let batch = self.batch(batch_id)?;
        let told = (*successful_transfers, *failed_transfers);
        let counted = (batch.successful_transfers, batch.failed_transfers);
        if !batch.is_sealed || batch.open_transfers() > 0 || told != counted {
            return Err(PayoutError::Contradiction("totals of a batch"));
        }
        move_batch(batch, batch.ending())?;
        if batch.state != *status {
            return Err(PayoutError::Contradiction("ending of a batch"));
        }
        batch.finished_at = Some(at);
        batch.lease = None;
        let left = batch.held.reserved;
        self.release(batch_id, left)
    }

    /// Money that a batch does not need is free again.
    fn release(&mut self, batch_id: PayoutBatchId, minor: i64) -> Result<Applied, PayoutError> {
        let batch = self.batch(batch_id)?;
        let account_id = batch.account_id;
        let posting = money(batch, None, PostingKind::Release, minor)?;
        batch.held.reserved = sum(batch.held.reserved, -minor)?;
        if posting.is_some() {
            let account = self.account(account_id)?;
            account.available = sum(account.available, minor)?;
        }
        Ok(Applied { account_id, posting })
    }

    /// What happens to a transfer that is written.
    fn transfer(&mut self, event: &PayoutEvent) -> Result<Applied, PayoutError> {
        let unfit = Err(PayoutError::Contradiction("transfers"));
        let Some(transfer_id) = event.transfer_id() else { return unfit };
        self.touched.transfers.insert(transfer_id);
        let Some(transfer) = self.books.transfers.get_mut(&transfer_id) else { return unfit };
        let moved = follow(transfer, event, self.at)?;
        if let Some(name) = &transfer.provider_transfer_id
            && *self.books.names.entry(name.clone()).or_insert(transfer_id) != transfer_id
        {
            return Err(PayoutError::Contradiction("names of a transfer at the rail"));
        }
        let (batch_id, approval_id, amount) =
            (transfer.batch_id, transfer.approval_id, transfer.amount);
        let Some(ended) = moved else {
            return Ok(Applied { account_id: self.batch_of(batch_id)?.account_id, posting: None });
        };
        let batch = self.batch(batch_id)?;
        let account_id = batch.account_id;
        count(batch, ended, amount)?;
        let posting = money(batch, Some(transfer_id), ended, amount.minor())?;
        if ended == PostingKind::Return {
            let account = self.account(account_id)?;
            account.available = sum(account.available, amount.minor())?;
        }
        if let Some((approval_move, claim_move)) = ending_of(ended) {
            let approval = self.approval(approval_id)?;
            move_approval(approval, approval_move)?;
            if approval_move != ApprovalMove::Pay {
                approval.transfer_id = None;
            }
            let claim = (approval.user_id, approval.settlement_id);
            self.move_claim(claim, claim_move)?;
        }
        Ok(Applied { account_id, posting })
    }

    /// What the rail said to a request to cancel. The transfer may have ended meanwhile; its row
    /// stays as it is.
    fn answered(&self, transfer_id: TransferId) -> Result<Applied, PayoutError> {
        let at_rail = |row: &&Transfer| row.provider_transfer_id.is_some();
        let transfer = self.books.transfers.get(&transfer_id).filter(at_rail);
        let batch_id = transfer.ok_or(PayoutError::Contradiction("transfers"))?.batch_id;
        Ok(Applied { account_id: self.batch_of(batch_id)?.account_id, posting: None })
    }

    fn move_claim(&mut self, key: ClaimKey, event: ClaimMove) -> Result<(), PayoutError> {
        // The log of an account begins with the decision: before that the claim was submitted.
        let new =
            || Claim { state: ClaimState::Submitted, ..Claim::matched(key.0, key.1, self.at) };
        let claim = self.books.claims.entry(key).or_insert_with(new);
        *claim = claim.moved(event, self.at)?;
        self.touched.claims.insert(key);
        Ok(())
    }

    fn account(&mut self, id: AccountId) -> Result<&mut Account, PayoutError> {
        self.touched.accounts.insert(id);
        self.books.accounts.get_mut(&id).ok_or(PayoutError::NotLinked)
    }

    fn approval(&mut self, id: ApprovalId) -> Result<&mut Approval, PayoutError> {
        self.touched.approvals.insert(id);
        self.books.approvals.get_mut(&id).ok_or(PayoutError::Contradiction("approvals"))
    }

    fn batch(&mut self, id: PayoutBatchId) -> Result<&mut Batch, PayoutError> {
        self.touched.batches.insert(id);
        self.books.batches.get_mut(&id).ok_or(PayoutError::Contradiction("batches"))
    }

    fn batch_of(&self, id: PayoutBatchId) -> Result<&Batch, PayoutError> {
        self.books.batches.get(&id).ok_or(PayoutError::Contradiction("batches"))
    }
}
