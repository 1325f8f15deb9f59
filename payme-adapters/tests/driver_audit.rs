//! The audit finds whatever is changed behind the back of the log, and nothing else.
#![cfg(all(feature = "driver", feature = "memory", feature = "sqlite", feature = "system"))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails should say where")]

use std::path::Path;
use std::sync::Arc;

use payme_adapters::driver::{Audit, AuditReport, ExecuteOptions, NewBatch, Payouts};
use payme_adapters::rail::{EverybodyHasDestination, MockRail};
use payme_adapters::store::memory::MemoryStore;
use payme_adapters::store::sqlite::SqliteStore;
use payme_adapters::system::{CountedRandom, FixedClock};
use payme_core::audit::{LogFilter, LogPlace};
use payme_core::claims::ClaimMove;
use payme_core::payouts::{PayoutEvent, RequestKey};
use payme_core::ports::{Clock, PayoutStore, Store};
use payme_core::types::{AttorneyId, Currency, Instant, Money, SettlementId, UserId};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};
use tempfile::TempDir;
use uuid::Uuid;

const PEOPLE: u128 = 30;

fn clock() -> Arc<dyn Clock> {
    Arc::new(FixedClock(Instant::parse("2026-02-01T00:00:00Z").unwrap()))
}

fn key(text: &str) -> RequestKey {
    RequestKey::new(text).unwrap()
}

fn settlement(n: u128) -> SettlementId {
    SettlementId::from_uuid(Uuid::from_u128(n))
}

/// Two accounts, of which each has a batch that was executed and somebody who waits.
async fn paid(store: Arc<dyn Store>) {
    let ports: Arc<dyn PayoutStore> = store.clone();
    let random = Arc::new(CountedRandom::default());
    let (rail, everybody) = (Arc::new(MockRail), Arc::new(EverybodyHasDestination));
    let payouts = Payouts::new(ports, rail, everybody, clock(), random);
    for n in [1, 2] {
        let attorney = AttorneyId::from_uuid(Uuid::from_u128(7));
        let of = settlement(n);
        let account = payouts.link_account(attorney, of, Currency::USD).await.unwrap();
        payouts.fund(account, &key("fund"), Money::usd_cents(100_000)).await.unwrap();
        for person in 0..PEOPLE {
            let user = UserId::from_uuid(Uuid::from_u128(person));
            for step in [ClaimMove::Open, ClaimMove::Submit] {
                payouts.move_claim(user, of, step).await.unwrap();
            }
            payouts.approve(of, user, Some(Money::usd_cents(500))).await.unwrap();
            if person + 2 == PEOPLE {
                let name = key(&format!("batch {n}"));
                let new = NewBatch { settlement: of, key: &name, items: None, payout_min: None };
                let batch = payouts.create_batch(new).await.unwrap().batch.id;
                payouts.execute(batch, ExecuteOptions::default(), |_| {}).await.unwrap();
            }
        }
    }
}

async fn report(store: Arc<dyn Store>) -> AuditReport {
    Audit::new(store, clock()).verify(|_| {}).await.unwrap()
}

fn codes(report: &AuditReport) -> Vec<&'static str> {
    report.findings.iter().map(payme_core::audit::AuditFinding::code).collect()
}

async fn clean_and_sealed(store: Arc<dyn Store>) {
    let audit = Audit::new(store.clone(), clock());
    assert_eq!(audit.seal().await.unwrap(), None, "there is nothing to seal");
    paid(store.clone()).await;
    let seal = audit.seal().await.unwrap().unwrap();
    assert_eq!((seal.sequence, seal.heads.len()), (1, 2));
    assert_eq!(audit.seal().await.unwrap(), None, "nothing grew since");
    let mut heard = 0;
    let found = audit.verify(|facts| heard += facts).await.unwrap();
    assert_eq!((found.accounts, found.seals, found.facts), (2, 1, heard));
    assert_eq!((found.newest, found.findings), (Some(seal), vec![]));
}

#[tokio::test]
async fn what_the_engine_writes_is_found_to_be_right_in_every_store() {
    clean_and_sealed(Arc::new(MemoryStore::new())).await;
    clean_and_sealed(Arc::new(SqliteStore::open("sqlite::memory:").await.unwrap())).await;
}

#[tokio::test]
async fn facts_are_read_by_time_and_page_by_page() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    paid(store.clone()).await;
    let audit = Audit::new(store, clock());
    let all = audit.facts(&LogFilter::default(), None, usize::MAX).await.unwrap();
    let mut pages = Vec::new();
    loop {
        let after: Option<LogPlace> = pages.last().map(payme_core::audit::Link::place);
        let page = audit.facts(&LogFilter::default(), after, 7).await.unwrap();
        if page.is_empty() {
            break;
        }
        pages.extend(page);
    }
    assert_eq!(pages, all);
    let linked = |link: &payme_core::audit::Link| {
        matches!(link.event(), Ok(PayoutEvent::SettlementAccountLinked { .. }))
    };
    assert_eq!(all.iter().filter(|link| linked(link)).count(), 2);
}

