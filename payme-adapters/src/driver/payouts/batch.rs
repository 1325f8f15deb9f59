//! Making a batch: two walks over the approvals that wait, one to add up, one to write.

use std::collections::BTreeSet;

use payme_core::payouts::{
    Account, Amount, Approval, Batch, BatchRequest, Books, Candidate, Draft, ItemsDigest,
    PayoutError, RequestKey, Skipped, Verdict, batch_verdict, fill_batch, keep_left_out,
    open_batch, seal_batch,
};
use payme_core::types::{ApprovalId, PayoutBatchId, SettlementId, UserId};

use super::{PayoutDriverError, Payouts};
use crate::driver::ATTEMPTS_MAX;

/// So many approvals are looked at, and transfers written, at a time.
const PAGE: usize = 1_000;

/// What a batch is made of.
#[derive(Debug, Clone, Copy)]
pub struct NewBatch<'a> {
    /// The settlement.
    pub settlement: SettlementId,
    /// What the request is named by.
    pub key: &'a RequestKey,
    /// The people it is for, with the amounts they were approved with; `None` for everybody who
    /// waits.
    pub items: Option<&'a [(UserId, Option<Amount>)]>,
    /// The least payout of the settlement, paid where an approval names no amount.
    pub payout_min: Option<Amount>,
}

/// A batch that was made, and who was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchMade {
    /// The batch, with all its transfers written.
    pub batch: Batch,
    /// The approvals that were left out while this call wrote transfers, with the reasons.
    pub skipped: Vec<(ApprovalId, Skipped)>,
}

impl Payouts {
    /// Makes a batch, or goes on making one that was begun under the same key.
    ///
    /// # Errors
    /// [`PayoutError::KeyReused`], [`PayoutError::NotLinked`], [`PayoutError::AccountClosed`],
    /// [`PayoutError::Insufficient`], and those of the store.
    pub async fn create_batch(&self, new: NewBatch<'_>) -> Result<BatchMade, PayoutDriverError> {
        let (made, is_new) = self.create_batch_without(new, &[]).await?;
        if is_new {
            return Ok(made);
        }
        self.resume_batch_without(made.batch, new, &[]).await
    }

    /// The same without some of the people who are asked for by name: they are left out for these
    /// reasons, which are kept with the batch. Also says whether this call began the batch: one
    /// that another began is not gone on with, because what *that* left out holds.
    pub(in crate::driver) async fn create_batch_without(
        &self,
        new: NewBatch<'_>,
        left_out: &[(UserId, Skipped)],
    ) -> Result<(BatchMade, bool), PayoutDriverError> {
        let request = BatchRequest {
            key: new.key.clone(),
            settlement_id: new.settlement,
            items: new.items.map(ItemsDigest::new),
        };
        let account = self.linked(new.settlement).await?;
        let (batch, is_new) = self.opened(&account, &request, (new, left_out)).await?;
        if batch.is_sealed || !is_new {
            return Ok((BatchMade { batch, skipped: Vec::new() }, is_new));
        }
        Ok((self.fill(batch.id, new, left_out).await?, is_new))
    }

    /// Goes on making a batch that was begun, without the people it was begun without.
    pub(in crate::driver) async fn resume_batch_without(
        &self,
        batch: Batch,
        new: NewBatch<'_>,
        left_out: &[(UserId, Skipped)],
    ) -> Result<BatchMade, PayoutDriverError> {
        if batch.is_sealed {
            return Ok(BatchMade { batch, skipped: Vec::new() });
        }
        self.fill(batch.id, new, left_out).await
    }

    /// Whether the account of a settlement can cover a batch as it would be made now.
    ///
    /// # Errors
    /// [`PayoutError::Insufficient`], and those of the store.
    pub(in crate::driver) async fn expect_cover(
        &self,
        new: NewBatch<'_>,
        left_out: &[(UserId, Skipped)],
    ) -> Result<(), PayoutDriverError> {
        let account = self.linked(new.settlement).await?;
        let total = self.total(&account, new, left_out).await?;
        let missing_cents = total.saturating_sub(account.available);
        if missing_cents > 0 {
            return Err(PayoutError::Insufficient { missing_cents }.into());
        }
        Ok(())
    }

