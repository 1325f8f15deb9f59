//! Learning: what people saw is noted, and exported with what came of it; a ranker is trained.

use std::fmt;

use payme_core::audit::EventBody;
use payme_core::learning::{Impression, Retrain, Sample};
use payme_core::ports::Commit;
use payme_core::types::RunId;
#[cfg(feature = "artifacts")]
use serde_json::{Number, Value};

use super::{Driver, DriverError};

/// So many people are read at once.
const PAGE: usize = 1_000;

/// What an export held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ExportReport {
    /// How many samples.
    pub samples: usize,
    /// How many of them have the label 1.
    pub positive: usize,
    /// How many of them have the label 0.
    pub negative: usize,
}

impl ExportReport {
    /// What an export of these samples holds.
    pub fn of(samples: &[Sample]) -> Self {
        let mut report = Self::default();
        report.add(samples);
        report
    }

    /// How many samples have a label.
    pub const fn labelled(&self) -> usize {
        self.positive + self.negative
    }

    /// Whether it gives reason to train.
    pub const fn retrain(&self) -> Retrain {
        Retrain::after_export(self.positive, self.negative)
    }

    fn add(&mut self, samples: &[Sample]) {
        self.samples += samples.len();
        for label in samples.iter().filter_map(|sample| sample.outcome.label()) {
            *if label { &mut self.positive } else { &mut self.negative } += 1;
        }
    }
}

impl fmt::Display for ExportReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (labelled, positive) = (self.labelled(), self.positive);
        write!(f, "{} samples, {labelled} with a label, {positive} of them paid", self.samples)
    }
}

impl Driver {
    /// Notes that a person saw the results of a run down to a position, counted from 1. Who saw
    /// more before has seen that.
    ///
    /// As long as nothing is noted of a person, all results of their runs count as seen; from the
    /// first note on only what is noted does. Positions are those of the ranking: pins, which move
    /// results for the person, are not looked at.
    ///
    /// # Errors
    /// [`DriverError::UnknownRun`], [`DriverError::ShownTooMany`] for more results than the run
    /// has, [`DriverError::Store`] or [`DriverError::Contention`].
    pub async fn record_shown(&self, run_id: RunId, shown: u32) -> Result<Impression, DriverError> {
        let run = self.store.run(run_id).await?.ok_or(DriverError::UnknownRun(run_id))?;
        let results = run.results.len();
        if usize::try_from(shown).map_or(true, |shown| shown > results) {
            return Err(DriverError::ShownTooMany { run_id, shown, results });
        }
        self.decide(async |driver| {
            let stored = driver.store.impression(run_id).await?;
            if let Some(stored) = stored.filter(|stored| stored.shown >= shown) {
                return Ok((Commit::Done, stored));
            }
            let seen = Impression { run_id, shown };
            let body = EventBody::ResultsShown { run_id, shown };
            let event = driver.event(Some(run.user_id), body);
            Ok((driver.store.commit_impression(seen, stored, &[event]).await?, seen))
        })
        .await
    }

    /// Hands over what people were shown and what came of it, page by page, by person and
    /// settlement; each pair once, by the run that was stored last of those that showed it. After
    /// the last page the export is logged.
    ///
    /// An export holds what is stored at the time: one that is made again has newer outcomes in
    /// the same rows.
    ///
    /// # Errors
    /// [`DriverError::Store`], or what `take` refuses; nothing is logged then.
    pub async fn export_samples<E: From<DriverError>>(
        &self,
        mut take: impl FnMut(&[Sample]) -> Result<(), E>,
    ) -> Result<ExportReport, E> {
        let mut report = ExportReport::default();
        self.each_page(|samples| {
            report.add(&samples);
            take(&samples)
        })
        .await?;
        let body = EventBody::MlExportCompleted {
            sample_count: report.samples,
            labeled_count: report.labelled(),
        };
        let event = self.event(None, body);
        self.store.append_events(&[event]).await.map_err(DriverError::from)?;
        Ok(report)
    }

    /// All samples at once, of which no export is logged.
    ///
    /// # Errors
    /// [`DriverError::Store`].
    pub async fn samples(&self) -> Result<Vec<Sample>, DriverError> {
        let mut all = Vec::new();
        self.each_page(|samples| -> Result<(), DriverError> {
            all.extend(samples);
            Ok(())
        })
        .await?;
        Ok(all)
    }

    async fn each_page<E: From<DriverError>>(
        &self,
        mut take: impl FnMut(Vec<Sample>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut after = None;
        loop {
            let page = self.store.shown_after(after, PAGE).await.map_err(DriverError::from)?;
            take(page.results.into_iter().map(Sample::from).collect())?;
            after = page.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }

    /// Logs what came of a training run.
    ///
    /// # Errors
    /// [`DriverError::Store`].
    #[cfg(feature = "artifacts")]
    pub async fn log_retrain(
        &self,
        retrained: &crate::artifacts::Retrained,
    ) -> Result<(), DriverError> {
        let judged = &retrained.trained.judged;
        let number = |(name, delta): (String, Value)| Some((name, delta.as_number()?.clone()));
        let body = EventBody::MlRetrainCompleted {
            promoted: retrained.promoted,
            weights_version: retrained.weights_version,
            precision_at_5: Number::from_f64(judged.metrics.precision_at_5)
                .unwrap_or_else(|| Number::from(0)),
            sample_count: judged.metrics.sample_count,
            deltas: judged
                .metrics
                .deltas(&judged.champion)
                .into_iter()
                .filter_map(number)
                .collect(),
        };
        let event = self.event(None, body);
        Ok(self.store.append_events(&[event]).await?)
    }
}
