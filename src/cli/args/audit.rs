//! What can be written behind `payme audit`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use payme::types::{Instant, SettlementId};

#[derive(Debug, Args)]
#[command(
    arg_required_else_help = true,
    after_help = "\
Examples:
  payme audit verify
  payme audit log --settlement SETTLEMENT --from 2026-01-01T00:00:00Z
  payme audit export --out log.csv --format csv"
)]
pub(crate) struct AuditArgs {
    #[command(subcommand)]
    pub(crate) what: AuditWhat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AuditWhat {
    /// List what happened to payouts, the oldest first
    Log {
        #[command(flatten)]
        filter: LogFilterArgs,
        /// How many to list
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: usize,
        /// List those behind this one: the place that the page before ended with
        #[arg(long, value_name = "PLACE")]
        after: Option<String>,
    },
    /// Check that the log is what was written, and that it rebuilds every row (exit code 1 if not)
    #[command(after_help = "Example:\n  payme audit verify --format json\n\nEvery entry is held \
against the one before it, the rows of every account are rebuilt from its entries and held against \
those that are stored, what was put in against what is kept under each key, and every seal against \
the entries it was made of. The first that is wrong is named. Destinations, notes of reviews, who \
was left out of a batch and attorneys are no part of the log and are not checked.")]
    Verify,
    /// Keep where all logs end now, so that nothing can be cut off unseen
    Seal,
    /// Write what happened to payouts as CSV or JSON Lines, the oldest first
    #[command(after_help = "Examples:
  payme audit export --out log.jsonl --format jsonl
  payme audit export --out log.csv --format csv --settlement SETTLEMENT \
--from 2026-01-01T00:00:00Z

As CSV unless --format says json or jsonl, with a ' before what a spreadsheet could take for a \
formula.")]
    Export {
        #[command(flatten)]
        filter: LogFilterArgs,
        /// The file to write, in place of one that is there once all is written [default: stdout]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct LogFilterArgs {
    /// Of one settlement
    #[arg(long, value_name = "SETTLEMENT")]
    pub(crate) settlement: Option<SettlementId>,
    /// From this moment on (RFC 3339)
    #[arg(long, value_name = "TIME", value_parser = Instant::parse)]
    pub(crate) from: Option<Instant>,
    /// Before this moment (RFC 3339)
    #[arg(long, value_name = "TIME", value_parser = Instant::parse)]
    pub(crate) to: Option<Instant>,
}
