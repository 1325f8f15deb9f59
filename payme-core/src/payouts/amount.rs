//! Amounts of payouts and the keys of requests: values that cannot be wrong in the ways they rule
//! out.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::types::{ApprovalId, PayoutBatchId};

/// A positive amount in minor units (cents of a dollar). Whose currency it is in, the account says.
///
/// ```
/// use payme_core::payouts::Amount;
/// assert_eq!(Amount::new(1)?.minor(), 1);
/// assert_eq!(Amount::new(0).unwrap_err().code(), "amount_not_positive");
/// # Ok::<(), payme_core::payouts::AmountError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Amount(i64);

/// Why a number is no amount of a payout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// Zero or less.
    #[error("an amount has to be above zero")]
    NotPositive,
    /// A sum that does not fit in 64 bits.
    #[error("the amounts add up to more than 9223372036854775807 minor units")]
    Overflow,
}

impl AmountError {
    /// The stable code of this error.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotPositive => "amount_not_positive",
            Self::Overflow => "amount_overflow",
        }
    }
}

impl Amount {
    /// An amount of so many minor units.
    ///
    /// # Errors
    /// [`AmountError::NotPositive`] unless it is above zero.
    pub const fn new(minor: i64) -> Result<Self, AmountError> {
        if minor > 0 { Ok(Self(minor)) } else { Err(AmountError::NotPositive) }
    }

    /// The minor units, above zero.
    pub const fn minor(self) -> i64 {
        self.0
    }
}

impl TryFrom<i64> for Amount {
    type Error = AmountError;

    fn try_from(minor: i64) -> Result<Self, AmountError> {
        Self::new(minor)
    }
}

impl From<Amount> for i64 {
    fn from(amount: Amount) -> Self {
        amount.0
    }
}

/// How long a key may be, in characters.
pub const KEY_CHARS_MAX: usize = 200;

/// What a caller names a request by, so that sending it twice does it once.
///
/// 1 to 200 printable ASCII characters without blanks at the ends.
/// ```
/// use payme_core::payouts::RequestKey;
/// assert_eq!(RequestKey::new("payday-7")?.as_str(), "payday-7");
/// assert_eq!(RequestKey::new("x".repeat(10_000)).unwrap_err().code(), "invalid_key");
/// # Ok::<(), payme_core::payouts::KeyError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RequestKey(String);

/// A text that is no key of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "not an idempotency key: write 1 to {KEY_CHARS_MAX} printable ASCII characters, \
     without blanks at the ends"
)]
pub struct KeyError;

impl KeyError {
    /// The stable code of this error.
    pub const fn code(self) -> &'static str {
        "invalid_key"
    }
}

impl RequestKey {
    /// A key from its text.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn new(text: impl Into<String>) -> Result<Self, KeyError> {
        let text = text.into();
        let is_printable = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        let is_good = !text.is_empty()
            && text.len() <= KEY_CHARS_MAX
            && is_printable
            && text.trim_ascii().len() == text.len();
        if is_good { Ok(Self(text)) } else { Err(KeyError) }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for RequestKey {
    type Error = KeyError;

    fn try_from(text: String) -> Result<Self, KeyError> {
        Self::new(text)
    }
}

impl From<RequestKey> for String {
    fn from(key: RequestKey) -> Self {
        key.0
    }
}

/// The key of one transfer: what a rail knows it by, whoever sends it and however often.
///
/// ```
/// use payme_core::payouts::TransferKey;
/// let nil = uuid::Uuid::nil();
/// let key = TransferKey::new(nil.to_string().parse()?, nil.to_string().parse()?);
/// let id = "00000000-0000-0000-0000-000000000000";
/// assert_eq!(key.to_string(), format!("transfer:{id}:{id}"));
/// assert_eq!(key.for_rail(0).len(), 43);
/// assert_ne!(key.for_rail(0), key.for_rail(1));
/// # Ok::<(), payme_core::types::IdError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransferKey {
    batch_id: PayoutBatchId,
    approval_id: ApprovalId,
}

impl TransferKey {
    /// The key of a batch's transfer for an approval.
    pub const fn new(batch_id: PayoutBatchId, approval_id: ApprovalId) -> Self {
        Self { batch_id, approval_id }
    }

    /// The key as a rail takes it: 43 characters, the SHA-256 of the whole key in base64url.
    ///
    /// A rail forgets keys, and an authorization runs out unused; then the transfer is authorised
    /// anew, in the next round. In round 0 the key itself is hashed, later `key#round`.
    pub fn for_rail(&self, round: u32) -> String {
        let hash = match round {
            0 => Sha256::digest(self.to_string()),
            round => Sha256::digest(format!("{self}#{round}")),
        };
        base64url(&hash)
    }

    /// SHA-256 of the key.
    pub fn sha256(&self) -> [u8; 32] {
        Sha256::digest(self.to_string()).into()
    }
}

impl fmt::Display for TransferKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "transfer:{}:{}", self.batch_id, self.approval_id)
    }
}

fn base64url(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_follow_the_table() {
        let long = "k".repeat(KEY_CHARS_MAX);
        for good in ["a", "payday 7", "~!", long.as_str()] {
            assert_eq!(RequestKey::new(good).unwrap().as_str(), good);
        }
        let longer = "k".repeat(KEY_CHARS_MAX + 1);
        for bad in ["", " ", " a", "a ", "a\nb", "é", "\u{202e}x", longer.as_str()] {
            assert_eq!(RequestKey::new(bad), Err(KeyError), "{bad:?}");
        }
    }

    #[test]
    fn a_key_for_the_rail_is_its_hash() {
        // printf 'transfer:00..0a:00..0b' | openssl dgst -sha256 -binary | basenc --base64url
        let key = TransferKey::new(
            "00000000-0000-4000-8000-00000000000a".parse().unwrap(),
            "00000000-0000-4000-8000-00000000000b".parse().unwrap(),
        );
        assert_eq!(key.for_rail(0), "pqBDWQy1HJkQ12y6yf0BItwiKms6XFL6g3y5hndk1jo");
        assert_eq!(key.for_rail(1), "4FY9-lfI75o4NKdReJV52FhPzO8ykRSdS2SFvkKhb3g");
    }
}
