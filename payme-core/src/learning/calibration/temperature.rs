//! Fitting a temperature.

use super::fit::{Convergence, Fit, FitOptions, Targets, minimise, points};
use crate::learning::{Forecasts, LearningError};
use crate::ranking::Temperature;
use crate::ranking::calibration::log_odds;

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
}

/// Whether no forecast is on the wrong side of one half: the colder, the better.
fn is_right(forecasts: &Forecasts<'_>) -> bool {
    let rows = forecasts.scored();
    let pairs = rows.labels().iter().zip(rows.scores()).enumerate();
    let mut pairs = pairs.filter(|(at, _)| rows.weights().is_none_or(|w| w[*at] > 0.0));
    pairs.clone().all(|(_, (label, p))| if *label { *p >= 0.5 } else { *p <= 0.5 })
        && pairs.any(|(_, (_, p))| (*p - 0.5).abs() > 0.0)
}
