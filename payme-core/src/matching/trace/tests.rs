//! Tracing against a second reading of the document, over random rules and people, and the words
//! and sentences case by case.

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::catalog::parse_settlement;
use crate::evidence::parse_person_line;
use crate::matching::arbitrary::{eligibility, period, simple_predicate, today, user};
use crate::matching::plain::judge;
use crate::types::State;

/// What is missing of a rule that is not met, from the top down as the document tells it.
fn missing(
    rule: &Predicate,
    truth: &impl Fn(&Predicate) -> Truth,
    user: &UserFeatures,
) -> Vec<String> {
    match rule {
        Predicate::All(parts) => {
            let parts = parts.iter().filter(|part| truth(part) != Truth::Met);
            parts.flat_map(|part| missing(part, truth, user)).collect()
        }
        Predicate::Any(parts) => parts.iter().flat_map(|part| missing(part, truth, user)).collect(),
        Predicate::None(parts) => {
            let parts = parts.iter().filter(|part| truth(part) != Truth::NotMet);
            parts.flat_map(|part| excluded(part, truth, user)).collect()
        }
        Predicate::States(_) => vec!["state".to_owned()],
        Predicate::Age(_) if user.person().date_of_birth.is_none() => {
            vec!["date_of_birth".to_owned()]
        }
        Predicate::Age(_) => vec!["age".to_owned()],
        Predicate::Ask(_) => vec!["answer".to_owned()],
        atom => {
            let key = atom.key().unwrap();
            vec![if user.has(key) { format!("evidence:{key}") } else { key.to_string() }]
        }
    }
}

/// The other way round: what keeps a rule from being not met.
fn excluded(
    rule: &Predicate,
    truth: &impl Fn(&Predicate) -> Truth,
    user: &UserFeatures,
) -> Vec<String> {
    match rule {
        Predicate::All(parts) => {
            parts.iter().flat_map(|part| excluded(part, truth, user)).collect()
        }
        Predicate::Any(parts) => {
            let parts = parts.iter().filter(|part| truth(part) != Truth::NotMet);
            parts.flat_map(|part| excluded(part, truth, user)).collect()
        }
        Predicate::None(parts) => {
            parts.iter().flat_map(|part| missing(part, truth, user)).collect()
        }
        atom if truth(atom) == Truth::Unknown => missing(atom, truth, user),
        Predicate::States(_) => vec!["excluded:state".to_owned()],
        Predicate::Age(_) => vec!["excluded:age".to_owned()],
        atom => vec![format!("excluded:{}", atom.key().unwrap())],
    }
}

/// The part of a JSON value that a path such as `$.all[0].none[2]` leads to.
fn at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.strip_prefix('$')?.split('.').filter(|step| !step.is_empty()).try_fold(
        value,
        |value, step| match step.split_once('[') {
            None => value.get(step),
            Some((name, place)) => {
                value.get(name)?.get(place.strip_suffix(']')?.parse::<usize>().ok()?)
            }
        },
    )
}

