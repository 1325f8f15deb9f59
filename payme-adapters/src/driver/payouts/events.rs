//! Reading the events of a rail: what they change and how far they are read is stored together.

use std::collections::BTreeMap;

use payme_core::payouts::{Answer, Draft, NoteOutcome, ProviderTransferId, RailEvent, on_events};
use payme_core::types::TransferId;

use super::{PayoutDriverError, Payouts};
use crate::driver::ATTEMPTS_MAX;

/// So many events are read at a time.
const PAGE: usize = 500;

/// What reading events did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EventsRead {
    /// How many were read.
    pub read: usize,
    /// How many changed a transfer.
    pub applied: usize,
    /// How many are about transfers that nobody knows; they are kept.
    pub quarantined: usize,
    /// How many cannot be true together with what is stored: a person has to look.
    pub contradicting: usize,
    /// Whether the rail answered to the end; where not, reading again later goes on.
    pub is_complete: bool,
}

impl Payouts {
    /// Reads what happened at the rail since it was read last.
    ///
    /// Events that were told before their transfer was known by its name are taken in first.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn read_events(&self) -> Result<EventsRead, PayoutDriverError> {
        let mut told = EventsRead::default();
        let mut conflicts = 0;
        while conflicts < ATTEMPTS_MAX {
            let kept = self.store.rail_notes_known_now(self.rail.name(), PAGE).await?;
            if !kept.is_empty() {
                let events: Vec<RailEvent> = kept.into_iter().map(|note| note.event).collect();
                match self.take_in(None, &events).await? {
                    None => conflicts += 1,
                    Some(outcomes) => told.count(&outcomes),
                }
                continue;
            }
            let after = self.store.rail_cursor(self.rail.name()).await?;
            let Answer::Done(page) = self.rail.events(after, PAGE).await else {
                return Ok(told);
            };
            if !page.events.is_empty() {
                match self.take_in(Some(after), &page.events).await? {
                    None => {
                        conflicts += 1;
                        continue;
                    }
                    Some(outcomes) => told.count(&outcomes),
                }
            }
            // An empty page leads nowhere, whatever the rail says of more.
            if !page.has_more || page.events.is_empty() {
                return Ok(EventsRead { is_complete: !page.has_more, ..told });
            }
        }
        Err(PayoutDriverError::Contention)
    }

    async fn take_in(
        &self,
        after: Option<u64>,
        events: &[RailEvent],
    ) -> Result<Option<Vec<NoteOutcome>>, PayoutDriverError> {
        let names: Vec<ProviderTransferId> =
            events.iter().map(|event| event.transfer_id.clone()).collect();
        let named: BTreeMap<ProviderTransferId, TransferId> =
            self.store.transfers_named(&names).await?.into_iter().collect();
        let ids: Vec<TransferId> = named.values().copied().collect();
        let books = self.store.books(&[], &ids).await?;
        let decide = |draft: &mut Draft| {
            on_events(draft, self.rail.name(), after, events, &named)?;
            Ok(draft.notes().iter().map(|note| note.outcome).collect())
        };
        Ok(self.commit(books, decide).await?.map(|decided| decided.answer))
    }
}

impl EventsRead {
    fn count(&mut self, outcomes: &[NoteOutcome]) {
        let count = |wanted| outcomes.iter().filter(|one| **one == wanted).count();
        self.read += outcomes.len();
        self.applied += count(NoteOutcome::Applied);
        self.quarantined += count(NoteOutcome::Quarantined);
        self.contradicting += count(NoteOutcome::Contradicts);
    }
}