    /// The batch of a request: the stored one, or a new one with its money set aside. Says whether
    /// it is new.
    async fn opened(
        &self,
        account: &Account,
        request: &BatchRequest,
        (new, left_out): (NewBatch<'_>, &[(UserId, Skipped)]),
    ) -> Result<(Batch, bool), PayoutDriverError> {
        for _ in 0..ATTEMPTS_MAX {
            let stored = self.store.payout_batch_of(account.attorney_id, new.key).await?;
            if let Verdict::Made(batch) = batch_verdict(stored.as_ref(), request)? {
                return Ok((batch.clone(), false));
            }
            let reserved = self.total(account, new, left_out).await?;
            let now = self.now();
            let id = PayoutBatchId::v7(now, self.random.bytes());
            let books = self.books_of_account(account.id).await?;
            let decide = |draft: &mut Draft| {
                open_batch(draft, account.id, id, request, reserved)?;
                keep_left_out(draft, id, left_out);
                Ok(())
            };
            if let Some(mut decided) = self.commit(books, decide).await? {
                let unfit = PayoutError::Contradiction("batches");
                return Ok((decided.books.batches.remove(&id).ok_or(unfit)?, true));
            }
        }
        Err(PayoutDriverError::Contention)
    }

    /// What everybody who waits would be paid together.
    async fn total(
        &self,
        account: &Account,
        new: NewBatch<'_>,
        left_out: &[(UserId, Skipped)],
    ) -> Result<i64, PayoutDriverError> {
        let wanted = wanted(new, left_out);
        let mut total = 0;
        let mut after = None;
        loop {
            let page = self.store.waiting(account.id, after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(total) };
            after = Some(last.id);
            let candidates = self.candidates(page, wanted.as_ref()).await?;
            total = Candidate::total(&candidates, new.payout_min, total)
                .map_err(PayoutError::Amount)?;
        }
    }

    async fn candidates(
        &self,
        mut page: Vec<Approval>,
        wanted: Option<&BTreeSet<UserId>>,
    ) -> Result<Vec<Candidate>, PayoutDriverError> {
        page.retain(|approval| wanted.is_none_or(|wanted| wanted.contains(&approval.user_id)));
        let users: Vec<UserId> = page.iter().map(|approval| approval.user_id).collect();
        let known: BTreeSet<UserId> =
            self.destinations.with_destination(&users).await?.into_iter().collect();
        let candidates = page.into_iter().map(|approval| {
            let has_destination = known.contains(&approval.user_id);
            Candidate { approval, has_destination }
        });
        Ok(candidates.collect())
    }

    /// Writes the transfers of a batch page by page, from where it was left.
    async fn fill(
        &self,
        batch_id: PayoutBatchId,
        new: NewBatch<'_>,
        left_out: &[(UserId, Skipped)],
    ) -> Result<BatchMade, PayoutDriverError> {
        let wanted = wanted(new, left_out);
        let mut skipped = Vec::new();
        let mut conflicts = 0;
        while conflicts < ATTEMPTS_MAX {
            let mut books = self.store.books(&[batch_id], &[]).await?;
            let unfit = PayoutError::Contradiction("batches");
            let batch = books.batches.get(&batch_id).ok_or(unfit)?;
            if batch.is_sealed {
                return Ok(BatchMade { batch: batch.clone(), skipped });
            }
            let waiting = self.store.waiting(batch.account_id, batch.filled_to, PAGE).await?;
            let is_last = waiting.len() < PAGE;
            let reached = waiting.last().map(|approval| approval.id);
            let candidates = self.candidates(waiting, wanted.as_ref()).await?;
            let rows = candidates.iter().map(|one| (one.approval.id, one.approval.clone()));
            books.approvals.extend(rows);
            let page = Page { candidates, reached, is_last };
            let decided = self.fill_page(books, batch_id, &page, new.payout_min).await?;
            match decided {
                Some(left_out) => skipped.extend(left_out),
                None => conflicts += 1,
            }
        }
        Err(PayoutDriverError::Contention)
    }

    async fn fill_page(
        &self,
        books: Books,
        batch_id: PayoutBatchId,
        page: &Page,
        payout_min: Option<Amount>,
    ) -> Result<Option<Vec<(ApprovalId, Skipped)>>, PayoutDriverError> {
        let now = self.now();
        let decide = |draft: &mut Draft| {
            let ids = || self.transfer_id(now);
            let Page { candidates, reached, is_last } = page;
            let skipped = fill_batch(draft, batch_id, candidates, *reached, payout_min, ids)?;
            let user_of = |id: &ApprovalId| {
                let row = draft.books().approvals.get(id);
                row.map(|row| row.user_id)
            };
            let people = skipped.iter().filter_map(|(id, reason)| Some((user_of(id)?, *reason)));
            let people: Vec<(UserId, Skipped)> = people.collect();
            keep_left_out(draft, batch_id, &people);
            if *is_last {
                seal_batch(draft, batch_id)?;
            }
            Ok(skipped)
        };
        Ok(self.commit(books, decide).await?.map(|decided| decided.answer))
    }
}

/// Approvals that were looked at together.
struct Page {
    candidates: Vec<Candidate>,
    /// The last one that was looked at, a candidate or not.
    reached: Option<ApprovalId>,
    /// Whether no more wait.
    is_last: bool,
}

/// Whom a batch is for by name, but for those who are left out.
fn wanted(new: NewBatch<'_>, left_out: &[(UserId, Skipped)]) -> Option<BTreeSet<UserId>> {
    let out: BTreeSet<UserId> = left_out.iter().map(|(user, _)| *user).collect();
    let named = |items: &[(UserId, Option<Amount>)]| {
        let users = items.iter().map(|(user, _)| *user);
        users.filter(|user| !out.contains(user)).collect()
    };
    new.items.map(named)
}
