//! A stream of recurring charges, and what follows from it.
//!
//! A [`Stream`] depends on records alone. What depends on the day it is looked at, its status and
//! the next charge, takes that day as an argument.

use std::fmt;

use jiff::civil::Date;

use super::calendar::{Cadence, date_of};
use super::confidence::{Signs, confidence};
use crate::types::{Confidence, Currency, FeatureKey, FeatureKind, Money, RecordId, day_number};

/// From this confidence on a stream speaks as a feature.
pub const SPEAKS_FROM: f64 = 0.7;

/// How a charge came, beside the day it was due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timing {
    /// Within a few days of it.
    OnTime,
    /// So many days after it, beyond what weekends and holidays explain.
    Late(i32),
    /// With the payment before it, which had been missed, in one amount.
    Merged,
}

/// One charge of a stream.
///
/// Debug shows the record only.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Occurrence {
    /// The record.
    pub record: RecordId,
    /// The day it was charged.
    pub date: Date,
    /// The day it was due by the stream's cadence.
    pub due: Date,
    /// How much was charged.
    pub amount: Money,
    /// How it came.
    pub timing: Timing,
}

/// That a price became another one.
///
/// Debug shows nothing of it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PriceChange {
    /// The day of the first charge at the new price.
    pub date: Date,
    /// The old price.
    pub from: Money,
    /// The new one.
    pub to: Money,
}

/// What a stream is on a given day, in the words that banks' interfaces use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Fewer than 3 charges, or 2 of a yearly stream: it may be chance.
    EarlyDetection,
    /// At least 3 charges on a regular cadence, or 2 of a yearly one.
    Mature,
    /// Two charges in a row are overdue, or one of a yearly stream.
    Cancelled,
}

/// Charges of one merchant that come again and again.
///
/// Debug shows the cadence and the confidence only: what someone pays for is personal data.
#[derive(Clone, PartialEq)]
pub struct Stream {
    pub(super) merchant: String,
    pub(super) currency: Currency,
    pub(super) cadence: Cadence,
    pub(super) occurrences: Vec<Occurrence>,
    pub(super) missed: Vec<Date>,
    pub(super) next: i32,
    pub(super) signs: Signs,
}

impl Stream {
    /// Who charges, as the caller names it.
    pub fn merchant(&self) -> &str {
        &self.merchant
    }

    /// The currency of every charge.
    pub const fn currency(&self) -> Currency {
        self.currency
    }

    /// How often and when it charges.
    pub const fn cadence(&self) -> Cadence {
        self.cadence
    }

    /// The charges, by date; at least two.
    pub fn occurrences(&self) -> &[Occurrence] {
        &self.occurrences
    }

    /// The records behind it, by date.
    pub fn records(&self) -> impl ExactSizeIterator<Item = RecordId> {
        self.occurrences.iter().map(|one| one.record)
    }

    /// The days between the first and the last charge on which one was due and none came.
    pub fn missed(&self) -> &[Date] {
        &self.missed
    }

    /// The day of the first charge.
    pub fn first_date(&self) -> Date {
        self.occurrences.first().map_or(Date::MIN, |one| one.date)
    }

    /// The day of the last charge.
    pub fn last_date(&self) -> Date {
        self.occurrences.last().map_or(Date::MIN, |one| one.date)
    }

    /// The amount of the last charge; half of it where two payments came in one.
    pub fn last_amount(&self) -> Money {
        self.occurrences.last().map_or(Money::new(0, self.currency), price)
    }

    /// The median price, the lower one of two: payments that came in one count half.
    pub fn median_amount(&self) -> Money {
        let mut prices: Vec<i64> = self.occurrences.iter().map(|one| price(one).minor()).collect();
        prices.sort_unstable();
        let middle = prices.len().saturating_sub(1) / 2;
        Money::new(prices.get(middle).copied().unwrap_or(0), self.currency)
    }

