//! Whole files from disk, within limits that hold while reading.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

/// How much is read at once.
const CHUNK_BYTES: usize = 64 * 1024;
/// How much the buffer grows by at most.
const GROWTH_BYTES_MAX: usize = 16 * 1024 * 1024;

/// How large a file and one of its lines may be.
///
/// ```
/// use payme_adapters::files::Limits;
/// assert_eq!(Limits::default().line_bytes_max, 16 * 1024 * 1024);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The largest file, in bytes.
    pub bytes_max: u64,
    /// The longest line, in bytes without its end.
    pub line_bytes_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes_max: 512 * 1024 * 1024, line_bytes_max: 16 * 1024 * 1024 }
    }
}

/// Why a file was not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// There is no such file.
    #[error("{}: there is no such file: check the path", .path.display())]
    Missing {
        /// The path that was asked for.
        path: PathBuf,
    },
    /// The path names a directory.
    #[error("{}: this is a directory: name one file in it", .path.display())]
    Directory {
        /// The path that was asked for.
        path: PathBuf,
    },
    /// The file may not be read.
    #[error("{}: permission denied: allow reading the file", .path.display())]
    Denied {
        /// The path that was asked for.
        path: PathBuf,
    },
    /// The file is larger than allowed.
    #[error(
        "{}: the file is larger than {bytes_max} bytes: split it into several files",
        .path.display()
    )]
    TooLarge {
        /// The path that was asked for.
        path: PathBuf,
        /// The largest size that is read.
        bytes_max: u64,
    },
    /// A line is longer than allowed.
    #[error(
        "{}: line {line}: the line is longer than {line_bytes_max} bytes: \
         break it where the format allows, or check that this is a text file",
        .path.display()
    )]
    LineTooLong {
        /// The path that was asked for.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// The longest line that is read.
        line_bytes_max: u64,
    },
    /// The operating system could not read the file.
    #[error("{}: cannot read the file ({kind}): check the disk and the path", .path.display())]
    Io {
        /// The path that was asked for.
        path: PathBuf,
        /// What the operating system says.
        kind: ErrorKind,
    },
}

impl FileError {
    /// The stable code of this error.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "file_missing",
            Self::Directory { .. } => "file_is_directory",
            Self::Denied { .. } => "file_denied",
            Self::TooLarge { .. } => "file_too_large",
            Self::LineTooLong { .. } => "line_too_long",
            Self::Io { .. } => "file_unreadable",
        }
    }

    fn from_kind(path: &Path, kind: ErrorKind) -> Self {
        let path = path.to_owned();
        match kind {
            ErrorKind::NotFound | ErrorKind::NotADirectory => Self::Missing { path },
            ErrorKind::IsADirectory => Self::Directory { path },
            ErrorKind::PermissionDenied => Self::Denied { path },
            kind => Self::Io { path, kind },
        }
    }
}

/// Reads a whole file from disk with limits.
///
/// Both limits hold while reading, because a pipe or a growing file does not tell its length:
/// never more than one byte beyond a limit is read.
///
/// # Errors
/// [`FileError`], which names the path.
pub fn read_file(path: &Path, limits: Limits) -> Result<Vec<u8>, FileError> {
    let failed = |error: io::Error| FileError::from_kind(path, error.kind());
    let meta = fs::metadata(path).map_err(failed)?;
    if meta.is_dir() {
        return Err(FileError::Directory { path: path.to_owned() });
    }
    if meta.len() > limits.bytes_max {
        return Err(FileError::TooLarge { path: path.to_owned(), bytes_max: limits.bytes_max });
    }
    let file = File::open(path).map_err(failed)?;
    read_limited(file, limits).map_err(|stop| stop.at(path, limits))
}

/// Why reading stopped before the end.
#[derive(Debug, PartialEq, Eq)]
enum Stop {
    Bytes,
    Line(u64),
    Io(ErrorKind),
}

impl Stop {
    fn at(self, path: &Path, limits: Limits) -> FileError {
        let Limits { bytes_max, line_bytes_max } = limits;
        match self {
            Self::Bytes => FileError::TooLarge { path: path.to_owned(), bytes_max },
            Self::Line(line) => {
                FileError::LineTooLong { path: path.to_owned(), line, line_bytes_max }
            }
            Self::Io(kind) => FileError::from_kind(path, kind),
        }
    }
}

