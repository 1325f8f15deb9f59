//! Writing rows of the people of the gateway, each on the version that it was decided on.

use payme_core::audit::Event;
use payme_core::claims::{Claim, Filed, QuestionSet};
use payme_core::payouts::{AccountDetails, Annex, Attorney, PayoutDestination, RequestKey};
use payme_core::ports::{Commit, StoreError};
use payme_core::types::{AttorneyId, PayoutBatchId, UserId, Version};
use serde::Serialize;
use sqlx::query::Query;
use sqlx::sqlite::{Sqlite, SqliteArguments};

use super::row::{Cells, json};
use super::{WriteTx, error, events, payouts_commit, sql};

/// Writes what is kept beside a change; says whether nothing of it was there already.
pub(super) async fn annex(tx: &mut WriteTx, annex: &Annex) -> Result<bool, StoreError> {
    for row in &annex.details {
        let query = sqlx::query(sql::ACCOUNT_DETAILS_INSERT)
            .bind(row.account_id.to_string())
            .bind(row.bank_name.as_str())
            .bind(row.account_ref.as_str());
        if !is_written(tx, query).await? {
            return Ok(false);
        }
    }
    for row in &annex.reviews {
        let query = sqlx::query(sql::REVIEW_INSERT)
            .bind(row.approval_id.to_string())
            .bind(i64::from(row.attempt))
            .bind(row.at.as_micros())
            .bind(row.note.as_str());
        if !is_written(tx, query).await? {
            return Ok(false);
        }
    }
    left_out(tx, annex).await
}

#[derive(Serialize)]
struct LeftOutRow {
    batch_id: PayoutBatchId,
    user_id: UserId,
    reason: &'static str,
}

async fn left_out(tx: &mut WriteTx, annex: &Annex) -> Result<bool, StoreError> {
    if annex.left_out.is_empty() {
        return Ok(true);
    }
    let rows = annex.left_out.iter().map(|row| LeftOutRow {
        batch_id: row.batch_id,
        user_id: row.user_id,
        reason: row.reason.as_str(),
    });
    let rows: Vec<LeftOutRow> = rows.collect();
    is_written(tx, sqlx::query(sql::LEFT_OUT_INSERT).bind(json(&rows)?)).await
}

/// Writes an attorney, then events.
pub(super) async fn attorney(
    tx: &mut WriteTx,
    row: &Attorney,
    events: &[Event],
) -> Result<Commit, StoreError> {
    let salt = row.key.as_ref().map(|key| key.salt.as_str());
    let sha256 = row.key.as_ref().map(|key| key.sha256.as_str());
    let profile = &row.profile;
    let query = if row.version == Version::NEW {
        sqlx::query(sql::ATTORNEY_INSERT)
            .bind(row.id.to_string())
            .bind(row.user_id.to_string())
            .bind(profile.name.as_str())
            .bind(profile.email.as_str())
            .bind(profile.firm_name.as_str())
            .bind(salt)
            .bind(sha256)
            .bind(row.status.as_str())
            .bind(row.registered_at.as_micros())
    } else {
        sqlx::query(sql::ATTORNEY_UPDATE)
            .bind(row.id.to_string())
            .bind(profile.name.as_str())
            .bind(profile.email.as_str())
            .bind(profile.firm_name.as_str())
            .bind(salt)
            .bind(sha256)
            .bind(row.status.as_str())
            .bind(row.version.0)
    };
    if is_written(tx, query).await? {
        events::append(tx, events).await
    } else {
        Ok(Commit::Conflict)
    }
}

/// Seals details anew.
pub(super) async fn details(tx: &mut WriteTx, row: &AccountDetails) -> Result<Commit, StoreError> {
    let query = sqlx::query(sql::ACCOUNT_DETAILS_UPDATE)
        .bind(row.account_id.to_string())
        .bind(row.account_ref.as_str())
        .bind(row.version.0);
    commit(is_written(tx, query).await?)
}

/// Keeps what was asked for under a key.
pub(super) async fn request(
    tx: &mut WriteTx,
    attorney: AttorneyId,
    key: &RequestKey,
    digest: &str,
) -> Result<Commit, StoreError> {
    let query = sqlx::query(sql::PAY_REQUEST_INSERT)
        .bind(attorney.to_string())
        .bind(key.as_str())
        .bind(digest);
    commit(is_written(tx, query).await?)
}

