//! What each answer of a rail does in each state, as a table.

use super::*;
use crate::claims::{Claim, ClaimMove};
use crate::types::{
    AccountId, ApprovalId, AttorneyId, Commit, Currency, Instant, Money, PayoutBatchId,
    SettlementId, TransferId, UserId,
};

pub(super) const RAIL: &str = "mock";
pub(super) const HOUR: i64 = 3_600_000_000;

pub(super) fn id<T>(text: &str) -> T
where
    T: std::str::FromStr,
    T::Err: std::fmt::Debug,
{
    text.parse().unwrap()
}

/// A batch with one transfer that was started, and the lease on it.
pub(super) struct Started {
    pub(super) books: Books,
    pub(super) lease: Lease,
    pub(super) transfer_id: TransferId,
    pub(super) now: Instant,
}

pub(super) fn commit(draft: Draft) -> (Books, Vec<SendMoney>) {
    draft.finish().committed(Commit::Done).unwrap()
}

pub(super) fn started() -> Started {
    let now = Instant::parse("2026-02-01T00:00:00Z").unwrap();
    let account_id: AccountId = id("00000000-0000-4000-8000-000000000001");
    let settlement_id: SettlementId = id("00000000-0000-4000-8000-000000000002");
    let attorney_id: AttorneyId = id("00000000-0000-4000-8000-000000000003");
    let user_id: UserId = id("00000000-0000-4000-8000-000000000004");
    let approval_id: ApprovalId = id("00000000-0000-4000-8000-000000000005");
    let batch_id: PayoutBatchId = id("00000000-0000-4000-8000-000000000006");
    let transfer_id: TransferId = id("00000000-0000-4000-8000-000000000007");
    let mut claim = Claim::matched(user_id, settlement_id, now);
    for event in [ClaimMove::Open, ClaimMove::Submit] {
        claim = claim.moved(event, now).unwrap();
    }
    let mut books = Books::default();
    books.claims.insert((user_id, settlement_id), claim);
    let mut draft = Draft::new(books, now);
    link_account(&mut draft, None, account_id, attorney_id, (settlement_id, Currency::USD, RAIL))
        .unwrap();
    let key = RequestKey::new("key").unwrap();
    fund(&mut draft, account_id, &key, Money::usd_cents(500), None).unwrap();
    approve(&mut draft, account_id, user_id, Some(Money::usd_cents(500)), approval_id).unwrap();
    let request = BatchRequest { key, settlement_id, items: None };
    open_batch(&mut draft, account_id, batch_id, &request, 500).unwrap();
    let approval = draft.books().approvals[&approval_id].clone();
    let page = [Candidate { approval, has_destination: true }];
    let skipped = fill_batch(&mut draft, batch_id, &page, None, None, || transfer_id).unwrap();
    assert_eq!(skipped, []);
    seal_batch(&mut draft, batch_id).unwrap();
    let lease = lease_batch(&mut draft, batch_id, RAIL, HOUR).unwrap();
    start(&mut draft, batch_id, lease, &[transfer_id]).unwrap();
    let (books, rights) = commit(draft);
    assert!(rights.is_empty(), "a start alone sends nothing");
    Started { books, lease, transfer_id, now }
}

fn agreed() -> Answer<Authorization> {
    let id = AuthorizationId("agreement".to_owned());
    Answer::Done(Authorization::Approved { id, unchecked: None })
}

/// The authorization that [`agreed`] gives.
pub(super) fn sent() -> AuthorizationId {
    AuthorizationId("agreement".to_owned())
}

pub(super) fn rail(status: RailStatus) -> RailTransfer {
    let id = ProviderTransferId("rail".to_owned());
    RailTransfer { id, amount: Amount::new(500).unwrap(), status, reason: Some("R01".to_owned()) }
}

impl Started {
    /// Decides, stores, and says the state, the hold, and how much may be sent.
    pub(super) fn then(
        &mut self,
        decide: impl FnOnce(&mut Draft, TransferId, Lease) -> Result<Effect, PayoutError>,
    ) -> (Effect, TransferState, usize) {
        let mut draft = Draft::new(self.books.clone(), self.now);
        let effect = decide(&mut draft, self.transfer_id, self.lease).unwrap();
        let (books, rights) = commit(draft);
        self.books = books;
        (effect, self.row().state, rights.len())
    }

