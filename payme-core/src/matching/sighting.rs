//! Sightings: what one source saw of one feature, in columns.
//!
//! In: the features of a person. Out: [`PersonColumns`], the flat form that matching reads, and
//! [`Sighting`], one row of it. Days are numbers from 1970-01-01 on, so that a range of days is a
//! pair of integers and counting inside it two binary searches.
//! Nothing here decides; the atoms that read it stand in `truth.rs`.

use crate::catalog::{ClassPeriod, Range};
use crate::evidence::{UserFeature, UserFeatures};
use crate::types::{Currency, Date, Source, StateRule, day_number};

/// Cents of a day whose amount is not known, or not in US dollars.
pub(crate) const NO_CENTS: i64 = i64::MIN;

/// A day that is not known.
pub(crate) const NO_DAY: i32 = i32::MIN;

/// A range of days, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DayRange {
    /// The first day; `i32::MIN` where the range is open.
    pub(crate) from: i32,
    /// The last day; `i32::MAX` where the range is open.
    pub(crate) to: i32,
}

impl DayRange {
    /// Every day.
    pub(crate) const ALL: Self = Self { from: i32::MIN, to: i32::MAX };

    /// The range of an optional class period.
    pub(crate) fn of_period(period: Option<ClassPeriod>) -> Self {
        period.map_or(Self::ALL, |period| Self::of(Range { min: period.start, max: period.end }))
    }

    /// The range between two dates, either of them open.
    pub(crate) fn of(range: Range<Date>) -> Self {
        Self {
            from: range.min.map_or(i32::MIN, day_number),
            to: range.max.map_or(i32::MAX, day_number),
        }
    }

    /// Whether every day lies inside.
    pub(crate) const fn is_all(self) -> bool {
        self.from == i32::MIN && self.to == i32::MAX
    }

    /// Whether the day lies inside.
    pub(crate) const fn contains(self, day: i32) -> bool {
        self.from <= day && day <= self.to
    }
}

/// One row of sightings; its days are a window into the columns of days.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct SightingRow {
    pub(crate) source: Source,
    pub(crate) confidence: f64,
    pub(crate) count: u32,
    /// [`NO_DAY`] where it is not known.
    pub(crate) first: i32,
    /// [`NO_DAY`] where it is not known.
    pub(crate) last: i32,
    pub(crate) days_start: u32,
    pub(crate) days_end: u32,
}

impl SightingRow {
    /// The places of its days.
    pub(crate) const fn days(&self) -> std::ops::Range<usize> {
        self.days_start as usize..self.days_end as usize
    }
}

/// One feature of a person, over all sources.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Slot {
    /// The number of the feature in some vocabulary; what it means is up to the owner.
    pub(crate) feature: u32,
    pub(crate) sightings_start: u32,
    pub(crate) sightings_end: u32,
    /// 1 - the product of (1 - confidence) over the sources.
    pub(crate) belief: f64,
    /// The sum of the counts over the sources.
    pub(crate) count: u64,
    /// The newest day of any source, or [`NO_DAY`].
    pub(crate) newest: i32,
    /// The oldest day; [`NO_DAY`] where records may lie before it or behind `newest`, or where
    /// there are none.
    pub(crate) oldest: i32,
}

impl Slot {
    /// A feature that no source has seen yet.
    pub(crate) const fn empty(feature: u32, sightings_start: u32) -> Self {
        Self {
            feature,
            sightings_start,
            sightings_end: sightings_start,
            belief: 0.0,
            count: 0,
            newest: NO_DAY,
            oldest: NO_DAY,
        }
    }

    /// Adds the next row of the feature, whose records lie between two days.
    pub(crate) fn add(&mut self, row: &SightingRow, [oldest, newest]: [i32; 2]) {
        let is_first = self.sightings_end == self.sightings_start;
        self.belief = if is_first {
            row.confidence
        } else {
            1.0 - (1.0 - self.belief) * (1.0 - row.confidence)
        };
        self.count += u64::from(row.count);
        self.newest = self.newest.max(newest);
        self.oldest = if is_first { oldest } else { self.oldest.min(oldest) };
        self.sightings_end += 1;
    }

    /// Whether all records lie inside a range of days, or none, where the first and the last tell.
    pub(crate) const fn is_inside(&self, range: DayRange) -> Option<bool> {
        if self.oldest == NO_DAY {
            None
        } else if range.from <= self.oldest && self.newest <= range.to {
            Some(true)
        } else if self.newest < range.from || range.to < self.oldest {
            Some(false)
        } else {
            None
        }
    }
}

