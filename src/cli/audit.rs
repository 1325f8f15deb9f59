//! `payme audit`: the log of payouts, read, checked, sealed and exported.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use csv::WriterBuilder;
use payme::Payme;
use payme::audit::{Link, LogFilter, LogPlace, Seal};
use payme::files::{csv_io_error, guarded};
use payme::types::{AccountId, Instant, hex};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::args::{AuditArgs, AuditWhat, Format, Global, LogFilterArgs};
use super::error::CliError;
use super::out::{OutFile, unwritable};
use super::{Finding, open, output, progress};

/// So many facts are read at a time.
const PAGE: usize = 1_000;
/// The columns of an export, in their order.
const COLUMNS: [&str; 12] = [
    "at",
    "account_id",
    "sequence",
    "kind",
    "settlement_id",
    "batch_id",
    "transfer_id",
    "user_id",
    "amount_cents",
    "failure_reason",
    "fact",
    "hash",
];
/// The columns that show a member of the fact: those between `sequence` and `fact`.
const MEMBERS: std::ops::Range<usize> = 3..10;

pub(crate) async fn run(global: &Global, args: &AuditArgs) -> Result<Finding, CliError> {
    match &args.what {
        AuditWhat::Log { filter, limit, after } => {
            log(global, filter, *limit, after.as_deref()).await?;
        }
        AuditWhat::Verify => return verify(global).await,
        AuditWhat::Seal => {
            let sealed = open(global).await?.audit().seal().await?;
            let told = sealed.as_ref().map(seal_json);
            output::value(global, &told, || match &sealed {
                Some(seal) => format!("seal {}: {}", seal.sequence, hex(&seal.root)),
                None => "nothing happened since the last seal".to_owned(),
            })?;
        }
        AuditWhat::Export { filter, out } => export(global, filter, out.as_deref()).await?,
    }
    Ok(Finding::Fine)
}

fn seal_json(seal: &Seal) -> Value {
    json!({"seal": seal.sequence, "at": seal.at, "root": hex(&seal.root),
        "logs": seal.heads.len()})
}

/// An entry of a log as it is shown.
#[derive(Serialize)]
struct Entry<'a> {
    at: Instant,
    account_id: AccountId,
    sequence: u64,
    fact: &'a RawValue,
    hash: String,
}

/// The JSON text of a stored fact, as it was hashed.
fn entry(link: &Link) -> Result<Entry<'_>, CliError> {
    let fact = serde_json::from_str(&link.body).map_err(|_| {
        let Link { account_id, sequence, .. } = link;
        let message = format!(
            "entry {sequence} of the log of account {account_id} cannot be \
                               read: run `payme audit verify`"
        );
        CliError::new("audit_body", message)
    })?;
    let Link { at, account_id, sequence, hash, .. } = link;
    let (at, account_id, sequence) = (*at, *account_id, *sequence);
    Ok(Entry { at, account_id, sequence, fact, hash: hex(hash) })
}

async fn log(
    global: &Global,
    args: &LogFilterArgs,
    limit: usize,
    after: Option<&str>,
) -> Result<(), CliError> {
    if limit == 0 {
        return Err(CliError::new("usage", "--limit is 0: ask for at least one"));
    }
    let after = after.map(place).transpose()?;
    let payme = open(global).await?;
    let filter = filter(payme, args).await?;
    // One more than is shown says whether there is a next page.
    let mut links = payme.audit().facts(&filter, after, limit.saturating_add(1)).await?;
    let has_more = links.len() > limit;
    links.truncate(limit);
    let next = links.last().filter(|_| has_more).map(|link| place_text(&link.place()));
    let entries: Vec<Entry<'_>> = links.iter().map(entry).collect::<Result<_, _>>()?;
    if global.format == Format::Jsonl {
        output::list(global, &entries, String::new)?;
        if let Some(next) = next.filter(|_| !global.quiet) {
            eprintln!("more: --after {next}");
        }
        return Ok(());
    }
    output::value(global, &json!({"entries": entries, "next": next}), || {
        let rows = entries.iter().map(|entry| {
            let fact = serde_json::from_str(entry.fact.get()).unwrap_or_default();
            let [kind, rest] = in_words(&fact);
            vec![entry.at.to_string(), entry.sequence.to_string(), kind, rest]
        });
        let table = output::table(&["at", "entry", "fact", ""], rows);
        match &next {
            Some(next) => format!("{table}\nmore: --after {next}"),
            None => table,
        }
    })
}

