//! The error of calibration that chance alone shows.
//!
//! In: [`Forecasts`], of which only the probabilities count, and a seed. Out: the mean and the
//! 95th percentile that [`ece`](super::ece) has when every label is drawn with exactly the
//! probability of its row. An error below the percentile is no sign that a model is wrong.

use super::bins::{Binning, bin_count, equal_mass};
use crate::learning::random::{Stream, percentile};
use crate::learning::sorted::Sorted;
use crate::learning::sum::{Sum, float, floor_at_most};
use crate::learning::{Forecasts, LearningError};

/// What a perfectly calibrated model of this size would show.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExpectedEce {
    /// The mean.
    pub mean: f64,
    /// The value that 95 of 100 such models are at or below.
    pub percentile_95: f64,
}

/// How many models are drawn for the percentile. Its standard error is then 1 in 100 of the
/// spread of the models.
const DRAWS: usize = 20_000;
/// From this variance on, a number of positives is as good as normally distributed: the mean
/// distance from its mean is off by less than 1 in 1,000.
const VARIANCE_NORMAL: f64 = 100.0;

/// The [`ece`](super::ece) that these probabilities would have if they were true.
///
/// In a bin, the positives minus the sum of the probabilities have mean 0 and variance
/// `v_b = sum w p (1 - p)`, so `ece = sum |S_b| / w`. Bins of equal width without weights and with
/// `v_b < 100` have the exact distribution of `S_b` (Poisson binomial); otherwise it is normal,
/// with `mean |S_b| = sqrt(2 v_b / pi)`. The mean is computed; the percentile is that of 20,000
/// models drawn from the seed. After Bröcker and Smith 2007.
///
/// # Errors
/// As [`reliability_bins`](super::reliability_bins).
/// ```
/// use payme_core::learning::{Binning, Forecasts, ece_expected_if_calibrated};
/// let p: Vec<f64> = (0..1_000).map(|i| (f64::from(i) + 0.5) / 1_000.0).collect();
/// let labels = vec![true; 1_000];
/// let forecasts = Forecasts::new(&labels, &p)?;
/// let chance = ece_expected_if_calibrated(&forecasts, Binning::Uniform(10), 1)?;
/// assert!((chance.mean - 0.0312).abs() < 3e-4 && (chance.percentile_95 - 0.0458).abs() < 2e-3);
/// # Ok::<(), payme_core::learning::LearningError>(())
/// ```
pub fn ece_expected_if_calibrated(
    forecasts: &Forecasts<'_>,
    binning: Binning,
    seed: u64,
) -> Result<ExpectedEce, LearningError> {
    let bins = bin_count(binning)?;
    let gaps = match binning {
        Binning::Uniform(_) => uniform(forecasts, bins),
        Binning::EqualMass(_) => normal(&mass_variances(forecasts, bins)),
    };
    let weight = forecasts.scored().weight();
    let mut mean = Sum::default();
    for gap in &gaps {
        mean += gap.mean();
    }
    let mut stream = Stream::new(seed);
    let mut drawn: Vec<f64> =
        (0..DRAWS).map(|_| gaps.iter().map(|gap| gap.draw(&mut stream)).sum::<f64>()).collect();
    drawn.sort_unstable_by(f64::total_cmp);
    Ok(ExpectedEce {
        mean: mean.total() / weight,
        percentile_95: percentile(&drawn, 0.95) / weight,
    })
}

/// The distribution of the distance between positives and their expected number, in one bin.
enum Gap {
    /// A normal distribution of this deviation.
    Normal(f64),
    /// Values, and the chance of this value or one before it.
    Exact { values: Vec<f64>, cumulative: Vec<f64> },
}

impl Gap {
    fn mean(&self) -> f64 {
        match self {
            Self::Normal(deviation) => deviation * std::f64::consts::FRAC_2_PI.sqrt(),
            Self::Exact { values, cumulative } => {
                let before = std::iter::once(&0.0).chain(cumulative);
                let chances = cumulative.iter().zip(before).map(|(to, from)| to - from);
                values.iter().zip(chances).map(|(value, chance)| value * chance).sum()
            }
        }
    }

