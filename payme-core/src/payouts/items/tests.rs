//! What a request to pay people by name may be: a table of refusals, and laws of the groups.

use proptest::collection::vec;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::claims::ClaimMove;
use crate::payouts::{AccountStatus, ApprovalMove};
use crate::types::ApprovalId;

fn user(n: u8) -> UserId {
    UserId::from_uuid(Uuid::from_u128(0x1000 + u128::from(n)))
}

fn settlement(n: u8) -> SettlementId {
    SettlementId::from_uuid(Uuid::from_u128(0x2000 + u128::from(n)))
}

fn item(user_n: u8, settlement_n: u8, cents: Option<i64>) -> PayItem {
    let money = cents.map(Money::usd_cents);
    PayItem { user_id: user(user_n), settlement_id: settlement(settlement_n), money }
}

/// Accounts of two settlements in dollars and one in yen.
fn currencies() -> BTreeMap<SettlementId, Currency> {
    let yen = "JPY".parse().unwrap();
    [(1, Currency::USD), (2, Currency::USD), (3, yen)]
        .map(|(n, currency)| (settlement(n), currency))
        .into()
}

fn grouped(items: &[PayItem], key: &str) -> Result<Vec<ItemGroup>, ItemsError> {
    group_items(items, &RequestKey::new(key).unwrap(), &currencies())
}

#[test]
fn a_request_that_is_wrong_anywhere_is_refused_whole() {
    let yen = "JPY".parse().unwrap();
    let other = ItemFault::Currency { given: Currency::USD, account: yen };
    let amount = |error| ItemFault::Amount(error);
    let good = item(1, 1, Some(5));
    #[rustfmt::skip]
    let table: &[(&str, &[PayItem], ItemsError)] = &[
        ("nobody",             &[],                                               ItemsError::Empty),
        ("zero",               &[good, item(2, 1, Some(0))],                      amount(AmountError::NotPositive).at(1)),
        ("negative",           &[item(1, 1, Some(-5))],                           amount(AmountError::NotPositive).at(0)),
        ("overflow",           &[item(1, 1, Some(i64::MAX)), item(2, 1, Some(1))], amount(AmountError::Overflow).at(1)),
        ("other currency",     &[good, item(2, 3, Some(5))],                      other.at(1)),
        ("no account",         &[good, item(1, 9, Some(5))],                      ItemFault::NotLinked.at(1)),
        ("the same person",    &[good, item(2, 1, None), item(1, 1, None)],       ItemFault::Twice { first: 1 }.at(2)),
        ("the first is told",  &[item(1, 9, None), item(2, 1, Some(0))],          ItemFault::NotLinked.at(0)),
    ];
    for (name, items, expected) in table {
        assert_eq!(grouped(items, "k"), Err(*expected), "{name}");
    }
    let places = [item(1, 1, None), item(1, 2, None), item(2, 1, None)];
    assert_eq!(grouped(&places, "k").unwrap().len(), 2, "a person of two settlements");
    let most = [item(1, 1, Some(i64::MAX)), item(2, 2, Some(i64::MAX)), item(3, 1, None)];
    assert_eq!(grouped(&most, "k").unwrap().len(), 2, "sums are of one settlement");
}

#[test]
fn the_key_of_every_batch_is_a_key() {
    let longest = "k".repeat(ITEMS_KEY_CHARS_MAX);
    let groups = grouped(&[item(1, 1, None)], &longest).unwrap();
    assert_eq!(groups[0].key.as_str().len(), KEY_CHARS_MAX);
    assert_eq!(groups[0].key.as_str(), format!("{longest}:sid:{}", settlement(1)));
    let longer = "k".repeat(ITEMS_KEY_CHARS_MAX + 1);
    let error = grouped(&[item(1, 1, None)], &longer).unwrap_err();
    assert_eq!((error, error.code()), (ItemsError::Key, "invalid_key"));
}

#[test]
fn every_fault_has_a_code_and_names_its_place() {
    let yen = "JPY".parse().unwrap();
    #[rustfmt::skip]
    let table = [
        (ItemFault::Amount(AmountError::NotPositive),                     "amount_not_positive"),
        (ItemFault::Currency { given: Currency::USD, account: yen },      "mixed_currencies"),
        (ItemFault::UnknownSettlement,                                    "unknown_settlement"),
        (ItemFault::NotLinked,                                            "account_not_linked"),
        (ItemFault::AccountClosed,                                        "account_closed"),
        (ItemFault::UnknownUser,                                          "unknown_user"),
        (ItemFault::Twice { first: 3 },                                   "duplicate_item"),
    ];
    for (fault, code) in table {
        let error = PayoutError::from(fault.at(6));
        assert_eq!(error.code(), code);
        assert!(error.to_string().starts_with("item 7: "), "{error}");
    }
}

