//! A person: who the evidence belongs to.

use std::fmt;

use super::{Date, State, UserId};

/// What the engine knows of a person beside the evidence.
///
/// Debug shows the id only: where someone lives and when they were born is personal data.
#[derive(Clone, PartialEq, Eq)]
pub struct Person {
    /// The person's id.
    pub user_id: UserId,
    /// Where the person lives, if known. Without it, no settlement limited to states is eligible.
    pub state: Option<State>,
    /// The day the person was born, if known.
    pub date_of_birth: Option<Date>,
}

impl Person {
    /// A person of whom nothing is known yet.
    pub const fn unknown(user_id: UserId) -> Self {
        Self { user_id, state: None, date_of_birth: None }
    }
}

impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Person").field("user_id", &self.user_id).finish_non_exhaustive()
    }
}
