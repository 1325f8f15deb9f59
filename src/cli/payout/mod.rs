//! `payme payout`: who is paid, how much, and how far that got.
//!
//! Everything is asked of the gateway, which refuses what is not the attorney's.

mod approve;
mod cancel;
mod execute;
mod told;

use std::collections::BTreeMap;

use payme::payouts::{Account, Balance, Decision, PayoutError, Transfer, TransferState};
use payme::types::{Currency, PayoutBatchId, SettlementId, TransferId};
use serde_json::json;

use self::told::{BatchTold, TransferTold, batches_table, decision, skipped_text};
use super::args::{ActingArgs, BatchArgs, Global, PayoutArgs, PayoutWhat, VaultArgs};
use super::error::CliError;
use super::gateway::{self, Acting, acting, request_key};
use super::{Finding, output};

/// So many transfers are read at a time.
const PAGE: usize = 1_000;

pub(crate) async fn run(global: &Global, args: &PayoutArgs) -> Result<Finding, CliError> {
    match &args.what {
        PayoutWhat::Fund { acting: args, settlement, amount, key } => {
            fund(global, args, *settlement, (amount, key)).await?;
        }
        PayoutWhat::Approve(args) => return approve::run(global, args).await,
        PayoutWhat::Reject { acting: args, settlement, user, note } => {
            let Acting { payme, attorney } = acting(global, args).await?;
            let made =
                payme.gateway().reject(attorney, *settlement, *user, note.as_deref()).await?;
            let told = json!({"user_id": user, "settlement_id": settlement,
                "decision": decision(made)});
            output::value(global, &told, || match made {
                Decision::New => "rejected".to_owned(),
                Decision::Stood => "rejected before".to_owned(),
            })?;
        }
        PayoutWhat::Reviews { acting: args, settlement } => {
            approve::reviews(global, args, *settlement).await?;
        }
        PayoutWhat::Batch { acting: args, settlement, key } => {
            batch(global, args, *settlement, key).await?;
        }
        PayoutWhat::Execute(args) => return execute::run(global, args).await,
        PayoutWhat::Reconcile(args) => return execute::reconcile(global, args).await,
        PayoutWhat::History { acting: args, settlement, limit, before } => {
            history(global, args, *settlement, (*before, *limit)).await?;
        }
        PayoutWhat::Balance { acting: args } => {
            told::balance(global, acting(global, args).await?).await?;
        }
        PayoutWhat::Retry { acting: args, batch, key } => {
            return approve::retry(global, args, *batch, key).await;
        }
        PayoutWhat::Events { vault } => return events(global, vault).await,
        PayoutWhat::Held(args) => held(global, args).await?,
        PayoutWhat::Release { acting: args, transfer } => {
            release(global, args, *transfer).await?;
        }
        PayoutWhat::GiveUp { acting: args, transfer } => {
            give_up(global, args, *transfer).await?;
        }
        PayoutWhat::Cancel { acting: args, transfer } => {
            return cancel::run(global, args, *transfer).await;
        }
    }
    Ok(Finding::Fine)
}

async fn fund(
    global: &Global,
    args: &ActingArgs,
    settlement: SettlementId,
    (amount, key): (&str, &str),
) -> Result<(), CliError> {
    let key = request_key(key)?;
    let Acting { payme, attorney } = acting(global, args).await?;
    let money = gateway::amount(payme, settlement, amount).await?;
    let made = payme.gateway().fund(attorney, settlement, &key, money).await?;
    let told = json!({"settlement_id": settlement, "key": key, "amount_cents": money.minor(),
        "currency": money.currency(), "decision": decision(made)});
    output::value(global, &told, || match made {
        Decision::New => format!("put in {money}"),
        Decision::Stood => format!("put in {money} before, under this key"),
    })
}

async fn batch(
    global: &Global,
    args: &ActingArgs,
    settlement: SettlementId,
    key: &str,
) -> Result<(), CliError> {
    let key = request_key(key)?;
    let Acting { payme, attorney } = acting(global, args).await?;
    let made = payme.gateway().create_batch(attorney, settlement, &key).await?;
    let currencies = currencies(Acting { payme, attorney }).await?;
    let told = BatchTold::new(&made.batch, &currencies);
    let skipped = told::skipped(&made.skipped);
    let data = json!({"batch": told, "skipped": skipped});
    output::value(global, &data, || {
        let mut lines = vec![batches_table(std::slice::from_ref(&told))];
        lines.extend(skipped.iter().map(skipped_text));
        lines.join("\n")
    })
}

