//! Newton's method, made to pass over the rows as rarely as possible.
//!
//! In: samples and options. Out: a fit. Of many rows, some are fitted first: that is cheap, and
//! ends within a few standard errors of the whole. From there the second derivatives of all rows
//! are summed once, and serve as long as each step makes the gradient ten times smaller: such a
//! step needs the gradient alone. A step that does not lower the objective is halved.

use super::pass::{Part, Sums, Want, sums};
use super::samples::Samples;
use super::solve::{Model, Step};
use super::space::{Space, Term};
use super::{Convergence, Fit, FitOptions, TrainError, Trainer};

/// Some of the rows are fitted first where there are so many times as many.
const TIMES_MORE: usize = 4;
/// How many rows some are, at least, and for each column.
const SOME_ROWS: usize = 16_384;
const SOME_ROWS_PER_COLUMN: usize = 256;
/// Some rows tell no more than this of the mean gradient of all.
const SOME_TOLERANCE: f64 = 1e-5;
/// Second derivatives serve again where the mean gradient is below this,
const SERVES_BELOW: f64 = 2e-2;
/// and a step made it so many times smaller.
const SERVES_FOR: f64 = 0.1;
const HALVINGS_MAX: u32 = 40;
/// A step that promises less is lost in rounding: it is taken as it is.
const ROUNDING: f64 = 1e-13;
/// A last step of a fit that ends is smaller than this, in spreads.
const STEP_LAST: f64 = 1e-3;

/// Our own trainer: Newton's method with a line search.
///
/// # Examples
/// ```
/// use payme_core::learning::train::{FitOptions, Matrix, Newton, Order, Samples, Trainer as _};
///
/// // Of six people three were paid.
/// let seen = [0.1, 0.4, 0.5, 0.6, 0.7, 0.9];
/// let labels = [false, false, true, false, true, true];
/// let features = Matrix::new(&seen, 6, 1, Order::Rows)?;
/// let fit = Newton.fit(&Samples::new(features, &labels)?, &FitOptions::default())?;
/// assert!(fit.convergence.is_converged);
/// assert!(fit.coefficients[0] > 0.0);
/// # Ok::<(), payme_core::learning::train::TrainError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Newton;

impl Trainer for Newton {
    fn fit(&self, samples: &Samples<'_>, options: &FitOptions) -> Result<Fit, TrainError> {
        let rows = samples.rows();
        let enough = SOME_ROWS.max(SOME_ROWS_PER_COLUMN * samples.features().columns());
        let stride = if rows / enough >= TIMES_MORE { rows / enough } else { 1 };
        let some = Part { stride };
        let space = Space::new(samples, options, some)?;
        let mut point = space.enter(&options.start);
        if stride > 1 && options.start.is_empty() {
            let tolerance = SOME_TOLERANCE.max(options.tolerance);
            let mut search = Search::new(&space, some, options, tolerance);
            // Where some rows cannot be told apart, all of them begin at zero.
            if let Ok(found) = search.run(point.clone())
                && found.convergence.is_converged
                && found.margin <= 0.0
            {
                point = found.point;
            }
        }
        let found = Search::new(&space, Part::ALL, options, options.tolerance).run(point)?;
        if !options.is_penalised() && found.is_separating(&space) {
            return Err(TrainError::Separable);
        }
        Ok(space.fit(&found.point, found.convergence))
    }
}

