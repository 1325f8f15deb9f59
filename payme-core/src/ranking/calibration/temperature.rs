//! Temperature scaling: log-odds divided by one number.

use super::{CalibrationError, inner, logistic};

/// `p' = 1 / (1 + exp(-logit(p) / temperature))`, `logit(p) = ln(p / (1 - p))`.
///
/// Source: Guo, Pleiss, Sun and Weinberger 2017. Above 1 it makes forecasts less certain, below 1
/// more. One half stays one half. Held as its inverse, so that infinity, which is one half for
/// every row, is 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Temperature {
    pub(crate) inverse: f64,
}

pub(crate) fn log_odds(p: f64) -> f64 {
    let p = inner(p);
    p.ln() - (1.0 - p).ln()
}

impl Temperature {
    pub(super) fn new(inverse: f64) -> Result<Self, CalibrationError> {
        if inverse.is_finite() && inverse >= 0.0 {
            return Ok(Self { inverse });
        }
        Err(CalibrationError { what: "an inverse temperature is finite, from 0" })
    }

    /// The temperature, above 0; may be infinite.
    pub fn temperature(&self) -> f64 {
        1.0 / self.inverse
    }

    /// 1 divided by the temperature, at least 0.
    pub const fn inverse_temperature(&self) -> f64 {
        self.inverse
    }

    /// The probability that a forecast stands for, in [0, 1].
    pub fn apply(&self, p: f64) -> f64 {
        logistic(self.inverse * log_odds(p))
    }
}
