//! One result: a settlement, its score, and why.

use serde::de::Error as _;
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::top::{Hit, Plan};
use super::{Contribution, Weights, contributions};
use crate::matching::{Finding, Missing, Signal, SignalSet, Signals, Trace, Truth};
use crate::types::{FeatureKey, SettlementId};

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
    /// The recency signal, of the evidence set alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recency: Option<f64>,
    /// The frequency signal, of the evidence set alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frequency: Option<f64>,
    /// The class period signal, of the evidence set alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class_period: Option<f64>,
    /// The payout signal.
    pub payout: f64,
    /// The urgency signal.
    pub urgency: f64,
    /// The ease signal.
    pub ease: f64,
    /// The score, in `[0, 1]`.
    pub score: f64,
    /// What the rule says of the person, of the evidence set alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub truth: Option<Truth>,
    /// What each signal added to the score before it was clamped, of the evidence set alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contributions: Option<Vec<Contribution>>,
    /// What the rule asks for, atom by atom, of the evidence set alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub atoms: Option<Atoms>,
}

/// The atoms of a rule, by what they say for it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Atoms {
    /// What is as the rule wants it.
    pub met: Vec<AtomRef>,
    /// What one more fact can decide: the person should be asked.
    pub unknown: Vec<AtomRef>,
    /// What is not as the rule wants it.
    pub blocked: Vec<AtomRef>,
}

/// One atom of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AtomRef {
    /// Its JSON path in the rule.
    pub path: String,
    /// The feature it names, or `states` or `age`.
    pub atom: String,
    /// The word for it, where it keeps the rule from being met.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<Missing>,
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
        for (signal, value) in self.iter() {
            map.serialize_entry(signal.as_str(), &value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Signals {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        let map = std::collections::BTreeMap::<String, f64>::deserialize(reader)?;
        let of_evidence = map.contains_key(Signal::Recency.as_str());
        let set = if of_evidence { SignalSet::Evidence } else { SignalSet::Baseline };
        let mut missing = None;
        let signals = Self::of_set(set, |signal| {
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

impl Serialize for Signal {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Signal {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        let name = String::deserialize(reader)?;
        let signal = Self::ALL.into_iter().find(|signal| signal.as_str() == name);
        signal.ok_or_else(|| D::Error::custom("not the name of a signal"))
    }
}

impl Atoms {
    fn of(trace: &Trace<'_>) -> Self {
        let refs = |findings: &[Finding<'_>]| findings.iter().map(AtomRef::of).collect();
        Self { met: refs(&trace.met), unknown: refs(&trace.unknown), blocked: refs(&trace.blocked) }
    }
}

impl AtomRef {
    fn of(finding: &Finding<'_>) -> Self {
        Self {
            path: finding.path.clone(),
            atom: finding.name().to_owned(),
            missing: finding.missing.clone(),
        }
    }
}

impl Reasons {
    pub(super) fn new(
        matched_features: Vec<FeatureKey>,
        hit: &Hit,
        plan: &Plan,
        trace: Option<&Trace<'_>>,
    ) -> Self {
        let signals = &hit.signals;
        let is_graded = signals.set() == SignalSet::Evidence;
        let graded = |signal| is_graded.then(|| signals.get(signal));
        let weights = Weights::new(0, plan.given);
        Self {
            matched_features,
            predicate_passes: PredicatePasses { state: hit.candidate.state_passes },
            confidence_breakdown: ConfidenceBreakdown {
                rules: signals.get(Signal::RulesConfidence),
            },
            similarity: signals.get(Signal::Similarity),
            recency: graded(Signal::Recency),
            frequency: graded(Signal::Frequency),
            class_period: graded(Signal::ClassPeriod),
            payout: signals.get(Signal::Payout),
            urgency: signals.get(Signal::Urgency),
            ease: signals.get(Signal::Ease),
            score: hit.score,
            truth: is_graded.then_some(hit.candidate.truth),
            contributions: is_graded
                .then(|| contributions(plan.variant, signals, &weights).collect()),
            atoms: trace.filter(|_| is_graded).map(Atoms::of),
        }
    }
}
