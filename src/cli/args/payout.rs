//! What can be written behind `payme payout`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use payme::types::{PayoutBatchId, SettlementId, TransferId, UserId};

use super::attorney::ActingArgs;

#[derive(Debug, Args)]
#[command(
    arg_required_else_help = true,
    after_help = "\
Examples:
  payme payout fund SETTLEMENT 250000.00 --key deposit-1 --attorney ID
  payme payout approve SETTLEMENT USER 12.34 --attorney ID
  payme payout batch SETTLEMENT --key payday-7 --attorney ID
  payme payout execute BATCH --attorney ID
  payme payout reconcile BATCH --attorney ID

Every request with a --key is done once, however often it is sent. No money moves unless \
PLAID_PAYOUTS_ENABLED=true chooses Plaid: then PLAID_CLIENT_ID, PLAID_SECRET, PLAID_ENV and the \
keys of the vault have to be there, too."
)]
pub(crate) struct PayoutArgs {
    #[command(subcommand)]
    pub(crate) what: PayoutWhat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PayoutWhat {
    /// Put money into the account of a settlement, once for each key
    #[command(after_help = "Example:\n  payme payout fund SETTLEMENT 250000.00 --key deposit-1 \
--attorney ID\n\nThe amount is a decimal number in the currency of the account.")]
    Fund {
        #[command(flatten)]
        acting: ActingArgs,
        /// The settlement
        #[arg(value_name = "SETTLEMENT")]
        settlement: SettlementId,
        /// How much
        #[arg(value_name = "AMOUNT", allow_negative_numbers = true)]
        amount: String,
        /// What the request is named by: sent twice, it is done once
        #[arg(long, value_name = "KEY")]
        key: String,
    },
    /// Decide to pay a claimant, or all of a file
    #[command(after_help = "\
Examples:
  payme payout approve SETTLEMENT USER 12.34 --note \"receipt seen\" --attorney ID
  payme payout approve --items items.csv --attorney ID

Without an amount the settlement's least payout is paid; where it names none in the currency of \
the account, nobody is approved without an amount. A file has the columns user_id, settlement_id \
and amount, as CSV or JSON Lines; if a row is wrong, or of an account that is closed or not the \
attorney's, nothing of it is done. A claimant who cannot be approved is listed with the reason \
(exit code 1).")]
    Approve(ApproveArgs),
    /// Decide not to pay a claimant; nothing follows
    Reject {
        #[command(flatten)]
        acting: ActingArgs,
        /// The settlement
        #[arg(value_name = "SETTLEMENT")]
        settlement: SettlementId,
        /// The claimant
        #[arg(value_name = "USER")]
        user: UserId,
        /// Why, for whoever reviews it
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// List the notes of the decisions about claimants of a settlement
    #[command(after_help = "Example:\n  payme payout reviews SETTLEMENT --attorney ID --format \
json\n\nThey are what `payme payout approve --note` and `payme payout reject --note` said.")]
    Reviews {
        #[command(flatten)]
        acting: ActingArgs,
        /// The settlement
        #[arg(value_name = "SETTLEMENT")]
        settlement: SettlementId,
    },
    /// Make a batch of everybody who is approved and not paid
    #[command(after_help = "Example:\n  payme payout batch SETTLEMENT --key payday-7 --attorney \
ID\n\nWhat it comes to is set aside, or nothing is. Nothing is sent before it is executed.")]
    Batch {
        #[command(flatten)]
        acting: ActingArgs,
        /// The settlement
        #[arg(value_name = "SETTLEMENT")]
        settlement: SettlementId,
        /// What the request is named by: sent twice, it is done once
        #[arg(long, value_name = "KEY")]
        key: String,
    },
    /// Send the money of a batch, or approve, batch and send all of a file
    #[command(after_help = "\
Examples:
  payme payout execute BATCH --attorney ID
  payme payout execute --items items.csv --key payday-7 --attorney ID

Stopped at any point and called again it goes on, and pays nobody twice; where it was stopped in \
the middle (Ctrl-C, a kill), that is at most two minutes later: until then the batch is taken, and \
the refusal says when to try again. A batch that was begun can be executed to its end also where \
the attorney was suspended since. A file has the columns \
user_id, settlement_id and amount, as CSV or JSON Lines; whoever is left out of it is listed with \
the reason (exit code 1).")]
    Execute(ExecuteArgs),
    /// Say what became of a batch, and whether rows, ledger and rail agree (exit code 1 if not)
    #[command(after_help = "Example:\n  payme payout reconcile BATCH --attorney ID --format json")]
    Reconcile(BatchArgs),
    /// List batches, the newest first
    History {
        #[command(flatten)]
        acting: ActingArgs,
        /// Those of one settlement
        #[arg(long, value_name = "SETTLEMENT")]
        settlement: Option<SettlementId>,
        /// How many to list
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: usize,
        /// List those older than this one: the last of the page before
        #[arg(long, value_name = "BATCH")]
        before: Option<PayoutBatchId>,
    },
    /// Say where the money of the attorney's accounts is, and what the rail holds for all payouts
    Balance {
        #[command(flatten)]
        acting: ActingArgs,
    },
    /// Approve once more everybody whom a batch did not pay, and send them their money
    #[command(after_help = "Example:\n  payme payout retry BATCH --key payday-7-again --attorney \
ID\n\nA transfer that failed stays failed: everybody whose transfer failed or came back gets a new \
attempt and a new transfer. Whoever was paid since is left out and listed (exit code 1). Sent \
again with the same key it goes on with those whom it named first; whoever is let down later \
needs a new key.")]
    Retry {
        #[command(flatten)]
        acting: ActingArgs,
        /// The batch
        #[arg(value_name = "BATCH")]
        batch: PayoutBatchId,
        /// What the request is named by: sent twice, it is done once
        #[arg(long, value_name = "KEY")]
        key: String,
    },
    /// Read what happened at the rail since it was read last
    Events {
        #[command(flatten)]
        vault: super::attorney::VaultArgs,
    },
    /// List the transfers of a batch that wait for a person to decide
    Held(BatchArgs),
    /// Let a transfer be sent that waits for a person to decide
    #[command(
        after_help = "Example:\n  payme payout release TRANSFER --attorney ID\n\nIt is sent \
when its batch is executed next."
    )]
    Release {
        #[command(flatten)]
        acting: ActingArgs,
        /// The transfer
        #[arg(value_name = "TRANSFER")]
        transfer: TransferId,
    },
    /// Give up a transfer that waits for a person to decide
    #[command(
        after_help = "Example:\n  payme payout give-up TRANSFER --attorney ID\n\nThe rail is \
asked for it first. Where it knows nothing of it, the transfer fails, its money is free again, and \
the claimant can be approved for another attempt; where the rail does know it, what it says is \
stored. What may have been sent without an answer is not given up within a day."
    )]
    GiveUp {
        #[command(flatten)]
        acting: ActingArgs,
        /// The transfer
        #[arg(value_name = "TRANSFER")]
        transfer: TransferId,
    },
    /// Ask the rail to cancel a transfer that is on its way
    #[command(after_help = "Example:\n  payme payout cancel TRANSFER --attorney ID\n\nA rail \
