//! Real provider files, read from the folder that `PAYME_TEST_DATA` names.
#![cfg(feature = "files")]
#![allow(clippy::unwrap_used, reason = "a test that fails should say where")]

use std::fs;
use std::path::{Path, PathBuf};

use payme_adapters::files::{Limits, RecordFile, read_file, read_transactions};
use payme_core::sync::{Record, Transaction};
use payme_core::types::UserId;
use payme_core::types::json::Refusal;

fn data() -> Option<PathBuf> {
    let folder = std::env::var_os("PAYME_TEST_DATA");
    if folder.is_none() {
        eprintln!("not run: PAYME_TEST_DATA does not name the folder of real files");
    }
    folder.map(|folder| Path::new(&folder).join("plaid"))
}

fn user() -> UserId {
    "00000000-0000-4000-8000-000000000001".parse().unwrap()
}

fn read(path: &Path) -> Result<RecordFile, Refusal> {
    read_transactions(&read_file(path, Limits::default()).unwrap(), user())
}

fn transactions(file: &RecordFile) -> Vec<&Transaction> {
    assert_eq!(file.refused, []);
    let records = file.pages.iter().flat_map(|page| &page.upserts);
    records
        .filter_map(|record| if let Record::Transaction(t) = record { Some(t) } else { None })
        .collect()
}

#[test]
fn lists_of_transactions_read_whole() {
    let Some(data) = data() else { return };
    let file = read(&data.join("all_example_transactions.json")).unwrap();
    let rows = transactions(&file);
    let amounts: Vec<_> = rows.iter().map(|row| row.amount.unwrap().minor()).collect();
    assert_eq!(amounts, [2834, 7210]);
    assert!(rows[0].pending && rows[1].supersedes.is_some());
    assert_eq!(rows[0].merchant_name.as_deref(), Some("Burger King"));

    let file = read(&data.join("transactions_sync_2024-03_full.json")).unwrap();
    let rows = transactions(&file);
    assert_eq!(rows.len(), 24);
    assert_eq!(rows[0].date.to_string(), "2024-03-25");
    assert_eq!(rows[0].amount.unwrap().minor(), 540);
    assert_eq!(rows[0].category.as_deref(), Some("TRANSPORTATION"));
    assert_eq!(rows[1].amount.unwrap().minor(), -50_000);
    assert!(rows.iter().all(|row| row.extra.is_some() && row.category.is_some()));
}

#[test]
fn the_response_examples_read_whole() {
    let Some(data) = data() else { return };
    let text = fs::read_to_string(data.join("response_examples.json")).unwrap();
    let examples: serde_json::Value = serde_json::from_str(&text).unwrap();
    let example = |name: &str| {
        let body = examples.get(name).unwrap().to_string();
        read_transactions(body.as_bytes(), user()).unwrap()
    };
    let sync = example("/transactions/sync#example-1");
    assert_eq!(transactions(&sync).len(), 2);
    assert_eq!((sync.pages.len(), sync.pages[0].removals.len()), (1, 1));
    let get = example("/transactions/get#example-1");
    assert_eq!(transactions(&get).len(), 2);
    let ids = |file: &RecordFile| {
        let mut ids: Vec<_> = transactions(file).iter().map(|row| row.id).collect();
        ids.sort();
        ids
    };
    assert_eq!(ids(&sync), ids(&get), "the same transactions through both calls");
}

#[test]
fn every_custom_user_reads_whole_and_other_documents_are_refused() {
    let Some(data) = data() else { return };
    let (mut users, mut rows, mut refused) = (0, 0, 0);
    for path in json_files(&data.join("custom-users")) {
        match read(&path) {
            Ok(file) => {
                users += 1;
                rows += transactions(&file).len();
                assert_eq!(Ok(file), read(&path));
            }
            Err(refusal) => {
                refused += 1;
                assert_eq!(refusal.code, "unknown_shape", "{}", path.display());
                assert!(path.to_string_lossy().contains("document_income"));
            }
        }
    }
    assert_eq!((users, rows, refused), (25, 636, 6));
}

fn json_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(json_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "json") {
            found.push(path);
        }
    }
    found.sort();
    found
}
