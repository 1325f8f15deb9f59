//! Recurring charges: which of a person's charges come again and again, and when the next one is.
//!
//! In: one person's [`Charge`]s, in any order; the caller says who the merchant is. Out:
//! [`Stream`]s, each with the records it rests on. A charge belongs to one stream at most, a
//! stream to one merchant and one currency, and no stream changes because of another merchant.
//! Nothing here reads a clock: the streams depend on the set of charges alone.
//! Work grows with `n log n` of the charges, by sorting; the rest is linear, for a merchant with
//! any number of charges.
//! Rules, constants and measured figures: `docs/rules/recurring.md`.

mod calendar;
mod confidence;
mod explain;
mod fit;
mod group;
mod propose;
mod stream;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use jiff::civil::Date;

pub use calendar::{Cadence, CadenceKind, MonthDay};
pub use confidence::{COEFFICIENTS, SIGNS, Signs, confidence};
pub use explain::{Explanation, explain};
pub use stream::{
    Occurrence, PriceChange, SPEAKS_FROM, Status, Stream, Timing, subscription_features,
};

use crate::types::{Currency, Money, RecordId, day_number};
use calendar::{date_of, month_number};
use fit::{Fit, Point, is_double};
use group::Workshop;

/// A charge came when it was due if its day is at most so many hundredths of a bit less likely
/// than the due day: it is that day, or where banks move a weekend to.
const WHEN_DUE: i64 = 110;

/// From this confidence on charges are listed as a stream: more likely than not.
pub const LISTED_FROM: f64 = 0.5;

/// One movement of money, as far as recurrence reads it.
///
/// Debug shows the record only: what someone buys is personal data.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Charge<'a> {
    /// The record; no two charges have the same.
    pub id: RecordId,
    /// The day; it may lie in the future.
    pub date: Date,
    /// The amount, positive when money leaves. What is unknown, zero or a refund is no charge.
    pub amount: Option<Money>,
    /// Who charges, resolved by the caller: equal texts are one merchant. Without a merchant,
    /// an empty text, a charge belongs to no stream.
    pub merchant: &'a str,
}

impl std::fmt::Debug for Charge<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Charge").field("id", &self.id).finish_non_exhaustive()
    }
}

