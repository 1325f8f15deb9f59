//! Who sent a webhook: Plaid signs the hash of its body.
//!
//! In: the header `Plaid-Verification`, the raw body, the key that its id names, and the time. Out:
//! nothing, or why it is not to be believed. Only ES256 counts. A webhook is a hint to read events
//! and says nothing itself, so refusing one loses nothing: events are polled as well.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::{Signature, VerifyingKey};
use payme_core::payouts::Answer;
use payme_core::types::Instant;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::{Http, convert, wire};

const SECOND: i64 = 1_000_000;

/// A webhook is believed for so many seconds after it was signed.
const AGE_SECONDS_MAX: i64 = 300;

/// The clock of the sender may be so many seconds ahead.
const SKEW_SECONDS_MAX: i64 = 60;

/// A longer token is none of Plaid's.
const TOKEN_BYTES_MAX: usize = 8 << 10;

/// A longer id of a key is none of Plaid's.
const KEY_ID_BYTES_MAX: usize = 128;

/// A key is looked up again after so long, since it may have expired meanwhile.
const KEY_LIVES: i64 = 24 * 3_600 * SECOND;

/// So many keys are kept.
const KEYS_MAX: usize = 32;

/// Ids of keys that are not kept are looked up so often in a [`WINDOW`].
const LOOKUPS_MAX: usize = 6;
const WINDOW: i64 = 60 * SECOND;

/// Why a webhook is not to be believed. Carries nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    /// The header is no signed token of this form.
    #[error("the verification header is malformed")]
    Malformed,
    /// It is signed in another way than ES256, or not at all.
    #[error("the signature is not ES256")]
    Algorithm,
    /// The key is none of P-256, or not the one that the token names.
    #[error("the key does not fit the token")]
    Key,
    /// The key was withdrawn.
    #[error("the key has expired")]
    KeyExpired,
    /// The signature is not that of the key.
    #[error("the signature is wrong")]
    Signature,
    /// It was signed more than five minutes ago.
    #[error("it was signed too long ago")]
    TooOld,
    /// It was signed in the future.
    #[error("it was signed in the future")]
    Future,
    /// The body is not the one that was signed.
    #[error("the body is not the one that was signed")]
    Body,
    /// The key could not be looked up now, or there is none.
    #[error("the key of the signature is not known")]
    KeyUnknown,
}

impl WebhookError {
    /// The stable code of this error.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Malformed => "webhook_malformed",
            Self::Algorithm => "webhook_algorithm",
            Self::Key => "webhook_key",
            Self::KeyExpired => "webhook_key_expired",
            Self::Signature => "webhook_signature",
            Self::TooOld => "webhook_too_old",
            Self::Future => "webhook_future",
            Self::Body => "webhook_body",
            Self::KeyUnknown => "webhook_key_unknown",
        }
    }
}

/// A public key of Plaid, as a JSON Web Key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Jwk {
    /// What signatures name it by.
    pub kid: String,
    /// The kind of key; `EC` counts.
    pub kty: String,
    /// The curve; `P-256` counts.
    pub crv: String,
    /// The algorithm; `ES256` counts.
    pub alg: String,
    /// 32 bytes in base64url.
    pub x: String,
    /// 32 bytes in base64url.
    pub y: String,
    /// When it was withdrawn, in seconds since 1970.
    pub expired_at: Option<i64>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Claims {
    iat: i64,
    request_body_sha256: String,
}

/// A token, taken apart and not believed.
struct Token<'a> {
    kid: String,
    signed: &'a str,
    claims: &'a str,
    signature: &'a str,
}

impl<'a> Token<'a> {
    fn read(text: &'a str) -> Result<Self, WebhookError> {
        if text.len() > TOKEN_BYTES_MAX {
            return Err(WebhookError::Malformed);
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(WebhookError::Malformed)?;
        let (header, claims) = signed.split_once('.').ok_or(WebhookError::Malformed)?;
        if claims.contains('.') {
            return Err(WebhookError::Malformed);
        }
        let header: Header = json(header)?;
        if header.alg != "ES256" {
            return Err(WebhookError::Algorithm);
        }
        let kid = header.kid.filter(|kid| (1..=KEY_ID_BYTES_MAX).contains(&kid.len()));
        match (kid, header.crit) {
            (Some(kid), None) => Ok(Self { kid, signed, claims, signature }),
            _ => Err(WebhookError::Malformed),
        }
    }
}

fn bytes(text: &str) -> Result<Vec<u8>, WebhookError> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| WebhookError::Malformed)
}

