//! Anomalies: whether what was planted is flagged, and what else is.
//!
//! A person has one to three years of ordinary life: a market, coffee, fuel, a dozen restaurants,
//! rent, bills that vary, subscriptions, shops that are visited once or twice, and once or twice a
//! year a journey with a larger bill at a place where the person never was. Amounts vary by a
//! product of three factors from 0.7 to 1.4. Six in ten people have the hour of each purchase, from
//! 7 to 22 o'clock; one in twenty of them also buys at night, a tenth of the time.
//!
//! From the fifth month on, one to three purchases are *planted*: at a known merchant for 8 to 40
//! times what is usual there; at a new one for 900 to 4,000 dollars; in the night; or four to six
//! equal charges on one day. A purchase is *flagged* when its score is above 0.5. *Precision* is
//! the share of planted purchases among the flagged, *recall* the share of flagged ones among the
//! planted.

#![expect(clippy::expect_used, reason = "an id that does not parse is a fault of the generator")]

use jiff::ToSpan as _;
use jiff::civil::Date;
use payme_core::evidence::anomaly::{Purchase, anomalies};
use payme_core::types::{Money, RecordId};

use super::figure::{Bound, Figure, Size};
use super::random::{Purpose, Stream};

const SEED: u64 = 20_260_212;

/// What is planted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Plant {
    AmountAtMerchant,
    NewMerchant,
    Night,
    Burst,
}

const PLANTS: [(Plant, &str); 4] = [
    (Plant::AmountAtMerchant, "recall of large amounts at known merchants"),
    (Plant::NewMerchant, "recall of large amounts at new merchants"),
    (Plant::Night, "recall of purchases in the night"),
    (Plant::Burst, "recall of equal charges on one day"),
];

/// One purchase and, where it is planted, what it is.
struct Row {
    merchant: String,
    category: &'static str,
    date: Date,
    cents: i64,
    minute: Option<u16>,
    plant: Option<Plant>,
}

/// Runs the campaign.
pub(crate) fn run(size: Size) -> Vec<Figure> {
    let people = if size == Size::Full { 2_000 } else { 60 };
    let (mut flagged, mut right, mut ordinary) = (0, 0, 0);
    let mut by_plant = [(0, 0); 4];
    for number in 0..people {
        let rows = person(number);
        let purchases = purchases(&rows);
        for found in anomalies(&purchases) {
            let row = purchases.iter().position(|one| one.id == found.record);
            let plant = row.and_then(|row| rows[row].plant);
            let is_flagged = usize::from(found.is_indexed());
            flagged += is_flagged;
            match plant {
                None => ordinary += 1,
                Some(plant) => {
                    right += is_flagged;
                    let at = PLANTS.iter().position(|(other, _)| *other == plant);
                    let tally = &mut by_plant[at.unwrap_or(0)];
                    *tally = (tally.0 + is_flagged, tally.1 + 1);
                }
            }
        }
    }
    let planted = by_plant.iter().map(|(_, planted)| planted).sum();
    let share = Figure::share;
    let mut figures = vec![
        share("precision", right, flagged, Bound::AtLeast(0.9)),
        share("recall", right, planted, Bound::AtLeast(0.9)),
        share("ordinary purchases flagged", flagged - right, ordinary, Bound::AtMost(0.002)),
    ];
    for ((_, name), (right, planted)) in PLANTS.into_iter().zip(by_plant) {
        figures.push(share(name, right, planted, Bound::Told));
    }
    figures
}

fn purchases(rows: &[Row]) -> Vec<Purchase<'_>> {
    let purchases = rows.iter().enumerate().map(|(number, row)| Purchase {
        id: record(number),
        date: row.date,
        amount: Some(Money::usd_cents(row.cents)),
        merchant: &row.merchant,
        category: Some(row.category),
        minute: row.minute,
    });
    purchases.collect()
}

fn record(number: usize) -> RecordId {
    format!("00000000-0000-4000-8000-{number:012x}").parse().expect("an id")
}

/// The ordinary life of a person.
struct Life {
    draw: Stream,
    first: Date,
    days: usize,
    knows_hours: bool,
    is_owl: bool,
    rows: Vec<Row>,
}

