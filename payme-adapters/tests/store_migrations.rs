//! A database of every earlier version is brought up to date with nothing lost.
#![cfg(all(feature = "driver", feature = "sqlite", feature = "system"))]
#![allow(clippy::unwrap_used, reason = "a test that fails should say where")]

use std::path::Path;
use std::sync::Arc;

use payme_adapters::driver::{Driver, ExecuteOptions, NewBatch, Payouts};
use payme_adapters::rail::{EverybodyHasDestination, MockRail};
use payme_adapters::store::sqlite::SqliteStore;
use payme_adapters::system::{SystemClock, SystemRandom};
use payme_core::claims::ClaimMove;
use payme_core::evidence::DERIVED;
use payme_core::payouts::RequestKey;
use payme_core::ports::{CatalogStore as _, EvidenceStore as _, PayoutStore as _};
use payme_core::types::{AttorneyId, Currency, Money, SettlementId, UserId, Version};
use sqlx::migrate::Migrator;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};

static MIGRATIONS: Migrator = sqlx::migrate!("sql/sqlite/migrations");

const USER: &str = "00000000-0000-4000-8000-000000000001";
const RECORD: &str = "00000000-0000-4000-8000-000000000002";

/// What differs between the rows that each version wrote, oldest first.
const REVISION: [&str; 7] = [
    "update revision set catalog = 3, mail = 5",
    "update revision set catalog = 3, records = 5",
    "update revision set catalog = 3, records = 5",
    "update revision set catalog = 3, records = 5",
    "update revision set catalog = 3, records = 5",
    "update revision set catalog = 3, records = 5",
    "update revision set catalog = 3, records = 5",
];

/// The rows that they wrote alike.
const ROWS: &[&str] = &[
    "insert into person (user_id, version, state) values ('{USER}', 2, 'CA')",
    "insert into record (user_id, id, removed, kind, body) values ('{USER}', '{RECORD}', 0, \
     'transaction', '{\"v1\":\"transaction\",\"date\":\"2024-02-29\",\"amount\":[1250,\"USD\"],\
     \"name\":\"SQ *PEAR KITCHEN 0412\",\"merchant_name\":null,\"category\":null,\"pending\":false,\
     \"supersedes\":null,\"recurring\":false,\"extra\":null}')",
    "insert into settlement (id, version, title, status, body) values ('{RECORD}', 1, 'Pears', \
     'open', '{\"id\":\"{RECORD}\",\"title\":\"Pears\",\"covered_brands\":[\"Pear Kitchen\"],\
     \"eligibility\":{\"required_features\":[\"merchant:pear_kitchen\"],\"states\":[]}}')",
    "insert into feature (user_id, key, source, origin, confidence, count, by_day) values \
     ('{USER}', 'merchant:sq_pear_kitchen_0412', 'plaid', 'records', 0.75, 1, '[]')",
];

async fn written_by(version: usize, path: &Path) {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
    let mut connection = options.disable_statement_logging().connect().await.unwrap();
    let known = MIGRATIONS.iter().take(version).cloned().collect::<Vec<_>>();
    let migrator = Migrator { migrations: known.into(), ..Migrator::DEFAULT };
    migrator.run(&mut connection).await.unwrap();
    for row in [REVISION[version - 1]].iter().chain(ROWS) {
        let sql = row.replace("{USER}", USER).replace("{RECORD}", RECORD);
        sqlx::query(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
    }
    connection.close().await.unwrap();
}

#[tokio::test]
async fn a_database_of_every_earlier_version_keeps_its_rows() {
    assert_eq!(REVISION.len() + 1, MIGRATIONS.iter().count(), "every earlier version has its rows");
    for version in 1..=REVISION.len() {
        let dir = tempfile::TempDir::new().unwrap();
        let path = dir.path().join("payme.db");
        written_by(version, &path).await;
        let store = SqliteStore::open(path.to_str().unwrap()).await.unwrap();
        let revisions = store.revisions().await.unwrap();
        assert_eq!((revisions.catalog, revisions.records), (Version(3), Version(5)));
        let user: UserId = USER.parse().unwrap();
        let stored = store.evidence(user).await.unwrap().unwrap();
        assert_eq!(stored.version, Some(Version(2)));
        assert_eq!((stored.records.len(), stored.features.len()), (1, 1));
        assert_eq!(store.users_with_records().await.unwrap(), [user]);

        let (clock, random) = (Arc::new(SystemClock), Arc::new(SystemRandom::default()));
        let driver = Driver::new(Arc::new(store.clone()), clock, random);
        assert_eq!(driver.bring_up_to_date().await.unwrap(), 1, "written by {version}");
        let features = store.user_features(user).await.unwrap().unwrap();
        assert!(features.has(&"merchant:pear_kitchen".parse().unwrap()), "what the rules say now");
        assert!(features.has(&"merchant:sq_pear_kitchen_0412".parse().unwrap()), "and said before");
        assert_eq!(store.revisions().await.unwrap().derived, DERIVED);
        assert_eq!(driver.bring_up_to_date().await.unwrap(), 0, "once is enough");
        a_claim_is_paid_from(&store, user).await;
        store.close().await;
    }
}

/// What the newest schema brings is there, and works beside the old rows.
async fn a_claim_is_paid_from(store: &SqliteStore, user: UserId) {
    let settlement: SettlementId = RECORD.parse().unwrap();
    let attorney = AttorneyId::from_uuid(settlement.uuid());
    let (rail, everybody) = (Arc::new(MockRail), Arc::new(EverybodyHasDestination));
    let (clock, random) = (Arc::new(SystemClock), Arc::new(SystemRandom::default()));
    let payouts = Payouts::new(Arc::new(store.clone()), rail, everybody, clock, random);
    let account = payouts.link_account(attorney, settlement, Currency::USD).await.unwrap();
    let key = RequestKey::new("first").unwrap();
    payouts.fund(account, &key, Money::usd_cents(9)).await.unwrap();
    for event in [ClaimMove::Open, ClaimMove::Submit] {
        payouts.move_claim(user, settlement, event).await.unwrap();
    }
    payouts.approve(settlement, user, Some(Money::usd_cents(9))).await.unwrap();
    let new = NewBatch { settlement, key: &key, items: None, payout_min: None };
    let made = payouts.create_batch(new).await.unwrap();
    payouts.execute(made.batch.id, ExecuteOptions::default(), |_| {}).await.unwrap();
    let batch = store.payout_batch(made.batch.id).await.unwrap().unwrap();
    assert!(batch.state.is_final());
    assert_eq!((batch.total_transfers, batch.open_transfers()), (1, 0));
}
