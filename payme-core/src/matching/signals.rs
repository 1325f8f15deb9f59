//! Signals: numbers in [0, 1] that say how good a candidate is.
//!
//! The *baseline* set, per (person, candidate), with m = required features the person has,
//! r = features required, p = `payout_max_cents`, or 1000 where that is absent or 0:
//!
//! | signal | formula |
//! |---|---|
//! | rules_confidence | 0.4 + 0.4 * m / max(1, r), plus 0.2 when the state passes |
//! | similarity | min(1, 0.3 + 0.15 * m) |
//! | payout | min(1, p / 10000) |
//! | urgency | 0.7 with a deadline, else 0.3 |
//! | ease | 0.8 with a claim link, else 0.4 |

use super::Candidate;
use crate::catalog::Settlement;

/// One of the numbers that make a score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Signal {
    /// Belief that the rule of the settlement holds.
    RulesConfidence,
    /// How much the evidence speaks of the settlement.
    Similarity,
    /// How much the settlement pays.
    Payout,
    /// How pressing the deadline is.
    Urgency,
    /// How easy it is to claim.
    Ease,
}

impl Signal {
    /// Every signal, in the order in which a score adds them up.
    pub const ALL: [Self; 5] =
        [Self::RulesConfidence, Self::Similarity, Self::Payout, Self::Urgency, Self::Ease];

    /// The name used in files and results.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RulesConfidence => "rules_confidence",
            Self::Similarity => "similarity",
            Self::Payout => "payout",
            Self::Urgency => "urgency",
            Self::Ease => "ease",
        }
    }

    const fn at(self) -> usize {
        self as usize
    }
}

/// A set of signals that are computed together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum SignalSet {
    /// The five signals of this module's table.
    #[default]
    Baseline,
}

impl SignalSet {
    /// Every set.
    pub const ALL: [Self; 1] = [Self::Baseline];

    /// The name used in files and commands.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Baseline => "baseline",
        }
    }

    /// The signals of the set, in the order in which a score adds them up.
    pub const fn signals(self) -> &'static [Signal] {
        match self {
            Self::Baseline => &Signal::ALL,
        }
    }
}

/// One number for each signal, in `[0, 1]` when it is a signal, finite when it is a weight.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Signals([f64; Signal::ALL.len()]);

impl Signals {
    /// The numbers that `value` gives for each signal.
    pub fn from_fn(value: impl FnMut(Signal) -> f64) -> Self {
        Self(Signal::ALL.map(value))
    }

    /// The number of one signal.
    pub const fn get(&self, signal: Signal) -> f64 {
        self.0[signal.at()]
    }

    /// Each signal of a set with its number, in the order in which a score adds them up.
    pub fn of(&self, set: SignalSet) -> impl Iterator<Item = (Signal, f64)> + '_ {
        set.signals().iter().map(|signal| (*signal, self.get(*signal)))
    }
}

/// The payout in cents that stands for an unknown one.
const PAYOUT_UNKNOWN_CENTS: i64 = 1_000;

/// The baseline signals of one candidate.
pub fn baseline_signals(candidate: &Candidate, settlement: &Settlement) -> Signals {
    let matched = f64::from(candidate.matched);
    let required = f64::from(candidate.required.max(1));
    let state = if candidate.state_passes { 0.2 } else { 0.0 };
    let cents = settlement.payout.max.map_or(0, |money| money.minor());
    let cents = if cents == 0 { PAYOUT_UNKNOWN_CENTS } else { cents };
    Signals::from_fn(|signal| match signal {
        Signal::RulesConfidence => 0.4 + 0.4 * matched / required + state,
        Signal::Similarity => 1.0_f64.min(0.3 + 0.15 * matched),
        #[expect(clippy::cast_precision_loss, reason = "beyond 2^53 cents the signal is 1 anyway")]
        Signal::Payout => 1.0_f64.min(cents as f64 / 10_000.0),
        Signal::Urgency => {
            if settlement.deadline.is_some() {
                0.7
            } else {
                0.3
            }
        }
        Signal::Ease => {
            if settlement.claim_url.is_some() {
                0.8
            } else {
                0.4
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{SettlementIx, parse_settlement};

    #[test]
    fn the_formulas_give_the_table() {
        #[rustfmt::skip]
        let table = [
            // m  r  state  fields                                                    rules  sim   payout urgency ease
            (0, 0, true,  "",                                                        [0.6,   0.30, 0.10, 0.3, 0.4]),
            (1, 1, true,  r#""payout_max_cents": 0,"#,                               [1.0,   0.45, 0.10, 0.3, 0.4]),
            (1, 2, true,  r#""payout_max_cents": 2500,"#,                            [0.8,   0.45, 0.25, 0.3, 0.4]),
            (1, 3, false, r#""payout_max_cents": 1,"#,                               [0.4 + 0.4 / 3.0, 0.45, 0.0001, 0.3, 0.4]),
            (3, 3, false, r#""payout_min_cents": 77, "payout_max_cents": 10001,"#,   [0.8,   0.75, 1.00, 0.3, 0.4]),
            (5, 5, true,  r#""deadline": "2026-02-19T23:59:00Z","#,                  [1.0,   1.00, 0.10, 0.7, 0.4]),
            (9, 9, true,  r#""claim_url": "https://a.example/","#,                   [1.0,   1.00, 0.10, 0.3, 0.8]),
            (0, 0, false, r#""payout_min_cents": 900,"#,                             [0.4,   0.30, 0.10, 0.3, 0.4]),
        ];
        for (matched, required, state_passes, fields, expected) in table {
            let text = format!(
                r#"{{"title": "T", {fields} "eligibility": {{"required_features": [], "states": []}}}}"#
            );
            let candidate = Candidate { ix: SettlementIx(0), matched, required, state_passes };
            let signals = baseline_signals(&candidate, &parse_settlement(&text).unwrap());
            for ((signal, got), expected) in signals.of(SignalSet::Baseline).zip(expected) {
                let gap: f64 = got - expected;
                assert!(gap.abs() < 1e-12, "{fields} {signal:?}: {got} {expected}");
            }
        }
    }

    #[test]
    fn a_full_match_has_full_rules_confidence_to_the_bit() {
        let text = r#"{"title": "T", "eligibility": {"required_features": [], "states": []}}"#;
        let settlement = parse_settlement(text).unwrap();
        for n in 1..=64 {
            let candidate =
                Candidate { ix: SettlementIx(0), matched: n, required: n, state_passes: true };
            let rules = baseline_signals(&candidate, &settlement).get(Signal::RulesConfidence);
            assert!((rules - 1.0).abs() <= f64::EPSILON, "{n}: {rules}");
        }
    }
}
