//! Rows of payouts: as the JSON object that a statement over many rows takes, and, of those that
//! are read one by one, as the cells of a table.
//!
//! A row is written with the version after the one it was decided on: `on_version` is the latter.

use payme_core::audit::{Hash, Link};
use payme_core::claims::Claim;
use payme_core::payouts::{
    Account, AccountStatus, Amount, Approval, AuthorizationId, Batch, BatchState, Held, Hold,
    Lease, NoteOutcome, Posting, PostingKind, ProviderTransferId, RailEvent, RailNote, RailStatus,
    RequestKey, Transfer,
};
use payme_core::ports::StoreError;
use payme_core::types::{
    AccountId, ApprovalId, AttorneyId, PayoutBatchId, SettlementId, TransferId, UserId, Version,
};
use serde::Serialize;
use sqlx::sqlite::SqliteRow;

use super::row::Cells;

/// A row on its way to a statement.
pub(super) trait Row: Serialize + Send {
    /// Whether it is not stored yet.
    fn is_new(&self) -> bool;
}

macro_rules! rows {
    ($($row:ty),+) => {
        $(impl Row for $row {
            fn is_new(&self) -> bool {
                self.on_version == Version::NEW.0
            }
        })+
    };
}

rows!(ClaimRow, AccountRow<'_>, ApprovalRow, BatchRow<'_>, TransferRow<'_>);

#[derive(Serialize)]
pub(super) struct ClaimRow {
    user_id: UserId,
    settlement_id: SettlementId,
    state: &'static str,
    moved_at: i64,
    version: i64,
    on_version: i64,
}

impl From<&Claim> for ClaimRow {
    fn from(row: &Claim) -> Self {
        Self {
            user_id: row.user_id,
            settlement_id: row.settlement_id,
            state: row.state.as_str(),
            moved_at: row.moved_at.as_micros(),
            version: row.version.next().0,
            on_version: row.version.0,
        }
    }
}

#[derive(Serialize)]
pub(super) struct AccountRow<'a> {
    id: AccountId,
    attorney_id: AttorneyId,
    settlement_id: SettlementId,
    currency: &'static str,
    rail: &'a str,
    status: &'static str,
    funded: i64,
    available: i64,
    linked_at: i64,
    version: i64,
    on_version: i64,
}

impl<'a> From<&'a Account> for AccountRow<'a> {
    fn from(row: &'a Account) -> Self {
        Self {
            id: row.id,
            attorney_id: row.attorney_id,
            settlement_id: row.settlement_id,
            currency: row.currency.code(),
            rail: &row.rail,
            status: row.status.as_str(),
            funded: row.funded,
            available: row.available,
            linked_at: row.linked_at.as_micros(),
            version: row.version.next().0,
            on_version: row.version.0,
        }
    }
}

pub(super) fn account(row: &SqliteRow) -> Result<Account, StoreError> {
    let cells = Cells::new(row, "settlement account");
    Ok(Account {
        id: cells.parsed("id")?,
        attorney_id: cells.parsed("attorney_id")?,
        settlement_id: cells.parsed("settlement_id")?,
        currency: cells.parsed("currency")?,
        rail: cells.get("rail")?,
        status: cells.word("status", AccountStatus::parse)?,
        funded: cells.get("funded")?,
        available: cells.get("available")?,
        linked_at: cells.instant("linked_at")?,
        version: Version(cells.get("version")?),
    })
}

#[derive(Serialize)]
pub(super) struct ApprovalRow {
    id: ApprovalId,
    user_id: UserId,
    settlement_id: SettlementId,
    account_id: AccountId,
    attorney_id: AttorneyId,
    attempt: u32,
    amount: Option<Amount>,
    state: &'static str,
    transfer_id: Option<TransferId>,
    approved_at: Option<i64>,
    rejected_at: Option<i64>,
    version: i64,
    on_version: i64,
}

impl From<&Approval> for ApprovalRow {
    fn from(row: &Approval) -> Self {
        Self {
            id: row.id,
            user_id: row.user_id,
            settlement_id: row.settlement_id,
            account_id: row.account_id,
            attorney_id: row.attorney_id,
            attempt: row.attempt,
            amount: row.amount,
            state: row.state.as_str(),
            transfer_id: row.transfer_id,
            approved_at: row.approved_at.map(|at| at.as_micros()),
            rejected_at: row.rejected_at.map(|at| at.as_micros()),
            version: row.version.next().0,
            on_version: row.version.0,
        }
    }
}

