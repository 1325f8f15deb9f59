//! A reliability diagram whose points say how sure they are.

use crate::learning::evaluation::EvaluationError;
use crate::learning::normal::two_sided;
use crate::learning::{Binning, Forecasts, ReliabilityBin, reliability_bins};

/// A bin of a reliability diagram, with the shares of positives that chance leaves open.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReliabilityBand {
    /// The bin.
    pub bin: ReliabilityBin,
    /// The lower end of the interval of the share of positives, in [0, 1].
    pub low: f64,
    /// The upper end, in [0, 1].
    pub high: f64,
}

/// The bins that hold a row, each with Wilson's interval of its share of positives.
///
/// With `n` the weight of the bin, `y` its share of positives and `z` the two-sided percentile of
/// the normal law: `(y + z^2 / 2n +- z sqrt(y (1 - y) / n + z^2 / 4n^2)) / (1 + z^2 / n)`, the
/// shares that `y` is no more than `z` of their standard deviations away from. It is never empty
/// and never leaves [0, 1], also where all rows of a bin have one label. Source: Wilson 1927.
///
/// # Errors
/// [`EvaluationError::Confidence`] for one that is not above 0 and below 1, and as
/// [`reliability_bins`].
/// ```
/// use payme_core::learning::{Binning, Forecasts, reliability_bands};
/// // One of ten that had a probability of 0.2.
/// let labels: Vec<bool> = (0..10).map(|row| row == 3).collect();
/// let forecasts = Forecasts::new(&labels, &[0.2; 10])?;
/// let band = reliability_bands(&forecasts, Binning::Uniform(10), 0.95)?[0];
/// assert!((band.low - 0.0179).abs() < 1e-4 && (band.high - 0.4042).abs() < 1e-4);
/// # Ok::<(), payme_core::learning::EvaluationError>(())
/// ```
pub fn reliability_bands(
    forecasts: &Forecasts<'_>,
    binning: Binning,
    confidence: f64,
) -> Result<Vec<ReliabilityBand>, EvaluationError> {
    if !(confidence > 0.0 && confidence < 1.0) {
        return Err(EvaluationError::Confidence);
    }
    let z = two_sided(confidence);
    let bins = reliability_bins(forecasts, binning)?;
    Ok(bins.into_iter().map(|bin| banded(bin, z)).collect())
}

fn banded(bin: ReliabilityBin, z: f64) -> ReliabilityBand {
    let ReliabilityBin { weight, positive_rate: rate, .. } = bin;
    let square = z * z / weight;
    let center = (rate + square / 2.0) / (1.0 + square);
    let variance = rate * (1.0 - rate) / weight + square / (4.0 * weight);
    let half = z * variance.sqrt() / (1.0 + square);
    // At 0 and at 1 the ends are exactly there, which rounding may miss.
    let low = if rate > 0.0 { (center - half).clamp(0.0, rate) } else { 0.0 };
    let high = if rate < 1.0 { (center + half).clamp(rate, 1.0) } else { 1.0 };
    ReliabilityBand { bin, low, high }
}
