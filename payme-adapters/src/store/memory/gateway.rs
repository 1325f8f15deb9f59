//! The people of the gateway in memory: attorneys, details, destinations, questions, filings.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use async_trait::async_trait;
use payme_core::audit::Event;
use payme_core::claims::{Claim, Filed, QuestionSet};
use payme_core::payouts::{
    AccountDetails, Annex, Attorney, Balance, Batch, ClaimKey, DestinationStatus, LeftOut,
    PayoutDestination, PostingKind, RequestKey, ReviewNote,
};
use payme_core::ports::{GatewayStore, StoreError};
use payme_core::types::{
    AccountId, ApprovalId, AttorneyId, Commit, DestinationId, PayoutBatchId, SettlementId, UserId,
    Version,
};

use super::MemoryStore;
use super::payouts::{PayoutData, is_free, is_fresh};

#[derive(Default)]
pub(super) struct GatewayData {
    attorneys: BTreeMap<AttorneyId, Attorney>,
    attorney_of: BTreeMap<UserId, AttorneyId>,
    details: BTreeMap<AccountId, AccountDetails>,
    reviews: BTreeMap<(ApprovalId, u32), ReviewNote>,
    left_out: BTreeMap<(PayoutBatchId, UserId), LeftOut>,
    requests: BTreeMap<(AttorneyId, RequestKey), String>,
    destinations: BTreeMap<DestinationId, PayoutDestination>,
    active: BTreeMap<UserId, DestinationId>,
    questions: BTreeMap<SettlementId, Vec<QuestionSet>>,
    filed: BTreeMap<ClaimKey, Filed>,
}

impl GatewayData {
    /// Whether nothing of an annex is stored already.
    pub(super) fn fits(&self, annex: &Annex) -> bool {
        annex.details.iter().all(|row| !self.details.contains_key(&row.account_id))
            && annex
                .reviews
                .iter()
                .all(|row| !self.reviews.contains_key(&(row.approval_id, row.attempt)))
            && annex
                .left_out
                .iter()
                .all(|row| !self.left_out.contains_key(&(row.batch_id, row.user_id)))
    }

    /// Writes an annex that fits.
    pub(super) fn write(&mut self, annex: &Annex) {
        for row in &annex.details {
            let version = row.version.next();
            self.details.insert(row.account_id, AccountDetails { version, ..row.clone() });
        }
        for row in &annex.reviews {
            self.reviews.insert((row.approval_id, row.attempt), row.clone());
        }
        for row in &annex.left_out {
            self.left_out.insert((row.batch_id, row.user_id), *row);
        }
    }

    fn active(&self, user: UserId) -> Option<&PayoutDestination> {
        self.destinations.get(self.active.get(&user)?)
    }

    /// These destinations as they would be stored, unless one is stale, or a person would have two
    /// that are active.
    fn fresh(
        &self,
        changed: &[PayoutDestination],
    ) -> Option<BTreeMap<DestinationId, PayoutDestination>> {
        let mut after: BTreeMap<DestinationId, PayoutDestination> = BTreeMap::new();
        for row in changed {
            let stored = after.get(&row.id).or_else(|| self.destinations.get(&row.id));
            if !is_fresh(stored, row.version, |stored| stored.version) {
                return None;
            }
            let version = row.version.next();
            after.insert(row.id, PayoutDestination { version, ..row.clone() });
        }
        let mut active = BTreeSet::new();
        let are_single = after.values().filter(|row| is_active(row)).all(|row| {
            let other = self.active.get(&row.user_id).filter(|id| !after.contains_key(id));
            other.is_none() && active.insert(row.user_id)
        });
        are_single.then_some(after)
    }

    fn write_destinations(&mut self, rows: BTreeMap<DestinationId, PayoutDestination>) {
        for row in rows.values() {
            if self.active.get(&row.user_id) == Some(&row.id) {
                self.active.remove(&row.user_id);
            }
        }
        let active = rows.values().filter(|row| is_active(row));
        self.active.extend(active.map(|row| (row.user_id, row.id)));
        self.destinations.extend(rows);
    }
}

fn is_active(row: &PayoutDestination) -> bool {
    row.status == DestinationStatus::Active
}

