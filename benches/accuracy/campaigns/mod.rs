//! Campaigns: made-up cases with known answers, and how often the engine gives them.
//!
//! A campaign has a seed of its own and no clock, so its figures are the same on every machine.

pub(crate) mod figure;

use figure::{Figure, Size};

/// Made-up cases with known answers, and what the engine says of them.
pub(crate) struct Campaign {
    /// Its name on the command line.
    pub(crate) name: &'static str,
    /// What it measures, in a sentence.
    pub(crate) about: &'static str,
    /// Runs it.
    pub(crate) run: fn(Size) -> Vec<Figure>,
}

/// Every campaign.
pub(crate) const CAMPAIGNS: &[Campaign] = &[];
