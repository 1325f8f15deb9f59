//! Files about settlements: the catalogue, its predicates, the weights of the ranker.

use std::collections::BTreeSet;

use payme_core::catalog::{
    CatalogIndex, Eligibility, Predicate, SimpleRule, parse_settlement, parse_settlements,
};
use payme_core::evidence::Lexicon;
use payme_core::matching::SignalSet;
use payme_core::ranking::Weights;
use payme_core::types::json::{self, Node};
use payme_core::types::{FeatureKey, State, StateRule};
use serde_json::{Map, Value, json};

use super::{INDEX, check_match, check_refusal, check_rows, marked, person_with};

/// A settlement file: what is taken reads back the same, can be indexed and matched.
pub fn settlements(data: &[u8]) {
    let read = parse_settlements(data);
    assert_eq!(parse_settlements(&marked(data)), read, "a byte order mark changed something");
    let rows = match read {
        Ok(rows) => rows,
        Err(refusal) => return check_refusal(data, &refusal),
    };
    check_rows(data, &rows);
    let taken = rows.taken;
    for one in &taken {
        let text = one.to_json().to_string();
        assert_eq!(parse_settlement(&text).as_ref(), Ok(one), "reading back {text}");
    }
    let index = CatalogIndex::new(taken.iter().cloned());
    assert_eq!(index.len(), taken.len(), "two settlements have one id");
    if taken.is_empty() {
        return;
    }
    let keys: BTreeSet<&FeatureKey> =
        taken.iter().flat_map(|one| one.eligibility.feature_keys()).collect();
    check_match(&index, &person_with(keys), &Weights::default());
    assert!(Lexicon::for_catalog(&taken).is_ok(), "its brands make no lexicon");
}

/// A predicate: it reads back the same, and its simple form says what it says.
pub fn predicate(data: &[u8]) {
    let value = std::str::from_utf8(data).ok().and_then(|text| json::strict(text, 1).ok());
    let Some(value) = value else { return };
    let rule = match Eligibility::from_json(&Node::root(&value)) {
        Ok(rule) => rule,
        Err(fault) => return check_refusal(data, &fault.on_line(1)),
    };
    let text = rule.to_json().to_string();
    let again = json::strict(&text, 1);
    let again = again.as_ref().map(|value| Eligibility::from_json(&Node::root(value)));
    assert_eq!(again, Ok(Ok(rule.clone())), "reading back {text}");
    let (mut is_simple, mut lists) = (true, 0);
    rule.in_force().visit(&mut |part| match part {
        Predicate::All(_) => {}
        Predicate::States(_) => lists += 1,
        Predicate::Feature(atom) => is_simple &= atom.is_bare(),
        Predicate::Any(_)
        | Predicate::None(_)
        | Predicate::Age(_)
        | Predicate::Purchases(_)
        | Predicate::Ask(_) => is_simple = false,
    });
    assert_eq!(
        rule.simple().is_some(),
        is_simple && lists <= 1,
        "a rule is simple when its parts are"
    );
    if let Some(simple) = rule.simple() {
        check_simple(&rule, simple);
    }
}

/// The simple form admits whom the rule admits: with every feature, and with each one missing.
fn check_simple(rule: &Eligibility, simple: &SimpleRule) {
    assert_eq!(rule.feature_keys(), simple.required.iter().collect());
    let states = ["CA", "NY", "TX", "PR"].map(|code| code.parse::<State>().ok());
    for state in states.into_iter().chain([None]) {
        for absent in simple.required.iter().map(Some).take(8).chain([None]) {
            let has = |key: &FeatureKey| Some(key) != absent;
            let expected = simple.required.iter().all(has) && simple.states.admits(state);
            assert_eq!(admits(rule.predicate(), &has, state), expected, "{simple:?} {state:?}");
        }
    }
}

/// What the parts of a simple rule mean, said once more.
fn admits(rule: &Predicate, has: &impl Fn(&FeatureKey) -> bool, state: Option<State>) -> bool {
    match rule {
        Predicate::All(parts) => parts.iter().all(|part| admits(part, has, state)),
        Predicate::Feature(atom) => has(&atom.key),
        Predicate::States(StateRule::Any) => true,
        Predicate::States(StateRule::In(set)) => state.is_some_and(|state| set.contains(state)),
        Predicate::Any(_)
        | Predicate::None(_)
        | Predicate::Age(_)
        | Predicate::Purchases(_)
        | Predicate::Ask(_) => false,
    }
}

/// A weights file: what is taken is finite, reads back the same, and scores stay in [0, 1].
pub fn weights(data: &[u8]) {
    let read = Weights::from_json(data);
    assert_eq!(Weights::from_json(&marked(data)), read, "a byte order mark changed something");
    let weights = match read {
        Ok(weights) => weights,
        Err(error) => return check_refusal(data, &error.0),
    };
    assert!(weights.values.iter().all(|(_, weight)| weight.is_finite()), "{weights:?}");
    let text = weights.to_json();
    assert_eq!(Weights::from_json(text.as_bytes()), Ok(weights.clone()), "reading back {text}");
    let mut out: Map<String, Value> = serde_json::from_str(&text).expect("what was written");
    out.remove("_signals");
    // The signals alone say which set it is, and the name of the set says the same.
    let set = weights.set();
    for named in [None, Some(set), SignalSet::ALL.into_iter().find(|other| *other != set)] {
        if let Some(named) = named {
            out.insert("_signals".to_owned(), json!(named.as_str()));
        }
        let text = Value::Object(out.clone()).to_string();
        let again = Weights::from_json(text.as_bytes());
        if named.is_none_or(|named| named == set) {
            assert_eq!(again, Ok(weights.clone()), "reading back {text}");
        } else {
            assert!(again.is_err(), "weights of another set than they name: {text}");
        }
    }
    let keys = INDEX.settlements().flat_map(|one| one.eligibility.feature_keys());
    check_match(&INDEX, &person_with(keys), &weights);
}
