//! Made-up people, their true streams and the charges around them.
//!
//! A person has one to four years of history and, in it:
//!
//! - six to twelve *streams*: monthly (a day of the month, the 31st, the last day, an nth or last
//!   weekday), weekly, two-weekly, semi-monthly, quarterly and yearly. Of their prices 60 in 100
//!   are fixed, 20 change once by 4 to 40 in 100, and 20 vary by up to a quarter each time. Most
//!   banks move weekends to Monday, some to Friday, some not at all; holidays add a day. Of the
//!   charges 4 in 100 are missed, 4 late, and 3 paid with the next in one amount. A quarter of
//!   the streams is cancelled. One merchant in six has a second stream: another price, or the
//!   same price on another day, or both. One in five also sells single things, one in ten refunds.
//! - *habits*: groceries, coffee at a few prices, fuel, lunch at one price on working days, a
//!   haircut at one price every four to seven weeks, parking at one price, medicine.
//! - *single purchases* at many merchants.
//!
//! Everything follows from a seed.
#![expect(clippy::expect_used, reason = "a date or id that is none is a fault of the generator")]

use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};
use payme_core::evidence::recurring::{CadenceKind, Charge};
use payme_core::types::{Money, RecordId};

use super::super::random::{Purpose, Stream};

/// One person.
pub(crate) struct MadePerson {
    rows: Vec<Row>,
    pub(crate) truths: Vec<Truth>,
    /// The last day of the history.
    pub(crate) last: Date,
}

/// One charge.
struct Row {
    merchant: String,
    date: Date,
    cents: i64,
}

/// One true stream.
#[derive(Clone)]
pub(crate) struct Truth {
    pub(crate) kind: CadenceKind,
    pub(crate) records: Vec<RecordId>,
    /// The day of the first charge after the history, unless it was cancelled.
    pub(crate) next: Option<Date>,
}

impl MadePerson {
    /// The charges, as the engine takes them.
    pub(crate) fn charges(&self) -> Vec<Charge<'_>> {
        let charges = self.rows.iter().enumerate().map(|(number, row)| Charge {
            id: record(number),
            date: row.date,
            amount: Some(Money::usd_cents(row.cents)),
            merchant: &row.merchant,
        });
        charges.collect()
    }

    fn charge(&mut self, merchant: &str, date: Date, cents: i64) -> RecordId {
        self.rows.push(Row { merchant: merchant.to_owned(), date, cents });
        record(self.rows.len() - 1)
    }
}

fn record(number: usize) -> RecordId {
    format!("00000000-0000-4000-8000-{number:012x}").parse().expect("an id")
}

/// The person of a number in the world of a seed.
pub(crate) fn person(seed: u64, number: usize) -> MadePerson {
    let mut draw = Stream::new(seed, Purpose::User, number);
    let first = after(jiff::civil::date(2019, 1, 1), draw.below(700));
    let history = History { first, last: after(first, draw.between(365, 1_460)) };
    let mut made = MadePerson { rows: Vec::new(), truths: Vec::new(), last: history.last };
    for number in 0..draw.between(6, 12) {
        let merchant = format!("plan {number}");
        let plan = Plan::draw(&mut draw, history);
        let second = draw.percent(17).then(|| plan.sibling(&mut draw, history));
        for plan in [Some(plan), second].into_iter().flatten() {
            plan.run(&mut draw, history, &merchant, &mut made);
        }
        if draw.percent(20) {
            for _ in 0..draw.between(1, 4) {
                let (day, cents) = (history.any_day(&mut draw), cents(&mut draw, 300, 9_000));
                made.charge(&merchant, day, cents);
            }
        }
        if draw.percent(10) {
            let (day, cents) = (history.any_day(&mut draw), cents(&mut draw, 300, 3_000));
            made.charge(&merchant, day, -cents);
        }
    }
    habits(&mut draw, history, &mut made);
    for number in 0..draw.between(30, 80) {
        let merchant = format!("shop {number}");
        let price = cents(&mut draw, 400, 20_000);
        for _ in 0..draw.share(&[(70, 1), (20, 2), (7, 3), (3, 5)]) {
            let other = cents(&mut draw, 400, 20_000);
            let price = if draw.percent(25) { price } else { other };
            made.charge(&merchant, history.any_day(&mut draw), price);
        }
    }
    made
}

#[derive(Clone, Copy)]
struct History {
    first: Date,
    last: Date,
}

impl History {
    fn days(self) -> usize {
        usize::try_from((self.last - self.first).get_days()).unwrap_or(0)
    }

    fn any_day(self, draw: &mut Stream) -> Date {
        after(self.first, draw.below(self.days()))
    }
}

/// How a stream charges.
#[derive(Clone)]
struct Plan {
    kind: CadenceKind,
    anchor: Anchor,
    /// The months or weeks between the start of time and the first due one.
    phase: i32,
    cents: i64,
    price: Price,
    weekends: Weekends,
    start: Date,
    end: Option<Date>,
}

