//! Cases of what people were shown.

use super::Failure;
use super::check::{answered, conflict, done, equal};
use super::made::{Made, about, at, run, run_id, settlement_id, user};
use crate::audit::EventBody;
use crate::claims::{Claim, ClaimState};
use crate::learning::{Impression, ShownResult};
use crate::ports::{ShownPage, Store};
use crate::ranking::MatchRun;
use crate::types::UserId;

/// What a run shows: its results down to a position, by settlement.
fn shown_by(run: &MatchRun, down_to: usize) -> Vec<ShownResult> {
    let mut shown: Vec<ShownResult> = ShownResult::of_run(run).take(down_to).collect();
    shown.sort_by_key(|result| result.settlement_id);
    shown
}

async fn page_is(
    store: &dyn Store,
    step: &str,
    (after, people): (Option<UserId>, usize),
    (results, next): (&[ShownResult], Option<UserId>),
) -> Result<(), Failure> {
    let expected = ShownPage { results: results.to_vec(), next };
    equal(step, &expected, &answered(step, store.shown_after(after, people).await)?)
}

pub(super) async fn nothing_was_shown_at_first(store: &dyn Store) -> Result<(), Failure> {
    page_is(store, "an empty store", (None, 9), (&[], None)).await?;
    equal("nobody's", &None, &answered("nobody's", store.impression(run_id(1)).await)?)?;
    let lost = [about(1, None, EventBody::PersonChanged)?];
    let impression = Impression { run_id: run_id(1), shown: 1 };
    let answer = store.commit_impression(impression, None, &lost).await;
    conflict("of a run that is not there", answer)?;
    equal("no event", &0, &answered("no event", store.events_after(0, 9).await)?.len())
}

pub(super) async fn the_last_run_that_showed_it(store: &dyn Store) -> Result<(), Failure> {
    // The second is stored later, whatever it says, and shows less: results 1 and 0 of 2, 1, 0.
    let (first, second) = (run(1, user(1), 300, 3)?, run(2, user(1), 100, 2)?);
    done("a run", store.commit_runs(std::slice::from_ref(&first), None, &[]).await)?;
    page_is(store, "one run", (None, 9), (&shown_by(&first, 9), None)).await?;
    done("another", store.commit_runs(std::slice::from_ref(&second), None, &[]).await)?;
    // The second began before the first: what both showed was shown then.
    let since = |results: Vec<ShownResult>, at| -> Vec<ShownResult> {
        results.into_iter().map(|result| ShownResult { at, ..result }).collect()
    };
    let mut both = since(shown_by(&second, 9), second.started);
    both.extend(shown_by(&first, 1));
    page_is(store, "each of the last", (None, 9), (&both, None)).await?;

    let seen = |shown| Impression { run_id: second.id, shown };
    let told = [about(1, Some(user(1)), EventBody::PersonChanged)?];
    done("one was seen", store.commit_impression(seen(1), None, &told).await)?;
    let found = answered("it", store.impression(second.id).await)?;
    equal("it", &Some(seen(1)), &found)?;
    // Of the person there is a note now: a run without one showed nothing.
    page_is(store, "the cut", (None, 9), (&shown_by(&second, 1), None)).await?;
    let all = Impression { run_id: first.id, shown: 3 };
    done("all of the first", store.commit_impression(all, None, &[]).await)?;
    // What the second did not show is that of the first.
    let mut cut = vec![shown_by(&first, 9)[0]];
    cut.extend(since(shown_by(&second, 1), second.started));
    cut.extend(shown_by(&first, 1));
    page_is(store, "by both notes", (None, 9), (&cut, None)).await?;

    let lost = [about(2, None, EventBody::PersonChanged)?];
    for expected in [None, Some(seen(2)), Some(seen(0))] {
        let answer = store.commit_impression(seen(2), expected, &lost).await;
        conflict("on another one", answer)?;
    }
    done("two", store.commit_impression(seen(2), Some(seen(1)), &[]).await)?;
    page_is(store, "both again", (None, 9), (&both, None)).await?;
    done("none", store.commit_impression(seen(0), Some(seen(2)), &[]).await)?;
    page_is(store, "none of the second", (None, 9), (&shown_by(&first, 9), None)).await?;
    equal("one event", &1, &answered("one event", store.events_after(0, 9).await)?.len())
}

pub(super) async fn people_come_in_pages(store: &dyn Store) -> Result<(), Failure> {
    let runs: Made<Vec<MatchRun>> =
        [200, 3, 1, 2].iter().map(|n| run(*n, user(*n), 100, n % 3)).collect();
    let mut runs = runs?;
    done("runs of four people", store.commit_runs(&runs, None, &[]).await)?;
    runs.sort_by_key(|run| run.user_id);
    let shown: Vec<_> = runs.iter().map(|run| shown_by(run, 9)).collect();
    let (first, second) = (shown[..2].concat(), shown[2..].concat());
    page_is(store, "two people", (None, 2), (&first, Some(user(2)))).await?;
    // The third has a run without results.
    page_is(store, "a person with nothing", (Some(user(2)), 1), (&[], Some(user(3)))).await?;
    page_is(store, "the rest", (Some(user(2)), 9), (&second, None)).await?;
    page_is(store, "behind the last", (Some(user(200)), 9), (&[], None)).await?;
    page_is(store, "all", (None, 4), (&shown.concat(), Some(user(200)))).await
}

pub(super) async fn claims_come_with_it(store: &dyn Store) -> Result<(), Failure> {
    let run = run(1, user(1), 100, 3)?;
    done("a run", store.commit_runs(std::slice::from_ref(&run), None, &[]).await)?;
    let mut expected = shown_by(&run, 9);
    for (n, state) in [(0, ClaimState::PaidOut), (2, ClaimState::Submitted)] {
        let claim = Claim { state, ..Claim::matched(user(1), settlement_id(n), at(200)?) };
        done("a claim", store.commit_claim(&claim, &[]).await)?;
        for result in &mut expected {
            if result.settlement_id == settlement_id(n) {
                result.claim = Some(state);
            }
        }
    }
    // Somebody else's is nothing to this one.
    let other = Claim::matched(user(2), settlement_id(1), at(200)?);
    done("another's", store.commit_claim(&other, &[]).await)?;
    page_is(store, "with claims", (None, 9), (&expected, None)).await
}
