//! Matching: assign a variant, match, store the run; explain a pair; go through everybody.

use std::fmt;

use payme_core::audit::{Event, EventBody};
use payme_core::catalog::CatalogIndex;
use payme_core::evidence::{StoredEvidence, UserFeatures};
use payme_core::matching::{Assignment, ExperimentKey, MatchScope, Matcher, Variant};
use payme_core::ports::{AssignmentChange, Commit, MatchBatch};
use payme_core::ranking::{
    Explanation, MatchOutcome, MatchRequest, MatchResult, MatchRun, Newest, TOP_N_DEFAULT, Weights,
    explain, match_user,
};
use payme_core::sync::{Record, StoredRecord};
use payme_core::types::{
    BatchId, Date, FeatureKey, Instant, Money, RunId, SettlementId, Source, UserId,
};
use serde::Serialize;
use serde_json::json;

use super::{Driver, DriverError};

/// People whose runs are stored in one transaction.
const PAGE: usize = 256;

/// Records that an explanation shows for each feature, the newest first.
const RECORDS_SHOWN: usize = 5;

/// How to match people from the store.
#[derive(Debug, Clone)]
pub struct MatchOptions {
    /// The experiment that chooses the variant.
    pub experiment_key: ExperimentKey,
    /// A variant that overrides the assignment, and is stored as one that was forced.
    pub variant: Option<Variant>,
    /// The weights of the ranker.
    pub weights: Weights,
    /// How many results to keep.
    pub top_n: usize,
    /// Whether settlements that take no claims are matched too.
    pub include_closed: bool,
    /// Whether near misses are reported. They are not stored.
    pub near_misses: bool,
}

impl Default for MatchOptions {
    fn default() -> Self {
        Self {
            experiment_key: ExperimentKey::default(),
            variant: None,
            weights: Weights::default(),
            top_n: TOP_N_DEFAULT,
            include_closed: false,
            near_misses: false,
        }
    }
}

impl MatchOptions {
    fn request(&self, variant: Variant, now: Instant) -> MatchRequest {
        MatchRequest {
            variant,
            weights: self.weights.clone(),
            scope: MatchScope { now, include_closed: self.include_closed },
            top_n: self.top_n,
            near_misses: self.near_misses,
        }
    }

    /// The options as text; a batch is resumed only by the same.
    fn as_request_text(&self) -> String {
        let weights: Vec<f64> =
            self.weights.values.of(self.weights.set).map(|(_, weight)| weight).collect();
        json!({
            "experiment_key": self.experiment_key,
            "variant": self.variant,
            "signals": self.weights.set.as_str(),
            "weights": weights,
            "weights_version": self.weights.version,
            "top_n": self.top_n,
            "include_closed": self.include_closed,
        })
        .to_string()
    }
}

/// A stored run, and the near misses if they were asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct UserMatch {
    /// The run.
    pub run: MatchRun,
    /// The near misses, best first.
    pub near_misses: Option<Vec<MatchResult>>,
}

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

/// A record behind a feature, as it is shown to the person it belongs to.
///
/// Debug shows nothing of it.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct RecordView {
    /// The day, if known.
    pub date: Option<Date>,
    /// The amount of a transaction.
    pub amount: Option<String>,
    /// The merchant or description of a transaction, the subject of a message.
    pub text: String,
}

impl fmt::Debug for RecordView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordView").finish_non_exhaustive()
    }
}

/// The records behind one feature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EvidenceBehind {
    /// The feature.
    pub key: FeatureKey,
    /// Its source.
    pub source: Source,
    /// How many records support it; 0 for a feature that was imported ready-made.
    pub record_count: usize,
    /// The newest of them.
    pub records: Vec<RecordView>,
}

/// An explanation, the run it rests on, and the records behind it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RecordedExplanation {
    /// The explanation.
    #[serde(flatten)]
    pub explanation: Explanation,
    /// The person's newest run, if there is one.
    pub run_id: Option<RunId>,
    /// When that run started.
    pub run_started: Option<Instant>,
    /// The records behind each feature that the settlement names and the person has.
    pub evidence: Vec<EvidenceBehind>,
}

impl Driver {
    /// A person's variant in an experiment; the first answer is stored and sticks. A forced
    /// variant overrides the stored one and is stored in its place.
    ///
    /// # Errors
    /// [`DriverError::Store`] or [`DriverError::Contention`].
    pub async fn assign_variant(
        &self,
        user_id: UserId,
        experiment_key: &ExperimentKey,
        forced: Option<Variant>,
    ) -> Result<Assignment, DriverError> {
        let mut assigned = self.assign_variants(&[user_id], experiment_key, forced).await?;
        assigned.pop().ok_or(DriverError::UnknownUser(user_id))
    }

