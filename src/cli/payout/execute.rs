//! `payme payout execute` and `payme payout reconcile`: sending, and whether everybody agrees.

use std::path::Path;

use payme::driver::ExecuteOptions;
use payme::payouts::{PayItem, Reconciliation, RequestKey, TransferLine};
use payme::types::PayoutBatchId;
use serde::Serialize;
use serde_json::json;

use super::approve::{Accounts, priced, read};
use super::told::{
    BatchTold, TogetherTold, batches_table, lines_table, open_text, summary, wrong_text,
};
use crate::cli::args::{BatchArgs, ExecuteArgs, Global};
use crate::cli::error::CliError;
use crate::cli::gateway::{Acting, acting, request_key};
use crate::cli::{Finding, output, progress};

pub(super) async fn run(global: &Global, args: &ExecuteArgs) -> Result<Finding, CliError> {
    let options = ExecuteOptions { chunk: args.chunk.get(), ..ExecuteOptions::default() };
    match (args.batch, &args.items, &args.key) {
        (Some(batch), ..) => {
            let acting = acting(global, &args.acting).await?;
            one(global, acting, batch, options).await
        }
        (None, Some(file), Some(key)) => many(global, args, (file, key), options).await,
        _ => Err(CliError::new("usage", "name a batch, or --items with --key")),
    }
}

async fn one(
    global: &Global,
    acting: Acting<'_>,
    id: PayoutBatchId,
    options: ExecuteOptions,
) -> Result<Finding, CliError> {
    let Acting { payme, attorney } = acting;
    let gateway = payme.gateway();
    let open = gateway.batch_to_execute(attorney, id).await?.open_transfers();
    let bar = progress::count(global, usize::try_from(open).unwrap_or(0), "transfers");
    let count = |looked_at| bar.inc(u64::try_from(looked_at).unwrap_or(0));
    let done = gateway.execute(attorney, id, options, count).await?;
    bar.finish_and_clear();
    let batch = gateway.batch_to_execute(attorney, id).await?;
    let settlement = batch.settlement_id;
    let account = gateway.payouts().store().account_of(settlement).await?;
    let currency = account.map(|account| (settlement, account.currency));
    let told = BatchTold::new(&batch, &currency.into_iter().collect());
    let data = json!({"batch": told, "ended": done.ended, "open": done.open,
        "is_paused": done.is_paused, "blocked_by": done.blocked_by,
        "contradictions": done.contradictions});
    output::value(global, &data, || {
        let open = open_text(done.open, done.is_paused, done.blocked_by.as_deref());
        let rest = open.into_iter().chain(wrong_text(&done.contradictions));
        std::iter::once(batches_table(&[told])).chain(rest).collect::<Vec<_>>().join("\n")
    })?;
    let is_fine = done.contradictions.is_empty() && done.blocked_by.is_none();
    Ok(if is_fine { Finding::Fine } else { Finding::Refused })
}

/// Approves everybody of a file, makes a batch for each settlement, and sends them.
async fn many(
    global: &Global,
    args: &ExecuteArgs,
    (file, key): (&Path, &str),
    options: ExecuteOptions,
) -> Result<Finding, CliError> {
    let key = request_key(key)?;
    let rows = read(file)?;
    let acting = acting(global, &args.acting).await?;
    let items: Vec<PayItem> = priced(acting, file, rows, Accounts::Any)
        .await?
        .into_iter()
        .map(|(item, money)| {
            let (user_id, settlement_id) = (item.user, item.settlement);
            PayItem { user_id, settlement_id, money }
        })
        .collect();
    together(global, acting, &items, &key, options).await
}

/// Approves people, makes a batch for each settlement, sends them, and tells what came of it.
pub(super) async fn together(
    global: &Global,
    acting: Acting<'_>,
    items: &[PayItem],
    key: &RequestKey,
    options: ExecuteOptions,
) -> Result<Finding, CliError> {
    let gateway = acting.payme.gateway();
    let bar = progress::count(global, items.len(), "transfers");
    let count = |looked_at| bar.inc(u64::try_from(looked_at).unwrap_or(0));
    let done = gateway.execute_items(acting.attorney, items, key, options, count).await?;
    bar.finish_and_clear();
    let told = TogetherTold::new(done);
    output::value(global, &told, || told.text())?;
    Ok(if told.is_fine() { Finding::Fine } else { Finding::Refused })
}

/// A report with its transfers.
#[derive(Serialize)]
struct Report<'a> {
    #[serde(flatten)]
    reconciliation: &'a Reconciliation,
    check: String,
    transfers: &'a [TransferLine],
}

pub(super) async fn reconcile(global: &Global, args: &BatchArgs) -> Result<Finding, CliError> {
    let Acting { payme, attorney } = acting(global, &args.acting).await?;
    let mut lines = Vec::new();
    let gateway = payme.gateway();
    let found = gateway.reconcile(attorney, args.batch, |line| lines.push(line)).await?;
    let report = Report { reconciliation: &found, check: found.check_line(), transfers: &lines };
    output::value(global, &report, || {
        format!("{}\n{}", lines_table(&lines, found.currency), summary(&found))
    })?;
    Ok(if found.disagreements.is_empty() { Finding::Fine } else { Finding::Refused })
}
