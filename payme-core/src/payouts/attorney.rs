//! Attorneys: who they are, whether they may act, and the key by which a program acts for them.
//!
//! In: a registration or a raw key. Out: the attorney, or a refusal. A raw key names its attorney,
//! so that whose it is need not be searched for. It is shown once and never kept: what is kept is
//! the SHA-256 of a salt and the key. `Debug` shows no name and no key.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::PayoutError;
use crate::types::{AttorneyId, Instant, UserId, Version, hex, words};

/// How long a name, an address or the name of a firm may be, in characters.
pub const PROFILE_CHARS_MAX: usize = 200;
/// What a raw key begins with, so that people and scanners know one when they see it.
pub const KEY_PREFIX: &str = "payme_";
/// How many random bytes a raw key and a salt are made of.
pub const KEY_BYTES: usize = 32;

words!(
    /// Whether an attorney may act.
    AttorneyStatus {
        /// They may.
        Active = "active",
        /// They may not; what is on its way still ends.
        Suspended = "suspended",
    }
);

/// Who an attorney is.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttorneyProfile {
    /// Their name.
    pub name: String,
    /// Their address for mail.
    pub email: String,
    /// Their firm.
    pub firm_name: String,
}

impl fmt::Debug for AttorneyProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AttorneyProfile([redacted])")
    }
}

/// What is kept of a key.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKeyHash {
    /// The salt, in hexadecimal.
    pub salt: String,
    /// SHA-256 of `{salt}:{raw key}`, in hexadecimal.
    pub sha256: String,
}

impl fmt::Debug for ApiKeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKeyHash([redacted])")
    }
}

/// A raw key, `payme_{id of the attorney}_{secret}`, both in hexadecimal: shown once to whom it is
/// for.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey(String);

impl ApiKey {
    /// The key of an attorney, from secret random bytes.
    pub fn new(attorney_id: AttorneyId, random: &[u8; KEY_BYTES]) -> Self {
        Self(format!("{KEY_PREFIX}{}_{}", attorney_id.uuid().simple(), hex(random)))
    }

    /// Whose key a text says it is; `None` where it has not the form of a key. Whether it is one
    /// says [`ApiKeyHash::is_of`].
    ///
    /// ```
    /// use payme_core::payouts::{ApiKey, KEY_BYTES};
    /// let id = "00000000-0000-4000-8000-00000000000a".parse().unwrap();
    /// let key = ApiKey::new(id, &[7; KEY_BYTES]);
    /// assert_eq!(ApiKey::attorney_of(key.reveal()), Some(id));
    /// assert_eq!(ApiKey::attorney_of("payme_0a_0707"), None);
    /// ```
    pub fn attorney_of(raw: &str) -> Option<AttorneyId> {
        let (id, secret) = raw.strip_prefix(KEY_PREFIX)?.split_once('_')?;
        let is_hex = |text: &str, bytes: usize| {
            text.len() == 2 * bytes
                && text.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
        };
        if !is_hex(id, 16) || !is_hex(secret, KEY_BYTES) {
            return None;
        }
        uuid::Uuid::try_parse(id).ok().map(AttorneyId::from_uuid)
    }

    /// The key, to be shown.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is kept of it.
    pub fn hash(&self, salt: &[u8; KEY_BYTES]) -> ApiKeyHash {
        let salt = hex(salt);
        let sha256 = digest(&salt, &self.0);
        ApiKeyHash { salt, sha256 }
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey([redacted])")
    }
}

impl ApiKeyHash {
    /// Whether a text is the key. It takes the same time whatever differs.
    ///
    /// ```
    /// use payme_core::payouts::{ApiKey, KEY_BYTES};
    /// let id = "00000000-0000-4000-8000-00000000000a".parse().unwrap();
    /// let key = ApiKey::new(id, &[7; KEY_BYTES]);
    /// let kept = key.hash(&[1; KEY_BYTES]);
    /// assert!(kept.is_of(key.reveal()));
    /// assert!(!kept.is_of("payme_something else"));
    /// ```
    pub fn is_of(&self, raw: &str) -> bool {
        let given = digest(&self.salt, raw);
        let pairs = given.bytes().zip(self.sha256.bytes());
        given.len() == self.sha256.len() && pairs.fold(0, |all, (a, b)| all | (a ^ b)) == 0
    }
}

