//! The columns of an index: plain numbers, in long rows.

use bytemuck::{Pod, Zeroable};

use super::facts::SettlementFacts;
use crate::types::Column;

/// One settlement on the list of a feature that it cannot do without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct Posting {
    /// See [`SettlementFacts::open_until`].
    pub(crate) open_until: i64,
    /// See [`SettlementFacts::state_mask`].
    pub(crate) state_mask: u64,
    /// The settlement.
    pub(crate) ix: u32,
    /// One of the constants below.
    pub(crate) kind: u32,
}

impl Posting {
    /// The feature, and a state that passes, is all that the rule asks for.
    pub(crate) const DECIDED: u32 = 0;
    /// The rule is simple and asks for more features.
    pub(crate) const SIMPLE: u32 = 1;
    /// The rule has to be run.
    pub(crate) const PROGRAM: u32 = 2;
}

/// Everything that matching reads of a catalogue, in the order of the settlements' numbers.
#[derive(Debug, Clone)]
pub(crate) struct Columns {
    /// One for each settlement.
    pub(crate) facts: Column<SettlementFacts>,
    /// The features sought, one settlement after the other, each in the order of its rule.
    pub(crate) sought: Column<u32>,
    /// The rules that are more than the simple form.
    pub(crate) program: Column<u32>,
    /// The settlements that seek feature `f` are `seeking[seeking_starts[f]..][..]`, ascending.
    pub(crate) seeking_starts: Column<u32>,
    pub(crate) seeking: Column<u32>,
    /// For each feature, the settlements that a person without it can only be eligible for through
    /// another list: the last to close first.
    pub(crate) anchored_starts: Column<u32>,
    pub(crate) anchored: Column<Posting>,
    /// Settlements that a person without any feature can be eligible for, the last to close first.
    pub(crate) unanchored: Column<Posting>,
    /// The settlements that seek no feature, ascending.
    pub(crate) seeks_nothing: Column<u32>,
    /// The embeddings, one row of `dimension` numbers for each settlement.
    pub(crate) embeddings: Column<f32>,
    pub(crate) dimension: usize,
}

impl Columns {
    /// How many features there are.
    pub(crate) fn features(&self) -> usize {
        self.anchored_starts.len().saturating_sub(1)
    }

    /// The features that a settlement seeks.
    pub(crate) fn sought(&self, facts: &SettlementFacts) -> &[u32] {
        let start = facts.sought_start as usize;
        self.sought.get(start..start + facts.sought_len as usize).unwrap_or_default()
    }

    /// The settlements that seek a feature.
    pub(crate) fn seeking(&self, feature: u32) -> &[u32] {
        window(&self.seeking_starts, &self.seeking, feature)
    }

    /// The postings that are anchored at a feature.
    pub(crate) fn anchored(&self, feature: u32) -> &[Posting] {
        window(&self.anchored_starts, &self.anchored, feature)
    }

    /// The words of a rule that is not simple.
    pub(crate) fn program(&self, facts: &SettlementFacts) -> &[u32] {
        let start = facts.rule.checked_sub(1).map_or(usize::MAX, |start| start as usize);
        self.program.get(start..).unwrap_or_default()
    }

    /// The embedding of a settlement.
    pub(crate) fn embedding(&self, at: usize) -> Option<&[f32]> {
        let start = at.checked_mul(self.dimension)?;
        self.embeddings.get(start..start.checked_add(self.dimension)?)
    }
}

/// The entries of one feature.
fn window<'a, T>(starts: &[u32], entries: &'a [T], feature: u32) -> &'a [T] {
    let feature = feature as usize;
    match feature.checked_add(2).and_then(|end| starts.get(feature..end)) {
        Some(&[start, end]) => entries.get(start as usize..end as usize).unwrap_or_default(),
        _ => &[],
    }
}
