//! The newest purchases of one kind, with their median and how far they spread.
//!
//! In: amounts, from the oldest to the newest. Out: the median, and the median absolute deviation
//! from it on a logarithmic scale: prices differ by factors, not by sums. Of at most
//! [`WINDOW`] amounts, so that habits may change and each purchase costs the same.

use std::collections::VecDeque;

use jiff::civil::Date;

/// How many purchases a habit is made of at most, the newest ones.
pub const WINDOW: usize = 64;

/// A normal distribution has this many median absolute deviations in a standard deviation.
const DEVIATIONS_IN_SIGMA: f64 = 1.4826;

/// The least standard deviation, in binary orders: amounts within 19 in 100 of each other are
/// alike even where all amounts so far were equal.
const SIGMA_MIN: f64 = 0.25;

/// The standard deviation that a habit has before anything is known of it, and how many purchases
/// that counts for: a few amounts that happen to be close do not make the next one unusual.
const SIGMA_BEFORE: f64 = 0.75;
const COUNTS_BEFORE: f64 = 10.0;

/// The binary logarithm of an amount above 0.
fn order_of(minor: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a logarithm needs no more than 53 bits")]
    let amount = minor.max(1) as f64;
    amount.log2()
}

/// The standard deviation of a habit of so many purchases, in binary orders.
fn sigma(mad: f64, count: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a habit has at most 64 purchases")]
    let count = count as f64;
    let known = DEVIATIONS_IN_SIGMA * mad * count + SIGMA_BEFORE * COUNTS_BEFORE;
    (known / (count + COUNTS_BEFORE)).max(SIGMA_MIN)
}

/// The newest purchases of one kind.
#[derive(Debug, Default)]
pub(super) struct Habit {
    newest: VecDeque<(Date, i64)>,
    sorted: Vec<(i64, f64)>,
    /// The most purchases of one amount on one day.
    pub(super) most_equal: usize,
    /// By weekday from Monday, of all purchases.
    pub(super) weekdays: [usize; 7],
}

/// What an amount is compared with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Centre {
    pub(super) median: i64,
    middle: f64,
    /// The median absolute deviation, in binary orders.
    pub(super) mad: f64,
    sigma: f64,
}

impl Centre {
    /// By how many standard deviations an amount is above the median.
    pub(super) fn deviations(&self, minor: i64) -> f64 {
        (order_of(minor) - self.middle) / self.sigma
    }
}

impl Habit {
    pub(super) fn len(&self) -> usize {
        self.newest.len()
    }

    /// The days of the oldest and the newest purchase in it.
    pub(super) fn days(&self) -> Option<(Date, Date)> {
        Some((self.newest.front()?.0, self.newest.back()?.0))
    }

    /// The median, the lower one of two, and the deviation from it.
    pub(super) fn centre(&self) -> Option<Centre> {
        let at = self.sorted.len().checked_sub(1)? / 2;
        let &(median, middle) = self.sorted.get(at)?;
        // The distances grow to both sides: they are merged until half of them have passed.
        let (mut below, mut above) = (at, at + 1);
        let mut mad = 0.0;
        for _ in 0..at {
            let down = below.checked_sub(1).and_then(|i| self.sorted.get(i));
            let down = down.map_or(f64::INFINITY, |(_, order)| middle - order);
            let up = self.sorted.get(above).map_or(f64::INFINITY, |(_, order)| order - middle);
            if down <= up {
                (mad, below) = (down, below - 1);
            } else {
                (mad, above) = (up, above + 1);
            }
        }
        Some(Centre { median, middle, mad, sigma: sigma(mad, self.sorted.len()) })
    }

    /// Adds the newest purchase and forgets the oldest of too many.
    pub(super) fn add(&mut self, date: Date, minor: i64) {
        if self.newest.len() >= WINDOW
            && let Some((_, oldest)) = self.newest.pop_front()
        {
            let at = self.sorted.partition_point(|(other, _)| *other < oldest);
            if at < self.sorted.len() {
                self.sorted.remove(at);
            }
        }
        self.newest.push_back((date, minor));
        let at = self.sorted.partition_point(|(other, _)| *other < minor);
        self.sorted.insert(at, (minor, order_of(minor)));
        let weekday = usize::try_from(date.weekday().to_monday_zero_offset()).unwrap_or(0);
        if let Some(count) = self.weekdays.get_mut(weekday) {
            *count = count.saturating_add(1);
        }
    }
}

