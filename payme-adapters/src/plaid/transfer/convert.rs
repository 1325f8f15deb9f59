//! What Plaid's answers mean, and what it is asked: pure.
//!
//! In: an HTTP status and a body. Out: an [`Answer`]. Whatever is not understood is
//! [`Answer::Unknown`], never a refusal: only the codes listed here refuse for good.
//! Rules: `docs/rules/rail.md`.

use std::collections::BTreeMap;

use payme_core::payouts::{
    Amount, Answer, Authorization, AuthorizationId, AuthorizationRequest, ProviderTransferId,
    RailBalance, RailEvent, RailEvents, RailStatus, RailTransfer, Refusal,
};
use payme_core::types::{Currency, Instant, Money};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Destination, Jwk, Order, RailSettings, Response, wire};

/// The one currency that is sent.
pub(super) const CURRENCY: Currency = Currency::USD;
const CURRENCY_CODE: &str = "USD";

/// The name of the logical key among the metadata of a transfer.
pub(super) const METADATA_KEY: &str = "payme_key";

/// So many transfers are listed at a time at most.
pub(super) const LIST_COUNT_MAX: usize = 25;

/// So many events are told at a time at most.
const EVENTS_COUNT_MAX: usize = 500;

/// Codes that refuse a transfer for good.
const FINAL_CODES: [&str; 6] = [
    "INCOMPLETE_CUSTOMER_ONBOARDING",
    "TRANSFER_ACCOUNT_BLOCKED",
    "TRANSFER_FORBIDDEN_ACH_CLASS",
    "TRANSFER_NETWORK_LIMIT_EXCEEDED",
    "TRANSFER_UNSUPPORTED_ACCOUNT_TYPE",
    "UNAUTHORIZED_ACCESS",
];

/// Codes that may say that an authorization ran out: Plaid does not document which one does. Each
/// leads to a probe, which alone decides; every other code leaves the transfer in doubt.
pub(super) const EXPIRED_CODES: [&str; 3] = [
    "AUTHORIZATION_EXPIRED",
    "TRANSFER_AUTHORIZATION_EXPIRED",
    "TRANSFER_AUTHORIZATION_ID_EXPIRED",
];

const NOT_CANCELLABLE: &str = "TRANSFER_NOT_CANCELLABLE";
const LOGIN_REQUIRED: &str = "ITEM_LOGIN_REQUIRED";
const NOT_FOUND: &str = "NOT_FOUND";
/// Codes that say that nothing of this client is done, whatever transfer it is about, until
/// somebody mends its settings.
const CLIENT_CODES: [&str; 4] = [
    "INVALID_API_KEYS",
    "INVALID_PRODUCT",
    "UNAUTHORIZED_ENVIRONMENT",
    "UNAUTHORIZED_ROUTE_ACCESS",
];
const MAINTENANCE: &str = "PLANNED_MAINTENANCE";
/// The type of an error that is Plaid's own.
const API_ERROR: &str = "API_ERROR";
const RATE_LIMIT: &str = "RATE_LIMIT_EXCEEDED";

/// A body to be sent.
pub(super) fn body(request: &impl Serialize) -> Vec<u8> {
    // Texts, numbers and maps keyed by texts always have a JSON form.
    serde_json::to_vec(request).unwrap_or_default()
}

/// The decimal number of an amount: two digits behind the point.
pub(super) fn decimal(amount: Amount) -> String {
    Money::new(amount.minor(), CURRENCY).decimal()
}

pub(super) fn authorization_body(
    request: &AuthorizationRequest,
    destination: &Destination,
    settings: &RailSettings,
) -> Vec<u8> {
    body(&wire::AuthorizationCreate {
        access_token: destination.access_token.reveal(),
        account_id: destination.account_id.reveal(),
        kind: "credit",
        network: settings.network.as_str(),
        ach_class: settings.network.ach_class(),
        amount: decimal(request.amount),
        iso_currency_code: CURRENCY_CODE,
        idempotency_key: &request.key,
        user: wire::User { legal_name: destination.legal_name.reveal() },
    })
}

pub(super) fn create_body(order: Order<'_>, settings: &RailSettings) -> Vec<u8> {
    body(&wire::TransferCreate {
        access_token: order.destination.access_token.reveal(),
        account_id: order.destination.account_id.reveal(),
        authorization_id: order.authorization,
        amount: decimal(order.amount),
        description: &settings.description,
        metadata: BTreeMap::from([(METADATA_KEY, order.key)]),
    })
}

pub(super) fn list_body(since: Instant, offset: u64, count: usize) -> Vec<u8> {
    // Whole seconds, rounded down: Plaid's own times have no more.
    let second = since.as_micros().rem_euclid(1_000_000);
    let start_date = since.plus_micros(-second).to_string();
    body(&wire::TransferList { start_date, count: count.clamp(1, LIST_COUNT_MAX), offset })
}

