//! Brier score, its two decompositions, and the logarithmic loss.
//!
//! In: [`Forecasts`]. Out: means over the rows, lower is better, and the terms they are made of.

use super::bins::{BinSums, Binning, bin_count};
use crate::learning::pav::pools;
use crate::learning::sorted::Sorted;
use crate::learning::sum::{Sum, number, sum_of_pairs};
use crate::learning::{Forecasts, LearningError};
use crate::ranking::calibration::LOGARITHM_MARGIN;

/// Mean squared distance of the probabilities from the labels. Lower is better.
///
/// `brier = sum w (p - y)^2 / sum w`, in [0, 1]. Source: Brier 1950.
/// ```
/// use payme_core::learning::{Forecasts, brier_score};
/// let forecasts = Forecasts::new(&[true, false], &[0.75, 0.5])?;
/// assert_eq!(brier_score(&forecasts), (0.0625 + 0.25) / 2.0);
/// # Ok::<(), payme_core::learning::LearningError>(())
/// ```
pub fn brier_score(forecasts: &Forecasts<'_>) -> f64 {
    let rows = forecasts.scored();
    let square = |label, p: f64| {
        let distance: f64 = p - number(label);
        distance * distance
    };
    let sum = match rows.weights() {
        None => sum_of_pairs(rows.labels(), rows.scores(), square),
        Some(weights) => {
            let mut sum = Sum::default();
            for ((label, p), weight) in rows.labels().iter().zip(rows.scores()).zip(weights) {
                sum += weight * square(*label, *p);
            }
            sum.total()
        }
    };
    (sum / rows.weight()).min(1.0)
}

/// The Brier score in five terms over equal-width bins.
///
/// `brier = reliability - resolution + uncertainty + variance - 2 covariance`, to rounding. The
/// first three alone, which are Murphy's, add up only where all probabilities of a bin are equal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BrierDecomposition {
    /// `sum w_b (p_b - y_b)^2 / w`: how far bins are from their share of positives. Lower is
    /// better.
    pub reliability: f64,
    /// `sum w_b (y_b - y)^2 / w`: how far bins are from the share of all. Higher is better.
    pub resolution: f64,
    /// `y (1 - y)`: the score of always saying the share of all.
    pub uncertainty: f64,
    /// The mean variance of the probabilities within a bin.
    pub within_bin_variance: f64,
    /// The mean covariance of probabilities and labels within a bin.
    pub within_bin_covariance: f64,
}

impl BrierDecomposition {
    /// The Brier score that the terms add up to.
    pub fn brier(&self) -> f64 {
        self.reliability - self.resolution + self.uncertainty + self.within_bin_variance
            - 2.0 * self.within_bin_covariance
    }
}

/// The Brier score in five terms over so many equal-width bins (Stephenson, Coelho and Jolliffe
/// 2008). The bins are those of [`Binning::Uniform`].
///
/// # Errors
/// [`LearningError::Bins`] for no bins, or more than 65,536.
/// ```
/// use payme_core::learning::{Forecasts, brier_decomposition};
/// let forecasts = Forecasts::new(&[0, 1, 0, 1], &[0.2, 0.4, 0.6, 0.8])?;
/// let terms = brier_decomposition(&forecasts, 2)?;
/// assert!((terms.reliability - 0.04).abs() < 1e-15);
/// assert_eq!((terms.resolution, terms.uncertainty), (0.0, 0.25));
/// assert!((terms.within_bin_variance - 0.01).abs() < 1e-15);
/// assert!((terms.within_bin_covariance - 0.05).abs() < 1e-15);
/// assert!((terms.brier() - 0.2).abs() < 1e-15);
/// # Ok::<(), payme_core::learning::LearningError>(())
/// ```
pub fn brier_decomposition(
    forecasts: &Forecasts<'_>,
    bins: usize,
) -> Result<BrierDecomposition, LearningError> {
    Ok(decompose(forecasts, &BinSums::collect(forecasts, bin_count(Binning::Uniform(bins))?)))
}

pub(super) fn decompose(forecasts: &Forecasts<'_>, sums: &BinSums) -> BrierDecomposition {
    let weight = forecasts.scored().weight();
    let share = forecasts.scored().positive_rate();
    let mut terms = [Sum::default(); 4];
    for (sums, _) in sums.filled() {
        let (gap, of_bin) = (sums.gap(), sums.positive / sums.weight);
        let mean = sums.shift / sums.weight;
        terms[0] += sums.weight * gap * gap;
        terms[1] += sums.weight * (of_bin - share) * (of_bin - share);
        terms[2] += sums.shift_square - sums.shift * mean;
        terms[3] += sums.shift_positive - sums.positive * mean;
    }
    let [reliability, resolution, variance, covariance] = terms.map(|sum| sum.total() / weight);
    BrierDecomposition {
        reliability,
        resolution,
        uncertainty: share * (1.0 - share),
        within_bin_variance: variance.max(0.0),
        within_bin_covariance: covariance,
    }
}

