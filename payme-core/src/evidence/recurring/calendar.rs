//! Calendars: on which days a charge is due, by cadence and anchor.
//!
//! In: a [`Cadence`] and the number of an occurrence. Out: a day, counted from 1970-01-01.
//! Occurrences are numbered by the calendar and not by the charges, so that a missed one has a
//! number too. Nothing here knows a time zone, and no date overflows: a day number has room for
//! every occurrence within ten thousand years.

use jiff::civil::{Date, Weekday};

use crate::types::day_number;

/// How often a stream charges, without its anchor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CadenceKind {
    /// Every seven days.
    Weekly,
    /// Every fourteen days.
    TwoWeekly,
    /// On two fixed days of every month.
    SemiMonthly,
    /// Once a month.
    Monthly,
    /// Every three months.
    Quarterly,
    /// Once a year.
    Yearly,
}

impl CadenceKind {
    /// Every kind, from the most frequent to the least.
    pub const ALL: [Self; 6] = [
        Self::Weekly,
        Self::TwoWeekly,
        Self::SemiMonthly,
        Self::Monthly,
        Self::Quarterly,
        Self::Yearly,
    ];

    /// The kind as one lower-case word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Weekly => "weekly",
            Self::TwoWeekly => "two_weekly",
            Self::SemiMonthly => "semi_monthly",
            Self::Monthly => "monthly",
            Self::Quarterly => "quarterly",
            Self::Yearly => "yearly",
        }
    }

    /// How many charges make a stream of this kind mature: 3, and 2 where it charges once a year.
    pub const fn charges_when_mature(self) -> usize {
        match self {
            Self::Yearly => 2,
            _ => 3,
        }
    }

    /// How many days around the day it is due a charge may lie.
    pub(super) const fn window(self) -> Window {
        let (early, grace, late) = match self {
            Self::Weekly => (1, 2, 3),
            Self::TwoWeekly => (2, 3, 6),
            Self::SemiMonthly => (2, 3, 7),
            Self::Monthly => (3, 4, 14),
            Self::Quarterly => (4, 5, 30),
            Self::Yearly => (7, 7, 45),
        };
        Window { early, grace, late }
    }
}

/// The days around a due day in which its charge is looked for; two windows never overlap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    /// So many days before it is due.
    pub(super) early: i32,
    /// So many days after, and it is still on time.
    pub(super) grace: i32,
    /// So many days after, and it is late.
    pub(super) late: i32,
}

/// A day of a month, however long the month is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MonthDay {
    /// The day of this number, from 1 to 30, and the last day of a month that is shorter.
    Day(u8),
    /// The last day. What is charged on the 31st has this anchor: short months clamp it.
    Last,
    /// The first to fourth day of this weekday.
    Nth {
        /// From 1 to 4.
        nth: u8,
        /// The weekday.
        weekday: Weekday,
    },
    /// The last day of this weekday.
    LastWeekday(Weekday),
}

impl MonthDay {
    /// The day in a month, counted from 1970-01-01; months are counted from the year 0.
    pub(super) fn in_month(self, month: i32) -> i32 {
        let (first, length) = month_start(month);
        match self {
            Self::Day(day) => first + i32::from(day).clamp(1, length) - 1,
            Self::Last => first + length - 1,
            Self::Nth { nth, weekday } => {
                let to_first = (number_of(weekday) - weekday_number(first)).rem_euclid(7);
                first + to_first + 7 * (i32::from(nth).clamp(1, 4) - 1)
            }
            Self::LastWeekday(weekday) => {
                let last = first + length - 1;
                last - (weekday_number(last) - number_of(weekday)).rem_euclid(7)
            }
        }
    }
}

