//! Payouts in memory: rows, the indexes over them, and the logs of accounts.
//!
//! A change is checked whole before the first row is written.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use async_trait::async_trait;
use payme_core::audit::{Event, Head, Link, Seal};
use payme_core::claims::Claim;
use payme_core::payouts::{
    Account, Amount, Approval, ApprovalState, Batch, Books, ClaimKey, CursorMove, PayoutChange,
    PayoutEvent, Posting, ProviderTransferId, RailNote, RequestKey, Transfer, TransferState,
};
use payme_core::ports::{PayoutStore, StoreError};
use payme_core::types::{
    AccountId, ApprovalId, AttorneyId, Commit, PayoutBatchId, SettlementId, TransferId, UserId,
    Version,
};

use super::MemoryStore;
use super::awaited::Awaited;

#[derive(Default)]
pub(super) struct PayoutData {
    pub(super) claims: BTreeMap<ClaimKey, Claim>,
    pub(super) accounts: BTreeMap<AccountId, Account>,
    pub(super) approvals: BTreeMap<ApprovalId, Approval>,
    pub(super) batches: BTreeMap<PayoutBatchId, Batch>,
    pub(super) transfers: BTreeMap<TransferId, Transfer>,
    account_of: BTreeMap<SettlementId, AccountId>,
    deposits: BTreeMap<(AccountId, RequestKey), Amount>,
    approval_of: BTreeMap<ClaimKey, ApprovalId>,
    waiting: BTreeSet<(AccountId, ApprovalId)>,
    batch_of: BTreeMap<(AttorneyId, RequestKey), PayoutBatchId>,
    in_batch: BTreeSet<(PayoutBatchId, TransferId)>,
    live: BTreeMap<ApprovalId, TransferId>,
    named: BTreeMap<ProviderTransferId, TransferId>,
    cursors: BTreeMap<String, u64>,
    notes: BTreeMap<String, BTreeMap<u64, RailNote>>,
    awaited: Awaited,
    pub(super) logs: BTreeMap<AccountId, Vec<Link>>,
    pub(super) postings: BTreeMap<AccountId, Vec<Posting>>,
    pub(super) seals: Vec<Seal>,
}

/// Whether a row is stored in the version that it was loaded with; a new row is not stored at all.
pub(super) fn is_fresh<V>(
    stored: Option<&V>,
    loaded: Version,
    version: impl Fn(&V) -> Version,
) -> bool {
    stored.map_or(loaded == Version::NEW, |stored| version(stored) == loaded)
}

/// Whether a key leads nowhere, or to this row.
pub(super) fn is_free<K: Ord, V: PartialEq>(index: &BTreeMap<K, V>, key: &K, row: &V) -> bool {
    index.get(key).is_none_or(|taken| taken == row)
}

impl PayoutData {
    pub(super) fn rows(&self) -> Books {
        Books {
            accounts: self.accounts.clone(),
            approvals: self.approvals.clone(),
            claims: self.claims.clone(),
            batches: self.batches.clone(),
            transfers: self.transfers.clone(),
            names: self.named.clone(),
        }
    }

    pub(super) fn account_of(&self, settlement: SettlementId) -> Option<&Account> {
        self.accounts.get(self.account_of.get(&settlement)?)
    }

    pub(super) fn deposit(&self, account: AccountId, key: &RequestKey) -> Option<Amount> {
        self.deposits.get(&(account, key.clone())).copied()
    }

    pub(super) fn approval_of(&self, key: ClaimKey) -> Option<&Approval> {
        self.approvals.get(self.approval_of.get(&key)?)
    }

    pub(super) fn waiting(
        &self,
        account: AccountId,
        after: Option<ApprovalId>,
    ) -> impl Iterator<Item = &Approval> {
        let first = (account, ApprovalId::from_uuid(uuid::Uuid::nil()));
        let from = self.waiting.range(first..).take_while(move |(of, _)| *of == account);
        let ids = from.map(|(_, id)| id).filter(move |id| after.is_none_or(|after| **id > after));
        ids.filter_map(|id| self.approvals.get(id))
    }

