//! Transfers that wait for a person: they are sent when their attorney says so, and nobody else's.

use payme_adapters::driver::{ExecuteOptions, RailWebhook};
use payme_core::audit::EventBody;
use payme_core::payouts::{BatchState, Hold, ProviderTransferId, RailStatus};
use payme_core::ports::EventStore as _;

use super::world::{World, key, settlement, usd, user};

#[tokio::test]
async fn a_held_transfer_is_sent_once_its_attorney_releases_it() {
    let (world, _) = World::new().await;
    let gateway = &world.gateway;
    world.rail.check_not(user(2));
    for n in [1, 2] {
        gateway.approve(world.own, settlement(1), user(n), Some(usd(700)), None).await.unwrap();
    }
    let made = gateway.create_batch(world.own, settlement(1), &key("payday")).await.unwrap();
    let batch = made.batch.id;
    let execute = || gateway.execute(world.own, batch, ExecuteOptions::default(), |_| {});
    let done = execute().await.unwrap();
    assert_eq!((done.ended, done.open), (1, 1));
    assert_eq!(world.rail.paid(), [(user(1), 700)]);

    let transfers = gateway.transfers(world.own, batch, None, 9).await.unwrap();
    let held = transfers.iter().find(|one| one.hold.is_some()).unwrap();
    assert_eq!((held.user_id, held.hold), (user(2), Some(Hold::Unchecked)));
    let sent = transfers.iter().find(|one| one.hold.is_none()).unwrap();
    let nobodys = user(2).to_string().parse().unwrap();
    for (attorney, id) in [(world.other, held.id), (world.own, sent.id), (world.own, nobodys)] {
        let error = gateway.release(attorney, id).await.unwrap_err();
        assert_eq!(error.code(), "transfer_not_held");
    }
    assert_eq!(execute().await.unwrap().open, 1, "it waits until somebody decides");

    gateway.release(world.own, held.id).await.unwrap();
    let done = execute().await.unwrap();
    assert_eq!((done.state, done.open), (BatchState::Completed, 0));
    assert_eq!(world.rail.paid(), [(user(1), 700), (user(2), 700)]);
    let error = gateway.release(world.own, held.id).await.unwrap_err();
    assert_eq!(error.code(), "transfer_not_held");
}

#[tokio::test]
async fn a_held_transfer_that_is_given_up_is_paid_by_a_new_attempt() {
    let (world, _) = World::new().await;
    let gateway = &world.gateway;
    world.rail.check_not(user(2));
    gateway.approve(world.own, settlement(1), user(2), Some(usd(700)), None).await.unwrap();
    let made = gateway.create_batch(world.own, settlement(1), &key("payday")).await.unwrap();
    let batch = made.batch.id;
    let execute = |id| gateway.execute(world.own, id, ExecuteOptions::default(), |_| {});
    execute(batch).await.unwrap();
    let [held] = &gateway.transfers(world.own, batch, None, 9).await.unwrap()[..] else {
        unreachable!("one person is paid")
    };
    let error = gateway.give_up(world.other, held.id).await.unwrap_err();
    assert_eq!(error.code(), "transfer_not_held");
    world.rail.hush(true);
    let error = gateway.give_up(world.own, held.id).await.unwrap_err();
    assert_eq!(error.code(), "rail_silent");
    world.rail.hush(false);
    let given = gateway.give_up(world.own, held.id).await.unwrap();
    assert_eq!(given.failure_reason.as_deref(), Some("given_up"));
    let ended = gateway.batch(world.own, batch).await.unwrap();
    assert_eq!((ended.state, ended.held.in_flight), (BatchState::Failed, 0));
    let again = gateway.give_up(world.own, held.id).await.unwrap_err();
    assert_eq!(again.code(), "transfer_not_held");

    world.rail.check_all();
    gateway.approve(world.own, settlement(1), user(2), Some(usd(700)), None).await.unwrap();
    let made = gateway.create_batch(world.own, settlement(1), &key("again")).await.unwrap();
    assert_eq!(execute(made.batch.id).await.unwrap().state, BatchState::Completed);
    assert_eq!(world.rail.paid(), [(user(2), 700)]);
}

#[tokio::test]
async fn a_webhook_is_written_down_and_moves_nothing_by_what_it_says() {
    let (world, store) = World::new().await;
    let rows = store.payout_rows();
    let before = store.events_after(0, usize::MAX).await.unwrap().len();
    let told = RailWebhook {
        event_type: "x".repeat(1_000),
        transfer_id: Some(ProviderTransferId("rail-1".to_owned())),
        status: Some(RailStatus::Settled),
    };
    let read = world.gateway.webhook_received(told).await.unwrap();
    assert_eq!((read.read, read.is_complete), (0, true), "the rail has nothing to tell");
    assert_eq!(store.payout_rows(), rows);
    let events = store.events_after(0, usize::MAX).await.unwrap();
    assert_eq!(events.len(), before + 1);
    let body = &events.last().unwrap().event.body;
    assert_eq!(body.kind(), "payout_webhook_received");
    let EventBody::PayoutWebhookReceived { event_type, status, .. } = body else {
        unreachable!("it has that kind")
    };
    assert_eq!((event_type.len(), *status), (100, Some(RailStatus::Settled)));
}
