//! The rows that measures and calibrations take: checked once, so that no measure can fail on them.
//!
//! In: columns of one length. Out: [`Scored`] rows (any finite score) or [`Forecasts`]
//! (probabilities). What always holds: labels are 0 or 1, numbers are finite, weights are not
//! negative, and at least one row has a weight.

use std::borrow::Cow;

use super::LearningError;
use super::error::Fault;
use super::pieces::all_are;
use super::sum::{Sum, float, number};

/// A weight is 0 or in this range, so that products of sums of weights neither vanish nor
/// overflow.
const WEIGHT_RANGE: (f64, f64) = (1e-100, 1e100);

mod sealed {
    pub trait Sealed: Copy + Sync {
        /// Whether it is 0 or 1.
        fn is_label(self) -> bool;
        /// Whether it is 1.
        fn is_positive(self) -> bool;
    }
}

/// What a label may be written as: `bool`, or the number 0 or 1 of any common type.
pub trait Label: sealed::Sealed {
    /// All labels.
    ///
    /// # Errors
    /// [`LearningError::Label`] for the first that is neither 0 nor 1.
    fn read_all(labels: &[Self]) -> Result<Cow<'_, [bool]>, LearningError> {
        if !all_are(labels, sealed::Sealed::is_label) {
            let fault = labels.iter().position(|label| !label.is_label());
            return Err(LearningError::Label { index: fault.unwrap_or(0) });
        }
        Ok(Cow::Owned(labels.iter().map(|label| label.is_positive()).collect()))
    }
}

impl sealed::Sealed for bool {
    fn is_label(self) -> bool {
        true
    }

    fn is_positive(self) -> bool {
        self
    }
}

impl Label for bool {
    fn read_all(labels: &[Self]) -> Result<Cow<'_, [bool]>, LearningError> {
        Ok(Cow::Borrowed(labels))
    }
}

macro_rules! labels {
    ($($type:ty: $zero:literal, $one:literal;)*) => {$(
        impl sealed::Sealed for $type {
            fn is_label(self) -> bool {
                (self == $zero) | (self == $one)
            }

            fn is_positive(self) -> bool {
                self == $one
            }
        }

        impl Label for $type {}
    )*};
}

labels! {
    u8: 0, 1;
    u16: 0, 1;
    u32: 0, 1;
    u64: 0, 1;
    i8: 0, 1;
    i16: 0, 1;
    i32: 0, 1;
    i64: 0, 1;
    f32: 0.0, 1.0;
    f64: 0.0, 1.0;
}

/// Rows with a label, a finite score, and perhaps a weight.
///
/// Higher scores should belong to positive rows. Without weights each row counts once. A weight
/// `w` counts like `w` equal rows, in every measure; so rows of weight 0 are as if they were not
/// there, and a weight need not be whole.
/// ```
/// use payme_core::learning::{LearningError, Scored, roc_auc};
///
/// // Labels may be booleans or the numbers 0 and 1.
/// let rows = Scored::new(&[1, 0, 1], &[2.5, -0.5, 0.25])?;
/// assert_eq!(roc_auc(&rows).value(), Some(1.0));
///
/// let error = Scored::new(&[1, 0, 2], &[2.5, -0.5, 0.25]).unwrap_err();
/// assert_eq!(error, LearningError::Label { index: 2 });
/// # Ok::<(), LearningError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Scored<'a> {
    labels: Cow<'a, [bool]>,
    scores: &'a [f64],
    weights: Option<&'a [f64]>,
    totals: Totals,
}

/// How much the rows weigh together.
#[derive(Debug, Clone, Copy)]
pub(super) struct Totals {
    pub(super) weight: f64,
    pub(super) positive: f64,
    /// Rows of weight 0 are not counted.
    pub(super) rows: usize,
    pub(super) positive_rows: usize,
}

impl<'a> Scored<'a> {
    /// Rows of equal weight.
    ///
    /// # Errors
    /// [`LearningError`]: no rows, columns of different lengths, a label that is neither 0 nor 1,
    /// a score that is NaN or infinite.
    pub fn new<L: Label>(labels: &'a [L], scores: &'a [f64]) -> Result<Self, LearningError> {
        let rows = Self::unchecked_scores(labels, scores)?;
        need_finite(scores)?;
        Ok(rows)
    }

    fn unchecked_scores<L: Label>(
        labels: &'a [L],
        scores: &'a [f64],
    ) -> Result<Self, LearningError> {
        if labels.is_empty() && scores.is_empty() {
            return Err(LearningError::Empty);
        }
        same_length("scores", labels.len(), scores.len())?;
        let labels = L::read_all(labels)?;
        // A byte counts so many labels, which a compiler does with many at once.
        let of_some =
            |labels: &[bool]| labels.iter().fold(0_u8, |sum, label| sum + u8::from(*label));
        let positive_rows = labels.chunks(128).map(|labels| usize::from(of_some(labels))).sum();
        let totals = Totals {
            weight: float(labels.len()),
            positive: float(positive_rows),
            rows: labels.len(),
            positive_rows,
        };
        Ok(Self { labels, scores, weights: None, totals })
    }