/// One person as matching reads them: flat columns, kept from one person to the next.
#[derive(Debug, Clone, Default)]
pub(crate) struct PersonColumns {
    pub(crate) state_bit: u64,
    pub(crate) born: Option<Date>,
    /// In the order of the keys.
    pub(crate) slots: Vec<Slot>,
    pub(crate) sightings: Vec<SightingRow>,
    pub(crate) days: DayColumns,
}

/// The days of all sightings, each sighting's in one ascending run.
#[derive(Debug, Clone, Default)]
pub(crate) struct DayColumns {
    pub(crate) dates: Vec<i32>,
    /// The counts of the sighting's days up to and including this one.
    pub(crate) until: Vec<u32>,
    /// US cents, or [`NO_CENTS`].
    pub(crate) cents: Vec<i64>,
}

impl PersonColumns {
    /// Takes a person in, in place of the one before. `number` numbers each feature.
    pub(crate) fn load(
        &mut self,
        user: &UserFeatures,
        mut number: impl FnMut(&UserFeature) -> u32,
    ) {
        self.state_bit = StateRule::person_bit(user.person().state);
        self.born = user.person().date_of_birth;
        self.slots.clear();
        self.sightings.clear();
        self.days.clear();
        for same in user.features().chunk_by(|a, b| a.key == b.key) {
            let Some(first) = same.first() else { continue };
            let mut slot = Slot::empty(number(first), len_u32(&self.sightings));
            for feature in same {
                let row = self.days.append(feature);
                slot.add(&row, self.days.span_of(&row));
                self.sightings.push(row);
            }
            self.slots.push(slot);
        }
    }

    /// The same, borrowed.
    pub(crate) fn view(&self) -> PersonView<'_> {
        PersonView {
            state_bit: self.state_bit,
            born: self.born,
            slots: &self.slots,
            sightings: &self.sightings,
            dates: &self.days.dates,
            until: &self.days.until,
            cents: &self.days.cents,
        }
    }
}

impl DayColumns {
    pub(crate) fn clear(&mut self) {
        self.dates.clear();
        self.until.clear();
        self.cents.clear();
    }

    /// Appends the days of a feature and gives its row.
    pub(crate) fn append(&mut self, feature: &UserFeature) -> SightingRow {
        let days_start = len_u32(&self.dates);
        let mut until = 0_u32;
        for day in &feature.by_day {
            until = until.saturating_add(day.count);
            let dollars = day.amount.filter(|amount| amount.currency() == Currency::USD);
            self.dates.push(day_number(day.date));
            self.until.push(until);
            self.cents.push(dollars.map_or(NO_CENTS, |amount| amount.minor()));
        }
        SightingRow {
            source: feature.source,
            confidence: feature.confidence.get(),
            count: feature.count,
            first: feature.first_seen.map_or(NO_DAY, day_number),
            last: feature.last_seen.map_or(NO_DAY, day_number),
            days_start,
            days_end: len_u32(&self.dates),
        }
    }

    /// Appends the days at these places of other columns.
    pub(crate) fn extend(&mut self, other: &Self, days: std::ops::Range<usize>) {
        self.dates.extend_from_slice(other.dates.get(days.clone()).unwrap_or_default());
        self.until.extend_from_slice(other.until.get(days.clone()).unwrap_or_default());
        self.cents.extend_from_slice(other.cents.get(days).unwrap_or_default());
    }

    /// The oldest and the newest day of a row. The oldest is [`NO_DAY`] where records may lie
    /// outside the two, or where there are none.
    fn span_of(&self, row: &SightingRow) -> [i32; 2] {
        let dates = self.dates.get(row.days()).unwrap_or_default();
        let (Some(first), Some(last)) = (dates.first(), dates.last()) else {
            let is_known = row.first != NO_DAY && row.first <= row.last && row.count > 0;
            return [if is_known { row.first } else { NO_DAY }, row.last];
        };
        let until = self.until.get(row.days()).and_then(<[u32]>::last);
        [if until == Some(&0) { NO_DAY } else { *first }, row.last.max(*last)]
    }
}

/// A person in columns: the scratch of a matcher, or a row of many people.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PersonView<'a> {
    pub(crate) state_bit: u64,
    pub(crate) born: Option<Date>,
    pub(crate) slots: &'a [Slot],
    pub(crate) sightings: &'a [SightingRow],
    pub(crate) dates: &'a [i32],
    pub(crate) until: &'a [u32],
    pub(crate) cents: &'a [i64],
}

impl<'a> PersonView<'a> {
    /// What the sources saw of the feature of a slot.
    pub(crate) fn sightings(
        &self,
        slot: &Slot,
    ) -> impl Iterator<Item = Sighting<'a>> + Clone + use<'a> {
        let view = *self;
        let rows = slot.sightings_start as usize..slot.sightings_end as usize;
        view.sightings.get(rows).unwrap_or_default().iter().map(move |row| view.sighting(row))
    }

