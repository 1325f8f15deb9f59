//! What a person decides about a transfer that is held: to let it be sent, or to give it up.

use payme_core::payouts::{Answer, Draft, PayoutError, Transfer, give_up, release_held};

use super::{About, PayoutDriverError, Payouts};
use crate::driver::ATTEMPTS_MAX;

/// For so long a request that nobody heard of could still reach the rail: a day.
const DOUBT_MICROS: i64 = 86_400_000_000;

impl Payouts {
    /// Stores that a transfer which was held is to be sent. It is, when its batch is executed next.
    ///
    /// # Errors
    /// [`PayoutError::NotHeld`], and those of the store.
    pub async fn release(&self, transfer: &Transfer) -> Result<(), PayoutDriverError> {
        let id = transfer.id;
        let let_go = |draft: &mut Draft| {
            if draft.books().transfers.contains_key(&id) {
                release_held(draft, id)
            } else {
                Err(PayoutError::NotHeld(id))
            }
        };
        self.decide_on(About::one(transfer), None, let_go).await.map(drop)
    }

    /// Gives up a transfer that is held: the rail is asked for it first, and where it knows nothing
    /// of it, it fails and its money is free again. Where the rail does know it, that is stored.
    /// Gives the transfer as it is then.
    ///
    /// # Errors
    /// [`PayoutError::NotHeld`], [`PayoutError::OtherRail`], [`PayoutError::InDoubt`],
    /// [`PayoutError::RailSilent`], and those of the store.
    pub async fn give_up(&self, transfer: &Transfer) -> Result<Transfer, PayoutDriverError> {
        let (batch_id, id) = (transfer.batch_id, transfer.id);
        for _ in 0..ATTEMPTS_MAX {
            let mut books = self.store.books(&[batch_id], &[id]).await?;
            let row = books.transfers.get(&id).ok_or(PayoutError::NotHeld(id))?;
            self.expect_rail(&books)?;
            // Without an authorization nothing was ever sent.
            let answer = match &row.authorization {
                None => Answer::Done(None),
                Some(_) => self.rail.probe(row, &row.key()).await,
            };
            let names: Vec<_> =
                answer.done().into_iter().flatten().map(|it| it.id.clone()).collect();
            books.names.extend(self.store.transfers_named(&names).await?);
            let decide =
                |draft: &mut Draft| give_up(draft, id, answer.clone(), DOUBT_MICROS).map(drop);
            if let Some(decided) = self.commit(books, decide).await? {
                let row = decided.books.transfers.get(&id).cloned();
                return Ok(row.ok_or(PayoutError::NotHeld(id))?);
            }
        }
        Err(PayoutDriverError::Contention)
    }
}
