//! Cases of the log of an account, of its postings, and of what a decision is made on.

use std::collections::BTreeMap;

use super::Failure;
use super::check::{answered, conflict, equal};
use super::made::{Made, at, made};
use super::payouts_made::{
    RAIL, SHARE, account_id, amount, approval_id, approved, at_rail, attorney, batch_of, batched,
    begun, books_of, candidates, decided, decided_at, ended, everything, filed, key, link, payee,
    paying, payout_batch_id, put_in, rail_name, request, rows_are, rows_of, started, stored, told,
    transfer_id,
};
use crate::audit::{Head, Link};
use crate::payouts::{
    Answer, Balance, Books, PayoutChange, Posting, RailEvent, RailStatus, approve, ask_to_cancel,
    fill_batch, finish_batch, fund, link_account, on_cancellation, on_events, on_status,
    open_batch, seal_batch,
};
use crate::ports::Store;
use crate::types::{AccountId, Currency, Money, TransferId};

/// What the logs of accounts must hold.
#[derive(Default)]
struct Told {
    heads: BTreeMap<AccountId, Head>,
    links: BTreeMap<AccountId, Vec<Link>>,
    postings: BTreeMap<AccountId, Vec<Posting>>,
}

impl Told {
    /// Stores a change, and holds the logs against all that was stored so far.
    async fn stored(
        &mut self,
        store: &dyn Store,
        step: &str,
        change: PayoutChange,
    ) -> Result<Books, Failure> {
        for entry in change.entries() {
            let head = self.heads.entry(entry.account_id).or_default();
            let link = Link::after(*head, entry.account_id, change.at(), &entry.event);
            *head = link.head();
            self.links.entry(entry.account_id).or_default().push(link);
        }
        for posting in change.postings() {
            self.postings.entry(posting.account_id).or_default().push(*posting);
        }
        let books = stored(store, step, change).await?;
        for (account, links) in &self.links {
            let found = answered(step, store.payout_log(*account, 0, usize::MAX).await)?;
            equal(step, links, &found)?;
            let postings = self.postings.get(account).cloned().unwrap_or_default();
            let found = answered(step, store.postings(*account, 0, usize::MAX).await)?;
            equal(step, &postings, &found)?;
        }
        Ok(books)
    }
}

fn linked(n: u16, seconds: i64) -> Made<PayoutChange> {
    decided_at(at(seconds)?, Books::default(), |draft| {
        link_account(draft, None, account_id(n), attorney(1), (paying(n), Currency::USD, RAIL))
    })
}

fn funded(books: Books, n: u16, (text, seconds): (&str, i64)) -> Made<PayoutChange> {
    let (key, money) = (key(text)?, Money::usd_cents(5 * SHARE));
    decided_at(at(seconds)?, books, |draft| fund(draft, account_id(n), &key, money, None))
}

pub(super) async fn the_chain_goes_on(store: &dyn Store) -> Result<(), Failure> {
    let mut told = Told::default();
    told.stored(store, "the first fact", linked(1, 0)?).await?;
    told.stored(store, "another account", linked(2, 0)?).await?;
    let books = rows_of(store, 1, &[]).await?;
    let books = told.stored(store, "later", funded(books, 1, ("a", 500))?).await?;
    let step = "at an earlier time";
    told.stored(store, step, funded(books, 1, ("b", -500))?).await?;
    let books = rows_of(store, 2, &[]).await?;
    told.stored(store, "the other account", funded(books, 2, ("a", 1))?).await?;
    Ok(())
}