    /// The same rows with weights.
    ///
    /// # Errors
    /// [`LearningError`]: another number of weights than rows; a weight that is negative, NaN,
    /// infinite or outside of [1e-100, 1e100] without being 0; only zeros.
    pub fn weighted(self, weights: &'a [f64]) -> Result<Self, LearningError> {
        same_length("weights", self.labels.len(), weights.len())?;
        let (least, most) = WEIGHT_RANGE;
        let mut totals = Totals { weight: 0.0, positive: 0.0, rows: 0, positive_rows: 0 };
        let (mut sum, mut positive) = (Sum::default(), Sum::default());
        for (index, (weight, label)) in weights.iter().zip(self.labels.iter()).enumerate() {
            if *weight == 0.0 {
                continue;
            }
            if !(least..=most).contains(weight) {
                return Err(LearningError::Weight { index, fault: Fault::of(*weight, least) });
            }
            sum += *weight;
            positive += *weight * number(*label);
            totals.rows += 1;
            totals.positive_rows += usize::from(*label);
        }
        if totals.rows == 0 {
            return Err(LearningError::WeightsZero);
        }
        totals.weight = sum.total();
        totals.positive = positive.total();
        Ok(Self { weights: Some(weights), totals, ..self })
    }

    /// How many rows there are, those of weight 0 included; at least 1.
    #[expect(clippy::len_without_is_empty, reason = "rows are never empty")]
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// The labels.
    pub fn labels(&self) -> &[bool] {
        &self.labels
    }

    /// The scores.
    pub const fn scores(&self) -> &[f64] {
        self.scores
    }

    /// The weights, if rows have different ones.
    pub const fn weights(&self) -> Option<&[f64]> {
        self.weights
    }

    /// How much all rows weigh: without weights, how many there are.
    pub const fn weight(&self) -> f64 {
        self.totals.weight
    }

    /// The share of the weight that is of positive rows, in [0, 1].
    pub fn positive_rate(&self) -> f64 {
        (self.totals.positive / self.totals.weight).min(1.0)
    }

    pub(super) const fn totals(&self) -> Totals {
        self.totals
    }

    /// Refuses rows from which nothing can be fitted.
    pub(super) const fn need_both_classes(&self, rows_min: usize) -> Result<(), LearningError> {
        let Totals { rows, positive_rows, .. } = self.totals;
        if positive_rows == 0 || positive_rows == rows {
            return Err(LearningError::OneClass { positive: positive_rows > 0 });
        }
        if rows < rows_min {
            return Err(LearningError::TooFew { rows, rows_min });
        }
        Ok(())
    }
}

/// Rows whose scores are probabilities of being positive.
/// ```
/// use payme_core::learning::{Forecasts, LearningError, brier_score};
///
/// let forecasts = Forecasts::new(&[false, true, true, false], &[0.1, 0.9, 0.8, 0.3])?;
/// assert!((brier_score(&forecasts) - 0.0375).abs() < 1e-15);
///
/// let error = Forecasts::new(&[true, false], &[0.5, 1.5]).unwrap_err();
/// assert_eq!((error.code(), error.index()), ("probability_invalid", Some(1)));
/// # Ok::<(), LearningError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Forecasts<'a>(Scored<'a>);

impl<'a> Forecasts<'a> {
    /// Rows of equal weight.
    ///
    /// # Errors
    /// As [`Scored::new`], and [`LearningError::Probability`] for a score outside of [0, 1].
    pub fn new<L: Label>(labels: &'a [L], scores: &'a [f64]) -> Result<Self, LearningError> {
        let rows = Scored::unchecked_scores(labels, scores)?;
        need_probabilities(scores)?;
        Ok(Self(rows))
    }

    /// The same rows with weights.
    ///
    /// # Errors
    /// As [`Scored::weighted`].
    pub fn weighted(self, weights: &'a [f64]) -> Result<Self, LearningError> {
        self.0.weighted(weights).map(Self)
    }

    /// The same rows, for measures to which scores need be no probabilities.
    pub const fn scored(&self) -> &Scored<'a> {
        &self.0
    }
}

/// Refuses scores of which one is NaN or infinite.
pub(super) fn need_finite(scores: &[f64]) -> Result<(), LearningError> {
    // Only a fault is looked for row by row.
    if all_are(scores, f64::is_finite) {
        return Ok(());
    }
    let fault = scores.iter().enumerate().find(|(_, score)| !score.is_finite());
    let (index, score) = fault.unwrap_or((0, &0.0));
    Err(LearningError::Score { index, fault: Fault::of(*score, 0.0) })
}

