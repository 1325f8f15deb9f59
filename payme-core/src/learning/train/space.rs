//! The space a fit is searched in: columns around their mean, scaled to about unit spread.
//!
//! In: samples and options. Out: what is subtracted from each column and what it is multiplied by,
//! with the penalties and bounds as they are there, and the way back. Steps are so well conditioned
//! whatever the units of the columns are. Unless penalties are asked for on scaled columns, means
//! and spreads are those of some of the rows: any would do.

use super::lanes::Column;
use super::options::{Bounds, ClassWeights};
use super::pass::{Part, kept_columns};
use super::{Fit, FitOptions, Samples, TrainError};

/// Columns that a fit can have: the table of their products is kept.
const COLUMNS_MAX: usize = 4096;

/// The scaled problem.
pub(super) struct Space<'a> {
    pub(super) samples: Samples<'a>,
    pub(super) has_intercept: bool,
    /// What is subtracted from each column.
    pub(super) center: Vec<f64>,
    /// What it is multiplied by then.
    pub(super) inverse: Vec<f64>,
    /// How much a row with the label 0 counts, and one with the label 1.
    pub(super) class_weights: [f64; 2],
    /// How much all rows count together.
    pub(super) total_weight: f64,
    /// The penalties and bounds of each coefficient, the last one of the intercept.
    pub(super) terms: Vec<Term>,
    /// The scaled columns of all blocks, where there are few.
    pub(super) kept: Vec<Column>,
}

/// What holds one coefficient.
#[derive(Debug, Clone, Copy)]
pub(super) struct Term {
    pub(super) l2: f64,
    pub(super) l1: f64,
    pub(super) bounds: Bounds,
}

impl Term {
    const FREE: Self = Self { l2: 0.0, l1: 0.0, bounds: Bounds::NONE };
}

impl<'a> Space<'a> {
    pub(super) fn new(
        samples: &Samples<'a>,
        options: &FitOptions,
        some: Part,
    ) -> Result<Self, TrainError> {
        let columns = samples.features.columns();
        if columns > COLUMNS_MAX {
            return Err(TrainError::TooWide { found: columns, max: COLUMNS_MAX });
        }
        options.check(columns)?;
        let (class_weights, total_weight) = class_weights(samples, options.class_weights)?;
        let part = if options.standardise { Part::ALL } else { some };
        let (center, spread) = spreads(samples, part, options.has_intercept);
        if center.iter().chain(&spread).any(|number| !number.is_finite()) {
            return Err(samples.features.not_finite().unwrap_or(TrainError::Overflow));
        }
        let inverse: Vec<f64> = spread.iter().map(|spread| 1.0 / spread).collect();
        let mut terms: Vec<Term> = Vec::with_capacity(columns + 1);
        for (column, inverse) in inverse.iter().enumerate() {
            let unit = if options.standardise { 1.0 } else { *inverse };
            let bounds = options.bounds.get(column).copied().unwrap_or(Bounds::NONE);
            let bounds = Bounds { low: bounds.low / inverse, high: bounds.high / inverse };
            terms.push(Term { l2: options.l2 * unit * unit, l1: options.l1 * unit, bounds });
        }
        terms.extend(options.has_intercept.then_some(Term::FREE));
        let has_intercept = options.has_intercept;
        let samples = *samples;
        let kept = Vec::new();
        let mut space = Self {
            samples,
            has_intercept,
            center,
            inverse,
            class_weights,
            total_weight,
            terms,
            kept,
        };
        space.kept = kept_columns(&space);
        Ok(space)
    }

    /// The columns, and the intercept where there is one.
    pub(super) fn width(&self) -> usize {
        self.terms.len()
    }

    /// Coefficients of the caller as they are here.
    pub(super) fn enter(&self, start: &[f64]) -> Vec<f64> {
        if start.is_empty() {
            return vec![0.0; self.width()];
        }
        let columns = self.center.len();
        let scaled = start.iter().zip(&self.inverse).map(|(weight, inverse)| weight / inverse);
        let mut point: Vec<f64> = scaled.collect();
        if let Some(intercept) = start.get(columns).filter(|_| self.has_intercept) {
            let moved: f64 = start.iter().zip(&self.center).map(|(w, center)| w * center).sum();
            point.push(intercept + moved);
        }
        point
    }

