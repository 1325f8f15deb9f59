//! What only the SQLite store does: files, other processes, versions, limits, its schema.
#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, reason = "a test that fails should say where")]

mod store_people;

use std::path::Path;
use std::time::Instant;

use payme_adapters::store::sqlite::{Options, SqliteStore};
use payme_core::catalog::CatalogPlan;
use payme_core::ports::{
    CatalogStore as _, Commit, EventStore as _, EvidenceStore as _, MatchStore as _, StoreError,
};
use payme_core::ranking::Preference;
use payme_core::types::Version;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, SqliteConnection};
use tempfile::TempDir;

use store_people::{adding, event, one_more, settlement_id, user};

/// The version of the schema that this PayMe writes.
const NEWEST: i64 = 8;

/// A connection that knows nothing of PayMe.
async fn raw(path: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
    options.disable_statement_logging().connect().await.unwrap()
}

async fn run_raw(path: &Path, sql: &str) -> Result<(), String> {
    let mut connection = raw(path).await;
    let done = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await;
    connection.close().await.unwrap();
    done.map(drop).map_err(|error| error.to_string())
}

async fn open(path: &Path) -> Result<SqliteStore, StoreError> {
    SqliteStore::open(path.to_str().unwrap()).await
}

fn new_file() -> (TempDir, std::path::PathBuf) {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("payme.db");
    (dir, path)
}

/// A file with one settlement, one person and one event.
async fn small_file() -> (TempDir, std::path::PathBuf) {
    let (dir, path) = new_file();
    let store = open(&path).await.unwrap();
    assert_eq!(store.commit_catalog(&adding(1..2), &[], &[event(1)]).await, Ok(Commit::Done));
    assert_eq!(store.commit_evidence(&[one_more(1, None)], &[]).await, Ok(Commit::Done));
    store.close().await;
    (dir, path)
}

fn assert_open_refused(opened: &Result<SqliteStore, StoreError>) {
    assert!(matches!(opened, Err(StoreError::Open(_))), "{opened:?}");
}

#[tokio::test]
async fn every_way_to_name_a_file_names_it() {
    let (_dir, path) = small_file().await;
    let text = path.to_str().unwrap();
    for url in [format!("sqlite:{text}"), format!("sqlite://{text}"), text.to_owned()] {
        let store = SqliteStore::open(&url).await.unwrap();
        assert_eq!(store.user_count().await, Ok(1), "{url}");
        assert_eq!(store.schema_version().await, Ok(NEWEST), "{url}");
        store.close().await;
    }
    for url in ["", "sqlite:", "sqlite://", "sqlite:x.db?mode=odd"] {
        assert_open_refused(&SqliteStore::open(url).await);
    }
}

#[tokio::test]
async fn two_stores_in_memory_are_two() {
    let [a, b] = ["sqlite::memory:", ":memory:"].map(SqliteStore::open);
    let (a, b) = (a.await.unwrap(), b.await.unwrap());
    assert_eq!(a.commit_evidence(&[one_more(1, None)], &[]).await, Ok(Commit::Done));
    assert_eq!((a.user_count().await, b.user_count().await), (Ok(1), Ok(0)));
}

#[tokio::test]
async fn a_closed_file_stands_alone() {
    let (dir, _path) = small_file().await;
    let names = std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(names.collect::<Vec<_>>(), ["payme.db"]);
}

/// Raises one person's count until it was raised `times` times; counts the conflicts.
async fn raise(store: &SqliteStore, times: usize) -> usize {
    let (mut done, mut conflicts) = (0, 0);
    while done < times {
        let before = store.evidence(user(1)).await.unwrap();
        let change = one_more(1, before.and_then(|stored| stored.version));
        match store.commit_evidence(&[change], &[]).await.unwrap() {
            Commit::Done => done += 1,
            Commit::Conflict => conflicts += 1,
        }
    }
    conflicts
}

#[tokio::test]
async fn no_update_is_lost_between_two_stores_on_one_file() {
    let (_dir, path) = new_file();
    let stores = [open(&path).await.unwrap(), open(&path).await.unwrap()];
    let (a, b) = tokio::join!(raise(&stores[0], 50), raise(&stores[1], 50));
    println!("{} conflicts in 100 commits", a + b);
    let stored = stores[0].evidence(user(1)).await.unwrap().unwrap();
    assert_eq!(stored.version, Some(Version(100)));
    assert_eq!((stored.records.len(), stored.support.len()), (100, 100));
}

#[tokio::test]
async fn reading_evidence_sees_one_version() {
    let (_dir, path) = new_file();
    let [writer, reader] = [open(&path).await.unwrap(), open(&path).await.unwrap()];
    let read = async {
        loop {
            if let Some(stored) = reader.evidence(user(1)).await.unwrap() {
                let version = stored.version.unwrap().0;
                let counts = stored.features.values().map(|feature| i64::from(feature.count));
                assert_eq!(counts.collect::<Vec<_>>(), [version]);
                assert_eq!(i64::try_from(stored.records.len()).unwrap(), version);
                assert_eq!(stored.records.len(), stored.support.len());
                if version == 100 {
                    return;
                }
            }
        }
    };
    tokio::join!(raise(&writer, 100), read);
}

