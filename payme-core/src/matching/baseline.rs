//! The baseline signals: counts of features, and facts of the settlement.
//!
//! With m = features sought that the person has, r = features sought, p = `payout_max_cents`, or
//! 1000 where that is absent or 0:
//!
//! | signal | formula |
//! |---|---|
//! | rules_confidence | 0.4 + 0.4 * m / max(1, r), plus 0.2 when the state passes |
//! | similarity | min(1, 0.3 + 0.15 * m) |
//! | payout | min(1, p / 10000) |
//! | urgency | 0.7 with a deadline, else 0.3 |
//! | ease | 0.8 with a claim link, else 0.4 |

use super::{Candidate, Signal, SignalSet, Signals};
use crate::catalog::SettlementFacts;

/// The payout in cents that stands for an unknown one.
const PAYOUT_UNKNOWN_CENTS: i64 = 1_000;

/// The baseline signals of one candidate.
pub fn baseline_signals(candidate: &Candidate, facts: &SettlementFacts) -> Signals {
    let matched = f64::from(candidate.matched);
    let required = f64::from(candidate.required.max(1));
    let state = if candidate.state_passes { 0.2 } else { 0.0 };
    let cents = facts.payout_max_cents;
    let cents = if cents == 0 { PAYOUT_UNKNOWN_CENTS } else { cents };
    #[expect(clippy::cast_precision_loss, reason = "beyond 2^53 cents the signal is 1 anyway")]
    let payout = 1.0_f64.min(cents as f64 / 10_000.0);
    let mut values = [0.0; Signal::ALL.len()];
    values[Signal::RulesConfidence.at()] = 0.4 + 0.4 * matched / required + state;
    values[Signal::Similarity.at()] = 1.0_f64.min(0.3 + 0.15 * matched);
    values[Signal::Payout.at()] = payout;
    values[Signal::Urgency.at()] = if facts.has_deadline() { 0.7 } else { 0.3 };
    values[Signal::Ease.at()] = if facts.has_claim_url() { 0.8 } else { 0.4 };
    Signals::from_values(SignalSet::Baseline, values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{SettlementIx, parse_settlement};
    use crate::matching::Truth;

    fn facts(text: &str) -> SettlementFacts {
        SettlementFacts::of(&parse_settlement(text).unwrap())
    }

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
            let candidate = Candidate {
                ix: SettlementIx(0),
                matched,
                required,
                state_passes,
                truth: Truth::Met,
            };
            let signals = baseline_signals(&candidate, &facts(&text));
            for ((signal, got), expected) in signals.iter().zip(expected) {
                let gap: f64 = got - expected;
                assert!(gap.abs() < 1e-12, "{fields} {signal:?}: {got} {expected}");
            }
        }
    }

    #[test]
    fn a_full_match_has_full_rules_confidence_to_the_bit() {
        let text = r#"{"title": "T", "eligibility": {"required_features": [], "states": []}}"#;
        let facts = facts(text);
        for n in 1..=64 {
            let candidate = Candidate {
                ix: SettlementIx(0),
                matched: n,
                required: n,
                state_passes: true,
                truth: Truth::Met,
            };
            let rules = baseline_signals(&candidate, &facts).get(Signal::RulesConfidence);
            assert!((rules - 1.0).abs() <= f64::EPSILON, "{n}: {rules}");
        }
    }
}
