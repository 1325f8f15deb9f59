//! The best settlements for a person: score everything eligible, keep the best.

use std::cmp::Ordering;

use serde::Serialize;

use super::{MatchResult, Missing, Reasons, Weights, score};
use crate::catalog::{CatalogIndex, Settlement};
use crate::evidence::UserFeatures;
use crate::matching::{Candidate, MatchScope, Matcher, Signals, Variant, baseline_signals};
use crate::types::UserId;

/// How many results a person gets where nothing else is asked for.
pub const TOP_N_DEFAULT: usize = 20;

/// How to match.
#[derive(Debug, Clone)]
pub struct MatchRequest {
    /// How signals become a score.
    pub variant: Variant,
    /// The weights of the ranker; the other variants do not look at them.
    pub weights: Weights,
    /// What is considered.
    pub scope: MatchScope,
    /// How many results to keep, and how many near misses.
    pub top_n: usize,
    /// Whether near misses are reported.
    pub near_misses: bool,
}

/// What matching one person gives.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MatchOutcome {
    /// Who.
    pub user_id: UserId,
    /// How signals became scores.
    pub variant: Variant,
    /// How many settlements the person is eligible for.
    pub candidate_count: usize,
    /// How many of them are in `results`.
    pub result_count: usize,
    /// The best, by score descending and then id ascending.
    pub results: Vec<MatchResult>,
    /// The best near misses, in the same order; `None` when they were not asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub near_misses: Option<Vec<MatchResult>>,
}

/// One candidate and its score, before the cut.
struct Scored {
    candidate: Candidate,
    signals: Signals,
    score: f64,
}

impl Scored {
    /// Score descending, then settlement id ascending.
    fn order(&self, other: &Self) -> Ordering {
        other.score.total_cmp(&self.score).then_with(|| self.candidate.ix.cmp(&other.candidate.ix))
    }
}

/// Matches one person with a matcher that is kept for the next.
pub fn match_user(
    matcher: &mut Matcher<'_>,
    user: &UserFeatures,
    request: &MatchRequest,
) -> MatchOutcome {
    let found = matcher.candidates(user, request.scope);
    let index = matcher.index();
    let results = best(index, user, &found.eligible, request);
    MatchOutcome {
        user_id: user.person().user_id,
        variant: request.variant,
        candidate_count: found.eligible.len(),
        result_count: results.len(),
        results,
        near_misses: request.near_misses.then(|| best(index, user, &found.near_misses, request)),
    }
}

/// Matches one person on their own.
/// ```
/// use payme_core::catalog::{CatalogIndex, parse_settlements};
/// use payme_core::evidence::parse_person_line;
/// use payme_core::matching::{MatchScope, Variant};
/// use payme_core::ranking::{MatchRequest, Weights, match_one};
/// use payme_core::types::Instant;
///
/// let settlements = parse_settlements(br#"[{
///     "title": "Rides", "claim_url": "https://rides.example",
///     "eligibility": {"required_features": ["merchant:uber"], "states": ["CA"]}
/// }]"#)?;
/// let person = parse_person_line(r#"{
///     "user_id": "00000000-0000-4000-8000-000000000001", "state": "CA",
///     "features": [{"key": "merchant:uber", "source": "plaid", "confidence": 0.8}]
/// }"#, 1)?;
/// let request = MatchRequest {
///     variant: Variant::RulesVectorRanker,
///     weights: Weights::default(),
///     scope: MatchScope { now: Instant::parse("2026-02-01T00:00:00Z")?, include_closed: false },
///     top_n: 20,
///     near_misses: false,
/// };
/// let outcome = match_one(&CatalogIndex::new(settlements.taken), &person, &request);
/// assert_eq!(outcome.candidate_count, 1);
/// assert!((outcome.results[0].score - 0.775).abs() < 1e-12);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn match_one(
    index: &CatalogIndex,
    user: &UserFeatures,
    request: &MatchRequest,
) -> MatchOutcome {
    match_user(&mut Matcher::new(index), user, request)
}

/// Matches many people; the outcomes stand in the order of the people.
///
/// With the feature `parallel` every core takes part; the answer is the same to the bit.
pub fn match_many(
    index: &CatalogIndex,
    users: &[UserFeatures],
    request: &MatchRequest,
) -> Vec<MatchOutcome> {
    #[cfg(feature = "parallel")]
    {
        use rayon::prelude::{
            IndexedParallelIterator as _, ParallelIterator as _, ParallelSlice as _,
        };
        /// People a task takes at once: enough to pay for a matcher of its own.
        const CHUNK: usize = 256;
        let chunks = users.par_chunks(CHUNK).map(|chunk| match_chunk(index, chunk, request));
        let mut outcomes = Vec::with_capacity(users.len());
        let mut parts = Vec::new();
        chunks.collect_into_vec(&mut parts);
        parts.into_iter().for_each(|part| outcomes.extend(part));
        outcomes
    }
    #[cfg(not(feature = "parallel"))]
    match_chunk(index, users, request)
}

fn match_chunk(
    index: &CatalogIndex,
    users: &[UserFeatures],
    request: &MatchRequest,
) -> Vec<MatchOutcome> {
    let mut matcher = Matcher::new(index);
    users.iter().map(|user| match_user(&mut matcher, user, request)).collect()
}

fn best(
    index: &CatalogIndex,
    user: &UserFeatures,
    candidates: &[Candidate],
    request: &MatchRequest,
) -> Vec<MatchResult> {
    let mut scored: Vec<Scored> = candidates
        .iter()
        .filter_map(|candidate| Some(scored(candidate, index.get(candidate.ix)?, request)))
        .collect();
    if request.top_n < scored.len() {
        scored.select_nth_unstable_by(request.top_n, Scored::order);
        scored.truncate(request.top_n);
    }
    scored.sort_unstable_by(Scored::order);
    scored.iter().filter_map(|one| result(index, user, one)).collect()
}

fn scored(candidate: &Candidate, settlement: &Settlement, request: &MatchRequest) -> Scored {
    let signals = baseline_signals(candidate, settlement);
    let score = score(request.variant, &signals, &request.weights);
    Scored { candidate: *candidate, signals, score }
}

/// The result of one candidate whatever its rank.
pub(super) fn result_of(
    index: &CatalogIndex,
    user: &UserFeatures,
    candidate: &Candidate,
    request: &MatchRequest,
) -> Option<MatchResult> {
    result(index, user, &scored(candidate, index.get(candidate.ix)?, request))
}

fn result(index: &CatalogIndex, user: &UserFeatures, one: &Scored) -> Option<MatchResult> {
    let settlement = index.get(one.candidate.ix)?;
    let required = settlement.eligibility.simple()?.required.iter().cloned();
    let (matched, absent): (Vec<_>, Vec<_>) = required.partition(|key| user.has(key));
    let state = (!one.candidate.state_passes).then_some(Missing::State);
    let missing = absent.into_iter().map(Missing::Feature).chain(state).collect();
    Some(MatchResult {
        settlement_id: settlement.id,
        score: one.score,
        signals: one.signals,
        reasons: Reasons::new(matched, one.candidate.state_passes, &one.signals, one.score),
        missing,
    })
}
