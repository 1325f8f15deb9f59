//! Days, months and years as people write them.
//!
//! In: words. Out: the first and the last day that a date can mean; a date that names no day means
//! all the days of its month or year. What is not a date of this calendar is none.

use super::words::Words;
use crate::types::{Date, ensure_modern, parse_date};

/// The years a bare number is read as.
const YEARS: std::ops::RangeInclusive<i16> = 1900..=2099;

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// What a date means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// These days, both included; one day where they are the same.
    Days(Date, Date),
    /// Up to now, whenever that is.
    Present,
}

impl When {
    /// The day, where it is one.
    pub(super) fn day(self) -> Option<Date> {
        match self {
            Self::Days(first, last) if first == last => Some(first),
            _ => None,
        }
    }
}

/// The date that begins at a word, and where it ends. `year` is the year of one that names none.
pub(super) fn date_at(words: &Words<'_>, at: usize, year: Option<i16>) -> Option<(When, usize)> {
    let low = words.low(at);
    let begins = low.starts_with(|c: char| c.is_ascii_digit()) || month_of(low).is_some();
    if !begins && !["the", "present", "today", "now"].contains(&low) {
        return None;
    }
    if let Some(end) = words
        .phrase_at(at, "the? present|today|now")
        .or_else(|| words.phrase_at(at, "the current|present date|day|time"))
    {
        return Some((When::Present, end));
    }
    iso_at(words, at)
        .or_else(|| slashed_at(words, at))
        .or_else(|| month_at(words, at, year))
        .or_else(|| day_first_at(words, at))
        .or_else(|| year_at(words, at))
}

/// Whether a word is the name of a month.
pub(super) fn month_of(low: &str) -> Option<i8> {
    let fits = |name: &&str| *name == low || (low.len() == 3 && name.starts_with(low));
    let at = MONTHS.iter().position(fits).or((low == "sept").then_some(8))?;
    i8::try_from(at + 1).ok()
}

/// `2014-05-30`.
fn iso_at(words: &Words<'_>, at: usize) -> Option<(When, usize)> {
    let end = words.phrase_at(at, "* - * - *")?;
    let day = parse_date(words.slice(at..end)).ok()?;
    Some((one_day(day)?, end))
}

/// `5/30/2014`, the month first.
fn slashed_at(words: &Words<'_>, at: usize) -> Option<(When, usize)> {
    let end = words.phrase_at(at, "* / * / *")?;
    let month = number(words.low(at), 2)?;
    let day = number(words.low(at + 2), 2)?;
    let year = year_of(words.low(at + 4))?;
    Some((days(year, Some(month), Some(day))?, end))
}

/// `May 30, 2014`, `May 30th 2014`, `May 2014`, and `May 30` or `May` where the year is known.
fn month_at(words: &Words<'_>, at: usize, year: Option<i16>) -> Option<(When, usize)> {
    let month = i16::from(month_of(words.low(at))?);
    let mut here = words.phrase_at(at + 1, ".").unwrap_or(at + 1);
    let day = ordinal(words.low(here));
    if day.is_some() {
        here += 1;
    }
    let behind = words.phrase_at(here, ",|of").unwrap_or(here);
    if let Some(year) = year_of(words.low(behind)) {
        return Some((days(year, Some(month), day)?, behind + 1));
    }
    Some((days(year?, Some(month), day)?, here))
}

/// `30 May 2014`, `30th of May, 2014`.
fn day_first_at(words: &Words<'_>, at: usize) -> Option<(When, usize)> {
    let day = ordinal(words.low(at))?;
    let here = words.phrase_at(at + 1, "of").unwrap_or(at + 1);
    let month = i16::from(month_of(words.low(here))?);
    let here = words.phrase_at(here + 1, ",").unwrap_or(here + 1);
    let year = year_of(words.low(here))?;
    Some((days(year, Some(month), Some(day))?, here + 1))
}

fn year_at(words: &Words<'_>, at: usize) -> Option<(When, usize)> {
    Some((days(year_of(words.low(at))?, None, None)?, at + 1))
}

fn year_of(low: &str) -> Option<i16> {
    number(low, 4).filter(|year| low.len() == 4 && YEARS.contains(year))
}

/// `30` or `30th`.
fn ordinal(low: &str) -> Option<i16> {
    let digits = ["st", "nd", "rd", "th"].iter().find_map(|end| low.strip_suffix(end));
    number(digits.unwrap_or(low), 2).filter(|day| (1..=31).contains(day))
}

fn number(low: &str, digits_max: usize) -> Option<i16> {
    let is_number =
        (1..=digits_max).contains(&low.len()) && low.bytes().all(|b| b.is_ascii_digit());
    if is_number { low.parse().ok() } else { None }
}

fn days(year: i16, month: Option<i16>, day: Option<i16>) -> Option<When> {
    let small = |number: i16| i8::try_from(number).ok();
    let first = Date::new(year, small(month.unwrap_or(1))?, small(day.unwrap_or(1))?).ok()?;
    let last = match (month, day) {
        (_, Some(_)) => first,
        (Some(_), None) => first.last_of_month(),
        (None, None) => first.last_of_year(),
    };
    ensure_modern(first).ok().map(|first| When::Days(first, last))
}

fn one_day(day: Date) -> Option<When> {
    ensure_modern(day).ok().map(|day| When::Days(day, day))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_mean_what_the_table_says() {
        #[rustfmt::skip]
        let table = [
            ("May 30, 2014",          "2014-05-30 2014-05-30 4"),
            ("Sept. 3rd 2021 x",      "2021-09-03 2021-09-03 4"),
            ("may 4 , 2022",          "2022-05-04 2022-05-04 4"),
            ("30th of May, 2014",     "2014-05-30 2014-05-30 5"),
            ("5 June 2014",           "2014-06-05 2014-06-05 3"),
            ("2014-05-30",            "2014-05-30 2014-05-30 5"),
            ("5/30/2014",             "2014-05-30 2014-05-30 5"),
            ("February of 2024",      "2024-02-01 2024-02-29 3"),
            ("Nov 2013",              "2013-11-01 2013-11-30 2"),
            ("2016",                  "2016-01-01 2016-12-31 1"),
            ("May 6",                 "2020-05-06 2020-05-06 2"),
            ("May",                   "2020-05-01 2020-05-31 1"),
            ("the present",           "present 2"),
            ("February 30, 2020",     "none"),
            ("13/30/2014",            "none"),
            ("20240",                 "none"),
            ("1850",                  "none"),
            ("",                      "none"),
        ];
        for (text, expected) in table {
            let words = Words::of(text);
            let found = match date_at(&words, 0, Some(2020)) {
                Some((When::Days(first, last), end)) => format!("{first} {last} {end}"),
                Some((When::Present, end)) => format!("present {end}"),
                None => "none".to_owned(),
            };
            assert_eq!(found, expected, "{text}");
        }
    }
}