fn json<T: serde::de::DeserializeOwned>(part: &str) -> Result<T, WebhookError> {
    serde_json::from_slice(&bytes(part)?).map_err(|_| WebhookError::Malformed)
}

/// The id of the key that a token says it is signed with. Nothing of it is believed by that.
///
/// # Errors
/// [`WebhookError::Malformed`] or [`WebhookError::Algorithm`].
pub fn key_id(header: &str) -> Result<String, WebhookError> {
    Token::read(header).map(|token| token.kid)
}

/// Checks that a body was signed with a key, at most five minutes before `now`.
///
/// # Errors
/// [`WebhookError`]: the first thing that is wrong, in the order of the checks.
pub fn verify(header: &str, body: &[u8], key: &Jwk, now: Instant) -> Result<(), WebhookError> {
    let token = Token::read(header)?;
    if key.kid != token.kid {
        return Err(WebhookError::Key);
    }
    let seconds = now.as_micros().div_euclid(SECOND);
    if key.expired_at.is_some_and(|expired_at| expired_at <= seconds) {
        return Err(WebhookError::KeyExpired);
    }
    let signature = Signature::from_slice(&bytes(token.signature)?);
    let signature = signature.map_err(|_| WebhookError::Signature)?;
    let verified = verifying_key(key)?.verify(token.signed.as_bytes(), &signature);
    verified.map_err(|_| WebhookError::Signature)?;
    let claims: Claims = json(token.claims)?;
    if claims.iat < seconds.saturating_sub(AGE_SECONDS_MAX) {
        return Err(WebhookError::TooOld);
    }
    if claims.iat > seconds.saturating_add(SKEW_SECONDS_MAX) {
        return Err(WebhookError::Future);
    }
    let hash = hex(&Sha256::digest(body));
    let is_same = hash.as_bytes().ct_eq(claims.request_body_sha256.as_bytes());
    if bool::from(is_same) { Ok(()) } else { Err(WebhookError::Body) }
}

fn verifying_key(key: &Jwk) -> Result<VerifyingKey, WebhookError> {
    if (key.kty.as_str(), key.crv.as_str(), key.alg.as_str()) != ("EC", "P-256", "ES256") {
        return Err(WebhookError::Key);
    }
    let coordinate = |text: &str| {
        let bytes = bytes(text).map_err(|_| WebhookError::Key)?;
        if bytes.len() == 32 { Ok(bytes) } else { Err(WebhookError::Key) }
    };
    let mut point = vec![4];
    point.extend(coordinate(&key.x)?);
    point.extend(coordinate(&key.y)?);
    VerifyingKey::from_sec1_bytes(&point).map_err(|_| WebhookError::Key)
}

fn hex(bytes: &[u8]) -> String {
    let digit = |four: u8| char::from_digit(u32::from(four), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// What is known about the id of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyLookup {
    /// The key.
    Known(Jwk),
    /// It is to be looked up; this look-up is counted.
    Ask,
    /// Too many were looked up lately.
    NotNow,
}

/// The keys that were looked up, and how often lately.
#[derive(Debug, Clone, Default)]
pub struct KeyCache {
    keys: BTreeMap<String, (Jwk, Instant)>,
    asked: Vec<Instant>,
}

impl KeyCache {
    /// What is known about an id. Whoever sends ids of no keys makes at most six look-ups a minute.
    pub fn look_up(&mut self, kid: &str, now: Instant) -> KeyLookup {
        if let Some((key, at)) = self.keys.get(kid)
            && is_within(*at, now, KEY_LIVES)
        {
            return KeyLookup::Known(key.clone());
        }
        self.asked.retain(|at| is_within(*at, now, WINDOW));
        if self.asked.len() >= LOOKUPS_MAX {
            return KeyLookup::NotNow;
        }
        self.asked.push(now);
        KeyLookup::Ask
    }

    /// Keeps a key that was looked up, in the place of the oldest where there are many.
    pub fn keep(&mut self, key: Jwk, now: Instant) {
        if self.keys.len() >= KEYS_MAX && !self.keys.contains_key(&key.kid) {
            let oldest = self.keys.iter().min_by_key(|(_, (_, at))| *at);
            if let Some(kid) = oldest.map(|(kid, _)| kid.clone()) {
                self.keys.remove(&kid);
            }
        }
        self.keys.insert(key.kid.clone(), (key, now));
    }
}

/// Whether `now` is less than so many microseconds away, in either direction: a clock that goes
/// back keeps nothing longer.
fn is_within(at: Instant, now: Instant, micros: i64) -> bool {
    now.as_micros().saturating_sub(at.as_micros()).saturating_abs() < micros
}

/// Checks webhooks with keys that it looks up at Plaid.
pub struct Webhooks {
    http: Arc<dyn Http>,
    keys: Mutex<KeyCache>,
}

impl fmt::Debug for Webhooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhooks").finish_non_exhaustive()
    }
}

