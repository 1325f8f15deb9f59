//! What is unusual in hand-made histories, and the laws that hold for any purchases.

use proptest::prelude::*;
use uuid::Uuid;

use super::*;

fn id(number: usize) -> RecordId {
    RecordId::from_uuid(Uuid::from_u128(number as u128 + 1))
}

fn day(number: usize) -> Date {
    let first = jiff::civil::date(2023, 1, 2);
    first.saturating_add(jiff::Span::new().days(i64::try_from(number).unwrap()))
}

fn bought<'a>(number: usize, on: usize, cents: i64, merchant: &'a str) -> Purchase<'a> {
    Purchase {
        id: id(number),
        date: day(on),
        amount: Some(Money::usd_cents(cents)),
        merchant,
        category: None,
        minute: None,
    }
}

fn of(list: &[Purchase<'_>], number: usize) -> Anomaly {
    anomalies(list).into_iter().find(|one| one.record == id(number)).unwrap()
}

/// A market every third day, between 40 and 59 dollars.
fn market(count: usize) -> Vec<Purchase<'static>> {
    (0..count).map(|n| bought(n, 3 * n, 4_000 + (n as i64 * 7 % 20) * 100, "Pear Market")).collect()
}

#[test]
fn a_large_amount_at_a_known_merchant_names_its_baseline() {
    let mut list = market(20);
    list.push(bought(20, 100, 60_000, "Pear Market"));
    let found = of(&list, 20);
    assert!(found.is_indexed());
    let [reason @ Reason::AmountAtMerchant(baseline)] = found.reasons.as_slice() else {
        panic!("{found:?}");
    };
    assert_eq!(baseline.count, 20);
    let mut amounts: Vec<i64> = list[..20].iter().map(|one| one.amount.unwrap().minor()).collect();
    amounts.sort_unstable();
    assert_eq!(baseline.median.minor(), amounts[9]);
    assert_eq!((baseline.from, baseline.to), (day(0), day(57)));
    assert_eq!(baseline_records(&list, &found, reason), (0..20).map(id).collect::<Vec<_>>());
    assert!(
        reason.to_string().contains("20 purchases at this merchant from 2023-01-02"),
        "{reason}"
    );
}

#[test]
fn what_would_have_been_ordinary_is_and_a_cent_more_is_not() {
    let mut list = market(20);
    list.push(bought(20, 100, 60_000, "Pear Market"));
    let limit = of(&list, 20).reasons[0].baseline().unwrap().ordinary_up_to;
    for (cents, reasons) in [(limit.minor(), 0), (limit.minor() + 1, 1)] {
        list[20].amount = Some(Money::usd_cents(cents));
        assert_eq!(of(&list, 20).reasons.len(), reasons, "{cents}");
    }
}

#[test]
fn repeating_a_large_charge_does_not_make_the_first_one_normal() {
    let mut list = market(20);
    list.extend((20..40).map(|n| bought(n, 60 + n, 60_000, "Pear Market")));
    let found = anomalies(&list);
    assert!(found.iter().find(|one| one.record == id(20)).unwrap().is_indexed());
    // The second on the same day does not speak for the first either.
    list.push(bought(40, 80, 60_000, "Pear Market"));
    assert!(of(&list, 20).is_indexed() && of(&list, 40).is_indexed());
}

#[test]
fn one_outlier_does_not_hide_the_next() {
    let mut list = market(20);
    list.push(bought(20, 90, 900_000, "Pear Market"));
    list.push(bought(21, 100, 60_000, "Pear Market"));
    assert!(of(&list, 20).is_indexed() && of(&list, 21).is_indexed());
}

#[test]
fn short_histories_say_nothing() {
    for count in 0..AT_MERCHANT_MIN {
        let mut list = market(count);
        list.push(bought(50, 100, 9_000_000, "Pear Market"));
        assert!(anomalies(&list).iter().all(|one| one.reasons.is_empty()), "{count}");
    }
    let mut list = market(AT_MERCHANT_MIN);
    list.push(bought(50, 100, 9_000_000, "Pear Market"));
    assert!(of(&list, 50).is_indexed());
}

