//! Splits of rows into those that are learnt from and those that are held out.
//!
//! In: the user of each row, and perhaps its time. Out: a [`Split`]. Which side a user is on
//! depends on the user, the seed and the share alone, so a user keeps the side as data grows. What
//! always holds: both sides have rows, no row is on both, and places ascend.

use std::collections::HashMap;

use twox_hash::XxHash3_128;

use super::{EvaluationError, Side};
use crate::learning::LearningError;
use crate::learning::random::{mixed, unit};
use crate::learning::rows::same_length;
use crate::types::{Instant, UserId};

/// What a user is told apart by in a split.
///
/// Equal users have equal keys. Texts are hashed to 128 bits (XXH3), so that two of them are as
/// good as never taken for one.
pub trait SplitKey {
    /// The key.
    fn split_key(&self) -> u128;
}

impl SplitKey for UserId {
    fn split_key(&self) -> u128 {
        self.uuid().as_u128()
    }
}

impl SplitKey for u64 {
    fn split_key(&self) -> u128 {
        u128::from(*self)
    }
}

impl SplitKey for u128 {
    fn split_key(&self) -> u128 {
        *self
    }
}

impl SplitKey for &str {
    fn split_key(&self) -> u128 {
        XxHash3_128::oneshot(self.as_bytes())
    }
}

impl SplitKey for String {
    fn split_key(&self) -> u128 {
        self.as_str().split_key()
    }
}

/// 64 bits that look random and follow from a user and a seed.
pub(super) fn hash(key: u128, seed: u64) -> u64 {
    #[expect(clippy::cast_possible_truncation, reason = "the two halves of the key")]
    let (high, low) = ((key >> 64) as u64, key as u64);
    mixed(mixed(mixed(seed) ^ high) ^ low)
}

/// Which rows are learnt from, and which are held out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Split {
    /// The places of the rows that are learnt from.
    pub train: Vec<usize>,
    /// The places of the rows that are held out.
    pub test: Vec<usize>,
}

/// What becomes of users with rows before and after the time of a split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BothSides {
    /// They stay on both sides and are counted: the model is judged on the later rows of people
    /// whom it has seen, as it will be where the same people come back.
    #[default]
    Report,
    /// Their later rows are left out, so that the model is judged on new people only.
    LeaveOutOfTest,
    /// Their earlier rows are left out, so that the model has not seen whom it is judged by.
    LeaveOutOfTrain,
}

/// A split by time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeSplit {
    /// The rows of both sides.
    pub split: Split,
    /// How many users have rows before and after, whether they were left out or not.
    pub users_on_both_sides: usize,
    /// How many rows were left out.
    pub rows_left_out: usize,
}

impl Split {
    /// Holds out about so large a share of the users, with all their rows.
    ///
    /// A user is held out where the hash of seed and user, as a number in [0, 1), is below the
    /// share. So a user is on the same side whatever other users there are, and a user that is held
    /// out stays so when the share grows. The share of the users is hit within chance:
    /// `sqrt(share (1 - share) / users)`.
    ///
    /// # Errors
    /// [`LearningError::Empty`] without rows, [`EvaluationError::Share`] for a share that is not
    /// above 0 and below 1, [`EvaluationError::SideEmpty`] where all users are on one side.
    /// ```
    /// use payme_core::learning::{EvaluationError, Split};
    ///
    /// let users = ["ann", "bob", "ann", "cyd", "dan", "eve", "bob"];
    /// let split = Split::by_user(&users, 0.4, 7)?;
    /// assert_eq!(split.train.len() + split.test.len(), users.len());
    /// split.check_users(&users)?;
    /// assert_eq!(Split::by_user(&users, 1.0, 7), Err(EvaluationError::Share));
    /// # Ok::<(), EvaluationError>(())
    /// ```
    pub fn by_user<K: SplitKey>(
        users: &[K],
        test_share: f64,
        seed: u64,
    ) -> Result<Self, EvaluationError> {
        if !(test_share > 0.0 && test_share < 1.0) {
            return Err(EvaluationError::Share);
        }
        let is_test = |row: &usize| {
            users.get(*row).is_some_and(|user| unit(hash(user.split_key(), seed)) < test_share)
        };
        let (test, train) = (0..users.len()).partition(is_test);
        Self { train, test }.filled(users.len())
    }

