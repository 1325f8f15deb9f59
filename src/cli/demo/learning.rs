//! A chapter of the demo: what came of the matches is exported, and a ranker is trained on it.
//!
//! So few people teach nothing, and the gate says so. Weights and report stand beside the database;
//! telling the story again trains nothing anew.

use std::path::{Path, PathBuf};

use payme::Payme;
use payme::artifacts::{Artifacts, RetrainError};
use payme::driver::DriverError;
use payme::learning::train::Newton;
use payme::learning::{
    PromotionPolicy, RETRAIN_LABELS_MIN, Sample, Trained, TrainingOptions, train_ranker,
};
use payme::ranking::Weights;
use payme::report::VersionReport;
use payme::store::sqlite::SqliteStore;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::cli::args::Global;
use crate::cli::error::CliError;
use crate::cli::learn::{judged_table, write_page};

/// What the chapter tells.
#[derive(Serialize)]
pub(super) struct Learnt {
    samples: usize,
    labelled: usize,
    positive: usize,
    promoted: bool,
    refusals: Vec<String>,
    new_metrics: Map<String, Value>,
    previous_metrics: Map<String, Value>,
    /// Where the report is; nothing where the database is in memory.
    report: Option<PathBuf>,
}

/// Trains a ranker on what the database holds, and says what came of it; nothing where there is
/// too little to hold anything out.
pub(super) async fn tell(
    global: &Global,
    payme: &Payme,
    database: &str,
) -> Result<Option<(String, Learnt)>, CliError> {
    let options = TrainingOptions::default();
    let files = SqliteStore::file_of(database);
    let artifacts = files.as_deref().map(|file| Artifacts::open(beside(file, "-weights")));
    let artifacts = artifacts.transpose()?;
    let is_first = match &artifacts {
        Some(artifacts) => artifacts.versions()?.is_empty(),
        None => true,
    };
    let samples = if is_first { export(payme).await? } else { payme.samples().await? };
    let champion = Weights::default();
    // Whoever runs the demo on people of their own may have nobody with both labels.
    let trained = match artifacts.filter(|_| is_first) {
        Some(artifacts) => match artifacts.retrain(&Newton, &samples, &options) {
            Ok(retrained) => {
                payme.log_retrain(&retrained).await?;
                retrained.trained
            }
            Err(RetrainError::Ranker(_)) => return Ok(None),
            Err(error) => return Err(error.into()),
        },
        None => match train_ranker(&Newton, &samples, &champion, &options) {
            Ok(trained) => trained,
            Err(_) => return Ok(None),
        },
    };
    let report = files.as_deref().map(|file| beside(file, "-report.html"));
    if let Some(path) = &report {
        let page = page(payme, &trained, &champion, &samples)?;
        write_page(global, path, &page)?;
    }
    let learnt = Learnt::new(&trained, report);
    Ok(Some((learnt.told(&trained), learnt)))
}

/// A name beside that of the database, which nothing else has.
fn beside(database: &Path, end: &str) -> PathBuf {
    let name = database.file_name().unwrap_or_default().to_string_lossy();
    database.with_file_name(format!("{name}{end}"))
}

/// The samples, by an export that is logged.
async fn export(payme: &Payme) -> Result<Vec<Sample>, CliError> {
    let mut samples = Vec::new();
    let take = |page: &[Sample]| -> Result<(), DriverError> {
        samples.extend_from_slice(page);
        Ok(())
    };
    payme.export_samples(take).await?;
    Ok(samples)
}

fn page(
    payme: &Payme,
    trained: &Trained,
    champion: &Weights,
    samples: &[Sample],
) -> Result<String, CliError> {
    let weights = Weights { version: 1, ..trained.weights.clone() };
    let report = VersionReport {
        title: "The ranker of the demo",
        made_at: payme.now(),
        weights: &weights,
        record: &trained.record(),
        champion,
        samples,
        policy: PromotionPolicy::default(),
        before: None,
    };
    Ok(report.to_html()?)
}

impl Learnt {
    fn new(trained: &Trained, report: Option<PathBuf>) -> Self {
        let judged = &trained.judged;
        Self {
            samples: trained.counts.samples,
            labelled: trained.counts.labelled,
            positive: trained.counts.positive,
            promoted: judged.verdict.promoted,
            refusals: judged.verdict.refusals().map(ToString::to_string).collect(),
            new_metrics: judged.metrics.to_map(),
            previous_metrics: judged.champion.to_map(),
            report,
        }
    }

    fn told(&self, trained: &Trained) -> String {
        let Self { samples, labelled, positive, .. } = self;
        let due = if *labelled < RETRAIN_LABELS_MIN {
            format!(
                "A nightly run would wait for {RETRAIN_LABELS_MIN} labels; trained all the same:"
            )
        } else {
            "A nightly run would train now:".to_owned()
        };
        let verdict = if self.promoted {
            "The new weights are better, and come into force."
        } else {
            "The new weights have not shown that they are better: the built-in ones stay."
        };
        let report = self
            .report
            .as_ref()
            .map_or_else(String::new, |path| format!(" The report is in {}.", path.display()));
        format!(
            "What is learnt from it? {samples} results were shown; of {labelled} it is known what \
             came of them, and {positive} were paid. {due}\n{}\n\n{verdict}{report}",
            judged_table(&trained.judged)
        )
    }
}
