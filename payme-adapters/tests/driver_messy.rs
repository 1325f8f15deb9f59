//! The driver over messy bank records: corrections, and what is learned from them.
#![cfg(all(feature = "driver", feature = "memory", feature = "files", feature = "system"))]
#![allow(clippy::unwrap_used, reason = "a test that fails should say where")]

use std::sync::Arc;

use payme_adapters::driver::{Driver, DriverError};
use payme_adapters::files::read_transactions;
use payme_adapters::store::memory::MemoryStore;
use payme_adapters::system::{FixedClock, SystemRandom};
use payme_core::evidence::{CorrectionEdit, Edit, RETRAIN_AT, parse_merchants};
use payme_core::ports::{DirectoryStore as _, EventStore as _, EvidenceStore as _};
use payme_core::sync::{Page, Record, record_id};
use payme_core::types::{Instant, RecordId, Source, UserId};

fn driver() -> (Driver, Arc<MemoryStore>) {
    let store = Arc::new(MemoryStore::new());
    let clock = FixedClock(Instant::parse("2026-02-01T00:00:00Z").unwrap());
    (Driver::new(store.clone(), Arc::new(clock), Arc::new(SystemRandom::default())), store)
}

fn user(n: usize) -> UserId {
    format!("00000000-0000-4000-8000-{n:012}").parse().unwrap()
}

fn merchant(name: &str) -> CorrectionEdit {
    CorrectionEdit { merchant: Edit::Set(name.to_owned()), ..CorrectionEdit::default() }
}

/// A person who bought once at each of some shops that nobody knows.
async fn shopper(driver: &Driver, n: usize, shops: usize) -> Vec<RecordId> {
    let rows = (0..shops).map(|shop| {
        let name = ["QXV WEST", "BZT EAST", "JKW NORTH", "VRQ SOUTH", "ZHD MIDDLE"][shop];
        format!("2024-01-{:02},{n}.00,{name},t{shop}\n", shop + 1)
    });
    let csv = format!("date,amount,name,transaction_id\n{}", rows.collect::<String>());
    let file = read_transactions(csv.as_bytes(), user(n)).unwrap();
    driver.import_records(user(n), Source::Plaid, file.pages).await.unwrap();
    (0..shops).map(|shop| record_id(user(n), Source::Plaid, &format!("t{shop}"))).collect()
}

async fn has(store: &MemoryStore, n: usize, key: &str) -> bool {
    let features = store.user_features(user(n)).await.unwrap().unwrap();
    features.has(&key.parse().unwrap())
}

