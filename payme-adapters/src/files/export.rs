//! A person's transactions as a table that a spreadsheet opens and PayMe reads back.
//!
//! In: the entries of a ledger. Out: CSV with a header, row by row, or JSON Lines. The columns in
//! front are for people. The last two are for reading it back: the id of the record, and the
//! record as it is stored. So importing an export changes nothing, whatever the record's id was
//! made of. Corrections and notes are shown, and not read back: they are kept beside the records.
//!
//! A cell that a spreadsheet could take for a formula gets a `'` before it.

use std::borrow::Cow;
use std::io::{self, Write};

use csv::{StringRecord, WriterBuilder};
use payme_core::evidence::ledger::{CorrectedField, LedgerEntry};
use payme_core::sync::{Record, Transaction};
use payme_core::types::json::{Coded, Refusal};
use payme_core::types::{Date, RecordId, ensure_modern};

use super::csv::ensure_past;
use super::raw::Place;

/// The columns of an export, in their order.
pub const EXPORT_COLUMNS: [&str; 13] = [
    "date",
    "amount",
    "currency",
    "description",
    "pending",
    "account",
    "source",
    "merchant",
    "category",
    "note",
    "corrected",
    "id",
    "record",
];
/// The columns in front that show what the record says: read back, they have to agree with it.
const CHECKED: usize = 6;
/// What makes a spreadsheet take a cell for a formula, also in full width.
const FORMULA_STARTS: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

/// Writes entries as CSV, in the order they come, and flushes.
///
/// `amount` is a decimal number, positive when money left the account; it and `currency` are empty
/// where the currency is not known. `pending` is true or false, `source` `provider` or `file`,
/// `corrected` the fields the person corrected, with spaces between them. A text gets a `'` before
/// it where, after white space, it begins with `=`, `+`, `-`, `@` or `'`, or where it begins with
/// a tab or a line break; to have the text back, drop one `'`. Numbers, dates and ids are never
/// changed.
///
/// # Errors
/// What the writer answers; what was written before it is there.
/// ```
/// use payme_adapters::files::{read_transactions, write_transactions_csv};
/// use payme_core::evidence::ledger::view;
/// let user = "6f1d2c3b-4a59-4e68-8d77-0123456789ab".parse()?;
/// let file = read_transactions(b"date,amount,name\n2024-02-29,-4.50,=Shop", user)?;
/// let mut out = Vec::new();
/// write_transactions_csv(&view(&file.pages[0].upserts, []), &mut out)?;
/// let text = String::from_utf8(out.clone())?;
/// assert!(text.contains("2024-02-29,-4.50,USD,'=Shop,false,,file,'=Shop,"));
/// assert_eq!(read_transactions(&out, user)?.pages, file.pages);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write_transactions_csv<'a>(
    entries: impl IntoIterator<Item = &'a LedgerEntry>,
    out: impl Write,
) -> io::Result<()> {
    let mut writer = WriterBuilder::new().from_writer(out);
    writer.write_record(EXPORT_COLUMNS).map_err(csv_io_error)?;
    for entry in entries {
        let said = said(&entry.transaction);
        let corrected: Vec<_> =
            entry.corrected.iter().copied().map(CorrectedField::as_str).collect();
        let record = Record::Transaction(entry.transaction.clone()).to_stored();
        let own = [
            entry.source().as_str().into(),
            guarded(&entry.merchant),
            guarded(entry.category.as_deref().unwrap_or_default()),
            guarded(entry.note.as_deref().unwrap_or_default()),
            corrected.join(" ").into(),
            entry.id().to_string().into(),
            record.into(),
        ];
        let cells = said.iter().chain(&own).map(AsRef::as_ref);
        let cells = cells.map(|cell: &str| cell.as_bytes());
        writer.write_record(cells).map_err(csv_io_error)?;
    }
    writer.flush()
}

/// What the writer of a table answered, of the kind that it was: a reader that went away is told
/// from a full disk by that.
pub fn csv_io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// Writes entries as JSON Lines, one object a line, in the order they come, and flushes.
///
/// # Errors
/// What the writer answers; what was written before it is there.
pub fn write_transactions_jsonl<'a>(
    entries: impl IntoIterator<Item = &'a LedgerEntry>,
    mut out: impl Write,
) -> io::Result<()> {
    for entry in entries {
        serde_json::to_writer(&mut out, entry)?;
        out.write_all(b"\n")?;
    }
    out.flush()
}

/// The cells that show what a record says.
fn said(transaction: &Transaction) -> [Cow<'_, str>; CHECKED] {
    let amount = transaction.amount.map(|money| money.to_string()).unwrap_or_default();
    let (number, currency) = amount.split_once(' ').unwrap_or_default();
    [
        transaction.date.to_string().into(),
        number.to_owned().into(),
        currency.to_owned().into(),
        guarded(&transaction.name),
        transaction.pending.to_string().into(),
        guarded(transaction.account.as_deref().unwrap_or_default()),
    ]
}

/// A text that no spreadsheet takes for a formula: with a `'` before it where one could.
///
/// ```
/// use payme_adapters::files::guarded;
/// assert_eq!(guarded(" =1+1"), "' =1+1");
/// assert_eq!(guarded("1+1"), "1+1");
/// ```
pub fn guarded(text: &str) -> Cow<'_, str> {
    let starts = |text: &str, with: &[char]| text.starts_with(with);
    let is_formula = starts(text, &['\t', '\r', '\n'])
        || starts(text.trim_start(), &FORMULA_STARTS)
        || starts(text.trim_start(), &['\'']);
    if is_formula { format!("'{text}").into() } else { text.into() }
}

/// Whether these are the columns of an export.
pub(super) fn is_header(cells: &StringRecord) -> bool {
    cells.iter().eq(EXPORT_COLUMNS)
}

/// The record of an exported row.
///
/// # Errors
/// `wrong_column_count`, `invalid_id`; `invalid_record` where the last column is not what was
/// written there, `row_edited` where the columns in front say something else, and what is wrong
/// with its day.
pub(super) fn row(
    cells: &StringRecord,
    place: &Place,
    latest: Option<Date>,
) -> Result<Transaction, Refusal> {
    if cells.len() != EXPORT_COLUMNS.len() {
        let message = format!("an export has {} columns", EXPORT_COLUMNS.len());
        return Err(place.refuse("wrong_column_count", message));
    }
    let cell = |name: &str| {
        let at = EXPORT_COLUMNS.iter().position(|column| *column == name);
        at.and_then(|at| cells.get(at)).unwrap_or_default()
    };
    let id: RecordId = cell("id").parse().map_err(|error: payme_core::types::IdError| {
        place.member("id").refuse(Coded::code(&error), error.to_string())
    })?;
    let Some(Record::Transaction(transaction)) = Record::from_stored(id, cell("record")) else {
        let message = "not a record as it was exported: export again, or leave these rows out";
        return Err(place.member("record").refuse("invalid_record", message));
    };
    if transaction.name.trim().is_empty() {
        return Err(place.member("description").missing());
    }
    let date = place.member("date");
    ensure_modern(transaction.date)
        .map_err(|error| date.refuse(error.code(), error.to_string()))?;
    ensure_past(transaction.date, latest, &date)?;
    let said = said(&transaction);
    let columns = EXPORT_COLUMNS.iter().zip(&said).zip(cells);
    for ((name, said), cell) in columns {
        if said.trim() != cell {
            let message = "this column was edited after the export: correct the transaction \
                           instead, or import the table by a mapping";
            return Err(place.member(name).refuse("row_edited", message));
        }
    }
    Ok(transaction)
}
