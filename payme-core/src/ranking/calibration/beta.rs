//! Beta calibration: log-odds that are a line in the logarithms of a probability and of its
//! complement.

use super::{CalibrationError, inner, logistic};

/// `p' = 1 / (1 + exp(-(a ln p - b ln(1 - p) + c)))`, `a >= 0` and `b >= 0`.
///
/// Source: Kull, Silva Filho and Flach 2017: what is right where forecasts of each class follow a
/// beta distribution. `a = b = 1, c = 0` changes nothing, so forecasts that are calibrated stay so.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Beta {
    pub(crate) a: f64,
    pub(crate) b: f64,
    pub(crate) c: f64,
}

pub(crate) fn rising(p: f64) -> f64 {
    inner(p).ln()
}

pub(crate) fn falling(p: f64) -> f64 {
    -(1.0 - inner(p)).ln()
}

impl Beta {
    pub(super) fn new(a: f64, b: f64, c: f64) -> Result<Self, CalibrationError> {
        if a >= 0.0 && b >= 0.0 && [a, b, c].iter().all(|value| value.is_finite()) {
            return Ok(Self { a, b, c });
        }
        Err(CalibrationError { what: "a and b are finite and not negative" })
    }

    /// The parameters `a`, `b` and `c`.
    pub const fn parameters(&self) -> [f64; 3] {
        [self.a, self.b, self.c]
    }

    /// The probability that a forecast stands for, in [0, 1].
    pub fn apply(&self, p: f64) -> f64 {
        logistic(self.a * rising(p) + self.b * falling(p) + self.c)
    }
}
