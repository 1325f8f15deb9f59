//! Folds: every row is held out once, together with all rows of its user.
//!
//! In: the user of each row, how many folds, and a seed. Out: the fold of each row. What always
//! holds: a user is in one fold, and no fold has more than one user more than another.

use super::EvaluationError;
use super::splits::{Split, SplitKey, hash};
use crate::learning::LearningError;

/// Which rows are held out together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folds {
    fold_of: Vec<usize>,
    count: usize,
}

impl Folds {
    /// Deals the users to so many folds, in the order of the hashes of seed and user.
    ///
    /// The folds are the same for any order of the rows. Other than with [`Split::by_user`], a user
    /// may change the fold when users are added: folds are of equal size instead.
    ///
    /// # Errors
    /// [`LearningError::Empty`] without rows, [`EvaluationError::Folds`] for fewer than 2 folds or
    /// more than there are users.
    /// ```
    /// use payme_core::learning::{EvaluationError, Folds};
    /// let users = ["ann", "bob", "ann", "cyd", "dan"];
    /// let folds = Folds::by_user(&users, 2, 7)?;
    /// assert_eq!(folds.fold_of()[0], folds.fold_of()[2]);
    /// for fold in 0..folds.count() {
    ///     folds.split(fold).check_users(&users)?;
    /// }
    /// assert!(Folds::by_user(&users, 5, 7).is_err(), "there are four people");
    /// # Ok::<(), EvaluationError>(())
    /// ```
    pub fn by_user<K: SplitKey>(
        users: &[K],
        folds: usize,
        seed: u64,
    ) -> Result<Self, EvaluationError> {
        if users.is_empty() {
            return Err(LearningError::Empty.into());
        }
        let place = |user: &K| (hash(user.split_key(), seed), user.split_key());
        let mut dealt: Vec<(u64, u128)> = users.iter().map(place).collect();
        dealt.sort_unstable();
        dealt.dedup();
        if folds < 2 || folds > dealt.len() {
            return Err(EvaluationError::Folds { folds, users: dealt.len() });
        }
        let fold = |user: &K| dealt.partition_point(|before| *before < place(user)) % folds;
        Ok(Self { fold_of: users.iter().map(fold).collect(), count: folds })
    }

    /// How many folds there are; at least 2.
    pub const fn count(&self) -> usize {
        self.count
    }

    /// The fold of each row, from 0.
    pub fn fold_of(&self) -> &[usize] {
        &self.fold_of
    }

    /// The rows of one fold, held out, and all others; a fold that is not there holds nothing out.
    pub fn split(&self, fold: usize) -> Split {
        let is_test = |row: &usize| self.fold_of.get(*row) == Some(&fold);
        let (test, train) = (0..self.fold_of.len()).partition(is_test);
        Split { train, test }
    }
}