#[derive(Clone, Copy)]
enum Anchor {
    Day(i8),
    Last,
    Nth(i8, Weekday),
}

#[derive(Clone, Copy)]
enum Price {
    Fixed,
    /// From this part of its life on, in hundredths, it is so many hundredths of the first price.
    Repriced(usize, i64),
    Varying,
}

#[derive(Clone, Copy)]
enum Weekends {
    ToMonday,
    ToFriday,
    Stay,
}

impl Plan {
    fn draw(draw: &mut Stream, history: History) -> Self {
        let kind = draw.share(&[
            (50, CadenceKind::Monthly),
            (10, CadenceKind::Weekly),
            (10, CadenceKind::TwoWeekly),
            (6, CadenceKind::SemiMonthly),
            (10, CadenceKind::Quarterly),
            (14, CadenceKind::Yearly),
        ]);
        let price = match draw.below(100) {
            0..60 => Price::Fixed,
            60..80 => Price::Repriced(draw.between(20, 80), cents(draw, 104, 140)),
            _ => Price::Varying,
        };
        let start = if draw.percent(60) { history.first } else { history.any_day(draw) };
        let lives = usize::try_from((history.last - start).get_days()).unwrap_or(0);
        let end = draw.percent(25).then(|| after(start, draw.below(lives + 1)));
        let mut plan = Self {
            kind,
            anchor: Anchor::Last,
            phase: 0,
            cents: cents(draw, 199, 12_000),
            price,
            weekends: draw.share(&[
                (60, Weekends::ToMonday),
                (10, Weekends::ToFriday),
                (30, Weekends::Stay),
            ]),
            start,
            end,
        };
        plan.draw_anchor(draw);
        plan
    }

    fn draw_anchor(&mut self, draw: &mut Stream) {
        let weekday = Weekday::Monday.wrapping_add(cents(draw, 0, 4));
        self.anchor = match draw.below(100) {
            _ if self.kind == CadenceKind::SemiMonthly => Anchor::Day(small(draw, 1, 15)),
            0..8 if self.kind == CadenceKind::Monthly => Anchor::Nth(small(draw, 1, 4), weekday),
            8..12 if self.kind == CadenceKind::Monthly => Anchor::Nth(-1, weekday),
            12..22 => Anchor::Last,
            _ => Anchor::Day(small(draw, 1, 30)),
        };
        self.phase = i32::from(small(draw, 0, 13));
    }

    /// A second stream at the same merchant.
    fn sibling(&self, draw: &mut Stream, history: History) -> Self {
        let mut other = Self::draw(draw, history);
        if let (Anchor::Day(day), CadenceKind::Monthly, true) =
            (self.anchor, self.kind, draw.percent(40))
        {
            // The same price on another day; half a month apart it would be one stream.
            other = Self { price: Price::Fixed, ..self.clone() };
            let apart = draw.share(&[(30, 6_i8), (30, 8), (20, 10), (20, 20)]);
            other.anchor = Anchor::Day((day + apart - 1) % 28 + 1);
            return other;
        }
        // Another price: one that nobody takes for the first after a change.
        let factor = draw.share(&[(50, 2_i64), (30, 3), (20, 5)]);
        other.cents = self.cents * factor + 500;
        other
    }

    /// The days on which it is due, from `from` on.
    fn due(&self, from: Date) -> Vec<Date> {
        let mut days = Vec::new();
        let month = from.first_of_month();
        let weeks = |step: i32| {
            let first = after(from, usize::try_from(self.phase % step).unwrap_or(0));
            (0..900).map(move |n| first.saturating_add((n * step).days())).collect()
        };
        match self.kind {
            CadenceKind::Weekly => return weeks(7),
            CadenceKind::TwoWeekly => return weeks(14),
            CadenceKind::SemiMonthly => {
                for n in 0..130 {
                    let month = month.saturating_add(n.months());
                    days.push(self.anchor.in_month(month));
                    if let Anchor::Day(day) = self.anchor {
                        let second = if day == 15 { Anchor::Last } else { Anchor::Day(day + 15) };
                        days.push(second.in_month(month));
                    }
                }
            }
            CadenceKind::Monthly => self.months(month, 1, 130, &mut days),
            CadenceKind::Quarterly => {
                self.months(month.saturating_add((self.phase % 3).months()), 3, 50, &mut days);
            }
            CadenceKind::Yearly => {
                self.months(month.saturating_add((self.phase % 12).months()), 12, 14, &mut days);
            }
        }
        days.retain(|day| *day >= from);
        days
    }

    fn months(&self, first: Date, step: i32, count: i32, days: &mut Vec<Date>) {
        let month = |n: i32| first.saturating_add((n * step).months());
        days.extend((0..count).map(|n| self.anchor.in_month(month(n))));
    }

