//! The protocol of sending, exhausted: every order of the steps of executors that crash, of a rail that is
//! silent, and of hours that pass, for a small batch. The decisions are those of the core.
#![allow(clippy::unwrap_used, reason = "a test that fails should say where")]

use std::collections::BTreeMap;

use payme_core::claims::{Claim, ClaimMove};
use payme_core::payouts::{
    Amount, Answer, Authorization, AuthorizationId, BatchRequest, Books, Candidate, Draft, Effect,
    Lease, Next, PayoutError, ProviderTransferId, RailPolicy, RailStatus, RailTransfer, Refusal,
    RequestKey, SendMoney, TransferState, approve, fill_batch, finish_batch, fund, lease_batch,
    link_account, next, on_authorization, on_creation, on_expired, on_probe, on_status, open_batch,
    release_lease, renew, seal_batch, start,
};
use payme_core::types::{
    AccountId, ApprovalId, AttorneyId, Commit, Currency, Instant, Money, PayoutBatchId,
    SettlementId, TransferId, UserId,
};
use stateright::{Checker as _, Model, Property};
use uuid::Uuid;

const RAIL: &str = "mock";
const HOUR: i64 = 3_600_000_000;
const LEASE: i64 = HOUR / 2;
const CENTS: i64 = 500;

/// How large the world is.
struct Protocol {
    approvals: u8,
    executors: u8,
    crashes: u8,
    /// How often the rail is silent.
    silences: u8,
    /// How many times an hour passes, which ends every lease and every authorization.
    hours: u8,
}

/// What the rail knows.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
struct Rail {
    /// By key: the hour in which it was agreed, and the transfer that used it.
    agreements: BTreeMap<String, (u8, Option<usize>)>,
    /// Whom each transfer pays, and where it is.
    sent: Vec<(UserId, RailStatus)>,
}

/// Where an executor is. What it holds in memory is gone when it crashes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Executor {
    Idle,
    Leased(Lease),
    Asking(Lease, Vec<TransferId>, Told),
    Sending(
        Lease,
        Vec<(TransferId, AuthorizationId)>,
        Vec<(TransferId, AuthorizationId, Answer<RailTransfer>)>,
    ),
    Expired(Lease, Vec<TransferId>),
    Finishing(Lease),
}

/// What the rail told an executor, and it did not store yet.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
struct Told {
    agreements: Vec<(TransferId, Answer<Authorization>)>,
    findings: Vec<(TransferId, Answer<Option<RailTransfer>>)>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct World {
    books: Books,
    rail: Rail,
    executors: Vec<Executor>,
    crashes: u8,
    silences: u8,
    hour: u8,
}

/// What the network does to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Network {
    Fine,
    RequestLost,
    AnswerLost,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Action {
    Step(usize, Network),
    Crash(usize),
    HourPasses,
    RailMoves(usize, RailStatus),
    ReadEvents,
}

fn id(kind: u8, n: u8) -> Uuid {
    Uuid::from_bytes([kind, 0, 0, 0, 0, 0, 0x40, 0, 0x80, 0, 0, 0, 0, 0, 0, n])
}

fn batch_id() -> PayoutBatchId {
    PayoutBatchId::from_uuid(id(1, 1))
}

fn authorization(key: &str) -> AuthorizationId {
    AuthorizationId(format!("of {key}"))
}

fn begin(approvals: u8) -> Books {
    let now = Instant::EPOCH;
    let (account_id, settlement_id) =
        (AccountId::from_uuid(id(2, 1)), SettlementId::from_uuid(id(3, 1)));
    let mut books = Books::default();
    for n in 0..approvals {
        let mut claim = Claim::matched(UserId::from_uuid(id(4, n)), settlement_id, now);
        for event in [ClaimMove::Open, ClaimMove::Submit] {
            claim = claim.moved(event, now).unwrap();
        }
        books.claims.insert((claim.user_id, settlement_id), claim);
    }
    let mut draft = Draft::new(books, now);
    let attorney = AttorneyId::from_uuid(id(5, 1));
    link_account(&mut draft, None, account_id, attorney, (settlement_id, Currency::USD, RAIL))
        .unwrap();
    let key = RequestKey::new("key").unwrap();
    let all = CENTS * i64::from(approvals);
    fund(&mut draft, account_id, &key, Money::usd_cents(all), None).unwrap();
    let request = BatchRequest { key, settlement_id, items: None };
    for n in 0..approvals {
        let (user, approval) = (UserId::from_uuid(id(4, n)), ApprovalId::from_uuid(id(6, n)));
        approve(&mut draft, account_id, user, Some(Money::usd_cents(CENTS)), approval).unwrap();
    }
    open_batch(&mut draft, account_id, batch_id(), &request, all).unwrap();
    let page: Vec<Candidate> = (draft.books().approvals.values())
        .map(|row| Candidate { approval: row.clone(), has_destination: true })
        .collect();
    let mut n = 0;
    let ids = || {
        n += 1;
        TransferId::from_uuid(id(7, n))
    };
    fill_batch(&mut draft, batch_id(), &page, None, None, ids).unwrap();
    seal_batch(&mut draft, batch_id()).unwrap();
    plain(draft.finish().committed(Commit::Done).unwrap().0)
}

/// Rows without what only tells how often they were written: the compare-and-set is atomic here.
fn plain(mut books: Books) -> Books {
    use payme_core::types::Version;
    books.accounts.values_mut().for_each(|row| row.version = Version::FIRST);
    books.approvals.values_mut().for_each(|row| row.version = Version::FIRST);
    books.claims.values_mut().for_each(|row| row.version = Version::FIRST);
    books.batches.values_mut().for_each(|row| row.version = Version::FIRST);
    books.transfers.values_mut().for_each(|row| row.version = Version::FIRST);
    books
}

impl Executor {
    fn lease_mut(&mut self) -> Option<&mut Lease> {
        match self {
            Self::Idle => None,
            Self::Leased(lease)
            | Self::Asking(lease, ..)
            | Self::Sending(lease, ..)
            | Self::Expired(lease, _)
            | Self::Finishing(lease) => Some(lease),
        }
    }
}

impl World {
    fn now(&self) -> Instant {
        Instant::EPOCH.plus_micros(i64::from(self.hour) * HOUR)
    }

