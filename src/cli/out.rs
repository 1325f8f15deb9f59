//! Files that a command writes for people: whole, or as they were before.
//!
//! In: the path behind `--out`. Out: something to write to. What is written goes into a file beside
//! the one that is named, which takes its place at the end and in one step. The database of the
//! command, and the files that belong to it, are never written over.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use payme::DATABASE_DEFAULT;
use payme::store::sqlite::SqliteStore;

use super::args::Global;
use super::error::CliError;

/// What SQLite puts behind the name of a database for the files that belong to it.
const COMPANIONS: [&str; 4] = ["", "-wal", "-shm", "-journal"];

/// A file that is being written. Dropped before [`OutFile::finish`], it leaves nothing behind.
#[derive(Debug)]
pub(crate) struct OutFile {
    file: File,
    /// Where it is written, and what it becomes; `None` for a device or a pipe, which is written as
    /// it is.
    renamed: Option<(PathBuf, PathBuf)>,
}

impl OutFile {
    /// Begins to write a file of this path.
    pub(crate) fn create(global: &Global, path: &Path) -> Result<Self, CliError> {
        expect_no_database(global, path)?;
        Self::begin(path).map_err(|error| unwritable(path, &error))
    }

    fn begin(path: &Path) -> io::Result<Self> {
        let before = match fs::metadata(path) {
            Ok(before) if !before.is_file() => {
                let file = OpenOptions::new().write(true).open(path)?;
                return Ok(Self { file, renamed: None });
            }
            Ok(before) => Some(before),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        // A link stays a link: what it leads to is replaced.
        let target = resolved(path)?;
        let name = target.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_string_lossy();
        let beside = target.with_file_name(format!(".{name}.{}.part", std::process::id()));
        let file = OpenOptions::new().write(true).create_new(true).open(&beside)?;
        let out = Self { file, renamed: Some((beside, target)) };
        match before {
            // What may not be written is not replaced either.
            Some(before) if before.permissions().readonly() => {
                Err(io::ErrorKind::PermissionDenied.into())
            }
            Some(before) => {
                out.file.set_permissions(before.permissions())?;
                Ok(out)
            }
            None => Ok(out),
        }
    }

    /// Ends the writing: the file takes the place of the one that was there.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        let Some((beside, target)) = &self.renamed else { return self.file.flush() };
        self.file.sync_all()?;
        fs::rename(beside, target)?;
        self.renamed = None;
        Ok(())
    }
}

impl Write for OutFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for OutFile {
    fn drop(&mut self) {
        if let Some((beside, _)) = &self.renamed {
            // Whoever cannot remove it could not be told either: the command ends with an error.
            let _ = fs::remove_file(beside);
        }
    }
}

/// A file that cannot be written.
pub(crate) fn unwritable(path: &Path, error: &io::Error) -> CliError {
    CliError::new("output", format!("{}: cannot be written: {error}", path.display()))
}

/// Refuses a path that is the database of the command, or a file that belongs to it.
pub(crate) fn expect_no_database(global: &Global, path: &Path) -> Result<(), CliError> {
    let database = SqliteStore::file_of(global.db.as_deref().unwrap_or(DATABASE_DEFAULT));
    let Some(database) = database else { return Ok(()) };
    // A link to the database has companions beside what it leads to.
    let led_to = fs::canonicalize(&database).unwrap_or_else(|_| database.clone());
    let named = [database, led_to];
    let files = named.iter().flat_map(|name| {
        COMPANIONS.map(|end| {
            let mut name = name.clone().into_os_string();
            name.push(end);
            PathBuf::from(name)
        })
    });
    let own = resolved(path).unwrap_or_else(|_| path.to_owned());
    let is_own = |file: &PathBuf| {
        resolved(file).unwrap_or_else(|_| file.clone()) == own || file.as_path() == path
    };
    if files.collect::<Vec<_>>().iter().any(is_own) {
        let message =
            format!("{}: this is the database: name another file to write", path.display());
        return Err(CliError::new("output", message));
    }
    Ok(())
}

/// A path without links and dots. The file itself need not be there.
fn resolved(path: &Path) -> io::Result<PathBuf> {
    match fs::canonicalize(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let name = path.file_name().ok_or(error)?;
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            Ok(fs::canonicalize(folder.unwrap_or(Path::new(".")))?.join(name))
        }
        found => found,
    }
}
