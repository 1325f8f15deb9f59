//! Cases of the events of rails: how far they were read, and what was done with them.

use std::collections::BTreeMap;

use super::Failure;
use super::check::{answered, conflict, equal};
use super::payouts_made::{
    RAIL, SHARE, amount, approved, at_rail, batched, books_of, decided, ended, everything,
    rail_name, rows_are, started, stored, transfer_id,
};
use crate::payouts::{
    Books, NoteOutcome, PayoutChange, ProviderTransferId, RailEvent, RailNote, RailStatus,
    on_events, on_status,
};
use crate::ports::Store;
use crate::types::TransferId;

fn event(id: u64, name: ProviderTransferId, status: Option<RailStatus>) -> RailEvent {
    let kind = status.map_or("it's \"other\" \\ \u{1f350}\u{0}", RailStatus::as_str);
    let reason = id.is_multiple_of(2).then(|| "R01 '\\\"\u{0}\n".to_owned());
    RailEvent { id, transfer_id: name, status, kind: kind.to_owned(), reason }
}

fn posted(id: u64, n: u16) -> RailEvent {
    event(id, rail_name(n), Some(RailStatus::Posted))
}

/// Events of a rail that are taken in; those about these transfers are known.
fn taken_in(
    books: Books,
    (rail, after): (&str, Option<u64>),
    events: &[RailEvent],
    known: &[u16],
) -> Result<PayoutChange, Failure> {
    let named: BTreeMap<ProviderTransferId, TransferId> =
        known.iter().map(|n| (rail_name(*n), transfer_id(*n))).collect();
    decided(books, |draft| on_events(draft, rail, after, events, &named))
}

async fn cursor_is(
    store: &dyn Store,
    step: &str,
    rail: &str,
    expected: u64,
) -> Result<(), Failure> {
    equal(step, &expected, &answered(step, store.rail_cursor(rail).await)?)
}

pub(super) async fn the_cursor_of_a_rail_moves_on(store: &dyn Store) -> Result<(), Failure> {
    cursor_is(store, "at first", RAIL, 0).await?;
    let read =
        |rail, after, to| taken_in(Books::default(), (rail, Some(after)), &[posted(to, 1)], &[]);
    stored(store, "the first page", read(RAIL, 0, 7)?).await?;
    cursor_is(store, "after the first page", RAIL, 7).await?;
    cursor_is(store, "of another rail", "rail 'two'", 0).await?;
    stored(store, "the second page", read(RAIL, 7, 9)?).await?;
    stored(store, "another rail", read("rail 'two'", 0, 1 << 40)?).await?;
    let before = everything(store, &[], &[]).await?;
    for (step, rail, after, to) in [
        ("read from the start again", RAIL, 0, 50),
        ("read from an older place", RAIL, 7, 50),
        ("read from a later place", RAIL, 10, 50),
        ("a rail that was never read", "rail 'three'", 7, 50),
    ] {
        conflict(step, store.commit_payout(&read(rail, after, to)?).await)?;
    }
    let step = "after the conflicts";
    equal(step, &before, &everything(store, &[], &[]).await?)?;
    cursor_is(store, step, "rail 'three'", 0).await?;
    cursor_is(store, step, "rail 'two'", 1 << 40).await
}

/// The notes of a change, as they must be stored.
fn noted(change: &PayoutChange) -> Vec<RailNote> {
    change.notes().to_vec()
}

