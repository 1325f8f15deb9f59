//! Fitting Platt's logistic function of the score.

use super::fit::{Fit, FitOptions, FitReport, Targets, flat, is_separated, minimise, points};
use crate::learning::{LearningError, Scored};
use crate::ranking::Platt;

impl Platt {
    /// Fits with smoothed targets, as Platt does.
    ///
    /// # Errors
    /// As [`Platt::fit_with`].
    /// ```
    /// use payme_core::learning::{Convergence, Platt, Scored};
    /// let rows = Scored::new(&[0, 0, 1, 0, 1, 1], &[-2.0, -1.0, -0.5, 0.5, 1.0, 2.0])?;
    /// let fit = Platt::fit(&rows)?;
    /// assert_eq!(fit.report.convergence, Convergence::Converged);
    /// assert!(fit.calibration.apply(2.0) > 0.75 && fit.calibration.apply(-2.0) < 0.25);
    /// # Ok::<(), payme_core::learning::LearningError>(())
    /// ```
    pub fn fit(rows: &Scored<'_>) -> Result<Fit<Self>, LearningError> {
        Self::fit_with(rows, &FitOptions { targets: Targets::Smoothed, ..FitOptions::default() })
    }

    /// The slope and intercept of the least mean cross-entropy (Newton's method with
    /// backtracking, after Lin, Lin and Weng 2007). Where the best slope is negative, the slope
    /// is 0: of all functions that do not decrease, that is the best. So it is where all scores
    /// are equal.
    ///
    /// # Errors
    /// [`LearningError::OneClass`]; [`LearningError::ScoreLarge`] for a score beyond 1e100.
    pub fn fit_with(rows: &Scored<'_>, options: &FitOptions) -> Result<Fit<Self>, LearningError> {
        rows.need_both_classes(2)?;
        let is_large = |score: &f64| score.abs() > 1e100;
        if let Some(index) = rows.scores().iter().position(is_large) {
            return Err(LearningError::ScoreLarge { index });
        }
        let Line { slope, intercept, report } = Line::fit(rows, |score| score, options);
        Ok(Fit { calibration: Self { slope, intercept }, report })
    }
}

/// Log-odds as a line over one feature of the score.
pub(super) struct Line {
    pub(super) slope: f64,
    pub(super) intercept: f64,
    pub(super) report: FitReport,
}

impl Line {
    /// The best line whose slope is not negative.
    pub(super) fn fit(
        rows: &Scored<'_>,
        feature: impl Fn(f64) -> f64,
        options: &FitOptions,
    ) -> Self {
        let (mean, deviation) = super::fit::scale_of(rows, &feature);
        let level = || {
            let (intercept, report) = flat(rows, options.targets);
            Self { slope: 0.0, intercept, report }
        };
        if deviation == 0.0 {
            return level();
        }
        let scaled = |score: f64| [(feature(score) - mean) / deviation, 1.0];
        let found = minimise(&points(rows, options.targets, scaled), options);
        let [slope, intercept] = found.coefficients;
        let separated = options.targets == Targets::Labels && is_separated(rows);
        if slope <= 0.0 && !separated {
            return level();
        }
        Self {
            slope: slope / deviation,
            intercept: intercept - slope * (mean / deviation),
            report: found.report(separated),
        }
    }
}
