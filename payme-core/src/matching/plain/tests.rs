//! Laws of judging, over random rules and people: optimising changes no truth, evidence raises
//! belief, what is told later contradicts nothing, and rules read back as they were written.

use proptest::prelude::*;

use super::*;
use crate::catalog::{Eligibility, Range, SimpleRule};
use crate::evidence::{Day, UserFeature};
use crate::matching::arbitrary::{
    confidence, date, dated_user, period, predicate, rising_predicate, simple_predicate, today,
    user,
};
use crate::matching::truth::Truth;
use crate::types::json::{Node, strict};
use crate::types::{Confidence, Money, Person, Source};

fn changed(user: &UserFeatures, change: impl FnOnce(&mut Vec<UserFeature>)) -> UserFeatures {
    let (person, mut features) = user.clone().into_parts();
    change(&mut features);
    UserFeatures::new(person, features).unwrap()
}

/// Something that makes the evidence more or stronger.
#[derive(Debug, Clone)]
enum More {
    /// One sighting becomes as sure as this, if it is not already.
    Surer(Confidence),
    /// Another source saw a feature, or a new feature was seen.
    Source(UserFeature),
    /// One sighting has another day.
    Day(Day),
}

fn more() -> impl Strategy<Value = (usize, More)> {
    let day = (date(), 1_u32..3, 1_i64..900);
    let day = day.prop_map(|(date, count, cents)| {
        More::Day(Day { date, count, amount: Some(Money::usd_cents(cents)) })
    });
    let features = dated_user().prop_map(|user| user.features().to_vec());
    let source = features.prop_filter_map("somebody with features", |features| {
        let feature = features.into_iter().next()?;
        (feature.confidence.get() > 0.0).then_some(More::Source(feature))
    });
    let more = prop_oneof![confidence().prop_map(More::Surer), source, day];
    (0_usize..10, more)
}

