//! Answers from rows as they were: what a reader sees that a store lets look at an older version.

use std::collections::BTreeSet;
use std::sync::Arc;

use payme_core::claims::Claim;
use payme_core::payouts::{
    Account, Approval, ApprovalState, Batch, Books, ProviderTransferId, RequestKey, Transfer,
    TransferState,
};
use payme_core::types::{
    AccountId, ApprovalId, AttorneyId, PayoutBatchId, SettlementId, TransferId, UserId,
};

/// All rows as they were after some change. Its questions are those of a store of payouts.
#[derive(Debug)]
pub(crate) struct Past(pub(crate) Arc<Books>);

impl Past {
    pub(crate) fn claim(&self, user: UserId, settlement: SettlementId) -> Option<Claim> {
        self.0.claims.get(&(user, settlement)).cloned()
    }

    pub(crate) fn account(&self, id: AccountId) -> Option<Account> {
        self.0.accounts.get(&id).cloned()
    }

    pub(crate) fn account_of(&self, settlement: SettlementId) -> Option<Account> {
        self.0.accounts.values().find(|row| row.settlement_id == settlement).cloned()
    }

    pub(crate) fn approval_of(&self, user: UserId, settlement: SettlementId) -> Option<Approval> {
        let mut rows = self.0.approvals.values();
        rows.find(|row| (row.user_id, row.settlement_id) == (user, settlement)).cloned()
    }

    pub(crate) fn waiting(
        &self,
        account: AccountId,
        after: Option<ApprovalId>,
        limit: usize,
    ) -> Vec<Approval> {
        let waits = |row: &&Approval| {
            row.account_id == account
                && row.state == ApprovalState::Approved
                && row.transfer_id.is_none()
                && after.is_none_or(|after| row.id > after)
        };
        self.0.approvals.values().filter(waits).take(limit).cloned().collect()
    }

    pub(crate) fn payout_batch(&self, id: PayoutBatchId) -> Option<Batch> {
        self.0.batches.get(&id).cloned()
    }

    pub(crate) fn payout_batch_of(&self, attorney: AttorneyId, key: &RequestKey) -> Option<Batch> {
        let mut rows = self.0.batches.values();
        rows.find(|row| row.attorney_id == attorney && row.key == *key).cloned()
    }

    pub(crate) fn transfers(
        &self,
        batch: PayoutBatchId,
        states: &[TransferState],
        after: Option<TransferId>,
        limit: usize,
    ) -> Vec<Transfer> {
        let fits = |row: &&Transfer| {
            row.batch_id == batch
                && states.contains(&row.state)
                && after.is_none_or(|after| row.id > after)
        };
        self.0.transfers.values().filter(fits).take(limit).cloned().collect()
    }

    pub(crate) fn transfer(&self, id: TransferId) -> Option<Transfer> {
        self.0.transfers.get(&id).cloned()
    }

    pub(crate) fn transfers_named(
        &self,
        names: &[ProviderTransferId],
    ) -> Vec<(ProviderTransferId, TransferId)> {
        let named = names.iter().filter_map(|name| Some((name.clone(), *self.0.names.get(name)?)));
        named.collect()
    }

    pub(crate) fn books(&self, batches: &[PayoutBatchId], transfers: &[TransferId]) -> Books {
        let mut books = Books::default();
        for row in transfers.iter().filter_map(|id| self.0.transfers.get(id)) {
            books.transfers.insert(row.id, row.clone());
            let Some(approval) = self.0.approvals.get(&row.approval_id) else { continue };
            books.approvals.insert(approval.id, approval.clone());
            let claim = (approval.user_id, approval.settlement_id);
            books.claims.extend(self.0.claims.get(&claim).map(|row| (claim, row.clone())));
        }
        let mut wanted: BTreeSet<PayoutBatchId> = batches.iter().copied().collect();
        wanted.extend(books.transfers.values().map(|row| row.batch_id));
        for batch in wanted.iter().filter_map(|id| self.0.batches.get(id)) {
            let account = self.0.accounts.get(&batch.account_id);
            books.accounts.extend(account.map(|row| (row.id, row.clone())));
            books.batches.insert(batch.id, batch.clone());
        }
        books.with_names()
    }
}
