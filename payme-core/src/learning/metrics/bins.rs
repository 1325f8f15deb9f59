//! Reliability: probabilities beside the shares of positives, bin by bin, and the errors of
//! calibration that are means over bins.
//!
//! In: [`Forecasts`] and a [`Binning`]. Out: the bins that are not empty, in ascending order, or
//! one number over them. Without the value that a calibrated model of this size would show
//! (`ece_expected_if_calibrated`), an error of calibration says little.

use crate::learning::sorted::Sorted;
use crate::learning::sum::{Sum, float, floor_at_most, number};
use crate::learning::{Forecasts, LearningError};

/// How probabilities are put into bins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binning {
    /// So many bins of equal width over [0, 1]: `bin = min(floor(p * bins), bins - 1)`, so each
    /// is `[lower, upper)` and the last one closed. The product is one of doubles.
    Uniform(usize),
    /// So many bins of equal mass, in the order of the probabilities. A block of equal
    /// probabilities, or a single row, that an edge goes through is divided: each side gets its
    /// share of the weight and of the positives, which is the mean over all orders of the block.
    /// So the bins depend neither on the order of the rows nor on whether rows are repeated or
    /// weighted.
    EqualMass(usize),
}

/// The most bins that are taken.
const BINS_MAX: usize = 1 << 16;

pub(super) const fn bin_count(binning: Binning) -> Result<usize, LearningError> {
    let (Binning::Uniform(bins) | Binning::EqualMass(bins)) = binning;
    if bins == 0 || bins > BINS_MAX {
        return Err(LearningError::Bins { bins });
    }
    Ok(bins)
}

/// A bin with at least one row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReliabilityBin {
    /// The lower edge; of a bin of equal mass, its lowest probability.
    pub lower: f64,
    /// The upper edge; of a bin of equal mass, its highest probability.
    pub upper: f64,
    /// How much its rows weigh, above 0. Not always whole in bins of equal mass.
    pub weight: f64,
    /// The mean probability.
    pub score_mean: f64,
    /// The share of positives.
    pub positive_rate: f64,
}

impl ReliabilityBin {
    /// How far the mean probability is from the share of positives.
    fn gap(&self) -> f64 {
        (self.score_mean - self.positive_rate).abs()
    }
}

/// The bins that hold a row, in ascending order: the points of a reliability diagram.
///
/// # Errors
/// [`LearningError::Bins`] for no bins, or more than 65,536.
/// ```
/// use payme_core::learning::{Binning, Forecasts, reliability_bins};
/// let forecasts = Forecasts::new(&[1, 0, 1], &[0.5, 0.25, 0.75])?;
/// let bins = reliability_bins(&forecasts, Binning::Uniform(2))?;
/// assert_eq!((bins[0].score_mean, bins[0].positive_rate), (0.25, 0.0));
/// // A bin holds its lower edge, so 0.5 is in the second.
/// assert_eq!((bins[1].score_mean, bins[1].positive_rate, bins[1].weight), (0.625, 1.0, 2.0));
/// # Ok::<(), payme_core::learning::LearningError>(())
/// ```
pub fn reliability_bins(
    forecasts: &Forecasts<'_>,
    binning: Binning,
) -> Result<Vec<ReliabilityBin>, LearningError> {
    let bins = bin_count(binning)?;
    Ok(match binning {
        Binning::Uniform(_) => BinSums::collect(forecasts, bins).reliability(),
        Binning::EqualMass(_) => {
            let rows = forecasts.scored();
            equal_mass(&Sorted::new(rows), rows.weight(), bins, |_, _, _| {})
        }
    })
}

/// Expected calibration error: the mean distance of bins from their share of positives.
///
/// `ece = sum w_b |p_b - y_b| / w`, in [0, 1]. Source: Naeini, Cooper and Hauskrecht 2015.
///
/// # Errors
/// As [`reliability_bins`].
/// ```
/// use payme_core::learning::{Binning, Forecasts, ece};
/// let forecasts = Forecasts::new(&[1, 0, 1], &[0.5, 0.4, 0.6])?;
/// let error = ece(&forecasts, Binning::Uniform(2))?;
/// // [0, 0.5) and [0.5, 1]; libraries whose bins are closed above say 0.1667.
/// assert!((error - 1.3 / 3.0).abs() < 1e-15);
/// # Ok::<(), payme_core::learning::LearningError>(())
/// ```
pub fn ece(forecasts: &Forecasts<'_>, binning: Binning) -> Result<f64, LearningError> {
    reliability_bins(forecasts, binning).map(|bins| ece_of(&bins))
}

