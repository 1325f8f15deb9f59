//! Who is eligible: the lists of the person's own features, and what is left to check on them.
//!
//! Every settlement stands on the list of one feature that its rule cannot do without, the last to
//! close first, so a walk ends where the closed ones begin. What nobody needs a feature for stands
//! on a list of its own.

use super::people::{Binding, People};
use super::session::{Bound, Moment, Session, Shown};
use super::sighting::{PersonColumns, PersonView};
use super::truth::Truth;
use crate::catalog::{CatalogIndex, Columns, NO_FEATURE, Posting, SettlementIx};
use crate::evidence::UserFeatures;
use crate::types::{Date, Instant};

/// A settlement that was considered for one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// The settlement.
    pub ix: SettlementIx,
    /// How many of the features sought the person has.
    pub matched: u32,
    /// How many features are sought.
    pub required: u32,
    /// Whether the person's state passes.
    pub state_passes: bool,
    /// What the rule says of the person.
    pub truth: Truth,
}

impl Candidate {
    /// Whether the rule is met.
    pub fn is_eligible(&self) -> bool {
        self.truth == Truth::Met
    }
}

/// Which settlements are considered at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MatchScope {
    /// The time of matching; deadlines before it have passed.
    pub now: Instant,
    /// Whether settlements that take no claims any more, or not yet, are considered too.
    pub include_closed: bool,
}

/// What was considered for one person, by settlement id ascending.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Candidates {
    /// Settlements whose rule the person meets.
    pub eligible: Vec<Candidate>,
    /// Settlements that share a feature with the person, seek none, or could be met when more is
    /// known, but whose rule is not met.
    pub near_misses: Vec<Candidate>,
}

/// Finds candidates; keeps its working memory from one person to the next.
///
/// One person costs the lists of their features; settlements that have nothing in common with
/// them are not touched. After the first people, nothing is allocated.
#[derive(Debug)]
pub struct Matcher<'a> {
    index: &'a CatalogIndex,
    person: PersonColumns,
    work: Work,
}

impl<'a> Matcher<'a> {
    /// A matcher over a catalogue.
    pub fn new(index: &'a CatalogIndex) -> Self {
        Self { index, person: PersonColumns::default(), work: Work::new(index.columns()) }
    }

    /// The catalogue.
    pub const fn index(&self) -> &'a CatalogIndex {
        self.index
    }

    /// Takes a person in and finds what they are eligible for.
    pub(crate) fn read<'s>(
        &'s mut self,
        user: &'s UserFeatures,
        moment: &'s Moment,
    ) -> Session<'s> {
        let index = self.index;
        self.person.load(user, |feature| index.feature(&feature.key));
        let view = self.person.view();
        self.work.begin(view.slots.iter().map(|slot| slot.feature));
        self.work.session(index, view, Shown::One(user), moment)
    }

    /// Takes one of many people in and finds what they are eligible for; `binding` is that of the
    /// people to this catalogue.
    pub(crate) fn read_row<'s>(
        &'s mut self,
        people: &'s People,
        binding: &'s Binding,
        row: u32,
        moment: &'s Moment,
    ) -> Option<Session<'s>> {
        let view = people.view(row)?;
        self.work.begin(view.slots.iter().map(|slot| binding.feature(slot.feature)));
        let shown = Shown::Row { vectors: &binding.vectors, own: people.embedding(row) };
        Some(self.work.session(self.index, view, shown, moment))
    }

    /// What is considered for one person.
    pub fn candidates(&mut self, user: &UserFeatures, scope: MatchScope) -> Candidates {
        let moment = Moment::of(scope);
        let mut session = self.read(user, &moment);
        session.find_near_misses();
        let candidates = |list: &[u32]| {
            let mut candidates: Vec<Candidate> =
                list.iter().filter_map(|ix| session.candidate(SettlementIx(*ix))).collect();
            candidates.sort_unstable_by_key(|candidate| candidate.ix);
            candidates
        };
        Candidates {
            eligible: candidates(session.eligible()),
            near_misses: candidates(session.near_misses()),
        }
    }
}

/// The working memory of a matcher.
#[derive(Debug)]
pub(crate) struct Work {
    /// For each feature of the catalogue 1 + the person's slot, or 0.
    pub(super) slot_of: Vec<u32>,
    /// The features whose entry in `slot_of` is not 0.
    bound: Vec<u32>,
    /// The last person that a settlement was met for, by the number of the person.
    stamps: Vec<u32>,
    person: u32,
    pub(super) eligible: Vec<u32>,
    /// For each of them 1 + the slot that alone decided it, or 0.
    pub(super) decided_by: Vec<u32>,
    pub(super) near: Vec<u32>,
    pub(super) embedding: Vec<f32>,
    pub(super) recency: Vec<f64>,
}

