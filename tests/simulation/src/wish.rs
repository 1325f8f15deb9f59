//! What attorneys and people ask for, and whether that was done, is to be asked again, or is wrong.

use std::future::Future;
use std::pin::Pin;

use payme_adapters::driver::{ExecuteOptions, NewBatch, PayoutDriverError, Payouts};
use payme_core::payouts::{Amount, AmountError, Draft, PayoutError, RequestKey, release_held};
use payme_core::types::{
    AccountId, AttorneyId, Currency, Money, PayoutBatchId, SettlementId, TransferId, UserId,
};
use uuid::Uuid;

use crate::fault::Fault;
use crate::oracle::Violation;
use crate::world::World;

/// How long an executor takes a batch for.
pub(crate) const LEASE: i64 = 60_000_000;
/// What is paid where an approval names no amount, in cents.
pub(crate) const PAYOUT_MIN: i64 = 700;
/// A seed has so many claimants, at least and at most.
const PEOPLE_MIN: usize = 3;
const PEOPLE_MAX: usize = 6;
/// So many more are approved with amounts that no account can hold.
const GIANTS: usize = 2;
/// Every person of a seed is below this.
pub(crate) const USERS_MAX: usize = PEOPLE_MAX + GIANTS;

/// Work that gives way between its effects. True once it is done; false where it is to be done again.
pub(crate) type Job = Pin<Box<dyn Future<Output = Result<bool, Violation>> + Send>>;

/// What an attorney wants.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Wish {
    Fund,
    Approve(usize),
    /// A batch of everybody, under a key of this number.
    Batch(usize),
    Close,
    /// What has to be refused.
    FundTooMuch,
    FundOther,
    ApproveOther(usize),
    BatchTooMuch,
}

/// The people of a seed and their money.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    /// The amounts people are approved with, in cents; `None` for the least payout.
    pub(crate) amounts: Vec<Option<i64>>,
    /// What is put into the account, in cents.
    fund: i64,
    /// Whether batches name whom they are for.
    is_named: bool,
    /// Whether there are people who cannot be paid.
    has_giants: bool,
}

fn id(kind: u8, n: usize) -> Uuid {
    Uuid::from_u128((u128::from(kind) << 120) | (0x4000_8000 << 64) | n as u128)
}

pub(crate) fn settlement() -> SettlementId {
    SettlementId::from_uuid(id(1, 0))
}

pub(crate) fn user(n: usize) -> UserId {
    UserId::from_uuid(id(2, n))
}

pub(crate) fn attorney() -> AttorneyId {
    AttorneyId::from_uuid(id(3, 0))
}

pub(crate) fn key(text: &str) -> RequestKey {
    RequestKey::new(text).unwrap_or_else(|_| unreachable!("the keys of the simulation are short"))
}

impl Case {
    pub(crate) fn draw(world: &World) -> Self {
        let is_huge = world.strikes(Fault::AmountHuge);
        let has_giants = !is_huge && world.strikes(Fault::BatchOverflows);
        let mut shared = world.lock();
        let people = PEOPLE_MIN + shared.rng.index(PEOPLE_MAX - PEOPLE_MIN + 1);
        let mut amounts: Vec<Option<i64>> = (0..people)
            .map(|_| match shared.rng.below(10) {
                0 => None,
                1 => Some(1),
                _ => Some(1 + i64::try_from(shared.rng.below(9_999)).unwrap_or(0)),
            })
            .collect();
        let needed: i64 = amounts.iter().map(|cents| cents.unwrap_or(PAYOUT_MIN)).sum();
        // One in eight accounts cannot cover everybody.
        let mut fund = if shared.rng.once_in(125) { needed / 2 + 1 } else { needed * 3 };
        if is_huge && let Some(first) = amounts.first_mut() {
            fund = i64::MAX;
            *first = Some(i64::MAX - needed * 2);
        }
        let is_named = has_giants || shared.rng.once_in(250);
        Self { amounts, fund, is_named, has_giants }
    }

    /// Everybody who has a claim.
    pub(crate) fn users(&self) -> impl Iterator<Item = UserId> {
        let giants = if self.has_giants { GIANTS } else { 0 };
        (0..self.amounts.len() + giants).map(user)
    }