#[tokio::test]
async fn five_hundred_corrections_teach_everybody() {
    let (driver, store) = driver();
    let merchants = parse_merchants(br#"[{"name": "Quartz Holdings"}]"#).unwrap().taken;
    driver.import_merchants(merchants).await.unwrap();
    shopper(&driver, 999, 5).await;
    let people = RETRAIN_AT / 5;
    let mut learned = None;
    for n in 0..people {
        for record in shopper(&driver, n, 5).await {
            assert_eq!(learned, None, "not before {RETRAIN_AT} of them");
            learned =
                driver.correct(user(n), record, merchant("Quartz Holdings")).await.unwrap().learned;
        }
    }
    assert_eq!(learned.map(|report| (report.learned, report.people_refreshed)), Some((5, 1)));
    assert!(
        has(&store, 999, "merchant:quartz_holdings").await,
        "who corrected nothing learns, too"
    );
    assert!(has(&store, 999, "merchant:qxv_west").await, "and keeps what was there");
    let events = store.events_after(0, usize::MAX).await.unwrap();
    let kinds = events.iter().map(|one| one.event.body.kind());
    assert_eq!(kinds.filter(|kind| *kind == "merchants_learned").count(), 1);
    let again = driver.learn_merchants().await.unwrap();
    assert_eq!((again.learned, again.people_refreshed), (5, 0));
}

#[tokio::test]
async fn what_one_person_says_stays_theirs() {
    let (driver, store) = driver();
    let merchants = parse_merchants(br#"[{"name": "Quartz Holdings"}]"#).unwrap().taken;
    driver.import_merchants(merchants).await.unwrap();
    let records = shopper(&driver, 1, 2).await;
    shopper(&driver, 2, 2).await;
    driver.correct(user(1), records[0], merchant("Quartz Holdings")).await.unwrap();
    let report = driver.learn_merchants().await.unwrap();
    assert_eq!((report.learned, report.people_refreshed), (0, 0));
    assert!(has(&store, 1, "merchant:quartz_holdings").await);
    assert!(!has(&store, 2, "merchant:quartz_holdings").await);
    assert_eq!(store.learned().await.unwrap().aliases.len(), 0);
    let nobody = driver.correct(user(2), records[0], merchant("X")).await.unwrap_err();
    assert!(matches!(nobody, DriverError::UnknownRecord(_)), "{nobody:?}");
}

#[tokio::test]
async fn what_is_sent_to_a_payee_teaches_nobody() {
    let (driver, store) = driver();
    let merchants = parse_merchants(br#"[{"name": "Quartz Holdings"}]"#).unwrap().taken;
    driver.import_merchants(merchants).await.unwrap();
    for n in 1..=3 {
        let csv = "date,amount,name,transaction_id\n2024-01-02,5.00,ZELLE TO JANE ROE,t0\n\
                   2024-01-03,6.00,VENMO PAYMENT 1032,t1\n2024-01-04,7.00,QXV WEST,t2\n";
        let file = read_transactions(csv.as_bytes(), user(n)).unwrap();
        driver.import_records(user(n), Source::Plaid, file.pages).await.unwrap();
        for id in ["t0", "t1", "t2"] {
            let record = record_id(user(n), Source::Plaid, id);
            driver.correct(user(n), record, merchant("Quartz Holdings")).await.unwrap();
        }
    }
    driver.learn_merchants().await.unwrap();
    let learned = store.learned().await.unwrap().aliases;
    assert_eq!(learned.keys().collect::<Vec<_>>(), ["qxv west"]);
}

#[tokio::test]
async fn a_correction_of_a_pending_transaction_speaks_for_the_posted_one() {
    let (driver, store) = driver();
    let page = |id: &str, pending: bool| {
        let supersedes = if pending { "null" } else { "\"p\"" };
        let text = format!(
            r#"[{{"transaction_id": "{id}", "pending_transaction_id": {supersedes}, "pending": {pending},
                "date": "2024-01-02", "amount": 5, "name": "QXV WEST"}}]"#
        );
        read_transactions(text.as_bytes(), user(1)).unwrap().pages
    };
    let [pending, posted] = ["p", "q"].map(|id| record_id(user(1), Source::Plaid, id));
    driver.import_records(user(1), Source::Plaid, page("p", true)).await.unwrap();
    driver.correct(user(1), pending, merchant("Quartz Holdings")).await.unwrap();
    let mut pages = page("q", false);
    pages.push(Page { removals: vec![pending], ..Page::default() });
    driver.import_records(user(1), Source::Plaid, pages).await.unwrap();
    assert!(has(&store, 1, "merchant:quartz_holdings").await);
    let ledger = driver.ledger(user(1)).await.unwrap();
    assert_eq!(
        (ledger.len(), ledger[0].id(), ledger[0].merchant.as_str()),
        (1, posted, "Quartz Holdings")
    );
    let stored = store.evidence(user(1)).await.unwrap().unwrap();
    assert!(
        stored.records[&posted]
            .live()
            .is_some_and(|record| matches!(record, Record::Transaction(_)))
    );
}

#[tokio::test]
async fn a_correction_that_makes_no_key_hides_nothing_of_the_bank() {
    let (driver, store) = driver();
    let records = shopper(&driver, 1, 1).await;
    driver.correct(user(1), records[0], merchant("Кофейня на углу")).await.unwrap();
    let ledger = driver.ledger(user(1)).await.unwrap();
    assert_eq!(ledger[0].merchant, "Кофейня на углу");
    assert!(has(&store, 1, "merchant:qxv_west").await, "what the bank said still speaks");
}
