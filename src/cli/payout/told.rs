//! Batches, balances and transfers, as data and as tables.

use std::collections::BTreeMap;

use payme::driver::PaidTogether;
use payme::payouts::{
    Account, AccountStatus, Balance, Batch, BatchState, Decision, Disagreement, Hold,
    Reconciliation, Skipped, Transfer, TransferLine, TransferState,
};
use payme::types::{
    ApprovalId, Currency, Instant, Money, PayoutBatchId, SettlementId, TransferId, UserId,
};
use serde::Serialize;
use serde_json::{Value, json};

use crate::cli::args::Global;
use crate::cli::error::CliError;
use crate::cli::gateway::Acting;
use crate::cli::output;

/// A batch as it is shown; amounts are whole minor units of the currency.
#[derive(Serialize)]
pub(super) struct BatchTold {
    batch_id: PayoutBatchId,
    settlement_id: SettlementId,
    key: String,
    status: BatchState,
    currency: Option<Currency>,
    total_transfers: u32,
    successful_transfers: u32,
    failed_transfers: u32,
    returned_transfers: u32,
    total_amount_cents: i64,
    reserved_cents: i64,
    in_flight_cents: i64,
    paid_cents: i64,
    created_at: Instant,
    finished_at: Option<Instant>,
}

impl BatchTold {
    pub(super) fn new(batch: &Batch, currencies: &BTreeMap<SettlementId, Currency>) -> Self {
        Self {
            batch_id: batch.id,
            settlement_id: batch.settlement_id,
            key: batch.key.to_string(),
            status: batch.state,
            currency: currencies.get(&batch.settlement_id).copied(),
            total_transfers: batch.total_transfers,
            successful_transfers: batch.successful_transfers,
            failed_transfers: batch.failed_transfers,
            returned_transfers: batch.returned_transfers,
            total_amount_cents: batch.total_amount,
            reserved_cents: batch.held.reserved,
            in_flight_cents: batch.held.in_flight,
            paid_cents: batch.held.paid,
            created_at: batch.created_at,
            finished_at: batch.finished_at,
        }
    }
}

/// An amount for people.
pub(super) fn money(minor: i64, currency: Option<Currency>) -> String {
    currency.map_or_else(|| minor.to_string(), |currency| Money::new(minor, currency).to_string())
}

pub(super) fn batches_table(told: &[BatchTold]) -> String {
    let rows = told.iter().map(|batch| {
        vec![
            batch.batch_id.to_string(),
            batch.status.to_string(),
            batch.total_transfers.to_string(),
            batch.successful_transfers.to_string(),
            batch.failed_transfers.to_string(),
            batch.returned_transfers.to_string(),
            money(batch.total_amount_cents, batch.currency),
            batch.created_at.to_string(),
            batch.key.clone(),
        ]
    });
    let header =
        ["batch", "status", "transfers", "arrived", "failed", "returned", "amount", "made", "key"];
    output::table(&header, rows)
}

/// A transfer that waits for a person.
#[derive(Serialize)]
pub(super) struct TransferTold {
    transfer_id: TransferId,
    user_id: UserId,
    amount_cents: i64,
    currency: Option<Currency>,
    status: TransferState,
    reason: Hold,
}

impl TransferTold {
    pub(super) fn new(transfer: &Transfer, reason: Hold, currency: Option<Currency>) -> Self {
        Self {
            transfer_id: transfer.id,
            user_id: transfer.user_id,
            amount_cents: transfer.amount.minor(),
            currency,
            status: transfer.state,
            reason,
        }
    }
}

pub(super) fn held_table(told: &[TransferTold]) -> String {
    if told.is_empty() {
        return "nothing waits".to_owned();
    }
    let rows = told.iter().map(|one| {
        vec![
            one.transfer_id.to_string(),
            one.user_id.to_string(),
            money(one.amount_cents, one.currency),
            one.reason.to_string().replace('_', " "),
        ]
    });
    output::table(&["transfer", "claimant", "amount", "waits because"], rows)
}

/// Who was left out of a batch.
#[derive(Serialize)]
pub(super) struct SkippedTold {
    approval_id: ApprovalId,
    reason: Skipped,
}

pub(super) fn skipped(skipped: &[(ApprovalId, Skipped)]) -> Vec<SkippedTold> {
    let told = skipped.iter();
    told.map(|(approval_id, reason)| SkippedTold { approval_id: *approval_id, reason: *reason })
        .collect()
}

pub(super) fn skipped_text(one: &SkippedTold) -> String {
    format!("left out: approval {}: {}", one.approval_id, one.reason.to_string().replace('_', " "))
}

pub(super) const fn decision(decision: Decision) -> &'static str {
    match decision {
        Decision::New => "new",
        Decision::Stood => "stood",
    }
}

