//! The event log.

use async_trait::async_trait;
use payme_core::audit::{Event, SequencedEvent};
use payme_core::ports::{Commit, EventStore, StoreError};
use sqlx::sqlite::SqliteRow;

use super::row::{Cells, integer, json};
use super::{SqliteStore, WriteTx, error, execute, finish, sql};

#[async_trait]
impl EventStore for SqliteStore {
    async fn append_events(&self, events: &[Event]) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let written = append(&mut tx, events).await;
        finish(tx, written).await.map(drop)
    }

    async fn events_after(
        &self,
        sequence: i64,
        limit: usize,
    ) -> Result<Vec<SequencedEvent>, StoreError> {
        let query = sqlx::query(sql::EVENTS_AFTER).bind(sequence).bind(integer(limit));
        let rows = query.fetch_all(&self.read).await.map_err(error::failed)?;
        rows.iter().map(event).collect()
    }
}

fn event(row: &SqliteRow) -> Result<SequencedEvent, StoreError> {
    let cells = Cells::new(row, "event");
    Ok(SequencedEvent {
        sequence: cells.get("sequence")?,
        event: Event {
            id: cells.parsed("id")?,
            at: cells.instant("at")?,
            user_id: cells.parsed_option("user_id")?,
            body: cells.json("body")?,
        },
    })
}

/// Appends events: the last thing that a transaction writes.
pub(super) async fn append(tx: &mut WriteTx, events: &[Event]) -> Result<Commit, StoreError> {
    for event in events {
        let query = sqlx::query(sql::EVENT_APPEND)
            .bind(event.id.to_string())
            .bind(event.at.as_micros())
            .bind(event.user_id.map(|id| id.to_string()))
            .bind(event.body.kind())
            .bind(json(&event.body)?);
        execute(tx, query).await?;
    }
    Ok(Commit::Done)
}
