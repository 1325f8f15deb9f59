//! The laws of payouts, whatever happens in whatever order.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::claims::{Claim, ClaimMove, ClaimState};
use crate::types::{
    AccountId, ApprovalId, AttorneyId, Commit, Currency, Instant, Money, PayoutBatchId,
    SettlementId, TransferId, UserId, Version,
};

const RAIL: &str = "mock";
const PEOPLE: usize = 4;
const LEASE_MICROS: i64 = 60_000_000;

fn uuid(kind: u8, n: usize) -> uuid::Uuid {
    format!("000000{kind:02}-0000-4000-8000-{n:012}").parse().unwrap()
}

fn account_id() -> AccountId {
    AccountId::from_uuid(uuid(1, 1))
}

fn settlement_id() -> SettlementId {
    SettlementId::from_uuid(uuid(2, 1))
}

fn user(n: usize) -> UserId {
    UserId::from_uuid(uuid(3, n))
}

fn key(n: usize) -> RequestKey {
    RequestKey::new(format!("key-{n}")).unwrap()
}

/// A whole small world: stored rows, their log and postings, and what executors hold.
struct World {
    stored: Books,
    log: Vec<(Instant, PayoutEvent)>,
    postings: Vec<Posting>,
    now: Instant,
    made: usize,
    lease: Vec<Option<Lease>>,
    rights: Vec<SendMoney>,
}

/// What can happen. Numbers choose among what there is.
#[derive(Debug, Clone)]
enum Step {
    Fund(i64),
    Approve(usize, Option<i64>),
    Reject(usize),
    Batch { pages: usize, seal: bool },
    Lease(usize),
    Start(usize),
    Authorized(usize, u8),
    Created(usize, u8),
    Probed(usize, u8),
    Expired(usize, u8),
    Status(usize, u8),
    Release(usize),
    Cancel(usize, u8),
    Finish(usize),
    Wait(i64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        1 => (1..100_i64).prop_map(Step::Fund),
        4 => (0..PEOPLE, prop::option::of(1..60_i64)).prop_map(|(n, cents)| Step::Approve(n, cents)),
        1 => (0..PEOPLE).prop_map(Step::Reject),
        4 => (1..3_usize, prop::bool::weighted(0.9)).prop_map(|(pages, seal)| Step::Batch { pages, seal }),
        4 => any::<usize>().prop_map(Step::Lease),
        4 => any::<usize>().prop_map(Step::Start),
        6 => (any::<usize>(), any::<u8>()).prop_map(|(n, how)| Step::Authorized(n, how)),
        6 => (any::<usize>(), any::<u8>()).prop_map(|(n, how)| Step::Created(n, how)),
        3 => (any::<usize>(), any::<u8>()).prop_map(|(n, how)| Step::Probed(n, how)),
        2 => (any::<usize>(), any::<u8>()).prop_map(|(n, how)| Step::Expired(n, how)),
        8 => (any::<usize>(), any::<u8>()).prop_map(|(n, how)| Step::Status(n, how)),
        1 => any::<usize>().prop_map(Step::Release),
        2 => (any::<usize>(), any::<u8>()).prop_map(|(n, how)| Step::Cancel(n, how)),
        3 => any::<usize>().prop_map(Step::Finish),
        1 => (0..LEASE_MICROS * 2).prop_map(Step::Wait),
    ]
}

fn chosen<T: Copy>(all: &[T], n: usize) -> Option<T> {
    if all.is_empty() { None } else { all.get(n % all.len()).copied() }
}

impl World {
    fn new() -> Self {
        let now = Instant::parse("2026-02-01T00:00:00Z").unwrap();
        let (stored, log, postings) = (Books::default(), Vec::new(), Vec::new());
        let (lease, rights) = (Vec::new(), Vec::new());
        let mut world = Self { stored, log, postings, now, made: 0, lease, rights };
        world
            .decide(|draft| {
                let attorney = AttorneyId::from_uuid(uuid(4, 1));
                link_account(
                    draft,
                    None,
                    account_id(),
                    attorney,
                    (settlement_id(), Currency::USD, RAIL),
                )
            })
            .unwrap();
        for n in 0..PEOPLE {
            let mut claim = Claim::matched(user(n), settlement_id(), now);
            for event in [ClaimMove::Open, ClaimMove::Submit] {
                claim = claim.moved(event, now).unwrap();
            }
            claim.version = Version::FIRST;
            world.stored.claims.insert((user(n), settlement_id()), claim);
        }
        world
    }

