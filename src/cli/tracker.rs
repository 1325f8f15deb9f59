//! `payme import tracker`: exports of public trackers, and what changed since the last ones.

use std::path::PathBuf;

use payme::catalog::tracker::{
    Change, Differing, Outcome, RowReport, TrackerExport, TrackerReport, parse_tracker,
};
use payme::driver::TrackerImport;
use serde::Serialize;
use serde_json::Value;

use super::args::{Global, TrackerArgs};
use super::error::CliError;
use super::{Finding, clock, input, open, output};

/// What an import did, with the files it is about.
#[derive(Serialize)]
struct Told<'a> {
    files: Vec<String>,
    #[serde(flatten)]
    import: &'a TrackerImport,
}

pub(crate) async fn run(global: &Global, args: &TrackerArgs) -> Result<Finding, CliError> {
    // East of here it may be tomorrow already; what is later than that has not come.
    let today = clock(global).now().date_utc();
    let latest = today.tomorrow().unwrap_or(today);
    let mut exports = Vec::new();
    for path in &args.files {
        let wrong = |refusal| CliError::refused_file(path, &refusal);
        let file = parse_tracker(&input::bytes(path)?).map_err(wrong)?;
        let export = TrackerExport::new(&args.tracker, args.day, file, latest).map_err(wrong)?;
        exports.push(export);
    }
    let import = open(global).await?.import_trackers(&exports).await?;
    list_refused(&args.files, &exports, &import.report);
    let files = args.files.iter().map(|path| path.display().to_string()).collect();
    let told = Told { files, import: &import };
    output::value(global, &told, || table(&told))?;
    Ok(if import.report.counts.refused == 0 { Finding::Fine } else { Finding::Refused })
}

/// Lists refused rows on stderr, with the file each stands in: the rows of a report stand in the
/// order of the exports.
fn list_refused(files: &[PathBuf], exports: &[TrackerExport], report: &TrackerReport) {
    let mut rows = report.rows.iter();
    for (path, export) in files.iter().zip(exports) {
        for row in rows.by_ref().take(export.file.rows.len() + export.file.refused.len()) {
            let RowReport { line, path: place, outcome, .. } = row;
            if let Outcome::Refused { code, message } = outcome {
                let path = path.display();
                let text = format!("refused: {path}: line {line}: {place}: {message} ({code})");
                eprintln!("{}", output::printable(&text));
            }
        }
    }
}

fn table(told: &Told<'_>) -> String {
    let TrackerImport { catalog, report } = told.import;
    let counts = &report.counts;
    let figures = |figures: &[(usize, &str)]| {
        let some = figures.iter().filter(|(count, _)| *count > 0);
        let words: Vec<String> = some.map(|(count, name)| format!("{count} {name}")).collect();
        if words.is_empty() { "nothing".to_owned() } else { words.join(", ") }
    };
    let rows = figures(&[
        (counts.imported, "imported"),
        (counts.merged, "merged"),
        (counts.known, "known already"),
        (counts.unchanged, "unchanged"),
        (counts.superseded, "superseded"),
        (counts.refused, "refused"),
    ]);
    let settlements = figures(&[
        (catalog.added, "added"),
        (catalog.changed, "changed"),
        (catalog.people_refreshed, "people refreshed"),
    ]);
    let mut lines = vec![
        format!("{}: {} rows: {rows}", told.files.join(", "), report.rows.len()),
        format!("settlements: {settlements}"),
    ];
    let mut list = |name: &str, items: Vec<String>| {
        if !items.is_empty() {
            lines.push(format!("{name} ({}):", items.len()));
            lines.extend(items.into_iter().map(|item| format!("  {item}")));
        }
    };
    list("new", report.new.clone());
    list("gone", report.gone.clone());
    list("there again", report.returned.clone());
    list("there, but not readable", report.unreadable.clone());
    list("deadline moved", report.moved_deadlines.iter().map(change).collect());
    let unread = report.unread_deadlines.iter().map(|one| format!("{}: {}", one.row, one.text));
    list("deadline that could not be read", unread.collect());
    list("closed", report.closed.clone());
    list("open again", report.reopened.clone());
    list("changed otherwise", report.changed.iter().map(change).collect());
    list("sources disagree", report.disagreements.iter().map(differing).collect());
    let review = report.review.iter().map(|group| group.members.join(", "));
    list("perhaps the same, to be looked at", review.collect());
    let links = report.unconfirmed_links.len();
    if links > 0 {
        lines.push(format!("claim links that one source alone states: {links}"));
    }
    lines.join("\n")
}

/// What a settlement's sources differ about, and what became of it.
fn differing(one: &Differing) -> String {
    let about = one.disagreements.iter().map(|disagreement| {
        let values = disagreement.values.iter().map(|stated| short(&stated.value));
        let became = match disagreement.field.as_str() {
            _ if one.is_written => "kept as it was written",
            "status" => "open where any source says so",
            _ => "left unknown",
        };
        let values = values.collect::<Vec<_>>().join(" or ");
        format!("{}: {values} ({became})", disagreement.field)
    });
    format!("{}: {}", one.title, about.collect::<Vec<_>>().join("; "))
}

fn change(change: &Change) -> String {
    format!("{} {}: {} -> {}", change.row, change.field, short(&change.from), short(&change.to))
}

/// A value in a few words.
fn short(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
