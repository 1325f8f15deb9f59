//! `payme payout approve`, `retry` and `reviews`: decisions to pay, one or many, and why they were
//! made.

use std::collections::BTreeMap;
use std::path::Path;

use payme::driver::{ExecuteOptions, GatewayError};
use payme::payouts::{AccountStatus, Approved, PayoutError, ReviewNote};
use payme::types::json::{Refusal, Rows};
use payme::types::{ApprovalId, Instant, Money, PayoutBatchId, SettlementId, UserId};
use serde::Serialize;

use super::execute::together;
use super::told::decision;
use crate::cli::args::{ActingArgs, ApproveArgs, Global};
use crate::cli::error::CliError;
use crate::cli::gateway::{self, Acting, acting, positive, request_key};
use crate::cli::items::{Item, parse_items};
use crate::cli::{Finding, input, output, progress};

/// The codes of what keeps one claimant from being approved, and nobody else.
const ABOUT_ONE: [&str; 7] = [
    "already_paid",
    "transfer_in_flight",
    "approved_with_other_amount",
    "illegal_claim_move",
    "illegal_approval_move",
    "unknown_user",
    "no_amount",
];

/// What became of one claimant.
#[derive(Serialize)]
struct Told {
    user_id: UserId,
    settlement_id: SettlementId,
    #[serde(skip_serializing_if = "Option::is_none")]
    approval_id: Option<ApprovalId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempt: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<Refused>,
}

/// Why a claimant was not approved.
#[derive(Serialize)]
struct Refused {
    code: &'static str,
    message: String,
}

impl Told {
    fn approved(user_id: UserId, settlement_id: SettlementId, approved: Approved) -> Self {
        Self {
            user_id,
            settlement_id,
            approval_id: Some(approved.approval_id),
            decision: Some(decision(approved.decision)),
            attempt: Some(approved.attempt),
            refused: None,
        }
    }

    /// A claimant whom the rules refuse; other errors end the command.
    fn refused(
        user_id: UserId,
        settlement_id: SettlementId,
        error: GatewayError,
    ) -> Result<Self, CliError> {
        if !ABOUT_ONE.contains(&error.code()) {
            return Err(error.into());
        }
        let refused = Some(Refused { code: error.code(), message: error.to_string() });
        let (approval_id, decision, attempt) = (None, None, None);
        Ok(Self { user_id, settlement_id, approval_id, decision, attempt, refused })
    }

    fn text(&self) -> String {
        match (&self.refused, self.decision, self.attempt) {
            (Some(refused), ..) => format!("{}: not approved: {}", self.user_id, refused.message),
            (None, Some("stood"), _) => format!("{}: approved before", self.user_id),
            (None, _, Some(attempt)) if attempt > 1 => {
                format!("{}: approved, attempt {attempt}", self.user_id)
            }
            (None, ..) => format!("{}: approved", self.user_id),
        }
    }
}

pub(super) async fn run(global: &Global, args: &ApproveArgs) -> Result<Finding, CliError> {
    match (args.settlement, args.user, &args.items) {
        (Some(settlement), Some(user), _) => one(global, args, settlement, user).await,
        (_, _, Some(file)) => many(global, &args.acting, file).await,
        _ => Err(CliError::new("usage", "name a settlement and a claimant, or --items")),
    }
}

async fn one(
    global: &Global,
    args: &ApproveArgs,
    settlement: SettlementId,
    user: UserId,
) -> Result<Finding, CliError> {
    let Acting { payme, attorney } = acting(global, &args.acting).await?;
    let money = match &args.amount {
        Some(text) => Some(gateway::amount(payme, settlement, text).await?),
        None => None,
    };
    let note = args.note.as_deref();
    let approved = payme.gateway().approve(attorney, settlement, user, money, note).await?;
    let told = Told::approved(user, settlement, approved);
    output::value(global, &told, || told.text())?;
    Ok(Finding::Fine)
}

