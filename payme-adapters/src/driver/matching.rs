//! Matching: assign a variant, match one person, store the run.

use payme_core::audit::{Event, EventBody};
use payme_core::catalog::CatalogIndex;
use payme_core::evidence::UserFeatures;
use payme_core::matching::{Assignment, ExperimentKey, MatchScope, Matcher, Variant};
use payme_core::ports::{AssignmentChange, Commit};
use payme_core::ranking::{
    MatchOutcome, MatchRequest, MatchResult, MatchRun, TOP_N_DEFAULT, Weights, match_many,
    match_user,
};
use payme_core::types::{Instant, RunId, UserId, Version};
use serde_json::json;

use super::{Driver, DriverError};

/// How to match people from the store.
#[derive(Debug, Clone)]
pub struct MatchOptions {
    /// The experiment that chooses the variant.
    pub experiment_key: ExperimentKey,
    /// A variant that overrides the assignment, and is stored as one that was forced.
    pub variant: Option<Variant>,
    /// The weights of the ranker; their set says which signals are computed.
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
    pub(super) fn request(&self, variant: Variant, now: Instant) -> MatchRequest {
        MatchRequest {
            variant,
            weights: self.weights.clone(),
            scope: MatchScope { now, include_closed: self.include_closed },
            top_n: self.top_n,
            near_misses: self.near_misses,
        }
    }

    /// The options and the catalogue as text; a batch is resumed only by the same.
    pub(super) fn as_request_text(&self, catalog: Version) -> String {
        json!({
            "experiment_key": self.experiment_key,
            "variant": self.variant,
            "weights": self.weights.to_json(),
            "top_n": self.top_n,
            "include_closed": self.include_closed,
            "catalog": catalog,
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

/// Matches people, each with a variant of their own; they come back in their order, each with the
/// outcome. The variant of the request is not looked at. With the feature `parallel` of the core
/// every core takes part; the answer is the same to the bit.
pub fn match_each(
    index: &CatalogIndex,
    people: Vec<(UserFeatures, Variant)>,
    request: &MatchRequest,
) -> Vec<(UserFeatures, MatchOutcome)> {
    let mut done = Vec::with_capacity(people.len());
    let mut rest: Vec<_> = people.into_iter().enumerate().collect();
    for variant in Variant::ALL {
        let (same, others) = rest.into_iter().partition(|(_, (_, own))| *own == variant);
        rest = others;
        let same: Vec<(usize, (UserFeatures, Variant))> = same;
        let (places, users): (Vec<usize>, Vec<UserFeatures>) =
            same.into_iter().map(|(place, (user, _))| (place, user)).unzip();
        let outcomes = match_many(index, &users, &MatchRequest { variant, ..request.clone() });
        done.extend(places.into_iter().zip(users.into_iter().zip(outcomes)));
    }
    done.sort_unstable_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, matched)| matched).collect()
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
    pub(super) async fn assign_variants(
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
        let run = self.run_of(&user, &assignment, options, started, outcome);
        let events = self.run_events(&run);
        match self.store.commit_runs(std::slice::from_ref(&run), None, &events).await? {
            Commit::Done => Ok(UserMatch { run, near_misses }),
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

    pub(super) fn run_of(
        &self,
        user: &UserFeatures,
        assignment: &Assignment,
        options: &MatchOptions,
        started: Instant,
        outcome: MatchOutcome,
    ) -> MatchRun {
        let id = RunId::v7(started, self.random.bytes());
        let times = [started, self.now().max(started)];
        MatchRun::new(id, assignment, times, user, &options.weights, outcome)
    }

    pub(super) fn run_events(&self, run: &MatchRun) -> [Event; 2] {
        let (run_id, user) = (run.id, Some(run.user_id));
        let started = EventBody::MatchRunStarted { run_id, variant: run.variant };
        let completed = EventBody::MatchRunCompleted {
            run_id,
            candidate_count: run.candidate_count,
            result_count: run.result_count,
        };
        [self.event(user, started), self.event(user, completed)]
    }

    pub(super) async fn need_user(&self, user: UserId) -> Result<UserFeatures, DriverError> {
        self.store.user_features(user).await?.ok_or(DriverError::UnknownUser(user))
    }
}
