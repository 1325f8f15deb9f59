//! From signals to a score in [0, 1], and what each signal contributed.

use serde::{Deserialize, Serialize};

use super::{Link, Weights};
use crate::matching::{Signal, Signals, Variant};

/// What one signal added to a score.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Contribution {
    /// The signal.
    pub signal: Signal,
    /// Its value, in `[0, 1]`.
    pub value: f64,
    /// Its weight.
    pub weight: f64,
    /// `weight * value`.
    pub contribution: f64,
}

/// The weight of each signal in a variant; `None` for a signal that it does not look at.
fn weight_of(variant: Variant, signal: Signal, weights: &Weights) -> Option<f64> {
    match (variant, signal) {
        (Variant::RulesOnly, Signal::RulesConfidence) => Some(1.0),
        (Variant::RulesVector, Signal::RulesConfidence) => Some(0.85),
        (Variant::RulesVector, Signal::Similarity) => Some(0.15),
        (Variant::RulesVectorRanker, signal) => Some(weights.values.get(signal)),
        (Variant::RulesOnly | Variant::RulesVector, _) => None,
    }
}

/// The weights of a variant as numbers: 0 for a signal that it does not look at.
pub(super) fn resolved(variant: Variant, weights: &Weights) -> Signals {
    Signals::of_set(weights.set(), |signal| weight_of(variant, signal, weights).unwrap_or(0.0))
}

/// The contributions of every signal that the variant looks at. In this order they add up to what
/// the link makes a score of: the score before it is clamped, or the log-odds without the
/// intercept.
pub fn contributions(
    variant: Variant,
    signals: &Signals,
    weights: &Weights,
) -> impl Iterator<Item = Contribution> {
    weights.set().signals().iter().filter_map(move |signal| {
        let (value, weight) = (signals.get(*signal), weight_of(variant, *signal, weights)?);
        Some(Contribution { signal: *signal, value, weight, contribution: weight * value })
    })
}

/// The score of one candidate, in `[0, 1]`.
///
/// | variant | sum | link |
/// |---|---|---|
/// | `rules_only` | rules_confidence | clamped |
/// | `rules_vector` | 0.85 * rules_confidence + 0.15 * similarity | clamped |
/// | `rules_vector_ranker` | sum of weight * signal | that of the weights |
/// ```
/// use payme_core::matching::{SignalSet, Signals, Variant};
/// use payme_core::ranking::{Weights, score};
/// let half = Signals::of_set(SignalSet::Evidence, |_| 0.5);
/// assert_eq!(score(Variant::RulesOnly, &half, &Weights::default()), 0.5);
/// ```
pub fn score(variant: Variant, signals: &Signals, weights: &Weights) -> f64 {
    score_and_rank(variant, signals, weights).0
}

/// The score, and what results are ordered by, in `[-1, 1]`: the two are one number but for weights
/// that were fitted, whose order also tells candidates apart that have the same probability.
pub fn score_and_rank(variant: Variant, signals: &Signals, weights: &Weights) -> (f64, f64) {
    let sum = contributions(variant, signals, weights)
        .map(|part| part.contribution)
        .fold(0.0, |sum, part| sum + part);
    let link = link_of(variant, weights);
    (link.score(sum), link.rank(sum))
}

/// The link of a variant: those whose weights are fixed have the clamped sum.
pub(super) const fn link_of(variant: Variant, weights: &Weights) -> &Link {
    match variant {
        Variant::RulesVectorRanker => &weights.link,
        Variant::RulesOnly | Variant::RulesVector => &Link::Identity,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::matching::SignalSet;

    /// Asymmetric: no two signals alike.
    fn signals() -> Signals {
        Signals::of_set(SignalSet::Baseline, |signal| match signal {
            Signal::RulesConfidence => 0.8,
            Signal::Similarity => 0.45,
            Signal::Payout => 0.25,
            Signal::Urgency => 0.7,
            Signal::Ease => 0.4,
            Signal::Recency | Signal::Frequency | Signal::ClassPeriod => 0.0,
        })
    }

    #[test]
    fn each_variant_has_its_formula() {
        // By hand: 0.8; 0.68 + 0.0675; 0.52 + 0.09 + 0.025 + 0.021 + 0.008.
        let table = [
            (Variant::RulesOnly, 0.8),
            (Variant::RulesVector, 0.7475),
            (Variant::RulesVectorRanker, 0.664),
        ];
        for (variant, expected) in table {
            let got = score(variant, &signals(), &Weights::of_set(SignalSet::Baseline));
            assert!((got - expected).abs() < 1e-12, "{variant}: {got}");
        }
    }

    #[test]
    fn scores_are_clamped_and_never_negative_zero() {
        let with = |weight| Weights::new(0, Signals::of_set(SignalSet::Baseline, |_| weight));
        let bits = |weight| score(Variant::RulesVectorRanker, &signals(), &with(weight)).to_bits();
        assert_eq!(bits(9.0), 1.0_f64.to_bits());
        assert_eq!(bits(-9.0), 0.0_f64.to_bits());
        assert_eq!(bits(-0.0), 0.0_f64.to_bits());
        assert_eq!(bits(f64::NAN), 0.0_f64.to_bits());
        assert_eq!(bits(f64::INFINITY), 1.0_f64.to_bits());
    }

    proptest! {
        #[test]
        fn contributions_add_up_to_the_score(
            values in prop::array::uniform8(0.0_f64..=1.0),
            weights in prop::array::uniform8(-2.0_f64..2.0),
            variant in prop::sample::select(Variant::ALL.to_vec()),
            set in prop::sample::select(SignalSet::ALL.to_vec()),
        ) {
            let of = |numbers: [f64; 8]| {
                let mut numbers = numbers.into_iter();
                Signals::of_set(set, |_| numbers.next().unwrap())
            };
            let (signals, weights) = (of(values), Weights::new(0, of(weights)));
            let parts: Vec<_> = contributions(variant, &signals, &weights).collect();
            let sum: f64 = parts.iter().map(|part| part.contribution).sum();
            let got = score(variant, &signals, &weights);
            prop_assert!((sum.clamp(0.0, 1.0) - got).abs() < 1e-12);
            let resolved = resolved(variant, &weights);
            for part in &parts {
                prop_assert_eq!(resolved.get(part.signal).to_bits(), part.weight.to_bits());
            }
        }
    }
}
