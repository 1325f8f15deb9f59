//! A small world of payouts in a store: what a case needs before the step that it is about.

use uuid::Uuid;

use super::Failure;
use super::check::{answered, done, equal};
use super::made::{Made, at, made};
use crate::audit::Link;
use crate::claims::{Claim, ClaimMove};
use crate::payouts::{
    Account, Amount, Approval, Batch, BatchRequest, Books, Candidate, Draft, Lease, PayoutChange,
    PayoutError, Posting, ProviderTransferId, RailNote, RailStatus, RailTransfer, RequestKey,
    Transfer, TransferState, approve, fill_batch, fund, lease_batch, link_account, on_status,
    open_batch, seal_batch, start,
};
use crate::ports::Store;
use crate::types::{
    AccountId, ApprovalId, AttorneyId, Commit, Currency, DestinationId, Instant, Money,
    PayoutBatchId, QuestionId, SettlementId, TransferId, UserId,
};

/// How long a lease lasts.
pub(super) const LEASE: i64 = 60_000_000;
/// The rail of the suite.
pub(super) const RAIL: &str = "rail 'one'";
/// What is put into an account for each of its claimants.
pub(super) const SHARE: i64 = 1_000;

/// An id that says of what it is, and above 0x7fff tells signed bytes from unsigned ones.
fn id(kind: u8, n: u16) -> Uuid {
    let [high, low] = n.to_be_bytes();
    Uuid::from_bytes([high, low, kind, 0, 0, 0, 0x40, 0, 0x80, 0, 0, 0, 0, kind, high, low])
}

macro_rules! ids {
    ($($name:ident: $type:ident = $kind:literal;)*) => {
        $(pub(super) fn $name(n: u16) -> $type {
            $type::from_uuid(id($kind, n))
        })*
    };
}

ids! {
    payee: UserId = 1;
    paying: SettlementId = 2;
    attorney: AttorneyId = 3;
    account_id: AccountId = 4;
    approval_id: ApprovalId = 5;
    payout_batch_id: PayoutBatchId = 6;
    transfer_id: TransferId = 7;
    destination_id: DestinationId = 8;
    question_id: QuestionId = 9;
}

pub(super) fn key(text: &str) -> Made<RequestKey> {
    made(RequestKey::new(text))
}

pub(super) fn amount(minor: i64) -> Made<Amount> {
    made(Amount::new(minor))
}

/// The moment of most decisions: before 1970, and not on a whole second.
pub(super) fn now() -> Made<Instant> {
    at(-40)
}

/// A decision of the core on these rows.
pub(super) fn decided<T>(
    books: Books,
    decide: impl FnOnce(&mut Draft) -> Result<T, PayoutError>,
) -> Made<PayoutChange> {
    decided_at(now()?, books, decide)
}

pub(super) fn decided_at<T>(
    now: Instant,
    books: Books,
    decide: impl FnOnce(&mut Draft) -> Result<T, PayoutError>,
) -> Made<PayoutChange> {
    let mut draft = Draft::new(books, now);
    made(decide(&mut draft))?;
    Ok(draft.finish())
}

/// Stores a change that must fit, and gives its rows as they must be stored now.
pub(super) async fn stored(
    store: &dyn Store,
    step: &str,
    change: PayoutChange,
) -> Result<Books, Failure> {
    done(step, store.commit_payout(&change).await)?;
    let (books, _) = made(change.committed(Commit::Done).ok_or(()))?;
    Ok(books)
}

/// Rows of a settlement: its account, and whoever has one of these numbers.
pub(super) async fn rows_of(store: &dyn Store, n: u16, payees: &[u16]) -> Result<Books, Failure> {
    let step = "loading rows";
    let mut books = Books::default();
    let account = answered(step, store.account_of(paying(n)).await)?;
    books.accounts.extend(account.map(|row| (row.id, row)));
    for one in payees {
        let key = (payee(*one), paying(n));
        let claim = answered(step, store.claim(key.0, key.1).await)?;
        books.claims.extend(claim.map(|row| (key, row)));
        let approval = answered(step, store.approval_of(key.0, key.1).await)?;
        books.approvals.extend(approval.map(|row| (row.id, row)));
    }
    Ok(books)
}

/// What a decision about a batch and some of its transfers rests on.
pub(super) async fn books_of(
    store: &dyn Store,
    batch: u16,
    transfers: &[u16],
) -> Result<Books, Failure> {
    let ids: Vec<TransferId> = transfers.iter().map(|n| transfer_id(*n)).collect();
    answered("loading books", store.books(&[payout_batch_id(batch)], &ids).await)
}

