//! What people decide: to approve, to let a held transfer go on, to give it up; and over which rail.

use super::tests_outcome::{HOUR, RAIL, Started, id, rail, sent, started};
use super::*;
use crate::types::{AccountId, ApprovalId, Commit, Money, TransferId, UserId};

const DAY: i64 = 24 * HOUR;

fn nothing_found() -> Answer<Option<RailTransfer>> {
    Answer::Done(None)
}

/// A transfer that was refused unclearly; sent without an answer before, where that is asked for.
fn held(is_in_doubt: bool) -> Started {
    let mut one = if is_in_doubt { Started::lost() } else { Started::authorized() };
    if is_in_doubt {
        let told = one.then(|draft, id, lease| on_probe(draft, id, lease, nothing_found()));
        assert_eq!(told, (Effect::Changed, TransferState::Processing, 1));
    }
    let unclear = Answer::Refused(Refusal::Unclear("A_NEW_ONE".to_owned()));
    let told = one.then(|draft, id, _| on_creation(draft, id, &sent(), unclear));
    assert_eq!(told, (Effect::Changed, TransferState::Processing, 0));
    assert_eq!(one.row().hold, Some(Hold::Unclear));
    one
}

#[test]
fn what_is_held_is_given_up_only_where_the_rail_knows_nothing_of_it() {
    use TransferState::{Completed, Failed, Processing};
    let found = |status| Answer::Done(Some(rail(status)));
    #[rustfmt::skip]
    let table = [
        // in doubt, hours later, what the rail says         what comes of it
        (false, 0,  nothing_found(),                          Ok(Failed)),
        (true,  0,  nothing_found(),                          Err("transfer_in_doubt")),
        (true,  23, nothing_found(),                          Err("transfer_in_doubt")),
        (true,  24, nothing_found(),                          Ok(Failed)),
        (false, 0,  found(RailStatus::Pending),               Ok(Processing)),
        (false, 0,  found(RailStatus::Settled),               Ok(Completed)),
        (false, 0,  Answer::Unknown,                          Err("rail_silent")),
        (false, 0,  Answer::Refused(Refusal::Later),          Err("rail_silent")),
        (false, 0,  Answer::Refused(Refusal::Never("X".to_owned())), Err("rail_silent")),
    ];
    for (is_in_doubt, hours, answer, wanted) in table {
        let one = held(is_in_doubt);
        let told = format!("{is_in_doubt} {hours} {answer:?}");
        let mut draft = Draft::new(one.books.clone(), one.now.plus_micros(hours * HOUR));
        let given = give_up(&mut draft, one.transfer_id, answer, DAY);
        let state = |_| draft.books().transfers[&one.transfer_id].state;
        assert_eq!(given.map(state).map_err(|error| error.code()), wanted, "{told}");
    }
}

#[test]
fn whoever_is_given_up_can_be_approved_again_and_nobody_else_is_given_up() {
    let mut one = held(false);
    let (before, transfer_id) = (one.row().batch_id, one.transfer_id);
    let _ = one.then(|draft, id, _| give_up(draft, id, nothing_found(), DAY));
    assert_eq!(one.row().failure_reason.as_deref(), Some("given_up"));
    let batch = &one.books.batches[&before];
    assert_eq!((batch.state, batch.held.in_flight), (BatchState::Failed, 0));
    assert!(one.books.approvals.values().all(|row| row.state == ApprovalState::Failed));
    let mut draft = Draft::new(one.books.clone(), one.now);
    let again = give_up(&mut draft, transfer_id, nothing_found(), DAY).unwrap_err();
    assert_eq!(again.code(), "transfer_not_held");
    let sent = Started::authorized();
    let mut draft = Draft::new(sent.books.clone(), sent.now);
    let refused = give_up(&mut draft, transfer_id, nothing_found(), DAY).unwrap_err();
    assert_eq!(refused.code(), "transfer_not_held");
}

