//! A process that pays over HTTP from a database on disk, killed again and again.
//!
//! The test starts itself as another process, which executes a batch. While it works, one byte of a
//! small file says what it is doing; it is killed without warning at random moments, until the batch
//! has ended. Then everybody has to be paid once, by the count of the rail and not of the database.
//! `PAYME_KILLS` says how many kills there are, `PAYME_KILL_TRANSFERS` how large a batch is.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant as Timer};

use async_trait::async_trait;
use payme_adapters::driver::{ExecuteOptions, NewBatch, Payouts};
use payme_adapters::plaid::transfer::PlaidRail;
use payme_adapters::rail::{EverybodyHasDestination, TwinSettings};
use payme_adapters::store::sqlite::SqliteStore;
use payme_adapters::system::{SystemClock, SystemRandom};
use payme_core::audit::{Event, Head, Link};
use payme_core::claims::{Claim, ClaimMove};
use payme_core::payouts::{
    Account, Amount, Answer, Approval, Authorization, AuthorizationRequest, Batch, Books, Draft,
    Meaning, PayoutChange, Posting, ProviderTransferId, RailBalance, RailEvents, RailList,
    RailNote, RailStatus, RailTransfer, RequestKey, SendMoney, Transfer, TransferKey,
    TransferState, approve, fund, link_account,
};
use payme_core::ports::{Clock, Commit, PayoutStore, StoreError, TransferRail};
use payme_core::types::{
    AccountId, ApprovalId, AttorneyId, Currency, Instant, Money, PayoutBatchId, SettlementId,
    TransferId, UserId,
};

use super::twin::{HandClock, HttpTwin};
use super::{rail, user};

const LEASE: i64 = 1_000_000;
/// In a campaign of so many kills, four in five have to land where something is being done.
const CAMPAIGN: usize = 50;

/// What a kill waits for; what it hits is told by the byte that is left.
const AIMS: [Option<u8>; 5] = [Some(b'w'), Some(b'r'), Some(b'w'), Some(b'r'), None];

fn settlement() -> SettlementId {
    "00000000-0000-4000-9000-000000000001".parse().unwrap()
}