    pub(super) fn row(&self) -> &Transfer {
        &self.books.transfers[&self.transfer_id]
    }

    pub(super) fn authorized() -> Self {
        let mut one = started();
        let told = one.then(|draft, id, lease| {
            on_authorization(draft, id, lease, agreed(), RailPolicy::default())
        });
        assert_eq!(told, (Effect::Changed, TransferState::Processing, 1));
        one
    }

    pub(super) fn lost() -> Self {
        let mut one = Self::authorized();
        let told = one.then(|draft, id, _| on_creation(draft, id, &sent(), Answer::Unknown));
        assert_eq!(told, (Effect::Changed, TransferState::Unknown, 0));
        one
    }

    pub(super) fn at(status: RailStatus) -> Self {
        let mut one = Self::authorized();
        let _ =
            one.then(|draft, id, _| on_creation(draft, id, &sent(), Answer::Done(rail(status))));
        one
    }
}

#[test]
fn an_authorization_is_stored_before_anything_is_sent() {
    use TransferState::{Failed, Processing};
    let approved = |unchecked: Option<&str>| {
        let id = AuthorizationId("agreement".to_owned());
        Answer::Done(Authorization::Approved { id, unchecked: unchecked.map(str::to_owned) })
    };
    let code = || "NSF".to_owned();
    #[rustfmt::skip]
    let table = [
        (approved(None),                                        Effect::Changed, Processing, 1, None),
        (approved(Some("ERROR")),                               Effect::Changed, Processing, 0, Some(Hold::Unchecked)),
        (Answer::Done(Authorization::UserActionRequired),       Effect::Changed, Processing, 0, Some(Hold::UserAction)),
        (Answer::Done(Authorization::Declined(code())),         Effect::Changed, Failed,     0, None),
        (Answer::Refused(Refusal::Never(code())),               Effect::Changed, Failed,     0, None),
        (Answer::Refused(Refusal::Later),                       Effect::Nothing, Processing, 0, None),
        (Answer::Refused(Refusal::Expired),                     Effect::Nothing, Processing, 0, None),
        (Answer::Refused(Refusal::Unclear(code())),             Effect::Changed, Processing, 0, Some(Hold::Unclear)),
        (Answer::Unknown,                                       Effect::Nothing, Processing, 0, None),
    ];
    for (answer, effect, state, rights, hold) in table {
        let mut one = started();
        let text = format!("{answer:?}");
        let told = one.then(|draft, id, lease| {
            on_authorization(draft, id, lease, answer, RailPolicy::default())
        });
        assert_eq!(told, (effect, state, rights), "{text}");
        assert_eq!(one.row().hold, hold, "{text}");
    }
    let mut one = started();
    let policy = RailPolicy { hold_unchecked: false };
    let told = one.then(|draft, id, lease| {
        on_authorization(draft, id, lease, approved(Some("ERROR")), policy)
    });
    assert_eq!(told, (Effect::Changed, Processing, 1), "where the policy is to send");
    // A second agreement is dropped, whoever asked for it.
    let mut one = Started::authorized();
    let told = one.then(|draft, id, lease| {
        on_authorization(draft, id, lease, agreed(), RailPolicy::default())
    });
    assert_eq!(told, (Effect::Nothing, Processing, 0));
}

