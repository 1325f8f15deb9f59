//! Temperature scaling: log-odds divided by one number.

use super::fit::{Convergence, Fit, FitOptions, Targets, minimise, points};
use super::{inner, logistic};
use crate::learning::{Forecasts, LearningError};

/// `p' = 1 / (1 + exp(-logit(p) / temperature))`, `logit(p) = ln(p / (1 - p))`.
///
/// Source: Guo, Pleiss, Sun and Weinberger 2017. Above 1 it makes forecasts less certain, below 1
/// more. One half stays one half. Held as its inverse, so that infinity, which is one half for
/// every row, is 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Temperature {
    inverse: f64,
}

fn log_odds(p: f64) -> f64 {
    let p = inner(p);
    p.ln() - (1.0 - p).ln()
}

impl Temperature {
    /// Fits the labels by the default search.
    ///
    /// # Errors
    /// As [`Temperature::fit_with`].
    /// ```
    /// use payme_core::learning::{Forecasts, Temperature};
    /// // Forecasts of 0.9 and 0.1 that are right three times of four.
    /// let labels = [1, 1, 1, 0, 0, 0, 0, 1];
    /// let p = [0.9, 0.9, 0.9, 0.9, 0.1, 0.1, 0.1, 0.1];
    /// let fit = Temperature::fit(&Forecasts::new(&labels, &p)?)?;
    /// assert!((fit.calibration.temperature() - 2.0).abs() < 1e-9);
    /// assert!((fit.calibration.apply(0.9) - 0.75).abs() < 1e-9);
    /// # Ok::<(), payme_core::learning::LearningError>(())
    /// ```
    pub fn fit(forecasts: &Forecasts<'_>) -> Result<Fit<Self>, LearningError> {
        Self::fit_with(forecasts, &FitOptions::default())
    }

    /// The temperature of the least mean cross-entropy. Where forecasts go against the labels it
    /// is infinite; where all are one half it is 1.
    ///
    /// # Errors
    /// [`LearningError::OneClass`].
    pub fn fit_with(
        forecasts: &Forecasts<'_>,
        options: &FitOptions,
    ) -> Result<Fit<Self>, LearningError> {
        let rows = forecasts.scored();
        rows.need_both_classes(2)?;
        let largest = rows.scores().iter().fold(0.0_f64, |most, p| most.max(log_odds(*p).abs()));
        // Unscaled log-odds are of a size that Newton's method can do with, unless all are tiny.
        let scale = if largest > 0.0 { largest } else { 1.0 };
        let points = points(rows, options.targets, |p| [log_odds(p) / scale]);
        let found = minimise(&points, options);
        let [inverse] = found.coefficients;
        let mut report = found.report(options.targets == Targets::Labels && is_right(forecasts));
        let inverse = match () {
            () if largest == 0.0 => 1.0,
            () if inverse <= 0.0 => {
                // At the end of the range the gradient is not 0, and the loss is that of one half.
                report.convergence = Convergence::Converged;
                (report.gradient, report.loss) = (0.0, std::f64::consts::LN_2);
                0.0
            }
            () => inverse / scale,
        };
        Ok(Fit { calibration: Self { inverse }, report })
    }

    pub(super) fn new(inverse: f64) -> Result<Self, LearningError> {
        if inverse.is_finite() && inverse >= 0.0 {
            return Ok(Self { inverse });
        }
        Err(LearningError::Calibration { what: "an inverse temperature is finite, from 0" })
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

/// Whether no forecast is on the wrong side of one half: the colder, the better.
fn is_right(forecasts: &Forecasts<'_>) -> bool {
    let rows = forecasts.scored();
    let pairs = rows.labels().iter().zip(rows.scores()).enumerate();
    let mut pairs = pairs.filter(|(at, _)| rows.weights().is_none_or(|w| w[*at] > 0.0));
    pairs.clone().all(|(_, (label, p))| if *label { *p >= 0.5 } else { *p <= 0.5 })
        && pairs.any(|(_, (_, p))| (*p - 0.5).abs() > 0.0)
}