fn person(number: usize) -> Vec<Row> {
    let mut draw = Stream::new(SEED, Purpose::User, number);
    let first = after(jiff::civil::date(2021, 1, 1), draw.below(700));
    let (days, knows_hours) = (draw.between(365, 1_095), draw.percent(60));
    let is_owl = draw.percent(5);
    let mut life = Life { draw, first, days, knows_hours, is_owl, rows: Vec::new() };
    #[rustfmt::skip]
    let habits: [(&str, &'static str, [usize; 2], [usize; 2]); 8] = [
        // The days from one purchase to the next, and the range of what is usual.
        ("market",   "groceries", [2, 7],   [3_000, 9_000]),
        ("corner",   "groceries", [3, 12],  [800, 2_500]),
        ("coffee",   "food",      [1, 4],   [400, 700]),
        ("fuel",     "transport", [6, 15],  [3_500, 6_000]),
        ("transit",  "transport", [1, 6],   [275, 275]),
        ("chemist",  "health",    [12, 60], [900, 3_000]),
        ("hairs",    "services",  [30, 45], [3_000, 6_000]),
        ("energy",   "bills",     [30, 31], [6_000, 16_000]),
    ];
    for (merchant, category, gaps, usual) in habits {
        let usual = life.draw.between(usual[0], usual[1]);
        life.habit(merchant, category, gaps, usual, merchant != "transit");
    }
    for (merchant, category, range) in [
        ("home", "rent", [90_000, 250_000]),
        ("films", "plans", [899, 2_499]),
        ("tunes", "plans", [499, 1_499]),
    ] {
        let usual = life.draw.between(range[0], range[1]);
        life.habit(merchant, category, [30, 31], usual, false);
    }
    for n in 0..12 {
        let usual = life.draw.between(1_500, 6_000);
        life.habit(&format!("table {n}"), "food", [20, 120], usual, true);
    }
    for n in 0..life.days / 9 {
        let usual = life.draw.share(&[(60, 2_500), (30, 6_000), (10, 14_000)]);
        for _ in 0..life.draw.share(&[(75, 1), (25, 2)]) {
            life.once(&format!("shop {n}"), "shops", usual);
        }
    }
    for n in 0..life.days / 250 {
        let usual = life.draw.between(15_000, 45_000);
        life.once(&format!("journey {n}"), "travel", usual);
    }
    life.plant();
    life.rows
}

impl Life {
    fn habit(
        &mut self,
        merchant: &str,
        category: &'static str,
        gaps: [usize; 2],
        usual: usize,
        varies: bool,
    ) {
        let mut day = self.draw.below(gaps[1]);
        while day < self.days {
            let cents = if varies { self.varied(usual) } else { usual };
            self.buy(merchant, category, day, cents);
            day += self.draw.between(gaps[0], gaps[1]);
        }
    }

    fn once(&mut self, merchant: &str, category: &'static str, usual: usize) {
        let (day, cents) = (self.draw.below(self.days), self.varied(usual));
        self.buy(merchant, category, day, cents);
    }

    fn varied(&mut self, usual: usize) -> usize {
        (0..3).fold(usual, |cents, _| cents * self.draw.between(70, 140) / 100)
    }

    fn buy(&mut self, merchant: &str, category: &'static str, day: usize, cents: usize) {
        let is_night = self.is_owl && self.draw.percent(10);
        let minute = if is_night { self.draw.below(420) } else { self.draw.between(420, 1_320) };
        self.rows.push(Row {
            merchant: merchant.to_owned(),
            category,
            date: after(self.first, day),
            cents: i64::try_from(cents).unwrap_or(i64::MAX),
            minute: u16::try_from(minute).ok().filter(|_| self.knows_hours),
            plant: None,
        });
    }

    fn plant(&mut self) {
        for n in 0..self.draw.between(1, 3) {
            let day = self.draw.between(150, self.days - 1);
            let start = self.rows.len();
            let kinds = if self.knows_hours { 4 } else { 3 };
            let plant = [Plant::AmountAtMerchant, Plant::NewMerchant, Plant::Burst, Plant::Night]
                [self.draw.below(kinds)];
            match plant {
                Plant::AmountAtMerchant => {
                    let merchants = ["market", "coffee", "fuel", "corner", "energy"];
                    let merchant = self.draw.pick(&merchants);
                    let usual = self.rows.iter().find(|row| row.merchant == merchant);
                    let usual = usual.map_or(1_000, |row| row.cents);
                    let usual = usize::try_from(usual).unwrap_or(1_000);
                    let times = self.draw.between(8, 40);
                    self.buy(merchant, "groceries", day, usual * times);
                }
                Plant::NewMerchant => {
                    let cents = self.draw.between(90_000, 400_000);
                    self.buy(&format!("stranger {n}"), "shops", day, cents);
                }
                Plant::Burst => {
                    let (merchant, cents) =
                        (format!("stranger {n}"), self.draw.between(900, 9_000));
                    for _ in 0..self.draw.between(4, 6) {
                        self.buy(&merchant, "shops", day, cents);
                    }
                }
                Plant::Night => {
                    let cents = self.varied(4_000);
                    self.buy(&format!("shop {n}"), "shops", day, cents);
                }
            }
            let minute = u16::try_from(self.draw.between(140, 260)).ok();
            for row in &mut self.rows[start..] {
                row.plant = Some(plant);
                if plant == Plant::Night {
                    row.minute = minute;
                }
            }
        }
    }
}

fn after(day: Date, days: usize) -> Date {
    day.saturating_add(i64::try_from(days).unwrap_or(0).days())
}
