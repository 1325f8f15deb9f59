//! Merchant resolution: from the descriptor of a bank to the merchant it means.
//!
//! In: descriptors such as `SQ *BLUE BOTTLE 123 OAKLAND CA`, [`Merchant`]s with aliases, and what
//! people corrected. Out: a [`Resolution`], which names a merchant or abstains, and says which
//! entry it rests on and what would have changed it.
//!
//! | file | step |
//! |---|---|
//! | `rules.rs`, `token.rs`, `normalise.rs` | rules as data take off what banks put around a name |
//! | `places.rs` | where a purchase was made, by state |
//! | `directory.rs`, `closeness.rs` | candidates by exact letters, alias, prefix and trigrams |
//! | `judge.rs` | the grounds to accept the best candidate, or why not |
//! | `resolve.rs` | the resolution and its explanation |
//! | `file.rs` | the merchants file, and near duplicates in it |
//! | `learn.rs` | aliases from corrections |
//!
//! The answer depends on the set of merchants and aliases alone, never on their order.
//! Rules, constants and measured figures: `docs/rules/merchants.md`.

mod closeness;
mod directory;
mod file;
mod judge;
mod learn;
mod normalise;
mod places;
mod resolve;
mod rules;
#[cfg(test)]
mod tests;
mod token;

pub use directory::{Candidate, EntryKind, MerchantDirectory, SIMILARITY_MIN, Tier};
pub use file::{
    Merchant, MerchantError, NEAR_DUPLICATE, NearDuplicate, near_duplicates, parse_merchants,
};
pub use judge::Why;
pub use learn::{
    AGREEMENT_MIN_PERCENT, LEARNING_VERSION, LearnedAliases, NamedDescriptor, PEOPLE_MIN,
    PersonalAliases, RETRAIN_AT, is_retraining_due, learn_aliases, personal_aliases,
};
pub use normalise::{Cleaned, Removed};
pub use resolve::{Abstained, Explanation, Resolution, Resolved};
pub use rules::DescriptorRules;