/// The transfers of a report as a table.
pub(super) fn lines_table(lines: &[TransferLine], currency: Currency) -> String {
    let time = |at: Option<Instant>| at.map_or_else(String::new, |at| at.to_string());
    let rows = lines.iter().map(|line| {
        vec![
            line.user_id.to_string(),
            money(line.amount_cents, Some(currency)),
            line.status.to_string(),
            time(line.initiated_at),
            time(line.completed_at),
            line.failure_reason.clone().unwrap_or_default(),
        ]
    });
    output::table(&["claimant", "amount", "status", "sent", "ended", "reason"], rows)
}

/// A disagreement in one line: its kind, then what it is about.
fn disagreement(one: &Disagreement) -> String {
    let Ok(Value::Object(members)) = serde_json::to_value(one) else { return String::new() };
    let kind = members.get("kind").and_then(Value::as_str).unwrap_or_default().replace('_', " ");
    let rest = members.iter().filter(|(name, _)| *name != "kind").map(|(name, value)| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        format!("{} {value}", name.replace('_', " "))
    });
    format!("{kind}: {}", rest.collect::<Vec<_>>().join(", "))
}

/// What came of a request to pay people by name.
#[derive(Serialize)]
pub(super) struct TogetherTold {
    total_items: usize,
    total_approved: usize,
    batches: Vec<ReportTold>,
    skipped: Vec<ItemTold>,
}

/// A report without its transfers, and how far its batch is.
#[derive(Serialize)]
struct ReportTold {
    #[serde(flatten)]
    report: Reconciliation,
    check: String,
    open: u32,
    is_paused: bool,
    blocked_by: Option<String>,
    contradictions: Vec<TransferId>,
}

/// Somebody who was asked for by name and is in no batch of the request.
#[derive(Serialize)]
struct ItemTold {
    position: usize,
    user_id: UserId,
    settlement_id: SettlementId,
    reason: Skipped,
}

impl TogetherTold {
    pub(super) fn new(done: PaidTogether) -> Self {
        let PaidTogether { total_items, total_approved, batches, skipped } = done;
        let batches = batches.into_iter().map(|batch| ReportTold {
            check: batch.reconciliation.check_line(),
            report: batch.reconciliation,
            open: batch.execution.open,
            is_paused: batch.execution.is_paused,
            blocked_by: batch.execution.blocked_by,
            contradictions: batch.execution.contradictions,
        });
        let skipped = skipped.into_iter().map(|one| ItemTold {
            position: one.position,
            user_id: one.user_id,
            settlement_id: one.settlement_id,
            reason: one.reason,
        });
        let (batches, skipped) = (batches.collect(), skipped.collect());
        Self { total_items, total_approved, batches, skipped }
    }

    /// Whether everybody is in a batch, and everybody agrees about every batch.
    pub(super) fn is_fine(&self) -> bool {
        let agree = |one: &ReportTold| {
            one.report.disagreements.is_empty()
                && one.contradictions.is_empty()
                && one.blocked_by.is_none()
        };
        self.skipped.is_empty() && self.batches.iter().all(agree)
    }

    pub(super) fn text(&self) -> String {
        let reports = self.batches.iter().flat_map(|one| {
            let open = open_text(one.open, one.is_paused, one.blocked_by.as_deref());
            let open = open.into_iter().chain(wrong_text(&one.contradictions));
            std::iter::once(summary(&one.report)).chain(open)
        });
        let skipped = self.skipped.iter().map(|one| {
            let reason = one.reason.to_string().replace('_', " ");
            format!("left out: item {}, claimant {}: {reason}", one.position, one.user_id)
        });
        let count = format!("{} of {} items approved", self.total_approved, self.total_items);
        reports.chain(skipped).chain([count]).collect::<Vec<_>>().join("\n")
    }
}

/// What is left to do for a batch, in words.
pub(super) fn open_text(open: u32, is_paused: bool, blocked_by: Option<&str>) -> Option<String> {
    if let Some(code) = blocked_by {
        Some(format!(
            "the rail does nothing before its settings are mended ({code}): then execute the \
             batch again"
        ))
    } else if is_paused {
        Some("the rail wants to be left alone: execute the batch again later".to_owned())
    } else if open > 0 {
        Some(format!(
            "open: {open}, on their way, in doubt or held; `payme payout events` reads what the \
             rail says of them, `payme payout held` lists who has to decide"
        ))
    } else {
        None
    }
}

/// The transfers of which the rail says what cannot be, in words.
pub(super) fn wrong_text(contradictions: &[TransferId]) -> impl Iterator<Item = String> {
    contradictions.iter().map(|id| format!("the rail says what cannot be of transfer {id}"))
}

