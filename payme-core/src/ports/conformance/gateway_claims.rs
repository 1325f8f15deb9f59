//! Cases of destinations, questions, and what is filed with claims.

use super::Failure;
use super::check::{answered, conflict, done, equal};
use super::gateway::ODD;
use super::made::{about, at, record_id};
use super::payouts_made::{destination_id, filed, now, payee, paying, question_id};
use crate::audit::EventBody;
use crate::claims::{Answered, Claim, ClaimState, Filed, Question, QuestionKind, QuestionSet};
use crate::payouts::{DestinationProvider, DestinationStatus, PayoutDestination, SealedText};
use crate::ports::Store;
use crate::types::Version;

fn sealed(text: &str) -> SealedText {
    SealedText::new(format!("v1:key:{text}"))
}

/// The destination of a number, of a person.
fn linked(n: u16, of: u16) -> Result<PayoutDestination, Failure> {
    Ok(PayoutDestination {
        id: destination_id(n),
        user_id: payee(of),
        provider: DestinationProvider::Plaid,
        access_token: sealed(&format!("token {n}")),
        account_id: sealed(&format!("account {n}")),
        legal_name: sealed(&format!("name {n}")),
        status: DestinationStatus::Active,
        linked_at: at(i64::from(n % 100))?,
        revoked_at: None,
        version: Version::NEW,
    })
}

/// A row as it is stored in a version.
fn in_version(row: PayoutDestination, version: i64) -> PayoutDestination {
    PayoutDestination { version: Version(version), ..row }
}

pub(super) async fn a_person_has_one_destination(store: &dyn Store) -> Result<(), Failure> {
    let lost = [about(9, None, EventBody::PersonChanged)?];
    done("the first", store.commit_destinations(&[linked(1, 1)?], &[]).await)?;
    conflict("a second", store.commit_destinations(&[linked(2, 1)?], &lost).await)?;
    conflict("the same again", store.commit_destinations(&[linked(1, 1)?], &lost).await)?;
    let both = [linked(3, 2)?, linked(4, 2)?];
    conflict("two at once", store.commit_destinations(&both, &lost).await)?;
    let revoked = in_version(linked(1, 1)?, 1).revoked(at(7)?);
    let stale = [linked(2, 1)?, in_version(revoked.clone(), 2)];
    conflict("on another version", store.commit_destinations(&stale, &lost).await)?;
    let step = "after the conflicts";
    let first = in_version(linked(1, 1)?, 1);
    equal(step, &vec![first], &answered(step, store.destinations_after(None, 9).await)?)?;
    equal(step, &0, &answered(step, store.events_after(0, 9).await)?.len())?;
    // The new one stands first: what is revoked in the same commit makes room all the same.
    let event = [about(8, Some(payee(1)), EventBody::PersonChanged)?];
    let rows = [linked(2, 1)?, revoked.clone()];
    done("one for the other", store.commit_destinations(&rows, &event).await)?;
    let step = "one for the other";
    let [old, new] = [in_version(revoked, 2), in_version(linked(2, 1)?, 1)];
    equal(step, &Some(new.clone()), &answered(step, store.destination(payee(1)).await)?)?;
    let all = vec![old, new];
    equal(step, &all, &answered(step, store.destinations(payee(1)).await)?)?;
    equal(step, &1, &answered(step, store.events_after(0, 9).await)?.len())
}

pub(super) async fn destinations_come_in_bulk(store: &dyn Store) -> Result<(), Failure> {
    for (n, of) in [(40_000, 3), (1, 40_000), (2, 1), (3, 2)] {
        done("linking", store.commit_destinations(&[linked(n, of)?], &[]).await)?;
    }
    let revoked = in_version(linked(3, 2)?, 1).revoked(now()?);
    done("revoking", store.commit_destinations(std::slice::from_ref(&revoked), &[]).await)?;
    let step = "who has one";
    let find = async |people: &[u16]| {
        let people: Vec<_> = people.iter().map(|n| payee(*n)).collect();
        answered(step, store.with_destination(&people).await)
    };
    let expected = vec![payee(1), payee(3), payee(40_000)];
    equal(step, &expected, &find(&[40_000, 1, 2, 3, 4, 1]).await?)?;
    equal(step, &vec![], &find(&[]).await?)?;
    equal(step, &vec![], &find(&[2]).await?)?;
    let step = "in pages";
    let page = async |after: Option<u16>, limit| {
        answered(step, store.destinations_after(after.map(destination_id), limit).await)
    };
    let last = in_version(linked(40_000, 3)?, 1);
    equal(step, &vec![in_version(revoked.clone(), 2), last.clone()], &page(Some(2), 2).await?)?;
    equal(step, &vec![last], &page(Some(3), 9).await?)?;
    let anew = PayoutDestination { access_token: sealed("anew"), ..in_version(revoked, 2) };
    let step = "a revoked one is sealed anew";
    done(step, store.commit_destinations(std::slice::from_ref(&anew), &[]).await)?;
    let found = answered(step, store.destinations(payee(2)).await)?;
    equal(step, &vec![in_version(anew, 3)], &found)
}

