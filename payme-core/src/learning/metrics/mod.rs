//! Measures of scores and of probabilities.
//!
//! In: checked rows. Out: numbers, each with its formula in its documentation. Measures that
//! need an order share one radix sort when [`metrics`] computes them together. Every measure is
//! the same, to rounding, for any order of the rows.

mod bins;
mod brier;
mod curves;
mod expected;
mod few;
mod ndcg;
mod order;
mod report;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_laws;
mod users;

pub use bins::{Binning, ReliabilityBin, ece, ece_debiased, mce, reliability_bins};
pub use brier::{
    BrierDecomposition, CorpDecomposition, brier_decomposition, brier_score, corp_decomposition,
    log_loss,
};
pub use curves::{PrecisionRecallPoint, RocPoint, precision_recall_curve, roc_curve};
pub use expected::{ExpectedEce, ece_expected_if_calibrated};
pub use ndcg::{Gain, Graded, ndcg_at_k, ndcg_at_k_per_user};
pub use order::{average_precision, precision_at_k, roc_auc};
pub use report::{Metrics, MetricsOptions, metrics};
pub use users::{
    DivideBy, Groups, PerUser, UserMean, WithoutPositive, precision_at_k_of_users,
    precision_at_k_per_user,
};
