//! The driver: for each stage, load, let the core decide, commit. No rule lives here.
//!
//! A decision is made on what was loaded and committed only if that is still what is stored;
//! otherwise the driver loads again. Nothing is acknowledged before it is committed.

mod audit;
mod batch;
mod catalog;
mod evidence;
mod explain;
#[cfg(feature = "vault")]
mod gateway;
mod learning;
mod matching;
mod merchants;
#[cfg_attr(
    not(feature = "vault"),
    expect(dead_code, unused_imports, reason = "what only the gateway asks for")
)]
mod payouts;
mod preferences;
mod reverse;
mod shown;
mod tracker;
mod transactions;

use std::fmt;
use std::sync::Arc;

use payme_core::audit::{Event, EventBody};
use payme_core::evidence::{CorrectionError, ReadingError};
use payme_core::ports::{Clock, Commit, Random, Store, StoreError};
use payme_core::types::{EventId, Instant, RecordId, RunId, SettlementId, UserId};

pub use audit::{Audit, AuditError, AuditReport};
pub use batch::{BatchProgress, BatchReport};
pub use catalog::CatalogReport;
pub use evidence::{EvidenceReport, FeaturesReport};
pub use explain::{EvidenceBehind, RecordView, RecordedExplanation};
#[cfg(feature = "vault")]
pub use gateway::{
    Gateway, GatewayError, NewAccount, NewDestination, PaidBatch, PaidTogether, RailWebhook,
    Resealed, SkippedItem, StoredDestinations,
};
pub use learning::ExportReport;
pub use matching::{MatchOptions, UserMatch, match_each};
pub use merchants::MerchantReport;
pub use payouts::{
    BatchMade, CancelOutcome, EventsRead, ExecuteOptions, Execution, NewBatch, PayoutDriverError,
    Payouts,
};
pub use shown::ShownMatch;
pub use tracker::TrackerImport;
pub use transactions::CorrectionReport;

/// How often a decision is made anew when others keep changing what it rests on.
const ATTEMPTS_MAX: usize = 16;

/// Why the driver could not do what it was asked. Carries ids, never personal data.
#[derive(Debug, thiserror::Error)]
pub enum DriverError {
    /// The store could not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What records are read by could not be built.
    #[error(transparent)]
    Reading(#[from] ReadingError),
    /// Others kept changing the same rows.
    #[error("others kept changing the same rows: the last step was not written; try again")]
    Contention,
    /// Nothing is stored of this person.
    #[error("user {0} is not known: import transactions, messages or features first")]
    UnknownUser(UserId),
    /// The person has no such transaction.
    #[error("transaction {0} is not among those of the person: take its id from a list of them")]
    UnknownRecord(RecordId),
    /// A correction that cannot be.
    #[error(transparent)]
    Correction(#[from] CorrectionError),
    /// No such run is stored.
    #[error("run {0} is not known: take its id from a match that was stored")]
    UnknownRun(RunId),
    /// Nobody can have seen so many results of a run.
    #[error("run {run_id} has {results} results: {shown} cannot have been shown")]
    ShownTooMany {
        /// The run.
        run_id: RunId,
        /// How many were said to have been seen.
        shown: u32,
        /// How many it has.
        results: usize,
    },
    /// The catalogue does not have this settlement.
    #[error("settlement {0} is not in the catalogue: import it first")]
    UnknownSettlement(SettlementId),
}

impl DriverError {
    /// The stable code of this error.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Store(error) => error.code(),
            Self::Reading(error) => error.code(),
            Self::Contention => "contention",
            Self::UnknownUser(_) => "unknown_user",
            Self::UnknownSettlement(_) => "unknown_settlement",
            Self::UnknownRecord(_) => "unknown_record",
            Self::UnknownRun(_) => "unknown_run",
            Self::ShownTooMany { .. } => "shown_too_many",
            Self::Correction(error) => error.code(),
        }
    }
}

/// A store, a clock and a source of randomness, and what can be done with them.
#[derive(Clone)]
pub struct Driver {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl fmt::Debug for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver").finish_non_exhaustive()
    }
}

impl Driver {
    /// A driver over a store.
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        Self { store, clock, random }
    }

    /// The store.
    pub fn store(&self) -> &dyn Store {
        self.store.as_ref()
    }

    /// The present moment, by the driver's clock.
    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    fn event(&self, user_id: Option<UserId>, body: EventBody) -> Event {
        let at = self.now();
        Event { id: EventId::v7(at, self.random.bytes()), at, user_id, body }
    }

    /// Repeats a decision until it is committed on what it was made on.
    async fn decide<T, F>(&self, mut attempt: F) -> Result<T, DriverError>
    where
        F: AsyncFnMut(&Self) -> Result<(Commit, T), DriverError>,
    {
        for _ in 0..ATTEMPTS_MAX {
            let (commit, answer) = attempt(self).await?;
            if commit == Commit::Done {
                return Ok(answer);
            }
            tracing::debug!("decided on something that changed meanwhile; deciding anew");
        }
        Err(DriverError::Contention)
    }
}
