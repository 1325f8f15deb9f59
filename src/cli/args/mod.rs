//! What can be written on the command line.

mod attorney;
mod audit;
mod claim;
mod import;
mod learn;
mod merchants;
mod payout;
mod simulate;
mod transactions;

use std::cell::OnceCell;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use payme::Payme;
use payme::matching::{DEFAULT_EXPERIMENT_KEY, ExperimentKey, SignalSet, Variant};
use payme::types::{Date, Instant, SettlementId, State, UserId, parse_date};

pub(crate) use attorney::{
    ActingArgs, AttorneyArgs, AttorneyWhat, LinkArgs, QuestionsArgs, QuestionsWhat, VaultArgs,
};
pub(crate) use audit::{AuditArgs, AuditWhat, LogFilterArgs};
pub(crate) use claim::{ClaimArgs, ClaimWhat, DestinationArgs, DestinationWhat, Outcome};
pub(crate) use import::{
    FileArgs, ImportArgs, ImportWhat, RecordArgs, TrackerArgs, TransactionFileArgs,
};
pub(crate) use learn::{
    ArtifactsArgs, FitArgs, HoldoutArgs, HoldoutBy, LearnArgs, LearnWhat, Policy, PolicyArgs,
    SamplesArgs,
};
pub(crate) use merchants::{MerchantsArgs, MerchantsWhat};
pub(crate) use payout::{ApproveArgs, BatchArgs, ExecuteArgs, PayoutArgs, PayoutWhat};
pub(crate) use simulate::{SimulateArgs, SimulatedPlan, SimulatedStore};
pub(crate) use transactions::{CorrectArgs, FilterArgs, TransactionsArgs, TransactionsWhat};

const EXAMPLES: &str = "\
Examples:
  payme demo
  payme import settlements settlements.json
  payme import transactions --user 00000000-0000-4000-8000-000000000001 --state CA bank.json
  payme match --user 00000000-0000-4000-8000-000000000001
  payme match --settlements settlements.json --features features.jsonl --format json
  payme payout execute BATCH --attorney ID

Exit codes: 0 success, 1 the work found something wrong (rows were refused), 2 usage or bad input.
PAYME_LOG chooses what is logged to stderr, such as PAYME_LOG=debug.";

/// Finds the class-action settlements that owe people money, from their bank and mail records.
#[derive(Debug, Parser)]
#[command(name = "payme", version, after_help = EXAMPLES, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// How data is written to stdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Table,
    /// One JSON value.
    Json,
    /// One JSON value a line.
    Jsonl,
    /// For spreadsheets, of an export; what an export writes where no format is named.
    Csv,
}

/// How log lines are written to stderr.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl Command {
    /// Whether it writes rows that a spreadsheet can take.
    pub(crate) const fn is_export(&self) -> bool {
        match self {
            Self::Transactions(args) => matches!(args.what, TransactionsWhat::Export { .. }),
            Self::Audit(args) => matches!(args.what, AuditWhat::Export { .. }),
            _ => false,
        }
    }
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// The database: a path, `sqlite://path` or `sqlite::memory:` [default: payme.db]
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) db: Option<String>,
    /// How data is written to stdout
    #[arg(long, global = true, value_enum, default_value = "table")]
    pub(crate) format: Format,
    /// No progress and no notes on stderr, only errors
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// How log lines are written to stderr
    #[arg(long, global = true, value_enum, default_value = "text")]
    pub(crate) log_format: LogFormat,
    /// Take this as the present moment (RFC 3339) instead of the machine's clock
    #[arg(long, global = true, value_name = "TIME", value_parser = Instant::parse)]
    pub(crate) now: Option<Instant>,
    /// The engine, once a command has opened it.
    #[arg(skip)]
    pub(crate) engine: OnceCell<Payme>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Tell the story of the engine on bundled settlements and made-up people
    Demo(DemoArgs),
    /// Take in settlements, tracker exports, merchants, bank transactions, mail or features
    Import(ImportArgs),
    /// Look at, search, correct and export a person's bank transactions
    Transactions(Box<TransactionsArgs>),
    /// Say which merchant a bank descriptor names, and learn from corrections
    Merchants(MerchantsArgs),
    /// Match people to settlements, from the database or from two files
    Match(Box<MatchArgs>),
    /// Say who of the people in the database qualifies for a settlement
    Reverse(ReverseArgs),
    /// Say why a settlement matches a person, or why not
    Explain(ExplainArgs),
    /// Look after experiments
    Experiment(ExperimentArgs),
    /// Star and pin settlements for a person
    Prefs(PrefsArgs),
    /// Say where a person lives, when they were born and where their money goes
    User(UserArgs),
    /// Open and file a person's claims, and say where they stand
    Claim(Box<ClaimArgs>),
    /// Register attorneys, and link the accounts that settlements are paid from
    Attorney(Box<AttorneyArgs>),
    /// Approve claimants, and pay them
    Payout(Box<PayoutArgs>),
    /// Read, check and export the log of payouts
    Audit(AuditArgs),
    /// Export what came of matches, and train the ranker on it
    Learn(Box<LearnArgs>),
    /// Run payouts against everything that can go wrong, seed by seed
    Simulate(SimulateArgs),
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
    /// Print the manual page, or write one page for each command into a folder
    Man(ManArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "The demo runs on a fixed clock and writes to payme-demo.db unless --db \
names another; weights and a report go beside it. Running it again changes nothing.")]
pub(crate) struct DemoArgs {}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  payme match --user 00000000-0000-4000-8000-000000000001 --near-misses
  payme match --all --quiet
  payme match --settlements s.json --features f.jsonl --variant rules_only --top 5 --format json
  payme match --user 00000000-0000-4000-8000-000000000001 --signals baseline

