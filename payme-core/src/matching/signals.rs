//! Signals: numbers in [0, 1] that say how good a candidate is, and the two sets of them.
//!
//! The baseline set is computed in `baseline.rs`, the evidence set in `graded.rs`.

/// One of the numbers that make a score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Signal {
    /// Belief that the rule of the settlement holds.
    RulesConfidence,
    /// How much the evidence speaks of the settlement.
    Similarity,
    /// How new the newest supporting evidence is.
    Recency,
    /// How much supporting evidence there is.
    Frequency,
    /// How much of the supporting evidence lies inside the class period.
    ClassPeriod,
    /// How much the settlement pays.
    Payout,
    /// How pressing the deadline is.
    Urgency,
    /// How easy it is to claim.
    Ease,
}

impl Signal {
    /// Every signal, in the order in which a score adds them up.
    pub const ALL: [Self; 8] = [
        Self::RulesConfidence,
        Self::Similarity,
        Self::Recency,
        Self::Frequency,
        Self::ClassPeriod,
        Self::Payout,
        Self::Urgency,
        Self::Ease,
    ];

    /// The name used in files and results.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RulesConfidence => "rules_confidence",
            Self::Similarity => "similarity",
            Self::Recency => "recency",
            Self::Frequency => "frequency",
            Self::ClassPeriod => "class_period",
            Self::Payout => "payout",
            Self::Urgency => "urgency",
            Self::Ease => "ease",
        }
    }

    /// Its place in [`Signal::ALL`].
    pub(crate) const fn at(self) -> usize {
        self as usize
    }
}

/// A set of signals that are computed together.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum SignalSet {
    /// Five signals, which count features.
    Baseline,
    /// All eight, which weigh the evidence.
    #[default]
    Evidence,
}

impl SignalSet {
    /// Every set.
    pub const ALL: [Self; 2] = [Self::Baseline, Self::Evidence];

    /// The name used in files and commands.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Baseline => "baseline",
            Self::Evidence => "evidence",
        }
    }

    /// Reads the word of [`SignalSet::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|set| set.as_str() == text)
    }

    /// The signals of the set, in the order in which a score adds them up.
    pub const fn signals(self) -> &'static [Signal] {
        const BASELINE: [Signal; 5] = [
            Signal::RulesConfidence,
            Signal::Similarity,
            Signal::Payout,
            Signal::Urgency,
            Signal::Ease,
        ];
        match self {
            Self::Baseline => &BASELINE,
            Self::Evidence => &Signal::ALL,
        }
    }
}

/// One number for each signal of a set: in `[0, 1]` when it is a signal, finite when it is a
/// weight.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Signals {
    set: SignalSet,
    /// By [`Signal::at`]; 0 where the set does not hold the signal.
    values: [f64; Signal::ALL.len()],
}

impl Signals {
    /// The numbers that `value` gives for each signal of a set, in its order.
    /// ```
    /// use payme_core::matching::{Signal, SignalSet, Signals};
    /// let half = Signals::of_set(SignalSet::Baseline, |_| 0.5);
    /// assert_eq!(half.get(Signal::Ease), 0.5);
    /// assert_eq!(half.get(Signal::Recency), 0.0);
    /// ```
    pub fn of_set(set: SignalSet, mut value: impl FnMut(Signal) -> f64) -> Self {
        let mut values = [0.0; Signal::ALL.len()];
        for signal in set.signals() {
            values[signal.at()] = value(*signal);
        }
        Self { set, values }
    }

    /// The same from the numbers of all signals, in the order of [`Signal::ALL`]; those that the
    /// set does not hold are 0.
    pub(crate) const fn from_values(set: SignalSet, values: [f64; Signal::ALL.len()]) -> Self {
        Self { set, values }
    }

    /// The numbers of all signals, in the order of [`Signal::ALL`].
    pub(crate) const fn values(&self) -> &[f64; Signal::ALL.len()] {
        &self.values
    }

    /// Puts another number for one signal of the set.
    pub(crate) const fn put(&mut self, signal: Signal, value: f64) {
        self.values[signal.at()] = value;
    }

    /// The set.
    pub const fn set(&self) -> SignalSet {
        self.set
    }

    /// The number of one signal; 0 when the set does not hold it.
    pub const fn get(&self, signal: Signal) -> f64 {
        self.values[signal.at()]
    }

    /// Each signal of the set with its number, in the order in which a score adds them up.
    pub fn iter(&self) -> impl Iterator<Item = (Signal, f64)> + '_ {
        self.set.signals().iter().map(|signal| (*signal, self.get(*signal)))
    }
}
