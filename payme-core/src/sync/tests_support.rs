//! Made-up records for the tests of this stage and the next.

use uuid::Uuid;

use super::{Message, Transaction};
use crate::types::{Money, RecordId};

pub(crate) fn transaction(id: u128, date: &str, cents: i64, merchant: &str) -> Transaction {
    Transaction {
        id: RecordId::from_uuid(Uuid::from_u128(id)),
        date: date.parse().unwrap(),
        amount: Some(Money::usd_cents(cents)),
        name: format!("{merchant} #1"),
        merchant_name: Some(merchant.to_owned()),
        category: None,
        pending: false,
        supersedes: None,
        recurring: false,
        account: None,
        minute: None,
        has_own_id: false,
        extra: None,
    }
}

pub(crate) fn message(id: u128, date: &str, subject: &str, snippet: &str) -> Message {
    Message {
        id: RecordId::from_uuid(Uuid::from_u128(id)),
        date: Some(date.parse().unwrap()),
        subject: subject.to_owned(),
        snippet: snippet.to_owned(),
        extra: None,
    }
}
