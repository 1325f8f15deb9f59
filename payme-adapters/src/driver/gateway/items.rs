//! Approving and paying people by name, of any settlements, in one request.
//!
//! A request that is wrong anywhere is refused before anything is done. Then everybody is approved
//! who can be, every account is asked whether it covers its batch, all batches are made, and only
//! then they are executed. What was asked under a key is kept, and so is who each batch left out:
//! the same request again goes on where it stopped, and ends with the same answer.

use std::collections::{BTreeMap, BTreeSet};

use payme_core::payouts::{
    AccountStatus, Amount, Batch, ItemFault, ItemGroup, PayItem, PayoutError, Reconciliation,
    RequestKey, Skipped, complete_left_out, group_items, left_out_by, request_digest, was_approved,
};
use payme_core::types::{AttorneyId, Commit, Currency, PayoutBatchId, SettlementId, UserId};

use super::accounts::payout_min;
use super::{CONTENTION, Gateway, GatewayError};
use crate::driver::ATTEMPTS_MAX;
use crate::driver::payouts::{ExecuteOptions, Execution, NewBatch};

/// Somebody who was asked for by name and is in no batch of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SkippedItem {
    /// Its place in the request, from 1.
    pub position: usize,
    /// The person.
    pub user_id: UserId,
    /// The settlement.
    pub settlement_id: SettlementId,
    /// Why.
    pub reason: Skipped,
}

/// One batch of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaidBatch {
    /// The batch.
    pub batch_id: PayoutBatchId,
    /// The settlement.
    pub settlement_id: SettlementId,
    /// How far it is; `ended` counts what ended in this call alone.
    pub execution: Execution,
    /// What became of it, and whether everybody agrees.
    pub reconciliation: Reconciliation,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaidTogether {
    /// How many people it names.
    pub total_items: usize,
    /// How many of them stood approved when their batch was made.
    pub total_approved: usize,
    /// Who is in no batch, by place.
    pub skipped: Vec<SkippedItem>,
    /// The batches, by settlement.
    pub batches: Vec<PaidBatch>,
}

/// The items of a settlement, and what its batch is made of.
struct Order {
    group: ItemGroup,
    payout_min: Option<Amount>,
}

/// Who is left out of a batch, and why.
type LeftOut = Vec<(UserId, Skipped)>;

impl Order {
    fn batch(&self) -> NewBatch<'_> {
        NewBatch {
            settlement: self.group.settlement_id,
            key: &self.group.key,
            items: Some(&self.group.items),
            payout_min: self.payout_min,
        }
    }
}

impl Gateway {
    /// Approves people by name and pays them, in one batch for each settlement. `progress` hears
    /// how many transfers were looked at, whichever batch they are of.
    ///
    /// # Errors
    /// [`PayoutError::Items`] where the request is wrong, [`PayoutError::KeyReused`] where another
    /// one had the key, [`PayoutError::Insufficient`] where an account cannot cover its batch: then
    /// nobody is paid, and who was approved stands so. [`PayoutError::OtherRail`] where an account
    /// is paid from over another rail: then nothing is done. Those of [`Gateway::execute`].
    pub async fn execute_items(
        &self,
        attorney: AttorneyId,
        items: &[PayItem],
        key: &RequestKey,
        options: ExecuteOptions,
        mut progress: impl FnMut(usize) + Send,
    ) -> Result<PaidTogether, GatewayError> {
        self.acting(attorney).await?;
        let orders = self.orders(attorney, items, key).await?;
        self.keep_request(attorney, items, key, &orders).await?;
        let mut approved: Vec<Option<LeftOut>> = Vec::with_capacity(orders.len());
        for order in &orders {
            approved.push(self.approve_order(attorney, order).await?);
        }
        for (order, left_out) in orders.iter().zip(&approved) {
            if let Some(left_out) = left_out {
                self.payouts.expect_cover(order.batch(), left_out).await?;
            }
        }
        let mut batches = Vec::with_capacity(orders.len());
        for (order, left_out) in orders.iter().zip(approved) {
            batches.push(self.make_batch(attorney, order, left_out).await?);
        }
        let mut told = PaidTogether {
            total_items: items.len(),
            total_approved: items.len(),
            skipped: Vec::new(),
            batches: Vec::new(),
        };
        for (order, batch) in orders.iter().zip(&batches) {
            let execution = self.payouts.execute(batch.id, options, &mut progress).await?;
            self.tell(order, batch.id, execution, &mut told).await?;
        }
        told.skipped.sort_by_key(|skipped| skipped.position);
        let without = told.skipped.iter().filter(|skipped| !was_approved(skipped.reason)).count();
        told.total_approved = told.total_items.saturating_sub(without);
        Ok(told)
    }

    /// The batches of a request, of settlements and accounts that are there.
    async fn orders(
        &self,
        attorney: AttorneyId,
        items: &[PayItem],
        key: &RequestKey,
    ) -> Result<Vec<Order>, GatewayError> {
        let mut currencies: BTreeMap<SettlementId, Currency> = BTreeMap::new();
        let mut least = BTreeMap::new();
        for (index, item) in items.iter().enumerate() {
            let settlement = item.settlement_id;
            if least.contains_key(&settlement) {
                continue;
            }
            let known = self.store.settlement(settlement).await?;
            let known =
                known.ok_or_else(|| PayoutError::from(ItemFault::UnknownSettlement.at(index)))?;
            let account = self.store.account_of(settlement).await?;
            let own = account.filter(|account| account.attorney_id == attorney);
            if let Some(account) = &own {
                account.expect_rail(self.payouts.rail_name())?;
            }
            currencies.extend(own.map(|account| (settlement, account.currency)));
            least.insert(settlement, known.payout.min);
        }
        let groups = group_items(items, key, &currencies).map_err(PayoutError::from)?;
        let orders = groups.into_iter().map(|group| {
            let currency = currencies.get(&group.settlement_id).copied();
            let min = least.get(&group.settlement_id).copied().flatten();
            let payout_min = currency.and_then(|currency| payout_min(min, currency));
            Order { group, payout_min }
        });
        Ok(orders.collect())
    }