/// The minutes of the day of the newest purchases.
#[derive(Debug, Default)]
pub(super) struct Hours {
    newest: VecDeque<u16>,
    sorted: Vec<u16>,
}

/// How many minutes of the day are remembered.
pub(super) const HOURS_WINDOW: usize = 128;

const DAY: u16 = crate::sync::MINUTES_OF_DAY;

impl Hours {
    pub(super) fn len(&self) -> usize {
        self.newest.len()
    }

    /// The minutes, around the clock, from this one to the second nearest: a single purchase at
    /// an odd hour does not make the hour usual.
    pub(super) fn to_second_nearest(&self, minute: u16) -> Option<u16> {
        let count = self.sorted.len();
        if count < 2 {
            return None;
        }
        let at = self.sorted.partition_point(|other| *other < minute);
        let around = |other: u16| {
            let apart = other.abs_diff(minute);
            apart.min(DAY.saturating_sub(apart))
        };
        // The two nearest are among the two before and the two after, in the circle.
        let near = (count + at).saturating_sub(2)..;
        let near = near.take(4.min(count)).filter_map(|i| self.sorted.get(i % count));
        let mut distances: Vec<u16> = near.map(|other| around(*other)).collect();
        distances.sort_unstable();
        distances.get(1).copied()
    }

    pub(super) fn add(&mut self, minute: u16) {
        if self.newest.len() >= HOURS_WINDOW
            && let Some(oldest) = self.newest.pop_front()
        {
            let at = self.sorted.partition_point(|other| *other < oldest);
            if at < self.sorted.len() {
                self.sorted.remove(at);
            }
        }
        self.newest.push_back(minute);
        let at = self.sorted.partition_point(|other| *other < minute);
        self.sorted.insert(at, minute);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DAY_ONE: Date = jiff::civil::date(2024, 1, 1);

    proptest! {
        #[test]
        fn median_and_deviation_are_those_of_the_newest_amounts(
            amounts in prop::collection::vec(1_i64..5_000, 1..150),
        ) {
            let mut habit = Habit::default();
            amounts.iter().for_each(|minor| habit.add(DAY_ONE, *minor));
            let mut newest: Vec<i64> = amounts.iter().rev().take(WINDOW).copied().collect();
            newest.sort_unstable();
            let middle = (newest.len() - 1) / 2;
            let median = newest[middle];
            // Small amounts are floats without loss.
            let order = |minor: i64| f64::from(u32::try_from(minor).unwrap()).log2();
            let mut far: Vec<f64> =
                newest.iter().map(|minor| (order(*minor) - order(median)).abs()).collect();
            far.sort_by(f64::total_cmp);
            let centre = habit.centre().unwrap();
            prop_assert_eq!(centre.median, median);
            prop_assert!((centre.mad - far[middle]).abs() < 1e-12, "{} {}", centre.mad, far[middle]);
            prop_assert_eq!(habit.len(), newest.len());
        }

        #[test]
        fn the_second_nearest_minute_is_that_of_all_around_the_clock(
            minutes in prop::collection::vec(0_u16..DAY, 0..200),
            minute in 0_u16..DAY,
        ) {
            let mut hours = Hours::default();
            minutes.iter().for_each(|minute| hours.add(*minute));
            let apart = |other: &u16| {
                let direct = (i32::from(*other) - i32::from(minute)).rem_euclid(1_440);
                direct.min(1_440 - direct)
            };
            let mut all: Vec<i32> = minutes.iter().rev().take(HOURS_WINDOW).map(apart).collect();
            all.sort_unstable();
            prop_assert_eq!(hours.to_second_nearest(minute).map(i32::from), all.get(1).copied());
        }
    }

    #[test]
    fn a_habit_of_one_price_still_has_a_width() {
        let mut habit = Habit::default();
        (0..10).for_each(|_| habit.add(DAY_ONE, 1_000));
        // Ten purchases of one price and ten that nobody saw: (10 * 0 + 10 * 0.75) / 20.
        let centre = habit.centre().unwrap();
        assert!((centre.deviations(8_000) - 8.0).abs() < 1e-12);
        assert!((centre.deviations(500) + 1.0 / 0.375).abs() < 1e-12);
        (0..54).for_each(|_| habit.add(DAY_ONE, 1_000));
        assert!((habit.centre().unwrap().deviations(2_000) - 4.0).abs() < 1e-12);
        assert!(centre.deviations(i64::MAX).is_finite() && centre.deviations(1).is_finite());
        assert!(Habit::default().centre().is_none());
    }
}
