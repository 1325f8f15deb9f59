//! The points of the ROC curve and of the precision-recall curve.
//!
//! In: [`Scored`] rows. Out: one point for each distinct score, as a threshold, from the highest
//! to the lowest: the rows at or above it are called positive.

use crate::learning::sorted::Sorted;
use crate::learning::sum::Sum;
use crate::learning::{Defined, Scored, Undefined};

/// A point of the ROC curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RocPoint {
    /// Rows of this score or a higher one are called positive; infinity calls none so.
    pub threshold: f64,
    /// The share of negative rows that are called positive.
    pub false_positive_rate: f64,
    /// The share of positive rows that are called positive.
    pub true_positive_rate: f64,
}

/// A point of the precision-recall curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PrecisionRecallPoint {
    /// Rows of this score or a higher one are called positive.
    pub threshold: f64,
    /// The share of positive rows among those that are called positive.
    pub precision: f64,
    /// The share of positive rows that are called positive.
    pub recall: f64,
}

/// The ROC curve, from (0, 0) at the threshold infinity to (1, 1) at the lowest score.
///
/// All distinct scores are points, those on a straight line too. Rows of one class have no curve.
/// ```
/// use payme_core::learning::{Scored, roc_curve};
/// let rows = Scored::new(&[1, 0, 1, 0], &[0.9, 0.5, 0.5, 0.1])?;
/// let points = roc_curve(&rows).unwrap_or(vec![]);
/// let rates: Vec<_> =
///     points.iter().map(|p| (p.false_positive_rate, p.true_positive_rate)).collect();
/// assert_eq!(rates, [(0.0, 0.0), (0.0, 0.5), (0.5, 1.0), (1.0, 1.0)]);
/// # Ok::<(), payme_core::learning::LearningError>(())
/// ```
pub fn roc_curve(rows: &Scored<'_>) -> Defined<Vec<RocPoint>> {
    let totals = rows.totals();
    if totals.positive_rows == 0 {
        return Defined::No(Undefined::NoPositive);
    }
    if totals.positive_rows == totals.rows {
        return Defined::No(Undefined::NoNegative);
    }
    let mut points = vec![RocPoint {
        threshold: f64::INFINITY,
        false_positive_rate: 0.0,
        true_positive_rate: 0.0,
    }];
    let (mut hits, mut misses) = (Sum::default(), Sum::default());
    Sorted::new(rows).descending(|block| {
        hits += block.positive;
        misses += block.weight - block.positive;
        points.push(RocPoint {
            threshold: block.score,
            false_positive_rate: misses.total(),
            true_positive_rate: hits.total(),
        });
    });
    for point in &mut points {
        point.false_positive_rate = (point.false_positive_rate / misses.total()).min(1.0);
        point.true_positive_rate = (point.true_positive_rate / hits.total()).min(1.0);
    }
    Defined::Yes(points)
}

/// The precision-recall curve, from the highest score to the lowest, where recall is 1.
///
/// No point is made up at recall 0, where the precision is of nothing. Rows without a positive one
/// have no curve.
/// ```
/// use payme_core::learning::{Scored, precision_recall_curve};
/// let rows = Scored::new(&[1, 0, 1, 0], &[0.9, 0.5, 0.5, 0.1])?;
/// let points = precision_recall_curve(&rows).unwrap_or(vec![]);
/// let pairs: Vec<_> = points.iter().map(|p| (p.recall, p.precision)).collect();
/// assert_eq!(pairs, [(0.5, 1.0), (1.0, 2.0 / 3.0), (1.0, 0.5)]);
/// # Ok::<(), payme_core::learning::LearningError>(())
/// ```
pub fn precision_recall_curve(rows: &Scored<'_>) -> Defined<Vec<PrecisionRecallPoint>> {
    if rows.totals().positive_rows == 0 {
        return Defined::No(Undefined::NoPositive);
    }
    let mut points = Vec::new();
    let (mut hits, mut above) = (Sum::default(), Sum::default());
    Sorted::new(rows).descending(|block| {
        hits += block.positive;
        above += block.weight;
        points.push(PrecisionRecallPoint {
            threshold: block.score,
            precision: (hits.total() / above.total()).min(1.0),
            recall: hits.total(),
        });
    });
    for point in &mut points {
        point.recall = (point.recall / hits.total()).min(1.0);
    }
    Defined::Yes(points)
}
