//! One result: a settlement, its score, and why.

use serde::de::Error as _;
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::matching::{Signal, SignalSet, Signals};
use crate::types::{FeatureKey, SettlementId};

/// Something a settlement asks for that the person does not have.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Missing {
    /// A required feature is absent.
    Feature(FeatureKey),
    /// The person's state does not pass, or is not known.
    State,
}

impl Missing {
    /// The feature key, or the word `state`.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Feature(key) => key.as_str(),
            Self::State => "state",
        }
    }
}

impl Serialize for Missing {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Missing {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        let text = String::deserialize(reader)?;
        if text == Self::State.as_str() {
            return Ok(Self::State);
        }
        text.parse().map(Self::Feature).map_err(D::Error::custom)
    }
}

/// The parts of the rule that are not features.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PredicatePasses {
    /// Whether the person's state passes.
    pub state: bool,
}

/// What the confidence is made of.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ConfidenceBreakdown {
    /// The `rules_confidence` signal.
    pub rules: f64,
}

/// Why a settlement got its score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reasons {
    /// The required features the person has, in the order of the settlement's rule.
    pub matched_features: Vec<FeatureKey>,
    /// The parts of the rule that are not features.
    pub predicate_passes: PredicatePasses,
    /// What the confidence is made of.
    pub confidence_breakdown: ConfidenceBreakdown,
    /// The similarity signal.
    pub similarity: f64,
    /// The payout signal.
    pub payout: f64,
    /// The urgency signal.
    pub urgency: f64,
    /// The ease signal.
    pub ease: f64,
    /// The score, in `[0, 1]`.
    pub score: f64,
}

/// A settlement that a person matches, or nearly does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MatchResult {
    /// The settlement.
    pub settlement_id: SettlementId,
    /// The score, in `[0, 1]`.
    pub score: f64,
    /// The signals behind the score.
    pub signals: Signals,
    /// Why.
    pub reasons: Reasons,
    /// What keeps the person from being eligible; empty for a match.
    pub missing: Vec<Missing>,
}

impl Serialize for Signals {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let mut map = out.serialize_map(None)?;
        for (signal, value) in self.of(SignalSet::Baseline) {
            map.serialize_entry(signal.as_str(), &value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Signals {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        let map = std::collections::BTreeMap::<String, f64>::deserialize(reader)?;
        let mut missing = None;
        let signals = Self::from_fn(|signal| {
            map.get(signal.as_str()).copied().unwrap_or_else(|| {
                missing = Some(signal.as_str());
                0.0
            })
        });
        match missing {
            Some(name) => Err(D::Error::missing_field(name)),
            None => Ok(signals),
        }
    }
}

impl Reasons {
    pub(super) fn new(
        matched_features: Vec<FeatureKey>,
        state: bool,
        signals: &Signals,
        score: f64,
    ) -> Self {
        Self {
            matched_features,
            predicate_passes: PredicatePasses { state },
            confidence_breakdown: ConfidenceBreakdown {
                rules: signals.get(Signal::RulesConfidence),
            },
            similarity: signals.get(Signal::Similarity),
            payout: signals.get(Signal::Payout),
            urgency: signals.get(Signal::Urgency),
            ease: signals.get(Signal::Ease),
            score,
        }
    }
}
