//! The weights of the ranker, and the versioned file they come from.

use super::calibration::{Calibration, logistic};
use crate::matching::{Signal, SignalSet, Signals};
use crate::types::json::{self, Fault, Members, Node, Refusal};

/// Weights of a signal set: finite numbers, any sign.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    /// The version, 0 for the defaults.
    pub version: u32,
    /// One weight for each signal of the set.
    pub values: Signals,
    /// How their weighted sum becomes a score.
    pub link: Link,
}

/// How a weighted sum of signals becomes a score in `[0, 1]`.
///
/// Every link never decreases. Where two sums have one score, the greater sum stands first.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Link {
    /// The sum, kept within 0 and 1: what weights that were chosen by hand have.
    #[default]
    Identity,
    /// The probability `calibration(1 / (1 + e^-(intercept + sum)))`: what was fitted.
    Logit {
        /// The log-odds of a sum of 0.
        intercept: f64,
        /// From the probability that was fitted to the one it stands for on data that the fit did
        /// not see.
        calibration: Calibration,
    },
}

/// Sums beyond this are as good as certain, and stand like it: their probabilities are 0 and 1.
const SUM_MAX: f64 = 1_048_576.0;

impl Link {
    /// The score of a weighted sum; 0 for NaN.
    /// ```
    /// use payme_core::ranking::{Calibration, Link};
    /// assert_eq!(Link::Identity.score(1.5), 1.0);
    /// let logit = Link::Logit { intercept: -2.0, calibration: Calibration::Identity };
    /// assert_eq!(logit.score(2.0), 0.5);
    /// ```
    pub fn score(&self, sum: f64) -> f64 {
        match self {
            Self::Identity => within_one(sum),
            Self::Logit { intercept, calibration } => {
                within_one(calibration.apply(logistic(intercept + sum)))
            }
        }
    }

    /// What results are ordered by, in `[-1, 1]`: it rises with the sum, also where the score does
    /// not, except where both sums are beyond all doubt.
    pub(super) fn rank(&self, sum: f64) -> f64 {
        match self {
            Self::Identity => within_one(sum),
            Self::Logit { .. } if sum.is_nan() => -1.0,
            // Divided by a power of two, so that nothing is rounded.
            Self::Logit { .. } => sum.clamp(-SUM_MAX, SUM_MAX) / SUM_MAX + 0.0,
        }
    }
}

/// A sum as a score: kept within 0 and 1, and 0 for NaN, which weights that are not finite can
/// make of it. Adding zero turns -0.0 into 0.0, so that equal scores have equal bits and tie.
const fn within_one(sum: f64) -> f64 {
    if sum.is_nan() { 0.0 } else { sum.clamp(0.0, 1.0) + 0.0 }
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
    /// Weights of one's own, whose sum is the score.
    pub const fn new(version: u32, values: Signals) -> Self {
        Self { version, values, link: Link::Identity }
    }

    /// The same weights; their sum becomes a score in this way.
    #[must_use]
    pub fn with_link(self, link: Link) -> Self {
        Self { link, ..self }
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
        Self::new(0, values)
    }

    /// The set they weigh.
    pub const fn set(&self) -> SignalSet {
        self.values.set()
    }

    /// Reads a weights file: one finite number for each signal of one set, and `_version`.
    ///
    /// `_signals` may name the set (`baseline` or `evidence`); without it, a file that names a
    /// signal of the evidence set alone is one of that set. `_link` may name how their sum becomes
    /// a score: `identity`, kept within 0 and 1, as without it, or `logit`, a probability, which
    /// may have an `_intercept` and a `_calibration` ([`Calibration`]).
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

impl Weights {
    /// The file of these weights, which [`Weights::from_json`] reads back to the same bits.
    ///
    /// Numbers that are not finite, which no file can hold, are written as null, and are refused
    /// when they are read.
    /// ```
    /// use payme_core::ranking::{Calibration, Link, Weights};
    /// let link = Link::Logit { intercept: -1.5, calibration: Calibration::Identity };
    /// let weights = Weights::default().with_link(link);
    /// assert_eq!(Weights::from_json(weights.to_json().as_bytes())?, weights);
    /// # Ok::<(), payme_core::ranking::WeightsError>(())
    /// ```
    pub fn to_json(&self) -> String {
        let mut members = serde_json::Map::new();
        for (signal, weight) in self.values.iter() {
            members.insert(signal.as_str().to_owned(), weight.into());
        }
        members.insert("_version".to_owned(), self.version.into());
        members.insert("_signals".to_owned(), self.set().as_str().into());
        match &self.link {
            Link::Identity => {
                members.insert("_link".to_owned(), "identity".into());
            }
            Link::Logit { intercept, calibration } => {
                members.insert("_link".to_owned(), "logit".into());
                members.insert("_intercept".to_owned(), (*intercept).into());
                let calibration = serde_json::to_value(calibration).unwrap_or_default();
                members.insert("_calibration".to_owned(), calibration);
            }
        }
        format!("{:#}\n", serde_json::Value::Object(members))
    }
}

fn read(node: &Node<'_>) -> Result<Weights, Fault> {
    let mut allowed: Vec<&str> = Signal::ALL.iter().map(|signal| signal.as_str()).collect();
    allowed.extend(["_version", "_link", "_signals", "_intercept", "_calibration"]);
    let members = node.members(&allowed)?;
    let link = link_of(&members)?;
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
        link,
    })
}