#[test]
fn a_new_merchant_is_compared_with_first_visits_and_only_while_it_is_new() {
    let names: Vec<String> = (0..OF_PERSON_MIN).map(|n| format!("Shop {n}")).collect();
    let mut list: Vec<Purchase<'_>> =
        (0..).zip(&names).map(|(n, name)| bought(n, n, 2_000, name)).collect();
    // The daily coffee is one merchant, however often.
    list.extend((100..160).map(|n| bought(n, n - 100, 300, "Pear Coffee")));
    list.push(bought(200, 70, 250_000, "Stranger"));
    list.push(bought(201, 70 + 19, 250_000, "Stranger"));
    list.push(bought(202, 70 + 20, 250_000, "Stranger"));
    list.push(bought(203, 70, 250_000, ""));
    let found = of(&list, 200);
    let [reason @ Reason::NewMerchant { visits: 0, baseline }] = found.reasons.as_slice() else {
        panic!("{found:?}");
    };
    assert_eq!((baseline.count, baseline.median.minor()), (OF_PERSON_MIN + 3, 2_000));
    assert_eq!(baseline_records(&list, &found, reason).len(), baseline.count);
    assert!(of(&list, 201).is_indexed() && !of(&list, 202).is_indexed());
    assert!(!of(&list, 203).is_indexed(), "without a merchant none is new");
}

#[test]
fn a_category_is_described_by_the_first_visits_of_its_merchants() {
    let names: Vec<String> = (0..IN_CATEGORY_MIN).map(|n| format!("Table {n}")).collect();
    let food = |one: Purchase<'static>| Purchase { category: Some("food"), ..one };
    let mut list: Vec<Purchase<'_>> =
        (0..).zip(&names).map(|(n, name)| bought(n, n, 3_000, name)).collect();
    list.iter_mut().for_each(|one| one.category = Some("food"));
    list.push(food(bought(50, 40, 40_000, "Table X")));
    let found = of(&list, 50);
    let [reason @ Reason::AmountInCategory(baseline)] = found.reasons.as_slice() else {
        panic!("{found:?}");
    };
    assert_eq!(baseline_records(&list, &found, reason).len(), baseline.count);
    // The same amount in a category that nothing is known of.
    list[IN_CATEGORY_MIN].category = Some("travel");
    assert!(of(&list, 50).reasons.is_empty());
}

#[test]
fn hours_weekdays_and_bursts_are_told_with_their_numbers() {
    let mut list = market(60);
    (0_u16..).zip(&mut list).for_each(|(n, one)| one.minute = Some(600 + n * 37 % 600));
    list.push(Purchase { minute: Some(185), ..bought(60, 200, 4_500, "Pear Market") });
    let found = of(&list, 60);
    assert!(found.is_indexed());
    let [Reason::Minute { minute: 185, count: 60, to_second_nearest }] = found.reasons[..] else {
        panic!("{found:?}");
    };
    assert!(to_second_nearest > 400);
    assert_eq!(baseline_records(&list, &found, &found.reasons[0]).len(), 60);
    // One purchase at that hour does not make it usual, two do.
    list.push(Purchase { minute: Some(190), ..bought(61, 199, 4_500, "Pear Market") });
    assert!(of(&list, 60).is_indexed());
    list.push(Purchase { minute: Some(170), ..bought(62, 198, 4_500, "Pear Market") });
    assert!(!of(&list, 60).is_indexed());

    // Mondays only, and then a Sunday.
    let mut list: Vec<_> = (0..30).map(|n| bought(n, 7 * n, 5_000, "Pear Market")).collect();
    list.push(bought(30, 7 * 30 + 6, 5_000, "Pear Market"));
    let found = of(&list, 30);
    assert_eq!(found.reasons, [Reason::Weekday { weekday: Weekday::Sunday, count: 30 }]);
    assert!(!found.is_indexed(), "a weekday alone is not an anomaly");

    let mut list = market(10);
    list.extend((10..14).map(|n| bought(n, 50, 4_000, "Pear Market")));
    let found = of(&list, 12);
    assert_eq!(found.reasons, [Reason::Burst { count: 4, most_before: 1 }]);
    let records = baseline_records(&list, &found, &found.reasons[0]);
    assert_eq!(records, [10, 11, 12, 13].map(id));
    list.extend((20..23).map(|n| bought(n, 60, 4_100, "Pear Market")));
    assert!(of(&list, 20).reasons.is_empty(), "it is usual by then");
}

