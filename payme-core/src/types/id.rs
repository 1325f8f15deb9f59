//! Ids: one newtype per entity over UUID, so that a settlement cannot be passed for a person.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Instant;

/// Random bytes that one new id takes from its caller.
pub const RANDOM_BYTES: usize = 10;

/// Why a text is not an id. Carries nothing of the text: an id can be personal data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a UUID in its hyphenated form \
     (write 36 characters such as 6f1d2c3b-4a59-4e68-8d77-0123456789ab)"
)]
pub struct IdError;

impl IdError {
    /// The stable code of this error.
    pub const fn code(&self) -> &'static str {
        "invalid_id"
    }
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps a UUID.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID inside.
            pub const fn uuid(self) -> Uuid {
                self.0
            }

            /// A new time-ordered id (UUID version 7) from a time and ten random bytes.
            ///
            /// Instants before 1970 count as 1970: version 7 has no sign.
            pub fn v7(now: Instant, random: [u8; RANDOM_BYTES]) -> Self {
                let millis = u64::try_from(now.as_micros().div_euclid(1_000)).unwrap_or(0);
                Self(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                if text.len() != uuid::fmt::Hyphenated::LENGTH {
                    return Err(IdError);
                }
                Uuid::try_parse(text).map(Self).map_err(|_| IdError)
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;

            fn try_from(text: String) -> Result<Self, IdError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.to_string()
            }
        }
    };
}

id!(
    /// A person.
    ///
    /// ```
    /// use payme_core::types::UserId;
    /// let id: UserId = "6F1D2C3B-4A59-4E68-8D77-0123456789AB".parse()?;
    /// assert_eq!(id.to_string(), "6f1d2c3b-4a59-4e68-8d77-0123456789ab");
    /// assert!("6f1d2c3b4a594e688d770123456789ab".parse::<UserId>().is_err());
    /// # Ok::<(), payme_core::types::IdError>(())
    /// ```
    UserId
);
id!(
    /// A settlement. Ties in a ranking go by this id, ascending.
    SettlementId
);
id!(
    /// A bank transaction or a mail message of one person.
    RecordId
);
id!(
    /// One matching run for one person.
    RunId
);
id!(
    /// One run over every person, which can be resumed.
    BatchId
);
id!(
    /// One entry of the event log.
    EventId
);
id!(
    /// An attorney who pays claimants, or a firm of them.
    AttorneyId
);
id!(
    /// The account that a settlement is paid from.
    AccountId
);
id!(
    /// A decision to pay one person of one settlement.
    ApprovalId
);
id!(
    /// Many transfers of one settlement, executed together.
    PayoutBatchId
);
id!(
    /// One movement of money to one person.
    TransferId
);
id!(
    /// A question that a settlement asks of who claims.
    QuestionId
);
id!(
    /// Where the money of a person is sent to.
    DestinationId
);

/// The version of a stored row: 1 when written first, one more with every change.
///
/// A store applies a change only when the version it holds is the one the decision was made on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(pub i64);

impl Version {
    /// The version of a row that was just written for the first time.
    pub const FIRST: Self = Self(1);
    /// That of a row that is not stored yet; no stored row has it.
    pub const NEW: Self = Self(0);

    /// The version after one more change.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_id_carries_its_time_and_sorts_by_it() {
        let early = Instant::parse("2026-02-01T00:00:00Z").unwrap();
        let late = Instant::parse("2026-02-01T00:00:01Z").unwrap();
        let first = RunId::v7(early, [0xff; RANDOM_BYTES]);
        let second = RunId::v7(late, [0; RANDOM_BYTES]);
        assert!(first < second);
        assert_eq!(first.uuid().get_version_num(), 7);
        assert_eq!(first, RunId::v7(early, [0xff; RANDOM_BYTES]), "same input, same id");
    }

    #[test]
    fn only_the_hyphenated_form_is_read() {
        let good = "00000000-0000-4000-8000-00000000000a";
        assert_eq!(good.parse::<UserId>().unwrap().to_string(), good);
        for bad in [
            "",
            "x",
            "0000000000004000800000000000000a",
            "{00000000-0000-4000-8000-00000000000a}",
            "urn:uuid:00000000-0000-4000-8000-00000000000a",
            "00000000-0000-4000-8000-00000000000g",
        ] {
            assert_eq!(bad.parse::<UserId>(), Err(IdError), "{bad}");
        }
    }
}