    pub(super) fn batch_of(&self, attorney: AttorneyId, key: &RequestKey) -> Option<&Batch> {
        self.batches.get(self.batch_of.get(&(attorney, key.clone()))?)
    }

    pub(super) fn transfers_of(
        &self,
        batch: PayoutBatchId,
        after: Option<TransferId>,
    ) -> impl Iterator<Item = &Transfer> {
        let first = after.unwrap_or_else(|| TransferId::from_uuid(uuid::Uuid::nil()));
        let from = self.in_batch.range((batch, first)..).take_while(move |(of, _)| *of == batch);
        let ids = from.map(|(_, id)| id).filter(move |id| after.is_none_or(|after| **id > after));
        ids.filter_map(|id| self.transfers.get(id))
    }

    pub(super) fn named(&self, name: &ProviderTransferId) -> Option<TransferId> {
        self.named.get(name).copied()
    }

    pub(super) fn books(&self, batches: &[PayoutBatchId], transfers: &[TransferId]) -> Books {
        let mut books = Books::default();
        for transfer in transfers.iter().filter_map(|id| self.transfers.get(id)) {
            books.transfers.insert(transfer.id, transfer.clone());
            let Some(approval) = self.approvals.get(&transfer.approval_id) else { continue };
            books.approvals.insert(approval.id, approval.clone());
            let key = (approval.user_id, approval.settlement_id);
            books.claims.extend(self.claims.get(&key).map(|claim| (key, claim.clone())));
        }
        let of_transfers = books.transfers.values().map(|transfer| &transfer.batch_id);
        let wanted: BTreeSet<&PayoutBatchId> = batches.iter().chain(of_transfers).collect();
        for batch in wanted.into_iter().filter_map(|id| self.batches.get(id)) {
            let account = self.accounts.get(&batch.account_id);
            books.accounts.extend(account.map(|row| (row.id, row.clone())));
            books.batches.insert(batch.id, batch.clone());
        }
        books.with_names()
    }

    /// Whether a change fits on what is stored.
    pub(super) fn fits(&self, change: &PayoutChange) -> bool {
        let is_read_to = |cursor: &CursorMove| self.cursor(&cursor.rail) == cursor.from;
        change.cursor().is_none_or(is_read_to)
            && self.rows_are_fresh(change)
            && self.keys_are_free(change)
    }

    fn rows_are_fresh(&self, change: &PayoutChange) -> bool {
        let accounts = change
            .accounts()
            .all(|row| is_fresh(self.accounts.get(&row.id), row.version, |stored| stored.version));
        let approvals = change
            .approvals()
            .all(|row| is_fresh(self.approvals.get(&row.id), row.version, |stored| stored.version));
        let claims = change.claims().all(|row| {
            let key = (row.user_id, row.settlement_id);
            is_fresh(self.claims.get(&key), row.version, |stored| stored.version)
        });
        let batches = change
            .batches()
            .all(|row| is_fresh(self.batches.get(&row.id), row.version, |stored| stored.version));
        let transfers = change
            .transfers()
            .all(|row| is_fresh(self.transfers.get(&row.id), row.version, |stored| stored.version));
        accounts && approvals && claims && batches && transfers
    }

    fn keys_are_free(&self, change: &PayoutChange) -> bool {
        let accounts =
            change.accounts().all(|row| is_free(&self.account_of, &row.settlement_id, &row.id));
        let approvals = change
            .approvals()
            .all(|row| is_free(&self.approval_of, &(row.user_id, row.settlement_id), &row.id));
        let batches = change
            .batches()
            .all(|row| is_free(&self.batch_of, &(row.attorney_id, row.key.clone()), &row.id));
        let deposits = change.entries().iter().all(|entry| match &entry.event {
            PayoutEvent::PayoutAccountFunded { account_id, key, .. } => {
                !self.deposits.contains_key(&(*account_id, key.clone()))
            }
            _ => true,
        });
        // One that can move money is free again when this very change ends it.
        let ended: BTreeSet<TransferId> =
            change.transfers().filter(|row| !row.state.is_live()).map(|row| row.id).collect();
        let mut live = BTreeMap::new();
        let transfers = change.transfers().filter(|row| row.state.is_live()).all(|row| {
            let stored = self.live.get(&row.approval_id).filter(|id| !ended.contains(id));
            stored.is_none_or(|id| *id == row.id)
                && live.insert(row.approval_id, row.id).is_none_or(|other| other == row.id)
        });
        accounts && approvals && batches && deposits && transfers && self.names_are_free(change)
    }