#[test]
fn many_can_create_one_file_at_once() {
    let (_dir, path) = new_file();
    std::thread::scope(|scope| {
        let opened = [0; 8].map(|_| {
            scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                runtime.unwrap().block_on(async {
                    let store = open(&path).await?;
                    store.schema_version().await
                })
            })
        });
        for one in opened {
            assert_eq!(one.join().unwrap(), Ok(NEWEST));
        }
    });
}

#[tokio::test]
async fn a_newer_file_is_refused_and_stays_as_it_is() {
    let (dir, path) = small_file().await;
    let later = NEWEST + 1;
    let sql = format!(
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time) \
         values ({later}, 'later', true, x'00', 0)"
    );
    run_raw(&path, &sql).await.unwrap();
    let before = std::fs::read(&path).unwrap();
    let refused = open(&path).await.unwrap_err();
    assert_eq!(refused, StoreError::Newer { found: later, known: NEWEST });
    assert_eq!(std::fs::read(&path).unwrap(), before);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn what_is_no_database_of_ours_is_refused_and_stays_as_it_is() {
    let (dir, path) = new_file();
    std::fs::write(
        &path,
        "This is a letter, and longer than the header of a database. ".repeat(99),
    )
    .unwrap();
    let other = dir.path().join("other.db");
    run_raw(&other, "create table note (text); insert into note values ('mine')").await.unwrap();
    for path in [&path, &other] {
        let before = std::fs::read(path).unwrap();
        assert_open_refused(&open(path).await);
        assert_eq!(std::fs::read(path).unwrap(), before, "{}", path.display());
    }
    assert_open_refused(&open(&dir.path().join("missing/payme.db")).await);
    assert_open_refused(&open(dir.path()).await);
}

async fn assert_reads_and_does_not_write(store: &SqliteStore) {
    assert_eq!(store.user_count().await, Ok(1));
    assert_eq!(store.catalog().await.unwrap().len(), 1);
    assert_eq!(store.events_after(0, 9).await.unwrap().len(), 1);
    let refused = Err(StoreError::ReadOnly);
    assert_eq!(store.commit_evidence(&[one_more(2, None)], &[]).await, refused);
    assert_eq!(store.commit_catalog(&adding(2..3), &[], &[]).await, refused);
    let starred = Preference::none(user(1), settlement_id(1)).star(true);
    assert_eq!(store.commit_preference(&starred, &[]).await, refused);
    assert_eq!(store.user_count().await, Ok(1));
}

