//! Confidence: a number in [0, 1].

use serde::{Deserialize, Serialize};

/// How sure one piece of evidence makes us, in `[0, 1]`. Never NaN.
///
/// ```
/// use payme_core::types::Confidence;
/// assert_eq!(Confidence::new(0.75)?.get(), 0.75);
/// assert!(Confidence::new(1.01).is_err());
/// assert!(Confidence::new(f64::NAN).is_err());
/// # Ok::<(), payme_core::types::ConfidenceError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Confidence(f64);

/// A number that is not a confidence.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("confidence {0} is outside [0, 1]")]
pub struct ConfidenceError(f64);

impl ConfidenceError {
    /// The stable code of this error.
    pub const fn code(&self) -> &'static str {
        "invalid_confidence"
    }
}

impl Confidence {
    /// Checks that the value lies in `[0, 1]`.
    ///
    /// # Errors
    /// [`ConfidenceError`] when it does not, or is NaN.
    pub fn new(value: f64) -> Result<Self, ConfidenceError> {
        if (0.0..=1.0).contains(&value) {
            // Adding zero turns -0.0 into 0.0, so that equal confidences have equal bits.
            Ok(Self(value + 0.0))
        } else {
            Err(ConfidenceError(value))
        }
    }

    /// What `count` records of one kind make us believe, messages and transactions alike.
    ///
    /// `min(0.95, 0.7 + min(0.2, 0.05 * count))`: 0.75 for one record, 0.9 from four on.
    pub fn from_count(count: u32) -> Self {
        Self(0.95_f64.min(0.7 + 0.2_f64.min(0.05 * f64::from(count))))
    }

    /// The value, in `[0, 1]`.
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for Confidence {
    type Error = ConfidenceError;

    fn try_from(value: f64) -> Result<Self, ConfidenceError> {
        Self::new(value)
    }
}

impl From<Confidence> for f64 {
    fn from(confidence: Confidence) -> Self {
        confidence.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn confidence_from_count_is_the_table_of_the_rule() {
        let table = [(0, 0.7), (1, 0.75), (2, 0.8), (3, 0.85), (4, 0.9), (5, 0.9), (u32::MAX, 0.9)];
        for (count, expected) in table {
            let got = Confidence::from_count(count).get();
            assert!((got - expected).abs() < 1e-12, "{count}: {got}");
        }
    }

    #[test]
    fn only_the_closed_unit_interval_is_a_confidence() {
        for good in [0.0, -0.0, 1.0, 0.5, f64::MIN_POSITIVE] {
            assert!(Confidence::new(good).is_ok(), "{good}");
        }
        for bad in [-f64::MIN_POSITIVE, 1.0 + f64::EPSILON, f64::NAN, f64::INFINITY, -1.0] {
            assert!(Confidence::new(bad).is_err(), "{bad}");
        }
    }
}
