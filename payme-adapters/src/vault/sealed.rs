//! Sealing a secret for the record it belongs to, and opening it again.

use std::fmt;

use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{Key, KeyRing};

/// How many random bytes a sealing uses up; never the same ones twice under one key.
pub const NONCE_BYTES: usize = 12;
/// The form of a sealed text.
const FORM: &str = "v1";

/// A secret in the open, which is wiped from memory when it is dropped.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// A secret.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text, for whoever needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret([redacted])")
    }
}

/// What a secret belongs to: it opens for nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Belongs {
    /// The kind of record and the field, such as `settlement_account.account_ref`.
    pub field: &'static str,
    /// The id of the record.
    pub id: Uuid,
}

impl Belongs {
    /// The associated data: the length of the field, the field, and the id.
    fn bytes(self) -> Vec<u8> {
        let length = u64::try_from(self.field.len()).unwrap_or(u64::MAX).to_be_bytes();
        [&length, self.field.as_bytes(), self.id.as_bytes().as_slice()].concat()
    }
}

/// A secret under lock, as it is stored: `v1:id of the key:nonce and ciphertext`.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(String);

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealed([redacted])")
    }
}

/// Why a secret does not open.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// The text has not the form of a sealed one.
    #[error("a stored secret has not the form it was written in: it was changed")]
    Malformed,
    /// The ring has no such key.
    #[error("the key {0} is not on the ring: add it to open what it sealed")]
    UnknownKey(String),
    /// The key is another one, the text was changed, or it is of another record.
    #[error("a stored secret does not open: the key is wrong, or the text was changed or moved")]
    Tampered,
    /// The cipher took no text of this size.
    #[error("the secret is too long to be sealed")]
    TooLong,
}

impl VaultError {
    /// The stable code of this error.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed => "vault_malformed",
            Self::UnknownKey(_) => "vault_unknown_key",
            Self::Tampered => "vault_tampered",
            Self::TooLong => "vault_too_long",
        }
    }
}

impl Sealed {
    /// A sealed text as it was stored.
    ///
    /// # Errors
    /// [`VaultError::Malformed`].
    pub fn from_stored(text: String) -> Result<Self, VaultError> {
        let sealed = Self(text);
        sealed.parts().map(|_| ()).ok_or(VaultError::Malformed)?;
        Ok(sealed)
    }

    /// The text to be stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn parts(&self) -> Option<(&str, Vec<u8>)> {
        let (form, rest) = self.0.split_once(':')?;
        let (id, encoded) = rest.split_once(':')?;
        let bytes = URL_SAFE_NO_PAD.decode(encoded).ok()?;
        (form == FORM && bytes.len() >= NONCE_BYTES).then_some((id, bytes))
    }
}

impl KeyRing {
    /// Seals a secret for what it belongs to, with the first key.
    ///
    /// # Errors
    /// [`VaultError::TooLong`] beyond what the cipher takes.
    pub fn seal(
        &self,
        secret: &Secret,
        belongs: Belongs,
        nonce: [u8; NONCE_BYTES],
    ) -> Result<Sealed, VaultError> {
        let key = self.keys.first().ok_or_else(|| VaultError::UnknownKey(String::new()))?;
        let (msg, aad) = (secret.reveal().as_bytes(), belongs.bytes());
        let payload = Payload { msg, aad: &aad };
        let cipher = cipher(key);
        let text = cipher.encrypt(&Nonce::from(nonce), payload).map_err(|_| VaultError::TooLong)?;
        let encoded = URL_SAFE_NO_PAD.encode([nonce.as_slice(), &text].concat());
        Ok(Sealed(format!("{FORM}:{}:{encoded}", key.id)))
    }

    /// Opens what was sealed for a record.
    ///
    /// # Errors
    /// [`VaultError::UnknownKey`], and [`VaultError::Tampered`] where the key, the text or the
    /// record is not what it was.
    ///
    /// ```
    /// use payme_adapters::vault::{Belongs, KeyRing, NONCE_BYTES, Secret};
    /// let ring = KeyRing::parse("k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").unwrap();
    /// let belongs = Belongs { field: "account_ref", id: uuid::Uuid::nil() };
    /// let sealed = ring.seal(&Secret::new("12345".to_owned()), belongs, [9; NONCE_BYTES])?;
    /// assert_eq!(ring.open(&sealed, belongs)?.reveal(), "12345");
    /// let other = Belongs { field: "access_token", ..belongs };
    /// assert_eq!(ring.open(&sealed, other).unwrap_err().code(), "vault_tampered");
    /// # Ok::<(), payme_adapters::vault::VaultError>(())
    /// ```
    pub fn open(&self, sealed: &Sealed, belongs: Belongs) -> Result<Secret, VaultError> {
        let (id, bytes) = sealed.parts().ok_or(VaultError::Malformed)?;
        let key = self.keys.iter().find(|key| key.id == id);
        let key = key.ok_or_else(|| VaultError::UnknownKey(id.to_owned()))?;
        let (nonce, msg) = bytes.split_at_checked(NONCE_BYTES).ok_or(VaultError::Malformed)?;
        let nonce: [u8; NONCE_BYTES] = nonce.try_into().map_err(|_| VaultError::Malformed)?;
        let aad = belongs.bytes();
        let opened = cipher(key).decrypt(&Nonce::from(nonce), Payload { msg, aad: &aad });
        let text = opened.map_err(|_| VaultError::Tampered)?;
        String::from_utf8(text).map(Secret::new).map_err(|_| VaultError::Tampered)
    }