#[tokio::test]
async fn a_file_opened_for_reading_is_read_and_not_written() {
    let (dir, path) = small_file().await;
    let url = format!("sqlite:{}?mode=ro", path.display());
    let store = SqliteStore::open(&url).await.unwrap();
    assert_reads_and_does_not_write(&store).await;
    store.close().await;
    let missing = format!("sqlite:{}?mode=ro", dir.path().join("missing.db").display());
    assert_open_refused(&SqliteStore::open(&missing).await);
    let empty = dir.path().join("empty.db");
    std::fs::write(&empty, "").unwrap();
    let empty = format!("sqlite:{}?mode=ro", empty.display());
    assert_eq!(SqliteStore::open(&empty).await.unwrap_err(), StoreError::ReadOnly);
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_or_folder_that_may_not_be_written_is_read_only() {
    use std::fs::{Permissions, set_permissions};
    use std::os::unix::fs::PermissionsExt as _;

    let (_dir, path) = small_file().await;
    set_permissions(&path, Permissions::from_mode(0o444)).unwrap();
    if std::fs::OpenOptions::new().append(true).open(&path).is_ok() {
        println!("not tried: this user may write every file");
        return;
    }
    let store = open(&path).await.unwrap();
    assert_reads_and_does_not_write(&store).await;
    store.close().await;
    let (dir, path) = small_file().await;
    set_permissions(dir.path(), Permissions::from_mode(0o555)).unwrap();
    let new = open(&dir.path().join("new.db")).await;
    let existing = open(&path).await;
    set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
    assert_eq!(new.unwrap_err(), StoreError::ReadOnly);
    assert_eq!(existing.unwrap_err(), StoreError::ReadOnly);
}

#[tokio::test]
async fn who_waits_too_long_for_another_writer_is_told_so() {
    let (_dir, path) = small_file().await;
    let store = open(&path).await.unwrap();
    let mut other = raw(&path).await;
    let held = other.begin_with("begin immediate").await.unwrap();
    assert_eq!(store.user_count().await, Ok(1));
    let refused = store.commit_evidence(&[one_more(2, None)], &[]).await;
    assert_eq!(refused, Err(StoreError::Busy));
    held.rollback().await.unwrap();
    assert_eq!(store.commit_evidence(&[one_more(2, None)], &[]).await, Ok(Commit::Done));
}

#[tokio::test]
async fn a_change_that_finds_no_room_leaves_everything_as_it_was() {
    let (_dir, path) = small_file().await;
    let options = Options { max_page_count: Some(60) };
    let store = SqliteStore::open_with(path.to_str().unwrap(), options).await.unwrap();
    let before = store.catalog().await.unwrap();
    for _ in 0..3 {
        let full = store.commit_catalog(&adding(2..1_000), &[], &[event(2)]).await;
        assert_eq!(full, Err(StoreError::Full));
        assert_eq!(store.catalog().await.unwrap(), before);
        assert_eq!(store.events_after(0, 9).await.unwrap().len(), 1);
    }
    assert_eq!(store.commit_catalog(&adding(2..4), &[], &[event(2)]).await, Ok(Commit::Done));
    store.close().await;
    let store = open(&path).await.unwrap();
    assert_eq!(store.catalog().await.unwrap().len(), 3);
    assert_eq!(store.commit_catalog(&adding(4..1_000), &[], &[]).await, Ok(Commit::Done));
    store.close().await;
    assert_intact(&path).await;
}

async fn assert_intact(path: &Path) {
    let mut connection = raw(path).await;
    let query = sqlx::query_scalar::<_, String>("pragma integrity_check");
    assert_eq!(query.fetch_one(&mut connection).await.unwrap(), "ok");
    connection.close().await.unwrap();
}

#[tokio::test]
async fn the_log_only_grows() {
    let (_dir, path) = small_file().await;
    let store = open(&path).await.unwrap();
    let before = store.events_after(0, 9).await.unwrap();
    let id = before[0].event.id;
    let columns = "insert or replace into event (sequence, id, at, kind, body) values";
    let body = r#"'person_changed', '{"kind": "person_changed"}'"#;
    let other = user(9);
    let attempts = [
        "update event set at = 0".to_owned(),
        "update or replace event set id = id".to_owned(),
        "delete from event".to_owned(),
        format!("{columns} (1, '{other}', 0, {body})"),
        format!("{columns} (null, '{id}', 0, {body})"),
        format!("insert or ignore into event (id, at, kind, body) values ('{id}', 0, {body})"),
        format!("replace into event (id, at, kind, body) values ('{id}', 0, {body})"),
        format!(
            "insert into event (id, at, kind, body) values ('{id}', 0, {body}) \
             on conflict (id) do update set at = 0"
        ),
    ];
    for sql in attempts {
        for pragma in ["on", "off"] {
            let sql = format!("pragma recursive_triggers = {pragma}; {sql}");
            let refused = run_raw(&path, &sql).await.unwrap_err();
            assert!(refused.contains("append-only"), "{sql}: {refused}");
        }
    }
    assert_eq!(store.events_after(0, 9).await.unwrap(), before);
    assert!(store.commit_catalog(&CatalogPlan::default(), &[], &[event(1)]).await.is_err());
    let empty = CatalogPlan::default();
    assert_eq!(store.commit_catalog(&empty, &[], &[event(5)]).await, Ok(Commit::Done));
    assert_eq!(store.events_after(1, 9).await.unwrap().len(), 1);
}

/// Run with `--ignored --nocapture` to see how long big commits take.
#[tokio::test]
#[ignore = "measures; it proves nothing that the other tests do not"]
async fn big_commits() {
    let (_dir, path) = new_file();
    let store = open(&path).await.unwrap();
    let plan = adding(1..20_001);
    let start = Instant::now();
    assert_eq!(store.commit_catalog(&plan, &[], &[]).await, Ok(Commit::Done));
    println!("commit of 20,000 settlements: {:?}", start.elapsed());
    let start = Instant::now();
    assert_eq!(store.catalog().await.unwrap().len(), 20_000);
    println!("reading 20,000 settlements: {:?}", start.elapsed());
    let people: Vec<_> = (1..20_001).map(|n| one_more(n, None)).collect();
    let start = Instant::now();
    assert_eq!(store.commit_evidence(&people, &[]).await, Ok(Commit::Done));
    println!("commit of 20,000 people (4 rows each): {:?}", start.elapsed());
    let start = Instant::now();
    assert_eq!(store.users_after(None, 20_000).await.unwrap().len(), 20_000);
    println!("reading 20,000 people's features: {:?}", start.elapsed());
    let start = Instant::now();
    let mut version = None;
    for _ in 0..200 {
        assert_eq!(store.commit_evidence(&[one_more(0, version)], &[]).await, Ok(Commit::Done));
        version = Some(version.map_or(Version::FIRST, Version::next));
    }
    println!("200 single commits, each durable: {:?}", start.elapsed());
}