/// How near weights are to where the objective is least, whoever fitted them.
///
/// It is what a [`Fit`] of [`Newton`] says of itself: the same gradient in the same units, from one
/// pass over the rows. Another trainer can so be held to the same measure. `iterations` is what
/// that trainer says of itself.
///
/// # Errors
/// As [`Trainer::fit`], [`TrainError::Separable`] included, where the next step leads on and on;
/// and [`TrainError::Shape`] for another number of coefficients than columns.
/// ```
/// use payme_core::learning::train::{
///     FitOptions, Matrix, Newton, Order, Samples, Trainer as _, convergence_at,
/// };
///
/// let seen = [0.1, 0.4, 0.5, 0.6, 0.7, 0.9];
/// let labels = [false, false, true, false, true, true];
/// let samples = Samples::new(Matrix::new(&seen, 6, 1, Order::Rows)?, &labels)?;
/// let options = FitOptions::default();
/// let fit = Newton.fit(&samples, &options)?;
/// let end = (fit.coefficients.as_slice(), fit.intercept);
/// assert!(convergence_at(&samples, &options, end, 1)?.is_converged);
/// assert!(!convergence_at(&samples, &options, (&[5.0], 0.0), 1)?.is_converged);
/// # Ok::<(), payme_core::learning::train::TrainError>(())
/// ```
pub fn convergence_at(
    samples: &Samples<'_>,
    options: &FitOptions,
    (coefficients, intercept): (&[f64], f64),
    iterations: u32,
) -> Result<Convergence, TrainError> {
    let space = Space::new(samples, options, Part::ALL)?;
    let start = start_at(samples, options, coefficients, intercept)?;
    let point = space.enter(&start);
    let search = Search::new(&space, Part::ALL, options, options.tolerance);
    let here = search.sums(&point, Want::Curvature)?;
    let model = search.model(&point, &here, &here.curvature);
    let (residual, step) = (model.residual() / search.weight, model.step());
    let convergence = Convergence {
        is_converged: residual <= options.tolerance,
        iterations,
        gradient_max: residual,
        objective: here.loss + search.penalty(&point),
        aliased: step.aliased.into_iter().filter(|at| *at < coefficients.len()).collect(),
    };
    let found = Found { point, convergence, margin: here.margin, last_step: step.by };
    if !options.is_penalised() && found.is_separating(&space) {
        return Err(TrainError::Separable);
    }
    Ok(found.convergence)
}

/// Weights as a fit that begins there is told them.
pub(super) fn start_at(
    samples: &Samples<'_>,
    options: &FitOptions,
    coefficients: &[f64],
    intercept: f64,
) -> Result<Vec<f64>, TrainError> {
    let (found, rows) = (coefficients.len(), samples.rows());
    if found != samples.features().columns() {
        return Err(TrainError::Shape { what: "coefficients", found, rows });
    }
    let intercept = options.has_intercept.then_some(intercept);
    Ok(coefficients.iter().copied().chain(intercept).collect())
}

/// A search over some rows.
struct Search<'s, 'a> {
    space: &'s Space<'a>,
    part: Part,
    tolerance: f64,
    iterations_max: u32,
    /// How much the rows count together.
    weight: f64,
    /// The penalties and bounds, as strong as the rows are many.
    terms: Vec<Term>,
}

/// Where a search ended.
struct Found {
    point: Vec<f64>,
    convergence: Convergence,
    margin: f64,
    last_step: Vec<f64>,
}

impl<'s, 'a> Search<'s, 'a> {
    fn new(space: &'s Space<'a>, part: Part, options: &FitOptions, tolerance: f64) -> Self {
        let samples = &space.samples;
        let (mut weight, mut terms) = (space.total_weight, space.terms.clone());
        if part.stride > 1 {
            let blocks = part.blocks(samples.rows());
            let rows = blocks.flat_map(|(first, count)| first..first + count);
            let labelled = rows.filter_map(|row| Some((row, *samples.labels().get(row)?)));
            weight = labelled.map(|(row, label)| space.weight(row, label)).sum();
            for term in &mut terms {
                term.l2 *= weight / space.total_weight;
                term.l1 *= weight / space.total_weight;
            }
        }
        let iterations_max = options.iterations_max;
        Self { space, part, tolerance, iterations_max, weight, terms }
    }

    fn sums(&self, point: &[f64], want: Want) -> Result<Sums, TrainError> {
        let sums = sums(self.space, self.part, point, want);
        if sums.gradient.iter().all(|slope| slope.is_finite()) {
            return Ok(sums);
        }
        Err(self.space.samples.features().not_finite().unwrap_or(TrainError::Overflow))
    }

    fn model<'m>(&'m self, point: &'m [f64], sums: &'m Sums, curvature: &'m [f64]) -> Model<'m> {
        Model { point, gradient: &sums.gradient, curvature, terms: &self.terms }
    }

    fn penalty(&self, point: &[f64]) -> f64 {
        let each = point.iter().zip(&self.terms);
        each.map(|(at, term)| 0.5 * term.l2 * at * at + term.l1 * at.abs()).sum()
    }

