//! The tables of the atoms and the connectives, case by case, and the laws of three truths.

use Truth::{Met, NotMet, Unknown};

use super::*;
use crate::matching::sighting::{NO_CENTS, NO_DAY};

const fn judged(truth: Truth, belief: f64) -> Judgement {
    Judgement { truth, belief }
}

#[test]
fn every_connective_answers_every_pair() {
    #[rustfmt::skip]
    let table = [
        // a       b         all       any       none
        ((NotMet,  NotMet),  NotMet,   NotMet,   Met),
        ((NotMet,  Unknown), NotMet,   Unknown,  Unknown),
        ((NotMet,  Met),     NotMet,   Met,      NotMet),
        ((Unknown, NotMet),  NotMet,   Unknown,  Unknown),
        ((Unknown, Unknown), Unknown,  Unknown,  Unknown),
        ((Unknown, Met),     Unknown,  Met,      NotMet),
        ((Met,     NotMet),  NotMet,   Met,      NotMet),
        ((Met,     Unknown), Unknown,  Met,      NotMet),
        ((Met,     Met),     Met,      Met,      NotMet),
    ];
    for ((a, b), all, any, none) in table {
        // Beliefs that are no truths, to see that each is folded on its own: 1/4 and 3/8.
        let parts = [judged(a, 0.25), judged(b, 0.375)];
        let over = |connective: Connective| connective.judge(parts);
        assert_eq!(over(Connective::All), judged(all, 0.093_75), "all of {a:?}, {b:?}");
        assert_eq!(over(Connective::Any), judged(any, 0.531_25), "any of {a:?}, {b:?}");
        assert_eq!(over(Connective::None), judged(none, 0.468_75), "none of {a:?}, {b:?}");
    }
    assert_eq!(Connective::All.judge([]), judged(Met, 1.0));
    assert_eq!(Connective::Any.judge([]), judged(NotMet, 0.0));
    assert_eq!(Connective::None.judge([]), judged(Met, 1.0));
    for truth in Truth::ALL {
        let one = [judged(truth, 0.125)];
        assert_eq!(Connective::All.judge(one), judged(truth, 0.125));
        assert_eq!(Connective::Any.judge(one), judged(truth, 0.125));
        assert_eq!(Connective::None.judge(one), judged(truth.not(), 0.875));
    }
}

#[test]
fn the_laws_of_kleene_hold() {
    let over = |connective: Connective, parts: &[Truth]| {
        connective.judge(parts.iter().map(|truth| Judgement::plain(*truth))).truth
    };
    let all = |parts: &[Truth]| over(Connective::All, parts);
    let any = |parts: &[Truth]| over(Connective::Any, parts);
    let none = |parts: &[Truth]| over(Connective::None, parts);
    for a in Truth::ALL {
        assert_eq!(a.not().not(), a, "double negation");
        assert_eq!((all(&[a, a]), any(&[a, a])), (a, a), "idempotence");
        assert_eq!((all(&[a, Met]), any(&[a, NotMet])), (a, a), "identity");
        assert_eq!((all(&[a, NotMet]), any(&[a, Met])), (NotMet, Met), "annihilation");
        for b in Truth::ALL {
            assert_eq!(none(&[a, b]), all(&[none(&[a]), none(&[b])]), "De Morgan");
            assert_eq!(none(&[none(&[a]), none(&[b])]), all(&[a, b]), "De Morgan");
            assert_eq!((all(&[a, b]), any(&[a, b])), (all(&[b, a]), any(&[b, a])), "commuting");
            assert_eq!((all(&[a, any(&[a, b])]), any(&[a, all(&[a, b])])), (a, a), "absorption");
            for c in Truth::ALL {
                assert_eq!(all(&[a, all(&[b, c])]), all(&[a, b, c]), "opening up");
                assert_eq!(any(&[a, any(&[b, c])]), any(&[a, b, c]), "opening up");
                assert_eq!(none(&[a, any(&[b, c])]), none(&[a, b, c]), "opening up");
                assert_eq!(all(&[a, any(&[b, c])]), any(&[all(&[a, b]), all(&[a, c])]));
            }
        }
    }
}

