//! Applying a calibration to a column.
//!
//! In: scores from outside. Out: the probabilities they stand for, or the first score that has
//! none. The scores are held to what the rows of a fit are held to.

use crate::learning::LearningError;
use crate::learning::rows::{need_finite, need_probabilities};
use crate::ranking::Calibration;

impl Calibration {
    /// The probabilities that scores stand for, one for each, in [0, 1].
    ///
    /// Temperature and beta take probabilities, the others any finite scores; no scores give none.
    ///
    /// # Errors
    /// [`LearningError::Score`] for a score that is NaN or infinite, and
    /// [`LearningError::Probability`] for one outside of [0, 1] where probabilities are taken; the
    /// first of them.
    /// ```
    /// use payme_core::learning::Calibration;
    /// let stored = r#"{"kind": "temperature", "inverse_temperature": 0.5}"#;
    /// let calibration: Calibration = serde_json::from_str(stored)?;
    /// let applied = calibration.apply_all(&[0.5, 0.9])?;
    /// assert!((applied[0] - 0.5).abs() < 1e-12 && (applied[1] - 0.75).abs() < 1e-12);
    /// let error = calibration.apply_all(&[0.5, 1.5]).unwrap_err();
    /// assert_eq!((error.code(), error.index()), ("probability_invalid", Some(1)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn apply_all(&self, scores: &[f64]) -> Result<Vec<f64>, LearningError> {
        match self {
            Self::Temperature(_) | Self::Beta(_) => need_probabilities(scores)?,
            Self::Identity | Self::Platt(_) | Self::Isotonic(_) => need_finite(scores)?,
        }
        Ok(scores.iter().map(|score| self.apply(*score)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_probability_is_told_with_its_place() {
        let read = |text| serde_json::from_str::<Calibration>(text).unwrap();
        let platt = read(r#"{"kind": "platt", "slope": 1.0, "intercept": 0.0}"#);
        let beta = read(r#"{"kind": "beta", "a": 1.0, "b": 1.0, "c": 0.0}"#);
        #[rustfmt::skip]
        let table = [
            //            platt                            beta
            (-0.5,          None,                            Some("probability_invalid")),
            (1.5,           None,                            Some("probability_invalid")),
            (f64::NAN,      Some("score_not_finite"),        Some("score_not_finite")),
            (f64::INFINITY, Some("score_not_finite"),        Some("score_not_finite")),
            (0.25,          None,                            None),
        ];
        for (score, of_platt, of_beta) in table {
            for (calibration, expected) in [(&platt, of_platt), (&beta, of_beta)] {
                let found = calibration.apply_all(&[0.5, score, f64::NAN][..2]);
                let error = found.as_ref().err();
                assert_eq!(error.map(LearningError::code), expected, "{score}");
                assert_eq!(error.and_then(LearningError::index), expected.map(|_| 1), "{score}");
            }
            assert_eq!(platt.apply_all(&[]), Ok(Vec::new()));
        }
    }
}
