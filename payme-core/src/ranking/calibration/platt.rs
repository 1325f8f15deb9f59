//! Platt scaling: a logistic function of the score.

use super::{CalibrationError, logistic};

/// `p = 1 / (1 + exp(-(slope * score + intercept)))`, `slope >= 0`. Source: Platt 1999.
///
/// The score may be any finite number, such as a sum of weighted signals.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Platt {
    pub(crate) slope: f64,
    pub(crate) intercept: f64,
}

impl Platt {
    pub(super) fn new(slope: f64, intercept: f64) -> Result<Self, CalibrationError> {
        if slope.is_finite() && slope >= 0.0 && intercept.is_finite() {
            return Ok(Self { slope, intercept });
        }
        Err(CalibrationError { what: "a slope is finite and not negative" })
    }

    /// How much the log-odds grow with the score, at least 0.
    pub const fn slope(&self) -> f64 {
        self.slope
    }

    /// The log-odds of a score of 0.
    pub const fn intercept(&self) -> f64 {
        self.intercept
    }

    /// The probability that a score stands for, in [0, 1].
    pub fn apply(&self, score: f64) -> f64 {
        logistic(self.slope * score + self.intercept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_falls_is_no_calibration() {
        for (slope, intercept) in [(-0.5, 0.0), (f64::NAN, 0.0), (1.0, f64::INFINITY)] {
            assert_eq!(Platt::new(slope, intercept).unwrap_err().code(), "calibration_invalid");
        }
    }
}
