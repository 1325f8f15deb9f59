//! A match run: one execution for one person, as it is stored.

use serde::{Deserialize, Serialize};

use super::{MatchOutcome, MatchResult, Weights};
use crate::evidence::UserFeatures;
use crate::matching::{Assignment, ExperimentKey, Variant};
use crate::types::{Instant, RunId, UserId};

/// What else is worth knowing about a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunMetadata {
    /// How many distinct features the person had.
    pub feature_count: usize,
    /// How signals became scores.
    pub variant: Variant,
    /// The version of the weights.
    pub weights_version: u32,
    /// Whether somebody chose the variant, instead of the hash; `None` of runs of before this was
    /// kept.
    #[serde(default)]
    pub forced: Option<bool>,
}

/// One execution for one person.
#[derive(Debug, Clone, PartialEq)]
pub struct MatchRun {
    /// The run's id.
    pub id: RunId,
    /// The person.
    pub user_id: UserId,
    /// The experiment that chose the variant.
    pub experiment_key: ExperimentKey,
    /// How signals became scores.
    pub variant: Variant,
    /// When it started: the time deadlines were held against.
    pub started: Instant,
    /// When it was done.
    pub completed: Instant,
    /// How many settlements the person was eligible for.
    pub candidate_count: usize,
    /// How many of them were kept.
    pub result_count: usize,
    /// What else is worth knowing.
    pub metadata: RunMetadata,
    /// The results, best first.
    pub results: Vec<MatchResult>,
}

impl MatchRun {
    /// The run that an outcome makes, of a person with this assignment.
    pub fn new(
        id: RunId,
        assignment: &Assignment,
        [started, completed]: [Instant; 2],
        user: &UserFeatures,
        weights: &Weights,
        outcome: MatchOutcome,
    ) -> Self {
        Self {
            id,
            user_id: outcome.user_id,
            experiment_key: assignment.experiment_key.clone(),
            variant: outcome.variant,
            started,
            completed,
            candidate_count: outcome.candidate_count,
            result_count: outcome.result_count,
            metadata: RunMetadata {
                feature_count: user.keys().count(),
                variant: outcome.variant,
                weights_version: weights.version,
                forced: Some(assignment.forced),
            },
            results: outcome.results,
        }
    }
}
