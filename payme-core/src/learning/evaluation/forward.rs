//! Folds in time: what came first is learnt from, what came next is held out, again and again.
//!
//! In: the user and the time of each row, and how many folds. Out: [`ForwardFolds`], each a split
//! with a window of learning that grows. What always holds: nothing that is learnt from is as late
//! as anything that is held out by the same fold, no row is held out twice, and the rows of one
//! moment are held out together.

use super::cross_validation::{FoldFit, fold_fit, measure_of};
use super::splits::{BothSides, Split, SplitKey};
use super::{CrossValidationOptions, EvaluationError};
use crate::learning::rows::same_length;
use crate::learning::train::{Samples, Trainer};
use crate::learning::{LearningError, Metrics};
use crate::types::Instant;

/// Splits by time whose windows of learning grow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForwardFolds {
    splits: Vec<Split>,
    starts: Vec<Instant>,
    rows: usize,
}

impl ForwardFolds {
    /// Cuts the time into one stretch more than there are folds, each of about as many rows. The
    /// first is only learnt from; each other one is held out by a fold that learns from all before
    /// it. Users with rows on both sides of a fold are treated as in [`Split::by_time`].
    ///
    /// # Errors
    /// [`LearningError::Empty`] without rows, [`LearningError::Length`] where there is not one time
    /// for each user, [`EvaluationError::Moments`] for no folds or fewer distinct times than
    /// stretches, [`EvaluationError::SideEmpty`] where leaving out users leaves nothing on a side.
    /// ```
    /// use payme_core::learning::{BothSides, EvaluationError, ForwardFolds};
    /// use payme_core::types::Instant;
    ///
    /// let users = ["ann", "bob", "cyd", "dan", "eve", "fay"];
    /// let times = [5, 1, 2, 4, 3, 6].map(|day| Instant::EPOCH.plus_micros(day * 86_400_000_000));
    /// let folds = ForwardFolds::by_time(&users, &times, 2, BothSides::Report)?;
    /// let first = &folds.splits()[0];
    /// assert_eq!((&first.train, &first.test), (&vec![1, 2], &vec![3, 4]));
    /// let second = &folds.splits()[1];
    /// assert_eq!((&second.train, &second.test), (&vec![1, 2, 3, 4], &vec![0, 5]));
    /// # Ok::<(), EvaluationError>(())
    /// ```
    pub fn by_time<K: SplitKey + Clone>(
        users: &[K],
        times: &[Instant],
        folds: usize,
        both_sides: BothSides,
    ) -> Result<Self, EvaluationError> {
        same_length("times", users.len(), times.len())?;
        if times.is_empty() {
            return Err(LearningError::Empty.into());
        }
        let starts = starts(times, folds)?;
        let mut splits = Vec::with_capacity(folds);
        for (at, start) in starts.iter().enumerate() {
            let is_before = |time: Instant| starts.get(at + 1).is_none_or(|next| time < *next);
            // What comes after the fold has no part in it.
            let rows: Vec<usize> = (0..times.len())
                .zip(times)
                .filter(|(_, t)| is_before(**t))
                .map(|(r, _)| r)
                .collect();
            let users: Vec<K> = rows.iter().filter_map(|row| users.get(*row).cloned()).collect();
            let times: Vec<Instant> =
                rows.iter().filter_map(|row| times.get(*row).copied()).collect();
            let Split { train, test } = Split::by_time(&users, &times, *start, both_sides)?.split;
            let back = |side: Vec<usize>| -> Vec<usize> {
                side.into_iter().filter_map(|place| rows.get(place).copied()).collect()
            };
            splits.push(Split { train: back(train), test: back(test) });
        }
        Ok(Self { splits, starts, rows: times.len() })
    }

    /// The folds, the earliest first; places ascend in each.
    pub fn splits(&self) -> &[Split] {
        &self.splits
    }

    /// When each fold begins: what lies before is learnt from.
    pub fn starts(&self) -> &[Instant] {
        &self.starts
    }
}

/// When the folds begin: moments as near as can be to equal numbers of rows.
fn starts(times: &[Instant], folds: usize) -> Result<Vec<Instant>, EvaluationError> {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    let mut moments = sorted.clone();
    moments.dedup();
    if folds == 0 || folds >= moments.len() {
        return Err(EvaluationError::Moments { folds, moments: moments.len() });
    }
    let (stretches, rows) = (folds + 1, sorted.len());
    let mut starts: Vec<Instant> = Vec::with_capacity(folds);
    let mut least = 1;
    for stretch in 1..stretches {
        let place = stretch * (rows / stretches) + stretch * (rows % stretches) / stretches;
        let wanted = sorted.get(place).map_or(0, |time| moments.partition_point(|m| m < time));
        // Each fold has a moment of its own, and leaves one to each that follows.
        let at = wanted.max(least).min(moments.len() - stretches + stretch);
        starts.extend(moments.get(at));
        least = at + 1;
    }
    Ok(starts)
}

/// What cross-validation in time gives.
#[derive(Debug, Clone, PartialEq)]
pub struct ForwardValidation {
    /// The rows that were held out by some fold, in the order of the folds.
    pub rows: Vec<usize>,
    /// The probability of each of them, by the fit to what came before it.
    pub probabilities: Vec<f64>,
    /// The folds, the earliest first.
    pub folds: Vec<FoldFit>,
    /// The measures over all rows that were held out.
    pub pooled: Metrics,
}

/// Fits once for each fold, to what came before it, and scores the fold.
///
/// # Errors
/// As [`cross_validate`](super::cross_validate).
/// ```
/// use payme_core::learning::train::{Matrix, Newton, Order, Samples};
/// use payme_core::learning::{
///     BothSides, CrossValidationOptions, ForwardFolds, cross_validate_forward,
/// };
/// use payme_core::types::Instant;
///
/// let seen = [0.1, 0.4, 0.5, 0.6, 0.7, 0.9, 0.2, 0.8, 0.3];
/// let labels = [false, true, false, true, true, true, false, false, true];
/// let users: Vec<u64> = (0..9).collect();
/// let times: Vec<Instant> = (0..9).map(|day| Instant::EPOCH.plus_micros(day)).collect();
/// let samples = Samples::new(Matrix::new(&seen, 9, 1, Order::Rows)?, &labels)?;
/// let folds = ForwardFolds::by_time(&users, &times, 2, BothSides::Report)?;
/// let options = CrossValidationOptions::default();
/// let found = cross_validate_forward(&Newton, &samples, &folds, &options)?;
/// // The first three rows are never held out.
/// assert_eq!((found.rows, found.pooled.rows), (vec![3, 4, 5, 6, 7, 8], 6));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn cross_validate_forward(
    trainer: &dyn Trainer,
    samples: &Samples<'_>,
    folds: &ForwardFolds,
    options: &CrossValidationOptions,
) -> Result<ForwardValidation, EvaluationError> {
    same_length("times of folds", samples.rows(), folds.rows)?;
    let (mut rows, mut probabilities, mut fits) = (Vec::new(), Vec::new(), Vec::new());
    for (fold, split) in folds.splits.iter().enumerate() {
        let (scores, fit) = fold_fit(trainer, samples, fold, split, options)?;
        rows.extend(&split.test);
        probabilities.extend(scores);
        fits.push(fit);
    }
    let pooled = measure_of(samples, &rows, &probabilities, &options.metrics)?;
    Ok(ForwardValidation { rows, probabilities, folds: fits, pooled })
}
