//! Many people at once: on every core, in their order, in bounded memory, until told to stop.
//!
//! In: people in columns and a request. Out: the best settlements of each, given to a sink person
//! by person. People are taken in windows of fixed chunks; a window is matched in parallel and
//! then handed over in order, so the answers are the same to the bit for any number of threads and
//! no more than one window of them is held.

use super::top::{Hit, Plan, Top};
use super::{MatchOutcome, MatchRequest, match_user};
use crate::catalog::CatalogIndex;
use crate::evidence::UserFeatures;
use crate::matching::{Binding, Matcher, Moment, People, SignalSet, in_windows};
use crate::types::UserId;

/// The fewest people that are worth a task of their own.
#[cfg(feature = "parallel")]
const TASK_PEOPLE: usize = 32;

/// The best settlements of one of many people.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ranked<'a> {
    /// Who.
    pub user_id: UserId,
    /// How many settlements the person is eligible for.
    pub candidate_count: usize,
    /// The best of them, best first.
    pub hits: &'a [Hit],
}

/// What the work on many people came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BatchSummary {
    /// People whose answers were handed over.
    pub people: usize,
    /// Settlements that they are eligible for, in all.
    pub candidates: usize,
    /// Results that were handed over.
    pub results: usize,
    /// Whether the work was told to stop before everybody was done.
    pub cancelled: bool,
}

/// The answers of one chunk, one behind the other.
#[derive(Default)]
struct Chunk {
    people: Vec<(UserId, usize, usize)>,
    hits: Vec<Hit>,
}

/// Ranks everybody; `sink` gets each person in the order of the rows. Near misses are not looked
/// for. `cancelled` is asked before each chunk; once it says so, nothing more is begun, and what
/// was handed over is whole.
///
/// With the feature `parallel` every core takes part; the answer is the same to the bit.
/// ```
/// use payme_core::catalog::CatalogIndex;
/// use payme_core::matching::{MatchScope, People, Variant};
/// use payme_core::ranking::{MatchRequest, Weights, rank_people};
/// use payme_core::types::Instant;
/// let request = MatchRequest {
///     variant: Variant::RulesVectorRanker,
///     weights: Weights::default(),
///     scope: MatchScope { now: Instant::parse("2026-02-01T00:00:00Z")?, include_closed: false },
///     top_n: 20,
///     near_misses: false,
/// };
/// let (index, people) = (CatalogIndex::default(), People::default());
/// let summary = rank_people(&index, &people, &request, &|| false, |_| {});
/// assert_eq!(summary.people, 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn rank_people(
    index: &CatalogIndex,
    people: &People,
    request: &MatchRequest,
    cancelled: &(dyn Fn() -> bool + Sync),
    sink: impl FnMut(Ranked<'_>),
) -> BatchSummary {
    let binding = match request.weights.set() {
        SignalSet::Baseline => people.bind_features(index),
        SignalSet::Evidence => people.bind(index),
    };
    rank_bound(index, people, &binding, request, cancelled, sink)
}

/// The same for people who are bound to the catalogue already.
pub(super) fn rank_bound(
    index: &CatalogIndex,
    people: &People,
    binding: &Binding,
    request: &MatchRequest,
    cancelled: &(dyn Fn() -> bool + Sync),
    mut sink: impl FnMut(Ranked<'_>),
) -> BatchSummary {
    let rows: Vec<u32> = people.rows().collect();
    let plan = Plan::of_many(request, index);
    let moment = Moment::of_many(request.scope, index);
    let chunk = |(matcher, top): &mut (Matcher<'_>, Top), rows: &[u32]| {
        let mut chunk = Chunk::default();
        for row in rows {
            let session = matcher.read_row(people, binding, *row, &moment);
            let (Some(mut session), Some(user_id)) = (session, people.user_id(*row)) else {
                continue;
            };
            session.prepare(plan.set);
            chunk.hits.extend_from_slice(top.best_eligible(&session, &plan));
            chunk.people.push((user_id, session.eligible().len(), chunk.hits.len()));
        }
        chunk
    };
    let mut summary = BatchSummary::default();
    let fresh = || (Matcher::new(index), Top::default());
    let done = in_windows(&rows, fresh, chunk, cancelled, |chunk: Chunk| {
        let mut start = 0;
        for (user_id, candidate_count, end) in chunk.people {
            let hits = chunk.hits.get(start..end).unwrap_or_default();
            start = end;
            summary.people += 1;
            summary.candidates += candidate_count;
            summary.results += hits.len();
            sink(Ranked { user_id, candidate_count, hits });
        }
    });
    BatchSummary { cancelled: !done, ..summary }
}

/// Matches many people; the outcomes stand in the order of the people.
///
/// Holds every outcome at once: for more people than that is good for, see [`rank_people`]. With
/// the feature `parallel` every core takes part; the answer is the same to the bit.
pub fn match_many(
    index: &CatalogIndex,
    users: &[UserFeatures],
    request: &MatchRequest,
) -> Vec<MatchOutcome> {
    let outcome =
        |matcher: &mut Matcher<'_>, user: &UserFeatures| match_user(matcher, user, request);
    #[cfg(feature = "parallel")]
    {
        use rayon::prelude::{
            IndexedParallelIterator as _, IntoParallelRefIterator as _, ParallelIterator as _,
        };
        let mut outcomes = Vec::new();
        users
            .par_iter()
            .with_min_len(TASK_PEOPLE)
            .map_init(|| Matcher::new(index), outcome)
            .collect_into_vec(&mut outcomes);
        outcomes
    }
    #[cfg(not(feature = "parallel"))]
    {
        let mut matcher = Matcher::new(index);
        users.iter().map(|user| outcome(&mut matcher, user)).collect()
    }
}
