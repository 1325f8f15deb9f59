//! Cancelling what is on its way: what is asked and said is logged, and only what became of it moves
//! money.

use std::sync::Arc;

use payme_adapters::driver::{CancelOutcome, ExecuteOptions, GatewayError};
use payme_adapters::store::memory::MemoryStore;
use payme_adapters::store::sqlite::SqliteStore;
use payme_core::claims::ClaimState;
use payme_core::payouts::{
    Answer, ApprovalState, BatchState, Books, CancelAnswer, PayoutEvent, RailBalance, RailStatus,
    Refusal, Transfer, TransferState,
};
use payme_core::ports::Store;
use payme_core::types::{Currency, PayoutBatchId, TransferId};

use super::world::{World, item, key, settlement, usd, user};

/// The transfer of a person, the newest.
async fn transfer_of(world: &World, batch: PayoutBatchId, n: u32) -> Transfer {
    let rows = world.store.transfers(batch, TransferState::ALL, None, 99).await.unwrap();
    rows.into_iter().find(|row| row.user_id == user(n)).unwrap()
}

/// A world in which people 1 and 2 are paid, and the money of the first is on its way.
async fn on_its_way(store: Arc<dyn Store>) -> (World, PayoutBatchId, TransferId) {
    let world = World::over(store).await;
    world.rail.delay(user(1));
    let items = [item(1, Some(700)), item(2, Some(800))];
    let told = world.pay(&items, "payday").await.unwrap();
    let batch = told.batches[0].batch_id;
    let id = transfer_of(&world, batch, 1).await.id;
    (world, batch, id)
}

/// The facts about cancelling, as they stand in the log, which rebuilds the rows.
async fn logged(world: &World) -> Vec<String> {
    let account = world.account(1).await;
    let links = world.store.payout_log(account, 0, usize::MAX).await.unwrap();
    let facts: Vec<_> = links.iter().map(|link| (link.at, link.event().unwrap())).collect();
    let rebuilt = Books::replay(facts.iter().map(|(at, event)| (*at, event))).unwrap();
    for row in rebuilt.transfers.values() {
        let stored = world.store.transfer(row.id).await.unwrap().unwrap();
        assert_eq!(Transfer { version: row.version, ..stored }, *row);
    }
    let told = facts.into_iter().filter_map(|(_, event)| match event {
        PayoutEvent::PayoutCancelAsked { .. } => Some("asked".to_owned()),
        PayoutEvent::PayoutCancelAnswered { answer, code, .. } => {
            Some(code.map_or_else(|| answer.to_string(), |code| format!("{answer}: {code}")))
        }
        _ => None,
    });
    told.collect()
}

fn code(answer: Result<CancelOutcome, GatewayError>) -> &'static str {
    answer.map_or_else(|error| error.code(), |_| "done")
}

async fn is_cancelled_and_paid_by_a_new_attempt_alone(store: Arc<dyn Store>) {
    let (world, batch, id) = on_its_way(store).await;
    let (gateway, own) = (&world.gateway, world.own);
    let outcome = gateway.cancel(own, id).await.unwrap();
    let expected = CancelOutcome {
        answer: CancelAnswer::Agreed,
        state: TransferState::Failed,
        failure_reason: Some("cancelled".to_owned()),
        is_contradicted: false,
    };
    assert_eq!(outcome, expected);
    assert_eq!(logged(&world).await, ["asked", "agreed"]);
    // It was the last of its batch, which has ended: its money is free again.
    let ended = gateway.batch(own, batch).await.unwrap();
    assert_eq!((ended.state, ended.open_transfers()), (BatchState::Partial, 0));
    let (_, balance) = gateway.balances(own).await.unwrap().remove(0);
    assert_eq!((balance.available, balance.paid, balance.in_flight), (9_200, 800, 0));
    let claim = gateway.claim(user(1), settlement(1)).await.unwrap().unwrap();
    assert_eq!(claim.state, ClaimState::NotPaidOut);
    let approval = world.store.approval_of(user(1), settlement(1)).await.unwrap().unwrap();
    assert_eq!((approval.state, approval.attempt), (ApprovalState::Failed, 1));
    // Nothing that is asked again pays it, and nothing cancels it twice.
    gateway.execute(own, batch, ExecuteOptions::default(), |_| {}).await.unwrap();
    world.pay(&[item(1, Some(700)), item(2, Some(800))], "payday").await.unwrap();
    let more = gateway.create_batch(own, settlement(1), &key("more")).await.unwrap();
    assert_eq!(more.batch.total_transfers, 0);
    assert_eq!(code(gateway.cancel(own, id).await), "transfer_over");
    assert_eq!(world.rail.paid(), [(user(2), 800)]);
    let report = gateway.reconcile(own, batch, |_| {}).await.unwrap();
    assert_eq!(report.disagreements, []);
    // A new decision does, once.
    world.rail.accept_all();
    world.pay(&[item(1, Some(700))], "again").await.unwrap();
    let approval = world.store.approval_of(user(1), settlement(1)).await.unwrap().unwrap();
    assert_eq!((approval.state, approval.attempt), (ApprovalState::Paid, 2));
    assert_eq!(world.rail.paid(), [(user(1), 700), (user(2), 800)]);
    assert_eq!(logged(&world).await, ["asked", "agreed"]);
}