With --settlements and --features nothing is stored and no database is opened. Otherwise the run \
is stored; a variant that is given replaces the person's stored one.")]
pub(crate) struct MatchArgs {
    /// Match from files: the settlements
    #[arg(long, value_name = "FILE", requires = "features", conflicts_with_all = ["user", "all"])]
    pub(crate) settlements: Option<PathBuf>,
    /// Match from files: the people's features
    #[arg(
        long,
        value_name = "FILE",
        requires = "settlements",
        conflicts_with_all = ["user", "all"],
    )]
    pub(crate) features: Option<PathBuf>,
    /// Match one person from the database
    #[arg(long, value_name = "ID")]
    pub(crate) user: Option<UserId>,
    /// Match everybody in the database; a run that was cut short is taken up again
    #[arg(long, conflicts_with_all = ["user", "near_misses"])]
    pub(crate) all: bool,
    /// With --all: begin anew instead of taking up a run that was cut short
    #[arg(long, requires = "all", conflicts_with_all = ["user", "settlements"])]
    pub(crate) restart: bool,
    /// `rules_only`, `rules_vector` or `rules_vector_ranker` [default: the assigned one]
    #[arg(long, value_name = "VARIANT", value_parser = parse_variant)]
    pub(crate) variant: Option<Variant>,
    /// The experiment that assigns variants
    #[arg(long, value_name = "KEY", default_value = DEFAULT_EXPERIMENT_KEY)]
    pub(crate) key: ExperimentKey,
    /// How many results to keep
    #[arg(long, value_name = "N", default_value_t = payme::ranking::TOP_N_DEFAULT)]
    pub(crate) top: usize,
    #[command(flatten)]
    pub(crate) ranker: RankerArgs,
    /// Report what nearly matches, and what is missing
    #[arg(long)]
    pub(crate) near_misses: bool,
    /// Match settlements whose deadline has passed or that are not open, too
    #[arg(long)]
    pub(crate) include_closed: bool,
    /// With files: take the good rows and list the refused ones (exit code 1)
    #[arg(long, requires = "settlements", conflicts_with_all = ["user", "all"])]
    pub(crate) keep_going: bool,
}

