//! Samples: what people were shown, and what came of it.
//!
//! In: the results that a person was shown, and how each claim stands. Out: one [`Sample`] for each
//! person and settlement, and the rows of an export, both ways. What always holds: a pair has one
//! sample; what was never shown is no sample; what is not decided yet has no label.
//! Rules: `docs/rules/learning.md`.

mod file;
mod shown;
mod table;

use crate::claims::ClaimState;
use crate::matching::{Signal, Signals, Variant};
use crate::types::{Instant, RunId, SettlementId, UserId, words};

pub use file::{parse_samples, sample_row};
pub use shown::{Impression, ShownResult};
pub use table::SampleTable;

words!(
    /// What came of a result that was shown.
    Outcome {
        /// The money arrived.
        PaidOut = "paid_out",
        /// It did not: the claim was rejected, the transfer failed or came back.
        NotPaidOut = "not_paid_out",
        /// Nobody knows yet.
        Pending = "pending",
        /// The person did nothing with it.
        Ignored = "ignored",
    }
);

impl Outcome {
    /// What came of a result whose claim stands so; `None` where there is no claim.
    /// ```
    /// use payme_core::claims::ClaimState;
    /// use payme_core::learning::Outcome;
    /// assert_eq!(Outcome::of(Some(ClaimState::PaymentReturned)), Outcome::NotPaidOut);
    /// assert_eq!(Outcome::of(None).label(), Some(false));
    /// assert_eq!(Outcome::of(Some(ClaimState::Submitted)).label(), None);
    /// ```
    pub const fn of(claim: Option<ClaimState>) -> Self {
        match claim {
            Some(ClaimState::PaidOut) => Self::PaidOut,
            Some(ClaimState::NotPaidOut | ClaimState::Rejected | ClaimState::PaymentReturned) => {
                Self::NotPaidOut
            }
            Some(ClaimState::Opened | ClaimState::Submitted | ClaimState::Approved) => {
                Self::Pending
            }
            Some(ClaimState::Matched) | None => Self::Ignored,
        }
    }

    /// The label that a ranker learns from; `None` where nobody knows yet.
    pub const fn label(self) -> Option<bool> {
        match self {
            Self::PaidOut => Some(true),
            Self::NotPaidOut | Self::Ignored => Some(false),
            Self::Pending => None,
        }
    }
}

/// The signals of a result, as far as they were stored.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Features([Option<f64>; Signal::ALL.len()]);

impl Features {
    /// A signal, if it was stored.
    pub fn get(&self, signal: Signal) -> Option<f64> {
        self.0.get(signal.at()).copied().flatten()
    }

    /// The same, with one signal more.
    #[must_use]
    pub fn with(mut self, signal: Signal, value: f64) -> Self {
        if let Some(place) = self.0.get_mut(signal.at()) {
            *place = Some(value);
        }
        self
    }

    /// A signal, or what takes its place where it was not stored.
    ///
    /// | signal | in its place |
    /// |---|---|
    /// | rules_confidence | 0.5 |
    /// | similarity | 0.3 |
    /// | recency, frequency | 0.5 |
    /// | class_period | 1: that of a settlement without a period |
    /// | payout | 0.1 |
    /// | urgency | 0.3 |
    /// | ease | 0.4 |
    pub fn filled(&self, signal: Signal) -> f64 {
        self.get(signal).unwrap_or(match signal {
            Signal::RulesConfidence | Signal::Recency | Signal::Frequency => 0.5,
            Signal::Similarity | Signal::Urgency => 0.3,
            Signal::ClassPeriod => 1.0,
            Signal::Payout => 0.1,
            Signal::Ease => 0.4,
        })
    }
}

impl From<Signals> for Features {
    fn from(signals: Signals) -> Self {
        signals.iter().fold(Self::default(), |all, (signal, value)| all.with(signal, value))
    }
}

/// How a person came to see a result.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shown {
    /// When it was first shown: when the earliest run began that showed it.
    pub at: Instant,
    /// How signals became scores.
    pub variant: Variant,
    /// Its place among what the person was shown, from 1.
    pub position: u32,
    /// How probable it was that this variant was taken, in (0, 1]; `None` where somebody chose it.
    pub propensity: Option<f64>,
}

/// What one person was shown of one settlement, by the newest run that showed it, and what came of
/// it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// The person.
    pub user_id: UserId,
    /// The settlement.
    pub settlement_id: SettlementId,
    /// The run.
    pub run_id: RunId,
    /// How the person came to see it; `None` in rows of others that do not say.
    pub shown: Option<Shown>,
    /// The signals of the result.
    pub features: Features,
    /// What came of it.
    pub outcome: Outcome,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_state_of_a_claim_has_its_label_and_outcome() {
        #[rustfmt::skip]
        let table = [
            (Some(ClaimState::PaidOut),         Some(true),  "paid_out"),
            (Some(ClaimState::NotPaidOut),      Some(false), "not_paid_out"),
            (Some(ClaimState::Rejected),        Some(false), "not_paid_out"),
            (Some(ClaimState::PaymentReturned), Some(false), "not_paid_out"),
            (Some(ClaimState::Opened),          None,        "pending"),
            (Some(ClaimState::Submitted),       None,        "pending"),
            (Some(ClaimState::Approved),        None,        "pending"),
            (Some(ClaimState::Matched),         Some(false), "ignored"),
            (None,                              Some(false), "ignored"),
        ];
        assert_eq!(table.len(), ClaimState::ALL.len() + 1);
        for (state, label, outcome) in table {
            let of = Outcome::of(state);
            assert_eq!((of.label(), of.as_str()), (label, outcome), "{state:?}");
        }
    }

    #[test]
    fn what_was_not_stored_has_something_in_its_place() {
        let none = Features::default();
        let filled = Signal::ALL.map(|signal| none.filled(signal).to_bits());
        assert_eq!(filled, [0.5, 0.3, 0.5, 0.5, 1.0, 0.1, 0.3, 0.4].map(f64::to_bits));
        let some = none.with(Signal::Payout, 0.0).with(Signal::Ease, 1.0);
        assert_eq!(some.get(Signal::Payout), Some(0.0));
        assert_eq!(Signal::ALL.map(|signal| some.filled(signal))[5..], [0.0, 0.3, 1.0]);
    }
}
