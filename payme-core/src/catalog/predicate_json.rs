//! The JSON form of the predicate language, both ways.
//!
//! ```text
//! predicate = {"all": [predicate...]} | {"any": [predicate, ...]} | {"none": [predicate...]}
//!           | {"feature": key, "min_confidence"?, "min_count"?, "in_class_period"?}
//!           | {"states": [code...]}
//!           | {"age": {"min"?, "max"?, "on"?}}
//!           | {"purchases": {"feature": key, "from"?, "to"?,
//!                            "count"?: {"min"?, "max"?}, "amount_cents"?: {"min"?, "max"?}}}
//!           | {"ask": question}
//! ```
//! In: a JSON value. Out: a [`Predicate`], or a [`Fault`] with the JSON path. What is read is
//! bounded in depth and size, so that everything that walks it is, too; what was read is written
//! back the same.

use serde_json::{Map, Value, json};

use super::predicate::{AgeAtom, FeatureAtom, Predicate, PurchasesAtom, Range};
use crate::types::json::{Fault, Members, Node};
use crate::types::{
    Confidence, Date, State, StateRule, StateSet, TimeError, ensure_modern, parse_date,
};

/// The most levels a rule may have: an atom alone is one level. JSON text deeper than twice this
/// is not read at all.
pub const PREDICATE_LEVELS_MAX: usize = 32;

/// The most atoms and connectives a rule may have.
pub const PREDICATE_PARTS_MAX: usize = 10_000;

/// The most characters a question may have.
pub const QUESTION_CHARS_MAX: usize = 300;

/// What may still be read of one rule.
pub(super) struct Budget {
    parts: usize,
}

impl Budget {
    /// The budget of a rule of which nothing is read yet.
    pub(super) const fn new() -> Self {
        Self { parts: PREDICATE_PARTS_MAX }
    }

    /// Takes one atom or connective from the budget.
    pub(super) fn take(&mut self, node: &Node<'_>) -> Result<(), Fault> {
        self.parts = self.parts.checked_sub(1).ok_or_else(|| {
            let message = format!("a rule has at most {PREDICATE_PARTS_MAX} atoms and connectives");
            node.fault("too_large", message)
        })?;
        Ok(())
    }
}

impl Predicate {
    /// Reads the JSON form of the full language.
    ///
    /// # Errors
    /// See [`Eligibility::from_json`](super::Eligibility::from_json).
    pub fn from_json(node: &Node<'_>) -> Result<Self, Fault> {
        Self::part_from_json(node, 1, &mut Budget::new())
    }

    fn part_from_json(node: &Node<'_>, level: usize, budget: &mut Budget) -> Result<Self, Fault> {
        const ATOMS: [&str; 8] =
            ["all", "any", "none", "feature", "states", "age", "purchases", "ask"];
        let object = node.value().as_object();
        let found: Vec<&str> = ATOMS
            .into_iter()
            .filter(|atom| object.is_some_and(|o| o.contains_key(*atom)))
            .collect();
        let &[atom] = found.as_slice() else {
            let message = format!("expected an object with exactly one of {}", ATOMS.join(", "));
            return Err(node.fault("unknown_atom", message));
        };
        if level > PREDICATE_LEVELS_MAX {
            let message = format!("a rule has at most {PREDICATE_LEVELS_MAX} levels");
            return Err(node.fault("too_deep", message));
        }
        budget.take(node)?;
        let mut parts = || parts_from_json(node, atom, level + 1, budget);
        match atom {
            "all" => Ok(Self::All(parts()?)),
            "none" => Ok(Self::None(parts()?)),
            "any" => {
                let parts = parts()?;
                if parts.is_empty() {
                    let message = "an empty \"any\" admits nobody: name at least one part";
                    return Err(node.fault("empty_any", message));
                }
                Ok(Self::Any(parts))
            }
            "feature" => Ok(Self::Feature(feature_from_json(node)?)),
            "states" => {
                let members = node.members(&["states"])?;
                let states = states_from_json(&members.need("states")?)?;
                Ok(Self::States(StateRule::from_list(states)))
            }
            "age" => Ok(Self::Age(age_from_json(node)?)),
            "ask" => Ok(Self::Ask(question_from_json(node)?)),
            _ => Ok(Self::Purchases(purchases_from_json(node)?)),
        }
    }

