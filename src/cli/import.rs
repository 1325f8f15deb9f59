//! `payme import`: take in settlements, records and features.

use std::path::Path;

use payme::catalog::parse_settlements;
use payme::driver::{CatalogReport, EvidenceReport, FeaturesReport, MerchantReport};
use payme::evidence::{parse_features, parse_merchants};
use payme::files::{CsvMapping, RecordFile, read_messages, read_transactions_with};
use payme::types::json::{Refusal, Rows};
use payme::types::{Source, UserId};
use serde::Serialize;
use serde_json::Value;

use super::args::{FileArgs, Global, ImportArgs, ImportWhat, RecordArgs, TransactionFileArgs};
use super::error::{CliError, refusal_json};
use super::{Finding, clock, input, open, output, tracker};

/// What an import did, with the rows it refused.
#[derive(Serialize)]
struct Report<T> {
    file: String,
    #[serde(flatten)]
    done: T,
    refused: Vec<Value>,
}

pub(crate) async fn run(global: &Global, args: &ImportArgs) -> Result<Finding, CliError> {
    match &args.what {
        ImportWhat::Settlements(args) => settlements(global, args).await,
        ImportWhat::Features(args) => features(global, args).await,
        ImportWhat::Tracker(args) => tracker::run(global, args).await,
        ImportWhat::Merchants(args) => merchants(global, args).await,
        ImportWhat::Transactions(args) => transactions(global, args).await,
        ImportWhat::Messages(args) => records(global, args, Source::Gmail, read_messages).await,
    }
}

async fn settlements(global: &Global, args: &FileArgs) -> Result<Finding, CliError> {
    let (taken, refused) = input::rows(&args.file, args.keep_going, parse_settlements)?;
    let payme = open(global).await?;
    let report = payme.import_settlements(taken).await?;
    finish(global, &args.file, report, &refused, |report: &CatalogReport| {
        vec![
            ("added", report.added),
            ("changed", report.changed),
            ("unchanged", report.unchanged),
            ("people_refreshed", report.people_refreshed),
        ]
    })
}

async fn features(global: &Global, args: &FileArgs) -> Result<Finding, CliError> {
    let (taken, refused) = input::rows(&args.file, args.keep_going, parse_features)?;
    let report = open(global).await?.import_features(taken).await?;
    finish(global, &args.file, report, &refused, |report: &FeaturesReport| {
        vec![("added", report.added), ("changed", report.changed), ("unchanged", report.unchanged)]
    })
}

async fn merchants(global: &Global, args: &FileArgs) -> Result<Finding, CliError> {
    let (taken, refused) = input::rows(&args.file, args.keep_going, parse_merchants)?;
    let report = open(global).await?.import_merchants(taken).await?;
    if !global.quiet {
        for pair in &report.near_duplicates {
            eprintln!(
                "{}",
                output::printable(&format!(
                    "nearly the same ({:.2}): {} and {}",
                    pair.similarity, pair.first, pair.second
                ))
            );
        }
    }
    finish(global, &args.file, report, &refused, |report: &MerchantReport| {
        vec![
            ("added", report.added),
            ("changed", report.changed),
            ("unchanged", report.unchanged),
            ("near_duplicates", report.near_duplicates.len()),
            ("people_refreshed", report.people_refreshed),
        ]
    })
}

async fn transactions(global: &Global, args: &TransactionFileArgs) -> Result<Finding, CliError> {
    let mapping = CsvMapping::parse(&args.mapping)
        .map_err(|error| CliError::new(error.code(), format!("--map: {error}")))?;
    // East of here it may be tomorrow already; what is later than that has not happened.
    let today = clock(global).now().date_utc();
    let mapping = mapping.with_latest(today.tomorrow().unwrap_or(today));
    let read = |bytes: &[u8], user| read_transactions_with(bytes, user, &mapping);
    records(global, &args.records, Source::Plaid, read).await
}

async fn records(
    global: &Global,
    args: &RecordArgs,
    source: Source,
    read: impl FnOnce(&[u8], UserId) -> Result<RecordFile, Refusal>,
) -> Result<Finding, CliError> {
    let FileArgs { file, keep_going } = &args.input;
    let parse = |bytes: &[u8]| {
        let RecordFile { pages, refused, .. } = read(bytes, args.user)?;
        Ok(Rows { taken: pages, refused })
    };
    let (pages, refused) = input::rows(file, *keep_going, parse)?;
    let payme = open(global).await?;
    let report = payme.import_records_and_state(args.user, args.state, source, pages).await?;
    finish(global, file, report, &refused, |report: &EvidenceReport| {
        vec![
            ("added", report.added),
            ("changed", report.changed),
            ("removed", report.removed),
            ("unchanged", report.unchanged),
            ("features_written", report.features_written),
            ("features_gone", report.features_gone),
        ]
    })
}

fn finish<T: Serialize>(
    global: &Global,
    file: &Path,
    done: T,
    refused: &[Refusal],
    counts: impl FnOnce(&T) -> Vec<(&'static str, usize)>,
) -> Result<Finding, CliError> {
    let mut figures = counts(&done);
    figures.push(("refused", refused.len()));
    let report = Report {
        file: file.display().to_string(),
        done,
        refused: refused.iter().map(refusal_json).collect(),
    };
    output::list_refused(file, refused);
    output::value(global, &report, || {
        let words: Vec<_> = figures
            .iter()
            .filter(|(_, count)| *count > 0)
            .map(|(name, count)| format!("{count} {}", name.replace('_', " ")))
            .collect();
        let words = if words.is_empty() { "nothing".to_owned() } else { words.join(", ") };
        format!("{}: {words}", report.file)
    })?;
    Ok(if refused.is_empty() { Finding::Fine } else { Finding::Refused })
}
