//! A second trainer: the L-BFGS of linfa-logistic, held to the measure of our own.
//!
//! In: samples and options. Out: the minimum that
//! [`Newton`](payme_core::learning::train::Newton) finds, or an error that says what linfa cannot
//! do. What always holds: whether a fit converged is said by our own gradient, because linfa stops
//! where the loss no longer changes and says nothing. It lives here and not in the core because it
//! reads the clock of the machine.
//!
//! | of linfa | here |
//! |---|---|
//! | the more frequent class is its positive one | signs are turned where that is the label 0 |
//! | it stops early, and answers as if it had not | our gradient is asked; it is sent on twice |
//! | it says nothing of its steps | the report has the most that it may have made |
//! | steps depend on the units of columns | centered; scaled where that changes nothing |
//! | no absolute penalty, bounds, weights or offsets | [`TrainError::Unsupported`] |

use linfa::DatasetBase;
use linfa::traits::Fit as _;
use linfa_logistic::LogisticRegression;
use ndarray::{Array1, Array2};
use payme_core::learning::train::{
    ClassWeights, Convergence, Fit, FitOptions, Samples, TrainError, Trainer, convergence_at,
};

const NAME: &str = "linfa";
/// Of the steps that may be made, the parts that linfa is given before it is looked at.
const PARTS: [f64; 3] = [0.5, 0.25, 0.25];
/// Where its search breaks off, so often with a tolerance that is so many times wider.
const LOOSER_MAX: usize = 4;
const LOOSER_BY: f64 = 100.0;
/// Features beyond this have squares that are as good as infinite in sums.
const FEATURE_MAX: f64 = 1e100;

/// Logistic regression by linfa: limited-memory BFGS (Liu and Nocedal 1989).
///
/// It does the squared penalty, an intercept, scaling, and a start. The objective is that of
/// [`payme_core::learning::train`], sum and not mean, the intercept unpenalised. With a squared
/// penalty on columns that are not scaled, badly scaled columns take it more steps than it is
/// given; the report then says that it did not converge. `iterations` of the report is the most
/// that it may have made. It copies the features once.
///
/// # Examples
/// ```
/// use payme_adapters::linfa::Linfa;
/// use payme_core::learning::train::{FitOptions, Matrix, Newton, Order, Samples, Trainer as _};
///
/// let seen = [0.1, 0.4, 0.5, 0.6, 0.7, 0.9];
/// let labels = [false, false, true, false, true, true];
/// let samples = Samples::new(Matrix::new(&seen, 6, 1, Order::Rows)?, &labels)?;
/// let options = FitOptions { tolerance: 1e-8, ..FitOptions::default() };
/// let (ours, theirs) = (Newton.fit(&samples, &options)?, Linfa.fit(&samples, &options)?);
/// assert!((ours.coefficients[0] - theirs.coefficients[0]).abs() < 1e-6);
///
/// let bounded = FitOptions { l1: 1.0, ..options };
/// assert_eq!(Linfa.fit(&samples, &bounded).unwrap_err().code(), "train_unsupported");
/// # Ok::<(), payme_core::learning::train::TrainError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Linfa;

