//! The weights of the ranker, and the versioned file they come from.

use crate::matching::{Signal, SignalSet, Signals};
use crate::types::json::{self, Fault, Members, Node, Refusal};

/// Weights of a signal set: finite numbers, any sign.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    /// The version, 0 for the defaults.
    pub version: u32,
    /// One weight for each signal of the set.
    pub values: Signals,
}

/// Why a weights file was refused. The weights in force stay as they were.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("weights: {0}")]
pub struct WeightsError(#[from] pub Refusal);

impl WeightsError {
    /// The stable code of this error.
    pub const fn code(&self) -> &'static str {
        self.0.code
    }
}

impl Default for Weights {
    /// The default weights of the evidence set.
    fn default() -> Self {
        Self::of_set(SignalSet::default())
    }
}

impl Weights {
    /// Weights of one's own.
    pub const fn new(version: u32, values: Signals) -> Self {
        Self { version, values }
    }

    /// The default weights of a set; they add up to 1.
    pub fn of_set(set: SignalSet) -> Self {
        let baseline = |signal| match signal {
            Signal::RulesConfidence => 0.65,
            Signal::Similarity => 0.20,
            Signal::Payout => 0.10,
            Signal::Urgency => 0.03,
            Signal::Ease => 0.02,
            Signal::Recency | Signal::Frequency | Signal::ClassPeriod => 0.0,
        };
        let evidence = |signal| match signal {
            Signal::RulesConfidence => 0.45,
            Signal::Similarity => 0.15,
            Signal::ClassPeriod => 0.12,
            Signal::Recency | Signal::Payout => 0.08,
            Signal::Frequency => 0.05,
            Signal::Urgency => 0.04,
            Signal::Ease => 0.03,
        };
        let values = match set {
            SignalSet::Baseline => Signals::of_set(set, baseline),
            SignalSet::Evidence => Signals::of_set(set, evidence),
        };
        Self { version: 0, values }
    }

    /// The set they weigh.
    pub const fn set(&self) -> SignalSet {
        self.values.set()
    }

    /// Reads a weights file: one finite number for each signal of one set, and `_version`.
    ///
    /// `_signals` may name the set (`baseline` or `evidence`); without it, a file that names a
    /// signal of the evidence set alone is one of that set. `_link` may name the way the weights
    /// combine (`identity`, the clamped sum).
    ///
    /// # Errors
    /// [`WeightsError`] that names the field: not JSON, a missing or unknown signal, a number
    /// that is not finite.
    /// ```
    /// use payme_core::ranking::Weights;
    /// let text = br#"{"rules_confidence": 0.5, "similarity": 0.5, "payout": 0, "urgency": 0,
    ///                 "ease": 0, "_version": 3}"#;
    /// assert_eq!(Weights::from_json(text)?.version, 3);
    /// let error = Weights::from_json(br#"{"rules_confidence": 1, "_version": 1}"#).unwrap_err();
    /// assert_eq!(error.to_string(), "weights: line 1: $: the field \"similarity\" is missing");
    /// # Ok::<(), payme_core::ranking::WeightsError>(())
    /// ```
    pub fn from_json(bytes: &[u8]) -> Result<Self, WeightsError> {
        let value = json::strict(json::utf8(bytes)?, 1)?;
        Ok(read(&Node::root(&value)).map_err(|fault| fault.on_line(1))?)
    }
}

fn read(node: &Node<'_>) -> Result<Weights, Fault> {
    let mut allowed: Vec<&str> = Signal::ALL.iter().map(|signal| signal.as_str()).collect();
    allowed.extend(["_version", "_link", "_signals"]);
    let members = node.members(&allowed)?;
    if let Some(node) = members.get("_link")
        && node.text()? != "identity"
    {
        return Err(node.fault("unsupported_weights", "expected \"identity\""));
    }
    let set = set_of(&members)?;
    let is_foreign = |signal: &&Signal| {
        !set.signals().contains(signal) && members.get(signal.as_str()).is_some()
    };
    if let Some(signal) = Signal::ALL.iter().find(is_foreign) {
        let message = format!(
            "\"{}\" is no signal of the {} set: remove it, or say \"_signals\": \"evidence\"",
            signal.as_str(),
            set.as_str()
        );
        return Err(node.fault("unknown_field", message));
    }
    let mut values = [0.0; Signal::ALL.len()];
    for (value, signal) in values.iter_mut().zip(set.signals()) {
        *value = members.need(signal.as_str())?.number()?;
    }
    let mut values = values.into_iter();
    Ok(Weights {
        version: members.need("_version")?.count(0)?,
        values: Signals::of_set(set, |_| values.next().unwrap_or(0.0)),
    })
}