/// Links the account of a number to the settlement of that number, for the first attorney.
pub(super) async fn link(store: &dyn Store, n: u16) -> Result<Books, Failure> {
    let (id, of) = (account_id(n), (paying(n), Currency::USD, RAIL));
    let change = decided(Books::default(), |draft| link_account(draft, None, id, attorney(1), of))?;
    stored(store, "linking an account", change).await
}

/// Puts money into an account under a key.
pub(super) async fn put_in(
    store: &dyn Store,
    n: u16,
    text: &str,
    minor: i64,
) -> Result<Books, Failure> {
    let books = rows_of(store, n, &[]).await?;
    let (key, money) = (key(text)?, Money::usd_cents(minor));
    let change = decided(books, |draft| fund(draft, account_id(n), &key, money, None))?;
    stored(store, "putting money into an account", change).await
}

/// A claim that was filed.
pub(super) fn filed(payee_n: u16, n: u16) -> Made<Claim> {
    let claim = Claim::matched(payee(payee_n), paying(n), now()?);
    made(
        claim
            .moved(ClaimMove::Open, now()?)
            .and_then(|it| it.moved(ClaimMove::Submit, it.moved_at)),
    )
}

/// A linked account with a share for each of these, who are approved as soon as they filed.
pub(super) async fn approved(store: &dyn Store, n: u16, payees: &[u16]) -> Result<Books, Failure> {
    link(store, n).await?;
    let shares = i64::try_from(payees.len()).unwrap_or(i64::MAX);
    put_in(store, n, "all shares", shares.saturating_mul(SHARE)).await?;
    let mut books = rows_of(store, n, &[]).await?;
    for one in payees {
        let claim = filed(*one, n)?;
        books.claims.insert((claim.user_id, claim.settlement_id), claim);
    }
    let change = decided(books, |draft| {
        let money = Some(Money::usd_cents(SHARE));
        payees.iter().try_for_each(|one| {
            approve(draft, account_id(n), payee(*one), money, approval_id(*one)).map(drop)
        })
    })?;
    stored(store, "approving", change).await
}

pub(super) fn request(n: u16, text: &str) -> Made<BatchRequest> {
    Ok(BatchRequest { key: key(text)?, settlement_id: paying(n), items: None })
}

pub(super) fn candidates(books: &Books, payees: &[u16]) -> Vec<Candidate> {
    let rows = payees.iter().filter_map(|one| books.approvals.get(&approval_id(*one)));
    rows.map(|row| Candidate { approval: row.clone(), has_destination: true }).collect()
}

/// A batch with a transfer for each of these, of the same number, sealed. Its key is its number.
pub(super) fn batch_of(books: Books, (n, batch): (u16, u16), payees: &[u16]) -> Made<PayoutChange> {
    let request = request(n, &format!("batch {batch}"))?;
    let page = candidates(&books, payees);
    let total = made(Candidate::total(&page, None, 0))?;
    let id = payout_batch_id(batch);
    let reached = payees.iter().map(|one| approval_id(*one)).max();
    let mut ids = payees.iter().map(|one| transfer_id(*one));
    decided(books, |draft| {
        open_batch(draft, account_id(n), id, &request, total)?;
        let next = || ids.next().unwrap_or_else(|| transfer_id(0));
        fill_batch(draft, id, &page, reached, None, next)?;
        seal_batch(draft, id)
    })
}

/// Stores a batch like that.
pub(super) async fn batched(
    store: &dyn Store,
    (n, batch): (u16, u16),
    payees: &[u16],
) -> Result<Books, Failure> {
    let books = rows_of(store, n, payees).await?;
    stored(store, "making a batch", batch_of(books, (n, batch), payees)?).await
}

/// Takes a batch and begins to send some of its transfers.
pub(super) fn begun(books: Books, batch: u16, transfers: &[u16]) -> Made<(PayoutChange, Lease)> {
    let ids: Vec<TransferId> = transfers.iter().map(|n| transfer_id(*n)).collect();
    let mut taken = None;
    let change = decided(books, |draft| {
        let lease = lease_batch(draft, payout_batch_id(batch), RAIL, LEASE)?;
        taken = Some(lease);
        start(draft, payout_batch_id(batch), lease, &ids)
    })?;
    Ok((change, made(taken.ok_or(()))?))
}

/// Stores that.
pub(super) async fn started(
    store: &dyn Store,
    batch: u16,
    transfers: &[u16],
) -> Result<(Books, Lease), Failure> {
    let (change, lease) = begun(books_of(store, batch, transfers).await?, batch, transfers)?;
    Ok((stored(store, "beginning to send", change).await?, lease))
}

/// What a rail calls a transfer.
pub(super) fn rail_name(n: u16) -> ProviderTransferId {
    ProviderTransferId(format!("rail-{n}"))
}

pub(super) fn at_rail(n: u16, amount: Amount, status: RailStatus) -> RailTransfer {
    RailTransfer { id: rail_name(n), amount, status, reason: Some(format!("R{n:02}")) }
}

