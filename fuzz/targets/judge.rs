//! Judging: any rule that can be read, before people made up to be close to what it asks for.

use std::collections::BTreeSet;

use payme_core::catalog::{ClassPeriod, Eligibility, Predicate};
use payme_core::evidence::{Day, UserFeature, UserFeatures};
use payme_core::matching::{Finding, Missing, Observed, Truth, trace};
use payme_core::types::json::{self, Node};
use payme_core::types::{
    Confidence, Currency, Date, FeatureKey, Money, Person, Source, parse_date,
};

use super::user;

/// A rule: optimising it changes the truth for nobody, beliefs lie in [0, 1], and what is missing
/// is nothing exactly when the rule is met.
pub fn predicate_judge(data: &[u8]) {
    let value = std::str::from_utf8(data).ok().and_then(|text| json::strict(text, 1).ok());
    let Some(value) = value else { return };
    let Ok(rule) = Eligibility::from_json(&Node::root(&value)) else { return };
    let written = rule.predicate();
    let optimised = written.optimised();
    assert_eq!(optimised.optimised(), optimised, "optimising twice");
    let dates = dates(written);
    let (start, end) = (dates.first().copied(), dates.last().copied());
    for user in people(&rule, &dates) {
        let observed = Observed::new(&user);
        for period in
            [None, Some(ClassPeriod { start, end: None }), Some(ClassPeriod { start, end })]
        {
            let judge = |part: &Predicate| observed.judge(part, period, today());
            let truth = judge(rule.in_force()).truth;
            assert_eq!(judge(written).truth, truth, "the rule in force says something else");
            assert_eq!(judge(&optimised).truth, truth, "the optimised rule says something else");
            let opposite = judge(&Predicate::None(vec![written.clone()]));
            assert_eq!(opposite.truth, truth.not(), "none of the rule is its opposite");
            assert!((0.0..=1.0).contains(&opposite.belief), "belief {}", opposite.belief);
            let found = trace(&rule, &user, period, today());
            assert_eq!(found.judgement, judge(rule.in_force()), "the trace says something else");
            assert!((0.0..=1.0).contains(&found.judgement.belief), "{:?}", found.judgement);
            let is_met = found.judgement.truth == Truth::Met;
            assert_eq!(found.missing().is_empty(), is_met, "missing: {:?}", found.missing());
            let words = found.missing().iter().map(|word| (word.to_string().parse(), word));
            words.for_each(|(read, word)| assert_eq!(read.as_ref(), Ok::<&Missing, _>(word)));
            let findings = found.met.iter().chain(&found.unknown).chain(&found.blocked);
            findings.take(SENTENCES_MAX).for_each(|finding| check_sentence(finding, &user));
        }
    }
}

/// A large rule has many; a few of them will do.
const SENTENCES_MAX: usize = 64;

fn check_sentence(finding: &Finding<'_>, user: &UserFeatures) {
    let text = finding.sentence(user);
    assert!(text.starts_with("It ") && text.ends_with('.'), "{text}");
    let asks = text.contains(". Tell us ") || text.contains(". Send ");
    assert_eq!(asks, finding.truth == Truth::Unknown, "{text}");
}

fn today() -> Date {
    parse_date("2026-02-01").expect("a date")
}

/// The days that a rule names, those before and behind them, and the day of matching.
fn dates(rule: &Predicate) -> BTreeSet<Date> {
    let mut named = vec![today()];
    rule.visit(&mut |part| match part {
        Predicate::Age(atom) => named.extend(atom.on),
        Predicate::Purchases(atom) => named.extend(atom.days.min.into_iter().chain(atom.days.max)),
        Predicate::All(_)
        | Predicate::Any(_)
        | Predicate::None(_)
        | Predicate::Feature(_)
        | Predicate::States(_)
        | Predicate::Ask(_) => {}
    });
    named.truncate(16);
    let around = |day: Date| [day.yesterday().ok(), Some(day), day.tomorrow().ok()];
    named.into_iter().flat_map(around).flatten().collect()
}

/// Somebody unknown, and people with the features of the rule: from mail, from the bank with days,
/// from both, and from the bank without days.
fn people(rule: &Eligibility, dates: &BTreeSet<Date>) -> Vec<UserFeatures> {
    let keys: Vec<&FeatureKey> = rule.feature_keys().into_iter().take(64).collect();
    let mail = |key: &&FeatureKey| undated(key, Source::Gmail, dates.first().copied(), None);
    let bank = |key: &&FeatureKey| dated(key, dates);
    let vague = |key: &&FeatureKey| {
        undated(key, Source::Plaid, dates.first().copied(), dates.last().copied())
    };
    let every_second = keys.iter().step_by(2);
    let person = |state: &str, born: Option<Date>, features: Vec<UserFeature>| {
        let person =
            Person { state: state.parse().ok(), date_of_birth: born, ..Person::unknown(user()) };
        UserFeatures::new(person, features).expect("each key stands once for a source")
    };
    vec![
        person("", None, Vec::new()),
        person("CA", parse_date("2008-02-01").ok(), keys.iter().map(mail).collect()),
        person("NY", parse_date("2008-02-29").ok(), keys.iter().map(bank).collect()),
        person("", Some(today()), every_second.map(vague).collect()),
        person("PR", None, keys.iter().flat_map(|key| [mail(key), bank(key)]).collect()),
    ]
}

fn dated(key: &FeatureKey, dates: &BTreeSet<Date>) -> UserFeature {
    let day = |(number, date): (u32, &Date)| Day {
        date: *date,
        count: number % 3,
        amount: (number != 5).then(|| Money::new(i64::from(number) * 250 - 200, currency(number))),
    };
    UserFeature {
        by_day: (0..).zip(dates).map(day).collect(),
        ..undated(key, Source::Plaid, dates.first().copied(), dates.last().copied())
    }
}

fn currency(number: u32) -> Currency {
    if number == 7 { "EUR".parse().expect("a currency") } else { Currency::USD }
}

fn undated(
    key: &FeatureKey,
    source: Source,
    first_seen: Option<Date>,
    last_seen: Option<Date>,
) -> UserFeature {
    let confidence = Confidence::from_count(2);
    let by_day = Vec::new();
    UserFeature { key: key.clone(), source, confidence, count: 3, first_seen, last_seen, by_day }
}
