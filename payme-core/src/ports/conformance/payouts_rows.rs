//! Cases of claims, accounts, approvals, batches and transfers: what is written is read back.

use super::Failure;
use super::check::{answered, conflict, done, equal};
use super::made::{about, at, made, user};
use super::payouts_made::{
    LEASE, RAIL, SHARE, account_id, amount, approval_id, approved, at_rail, attorney, batch_of,
    batched, books_of, candidates, decided, decided_at, ended, everything, filed, key, link, now,
    payee, paying, payout_batch_id, put_in, rail_name, request, rows_are, rows_of, started, stored,
    transfer_id,
};
use crate::audit::EventBody;
use crate::claims::{Claim, ClaimState};
use crate::payouts::{
    Answer, ApprovalState, Authorization, AuthorizationId, Batch, BatchRequest, BatchState, Draft,
    ItemsDigest, Lease, PayoutError, RailPolicy, RailStatus, RailTransfer, Skipped, Transfer,
    TransferState, approve, close_account, fill_batch, finish_batch, lease_batch, link_account,
    on_authorization, on_creation, on_expired, on_probe, on_status, open_batch, reject,
    release_lease, seal_batch, start,
};
use crate::ports::Store;
use crate::types::{Currency, Money, PayoutBatchId, TransferId, Version};

/// Texts that a rail may say, and that a statement may trip over.
const ODD: &str = "it's \"so\" \\ \u{e9}\u{1f350}\u{0}\n{[,]}";

pub(super) async fn nothing_is_there_at_first(store: &dyn Store) -> Result<(), Failure> {
    let step = "an empty store";
    equal(step, &None, &answered(step, store.claim(payee(1), paying(1)).await)?)?;
    equal(step, &None, &answered(step, store.account(account_id(1)).await)?)?;
    equal(step, &None, &answered(step, store.account_of(paying(1)).await)?)?;
    equal(step, &None, &answered(step, store.deposit(account_id(1), &key("k")?).await)?)?;
    equal(step, &None, &answered(step, store.approval_of(payee(1), paying(1)).await)?)?;
    let waiting = answered(step, store.waiting(account_id(1), None, 9).await)?;
    equal(step, &0, &waiting.len())?;
    equal(step, &None, &answered(step, store.payout_batch(payout_batch_id(1)).await)?)?;
    let batch = store.payout_batch_of(attorney(1), &key("k")?).await;
    equal(step, &None, &answered(step, batch)?)?;
    equal(step, &None, &answered(step, store.transfer(transfer_id(1)).await)?)?;
    equal(step, &vec![], &answered(step, store.transfers_named(&[rail_name(1)]).await)?)?;
    let all = everything(store, &[1], &["k"]).await?;
    equal(step, &0, &(all.accounts.len() + all.notes.len() + all.log.len()))?;
    let books = books_of(store, 1, &[1]).await?;
    equal(step, &Default::default(), &books)
}

pub(super) async fn a_claim_of_every_state_reads_back(store: &dyn Store) -> Result<(), Failure> {
    let step = "one claim of each state";
    for (n, state) in (0..).zip(ClaimState::ALL) {
        let claim = Claim { state: *state, moved_at: at(i64::from(n))?, ..filed(n, 1)? };
        done(step, store.commit_claim(&claim, &[]).await)?;
        let expected = Claim { version: Version::FIRST, ..claim };
        let found = answered(step, store.claim(payee(n), paying(1)).await)?;
        equal(step, &Some(expected), &found)?;
        let step = "of another settlement";
        equal(step, &None, &answered(step, store.claim(payee(n), paying(2)).await)?)?;
    }
    Ok(())
}

pub(super) async fn claims_of_a_person(store: &dyn Store) -> Result<(), Failure> {
    // Not in the order of the settlements, and between claims of people with ids next to theirs.
    for (of, settlement) in [(2, 40_000), (1, 3), (2, 1), (3, 1), (2, 2), (40_000, 1)] {
        done("opening", store.commit_claim(&filed(of, settlement)?, &[]).await)?;
    }
    let step = "by settlement";
    for (of, settlements) in [(2, vec![1, 2, 40_000]), (40_000, vec![1]), (4, vec![])] {
        let stored = |n| Ok(Claim { version: Version::FIRST, ..filed(of, n)? });
        let expected = settlements.into_iter().map(stored).collect::<Result<Vec<_>, Failure>>()?;
        equal(step, &expected, &answered(step, store.claims_of(payee(of)).await)?)?;
    }
    Ok(())
}

