//! The `payme` command. Data goes to stdout, everything else to stderr; no rule lives here.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run(std::env::args_os())
}