    /// Coefficients from here as the caller knows them.
    pub(super) fn leave(&self, point: &[f64]) -> (Vec<f64>, f64) {
        let scaled = point.iter().zip(&self.inverse).map(|(weight, inverse)| weight * inverse);
        let coefficients: Vec<f64> = scaled.collect();
        let intercept = point.get(self.center.len()).map_or(0.0, |intercept| {
            let moved: f64 = coefficients.iter().zip(&self.center).map(|(w, c)| w * c).sum();
            intercept - moved
        });
        (coefficients, intercept)
    }

    /// The fit at a point.
    pub(super) fn fit(&self, point: &[f64], convergence: super::Convergence) -> Fit {
        let (coefficients, intercept) = self.leave(point);
        Fit { coefficients, intercept, convergence }
    }

    /// How much a row counts.
    pub(super) fn weight(&self, row: usize, label: bool) -> f64 {
        let [negative, positive] = self.class_weights;
        self.samples.weight(row) * if label { positive } else { negative }
    }
}

/// How much rows of each class count, and all rows together.
fn class_weights(
    samples: &Samples<'_>,
    wanted: ClassWeights,
) -> Result<([f64; 2], f64), TrainError> {
    let mut sums = [0.0; 2];
    for (row, label) in samples.labels.iter().enumerate() {
        let [negative, positive] = &mut sums;
        *if *label { positive } else { negative } += samples.weight(row);
    }
    let [negative, positive] = sums;
    let weights = match wanted {
        ClassWeights::Equal => [1.0, 1.0],
        ClassWeights::Given { negative, positive } => [negative, positive],
        ClassWeights::Balanced => sums.map(|sum| (negative + positive) / (2.0 * sum)),
    };
    let [of_negative, of_positive] = weights;
    let counted = |sum: f64, weight: f64| sum > 0.0 && weight > 0.0;
    match (counted(negative, of_negative), counted(positive, of_positive)) {
        (true, true) => Ok((weights, negative * of_negative + positive * of_positive)),
        (false, true) => Err(TrainError::OneClass(true)),
        (true, false) => Err(TrainError::OneClass(false)),
        (false, false) => {
            let problem = "leave no row that counts";
            Err(TrainError::Option { option: "weights", problem })
        }
    }
}

/// The mean and the spread of each column over some rows; the mean is 0 where no intercept can
/// make up for it, and a column without spread is not scaled.
fn spreads(samples: &Samples<'_>, part: Part, has_intercept: bool) -> (Vec<f64>, Vec<f64>) {
    let features = &samples.features;
    let columns = features.columns();
    let mut weight = 0.0;
    let mut center = vec![0.0; columns];
    for (first, count) in part.blocks(features.rows()) {
        for row in first..first + count {
            weight += samples.weight(row);
        }
        if let Some(rows) = features.rows_of(first, count) {
            for (row, numbers) in (first..).zip(rows) {
                let weight = samples.weight(row);
                center.iter_mut().zip(numbers).for_each(|(sum, number)| *sum += weight * number);
            }
            continue;
        }
        features.each(first, count, |row, column, number| {
            if let Some(sum) = center.get_mut(column) {
                *sum += samples.weight(first + row) * number;
            }
        });
    }
    let weight = if weight > 0.0 { weight } else { 1.0 };
    center.iter_mut().for_each(|sum| *sum /= weight);
    let mut spread = vec![0.0; columns];
    for (first, count) in part.blocks(features.rows()) {
        if let Some(rows) = features.rows_of(first, count) {
            for (row, numbers) in (first..).zip(rows) {
                let weight = samples.weight(row);
                for ((sum, mean), number) in spread.iter_mut().zip(&center).zip(numbers) {
                    *sum += weight * (number - mean) * (number - mean);
                }
            }
            continue;
        }
        features.each(first, count, |row, column, number| {
            if let (Some(sum), Some(mean)) = (spread.get_mut(column), center.get(column)) {
                *sum += samples.weight(first + row) * (number - mean) * (number - mean);
            }
        });
    }
    for (spread, mean) in spread.iter_mut().zip(&mut center) {
        *spread = (*spread / weight).sqrt();
        // A column of one number: rounding alone leaves as much.
        let is_constant = *spread <= 1e-12 * mean.abs();
        // Without an intercept a column is measured from 0.
        if !has_intercept {
            *spread = spread.hypot(*mean);
            *mean = 0.0;
        }
        if *spread == 0.0 || (is_constant && has_intercept) {
            *spread = 1.0;
        }
    }
    (center, spread)
}
