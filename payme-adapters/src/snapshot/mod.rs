//! Snapshots of a compiled catalogue as files.
//!
//! In: a path and an index, or a path and an embedder. Out: a file that holds the whole index or is
//! not there, or the index that a file holds. What the bytes mean, and what is refused, is decided
//! in `payme_core::catalog`; nothing of it stands here.
//!
//! A file is never changed, only replaced by another one of its name. So an index that was mapped
//! goes on with the file it was mapped from, while the next reader gets the new one.

mod map;

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use payme_core::catalog::{CatalogIndex, SnapshotError};
use payme_core::types::{Column, SharedBytes};
use payme_core::vectors::Embedder;

use crate::whole::take_place;

/// How many names are tried for the file that is written before it takes its place.
const NAMES_MAX: u32 = 1_000;

/// Why a snapshot was not read or written. Names the path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotFileError {
    /// There is no such file, or no such folder to write to.
    #[error("{}: there is no such file or folder: check the path", .path.display())]
    Missing {
        /// The path that was asked for.
        path: PathBuf,
    },
    /// The path names a folder, a pipe or a device.
    #[error("{}: this is not a plain file: name one", .path.display())]
    NotAFile {
        /// The path that was asked for.
        path: PathBuf,
    },
    /// The operating system could not read or write the file.
    #[error(
        "{}: cannot read or write the file ({kind}): check the disk and its rights",
        .path.display()
    )]
    Io {
        /// The path that was asked for.
        path: PathBuf,
        /// What the operating system says.
        kind: ErrorKind,
    },
    /// The file is no snapshot that can be used, or the index cannot be written as one.
    #[error("{}: {error}", .path.display())]
    Snapshot {
        /// The path that was asked for.
        path: PathBuf,
        /// Why.
        error: SnapshotError,
    },
}

impl SnapshotFileError {
    /// The stable code of this error.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "file_missing",
            Self::NotAFile { .. } => "file_not_plain",
            Self::Io { .. } => "file_io",
            Self::Snapshot { error, .. } => error.code(),
        }
    }

    fn of(path: &Path, error: &io::Error) -> Self {
        let path = path.to_owned();
        match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => Self::Missing { path },
            ErrorKind::IsADirectory => Self::NotAFile { path },
            kind => Self::Io { path, kind },
        }
    }

    fn refused(path: &Path, error: SnapshotError) -> Self {
        Self::Snapshot { path: path.to_owned(), error }
    }
}

/// Writes an index to a file, in place of the one that may be there.
///
/// Whenever the process or the machine stops, the path names the old file or the new one, whole:
/// the bytes go to a new file beside it, to the disk, and only then does that file take the name.
///
/// # Errors
/// [`SnapshotFileError`], each variant; the file that was there is still there then.
/// ```
/// use payme_adapters::snapshot::{map_snapshot, write_snapshot};
/// use payme_core::catalog::{CatalogIndex, parse_settlement};
/// let index = CatalogIndex::new([parse_settlement(r#"{"title": "Rides",
///     "eligibility": {"required_features": ["merchant:uber"], "states": []}}"#)?]);
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("catalogue.snapshot");
/// write_snapshot(&path, &index)?;
/// let mapped = map_snapshot(&path, index.embedder().clone())?;
/// assert!(mapped.settlements().eq(index.settlements()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write_snapshot(path: &Path, index: &CatalogIndex) -> Result<(), SnapshotFileError> {
    let bytes = index.to_snapshot().map_err(|error| SnapshotFileError::refused(path, error))?;
    replace(path, &bytes).map_err(|error| SnapshotFileError::of(path, &error))
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if path.is_dir() {
        return Err(ErrorKind::IsADirectory.into());
    }
    let (beside, file) = create_beside(path)?;
    take_place(path, &beside, file, bytes)
}

