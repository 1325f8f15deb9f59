//! A small world: two settlements, an attorney with an account for the first, claimants who filed,
//! and a rail that remembers whom it paid.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use payme_adapters::driver::{
    Driver, ExecuteOptions, Gateway, GatewayError, NewAccount, NewDestination, Payouts,
    StoredDestinations,
};
use payme_adapters::store::memory::MemoryStore;
use payme_adapters::system::{CountedRandom, FixedClock};
use payme_adapters::vault::{KeyRing, Secret};
use payme_core::catalog::parse_settlements;
use payme_core::claims::{Filing, Question, QuestionKind};
use payme_core::payouts::{
    Answer, AttorneyProfile, Authorization, AuthorizationId, AuthorizationRequest,
    DestinationProvider, PayItem, ProviderTransferId, RailBalance, RailEvents, RailList,
    RailStatus, RailTransfer, Refusal, Registration, RequestKey, SendMoney, Transfer, TransferKey,
};
use payme_core::ports::{Store, TransferRail};
use payme_core::types::{
    AccountId, AttorneyId, Currency, Instant, Money, Person, QuestionId, SettlementId, UserId,
};

/// A ring of two keys, the first of which seals.
pub(crate) const RING: &str = "new:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n\
     old:HxwdGhsYGRYXFBUSExAREA8MDQoLCAkGBwQFAgMAAQE=";
/// What may be in no output and no file.
pub(crate) const ACCOUNT_REF: &str = "021000021-planted-4711";
pub(crate) const TOKEN: &str = "access-planted-token";
pub(crate) const LEGAL_NAME: &str = "Planted Legal Name";

pub(crate) fn user(n: u32) -> UserId {
    format!("00000000-0000-4000-8000-{n:012}").parse().unwrap()
}

pub(crate) fn settlement(n: u32) -> SettlementId {
    format!("00000000-0000-4000-9000-{n:012}").parse().unwrap()
}

pub(crate) fn question_id(n: u32) -> QuestionId {
    format!("00000000-0000-4000-a000-{n:012}").parse().unwrap()
}

pub(crate) fn key(text: &str) -> RequestKey {
    RequestKey::new(text).unwrap()
}

pub(crate) fn usd(cents: i64) -> Money {
    Money::usd_cents(cents)
}

pub(crate) fn now() -> Instant {
    Instant::parse("2026-02-01T00:00:00Z").unwrap()
}

/// A rail that settles at once, except for people whom it declines.
#[derive(Default)]
pub(crate) struct Rail {
    sent: Mutex<BTreeMap<String, (UserId, RailTransfer)>>,
    declined: Mutex<BTreeSet<UserId>>,
    unchecked: Mutex<BTreeSet<UserId>>,
    /// So many more transfers are taken; then it has had enough.
    room: Mutex<Option<usize>>,
    /// So many more requests of any kind are answered; then it has had enough.
    answers: Mutex<Option<usize>>,
    /// What has to be mended before it does anything.
    broken: Mutex<Option<String>>,
    /// People whose transfers stay on their way.
    slow: Mutex<BTreeSet<UserId>>,
    /// What it says to the next requests to cancel, the last one first, in place of doing them.
    said: Mutex<Vec<Answer<()>>>,
    /// It does not say what became of anything.
    is_silent: AtomicBool,
}

impl Rail {
    pub(crate) fn decline(&self, user: UserId) {
        self.declined.lock().unwrap().insert(user);
    }

    /// Agrees to pay this person without having checked the account.
    pub(crate) fn check_not(&self, user: UserId) {
        self.unchecked.lock().unwrap().insert(user);
    }

    /// Checks every account from now on.
    pub(crate) fn check_all(&self) {
        self.unchecked.lock().unwrap().clear();
    }

    /// Leaves the transfers of this person on their way.
    pub(crate) fn delay(&self, user: UserId) {
        self.slow.lock().unwrap().insert(user);
    }

    /// Says this to the next request to cancel, and does nothing.
    pub(crate) fn say(&self, answer: Answer<()>) {
        self.said.lock().unwrap().push(answer);
    }

    /// Whether it says what became of a transfer.
    pub(crate) fn hush(&self, is_silent: bool) {
        self.is_silent.store(is_silent, Ordering::Relaxed);
    }

    /// Moves the transfers of a person on.
    pub(crate) fn advance(&self, user: UserId, to: RailStatus) {
        let mut sent = self.sent.lock().unwrap();
        sent.values_mut().filter(|(of, _)| *of == user).for_each(|(_, one)| one.status = to);
    }

    pub(crate) fn accept_all(&self) {
        self.slow.lock().unwrap().clear();
        self.declined.lock().unwrap().clear();
        *self.room.lock().unwrap() = None;
        *self.answers.lock().unwrap() = None;
        *self.broken.lock().unwrap() = None;
    }

    /// Answers so many requests, whatever they are for.
    pub(crate) fn answer_only(&self, count: usize) {
        *self.answers.lock().unwrap() = Some(count);
    }

