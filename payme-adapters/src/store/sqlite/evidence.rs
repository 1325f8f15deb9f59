//! People and their evidence.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use payme_core::audit::Event;
use payme_core::evidence::{
    Correction, EvidenceChange, FeatureId, StoredEvidence, Support, UserFeature, UserFeatures,
};
use payme_core::ports::{Commit, EvidenceStore, StoreError};
use payme_core::sync::{Record, RecordKind, StoredRecord};
use payme_core::types::{FeatureKey, RecordId, Source, UserId, Version};
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use super::row::{Cells, integer};
use super::{SqliteStore, WriteTx, catalog, error, events, execute, feature, finish, sql};

#[async_trait]
impl EvidenceStore for SqliteStore {
    async fn evidence(&self, user: UserId) -> Result<Option<StoredEvidence>, StoreError> {
        // One transaction, so that the four reads see one version.
        let mut tx = self.read.begin().await.map_err(error::failed)?;
        let found = read(&mut tx, &user.to_string()).await?;
        tx.rollback().await.map_err(error::failed)?;
        Ok(found)
    }

    async fn user_features(&self, user: UserId) -> Result<Option<UserFeatures>, StoreError> {
        let query = sqlx::query(sql::USER_FEATURES).bind(user.to_string());
        let rows = query.fetch_all(&self.read).await.map_err(error::failed)?;
        Ok(feature::people(&rows)?.pop())
    }

    async fn users_after(
        &self,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<Vec<UserFeatures>, StoreError> {
        // Every id is above the empty text.
        let after = after.map(|id| id.to_string()).unwrap_or_default();
        let query = sqlx::query(sql::USERS_AFTER).bind(after).bind(integer(limit));
        feature::people(&query.fetch_all(&self.read).await.map_err(error::failed)?)
    }

    async fn user_count(&self) -> Result<usize, StoreError> {
        let query = sqlx::query_scalar::<_, i64>(sql::USER_COUNT);
        let count = query.fetch_one(&self.read).await.map_err(error::failed)?;
        usize::try_from(count).map_err(|_| StoreError::Corrupt { what: "person" })
    }

    async fn users_with_records(&self) -> Result<Vec<UserId>, StoreError> {
        let query = sqlx::query(sql::USERS_WITH_RECORDS);
        let rows = query.fetch_all(&self.read).await.map_err(error::failed)?;
        rows.iter().map(|row| Cells::new(row, "record").parsed("user_id")).collect()
    }

    async fn support(
        &self,
        user: UserId,
        key: &FeatureKey,
        source: Source,
    ) -> Result<Vec<RecordId>, StoreError> {
        let query = sqlx::query(sql::SUPPORT_RECORDS)
            .bind(user.to_string())
            .bind(key.as_str())
            .bind(source.as_str());
        let rows = query.fetch_all(&self.read).await.map_err(error::failed)?;
        rows.iter().map(|row| Cells::new(row, "support").parsed("record_id")).collect()
    }

    async fn commit_evidence(
        &self,
        changes: &[EvidenceChange],
        events: &[Event],
    ) -> Result<Commit, StoreError> {
        let mut tx = self.begin().await?;
        let written = write(&mut tx, changes, events).await;
        finish(tx, written).await
    }
}

async fn read(
    connection: &mut SqliteConnection,
    user: &str,
) -> Result<Option<StoredEvidence>, StoreError> {
    let query = sqlx::query(sql::PERSON_GET).bind(user);
    let row = query.fetch_optional(&mut *connection).await.map_err(error::failed)?;
    let Some(row) = row else {
        return Ok(None);
    };
    let mut found = StoredEvidence::none(feature::person(&row)?);
    found.version = Some(Version(Cells::new(&row, "person").get("version")?));
    found.records = rows(connection, sql::RECORDS_OF, user, record).await?;
    found.features = rows(connection, sql::FEATURES_OF, user, identified).await?;
    let support: BTreeMap<Support, ()> = rows(connection, sql::SUPPORT_OF, user, support).await?;
    found.support = support.into_keys().collect::<BTreeSet<_>>();
    found.corrections = rows(connection, sql::CORRECTIONS_OF, user, correction).await?;
    found.anomalies = rows(connection, sql::ANOMALIES_OF, user, anomaly).await?;
    Ok(Some(found))
}

/// A person's rows of one kind.
async fn rows<K: Ord, V>(
    connection: &mut SqliteConnection,
    statement: &'static str,
    user: &str,
    map: fn(&SqliteRow) -> Result<(K, V), StoreError>,
) -> Result<BTreeMap<K, V>, StoreError> {
    let query = sqlx::query(statement).bind(user);
    let rows = query.fetch_all(connection).await.map_err(error::failed)?;
    rows.iter().map(map).collect()
}

fn record(row: &SqliteRow) -> Result<(RecordId, StoredRecord), StoreError> {
    let cells = Cells::new(row, "record");
    let id = cells.parsed("id")?;
    if cells.get("removed")? {
        return Ok((id, StoredRecord::Removed));
    }
    let record = cells.word("body", |body| Record::from_stored(id, body))?;
    Ok((id, StoredRecord::Live(record)))
}

fn identified(row: &SqliteRow) -> Result<(FeatureId, UserFeature), StoreError> {
    let stored = feature::stored(row)?;
    Ok((stored.id(), stored.feature))
}

fn support(row: &SqliteRow) -> Result<(Support, ()), StoreError> {
    let cells = Cells::new(row, "support");
    let support = Support {
        key: cells.parsed("key")?,
        source: cells.word("source", Source::parse)?,
        record: cells.parsed("record_id")?,
    };
    Ok((support, ()))
}

fn correction(row: &SqliteRow) -> Result<(RecordId, Correction), StoreError> {
    let cells = Cells::new(row, "correction");
    let id = cells.parsed("record_id")?;
    Ok((id, cells.word("body", |body| Correction::from_stored(id, body))?))
}

fn anomaly(row: &SqliteRow) -> Result<(RecordId, f64), StoreError> {
    let cells = Cells::new(row, "anomaly");
    Ok((cells.parsed("record_id")?, cells.get("score")?))
}

/// Writes changes of people, then events.
pub(super) async fn write(
    tx: &mut WriteTx,
    changes: &[EvidenceChange],
    events: &[Event],
) -> Result<Commit, StoreError> {
    let catalog = catalog::revisions_now(tx).await?.catalog;
    if changes.iter().any(|change| change.on_catalog.is_some_and(|on| on != catalog)) {
        return Ok(Commit::Conflict);
    }
    if changes.iter().any(EvidenceChange::brings_records) {
        execute(tx, sqlx::query(sql::REVISION_RECORDS)).await?;
    }
    for change in changes {
        let user = change.person.user_id.to_string();
        if !put_person(tx, &user, change).await? {
            return Ok(Commit::Conflict);
        }
        put_records(tx, &user, change).await?;
        for id in &change.features_gone {
            feature::delete(tx, &user, id).await?;
        }
        for stored in &change.features {
            feature::put(tx, &user, stored).await?;
        }
        put_support(tx, &user, sql::SUPPORT_DELETE, &change.support_gone).await?;
        put_support(tx, &user, sql::SUPPORT_PUT, &change.support).await?;
        put_corrections(tx, &user, change).await?;
        put_anomalies(tx, &user, change).await?;
    }
    events::append(tx, events).await
}

/// Writes the person where the stored version is the expected one.
async fn put_person(
    tx: &mut WriteTx,
    user: &str,
    change: &EvidenceChange,
) -> Result<bool, StoreError> {
    let expected = change.expected;
    let statement = if expected.is_some() { sql::PERSON_UPDATE } else { sql::PERSON_INSERT };
    let query = sqlx::query(statement)
        .bind(user)
        .bind(expected.map_or(Version::FIRST, Version::next).0)
        .bind(change.person.state.map(|state| state.code()))
        .bind(change.person.date_of_birth.map(|date| date.to_string()));
    let query = match expected {
        Some(version) => query.bind(version.0),
        None => query,
    };
    Ok(execute(tx, query).await? == 1)
}

async fn put_records(
    tx: &mut WriteTx,
    user: &str,
    change: &EvidenceChange,
) -> Result<(), StoreError> {
    let records = &change.records;
    let live = records.added.iter().chain(&records.changed);
    let live = live.map(|record| (record.id(), Some(record)));
    let removed = records.removed.iter().chain(&records.traces).map(|id| (*id, None));
    for (id, record) in live.chain(removed) {
        let query = sqlx::query(sql::RECORD_PUT)
            .bind(user)
            .bind(id.to_string())
            .bind(record.is_none())
            .bind(record.map(|record| kind(record.kind())))
            .bind(record.map(Record::to_stored));
        execute(tx, query).await?;
    }
    Ok(())
}

const fn kind(kind: RecordKind) -> &'static str {
    match kind {
        RecordKind::Transaction => "transaction",
        RecordKind::Message => "message",
    }
}

