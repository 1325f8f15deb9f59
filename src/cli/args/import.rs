//! What can be written behind `payme import`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use payme::types::{Date, State, UserId, parse_date};

const TRACKER_HELP: &str = "\
Examples:
  payme import tracker trackers/2026-04-12.json
  payme import tracker trackers/*.json --tracker weekly --format json

Files are exports of one tracker, in any order: importing one again changes nothing, and a later \
one reports moved deadlines, new and gone settlements. Every row is taken, merged or refused with \
its reason. A fact that nobody states is unknown, and one on which sources differ is listed and \
left unknown; a settlement is open where any source says so. No day may be later than tomorrow. \
Rows that were refused are listed on stderr, and then the exit code is 1.";

#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct ImportArgs {
    #[command(subcommand)]
    pub(crate) what: ImportWhat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ImportWhat {
    /// A JSON array of settlements; importing it again changes nothing
    #[command(after_help = "Example:\n  payme import settlements settlements.json --keep-going")]
    Settlements(FileArgs),
    /// Exports of public trackers, merged into settlements; refused rows are listed
    #[command(after_help = TRACKER_HELP)]
    Tracker(TrackerArgs),
    /// A JSON array of merchants with their other names; bank descriptors are resolved to them
    #[command(after_help = "Example:\n  payme import merchants merchants.json")]
    Merchants(FileArgs),
    /// One person's bank transactions: Plaid pages, lists or custom users as JSON, or CSV
    #[command(after_help = "Example:\n  payme import transactions --user \
00000000-0000-4000-8000-000000000001 --state CA bank.csv\n\nCSV columns: date, amount \
(positive when money was spent) and one of name, merchant_name or description; optional: \
currency, category, transaction_id, account_id, pending. A bank that names its columns \
otherwise is read with --map:\n  payme import transactions --user \
00000000-0000-4000-8000-000000000001 \\\n    --map date=\"Posted Date\" --map name=Payee \
--map date_format=%m/%d/%Y --map others=ignore bank.csv\n\n\
Keys: the columns above, debit, credit; date_format, negate, decimal, thousands, \
default_currency, account, delimiter, skip, others.")]
    Transactions(TransactionFileArgs),
    /// One person's mail: Gmail API JSON, JSON Lines, .eml or mbox
    #[command(after_help = "Example:\n  payme import messages --user \
00000000-0000-4000-8000-000000000001 mail.mbox")]
    Messages(RecordArgs),
    /// Ready-made features, one person a line of JSON
    #[command(after_help = "Example:\n  payme import features features.jsonl")]
    Features(FileArgs),
}

#[derive(Debug, Args)]
pub(crate) struct FileArgs {
    /// The file
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Take the good rows and list the refused ones (exit code 1) instead of taking none
    #[arg(long)]
    pub(crate) keep_going: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RecordArgs {
    /// The person
    #[arg(long, value_name = "ID")]
    pub(crate) user: UserId,
    /// Where the person lives, as a two-letter code
    #[arg(long, value_name = "CODE")]
    pub(crate) state: Option<State>,
    #[command(flatten)]
    pub(crate) input: FileArgs,
}

#[derive(Debug, Args)]
pub(crate) struct TransactionFileArgs {
    #[command(flatten)]
    pub(crate) records: RecordArgs,
    /// How a CSV file of another form is read; may be given several times
    #[arg(long = "map", value_name = "KEY=VALUE")]
    pub(crate) mapping: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct TrackerArgs {
    /// The exports
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// What the tracker is called; exports are compared with earlier ones of the same tracker
    #[arg(long, value_name = "NAME", default_value = "tracker")]
    pub(crate) tracker: String,
    /// The day of exports whose rows do not tell when they were checked
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
    pub(crate) day: Option<Date>,
}