    /// What the attorney wants, the last first: everybody approved, in at least two batches, some of it
    /// asked for twice, and what has to be refused.
    pub(crate) fn wishes(&self, world: &World) -> Vec<Wish> {
        let people = self.amounts.len();
        let once = |fault, wish| world.strikes(fault).then_some(wish);
        let mut wishes = vec![Wish::Fund];
        let half = people.div_ceil(2);
        wishes.extend(once(Fault::ApproveOtherCurrency, Wish::ApproveOther(0)));
        wishes.extend((0..half).map(Wish::Approve));
        wishes.extend(once(Fault::FundOverflows, Wish::FundTooMuch));
        if self.has_giants {
            wishes.extend((people..people + GIANTS).map(Wish::Approve));
        }
        wishes.push(Wish::Batch(0));
        wishes.extend(once(Fault::BatchAgain, Wish::Batch(0)));
        if self.has_giants {
            wishes.push(Wish::BatchTooMuch);
        }
        wishes.extend(once(Fault::FundOtherCurrency, Wish::FundOther));
        wishes.extend((half..people).map(Wish::Approve));
        for n in 0..people {
            wishes.extend(once(Fault::ApprovedAgain, Wish::Approve(n)));
        }
        wishes.push(Wish::Batch(1));
        wishes.extend(once(Fault::BatchOtherKey, Wish::Batch(2)));
        // Whoever was not paid is approved again, once.
        wishes.extend((0..people).map(Wish::Approve));
        wishes.extend(once(Fault::AccountCloses, Wish::Close));
        wishes.push(Wish::Batch(3));
        wishes.reverse();
        wishes
    }

    /// What is done for a wish.
    pub(crate) fn job(
        &self,
        wish: Wish,
        world: &World,
        driver: Payouts,
        account: AccountId,
    ) -> Job {
        let world = world.clone();
        match wish {
            Wish::Fund => {
                let money = Money::usd_cents(self.fund);
                Box::pin(async move { Ok(driver.fund(account, &key("fund"), money).await.is_ok()) })
            }
            Wish::FundTooMuch => Box::pin(async move {
                let money = Money::usd_cents(i64::MAX);
                let answer = driver.fund(account, &key("too much"), money).await;
                refused(answer, &PayoutError::Amount(AmountError::Overflow))
            }),
            Wish::FundOther => Box::pin(async move {
                let answer = driver.fund(account, &key("other"), Money::new(100, other())).await;
                refused(answer, &in_other_currency())
            }),
            Wish::ApproveOther(n) => Box::pin(async move {
                let money = Some(Money::new(100, other()));
                let answer = driver.approve(settlement(), user(n), money).await;
                refused(answer, &in_other_currency())
            }),
            Wish::Approve(n) => {
                let cents = self.amounts.get(n).copied().unwrap_or(Some(i64::MAX));
                let money = cents.map(Money::usd_cents);
                Box::pin(async move {
                    Ok(settled(&world, &driver.approve(settlement(), user(n), money).await))
                })
            }
            Wish::Batch(n) => {
                let items = self.is_named.then(|| self.items(0..self.amounts.len()));
                Box::pin(async move {
                    let name = format!("batch-{n}");
                    let answer = batch(&driver, &name, items.as_deref()).await;
                    // Who does not see a batch that was begun is refused for the money that it holds.
                    Ok(settled(&world, &answer) && !is_begun(&world, &name))
                })
            }
            Wish::BatchTooMuch => {
                let people = self.amounts.len();
                let items = self.items(people..people + GIANTS);
                Box::pin(async move {
                    match batch(&driver, "giants", Some(&items)).await {
                        // Where it was asked before they were approved, there is nobody to pay.
                        Ok(made) if made.batch.total_transfers == 0 => Ok(true),
                        Err(PayoutDriverError::Refused(PayoutError::Insufficient { .. })) => {
                            Ok(true)
                        }
                        answer => refused(answer, &PayoutError::Amount(AmountError::Overflow)),
                    }
                })
            }
            Wish::Close => {
                Box::pin(async move { Ok(settled(&world, &driver.close_account(account).await)) })
            }
        }
    }

