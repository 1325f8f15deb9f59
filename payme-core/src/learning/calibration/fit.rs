//! Fitting a logistic function of a few features, by Newton's method.
//!
//! In: points with a target in [0, 1] and a weight. Out: the coefficients of the least mean
//! cross-entropy, and how the search ended. The loss is convex, so what it finds is the least of
//! all; where none is finite, the report says so.

use crate::learning::Scored;
#[cfg(test)]
use crate::learning::sum::number;

/// What a fit aims at for a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Targets {
    /// The label itself: maximum likelihood.
    Labels,
    /// `(N+ + 1) / (N+ + 2)` for positive rows and `1 / (N- + 2)` for the others (Platt 1999), `N`
    /// the weight of each class: as if one more row of each class had been seen, so that a fit is
    /// finite for any rows and small sets do not lead to certainty.
    Smoothed,
}

impl Targets {
    /// The targets of negative and of positive rows.
    fn of(self, rows: &Scored<'_>) -> [f64; 2] {
        let totals = rows.totals();
        let negative = totals.weight - totals.positive;
        match self {
            Self::Labels => [0.0, 1.0],
            Self::Smoothed => {
                [1.0 / (negative + 2.0), (totals.positive + 1.0) / (totals.positive + 2.0)]
            }
        }
    }
}

/// How a fit is searched for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FitOptions {
    /// What is aimed at.
    pub targets: Targets,
    /// How many steps are taken at most.
    pub iterations_max: u32,
    /// The search has ended when no entry of the gradient of the mean loss is larger, with
    /// features scaled to variance 1.
    pub gradient_max: f64,
}

impl Default for FitOptions {
    /// The labels themselves, at most 100 steps, a gradient of at most 1e-9.
    fn default() -> Self {
        Self { targets: Targets::Labels, iterations_max: 100, gradient_max: 1e-9 }
    }
}

/// A fitted function, and how the search for it ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit<T> {
    /// What was fitted.
    pub calibration: T,
    /// How the search ended.
    pub report: FitReport,
}

/// How the search for a fit ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FitReport {
    /// Whether what was found is what was searched for.
    pub convergence: Convergence,
    /// How many steps were taken.
    pub iterations: u32,
    /// The largest entry of the gradient at the end.
    pub gradient: f64,
    /// The mean cross-entropy at the end, natural logarithm.
    pub loss: f64,
}

/// Whether a search found what it searched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Convergence {
    /// The gradient is as small as asked for.
    Converged,
    /// Some score separates the classes: the steeper the function, the better, without an end.
    /// The parameters are those at which the search gave up; take smoothed targets.
    Separated,
    /// The steps ran out.
    StepsRanOut,
}

/// A row as the search sees it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Point<const D: usize> {
    features: [f64; D],
    target: f64,
    weight: f64,
}

/// The rows that have a weight, with the features of their scores.
pub(super) fn points<const D: usize>(
    rows: &Scored<'_>,
    targets: Targets,
    features: impl Fn(f64) -> [f64; D],
) -> Vec<Point<D>> {
    let [negative, positive] = targets.of(rows);
    let weight = |at: usize| rows.weights().and_then(|weights| weights.get(at)).copied();
    let pairs = rows.labels().iter().zip(rows.scores()).enumerate();
    let points = pairs.map(|(at, (label, score))| Point {
        features: features(*score),
        target: if *label { positive } else { negative },
        weight: weight(at).unwrap_or(1.0) / rows.weight(),
    });
    points.filter(|point| point.weight > 0.0).collect()
}

/// The weighted mean and deviation of a feature; a deviation of 0 where it does not vary.
pub(super) fn scale_of(rows: &Scored<'_>, feature: impl Fn(f64) -> f64) -> (f64, f64) {
    let weight = |at: usize| rows.weights().and_then(|weights| weights.get(at)).copied();
    let mean_of = |of: &dyn Fn(f64) -> f64| {
        let terms = rows.scores().iter().enumerate();
        let terms = terms.map(|(at, score)| weight(at).unwrap_or(1.0) * of(feature(*score)));
        terms.sum::<f64>() / rows.weight()
    };
    let mean = mean_of(&|value| value);
    let deviation = mean_of(&|value| (value - mean) * (value - mean)).sqrt();
    // Below this it is rounding of the mean, or too small to divide by.
    let varies = deviation > 1e-13 * mean.abs() && deviation > 1e-100;
    (mean, if varies { deviation } else { 0.0 })
}

/// Whether some score has no positive row below it and no negative one above it, and no other
/// score is in both classes: then no function of the labels is the best.
pub(super) fn is_separated(rows: &Scored<'_>) -> bool {
    let (mut positive, mut negative) = (f64::INFINITY, f64::NEG_INFINITY);
    let (mut lowest, mut highest) = (f64::INFINITY, f64::NEG_INFINITY);
    for (at, (label, score)) in rows.labels().iter().zip(rows.scores()).enumerate() {
        if rows.weights().is_some_and(|weights| weights[at] == 0.0) {
            continue;
        }
        (lowest, highest) = (lowest.min(*score), highest.max(*score));
        if *label {
            positive = positive.min(*score);
        } else {
            negative = negative.max(*score);
        }
    }
    negative <= positive && lowest < highest
}

/// What a search found.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found<const D: usize> {
    pub(super) coefficients: [f64; D],
    pub(super) iterations: u32,
    pub(super) gradient: f64,
    pub(super) loss: f64,
    pub(super) converged: bool,
}

