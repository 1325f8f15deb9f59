//! Isotonic calibration: a function through points that never decreases.

use super::CalibrationError;

/// A function through the pools of isotonic regression (Ayer et al. 1955; Zadrozny and Elkan
/// 2002).
///
/// Within a pool, from its lowest score to its highest, it is the pool's share of positives;
/// between two pools it is the straight line; outside of all scores it is the nearest value. That
/// is what scikit-learn's `IsotonicRegression(out_of_bounds="clip")` predicts, but for scores
/// within 1e-15 of each other, which it takes for one.
#[derive(Debug, Clone, PartialEq)]
pub struct Isotonic {
    /// Ascending.
    pub(crate) scores: Vec<f64>,
    /// Never descending, in [0, 1], one for each score.
    pub(crate) values: Vec<f64>,
}

impl Isotonic {
    pub(super) fn new(scores: Vec<f64>, values: Vec<f64>) -> Result<Self, CalibrationError> {
        let what = match () {
            () if scores.is_empty() => "isotonic scores are at least one",
            () if scores.len() != values.len() => "there is one value for each isotonic score",
            () if !scores.iter().all(|score| score.is_finite()) => "isotonic scores are finite",
            () if !scores.is_sorted_by(|a, b| a < b) => "isotonic scores ascend",
            () if !values.iter().all(|value| (0.0..=1.0).contains(value)) => {
                "isotonic values are in [0, 1]"
            }
            () if !values.is_sorted() => "isotonic values do not descend",
            () => return Ok(Self { scores, values }),
        };
        Err(CalibrationError { what })
    }

    /// The scores at which the function bends, ascending, and its values there.
    pub fn bends(&self) -> (&[f64], &[f64]) {
        (&self.scores, &self.values)
    }

    /// The probability that a score stands for, in [0, 1]; NaN for NaN.
    pub fn apply(&self, score: f64) -> f64 {
        if score.is_nan() {
            return score;
        }
        let above = self.scores.partition_point(|bend| *bend <= score);
        let bend = |at: usize| Some((*self.scores.get(at)?, *self.values.get(at)?));
        match (above.checked_sub(1).and_then(bend), bend(above)) {
            (Some((left, low)), Some((right, high))) => {
                low + ((high - low) * share(left, score, right)).min(high - low)
            }
            (Some((_, value)), None) | (None, Some((_, value))) => value,
            (None, None) => 0.0,
        }
    }
}

/// Where a score is between two others, from 0 to 1.
fn share(left: f64, score: f64, right: f64) -> f64 {
    let width = right - left;
    if width.is_finite() {
        (score - left) / width
    } else {
        // Half of each, because the distance of the two has no number.
        (score / 2.0 - left / 2.0) / (right / 2.0 - left / 2.0)
    }
}
