//! Cases of match runs and batches.

use super::Failure;
use super::check::{answered, conflict, done, equal};
use super::made::{Made, at, batch_id, run, run_id, user};
use crate::ports::{MatchBatch, Store};
use crate::ranking::{MatchResult, MatchRun};
use crate::types::{RunId, UserId};

const REQUEST: &str = "matching_v1 top 20";

fn batch(n: u8, started: i64, cursor: Option<u8>) -> Made<MatchBatch> {
    Ok(MatchBatch {
        id: batch_id(n),
        request: REQUEST.to_owned(),
        started: at(started)?,
        cursor: cursor.map(user),
        done: cursor.map_or(0, usize::from),
        finished: false,
    })
}

async fn newest_is(
    store: &dyn Store,
    step: &str,
    user_id: UserId,
    expected: Option<&MatchRun>,
) -> Result<(), Failure> {
    equal(step, &expected.cloned(), &answered(step, store.newest_run(user_id).await)?)
}

async fn run_is(
    store: &dyn Store,
    step: &str,
    id: RunId,
    expected: Option<&MatchRun>,
) -> Result<(), Failure> {
    equal(step, &expected.cloned(), &answered(step, store.run(id).await)?)
}

async fn batch_is(
    store: &dyn Store,
    step: &str,
    expected: Option<&MatchBatch>,
) -> Result<(), Failure> {
    equal(step, &expected.cloned(), &answered(step, store.newest_batch(REQUEST).await)?)
}

/// Every number of a result, as bits: `==` would let `-0.0` pass for `0.0`.
fn bits(result: &MatchResult) -> Vec<u64> {
    let reasons = &result.reasons;
    let mut numbers: Vec<f64> = result.signals.iter().map(|(_, value)| value).collect();
    numbers.extend([result.score, reasons.confidence_breakdown.rules, reasons.similarity]);
    numbers.extend([reasons.recency, reasons.frequency, reasons.class_period].iter().flatten());
    numbers.extend([reasons.payout, reasons.urgency, reasons.ease, reasons.score]);
    for part in reasons.contributions.iter().flatten() {
        numbers.extend([part.value, part.weight, part.contribution]);
    }
    numbers.into_iter().map(f64::to_bits).collect()
}

pub(super) async fn no_run_at_first(store: &dyn Store) -> Result<(), Failure> {
    newest_is(store, "an empty store", user(1), None).await?;
    run_is(store, "an empty store", run_id(1), None).await?;
    batch_is(store, "an empty store", None).await?;
    done("no runs at all", store.commit_runs(&[], None, &[]).await)
}

pub(super) async fn a_run_reads_back_to_the_bit(store: &dyn Store) -> Result<(), Failure> {
    let runs = [run(1, user(1), 100, 60)?, run(2, user(2), 100, 0)?];
    done("a run with results and one without", store.commit_runs(&runs, None, &[]).await)?;
    let [full, empty] = runs;
    let found = answered("the run", store.run(full.id).await)?;
    let results = found.as_ref().map_or(&[][..], |run| &run.results);
    equal("the number of results", &full.results.len(), &results.len())?;
    for (rank, (expected, found)) in full.results.iter().zip(results).enumerate() {
        let step = format!("the result at {rank}");
        equal(&step, &expected.settlement_id, &found.settlement_id)?;
        equal(&step, &bits(expected), &bits(found))?;
    }
    run_is(store, "the run", full.id, Some(&full)).await?;
    newest_is(store, "the newest", user(1), Some(&full)).await?;
    newest_is(store, "the one without results", user(2), Some(&empty)).await?;
    newest_is(store, "nobody's", user(3), None).await
}

pub(super) async fn the_newest_is_the_last_stored(store: &dyn Store) -> Result<(), Failure> {
    let late = run(2, user(1), 200, 2)?;
    done("a late run", store.commit_runs(std::slice::from_ref(&late), None, &[]).await)?;
    let runs = [run(9, user(1), 100, 1)?, run(8, user(2), 300, 3)?];
    done("an earlier one, and another's", store.commit_runs(&runs, None, &[]).await)?;
    newest_is(store, "the earlier one, stored later", user(1), runs.first()).await?;
    let twins = [run(200, user(1), 200, 4)?, run(3, user(1), 200, 5)?];
    done("two of the same start", store.commit_runs(&twins, None, &[]).await)?;
    newest_is(store, "the last of them", user(1), twins.last()).await?;
    for kept in runs.iter().chain(&twins).chain([&late]) {
        run_is(store, "each by its id", kept.id, Some(kept)).await?;
    }
    Ok(())
}

