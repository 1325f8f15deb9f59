//! Transfers that wait for a person to decide.

use payme_core::payouts::PayoutError;
use payme_core::types::{AttorneyId, TransferId};

use super::{Gateway, GatewayError};

impl Gateway {
    /// Lets a transfer of the attorney be sent that waits for a person to decide. It is sent when
    /// its batch is executed next.
    ///
    /// # Errors
    /// [`PayoutError::NotHeld`], also of a transfer that is another attorney's, and those of the
    /// store.
    pub async fn release(&self, attorney: AttorneyId, id: TransferId) -> Result<(), GatewayError> {
        self.acting(attorney).await?;
        let not_held = || GatewayError::from(PayoutError::NotHeld(id));
        let transfer = self.store.transfer(id).await?.ok_or_else(not_held)?;
        let batch = self.store.payout_batch(transfer.batch_id).await?;
        if batch.is_none_or(|batch| batch.attorney_id != attorney) {
            return Err(not_held());
        }
        Ok(self.payouts.release(&transfer).await?)
    }
}
