//! Cases of changes that do not fit any more: nothing of them is written.

use super::Failure;
use super::check::{answered, conflict, done, equal};
use super::payouts_made::{
    Everything, LEASE, RAIL, SHARE, account_id, approval_id, approved, at_rail, attorney, batch_of,
    batched, begun, books_of, candidates, decided, ended, everything, filed, key, link, payee,
    paying, payout_batch_id, put_in, request, rows_are, rows_of, started, stored, told,
    transfer_id,
};
use crate::claims::{Claim, ClaimState};
use crate::payouts::{
    Amount, ApprovalState, Books, PayoutChange, PayoutError, RailStatus, RequestKey, TransferState,
    approve, close_account, fill_batch, fund, lease_batch, link_account, on_status, open_batch,
    seal_batch,
};
use crate::ports::Store;
use crate::types::{Currency, Money, Version};

/// The claimants and the keys of deposits of these cases.
const PAYEES: [u16; 5] = [1, 2, 3, 4, 5];
const KEYS: [&str; 3] = ["all shares", "one more", "another"];

async fn all_of(store: &dyn Store) -> Result<Everything, Failure> {
    everything(store, &PAYEES, &KEYS).await
}

/// A change that must conflict, and leave everything as it is.
async fn refused(store: &dyn Store, step: &str, change: PayoutChange) -> Result<(), Failure> {
    let before = all_of(store).await?;
    conflict(step, store.commit_payout(&change).await)?;
    equal(step, &before, &all_of(store).await?)
}

/// An account with two batches: the first is sent, the second waits; somebody waits for neither.
async fn busy(store: &dyn Store) -> Result<(), Failure> {
    approved(store, 1, &[1, 2, 3, 4]).await?;
    batched(store, (1, 1), &[1, 2]).await?;
    batched(store, (1, 2), &[3]).await?;
    started(store, 1, &[1, 2]).await.map(drop)
}

fn deposit_of(books: Books, n: u16, key: &RequestKey) -> Result<PayoutChange, Failure> {
    decided(books, |draft| fund(draft, account_id(n), key, Money::usd_cents(7), None))
}

pub(super) async fn a_stale_row_conflicts(store: &dyn Store) -> Result<(), Failure> {
    busy(store).await?;
    // The claim moved after it was loaded.
    let books = rows_of(store, 1, &[1]).await?;
    let mut moved = books.claims.clone();
    for claim in moved.values_mut() {
        done("a claim moves", store.commit_claim(claim, &[]).await)?;
        claim.version = claim.version.next();
    }
    let stale = Books { claims: books.claims, ..books_of(store, 1, &[1]).await? };
    refused(store, "a stale claim", told(stale, &[1], RailStatus::Settled)?).await?;
    // Money was put in after the account was loaded.
    let books = rows_of(store, 1, &[]).await?;
    put_in(store, 1, "one more", 1).await?;
    refused(store, "a stale account", deposit_of(books, 1, &key("another")?)?).await?;
    // Another executor took the batch after it was loaded.
    let books = books_of(store, 2, &[3]).await?;
    let (first, _) = begun(books.clone(), 2, &[])?;
    stored(store, "the first executor", first).await?;
    refused(store, "a stale batch", begun(books, 2, &[])?.0).await?;
    // A transfer arrived after it was loaded; batch, approval and claim are not stale.
    let stale = books_of(store, 1, &[1]).await?;
    ended(store, 1, &[1], RailStatus::Settled).await?;
    let fresh = books_of(store, 1, &[1]).await?;
    let mut books = stale.clone();
    for (id, row) in &mut books.batches {
        row.version = fresh.batches.get(id).map_or(row.version, |fresh| fresh.version);
    }
    for (id, row) in &mut books.approvals {
        row.version = fresh.approvals.get(id).map_or(row.version, |fresh| fresh.version);
    }
    for (id, row) in &mut books.claims {
        row.version = fresh.claims.get(id).map_or(row.version, |fresh| fresh.version);
    }
    refused(store, "a stale transfer", told(books.clone(), &[1], RailStatus::Failed)?).await?;
    // The same with a stale approval instead.
    let mut books = Books { transfers: fresh.transfers.clone(), ..books };
    for row in books.transfers.values_mut() {
        row.state = TransferState::Processing;
    }
    for (id, row) in &mut books.approvals {
        row.version = stale.approvals.get(id).map_or(row.version, |stale| stale.version);
    }
    refused(store, "a stale approval", told(books, &[1], RailStatus::Failed)?).await
}

