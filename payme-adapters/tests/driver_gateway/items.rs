//! Paying people by name: everybody is paid once or named, however often it is asked.

use std::sync::Arc;

use payme_adapters::driver::{ExecuteOptions, PaidTogether, SkippedItem};
use payme_adapters::store::memory::MemoryStore;
use payme_adapters::store::sqlite::SqliteStore;
use payme_core::payouts::{BatchState, PayItem, Skipped};
use payme_core::ports::Store;

use super::world::{
    World, gateway_over, item, key, new_account, new_destination, settlement, usd, user,
};

/// A world in which one attorney has both accounts.
async fn one_attorney(store: Arc<dyn Store>) -> World {
    let world = World::over(store).await;
    let account = new_account(3, Some(usd(10_000)));
    world.gateway.link(world.own, account).await.unwrap();
    for n in 1..=4 {
        world.gateway.open_claim(user(n), settlement(3)).await.unwrap();
        let filing = payme_core::claims::Filing::default();
        world.gateway.submit_claim(user(n), settlement(3), filing).await.unwrap();
    }
    world
}

fn third(n: u32, cents: Option<i64>) -> PayItem {
    PayItem { settlement_id: settlement(3), ..item(n, cents) }
}

fn reasons(told: &PaidTogether) -> Vec<(usize, Skipped)> {
    told.skipped.iter().map(|one: &SkippedItem| (one.position, one.reason)).collect()
}

/// Pays people of two settlements, with every reason to be left out, and again and again.
async fn pays_each_once(store: Arc<dyn Store>) {
    let world = one_attorney(store).await;
    let (gateway, own) = (&world.gateway, world.own);
    // 1 was paid before, 2 is on its way with the same amount, 3 stands with another amount.
    world.pay(&[item(1, Some(700))], "before").await.unwrap();
    gateway.approve(own, settlement(1), user(2), Some(usd(800)), None).await.unwrap();
    gateway.create_batch(own, settlement(1), &key("other")).await.unwrap();
    gateway.approve(own, settlement(1), user(3), Some(usd(900)), None).await.unwrap();
    gateway.reject(own, settlement(1), user(4), None).await.unwrap();
    let asked = [
        third(1, Some(300)), // 1: paid
        item(1, Some(700)),  // 2: was paid
        item(2, Some(800)),  // 3: is on its way
        item(3, Some(901)),  // 4: stands with another amount
        item(4, None),       // 5: was rejected
        item(10, None),      // 6: did not file
        item(9, None),       // 7: nobody knows where to
        third(2, None),      // 8: nobody says how much
        item(5, None),       // 9: the least payout
        item(6, Some(600)),  // 10: paid
    ];
    let told = world.pay(&asked, "payday").await.unwrap();
    let expected = [
        (2, Skipped::AlreadyPaid),
        (3, Skipped::InFlight),
        (4, Skipped::OtherAmount),
        (5, Skipped::NotApproved),
        (6, Skipped::NotSubmitted),
        (7, Skipped::NoDestination),
        (8, Skipped::NoAmount),
    ];
    assert_eq!(reasons(&told), expected);
    assert_eq!((told.total_items, told.total_approved), (10, 5));
    let paid = [(user(1), 300), (user(1), 700), (user(5), 500), (user(6), 600)];
    assert_eq!(world.rail.paid(), paid);
    for batch in &told.batches {
        assert_eq!(batch.execution.state, BatchState::Completed);
        assert_eq!(batch.reconciliation.disagreements, []);
    }
    // What is known now is another matter: the answer is that of then.
    gateway.link_destination(user(9), new_destination(9)).await.unwrap();
    gateway.close(own, settlement(3)).await.unwrap();
    for _ in 0..2 {
        let again = world.pay(&asked, "payday").await.unwrap();
        assert_eq!((reasons(&again), again.total_approved), (expected.to_vec(), 5));
        let totals = |told: &PaidTogether| -> Vec<_> {
            told.batches.iter().map(|one| one.reconciliation.clone()).collect()
        };
        assert_eq!(totals(&again), totals(&told));
    }
    let mut turned = asked;
    turned.reverse();
    let again = world.pay(&turned, "payday").await.unwrap();
    assert_eq!(again.total_approved, 5, "in another order it is the same request");
    assert_eq!(world.rail.paid(), paid, "and nobody is paid again");
    // A part of it, or more, under the same key is another request.
    for other in [&asked[..9], &asked[..1], &[third(3, Some(5))]] {
        let error = world.pay(other, "payday").await.unwrap_err();
        assert_eq!(error.code(), "idempotency_key_reused");
    }
}