    /// Decides on everything that is stored, and stores it.
    fn decide<T>(
        &mut self,
        decide: impl FnOnce(&mut Draft) -> Result<T, PayoutError>,
    ) -> Result<T, PayoutError> {
        let mut draft = Draft::new(self.stored.clone(), self.now);
        let answer = decide(&mut draft)?;
        let change = draft.finish();
        self.log.extend(change.entries().iter().map(|entry| (self.now, entry.event.clone())));
        self.postings.extend(change.postings());
        let (books, rights) = change.committed(Commit::Done).unwrap();
        self.stored = books;
        self.rights.extend(rights);
        Ok(answer)
    }

    fn batches(&self) -> Vec<PayoutBatchId> {
        self.stored.batches.keys().copied().collect()
    }

    fn transfers(&self) -> Vec<TransferId> {
        self.stored.transfers.keys().copied().collect()
    }

    fn lease_of(&self, transfer: TransferId) -> Option<(PayoutBatchId, Lease)> {
        let batch_id = self.stored.transfers.get(&transfer)?.batch_id;
        let at = self.batches().iter().position(|id| *id == batch_id)?;
        Some((batch_id, (*self.lease.get(at)?)?))
    }

    fn rail_transfer(&self, transfer: TransferId, how: u8) -> RailTransfer {
        let row = &self.stored.transfers[&transfer];
        let amount =
            if how % 31 == 30 { Amount::new(row.amount.minor() + 1).unwrap() } else { row.amount };
        let status = RailStatus::ALL[usize::from(how) % RailStatus::ALL.len()];
        RailTransfer {
            id: ProviderTransferId(format!("rail-{transfer}")),
            amount,
            status,
            reason: None,
        }
    }

    /// Refusals are fine: they change nothing.
    fn run(&mut self, step: &Step) {
        let before = self.stored.clone();
        if self.try_run(step).is_none_or(|done| done.is_err()) {
            assert_eq!(self.stored, before);
        }
    }