/// A rail says where transfers of a share are.
pub(super) fn told(books: Books, transfers: &[u16], status: RailStatus) -> Made<PayoutChange> {
    let share = amount(SHARE)?;
    decided(books, |draft| {
        transfers.iter().try_for_each(|n| {
            on_status(draft, transfer_id(*n), &at_rail(*n, share, status)).map(drop)
        })
    })
}

/// Stores that.
pub(super) async fn ended(
    store: &dyn Store,
    batch: u16,
    transfers: &[u16],
    status: RailStatus,
) -> Result<Books, Failure> {
    let books = books_of(store, batch, transfers).await?;
    stored(store, "the rail says", told(books, transfers, status)?).await
}

/// Whether each of these rows is what the store has under its id, and under its other keys.
pub(super) async fn rows_are(store: &dyn Store, step: &str, books: &Books) -> Result<(), Failure> {
    for row in books.accounts.values() {
        let row = Some(row.clone());
        equal(step, &row, &answered(step, store.account(id_of(&row)).await)?)?;
        let of = row.as_ref().map_or(paying(0), |row| row.settlement_id);
        equal(step, &row, &answered(step, store.account_of(of).await)?)?;
    }
    for ((user, settlement), row) in &books.claims {
        let found = answered(step, store.claim(*user, *settlement).await)?;
        equal(step, &Some(row.clone()), &found)?;
    }
    for row in books.approvals.values() {
        let found = store.approval_of(row.user_id, row.settlement_id).await;
        equal(step, &Some(row.clone()), &answered(step, found)?)?;
    }
    for row in books.batches.values() {
        let found = answered(step, store.payout_batch(row.id).await)?;
        equal(step, &Some(row.clone()), &found)?;
        let found = answered(step, store.payout_batch_of(row.attorney_id, &row.key).await)?;
        equal(step, &Some(row.clone()), &found)?;
    }
    for row in books.transfers.values() {
        let found = answered(step, store.transfer(row.id).await)?;
        equal(step, &Some(row.clone()), &found)?;
        if let Some(name) = &row.provider_transfer_id {
            let found = answered(step, store.transfers_named(std::slice::from_ref(name)).await)?;
            equal(step, &vec![(name.clone(), row.id)], &found)?;
        }
    }
    Ok(())
}

fn id_of(row: &Option<Account>) -> AccountId {
    row.as_ref().map_or(account_id(0), |row| row.id)
}

/// All that a store has of payouts, as far as the suite writes it.
#[derive(PartialEq)]
pub(super) struct Everything {
    pub(super) accounts: Vec<Account>,
    pub(super) deposits: Vec<Option<Amount>>,
    pub(super) claims: Vec<Option<Claim>>,
    pub(super) approvals: Vec<Option<Approval>>,
    pub(super) batches: Vec<Batch>,
    pub(super) transfers: Vec<Transfer>,
    pub(super) notes: Vec<RailNote>,
    pub(super) cursor: u64,
    pub(super) log: Vec<Link>,
    pub(super) postings: Vec<Posting>,
}

/// Reads it: of the accounts of the first attorney, the claimants and the keys of deposits with
/// these names.
pub(super) async fn everything(
    store: &dyn Store,
    payees: &[u16],
    keys: &[&str],
) -> Result<Everything, Failure> {
    let step = "reading everything";
    let mut all = Everything {
        accounts: answered(step, store.accounts_of(attorney(1)).await)?,
        deposits: Vec::new(),
        claims: Vec::new(),
        approvals: Vec::new(),
        batches: Vec::new(),
        transfers: Vec::new(),
        notes: answered(step, store.rail_notes(RAIL, 0, usize::MAX).await)?,
        cursor: answered(step, store.rail_cursor(RAIL).await)?,
        log: Vec::new(),
        postings: Vec::new(),
    };
    for Account { id, settlement_id, .. } in all.accounts.clone() {
        for text in keys {
            all.deposits.push(answered(step, store.deposit(id, &key(text)?).await)?);
        }
        for one in payees {
            all.claims.push(answered(step, store.claim(payee(*one), settlement_id).await)?);
            let found = store.approval_of(payee(*one), settlement_id).await;
            all.approvals.push(answered(step, found)?);
        }
        all.batches.extend(answered(step, store.payout_batches(id, None, usize::MAX).await)?);
        all.log.extend(answered(step, store.payout_log(id, 0, usize::MAX).await)?);
        all.postings.extend(answered(step, store.postings(id, 0, usize::MAX).await)?);
    }
    for batch in &all.batches {
        let states = TransferState::ALL;
        let found = store.transfers(batch.id, states, None, usize::MAX).await;
        all.transfers.extend(answered(step, found)?);
    }
    Ok(all)
}
