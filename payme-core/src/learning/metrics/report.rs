//! All measures of one set of forecasts, with one sort and one pass over the bins.
//!
//! In: [`Forecasts`]. Out: [`Metrics`], each of them to the bit what its own function answers.

use super::bins::{BinSums, Binning, bin_count, ece_debiased_of, ece_of, equal_mass, mce_of};
use super::brier::{BrierDecomposition, brier_score, decompose, log_loss};
use super::order::{Swept, need_positive, sweep};
use crate::learning::sorted::Sorted;
use crate::learning::{Defined, Forecasts, LearningError};

/// What is measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricsOptions {
    /// How many bins the errors of calibration and the decomposition have: 10 by default.
    pub bins: usize,
    /// The `k` of the pooled precisions: 5 and 10 by default.
    pub precision_at: Vec<usize>,
}

impl Default for MetricsOptions {
    fn default() -> Self {
        Self { bins: 10, precision_at: vec![5, 10] }
    }
}

/// How good forecasts are.
#[derive(Debug, Clone, PartialEq)]
pub struct Metrics {
    /// How many rows there are, those of weight 0 included.
    pub rows: usize,
    /// The share of positives.
    pub positive_rate: f64,
    /// [`brier_score`].
    pub brier: f64,
    /// [`brier_decomposition`](super::brier_decomposition).
    pub brier_decomposition: BrierDecomposition,
    /// [`ece`](super::ece) over bins of equal width.
    pub ece: f64,
    /// [`mce`](super::mce) over bins of equal width.
    pub mce: f64,
    /// [`ece_debiased`](super::ece_debiased) over bins of equal width.
    pub ece_debiased: f64,
    /// [`ece`](super::ece) over bins of equal mass.
    pub ece_equal_mass: f64,
    /// [`mce`](super::mce) over bins of equal mass.
    pub mce_equal_mass: f64,
    /// [`log_loss`].
    pub log_loss: f64,
    /// [`roc_auc`](super::roc_auc).
    pub roc_auc: Defined<f64>,
    /// [`average_precision`](super::average_precision).
    pub average_precision: Defined<f64>,
    /// [`precision_at_k`](super::precision_at_k), with its `k`, in the order that was asked for.
    pub precision_at: Vec<(usize, f64)>,
}

/// Measures forecasts in every way that needs no users, sorting once.
///
/// With the feature `parallel` the sort runs beside the sums; no bit of an answer depends on it.
///
/// # Errors
/// [`LearningError::Bins`] for no bins or more than 65,536, [`LearningError::TopZero`] for a `k`
/// of 0.
/// ```
/// use payme_core::learning::{Forecasts, MetricsOptions, metrics};
/// let forecasts = Forecasts::new(&[0, 1, 1, 0], &[0.1, 0.9, 0.8, 0.3])?;
/// let all = metrics(&forecasts, &MetricsOptions::default())?;
/// assert_eq!((all.roc_auc.value(), all.precision_at[0]), (Some(1.0), (5, 0.5)));
/// # Ok::<(), payme_core::learning::LearningError>(())
/// ```
pub fn metrics(
    forecasts: &Forecasts<'_>,
    options: &MetricsOptions,
) -> Result<Metrics, LearningError> {
    let rows = forecasts.scored();
    let bins = bin_count(Binning::Uniform(options.bins))?;
    for k in &options.precision_at {
        need_positive(*k)?;
    }
    let of_order = || {
        let sorted = Sorted::new(rows);
        let mass = equal_mass(&sorted, rows.weight(), bins, |_, _, _| {});
        (sweep(rows, &sorted, &options.precision_at), mass)
    };
    let of_sums =
        || (brier_score(forecasts), log_loss(forecasts), BinSums::collect(forecasts, bins));
    let ((swept, mass), (brier, log_loss, sums)) = both(of_order, of_sums);
    let Swept { roc_auc, average_precision, precision_at } = swept;
    let width = sums.reliability();
    Ok(Metrics {
        rows: rows.len(),
        positive_rate: rows.positive_rate(),
        brier,
        brier_decomposition: decompose(forecasts, &sums),
        ece: ece_of(&width),
        mce: mce_of(&width),
        ece_debiased: ece_debiased_of(&width),
        ece_equal_mass: ece_of(&mass),
        mce_equal_mass: mce_of(&mass),
        log_loss,
        roc_auc,
        average_precision,
        precision_at: options.precision_at.iter().copied().zip(precision_at).collect(),
    })
}

/// The answers of two functions that do not depend on each other.
#[cfg(feature = "parallel")]
fn both<A: Send, B: Send>(
    one: impl FnOnce() -> A + Send,
    other: impl FnOnce() -> B + Send,
) -> (A, B) {
    rayon::join(one, other)
}

#[cfg(not(feature = "parallel"))]
fn both<A, B>(one: impl FnOnce() -> A, other: impl FnOnce() -> B) -> (A, B) {
    (one(), other())
}
