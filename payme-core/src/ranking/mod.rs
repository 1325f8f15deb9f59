//! Ranking: from signals to a score, an order, and the reasons for both.
//!
//! In: eligible candidates with their signals, a [`Variant`](crate::matching::Variant) and
//! [`Weights`]. Out: the best results, best first, each with the contributions that add up to its
//! score, and the order in which a person is shown them.
//! Rules and formulas: `docs/rules/matching.md`.

mod display;
mod explain;
mod rank;
mod result;
mod run;
mod score;
mod weights;

pub use display::{Preference, display_order};
pub use explain::{Explanation, Newest, Verdict, explain};
pub use rank::{MatchOutcome, MatchRequest, TOP_N_DEFAULT, match_many, match_one, match_user};
pub use result::{MatchResult, Missing, Reasons};
pub use run::{MatchRun, RunMetadata};
pub use score::{Contribution, contributions, score};
pub use weights::{Weights, WeightsError};