#[test]
fn what_took_no_money_is_not_scored_and_currencies_do_not_mix() {
    let mut list = market(20);
    list.push(bought(20, 100, -60_000, "Pear Market"));
    list.push(bought(21, 100, 0, "Pear Market"));
    list.push(Purchase { amount: None, ..bought(22, 100, 0, "Pear Market") });
    assert_eq!(anomalies(&list).len(), 20);
    let yen = Money::new(600_000, "JPY".parse().unwrap());
    list.push(Purchase { amount: Some(yen), ..bought(23, 100, 0, "Pear Market") });
    assert!(of(&list, 23).reasons.is_empty());
}

#[test]
fn nothing_personal_shows_in_debug() {
    let mut list = market(20);
    list.push(bought(20, 100, 61_234, "Pear Market"));
    let shown = format!("{list:?} {:?}", of(&list, 20));
    assert!(!shown.contains("Pear") && !shown.contains("612") && !shown.contains("USD"), "{shown}");
}

fn any_purchases() -> impl Strategy<Value = Vec<Purchase<'static>>> {
    let cents = prop_oneof![
        8 => 100_i64..5_000,
        1 => prop::sample::select(vec![i64::MAX, i64::MIN, 0, -500, 1, i64::MAX - 1]),
        1 => 100_000_i64..900_000,
    ];
    let one = (0_usize..60, cents, 0_usize..4, any::<bool>(), prop::option::of(0_u16..1_500));
    prop::collection::vec(one, 0..120).prop_map(|list| {
        let purchase = |(n, (on, cents, merchant, euro, minute)): (
            usize,
            (usize, i64, usize, bool, Option<u16>),
        )| {
            let currency = if euro && n % 5 == 0 { "EUR" } else { "USD" };
            Purchase {
                amount: Some(Money::new(cents, currency.parse().unwrap())),
                category: (merchant != 1).then_some("food"),
                minute,
                ..bought(n, on, 0, ["Pear", "Plum", "", "Quince"][merchant])
            }
        };
        list.into_iter().enumerate().map(purchase).collect()
    })
}

proptest! {
    #[test]
    fn the_order_of_records_does_not_matter(list in any_purchases(), seed in any::<u64>()) {
        let mut mixed = list.clone();
        mixed.sort_by_key(|one| one.id.uuid().as_u128().wrapping_mul(u128::from(seed | 1)));
        prop_assert_eq!(anomalies(&list), anomalies(&mixed));
    }

    #[test]
    fn every_purchase_has_one_score_from_0_to_1_that_its_reasons_give(list in any_purchases()) {
        let found = anomalies(&list);
        prop_assert_eq!(found.len(), list.iter().filter(|one| one.amount.unwrap().minor() > 0).count());
        for one in &found {
            prop_assert!((0.0..=1.0).contains(&one.score));
            prop_assert_eq!(one.score == 0.0, one.reasons.is_empty());
            prop_assert!(one.reasons.iter().all(|reason| one.score >= reason.strength() - 1e-12));
            for reason in &one.reasons {
                prop_assert_eq!(baseline_records(&list, one, reason).len(), reason.count());
                prop_assert!(!reason.to_string().is_empty());
            }
        }
    }

    #[test]
    fn later_purchases_change_nothing(list in any_purchases(), at in 0_usize..60) {
        let early: Vec<_> = list.iter().filter(|one| one.date <= day(at)).copied().collect();
        let all = anomalies(&list);
        let some = anomalies(&early);
        prop_assert_eq!(&all[..some.len()], &some[..]);
    }
}
