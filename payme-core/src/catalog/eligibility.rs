//! Eligibility: a checked rule as it was written, and the one in force.
//!
//! In: a [`Predicate`]. Out: the same rule with its optimised form, with its simple form where it
//! has one, and with the features it seeks.
//! Every way to write a rule in the simple form is the same eligibility.
//! Rules: `docs/rules/predicates.md`.

use std::collections::{BTreeSet, HashSet};

use serde_json::{Value, json};

use super::predicate::{FeatureAtom, Predicate};
use super::predicate_json::{Budget, states_from_json};
use crate::types::json::{Fault, Node};
use crate::types::{FeatureKey, FeatureKind, StateRule, StateSet};

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
    written: Predicate,
    /// The optimised rule, where it is neither the written one nor in the simple form.
    optimised: Option<Box<Predicate>>,
    simple: Option<SimpleRule>,
}

impl Eligibility {
    /// Wraps a predicate. One that has a simple form is held as if it was written so, and equals
    /// every other way to write it.
    pub fn new(predicate: Predicate) -> Self {
        let optimised = predicate.optimised();
        match SimpleRule::of(&optimised) {
            Some(rule) => {
                let SimpleRule { required, states } = rule.clone();
                let atoms = required.into_iter().map(FeatureAtom::present).map(Predicate::Feature);
                let parts = atoms.chain([Predicate::States(states)]).collect();
                Self { written: Predicate::All(parts), optimised: None, simple: Some(rule) }
            }
            None if optimised == predicate => {
                Self { written: predicate, optimised: None, simple: None }
            }
            None => Self { written: predicate, optimised: Some(Box::new(optimised)), simple: None },
        }
    }

    /// The eligibility that asks for these features and one of these states; an empty set of
    /// states means every state.
    pub fn simple_form(required: impl IntoIterator<Item = FeatureKey>, states: StateSet) -> Self {
        let atoms = required.into_iter().map(|key| Predicate::Feature(FeatureAtom::present(key)));
        let parts = atoms.chain([Predicate::States(StateRule::from_list(states))]).collect();
        Self::new(Predicate::All(parts))
    }

    /// The rule as it was written; one in the simple form as the `all` of its features and, last,
    /// its states.
    pub const fn predicate(&self) -> &Predicate {
        &self.written
    }

    /// The rule in force: the optimised one. A rule in the simple form is the `all` of its
    /// features and, last, its states.
    ///
    /// It has the same truth for every person as the rule that was written.
    /// ```
    /// use payme_core::catalog::{Eligibility, FeatureAtom, Predicate};
    /// let uber = || Predicate::Feature(FeatureAtom {
    ///     min_count: Some(2),
    ///     ..FeatureAtom::present("merchant:uber".parse().unwrap())
    /// });
    /// let written = Predicate::Any(vec![uber(), Predicate::All(vec![uber()])]);
    /// assert_eq!(*Eligibility::new(written).in_force(), uber());
    /// ```
    pub fn in_force(&self) -> &Predicate {
        self.optimised.as_deref().unwrap_or(&self.written)
    }

    /// The rule in its simple form, if it asks for nothing but bare features and states.
    pub const fn simple(&self) -> Option<&SimpleRule> {
        self.simple.as_ref()
    }

    /// The features that the rule in force seeks: those of its feature and purchases atoms that
    /// do not stand under `none`, in the order they are written, each once.
    /// ```
    /// use payme_core::catalog::parse_settlement;
    /// let settlement = parse_settlement(r#"{"title": "Example", "eligibility": {"all": [
    ///     {"feature": "merchant:uber"},
    ///     {"none": [{"feature": "merchant:lyft"}]},
    ///     {"purchases": {"feature": "merchant:delta", "count": {"min": 2}}}]}}"#)?;
    /// let sought = settlement.eligibility.sought();
    /// let sought: Vec<_> = sought.iter().map(|key| key.as_str()).collect();
    /// assert_eq!(sought, ["merchant:uber", "merchant:delta"]);
    /// # Ok::<(), payme_core::types::json::Refusal>(())
    /// ```
    pub fn sought(&self) -> Vec<&FeatureKey> {
        let mut found = Found { keys: Vec::new(), seen: HashSet::new() };
        found.seek(self.in_force());
        found.keys
    }