    fn names_are_free(&self, change: &PayoutChange) -> bool {
        let mut given = BTreeMap::new();
        change.transfers().all(|row| {
            row.provider_transfer_id.as_ref().is_none_or(|name| {
                is_free(&self.named, name, &row.id)
                    && given.insert(name, row.id).is_none_or(|other| other == row.id)
            })
        })
    }

    /// Writes a change that fits.
    pub(super) fn write(&mut self, change: &PayoutChange) {
        for row in change.accounts() {
            self.account_of.insert(row.settlement_id, row.id);
            let version = row.version.next();
            self.accounts.insert(row.id, Account { version, ..row.clone() });
        }
        for row in change.claims() {
            let version = row.version.next();
            self.claims.insert((row.user_id, row.settlement_id), Claim { version, ..row.clone() });
        }
        for row in change.approvals() {
            self.approval_of.insert((row.user_id, row.settlement_id), row.id);
            let place = (row.account_id, row.id);
            if row.state == ApprovalState::Approved && row.transfer_id.is_none() {
                self.waiting.insert(place);
            } else {
                self.waiting.remove(&place);
            }
            let version = row.version.next();
            self.approvals.insert(row.id, Approval { version, ..row.clone() });
        }
        for row in change.batches() {
            self.batch_of.insert((row.attorney_id, row.key.clone()), row.id);
            let version = row.version.next();
            self.batches.insert(row.id, Batch { version, ..row.clone() });
        }
        for row in change.transfers().filter(|row| !row.state.is_live()) {
            self.live.remove(&row.approval_id);
        }
        for row in change.transfers() {
            if row.state.is_live() {
                self.live.insert(row.approval_id, row.id);
            }
            if let Some(name) = &row.provider_transfer_id {
                self.named.insert(name.clone(), row.id);
                self.awaited.named(name);
            }
            self.in_batch.insert((row.batch_id, row.id));
            let version = row.version.next();
            self.transfers.insert(row.id, Transfer { version, ..row.clone() });
        }
        if let Some(CursorMove { rail, to, .. }) = change.cursor() {
            self.cursors.insert(rail.clone(), *to);
        }
        for note in change.notes() {
            let notes = self.notes.entry(note.rail.clone()).or_default();
            let before = notes.insert(note.event.id, note.clone());
            let is_named = self.named.contains_key(&note.event.transfer_id);
            self.awaited.note(note, before.as_ref(), is_named);
        }
        for posting in change.postings() {
            self.postings.entry(posting.account_id).or_default().push(*posting);
        }
        for entry in change.entries() {
            if let PayoutEvent::PayoutAccountFunded { account_id, key, amount_cents } = &entry.event
            {
                self.deposits.insert((*account_id, key.clone()), *amount_cents);
            }
            let log = self.logs.entry(entry.account_id).or_default();
            let head = log.last().map_or(Head::default(), Link::head);
            log.push(Link::after(head, entry.account_id, change.at(), &entry.event));
        }
    }

    pub(super) fn cursor(&self, rail: &str) -> u64 {
        self.cursors.get(rail).copied().unwrap_or(0)
    }

    pub(super) fn in_states<'a>(
        &'a self,
        batch: PayoutBatchId,
        states: &'a [TransferState],
        after: Option<TransferId>,
    ) -> impl Iterator<Item = &'a Transfer> {
        self.transfers_of(batch, after).filter(|transfer| states.contains(&transfer.state))
    }
}