/// An attorney.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attorney {
    /// Their id.
    pub id: AttorneyId,
    /// The person who registered: each person once.
    pub user_id: UserId,
    /// Who they are.
    pub profile: AttorneyProfile,
    /// What is kept of their key.
    pub key: Option<ApiKeyHash>,
    /// Whether they may act.
    pub status: AttorneyStatus,
    /// When they registered.
    pub registered_at: Instant,
    /// The version it was loaded with.
    pub version: Version,
}

impl Attorney {
    /// Whether they may act.
    ///
    /// # Errors
    /// [`PayoutError::Suspended`].
    pub const fn expect_active(&self) -> Result<(), PayoutError> {
        match self.status {
            AttorneyStatus::Active => Ok(()),
            AttorneyStatus::Suspended => Err(PayoutError::Suspended),
        }
    }

    /// The same with another status.
    #[must_use]
    pub fn with_status(&self, status: AttorneyStatus) -> Self {
        Self { status, ..self.clone() }
    }

    /// The same with another key; the one before is worth nothing any more.
    #[must_use]
    pub fn with_key(&self, key: ApiKeyHash) -> Self {
        Self { key: Some(key), ..self.clone() }
    }
}

/// A registration, held against the one that is stored for the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Registration {
    /// The person registers for the first time.
    New(Attorney),
    /// They had registered in the same way.
    Stood(Attorney),
}

/// Registers a person as an attorney. Doing so again, in the same way, changes nothing.
///
/// # Errors
/// [`PayoutError::RegisteredOtherwise`] names what is told otherwise than before, and
/// [`PayoutError::Profile`] what is empty, too long, or no address.
pub fn register(
    stored: Option<&Attorney>,
    new_id: AttorneyId,
    user_id: UserId,
    profile: AttorneyProfile,
    at: Instant,
) -> Result<Registration, PayoutError> {
    check(&profile)?;
    let Some(stored) = stored else {
        let (status, version) = (AttorneyStatus::Active, Version::NEW);
        let (id, key, registered_at) = (new_id, None, at);
        return Ok(Registration::New(Attorney {
            id,
            user_id,
            profile,
            key,
            status,
            registered_at,
            version,
        }));
    };
    let fields = [
        ("name", &stored.profile.name, &profile.name),
        ("email", &stored.profile.email, &profile.email),
        ("firm_name", &stored.profile.firm_name, &profile.firm_name),
    ];
    match fields.into_iter().find(|(_, before, now)| before != now) {
        Some((field, ..)) => Err(PayoutError::RegisteredOtherwise { field }),
        None => Ok(Registration::Stood(stored.clone())),
    }
}

fn check(profile: &AttorneyProfile) -> Result<(), PayoutError> {
    let is_address = |text: &str| {
        text.split_once('@').is_some_and(|(who, host)| !who.is_empty() && host.contains('.'))
            && !text.contains(char::is_whitespace)
    };
    let AttorneyProfile { name, email, firm_name } = profile;
    let wrong = [
        ("name", is_text(name)),
        ("email", is_text(email) && is_address(email)),
        ("firm_name", is_text(firm_name)),
    ];
    match wrong.into_iter().find(|(_, fits)| !fits) {
        Some((field, _)) => Err(PayoutError::Profile { field }),
        None => Ok(()),
    }
}

/// Holds a short text of a form (a name, a reference) against what such a text may be.
///
/// # Errors
/// [`PayoutError::Profile`], with the field.
pub fn check_text(field: &'static str, text: &str) -> Result<(), PayoutError> {
    if is_text(text) { Ok(()) } else { Err(PayoutError::Profile { field }) }
}