/// How often and on which days a stream charges.
///
/// ```
/// use payme_core::evidence::recurring::{Cadence, MonthDay};
/// let rent = Cadence::Monthly(MonthDay::Last);
/// let due = rent.due_after("2024-01-31".parse()?);
/// let days: Vec<String> = due.take(3).map(|day| day.to_string()).collect();
/// assert_eq!(days, ["2024-02-29", "2024-03-31", "2024-04-30"]);
/// # Ok::<(), jiff::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cadence {
    /// Every week.
    Weekly {
        /// The days from 1970-01-01 to a due day, modulo 7.
        phase: u8,
    },
    /// Every other week.
    TwoWeekly {
        /// The days from 1970-01-01 to a due day, modulo 14.
        phase: u8,
    },
    /// Twice a month, about half a month apart.
    SemiMonthly {
        /// The earlier day of the month, from 1 to 17.
        first: u8,
        /// The later one, a day of the month or the last.
        second: MonthDay,
    },
    /// Once a month.
    Monthly(MonthDay),
    /// Once in three months.
    Quarterly {
        /// The months from January to the first due month of a year: 0, 1 or 2.
        month: u8,
        /// The day of the month.
        day: MonthDay,
    },
    /// Once a year.
    Yearly {
        /// The month, from 1 to 12.
        month: u8,
        /// The day of the month.
        day: MonthDay,
    },
}

impl Cadence {
    /// The kind.
    pub const fn kind(self) -> CadenceKind {
        match self {
            Self::Weekly { .. } => CadenceKind::Weekly,
            Self::TwoWeekly { .. } => CadenceKind::TwoWeekly,
            Self::SemiMonthly { .. } => CadenceKind::SemiMonthly,
            Self::Monthly(_) => CadenceKind::Monthly,
            Self::Quarterly { .. } => CadenceKind::Quarterly,
            Self::Yearly { .. } => CadenceKind::Yearly,
        }
    }

    /// Whether its anchor is a weekday of the month.
    pub(super) const fn is_by_weekday(self) -> bool {
        match self {
            Self::Weekly { .. } | Self::TwoWeekly { .. } | Self::SemiMonthly { .. } => false,
            Self::Monthly(day) | Self::Quarterly { day, .. } | Self::Yearly { day, .. } => {
                matches!(day, MonthDay::Nth { .. } | MonthDay::LastWeekday(_))
            }
        }
    }

    /// The days on which it is due after `date`, ascending, up to the last year of the calendar.
    pub fn due_after(self, date: Date) -> impl Iterator<Item = Date> {
        let day = day_number(date);
        let from = self.last_by(day, month_number(date)).0 + 1;
        (from..).map_while(move |occurrence| date_of(self.due(occurrence)))
    }

    /// The day on which an occurrence is due.
    pub(super) fn due(self, occurrence: i32) -> i32 {
        match self {
            Self::Weekly { phase } => 7 * occurrence + i32::from(phase),
            Self::TwoWeekly { phase } => 14 * occurrence + i32::from(phase),
            Self::SemiMonthly { first, second } => {
                let day = if occurrence & 1 == 0 { MonthDay::Day(first) } else { second };
                day.in_month(occurrence >> 1)
            }
            Self::Monthly(day) => day.in_month(occurrence),
            Self::Quarterly { month, day } => day.in_month(3 * occurrence + i32::from(month)),
            Self::Yearly { month, day } => day.in_month(12 * occurrence + i32::from(month) - 1),
        }
    }

    /// The newest occurrence that is due on or before a day of that month, and its day.
    fn last_by(self, day: i32, month: i32) -> (i32, i32) {
        let mut occurrence = match self {
            Self::Weekly { phase } => (day - i32::from(phase)).div_euclid(7),
            Self::TwoWeekly { phase } => (day - i32::from(phase)).div_euclid(14),
            Self::SemiMonthly { .. } => 2 * month + 1,
            Self::Monthly(_) => month,
            Self::Quarterly { month: phase, .. } => (month - i32::from(phase)).div_euclid(3),
            Self::Yearly { month: phase, .. } => (month + 1 - i32::from(phase)).div_euclid(12),
        };
        // At most two occurrences of that month lie behind the day.
        let mut due = self.due(occurrence);
        while due > day {
            occurrence -= 1;
            due = self.due(occurrence);
        }
        (occurrence, due)
    }