#[async_trait]
impl PayoutStore for MemoryStore {
    async fn claim(
        &self,
        user: UserId,
        settlement: SettlementId,
    ) -> Result<Option<Claim>, StoreError> {
        Ok(self.data().payouts.claims.get(&(user, settlement)).cloned())
    }

    async fn claims_of(&self, user: UserId) -> Result<Vec<Claim>, StoreError> {
        let first = (user, SettlementId::from_uuid(uuid::Uuid::nil()));
        let data = self.data();
        let own = data.payouts.claims.range(first..).take_while(|((of, _), _)| *of == user);
        Ok(own.map(|(_, claim)| claim.clone()).collect())
    }

    async fn commit_claim(&self, claim: &Claim, events: &[Event]) -> Result<Commit, StoreError> {
        let mut data = self.data();
        let key = (claim.user_id, claim.settlement_id);
        let stored = data.payouts.claims.get(&key);
        if !is_fresh(stored, claim.version, |stored| stored.version) {
            return Ok(Commit::Conflict);
        }
        data.append(events)?;
        let version = claim.version.next();
        data.payouts.claims.insert(key, Claim { version, ..claim.clone() });
        Ok(Commit::Done)
    }

    async fn account(&self, id: AccountId) -> Result<Option<Account>, StoreError> {
        Ok(self.data().payouts.accounts.get(&id).cloned())
    }

    async fn account_of(&self, settlement: SettlementId) -> Result<Option<Account>, StoreError> {
        Ok(self.data().payouts.account_of(settlement).cloned())
    }

    async fn accounts_of(&self, attorney: AttorneyId) -> Result<Vec<Account>, StoreError> {
        let data = self.data();
        let own = data.payouts.accounts.values().filter(|row| row.attorney_id == attorney);
        Ok(own.cloned().collect())
    }

    async fn deposit(
        &self,
        account: AccountId,
        key: &RequestKey,
    ) -> Result<Option<Amount>, StoreError> {
        Ok(self.data().payouts.deposit(account, key))
    }

    async fn approval_of(
        &self,
        user: UserId,
        settlement: SettlementId,
    ) -> Result<Option<Approval>, StoreError> {
        Ok(self.data().payouts.approval_of((user, settlement)).cloned())
    }

    async fn waiting(
        &self,
        account: AccountId,
        after: Option<ApprovalId>,
        limit: usize,
    ) -> Result<Vec<Approval>, StoreError> {
        Ok(self.data().payouts.waiting(account, after).take(limit).cloned().collect())
    }

    async fn approvals(
        &self,
        account: AccountId,
        after: Option<ApprovalId>,
        limit: usize,
    ) -> Result<Books, StoreError> {
        let data = self.data();
        let mut books = Books::default();
        let above = (after.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded);
        let rows = data.payouts.approvals.range(above).map(|(_, row)| row);
        for row in rows.filter(|row| row.account_id == account).take(limit) {
            let key = (row.user_id, row.settlement_id);
            books.claims.extend(data.payouts.claims.get(&key).map(|claim| (key, claim.clone())));
            books.approvals.insert(row.id, row.clone());
        }
        Ok(books)
    }

    async fn payout_batch(&self, id: PayoutBatchId) -> Result<Option<Batch>, StoreError> {
        Ok(self.data().payouts.batches.get(&id).cloned())
    }

    async fn payout_batch_of(
        &self,
        attorney: AttorneyId,
        key: &RequestKey,
    ) -> Result<Option<Batch>, StoreError> {
        Ok(self.data().payouts.batch_of(attorney, key).cloned())
    }

    async fn payout_batches(
        &self,
        account: AccountId,
        before: Option<PayoutBatchId>,
        limit: usize,
    ) -> Result<Vec<Batch>, StoreError> {
        let data = self.data();
        let newest = data.payouts.batches.values().rev();
        let own = newest
            .filter(|row| row.account_id == account && before.is_none_or(|before| row.id < before));
        Ok(own.take(limit).cloned().collect())
    }

