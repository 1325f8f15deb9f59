//! Results as rows, to the last bit of their numbers.
//!
//! JSON is written with the shortest digits that name a number, and read back to the same number
//! because `serde_json` is built with `float_roundtrip`.

use payme_core::ports::StoreError;
use payme_core::ranking::MatchResult;
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
        signals: cells.json("signals")?,
        reasons: cells.json("reasons")?,
        missing: cells.json("missing")?,
    })
}
