//! `payme transactions`: a person's bank records, as they see, search and correct them.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};

use payme::evidence::{
    AmountRange, CorrectionEdit, Cursor, DateRange, DuplicateSuggestion, Edit, EntrySource, Filter,
    FilterError, LedgerEntry, Query, SearchIndex, ToldAnomaly, ToldStream, duplicates, page,
};
use payme::files::write_transactions_csv;
use payme::types::{Currency, Money, RecordId};
use serde::Serialize;
use serde_json::json;

use super::args::{CorrectArgs, FilterArgs, Format, Global, TransactionsArgs, TransactionsWhat};
use super::error::CliError;
use super::out::{OutFile, unwritable};
use super::{Finding, open, output};

pub(crate) async fn run(global: &Global, args: &TransactionsArgs) -> Result<Finding, CliError> {
    match &args.what {
        TransactionsWhat::List { filter, limit, after } => {
            list(global, filter, *limit, after.as_deref()).await?;
        }
        TransactionsWhat::Search { filter, query, limit } => {
            search(global, filter, query, *limit).await?;
        }
        TransactionsWhat::Correct(args) => correct(global, args).await?,
        TransactionsWhat::Export { filter, out } => export(global, filter, out.as_deref()).await?,
        TransactionsWhat::Duplicates(person) => {
            let payme = open(global).await?;
            let entries = payme.ledger(person.user).await?;
            let found = duplicates(&entries);
            let shown = by_id(entries);
            output::list(global, &found, || duplicates_table(&found, &shown))?;
        }
        TransactionsWhat::Recurring(person) => {
            let found = open(global).await?.recurring(person.user).await?;
            output::list(global, &found, || recurring_table(&found))?;
        }
        TransactionsWhat::Anomalies(person) => {
            let payme = open(global).await?;
            let found = payme.anomalies(person.user).await?;
            let shown = by_id(payme.ledger(person.user).await?);
            output::list(global, &found, || anomalies_table(&found, &shown))?;
        }
    }
    Ok(Finding::Fine)
}

fn by_id(entries: Vec<LedgerEntry>) -> BTreeMap<RecordId, LedgerEntry> {
    entries.into_iter().map(|entry| (entry.id(), entry)).collect()
}

async fn list(
    global: &Global,
    filter: &FilterArgs,
    limit: usize,
    after: Option<&str>,
) -> Result<(), CliError> {
    let wanted = filter_of(filter)?;
    let limit = std::num::NonZeroUsize::new(limit)
        .ok_or_else(|| CliError::new("usage", "--limit is 0: ask for at least one"))?;
    let after = after.map(str::parse::<Cursor>).transpose()?;
    let entries = open(global).await?.ledger(filter.user).await?;
    let page = page(&entries, &wanted, after, limit);
    let next = page.next.map(|cursor| cursor.to_string());
    match global.format {
        Format::Jsonl => {
            output::list(global, &page.entries, String::new)?;
            if let Some(next) = next.filter(|_| !global.quiet) {
                eprintln!("more: --after {next}");
            }
            Ok(())
        }
        Format::Table | Format::Csv | Format::Json => {
            let told = json!({"transactions": page.entries, "next": next});
            output::value(global, &told, || {
                let table = entries_table(page.entries.iter().copied());
                match &next {
                    Some(next) => format!("{table}\nmore: --after {next}"),
                    None => table,
                }
            })
        }
    }
}

/// An entry that a search found, and how well.
#[derive(Serialize)]
struct Found<'a> {
    score: f64,
    #[serde(flatten)]
    entry: &'a LedgerEntry,
}

async fn search(
    global: &Global,
    filter: &FilterArgs,
    query: &str,
    limit: usize,
) -> Result<(), CliError> {
    let wanted = filter_of(filter)?;
    let query = Query::parse(query).map_err(|error| coded(error.code(), &error))?;
    let entries = open(global).await?.ledger(filter.user).await?;
    let hits = SearchIndex::new(&entries).search(&query);
    let entries = by_id(entries);
    let found: Vec<Found<'_>> = hits
        .iter()
        .filter_map(|hit| Some(Found { score: hit.score, entry: entries.get(&hit.id)? }))
        .filter(|found| wanted.admits(found.entry))
        .take(limit)
        .collect();
    output::list(global, &found, || entries_table(found.iter().map(|found| found.entry)))
}

