//! Reconciling a batch: its rows, its postings and what the rail knows, page by page.

use std::collections::BTreeMap;

use payme_core::payouts::{
    Answer, PayoutError, Posting, Reconciler, Reconciliation, Refusal, Transfer, TransferLine,
    TransferState,
};
use payme_core::types::{Instant, PayoutBatchId, TransferId};

use super::{PayoutDriverError, Payouts};

/// So many transfers are looked at a time.
const PAGE: usize = 1_000;

/// The clock of the rail may be behind ours: what it lists begins so many microseconds earlier, a
/// day.
const CLOCKS_DIFFER_MICROS: i64 = 24 * 3_600 * 1_000_000;

/// How the rail can be asked about many transfers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rail {
    /// It listed them.
    Listed,
    /// It is asked about each.
    OneByOne,
    /// It does not answer.
    Silent,
}

impl Payouts {
    /// Compares rows, ledger and rail. `each` hears of every transfer, by id.
    ///
    /// # Errors
    /// [`PayoutError::UnknownBatch`], and those of the store.
    pub async fn reconcile(
        &self,
        batch_id: PayoutBatchId,
        mut each: impl FnMut(TransferLine) + Send,
    ) -> Result<Reconciliation, PayoutDriverError> {
        let books = self.store.books(&[batch_id], &[]).await?;
        let unknown = || PayoutError::UnknownBatch(batch_id);
        let batch = books.batches.get(&batch_id).ok_or_else(unknown)?;
        let account = books.accounts.get(&batch.account_id).ok_or_else(unknown)?;
        account.expect_rail(self.rail.name())?;
        let mut reconciler = Reconciler::new(batch, account);
        let whole = self.store.postings_of_batch(batch_id).await?;
        reconciler.batch_postings(&whole).map_err(PayoutError::Amount)?;
        let rail =
            self.list(&mut reconciler, batch.created_at.plus_micros(-CLOCKS_DIFFER_MICROS)).await;
        let mut after = None;
        loop {
            let page = self.store.transfers(batch_id, TransferState::ALL, after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(reconciler.finish()) };
            after = Some(last.id);
            let mut postings = self.postings_by_transfer(&page).await?;
            for transfer in &page {
                if rail == Rail::OneByOne {
                    self.look_up(&mut reconciler, transfer).await;
                }
                let own = postings.remove(&transfer.id).unwrap_or_default();
                each(reconciler.transfer(transfer, &own).map_err(PayoutError::Amount)?);
            }
        }
    }

    async fn postings_by_transfer(
        &self,
        page: &[Transfer],
    ) -> Result<BTreeMap<TransferId, Vec<Posting>>, PayoutDriverError> {
        let ids: Vec<TransferId> = page.iter().map(|transfer| transfer.id).collect();
        let mut found: BTreeMap<TransferId, Vec<Posting>> = BTreeMap::new();
        for posting in self.store.postings_of_transfers(&ids).await? {
            if let Some(id) = posting.transfer_id {
                found.entry(id).or_default().push(posting);
            }
        }
        Ok(found)
    }

    async fn list(&self, reconciler: &mut Reconciler, since: Instant) -> Rail {
        let (mut listed, mut passed) = (Vec::new(), 0_usize);
        loop {
            let skip = u64::try_from(passed).unwrap_or(u64::MAX);
            match self.rail.list(since, skip, PAGE).await {
                Answer::Done(page) => {
                    let is_over = page.passed == 0 || !page.has_more;
                    passed = passed.saturating_add(page.passed);
                    listed.extend(page.transfers);
                    if is_over {
                        reconciler.rail(listed);
                        return Rail::Listed;
                    }
                }
                Answer::Refused(Refusal::Never(_)) => {
                    reconciler.rail([]);
                    return Rail::OneByOne;
                }
                Answer::Refused(
                    Refusal::Later | Refusal::Blocked(_) | Refusal::Expired | Refusal::Unclear(_),
                )
                | Answer::Unknown => {
                    return Rail::Silent;
                }
            }
        }
    }

    async fn look_up(&self, reconciler: &mut Reconciler, transfer: &Transfer) {
        if transfer.authorization.is_none() {
            return;
        }
        let key = transfer.key();
        if let Answer::Done(Some(found)) = self.rail.probe(transfer, &key).await {
            reconciler.rail([(key.to_string(), found)]);
        }
    }
}
