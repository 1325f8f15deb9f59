//! Matches that are kept as people and settlements change: only what can change is matched again.
//!
//! In: an index, people, and edits of both. Out: for each person what a full run over the same
//! people and the same settlements gives, at one fixed time of matching.
//!
//! What can change is exact: an edit of a person touches that person alone; an edit of a settlement
//! those who were eligible for it before, and those who are afterwards.

use std::collections::HashMap;

use roaring::RoaringBitmap;

use super::MatchRequest;
use super::batch::{Ranked, rank_bound};
use super::top::{Hit, Plan, Top};
use crate::catalog::{CatalogEdit, CatalogIndex, Settlement};
use crate::evidence::UserFeatures;
use crate::matching::{Binding, Matcher, Moment, People, PeopleFull, Signals, reverse};
use crate::types::{SettlementId, UserId};

/// One kept match.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LiveHit {
    /// The settlement.
    pub settlement_id: SettlementId,
    /// The score, in `[0, 1]`.
    pub score: f64,
    /// The signals behind the score.
    pub signals: Signals,
}

/// What is kept of one person.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LiveOutcome {
    /// How many settlements the person is eligible for.
    pub candidate_count: usize,
    /// The best of them, best first.
    pub hits: Vec<LiveHit>,
}

/// Matches of many people at one time of matching, kept as people and settlements change.
#[derive(Debug, Clone)]
pub struct LiveMatches {
    index: CatalogIndex,
    people: People,
    binding: Binding,
    request: MatchRequest,
    outcomes: HashMap<UserId, LiveOutcome>,
}

impl LiveMatches {
    /// A full run.
    pub fn new(index: CatalogIndex, people: People, request: MatchRequest) -> Self {
        let mut outcomes = HashMap::with_capacity(people.len());
        let binding = people.bind(&index);
        let keep = |ranked: Ranked<'_>| {
            let outcome = outcome(&index, ranked.candidate_count, ranked.hits);
            outcomes.insert(ranked.user_id, outcome);
        };
        rank_bound(&index, &people, &binding, &request, &|| false, keep);
        Self { index, people, binding, request, outcomes }
    }

    /// What is kept of a person; `None` for one who is not there.
    pub fn outcome(&self, id: UserId) -> Option<&LiveOutcome> {
        self.outcomes.get(&id)
    }

    /// The people.
    pub const fn people(&self) -> &People {
        &self.people
    }

    /// The index.
    pub const fn index(&self) -> &CatalogIndex {
        &self.index
    }

    /// Takes a person in, in place of the one with the same id, and matches them.
    ///
    /// # Errors
    /// [`PeopleFull`]; nothing has changed then.
    pub fn put_person(&mut self, user: &UserFeatures) -> Result<(), PeopleFull> {
        let row = self.people.put(user)?;
        self.people.bind_more(&mut self.binding, &self.index);
        self.match_again(&RoaringBitmap::from_iter([row]));
        Ok(())
    }

    /// Takes a person out. Whether there was one.
    pub fn remove_person(&mut self, id: UserId) -> bool {
        self.outcomes.remove(&id);
        self.people.remove(id).is_some()
    }

    /// Changes settlements, and matches again those who were or are eligible for one of them.
    /// Gives how many people that were.
    pub fn edit_catalog(&mut self, edits: &[CatalogEdit]) -> u64 {
        let next = self.index.with_changes(edits.iter().cloned());
        let mut touched = RoaringBitmap::new();
        for edit in edits {
            let id = match edit {
                CatalogEdit::Put(settlement) => settlement.id,
                CatalogEdit::Remove(id) => *id,
            };
            for index in [&self.index, &next] {
                let settlement = index.find(id).and_then(|ix| index.get(ix));
                touched |= settlement.map(|one| self.eligible(one)).unwrap_or_default();
            }
        }
        self.index = next;
        self.people.bind_to(&mut self.binding, &self.index);
        self.match_again(&touched);
        touched.len()
    }

    fn eligible(&self, settlement: &Settlement) -> RoaringBitmap {
        reverse(&self.people, settlement, self.request.scope).eligible
    }

    fn match_again(&mut self, rows: &RoaringBitmap) {
        let plan = Plan::new(&self.request);
        let moment = Moment::of(self.request.scope);
        let mut matcher = Matcher::new(&self.index);
        let mut top = Top::default();
        for row in rows {
            let session = matcher.read_row(&self.people, &self.binding, row, &moment);
            let (Some(mut session), Some(id)) = (session, self.people.user_id(row)) else {
                continue;
            };
            session.prepare(plan.set);
            let hits = top.best(&session, session.eligible(), &plan);
            let outcome = outcome(&self.index, session.eligible().len(), hits);
            self.outcomes.insert(id, outcome);
        }
    }
}

fn outcome(index: &CatalogIndex, candidate_count: usize, hits: &[Hit]) -> LiveOutcome {
    let hit = |hit: &Hit| {
        let settlement_id = index.id(hit.candidate.ix)?;
        Some(LiveHit { settlement_id, score: hit.score, signals: hit.signals })
    };
    LiveOutcome { candidate_count, hits: hits.iter().filter_map(hit).collect() }
}
