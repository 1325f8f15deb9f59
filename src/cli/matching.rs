//! `payme match`: from two files without a database, or from the database.

use std::collections::BTreeMap;
use std::path::Path;

use payme::Payme;
use payme::catalog::{CatalogIndex, Settlement, parse_settlements};
use payme::driver::{BatchProgress, BatchReport, MatchOptions, UserMatch, match_each};
use payme::evidence::{UserFeatures, parse_features};
use payme::matching::{MatchScope, Variant, assign};
use payme::ranking::{MatchRequest, MatchResult, Preference, display_order};
use payme::types::{SettlementId, UserId};
use serde_json::{Map, Value, json};

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
    let shown = Shown::new(payme, empty::hinted(global, payme, matched).await?).await?;
    if shown.settlements.is_empty() {
        empty::note(global, NO_SETTLEMENTS);
    }
    output::value(global, &shown.json(), || shown.table())?;
    Ok(Finding::Fine)
}

/// A stored run as a person is shown it.
pub(crate) struct Shown {
    pub(crate) matched: UserMatch,
    settlements: BTreeMap<SettlementId, Settlement>,
    preferences: BTreeMap<SettlementId, Preference>,
}

impl Shown {
    /// Puts the results into display order.
    pub(crate) async fn new(payme: &Payme, mut matched: UserMatch) -> Result<Self, CliError> {
        let said = payme.store().preferences(matched.run.user_id).await?;
        let preferences: BTreeMap<_, _> =
            said.into_iter().map(|said| (said.settlement_id, said)).collect();
        display_order(
            &mut matched.run.results,
            |result| result.settlement_id,
            |result| result.score,
            |id| preferences.get(&id).copied(),
        );
        let catalog = payme.store().catalog().await?;
        let settlements = catalog.into_iter().map(|(id, (_, settlement))| (id, settlement));
        Ok(Self { matched, settlements: settlements.collect(), preferences })
    }

    fn preference(&self, id: SettlementId) -> Option<Preference> {
        self.preferences.get(&id).copied()
    }

    pub(crate) fn title(&self, id: SettlementId) -> &str {
        self.settlements.get(&id).map_or("", |settlement| settlement.title.as_str())
    }

    fn json(&self) -> Value {
        let run = &self.matched.run;
        let with_titles = |results: &[MatchResult]| -> Vec<Value> {
            results.iter().map(|result| self.result_json(result)).collect()
        };
        let mut out = json!({
            "run_id": run.id,
            "user_id": run.user_id,
            "experiment_key": run.experiment_key,
            "variant": run.variant,
            "started": run.started,
            "candidate_count": run.candidate_count,
            "result_count": run.result_count,
            "results": with_titles(&run.results),
        });
        if let (Some(near), Value::Object(out)) = (&self.matched.near_misses, &mut out) {
            out.insert("near_misses".to_owned(), json!(with_titles(near)));
        }
        out
    }

    fn result_json(&self, result: &MatchResult) -> Value {
        let mut out = Map::new();
        out.insert("title".to_owned(), json!(self.title(result.settlement_id)));
        if let Some(said) = self.preference(result.settlement_id) {
            out.insert("starred".to_owned(), json!(said.starred));
            out.insert("pinned".to_owned(), json!(said.pinned));
        }
        if let Ok(Value::Object(fields)) = serde_json::to_value(result) {
            out.extend(fields);
        }
        Value::Object(out)
    }

    /// The table of all results.
    fn table(&self) -> String {
        self.table_of(usize::MAX)
    }

    /// The table of so many results and near misses.
    pub(crate) fn table_of(&self, most: usize) -> String {
        let run = &self.matched.run;
        let head = head(run.user_id, run.variant, run.candidate_count);
        let first = |results: &'_ [MatchResult]| -> Vec<MatchResult> {
            results.iter().take(most).cloned().collect()
        };
        let tables = tables(
            &first(&run.results),
            self.matched.near_misses.as_deref().map(first).as_deref(),
            |id| self.settlements.get(&id),
            |id| self.preference(id),
        );
        below(&head, &tables)
    }
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