#[tokio::test]
async fn a_cancelled_transfer_is_paid_by_a_new_attempt_alone_in_memory() {
    is_cancelled_and_paid_by_a_new_attempt_alone(Arc::new(MemoryStore::new())).await;
}

#[tokio::test]
async fn a_cancelled_transfer_is_paid_by_a_new_attempt_alone_in_sqlite() {
    let store = SqliteStore::open("sqlite::memory:").await.unwrap();
    is_cancelled_and_paid_by_a_new_attempt_alone(Arc::new(store)).await;
}

#[tokio::test]
async fn what_cannot_be_cancelled_is_refused() {
    let store = Arc::new(MemoryStore::new());
    let (world, batch, id) = on_its_way(store.clone()).await;
    let (gateway, own) = (&world.gateway, world.own);
    let settled = transfer_of(&world, batch, 2).await.id;
    gateway.approve(own, settlement(1), user(3), Some(usd(900)), None).await.unwrap();
    let made = gateway.create_batch(own, settlement(1), &key("later")).await.unwrap();
    let waiting = transfer_of(&world, made.batch.id, 3).await.id;
    let nobody = TransferId::from_uuid(uuid::Uuid::nil());
    let (rows, facts) = (store.payout_rows(), logged(&world).await);
    for (attorney, transfer, expected) in [
        (own, settled, "transfer_over"),
        (own, waiting, "transfer_not_at_rail"),
        (own, nobody, "unknown_transfer"),
        (world.other, id, "unknown_transfer"),
    ] {
        assert_eq!(code(gateway.cancel(attorney, transfer).await), expected);
    }
    assert!(store.payout_rows() == rows, "no row has changed");
    assert_eq!((facts, logged(&world).await), (vec![], vec![]));
    // What is on its way already is asked for, and the rail says no: that is written down.
    world.rail.advance(user(1), RailStatus::Posted);
    let error = gateway.cancel(own, id).await.unwrap_err();
    assert_eq!(error.code(), "transfer_not_cancellable");
    assert!(error.to_string().contains("TRANSFER_NOT_CANCELLABLE"), "{error}");
    assert_eq!(logged(&world).await, ["asked", "refused: TRANSFER_NOT_CANCELLABLE"]);
    assert_eq!(store.payout_rows().as_logged(), rows.as_logged());
}

#[tokio::test]
async fn what_the_rail_says_to_the_request_moves_nothing_by_itself() {
    let (world, batch, id) = on_its_way(Arc::new(MemoryStore::new())).await;
    let (gateway, own) = (&world.gateway, world.own);
    let never = || Answer::Refused(Refusal::Never("NO".to_owned()));
    world.rail.hush(true);
    for (said, expected) in [
        (Answer::Done(()), Ok(CancelAnswer::Agreed)),
        (Answer::Refused(Refusal::Later), Ok(CancelAnswer::Later)),
        (Answer::Unknown, Ok(CancelAnswer::Unknown)),
        (never(), Err("transfer_not_cancellable")),
    ] {
        world.rail.say(said);
        let told = gateway.cancel(own, id).await;
        assert_eq!(told.map(|one| one.answer).map_err(|error| error.code()), expected);
        assert_eq!(transfer_of(&world, batch, 1).await.state, TransferState::Processing);
    }
    let words = ["asked", "agreed", "asked", "later", "asked", "unknown", "asked", "refused: NO"];
    assert_eq!(logged(&world).await, words);
    // It agreed, and sent the money all the same: what is true is where the transfer is.
    world.rail.hush(false);
    world.rail.advance(user(1), RailStatus::Settled);
    world.rail.say(Answer::Done(()));
    let told = gateway.cancel(own, id).await.unwrap();
    assert_eq!((told.answer, told.state), (CancelAnswer::Agreed, TransferState::Completed));
    assert_eq!(world.rail.paid(), [(user(1), 700), (user(2), 800)]);
}

#[tokio::test]
async fn a_refusal_of_what_was_cancelled_before_is_none() {
    let (world, batch, id) = on_its_way(Arc::new(MemoryStore::new())).await;
    world.rail.advance(user(1), RailStatus::Cancelled);
    let told = world.gateway.cancel(world.own, id).await.unwrap();
    assert_eq!((told.answer, told.state), (CancelAnswer::Refused, TransferState::Failed));
    assert_eq!(transfer_of(&world, batch, 1).await.failure_reason.as_deref(), Some("cancelled"));
}

#[tokio::test]
async fn the_money_of_the_rail_is_told_where_it_says() {
    let (world, _) = World::new().await;
    let told = world.gateway.rail_balance(world.own).await.unwrap();
    let balance = RailBalance { currency: Currency::USD, available: 12_345, pending: 67 };
    assert_eq!(told, ("test", Some(balance)));
    world.rail.hush(true);
    assert_eq!(world.gateway.rail_balance(world.own).await.unwrap(), ("test", None));
}