pub(super) fn events_body(after_id: u64, count: usize) -> Vec<u8> {
    body(&wire::EventSync { after_id, count: count.clamp(1, EVENTS_COUNT_MAX) })
}

/// What the answer to a request to authorise means.
pub(super) fn authorization(response: &Response, asked: Amount) -> Answer<Authorization> {
    let told: wire::AuthorizationCreated = match success(response) {
        Ok(told) => told,
        Err(Fault::Plaid(error)) if error.error_code == LOGIN_REQUIRED => {
            return Answer::Done(Authorization::UserActionRequired);
        }
        Err(fault) => return fault.refuses(&[]),
    };
    let told = told.authorization;
    let proposed =
        amount(&told.proposed_transfer.amount, &told.proposed_transfer.iso_currency_code);
    if told.id.is_empty() || proposed != Some(asked) {
        return Answer::Unknown;
    }
    let rationale = told.decision_rationale.and_then(|rationale| rationale.code);
    match told.decision.as_str() {
        "approved" => {
            let unchecked = rationale.map(|text| code(&text).unwrap_or_else(unreadable));
            Answer::Done(Authorization::Approved { id: AuthorizationId(told.id), unchecked })
        }
        "declined" => {
            let reason = rationale.as_deref().and_then(code).unwrap_or_else(|| "DECLINED".into());
            Answer::Done(Authorization::Declined(reason))
        }
        "user_action_required" => Answer::Done(Authorization::UserActionRequired),
        _ => Answer::Unknown,
    }
}

/// What the answer to a request to send means.
pub(super) fn creation(
    response: &Response,
    authorization: &str,
    settings: &RailSettings,
) -> Answer<RailTransfer> {
    match success::<wire::TransferTold>(response) {
        Ok(told) => of_authorization(told.transfer, authorization),
        Err(fault) => fault.refuses(&settings.expired_codes),
    }
}

/// What the answer to the question for a transfer by its authorization means.
pub(super) fn probe(response: &Response, authorization: &str) -> Answer<Option<RailTransfer>> {
    match success::<wire::TransferTold>(response) {
        Ok(told) => of_authorization(told.transfer, authorization).map(Some),
        Err(Fault::Plaid(error)) if error.error_code == NOT_FOUND => Answer::Done(None),
        Err(fault) => fault.stays_open(),
    }
}

/// A page of the list.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Page {
    /// How many transfers are on it.
    pub(super) length: usize,
    /// Each with the key it was sent under; the key is empty for what somebody else sent.
    pub(super) transfers: Vec<(String, RailTransfer)>,
}

/// The transfers of a page of the list. What somebody else sent and cannot be read, such as a debit
/// in another currency, is passed over: it is none of ours, and hides none of ours.
pub(super) fn list(response: &Response) -> Answer<Page> {
    match success::<wire::TransfersTold>(response) {
        Ok(told) => {
            let length = told.transfers.len();
            let mut transfers = Vec::with_capacity(length);
            for mut one in told.transfers {
                let key = one.metadata.as_mut().and_then(|all| all.remove(METADATA_KEY));
                match (key, transfer(one)) {
                    (key, Some(read)) => transfers.push((key.unwrap_or_default(), read)),
                    (None, None) => {}
                    (Some(_), None) => return Answer::Unknown,
                }
            }
            Answer::Done(Page { length, transfers })
        }
        Err(fault) => fault.stays_open(),
    }
}

/// What happened after an event: each event once, in the order of ids.
pub(super) fn events(response: &Response, after: u64) -> Answer<RailEvents> {
    let told = match success::<wire::Events>(response) {
        Ok(told) => told,
        Err(fault) => return fault.stays_open(),
    };
    let was_told = !told.transfer_events.is_empty();
    let mut events: Vec<RailEvent> =
        told.transfer_events.into_iter().map(event).filter(|event| event.id > after).collect();
    events.sort_by_key(|event| event.id);
    events.dedup_by_key(|event| event.id);
    let is_old_page = was_told && events.is_empty();
    // Asking for more where nothing is new would never end.
    if is_old_page || (events.is_empty() && told.has_more) {
        return Answer::Unknown;
    }
    Answer::Done(RailEvents { events, has_more: told.has_more })
}

/// Whether a transfer was cancelled.
pub(super) fn cancellation(response: &Response) -> Answer<()> {
    match success::<serde::de::IgnoredAny>(response) {
        Ok(_) => Answer::Done(()),
        Err(Fault::Plaid(error)) if error.error_code == NOT_CANCELLABLE => {
            Answer::Refused(Refusal::Never(error.error_code))
        }
        Err(fault) => fault.stays_open(),
    }
}

