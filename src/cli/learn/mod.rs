//! `payme learn`: what people saw is exported, and a ranker is trained, judged and put in force.

mod export;
mod judged;
mod report;
mod variants;

use std::path::Path;

pub(crate) use judged::table as judged_table;
pub(crate) use report::write_page;

use payme::artifacts::{Artifacts, Promoted, Retrained};
use payme::driver::ExportReport;
use payme::learning::train::{Bounds, ClassWeights, FitOptions, Newton};
use payme::learning::{
    Guard, Holdout, Judged, PromotionPolicy, Retrain, Sample, TrainingOptions, TrainingRecord,
    judge_trained, judge_weights, parse_samples,
};
use payme::ranking::Weights;
use serde_json::json;

use super::args::{
    ArtifactsArgs, FitArgs, Global, HoldoutArgs, HoldoutBy, LearnArgs, LearnWhat, Policy,
    PolicyArgs, SamplesArgs,
};
use super::error::CliError;
use super::{Finding, input, open, output};

pub(crate) async fn run(global: &Global, args: &LearnArgs) -> Result<Finding, CliError> {
    match &args.what {
        LearnWhat::Shown { run, count } => export::shown(global, *run, *count).await?,
        LearnWhat::Export { out } => export::run(global, out.as_deref()).await?,
        LearnWhat::Train { samples, artifacts, fit, holdout, policy, if_due } => {
            let options = TrainingOptions { holdout: held_out(holdout), ..options(fit, policy) };
            train(global, samples, artifacts, &options, *if_due).await?;
        }
        LearnWhat::Evaluate { variants: true, samples, holdout, .. } => {
            variants::run(global, &read(global, samples).await?, holdout.seed)?;
        }
        LearnWhat::Evaluate { version, weights: None, samples, artifacts, policy, .. } => {
            let artifacts = Artifacts::at(&artifacts.artifacts);
            let version = Stored::read(&artifacts, *version)?;
            let champion = artifacts.champion()?;
            let judged = version.judge(&champion, &read(global, samples).await?, policy)?;
            show(global, version.weights.version, "would_be_promoted", &judged)?;
        }
        LearnWhat::Evaluate {
            weights: Some(file), samples, artifacts, holdout, policy, ..
        } => {
            let weights = weights_of(file)?;
            let options = TrainingOptions {
                set: weights.set(),
                holdout: held_out(holdout),
                policy: promotion(policy),
                ..TrainingOptions::default()
            };
            let champion = Artifacts::at(&artifacts.artifacts).champion()?;
            let rows = read(global, samples).await?;
            let judged = judge_weights(&weights, &champion, &rows, &options)?;
            show(global, weights.version, "would_be_promoted", &judged)?;
        }
        LearnWhat::Report { version, out, samples, artifacts, policy } => {
            let artifacts = Artifacts::at(&artifacts.artifacts);
            let stored = Stored::read(&artifacts, *version)?;
            let rows = read(global, samples).await?;
            expect_not_ours(&artifacts, out)?;
            report::write(global, out, &artifacts, &stored, &rows, promotion(policy))?;
        }
        LearnWhat::Promote { version, roll_back: true, artifacts, .. } => {
            Artifacts::at(&artifacts.artifacts).roll_back(*version)?;
            let told = json!({"promoted": true, "weights_version": version});
            output::value(global, &told, || match version {
                0 => "the built-in weights are in force again".to_owned(),
                version => format!("version {version} is in force again"),
            })?;
        }
        LearnWhat::Promote { version, samples, artifacts, policy, .. } => {
            return promote(global, *version, samples, artifacts, policy).await;
        }
    }
    Ok(Finding::Fine)
}

async fn train(
    global: &Global,
    samples: &SamplesArgs,
    artifacts: &ArtifactsArgs,
    options: &TrainingOptions,
    if_due: bool,
) -> Result<(), CliError> {
    let rows = read(global, samples).await?;
    if if_due && let Some(why) = not_due(&rows) {
        let told = json!({"trained": false, "reason": why});
        return output::value(global, &told, || format!("not trained: {why}"));
    }
    let artifacts = Artifacts::open(&artifacts.artifacts)?;
    let retrained = artifacts.retrain(&Newton, &rows, options)?;
    if samples.samples.is_none() {
        open(global).await?.log_retrain(&retrained).await?;
    }
    output::value(global, &retrained.to_json(), || told(&retrained, &artifacts))
}

/// Why samples give no reason to train.
fn not_due(samples: &[Sample]) -> Option<String> {
    match ExportReport::of(samples).retrain() {
        Retrain::Due => None,
        Retrain::FewLabels { labels } => {
            let needed = payme::learning::RETRAIN_LABELS_MIN;
            Some(format!("{labels} labels, at least {needed}"))
        }
        Retrain::OneClass { positive } => Some(format!("every label is {}", u8::from(positive))),
    }
}

