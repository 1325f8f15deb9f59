//! Progress of work on many people: a bar on a terminal, nothing in a pipe.

use std::io::IsTerminal as _;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use payme::driver::BatchProgress;

use super::args::Global;

/// A bar that counts people; it draws to stderr.
pub(crate) fn people(global: &Global) -> ProgressBar {
    if global.quiet {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} people, {eta} left");
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// A bar that counts seeds.
pub(crate) fn seeds(global: &Global, count: u64) -> ProgressBar {
    if global.quiet {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(Some(count), ProgressDrawTarget::stderr());
    match ProgressStyle::with_template("{bar:40} {pos}/{len} seeds, {eta} left") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// The same for work whose data is written meanwhile: none where that goes to the terminal, too.
pub(crate) fn people_beside_data(global: &Global) -> ProgressBar {
    if std::io::stdout().is_terminal() { ProgressBar::hidden() } else { people(global) }
}

/// Moves a bar to where the work is.
pub(crate) fn show(bar: &ProgressBar, BatchProgress { done, total }: BatchProgress) {
    bar.set_length(u64::try_from(total).unwrap_or(u64::MAX));
    bar.set_position(u64::try_from(done).unwrap_or(u64::MAX));
}

/// A bar that counts what is done of so many.
pub(crate) fn count(global: &Global, total: usize, what: &str) -> ProgressBar {
    if global.quiet {
        return ProgressBar::hidden();
    }
    let total = u64::try_from(total).unwrap_or(u64::MAX);
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
    match ProgressStyle::with_template(&format!("{{bar:40}} {{pos}}/{{len}} {what}, {{eta}} left"))
    {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// A counter of work whose end is not known before.
pub(crate) fn spinner(global: &Global, what: &str) -> ProgressBar {
    if global.quiet {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    match ProgressStyle::with_template(&format!("{{spinner}} {{pos}} {what}, {{elapsed}}")) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