    fn try_run(&mut self, step: &Step) -> Option<Result<(), PayoutError>> {
        self.made += 1;
        let made = self.made;
        Some(match *step {
            Step::Fund(cents) => self
                .decide(|draft| {
                    fund(draft, account_id(), &key(made), Money::usd_cents(cents), None)
                })
                .map(|_| ()),
            Step::Approve(n, cents) => self
                .decide(|draft| {
                    let new_id = ApprovalId::from_uuid(uuid(5, n));
                    approve(draft, account_id(), user(n), cents.map(Money::usd_cents), new_id)
                })
                .map(|_| ()),
            Step::Reject(n) => self
                .decide(|draft| {
                    reject(draft, account_id(), user(n), ApprovalId::from_uuid(uuid(5, n)))
                })
                .map(|_| ()),
            Step::Batch { pages, seal } => self.batch(made, pages, seal),
            Step::Lease(n) => {
                let batch = chosen(&self.batches(), n)?;
                let leased = self.decide(|draft| lease_batch(draft, batch, RAIL, LEASE_MICROS));
                self.lease.resize(self.batches().len(), None);
                let at = self.batches().iter().position(|id| *id == batch)?;
                leased.map(|lease| self.lease[at] = Some(lease))
            }
            Step::Start(n) => {
                let transfer = chosen(&self.transfers(), n)?;
                let (batch, lease) = self.lease_of(transfer)?;
                self.decide(|draft| start(draft, batch, lease, &[transfer]))
            }
            Step::Authorized(n, how) => {
                let transfer = chosen(&self.transfers(), n)?;
                let (_, lease) = self.lease_of(transfer)?;
                let id = AuthorizationId(format!("authorization-{made}"));
                let answer = match how % 8 {
                    0 => Answer::Unknown,
                    1 => Answer::Refused(Refusal::Later),
                    2 => Answer::Done(Authorization::Declined("NSF".to_owned())),
                    3 => Answer::Done(Authorization::UserActionRequired),
                    4 => Answer::Done(Authorization::Approved {
                        id,
                        unchecked: Some("ERROR".to_owned()),
                    }),
                    _ => Answer::Done(Authorization::Approved { id, unchecked: None }),
                };
                self.decide(|draft| {
                    on_authorization(draft, transfer, lease, answer, RailPolicy::default())
                })
                .map(|_| ())
            }
            Step::Created(n, how) => {
                if self.rights.is_empty() {
                    return None;
                }
                let right = self.rights.remove(n % self.rights.len());
                let (transfer, sent) = (right.transfer_id(), right.authorization());
                let answer = match how % 6 {
                    0 => Answer::Unknown,
                    1 => Answer::Refused(Refusal::Later),
                    2 => Answer::Refused(Refusal::Expired),
                    3 => Answer::Refused(Refusal::Never("BLOCKED".to_owned())),
                    _ => Answer::Done(self.rail_transfer(transfer, how)),
                };
                self.decide(|draft| on_creation(draft, transfer, sent, answer)).map(|_| ())
            }
            Step::Probed(n, how) | Step::Expired(n, how) => {
                let transfer = chosen(&self.transfers(), n)?;
                let (_, lease) = self.lease_of(transfer)?;
                let answer = match how % 4 {
                    0 => Answer::Unknown,
                    1 => Answer::Done(Some(self.rail_transfer(transfer, how))),
                    _ => Answer::Done(None),
                };
                let is_probe = matches!(step, Step::Probed(..));
                self.decide(|draft| {
                    if is_probe {
                        on_probe(draft, transfer, lease, answer)
                    } else {
                        on_expired(draft, transfer, lease, answer)
                    }
                })
                .map(|_| ())
            }
            Step::Status(n, how) => {
                let transfer = chosen(&self.transfers(), n)?;
                let found = self.rail_transfer(transfer, how);
                self.decide(|draft| on_status(draft, transfer, &found)).map(|_| ())
            }
            Step::Release(n) => {
                let transfer = chosen(&self.transfers(), n)?;
                self.decide(|draft| release_held(draft, transfer))
            }
            Step::Cancel(n, how) => {
                let transfer = chosen(&self.transfers(), n)?;
                let answer = match how % 4 {
                    0 => Answer::Done(()),
                    1 => Answer::Refused(Refusal::Never("TRANSFER_NOT_CANCELLABLE".to_owned())),
                    2 => Answer::Refused(Refusal::Later),
                    _ => Answer::Unknown,
                };
                // The answer may come without the request, from before a crash.
                self.decide(|draft| match how % 3 {
                    0 => ask_to_cancel(draft, transfer).map(|_| ()),
                    _ => on_cancellation(draft, transfer, &answer).map(|_| ()),
                })
            }
            Step::Finish(n) => {
                let batch = chosen(&self.batches(), n)?;
                self.decide(|draft| finish_batch(draft, batch)).map(|_| ())
            }
            Step::Wait(micros) => {
                self.now = self.now.plus_micros(micros);
                Ok(())
            }
        })
    }

    fn batch(&mut self, made: usize, pages: usize, seal: bool) -> Result<(), PayoutError> {
        let batch_id = PayoutBatchId::from_uuid(uuid(6, made));
        let request = BatchRequest { key: key(made), settlement_id: settlement_id(), items: None };
        let payout_min = Amount::new(7).ok();
        let candidates: Vec<Candidate> = (self.stored.approvals.values())
            .map(|approval| Candidate { approval: approval.clone(), has_destination: true })
            .collect();
        let reserved = Candidate::total(&candidates, payout_min, 0).unwrap();
        self.decide(|draft| open_batch(draft, account_id(), batch_id, &request, reserved))?;
        for (at, page) in candidates.chunks(candidates.len().div_ceil(pages).max(1)).enumerate() {
            let mut n = made * 100 + at * 10;
            let id = || {
                n += 1;
                TransferId::from_uuid(uuid(7, n))
            };
            self.decide(|draft| {
                fill_batch(
                    draft,
                    batch_id,
                    page,
                    page.last().map(|one| one.approval.id),
                    payout_min,
                    id,
                )
            })?;
        }
        if seal { self.decide(|draft| seal_batch(draft, batch_id)) } else { Ok(()) }
    }

