//! Trained weights on disk: every version that was ever trained, and the one in force.
//!
//! In: a folder, weights, and the metrics that were measured of them. Out: weights. What always
//! holds: a file is whole, the old one or the new one, whatever dies when; a version is never
//! taken twice, also by trainers that run at the same time; of what is in force, the weights decide,
//! and a promotion that was cut short is ended by whoever writes next.
//!
//! | file | what it is |
//! |---|---|
//! | `weights_vN.json`, `metrics_vN.json` | version N, from 1, promoted or not |
//! | `weights.json`, `metrics.json` | the version in force; not there before the first promotion |
//! | `metrics_prev.json` | the metrics of the version that was in force before |
//!
//! Writers hold a lock on `.lock`, which ends with their process. Every call blocks for as long as
//! the disk and other writers take.

mod disk;
mod error;
mod retrain;
#[cfg(test)]
mod tests;
mod watch;

use std::fs::File;
use std::path::{Path, PathBuf};

use payme_core::ranking::Weights;
use serde_json::{Map, Value};

pub use error::ArtifactError;
pub use retrain::{RetrainError, Retrained};
pub use watch::Watch;

const WEIGHTS: &str = "weights.json";
const METRICS: &str = "metrics.json";
const METRICS_BEFORE: &str = "metrics_prev.json";
const LOCK: &str = ".lock";
/// The member of metrics that says whose they are.
const VERSION: &str = "weights_version";

/// What came of a promotion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Promoted {
    /// The version is in force.
    Done,
    /// Another version came into force meanwhile: it has to be beaten, and nothing was changed.
    Overtaken {
        /// The version in force.
        by: u32,
    },
}

/// A folder of trained weights.
///
/// # Examples
/// ```
/// use payme_adapters::artifacts::{Artifacts, Promoted};
/// use payme_core::ranking::Weights;
///
/// # let dir = tempfile::TempDir::new()?;
/// let artifacts = Artifacts::open(dir.path())?;
/// assert_eq!(artifacts.active()?, None);
/// let version = artifacts.store(&Weights::default(), &serde_json::Map::new())?;
/// assert_eq!(version, 1);
/// assert_eq!(artifacts.promote(version, 0)?, Promoted::Done);
/// assert_eq!(artifacts.active()?.map(|weights| weights.version), Some(1));
/// // Whoever compared with what is no longer in force compares again.
/// assert_eq!(artifacts.promote(version, 0)?, Promoted::Overtaken { by: 1 });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifacts {
    dir: PathBuf,
}

impl Artifacts {
    /// The weights of a folder, which is made where there is none.
    ///
    /// # Errors
    /// [`ArtifactError::Io`].
    pub fn open(dir: impl Into<PathBuf>) -> Result<Self, ArtifactError> {
        let dir = dir.into();
        std::fs::create_dir_all(&dir).map_err(|error| ArtifactError::io(&dir, &error))?;
        Ok(Self { dir })
    }

    /// The weights of a folder that is there, or is not: then nothing is in force.
    pub fn at(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into() }
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The versions that are stored, ascending.
    ///
    /// # Errors
    /// [`ArtifactError::Io`].
    pub fn versions(&self) -> Result<Vec<u32>, ArtifactError> {
        let mut found: Vec<u32> =
            self.names()?.iter().filter_map(|name| version_in(name, "weights_v")).collect();
        found.sort_unstable();
        Ok(found)
    }

    /// Stores weights and what was measured of them under the next version, which is given back and
    /// takes the place of the version that they have.
    ///
    /// # Errors
    /// [`ArtifactError::Io`], [`ArtifactError::Locked`], and [`ArtifactError::Versions`] where no
    /// number is left.
    pub fn store(
        &self,
        weights: &Weights,
        metrics: &Map<String, Value>,
    ) -> Result<u32, ArtifactError> {
        let _lock = self.lock()?;
        // A version that was taken stays taken, also where it was never ended.
        let taken = self.names()?.into_iter().filter_map(|name| {
            version_in(&name, "weights_v").or_else(|| version_in(&name, "metrics_v"))
        });
        // What is in force may have been put there by hand.
        let taken = taken.chain(self.active()?.map(|weights| weights.version));
        let version = taken.max().unwrap_or(0).checked_add(1).ok_or(ArtifactError::Versions)?;
        // The weights last: a version that has them has everything.
        self.write_metrics_of(version, metrics.clone())?;
        let weights = Weights { version, ..weights.clone() };
        self.write(&weights_name(version), weights.to_json().as_bytes())?;
        Ok(version)
    }

