//! How often the engine is right: precision, recall and abstention on made-up cases.
//!
//! In: the names of campaigns on the command line, or none for all of them. Out: a table of
//! figures with the bounds they are held to; the exit code is 1 when one is missed.
//! `PAYME_BENCH_SMALL=1` and `--test` take few cases.

mod campaigns;

use std::process::ExitCode;

use campaigns::figure::{Bound, Figure, Size};
use campaigns::{CAMPAIGNS, Campaign};

fn main() -> ExitCode {
    let (options, names): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|argument| argument.starts_with('-'));
    let is_small = std::env::var_os("PAYME_BENCH_SMALL").is_some()
        || options.iter().any(|option| option == "--test");
    let size = if is_small { Size::Small } else { Size::Full };
    let wanted =
        |campaign: &&Campaign| names.is_empty() || names.iter().any(|n| n == campaign.name);
    let mut all_hold = true;
    for campaign in CAMPAIGNS.iter().filter(wanted) {
        println!("{}: {}", campaign.name, campaign.about);
        for figure in (campaign.run)(size) {
            all_hold &= figure.holds();
            println!("{}", line(&figure));
        }
    }
    if all_hold { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn line(figure: &Figure) -> String {
    let bound = match figure.bound {
        Bound::AtLeast(least) => format!("at least {least}"),
        Bound::AtMost(most) => format!("at most {most}"),
        Bound::Told => String::new(),
    };
    let missed = if figure.holds() { "" } else { "  MISSED" };
    let Figure { name, value, cases, .. } = figure;
    format!("  {name:<64} {value:>9.4} of {cases:>8}  {bound}{missed}")
}
