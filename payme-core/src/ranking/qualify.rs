//! Who qualifies for one settlement, best first, out of people who come page by page.
//!
//! In: a settlement, a request and pages of people. Out: how many people its rule is met for, how
//! many it is unknown for, and the best of both with their reasons; of the latter also what to
//! ask. Only the best are held, so any number of people can be asked.
//! A person stands here as in a match of their own over a catalogue with the same embedder: the
//! same truth, score and reasons, to the bit.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use super::rank::result_of;
use super::top::{Plan, Top};
use super::{MatchRequest, MatchResult};
use crate::catalog::{CatalogIndex, Settlement, SettlementIx};
use crate::evidence::UserFeatures;
use crate::matching::{Candidate, Matcher, Moment, Observed, Truth, Variant};
use crate::types::{SettlementId, UserId};
use crate::vectors::{Embedder, HashedNgrams};

/// The variant that scores people for a settlement where none is named: the same for everybody,
/// since scores of two variants do not compare.
pub const QUALIFY_VARIANT: Variant = Variant::RulesVectorRanker;

/// A person before one settlement.
///
/// Debug shows who, and the score; the rest is personal data.
#[derive(Clone, PartialEq, Serialize)]
pub struct Qualifier {
    /// Who.
    pub user_id: UserId,
    /// How the person and the settlement stand to each other.
    #[serde(flatten)]
    pub result: MatchResult,
    /// What to ask the person, in sentences, where an answer can settle it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ask: Vec<String>,
}

impl fmt::Debug for Qualifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Qualifier")
            .field("user_id", &self.user_id)
            .field("score", &self.result.score)
            .finish_non_exhaustive()
    }
}

/// Who qualifies for one settlement. Each list has the best so many, by score descending and then
/// id ascending; each count counts everybody.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Qualified {
    /// The settlement.
    pub settlement_id: SettlementId,
    /// Its title.
    pub title: String,
    /// Whether people were considered at all: a settlement that takes no claims has nobody,
    /// unless closed ones are asked for.
    pub considered: bool,
    /// People who were asked about.
    pub people: usize,
    /// People whose rule is met.
    pub eligible_count: usize,
    /// People whose rule one more fact can decide.
    pub unknown_count: usize,
    /// People who were considered, and whose rule is not met; `None` when not asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub near_miss_count: Option<usize>,
    /// The rule is met.
    pub eligible: Vec<Qualifier>,
    /// One more fact can decide it.
    pub unknown: Vec<Qualifier>,
    /// The rule is not met, but the person has a feature that it seeks, or it seeks none; `None`
    /// when not asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub near_misses: Option<Vec<Qualifier>>,
}

/// Finds who qualifies for one settlement.
/// ```
/// use payme_core::catalog::parse_settlement;
/// use payme_core::evidence::parse_person_line;
/// use payme_core::matching::MatchScope;
/// use payme_core::ranking::{MatchRequest, QUALIFY_VARIANT, Qualifying, Weights};
/// use payme_core::types::Instant;
///
/// let settlement = parse_settlement(r#"{"title": "Rides",
///     "eligibility": {"required_features": ["merchant:uber"], "states": ["CA"]}}"#)?;
/// let person = parse_person_line(r#"{
///     "user_id": "00000000-0000-4000-8000-000000000001",
///     "features": [{"key": "merchant:uber", "source": "plaid", "confidence": 0.8}]
/// }"#, 1)?;
/// let request = MatchRequest {
///     variant: QUALIFY_VARIANT,
///     weights: Weights::default(),
///     scope: MatchScope { now: Instant::parse("2026-02-01T00:00:00Z")?, include_closed: false },
///     top_n: 20,
///     near_misses: false,
/// };
/// let mut qualifying = Qualifying::new(settlement, request);
/// qualifying.take(&[person]);
/// let found = qualifying.finish();
/// assert_eq!((found.eligible_count, found.unknown_count), (0, 1));
/// let asked = "It is limited to CA: the state is not known. Tell us the state.";
/// assert_eq!(found.unknown[0].ask, [asked]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Qualifying {
    /// Holds the one settlement.
    index: CatalogIndex,
    settlement_id: SettlementId,
    title: String,
    request: MatchRequest,
    considered: bool,
    people: usize,
    eligible: Group,
    unknown: Group,
    near_misses: Group,
}

