//! Results as rows, to the last bit of their numbers.
//!
//! JSON is written with the shortest digits that name a number, and those digits name it exactly.
//! Reading them exactly is another matter: `serde_json` rounds in a fast way unless its feature
//! `float_roundtrip` is on, so the digits are taken as they stand and read by the standard library.

use std::collections::BTreeMap;

use payme_core::matching::Signals;
use payme_core::ports::StoreError;
use payme_core::ranking::{MatchResult, Reasons};
use serde::Deserialize;
use serde_json::value::RawValue;
use sqlx::sqlite::SqliteRow;

use super::row::{Cells, integer, json};
use super::{WriteTx, execute, sql};

pub(super) async fn insert(
    tx: &mut WriteTx,
    run: &str,
    rank: usize,
    result: &MatchResult,
) -> Result<(), StoreError> {
    let query = sqlx::query(sql::RESULT_INSERT)
        .bind(run)
        .bind(integer(rank))
        .bind(result.settlement_id.to_string())
        .bind(result.score)
        .bind(json(&result.signals)?)
        .bind(json(&result.reasons)?)
        .bind(json(&result.missing)?);
    execute(tx, query).await.map(drop)
}

pub(super) fn read(row: &SqliteRow) -> Result<MatchResult, StoreError> {
    let cells = Cells::new(row, "match result");
    Ok(MatchResult {
        settlement_id: cells.parsed("settlement_id")?,
        score: cells.get("score")?,
        signals: cells.word("signals", signals)?,
        reasons: cells.word("reasons", reasons)?,
        missing: cells.json("missing")?,
    })
}

fn signals(text: &str) -> Option<Signals> {
    let digits: BTreeMap<&str, &RawValue> = serde_json::from_str(text).ok()?;
    let mut complete = true;
    let signals = Signals::from_fn(|signal| {
        let value = digits.get(signal.as_str()).and_then(|digits| number(digits));
        complete &= value.is_some();
        value.unwrap_or_default()
    });
    complete.then_some(signals)
}

/// The numbers of [`Reasons`], as digits.
#[derive(Deserialize)]
struct ReasonsDigits<'a> {
    #[serde(borrow)]
    confidence_breakdown: RulesDigits<'a>,
    #[serde(borrow)]
    similarity: &'a RawValue,
    #[serde(borrow)]
    payout: &'a RawValue,
    #[serde(borrow)]
    urgency: &'a RawValue,
    #[serde(borrow)]
    ease: &'a RawValue,
    #[serde(borrow)]
    score: &'a RawValue,
}

#[derive(Deserialize)]
struct RulesDigits<'a> {
    #[serde(borrow)]
    rules: &'a RawValue,
}

fn reasons(text: &str) -> Option<Reasons> {
    let mut reasons: Reasons = serde_json::from_str(text).ok()?;
    let digits: ReasonsDigits<'_> = serde_json::from_str(text).ok()?;
    reasons.confidence_breakdown.rules = number(digits.confidence_breakdown.rules)?;
    reasons.similarity = number(digits.similarity)?;
    reasons.payout = number(digits.payout)?;
    reasons.urgency = number(digits.urgency)?;
    reasons.ease = number(digits.ease)?;
    reasons.score = number(digits.score)?;
    Some(reasons)
}

fn number(digits: &RawValue) -> Option<f64> {
    digits.get().parse().ok()
}
