//! Where evidence comes from.

use serde::{Deserialize, Serialize};

/// The side of a person's life a feature was seen on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Mail messages.
    Gmail,
    /// Bank transactions.
    Plaid,
}

impl Source {
    /// Every source, in the order of this list.
    pub const ALL: [Self; 2] = [Self::Gmail, Self::Plaid];

    /// The word used in files and databases.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gmail => "gmail",
            Self::Plaid => "plaid",
        }
    }

    /// Reads the word of [`Source::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.as_str() == text)
    }
}
