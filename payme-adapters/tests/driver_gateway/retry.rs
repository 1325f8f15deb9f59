//! Paying once more whom a batch did not pay, where others are let down in between.

use std::path::Path;
use std::sync::Arc;

use payme_adapters::driver::ExecuteOptions;
use payme_adapters::store::sqlite::SqliteStore;
use payme_core::payouts::{BatchState, Skipped, items_batch_key};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};
use tempfile::TempDir;

use super::world::{World, item, key, settlement, user};

/// Changes a database behind the back of the store.
async fn by_hand(path: &Path, statement: &str) {
    let mut connection = SqliteConnectOptions::new().filename(path).connect().await.unwrap();
    let statement = sqlx::AssertSqlSafe(statement.to_owned());
    sqlx::query(statement).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// A retry that stops where a row of this table is written goes on with whom it named, although
/// somebody else of the batch was let down in between.
async fn goes_on_where_it_stopped(table: &str, is_begun: bool) {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("world.db");
    let store = Arc::new(SqliteStore::open(path.to_str().unwrap()).await.unwrap());
    let world = World::over(store.clone()).await;
    let (gateway, own) = (&world.gateway, world.own);
    let options = ExecuteOptions { chunk: 1, in_flight: 1, ..ExecuteOptions::default() };
    let let_down = || [1, 2].map(|n| world.rail.decline(user(n)));
    // One of two is declined, and the other one is not sent yet.
    let_down();
    world.rail.accept_only(1);
    let asked = [item(1, Some(100)), item(2, Some(100))];
    let told = gateway.execute_items(own, &asked, &key("first"), options, |_| {}).await.unwrap();
    let first = told.batches[0].batch_id;
    assert_eq!(told.batches[0].execution.open, 1);
    let again = key("again");
    let named = gateway.unpaid_items(own, first, &again).await.unwrap();
    assert_eq!(named.len(), 1);

    let stop = format!(
        "create trigger stop before insert on {table} begin select raise(abort, 'stopped'); end"
    );
    by_hand(&path, &stop).await;
    gateway.execute_items(own, &named, &again, options, |_| {}).await.unwrap_err();
    let batch_key = items_batch_key(&again, settlement(1)).unwrap();
    let begun = world.store.payout_batch_of(own, &batch_key).await.unwrap();
    assert_eq!(begun.is_some(), is_begun, "{table}");
    assert!(begun.is_none_or(|batch| !batch.is_sealed), "{table}");
    world.rail.accept_all();
    let_down();
    let done = gateway.execute(own, first, options, |_| {}).await.unwrap();
    assert_eq!((done.state, done.open), (BatchState::Failed, 0));
    world.rail.accept_all();
    by_hand(&path, "drop trigger stop").await;

    assert_eq!(gateway.unpaid_items(own, first, &again).await.unwrap(), named, "{table}");
    let told = gateway.execute_items(own, &named, &again, options, |_| {}).await.unwrap();
    assert_eq!((told.total_approved, told.skipped.len()), (1, 0));
    assert_eq!(world.rail.paid(), [(named[0].user_id, 100)]);
    assert_eq!(gateway.unpaid_items(own, first, &again).await.unwrap(), named);
    // Under a new key both are asked for, and whoever was not paid is.
    let third = key("third");
    let both = gateway.unpaid_items(own, first, &third).await.unwrap();
    assert_eq!(both.len(), 2);
    let told = gateway.execute_items(own, &both, &third, options, |_| {}).await.unwrap();
    let skipped: Vec<_> = told.skipped.iter().map(|one| (one.user_id, one.reason)).collect();
    assert_eq!(skipped, [(named[0].user_id, Skipped::AlreadyPaid)]);
    assert_eq!(world.rail.paid(), [(user(1), 100), (user(2), 100)]);
    // A key of another request is told, whatever it named.
    let used = gateway.unpaid_items(own, first, &key("first")).await.unwrap();
    assert_eq!(used.len(), 2);
    store.close().await;
}

#[tokio::test]
async fn a_retry_that_stopped_while_its_batch_was_written_goes_on() {
    goes_on_where_it_stopped("payout_transfer", true).await;
}

#[tokio::test]
async fn a_retry_that_stopped_before_its_batch_goes_on() {
    goes_on_where_it_stopped("payout_batch", false).await;
}