#[tokio::test]
async fn everybody_is_paid_once_or_named_in_memory() {
    pays_each_once(Arc::new(MemoryStore::new())).await;
}

#[tokio::test]
async fn everybody_is_paid_once_or_named_in_sqlite() {
    pays_each_once(Arc::new(SqliteStore::open("sqlite::memory:").await.unwrap())).await;
}

#[tokio::test]
async fn nothing_is_sent_before_every_account_covers_its_batch() {
    let world = one_attorney(Arc::new(MemoryStore::new())).await;
    let (gateway, own) = (&world.gateway, world.own);
    let asked = [item(1, Some(700)), third(1, Some(10_001))];
    let error = world.pay(&asked, "payday").await.unwrap_err();
    assert_eq!(error.code(), "insufficient_funds");
    assert_eq!(world.rail.paid(), []);
    for (account, balance) in gateway.balances(own).await.unwrap() {
        assert_eq!(balance.available, balance.funded, "{}", account.id);
    }
    assert_eq!(gateway.batches(own, None, 9).await.unwrap(), [], "nothing is set aside");
    gateway.fund(own, settlement(3), &key("more"), usd(1)).await.unwrap();
    let told = world.pay(&asked, "payday").await.unwrap();
    assert_eq!((told.total_approved, reasons(&told)), (2, vec![]));
    assert_eq!(world.rail.paid(), [(user(1), 700), (user(1), 10_001)]);
}

/// A claimant whose transfer failed is paid by a new attempt under a new key, and by no other way.
#[tokio::test]
async fn a_retry_is_a_new_attempt() {
    let (world, _) = World::new().await;
    world.rail.decline(user(1));
    let asked = [item(1, Some(700)), item(2, Some(800))];
    let told = world.pay(&asked, "first").await.unwrap();
    assert_eq!(told.batches[0].execution.state, BatchState::Partial);
    world.rail.accept_all();
    assert_eq!(
        world.pay(&asked, "first").await.unwrap().batches[0].execution.state,
        BatchState::Partial
    );
    assert_eq!(world.rail.paid(), [(user(2), 800)], "the same request pays nobody again");
    let told = world.pay(&asked, "second").await.unwrap();
    assert_eq!(reasons(&told), [(2, Skipped::AlreadyPaid)]);
    assert_eq!(world.rail.paid(), [(user(1), 700), (user(2), 800)]);
    let approval = world.store.approval_of(user(1), settlement(1)).await.unwrap().unwrap();
    assert_eq!(approval.attempt, 2);
}

/// A rail that has had enough is asked again by the same request, for those who are left.
#[tokio::test]
async fn a_request_that_was_interrupted_goes_on() {
    let (world, _) = World::new().await;
    let asked: Vec<PayItem> = (1..=9).map(|n| item(n, Some(100))).collect();
    world.rail.accept_only(3);
    let told = world.pay(&asked, "payday").await.unwrap();
    let execution = &told.batches[0].execution;
    assert!(execution.is_paused && execution.open == 5, "{execution:?}");
    let paid = world.rail.paid();
    assert_eq!(paid.len(), 3);
    world.gateway.link_destination(user(9), new_destination(9)).await.unwrap();
    world.rail.accept_all();
    let again = world.pay(&asked, "payday").await.unwrap();
    assert_eq!(again.batches[0].execution.state, BatchState::Completed);
    assert_eq!(reasons(&again), [(9, Skipped::NoDestination)], "as when the batch was made");
    let whole = world.rail.paid();
    assert_eq!(whole.len(), 8);
    assert!(paid.iter().all(|one| whole.contains(one)));
}