    /// Every feature the written rule names, each once, sorted.
    pub fn feature_keys(&self) -> BTreeSet<&FeatureKey> {
        let mut keys = BTreeSet::new();
        self.written.visit(&mut |part| keys.extend(part.key()));
        keys
    }

    /// Every merchant that the rule in force seeks, sorted.
    pub fn merchants_sought(&self) -> BTreeSet<&FeatureKey> {
        let keys = self.sought().into_iter();
        keys.filter(|key| key.kind() == FeatureKind::Merchant).collect()
    }

    /// Reads the JSON form.
    ///
    /// # Errors
    /// A [`Fault`] with the JSON path: unknown atoms and members, an empty `any`, reversed or
    /// open ranges, unknown states, values outside their range, a rule that is too deep or too
    /// large, and one that nobody can meet.
    pub fn from_json(node: &Node<'_>) -> Result<Self, Fault> {
        let is_simple = node.value().get("required_features").is_some();
        if !is_simple {
            let rule = Self::new(Predicate::from_json(node)?);
            if rule.in_force().is_never() {
                let message = "no person can meet this rule: a \"none\" excludes everybody";
                return Err(node.fault("never_met", message));
            }
            return Ok(rule);
        }
        let members = node.members(&["required_features", "states"])?;
        let mut budget = Budget::new();
        let mut required = Vec::new();
        for item in members.need("required_features")?.items()? {
            budget.take(&item)?;
            required.push(item.parsed(str::parse)?);
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
            Some(SimpleRule { required, states: StateRule::In(set) }) => {
                json!({"required_features": required, "states": set})
            }
            None => self.written.to_json(),
        }
    }
}

impl SimpleRule {
    /// The simple form of an optimised rule, if it asks for nothing but bare features and states.
    fn of(optimised: &Predicate) -> Option<Self> {
        let parts = match optimised {
            Predicate::All(parts) => parts.as_slice(),
            part => std::slice::from_ref(part),
        };
        let mut rule = Self { required: Vec::with_capacity(parts.len()), states: StateRule::Any };
        for part in parts {
            match part {
                Predicate::Feature(atom) if atom.is_bare() => rule.required.push(atom.key.clone()),
                // A second list is one that excludes the first: no single list says that.
                Predicate::States(states) if rule.states == StateRule::Any => rule.states = *states,
                _ => return None,
            }
        }
        Some(rule)
    }
}

/// Keys in the order they were found, each once.
struct Found<'a> {
    keys: Vec<&'a FeatureKey>,
    seen: HashSet<&'a FeatureKey>,
}