pub(super) async fn notes_read_back_in_order(store: &dyn Store) -> Result<(), Failure> {
    approved(store, 1, &[1, 2]).await?;
    batched(store, (1, 1), &[1, 2]).await?;
    started(store, 1, &[1, 2]).await?;
    let books = books_of(store, 1, &[1, 2]).await?;
    let settled = |id, n| event(id, rail_name(n), Some(RailStatus::Settled));
    let events = [
        settled(12, 1),
        posted(3, 1),
        posted(5, 1),
        event(6, rail_name(1), None),
        event(1 << 40, ProviderTransferId("'of\\somebody\" else\u{0}".to_owned()), None),
        posted(13, 9),
        event(14, rail_name(1), Some(RailStatus::Failed)),
    ];
    let change = taken_in(books, (RAIL, Some(0)), &events, &[1])?;
    let notes = noted(&change);
    let outcomes: Vec<NoteOutcome> = notes.iter().map(|note| note.outcome).collect();
    let every = NoteOutcome::ALL.iter().all(|outcome| outcomes.contains(outcome));
    equal("every outcome is there", &true, &every)?;
    let books = stored(store, "seven events", change).await?;
    rows_are(store, "what they changed", &books).await?;
    let table: [(&str, u64, usize, &[RailNote]); 6] = [
        ("all", 0, usize::MAX, &notes),
        ("no room", 0, 0, &[]),
        ("the first", 0, 1, notes.get(..1).unwrap_or(&[])),
        ("behind the first", 3, 2, notes.get(1..3).unwrap_or(&[])),
        ("behind one that is not there", 11, 9, notes.get(3..).unwrap_or(&[])),
        ("behind the last", 1 << 40, 9, &[]),
    ];
    for (step, after, limit, expected) in table {
        let found = answered(step, store.rail_notes(RAIL, after, limit).await)?;
        equal(step, &expected.to_vec(), &found)?;
    }
    let step = "of another rail";
    equal(step, &0, &answered(step, store.rail_notes("rail 'two'", 0, 9).await)?.len())
}

async fn known_now(
    store: &dyn Store,
    step: &str,
    limit: usize,
    expected: &[u64],
) -> Result<Vec<RailEvent>, Failure> {
    let found = answered(step, store.rail_notes_known_now(RAIL, limit).await)?;
    let all = answered(step, store.rail_notes(RAIL, 0, usize::MAX).await)?;
    let wanted = all.into_iter().filter(|note| expected.contains(&note.event.id));
    equal(step, &expected.len(), &found.len())?;
    equal(step, &wanted.collect(), &found)?;
    Ok(found.into_iter().map(|note| note.event).collect())
}

/// Events can be told before the answer to the request that they are about.
pub(super) async fn what_is_known_now_is_found(store: &dyn Store) -> Result<(), Failure> {
    approved(store, 1, &[1, 2, 3]).await?;
    batched(store, (1, 1), &[1, 2, 3]).await?;
    started(store, 1, &[1, 2, 3]).await?;
    let events = [
        posted(2, 2),
        posted(4, 1),
        event(6, rail_name(1), Some(RailStatus::Settled)),
        posted(8, 9),
        event(10, rail_name(1), None),
    ];
    let change = taken_in(Books::default(), (RAIL, Some(0)), &events, &[])?;
    stored(store, "nobody knows them", change).await?;
    let change = taken_in(Books::default(), ("rail 'two'", Some(0)), &[posted(1, 1)], &[])?;
    stored(store, "another rail", change).await?;
    known_now(store, "nothing is known yet", 9, &[]).await?;
    ended(store, 1, &[1, 3], RailStatus::Pending).await?;
    known_now(store, "no room", 0, &[]).await?;
    known_now(store, "the first of them", 1, &[4]).await?;
    let kept = known_now(store, "one transfer is known now", 9, &[4, 6]).await?;
    let books = books_of(store, 1, &[1]).await?;
    let change = taken_in(books, (RAIL, None), &kept, &[1])?;
    let notes = noted(&change);
    let books = stored(store, "taken in again", change).await?;
    rows_are(store, "taken in again", &books).await?;
    known_now(store, "they are taken in", 9, &[]).await?;
    let step = "what was done with them is told anew";
    let found = answered(step, store.rail_notes(RAIL, 2, 2).await)?;
    equal(step, &notes, &found)?;
    cursor_is(store, "that reads no further", RAIL, 10).await?;
    ended(store, 1, &[2], RailStatus::Pending).await?;
    known_now(store, "another transfer is known now", 9, &[2]).await.map(drop)
}