/// However few requests a rail answers at a time, each call lets somebody through, and nobody is
/// agreed to for nothing again and again.
#[tokio::test]
async fn a_rail_that_answers_few_requests_at_a_time_pays_everybody_in_the_end() {
    for quota in [2, 3, 7, 10] {
        let (world, _) = World::new().await;
        let asked: Vec<PayItem> = (1..=8).map(|n| item(n, Some(100))).collect();
        let mut paid = 0;
        for call in 1.. {
            world.rail.answer_only(quota);
            let told = world.pay(&asked, "payday").await.unwrap();
            let before = std::mem::replace(&mut paid, world.rail.paid().len());
            if told.batches[0].execution.state == BatchState::Completed {
                break;
            }
            assert!(paid > before, "nobody was paid by call {call} with {quota} answers");
            assert!(told.batches[0].execution.is_paused);
        }
        assert_eq!(paid, 8);
    }
}

/// Where the settings are wrong, that is said, and what was begun goes on once they are mended.
#[tokio::test]
async fn what_has_to_be_mended_is_told() {
    let (world, _) = World::new().await;
    let asked: Vec<PayItem> = (1..=3).map(|n| item(n, Some(100))).collect();
    world.rail.break_by("INVALID_API_KEYS");
    let told = world.pay(&asked, "payday").await.unwrap();
    let execution = &told.batches[0].execution;
    assert_eq!(execution.blocked_by.as_deref(), Some("INVALID_API_KEYS"));
    assert_eq!((execution.open, execution.is_paused), (3, true));
    world.rail.accept_all();
    let told = world.pay(&asked, "payday").await.unwrap();
    assert_eq!(told.batches[0].execution.state, BatchState::Completed);
    assert_eq!(told.batches[0].execution.blocked_by, None);
}

/// Another process that begins the same request at the same time leads to the same batches.
#[tokio::test]
async fn the_same_request_twice_at_once_pays_once() {
    let store = Arc::new(MemoryStore::new());
    let world = World::over(store.clone()).await;
    let second = gateway_over(store, world.rail.clone(), None);
    let asked: Vec<PayItem> = (1..=8).map(|n| item(n, Some(100))).collect();
    let options = ExecuteOptions { chunk: 2, ..Default::default() };
    let payday = key("payday");
    let (one, two) = tokio::join!(
        world.gateway.execute_items(world.own, &asked, &payday, options, |_| {}),
        second.execute_items(world.own, &asked, &payday, options, |_| {}),
    );
    assert!(one.is_ok() || two.is_ok());
    let told =
        world.gateway.execute_items(world.own, &asked, &payday, options, |_| {}).await.unwrap();
    assert_eq!((told.total_approved, told.batches.len()), (8, 1));
    assert_eq!(world.rail.paid().len(), 8);
}

#[tokio::test]
async fn people_beyond_a_page_are_approved_together() {
    let (world, store) = World::new().await;
    let asked: Vec<PayItem> = (1..=9).chain([50]).map(|n| item(n, Some(10))).collect();
    assert_eq!(world.pay(&asked, "payday").await.unwrap_err().code(), "unknown_user");
    assert_eq!(store.payout_rows().approvals.len(), 0);
    let told = world.pay(&asked[..9], "payday").await.unwrap();
    assert_eq!(reasons(&told), [(9, Skipped::NoDestination)]);
    let account = world.account(1).await;
    let log = world.store.payout_log(account, 0, usize::MAX).await.unwrap();
    assert!(log.iter().zip(1..).all(|(link, place)| link.sequence == place));
}

#[tokio::test]
async fn progress_hears_of_every_transfer_of_every_batch_once() {
    let world = one_attorney(Arc::new(MemoryStore::new())).await;
    let items = [item(5, Some(600)), item(6, Some(600)), third(1, Some(300)), item(10, None)];
    let options = ExecuteOptions { chunk: 1, ..ExecuteOptions::default() };
    let payday = key("payday");
    let pay = async |heard: &mut Vec<usize>| {
        let progress = |looked_at| heard.push(looked_at);
        let paid = world.gateway.execute_items(world.own, &items, &payday, options, progress);
        paid.await.unwrap()
    };
    let (mut heard, mut again) = (Vec::new(), Vec::new());
    let told = pay(&mut heard).await;
    // One did not file, and is in no batch.
    assert_eq!((told.batches.len(), told.skipped.len()), (2, 1));
    assert_eq!(heard, [1, 1, 1]);
    pay(&mut again).await;
    assert_eq!(again, Vec::<usize>::new(), "what has ended is not looked at again");
}
