//! Samples as a table that a ranker is fitted to.
//!
//! In: samples, and the set of signals to learn from. Out: rows of features with their labels, a
//! row for each sample that has a label, by person.

use super::Sample;
use crate::learning::Groups;
use crate::learning::train::{Matrix, Order, TrainError};
use crate::matching::SignalSet;

/// Features and labels of the samples that have one, by person and settlement.
///
/// # Examples
/// ```
/// use payme_core::learning::{SampleTable, parse_samples};
/// use payme_core::matching::SignalSet;
///
/// let rows = parse_samples(br#"[
///     {"user_id": "00000000-0000-4000-8000-000000000001",
///      "settlement_id": "00000000-0000-4000-9000-000000000001",
///      "run_id": "00000000-0000-4000-a000-000000000001",
///      "rules_confidence": 0.9, "label": 1, "outcome": "paid_out"},
///     {"user_id": "00000000-0000-4000-8000-000000000001",
///      "settlement_id": "00000000-0000-4000-9000-000000000002",
///      "run_id": "00000000-0000-4000-a000-000000000001",
///      "label": null, "outcome": "pending"}]"#)?;
/// let table = SampleTable::new(rows.taken.iter(), SignalSet::Baseline);
/// assert_eq!((table.labels(), table.pending()), ([true].as_slice(), 1));
/// assert_eq!(table.features(), [0.9, 0.3, 0.1, 0.3, 0.4]);
/// # Ok::<(), payme_core::types::json::Refusal>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct SampleTable {
    set: SignalSet,
    features: Vec<f64>,
    labels: Vec<bool>,
    samples: Vec<Sample>,
    pending: usize,
}

impl SampleTable {
    /// The table of some samples. Signals that were not stored have what takes their place.
    pub fn new<'a>(samples: impl IntoIterator<Item = &'a Sample>, set: SignalSet) -> Self {
        let mut sorted: Vec<&Sample> = samples.into_iter().collect();
        sorted.sort_by_key(|sample| (sample.user_id, sample.settlement_id));
        let mut table = Self {
            set,
            features: Vec::with_capacity(sorted.len() * set.signals().len()),
            labels: Vec::with_capacity(sorted.len()),
            samples: Vec::with_capacity(sorted.len()),
            pending: 0,
        };
        for sample in sorted {
            let Some(label) = sample.outcome.label() else {
                table.pending += 1;
                continue;
            };
            let signals = set.signals().iter();
            table.features.extend(signals.map(|signal| sample.features.filled(*signal)));
            table.labels.push(label);
            table.samples.push(*sample);
        }
        table
    }

    /// The signals that the columns are.
    pub const fn set(&self) -> SignalSet {
        self.set
    }

    /// The features, one row after the other.
    pub fn features(&self) -> &[f64] {
        &self.features
    }

    /// The features as a table.
    ///
    /// # Errors
    /// [`TrainError::Empty`] where no sample has a label.
    pub fn matrix(&self) -> Result<Matrix<'_>, TrainError> {
        Matrix::new(&self.features, self.labels.len(), self.set.signals().len(), Order::Rows)
    }

    /// The labels, one for each row.
    pub fn labels(&self) -> &[bool] {
        &self.labels
    }

    /// The sample of each row.
    pub fn samples(&self) -> &[Sample] {
        &self.samples
    }

    /// The rows of each person.
    pub fn users(&self) -> Groups {
        let by_user = self.samples.chunk_by(|a, b| a.user_id == b.user_id);
        Groups::of_sizes(by_user.map(<[_]>::len))
    }

    /// How many samples were left out because nobody knows yet what came of them.
    pub const fn pending(&self) -> usize {
        self.pending
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::learning::{Features, Outcome};
    use crate::matching::Signal;
    use crate::types::{RunId, SettlementId, UserId};

    fn sample(user: u128, settlement: u128, outcome: Outcome, payout: f64) -> Sample {
        Sample {
            user_id: UserId::from_uuid(Uuid::from_u128(user)),
            settlement_id: SettlementId::from_uuid(Uuid::from_u128(settlement)),
            run_id: RunId::from_uuid(Uuid::from_u128(1)),
            shown: None,
            features: Features::default().with(Signal::Payout, payout),
            outcome,
        }
    }

    #[test]
    fn the_order_of_the_samples_changes_nothing() {
        let mut samples = vec![
            sample(2, 1, Outcome::PaidOut, 0.25),
            sample(1, 2, Outcome::Ignored, 0.5),
            sample(2, 3, Outcome::Pending, 0.75),
            sample(1, 1, Outcome::NotPaidOut, 1.0),
        ];
        let table = SampleTable::new(&samples, SignalSet::Evidence);
        assert_eq!(table.labels(), [false, false, true]);
        assert_eq!(table.users(), Groups::of_sizes([2, 1]));
        assert_eq!((table.pending(), table.matrix().unwrap().columns()), (1, 8));
        let payouts: Vec<f64> = table.features().chunks(8).map(|row| row[5]).collect();
        assert_eq!(payouts, [1.0, 0.5, 0.25]);
        samples.reverse();
        assert_eq!(SampleTable::new(&samples, SignalSet::Evidence), table);
        let none = SampleTable::new(&samples[1..2], SignalSet::Evidence);
        assert_eq!(none.matrix().unwrap_err().code(), "train_empty");
    }
}
