//! The JSON of Plaid's Transfer API: fields and their types, no meaning.
//!
//! Requests and answers have no `Debug`: they hold access tokens, accounts and names. Of answers
//! only the fields that are used are read; what else is there is passed over.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// `/transfer/authorization/create`.
#[derive(Serialize)]
pub(super) struct AuthorizationCreate<'a> {
    pub(super) access_token: &'a str,
    pub(super) account_id: &'a str,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) network: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ach_class: Option<&'static str>,
    pub(super) amount: String,
    pub(super) iso_currency_code: &'static str,
    pub(super) idempotency_key: &'a str,
    pub(super) user: User<'a>,
}

/// Who is paid.
#[derive(Serialize)]
pub(super) struct User<'a> {
    pub(super) legal_name: &'a str,
}

/// `/transfer/create`.
#[derive(Serialize)]
pub(super) struct TransferCreate<'a> {
    pub(super) access_token: &'a str,
    pub(super) account_id: &'a str,
    pub(super) authorization_id: &'a str,
    pub(super) amount: String,
    pub(super) description: &'a str,
    pub(super) metadata: BTreeMap<&'static str, &'a str>,
}

/// `/transfer/get`.
#[derive(Serialize)]
pub(super) struct TransferGet<'a> {
    pub(super) authorization_id: &'a str,
}

/// `/transfer/list`.
#[derive(Serialize)]
pub(super) struct TransferList {
    pub(super) start_date: String,
    pub(super) count: usize,
    pub(super) offset: u64,
}

/// `/transfer/cancel`.
#[derive(Serialize)]
pub(super) struct TransferCancel<'a> {
    pub(super) transfer_id: &'a str,
}

/// `/transfer/event/sync`.
#[derive(Serialize)]
pub(super) struct EventSync {
    pub(super) after_id: u64,
    pub(super) count: usize,
}

/// `/transfer/ledger/get` of the default ledger.
#[derive(Serialize)]
pub(super) struct LedgerGet {}

/// `/webhook_verification_key/get`.
#[derive(Serialize)]
pub(super) struct KeyGet<'a> {
    pub(super) key_id: &'a str,
}

/// The answer to [`AuthorizationCreate`].
#[derive(Deserialize)]
pub(super) struct AuthorizationCreated {
    pub(super) authorization: Authorization,
}

#[derive(Deserialize)]
pub(super) struct Authorization {
    pub(super) id: String,
    pub(super) decision: String,
    pub(super) decision_rationale: Option<Rationale>,
    pub(super) proposed_transfer: ProposedTransfer,
}

#[derive(Deserialize)]
pub(super) struct Rationale {
    pub(super) code: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct ProposedTransfer {
    pub(super) amount: String,
    pub(super) iso_currency_code: String,
}

/// The answer to [`TransferCreate`] and [`TransferGet`].
#[derive(Deserialize)]
pub(super) struct TransferTold {
    pub(super) transfer: Transfer,
}

/// The answer to [`TransferList`].
#[derive(Deserialize)]
pub(super) struct TransfersTold {
    pub(super) transfers: Vec<Transfer>,
}

#[derive(Deserialize)]
pub(super) struct Transfer {
    pub(super) id: String,
    pub(super) authorization_id: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) amount: String,
    pub(super) iso_currency_code: String,
    pub(super) status: String,
    pub(super) failure_reason: Option<Failure>,
    pub(super) metadata: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
pub(super) struct Failure {
    pub(super) failure_code: Option<String>,
    pub(super) ach_return_code: Option<String>,
}

/// The answer to [`EventSync`].
#[derive(Deserialize)]
pub(super) struct Events {
    pub(super) transfer_events: Vec<Event>,
    pub(super) has_more: bool,
}

#[derive(Deserialize)]
pub(super) struct Event {
    pub(super) event_id: u64,
    pub(super) event_type: String,
    /// Empty for a sweep of the ledger.
    pub(super) transfer_id: String,
    pub(super) failure_reason: Option<Failure>,
    pub(super) refund_id: Option<String>,
}

/// The answer to [`LedgerGet`].
#[derive(Deserialize)]
pub(super) struct Ledger {
    pub(super) balance: Balance,
}

#[derive(Deserialize)]
pub(super) struct Balance {
    pub(super) available: String,
    pub(super) pending: String,
}

/// The answer to [`KeyGet`].
#[derive(Deserialize)]
pub(super) struct KeyTold {
    pub(super) key: super::Jwk,
}

/// What Plaid answers where it does not do what it was asked.
#[derive(Deserialize)]
pub(super) struct Error {
    pub(super) error_type: String,
    pub(super) error_code: String,
}
