//! One bank transaction or one mail message, free of any provider's format.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::{Uuid, uuid};

use crate::types::{Currency, Date, Money, RecordId, Source, UserId};

/// How many minutes a day has.
pub const MINUTES_OF_DAY: u16 = 24 * 60;

/// The namespace of record ids (UUID version 5).
pub const RECORD_NAMESPACE: Uuid = uuid!("3c1e9a52-7d04-5f6b-8a2e-51f0c96b7d13");

/// The id of a person's record: UUID version 5 in [`RECORD_NAMESPACE`] of the person's id, the
/// source and the provider's own id, each on a line.
///
/// Two people can therefore import the same file without touching each other's records.
pub fn record_id(user: UserId, source: Source, provider_id: &str) -> RecordId {
    let name = format!("{user}\n{}\n{provider_id}", source.as_str());
    RecordId::from_uuid(Uuid::new_v5(&RECORD_NAMESPACE, name.as_bytes()))
}

/// A movement on a person's account.
///
/// Debug shows nothing of it but the id: what someone buys is personal data.
#[derive(Clone, PartialEq, Eq)]
pub struct Transaction {
    /// The record's id.
    pub id: RecordId,
    /// The day it happened.
    pub date: Date,
    /// The amount: positive when money left the account, negative for a refund or a deposit;
    /// `None` when its currency is not one of ISO 4217.
    pub amount: Option<Money>,
    /// The bank's description.
    pub name: String,
    /// The merchant, where the provider names one.
    pub merchant_name: Option<String>,
    /// The category: the personal finance category's primary, else the first of the older list.
    pub category: Option<String>,
    /// Whether the bank still holds it as pending.
    pub pending: bool,
    /// The pending transaction this one took the place of.
    pub supersedes: Option<RecordId>,
    /// Whether the provider says that it belongs to a recurring stream.
    pub recurring: bool,
    /// The account it is on, as the provider names it.
    pub account: Option<String>,
    /// The minute of the day it happened, in `0..1440`, by the clock of the provider.
    pub minute: Option<u16>,
    /// Whether the provider gave it an id; otherwise its id is derived from what it says.
    pub has_own_id: bool,
    /// What else the provider sent, as JSON text; kept, not interpreted.
    pub extra: Option<String>,
}

/// A mail message, as far as the engine reads it.
///
/// Debug shows nothing of it but the id.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// The record's id.
    pub id: RecordId,
    /// The day it was sent or received (UTC), if known.
    pub date: Option<Date>,
    /// The subject; empty when there is none.
    pub subject: String,
    /// The first words of the text; empty when there are none.
    pub snippet: String,
    /// What else the provider sent, as JSON text; kept, not interpreted.
    pub extra: Option<String>,
}

/// What a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordKind {
    /// A bank transaction.
    Transaction,
    /// A mail message.
    Message,
}

/// A record of either kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// A bank transaction.
    Transaction(Transaction),
    /// A mail message.
    Message(Message),
}

impl Record {
    /// The record's id.
    pub const fn id(&self) -> RecordId {
        match self {
            Self::Transaction(transaction) => transaction.id,
            Self::Message(message) => message.id,
        }
    }

    /// What the record is.
    pub const fn kind(&self) -> RecordKind {
        match self {
            Self::Transaction(_) => RecordKind::Transaction,
            Self::Message(_) => RecordKind::Message,
        }
    }

    /// The source its features carry.
    pub const fn source(&self) -> Source {
        match self {
            Self::Transaction(_) => Source::Plaid,
            Self::Message(_) => Source::Gmail,
        }
    }

    /// The record as text for a store; [`Record::from_stored`] reads it back.
    pub fn to_stored(&self) -> String {
        let stored = match self {
            Self::Transaction(t) => Stored::Transaction {
                date: t.date.to_string(),
                amount: t.amount.map(|money| (money.minor(), money.currency())),
                name: t.name.clone(),
                merchant_name: t.merchant_name.clone(),
                category: t.category.clone(),
                pending: t.pending,
                supersedes: t.supersedes,
                recurring: t.recurring,
                account: t.account.clone(),
                minute: t.minute,
                has_own_id: t.has_own_id,
                extra: t.extra.clone(),
            },
            Self::Message(m) => Stored::Message {
                date: m.date.map(|date| date.to_string()),
                subject: m.subject.clone(),
                snippet: m.snippet.clone(),
                extra: m.extra.clone(),
            },
        };
        // Texts, numbers and booleans always have a JSON form.
        serde_json::to_string(&stored).unwrap_or_default()
    }

