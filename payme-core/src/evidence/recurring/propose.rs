//! Which calendars are worth a look: a few for each kind, whatever the number of charges.
//!
//! In: the charges of one merchant. Out: at most [`PROPOSED_MAX`] cadences, whose anchors are days
//! on which charges gather. Work is one pass over the charges and a fixed number of counters.

use jiff::civil::Weekday;

use super::calendar::{Cadence, MonthDay, month_start, weekday_number};
use super::fit::Point;

/// How many calendars are proposed at most.
pub(super) const PROPOSED_MAX: usize = 11;

/// The slot of the last day of the month among those of the days.
const LAST: usize = 30;

/// What a charge on the day of an anchor, and near it, says for that anchor: from one day before
/// to three days after.
const NEARNESS: [u32; 5] = [2, 8, 3, 3, 1];

/// Counters that are used again, and the list of what they propose.
#[derive(Debug)]
pub(super) struct Proposer {
    weeks: [u32; 7],
    fortnights: [u32; 14],
    /// By month of the year and day of the month.
    days: [[u32; 31]; 12],
    /// By which one of its month and weekday; the last of five rows is the last of the month.
    weekdays: [[u32; 7]; 5],
    found: Vec<Cadence>,
}

impl Proposer {
    pub(super) fn new() -> Self {
        Self {
            weeks: [0; 7],
            fortnights: [0; 14],
            days: [[0; 31]; 12],
            weekdays: [[0; 7]; 5],
            found: Vec::with_capacity(PROPOSED_MAX),
        }
    }

    /// The calendars that these charges may keep to, each once.
    pub(super) fn propose(&mut self, points: &[Point], among: &[u32]) -> &[Cadence] {
        self.count(points, among);
        self.found.clear();
        self.add(cyclic(&self.weeks).map(|phase| Cadence::Weekly { phase }));
        self.add(cyclic(&self.fortnights).map(|phase| Cadence::TwoWeekly { phase }));
        let mut monthly = [0; 31];
        for month in &self.days {
            monthly.iter_mut().zip(month).for_each(|(sum, count)| *sum += count);
        }
        self.add_monthly(&monthly);
        self.add_long();
        &self.found
    }

    fn add(&mut self, cadence: Option<Cadence>) {
        if let Some(cadence) = cadence
            && !self.found.contains(&cadence)
        {
            self.found.push(cadence);
        }
    }

    fn count(&mut self, points: &[Point], among: &[u32]) {
        (self.weeks, self.fortnights) = ([0; 7], [0; 14]);
        (self.days, self.weekdays) = ([[0; 31]; 12], [[0; 7]; 5]);
        for point in among.iter().filter_map(|index| points.get(*index as usize)) {
            let (first, length) = month_start(point.month);
            let of_month = point.day - first;
            let weekday = slot(weekday_number(point.day));
            bump(&mut self.weeks, slot(point.day.rem_euclid(7)));
            bump(&mut self.fortnights, slot(point.day.rem_euclid(14)));
            let nth = slot(of_month / 7);
            if let Some(row) = self.weekdays.get_mut(nth.min(3)).filter(|_| nth < 4) {
                bump(row, weekday);
            }
            if of_month + 7 >= length
                && let Some(row) = self.weekdays.last_mut()
            {
                bump(row, weekday);
            }
            if let Some(month) = self.days.get_mut(slot(point.month.rem_euclid(12))) {
                if slot(of_month) < LAST {
                    bump(month, slot(of_month));
                }
                if of_month + 1 == length {
                    bump(month, LAST);
                }
            }
        }
    }

    /// The two days of the month on which most charges gather, the best pair of days half a
    /// month apart, and the best weekday.
    fn add_monthly(&mut self, days: &[u32; 31]) {
        let best = best_of(days, |_| true);
        if let Some((first, _)) = best {
            self.add(Some(Cadence::Monthly(day_of(first))));
            let far = |day: usize| day.abs_diff(first) > 2;
            if let Some((second, _)) = best_of(days, far) {
                self.add(Some(Cadence::Monthly(day_of(second))));
            }
            let half = |day: usize| (13..=17).contains(&day.abs_diff(first));
            if let Some((second, _)) = best_of(days, half) {
                let (early, late) = (first.min(second), first.max(second));
                let early = u8::try_from(early + 1).unwrap_or(1);
                self.add(Some(Cadence::SemiMonthly { first: early, second: day_of(late) }));
            }
        }
        self.add(self.best_weekday().map(|(_, day)| Cadence::Monthly(day)));
    }