pub(super) async fn a_claim_moves_with_its_events(store: &dyn Store) -> Result<(), Failure> {
    let event = |n| about(n, Some(user(1)), EventBody::PersonChanged);
    let mut claim = Claim::matched(payee(1), paying(1), now()?);
    let moves = [ClaimState::Matched, ClaimState::Opened, ClaimState::Submitted];
    for (n, state) in (1_u8..).zip(moves) {
        claim.state = state;
        claim.moved_at = at(i64::from(n))?;
        done(state.as_str(), store.commit_claim(&claim, &[event(n)?]).await)?;
        claim.version = claim.version.next();
        let found = answered(state.as_str(), store.claim(payee(1), paying(1)).await)?;
        equal(state.as_str(), &Some(claim.clone()), &found)?;
    }
    let lost = [event(200)?];
    for (step, version) in [
        ("as if it were new", Version::NEW),
        ("an older version", Version(2)),
        ("a later version", Version(4)),
    ] {
        let stale = Claim { version, state: ClaimState::Approved, ..claim.clone() };
        conflict(step, store.commit_claim(&stale, &lost).await)?;
    }
    let unknown = Claim { user_id: payee(2), ..claim.clone() };
    conflict("nobody's claim in version 3", store.commit_claim(&unknown, &lost).await)?;
    let step = "after the conflicts";
    equal(step, &Some(claim), &answered(step, store.claim(payee(1), paying(1)).await)?)?;
    equal(step, &None, &answered(step, store.claim(payee(2), paying(1)).await)?)?;
    equal(step, &3, &answered(step, store.events_after(0, usize::MAX).await)?.len())
}

pub(super) async fn accounts_read_back(store: &dyn Store) -> Result<(), Failure> {
    let step = "three accounts";
    let currency = made("KWD".parse::<Currency>())?;
    for (n, of, currency) in [(40_000, 1, Currency::USD), (2, 1, currency), (3, 2, Currency::USD)] {
        let change = decided(Default::default(), |draft| {
            link_account(draft, None, account_id(n), attorney(of), (paying(n), currency, RAIL))
        })?;
        rows_are(store, step, &stored(store, step, change).await?).await?;
    }
    let odd = "a ~ b'\"\\%_";
    let books = put_in(store, 40_000, odd, i64::MAX - 1).await?;
    rows_are(store, "all but one of all cents", &books).await?;
    rows_are(store, "and one more", &put_in(store, 40_000, "one more", 1).await?).await?;
    let books = rows_of(store, 3, &[]).await?;
    let change = decided(books, |draft| close_account(draft, account_id(3)))?;
    rows_are(store, "a closed one", &stored(store, "closing", change).await?).await?;
    let step = "the deposits";
    for (n, text, expected) in [
        (40_000, odd, Some(i64::MAX - 1)),
        (40_000, "one more", Some(1)),
        (40_000, "another", None),
        (2, odd, None),
    ] {
        let found = answered(step, store.deposit(account_id(n), &key(text)?).await)?;
        equal(step, &expected.map(amount).transpose()?, &found)?;
    }
    for (of, expected) in [(1, &[2, 40_000][..]), (2, &[3]), (3, &[])] {
        let found = answered("by attorney", store.accounts_of(attorney(of)).await)?;
        let mut rows = Vec::new();
        for n in expected {
            rows.extend(answered("by id", store.account(account_id(*n)).await)?);
        }
        equal("by attorney", &rows, &found)?;
    }
    Ok(())
}