/// What the ranker weighs.
#[derive(Debug, Args)]
pub(crate) struct RankerArgs {
    /// The set of signals: `evidence` or `baseline` [default: that of the weights, or evidence]
    #[arg(long, value_name = "SET", value_parser = parse_signals)]
    pub(crate) signals: Option<SignalSet>,
    /// The weights of the ranker [default: the built-in ones of the set]
    #[arg(long, value_name = "FILE")]
    pub(crate) weights: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  payme reverse 5f0c6f0e-98f1-5d3b-a3a1-6a4f9c0e2b11 --near-misses
  payme reverse announced.json --limit 100 --format json

A file is in the form of `payme import settlements`; nothing of it is stored. Mail is read for the \
brands of a settlement only when that is imported, so a file is asked about the features that are \
stored. Each list is cut to --limit, best first; the counts are of everybody.")]
pub(crate) struct ReverseArgs {
    /// The settlement: the id of a stored one, or a file of settlements that were just announced
    #[arg(value_name = "SETTLEMENT")]
    pub(crate) settlement: PathBuf,
    /// How many people to list of each kind
    #[arg(long, value_name = "N", default_value_t = payme::ranking::TOP_N_DEFAULT)]
    pub(crate) limit: usize,
    /// How people are scored, the same for all [default: `rules_vector_ranker`]
    #[arg(long, value_name = "VARIANT", value_parser = parse_variant)]
    pub(crate) variant: Option<Variant>,
    #[command(flatten)]
    pub(crate) ranker: RankerArgs,
    /// List people who nearly qualify, too, and what is missing
    #[arg(long)]
    pub(crate) near_misses: bool,
    /// Ask all the same where the settlement takes no claims
    #[arg(long)]
    pub(crate) include_closed: bool,
    /// With a file: take the good rows and list the refused ones (exit code 1)
    #[arg(long)]
    pub(crate) keep_going: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  payme explain --user \
00000000-0000-4000-8000-000000000001 5f0c6f0e-98f1-5d3b-a3a1-6a4f9c0e2b11")]
pub(crate) struct ExplainArgs {
    /// The person
    #[arg(long, value_name = "ID")]
    pub(crate) user: UserId,
    /// The settlement
    #[arg(value_name = "SETTLEMENT")]
    pub(crate) settlement: SettlementId,
    #[command(flatten)]
    pub(crate) ranker: RankerArgs,
    /// Judge it as if it took claims
    #[arg(long)]
    pub(crate) include_closed: bool,
}

#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct ExperimentArgs {
    #[command(subcommand)]
    pub(crate) what: ExperimentWhat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ExperimentWhat {
    /// Print a person's variant, assigning it if there is none yet
    #[command(after_help = "Example:\n  payme experiment assign \
00000000-0000-4000-8000-000000000001 --key matching_v1")]
    Assign {
        /// The person
        #[arg(value_name = "USER")]
        user: UserId,
        /// The experiment
        #[arg(long, value_name = "KEY", default_value = DEFAULT_EXPERIMENT_KEY)]
        key: ExperimentKey,
        /// Force this variant; it replaces the stored one
        #[arg(long, value_name = "VARIANT", value_parser = parse_variant)]
        variant: Option<Variant>,
    },
}

#[derive(Debug, Args)]
#[command(
    arg_required_else_help = true,
    after_help = "Examples:\n  payme prefs pin --user ID \
SETTLEMENT --order 1\n  payme prefs list --user ID"
)]
pub(crate) struct PrefsArgs {
    #[command(subcommand)]
    pub(crate) what: PrefsWhat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PrefsWhat {
    /// Mark a settlement
    Star(PairArgs),
    /// Take the mark away
    Unstar(PairArgs),
    /// Show a settlement above the others
    Pin {
        #[command(flatten)]
        pair: PairArgs,
        /// Its place among the pinned ones, ascending
        #[arg(long, value_name = "N", allow_negative_numbers = true)]
        order: Option<i32>,
    },
    /// Take the pin away, and its place with it
    Unpin(PairArgs),
    /// List what a person has starred and pinned
    List {
        /// The person
        #[arg(long, value_name = "ID")]
        user: UserId,
    },
}

#[derive(Debug, Args)]
pub(crate) struct PairArgs {
    /// The person
    #[arg(long, value_name = "ID")]
    pub(crate) user: UserId,
    /// The settlement
    #[arg(value_name = "SETTLEMENT")]
    pub(crate) settlement: SettlementId,
}

#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct UserArgs {
    #[command(subcommand)]
    pub(crate) what: UserWhat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum UserWhat {
    /// Store what is known of a person; what is not named stays as it is
    #[command(after_help = "Example:\n  payme user set \
00000000-0000-4000-8000-000000000001 --state CA --date-of-birth 1984-03-12")]
    Set {
        /// The person
        #[arg(value_name = "USER")]
        user: UserId,
        /// Where the person lives, as a two-letter code
        #[arg(long, value_name = "CODE", conflicts_with = "no_state")]
        state: Option<State>,
        /// Forget where the person lives
        #[arg(long)]
        no_state: bool,
        /// The day the person was born
        #[arg(long, value_name = "DATE", value_parser = parse_date)]
        date_of_birth: Option<Date>,
    },
    /// Print a person's features, in the form of the features file
    Show {
        /// The person
        #[arg(value_name = "USER")]
        user: UserId,
    },
    /// Say where the money of a person goes
    Destination(DestinationArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  payme completions bash > /etc/bash_completion.d/payme")]
pub(crate) struct CompletionsArgs {
    /// The shell
    pub(crate) shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  payme man > payme.1")]
pub(crate) struct ManArgs {
    /// Write a page for every command into this folder
    #[arg(long, value_name = "FOLDER")]
    pub(crate) out: Option<PathBuf>,
}

fn parse_variant(text: &str) -> Result<Variant, String> {
    Variant::parse(text).ok_or_else(|| {
        let words = Variant::ALL.map(Variant::as_str).join(", ");
        format!("expected one of {words}")
    })
}

fn parse_signals(text: &str) -> Result<SignalSet, String> {
    SignalSet::parse(text).ok_or_else(|| {
        let words = SignalSet::ALL.map(SignalSet::as_str).join(", ");
        format!("expected one of {words}")
    })
}