/// Where the money in an account is.
fn balance(payouts: &PayoutData, id: AccountId) -> Result<Option<Balance>, StoreError> {
    let Some(account) = payouts.accounts.get(&id) else { return Ok(None) };
    let (funded, available) = (account.funded, account.available);
    let mut balance = Balance { funded, available, ..Balance::default() };
    let damage = |_| StoreError::Corrupt { what: "payout batch" };
    for batch in payouts.batches.values().filter(|batch| batch.account_id == id) {
        balance.add_batch(batch).map_err(damage)?;
    }
    let postings = payouts.postings.get(&id).into_iter().flatten();
    for posting in postings.filter(|one| one.kind == PostingKind::Return) {
        let returned = balance.returned.checked_add(posting.amount.minor());
        balance.returned = returned.ok_or(StoreError::Corrupt { what: "posting" })?;
    }
    Ok(Some(balance))
}

#[async_trait]
impl GatewayStore for MemoryStore {
    async fn attorney(&self, id: AttorneyId) -> Result<Option<Attorney>, StoreError> {
        Ok(self.data().gateway.attorneys.get(&id).cloned())
    }

    async fn attorney_of(&self, user: UserId) -> Result<Option<Attorney>, StoreError> {
        let data = self.data();
        let id = data.gateway.attorney_of.get(&user);
        Ok(id.and_then(|id| data.gateway.attorneys.get(id)).cloned())
    }

    async fn attorneys(
        &self,
        after: Option<AttorneyId>,
        limit: usize,
    ) -> Result<Vec<Attorney>, StoreError> {
        let data = self.data();
        let rows = data.gateway.attorneys.range((above(after), Bound::Unbounded));
        Ok(rows.take(limit).map(|(_, row)| row.clone()).collect())
    }

    async fn commit_attorney(
        &self,
        attorney: &Attorney,
        events: &[Event],
    ) -> Result<Commit, StoreError> {
        let mut data = self.data();
        let stored = data.gateway.attorneys.get(&attorney.id);
        if !is_fresh(stored, attorney.version, |stored| stored.version)
            || !is_free(&data.gateway.attorney_of, &attorney.user_id, &attorney.id)
        {
            return Ok(Commit::Conflict);
        }
        data.append(events)?;
        let version = attorney.version.next();
        data.gateway.attorney_of.insert(attorney.user_id, attorney.id);
        let row = Attorney { version, ..attorney.clone() };
        data.gateway.attorneys.insert(attorney.id, row);
        Ok(Commit::Done)
    }

    async fn account_details(
        &self,
        account: AccountId,
    ) -> Result<Option<AccountDetails>, StoreError> {
        Ok(self.data().gateway.details.get(&account).cloned())
    }

    async fn account_details_after(
        &self,
        after: Option<AccountId>,
        limit: usize,
    ) -> Result<Vec<AccountDetails>, StoreError> {
        let data = self.data();
        let rows = data.gateway.details.range((above(after), Bound::Unbounded));
        Ok(rows.take(limit).map(|(_, row)| row.clone()).collect())
    }

    async fn commit_account_details(&self, details: &AccountDetails) -> Result<Commit, StoreError> {
        let mut data = self.data();
        match data.gateway.details.get_mut(&details.account_id) {
            Some(stored) if stored.version == details.version => {
                stored.account_ref = details.account_ref.clone();
                stored.version = stored.version.next();
                Ok(Commit::Done)
            }
            _ => Ok(Commit::Conflict),
        }
    }

    async fn balance(&self, account: AccountId) -> Result<Option<Balance>, StoreError> {
        balance(&self.data().payouts, account)
    }

    async fn attorney_batches(
        &self,
        attorney: AttorneyId,
        before: Option<PayoutBatchId>,
        limit: usize,
    ) -> Result<Vec<Batch>, StoreError> {
        let data = self.data();
        let below = before.map_or(Bound::Unbounded, Bound::Excluded);
        let newest = data.payouts.batches.range((Bound::Unbounded, below)).rev();
        let own = newest.filter(|(_, row)| row.attorney_id == attorney);
        Ok(own.take(limit).map(|(_, row)| row.clone()).collect())
    }

    async fn reviews(&self, approvals: &[ApprovalId]) -> Result<Vec<ReviewNote>, StoreError> {
        let data = self.data();
        let wanted: BTreeSet<ApprovalId> = approvals.iter().copied().collect();
        let rows = |id| data.gateway.reviews.range((id, 0)..=(id, u32::MAX));
        Ok(wanted.into_iter().flat_map(rows).map(|(_, row)| row.clone()).collect())
    }

    async fn left_out(&self, batch: PayoutBatchId) -> Result<Vec<LeftOut>, StoreError> {
        let data = self.data();
        let first = (batch, UserId::from_uuid(uuid::Uuid::nil()));
        let rows = data.gateway.left_out.range(first..).take_while(|((of, _), _)| *of == batch);
        Ok(rows.map(|(_, row)| *row).collect())
    }

