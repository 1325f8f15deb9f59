//! The predicate language: who is eligible, as a rule with a JSON form.
//!
//! ```text
//! eligibility = simple | predicate
//! simple      = {"required_features": [key...], "states": [code...]}
//! predicate   = {"all": [predicate...]} | {"any": [predicate, ...]} | {"none": [predicate...]}
//!             | {"feature": key, "min_confidence"?, "min_count"?, "in_class_period"?}
//!             | {"states": [code...]}
//!             | {"age": {"min"?, "max"?, "on"?}}
//!             | {"purchases": {"feature": key, "from"?, "to"?,
//!                              "count"?: {"min"?, "max"?}, "amount_cents"?: {"min"?, "max"?}}}
//! ```
//! Ranges of dates and of numbers include both ends.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::types::json::{Fault, Members, Node};
use crate::types::{
    Confidence, Date, FeatureKey, FeatureKind, State, StateRule, StateSet, TimeError,
    ensure_modern, parse_date,
};

/// A range of numbers or dates with both ends included; either end may be open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range<T> {
    /// The least that passes.
    pub min: Option<T>,
    /// The most that passes.
    pub max: Option<T>,
}

impl<T> Default for Range<T> {
    fn default() -> Self {
        Self { min: None, max: None }
    }
}

impl<T: PartialOrd> Range<T> {
    /// Whether the value lies in the range.
    pub fn contains(&self, value: &T) -> bool {
        self.min.as_ref().is_none_or(|min| min <= value)
            && self.max.as_ref().is_none_or(|max| value <= max)
    }

    fn is_reversed(&self) -> bool {
        matches!((&self.min, &self.max), (Some(min), Some(max)) if min > max)
    }

    const fn is_open(&self) -> bool {
        self.min.is_none() && self.max.is_none()
    }
}

/// The person has a feature, perhaps with bounds on its strength.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureAtom {
    /// The feature.
    pub key: FeatureKey,
    /// The least confidence that counts.
    pub min_confidence: Option<Confidence>,
    /// The least number of records that counts, from 1.
    pub min_count: Option<u32>,
    /// Whether the records must lie in the settlement's class period.
    pub in_class_period: bool,
}

impl FeatureAtom {
    /// The bare atom: the feature is there.
    pub const fn present(key: FeatureKey) -> Self {
        Self { key, min_confidence: None, min_count: None, in_class_period: false }
    }

    /// Whether presence alone is asked for.
    pub const fn is_bare(&self) -> bool {
        self.min_confidence.is_none() && self.min_count.is_none() && !self.in_class_period
    }
}

/// The person's age in whole years on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AgeAtom {
    /// The years that pass.
    pub years: Range<u32>,
    /// The day the age is taken on; the day of matching when absent.
    pub on: Option<Date>,
}

/// What the person bought from a merchant or in a category within a range of days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PurchasesAtom {
    /// Whose purchases.
    pub key: FeatureKey,
    /// The days that count.
    pub days: Range<Date>,
    /// How many purchases pass.
    pub count: Range<u32>,
    /// Which total in US cents passes.
    pub amount_cents: Range<i64>,
}

/// A rule over one person's features, state and age.
#[derive(Debug, Clone, PartialEq)]
pub enum Predicate {
    /// Every part holds; true when there is none.
    All(Vec<Predicate>),
    /// At least one part holds; there is at least one.
    Any(Vec<Predicate>),
    /// No part holds; true when there is none.
    None(Vec<Predicate>),
    /// The person has a feature.
    Feature(FeatureAtom),
    /// The person lives in one of these states.
    States(StateRule),
    /// The person's age passes.
    Age(AgeAtom),
    /// The person's purchases pass.
    Purchases(PurchasesAtom),
}

/// The simple form: every one of these features, and a state that passes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimpleRule {
    /// The features required, in the order they were written, each once.
    pub required: Vec<FeatureKey>,
    /// The states that pass.
    pub states: StateRule,
}

/// A checked predicate, with its simple form where it has one.
#[derive(Debug, Clone, PartialEq)]
pub struct Eligibility {
    predicate: Predicate,
    simple: Option<SimpleRule>,
}

impl Eligibility {
    /// Wraps a predicate. One that has a simple form is held as if it was written so, and equals
    /// every other way to write it.
    pub fn new(predicate: Predicate) -> Self {
        match predicate.simple() {
            Some(rule) if !matches!(rule.states, StateRule::In(set) if set.is_empty()) => {
                let SimpleRule { required, states } = rule.clone();
                let atoms = required.into_iter().map(FeatureAtom::present).map(Predicate::Feature);
                let parts = atoms.chain([Predicate::States(states)]).collect();
                Self { predicate: Predicate::All(parts), simple: Some(rule) }
            }
            simple => Self { predicate, simple },
        }
    }

