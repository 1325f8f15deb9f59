//! The embedded store: one SQLite file, written by one connection, read by a few.
//!
//! The file is in write-ahead mode: readers see the last commit and never wait for the writer.
//! Writers of all processes take turns; who waits longer than five seconds gets
//! [`StoreError::Busy`]. Whatever was acknowledged survives the end of the process and of the
//! power, and a commit is there as a whole or not at all.
//!
//! The store runs inside a tokio runtime whose time driver is on.

mod audit;
mod catalog;
mod directory;
mod error;
mod events;
mod evidence;
mod feature;
mod gateway;
mod gateway_commit;
mod gateway_row;
mod learning;
mod matching;
mod open;
mod payouts;
mod payouts_commit;
mod payouts_row;
mod payouts_stored;
mod result;
mod row;
mod runs;
mod sql;

use std::path::PathBuf;

use payme_core::ports::{Commit, StoreError};
use sqlx::sqlite::{Sqlite, SqlitePool};
use sqlx::{Connection as _, Transaction};

pub use open::Options;

/// A transaction that holds the write lock.
type WriteTx = Transaction<'static, Sqlite>;

/// A store in one SQLite database.
#[derive(Debug, Clone)]
pub struct SqliteStore {
    /// A few connections. For a database in memory, the one of `write`.
    read: SqlitePool,
    /// One connection, so that the tasks of this process queue for it instead of for the file.
    write: SqlitePool,
}

impl SqliteStore {
    /// Opens a database, creates it if it is missing, and brings its schema up to date.
    ///
    /// `sqlite::memory:` lives as long as the store. `sqlite:path`, `sqlite://path` and a bare
    /// path name a file; `sqlite:path?mode=ro` opens it for reading alone. A file that may not be
    /// written is opened for reading, and every commit answers [`StoreError::ReadOnly`].
    ///
    /// # Errors
    /// [`StoreError::Open`] when the file cannot be opened or is no database of PayMe,
    /// [`StoreError::Newer`] when a newer PayMe wrote it, [`StoreError::ReadOnly`] when its
    /// schema is old, or it is missing, and may not be written, [`StoreError::Busy`] when another
    /// process holds it for too long, [`StoreError::Full`] when there is no room for the schema.
    /// ```
    /// use payme_adapters::store::sqlite::SqliteStore;
    /// use payme_core::ports::EvidenceStore as _;
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
    /// let store = SqliteStore::open("sqlite::memory:").await?;
    /// assert_eq!(store.user_count().await?, 0);
    /// store.close().await;
    /// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        Self::open_with(url, Options::default()).await
    }

    /// Opens a database with options.
    ///
    /// # Errors
    /// Those of [`SqliteStore::open`].
    pub async fn open_with(url: &str, options: Options) -> Result<Self, StoreError> {
        open::open(url, options).await
    }

    /// The file that an address names; `None` for a database in memory and for what is no address
    /// of SQLite. Nothing is opened.
    ///
    /// ```
    /// use std::path::Path;
    /// use payme_adapters::store::sqlite::SqliteStore;
    /// for address in ["a b.db", "sqlite:a b.db", "sqlite://a%20b.db?mode=ro"] {
    ///     assert_eq!(SqliteStore::file_of(address).as_deref(), Some(Path::new("a b.db")));
    /// }
    /// assert_eq!(SqliteStore::file_of("sqlite::memory:"), None);
    /// assert_eq!(SqliteStore::file_of("postgres://host/db"), None);
    /// ```
    pub fn file_of(url: &str) -> Option<PathBuf> {
        open::file_of(url)
    }

    /// Closes every connection, after which the file stands alone, without a log beside it.
    ///
    /// A store that is dropped instead loses nothing; the next one reads the log.
    pub async fn close(&self) {
        self.read.close().await;
        self.write.close().await;
    }

    /// The version of the schema.
    ///
    /// # Errors
    /// Any of [`StoreError`] that reading can give.
    pub async fn schema_version(&self) -> Result<i64, StoreError> {
        let query = sqlx::query_scalar(sql::SCHEMA_VERSION);
        query.fetch_one(&self.read).await.map_err(error::failed)
    }

    /// Takes the write lock.
    async fn begin(&self) -> Result<WriteTx, StoreError> {
        match self.write.begin_with(sql::BEGIN_IMMEDIATE).await {
            // After some errors, a full disk among them, SQLite itself ends the transaction, and
            // the connection still believes in it. It is of no more use.
            Err(sqlx::Error::InvalidSavePointStatement) => {
                let lost = self.write.acquire().await.map_err(error::failed)?;
                lost.detach().close_hard().await.map_err(error::failed)?;
                self.write.begin_with(sql::BEGIN_IMMEDIATE).await.map_err(error::failed)
            }
            begun => begun.map_err(error::failed),
        }
    }
}

/// Ends a transaction as what was written in it demands.
async fn finish(tx: WriteTx, written: Result<Commit, StoreError>) -> Result<Commit, StoreError> {
    if let Ok(Commit::Done) = written {
        tx.commit().await.map_err(error::commit_failed)?;
    } else if let Err(error) = tx.rollback().await {
        // The connection gives up the transaction when it is used next; see `begin`.
        return written.and(Err(error::failed(error)));
    }
    written
}

/// How many rows a statement of a transaction changed.
async fn execute(
    tx: &mut WriteTx,
    query: sqlx::query::Query<'_, Sqlite, sqlx::sqlite::SqliteArguments>,
) -> Result<u64, StoreError> {
    let done = query.execute(&mut **tx).await.map_err(error::failed)?;
    Ok(done.rows_affected())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How SQLite behaves after some errors, a full disk among them.
    #[tokio::test]
    async fn a_transaction_that_sqlite_ended_itself_does_not_block_the_next() {
        let dir = tempfile::TempDir::new().unwrap();
        let path = dir.path().join("payme.db");
        let store = SqliteStore::open(path.to_str().unwrap()).await.unwrap();
        for _ in 0..3 {
            let mut tx = store.begin().await.unwrap();
            sqlx::query("rollback").execute(&mut *tx).await.unwrap();
            let failed = finish(tx, Err(StoreError::Full)).await;
            assert_eq!(failed, Err(StoreError::Full));
        }
        let tx = store.begin().await.unwrap();
        assert_eq!(finish(tx, Ok(Commit::Done)).await, Ok(Commit::Done));
        store.close().await;
    }
}