fn atoms(rule: &Predicate) -> usize {
    let mut atoms = 0;
    rule.visit(&mut |part| {
        let is_atom = !matches!(part, Predicate::All(_) | Predicate::Any(_) | Predicate::None(_));
        atoms += usize::from(is_atom);
    });
    atoms
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_024))]

    #[test]
    fn the_words_are_those_of_the_document(rule in eligibility(), user in user(), period in period()) {
        let found = trace(&rule, &user, period, today());
        let truth = |part: &Predicate| judge(part, &user, period, today()).truth;
        let mut expected = match truth(rule.predicate()) {
            Truth::Met => Vec::new(),
            _ => missing(rule.predicate(), &truth, &user),
        };
        let mut seen = std::collections::HashSet::new();
        expected.retain(|word| seen.insert(word.clone()));
        let words: Vec<String> = found.missing().iter().map(ToString::to_string).collect();
        prop_assert_eq!(words, expected);
    }

    #[test]
    fn a_rule_is_met_exactly_when_nothing_is_missing(
        rule in eligibility(), user in user(), period in period(),
    ) {
        let found = trace(&rule, &user, period, today());
        prop_assert_eq!(found.judgement.truth == Truth::Met, found.missing().is_empty());
        prop_assert_eq!(found.judgement, judge(rule.in_force(), &user, period, today()));
    }

    #[test]
    fn every_atom_is_found_once_and_where_its_path_says(
        rule in eligibility(), user in user(), period in period(),
    ) {
        let found = trace(&rule, &user, period, today());
        let all: Vec<_> = [&found.met, &found.unknown, &found.blocked].into_iter().flatten().collect();
        prop_assert_eq!(all.len(), atoms(rule.predicate()));
        let paths: std::collections::BTreeSet<_> = all.iter().map(|finding| &finding.path).collect();
        prop_assert_eq!(paths.len(), all.len());
        let json = rule.to_json();
        for finding in &all {
            let there = at(&json, &finding.path);
            let expected = match (rule.simple(), finding.atom) {
                (None, atom) => atom.to_json(),
                (Some(_), Predicate::States(_)) => finding.atom.to_json()["states"].clone(),
                (Some(_), atom) => Value::String(atom.key().unwrap().to_string()),
            };
            prop_assert_eq!(there, Some(&expected), "{} in {}", finding.path, json);
            prop_assert_eq!(finding.truth, judge(finding.atom, &user, period, today()).truth);
            prop_assert_eq!(finding.excluded, finding.path.matches(".none[").count() % 2 == 1);
            prop_assert!(finding.missing.is_none() || finding.effect() != Truth::Met);
        }
        for (list, effect) in
            [(&found.met, Truth::Met), (&found.unknown, Truth::Unknown), (&found.blocked, Truth::NotMet)]
        {
            prop_assert!(list.iter().all(|finding| finding.effect() == effect));
        }
        let words: Vec<_> = all.iter().filter_map(|finding| finding.missing.as_ref()).collect();
        prop_assert!(found.missing().iter().all(|word| words.contains(&word)));
        prop_assert!(words.iter().all(|word| found.missing().contains(word)));
    }

    #[test]
    fn of_a_simple_rule_the_absent_keys_are_missing_and_then_the_state(
        written in simple_predicate(), user in user(),
    ) {
        let rule = Eligibility::new(written);
        let Some(simple) = rule.simple() else { return Ok(()) };
        let absent = simple.required.iter().filter(|key| !user.has(key)).cloned();
        let state = (!simple.states.admits(user.person().state)).then_some(Missing::State);
        let expected: Vec<_> = absent.map(Missing::Feature).chain(state).collect();
        prop_assert_eq!(trace(&rule, &user, None, today()).into_missing(), expected);
    }

    #[test]
    fn every_sentence_is_one_and_what_is_unknown_says_what_to_do(
        rule in eligibility(), user in user(), period in period(),
    ) {
        let found = trace(&rule, &user, period, today());
        for finding in found.met.iter().chain(&found.unknown).chain(&found.blocked) {
            let text = finding.sentence(&user);
            prop_assert!(text.starts_with("It ") && text.ends_with('.'), "{text}");
            prop_assert!(!text.contains("  ") && !text.contains(".."), "{text}");
            let asks = [". Tell us ", ". Send ", ". Only the person "];
            let asks = asks.iter().any(|asks| text.contains(asks));
            prop_assert_eq!(asks, finding.truth == Truth::Unknown, "{}", text);
            if finding.excluded {
                prop_assert!(text.starts_with("It excludes "), "{text}");
            }
        }
    }
}

