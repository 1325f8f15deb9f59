//! The best settlements for a person: score everything eligible, keep the best.

use serde::Serialize;

use super::top::{Hit, Plan, Top};
use super::{MatchResult, Reasons, Weights};
use crate::catalog::{CatalogIndex, SettlementIx};
use crate::evidence::UserFeatures;
use crate::matching::{MatchScope, Matcher, Moment, Observed, SignalSet, Variant};
use crate::types::{Date, UserId};

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
    /// The best near misses, in the same order, with the evidence set those that one more fact can
    /// settle first; `None` when they were not asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub near_misses: Option<Vec<MatchResult>>,
}

/// Matches one person with a matcher that is kept for the next.
pub fn match_user(
    matcher: &mut Matcher<'_>,
    user: &UserFeatures,
    request: &MatchRequest,
) -> MatchOutcome {
    let plan = Plan::new(request);
    let index = matcher.index();
    let moment = Moment::of(request.scope);
    let mut session = matcher.read(user, &moment);
    session.prepare(plan.set);
    let mut top = Top::default();
    let writer =
        Writer { index, user, plan: &plan, observed: Observed::new(user), today: moment.today() };
    let results = writer.results(top.best(&session, session.eligible(), &plan));
    let near_misses = request.near_misses.then(|| {
        session.find_near_misses();
        writer.results(top.best(&session, session.near_misses(), &plan))
    });
    MatchOutcome {
        user_id: user.person().user_id,
        variant: request.variant,
        candidate_count: session.eligible().len(),
        result_count: results.len(),
        results,
        near_misses,
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
/// let result = &outcome.results[0];
/// let contributions = result.reasons.contributions.as_ref().expect("the evidence set has them");
/// let sum: f64 = contributions.iter().map(|part| part.contribution).sum();
/// assert!((result.score - sum).abs() < 1e-12);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn match_one(
    index: &CatalogIndex,
    user: &UserFeatures,
    request: &MatchRequest,
) -> MatchOutcome {
    match_user(&mut Matcher::new(index), user, request)
}

/// How one settlement and a person stand to each other, whatever the rank.
pub(super) fn result_of(
    index: &CatalogIndex,
    user: &UserFeatures,
    ix: SettlementIx,
    request: &MatchRequest,
) -> Option<(Hit, MatchResult)> {
    let plan = Plan::new(request);
    let mut matcher = Matcher::new(index);
    let moment = Moment::of(request.scope);
    let mut session = matcher.read(user, &moment);
    session.prepare(plan.set);
    let hit = Top::one(&session, ix, &plan)?;
    let writer =
        Writer { index, user, plan: &plan, observed: Observed::new(user), today: moment.today() };
    Some((hit, writer.result(&hit)?))
}

/// Writes results out for one person.
struct Writer<'a> {
    index: &'a CatalogIndex,
    user: &'a UserFeatures,
    plan: &'a Plan,
    observed: Observed<'a>,
    today: Date,
}

impl Writer<'_> {
    fn results(&self, hits: &[Hit]) -> Vec<MatchResult> {
        hits.iter().filter_map(|hit| self.result(hit)).collect()
    }

    fn result(&self, hit: &Hit) -> Option<MatchResult> {
        let settlement = self.index.get(hit.candidate.ix)?;
        let is_traced = !hit.candidate.is_eligible() || self.plan.set == SignalSet::Evidence;
        let trace = is_traced.then(|| {
            self.observed.trace(&settlement.eligibility, settlement.class_period, self.today)
        });
        let sought = settlement.eligibility.sought();
        let matched = sought.into_iter().filter(|key| self.user.has(key)).cloned().collect();
        Some(MatchResult {
            settlement_id: settlement.id,
            score: hit.score,
            signals: hit.signals,
            reasons: Reasons::new(matched, hit, self.plan, trace.as_ref()),
            missing: trace.map_or_else(Vec::new, |trace| trace.into_missing()),
        })
    }
}