    /// The eligibility that asks for these features and one of these states; an empty set of
    /// states means every state.
    pub fn simple_form(required: impl IntoIterator<Item = FeatureKey>, states: StateSet) -> Self {
        let atoms = required.into_iter().map(|key| Predicate::Feature(FeatureAtom::present(key)));
        let parts = atoms.chain([Predicate::States(StateRule::from_list(states))]).collect();
        Self::new(Predicate::All(parts))
    }

    /// The rule.
    pub const fn predicate(&self) -> &Predicate {
        &self.predicate
    }

    /// The rule in its simple form, if it asks for nothing but bare features and states.
    ///
    /// The baseline signals match exactly the settlements that have one.
    pub const fn simple(&self) -> Option<&SimpleRule> {
        self.simple.as_ref()
    }

    /// Every feature the rule names, each once, sorted.
    pub fn feature_keys(&self) -> BTreeSet<&FeatureKey> {
        let mut keys = BTreeSet::new();
        self.predicate.visit(&mut |part| match part {
            Predicate::Feature(atom) => {
                keys.insert(&atom.key);
            }
            Predicate::Purchases(atom) => {
                keys.insert(&atom.key);
            }
            Predicate::All(_)
            | Predicate::Any(_)
            | Predicate::None(_)
            | Predicate::States(_)
            | Predicate::Age(_) => {}
        });
        keys
    }

    /// Every merchant that speaks for the person, which is every one not named under `none`.
    pub fn merchants_sought(&self) -> BTreeSet<&FeatureKey> {
        let mut keys = BTreeSet::new();
        self.predicate.seek(&mut keys);
        keys.retain(|key| key.kind() == FeatureKind::Merchant);
        keys
    }

    /// Reads the JSON form.
    ///
    /// # Errors
    /// A [`Fault`] with the JSON path: unknown atoms and members, an empty `any`, reversed
    /// ranges, unknown states, values outside their range.
    pub fn from_json(node: &Node<'_>) -> Result<Self, Fault> {
        let is_simple = node.value().get("required_features").is_some();
        if !is_simple {
            return Ok(Self::new(Predicate::from_json(node)?));
        }
        let members = node.members(&["required_features", "states"])?;
        let mut required = Vec::new();
        for item in members.need("required_features")?.items()? {
            let key: FeatureKey = item.parsed(str::parse)?;
            if !required.contains(&key) {
                required.push(key);
            }
        }
        // The list must be there, even if empty: a forgotten one would let everybody in.
        let states = states_from_json(&members.need("states")?)?;
        Ok(Self::simple_form(required, states))
    }

    /// The JSON form: the simple one where it fits, else the full one.
    pub fn to_json(&self) -> Value {
        match &self.simple {
            Some(SimpleRule { required, states: StateRule::Any }) => {
                json!({"required_features": required, "states": []})
            }
            Some(SimpleRule { required, states: StateRule::In(set) }) if !set.is_empty() => {
                json!({"required_features": required, "states": set})
            }
            _ => self.predicate.to_json(),
        }
    }
}

impl Predicate {
    /// Calls `see` on this predicate and on each part of it.
    pub fn visit<'a>(&'a self, see: &mut impl FnMut(&'a Self)) {
        see(self);
        if let Self::All(parts) | Self::Any(parts) | Self::None(parts) = self {
            for part in parts {
                part.visit(see);
            }
        }
    }

