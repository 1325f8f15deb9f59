//! Anomalies: which purchases are unusual for the person who made them, and why.
//!
//! In: one person's [`Purchase`]s, in any order. Out: an [`Anomaly`] for each that took money, with
//! a score in `[0, 1]` and the [`Reason`]s that make it up.
//!
//! A purchase is compared with those of *earlier days* only. So a first large charge stays unusual
//! however often it is repeated later, what was said of a purchase never changes because of what
//! came after it, and purchases of one day do not speak for each other. The answer depends on the
//! set of purchases alone. Currencies are never compared. Where too little is known nothing is
//! said: the least histories are constants of this module.
//! Work grows with `n log n`, by sorting; each purchase costs the same, whatever came before.
//! Rules, constants and measured figures: `docs/rules/anomalies.md`.

mod explain;
mod habit;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fmt;

use jiff::civil::{Date, Weekday};

pub use explain::baseline_records;
pub use habit::WINDOW;

use crate::types::{Currency, Money, RecordId, day_number};
use habit::{Habit, Hours};

/// Above this score a purchase belongs into the index of anomalies.
pub const INDEXED_ABOVE: f64 = 0.5;

/// So many earlier purchases at a merchant are needed to say what is usual there.
pub const AT_MERCHANT_MIN: usize = 6;
/// So many first visits in a category.
pub const IN_CATEGORY_MIN: usize = 12;
/// So many first visits of the person.
pub const OF_PERSON_MIN: usize = 24;
/// So many visits are the *first visits* of a merchant. Categories and persons are described by
/// these only, so that the daily coffee is not what everything else is compared with.
pub const FIRST_VISITS: usize = 3;
/// A merchant is new for so many days from the first purchase there, and while
/// [`AT_MERCHANT_MIN`] is not reached: rent is paid for a second time, a stolen card is used on.
pub const NEW_DAYS: i32 = 20;
/// So many with a known minute of the day.
pub const MINUTES_MIN: usize = 40;
/// So many at a merchant before a weekday can be new there.
pub const WEEKDAYS_MIN: usize = 24;

/// Up to so many standard deviations above the median an amount is ordinary.
const DEVIATIONS_ORDINARY: f64 = 3.0;
/// With so many more the strength of a reason is one half.
const DEVIATIONS_TO_HALF: f64 = 2.0;
/// So many minutes from the second nearest earlier purchase an hour is unusual.
const MINUTES_FAR: u16 = 120;
/// What an unusual hour is worth.
const STRENGTH_OF_MINUTE: f64 = 0.55;
/// What a weekday on which a merchant was never visited is worth.
const STRENGTH_OF_WEEKDAY: f64 = 0.2;
/// So many equal charges of one day are a burst, and so many times as many as ever before.
const BURST_MIN: usize = 3;
/// What a burst is worth.
const STRENGTH_OF_BURST: f64 = 0.6;

/// One purchase, as far as anomalies read it.
///
/// Debug shows the record only: what someone buys is personal data.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Purchase<'a> {
    /// The record; no two purchases have the same.
    pub id: RecordId,
    /// The day.
    pub date: Date,
    /// The amount, positive when money leaves. What is unknown, zero or a refund is not scored and
    /// is no part of a history.
    pub amount: Option<Money>,
    /// Where, resolved by the caller: equal texts are one merchant; empty where it is unknown.
    pub merchant: &'a str,
    /// The category, where there is one.
    pub category: Option<&'a str>,
    /// The minute of the day, in `0..1440`, where it is known.
    pub minute: Option<u16>,
}

/// What an amount was compared with.
///
/// Debug shows counts and days only.
#[derive(Clone, Copy, PartialEq)]
pub struct Baseline {
    /// How many purchases, the newest before the day; [`baseline_records`] names them.
    pub count: usize,
    /// The day of the oldest of them.
    pub from: Date,
    /// The day of the newest.
    pub to: Date,
    /// Their median, the lower one of two.
    pub median: Money,
    /// Half of them lie within this factor of the median, at least 1.
    pub spread_factor: f64,
    /// By how many standard deviations, on a logarithmic scale, the amount is above the median.
    pub deviations: f64,
    /// Up to this amount nothing would have been said.
    pub ordinary_up_to: Money,
}

/// Why a purchase is unusual.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Reason {
    /// The amount is large beside earlier ones at the merchant.
    AmountAtMerchant(Baseline),
    /// The amount is large beside first visits of the category.
    AmountInCategory(Baseline),
    /// The merchant is new, or nearly, and the amount is large beside the person's first visits.
    NewMerchant {
        /// How often the person bought there before, within [`NEW_DAYS`] days and fewer than
        /// [`AT_MERCHANT_MIN`] times.
        visits: usize,
        /// The first visits of the person, wherever they were.
        baseline: Baseline,
    },
    /// The hour is one at which the person does not buy.
    Minute {
        /// The minute of the day.
        minute: u16,
        /// How many earlier purchases have a known minute.
        count: usize,
        /// The minutes, around the clock, to the second nearest of them.
        to_second_nearest: u16,
    },
    /// The person never bought there on this day of the week.
    Weekday {
        /// The weekday.
        weekday: Weekday,
        /// How many earlier purchases there are at the merchant.
        count: usize,
    },
    /// The same amount was charged on one day at least three times as often as the merchant ever
    /// did.
    Burst {
        /// How often on that day.
        count: usize,
        /// The most on an earlier day.
        most_before: usize,
    },
}

