//! What can be written behind `payme transactions`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use payme::types::{Currency, Date, RecordId, UserId, parse_date};

#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct TransactionsArgs {
    #[command(subcommand)]
    pub(crate) what: TransactionsWhat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TransactionsWhat {
    /// List transactions, the newest first
    #[command(after_help = "Example:\n  payme transactions list --user \
00000000-0000-4000-8000-000000000001 --from 2024-01-01 --category TRAVEL --min-amount 20")]
    List {
        #[command(flatten)]
        filter: FilterArgs,
        /// How many to list
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: usize,
        /// List those behind this one: the cursor that the page before ended with
        #[arg(long, value_name = "CURSOR")]
        after: Option<String>,
    },
    /// Search merchants, descriptions and notes, the best first
    #[command(after_help = "Examples:\n  payme transactions search --user \
00000000-0000-4000-8000-000000000001 \"blue bot\"\n  payme transactions search --user \
00000000-0000-4000-8000-000000000001 '\"gift card\" -refund'\n\nEvery word has to begin a word of \
the transaction; quotes hold words together, a minus leaves out.")]
    Search {
        #[command(flatten)]
        filter: FilterArgs,
        /// The words
        #[arg(value_name = "QUERY", allow_hyphen_values = true)]
        query: String,
        /// How many to list
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: usize,
    },
    /// Correct the merchant or the category of a transaction, or write a note to it
    #[command(after_help = "Example:\n  payme transactions correct --user \
00000000-0000-4000-8000-000000000001 RECORD --merchant \"Blue Bottle Coffee\"\n\nA correction \
stays when the bank sends the transaction again, and when a pending one is posted.")]
    Correct(CorrectArgs),
    /// Write transactions as CSV, or as JSON with --format
    #[command(after_help = "Example:\n  payme transactions export --user \
00000000-0000-4000-8000-000000000001 --from 2024-01-01 --out transactions.csv")]
    Export {
        #[command(flatten)]
        filter: FilterArgs,
        /// The file to write, in place of one that is there [default: stdout]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// List transactions that may be there twice; nothing is removed
    Duplicates(PersonArgs),
    /// List recurring charges: how often, how much, when next
    Recurring(PersonArgs),
    /// List transactions that are unusual for the person, the most unusual first
    Anomalies(PersonArgs),
}

#[derive(Debug, Args)]
pub(crate) struct CorrectArgs {
    /// The person
    #[arg(long, value_name = "ID")]
    pub(crate) user: UserId,
    /// The transaction
    #[arg(value_name = "RECORD")]
    pub(crate) record: RecordId,
    /// Who was paid
    #[arg(long, value_name = "NAME", conflicts_with = "no_merchant")]
    pub(crate) merchant: Option<String>,
    /// What for
    #[arg(long, value_name = "NAME", conflicts_with = "no_category")]
    pub(crate) category: Option<String>,
    /// A note
    #[arg(long, value_name = "TEXT", conflicts_with = "no_note")]
    pub(crate) note: Option<String>,
    /// Take the corrected merchant back
    #[arg(long)]
    pub(crate) no_merchant: bool,
    /// Take the corrected category back
    #[arg(long)]
    pub(crate) no_category: bool,
    /// Take the note back
    #[arg(long)]
    pub(crate) no_note: bool,
}

#[derive(Debug, Args)]
pub(crate) struct PersonArgs {
    /// The person
    #[arg(long, value_name = "ID")]
    pub(crate) user: UserId,
}

#[derive(Debug, Args)]
pub(crate) struct FilterArgs {
    /// The person
    #[arg(long, value_name = "ID")]
    pub(crate) user: UserId,
    /// From this day on
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
    pub(crate) from: Option<Date>,
    /// Up to this day
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
    pub(crate) to: Option<Date>,
    /// Of this category; may be given several times
    #[arg(long = "category", value_name = "NAME")]
    pub(crate) categories: Vec<String>,
    /// On this account
    #[arg(long, value_name = "ACCOUNT")]
    pub(crate) account: Option<String>,
    /// From `provider` (with the bank's own ids) or `file` (without)
    #[arg(long, value_name = "SOURCE")]
    pub(crate) source: Option<String>,
    /// Of at least this amount; spending is positive, refunds are negative
    #[arg(long, value_name = "AMOUNT", allow_negative_numbers = true)]
    pub(crate) min_amount: Option<String>,
    /// Of at most this amount
    #[arg(long, value_name = "AMOUNT", allow_negative_numbers = true)]
    pub(crate) max_amount: Option<String>,
    /// In this currency [default with an amount: USD]
    #[arg(long, value_name = "CODE")]
    pub(crate) currency: Option<Currency>,
    /// Pending ones only, or with `no` posted ones only
    #[arg(long, value_name = "yes|no")]
    pub(crate) pending: Option<String>,
}