/// The link that a file names, with what belongs to it.
fn link_of(members: &Members<'_>) -> Result<Link, Fault> {
    let (intercept, calibration) = (members.get("_intercept"), members.get("_calibration"));
    let name = members.get("_link").map(|node| Ok((node.text()?, node))).transpose()?;
    match name {
        Some(("logit", _)) => {
            let intercept = intercept.map_or(Ok(0.0), |node| node.number())?;
            let calibration = calibration.map_or_else(
                || Ok(Calibration::Identity),
                |node| {
                    let read = Calibration::from_value(node.value());
                    read.map_err(|error| node.fault(error.code(), error.to_string()))
                },
            )?;
            Ok(Link::Logit { intercept, calibration })
        }
        None | Some(("identity", _)) => match intercept.or(calibration) {
            Some(node) => {
                let message = "only weights with \"_link\": \"logit\" have this";
                Err(node.fault("unsupported_weights", message))
            }
            None => Ok(Link::Identity),
        },
        Some((_, node)) => {
            Err(node.fault("unsupported_weights", "expected \"identity\" or \"logit\""))
        }
    }
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

    fn logit(intercept: f64, calibration: &str) -> Link {
        Link::Logit { intercept, calibration: serde_json::from_str(calibration).unwrap() }
    }

    #[test]
    fn a_file_says_how_a_sum_becomes_a_score() {
        let read = |rest: &str| {
            let text = GOOD.replace("7}", &format!("7{rest}}}"));
            Weights::from_json(text.as_bytes()).unwrap()
        };
        assert_eq!(read("").link, Link::Identity);
        assert_eq!(read(", \"_link\": \"identity\"").link, Link::Identity);
        assert_eq!(read(", \"_link\": \"logit\"").link, logit(0.0, "{\"kind\": \"identity\"}"));
        let isotonic =
            r#"{"kind": "isotonic", "scores": [0.25, 0.5, 0.75], "values": [0.1, 0.1, 0.9]}"#;
        let weights = read(&format!(
            ", \"_link\": \"logit\", \"_intercept\": -0.1, \"_calibration\": {isotonic}"
        ));
        assert_eq!(weights.link, logit(-0.1, isotonic));
        assert_eq!(Weights::from_json(weights.to_json().as_bytes()), Ok(weights));
        let plain = read("");
        assert_eq!(Weights::from_json(plain.to_json().as_bytes()), Ok(plain));
    }

    #[test]
    fn a_greater_sum_never_has_less_and_stands_first_where_it_has_as_much() {
        let isotonic =
            r#"{"kind": "isotonic", "scores": [0.25, 0.5, 0.75], "values": [0.1, 0.1, 0.9]}"#;
        let platt = r#"{"kind": "platt", "slope": 0.0, "intercept": 0.5}"#;
        for link in
            [logit(-0.1, isotonic), logit(3.0, platt), logit(0.5, "{\"kind\": \"identity\"}")]
        {
            let sums = [-1e5, -40.0, -1.0, -1e-9, -0.0, 1e-9, 0.2, 0.3, 7.0, 60.0, 1e5];
            for pair in sums.windows(2) {
                assert!(link.score(pair[0]) <= link.score(pair[1]), "{link:?} {pair:?}");
                assert!(link.rank(pair[0]) < link.rank(pair[1]), "{link:?} {pair:?}");
            }
            assert_eq!(link.rank(0.0).to_bits(), link.rank(-0.0).to_bits());
            for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300, -1e300] {
                assert!((0.0..=1.0).contains(&link.score(odd)), "{link:?} {odd}");
                assert!((-1.0..=1.0).contains(&link.rank(odd)), "{link:?} {odd}");
            }
        }
    }

    #[test]
    fn a_malformed_file_is_refused_with_its_field() {
        let logit_with =
            |more: &str| GOOD.replace("7}", &format!("7, \"_link\": \"logit\", {more}}}"));
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
            (GOOD.replace("7}", "7, \"_link\": \"probit\"}"), "unsupported_weights", "$._link"),
            (GOOD.replace("7}", "7, \"_intercept\": 1}"),   "unsupported_weights", "$._intercept"),
            (logit_with(r#""_intercept": "1""#),              "wrong_type",     "$._intercept"),
            (logit_with(r#""_calibration": {"kind": "platt", "slope": -1, "intercept": 0}"#), "calibration_invalid", "$._calibration"),
            (logit_with(r#""_calibration": {"kind": "other"}"#), "calibration_invalid", "$._calibration"),
            (GOOD.replace("7}", "7, \"payout\": 1}"),        "duplicate_member", "$"),
        ];
        for (text, code, path) in table {
            let error = Weights::from_json(text.as_bytes()).unwrap_err();
            assert_eq!((error.code(), error.0.path.as_str()), (code, path), "{text}");
        }
    }
}
