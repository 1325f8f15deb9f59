//! Ports: the traits through which a driver reaches stores, the clock and randomness.
//!
//! The traits are object-safe. A store applies what the core decided; it decides nothing.

mod audit;
#[cfg(feature = "conformance")]
pub mod conformance;
mod gateway;
mod learning;
mod payout;
mod store;
mod system;

pub use audit::AuditStore;
pub use gateway::GatewayStore;
pub use learning::{LearningStore, ShownPage};
pub use payout::{DestinationResolver, PayoutStore, TransferRail};
pub use store::{
    AssignmentChange, CatalogStore, Commit, DirectoryStore, EventStore, EvidenceStore, MatchBatch,
    MatchStore, Revisions, Store, StoreError,
};
pub use system::{Clock, Random, SECRET_BYTES};
