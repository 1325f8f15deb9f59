//! Opening a database: connections, write-ahead mode, schema.

use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::time::Duration;

use payme_core::ports::StoreError;
use sqlx::migrate::Migrator;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions as _, Connection as _, Row as _};

use super::{SqliteStore, error, sql};

static MIGRATIONS: Migrator = sqlx::migrate!("sql/sqlite/migrations");

/// How long a writer waits for another process.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How many connections read at a time.
const READERS_MAX: u32 = 4;
/// How often the schema is tried while another process makes it, and the pause between.
const TRIES_MAX: u32 = 250;
const PAUSE: Duration = Duration::from_millis(20);

/// How to open a database.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// The size that the file may reach, in pages of 4096 bytes. A commit that needs more gives
    /// [`StoreError::Full`]. Meant for devices where a full disk would stop others.
    pub max_page_count: Option<u32>,
}

pub(super) async fn open(url: &str, options: Options) -> Result<SqliteStore, StoreError> {
    let (connect, in_memory) = connect_options(url, options)?;
    let create = !in_memory && !url.split(['?', '&']).skip(1).any(|pair| pair == "mode=ro");
    let write = match open_writer(&connect).await {
        Ok(write) => write,
        Err(error) => {
            return match refusal(error, &connect, create) {
                StoreError::ReadOnly if is_at_rest(&connect) => open_at_rest(connect).await,
                error => Err(error),
            };
        }
    };
    let read = if in_memory {
        write.clone()
    } else {
        SqlitePoolOptions::new()
            .max_connections(READERS_MAX)
            .test_before_acquire(false)
            .connect_lazy_with(connect)
    };
    Ok(SqliteStore { read, write })
}

/// The one connection that writes, on a schema that is up to date.
async fn open_writer(connect: &SqliteConnectOptions) -> Result<SqlitePool, StoreError> {
    // It never expires: a database in memory ends with it.
    let write = SqlitePoolOptions::new()
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .connect_with(connect.clone())
        .await
        .map_err(error::open_failed)?;
    match prepare(&write).await {
        Ok(()) => Ok(write),
        Err(error) => {
            write.close().await;
            Err(error)
        }
    }
}

/// Whether the file is there and has no log beside it: nobody is writing to it.
fn is_at_rest(connect: &SqliteConnectOptions) -> bool {
    let path = connect.get_filename();
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    path.is_file() && !Path::new(&log).exists()
}

/// Opens a file in a folder where nothing can be written, not even a log: it can be read.
async fn open_at_rest(connect: SqliteConnectOptions) -> Result<SqliteStore, StoreError> {
    let connect = connect.create_if_missing(false).read_only(true).immutable(true);
    let pool = SqlitePoolOptions::new()
        .max_connections(READERS_MAX)
        .connect_with(connect)
        .await
        .map_err(error::open_failed)?;
    let known = newest_known();
    let mut connection = pool.acquire().await.map_err(error::open_failed)?;
    match version(&mut connection).await? {
        found if found > known => Err(StoreError::Newer { found, known }),
        // An older schema would have to be brought up to date first.
        found if found < known => Err(StoreError::ReadOnly),
        _ => {
            drop(connection);
            Ok(SqliteStore { read: pool.clone(), write: pool })
        }
    }
}

/// The newest version of the schema that is known here.
fn newest_known() -> i64 {
    MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0)
}

/// The file that an address names.
pub(super) fn file_of(url: &str) -> Option<PathBuf> {
    match connect_options(url, Options::default()) {
        Ok((connect, false)) => Some(connect.get_filename().to_owned()),
        Ok((_, true)) | Err(_) => None,
    }
}