/// The best of some people, and how many there are.
#[derive(Debug, Default)]
struct Group {
    count: usize,
    /// Best first.
    best: Vec<Qualifier>,
}

impl Qualifying {
    /// Begins with nobody. `top_n` of the request is how many people each list keeps. Embeddings
    /// are those of [`CatalogIndex::new`].
    pub fn new(settlement: Settlement, request: MatchRequest) -> Self {
        Self::with_embedder(settlement, request, Arc::new(HashedNgrams::default()))
    }

    /// The same with the embedder of some catalogue, for answers that are those of a match there.
    pub fn with_embedder(
        settlement: Settlement,
        request: MatchRequest,
        embedder: Arc<dyn Embedder>,
    ) -> Self {
        let scope = request.scope;
        Self {
            settlement_id: settlement.id,
            title: settlement.title.clone(),
            considered: scope.include_closed || settlement.takes_claims(scope.now),
            index: CatalogIndex::with_embedder([settlement], embedder),
            request,
            people: 0,
            eligible: Group::default(),
            unknown: Group::default(),
            near_misses: Group::default(),
        }
    }

    /// Takes the next people in. Each person is to come once.
    pub fn take(&mut self, users: &[UserFeatures]) {
        self.people += users.len();
        let Some(ix) = self.index.find(self.settlement_id).filter(|_| self.considered) else {
            return;
        };
        let Self { index, request, eligible, unknown, near_misses, .. } = self;
        let plan = Plan::new(request);
        let moment = Moment::of(request.scope);
        let mut matcher = Matcher::new(index);
        for user in users {
            let mut session = matcher.read(user, &moment);
            let Some(candidate) = session.candidate(ix) else { continue };
            let group = match candidate.truth {
                Truth::Met => &mut *eligible,
                Truth::Unknown => &mut *unknown,
                Truth::NotMet if request.near_misses && is_considered(&candidate) => {
                    &mut *near_misses
                }
                Truth::NotMet => continue,
            };
            group.count += 1;
            session.prepare(plan.set);
            let Some(hit) = Top::one(&session, ix, &plan) else { continue };
            let place = group.place(hit.score, user.person().user_id);
            if place < request.top_n
                && let Some(qualifier) = qualifier(index, user, ix, request)
            {
                group.best.insert(place, qualifier);
                group.best.truncate(request.top_n);
            }
        }
    }

    /// Who qualifies, of everybody who was taken in.
    pub fn finish(self) -> Qualified {
        let wants_near = self.request.near_misses;
        Qualified {
            settlement_id: self.settlement_id,
            title: self.title,
            considered: self.considered,
            people: self.people,
            eligible_count: self.eligible.count,
            unknown_count: self.unknown.count,
            near_miss_count: wants_near.then_some(self.near_misses.count),
            eligible: self.eligible.best,
            unknown: self.unknown.best,
            near_misses: wants_near.then_some(self.near_misses.best),
        }
    }
}

/// Whether a person whose rule is not met nearly qualifies.
const fn is_considered(candidate: &Candidate) -> bool {
    candidate.matched > 0 || candidate.required == 0
}

impl Group {
    /// The place of a person among the best.
    fn place(&self, score: f64, id: UserId) -> usize {
        self.best.partition_point(|kept| {
            let by_score = score.total_cmp(&kept.result.score);
            by_score.then(kept.user_id.cmp(&id)) == Ordering::Less
        })
    }
}

/// One person written out.
fn qualifier(
    index: &CatalogIndex,
    user: &UserFeatures,
    ix: SettlementIx,
    request: &MatchRequest,
) -> Option<Qualifier> {
    let (hit, result) = result_of(index, user, ix, request)?;
    let ask = if hit.candidate.truth == Truth::Unknown {
        let settlement = index.get(ix)?;
        let today = request.scope.now.date_utc();
        let (rule, period) = (&settlement.eligibility, settlement.class_period);
        let trace = Observed::new(user).trace(rule, period, today);
        let open = trace.unknown.iter().filter(|finding| finding.missing.is_some());
        open.map(|finding| finding.sentence(user)).collect()
    } else {
        Vec::new()
    };
    Some(Qualifier { user_id: user.person().user_id, result, ask })
}
