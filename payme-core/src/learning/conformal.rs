//! Conformal decisions: show, ask or hide, at an error rate that holds for any model.
//!
//! In: held-out forecasts with their labels, and an error rate. Out: two thresholds, and for each
//! new forecast a [`Decision`]. What holds if held-out and new rows are exchangeable: of positive
//! rows at most the error rate is not believed to be positive, and of negative rows at most the
//! error rate is not believed to be negative. No assumption about the model is made.

use serde::{Deserialize, Serialize};

use super::sum::{float, floor_at_most};
use super::{Forecasts, LearningError};

/// What to do with a forecast.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Decision {
    /// Only "positive" is left: show it.
    Show,
    /// Both are left, or neither: ask for evidence.
    Ask,
    /// Only "negative" is left: hide it.
    Hide,
}

/// Split conformal prediction for two labels, each with its own guarantee (class-conditional, also
/// called Mondrian; Vovk, Gammerman and Shafer 2005, Sadinle, Lei and Wasserman 2019).
///
/// A label is left for a forecast if the forecast speaks no more against it than against all but a
/// few of the held-out rows that have it. Of `n` of them, with the error rate `e`, those are the
/// `ceil((n + 1) (1 - e))` that it speaks least against; with less than `1 / e - 1` rows of a
/// label there are not so many, and the label is always left. Equal forecasts are treated alike.
/// ```
/// use payme_core::learning::{Conformal, Decision, Forecasts};
///
/// let p: Vec<f64> = (0..200).map(|i| f64::from(i) / 200.0).collect();
/// let labels: Vec<bool> = (0..200).map(|i| i >= 100 || i % 10 == 9).collect();
/// let conformal = Conformal::fit(&Forecasts::new(&labels, &p)?, 0.1)?;
/// assert_eq!([0.95, 0.05].map(|p| conformal.decide(p)), [Decision::Show, Decision::Hide]);
///
/// // Five rows of each label are too few for one error in ten.
/// let few = Forecasts::new(&labels[95..105], &p[95..105])?;
/// assert_eq!(Conformal::fit(&few, 0.1)?.decide(0.95), Decision::Ask);
/// # Ok::<(), payme_core::learning::LearningError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conformal {
    /// The share of each label that may be decided wrongly.
    error_rate: f64,
    /// "Positive" is left from this forecast on; without a number always.
    positive_from: Option<f64>,
    /// "Negative" is left up to this forecast; without a number always.
    negative_to: Option<f64>,
}

impl Conformal {
    /// Takes the thresholds from rows that neither the model nor its calibration has seen.
    ///
    /// # Errors
    /// [`LearningError::ErrorRate`] for a rate that is not above 0 and below 1;
    /// [`LearningError::Weighted`] for weighted rows.
    pub fn fit(forecasts: &Forecasts<'_>, error_rate: f64) -> Result<Self, LearningError> {
        if !(error_rate > 0.0 && error_rate < 1.0) {
            return Err(LearningError::ErrorRate);
        }
        let rows = forecasts.scored();
        if rows.weights().is_some() {
            return Err(LearningError::Weighted);
        }
        let of = |wanted: bool| -> Vec<f64> {
            let pairs = rows.labels().iter().zip(rows.scores());
            pairs.filter(|(label, _)| **label == wanted).map(|(_, p)| *p).collect()
        };
        let (mut positive, mut negative) = (of(true), of(false));
        // The forecast before which so many are dropped, counted from the side that speaks
        // against the label.
        let positive_from = dropped(positive.len(), error_rate)
            .map(|at| *positive.select_nth_unstable_by(at, f64::total_cmp).1);
        let negative_to = dropped(negative.len(), error_rate)
            .map(|at| *negative.select_nth_unstable_by(at, |a, b| b.total_cmp(a)).1);
        Ok(Self { error_rate, positive_from, negative_to })
    }

    /// The share of each label that may be decided wrongly.
    pub const fn error_rate(&self) -> f64 {
        self.error_rate
    }