pub(super) async fn a_row_that_is_not_there_conflicts(store: &dyn Store) -> Result<(), Failure> {
    busy(store).await?;
    let step = "an account that is not there";
    let mut books = rows_of(store, 1, &[]).await?;
    let account = books.accounts.remove(&account_id(1));
    if let Some(mut row) = account {
        row.id = account_id(9);
        books.accounts.insert(row.id, row);
    }
    let change = decided(books, |draft| close_account(draft, account_id(9)))?;
    refused(store, step, change).await?;
    let step = "a batch that is not there";
    let mut books = books_of(store, 2, &[]).await?;
    for mut row in std::mem::take(&mut books.batches).into_values() {
        row.id = payout_batch_id(9);
        books.batches.insert(row.id, row);
    }
    refused(store, step, begun(books, 9, &[])?.0).await?;
    let step = "a transfer that is not there";
    let mut books = books_of(store, 1, &[1]).await?;
    for mut row in std::mem::take(&mut books.transfers).into_values() {
        row.id = transfer_id(5);
        books.transfers.insert(row.id, row);
    }
    let share = Amount::new(SHARE).map_err(PayoutError::Amount);
    let change = decided(books, |draft| {
        on_status(draft, transfer_id(5), &at_rail(5, share?, RailStatus::Posted)).map(drop)
    })?;
    refused(store, step, change).await?;
    let step = "an approval and a claim that are not there";
    let mut books = rows_of(store, 1, &[4]).await?;
    for mut row in std::mem::take(&mut books.approvals).into_values() {
        (row.id, row.user_id, row.state) = (approval_id(5), payee(5), ApprovalState::Failed);
        books.approvals.insert(row.id, row);
    }
    let claim = Claim { version: Version(2), ..filed(5, 1)? };
    books.claims = [((claim.user_id, claim.settlement_id), claim)].into();
    let change =
        decided(books, |draft| approve(draft, account_id(1), payee(5), None, approval_id(5)))?;
    refused(store, step, change).await
}

pub(super) async fn a_key_is_used_once(store: &dyn Store) -> Result<(), Failure> {
    busy(store).await?;
    link(store, 2).await?;
    for (step, id, settlement) in
        [("an account of this id", 1, 7), ("the settlement has an account", 7, 1)]
    {
        let change = decided(Books::default(), |draft| {
            let of = (paying(settlement), Currency::USD, RAIL);
            link_account(draft, None, account_id(id), attorney(1), of)
        })?;
        refused(store, step, change).await?;
    }
    // Whoever loads the account anew and does not look for the deposit.
    let used = key("all shares")?;
    let change = deposit_of(rows_of(store, 1, &[]).await?, 1, &used)?;
    refused(store, "the key of a deposit", change).await?;
    let change = deposit_of(rows_of(store, 2, &[]).await?, 2, &used)?;
    rows_are(store, "another account", &stored(store, "another account", change).await?).await?;
    for (step, account, batch, text) in
        [("a batch of this id", 1, 2, "batch 9"), ("the attorney's key", 2, 9, "batch 2")]
    {
        let request = request(account, text)?;
        let change = decided(rows_of(store, account, &[]).await?, |draft| {
            open_batch(draft, account_id(account), payout_batch_id(batch), &request, 0)
        })?;
        refused(store, step, change).await?;
    }
    let step = "the same key of another attorney";
    let change = decided(Books::default(), |draft| {
        link_account(draft, None, account_id(3), attorney(2), (paying(3), Currency::USD, RAIL))
    })?;
    let books = stored(store, step, change).await?;
    let request = request(3, "batch 2")?;
    let change =
        decided(books, |draft| open_batch(draft, account_id(3), payout_batch_id(9), &request, 0))?;
    rows_are(store, step, &stored(store, step, change).await?).await
}

