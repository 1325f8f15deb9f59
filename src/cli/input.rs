//! Reading the files that a command names.

use std::path::Path;

use payme::files::{Limits, read_file};
use payme::ranking::Weights;
use payme::types::json::{Refusal, Rows};
use serde_json::json;

use super::args::RankerArgs;
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

/// The weights of a file, or the built-in ones of a set. A file says itself which set it weighs;
/// where both are named, they have to name the same one.
pub(crate) fn weights(ranker: &RankerArgs) -> Result<Weights, CliError> {
    let set = ranker.signals;
    let Some(path) = &ranker.weights else { return Ok(Weights::of_set(set.unwrap_or_default())) };
    let weights = Weights::from_json(&bytes(path)?)
        .map_err(|error| CliError::refused_file(path, &error.0))?;
    match set {
        Some(set) if set != weights.set() => {
            let (file, theirs, asked) =
                (path.display().to_string(), weights.set().as_str(), set.as_str());
            let message = format!(
                "{file}: these weights are of the {theirs} signals, but --signals asks for \
                 {asked}: leave --signals out, or name a file with weights of that set"
            );
            let details = json!({"file": file, "weights": theirs, "signals": asked});
            Err(CliError::new("usage", message).with_details(details))
        }
        _ => Ok(weights),
    }
}
