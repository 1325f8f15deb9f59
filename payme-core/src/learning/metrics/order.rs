//! Measures that look at the order of the scores only.
//!
//! In: [`Scored`] rows. Out: numbers that do not change when scores are replaced by others in the
//! same order. Equal scores are one block: the measure is its mean over all orders of the block,
//! or takes the block as a whole where that is the definition.

use crate::learning::sorted::{Block, Sorted};
use crate::learning::sum::{Sum, float};
use crate::learning::{Defined, LearningError, Scored, Undefined};

/// The chance that a positive row has a higher score than a negative one; a tie counts one half.
///
/// `auc = sum over pairs of w_i w_j ([s_i > s_j] + [s_i = s_j] / 2) / (w+ w-)`, i positive and j
/// negative, in [0, 1]: the statistic of Mann and Whitney 1947, and the area under the ROC curve.
/// O(n log n). Rows of one class have none.
/// ```
/// use payme_core::learning::{Scored, roc_auc};
/// let rows = Scored::new(&[1, 0, 1, 0], &[0.9, 0.5, 0.5, 0.1])?;
/// assert_eq!(roc_auc(&rows).value(), Some(3.5 / 4.0));
/// # Ok::<(), payme_core::learning::LearningError>(())
/// ```
pub fn roc_auc(rows: &Scored<'_>) -> Defined<f64> {
    sweep(rows, &Sorted::new(rows), &[]).roc_auc
}

/// The mean, over the positive rows, of the precision where the row is found.
///
/// `ap = sum over blocks of (R_b - R_(b-1)) P_b`, from the highest score down, with the recall and
/// the precision after all rows of the block, in [0, 1]. The step rule: the trapezoid between the
/// points is too optimistic (Davis and Goadrich 2006). Rows without a positive one have none.
/// ```
/// use payme_core::learning::{Scored, average_precision};
/// let rows = Scored::new(&[1, 0, 1], &[0.9, 0.5, 0.1])?;
/// assert!((average_precision(&rows).unwrap_or(0.0) - (1.0 + 2.0 / 3.0) / 2.0).abs() < 1e-15);
/// # Ok::<(), payme_core::learning::LearningError>(())
/// ```
pub fn average_precision(rows: &Scored<'_>) -> Defined<f64> {
    sweep(rows, &Sorted::new(rows), &[]).average_precision
}

/// The share of positives among the `k` rows of the highest scores, of all rows together.
///
/// In [0, 1]. Fewer than `k` rows are all used, and it is their share then. Of a block of equal
/// scores that goes beyond `k` the mean over its orders counts (McSherry and Najork 2008): with
/// `h` hits and `m` rows above it, and `b` rows of which `r` are positive in it,
/// `(h + (k - m) r / b) / k`. With weights, `k` is a weight.
///
/// # Errors
/// [`LearningError::TopZero`] for `k = 0`.
/// ```
/// use payme_core::learning::{Scored, precision_at_k};
/// let rows = Scored::new(&[1, 0, 1, 0, 0], &[0.9, 0.5, 0.5, 0.5, 0.1])?;
/// assert!((precision_at_k(&rows, 2)? - 2.0 / 3.0).abs() < 1e-15);
/// assert!((precision_at_k(&rows, 100)? - 0.4).abs() < 1e-15);
/// # Ok::<(), payme_core::learning::LearningError>(())
/// ```
pub fn precision_at_k(rows: &Scored<'_>, k: usize) -> Result<f64, LearningError> {
    let found = sweep(rows, &Sorted::new(rows), &[need_positive(k)?]);
    Ok(found.precision_at.first().copied().unwrap_or(0.0))
}

pub(super) const fn need_positive(k: usize) -> Result<usize, LearningError> {
    if k == 0 { Err(LearningError::TopZero) } else { Ok(k) }
}

/// What one walk from the highest score to the lowest finds.
#[derive(Debug)]
pub(super) struct Swept {
    pub(super) roc_auc: Defined<f64>,
    pub(super) average_precision: Defined<f64>,
    /// One for each `k` that was asked for.
    pub(super) precision_at: Vec<f64>,
}

/// The measures of the order, from rows and the same rows sorted.
pub(super) fn sweep(rows: &Scored<'_>, sorted: &Sorted, ks: &[usize]) -> Swept {
    let totals = rows.totals();
    let mut tops: Vec<Top> = ks.iter().map(|k| Top::new(*k)).collect();
    let last_k = ks.iter().copied().max().map_or(0.0, float);
    let (mut above, mut hits) = (Sum::default(), Sum::default());
    let (mut pairs, mut steps) = (Sum::default(), Sum::default());
    sorted.descending(|block| {
        let before = hits.total();
        if above.total() < last_k {
            for top in &mut tops {
                top.take(above.total(), block);
            }
        }
        above += block.weight;
        hits += block.positive;
        let negative = block.weight - block.positive;
        pairs += negative * (before + 0.5 * block.positive);
        steps += block.positive * (hits.total() / above.total());
    });
    // The end of the walk has seen all rows: its own totals make the largest value exactly 1.
    let (weight, positive) = (above.total(), hits.total());
    let negative = weight - positive;
    let roc_auc = match () {
        () if totals.positive_rows == 0 => Defined::No(Undefined::NoPositive),
        () if totals.positive_rows == totals.rows => Defined::No(Undefined::NoNegative),
        () => Defined::Yes((pairs.total() / positive / negative).clamp(0.0, 1.0)),
    };
    let average_precision = if totals.positive_rows == 0 {
        Defined::No(Undefined::NoPositive)
    } else {
        Defined::Yes((steps.total() / positive).clamp(0.0, 1.0))
    };
    let precision_at = tops.iter().map(|top| top.share(weight)).collect();
    Swept { roc_auc, average_precision, precision_at }
}

/// The hits among the first `k`, while blocks come from the highest score down.
#[derive(Debug, Clone, Copy)]
pub(super) struct Top {
    k: f64,
    hits: Sum,
}

impl Top {
    pub(super) fn new(k: usize) -> Self {
        Self { k: float(k), hits: Sum::default() }
    }

    /// Takes of the block what is within `k` when rows of weight `above` come before it.
    pub(super) fn take(&mut self, above: f64, block: Block) {
        let room = self.k - above;
        if room >= block.weight {
            self.hits += block.positive;
        } else if room > 0.0 {
            self.hits += block.positive * (room / block.weight);
        }
    }

    /// The hits.
    pub(super) fn hits(&self) -> f64 {
        self.hits.total()
    }

    /// The share of hits among the first `k` of rows that weigh so much.
    pub(super) fn share(&self, weight: f64) -> f64 {
        (self.hits() / self.k.min(weight)).min(1.0)
    }
}