pub(super) async fn a_person_has_one_approval(store: &dyn Store) -> Result<(), Failure> {
    busy(store).await?;
    for (step, id, who) in
        [("a second approval of a person", 5, 4), ("an approval of this id", 4, 5)]
    {
        let mut books = rows_of(store, 1, &[who]).await?;
        books.approvals.clear();
        let mut claim = filed(who, 1)?;
        let stored = books.claims.get(&(payee(who), paying(1)));
        claim.version = stored.map_or(Version::NEW, |stored| stored.version);
        books.claims.insert((payee(who), paying(1)), claim);
        let change = decided(books, |draft| {
            approve(draft, account_id(1), payee(who), None, approval_id(id))
        })?;
        refused(store, step, change).await?;
    }
    // A claim that is new only for whoever did not load it.
    let mut books = rows_of(store, 1, &[]).await?;
    done("filing a claim", store.commit_claim(&filed(5, 1)?, &[]).await)?;
    books.claims.insert((payee(5), paying(1)), filed(5, 1)?);
    let change =
        decided(books, |draft| approve(draft, account_id(1), payee(5), None, approval_id(5)))?;
    refused(store, "a claim is new once", change).await?;
    let step = "the same person and another settlement";
    let books = approved(store, 2, &[5]).await?;
    rows_are(store, step, &books).await
}

/// Books that do not know of the transfer that stands.
async fn unaware(store: &dyn Store, payee: u16) -> Result<Books, Failure> {
    let mut books = rows_of(store, 1, &[payee]).await?;
    for row in books.approvals.values_mut() {
        (row.state, row.transfer_id) = (ApprovalState::Approved, None);
    }
    for row in books.accounts.values_mut() {
        row.available = row.funded;
    }
    Ok(books)
}

fn second_transfer(books: Books, payee: u16, id: u16) -> Result<PayoutChange, Failure> {
    let (request, batch) = (request(1, "batch 9")?, payout_batch_id(9));
    let page = candidates(&books, &[payee]);
    decided(books, |draft| {
        open_batch(draft, account_id(1), batch, &request, SHARE)?;
        fill_batch(draft, batch, &page, None, None, || transfer_id(id))?;
        seal_batch(draft, batch)
    })
}

pub(super) async fn an_approval_has_one_live_transfer(store: &dyn Store) -> Result<(), Failure> {
    busy(store).await?;
    let change = second_transfer(unaware(store, 3).await?, 3, 9)?;
    refused(store, "beside a pending one", change).await?;
    let change = second_transfer(unaware(store, 1).await?, 1, 9)?;
    refused(store, "beside one that is sent", change).await?;
    ended(store, 1, &[1], RailStatus::Settled).await?;
    let change = second_transfer(unaware(store, 1).await?, 1, 9)?;
    refused(store, "beside one that arrived", change).await?;
    let change = second_transfer(unaware(store, 4).await?, 4, 3)?;
    refused(store, "a transfer of this id", change).await?;
    // What failed, and what came back, makes room.
    ended(store, 1, &[2], RailStatus::Failed).await?;
    ended(store, 1, &[1], RailStatus::Returned).await?;
    put_in(store, 1, "one more", 5 * SHARE).await?;
    for (n, batch) in [(1, 11), (2, 12)] {
        let books = rows_of(store, 1, &[n]).await?;
        let change = decided(books, |draft| {
            let money = Some(Money::usd_cents(SHARE));
            approve(draft, account_id(1), payee(n), money, approval_id(n))
        })?;
        let books = stored(store, "approving again", change).await?;
        let request = request(1, &format!("batch {batch}"))?;
        let page = candidates(&books, &[n]);
        let change = decided(books, |draft| {
            open_batch(draft, account_id(1), payout_batch_id(batch), &request, SHARE)?;
            fill_batch(draft, payout_batch_id(batch), &page, None, None, || transfer_id(batch))?;
            seal_batch(draft, payout_batch_id(batch))
        })?;
        let step = "the transfer of a second attempt";
        rows_are(store, step, &stored(store, step, change).await?).await?;
    }
    let change = second_transfer(unaware(store, 2).await?, 2, 9)?;
    refused(store, "beside that of a second attempt", change).await
}