    /// Does nothing until this is mended.
    pub(crate) fn break_by(&self, code: &str) {
        *self.broken.lock().unwrap() = Some(code.to_owned());
    }

    fn pause(&self) -> Option<Refusal> {
        if let Some(code) = self.broken.lock().unwrap().clone() {
            return Some(Refusal::Blocked(code));
        }
        let mut answers = self.answers.lock().unwrap();
        match answers.as_mut() {
            Some(0) => Some(Refusal::Later),
            Some(left) => {
                *left -= 1;
                None
            }
            None => None,
        }
    }

    pub(crate) fn accept_only(&self, count: usize) {
        *self.room.lock().unwrap() = Some(count);
    }

    /// Every payment that settled, by person.
    pub(crate) fn paid(&self) -> Vec<(UserId, i64)> {
        let sent = self.sent.lock().unwrap();
        let settled = sent.values().filter(|(_, one)| one.status == RailStatus::Settled);
        let mut paid: Vec<(UserId, i64)> =
            settled.map(|(user, one)| (*user, one.amount.minor())).collect();
        paid.sort_unstable();
        paid
    }
}

#[async_trait]
impl TransferRail for Rail {
    fn name(&self) -> &str {
        "test"
    }

    async fn authorize(&self, request: &AuthorizationRequest) -> Answer<Authorization> {
        if let Some(refusal) = self.pause() {
            return Answer::Refused(refusal);
        }
        let id = AuthorizationId(format!("auth-{}", request.key));
        let is_unchecked = self.unchecked.lock().unwrap().contains(&request.user_id);
        let unchecked = is_unchecked.then(|| "ERROR".to_owned());
        Answer::Done(Authorization::Approved { id, unchecked })
    }

    async fn create(&self, money: &SendMoney) -> Answer<RailTransfer> {
        if let Some(refusal) = self.pause() {
            return Answer::Refused(refusal);
        }
        if let Some(room) = self.room.lock().unwrap().as_mut() {
            let Some(left) = room.checked_sub(1) else { return Answer::Refused(Refusal::Later) };
            *room = left;
        }
        let is_declined = self.declined.lock().unwrap().contains(&money.user_id());
        let is_slow = self.slow.lock().unwrap().contains(&money.user_id());
        let (status, reason) = if is_declined {
            (RailStatus::Failed, Some("declined".to_owned()))
        } else if is_slow {
            (RailStatus::Pending, None)
        } else {
            (RailStatus::Settled, None)
        };
        let id = ProviderTransferId(format!("rail-{}", money.transfer_id()));
        let transfer = RailTransfer { id, amount: money.amount(), status, reason };
        let mut sent = self.sent.lock().unwrap();
        let known = sent.entry(money.key().to_string());
        Answer::Done(known.or_insert((money.user_id(), transfer)).1.clone())
    }

    async fn probe(&self, _: &Transfer, key: &TransferKey) -> Answer<Option<RailTransfer>> {
        if let Some(refusal) = self.pause() {
            return Answer::Refused(refusal);
        }
        if self.is_silent.load(Ordering::Relaxed) {
            return Answer::Unknown;
        }
        let sent = self.sent.lock().unwrap();
        Answer::Done(sent.get(&key.to_string()).map(|(_, transfer)| transfer.clone()))
    }

    async fn list(&self, _: Instant, _: u64, _: usize) -> Answer<RailList> {
        Answer::Refused(Refusal::Never("not_listed".to_owned()))
    }

    async fn events(&self, _: u64, _: usize) -> Answer<RailEvents> {
        Answer::Done(RailEvents::default())
    }

    async fn cancel(&self, name: &ProviderTransferId) -> Answer<()> {
        if let Some(said) = self.said.lock().unwrap().pop() {
            return said;
        }
        let mut sent = self.sent.lock().unwrap();
        let found = sent.values_mut().map(|(_, one)| one).find(|one| one.id == *name);
        match found.filter(|one| one.status == RailStatus::Pending) {
            Some(transfer) => {
                transfer.status = RailStatus::Cancelled;
                Answer::Done(())
            }
            None => Answer::Refused(Refusal::Never("TRANSFER_NOT_CANCELLABLE".to_owned())),
        }
    }

    async fn balance(&self) -> Answer<RailBalance> {
        if self.is_silent.load(Ordering::Relaxed) {
            return Answer::Unknown;
        }
        Answer::Done(RailBalance { currency: Currency::USD, available: 12_345, pending: 67 })
    }
}

/// A gateway over a store, and what else stands around it.
pub(crate) struct World {
    pub(crate) gateway: Gateway,
    pub(crate) rail: Arc<Rail>,
    pub(crate) store: Arc<dyn Store>,
    /// The attorney of the first settlement.
    pub(crate) own: AttorneyId,
    /// Another one, of the second.
    pub(crate) other: AttorneyId,
}

pub(crate) fn profile(name: &str) -> AttorneyProfile {
    let email = format!("{}@example.com", name.to_lowercase());
    AttorneyProfile { name: name.to_owned(), email, firm_name: "Doe LLP".to_owned() }
}

