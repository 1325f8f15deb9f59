//! Writing data to stdout and notes to stderr.

use std::io::{self, Write as _};
use std::path::Path;

use comfy_table::{ContentArrangement, Table, presets};
use payme::types::Money;
use payme::types::json::Refusal;
use serde::{Serialize, Serializer as _};

use super::args::{Format, Global};
use super::error::CliError;

/// Writes text and a line feed to stdout. A reader that went away is no error.
pub(crate) fn line(text: &str) -> Result<(), CliError> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.write_all(b"\n")) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(CliError::new("output", format!("cannot write to stdout: {error}")))
        }
        _ => Ok(()),
    }
}

/// Writes one value, as JSON or as the table that `table` makes of it.
pub(crate) fn value(
    global: &Global,
    value: &impl Serialize,
    table: impl FnOnce() -> String,
) -> Result<(), CliError> {
    match global.format {
        Format::Table | Format::Csv => line(&printable(&table())),
        Format::Json => line(&json(value, true)?),
        Format::Jsonl => line(&json(value, false)?),
    }
}

/// Writes many values as they come, so that not all of them are held: a JSON array, a line for
/// each, or the table that `table` makes of each. A reader that went away is no error.
pub(crate) fn stream<T: Serialize>(
    global: &Global,
    values: impl Iterator<Item = T>,
    table: impl Fn(&T) -> String,
) -> Result<(), CliError> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut values = values;
    let written = match global.format {
        Format::Table | Format::Csv => {
            values.try_for_each(|value| writeln!(out, "{}", printable(&table(&value))))
        }
        Format::Json => serde_json::Serializer::pretty(&mut out)
            .collect_seq(values)
            .map_err(io::Error::from)
            .and_then(|()| writeln!(out)),
        Format::Jsonl => values.try_for_each(|value| {
            serde_json::to_writer(&mut out, &value).map_err(io::Error::from)?;
            writeln!(out)
        }),
    };
    match written.and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(CliError::new("output", format!("cannot write to stdout: {error}")))
        }
        _ => Ok(()),
    }
}

/// Writes a list: a JSON array, a line for each, or one table of all.
pub(crate) fn list<T: Serialize>(
    global: &Global,
    values: &[T],
    table: impl FnOnce() -> String,
) -> Result<(), CliError> {
    match global.format {
        Format::Table | Format::Csv => line(&printable(&table())),
        Format::Json => line(&json(&values, true)?),
        Format::Jsonl => values.iter().try_for_each(|value| line(&json(value, false)?)),
    }
}

/// Text for a terminal: titles and bank descriptions come from outside, and may not move the
/// cursor or change colours. JSON escapes such characters by itself.
pub(crate) fn printable(text: &str) -> String {
    let steers = |c: char| {
        let turns = matches!(
            c,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        );
        turns || (c.is_control() && c != '\n')
    };
    let visible = |c: char| if steers(c) { '\u{fffd}' } else { c };
    text.chars().map(visible).collect()
}

fn json(value: &impl Serialize, pretty: bool) -> Result<String, CliError> {
    let text =
        if pretty { serde_json::to_string_pretty(value) } else { serde_json::to_string(value) };
    text.map_err(|error| CliError::new("output", format!("cannot write JSON: {error}")))
}

/// A table with a header.
pub(crate) fn table(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(header.to_vec());
    table.add_rows(rows);
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

/// Lists refused rows on stderr.
pub(crate) fn list_refused(path: &Path, refused: &[Refusal]) {
    for refusal in refused {
        eprintln!("{}", printable(&format!("refused: {}: {refusal}", path.display())));
    }
}

/// So many people.
pub(crate) fn people(count: usize) -> String {
    let people = if count == 1 { "person" } else { "people" };
    format!("{count} {people}")
}

/// US dollars for people: whole dollars without cents.
pub(crate) fn dollars(money: Money) -> String {
    let text = money.to_string();
    let text = text.strip_suffix(" USD").unwrap_or(&text);
    format!("${}", text.strip_suffix(".00").unwrap_or(text))
}
