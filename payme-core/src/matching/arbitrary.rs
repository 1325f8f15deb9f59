//! Random rules, people and class periods for the tests of the crate.
//!
//! In: nothing. Out: strategies of proptest over a small vocabulary, so that a rule and a person
//! that have nothing to do with each other often meet anyway: five keys, three states, seven weeks
//! around New Year 2020, ages about 18, counts up to 6 and amounts of a few dollars.
//! Everything made here could have been read from a file.

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::{BoxedStrategy, Just, Strategy, any, prop_oneof};
use proptest::sample::{select, subsequence};

use crate::catalog::{
    AgeAtom, ClassPeriod, Eligibility, FeatureAtom, Predicate, PurchasesAtom, Range,
};
use crate::evidence::{Day, UserFeature, UserFeatures};
use crate::types::{
    Confidence, Date, FeatureKey, Money, Person, Source, State, StateRule, StateSet,
};

const KEYS: [&str; 5] =
    ["merchant:a", "merchant:b", "category:c", "subscription:d", "merchant:never"];

/// The day of matching that goes with these people.
pub(crate) fn today() -> Date {
    "2020-02-01".parse().unwrap()
}

/// One of the keys; nobody has the last.
pub(crate) fn key() -> impl Strategy<Value = FeatureKey> {
    select(KEYS.as_slice()).prop_map(|key| key.parse().unwrap())
}

/// A day within seven weeks, from 2019-12-10 to 2020-01-27.
pub(crate) fn date() -> impl Strategy<Value = Date> + Clone {
    let first: Date = "2019-12-10".parse().unwrap();
    (0_i32..49).prop_map(move |days| first.checked_add(jiff::Span::new().days(days)).unwrap())
}

/// A class period, perhaps open at one end or both, or none.
pub(crate) fn period() -> impl Strategy<Value = Option<ClassPeriod>> {
    option::of(range(date()).prop_map(|range| ClassPeriod { start: range.min, end: range.max }))
}

/// A rule of at most five levels, atoms included, with every atom, bound and connective.
pub(crate) fn predicate() -> BoxedStrategy<Predicate> {
    let parts = |part: BoxedStrategy<Predicate>| {
        prop_oneof![
            vec(part.clone(), 0..4).prop_map(Predicate::All),
            vec(part.clone(), 1..4).prop_map(Predicate::Any),
            vec(part, 0..4).prop_map(Predicate::None),
        ]
    };
    let atom = prop_oneof![
        3 => feature_atom(key()).prop_map(Predicate::Feature),
        2 => states().prop_map(Predicate::States),
        1 => age_atom().prop_map(Predicate::Age),
        2 => purchases_atom(Bounds::Any).prop_map(Predicate::Purchases),
        1 => question().prop_map(Predicate::Ask),
    ];
    atom.prop_recursive(4, 32, 4, move |part| parts(part.boxed())).boxed()
}

/// A rule that more evidence never fails: without `none`, without upper bounds on purchases, and
/// with lower ones that nobody passes without a purchase.
pub(crate) fn rising_predicate() -> BoxedStrategy<Predicate> {
    let parts = |part: BoxedStrategy<Predicate>| {
        prop_oneof![
            vec(part.clone(), 0..4).prop_map(Predicate::All),
            vec(part, 1..4).prop_map(Predicate::Any),
        ]
    };
    let atom = prop_oneof![
        4 => feature_atom(key()).prop_map(Predicate::Feature),
        1 => states().prop_map(Predicate::States),
        1 => age_atom().prop_map(Predicate::Age),
        3 => purchases_atom(Bounds::AtLeast).prop_map(Predicate::Purchases),
        1 => question().prop_map(Predicate::Ask),
    ];
    atom.prop_recursive(4, 32, 4, move |part| parts(part.boxed())).boxed()
}

