//! `payme reverse`: who of the people in the database qualifies for a settlement, stored or just
//! announced in a file.

use payme::catalog::{Settlement, parse_settlements};
use payme::driver::{BatchProgress, MatchOptions};
use payme::matching::Variant;
use payme::ranking::{QUALIFY_VARIANT, Qualified, Qualifier};
use payme::types::SettlementId;
use serde_json::json;

use super::args::{Global, ReverseArgs};
use super::error::CliError;
use super::results::{because, lacking};
use super::{Finding, empty, input, open, output, progress};

pub(crate) async fn run(global: &Global, args: &ReverseArgs) -> Result<Finding, CliError> {
    let options = MatchOptions {
        variant: args.variant,
        weights: input::weights(&args.ranker)?,
        top_n: args.limit,
        include_closed: args.include_closed,
        near_misses: args.near_misses,
        ..MatchOptions::default()
    };
    let stored = args.settlement.to_str().and_then(|text| text.parse::<SettlementId>().ok());
    match stored {
        Some(id) => one(global, id, &options).await,
        None => many(global, args, &options).await,
    }
}

async fn one(
    global: &Global,
    id: SettlementId,
    options: &MatchOptions,
) -> Result<Finding, CliError> {
    let payme = open(global).await?;
    let bar = progress::people(global);
    let found = payme.reverse_stored(id, options, |at| progress::show(&bar, at)).await;
    bar.finish_and_clear();
    let found = empty::hinted(global, payme, found).await?;
    empty::note_without_people(global, payme).await?;
    output::value(global, &found, || table(&found, options))?;
    Ok(Finding::Fine)
}

async fn many(
    global: &Global,
    args: &ReverseArgs,
    options: &MatchOptions,
) -> Result<Finding, CliError> {
    let (settlements, some_refused) = announced(args)?;
    let payme = open(global).await?;
    let bar = progress::people(global);
    let show = |at: BatchProgress| progress::show(&bar, at);
    let found = payme.reverse(settlements, options, show).await;
    bar.finish_and_clear();
    let found = found?;
    empty::note_without_people(global, payme).await?;
    output::list(global, &found, || {
        if found.is_empty() {
            return format!("{}: no settlement in it", args.settlement.display());
        }
        found.iter().map(|one| table(one, options)).collect::<Vec<_>>().join("\n\n")
    })?;
    Ok(if some_refused { Finding::Refused } else { Finding::Fine })
}

/// The settlements of the file.
fn announced(args: &ReverseArgs) -> Result<(Vec<Settlement>, bool), CliError> {
    let path = &args.settlement;
    if !path.exists() {
        let message = format!(
            "{}: neither the id of a settlement (a UUID) nor a file: `payme match --near-misses` \
             tells ids",
            path.display()
        );
        let details = json!({"file": path.display().to_string()});
        return Err(CliError::new("file_missing", message).with_details(details));
    }
    input::rows_listed(path, args.keep_going, parse_settlements)
}

/// Who qualifies, for people.
pub(crate) fn table(found: &Qualified, options: &MatchOptions) -> String {
    let title = &found.title;
    if !found.considered {
        return format!("{title}: takes no claims now; --include-closed asks all the same");
    }
    let variant: Variant = options.variant.unwrap_or(QUALIFY_VARIANT);
    let Qualified { people, eligible_count, unknown_count, .. } = found;
    let mut out = vec![format!(
        "{title} ({variant}): of {} {eligible_count} eligible, {unknown_count} to ask",
        output::people(*people)
    )];
    let rows = |list: &[Qualifier], words: &dyn Fn(&Qualifier) -> String| -> Vec<Vec<String>> {
        let row = |one: &Qualifier| {
            vec![format!("{:.4}", one.result.score), words(one), one.user_id.to_string()]
        };
        list.iter().map(row).collect()
    };
    let because = |one: &Qualifier| because(&one.result.reasons);
    let lacking = |one: &Qualifier| lacking(&one.result);
    // A list that is cut to nothing has no table: its heading tells the count.
    let heading = |name: &str, count: usize, list: &[Qualifier]| match list.len() {
        0 if count > 0 => Some(format!("{name}: {count}, none of them listed")),
        0 => None,
        _ => Some(format!("{name}:")),
    };
    let more = |count: usize, list: &[Qualifier]| match count - list.len() {
        0 => None,
        _ if list.is_empty() => None,
        more => Some(format!(" and {more} more")),
    };
    out.extend(heading("eligible", *eligible_count, &found.eligible));
    if !found.eligible.is_empty() {
        let rows = rows(&found.eligible, &because);
        out.push(output::table(&["score", "because", "user"], rows));
    }
    out.extend(more(*eligible_count, &found.eligible));
    out.extend(heading("to ask", *unknown_count, &found.unknown));
    if !found.unknown.is_empty() {
        out.push(output::table(&["score", "missing", "user"], rows(&found.unknown, &lacking)));
        // One sentence may stand for many people.
        let mut asked: Vec<&str> = Vec::new();
        for sentence in found.unknown.iter().flat_map(|one| &one.ask) {
            if !asked.contains(&sentence.as_str()) {
                asked.push(sentence);
            }
        }
        out.extend(asked.into_iter().map(|sentence| format!("  {sentence}")));
    }
    out.extend(more(*unknown_count, &found.unknown));
    let (near, near_count) = (found.near_misses.as_deref(), found.near_miss_count);
    out.extend(near_count.and_then(|n| heading("nearly", n, near.unwrap_or_default())));
    if let Some(near) = near.filter(|near| !near.is_empty()) {
        out.push(output::table(&["score", "missing", "user"], rows(near, &lacking)));
    }
    out.extend(near_count.and_then(|count| more(count, near.unwrap_or_default())));
    out.join("\n")
}