/// Writes destinations, those that are stored already first: one that is revoked makes room.
pub(super) async fn destinations(
    tx: &mut WriteTx,
    rows: &[PayoutDestination],
    events: &[Event],
) -> Result<Commit, StoreError> {
    let (new, changed): (Vec<&PayoutDestination>, Vec<&PayoutDestination>) =
        rows.iter().partition(|row| row.version == Version::NEW);
    for row in changed.into_iter().chain(new) {
        if !is_written(tx, destination(row)).await? {
            return Ok(Commit::Conflict);
        }
    }
    events::append(tx, events).await
}

fn destination(row: &PayoutDestination) -> Query<'_, Sqlite, SqliteArguments> {
    let revoked_at = row.revoked_at.map(|at| at.as_micros());
    if row.version == Version::NEW {
        sqlx::query(sql::DESTINATION_INSERT)
            .bind(row.id.to_string())
            .bind(row.user_id.to_string())
            .bind(row.provider.as_str())
            .bind(row.access_token.as_str())
            .bind(row.account_id.as_str())
            .bind(row.legal_name.as_str())
            .bind(row.status.as_str())
            .bind(row.linked_at.as_micros())
            .bind(revoked_at)
    } else {
        sqlx::query(sql::DESTINATION_UPDATE)
            .bind(row.id.to_string())
            .bind(row.access_token.as_str())
            .bind(row.account_id.as_str())
            .bind(row.legal_name.as_str())
            .bind(row.status.as_str())
            .bind(revoked_at)
            .bind(row.version.0)
    }
}

/// Writes questions behind the newest ones, then events.
pub(super) async fn questions(
    tx: &mut WriteTx,
    row: &QuestionSet,
    events: &[Event],
) -> Result<Commit, StoreError> {
    let query = sqlx::query(sql::QUESTIONS_INSERT)
        .bind(row.settlement_id.to_string())
        .bind(row.version.0)
        .bind(json(&row.questions)?)
        .bind(row.set_at.as_micros());
    if is_written(tx, query).await? {
        events::append(tx, events).await
    } else {
        Ok(Commit::Conflict)
    }
}

/// Writes a claim and what is filed with it, then events.
pub(super) async fn filing(
    tx: &mut WriteTx,
    (claim, filed): (&Claim, &Filed),
    events: &[Event],
) -> Result<Commit, StoreError> {
    let query = sqlx::query(sql::QUESTIONS_NEWEST).bind(claim.settlement_id.to_string());
    let newest = query.fetch_optional(&mut **tx).await.map_err(error::failed)?;
    let version = newest.map(|row| Cells::new(&row, "set of questions").get("version"));
    if version.transpose()?.map(Version) != filed.questions {
        return Ok(Commit::Conflict);
    }
    // The claim comes first, which the filing refers to; its events come with it.
    if payouts_commit::claim(tx, claim, events).await? != Commit::Done {
        return Ok(Commit::Conflict);
    }
    let query = sqlx::query(sql::FILING_INSERT)
        .bind(filed.user_id.to_string())
        .bind(filed.settlement_id.to_string())
        .bind(filed.questions.map(|version| version.0))
        .bind(json(&filed.answers)?)
        .bind(json(&filed.evidence)?)
        .bind(filed.filed_at.as_micros());
    commit(is_written(tx, query).await?)
}

/// Runs a statement over rows that have to be there, or must not; says whether that was so.
async fn is_written(
    tx: &mut WriteTx,
    query: Query<'_, Sqlite, SqliteArguments>,
) -> Result<bool, StoreError> {
    match query.execute(&mut **tx).await {
        Ok(done) => Ok(done.rows_affected() > 0),
        Err(error) if error::is_taken(&error) => Ok(false),
        Err(error) => Err(error::failed(error)),
    }
}

#[expect(clippy::unnecessary_wraps, reason = "it ends functions that can fail")]
const fn commit(is_written: bool) -> Result<Commit, StoreError> {
    Ok(if is_written { Commit::Done } else { Commit::Conflict })
}