#[test]
fn silence_is_no_failure_and_a_refusal_in_doubt_is_none_either() {
    use TransferState::{Completed, Failed, Processing, Returned, Unknown};
    let never = || Answer::Refused(Refusal::Never("BLOCKED".to_owned()));
    #[rustfmt::skip]
    let table = [
        (Answer::Done(rail(RailStatus::Pending)),        Effect::Changed,        Processing),
        (Answer::Done(rail(RailStatus::Posted)),         Effect::Changed,        Processing),
        (Answer::Done(rail(RailStatus::Settled)),        Effect::Changed,        Completed),
        (Answer::Done(rail(RailStatus::FundsAvailable)), Effect::Changed,        Completed),
        (Answer::Done(rail(RailStatus::Failed)),         Effect::Changed,        Failed),
        (Answer::Done(rail(RailStatus::Cancelled)),      Effect::Changed,        Failed),
        (Answer::Done(rail(RailStatus::Returned)),       Effect::Changed,        Returned),
        (never(),                                        Effect::Changed,        Failed),
        (Answer::Refused(Refusal::Later),                Effect::Nothing,        Processing),
        (Answer::Refused(Refusal::Expired),              Effect::AskWhetherUsed, Processing),
        (Answer::Refused(Refusal::Unclear("X".into())),  Effect::Changed,        Processing),
        (Answer::Unknown,                                Effect::Changed,        Unknown),
    ];
    for (answer, effect, state) in table {
        let mut one = Started::authorized();
        let text = format!("{answer:?}");
        let told = one.then(|draft, id, _| on_creation(draft, id, &sent(), answer));
        assert_eq!(told, (effect, state, 0), "{text}");
    }
    // The rail says that it knows nothing, it is sent again, and refused: the first may still
    // arrive.
    let mut one = Started::lost();
    let told = one.then(|draft, id, lease| on_probe(draft, id, lease, Answer::Done(None)));
    assert_eq!(told, (Effect::Changed, Processing, 1));
    let told = one.then(|draft, id, _| on_creation(draft, id, &sent(), never()));
    assert_eq!(told, (Effect::Changed, Unknown, 0));
    assert_eq!(one.row().failure_reason, None);
}

#[test]
fn what_may_have_been_sent_is_asked_for_before_it_is_sent_again() {
    use TransferState::{Completed, Processing, Unknown};
    #[rustfmt::skip]
    let table = [
        (Answer::Done(None),                              Effect::Changed, Processing, 1),
        (Answer::Done(Some(rail(RailStatus::Pending))),   Effect::Changed, Processing, 0),
        (Answer::Done(Some(rail(RailStatus::Settled))),   Effect::Changed, Completed,  0),
        (Answer::Unknown,                                 Effect::Nothing, Unknown,    0),
        (Answer::Refused(Refusal::Later),                 Effect::Nothing, Unknown,    0),
    ];
    for (answer, effect, state, rights) in table {
        let text = format!("{answer:?}");
        let mut one = Started::lost();
        assert_eq!(next(one.row(), Currency::USD), Next::Probe);
        let told = one.then(|draft, id, lease| on_probe(draft, id, lease, answer));
        assert_eq!(told, (effect, state, rights), "{text}");
    }
    // Another process left it when it was agreed to: whether that sent it, nobody knows.
    let mut one = Started::authorized();
    assert_eq!(next(one.row(), Currency::USD), Next::Probe);
    let told = one.then(|draft, id, lease| on_probe(draft, id, lease, Answer::Unknown));
    assert_eq!(told, (Effect::Changed, Unknown, 0));
}

#[test]
fn an_authorization_is_given_up_only_when_it_ran_out_unused() {
    use TransferState::{Completed, Processing, Unknown};
    let mut one = Started::lost();
    let told = one.then(|draft, id, lease| on_expired(draft, id, lease, Answer::Unknown));
    assert_eq!((told, one.row().round), ((Effect::Nothing, Unknown, 0), 0));
    let found = Answer::Done(Some(rail(RailStatus::Settled)));
    let told = one.then(|draft, id, lease| on_expired(draft, id, lease, found));
    assert_eq!((told, one.row().round), ((Effect::Changed, Completed, 0), 0));
    let mut one = Started::lost();
    let told = one.then(|draft, id, lease| on_expired(draft, id, lease, Answer::Done(None)));
    assert_eq!((told, one.row().round), ((Effect::Changed, Processing, 0), 1));
    let Next::Authorize(request) = next(one.row(), Currency::USD) else {
        unreachable!("it is authorised anew")
    };
    assert_eq!(request.key, one.row().key().for_rail(1), "by a key that the rail has not seen");
    assert!(!one.row().is_in_doubt);
}

