//! What is refused: each with its code, and with every row as it was.

use std::sync::Arc;

use payme_adapters::driver::{Driver, ExecuteOptions, GatewayError, NewAccount};
use payme_adapters::store::memory::MemoryStore;
use payme_adapters::system::{CountedRandom, FixedClock};
use payme_adapters::vault::Secret;
use payme_core::audit::Link;
use payme_core::catalog::parse_settlements;
use payme_core::claims::{ClaimState, Filing};
use payme_core::payouts::{AttorneyStatus, Books, PayItem, RequestKey};
use payme_core::ports::{EventStore as _, GatewayStore as _, PayoutStore as _};
use payme_core::types::{Currency, Instant, Money, PayoutBatchId, SettlementId};

use super::world::{
    RING, World, gateway_at, gateway_over, item, key, new_account, new_destination, now, profile,
    question_id, settlement, usd, user, yes_no,
};

/// Everything that a refusal must leave as it is.
async fn everything(store: &MemoryStore) -> (Books, Vec<Link>, usize, usize) {
    let books = store.payout_rows();
    let mut log = Vec::new();
    for account in books.accounts.keys() {
        log.extend(store.payout_log(*account, 0, usize::MAX).await.unwrap());
    }
    let events = store.events_after(0, usize::MAX).await.unwrap().len();
    let destinations = store.destinations_after(None, usize::MAX).await.unwrap().len();
    (books, log, events, destinations)
}

/// What a call answers, as the code of its error.
fn code<T>(answer: Result<T, GatewayError>) -> &'static str {
    answer.map_or_else(|error| error.code(), |_| "done")
}

/// Compares a table of calls with the codes they must have, and the rows before and after each.
macro_rules! refused {
    ($store:expr; $($call:expr => $code:literal,)+) => {
        $({
            let before = everything(&$store).await;
            assert_eq!(code($call.await), $code, "{}", stringify!($call));
            assert!(everything(&$store).await == before, "{} left a trace", stringify!($call));
        })+
    };
}

fn yen(minor: i64) -> Money {
    Money::new(minor, "JPY".parse::<Currency>().unwrap())
}

fn of(mut item: PayItem, n: u32) -> PayItem {
    item.settlement_id = settlement(n);
    item
}

fn unknown() -> SettlementId {
    settlement(77)
}