/// Applies the change to the feature at a place, where there is one it fits.
fn apply(user: &UserFeatures, at: usize, more: &More) -> UserFeatures {
    changed(user, |features| match more {
        More::Source(new) => {
            // The first sight of the bank settles what mail left open, either way: see the test
            // of that exception below.
            let settles = new.source == Source::Plaid && user.has(&new.key);
            let is_there =
                features.iter().any(|one| (&one.key, one.source) == (&new.key, new.source));
            if !settles && !is_there {
                features.push(new.clone());
            }
        }
        More::Surer(confidence) => {
            if let Some(feature) = features.get_mut(at)
                && feature.confidence < *confidence
            {
                feature.confidence = *confidence;
            }
        }
        More::Day(day) => {
            if let Some(feature) = features.get_mut(at)
                && feature.by_day.iter().all(|known| known.date != day.date)
            {
                feature.count += day.count;
                feature.by_day.push(*day);
                feature.by_day.sort_by_key(|day| day.date);
            }
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_024))]

    #[test]
    fn optimising_changes_the_truth_for_nobody(
        written in predicate(), people in prop::collection::vec(user(), 4), period in period(),
    ) {
        let optimised = written.optimised();
        for user in people {
            let observed = Observed::new(&user);
            let judge = |rule| observed.judge(rule, period, today());
            prop_assert_eq!(judge(&written).truth, judge(&optimised).truth, "{:?}", optimised);
        }
    }

    #[test]
    fn optimising_twice_is_optimising_once(written in predicate()) {
        let once = written.optimised();
        prop_assert_eq!(once.optimised(), once);
    }

    #[test]
    fn wrapping_a_rule_changes_the_truth_for_nobody(
        written in prop_oneof![predicate(), simple_predicate().boxed()], user in user(), period in period(),
    ) {
        let rule = Eligibility::new(written.clone());
        let truth = |part: &Predicate| judge(part, &user, period, today()).truth;
        prop_assert_eq!(truth(rule.in_force()), truth(&written));
        prop_assert_eq!(truth(rule.predicate()), truth(&written));
        prop_assert_eq!(Eligibility::new(rule.predicate().clone()), rule);
    }

    #[test]
    fn a_simple_rule_is_presence_and_its_belief_a_product_to_the_bit(
        written in simple_predicate(), user in user(), period in period(),
    ) {
        let rule = Eligibility::new(written);
        let Some(SimpleRule { required, states }) = rule.simple() else { return Ok(()) };
        let judged = judge(rule.in_force(), &user, period, today());
        let seen = required.iter().filter(|key| user.has(key)).count();
        let passes = states.admits(user.person().state);
        prop_assert_eq!(judged.truth == Truth::Met, seen == required.len() && passes);
        let is_open = passes || user.person().state.is_none();
        prop_assert_eq!(judged.truth == Truth::NotMet, seen < required.len() || !is_open);
        // The same numbers once more, from the features and not from the columns.
        let mut belief = 1.0_f64;
        for key in required {
            let mut sources = user.features().iter().filter(|feature| feature.key == *key);
            let first = sources.next().map_or(0.0, |feature| feature.confidence.get());
            belief *= sources.fold(first, |sum, one| 1.0 - (1.0 - sum) * (1.0 - one.confidence.get()));
        }
        belief *= if passes { 1.0 } else if is_open { 0.5 } else { 0.0 };
        prop_assert_eq!(judged.belief.to_bits(), belief.to_bits());
    }

    #[test]
    fn belief_lies_between_0_and_1_and_is_0_for_what_is_not_met(
        any_rule in predicate(), rising in rising_predicate(), user in user(), period in period(),
    ) {
        let belief = judge(&any_rule, &user, period, today()).belief;
        prop_assert!((0.0..=1.0).contains(&belief), "{belief}");
        let judged = judge(&rising, &user, period, today());
        prop_assert!(judged.truth != Truth::NotMet || judged.belief.to_bits() == 0, "{judged:?}");
    }

    #[test]
    fn more_or_stronger_evidence_never_lowers_truth_or_belief(
        rule in rising_predicate(), user in dated_user(), period in period(),
        more in prop::collection::vec(more(), 1..6),
    ) {
        let optimised = rule.optimised();
        let mut user = user;
        for (at, more) in &more {
            let stronger = apply(&user, *at, more);
            for rule in [&rule, &optimised] {
                let before = judge(rule, &user, period, today());
                let after = judge(rule, &stronger, period, today());
                prop_assert!(before.truth <= after.truth, "{before:?} {after:?} {more:?}");
                prop_assert!(before.belief <= after.belief, "{before:?} {after:?} {more:?}");
            }
            user = stronger;
        }
    }

    #[test]
    fn what_is_decided_stays_so_when_the_person_tells_more(
        rule in predicate(), user in user(), teller in user(), period in period(),
    ) {
        let (person, features) = user.clone().into_parts();
        let told = Person {
            state: person.state.or(teller.person().state),
            date_of_birth: person.date_of_birth.or(teller.person().date_of_birth),
            ..person
        };
        let told = UserFeatures::new(told, features).unwrap();
        let before = judge(&rule, &user, period, today()).truth;
        let after = judge(&rule, &told, period, today()).truth;
        prop_assert!(before == Truth::Unknown || before == after, "{before:?} {after:?}");
    }

    #[test]
    fn days_that_are_left_out_leave_open_or_decide_the_same(
        rule in predicate(), user in dated_user(), period in period(), known in any::<[bool; 2]>(),
    ) {
        let exact = changed(&user, |features| {
            for feature in features {
                feature.count = feature.by_day.iter().map(|day| day.count).sum();
            }
        });
        let vague = changed(&exact, |features| {
            for feature in features {
                let days = std::mem::take(&mut feature.by_day);
                feature.first_seen = days.first().map(|day| day.date).filter(|_| known[0]);
                feature.last_seen = days.last().map(|day| day.date).filter(|_| known[1]);
            }
        });
        let before = judge(&rule, &vague, period, today()).truth;
        let after = judge(&rule, &exact, period, today()).truth;
        prop_assert!(before == Truth::Unknown || before == after, "{before:?} {after:?}");
    }

    #[test]
    fn none_is_all_of_the_opposites(
        parts in prop::collection::vec(predicate(), 0..4), user in user(), period in period(),
    ) {
        let opposite = |part: &Predicate| Predicate::None(vec![part.clone()]);
        let opposites = Predicate::All(parts.iter().map(opposite).collect());
        let none = judge(&Predicate::None(parts.clone()), &user, period, today());
        let all = judge(&opposites, &user, period, today());
        prop_assert_eq!(none.truth, all.truth);
        prop_assert_eq!(none.belief.to_bits(), all.belief.to_bits());
        let any = judge(&Predicate::Any(parts), &user, period, today());
        prop_assert_eq!(any.truth, none.truth.not());
        prop_assert_eq!(any.belief.to_bits(), (1.0 - none.belief).to_bits());
    }

    #[test]
    fn a_rule_reads_back_as_it_was_written(
        predicate in prop_oneof![predicate(), simple_predicate().boxed()],
    ) {
        let text = predicate.to_json().to_string();
        let value = strict(&text, 1).unwrap();
        prop_assert_eq!(Predicate::from_json(&Node::root(&value)), Ok(predicate.clone()), "{}", text);
        let rule = Eligibility::new(predicate);
        let text = rule.to_json().to_string();
        let value = strict(&text, 1).unwrap();
        let again = Eligibility::from_json(&Node::root(&value));
        if *rule.in_force() == Predicate::Any(Vec::new()) {
            prop_assert_eq!(again.map_err(|fault| fault.code), Err("never_met"), "{}", text);
        } else {
            prop_assert_eq!(again, Ok(rule), "{}", text);
        }
    }

    #[test]
    fn of_a_rule_without_none_what_is_not_sought_changes_nothing(
        rule in rising_predicate(), user in user(), period in period(),
    ) {
        let rule = Eligibility::new(rule);
        let sought = rule.sought();
        let fewer = changed(&user, |features| {
            features.retain(|feature| sought.contains(&&feature.key));
        });
        let judged = |user| judge(rule.in_force(), user, period, today());
        prop_assert_eq!(judged(&user), judged(&fewer), "{:?}", sought);
    }
}