async fn correct(global: &Global, args: &CorrectArgs) -> Result<(), CliError> {
    let edit = |set: &Option<String>, clear: bool| match set {
        Some(text) => Edit::Set(text.clone()),
        None if clear => Edit::Clear,
        None => Edit::Keep,
    };
    let edit = CorrectionEdit {
        merchant: edit(&args.merchant, args.no_merchant),
        category: edit(&args.category, args.no_category),
        note: edit(&args.note, args.no_note),
    };
    if edit == CorrectionEdit::default() {
        let message = "nothing is corrected: give --merchant, --category or --note, or take one \
                       back with --no-merchant, --no-category or --no-note";
        return Err(CliError::new("empty_correction", message));
    }
    let report = open(global).await?.correct(args.user, args.record, edit).await?;
    output::value(global, &report, || {
        let mut words = vec![if report.changed { "corrected" } else { "unchanged" }.to_owned()];
        for (count, what) in
            [(report.features_written, "features written"), (report.features_gone, "features gone")]
        {
            if count > 0 {
                words.push(format!("{count} {what}"));
            }
        }
        if let Some(learned) = &report.learned {
            words.push(format!("{} aliases learned from everybody's corrections", learned.learned));
        }
        words.join(", ")
    })
}

async fn export(
    global: &Global,
    filter: &FilterArgs,
    out: Option<&std::path::Path>,
) -> Result<(), CliError> {
    let wanted = filter_of(filter)?;
    let mut entries = open(global).await?.ledger(filter.user).await?;
    entries.retain(|entry| wanted.admits(entry));
    let written = match out {
        None => write_entries(global, &entries, io::stdout().lock()),
        Some(path) => {
            let mut file = OutFile::create(global, path)?;
            write_entries(global, &entries, &mut file).and_then(|()| file.finish())
        }
    };
    match (written, out) {
        (Err(error), None) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        (Err(error), None) => {
            Err(CliError::new("output", format!("cannot write to stdout: {error}")))
        }
        (Err(error), Some(path)) => Err(unwritable(path, &error)),
        (Ok(()), Some(path)) if !global.quiet => {
            eprintln!("{}: {} transactions", path.display(), entries.len());
            Ok(())
        }
        (Ok(()), _) => Ok(()),
    }
}

fn write_entries(global: &Global, entries: &[LedgerEntry], out: impl Write) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    match global.format {
        Format::Table | Format::Csv => write_transactions_csv(entries, &mut out)?,
        Format::Json => {
            serde_json::to_writer_pretty(&mut out, entries)?;
            writeln!(out)?;
        }
        Format::Jsonl => {
            for entry in entries {
                serde_json::to_writer(&mut out, entry)?;
                writeln!(out)?;
            }
        }
    }
    out.flush()
}

fn filter_of(args: &FilterArgs) -> Result<Filter, CliError> {
    let amount = |text: &Option<String>| match text {
        None => Ok(None),
        Some(text) => Money::parse_plain(text, args.currency.unwrap_or(Currency::USD))
            .map(Some)
            .map_err(|error| CliError::new("malformed_amount", error.to_string())),
    };
    let (least, most) = (amount(&args.min_amount)?, amount(&args.max_amount)?);
    let amounts = match (least, most) {
        (None, None) => None,
        _ => Some(AmountRange::new(least, most)?),
    };
    let source = match args.source.as_deref() {
        None => None,
        Some(word) => Some(EntrySource::parse(word).ok_or_else(|| {
            let words = EntrySource::ALL.map(EntrySource::as_str).join(" or ");
            CliError::new("usage", format!("--source: expected {words}"))
        })?),
    };
    let pending = match args.pending.as_deref() {
        None => None,
        Some("yes") => Some(true),
        Some("no") => Some(false),
        Some(_) => return Err(CliError::new("usage", "--pending: expected yes or no")),
    };
    Ok(Filter {
        dates: DateRange::new(args.from, args.to)?,
        categories: args.categories.clone(),
        sources: source.into_iter().collect(),
        accounts: args.account.iter().cloned().collect(),
        amounts,
        pending,
        text: None,
    })
}