#[test]
fn a_batch_is_executed_over_the_rail_of_its_account_alone() {
    let one = started();
    let batch_id = one.row().batch_id;
    let later = one.now.plus_micros(2 * HOUR);
    let lease = |rail| lease_batch(&mut Draft::new(one.books.clone(), later), batch_id, rail, HOUR);
    assert!(lease(RAIL).is_ok());
    assert_eq!(lease("plaid_production").unwrap_err().code(), "other_rail");
}

#[test]
fn an_event_of_another_rail_moves_nothing() {
    let one = Started::at(RailStatus::Pending);
    let event = RailEvent {
        id: 1,
        transfer_id: rail(RailStatus::Pending).id,
        status: Some(RailStatus::Settled),
        kind: "settled".to_owned(),
        reason: None,
    };
    let named = [(event.transfer_id.clone(), one.transfer_id)].into_iter().collect();
    for (name, state, outcome) in [
        ("plaid_production", TransferState::Processing, NoteOutcome::Other),
        (RAIL, TransferState::Completed, NoteOutcome::Applied),
    ] {
        let mut draft = Draft::new(one.books.clone(), one.now);
        on_events(&mut draft, name, Some(0), std::slice::from_ref(&event), &named).unwrap();
        assert_eq!(draft.books().transfers[&one.transfer_id].state, state, "{name}");
        assert_eq!(draft.notes()[0].outcome, outcome, "{name}");
    }
}

/// The account, the person and the approval of [`started`].
fn about(books: &Books) -> (AccountId, UserId, &Approval) {
    let account = *books.accounts.keys().next().unwrap();
    let approval = books.approvals.values().next().unwrap();
    (account, approval.user_id, approval)
}

#[test]
fn approving_again_follows_the_table() {
    let never = || Answer::Refused(Refusal::Never("BLOCKED".to_owned()));
    let mut failed = Started::authorized();
    let _ = failed.then(|draft, id, _| on_creation(draft, id, &sent(), never()));
    let (in_flight, paid, returned) = (
        Started::authorized(),
        Started::at(RailStatus::Settled),
        Started::at(RailStatus::Returned),
    );
    #[rustfmt::skip]
    let table = [
        ("in flight",            &in_flight, 0, Ok(Decision::Stood)),
        ("in flight, other",     &in_flight, 1, Err("transfer_in_flight")),
        ("paid",                 &paid,      0, Err("already_paid")),
        ("paid, other amount",   &paid,      1, Err("already_paid")),
        ("returned",             &returned,  0, Ok(Decision::New)),
        ("failed",               &failed,    5, Ok(Decision::New)),
    ];
    for (what, one, more, wanted) in table {
        let (account, user, approval) = about(&one.books);
        let cents = approval.amount.unwrap().minor() + more;
        let new_id: ApprovalId = id("00000000-0000-4000-8000-000000000099");
        let mut draft = Draft::new(one.books.clone(), one.now);
        let money = Some(Money::usd_cents(cents));
        let told = approve(&mut draft, account, user, money, new_id);
        let told = told.map(|approved| approved.decision).map_err(|error| error.code());
        assert_eq!(told, wanted, "{what}");
    }
}

#[test]
fn no_transfer_is_written_beside_a_live_one_or_for_who_is_paid() {
    for (one, wanted) in [
        (Started::authorized(), "transfer_in_flight"),
        (Started::lost(), "transfer_in_flight"),
        (Started::at(RailStatus::Settled), "already_paid"),
    ] {
        let (_, user_id, approval) = about(&one.books);
        let event = PayoutEvent::PayoutTransferCreated {
            transfer_id: id::<TransferId>("00000000-0000-4000-8000-000000000098"),
            batch_id: one.row().batch_id,
            approval_id: approval.id,
            user_id,
            amount_cents: approval.amount.unwrap(),
        };
        let mut draft = Draft::new(one.books.clone(), one.now);
        assert_eq!(draft.record(event).unwrap_err().code(), wanted);
        assert!(draft.finish().committed(Commit::Conflict).is_none());
    }
}