pub(super) async fn approvals_read_back(store: &dyn Store) -> Result<(), Failure> {
    let books = approved(store, 1, &[1, 2]).await?;
    rows_are(store, "approved", &books).await?;
    done("filing a claim", store.commit_claim(&filed(3, 1)?, &[]).await)?;
    done("filing a claim", store.commit_claim(&filed(4, 1)?, &[]).await)?;
    let books = rows_of(store, 1, &[3, 4]).await?;
    let change = decided_at(at(7)?, books, |draft| {
        reject(draft, account_id(1), payee(3), approval_id(3))?;
        approve(draft, account_id(1), payee(4), None, approval_id(4))
    })?;
    let books = stored(store, "one rejected, one without an amount", change).await?;
    rows_are(store, "one rejected, one without an amount", &books).await?;
    batched(store, (1, 1), &[1, 2]).await?;
    started(store, 1, &[1, 2]).await?;
    rows_are(store, "paid", &ended(store, 1, &[1], RailStatus::Settled).await?).await?;
    rows_are(store, "failed", &ended(store, 1, &[2], RailStatus::Failed).await?).await?;
    rows_are(store, "come back", &ended(store, 1, &[1], RailStatus::Returned).await?).await?;
    let books = rows_of(store, 1, &[1]).await?;
    let change = decided_at(at(9)?, books, |draft| {
        let less = Some(Money::usd_cents(1));
        approve(draft, account_id(1), payee(1), less, approval_id(99))
    })?;
    let books = stored(store, "the second attempt", change).await?;
    let attempts: Vec<i64> = books.approvals.values().map(|row| i64::from(row.attempt)).collect();
    equal("the second attempt", &vec![2], &attempts)?;
    rows_are(store, "the second attempt", &books).await
}

async fn waiting_are(
    store: &dyn Store,
    step: &str,
    (after, limit): (Option<u16>, usize),
    expected: &[u16],
) -> Result<(), Failure> {
    let found = store.waiting(account_id(1), after.map(approval_id), limit).await;
    let mut rows = Vec::new();
    for n in expected {
        rows.extend(rows_of(store, 1, &[*n]).await?.approvals.into_values());
    }
    equal(step, &expected.len(), &rows.len())?;
    equal(step, &rows, &answered(step, found)?)
}

pub(super) async fn who_waits_comes_in_pages(store: &dyn Store) -> Result<(), Failure> {
    approved(store, 1, &[40_000, 3, 1, 2]).await?;
    approved(store, 2, &[5]).await?;
    done("filing a claim", store.commit_claim(&filed(4, 1)?, &[]).await)?;
    let books = rows_of(store, 1, &[4]).await?;
    let change = decided(books, |draft| reject(draft, account_id(1), payee(4), approval_id(4)))?;
    stored(store, "who is rejected does not wait", change).await?;
    waiting_are(store, "everybody", (None, usize::MAX), &[1, 2, 3, 40_000]).await?;
    waiting_are(store, "nobody", (None, 0), &[]).await?;
    waiting_are(store, "the first", (None, 1), &[1]).await?;
    waiting_are(store, "the next", (Some(1), 2), &[2, 3]).await?;
    waiting_are(store, "behind one who is not there", (Some(100), 9), &[40_000]).await?;
    waiting_are(store, "behind the last", (Some(40_000), 9), &[]).await?;
    batched(store, (1, 1), &[2, 40_000]).await?;
    waiting_are(store, "who has a transfer does not wait", (None, 9), &[1, 3]).await?;
    started(store, 1, &[2]).await?;
    ended(store, 1, &[2], RailStatus::Failed).await?;
    waiting_are(store, "whose transfer failed does not wait", (None, 9), &[1, 3]).await?;
    let books = rows_of(store, 1, &[2]).await?;
    let change =
        decided(books, |draft| approve(draft, account_id(1), payee(2), None, approval_id(9)))?;
    stored(store, "approving again", change).await?;
    waiting_are(store, "until approved again", (None, 9), &[1, 2, 3]).await
}

/// A batch that says all that a batch can say, as it goes on.
pub(super) async fn batches_read_back(store: &dyn Store) -> Result<(), Failure> {
    approved(store, 1, &[1, 2, 3]).await?;
    let id = payout_batch_id(1);
    let mut books = rows_of(store, 1, &[1, 2, 3]).await?;
    let pages = [candidates(&books, &[1]), candidates(&books, &[2])];
    let items = ItemsDigest::new(&[(payee(1), None), (payee(2), Some(amount(SHARE)?))]);
    let request = BatchRequest { items: Some(items), ..request(1, "a ~ b'\"\\%_")? };
    for (n, page) in (1..).zip(pages) {
        let change = decided_at(at(5)?, books, |draft| {
            if n == 1 {
                open_batch(draft, account_id(1), id, &request, 3 * SHARE)?;
            }
            fill_batch(draft, id, &page, Some(approval_id(n)), None, || transfer_id(n))
        })?;
        let step = "while it is written";
        books = stored(store, step, change).await?;
        rows_are(store, step, &books).await?;
    }
    let books = books_of(store, 1, &[]).await?;
    let change = decided(books, |draft| seal_batch(draft, id))?;
    rows_are(store, "sealed", &stored(store, "sealing", change).await?).await?;
    let (books, lease) = started(store, 1, &[1, 2]).await?;
    rows_are(store, "taken", &books).await?;
    rows_are(store, "one arrived", &ended(store, 1, &[1], RailStatus::Settled).await?).await?;
    ended(store, 1, &[2], RailStatus::Failed).await?;
    let books = books_of(store, 1, &[]).await?;
    let change = decided_at(at(11)?, books, |draft| {
        release_lease(draft, id, lease)?;
        finish_batch(draft, id)
    })?;
    let books = stored(store, "finishing", change).await?;
    let state = books.batches.get(&id).map(|row| row.state == BatchState::Partial);
    equal("it ended in part", &true, &state.unwrap_or(false))?;
    rows_are(store, "ended", &books).await?;
    let books = ended(store, 1, &[1], RailStatus::Returned).await?;
    rows_are(store, "ended, and money came back", &books).await
}