/// A fact for people: its kind, and its members.
fn in_words(fact: &Value) -> [String; 2] {
    let members = fact.as_object().into_iter().flatten();
    let told = members.filter(|(name, value)| *name != "kind" && !value.is_null());
    let told = told.map(|(name, _)| format!("{name}={}", member(fact, name)));
    [member(fact, "kind").replace('_', " "), told.collect::<Vec<_>>().join(" ")]
}

/// A member of a fact as text; empty where there is none.
fn member(fact: &Value, name: &str) -> String {
    match fact.get(name) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
    }
}

async fn filter(payme: &Payme, args: &LogFilterArgs) -> Result<LogFilter, CliError> {
    let account_id = match args.settlement {
        None => None,
        Some(settlement) => {
            let account = payme.store().account_of(settlement).await?;
            let unlinked = || {
                let message = "no account is linked to this settlement: nothing was logged of it";
                CliError::new("account_not_linked", message)
            };
            Some(account.ok_or_else(unlinked)?.id)
        }
    };
    if let (Some(from), Some(to)) = (args.from, args.to)
        && from >= to
    {
        let message = "--from is not before --to: nothing can be between them";
        return Err(CliError::new("reversed_range", message));
    }
    Ok(LogFilter { account_id, from: args.from, to: args.to })
}

/// A place as it is written behind `--after`.
fn place_text(place: &LogPlace) -> String {
    format!("{}/{}/{}", place.at, place.account_id, place.sequence)
}

fn place(text: &str) -> Result<LogPlace, CliError> {
    let read = || {
        let mut parts = text.split('/');
        let (at, account_id, sequence) = (parts.next()?, parts.next()?, parts.next()?);
        let (at, account_id) = (Instant::parse(at).ok()?, account_id.parse().ok()?);
        let sequence = sequence.parse().ok()?;
        parts.next().is_none().then_some(LogPlace { at, account_id, sequence })
    };
    let message = "--after: not a place that a page ended with";
    read().ok_or_else(|| CliError::new("invalid_cursor", message))
}

async fn verify(global: &Global) -> Result<Finding, CliError> {
    let payme = open(global).await?;
    let bar = progress::spinner(global, "entries");
    let report = payme.audit().verify(|facts| bar.inc(facts)).await?;
    bar.finish_and_clear();
    let findings: Vec<Value> = report
        .findings
        .iter()
        .map(|finding| json!({"code": finding.code(), "message": finding.to_string()}))
        .collect();
    let told = json!({"accounts": report.accounts, "entries": report.facts,
        "seals": report.seals, "newest_seal": report.newest.as_ref().map(seal_json),
        "findings": findings});
    output::value(global, &told, || {
        let counts = format!(
            "{} entries in the logs of {} {}, {} seals",
            report.facts,
            report.accounts,
            if report.accounts == 1 { "account" } else { "accounts" },
            report.seals
        );
        let mut lines: Vec<String> =
            report.findings.iter().map(|finding| format!("wrong: {finding}")).collect();
        lines.push(match lines.len() {
            0 => format!("{counts}: all is as it was written"),
            1 => format!("{counts}: one thing is wrong"),
            n => format!("{counts}: {n} things are wrong, the first of them above"),
        });
        lines.join("\n")
    })?;
    Ok(if report.findings.is_empty() { Finding::Fine } else { Finding::Refused })
}