fn person(rest: &str) -> UserFeatures {
    let id = "6f1d2c3b-4a59-4e68-8d77-0123456789ab";
    parse_person_line(&format!(r#"{{"user_id": "{id}", {rest}}}"#), 1).unwrap()
}

fn eligibility_of(rule: &str) -> Eligibility {
    let text = format!(r#"{{"title": "T", "eligibility": {rule}}}"#);
    parse_settlement(&text).unwrap().eligibility
}

#[test]
fn words_read_back_as_they_were_written() {
    let key: FeatureKey = "merchant:uber".parse().unwrap();
    #[rustfmt::skip]
    let table = [
        (Missing::Feature(key.clone()),         "merchant:uber"),
        (Missing::Evidence(key.clone()),        "evidence:merchant:uber"),
        (Missing::State,                        "state"),
        (Missing::Age,                          "age"),
        (Missing::DateOfBirth,                  "date_of_birth"),
        (Missing::Answer,                       "answer"),
        (Missing::ExcludedFeature(key),         "excluded:merchant:uber"),
        (Missing::ExcludedState,                "excluded:state"),
        (Missing::ExcludedAge,                  "excluded:age"),
    ];
    for (missing, word) in table {
        assert_eq!(missing.to_string(), word);
        assert_eq!(word.parse(), Ok(missing.clone()));
        let json = serde_json::to_string(&missing).unwrap();
        assert_eq!(json, format!("{word:?}"));
        assert_eq!(serde_json::from_str::<Missing>(&json).unwrap(), missing);
    }
    for bad in ["", "uber", "states", "evidence:state", "excluded:", "excluded:date_of_birth"] {
        assert!(bad.parse::<Missing>().is_err(), "{bad}");
    }
}

#[test]
fn what_is_missing_is_as_the_table_says() {
    let user = person(
        r#""state": "CA", "features": [
            {"key": "merchant:a", "source": "plaid", "confidence": 0.8, "count": 2},
            {"key": "merchant:b", "source": "gmail", "confidence": 0.9, "count": 4}]"#,
    );
    #[rustfmt::skip]
    let table: [(&str, &[&str]); 16] = [
        (r#"{"required_features": ["merchant:c", "merchant:a", "merchant:d"], "states": ["NY"]}"#, &["merchant:c", "merchant:d", "state"]),
        (r#"{"feature": "merchant:a", "min_count": 3}"#,                        &["evidence:merchant:a"]),
        (r#"{"feature": "merchant:c", "min_count": 3}"#,                        &["merchant:c"]),
        (r#"{"age": {"min": 18}}"#,                                             &["date_of_birth"]),
        // Enough that one part of an `any` holds; else every part is told, each word once.
        (r#"{"any": [{"feature": "merchant:c"}, {"feature": "merchant:a"}]}"#,  &[]),
        (r#"{"any": [{"feature": "merchant:c"}, {"states": ["NY"]}, {"all": [{"feature": "merchant:a"}, {"states": ["TX"]}]}]}"#,
                                                                                &["merchant:c", "state"]),
        (r#"{"none": [{"feature": "merchant:a"}, {"feature": "merchant:c"}]}"#, &["excluded:merchant:a"]),
        (r#"{"none": [{"states": ["CA", "NY"]}]}"#,                             &["excluded:state"]),
        (r#"{"none": [{"age": {"min": 65}}]}"#,                                 &["date_of_birth"]),
        // Under `none`, an `all` is there with all its parts: either of them would free it.
        (r#"{"none": [{"all": [{"feature": "merchant:a"}, {"states": ["CA"]}]}]}"#, &["excluded:merchant:a", "excluded:state"]),
        (r#"{"none": [{"all": [{"feature": "merchant:a"}, {"states": ["NY"]}]}]}"#, &[]),
        (r#"{"none": [{"any": [{"feature": "merchant:a"}, {"states": ["NY"]}]}]}"#, &["excluded:merchant:a"]),
        (r#"{"all": [{"age": {"min": 18}}, {"none": [{"none": [{"feature": "merchant:c"}]}]}]}"#, &["date_of_birth", "merchant:c"]),
        // Mail shows no purchases.
        (r#"{"purchases": {"feature": "merchant:b", "count": {"min": 2}}}"#,    &["evidence:merchant:b"]),
        (r#"{"none": [{"purchases": {"feature": "merchant:b", "count": {"min": 2}}}]}"#, &["evidence:merchant:b"]),
        // Nobody bought nothing of it: that no purchase was seen is what is excluded.
        (r#"{"none": [{"purchases": {"feature": "merchant:c", "count": {"max": 5}}}]}"#, &["excluded:merchant:c"]),
    ];
    for (rule, expected) in table {
        let rule = eligibility_of(rule);
        let found = trace(&rule, &user, None, today());
        let words: Vec<_> = found.missing().iter().map(Missing::word).collect();
        assert_eq!(words, expected, "{}", rule.to_json());
    }
}

#[test]
fn sentences_are_as_the_table_says() {
    let state: State = "CA".parse().unwrap();
    let user = person(&format!(
        r#""state": "{state}", "date_of_birth": "2002-02-02", "features": [
            {{"key": "merchant:a", "source": "gmail", "confidence": 0.5, "count": 1}},
            {{"key": "merchant:a", "source": "plaid", "confidence": 0.8, "count": 9, "by_day": [
                {{"date": "2019-12-31", "count": 1, "amount_cents": 1250}},
                {{"date": "2020-01-02", "count": 2, "amount_cents": 700}},
                {{"date": "2020-01-03", "count": 1, "amount_cents": 90, "currency": "EUR"}}]}},
            {{"key": "merchant:b", "source": "gmail", "confidence": 0.9, "count": 4}},
            {{"key": "merchant:v", "source": "plaid", "confidence": 0.9, "count": 5,
              "first_seen": "2019-12-30", "last_seen": "2020-01-05"}}]"#
    ));
    let nobody = person(r#""features": []"#);
    let period = ClassPeriod { start: "2020-01-01".parse().ok(), end: "2020-12-31".parse().ok() };
    #[rustfmt::skip]
    let table = [
        (&user, r#"{"required_features": ["merchant:a"], "states": []}"#, vec![
            "It asks for merchant:a: seen in 1 record from gmail and 9 records from plaid.",
            "It is open to every state."]),
        (&user, r#"{"required_features": ["merchant:c"], "states": ["NY", "TX"]}"#, vec![
            "It asks for merchant:c: not seen.",
            "It is limited to NY, TX: CA is not among them."]),
        (&user, r#"{"states": ["AK", "CA"]}"#, vec!["It is limited to AK, CA: CA is among them."]),
        (&nobody, r#"{"states": ["CA"]}"#, vec![
            "It is limited to CA: the state is not known. Tell us the state."]),
        (&user, r#"{"none": [{"states": ["CA"]}]}"#, vec!["It excludes residents of CA: CA is among them."]),
        (&nobody, r#"{"none": [{"states": ["CA"]}]}"#, vec![
            "It excludes residents of CA: the state is not known. Tell us the state."]),
        (&user, r#"{"feature": "merchant:a", "min_count": 10}"#, vec![
            "It asks for at least 10 records of merchant:a: 9 were seen."]),
        (&user, r#"{"feature": "merchant:a", "min_count": 4, "in_class_period": true}"#, vec![
            "It asks for at least 4 records of merchant:a between 2020-01-01 and 2020-12-31: 3 were seen."
                ]),
        (&user, r#"{"feature": "merchant:v", "in_class_period": true}"#, vec![
            "It asks for at least 1 record of merchant:v between 2020-01-01 and 2020-12-31: 1 to 4 were seen."]),
        (&user, r#"{"feature": "merchant:v", "min_count": 2, "in_class_period": true}"#, vec![
            "It asks for at least 2 records of merchant:v between 2020-01-01 and 2020-12-31: 1 to 4 were seen. \
             Send records of it that show their days."]),
        (&user, r#"{"feature": "merchant:a", "min_confidence": 0.95}"#, vec![
            "It asks for merchant:a, with a confidence of at least 0.95: 9 were seen, with a confidence of 0.90."]),
        (&user, r#"{"none": [{"feature": "merchant:a"}, {"feature": "merchant:c", "min_count": 2}]}"#, vec![
            "It excludes people with merchant:a: seen in 1 record from gmail and 9 records from plaid.",
            "It excludes people with at least 2 records of merchant:c: not seen."]),
        (&user, r#"{"age": {"min": 18}}"#, vec!["It asks for an age of at least 18: the age is 17."]),
        (&user, r#"{"age": {"min": 18, "max": 30, "on": "2021-01-01"}}"#, vec![
            "It asks for an age of 18 to 30 on 2021-01-01: the age is 18."]),
        (&user, r#"{"age": {"max": 17, "on": "2001-01-01"}}"#, vec![
            "It asks for an age of at most 17 on 2001-01-01: the date of birth lies after that day."]),
        (&nobody, r#"{"age": {"min": 18}}"#, vec![
            "It asks for an age of at least 18: the date of birth is not known. Tell us the date of birth."]),
        (&nobody, r#"{"none": [{"age": {"min": 65, "max": 65}}]}"#, vec![
            "It excludes people with an age of exactly 65: the date of birth is not known. Tell us the date of birth."]),
        (&user, r#"{"purchases": {"feature": "merchant:a", "count": {"min": 3}, "from": "2020-01-01", "to": "2021-12-31"}}"#, vec![
            "It asks for at least 3 purchases of merchant:a between 2020-01-01 and 2021-12-31: 3 were seen."]),
        (&user, r#"{"purchases": {"feature": "merchant:a", "count": {"min": 1}, "amount_cents": {"min": 2000}, "to": "2020-01-02"}}"#, vec![
            "It asks for at least 1 purchase of merchant:a and a total of at least 20.00 USD until 2020-01-02: \
             3 were seen, with a total of 19.50 USD."]),
        (&user, r#"{"purchases": {"feature": "merchant:a", "amount_cents": {"min": 2000, "max": 9000}, "from": "2020-01-02"}}"#, vec![
            "It asks for purchases of merchant:a for a total of 20.00 USD to 90.00 USD from 2020-01-02 on: \
             3 were seen, with a total in US dollars that is not known. \
             Send bank records of it that show the amounts in US dollars."]),
        (&user, r#"{"purchases": {"feature": "merchant:v", "count": {"max": 3}, "from": "2020-01-01", "to": "2020-01-01"}}"#, vec![
            "It asks for at most 3 purchases of merchant:v on 2020-01-01: 0 to 3 were seen."]),
        (&user, r#"{"purchases": {"feature": "merchant:v", "count": {"max": 2}, "from": "2020-01-01", "to": "2020-01-01"}}"#, vec![
            "It asks for at most 2 purchases of merchant:v on 2020-01-01: 0 to 3 were seen. \
             Send bank records of it that show their days and amounts."]),
        (&user, r#"{"purchases": {"feature": "merchant:b", "count": {"min": 2, "max": 2}}}"#, vec![
            "It asks for exactly 2 purchases of merchant:b: only mail was seen, which does not show purchases. \
             Send bank records of it."]),
        (&user, r#"{"none": [{"purchases": {"feature": "merchant:c", "count": {"max": 1}}}]}"#, vec![
            "It excludes people with at most 1 purchase of merchant:c: none was seen."]),
    ];
    for (user, rule, expected) in table {
        let rule = eligibility_of(rule);
        let found = trace(&rule, user, Some(period), today());
        let mut findings: Vec<_> =
            [found.met, found.unknown, found.blocked].into_iter().flatten().collect();
        findings.sort_by(|a, b| a.path.cmp(&b.path));
        let sentences: Vec<_> = findings.iter().map(|finding| finding.sentence(user)).collect();
        assert_eq!(sentences, expected, "{}", rule.to_json());
    }
}