    /// Loads, decides and stores in one step, as a compare-and-set does; `None` where it is refused.
    fn decide<T>(
        &mut self,
        decide: impl FnOnce(&mut Draft) -> Result<T, PayoutError>,
    ) -> Option<(T, Vec<SendMoney>)> {
        let mut draft = Draft::new(self.books.clone(), self.now());
        let answer = decide(&mut draft).ok()?;
        let (books, rights) = draft.finish().committed(Commit::Done)?;
        self.books = plain(books);
        Some((answer, rights))
    }

    /// One step of an executor; a refusal of the core sends it back to the beginning.
    fn step(&mut self, at: usize, network: Network) {
        let executor = self.executors[at].clone();
        self.executors[at] = self.advance(executor, network).unwrap_or(Executor::Idle);
    }

    fn advance(&mut self, executor: Executor, network: Network) -> Option<Executor> {
        Some(match executor {
            Executor::Idle => {
                let batch = self.books.batches.get(&batch_id())?;
                if batch.state.is_final() {
                    return None;
                }
                let (lease, _) =
                    self.decide(|draft| lease_batch(draft, batch_id(), RAIL, LEASE))?;
                Executor::Leased(lease)
            }
            Executor::Leased(lease) => {
                let (lease, _) = self.decide(|draft| {
                    let lease = renew(draft, batch_id(), lease, LEASE)?;
                    let pending = draft.books().transfers.values();
                    let pending = pending.filter(|row| row.state == TransferState::Pending);
                    let pending: Vec<TransferId> = pending.map(|row| row.id).collect();
                    start(draft, batch_id(), lease, &pending)?;
                    Ok(lease)
                })?;
                let asks = |row: &payme_core::payouts::Transfer| {
                    matches!(next(row, Currency::USD), Next::Authorize(_) | Next::Probe)
                };
                let open = self.books.transfers.values().filter(|row| asks(row));
                let open: Vec<TransferId> = open.map(|row| row.id).collect();
                if open.is_empty() {
                    Executor::Finishing(lease)
                } else {
                    Executor::Asking(lease, open, Told::default())
                }
            }
            Executor::Asking(lease, mut open, mut told) => match open.pop() {
                Some(id) => {
                    self.ask(id, network, &mut told);
                    Executor::Asking(lease, open, told)
                }
                None => {
                    let (_, rights) = self.decide(|draft| {
                        for (id, answer) in &told.agreements {
                            let policy = RailPolicy::default();
                            let _ = on_authorization(draft, *id, lease, answer.clone(), policy)?;
                        }
                        for (id, answer) in &told.findings {
                            let _ = on_probe(draft, *id, lease, answer.clone())?;
                        }
                        Ok(())
                    })?;
                    let rights = rights
                        .iter()
                        .map(|right| (right.transfer_id(), right.authorization().clone()))
                        .collect();
                    Executor::Sending(lease, rights, Vec::new())
                }
            },
            Executor::Sending(lease, mut rights, mut answers) => match rights.pop() {
                // A right is used even when the lease has ended: who holds it may have slept.
                Some((id, authorization)) => {
                    let answer = self.create(id, &authorization, network);
                    answers.push((id, authorization, answer));
                    Executor::Sending(lease, rights, answers)
                }
                None => {
                    let (expired, _) = self.decide(|draft| {
                        let mut expired = Vec::new();
                        for (id, sent, answer) in &answers {
                            let effect = on_creation(draft, *id, sent, answer.clone())?;
                            if effect == Effect::AskWhetherUsed {
                                expired.push(*id);
                            }
                        }
                        Ok(expired)
                    })?;
                    Executor::Expired(lease, expired)
                }
            },
            Executor::Expired(lease, mut expired) => match expired.pop() {
                Some(id) => {
                    let found = self.probe(id, network);
                    self.decide(|draft| on_expired(draft, id, lease, found).map(|_| ()))?;
                    Executor::Expired(lease, expired)
                }
                None => Executor::Finishing(lease),
            },
            Executor::Finishing(lease) => {
                self.decide(|draft| {
                    finish_batch(draft, batch_id())?;
                    release_lease(draft, batch_id(), lease)
                })?;
                return None;
            }
        })
    }

