//! Reading the files that a command names.

use std::path::{Path, PathBuf};

use payme::files::{Limits, read_file};
use payme::ranking::Weights;
use payme::types::json::{Refusal, Rows};

use super::error::CliError;
use super::output::list_refused;

/// The bytes of a file.
pub(crate) fn bytes(path: &Path) -> Result<Vec<u8>, CliError> {
    Ok(read_file(path, Limits::default())?)
}

/// The rows of a file that are right, and the refused ones, which stop the command unless it is
/// to keep going.
pub(crate) fn rows<T>(
    path: &Path,
    keep_going: bool,
    parse: impl FnOnce(&[u8]) -> Result<Rows<T>, Refusal>,
) -> Result<(Vec<T>, Vec<Refusal>), CliError> {
    let rows = parse(&bytes(path)?).map_err(|refusal| CliError::refused_file(path, &refusal))?;
    if !rows.refused.is_empty() && !keep_going {
        return Err(CliError::refused_rows(path, &rows.refused));
    }
    Ok((rows.taken, rows.refused))
}

/// The same, with the refused rows listed on stderr.
pub(crate) fn rows_listed<T>(
    path: &Path,
    keep_going: bool,
    parse: impl FnOnce(&[u8]) -> Result<Rows<T>, Refusal>,
) -> Result<(Vec<T>, bool), CliError> {
    let (taken, refused) = rows(path, keep_going, parse)?;
    list_refused(path, &refused);
    Ok((taken, !refused.is_empty()))
}

/// The weights of a file, or the built-in ones.
pub(crate) fn weights(path: Option<&PathBuf>) -> Result<Weights, CliError> {
    let Some(path) = path else { return Ok(Weights::default()) };
    Weights::from_json(&bytes(path)?).map_err(|error| CliError::refused_file(path, &error.0))
}
