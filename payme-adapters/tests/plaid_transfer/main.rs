//! Payouts over HTTP: the driver, the rail of Plaid, and a server that behaves as Plaid's published
//! description says.
#![cfg(all(
    feature = "driver",
    feature = "memory",
    feature = "plaid-transfer",
    feature = "system"
))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails should say where")]

mod contract;
#[cfg(all(feature = "sqlite", unix))]
mod kill;
mod twin;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use payme_adapters::driver::{ExecuteOptions, NewBatch, Payouts};
use payme_adapters::plaid::transfer::{
    ClientError, Credentials, Destination, DestinationError, DestinationSecrets, HttpClient,
    Network, PlaidRail, RailSettings, WebhookError, Webhooks,
};
use payme_adapters::rail::{EverybodyHasDestination, TwinSettings, Verdict};
use payme_adapters::store::memory::MemoryStore;
use payme_adapters::system::CountedRandom;
use payme_adapters::vault::{Secret, VaultError};
use payme_core::claims::ClaimMove;
use payme_core::payouts::{
    Answer, CancelAnswer, Hold, ProviderTransferId, RailBalance, RailStatus, Refusal, RequestKey,
    TransferState,
};
use payme_core::ports::{Clock as _, TransferRail as _};
use payme_core::types::{AttorneyId, Currency, Money, PayoutBatchId, SettlementId, UserId};

use twin::{Fault, HandClock, HttpTwin};

const MINUTE: Duration = Duration::from_secs(60);

