//! What a report draws: points of figures, computed from rows.
//!
//! In: forecasts with their labels, or a curve of many points. Out: bins with what chance leaves
//! open, counts by label, and curves of few points with how far off they are. What always holds:
//! the size of an answer depends on what was asked for and not on the number of rows.

mod bands;
mod histogram;
#[cfg(test)]
mod tests;
mod thin;

pub use bands::{ReliabilityBand, reliability_bands};
pub use histogram::{HistogramBin, score_histogram};
pub use thin::{Thinned, thin_precision_recall, thin_roc};
