//! What Plaid is asked, and what each of its answers means, as tables.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use payme_core::payouts::{
    Amount, Answer, Authorization, AuthorizationId, AuthorizationRequest, ProviderTransferId,
    RailBalance, RailStatus, RailTransfer, Refusal,
};
use payme_core::ports::{StoreError, TransferRail as _};
use payme_core::types::{Currency, Instant, UserId};
use proptest::prelude::{any, prop_assert_eq, proptest};
use serde_json::{Value, json};

use super::{
    Destination, DestinationError, DestinationSecrets, Http, HttpError, Network, Order, PlaidRail,
    RailSettings, Response, convert,
};
use crate::vault::Secret;

fn settings() -> RailSettings {
    RailSettings::new(Network::Ach, "settlement").unwrap()
}

fn destination() -> Destination {
    Destination {
        access_token: Secret::new("access-1".to_owned()),
        account_id: Secret::new("account-2".to_owned()),
        legal_name: Secret::new("Ada Example".to_owned()),
        version: "1".to_owned(),
    }
}

fn amount(cents: i64) -> Amount {
    Amount::new(cents).unwrap()
}

fn ask() -> AuthorizationRequest {
    AuthorizationRequest {
        key: "k".repeat(43),
        user_id: UserId::from_uuid(Default::default()),
        amount: amount(1_205),
        currency: Currency::USD,
    }
}

fn response(status: u16, body: &Value) -> Response {
    Response { status, body: body.to_string().into_bytes() }
}

fn error(status: u16, kind: &str, code: &str) -> Response {
    let message = "The account of Ada Example cannot be paid";
    response(
        status,
        &json!({"error_type": kind, "error_code": code, "error_message": message, "display_message": null}),
    )
}

fn refused<T>(code: &str) -> Answer<T> {
    Answer::Refused(Refusal::Never(code.to_owned()))
}

fn transfer(change: impl FnOnce(&mut Value)) -> Value {
    let mut told = json!({
        "id": "transfer-1", "authorization_id": "authorization-1", "type": "credit", "amount": "12.05", "iso_currency_code": "USD",
        "status": "pending", "failure_reason": null, "metadata": {"payme_key": "transfer:a:b", "other": "x"}, "new_field": [1],
    });
    change(&mut told);
    told
}

fn sent(status: RailStatus, reason: Option<&str>) -> RailTransfer {
    RailTransfer {
        id: ProviderTransferId("transfer-1".to_owned()),
        amount: amount(1_205),
        status,
        reason: reason.map(str::to_owned),
    }
}

#[test]
fn what_is_sent_is_this() {
    let body = convert::authorization_body(&ask(), &destination(), &settings());
    let wanted = json!({
        "access_token": "access-1", "account_id": "account-2", "type": "credit", "network": "ach", "ach_class": "ppd",
        "amount": "12.05", "iso_currency_code": "USD", "idempotency_key": "k".repeat(43), "user": {"legal_name": "Ada Example"},
    });
    assert_eq!(serde_json::from_slice::<Value>(&body).unwrap(), wanted);
    let rtp = RailSettings::new(Network::Rtp, "a settlement 15").unwrap();
    let body = convert::authorization_body(&ask(), &destination(), &rtp);
    let told: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((told["network"].as_str(), told.get("ach_class")), (Some("rtp"), None));
    let destination = destination();
    let order = Order {
        authorization: "authorization-1",
        amount: amount(1),
        key: "transfer:a:b",
        destination: &destination,
    };
    let body = convert::create_body(order, &settings());
    let wanted = json!({
        "access_token": "access-1", "account_id": "account-2", "authorization_id": "authorization-1", "amount": "0.01",
        "description": "settlement", "metadata": {"payme_key": "transfer:a:b"},
    });
    assert_eq!(serde_json::from_slice::<Value>(&body).unwrap(), wanted);
    let since = Instant::parse("2026-02-01T12:00:00.999999Z").unwrap();
    let body = convert::list_body(since, 50, 1_000);
    let wanted = json!({"start_date": "2026-02-01T12:00:00Z", "count": 25, "offset": 50});
    assert_eq!(serde_json::from_slice::<Value>(&body).unwrap(), wanted);
    let body = convert::events_body(u64::MAX, 0);
    let wanted = json!({"after_id": u64::MAX, "count": 1});
    assert_eq!(serde_json::from_slice::<Value>(&body).unwrap(), wanted);
}

