//! How many rows of each label have which probability.

use crate::learning::sum::{Sum, float, floor_at_most};
use crate::learning::{Forecasts, LearningError};

/// The rows of a range of probabilities, by label.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HistogramBin {
    /// The lower edge, which the bin holds.
    pub lower: f64,
    /// The upper edge, which the last bin alone holds.
    pub upper: f64,
    /// How much its rows with the label 0 weigh.
    pub negative: f64,
    /// How much its rows with the label 1 weigh.
    pub positive: f64,
}

/// The most bins that are taken.
const BINS_MAX: usize = 1 << 16;

/// So many bins of equal width over [0, 1], the empty ones too, by the rule of
/// [`crate::learning::Binning::Uniform`].
///
/// # Errors
/// [`LearningError::Bins`] for no bins, or more than 65,536.
/// ```
/// use payme_core::learning::{Forecasts, score_histogram};
/// let bins = score_histogram(&Forecasts::new(&[1, 0, 1], &[0.5, 0.1, 1.0])?, 4)?;
/// let counts: Vec<_> = bins.iter().map(|bin| (bin.negative, bin.positive)).collect();
/// assert_eq!(counts, [(1.0, 0.0), (0.0, 0.0), (0.0, 1.0), (0.0, 1.0)]);
/// # Ok::<(), payme_core::learning::LearningError>(())
/// ```
pub fn score_histogram(
    forecasts: &Forecasts<'_>,
    bins: usize,
) -> Result<Vec<HistogramBin>, LearningError> {
    if bins == 0 || bins > BINS_MAX {
        return Err(LearningError::Bins { bins });
    }
    let rows = forecasts.scored();
    let mut sums = vec![[Sum::default(); 2]; bins];
    for (row, (p, label)) in rows.scores().iter().zip(rows.labels()).enumerate() {
        let weight = rows.weights().and_then(|weights| weights.get(row)).copied().unwrap_or(1.0);
        if let Some([negative, positive]) = sums.get_mut(floor_at_most(p * float(bins), bins - 1)) {
            *if *label { positive } else { negative } += weight;
        }
    }
    let bin = |(at, [negative, positive]): (usize, [Sum; 2])| HistogramBin {
        lower: float(at) / float(bins),
        upper: float(at + 1) / float(bins),
        negative: negative.total(),
        positive: positive.total(),
    };
    Ok(sums.into_iter().enumerate().map(bin).collect())
}