impl Webhooks {
    /// Looks keys up with a client.
    pub fn new(http: Arc<dyn Http>) -> Self {
        Self { http, keys: Mutex::default() }
    }

    /// Checks that Plaid sent a body: see [`verify`].
    ///
    /// # Errors
    /// [`WebhookError`].
    pub async fn verify(
        &self,
        header: &str,
        body: &[u8],
        now: Instant,
    ) -> Result<(), WebhookError> {
        let kid = key_id(header)?;
        let known = self.keys().look_up(&kid, now);
        let key = match known {
            KeyLookup::Known(key) => key,
            KeyLookup::NotNow => return Err(WebhookError::KeyUnknown),
            KeyLookup::Ask => {
                let key = self.ask(&kid).await.ok_or(WebhookError::KeyUnknown)?;
                self.keys().keep(key.clone(), now);
                key
            }
        };
        verify(header, body, &key, now)
    }

    fn keys(&self) -> std::sync::MutexGuard<'_, KeyCache> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask(&self, kid: &str) -> Option<Jwk> {
        let body = convert::body(&wire::KeyGet { key_id: kid });
        let response = self.http.post("/webhook_verification_key/get", body).await.ok()?;
        match convert::webhook_key(&response) {
            Answer::Done(key) => key.filter(|key| key.kid == kid),
            Answer::Refused(_) | Answer::Unknown => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use p256::ecdsa::SigningKey;
    use p256::ecdsa::signature::Signer as _;
    use proptest::prelude::{any, prop_assert, prop_assert_ne, proptest};
    use serde_json::{Value, json};

    use super::super::{HttpError, Response};
    use super::*;

    const BODY: &[u8] = br#"{"webhook_type":"TRANSFER","webhook_code":"TRANSFER_EVENTS_UPDATE"}"#;
    const NOW: i64 = 1_790_000_000;

    type Case<'a> = (&'a str, &'a [u8], &'a Jwk, Result<(), WebhookError>);

    fn at(seconds: i64) -> Instant {
        Instant::from_micros(seconds * SECOND).unwrap()
    }

    fn signing_key(seed: u8) -> SigningKey {
        SigningKey::from_slice(&[seed; 32]).unwrap()
    }

    fn jwk(kid: &str, seed: u8) -> Jwk {
        let point = signing_key(seed).verifying_key().to_sec1_point(false);
        let part = |range: std::ops::Range<usize>| URL_SAFE_NO_PAD.encode(&point.as_bytes()[range]);
        let text = |text: &str| text.to_owned();
        Jwk {
            kid: text(kid),
            kty: text("EC"),
            crv: text("P-256"),
            alg: text("ES256"),
            x: part(1..33),
            y: part(33..65),
            expired_at: None,
        }
    }

    fn part(value: &Value) -> String {
        URL_SAFE_NO_PAD.encode(value.to_string())
    }