fn is_text(text: &str) -> bool {
    (1..=PROFILE_CHARS_MAX).contains(&text.chars().count())
        && text.trim().len() == text.len()
        && !text.chars().any(char::is_control)
}

fn digest(salt: &str, raw: &str) -> String {
    hex(&Sha256::digest(format!("{salt}:{raw}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(name: &str, email: &str) -> AttorneyProfile {
        let text = str::to_owned;
        AttorneyProfile { name: text(name), email: text(email), firm_name: text("Doe LLP") }
    }

    fn registered(
        stored: Option<&Attorney>,
        profile: AttorneyProfile,
    ) -> Result<Registration, PayoutError> {
        let nil = uuid::Uuid::nil();
        let at = Instant::parse("2026-02-01T00:00:00Z").unwrap();
        register(stored, AttorneyId::from_uuid(nil), UserId::from_uuid(nil), profile, at)
    }

    #[test]
    fn a_person_registers_once() {
        let Registration::New(attorney) =
            registered(None, profile("Jane Doe", "jane@example.com")).unwrap()
        else {
            unreachable!("nothing was stored")
        };
        let again = registered(Some(&attorney), profile("Jane Doe", "jane@example.com")).unwrap();
        assert_eq!(again, Registration::Stood(attorney.clone()));
        let other = registered(Some(&attorney), profile("Jane Doe", "jane@example.org"));
        assert_eq!(other, Err(PayoutError::RegisteredOtherwise { field: "email" }));
        let suspended = attorney.with_status(AttorneyStatus::Suspended);
        assert_eq!(suspended.expect_active(), Err(PayoutError::Suspended));
        assert_eq!(attorney.expect_active(), Ok(()));
    }

    #[test]
    fn profiles_follow_the_table() {
        let long = "n".repeat(PROFILE_CHARS_MAX + 1);
        #[rustfmt::skip]
        let table = [
            ("Jane",        "jane@example.com",  None),
            ("",            "jane@example.com",  Some("name")),
            (" Jane",       "jane@example.com",  Some("name")),
            (long.as_str(), "jane@example.com",  Some("name")),
            ("Ja\nne",      "jane@example.com",  Some("name")),
            ("Jane",        "jane",              Some("email")),
            ("Jane",        "@example.com",      Some("email")),
            ("Jane",        "ja ne@example.com", Some("email")),
            ("Jane",        "jane@localhost",    Some("email")),
        ];
        for (name, email, wrong) in table {
            let found = registered(None, profile(name, email)).err();
            assert_eq!(
                found,
                wrong.map(|field| PayoutError::Profile { field }),
                "{name:?} {email:?}"
            );
        }
    }

    #[test]
    fn what_is_kept_of_a_key_is_a_hash_that_only_the_key_fits() {
        let id = AttorneyId::from_uuid(uuid::Uuid::nil());
        let key = ApiKey::new(id, &[0xab; KEY_BYTES]);
        assert_eq!(key.reveal(), format!("payme_{}_{}", "0".repeat(32), "ab".repeat(32)));
        assert_eq!(ApiKey::attorney_of(key.reveal()), Some(id));
        for other in ["payme_", "payme__", &key.reveal()[1..], &format!("{}0", key.reveal())] {
            assert_eq!(ApiKey::attorney_of(other), None, "{other}");
        }
        assert_eq!(ApiKey::attorney_of(&key.reveal().to_uppercase()), None);
        let kept = key.hash(&[1; KEY_BYTES]);
        // printf '0101..01:payme_0000..00_abab..ab' | sha256sum
        assert_eq!(kept.sha256, "aca67ffc0c739afc033e2ed262f660392b6627c3fe3cb413d8b1b709a8d81dc9");
        assert!(kept.is_of(key.reveal()));
        for other in ["", "payme_", &key.reveal()[1..], &format!("{}0", key.reveal())] {
            assert!(!kept.is_of(other), "{other}");
        }
        assert_ne!(kept, key.hash(&[2; KEY_BYTES]));
        assert!(!format!("{key:?} {kept:?}").contains("ab"));
    }
}
