//! Audit: the log of what was decided. Entries are added, never changed and never deleted.
//!
//! In: a decision of an earlier stage. Out: an [`Event`] that a store keeps in the same
//! transaction as the decision itself.

mod chain;
mod event;

pub use chain::{Broken, Hash, Head, Link};
pub use event::{Event, EventBody, SequencedEvent};