fn from_environment(name: &str, default: usize) -> usize {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

/// What the process is doing, in one byte on disk: a write of the store counts before calls of the rail.
struct Phase {
    file: File,
    writes: AtomicUsize,
    calls: AtomicUsize,
}

impl Phase {
    fn new(folder: &Path) -> Arc<Self> {
        let file = File::create(folder.join("phase")).unwrap();
        Arc::new(Self { file, writes: AtomicUsize::new(0), calls: AtomicUsize::new(0) })
    }

    fn tell(&self) {
        let busy = |count: &AtomicUsize| count.load(Ordering::Relaxed) > 0;
        let byte = match (busy(&self.writes), busy(&self.calls)) {
            (true, _) => b'w',
            (false, true) => b'r',
            (false, false) => b'-',
        };
        self.file.write_all_at(&[byte], 0).unwrap();
    }

    /// Counts as inside until it has ended.
    async fn inside<T>(&self, count: &AtomicUsize, work: impl Future<Output = T>) -> T {
        count.fetch_add(1, Ordering::Relaxed);
        self.tell();
        let answer = work.await;
        count.fetch_sub(1, Ordering::Relaxed);
        self.tell();
        answer
    }
}

struct WatchedStore {
    inner: SqliteStore,
    phase: Arc<Phase>,
}

macro_rules! watched {
    ($(fn $name:ident($($arg:ident: $kind:ty),*) -> $answer:ty;)+) => {
        #[async_trait]
        impl PayoutStore for WatchedStore {
            $(async fn $name(&self $(, $arg: $kind)*) -> Result<$answer, StoreError> {
                self.inner.$name($($arg),*).await
            })+

            async fn commit_claim(&self, claim: &Claim, events: &[Event]) -> Result<Commit, StoreError> {
                let commit = self.inner.commit_claim(claim, events);
                self.phase.inside(&self.phase.writes, commit).await
            }

            async fn commit_payout(&self, change: &PayoutChange) -> Result<Commit, StoreError> {
                let commit = self.inner.commit_payout(change);
                self.phase.inside(&self.phase.writes, commit).await
            }
        }
    };
}

#[rustfmt::skip]
watched! {
    fn claim(user: UserId, settlement: SettlementId) -> Option<Claim>;
    fn claims_of(user: UserId) -> Vec<Claim>;
    fn account(id: AccountId) -> Option<Account>;
    fn account_of(settlement: SettlementId) -> Option<Account>;
    fn accounts_of(attorney: AttorneyId) -> Vec<Account>;
    fn deposit(account: AccountId, key: &RequestKey) -> Option<Amount>;
    fn approval_of(user: UserId, settlement: SettlementId) -> Option<Approval>;
    fn waiting(account: AccountId, after: Option<ApprovalId>, limit: usize) -> Vec<Approval>;
    fn approvals(account: AccountId, after: Option<ApprovalId>, limit: usize) -> Books;
    fn payout_batch(id: PayoutBatchId) -> Option<Batch>;
    fn payout_batch_of(attorney: AttorneyId, key: &RequestKey) -> Option<Batch>;
    fn payout_batches(account: AccountId, before: Option<PayoutBatchId>, limit: usize) -> Vec<Batch>;
    fn transfers(batch: PayoutBatchId, states: &[TransferState], after: Option<TransferId>, limit: usize) -> Vec<Transfer>;
    fn transfer(id: TransferId) -> Option<Transfer>;
    fn transfers_named(names: &[ProviderTransferId]) -> Vec<(ProviderTransferId, TransferId)>;
    fn books(batches: &[PayoutBatchId], transfers: &[TransferId]) -> Books;
    fn rail_cursor(rail: &str) -> u64;
    fn rail_notes_known_now(rail: &str, limit: usize) -> Vec<RailNote>;
    fn rail_notes(rail: &str, after: u64, limit: usize) -> Vec<RailNote>;
    fn payout_log(account: AccountId, after: u64, limit: usize) -> Vec<Link>;
    fn postings_of_batch(batch: PayoutBatchId) -> Vec<Posting>;
    fn postings_of_transfers(transfers: &[TransferId]) -> Vec<Posting>;
    fn postings(account: AccountId, skip: u64, limit: usize) -> Vec<Posting>;
}

struct WatchedRail {
    inner: PlaidRail,
    phase: Arc<Phase>,
}

#[async_trait]
impl TransferRail for WatchedRail {
    fn name(&self) -> &str {
        self.inner.name()
    }

    async fn authorize(&self, request: &AuthorizationRequest) -> Answer<Authorization> {
        self.phase.inside(&self.phase.calls, self.inner.authorize(request)).await
    }

    async fn create(&self, money: &SendMoney) -> Answer<RailTransfer> {
        self.phase.inside(&self.phase.calls, self.inner.create(money)).await
    }

    async fn probe(&self, transfer: &Transfer, key: &TransferKey) -> Answer<Option<RailTransfer>> {
        self.phase.inside(&self.phase.calls, self.inner.probe(transfer, key)).await
    }

    async fn list(&self, since: Instant, skip: u64, count: usize) -> Answer<RailList> {
        self.phase.inside(&self.phase.calls, self.inner.list(since, skip, count)).await
    }

    async fn events(&self, after: u64, count: usize) -> Answer<RailEvents> {
        self.phase.inside(&self.phase.calls, self.inner.events(after, count)).await
    }

    async fn cancel(&self, transfer: &ProviderTransferId) -> Answer<()> {
        self.phase.inside(&self.phase.calls, self.inner.cancel(transfer)).await
    }

    async fn balance(&self) -> Answer<RailBalance> {
        self.phase.inside(&self.phase.calls, self.inner.balance()).await
    }
}

/// The clock of the machine, ahead by a lease for each process before: what a killed one had taken is
/// free at once.
struct Ahead(i64);

impl Clock for Ahead {
    fn now(&self) -> Instant {
        SystemClock.now().plus_micros(self.0)
    }
}

/// The process that is killed. Alone, without a folder to work in, it does nothing.
#[tokio::test]
#[ignore = "started by the test of kills as a process of its own"]
async fn child() {
    let Some(folder) = std::env::var_os("PAYME_KILL_FOLDER") else { return };
    let origin = std::env::var("PAYME_KILL_ORIGIN").unwrap();
    let ahead = i64::try_from(from_environment("PAYME_KILL_AHEAD", 0)).unwrap();
    let folder = Path::new(&folder);
    let inner = SqliteStore::open(folder.join("payme.db").to_str().unwrap()).await.unwrap();
    let phase = Phase::new(folder);
    let store = Arc::new(WatchedStore { inner, phase: phase.clone() });
    let rail = Arc::new(WatchedRail { inner: rail(&origin), phase });
    let (clock, random) = (Arc::new(Ahead(ahead)), Arc::new(SystemRandom::default()));
    let payouts =
        Payouts::new(store.clone(), rail, Arc::new(EverybodyHasDestination), clock, random);
    let key = RequestKey::new("payday").unwrap();
    let new = NewBatch { settlement: settlement(), key: &key, items: None, payout_min: None };
    let batch = payouts.create_batch(new).await.unwrap().batch.id;
    let options = ExecuteOptions { lease_micros: LEASE, ..ExecuteOptions::default() };
    loop {
        // A slow machine may take longer than the lease: then the next call goes on.
        let _ = payouts.execute(batch, options, |_| {}).await;
        for _ in 0..20 {
            payouts.read_events().await.unwrap();
            if store.payout_batch(batch).await.unwrap().unwrap().state.is_final() {
                return store.inner.close().await;
            }
        }
    }
}

/// A database with so many people who are approved, and an account that holds enough.
async fn prepare(path: &Path, people: usize) -> AccountId {
    let store = SqliteStore::open(path.to_str().unwrap()).await.unwrap();
    let now = SystemClock.now();
    let mut books = Books::default();
    for n in 0..people {
        let mut claim = Claim::matched(user(n), settlement(), now);
        for event in [ClaimMove::Open, ClaimMove::Submit] {
            claim = claim.moved(event, now).unwrap();
        }
        books.claims.insert((user(n), settlement()), claim);
    }
    let random = SystemRandom::default();
    let bytes = || payme_core::ports::Random::bytes(&random);
    let account = AccountId::v7(now, bytes());
    let attorney = AttorneyId::v7(now, bytes());
    let mut draft = Draft::new(books, now);
    link_account(&mut draft, None, account, attorney, (settlement(), Currency::USD, "plaid"))
        .unwrap();
    let key = RequestKey::new("money").unwrap();
    fund(&mut draft, account, &key, Money::usd_cents(1_000_000_000_000), None).unwrap();
    for n in 0..people {
        let money = Some(Money::usd_cents(1_001 + i64::try_from(n).unwrap()));
        approve(&mut draft, account, user(n), money, ApprovalId::v7(now, bytes())).unwrap();
    }
    assert_eq!(store.commit_payout(&draft.finish()).await, Ok(Commit::Done));
    store.close().await;
    account
}

/// Numbers that look random and are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// The rail goes on: one in seventeen transfers fails, and one in twenty-nine comes back.
fn move_rail(server: &HttpTwin) {
    let mut state = server.state();
    let sent: Vec<(ProviderTransferId, RailStatus)> =
        state.twin.sent().map(|one| (one.transfer.id.clone(), one.transfer.status)).collect();
    for (n, (name, status)) in sent.iter().enumerate() {
        let to = match status {
            RailStatus::Pending if n % 17 == 3 => RailStatus::Failed,
            RailStatus::Pending => RailStatus::Posted,
            RailStatus::Posted => RailStatus::Settled,
            RailStatus::Settled if n % 29 == 5 => RailStatus::Returned,
            _ => continue,
        };
        assert!(state.twin.advance(name, to, Some("R01")));
    }
}

/// Waits, while the rail goes on; says whether the child has ended meanwhile.
async fn wait(server: &HttpTwin, child: &mut Child, until: impl Fn() -> bool) -> bool {
    let mut moved = Timer::now();
    while !until() {
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success(), "the child failed: {status}");
            return true;
        }
        if moved.elapsed() > Duration::from_millis(50) {
            move_rail(server);
            moved = Timer::now();
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    false
}

fn phase(folder: &Path) -> u8 {
    let text = std::fs::read(folder.join("phase")).unwrap_or_default();
    text.first().copied().unwrap_or(b'-')
}

/// A batch, with as many kills as it takes, or as are wanted.
async fn one_batch(
    template: (&Path, AccountId),
    people: usize,
    landed: &mut BTreeMap<&'static str, usize>,
    wanted: usize,
    numbers: &mut Numbers,
) {
    let folder = tempfile::TempDir::new().unwrap();
    std::fs::copy(template.0, folder.path().join("payme.db")).unwrap();
    let clock = HandClock::at(&SystemClock.now().to_string());
    let server = HttpTwin::start(TwinSettings::default(), clock).await;
    server.state().page_max = 500;
    let mut ahead = 0;
    loop {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["kill::child", "--exact", "--ignored", "--nocapture"])
            .env("PAYME_KILL_FOLDER", folder.path())
            .env("PAYME_KILL_ORIGIN", &server.origin)
            .env("PAYME_KILL_AHEAD", ahead.to_string())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        ahead += LEASE * 2;
        let is_enough = landed.values().sum::<usize>() >= wanted;
        let _ = std::fs::remove_file(folder.path().join("phase"));
        let begun = || phase(folder.path()) != b'-';
        let mut is_over = wait(&server, &mut child, begun).await;
        // A random moment of the time that so many transfers take, and then, four times in five, the
        // next one at which it does what is aimed at.
        let micros = u64::try_from(people).unwrap() * 60;
        let from = Timer::now() + Duration::from_micros(numbers.below(micros));
        let aim = AIMS[landed.values().sum::<usize>() % AIMS.len()];
        let is_time = || {
            let late = from + Duration::from_secs(1);
            let is_aimed_at = aim.is_none_or(|aim| phase(folder.path()) == aim);
            !is_enough && Timer::now() >= from && (is_aimed_at || Timer::now() >= late)
        };
        is_over = is_over || wait(&server, &mut child, is_time).await;
        if is_over {
            break;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let at = match phase(folder.path()) {
            b'w' => "in a write of the store",
            b'r' => "in a call of the rail",
            _ => "elsewhere",
        };
        *landed.entry(at).or_default() += 1;
    }
    check(&server, folder.path(), template.1, people).await;
}

/// Everybody was paid once, and nobody disagrees about it.
async fn check(server: &HttpTwin, folder: &Path, account: AccountId, people: usize) {
    let store =
        Arc::new(SqliteStore::open(folder.join("payme.db").to_str().unwrap()).await.unwrap());
    let (clock, random) = (Arc::new(Ahead(0)), Arc::new(SystemRandom::default()));
    let everybody = Arc::new(EverybodyHasDestination);
    let rail = Arc::new(rail(&server.origin));
    let payouts = Payouts::new(store.clone(), rail, everybody, clock, random);
    // What came back after the batch had ended.
    (0..4).for_each(|_| move_rail(server));
    while !payouts.read_events().await.unwrap().is_complete {}
    let batches = store.payout_batches(account, None, usize::MAX).await.unwrap();
    let [batch] = batches.as_slice() else { panic!("{} batches", batches.len()) };
    let mut rows = Vec::new();
    while let page @ [_, ..] = store
        .transfers(batch.id, TransferState::ALL, rows.last().map(|row: &Transfer| row.id), 1_000)
        .await
        .unwrap()
        .as_slice()
    {
        rows.extend_from_slice(page);
    }
    assert_eq!(rows.len(), people);
    {
        let state = server.state();
        assert_eq!(state.findings, Vec::<String>::new());
        let by_key: BTreeMap<&str, _> =
            state.twin.sent().map(|sent| (sent.key.as_str(), &sent.transfer)).collect();
        assert_eq!(state.twin.sent().count(), people, "each was sent");
        assert_eq!(by_key.len(), people, "each was sent once");
        for row in &rows {
            let sent = by_key[row.key().to_string().as_str()];
            let wanted = match sent.status.meaning() {
                Meaning::Arrived => TransferState::Completed,
                Meaning::NotMoved => TransferState::Failed,
                Meaning::CameBack => TransferState::Returned,
                Meaning::Moving => TransferState::Processing,
            };
            assert_eq!((row.state, row.amount), (wanted, sent.amount), "{}", row.id);
        }
    }
    let log = store.payout_log(account, 0, usize::MAX).await.unwrap();
    Link::verify(Head::default(), &log).unwrap();
    let facts: Vec<_> = log.iter().map(|link| (link.at, link.event().unwrap())).collect();
    let rebuilt = Books::replay(facts.iter().map(|(at, event)| (*at, event))).unwrap();
    let ids: Vec<TransferId> = rows.iter().map(|row| row.id).collect();
    let stored = store.books(&[batch.id], &ids).await.unwrap();
    assert!(rebuilt == stored.as_logged(), "the log does not rebuild the rows");
    let report = payouts.reconcile(batch.id, |_| {}).await.unwrap();
    assert_eq!(report.check_line(), "rows, ledger and rail agree", "{:?}", report.disagreements);
    store.close().await;
}

#[tokio::test]
async fn whoever_is_killed_while_paying_pays_everybody_once() {
    let begun = Timer::now();
    let kills = from_environment("PAYME_KILLS", 6);
    let people =
        from_environment("PAYME_KILL_TRANSFERS", if kills < CAMPAIGN { 300 } else { 5_000 });
    let folder = tempfile::TempDir::new().unwrap();
    let template = folder.path().join("template.db");
    let account = prepare(&template, people).await;
    let mut landed = BTreeMap::new();
    let mut batches = 0;
    let mut numbers = Numbers(7);
    while landed.values().sum::<usize>() < kills {
        one_batch((&template, account), people, &mut landed, kills, &mut numbers).await;
        batches += 1;
    }
    println!(
        "{kills} kills in {batches} batches of {people} transfers landed {landed:?}; {:.0} s",
        begun.elapsed().as_secs_f64()
    );
    let elsewhere = landed.get("elsewhere").copied().unwrap_or(0);
    assert!(elsewhere < kills, "some have to land where something is done: {landed:?}");
    if kills >= CAMPAIGN {
        assert!(elsewhere * 5 <= kills, "four in five have to: {landed:?}");
    }
}