    fn sighting(&self, row: &SightingRow) -> Sighting<'a> {
        let days = row.days_start as usize..row.days_end as usize;
        Sighting {
            source: row.source,
            confidence: row.confidence,
            count: row.count,
            first: row.first,
            last: row.last,
            dates: self.dates.get(days.clone()).unwrap_or_default(),
            until: self.until.get(days.clone()).unwrap_or_default(),
            cents: self.cents.get(days).unwrap_or_default(),
        }
    }
}

/// What one source saw of one feature.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sighting<'a> {
    pub(crate) source: Source,
    /// In `[0, 1]`.
    pub(crate) confidence: f64,
    /// All records, with or without a day.
    pub(crate) count: u32,
    /// [`NO_DAY`] where it is not known.
    pub(crate) first: i32,
    /// [`NO_DAY`] where it is not known.
    pub(crate) last: i32,
    /// Ascending; a day stands once for each currency.
    pub(crate) dates: &'a [i32],
    /// The counts of the days up to and including this one.
    pub(crate) until: &'a [u32],
    /// US cents, or [`NO_CENTS`].
    pub(crate) cents: &'a [i64],
}

impl Sighting<'_> {
    /// How many records a range of days holds, at least and at most. A range that is open at both
    /// ends holds every record; a sighting is one record at least.
    pub(crate) fn records_inside(&self, range: DayRange) -> (u32, u32) {
        if range.is_all() {
            let count = self.count.max(1);
            (count, count)
        } else {
            self.count_inside(range)
        }
    }

    /// How many purchases or messages lie in a range of days, at least and at most.
    pub(crate) fn count_inside(&self, range: DayRange) -> (u32, u32) {
        if !self.dates.is_empty() {
            let days = self.days_inside(range);
            let until = |end: usize| {
                end.checked_sub(1).and_then(|last| self.until.get(last)).copied().unwrap_or(0)
            };
            let count = until(days.end).saturating_sub(until(days.start));
            return (count, count);
        }
        let known = [self.first, self.last].map(|day| day != NO_DAY);
        let inside = [self.first, self.last].map(|day| day != NO_DAY && range.contains(day));
        let is_before = known[1] && self.last < range.from;
        let is_after = known[0] && self.first > range.to;
        if range.is_all() || inside == [true, true] {
            return (self.count, self.count);
        }
        if is_before || is_after {
            return (0, 0);
        }
        // Here the two are not the same day: that one would lie inside, before or after.
        let inside: u32 = inside.map(u32::from).iter().sum();
        let outside = known.map(u32::from).iter().sum::<u32>() - inside;
        let least = inside.min(self.count);
        (least, least.max(self.count.saturating_sub(outside)))
    }

    /// The total in US cents over a range of days, where it is known. A total that does not fit
    /// is the number next to it.
    pub(crate) fn cents_inside(&self, range: DayRange) -> Option<i64> {
        if self.dates.is_empty() {
            return (self.count_inside(range).1 == 0).then_some(0);
        }
        let cents = self.cents.get(self.days_inside(range)).unwrap_or_default();
        let mut total = 0_i128;
        for cents in cents {
            if *cents == NO_CENTS {
                return None;
            }
            total += i128::from(*cents);
        }
        let clamped = total.clamp(i128::from(i64::MIN), i128::from(i64::MAX));
        i64::try_from(clamped).ok()
    }

    /// The places of the days inside a range.
    fn days_inside(&self, range: DayRange) -> std::ops::Range<usize> {
        let start = self.dates.partition_point(|day| *day < range.from);
        start..self.dates.partition_point(|day| *day <= range.to)
    }
}

