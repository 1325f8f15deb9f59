//! Cancelling a transfer at the rail, and what the rail holds.
//!
//! That it is asked is stored, then the rail is asked, then what it said is stored. Its agreement
//! moves nothing: the rail is asked where the transfer is by then, and that moves the row, as ever.

use payme_core::payouts::{
    Answer, CancelAnswer, Draft, Effect, PayoutError, RailBalance, RailTransfer, Transfer,
    TransferState, ask_to_cancel, finish_batch, on_cancellation, on_status,
};
use payme_core::types::TransferId;

use super::{About, Decided, PayoutDriverError, Payouts};

/// What came of asking to cancel a transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancelOutcome {
    /// What the rail said.
    pub answer: CancelAnswer,
    /// Where the transfer is by now: not where it will be, unless that is final.
    pub state: TransferState,
    /// Why it failed, where it did: a code.
    pub failure_reason: Option<String>,
    /// Whether the rail says of it what cannot be true: a person has to look.
    pub is_contradicted: bool,
}

impl Payouts {
    /// Asks the rail to cancel a transfer that is on its way. Where the rail says at once what
    /// became of it, that is stored; otherwise an event says it later. Its money is free again with
    /// its batch, and it is paid only by a new attempt.
    ///
    /// # Errors
    /// As [`ask_to_cancel`]; [`PayoutError::OtherRail`]; [`PayoutError::NotCancellable`] where the
    /// rail does not, and the transfer did not fail by itself; and those of the store.
    pub async fn cancel(&self, id: TransferId) -> Result<CancelOutcome, PayoutDriverError> {
        let unknown = || PayoutError::UnknownTransfer(id);
        let transfer = self.store.transfer(id).await?.ok_or_else(unknown)?;
        let ask = |draft: &mut Draft| {
            self.expect_rail(draft.books())?;
            ask_to_cancel(draft, id)
        };
        let asked = self.decide_on(About::one(&transfer), None, ask).await?;
        // As it was when this was stored.
        let transfer = asked.books.transfers.get(&id).cloned().ok_or_else(unknown)?;
        let said = self.rail.cancel(&asked.answer).await;
        let take_in = |draft: &mut Draft| on_cancellation(draft, id, &said);
        let Decided { answer, mut books, .. } =
            self.decide_on(About::one(&transfer), None, take_in).await?;
        let mut is_contradicted = false;
        // Who wants to be left alone is not asked anything else.
        if !said.is_pause()
            && let Answer::Done(Some(found)) = self.rail.probe(&transfer, &transfer.key()).await
        {
            let followed = self.follow(&transfer, &found).await?;
            is_contradicted = followed.answer == Effect::Contradicts;
            books = followed.books;
        }
        let row = books.transfers.get(&id).ok_or_else(unknown)?;
        let (state, failure_reason) = (row.state, row.failure_reason.clone());
        if answer == CancelAnswer::Refused && state != TransferState::Failed {
            let code = said.code().unwrap_or("refused").to_owned();
            return Err(PayoutError::NotCancellable { id, code }.into());
        }
        Ok(CancelOutcome { answer, state, failure_reason, is_contradicted })
    }

    /// The name of the rail, and the money that it holds for payouts; `None` where it does not say.
    pub async fn rail_balance(&self) -> (&str, Option<RailBalance>) {
        (self.rail.name(), self.rail.balance().await.done().copied())
    }

    /// Moves a transfer to where the rail says that it is; its batch ends where it was the last.
    async fn follow(
        &self,
        transfer: &Transfer,
        found: &RailTransfer,
    ) -> Result<Decided<Effect>, PayoutDriverError> {
        self.decide_on(About::one(transfer), None, |draft: &mut Draft| {
            let effect = on_status(draft, transfer.id, found)?;
            finish_batch(draft, transfer.batch_id)?;
            Ok(effect)
        })
        .await
    }
}
