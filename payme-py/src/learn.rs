//! Training a ranker into a folder of weights.

use std::path::PathBuf;

use payme_adapters::artifacts::{ArtifactError, Artifacts, RetrainError};
use payme_core::learning::train::{Bounds, ClassWeights, FitOptions, Newton};
use payme_core::learning::{
    CalibrationKind, Guard, Holdout, PromotionPolicy, RankerError, TrainingOptions, parse_samples,
};
use payme_core::matching::SignalSet;
use pyo3::prelude::*;
use serde::Deserialize;

use crate::catalog::{Refused, refused};
use crate::error::Failure;

/// How to train, as the caller says it; every member is checked where it is used.
#[derive(Deserialize)]
struct Settings {
    signals: String,
    l2: f64,
    l1: f64,
    not_negative: bool,
    balanced: bool,
    calibration: String,
    holdout: String,
    share: f64,
    seed: u64,
    policy: String,
    error_rate: f64,
}

impl Settings {
    fn options(&self) -> Result<TrainingOptions, Failure> {
        let set = word("signals", &self.signals, SignalSet::parse)?;
        let (share, seed) = (self.share, self.seed);
        let class_weights =
            if self.balanced { ClassWeights::Balanced } else { ClassWeights::Equal };
        let bounds = if self.not_negative {
            vec![Bounds::NOT_NEGATIVE; set.signals().len()]
        } else {
            Vec::new()
        };
        Ok(TrainingOptions {
            set,
            fit: FitOptions {
                l2: self.l2,
                l1: self.l1,
                bounds,
                class_weights,
                ..FitOptions::default()
            },
            calibration: word("calibration", &self.calibration, CalibrationKind::parse)?,
            holdout: word("holdout", &self.holdout, |word| match word {
                "users" => Some(Holdout::Users { share, seed }),
                "time" => Some(Holdout::Time { share, seed, from: None }),
                _ => None,
            })?,
            policy: word("policy", &self.policy, |word| match word {
                "strict" => Some(PromotionPolicy::Strict),
                "guarded" => Some(PromotionPolicy::Guarded(Guard::default())),
                _ => None,
            })?,
            error_rate: self.error_rate,
            ..TrainingOptions::default()
        })
    }
}

fn word<T>(name: &str, text: &str, read: impl FnOnce(&str) -> Option<T>) -> Result<T, Failure> {
    read(text)
        .ok_or_else(|| Failure::input("unknown_option", format!("{name}: there is no such word")))
}

/// What came of it as JSON, or the rows that were refused.
type Trained = (Option<String>, Vec<Refused>);

/// Trains a ranker on rows of an export, stores it, and puts it in force where it is better.
#[pyfunction]
pub(crate) fn train_ranker(
    py: Python<'_>,
    rows: &[u8],
    folder: PathBuf,
    settings: &str,
) -> PyResult<Trained> {
    let settings: Settings = serde_json::from_str(settings)
        .map_err(|error| Failure::input("option_type", error.to_string()))?;
    let options = settings.options()?;
    let trained = py.detach(|| -> Result<Trained, Failure> {
        let rows = parse_samples(rows)?;
        if !rows.refused.is_empty() {
            return Ok((None, rows.refused.into_iter().map(refused).collect()));
        }
        let artifacts = Artifacts::open(folder)?;
        let retrained = artifacts.retrain(&Newton, &rows.taken, &options)?;
        Ok((Some(retrained.to_json().to_string()), Vec::new()))
    });
    Ok(trained?)
}

impl From<ArtifactError> for Failure {
    fn from(error: ArtifactError) -> Self {
        Self::artifact(error.code(), error.to_string())
    }
}

impl From<RankerError> for Failure {
    fn from(error: RankerError) -> Self {
        match error {
            RankerError::Train(error) => error.into(),
            RankerError::Evaluation(error) => error.into(),
            RankerError::Undated { index } => {
                Self::input(error.code(), error.to_string()).at(index)
            }
            RankerError::Unlabelled { .. } => Self::input(error.code(), error.to_string()),
        }
    }
}

impl From<RetrainError> for Failure {
    fn from(error: RetrainError) -> Self {
        match error {
            RetrainError::Ranker(error) => error.into(),
            RetrainError::Artifact(error) => error.into(),
            RetrainError::Overtaken { .. } => Self::artifact(error.code(), error.to_string()),
        }
    }
}