#[tokio::test]
async fn what_is_wrong_has_its_code_and_leaves_no_trace() {
    let (world, store) = World::new().await;
    let (gateway, own) = (&world.gateway, world.own);
    let one = settlement(1);
    let long_note = "n".repeat(2_001);
    let k = key("k");
    // Somebody was approved, paid, and somebody waits.
    world.pay(&[item(1, Some(700))], "paid").await.unwrap();
    gateway.approve(own, one, user(2), Some(usd(800)), Some("Seen.")).await.unwrap();
    gateway.reject(own, one, user(3), None).await.unwrap();
    let batch = gateway.create_batch(own, one, &key("batch")).await.unwrap().batch;
    refused! { store;
        // Amounts.
        gateway.approve(own, one, user(4), Some(usd(0)), None) => "amount_not_positive",
        gateway.approve(own, one, user(4), Some(usd(-5)), None) => "amount_not_positive",
        gateway.approve(own, one, user(4), Some(usd(i64::MIN)), None) => "amount_not_positive",
        gateway.approve(own, one, user(4), Some(yen(5)), None) => "mixed_currencies",
        gateway.approve(world.other, settlement(2), user(4), None, None) => "no_amount",
        gateway.fund(own, one, &k, usd(0)) => "amount_not_positive",
        gateway.fund(own, one, &k, usd(-1)) => "amount_not_positive",
        gateway.fund(own, one, &k, usd(i64::MAX)) => "amount_overflow",
        gateway.fund(own, one, &k, yen(1)) => "mixed_currencies",
        // Who and what is not known.
        gateway.approve(own, unknown(), user(4), None, None) => "unknown_settlement",
        gateway.approve(own, settlement(3), user(4), None, None) => "account_not_linked",
        gateway.approve(own, one, user(50), None, None) => "unknown_user",
        gateway.reject(own, one, user(50), None) => "unknown_user",
        gateway.create_batch(own, unknown(), &k) => "unknown_settlement",
        gateway.batch(own, PayoutBatchId::from_uuid(uuid::Uuid::nil())) => "unknown_batch",
        gateway.open_claim(user(1), unknown()) => "unknown_settlement",
        gateway.open_claim(user(50), one) => "unknown_user",
        gateway.submit_claim(user(50), one, Filing::default()) => "unknown_user",
        gateway.link_destination(user(50), new_destination(50)) => "unknown_user",
        gateway.questions(unknown()) => "unknown_settlement",
        // What was decided.
        gateway.approve(own, one, user(1), Some(usd(700)), None) => "already_paid",
        gateway.approve(own, one, user(1), Some(usd(1)), None) => "already_paid",
        gateway.approve(own, one, user(2), Some(usd(1)), None) => "transfer_in_flight",
        gateway.approve(own, one, user(3), None, None) => "illegal_approval_move",
        gateway.approve(own, one, user(10), None, None) => "illegal_claim_move",
        gateway.reject(own, one, user(2), None) => "illegal_approval_move",
        // Notes.
        gateway.approve(own, one, user(4), None, Some(&long_note)) => "invalid_note",
        gateway.reject(own, one, user(4), Some("a\u{7}b")) => "invalid_note",
        // Accounts.
        gateway.link(own, new_account(2, None)) => "account_already_linked",
        gateway.link(own, NewAccount { bank_name: "Other".into(), ..new_account(1, None) }) => "account_already_linked",
        gateway.link(own, NewAccount { account_ref: Secret::new("7".into()), ..new_account(1, None) }) => "account_already_linked",
        gateway.link(own, new_account(1, None)) => "account_already_linked",
        gateway.link(own, new_account(77, None)) => "unknown_settlement",
        gateway.link(own, NewAccount { bank_name: " x".into(), ..new_account(3, None) }) => "invalid_profile",
        gateway.link(own, NewAccount { account_ref: Secret::new(String::new()), ..new_account(3, None) }) => "invalid_profile",
        gateway.link(own, new_account(3, Some(yen(1)))) => "mixed_currencies",
        gateway.link(own, new_account(3, Some(usd(0)))) => "amount_not_positive",
        // Keys.
        gateway.fund(own, one, &key("opening"), usd(9)) => "idempotency_key_reused",
        world.pay(&[item(1, Some(701))], "paid") => "idempotency_key_reused",
        world.pay(&[item(4, None)], "paid") => "idempotency_key_reused",
        world.pay(&[item(4, None)], &"k".repeat(160)) => "invalid_key",
        // Requests that name people.
        world.pay(&[], "new") => "no_items",
        world.pay(&[item(4, None), item(4, Some(5))], "new") => "duplicate_item",
        world.pay(&[item(4, Some(5)), item(5, Some(0))], "new") => "amount_not_positive",
        world.pay(&[item(4, Some(i64::MAX)), item(5, Some(1))], "new") => "amount_overflow",
        world.pay(&[PayItem { money: Some(yen(5)), ..item(4, None) }], "new") => "mixed_currencies",
        world.pay(&[item(4, None), of(item(5, None), 77)], "new") => "unknown_settlement",
        world.pay(&[item(4, None), of(item(5, None), 2)], "new") => "account_not_linked",
        world.pay(&[item(4, None), item(50, None)], "new") => "unknown_user",
        // Questions.
        gateway.set_questions(own, settlement(2), vec![yes_no(1, 2)]) => "account_not_linked",
        gateway.set_questions(own, one, vec![yes_no(1, 1), yes_no(1, 1)]) => "duplicate_question",
        gateway.set_questions(own, one, vec![yes_no(1, 2)]) => "foreign_question",
    }
    assert_eq!(RequestKey::new("k".repeat(10_000)).unwrap_err().code(), "invalid_key");
    assert_eq!(batch.total_transfers, 1, "the person who waits");
}

#[tokio::test]
async fn what_belongs_to_another_is_not_there() {
    let (world, store) = World::new().await;
    let (gateway, own, other) = (&world.gateway, world.own, world.other);
    let one = settlement(1);
    gateway.approve(own, one, user(1), None, None).await.unwrap();
    let batch = gateway.create_batch(own, one, &key("batch")).await.unwrap().batch.id;
    let options = ExecuteOptions::default();
    refused! { store;
        gateway.close(other, one) => "account_not_linked",
        gateway.fund(other, one, &key("k"), usd(5)) => "account_not_linked",
        gateway.approve(other, one, user(2), None, None) => "account_not_linked",
        gateway.reject(other, one, user(2), None) => "account_not_linked",
        gateway.reviews(other, one, user(1)) => "account_not_linked",
        gateway.settlement_reviews(other, one, |_, _| {}) => "account_not_linked",
        gateway.create_batch(other, one, &key("k")) => "account_not_linked",
        gateway.batch(other, batch) => "unknown_batch",
        gateway.execute(other, batch, options, |_| {}) => "unknown_batch",
        gateway.reconcile(other, batch, |_| {}) => "unknown_batch",
        gateway.transfers(other, batch, None, 9) => "unknown_batch",
        gateway.execute_items(other, &[item(2, None)], &key("k"), options, |_| {}) => "account_not_linked",
        gateway.set_questions(other, one, vec![yes_no(1, 1)]) => "account_not_linked",
        gateway.link(other, new_account(1, Some(usd(10_000)))) => "account_already_linked",
    }
    assert_eq!(gateway.batches(other, None, 9).await.unwrap(), []);
    let balances = gateway.balances(other).await.unwrap();
    let settlements: Vec<_> = balances.iter().map(|(row, _)| row.settlement_id).collect();
    assert_eq!(settlements, [settlement(2)]);
    assert_eq!(gateway.batch(own, batch).await.unwrap().id, batch);
}

