//! Every file of the made-up people is read whole, without one refusal.
#![cfg(feature = "files")]
#![allow(clippy::unwrap_used, reason = "a test that fails should say where")]

use std::path::Path;

use payme_adapters::files::{Limits, RecordFile, read_file, read_messages, read_transactions};
use payme_core::sync::{Message, Record, Transaction, record_id};
use payme_core::types::{Source, UserId};

fn user() -> UserId {
    "3f6c1b52-8d0e-4b7a-9c31-5a2e7d940b11".parse().unwrap()
}

fn read(path: &str) -> RecordFile {
    let people = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/people");
    let bytes = read_file(&people.join(path), Limits::default()).unwrap();
    let is_mail =
        ["message", "archive", "newsletter", "renewal.eml"].iter().any(|word| path.contains(word));
    let read = if is_mail { read_messages } else { read_transactions };
    let file = read(&bytes, user()).unwrap();
    assert_eq!(read(&bytes, user()).unwrap(), file, "{path} reads the same twice");
    file
}

fn transactions(path: &str) -> Vec<Transaction> {
    let records = read(path).pages.into_iter().flat_map(|page| page.upserts);
    records
        .filter_map(|record| if let Record::Transaction(t) = record { Some(t) } else { None })
        .collect()
}

fn messages(path: &str) -> Vec<Message> {
    let records = read(path).pages.into_iter().flat_map(|page| page.upserts);
    records
        .filter_map(|record| if let Record::Message(m) = record { Some(m) } else { None })
        .collect()
}

#[test]
fn every_file_has_the_rows_of_the_table() {
    #[rustfmt::skip]
    let table = [
        // file                             pages of (upserts, removals)
        ("ada-fixture/transactions.json",   vec![(6, 0), (4, 0)]),
        ("ada-fixture/card.json",           vec![(5, 0)]),
        ("ada-fixture/message.json",        vec![(1, 0)]),
        ("mila-postbox/archive.mbox",       vec![(4, 0)]),
        ("mila-postbox/messages.jsonl",     vec![(3, 0)]),
        ("trip-wordwise/transactions.csv",  vec![(4, 0)]),
        ("trip-wordwise/newsletter.eml",    vec![(1, 0)]),
        ("remo-reversal/transactions.json", vec![(3, 0), (1, 2)]),
        ("nemo-nowhere/custom-user.json",   vec![(6, 0)]),
        ("wanda-receipt/renewal.eml",       vec![(1, 0)]),
        ("rory-renewal/transactions.csv",   vec![(4, 0)]),
        ("gabe-garbled/statement.csv",      vec![(15, 0)]),
    ];
    for (path, expected) in table {
        let file = read(path);
        let pages = file.pages.iter().map(|page| (page.upserts.len(), page.removals.len()));
        assert_eq!(pages.collect::<Vec<_>>(), expected, "{path}");
        assert_eq!(file.refused, [], "{path}");
        assert_eq!(file.rows, expected.iter().map(|(a, b)| a + b).sum::<usize>(), "{path}");
    }
}

#[test]
fn no_file_of_the_people_is_left_out() {
    let people = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/people");
    let files: usize = std::fs::read_dir(people)
        .unwrap()
        .map(|person| std::fs::read_dir(person.unwrap().path()).unwrap().count())
        .sum();
    assert_eq!(files, 12, "a new file belongs in the table above");
}

#[test]
fn quoted_cells_refunds_and_empty_merchants_read_as_written() {
    let rows = transactions("trip-wordwise/transactions.csv");
    let amounts: Vec<_> = rows.iter().map(|row| row.amount.unwrap().minor()).collect();
    assert_eq!(amounts, [5410, -5410, 1805, 21200]);
    assert_eq!((rows[2].name.as_str(), &rows[2].merchant_name), ("Hardware, Paint & More", &None));
    assert_eq!(rows[3].id, record_id(user(), Source::Plaid, "trip-tx-0004"));
}

#[test]
fn a_posted_transaction_names_the_pending_one() {
    let rows = transactions("remo-reversal/transactions.json");
    assert!(rows[1].pending && !rows[3].pending);
    assert_eq!(rows[3].supersedes, Some(rows[1].id));
    assert_eq!(rows[3].amount.unwrap().to_string(), "19.27 USD");
}

#[test]
fn a_custom_users_purchases_fall_on_the_day_they_were_made() {
    let rows = transactions("nemo-nowhere/custom-user.json");
    assert_eq!(rows[0].date.to_string(), "2023-06-11");
    assert_eq!(rows[0].amount.unwrap().minor(), 9900);
    let text = "derived\ndepository/checking/0\n2023-06-11\n9900 USD\n23andMe\n0";
    assert_eq!(rows[0].id, record_id(user(), Source::Plaid, text));
}

#[test]
fn mail_reads_as_people_see_it() {
    let [letter] = messages("trip-wordwise/newsletter.eml").try_into().unwrap();
    assert_eq!(letter.subject, "Für alle: a better alphabet, betting less on naïve search");
    assert!(letter.snippet.starts_with("Tuberculosis tests, exuberant tubers"));
    assert_eq!(letter.date.unwrap().to_string(), "2025-01-14");
    assert_eq!(letter.id, record_id(user(), Source::Gmail, "trip-0001@example.com"));

    let archive = messages("mila-postbox/archive.mbox");
    assert!(archive[1].snippet.ends_with("From this date on you may cancel at any time."));
    assert_eq!(archive[3].date.unwrap().to_string(), "2023-05-09");

    let lines = messages("mila-postbox/messages.jsonl");
    assert!(lines[0].snippet.starts_with("Your AT&T wireless bill"));
    assert_eq!(lines[1].subject, "Welcome to Paramount+");
    assert_eq!(lines[2].date.unwrap().to_string(), "2025-08-02");
}