/// The streams among one person's charges, by merchant, currency and first due day.
///
/// ```
/// use payme_core::evidence::recurring::{Cadence, Charge, MonthDay, streams};
/// use payme_core::types::{Money, RecordId};
/// use uuid::Uuid;
/// let days = ["2024-01-31", "2024-02-29", "2024-04-01", "2024-04-30", "2024-05-31"];
/// let charges: Vec<Charge> = (1..).zip(days).map(|(id, day)| Charge {
///     id: RecordId::from_uuid(Uuid::from_u128(id)),
///     date: day.parse().unwrap(),
///     amount: Some(Money::usd_cents(1_549)),
///     merchant: "Pear Films",
/// }).collect();
/// let found = streams(&charges);
/// assert_eq!(found.len(), 1);
/// assert_eq!(found[0].cadence(), Cadence::Monthly(MonthDay::Last));
/// let next = found[0].next_expected(found[0].last_date());
/// assert_eq!(next, Some("2024-06-30".parse().unwrap()));
/// assert!(streams(&charges[..1]).is_empty());
/// ```
pub fn streams(charges: &[Charge<'_>]) -> Vec<Stream> {
    streams_from(charges, LISTED_FROM)
}

/// The streams of at least this confidence; 0 gives every guess, which is what a fit is made on.
pub fn streams_from(charges: &[Charge<'_>], least: f64) -> Vec<Stream> {
    let mut groups: HashMap<(&str, Currency), Vec<Point>> = HashMap::new();
    for charge in charges.iter().filter(|charge| !charge.merchant.is_empty()) {
        let Some(amount) = charge.amount.filter(|amount| amount.minor() > 0) else { continue };
        groups.entry((charge.merchant, amount.currency())).or_default().push(Point {
            id: charge.id,
            day: day_number(charge.date),
            month: month_number(charge.date),
            minor: amount.minor(),
            level: 0,
        });
    }
    let mut workshop = Workshop::new();
    let mut found: Vec<Stream> = Vec::new();
    for ((merchant, currency), mut points) in groups {
        points.sort_unstable_by_key(|point| (point.day, point.minor, point.id));
        let fits = workshop.streams(&mut points);
        let streams = fits.iter().filter_map(|one| {
            let around =
                Around { unexplained: unexplained(&points, &fits, one), streams: fits.len() };
            stream_of(merchant, currency, &points, one, around)
        });
        found.extend(streams.filter(|one| one.confidence().get() >= least));
    }
    found.sort_by(|a, b| order(a).cmp(&order(b)));
    found
}

/// What streams are sorted by.
fn order(stream: &Stream) -> (&str, Currency, Date, Option<RecordId>) {
    (&stream.merchant, stream.currency, stream.first_date(), stream.records().next())
}

/// What else there is at the merchant of a stream.
#[derive(Clone, Copy)]
struct Around {
    /// The charges between its first and last that belong to no stream.
    unexplained: usize,
    /// All streams, sure or not.
    streams: usize,
}

/// How many charges between the first and the last of a stream belong to none.
fn unexplained(points: &[Point], fits: &[Fit], one: &Fit) -> usize {
    let day = |fit: &Fit, index: usize| {
        let pick = fit.picks.get(index)?;
        points.get(pick.point as usize).map(|point| point.day)
    };
    let Some((from, to)) = day(one, 0).zip(day(one, one.picks.len().saturating_sub(1))) else {
        return 0;
    };
    let start = points.partition_point(|point| point.day < from);
    let end = points.partition_point(|point| point.day <= to);
    let picks = fits.iter().flat_map(|fit| &fit.picks);
    let explained = picks.filter(|pick| (start..end).contains(&(pick.point as usize))).count();
    (end - start).saturating_sub(explained)
}

fn stream_of(
    merchant: &str,
    currency: Currency,
    points: &[Point],
    one: &Fit,
    around: Around,
) -> Option<Stream> {
    let mut occurrences = Vec::with_capacity(one.picks.len());
    let mut missed = Vec::new();
    let mut before: Option<(i32, i64)> = None;
    let grace = one.cadence.kind().window().grace;
    for pick in &one.picks {
        let point = points.get(pick.point as usize)?;
        let gap = before.map_or(0, |(occurrence, _)| pick.occurrence - occurrence - 1);
        let is_merged = gap > 0 && before.is_some_and(|(_, minor)| is_double(minor, point.minor));
        let from = pick.occurrence - gap;
        let until = pick.occurrence - i32::from(is_merged);
        missed.extend((from..until).filter_map(|missed| date_of(one.cadence.due(missed))));
        let timing = match () {
            () if is_merged => Timing::Merged,
            () if pick.offset > grace => Timing::Late(pick.offset),
            () => Timing::OnTime,
        };
        before = Some((pick.occurrence, point.minor / (1 + i64::from(is_merged))));
        occurrences.push(Occurrence {
            record: point.id,
            date: date_of(point.day)?,
            due: date_of(one.cadence.due(pick.occurrence))?,
            amount: Money::new(point.minor, currency),
            timing,
        });
    }
    let next = one.picks.last()?.occurrence + 1;
    let signs = signs(one, &occurrences, missed.len(), around);
    let (merchant, cadence) = (merchant.to_owned(), one.cadence);
    Some(Stream { merchant, currency, cadence, occurrences, missed, next, signs })
}

#[expect(clippy::cast_precision_loss, reason = "counts of charges, and sums of their bits")]
fn signs(fit: &Fit, occurrences: &[Occurrence], missed: usize, around: Around) -> Signs {
    let charges = occurrences.len() as f64;
    let kind = fit.cadence.kind();
    let is_when_due = |pick: &&fit::Pick| fit::stray(fit.cadence, pick) <= WHEN_DUE;
    let when_due = fit.picks.iter().filter(is_when_due).count() as f64 / charges;
    let is_equal = |pair: &&[Occurrence]| match pair {
        [a, b] => stream::is_same_price(a, b),
        _ => false,
    };
    let equal = occurrences.windows(2).filter(is_equal).count() as f64 / (charges - 1.0).max(1.0);
    let is = |yes: bool| if yes { 1.0 } else { 0.0 };
    [
        1.0,
        charges.log2(),
        missed as f64 / (charges + missed as f64),
        when_due,
        (around.streams as f64).log2(),
        equal,
        (1.0 + (fit.bits.max(0) as f64) / 100.0).log2(),
        (1.0 + around.unexplained as f64).log2(),
        when_due * equal,
        is(matches!(kind, CadenceKind::Weekly | CadenceKind::TwoWeekly)),
        is(kind == CadenceKind::Quarterly),
        is(kind == CadenceKind::Yearly),
        is(fit.cadence.is_by_weekday()),
    ]
}
