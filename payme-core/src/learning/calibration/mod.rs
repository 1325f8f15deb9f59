//! Calibration: from scores to the probabilities they stand for.
//!
//! In: held-out rows with their labels. Out: a [`Calibration`], which is stored with the weights
//! and applied to every score. What always holds: it never decreases, so it never reorders results
//! (equal values keep the order of the scores), and it answers in [0, 1] for every score.

mod beta;
mod fit;
mod isotonic;
mod platt;
mod stored;
mod temperature;
#[cfg(test)]
mod tests;
mod venn_abers;

use serde::{Deserialize, Serialize};

pub use beta::Beta;
pub use fit::{Convergence, Fit, FitOptions, FitReport, Targets};
pub use isotonic::Isotonic;
pub use platt::Platt;
pub use temperature::Temperature;
pub use venn_abers::VennAbers;

/// A function from scores to probabilities that never decreases.
///
/// Its JSON form has the member `kind` and the parameters by name; reading it back gives the same
/// bits. Parameters that are none of such a function are refused.
/// ```
/// use payme_core::learning::{Calibration, Forecasts, Isotonic};
///
/// let forecasts = Forecasts::new(&[0, 1, 0, 1], &[0.2, 0.4, 0.6, 0.8])?;
/// let calibration = Calibration::Isotonic(Isotonic::fit(forecasts.scored())?);
/// assert_eq!([0.2, 0.5, 0.9].map(|p| calibration.apply(p)), [0.0, 0.5, 1.0]);
///
/// let text = serde_json::to_string(&calibration)?;
/// assert_eq!(serde_json::from_str::<Calibration>(&text)?, calibration);
/// assert!(serde_json::from_str::<Calibration>(
///     r#"{"kind": "platt", "slope": -1.0, "intercept": 0.0}"#
/// ).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(try_from = "stored::Stored", into = "stored::Stored")]
pub enum Calibration {
    /// Scores are probabilities already; they are kept within [0, 1].
    #[default]
    Identity,
    /// A logistic function of the score.
    Platt(Platt),
    /// The log-odds divided by a temperature.
    Temperature(Temperature),
    /// A function through the pools of isotonic regression.
    Isotonic(Isotonic),
    /// The function that a likelihood ratio of two beta distributions has.
    Beta(Beta),
}

impl Calibration {
    /// The probability that a score stands for, in [0, 1]; NaN for NaN.
    pub fn apply(&self, score: f64) -> f64 {
        match self {
            Self::Identity => score.clamp(0.0, 1.0),
            Self::Platt(platt) => platt.apply(score),
            Self::Temperature(temperature) => temperature.apply(score),
            Self::Isotonic(isotonic) => isotonic.apply(score),
            Self::Beta(beta) => beta.apply(score),
        }
    }
}

/// The probability of log-odds. Every step of it ascends, so it does after rounding too.
fn logistic(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}

/// A probability with a finite logarithm, and so has its complement.
fn inner(p: f64) -> f64 {
    use super::metrics::LOGARITHM_MARGIN as MARGIN;
    p.clamp(MARGIN, 1.0 - MARGIN)
}
