//! Files of bank and mail records, in every format.

use std::collections::{BTreeMap, BTreeSet};

use payme_adapters::files::{
    CsvMapping, RecordFile, read_messages, read_transactions, read_transactions_with,
    write_transactions_csv,
};
use payme_core::evidence::ledger::view;
use payme_core::evidence::{UserFeatures, extract};
use payme_core::ranking::Weights;
use payme_core::sync::{Page, Record, StoredRecord, plan_pages};
use payme_core::types::json::Refusal;
use payme_core::types::{Date, Person, RecordId, UserId, YEAR_MIN};

use super::evidence::{check_stored, check_user};
use super::{INDEX, PRIVATE, READING, check_match, check_refusal, marked, user};

type Read<'a> = &'a dyn Fn(&[u8], UserId) -> Result<RecordFile, Refusal>;

/// How many characters of a mail's text are kept at most.
const SNIPPET_CHARS_MAX: usize = 200;

/// Bank transactions in any shape.
pub fn transactions(data: &[u8]) {
    let _ = read(&read_transactions, data);
}

/// Rows under a header, which the first byte picks. Rows without an id of their own get ids that
/// differ.
pub fn csv(data: &[u8]) {
    const HEADERS: [&str; 4] = [
        "date,amount,name\n",
        "date,amount,name,merchant_name,description,currency,category,account_id,pending\n",
        "transaction_id,amount,date,description\n",
        "",
    ];
    let Some((first, rows)) = data.split_first() else { return };
    let header = HEADERS[usize::from(first % 4)];
    let file = read(&read_transactions, &[header.as_bytes(), rows].concat());
    let Some(file) = file.filter(|_| first % 4 < 2) else { return };
    let ids: BTreeSet<RecordId> = upserts(&file.pages).map(Record::id).collect();
    assert_eq!(ids.len(), upserts(&file.pages).count(), "two rows have one id");
}

/// Lines of settings, an empty line, and a file that they describe. What is taken is not of the
/// future, and reads back from an export as it was.
pub fn csv_mapped(data: &[u8]) {
    const LATEST: Date = Date::constant(2026, 2, 2);
    let text = String::from_utf8_lossy(data);
    let (settings, table) = text.split_once("\n\n").unwrap_or((&text, ""));
    let mapping = match CsvMapping::parse(settings.lines()) {
        Ok(mapping) => mapping.with_latest(LATEST),
        Err(error) => {
            assert!(!error.to_string().contains(PRIVATE), "private text in {error:?}");
            return;
        }
    };
    let by_mapping = |bytes: &[u8], user| read_transactions_with(bytes, user, &mapping);
    let Some(file) = read(&by_mapping, table.as_bytes()) else { return };
    let entries = view(upserts(&file.pages), []);
    assert!(entries.iter().all(|entry| entry.date() <= LATEST), "a row of the future");
    let mut exported = Vec::new();
    write_transactions_csv(&entries, &mut exported).expect("memory takes what is written");
    let again = read(&read_transactions, &exported).expect("an export reads");
    assert_eq!(again.refused, [], "a row of an export is refused");
    let kept = view(upserts(&again.pages), []);
    let rows = kept.iter().map(|entry| &entry.transaction);
    assert!(rows.eq(entries.iter().map(|entry| &entry.transaction)), "an export changes a record");
}

/// Mail messages in any shape. Only JSON can hold no message at all.
pub fn messages(data: &[u8]) {
    let Some(file) = read(&read_messages, data) else { return };
    let content = data.strip_prefix(b"\xef\xbb\xbf").unwrap_or(data).trim_ascii_start();
    assert!(file.rows > 0 || content.starts_with(b"{") || content.starts_with(b"["), "no message");
}

/// A mailbox: each separator line makes one row.
pub fn mbox(data: &[u8]) {
    let mailbox = [b"From a@b.example Tue Jul 16 18:20:11 2024\n".as_slice(), data].concat();
    let Some(file) = read(&read_messages, &mailbox) else { return };
    let separators = mailbox.split(|byte| *byte == b'\n').filter(|line| line.starts_with(b"From "));
    assert_eq!(file.rows, separators.count(), "a message is lost");
}