    async fn transfers(
        &self,
        batch: PayoutBatchId,
        states: &[TransferState],
        after: Option<TransferId>,
        limit: usize,
    ) -> Result<Vec<Transfer>, StoreError> {
        let data = self.data();
        Ok(data.payouts.in_states(batch, states, after).take(limit).cloned().collect())
    }

    async fn transfer(&self, id: TransferId) -> Result<Option<Transfer>, StoreError> {
        Ok(self.data().payouts.transfers.get(&id).cloned())
    }

    async fn transfers_named(
        &self,
        names: &[ProviderTransferId],
    ) -> Result<Vec<(ProviderTransferId, TransferId)>, StoreError> {
        let data = self.data();
        let wanted: BTreeSet<&ProviderTransferId> = names.iter().collect();
        let named = wanted
            .into_iter()
            .filter_map(|name| data.payouts.named(name).map(|id| (name.clone(), id)));
        Ok(named.collect())
    }

    async fn books(
        &self,
        batches: &[PayoutBatchId],
        transfers: &[TransferId],
    ) -> Result<Books, StoreError> {
        Ok(self.data().payouts.books(batches, transfers))
    }

    async fn rail_cursor(&self, rail: &str) -> Result<u64, StoreError> {
        Ok(self.data().payouts.cursor(rail))
    }

    async fn rail_notes_known_now(
        &self,
        rail: &str,
        limit: usize,
    ) -> Result<Vec<RailNote>, StoreError> {
        let data = self.data();
        let Some(notes) = data.payouts.notes.get(rail) else { return Ok(Vec::new()) };
        let known = data.payouts.awaited.known(rail).filter_map(|event| notes.get(&event));
        Ok(known.take(limit).cloned().collect())
    }

    async fn rail_notes(
        &self,
        rail: &str,
        after: u64,
        limit: usize,
    ) -> Result<Vec<RailNote>, StoreError> {
        let data = self.data();
        let notes = data.payouts.notes.get(rail).into_iter().flatten();
        let later = notes.filter(|(id, _)| **id > after).map(|(_, note)| note);
        Ok(later.take(limit).cloned().collect())
    }

    async fn commit_payout(&self, change: &PayoutChange) -> Result<Commit, StoreError> {
        let mut data = self.data();
        if !data.payouts.fits(change) || !data.gateway.fits(change.annex()) {
            return Ok(Commit::Conflict);
        }
        data.payouts.write(change);
        data.gateway.write(change.annex());
        Ok(Commit::Done)
    }

    async fn payout_log(
        &self,
        account: AccountId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Link>, StoreError> {
        let data = self.data();
        let log = data.payouts.logs.get(&account).into_iter().flatten();
        Ok(log.filter(|link| link.sequence > after).take(limit).cloned().collect())
    }

    async fn postings_of_batch(&self, batch: PayoutBatchId) -> Result<Vec<Posting>, StoreError> {
        let data = self.data();
        let all = data.payouts.postings.values().flatten();
        let own = all.filter(|one| one.batch_id == Some(batch) && one.transfer_id.is_none());
        Ok(own.copied().collect())
    }

    async fn postings_of_transfers(
        &self,
        transfers: &[TransferId],
    ) -> Result<Vec<Posting>, StoreError> {
        let wanted: BTreeSet<&TransferId> = transfers.iter().collect();
        let data = self.data();
        let all = data.payouts.postings.values().flatten();
        let own = all.filter(|one| one.transfer_id.is_some_and(|id| wanted.contains(&id)));
        Ok(own.copied().collect())
    }

    async fn postings(
        &self,
        account: AccountId,
        skip: u64,
        limit: usize,
    ) -> Result<Vec<Posting>, StoreError> {
        let data = self.data();
        let all = data.payouts.postings.get(&account).into_iter().flatten();
        let skip = usize::try_from(skip).unwrap_or(usize::MAX);
        Ok(all.skip(skip).take(limit).copied().collect())
    }
}
