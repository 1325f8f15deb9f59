//! A training run: from samples to weights on disk, promoted or not.
//!
//! In: a folder of weights, samples and options. Out: a [`Retrained`]. What always holds: what was
//! trained is stored, promoted or not; what is promoted has beaten what is in force at that moment.

use payme_core::learning::train::Trainer;
use payme_core::learning::{
    RankerError, Sample, Trained, TrainingOptions, TrainingRecord, train_ranker,
};
use payme_core::ranking::Weights;
use serde_json::{Map, Value, json};

use super::{ArtifactError, Artifacts, Promoted};

/// How often a challenger is held against a new champion, if one comes into force meanwhile.
const ATTEMPTS_MAX: usize = 8;

/// Why a training run gave nothing.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RetrainError {
    /// The samples cannot be learnt from, or judged by.
    #[error(transparent)]
    Ranker(#[from] RankerError),
    /// The folder of weights cannot be used.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    /// Others kept putting weights in force.
    #[error("version {version} is stored, but others kept putting weights in force: promote it")]
    Overtaken {
        /// The version that was trained.
        version: u32,
    },
}

impl RetrainError {
    /// The stable code of this error.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Ranker(error) => error.code(),
            Self::Artifact(error) => error.code(),
            Self::Overtaken { .. } => "artifact_overtaken",
        }
    }
}

/// What a training run gave.
#[derive(Debug, Clone, PartialEq)]
pub struct Retrained {
    /// Whether the weights are in force now.
    pub promoted: bool,
    /// The version under which they are stored.
    pub weights_version: u32,
    /// What was trained, with the verdict.
    pub trained: Trained,
}

impl Retrained {
    /// The result as JSON: `promoted`, `weights_version`, `new_metrics`, and `previous_metrics` of
    /// the weights that were in force, on the same rows.
    pub fn to_json(&self) -> Value {
        json!({
            "promoted": self.promoted,
            "weights_version": self.weights_version,
            "new_metrics": self.new_metrics(),
            "previous_metrics": self.trained.judged.champion.to_map(),
        })
    }

    /// The measures of the new weights, and how they came about.
    fn new_metrics(&self) -> Map<String, Value> {
        let mut metrics = self.trained.record().to_map();
        metrics.insert(super::VERSION.to_owned(), self.weights_version.into());
        metrics
    }
}

impl Artifacts {
    /// The weights in force: the defaults where nothing was promoted yet.
    ///
    /// # Errors
    /// Those of [`Artifacts::active`].
    pub fn champion(&self) -> Result<Weights, ArtifactError> {
        Ok(self.active()?.unwrap_or_default())
    }

    /// What is kept of the training of a version.
    ///
    /// # Errors
    /// Those of [`Artifacts::metrics`], and [`ArtifactError::NotTrained`] where they do not say how
    /// it was trained.
    pub fn record(&self, version: u32) -> Result<TrainingRecord, ArtifactError> {
        let metrics = self.metrics(version)?;
        TrainingRecord::from_map(&metrics).map_err(|_| ArtifactError::NotTrained { version })
    }

    /// Trains weights, stores them with what they are worth, and puts them in force where the
    /// policy says so.
    ///
    /// If other weights come into force meanwhile, those are what has to be beaten.
    ///
    /// # Errors
    /// [`RetrainError`]; where samples cannot be learnt from, nothing is stored.
    pub fn retrain(
        &self,
        trainer: &dyn Trainer,
        samples: &[Sample],
        options: &TrainingOptions,
    ) -> Result<Retrained, RetrainError> {
        let mut trained = train_ranker(trainer, samples, &self.champion()?, options)?;
        let version = self.store(&trained.weights, &trained.record().to_map())?;
        for _ in 0..ATTEMPTS_MAX {
            let beaten = trained.judged.champion.weights_version;
            let is_in_force =
                trained.judged.verdict.promoted && self.promote(version, beaten)? == Promoted::Done;
            if is_in_force || !trained.judged.verdict.promoted {
                return Ok(Retrained { promoted: is_in_force, weights_version: version, trained });
            }
            trained = trained.against(&self.champion()?)?;
            self.measured_again(version, trained.record().to_map())?;
        }
        Err(RetrainError::Overtaken { version })
    }
}
