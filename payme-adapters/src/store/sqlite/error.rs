//! From SQLite's result codes to [`StoreError`]. No text of a row gets into an error: SQLite's own
//! messages name tables and columns only.

use payme_core::ports::StoreError;
use sqlx::error::DatabaseError;
use sqlx::migrate::MigrateError;

// Primary result codes, the low byte of the extended ones: https://sqlite.org/rescode.html
const BUSY: i32 = 5;
const LOCKED: i32 = 6;
const READ_ONLY: i32 = 8;
const CORRUPT: i32 = 11;
const FULL: i32 = 13;
const CANNOT_OPEN: i32 = 14;
const CONSTRAINT: i32 = 19;
const NOT_A_DATABASE: i32 = 26;

// Extended result codes of an insert whose key is stored already. The triggers that refuse an
// insert are those that keep `insert or replace` from deleting rows.
const TAKEN: [i32; 3] = [
    1555, // SQLITE_CONSTRAINT_PRIMARYKEY
    1811, // SQLITE_CONSTRAINT_TRIGGER
    2067, // SQLITE_CONSTRAINT_UNIQUE
];

/// A statement that failed: nothing of it was written, and its transaction is rolled back.
///
/// By value, as `map_err` wants it.
#[expect(clippy::needless_pass_by_value, reason = "map_err passes by value")]
pub(super) fn failed(error: sqlx::Error) -> StoreError {
    match &error {
        sqlx::Error::Database(inner) => of_code(inner.as_ref()),
        // The one connection that writes was busy with another task of this process.
        sqlx::Error::PoolTimedOut => StoreError::Busy,
        _ => StoreError::Failed(error.to_string()),
    }
}

/// A `commit` that failed. Codes that SQLite gives before it writes the commit record mean that
/// nothing was written; of the others nobody can tell before the database is read again.
#[expect(clippy::needless_pass_by_value, reason = "map_err passes by value")]
pub(super) fn commit_failed(error: sqlx::Error) -> StoreError {
    let before_writing = [BUSY, LOCKED, READ_ONLY, FULL, CONSTRAINT];
    match &error {
        sqlx::Error::Database(inner) if before_writing.contains(&primary(inner.as_ref())) => {
            of_code(inner.as_ref())
        }
        _ => StoreError::Unknown(error.to_string()),
    }
}

/// Whether an insert was refused because a key of it is stored already.
pub(super) fn is_taken(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| TAKEN.contains(&extended(error)))
}

/// A database that could not be opened: what is no refusal of its own says why.
pub(super) fn open_failed(error: sqlx::Error) -> StoreError {
    match failed(error) {
        StoreError::Failed(text) => StoreError::Open(text),
        other => other,
    }
}

/// A migration that failed; it is rolled back.
pub(super) fn migration_failed(error: MigrateError, known: i64) -> StoreError {
    match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => failed(error),
        // Another process, newer than this one, migrated it a moment ago.
        MigrateError::VersionMissing(found) => StoreError::Newer { found, known },
        other => StoreError::Open(other.to_string()),
    }
}

fn of_code(error: &dyn DatabaseError) -> StoreError {
    let text = || format!("SQLite: {}", error.message());
    match primary(error) {
        BUSY | LOCKED => StoreError::Busy,
        READ_ONLY => StoreError::ReadOnly,
        FULL => StoreError::Full,
        CORRUPT => StoreError::Corrupt { what: "page" },
        CANNOT_OPEN | NOT_A_DATABASE => StoreError::Open(text()),
        _ => StoreError::Failed(text()),
    }
}

fn primary(error: &dyn DatabaseError) -> i32 {
    extended(error) & 0xff
}

fn extended(error: &dyn DatabaseError) -> i32 {
    error.code().and_then(|code| code.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::fmt;

    use sqlx::error::ErrorKind;

    use super::*;

    /// An error of SQLite with this extended result code.
    #[derive(Debug)]
    struct Coded(i32);

    impl fmt::Display for Coded {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "(code: {}) text", self.0)
        }
    }

    impl std::error::Error for Coded {}

    impl DatabaseError for Coded {
        fn message(&self) -> &str {
            "text"
        }

        fn code(&self) -> Option<Cow<'_, str>> {
            Some(self.0.to_string().into())
        }

        fn as_error(&self) -> &(dyn std::error::Error + Send + Sync + 'static) {
            self
        }

        fn as_error_mut(&mut self) -> &mut (dyn std::error::Error + Send + Sync + 'static) {
            self
        }

        fn into_error(self: Box<Self>) -> Box<dyn std::error::Error + Send + Sync + 'static> {
            self
        }

        fn kind(&self) -> ErrorKind {
            ErrorKind::Other
        }
    }

    #[test]
    fn every_result_code_has_its_error() {
        let [text, unknown] = ["SQLite: text".to_owned(), String::new()];
        let unknown = StoreError::Unknown(unknown);
        #[rustfmt::skip]
        let table = [
            // code             of a statement                         of a commit
            (5,        StoreError::Busy,                       StoreError::Busy),
            (261,      StoreError::Busy,                       StoreError::Busy),
            (6,        StoreError::Busy,                       StoreError::Busy),
            (8,        StoreError::ReadOnly,                   StoreError::ReadOnly),
            (1544,     StoreError::ReadOnly,                   StoreError::ReadOnly),
            (13,       StoreError::Full,                       StoreError::Full),
            (14,       StoreError::Open(text.clone()),         unknown.clone()),
            (26,       StoreError::Open(text.clone()),         unknown.clone()),
            (11,       StoreError::Corrupt { what: "page" },   unknown.clone()),
            (787,      StoreError::Failed(text.clone()),       StoreError::Failed(text.clone())),
            (1034,     StoreError::Failed(text),               unknown),
        ];
        for (code, of_statement, of_commit) in table {
            let error = || sqlx::Error::Database(Box::new(Coded(code)));
            assert_eq!(failed(error()), of_statement, "{code}");
            let found = commit_failed(error());
            assert_eq!(found.code(), of_commit.code(), "{code}");
            assert_eq!(found.may_have_happened(), of_commit.may_have_happened(), "{code}");
        }
        assert_eq!(failed(sqlx::Error::PoolTimedOut), StoreError::Busy);
        let crashed = commit_failed(sqlx::Error::WorkerCrashed);
        assert!(crashed.may_have_happened());
    }
}
