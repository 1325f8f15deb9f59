//! A decision in the making, what it changes, and the right to send that follows from it.
//!
//! In: the rows that were loaded, and facts. Out: a [`PayoutChange`] for a store, and after its
//! commit the rows as they are stored now, with one [`SendMoney`] for each transfer that may be
//! sent. Nothing else makes a `SendMoney`: money is sent only for what is committed.

use std::fmt;

use super::books::Touched;
use super::{
    Account, Amount, Annex, Approval, AuthorizationId, Batch, Books, PayoutError, PayoutEvent,
    Posting, Transfer, TransferKey,
};
use super::{CursorMove, RailNote};
use crate::claims::Claim;
use crate::types::{AccountId, Commit, Currency, Instant, PayoutBatchId, TransferId, UserId};

/// A fact for the log of an account.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// The account.
    pub account_id: AccountId,
    /// What happened.
    pub event: PayoutEvent,
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry").field("event", &self.event).finish_non_exhaustive()
    }
}

/// Loaded rows, and what is decided about them so far.
#[derive(Debug)]
pub struct Draft {
    change: PayoutChange,
}

impl Draft {
    /// A decision about these rows at a moment.
    pub fn new(books: Books, at: Instant) -> Self {
        let (entries, postings, sends) = (Vec::new(), Vec::new(), Vec::new());
        let touched = Touched::default();
        let (cursor, notes) = (None, Vec::new());
        let books = books.with_names();
        let change = PayoutChange {
            books,
            touched,
            at,
            entries,
            postings,
            sends,
            cursor,
            notes,
            annex: Annex::default(),
        };
        Self { change }
    }

    /// The rows as they are after what is decided so far.
    pub const fn books(&self) -> &Books {
        &self.change.books
    }

    /// Events of a rail that were taken in, and what was done with them.
    pub fn notes(&self) -> &[RailNote] {
        &self.change.notes
    }

    /// The moment of the decision.
    pub const fn at(&self) -> Instant {
        self.change.at
    }

    /// Takes a fact in.
    pub(super) fn record(&mut self, event: PayoutEvent) -> Result<(), PayoutError> {
        let PayoutChange { books, touched, at, entries, postings, .. } = &mut self.change;
        let applied = books.apply(&event, *at, touched)?;
        postings.extend(applied.posting);
        entries.push(Entry { account_id: applied.account_id, event });
        Ok(())
    }

    /// A batch whose lease or progress changes, which is no fact about money.
    pub(super) fn batch_mut(&mut self, id: PayoutBatchId) -> Result<&mut Batch, PayoutError> {
        let PayoutChange { books, touched, .. } = &mut self.change;
        touched.batches.insert(id);
        books.batches.get_mut(&id).ok_or(PayoutError::Contradiction("batches"))
    }

    /// Lets a transfer be sent once this is committed.
    pub(super) fn send(&mut self, id: TransferId, until: Instant) -> Result<(), PayoutError> {
        let unfit = PayoutError::Contradiction("transfers");
        let books = &self.change.books;
        let transfer = books.transfers.get(&id).ok_or_else(|| unfit.clone())?;
        let batch = books.batches.get(&transfer.batch_id).ok_or_else(|| unfit.clone())?;
        let account = books.accounts.get(&batch.account_id).ok_or_else(|| unfit.clone())?;
        let is_unsent = transfer.state == super::TransferState::Processing
            && transfer.provider_transfer_id.is_none()
            && transfer.hold.is_none();
        let authorization = transfer.authorization.clone().filter(|_| is_unsent).ok_or(unfit)?;
        self.change.sends.push(SendMoney {
            transfer_id: id,
            key: transfer.key(),
            user_id: transfer.user_id,
            amount: transfer.amount,
            currency: account.currency,
            authorization,
            until,
        });
        Ok(())
    }

    /// Keeps an event of a rail with what was done with it.
    pub(super) fn note(&mut self, note: RailNote) {
        self.change.notes.push(note);
    }

    /// Keeps how far the events of a rail are read.
    pub(super) fn read_to(&mut self, cursor: CursorMove) {
        self.change.cursor = Some(cursor);
    }

    /// What is kept beside the rows.
    pub(super) const fn annex_mut(&mut self) -> &mut Annex {
        &mut self.change.annex
    }

    /// What is to be stored.
    pub fn finish(self) -> PayoutChange {
        self.change
    }
}

/// What a decision changes: rows with the versions they were loaded with, facts and postings.
/// All of it is stored, or nothing.
#[derive(Debug)]
#[must_use]
pub struct PayoutChange {
    books: Books,
    touched: Touched,
    at: Instant,
    entries: Vec<Entry>,
    postings: Vec<Posting>,
    sends: Vec<SendMoney>,
    cursor: Option<CursorMove>,
    notes: Vec<RailNote>,
    annex: Annex,
}