#[test]
fn a_description_fits_its_network() {
    for (network, chars_max) in [(Network::Ach, 10), (Network::SameDayAch, 10), (Network::Rtp, 15)]
    {
        assert!(RailSettings::new(network, &"d".repeat(chars_max)).is_ok());
        for bad in [
            "d".repeat(chars_max + 1),
            String::new(),
            " ".to_owned(),
            "dé".to_owned(),
            "a\nb".to_owned(),
        ] {
            let error = RailSettings::new(network, &bad).unwrap_err();
            assert_eq!((error.chars_max, error.code()), (chars_max, "invalid_description"));
        }
    }
}

#[test]
fn each_decision_has_its_answer() {
    let told = |decision: &str, rationale: Value, amount: &str| {
        let proposed = json!({"amount": amount, "iso_currency_code": "USD"});
        let authorization = json!({
            "id": "authorization-1", "decision": decision, "decision_rationale": rationale, "proposed_transfer": proposed,
        });
        response(200, &json!({"authorization": authorization, "request_id": "r"}))
    };
    let code = |code: &str| json!({"code": code, "description": "prose"});
    let approved = |unchecked: Option<&str>| {
        let id = AuthorizationId("authorization-1".to_owned());
        Answer::Done(Authorization::Approved { id, unchecked: unchecked.map(str::to_owned) })
    };
    let declined = |code: &str| Answer::Done(Authorization::Declined(code.to_owned()));
    let action = || Answer::Done(Authorization::UserActionRequired);
    let blocked = || Answer::Refused(Refusal::Blocked("INVALID_API_KEYS".to_owned()));
    #[rustfmt::skip]
    let table = [
        (told("approved", Value::Null, "12.05"),                              approved(None)),
        (told("approved", json!({"code": null, "description": ""}), "12.05"), approved(None)),
        (told("approved", code("ITEM_LOGIN_REQUIRED"), "12.05"),              approved(Some("ITEM_LOGIN_REQUIRED"))),
        (told("approved", code("A_NEW_ONE"), "12.05"),                        approved(Some("A_NEW_ONE"))),
        (told("approved", code("prose about Ada"), "12.05"),                  approved(Some("UNKNOWN"))),
        (told("approved", Value::Null, "12.06"),                              Answer::Unknown),
        (told("approved", Value::Null, "12.050"),                             approved(None)),
        (told("declined", code("NSF"), "12.05"),                              declined("NSF")),
        (told("declined", Value::Null, "12.05"),                              declined("DECLINED")),
        (told("user_action_required", Value::Null, "12.05"),                  action()),
        (told("perhaps", Value::Null, "12.05"),                               Answer::Unknown),
        (error(400, "ITEM_ERROR", "ITEM_LOGIN_REQUIRED"),                     action()),
        (error(400, "TRANSFER_ERROR", "TRANSFER_ACCOUNT_BLOCKED"),            refused("TRANSFER_ACCOUNT_BLOCKED")),
        (error(400, "INVALID_INPUT", "INVALID_API_KEYS"),                     blocked()),
        (error(400, "API_ERROR", "PLANNED_MAINTENANCE"),                      Answer::Refused(Refusal::Later)),
        (error(400, "INVALID_INPUT", "A_NEW_ONE"),                            Answer::Refused(Refusal::Unclear("A_NEW_ONE".to_owned()))),
        (error(429, "RATE_LIMIT_EXCEEDED", "TRANSFER_AUTHORIZATION_LIMIT"),   Answer::Refused(Refusal::Later)),
        (error(500, "ITEM_ERROR", "ITEM_LOGIN_REQUIRED"),                     Answer::Unknown),
        (response(200, &json!({})),                                           Answer::Unknown),
    ];
    for (response, wanted) in table {
        let told = String::from_utf8_lossy(&response.body).into_owned();
        assert_eq!(convert::authorization(&response, amount(1_205)), wanted, "{told}");
    }
}

