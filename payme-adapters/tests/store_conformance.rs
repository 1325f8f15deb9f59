//! Every store passes the suite that is meant for all of them.
#![cfg(all(feature = "memory", feature = "sqlite"))]
#![allow(clippy::unwrap_used, reason = "a test that fails should say where")]

mod store_reopened;

use payme_adapters::store::memory::MemoryStore;
use payme_adapters::store::sqlite::SqliteStore;
use payme_core::ports::{Store, conformance};
use tempfile::TempDir;

use store_reopened::Reopened;

/// The failures of a kind of store, of which `empty` makes a fresh one for each case.
async fn failures<S: Store>(empty: impl AsyncFn() -> S) -> Vec<String> {
    let mut failures = Vec::new();
    for case in conformance::cases() {
        if let Err(failure) = conformance::run(case, &empty().await).await {
            failures.push(failure.to_string());
        }
    }
    failures
}

#[tokio::test]
async fn the_memory_store_conforms() {
    assert_eq!(failures(async || MemoryStore::new()).await, [""; 0]);
}

#[tokio::test]
async fn the_sqlite_store_conforms_in_memory() {
    let empty = async || SqliteStore::open("sqlite::memory:").await.unwrap();
    assert_eq!(failures(empty).await, [""; 0]);
}

#[tokio::test]
async fn the_sqlite_store_conforms_in_a_file() {
    let dir = TempDir::new().unwrap();
    let counter = std::cell::Cell::new(0);
    let empty = async || {
        counter.set(counter.get() + 1);
        let path = dir.path().join(format!("{}.db", counter.get()));
        SqliteStore::open(path.to_str().unwrap()).await.unwrap()
    };
    assert_eq!(failures(empty).await, [""; 0]);
}

/// Nothing is kept outside of the file: each call gets a store that was just opened.
#[tokio::test]
async fn the_sqlite_store_conforms_when_it_is_opened_anew_for_every_call() {
    let dir = TempDir::new().unwrap();
    let counter = std::cell::Cell::new(0);
    let empty = async || {
        counter.set(counter.get() + 1);
        let path = dir.path().join(format!("{}.db", counter.get()));
        Reopened { path: path.to_str().unwrap().to_owned() }
    };
    assert_eq!(failures(empty).await, [""; 0]);
}