    fn items(&self, people: std::ops::Range<usize>) -> Vec<(UserId, Option<Amount>)> {
        let cents = |n: usize| self.amounts.get(n).copied().unwrap_or(Some(i64::MAX));
        people.map(|n| (user(n), cents(n).and_then(|cents| Amount::new(cents).ok()))).collect()
    }
}

/// Makes a batch under a key.
pub(crate) async fn batch(
    driver: &Payouts,
    name: &str,
    items: Option<&[(UserId, Option<Amount>)]>,
) -> Result<payme_adapters::driver::BatchMade, PayoutDriverError> {
    let key = key(name);
    let payout_min = Amount::new(PAYOUT_MIN).ok();
    driver.create_batch(NewBatch { settlement: settlement(), key: &key, items, payout_min }).await
}

/// Whether there is a batch under a key whose transfers are not all written.
fn is_begun(world: &World, name: &str) -> bool {
    let shared = world.lock();
    let rows = shared.history.back();
    rows.is_some_and(|rows| {
        rows.batches.values().any(|batch| batch.key.as_str() == name && !batch.is_sealed)
    })
}

/// A currency that no account has here.
fn other() -> Currency {
    "EUR".parse().unwrap_or(Currency::USD)
}

fn in_other_currency() -> PayoutError {
    PayoutError::Currency { given: other(), account: Currency::USD }
}

/// Executes a batch.
pub(crate) fn execute(driver: Payouts, batch: PayoutBatchId, chunk: usize) -> Job {
    let options = ExecuteOptions { chunk, lease_micros: LEASE, in_flight: 1 + chunk % 3, first: 1 };
    Box::pin(async move { Ok(driver.execute(batch, options, |_| {}).await.is_ok()) })
}

/// Asks the rail to cancel a transfer.
pub(crate) fn cancel(driver: Payouts, transfer: TransferId) -> Job {
    Box::pin(async move {
        match driver.cancel(transfer).await {
            // What was read may be older than what it rests on.
            Err(PayoutDriverError::Refused(
                PayoutError::UnknownTransfer(_)
                | PayoutError::TransferOver { .. }
                | PayoutError::NotAtRail(_)
                | PayoutError::NotCancellable { .. }
                | PayoutError::Contradiction(_),
            ))
            | Err(PayoutDriverError::Store(_) | PayoutDriverError::Contention)
            | Ok(_) => Ok(true),
            Err(PayoutDriverError::Refused(error)) => {
                Err(format!("to cancel was refused with {error:?}"))
            }
        }
    })
}

/// A person lets a transfer go on that was held.
pub(crate) fn release(world: &World, driver: Payouts, transfer: TransferId) -> Job {
    let world = world.clone();
    Box::pin(async move {
        let Ok(books) = driver.store().books(&[], &[transfer]).await else { return Ok(false) };
        let now = world.lock().now;
        let mut draft = Draft::new(books, now);
        if release_held(&mut draft, transfer).is_err() {
            return Ok(true);
        }
        Ok(driver.store().commit_payout(&draft.finish()).await.is_ok())
    })
}

/// Whether a wish is done: granted, or refused by the rules. What the store failed is asked for again,
/// and what was refused because rows of different times do not fit together.
fn settled<T>(world: &World, answer: &Result<T, PayoutDriverError>) -> bool {
    if let Err(PayoutDriverError::Refused(PayoutError::Insufficient { .. })) = answer {
        world.saw(Fault::FundsTaken);
    }
    match answer {
        Ok(_) => true,
        Err(PayoutDriverError::Refused(error)) => !matches!(error, PayoutError::Contradiction(_)),
        Err(_) => false,
    }
}

/// Whether what cannot be was refused, and for the right reason. A closed account is a reason, too; rows
/// of different times that do not fit together are one to ask again.
fn refused<T>(
    answer: Result<T, PayoutDriverError>,
    reason: &PayoutError,
) -> Result<bool, Violation> {
    match answer {
        Ok(_) => Err(format!("granted, though {reason}")),
        Err(PayoutDriverError::Refused(PayoutError::Contradiction(_))) => Ok(false),
        Err(PayoutDriverError::Refused(error)) => {
            if error == *reason || error == PayoutError::AccountClosed {
                Ok(true)
            } else {
                Err(format!("refused with {error:?}, not because {reason}"))
            }
        }
        Err(_) => Ok(false),
    }
}
