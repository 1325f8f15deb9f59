//! Why nothing can be said of a model, of a policy or of drift.

use crate::learning::LearningError;
use crate::learning::error::Fault;
use crate::learning::train::TrainError;

use super::exposures::PolicyFault;

/// A side of a split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The rows that are learnt from.
    Train,
    /// The rows that are held out.
    Test,
}

impl std::fmt::Display for Side {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Train => "training",
            Self::Test => "test",
        })
    }
}

/// Why an evaluation is refused. Carries places and counts, and nothing of a person.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum EvaluationError {
    /// The rows cannot be measured.
    #[error(transparent)]
    Rows(#[from] LearningError),
    /// A fold cannot be learnt from.
    #[error("fold {fold} (counted from 0): {error}")]
    Train {
        /// The fold that was held out, from 0.
        fold: usize,
        /// Why.
        error: TrainError,
    },
    /// The forecasts for a fold cannot be measured.
    #[error("fold {fold} (counted from 0): {error}")]
    Measure {
        /// The fold that was held out, from 0.
        fold: usize,
        /// Why.
        error: LearningError,
    },
    /// A user is on both sides of a split, so that the model has seen whom it is judged by.
    #[error("the user of training row {train_row} is that of test row {test_row}, too")]
    UserOnBothSides {
        /// A row of the user that is learnt from.
        train_row: usize,
        /// A row of the user that is held out.
        test_row: usize,
    },
    /// A side of a split has no row.
    #[error("no row is on the {side} side")]
    SideEmpty {
        /// The side.
        side: Side,
    },
    /// A split names a row that is not there.
    #[error("there is no row {row}: there are {rows}, counted from 0")]
    RowUnknown {
        /// The row, from 0.
        row: usize,
        /// How many there are.
        rows: usize,
    },
    /// The share that is held out is not between 0 and 1.
    #[error("the share that is held out is above 0 and below 1")]
    Share,
    /// So many folds cannot be.
    #[error("{folds} folds of {users} users: give at least 2, and a user for each")]
    Folds {
        /// How many folds were asked for.
        folds: usize,
        /// How many users there are.
        users: usize,
    },
    /// So many folds in time cannot be.
    #[error("{folds} folds in {moments} moments: give at least 1, and fewer than moments")]
    Moments {
        /// How many folds were asked for.
        folds: usize,
        /// How many distinct times there are.
        moments: usize,
    },
    /// The measure of a user is no number.
    #[error("the measure of user {index} (counted from 0) is {fault}: give finite numbers")]
    Value {
        /// Its place, from 0.
        index: usize,
        /// What it is.
        fault: Fault,
    },
    /// A user has a measure in one model and none in the other, so the rows were not the same.
    #[error("user {index} (counted from 0) has a value in one model only: measure the same rows")]
    RowsDiffer {
        /// Its place, from 0.
        index: usize,
    },
    /// No user has a measure, so there is nothing to resample.
    #[error("no user has a value of the measure")]
    NoUsers,
    /// The number of resamples cannot be.
    #[error("{resamples} resamples: give 1 to 1000000")]
    Resamples {
        /// What was given.
        resamples: usize,
    },
    /// A level of confidence is not between 0 and 1.
    #[error("a level of confidence is above 0 and below 1")]
    Confidence,
    /// A margin, or a figure of a model before, is no number from 0 on.
    #[error("{option} is a finite number from 0 on")]
    Margin {
        /// Which one.
        option: &'static str,
    },
    /// A logged exposure cannot be used.
    #[error("exposure {row} (counted from 0) {fault}")]
    Exposure {
        /// Its place, from 0.
        row: usize,
        /// What is wrong with it.
        fault: PolicyFault,
    },
    /// Nothing that was shown would have been shown by the target policy.
    #[error("the target policy would have shown nothing of what was logged")]
    NoOverlap,
    /// There are too few exposures to say how far off the estimate is.
    #[error("{found} independent exposures are too few: give at least 2")]
    ExposuresFew {
        /// How many there are: users, where they are given.
        found: usize,
    },
    /// Weights are capped at a number that is not above 0.
    #[error("weights are capped at a number above 0")]
    Cap,
    /// Values, weights or rewards are so large that their sums are no numbers.
    #[error("the values are too large for their sums")]
    Overflow,
    /// Stored bins are none.
    #[error("not the bins of a reference: {what}")]
    Reference {
        /// What is wrong with them.
        what: &'static str,
    },
}

impl EvaluationError {
    /// The stable code of this error.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Rows(error) | Self::Measure { error, .. } => error.code(),
            Self::Train { error, .. } => error.code(),
            Self::UserOnBothSides { .. } => "user_on_both_sides",
            Self::SideEmpty { .. } => "split_side_empty",
            Self::RowUnknown { .. } => "split_row_unknown",
            Self::Share => "split_share_out_of_range",
            Self::Folds { .. } | Self::Moments { .. } => "folds_out_of_range",
            Self::Value { .. } => "user_value_not_finite",
            Self::RowsDiffer { .. } => "promotion_rows_differ",
            Self::NoUsers => "no_user_with_value",
            Self::Resamples { .. } => "resamples_out_of_range",
            Self::Confidence => "confidence_out_of_range",
            Self::Margin { .. } => "margin_invalid",
            Self::Exposure { fault, .. } => fault.code(),
            Self::NoOverlap => "off_policy_no_overlap",
            Self::ExposuresFew { .. } => "off_policy_too_few",
            Self::Cap => "off_policy_cap_invalid",
            Self::Overflow => "evaluation_overflow",
            Self::Reference { .. } => "drift_reference_invalid",
        }
    }
}
