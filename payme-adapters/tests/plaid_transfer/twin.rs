//! Plaid's Transfer API on this machine: HTTP over the twin of a rail.
//!
//! In: requests, the time, and a plan of what goes wrong with which of them. Out: answers as
//! Plaid's published description has them. Every request and every answer is held against that
//! description; what does not fit is kept in `findings`.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use payme_adapters::rail::{Twin, TwinSettings, Verdict};
use payme_core::payouts::{
    Amount, Answer, Authorization, AuthorizationId, AuthorizationRequest, ProviderTransferId,
    RailStatus, RailTransfer, Refusal,
};
use payme_core::ports::Clock;
use payme_core::types::{Currency, Instant};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};

use crate::contract::Contract;

/// A clock that is moved by hand.
#[derive(Debug)]
pub(crate) struct HandClock(AtomicI64);

impl HandClock {
    pub(crate) fn at(text: &str) -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(Instant::parse(text).unwrap().as_micros())))
    }

    pub(crate) fn forward(&self, by: Duration) {
        self.0.fetch_add(i64::try_from(by.as_micros()).unwrap(), Ordering::Relaxed);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Instant {
        Instant::from_micros(self.0.load(Ordering::Relaxed)).unwrap()
    }
}

/// What goes wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// The connection breaks before the request is done.
    LostRequest,
    /// The request is done, and the connection breaks.
    LostAnswer,
    /// The request is done, and an error of the server is answered.
    ErrorAfter,
    /// The request is done, and half of the answer is JSON.
    Cut,
    /// The request is done, and the answer comes after the client gave up.
    Slow,
    /// Too many requests; it is not done.
    Later,
    /// A page of events that was told before comes again.
    OldPage,
}

type Plan = Box<dyn FnMut(&str, usize) -> Option<Fault> + Send>;

/// What a transfer needs to be told and the twin does not keep.
#[derive(Clone)]
struct Details {
    authorization: String,
    account: String,
    legal_name: String,
    description: String,
}

/// The state of the server.
pub(crate) struct State {
    pub(crate) twin: Twin,
    /// What does not fit the description of the API.
    pub(crate) findings: Vec<String>,
    /// How often each fault came.
    pub(crate) fired: BTreeMap<Fault, usize>,
    /// What goes wrong: asked with the path and how many requests for it came before.
    pub(crate) plan: Plan,
    /// The code that says that an authorization ran out.
    pub(crate) expired_code: &'static str,
    /// Answers of `/transfer/authorization/create` for accounts that are not just approved.
    pub(crate) verdicts: BTreeMap<String, Verdict>,
    /// So many events are told at a time. A few, so that reading to the end takes several pages.
    pub(crate) page_max: usize,
    contract: Contract,
    clock: Arc<HandClock>,
    counts: BTreeMap<String, usize>,
    names: BTreeMap<String, String>,
    details: BTreeMap<ProviderTransferId, Details>,
    page: Option<Value>,
}

/// The server, until it is dropped.
pub(crate) struct HttpTwin {
    pub(crate) origin: String,
    state: Arc<Mutex<State>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for HttpTwin {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl HttpTwin {
    pub(crate) async fn start(settings: TwinSettings, clock: Arc<HandClock>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let mut twin = Twin::new(settings);
        twin.announce(100_000_000);
        twin.receive();
        twin.announce(50);
        let state = Arc::new(Mutex::new(State {
            twin,
            findings: Vec::new(),
            fired: BTreeMap::new(),
            plan: Box::new(|_, _| None),
            expired_code: "TRANSFER_AUTHORIZATION_EXPIRED",
            verdicts: BTreeMap::new(),
            page_max: 7,
            contract: Contract::new(),
            clock,
            counts: BTreeMap::new(),
            names: BTreeMap::new(),
            details: BTreeMap::new(),
            page: None,
        }));
        let shared = state.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(connection(stream, shared.clone()));
            }
        });
        Self { origin, state, task }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

async fn connection(stream: TcpStream, state: Arc<Mutex<State>>) {
    let service = service_fn(move |request| answer(request, state.clone()));
    // A connection that is broken on purpose ends with an error.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// The connection is to break.
#[derive(Debug)]
struct Broken;

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("broken on purpose")
    }
}