/// Runs one of the two statements about support for each.
async fn put_support(
    tx: &mut WriteTx,
    user: &str,
    statement: &'static str,
    support: &[Support],
) -> Result<(), StoreError> {
    for support in support {
        let query = sqlx::query(statement)
            .bind(user)
            .bind(support.key.as_str())
            .bind(support.source.as_str())
            .bind(support.record.to_string());
        execute(tx, query).await?;
    }
    Ok(())
}

async fn put_corrections(
    tx: &mut WriteTx,
    user: &str,
    change: &EvidenceChange,
) -> Result<(), StoreError> {
    delete_of(tx, user, sql::CORRECTION_DELETE, &change.corrections_gone).await?;
    for correction in &change.corrections {
        let query = sqlx::query(sql::CORRECTION_PUT)
            .bind(user)
            .bind(correction.record().to_string())
            .bind(correction.to_stored());
        execute(tx, query).await?;
    }
    match integer(change.corrections.len() + change.corrections_gone.len()) {
        0 => Ok(()),
        more => execute(tx, sqlx::query(sql::REVISION_CORRECTIONS).bind(more)).await.map(drop),
    }
}

async fn put_anomalies(
    tx: &mut WriteTx,
    user: &str,
    change: &EvidenceChange,
) -> Result<(), StoreError> {
    delete_of(tx, user, sql::ANOMALY_DELETE, &change.anomalies_gone).await?;
    for (record, score) in &change.anomalies {
        let query = sqlx::query(sql::ANOMALY_PUT).bind(user).bind(record.to_string()).bind(*score);
        execute(tx, query).await?;
    }
    Ok(())
}

/// Deletes a person's rows about these records.
async fn delete_of(
    tx: &mut WriteTx,
    user: &str,
    statement: &'static str,
    records: &[RecordId],
) -> Result<(), StoreError> {
    for record in records {
        let query = sqlx::query(statement).bind(user).bind(record.to_string());
        execute(tx, query).await?;
    }
    Ok(())
}