/// Whoever holds the file can write what they like: triggers and checks are taken off first.
async fn tampered(path: &Path, statement: &str) {
    let mut connection = SqliteConnectOptions::new().filename(path).connect().await.unwrap();
    let triggers =
        sqlx::query_scalar::<_, String>("select name from sqlite_schema where type = 'trigger'");
    for trigger in triggers.fetch_all(&mut connection).await.unwrap() {
        let drop = sqlx::AssertSqlSafe(format!("drop trigger {trigger}"));
        sqlx::query(drop).execute(&mut connection).await.unwrap();
    }
    for pragma in ["pragma ignore_check_constraints = on", "pragma foreign_keys = off"] {
        sqlx::query(pragma).execute(&mut connection).await.unwrap();
    }
    let statement = sqlx::AssertSqlSafe(statement.to_owned());
    let done = sqlx::query(statement).execute(&mut connection).await.unwrap();
    assert!(done.rows_affected() > 0, "something was changed");
    connection.close().await.unwrap();
}

#[tokio::test]
async fn whatever_is_changed_behind_the_back_of_the_log_is_found() {
    const ONE: &str = "(select min(id) from payout_transfer where state = 'completed')";
    const ACCOUNT: &str = "(select min(id) from settlement_account)";
    let dir = TempDir::new().unwrap();
    let [ready, copy] = ["ready.db", "copy.db"].map(|name| dir.path().join(name));
    let store = Arc::new(SqliteStore::open(ready.to_str().unwrap()).await.unwrap());
    paid(store.clone()).await;
    Audit::new(store.clone(), clock()).seal().await.unwrap().unwrap();
    store.close().await;
    #[rustfmt::skip]
    let table: [(String, &[&str]); 22] = [
        (format!("update payout_transfer set amount = amount + 1 where id = {ONE}"), &["audit_row"]),
        (format!("update payout_transfer set state = 'returned', failure_reason = 'x' where id = {ONE}"), &["audit_row"]),
        (format!("update payout_transfer set provider_transfer_id = 'x' where id = {ONE}"), &["audit_row"]),
        (format!("delete from payout_transfer where id = {ONE}"), &["audit_row"]),
        ("insert into payout_transfer select '00000000-0000-4000-8000-000000000000', batch_id, (select min(id) from claim_approval \
           where state = 'approved' and transfer_id is null), user_id, amount, 'failed', round, is_in_doubt, authorization, \
           hold, null, 'x', initiated_at, \
           completed_at, version from payout_transfer limit 1".to_owned(), &["audit_row"]),
        ("update payout_batch set total_amount = total_amount + 1".to_owned(), &["audit_row", "audit_row"]),
        (format!("update settlement_account set available = available + 1 where id = {ACCOUNT}"), &["audit_row"]),
        (format!("update settlement_account set attorney_id = id where id = {ACCOUNT}"), &["audit_row"]),
        ("insert into settlement_account select replace(id, '-', '0'), attorney_id, id, currency, status, funded, available, \
           linked_at, version, rail from settlement_account limit 1".to_owned(), &["store_corrupt"]),
        (format!("update settlement_account set rail = 'other' where id = {ACCOUNT}"), &["audit_row"]),
        ("update claim_approval set amount = amount + 1 where state = 'approved' and id in (select min(id) from \
           claim_approval where state = 'approved')".to_owned(), &["audit_row"]),
        ("update claim set state = 'paid_out' where state = 'approved'".to_owned(), &["audit_row"; 2]),
        (format!("update payout_posting set amount = amount + 1 where account_id = {ACCOUNT} and sequence = 3"), &["audit_posting"]),
        (format!("delete from payout_posting where account_id = {ACCOUNT} and sequence = (select max(sequence) from \
           payout_posting where account_id = {ACCOUNT})"), &["audit_posting"]),
        ("update payout_deposit set amount = 1".to_owned(), &["audit_row"; 2]),
        (format!("update payout_deposit set key = 'other' where account_id = {ACCOUNT}"), &["audit_row"]),
        (format!("delete from payout_deposit where account_id = {ACCOUNT}"), &["audit_row"]),
        (format!("update payout_log set at = at + 1 where account_id = {ACCOUNT} and sequence = 5"), &["audit_hash"]),
        (format!("update payout_log set body = replace(body, '500', '900') where account_id = {ACCOUNT} and sequence = 3"),
           &["audit_hash"]),
        (format!("delete from payout_log where account_id = {ACCOUNT} and sequence = 4"), &["audit_sequence"]),
        (format!("delete from payout_log where account_id = {ACCOUNT} and sequence = (select max(sequence) from payout_log \
           where account_id = {ACCOUNT})"), &["audit_row", "audit_row", "seal_log"]),
        ("update audit_seal set root = hash from audit_seal_head".to_owned(), &["seal_root"]),
    ];
    for (statement, expected) in table {
        std::fs::copy(&ready, &copy).unwrap();
        tampered(&copy, &statement).await;
        let store = Arc::new(SqliteStore::open(copy.to_str().unwrap()).await.unwrap());
        match Audit::new(store.clone(), clock()).verify(|_| {}).await {
            Ok(report) => assert_eq!(codes(&report), expected, "{statement}"),
            Err(error) => assert_eq!([error.code()].as_slice(), expected, "{statement}"),
        }
        store.close().await;
    }
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(ready.to_str().unwrap()).await.unwrap());
    assert_eq!(codes(&report(store).await), [""; 0], "and without a change nothing");
}