/// Maximum calibration error: the largest distance of a bin from its share of positives.
///
/// # Errors
/// As [`reliability_bins`].
/// ```
/// use payme_core::learning::{Binning, Forecasts, mce};
/// let forecasts = Forecasts::new(&[0, 1, 1, 0, 0], &[0.0, 0.0, 1.0, 1.0, 0.95])?;
/// assert!((mce(&forecasts, Binning::Uniform(10))? - 0.65).abs() < 1e-15);
/// # Ok::<(), payme_core::learning::LearningError>(())
/// ```
pub fn mce(forecasts: &Forecasts<'_>, binning: Binning) -> Result<f64, LearningError> {
    reliability_bins(forecasts, binning).map(|bins| mce_of(&bins))
}

/// The root of the mean squared distance of bins, without what chance adds to it.
///
/// `sqrt(max(0, sum w_b ((p_b - y_b)^2 - y_b (1 - y_b) / (w_b - 1)) / w))`: the share of positives
/// of a bin varies by `y_b (1 - y_b) / (w_b - 1)` even where the model is calibrated. A bin of one
/// row or less has no estimate of that, and is left out of the sum. Source: Kumar, Liang and Ma
/// 2019.
///
/// # Errors
/// As [`reliability_bins`].
/// ```
/// use payme_core::learning::{Binning, Forecasts, ece_debiased};
/// let labels = [1, 1, 1, 1, 1, 0, 0, 0, 0, 0];
/// let forecasts = Forecasts::new(&labels, &[0.9; 10])?;
/// let expected = (0.16 - 0.25 / 9.0_f64).sqrt();
/// assert!((ece_debiased(&forecasts, Binning::Uniform(10))? - expected).abs() < 1e-15);
/// # Ok::<(), payme_core::learning::LearningError>(())
/// ```
pub fn ece_debiased(forecasts: &Forecasts<'_>, binning: Binning) -> Result<f64, LearningError> {
    reliability_bins(forecasts, binning).map(|bins| ece_debiased_of(&bins))
}

pub(super) fn ece_of(bins: &[ReliabilityBin]) -> f64 {
    mean_over(bins, ReliabilityBin::gap)
}

pub(super) fn mce_of(bins: &[ReliabilityBin]) -> f64 {
    bins.iter().map(ReliabilityBin::gap).fold(0.0, f64::max)
}

pub(super) fn ece_debiased_of(bins: &[ReliabilityBin]) -> f64 {
    let squared = mean_over(bins, |bin| {
        if bin.weight <= 1.0 {
            return 0.0;
        }
        let chance = bin.positive_rate * (1.0 - bin.positive_rate) / (bin.weight - 1.0);
        bin.gap() * bin.gap() - chance
    });
    squared.max(0.0).sqrt()
}

fn mean_over(bins: &[ReliabilityBin], of: impl Fn(&ReliabilityBin) -> f64) -> f64 {
    let (mut sum, mut weight) = (Sum::default(), Sum::default());
    for bin in bins {
        sum += bin.weight * of(bin);
        weight += bin.weight;
    }
    sum.total() / weight.total()
}

/// What is known of one equal-width bin. Probabilities are held as distances from its middle:
/// their squares are small, so a variance loses no digits.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct BinSum {
    pub(super) weight: f64,
    pub(super) shift: f64,
    pub(super) shift_square: f64,
    pub(super) positive: f64,
    pub(super) shift_positive: f64,
    middle: f64,
}

impl BinSum {
    /// The mean probability minus the share of positives.
    pub(super) fn gap(&self) -> f64 {
        self.score_mean() - self.positive / self.weight
    }

    fn score_mean(&self) -> f64 {
        (self.middle + self.shift / self.weight).clamp(0.0, 1.0)
    }

    #[inline]
    fn add(&mut self, p: f64, label: f64, weight: f64) {
        let shift = p - self.middle;
        self.weight += weight;
        self.shift += weight * shift;
        self.shift_square += weight * shift * shift;
        self.positive += weight * label;
        self.shift_positive += weight * shift * label;
    }
}

/// The sums of all equal-width bins.
#[derive(Debug)]
pub(super) struct BinSums(Vec<BinSum>);

/// So many rows are added plainly before the sums are folded into compensated ones.
const STRETCH: usize = 1 << 13;