    async fn pay_request(
        &self,
        attorney: AttorneyId,
        key: &RequestKey,
    ) -> Result<Option<String>, StoreError> {
        Ok(self.data().gateway.requests.get(&(attorney, key.clone())).cloned())
    }

    async fn commit_pay_request(
        &self,
        attorney: AttorneyId,
        key: &RequestKey,
        digest: &str,
    ) -> Result<Commit, StoreError> {
        let mut data = self.data();
        let key = (attorney, key.clone());
        if data.gateway.requests.contains_key(&key) {
            return Ok(Commit::Conflict);
        }
        data.gateway.requests.insert(key, digest.to_owned());
        Ok(Commit::Done)
    }

    async fn destination(&self, user: UserId) -> Result<Option<PayoutDestination>, StoreError> {
        Ok(self.data().gateway.active(user).cloned())
    }

    async fn destinations(&self, user: UserId) -> Result<Vec<PayoutDestination>, StoreError> {
        let data = self.data();
        let own = data.gateway.destinations.values().filter(|row| row.user_id == user);
        Ok(own.cloned().collect())
    }

    async fn destinations_after(
        &self,
        after: Option<DestinationId>,
        limit: usize,
    ) -> Result<Vec<PayoutDestination>, StoreError> {
        let data = self.data();
        let rows = data.gateway.destinations.range((above(after), Bound::Unbounded));
        Ok(rows.take(limit).map(|(_, row)| row.clone()).collect())
    }

    async fn with_destination(&self, users: &[UserId]) -> Result<Vec<UserId>, StoreError> {
        let data = self.data();
        let wanted: BTreeSet<UserId> = users.iter().copied().collect();
        Ok(wanted.into_iter().filter(|user| data.gateway.active.contains_key(user)).collect())
    }

    async fn commit_destinations(
        &self,
        destinations: &[PayoutDestination],
        events: &[Event],
    ) -> Result<Commit, StoreError> {
        let mut data = self.data();
        let Some(after) = data.gateway.fresh(destinations) else {
            return Ok(Commit::Conflict);
        };
        data.append(events)?;
        data.gateway.write_destinations(after);
        Ok(Commit::Done)
    }

    async fn questions(
        &self,
        settlement: SettlementId,
        version: Option<Version>,
    ) -> Result<Option<QuestionSet>, StoreError> {
        let data = self.data();
        let sets = data.gateway.questions.get(&settlement).into_iter().flatten();
        let mut wanted = sets.rev().filter(|set| version.is_none_or(|one| set.version == one));
        Ok(wanted.next().cloned())
    }

    async fn commit_questions(
        &self,
        questions: &QuestionSet,
        events: &[Event],
    ) -> Result<Commit, StoreError> {
        let mut data = self.data();
        let sets = data.gateway.questions.get(&questions.settlement_id);
        let last = sets.and_then(|sets| sets.last()).map_or(Version::NEW, |set| set.version);
        if questions.version != last.next() {
            return Ok(Commit::Conflict);
        }
        data.append(events)?;
        let sets = data.gateway.questions.entry(questions.settlement_id).or_default();
        sets.push(questions.clone());
        Ok(Commit::Done)
    }

    async fn filed(
        &self,
        user: UserId,
        settlement: SettlementId,
    ) -> Result<Option<Filed>, StoreError> {
        Ok(self.data().gateway.filed.get(&(user, settlement)).cloned())
    }

    async fn commit_filing(
        &self,
        claim: &Claim,
        filed: &Filed,
        events: &[Event],
    ) -> Result<Commit, StoreError> {
        let mut data = self.data();
        let key = (claim.user_id, claim.settlement_id);
        let asked = data.gateway.questions.get(&claim.settlement_id);
        let asked = asked.and_then(|sets| sets.last()).map(|set| set.version);
        let stored = data.payouts.claims.get(&key);
        if asked != filed.questions
            || data.gateway.filed.contains_key(&key)
            || !is_fresh(stored, claim.version, |stored| stored.version)
        {
            return Ok(Commit::Conflict);
        }
        data.append(events)?;
        let version = claim.version.next();
        data.payouts.claims.insert(key, Claim { version, ..claim.clone() });
        data.gateway.filed.insert(key, filed.clone());
        Ok(Commit::Done)
    }
}

fn above<T>(after: Option<T>) -> Bound<T> {
    after.map_or(Bound::Unbounded, Bound::Excluded)
}