/// From the approval to the end in one change: every row is new and says all it can.
pub(super) async fn a_payout_in_one_change(store: &dyn Store) -> Result<(), Failure> {
    link(store, 1).await?;
    let mut books = put_in(store, 1, "all shares", 4 * SHARE).await?;
    for n in 1..=4 {
        let claim = filed(n, 1)?;
        books.claims.insert((claim.user_id, claim.settlement_id), claim);
    }
    let (request, id, share) = (request(1, "batch 1")?, payout_batch_id(1), amount(SHARE)?);
    let change = decided(books, |draft| {
        for n in 1..=4 {
            let money = Some(Money::usd_cents(SHARE));
            approve(draft, account_id(1), payee(n), money, approval_id(n))?;
        }
        let page = candidates(draft.books(), &[1, 2, 3, 4]);
        open_batch(draft, account_id(1), id, &request, 4 * SHARE)?;
        let mut ids = 1..;
        let next = || transfer_id(ids.next().unwrap_or(0));
        fill_batch(draft, id, &page, None, None, next)?;
        seal_batch(draft, id)?;
        let lease = lease_batch(draft, id, RAIL, LEASE)?;
        start(draft, id, lease, &[1, 2, 3, 4].map(transfer_id))?;
        let policy = RailPolicy::default();
        for n in 1..=3 {
            let answer = agreed(&format!("{ODD}{n}"), None);
            let _ = on_authorization(draft, transfer_id(n), lease, answer, policy)?;
        }
        let action = Answer::Done(Authorization::UserActionRequired);
        let _ = on_authorization(draft, transfer_id(4), lease, action, policy)?;
        for (n, status) in [(1, RailStatus::Settled), (2, RailStatus::Failed)] {
            let _ = on_status(draft, transfer_id(n), &at_rail(n, share, status))?;
        }
        on_creation(draft, transfer_id(3), &agreement(3), Answer::Unknown)
    })?;
    let step = "a payout in one change";
    rows_are(store, step, &stored(store, step, change).await?).await?;
    link(store, 2).await?;
    let empty = BatchRequest { settlement_id: paying(2), key: key("batch 2")?, items: None };
    let change = decided(rows_of(store, 2, &[]).await?, |draft| {
        open_batch(draft, account_id(2), payout_batch_id(2), &empty, 0)?;
        seal_batch(draft, payout_batch_id(2))?;
        finish_batch(draft, payout_batch_id(2))
    })?;
    let step = "a batch that ends at once";
    rows_are(store, step, &stored(store, step, change).await?).await
}

async fn batches_are(
    store: &dyn Store,
    step: &str,
    (before, limit): (Option<u16>, usize),
    expected: &[u16],
) -> Result<(), Failure> {
    let before: Option<PayoutBatchId> = before.map(payout_batch_id);
    let found = answered(step, store.payout_batches(account_id(1), before, limit).await)?;
    let mut rows: Vec<Batch> = Vec::new();
    for n in expected {
        rows.extend(answered(step, store.payout_batch(payout_batch_id(*n)).await)?);
    }
    equal(step, &expected.len(), &rows.len())?;
    equal(step, &rows, &found)
}

