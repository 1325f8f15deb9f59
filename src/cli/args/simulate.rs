//! What can be written behind `payme simulate`.

use std::num::NonZeroU64;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Where the rows are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SimulatedStore {
    /// In memory
    Memory,
    /// In SQLite, too: both have to come to the same log
    Sqlite,
}

/// What is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SimulatedPlan {
    /// A few claimants for each seed, and everything that can go wrong
    Standard,
    /// One batch of many claimants for each seed, and a few things that go wrong
    Large,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  payme simulate --seeds 20000
  payme simulate --seeds 1 --from 70 --format json
  payme simulate --seeds 10000 --store sqlite
  payme simulate --plan large --seeds 1

A seed draws what goes wrong between several processes, a store and a rail, and what has to hold \
is checked after every change. The same seed gives the same answer. Seeds that once broke a law \
are run first. Exit code 1 where a law was broken; then the smallest schedule that was found is \
printed. No database is opened and no money moves.")]
pub(crate) struct SimulateArgs {
    /// How many seeds, at least 1 [default: 1000, or 1 of the large plan]
    #[arg(long, value_name = "N")]
    pub(crate) seeds: Option<NonZeroU64>,
    /// The first seed
    #[arg(long, value_name = "S", default_value_t = 0)]
    pub(crate) from: u64,
    /// How many threads, 1 to 1024 [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
    /// Where the rows are kept
    #[arg(long, value_enum, default_value = "memory")]
    pub(crate) store: SimulatedStore,
    /// What is run
    #[arg(long, value_enum, default_value = "standard")]
    pub(crate) plan: SimulatedPlan,
    /// With the large plan: how many claimants [default: 100000]
    #[arg(long, value_name = "N")]
    pub(crate) people: Option<usize>,
    /// Append the seeds that break a law to this file, with the law
    #[arg(long, value_name = "FILE")]
    pub(crate) keep: Option<PathBuf>,
}