    fn run(&self, draw: &mut Stream, history: History, merchant: &str, made: &mut MadePerson) {
        let due: Vec<Date> = self.due(self.start);
        let end = self.end.unwrap_or(history.last).min(history.last);
        let within = due.iter().filter(|day| **day <= end).count();
        let (mut records, mut owed) = (Vec::new(), false);
        let mut next = due.get(within).map(|day| self.shifted(draw, *day));
        for (at, day) in due.iter().take(within).enumerate() {
            let cents = self.cents_at(draw, at, within);
            let luck = draw.below(100);
            let is_long = self.kind == CadenceKind::Yearly;
            if (luck < 4 && !is_long)
                || (luck < 7 && !is_long && !owed && at + 1 < within && at > 0)
            {
                // Of the missed ones some are paid with the next.
                owed = luck >= 4;
                continue;
            }
            let late = if luck >= 96 { draw.between(2, self.late_most()) } else { 0 };
            let paid = after(self.shifted(draw, *day), late);
            let cents = if owed { 2 * cents } else { cents };
            owed = false;
            if paid <= history.last {
                records.push(made.charge(merchant, paid, cents));
            } else {
                // It is due within the history and paid after it.
                next = Some(paid);
            }
        }
        let next = next.filter(|_| self.end.is_none());
        if records.len() >= 2 {
            made.truths.push(Truth { kind: self.kind, records, next });
        }
    }

    const fn late_most(&self) -> usize {
        match self.kind {
            CadenceKind::Weekly => 2,
            CadenceKind::TwoWeekly | CadenceKind::SemiMonthly => 4,
            CadenceKind::Monthly => 10,
            CadenceKind::Quarterly | CadenceKind::Yearly => 15,
        }
    }

    fn cents_at(&self, draw: &mut Stream, at: usize, within: usize) -> i64 {
        match self.price {
            Price::Fixed => self.cents,
            Price::Repriced(from, percent) if at * 100 >= from * within => {
                self.cents * percent / 100
            }
            Price::Repriced(..) => self.cents,
            Price::Varying => self.cents * cents(draw, 75, 125) / 100,
        }
    }

    fn shifted(&self, draw: &mut Stream, day: Date) -> Date {
        let is_saturday = day.weekday() == Weekday::Saturday;
        let is_weekend = is_saturday || day.weekday() == Weekday::Sunday;
        let moved = match self.weekends {
            Weekends::ToMonday if is_weekend => after(day, if is_saturday { 2 } else { 1 }),
            Weekends::ToFriday if is_weekend => {
                day.saturating_sub(if is_saturday { 1.days() } else { 2.days() })
            }
            _ => day,
        };
        if draw.percent(3) { after(moved, 1) } else { moved }
    }
}

impl Anchor {
    fn in_month(self, month: Date) -> Date {
        match self {
            Self::Day(day) => {
                let day = day.min(month.days_in_month());
                month.with().day(day).build().expect("a day of the month")
            }
            Self::Last => month.last_of_month(),
            Self::Nth(nth, weekday) => {
                month.nth_weekday_of_month(nth, weekday).expect("at most the fourth")
            }
        }
    }
}

/// What people buy again and again without a calendar.
fn habits(draw: &mut Stream, history: History, made: &mut MadePerson) {
    type Habit = (&'static str, usize, [usize; 2], [usize; 2], &'static [i64]);
    #[rustfmt::skip]
    let habits: [Habit; 7] = [
        // Who has it in a hundred, the days from one to the next, the range of amounts or prices.
        ("market",  95, [2, 9],   [1_500, 16_000], &[]),
        ("coffee",  70, [1, 4],   [0, 0],          &[450, 450, 525, 610]),
        ("fuel",    60, [6, 15],  [2_800, 6_500],  &[]),
        ("lunch",   40, [1, 3],   [0, 0],          &[1_150]),
        ("haircut", 50, [26, 50], [0, 0],          &[3_500]),
        ("parking", 50, [2, 30],  [0, 0],          &[800]),
        ("chemist", 60, [10, 80], [400, 6_000],    &[]),
    ];
    for (merchant, percent, gaps, range, prices) in habits {
        if !draw.percent(percent) {
            continue;
        }
        let mut day = after(history.first, draw.below(30));
        while day <= history.last {
            let varying = cents(draw, range[0], range[1]);
            let price = if prices.is_empty() { varying } else { draw.pick(prices) };
            let is_weekend = matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
            if merchant != "lunch" || !is_weekend {
                made.charge(merchant, day, price);
            }
            day = after(day, draw.between(gaps[0], gaps[1]));
        }
    }
}

fn small(draw: &mut Stream, min: usize, max: usize) -> i8 {
    i8::try_from(draw.between(min, max)).unwrap_or(i8::MAX)
}

/// A whole number, mostly of cents.
fn cents(draw: &mut Stream, min: usize, max: usize) -> i64 {
    i64::try_from(draw.between(min, max)).unwrap_or(i64::MAX)
}

fn after(day: Date, days: usize) -> Date {
    day.saturating_add(i64::try_from(days).unwrap_or(0).days())
}
