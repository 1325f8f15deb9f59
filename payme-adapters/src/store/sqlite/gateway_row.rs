//! Rows of the people of the gateway, as the cells of a table they are read from.

use payme_core::claims::{Filed, QuestionSet};
use payme_core::payouts::{
    AccountDetails, ApiKeyHash, Attorney, AttorneyProfile, AttorneyStatus, Balance,
    DestinationProvider, DestinationStatus, LeftOut, NoteText, PayoutDestination, ReviewNote,
    SealedText, Skipped,
};
use payme_core::ports::StoreError;
use payme_core::types::Version;
use sqlx::sqlite::SqliteRow;

use super::row::Cells;

pub(super) fn attorney(row: &SqliteRow) -> Result<Attorney, StoreError> {
    let cells = Cells::new(row, "attorney");
    let salt = cells.get::<Option<String>>("key_salt")?;
    let sha256 = cells.get::<Option<String>>("key_sha256")?;
    Ok(Attorney {
        id: cells.parsed("id")?,
        user_id: cells.parsed("user_id")?,
        profile: AttorneyProfile {
            name: cells.get("name")?,
            email: cells.get("email")?,
            firm_name: cells.get("firm_name")?,
        },
        key: salt.zip(sha256).map(|(salt, sha256)| ApiKeyHash { salt, sha256 }),
        status: cells.word("status", AttorneyStatus::parse)?,
        registered_at: cells.instant("registered_at")?,
        version: Version(cells.get("version")?),
    })
}

pub(super) fn details(row: &SqliteRow) -> Result<AccountDetails, StoreError> {
    let cells = Cells::new(row, "details of an account");
    Ok(AccountDetails {
        account_id: cells.parsed("account_id")?,
        bank_name: cells.get("bank_name")?,
        account_ref: SealedText::new(cells.get("account_ref")?),
        version: Version(cells.get("version")?),
    })
}

pub(super) fn balance(row: &SqliteRow) -> Result<Balance, StoreError> {
    let cells = Cells::new(row, "settlement account");
    Ok(Balance {
        funded: cells.get("funded")?,
        available: cells.get("available")?,
        reserved: cells.get("reserved")?,
        in_flight: cells.get("in_flight")?,
        paid: cells.get("paid")?,
        returned: cells.get("returned")?,
    })
}

pub(super) fn review(row: &SqliteRow) -> Result<ReviewNote, StoreError> {
    let cells = Cells::new(row, "note of a review");
    Ok(ReviewNote {
        approval_id: cells.parsed("approval_id")?,
        attempt: cells.integer("attempt")?,
        at: cells.instant("at")?,
        note: NoteText::new(cells.get::<String>("note")?).map_err(|_| cells.damage())?,
    })
}

pub(super) fn left_out(row: &SqliteRow) -> Result<LeftOut, StoreError> {
    let cells = Cells::new(row, "person who was left out");
    Ok(LeftOut {
        batch_id: cells.parsed("batch_id")?,
        user_id: cells.parsed("user_id")?,
        reason: cells.word("reason", Skipped::parse)?,
    })
}

pub(super) fn destination(row: &SqliteRow) -> Result<PayoutDestination, StoreError> {
    let cells = Cells::new(row, "payout destination");
    let sealed = |column| cells.get(column).map(SealedText::new);
    Ok(PayoutDestination {
        id: cells.parsed("id")?,
        user_id: cells.parsed("user_id")?,
        provider: cells.word("provider", DestinationProvider::parse)?,
        access_token: sealed("access_token")?,
        account_id: sealed("account_id")?,
        legal_name: sealed("legal_name")?,
        status: cells.word("status", DestinationStatus::parse)?,
        linked_at: cells.instant("linked_at")?,
        revoked_at: cells.instant_option("revoked_at")?,
        version: Version(cells.get("version")?),
    })
}

pub(super) fn questions(row: &SqliteRow) -> Result<QuestionSet, StoreError> {
    let cells = Cells::new(row, "set of questions");
    Ok(QuestionSet {
        settlement_id: cells.parsed("settlement_id")?,
        version: Version(cells.get("version")?),
        questions: cells.json("questions")?,
        set_at: cells.instant("set_at")?,
    })
}

pub(super) fn filed(row: &SqliteRow) -> Result<Filed, StoreError> {
    let cells = Cells::new(row, "filing of a claim");
    Ok(Filed {
        user_id: cells.parsed("user_id")?,
        settlement_id: cells.parsed("settlement_id")?,
        questions: cells.get::<Option<i64>>("questions_version")?.map(Version),
        answers: cells.json("answers")?,
        evidence: cells.json("evidence")?,
        filed_at: cells.instant("filed_at")?,
    })
}
