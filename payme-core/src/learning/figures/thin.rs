//! Curves of a million points as curves of a few hundred that look the same.
//!
//! In: the points of a curve in the unit square. Out: some of them, never moved: the two ends, and
//! then, one after the other, the point that is farthest from what is drawn so far (Ramer 1972,
//! Douglas and Peucker 1973, with the worst part first). So corners are kept, and points on a
//! straight line are not.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use crate::learning::{PrecisionRecallPoint, RocPoint};

/// A curve with fewer points.
#[derive(Debug, Clone, PartialEq)]
pub struct Thinned<P> {
    /// The points that were kept, in their order.
    pub points: Vec<P>,
    /// How far the farthest point that was left out is from the drawn curve, in the unit square.
    pub farthest: f64,
}

/// A point nearer than this to the drawn curve is on it.
const ON_CURVE: f64 = 1e-9;

/// The ROC curve with at most so many points; 2 are always kept.
/// ```
/// use payme_core::learning::{Scored, roc_curve, thin_roc};
/// // All positive rows come first: one corner is all there is to see.
/// let scores: Vec<f64> = (0..1_000).map(|row| 1.0 - f64::from(row) / 1_000.0).collect();
/// let labels: Vec<bool> = (0..1_000).map(|row| row < 300).collect();
/// let points = roc_curve(&Scored::new(&labels, &scores)?).unwrap_or(vec![]);
/// let thin = thin_roc(&points, 200);
/// assert_eq!((points.len(), thin.points.len()), (1_001, 3));
/// assert!(thin.farthest < 1e-9);
/// # Ok::<(), payme_core::learning::LearningError>(())
/// ```
pub fn thin_roc(points: &[RocPoint], points_max: usize) -> Thinned<RocPoint> {
    thin(points, points_max, |point| [point.false_positive_rate, point.true_positive_rate])
}

/// The precision-recall curve with at most so many points; 2 are always kept.
///
/// Straight lines between the points are for the eye alone: the area under them is not the average
/// precision.
/// ```
/// use payme_core::learning::{Scored, precision_recall_curve, thin_precision_recall};
/// let labels: Vec<bool> = (0..1_000).map(|row| row % 3 == 0).collect();
/// let scores: Vec<f64> = (0..1_000).map(|row| f64::from(row) / 1_000.0).collect();
/// let points = precision_recall_curve(&Scored::new(&labels, &scores)?).unwrap_or(vec![]);
/// let thin = thin_precision_recall(&points, 50);
/// assert_eq!(thin.points.len(), 50);
/// assert!(thin.farthest < 0.05);
/// # Ok::<(), payme_core::learning::LearningError>(())
/// ```
pub fn thin_precision_recall(
    points: &[PrecisionRecallPoint],
    points_max: usize,
) -> Thinned<PrecisionRecallPoint> {
    thin(points, points_max, |point| [point.recall, point.precision])
}

/// A part of the curve between two kept points, and the point in it that is farthest from the line
/// between them.
struct Part {
    distance: f64,
    first: usize,
    worst: usize,
    last: usize,
}

// The farthest first, and of two that are as far the earlier one: the same for the same points.
impl Ord for Part {
    fn cmp(&self, other: &Self) -> Ordering {
        self.distance.total_cmp(&other.distance).then(other.first.cmp(&self.first))
    }
}

impl PartialOrd for Part {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Part {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Part {}

fn thin<P: Copy>(points: &[P], points_max: usize, place: impl Fn(&P) -> [f64; 2]) -> Thinned<P> {
    let part = |first: usize, last: usize| {
        let ends = [points.get(first)?, points.get(last)?].map(&place);
        let inside = points.get(first + 1..last)?.iter().zip(first + 1..);
        let mut found = Part { distance: ON_CURVE, first, worst: first, last };
        for (point, at) in inside {
            let distance = distance(place(point), ends);
            if distance > found.distance {
                (found.distance, found.worst) = (distance, at);
            }
        }
        (found.worst > first).then_some(found)
    };
    let Some(last) = points.len().checked_sub(1) else {
        return Thinned { points: Vec::new(), farthest: 0.0 };
    };
    let mut kept = vec![0, last];
    let mut parts: BinaryHeap<Part> = part(0, last).into_iter().collect();
    while kept.len() < points_max
        && let Some(Part { first, worst, last, .. }) = parts.pop()
    {
        kept.push(worst);
        parts.extend([part(first, worst), part(worst, last)].into_iter().flatten());
    }
    kept.sort_unstable();
    kept.dedup();
    Thinned {
        points: kept.iter().filter_map(|at| points.get(*at).copied()).collect(),
        farthest: parts.peek().map_or(0.0, |part| part.distance),
    }
}

/// How far a point is from the nearest one of a straight line between two others.
fn distance(point: [f64; 2], ends: [[f64; 2]; 2]) -> f64 {
    let [from, to] = ends;
    let (along, away) =
        ([to[0] - from[0], to[1] - from[1]], [point[0] - from[0], point[1] - from[1]]);
    let length = along[0] * along[0] + along[1] * along[1];
    let share = if length > 0.0 {
        ((away[0] * along[0] + away[1] * along[1]) / length).clamp(0.0, 1.0)
    } else {
        0.0
    };
    (away[0] - share * along[0]).hypot(away[1] - share * along[1])
}
