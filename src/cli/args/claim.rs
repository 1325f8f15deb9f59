//! What can be written behind `payme claim` and `payme user destination`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use payme::types::{RecordId, SettlementId, UserId};

use super::PairArgs;
use super::attorney::VaultArgs;

#[derive(Debug, Args)]
#[command(
    arg_required_else_help = true,
    after_help = "\
Examples:
  payme claim open --user ID SETTLEMENT
  payme claim submit --user ID SETTLEMENT --answers answers.json --evidence RECORD
  payme claim list --user ID"
)]
pub(crate) struct ClaimArgs {
    #[command(subcommand)]
    pub(crate) what: ClaimWhat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ClaimWhat {
    /// Say that the person opened the claim form
    Open(PairArgs),
    /// File the claim, with answers to the settlement's questions and records that show it
    #[command(after_help = "Example:\n  payme claim submit --user \
00000000-0000-4000-8000-000000000001 SETTLEMENT --answers answers.json --evidence RECORD RECORD\n\n\
The file of answers is a JSON object: {\"<id of a question>\": \"yes\"}. The ids are those of \
`payme claim questions SETTLEMENT`.")]
    Submit {
        #[command(flatten)]
        pair: PairArgs,
        /// The answers [default: none]
        #[arg(long, value_name = "FILE")]
        answers: Option<PathBuf>,
        /// Transactions and mail of the person that show it
        #[arg(long, value_name = "RECORD", num_args = 1..)]
        evidence: Vec<RecordId>,
    },
    /// Say what came of a claim that no attorney pays
    #[command(after_help = "Example:\n  payme claim report --user \
00000000-0000-4000-8000-000000000001 SETTLEMENT paid")]
    Report {
        #[command(flatten)]
        pair: PairArgs,
        /// What came of it
        #[arg(value_name = "OUTCOME")]
        outcome: Outcome,
    },
    /// Print where a person stands with a settlement
    Show(PairArgs),
    /// List the claims of a person
    List {
        /// The person
        #[arg(long, value_name = "ID")]
        user: UserId,
    },
    /// List what a settlement asks of who claims
    Questions {
        /// The settlement
        #[arg(value_name = "SETTLEMENT")]
        settlement: SettlementId,
    },
}

/// What a person says came of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Outcome {
    /// The money came.
    Paid,
    /// No money came.
    Unpaid,
}

#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct DestinationArgs {
    #[command(subcommand)]
    pub(crate) what: DestinationWhat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DestinationWhat {
    /// Say where the money of a person goes; the destination before is revoked
    #[command(after_help = "Example:\n  payme user destination link \
00000000-0000-4000-8000-000000000001 destination.json\n\nThe file is a JSON object, read from \
stdin for `-`: {\"provider\": \"plaid\", \"access_token\": \"...\", \"account_id\": \"...\", \
\"legal_name\": \"...\"}. It is kept under lock, so the keys of the vault have to be there.")]
    Link {
        /// The person
        #[arg(value_name = "USER")]
        user: UserId,
        /// Where the money goes, or `-` for stdin
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        vault: VaultArgs,
    },
    /// Send no more money to the destination of a person
    Revoke {
        /// The person
        #[arg(value_name = "USER")]
        user: UserId,
    },
    /// Say whether a person has a destination, and nothing of it that is secret
    Show {
        /// The person
        #[arg(value_name = "USER")]
        user: UserId,
    },
}