impl PayoutChange {
    /// When it was decided.
    pub const fn at(&self) -> Instant {
        self.at
    }

    /// Accounts that are new or changed, by id.
    pub fn accounts(&self) -> impl Iterator<Item = &Account> {
        self.touched.accounts.iter().filter_map(|id| self.books.accounts.get(id))
    }

    /// Approvals that are new or changed, by id.
    pub fn approvals(&self) -> impl Iterator<Item = &Approval> {
        self.touched.approvals.iter().filter_map(|id| self.books.approvals.get(id))
    }

    /// Claims that are new or changed, by person and settlement.
    pub fn claims(&self) -> impl Iterator<Item = &Claim> {
        self.touched.claims.iter().filter_map(|key| self.books.claims.get(key))
    }

    /// Batches that are new or changed, by id.
    pub fn batches(&self) -> impl Iterator<Item = &Batch> {
        self.touched.batches.iter().filter_map(|id| self.books.batches.get(id))
    }

    /// Transfers that are new or changed, by id.
    pub fn transfers(&self) -> impl Iterator<Item = &Transfer> {
        self.touched.transfers.iter().filter_map(|id| self.books.transfers.get(id))
    }

    /// The facts, in their order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The movements of money, in their order.
    pub fn postings(&self) -> &[Posting] {
        &self.postings
    }

    /// How far the events of a rail are read with this.
    pub const fn cursor(&self) -> Option<&CursorMove> {
        self.cursor.as_ref()
    }

    /// Events of a rail and what was done with them, in their order.
    pub fn notes(&self) -> &[RailNote] {
        &self.notes
    }

    /// What is kept beside the rows.
    pub const fn annex(&self) -> &Annex {
        &self.annex
    }

    /// Whether there is nothing to store.
    pub fn is_empty(&self) -> bool {
        self.touched == Touched::default()
            && self.entries.is_empty()
            && self.notes.is_empty()
            && self.cursor.is_none()
            && self.annex == Annex::default()
    }

    /// What follows from the answer of the store: the rows as they are stored now, and what may be
    /// sent. `None` where something had changed meanwhile and nothing was stored.
    pub fn committed(mut self, answer: Commit) -> Option<(Books, Vec<SendMoney>)> {
        if answer != Commit::Done {
            return None;
        }
        let Self { books, touched, .. } = &mut self;
        for id in &touched.accounts {
            if let Some(row) = books.accounts.get_mut(id) {
                row.version = row.version.next();
            }
        }
        for id in &touched.approvals {
            if let Some(row) = books.approvals.get_mut(id) {
                row.version = row.version.next();
            }
        }
        for key in &touched.claims {
            if let Some(row) = books.claims.get_mut(key) {
                row.version = row.version.next();
            }
        }
        for id in &touched.batches {
            if let Some(row) = books.batches.get_mut(id) {
                row.version = row.version.next();
            }
        }
        for id in &touched.transfers {
            if let Some(row) = books.transfers.get_mut(id) {
                row.version = row.version.next();
            }
        }
        Some((self.books, self.sends))
    }
}

/// The right to send one transfer once: made only after the intent to send it was stored.
///
/// It cannot be built, copied or changed outside the payout rules. Sending it again is harmless:
/// the rail knows the authorization, and answers for one authorization with one transfer.
pub struct SendMoney {
    transfer_id: TransferId,
    key: TransferKey,
    user_id: UserId,
    amount: Amount,
    currency: Currency,
    authorization: AuthorizationId,
    until: Instant,
}

impl SendMoney {
    /// The transfer.
    pub const fn transfer_id(&self) -> TransferId {
        self.transfer_id
    }

    /// The key by which the rail can be asked about it.
    pub const fn key(&self) -> TransferKey {
        self.key
    }

    /// Who is paid.
    pub const fn user_id(&self) -> UserId {
        self.user_id
    }

    /// How much.
    pub const fn amount(&self) -> Amount {
        self.amount
    }

    /// In which currency.
    pub const fn currency(&self) -> Currency {
        self.currency
    }

    /// The agreement of the rail that is used up by sending.
    pub const fn authorization(&self) -> &AuthorizationId {
        &self.authorization
    }

    /// The end of the lease under which it may be sent.
    pub const fn until(&self) -> Instant {
        self.until
    }
}

impl fmt::Debug for SendMoney {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendMoney").field("transfer_id", &self.transfer_id).finish_non_exhaustive()
    }
}