/// The options of a connection, and whether the database is in memory.
fn connect_options(
    url: &str,
    options: Options,
) -> Result<(SqliteConnectOptions, bool), StoreError> {
    let scheme = url.split_once("://").map_or("sqlite", |(scheme, _)| scheme);
    if scheme != "sqlite" {
        let message =
            "its address is not of SQLite: write a path, sqlite://path or sqlite::memory:";
        return Err(StoreError::Open(message.to_owned()));
    }
    let rest = url.strip_prefix("sqlite:").map(|rest| rest.strip_prefix("//").unwrap_or(rest));
    let path = rest.unwrap_or(url);
    if path.is_empty() || path.starts_with('?') {
        return Err(StoreError::Open("the path of the database is empty".to_owned()));
    }
    let query = rest.and_then(|rest| rest.split_once('?')).map_or("", |(_, query)| query);
    let in_memory = path == ":memory:" || query.split('&').any(|pair| pair == "mode=memory");
    let connect = if rest.is_some() || in_memory {
        let url = format!("sqlite://{path}");
        SqliteConnectOptions::from_str(&url).map_err(error::open_failed)?
    } else {
        // SQLite itself would take a name that begins with `file:` for an address.
        let name = if path.starts_with("file:") { format!("./{path}") } else { path.to_owned() };
        SqliteConnectOptions::new().filename(name)
    };
    let mut connect = connect
        .create_if_missing(true)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        // What is acknowledged is durable: in write-ahead mode NORMAL would not wait for the disk
        // at a commit, and a power cut could take back what people were told is stored.
        .synchronous(SqliteSynchronous::Full)
        // Without this, `insert or replace` deletes rows behind the back of delete triggers.
        .pragma("recursive_triggers", "on")
        .disable_statement_logging();
    if let Some(pages) = options.max_page_count {
        connect = connect.pragma("max_page_count", pages.to_string());
    }
    Ok((connect, in_memory))
}

/// Says of a database that cannot be opened whether it is missing from a folder that is there:
/// then the folder may not be written.
///
/// Files are only looked at, never opened: to close the database here would drop the locks that
/// other stores of this process hold on it.
fn refusal(error: StoreError, connect: &SqliteConnectOptions, create: bool) -> StoreError {
    let path = connect.get_filename();
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or_else(|| Path::new("."));
    match error {
        StoreError::Open(_) if create && folder.is_dir() && !path.exists() => StoreError::ReadOnly,
        other => other,
    }
}

/// Brings the schema up to date; tries again while another process is about the same.
async fn prepare(write: &SqlitePool) -> Result<(), StoreError> {
    let mut connection = write.acquire().await.map_err(error::open_failed)?;
    let mut tries = 0;
    loop {
        match migrate(&mut connection).await {
            // Only one may switch a new file to write-ahead mode, and for that SQLite does not
            // wait, whatever the busy timeout says.
            Err(StoreError::Busy) if tries < TRIES_MAX => tries += 1,
            done => return done,
        }
        let pause = tokio::task::spawn_blocking(|| std::thread::sleep(PAUSE));
        pause.await.map_err(|error| StoreError::Failed(error.to_string()))?;
    }
}

async fn migrate(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let known = newest_known();
    let found = version(connection).await?;
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
    if found == known {
        return Ok(());
    }
    sqlx::query(sql::JOURNAL_WAL).execute(&mut *connection).await.map_err(error::open_failed)?;
    // One transaction around all migrations: who comes second waits, and finds them done.
    let begun = connection.begin_with(sql::BEGIN_IMMEDIATE).await;
    let mut tx = begun.map_err(error::open_failed)?;
    // What `run` does, with a future that the compiler can see to be `Send`.
    let run = MIGRATIONS.run_direct(None, &mut *tx, false).await;
    run.map_err(|error| error::migration_failed(error, known))?;
    tx.commit().await.map_err(error::commit_failed)
}

/// The version of the schema; 0 for a database with nothing in it.
async fn version(connection: &mut SqliteConnection) -> Result<i64, StoreError> {
    let query = sqlx::query(sql::SCHEMA_TABLES);
    let row = query.fetch_one(&mut *connection).await.map_err(error::open_failed)?;
    let count = |column: &str| row.try_get::<i64, _>(column).map_err(error::open_failed);
    let (tables, migrations) = (count("tables")?, count("migrations")?);
    if migrations > 0 {
        let query = sqlx::query_scalar(sql::SCHEMA_VERSION);
        return query.fetch_one(connection).await.map_err(error::open_failed);
    }
    if tables > 0 {
        let text = "the file is a SQLite database of another program";
        return Err(StoreError::Open(text.to_owned()));
    }
    Ok(0)
}
