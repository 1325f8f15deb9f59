//! The population stability index: how far the distribution of a signal has moved.
//!
//! In: the values of a signal when a model was trained, and now. Out: a [`Psi`]. What always holds:
//! bins are fixed on the reference, are not empty of chance (each has half a row more than it
//! holds), and the index is 0 where the shares are equal and above 0 elsewhere.

use serde::{Deserialize, Serialize};

use super::finite;
use crate::learning::LearningError;
use crate::learning::evaluation::EvaluationError;
use crate::learning::sum::{Sum, float};
use crate::learning::train::Matrix;

/// So many bins are usual.
pub const PSI_BINS: usize = 10;
/// From this index on a population counts as another one, by a convention without a proof
/// (Siddiqi 2006).
pub const PSI_WARNING: f64 = 0.25;

/// Each bin has so much of a row beside what it holds, so that an empty one has a logarithm.
const SMOOTHING: f64 = 0.5;
const BINS_MAX: usize = 1 << 16;

/// The bins of a signal, and how many values of the reference each holds.
///
/// Edges are quantiles: of n values in ascending order, those with the places `floor(i n / bins)`,
/// counted from 0, for i from 1 to `bins - 1`. A bin holds its lower edge and not the upper one;
/// the first and the last are open. A value on which two quantiles fall (one that more than a bin's
/// share of the values have) has a bin of its own, so that a signal which was constant and moves is
/// seen. It is stored with the weights, and reads back the same.
/// ```
/// use payme_core::learning::PsiReference;
/// let was: Vec<f64> = (0..100).map(f64::from).collect();
/// let reference = PsiReference::new(&was, 4)?;
/// assert_eq!(reference.edges(), [25.0, 50.0, 75.0]);
/// assert!(reference.psi(&was)?.psi.abs() < 1e-15);
///
/// let moved: Vec<f64> = was.iter().map(|value| value + 25.0).collect();
/// assert!(reference.psi(&moved)?.is_warning());
/// # Ok::<(), payme_core::learning::EvaluationError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored")]
pub struct PsiReference {
    edges: Vec<f64>,
    counts: Vec<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    edges: Vec<f64>,
    counts: Vec<u64>,
}

impl TryFrom<Stored> for PsiReference {
    type Error = EvaluationError;

    fn try_from(Stored { edges, counts }: Stored) -> Result<Self, EvaluationError> {
        let refused = |what| Err(EvaluationError::Reference { what });
        if !edges.iter().all(|edge| edge.is_finite()) || !edges.is_sorted_by(|a, b| a < b) {
            return refused("the edges do not ascend");
        }
        if counts.len() != edges.len() + 1 {
            return refused("there is not one count for each bin");
        }
        let sum = counts.iter().try_fold(0_u64, |sum, count| sum.checked_add(*count));
        if sum.is_none_or(|sum| sum == 0) {
            return refused("the counts have no sum above 0");
        }
        Ok(Self { edges, counts })
    }
}

/// How far a signal has moved.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Psi {
    /// `sum (c_b - r_b) ln(c_b / r_b)` over the bins, with the shares r of the reference and c of
    /// now; from 0 on.
    pub psi: f64,
    /// What chance alone gives in the mean: `(bins - 1) (1/n + 1/m)` for n values then and m now.
    pub by_chance: f64,
    /// What chance alone exceeds once in twenty: that times the percentile of a chi-squared number
    /// (Yurdakul 2018), by the approximation of Wilson and Hilferty 1931.
    pub by_chance_95: f64,
    /// How many bins there are.
    pub bins: usize,
}

impl Psi {
    /// Whether it is above [`PSI_WARNING`] and above what chance alone exceeds once in twenty.
    pub fn is_warning(&self) -> bool {
        self.psi > PSI_WARNING && self.psi > self.by_chance_95
    }
}

