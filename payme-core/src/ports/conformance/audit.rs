//! Cases of the logs together, and of the seals over them.

use super::Failure;
use super::check::{answered, conflict, done, equal};
use super::made::{Made, at, made};
use super::payouts_made::{
    account_id, approval_id, approved, batched, link, payee, paying, put_in, rows_of,
};
use crate::audit::{Head, Link, LogFilter, LogPlace, Seal};
use crate::payouts::Books;
use crate::ports::Store;
use crate::types::AccountId;

async fn log(store: &dyn Store, n: u16) -> Result<Vec<Link>, Failure> {
    answered("a log", store.payout_log(account_id(n), 0, usize::MAX).await)
}

async fn head(store: &dyn Store, n: u16) -> Result<(AccountId, Head), Failure> {
    Ok((account_id(n), log(store, n).await?.last().map(Link::head).unwrap_or_default()))
}

pub(super) async fn heads_are_where_logs_end(store: &dyn Store) -> Result<(), Failure> {
    let step = "an empty store";
    equal(step, &vec![], &answered(step, store.log_heads(None, 9).await)?)?;
    equal(step, &vec![], &answered(step, store.unsealed_heads(9).await)?)?;
    for n in [3, 1, 40_000] {
        link(store, n).await?;
    }
    put_in(store, 1, "a", 5).await?;
    let (one, three, far) =
        (head(store, 1).await?, head(store, 3).await?, head(store, 40_000).await?);
    let step = "by account";
    let mut all = vec![one, three, far];
    all.sort_unstable_by_key(|(id, _)| *id);
    equal(step, &all, &answered(step, store.log_heads(None, 9).await)?)?;
    equal(step, &all, &answered(step, store.unsealed_heads(9).await)?)?;
    let step = "in pages";
    let (first, rest) = made(all.split_first().ok_or(()))?;
    equal(step, &vec![*first], &answered(step, store.log_heads(None, 1).await)?)?;
    equal(step, &rest.to_vec(), &answered(step, store.log_heads(Some(first.0), 9).await)?)?;
    equal(step, &vec![*first], &answered(step, store.unsealed_heads(1).await)?)
}

pub(super) async fn seals_are_appended(store: &dyn Store) -> Result<(), Failure> {
    let step = "an empty store";
    equal(step, &None, &answered(step, store.last_seal().await)?)?;
    equal(step, &vec![], &answered(step, store.seals(0, 9).await)?)?;
    link(store, 1).await?;
    link(store, 2).await?;
    let first = sealed(store, None, -7).await?;
    let step = "the place is taken";
    conflict(step, store.commit_seal(&first).await)?;
    let step = "a place is left out";
    let second = Seal { sequence: 3, ..first.clone() };
    conflict(step, store.commit_seal(&second).await)?;
    let step = "nothing grew";
    equal(step, &vec![], &answered(step, store.unsealed_heads(9).await)?)?;
    put_in(store, 2, "a", 5).await?;
    let step = "one grew";
    let grew = vec![head(store, 2).await?];
    equal(step, &grew, &answered(step, store.unsealed_heads(9).await)?)?;
    let second = sealed(store, Some(&first), 7).await?;
    let step = "both read back";
    let all = vec![first.clone(), second.clone()];
    equal(step, &all, &answered(step, store.seals(0, 9).await)?)?;
    equal(step, &vec![first], &answered(step, store.seals(0, 1).await)?)?;
    equal(step, &vec![second.clone()], &answered(step, store.seals(1, 9).await)?)?;
    equal(step, &Some(second), &answered(step, store.last_seal().await)?)
}

async fn sealed(store: &dyn Store, before: Option<&Seal>, seconds: i64) -> Result<Seal, Failure> {
    let heads = answered("what grew", store.unsealed_heads(9).await)?;
    let seal = made(Seal::after(before, at(seconds)?, heads).ok_or(()))?;
    done("sealing", store.commit_seal(&seal).await)?;
    Ok(seal)
}

pub(super) async fn facts_come_by_time(store: &dyn Store) -> Result<(), Failure> {
    approved(store, 2, &[1, 2]).await?;
    batched(store, (2, 1), &[1]).await?;
    link(store, 1).await?;
    put_in(store, 1, "a", 5).await?;
    let mut all = log(store, 2).await?;
    all.extend(log(store, 1).await?);
    all.sort_by_key(Link::place);
    let step = "all of them";
    let facts = |filter, after, limit| async move {
        let found = answered("facts", store.facts(&filter, after, limit).await)?;
        Ok::<_, Failure>(found)
    };
    equal(step, &all, &facts(LogFilter::default(), None, usize::MAX).await?)?;
    let step = "in pages";
    let mut pages: Vec<Link> = Vec::new();
    loop {
        let after: Option<LogPlace> = pages.last().map(Link::place);
        let page = facts(LogFilter::default(), after, 2).await?;
        if page.is_empty() {
            break;
        }
        pages.extend(page);
    }
    equal(step, &all, &pages)?;
    let moments: Vec<_> = all.iter().map(|link| link.at).collect();
    let middle = made(moments.get(moments.len() / 2).copied().ok_or(()))?;
    let filters: Made<Vec<LogFilter>> = Ok(vec![
        LogFilter { account_id: Some(account_id(1)), ..LogFilter::default() },
        LogFilter { from: Some(middle), ..LogFilter::default() },
        LogFilter { to: Some(middle), ..LogFilter::default() },
        LogFilter { account_id: Some(account_id(9)), ..LogFilter::default() },
        LogFilter { from: Some(middle), to: Some(middle), ..LogFilter::default() },
    ]);
    for filter in filters? {
        let expected: Vec<Link> = all.iter().filter(|link| filter.lets(link)).cloned().collect();
        equal("what a filter lets", &expected, &facts(filter, None, usize::MAX).await?)?;
    }
    Ok(())
}

pub(super) async fn approvals_come_in_pages(store: &dyn Store) -> Result<(), Failure> {
    approved(store, 1, &[3, 1, 2]).await?;
    approved(store, 2, &[7]).await?;
    batched(store, (1, 1), &[2]).await?;
    let rows = rows_of(store, 1, &[1, 2, 3]).await?;
    let expected = |wanted: &[u16]| {
        let has = |n: &u16| wanted.contains(n);
        let approvals = [1, 2, 3]
            .iter()
            .filter(|n| has(n))
            .filter_map(|n| rows.approvals.get(&approval_id(*n)).map(|row| (row.id, row.clone())));
        let claims = [1, 2, 3].iter().filter(|n| has(n)).filter_map(|n| {
            let key = (payee(*n), paying(1));
            rows.claims.get(&key).map(|row| (key, row.clone()))
        });
        Books { approvals: approvals.collect(), claims: claims.collect(), ..Books::default() }
    };
    let step = "whatever became of them, with their claims";
    let found = store.approvals(account_id(1), None, 9).await;
    equal(step, &expected(&[1, 2, 3]), &answered(step, found)?)?;
    let step = "in pages";
    let mut ids = [approval_id(1), approval_id(2), approval_id(3)];
    ids.sort_unstable();
    let found = answered(step, store.approvals(account_id(1), Some(ids[0]), 1).await)?;
    equal(
        step,
        &vec![ids[1].to_string()],
        &found.approvals.keys().map(ToString::to_string).collect(),
    )
}