/// A rule in the simple form, or near it.
pub(crate) fn simple_predicate() -> impl Strategy<Value = Predicate> {
    let bare = key().prop_map(|key| Predicate::Feature(FeatureAtom::present(key)));
    let atom = prop_oneof![3 => bare, 1 => states().prop_map(Predicate::States)];
    atom.prop_recursive(2, 12, 4, |part| vec(part, 0..4).prop_map(Predicate::All))
}

/// A checked rule, which somebody could meet.
pub(crate) fn eligibility() -> impl Strategy<Value = Eligibility> {
    prop_oneof![2 => predicate(), 1 => simple_predicate().boxed()]
        .prop_map(Eligibility::new)
        .prop_filter("a rule that nobody can meet is refused", |rule| {
            *rule.in_force() != Predicate::Any(Vec::new())
        })
}

fn feature_atom(key: impl Strategy<Value = FeatureKey>) -> impl Strategy<Value = FeatureAtom> {
    let bare = Just((None, None, false));
    let bounds = (option::of(confidence()), option::of(1_u32..6), any::<bool>());
    (key, prop_oneof![1 => bare.boxed(), 3 => bounds.boxed()]).prop_map(|(key, bounds)| {
        let (min_confidence, min_count, in_class_period) = bounds;
        FeatureAtom { key, min_confidence, min_count, in_class_period }
    })
}

/// A list of states; an empty one is every state.
fn states() -> impl Strategy<Value = StateRule> {
    subsequence(vec!["CA", "NY", "PR", "TX"], 0..=4).prop_map(|codes| {
        let states = codes.into_iter().map(|code| code.parse::<State>().unwrap());
        StateRule::from_list(StateSet::from_iter(states))
    })
}

fn question() -> impl Strategy<Value = String> {
    select(vec!["Did you work there?", "Did a letter come?"]).prop_map(str::to_owned)
}

fn age_atom() -> impl Strategy<Value = AgeAtom> {
    (range(17_u32..21), option::of(date()))
        .prop_filter("an age has a bound", |(years, _)| !years.is_open())
        .prop_map(|(years, on)| AgeAtom { years, on })
}

/// Which bounds purchases have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bounds {
    Any,
    AtLeast,
}

fn purchases_atom(bounds: Bounds) -> impl Strategy<Value = PurchasesAtom> {
    let (count, cents) = match bounds {
        Bounds::Any => (range(0_u32..6).boxed(), range(-500_i64..3_000).boxed()),
        Bounds::AtLeast => (
            option::of(1_u32..6).prop_map(|min| Range { min, max: None }).boxed(),
            option::of(1_i64..3_000).prop_map(|min| Range { min, max: None }).boxed(),
        ),
    };
    (key(), range(date()), count, cents)
        .prop_filter("purchases have a bound", |(.., count, cents)| {
            !(count.is_open() && cents.is_open())
        })
        .prop_map(|(key, days, count, amount_cents)| PurchasesAtom {
            key,
            days,
            count,
            amount_cents,
        })
}

fn range<T: Copy + PartialOrd + std::fmt::Debug>(
    value: impl Strategy<Value = T> + Clone,
) -> impl Strategy<Value = Range<T>> + Clone {
    (option::of(value.clone()), option::of(value)).prop_map(|(a, b)| match (a, b) {
        (Some(a), Some(b)) if a > b => Range { min: Some(b), max: Some(a) },
        (min, max) => Range { min, max },
    })
}

/// A confidence of whole hundredths, both ends among them.
pub(crate) fn confidence() -> impl Strategy<Value = Confidence> {
    (0_u8..=100).prop_map(|hundredths| Confidence::new(f64::from(hundredths) / 100.0).unwrap())
}

/// A person: perhaps with a state and a date of birth, and features from no source, one or both.
pub(crate) fn user() -> impl Strategy<Value = UserFeatures> {
    user_of(&days().boxed())
}

