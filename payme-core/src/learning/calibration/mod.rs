//! Fitting calibrations: functions from scores to probabilities that never decrease.
//!
//! In: held-out rows with their labels. Out: a [`crate::ranking::Calibration`], and how its fit
//! ended. Functions and sources: `docs/rules/learning.md`.

mod apply;
mod beta;
mod fit;
mod isotonic;
mod platt;
mod temperature;
#[cfg(test)]
mod tests;
mod venn_abers;

pub use fit::{Convergence, Fit, FitOptions, FitReport, Targets};
pub use venn_abers::VennAbers;