async fn export(global: &Global, args: &LogFilterArgs, out: Option<&Path>) -> Result<(), CliError> {
    let payme = open(global).await?;
    let filter = filter(payme, args).await?;
    match out {
        None => match entries(payme, &filter, Writer::new(global.format, io::stdout())).await {
            // A reader that went away is no error.
            Err(Failed::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            Err(Failed::Write(error)) => {
                Err(CliError::new("output", format!("stdout: cannot be written: {error}")))
            }
            Err(Failed::Read(error)) => Err(error),
            Ok(_) => Ok(()),
        },
        Some(path) => {
            let mut file = OutFile::create(global, path)?;
            let writer = Writer::new(global.format, &mut file);
            let count = entries(payme, &filter, writer).await.map_err(|failed| match failed {
                Failed::Read(error) => error,
                Failed::Write(error) => unwritable(path, &error),
            })?;
            file.finish().map_err(|error| unwritable(path, &error))?;
            if !global.quiet {
                eprintln!("{}: {count} entries", path.display());
            }
            Ok(())
        }
    }
}

/// Why an export did not come to its end.
enum Failed {
    Read(CliError),
    Write(io::Error),
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        Self::Write(error)
    }
}

/// Writes all entries that a filter lets through, and says how many there are.
async fn entries<W: Write>(
    payme: &Payme,
    filter: &LogFilter,
    writer: io::Result<Writer<W>>,
) -> Result<usize, Failed> {
    let mut writer = writer?;
    let mut after = None;
    let mut count = 0_usize;
    loop {
        let found = payme.audit().facts(filter, after, PAGE).await;
        let links = found.map_err(|error| Failed::Read(error.into()))?;
        let Some(last) = links.last() else { break };
        after = Some(last.place());
        count += links.len();
        for link in &links {
            writer.write(&entry(link).map_err(Failed::Read)?)?;
        }
    }
    writer.finish()?;
    Ok(count)
}

/// Writes entries as they come, so that not all of them are held.
enum Writer<W: Write> {
    Csv(Box<csv::Writer<W>>),
    Json { out: BufWriter<W>, is_array: bool, count: usize },
}

impl<W: Write> Writer<W> {
    fn new(format: Format, sink: W) -> io::Result<Self> {
        match format {
            Format::Table | Format::Csv => {
                let mut writer = WriterBuilder::new().from_writer(sink);
                writer.write_record(COLUMNS).map_err(csv_io_error)?;
                Ok(Self::Csv(Box::new(writer)))
            }
            Format::Json | Format::Jsonl => {
                let is_array = format == Format::Json;
                Ok(Self::Json { out: BufWriter::new(sink), is_array, count: 0 })
            }
        }
    }

    fn write(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        match self {
            Self::Csv(writer) => {
                let fact: Value = serde_json::from_str(entry.fact.get())?;
                let mut cells = vec![
                    entry.at.to_string(),
                    entry.account_id.to_string(),
                    entry.sequence.to_string(),
                ];
                let members = COLUMNS.get(MEMBERS).unwrap_or_default();
                // What a rail wrote may look like a formula; ids, numbers and our own words do not.
                cells.extend(members.iter().map(|name| guarded(&member(&fact, name)).into_owned()));
                cells.extend([entry.fact.get().to_owned(), entry.hash.clone()]);
                writer.write_record(cells).map_err(csv_io_error)
            }
            Self::Json { out, is_array, count } => {
                let before: &[u8] = match (*is_array, *count) {
                    (false, _) => b"",
                    (true, 0) => b"[\n",
                    (true, _) => b",\n",
                };
                out.write_all(before)?;
                serde_json::to_writer(&mut *out, entry)?;
                *count += 1;
                if *is_array { Ok(()) } else { out.write_all(b"\n") }
            }
        }
    }

    fn finish(self) -> io::Result<()> {
        match self {
            Self::Csv(mut writer) => writer.flush(),
            Self::Json { mut out, is_array, count } => {
                match (is_array, count) {
                    (false, _) => {}
                    (true, 0) => out.write_all(b"[]\n")?,
                    (true, _) => out.write_all(b"\n]\n")?,
                }
                out.flush()
            }
        }
    }
}

impl From<payme::driver::AuditError> for CliError {
    fn from(error: payme::driver::AuditError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}
