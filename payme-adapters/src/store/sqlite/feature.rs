//! Features as rows: written by imports, read by matching.

use payme_core::evidence::{
    Day, FeatureId, Origin, StoredFeature, UserFeature, UserFeatures, effective,
};
use payme_core::ports::StoreError;
use payme_core::types::{Confidence, Currency, Date, Money, Person, Source};
use serde::{Deserialize, Serialize};
use sqlx::sqlite::SqliteRow;

use super::row::{Cells, json};
use super::{WriteTx, execute, sql};

/// A day as it is stored.
#[derive(Serialize, Deserialize)]
struct StoredDay {
    date: Date,
    count: u32,
    /// Minor units and their currency.
    amount: Option<(i64, Currency)>,
}

pub(super) async fn put(
    tx: &mut WriteTx,
    user: &str,
    stored: &StoredFeature,
) -> Result<(), StoreError> {
    let feature = &stored.feature;
    let query = sqlx::query(sql::FEATURE_PUT)
        .bind(user)
        .bind(feature.key.as_str())
        .bind(feature.source.as_str())
        .bind(stored.origin.as_str())
        .bind(feature.confidence.get())
        .bind(feature.count)
        .bind(feature.first_seen.map(|date| date.to_string()))
        .bind(feature.last_seen.map(|date| date.to_string()))
        .bind(days_text(&feature.by_day)?);
    execute(tx, query).await.map(drop)
}

pub(super) async fn delete(
    tx: &mut WriteTx,
    user: &str,
    (key, source, origin): &FeatureId,
) -> Result<(), StoreError> {
    let query = sqlx::query(sql::FEATURE_DELETE)
        .bind(user)
        .bind(key.as_str())
        .bind(source.as_str())
        .bind(origin.as_str());
    execute(tx, query).await.map(drop)
}

/// The feature of a row.
pub(super) fn stored(row: &SqliteRow) -> Result<StoredFeature, StoreError> {
    let cells = Cells::new(row, "feature");
    let feature = UserFeature {
        key: cells.parsed("key")?,
        source: cells.word("source", Source::parse)?,
        confidence: Confidence::new(cells.get("confidence")?).map_err(|_| cells.damage())?,
        count: cells.integer("count")?,
        first_seen: cells.parsed_option("first_seen")?,
        last_seen: cells.parsed_option("last_seen")?,
        by_day: days(cells)?,
    };
    Ok(StoredFeature { origin: cells.word("origin", Origin::parse)?, feature })
}

/// The person of a row.
pub(super) fn person(row: &SqliteRow) -> Result<Person, StoreError> {
    let cells = Cells::new(row, "person");
    Ok(Person {
        user_id: cells.parsed("user_id")?,
        state: cells.parsed_option("state")?,
        date_of_birth: cells.parsed_option("date_of_birth")?,
    })
}

/// People with their effective features, from rows that are grouped by person.
pub(super) fn people(rows: &[SqliteRow]) -> Result<Vec<UserFeatures>, StoreError> {
    rows.chunk_by(|a, b| id(a) == id(b)).filter_map(one_person).collect()
}

fn id(row: &SqliteRow) -> Option<&str> {
    Cells::new(row, "person").get("user_id").ok()
}

fn one_person(rows: &[SqliteRow]) -> Option<Result<UserFeatures, StoreError>> {
    let first = rows.first()?;
    let has_feature = |row: &&SqliteRow| {
        let key = Cells::new(row, "feature").get::<Option<&str>>("key");
        key != Ok(None)
    };
    let features = rows.iter().filter(has_feature).map(stored).collect::<Result<Vec<_>, _>>();
    Some(person(first).and_then(|person| {
        UserFeatures::new(person, effective(features?))
            .map_err(|_| StoreError::Corrupt { what: "feature" })
    }))
}

fn days_text(days: &[Day]) -> Result<String, StoreError> {
    let stored: Vec<StoredDay> = days
        .iter()
        .map(|day| StoredDay {
            date: day.date,
            count: day.count,
            amount: day.amount.map(|money| (money.minor(), money.currency())),
        })
        .collect();
    json(&stored)
}

fn days(cells: Cells<'_>) -> Result<Vec<Day>, StoreError> {
    let day = |day: StoredDay| Day {
        date: day.date,
        count: day.count,
        amount: day.amount.map(|(minor, currency)| Money::new(minor, currency)),
    };
    Ok(cells.json::<Vec<StoredDay>>("by_day")?.into_iter().map(day).collect())
}
