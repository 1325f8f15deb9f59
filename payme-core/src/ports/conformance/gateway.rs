//! Cases of attorneys, details of accounts, notes, who was left out, and balances.

use super::Failure;
use super::check::{answered, conflict, done, equal};
use super::made::{about, made};
use super::payouts_made::{
    RAIL, SHARE, account_id, approval_id, approved, attorney, batch_of, batched, decided, ended,
    key, link, now, payee, paying, payout_batch_id, rows_of, started, stored,
};
use crate::audit::EventBody;
use crate::payouts::{
    AccountDetails, ApiKey, Attorney, AttorneyProfile, AttorneyStatus, Balance, Books, ItemsDigest,
    KEY_BYTES, LeftOut, NoteText, RailStatus, Registration, ReviewNote, SealedText, Skipped,
    approve, keep_details, keep_left_out, keep_review, link_account, open_batch, register, reject,
    seal_batch,
};
use crate::ports::Store;
use crate::types::{Currency, Money, Version};

/// Texts that a statement may trip over.
pub(super) const ODD: &str = "it's \"so\" \\ \u{e9}\u{1f350} ~%_";

pub(super) async fn nothing_is_there_at_first(store: &dyn Store) -> Result<(), Failure> {
    let step = "an empty store";
    equal(step, &None, &answered(step, store.attorney(attorney(1)).await)?)?;
    equal(step, &None, &answered(step, store.attorney_of(payee(1)).await)?)?;
    equal(step, &vec![], &answered(step, store.attorneys(None, 9).await)?)?;
    equal(step, &None, &answered(step, store.account_details(account_id(1)).await)?)?;
    equal(step, &vec![], &answered(step, store.account_details_after(None, 9).await)?)?;
    equal(step, &None, &answered(step, store.balance(account_id(1)).await)?)?;
    equal(step, &vec![], &answered(step, store.attorney_batches(attorney(1), None, 9).await)?)?;
    equal(step, &vec![], &answered(step, store.reviews(&[approval_id(1)]).await)?)?;
    equal(step, &vec![], &answered(step, store.left_out(payout_batch_id(1)).await)?)?;
    equal(step, &None, &answered(step, store.pay_request(attorney(1), &key("k")?).await)?)?;
    equal(step, &None, &answered(step, store.destination(payee(1)).await)?)?;
    equal(step, &vec![], &answered(step, store.destinations(payee(1)).await)?)?;
    equal(step, &vec![], &answered(step, store.destinations_after(None, 9).await)?)?;
    equal(step, &vec![], &answered(step, store.with_destination(&[payee(1)]).await)?)?;
    equal(step, &None, &answered(step, store.questions(paying(1), None).await)?)?;
    equal(step, &None, &answered(step, store.filed(payee(1), paying(1)).await)?)
}

/// The attorney of a number, who is the person of that number.
fn registered(n: u16) -> Result<Attorney, Failure> {
    let text = |what: &str| format!("{what} {n} {ODD}").trim().to_owned();
    let profile = AttorneyProfile {
        name: text("Jane"),
        email: format!("jane{n}@example.com"),
        firm_name: text("Doe"),
    };
    match made(register(None, attorney(n), payee(n), profile, now()?))? {
        Registration::New(attorney) | Registration::Stood(attorney) => Ok(attorney),
    }
}

pub(super) async fn attorneys_read_back(store: &dyn Store) -> Result<(), Failure> {
    let mut all = Vec::new();
    // Ids above 0x7fff tell signed bytes from unsigned ones.
    for n in [40_000, 1, 2] {
        let row = registered(n)?;
        let events = [about(
            u8::try_from(n % 100).unwrap_or(0),
            Some(payee(n)),
            EventBody::AttorneyRegistered { attorney_id: row.id },
        )?];
        done("registering", store.commit_attorney(&row, &events).await)?;
        all.push(Attorney { version: Version::FIRST, ..row });
    }
    all.sort_by_key(|row| row.id);
    let step = "in pages";
    equal(step, &all, &answered(step, store.attorneys(None, 9).await)?)?;
    let after = all.first().map(|row| row.id);
    equal(step, &all[1..2].to_vec(), &answered(step, store.attorneys(after, 1).await)?)?;
    equal(step, &3, &answered(step, store.events_after(0, 9).await)?.len())?;
    let first = registered(1)?;
    let kept = ApiKey::new(first.id, &[3; KEY_BYTES]).hash(&[4; KEY_BYTES]);
    let stored = Attorney { version: Version::FIRST, ..first };
    let with_key = stored.with_key(kept).with_status(AttorneyStatus::Suspended);
    done("a key and a status", store.commit_attorney(&with_key, &[]).await)?;
    let step = "a key and a status";
    let expected = Some(Attorney { version: Version(2), ..with_key });
    equal(step, &expected, &answered(step, store.attorney(attorney(1)).await)?)?;
    equal(step, &expected, &answered(step, store.attorney_of(payee(1)).await)?)
}

