//! The keys of the vault: one to seal with, and older ones that still open.
//!
//! In: lines `id:base64 of 32 bytes`, from the environment or a file that only its owner can read.
//! The first key seals. To rotate, put a new key first and seal everything anew; then drop the old
//! one.

use std::fmt;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::{Zeroize as _, Zeroizing};

/// How many bytes a key has.
pub const KEY_BYTES: usize = 32;
/// The variable of the environment that holds the lines of a ring.
pub const KEYS_VARIABLE: &str = "PAYME_VAULT_KEYS";
/// How long the id of a key may be.
const ID_CHARS_MAX: usize = 32;

/// A key and its name. The bytes are wiped when it is dropped.
#[derive(Clone)]
pub struct Key {
    pub(super) id: String,
    pub(super) bytes: Zeroizing<[u8; KEY_BYTES]>,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Keys: the first one seals, all of them open.
#[derive(Debug, Clone)]
pub struct KeyRing {
    pub(super) keys: Vec<Key>,
}

/// Why there is no ring.
#[derive(Debug, thiserror::Error)]
pub enum RingError {
    /// No key at all.
    #[error(
        "there is no key: put lines of the form id:base64 into {KEYS_VARIABLE}, or into a file"
    )]
    Empty,
    /// A line that is no key. Its text is not told.
    #[error(
        "line {line} is no key: write an id of 1 to 32 letters, digits, - and _, a colon, and 32 \
         bytes in base64"
    )]
    Line {
        /// The line, from 1.
        line: usize,
    },
    /// An id that is there twice.
    #[error("line {line} has the id of an earlier key")]
    Twice {
        /// The line, from 1.
        line: usize,
    },
    /// The file cannot be read.
    #[error("the file of keys cannot be read: {0}")]
    File(#[source] std::io::Error),
    /// Others can read the file.
    #[error("the file of keys can be read by others than its owner: chmod 600 it")]
    Open,
}

impl RingError {
    /// The stable code of this error.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "vault_no_key",
            Self::Line { .. } => "vault_key_line",
            Self::Twice { .. } => "vault_key_twice",
            Self::File(_) => "vault_key_file",
            Self::Open => "vault_key_file_open",
        }
    }
}

impl KeyRing {
    /// The keys of a text, one on each line; blank lines and lines that begin with `#` are passed
    /// over.
    ///
    /// # Errors
    /// [`RingError`], with the line and never its text.
    pub fn parse(text: &str) -> Result<Self, RingError> {
        let mut keys: Vec<Key> = Vec::new();
        for (line, text) in (1..).zip(text.lines()) {
            let text = text.trim();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let key = key(text).ok_or(RingError::Line { line })?;
            if keys.iter().any(|known| known.id == key.id) {
                return Err(RingError::Twice { line });
            }
            keys.push(key);
        }
        if keys.is_empty() { Err(RingError::Empty) } else { Ok(Self { keys }) }
    }

    /// The keys of a file that nobody but its owner can read.
    ///
    /// # Errors
    /// [`RingError`].
    pub fn from_file(path: &Path) -> Result<Self, RingError> {
        let metadata = std::fs::metadata(path).map_err(RingError::File)?;
        if is_open(&metadata) {
            return Err(RingError::Open);
        }
        let text = Zeroizing::new(std::fs::read_to_string(path).map_err(RingError::File)?);
        Self::parse(&text)
    }

    /// The name of the key that seals.
    pub fn sealing_id(&self) -> &str {
        self.keys.first().map_or("", |key| &key.id)
    }
}

#[cfg(unix)]
fn is_open(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    metadata.permissions().mode() & 0o077 != 0
}

#[cfg(not(unix))]
fn is_open(_: &std::fs::Metadata) -> bool {
    false
}

fn key(text: &str) -> Option<Key> {
    let (id, encoded) = text.split_once(':')?;
    let is_id = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if id.is_empty() || id.len() > ID_CHARS_MAX || !id.chars().all(is_id) {
        return None;
    }
    let mut decoded = STANDARD.decode(encoded.trim()).ok()?;
    let bytes: Option<[u8; KEY_BYTES]> = decoded.as_slice().try_into().ok();
    decoded.zeroize();
    Some(Key { id: id.to_owned(), bytes: Zeroizing::new(bytes?) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rings_follow_the_table() {
        let good = STANDARD.encode([7; KEY_BYTES]);
        let short = STANDARD.encode([7; 31]);
        let codes =
            |text: &str| KeyRing::parse(text).map(|ring| ring.keys.len()).map_err(|e| e.code());
        assert_eq!(codes(&format!("# old ones below\nnew:{good}\n\n old-1:{good} ")), Ok(2));
        assert_eq!(codes(""), Err("vault_no_key"));
        assert_eq!(codes("# none\n"), Err("vault_no_key"));
        assert_eq!(codes(&format!("a:{good}\na:{good}")), Err("vault_key_twice"));
        for bad in [
            format!("a:{short}"),
            format!(":{good}"),
            format!("a b:{good}"),
            format!("{}:{good}", "a".repeat(33)),
            "a:not base64".to_owned(),
            good.clone(),
        ] {
            assert_eq!(codes(&bad), Err("vault_key_line"), "{bad}");
        }
        let error = KeyRing::parse(&format!("a:{short}")).unwrap_err();
        assert!(!format!("{error} {error:?}").contains(&short));
        let ring = KeyRing::parse(&format!("a:{good}")).unwrap();
        assert!(!format!("{ring:?}").contains('7'), "{ring:?}");
        assert_eq!(ring.sealing_id(), "a");
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        let text = format!("a:{}", STANDARD.encode([7; KEY_BYTES]));
        std::fs::write(&path, text).unwrap();
        let allow = |mode| {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            KeyRing::from_file(&path).map(|_| ()).map_err(|error| error.code())
        };
        assert_eq!(allow(0o644), Err("vault_key_file_open"));
        assert_eq!(allow(0o640), Err("vault_key_file_open"));
        assert_eq!(allow(0o600), Ok(()));
        let missing = KeyRing::from_file(&folder.path().join("none")).unwrap_err();
        assert_eq!(missing.code(), "vault_key_file");
    }
}