pub(super) async fn batches_come_the_newest_first(store: &dyn Store) -> Result<(), Failure> {
    link(store, 1).await?;
    link(store, 2).await?;
    for (n, batch) in [(1, 40_000), (1, 1), (2, 4), (1, 3), (1, 2)] {
        let step = "an empty batch";
        rows_are(store, step, &batched(store, (n, batch), &[]).await?).await?;
    }
    batches_are(store, "all", (None, usize::MAX), &[40_000, 3, 2, 1]).await?;
    batches_are(store, "none", (None, 0), &[]).await?;
    batches_are(store, "the newest", (None, 1), &[40_000]).await?;
    batches_are(store, "the next", (Some(40_000), 2), &[3, 2]).await?;
    batches_are(store, "before one that is not there", (Some(100), 1), &[3]).await?;
    batches_are(store, "before the oldest", (Some(1), 9), &[]).await
}

/// What a rail answers.
fn agreed(id: &str, unchecked: Option<&str>) -> Answer<Authorization> {
    let unchecked = unchecked.map(str::to_owned);
    Answer::Done(Authorization::Approved { id: AuthorizationId(id.to_owned()), unchecked })
}

pub(super) async fn transfers_of_every_state_read_back(store: &dyn Store) -> Result<(), Failure> {
    let all: Vec<u16> = (1..=12).collect();
    approved(store, 1, &all).await?;
    rows_are(store, "pending", &batched(store, (1, 1), &all).await?).await?;
    let but_one: Vec<u16> = (1..=11).collect();
    let (books, lease) = started(store, 1, &but_one).await?;
    rows_are(store, "processing", &books).await?;
    let books = books_of(store, 1, &all).await?;
    let change = decided_at(at(0)?, books, |draft| answers(draft, lease))?;
    rows_are(store, "what the rail agreed to", &stored(store, "answers", change).await?).await?;
    let books = books_of(store, 1, &all).await?;
    let change = decided_at(at(3)?, books, |draft| outcomes(draft, lease))?;
    let books = stored(store, "what came of it", change).await?;
    rows_are(store, "what came of it", &books).await?;
    for (state, count) in TransferState::ALL.iter().zip([1, 4, 2, 2, 2, 1]) {
        let rows = books.transfers.values().filter(|row| row.state == *state);
        equal(state.as_str(), &count, &rows.count())?;
    }
    Ok(())
}

/// Agreements with odd texts, requests for something else, and no answer.
fn answers(draft: &mut Draft, lease: Lease) -> Result<(), PayoutError> {
    let policy = RailPolicy::default();
    let mut agree = |n, answer| on_authorization(draft, transfer_id(n), lease, answer, policy);
    for n in 1..=7 {
        let _ = agree(n, agreed(&format!("{ODD}{n}"), None))?;
    }
    let _ = agree(8, agreed("unchecked", Some("timeout")))?;
    let _ = agree(9, Answer::Done(Authorization::UserActionRequired))?;
    let _ = agree(10, Answer::Done(Authorization::Declined(ODD.to_owned())))?;
    let _ = agree(11, Answer::Unknown)?;
    Ok(())
}

/// What the rail calls its agreement to a transfer.
fn agreement(n: u16) -> AuthorizationId {
    AuthorizationId(format!("{ODD}{n}"))
}

/// Arrived (1), come back (2), failed (3), lost (4), lost and found (5), expired (6), on its way
/// and lost sight of (7).
fn outcomes(draft: &mut Draft, lease: Lease) -> Result<(), PayoutError> {
    let share = crate::payouts::Amount::new(SHARE).map_err(PayoutError::Amount)?;
    let at_rail = |n, status| RailTransfer {
        id: crate::payouts::ProviderTransferId(format!("{ODD}{n}")),
        reason: Some(ODD.to_owned()),
        ..at_rail(n, share, status)
    };
    for (n, status) in
        [(1, RailStatus::Settled), (2, RailStatus::Returned), (3, RailStatus::Cancelled)]
    {
        let found = Answer::Done(at_rail(n, status));
        let _ = on_creation(draft, transfer_id(n), &agreement(n), found)?;
    }
    for n in [4, 5, 6] {
        let _ = on_creation(draft, transfer_id(n), &agreement(n), Answer::Unknown)?;
    }
    let _ = on_probe(draft, transfer_id(5), lease, Answer::Done(None))?;
    let _ = on_expired(draft, transfer_id(6), lease, Answer::Done(None))?;
    let _ = on_probe(draft, transfer_id(7), lease, Answer::Unknown)?;
    let _ = on_status(draft, transfer_id(11), &at_rail(11, RailStatus::FundsAvailable))?;
    Ok(())
}

