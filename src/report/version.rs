//! The report of stored weights: everything that a page needs, from samples and what was kept.

use payme_core::learning::{
    Groups, Holdout, ModelScores, PromotionPolicy, RankerError, RankerMetrics, Sample, SampleTable,
    TrainingRecord, calibration_drift, judge_trained, precision_drift,
};
use payme_core::ranking::Weights;
use payme_core::types::Instant;

use super::{Report, ReportCounts, ReportDrift, ReportError, ReportModel};

/// So many bins have the errors of calibration.
const BINS: usize = 10;

/// Weights that were trained, and what they are held against.
#[derive(Debug, Clone, Copy)]
pub struct VersionReport<'a> {
    /// The title of the page.
    pub title: &'a str,
    /// When the report was made.
    pub made_at: Instant,
    /// The weights.
    pub weights: &'a Weights,
    /// What was kept of their training.
    pub record: &'a TrainingRecord,
    /// What they are held against: the weights in force, or those that were before them.
    pub champion: &'a Weights,
    /// What people were shown and what came of it, by now.
    pub samples: &'a [Sample],
    /// What the verdict asks for.
    pub policy: PromotionPolicy,
    /// What was measured of the weights that were in force before, against which a fall of
    /// precision is told; for weights that are in force.
    pub before: Option<RankerMetrics>,
}

impl VersionReport<'_> {
    /// Judges the weights on people whom their fit has not seen, and writes the page.
    ///
    /// # Errors
    /// [`VersionReportError`] for samples that nothing can be said from.
    pub fn to_html(&self) -> Result<String, VersionReportError> {
        let training = &self.record.training;
        let judged =
            judge_trained(self.weights, self.record, self.champion, self.samples, &self.policy)?;
        let test = training.holdout.part(self.samples, training.signals)?.test;
        let (new, old) =
            (ModelScores::new(self.weights, &test), ModelScores::new(self.champion, &test));
        let users: Groups = test.users();
        let signals: Vec<&str> =
            training.signals.signals().iter().map(|one| one.as_str()).collect();
        // What was shown since training, or else what the fit has not seen.
        let is_later = |sample: &&Sample| {
            training.until.is_some_and(|until| sample.shown.is_some_and(|shown| shown.at > until))
        };
        let later = SampleTable::new(self.samples.iter().filter(is_later), training.signals);
        let all = if later.labels().is_empty() { &test } else { &later };
        let now = all.matrix().map_err(RankerError::from)?;
        let drift = Some(ReportDrift { references: &self.record.references, now });
        let precision = judged.metrics.precision();
        let fall = self.before.map(|before| precision_drift(before.precision(), precision));
        let seed = training.holdout.seed();
        let forecasts = new.forecasts(&test).map_err(RankerError::from)?;
        let promised = calibration_drift(&forecasts, self.record.metrics.ece, BINS, seed);
        let report = Report {
            title: self.title,
            made_at: self.made_at,
            split: &split(&training.holdout),
            seed,
            counts: ReportCounts {
                samples: judged.metrics.sample_count,
                labelled: judged.metrics.labeled_count,
                trained: training.train_rows,
                calibrated: if training.is_calibrated() { training.train_rows } else { 0 },
            },
            labels: test.labels(),
            users: &users,
            champion: ReportModel {
                version: self.champion.version,
                probabilities: &old.probabilities,
                ranks: Some(&old.ranks),
            },
            challenger: ReportModel {
                version: self.weights.version,
                probabilities: &new.probabilities,
                ranks: Some(&new.ranks),
            },
            signals: &signals,
            weights: &self.record.intervals,
            drift,
            precision_drift: fall.transpose().map_err(RankerError::from)?,
            calibration_drift: Some(promised.map_err(RankerError::from)?),
            conformal: Some(self.record.conformal),
            verdict: Some(&judged.verdict),
        };
        Ok(report.to_html()?)
    }
}

/// How rows were held out, in words.
fn split(holdout: &Holdout) -> String {
    match holdout {
        Holdout::Users { share, .. } => format!("by user, a share of {share}"),
        Holdout::Time { share, .. } => format!("what was shown last, a share of {share}"),
    }
}

/// Why there is no report of stored weights.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum VersionReportError {
    /// The samples cannot be judged by.
    #[error(transparent)]
    Ranker(#[from] RankerError),
    /// The page cannot be made.
    #[error(transparent)]
    Report(#[from] ReportError),
}

impl VersionReportError {
    /// The stable code of this error.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Ranker(error) => error.code(),
            Self::Report(error) => error.code(),
        }
    }
}