impl<const D: usize> Found<D> {
    /// The report, for rows that are known to be separated or not.
    pub(super) const fn report(&self, separated: bool) -> FitReport {
        let convergence = match (separated, self.converged) {
            (true, _) => Convergence::Separated,
            (false, true) => Convergence::Converged,
            (false, false) => Convergence::StepsRanOut,
        };
        let Self { iterations, gradient, loss, .. } = *self;
        FitReport { convergence, iterations, gradient, loss }
    }
}

/// The loss and its first two derivatives.
struct Slopes<const D: usize> {
    loss: f64,
    gradient: [f64; D],
    curvature: [[f64; D]; D],
}

fn slopes<const D: usize>(points: &[Point<D>], coefficients: &[f64; D]) -> Slopes<D> {
    let mut all = Slopes { loss: 0.0, gradient: [0.0; D], curvature: [[0.0; D]; D] };
    for Point { features, target, weight } in points {
        let log_odds: f64 = features.iter().zip(coefficients).map(|(x, c)| x * c).sum();
        // One exponential, of a number that is not positive, serves the loss and the share.
        let tail = (-log_odds.abs()).exp();
        let share = if log_odds >= 0.0 { 1.0 } else { tail } / (1.0 + tail);
        all.loss += weight * (log_odds.max(0.0) + tail.ln_1p() - target * log_odds);
        let slope = weight * (share - target);
        let bend = weight * (tail / ((1.0 + tail) * (1.0 + tail)));
        for (row, x) in features.iter().enumerate() {
            all.gradient[row] += slope * x;
            for (sum, y) in all.curvature[row][..=row].iter_mut().zip(features) {
                *sum += bend * x * y;
            }
        }
    }
    all
}

/// How often a step is halved at most while it makes the loss larger.
const HALVINGS: u32 = 60;

/// The coefficients of the least mean cross-entropy, from 0 on.
pub(super) fn minimise<const D: usize>(points: &[Point<D>], options: &FitOptions) -> Found<D> {
    let mut coefficients = [0.0; D];
    let mut now = slopes(points, &coefficients);
    let largest = |gradient: &[f64; D]| gradient.iter().fold(0.0_f64, |most, g| most.max(g.abs()));
    let mut iterations = 0;
    while iterations < options.iterations_max && largest(&now.gradient) > options.gradient_max {
        iterations += 1;
        let step = solve(&now.curvature, &now.gradient);
        let Some((next, then)) = descend(points, &coefficients, &step, &now) else { break };
        (coefficients, now) = (next, then);
    }
    let gradient = largest(&now.gradient);
    let converged = gradient <= options.gradient_max;
    Found { coefficients, iterations, gradient, loss: now.loss, converged }
}

/// The point that the step leads to, halved until the loss falls; none if it does not.
fn descend<const D: usize>(
    points: &[Point<D>],
    from: &[f64; D],
    step: &[f64; D],
    now: &Slopes<D>,
) -> Option<([f64; D], Slopes<D>)> {
    let descent: f64 = now.gradient.iter().zip(step).map(|(g, s)| g * s).sum();
    // Near the least loss the differences drown in the rounding of a long sum, and the whole step
    // is the right one.
    let is_near = descent <= 1e-9 * now.loss;
    let mut length = 1.0;
    for _ in 0..HALVINGS {
        let mut next = *from;
        for (coefficient, step) in next.iter_mut().zip(step) {
            *coefficient -= length * step;
        }
        let then = slopes(points, &next);
        if is_near || then.loss <= now.loss - 1e-4 * length * descent {
            return Some((next, then));
        }
        length /= 2.0;
    }
    None
}

/// The solution of `curvature * step = gradient` (Cholesky). The curvature is that of a convex
/// function; a trace of its diagonal is added, so that directions without any have no step.
fn solve<const D: usize>(curvature: &[[f64; D]; D], gradient: &[f64; D]) -> [f64; D] {
    let trace: f64 = (0..D).map(|at| curvature[at][at]).sum();
    let ridge = trace * 1e-13 + 1e-300;
    let mut factor = *curvature;
    for row in 0..D {
        for column in 0..=row {
            let products = (0..column).map(|k| factor[row][k] * factor[column][k]);
            let rest = curvature[row][column] - products.sum::<f64>();
            factor[row][column] = if row == column {
                (rest + ridge).max(ridge).sqrt()
            } else {
                rest / factor[column][column]
            };
        }
    }
    let mut step = *gradient;
    for row in 0..D {
        let known: f64 = (0..row).map(|k| factor[row][k] * step[k]).sum();
        step[row] = (step[row] - known) / factor[row][row];
    }
    for row in (0..D).rev() {
        let known: f64 = (row + 1..D).map(|k| factor[k][row] * step[k]).sum();
        step[row] = (step[row] - known) / factor[row][row];
    }
    step
}

/// The log-odds of the mean target: the best function that says the same for every score.
pub(super) fn flat(rows: &Scored<'_>, targets: Targets) -> (f64, FitReport) {
    let [negative, positive] = targets.of(rows);
    let share = rows.positive_rate();
    let mean = (share * positive + (1.0 - share) * negative).clamp(f64::MIN_POSITIVE, 1.0);
    let rest = (share * (1.0 - positive) + (1.0 - share) * (1.0 - negative)).max(f64::MIN_POSITIVE);
    let loss = -(mean * mean.ln() + rest * rest.ln());
    let convergence = Convergence::Converged;
    ((mean / rest).ln(), FitReport { convergence, iterations: 0, gradient: 0.0, loss })
}

/// A label as a target; for the tests of the fits.
#[cfg(test)]
pub(super) fn targets_of(rows: &Scored<'_>, targets: Targets) -> Vec<f64> {
    let [negative, positive] = targets.of(rows);
    rows.labels().iter().map(|label| negative + number(*label) * (positive - negative)).collect()
}