fn coded(code: &'static str, error: &impl std::fmt::Display) -> CliError {
    CliError::new(code, error.to_string())
}

impl From<FilterError> for CliError {
    fn from(error: FilterError) -> Self {
        coded(error.code(), &error)
    }
}

fn entries_table<'a>(entries: impl IntoIterator<Item = &'a LedgerEntry>) -> String {
    let rows = entries.into_iter().map(|entry| {
        vec![
            entry.date().to_string(),
            amount(entry.amount()),
            entry.merchant.clone(),
            entry.category.clone().unwrap_or_default(),
            entry.note.clone().unwrap_or_default(),
            if entry.transaction.pending { "pending" } else { "" }.to_owned(),
            entry.id().to_string(),
        ]
    });
    output::table(&["date", "amount", "merchant", "category", "note", "", "id"], rows)
}

fn amount(amount: Option<Money>) -> String {
    amount.map_or_else(String::new, |money| money.to_string())
}

/// A record in a few words.
fn words(shown: &BTreeMap<RecordId, LedgerEntry>, id: RecordId) -> String {
    shown.get(&id).map_or_else(
        || id.to_string(),
        |entry| format!("{} {} {}", entry.date(), amount(entry.amount()), entry.merchant),
    )
}

fn duplicates_table(
    found: &[DuplicateSuggestion],
    shown: &BTreeMap<RecordId, LedgerEntry>,
) -> String {
    let lines = found.iter().map(|one| {
        let DuplicateSuggestion { first, second, score, rests_on, would_change, .. } = one;
        format!(
            "{score:.2} may be one purchase\n  {first} {}\n  {second} {}\n  {rests_on}\n  \
             {would_change}",
            words(shown, *first),
            words(shown, *second),
        )
    });
    let lines: Vec<String> = lines.collect();
    if lines.is_empty() { "no duplicates".to_owned() } else { lines.join("\n\n") }
}

pub(crate) fn recurring_table(found: &[ToldStream]) -> String {
    let rows = found.iter().map(|stream| {
        vec![
            stream.merchant.clone(),
            stream.cadence.replace('_', " "),
            stream.last_amount.clone(),
            stream.records.len().to_string(),
            stream.missed.len().to_string(),
            stream.status.replace('_', " "),
            stream.next_expected.map_or_else(String::new, |day| day.to_string()),
            format!("{:.2}", stream.confidence),
        ]
    });
    let header =
        ["merchant", "how often", "last amount", "charges", "missed", "status", "next", "sure"];
    let table = output::table(&header, rows);
    let because = found.iter().map(|stream| {
        let prices = stream.price_changes.iter();
        let prices = prices.map(|one| format!("On {} {} became {}.", one.date, one.from, one.to));
        let said: Vec<String> = prices.chain(stream.because.iter().cloned()).collect();
        format!("{}: {}", stream.merchant, said.join(" "))
    });
    std::iter::once(table).chain(because).collect::<Vec<_>>().join("\n")
}

fn anomalies_table(found: &[ToldAnomaly], shown: &BTreeMap<RecordId, LedgerEntry>) -> String {
    let lines: Vec<String> = found
        .iter()
        .map(|one| {
            let reasons = one.reasons.iter().map(|reason| format!("  {}", reason.sentence));
            let reasons = reasons.collect::<Vec<_>>().join("\n");
            format!("{:.2} {}\n{reasons}", one.score, words(shown, one.record))
        })
        .collect();
    if lines.is_empty() { "nothing unusual".to_owned() } else { lines.join("\n\n") }
}
