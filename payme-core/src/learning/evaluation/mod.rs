//! Evaluation: how good a model is on rows that it has not seen, and how sure that is.
//!
//! In: rows with their users, times and labels, a trainer, or logged exposures. Out: splits that
//! never have a user on both sides, scores out of fold, intervals over resampled users, and the
//! value of a policy that was not the one that ran. What always holds: the same seed gives the same
//! bits on any number of threads, and what the data cannot answer is refused with its row.
//! Formulas and sources: `docs/rules/learning.md`.

mod bootstrap;
mod cross_validation;
mod error;
mod exposures;
mod folds;
mod forward;
mod off_policy;
mod splits;
#[cfg(test)]
mod tests_bootstrap;
#[cfg(test)]
mod tests_forward;
#[cfg(test)]
mod tests_off_policy;
#[cfg(test)]
mod tests_splits;

pub use bootstrap::{Bootstrap, BootstrapOptions, bootstrap_difference, bootstrap_mean};
pub(super) use bootstrap::{checked, mean_of};
pub use cross_validation::{CrossValidation, CrossValidationOptions, FoldFit, cross_validate};
pub use error::{EvaluationError, Side};
pub use exposures::{Exposure, Logging, PolicyFault};
pub use folds::Folds;
pub use forward::{ForwardFolds, ForwardValidation, cross_validate_forward};
pub use off_policy::{OffPolicy, OffPolicyOptions, PolicyValue, off_policy};
pub use splits::{BothSides, Split, SplitKey, TimeSplit};
