//! Reading the cells of a row: what does not parse is damage, and says of what.

use std::str::FromStr;

use payme_core::ports::StoreError;
use payme_core::types::Instant;
use serde::de::DeserializeOwned;
use sqlx::sqlite::{Sqlite, SqliteRow};
use sqlx::{Decode, Row as _, Type};

/// A row, and what it is a row of.
#[derive(Clone, Copy)]
pub(super) struct Cells<'r> {
    row: &'r SqliteRow,
    what: &'static str,
}

impl<'r> Cells<'r> {
    pub(super) const fn new(row: &'r SqliteRow, what: &'static str) -> Self {
        Self { row, what }
    }

    /// The error of a row that cannot be read.
    pub(super) const fn damage(self) -> StoreError {
        StoreError::Corrupt { what: self.what }
    }

    pub(super) fn get<T>(self, column: &str) -> Result<T, StoreError>
    where
        T: Decode<'r, Sqlite> + Type<Sqlite>,
    {
        self.row.try_get(column).map_err(|_| self.damage())
    }

    /// A text that must parse.
    pub(super) fn parsed<T: FromStr>(self, column: &str) -> Result<T, StoreError> {
        self.get::<&str>(column)?.parse().map_err(|_| self.damage())
    }

    /// The same where it may be null.
    pub(super) fn parsed_option<T: FromStr>(self, column: &str) -> Result<Option<T>, StoreError> {
        let text = self.get::<Option<&str>>(column)?;
        text.map(str::parse).transpose().map_err(|_| self.damage())
    }

    /// A word that must be known.
    pub(super) fn word<T>(
        self,
        column: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, StoreError> {
        parse(self.get(column)?).ok_or_else(|| self.damage())
    }

    /// The same where it may be null.
    pub(super) fn word_option<T>(
        self,
        column: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, StoreError> {
        let word = self.get::<Option<&str>>(column)?;
        word.map(|word| parse(word).ok_or_else(|| self.damage())).transpose()
    }

    /// An integer that must fit.
    pub(super) fn integer<T: TryFrom<i64>>(self, column: &str) -> Result<T, StoreError> {
        T::try_from(self.get(column)?).map_err(|_| self.damage())
    }

    pub(super) fn instant(self, column: &str) -> Result<Instant, StoreError> {
        Instant::from_micros(self.get(column)?).ok_or_else(|| self.damage())
    }

    /// The same where it may be null.
    pub(super) fn instant_option(self, column: &str) -> Result<Option<Instant>, StoreError> {
        let micros = self.get::<Option<i64>>(column)?;
        let read = |micros| Instant::from_micros(micros).ok_or_else(|| self.damage());
        micros.map(read).transpose()
    }

    pub(super) fn json<T: DeserializeOwned>(self, column: &str) -> Result<T, StoreError> {
        serde_json::from_str(self.get(column)?).map_err(|_| self.damage())
    }
}

/// A count as SQLite keeps it; no store holds more rows than that.
pub(super) fn integer(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A value as JSON text.
pub(super) fn json<T: serde::Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Failed(error.to_string()))
}