    /// From which forecast on "positive" is left; `None` where it always is.
    pub const fn positive_from(&self) -> Option<f64> {
        self.positive_from
    }

    /// Up to which forecast "negative" is left; `None` where it always is.
    pub const fn negative_to(&self) -> Option<f64> {
        self.negative_to
    }

    /// Whether "negative" and whether "positive" are left for a forecast.
    pub fn labels_left(&self, p: f64) -> (bool, bool) {
        let negative = self.negative_to.is_none_or(|most| p <= most);
        let positive = self.positive_from.is_none_or(|least| p >= least);
        (negative, positive)
    }

    /// What to do with a forecast.
    pub fn decide(&self, p: f64) -> Decision {
        match self.labels_left(p) {
            (false, true) => Decision::Show,
            (true, false) => Decision::Hide,
            (true, true) | (false, false) => Decision::Ask,
        }
    }

    /// What is done with rows whose labels are known: how often which, and how often wrongly.
    /// ```
    /// # use payme_core::learning::{Conformal, Forecasts};
    /// let p: Vec<f64> = (0..200).map(|i| f64::from(i) / 200.0).collect();
    /// let labels: Vec<bool> = (0..200).map(|i| i >= 100).collect();
    /// let rows = Forecasts::new(&labels, &p)?;
    /// let decided = Conformal::fit(&rows, 0.1)?.decided(&rows);
    /// // Two labels that no forecast confuses: what is between the thresholds is asked about.
    /// assert_eq!((decided.shown, decided.hidden), ([0, 91], [91, 0]));
    /// assert_eq!((decided.asked, decided.share()), ([9, 9], 0.91));
    /// # Ok::<(), payme_core::learning::LearningError>(())
    /// ```
    pub fn decided(&self, forecasts: &Forecasts<'_>) -> Decided {
        let rows = forecasts.scored();
        let mut found = Decided::default();
        for (label, p) in rows.labels().iter().zip(rows.scores()) {
            let [negative, positive] = match self.decide(*p) {
                Decision::Show => &mut found.shown,
                Decision::Ask => &mut found.asked,
                Decision::Hide => &mut found.hidden,
            };
            *if *label { positive } else { negative } += 1;
        }
        found
    }
}

/// How many rows were shown, asked about and hidden: those with the label 0, then those with 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Decided {
    /// Rows that were shown; the first number was shown wrongly.
    pub shown: [usize; 2],
    /// Rows about which evidence was asked for.
    pub asked: [usize; 2],
    /// Rows that were hidden; the second number was hidden wrongly.
    pub hidden: [usize; 2],
}

impl Decided {
    /// The share of rows that were shown or hidden; 0 of none.
    pub fn share(&self) -> f64 {
        let of = |pair: [usize; 2]| float(pair[0] + pair[1]);
        let (decided, asked) = (of(self.shown) + of(self.hidden), of(self.asked));
        if decided + asked > 0.0 { decided / (decided + asked) } else { 0.0 }
    }
}

