//! Periods: the days that a class definition names.
//!
//! In: a text. Out: each period it states, with what it is about and the words it was read from.
//! Months and years count whole. What names no day of a calendar, such as a season or a semester,
//! is no period: the days stay unknown.
//! Rules: `docs/rules/trackers.md`.

use std::ops::Range;

use super::dates::{When, date_at, month_of};
use super::places::is_negation;
use super::words::Words;
use crate::types::{Date, ensure_modern};

/// What a period is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PeriodKind {
    /// What makes somebody part of the class happened in it.
    Class,
    /// Something else happened in it, such as a data breach.
    Event,
    /// Something was made in it.
    Made,
    /// Something was so on the day, such as who owned a car.
    AsOf,
}

/// A period as a text states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeriodPhrase {
    /// What it is about.
    pub kind: PeriodKind,
    /// The first day, unless it is open or not known.
    pub start: Option<Date>,
    /// The last day, unless it is open or not known.
    pub end: Option<Date>,
    /// Whom it holds for, where the text goes on to say so.
    pub group: Option<String>,
    /// The words it was read from.
    pub text: String,
    /// Which words of the text these are.
    pub(super) words: Range<usize>,
}

/// Every period that a text states, in the order of the text.
/// ```
/// use payme_core::catalog::tracker::{PeriodKind, read_periods};
/// let periods = read_periods("bought a kettle between May 2, 2019 and June 2021");
/// assert_eq!(periods[0].kind, PeriodKind::Class);
/// assert_eq!(periods[0].start.map(|day| day.to_string()).as_deref(), Some("2019-05-02"));
/// assert_eq!(periods[0].end.map(|day| day.to_string()).as_deref(), Some("2021-06-30"));
/// assert!(read_periods("had a ticket in the 2023 season").is_empty());
/// ```
pub fn read_periods(text: &str) -> Vec<PeriodPhrase> {
    periods_of(&Words::of(text))
}

/// The same of words.
pub(super) fn periods_of(words: &Words<'_>) -> Vec<PeriodPhrase> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let Some((bounds, end)) = bounds_at(words, at) else {
            at += 1;
            continue;
        };
        // Days that a sentence takes out are none that it names.
        // "Outside of" two days is another thing than outside of a state before them.
        let is_negated = (at.saturating_sub(4)..at)
            .any(|here| is_negation(words.low(here)) && words.low(here) != "outside")
            || words.before(at, 2, &["outside"]) && words.before(at, 1, &["outside", "of"]);
        let is_usable = bounds.is_some_and(Bounds::is_sound)
            && !is_about_a_filing(words, at)
            && !is_negated
            && !words.before(at, 3, &["various", "certain", "different"]);
        if let (Some(bounds), true) = (bounds, is_usable) {
            found.push(PeriodPhrase {
                kind: kind(words, at, bounds),
                start: bounds.start,
                end: bounds.end,
                group: group(words, end),
                text: words.slice(at..end).to_owned(),
                words: at..end,
            });
        }
        at = end.max(at + 1);
    }
    found
}

#[derive(Debug, Clone, Copy, Default)]
struct Bounds {
    start: Option<Date>,
    end: Option<Date>,
    is_as_of: bool,
}

impl Bounds {
    /// Whether its ends are in order, and days that a settlement can hold.
    fn is_sound(self) -> bool {
        let is_reversed = matches!((self.start, self.end), (Some(a), Some(b)) if a > b);
        let mut days = self.start.into_iter().chain(self.end);
        !is_reversed && days.all(|day| ensure_modern(day).is_ok())
    }

    /// From the first day of one date to the last of another.
    fn spanning(from: When, to: When) -> Option<Self> {
        match (from, to) {
            (When::Days(start, _), When::Days(_, end)) => {
                Some(Self { start: Some(start), end: Some(end), is_as_of: false })
            }
            (When::Days(start, _), When::Present) => {
                Some(Self { start: Some(start), ..Self::default() })
            }
            (When::Present, _) => None,
        }
    }
}

