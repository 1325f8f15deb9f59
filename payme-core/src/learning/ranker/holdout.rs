//! Which samples are learnt from, and which are held out to judge by.
//!
//! In: samples and a [`Holdout`]. Out: [`Parts`]. What always holds: no person is in both.

use serde::{Deserialize, Serialize};

use super::RankerError;
use crate::learning::evaluation::{BothSides, EvaluationError, Split};
use crate::learning::sum::{float, floor_at_most};
use crate::learning::{LearningError, Sample, SampleTable};
use crate::matching::SignalSet;
use crate::types::{Instant, UserId};

/// Which rows are held out.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case", deny_unknown_fields)]
pub enum Holdout {
    /// About so large a share of the people, with all that they were shown.
    Users {
        /// The share, above 0 and below 1.
        share: f64,
        /// What the choice follows from.
        seed: u64,
    },
    /// What was shown last, to about so large a share of the rows. Of people who were also shown
    /// something before, nothing is learnt.
    Time {
        /// The share, above 0 and below 1.
        share: f64,
        /// What the folds of the calibration follow from.
        seed: u64,
        /// The moment from which on rows are held out; without it, it follows from the share. With
        /// it, people who were also shown something before are left out instead: they may have been
        /// learnt from.
        #[serde(default)]
        from: Option<Instant>,
    },
}

impl Default for Holdout {
    /// Three in ten people.
    fn default() -> Self {
        Self::Users { share: 0.3, seed: 1 }
    }
}

/// Samples with a label, apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Parts {
    /// What is learnt from.
    pub train: SampleTable,
    /// What is held out.
    pub test: SampleTable,
}

impl Holdout {
    /// The seed of all that is drawn.
    pub const fn seed(&self) -> u64 {
        let (Self::Users { seed, .. } | Self::Time { seed, .. }) = self;
        *seed
    }

    /// The same, so that samples of later are parted at the same place.
    ///
    /// # Errors
    /// Those of [`Holdout::part`].
    pub(super) fn settled(self, samples: &[Sample]) -> Result<Self, RankerError> {
        match self {
            Self::Time { share, seed, from: None } => {
                let from = Some(held_out_from(&times(samples)?, share)?);
                Ok(Self::Time { share, seed, from })
            }
            settled => Ok(settled),
        }
    }

    /// Parts the samples that have a label.
    ///
    /// # Errors
    /// [`RankerError::Unlabelled`] where none has one, [`RankerError::Undated`] where a sample has
    /// no time and one is needed, and [`EvaluationError`] for a share out of range or a side that
    /// nobody is on.
    ///
    /// # Examples
    /// ```
    /// use payme_core::learning::{Holdout, parse_samples};
    /// use payme_core::matching::SignalSet;
    /// let row = |user: u8| format!(
    ///     r#"{{"user_id": "00000000-0000-4000-8000-0000000000{user:02}",
    ///         "settlement_id": "00000000-0000-4000-9000-000000000001",
    ///         "run_id": "00000000-0000-4000-a000-000000000001",
    ///         "label": 1, "outcome": "paid_out"}}"#
    /// );
    /// let rows: Vec<String> = (10..90).map(row).collect();
    /// let samples = parse_samples(format!("[{}]", rows.join(",")).as_bytes())?.taken;
    /// let parts = Holdout::Users { share: 0.25, seed: 7 }.part(&samples, SignalSet::Baseline)?;
    /// assert_eq!(parts.train.labels().len() + parts.test.labels().len(), 80);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn part(&self, samples: &[Sample], set: SignalSet) -> Result<Parts, RankerError> {
        let is_labelled = |sample: &&Sample| sample.outcome.label().is_some();
        let labelled: Vec<&Sample> = samples.iter().filter(is_labelled).collect();
        if labelled.is_empty() {
            return Err(RankerError::Unlabelled { samples: samples.len() });
        }
        let users: Vec<UserId> = labelled.iter().map(|sample| sample.user_id).collect();
        let split = match *self {
            Self::Users { share, seed } => Split::by_user(&users, share, seed)?,
            Self::Time { share, from, .. } => {
                let times = times(samples)?;
                let (from, both_sides) = match from {
                    Some(from) => (from, BothSides::LeaveOutOfTest),
                    None => (held_out_from(&times, share)?, BothSides::LeaveOutOfTrain),
                };
                Split::by_time(&users, &times, from, both_sides)?.split
            }
        };
        let table = |rows: &[usize]| {
            SampleTable::new(rows.iter().filter_map(|row| labelled.get(*row).copied()), set)
        };
        Ok(Parts { train: table(&split.train), test: table(&split.test) })
    }
}

/// When each sample with a label was shown.
fn times(samples: &[Sample]) -> Result<Vec<Instant>, RankerError> {
    let labelled = samples.iter().enumerate().filter(|(_, s)| s.outcome.label().is_some());
    let time = |(index, sample): (usize, &Sample)| {
        sample.shown.map(|shown| shown.at).ok_or(RankerError::Undated { index })
    };
    labelled.map(time).collect()
}

/// The moment from which on about so large a share of the rows lies.
fn held_out_from(times: &[Instant], share: f64) -> Result<Instant, EvaluationError> {
    if !(share > 0.0 && share < 1.0) {
        return Err(EvaluationError::Share);
    }
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    let last = sorted.len().saturating_sub(1);
    let place = floor_at_most((1.0 - share) * float(sorted.len()), last);
    sorted.get(place).copied().ok_or_else(|| LearningError::Empty.into())
}