/// A batch from its beginning to its end: each change has several facts and postings.
pub(super) async fn the_log_rebuilds_the_rows(store: &dyn Store) -> Result<(), Failure> {
    approved(store, 1, &[1, 2, 3]).await?;
    batched(store, (1, 1), &[1, 2]).await?;
    started(store, 1, &[1, 2]).await?;
    ended(store, 1, &[1], RailStatus::Settled).await?;
    ended(store, 1, &[2], RailStatus::Failed).await?;
    let books = books_of(store, 1, &[1, 2]).await?;
    let change = decided(books, |draft| finish_batch(draft, payout_batch_id(1)))?;
    stored(store, "the end of the batch", change).await?;
    ended(store, 1, &[1], RailStatus::Returned).await?;
    let step = "the log";
    let log = answered(step, store.payout_log(account_id(1), 0, usize::MAX).await)?;
    made(Link::verify(Head::default(), &log))?;
    let facts = log.iter().map(|link| link.event().map(|event| (link.at, event)));
    let facts: Vec<_> = made(facts.collect::<Result<_, _>>())?;
    let replayed = Books::replay(facts.iter().map(|(at, event)| (*at, event)));
    let rebuilt = replayed.map_err(|(place, error)| {
        Failure::new(step, "facts that follow", format!("{} at {place}", error.code()))
    })?;
    let mut rows = books_of(store, 1, &[1, 2]).await?;
    let waiting = rows_of(store, 1, &[3]).await?;
    rows.approvals.extend(waiting.approvals);
    rows.claims.extend(waiting.claims);
    equal("the rows that the log tells of", &rebuilt, &rows.as_logged())?;
    let postings = answered(step, store.postings(account_id(1), 0, usize::MAX).await)?;
    let balance = made(Balance::of(&postings))?;
    equal("nothing is lost", &true, &balance.is_conserved())?;
    let account = rebuilt.accounts.get(&account_id(1)).map(|row| (row.funded, row.available));
    let fits = account == Some((balance.funded, balance.available));
    equal("postings and account", &true, &fits)
}

/// A fact that changes no row stands in the log all the same, whatever became of the row meanwhile.
pub(super) async fn facts_without_a_row(store: &dyn Store) -> Result<(), Failure> {
    approved(store, 1, &[1]).await?;
    batched(store, (1, 1), &[1]).await?;
    started(store, 1, &[1]).await?;
    ended(store, 1, &[1], RailStatus::Pending).await?;
    let mut told = Told::default();
    let log = answered("so far", store.payout_log(account_id(1), 0, usize::MAX).await)?;
    told.heads.insert(account_id(1), log.last().map_or(Head::default(), Link::head));
    told.links.insert(account_id(1), log);
    let postings = answered("so far", store.postings(account_id(1), 0, usize::MAX).await)?;
    told.postings.insert(account_id(1), postings);
    let before = books_of(store, 1, &[1]).await?;
    let asked = decided(before.clone(), |draft| ask_to_cancel(draft, transfer_id(1)))?;
    told.stored(store, "the request", asked).await?;
    let again = decided(before.clone(), |draft| ask_to_cancel(draft, transfer_id(1)))?;
    conflict("on the row before the request", store.commit_payout(&again).await)?;
    let on_its_way = books_of(store, 1, &[1]).await?;
    let says = |books: Books, answer: Answer<()>| {
        decided(books, |draft| on_cancellation(draft, transfer_id(1), &answer))
    };
    told.stored(store, "the answer", says(on_its_way.clone(), Answer::Done(()))?).await?;
    rows_are(store, "the answer changes no row", &on_its_way).await?;
    let settled = at_rail(1, amount(SHARE)?, RailStatus::Settled);
    let settled = decided(on_its_way, |draft| on_status(draft, transfer_id(1), &settled))?;
    let ended = told.stored(store, "it has ended", settled).await?;
    // Decided before that, and stored after it.
    told.stored(store, "a late answer", says(before, Answer::Unknown)?).await?;
    rows_are(store, "what has ended stays", &ended).await
}

/// Events of a rail are about transfers of whatever account.
pub(super) async fn one_change_of_two_accounts(store: &dyn Store) -> Result<(), Failure> {
    let all = [1, 2, 21, 22];
    for (n, payees) in [(1, [1, 2]), (2, [21, 22])] {
        let batch = 10 * n;
        approved(store, n, &payees).await?;
        batched(store, (n, batch), &payees).await?;
        started(store, batch, &payees).await?;
    }
    let mut told = Told::default();
    for n in [1, 2] {
        let log = answered("so far", store.payout_log(account_id(n), 0, usize::MAX).await)?;
        told.heads.insert(account_id(n), log.last().map_or(Head::default(), Link::head));
        told.links.insert(account_id(n), log);
        let postings = answered("so far", store.postings(account_id(n), 0, usize::MAX).await)?;
        told.postings.insert(account_id(n), postings);
    }
    let ids: Vec<TransferId> = all.iter().map(|n| transfer_id(*n)).collect();
    let books = answered("books of two", store.books(&[], &ids).await)?;
    let event = |(id, n): (u64, u16)| RailEvent {
        id,
        transfer_id: rail_name(n),
        status: Some(RailStatus::Settled),
        kind: "settled".to_owned(),
        reason: None,
    };
    let events: Vec<RailEvent> = [(1, 1), (2, 22), (3, 2), (4, 21)].map(event).into();
    let named = all.iter().map(|n| (rail_name(*n), transfer_id(*n))).collect();
    let change = decided(books, |draft| on_events(draft, RAIL, Some(0), &events, &named))?;
    let step = "events of two accounts";
    equal(step, &6, &change.entries().len())?;
    let books = told.stored(store, step, change).await?;
    equal(step, &books, &answered(step, store.books(&[], &ids).await)?)
}