impl Trainer for Linfa {
    fn fit(&self, samples: &Samples<'_>, options: &FitOptions) -> Result<Fit, TrainError> {
        supported(samples, options)?;
        let columns = samples.features().columns();
        // What no trainer can learn from is told by the look at where it would begin.
        let zeros = vec![0.0; columns];
        convergence_at(samples, options, (&zeros, 0.0), 0)?;
        let problem = Problem::new(samples, options)?;
        let mut best: Option<Fit> = None;
        let mut start = problem.enter(&options.start);
        let mut steps = 0;
        for part in PARTS {
            let most = part_of(options.iterations_max, part);
            let found = match problem.search(&start, most) {
                Ok(found) => found,
                Err(error) => return best.ok_or(error),
            };
            steps += most;
            let (coefficients, intercept) = problem.leave(&found);
            let at = (coefficients.as_slice(), intercept);
            let convergence = convergence_at(samples, options, at, steps)?;
            let is_better = |best: &Fit| convergence.objective < best.convergence.objective;
            let went_on = best.as_ref().is_none_or(is_better);
            let is_converged = convergence.is_converged;
            if went_on || is_converged {
                best = Some(Fit { coefficients, intercept, convergence });
            } else if let Some(Fit { convergence: Convergence { iterations, .. }, .. }) = &mut best
            {
                *iterations = steps;
            }
            if is_converged || !went_on {
                break;
            }
            start = found;
        }
        let problem = "it was given no steps".to_owned();
        best.ok_or(TrainError::BrokeOff { trainer: NAME, problem })
    }
}

/// So many of the steps, at least one.
fn part_of(steps: u32, part: f64) -> u32 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of a u32")]
    let some = (f64::from(steps) * part) as u32;
    some.max(1)
}

fn supported(samples: &Samples<'_>, options: &FitOptions) -> Result<(), TrainError> {
    let asked_for = [
        (options.l1 > 0.0, "an absolute penalty"),
        (!options.bounds.is_empty(), "bounds"),
        (options.class_weights != ClassWeights::Equal, "class weights"),
        (samples.weights().is_some(), "weights of rows"),
        (samples.offsets().is_some(), "offsets"),
    ];
    match asked_for.into_iter().find(|(is_asked_for, _)| *is_asked_for) {
        Some((_, option)) => Err(TrainError::Unsupported { trainer: NAME, option }),
        None => Ok(()),
    }
}

/// The problem as linfa is given it.
struct Problem {
    data: DatasetBase<Array2<f64>, Array1<bool>>,
    center: Vec<f64>,
    /// What centered columns are divided by.
    spread: Vec<f64>,
    has_intercept: bool,
    l2: f64,
    /// The greatest entry of the gradient, as a sum, that is small enough.
    tolerance: f64,
    /// 1 where the positive class of linfa is the label 1, else -1.
    sign: f64,
}

impl Problem {
    fn new(samples: &Samples<'_>, options: &FitOptions) -> Result<Self, TrainError> {
        let (rows, columns) = (samples.rows(), samples.features().columns());
        let get = |row, column| samples.features().get(row, column).unwrap_or(0.0);
        // The penalty is on coefficients as they are, so scaling is free only without one.
        let is_scaled = options.standardise || options.l2 == 0.0;
        let (mut center, mut spread) = (vec![0.0; columns], vec![1.0; columns]);
        for (column, (center, spread)) in center.iter_mut().zip(&mut spread).enumerate() {
            let each = || (0..rows).map(|row| get(row, column));
            if each().any(|number| number.abs() > FEATURE_MAX) {
                return Err(TrainError::Overflow);
            }
            let mean = each().sum::<f64>() / float(rows);
            let deviation = (each().map(|x| (x - mean).powi(2)).sum::<f64>() / float(rows)).sqrt();
            let is_constant = deviation <= 1e-12 * mean.abs();
            // Without an intercept nothing makes up for a moved column.
            *center = if options.has_intercept { mean } else { 0.0 };
            let scale = if options.has_intercept { deviation } else { deviation.hypot(mean) };
            if is_scaled && scale > 0.0 && !(is_constant && options.has_intercept) {
                *spread = scale;
            }
        }
        let scaled = |(row, column): (usize, usize)| {
            let (center, spread) = (center.get(column), spread.get(column));
            (get(row, column) - center.unwrap_or(&0.0)) / spread.unwrap_or(&1.0)
        };
        let records = Array2::from_shape_fn((rows, columns), scaled);
        let data = DatasetBase::new(records, Array1::from(samples.labels().to_vec()));
        let positive = samples.labels().iter().filter(|label| **label).count();
        let is_majority = match positive.cmp(&(rows - positive)) {
            std::cmp::Ordering::Less => false,
            std::cmp::Ordering::Greater => true,
            std::cmp::Ordering::Equal => samples.labels().first() == Some(&true),
        };
        // The gradient that is asked for is of columns with a spread of 1.
        let widest = if is_scaled { 1.0 } else { narrowest_inverse(samples, &center) };
        Ok(Self {
            data,
            center,
            spread,
            has_intercept: options.has_intercept,
            l2: options.l2,
            tolerance: (options.tolerance * float(rows) / widest).max(f64::MIN_POSITIVE),
            sign: if is_majority { 1.0 } else { -1.0 },
        })
    }