    /// Collects the features that are not named under `none`.
    fn seek<'a>(&'a self, keys: &mut BTreeSet<&'a FeatureKey>) {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.seek(keys)),
            Self::Feature(atom) => {
                keys.insert(&atom.key);
            }
            Self::Purchases(atom) => {
                keys.insert(&atom.key);
            }
            Self::None(_) | Self::States(_) | Self::Age(_) => {}
        }
    }

    /// The simple form of this rule, if it asks for nothing but bare features and states.
    fn simple(&self) -> Option<SimpleRule> {
        let mut rule = SimpleRule { required: Vec::new(), states: StateRule::Any };
        self.collect_simple(&mut rule).then_some(rule)
    }

    fn collect_simple(&self, rule: &mut SimpleRule) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.collect_simple(rule)),
            Self::Feature(atom) if atom.is_bare() => {
                if !rule.required.contains(&atom.key) {
                    rule.required.push(atom.key.clone());
                }
                true
            }
            Self::States(states) => {
                rule.states = rule.states.and(*states);
                true
            }
            Self::Any(_) | Self::None(_) | Self::Feature(_) | Self::Age(_) | Self::Purchases(_) => {
                false
            }
        }
    }

    /// Reads the JSON form of the full language.
    ///
    /// # Errors
    /// See [`Eligibility::from_json`].
    pub fn from_json(node: &Node<'_>) -> Result<Self, Fault> {
        const ATOMS: [&str; 7] = ["all", "any", "none", "feature", "states", "age", "purchases"];
        let object = node.value().as_object();
        let found: Vec<&str> = ATOMS
            .into_iter()
            .filter(|atom| object.is_some_and(|o| o.contains_key(*atom)))
            .collect();
        let &[atom] = found.as_slice() else {
            let message = format!("expected an object with exactly one of {}", ATOMS.join(", "));
            return Err(node.fault("unknown_atom", message));
        };
        match atom {
            "all" => Ok(Self::All(parts_from_json(node, atom)?)),
            "none" => Ok(Self::None(parts_from_json(node, atom)?)),
            "any" => {
                let parts = parts_from_json(node, atom)?;
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

fn parts_from_json(node: &Node<'_>, atom: &'static str) -> Result<Vec<Predicate>, Fault> {
    let members = node.members(&[atom])?;
    let parts = members.need(atom)?;
    parts.items()?.map(|part| Predicate::from_json(&part)).collect()
}

fn states_from_json(node: &Node<'_>) -> Result<StateSet, Fault> {
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
    let nested = |name| members.get(name);
    let count = nested("count").map_or(Ok(Range::default()), |node| {
        let members = node.members(&["min", "max"])?;
        range(&node, &members, ["min", "max"], |node| node.count(0))
    })?;
    let amount_cents = nested("amount_cents").map_or(Ok(Range::default()), |node| {
        let members = node.members(&["min", "max"])?;
        range(&node, &members, ["min", "max"], |node| node.integer())
    })?;
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
        ];
        for (text, code, path) in table {
            let fault = read(text).unwrap_err();
            assert_eq!((fault.code, fault.path.as_str()), (code, path), "{text}");
        }
    }

    #[test]
    fn the_simple_form_is_found_where_there_is_one() {
        let simple = |text: &str| read(text).unwrap().simple().cloned();
        let rule = simple(
            r#"{"all": [{"feature": "merchant:b"}, {"all": [{"feature": "merchant:a"},
                {"feature": "merchant:b"}]}, {"states": ["CA", "NY"]}, {"states": ["NY", "TX"]}]}"#,
        )
        .unwrap();
        assert_eq!(
            rule.required.iter().map(FeatureKey::as_str).collect::<Vec<_>>(),
            ["merchant:b", "merchant:a"]
        );
        let ny = "NY".parse().unwrap();
        assert_eq!(rule.states, StateRule::In(StateSet::from_iter([ny])));
        assert!(simple(r#"{"feature": "merchant:a", "min_count": 2}"#).is_none());
        assert!(simple(r#"{"any": [{"feature": "merchant:a"}]}"#).is_none());
        assert!(simple(r#"{"none": []}"#).is_none());
    }

    #[test]
    fn every_way_to_write_a_simple_rule_is_the_same_rule() {
        let simple = read(r#"{"required_features": ["merchant:a"], "states": ["CA"]}"#).unwrap();
        for same in [
            r#"{"required_features": ["merchant:a", "merchant:a"], "states": ["CA", "CA"]}"#,
            r#"{"all": [{"states": ["CA"]}, {"feature": "merchant:a"}]}"#,
            r#"{"all": [{"all": [{"feature": "merchant:a"}]}, {"states": ["CA"]}, {"states": []}]}"#,
        ] {
            assert_eq!(read(same).unwrap(), simple, "{same}");
        }
    }

    #[test]
    fn states_that_exclude_each_other_admit_nobody_and_stay_so() {
        let eligibility = read(r#"{"all": [{"states": ["CA"]}, {"states": ["NY"]}]}"#).unwrap();
        assert_eq!(eligibility.simple().unwrap().states, StateRule::In(StateSet::EMPTY));
        let again = read(&eligibility.to_json().to_string()).unwrap();
        assert_eq!(again, eligibility);
    }
}
