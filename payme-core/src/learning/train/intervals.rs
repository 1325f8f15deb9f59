//! How far chance may have moved fitted weights.
//!
//! In: the samples and options of a fit, and the fit. Out: for each coefficient and the intercept a
//! standard error and an interval, or why there is none. What always holds: where the usual
//! arithmetic says nothing of a number (it lies on a bound, is held at zero, is determined by
//! others, or is not where the objective is least), it has no interval.

use serde::{Deserialize, Serialize};

use super::newton::start_at;
use super::pass::{Part, Want, sums};
use super::solve::Factor;
use super::space::{Space, Term};
use super::{Fit, FitOptions, Samples, TrainError};
use crate::learning::normal::two_sided;

/// What is known of a fitted number.
///
/// In JSON: `value`, and `standard_error`, `low` and `high`, or `no_interval` with the reason.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub struct Estimate {
    /// The number.
    pub value: f64,
    /// How far chance may have moved it, or why that is not known.
    pub interval: Result<Interval, NoInterval>,
}

/// How far chance may have moved a number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The standard error.
    pub standard_error: f64,
    /// The lower end; never below a bound of the fit.
    pub low: f64,
    /// The upper end; never above a bound of the fit.
    pub high: f64,
}

/// Why a fitted number has no interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoInterval {
    /// It lies on one of its bounds: chance can move it to one side only.
    AtBound,
    /// The absolute penalty holds it at exactly zero.
    HeldAtZero,
    /// Others determine it: any value is as good with others for them.
    Aliased,
    /// The fit ended more than a hundredth of a standard error away from where the objective is
    /// least.
    NotAtMinimum,
}

/// An estimate as JSON has it.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Stored {
    Known { value: f64, standard_error: f64, low: f64, high: f64 },
    Unknown { value: f64, no_interval: NoInterval },
}

impl From<Estimate> for Stored {
    fn from(Estimate { value, interval }: Estimate) -> Self {
        match interval {
            Ok(Interval { standard_error, low, high }) => {
                Self::Known { value, standard_error, low, high }
            }
            Err(no_interval) => Self::Unknown { value, no_interval },
        }
    }
}

impl From<Stored> for Estimate {
    fn from(stored: Stored) -> Self {
        match stored {
            Stored::Known { value, standard_error, low, high } => {
                Self { value, interval: Ok(Interval { standard_error, low, high }) }
            }
            Stored::Unknown { value, no_interval } => Self { value, interval: Err(no_interval) },
        }
    }
}

impl std::fmt::Display for NoInterval {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::AtBound => "it lies on a bound",
            Self::HeldAtZero => "the absolute penalty holds it at zero",
            Self::Aliased => "other columns determine it",
            Self::NotAtMinimum => "the fit did not end at the minimum",
        })
    }
}

/// What is known of the weights of a fit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FitIntervals {
    /// How often such intervals hold the true number, by the arithmetic below.
    pub confidence: f64,
    /// One for each column.
    pub coefficients: Vec<Estimate>,
    /// Of the intercept, where there is one.
    pub intercept: Option<Estimate>,
}

/// So many standard errors may a fit lie from the minimum.
const STEP_MAX: f64 = 0.01;
/// A number so close to a bound, as a part of it, lies on it: scaling back rounds.
const ON_BOUND: f64 = 1e-12;