#[test]
fn the_first_sight_of_the_bank_settles_what_mail_left_open() {
    // The exception to the law of more evidence: mail cannot show purchases, the bank can.
    let key: FeatureKey = "merchant:uber".parse().unwrap();
    let rule = Predicate::Purchases(PurchasesAtom {
        key: key.clone(),
        days: Range::default(),
        count: Range { min: Some(3), max: None },
        amount_cents: Range::default(),
    });
    let sighting = |source, count| UserFeature {
        key: key.clone(),
        source,
        confidence: Confidence::new(0.75).unwrap(),
        count,
        first_seen: None,
        last_seen: None,
        by_day: Vec::new(),
    };
    let person = Person::unknown("6f1d2c3b-4a59-4e68-8d77-0123456789ab".parse().unwrap());
    #[rustfmt::skip]
    let table = [
        (vec![],                                                        Truth::NotMet,  0.0),
        (vec![sighting(Source::Gmail, 9)],                              Truth::Unknown, 0.375),
        (vec![sighting(Source::Gmail, 9), sighting(Source::Plaid, 2)],  Truth::NotMet,  0.0),
        (vec![sighting(Source::Gmail, 9), sighting(Source::Plaid, 3)],  Truth::Met,     0.9375),
    ];
    for (features, truth, belief) in table {
        let user = UserFeatures::new(person.clone(), features).unwrap();
        assert_eq!(judge(&rule, &user, None, today()), Judgement { truth, belief }, "{user:?}");
    }
}

#[test]
fn debug_shows_who_and_nothing_else() {
    let person = Person {
        state: "CA".parse().ok(),
        ..Person::unknown("6f1d2c3b-4a59-4e68-8d77-0123456789ab".parse().unwrap())
    };
    let user = UserFeatures::new(person, Vec::new()).unwrap();
    let shown = format!("{:?}", Observed::new(&user));
    assert!(shown.contains("6f1d2c3b") && !shown.contains("CA"), "{shown}");
}
