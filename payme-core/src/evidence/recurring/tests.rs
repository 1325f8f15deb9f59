//! Streams of hand-made calendars, and the laws that hold for any charges.

use std::collections::BTreeSet;

use jiff::civil::Weekday;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;

fn id(number: usize) -> RecordId {
    RecordId::from_uuid(Uuid::from_u128(number as u128 + 1))
}

/// Charges of one merchant in dollars, `day=cents` each, the ids by place.
fn charges<'a>(merchant: &'a str, list: &str) -> Vec<Charge<'a>> {
    let charge = |(number, text): (usize, &str)| {
        let (day, cents) = text.split_once('=').unwrap();
        let amount = Some(Money::usd_cents(cents.parse().unwrap()));
        Charge { id: id(number), date: day.parse().unwrap(), amount, merchant }
    };
    list.split_whitespace().enumerate().map(charge).collect()
}

/// As [`charges`], all of one amount.
fn equal(list: &str) -> Vec<Charge<'static>> {
    let list: Vec<String> = list.split_whitespace().map(|day| format!("{day}=1549")).collect();
    charges("Pear", &list.join(" "))
}

fn only(charges: &[Charge<'_>]) -> Stream {
    let mut found = streams(charges);
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

#[test]
fn each_cadence_is_told_from_a_calendar_with_shifts() {
    let nth = |nth, weekday| MonthDay::Nth { nth, weekday };
    #[rustfmt::skip]
    let table = [
        // Wednesdays.
        ("2024-01-03 2024-01-10 2024-01-17 2024-01-25 2024-01-31 2024-02-07",
         Cadence::Weekly { phase: 6 }, "2024-02-14"),
        ("2024-01-05 2024-01-19 2024-02-02 2024-02-16 2024-03-01 2024-03-15",
         Cadence::TwoWeekly { phase: 1 }, "2024-03-29"),
        // The 15th and the last day; weekends wait for Monday.
        ("2024-01-15 2024-01-31 2024-02-15 2024-02-29 2024-03-15 2024-04-01 2024-04-15 2024-04-30",
         Cadence::SemiMonthly { first: 15, second: MonthDay::Last }, "2024-05-15"),
        // The 31st, clamped, in a leap year.
        ("2024-01-31 2024-02-29 2024-03-31 2024-04-30 2024-05-31",
         Cadence::Monthly(MonthDay::Last), "2024-06-30"),
        // The 30th of a common year.
        ("2022-11-30 2022-12-30 2023-01-30 2023-02-28 2023-03-30 2023-04-30",
         Cadence::Monthly(MonthDay::Day(30)), "2023-05-30"),
        // The 6th, Saturdays and Sundays on the Monday after.
        ("2024-01-08 2024-02-06 2024-03-06 2024-04-08 2024-05-06 2024-06-06",
         Cadence::Monthly(MonthDay::Day(6)), "2024-07-06"),
        // The second Tuesday.
        ("2024-01-09 2024-02-13 2024-03-12 2024-04-09 2024-05-14 2024-06-11 2024-07-09",
         Cadence::Monthly(nth(2, Weekday::Tuesday)), "2024-08-13"),
        // The last Friday.
        ("2024-01-26 2024-02-23 2024-03-29 2024-04-26 2024-05-31 2024-06-28 2024-07-26",
         Cadence::Monthly(MonthDay::LastWeekday(Weekday::Friday)), "2024-08-30"),
        // The ends of quarters.
        ("2023-03-31 2023-06-30 2023-10-02 2023-12-29 2024-04-01 2024-06-28 2024-09-30 2024-12-31",
         Cadence::Quarterly { month: 2, day: MonthDay::Last }, "2025-03-31"),
        ("2021-02-14 2022-02-14 2023-02-14 2024-02-14",
         Cadence::Yearly { month: 2, day: MonthDay::Day(14) }, "2025-02-14"),
    ];
    for (days, cadence, next) in table {
        let stream = only(&equal(days));
        assert_eq!(stream.cadence(), cadence, "{days}");
        assert_eq!(stream.next_expected(stream.last_date()), Some(day(next)), "{days}");
        assert_eq!(stream.occurrences().len(), days.split(' ').count(), "{days}");
        assert!(stream.missed().is_empty(), "{days}");
        assert!(stream.confidence().get() > 0.5, "{days}");
    }
}

#[test]
fn missed_late_and_merged_charges_are_told() {
    let stream = only(&charges(
        "Pear",
        "2023-09-05=999 2023-10-05=999 2023-11-06=999 2024-01-05=999 2024-02-16=999 2024-03-05=999 \
         2024-05-06=1998 2024-06-05=999 2024-07-05=999",
    ));
    assert_eq!(stream.cadence(), Cadence::Monthly(MonthDay::Day(5)));
    assert_eq!(stream.missed(), [day("2023-12-05")], "April was paid with May");
    let timing: Vec<Timing> = stream.occurrences().iter().map(|one| one.timing).collect();
    assert_eq!(timing[4], Timing::Late(11));
    assert_eq!(timing[6], Timing::Merged);
    assert_eq!(timing.iter().filter(|timing| **timing == Timing::OnTime).count(), 7);
    assert_eq!(stream.median_amount(), Money::usd_cents(999));
    assert!(stream.price_changes().is_empty());
}

#[test]
fn a_new_price_is_the_same_stream() {
    let stream = only(&charges(
        "Pear",
        "2023-01-12=899 2023-02-13=899 2023-03-13=899 2023-04-12=899 2023-05-12=1199 \
         2023-06-12=1199 2023-07-12=1199 2023-08-14=1349",
    ));
    let told: Vec<_> = stream
        .price_changes()
        .iter()
        .map(|change| (change.date.to_string(), change.from.minor(), change.to.minor()))
        .collect();
    let expected = [("2023-05-12", 899, 1_199), ("2023-08-14", 1_199, 1_349)];
    assert_eq!(told, expected.map(|(date, from, to)| (date.to_owned(), from, to)));
    assert_eq!(stream.last_amount(), Money::usd_cents(1_349));
    assert_eq!(stream.median_amount(), Money::usd_cents(899), "the lower one of two");
    // An electricity bill has no prices.
    let bill = only(&charges(
        "Pear",
        "2023-01-12=8120 2023-02-13=7740 2023-03-13=6990 2023-04-12=7150 2023-05-12=6020 2023-06-12=5890",
    ));
    assert!(bill.price_changes().is_empty());
}

#[test]
fn two_streams_of_one_merchant_stay_two() {
    let by_price = "2024-01-03=999 2024-01-03=2499 2024-02-03=2499 2024-02-03=999 2024-03-04=999 \
        2024-03-04=2499 2024-04-03=999 2024-04-03=2499 2024-05-03=999 2024-05-03=2499";
    let by_day = "2024-01-03=999 2024-01-11=999 2024-02-05=999 2024-02-12=999 2024-03-04=999 \
        2024-03-11=999 2024-04-03=999 2024-04-11=999 2024-05-03=999 2024-05-13=999";
    for list in [by_price, by_day] {
        let found = streams(&charges("Pear", list));
        let sizes: Vec<usize> = found.iter().map(|one| one.occurrences().len()).collect();
        assert_eq!(sizes, [5, 5], "{list}");
        assert!(found.iter().all(|one| one.cadence().kind() == CadenceKind::Monthly), "{list}");
    }
    let prices: BTreeSet<i64> =
        streams(&charges("Pear", by_price)).iter().map(|one| one.median_amount().minor()).collect();
    assert_eq!(prices, [999, 2_499].into());
}

#[test]
fn single_purchases_refunds_and_what_is_no_amount_stay_outside() {
    let mut list = charges(
        "Pear",
        "2024-01-03=999 2024-01-19=4550 2024-02-03=999 2024-03-04=999 2024-03-05=-999 2024-03-22=1280 \
         2024-04-03=999 2024-04-03=0 2024-05-03=999",
    );
    list.push(Charge { id: id(90), amount: None, ..list[0] });
    let stream = only(&list);
    let records: Vec<RecordId> = stream.records().collect();
    assert_eq!(records, [0, 2, 3, 6, 8].map(id));
    let nobody: Vec<_> = list.iter().map(|one| Charge { merchant: "", ..*one }).collect();
    assert!(streams(&nobody).is_empty());
}

#[test]
fn what_is_bought_on_any_day_is_no_stream() {
    let coffee: Vec<String> = (0..200)
        .filter(|n| (n * n * 37 + n * 11) % 1_009 % 7 < 4)
        .map(|n| format!("{}=450", date_of(19_000 + n).unwrap()))
        .collect();
    let market = "2024-01-02=4210 2024-01-06=6620 2024-01-11=3050 2024-01-20=8890 2024-01-23=1275 \
        2024-02-01=7040 2024-02-06=5110 2024-02-08=2260 2024-02-17=9480 2024-02-25=3340";
    let haircut = "2024-01-04=3500 2024-02-14=3500 2024-03-13=3500 2024-04-29=3500 2024-05-28=3500";
    for list in [coffee.join(" ").as_str(), market, haircut] {
        assert_eq!(streams(&charges("Pear", list)), [], "{list}");
    }
}

#[test]
fn status_follows_the_day_it_is_asked_for() {
    let stream = only(&equal("2024-01-05 2024-02-05 2024-03-05 2024-04-05"));
    // Due on 5 May and 5 June; the window of a month ends 14 days later.
    assert_eq!(stream.lives_until(), day("2024-06-19"));
    for (as_of, status) in [
        ("2020-01-01", Status::Mature),
        ("2024-05-30", Status::Mature),
        ("2024-06-19", Status::Mature),
        ("2024-06-20", Status::Cancelled),
        ("2030-01-01", Status::Cancelled),
    ] {
        assert_eq!(stream.status(day(as_of)), status, "{as_of}");
    }
    assert_eq!(stream.next_expected(day("2024-05-30")), Some(day("2024-06-05")));
    let yearly = only(&equal("2022-02-14 2023-02-14"));
    assert_eq!(yearly.status(day("2023-12-01")), Status::Mature);
    assert_eq!(yearly.lives_until(), day("2024-03-30"));
    let list = equal("2024-01-05 2024-02-05 2024-03-05");
    let guesses = streams_from(&list[..2], 0.0);
    let early = guesses.iter().find(|one| one.cadence().kind() == CadenceKind::Monthly).unwrap();
    assert_eq!(early.status(day("2024-02-06")), Status::EarlyDetection);
    let told = explain(&list[..2], early);
    assert_eq!(told.to_maturity, Some((1, day("2024-03-05"))));
    assert!(told.sentences().iter().any(|text| text.contains("2024-03-05 would make it mature")));
}

#[test]
fn an_explanation_says_what_was_tried() {
    let list =
        equal("2024-01-05 2024-02-05 2024-03-05 2024-04-05 2024-05-06 2024-06-05 2024-07-05");
    let stream = only(&list);
    let told = explain(&list, &stream);
    assert_eq!(told.rests_on.len(), 7);
    assert!(
        streams(&list[..told.enough]).len() == 1 && streams(&list[..told.enough - 1]).is_empty()
    );
    assert!(told.decisive.is_empty(), "seven charges are not asked one by one");
    let short = &list[..told.enough];
    for record in explain(short, &only(short)).decisive {
        let without: Vec<_> = short.iter().filter(|one| one.id != record).copied().collect();
        assert!(streams(&without).is_empty());
    }
}

#[test]
fn streams_speak_as_features_with_their_records() {
    let mut list = equal("2024-01-05 2024-02-05 2024-03-05 2024-04-05 2024-05-06 2024-06-05");
    let other: Vec<_> = list
        .iter()
        .map(|one| Charge {
            id: id(50 + usize::try_from(one.id.uuid().as_u128()).unwrap()),
            merchant: "AT&T",
            ..*one
        })
        .collect();
    list.extend(other);
    let found = subscription_features(&streams(&list));
    let told: Vec<_> = found.iter().map(|(key, records)| (key.as_str(), records.len())).collect();
    assert_eq!(
        told,
        [("subscription:active", 12), ("subscription:at_t", 6), ("subscription:pear", 6)]
    );
    let unsure = streams_from(&charges("Pear", "2024-01-05=999 2024-02-05=1250"), 0.0);
    assert_eq!(unsure.len(), 1);
    assert!(unsure[0].confidence().get() < SPEAKS_FROM, "{unsure:?}");
    assert!(subscription_features(&unsure).is_empty());
}

#[test]
fn extremes_of_dates_and_amounts_are_charges_like_others() {
    let amounts = [i64::MAX, i64::MAX - 1, 1, i64::MIN, 0];
    let dates = [
        Date::MIN,
        Date::MAX,
        day("9999-12-01"),
        day("2024-02-29"),
        jiff::civil::date(-9999, 2, 1),
    ];
    let mut list = Vec::new();
    for minor in amounts {
        for date in dates {
            let amount = Some(Money::new(minor, Currency::USD));
            list.push(Charge { id: id(list.len()), date, amount, merchant: "Pear" });
        }
    }
    for stream in streams_from(&list, 0.0) {
        assert!(stream.next_expected(Date::MAX).is_none());
        let _ = (stream.lives_until(), stream.price_changes(), explain(&list, &stream).sentences());
    }
    // A stream at the end of the calendar has no next day.
    let last = only(&equal("9999-08-31 9999-09-30 9999-10-31 9999-11-30 9999-12-31"));
    assert_eq!(last.next_expected(last.last_date()), None);
    assert_eq!(last.lives_until(), Date::MAX);
    // Prices as large as they get.
    let list = ["2024-01-05", "2024-02-05", "2024-03-05", "2024-04-05"].map(|date| date.to_owned());
    let list: Vec<String> = list.iter().map(|date| format!("{date}={}", i64::MAX)).collect();
    assert_eq!(only(&charges("Pear", &list.join(" "))).median_amount().minor(), i64::MAX);
}

#[test]
fn nothing_personal_shows_in_debug() {
    let list = equal("2024-01-05 2024-02-05 2024-03-05 2024-04-05");
    let stream = only(&list);
    let shown = format!("{list:?} {stream:?} {:?}", stream.occurrences());
    assert!(
        !shown.contains("Pear") && !shown.contains("15.49") && !shown.contains("1549"),
        "{shown}"
    );
}

/// A brute-force checker: whether every charge lies within the window of its own occurrence of the
/// cadence, by walking the calendar day by day.
fn keeps_to(stream: &Stream) -> bool {
    let window = stream.cadence().kind().window();
    let mut due: Vec<Date> = Vec::new();
    let before = date_of(day_number(stream.first_date()) - 800).unwrap_or(Date::MIN);
    due.extend(
        stream.cadence().due_after(before).take_while(|day| {
            *day <= stream.last_date().saturating_add(jiff::Span::new().days(60))
        }),
    );
    stream.occurrences().windows(2).all(|pair| pair[0].due < pair[1].due)
        && stream.occurrences().iter().all(|one| {
            let offset = day_number(one.date) - day_number(one.due);
            due.contains(&one.due) && (-window.early..=window.late).contains(&offset)
        })
        && stream
            .missed()
            .iter()
            .all(|day| due.contains(day) && stream.occurrences().iter().all(|one| one.due != *day))
}

fn any_charges() -> impl Strategy<Value = Vec<Charge<'static>>> {
    let one =
        (0_i32..500, prop::sample::select(vec![500_i64, 999, 999, 1_299, 2_000, -999]), 0_usize..3);
    prop_oneof![
        // Anything,
        prop::collection::vec(one, 0..40),
        // and weeks or months with gaps.
        (
            prop::sample::select(vec![7, 14, 30]),
            prop::collection::vec((0_i32..3, 0_usize..2), 2..14)
        )
            .prop_map(|(step, list)| {
                let charge = |(n, (jitter, merchant)): (i32, (i32, usize))| {
                    (n * step + jitter, 999, merchant)
                };
                (0..).zip(list).map(charge).collect()
            },),
    ]
    .prop_map(|list| {
        let charge = |(number, (days, cents, merchant)): (usize, (i32, i64, usize))| Charge {
            id: id(number),
            date: date_of(19_700 + days).unwrap(),
            amount: Some(Money::usd_cents(cents)),
            merchant: ["Pear", "Plum", ""][merchant],
        };
        list.into_iter().enumerate().map(charge).collect()
    })
}

proptest! {
    #[test]
    fn the_order_of_records_does_not_matter(list in any_charges(), seed in any::<u64>()) {
        let mut mixed = list.clone();
        mixed.sort_by_key(|one| one.id.uuid().as_u128().wrapping_mul(u128::from(seed | 1)));
        prop_assert_eq!(streams_from(&list, 0.0), streams_from(&mixed, 0.0));
    }

    #[test]
    fn a_record_belongs_to_one_stream_at_most_and_is_there(list in any_charges()) {
        let mut seen = BTreeSet::new();
        for stream in streams_from(&list, 0.0) {
            prop_assert!(stream.occurrences().len() >= 2);
            prop_assert!(stream.occurrences().is_sorted_by_key(|one| one.date));
            prop_assert!((0.0..=1.0).contains(&stream.confidence().get()));
            prop_assert!(keeps_to(&stream), "{:?}", stream.cadence());
            for one in stream.occurrences() {
                prop_assert!(seen.insert(one.record));
                let charge = list.iter().find(|charge| charge.id == one.record).unwrap();
                prop_assert_eq!((charge.date, charge.amount, charge.merchant), (one.date, Some(one.amount), stream.merchant()));
            }
        }
    }

    #[test]
    fn another_merchant_or_currency_changes_no_stream(list in any_charges(), days in 0_i32..500, cents in 1_i64..3_000) {
        let before = streams_from(&list, 0.0);
        let date = date_of(19_700 + days).unwrap();
        let euro = Money::new(cents, "EUR".parse().unwrap());
        let mut more = list.clone();
        more.push(Charge { id: id(900), date, amount: Some(Money::usd_cents(cents)), merchant: "Quince" });
        more.push(Charge { id: id(901), date, amount: Some(euro), merchant: "Pear" });
        prop_assert_eq!(before, streams_from(&more, 0.0));
    }

    #[test]
    fn a_strict_calendar_is_always_found(start in 18_000_i32..20_000, cents in 100_i64..50_000, count in 6_i32..30, kind in 0_usize..3) {
        let step = [7, 14, 0][kind];
        let first = date_of(start).unwrap();
        let charge = |n: i32| {
            let month = first.first_of_month().saturating_add(jiff::Span::new().months(n));
            let on = first.day().min(month.days_in_month());
            let date = if step == 0 { month.with().day(on).build().unwrap() } else { date_of(start + n * step).unwrap() };
            Charge { id: id(n.unsigned_abs() as usize), date, amount: Some(Money::usd_cents(cents)), merchant: "Pear" }
        };
        let list: Vec<_> = (0..count).map(charge).collect();
        let found = streams(&list);
        prop_assert_eq!(found.len(), 1);
        prop_assert_eq!(found[0].cadence().kind(), [CadenceKind::Weekly, CadenceKind::TwoWeekly, CadenceKind::Monthly][kind]);
        prop_assert_eq!(found[0].occurrences().len(), list.len());
    }
}

/// A shop with many charges is looked at a fixed number of times: the answer is there at once.
#[test]
fn a_merchant_with_many_charges_has_few_streams() {
    let charge = |n: i32| Charge {
        id: id(n.unsigned_abs() as usize),
        date: date_of(10_000 + n / 10).unwrap(),
        amount: Some(Money::usd_cents(i64::from(n * 7_919 % 10_007) + 100)),
        merchant: "Pear",
    };
    let mut list: Vec<_> = (0..30_000).map(charge).collect();
    assert!(streams_from(&list, 0.0).len() <= group::STREAMS_MAX);
    list.truncate(1);
    assert!(streams_from(&list, 0.0).is_empty());
}
