//! Who is eligible: counting over the posting lists of the person's own features.

use crate::catalog::{CatalogIndex, SettlementIx};
use crate::evidence::UserFeatures;
use crate::types::{Instant, StateRule};

/// A settlement that was considered for one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// The settlement.
    pub ix: SettlementIx,
    /// How many of the required features the person has.
    pub matched: u32,
    /// How many features are required.
    pub required: u32,
    /// Whether the person's state passes.
    pub state_passes: bool,
}

impl Candidate {
    /// Whether everything the settlement asks for is there.
    pub const fn is_eligible(&self) -> bool {
        self.matched == self.required && self.state_passes
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
    /// Settlements whose rule the person passes.
    pub eligible: Vec<Candidate>,
    /// Settlements that share a feature with the person, or require none, but whose rule the
    /// person does not pass.
    pub near_misses: Vec<Candidate>,
}

/// Finds candidates; keeps its working memory from one person to the next.
///
/// One person costs the lengths of the posting lists of their features, plus the settlements
/// that require nothing; settlements that have nothing in common with them are not touched.
#[derive(Debug)]
pub struct Matcher<'a> {
    index: &'a CatalogIndex,
    /// Required features found so far, by settlement; all zero between two people.
    counts: Vec<u32>,
    touched: Vec<SettlementIx>,
}

impl<'a> Matcher<'a> {
    /// A matcher over a catalogue.
    pub fn new(index: &'a CatalogIndex) -> Self {
        Self { index, counts: vec![0; index.len()], touched: Vec::new() }
    }

    /// The catalogue.
    pub const fn index(&self) -> &'a CatalogIndex {
        self.index
    }

    /// What is considered for one person.
    pub fn candidates(&mut self, user: &UserFeatures, scope: MatchScope) -> Candidates {
        self.count(user);
        let person_bit = StateRule::person_bit(user.person().state);
        let mut found = Candidates::default();
        for ix in &self.touched {
            let matched = self.counts.get_mut(ix.at()).map_or(0, std::mem::take);
            if !scope.include_closed && !self.index.takes_claims(*ix, scope.now.as_micros()) {
                continue;
            }
            let candidate = Candidate {
                ix: *ix,
                matched,
                required: self.index.required_count(*ix),
                state_passes: self.index.state_mask(*ix) & person_bit != 0,
            };
            if candidate.is_eligible() {
                found.eligible.push(candidate);
            } else {
                found.near_misses.push(candidate);
            }
        }
        found
    }

    /// Counts the required features of every settlement that is to be considered.
    fn count(&mut self, user: &UserFeatures) {
        self.touched.clear();
        self.touched.extend_from_slice(self.index.requiring_nothing());
        for key in user.keys() {
            for ix in self.index.requiring(key) {
                if let Some(count) = self.counts.get_mut(ix.at()) {
                    if *count == 0 {
                        self.touched.push(*ix);
                    }
                    *count += 1;
                }
            }
        }
        self.touched.sort_unstable();
    }
}