    /// Runs linfa from a start for so many steps.
    fn search(&self, start: &Array1<f64>, steps: u32) -> Result<Array1<f64>, TrainError> {
        let mut tolerance = self.tolerance;
        let mut told = String::new();
        for _ in 0..=LOOSER_MAX {
            let search = LogisticRegression::default()
                .alpha(self.l2)
                .with_intercept(self.has_intercept)
                .gradient_tolerance(tolerance)
                .max_iterations(u64::from(steps))
                .initial_params(start.clone());
            match search.fit(&self.data) {
                Ok(found) => {
                    // What linfa says of its classes counts, whatever was expected of it.
                    let turn = if found.labels().pos.class { self.sign } else { -self.sign };
                    let intercept = self.has_intercept.then(|| found.intercept());
                    let numbers = found.params().iter().copied().chain(intercept);
                    let numbers: Array1<f64> = numbers.map(|number| number * turn).collect();
                    if numbers.iter().all(|number| number.is_finite()) {
                        return Ok(numbers);
                    }
                    told = "the weights are not finite".to_owned();
                }
                Err(error) => told = error.to_string(),
            }
            tolerance *= LOOSER_BY;
        }
        Err(TrainError::BrokeOff { trainer: NAME, problem: told })
    }

    /// Weights of the caller as linfa begins with them.
    fn enter(&self, start: &[f64]) -> Array1<f64> {
        let columns = self.center.len();
        let width = columns + usize::from(self.has_intercept);
        if start.len() != width {
            return Array1::zeros(width);
        }
        let scaled = start.iter().zip(&self.spread).map(|(weight, spread)| weight * spread);
        let moved: f64 = start.iter().zip(&self.center).map(|(w, center)| w * center).sum();
        let intercept = start.get(columns).map(|intercept| intercept + moved);
        scaled.chain(intercept).map(|number| number * self.sign).collect()
    }

    /// What linfa found as the caller knows it.
    fn leave(&self, found: &Array1<f64>) -> (Vec<f64>, f64) {
        let scaled = found.iter().zip(&self.spread);
        let coefficients: Vec<f64> =
            scaled.map(|(weight, spread)| self.sign * weight / spread).collect();
        let intercept = found.get(self.center.len()).map_or(0.0, |intercept| {
            let moved: f64 = coefficients.iter().zip(&self.center).map(|(w, c)| w * c).sum();
            self.sign * intercept - moved
        });
        (coefficients, intercept)
    }
}

/// The greatest of what columns are multiplied by to have a spread of 1, at least 1.
fn narrowest_inverse(samples: &Samples<'_>, center: &[f64]) -> f64 {
    let rows = samples.rows();
    let spread = |(column, center): (usize, &f64)| {
        let each = (0..rows).filter_map(|row| samples.features().get(row, column));
        (each.map(|x| (x - center).powi(2)).sum::<f64>() / float(rows)).sqrt()
    };
    let spreads = center.iter().enumerate().map(spread).filter(|spread| *spread > 0.0);
    spreads.map(|spread| 1.0 / spread).fold(1.0, f64::max)
}

/// A count as a number.
#[expect(clippy::cast_precision_loss, reason = "no table has 2^53 rows")]
const fn float(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests;
