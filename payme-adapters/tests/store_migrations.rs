//! A database of every earlier version is brought up to date with nothing lost.
#![cfg(all(feature = "driver", feature = "sqlite", feature = "system"))]
#![allow(clippy::unwrap_used, reason = "a test that fails should say where")]

use std::path::Path;
use std::sync::Arc;

use payme_adapters::driver::Driver;
use payme_adapters::store::sqlite::SqliteStore;
use payme_adapters::system::{SystemClock, SystemRandom};
use payme_core::evidence::DERIVED;
use payme_core::ports::{CatalogStore as _, EvidenceStore as _};
use payme_core::types::{UserId, Version};
use sqlx::migrate::Migrator;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};

static MIGRATIONS: Migrator = sqlx::migrate!("sql/sqlite/migrations");

const USER: &str = "00000000-0000-4000-8000-000000000001";
const RECORD: &str = "00000000-0000-4000-8000-000000000002";

/// Rows as each version wrote them, oldest first.
const ROWS: [&[&str]; 1] = [&[
    "update revision set catalog = 3, mail = 5",
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
]];

async fn written_by(version: usize, path: &Path) {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
    let mut connection = options.disable_statement_logging().connect().await.unwrap();
    let known = MIGRATIONS.iter().take(version).cloned().collect::<Vec<_>>();
    let migrator = Migrator { migrations: known.into(), ..Migrator::DEFAULT };
    migrator.run(&mut connection).await.unwrap();
    for row in ROWS[version - 1] {
        let sql = row.replace("{USER}", USER).replace("{RECORD}", RECORD);
        sqlx::query(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
    }
    connection.close().await.unwrap();
}

#[tokio::test]
async fn a_database_of_every_earlier_version_keeps_its_rows() {
    assert_eq!(ROWS.len() + 1, MIGRATIONS.iter().count(), "every earlier version has its rows");
    for version in 1..=ROWS.len() {
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
        store.close().await;
    }
}