#[test]
fn a_transfer_is_refused_for_good_by_few_codes_only() {
    let told = |change: fn(&mut Value)| {
        response(200, &json!({"transfer": transfer(change), "request_id": "r"}))
    };
    let later = || Answer::Refused(Refusal::Later);
    let unclear = |code: &str| Answer::Refused(Refusal::Unclear(code.to_owned()));
    let expired = || Answer::Refused(Refusal::Expired);
    #[rustfmt::skip]
    let table = [
        (told(|_| {}),                                                    Answer::Done(sent(RailStatus::Pending, None))),
        (told(|one| one["status"] = json!("funds_available")),            Answer::Done(sent(RailStatus::FundsAvailable, None))),
        (told(|one| one["status"] = json!("in_orbit")),                   Answer::Unknown),
        (told(|one| one["authorization_id"] = json!("authorization-2")),  Answer::Unknown),
        (told(|one| one["type"] = json!("debit")),                        Answer::Unknown),
        (told(|one| one["iso_currency_code"] = json!("CAD")),             Answer::Unknown),
        (told(|one| one["amount"] = json!("0.00")),                       Answer::Unknown),
        (told(|one| one["id"] = json!("")),                               Answer::Unknown),
        (error(429, "RATE_LIMIT_EXCEEDED", "TRANSFER_LIMIT"),             later()),
        (error(400, "RATE_LIMIT_EXCEEDED", "ANYTHING"),                   later()),
        (Response { status: 429, body: b"slow down".to_vec() },           Answer::Unknown),
        (error(500, "API_ERROR", "INTERNAL_SERVER_ERROR"),                Answer::Unknown),
        (error(503, "RATE_LIMIT_EXCEEDED", "TRANSFER_LIMIT"),             Answer::Unknown),
        (error(500, "TRANSFER_ERROR", "TRANSFER_ACCOUNT_BLOCKED"),        Answer::Unknown),
        (error(400, "TRANSFER_ERROR", "TRANSFER_NOT_CANCELLABLE"),        unclear("TRANSFER_NOT_CANCELLABLE")),
        (error(400, "TRANSFER_ERROR", "A_NEW_ONE"),                       unclear("A_NEW_ONE")),
        (error(400, "INVALID_INPUT", "NOT_FOUND"),                        unclear("NOT_FOUND")),
        (error(400, "TRANSFER_ERROR", "TRANSFER_AUTHORIZATION_EXPIRED"),  expired()),
        (error(400, "INVALID_INPUT", "AUTHORIZATION_EXPIRED"),            expired()),
        (Response { status: 200, body: b"{".to_vec() },                   Answer::Unknown),
        (Response { status: 302, body: Vec::new() },                      Answer::Unknown),
    ];
    for (response, wanted) in table {
        let told = String::from_utf8_lossy(&response.body).into_owned();
        let got = convert::creation(&response, "authorization-1", &settings());
        assert_eq!(got, wanted, "{told}");
    }
    for code in [
        "INCOMPLETE_CUSTOMER_ONBOARDING",
        "TRANSFER_ACCOUNT_BLOCKED",
        "TRANSFER_FORBIDDEN_ACH_CLASS",
        "TRANSFER_NETWORK_LIMIT_EXCEEDED",
        "TRANSFER_UNSUPPORTED_ACCOUNT_TYPE",
        "UNAUTHORIZED_ACCESS",
    ] {
        let response = error(400, "TRANSFER_ERROR", code);
        assert_eq!(convert::creation(&response, "authorization-1", &settings()), refused(code));
    }
    let own = settings().with_expired_codes(vec!["A_NEW_ONE".to_owned()]);
    let response = error(400, "TRANSFER_ERROR", "A_NEW_ONE");
    assert_eq!(convert::creation(&response, "authorization-1", &own), expired());
}