/// Refuses scores of which one is no probability.
pub(super) fn need_probabilities(scores: &[f64]) -> Result<(), LearningError> {
    let is_probability = |score: &f64| (*score >= 0.0) & (*score <= 1.0);
    if all_are(scores, |score| is_probability(&score)) {
        return Ok(());
    }
    let fault = scores.iter().enumerate().find(|(_, score)| !is_probability(score));
    let (index, score) = fault.unwrap_or((0, &0.0));
    let fault = Fault::of(*score, 0.0);
    Err(if score.is_finite() {
        LearningError::Probability { index, fault }
    } else {
        LearningError::Score { index, fault }
    })
}

/// Refuses a column that has not one entry for each label.
pub(super) const fn same_length(
    column: &'static str,
    expected: usize,
    found: usize,
) -> Result<(), LearningError> {
    if expected == found { Ok(()) } else { Err(LearningError::Length { column, expected, found }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_told_with_its_place() {
        let scores = [0.25, 0.5, 0.75];
        let score = |third: f64| Scored::new(&[0, 1, 1], &[0.25, 0.5, third]).map(|_| ());
        let chance = |second: f64| Forecasts::new(&[0, 1, 1], &[0.25, second, 1.0]).map(|_| ());
        let weights = |w: &[f64]| Scored::new(&[0, 1, 1], &scores).unwrap().weighted(w).map(|_| ());
        #[rustfmt::skip]
        let table = [
            (Scored::new(&[0_u8; 0], &[]).map(|_| ()),               "rows_empty",          None),
            (Scored::new(&[0, 1], &scores).map(|_| ()),              "rows_length",         None),
            (Scored::new(&[true; 0], &scores).map(|_| ()),           "rows_length",         None),
            (Scored::new(&[0, 1, 2], &scores).map(|_| ()),           "label_invalid",       Some(2)),
            (Scored::new(&[0, -1, 1], &scores).map(|_| ()),          "label_invalid",       Some(1)),
            (Scored::new(&[0.5, 1.0, 1.0], &scores).map(|_| ()),     "label_invalid",       Some(0)),
            (Scored::new(&[1.0, f64::NAN, 1.0], &scores).map(|_| ()), "label_invalid",      Some(1)),
            (score(f64::NAN),                                        "score_not_finite",    Some(2)),
            (score(f64::NEG_INFINITY),                               "score_not_finite",    Some(2)),
            (chance(f64::NAN),                                       "score_not_finite",    Some(1)),
            (chance(-1e-9),                                          "probability_invalid", Some(1)),
            (chance(1.0 + 1e-9),                                     "probability_invalid", Some(1)),
            (weights(&[1.0; 2]),                                     "rows_length",         None),
            (weights(&[1.0, -1.0, 1.0]),                             "weight_invalid",      Some(1)),
            (weights(&[1.0, 1.0, f64::NAN]),                         "weight_invalid",      Some(2)),
            (weights(&[f64::INFINITY, 1.0, 1.0]),                    "weight_invalid",      Some(0)),
            (weights(&[1e-200, 1.0, 1.0]),                           "weight_invalid",      Some(0)),
            (weights(&[0.0; 3]),                                     "weights_zero",        None),
        ];
        for (result, code, index) in table {
            let error = result.unwrap_err();
            assert_eq!((error.code(), error.index()), (code, index), "{error}");
        }
    }

    #[test]
    fn what_may_be_is_taken() {
        let scores = [0.0, -0.0, 1.0];
        assert!(Forecasts::new(&[0_i8, 1, 1], &scores).is_ok());
        assert!(Forecasts::new(&[0.0_f32, 1.0, -0.0], &scores).is_ok());
        let rows = Scored::new(&[0_u64, 1, 1], &[-1e300, 0.0, 1e300]).unwrap();
        let rows = rows.weighted(&[0.0, 2.0, 6.0]).unwrap();
        assert_eq!((rows.totals().rows, rows.len()), (2, 3));
        assert!((rows.weight() - 8.0).abs() < 1e-15 && (rows.positive_rate() - 1.0).abs() < 1e-15);
    }

    #[test]
    fn what_is_wrong_is_said() {
        let error = Forecasts::new(&[1, 0], &[0.5, f64::INFINITY]).unwrap_err();
        assert_eq!(error.to_string(), "score 1 (counted from 0) is infinite: give finite numbers");
        let error = Scored::new(&[1], &[0.5, 0.5]).unwrap_err();
        assert_eq!(error.to_string(), "there are 2 scores for 1 labels: give one for each");
    }
}