#[derive(Serialize)]
pub(super) struct BatchRow<'a> {
    id: PayoutBatchId,
    attorney_id: AttorneyId,
    account_id: AccountId,
    settlement_id: SettlementId,
    key: &'a str,
    items: Option<&'a str>,
    state: &'static str,
    is_sealed: bool,
    filled_to: Option<ApprovalId>,
    total_transfers: u32,
    successful_transfers: u32,
    failed_transfers: u32,
    returned_transfers: u32,
    total_amount: i64,
    #[serde(flatten)]
    held: Held,
    lease_token: Option<u64>,
    lease_until: Option<i64>,
    created_at: i64,
    finished_at: Option<i64>,
    version: i64,
    on_version: i64,
}

impl<'a> From<&'a Batch> for BatchRow<'a> {
    fn from(row: &'a Batch) -> Self {
        Self {
            id: row.id,
            attorney_id: row.attorney_id,
            account_id: row.account_id,
            settlement_id: row.settlement_id,
            key: row.key.as_str(),
            items: row.items.as_deref(),
            state: row.state.as_str(),
            is_sealed: row.is_sealed,
            filled_to: row.filled_to,
            total_transfers: row.total_transfers,
            successful_transfers: row.successful_transfers,
            failed_transfers: row.failed_transfers,
            returned_transfers: row.returned_transfers,
            total_amount: row.total_amount,
            held: row.held,
            lease_token: row.lease.map(|lease| lease.token),
            lease_until: row.lease.map(|lease| lease.until.as_micros()),
            created_at: row.created_at.as_micros(),
            finished_at: row.finished_at.map(|at| at.as_micros()),
            version: row.version.next().0,
            on_version: row.version.0,
        }
    }
}

pub(super) fn batch(row: &SqliteRow) -> Result<Batch, StoreError> {
    let cells = Cells::new(row, "payout batch");
    let key = cells.get::<String>("key")?;
    let token = cells.get::<Option<i64>>("lease_token")?;
    let token = token.map(u64::try_from).transpose().map_err(|_| cells.damage())?;
    let until = cells.instant_option("lease_until")?;
    Ok(Batch {
        id: cells.parsed("id")?,
        attorney_id: cells.parsed("attorney_id")?,
        account_id: cells.parsed("account_id")?,
        settlement_id: cells.parsed("settlement_id")?,
        key: RequestKey::new(key).map_err(|_| cells.damage())?,
        items: cells.get("items")?,
        state: cells.word("state", BatchState::parse)?,
        is_sealed: cells.get("is_sealed")?,
        filled_to: cells.parsed_option("filled_to")?,
        total_transfers: cells.integer("total_transfers")?,
        successful_transfers: cells.integer("successful_transfers")?,
        failed_transfers: cells.integer("failed_transfers")?,
        returned_transfers: cells.integer("returned_transfers")?,
        total_amount: cells.get("total_amount")?,
        held: Held {
            reserved: cells.get("reserved")?,
            in_flight: cells.get("in_flight")?,
            paid: cells.get("paid")?,
        },
        lease: token.zip(until).map(|(token, until)| Lease { token, until }),
        created_at: cells.instant("created_at")?,
        finished_at: cells.instant_option("finished_at")?,
        version: Version(cells.get("version")?),
    })
}

#[derive(Serialize)]
pub(super) struct TransferRow<'a> {
    id: TransferId,
    batch_id: PayoutBatchId,
    approval_id: ApprovalId,
    user_id: UserId,
    amount: Amount,
    state: &'static str,
    round: u32,
    is_in_doubt: bool,
    authorization: Option<&'a AuthorizationId>,
    hold: Option<&'static str>,
    provider_transfer_id: Option<&'a ProviderTransferId>,
    failure_reason: Option<&'a str>,
    initiated_at: Option<i64>,
    completed_at: Option<i64>,
    version: i64,
    on_version: i64,
}