/// Several facts in an account, and more of them than an empty log has.
async fn long_log(store: &dyn Store) -> Result<(), Failure> {
    link(store, 1).await?;
    link(store, 2).await?;
    for text in ["a", "b", "c", "d"] {
        put_in(store, 1, text, 7).await?;
    }
    put_in(store, 2, "e", 7).await.map(drop)
}

pub(super) async fn the_log_comes_in_pages(store: &dyn Store) -> Result<(), Failure> {
    long_log(store).await?;
    let all = answered("all", store.payout_log(account_id(1), 0, usize::MAX).await)?;
    equal("all", &5, &all.len())?;
    let table: [(&str, u64, usize, &[Link]); 6] = [
        ("no room", 0, 0, &[]),
        ("the first", 0, 1, all.get(..1).unwrap_or(&[])),
        ("the second and third", 1, 2, all.get(1..3).unwrap_or(&[])),
        ("the rest", 3, 9, all.get(3..).unwrap_or(&[])),
        ("behind the last", 5, 9, &[]),
        ("far behind", u64::MAX, 9, &[]),
    ];
    for (step, after, limit, expected) in table {
        let found = answered(step, store.payout_log(account_id(1), after, limit).await)?;
        equal(step, &expected.to_vec(), &found)?;
    }
    let step = "an account without a log";
    equal(step, &0, &answered(step, store.payout_log(account_id(9), 0, 9).await)?.len())
}

pub(super) async fn postings_come_in_pages(store: &dyn Store) -> Result<(), Failure> {
    long_log(store).await?;
    let all = answered("all", store.postings(account_id(1), 0, usize::MAX).await)?;
    equal("all", &4, &all.len())?;
    let table: [(&str, u64, usize, &[Posting]); 6] = [
        ("no room", 0, 0, &[]),
        ("the first", 0, 1, all.get(..1).unwrap_or(&[])),
        ("the second and third", 1, 2, all.get(1..3).unwrap_or(&[])),
        ("the rest", 3, 9, all.get(3..).unwrap_or(&[])),
        ("behind the last", 4, 9, &[]),
        ("far behind", u64::MAX, 9, &[]),
    ];
    for (step, skip, limit, expected) in table {
        let found = answered(step, store.postings(account_id(1), skip, limit).await)?;
        equal(step, &expected.to_vec(), &found)?;
    }
    let step = "an account without postings";
    equal(step, &0, &answered(step, store.postings(account_id(9), 0, 9).await)?.len())
}