/// The set that a file names, or else the one its signals belong to.
fn set_of(members: &Members<'_>) -> Result<SignalSet, Fault> {
    if let Some(node) = members.get("_signals") {
        let words = SignalSet::ALL.map(SignalSet::as_str).join(" or ");
        return SignalSet::parse(node.text()?)
            .ok_or_else(|| node.fault("unsupported_weights", format!("expected {words}")));
    }
    let baseline = SignalSet::Baseline.signals();
    let of_evidence =
        |signal: &Signal| !baseline.contains(signal) && members.get(signal.as_str()).is_some();
    let has_more = Signal::ALL.iter().any(of_evidence);
    Ok(if has_more { SignalSet::Evidence } else { SignalSet::Baseline })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"rules_confidence": 1, "similarity": 2, "payout": -3.5, "urgency": 0, "ease": 1e-3, "_version": 7}"#;

    #[test]
    fn each_signal_gets_its_own_weight() {
        let weights = Weights::from_json(GOOD.as_bytes()).unwrap();
        let values: Vec<f64> = weights.values.iter().map(|(_, v)| v).collect();
        assert_eq!(values, [1.0, 2.0, -3.5, 0.0, 0.001]);
        assert_eq!(weights.version, 7);
    }

    #[test]
    fn the_set_is_named_or_told_by_the_signals() {
        let evidence = |rest: &str| {
            let all = Signal::ALL.map(|signal| format!("\"{}\": 0.125", signal.as_str()));
            format!("{{{}, \"_version\": 1{rest}}}", all.join(", "))
        };
        let set = |text: &str| Weights::from_json(text.as_bytes()).map(|weights| weights.set());
        assert_eq!(set(GOOD), Ok(SignalSet::Baseline));
        assert_eq!(set(&evidence("")), Ok(SignalSet::Evidence));
        assert_eq!(set(&evidence(", \"_signals\": \"evidence\"")), Ok(SignalSet::Evidence));
        let wrong = [
            (evidence(", \"_signals\": \"baseline\""), "unknown_field"),
            (evidence(", \"_signals\": \"more\""), "unsupported_weights"),
            (GOOD.replace("7}", "7, \"_signals\": \"evidence\"}"), "missing_field"),
            (evidence("").replace("\"ease\": 0.125, ", ""), "missing_field"),
        ];
        for (text, code) in wrong {
            assert_eq!(Weights::from_json(text.as_bytes()).unwrap_err().code(), code, "{text}");
        }
    }

    #[test]
    fn the_default_weights_of_a_set_add_up_to_one() {
        for set in SignalSet::ALL {
            let sum: f64 = Weights::of_set(set).values.iter().map(|(_, weight)| weight).sum();
            assert!((sum - 1.0).abs() < 1e-12, "{set:?}: {sum}");
        }
    }

    #[test]
    fn a_malformed_file_is_refused_with_its_field() {
        #[rustfmt::skip]
        let table = [
            ("".to_owned(),                                  "empty_input",    "$"),
            ("[1]".to_owned(),                               "wrong_type",     "$"),
            (GOOD.replace("-3.5", "NaN"),                    "malformed_json", "$"),
            (GOOD.replace("-3.5", "1e999"),                  "malformed_json", "$"),
            (GOOD.replace("-3.5", "\"NaN\""),                "wrong_type",     "$.payout"),
            (GOOD.replace("\"payout\"", "\"payouts\""),      "unknown_field",  "$"),
            (GOOD.replace("\"payout\": -3.5,", ""),          "missing_field",  "$"),
            (GOOD.replace(", \"_version\": 7", ""),          "missing_field",  "$"),
            (GOOD.replace("7}", "-1}"),                      "out_of_range",   "$._version"),
            (GOOD.replace("7}", "7, \"_link\": \"logit\"}"), "unsupported_weights", "$._link"),
            (GOOD.replace("7}", "7, \"payout\": 1}"),        "duplicate_member", "$"),
        ];
        for (text, code, path) in table {
            let error = Weights::from_json(text.as_bytes()).unwrap_err();
            assert_eq!((error.code(), error.0.path.as_str()), (code, path), "{text}");
        }
    }
}
