//! Payouts over Plaid's Transfer API (version 2020-09-14).
//!
//! In: what the core asks a rail for, and where the money of a person goes. Out: what Plaid
//! answered, as [`Answer`](payme_core::payouts::Answer). `wire` holds the provider's JSON,
//! `convert` says what it means and does no I/O, `client` sends it, `webhook` checks who signed
//! what Plaid sends. An answer that is missing or not understood is never taken for a refusal,
//! and no access token, account or name is ever printed. Rules: `docs/rules/rail.md`.

mod client;
mod convert;
mod rail;
mod webhook;
mod wire;

#[cfg(test)]
mod tests;

use std::fmt;

use async_trait::async_trait;
use payme_core::payouts::Amount;
use payme_core::ports::StoreError;
use payme_core::types::UserId;

use crate::vault::{Secret, VaultError};

pub use client::{ClientError, Credentials, HttpClient};
pub use rail::PlaidRail;
pub use webhook::{Jwk, KeyCache, KeyLookup, WebhookError, Webhooks, key_id, verify};

/// Where the money of a person is sent to.
#[derive(Debug, Clone)]
pub struct Destination {
    /// Plaid's token of the person's bank connection.
    pub access_token: Secret,
    /// Which account of it.
    pub account_id: Secret,
    /// The name that the account is held under.
    pub legal_name: Secret,
    /// Which destination this is: another text once anything of it was changed.
    pub version: String,
}

/// Why a destination cannot be told.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum DestinationError {
    /// The store could not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It is under lock and does not open.
    #[error(transparent)]
    Locked(#[from] VaultError),
}

/// Finds the destination of a person, decrypted.
#[async_trait]
pub trait DestinationSecrets: Send + Sync {
    /// The destination that is active; `None` where there is none.
    async fn destination(&self, user: UserId) -> Result<Option<Destination>, DestinationError>;
}

/// What came back over HTTP. `Debug` shows the status and the size only.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut told = f.debug_struct("Response");
        told.field("status", &self.status).field("bytes", &self.body.len()).finish()
    }
}

/// Why nothing came back. It carries no text of the network: that may repeat what was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// The request cannot have reached the server.
    #[error("the server could not be reached; nothing was sent")]
    NotSent,
    /// It may have: the connection broke, or nothing came in time.
    #[error("no answer came; the request may have arrived")]
    MayHaveArrived,
}

impl HttpError {
    /// The stable code of this error.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotSent => "not_sent",
            Self::MayHaveArrived => "may_have_arrived",
        }
    }
}

/// Sends a JSON body to Plaid, with the credentials of the client.
#[async_trait]
pub trait Http: Send + Sync {
    /// Posts a body to a path such as `/transfer/create`, once. Any HTTP status is a [`Response`].
    async fn post(&self, path: &str, body: Vec<u8>) -> Result<Response, HttpError>;
}

/// Over which network money is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// ACH, in one to three days.
    Ach,
    /// ACH, on the same day.
    SameDayAch,
    /// Real-time payments.
    Rtp,
}

impl Network {
    /// Plaid's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ach => "ach",
            Self::SameDayAch => "same-day-ach",
            Self::Rtp => "rtp",
        }
    }

    /// How long a description may be, in characters.
    pub const fn description_chars_max(self) -> usize {
        match self {
            Self::Ach | Self::SameDayAch => 10,
            Self::Rtp => 15,
        }
    }

    /// The kind of ACH entry: money to a consumer.
    pub(crate) const fn ach_class(self) -> Option<&'static str> {
        match self {
            Self::Ach | Self::SameDayAch => Some("ppd"),
            Self::Rtp => None,
        }
    }
}

/// A text that is no description of a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a description of a transfer: write 1 to {chars_max} printable ASCII characters")]
pub struct DescriptionError {
    /// How long it may be on this network.
    pub chars_max: usize,
}

impl DescriptionError {
    /// The stable code of this error.
    pub const fn code(self) -> &'static str {
        "invalid_description"
    }
}

/// How money is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RailSettings {
    network: Network,
    description: String,
    expired_codes: Vec<String>,
}

impl RailSettings {
    /// Over a network, with what claimants read on their statement.
    ///
    /// # Errors
    /// [`DescriptionError`] unless it is 1 to 10 printable ASCII characters, 15 over RTP.
    ///
    /// ```
    /// use payme_adapters::plaid::transfer::{Network, RailSettings};
    /// assert!(RailSettings::new(Network::Ach, "settlement").is_ok());
    /// assert!(RailSettings::new(Network::Ach, "settlements").is_err());
    /// ```
    pub fn new(network: Network, description: &str) -> Result<Self, DescriptionError> {
        let chars_max = network.description_chars_max();
        let is_printable = description.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        let is_good = is_printable && description.len() <= chars_max;
        if !is_good || description.trim().is_empty() {
            return Err(DescriptionError { chars_max });
        }
        let expired_codes = convert::EXPIRED_CODES.iter().map(|code| (*code).to_owned()).collect();
        Ok(Self { network, description: description.to_owned(), expired_codes })
    }

    /// The same, with the error codes that say that an authorization ran out. Plaid does not
    /// document its own.
    #[must_use]
    pub fn with_expired_codes(self, expired_codes: Vec<String>) -> Self {
        Self { expired_codes, ..self }
    }
}

/// What `/transfer/create` is asked for.
#[derive(Clone, Copy)]
pub(crate) struct Order<'a> {
    pub(crate) authorization: &'a str,
    pub(crate) amount: Amount,
    /// The logical key, kept with the transfer.
    pub(crate) key: &'a str,
    pub(crate) destination: &'a Destination,
}