impl Reason {
    /// How much it says, in `[0, 1)`.
    pub fn strength(&self) -> f64 {
        match self {
            Self::AmountAtMerchant(baseline)
            | Self::AmountInCategory(baseline)
            | Self::NewMerchant { baseline, .. } => strength(baseline.deviations),
            Self::Minute { .. } => STRENGTH_OF_MINUTE,
            Self::Weekday { .. } => STRENGTH_OF_WEEKDAY,
            Self::Burst { .. } => STRENGTH_OF_BURST,
        }
    }

    /// What the amount was compared with, where it is about the amount.
    pub const fn baseline(&self) -> Option<&Baseline> {
        match self {
            Self::AmountAtMerchant(baseline)
            | Self::AmountInCategory(baseline)
            | Self::NewMerchant { baseline, .. } => Some(baseline),
            Self::Minute { .. } | Self::Weekday { .. } | Self::Burst { .. } => None,
        }
    }
}

/// How unusual one purchase is.
#[derive(Debug, Clone, PartialEq)]
pub struct Anomaly {
    /// The record.
    pub record: RecordId,
    /// How unusual, in `[0, 1]`; 0 where nothing is to be said.
    pub score: f64,
    /// Why; empty where the score is 0.
    pub reasons: Vec<Reason>,
}

impl Anomaly {
    /// Whether it belongs into the index.
    pub fn is_indexed(&self) -> bool {
        self.score > INDEXED_ABOVE
    }
}

/// What deviations above the median say: nothing up to 3, one half at 5, nearly 1 from 15 on.
fn strength(deviations: f64) -> f64 {
    let above = (deviations - DEVIATIONS_ORDINARY).max(0.0);
    1.0 - (-above / DEVIATIONS_TO_HALF).exp2()
}

/// The score of reasons: `1 - product (1 - strength)`, of the reasons about the amount the
/// strongest one only, because they speak of one thing.
fn score(reasons: &[Reason]) -> f64 {
    let (mut amount, mut left) = (0.0_f64, 1.0);
    for reason in reasons {
        match reason.baseline() {
            Some(_) => amount = amount.max(reason.strength()),
            None => left *= 1.0 - reason.strength(),
        }
    }
    (1.0 - left * (1.0 - amount)).clamp(0.0, 1.0)
}

/// How unusual each purchase is, by day, merchant, currency, amount and record.
///
/// ```
/// use payme_core::evidence::anomaly::{Purchase, anomalies};
/// use payme_core::types::{Money, RecordId};
/// use uuid::Uuid;
/// let bought = |day: i8, cents| Purchase {
///     id: RecordId::from_uuid(Uuid::from_u128(u128::from(day.unsigned_abs()))),
///     date: jiff::civil::date(2024, 3, day),
///     amount: Some(Money::usd_cents(cents)),
///     merchant: "Pear Market",
///     category: None,
///     minute: None,
/// };
/// let ordinary = (1..20).map(|day| bought(day, 3_000 + 40 * i64::from(day)));
/// let mut purchases: Vec<Purchase> = ordinary.collect();
/// purchases.push(bought(25, 90_000));
/// let found = anomalies(&purchases);
/// assert!(found[..19].iter().all(|one| one.score == 0.0));
/// assert!(found[19].is_indexed());
/// assert_eq!(found[19].reasons[0].baseline().unwrap().median, Money::usd_cents(3_400));
/// ```
pub fn anomalies(purchases: &[Purchase<'_>]) -> Vec<Anomaly> {
    let sorted = in_order(purchases);
    let mut person = Person::default();
    let mut found = Vec::with_capacity(sorted.len());
    for day in sorted.chunk_by(|a, b| a.0.date == b.0.date) {
        let is_equal = |a: &(&Purchase<'_>, Money), b: &(&Purchase<'_>, Money)| {
            (a.0.merchant, a.1) == (b.0.merchant, b.1)
        };
        for equal in day.chunk_by(is_equal) {
            for (purchase, amount) in equal {
                let reasons = person.reasons(purchase, *amount, equal.len());
                let score = score(&reasons);
                found.push(Anomaly { record: purchase.id, score, reasons });
            }
        }
        for equal in day.chunk_by(is_equal) {
            for (purchase, amount) in equal {
                person.add(purchase, *amount, equal.len());
            }
        }
    }
    found
}

/// The purchases that took money, with their amounts, in the order of [`anomalies`].
fn in_order<'p, 'a>(purchases: &'p [Purchase<'a>]) -> Vec<(&'p Purchase<'a>, Money)> {
    let taken = |one: &'p Purchase<'a>| Some((one, one.amount.filter(|money| money.minor() > 0)?));
    let mut sorted: Vec<_> = purchases.iter().filter_map(taken).collect();
    sorted.sort_unstable_by_key(|(one, amount)| {
        (one.date, one.merchant, amount.currency(), amount.minor(), one.id)
    });
    sorted
}