    /// The weights of a version.
    ///
    /// # Errors
    /// [`ArtifactError::NoVersion`], [`ArtifactError::Weights`] for a file that is none, and
    /// [`ArtifactError::Io`].
    pub fn weights(&self, version: u32) -> Result<Weights, ArtifactError> {
        let read = self.read_weights(&weights_name(version))?;
        read.ok_or(ArtifactError::NoVersion { version })
    }

    /// What was measured of a version.
    ///
    /// # Errors
    /// [`ArtifactError::NoMetrics`], [`ArtifactError::Metrics`] for a file that is none, and
    /// [`ArtifactError::Io`].
    pub fn metrics(&self, version: u32) -> Result<Map<String, Value>, ArtifactError> {
        let read = self.read_metrics(&metrics_name(version))?;
        read.ok_or(ArtifactError::NoMetrics { version })
    }

    /// Replaces what was measured of a stored version, which was measured again.
    ///
    /// # Errors
    /// [`ArtifactError::NoMetrics`], [`ArtifactError::Locked`] and [`ArtifactError::Io`].
    pub(super) fn measured_again(
        &self,
        version: u32,
        metrics: Map<String, Value>,
    ) -> Result<(), ArtifactError> {
        let _lock = self.lock()?;
        self.metrics(version)?;
        self.write_metrics_of(version, metrics)
    }

    /// The weights in force; `None` before the first promotion.
    ///
    /// # Errors
    /// [`ArtifactError::Weights`] for a file that is none, and [`ArtifactError::Io`].
    pub fn active(&self) -> Result<Option<Weights>, ArtifactError> {
        self.read_weights(WEIGHTS)
    }

    /// What was measured of the version that was in force before; `None` before the second
    /// promotion.
    ///
    /// # Errors
    /// [`ArtifactError::Metrics`] for a file that is none, and [`ArtifactError::Io`].
    pub fn previous_metrics(&self) -> Result<Option<Map<String, Value>>, ArtifactError> {
        self.read_metrics(METRICS_BEFORE)
    }

    /// Puts a version in force, an earlier one too, provided that `champion` is: the version that it
    /// was compared with, 0 where nothing was promoted yet.
    ///
    /// # Errors
    /// [`ArtifactError::NoVersion`], [`ArtifactError::Weights`] and [`ArtifactError::Metrics`] for
    /// files that are none, [`ArtifactError::Locked`] and [`ArtifactError::Io`].
    pub fn promote(&self, version: u32, champion: u32) -> Result<Promoted, ArtifactError> {
        let _lock = self.lock()?;
        let active = self.active()?.map_or(0, |weights| weights.version);
        if active != champion {
            return Ok(Promoted::Overtaken { by: active });
        }
        self.end_promotion(active)?;
        self.put_in_force(version)?;
        Ok(Promoted::Done)
    }

    /// Puts an earlier version in force again, whatever is in force, files that cannot be read too.
    /// Version 0 are the built-in weights: then nothing is in force.
    ///
    /// # Errors
    /// Those of [`Artifacts::promote`].
    pub fn roll_back(&self, version: u32) -> Result<(), ArtifactError> {
        let _lock = self.lock()?;
        // What cannot be read is replaced.
        if let Err(ArtifactError::Metrics { .. }) = self.read_metrics(METRICS) {
            disk::remove(&self.dir.join(METRICS))?;
        }
        match self.active() {
            Ok(active) => self.end_promotion(active.map_or(0, |weights| weights.version))?,
            Err(ArtifactError::Weights { .. }) => {}
            Err(error) => return Err(error),
        }
        if version == 0 {
            disk::remove(&self.dir.join(WEIGHTS))?;
            return self.end_promotion(0);
        }
        self.put_in_force(version)
    }

