//! Optimising: from a rule as it was written to the one in force.
//!
//! In: a [`Predicate`]. Out: one that says the same of every person, with nested connectives
//! opened up, equal parts once, states put together, and constants gone.
//! Parts keep their order, except the states of an `all`, which go to its end. Optimising twice
//! changes nothing more.
//! Rules, by the numbers used here: `docs/rules/predicates.md`, "The rule in force".

use std::collections::HashSet;

use super::predicate::Predicate;
use crate::types::{StateRule, StateSet};

/// What is always met.
const ALWAYS: Predicate = Predicate::All(Vec::new());

/// What nobody meets.
const NEVER: Predicate = Predicate::Any(Vec::new());

impl Predicate {
    /// The rule in force: it has the same truth for every person, and nothing that it can do
    /// without.
    /// ```
    /// use payme_core::catalog::{FeatureAtom, Predicate};
    /// use payme_core::types::StateRule;
    /// let uber = Predicate::Feature(FeatureAtom::present("merchant:uber".parse()?));
    /// let every_state = Predicate::States(StateRule::Any);
    /// let written = Predicate::All(vec![every_state, Predicate::All(vec![uber.clone()])]);
    /// assert_eq!(written.optimised(), uber);
    /// # Ok::<(), payme_core::types::FeatureKeyError>(())
    /// ```
    #[must_use]
    pub fn optimised(&self) -> Self {
        let each = |parts: &[Self]| parts.iter().map(Self::optimised).collect();
        match self {
            Self::All(parts) => all(each(parts)),
            Self::Any(parts) => any(each(parts)),
            Self::None(parts) => none(each(parts)),
            Self::States(StateRule::Any) => ALWAYS,
            Self::States(StateRule::In(set)) if set.is_empty() => NEVER,
            Self::Purchases(atom) if atom.admits_everybody() => ALWAYS,
            atom @ (Self::Feature(_)
            | Self::States(_)
            | Self::Age(_)
            | Self::Purchases(_)
            | Self::Ask(_)) => atom.clone(),
        }
    }

    /// Whether this is the `any` without parts, which nobody meets.
    pub(super) const fn is_never(&self) -> bool {
        matches!(self, Self::Any(parts) if parts.is_empty())
    }

    /// Whether this is the `all` without parts, which is always met.
    const fn is_always(&self) -> bool {
        matches!(self, Self::All(parts) if parts.is_empty())
    }
}

/// The `all` of optimised parts.
fn all(parts: Vec<Predicate>) -> Predicate {
    // 1; what is always met is an `all` without parts, so this is where it goes.
    let mut parts: Vec<Predicate> = parts
        .into_iter()
        .flat_map(|part| match part {
            Predicate::All(inner) => inner,
            part => vec![part],
        })
        .collect();
    once_each(&mut parts);
    common_states(&mut parts);
    // 4
    if parts.iter().any(Predicate::is_never) {
        return NEVER;
    }
    single(parts, Predicate::All)
}

/// The `any` of optimised parts.
fn any(parts: Vec<Predicate>) -> Predicate {
    let parts = alternatives(parts);
    if parts.iter().any(Predicate::is_always) {
        return ALWAYS;
    }
    single(parts, Predicate::Any)
}

/// The `none` of optimised parts.
fn none(parts: Vec<Predicate>) -> Predicate {
    let mut parts = alternatives(parts);
    if parts.iter().any(Predicate::is_always) {
        return NEVER;
    }
    match parts.pop() {
        None => ALWAYS,
        // 5
        Some(Predicate::None(inner)) if parts.is_empty() => any(inner),
        Some(last) => {
            parts.push(last);
            Predicate::None(parts)
        }
    }
}

/// The parts of an `any` or a `none`, after the rules 1 to 3.
fn alternatives(parts: Vec<Predicate>) -> Vec<Predicate> {
    // What nobody meets is an `any` without parts, so this is where it goes.
    let mut parts: Vec<Predicate> = parts
        .into_iter()
        .flat_map(|part| match part {
            Predicate::Any(inner) => inner,
            part => vec![part],
        })
        .collect();
    once_each(&mut parts);
    joint_states(&mut parts);
    parts
}