/// The period that begins at a word, and where it ends. One whose words are those of a period but
/// that says nothing usable has no bounds: its words are passed over.
fn bounds_at(words: &Words<'_>, at: usize) -> Option<(Option<Bounds>, usize)> {
    const FIRST: [&str; 16] = [
        "between",
        "from",
        "beginning",
        "starting",
        "on",
        "in",
        "since",
        "as",
        "after",
        "before",
        "prior",
        "through",
        "until",
        "till",
        "up",
        "during",
    ];
    let low = words.low(at);
    let is_date = low.starts_with(|c: char| c.is_ascii_digit()) || month_of(low).is_some();
    if !is_date && !FIRST.contains(&low) {
        return None;
    }
    if let Some(here) = words.phrase_at(at, "between|from|beginning|starting") {
        let here = words.phrase_at(here, "on|in").unwrap_or(here);
        if let Some(found) = range_at(words, here) {
            return Some(found);
        }
    }
    open_at(words, at).or_else(|| plain_range_at(words, at)).or_else(|| single_at(words, at))
}

/// Two dates with a word between them that makes them a range.
fn range_at(words: &Words<'_>, at: usize) -> Option<(Option<Bounds>, usize)> {
    let joint = |here: usize| {
        let here = words.phrase_at(here, ",").unwrap_or(here);
        words
            .phrase_at(here, "and|to|through|thru|until|till|-|\u{2013}|\u{2014}")
            .map(|end| words.phrase_at(end, "about|around").unwrap_or(end))
    };
    if let Some((from, end)) = date_at(words, at, None) {
        let (to, end) = date_at(words, joint(end)?, None)?;
        return Some((Bounds::spanning(from, to), end));
    }
    // The first date may leave its year to the second: between May 3 and June 2, 2023.
    month_of(words.low(at))?;
    let (_, end) = date_at(words, at, Some(2000))?;
    let (to, end) = date_at(words, joint(end)?, None)?;
    let When::Days(_, last) = to else { return None };
    let from = date_at(words, at, Some(last.year()))?.0;
    Some((Bounds::spanning(from, to), end))
}

/// One bound and open on the other side.
fn open_at(words: &Words<'_>, at: usize) -> Option<(Option<Bounds>, usize)> {
    let date = |here: usize| date_at(words, here, None);
    let open = Bounds::default();
    let from = |when: When| match when {
        When::Days(start, _) => Some(Bounds { start: Some(start), ..open }),
        When::Present => None,
    };
    let until = |when: When| match when {
        When::Days(_, end) => Some(Bounds { end: Some(end), ..open }),
        When::Present => None,
    };
    if let Some(here) = words
        .phrase_at(at, "on|in or after|since")
        .or_else(|| words.phrase_at(at, "since|starting|beginning on|in?"))
    {
        let (when, end) = date(here)?;
        return Some((from(when), end));
    }
    if let Some(here) = words.phrase_at(at, "on or before|until|by") {
        let (when, end) = date(here)?;
        return Some((until(when), end));
    }
    if let Some(here) = words.phrase_at(at, "as of") {
        let (when, end) = date(here)?;
        let day = when.day();
        let bounds = day.map(|day| Bounds { start: Some(day), end: Some(day), is_as_of: true });
        return Some((bounds, end));
    }
    if let Some(here) = words.phrase_at(at, "after") {
        let (when, end) = date(here)?;
        let next = |last: Date| last.tomorrow().ok();
        let start = match when {
            When::Days(_, last) => next(last),
            When::Present => None,
        };
        return Some((start.map(|start| Bounds { start: Some(start), ..open }), end));
    }
    if let Some(here) = words.phrase_at(at, "before").or_else(|| words.phrase_at(at, "prior to")) {
        let (when, end) = date(here)?;
        let last = match when {
            When::Days(first, _) => first.yesterday().ok(),
            When::Present => None,
        };
        return Some((last.map(|last| Bounds { end: Some(last), ..open }), end));
    }
    if let Some(here) =
        words.phrase_at(at, "through|until|till").or_else(|| words.phrase_at(at, "up to"))
    {
        let (when, end) = date(here)?;
        return Some((until(when), end));
    }
    None
}

