//! Files of bank and mail records, as people export them.
//!
//! In: the bytes of one file and the person it belongs to. Out: a [`RecordFile`], the pages of
//! records in it and the rows that were refused, each with its line and what to do. The format is
//! told by the content, never by the name of the file. No rule about matching lives here.
//! Invariant: reading the same bytes twice gives the same records with the same ids.
//!
//! What a provider sends may hold fields that nobody here knows; they are kept. What people
//! write themselves (CSV) may not. No refusal repeats a name, an amount or other text of a row.

mod csv;
mod disk;
mod export;
mod mapping;
mod messages;
#[cfg(feature = "parquet")]
mod parquet;
pub(crate) mod raw;
#[cfg(test)]
mod tests_mapped;
mod transactions;

use payme_core::sync::{Page, Record};
use payme_core::types::json::Refusal;
use payme_core::types::{RecordId, Source, UserId};

pub use disk::{FileError, Limits, read_file};
pub use export::{
    EXPORT_COLUMNS, csv_io_error, guarded, write_transactions_csv, write_transactions_jsonl,
};
pub use mapping::{CsvMapping, MappingError, SKIP_LINES_MAX};
pub use messages::read_messages;
#[cfg(feature = "parquet")]
pub use parquet::SampleTableWriter;
pub use transactions::{read_transactions, read_transactions_with};

/// How many rows may be refused before the file as a whole is: it is not what it was said to be.
pub const REFUSALS_MAX: usize = 100_000;

/// What a file of bank or mail records holds.
///
/// Every row is counted once: as an upsert or a removal of a page, or as a refusal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RecordFile {
    /// The pages, in the order of the file.
    pub pages: Vec<Page>,
    /// The rows that are wrong, in the order of their lines.
    pub refused: Vec<Refusal>,
    /// How many rows the file has, taken and refused.
    pub rows: usize,
}

/// Collects the rows of a file.
#[derive(Debug, Default)]
struct Intake {
    file: RecordFile,
    open: Page,
}

impl Intake {
    /// Takes or refuses a row that adds or replaces a record.
    fn upsert(&mut self, row: Result<Record, Refusal>) -> Result<(), Refusal> {
        match row {
            Ok(record) => {
                self.file.rows += 1;
                self.open.upserts.push(record);
                Ok(())
            }
            Err(refusal) => self.refuse(refusal),
        }
    }

    /// Takes or refuses a row that removes a record.
    fn removal(&mut self, row: Result<RecordId, Refusal>) -> Result<(), Refusal> {
        match row {
            Ok(id) => {
                self.file.rows += 1;
                self.open.removals.push(id);
                Ok(())
            }
            Err(refusal) => self.refuse(refusal),
        }
    }

    /// Refuses a row, and the whole file when it has too many of them.
    fn refuse(&mut self, refusal: Refusal) -> Result<(), Refusal> {
        self.file.rows += 1;
        if self.file.refused.len() == REFUSALS_MAX {
            let message = format!(
                "more than {REFUSALS_MAX} rows are wrong: check that this is the right file \
                 (the first is on line {})",
                self.file.refused.first().map_or(1, |first| first.line)
            );
            return Err(Refusal::on_line(refusal.line, "too_many_refusals", message));
        }
        self.file.refused.push(refusal);
        Ok(())
    }

    /// Ends a page of a person's feed that was served with this cursor.
    fn end_page(&mut self, user: UserId, source: Source, cursor: &str) {
        let Page { upserts, removals, .. } = std::mem::take(&mut self.open);
        self.file.pages.push(Page::of_feed(user, source, cursor, upserts, removals));
    }

    /// Ends a run of loose rows, if there are any.
    fn end_rows(&mut self) {
        if self.open != Page::default() {
            self.file.pages.push(std::mem::take(&mut self.open));
        }
    }

    /// Everything that was collected.
    fn finish(mut self) -> RecordFile {
        self.end_rows();
        // A page may name its removals before its additions, which are read first.
        self.file.refused.sort_by_key(|refusal| refusal.line);
        self.file
    }
}

/// Whether a text starts like JSON.
fn is_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '['])
}

#[cfg(test)]
mod tests {
    use payme_core::types::UserId;
    use proptest::prelude::*;

    use super::*;

