//! Rows of an export: a JSON array of them is what people and scripts train from.
//!
//! In: bytes, or a sample. Out: samples with the refusals of rows that are wrong, or the JSON of a
//! row. What is written is read back to the same sample.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::{Features, Outcome, Sample, Shown};
use crate::matching::{Signal, Variant};
use crate::types::json::{self, Fault, Members, Node, RawRow, Refusal, Rows};
use crate::types::{Instant, RunId, SettlementId, UserId};

/// The members of a row beside the signals.
const MEMBERS: [&str; 9] = [
    "user_id",
    "settlement_id",
    "run_id",
    "label",
    "outcome",
    "at",
    "variant",
    "position",
    "propensity",
];

/// The row of a sample: `user_id`, `settlement_id`, `run_id`, the signals that were stored, `label`
/// (1, 0 or null) and `outcome`; where it is known, `at`, `variant`, `position` and `propensity`.
pub fn sample_row(sample: &Sample) -> Map<String, Value> {
    let mut row = Map::new();
    let mut put = |name: &str, value: Value| row.insert(name.to_owned(), value);
    put("user_id", sample.user_id.to_string().into());
    put("settlement_id", sample.settlement_id.to_string().into());
    put("run_id", sample.run_id.to_string().into());
    for signal in Signal::ALL {
        if let Some(value) = sample.features.get(signal) {
            put(signal.as_str(), value.into());
        }
    }
    put("label", sample.outcome.label().map(u8::from).into());
    put("outcome", sample.outcome.as_str().into());
    if let Some(shown) = sample.shown {
        put("at", shown.at.to_string().into());
        put("variant", shown.variant.as_str().into());
        put("position", shown.position.into());
        put("propensity", shown.propensity.into());
    }
    row
}

/// Reads the rows of an export: a JSON array of objects.
///
/// Signals may be left out; `at`, `variant` and `position` come together or not at all. A row whose
/// label is not that of its outcome is refused, and so is the second row of a person and a
/// settlement.
///
/// # Errors
/// A refusal of the whole where it is no JSON array.
/// ```
/// use payme_core::learning::{Outcome, parse_samples};
/// let file = br#"[{"user_id": "00000000-0000-4000-8000-000000000001",
///     "settlement_id": "00000000-0000-4000-9000-000000000001",
///     "run_id": "00000000-0000-4000-a000-000000000001",
///     "rules_confidence": 0.9, "label": 1, "outcome": "paid_out"}]"#;
/// assert_eq!(parse_samples(file)?.taken[0].outcome, Outcome::PaidOut);
/// # Ok::<(), payme_core::types::json::Refusal>(())
/// ```
pub fn parse_samples(bytes: &[u8]) -> Result<Rows<Sample>, Refusal> {
    let mut rows = Rows::default();
    let mut seen: HashMap<(UserId, SettlementId), u64> = HashMap::new();
    for row in json::array(json::utf8(bytes)?, "samples")? {
        rows.push(parse_row(&row).and_then(|sample| {
            let pair = (sample.user_id, sample.settlement_id);
            if let Some(line) = seen.insert(pair, row.line) {
                let message = format!("this person and settlement stand on line {line} already");
                let path = format!("$[{}]", row.index);
                return Err(Refusal { line: row.line, path, code: "duplicate_sample", message });
            }
            Ok(sample)
        }));
    }
    Ok(rows)
}

fn parse_row(row: &RawRow<'_>) -> Result<Sample, Refusal> {
    let value = json::strict(row.text, row.line).map_err(|mut refusal| {
        refusal.path = format!("$[{}]", row.index);
        refusal
    })?;
    sample(&Node::row(&value, row.index)).map_err(|fault| fault.on_line(row.line))
}

fn sample(node: &Node<'_>) -> Result<Sample, Fault> {
    let mut allowed = MEMBERS.to_vec();
    allowed.extend(Signal::ALL.map(Signal::as_str));
    let members = node.members(&allowed)?;
    let mut features = Features::default();
    for signal in Signal::ALL {
        if let Some(node) = members.get(signal.as_str()) {
            features = features.with(signal, within_one(&node)?);
        }
    }
    Ok(Sample {
        user_id: members.need("user_id")?.parsed(str::parse::<UserId>)?,
        settlement_id: members.need("settlement_id")?.parsed(str::parse::<SettlementId>)?,
        run_id: members.need("run_id")?.parsed(str::parse::<RunId>)?,
        shown: shown(&members)?,
        features,
        outcome: outcome(&members)?,
    })
}

fn within_one(node: &Node<'_>) -> Result<f64, Fault> {
    let value = node.number()?;
    if (0.0..=1.0).contains(&value) {
        return Ok(value);
    }
    Err(node.fault("out_of_range", format!("{value} is outside [0, 1]")))
}

fn outcome(members: &Members<'_>) -> Result<Outcome, Fault> {
    let node = members.need("outcome")?;
    let words = Outcome::ALL.iter().map(|outcome| outcome.as_str()).collect::<Vec<_>>().join(", ");
    let outcome = Outcome::parse(node.text()?)
        .ok_or_else(|| node.fault("unknown_outcome", format!("expected one of {words}")))?;
    let label = members.map("label", |node| Ok((node.integer()?, node.fault("label", ""))))?;
    let is_said = label.as_ref().map(|(label, _)| *label);
    if is_said == outcome.label().map(i64::from) {
        return Ok(outcome);
    }
    let wanted = outcome.label().map_or("null", |label| if label { "1" } else { "0" });
    let message = format!("the label of the outcome {outcome} is {wanted}");
    let path = label.map_or_else(|| node.path(), |(_, fault)| fault.path);
    Err(Fault { path, code: "label_of_other_outcome", message })
}