    /// Whether the request arrives, and whether its answer does.
    fn through(&mut self, network: Network) -> (bool, bool) {
        match network {
            Network::Fine => (true, true),
            Network::RequestLost => {
                self.silences -= 1;
                (false, false)
            }
            Network::AnswerLost => {
                self.silences -= 1;
                (true, false)
            }
        }
    }

    fn ask(&mut self, id: TransferId, network: Network, told: &mut Told) {
        let row = self.books.transfers[&id].clone();
        match next(&row, Currency::USD) {
            Next::Authorize(request) => {
                let (arrives, answers) = self.through(network);
                if arrives {
                    self.rail.agreements.entry(request.key.clone()).or_insert((self.hour, None));
                }
                let agreed =
                    Authorization::Approved { id: authorization(&request.key), unchecked: None };
                let answer = if answers { Answer::Done(agreed) } else { Answer::Unknown };
                told.agreements.push((id, answer));
            }
            Next::Probe => {
                let found = self.probe(id, network);
                told.findings.push((id, found));
            }
            Next::Start | Next::Wait | Next::Decide(_) | Next::Nothing => {}
        }
    }

    fn at_rail(&self, authorization_id: &AuthorizationId) -> Option<RailTransfer> {
        let agreements = self.rail.agreements.iter();
        let mut own = agreements.filter(|(key, _)| authorization(key) == *authorization_id);
        let (_, (_, used)) = own.next()?;
        let at = (*used)?;
        let (_, status) = self.rail.sent.get(at)?;
        Some(RailTransfer {
            id: ProviderTransferId(at.to_string()),
            amount: Amount::new(CENTS).unwrap(),
            status: *status,
            reason: None,
        })
    }

    fn probe(&mut self, id: TransferId, network: Network) -> Answer<Option<RailTransfer>> {
        let (arrives, answers) = self.through(network);
        let authorization = self.books.transfers[&id].authorization.clone();
        if !(arrives && answers) {
            return Answer::Unknown;
        }
        Answer::Done(authorization.and_then(|id| self.at_rail(&id)))
    }

    fn create(
        &mut self,
        id: TransferId,
        authorization_id: &AuthorizationId,
        network: Network,
    ) -> Answer<RailTransfer> {
        let (arrives, answers) = self.through(network);
        let mut answer = Answer::Unknown;
        if arrives {
            let user = self.books.transfers[&id].user_id;
            let hour = self.hour;
            let next = self.rail.sent.len();
            let own = self.rail.agreements.iter_mut();
            let (_, (made, used)) =
                own.into_iter().find(|(key, _)| authorization(key) == *authorization_id).unwrap();
            answer = if *made < hour && used.is_none() {
                Answer::Refused(Refusal::Expired)
            } else {
                if used.is_none() {
                    *used = Some(next);
                    self.rail.sent.push((user, RailStatus::Pending));
                }
                Answer::Done(self.at_rail(authorization_id).unwrap())
            };
        }
        if answers { answer } else { Answer::Unknown }
    }

    /// The numbers of leases grow for ever, and only matter as the newest one or an older one.
    fn forget_numbers(&mut self) {
        let batch = self.books.batches.get_mut(&batch_id()).unwrap();
        let Some(stored) = &mut batch.lease else { return };
        let newest = stored.token;
        stored.token = 1;
        for executor in &mut self.executors {
            if let Some(lease) = executor.lease_mut() {
                lease.token = u64::from(lease.token == newest);
            }
        }
    }