    const PAGE: &str = r#"[{"added": [{"transaction_id": "t1", "amount": 12.5, "date": "2024-02-29",
        "name": "Shop", "category": ["A"]}], "modified": [], "removed": [{"transaction_id": "t0"}]}]"#;
    const CSV: &str = "date,amount,name,pending\n2024-02-29,\"-1.25\",\"A \"\"b\"\"\",true\n";
    const GMAIL: &str = r#"{"id": "m", "snippet": "a &amp; b", "internalDate": "1700000000000",
        "payload": {"headers": [{"name": "Subject", "value": "=?utf-8?q?caf=C3=A9?="}]}}"#;
    const MBOX: &str = "From a@b.example Tue Jul 16 18:20:11 2024\nSubject: =?utf-8?b?w6k=?=\n\
        Date: Tue, 16 Jul 2024 18:20:11 +0000\nContent-Type: multipart/alternative; boundary=x\n\n\
        --x\nContent-Type: text/html; charset=iso-8859-1\nContent-Transfer-Encoding: \
        quoted-printable\n\n<p>caf=E9 &amp;<!-- no --> tea</p>\n--x--\n\n>From here\n\n\
        From c@d.example Tue Jul 16 18:20:11 2024\nMessage-ID: <2@example.com>\n\nText\n";

    fn user() -> UserId {
        "00000000-0000-4000-8000-000000000001".parse().unwrap()
    }

    fn check(file: &RecordFile) {
        let taken: usize =
            file.pages.iter().map(|page| page.upserts.len() + page.removals.len()).sum();
        assert_eq!(file.rows, taken + file.refused.len());
        assert!(file.refused.iter().all(|refusal| refusal.line > 0 && !refusal.message.is_empty()));
    }

    fn read_both(bytes: &[u8]) {
        for read in [read_transactions, read_messages] {
            let first = read(bytes, user());
            assert_eq!(first, read(bytes, user()));
            if let Ok(file) = first {
                check(&file);
            }
        }
    }

    #[test]
    fn what_is_empty_is_refused_whole() {
        for read in [read_transactions, read_messages] {
            for bytes in [&b""[..], b" \r\n\t ", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n"] {
                assert_eq!(read(bytes, user()).unwrap_err().code, "empty_input", "{bytes:?}");
            }
        }
    }

    #[test]
    fn a_file_of_nothing_but_wrong_rows_is_refused_whole() {
        let rows = |count| format!("[{}1]", "1,".repeat(count));
        let most = read_transactions(rows(REFUSALS_MAX - 1).as_bytes(), user()).unwrap();
        assert_eq!(most.refused.len(), REFUSALS_MAX);
        let more = read_messages(rows(REFUSALS_MAX).as_bytes(), user());
        assert_eq!(more.unwrap_err().code, "too_many_refusals");
    }

    #[test]
    fn the_samples_of_the_properties_are_right() {
        for (bytes, rows) in [(PAGE, 2), (CSV, 1)] {
            let file = read_transactions(bytes.as_bytes(), user()).unwrap();
            assert_eq!((file.rows, file.refused.len()), (rows, 0), "{bytes}");
        }
        for (bytes, rows) in [(GMAIL, 1), (MBOX, 2)] {
            let file = read_messages(bytes.as_bytes(), user()).unwrap();
            assert_eq!((file.rows, file.refused.len()), (rows, 0), "{bytes}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_a_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            read_both(&bytes);
            read_both(&[b"From ".as_slice(), &bytes].concat());
            read_both(&[b"From: a\nContent-Type: text/html\n\n".as_slice(), &bytes].concat());
            read_both(&[b"date,amount,name\n".as_slice(), &bytes].concat());
        }

        #[test]
        fn no_damage_to_a_file_makes_a_reader_panic(
            sample in prop::sample::select(vec![PAGE, CSV, GMAIL, MBOX]),
            edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0_u8..3), 1..6),
        ) {
            let mut bytes = sample.as_bytes().to_vec();
            for (at, byte, what) in edits {
                let at = at.index(bytes.len().max(1)).min(bytes.len().saturating_sub(1));
                match what {
                    0 if !bytes.is_empty() => bytes[at] = byte,
                    1 => bytes.insert(at, byte),
                    _ => bytes.truncate(at.max(1)),
                }
            }
            read_both(&bytes);
        }
    }
}