impl<'a> Found<'a> {
    fn seek(&mut self, predicate: &'a Predicate) {
        match predicate {
            Predicate::All(parts) | Predicate::Any(parts) => {
                parts.iter().for_each(|part| self.seek(part));
            }
            Predicate::None(_) => {}
            atom => {
                if let Some(key) = atom.key()
                    && self.seen.insert(key)
                {
                    self.keys.push(key);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::json::strict;

    fn read(text: &str) -> Result<Eligibility, Fault> {
        Eligibility::from_json(&Node::root(&strict(text, 1).unwrap()))
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
        assert!(simple(r#"{"any": [{"feature": "merchant:a"}, {"states": ["CA"]}]}"#).is_none());
        assert!(simple(r#"{"none": [{"feature": "merchant:a"}]}"#).is_none());
        assert!(simple(r#"{"all": [{"states": ["CA"]}, {"age": {"min": 18}}]}"#).is_none());
    }

    #[test]
    fn every_way_to_write_a_simple_rule_is_the_same_rule() {
        let simple = read(r#"{"required_features": ["merchant:a"], "states": ["CA"]}"#).unwrap();
        for same in [
            r#"{"required_features": ["merchant:a", "merchant:a"], "states": ["CA", "CA"]}"#,
            r#"{"all": [{"states": ["CA"]}, {"feature": "merchant:a"}]}"#,
            r#"{"all": [{"all": [{"feature": "merchant:a"}]}, {"states": ["CA"]}, {"states": []}]}"#,
            r#"{"all": [{"any": [{"feature": "merchant:a"}]}, {"any": [{"states": ["CA"]}]}]}"#,
            r#"{"none": [{"none": [{"all": [{"states": ["CA"]}, {"feature": "merchant:a"}]}]}]}"#,
        ] {
            assert_eq!(read(same).unwrap(), simple, "{same}");
        }
    }

    #[test]
    fn what_asks_for_nothing_has_the_simple_form_of_nothing() {
        let nothing = read(r#"{"required_features": [], "states": []}"#).unwrap();
        for same in [
            r#"{"all": []}"#,
            r#"{"none": []}"#,
            r#"{"states": []}"#,
            r#"{"any": [{"states": []}, {"feature": "merchant:a"}]}"#,
            r#"{"purchases": {"feature": "merchant:a", "count": {"min": 0}}}"#,
        ] {
            let same = read(same).unwrap();
            assert_eq!(same, nothing);
            assert_eq!(same.sought(), Vec::<&FeatureKey>::new());
        }
    }

    #[test]
    fn states_that_exclude_each_other_have_no_simple_form_and_stay_so() {
        let text =
            r#"{"all": [{"states": ["CA"]}, {"feature": "merchant:a"}, {"states": ["NY"]}]}"#;
        let eligibility = read(text).unwrap();
        assert_eq!(eligibility.simple(), None);
        assert_eq!(eligibility.in_force(), eligibility.predicate());
        assert_eq!(eligibility.to_json(), serde_json::from_str::<Value>(text).unwrap());
        assert_eq!(read(&eligibility.to_json().to_string()).unwrap(), eligibility);
    }

    #[test]
    fn the_written_rule_is_kept_beside_the_one_in_force() {
        let text = r#"{"all": [{"all": [{"feature": "merchant:a", "min_count": 2}]},
            {"states": []}, {"age": {"min": 18}}]}"#;
        let eligibility = read(text).unwrap();
        assert_eq!(eligibility.to_json(), serde_json::from_str::<Value>(text).unwrap());
        let in_force = r#"{"all":[{"feature":"merchant:a","min_count":2},{"age":{"min":18}}]}"#;
        assert_eq!(eligibility.in_force().to_json().to_string(), in_force);
        assert_eq!(*read(in_force).unwrap().predicate(), *eligibility.in_force());
    }

    #[test]
    fn what_is_sought_stands_under_no_none_and_once() {
        let eligibility = read(
            r#"{"all": [
                {"any": [{"feature": "merchant:d"}, {"feature": "category:c", "min_count": 2}]},
                {"none": [{"feature": "merchant:x"}, {"none": [{"feature": "merchant:y"}]}]},
                {"purchases": {"feature": "merchant:b", "count": {"min": 1}}},
                {"none": [{"none": [{"feature": "merchant:a"}, {"feature": "merchant:d"}]}]}]}"#,
        )
        .unwrap();
        let names = |keys: &mut dyn Iterator<Item = &FeatureKey>| {
            keys.map(|key| key.as_str().to_owned()).collect::<Vec<_>>()
        };
        // The last part of the rule in force is an `any`.
        let expected = ["merchant:d", "category:c", "merchant:b", "merchant:a"];
        assert_eq!(names(&mut eligibility.sought().into_iter()), expected);
        let expected = ["merchant:a", "merchant:b", "merchant:d"];
        assert_eq!(names(&mut eligibility.merchants_sought().into_iter()), expected);
        let expected =
            ["category:c", "merchant:a", "merchant:b", "merchant:d", "merchant:x", "merchant:y"];
        assert_eq!(names(&mut eligibility.feature_keys().into_iter()), expected);
    }
}