/// Two dates that no `between` or `from` introduces. Bare years may be model years: they are none.
fn plain_range_at(words: &Words<'_>, at: usize) -> Option<(Option<Bounds>, usize)> {
    let (first, end) = date_at(words, at, None)?;
    let is_year = end == at + 1;
    if is_year || first == When::Present {
        return None;
    }
    words.phrase_at(end, "to|through|thru|until|till|-|\u{2013}|\u{2014}")?;
    range_at(words, at)
}

/// One day, month or year with `on`, `in` or `during`.
fn single_at(words: &Words<'_>, at: usize) -> Option<(Option<Bounds>, usize)> {
    let here = words.phrase_at(at, "on|in|during")?;
    let (when, end) = date_at(words, here, None)?;
    // One of several that are listed, or the year of a season: which days is not said.
    let is_more = words
        .phrase_at(end, ",? or|and|/")
        .is_some_and(|next| date_at(words, next, None).is_some());
    let is_named = ["season", "semester", "term", "model", "models", "year", "school", "fiscal"]
        .contains(&words.low(end));
    if is_more || is_named {
        return Some((None, end));
    }
    Some((Bounds::spanning(when, when), end))
}

/// Whether the words before a period speak of what is filed with the court or the administrator:
/// that is a deadline.
fn is_about_a_filing(words: &Words<'_>, at: usize) -> bool {
    const FILING: [&str; 15] = [
        "file",
        "filed",
        "submit",
        "submitted",
        "postmarked",
        "postmark",
        "deadline",
        "object",
        "objection",
        "objections",
        "opt",
        "exclude",
        "exclusion",
        "hearing",
        "due",
    ];
    words.before(at, 7, &FILING)
        || words.before(at, 4, &["claims", "approval"])
        // "Received" alone is what happens to calls and notices.
        || words.before(at, 2, &["be"]) && words.before(at, 1, &["received"])
}

fn kind(words: &Words<'_>, at: usize, bounds: Bounds) -> PeriodKind {
    const EVENT: [&str; 13] = [
        "breach",
        "breaches",
        "incident",
        "incidents",
        "occurred",
        "occurring",
        "discovered",
        "experienced",
        "compromised",
        "attack",
        "cyberattack",
        "exposed",
        "recall",
    ];
    const MADE: [&str; 4] = ["manufactured", "built", "produced", "assembled"];
    let is_made = words.before(at, 3, &MADE)
        || words.before(at, 1, &["made"])
        || words.before(at, 8, &MADE) && !words.before(at, 4, &["purchased", "bought", "sold"]);
    if bounds.is_as_of {
        PeriodKind::AsOf
    } else if is_made {
        PeriodKind::Made
    } else if words.before(at, 6, &EVENT) {
        PeriodKind::Event
    } else {
        PeriodKind::Class
    }
}

/// Whom a period holds for: `in NY or NJ`, `from Blue Air`.
fn group(words: &Words<'_>, at: usize) -> Option<String> {
    const MOST: usize = 8;
    if let Some(end) = words.phrase_at(at, "anywhere|elsewhere else?") {
        return Some(words.slice(at..end).to_owned());
    }
    words.phrase_at(at, "in|from|for|at|with")?;
    if !words.get(at + 1).is_some_and(|word| word.is_capital()) {
        return None;
    }
    let goes_on = |here: &usize| {
        words.get(*here).is_some_and(|word| word.is_capital())
            || words.phrase_at(*here, "or|and|the").is_some()
                && words.get(*here + 1).is_some_and(|word| word.is_capital())
    };
    let end = (at + 1..at + MOST).take_while(goes_on).last().map_or(at + 1, |last| last + 1);
    Some(words.slice(at..end).to_owned())
}