#[test]
fn who_cannot_be_paid_now_makes_no_request_wrong() {
    let id = ApprovalId::from_uuid(Uuid::nil());
    let claim = |from| ClaimError::Illegal { from, event: ClaimMove::Approve }.into();
    #[rustfmt::skip]
    let table = [
        (PayoutError::AlreadyPaid(id),                                     Some((Skipped::AlreadyPaid, false))),
        (PayoutError::InFlight(id),                                        Some((Skipped::InFlight, true))),
        (PayoutError::OtherAmount(id),                                     Some((Skipped::OtherAmount, false))),
        (claim(ClaimState::Matched),                                       Some((Skipped::NotSubmitted, false))),
        (claim(ClaimState::Opened),                                        Some((Skipped::NotSubmitted, false))),
        (claim(ClaimState::Rejected),                                      Some((Skipped::NotApproved, false))),
        (PayoutError::Approval { from: ApprovalState::Rejected, event: ApprovalMove::Approve },
                                                                           Some((Skipped::NotApproved, false))),
        (PayoutError::AccountClosed,                                       None),
        (PayoutError::NotLinked,                                           None),
        (PayoutError::Contradiction("approvals"),                          None),
        (PayoutError::Amount(AmountError::NotPositive),                    None),
    ];
    for (error, expected) in table {
        let found = left_out_by(&error).map(|reason| (reason, was_approved(reason)));
        assert_eq!(found, expected, "{error}");
    }
    assert_ne!(AccountStatus::Active, AccountStatus::Closed);
}

#[test]
fn who_is_neither_paid_nor_kept_has_a_transfer_elsewhere() {
    let items = [item(1, 1, None), item(2, 1, None), item(3, 1, None), item(4, 2, None)];
    let groups = grouped(&items, "k").unwrap();
    let kept = BTreeMap::from([(user(2), Skipped::NoDestination)]);
    let out = complete_left_out(&groups[0], &BTreeSet::from([user(1)]), &kept);
    assert_eq!(out, [(2, user(2), Skipped::NoDestination), (3, user(3), Skipped::InFlight)]);
}

fn any_items() -> impl Strategy<Value = Vec<PayItem>> {
    let any = (0..40_u8, 1..=2_u8, proptest::option::of(1..1_000_000_i64));
    vec(any, 1..40).prop_map(|all| {
        let mut seen = BTreeSet::new();
        let fresh = all.into_iter().filter(|(user, of, _)| seen.insert((*user, *of)));
        fresh.map(|(user, of, cents)| item(user, of, cents)).collect()
    })
}

proptest! {
    #[test]
    fn every_item_is_in_exactly_one_group(items in any_items()) {
        let groups = grouped(&items, "k").unwrap();
        let mut found: Vec<(usize, PayItem)> = Vec::new();
        for group in &groups {
            prop_assert_eq!(group.positions.len(), group.items.len());
            for (position, (user_id, amount)) in group.positions.iter().zip(&group.items) {
                let money = amount.map(|amount| Money::usd_cents(amount.minor()));
                found.push((*position, PayItem { user_id: *user_id, settlement_id: group.settlement_id, money }));
            }
        }
        found.sort_by_key(|(position, _)| *position);
        let told: Vec<(usize, PayItem)> = (1..).zip(items).collect();
        prop_assert_eq!(found, told);
    }

    #[test]
    fn the_digest_is_that_of_the_set_of_items(items in any_items(), turns in 0..40_usize) {
        let digest = |items: &[PayItem]| request_digest(&grouped(items, "k").unwrap());
        let mut turned = items.clone();
        turned.rotate_left(turns % items.len());
        prop_assert_eq!(digest(&items), digest(&turned));
        let fewer = &items[1..];
        if !fewer.is_empty() {
            prop_assert_ne!(digest(&items), digest(fewer));
        }
    }
}

#[test]
fn a_kept_request_tells_how_many_of_the_first_it_named() {
    let items: Vec<PayItem> = (1..=9).map(|n| item(n, 1, Some(i64::from(n)))).collect();
    let key = RequestKey::new("again").unwrap();
    let digest = |length: usize| request_digest(&grouped(&items[..length], "again").unwrap());
    let asked = |known, kept: &str| first_items_asked(&items, known, &key, &currencies(), kept);
    for (named, known, found) in
        [(9, 9, Some(9)), (4, 9, Some(4)), (1, 9, Some(1)), (4, 4, Some(4)), (5, 4, None)]
    {
        assert_eq!(asked(known, &digest(named)), found, "{named} of {known}");
    }
    assert_eq!(asked(usize::MAX, &digest(9)), Some(9));
    assert_eq!(asked(9, "another request"), None);
    assert_eq!(first_items_asked(&[], 9, &key, &currencies(), ""), None);
}
