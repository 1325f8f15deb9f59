//! Which calibration is asked for, and what became of it.

use crate::learning::evaluation::EvaluationError;
use crate::learning::{
    Beta, Convergence, Fit, FitOptions, FitReport, Forecasts, Isotonic, LearningError, Platt,
    Targets, Temperature,
};
use crate::ranking::Calibration;
use crate::types::words;

words!(
    /// Which calibration is fitted.
    CalibrationKind {
        /// None: probabilities stay as they were fitted.
        None = "none",
        /// A logistic function of the probability.
        Platt = "platt",
        /// Log-odds divided by one number. It holds what is right already, and has least to learn.
        Temperature = "temperature",
        /// Steps that never fall. It needs the most rows.
        Isotonic = "isotonic",
        /// A function of three numbers of the log-odds of both sides.
        Beta = "beta",
    }
);

#[expect(clippy::derivable_impls, reason = "the list of words takes no attributes of its own")]
impl Default for CalibrationKind {
    fn default() -> Self {
        Self::Temperature
    }
}

impl CalibrationKind {
    /// Fits it to probabilities and what came of them; `None` where none is asked for.
    ///
    /// Targets are smoothed but for isotonic regression, so that rows which can be told apart
    /// without a mistake do not lead to certainty.
    ///
    /// # Errors
    /// [`LearningError`] for rows of one class, and for too few.
    pub fn fit(
        self,
        rows: &Forecasts<'_>,
    ) -> Result<Option<(Calibration, Option<FitReport>)>, LearningError> {
        let options = FitOptions { targets: Targets::Smoothed, ..FitOptions::default() };
        let report = |report: FitReport| Some(report);
        Ok(match self {
            Self::None => None,
            Self::Platt => {
                let Fit { calibration, report: of } = Platt::fit_with(rows.scored(), &options)?;
                Some((Calibration::Platt(calibration), report(of)))
            }
            Self::Temperature => {
                let Fit { calibration, report: of } = Temperature::fit_with(rows, &options)?;
                Some((Calibration::Temperature(calibration), report(of)))
            }
            Self::Isotonic => Some((Calibration::Isotonic(Isotonic::fit(rows.scored())?), None)),
            Self::Beta => {
                let Fit { calibration, report: of } = Beta::fit_with(rows, &options)?;
                Some((Calibration::Beta(calibration), report(of)))
            }
        })
    }
}

/// What became of the calibration.
#[derive(Debug, Clone, PartialEq)]
pub enum Calibrated {
    /// None was asked for.
    NotAsked,
    /// It was fitted to people whom the ranker had not seen.
    Fitted {
        /// The calibration.
        calibration: Calibration,
        /// How the search ended, where there was one.
        report: Option<FitReport>,
    },
    /// There is too little to fit it to: probabilities stay as they were fitted.
    Refused(EvaluationError),
}

impl Calibrated {
    /// The calibration, if there is one.
    pub const fn calibration(&self) -> Option<&Calibration> {
        match self {
            Self::Fitted { calibration, .. } => Some(calibration),
            Self::NotAsked | Self::Refused(_) => None,
        }
    }

    /// Whether the search for it ended where it should; a fit without a search does.
    pub fn is_converged(&self) -> bool {
        match self {
            Self::Fitted { report, .. } => {
                report.is_none_or(|report| report.convergence == Convergence::Converged)
            }
            Self::NotAsked | Self::Refused(_) => true,
        }
    }
}

impl std::fmt::Display for Calibrated {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotAsked => f.write_str("none"),
            Self::Fitted { calibration, .. } => f.write_str(calibration.kind()),
            Self::Refused(error) => write!(f, "none ({error})"),
        }
    }
}