    /// The variants of many people, in their order; the new ones are stored in one transaction.
    async fn assign_variants(
        &self,
        users: &[UserId],
        experiment_key: &ExperimentKey,
        forced: Option<Variant>,
    ) -> Result<Vec<Assignment>, DriverError> {
        self.decide(async |driver| {
            let mut assigned = Vec::with_capacity(users.len());
            let mut changes = Vec::new();
            for user in users {
                let expected = driver.store.assignment(*user, experiment_key).await?;
                let assignment =
                    Assignment::decide(*user, experiment_key, expected.as_ref(), forced);
                if expected.as_ref() != Some(&assignment) {
                    changes.push(AssignmentChange { expected, assignment: assignment.clone() });
                }
                assigned.push(assignment);
            }
            if changes.is_empty() {
                return Ok((Commit::Done, assigned));
            }
            let exposed = |change: &AssignmentChange| driver.exposed(&change.assignment);
            let events: Vec<Event> = changes.iter().map(exposed).collect();
            Ok((driver.store.commit_assignments(&changes, &events).await?, assigned))
        })
        .await
    }

    fn exposed(&self, assignment: &Assignment) -> Event {
        let body = EventBody::ExperimentExposed {
            experiment_key: assignment.experiment_key.clone(),
            variant: assignment.variant,
            forced: assignment.forced,
        };
        self.event(Some(assignment.user_id), body)
    }

    /// Matches one person and stores the run.
    ///
    /// # Errors
    /// [`DriverError::UnknownUser`], [`DriverError::Store`] or [`DriverError::Contention`].
    pub async fn match_stored_user(
        &self,
        user_id: UserId,
        options: &MatchOptions,
    ) -> Result<UserMatch, DriverError> {
        let user = self.need_user(user_id).await?;
        let key = &options.experiment_key;
        let assignment = self.assign_variant(user_id, key, options.variant).await?;
        let index = self.catalog_index().await?;
        let started = self.now();
        let request = options.request(assignment.variant, started);
        let mut outcome = match_user(&mut Matcher::new(&index), &user, &request);
        let near_misses = outcome.near_misses.take();
        let run = self.run_of(&user, options, started, outcome);
        let events = self.run_events(&run);
        match self.store.commit_runs(std::slice::from_ref(&run), None, &events).await? {
            Commit::Done => Ok(UserMatch { run, near_misses }),
            // With a clock that stands still the ids repeat: the same run is already there.
            Commit::Conflict if self.store.run(run.id).await?.as_ref() == Some(&run) => {
                Ok(UserMatch { run, near_misses })
            }
            Commit::Conflict => Err(DriverError::Contention),
        }
    }

    /// A stored run with what nearly matches now, which is not stored with a run.
    ///
    /// # Errors
    /// [`DriverError::UnknownUser`] or [`DriverError::Store`].
    pub async fn near_misses_of(
        &self,
        run: MatchRun,
        options: &MatchOptions,
    ) -> Result<UserMatch, DriverError> {
        let user = self.need_user(run.user_id).await?;
        let index = self.catalog_index().await?;
        let mut request = options.request(run.variant, run.started);
        request.near_misses = true;
        let near_misses = match_user(&mut Matcher::new(&index), &user, &request).near_misses;
        Ok(UserMatch { run, near_misses })
    }

    /// Matches everybody, page by page, and stores each page's runs with the place it reached. A
    /// call that was cut short is taken up by the next one with the same options, unless
    /// `restart` is asked for.
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
        let index = self.catalog_index().await?;
        let mut matcher = Matcher::new(&index);
        let mut batch = self.batch_to_work_on(options, restart).await?;
        let mut report = BatchReport {
            batch_id: batch.id,
            started: batch.started,
            resumed_after: batch.done,
            done: batch.done,
            result_count: 0,
        };
        let total = self.store.user_count().await?;
        while !batch.finished {
            let people = self.store.users_after(batch.cursor, PAGE).await?;
            let ids: Vec<UserId> = people.iter().map(|user| user.person().user_id).collect();
            let key = &options.experiment_key;
            let assigned = self.assign_variants(&ids, key, options.variant).await?;
            let mut runs = Vec::with_capacity(people.len());
            for (user, Assignment { variant, .. }) in people.iter().zip(assigned) {
                let request =
                    MatchRequest { near_misses: false, ..options.request(variant, batch.started) };
                let outcome = match_user(&mut matcher, user, &request);
                runs.push(self.run_of(user, options, batch.started, outcome));
            }
            let events: Vec<Event> = runs.iter().flat_map(|run| self.run_events(run)).collect();
            let before = batch.cursor;
            batch.cursor = ids.last().copied().or(before);
            batch.done += people.len();
            batch.finished = people.len() < PAGE;
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
        restart: bool,
    ) -> Result<MatchBatch, DriverError> {
        let request = options.as_request_text();
        if !restart
            && let Some(batch) = self.store.newest_batch(&request).await?
            && !batch.finished
        {
            return Ok(batch);
        }
        let started = self.now();
        let id = BatchId::v7(started, self.random.bytes());
        Ok(MatchBatch { id, request, started, cursor: None, done: 0, finished: false })
    }