/// Approves everybody of a file. All of it is read, and every account looked at, before anybody is
/// approved. Where it stops in between, what was done until then is listed all the same.
async fn many(global: &Global, args: &ActingArgs, file: &Path) -> Result<Finding, CliError> {
    let rows = read(file)?;
    let acting = acting(global, args).await?;
    let items = priced(acting, file, rows, Accounts::Open).await?;
    let total = items.len();
    let bar = progress::count(global, total, "claimants");
    let mut told = Vec::new();
    let mut stopped = None;
    for (item, money) in items {
        let Item { user, settlement, .. } = item;
        let gateway = acting.payme.gateway();
        let done = gateway.approve(acting.attorney, settlement, user, money, None).await;
        let one = match done {
            Ok(approved) => Ok(Told::approved(user, settlement, approved)),
            Err(error) => Told::refused(user, settlement, error),
        };
        match one {
            Ok(one) => told.push(one),
            Err(error) => {
                stopped = Some(error);
                break;
            }
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    let list = || {
        let text = || told.iter().map(Told::text).collect::<Vec<_>>().join("\n");
        output::list(global, &told, text)
    };
    if let Some(error) = stopped {
        if !told.is_empty() {
            list()?;
        }
        let done = told.len();
        let hint = format!(
            "{done} of {total} claimants were done before it, as listed: what is stored of them \
             stands, and the same file again goes on"
        );
        return Err(error.with_hint(&hint));
    }
    list()?;
    let is_fine = told.iter().all(|one| one.refused.is_none());
    Ok(if is_fine { Finding::Fine } else { Finding::Refused })
}

/// The items of a file, all of which are right.
pub(super) fn read(file: &Path) -> Result<Vec<Item>, CliError> {
    let rows: Rows<Item> = parse_items(&input::bytes(file)?)
        .map_err(|refusal| CliError::refused_file(file, &refusal))?;
    let items = rows.all().map_err(|refused| CliError::wrong_rows(file, &refused))?;
    if items.is_empty() {
        let message = format!("{}: there is nobody in it: give at least one row", file.display());
        return Err(CliError::new("no_items", message));
    }
    Ok(items)
}

/// Which accounts the items of a file may be of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Accounts {
    /// Open ones: what is new is paid from no other.
    Open,
    /// Closed ones, too: the gateway knows whether the request was made before.
    Any,
}

/// Items with their amounts in the currencies of the accounts.
pub(super) async fn priced(
    acting: Acting<'_>,
    file: &Path,
    items: Vec<Item>,
    of: Accounts,
) -> Result<Vec<(Item, Option<Money>)>, CliError> {
    let accounts = acting.payme.gateway().balances(acting.attorney).await?;
    let accounts: BTreeMap<_, _> =
        accounts.iter().map(|(row, _)| (row.settlement_id, (row.currency, row.status))).collect();
    let mut rows: Rows<(Item, Option<Money>)> = Rows::default();
    for item in items {
        let refuse = |name: &str, code, message: String| Refusal {
            line: item.line,
            path: format!("{}.{name}", item.path),
            code,
            message,
        };
        let money = match (accounts.get(&item.settlement), item.amount.as_deref()) {
            (None, _) => {
                let message = "no account of this attorney is linked to the settlement: link one";
                Err(refuse("settlement_id", "account_not_linked", message.to_owned()))
            }
            (Some((_, AccountStatus::Closed)), _) if of == Accounts::Open => {
                let error = PayoutError::AccountClosed;
                Err(refuse("settlement_id", error.code(), error.to_string()))
            }
            (Some(_), None) => Ok(None),
            (Some((currency, _)), Some(text)) => positive(text, *currency)
                .map(Some)
                .map_err(|(code, message)| refuse("amount", code, message)),
        };
        rows.push(money.map(|money| (item, money)));
    }
    rows.all().map_err(|refused| CliError::wrong_rows(file, &refused))
}

/// Approves everybody once more whose transfer of a batch failed or came back, and pays them in a
/// new batch. Sent again with the same key it goes on with that batch: whoever was let down since
/// is not in it.
pub(super) async fn retry(
    global: &Global,
    args: &ActingArgs,
    batch: PayoutBatchId,
    key: &str,
) -> Result<Finding, CliError> {
    let key = request_key(key)?;
    let acting = acting(global, args).await?;
    let unpaid = acting.payme.gateway().unpaid_items(acting.attorney, batch, &key).await?;
    if unpaid.is_empty() {
        let message = "no transfer of this batch failed or came back: there is nothing to retry";
        return Err(CliError::new("nothing_to_retry", message));
    }
    together(global, acting, &unpaid, &key, ExecuteOptions::default()).await
}

/// The note of one decision.
#[derive(Serialize)]
struct ReviewTold {
    user_id: UserId,
    approval_id: ApprovalId,
    decision: &'static str,
    /// Of which attempt; none where the claimant was rejected.
    attempt: Option<u32>,
    decided_at: Instant,
    note: String,
}

/// Lists the notes of the decisions about claimants of a settlement.
pub(super) async fn reviews(
    global: &Global,
    args: &ActingArgs,
    settlement: SettlementId,
) -> Result<(), CliError> {
    let Acting { payme, attorney } = acting(global, args).await?;
    let mut told = Vec::new();
    let each = |user_id, review: ReviewNote| {
        let attempt = Some(review.attempt).filter(|attempt| *attempt > 0);
        told.push(ReviewTold {
            user_id,
            approval_id: review.approval_id,
            decision: if attempt.is_some() { "approved" } else { "rejected" },
            attempt,
            decided_at: review.at,
            note: review.note.as_str().to_owned(),
        });
    };
    payme.gateway().settlement_reviews(attorney, settlement, each).await?;
    output::list(global, &told, || {
        let rows = told.iter().map(|one| {
            let decision = match one.attempt {
                Some(attempt) if attempt > 1 => format!("{}, attempt {attempt}", one.decision),
                _ => one.decision.to_owned(),
            };
            vec![one.user_id.to_string(), decision, one.decided_at.to_string(), one.note.clone()]
        });
        output::table(&["claimant", "decision", "at", "note"], rows)
    })
}