impl PsiReference {
    /// Fixes the bins on the values that a model was trained on.
    ///
    /// # Errors
    /// [`LearningError::Bins`] for no bins or more than 65,536, [`LearningError::TooFew`] for fewer
    /// values than bins, [`LearningError::Score`] for one that is not finite.
    pub fn new(values: &[f64], bins: usize) -> Result<Self, EvaluationError> {
        if bins == 0 || bins > BINS_MAX {
            return Err(LearningError::Bins { bins }.into());
        }
        if values.len() < bins {
            return Err(LearningError::TooFew { rows: values.len(), rows_min: bins }.into());
        }
        finite(values)?;
        // The two zeros are one value.
        let mut sorted: Vec<f64> = values.iter().map(|value| value + 0.0).collect();
        sorted.sort_unstable_by(f64::total_cmp);
        let last = sorted.len() - 1;
        let place = |edge: usize| {
            (edge * (sorted.len() / bins) + edge * (sorted.len() % bins) / bins).min(last)
        };
        let at = |edge: usize| sorted.get(place(edge)).copied().unwrap_or(0.0);
        let mut edges: Vec<f64> = (1..bins).map(at).collect();
        for edge in 0..bins {
            let (low, high) = (at(edge), at(edge + 1));
            if place(edge) < place(edge + 1) && low >= high {
                edges.extend([low, low.next_up()].iter().filter(|edge| edge.is_finite()));
            }
        }
        edges.sort_unstable_by(f64::total_cmp);
        edges.dedup();
        let counts = counts(&edges, &sorted);
        Ok(Self { edges, counts })
    }

    /// The edges between the bins, ascending; one fewer than there are bins.
    pub fn edges(&self) -> &[f64] {
        &self.edges
    }

    /// How many values of the reference each bin holds.
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// How far the values of now are from the reference.
    ///
    /// With the share of a bin `(count + 1/2) / (n + bins / 2)`, then and now.
    ///
    /// # Errors
    /// [`LearningError::Empty`] without values, [`LearningError::Score`] for one that is not
    /// finite.
    pub fn psi(&self, current: &[f64]) -> Result<Psi, EvaluationError> {
        if current.is_empty() {
            return Err(LearningError::Empty.into());
        }
        finite(current)?;
        let now = counts(&self.edges, current);
        let bins = float(now.len());
        let totals =
            [&self.counts, &now].map(|counts| counts.iter().map(|c| wide(*c)).sum::<f64>());
        let [then_total, now_total] = totals;
        let share = |count: u64, total: f64| (wide(count) + SMOOTHING) / (total + SMOOTHING * bins);
        let mut psi = Sum::default();
        for (then, now) in self.counts.iter().zip(&now) {
            let (then, now) = (share(*then, then_total), share(*now, now_total));
            psi += (now - then) * (now / then).ln();
        }
        let scale = 1.0 / then_total + 1.0 / now_total;
        let freedom = bins - 1.0;
        Ok(Psi {
            psi: psi.total().max(0.0),
            by_chance: freedom * scale,
            by_chance_95: chi_squared_95(freedom) * scale,
            bins: now.len(),
        })
    }
}

/// The index of each column of a table, such as a signal, against its reference.
///
/// # Errors
/// [`LearningError::Length`] where there is not one reference for each column, and as
/// [`PsiReference::psi`].
/// ```
/// use payme_core::learning::train::{Matrix, Order};
/// use payme_core::learning::{PsiReference, psi_of_columns};
/// let references = [PsiReference::new(&[0.1, 0.2], 2)?, PsiReference::new(&[0.5, 0.5], 2)?];
/// let now = Matrix::new(&[0.1, 0.9, 0.2, 0.9], 2, 2, Order::Rows)?;
/// let found = psi_of_columns(&references, &now)?;
/// assert!(found[0].psi.abs() < 1e-15 && found[1].psi > 1.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn psi_of_columns(
    references: &[PsiReference],
    current: &Matrix<'_>,
) -> Result<Vec<Psi>, EvaluationError> {
    crate::learning::rows::same_length("references", current.columns(), references.len())?;
    let column = |(column, reference): (usize, &PsiReference)| {
        let rows = 0..current.rows();
        let values: Vec<f64> = rows.filter_map(|row| current.get(row, column)).collect();
        reference.psi(&values)
    };
    references.iter().enumerate().map(column).collect()
}

fn counts(edges: &[f64], values: &[f64]) -> Vec<u64> {
    let mut counts = vec![0; edges.len() + 1];
    for value in values {
        if let Some(count) = counts.get_mut(edges.partition_point(|edge| edge <= value)) {
            *count += 1;
        }
    }
    counts
}

#[expect(clippy::cast_precision_loss, reason = "no table has 2^53 rows")]
const fn wide(count: u64) -> f64 {
    count as f64
}

/// What a sum of so many squares of standard normal numbers is at or below 95 times in 100.
pub(super) fn chi_squared_95(freedom: f64) -> f64 {
    if freedom <= 0.0 {
        return 0.0;
    }
    let ninth = 2.0 / (9.0 * freedom);
    freedom * (1.0 - ninth + 1.644_853_626_951_472_2 * ninth.sqrt()).powi(3)
}