    /// The changes from one price to another, for a stream with prices: at least half of its
    /// charges repeat the amount before them. The old price was charged at least twice, and the
    /// new one too unless it is the last charge.
    pub fn price_changes(&self) -> Vec<PriceChange> {
        let prices: Vec<(Date, i64)> =
            self.occurrences.iter().map(|one| (one.date, price(one).minor())).collect();
        let runs: Vec<&[(Date, i64)]> = prices.chunk_by(|a, b| a.1 == b.1).collect();
        if 2 * runs.len() > prices.len() + 1 {
            return Vec::new();
        }
        let is_last = |run: &[(Date, i64)]| run.last() == prices.last();
        let held: Vec<_> = runs.into_iter().filter(|run| run.len() >= 2 || is_last(run)).collect();
        let change = |pair: &[&[(Date, i64)]]| {
            let [before, after] = pair else { return None };
            let ((_, from), (date, to)) = (*before.first()?, *after.first()?);
            let money = |minor| Money::new(minor, self.currency);
            (from != to).then_some(PriceChange { date, from: money(from), to: money(to) })
        };
        held.windows(2).filter_map(change).collect()
    }

    /// How likely it is a stream, in `[0, 1]`; what it means is measured by the campaign
    /// `recurring`.
    pub fn confidence(&self) -> Confidence {
        Confidence::new(confidence(&self.signs)).unwrap_or_else(|_| Confidence::from_count(0))
    }

    /// What the confidence rests on.
    pub const fn signs(&self) -> &Signs {
        &self.signs
    }

    /// The first day after `after` and after the last charge's own due day on which a charge is
    /// due; `None` where the calendar ends.
    pub fn next_expected(&self, after: Date) -> Option<Date> {
        let next = date_of(self.cadence.due(self.next))?;
        if next > after { Some(next) } else { self.cadence.due_after(after).next() }
    }

    /// The last day on which the stream is not cancelled if nothing more is charged: the end of
    /// the window of the second charge from now on, or of the first where it charges yearly.
    pub fn lives_until(&self) -> Date {
        let kind = self.cadence.kind();
        let overdue = self.next + i32::from(kind != super::CadenceKind::Yearly);
        date_of(self.cadence.due(overdue) + kind.window().late).unwrap_or(Date::MAX)
    }

    /// What it is on a day. A day before the last charge sees it as it is on that of the charge.
    pub fn status(&self, as_of: Date) -> Status {
        if as_of > self.lives_until() {
            Status::Cancelled
        } else if self.occurrences.len() < self.cadence.kind().charges_when_mature() {
            Status::EarlyDetection
        } else {
            Status::Mature
        }
    }

    /// How many days after its due day the last charge came; negative for early.
    pub fn last_offset_days(&self) -> i32 {
        self.occurrences.last().map_or(0, |one| day_number(one.date) - day_number(one.due))
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream")
            .field("cadence", &self.cadence)
            .field("confidence", &self.confidence())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Occurrence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Occurrence").field("record", &self.record).finish_non_exhaustive()
    }
}

impl fmt::Debug for PriceChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PriceChange").finish_non_exhaustive()
    }
}

/// What one payment of a charge is.
fn price(one: &Occurrence) -> Money {
    match one.timing {
        Timing::Merged => Money::new(one.amount.minor() / 2, one.amount.currency()),
        Timing::OnTime | Timing::Late(_) => one.amount,
    }
}

/// Whether two charges are of one price, within 2 in 100.
pub(super) fn is_same_price(a: &Occurrence, b: &Occurrence) -> bool {
    let (a, b) = (i128::from(price(a).minor()), i128::from(price(b).minor()));
    a.max(b) * 100 <= a.min(b) * 102
}

/// The `subscription:` features that streams speak of, each with the records behind it.
///
/// A stream speaks from [`SPEAKS_FROM`] on, whatever its status: a class period lies in the past,
/// where a cancelled stream was paid. It says `subscription:active`, as a provider's own recurring
/// id does, and `subscription:<slug of the merchant>` where the merchant's name has a slug. Keys
/// ascend; the records of a key ascend, and each stands once.
pub fn subscription_features(streams: &[Stream]) -> Vec<(FeatureKey, Vec<RecordId>)> {
    let mut found = std::collections::BTreeMap::<FeatureKey, Vec<RecordId>>::new();
    for stream in streams.iter().filter(|one| one.confidence().get() >= SPEAKS_FROM) {
        for name in ["active", stream.merchant()] {
            if let Ok(key) = FeatureKey::new(FeatureKind::Subscription, name) {
                found.entry(key).or_default().extend(stream.records());
            }
        }
    }
    for records in found.values_mut() {
        records.sort_unstable();
        records.dedup();
    }
    found.into_iter().collect()
}
