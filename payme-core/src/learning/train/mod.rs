//! Training: logistic regression, fitted to the last digit, with an honest report.
//!
//! In: [`Samples`] and [`FitOptions`]. Out: a [`Fit`], the minimum of
//!
//! ```text
//! sum_i s_i ln(1 + exp(-m_i)) + 1/2 l2 |w|^2 + l1 |w|_1
//! ```
//!
//! where the margin `m_i` is the score `o_i + b + w . x_i` with the sign of the label, `s_i` the
//! weight of the row and its class, and the intercept `b` is never penalised. The answer is the
//! same bits on any number of threads and on every kernel.
//! Rules: `docs/rules/learning.md`.

mod intervals;
mod lanes;
mod linear;
mod newton;
mod options;
mod pass;
mod samples;
mod solve;
mod space;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_intervals;

pub use intervals::{Estimate, FitIntervals, Interval, NoInterval};
pub use linear::LinearModel;
pub use newton::{Newton, convergence_at};
pub use options::{Bounds, ClassWeights, Convergence, Fit, FitOptions, TrainError};
pub use samples::{Matrix, Order, Samples};

/// Fits weights to samples.
pub trait Trainer {
    /// Fits as the options say.
    ///
    /// A fit that did not converge is no error: its report says so.
    ///
    /// # Errors
    /// [`TrainError`] for samples and options that no weights can be learnt from.
    fn fit(&self, samples: &Samples<'_>, options: &FitOptions) -> Result<Fit, TrainError>;
}
