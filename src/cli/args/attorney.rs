//! What can be written behind `payme attorney`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use payme::types::{AttorneyId, Currency, SettlementId, UserId};

/// Who acts, and under which keys secrets are kept.
#[derive(Debug, Args)]
pub(crate) struct ActingArgs {
    /// The attorney who acts [default: whose API key `PAYME_ATTORNEY_KEY` holds]
    #[arg(long, value_name = "ID")]
    pub(crate) attorney: Option<AttorneyId>,
    #[command(flatten)]
    pub(crate) vault: VaultArgs,
}

/// Under which keys secrets are kept.
#[derive(Debug, Args)]
pub(crate) struct VaultArgs {
    /// The file of the vault's keys [default: the lines in `PAYME_VAULT_KEYS`]
    #[arg(long, value_name = "FILE")]
    pub(crate) vault_keys: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(
    arg_required_else_help = true,
    after_help = "\
Examples:
  payme attorney register --user ID --name \"Jane Doe\" --email jane@example.com --firm \"Doe LLP\"
  payme attorney link SETTLEMENT --attorney ID --bank-name \"First Bank\" \
--account-ref-file account.txt
  payme attorney list

Account numbers are kept under lock. To make a key of the vault:
  (umask 077; echo \"k1:$(openssl rand -base64 32)\" > vault.keys)"
)]
pub(crate) struct AttorneyArgs {
    #[command(subcommand)]
    pub(crate) what: AttorneyWhat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AttorneyWhat {
    /// Register a person as an attorney; doing so again in the same way changes nothing
    #[command(after_help = "Example:\n  payme attorney register --user \
00000000-0000-4000-8000-000000000001 --name \"Jane Doe\" --email jane@example.com --firm \
\"Doe LLP\"")]
    Register {
        /// The person
        #[arg(long, value_name = "ID")]
        user: UserId,
        /// Their name
        #[arg(long, value_name = "NAME")]
        name: String,
        /// Their address for mail
        #[arg(long, value_name = "ADDRESS")]
        email: String,
        /// Their firm
        #[arg(long, value_name = "NAME")]
        firm: String,
    },
    /// List attorneys, by id
    List {
        /// How many to list
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: usize,
        /// List those behind this one: the last of the page before
        #[arg(long, value_name = "ID")]
        after: Option<AttorneyId>,
    },
    /// Print one attorney
    Show(OneAttorney),
    /// Let an attorney do nothing more; what is on its way still ends
    Suspend(OneAttorney),
    /// Let a suspended attorney act again
    Activate(OneAttorney),
    /// Make an API key and print it, once; the one before is worth nothing any more
    #[command(after_help = "Example:\n  PAYME_ATTORNEY_KEY=$(payme attorney key ATTORNEY)\n\n\
Only the key goes to stdout. What is kept is a hash of it: who loses it needs another.")]
    Key(OneAttorney),
    /// Link the account that a settlement is paid from
    #[command(after_help = "Examples:
  payme attorney link SETTLEMENT --attorney ID --bank-name \"First Bank\" --account-ref-file \
account.txt
  payme attorney link SETTLEMENT --bank-name \"First Bank\" --account-ref-file - < account.txt

The account number is read from a file or from stdin and kept under lock, so the keys of the vault \
have to be there. Linking the same account again changes nothing.")]
    Link(LinkArgs),
    /// Close the account of a settlement: what is on its way still ends
    Close {
        #[command(flatten)]
        acting: ActingArgs,
        /// The settlement
        #[arg(value_name = "SETTLEMENT")]
        settlement: SettlementId,
    },
    /// Say what a settlement asks of who claims
    Questions(QuestionsArgs),
    /// Seal every stored secret anew with the first key of the vault
    #[command(
        after_help = "Example:\n  payme attorney reseal --vault-keys vault.keys\n\nTo change \
the key, put a new one first and the old one behind it, reseal, and then take the old one away. \
Stopped at any point and called again it goes on."
    )]
    Reseal {
        #[command(flatten)]
        vault: VaultArgs,
    },
}

/// One attorney.
#[derive(Debug, Args)]
pub(crate) struct OneAttorney {
    /// The attorney
    #[arg(value_name = "ATTORNEY")]
    pub(crate) id: AttorneyId,
}

#[derive(Debug, Args)]
pub(crate) struct LinkArgs {
    #[command(flatten)]
    pub(crate) acting: ActingArgs,
    /// The settlement
    #[arg(value_name = "SETTLEMENT")]
    pub(crate) settlement: SettlementId,
    /// The bank
    #[arg(long, value_name = "NAME")]
    pub(crate) bank_name: String,
    /// The file with the account number on its only line, or `-` for stdin
    #[arg(long, value_name = "FILE")]
    pub(crate) account_ref_file: PathBuf,
    /// The currency of every amount in the account
    #[arg(long, value_name = "CODE", default_value = "USD")]
    pub(crate) currency: Currency,
    /// What a new account holds on the mock rail, 0 for nothing [default: 10000000 minor units]
    #[arg(long, value_name = "AMOUNT", allow_negative_numbers = true)]
    pub(crate) opening: Option<String>,
}

#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct QuestionsArgs {
    #[command(subcommand)]
    pub(crate) what: QuestionsWhat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum QuestionsWhat {
    /// Replace the questions of a settlement by those of a file
    #[command(after_help = "Example:\n  payme attorney questions set SETTLEMENT questions.json \
--attorney ID\n\nThe file is a JSON array: [{\"prompt\": \"Did you buy in 2020?\", \"kind\": \
\"yes_no\", \"required\": true}]; docs/formats.md has all of it.")]
    Set {
        #[command(flatten)]
        acting: ActingArgs,
        /// The settlement
        #[arg(value_name = "SETTLEMENT")]
        settlement: SettlementId,
        /// The questions
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// List the questions of a settlement, in their order
    List {
        /// The settlement
        #[arg(value_name = "SETTLEMENT")]
        settlement: SettlementId,
    },
}
