//! Training a ranker from end to end: from samples to weights, what they are worth, and a verdict.
//!
//! In: samples, the weights in force, and [`TrainingOptions`]. Out: a [`Trained`] ranker. What
//! always holds: the rows that judge are of people whom neither the fit nor its calibration has
//! seen; both models are judged on the same rows, by the scores and in the order that matching
//! would give; the same samples in any order give the same answer.
//! Rules: `docs/rules/learning.md`.

mod calibrated;
mod error;
mod holdout;
mod measures;
mod record;
#[cfg(test)]
mod tests;
mod variants;

use super::evaluation::CrossValidationOptions;
use super::train::{Convergence, Fit, FitIntervals, FitOptions, Samples, Trainer};
use super::{
    Check, Comparison, Conformal, Folds, Forecasts, PSI_BINS, PromotionPolicy, PsiReference,
    Sample, SampleTable, Verdict, cross_validate,
};
use crate::matching::{SignalSet, Signals};
use crate::ranking::{Calibration, Link, Weights};
use crate::types::Instant;

pub use calibrated::{Calibrated, CalibrationKind};
pub use error::RankerError;
pub use holdout::{Holdout, Parts};
pub use measures::{ModelScores, RankerMetrics, SampleCounts};
pub use record::{Provenance, TrainingRecord};
pub use variants::{VariantComparison, VariantValue, compare_variants};

/// How a ranker is trained and judged.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainingOptions {
    /// The signals to learn from.
    pub set: SignalSet,
    /// The fit.
    pub fit: FitOptions,
    /// What the fitted probabilities are brought to what came of them with.
    pub calibration: CalibrationKind,
    /// Over how many folds of people the calibration is learnt; 5 by default, and never more than
    /// there are people.
    pub folds: usize,
    /// Which rows are held out to judge by.
    pub holdout: Holdout,
    /// What the new weights have to show.
    pub policy: PromotionPolicy,
    /// The share of each label that may be decided wrongly by "show" and "hide"; 0.1 by default.
    pub error_rate: f64,
}

impl Default for TrainingOptions {
    fn default() -> Self {
        Self {
            set: SignalSet::default(),
            fit: FitOptions::default(),
            calibration: CalibrationKind::default(),
            folds: 5,
            holdout: Holdout::default(),
            policy: PromotionPolicy::default(),
            error_rate: 0.1,
        }
    }
}

/// How often the intervals of weights hold the true ones.
const INTERVAL_CONFIDENCE: f64 = 0.95;

/// A trained ranker, what it is worth, and whether it is promoted.
#[derive(Debug, Clone, PartialEq)]
pub struct Trained {
    /// The weights. Their version is 0 until they are stored.
    pub weights: Weights,
    /// How the fit ended.
    pub convergence: Convergence,
    /// How far chance may have moved the weights, at a confidence of 95 %.
    pub intervals: FitIntervals,
    /// What became of the calibration.
    pub calibrated: Calibrated,
    /// How many samples there were, and how they were parted.
    pub counts: SampleCounts,
    /// What they are worth, and whether they are promoted.
    pub judged: Judged,
    /// The bins of each signal over what was learnt from, for finding drift; none of a signal
    /// where there are fewer rows than bins.
    pub references: Vec<Option<PsiReference>>,
    /// When the last of the samples was shown, if that is known.
    pub until: Option<Instant>,
    /// What was held out, to judge by again.
    pub parts: Parts,
    options: TrainingOptions,
}

/// Fits a ranker to samples, calibrates it, and holds it against the weights in force.
///
/// The champion is scored again on the rows that are held out; it may weigh another set of signals.
/// Samples without a label are counted and left out.
///
/// # Errors
/// [`RankerError::Unlabelled`] where no sample has a label, [`RankerError::Undated`] where a split
/// by time is asked for and a sample has none, and what parting, fitting or judging refuses, such
/// as labels of one class only.
pub fn train_ranker(
    trainer: &dyn Trainer,
    samples: &[Sample],
    champion: &Weights,
    options: &TrainingOptions,
) -> Result<Trained, RankerError> {
    let parts = options.holdout.part(samples, options.set)?;
    let rows = Samples::new(parts.train.matrix()?, parts.train.labels())?;
    let fit = trainer.fit(&rows, &options.fit)?;
    let intervals = FitIntervals::new(&rows, &options.fit, &fit, INTERVAL_CONFIDENCE)?;
    let Fit { coefficients, intercept, convergence } = fit;
    let calibrated = calibrate(trainer, &rows, &parts.train, options);
    let calibration = calibrated.calibration().cloned().unwrap_or(Calibration::Identity);
    let mut coefficients = coefficients.into_iter();
    let values = Signals::of_set(options.set, |_| coefficients.next().unwrap_or(0.0));
    let weights = Weights::new(0, values).with_link(Link::Logit { intercept, calibration });
    let counts = SampleCounts::new(samples, &parts);
    let mut judged = judge(&weights, champion, &parts, counts, options)?;
    judged.need_converged(convergence.is_converged, convergence.iterations);
    let references = references(&parts.train);
    let until = samples.iter().filter_map(|sample| sample.shown).map(|shown| shown.at).max();
    let options = TrainingOptions { holdout: options.holdout.settled(samples)?, ..options.clone() };
    Ok(Trained {
        weights,
        convergence,
        intervals,
        calibrated,
        counts,
        judged,
        references,
        until,
        parts,
        options,
    })
}

