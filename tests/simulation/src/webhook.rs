//! Webhooks: hints that something happened at the rail, which get lost, late, and forged.
//!
//! A webhook moves nothing. Whatever it says, all that follows is that events are read; and one that
//! the rail did not sign just now is refused by the code that checks real ones.

use std::sync::Arc;

use async_trait::async_trait;
use payme_adapters::plaid::transfer::{Http, HttpError, Response, Webhooks};
use payme_core::types::Instant;

use crate::fault::Fault;
use crate::oracle::Violation;
use crate::world::{Shared, World};

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const DAY: i64 = 86_400 * SECOND;

/// A webhook on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Webhook {
    /// When it arrives.
    pub(crate) due: Instant,
    /// Who sent it.
    pub(crate) sender: Sender,
}

/// Who sent a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sender {
    /// The rail, about something that just happened.
    Rail,
    /// Somebody who cannot sign as the rail does; the number says how it was made up.
    Forger(u64),
    /// Somebody who once saw a webhook of the rail, and sends it again.
    Replayer,
}

/// A body and its claims, signed by another implementation on 2026-02-01 with the key of RFC 7515, A.3.
const BODY: &str = r#"{"webhook_type":"TRANSFER","webhook_code":"TRANSFER_EVENTS_UPDATE","environment":"sandbox"}"#;
const HEADER: &str = "eyJhbGciOiJFUzI1NiIsImtpZCI6ImtleS0xIiwidHlwIjoiSldUIn0";
const CLAIMS: &str = "eyJpYXQiOjE3Njk5NDcyMDAsInJlcXVlc3RfYm9keV9zaGEyNTYiOiIwZTgxZjhhOWVhZTA0MzdhZGM4MzJiN2RkNjIwN2U1\
MmM2MjZhMWRiYTFkNmM0NDU5ZTg5M2Q4ZmI4MWIwZDlkIn0";
const SIGNATURE: &str =
    "imjJZ-B-hVwUfyrCjR9Dp4v3La1UhSjMlDJR4tGGr52dgisJM9457uo4RZuh9mp3qmk67mXjqKTRTECixd7TZg";
/// A header that names another key, with its signature, and one that wants no signature at all.
const OTHER_HEADER: &str = "eyJhbGciOiJFUzI1NiIsImtpZCI6ImtleS0yIiwidHlwIjoiSldUIn0";
const OTHER_SIGNATURE: &str =
    "qAuv377F-wwUejIgd4gSBnAe95IzRtjoxGS2CpGPy4B-DFmiWN465BnDS1FnrLvBILQSweJaccyPRUVJtHXLuQ";
const UNSIGNED_HEADER: &str = "eyJhbGciOiJub25lIiwia2lkIjoia2V5LTEifQ";

/// When the webhook above was signed.
const SIGNED_AT: &str = "2026-02-01T12:00:00Z";

/// Knows one key: that of RFC 7515, A.3.
struct Keys;

#[async_trait]
impl Http for Keys {
    async fn post(&self, _: &str, body: Vec<u8>) -> Result<Response, HttpError> {
        if !String::from_utf8_lossy(&body).contains("\"key-1\"") {
            return Ok(Response { status: 400, body: b"{}".to_vec() });
        }
        let key = r#"{"key": {"alg": "ES256", "crv": "P-256", "kid": "key-1", "kty": "EC",
            "use": "sig", "created_at": 1760000000, "expired_at": null,
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}, "request_id": "request-1"}"#;
        Ok(Response { status: 200, body: key.as_bytes().to_vec() })
    }
}

impl Shared {
    /// The rail tells that something happened.
    pub(crate) fn send_webhook(&mut self) {
        let Self { faults, rng, now, webhooks, .. } = self;
        if faults.strikes(Fault::WebhookLost, rng) {
            return;
        }
        let mut takes = i64::try_from(rng.below(5)).unwrap_or(0) * SECOND;
        if faults.strikes(Fault::WebhookLate, rng) {
            takes += DAY;
        }
        if faults.strikes(Fault::WebhookReordered, rng) {
            takes += 600 * SECOND;
        }
        let times = if faults.strikes(Fault::WebhookTwice, rng) { 2 } else { 1 };
        let webhook = Webhook { due: now.plus_micros(takes), sender: Sender::Rail };
        webhooks.extend(std::iter::repeat_n(webhook, times));
    }