    /// The occurrence in whose window a day lies, and how many days after it was due.
    pub(super) fn place(self, day: i32, month: i32) -> Option<(i32, i32)> {
        let window = self.kind().window();
        let (mut occurrence, mut due) = self.last_by(day, month);
        if day - due > window.late {
            // The next one may be near enough that the charge is early for it.
            occurrence += 1;
            due = self.due(occurrence);
            return (due - day <= window.early).then_some((occurrence, day - due));
        }
        if day - due <= 1 {
            return Some((occurrence, day - due));
        }
        let next = self.due(occurrence + 1);
        if next - day <= window.early && next - day < day - due {
            return Some((occurrence + 1, day - next));
        }
        Some((occurrence, day - due))
    }
}

/// The number of a month: 12 times its year and, from 0, its place in it.
pub(super) fn month_number(date: Date) -> i32 {
    12 * i32::from(date.year()) + i32::from(date.month()) - 1
}

/// 0 for Monday up to 6 for Sunday, of a day counted from 1970-01-01.
pub(super) const fn weekday_number(day: i32) -> i32 {
    (day + 3).rem_euclid(7)
}

fn number_of(weekday: Weekday) -> i32 {
    i32::from(weekday.to_monday_zero_offset())
}

/// The first day of a month, counted from 1970-01-01, and how many days the month has.
pub(super) fn month_start(month: i32) -> (i32, i32) {
    let known = usize::try_from(month - TABLE_FROM).ok();
    if let Some([first, next]) = known.and_then(|at| FIRST_DAYS.get(at..at + 2)) {
        return (*first, next - first);
    }
    let (first, next) = (first_day(month), first_day(month + 1));
    (first, next - first)
}

/// The month that the table of first days begins with: January 1900.
const TABLE_FROM: i32 = 12 * 1_900;

/// The first days of the months of three hundred years. Each charge asks for dozens of them, and
/// without the table that is most of the work.
static FIRST_DAYS: [i32; 3_600] = {
    let mut days = [0; 3_600];
    let (mut at, mut month) = (0, TABLE_FROM);
    while at < days.len() {
        days[at] = first_day(month);
        at += 1;
        month += 1;
    }
    days
};

const fn first_day(month: i32) -> i32 {
    // Years begin in March here, so that the leap day is the last day of its year.
    let shifted = month - 2;
    let (year, month) = (shifted.div_euclid(12), shifted.rem_euclid(12));
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    365 * year + leap_days + (153 * month + 2) / 5 - 719_468
}

/// No date is so many days from 1970-01-01.
const DAYS_MAX: i32 = 5_000_000;