    /// The JSON form of the full language.
    pub fn to_json(&self) -> Value {
        let list = |parts: &[Self]| parts.iter().map(Self::to_json).collect::<Vec<_>>();
        match self {
            Self::All(parts) => json!({"all": list(parts)}),
            Self::Any(parts) => json!({"any": list(parts)}),
            Self::None(parts) => json!({"none": list(parts)}),
            Self::Feature(atom) => {
                let mut out = Map::new();
                out.insert("feature".to_owned(), json!(atom.key));
                put(&mut out, "min_confidence", atom.min_confidence.map(Confidence::get));
                put(&mut out, "min_count", atom.min_count);
                put(&mut out, "in_class_period", atom.in_class_period.then_some(true));
                Value::Object(out)
            }
            // No list of states says this: an empty one means every state.
            Self::States(StateRule::In(set)) if set.is_empty() => json!({"any": []}),
            Self::States(StateRule::Any) => json!({"states": []}),
            Self::States(StateRule::In(set)) => json!({"states": set}),
            Self::Age(atom) => {
                let mut out = range_to_json(&atom.years);
                put(&mut out, "on", atom.on.map(|day| day.to_string()));
                json!({"age": out})
            }
            Self::Purchases(atom) => {
                let mut out = Map::new();
                out.insert("feature".to_owned(), json!(atom.key));
                put(&mut out, "from", atom.days.min.map(|day| day.to_string()));
                put(&mut out, "to", atom.days.max.map(|day| day.to_string()));
                if !atom.count.is_open() {
                    out.insert("count".to_owned(), range_to_json(&atom.count).into());
                }
                if !atom.amount_cents.is_open() {
                    out.insert("amount_cents".to_owned(), range_to_json(&atom.amount_cents).into());
                }
                json!({"purchases": out})
            }
            Self::Ask(question) => json!({"ask": question}),
        }
    }
}

fn put(out: &mut Map<String, Value>, name: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        out.insert(name.to_owned(), value.into());
    }
}

fn range_to_json<T: Copy + Into<Value>>(range: &Range<T>) -> Map<String, Value> {
    let mut out = Map::new();
    put(&mut out, "min", range.min);
    put(&mut out, "max", range.max);
    out
}

fn parts_from_json(
    node: &Node<'_>,
    atom: &'static str,
    level: usize,
    budget: &mut Budget,
) -> Result<Vec<Predicate>, Fault> {
    let members = node.members(&[atom])?;
    let parts = members.need(atom)?;
    parts.items()?.map(|part| Predicate::part_from_json(&part, level, budget)).collect()
}

pub(super) fn states_from_json(node: &Node<'_>) -> Result<StateSet, Fault> {
    node.items()?.map(|item| item.parsed(str::parse::<State>)).collect()
}

fn feature_from_json(node: &Node<'_>) -> Result<FeatureAtom, Fault> {
    let members = node.members(&["feature", "min_confidence", "min_count", "in_class_period"])?;
    Ok(FeatureAtom {
        key: members.need("feature")?.parsed(str::parse)?,
        min_confidence: members
            .map("min_confidence", |node| node.checked(Confidence::new(node.number()?)))?,
        min_count: members.map("min_count", |node| node.count(1))?,
        in_class_period: members.map("in_class_period", |node| node.boolean())?.unwrap_or(false),
    })
}

fn age_from_json(node: &Node<'_>) -> Result<AgeAtom, Fault> {
    let outer = node.members(&["age"])?;
    let node = outer.need("age")?;
    let members = node.members(&["min", "max", "on"])?;
    let years = range(&node, &members, ["min", "max"], |node| node.count(0))?;
    if years.is_open() {
        return Err(node.fault("open_range", "an age needs \"min\" or \"max\""));
    }
    Ok(AgeAtom { years, on: members.map("on", |node| node.parsed(modern_date))? })
}

fn purchases_from_json(node: &Node<'_>) -> Result<PurchasesAtom, Fault> {
    let outer = node.members(&["purchases"])?;
    let node = outer.need("purchases")?;
    let members = node.members(&["feature", "from", "to", "count", "amount_cents"])?;
    let count = bound_from_json(&members, "count", |node| node.count(0))?;
    let amount_cents = bound_from_json(&members, "amount_cents", |node| node.integer())?;
    if count.is_open() && amount_cents.is_open() {
        let message =
            "purchases need a bound: \"count\" or \"amount_cents\" with \"min\" or \"max\"";
        return Err(node.fault("open_range", message));
    }
    Ok(PurchasesAtom {
        key: members.need("feature")?.parsed(str::parse)?,
        days: range(&node, &members, ["from", "to"], |node| node.parsed(modern_date))?,
        count,
        amount_cents,
    })
}