fn asked(version: i64, questions: u16) -> Result<QuestionSet, Failure> {
    let question = |n| Question {
        id: question_id(n),
        settlement_id: paying(1),
        prompt: format!("{n}\n{ODD}?"),
        kind: QuestionKind::Select,
        options: vec![ODD.to_owned(), "no".to_owned()],
        order_index: -i32::from(n),
        required: n % 2 == 0,
    };
    Ok(QuestionSet {
        settlement_id: paying(1),
        version: Version(version),
        questions: (0..questions).map(question).collect(),
        set_at: at(version)?,
    })
}

pub(super) async fn questions_replace_each_other(store: &dyn Store) -> Result<(), Failure> {
    let lost = [about(9, None, EventBody::PersonChanged)?];
    conflict("the second first", store.commit_questions(&asked(2, 1)?, &lost).await)?;
    let event = [about(8, Some(payee(1)), EventBody::PersonChanged)?];
    done("the first", store.commit_questions(&asked(1, 3)?, &event).await)?;
    conflict("the first again", store.commit_questions(&asked(1, 1)?, &lost).await)?;
    done("none", store.commit_questions(&asked(2, 0)?, &[]).await)?;
    done("others", store.commit_questions(&asked(3, 2)?, &[]).await)?;
    conflict("the fifth", store.commit_questions(&asked(5, 1)?, &lost).await)?;
    for (version, expected) in [
        (None, Some(asked(3, 2)?)),
        (Some(Version(1)), Some(asked(1, 3)?)),
        (Some(Version(2)), Some(asked(2, 0)?)),
        (Some(Version(4)), None),
    ] {
        let found = answered("questions", store.questions(paying(1), version).await)?;
        equal("questions", &expected, &found)?;
    }
    let step = "of another settlement";
    equal(step, &None, &answered(step, store.questions(paying(2), None).await)?)?;
    equal(step, &1, &answered(step, store.events_after(0, 9).await)?.len())
}

pub(super) async fn a_claim_is_filed_once(store: &dyn Store) -> Result<(), Failure> {
    let lost = [about(9, None, EventBody::PersonChanged)?];
    let given = |version: Option<i64>| {
        let answers = vec![Answered { question_id: question_id(1), value: ODD.to_owned() }];
        let evidence = vec![record_id(1), record_id(200)];
        let (user_id, settlement_id) = (payee(1), paying(1));
        let questions = version.map(Version);
        let filed_at = now()?;
        Ok(Filed { user_id, settlement_id, questions, answers, evidence, filed_at })
    };
    let claim = filed(1, 1)?;
    conflict("what nobody asked", store.commit_filing(&claim, &given(Some(1))?, &lost).await)?;
    done("questions", store.commit_questions(&asked(1, 2)?, &[]).await)?;
    done("others", store.commit_questions(&asked(2, 2)?, &[]).await)?;
    conflict("no questions", store.commit_filing(&claim, &given(None)?, &lost).await)?;
    conflict("older questions", store.commit_filing(&claim, &given(Some(1))?, &lost).await)?;
    let stale = Claim { version: Version::FIRST, ..claim.clone() };
    conflict("another version", store.commit_filing(&stale, &given(Some(2))?, &lost).await)?;
    let step = "after the conflicts";
    equal(step, &None, &answered(step, store.claim(payee(1), paying(1)).await)?)?;
    equal(step, &None, &answered(step, store.filed(payee(1), paying(1)).await)?)?;
    let event = [about(8, Some(payee(1)), EventBody::PersonChanged)?];
    done("filing", store.commit_filing(&claim, &given(Some(2))?, &event).await)?;
    let step = "what was filed";
    let found = answered(step, store.filed(payee(1), paying(1)).await)?;
    equal(step, &Some(given(Some(2))?), &found)?;
    let first = Claim { version: Version::FIRST, ..claim };
    let found = answered(step, store.claim(payee(1), paying(1)).await)?;
    equal(step, &Some(first.clone()), &found)?;
    conflict("again", store.commit_filing(&first, &given(Some(2))?, &lost).await)?;
    equal(step, &1, &answered(step, store.events_after(0, 9).await)?.len())?;
    let other = Claim { state: ClaimState::Submitted, user_id: payee(2), ..first };
    let nothing =
        Filed { user_id: payee(2), answers: Vec::new(), evidence: Vec::new(), ..given(Some(2))? };
    let other = Claim { version: Version::NEW, ..other };
    done("nothing given", store.commit_filing(&other, &nothing, &[]).await)?;
    let found = answered(step, store.filed(payee(2), paying(1)).await)?;
    equal(step, &Some(nothing), &found)
}