    /// Others send webhooks, too.
    pub(crate) fn send_false_webhooks(&mut self) {
        let Self { faults, rng, now, webhooks, .. } = self;
        if faults.strikes(Fault::WebhookForged, rng) {
            webhooks.push(Webhook { due: *now, sender: Sender::Forger(rng.below(4)) });
        }
        if faults.strikes(Fault::WebhookReplayed, rng) {
            webhooks.push(Webhook { due: *now, sender: Sender::Replayer });
        }
    }

    /// The next webhook that has arrived.
    pub(crate) fn arrived_webhook(&mut self) -> Option<Webhook> {
        let now = self.now;
        let at = self.webhooks.iter().position(|webhook| webhook.due <= now)?;
        Some(self.webhooks.remove(at))
    }
}

/// Whether a webhook is believed, judged as real ones are. One of the rail itself is; one that is sent
/// again is, too, while it is young.
///
/// # Errors
/// Where one that the rail did not send, or long ago, is.
pub(crate) async fn is_believed(world: &World, webhook: Webhook) -> Result<bool, Violation> {
    let now = world.lock().now;
    let (header, signature, body) = match webhook.sender {
        Sender::Rail => return Ok(true),
        Sender::Replayer => (HEADER, SIGNATURE.to_owned(), BODY.to_owned()),
        Sender::Forger(0) => (HEADER, SIGNATURE.to_owned(), BODY.replace("sandbox", "production")),
        Sender::Forger(1) => (HEADER, SIGNATURE.chars().rev().collect(), BODY.to_owned()),
        Sender::Forger(2) => (OTHER_HEADER, OTHER_SIGNATURE.to_owned(), BODY.to_owned()),
        Sender::Forger(_) => (UNSIGNED_HEADER, String::new(), BODY.to_owned()),
    };
    let token = format!("{header}.{CLAIMS}.{signature}");
    let answer = Webhooks::new(Arc::new(Keys)).verify(&token, body.as_bytes(), now).await;
    world.lock().tell(|| format!("webhook of {:?}: {answer:?}", webhook.sender));
    let signed_at = Instant::parse(SIGNED_AT).unwrap_or(Instant::EPOCH);
    let age = now.as_micros().saturating_sub(signed_at.as_micros());
    let is_true = webhook.sender == Sender::Replayer && (-MINUTE..=5 * MINUTE).contains(&age);
    match answer {
        Err(_) => Ok(false),
        Ok(()) if is_true => Ok(true),
        Ok(()) => Err(format!("a webhook of {:?} was believed", webhook.sender)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Plan;
    use crate::schedule::ready;

    #[test]
    fn the_false_webhooks_differ_from_a_true_one_in_what_makes_them_false() {
        let at = |now: &str, token: &str, body: &str| {
            let webhooks = Webhooks::new(Arc::new(Keys));
            let now = Instant::parse(now).unwrap();
            ready(webhooks.verify(token, body.as_bytes(), now)).unwrap()
        };
        let token = format!("{HEADER}.{CLAIMS}.{SIGNATURE}");
        assert_eq!(at(SIGNED_AT, &token, BODY), Ok(()), "at its time it is true");
        let world = World::new(&Plan::new(1));
        world.lock().now = Instant::parse(SIGNED_AT).unwrap();
        for sender in (0..4).map(Sender::Forger) {
            let webhook = Webhook { due: Instant::EPOCH, sender };
            assert_eq!(ready(is_believed(&world, webhook)), Some(Ok(false)), "{sender:?}");
        }
        let replayed = Webhook { due: Instant::EPOCH, sender: Sender::Replayer };
        assert_eq!(ready(is_believed(&world, replayed)), Some(Ok(true)));
        world.lock().now = Instant::parse("2026-02-01T12:05:02Z").unwrap();
        assert_eq!(ready(is_believed(&world, replayed)), Some(Ok(false)));
    }
}
