//! Cross-validation: every row is scored by a fit that has not seen its fold.
//!
//! In: a trainer, samples and [`Folds`]. Out: a [`CrossValidation`]. What always holds: the labels
//! of a fold have no part in its scores. Folds are fitted one after the other, because a trainer
//! uses every core by itself.

use super::{EvaluationError, Folds, Split};
use crate::learning::rows::same_length;
use crate::learning::train::{Fit, FitOptions, Matrix, Order, Samples, Trainer};
use crate::learning::{Forecasts, LearningError, Metrics, MetricsOptions, metrics};

/// How folds are fitted and measured.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CrossValidationOptions {
    /// Of the fits.
    pub fit: FitOptions,
    /// Of the measures.
    pub metrics: MetricsOptions,
}

/// The fit that one fold was held out of.
#[derive(Debug, Clone, PartialEq)]
pub struct FoldFit {
    /// The weights, and how the fit ended.
    pub fit: Fit,
    /// How many rows were learnt from.
    pub train_rows: usize,
    /// How many rows were held out.
    pub test_rows: usize,
    /// How good the forecasts for the held-out rows are.
    pub metrics: Metrics,
}

/// What cross-validation gives.
#[derive(Debug, Clone, PartialEq)]
pub struct CrossValidation {
    /// The probability of each row, by the fit that has not seen its fold.
    pub probabilities: Vec<f64>,
    /// The folds, in their order.
    pub folds: Vec<FoldFit>,
    /// The measures over all rows at once. Scores of different fits are compared here, so measures
    /// of the order may differ from the mean over the folds.
    pub pooled: Metrics,
}

/// Fits once for each fold, to all rows but those of the fold, and scores the fold.
///
/// The probability is `1 / (1 + exp(-(offset + intercept + coefficients . features)))`. Measures
/// are weighted as the samples are.
///
/// # Errors
/// [`LearningError::Length`] where there is not one fold for each row; [`EvaluationError::Train`]
/// where the rows outside of a fold cannot be learnt from; [`EvaluationError::Measure`] where the
/// forecasts for a fold cannot be measured, such as where all its weights are 0.
/// ```
/// use payme_core::learning::train::{Matrix, Newton, Order, Samples};
/// use payme_core::learning::{CrossValidationOptions, Folds, cross_validate};
///
/// let seen = [0.1, 0.4, 0.5, 0.6, 0.7, 0.9, 0.2, 0.8];
/// let labels = [false, false, true, false, true, true, false, true];
/// let users = ["a", "b", "c", "d", "e", "f", "g", "h"];
/// let samples = Samples::new(Matrix::new(&seen, 8, 1, Order::Rows)?, &labels)?;
/// let folds = Folds::by_user(&users, 4, 1)?;
/// let found = cross_validate(&Newton, &samples, &folds, &CrossValidationOptions::default())?;
/// assert_eq!((found.probabilities.len(), found.folds.len()), (8, 4));
/// assert!(found.folds.iter().all(|fold| fold.fit.convergence.is_converged));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn cross_validate(
    trainer: &dyn Trainer,
    samples: &Samples<'_>,
    folds: &Folds,
    options: &CrossValidationOptions,
) -> Result<CrossValidation, EvaluationError> {
    let rows = samples.rows();
    same_length("fold numbers", rows, folds.fold_of().len())?;
    let mut probabilities = vec![0.0; rows];
    let mut fits = Vec::with_capacity(folds.count());
    for fold in 0..folds.count() {
        let split = folds.split(fold);
        let (scores, fit) = fold_fit(trainer, samples, fold, &split, options)?;
        for (row, score) in split.test.iter().zip(&scores) {
            if let Some(place) = probabilities.get_mut(*row) {
                *place = *score;
            }
        }
        fits.push(fit);
    }
    let pooled = measure(samples.labels(), &probabilities, samples.weights, &options.metrics)?;
    Ok(CrossValidation { probabilities, folds: fits, pooled })
}

/// Fits to one side of a split and scores the other one.
pub(super) fn fold_fit(
    trainer: &dyn Trainer,
    samples: &Samples<'_>,
    fold: usize,
    split: &Split,
    options: &CrossValidationOptions,
) -> Result<(Vec<f64>, FoldFit), EvaluationError> {
    let train = Gathered::new(samples, &split.train);
    let learnt = train.samples().and_then(|train| trainer.fit(&train, &options.fit));
    let fit = learnt.map_err(|error| EvaluationError::Train { fold, error })?;
    let scores: Vec<f64> = split.test.iter().map(|row| probability(samples, *row, &fit)).collect();
    let measured = measure_of(samples, &split.test, &scores, &options.metrics);
    let metrics = measured.map_err(|error| EvaluationError::Measure { fold, error })?;
    let (train_rows, test_rows) = (split.train.len(), split.test.len());
    Ok((scores, FoldFit { fit, train_rows, test_rows, metrics }))
}

/// Measures the probabilities of some rows.
pub(super) fn measure_of(
    samples: &Samples<'_>,
    rows: &[usize],
    probabilities: &[f64],
    options: &MetricsOptions,
) -> Result<Metrics, LearningError> {
    let some = Gathered::new(samples, rows);
    measure(&some.labels, probabilities, some.weights.as_deref(), options)
}

fn measure(
    labels: &[bool],
    probabilities: &[f64],
    weights: Option<&[f64]>,
    options: &MetricsOptions,
) -> Result<Metrics, LearningError> {
    let forecasts = Forecasts::new(labels, probabilities)?;
    match weights {
        Some(weights) => metrics(&forecasts.weighted(weights)?, options),
        None => metrics(&forecasts, options),
    }
}

fn probability(samples: &Samples<'_>, row: usize, fit: &Fit) -> f64 {
    let features = samples.features();
    let each = fit.coefficients.iter().enumerate();
    let score = each.fold(samples.offset(row) + fit.intercept, |score, (column, weight)| {
        score + weight * features.get(row, column).unwrap_or(0.0)
    });
    1.0 / (1.0 + (-score).exp())
}

/// Some rows of samples, copied.
struct Gathered {
    columns: usize,
    features: Vec<f64>,
    labels: Vec<bool>,
    weights: Option<Vec<f64>>,
    offsets: Option<Vec<f64>>,
}

impl Gathered {
    fn new(samples: &Samples<'_>, rows: &[usize]) -> Self {
        let features = samples.features();
        let columns = features.columns();
        let cells = rows.iter().flat_map(|row| (0..columns).map(|column| (*row, column)));
        let labels = samples.labels();
        Self {
            columns,
            features: cells.filter_map(|(row, column)| features.get(row, column)).collect(),
            labels: rows.iter().filter_map(|row| labels.get(*row).copied()).collect(),
            weights: samples.weights.map(|_| rows.iter().map(|row| samples.weight(*row)).collect()),
            offsets: samples.offsets.map(|_| rows.iter().map(|row| samples.offset(*row)).collect()),
        }
    }

    fn samples(&self) -> Result<Samples<'_>, crate::learning::train::TrainError> {
        let rows = self.labels.len();
        let features = Matrix::new(&self.features, rows, self.columns, Order::Rows)?;
        let mut samples = Samples::new(features, &self.labels)?;
        if let Some(weights) = &self.weights {
            samples = samples.with_weights(weights)?;
        }
        match &self.offsets {
            Some(offsets) => samples.with_offsets(offsets),
            None => Ok(samples),
        }
    }
}