/// A sighting; `days` are (day, count, cents), and `span` is its first and last day.
struct Made {
    dates: Vec<i32>,
    until: Vec<u32>,
    cents: Vec<i64>,
    span: (i32, i32),
    count: u32,
    source: Source,
}

impl Made {
    fn dated(source: Source, days: &[(i32, u32, i64)]) -> Self {
        let until = days.iter().scan(0, |sum, day| {
            *sum += day.1;
            Some(*sum)
        });
        Self {
            dates: days.iter().map(|day| day.0).collect(),
            until: until.collect(),
            cents: days.iter().map(|day| day.2).collect(),
            span: (NO_DAY, NO_DAY),
            count: days.iter().map(|day| day.1).sum::<u32>().max(1),
            source,
        }
    }

    fn undated(source: Source, count: u32, span: (i32, i32)) -> Self {
        Self { span, count, ..Self::dated(source, &[]) }
    }

    fn get(&self) -> Sighting<'_> {
        Sighting {
            source: self.source,
            confidence: 0.5,
            count: self.count,
            first: self.span.0,
            last: self.span.1,
            dates: &self.dates,
            until: &self.until,
            cents: &self.cents,
        }
    }
}

const MAIL: Source = Source::Gmail;
const BANK: Source = Source::Plaid;
/// The days 10 to 20.
const TENS: DayRange = DayRange { from: 10, to: 20 };

#[test]
fn a_feature_is_judged_as_the_table_says() {
    let none: [Made; 0] = [];
    let two_in = || Made::dated(MAIL, &[(9, 4, 0), (10, 1, 0), (20, 1, 0), (21, 8, 0)]);
    let four_in = || Made::dated(BANK, &[(15, 4, 0)]);
    let refund = || Made::dated(BANK, &[(15, 0, -500)]);
    let vague = |count| Made::undated(BANK, count, (NO_DAY, NO_DAY));
    #[rustfmt::skip]
    let table = [
        // sightings             belief  min_confidence, min_count  anywhere  in period
        (Vec::from(none),        0.0,    (0.0, 1),                  NotMet,   NotMet),
        (vec![two_in()],         0.5,    (0.0, 1),                  Met,      Met),
        (vec![two_in()],         0.5,    (0.5, 2),                  Met,      Met),
        (vec![two_in()],         0.5,    (0.5, 3),                  Met,      NotMet),
        (vec![two_in()],         0.5,    (0.0, 14),                 Met,      NotMet),
        (vec![two_in()],         0.5,    (0.0, 15),                 NotMet,   NotMet),
        (vec![two_in()],         0.5,    (0.51, 1),                 NotMet,   NotMet),
        // The greatest over the sources, not the sum: 14 and 4 anywhere, 2 and 4 inside.
        (vec![two_in(), four_in()], 0.75, (0.7, 4),                 Met,      Met),
        (vec![two_in(), four_in()], 0.75, (0.7, 5),                 Met,      NotMet),
        (vec![two_in(), four_in()], 0.75, (0.7, 15),                NotMet,   NotMet),
        (vec![two_in(), vague(3)],  0.75, (0.0, 3),                 Met,      Unknown),
        (vec![two_in(), vague(3)],  0.75, (0.0, 2),                 Met,      Met),
        (vec![two_in(), vague(3)],  0.75, (0.8, 3),                 NotMet,   NotMet),
        // A refund is a record, and no purchase on a day.
        (vec![refund()],         0.5,    (0.0, 1),                  Met,      NotMet),
        (vec![refund()],         0.5,    (0.0, 2),                  NotMet,   NotMet),
        (vec![vague(3)],         0.5,    (0.0, 3),                  Met,      Unknown),
        (vec![vague(3)],         0.5,    (0.0, 4),                  NotMet,   NotMet),
        (vec![Made::undated(BANK, 3, (8, 12))],  0.5, (0.0, 1),     Met,      Met),
        (vec![Made::undated(BANK, 3, (8, 12))],  0.5, (0.0, 2),     Met,      Unknown),
        (vec![Made::undated(BANK, 3, (8, 12))],  0.5, (0.0, 3),     Met,      NotMet),
    ];
    for (row, (made, belief, (min_confidence, min_count), anywhere, in_period)) in
        table.iter().enumerate()
    {
        for (in_class_period, period, expected) in
            [(false, TENS, anywhere), (true, DayRange::ALL, anywhere), (true, TENS, in_period)]
        {
            let (min_confidence, min_count) = (*min_confidence, *min_count);
            let bounds = FeatureBounds { min_confidence, min_count, in_class_period };
            let sightings = made.iter().map(Made::get);
            let truth = feature_truth(&bounds, period, *belief, sightings);
            assert_eq!(truth, *expected, "row {row}, in period: {in_class_period}");
        }
    }
}