#[tokio::test]
async fn who_is_suspended_or_unknown_does_nothing() {
    let (world, store) = World::new().await;
    let gateway = &world.gateway;
    let one = settlement(1);
    gateway.approve(world.own, one, user(1), None, None).await.unwrap();
    let batch = gateway.create_batch(world.own, one, &key("batch")).await.unwrap().batch.id;
    gateway.set_status(world.own, AttorneyStatus::Suspended).await.unwrap();
    let options = ExecuteOptions::default();
    let nobody = payme_core::types::AttorneyId::from_uuid(uuid::Uuid::nil());
    for (own, expected) in [(world.own, "attorney_suspended"), (nobody, "unknown_attorney")] {
        let before = everything(&store).await;
        let found = [
            code(gateway.issue_key(own).await),
            code(gateway.link(own, new_account(3, None)).await),
            code(gateway.close(own, one).await),
            code(gateway.fund(own, one, &key("k"), usd(5)).await),
            code(gateway.approve(own, one, user(2), None, None).await),
            code(gateway.reject(own, one, user(2), None).await),
            code(gateway.reviews(own, one, user(1)).await),
            code(gateway.create_batch(own, one, &key("k")).await),
            code(gateway.batch(own, batch).await),
            code(gateway.execute(own, batch, options, |_| {}).await),
            code(gateway.reconcile(own, batch, |_| {}).await),
            code(gateway.transfers(own, batch, None, 9).await),
            code(gateway.execute_items(own, &[item(2, None)], &key("k"), options, |_| {}).await),
            code(gateway.set_questions(own, one, vec![yes_no(1, 1)]).await),
            code(gateway.balances(own).await),
            code(gateway.batches(own, None, 9).await),
        ];
        assert_eq!(found, [expected; 16]);
        assert!(everything(&store).await == before, "{expected}");
    }
    gateway.set_status(world.own, AttorneyStatus::Active).await.unwrap();
    let done = gateway.execute(world.own, batch, options, |_| {}).await.unwrap();
    assert_eq!((done.ended, done.open), (1, 0));
}

#[tokio::test]
async fn a_closed_account_pays_nobody_new() {
    let (world, store) = World::new().await;
    let (gateway, own) = (&world.gateway, world.own);
    let one = settlement(1);
    let asked = [item(1, Some(700))];
    let before = world.pay(&asked, "before").await.unwrap();
    gateway.approve(own, one, user(2), None, None).await.unwrap();
    let batch = gateway.create_batch(own, one, &key("waiting")).await.unwrap().batch.id;
    gateway.close(own, one).await.unwrap();
    refused! { store;
        gateway.close(own, one) => "account_closed",
        gateway.fund(own, one, &key("k"), usd(5)) => "account_closed",
        gateway.approve(own, one, user(4), None, None) => "account_closed",
        gateway.reject(own, one, user(4), None) => "account_closed",
        gateway.create_batch(own, one, &key("k")) => "account_closed",
        world.pay(&[item(4, None)], "k") => "account_closed",
        gateway.link(own, new_account(1, Some(usd(10_000)))) => "account_closed",
    }
    let mut again = world.pay(&asked, "before").await.unwrap();
    // What ended in this call is the one thing that is not of the request.
    assert_eq!((before.batches[0].execution.ended, again.batches[0].execution.ended), (1, 0));
    again.batches[0].execution.ended = 1;
    assert_eq!(again, before, "the stored answer");
    let options = ExecuteOptions::default();
    let done = gateway.execute(own, batch, options, |_| {}).await.unwrap();
    assert_eq!((done.ended, done.open), (1, 0), "what was on its way ends");
}

