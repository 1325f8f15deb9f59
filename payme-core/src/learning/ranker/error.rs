//! Why no ranker can be trained.

use crate::learning::LearningError;
use crate::learning::evaluation::EvaluationError;
use crate::learning::train::TrainError;

/// Why samples cannot be learnt from, or a ranker cannot be judged. Carries places and counts, and
/// nothing of a person.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RankerError {
    /// No sample has a label.
    #[error("none of {samples} samples has a label: wait until it is known what came of a claim")]
    Unlabelled {
        /// How many samples there are.
        samples: usize,
    },
    /// A split by time was asked for, and nobody knows when a sample was shown.
    #[error("sample {index} (counted from 0) has no time: hold out by user, or export \"at\"")]
    Undated {
        /// Its place, from 0.
        index: usize,
    },
    /// What is learnt from cannot be.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// What is held out cannot be parted or judged by.
    #[error(transparent)]
    Evaluation(#[from] EvaluationError),
}

impl From<LearningError> for RankerError {
    fn from(error: LearningError) -> Self {
        Self::Evaluation(error.into())
    }
}

impl RankerError {
    /// The stable code of this error.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unlabelled { .. } => "samples_unlabelled",
            Self::Undated { .. } => "samples_undated",
            Self::Train(error) => error.code(),
            Self::Evaluation(error) => error.code(),
        }
    }
}
