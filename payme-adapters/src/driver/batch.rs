//! Batches: match everybody, page by page, and take up again what was cut short.

use payme_core::audit::Event;
use payme_core::matching::Variant;
use payme_core::ports::{Commit, MatchBatch};
use payme_core::ranking::{MatchRequest, MatchRun};
use payme_core::types::{BatchId, Instant, UserId, Version};
use serde::Serialize;

use super::{Driver, DriverError, MatchOptions, match_each};

/// People whose runs are stored in one transaction.
const PAGE: usize = 256;

/// How far a run over everybody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchProgress {
    /// People whose runs are stored.
    pub done: usize,
    /// People known when the batch began or was resumed.
    pub total: usize,
}

/// What a run over everybody did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct BatchReport {
    /// The batch.
    pub batch_id: BatchId,
    /// The time that deadlines were held against.
    pub started: Instant,
    /// People who were done before, when the batch was resumed.
    pub resumed_after: usize,
    /// People who are done, in all.
    pub done: usize,
    /// Results that were stored by this call.
    pub result_count: usize,
}

impl Driver {
    /// Matches everybody, page by page, and stores each page's runs with the place it reached. The
    /// people of a page are matched as [`match_each`] does. A call that was cut short is taken up
    /// by the next one with the same options on the same catalogue within a day, unless `restart`
    /// is asked for. Deadlines are held against the moment it began. People who join behind the
    /// place it has reached wait for the next one.
    ///
    /// # Errors
    /// [`DriverError::Store`], or [`DriverError::Contention`] when another process works on the
    /// same batch. What was stored before stays.
    pub async fn match_everybody(
        &self,
        options: &MatchOptions,
        restart: bool,
        mut progress: impl FnMut(BatchProgress),
    ) -> Result<BatchReport, DriverError> {
        let catalog = self.store.revisions().await?.catalog;
        let index = self.catalog_index().await?;
        let mut batch = self.batch_to_work_on(options, catalog, restart).await?;
        let mut report = BatchReport {
            batch_id: batch.id,
            started: batch.started,
            resumed_after: batch.done,
            done: batch.done,
            result_count: 0,
        };
        // Each person has a variant of their own.
        let request = options.request(Variant::RulesOnly, batch.started);
        let request = MatchRequest { near_misses: false, ..request };
        let total = self.store.user_count().await?;
        while !batch.finished {
            let people = self.store.users_after(batch.cursor, PAGE).await?;
            let ids: Vec<UserId> = people.iter().map(|user| user.person().user_id).collect();
            let key = &options.experiment_key;
            let assigned = self.assign_variants(&ids, key, options.variant).await?;
            let variants = assigned.iter().map(|assignment| assignment.variant);
            let matched = match_each(&index, people.into_iter().zip(variants).collect(), &request);
            let runs: Vec<MatchRun> = matched
                .into_iter()
                .zip(&assigned)
                .map(|((user, outcome), assignment)| {
                    self.run_of(&user, assignment, options, batch.started, outcome)
                })
                .collect();
            let events: Vec<Event> = runs.iter().flat_map(|run| self.run_events(run)).collect();
            let before = batch.cursor;
            batch.cursor = ids.last().copied().or(before);
            batch.done += ids.len();
            batch.finished = ids.len() < PAGE;
            match self.store.commit_runs(&runs, Some((&batch, before)), &events).await? {
                Commit::Done => {}
                Commit::Conflict => return Err(DriverError::Contention),
            }
            report.done = batch.done;
            report.result_count += runs.iter().map(|run| run.result_count).sum::<usize>();
            progress(BatchProgress { done: batch.done, total });
        }
        Ok(report)
    }

    async fn batch_to_work_on(
        &self,
        options: &MatchOptions,
        catalog: Version,
        restart: bool,
    ) -> Result<MatchBatch, DriverError> {
        let request = options.as_request_text(catalog);
        let started = self.now();
        if !restart
            && let Some(batch) = self.store.newest_batch(&request).await?
            && batch.can_be_resumed(started)
        {
            return Ok(batch);
        }
        let id = BatchId::v7(started, self.random.bytes());
        Ok(MatchBatch { id, request, started, cursor: None, done: 0, finished: false })
    }
}