pub(super) async fn postings_of_batches_and_transfers(store: &dyn Store) -> Result<(), Failure> {
    let mut told_so_far = Vec::new();
    let books = approved(store, 1, &[1, 2, 3]).await?;
    let mut note = |change: &PayoutChange| told_so_far.extend(change.postings().iter().copied());
    let change = batch_of(books, (1, 1), &[1, 2])?;
    note(&change);
    stored(store, "a batch", change).await?;
    batched(store, (1, 2), &[3]).await?;
    let (change, _) = begun(books_of(store, 1, &[1, 2]).await?, 1, &[1, 2])?;
    note(&change);
    stored(store, "it is sent", change).await?;
    started(store, 2, &[3]).await?;
    for (n, status) in [(2, RailStatus::Returned), (1, RailStatus::Failed)] {
        let change = told(books_of(store, 1, &[n]).await?, &[n], status)?;
        note(&change);
        stored(store, "it ended", change).await?;
    }
    let books = books_of(store, 1, &[]).await?;
    let change = decided(books, |draft| finish_batch(draft, payout_batch_id(1)))?;
    note(&change);
    stored(store, "the batch ended", change).await?;
    let step = "of the batch and of no transfer";
    let found = answered(step, store.postings_of_batch(payout_batch_id(1)).await)?;
    let (whole, single): (Vec<_>, Vec<_>) =
        told_so_far.into_iter().partition(|one| one.transfer_id.is_none());
    equal(step, &2, &whole.len())?;
    equal(step, &whole, &found)?;
    let step = "of a batch that is not there";
    let found = answered(step, store.postings_of_batch(payout_batch_id(9)).await)?;
    equal(step, &0, &found.len())?;
    for wanted in [&[2, 1][..], &[2], &[9], &[]] {
        let step = "of transfers";
        let ids: Vec<TransferId> = wanted.iter().map(|n| transfer_id(*n)).collect();
        let own = single.iter().filter(|one| one.transfer_id.is_some_and(|id| ids.contains(&id)));
        let found = answered(step, store.postings_of_transfers(&ids).await)?;
        equal(step, &own.copied().collect(), &found)?;
    }
    Ok(())
}

pub(super) async fn books_hold_what_a_decision_rests_on(store: &dyn Store) -> Result<(), Failure> {
    approved(store, 1, &[1, 2, 3]).await?;
    approved(store, 2, &[4]).await?;
    let mut all = batched(store, (1, 1), &[1, 2]).await?;
    batched(store, (1, 3), &[3]).await?;
    let other = batched(store, (2, 2), &[4]).await?;
    // The account has changed since the first batch was made.
    all.accounts = rows_of(store, 1, &[]).await?.accounts;
    let step = "two transfers of one batch";
    equal(step, &all, &books_of(store, 1, &[1, 2]).await?)?;
    let step = "without their batch being asked for";
    let ids = [transfer_id(2), transfer_id(1), transfer_id(2)];
    equal(step, &all, &answered(step, store.books(&[], &ids).await)?)?;
    let mut bare = all.clone();
    (bare.transfers, bare.approvals, bare.claims) = Default::default();
    equal("a batch alone", &bare, &books_of(store, 1, &[]).await?)?;
    let step = "two accounts, and what is not there";
    let mut both = all;
    both.accounts.extend(other.accounts);
    both.batches.extend(other.batches);
    let ids = [transfer_id(1), transfer_id(9), transfer_id(2)];
    let batches = [payout_batch_id(2), payout_batch_id(9)];
    equal(step, &both, &answered(step, store.books(&batches, &ids).await)?)?;
    let step = "nothing";
    equal(step, &Books::default(), &answered(step, store.books(&[], &[]).await)?)?;
    equal(step, &Books::default(), &books_of(store, 9, &[9]).await?)?;
    let step = "nothing was written";
    equal(step, &3, &everything(store, &[], &[]).await?.batches.len())
}

/// Somebody is paid by two settlements: what is of the one is not of the other.
pub(super) async fn one_person_of_two_settlements(store: &dyn Store) -> Result<(), Failure> {
    let mut made = Vec::new();
    for (n, approval, cents) in [(1, 1, 5), (2, 201, 9)] {
        link(store, n).await?;
        let mut books = put_in(store, n, "all shares", SHARE).await?;
        let claim = filed(1, n)?;
        books.claims.insert((claim.user_id, claim.settlement_id), claim);
        let (batch, request) = (payout_batch_id(approval), request(n, &format!("batch {n}"))?);
        let change = decided(books, |draft| {
            let money = Some(Money::usd_cents(cents));
            approve(draft, account_id(n), payee(1), money, approval_id(approval))?;
            let page = candidates(draft.books(), &[approval]);
            open_batch(draft, account_id(n), batch, &request, cents)?;
            fill_batch(draft, batch, &page, None, None, || transfer_id(approval))?;
            seal_batch(draft, batch)
        })?;
        made.push(stored(store, "a payout", change).await?);
    }
    for (books, n) in made.iter().zip([1, 201]) {
        rows_are(store, "each of the two", books).await?;
        equal("each of the two", books, &books_of(store, n, &[n]).await?)?;
    }
    Ok(())
}
