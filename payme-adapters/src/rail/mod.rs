//! Rails: what moves money, or plays that it does.

mod mock;
mod twin;

pub use mock::{EverybodyHasDestination, MockRail};
pub use twin::{Sent, Twin, TwinSettings, Verdict};