#[tokio::test]
async fn a_batch_that_is_not_covered_is_refused_whole() {
    let (world, store) = World::new().await;
    let (gateway, own) = (&world.gateway, world.own);
    for n in 1..=3 {
        gateway.approve(own, settlement(1), user(n), Some(usd(4_000)), None).await.unwrap();
    }
    refused! { store;
        gateway.create_batch(own, settlement(1), &key("batch")) => "insufficient_funds",
    }
    let error = gateway.create_batch(own, settlement(1), &key("batch")).await.unwrap_err();
    assert!(error.to_string().contains("2000 more"), "{error}");
    gateway.fund(own, settlement(1), &key("more"), usd(2_000)).await.unwrap();
    let made = gateway.create_batch(own, settlement(1), &key("batch")).await.unwrap();
    assert_eq!((made.batch.total_transfers, made.batch.total_amount), (3, 12_000));
}

#[tokio::test]
async fn without_keys_nothing_is_put_under_lock() {
    let store = Arc::new(MemoryStore::new());
    let world = World::over(store.clone()).await;
    let gateway = gateway_over(store.clone(), world.rail.clone(), None);
    refused! { store;
        gateway.link(world.own, new_account(3, None)) => "vault_no_key",
        gateway.link_destination(user(9), new_destination(9)) => "vault_no_key",
        gateway.reseal_all() => "vault_no_key",
        gateway.register(user(101), profile("Joan")) => "attorney_registered_otherwise",
        gateway.register(user(103), profile("")) => "invalid_profile",
    }
    let answers = Filing { answers: vec![(question_id(9), "x".to_owned())], ..Filing::default() };
    gateway.open_claim(user(10), settlement(1)).await.unwrap();
    refused! { store;
        gateway.submit_claim(user(10), settlement(1), answers.clone()) => "invalid_answers",
    }
}

#[tokio::test]
async fn a_claim_is_begun_and_filed_only_while_its_settlement_takes_claims() {
    let store = Arc::new(MemoryStore::new());
    let world = World::over(store.clone()).await;
    let late = |status: &str| {
        format!(
            r#"[{{"id": "{}", "title": "Late", "deadline": "2026-02-01[America/New_York]",
                 "status": "{status}", "payout_min_cents": 500,
                 "eligibility": {{"required_features": [], "states": []}}}}]"#,
            settlement(4)
        )
    };
    let (clock, random) = (FixedClock(now()), CountedRandom::new(1 << 45));
    let driver = Driver::new(store.clone(), Arc::new(clock), Arc::new(random));
    let import = async |status: &str| {
        let rows = parse_settlements(late(status).as_bytes()).unwrap().all().unwrap();
        driver.import_settlements(rows).await.unwrap();
    };
    import("open").await;
    let at = |text: &str| {
        let (at, rail) = (Instant::parse(text).unwrap(), world.rail.clone());
        gateway_at(at, store.clone(), rail, Some(RING))
    };
    let (in_time, too_late) = (at("2026-02-02T04:59:59.999999Z"), at("2026-02-02T05:00:00Z"));
    for n in [1, 2] {
        in_time.open_claim(user(n), settlement(4)).await.unwrap();
    }
    in_time.submit_claim(user(1), settlement(4), Filing::default()).await.unwrap();
    refused! { store;
        too_late.open_claim(user(3), settlement(4)) => "claim_deadline_passed",
        too_late.submit_claim(user(2), settlement(4), Filing::default()) => "claim_deadline_passed",
        too_late.submit_claim(user(1), settlement(4), Filing::default()) => "illegal_claim_move",
    }
    for status in ["pending", "closed", "paid", "cancelled"] {
        import(status).await;
        refused! { store;
            in_time.open_claim(user(3), settlement(4)) => "settlement_not_open",
            in_time.submit_claim(user(2), settlement(4), Filing::default()) => "settlement_not_open",
        }
    }
    // Who filed in time is paid, though the settlement is closed by now.
    too_late.link(world.own, new_account(4, Some(usd(1_000)))).await.unwrap();
    too_late.approve(world.own, settlement(4), user(1), None, None).await.unwrap();
    let made = too_late.create_batch(world.own, settlement(4), &key("late")).await.unwrap();
    let options = ExecuteOptions::default();
    too_late.execute(world.own, made.batch.id, options, |_| {}).await.unwrap();
    assert_eq!(world.rail.paid(), [(user(1), 500)]);
    let claim = too_late.claim(user(1), settlement(4)).await.unwrap().unwrap();
    assert_eq!(claim.state, ClaimState::PaidOut);
}
