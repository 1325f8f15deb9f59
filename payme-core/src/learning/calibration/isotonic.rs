//! Isotonic regression: the function that never decreases and is nearest to the labels.

use crate::learning::pav::pools;
use crate::learning::sorted::Sorted;
use crate::learning::{LearningError, Scored};
use crate::ranking::Isotonic;

impl Isotonic {
    /// Fits in one sort and one pass.
    ///
    /// # Errors
    /// [`LearningError::OneClass`].
    /// ```
    /// use payme_core::learning::{Isotonic, Scored};
    /// let rows = Scored::new(&[0, 1, 0, 1], &[0.2, 0.4, 0.6, 0.8])?;
    /// let isotonic = Isotonic::fit(&rows)?;
    /// assert_eq!([0.2, 0.4, 0.6, 0.8].map(|s| isotonic.apply(s)), [0.0, 0.5, 0.5, 1.0]);
    /// assert!((isotonic.apply(0.3) - 0.25).abs() < 1e-15);
    /// # Ok::<(), payme_core::learning::LearningError>(())
    /// ```
    pub fn fit(rows: &Scored<'_>) -> Result<Self, LearningError> {
        rows.need_both_classes(2)?;
        let mut isotonic = Self { scores: Vec::new(), values: Vec::new() };
        for pool in pools(&Sorted::new(rows)) {
            isotonic.scores.push(pool.lowest);
            isotonic.values.push(pool.share());
            if pool.highest > pool.lowest {
                isotonic.scores.push(pool.highest);
                isotonic.values.push(pool.share());
            }
        }
        Ok(isotonic)
    }
}