fn question_from_json(node: &Node<'_>) -> Result<String, Fault> {
    let outer = node.members(&["ask"])?;
    let node = outer.need("ask")?;
    let question = node.filled_text()?;
    if question.chars().count() > QUESTION_CHARS_MAX {
        let message = format!("a question has at most {QUESTION_CHARS_MAX} characters");
        return Err(node.fault("too_large", message));
    }
    Ok(question)
}

/// Reads a member with a "min" or a "max" or both; one that is absent is open.
fn bound_from_json<'a, T: PartialOrd>(
    members: &Members<'a>,
    name: &'a str,
    read: impl FnMut(Node<'_>) -> Result<T, Fault>,
) -> Result<Range<T>, Fault> {
    let Some(node) = members.get(name) else { return Ok(Range::default()) };
    let members = node.members(&["min", "max"])?;
    let range = range(&node, &members, ["min", "max"], read)?;
    if range.is_open() {
        return Err(node.fault("open_range", format!("\"{name}\" needs \"min\" or \"max\"")));
    }
    Ok(range)
}

/// Reads a range from two members of an object.
pub(super) fn range<'a, T: PartialOrd>(
    node: &Node<'_>,
    members: &Members<'a>,
    [min, max]: [&'a str; 2],
    mut read: impl FnMut(Node<'a>) -> Result<T, Fault>,
) -> Result<Range<T>, Fault> {
    let range = Range { min: members.map(min, &mut read)?, max: members.map(max, &mut read)? };
    if range.is_reversed() {
        return Err(node.fault("reversed_range", format!("\"{min}\" is above \"{max}\"")));
    }
    Ok(range)
}

pub(super) fn modern_date(text: &str) -> Result<Date, TimeError> {
    ensure_modern(parse_date(text)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Eligibility;
    use crate::types::json::strict;

    fn read(text: &str) -> Result<Eligibility, Fault> {
        Eligibility::from_json(&Node::root(&strict(text, 1).unwrap()))
    }

    #[test]
    fn every_form_reads_and_writes_back() {
        #[rustfmt::skip]
        let forms = [
            r#"{"required_features":["merchant:uber","category:travel"],"states":["CA","PR"]}"#,
            r#"{"required_features":[],"states":[]}"#,
            r#"{"any":[{"feature":"merchant:uber"},{"states":["NY"]}]}"#,
            r#"{"all":[{"none":[{"age":{"max":17,"on":"2024-01-01"}}]},{"states":["CA"]}]}"#,
            r#"{"feature":"merchant:uber","in_class_period":true,"min_confidence":0.8,"min_count":2}"#,
            r#"{"purchases":{"amount_cents":{"min":500},"count":{"max":9,"min":2},
                "feature":"merchant:uber","from":"2020-01-01","to":"2021-12-31"}}"#,
        ];
        for form in forms {
            let eligibility = read(form).unwrap();
            let written = eligibility.to_json();
            assert_eq!(written, serde_json::from_str::<Value>(form).unwrap(), "{form}");
            assert_eq!(read(&written.to_string()).unwrap(), eligibility, "{form}");
        }
    }

    #[test]
    fn faults_have_a_code_and_a_path() {
        #[rustfmt::skip]
        let table = [
            ("[]",                                                          "unknown_atom",   "$"),
            ("{}",                                                          "unknown_atom",   "$"),
            (r#"{"every": []}"#,                                            "unknown_atom",   "$"),
            (r#"{"all": [], "any": []}"#,                                   "unknown_atom",   "$"),
            (r#"{"all": [{"any": []}]}"#,                                   "empty_any",      "$.all[0]"),
            (r#"{"all": {}}"#,                                              "wrong_type",     "$.all"),
            (r#"{"none": [{"states": ["CA", "XX"]}]}"#,                     "unknown_state",  "$.none[0].states[1]"),
            (r#"{"required_features": ["uber"], "states": []}"#,            "feature_key_kind", "$.required_features[0]"),
            (r#"{"required_features": [], "state": []}"#,                   "unknown_field",  "$"),
            (r#"{"required_features": []}"#,                                "missing_field",  "$"),
            (r#"{"required_features": [], "states": null}"#,                "missing_field",  "$"),
            (r#"{"feature": "merchant:uber", "min_confidence": 1.5}"#,      "invalid_confidence", "$.min_confidence"),
            (r#"{"feature": "merchant:uber", "min_count": 0}"#,             "out_of_range",   "$.min_count"),
            (r#"{"feature": "merchant:uber", "minimum": 1}"#,               "unknown_field",  "$"),
            (r#"{"age": {"min": 30, "max": 20}}"#,                          "reversed_range", "$.age"),
            (r#"{"age": {}}"#,                                              "open_range",     "$.age"),
            (r#"{"age": {"min": -1}}"#,                                     "out_of_range",   "$.age.min"),
            (r#"{"purchases": {"feature": "merchant:uber"}}"#,              "open_range",     "$.purchases"),
            (r#"{"purchases": {"feature": "merchant:uber", "from": "2021-01-01", "to": "2020-01-01", "count": {"min": 1}}}"#,
                                                                            "reversed_range", "$.purchases"),
            (r#"{"purchases": {"feature": "merchant:uber", "count": {"min": 3, "max": 1}}}"#,
                                                                            "reversed_range", "$.purchases.count"),
            (r#"{"purchases": {"count": {"min": 3}}}"#,                     "missing_field",  "$.purchases"),
            (r#"{"purchases": {"feature": "merchant:uber", "count": {}, "amount_cents": {"min": 1}}}"#,
                                                                            "open_range",     "$.purchases.count"),
            (r#"{"purchases": {"feature": "merchant:uber", "count": {"min": 1}, "to": "1899-12-31"}}"#,
                                                                            "date_before_1900", "$.purchases.to"),
            (r#"{"age": {"min": 18, "on": "2021-02-29"}}"#,                 "invalid_date",   "$.age.on"),
            (r#"{"all": [{"feature": "merchant:uber"}, {"states": "CA"}]}"#, "wrong_type",    "$.all[1].states"),
            (r#"{"any": null}"#,                                            "missing_field",  "$"),
            (r#"{"none": [{"all": []}]}"#,                                  "never_met",      "$"),
            (r#"{"all": [{"feature": "merchant:uber"}, {"none": [{"states": []}, {"states": ["CA"]}]}]}"#,
                                                                            "never_met",      "$"),
        ];
        for (text, code, path) in table {
            let fault = read(text).unwrap_err();
            assert_eq!((fault.code, fault.path.as_str()), (code, path), "{text}");
        }
    }

    /// An atom under so many levels of `all`, each with a second part.
    fn nested(levels: usize) -> String {
        let open = r#"{"all":[{"age":{"min":18}},"#.repeat(levels - 1);
        format!("{open}{}{}", r#"{"states":["CA"]}"#, "]}".repeat(levels - 1))
    }

    #[test]
    fn a_rule_has_at_most_so_many_levels() {
        assert!(read(&nested(PREDICATE_LEVELS_MAX)).is_ok());
        // Twice as deep is still JSON that can be read, and refused for what it is.
        for levels in [PREDICATE_LEVELS_MAX + 1, 2 * PREDICATE_LEVELS_MAX - 2] {
            let fault = read(&nested(levels)).unwrap_err();
            assert_eq!(fault.code, "too_deep");
            // The first of the two parts is read first.
            let way = ".all[1]".repeat(PREDICATE_LEVELS_MAX - 1);
            assert_eq!(fault.path, format!("${way}.all[0]"), "{levels}");
        }
        assert_eq!(strict(&nested(1_000_000), 1).unwrap_err().code, "too_deep");
    }

    #[test]
    fn a_rule_has_at_most_so_many_parts() {
        let any = |parts: usize| {
            let parts: Vec<_> =
                (1..=parts).map(|n| format!(r#"{{"age":{{"min":{n}}}}}"#)).collect();
            format!(r#"{{"any":[{}]}}"#, parts.join(","))
        };
        assert!(read(&any(PREDICATE_PARTS_MAX - 1)).is_ok(), "the `any` is a part, too");
        let fault = read(&any(PREDICATE_PARTS_MAX)).unwrap_err();
        assert_eq!((fault.code, fault.path.as_str()), ("too_large", "$.any[9999]"));
        let simple = |features: usize| {
            let keys: Vec<_> = (0..features).map(|n| format!(r#""merchant:m{n}""#)).collect();
            format!(r#"{{"required_features":[{}],"states":[]}}"#, keys.join(","))
        };
        assert!(read(&simple(PREDICATE_PARTS_MAX)).is_ok());
        let fault = read(&simple(PREDICATE_PARTS_MAX + 1)).unwrap_err();
        assert_eq!((fault.code, fault.path.as_str()), ("too_large", "$.required_features[10000]"));
    }

    #[test]
    fn what_no_list_of_states_can_say_is_not_written_as_one() {
        let nobody = Predicate::States(StateRule::In(StateSet::EMPTY));
        let fault = read(&nobody.to_json().to_string()).unwrap_err();
        assert_eq!(fault.code, "empty_any", "it must not come back as every state");
    }
}