pub(super) fn balance(response: &Response) -> Answer<RailBalance> {
    let read = |text: &str| Money::parse_decimal(text, CURRENCY).ok().map(Money::minor);
    match success::<wire::Ledger>(response) {
        Ok(told) => {
            let (available, pending) = (read(&told.balance.available), read(&told.balance.pending));
            match (available, pending) {
                (Some(available), Some(pending)) => {
                    Answer::Done(RailBalance { currency: CURRENCY, available, pending })
                }
                _ => Answer::Unknown,
            }
        }
        Err(fault) => fault.stays_open(),
    }
}

/// The key of an id; `None` where Plaid has none.
pub(super) fn webhook_key(response: &Response) -> Answer<Option<Jwk>> {
    match success::<wire::KeyTold>(response) {
        Ok(told) => Answer::Done(Some(told.key)),
        Err(Fault::Plaid(error)) if error.error_type == "INVALID_INPUT" => Answer::Done(None),
        Err(fault) => fault.stays_open(),
    }
}

fn of_authorization(told: wire::Transfer, authorization: &str) -> Answer<RailTransfer> {
    let is_asked_for = told.authorization_id == authorization && told.kind == "credit";
    transfer(told).filter(|_| is_asked_for).map_or(Answer::Unknown, Answer::Done)
}

fn transfer(told: wire::Transfer) -> Option<RailTransfer> {
    if told.id.is_empty() {
        return None;
    }
    Some(RailTransfer {
        id: ProviderTransferId(told.id),
        amount: amount(&told.amount, &told.iso_currency_code)?,
        status: RailStatus::parse(&told.status)?,
        reason: reason(told.failure_reason),
    })
}

fn event(told: wire::Event) -> RailEvent {
    // Sweeps of the ledger have no transfer; what happens to a refund is not about its transfer.
    let is_of_transfer = !told.transfer_id.is_empty() && told.refund_id.is_none();
    let status = RailStatus::parse(&told.event_type).filter(|_| is_of_transfer);
    RailEvent {
        id: told.event_id,
        transfer_id: ProviderTransferId(told.transfer_id),
        status,
        kind: told.event_type,
        reason: reason(told.failure_reason),
    }
}

fn amount(text: &str, currency: &str) -> Option<Amount> {
    if currency != CURRENCY_CODE {
        return None;
    }
    let money = Money::parse_decimal(text, CURRENCY).ok()?;
    Amount::new(money.minor()).ok()
}

fn reason(failure: Option<wire::Failure>) -> Option<String> {
    let failure = failure?;
    let told = [failure.failure_code, failure.ach_return_code];
    told.iter().flatten().find_map(|text| code(text))
}

/// A code; what is none of that kind could be prose about a person and is dropped.
fn code(text: &str) -> Option<String> {
    let is_code = (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
    is_code.then(|| text.to_owned())
}

fn unreadable() -> String {
    "UNKNOWN".to_owned()
}

/// Why an answer is no success.
enum Fault {
    /// Plaid says why, and that it did not do it.
    Plaid(wire::Error),
    /// Nobody can tell what happened.
    Silent,
}

impl Fault {
    /// What it means for whatever is asked next, where it is about who asks: whether waiting helps.
    fn pause(&self) -> Option<Refusal> {
        let Self::Plaid(error) = self else { return None };
        let code = error.error_code.as_str();
        if error.error_type == RATE_LIMIT || code == MAINTENANCE {
            Some(Refusal::Later)
        } else {
            CLIENT_CODES.contains(&code).then(|| Refusal::Blocked(code.to_owned()))
        }
    }

    /// What it means for a request that may never succeed.
    fn refuses<T>(self, expired_codes: &[String]) -> Answer<T> {
        if let Some(pause) = self.pause() {
            return Answer::Refused(pause);
        }
        match self {
            Self::Plaid(error) if expired_codes.contains(&error.error_code) => {
                Answer::Refused(Refusal::Expired)
            }
            Self::Plaid(error) if FINAL_CODES.contains(&error.error_code.as_str()) => {
                Answer::Refused(Refusal::Never(error.error_code))
            }
            // Of a fault of its own Plaid does not say what it had done before.
            Self::Plaid(error) if error.error_type == API_ERROR => Answer::Unknown,
            Self::Plaid(error) => Answer::Refused(Refusal::Unclear(
                code(&error.error_code).unwrap_or_else(unreadable),
            )),
            Self::Silent => Answer::Unknown,
        }
    }

    /// What it means for a question: that there is no answer yet.
    fn stays_open<T>(&self) -> Answer<T> {
        self.pause().map_or(Answer::Unknown, Answer::Refused)
    }
}

/// The body of a success. Where the server failed, its error says nothing about what it had done
/// before.
fn success<T: DeserializeOwned>(response: &Response) -> Result<T, Fault> {
    match response.status {
        200 => serde_json::from_slice(&response.body).map_err(|_| Fault::Silent),
        400..=499 => {
            let error = serde_json::from_slice(&response.body).map_err(|_| Fault::Silent)?;
            Err(Fault::Plaid(error))
        }
        _ => Err(Fault::Silent),
    }
}