#[test]
fn only_not_found_says_that_nothing_was_sent() {
    let told = |change: fn(&mut Value)| response(200, &json!({"transfer": transfer(change)}));
    let failed = |one: &mut Value| {
        one["status"] = json!("returned");
        one["failure_reason"] = json!({"failure_code": "R01", "description": "prose"});
    };
    #[rustfmt::skip]
    let table = [
        (told(|_| {}),                                                   Answer::Done(Some(sent(RailStatus::Pending, None)))),
        (told(failed),                                                   Answer::Done(Some(sent(RailStatus::Returned, Some("R01"))))),
        (told(|one| one["authorization_id"] = json!("another")),         Answer::Unknown),
        (error(404, "INVALID_INPUT", "NOT_FOUND"),                       Answer::Done(None)),
        (error(400, "TRANSFER_ERROR", "NOT_FOUND"),                      Answer::Done(None)),
        (error(500, "API_ERROR", "NOT_FOUND"),                           Answer::Unknown),
        (Response { status: 404, body: b"<html>NOT_FOUND".to_vec() },    Answer::Unknown),
        (error(400, "INVALID_INPUT", "UNAUTHORIZED_ACCESS"),             Answer::Unknown),
        (error(400, "INVALID_INPUT", "AUTHORIZATION_EXPIRED"),           Answer::Unknown),
        (error(429, "RATE_LIMIT_EXCEEDED", "X"),                         Answer::Refused(Refusal::Later)),
    ];
    for (response, wanted) in table {
        let told = String::from_utf8_lossy(&response.body).into_owned();
        assert_eq!(convert::probe(&response, "authorization-1"), wanted, "{told}");
    }
}

#[test]
fn reasons_are_codes_and_no_prose() {
    #[rustfmt::skip]
    let table = [
        (Value::Null,                                                         None),
        (json!({"failure_code": "R01", "ach_return_code": "R02"}),            Some("R01")),
        (json!({"failure_code": null, "ach_return_code": "R02"}),             Some("R02")),
        (json!({"description": "Ada Example has no account"}),                None),
        (json!({"failure_code": "Ada Example", "ach_return_code": "R03"}),    Some("R03")),
    ];
    for (failure, wanted) in table {
        let told = transfer(|one| {
            one["status"] = json!("failed");
            one["failure_reason"] = failure;
        });
        let got = convert::probe(&response(200, &json!({"transfer": told})), "authorization-1");
        assert_eq!(got, Answer::Done(Some(sent(RailStatus::Failed, wanted))));
    }
}

fn event(id: u64, kind: &str) -> Value {
    json!({"event_id": id, "event_type": kind, "transfer_id": "transfer-1", "failure_reason": null, "refund_id": null, "timestamp": "x"})
}

fn page(events: &[Value], has_more: bool) -> Response {
    response(200, &json!({"transfer_events": events, "has_more": has_more, "request_id": "r"}))
}

#[test]
fn events_come_once_and_in_order_and_unknown_kinds_are_kept() {
    let [mut sweep, mut refund] = [event(9, "sweep.settled"), event(10, "returned")];
    sweep["transfer_id"] = json!("");
    refund["refund_id"] = json!("refund-1");
    let told = [
        refund,
        event(7, "posted"),
        event(3, "pending"),
        event(7, "posted"),
        sweep,
        event(8, "teleported"),
    ];
    let Answer::Done(got) = convert::events(&page(&told, true), 3) else { unreachable!() };
    let seen: Vec<_> =
        got.events.iter().map(|one| (one.id, one.status, one.kind.as_str())).collect();
    let wanted = [
        (7, Some(RailStatus::Posted), "posted"),
        (8, None, "teleported"),
        (9, None, "sweep.settled"),
        (10, None, "returned"),
    ];
    assert_eq!((seen.as_slice(), got.has_more), (wanted.as_slice(), true));
    for kind in RailStatus::ALL {
        let Answer::Done(got) = convert::events(&page(&[event(1, kind.as_str())], false), 0) else {
            unreachable!()
        };
        assert_eq!((got.events[0].status, got.has_more), (Some(*kind), false));
    }
}