    /// Everything that has to hold after every step.
    fn check(&self) {
        let books = &self.stored;
        let account = &books.accounts[&account_id()];
        let mut balance =
            Balance { funded: account.funded, available: account.available, ..Balance::default() };
        for batch in books.batches.values() {
            balance.add_batch(batch).unwrap();
            let rows: Vec<_> =
                books.transfers.values().filter(|one| one.batch_id == batch.id).collect();
            let count = |wanted: &[TransferState]| {
                rows.iter().filter(|one| wanted.contains(&one.state)).count()
            };
            let cents = |wanted: &[TransferState]| -> i64 {
                rows.iter()
                    .filter(|one| wanted.contains(&one.state))
                    .map(|one| one.amount.minor())
                    .sum()
            };
            use TransferState::{Completed, Failed, Processing, Returned, Unknown};
            assert_eq!(batch.total_transfers as usize, rows.len());
            assert_eq!(batch.total_amount, cents(TransferState::ALL));
            assert_eq!(batch.successful_transfers as usize, count(&[Completed, Returned]));
            assert_eq!(batch.failed_transfers as usize, count(&[Failed]));
            assert_eq!(batch.returned_transfers as usize, count(&[Returned]));
            assert_eq!(batch.held.in_flight, cents(&[Processing, Unknown]));
            assert_eq!(batch.held.paid, cents(&[Completed]));
        }
        let posted = Balance::of(&self.postings).unwrap();
        assert!(balance.is_conserved(), "{balance:?}");
        assert_eq!(posted, Balance { returned: posted.returned, ..balance });
        for approval in books.approvals.values() {
            let live: Vec<_> = books
                .transfers
                .values()
                .filter(|one| one.approval_id == approval.id && one.state.is_live())
                .map(|one| one.id)
                .collect();
            assert!(live.len() <= 1, "{} transfers of one approval can move money", live.len());
            assert_eq!(approval.transfer_id, live.first().copied());
            let claim = &books.claims[&(approval.user_id, approval.settlement_id)];
            let wanted: &[ClaimState] = match approval.state {
                ApprovalState::Pending => &[],
                ApprovalState::Approved => &[ClaimState::Approved],
                ApprovalState::Rejected => &[ClaimState::Rejected],
                ApprovalState::Paid => &[ClaimState::PaidOut],
                ApprovalState::Failed => &[ClaimState::NotPaidOut, ClaimState::PaymentReturned],
            };
            assert!(wanted.contains(&claim.state), "{:?} {:?}", approval.state, claim.state);
        }
        let replayed = Books::replay(self.log.iter().map(|(at, event)| (*at, event))).unwrap();
        assert_eq!(replayed, books.clone().as_logged(), "the log rebuilds the rows");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn whatever_happens_an_approval_is_paid_once_and_no_money_is_lost(steps in vec(step(), 0..120)) {
        let mut world = World::new();
        let _ = world.try_run(&Step::Fund(200));
        for step in &steps {
            world.run(step);
            world.check();
        }
    }
}

#[test]
fn the_diagrams_of_the_documents_are_drawn_from_the_code() {
    let page = include_str!("../../../docs/rules/payouts.md");
    for diagram in [
        ClaimState::diagram(),
        ApprovalState::diagram(),
        BatchState::diagram(),
        TransferState::diagram(),
    ] {
        assert!(page.contains(&diagram), "docs/rules/payouts.md should have:\n{diagram}");
    }
}