#[test]
fn what_the_rail_tells_later_follows_the_table() {
    use Effect::{Changed, Contradicts, Nothing};
    use RailStatus::{Failed, Pending, Posted, Returned, Settled};
    #[rustfmt::skip]
    let table = [
        //          Pending      Posted       Settled    Failed       Returned
        (Pending,  [Nothing,     Nothing,     Changed,   Changed,     Changed]),
        (Posted,   [Nothing,     Nothing,     Changed,   Changed,     Changed]),
        (Settled,  [Nothing,     Nothing,     Nothing,   Contradicts, Changed]),
        (Failed,   [Nothing,     Nothing,     Contradicts, Nothing,   Contradicts]),
        (Returned, [Nothing,     Nothing,     Nothing,   Contradicts, Nothing]),
    ];
    for (before, row) in table {
        for (status, expected) in [Pending, Posted, Settled, Failed, Returned].into_iter().zip(row)
        {
            let mut one = Started::at(before);
            let state = one.row().state;
            let (effect, after, rights) =
                one.then(|draft, id, _| on_status(draft, id, &rail(status)));
            assert_eq!((effect, rights), (expected, 0), "{before} then {status}");
            assert_eq!(after == state, effect != Changed, "{before} then {status}");
        }
    }
    let other = |change: fn(&mut RailTransfer)| {
        let mut found = rail(Settled);
        change(&mut found);
        Started::at(Posted).then(|draft, id, _| on_status(draft, id, &found)).0
    };
    assert_eq!(
        other(|found| found.id.0.push('x')),
        Contradicts,
        "another name is another transfer"
    );
    assert_eq!(other(|found| found.amount = Amount::new(501).unwrap()), Contradicts);
}

#[test]
fn one_movement_of_money_pays_one_approval() {
    // The rail answers with the name of a transfer that another approval was paid with.
    let other = TransferId::from_uuid(uuid::Uuid::from_u128(99));
    let taken = |mut one: Started| {
        one.books.names.insert(rail(RailStatus::Settled).id, other);
        one
    };
    let settled = || rail(RailStatus::Settled);
    let mut one = taken(Started::authorized());
    let told = one.then(|draft, id, _| on_creation(draft, id, &sent(), Answer::Done(settled())));
    assert_eq!(told, (Effect::Contradicts, TransferState::Processing, 0));
    assert_eq!(one.row().hold, Some(Hold::Contradiction), "a person has to look");
    assert_eq!(one.row().provider_transfer_id, None);
    let told = one.then(|draft, id, _| on_status(draft, id, &settled()));
    assert_eq!(told, (Effect::Contradicts, TransferState::Processing, 0), "told again");
    let mut one = taken(Started::lost());
    let found = || Answer::Done(Some(settled()));
    let told = one.then(|draft, id, lease| on_probe(draft, id, lease, found()));
    assert_eq!(told, (Effect::Contradicts, TransferState::Unknown, 0));
    assert_eq!(next(one.row(), Currency::USD), Next::Decide(Hold::Contradiction));
    let mut one = taken(Started::lost());
    let told = one.then(|draft, id, lease| on_expired(draft, id, lease, found()));
    assert_eq!((told.0, one.row().hold), (Effect::Contradicts, Some(Hold::Contradiction)));
}

#[test]
fn an_unclear_refusal_waits_for_a_person_and_is_asked_about_before_it_is_sent_again() {
    let mut one = Started::authorized();
    let unclear = Answer::Refused(Refusal::Unclear("A_NEW_ONE".to_owned()));
    let told = one.then(|draft, id, _| on_creation(draft, id, &sent(), unclear));
    assert_eq!(told, (Effect::Changed, TransferState::Processing, 0));
    assert_eq!(next(one.row(), Currency::USD), Next::Decide(Hold::Unclear));
    let _ = one.then(|draft, id, _| release_held(draft, id).map(|()| Effect::Changed));
    assert_eq!(next(one.row(), Currency::USD), Next::Probe);
}

#[test]
fn what_has_ended_is_not_executed_again_and_what_is_sealed_gets_no_transfer() {
    let mut one = Started::at(RailStatus::Settled);
    let batch_id = one.row().batch_id;
    let _ = one.then(|draft, _, _| finish_batch(draft, batch_id).map(|_| Effect::Changed));
    let mut draft = Draft::new(one.books.clone(), one.now.plus_micros(HOUR));
    assert_eq!(lease_batch(&mut draft, batch_id, RAIL, HOUR).unwrap_err().code(), "batch_ended");
    let ids = || TransferId::from_uuid(uuid::Uuid::nil());
    let refused = fill_batch(&mut draft, batch_id, &[], None, None, ids);
    assert_eq!(refused.unwrap_err().code(), "payout_contradiction");
}

