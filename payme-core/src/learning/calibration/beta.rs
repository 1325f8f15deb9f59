//! Fitting a beta calibration.

use super::fit::{Fit, FitOptions, FitReport, Targets, flat, is_separated, minimise, points};
use super::platt::Line;
use crate::learning::{Forecasts, LearningError};
use crate::ranking::Beta;
use crate::ranking::calibration::{falling, rising};

impl Beta {
    /// Fits the labels by the default search.
    ///
    /// # Errors
    /// As [`Beta::fit_with`].
    /// ```
    /// use payme_core::learning::{Beta, Forecasts};
    /// let labels = [0, 0, 1, 0, 1, 1];
    /// let fit = Beta::fit(&Forecasts::new(&labels, &[0.1, 0.3, 0.4, 0.6, 0.7, 0.95])?)?;
    /// assert!(fit.calibration.apply(0.95) > fit.calibration.apply(0.1));
    /// # Ok::<(), payme_core::learning::LearningError>(())
    /// ```
    pub fn fit(forecasts: &Forecasts<'_>) -> Result<Fit<Self>, LearningError> {
        Self::fit_with(forecasts, &FitOptions::default())
    }

    /// The `a`, `b` and `c` of the least mean cross-entropy among all that do not decrease.
    ///
    /// Where `a` or `b` would be negative, the best fits with `a = 0`, with `b = 0` and with both
    /// are compared: the loss is convex, so the best of these is the best of all.
    ///
    /// # Errors
    /// [`LearningError::OneClass`]; [`LearningError::TooFew`] for fewer than 3 rows.
    pub fn fit_with(
        forecasts: &Forecasts<'_>,
        options: &FitOptions,
    ) -> Result<Fit<Self>, LearningError> {
        let rows = forecasts.scored();
        rows.need_both_classes(3)?;
        if let Some((whole, report)) = Self::fit_three(forecasts, options)
            && whole.a >= 0.0
            && whole.b >= 0.0
        {
            return Ok(Fit { calibration: whole, report });
        }
        let Line { slope, intercept: c, report } = Line::fit(rows, rising, options);
        let only_a = (Self { a: slope, b: 0.0, c }, report);
        let Line { slope, intercept: c, report } = Line::fit(rows, falling, options);
        let only_b = (Self { a: 0.0, b: slope, c }, report);
        let (c, report) = flat(rows, options.targets);
        let neither = (Self { a: 0.0, b: 0.0, c }, report);
        let mut best = neither;
        for other in [only_a, only_b] {
            if other.1.loss < best.1.loss {
                best = other;
            }
        }
        Ok(Fit { calibration: best.0, report: best.1 })
    }

    /// The best of all parameters, negative ones too; none where the forecasts do not vary.
    fn fit_three(forecasts: &Forecasts<'_>, options: &FitOptions) -> Option<(Self, FitReport)> {
        let rows = forecasts.scored();
        let (rise, rise_scale) = super::fit::scale_of(rows, rising);
        let (fall, fall_scale) = super::fit::scale_of(rows, falling);
        if rise_scale == 0.0 || fall_scale == 0.0 {
            return None;
        }
        let features =
            |p: f64| [(rising(p) - rise) / rise_scale, (falling(p) - fall) / fall_scale, 1.0];
        let found = minimise(&points(rows, options.targets, features), options);
        let [a, b, c] = found.coefficients;
        let c = c - a * (rise / rise_scale) - b * (fall / fall_scale);
        let separated = options.targets == Targets::Labels && is_separated(rows);
        Some((Self { a: a / rise_scale, b: b / fall_scale, c }, found.report(separated)))
    }
}