/// A new file in the same folder, so that it can take the other's name in one step.
fn create_beside(path: &Path) -> io::Result<(PathBuf, File)> {
    let name = path.file_name().ok_or(ErrorKind::NotFound)?;
    for number in 0..NAMES_MAX {
        let mut new_name = OsString::from(".");
        new_name.push(name);
        new_name.push(format!(".{}-{number}.new", std::process::id()));
        let beside = path.with_file_name(new_name);
        match OpenOptions::new().write(true).create_new(true).open(&beside) {
            Ok(file) => return Ok((beside, file)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}

/// Reads a snapshot into memory of its own. The file may be changed or removed afterwards.
///
/// # Errors
/// [`SnapshotFileError`], each variant.
pub fn read_snapshot(
    path: &Path,
    embedder: Arc<dyn Embedder>,
) -> Result<CatalogIndex, SnapshotFileError> {
    let read = || {
        let (mut file, length) = open(path)?;
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(length).map_err(|_| ErrorKind::OutOfMemory)?;
        file.read_to_end(&mut bytes)?;
        Ok(Column::from(bytes))
    };
    let bytes: Column<u8> = read().map_err(|error| SnapshotFileError::of(path, &error))?;
    load(path, Arc::new(bytes), embedder)
}

/// Maps a snapshot: its columns stay in the file, and processes that map the same file share
/// their memory.
///
/// The caller promises that nobody changes or shortens the file in place while the index, or one
/// made from it, is in use. Removing it, or replacing it as [`write_snapshot`] does, is fine. Where
/// nobody can promise that, as on a shared folder, take [`read_snapshot`].
///
/// # Errors
/// [`SnapshotFileError`], each variant.
pub fn map_snapshot(
    path: &Path,
    embedder: Arc<dyn Embedder>,
) -> Result<CatalogIndex, SnapshotFileError> {
    let mapped = open(path).and_then(|(file, _)| map::map(&file));
    let bytes = mapped.map_err(|error| SnapshotFileError::of(path, &error))?;
    load(path, Arc::new(bytes), embedder)
}

/// Opens a plain file, and says how long it is. A pipe or a device might never end.
fn open(path: &Path) -> io::Result<(File, usize)> {
    // Looked at before it is opened, too: opening a pipe waits for somebody to write.
    if !fs::metadata(path)?.is_file() {
        return Err(ErrorKind::IsADirectory.into());
    }
    let file = File::open(path)?;
    let length = usize::try_from(file.metadata()?.len()).map_err(|_| ErrorKind::FileTooLarge)?;
    Ok((file, length))
}

fn load(
    path: &Path,
    bytes: SharedBytes,
    embedder: Arc<dyn Embedder>,
) -> Result<CatalogIndex, SnapshotFileError> {
    CatalogIndex::from_snapshot(bytes, embedder)
        .map_err(|error| SnapshotFileError::refused(path, error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use payme_core::catalog::{Settlement, parse_settlement};

    type Load = fn(&Path, Arc<dyn Embedder>) -> Result<CatalogIndex, SnapshotFileError>;
    const LOADS: [Load; 2] = [read_snapshot, map_snapshot];

    fn settlement(title: &str) -> Settlement {
        let rule = r#"{"required_features": ["merchant:uber"], "states": ["CA"]}"#;
        parse_settlement(&format!(r#"{{"title": "{title}", "eligibility": {rule}}}"#)).unwrap()
    }

    fn titles(index: &CatalogIndex) -> Vec<String> {
        index.settlements().map(|settlement| settlement.title.clone()).collect()
    }

    fn names(folder: &Path) -> Vec<OsString> {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect()
    }

    #[test]
    fn what_is_written_is_read_and_mapped_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.snapshot");
        for settlements in
            [Vec::new(), vec![settlement("A")], vec![settlement("B"), settlement("C")]]
        {
            let index = CatalogIndex::new(settlements);
            write_snapshot(&path, &index).unwrap();
            for load in LOADS {
                let loaded = load(&path, Arc::clone(index.embedder())).unwrap();
                assert!(loaded.settlements().eq(index.settlements()));
                assert_eq!(loaded.to_snapshot(), index.to_snapshot());
            }
            assert_eq!(names(folder.path()), ["a.snapshot"]);
        }
    }

    #[test]
    fn an_index_in_use_does_not_notice_that_its_file_is_replaced_or_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.snapshot");
        let (old, new) =
            (CatalogIndex::new([settlement("Old")]), CatalogIndex::new([settlement("New")]));
        write_snapshot(&path, &old).unwrap();
        let in_use = LOADS.map(|load| load(&path, Arc::clone(old.embedder())).unwrap());
        write_snapshot(&path, &new).unwrap();
        let next = map_snapshot(&path, Arc::clone(old.embedder())).unwrap();
        fs::remove_file(&path).unwrap();
        for index in in_use {
            assert_eq!(index.to_snapshot(), old.to_snapshot());
        }
        assert_eq!(titles(&next), ["New"]);
    }

    #[test]
    fn a_write_that_fails_leaves_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.snapshot");
        write_snapshot(&path, &CatalogIndex::new([settlement("Old")])).unwrap();
        let nameless = Settlement { title: String::new(), ..settlement("New") };
        let error = write_snapshot(&path, &CatalogIndex::new([nameless])).unwrap_err();
        assert_eq!(error.code(), "snapshot_unwritable");
        assert_eq!(
            titles(&read_snapshot(&path, Arc::clone(CatalogIndex::default().embedder())).unwrap()),
            ["Old"]
        );

        let index = CatalogIndex::default();
        let below = folder.path().join("folder");
        fs::create_dir(&below).unwrap();
        #[rustfmt::skip]
        let table = [
            (below,                                "file_not_plain"),
            (folder.path().join("none/a"),         "file_missing"),
            (path.join("below"),                   "file_missing"),
            (PathBuf::from(""),                    "file_missing"),
            (folder.path().join("nul\0byte"),      "file_io"),
        ];
        for (path, code) in table {
            assert_eq!(
                write_snapshot(&path, &index).unwrap_err().code(),
                code,
                "{}",
                path.display()
            );
        }
        assert_eq!(names(folder.path()).len(), 2);
    }

    #[test]
    fn each_fault_of_a_file_has_its_code_and_names_the_path() {
        let folder = tempfile::tempdir().unwrap();
        let index = CatalogIndex::new([settlement("A")]);
        let good = index.to_snapshot().unwrap();
        let mut flipped = good.to_vec();
        flipped[700] ^= 1;
        let file = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            fs::write(&path, bytes).unwrap();
            path
        };
        #[rustfmt::skip]
        let table = [
            (folder.path().to_owned(),                      "file_not_plain"),
            (folder.path().join("absent"),                  "file_missing"),
            (folder.path().join("nul\0byte"),               "file_io"),
            (file("empty", b""),                            "not_a_snapshot"),
            (file("other", b"{}"),                          "not_a_snapshot"),
            (file("short", &good[..good.len() - 1]),        "snapshot_length"),
            (file("flipped", &flipped),                     "snapshot_checksum"),
        ];
        for (path, code) in table {
            for load in LOADS {
                let error = load(&path, Arc::clone(index.embedder())).unwrap_err();
                assert_eq!(error.code(), code, "{error}");
                assert!(error.to_string().starts_with(&path.display().to_string()), "{error}");
            }
        }
    }
}