/// One mail: one row, with few words of its text.
pub fn eml(data: &[u8]) {
    let html = b"Subject: s\nContent-Type: text/html\n\n".as_slice();
    for mail in [data.to_vec(), [html, data].concat()] {
        let start = mail.trim_ascii_start();
        if start.starts_with(b"{") || start.starts_with(b"[") || start.starts_with(b"From ") {
            continue;
        }
        let Some(file) = read(&read_messages, &mail) else { continue };
        assert_eq!((file.rows, file.refused.len()), (1, 0), "one mail is one row");
        for record in upserts(&file.pages) {
            let Record::Message(message) = record else { continue };
            assert!(message.snippet.chars().count() <= SNIPPET_CHARS_MAX, "too much is kept");
            assert!(!message.subject.contains(char::is_control), "control characters are kept");
        }
    }
}

/// Reads a file and checks what holds for all of them.
fn read(read: Read<'_>, data: &[u8]) -> Option<RecordFile> {
    let file = read(data, user());
    assert_eq!(read(&marked(data), user()), file, "a byte order mark changed something");
    let file = match file {
        Ok(file) => file,
        Err(refusal) => {
            check_whole(data, &refusal);
            return None;
        }
    };
    let taken: usize = file.pages.iter().map(|page| page.upserts.len() + page.removals.len()).sum();
    assert_eq!(file.rows, taken + file.refused.len(), "a row is lost");
    assert!(file.refused.is_sorted_by_key(|refusal| refusal.line), "refusals out of order");
    file.refused.iter().for_each(|refusal| check_whole(data, refusal));
    upserts(&file.pages).for_each(check_record);
    check_plan(&file.pages);
    check_extraction(&file.pages);
    Some(file)
}

fn upserts(pages: &[Page]) -> impl DoubleEndedIterator<Item = &Record> {
    pages.iter().flat_map(|page| &page.upserts)
}

/// What a refusal of a provider's file may never show, whatever its code.
fn check_whole(data: &[u8], refusal: &Refusal) {
    check_refusal(data, refusal);
    assert!(!refusal.to_string().contains(PRIVATE), "private text in {refusal:?}");
}

fn check_record(record: &Record) {
    check_stored(record);
    let date = match record {
        Record::Transaction(transaction) => Some(transaction.date),
        Record::Message(message) => message.date,
    };
    assert!(date.is_none_or(|date| date.year() >= YEAR_MIN), "a record from before 1900");
}

/// The last page that names a record decides, a removal is final, a page of a feed counts once,
/// and pages may come again.
fn check_plan(pages: &[Page]) {
    let mut stored = BTreeMap::new();
    plan_pages(&stored, pages.iter().cloned()).apply(&mut stored);
    let mut applied = BTreeSet::new();
    let counted: Vec<&Page> =
        pages.iter().filter(|page| page.feed_id.is_none_or(|id| applied.insert(id))).collect();
    let upserts = counted.iter().flat_map(|page| &page.upserts);
    let mut expected: BTreeMap<RecordId, StoredRecord> =
        upserts.map(|record| (record.id(), StoredRecord::Live(record.clone()))).collect();
    let removed = counted.iter().flat_map(|page| page.removals.iter().copied());
    expected.extend(removed.chain(applied).map(|id| (id, StoredRecord::Removed)));
    assert_eq!(stored, expected, "the plan is not what the pages say");
    let again = plan_pages(&stored, pages.iter().cloned());
    assert!(again.is_empty(), "the same pages change something");
}

/// The records speak in any order, and what they say is a person who can be stored and matched.
fn check_extraction(pages: &[Page]) {
    let last: BTreeMap<RecordId, &Record> = upserts(pages).map(|r| (r.id(), r)).collect();
    let extraction = extract(last.values().copied(), [], &READING);
    assert_eq!(extract(last.values().rev().copied(), [], &READING), extraction);
    let user = UserFeatures::new(Person::unknown(user()), extraction.features);
    assert!(user.is_ok(), "a feature stands twice");
    let Ok(user) = user else { return };
    check_user(&user);
    check_match(&INDEX, &user, &Weights::default());
}