#[test]
fn purchases_are_judged_as_the_table_says() {
    const ANY: (i64, i64) = (i64::MIN, i64::MAX);
    const MANY: (u32, u32) = (0, u32::MAX);
    let bank = || vec![Made::dated(BANK, &[(9, 4, 900), (10, 1, 150), (20, 1, 200), (21, 8, 800)])];
    let euros = || vec![Made::dated(BANK, &[(9, 4, 900), (10, 1, NO_CENTS), (20, 1, 200)])];
    let later = || vec![Made::dated(BANK, &[(21, 1, NO_CENTS)])];
    let mail = || Made::dated(MAIL, &[(15, 7, NO_CENTS)]);
    let both = || vec![mail(), Made::dated(BANK, &[(15, 1, 100)])];
    let vague = |span| vec![Made::undated(BANK, 5, span)];
    let refund = || vec![Made::dated(BANK, &[(15, 0, -500)])];
    let large =
        || vec![Made::dated(BANK, &[(15, 1, i64::MAX), (16, 1, i64::MAX), (17, 1, -i64::MAX)])];
    let too_large = || vec![Made::dated(BANK, &[(15, 1, i64::MAX), (16, 1, 1)])];
    #[rustfmt::skip]
    let table = [
        // sightings           count          cents         truth
        (vec![],               (0, 3),        ANY,          Met),
        (vec![],               (1, 3),        ANY,          NotMet),
        (vec![],               (0, 3),        (-5, 5),      Met),
        (vec![],               (0, 3),        (1, 5),       NotMet),
        // Mail alone: anything.
        (vec![mail()],         MANY,          ANY,          Met),
        (vec![mail()],         (0, 3),        ANY,          Unknown),
        (vec![mail()],         (7, 7),        ANY,          Unknown),
        (vec![mail()],         MANY,          (0, 9),       Unknown),
        // Two purchases inside, for 350 cents.
        (bank(),               (2, 2),        ANY,          Met),
        (bank(),               (3, 9),        ANY,          NotMet),
        (bank(),               (0, 1),        ANY,          NotMet),
        (bank(),               (2, 9),        (350, 350),   Met),
        (bank(),               (2, 9),        (351, 400),   NotMet),
        (bank(),               (2, 9),        (0, 349),     NotMet),
        // One day inside is in euros.
        (euros(),              (2, 2),        ANY,          Met),
        (euros(),              (2, 2),        (0, 999),     Unknown),
        (euros(),              (3, 3),        (0, 999),     NotMet),
        // Nothing inside: the euros of another day do not matter.
        (later(),              (0, 0),        (0, 0),       Met),
        (later(),              (0, 0),        (1, 9),       NotMet),
        // The bank counts, whatever mail says.
        (both(),               (1, 1),        (100, 100),   Met),
        (both(),               (2, 9),        ANY,          NotMet),
        // Without days: 1 to 4 inside, amounts not known.
        (vague((8, 12)),       (1, 4),        ANY,          Met),
        (vague((8, 12)),       (2, 4),        ANY,          Unknown),
        (vague((8, 12)),       (5, 9),        ANY,          NotMet),
        (vague((8, 12)),       (1, 4),        (0, 9),       Unknown),
        (vague((8, 12)),       (5, 9),        (0, 9),       NotMet),
        (vague((3, 9)),        (0, 0),        (0, 0),       Met),
        (vague((3, 9)),        (0, 0),        (1, 2),       NotMet),
        (refund(),             (0, 0),        (-500, -500), Met),
        (refund(),             (1, 9),        ANY,          NotMet),
        // Sums do not wrap: this one comes back, the next one is more than any bound.
        (large(),              (3, 3),        (i64::MAX, i64::MAX), Met),
        (too_large(),          (2, 2),        (0, i64::MAX - 1), NotMet),
    ];
    for (row, (made, count, cents, expected)) in table.iter().enumerate() {
        let bounds = PurchaseBounds { days: TENS, count: *count, cents: *cents };
        let truth = purchases_truth(&bounds, made.iter().map(Made::get));
        assert_eq!(truth, *expected, "row {row}");
    }
    let anywhere = PurchaseBounds { days: DayRange::ALL, count: (14, 14), cents: (2_050, 2_050) };
    assert_eq!(purchases_truth(&anywhere, bank().iter().map(Made::get)), Met);
}

