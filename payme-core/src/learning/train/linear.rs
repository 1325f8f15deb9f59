//! What a fitted ranker says of rows it did not see: scores, and probabilities.
//!
//! In: a [`Matrix`] that is read where it lies, once. Out: a number for each row. Rows are worked
//! on in blocks that depend on nothing but their number, so that the answer is the same bits on any
//! number of threads and on every kernel.

#[cfg(feature = "parallel")]
use rayon::prelude::*;

use super::lanes::{Column, LANES, Lanes, ROWS, add_scaled, exp_of_minus, total};
use super::{Fit, Matrix, Order, TrainError};
use crate::vectors::{InLanes, Kernel};

/// Blocks of a chunk: some 16,000 rows, enough to outweigh handing them to a thread.
const BLOCKS_PER_CHUNK: usize = 128;

/// A weighted sum of features.
///
/// # Examples
/// ```
/// use payme_core::learning::train::{LinearModel, Matrix, Order};
///
/// let model = LinearModel { coefficients: vec![2.0, -1.0], intercept: 0.5 };
/// let rows = Matrix::new(&[0.0, 0.5, 1.0, 0.0], 2, 2, Order::Rows)?;
/// assert_eq!(model.scores(&rows)?, [0.0, 2.5]);
/// assert_eq!(model.probabilities(&rows)?[0], 0.5);
///
/// let wide = Matrix::new(&[0.0, 0.5, 1.0], 1, 3, Order::Rows)?;
/// assert_eq!(model.scores(&wide).unwrap_err().code(), "train_shape");
/// # Ok::<(), payme_core::learning::train::TrainError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct LinearModel {
    /// A weight for each column.
    pub coefficients: Vec<f64>,
    /// What is added to the weighted sum.
    pub intercept: f64,
}

impl From<Fit> for LinearModel {
    fn from(fit: Fit) -> Self {
        Self { coefficients: fit.coefficients, intercept: fit.intercept }
    }
}

/// What is wanted of a row.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answer {
    Score,
    Probability,
    /// That of the other class, and that of this one.
    Both,
}

impl Answer {
    /// How many numbers it is.
    const fn width(self) -> usize {
        match self {
            Self::Score | Self::Probability => 1,
            Self::Both => 2,
        }
    }
}

impl LinearModel {
    /// The score of each row, `b + w . x`.
    ///
    /// # Errors
    /// [`TrainError::Shape`] where the rows have another number of columns,
    /// [`TrainError::NotFinite`] with the first feature that is no finite number, and
    /// [`TrainError::Overflow`] where a sum is none.
    pub fn scores(&self, rows: &Matrix<'_>) -> Result<Vec<f64>, TrainError> {
        let mut out = vec![0.0; rows.rows()];
        self.write(rows, Answer::Score, &mut out)?;
        Ok(out)
    }

    /// The probability of each row, `1 / (1 + e^-score)`, within three units in the last place of
    /// its score's.
    ///
    /// # Errors
    /// Those of [`LinearModel::scores`].
    pub fn probabilities(&self, rows: &Matrix<'_>) -> Result<Vec<f64>, TrainError> {
        let mut out = vec![0.0; rows.rows()];
        self.write(rows, Answer::Probability, &mut out)?;
        Ok(out)
    }

    /// The probabilities of both labels, 0 and 1, of each row, one row after the other, into memory
    /// that is there. Each is as exact as the other, also near 0.
    ///
    /// # Errors
    /// Those of [`LinearModel::scores`], and [`TrainError::Shape`] where there are not two places
    /// for each row. What stands in `out` then is not said.
    pub fn both_probabilities_into(
        &self,
        rows: &Matrix<'_>,
        out: &mut [f64],
    ) -> Result<(), TrainError> {
        self.write(rows, Answer::Both, out)
    }