async fn transfers_are(
    store: &dyn Store,
    step: &str,
    states: &[TransferState],
    (after, limit): (Option<u16>, usize),
    expected: &[u16],
) -> Result<(), Failure> {
    let after: Option<TransferId> = after.map(transfer_id);
    let found = answered(step, store.transfers(payout_batch_id(1), states, after, limit).await)?;
    let mut rows: Vec<Transfer> = Vec::new();
    for n in expected {
        rows.extend(answered(step, store.transfer(transfer_id(*n)).await)?);
    }
    equal(step, &expected.len(), &rows.len())?;
    equal(step, &rows, &found)
}

pub(super) async fn transfers_come_by_state_in_pages(store: &dyn Store) -> Result<(), Failure> {
    use TransferState::{Completed, Failed, Pending, Processing, Returned, Unknown};
    approved(store, 1, &[40_000, 5, 4, 3, 2, 1, 9]).await?;
    batched(store, (1, 1), &[40_000, 5, 4, 3, 2, 1]).await?;
    batched(store, (1, 2), &[9]).await?;
    started(store, 1, &[1, 2, 3]).await?;
    ended(store, 1, &[1], RailStatus::Failed).await?;
    ended(store, 1, &[2], RailStatus::Settled).await?;
    let all = (None, usize::MAX);
    transfers_are(store, "all", TransferState::ALL, all, &[1, 2, 3, 4, 5, 40_000]).await?;
    transfers_are(store, "of no state", &[], all, &[]).await?;
    transfers_are(store, "pending", &[Pending], all, &[4, 5, 40_000]).await?;
    transfers_are(store, "two states", &[Unknown, Processing], all, &[3]).await?;
    transfers_are(store, "no such state", &[Returned, Unknown], all, &[]).await?;
    let mixed = &[Pending, Completed, Failed];
    transfers_are(store, "open and ended", mixed, (None, 3), &[1, 2, 4]).await?;
    transfers_are(store, "behind one", mixed, (Some(2), 2), &[4, 5]).await?;
    transfers_are(store, "no room", TransferState::ALL, (None, 0), &[]).await?;
    transfers_are(store, "a page", &[Pending], (Some(4), 1), &[5]).await?;
    transfers_are(store, "behind nobody", &[Pending], (Some(100), 9), &[40_000]).await?;
    transfers_are(store, "behind the last", &[Pending], (Some(40_000), 9), &[]).await
}

/// As many as a driver stores at a time.
pub(super) async fn a_thousand_transfers_at_once(store: &dyn Store) -> Result<(), Failure> {
    let all: Vec<u16> = (33_000..34_000).collect();
    let books = approved(store, 1, &all).await?;
    let step = "a thousand transfers";
    let books = stored(store, step, batch_of(books, (1, 1), &all)?).await?;
    equal(step, &books, &books_of(store, 1, &all).await?)?;
    let step = "begun";
    let (books, _) = started(store, 1, &all).await?;
    equal(step, &books, &books_of(store, 1, &all).await?)?;
    let step = "arrived";
    let books = ended(store, 1, &all, RailStatus::Settled).await?;
    equal(step, &books, &books_of(store, 1, &all).await?)?;
    let paid = books.approvals.values().filter(|row| row.state == ApprovalState::Paid).count();
    equal(step, &1_000, &paid)?;
    let found = answered("their postings", store.postings(account_id(1), 0, usize::MAX).await)?;
    equal("their postings", &2_002, &found.len())
}

/// The reasons for which somebody is left out are no rows, and nothing is written for them.
pub(super) async fn who_is_left_out_is_not_written(store: &dyn Store) -> Result<(), Failure> {
    approved(store, 1, &[1, 2]).await?;
    batched(store, (1, 1), &[1]).await?;
    let books = rows_of(store, 1, &[1, 2]).await?;
    let page = candidates(&books, &[1, 2]);
    let mut left_out = Vec::new();
    let request = request(1, "batch 2")?;
    let change = decided(books, |draft| {
        let id = payout_batch_id(2);
        open_batch(draft, account_id(1), id, &request, SHARE)?;
        left_out = fill_batch(draft, id, &page, None, None, || transfer_id(2))?;
        seal_batch(draft, id)
    })?;
    equal("one is left out", &true, &(left_out == [(approval_id(1), Skipped::InFlight)]))?;
    let books = stored(store, "the other is not", change).await?;
    rows_are(store, "the other is not", &books).await?;
    equal("one transfer", &1, &books.transfers.len())
}