#[test]
fn an_answer_about_an_authorization_that_was_given_up_says_nothing_of_the_next() {
    // One process sends and hears nothing for long. Another finds that the authorization ran out
    // unused, gives it up, and gets a new one.
    let given_up = || {
        let mut one = Started::lost();
        let _ = one.then(|draft, id, lease| on_expired(draft, id, lease, Answer::Done(None)));
        one
    };
    let renewed = || {
        let mut one = given_up();
        let id = AuthorizationId("another agreement".to_owned());
        let anew = Answer::Done(Authorization::Approved { id, unchecked: None });
        let _ = one.then(|draft, id, lease| {
            on_authorization(draft, id, lease, anew, RailPolicy::default())
        });
        one
    };
    let late = || {
        [
            Answer::Unknown,
            Answer::Refused(Refusal::Later),
            Answer::Refused(Refusal::Expired),
            Answer::Refused(Refusal::Never("BLOCKED".to_owned())),
            Answer::Refused(Refusal::Unclear("A_NEW_ONE".to_owned())),
        ]
    };
    for answer in late() {
        for mut one in [given_up(), renewed()] {
            let (text, before) = (format!("{answer:?}"), one.row().clone());
            let told = one.then(|draft, id, _| on_creation(draft, id, &sent(), answer.clone()));
            assert_eq!(told, (Effect::Nothing, TransferState::Processing, 0), "{text}");
            assert_eq!(*one.row(), before, "{text}");
        }
    }
    // A transfer is one, whatever it was sent with.
    let mut one = renewed();
    let found = Answer::Done(rail(RailStatus::Settled));
    let told = one.then(|draft, id, _| on_creation(draft, id, &sent(), found));
    assert_eq!(told, (Effect::Changed, TransferState::Completed, 0));
}

#[test]
fn whoever_lost_the_lease_decides_nothing() {
    let one = Started::authorized();
    let late = one.now.plus_micros(HOUR);
    let refused = |decide: &dyn Fn(&mut Draft) -> Result<Effect, PayoutError>, now| {
        decide(&mut Draft::new(one.books.clone(), now)).unwrap_err().code()
    };
    let answer = || Answer::Done(None);
    let probe = |draft: &mut Draft| on_probe(draft, one.transfer_id, one.lease, answer());
    assert_eq!(refused(&probe, late), "lease_lost");
    let stale = Lease { token: one.lease.token - 1, ..one.lease };
    let probe = |draft: &mut Draft| on_probe(draft, one.transfer_id, stale, answer());
    assert_eq!(refused(&probe, one.now), "lease_lost");
    let mut draft = Draft::new(one.books.clone(), one.now);
    let batch_id = one.row().batch_id;
    assert_eq!(lease_batch(&mut draft, batch_id, RAIL, HOUR).unwrap_err().code(), "batch_leased");
    let mut draft = Draft::new(one.books.clone(), late);
    assert_eq!(lease_batch(&mut draft, batch_id, RAIL, HOUR).unwrap().token, one.lease.token + 1);
}

#[test]
fn what_is_not_stored_sends_nothing() {
    let one = started();
    let mut draft = Draft::new(one.books.clone(), one.now);
    let policy = RailPolicy::default();
    let _ = on_authorization(&mut draft, one.transfer_id, one.lease, agreed(), policy).unwrap();
    assert!(draft.finish().committed(Commit::Conflict).is_none());
}

/// What asking to cancel says: the name at the rail, or a code.
fn asked(books: &Books, id: TransferId, now: Instant) -> Result<String, &'static str> {
    let mut draft = Draft::new(books.clone(), now);
    let asked = ask_to_cancel(&mut draft, id);
    let change = draft.finish();
    match asked {
        Ok(name) => {
            assert_eq!(change.entries().len(), 1, "it is a fact");
            Ok(name.0)
        }
        Err(error) => {
            assert!(change.is_empty(), "{error}");
            Err(error.code())
        }
    }
}