cancels what it has not sent on. A transfer that was cancelled stays failed, and its money is free \
again when its batch has ended; `payme payout retry` pays the claimant by a new attempt.")]
    Cancel {
        #[command(flatten)]
        acting: ActingArgs,
        /// The transfer
        #[arg(value_name = "TRANSFER")]
        transfer: TransferId,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ApproveArgs {
    #[command(flatten)]
    pub(crate) acting: ActingArgs,
    /// The settlement
    #[arg(
        value_name = "SETTLEMENT",
        required_unless_present = "items",
        conflicts_with = "items",
        requires = "user"
    )]
    pub(crate) settlement: Option<SettlementId>,
    /// The claimant
    #[arg(value_name = "USER")]
    pub(crate) user: Option<UserId>,
    /// How much [default: the settlement's least payout]
    #[arg(value_name = "AMOUNT", allow_negative_numbers = true)]
    pub(crate) amount: Option<String>,
    /// Why, for whoever reviews it
    #[arg(long, value_name = "TEXT", conflicts_with = "items")]
    pub(crate) note: Option<String>,
    /// The claimants and amounts of a file
    #[arg(long, value_name = "FILE")]
    pub(crate) items: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ExecuteArgs {
    #[command(flatten)]
    pub(crate) acting: ActingArgs,
    /// The batch
    #[arg(value_name = "BATCH", required_unless_present = "items", conflicts_with = "items")]
    pub(crate) batch: Option<PayoutBatchId>,
    /// The claimants and amounts of a file
    #[arg(long, value_name = "FILE", requires = "key")]
    pub(crate) items: Option<PathBuf>,
    /// With --items: what the request is named by; sent twice, it is done once
    #[arg(long, value_name = "KEY", requires = "items")]
    pub(crate) key: Option<String>,
    /// So many transfers are stored and sent together
    #[arg(long, value_name = "N", default_value = "1000")]
    pub(crate) chunk: NonZeroUsize,
}

#[derive(Debug, Args)]
pub(crate) struct BatchArgs {
    #[command(flatten)]
    pub(crate) acting: ActingArgs,
    /// The batch
    #[arg(value_name = "BATCH")]
    pub(crate) batch: PayoutBatchId,
}
