//! Streams and anomalies as they are told to the person: plain data with a JSON form.
//!
//! In: a person's stored evidence and what it is read by. Out: what was found, the records it rests
//! on, and in sentences what would have changed it. They name amounts and days, so they are for the
//! person alone.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::anomaly::{Anomaly, anomalies, baseline_records};
use super::extract::{counted, transactions};
use super::reading::{Named, live, named};
use super::recurring::{Status, Stream, explain, streams};
use super::{Reading, StoredEvidence};
use crate::sync::Transaction;
use crate::types::{Date, Money, RecordId};

/// A price that changed.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct ToldPrice {
    /// The day of the first charge at the new price.
    pub date: Date,
    /// The price before, such as `9.99 USD`.
    pub from: String,
    /// The price from then on.
    pub to: String,
}

impl fmt::Debug for ToldPrice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToldPrice").finish_non_exhaustive()
    }
}

/// A recurring charge, as it is told on a day.
///
/// Debug shows how often and how sure only: what someone pays for is personal data.
#[derive(Clone, PartialEq, Serialize)]
pub struct ToldStream {
    /// Who charges, as the newest charge names them.
    pub merchant: String,
    /// How often: `weekly`, `two_weekly`, `semi_monthly`, `monthly`, `quarterly` or `yearly`.
    pub cadence: &'static str,
    /// What it is on that day: `mature`, `early_detection` or `cancelled`.
    pub status: &'static str,
    /// How likely it is a stream, in `[0, 1]`.
    pub confidence: f64,
    /// The day of the first charge.
    pub first_date: Date,
    /// The day of the last one.
    pub last_date: Date,
    /// The day on which the next one is expected; absent for what is cancelled.
    pub next_expected: Option<Date>,
    /// The last amount.
    pub last_amount: String,
    /// The median amount.
    pub median_amount: String,
    /// The prices that changed.
    pub price_changes: Vec<ToldPrice>,
    /// The days on which a charge was due and did not come.
    pub missed: Vec<Date>,
    /// The records it rests on, by date.
    pub records: Vec<RecordId>,
    /// What it rests on and what would have changed it.
    pub because: Vec<String>,
}

impl fmt::Debug for ToldStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToldStream")
            .field("cadence", &self.cadence)
            .field("confidence", &self.confidence)
            .finish_non_exhaustive()
    }
}

/// One reason of an anomaly.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct ToldReason {
    /// What is unusual, what it was compared with, and what would have been ordinary.
    pub sentence: String,
    /// The records it was compared with.
    pub records: Vec<RecordId>,
}

impl fmt::Debug for ToldReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToldReason").field("records", &self.records).finish_non_exhaustive()
    }
}

/// A transaction that is unusual for the person.
///
/// Debug shows the record and the score only.
#[derive(Clone, PartialEq, Serialize)]
pub struct ToldAnomaly {
    /// The transaction.
    pub record: RecordId,
    /// How unusual, above 0.5 and at most 1.
    pub score: f64,
    /// Why.
    pub reasons: Vec<ToldReason>,
}

impl fmt::Debug for ToldAnomaly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToldAnomaly")
            .field("record", &self.record)
            .field("score", &self.score)
            .finish_non_exhaustive()
    }
}

/// A person's recurring charges as of a day, by merchant.
pub fn recurring_of(stored: &StoredEvidence, reading: &Reading, today: Date) -> Vec<ToldStream> {
    let read = reading.identified(live(stored), stored.corrections.values());
    let counted = counted(&read.records);
    let transactions = transactions(&counted);
    let groups = Named::new(&transactions, &read.normal_forms);
    let charges = groups.charges();
    let by_id: BTreeMap<RecordId, &Transaction> =
        transactions.iter().map(|one| (one.id, *one)).collect();
    let told = |stream: &Stream| {
        let newest = stream.occurrences().last().and_then(|last| by_id.get(&last.record));
        let status = stream.status(today);
        let price = |money: Money| money.to_string();
        let changes = stream.price_changes().into_iter();
        ToldStream {
            merchant: newest.map_or(stream.merchant(), |one| named(one)).to_owned(),
            cadence: stream.cadence().kind().as_str(),
            status: word(status),
            confidence: stream.confidence().get(),
            first_date: stream.first_date(),
            last_date: stream.last_date(),
            next_expected: match status {
                Status::Cancelled => None,
                Status::EarlyDetection | Status::Mature => stream.next_expected(today),
            },
            last_amount: price(stream.last_amount()),
            median_amount: price(stream.median_amount()),
            price_changes: changes
                .map(|one| ToldPrice { date: one.date, from: price(one.from), to: price(one.to) })
                .collect(),
            missed: stream.missed().to_vec(),
            records: stream.records().collect(),
            because: explain(&charges, stream).sentences(),
        }
    };
    streams(&charges).iter().map(told).collect()
}

const fn word(status: Status) -> &'static str {
    match status {
        Status::EarlyDetection => "early_detection",
        Status::Mature => "mature",
        Status::Cancelled => "cancelled",
    }
}

/// A person's transactions that are unusual for them, the most unusual first.
pub fn anomalies_of(stored: &StoredEvidence, reading: &Reading) -> Vec<ToldAnomaly> {
    let read = reading.identified(live(stored), stored.corrections.values());
    let counted = counted(&read.records);
    let transactions = transactions(&counted);
    let groups = Named::new(&transactions, &read.normal_forms);
    let purchases = groups.purchases();
    let told = |one: Anomaly| ToldAnomaly {
        record: one.record,
        score: one.score,
        reasons: one
            .reasons
            .iter()
            .map(|reason| ToldReason {
                sentence: reason.to_string(),
                records: baseline_records(&purchases, &one, reason),
            })
            .collect(),
    };
    let shown = anomalies(&purchases).into_iter().filter(Anomaly::is_indexed);
    let mut shown: Vec<ToldAnomaly> = shown.map(told).collect();
    shown.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.record.cmp(&b.record)));
    shown
}