#[test]
fn what_the_rail_has_and_has_not_ended_can_be_asked_to_be_cancelled() {
    let at_rail = |status| {
        let mut one = Started::authorized();
        let told = Answer::Done(rail(status));
        let _ = one.then(|draft, id, _| on_creation(draft, id, &sent(), told));
        one
    };
    let returned = || {
        let mut one = at_rail(RailStatus::Settled);
        let _ = one.then(|draft, id, _| on_status(draft, id, &rail(RailStatus::Returned)));
        one
    };
    let named = Ok("rail".to_owned());
    #[rustfmt::skip]
    let table = [
        (started(),                       Err("transfer_not_at_rail")),
        (Started::authorized(),           Err("transfer_not_at_rail")),
        (Started::lost(),                 Err("transfer_not_at_rail")),
        (at_rail(RailStatus::Pending),    named.clone()),
        // The rail may say no to that one; nobody else does.
        (at_rail(RailStatus::Posted),     named),
        (at_rail(RailStatus::Settled),    Err("transfer_over")),
        (at_rail(RailStatus::Failed),     Err("transfer_over")),
        (at_rail(RailStatus::Cancelled),  Err("transfer_over")),
        (returned(),                      Err("transfer_over")),
    ];
    for (one, expected) in table {
        assert_eq!(asked(&one.books, one.transfer_id, one.now), expected, "{}", one.row().state);
    }
    let (one, other) = (started(), id("00000000-0000-4000-8000-000000000008"));
    assert_eq!(asked(&one.books, other, one.now), Err("unknown_transfer"));
}

#[test]
fn no_answer_to_a_request_to_cancel_moves_a_row_or_money() {
    let code = || "TRANSFER_NOT_CANCELLABLE".to_owned();
    #[rustfmt::skip]
    let table = [
        (Answer::Done(()),                          CancelAnswer::Agreed,  None),
        (Answer::Refused(Refusal::Never(code())),   CancelAnswer::Refused, Some(code())),
        (Answer::Refused(Refusal::Unclear(code())), CancelAnswer::Refused, Some(code())),
        (Answer::Refused(Refusal::Expired),         CancelAnswer::Refused, None),
        (Answer::Refused(Refusal::Later),           CancelAnswer::Later,   None),
        (Answer::Unknown,                           CancelAnswer::Unknown, None),
    ];
    // Also of one that has ended by the time of the answer.
    for (status, state) in [
        (RailStatus::Pending, TransferState::Processing),
        (RailStatus::Settled, TransferState::Completed),
    ] {
        let mut one = Started::authorized();
        let pending = Answer::Done(rail(RailStatus::Pending));
        let _ = one.then(|draft, id, _| on_creation(draft, id, &sent(), pending));
        let _ = one.then(|draft, id, _| ask_to_cancel(draft, id).map(|_| Effect::Nothing));
        let _ = one.then(|draft, id, _| on_status(draft, id, &rail(status)));
        assert_eq!(one.row().state, state);
        for (answer, expected, code) in &table {
            let mut draft = Draft::new(one.books.clone(), one.now);
            let found = on_cancellation(&mut draft, one.transfer_id, answer).unwrap();
            assert_eq!((found, answer.code()), (*expected, code.as_deref()));
            let change = draft.finish();
            let fact = PayoutEvent::PayoutCancelAnswered {
                transfer_id: one.transfer_id,
                answer: *expected,
                code: code.clone(),
            };
            assert_eq!(change.entries().iter().map(|it| &it.event).collect::<Vec<_>>(), [&fact]);
            assert_eq!((change.postings().len(), change.transfers().count()), (0, 0));
            let (books, rights) = change.committed(Commit::Done).unwrap();
            assert!(books == one.books && rights.is_empty());
        }
    }
    // Who was never sent was never asked about.
    let one = Started::lost();
    let mut draft = Draft::new(one.books.clone(), one.now);
    let wrong = on_cancellation(&mut draft, one.transfer_id, &Answer::Done(())).unwrap_err();
    assert_eq!(wrong.code(), "payout_contradiction");
}
