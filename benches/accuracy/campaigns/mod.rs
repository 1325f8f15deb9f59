//! Campaigns: made-up cases with known answers, and how often the engine gives them.
//!
//! A campaign has a seed of its own and no clock, so its figures are the same on every machine.

pub mod figure;

use figure::{Figure, Size};

/// Made-up cases with known answers, and what the engine says of them.
pub struct Campaign {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it measures, in a sentence.
    pub about: &'static str,
    /// Runs it.
    pub run: fn(Size) -> Vec<Figure>,
}

/// Every campaign.
pub const CAMPAIGNS: &[Campaign] = &[];