/// The Brier score in three terms without bins: `brier = miscalibration - discrimination +
/// uncertainty`, to rounding.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CorpDecomposition {
    /// What the best recalibration that keeps the order would gain; at least 0. Lower is better.
    pub miscalibration: f64,
    /// What the recalibrated probabilities gain over always saying the share of positives; at
    /// least 0. Higher is better.
    pub discrimination: f64,
    /// `y (1 - y)`: the score of always saying the share of positives.
    pub uncertainty: f64,
}

/// The CORP decomposition of the Brier score (Dimitriadis, Gneiting and Jordan 2021): the best
/// recalibration is isotonic regression, so there are no bins to choose.
/// ```
/// use payme_core::learning::{Forecasts, corp_decomposition};
/// let forecasts = Forecasts::new(&[0, 1, 0, 1], &[0.2, 0.4, 0.6, 0.8])?;
/// let terms = corp_decomposition(&forecasts);
/// assert!((terms.miscalibration - 0.075).abs() < 1e-15);
/// assert_eq!((terms.discrimination, terms.uncertainty), (0.125, 0.25));
/// # Ok::<(), payme_core::learning::LearningError>(())
/// ```
pub fn corp_decomposition(forecasts: &Forecasts<'_>) -> CorpDecomposition {
    let rows = forecasts.scored();
    let mut recalibrated = Sum::default();
    for pool in pools(&Sorted::new(rows)) {
        recalibrated += pool.positive * (1.0 - pool.share());
    }
    let recalibrated = recalibrated.total() / rows.weight();
    let uncertainty = rows.positive_rate() * (1.0 - rows.positive_rate());
    CorpDecomposition {
        miscalibration: (brier_score(forecasts) - recalibrated).max(0.0),
        discrimination: (uncertainty - recalibrated).max(0.0),
        uncertainty,
    }
}

/// How many probabilities are multiplied before the logarithm of the product is taken: none is
/// below 2^-52, so the product of 16 stays far from underflow.
const FACTORS: usize = 16;

/// Mean negative logarithm of the probability that was given to what happened. Lower is better.
///
/// `log_loss = - sum w ln q / sum w`, `q = p` of positive rows and `1 - p` of the others, natural
/// logarithm, at least 0. At 0 and 1 the logarithm has no bound, so `q` is kept within
/// [2^-52, 1 - 2^-52]: certainty that was wrong costs 36.04 and not infinity, as in scikit-learn.
/// ```
/// use payme_core::learning::{Forecasts, log_loss};
/// let forecasts = Forecasts::new(&[true, false], &[0.5, 0.75])?;
/// assert!((log_loss(&forecasts) - (2.0_f64.ln() + 4.0_f64.ln()) / 2.0).abs() < 1e-15);
/// let wrong = Forecasts::new(&[false], &[1.0])?;
/// assert!((log_loss(&wrong) - 52.0 * 2.0_f64.ln()).abs() < 1e-12);
/// # Ok::<(), payme_core::learning::LearningError>(())
/// ```
pub fn log_loss(forecasts: &Forecasts<'_>) -> f64 {
    let rows = forecasts.scored();
    let given = |label: bool, p: f64| {
        let q = if label { p } else { 1.0 - p };
        q.clamp(LOGARITHM_MARGIN, 1.0 - LOGARITHM_MARGIN)
    };
    let mut sum = Sum::default();
    if let Some(weights) = rows.weights() {
        for ((label, p), weight) in rows.labels().iter().zip(rows.scores()).zip(weights) {
            sum += weight * given(*label, *p).ln();
        }
    } else {
        let chunks = rows.labels().chunks(FACTORS).zip(rows.scores().chunks(FACTORS));
        for (labels, scores) in chunks {
            let mut products = [1.0, 1.0];
            for (label, p) in labels.chunks(2).zip(scores.chunks(2)) {
                for (product, (label, p)) in products.iter_mut().zip(label.iter().zip(p)) {
                    *product *= given(*label, *p);
                }
            }
            sum += (products[0] * products[1]).ln();
        }
    }
    (-sum.total() / rows.weight()).max(0.0)
}