fn told(retrained: &Retrained, artifacts: &Artifacts) -> String {
    let (version, trained) = (retrained.weights_version, &retrained.trained);
    let folder = artifacts.dir().display();
    let counts = trained.counts;
    let learnt = format!(
        "Version {version}, learnt from {} rows of {} people; calibration: {}.",
        counts.train_rows, counts.train_users, trained.calibrated
    );
    let verdict = if retrained.promoted {
        format!("Version {version} is in force: {folder}/weights.json")
    } else {
        format!("Version {version} is not promoted. It is kept: {folder}/weights_v{version}.json")
    };
    format!("{learnt}\n{}\n\n{verdict}", judged::table(&trained.judged))
}

async fn promote(
    global: &Global,
    version: u32,
    samples: &SamplesArgs,
    artifacts: &ArtifactsArgs,
    policy: &PolicyArgs,
) -> Result<Finding, CliError> {
    let artifacts = Artifacts::at(&artifacts.artifacts);
    let stored = Stored::read(&artifacts, Some(version))?;
    let champion = artifacts.champion()?;
    let judged = stored.judge(&champion, &read(global, samples).await?, policy)?;
    if judged.verdict.promoted
        && let Promoted::Overtaken { by } = artifacts.promote(version, champion.version)?
    {
        let message = format!("version {by} came into force meanwhile: promote again to beat it");
        return Err(CliError::new("artifact_overtaken", message));
    }
    show(global, version, "promoted", &judged)?;
    Ok(if judged.verdict.promoted { Finding::Fine } else { Finding::Refused })
}

/// Shows what weights are worth; the word says whether they came into force, or only would.
fn show(global: &Global, version: u32, word: &str, judged: &Judged) -> Result<(), CliError> {
    let told = json!({
        "weights_version": version,
        word: judged.verdict.promoted,
        "verdict": judged.verdict,
        "conformal": judged.conformal,
        "new_metrics": judged.metrics,
        "previous_metrics": judged.champion,
    });
    output::value(global, &told, || judged::table(judged))
}

/// A stored version, with what was kept of its training.
pub(super) struct Stored {
    pub(super) weights: Weights,
    pub(super) record: TrainingRecord,
}

impl Stored {
    /// The version of a number, or the newest.
    pub(super) fn read(artifacts: &Artifacts, version: Option<u32>) -> Result<Self, CliError> {
        let version = match version.or(artifacts.versions()?.last().copied()) {
            Some(version) => version,
            None => {
                let folder = artifacts.dir().display();
                let message = format!("{folder}: no weights are here: train some first");
                return Err(CliError::new("artifact_no_version", message));
            }
        };
        let (weights, record) = (artifacts.weights(version)?, artifacts.record(version)?);
        Ok(Self { weights, record })
    }

    /// Holds it against others, on people whom its fit has not seen.
    fn judge(
        &self,
        champion: &Weights,
        samples: &[Sample],
        policy: &PolicyArgs,
    ) -> Result<Judged, CliError> {
        let policy = promotion(policy);
        Ok(judge_trained(&self.weights, &self.record, champion, samples, &policy)?)
    }
}

/// Refuses to write a page into the folder of weights.
fn expect_not_ours(artifacts: &Artifacts, out: &Path) -> Result<(), CliError> {
    let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new(".")).canonicalize();
    if folder.is_ok_and(|folder| artifacts.dir().canonicalize().is_ok_and(|ours| ours == folder)) {
        let message = format!("{}: this is the folder of weights: name another", out.display());
        return Err(CliError::new("output", message));
    }
    Ok(())
}

fn weights_of(file: &Path) -> Result<Weights, CliError> {
    Weights::from_json(&input::bytes(file)?).map_err(|error| CliError::refused_file(file, &error.0))
}

/// The samples of a file, or those of the database.
async fn read(global: &Global, samples: &SamplesArgs) -> Result<Vec<Sample>, CliError> {
    match &samples.samples {
        Some(file) => {
            let rows = parse_samples(&input::bytes(file)?)
                .map_err(|refusal| CliError::refused_file(file, &refusal))?;
            if rows.refused.is_empty() {
                Ok(rows.taken)
            } else {
                Err(CliError::wrong_rows(file, &rows.refused))
            }
        }
        None => Ok(open(global).await?.samples().await?),
    }
}

fn promotion(args: &PolicyArgs) -> PromotionPolicy {
    match args.policy {
        Policy::Strict => PromotionPolicy::Strict,
        Policy::Guarded => PromotionPolicy::Guarded(Guard::default()),
    }
}

fn options(fit: &FitArgs, policy: &PolicyArgs) -> TrainingOptions {
    let columns = fit.signals.signals().len();
    TrainingOptions {
        set: fit.signals,
        fit: FitOptions {
            l2: fit.l2,
            l1: fit.l1,
            bounds: if fit.not_negative { vec![Bounds::NOT_NEGATIVE; columns] } else { Vec::new() },
            class_weights: if fit.balanced { ClassWeights::Balanced } else { ClassWeights::Equal },
            ..FitOptions::default()
        },
        calibration: fit.calibration,
        policy: promotion(policy),
        ..TrainingOptions::default()
    }
}

const fn held_out(args: &HoldoutArgs) -> Holdout {
    let (share, seed) = (args.share, args.seed);
    match args.holdout {
        HoldoutBy::Users => Holdout::Users { share, seed },
        HoldoutBy::Time => Holdout::Time { share, seed, from: None },
    }
}
