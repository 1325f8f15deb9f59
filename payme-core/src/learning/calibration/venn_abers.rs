//! Venn-Abers prediction: two probabilities, one of which is calibrated whatever the data are.

use crate::learning::pav::{Pool, push};
use crate::learning::sorted::{Block, Sorted};
use crate::learning::{LearningError, Scored};

/// Held-out rows, to which a new score is added with either label (Vovk and Petej 2014).
///
/// `p0` is the isotonic fit at the new score when its label is 0, and `p1` when it is 1; `p0 <
/// p1`, and far apart where little is known.
#[derive(Debug, Clone, PartialEq)]
pub struct VennAbers(Vec<Block>);

impl VennAbers {
    /// Sorts the rows.
    ///
    /// # Errors
    /// [`LearningError::OneClass`].
    /// ```
    /// use payme_core::learning::{Scored, VennAbers};
    /// let held_out = VennAbers::fit(&Scored::new(&[0, 1, 0, 1], &[0.2, 0.4, 0.6, 0.8])?)?;
    /// assert_eq!(held_out.interval(0.5), (1.0 / 3.0, 2.0 / 3.0));
    /// assert!((held_out.apply(0.5) - 0.5).abs() < 1e-15);
    /// # Ok::<(), payme_core::learning::LearningError>(())
    /// ```
    pub fn fit(rows: &Scored<'_>) -> Result<Self, LearningError> {
        rows.need_both_classes(2)?;
        let mut blocks = Vec::new();
        Sorted::new(rows).ascending(|block| blocks.push(block));
        Ok(Self(blocks))
    }

    /// `p0` and `p1` of a score, in one pass over the held-out rows for each.
    pub fn interval(&self, score: f64) -> (f64, f64) {
        (self.fitted(score, 0.0), self.fitted(score, 1.0))
    }

    /// One probability: `p1 / (1 - p0 + p1)`, which is best for the logarithmic loss.
    pub fn apply(&self, score: f64) -> f64 {
        let (p0, p1) = self.interval(score);
        p1 / (1.0 - p0 + p1)
    }

    fn fitted(&self, score: f64, label: f64) -> f64 {
        let at = self.0.partition_point(|block| block.score < score);
        let (below, rest) = self.0.split_at(at);
        let (tied, above) = rest.split_at(rest.partition_point(|block| block.score <= score));
        let mut added = Block { score, weight: 1.0, positive: label };
        for block in tied {
            added.weight += block.weight;
            added.positive += block.positive;
        }
        let mut pools: Vec<Pool> = Vec::new();
        for block in below.iter().chain([&added]).chain(above) {
            push(&mut pools, *block);
        }
        let holds = |pool: &&Pool| (pool.lowest..=pool.highest).contains(&score);
        pools.iter().find(holds).map_or(f64::NAN, Pool::share)
    }
}