#[test]
fn a_page_that_leads_nowhere_is_no_answer() {
    let done = |got: Answer<_>| matches!(got, Answer::Done(_));
    assert!(done(convert::events(&page(&[], false), 5)));
    assert!(!done(convert::events(&page(&[], true), 5)));
    for has_more in [false, true] {
        assert!(!done(convert::events(
            &page(&[event(4, "posted"), event(5, "posted")], has_more),
            5
        )));
    }
    assert!(!done(convert::events(
        &response(200, &json!({"transfer_events": [{"event_id": 1}], "has_more": false})),
        0
    )));
    assert_eq!(
        convert::events(&error(429, "RATE_LIMIT_EXCEEDED", "X"), 0),
        Answer::Refused(Refusal::Later)
    );
    assert_eq!(
        convert::events(&error(400, "INVALID_INPUT", "UNAUTHORIZED_ACCESS"), 0),
        Answer::Unknown
    );
}

#[test]
fn the_list_names_the_keys_and_what_others_sent_has_none() {
    let [own, other] = [transfer(|_| {}), transfer(|one| one["metadata"] = Value::Null)];
    let got = convert::list(&response(200, &json!({"transfers": [own, other]})));
    let wanted = ["transfer:a:b", ""].map(|key| (key.to_owned(), sent(RailStatus::Pending, None)));
    assert_eq!(got, Answer::Done(convert::Page { length: 2, transfers: wanted.to_vec() }));
    let odd = transfer(|one| one["status"] = json!("in_orbit"));
    assert_eq!(convert::list(&response(200, &json!({"transfers": [odd]}))), Answer::Unknown);
    // What somebody else did is passed over, and counted, so that the next page begins behind it.
    let foreign = transfer(|one| {
        (one["metadata"], one["iso_currency_code"]) = (Value::Null, json!("CAD"));
    });
    let own = transfer(|_| {});
    let wanted = vec![("transfer:a:b".to_owned(), sent(RailStatus::Pending, None))];
    let got = convert::list(&response(200, &json!({"transfers": [foreign, own]})));
    assert_eq!(got, Answer::Done(convert::Page { length: 2, transfers: wanted }));
    assert_eq!(
        convert::list(&error(400, "X", "UNAUTHORIZED_ACCESS")),
        Answer::Unknown,
        "never is for transfers"
    );
}

#[test]
fn balances_and_cancellations_follow_the_table() {
    let told = |available: &str| {
        response(200, &json!({"balance": {"available": available, "pending": "1.00"}}))
    };
    let wanted = RailBalance { currency: Currency::USD, available: 123_456, pending: 100 };
    assert_eq!(convert::balance(&told("1234.56")), Answer::Done(wanted));
    assert_eq!(convert::balance(&told("1,234.56")), Answer::Unknown);
    assert_eq!(
        convert::cancellation(&response(200, &json!({"request_id": "r"}))),
        Answer::Done(())
    );
    let no = error(400, "TRANSFER_ERROR", "TRANSFER_NOT_CANCELLABLE");
    assert_eq!(convert::cancellation(&no), refused("TRANSFER_NOT_CANCELLABLE"));
    assert_eq!(convert::cancellation(&error(400, "TRANSFER_ERROR", "X")), Answer::Unknown);
}

proptest! {
    #[test]
    fn no_bytes_are_a_refusal_for_good_or_make_it_panic(status in any::<u16>(), body in any::<Vec<u8>>()) {
        let response = Response { status, body };
        prop_assert_eq!(convert::authorization(&response, amount(1)), Answer::Unknown);
        prop_assert_eq!(convert::creation(&response, "a", &settings()), Answer::Unknown);
        prop_assert_eq!(convert::probe(&response, "a"), Answer::Unknown);
        prop_assert_eq!(convert::events(&response, 0), Answer::Unknown);
        prop_assert_eq!(convert::list(&response), Answer::Unknown);
    }

    #[test]
    fn an_amount_is_read_back_as_it_was_sent(cents in 1_i64..) {
        let told = transfer(|one| one["amount"] = json!(convert::decimal(amount(cents))));
        let got = convert::probe(&response(200, &json!({"transfer": told})), "authorization-1");
        let Answer::Done(Some(got)) = got else { unreachable!() };
        prop_assert_eq!(got.amount, amount(cents));
        let digits = convert::decimal(amount(cents));
        prop_assert_eq!(digits.split_once('.').map(|(_, fraction)| fraction.len()), Some(2));
    }
}