/// A report in a few lines, without its transfers.
pub(super) fn summary(found: &Reconciliation) -> String {
    let amount = |minor| money(minor, Some(found.currency));
    let mut lines = vec![format!(
        "batch {}: {}; {} transfers of {}: {} arrived, {} failed, {} returned; {} paid",
        found.batch_id,
        found.status,
        found.total_transfers,
        amount(found.total_amount_cents),
        found.successful_transfers,
        found.failed_transfers,
        found.returned_transfers,
        amount(found.paid_amount_cents),
    )];
    lines.extend(found.disagreements.iter().map(|one| format!("  {}", disagreement(one))));
    lines.push(format!("check: {}", found.check_line()));
    lines.join("\n")
}

/// Where the money of one account, or of all of a currency, is.
#[derive(Serialize)]
struct BalanceTold {
    #[serde(skip_serializing_if = "Option::is_none")]
    settlement_id: Option<SettlementId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<AccountStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rail: Option<String>,
    currency: Currency,
    funded_cents: i64,
    available_cents: i64,
    reserved_cents: i64,
    in_flight_cents: i64,
    paid_cents: i64,
    returned_cents: i64,
}

impl BalanceTold {
    fn new(account: Option<&Account>, currency: Currency, balance: &Balance) -> Self {
        Self {
            settlement_id: account.map(|account| account.settlement_id),
            status: account.map(|account| account.status),
            rail: account.map(|account| account.rail.clone()),
            currency,
            funded_cents: balance.funded,
            available_cents: balance.available,
            reserved_cents: balance.reserved,
            in_flight_cents: balance.in_flight,
            paid_cents: balance.paid,
            returned_cents: balance.returned,
        }
    }

    fn cells(&self) -> Vec<String> {
        let Self { funded_cents, available_cents, reserved_cents, .. } = self;
        let Self { in_flight_cents, paid_cents, returned_cents, currency, .. } = self;
        let name = self.settlement_id.map_or_else(|| "all".to_owned(), |id| id.to_string());
        let closed = match self.status {
            Some(AccountStatus::Closed) => " (closed)",
            Some(AccountStatus::Active) | None => "",
        };
        let money = [
            funded_cents,
            available_cents,
            reserved_cents,
            in_flight_cents,
            paid_cents,
            returned_cents,
        ]
        .map(|minor| money(*minor, Some(*currency)));
        std::iter::once(format!("{name}{closed}")).chain(money).collect()
    }
}

/// Says where the money of each account is, and the sums. A sum that does not fit keeps nobody from
/// seeing the accounts: it is left out, with a word.
pub(super) async fn balance(global: &Global, acting: Acting<'_>) -> Result<(), CliError> {
    let found = acting.payme.gateway().balances(acting.attorney).await?;
    let mut by_currency: BTreeMap<&str, Vec<(Currency, Balance)>> = BTreeMap::new();
    for (account, balance) in &found {
        let all = by_currency.entry(account.currency.code()).or_default();
        all.push((account.currency, *balance));
    }
    let (mut totals, mut too_large) = (Vec::new(), Vec::new());
    for (code, all) in by_currency {
        match Balance::by_currency(all) {
            Ok(sums) => totals
                .extend(sums.iter().map(|(currency, sum)| BalanceTold::new(None, *currency, sum))),
            Err(_) => too_large.push(code),
        }
    }
    let accounts: Vec<BalanceTold> = found
        .iter()
        .map(|(account, balance)| BalanceTold::new(Some(account), account.currency, balance))
        .collect();
    let (rail, held) = acting.payme.gateway().rail_balance(acting.attorney).await?;
    let balance = held.map(|held| {
        json!({"currency": held.currency, "available_cents": held.available,
            "pending_cents": held.pending})
    });
    let rail_told = json!({"name": rail, "balance": balance});
    let told = json!({"accounts": accounts, "totals": totals, "totals_too_large": too_large,
        "rail": rail_told});
    output::value(global, &told, || {
        let header =
            ["settlement", "funded", "available", "reserved", "in flight", "paid", "returned"];
        let rows = accounts.iter().chain(&totals).map(BalanceTold::cells);
        let left_out = too_large.iter().map(|code| {
            format!("all {code}: the sums do not fit in 64 bits of minor units, and are left out")
        });
        let held = held.map_or_else(
            || "not known".to_owned(),
            |held| {
                let [available, pending] =
                    [held.available, held.pending].map(|minor| money(minor, Some(held.currency)));
                format!("{available} available, {pending} pending")
            },
        );
        let held = format!("held by the rail {rail} for all payouts: {held}");
        let table = output::table(&header, rows);
        let lines = std::iter::once(table).chain(left_out).chain(std::iter::once(held));
        lines.collect::<Vec<_>>().join("\n")
    })
}
