//! Experiment assignment: which variant a person gets, by a hash that anyone can recompute.

use std::fmt;
use std::str::FromStr;

use md5::{Digest as _, Md5};
use serde::{Deserialize, Serialize};

use crate::types::UserId;

/// The experiment key used where none is given.
pub const DEFAULT_EXPERIMENT_KEY: &str = "matching_v1";

/// How the signals become a score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Variant {
    /// The rules alone.
    RulesOnly,
    /// The rules and the similarity.
    RulesVector,
    /// A weighted sum of every signal.
    RulesVectorRanker,
}

impl Variant {
    /// Every variant, in the order in which a hash picks them.
    pub const ALL: [Self; 3] = [Self::RulesOnly, Self::RulesVector, Self::RulesVectorRanker];

    /// How probable it is that the hash gives a person this variant: each is as probable as the
    /// others.
    pub const PROPENSITY: f64 = 1.0 / 3.0;

    /// The word used in files, commands and databases.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RulesOnly => "rules_only",
            Self::RulesVector => "rules_vector",
            Self::RulesVectorRanker => "rules_vector_ranker",
        }
    }

    /// Reads the word of [`Variant::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|variant| variant.as_str() == text)
    }
}

impl fmt::Display for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The name of an experiment: 1 to 100 letters, digits, `_`, `-`, `.`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ExperimentKey(String);

/// A text that names no experiment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an experiment key has 1 to 100 letters, digits, '_', '-' or '.'")]
pub struct ExperimentKeyError;

impl ExperimentKeyError {
    /// The stable code of this error.
    pub const fn code(&self) -> &'static str {
        "invalid_experiment_key"
    }
}

impl ExperimentKey {
    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for ExperimentKey {
    fn default() -> Self {
        Self(DEFAULT_EXPERIMENT_KEY.to_owned())
    }
}

impl FromStr for ExperimentKey {
    type Err = ExperimentKeyError;

    fn from_str(text: &str) -> Result<Self, ExperimentKeyError> {
        let good = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
        if (1..=100).contains(&text.len()) && text.bytes().all(good) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ExperimentKeyError)
        }
    }
}

impl TryFrom<String> for ExperimentKey {
    type Error = ExperimentKeyError;

    fn try_from(text: String) -> Result<Self, ExperimentKeyError> {
        text.parse()
    }
}

impl From<ExperimentKey> for String {
    fn from(key: ExperimentKey) -> Self {
        key.0
    }
}

impl fmt::Display for ExperimentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which variant a person has in an experiment. Stored once, it sticks until it is forced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The person.
    pub user_id: UserId,
    /// The experiment.
    pub experiment_key: ExperimentKey,
    /// The variant.
    pub variant: Variant,
    /// Whether somebody chose the variant, instead of the hash.
    pub forced: bool,
}

impl Assignment {
    /// The assignment that holds from now on: the stored one sticks, unless a variant is forced;
    /// where none is stored yet, the hash decides.
    pub fn decide(
        user_id: UserId,
        experiment_key: &ExperimentKey,
        stored: Option<&Self>,
        forced: Option<Variant>,
    ) -> Self {
        let (variant, forced) = match (stored, forced) {
            (Some(stored), None) => return stored.clone(),
            (_, Some(variant)) => (variant, true),
            (None, None) => (assign(user_id, experiment_key), false),
        };
        Self { user_id, experiment_key: experiment_key.clone(), variant, forced }
    }
}

/// The variant that the hash gives a person.
///
/// MD5 of `"{user_id}:{experiment_key}"`, read as one big-endian number of 128 bits, modulo 3,
/// over the order of [`Variant::ALL`]; the id is written in lower case with hyphens. MD5 spreads
/// people evenly here; it protects nothing.
/// ```
/// use payme_core::matching::{ExperimentKey, Variant, assign};
/// let user = "00000000-0000-4000-8000-000000000001".parse()?;
/// assert_eq!(assign(user, &ExperimentKey::default()), Variant::RulesVector);
/// # Ok::<(), payme_core::types::IdError>(())
/// ```
pub fn assign(user: UserId, key: &ExperimentKey) -> Variant {
    let digest: [u8; 16] = Md5::digest(format!("{user}:{key}").as_bytes()).into();
    match u128::from_be_bytes(digest) % 3 {
        0 => Variant::RulesOnly,
        1 => Variant::RulesVector,
        _ => Variant::RulesVectorRanker,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_gives_what_md5sum_gives() {
        // printf '%s' "<user>:matching_v1" | md5sum, then the number modulo 3 in a calculator.
        #[rustfmt::skip]
        let table = [
            ("00000000-0000-4000-8000-000000000001", "matching_v1", "rules_vector"),
            ("6f1d2c3b-4a59-4e68-8d77-0123456789ab", "matching_v1", "rules_vector"),
            ("6f1d2c3b-4a59-4e68-8d77-0123456789ab", "matching_v2", "rules_only"),
            ("ffffffff-ffff-4fff-bfff-ffffffffffff", "matching_v1", "rules_only"),
        ];
        for (user, key, expected) in table {
            let got = assign(user.parse().unwrap(), &key.parse().unwrap());
            assert_eq!(got.as_str(), expected, "{user}:{key}");
        }
    }

    #[test]
    fn the_first_assignment_sticks_and_a_forced_one_overrides() {
        let user: UserId = "00000000-0000-4000-8000-000000000001".parse().unwrap();
        let key = ExperimentKey::default();
        let of = |variant, forced| Assignment {
            user_id: user,
            experiment_key: ExperimentKey::default(),
            variant,
            forced,
        };
        use Variant::{RulesOnly, RulesVector, RulesVectorRanker};
        #[rustfmt::skip]
        let table = [
            // stored                              forced                    from now on
            (None,                                 None,                     of(RulesVector, false)),
            (None,                                 Some(RulesOnly),          of(RulesOnly, true)),
            (Some(of(RulesVectorRanker, false)),   None,                     of(RulesVectorRanker, false)),
            (Some(of(RulesOnly, true)),            None,                     of(RulesOnly, true)),
            (Some(of(RulesOnly, false)),           Some(RulesOnly),          of(RulesOnly, true)),
            (Some(of(RulesOnly, true)),            Some(RulesVectorRanker),  of(RulesVectorRanker, true)),
        ];
        for (stored, forced, expected) in table {
            assert_eq!(Assignment::decide(user, &key, stored.as_ref(), forced), expected);
        }
    }

    #[test]
    fn keys_are_short_and_plain() {
        for bad in ["", "a b", "a:b", "\u{e9}", &"x".repeat(101)] {
            assert!(bad.parse::<ExperimentKey>().is_err(), "{bad}");
        }
        assert_eq!("matching_v1".parse(), Ok(ExperimentKey::default()));
    }
}
