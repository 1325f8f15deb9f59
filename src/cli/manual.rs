//! `payme completions` and `payme man`: made from the same description as `--help`.

use std::io;

use clap::CommandFactory as _;

use super::Finding;
use super::args::{Cli, CompletionsArgs, ManArgs};
use super::error::CliError;
use super::output::line;

pub(crate) fn completions(args: &CompletionsArgs) -> Result<Finding, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "payme", &mut script);
    line(String::from_utf8_lossy(&script).trim_end())?;
    Ok(Finding::Fine)
}

pub(crate) fn man(args: &ManArgs) -> Result<Finding, CliError> {
    let failed = |error: io::Error| {
        CliError::new("manual", format!("cannot write the manual page: {error}"))
    };
    match &args.out {
        Some(folder) => {
            std::fs::create_dir_all(folder).map_err(failed)?;
            clap_mangen::generate_to(Cli::command(), folder).map_err(failed)?;
        }
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(Cli::command()).render(&mut page).map_err(failed)?;
            line(String::from_utf8_lossy(&page).trim_end())?;
        }
    }
    Ok(Finding::Fine)
}
