//! Made-up entries for the tests of the ledger.

use super::{LedgerEntry, view};
use crate::sync::Record;
use crate::sync::tests_support::transaction;

pub(super) fn entry(id: u128, date: &str, cents: i64, merchant: &str) -> LedgerEntry {
    let record = Record::Transaction(transaction(id, date, cents, merchant));
    view([&record], []).remove(0)
}
