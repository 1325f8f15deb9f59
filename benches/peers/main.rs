//! PayMe beside its peers (DuckDB, pandas, faiss, rapidfuzz, PostgreSQL with pgvector and with
//! `pg_trgm`), in one run.
//!
//! In: the names of rows on the command line, or none for all of them. Out: a table of medians and
//! ratios, and the same in `target/peers/result.json`. Peers and PayMe take turns, and their
//! answers are compared each time. `cargo xtask peers` makes the Python environment that holds the
//! peers, `target/venv`, and runs this; without it nothing is timed.
//!
//! With `--test` everything runs once and only answers are looked at. `PAYME_BENCH_SMALL=1` takes
//! small worlds, and then PayMe is checked against the naive implementation even without peers.
#![expect(clippy::expect_used, reason = "a benchmark that fails should say where")]

mod bench;
mod columns;
#[expect(dead_code, reason = "each target uses a part of the descriptors")]
#[path = "../accuracy/campaigns/descriptors.rs"]
mod descriptors;
mod dots;
#[expect(dead_code, reason = "each target uses a part of it")]
#[path = "../naive/mod.rs"]
mod naive;
#[path = "../world/names.rs"]
mod names;
mod race;
mod report;
mod rows;
mod server;
mod town;
#[expect(dead_code, reason = "each target uses a part of the world")]
#[path = "../world/mod.rs"]
mod world;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use bench::Bench;
use rows::{ROWS, Row};

/// What has to be installed.
const REQUIREMENTS: &str = include_str!("requirements.txt");

fn main() -> ExitCode {
    let (options, names): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|argument| argument.starts_with('-'));
    let wanted: Vec<&Row> =
        ROWS.iter().filter(|row| names.is_empty() || names.iter().any(|n| n == row.name)).collect();
    let small = std::env::var_os("PAYME_BENCH_SMALL").is_some();
    let answers_only = options.iter().any(|option| option == "--test");
    let python = python();
    if python.is_none() {
        println!("the peers did not run: `cargo xtask peers` installs and runs them");
        if !small {
            return ExitCode::SUCCESS;
        }
    }
    let mut bench = Bench::new(python.as_deref(), target().join("peers"), small, answers_only);
    for row in wanted {
        println!("{}: {}", row.name, row.about);
        (row.run)(&mut bench);
    }
    bench.finish();
    ExitCode::SUCCESS
}

/// Cargo's target folder, wherever that is.
fn target() -> PathBuf {
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR"));
    scratch.parent().unwrap_or(scratch).to_path_buf()
}

/// The interpreter of the environment that was made from these very requirements.
fn python() -> Option<PathBuf> {
    let environment = target().join("venv");
    let made_from = std::fs::read_to_string(environment.join("requirements.txt")).ok()?;
    (made_from == REQUIREMENTS).then(|| environment.join("bin").join("python"))
}
