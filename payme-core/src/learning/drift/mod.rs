//! Drift: whether a model is still as good, and still sees what it was trained on.
//!
//! In: what the model was worth when it was promoted and what it is worth now; the signals then and
//! now. Out: figures, each beside what chance alone would show. What always holds: a fall of
//! exactly the margin does not warn.

mod psi;
#[cfg(test)]
mod tests;

pub use psi::{PSI_BINS, PSI_WARNING, Psi, PsiReference, psi_of_columns};

use super::evaluation::{EvaluationError, checked, mean_of};
use super::metrics::{Binning, ExpectedEce, ece, ece_expected_if_calibrated};
use super::normal::tail_of_normal;
use super::sum::{Sum, float, number};
use super::{Forecasts, LearningError};

/// A precision at 5 that falls by more than this warns.
pub const PRECISION_FALL_MAX: f64 = 0.05;
/// The fall may be greater by this much, which rounding can make.
const SLACK: f64 = 1e-9;

/// A precision over users, and how far chance may have moved it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampled {
    /// The mean over users.
    pub mean: f64,
    /// Its standard error, where it is known.
    pub standard_error: Option<f64>,
}

impl Sampled {
    /// The mean over the users that have a value, with the standard error `s / sqrt(n)`, `s` their
    /// deviation (by n - 1); one user has no standard error.
    ///
    /// # Errors
    /// [`EvaluationError::NoUsers`] where no user has a value, [`EvaluationError::Value`] for one
    /// that is not finite.
    /// ```
    /// use payme_core::learning::Sampled;
    /// let found = Sampled::over_users(&[Some(0.2), None, Some(0.6)])?;
    /// assert!((found.mean - 0.4).abs() < 1e-15);
    /// assert!((found.standard_error.unwrap_or(0.0) - 0.2).abs() < 1e-15);
    /// # Ok::<(), payme_core::learning::EvaluationError>(())
    /// ```
    pub fn over_users(values: &[Option<f64>]) -> Result<Self, EvaluationError> {
        checked(values)?;
        let values: Vec<f64> = values.iter().filter_map(|value| *value).collect();
        if values.is_empty() {
            return Err(EvaluationError::NoUsers);
        }
        let (mean, count) = (mean_of(&values), float(values.len()));
        let squares: Vec<f64> = values.iter().map(|value| (value - mean).powi(2)).collect();
        let standard_error = (mean_of(&squares) / (count - 1.0)).sqrt();
        Ok(Self { mean, standard_error: (values.len() > 1).then_some(standard_error) })
    }
}

/// By how much precision at 5 fell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PrecisionDrift {
    /// What it was when the model before was replaced.
    pub previous: Sampled,
    /// What it is.
    pub current: Sampled,
    /// `previous - current`: above 0 where it fell.
    pub fall: f64,
    /// The standard error of the fall, where that of what it is now is known:
    /// `sqrt(s_previous^2 + s_current^2)`, without the first term where that is not known.
    pub standard_error: Option<f64>,
    /// Whether it fell by more than [`PRECISION_FALL_MAX`]. Exactly so much does not warn.
    pub is_warning: bool,
    /// The chance of a warning where nothing has changed: that a normal number of this standard
    /// error is above the margin. Of few users this is high, and the warning says little.
    pub warning_by_chance: Option<f64>,
}

/// Compares precision at 5 with what it was.
///
/// # Errors
/// [`EvaluationError::Margin`] for a mean or a standard error that is no number from 0 on.
/// ```
/// use payme_core::learning::{Sampled, precision_drift};
/// let was = Sampled { mean: 0.45, standard_error: None };
/// let drift = |mean| precision_drift(was, Sampled { mean, standard_error: Some(0.048) });
/// assert!(!drift(0.40)?.is_warning && drift(0.3999)?.is_warning);
/// // With so large an error it warns 15 times in 100 by chance.
/// assert!((drift(0.45)?.warning_by_chance.unwrap_or(0.0) - 0.149).abs() < 1e-3);
/// # Ok::<(), payme_core::learning::EvaluationError>(())
/// ```
pub fn precision_drift(
    previous: Sampled,
    current: Sampled,
) -> Result<PrecisionDrift, EvaluationError> {
    for (option, value) in [
        ("the previous precision", Some(previous.mean)),
        ("the current precision", Some(current.mean)),
        ("the previous standard error", previous.standard_error),
        ("the current standard error", current.standard_error),
    ] {
        not_negative(option, value.unwrap_or(0.0))?;
    }
    let fall = previous.mean - current.mean;
    let standard_error =
        current.standard_error.map(|error| error.hypot(previous.standard_error.unwrap_or(0.0)));
    let by_chance = |error: f64| {
        if error > 0.0 { tail_of_normal(PRECISION_FALL_MAX / error) } else { 0.0 }
    };
    Ok(PrecisionDrift {
        previous,
        current,
        fall,
        standard_error,
        is_warning: fall > PRECISION_FALL_MAX + SLACK,
        warning_by_chance: standard_error.map(by_chance),
    })
}

