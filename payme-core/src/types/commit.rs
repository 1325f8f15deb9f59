//! What became of a decision that was handed to a store.

/// What became of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Commit {
    /// It was written.
    Done,
    /// Something it rests on changed meanwhile; nothing was written.
    Conflict,
}
