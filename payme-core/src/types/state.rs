//! US states: the fifty, the District of Columbia and five territories, as bits of one word.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

#[rustfmt::skip]
const CODES: [&str; 56] = [
    "AK", "AL", "AR", "AS", "AZ", "CA", "CO", "CT", "DC", "DE", "FL", "GA", "GU", "HI",
    "IA", "ID", "IL", "IN", "KS", "KY", "LA", "MA", "MD", "ME", "MI", "MN", "MO", "MP",
    "MS", "MT", "NC", "ND", "NE", "NH", "NJ", "NM", "NV", "NY", "OH", "OK", "OR", "PA",
    "PR", "RI", "SC", "SD", "TN", "TX", "UT", "VA", "VI", "VT", "WA", "WI", "WV", "WY",
];

/// The bit of a person whose state is not known. No set of states contains it.
const NOWHERE: u64 = 1 << 63;

/// A US state, the District of Columbia, or one of AS, GU, MP, PR, VI.
///
/// ```
/// use payme_core::types::State;
/// let state: State = "CA".parse()?;
/// assert_eq!(state.code(), "CA");
/// assert!("ca".parse::<State>().is_err());
/// # Ok::<(), payme_core::types::StateError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct State(u8);

/// A text that is no state code. It is repeated only where it is at most three ASCII letters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown state{} (write two upper-case letters: one of the 50 states, DC, \
     AS, GU, MP, PR or VI)",
    quoted(.0)
)]
pub struct StateError(String);

impl StateError {
    /// The stable code of this error.
    pub const fn code(&self) -> &'static str {
        "unknown_state"
    }
}

/// A code that was not known, as far as a message may repeat it: what is longer than three letters
/// or holds anything else may be personal data, and gives the empty text.
pub(super) fn short_code(text: &str) -> String {
    let is_code = text.len() <= 3 && text.bytes().all(|byte| byte.is_ascii_alphabetic());
    if is_code { text.to_owned() } else { String::new() }
}

/// A text between quotes and behind a space, or nothing where there is none.
pub(super) fn quoted(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(" \"{text}\"") }
}

impl State {
    /// Every state, in alphabetical order of the codes.
    pub fn all() -> impl ExactSizeIterator<Item = Self> {
        (0_u8..56).map(Self)
    }

    /// The two-letter postal code.
    pub fn code(self) -> &'static str {
        CODES.get(usize::from(self.0)).copied().unwrap_or("")
    }

    const fn bit(self) -> u64 {
        1 << self.0
    }
}

impl FromStr for State {
    type Err = StateError;

    fn from_str(text: &str) -> Result<Self, StateError> {
        CODES
            .binary_search(&text)
            .ok()
            .and_then(|index| u8::try_from(index).ok())
            .map(Self)
            .ok_or_else(|| StateError(short_code(text)))
    }
}

impl TryFrom<String> for State {
    type Error = StateError;

    fn try_from(text: String) -> Result<Self, StateError> {
        text.parse()
    }
}

impl From<State> for String {
    fn from(state: State) -> Self {
        state.code().to_owned()
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// A set of states, one bit each.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(from = "Vec<State>", into = "Vec<State>")]
pub struct StateSet(u64);

impl StateSet {
    /// The set without a state.
    pub const EMPTY: Self = Self(0);

    /// Whether the state is in the set.
    pub const fn contains(self, state: State) -> bool {
        self.0 & state.bit() != 0
    }

    /// Whether no state is in the set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The states of the set, in alphabetical order of the codes.
    pub fn iter(self) -> impl Iterator<Item = State> {
        State::all().filter(move |state| self.contains(*state))
    }

    /// The states in both sets.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl FromIterator<State> for StateSet {
    fn from_iter<I: IntoIterator<Item = State>>(states: I) -> Self {
        Self(states.into_iter().fold(0, |bits, state| bits | state.bit()))
    }
}

impl From<Vec<State>> for StateSet {
    fn from(states: Vec<State>) -> Self {
        states.into_iter().collect()
    }
}

impl From<StateSet> for Vec<State> {
    fn from(set: StateSet) -> Self {
        set.iter().collect()
    }
}

impl fmt::Debug for StateSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// Which states a settlement is open to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StateRule {
    /// Every state, and people whose state is not known.
    Any,
    /// Only these; a person whose state is not known fails. The empty set admits nobody.
    In(StateSet),
}

impl StateRule {
    /// The rule of a list in which "no state named" means every state.
    pub const fn from_list(states: StateSet) -> Self {
        if states.is_empty() { Self::Any } else { Self::In(states) }
    }

    /// Whether a person of this state passes.
    /// ```
    /// use payme_core::types::{State, StateRule, StateSet};
    /// let florida: State = "FL".parse()?;
    /// let rule = StateRule::from_list(StateSet::from_iter([florida]));
    /// assert!(rule.admits(Some(florida)));
    /// assert!(!rule.admits(None));
    /// assert!(StateRule::Any.admits(None));
    /// # Ok::<(), payme_core::types::StateError>(())
    /// ```
    pub const fn admits(self, state: Option<State>) -> bool {
        self.mask() & Self::person_bit(state) != 0
    }

    /// What passes both rules.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Any, rule) | (rule, Self::Any) => rule,
            (Self::In(a), Self::In(b)) => Self::In(a.intersection(b)),
        }
    }

    /// The rule as a word: a person passes when [`StateRule::person_bit`] is set in it.
    pub const fn mask(self) -> u64 {
        match self {
            Self::Any => u64::MAX,
            Self::In(set) => set.0,
        }
    }

    /// The bit that stands for a person of this state, or of none.
    pub const fn person_bit(state: Option<State>) -> u64 {
        match state {
            Some(state) => state.bit(),
            None => NOWHERE,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_looks_like_a_code_is_repeated() {
        for (text, is_told) in [("Cal", true), ("x", true), ("Jane", false), ("a b", false)] {
            let told = text.parse::<State>().unwrap_err().to_string();
            assert_eq!(told.contains(&format!("\"{text}\"")), is_told, "{told}");
        }
    }

    #[test]
    fn the_codes_are_sorted_and_the_fifty_six() {
        assert!(CODES.is_sorted());
        assert_eq!(CODES.len(), 50 + 1 + 5);
        for state in State::all() {
            assert_eq!(state.code().parse(), Ok(state));
        }
        for territory in ["AS", "GU", "MP", "PR", "VI", "DC"] {
            assert!(territory.parse::<State>().is_ok());
        }
    }

    #[test]
    fn what_is_no_state_is_refused() {
        for bad in ["", "C", "ca", "CAL", "XX", "UK", " CA", "C\0"] {
            assert!(bad.parse::<State>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_rule_admits_what_the_table_says() {
        let [ca, ny] = ["CA", "NY"].map(|code| code.parse::<State>().unwrap());
        let only_ca = StateRule::from_list(StateSet::from_iter([ca]));
        let nobody = only_ca.and(StateRule::from_list(StateSet::from_iter([ny])));
        #[rustfmt::skip]
        let table = [
            //                                    CA     NY     none
            (StateRule::Any,                     [true,  true,  true ]),
            (only_ca,                            [true,  false, false]),
            (nobody,                             [false, false, false]),
            (StateRule::from_list(StateSet::EMPTY), [true, true, true]),
        ];
        for (rule, expected) in table {
            assert_eq!(
                [Some(ca), Some(ny), None].map(|state| rule.admits(state)),
                expected,
                "{rule:?}"
            );
        }
    }
}