    fn run_of(
        &self,
        user: &UserFeatures,
        options: &MatchOptions,
        started: Instant,
        outcome: MatchOutcome,
    ) -> MatchRun {
        let id = RunId::v7(started, self.random.bytes());
        let times = [started, self.now().max(started)];
        MatchRun::new(id, options.experiment_key.clone(), times, user, &options.weights, outcome)
    }

    fn run_events(&self, run: &MatchRun) -> [Event; 2] {
        let (run_id, user) = (run.id, Some(run.user_id));
        let started = EventBody::MatchRunStarted { run_id, variant: run.variant };
        let completed = EventBody::MatchRunCompleted {
            run_id,
            candidate_count: run.candidate_count,
            result_count: run.result_count,
        };
        [self.event(user, started), self.event(user, completed)]
    }

    /// Why a settlement matches a person, or why not: by the newest run where that matched it,
    /// else by matching the pair now.
    ///
    /// # Errors
    /// [`DriverError::UnknownUser`], [`DriverError::UnknownSettlement`] or
    /// [`DriverError::Store`].
    pub async fn explain_stored(
        &self,
        user_id: UserId,
        settlement_id: SettlementId,
        options: &MatchOptions,
    ) -> Result<RecordedExplanation, DriverError> {
        let user = self.need_user(user_id).await?;
        let index = self.catalog_index().await?;
        let run = self.store.newest_run(user_id).await?;
        let variant = match &run {
            Some(run) => run.variant,
            None => self.variant_without_storing(user_id, options).await?,
        };
        let request = options.request(variant, self.now());
        let recorded = run.as_ref().map(|run| find(run, settlement_id));
        let newest = match recorded {
            None => Newest::NoRun,
            Some(None) => Newest::NotMatched,
            Some(Some(result)) => Newest::Matched(result),
        };
        let explanation = explain(&index, &user, settlement_id, &request, newest)
            .ok_or(DriverError::UnknownSettlement(settlement_id))?;
        let evidence = self.evidence_behind(&user, &index, settlement_id).await?;
        Ok(RecordedExplanation {
            explanation,
            run_id: run.as_ref().map(|run| run.id),
            run_started: run.as_ref().map(|run| run.started),
            evidence,
        })
    }

    async fn variant_without_storing(
        &self,
        user_id: UserId,
        options: &MatchOptions,
    ) -> Result<Variant, DriverError> {
        let key = &options.experiment_key;
        let stored = self.store.assignment(user_id, key).await?;
        Ok(Assignment::decide(user_id, key, stored.as_ref(), None).variant)
    }

    async fn evidence_behind(
        &self,
        user: &UserFeatures,
        index: &CatalogIndex,
        settlement_id: SettlementId,
    ) -> Result<Vec<EvidenceBehind>, DriverError> {
        let stored = self.store.evidence(user.person().user_id).await?;
        let named = index.find(settlement_id).and_then(|ix| index.get(ix));
        let (Some(stored), Some(settlement)) = (stored, named) else { return Ok(Vec::new()) };
        let keys = settlement.eligibility.feature_keys();
        let wanted = user.features().iter().filter(|feature| keys.contains(&feature.key));
        Ok(wanted.map(|feature| behind(&stored, &feature.key, feature.source)).collect())
    }

    pub(super) async fn need_user(&self, user: UserId) -> Result<UserFeatures, DriverError> {
        self.store.user_features(user).await?.ok_or(DriverError::UnknownUser(user))
    }
}

fn find(run: &MatchRun, settlement_id: SettlementId) -> Option<&MatchResult> {
    run.results.iter().find(|result| result.settlement_id == settlement_id)
}

/// The records behind one feature of a person, the newest first.
fn behind(stored: &StoredEvidence, key: &FeatureKey, source: Source) -> EvidenceBehind {
    let support = stored.support.iter().filter(|s| s.key == *key && s.source == source);
    let mut records: Vec<RecordView> = support
        .filter_map(|support| match stored.records.get(&support.record) {
            Some(StoredRecord::Live(record)) => Some(view(record)),
            Some(StoredRecord::Removed) | None => None,
        })
        .collect();
    records.sort_by(|a, b| b.date.cmp(&a.date).then_with(|| a.text.cmp(&b.text)));
    let record_count = records.len();
    records.truncate(RECORDS_SHOWN);
    EvidenceBehind { key: key.clone(), source, record_count, records }
}

fn view(record: &Record) -> RecordView {
    match record {
        Record::Transaction(transaction) => RecordView {
            date: Some(transaction.date),
            amount: transaction.amount.as_ref().map(Money::to_string),
            text: transaction.merchant_name.clone().unwrap_or_else(|| transaction.name.clone()),
        },
        Record::Message(message) => {
            RecordView { date: message.date, amount: None, text: message.subject.clone() }
        }
    }
}
