//! Normalised discounted cumulative gain: how much of the possible gain comes early.
//!
//! In: [`Graded`] rows, of one user or in [`Groups`]. Out: numbers in [0, 1], higher is better.
//! Equal scores get the mean gain of their block at each of its places, which is the mean over
//! all orders of the block (McSherry and Najork 2008).

use super::order::need_positive;
use super::users::{Groups, UserMean, WithoutPositive, mean_over_groups};
use crate::learning::error::Fault;
use crate::learning::rows::same_length;
use crate::learning::sum::{Sum, float};
use crate::learning::{Defined, LearningError, Undefined};

/// What a grade of relevance is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Gain {
    /// The grade itself (Järvelin and Kekäläinen 2002), as in scikit-learn.
    #[default]
    Linear,
    /// `2^grade - 1` (Burges et al. 2005).
    Exponential,
}

/// Rows with a grade of relevance, at least 0, and a finite score.
#[derive(Debug, Clone, Copy)]
pub struct Graded<'a> {
    grades: &'a [f64],
    scores: &'a [f64],
}

impl<'a> Graded<'a> {
    /// Checks the columns.
    ///
    /// # Errors
    /// [`LearningError`]: no rows, columns of different lengths, a grade that is negative or not
    /// finite, a score that is not finite.
    pub fn new(grades: &'a [f64], scores: &'a [f64]) -> Result<Self, LearningError> {
        if grades.is_empty() && scores.is_empty() {
            return Err(LearningError::Empty);
        }
        same_length("scores", grades.len(), scores.len())?;
        let is_grade = |grade: &f64| grade.is_finite() && *grade >= 0.0;
        if let Some((index, grade)) = grades.iter().enumerate().find(|(_, g)| !is_grade(g)) {
            return Err(LearningError::Gain { index, fault: Fault::of(*grade, 0.0) });
        }
        if let Some((index, score)) = scores.iter().enumerate().find(|(_, s)| !s.is_finite()) {
            return Err(LearningError::Score { index, fault: Fault::of(*score, 0.0) });
        }
        Ok(Self { grades, scores })
    }
}

/// nDCG of the first `k` places of one ranking.
///
/// `dcg = sum over places i = 1..k of gain_i / log2(i + 1)`, divided by that of the best order;
/// in [0, 1]. Fewer than `k` rows are all used. Without a grade above 0 there is none.
///
/// # Errors
/// [`LearningError::TopZero`] for `k = 0`.
/// ```
/// use payme_core::learning::{Gain, Graded, ndcg_at_k};
/// let rows = Graded::new(&[3.0, 2.0, 0.0, 1.0], &[0.9, 0.8, 0.7, 0.6])?;
/// let linear = ndcg_at_k(rows, 10, Gain::Linear)?.unwrap_or(0.0);
/// let exponential = ndcg_at_k(rows, 10, Gain::Exponential)?.unwrap_or(0.0);
/// assert!((linear - 0.985442).abs() < 5e-7 && (exponential - 0.992620).abs() < 5e-7);
/// # Ok::<(), payme_core::learning::LearningError>(())
/// ```
pub fn ndcg_at_k(rows: Graded<'_>, k: usize, gain: Gain) -> Result<Defined<f64>, LearningError> {
    let pairs: Vec<(f64, f64)> =
        rows.scores.iter().copied().zip(rows.grades.iter().copied()).collect();
    let discounts = discounts(need_positive(k)?.min(pairs.len()));
    Ok(ndcg(pairs, &discounts, gain).map_or(Defined::No(Undefined::NoPositive), Defined::Yes))
}

/// nDCG of the first `k` places, averaged over users.
///
/// # Errors
/// [`LearningError::TopZero`] for `k = 0`, [`LearningError::Groups`] for groups of another number
/// of rows.
/// ```
/// use payme_core::learning::{Gain, Graded, Groups, WithoutPositive, ndcg_at_k_per_user};
/// // The second user has nothing relevant, and is left out.
/// let rows = Graded::new(&[0.0, 1.0, 0.0], &[0.9, 0.8, 0.7])?;
/// let users = Groups::of_ids(&["a", "a", "b"]);
/// let mean = ndcg_at_k_per_user(rows, &users, 5, Gain::Linear, WithoutPositive::LeaveOut)?;
/// assert!((mean.mean.unwrap_or(0.0) - 1.0 / 3.0_f64.log2()).abs() < 1e-15);
/// assert_eq!((mean.users, mean.without_positive), (1, 1));
/// # Ok::<(), payme_core::learning::LearningError>(())
/// ```
pub fn ndcg_at_k_per_user(
    rows: Graded<'_>,
    users: &Groups,
    k: usize,
    gain: Gain,
    without: WithoutPositive,
) -> Result<UserMean, LearningError> {
    users.need_rows(rows.scores.len())?;
    let discounts = discounts(need_positive(k)?.min(rows.scores.len()));
    Ok(mean_over_groups(users, without, |(), group| {
        let places = group.places();
        ndcg(places.map(|at| (rows.scores[at], rows.grades[at])).collect(), &discounts, gain)
    }))
}

/// `1 / log2(i + 1)` for the places 1 to `k`, summed up: entry i is the sum of the first i.
fn discounts(k: usize) -> Vec<f64> {
    let mut sum = Sum::default();
    let places = (1..=k).map(|place| {
        sum += 1.0 / float(place + 1).log2();
        sum.total()
    });
    std::iter::once(0.0).chain(places).collect()
}

/// nDCG of scores and grades; none if no grade is above 0.
fn ndcg(mut rows: Vec<(f64, f64)>, discounts: &[f64], gain: Gain) -> Option<f64> {
    let highest = rows.iter().map(|(_, grade)| *grade).fold(0.0, f64::max);
    if highest == 0.0 {
        return None;
    }
    // Gains matter only beside each other: as shares of the largest they never overflow.
    for (score, grade) in &mut rows {
        *score += 0.0;
        *grade = match gain {
            Gain::Linear => *grade / highest,
            Gain::Exponential => (*grade - highest).exp2() - (-highest).exp2(),
        };
    }
    rows.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(b.1.total_cmp(&a.1)));
    let found = cumulative(&rows, discounts);
    rows.sort_unstable_by(|a, b| b.1.total_cmp(&a.1));
    for (at, row) in rows.iter_mut().enumerate() {
        // Every row has a place of its own in the best order.
        row.0 = -float(at);
    }
    Some((found / cumulative(&rows, discounts)).clamp(0.0, 1.0))
}

/// The discounted gain of rows in descending order of their scores.
fn cumulative(rows: &[(f64, f64)], discounts: &[f64]) -> f64 {
    let k = discounts.len().saturating_sub(1);
    let (mut sum, mut place) = (Sum::default(), 0);
    for block in rows.chunk_by(|a, b| a.0.to_bits() == b.0.to_bits()) {
        if place >= k {
            break;
        }
        let gain = block.iter().map(|(_, gain)| gain).sum::<f64>() / float(block.len());
        let end = (place + block.len()).min(k);
        sum += gain * (discounts[end] - discounts[place]);
        place = end;
    }
    sum.total()
}