    fn put_in_force(&self, version: u32) -> Result<(), ArtifactError> {
        // What is not whole never comes into force, and what cannot be followed up neither.
        let weights = self.weights(version)?;
        self.metrics(version)?;
        self.read_metrics(METRICS)?;
        self.write(WEIGHTS, weights.to_json().as_bytes())?;
        self.end_promotion(version)
    }

    /// What an engine that runs asks for new weights.
    pub fn watch(&self) -> Watch {
        Watch::new(self.dir.join(WEIGHTS))
    }

    /// Brings the metrics after the weights in force. Once more changes nothing.
    fn end_promotion(&self, active: u32) -> Result<(), ArtifactError> {
        let shown = self.read_metrics(METRICS)?;
        let of = shown.as_ref().and_then(|metrics| metrics.get(VERSION)?.as_u64());
        if active != 0 && of == Some(u64::from(active)) {
            return Ok(());
        }
        if let Some(before) = shown {
            self.write_metrics(METRICS_BEFORE, before)?;
        }
        if active == 0 {
            // Nothing is in force, so nothing is measured of it.
            return disk::remove(&self.dir.join(METRICS));
        }
        // Weights that were put there by hand have none.
        let Some(metrics) = self.read_metrics(&metrics_name(active))? else { return Ok(()) };
        self.write_metrics(METRICS, metrics)
    }

    fn names(&self) -> Result<Vec<String>, ArtifactError> {
        let failed = |error: std::io::Error| ArtifactError::io(&self.dir, &error);
        let entries = std::fs::read_dir(&self.dir).map_err(failed)?;
        let names = entries.map(|entry| Ok(entry.map_err(failed)?.file_name().into_string().ok()));
        Ok(names.collect::<Result<Vec<_>, ArtifactError>>()?.into_iter().flatten().collect())
    }

    fn lock(&self) -> Result<File, ArtifactError> {
        disk::lock(&self.dir.join(LOCK))
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), ArtifactError> {
        disk::replace(&self.dir, name, bytes)
    }

    /// Writes the metrics of a version, with its number in them.
    fn write_metrics_of(
        &self,
        version: u32,
        mut metrics: Map<String, Value>,
    ) -> Result<(), ArtifactError> {
        metrics.insert(VERSION.to_owned(), version.into());
        self.write_metrics(&metrics_name(version), metrics)
    }

    fn write_metrics(&self, name: &str, metrics: Map<String, Value>) -> Result<(), ArtifactError> {
        self.write(name, format!("{:#}\n", Value::Object(metrics)).as_bytes())
    }

    fn read_weights(&self, name: &str) -> Result<Option<Weights>, ArtifactError> {
        let path = self.dir.join(name);
        disk::read(&path)?.map(|bytes| parse_weights(&path, &bytes)).transpose()
    }

    fn read_metrics(&self, name: &str) -> Result<Option<Map<String, Value>>, ArtifactError> {
        let path = self.dir.join(name);
        let Some(bytes) = disk::read(&path)? else { return Ok(None) };
        let read = serde_json::from_slice(&bytes);
        read.map(Some).map_err(|error| ArtifactError::Metrics {
            path,
            line: error.line(),
            column: error.column(),
        })
    }
}

fn parse_weights(path: &Path, bytes: &[u8]) -> Result<Weights, ArtifactError> {
    Weights::from_json(bytes)
        .map_err(|error| ArtifactError::Weights { path: path.to_owned(), error })
}

fn weights_name(version: u32) -> String {
    format!("weights_v{version}.json")
}

fn metrics_name(version: u32) -> String {
    format!("metrics_v{version}.json")
}

/// The version in the name of a file; names that are written otherwise are somebody else's.
fn version_in(name: &str, prefix: &str) -> Option<u32> {
    let digits = name.strip_prefix(prefix)?.strip_suffix(".json")?;
    digits.parse().ok().filter(|version: &u32| *version > 0 && version.to_string() == digits)
}