/// How many of `n` rows may be dropped: `n - ceil((n + 1) (1 - e)) = floor((n + 1) e) - 1`; none
/// where even dropping no row promises too little.
fn dropped(n: usize, error_rate: f64) -> Option<usize> {
    // 0.29 is a little less than 29 hundredths as a double: what is within a billionth of a whole
    // number is that number.
    let wrong = float(n + 1) * error_rate;
    floor_at_most(wrong + 1e-9, n).checked_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learning::random::Stream;

    /// Forecasts of a model that is overconfident, rounded if asked for, so that there are ties.
    fn draw(stream: &mut Stream, rows: usize, rounded: bool) -> (Vec<bool>, Vec<f64>) {
        (0..rows)
            .map(|_| {
                let label = stream.unit() < 0.3;
                let log_odds = stream.normal_pair()[0] + if label { 1.5 } else { -1.0 };
                let p = 1.0 / (1.0 + (-2.5 * log_odds).exp());
                (label, if rounded { (p * 20.0).round() / 20.0 } else { p })
            })
            .unzip()
    }

    #[test]
    fn the_error_of_each_label_is_as_stated() {
        const DRAWS: usize = 200;
        for rounded in [false, true] {
            let mut stream = Stream::new(2_026);
            let (mut wrong, mut counts, mut decided) = ([0.0; 2], [0.0; 2], 0.0);
            for _ in 0..DRAWS {
                let (labels, p) = draw(&mut stream, 400, rounded);
                let conformal = Conformal::fit(&Forecasts::new(&labels, &p).unwrap(), 0.1).unwrap();
                let (labels, p) = draw(&mut stream, 400, rounded);
                for (label, p) in labels.iter().zip(p) {
                    let (negative, positive) = conformal.labels_left(p);
                    counts[usize::from(*label)] += 1.0;
                    wrong[usize::from(*label)] +=
                        f64::from(u8::from(!if *label { positive } else { negative }));
                    decided += f64::from(u8::from(conformal.decide(p) != Decision::Ask));
                }
            }
            for (label, (wrong, count)) in wrong.iter().zip(counts).enumerate() {
                // The thresholds vary from draw to draw, which adds e (1 - e) / n for each.
                let held_out: f64 = if label == 1 { 120.0 } else { 280.0 };
                let variance = 0.09 / count + 0.09 / (held_out * float(DRAWS));
                let (rate, bound) = (wrong / count, 4.0 * variance.sqrt());
                assert!(rate < 0.1 + bound, "{label} {rounded}: {rate}");
                // Without ties no more is kept than one row in n + 1 needs.
                assert!(rounded || rate > 0.1 - 1.0 / held_out - bound, "{label}: {rate}");
            }
            let share = decided / (counts[0] + counts[1]);
            assert!(share > 0.75, "{share} are decided");
        }
    }

    #[test]
    fn the_threshold_is_the_row_of_the_stated_rank() {
        // ceil((n + 1) (1 - e)) rows are kept, of which n - that many are dropped.
        #[rustfmt::skip]
        let table = [
            (9,   0.1,  Some(0)), (8,   0.1,  None),     (19,  0.1,  Some(1)), (18, 0.1, Some(0)),
            (99,  0.29, Some(28)), (0,  0.5,  None),     (1,   0.5,  Some(0)), (3, 0.999, Some(2)),
        ];
        for (n, error_rate, expected) in table {
            assert_eq!(dropped(n, error_rate), expected, "{n} {error_rate}");
        }
        let p: Vec<f64> = (1..=19).map(|at| f64::from(at) / 20.0).collect();
        let conformal = Conformal::fit(&Forecasts::new(&[true; 19], &p).unwrap(), 0.1).unwrap();
        assert_eq!((conformal.positive_from, conformal.negative_to), (Some(0.1), None));
        assert_eq!(conformal.labels_left(0.1), (true, true));
        assert_eq!(conformal.labels_left(0.099), (true, false));
    }

    #[test]
    fn labels_that_exclude_each_other_are_asked_about() {
        let conformal =
            Conformal { error_rate: 0.1, positive_from: Some(0.7), negative_to: Some(0.3) };
        let decisions = [0.3, 0.31, 0.69, 0.7].map(|p| conformal.decide(p));
        assert_eq!(decisions, [Decision::Hide, Decision::Ask, Decision::Ask, Decision::Show]);
        let text = serde_json::to_string(&conformal).unwrap();
        assert_eq!(serde_json::from_str::<Conformal>(&text).unwrap(), conformal);
    }

    #[test]
    fn what_cannot_be_promised_is_refused() {
        let forecasts = Forecasts::new(&[1, 0], &[0.5, 0.25]).unwrap();
        for error_rate in [0.0, 1.0, -0.1, f64::NAN] {
            let error = Conformal::fit(&forecasts, error_rate).unwrap_err();
            assert_eq!(error.code(), "error_rate_out_of_range");
        }
        let weighted = forecasts.weighted(&[1.0, 2.0]).unwrap();
        assert_eq!(Conformal::fit(&weighted, 0.1).unwrap_err().code(), "conformal_weighted");
    }
}