    fn run(&mut self, start: Vec<f64>) -> Result<Found, TrainError> {
        let mut point = start;
        let mut here = self.sums(&point, Want::Curvature)?;
        let mut curvature = std::mem::take(&mut here.curvature);
        let mut objective = here.loss + self.penalty(&point);
        let mut residual = self.model(&point, &here, &[]).residual() / self.weight;
        let (mut iterations, mut is_fresh, mut last) = (0, true, Step::default());
        while residual > self.tolerance && iterations < self.iterations_max {
            let step = self.model(&point, &here, &curvature).step();
            let want = if residual > SERVES_BELOW { Want::Curvature } else { Want::Gradient };
            iterations += 1;
            let Some(next) = self.search(&point, &here, objective, &step, want)? else {
                if is_fresh {
                    break;
                }
                // What served before leads nowhere: the second derivatives of here are summed.
                curvature = self.sums(&point, Want::Curvature)?.curvature;
                is_fresh = true;
                continue;
            };
            let before = residual;
            (point, here, objective) = next;
            residual = self.model(&point, &here, &[]).residual() / self.weight;
            last = step;
            if here.curvature.is_empty() {
                is_fresh = false;
                if residual > SERVES_FOR * before && residual > self.tolerance {
                    curvature = self.sums(&point, Want::Curvature)?.curvature;
                    is_fresh = true;
                }
            } else {
                curvature = std::mem::take(&mut here.curvature);
                is_fresh = true;
            }
        }
        let convergence = Convergence {
            is_converged: residual <= self.tolerance,
            iterations,
            gradient_max: residual,
            objective,
            aliased: last.aliased.into_iter().filter(|at| *at < self.space.center.len()).collect(),
        };
        Ok(Found { point, convergence, margin: here.margin, last_step: last.by })
    }

    /// Goes along a step as far as it lowers the objective; `None` where it does not.
    fn search(
        &self,
        point: &[f64],
        here: &Sums,
        objective: f64,
        step: &Step,
        want: Want,
    ) -> Result<Option<(Vec<f64>, Sums, f64)>, TrainError> {
        let along: f64 = here.gradient.iter().zip(&step.by).map(|(slope, by)| slope * by).sum();
        let whole: Vec<f64> = point.iter().zip(&step.by).map(|(at, by)| at + by).collect();
        let promised = along + self.penalty(&whole) - self.penalty(point);
        let rounding = ROUNDING * objective.abs().max(f64::MIN_POSITIVE);
        let mut part = 1.0;
        for _ in 0..HALVINGS_MAX {
            let moved = point.iter().zip(&step.by).zip(&self.terms);
            // A bound stays a bound, whatever rounding says.
            let next: Vec<f64> = moved
                .map(|((at, by), term)| (at + part * by).max(term.bounds.low).min(term.bounds.high))
                .collect();
            let sums = self.sums(&next, want)?;
            let reached = sums.loss + self.penalty(&next);
            if reached <= objective + 1e-4 * part * promised.min(0.0) + rounding {
                return Ok(Some((next, sums, reached)));
            }
            part *= 0.5;
        }
        Ok(None)
    }
}

impl Found {
    /// Whether the classes can be told apart: no row is on the wrong side, or the last step, which
    /// was still a long one, leads on without harm to any row.
    fn is_separating(&self, space: &Space<'_>) -> bool {
        if self.margin > 0.0 {
            return true;
        }
        let longest = self.last_step.iter().fold(0.0_f64, |most, by| most.max(by.abs()));
        longest > STEP_LAST && leads_on(space, &self.last_step)
    }
}

/// Whether going on in a direction makes no row worse and some row better.
fn leads_on(space: &Space<'_>, direction: &[f64]) -> bool {
    let (weights, intercept) = space.leave(direction);
    let samples = &space.samples;
    let (mut least, mut most) = (f64::INFINITY, 0.0_f64);
    for (row, label) in samples.labels().iter().enumerate() {
        if space.weight(row, *label) == 0.0 {
            continue;
        }
        let each = weights.iter().enumerate();
        let scores = each.filter_map(|(at, w)| Some(w * samples.features().get(row, at)?));
        let score = intercept + scores.sum::<f64>();
        let margin = if *label { score } else { -score };
        least = least.min(margin);
        most = most.max(margin.abs());
    }
    most > 0.0 && least >= -1e-6 * most
}
