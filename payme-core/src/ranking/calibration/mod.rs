//! Calibration: from scores to the probabilities they stand for.
//!
//! In: a score. Out: a probability. A [`Calibration`] is fitted on held-out data (`learning`),
//! stored with the weights and applied to every score. What always holds: it never decreases, so it
//! never reorders results (equal values keep the order of the scores), and it answers in [0, 1].
//! Formulas and sources: `docs/rules/learning.md`.

mod beta;
mod isotonic;
mod platt;
mod stored;
mod temperature;

use serde::{Deserialize, Serialize};

pub use beta::Beta;
pub use isotonic::Isotonic;
pub use platt::Platt;
pub use temperature::Temperature;

pub(crate) use beta::{falling, rising};
pub(crate) use temperature::log_odds;

/// Parameters that are none of a calibration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no calibration: {what}")]
pub struct CalibrationError {
    /// What has to hold.
    pub what: &'static str,
}

impl CalibrationError {
    /// The stable code of this error.
    pub const fn code(&self) -> &'static str {
        "calibration_invalid"
    }
}

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
    /// The word that its JSON form has as `kind`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Platt(_) => "platt",
            Self::Temperature(_) => "temperature",
            Self::Isotonic(_) => "isotonic",
            Self::Beta(_) => "beta",
        }
    }

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
pub(crate) fn logistic(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}

/// How near a probability may come to 0 and 1 where its logarithm is taken.
pub(crate) const LOGARITHM_MARGIN: f64 = f64::EPSILON;

/// A probability with a finite logarithm, and so has its complement.
pub(crate) fn inner(p: f64) -> f64 {
    p.clamp(LOGARITHM_MARGIN, 1.0 - LOGARITHM_MARGIN)
}