    /// Seals anew with the first key what an older one sealed; `None` where the first one did.
    ///
    /// # Errors
    /// As [`KeyRing::open`].
    pub fn reseal(
        &self,
        sealed: &Sealed,
        belongs: Belongs,
        nonce: [u8; NONCE_BYTES],
    ) -> Result<Option<Sealed>, VaultError> {
        let (id, _) = sealed.parts().ok_or(VaultError::Malformed)?;
        if id == self.sealing_id() {
            return Ok(None);
        }
        self.seal(&self.open(sealed, belongs)?, belongs, nonce).map(Some)
    }
}

fn cipher(key: &Key) -> Aes256Gcm {
    Aes256Gcm::new((&*key.bytes).into())
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;

    use super::super::KEY_BYTES;
    use super::*;

    fn line(id: &str, byte: u8) -> String {
        format!("{id}:{}\n", STANDARD.encode([byte; KEY_BYTES]))
    }

    fn belongs(n: u128) -> Belongs {
        Belongs { field: "settlement_account.account_ref", id: Uuid::from_u128(n) }
    }

    #[test]
    fn a_new_key_seals_and_the_old_one_still_opens() {
        let old = KeyRing::parse(&line("old", 1)).unwrap();
        let both = KeyRing::parse(&(line("new", 2) + &line("old", 1))).unwrap();
        let new = KeyRing::parse(&line("new", 2)).unwrap();
        let secret = Secret::new("021000021/123".to_owned());
        let sealed = old.seal(&secret, belongs(1), [3; NONCE_BYTES]).unwrap();
        assert_eq!(both.open(&sealed, belongs(1)).unwrap().reveal(), secret.reveal());
        assert_eq!(
            new.open(&sealed, belongs(1)).unwrap_err(),
            VaultError::UnknownKey("old".into())
        );
        let resealed = both.reseal(&sealed, belongs(1), [4; NONCE_BYTES]).unwrap().unwrap();
        assert_eq!(new.open(&resealed, belongs(1)).unwrap().reveal(), secret.reveal());
        assert_eq!(both.reseal(&resealed, belongs(1), [5; NONCE_BYTES]).unwrap(), None);
        // The same id with other bytes is the wrong key.
        let wrong = KeyRing::parse(&line("old", 9)).unwrap();
        assert_eq!(wrong.open(&sealed, belongs(1)).unwrap_err(), VaultError::Tampered);
        assert_eq!(old.open(&sealed, belongs(2)).unwrap_err(), VaultError::Tampered);
        let shown = format!("{secret:?} {sealed:?} {old:?}");
        assert!(!shown.contains("021") && !shown.contains(sealed.as_str()), "{shown}");
    }

    #[test]
    fn the_cipher_is_aes_256_gcm() {
        // Computed with Python's cryptography: AESGCM(bytes(range(32))).encrypt(bytes(12),
        // b"12345", the length of "f", "f", and 16 zeros).
        let ring = KeyRing::parse("k:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").unwrap();
        let belongs = Belongs { field: "f", id: Uuid::nil() };
        let sealed = ring.seal(&Secret::new("12345".into()), belongs, [0; NONCE_BYTES]).unwrap();
        assert_eq!(sealed.as_str(), "v1:k:AAAAAAAAAAAAAAAAP46G6oBnzbZUuRvhlfaokxaDXbnO");
    }

    proptest! {
        #[test]
        fn what_was_sealed_opens_and_nothing_else_does(
            text in "\\PC{0,40}", nonce in any::<[u8; NONCE_BYTES]>(), at in any::<prop::sample::Index>(),
            other in "[A-Za-z0-9_-]",
        ) {
            let ring = KeyRing::parse(&line("k", 1)).unwrap();
            let sealed = ring.seal(&Secret::new(text.clone()), belongs(1), nonce).unwrap();
            let opened = ring.open(&sealed, belongs(1)).unwrap();
            prop_assert_eq!(opened.reveal(), text.as_str());
            let mut changed = sealed.as_str().to_owned();
            let at = at.index(changed.len());
            changed.replace_range(at..=at, &other);
            if changed != sealed.as_str() {
                let opened = Sealed::from_stored(changed).and_then(|one| ring.open(&one, belongs(1)));
                // The last digit of base64 has bits that say nothing; a changed one is malformed.
                prop_assert!(opened.is_err());
            }
        }

        #[test]
        fn no_text_from_a_database_panics(text in "\\PC{0,60}|v1:k:[A-Za-z0-9_-]{0,60}") {
            let ring = KeyRing::parse(&line("k", 1)).unwrap();
            let opened = Sealed::from_stored(text).and_then(|one| ring.open(&one, belongs(1)));
            prop_assert!(opened.is_err());
        }
    }
}