/// Within one change a transfer fails, its claimant is approved again and gets another one.
pub(super) async fn what_ends_makes_room_at_once(store: &dyn Store) -> Result<(), Failure> {
    busy(store).await?;
    put_in(store, 1, "one more", SHARE).await?;
    let books = books_of(store, 1, &[1]).await?;
    let request = request(1, "batch 9")?;
    let batch = payout_batch_id(9);
    let share = Amount::new(SHARE).map_err(PayoutError::Amount);
    let change = decided(books, |draft| {
        let _ = on_status(draft, transfer_id(1), &at_rail(1, share?, RailStatus::Failed))?;
        let money = Some(Money::usd_cents(SHARE));
        approve(draft, account_id(1), payee(1), money, approval_id(1))?;
        let page = candidates(draft.books(), &[1]);
        open_batch(draft, account_id(1), batch, &request, SHARE)?;
        fill_batch(draft, batch, &page, None, None, || transfer_id(5))?;
        seal_batch(draft, batch)
    })?;
    let step = "one transfer after another";
    rows_are(store, step, &stored(store, step, change).await?).await?;
    let change = second_transfer(unaware(store, 1).await?, 1, 9)?;
    refused(store, "beside the second", change).await
}

/// One stale row at the end of a change that is long otherwise.
pub(super) async fn a_change_is_all_or_none(store: &dyn Store) -> Result<(), Failure> {
    let many: Vec<u16> = (1..=60).collect();
    let books = approved(store, 1, &many).await?;
    let stale = books.clone();
    let last = books.claims.values().last().cloned();
    if let Some(claim) = last {
        let moved = Claim { state: ClaimState::Approved, ..claim };
        done("the last claim moves", store.commit_claim(&moved, &[]).await)?;
    }
    stored(store, "a batch", batch_of(books, (1, 1), &many)?).await?;
    let (books, _) = started(store, 1, &many).await?;
    let stale = Books { claims: stale.claims, ..books };
    let before = everything(store, &many, &KEYS).await?;
    let change = told(stale, &many, RailStatus::Settled)?;
    conflict("the last of sixty claims is stale", store.commit_payout(&change).await)?;
    let after = everything(store, &many, &KEYS).await?;
    equal("the last of sixty claims is stale", &before, &after)?;
    let books = ended(store, 1, &many, RailStatus::Settled).await?;
    let step = "decided anew";
    equal(step, &books, &books_of(store, 1, &many).await?)?;
    let found = answered(step, store.claim(payee(60), paying(1)).await)?;
    let state = found.map(|claim| claim.state == ClaimState::PaidOut);
    equal(step, &Some(true), &state)
}

/// A lease is a change of the batch and nothing else: it has no fact.
pub(super) async fn only_one_takes_a_batch(store: &dyn Store) -> Result<(), Failure> {
    busy(store).await?;
    let before = all_of(store).await?;
    let books = books_of(store, 2, &[]).await?;
    let take =
        |books: Books| decided(books, |draft| lease_batch(draft, payout_batch_id(2), RAIL, LEASE));
    let taken = stored(store, "the first takes it", take(books.clone())?).await?;
    rows_are(store, "the first takes it", &taken).await?;
    refused(store, "the second does not", take(books)?).await?;
    let after = all_of(store).await?;
    equal("no fact is written", &before.log, &after.log)
}