/// Learns a calibration from the probabilities of people whom the fit has not seen.
fn calibrate(
    trainer: &dyn Trainer,
    rows: &Samples<'_>,
    table: &SampleTable,
    options: &TrainingOptions,
) -> Calibrated {
    if options.calibration == CalibrationKind::None {
        return Calibrated::NotAsked;
    }
    let users: Vec<_> = table.samples().iter().map(|sample| sample.user_id).collect();
    let folds = options.folds.min(table.users().len());
    let folded = CrossValidationOptions { fit: options.fit.clone(), ..Default::default() };
    let found = Folds::by_user(&users, folds, options.holdout.seed())
        .and_then(|folds| cross_validate(trainer, rows, &folds, &folded))
        .and_then(|seen| {
            let forecasts = Forecasts::new(table.labels(), &seen.probabilities)?;
            Ok(options.calibration.fit(&forecasts)?)
        });
    match found {
        Ok(Some((calibration, report))) => Calibrated::Fitted { calibration, report },
        Ok(None) => Calibrated::NotAsked,
        Err(error) => Calibrated::Refused(error),
    }
}

/// What weights are worth beside those in force, on rows that were held out.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// What the new weights are worth.
    pub metrics: RankerMetrics,
    /// What the weights in force are worth on the same rows.
    pub champion: RankerMetrics,
    /// Whether the new weights take their place, and why.
    pub verdict: Verdict,
    /// When to show, ask or hide by the new weights, from the same rows.
    pub conformal: Conformal,
}

impl Judged {
    /// A fit that did not converge is never promoted.
    fn need_converged(&mut self, is_converged: bool, iterations: u32) {
        if !is_converged {
            self.verdict.refuse(Check::Converged { iterations });
        }
    }
}

/// Holds weights that were trained before against those in force, on people whom their fit has not
/// seen: those of these samples that would have been held out then.
///
/// # Errors
/// Those of [`judge_weights`].
pub fn judge_trained(
    weights: &Weights,
    record: &TrainingRecord,
    champion: &Weights,
    samples: &[Sample],
    policy: &PromotionPolicy,
) -> Result<Judged, RankerError> {
    let options = TrainingOptions { policy: *policy, ..record.options() };
    let mut judged = judge_weights(weights, champion, samples, &options)?;
    judged.need_converged(record.training.is_converged, record.training.iterations);
    Ok(judged)
}

/// Holds weights against those in force, on the rows that training with these options would hold
/// out.
///
/// # Errors
/// Those of [`Holdout::part`], and what judging refuses.
pub fn judge_weights(
    weights: &Weights,
    champion: &Weights,
    samples: &[Sample],
    options: &TrainingOptions,
) -> Result<Judged, RankerError> {
    let parts = options.holdout.part(samples, options.set)?;
    judge(weights, champion, &parts, SampleCounts::new(samples, &parts), options)
}

fn judge(
    weights: &Weights,
    champion: &Weights,
    parts: &Parts,
    counts: SampleCounts,
    options: &TrainingOptions,
) -> Result<Judged, RankerError> {
    let test = &parts.test;
    let (new, old) = (ModelScores::new(weights, test), ModelScores::new(champion, test));
    let users = test.users();
    let comparison = Comparison {
        champion: old.standing(test, &users)?,
        challenger: new.standing(test, &users)?,
        labelled_users: users.len(),
    };
    let verdict = comparison.judge(&options.policy)?;
    let forecasts = new.forecasts(test)?;
    let conformal = Conformal::fit(&forecasts, options.error_rate)?;
    Ok(Judged {
        metrics: RankerMetrics::new(&new, test, weights.version, counts)?,
        champion: RankerMetrics::new(&old, test, champion.version, counts)?,
        verdict,
        conformal,
    })
}

/// The bins of each signal.
fn references(table: &SampleTable) -> Vec<Option<PsiReference>> {
    let columns = table.set().signals().len();
    let column = |at: usize| -> Vec<f64> {
        table.features().chunks_exact(columns).filter_map(|row| row.get(at).copied()).collect()
    };
    (0..columns).map(|at| PsiReference::new(&column(at), PSI_BINS).ok()).collect()
}

impl Trained {
    /// Holds the same weights against another champion, on the same rows: for one that came into
    /// force meanwhile.
    ///
    /// # Errors
    /// What judging refuses.
    pub fn against(self, champion: &Weights) -> Result<Self, RankerError> {
        let mut judged = judge(&self.weights, champion, &self.parts, self.counts, &self.options)?;
        judged.need_converged(self.convergence.is_converged, self.convergence.iterations);
        Ok(Self { judged, ..self })
    }
}
