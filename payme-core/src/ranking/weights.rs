//! The weights of the ranker, and the versioned file they come from.

use crate::matching::{Signal, SignalSet, Signals};
use crate::types::json::{self, Fault, Node, Refusal};

/// Weights of a signal set: finite numbers, any sign.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    /// The version, 0 for the defaults.
    pub version: u32,
    /// The set they weigh.
    pub set: SignalSet,
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
    fn default() -> Self {
        let values = Signals::from_fn(|signal| match signal {
            Signal::RulesConfidence => 0.65,
            Signal::Similarity => 0.20,
            Signal::Payout => 0.10,
            Signal::Urgency => 0.03,
            Signal::Ease => 0.02,
        });
        Self { version: 0, set: SignalSet::Baseline, values }
    }
}

impl Weights {
    /// Reads a weights file: one finite number for each signal of the set, and `_version`.
    ///
    /// `_signals` may name the set (`baseline`) and `_link` the way the weights combine
    /// (`identity`, the clamped sum).
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
    let set = SignalSet::Baseline;
    let mut allowed: Vec<&str> = set.signals().iter().map(|signal| signal.as_str()).collect();
    allowed.extend(["_version", "_link", "_signals"]);
    let members = node.members(&allowed)?;
    for (name, only) in [("_signals", set.as_str()), ("_link", "identity")] {
        if let Some(node) = members.get(name)
            && node.text()? != only
        {
            return Err(node.fault("unsupported_weights", format!("expected \"{only}\"")));
        }
    }
    let mut values = [0.0; Signal::ALL.len()];
    for (value, signal) in values.iter_mut().zip(set.signals()) {
        *value = members.need(signal.as_str())?.number()?;
    }
    let mut values = values.into_iter();
    Ok(Weights {
        version: members.need("_version")?.count(0)?,
        set,
        values: Signals::from_fn(|_| values.next().unwrap_or(0.0)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"rules_confidence": 1, "similarity": 2, "payout": -3.5, "urgency": 0, "ease": 1e-3, "_version": 7}"#;

    #[test]
    fn each_signal_gets_its_own_weight() {
        let weights = Weights::from_json(GOOD.as_bytes()).unwrap();
        let values: Vec<f64> = weights.values.of(SignalSet::Baseline).map(|(_, v)| v).collect();
        assert_eq!(values, [1.0, 2.0, -3.5, 0.0, 0.001]);
        assert_eq!(weights.version, 7);
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