#[test]
fn a_state_is_judged_as_the_table_says() {
    use crate::types::{State, StateSet};
    let [ca, ny] = ["CA", "NY"].map(|code| code.parse::<State>().unwrap());
    #[rustfmt::skip]
    let table = [
        //                                               CA      NY      not known
        (StateRule::Any,                                [Met,    Met,    Met]),
        (StateRule::In(StateSet::from_iter([ca])),      [Met,    NotMet, Unknown]),
        (StateRule::In(State::all().collect()),         [Met,    Met,    Unknown]),
        (StateRule::In(StateSet::EMPTY),                [NotMet, NotMet, NotMet]),
    ];
    for (rule, expected) in table {
        let truth = |state| states_truth(rule.mask(), StateRule::person_bit(state));
        assert_eq!([Some(ca), Some(ny), None].map(truth), expected, "{rule:?}");
    }
}

#[test]
fn an_age_is_judged_as_the_table_says() {
    #[rustfmt::skip]
    let table = [
        // born                on             years        truth
        (None,                 "2020-02-01",  (0, 200),    Unknown),
        (Some("2002-02-01"),   "2020-02-01",  (18, 18),    Met),
        (Some("2002-02-02"),   "2020-02-01",  (18, 18),    NotMet),
        (Some("2002-02-02"),   "2020-02-01",  (17, 17),    Met),
        (Some("2002-02-01"),   "2021-01-31",  (18, 18),    Met),
        (Some("2002-02-01"),   "2021-02-01",  (19, 19),    Met),
        (Some("2002-12-31"),   "2020-02-01",  (17, 17),    Met),
        // 29 February: a year older on 1 March of a common year, on the day of a leap year.
        (Some("2000-02-29"),   "2018-02-28",  (17, 17),    Met),
        (Some("2000-02-29"),   "2018-03-01",  (18, 18),    Met),
        (Some("2000-02-29"),   "2020-02-29",  (20, 20),    Met),
        (Some("2000-02-29"),   "2020-02-28",  (19, 19),    Met),
        // Born after the day.
        (Some("2020-02-02"),   "2020-02-01",  (0, 200),    NotMet),
        (Some("2020-02-01"),   "2020-02-01",  (0, 0),      Met),
        (Some("2021-01-01"),   "2020-02-01",  (0, u32::MAX), NotMet),
        (Some("2002-02-01"),   "2020-02-01",  (0, 17),     NotMet),
        (Some("2002-02-01"),   "2020-02-01",  (19, u32::MAX), NotMet),
    ];
    for (born, on, years, expected) in table {
        let born = born.map(|day| day.parse().unwrap());
        assert_eq!(
            age_truth(years, on.parse().unwrap(), born),
            expected,
            "{born:?} {on} {years:?}"
        );
    }
    let [oldest, newest] = ["-009999-01-01", "9999-12-31"].map(|day| day.parse().unwrap());
    assert_eq!(age_on(oldest, newest), Some(19_998));
    assert_eq!(age_on(newest, oldest), None);
}

#[test]
fn words_are_those_of_the_document_and_order_as_they_say() {
    assert_eq!(Truth::ALL.map(Truth::as_str), ["not_met", "unknown", "met"]);
    assert!(Truth::ALL.is_sorted());
    for truth in Truth::ALL {
        let text = serde_json::to_string(&truth).unwrap();
        assert_eq!(text, format!("{:?}", truth.as_str()));
        assert_eq!(serde_json::from_str::<Truth>(&text).unwrap(), truth);
    }
}