    /// Keeps what is asked under a key. A request that is new must be of open accounts and known
    /// people.
    async fn keep_request(
        &self,
        attorney: AttorneyId,
        items: &[PayItem],
        key: &RequestKey,
        orders: &[Order],
    ) -> Result<(), GatewayError> {
        let groups: Vec<ItemGroup> = orders.iter().map(|order| order.group.clone()).collect();
        let digest = request_digest(&groups);
        for _ in 0..ATTEMPTS_MAX {
            match self.store.pay_request(attorney, key).await? {
                Some(kept) if kept == digest => return Ok(()),
                Some(_) => return Err(PayoutError::KeyReused { field: "items" }.into()),
                None => {}
            }
            self.expect_payable(items).await?;
            let commit = self.store.commit_pay_request(attorney, key, &digest).await?;
            if commit == Commit::Done {
                return Ok(());
            }
        }
        Err(CONTENTION)
    }

    async fn expect_payable(&self, items: &[PayItem]) -> Result<(), GatewayError> {
        let mut open = BTreeSet::new();
        for (index, item) in items.iter().enumerate() {
            let wrong = |fault: ItemFault| GatewayError::from(PayoutError::from(fault.at(index)));
            if open.insert(item.settlement_id) {
                let account = self.store.account_of(item.settlement_id).await?;
                let is_open = |status| status == AccountStatus::Active;
                if !account.is_some_and(|account| is_open(account.status)) {
                    return Err(wrong(ItemFault::AccountClosed));
                }
            }
            if self.store.claim(item.user_id, item.settlement_id).await?.is_none()
                && self.store.user_features(item.user_id).await?.is_none()
            {
                return Err(wrong(ItemFault::UnknownUser));
            }
        }
        Ok(())
    }

    /// Approves the people of an order, and says who could not be; `None` where its batch was made.
    async fn approve_order(
        &self,
        attorney: AttorneyId,
        order: &Order,
    ) -> Result<Option<LeftOut>, GatewayError> {
        let group = &order.group;
        if self.store.payout_batch_of(attorney, &group.key).await?.is_some() {
            return Ok(None);
        }
        // Without an amount nobody can be paid: then nothing is decided about them either.
        let is_priced = |amount: Option<Amount>| amount.or(order.payout_min).is_some();
        let (people, unpriced): (Vec<_>, Vec<_>) =
            group.items.iter().copied().partition(|(_, amount)| is_priced(*amount));
        let answers = self.payouts.approve_many(group.settlement_id, &people).await?;
        let mut left_out: LeftOut =
            unpriced.into_iter().map(|(user, _)| (user, Skipped::NoAmount)).collect();
        for ((user, _), answer) in people.iter().zip(answers) {
            if let Err(error) = answer {
                left_out.push((*user, left_out_by(&error).ok_or(error)?));
            }
        }
        Ok(Some(left_out))
    }

    /// The batch of an order, with all its transfers written.
    async fn make_batch(
        &self,
        attorney: AttorneyId,
        order: &Order,
        left_out: Option<LeftOut>,
    ) -> Result<Batch, GatewayError> {
        if let Some(left_out) = left_out {
            let new = order.batch();
            let (made, is_new) = self.payouts.create_batch_without(new, &left_out).await?;
            if is_new || made.batch.is_sealed {
                return Ok(made.batch);
            }
        }
        // Somebody began it: whom that left out stays out.
        let key = &order.group.key;
        let batch = self.store.payout_batch_of(attorney, key).await?;
        let batch = batch.ok_or(PayoutError::Contradiction("batches"))?;
        let kept = self.store.left_out(batch.id).await?;
        let left_out: LeftOut = kept.iter().map(|row| (row.user_id, row.reason)).collect();
        // It is held against what is asked, as a new one is.
        let (made, _) = self.payouts.create_batch_without(order.batch(), &left_out).await?;
        let made = self.payouts.resume_batch_without(made.batch, order.batch(), &left_out).await?;
        Ok(made.batch)
    }

    /// Adds what became of a batch that was executed.
    async fn tell(
        &self,
        order: &Order,
        batch_id: PayoutBatchId,
        execution: Execution,
        told: &mut PaidTogether,
    ) -> Result<(), GatewayError> {
        let mut paid = BTreeSet::new();
        let each = |line: payme_core::payouts::TransferLine| {
            paid.insert(line.user_id);
        };
        let reconciliation = self.payouts.reconcile(batch_id, each).await?;
        let kept = self.store.left_out(batch_id).await?;
        let kept = kept.iter().map(|row| (row.user_id, row.reason)).collect();
        let settlement_id = order.group.settlement_id;
        let out = complete_left_out(&order.group, &paid, &kept);
        told.skipped.extend(out.into_iter().map(|(position, user_id, reason)| SkippedItem {
            position,
            user_id,
            settlement_id,
            reason,
        }));
        told.batches.push(PaidBatch { batch_id, settlement_id, execution, reconciliation });
        Ok(())
    }
}