    /// Reads what [`Record::to_stored`] wrote; `None` when the text is something else.
    pub fn from_stored(id: RecordId, text: &str) -> Option<Self> {
        Some(match serde_json::from_str(text).ok()? {
            Stored::Transaction {
                date,
                amount,
                name,
                merchant_name,
                category,
                pending,
                supersedes,
                recurring,
                account,
                minute,
                has_own_id,
                extra,
            } => Self::Transaction(Transaction {
                id,
                date: date.parse().ok()?,
                amount: amount.map(|(minor, currency)| Money::new(minor, currency)),
                name,
                merchant_name,
                category,
                pending,
                supersedes,
                recurring,
                account,
                minute: minute.filter(|minute| *minute < MINUTES_OF_DAY),
                has_own_id,
                extra,
            }),
            Stored::Message { date, subject, snippet, extra } => Self::Message(Message {
                id,
                date: date.map(|date| date.parse()).transpose().ok()?,
                subject,
                snippet,
                extra,
            }),
        })
    }
}

/// The stored form, version 1. A later form gets a variant of its own beside these.
#[derive(Serialize, Deserialize)]
#[serde(tag = "v1", rename_all = "snake_case")]
enum Stored {
    Transaction {
        date: String,
        amount: Option<(i64, Currency)>,
        name: String,
        merchant_name: Option<String>,
        category: Option<String>,
        pending: bool,
        supersedes: Option<RecordId>,
        recurring: bool,
        // What later versions added is left out where it says nothing, so that a record that was
        // stored before it reads back, and is written as it was.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        minute: Option<u16>,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        has_own_id: bool,
        extra: Option<String>,
    },
    Message {
        date: Option<String>,
        subject: String,
        snippet: String,
        extra: Option<String>,
    },
}

impl fmt::Debug for Transaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction").field("id", &self.id).finish_non_exhaustive()
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message").field("id", &self.id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sync::tests_support::{message, transaction};

    #[test]
    fn nothing_personal_shows_in_debug() {
        let transaction = Record::Transaction(transaction(1, "2024-01-01", 100, "Pear Shop"));
        let message = Record::Message(message(2, "2024-01-01", "Pear", "Shop"));
        let shown = format!("{transaction:?} {message:?}");
        assert!(
            !shown.contains("Pear") && !shown.contains("Shop") && !shown.contains("100"),
            "{shown}"
        );
    }

    #[test]
    fn ids_differ_by_person_source_and_provider_id() {
        let [a, b] = [1, 2].map(|n| UserId::from_uuid(Uuid::from_u128(n)));
        let id = record_id(a, Source::Plaid, "t1");
        assert_eq!(id, record_id(a, Source::Plaid, "t1"));
        assert_ne!(id, record_id(b, Source::Plaid, "t1"));
        assert_ne!(id, record_id(a, Source::Gmail, "t1"));
        assert_ne!(id, record_id(a, Source::Plaid, "t2"));
    }

    proptest! {
        #[test]
        fn a_stored_record_reads_back(name in ".{0,20}", cents in any::<i64>(), pending: bool, some: bool) {
            let mut one = transaction(7, "2024-02-29", cents, &name);
            one.pending = pending;
            one.category = some.then(|| name.clone());
            one.supersedes = some.then_some(one.id);
            one.account = some.then(|| name.clone());
            one.minute = some.then_some(MINUTES_OF_DAY - 1);
            one.has_own_id = pending;
            let record = Record::Transaction(one);
            prop_assert_eq!(Record::from_stored(record.id(), &record.to_stored()), Some(record));
            let mut mail = message(8, "2024-02-29", &name, &name);
            mail.date = mail.date.filter(|_| some);
            let record = Record::Message(mail);
            prop_assert_eq!(Record::from_stored(record.id(), &record.to_stored()), Some(record));
        }
    }
}
