//! `payme match`: from two files without a database, or from the database.

use std::path::Path;

use payme::catalog::{CatalogIndex, parse_settlements};
use payme::driver::{BatchProgress, BatchReport, MatchOptions, ShownMatch, match_each};
use payme::evidence::{UserFeatures, parse_features};
use payme::matching::{MatchScope, Variant, assign};
use payme::ranking::{MatchRequest, MatchResult};
use payme::types::UserId;

use super::args::{Global, MatchArgs};
use super::empty::{self, NO_SETTLEMENTS};
use super::error::CliError;
use super::results::{below, head, tables};
use super::{Finding, clock, input, open, output, progress};

/// People who are matched from files before their outcomes are written.
const PAGE: usize = 1_024;

pub(crate) async fn run(global: &Global, args: &MatchArgs) -> Result<Finding, CliError> {
    match (&args.settlements, &args.features, args.user) {
        (Some(settlements), Some(features), _) => from_files(global, args, settlements, features),
        (_, _, Some(user)) => one_person(global, args, user).await,
        _ if args.all => everybody(global, args).await,
        _ => Err(CliError::new(
            "usage",
            "say whom to match: --user ID for one person or --all for everybody in the database, \
             or --settlements FILE with --features FILE to match from two files without one",
        )),
    }
}

fn from_files(
    global: &Global,
    args: &MatchArgs,
    settlements: &Path,
    features: &Path,
) -> Result<Finding, CliError> {
    let weights = input::weights(&args.ranker)?;
    let (settlements, some_refused) =
        input::rows_listed(settlements, args.keep_going, parse_settlements)?;
    let (people, more_refused) = input::rows_listed(features, args.keep_going, parse_features)?;
    let request = MatchRequest {
        // Each person has a variant of their own.
        variant: Variant::RulesOnly,
        weights,
        scope: MatchScope { now: clock(global).now(), include_closed: args.include_closed },
        top_n: args.top,
        near_misses: args.near_misses,
    };
    let index = CatalogIndex::new(settlements);
    let variant = |user: &UserFeatures| {
        args.variant.unwrap_or_else(|| assign(user.person().user_id, &args.key))
    };
    let (bar, total) = (progress::people_beside_data(global), people.len());
    let (mut people, mut done) = (people.into_iter(), 0);
    // So many at a time: their outcomes are written before the next are matched.
    let pages = std::iter::from_fn(|| {
        progress::show(&bar, BatchProgress { done, total });
        let page: Vec<_> = people
            .by_ref()
            .take(PAGE)
            .map(|user| {
                let own = variant(&user);
                (user, own)
            })
            .collect();
        done += page.len();
        (!page.is_empty()).then(|| match_each(&index, page, &request))
    });
    let written = output::stream(global, pages.flatten().map(|(_, outcome)| outcome), |outcome| {
        let head = head(outcome.user_id, outcome.variant, outcome.candidate_count);
        let find = |id| index.find(id).and_then(|ix| index.get(ix));
        let near = outcome.near_misses.as_deref();
        below(&head, &tables(&outcome.results, near, find, |_| None))
    });
    bar.finish_and_clear();
    written?;
    Ok(if some_refused || more_refused { Finding::Refused } else { Finding::Fine })
}

fn options(args: &MatchArgs) -> Result<MatchOptions, CliError> {
    Ok(MatchOptions {
        experiment_key: args.key.clone(),
        variant: args.variant,
        weights: input::weights(&args.ranker)?,
        top_n: args.top,
        include_closed: args.include_closed,
        near_misses: args.near_misses,
    })
}

async fn one_person(global: &Global, args: &MatchArgs, user: UserId) -> Result<Finding, CliError> {
    let options = options(args)?;
    let payme = open(global).await?;
    let matched = payme.match_stored_user(user, &options).await;
    let shown = payme.shown(empty::hinted(global, payme, matched).await?).await?;
    if shown.settlements.is_empty() {
        empty::note(global, NO_SETTLEMENTS);
    }
    output::value(global, &shown.to_json(), || table_of(&shown, usize::MAX))?;
    Ok(Finding::Fine)
}

/// The table of so many results and near misses.
pub(crate) fn table_of(shown: &ShownMatch, most: usize) -> String {
    let run = &shown.matched.run;
    let head = head(run.user_id, run.variant, run.candidate_count);
    let first = |results: &'_ [MatchResult]| -> Vec<MatchResult> {
        results.iter().take(most).cloned().collect()
    };
    let tables = tables(
        &first(&run.results),
        shown.matched.near_misses.as_deref().map(first).as_deref(),
        |id| shown.settlements.get(&id),
        |id| shown.preference(id),
    );
    below(&head, &tables)
}

async fn everybody(global: &Global, args: &MatchArgs) -> Result<Finding, CliError> {
    let options = options(args)?;
    let payme = open(global).await?;
    let bar = progress::people(global);
    let report = payme.match_everybody(&options, args.restart, |at| progress::show(&bar, at)).await;
    bar.finish_and_clear();
    let report = report?;
    empty::note_without_people(global, payme).await?;
    output::value(global, &report, || {
        let resumed = match report.resumed_after {
            0 => String::new(),
            n => format!(" (taken up after {n})"),
        };
        let BatchReport { done, started, result_count, .. } = &report;
        format!(
            "matched {}{resumed} as of {started}; results stored now: {result_count}",
            output::people(*done),
        )
    })?;
    Ok(Finding::Fine)
}