pub(super) async fn a_stored_id_conflicts(store: &dyn Store) -> Result<(), Failure> {
    let first = run(1, user(1), 100, 2)?;
    done("a run", store.commit_runs(std::slice::from_ref(&first), None, &[]).await)?;
    let again = [run(2, user(1), 300, 1)?, run(1, user(1), 200, 3)?];
    conflict("one id of two is stored", store.commit_runs(&again, None, &[]).await)?;
    run_is(store, "the other was not written", run_id(2), None).await?;
    run_is(store, "the first is as it was", first.id, Some(&first)).await?;
    newest_is(store, "the newest is as it was", user(1), Some(&first)).await?;
    let twice = [run(3, user(1), 300, 1)?, run(3, user(1), 300, 1)?];
    conflict("one id twice", store.commit_runs(&twice, None, &[]).await)?;
    run_is(store, "it was not written", run_id(3), None).await?;
    let batch = batch(1, 1, Some(1))?;
    let runs = [run(4, user(1), 400, 1)?, first.clone()];
    conflict("with a batch", store.commit_runs(&runs, Some((&batch, None)), &[]).await)?;
    batch_is(store, "the batch was not written", None).await
}

pub(super) async fn the_cursor_moves_on(store: &dyn Store) -> Result<(), Failure> {
    let mut steps = [batch(1, 5, Some(2))?, batch(1, 5, Some(200))?, batch(1, 5, Some(200))?];
    steps[2].finished = true;
    let mut resumed_from = None;
    for (n, batch) in (1..).zip(&steps) {
        let step = format!("commit {n}");
        let runs = [run(n, user(n), 5, 1)?];
        done(&step, store.commit_runs(&runs, Some((batch, resumed_from)), &[]).await)?;
        batch_is(store, &step, Some(batch)).await?;
        newest_is(store, &step, user(n), runs.first()).await?;
        resumed_from = batch.cursor;
    }
    Ok(())
}

pub(super) async fn another_cursor_conflicts(store: &dyn Store) -> Result<(), Failure> {
    let first = batch(1, 5, Some(2))?;
    let runs = [run(1, user(1), 5, 1)?];
    let step = "a batch that is not there is resumed";
    let answer = store.commit_runs(&runs, Some((&first, Some(user(1)))), &[]).await;
    conflict(step, answer)?;
    batch_is(store, step, None).await?;
    run_is(store, step, run_id(1), None).await?;
    done("it starts", store.commit_runs(&runs, Some((&first, None)), &[]).await)?;
    let next = batch(1, 5, Some(9))?;
    let runs = [run(2, user(2), 5, 1)?];
    for (step, resumed_from) in
        [("started again", None), ("resumed elsewhere", Some(1)), ("resumed ahead", Some(9))]
    {
        let batch = Some((&next, resumed_from.map(user)));
        conflict(step, store.commit_runs(&runs, batch, &[]).await)?;
        batch_is(store, step, Some(&first)).await?;
        run_is(store, step, run_id(2), None).await?;
    }
    let answer = store.commit_runs(&runs, Some((&next, first.cursor)), &[]).await;
    done("resumed where it stopped", answer)?;
    batch_is(store, "resumed where it stopped", Some(&next)).await
}

pub(super) async fn the_newest_batch_of_a_request(store: &dyn Store) -> Result<(), Failure> {
    let mut other = batch(9, 99, Some(1))?;
    other.request = "another request".to_owned();
    let batches =
        [batch(5, 10, Some(1))?, batch(200, 10, Some(2))?, batch(6, 10, None)?, batch(7, 9, None)?];
    for batch in batches.iter().chain([&other]) {
        done("a batch", store.commit_runs(&[], Some((batch, None)), &[]).await)?;
    }
    batch_is(store, "the last to begin", batches.last()).await?;
    let moved = MatchBatch { cursor: Some(user(1)), ..batches[0].clone() };
    let resumed_from = batches[0].cursor;
    done("an older one moves on", store.commit_runs(&[], Some((&moved, resumed_from)), &[]).await)?;
    batch_is(store, "still the last to begin", batches.last()).await?;
    let found = answered("the other request", store.newest_batch(&other.request).await)?;
    equal("the other request", &Some(other), &found)?;
    let found = answered("an unknown request", store.newest_batch("unknown").await)?;
    equal("an unknown request", &None, &found)
}