/// What is known of a person before a day.
#[derive(Default)]
struct Person<'a> {
    merchants: HashMap<(&'a str, Currency), Habit>,
    categories: HashMap<(&'a str, Currency), Habit>,
    all: HashMap<Currency, Habit>,
    hours: Hours,
}

impl<'a> Person<'a> {
    fn reasons(&self, one: &Purchase<'a>, amount: Money, equal: usize) -> Vec<Reason> {
        let currency = amount.currency();
        let merchant = self.merchants.get(&(one.merchant, currency));
        let visits = merchant.map_or(0, Habit::len);
        let mut reasons = Vec::new();
        if visits >= AT_MERCHANT_MIN {
            let baseline = merchant.and_then(|habit| beyond(habit, amount));
            reasons.extend(baseline.map(Reason::AmountAtMerchant));
        } else {
            let category = one.category.and_then(|name| self.categories.get(&(name, currency)));
            let category = category.filter(|habit| habit.len() >= IN_CATEGORY_MIN);
            let baseline = category.and_then(|habit| beyond(habit, amount));
            reasons.extend(baseline.map(Reason::AmountInCategory));
            let all = self.all.get(&currency).filter(|habit| habit.len() >= OF_PERSON_MIN);
            let baseline = all.and_then(|habit| beyond(habit, amount));
            let new = |baseline| Reason::NewMerchant { visits, baseline };
            let first = merchant.and_then(Habit::days).map_or(one.date, |(first, _)| first);
            let age = day_number(one.date).saturating_sub(day_number(first));
            let is_new = age < NEW_DAYS && !one.merchant.is_empty();
            reasons.extend(baseline.filter(|_| is_new).map(new));
        }
        reasons.extend(one.minute.and_then(|minute| self.hour(minute)));
        reasons.extend(merchant.and_then(|habit| weekday(habit, one.date.weekday())));
        let most_before = merchant.map_or(0, |habit| habit.most_equal);
        let usual = most_before.max(1).saturating_mul(BURST_MIN);
        if equal >= usual && !one.merchant.is_empty() {
            reasons.push(Reason::Burst { count: equal, most_before });
        }
        reasons
    }

    fn hour(&self, minute: u16) -> Option<Reason> {
        let count = self.hours.len();
        let to_second_nearest =
            self.hours.to_second_nearest(minute).filter(|_| count >= MINUTES_MIN)?;
        (to_second_nearest >= MINUTES_FAR).then_some(Reason::Minute {
            minute,
            count,
            to_second_nearest,
        })
    }

    fn add(&mut self, one: &Purchase<'a>, amount: Money, equal: usize) {
        let (currency, minor) = (amount.currency(), amount.minor());
        let mut is_first = true;
        if !one.merchant.is_empty() {
            let habit = self.merchants.entry((one.merchant, currency)).or_default();
            is_first = habit.len() < FIRST_VISITS;
            habit.add(one.date, minor);
            habit.most_equal = habit.most_equal.max(equal);
        }
        if is_first {
            if let Some(category) = one.category {
                self.categories.entry((category, currency)).or_default().add(one.date, minor);
            }
            self.all.entry(currency).or_default().add(one.date, minor);
        }
        if let Some(minute) = one.minute.filter(|minute| *minute < crate::sync::MINUTES_OF_DAY) {
            self.hours.add(minute);
        }
    }
}

/// The baseline of a habit, where an amount is beyond what is ordinary in it.
fn beyond(habit: &Habit, amount: Money) -> Option<Baseline> {
    let centre = habit.centre()?;
    let deviations = centre.deviations(amount.minor());
    if deviations <= DEVIATIONS_ORDINARY {
        return None;
    }
    let (from, to) = habit.days()?;
    // Deviations grow with the amount, so what is ordinary ends between the median and it.
    let (mut ordinary, mut too_much) = (centre.median, amount.minor());
    while too_much - ordinary > 1 {
        let between = ordinary + (too_much - ordinary) / 2;
        if centre.deviations(between) <= DEVIATIONS_ORDINARY {
            ordinary = between;
        } else {
            too_much = between;
        }
    }
    Some(Baseline {
        count: habit.len(),
        from,
        to,
        median: Money::new(centre.median, amount.currency()),
        spread_factor: centre.mad.exp2(),
        deviations,
        ordinary_up_to: Money::new(ordinary, amount.currency()),
    })
}

fn weekday(habit: &Habit, weekday: Weekday) -> Option<Reason> {
    let count: usize = habit.weekdays.iter().sum();
    let on_it = usize::try_from(weekday.to_monday_zero_offset()).ok();
    let on_it = on_it.and_then(|at| habit.weekdays.get(at)).copied()?;
    (count >= WEEKDAYS_MIN && on_it == 0).then_some(Reason::Weekday { weekday, count })
}

impl fmt::Debug for Purchase<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Purchase").field("id", &self.id).finish_non_exhaustive()
    }
}

impl fmt::Debug for Baseline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Baseline").field("count", &self.count).finish_non_exhaustive()
    }
}
