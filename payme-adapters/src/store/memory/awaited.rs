//! Events of rails that were kept because nobody knew their transfer: which can be taken in now.
//!
//! Most of them are about nobody here, and stay so: nothing looks at all of them.

use std::collections::{BTreeMap, BTreeSet};

use payme_core::payouts::{NoteOutcome, ProviderTransferId, RailNote};

/// A rail, and the number of an event of it.
type Place = (String, u64);

/// The events that were kept, by whether their transfer is known by now.
#[derive(Default)]
pub(super) struct Awaited {
    /// Those whose transfer nobody knows, by the name that it would have.
    unknown: BTreeMap<ProviderTransferId, BTreeSet<Place>>,
    /// Those whose transfer is known.
    known: BTreeSet<Place>,
}

impl Awaited {
    /// An event is noted, for the first time or in place of what was noted of it `before`.
    pub(super) fn note(&mut self, note: &RailNote, before: Option<&RailNote>, is_named: bool) {
        let place = (note.rail.clone(), note.event.id);
        if let Some(before) = before {
            self.known.remove(&place);
            if let Some(waiting) = self.unknown.get_mut(&before.event.transfer_id) {
                waiting.remove(&place);
            }
        }
        if note.outcome != NoteOutcome::Quarantined {
            return;
        }
        if is_named {
            self.known.insert(place);
        } else {
            self.unknown.entry(note.event.transfer_id.clone()).or_default().insert(place);
        }
    }

    /// A transfer has this name from now on.
    pub(super) fn named(&mut self, name: &ProviderTransferId) {
        self.known.extend(self.unknown.remove(name).unwrap_or_default());
    }

    /// The events of a rail whose transfer is known by now, in order.
    pub(super) fn known(&self, rail: &str) -> impl Iterator<Item = u64> {
        let first = (rail.to_owned(), 0);
        let own = self.known.range(first..).take_while(move |(of, _)| of == rail);
        own.map(|(_, event)| *event)
    }
}