/// Everybody has a destination, of this version.
struct Everybody(&'static str);

#[async_trait]
impl DestinationSecrets for Everybody {
    async fn destination(&self, user: UserId) -> Result<Option<Destination>, DestinationError> {
        Ok(Some(Destination {
            access_token: Secret::new(format!("access-{user}")),
            account_id: Secret::new(format!("account-{user}")),
            legal_name: Secret::new("Ada Example".to_owned()),
            version: self.0.to_owned(),
        }))
    }
}

struct World {
    server: HttpTwin,
    clock: Arc<HandClock>,
    store: Arc<MemoryStore>,
    rail: PlaidRail,
    payouts: Payouts,
    batch: PayoutBatchId,
}

fn user(n: usize) -> UserId {
    format!("00000000-0000-4000-8000-{n:012}").parse().unwrap()
}

fn rail(origin: &str) -> PlaidRail {
    try_rail(origin).unwrap()
}

fn try_rail(origin: &str) -> Result<PlaidRail, ClientError> {
    let settings = RailSettings::new(Network::Ach, "settlement").unwrap();
    Ok(PlaidRail::new(Arc::new(client(origin)?), Arc::new(Everybody("1")), settings))
}

fn client(origin: &str) -> Result<HttpClient, ClientError> {
    let [client_id, secret] = ["client-1", "secret-1"].map(|text| Secret::new(text.to_owned()));
    HttpClient::new(origin, &Credentials { client_id, secret }, Duration::from_millis(400))
}

impl World {
    /// A sealed batch of so many people, of 10.01, 10.02, and so on.
    async fn new(people: usize) -> Self {
        let clock = HandClock::at("2026-02-01T12:00:00.25Z");
        let server = HttpTwin::start(TwinSettings::default(), clock.clone()).await;
        let store = Arc::new(MemoryStore::new());
        let rail = rail(&server.origin);
        let random = Arc::new(CountedRandom::new(1));
        let everybody = Arc::new(EverybodyHasDestination);
        let payouts =
            Payouts::new(store.clone(), Arc::new(rail.clone()), everybody, clock.clone(), random);
        let settlement: SettlementId = "00000000-0000-4000-9000-000000000001".parse().unwrap();
        let attorney: AttorneyId = "00000000-0000-4000-9000-000000000002".parse().unwrap();
        let account = payouts.link_account(attorney, settlement, Currency::USD).await.unwrap();
        let key = RequestKey::new("money").unwrap();
        payouts.fund(account, &key, Money::usd_cents(10_000_000)).await.unwrap();
        for n in 0..people {
            for event in [ClaimMove::Open, ClaimMove::Submit] {
                payouts.move_claim(user(n), settlement, event).await.unwrap();
            }
            let cents = 1_001 + i64::try_from(n).unwrap();
            payouts.approve(settlement, user(n), Some(Money::usd_cents(cents))).await.unwrap();
        }
        let key = RequestKey::new("payday").unwrap();
        let made = payouts
            .create_batch(NewBatch { settlement, key: &key, items: None, payout_min: None })
            .await
            .unwrap();
        assert_eq!(
            (made.batch.total_transfers, made.skipped.len()),
            (u32::try_from(people).unwrap(), 0)
        );
        Self { server, clock, store, rail, payouts, batch: made.batch.id }
    }

    /// The same rows and the same server, with other destinations.
    fn payouts_to(&self, destinations: impl DestinationSecrets + 'static) -> Payouts {
        let settings = RailSettings::new(Network::Ach, "settlement").unwrap();
        let http = Arc::new(client(&self.server.origin).unwrap());
        let rail = Arc::new(PlaidRail::new(http, Arc::new(destinations), settings));
        let random = Arc::new(CountedRandom::new(9));
        let everybody = Arc::new(EverybodyHasDestination);
        Payouts::new(self.store.clone(), rail, everybody, self.clock.clone(), random)
    }

    async fn execute(&self) -> u32 {
        self.clock.forward(MINUTE);
        self.payouts.execute(self.batch, ExecuteOptions::default(), |_| {}).await.unwrap().open
    }

    fn plan(&self, plan: impl FnMut(&str, usize) -> Option<Fault> + Send + 'static) {
        self.server.state().plan = Box::new(plan);
    }

    /// How many transfers are in each state.
    fn states(&self) -> BTreeMap<TransferState, usize> {
        let mut counts = BTreeMap::new();
        for row in self.store.payout_rows().transfers.values() {
            *counts.entry(row.state).or_default() += 1;
        }
        counts
    }

    /// What was really sent: each key with how many transfers it has.
    fn sent(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for sent in self.server.state().twin.sent() {
            *counts.entry(sent.key.clone()).or_default() += 1;
        }
        counts
    }

    fn advance(
        &self,
        to: RailStatus,
        reason: Option<&str>,
        which: impl Fn(usize) -> bool,
    ) -> usize {
        let mut state = self.server.state();
        let ids: Vec<ProviderTransferId> =
            state.twin.sent().map(|sent| sent.transfer.id.clone()).collect();
        let chosen = ids.iter().enumerate().filter(|(n, _)| which(*n));
        let moved: Vec<bool> = chosen.map(|(_, id)| state.twin.advance(id, to, reason)).collect();
        moved.into_iter().filter(|moved| *moved).count()
    }

    /// Reads events until the rail has told all; says how many changed a transfer.
    async fn read_events(&self) -> usize {
        let mut applied = 0;
        for _ in 0..50 {
            let read = self.payouts.read_events().await.unwrap();
            assert_eq!(read.contradicting, 0);
            applied += read.applied;
            if read.is_complete {
                return applied;
            }
        }
        panic!("the events were not read to the end");
    }

    async fn agrees(&self) {
        let mut lines = 0;
        let report = self.payouts.reconcile(self.batch, |_| lines += 1).await.unwrap();
        assert_eq!(report.check_line(), "rows, ledger and rail agree", "{report:?}");
        assert_eq!(lines, report.total_transfers);
        assert_eq!(
            self.server.state().findings,
            Vec::<String>::new(),
            "all that is said is as the API is described"
        );
    }
}

/// Each kind of request goes wrong in each way, in turn.
fn trouble(path: &str, nth: usize) -> Option<Fault> {
    match (path, nth % 11) {
        ("/transfer/event/sync", 1 | 4) => Some(Fault::OldPage),
        (
            "/transfer/authorization/create"
            | "/transfer/create"
            | "/transfer/get"
            | "/transfer/event/sync",
            at,
        ) => match at {
            0 => Some(Fault::LostAnswer),
            2 => Some(Fault::ErrorAfter),
            3 => Some(Fault::Later),
            5 => Some(Fault::LostRequest),
            7 => Some(Fault::Cut),
            9 => Some(Fault::Slow),
            _ => None,
        },
        _ => None,
    }
}

#[tokio::test]
async fn a_batch_is_paid_once_each_through_a_network_that_loses_things() {
    let world = World::new(20).await;
    {
        let account = format!("account-{}", user(3));
        world.server.state().verdicts.insert(account, Verdict::Decline("NSF".to_owned()));
    }
    world.plan(trouble);
    for _ in 0..6 {
        world.execute().await;
    }
    world.plan(|_, _| None);
    let mut open = 20;
    for _ in 0..3 {
        open = world.execute().await;
    }
    assert_eq!(open, 19);
    let wanted = BTreeMap::from([(TransferState::Processing, 19), (TransferState::Failed, 1)]);
    assert_eq!(world.states(), wanted);
    let sent = world.sent();
    assert_eq!((sent.len(), sent.values().max()), (19, Some(&1)), "{sent:?}");

    world.plan(trouble);
    let all = |_: usize| true;
    world.server.state().twin.tell_other(ProviderTransferId(String::new()), None);
    assert_eq!(world.advance(RailStatus::Failed, Some("R03"), |n| n == 5), 1);
    assert_eq!(world.advance(RailStatus::Posted, None, all), 18);
    assert_eq!(world.read_events().await, 1, "one failed; posted is still on its way");
    assert_eq!(world.advance(RailStatus::Settled, None, all), 18);
    assert_eq!(world.read_events().await, 18);
    assert_eq!(world.execute().await, 0);
    assert_eq!(world.advance(RailStatus::Returned, Some("R10"), |n| n == 7), 1);
    world.clock.forward(30 * 24 * 60 * MINUTE);
    assert_eq!(world.read_events().await, 1, "weeks later money comes back");
    let wanted =
        [(TransferState::Completed, 17), (TransferState::Failed, 2), (TransferState::Returned, 1)];
    assert_eq!(world.states(), BTreeMap::from(wanted));
    let reasons: BTreeSet<_> = world
        .store
        .payout_rows()
        .transfers
        .values()
        .filter_map(|row| row.failure_reason.clone())
        .collect();
    assert_eq!(reasons, ["NSF", "R03", "R10"].map(str::to_owned).into());
    world.plan(|_, _| None);
    world.agrees().await;
    let fired = world.server.state().fired.clone();
    assert_eq!(fired.len(), 7, "every kind of trouble came: {fired:?}");
}

/// What becomes of a transfer whose request was lost until its authorization ran out, by the code
/// that says so: the states, how many were sent, and what a person is asked to look at.
async fn after_it_expired(
    code: &'static str,
) -> (BTreeMap<TransferState, usize>, usize, Vec<Option<Hold>>) {
    let world = World::new(2).await;
    world.server.state().expired_code = code;
    world.plan(|path, _| (path == "/transfer/create").then_some(Fault::LostRequest));
    assert_eq!(world.execute().await, 2);
    world.plan(|_, _| None);
    world.clock.forward(90 * MINUTE);
    for _ in 0..3 {
        assert_eq!(world.execute().await, 2);
    }
    world.read_events().await;
    world.agrees().await;
    let sent = world.sent();
    assert!(sent.values().all(|count| *count == 1), "{sent:?}");
    let held = world.store.payout_rows().transfers.values().map(|row| row.hold).collect();
    (world.states(), sent.len(), held)
}

#[tokio::test]
async fn an_authorization_that_ran_out_is_made_anew_or_a_person_has_to_look() {
    let processing = BTreeMap::from([(TransferState::Processing, 2)]);
    let told = after_it_expired("TRANSFER_AUTHORIZATION_EXPIRED").await;
    assert_eq!(told, (processing.clone(), 2, vec![None; 2]));
    // Where the code is one that nobody foresaw, nothing is sent twice, nothing fails, and a person
    // is asked to look.
    let told = after_it_expired("SOME_OTHER_CODE").await;
    assert_eq!(told, (processing, 0, vec![Some(Hold::Unclear); 2]));
}

/// Plaid agreed to pay into one account, and the person has another one by now: nothing is sent with
/// that agreement.
#[tokio::test]
async fn whoever_moved_is_paid_by_a_new_agreement() {
    let world = World::new(5).await;
    world.plan(|path, _| (path == "/transfer/create").then_some(Fault::LostRequest));
    world.execute().await;
    assert_eq!(world.states(), [(TransferState::Unknown, 5)].into_iter().collect());
    world.plan(|_, _| None);
    let payouts = world.payouts_to(Everybody("2"));
    let before: Vec<_> =
        world.store.payout_rows().transfers.values().map(|row| row.authorization.clone()).collect();
    for _ in 0..2 {
        world.clock.forward(MINUTE);
        payouts.execute(world.batch, ExecuteOptions::default(), |_| {}).await.unwrap();
    }
    let rows = world.store.payout_rows().transfers;
    assert!(rows.values().all(|row| row.round == 1 && row.provider_transfer_id.is_some()));
    assert!(rows.values().all(|row| !before.contains(&row.authorization)));
    assert_eq!(world.sent().len(), 5);
    assert!(world.sent().values().all(|count| *count == 1));
}

/// Everybody has a destination, but that of one person was changed behind the engine's back.
struct AllButOne(UserId);

#[async_trait]
impl DestinationSecrets for AllButOne {
    async fn destination(&self, user: UserId) -> Result<Option<Destination>, DestinationError> {
        if user == self.0 {
            return Err(DestinationError::Locked(VaultError::Tampered));
        }
        Everybody("1").destination(user).await
    }
}

#[tokio::test]
async fn a_destination_that_does_not_open_holds_its_own_transfer_only() {
    let world = World::new(5).await;
    let spoilt = world.payouts_to(AllButOne(user(2)));
    let run = async |payouts: &Payouts| {
        world.clock.forward(MINUTE);
        payouts.execute(world.batch, ExecuteOptions::default(), |_| {}).await.unwrap()
    };
    let first = run(&spoilt).await;
    assert_eq!(first.blocked_by, None);
    assert_eq!(world.sent().len(), 4, "the others are paid");
    let rows = world.store.payout_rows().transfers;
    let held: Vec<_> = rows.values().filter(|row| row.hold == Some(Hold::Unclear)).collect();
    assert_eq!(held.iter().map(|row| row.user_id).collect::<Vec<_>>(), [user(2)]);
    // Held is held, also where it would open by now, until somebody lets it go.
    let sound = world.payouts_to(Everybody("1"));
    run(&sound).await;
    assert_eq!(world.sent().len(), 4);
    sound.release(held[0]).await.unwrap();
    run(&sound).await;
    assert_eq!(world.sent().len(), 5);
    assert!(world.sent().values().all(|count| *count == 1));
    world.agrees().await;
}

#[tokio::test]
async fn a_server_that_is_not_there_was_sent_nothing() {
    let world = World::new(1).await;
    world.plan(|path, _| (path == "/transfer/create").then_some(Fault::LostAnswer));
    assert_eq!(world.execute().await, 1);
    assert_eq!(world.states(), BTreeMap::from([(TransferState::Unknown, 1)]));
    // Nothing listens at the port that was just given back.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let nowhere = rail(&origin);
    assert_eq!(nowhere.balance().await, Answer::Refused(Refusal::Later));
    assert_eq!(
        nowhere.list(world.clock.now(), 0, 10).await.map(|_| ()),
        Answer::Refused(Refusal::Later)
    );
    assert_eq!(nowhere.events(0, 10).await.map(|_| ()), Answer::Refused(Refusal::Later));
}

#[tokio::test]
async fn a_server_without_tls_is_sent_nothing_where_tls_is_due() {
    let clock = HandClock::at("2026-02-01T12:00:00Z");
    let server = HttpTwin::start(TwinSettings::default(), clock).await;
    match try_rail(&server.origin.replace("http:", "https:")) {
        Ok(rail) => assert_eq!(rail.balance().await, Answer::Refused(Refusal::Later)),
        Err(error) => assert_eq!(error, ClientError::NoRoots),
    }
    assert!(rail(&server.origin).balance().await != Answer::Unknown);
    assert_eq!(server.state().requests(), 1, "the one over plain HTTP");
}

#[tokio::test]
async fn a_transfer_can_be_cancelled_until_it_is_on_its_way() {
    let world = World::new(30).await;
    assert_eq!(world.execute().await, 30);
    // 30 transfers of 10.01, 10.02 and so on are on their way.
    let balance =
        |available| Answer::Done(RailBalance { currency: Currency::USD, available, pending: 50 });
    assert_eq!(world.rail.balance().await, balance(100_000_000 - 30 * 1_001 - 435));
    let of = |n: usize| {
        let rows = world.store.payout_rows().transfers;
        rows.into_values().find(|row| row.user_id == user(n)).unwrap()
    };
    let outcome = world.payouts.cancel(of(0).id).await.unwrap();
    assert_eq!((outcome.answer, outcome.state), (CancelAnswer::Agreed, TransferState::Failed));
    assert_eq!(outcome.failure_reason.as_deref(), Some("cancelled"));
    assert_eq!(world.rail.balance().await, balance(100_000_000 - 29 * 1_001 - 435));
    assert_eq!(world.advance(RailStatus::Posted, None, |_| true), 29);
    let refused = world.payouts.cancel(of(1).id).await.unwrap_err();
    assert_eq!(refused.code(), "transfer_not_cancellable");
    assert_eq!(of(1).state, TransferState::Processing);
    // Where the answer is lost it may have happened: that it did is found where it is looked for.
    assert_eq!(world.read_events().await, 0, "all that is known");
    let wanted = [(TransferState::Processing, 29), (TransferState::Failed, 1)];
    assert_eq!(world.states(), BTreeMap::from(wanted));
    // More than one page of the list.
    world.agrees().await;
}

#[tokio::test]
async fn a_cancellation_whose_answer_is_lost_is_found() {
    for (fault, answer, state) in [
        (Fault::LostAnswer, CancelAnswer::Unknown, TransferState::Failed),
        (Fault::ErrorAfter, CancelAnswer::Unknown, TransferState::Failed),
        (Fault::Cut, CancelAnswer::Unknown, TransferState::Failed),
        (Fault::LostRequest, CancelAnswer::Unknown, TransferState::Processing),
        (Fault::Later, CancelAnswer::Later, TransferState::Processing),
    ] {
        let world = World::new(1).await;
        assert_eq!(world.execute().await, 1);
        world.plan(move |path, _| (path == "/transfer/cancel").then_some(fault));
        let id = *world.store.payout_rows().transfers.keys().next().unwrap();
        let told = world.payouts.cancel(id).await.unwrap();
        assert_eq!((told.answer, told.state), (answer, state), "{fault:?}");
        world.plan(|_, _| None);
        world.agrees().await;
    }
}

/// A webhook of 2026-02-01T12:00:00Z, signed by another implementation with the key of RFC 7515,
/// A.3.
const WEBHOOK: &str = r#"{"webhook_type":"TRANSFER","webhook_code":"TRANSFER_EVENTS_UPDATE","environment":"sandbox"}"#;
const WEBHOOK_CLAIMS: &str = "eyJpYXQiOjE3Njk5NDcyMDAsInJlcXVlc3RfYm9keV9zaGEyNTYiOiIwZTgxZjhhOWVhZTA0MzdhZGM4MzJiN2RkNjIwN2U1\
MmM2MjZhMWRiYTFkNmM0NDU5ZTg5M2Q4ZmI4MWIwZDlkIn0";
const SIGNED_AS_KEY_1: [&str; 2] = [
    "eyJhbGciOiJFUzI1NiIsImtpZCI6ImtleS0xIiwidHlwIjoiSldUIn0",
    "imjJZ-B-hVwUfyrCjR9Dp4v3La1UhSjMlDJR4tGGr52dgisJM9457uo4RZuh9mp3qmk67mXjqKTRTECixd7TZg",
];
const SIGNED_AS_KEY_2: [&str; 2] = [
    "eyJhbGciOiJFUzI1NiIsImtpZCI6ImtleS0yIiwidHlwIjoiSldUIn0",
    "qAuv377F-wwUejIgd4gSBnAe95IzRtjoxGS2CpGPy4B-DFmiWN465BnDS1FnrLvBILQSweJaccyPRUVJtHXLuQ",
];

#[tokio::test]
async fn a_webhook_is_believed_by_the_key_that_the_server_tells() {
    let clock = HandClock::at("2026-02-01T12:03:00Z");
    let server = HttpTwin::start(TwinSettings::default(), clock.clone()).await;
    let webhooks = Webhooks::new(Arc::new(client(&server.origin).unwrap()));
    let token = |[header, signature]: [&str; 2]| format!("{header}.{WEBHOOK_CLAIMS}.{signature}");
    let [known, unknown] = [SIGNED_AS_KEY_1, SIGNED_AS_KEY_2].map(token);
    let (body, other) = (WEBHOOK.as_bytes(), WEBHOOK.replace("sandbox", "production"));
    assert_eq!(webhooks.verify(&known, body, clock.now()).await, Ok(()));
    let forged = webhooks.verify(&known, other.as_bytes(), clock.now()).await;
    assert_eq!(forged, Err(WebhookError::Body));
    let got = webhooks.verify(&unknown, body, clock.now()).await;
    assert_eq!(got, Err(WebhookError::KeyUnknown));
    clock.forward(3 * MINUTE);
    assert_eq!(webhooks.verify(&known, body, clock.now()).await, Err(WebhookError::TooOld));
    let state = server.state();
    assert_eq!((state.requests(), &state.findings), (2, &Vec::new()));
}