/// A person all of whose sightings have days, with amounts in US dollars and without refunds.
pub(crate) fn dated_user() -> impl Strategy<Value = UserFeatures> {
    let day = (1_u32..3, 1_i64..1_500);
    let days = btree_map(date(), day, 1..5).prop_map(|days| {
        let day =
            |(date, (count, cents))| Day { date, count, amount: Some(Money::usd_cents(cents)) };
        days.into_iter().map(day).collect::<Vec<_>>()
    });
    user_of(&days.boxed())
}

fn user_of(days: &BoxedStrategy<Vec<Day>>) -> impl Strategy<Value = UserFeatures> + use<> {
    let features: Vec<_> = KEYS
        .iter()
        .filter(|key| **key != "merchant:never")
        .flat_map(|key| Source::ALL.map(|source| (key.parse().unwrap(), source)))
        .map(|(key, source)| option::weighted(0.4, feature(key, source, days.clone())))
        .collect();
    let state = option::of(select(vec!["CA", "NY", "PR", "WY"]));
    let born = option::of(birthday());
    (state, born, features).prop_map(|(state, date_of_birth, features)| {
        let user_id = "6f1d2c3b-4a59-4e68-8d77-0123456789ab".parse().unwrap();
        let state = state.map(|code| code.parse().unwrap());
        let person = Person { user_id, state, date_of_birth };
        UserFeatures::new(person, features.into_iter().flatten().collect()).unwrap()
    })
}

/// About 18 years before the days above, now and then after them.
fn birthday() -> impl Strategy<Value = Date> {
    let early: Vec<Date> = ["2002-01-31", "2002-02-01", "2002-02-02", "2000-02-29", "1999-12-31"]
        .map(|day| day.parse().unwrap())
        .to_vec();
    let late: Vec<Date> = ["2001-12-28", "2001-01-10", "2020-01-05", "2021-06-01"]
        .map(|day| day.parse().unwrap())
        .to_vec();
    prop_oneof![select(early), select(late)]
}

/// What one source saw of one feature.
fn feature(
    key: FeatureKey,
    source: Source,
    days: BoxedStrategy<Vec<Day>>,
) -> impl Strategy<Value = UserFeature> {
    (confidence(), 0_u32..4, days, range(date()), any::<bool>()).prop_map(
        move |(confidence, more, by_day, seen, has_span)| {
            let counted: u32 = by_day.iter().map(|day| day.count).sum();
            let first = by_day.first().map(|day| day.date).filter(|_| has_span);
            let last = by_day.last().map(|day| day.date).filter(|_| has_span);
            let (first_seen, last_seen) =
                if by_day.is_empty() { (seen.min, seen.max) } else { (first, last) };
            UserFeature {
                key: key.clone(),
                source,
                confidence,
                // Refunds and records without a day count here alone.
                count: (counted + more).max(1),
                first_seen,
                last_seen,
                by_day,
            }
        },
    )
}

/// The days of a sighting: none at all, or some, with refunds, and with amounts in US dollars, in
/// euros, or without.
fn days() -> impl Strategy<Value = Vec<Day>> {
    let currency = prop_oneof![
        6 => Just(Some("USD")),
        1 => Just(Some("EUR")),
        1 => Just(None),
    ];
    let entry = (0_u32..3, -400_i64..1_500);
    let some = btree_map((date(), currency), entry, 0..5).prop_map(|days| {
        let mut days: Vec<Day> = days
            .into_iter()
            .map(|((date, currency), (count, minor))| Day {
                date,
                // What is spent less what is refunded is negative on a day of refunds alone.
                count: if minor < 0 { 0 } else { count },
                amount: currency.map(|code: &str| Money::new(minor, code.parse().unwrap())),
            })
            .collect();
        days.sort_by_key(|day| (day.date, day.amount.map(Money::currency)));
        days
    });
    prop_oneof![1 => Just(Vec::new()).boxed(), 2 => some.boxed()]
}