pub(crate) fn gateway_over(store: Arc<dyn Store>, rail: Arc<Rail>, ring: Option<&str>) -> Gateway {
    gateway_at(now(), store, rail, ring)
}

/// The same at another moment.
pub(crate) fn gateway_at(
    at: Instant,
    store: Arc<dyn Store>,
    rail: Arc<Rail>,
    ring: Option<&str>,
) -> Gateway {
    let clock = Arc::new(FixedClock(at));
    let random = Arc::new(CountedRandom::new(1));
    let ring = ring.map(|lines| KeyRing::parse(lines).unwrap());
    let keys = ring.clone().unwrap_or_else(|| KeyRing::parse(RING).unwrap());
    let destinations = Arc::new(StoredDestinations::new(store.clone(), keys));
    let rows: Arc<dyn payme_core::ports::PayoutStore> = store.clone();
    let payouts = Payouts::new(rows, rail, destinations, clock.clone(), random.clone());
    Gateway::new(payouts, store, clock, random, ring)
}

pub(crate) fn new_account(n: u32, opening: Option<Money>) -> NewAccount {
    NewAccount {
        settlement: settlement(n),
        currency: Currency::USD,
        bank_name: "First Bank".to_owned(),
        account_ref: Secret::new(ACCOUNT_REF.to_owned()),
        opening,
    }
}

pub(crate) fn new_destination(n: u32) -> NewDestination {
    let secret = |text: &str| Secret::new(format!("{text} {n}"));
    NewDestination {
        provider: DestinationProvider::Plaid,
        access_token: secret(TOKEN),
        account_id: secret("account-planted"),
        legal_name: secret(LEGAL_NAME),
    }
}

/// What is asked for of a person of the first settlement.
pub(crate) fn item(n: u32, cents: Option<i64>) -> PayItem {
    PayItem { user_id: user(n), settlement_id: settlement(1), money: cents.map(usd) }
}

pub(crate) fn yes_no(n: u32, of: u32) -> Question {
    Question {
        id: question_id(n),
        settlement_id: settlement(of),
        prompt: "Did you buy one?".to_owned(),
        kind: QuestionKind::YesNo,
        options: Vec::new(),
        order_index: 0,
        required: true,
    }
}

impl World {
    /// People 1 to 9 filed for both settlements; 1 to 8 have a destination. The first settlement
    /// pays 5 dollars at least, the second does not say.
    pub(crate) async fn over(store: Arc<dyn Store>) -> Self {
        let catalogue = format!(
            r#"[{{"id": "{}", "title": "One", "payout_min_cents": 500,
                 "eligibility": {{"required_features": [], "states": []}}}},
                {{"id": "{}", "title": "Two",
                 "eligibility": {{"required_features": [], "states": []}}}},
                {{"id": "{}", "title": "Three",
                 "eligibility": {{"required_features": [], "states": []}}}}]"#,
            settlement(1),
            settlement(2),
            settlement(3),
        );
        let (clock, random) = (FixedClock(now()), CountedRandom::new(1 << 40));
        let driver = Driver::new(store.clone(), Arc::new(clock), Arc::new(random));
        let rows = parse_settlements(catalogue.as_bytes()).unwrap().all().unwrap();
        driver.import_settlements(rows).await.unwrap();
        for n in 1..=10 {
            driver.set_person(Person::unknown(user(n))).await.unwrap();
        }
        let rail = Arc::new(Rail::default());
        let gateway = gateway_over(store.clone(), rail.clone(), Some(RING));
        let mut attorneys = Vec::new();
        for (n, name, cents) in [(1, "Jane", 10_000), (2, "John", 10_000)] {
            let registered = gateway.register(user(100 + n), profile(name)).await.unwrap();
            let (Registration::New(attorney) | Registration::Stood(attorney)) = registered;
            gateway.link(attorney.id, new_account(n, Some(usd(cents)))).await.unwrap();
            attorneys.push(attorney.id);
        }
        for n in 1..=9 {
            for of in [1, 2] {
                gateway.open_claim(user(n), settlement(of)).await.unwrap();
                let filing = Filing::default();
                gateway.submit_claim(user(n), settlement(of), filing).await.unwrap();
            }
            if n < 9 {
                gateway.link_destination(user(n), new_destination(n)).await.unwrap();
            }
        }
        Self { gateway, rail, store, own: attorneys[0], other: attorneys[1] }
    }

    pub(crate) async fn new() -> (Self, Arc<MemoryStore>) {
        let store = Arc::new(MemoryStore::new());
        (Self::over(store.clone()).await, store)
    }

    pub(crate) async fn account(&self, n: u32) -> AccountId {
        self.store.account_of(settlement(n)).await.unwrap().unwrap().id
    }

    pub(crate) async fn pay(
        &self,
        items: &[PayItem],
        text: &str,
    ) -> Result<payme_adapters::driver::PaidTogether, GatewayError> {
        let options = ExecuteOptions::default();
        self.gateway.execute_items(self.own, items, &key(text), options, |_| {}).await
    }
}
