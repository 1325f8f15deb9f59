//! Rows of claims, approvals and transfers as they are read: each a JSON array of its cells, in the
//! order of the views that make them.
//!
//! In: the text of a row, or of a page of them. Out: what the core knows them as; a text that is
//! none is damage, and says of what. Rows of these are read by the thousand, and to hand over a
//! cell costs more than to read it.

use payme_core::claims::{Claim, ClaimState};
use payme_core::payouts::{
    Amount, Approval, ApprovalState, AuthorizationId, Hold, ProviderTransferId, Transfer,
    TransferState,
};
use payme_core::ports::StoreError;
use payme_core::types::{
    AccountId, ApprovalId, AttorneyId, Instant, PayoutBatchId, SettlementId, TransferId, UserId,
    Version,
};
use serde::Deserialize;
use sqlx::sqlite::SqliteRow;

use super::row::Cells;

/// What is kept as one JSON array of cells.
pub(super) trait Stored: Sized {
    /// What kind of row it is.
    const WHAT: &'static str;

    /// The cells.
    type Cells<'a>: Deserialize<'a>;

    /// What they are; `None` for cells that are none of it.
    fn of(cells: Self::Cells<'_>) -> Option<Self>;
}

/// A row of the column `body`.
pub(super) fn body<T: Stored>(row: &SqliteRow) -> Result<T, StoreError> {
    let cells = Cells::new(row, T::WHAT);
    let read = serde_json::from_str(cells.get("body")?).ok();
    read.and_then(T::of).ok_or_else(|| cells.damage())
}

/// Many rows, in the column `page` of one.
pub(super) fn page<T: Stored>(row: &SqliteRow) -> Result<Vec<T>, StoreError> {
    let cells = Cells::new(row, T::WHAT);
    let rows: Option<Vec<T::Cells<'_>>> = serde_json::from_str(cells.get("page")?).ok();
    let rows = rows.and_then(|rows| rows.into_iter().map(T::of).collect());
    rows.ok_or_else(|| cells.damage())
}

#[derive(Deserialize)]
pub(super) struct ClaimCells<'a> {
    user_id: UserId,
    settlement_id: SettlementId,
    state: &'a str,
    moved_at: i64,
    version: i64,
}

impl Stored for Claim {
    const WHAT: &'static str = "claim";

    type Cells<'a> = ClaimCells<'a>;

    fn of(cells: ClaimCells<'_>) -> Option<Self> {
        Some(Self {
            user_id: cells.user_id,
            settlement_id: cells.settlement_id,
            state: ClaimState::parse(cells.state)?,
            moved_at: Instant::from_micros(cells.moved_at)?,
            version: Version(cells.version),
        })
    }
}

#[derive(Deserialize)]
pub(super) struct ApprovalCells<'a> {
    id: ApprovalId,
    user_id: UserId,
    settlement_id: SettlementId,
    account_id: AccountId,
    attorney_id: AttorneyId,
    attempt: u32,
    amount: Option<Amount>,
    state: &'a str,
    transfer_id: Option<TransferId>,
    approved_at: Option<i64>,
    rejected_at: Option<i64>,
    version: i64,
}

impl Stored for Approval {
    const WHAT: &'static str = "claim approval";

    type Cells<'a> = ApprovalCells<'a>;

    fn of(cells: ApprovalCells<'_>) -> Option<Self> {
        Some(Self {
            id: cells.id,
            user_id: cells.user_id,
            settlement_id: cells.settlement_id,
            account_id: cells.account_id,
            attorney_id: cells.attorney_id,
            attempt: cells.attempt,
            amount: cells.amount,
            state: ApprovalState::parse(cells.state)?,
            transfer_id: cells.transfer_id,
            approved_at: instant(cells.approved_at)?,
            rejected_at: instant(cells.rejected_at)?,
            version: Version(cells.version),
        })
    }
}

#[derive(Deserialize)]
pub(super) struct TransferCells<'a> {
    id: TransferId,
    batch_id: PayoutBatchId,
    approval_id: ApprovalId,
    user_id: UserId,
    amount: Amount,
    state: &'a str,
    round: u32,
    is_in_doubt: u8,
    authorization: Option<AuthorizationId>,
    hold: Option<&'a str>,
    provider_transfer_id: Option<ProviderTransferId>,
    failure_reason: Option<String>,
    initiated_at: Option<i64>,
    completed_at: Option<i64>,
    version: i64,
}

impl Stored for Transfer {
    const WHAT: &'static str = "payout transfer";

    type Cells<'a> = TransferCells<'a>;

    fn of(cells: TransferCells<'_>) -> Option<Self> {
        let hold = match cells.hold {
            Some(word) => Some(Hold::parse(word)?),
            None => None,
        };
        Some(Self {
            id: cells.id,
            batch_id: cells.batch_id,
            approval_id: cells.approval_id,
            user_id: cells.user_id,
            amount: cells.amount,
            state: TransferState::parse(cells.state)?,
            round: cells.round,
            is_in_doubt: cells.is_in_doubt != 0,
            authorization: cells.authorization,
            hold,
            provider_transfer_id: cells.provider_transfer_id,
            failure_reason: cells.failure_reason,
            initiated_at: instant(cells.initiated_at)?,
            completed_at: instant(cells.completed_at)?,
            version: Version(cells.version),
        })
    }
}

/// The instant of a cell that may be null; `None` where it is none.
fn instant(micros: Option<i64>) -> Option<Option<Instant>> {
    match micros {
        Some(micros) => Instant::from_micros(micros).map(Some),
        None => Some(None),
    }
}