    /// What lies before a moment is learnt from; what lies at it or after it is held out.
    ///
    /// # Errors
    /// [`LearningError::Empty`] without rows, [`LearningError::Length`] where there is not one time
    /// for each user, [`EvaluationError::SideEmpty`] where nothing lies, or is left, on a side.
    /// ```
    /// use payme_core::learning::{BothSides, EvaluationError, Split};
    /// use payme_core::types::Instant;
    ///
    /// let users = ["ann", "bob", "ann", "cyd"];
    /// let times = [1, 2, 3, 4].map(|day| Instant::EPOCH.plus_micros(day * 86_400_000_000));
    /// let reported = Split::by_time(&users, &times, times[2], BothSides::Report)?;
    /// assert_eq!((reported.split.test, reported.users_on_both_sides), (vec![2, 3], 1));
    /// let new_people = Split::by_time(&users, &times, times[2], BothSides::LeaveOutOfTest)?;
    /// assert_eq!((new_people.split.test, new_people.rows_left_out), (vec![3], 1));
    /// # Ok::<(), EvaluationError>(())
    /// ```
    pub fn by_time<K: SplitKey>(
        users: &[K],
        times: &[Instant],
        test_from: Instant,
        both_sides: BothSides,
    ) -> Result<TimeSplit, EvaluationError> {
        same_length("times", users.len(), times.len())?;
        let mut sides: HashMap<u128, [bool; 2]> = HashMap::new();
        for (user, time) in users.iter().zip(times) {
            let [before, after] = sides.entry(user.split_key()).or_default();
            *if *time < test_from { before } else { after } = true;
        }
        let users_on_both_sides = sides.values().filter(|sides| **sides == [true; 2]).count();
        let mut split = Self::default();
        for (row, (user, time)) in users.iter().zip(times).enumerate() {
            let is_both = sides.get(&user.split_key()) == Some(&[true; 2]);
            let (side, left_out) = if *time < test_from {
                (&mut split.train, BothSides::LeaveOutOfTrain)
            } else {
                (&mut split.test, BothSides::LeaveOutOfTest)
            };
            if !(is_both && both_sides == left_out) {
                side.push(row);
            }
        }
        let split = split.filled(users.len())?;
        let rows_left_out = users.len() - split.train.len() - split.test.len();
        Ok(TimeSplit { split, users_on_both_sides, rows_left_out })
    }

    fn filled(self, rows: usize) -> Result<Self, EvaluationError> {
        if rows == 0 {
            return Err(LearningError::Empty.into());
        }
        for (places, side) in [(&self.train, Side::Train), (&self.test, Side::Test)] {
            if places.is_empty() {
                return Err(EvaluationError::SideEmpty { side });
            }
        }
        Ok(self)
    }

    /// Refuses a split that has a user on both sides, whoever made it.
    ///
    /// # Errors
    /// [`EvaluationError::UserOnBothSides`] with the first such row that is learnt from and the
    /// first row of the same user that is held out; [`EvaluationError::RowUnknown`] for a place
    /// without a user.
    /// ```
    /// use payme_core::learning::{EvaluationError, Split};
    /// let split = Split { train: vec![0, 1], test: vec![2, 3] };
    /// assert_eq!(
    ///     split.check_users(&["ann", "bob", "cyd", "bob"]),
    ///     Err(EvaluationError::UserOnBothSides { train_row: 1, test_row: 3 })
    /// );
    /// ```
    pub fn check_users<K: SplitKey>(&self, users: &[K]) -> Result<(), EvaluationError> {
        let key = |row: usize| {
            let unknown = EvaluationError::RowUnknown { row, rows: users.len() };
            users.get(row).map(SplitKey::split_key).ok_or(unknown)
        };
        let mut held_out: HashMap<u128, usize> = HashMap::new();
        for row in &self.test {
            held_out.entry(key(*row)?).or_insert(*row);
        }
        for train_row in &self.train {
            if let Some(test_row) = held_out.get(&key(*train_row)?) {
                let (train_row, test_row) = (*train_row, *test_row);
                return Err(EvaluationError::UserOnBothSides { train_row, test_row });
            }
        }
        Ok(())
    }
}