/// Answers from a list, and counts what was asked.
#[derive(Default)]
struct Script {
    answers: Mutex<Vec<Result<Response, HttpError>>>,
    asked: Mutex<Vec<(String, Value)>>,
}

#[async_trait]
impl Http for Script {
    async fn post(&self, path: &str, body: Vec<u8>) -> Result<Response, HttpError> {
        let body = serde_json::from_slice(&body).unwrap();
        self.asked.lock().unwrap().push((path.to_owned(), body));
        self.answers.lock().unwrap().pop().unwrap_or(Err(HttpError::NotSent))
    }
}

/// Whether a person has a destination; `None` where the store does not say.
struct One(Option<bool>);

#[async_trait]
impl DestinationSecrets for One {
    async fn destination(&self, _: UserId) -> Result<Option<Destination>, DestinationError> {
        let found = self.0.map(|has_one| has_one.then(destination));
        found.ok_or(DestinationError::Store(StoreError::Busy))
    }
}

fn rail(who: Option<bool>, answers: Vec<Result<Response, HttpError>>) -> (PlaidRail, Arc<Script>) {
    let script = Arc::new(Script { answers: Mutex::new(answers), ..Script::default() });
    (PlaidRail::new(script.clone(), Arc::new(One(who)), settings()), script)
}

#[tokio::test]
async fn nothing_is_asked_for_without_a_destination_or_in_another_currency() {
    let other = AuthorizationRequest { currency: "CAD".parse().unwrap(), ..ask() };
    let table = [
        (Some(false), ask(), refused("no_destination")),
        (None, ask(), Answer::Refused(Refusal::Later)),
        (Some(true), other, refused("currency_not_sent")),
    ];
    for (who, request, wanted) in table {
        let (rail, script) = rail(who, Vec::new());
        assert_eq!(rail.authorize(&request).await, wanted);
        assert!(script.asked.lock().unwrap().is_empty());
    }
}

#[tokio::test]
async fn what_was_not_sent_is_for_later_and_what_was_lost_is_unknown() {
    let later = [
        (HttpError::NotSent, Answer::Refused(Refusal::Later)),
        (HttpError::MayHaveArrived, Answer::Unknown),
    ];
    for (error, wanted) in later {
        let (rail, _) = rail(Some(true), vec![Err(error)]);
        assert_eq!(rail.authorize(&ask()).await, wanted, "{}", error.code());
    }
}

#[tokio::test]
async fn a_list_is_asked_for_in_pages_of_25() {
    let page = |n: usize| {
        let transfers: Vec<Value> = (0..n).map(|_| transfer(|_| {})).collect();
        Ok(response(200, &json!({"transfers": transfers})))
    };
    // The last answer comes first.
    let (plaid, script) = rail(Some(true), vec![page(3), page(25), page(25)]);
    let Answer::Done(got) = plaid.list(Instant::EPOCH, 7, 1_000).await else { unreachable!() };
    assert_eq!((got.transfers.len(), got.has_more), (53, false));
    let asked = script.asked.lock().unwrap().clone();
    let offsets: Vec<_> = asked.iter().map(|(_, body)| body["offset"].as_u64()).collect();
    assert_eq!(offsets, [Some(7), Some(32), Some(57)]);
    let (plaid, _) = rail(Some(true), vec![page(5), page(25)]);
    let Answer::Done(got) = plaid.list(Instant::EPOCH, 0, 30).await else { unreachable!() };
    assert_eq!(
        (got.transfers.len(), got.has_more),
        (30, true),
        "a full page may have another behind it"
    );
    let (plaid, _) = rail(Some(true), vec![Err(HttpError::MayHaveArrived), page(25)]);
    assert_eq!(plaid.list(Instant::EPOCH, 0, 30).await, Answer::Unknown, "half a list is none");
}

#[test]
fn nothing_secret_is_printed() {
    let (rail, _) = rail(Some(true), Vec::new());
    let told = format!("{:?} {rail:?} {:?}", destination(), error(400, "X", "Y"));
    for hidden in ["access-1", "account-2", "Ada", "cannot be paid"] {
        assert!(!told.contains(hidden), "{told}");
    }
}