fn read_limited(mut source: impl Read, limits: Limits) -> Result<Vec<u8>, Stop> {
    let mut bytes = Vec::new();
    let mut chunk = vec![0; CHUNK_BYTES];
    let (mut line, mut line_bytes) = (1, 0);
    loop {
        let left = (limits.bytes_max.saturating_sub(length(&bytes)))
            .min(limits.line_bytes_max.saturating_sub(line_bytes));
        let wanted = usize::try_from(left.saturating_add(1)).unwrap_or(CHUNK_BYTES);
        let window = chunk.get_mut(..wanted.min(CHUNK_BYTES)).unwrap_or_default();
        let count = match source.read(window) {
            Ok(0) => return Ok(bytes),
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(Stop::Io(error.kind())),
        };
        let read = window.get(..count).unwrap_or_default();
        for (index, part) in read.split(|byte| *byte == b'\n').enumerate() {
            if index > 0 {
                line += 1;
                line_bytes = 0;
            }
            line_bytes += length(part);
            if line_bytes > limits.line_bytes_max {
                return Err(Stop::Line(line));
            }
        }
        if length(&bytes).saturating_add(length(read)) > limits.bytes_max {
            return Err(Stop::Bytes);
        }
        reserve(&mut bytes, count).map_err(|()| Stop::Io(ErrorKind::OutOfMemory))?;
        bytes.extend_from_slice(read);
    }
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

/// Doubles the buffer while it is small and then grows it evenly, so that little lies idle.
fn reserve(bytes: &mut Vec<u8>, count: usize) -> Result<(), ()> {
    if bytes.capacity() - bytes.len() >= count {
        return Ok(());
    }
    let growth = bytes.len().clamp(CHUNK_BYTES, GROWTH_BYTES_MAX).max(count);
    bytes.try_reserve_exact(growth).map_err(|_| ())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Gives `x` without end, a few bytes at a time, and counts what was taken.
    struct Endless<'a>(&'a mut u64);

    impl Read for Endless<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = buffer.len().min(1000);
            buffer[..count].fill(b'x');
            *self.0 += length(&buffer[..count]);
            Ok(count)
        }
    }

    const fn limits(bytes_max: u64, line_bytes_max: u64) -> Limits {
        Limits { bytes_max, line_bytes_max }
    }

    #[test]
    fn a_line_or_file_without_end_is_given_up_one_byte_past_the_limit() {
        let mut taken = 0;
        let stop = read_limited(Endless(&mut taken), limits(1 << 40, 200_000)).unwrap_err();
        assert_eq!((stop, taken), (Stop::Line(1), 200_001));
        let mut taken = 0;
        let stop = read_limited(Endless(&mut taken), limits(150_000, 1 << 40)).unwrap_err();
        assert_eq!((stop, taken), (Stop::Bytes, 150_001));
    }

    #[test]
    fn limits_are_met_exactly() {
        #[rustfmt::skip]
        let table = [
            ("abc\nde\n", limits(7, 3), Ok(7)),
            ("abc\nde\n", limits(6, 3), Err(Stop::Bytes)),
            ("abc\nde\n", limits(7, 2), Err(Stop::Line(1))),
            ("a\n\nbcd",  limits(9, 2), Err(Stop::Line(3))),
            ("",          limits(0, 0), Ok(0)),
            ("\n\n",      limits(2, 0), Ok(2)),
        ];
        for (text, limits, expected) in table {
            let got = read_limited(text.as_bytes(), limits).map(|bytes| bytes.len());
            assert_eq!(got, expected, "{text:?} {limits:?}");
        }
    }

    #[test]
    fn each_error_names_the_path_and_has_its_code() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("rows.csv");
        fs::write(&file, "a\nlonger\n").unwrap();
        #[rustfmt::skip]
        let table = [
            (dir.path().to_owned(),          Limits::default(), "file_is_directory"),
            (dir.path().join("absent"),      Limits::default(), "file_missing"),
            (file.join("below"),             Limits::default(), "file_missing"),
            (file.clone(),                   limits(8, 100),    "file_too_large"),
            (file.clone(),                   limits(100, 5),    "line_too_long"),
            (PathBuf::from("nul\0byte"),     Limits::default(), "file_unreadable"),
        ];
        for (path, limits, code) in table {
            let error = read_file(&path, limits).unwrap_err();
            assert_eq!(error.code(), code, "{error}");
            assert!(error.to_string().starts_with(&path.display().to_string()), "{error}");
        }
        assert_eq!(read_file(&file, limits(9, 6)).unwrap(), b"a\nlonger\n");
    }

    #[test]
    fn what_the_system_says_has_one_error_each() {
        #[rustfmt::skip]
        let table = [
            (ErrorKind::NotFound,         "file_missing"),
            (ErrorKind::NotADirectory,    "file_missing"),
            (ErrorKind::IsADirectory,     "file_is_directory"),
            (ErrorKind::PermissionDenied, "file_denied"),
            (ErrorKind::TimedOut,         "file_unreadable"),
        ];
        for (kind, code) in table {
            assert_eq!(FileError::from_kind(Path::new("x"), kind).code(), code, "{kind:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_within_the_limits_reads_back(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
            prop_assert_eq!(read_limited(bytes.as_slice(), limits(2000, 2000)), Ok(bytes));
        }
    }
}