impl BinSums {
    pub(super) fn collect(forecasts: &Forecasts<'_>, bins: usize) -> Self {
        let rows = forecasts.scored();
        let width = 1.0 / float(bins);
        let middle = |bin: usize| (float(bin) + 0.5) * width;
        // Rows go to two tables in turn, so that many rows of one bin do not wait for each other.
        let empty: Vec<BinSum> =
            (0..bins).map(|bin| BinSum { middle: middle(bin), ..BinSum::default() }).collect();
        let mut tables = [empty.clone(), empty.clone()];
        let mut totals = vec![[Sum::default(); 5]; bins];
        let scale = float(bins);
        let bin_of = |p: f64| floor_at_most(p * scale, bins - 1);
        // With many bins folding would cost more than adding.
        let stretch = STRETCH.max(8 * bins);
        for start in (0..rows.len()).step_by(stretch) {
            let end = rows.len().min(start + stretch);
            let (labels, scores) = (&rows.labels()[start..end], &rows.scores()[start..end]);
            if let Some(weights) = rows.weights() {
                for ((label, p), weight) in labels.iter().zip(scores).zip(&weights[start..end]) {
                    tables[0][bin_of(*p)].add(*p, number(*label), *weight);
                }
            } else {
                for (labels, scores) in labels.chunks(2).zip(scores.chunks(2)) {
                    for (table, (label, p)) in tables.iter_mut().zip(labels.iter().zip(scores)) {
                        table[bin_of(*p)].add(*p, number(*label), 1.0);
                    }
                }
            }
            for table in &mut tables {
                fold(&mut totals, table);
                table.copy_from_slice(&empty);
            }
        }
        let total = |(bin, sums): (usize, &[Sum; 5])| {
            let [weight, shift, shift_square, positive, shift_positive] = sums.map(Sum::total);
            let middle = middle(bin);
            BinSum { weight, shift, shift_square, positive, shift_positive, middle }
        };
        Self(totals.iter().enumerate().map(total).collect())
    }

    /// The bins that are not empty, with their places.
    pub(super) fn filled(&self) -> impl Iterator<Item = (&BinSum, usize)> {
        self.0.iter().zip(0..).filter(|(sums, _)| sums.weight > 0.0)
    }

    pub(super) fn reliability(&self) -> Vec<ReliabilityBin> {
        let bins = float(self.0.len());
        let bin = |(sums, at): (&BinSum, usize)| ReliabilityBin {
            lower: float(at) / bins,
            upper: float(at + 1) / bins,
            weight: sums.weight,
            score_mean: sums.score_mean(),
            positive_rate: (sums.positive / sums.weight).min(1.0),
        };
        self.filled().map(bin).collect()
    }
}

fn fold(totals: &mut [[Sum; 5]], table: &[BinSum]) {
    for (totals, sums) in totals.iter_mut().zip(table) {
        totals[0] += sums.weight;
        totals[1] += sums.shift;
        totals[2] += sums.shift_square;
        totals[3] += sums.positive;
        totals[4] += sums.shift_positive;
    }
}

/// A part of a block that is smaller than this is rounding, and goes to the other side.
const SLIVER: f64 = 1e-9;

/// A bin of equal mass that is being filled.
#[derive(Default)]
struct Filling {
    weight: Sum,
    score: Sum,
    positive: Sum,
    lower: Option<f64>,
    upper: f64,
}

/// The bins of equal mass of sorted rows that weigh so much together.
///
/// `each` is told every part: the number of its bin, its score and its weight.
#[inline]
pub(super) fn equal_mass(
    sorted: &Sorted,
    weight: f64,
    bins: usize,
    mut each: impl FnMut(usize, f64, f64),
) -> Vec<ReliabilityBin> {
    let mass = weight / float(bins);
    let mut done = Vec::new();
    let mut bin = Filling::default();
    let (mut filled, mut before, mut edge) = (0, Sum::default(), mass);
    sorted.ascending(|block| {
        let mut left = block.weight;
        loop {
            let room = edge - before.total();
            let is_last = filled + 1 == bins;
            if is_last || left <= room + SLIVER * block.weight {
                bin.take(block.score, left, block.positive * (left / block.weight));
                each(filled, block.score, left);
                before += left;
                return;
            }
            if room > SLIVER * block.weight {
                bin.take(block.score, room, block.positive * (room / block.weight));
                each(filled, block.score, room);
                before += room;
                left -= room;
            }
            done.extend(std::mem::take(&mut bin).done());
            filled += 1;
            edge = mass * float(filled + 1);
        }
    });
    done.extend(bin.done());
    done
}

impl Filling {
    #[inline]
    fn take(&mut self, score: f64, weight: f64, positive: f64) {
        self.weight += weight;
        self.score += weight * score;
        self.positive += positive;
        self.lower = self.lower.or(Some(score));
        self.upper = score;
    }

    fn done(self) -> Option<ReliabilityBin> {
        let (lower, weight) = (self.lower?, self.weight.total());
        Some(ReliabilityBin {
            lower,
            upper: self.upper,
            weight,
            score_mean: (self.score.total() / weight).clamp(lower, self.upper),
            positive_rate: (self.positive.total() / weight).min(1.0),
        })
    }
}
