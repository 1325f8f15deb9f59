//! What a person decides about a single transfer: that it is sent, given up, or to be cancelled.

use payme_core::payouts::{PayoutError, RailBalance, Transfer};
use payme_core::types::{AttorneyId, TransferId};

use super::{Gateway, GatewayError};
use crate::driver::payouts::CancelOutcome;

impl Gateway {
    /// Lets a transfer of the attorney be sent that waits for a person to decide. It is sent when
    /// its batch is executed next.
    ///
    /// # Errors
    /// [`PayoutError::NotHeld`], also of a transfer that is another attorney's, and those of the
    /// store.
    pub async fn release(&self, attorney: AttorneyId, id: TransferId) -> Result<(), GatewayError> {
        let own = self.own_transfer(attorney, id).await?;
        Ok(self.payouts.release(&own.ok_or(PayoutError::NotHeld(id))?).await?)
    }

    /// Gives up a transfer of the attorney that waits for a person to decide, and gives it as it is
    /// then.
    ///
    /// # Errors
    /// [`PayoutError::NotHeld`], also of a transfer that is another attorney's, and those of
    /// [`Payouts::give_up`](super::Payouts::give_up).
    pub async fn give_up(
        &self,
        attorney: AttorneyId,
        id: TransferId,
    ) -> Result<Transfer, GatewayError> {
        let own = self.own_transfer(attorney, id).await?;
        Ok(self.payouts.give_up(&own.ok_or(PayoutError::NotHeld(id))?).await?)
    }

    /// Asks the rail to cancel a transfer of the attorney that is on its way.
    ///
    /// # Errors
    /// [`PayoutError::UnknownTransfer`], also of another attorney's transfer, and those of
    /// [`Payouts::cancel`](super::Payouts::cancel).
    pub async fn cancel(
        &self,
        attorney: AttorneyId,
        id: TransferId,
    ) -> Result<CancelOutcome, GatewayError> {
        let own = self.own_transfer(attorney, id).await?;
        own.ok_or(PayoutError::UnknownTransfer(id))?;
        Ok(self.payouts.cancel(id).await?)
    }

    /// The name of the rail, and the money that it holds for all payouts; `None` where it does not
    /// say.
    ///
    /// # Errors
    /// An attorney who may not act, and those of the store.
    pub async fn rail_balance(
        &self,
        attorney: AttorneyId,
    ) -> Result<(&str, Option<RailBalance>), GatewayError> {
        self.acting(attorney).await?;
        Ok(self.payouts.rail_balance().await)
    }

    /// A transfer of the attorney.
    async fn own_transfer(
        &self,
        attorney: AttorneyId,
        id: TransferId,
    ) -> Result<Option<Transfer>, GatewayError> {
        self.acting(attorney).await?;
        let Some(transfer) = self.store.transfer(id).await? else { return Ok(None) };
        let batch = self.store.payout_batch(transfer.batch_id).await?;
        let is_own = batch.is_some_and(|batch| batch.attorney_id == attorney);
        Ok(is_own.then_some(transfer))
    }
}