    fn read_events(&mut self) {
        let named: Vec<(TransferId, usize)> = (self.books.transfers.values())
            .filter_map(|row| {
                let name = row.provider_transfer_id.as_ref()?;
                Some((row.id, name.0.parse().ok()?))
            })
            .collect();
        for (id, at) in named {
            let status = self.rail.sent[at].1;
            let found = RailTransfer {
                id: ProviderTransferId(at.to_string()),
                amount: Amount::new(CENTS).unwrap(),
                status,
                reason: None,
            };
            self.decide(|draft| {
                let _ = on_status(draft, id, &found)?;
                finish_batch(draft, batch_id())
            });
        }
    }
}

impl Model for Protocol {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        vec![World {
            books: begin(self.approvals),
            rail: Rail::default(),
            executors: vec![Executor::Idle; usize::from(self.executors)],
            crashes: self.crashes,
            silences: self.silences,
            hour: 0,
        }]
    }

    fn actions(&self, state: &World, actions: &mut Vec<Action>) {
        for (at, executor) in state.executors.iter().enumerate() {
            actions.push(Action::Step(at, Network::Fine));
            let asks = match executor {
                Executor::Asking(_, open, _) => !open.is_empty(),
                Executor::Sending(_, rights, _) => !rights.is_empty(),
                Executor::Expired(_, expired) => !expired.is_empty(),
                Executor::Idle | Executor::Leased(_) | Executor::Finishing(_) => false,
            };
            if asks && state.silences > 0 {
                actions.push(Action::Step(at, Network::RequestLost));
                actions.push(Action::Step(at, Network::AnswerLost));
            }
            if state.crashes > 0 && *executor != Executor::Idle {
                actions.push(Action::Crash(at));
            }
        }
        if state.hour < self.hours {
            actions.push(Action::HourPasses);
        }
        for (at, (_, status)) in state.rail.sent.iter().enumerate() {
            let to: &[RailStatus] = match status {
                RailStatus::Pending => &[RailStatus::Settled, RailStatus::Failed],
                RailStatus::Settled => &[RailStatus::Returned],
                _ => &[],
            };
            actions.extend(to.iter().map(|to| Action::RailMoves(at, *to)));
        }
        actions.push(Action::ReadEvents);
    }

    fn next_state(&self, before: &World, action: Action) -> Option<World> {
        let mut world = before.clone();
        match action {
            Action::Step(at, network) => world.step(at, network),
            Action::Crash(at) => {
                world.crashes -= 1;
                world.executors[at] = Executor::Idle;
            }
            Action::HourPasses => world.hour += 1,
            Action::RailMoves(at, to) => world.rail.sent[at].1 = to,
            Action::ReadEvents => world.read_events(),
        }
        world.forget_numbers();
        (world != *before).then_some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("a person is paid once", |_, world: &World| {
                world.rail.sent.iter().enumerate().all(|(at, (user, status))| {
                    let may_pay = |status: RailStatus| {
                        !matches!(status, RailStatus::Failed | RailStatus::Returned)
                    };
                    let earlier = &world.rail.sent[..at];
                    !may_pay(*status)
                        || !earlier.iter().any(|(other, status)| other == user && may_pay(*status))
                })
            }),
            Property::always("no failure is told while money can move", |_, world: &World| {
                world.books.transfers.values().filter(|row| row.state == TransferState::Failed).all(
                    |row| {
                        let sent = world.rail.sent.iter();
                        let mut own = sent.filter(|(user, _)| *user == row.user_id);
                        own.all(|(_, status)| *status == RailStatus::Failed)
                    },
                )
            }),
            Property::always("money is conserved", |_, world: &World| {
                let account = world.books.accounts.values().next().unwrap();
                let held = world.books.batches[&batch_id()].held;
                let all = account.available + held.reserved + held.in_flight + held.paid;
                all == account.funded && account.available >= 0
            }),
            Property::sometimes("everybody is paid", |model: &Self, world: &World| {
                let paid = world.books.transfers.values();
                let paid = paid.filter(|row| row.state == TransferState::Completed).count();
                paid == usize::from(model.approvals)
            }),
            Property::sometimes("an authorization runs out and is replaced", |_, world: &World| {
                let mut rows = world.books.transfers.values();
                rows.any(|row| row.round > 0 && row.state == TransferState::Completed)
            }),
        ]
    }
}

fn exhaust(protocol: Protocol) {
    let checker = protocol.checker().threads(2).spawn_bfs().join();
    println!("{} states", checker.unique_state_count());
    checker.assert_properties();
}

#[test]
fn one_approval_two_executors_and_two_crashes() {
    exhaust(Protocol { approvals: 1, executors: 2, crashes: 2, silences: 2, hours: 2 });
}

#[test]
fn two_approvals_one_executor_and_two_crashes() {
    exhaust(Protocol { approvals: 2, executors: 1, crashes: 2, silences: 1, hours: 2 });
}
