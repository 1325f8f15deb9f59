//! What a store must do for learning: say what people saw, and what came of it.

use async_trait::async_trait;

use super::{Commit, StoreError};
use crate::audit::Event;
use crate::learning::{Impression, ShownResult};
use crate::types::{RunId, UserId};

/// What some people were shown.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ShownPage {
    /// What they were shown, by person and settlement.
    pub results: Vec<ShownResult>,
    /// The last person of the page; `None` where it is the last page.
    pub next: Option<UserId>,
}

/// Samples and impressions.
#[async_trait]
pub trait LearningStore: Send + Sync {
    /// What at most so many people were shown, of those that have a run and whose id is above
    /// `after`: each person with everything, as of one moment. Of each settlement that a person was
    /// shown it is the result of the run that was stored last of those that showed it, with the
    /// moment at which the earliest of those began. A run with an impression showed the results at
    /// the positions from 1 to it. A run without one showed all of its results, unless another run
    /// of the person has one: then it showed nothing.
    async fn shown_after(
        &self,
        after: Option<UserId>,
        people: usize,
    ) -> Result<ShownPage, StoreError>;

    /// How many results of a run were seen, where that is stored.
    async fn impression(&self, run: RunId) -> Result<Option<Impression>, StoreError>;

    /// Stores how many results of a run were seen. Conflicts when the run is not stored, or when
    /// what is stored of it is not `expected`.
    async fn commit_impression(
        &self,
        impression: Impression,
        expected: Option<Impression>,
        events: &[Event],
    ) -> Result<Commit, StoreError>;
}
