//! Ranking: from signals to a score, an order, and the reasons for both.
//!
//! In: eligible candidates with their signals, a [`Variant`](crate::matching::Variant) and
//! [`Weights`]. Out: the best results, best first, each with the contributions that add up to its
//! score, and the order in which a person is shown them.
//! Rules and formulas: `docs/rules/matching.md`.

mod batch;
pub(crate) mod calibration;
mod display;
mod explain;
mod live;
mod qualify;
mod rank;
mod result;
mod run;
mod score;
#[cfg(test)]
mod tests_paths;
mod top;
mod weights;

pub use crate::matching::Missing;
pub use batch::{BatchSummary, Ranked, match_many, rank_people};
pub use calibration::{Beta, Calibration, CalibrationError, Isotonic, Platt, Temperature};
pub use display::{Preference, display_order};
pub use explain::{Explanation, Newest, Verdict, explain};
pub use live::{LiveHit, LiveMatches, LiveOutcome};
pub use qualify::{QUALIFY_VARIANT, Qualified, Qualifier, Qualifying};
pub use rank::{MatchOutcome, MatchRequest, TOP_N_DEFAULT, match_one, match_user};
pub use result::{AtomRef, Atoms, ConfidenceBreakdown, MatchResult, PredicatePasses, Reasons};
pub use run::{MatchRun, RunMetadata};
pub use score::{Contribution, contributions, score, score_and_rank};
pub use top::Hit;
pub use weights::{Link, Weights, WeightsError};