fn shown(members: &Members<'_>) -> Result<Option<Shown>, Fault> {
    let names = ["at", "variant", "position"];
    if names.iter().all(|name| members.get(name).is_none()) {
        if let Some(node) = members.get("propensity") {
            return Err(node.fault("missing_field", "a propensity is that of a variant: name it"));
        }
        return Ok(None);
    }
    let variant = members.need("variant")?;
    let propensity = members.map("propensity", |node| {
        let value = within_one(&node)?;
        if value > 0.0 { Ok(value) } else { Err(node.fault("out_of_range", "0 is never shown")) }
    })?;
    Ok(Some(Shown {
        at: members.need("at")?.parsed(Instant::parse)?,
        variant: Variant::parse(variant.text()?)
            .ok_or_else(|| variant.fault("unknown_variant", "this is no variant"))?,
        position: members.need("position")?.count(1)?,
        propensity,
    }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    const GOOD: &str = r#"{"user_id": "00000000-0000-4000-8000-000000000001", "settlement_id": "00000000-0000-4000-9000-000000000002",
        "run_id": "00000000-0000-4000-a000-000000000003", "rules_confidence": 0.9, "label": 1, "outcome": "paid_out",
        "at": "2026-02-01T00:00:00Z", "variant": "rules_only", "position": 2, "propensity": 0.25}"#;

    fn parsed(row: &str) -> Result<Sample, (&'static str, String)> {
        let mut rows = parse_samples(format!("[{row}]").as_bytes()).unwrap();
        match rows.refused.pop() {
            Some(refusal) => Err((refusal.code, refusal.path)),
            None => Ok(rows.taken.remove(0)),
        }
    }

    #[test]
    fn a_row_that_is_wrong_is_refused_with_its_place() {
        assert!(parsed(GOOD).is_ok());
        #[rustfmt::skip]
        let table = [
            (GOOD.replace("\"label\": 1", "\"label\": 0"),           "label_of_other_outcome", "$[0].label"),
            (GOOD.replace("\"label\": 1", "\"label\": null"),        "label_of_other_outcome", "$[0].outcome"),
            (GOOD.replace("\"label\": 1", "\"label\": 2"),           "label_of_other_outcome", "$[0].label"),
            (GOOD.replace("\"label\": 1", "\"label\": true"),        "wrong_type",             "$[0].label"),
            (GOOD.replace("\"paid_out\"", "\"pending\""),            "label_of_other_outcome", "$[0].label"),
            (GOOD.replace("\"paid_out\"", "\"paid\""),               "unknown_outcome",        "$[0].outcome"),
            (GOOD.replace("0.9", "1.5"),                             "out_of_range",           "$[0].rules_confidence"),
            (GOOD.replace("0.9", "\"0.9\""),                         "wrong_type",             "$[0].rules_confidence"),
            (GOOD.replace("rules_confidence", "rule_confidence"),    "unknown_field",          "$[0]"),
            (GOOD.replace("\"rules_only\"", "\"rules\""),            "unknown_variant",        "$[0].variant"),
            (GOOD.replace("\"position\": 2", "\"position\": 0"),     "out_of_range",           "$[0].position"),
            (GOOD.replace("\"position\": 2,", ""),                   "missing_field",          "$[0]"),
            (GOOD.replace("0.25", "0"),                              "out_of_range",           "$[0].propensity"),
            (GOOD.replace("000000000003\"", "00000000000\""),        "invalid_id",             "$[0].run_id"),
        ];
        for (row, code, path) in table {
            assert_eq!(parsed(&row), Err((code, path.to_owned())), "{row}");
        }
        let twice = parse_samples(format!("[{GOOD},\n{GOOD}]").as_bytes()).unwrap();
        assert_eq!((twice.taken.len(), twice.refused[0].code), (1, "duplicate_sample"));
        assert_eq!(parse_samples(b"{}").unwrap_err().code, "wrong_type");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            ids in any::<[u128; 3]>(),
            values in prop::array::uniform8(prop::option::of(0.0..=1.0_f64)),
            outcome in prop::sample::select(Outcome::ALL.to_vec()),
            shown in prop::option::of((0_i64..4_102_444_800_000_000, 0_usize..3, 1_u32..99, prop::option::of(0.001..=1.0_f64))),
        ) {
            let mut features = Features::default();
            for (signal, value) in Signal::ALL.into_iter().zip(values) {
                if let Some(value) = value {
                    features = features.with(signal, value);
                }
            }
            let [user, settlement, run] = ids.map(Uuid::from_u128);
            let sample = Sample {
                user_id: UserId::from_uuid(user),
                settlement_id: SettlementId::from_uuid(settlement),
                run_id: RunId::from_uuid(run),
                shown: shown.map(|(micros, variant, position, propensity)| Shown {
                    at: Instant::from_micros(micros).unwrap(),
                    variant: Variant::ALL[variant],
                    position,
                    propensity,
                }),
                features,
                outcome,
            };
            let text = Value::Array(vec![Value::Object(sample_row(&sample))]).to_string();
            prop_assert_eq!(parse_samples(text.as_bytes()).unwrap().all(), Ok(vec![sample]));
        }
    }
}