    fn write(&self, rows: &Matrix<'_>, answer: Answer, out: &mut [f64]) -> Result<(), TrainError> {
        let (found, columns) = (self.coefficients.len(), rows.columns());
        if found != columns {
            return Err(TrainError::Shape { what: "coefficients", found, rows: rows.rows() });
        }
        if Some(out.len()) != rows.rows().checked_mul(answer.width()) {
            let (found, rows) = (out.len(), rows.rows());
            return Err(TrainError::Shape { what: "places for answers", found, rows });
        }
        let kernel = Kernel::detect();
        let chunk = |(at, out): (usize, &mut [f64])| {
            let first = at * BLOCKS_PER_CHUNK * ROWS;
            kernel.run(Chunk { model: self, rows, first, answer, out })
        };
        let size = BLOCKS_PER_CHUNK * ROWS * answer.width();
        #[cfg(feature = "parallel")]
        let is_finite = out.par_chunks_mut(size).enumerate().map(chunk).all(|is_finite| is_finite);
        #[cfg(not(feature = "parallel"))]
        let is_finite = out.chunks_mut(size).enumerate().all(chunk);
        if is_finite {
            return Ok(());
        }
        Err(rows.not_finite().unwrap_or(TrainError::Overflow))
    }
}

/// Some rows, as work for a kernel; whether all of their scores are finite comes of it.
struct Chunk<'w> {
    model: &'w LinearModel,
    rows: &'w Matrix<'w>,
    first: usize,
    answer: Answer,
    out: &'w mut [f64],
}

impl InLanes for Chunk<'_> {
    type Answer = bool;

    #[inline(always)]
    fn run(self) -> bool {
        let Self { model, rows, first, answer, out } = self;
        // A sum of products with zero is zero, unless one of the numbers is not finite.
        let mut checks: Lanes = [0.0; LANES];
        for (at, out) in out.chunks_mut(ROWS * answer.width()).enumerate() {
            let count = out.len() / answer.width();
            let mut score: Column = [model.intercept; ROWS];
            add_features(model, rows, first + at * ROWS, count, &mut score);
            for part in score.as_chunks::<LANES>().0 {
                for lane in 0..LANES {
                    checks[lane] += part[lane] * 0.0;
                }
            }
            if answer == Answer::Score {
                out.copy_from_slice(score.get(..count).unwrap_or_default());
                continue;
            }
            let other = logistic(&mut score);
            if answer == Answer::Probability {
                out.copy_from_slice(score.get(..count).unwrap_or_default());
                continue;
            }
            let pairs = out.as_chunks_mut::<2>().0.iter_mut();
            for (pair, (other, this)) in pairs.zip(other.iter().zip(&score)) {
                *pair = [*other, *this];
            }
        }
        total(&checks) == 0.0
    }
}

/// Adds the weighted features of some rows to their scores.
#[inline(always)]
fn add_features(
    model: &LinearModel,
    rows: &Matrix<'_>,
    first: usize,
    count: usize,
    score: &mut Column,
) {
    match rows.order() {
        Order::Rows => {
            let weights = model.coefficients.as_slice();
            let part = rows.part(first, count).chunks_exact(weights.len());
            for (score, features) in score.iter_mut().zip(part) {
                *score += dot(weights, features);
            }
        }
        Order::Columns => {
            for (column, weight) in model.coefficients.iter().enumerate() {
                let mut numbers: Column = [0.0; ROWS];
                let part = rows.part_of_column(column, first, count);
                numbers.iter_mut().zip(part).for_each(|(place, number)| *place = *number);
                add_scaled(score, &numbers, *weight);
            }
        }
    }
}

/// The sum of the products, in sums that run side by side.
#[inline(always)]
fn dot(weights: &[f64], features: &[f64]) -> f64 {
    let mut sums: Lanes = [0.0; LANES];
    let (weights, weights_rest) = weights.as_chunks::<LANES>();
    let (features, features_rest) = features.as_chunks::<LANES>();
    for (weights, features) in weights.iter().zip(features) {
        for lane in 0..LANES {
            sums[lane] += weights[lane] * features[lane];
        }
    }
    for (sum, (weight, feature)) in sums.iter_mut().zip(weights_rest.iter().zip(features_rest)) {
        *sum += weight * feature;
    }
    total(&sums)
}