/// The date of a day counted from 1970-01-01; `None` outside the years -9999 to 9999.
pub(super) fn date_of(day: i32) -> Option<Date> {
    if !(-DAYS_MAX..=DAYS_MAX).contains(&day) {
        return None;
    }
    // A month is never longer than this guess is off, so the guess is right or one too large.
    let guess = i64::from(day) * 4_800 / 146_097 + 12 * 1_970 + 1;
    let mut month = i32::try_from(guess).ok()?;
    while first_day(month) > day {
        month -= 1;
    }
    let year = i16::try_from(month.div_euclid(12)).ok()?;
    let of_year = i8::try_from(month.rem_euclid(12) + 1).ok()?;
    Date::new(year, of_year, i8::try_from(day - first_day(month) + 1).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_numbers_of_days_turn_into_each_other() {
        let mut date: Date = "1889-12-25".parse().unwrap();
        for number in day_number(date)..60_000 {
            assert_eq!(date_of(number), Some(date), "{number}");
            let (first, length) = month_start(month_number(date));
            assert_eq!(first, day_number(date.first_of_month()));
            assert_eq!(length, i32::from(date.days_in_month()));
            assert_eq!(weekday_number(number), number_of(date.weekday()));
            date = date.tomorrow().unwrap();
        }
        for date in [Date::MIN, Date::MAX] {
            assert_eq!(date_of(day_number(date)), Some(date));
        }
        assert_eq!(date_of(day_number(Date::MAX) + 1), None);
        assert_eq!(date_of(i32::MAX), None);
    }

    #[test]
    fn each_cadence_is_due_on_the_days_of_the_table() {
        let nth = |nth, weekday| MonthDay::Nth { nth, weekday };
        #[rustfmt::skip]
        let table = [
            // 2024-01-03 is day 19,725: 6 modulo 7 and 13 modulo 14.
            (Cadence::Weekly { phase: 6 }, "2024-01-03", ["2024-01-10", "2024-01-17", "2024-01-24"]),
            (Cadence::TwoWeekly { phase: 13 }, "2024-01-04", ["2024-01-17", "2024-01-31", "2024-02-14"]),
            (Cadence::SemiMonthly { first: 15, second: MonthDay::Last }, "2024-01-31", ["2024-02-15", "2024-02-29", "2024-03-15"]),
            (Cadence::SemiMonthly { first: 1, second: MonthDay::Day(16) }, "2023-12-31", ["2024-01-01", "2024-01-16", "2024-02-01"]),
            (Cadence::Monthly(MonthDay::Day(30)), "2023-01-30", ["2023-02-28", "2023-03-30", "2023-04-30"]),
            (Cadence::Monthly(MonthDay::Last), "2024-01-31", ["2024-02-29", "2024-03-31", "2024-04-30"]),
            (Cadence::Monthly(nth(2, Weekday::Tuesday)), "2024-01-09", ["2024-02-13", "2024-03-12", "2024-04-09"]),
            (Cadence::Monthly(MonthDay::LastWeekday(Weekday::Friday)), "2024-01-01", ["2024-01-26", "2024-02-23", "2024-03-29"]),
            (Cadence::Quarterly { month: 2, day: MonthDay::Last }, "2023-12-30", ["2023-12-31", "2024-03-31", "2024-06-30"]),
            (Cadence::Quarterly { month: 0, day: MonthDay::Day(5) }, "2024-01-05", ["2024-04-05", "2024-07-05", "2024-10-05"]),
            (Cadence::Yearly { month: 2, day: MonthDay::Day(29) }, "2023-02-28", ["2024-02-29", "2025-02-28", "2026-02-28"]),
        ];
        for (cadence, after, expected) in table {
            let days: Vec<String> =
                cadence.due_after(after.parse().unwrap()).take(3).map(|d| d.to_string()).collect();
            assert_eq!(days, expected, "{cadence:?}");
        }
        assert_eq!(Cadence::Weekly { phase: 0 }.due_after(Date::MAX).count(), 0);
    }

    #[test]
    fn a_day_lies_in_one_window_at_most_and_the_nearest_one() {
        let cadences = [
            Cadence::Weekly { phase: 3 },
            Cadence::TwoWeekly { phase: 11 },
            Cadence::SemiMonthly { first: 14, second: MonthDay::Day(30) },
            Cadence::Monthly(MonthDay::Last),
            Cadence::Monthly(MonthDay::Nth { nth: 1, weekday: Weekday::Monday }),
            Cadence::Quarterly { month: 1, day: MonthDay::Day(2) },
            Cadence::Yearly { month: 1, day: MonthDay::Day(1) },
        ];
        for cadence in cadences {
            let Window { early, late, .. } = cadence.kind().window();
            let mut date: Date = "2023-12-01".parse().unwrap();
            for _ in 0..800 {
                let day = day_number(date);
                let near = |k: &i32| (-early..=late).contains(&(day - cadence.due(*k)));
                let from = cadence.last_by(day, month_number(date)).0 - 3;
                let nearest = (from..from + 7)
                    .filter(near)
                    .min_by_key(|k| ((day - cadence.due(*k)).abs(), *k));
                let expected = nearest.map(|k| (k, day - cadence.due(k)));
                assert_eq!(cadence.place(day, month_number(date)), expected, "{cadence:?} {date}");
                date = date.tomorrow().unwrap();
            }
        }
    }
}