impl std::error::Error for Broken {}

async fn answer(
    request: Request<Incoming>,
    state: Arc<Mutex<State>>,
) -> Result<Response<Full<Bytes>>, Broken> {
    let path = request.uri().path().to_owned();
    let headers = request.headers().clone();
    let body = request.into_body().collect().await.map_err(|_| Broken)?.to_bytes();
    let (fault, told) = {
        let mut state = state.lock().unwrap();
        for (name, wanted) in [
            ("plaid-client-id", "client-1"),
            ("plaid-secret", "secret-1"),
            ("plaid-version", "2020-09-14"),
        ] {
            if headers.get(name).is_none_or(|value| value != wanted) {
                state.findings.push(format!("{path}: header {name}"));
            }
        }
        state.serve(&path, &body)
    };
    match fault {
        Some(Fault::LostRequest | Fault::LostAnswer) => return Err(Broken),
        Some(Fault::Slow) => tokio::time::sleep(Duration::from_millis(700)).await,
        _ => {}
    }
    let (status, body) = told;
    let mut text = body.to_string();
    if fault == Some(Fault::Cut) {
        text.truncate(text.len() / 2);
    }
    let response = Response::builder().status(status).header("content-type", "application/json");
    Ok(response.body(Full::new(Bytes::from(text))).unwrap())
}

type Told = (u16, Value);

fn error(status: u16, kind: &str, code: &str) -> Told {
    let body = json!({
        "error_type": kind, "error_code": code, "error_message": "told by the twin", "display_message": null, "request_id": "request-1",
    });
    (status, body)
}

impl State {
    /// How many requests came.
    pub(crate) fn requests(&self) -> usize {
        self.counts.values().sum()
    }

    fn serve(&mut self, path: &str, body: &[u8]) -> (Option<Fault>, Told) {
        let count = self.counts.entry(path.to_owned()).or_default();
        let nth = *count;
        *count += 1;
        let fault = (self.plan)(path, nth);
        if let Some(fault) = fault {
            *self.fired.entry(fault).or_default() += 1;
        }
        let told = match fault {
            Some(Fault::LostRequest) => return (fault, (500, Value::Null)),
            Some(Fault::Later) => error(429, "RATE_LIMIT_EXCEEDED", "TRANSFER_LIMIT"),
            _ => self.handle(path, body),
        };
        let told = match fault {
            Some(Fault::ErrorAfter) => error(500, "API_ERROR", "INTERNAL_SERVER_ERROR"),
            Some(Fault::OldPage) => {
                self.page.replace(told.1.clone()).map_or(told, |page| (200, page))
            }
            _ => told,
        };
        if path == "/transfer/event/sync" && fault.is_none() {
            self.page = Some(told.1.clone());
        }
        self.findings.extend(self.contract.answer(path, told.0, &told.1));
        (fault, told)
    }

    fn handle(&mut self, path: &str, body: &[u8]) -> Told {
        let Ok(asked) = serde_json::from_slice::<Value>(body) else {
            self.findings.push(format!("{path}: no JSON"));
            return error(400, "INVALID_REQUEST", "INVALID_BODY");
        };
        self.findings.extend(self.contract.request(path, &asked));
        let text = |name: &str| asked[name].as_str().unwrap_or_default().to_owned();
        let number = |name: &str| asked[name].as_u64().unwrap_or_default();
        match path {
            "/transfer/authorization/create" => self.authorize(&asked),
            "/transfer/create" => self.create(&asked),
            "/transfer/get" => self.get(&AuthorizationId(text("authorization_id"))),
            "/transfer/list" => self.list(&text("start_date"), number("offset"), number("count")),
            "/transfer/cancel" => self.cancel(&ProviderTransferId(text("transfer_id"))),
            "/transfer/event/sync" => self.events(number("after_id"), number("count")),
            "/transfer/ledger/get" => {
                let held = self.twin.balance(Currency::USD);
                let [available, pending] = [held.available, held.pending].map(decimal);
                let balance = json!({"available": available, "pending": pending});
                (
                    200,
                    json!({"ledger_id": "ledger-1", "balance": balance, "name": "Default", "is_default": true, "request_id": "request-1"}),
                )
            }
            "/webhook_verification_key/get" => webhook_key(&text("key_id")),
            _ => error(404, "INVALID_REQUEST", "NOT_FOUND"),
        }
    }