    /// A token as the provider would make it, with these parts.
    fn signed(header: &Value, claims: &Value, seed: u8) -> String {
        let signed = format!("{}.{}", part(header), part(claims));
        let signature: Signature = signing_key(seed).sign(signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
    }

    fn good_header() -> Value {
        json!({"alg": "ES256", "kid": "key-1", "typ": "JWT"})
    }

    fn claims(iat: i64) -> Value {
        json!({"iat": iat, "request_body_sha256": hex(&Sha256::digest(BODY))})
    }

    fn good() -> String {
        signed(&good_header(), &claims(NOW), 7)
    }

    #[test]
    fn the_signature_of_rfc_7515_a_3_is_right() {
        let key = Jwk {
            x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU".to_owned(),
            y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0".to_owned(),
            ..jwk("a3", 7)
        };
        let input = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        let signature = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
        let signature = Signature::from_slice(&bytes(signature).unwrap()).unwrap();
        let key = verifying_key(&key).unwrap();
        assert!(key.verify(input.as_bytes(), &signature).is_ok());
        assert!(key.verify(&input.as_bytes()[1..], &signature).is_err());
    }

    #[test]
    fn each_fault_of_a_webhook_has_its_error() {
        let with_alg = |alg: &str| {
            let header = json!({"alg": alg, "kid": "key-1"});
            signed(&header, &claims(NOW), 7)
        };
        let unsigned =
            format!("{}.{}.", part(&json!({"alg": "none", "kid": "key-1"})), part(&claims(NOW)));
        let at_age = |age: i64| signed(&good_header(), &claims(NOW - age), 7);
        let good = good();
        let key = jwk("key-1", 7);
        let expired = |expired_at| Jwk { expired_at: Some(expired_at), ..jwk("key-1", 7) };
        let other_curve = Jwk { crv: "P-384".to_owned(), ..jwk("key-1", 7) };
        let off_curve = Jwk { x: jwk("key-1", 8).x, ..jwk("key-1", 7) };
        let no_kid = signed(&json!({"alg": "ES256"}), &claims(NOW), 7);
        let critical =
            signed(&json!({"alg": "ES256", "kid": "key-1", "crit": ["b64"]}), &claims(NOW), 7);
        let no_hash = signed(&good_header(), &json!({"iat": NOW}), 7);
        let upper =
            json!({"iat": NOW, "request_body_sha256": hex(&Sha256::digest(BODY)).to_uppercase()});
        #[rustfmt::skip]
        let table: [Case<'_>; 25] = [
            (&good,                BODY,    &key,                   Ok(())),
            (&at_age(300),         BODY,    &key,                   Ok(())),
            (&at_age(301),         BODY,    &key,                   Err(WebhookError::TooOld)),
            (&at_age(-60),         BODY,    &key,                   Ok(())),
            (&at_age(-61),         BODY,    &key,                   Err(WebhookError::Future)),
            (&unsigned,            BODY,    &key,                   Err(WebhookError::Algorithm)),
            (&with_alg("HS256"),   BODY,    &key,                   Err(WebhookError::Algorithm)),
            (&with_alg("es256"),   BODY,    &key,                   Err(WebhookError::Algorithm)),
            (&good,                b"{}",   &key,                   Err(WebhookError::Body)),
            (&good,                b"",     &key,                   Err(WebhookError::Body)),
            (&signed(&good_header(), &upper, 7), BODY, &key,        Err(WebhookError::Body)),
            (&good,                BODY,    &jwk("key-1", 8),       Err(WebhookError::Signature)),
            (&good,                BODY,    &jwk("key-2", 7),       Err(WebhookError::Key)),
            (&good,                BODY,    &other_curve,           Err(WebhookError::Key)),
            (&good,                BODY,    &off_curve,             Err(WebhookError::Key)),
            (&good,                BODY,    &expired(NOW),          Err(WebhookError::KeyExpired)),
            (&good,                BODY,    &expired(NOW + 1),      Ok(())),
            (&no_kid,              BODY,    &key,                   Err(WebhookError::Malformed)),
            (&critical,            BODY,    &key,                   Err(WebhookError::Malformed)),
            (&no_hash,             BODY,    &key,                   Err(WebhookError::Malformed)),
            (&format!("{good}="),  BODY,    &key,                   Err(WebhookError::Malformed)),
            (&format!("{good}.a"), BODY,    &key,                   Err(WebhookError::Malformed)),
            ("",                   BODY,    &key,                   Err(WebhookError::Malformed)),
            ("..",                 BODY,    &key,                   Err(WebhookError::Malformed)),
            (&"a".repeat(TOKEN_BYTES_MAX + 1), BODY, &key,          Err(WebhookError::Malformed)),
        ];
        for (token, body, key, wanted) in table {
            let got = verify(token, body, key, at(NOW));
            assert_eq!(got, wanted, "{token} {key:?}");
            assert!(got.err().is_none_or(|error| error.code().starts_with("webhook_")));
        }
    }

    proptest! {
        #[test]
        fn no_header_body_key_or_time_makes_it_panic(
            header in "\\PC{0,80}|[A-Za-z0-9_-]{0,40}(\\.[A-Za-z0-9_-]{0,90}){0,3}",
            body in any::<Vec<u8>>(),
            x in "\\PC{0,44}|[A-Za-z0-9_-]{43}",
            y in "[A-Za-z0-9_-]{0,44}",
            expired_at in any::<Option<i64>>(),
            micros in any::<i64>(),
        ) {
            let now = Instant::EPOCH.plus_micros(micros);
            let key = Jwk { x, y, expired_at, ..jwk("key-1", 7) };
            prop_assert!(verify(&header, &body, &key, now).is_err());
            let header = format!("{}.{header}", part(&good_header()));
            prop_assert!(verify(&header, &body, &key, now).is_err());
            let _ = verify(&good(), &body, &key, now);
        }

        #[test]
        fn a_token_with_one_byte_changed_is_refused(place in any::<usize>(), byte in 0_u8..128) {
            let mut token = good().into_bytes();
            let place = place % token.len();
            let before = std::mem::replace(&mut token[place], byte);
            let changed = String::from_utf8(token).unwrap();
            let got = verify(&changed, BODY, &jwk("key-1", 7), at(NOW));
            if before == byte {
                prop_assert!(got.is_ok());
            } else {
                prop_assert_ne!(got, Ok(()));
            }
        }
    }

    #[test]
    fn ids_of_no_key_make_six_look_ups_a_minute() {
        let mut cache = KeyCache::default();
        cache.keep(jwk("key-1", 7), at(NOW));
        for n in 0..LOOKUPS_MAX {
            assert_eq!(cache.look_up(&format!("unknown-{n}"), at(NOW)), KeyLookup::Ask);
        }
        assert_eq!(cache.look_up("unknown", at(NOW + 59)), KeyLookup::NotNow);
        assert_eq!(cache.look_up("key-1", at(NOW + 59)), KeyLookup::Known(jwk("key-1", 7)));
        assert_eq!(cache.look_up("unknown", at(NOW + 60)), KeyLookup::Ask);
        // A key is asked for again after a day, and after the clock went back by more.
        assert_eq!(cache.look_up("key-1", at(NOW + 86_400)), KeyLookup::Ask);
        assert_eq!(cache.look_up("key-1", at(NOW - 86_400)), KeyLookup::Ask);
        for n in 0..2 * KEYS_MAX {
            cache.keep(jwk(&format!("key-{n}"), 7), at(NOW + 1));
        }
        assert_eq!(cache.keys.len(), KEYS_MAX);
    }

    struct Keys(Mutex<usize>);

    #[async_trait::async_trait]
    impl Http for Keys {
        async fn post(&self, path: &str, body: Vec<u8>) -> Result<Response, HttpError> {
            assert_eq!(path, "/webhook_verification_key/get");
            *self.0.lock().unwrap() += 1;
            let asked: Value = serde_json::from_slice(&body).unwrap();
            let (status, body) = match asked["key_id"].as_str() {
                Some("key-1") => (200, json!({"key": jwk("key-1", 7), "request_id": "r"})),
                Some("key-2") => (200, json!({"key": jwk("key-1", 7), "request_id": "r"})),
                _ => (400, json!({"error_type": "INVALID_INPUT", "error_code": "INVALID_KEY"})),
            };
            Ok(Response { status, body: body.to_string().into_bytes() })
        }
    }

    #[tokio::test]
    async fn a_key_is_looked_up_once_and_one_of_another_id_is_none() {
        let http = Arc::new(Keys(Mutex::new(0)));
        let webhooks = Webhooks::new(http.clone());
        for _ in 0..3 {
            assert_eq!(webhooks.verify(&good(), BODY, at(NOW)).await, Ok(()));
        }
        assert_eq!(*http.0.lock().unwrap(), 1);
        for kid in ["key-2", "key-3"] {
            let token = signed(&json!({"alg": "ES256", "kid": kid}), &claims(NOW), 7);
            let got = webhooks.verify(&token, BODY, at(NOW)).await;
            assert_eq!(got, Err(WebhookError::KeyUnknown));
        }
        assert_eq!(webhooks.verify("a.b.c", BODY, at(NOW)).await, Err(WebhookError::Malformed));
        assert_eq!(*http.0.lock().unwrap(), 3, "a malformed token makes no look-up");
    }
}
