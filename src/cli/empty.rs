//! A database that holds nothing, as one does whose name was mistyped.
//!
//! In: the engine, and what a command that reads it was told. Out: the same, and where it is the
//! database that is empty, advice that names it. Nothing is written to the database.

use payme::driver::DriverError;
use payme::{DATABASE_DEFAULT, Payme};

use super::args::Global;
use super::error::{CliError, named};
use super::output::printable;

/// What is lacking, and what brings it in.
type Lack = (&'static str, &'static str);
const NO_PEOPLE: Lack = ("people", "features or records");
pub(crate) const NO_SETTLEMENTS: Lack = ("settlements", "settlements");
pub(crate) const NO_MERCHANTS: Lack = ("merchants", "merchants");

fn hint(global: &Global, (lacking, import): Lack) -> String {
    let database = named(global.db.as_deref().unwrap_or(DATABASE_DEFAULT));
    format!("the database {database} has no {lacking}: import {import} first, or correct --db")
}

/// Says on stderr what the database lacks, unless notes are not wanted.
pub(crate) fn note(global: &Global, lack: Lack) {
    if !global.quiet {
        eprintln!("note: {}", printable(&hint(global, lack)));
    }
}

/// Says on stderr that the database has no people, if so.
pub(crate) async fn note_without_people(global: &Global, payme: &Payme) -> Result<(), CliError> {
    if payme.store().user_count().await? == 0 {
        note(global, NO_PEOPLE);
    }
    Ok(())
}

/// What was read; where a person or settlement is unknown because there is none, the error says so.
pub(crate) async fn hinted<T>(
    global: &Global,
    payme: &Payme,
    read: Result<T, DriverError>,
) -> Result<T, CliError> {
    let error = match read {
        Ok(read) => return Ok(read),
        Err(error) => error,
    };
    let store = payme.store();
    let lack = match error {
        DriverError::UnknownUser(_) if store.user_count().await? == 0 => Some(NO_PEOPLE),
        DriverError::UnknownSettlement(_) if store.catalog().await?.is_empty() => {
            Some(NO_SETTLEMENTS)
        }
        _ => None,
    };
    let error = CliError::from(error);
    Err(match lack {
        Some(lack) => error.with_hint(&hint(global, lack)),
        None => error,
    })
}
