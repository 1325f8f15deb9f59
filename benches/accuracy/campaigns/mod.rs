//! Campaigns: made-up cases with known answers, and how often the engine gives them.
//!
//! A campaign has a seed of its own and no clock, so its figures are the same on every machine.

mod anomalies;
mod descriptors;
mod duplicates;
pub(crate) mod figure;
mod merchants;
#[expect(dead_code, reason = "each target uses a part of the random numbers")]
#[path = "../../world/random.rs"]
mod random;
mod recurring;
mod trackers;

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
pub(crate) const CAMPAIGNS: &[Campaign] = &[
    Campaign {
        name: "anomalies",
        about: "which purchases are unusual for the person who made them",
        run: anomalies::run,
    },
    Campaign {
        name: "duplicates",
        about: "whether suggested duplicates are copies of one purchase",
        run: duplicates::run,
    },
    Campaign {
        name: "merchants",
        about: "whether garbled descriptors are resolved to their merchants, and others to none",
        run: merchants::run,
    },
    Campaign {
        name: "recurring",
        about: "which charges come again and again, and when the next one is due",
        run: recurring::run,
    },
    Campaign {
        name: "trackers",
        about: "whether merged records are of one settlement, and phrases are read right",
        run: trackers::run,
    },
];