/// Rule 2: of equal parts the first stays.
fn once_each(parts: &mut Vec<Predicate>) {
    let mut seen = HashSet::with_capacity(parts.len());
    let is_first: Vec<bool> = parts.iter().map(|part| seen.insert(part)).collect();
    let mut is_first = is_first.into_iter();
    parts.retain(|_| is_first.next().unwrap_or(true));
}

/// Rule 3 for an `all`: the states that all lists have in common, at the end, if there are any.
fn common_states(parts: &mut Vec<Predicate>) {
    let rules = parts.iter().filter_map(states);
    let Some(common) = rules.reduce(StateSet::intersection).filter(|set| !set.is_empty()) else {
        return;
    };
    parts.retain(|part| states(part).is_none());
    parts.push(Predicate::States(StateRule::In(common)));
}

/// Rule 3 for an `any` or a `none`: the states of all lists, at the place of the first.
fn joint_states(parts: &mut Vec<Predicate>) {
    let joint: StateSet = parts.iter().filter_map(states).flat_map(StateSet::iter).collect();
    let mut is_first = true;
    parts.retain_mut(|part| {
        if states(part).is_none() {
            return true;
        }
        *part = Predicate::States(StateRule::In(joint));
        std::mem::replace(&mut is_first, false)
    });
}

/// The states of a list; after rule 4, no list in a rule is the one of every state.
const fn states(part: &Predicate) -> Option<StateSet> {
    match part {
        Predicate::States(StateRule::In(set)) => Some(*set),
        _ => None,
    }
}

