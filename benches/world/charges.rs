//! People and what they bought in four years, for the benchmarks of recurring charges and
//! anomalies.
//!
//! A person has a thousand purchases: six monthly streams and one each that is weekly and yearly,
//! all on strict calendars, and for the rest visits at twenty merchants on any day and for any
//! amount. The last of these costs as much as a car. Everything follows from a seed.

use jiff::ToSpan as _;
use jiff::civil::{Date, date};
use payme_core::evidence::anomaly::Purchase;
use payme_core::evidence::recurring::Charge;
use payme_core::types::{Money, RecordId};

use crate::world::random::{Purpose, Stream};

/// How many purchases a person has.
pub(crate) const PURCHASES: usize = 1_000;
/// How many streams a person has.
pub(crate) const STREAMS: usize = 8;
/// The days in which everything happens.
const DAYS: usize = 1_461;
const FIRST: Date = date(2021, 1, 1);

/// One purchase.
pub(crate) struct Bought {
    id: RecordId,
    date: Date,
    cents: i64,
    merchant: String,
    minute: u16,
}

/// A person's purchases, in no order.
pub(crate) struct Buyer(Vec<Bought>);

impl Buyer {
    /// As recurrence reads them.
    pub(crate) fn charges(&self) -> Vec<Charge<'_>> {
        let charges = self.0.iter().map(|one| Charge {
            id: one.id,
            date: one.date,
            amount: Some(Money::usd_cents(one.cents)),
            merchant: &one.merchant,
        });
        charges.collect()
    }

    /// As anomalies read them.
    pub(crate) fn purchases(&self) -> Vec<Purchase<'_>> {
        let purchases = self.0.iter().map(|one| Purchase {
            id: one.id,
            date: one.date,
            amount: Some(Money::usd_cents(one.cents)),
            merchant: &one.merchant,
            category: Some("shops"),
            minute: Some(one.minute),
        });
        purchases.collect()
    }

    /// The purchase that costs as much as a car.
    pub(crate) fn largest(&self) -> RecordId {
        self.0.iter().max_by_key(|one| one.cents).expect("a person buys something").id
    }

    fn buy(&mut self, draw: &mut Stream, merchant: String, date: Date, cents: i64) {
        let id = draw.uuid().parse().expect("a record's id");
        let minute = u16::try_from(draw.between(420, 1_320)).unwrap_or(0);
        self.0.push(Bought { id, date, cents, merchant, minute });
    }
}

/// Some people.
pub(crate) fn buyers(count: usize) -> Vec<Buyer> {
    (0..count).map(buyer).collect()
}

fn buyer(number: usize) -> Buyer {
    let mut draw = Stream::new(31, Purpose::User, number);
    let mut buyer = Buyer(Vec::with_capacity(PURCHASES));
    for stream in 0..6 {
        let (day, cents) = (draw.between(1, 28), price(&mut draw, 500, 9_000));
        for month in 0..48 {
            let date = after(FIRST.saturating_add(month.months()), day - 1);
            buyer.buy(&mut draw, format!("monthly {stream}"), date, cents);
        }
    }
    let (day, cents) = (draw.below(7), price(&mut draw, 500, 9_000));
    for week in 0..DAYS / 7 {
        buyer.buy(&mut draw, String::from("weekly"), after(FIRST, day + 7 * week), cents);
    }
    let (day, cents) = (draw.below(28), price(&mut draw, 500, 9_000));
    for year in 0..4 {
        let date = after(FIRST.saturating_add(year.years()), day);
        buyer.buy(&mut draw, String::from("yearly"), date, cents);
    }
    while buyer.0.len() < PURCHASES - 1 {
        let merchant = format!("shop {}", draw.below(20));
        let (date, cents) = (after(FIRST, draw.below(DAYS)), price(&mut draw, 400, 12_000));
        buyer.buy(&mut draw, merchant, date, cents);
    }
    buyer.buy(&mut draw, String::from("shop 0"), after(FIRST, DAYS), 3_000_000);
    buyer.0.sort_by_key(|one| one.id);
    buyer
}

fn price(draw: &mut Stream, min: usize, max: usize) -> i64 {
    i64::try_from(draw.between(min, max)).unwrap_or(0)
}

fn after(day: Date, days: usize) -> Date {
    day.saturating_add(i64::try_from(days).unwrap_or(0).days())
}
