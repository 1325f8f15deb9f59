//! Whom a request to pay once more names: everybody whom a batch did not pay.
//!
//! Money may come back while such a request is carried out, and then the batch did not pay one
//! more. The same request again has to name the same people all the same, or it could never be gone
//! on with; so those who came later are left to the next request.

use std::collections::BTreeMap;

use payme_core::payouts::{
    Batch, PayItem, PayoutError, PayoutEvent, RequestKey, TransferState, first_items_asked,
    items_batch_key,
};
use payme_core::types::{AttorneyId, Money, PayoutBatchId, TransferId};

use super::{Gateway, GatewayError};

/// So many rows are read at a time.
const PAGE: usize = 1_000;

impl Gateway {
    /// Everybody whose transfer of a batch failed or came back, with the amount of then, as far as
    /// the request of this key names them: all of them where there is no such request yet, and
    /// those who had not been paid when it was made where there is one.
    ///
    /// # Errors
    /// [`PayoutError::UnknownBatch`], and those of the store.
    pub async fn unpaid_items(
        &self,
        attorney: AttorneyId,
        batch: PayoutBatchId,
        key: &RequestKey,
    ) -> Result<Vec<PayItem>, GatewayError> {
        let batch = self.batch(attorney, batch).await?;
        let account = self.store.account(batch.account_id).await?;
        let currency = account.ok_or(PayoutError::NotLinked)?.currency;
        let mut unpaid: BTreeMap<TransferId, PayItem> = BTreeMap::new();
        let states = [TransferState::Failed, TransferState::Returned];
        let mut after = None;
        loop {
            let page = self.store.transfers(batch.id, &states, after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            unpaid.extend(page.into_iter().map(|row| {
                let money = Some(Money::new(row.amount.minor(), currency));
                let settlement_id = batch.settlement_id;
                (row.id, PayItem { user_id: row.user_id, settlement_id, money })
            }));
        }
        let Some(kept) = self.store.pay_request(attorney, key).await? else {
            return Ok(unpaid.into_values().collect());
        };
        let (mut items, before) = self.by_end(&batch, &mut unpaid, key).await?;
        let currencies = BTreeMap::from([(batch.settlement_id, currency)]);
        // Where nothing fits, the key was used for another request: that is for the request to say.
        let asked = first_items_asked(&items, before, key, &currencies, &kept);
        items.truncate(asked.unwrap_or(items.len()));
        Ok(items)
    }

    /// The same in the order in which they failed or came back, and how many had when the batch
    /// that pays them once more was begun.
    async fn by_end(
        &self,
        batch: &Batch,
        unpaid: &mut BTreeMap<TransferId, PayItem>,
        key: &RequestKey,
    ) -> Result<(Vec<PayItem>, usize), GatewayError> {
        let again = items_batch_key(key, batch.settlement_id).map_err(PayoutError::from)?;
        let mut items = Vec::with_capacity(unpaid.len());
        let mut before = None;
        let mut read = 0;
        loop {
            let page = self.store.payout_log(batch.account_id, read, PAGE).await?;
            let Some(last) = page.last() else { break };
            read = last.sequence;
            for link in &page {
                match link.event() {
                    Ok(
                        PayoutEvent::PayoutTransferFailed { transfer_id, .. }
                        | PayoutEvent::PayoutTransferReturned { transfer_id, .. },
                    ) => items.extend(unpaid.remove(&transfer_id)),
                    Ok(PayoutEvent::PayoutBatchOpened { key, .. }) if key == again => {
                        before = Some(items.len());
                    }
                    _ => {}
                }
            }
        }
        // A log that does not tell how they ended was changed: an audit finds that.
        items.extend(std::mem::take(unpaid).into_values());
        let before = before.unwrap_or(items.len());
        Ok((items, before))
    }
}
