//! New weights for an engine that runs.
//!
//! In: the file of the weights in force. Out: its weights, each time it holds others. A file that
//! is none is told once each time it is asked for, and the engine keeps the weights that it has.

use std::path::PathBuf;

use payme_core::ranking::Weights;

use super::{ArtifactError, disk, parse_weights};

/// Tells when the weights in force are others. Made by [`super::Artifacts::watch`].
///
/// # Examples
/// ```
/// use payme_adapters::artifacts::Artifacts;
/// use payme_core::ranking::Weights;
///
/// # let dir = tempfile::TempDir::new()?;
/// let artifacts = Artifacts::open(dir.path())?;
/// let mut watch = artifacts.watch();
/// assert_eq!(watch.changed()?, None);
/// let version = artifacts.store(&Weights::default(), &serde_json::Map::new())?;
/// artifacts.promote(version, 0)?;
/// assert_eq!(watch.changed()?.map(|weights| weights.version), Some(1));
/// assert_eq!(watch.changed()?, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Watch {
    path: PathBuf,
    seen: Option<Vec<u8>>,
}

impl Watch {
    pub(super) const fn new(path: PathBuf) -> Self {
        Self { path, seen: None }
    }

    /// The weights in force, where they are others than those that were given last; `None` where
    /// they are the same, and before the first promotion.
    ///
    /// # Errors
    /// [`ArtifactError::Weights`] for a file that is none, and [`ArtifactError::Io`].
    pub fn changed(&mut self) -> Result<Option<Weights>, ArtifactError> {
        let Some(bytes) = disk::read(&self.path)? else { return Ok(None) };
        if self.seen.as_ref() == Some(&bytes) {
            return Ok(None);
        }
        let weights = parse_weights(&self.path, &bytes)?;
        self.seen = Some(bytes);
        Ok(Some(weights))
    }
}