/// A page of events is decided on before the name is stored, and stored after it; and what is told
/// again under the number of another event counts as it was told last.
pub(super) async fn what_is_named_meanwhile_is_found(store: &dyn Store) -> Result<(), Failure> {
    approved(store, 1, &[1, 2]).await?;
    batched(store, (1, 1), &[1, 2]).await?;
    started(store, 1, &[1, 2]).await?;
    let page = taken_in(Books::default(), (RAIL, Some(0)), &[posted(2, 1), posted(3, 2)], &[])?;
    ended(store, 1, &[1], RailStatus::Pending).await?;
    stored(store, "decided before the name", page).await?;
    known_now(store, "named meanwhile", 9, &[2]).await?;
    let again = |events: &[RailEvent]| taken_in(Books::default(), (RAIL, None), events, &[]);
    stored(store, "the same two the other way round", again(&[posted(2, 2), posted(3, 1)])?)
        .await?;
    known_now(store, "as it was told last", 9, &[3]).await?;
    stored(store, "of a kind that is not known", again(&[event(3, rail_name(1), None)])?).await?;
    known_now(store, "it does not wait any more", 9, &[]).await?;
    ended(store, 1, &[2], RailStatus::Settled).await?;
    known_now(store, "the other is named, too", 9, &[2]).await.map(drop)
}

/// A page that says one event twice keeps what was done with it last.
pub(super) async fn an_event_that_is_told_twice(store: &dyn Store) -> Result<(), Failure> {
    approved(store, 1, &[1]).await?;
    batched(store, (1, 1), &[1]).await?;
    started(store, 1, &[1]).await?;
    let books = books_of(store, 1, &[1]).await?;
    let twice = [posted(3, 1), posted(3, 1)];
    let change = taken_in(books, (RAIL, Some(0)), &twice, &[1])?;
    let last = noted(&change).pop().into_iter().collect();
    let step = "one event twice";
    stored(store, step, change).await?;
    equal(step, &last, &answered(step, store.rail_notes(RAIL, 0, 9).await)?)?;
    let step = "the same number with other contents";
    for other in [event(3, rail_name(7), None), posted(3, 1)] {
        let reason = Some(format!("of {}", other.transfer_id.0));
        let events = [RailEvent { reason, ..other }];
        let change = taken_in(Books::default(), (RAIL, None), &events, &[])?;
        let last = noted(&change);
        stored(store, step, change).await?;
        equal(step, &last, &answered(step, store.rail_notes(RAIL, 0, 9).await)?)?;
    }
    Ok(())
}

/// A rail must not have one name for two transfers: that is one movement of money. Whoever decided
/// without knowing the other one conflicts.
pub(super) async fn one_name_for_two_transfers(store: &dyn Store) -> Result<(), Failure> {
    let all = [40_000, 2, 3];
    approved(store, 1, &all).await?;
    batched(store, (1, 1), &all).await?;
    started(store, 1, &all).await?;
    let share = amount(SHARE)?;
    let named = |n, name, books| {
        decided(books, |draft| {
            on_status(draft, transfer_id(n), &at_rail(name, share, RailStatus::Posted)).map(drop)
        })
    };
    let step = "the first of two gets the name";
    stored(store, step, named(3, 7, books_of(store, 1, &[3]).await?)?).await?;
    let before = everything(store, &[1], &[]).await?;
    let step = "the second conflicts";
    let change = named(2, 7, books_of(store, 1, &[2]).await?)?;
    conflict(step, store.commit_payout(&change).await)?;
    let step = "nothing of it stays";
    equal(step, &true, &(before == everything(store, &[1], &[]).await?))?;
    let step = "two names at once, in the order of names";
    stored(store, step, named(40_000, 4, books_of(store, 1, &[40_000]).await?)?).await?;
    let wanted = [rail_name(7), rail_name(5), rail_name(4), rail_name(7)];
    let expected = vec![(rail_name(4), transfer_id(40_000)), (rail_name(7), transfer_id(3))];
    equal(step, &expected, &answered(step, store.transfers_named(&wanted).await)?)
}
