//! `payme payout cancel`: asking the rail to cancel a transfer, and what came of it.

use payme::payouts::{CancelAnswer, TransferState};
use payme::types::TransferId;
use serde_json::json;

use crate::cli::args::{ActingArgs, Global};
use crate::cli::error::CliError;
use crate::cli::gateway::{Acting, acting};
use crate::cli::{Finding, output};

pub(super) async fn run(
    global: &Global,
    args: &ActingArgs,
    transfer: TransferId,
) -> Result<Finding, CliError> {
    let Acting { payme, attorney } = acting(global, args).await?;
    let done = payme.gateway().cancel(attorney, transfer).await?;
    let told = json!({"transfer_id": transfer, "answer": done.answer, "status": done.state,
        "failure_reason": done.failure_reason, "is_contradicted": done.is_contradicted});
    output::value(global, &told, || {
        if done.is_contradicted {
            return format!("the rail says what cannot be of transfer {transfer}");
        }
        let became = match (done.answer, done.state) {
            (_, TransferState::Failed) => {
                let reason = done.failure_reason.as_deref().unwrap_or("failed");
                return format!(
                    "{reason}: no money moved; it is free again when the batch has ended, and \
                     `payme payout retry` pays the claimant by a new attempt"
                );
            }
            (_, TransferState::Completed | TransferState::Returned) => "it was too late",
            (CancelAnswer::Later, _) => {
                return "the rail wants to be left alone: ask again later".to_owned();
            }
            (CancelAnswer::Agreed, _) => "the rail cancels it",
            (CancelAnswer::Refused | CancelAnswer::Unknown, _) => "the rail did not say",
        };
        format!("{became}; the transfer is {}: `payme payout events` reads more", done.state)
    })?;
    Ok(if done.is_contradicted { Finding::Refused } else { Finding::Fine })
}