/// Rule 5: a connective with one part is that part.
fn single(mut parts: Vec<Predicate>, connective: fn(Vec<Predicate>) -> Predicate) -> Predicate {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            connective(parts)
        }
        None => connective(parts),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::json::{Node, strict};

    /// Reads a rule in which `[A]`, `[B]` and `[C]` stand for features.
    fn read(text: &str) -> Predicate {
        let mut json = text.to_owned();
        for name in ["A", "B", "C"] {
            let key = name.to_lowercase();
            json = json.replace(
                &format!("[{name}]"),
                &format!(r#"{{"feature": "merchant:{key}", "min_count": 2}}"#),
            );
        }
        let value = strict(&json, 1).unwrap();
        Predicate::from_json(&Node::root(&value)).unwrap()
    }

    #[test]
    fn each_rule_does_what_it_says() {
        #[rustfmt::skip]
        let table = [
            // 1: opened up, in order
            (r#"{"all": [[A], {"all": [[B], {"all": [[C]]}]}]}"#,      r#"{"all": [[A], [B], [C]]}"#),
            (r#"{"any": [{"any": [[B], [C]]}, [A]]}"#,                 r#"{"any": [[B], [C], [A]]}"#),
            (r#"{"none": [[A], {"any": [[B], [C]]}]}"#,                r#"{"none": [[A], [B], [C]]}"#),
            (r#"{"all": [[A], {"any": [[B], [C]]}]}"#,                 r#"{"all": [[A], {"any": [[B], [C]]}]}"#),
            (r#"{"any": [[A], {"none": [[B], [C]]}]}"#,                r#"{"any": [[A], {"none": [[B], [C]]}]}"#),
            (r#"{"none": [[A], {"all": [[B], [C]]}]}"#,                r#"{"none": [[A], {"all": [[B], [C]]}]}"#),
            // 2: each once, the first one stays
            (r#"{"all": [[B], [A], [B], {"all": [[A], [C]]}]}"#,       r#"{"all": [[B], [A], [C]]}"#),
            (r#"{"any": [{"none": [[A], [B]]}, [C], {"none": [[A], [B]]}]}"#, r#"{"any": [{"none": [[A], [B]]}, [C]]}"#),
            (r#"{"any": [{"none": [[A], [B]]}, {"none": [[B], [A]]}]}"#, r#"{"any": [{"none": [[A], [B]]}, {"none": [[B], [A]]}]}"#),
            // 3: states of an `all` go to its end, those of an `any` to the place of the first
            (r#"{"all": [{"states": ["CA"]}, [A]]}"#,                  r#"{"all": [[A], {"states": ["CA"]}]}"#),
            (r#"{"all": [{"states": ["CA", "NY"]}, [A], {"states": ["NY", "TX"]}]}"#, r#"{"all": [[A], {"states": ["NY"]}]}"#),
            (r#"{"all": [{"states": ["CA"]}, [A], {"states": ["NY"]}]}"#, r#"{"all": [{"states": ["CA"]}, [A], {"states": ["NY"]}]}"#),
            (r#"{"any": [[A], {"states": ["CA"]}, [B], {"states": ["NY"]}]}"#, r#"{"any": [[A], {"states": ["CA", "NY"]}, [B]]}"#),
            (r#"{"none": [{"states": ["TX"]}, [A], {"states": ["CA"]}]}"#, r#"{"none": [{"states": ["CA", "TX"]}, [A]]}"#),
            (r#"{"any": [{"states": ["CA"]}, {"states": ["NY"]}]}"#,   r#"{"states": ["CA", "NY"]}"#),
            // 4: constants
            (r#"{"all": [{"states": []}, [A], [B]]}"#,                 r#"{"all": [[A], [B]]}"#),
            (r#"{"any": [[A], {"states": []}]}"#,                      r#"{"all": []}"#),
            (r#"{"any": [[A], [B], {"none": [{"all": []}]}]}"#,        r#"{"any": [[A], [B]]}"#),
            (r#"{"none": [[A], {"none": [{"states": []}]}]}"#,         r#"{"none": [[A]]}"#),
            (r#"{"all": [[A], {"purchases": {"feature": "merchant:b", "count": {"min": 0}}}, [C]]}"#, r#"{"all": [[A], [C]]}"#),
            (r#"{"all": [[A], {"purchases": {"feature": "merchant:b", "count": {"min": 0, "max": 4294967294}}}]}"#,
             r#"{"all": [[A], {"purchases": {"feature": "merchant:b", "count": {"min": 0, "max": 4294967294}}}]}"#),
            (r#"{"none": []}"#,                                        r#"{"all": []}"#),
            (r#"{"states": []}"#,                                      r#"{"all": []}"#),
            // 5: a single part
            (r#"{"all": [{"any": [{"all": [[A]]}]}]}"#,                r#"[A]"#),
            (r#"{"none": [[A]]}"#,                                     r#"{"none": [[A]]}"#),
            (r#"{"none": [{"none": [[A], [B]]}]}"#,                    r#"{"any": [[A], [B]]}"#),
            (r#"{"none": [{"none": [[A]]}]}"#,                         r#"[A]"#),
            (r#"{"none": [[C], {"none": [[A]]}]}"#,                    r#"{"none": [[C], {"none": [[A]]}]}"#),
            // One opens the way for another.
            (r#"{"any": [[C], {"none": [{"none": [[A], [B], [C]]}, {"none": [[A], [B], [C]]}]}]}"#, r#"{"any": [[C], [A], [B]]}"#),
            (r#"{"all": [{"none": [{"none": [[A]]}]}, [A], {"any": [{"states": ["CA"]}]}, {"states": ["CA", "NY"]}]}"#,
             r#"{"all": [[A], {"states": ["CA"]}]}"#),
        ];
        for (written, in_force) in table {
            assert_eq!(read(written).optimised(), read(in_force), "{written}");
        }
    }

    #[test]
    fn what_nobody_meets_is_the_any_without_parts() {
        for written in [
            r#"{"none": [{"all": []}]}"#,
            r#"{"none": [[A], {"states": []}]}"#,
            r#"{"all": [[A], {"none": [{"all": []}]}]}"#,
            r#"{"any": [{"none": [{"all": []}]}, {"all": [[B], {"none": [{"states": []}]}]}]}"#,
        ] {
            assert_eq!(read(written).optimised(), NEVER, "{written}");
        }
        assert_eq!(Predicate::States(StateRule::In(StateSet::EMPTY)).optimised(), NEVER);
    }

    #[test]
    fn a_large_rule_is_optimised_as_a_small_one_is() {
        let feature = |n: usize| format!(r#"{{"feature": "merchant:m{n}"}}"#);
        let once: Vec<_> = (0..3_000).map(feature).collect();
        let twice = [once.as_slice(), once.as_slice()].concat().join(",");
        let optimised = read(&format!(r#"{{"any": [{twice}]}}"#)).optimised();
        assert_eq!(optimised, read(&format!(r#"{{"any": [{}]}}"#, once.join(","))));
    }
}
