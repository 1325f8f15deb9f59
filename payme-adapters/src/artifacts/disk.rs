//! Files that are whole: replaced in one step, after they are on disk.
//!
//! In: a folder, a name and bytes. Out: nothing, or an error that names the path. What always
//! holds: whoever reads sees the old file or the new one.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;

use super::ArtifactError;
use crate::whole::take_place;

/// The largest file that is read.
const BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Waits until nobody else holds the lock. It ends when the file is dropped, or with the process.
pub(super) fn lock(path: &Path) -> Result<File, ArtifactError> {
    let opened = OpenOptions::new().create(true).truncate(false).write(true).open(path);
    let file = opened.map_err(|error| ArtifactError::io(path, &error))?;
    let path = path.to_owned();
    file.lock().map_err(|error| ArtifactError::Locked { path, kind: error.kind() })?;
    Ok(file)
}

/// Puts bytes in the place of a file. Only one writer at a time may do so in a folder: what one that
/// died left beside the file is written over.
pub(super) fn replace(dir: &Path, name: &str, bytes: &[u8]) -> Result<(), ArtifactError> {
    let (part, path) = (dir.join(format!(".{name}.part")), dir.join(name));
    // A link of that name is not followed.
    let begun = || {
        remove_if_there(&part)?;
        OpenOptions::new().write(true).create_new(true).open(&part)
    };
    let written = begun().and_then(|file| take_place(&path, &part, file, bytes));
    written.map_err(|error| ArtifactError::io(&path, &error))
}

/// Takes a file away, if there is one.
pub(super) fn remove(path: &Path) -> Result<(), ArtifactError> {
    remove_if_there(path).map_err(|error| ArtifactError::io(path, &error))
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The bytes of a file; `None` where there is none.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, ArtifactError> {
    let size = match fs::metadata(path) {
        Ok(found) => found.len(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(ArtifactError::io(path, &error)),
    };
    if size > BYTES_MAX {
        let path = path.to_owned();
        return Err(ArtifactError::TooLarge { path, bytes_max: BYTES_MAX });
    }
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ArtifactError::io(path, &error)),
    }
}