pub(super) async fn an_attorney_registers_once(store: &dyn Store) -> Result<(), Failure> {
    let row = registered(1)?;
    let lost = [about(9, None, EventBody::PersonChanged)?];
    done("registering", store.commit_attorney(&row, &[]).await)?;
    conflict("again", store.commit_attorney(&row, &lost).await)?;
    let other = Attorney { id: attorney(2), ..row.clone() };
    conflict("under another id", store.commit_attorney(&other, &lost).await)?;
    for version in [Version(2), Version(0)] {
        let stale = Attorney { version, ..row.clone() };
        conflict("another version", store.commit_attorney(&stale, &lost).await)?;
    }
    let unknown = Attorney { version: Version::FIRST, ..registered(3)? };
    conflict("an unknown one", store.commit_attorney(&unknown, &lost).await)?;
    let step = "after the conflicts";
    let expected = vec![Attorney { version: Version::FIRST, ..row }];
    equal(step, &expected, &answered(step, store.attorneys(None, 9).await)?)?;
    equal(step, &0, &answered(step, store.events_after(0, 9).await)?.len())
}

fn sealed(text: &str) -> SealedText {
    SealedText::new(format!("v1:key:{text}"))
}

pub(super) async fn details_come_with_the_account(store: &dyn Store) -> Result<(), Failure> {
    for n in [40_000, 1] {
        let change = decided(Books::default(), |draft| {
            let of = (paying(n), Currency::USD, RAIL);
            link_account(draft, None, account_id(n), attorney(1), of)?;
            keep_details(draft, account_id(n), ODD, sealed("first"))
        })?;
        stored(store, "an account with details", change).await?;
    }
    link(store, 2).await?;
    let step = "the details";
    let details = |n, text: &str, version| AccountDetails {
        account_id: account_id(n),
        bank_name: ODD.to_owned(),
        account_ref: sealed(text),
        version,
    };
    let first = details(1, "first", Version::FIRST);
    equal(
        step,
        &Some(first.clone()),
        &answered(step, store.account_details(account_id(1)).await)?,
    )?;
    equal(step, &None, &answered(step, store.account_details(account_id(2)).await)?)?;
    let anew = AccountDetails { account_ref: sealed("anew"), ..first };
    done("sealing anew", store.commit_account_details(&anew).await)?;
    conflict("from the same version", store.commit_account_details(&anew).await)?;
    let none = AccountDetails { account_id: account_id(2), ..anew };
    conflict("of none", store.commit_account_details(&none).await)?;
    let step = "in pages";
    let [one, other] = [details(1, "anew", Version(2)), details(40_000, "first", Version::FIRST)];
    let found = answered(step, store.account_details_after(None, 9).await)?;
    equal(step, &vec![one, other.clone()], &found)?;
    let after = Some(account_id(1));
    let found = answered(step, store.account_details_after(after, 1).await)?;
    equal(step, &vec![other], &found)
}

pub(super) async fn notes_come_with_decisions(store: &dyn Store) -> Result<(), Failure> {
    approved(store, 1, &[1]).await?;
    batched(store, (1, 1), &[1]).await?;
    started(store, 1, &[1]).await?;
    ended(store, 1, &[1], RailStatus::Failed).await?;
    done("filing", store.commit_claim(&super::payouts_made::filed(2, 1)?, &[]).await)?;
    let note = |text: &str| made(NoteText::new(format!("{text}\n{ODD}")));
    let books = rows_of(store, 1, &[1, 2]).await?;
    let change = decided(books, |draft| {
        let money = Some(Money::usd_cents(SHARE));
        approve(draft, account_id(1), payee(1), money, approval_id(9))?;
        keep_review(draft, payee(1), paying(1), NoteText::new(format!("again\n{ODD}"))?)?;
        reject(draft, account_id(1), payee(2), approval_id(2))?;
        keep_review(draft, payee(2), paying(1), NoteText::new(format!("no\n{ODD}"))?)
    })?;
    stored(store, "two decisions with notes", change).await?;
    let books = rows_of(store, 1, &[1]).await?;
    let again = decided(books, |draft| {
        keep_review(draft, payee(1), paying(1), NoteText::new(format!("again\n{ODD}"))?)
    })?;
    conflict("the note of an attempt is not replaced", store.commit_payout(&again).await)?;
    let at = now()?;
    let kept = |n, attempt, text| {
        Ok(ReviewNote { approval_id: approval_id(n), attempt, at, note: note(text)? })
    };
    let [first, second] = [kept(1, 2, "again")?, kept(2, 0, "no")?];
    let (one, both) = (vec![first.clone()], vec![first, second.clone()]);
    for (step, approvals, expected) in [
        ("of one person", vec![1], one),
        ("of another", vec![2], vec![second]),
        ("of both, in the order of the approvals", vec![2, 7, 1, 2], both),
        ("of somebody without any", vec![7], vec![]),
        ("of nobody", vec![], vec![]),
    ] {
        let approvals: Vec<_> = approvals.into_iter().map(approval_id).collect();
        equal(step, &expected, &answered(step, store.reviews(&approvals).await)?)?;
    }
    Ok(())
}