impl Work {
    pub(super) fn new(columns: &Columns) -> Self {
        Self {
            slot_of: vec![0; columns.features()],
            bound: Vec::new(),
            stamps: vec![0; columns.facts.len()],
            person: 0,
            eligible: Vec::new(),
            decided_by: Vec::new(),
            near: Vec::new(),
            embedding: vec![0.0; columns.dimension],
            recency: Vec::new(),
        }
    }

    /// Forgets the person before, and takes in the features of the next one, slot by slot.
    pub(super) fn begin(&mut self, features: impl Iterator<Item = u32>) {
        for feature in self.bound.drain(..) {
            if let Some(slot) = self.slot_of.get_mut(feature as usize) {
                *slot = 0;
            }
        }
        for (slot, feature) in (1_u32..).zip(features) {
            if feature != NO_FEATURE
                && let Some(entry) = self.slot_of.get_mut(feature as usize)
            {
                *entry = slot;
                self.bound.push(feature);
            }
        }
    }

    /// Whether a settlement is met for the first time since the last call of `next_round`.
    fn is_first(stamps: &mut [u32], round: u32, ix: u32) -> bool {
        match stamps.get_mut(ix as usize) {
            Some(stamp) if *stamp != round => {
                *stamp = round;
                true
            }
            _ => false,
        }
    }

    fn next_round(&mut self) -> u32 {
        if self.person == u32::MAX {
            self.stamps.fill(0);
            self.person = 0;
        }
        self.person += 1;
        self.person
    }

    /// Finds what the person that was taken in is eligible for.
    pub(super) fn find_eligible(&mut self, index: &CatalogIndex, scope: &Bounds<'_>) {
        let round = self.next_round();
        let columns = index.columns();
        self.eligible.clear();
        self.decided_by.clear();
        let bound = Bound { view: scope.view, slot_of: &self.slot_of, today: scope.today };
        let mut walk = |list: &[Posting], slot: u32| {
            for posting in list {
                if posting.open_until < scope.open_from {
                    break;
                }
                if posting.state_mask & scope.view.state_bit == 0 {
                    continue;
                }
                let is_met = match posting.kind {
                    Posting::DECIDED => true,
                    Posting::SIMPLE => columns
                        .facts
                        .get(posting.ix as usize)
                        .is_some_and(|facts| bound.has_all(columns.sought(facts))),
                    _ => {
                        Self::is_first(&mut self.stamps, round, posting.ix)
                            && columns.facts.get(posting.ix as usize).is_some_and(|facts| {
                                bound.judge(columns, facts).truth == Truth::Met
                            })
                    }
                };
                if is_met {
                    self.eligible.push(posting.ix);
                    self.decided_by.push(if posting.kind == Posting::DECIDED { slot } else { 0 });
                }
            }
        };
        for feature in &self.bound {
            let slot = self.slot_of.get(*feature as usize).copied().unwrap_or(0);
            walk(columns.anchored(*feature), slot);
        }
        walk(&columns.unanchored, 0);
    }

    /// Finds what was considered and is not met: unordered, each once.
    pub(super) fn find_near_misses(&mut self, index: &CatalogIndex, scope: &Bounds<'_>) {
        let round = self.next_round();
        let columns = index.columns();
        self.near.clear();
        let bound = Bound { view: scope.view, slot_of: &self.slot_of, today: scope.today };
        let mut meet = |ix: u32, shares: bool| {
            let Some(facts) = columns.facts.get(ix as usize) else { return };
            if facts.open_until < scope.open_from || !Self::is_first(&mut self.stamps, round, ix) {
                return;
            }
            let truth = bound.judge(columns, facts).truth;
            if truth == Truth::Unknown || (shares && truth == Truth::NotMet) {
                self.near.push(ix);
            }
        };
        columns.seeks_nothing.iter().for_each(|ix| meet(*ix, true));
        for feature in &self.bound {
            columns.seeking(*feature).iter().for_each(|ix| meet(*ix, true));
        }
        columns.unanchored.iter().for_each(|posting| meet(posting.ix, false));
    }
}

/// What a walk needs to know of the person and the scope.
pub(super) struct Bounds<'a> {
    pub(super) view: PersonView<'a>,
    pub(super) today: Date,
    /// Settlements that are open until then, or longer, are considered.
    pub(super) open_from: i64,
}
