//! Letting a transfer be sent that waits for a person to decide.

use payme_core::payouts::{Draft, PayoutError, Transfer, release_held};

use super::{PayoutDriverError, Payouts};
use crate::driver::ATTEMPTS_MAX;

impl Payouts {
    /// Stores that a transfer which was held is to be sent. It is, when its batch is executed next.
    ///
    /// # Errors
    /// [`PayoutError::NotHeld`], and those of the store.
    pub async fn release(&self, transfer: &Transfer) -> Result<(), PayoutDriverError> {
        let (batch_id, id) = (transfer.batch_id, transfer.id);
        for _ in 0..ATTEMPTS_MAX {
            let books = self.store.books(&[batch_id], &[id]).await?;
            if !books.transfers.contains_key(&id) {
                return Err(PayoutError::NotHeld(id).into());
            }
            if self.commit(books, |draft: &mut Draft| release_held(draft, id)).await?.is_some() {
                return Ok(());
            }
        }
        Err(PayoutDriverError::Contention)
    }
}