impl<'a> From<&'a Transfer> for TransferRow<'a> {
    fn from(row: &'a Transfer) -> Self {
        Self {
            id: row.id,
            batch_id: row.batch_id,
            approval_id: row.approval_id,
            user_id: row.user_id,
            amount: row.amount,
            state: row.state.as_str(),
            round: row.round,
            is_in_doubt: row.is_in_doubt,
            authorization: row.authorization.as_ref(),
            hold: row.hold.map(Hold::as_str),
            provider_transfer_id: row.provider_transfer_id.as_ref(),
            failure_reason: row.failure_reason.as_deref(),
            initiated_at: row.initiated_at.map(|at| at.as_micros()),
            completed_at: row.completed_at.map(|at| at.as_micros()),
            version: row.version.next().0,
            on_version: row.version.0,
        }
    }
}

#[derive(Serialize)]
pub(super) struct PostingRow {
    account_id: AccountId,
    sequence: u64,
    batch_id: Option<PayoutBatchId>,
    transfer_id: Option<TransferId>,
    kind: &'static str,
    amount: Amount,
}

impl PostingRow {
    pub(super) const fn new(sequence: u64, row: &Posting) -> Self {
        Self {
            account_id: row.account_id,
            sequence,
            batch_id: row.batch_id,
            transfer_id: row.transfer_id,
            kind: row.kind.as_str(),
            amount: row.amount,
        }
    }
}

pub(super) fn posting(row: &SqliteRow) -> Result<Posting, StoreError> {
    let cells = Cells::new(row, "posting");
    Ok(Posting {
        account_id: cells.parsed("account_id")?,
        batch_id: cells.parsed_option("batch_id")?,
        transfer_id: cells.parsed_option("transfer_id")?,
        kind: cells.word("kind", PostingKind::parse)?,
        amount: amount(cells)?,
    })
}

#[derive(Serialize)]
pub(super) struct LinkRow {
    account_id: AccountId,
    sequence: u64,
    at: i64,
    body: String,
    hash: String,
}

impl From<Link> for LinkRow {
    fn from(link: Link) -> Self {
        Self {
            account_id: link.account_id,
            sequence: link.sequence,
            at: link.at.as_micros(),
            body: link.body,
            hash: hexadecimal(&link.hash),
        }
    }
}

pub(super) fn link(row: &SqliteRow) -> Result<Link, StoreError> {
    let cells = Cells::new(row, "entry of the log of payouts");
    let hash: Hash = cells.get::<&[u8]>("hash")?.try_into().map_err(|_| cells.damage())?;
    Ok(Link {
        account_id: cells.parsed("account_id")?,
        sequence: cells.integer("sequence")?,
        at: cells.instant("at")?,
        body: cells.get("body")?,
        hash,
    })
}

#[derive(Serialize)]
pub(super) struct NoteRow<'a> {
    rail: &'a str,
    event_id: u64,
    provider_transfer_id: &'a ProviderTransferId,
    status: Option<&'static str>,
    kind: &'a str,
    reason: Option<&'a str>,
    outcome: &'static str,
}

impl<'a> From<&'a RailNote> for NoteRow<'a> {
    fn from(note: &'a RailNote) -> Self {
        Self {
            rail: &note.rail,
            event_id: note.event.id,
            provider_transfer_id: &note.event.transfer_id,
            status: note.event.status.map(RailStatus::as_str),
            kind: &note.event.kind,
            reason: note.event.reason.as_deref(),
            outcome: note.outcome.as_str(),
        }
    }
}

pub(super) fn note(row: &SqliteRow) -> Result<RailNote, StoreError> {
    let cells = Cells::new(row, "event of a rail");
    let event = RailEvent {
        id: cells.integer("event_id")?,
        transfer_id: ProviderTransferId(cells.get("provider_transfer_id")?),
        status: cells.word_option("status", RailStatus::parse)?,
        kind: cells.get("kind")?,
        reason: cells.get("reason")?,
    };
    let outcome = cells.word("outcome", NoteOutcome::parse)?;
    Ok(RailNote { rail: cells.get("rail")?, event, outcome })
}

fn amount(cells: Cells<'_>) -> Result<Amount, StoreError> {
    Amount::new(cells.get("amount")?).map_err(|_| cells.damage())
}

pub(super) fn hexadecimal(hash: &Hash) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |half: u8| char::from(DIGITS[usize::from(half & 15)]);
    hash.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_written_with_two_digits_for_each_byte() {
        let mut hash = [0; 32];
        (hash[0], hash[1], hash[31]) = (0x0a, 0xf0, 0xff);
        assert_eq!(hexadecimal(&hash), format!("0af0{}ff", "00".repeat(29)));
    }
}