pub(super) async fn who_is_left_out_is_kept(store: &dyn Store) -> Result<(), Failure> {
    link(store, 1).await?;
    for n in [1, 2] {
        let books = rows_of(store, 1, &[]).await?;
        let people = [(payee(40_000), Skipped::NoDestination), (payee(1), Skipped::AlreadyPaid)];
        let request = crate::payouts::BatchRequest {
            key: key(&format!("batch {n}"))?,
            settlement_id: paying(1),
            items: (n == 1).then(|| ItemsDigest::new(&[(payee(1), None)])),
        };
        let id = payout_batch_id(n);
        let change = decided(books, |draft| {
            open_batch(draft, account_id(1), id, &request, 0)?;
            keep_left_out(draft, id, &people);
            seal_batch(draft, id)
        })?;
        stored(store, "a batch of people by name, and one of everybody", change).await?;
    }
    let step = "who was left out";
    let batch_id = payout_batch_id(1);
    let row = |n, reason| LeftOut { batch_id, user_id: payee(n), reason };
    let expected = vec![row(1, Skipped::AlreadyPaid), row(40_000, Skipped::NoDestination)];
    equal(step, &expected, &answered(step, store.left_out(batch_id).await)?)?;
    equal(step, &vec![], &answered(step, store.left_out(payout_batch_id(2)).await)?)
}

pub(super) async fn a_request_is_kept_once(store: &dyn Store) -> Result<(), Failure> {
    let [digest, other] = ["a".repeat(64), "b".repeat(64)];
    let (one, two) = (key("k ~'\"")?, key("another")?);
    done("a request", store.commit_pay_request(attorney(1), &one, &digest).await)?;
    conflict("the same key", store.commit_pay_request(attorney(1), &one, &other).await)?;
    conflict("the same again", store.commit_pay_request(attorney(1), &one, &digest).await)?;
    done("another key", store.commit_pay_request(attorney(1), &two, &other).await)?;
    done("another attorney", store.commit_pay_request(attorney(2), &one, &other).await)?;
    for (of, key, expected) in [(1, &one, &digest), (1, &two, &other), (2, &one, &other)] {
        let step = "what was asked for";
        let found = answered(step, store.pay_request(attorney(of), key).await)?;
        equal(step, &Some(expected.clone()), &found)?;
    }
    Ok(())
}

pub(super) async fn balances_add_up(store: &dyn Store) -> Result<(), Failure> {
    approved(store, 1, &[1, 2, 3, 4]).await?;
    approved(store, 2, &[5]).await?;
    let expect = async |step: &str, figures: [i64; 6]| {
        let [funded, available, reserved, in_flight, paid, returned] =
            figures.map(|shares| shares.saturating_mul(SHARE));
        let expected = Balance { funded, available, reserved, in_flight, paid, returned };
        let found = answered(step, store.balance(account_id(1)).await)?;
        equal(step, &Some(expected), &found)
    };
    expect("nothing begun", [4, 4, 0, 0, 0, 0]).await?;
    batched(store, (1, 1), &[1, 2, 3]).await?;
    expect("a batch", [4, 1, 3, 0, 0, 0]).await?;
    started(store, 1, &[1, 2, 3]).await?;
    expect("sent", [4, 1, 0, 3, 0, 0]).await?;
    ended(store, 1, &[1], RailStatus::Settled).await?;
    ended(store, 1, &[2], RailStatus::Failed).await?;
    expect("one arrived, one failed", [4, 1, 1, 1, 1, 0]).await?;
    ended(store, 1, &[1], RailStatus::Returned).await?;
    expect("one came back", [4, 2, 1, 1, 0, 1]).await?;
    batched(store, (1, 2), &[4]).await?;
    expect("a second batch", [4, 1, 2, 1, 0, 1]).await
}

pub(super) async fn batches_of_an_attorney(store: &dyn Store) -> Result<(), Failure> {
    for (n, payees) in [(1, [1, 2]), (2, [3, 4])] {
        approved(store, n, &payees).await?;
    }
    let mut newest = Vec::new();
    // The ids of the batches of both accounts are mixed.
    for (n, batch, payee_n) in [(1, 1, 1), (2, 2, 3), (1, 3, 2), (2, 40_000, 4)] {
        let books = rows_of(store, n, &[payee_n]).await?;
        let change = batch_of(books, (n, batch), &[payee_n])?;
        let books = stored(store, "a batch", change).await?;
        newest.splice(0..0, books.batches.into_values());
    }
    let step = "the newest first";
    let find = async |before, limit| {
        answered(step, store.attorney_batches(attorney(1), before, limit).await)
    };
    equal(step, &newest, &find(None, 9).await?)?;
    equal(step, &newest[..2].to_vec(), &find(None, 2).await?)?;
    equal(step, &newest[2..3].to_vec(), &find(Some(payout_batch_id(3)), 1).await?)?;
    equal(step, &newest[3..].to_vec(), &find(Some(payout_batch_id(2)), 9).await?)?;
    let others = answered(step, store.attorney_batches(attorney(2), None, 9).await)?;
    equal(step, &vec![], &others)
}
