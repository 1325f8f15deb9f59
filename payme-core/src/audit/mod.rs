//! Audit: the log of what was decided. Entries are added, never changed and never deleted.
//!
//! In: a decision of an earlier stage. Out: an [`Event`] that a store keeps in the same transaction
//! as the decision itself. What moves money stands in a log for each account, whose entries are
//! chained by hashes ([`Link`]) and sealed together from time to time ([`Seal`]); from it every row
//! can be built again and held against what is stored ([`Comparison`]).

mod chain;
mod compare;
mod event;
mod seal;

pub use chain::{Broken, Hash, Head, Link, LogFilter, LogPlace};
pub use compare::{AuditFinding, Comparison, Difference, RowKind};
pub use event::{Event, EventBody, SequencedEvent};
pub use seal::{Seal, SealBroken};