    /// The best anchor of a quarter and of a year.
    fn add_long(&mut self) {
        let mut quarters = [[0; 31]; 3];
        for (month, days) in self.days.iter().enumerate() {
            if let Some(quarter) = quarters.get_mut(month % 3) {
                quarter.iter_mut().zip(days).for_each(|(sum, count)| *sum += count);
            }
        }
        // Two quarters may be alike where an end and the next beginning gather the same charges.
        for (month, days) in (0..).zip(&quarters) {
            let best = best_of(days, |_| true);
            self.add(best.map(|(day, _)| Cadence::Quarterly { month, day: day_of(day) }));
        }
        let best = best_in(&quarters);
        let weekday = best.zip(self.best_weekday());
        self.add(weekday.map(|((month, _), (_, day))| Cadence::Quarterly { month, day }));
        let best = best_in(&self.days);
        self.add(best.map(|(month, day)| Cadence::Yearly { month: month + 1, day: day_of(day) }));
    }

    /// The weekday of a month on which most charges lie exactly, if two do.
    fn best_weekday(&self) -> Option<(u32, MonthDay)> {
        let mut best: Option<(u32, MonthDay)> = None;
        for (nth, row) in (1..).zip(&self.weekdays) {
            for (weekday, count) in (0..).zip(row) {
                let Ok(weekday) = Weekday::from_monday_zero_offset(weekday) else { continue };
                let day = match nth {
                    1..=4 => MonthDay::Nth { nth, weekday },
                    _ => MonthDay::LastWeekday(weekday),
                };
                if *count >= 2 && best.is_none_or(|(most, _)| *count > most) {
                    best = Some((*count, day));
                }
            }
        }
        best
    }
}

fn slot(number: i32) -> usize {
    usize::try_from(number).unwrap_or(0)
}

fn bump(counters: &mut [u32], at: usize) {
    if let Some(counter) = counters.get_mut(at) {
        *counter = counter.saturating_add(1);
    }
}

fn day_of(slot: usize) -> MonthDay {
    match u8::try_from(slot + 1) {
        Ok(day) if slot < LAST => MonthDay::Day(day),
        _ => MonthDay::Last,
    }
}

/// What speaks for an anchor; days follow each other in a circle.
fn weight(counts: &[u32], at: usize) -> u64 {
    let length = counts.len();
    let near = (length + at).saturating_sub(1)..;
    let counts = near.map(|day| counts.get(day % length.max(1)).copied().unwrap_or(0));
    NEARNESS.iter().zip(counts).map(|(weight, count)| u64::from(*weight) * u64::from(count)).sum()
}

/// The slot with a charge for which most speaks, the first of equals.
fn best_of(counts: &[u32], is_wanted: impl Fn(usize) -> bool) -> Option<(usize, u64)> {
    let mut best: Option<(usize, u64)> = None;
    for (at, _) in counts.iter().enumerate().filter(|(at, count)| **count > 0 && is_wanted(*at)) {
        let weight = weight(counts, at);
        if best.is_none_or(|(_, most)| weight > most) {
            best = Some((at, weight));
        }
    }
    best
}

fn cyclic(counts: &[u32]) -> Option<u8> {
    best_of(counts, |_| true).and_then(|(phase, _)| u8::try_from(phase).ok())
}

/// The best row and slot of several rows.
fn best_in(rows: &[[u32; 31]]) -> Option<(u8, usize)> {
    let mut best: Option<((u8, usize), u64)> = None;
    for (number, row) in (0..).zip(rows) {
        if let Some((at, weight)) = best_of(row, |_| true)
            && best.is_none_or(|(_, most)| weight > most)
        {
            best = Some(((number, at), weight));
        }
    }
    best.map(|(place, _)| place)
}