    fn authorize(&mut self, asked: &Value) -> Told {
        let text = |name: &str| asked[name].as_str().unwrap_or_default().to_owned();
        let account = text("account_id");
        let Some(user_id) = account.strip_prefix("account-").and_then(|id| id.parse().ok()) else {
            return error(400, "INVALID_INPUT", "INVALID_ACCOUNT_ID");
        };
        if text("access_token") != format!("access-{user_id}") {
            return error(400, "INVALID_INPUT", "INVALID_ACCESS_TOKEN");
        }
        for (name, wanted) in [
            ("type", "credit"),
            ("network", "ach"),
            ("ach_class", "ppd"),
            ("iso_currency_code", "USD"),
        ] {
            if asked[name] != wanted {
                self.findings.push(format!("{name}: {} where {wanted} is due", asked[name]));
            }
        }
        let request = AuthorizationRequest {
            key: text("idempotency_key"),
            user_id,
            amount: cents(&text("amount")),
            currency: Currency::USD,
        };
        let verdict = self.verdicts.get(&account).cloned().unwrap_or(Verdict::Approve);
        let now = self.clock.now();
        let said = match self.twin.authorize(&request, now, || verdict) {
            Answer::Done(said) => said,
            Answer::Refused(Refusal::Never(code)) => return error(400, "INVALID_REQUEST", &code),
            Answer::Refused(_) | Answer::Unknown => {
                return error(500, "API_ERROR", "INTERNAL_SERVER_ERROR");
            }
        };
        let (id, decision, code) = match said {
            Authorization::Approved { id, unchecked } => (id.0, "approved", unchecked),
            Authorization::Declined(code) => ("declined-1".to_owned(), "declined", Some(code)),
            Authorization::UserActionRequired => {
                ("action-1".to_owned(), "user_action_required", None)
            }
        };
        let legal_name = asked["user"]["legal_name"].as_str().unwrap_or_default();
        self.names.insert(id.clone(), legal_name.to_owned());
        let rationale = code.map(|code| json!({"code": code, "description": "told by the twin"}));
        let proposed = json!({
            "ach_class": "ppd", "account_id": account, "funding_account_id": null, "type": "credit", "user": user(legal_name),
            "amount": asked["amount"], "network": asked["network"], "origination_account_id": "", "iso_currency_code": "USD",
            "originator_client_id": null, "credit_funds_source": "sweep",
        });
        let authorization = json!({
            "id": id, "created": now.to_string(), "decision": decision, "decision_rationale": rationale, "guarantee_decision": null,
            "guarantee_decision_rationale": null, "payment_risk": null, "proposed_transfer": proposed,
        });
        (200, json!({"authorization": authorization, "request_id": "request-1"}))
    }

    fn create(&mut self, asked: &Value) -> Told {
        let text = |name: &str| asked[name].as_str().unwrap_or_default().to_owned();
        let authorization = AuthorizationId(text("authorization_id"));
        if text("description").len() > 10 {
            self.findings.push("description: longer than ACH takes".to_owned());
        }
        let key = asked["metadata"]["payme_key"].as_str().unwrap_or_default().to_owned();
        let now = self.clock.now();
        match self.twin.create(&authorization, (cents(&text("amount")), key), now, || None) {
            Answer::Done(transfer) => {
                let details = Details {
                    legal_name: self.names.get(&authorization.0).cloned().unwrap_or_default(),
                    authorization: authorization.0,
                    account: text("account_id"),
                    description: text("description"),
                };
                self.details.entry(transfer.id.clone()).or_insert(details);
                (200, json!({"transfer": self.told(&transfer), "request_id": "request-1"}))
            }
            Answer::Refused(Refusal::Expired) => error(400, "TRANSFER_ERROR", self.expired_code),
            Answer::Refused(Refusal::Never(code) | Refusal::Unclear(code)) => {
                error(400, "TRANSFER_ERROR", &code)
            }
            Answer::Refused(Refusal::Later | Refusal::Blocked(_)) | Answer::Unknown => {
                error(500, "API_ERROR", "INTERNAL_SERVER_ERROR")
            }
        }
    }