/// `1 / (1 + e^-score)` in place of each score, and what it lacks of 1, both without loss near 0.
#[inline(always)]
fn logistic(score: &mut Column) -> Column {
    let mut other: Column = [0.0; ROWS];
    for (score, other) in score.iter_mut().zip(&mut other) {
        let small = exp_of_minus(score.abs());
        let over = 1.0 / (1.0 + small);
        let is_high = *score >= 0.0;
        *other = if is_high { small * over } else { over };
        *score = if is_high { over } else { small * over };
    }
    other
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn columns_of(rows: &[f64], columns: usize) -> Vec<f64> {
        (0..columns).flat_map(|c| rows.chunks(columns).map(move |row| row[c])).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_probability_is_the_logistic_function_of_the_weighted_sum(
            columns in 1_usize..23,
            count in 1_usize..300,
            seed in any::<u64>(),
        ) {
            let mut stream = crate::learning::random::Stream::new(seed);
            let mut numbers = |n: usize, by: f64| -> Vec<f64> {
                (0..n).map(|_| (stream.unit() - 0.5) * by).collect()
            };
            let (coefficients, values) = (numbers(columns, 20.0), numbers(columns * count, 8.0));
            let model = LinearModel { coefficients, intercept: 0.25 };
            let table = Matrix::new(&values, count, columns, Order::Rows).unwrap();
            let scores = model.scores(&table).unwrap();
            let found = model.probabilities(&table).unwrap();
            for ((row, score), p) in values.chunks(columns).zip(&scores).zip(&found) {
                let sum: f64 = row.iter().zip(&model.coefficients).map(|(x, w)| x * w).sum();
                prop_assert!((score - sum - 0.25).abs() < 1e-12);
                let wanted = 1.0 / (1.0 + (-score).exp());
                prop_assert!((p - wanted).abs() <= 1e-15 * wanted.max(1e-300), "{p} {wanted}");
            }
            let mut both = vec![0.0; 2 * count];
            model.both_probabilities_into(&table, &mut both).unwrap();
            for ((pair, p), score) in both.chunks(2).zip(&found).zip(&scores) {
                let other = 1.0 / (1.0 + score.exp());
                prop_assert_eq!(pair[1].to_bits(), p.to_bits());
                prop_assert!((pair[0] - other).abs() <= 1e-15 * other.max(1e-300), "{pair:?}");
            }
            // Columns are added in another order, which moves the last bits.
            let turned = columns_of(&values, columns);
            let table = Matrix::new(&turned, count, columns, Order::Columns).unwrap();
            for (a, b) in model.scores(&table).unwrap().iter().zip(&scores) {
                prop_assert!((a - b).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn pieces_give_the_bits_of_the_whole() {
        let mut stream = crate::learning::random::Stream::new(4);
        let values: Vec<f64> = (0..60_000 * 3).map(|_| stream.unit()).collect();
        let model = LinearModel { coefficients: vec![1.0, -2.0, 0.5], intercept: -0.1 };
        let all = model.probabilities(&Matrix::new(&values, 60_000, 3, Order::Rows).unwrap());
        let all = all.unwrap();
        for row in [0, 1, 127, 128, 16_383, 16_384, 59_999] {
            let one = Matrix::new(&values[row * 3..][..3], 1, 3, Order::Rows).unwrap();
            assert_eq!(model.probabilities(&one).unwrap(), [all[row]]);
        }
    }

    #[test]
    fn what_is_not_finite_is_refused_with_its_place() {
        let model = LinearModel { coefficients: vec![1.0, 0.0], intercept: 0.0 };
        for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            for order in [Order::Rows, Order::Columns] {
                let mut values = vec![1.0; 400];
                let at = if order == Order::Rows { 151 * 2 + 1 } else { 200 + 151 };
                values[at] = odd;
                let told = model.probabilities(&Matrix::new(&values, 200, 2, order).unwrap());
                assert_eq!(told, Err(TrainError::NotFinite { row: 151, column: 1 }), "{odd}");
            }
        }
        let large = Matrix::new(&[1e308, 0.0], 1, 2, Order::Rows).unwrap();
        let steep = LinearModel { coefficients: vec![1e9, 0.0], intercept: 0.0 };
        assert_eq!(steep.scores(&large), Err(TrainError::Overflow));
        let mut short = [0.0; 3];
        let told = model.both_probabilities_into(&large, &mut short).unwrap_err();
        assert_eq!(told.code(), "train_shape");
    }

    #[test]
    fn far_scores_are_as_good_as_certain_and_never_outside() {
        let model = LinearModel { coefficients: vec![1.0], intercept: 0.0 };
        let scores = [-1e300, -800.0, -40.0, 0.0, 40.0, 800.0, 1e300];
        let table = Matrix::new(&scores, 7, 1, Order::Rows).unwrap();
        let found = model.probabilities(&table).unwrap();
        assert!(found.iter().all(|p| (0.0..=1.0).contains(p)), "{found:?}");
        assert!(found.is_sorted() && found[0] < 1e-300, "{found:?}");
        assert_eq!(found[3..4], [0.5]);
        assert_eq!(found[6..], [1.0]);
    }
}