impl FitIntervals {
    /// The standard error of each weight and its two-sided interval, `w +- z se`.
    ///
    /// The covariance is the inverse of the second derivatives of the objective at the fit, with
    /// the squared penalty, the weights of the rows and of the classes (Wald 1943):
    /// `(sum_i s_i p_i (1 - p_i) x_i x_i' + l2 I)^-1`. So it is, of a fit without penalties, that
    /// which other libraries print, and of one with a squared penalty that of the posterior whose
    /// prior the penalty is. Weights count like so many rows: class weights that make a class count
    /// more than it has rows make intervals too narrow. A penalty moves the weights towards 0, and
    /// the interval is around the moved ones.
    ///
    /// Numbers without an interval are taken as known, and have a [`NoInterval`] each. Under an
    /// absolute penalty the intervals of the others are therefore too narrow: that they were chosen
    /// is not in them.
    ///
    /// # Errors
    /// [`TrainError::Option`] for a confidence that is not above 0 and below 1,
    /// [`TrainError::Shape`] for a fit of another number of columns, and as the fit itself.
    /// ```
    /// use payme_core::learning::train::{
    ///     FitIntervals, FitOptions, Matrix, Newton, Order, Samples, Trainer as _,
    /// };
    ///
    /// // Of those without the sign 8 of 20 were paid, of those with it 15 of 20.
    /// let sign: Vec<f64> = (0..40).map(|row| f64::from(u8::from(row >= 20))).collect();
    /// let paid: Vec<bool> = (0..40).map(|row| row < 8 || (20..35).contains(&row)).collect();
    /// let samples = Samples::new(Matrix::new(&sign, 40, 1, Order::Rows)?, &paid)?;
    /// let options = FitOptions { l2: 0.0, ..FitOptions::default() };
    /// let fit = Newton.fit(&samples, &options)?;
    /// let found = FitIntervals::new(&samples, &options, &fit, 0.95)?;
    /// let weight = found.coefficients[0].interval.map_err(|why| why.to_string())?;
    ///
    /// // The logarithm of a ratio of odds has this standard error (Woolf 1955).
    /// let woolf = (1.0 / 8.0 + 1.0 / 12.0 + 1.0 / 15.0 + 1.0 / 5.0_f64).sqrt();
    /// assert!((weight.standard_error - woolf).abs() < 1e-6);
    /// assert!(weight.low > 0.0 && weight.high > 2.0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(
        samples: &Samples<'_>,
        options: &FitOptions,
        fit: &Fit,
        confidence: f64,
    ) -> Result<Self, TrainError> {
        if !(confidence > 0.0 && confidence < 1.0) {
            let problem = "has to be above 0 and below 1";
            return Err(TrainError::Option { option: "the confidence", problem });
        }
        let point = start_at(samples, options, &fit.coefficients, fit.intercept)?;
        let space = Space::new(samples, options, Part::ALL)?;
        let point = space.enter(&point);
        let found = sums(&space, Part::ALL, &point, Want::Curvature);
        if !found.gradient.iter().chain(&found.curvature).all(|number| number.is_finite()) {
            return Err(samples.features().not_finite().unwrap_or(TrainError::Overflow));
        }
        let width = point.len();
        let held: Vec<Option<NoInterval>> = (0..width)
            .map(|at| held_by(point[at], space.terms[at], fit.convergence.aliased.contains(&at)))
            .collect();
        let free: Vec<usize> = (0..width).filter(|at| held[*at].is_none()).collect();
        let factor = Factor::new(free.len(), |row, column| {
            let own = if row == column { space.terms[free[row]].l2 } else { 0.0 };
            found.curvature[free[row] * width + free[column]] + own
        });
        let slopes: Vec<f64> = free
            .iter()
            .map(|at| {
                let Term { l2, l1, .. } = space.terms[*at];
                let kink = if l1 > 0.0 { l1.copysign(point[*at]) } else { 0.0 };
                found.gradient[*at] + l2 * point[*at] + kink
            })
            .collect();
        // How far the minimum is, in standard errors: Newton's decrement.
        let step: f64 =
            factor.solve(&slopes).iter().zip(&slopes).map(|(by, slope)| by * slope).sum();
        let is_there = step.is_finite() && step.max(0.0).sqrt() <= STEP_MAX;
        let known = Known { space: &space, factor, free, held, is_there, z: two_sided(confidence) };
        let columns = fit.coefficients.len();
        let coefficients = fit.coefficients.iter().enumerate();
        Ok(Self {
            confidence,
            coefficients: coefficients.map(|(at, value)| known.coefficient(at, *value)).collect(),
            intercept: options.has_intercept.then(|| known.intercept(columns, fit.intercept)),
        })
    }
}

/// Why a number has no interval, as far as it says that itself.
fn held_by(at: f64, term: Term, is_aliased: bool) -> Option<NoInterval> {
    let is_on = |bound: f64| bound.is_finite() && (at - bound).abs() <= ON_BOUND * bound.abs();
    if is_aliased {
        Some(NoInterval::Aliased)
    } else if is_on(term.bounds.low) || is_on(term.bounds.high) {
        Some(NoInterval::AtBound)
    } else if term.l1 > 0.0 && at == 0.0 {
        Some(NoInterval::HeldAtZero)
    } else {
        None
    }
}

/// What was found at the fit.
struct Known<'s, 'a> {
    space: &'s Space<'a>,
    /// The second derivatives of the free numbers.
    factor: Factor,
    /// Which numbers are free: their places.
    free: Vec<usize>,
    held: Vec<Option<NoInterval>>,
    is_there: bool,
    z: f64,
}

impl Known<'_, '_> {
    /// Of the coefficient in a column.
    fn coefficient(&self, at: usize, value: f64) -> Estimate {
        let inverse = self.space.inverse.get(at).copied().unwrap_or(0.0);
        let along = |free: usize| if free == at { inverse } else { 0.0 };
        let bounds = self.space.terms.get(at).map(|term| term.bounds);
        let (low, high) = bounds.map_or((f64::NEG_INFINITY, f64::INFINITY), |bounds| {
            (bounds.low * inverse, bounds.high * inverse)
        });
        let interval = self.along(at, along).map(|standard_error| Interval {
            standard_error,
            low: (value - self.z * standard_error).max(low),
            high: (value + self.z * standard_error).min(high),
        });
        Estimate { value, interval }
    }

    /// Of the intercept, which is the scaled one less what centering took away.
    fn intercept(&self, at: usize, value: f64) -> Estimate {
        let along = |free: usize| match (self.space.inverse.get(free), self.space.center.get(free))
        {
            (Some(inverse), Some(center)) => -inverse * center,
            _ => 1.0,
        };
        let interval = self.along(at, along).map(|standard_error| Interval {
            standard_error,
            low: value - self.z * standard_error,
            high: value + self.z * standard_error,
        });
        Estimate { value, interval }
    }

    /// The standard error of a weighted sum of the free numbers, which is about the one at a place.
    fn along(&self, at: usize, weight: impl Fn(usize) -> f64) -> Result<f64, NoInterval> {
        if let Some(Some(why)) = self.held.get(at) {
            return Err(*why);
        }
        if self.factor.aliased.iter().any(|row| self.free.get(*row) == Some(&at)) {
            return Err(NoInterval::Aliased);
        }
        if !self.is_there {
            return Err(NoInterval::NotAtMinimum);
        }
        let weights: Vec<f64> = self.free.iter().map(|free| weight(*free)).collect();
        let solved = self.factor.solve(&weights);
        let variance: f64 = solved.iter().zip(&weights).map(|(a, b)| a * b).sum();
        Ok(variance.max(0.0).sqrt())
    }
}