    fn get(&self, authorization: &AuthorizationId) -> Told {
        match self.twin.get(authorization) {
            Some(transfer) => {
                (200, json!({"transfer": self.told(&transfer), "request_id": "request-1"}))
            }
            None => error(404, "INVALID_INPUT", "NOT_FOUND"),
        }
    }

    fn list(&self, since: &str, offset: u64, count: u64) -> Told {
        let since = Instant::parse(since).unwrap_or(Instant::EPOCH);
        let page = self.twin.list(since, offset, usize::try_from(count).unwrap());
        let transfers: Vec<Value> =
            page.transfers.iter().map(|(_, transfer)| self.told(transfer)).collect();
        (200, json!({"transfers": transfers, "request_id": "request-1"}))
    }

    fn cancel(&mut self, id: &ProviderTransferId) -> Told {
        match self.twin.cancel(id) {
            Answer::Done(()) => (200, json!({"request_id": "request-1"})),
            _ => error(400, "TRANSFER_ERROR", "TRANSFER_NOT_CANCELLABLE"),
        }
    }

    fn events(&self, after: u64, count: u64) -> Told {
        let page = self.twin.events(after, usize::try_from(count).unwrap().min(self.page_max));
        let at = self.clock.now().to_string();
        let told = page.events.iter().map(|event| {
            json!({
                "event_id": event.id, "timestamp": at, "event_type": event.kind, "transfer_id": event.transfer_id.0,
                "origination_account_id": null, "failure_reason": failure(event.reason.as_deref()), "sweep_id": null, "sweep_amount": null,
                "refund_id": null, "originator_client_id": null, "funding_account_id": null,
            })
        });
        (
            200,
            json!({"transfer_events": told.collect::<Vec<_>>(), "has_more": page.has_more, "request_id": "request-1"}),
        )
    }

    fn told(&self, transfer: &RailTransfer) -> Value {
        let sent = self.twin.named(&transfer.id).unwrap();
        let details = &self.details[&transfer.id];
        json!({
            "id": transfer.id.0, "authorization_id": details.authorization, "ach_class": "ppd", "account_id": details.account,
            "funding_account_id": null, "type": "credit", "user": user(&details.legal_name), "amount": digits(transfer.amount),
            "description": details.description, "created": sent.sent_at.to_string(), "status": transfer.status.as_str(),
            "network": "ach", "cancellable": transfer.status == RailStatus::Pending,
            "failure_reason": failure(transfer.reason.as_deref()), "metadata": {"payme_key": sent.key}, "origination_account_id": "",
            "guarantee_decision": null, "guarantee_decision_rationale": null, "iso_currency_code": "USD",
            "standard_return_window": "2026-03-01", "unauthorized_return_window": null, "expected_settlement_date": null,
            "originator_client_id": null, "refunds": [], "recurring_transfer_id": null, "credit_funds_source": "sweep",
        })
    }
}

/// The key of RFC 7515, A.3, is the only one.
fn webhook_key(kid: &str) -> Told {
    if kid != "key-1" {
        return error(400, "INVALID_INPUT", "INVALID_WEBHOOK_VERIFICATION_KEY_ID");
    }
    let key = json!({
        "alg": "ES256", "crv": "P-256", "kid": kid, "kty": "EC", "use": "sig", "created_at": 1_760_000_000, "expired_at": null,
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    });
    (200, json!({"key": key, "request_id": "request-1"}))
}

fn user(legal_name: &str) -> Value {
    json!({"legal_name": legal_name, "phone_number": null, "email_address": null, "address": null})
}

fn failure(reason: Option<&str>) -> Value {
    reason.map_or(
        Value::Null,
        |code| json!({"failure_code": code, "description": "told by the twin"}),
    )
}

fn digits(amount: Amount) -> String {
    decimal(amount.minor())
}

fn decimal(minor: i64) -> String {
    format!("{}.{:02}", minor / 100, minor % 100)
}

/// An amount of exactly two digits behind the point.
fn cents(text: &str) -> Amount {
    let (whole, fraction) = text.split_once('.').unwrap();
    assert_eq!(fraction.len(), 2, "{text}");
    Amount::new(format!("{whole}{fraction}").parse().unwrap()).unwrap()
}