    fn draw(&self, stream: &mut Stream) -> f64 {
        match self {
            Self::Normal(deviation) => deviation * stream.normal_pair()[0].abs(),
            Self::Exact { values, cumulative } => {
                let unit = stream.unit();
                let at = cumulative.partition_point(|chance| *chance <= unit);
                values.get(at).or(values.last()).copied().unwrap_or(0.0)
            }
        }
    }
}

fn normal(variances: &[f64]) -> Vec<Gap> {
    variances.iter().map(|variance| Gap::Normal(variance.max(0.0).sqrt())).collect()
}

fn uniform(forecasts: &Forecasts<'_>, bins: usize) -> Vec<Gap> {
    let rows = forecasts.scored();
    let bin_of = |p: f64| floor_at_most(p * float(bins), bins - 1);
    let mut variances = vec![Sum::default(); bins];
    for (at, p) in rows.scores().iter().enumerate() {
        let weight = rows.weights().map_or(1.0, |weights| weights[at]);
        variances[bin_of(*p)] += weight * p * (1.0 - p);
    }
    let variances: Vec<f64> = variances.into_iter().map(Sum::total).collect();
    let mut gaps = normal(&variances);
    if rows.weights().is_some() {
        return gaps;
    }
    let mut small: Vec<Vec<f64>> = vec![Vec::new(); bins];
    for p in rows.scores() {
        if variances[bin_of(*p)] < VARIANCE_NORMAL {
            small[bin_of(*p)].push(*p);
        }
    }
    for (gap, probabilities) in gaps.iter_mut().zip(&small) {
        if !probabilities.is_empty() {
            *gap = exact(probabilities);
        }
    }
    gaps
}

/// The variances in bins of equal mass; a part of a divided block varies as that part.
fn mass_variances(forecasts: &Forecasts<'_>, bins: usize) -> Vec<f64> {
    let rows = forecasts.scored();
    let mut variances = vec![Sum::default(); bins];
    equal_mass(&Sorted::new(rows), rows.weight(), bins, |bin, p, weight| {
        variances[bin] += weight * p * (1.0 - p);
    });
    variances.into_iter().map(Sum::total).collect()
}

/// The distribution of the distance of a sum of independent labels from its mean.
///
/// Labels of a probability above one half are counted by their failures, so that both counts have
/// a mean of at most twice the variance and a short list of chances is enough.
fn exact(probabilities: &[f64]) -> Gap {
    let (low, high): (Vec<f64>, Vec<f64>) = probabilities.iter().partition(|p| **p <= 0.5);
    let failures: Vec<f64> = high.iter().map(|p| 1.0 - p).collect();
    let ((hits, hits_mean), (misses, misses_mean)) = (counts(&low), counts(&failures));
    let mut differences = vec![0.0; hits.len() + misses.len() - 1];
    for (hit, of_hit) in hits.iter().enumerate() {
        for (miss, of_miss) in misses.iter().rev().enumerate() {
            differences[hit + miss] += of_hit * of_miss;
        }
    }
    // Entry i is the chance of a difference of i - (misses.len() - 1).
    let centre = float(misses.len() - 1) + hits_mean - misses_mean;
    let mut total = 0.0;
    let cumulative = differences.iter().map(|chance| {
        total += chance;
        total
    });
    Gap::Exact {
        cumulative: cumulative.collect(),
        values: (0..differences.len()).map(|at| (float(at) - centre).abs()).collect(),
    }
}

/// The chances of 0, 1, 2 and so many hits of independent trials, and the mean number.
fn counts(probabilities: &[f64]) -> (Vec<f64>, f64) {
    let mean: f64 = probabilities.iter().sum();
    // Twelve deviations above the mean, what is left out is below every rounding error.
    let most = (mean + 12.0 * mean.sqrt() + 30.0).ceil();
    let most = floor_at_most(most, probabilities.len());
    let mut chances = vec![0.0; most + 1];
    chances[0] = 1.0;
    for (seen, p) in probabilities.iter().enumerate() {
        for count in (1..=most.min(seen + 1)).rev() {
            chances[count] = chances[count] * (1.0 - p) + chances[count - 1] * p;
        }
        chances[0] *= 1.0 - p;
    }
    (chances, mean)
}