fn not_negative(option: &'static str, value: f64) -> Result<(), EvaluationError> {
    let is_fit = value.is_finite() && value >= 0.0;
    if is_fit { Ok(()) } else { Err(EvaluationError::Margin { option }) }
}

/// Whether probabilities are still what they say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CalibrationDrift {
    /// The mean of `p - y`: above 0 where too much is promised.
    pub bias: f64,
    /// The standard deviation that chance alone gives to it: `sqrt(sum w^2 p (1 - p)) / sum w`.
    pub bias_by_chance: f64,
    /// The expected calibration error.
    pub ece: f64,
    /// By how much it is higher than it was.
    pub ece_change: f64,
    /// The expected calibration error that probabilities which are true would show on these rows.
    pub ece_by_chance: ExpectedEce,
}

/// Two-sided, a normal number is farther out than this once in twenty.
const NORMAL_95: f64 = 1.959_963_984_540_054;

impl CalibrationDrift {
    /// Whether chance alone would show as much less than once in twenty: the bias is farther from 0
    /// than 1.96 of its standard deviations, or the error is above its 95th percentile.
    pub fn is_beyond_chance(&self) -> bool {
        self.bias.abs() > NORMAL_95 * self.bias_by_chance
            || self.ece > self.ece_by_chance.percentile_95
    }
}

/// Compares probabilities with what came of them, and their error with what it was.
///
/// The errors are over `bins` bins of equal width; the seed is that of
/// [`ece_expected_if_calibrated`].
///
/// # Errors
/// [`LearningError::Bins`], and [`EvaluationError::Margin`] for an error that was none.
/// ```
/// use payme_core::learning::{Forecasts, calibration_drift};
/// // One in two is promised, and one in four is paid.
/// let labels: Vec<bool> = (0..100).map(|row| row % 4 == 0).collect();
/// let found = calibration_drift(&Forecasts::new(&labels, &[0.5; 100])?, 0.05, 10, 1)?;
/// assert!((found.bias - 0.25).abs() < 1e-12 && (found.bias_by_chance - 0.05).abs() < 1e-12);
/// assert!((found.ece_change - 0.20).abs() < 1e-12 && found.is_beyond_chance());
/// # Ok::<(), payme_core::learning::EvaluationError>(())
/// ```
pub fn calibration_drift(
    forecasts: &Forecasts<'_>,
    previous_ece: f64,
    bins: usize,
    seed: u64,
) -> Result<CalibrationDrift, EvaluationError> {
    not_negative("the previous calibration error", previous_ece)?;
    let binning = Binning::Uniform(bins);
    let ece = ece(forecasts, binning)?;
    let rows = forecasts.scored();
    let (mut gap, mut variance) = (Sum::default(), Sum::default());
    for (row, (p, label)) in rows.scores().iter().zip(rows.labels()).enumerate() {
        let weights = rows.weights().and_then(|weights| weights.get(row));
        let weight = weights.copied().unwrap_or(1.0);
        gap += weight * (p - number(*label));
        variance += weight * weight * p * (1.0 - p);
    }
    Ok(CalibrationDrift {
        bias: gap.total() / rows.weight(),
        bias_by_chance: variance.total().max(0.0).sqrt() / rows.weight(),
        ece,
        ece_change: ece - previous_ece,
        ece_by_chance: ece_expected_if_calibrated(forecasts, binning, seed)?,
    })
}

/// Refuses a column with a number that is not finite.
fn finite(column: &[f64]) -> Result<(), LearningError> {
    use super::error::Fault;
    let fault = column.iter().enumerate().find(|(_, value)| !value.is_finite());
    match fault {
        Some((index, value)) => {
            Err(LearningError::Score { index, fault: Fault::of(*value, f64::MIN) })
        }
        None => Ok(()),
    }
}
