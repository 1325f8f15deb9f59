//! The one walk from settlements to columns, for building an index and for checking a stored one.
//!
//! In: settlements in the order of their ids. Out: every entry of every column, in its order,
//! handed to a [`Sink`]. Building appends what it is handed; checking compares it with what is
//! stored. So a column cannot be built one way and checked another.

use std::cmp::Reverse;
use std::sync::Arc;

use super::columns::Posting;
use super::entry::Entry;
use super::{SettlementFacts, program};
use crate::types::FeatureKey;

/// Where the entries of the columns go.
pub(super) trait Sink {
    /// Why the walk ends early.
    type Fault;

    /// The number of a feature. Features are numbered from 0 in the order they are first asked for.
    fn number(&mut self, key: &FeatureKey) -> Result<u32, Self::Fault>;

    /// The number that a feature was given.
    fn known(&self, key: &FeatureKey) -> Option<u32>;

    /// The next settlement: its facts, the features it seeks, and the words of its rule, which are
    /// none for the simple form.
    fn row(
        &mut self,
        facts: SettlementFacts,
        sought: &[u32],
        program: &[u32],
    ) -> Result<(), Self::Fault>;

    /// The next settlement that seeks a feature.
    fn seeking(&mut self, feature: u32, ix: u32) -> Result<(), Self::Fault>;

    /// The next settlement that seeks none.
    fn seeks_nothing(&mut self, ix: u32) -> Result<(), Self::Fault>;

    /// No more settlements come for the lists above.
    fn end_of_rows(&mut self) -> Result<(), Self::Fault>;

    /// How many settlements seek a feature; asked for when all are known.
    fn seekers(&self, feature: u32) -> usize;

    /// The next posting of a feature.
    fn anchored(&mut self, feature: u32, posting: Posting) -> Result<(), Self::Fault>;

    /// The next posting of no feature.
    fn unanchored(&mut self, posting: Posting) -> Result<(), Self::Fault>;
}

/// Hands every entry of the columns over.
pub(super) fn walk<S: Sink>(entries: &[Arc<Entry>], sink: &mut S) -> Result<(), S::Fault> {
    rows(entries, sink)?;
    sink.end_of_rows()?;
    postings(entries, sink)
}

fn rows<S: Sink>(entries: &[Arc<Entry>], sink: &mut S) -> Result<(), S::Fault> {
    let (mut sought, mut words) = (Vec::new(), Vec::new());
    let (mut sought_start, mut program_start) = (0_u32, 0_u32);
    for (ix, entry) in (0_u32..).zip(entries) {
        sought.clear();
        for key in &entry.sought {
            sought.push(sink.number(key)?);
        }
        words.clear();
        let eligibility = &entry.settlement.eligibility;
        let is_simple = eligibility.simple().is_some();
        if !is_simple {
            let mut number = |key: &FeatureKey| sink.number(key);
            program::write(&mut words, eligibility.in_force(), &mut number)?;
        }
        let mut facts = entry.facts;
        facts.sought_start = sought_start;
        facts.sought_len = length(&sought);
        facts.rule = if is_simple { 0 } else { program_start.saturating_add(1) };
        sink.row(facts, &sought, &words)?;
        sought_start = sought_start.saturating_add(facts.sought_len);
        program_start = program_start.saturating_add(length(&words));
        for feature in &sought {
            sink.seeking(*feature, ix)?;
        }
        if sought.is_empty() {
            sink.seeks_nothing(ix)?;
        }
    }
    Ok(())
}

/// Posts each settlement under the features it cannot do without: the rarest, where it can choose.
fn postings<S: Sink>(entries: &[Arc<Entry>], sink: &mut S) -> Result<(), S::Fault> {
    let mut last_to_close_first: Vec<(u32, &Arc<Entry>)> = (0_u32..).zip(entries).collect();
    last_to_close_first.sort_by_key(|(ix, entry)| (Reverse(entry.facts.open_until), *ix));
    for (ix, entry) in last_to_close_first {
        let posting = posting(ix, entry);
        let rule = entry.settlement.eligibility.in_force();
        let rarity = |key: &FeatureKey| sink.known(key).map_or(0, |feature| sink.seekers(feature));
        let Some(keys) = program::anchors(rule, &rarity) else {
            sink.unanchored(posting)?;
            continue;
        };
        let mut features: Vec<u32> = keys.into_iter().filter_map(|key| sink.known(key)).collect();
        features.sort_unstable();
        features.dedup();
        for feature in features {
            sink.anchored(feature, posting)?;
        }
    }
    Ok(())
}

fn posting(ix: u32, entry: &Entry) -> Posting {
    let kind = match (entry.settlement.eligibility.simple(), entry.sought.len()) {
        (Some(_), 0..=1) => Posting::DECIDED,
        (Some(_), _) => Posting::SIMPLE,
        (None, _) => Posting::PROGRAM,
    };
    let SettlementFacts { open_until, state_mask, .. } = entry.facts;
    Posting { open_until, state_mask, ix, kind }
}

/// How many entries a list has; columns are counted in 32 bits.
pub(super) fn length<T>(list: &[T]) -> u32 {
    u32::try_from(list.len()).unwrap_or(u32::MAX)
}