/// The currencies of the attorney's accounts, by settlement.
async fn currencies(acting: Acting<'_>) -> Result<BTreeMap<SettlementId, Currency>, CliError> {
    Ok(currencies_of(&acting.payme.gateway().balances(acting.attorney).await?))
}

fn currencies_of(accounts: &[(Account, Balance)]) -> BTreeMap<SettlementId, Currency> {
    accounts.iter().map(|(account, _)| (account.settlement_id, account.currency)).collect()
}

async fn history(
    global: &Global,
    args: &ActingArgs,
    settlement: Option<SettlementId>,
    (before, limit): (Option<PayoutBatchId>, usize),
) -> Result<(), CliError> {
    let Acting { payme, attorney } = acting(global, args).await?;
    let accounts = payme.gateway().balances(attorney).await?;
    let found = match settlement {
        None => payme.gateway().batches(attorney, before, limit).await?,
        Some(settlement) => {
            let mut accounts = accounts.iter();
            let own = accounts.find(|(account, _)| account.settlement_id == settlement);
            let (account, _) = own.ok_or(PayoutError::NotLinked)?;
            payme.gateway().payouts().store().payout_batches(account.id, before, limit).await?
        }
    };
    let currencies = currencies_of(&accounts);
    let told: Vec<BatchTold> =
        found.iter().map(|batch| BatchTold::new(batch, &currencies)).collect();
    output::list(global, &told, || batches_table(&told))?;
    if let (Some(last), true, false) = (found.last(), found.len() == limit, global.quiet) {
        eprintln!("more: --before {}", last.id);
    }
    Ok(())
}

async fn events(global: &Global, vault: &VaultArgs) -> Result<Finding, CliError> {
    let payme = gateway::open(global, vault).await?;
    let read = payme.gateway().payouts().read_events().await?;
    let told = json!({"read": read.read, "applied": read.applied,
        "quarantined": read.quarantined, "contradicting": read.contradicting,
        "is_complete": read.is_complete});
    output::value(global, &told, || {
        let mut words = vec![format!("{} events, {} changed a transfer", read.read, read.applied)];
        for (count, what) in [
            (read.quarantined, "about transfers that nobody knows"),
            (read.contradicting, "that cannot be true: a person has to look"),
        ] {
            if count > 0 {
                words.push(format!("{count} {what}"));
            }
        }
        if !read.is_complete {
            words.push("the rail did not tell to the end: read again later".to_owned());
        }
        words.join("; ")
    })?;
    Ok(if read.contradicting == 0 { Finding::Fine } else { Finding::Refused })
}

/// The transfers of a batch in these states, page by page.
async fn transfers(
    acting: Acting<'_>,
    batch: PayoutBatchId,
    mut each: impl FnMut(Transfer),
) -> Result<(), CliError> {
    let mut after = None;
    loop {
        let gateway = acting.payme.gateway();
        let page = gateway.transfers(acting.attorney, batch, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.id);
        page.into_iter().for_each(&mut each);
    }
}

async fn held(global: &Global, args: &BatchArgs) -> Result<(), CliError> {
    let acting = acting(global, &args.acting).await?;
    let batch = acting.payme.gateway().batch(acting.attorney, args.batch).await?;
    let currency = currencies(acting).await?.get(&batch.settlement_id).copied();
    let mut told = Vec::new();
    transfers(acting, args.batch, |transfer| {
        let waits = matches!(transfer.state, TransferState::Processing | TransferState::Unknown);
        if let (true, Some(hold)) = (waits, transfer.hold) {
            told.push(TransferTold::new(&transfer, hold, currency));
        }
    })
    .await?;
    output::list(global, &told, || told::held_table(&told))
}

async fn release(global: &Global, args: &ActingArgs, transfer: TransferId) -> Result<(), CliError> {
    let Acting { payme, attorney } = acting(global, args).await?;
    payme.gateway().release(attorney, transfer).await?;
    let told = json!({"transfer_id": transfer, "released": true});
    output::value(global, &told, || "released: it is sent when its batch is executed".to_owned())
}

async fn give_up(global: &Global, args: &ActingArgs, transfer: TransferId) -> Result<(), CliError> {
    let Acting { payme, attorney } = acting(global, args).await?;
    let row = payme.gateway().give_up(attorney, transfer).await?;
    let told = json!({"transfer_id": transfer, "status": row.state,
        "failure_reason": row.failure_reason});
    output::value(global, &told, || match row.state {
        TransferState::Failed => "given up: its money is free again with its batch".to_owned(),
        state => format!("not given up: the rail knows it, and it is {state}"),
    })
}
