//! Why trained weights are not read or written.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use payme_core::ranking::WeightsError;

/// Why trained weights are not read or written. Whatever was in force stays in force.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArtifactError {
    /// The operating system could not do it.
    #[error("{}: cannot be read or written ({kind}): check the folder and the disk", .path.display())]
    Io {
        /// The path.
        path: PathBuf,
        /// What the operating system says.
        kind: ErrorKind,
    },
    /// The folder cannot be locked, so that two writers could not be told apart.
    #[error(
        "{}: cannot be locked ({kind}): take a folder on a disk of this machine",
        .path.display()
    )]
    Locked {
        /// The path of the lock.
        path: PathBuf,
        /// What the operating system says.
        kind: ErrorKind,
    },
    /// A file is larger than any of weights or metrics.
    #[error("{}: larger than {bytes_max} bytes: this is no file of weights", .path.display())]
    TooLarge {
        /// The path.
        path: PathBuf,
        /// The largest size that is read.
        bytes_max: u64,
    },
    /// A file holds no weights.
    #[error("{}: {error}: promote a version that is whole", .path.display())]
    Weights {
        /// The path.
        path: PathBuf,
        /// What is wrong with it.
        error: WeightsError,
    },
    /// A file holds no metrics.
    #[error(
        "{}: line {line}, column {column}: no JSON object of metrics: remove the file, or put back \
         what was there",
        .path.display()
    )]
    Metrics {
        /// The path.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
    /// No such version is stored.
    #[error("there are no weights of version {version}")]
    NoVersion {
        /// The version that was asked for.
        version: u32,
    },
    /// The weights of a version have no metrics beside them.
    #[error("there are no metrics of version {version}: put its file back, or train again")]
    NoMetrics {
        /// The version.
        version: u32,
    },
    /// The metrics of a version do not say how it was trained.
    #[error(
        "the metrics of version {version} do not say how it was trained, so nobody knows whom it \
         has seen: train again, or judge the file with options of your own"
    )]
    NotTrained {
        /// The version.
        version: u32,
    },
    /// Every number is taken.
    #[error("no version is left: move old weights to another folder")]
    Versions,
}

impl ArtifactError {
    pub(super) fn io(path: &Path, error: &io::Error) -> Self {
        Self::Io { path: path.to_owned(), kind: error.kind() }
    }

    /// The stable code of this error.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Io { .. } => "artifact_io",
            Self::Locked { .. } => "artifact_not_locked",
            Self::TooLarge { .. } => "artifact_too_large",
            Self::Weights { .. } => "artifact_weights",
            Self::Metrics { .. } => "artifact_metrics",
            Self::NoVersion { .. } => "artifact_no_version",
            Self::NoMetrics { .. } => "artifact_no_metrics",
            Self::NotTrained { .. } => "artifact_not_trained",
            Self::Versions => "artifact_versions_used_up",
        }
    }
}