fn len_u32<T>(list: &[T]) -> u32 {
    u32::try_from(list.len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(features: &str) -> UserFeatures {
        let line = format!(
            r#"{{"user_id": "6f1d2c3b-4a59-4e68-8d77-0123456789ab", "features": [{features}]}}"#
        );
        crate::evidence::parse_person_line(&line, 1).unwrap()
    }

    /// The counts and the cents inside a range, of the one sighting of a person.
    fn inside(user: &UserFeatures, range: DayRange) -> ((u32, u32), Option<i64>) {
        let mut columns = PersonColumns::default();
        columns.load(user, |_| 0);
        let view = columns.view();
        let sighting = view.sightings(&columns.slots[0]).next().unwrap();
        (sighting.count_inside(range), sighting.cents_inside(range))
    }

    fn days(from: &str, to: &str) -> DayRange {
        let day = |text: &str| (!text.is_empty()).then(|| text.parse().unwrap());
        DayRange::of(Range { min: day(from), max: day(to) })
    }

    #[test]
    fn without_days_the_first_and_the_last_day_prove_what_the_table_says() {
        let (from, to) = ("2020-01-10", "2020-01-20");
        #[rustfmt::skip]
        let table = [
            // first       last          range       count  least and most
            ("",           "",           ("", ""),   5,     (5, 5)),
            ("",           "",           (from, to), 5,     (0, 5)),
            // Both inside.
            ("2020-01-10", "2020-01-20", (from, to), 5,     (5, 5)),
            ("2020-01-12", "2020-01-12", (from, to), 5,     (5, 5)),
            // All before, all after.
            ("2020-01-01", "2020-01-09", (from, to), 5,     (0, 0)),
            ("",           "2020-01-09", (from, to), 5,     (0, 0)),
            ("2020-01-21", "2020-02-01", (from, to), 5,     (0, 0)),
            ("2020-01-21", "",           (from, to), 5,     (0, 0)),
            ("2020-01-09", "2020-01-09", (from, to), 5,     (0, 0)),
            // One of two inside, the other outside.
            ("2020-01-09", "2020-01-20", (from, to), 5,     (1, 4)),
            ("2020-01-20", "2020-01-21", (from, to), 5,     (1, 4)),
            ("2020-01-20", "2020-01-21", (from, to), 1,     (1, 1)),
            // Both outside, around it.
            ("2020-01-09", "2020-01-21", (from, to), 5,     (0, 3)),
            ("2020-01-09", "2020-01-21", (from, to), 1,     (0, 0)),
            // One known.
            ("2020-01-15", "",           (from, to), 5,     (1, 5)),
            ("2020-01-09", "",           (from, to), 5,     (0, 4)),
            ("",           "2020-01-15", (from, to), 5,     (1, 5)),
            ("",           "2020-01-21", (from, to), 5,     (0, 4)),
            // Half open ranges.
            ("2020-01-09", "2020-01-21", (from, ""), 5,     (1, 4)),
            ("2020-01-10", "2020-01-21", (from, ""), 5,     (5, 5)),
            ("2020-01-09", "2020-01-21", ("", to),   5,     (1, 4)),
            ("2020-01-21", "",           (from, ""), 5,     (1, 5)),
        ];
        for (first, last, (from, to), count, expected) in table {
            let day = |name: &str, day: &str| match day {
                "" => String::new(),
                day => format!(r#", "{name}": "{day}""#),
            };
            let user = person(&format!(
                r#"{{"key": "merchant:a", "source": "plaid", "confidence": 1, "count": {count}{}{}}}"#,
                day("first_seen", first),
                day("last_seen", last),
            ));
            let (counts, cents) = inside(&user, days(from, to));
            assert_eq!(counts, expected, "{first} {last} {from} {to} {count}");
            assert_eq!(cents, (expected.1 == 0).then_some(0), "{first} {last} {from} {to}");
        }
    }

    #[test]
    fn with_days_counts_and_cents_are_those_of_the_days_inside() {
        let user = person(
            r#"{"key": "merchant:a", "source": "plaid", "confidence": 1, "count": 9, "by_day": [
                {"date": "2020-01-09", "count": 1, "amount_cents": 100},
                {"date": "2020-01-10", "count": 2, "amount_cents": 20},
                {"date": "2020-01-10", "count": 1, "amount_cents": 7, "currency": "EUR"},
                {"date": "2020-01-12", "count": 0, "amount_cents": -5},
                {"date": "2020-01-20", "count": 4, "amount_cents": 3},
                {"date": "2020-01-21", "count": 1}]}"#,
        );
        #[rustfmt::skip]
        let table = [
            (("", ""),                     9, None),
            (("2020-01-01", "2020-01-09"), 1, Some(100)),
            (("2020-01-10", "2020-01-10"), 3, None),
            (("2020-01-11", "2020-01-20"), 4, Some(-2)),
            (("2020-01-11", ""),           5, None),
            (("2020-01-13", "2020-01-19"), 0, Some(0)),
            (("", "2020-01-09"),           1, Some(100)),
            (("2020-01-22", ""),           0, Some(0)),
        ];
        for ((from, to), count, cents) in table {
            assert_eq!(inside(&user, days(from, to)), ((count, count), cents), "{from} {to}");
        }
        let backwards = DayRange { from: 18_300, to: 18_200 };
        assert_eq!(inside(&user, backwards), ((0, 0), Some(0)), "an empty range holds nothing");
    }
}
