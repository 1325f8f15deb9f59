//! Time: instants of microseconds, civil dates, deadlines. Nothing here reads a clock.

use std::fmt;

use jiff::ToSpan as _;
use jiff::tz::TimeZoneDatabase;
use serde::{Deserialize, Serialize};

pub use jiff::civil::Date;

/// The earliest year a deadline, a class period or a purchase may lie in.
pub const YEAR_MIN: i16 = 1900;

/// Why a text is not a time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// Not an instant.
    #[error("not an instant (write RFC 3339, such as 2026-02-01T00:00:00Z)")]
    Instant,
    /// Not a civil date.
    #[error("not a date (write YYYY-MM-DD)")]
    Date,
    /// Neither of the two ways to write a deadline.
    #[error(
        "not a deadline (write an instant such as 2026-02-19T23:59:00Z, \
         or the last day and its zone such as 2026-02-19[America/New_York])"
    )]
    Deadline,
    /// The zone in brackets is not in the time zone database.
    #[error("unknown time zone in brackets (write an IANA name such as America/New_York)")]
    Zone,
    /// The year is before 1900.
    #[error("the year {0} is before {YEAR_MIN}")]
    Ancient(i16),
}

impl TimeError {
    /// The stable code of this error.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Instant => "invalid_instant",
            Self::Date => "invalid_date",
            Self::Deadline => "invalid_deadline",
            Self::Zone => "unknown_time_zone",
            Self::Ancient(_) => "date_before_1900",
        }
    }
}

/// A moment, to the microsecond: what every database can store without loss.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Instant(i64);

impl Instant {
    /// The beginning of 1970.
    pub const EPOCH: Self = Self(0);

    /// Reads an RFC 3339 instant; digits below the microsecond are cut off.
    ///
    /// # Errors
    /// [`TimeError::Instant`].
    /// ```
    /// use payme_core::types::Instant;
    /// let at = Instant::parse("2026-02-01T01:00:00+01:00")?;
    /// assert_eq!(at.to_string(), "2026-02-01T00:00:00Z");
    /// assert!(Instant::parse("2026-02-01").is_err());
    /// # Ok::<(), payme_core::types::TimeError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        // The calendar library takes more than RFC 3339: days without dashes, zones in brackets.
        if !is_rfc3339(text) {
            return Err(TimeError::Instant);
        }
        let instant: Self =
            text.parse().map(Self::from_timestamp).map_err(|_| TimeError::Instant)?;
        // RFC 3339 writes years with four digits; what lies before could not be written back.
        if instant.date_utc().year() < 0 { Err(TimeError::Instant) } else { Ok(instant) }
    }

    /// The instant of a timestamp; digits below the microsecond are cut off.
    pub fn from_timestamp(timestamp: jiff::Timestamp) -> Self {
        let nanos = timestamp.as_nanosecond().div_euclid(1_000);
        // A timestamp spans the years -9999 to 9999: 61 bits of microseconds.
        Self(i64::try_from(nanos).unwrap_or(i64::MAX))
    }

    /// The instant so many microseconds after 1970, if a calendar reaches it.
    pub fn from_micros(micros: i64) -> Option<Self> {
        jiff::Timestamp::from_microsecond(micros).ok().map(|_| Self(micros))
    }

    /// The moment so many microseconds later, or earlier for a negative number; the first or the
    /// last one there is where that lies outside.
    ///
    /// ```
    /// use payme_core::types::Instant;
    /// let noon = Instant::parse("2026-02-01T12:00:00Z")?;
    /// assert_eq!(noon.plus_micros(90_000_000), Instant::parse("2026-02-01T12:01:30Z")?);
    /// # Ok::<(), payme_core::types::TimeError>(())
    /// ```
    #[must_use]
    pub fn plus_micros(self, micros: i64) -> Self {
        let (first, last) = (jiff::Timestamp::MIN, jiff::Timestamp::MAX);
        let moved = self.0.saturating_add(micros);
        Self(moved.clamp(first.as_microsecond(), last.as_microsecond()))
    }

    /// Microseconds since 1970; negative before.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// The day this moment falls on in UTC.
    pub fn date_utc(self) -> Date {
        self.timestamp().to_zoned(jiff::tz::TimeZone::UTC).date()
    }

    fn timestamp(self) -> jiff::Timestamp {
        jiff::Timestamp::from_microsecond(self.0).unwrap_or_default()
    }
}

impl TryFrom<String> for Instant {
    type Error = TimeError;

    fn try_from(text: String) -> Result<Self, TimeError> {
        Self::parse(&text)
    }
}

impl From<Instant> for String {
    fn from(instant: Instant) -> Self {
        instant.to_string()
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.timestamp().fmt(f)
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Whether a text has the shape `YYYY-MM-DDThh:mm:ss[.f...](Z|+hh:mm|-hh:mm)`.
fn is_rfc3339(text: &str) -> bool {
    let fits = |text: &str, shape: &str| {
        text.len() == shape.len()
            && text.bytes().zip(shape.bytes()).all(|(byte, wanted)| match wanted {
                b'0' => byte.is_ascii_digit(),
                _ => byte.eq_ignore_ascii_case(&wanted),
            })
    };
    let Some((head, tail)) = text.split_at_checked(19) else { return false };
    let zone = match tail.strip_prefix('.') {
        None => tail,
        Some(fraction) => {
            let zone = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
            if zone.len() == fraction.len() {
                return false;
            }
            zone
        }
    };
    let offset = zone.strip_prefix(['+', '-']).is_some_and(|offset| {
        fits(offset, "00:00") && offset < "24" && offset.get(3..).is_some_and(|m| m < "60")
    });
    fits(head, "0000-00-00T00:00:00") && (fits(zone, "Z") || offset)
}

/// Days from 1970-01-01 to a date.
pub(crate) fn day_number(date: Date) -> i32 {
    let (year, month, day) =
        (i32::from(date.year()), i32::from(date.month()), i32::from(date.day()));
    // Years begin in March here, so that the leap day is the last day of its year.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Reads a civil date written `YYYY-MM-DD`.
///
/// # Errors
/// [`TimeError::Date`].
/// ```
/// use payme_core::types::parse_date;
/// assert_eq!(parse_date("2024-02-29")?.to_string(), "2024-02-29");
/// assert!(parse_date("2023-02-29").is_err());
/// assert!(parse_date("20240229").is_err());
/// # Ok::<(), payme_core::types::TimeError>(())
/// ```
pub fn parse_date(text: &str) -> Result<Date, TimeError> {
    let shape = text.len() == 10
        && text.bytes().enumerate().all(|(i, b)| match i {
            4 | 7 => b == b'-',
            _ => b.is_ascii_digit(),
        });
    if !shape {
        return Err(TimeError::Date);
    }
    text.parse().map_err(|_| TimeError::Date)
}

/// Reads a civil date, or the UTC day of an RFC 3339 instant.
///
/// # Errors
/// [`TimeError::Date`].
pub fn parse_day(text: &str) -> Result<Date, TimeError> {
    parse_date(text)
        .or_else(|_| Instant::parse(text).map(Instant::date_utc))
        .map_err(|_| TimeError::Date)
}

/// Refuses dates before 1900.
///
/// # Errors
/// [`TimeError::Ancient`].
pub fn ensure_modern(date: Date) -> Result<Date, TimeError> {
    if date.year() < YEAR_MIN { Err(TimeError::Ancient(date.year())) } else { Ok(date) }
}

/// The last moment at which a claim can be filed, kept as it was written.
///
/// Either an instant, or a day and the zone it ends in: `2026-02-19[America/New_York]` lasts
/// until the end of that day there. The deadline itself still counts as in time.
/// ```
/// use payme_core::types::{Deadline, Instant};
/// let deadline = Deadline::parse("2026-02-19[America/New_York]")?;
/// assert!(!deadline.has_passed(Instant::parse("2026-02-20T04:59:59Z")?));
/// assert!(deadline.has_passed(Instant::parse("2026-02-20T05:00:00Z")?));
/// assert!(Deadline::parse("1899-12-31T00:00:00Z").is_err());
/// # Ok::<(), payme_core::types::TimeError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Deadline {
    at: Instant,
    text: String,
}

impl Deadline {
    /// Reads one of the two ways to write a deadline.
    ///
    /// # Errors
    /// [`TimeError::Deadline`], [`TimeError::Date`], [`TimeError::Zone`] or [`TimeError::Ancient`].
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        let at = match text.split_once('[') {
            None => {
                let at = Instant::parse(text).map_err(|_| TimeError::Deadline)?;
                ensure_modern(at.date_utc())?;
                at
            }
            Some((day, zone)) => {
                let zone = zone.strip_suffix(']').ok_or(TimeError::Deadline)?;
                end_of_day(ensure_modern(parse_date(day)?)?, zone)?
            }
        };
        Ok(Self { at, text: text.to_owned() })
    }

    /// The last moment that is still in time.
    pub const fn at(&self) -> Instant {
        self.at
    }

    /// Whether the deadline lies before `now`.
    pub fn has_passed(&self, now: Instant) -> bool {
        self.at < now
    }

    /// The deadline as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

fn end_of_day(day: Date, zone: &str) -> Result<Instant, TimeError> {
    let zone = TimeZoneDatabase::bundled().get(zone).map_err(|_| TimeError::Zone)?;
    // `Etc/Unknown` and `Factory` are names, but of no place where a day ends.
    if zone.is_unknown() || zone.iana_name() == Some("Factory") {
        return Err(TimeError::Zone);
    }
    let next = day.checked_add(1.day()).map_err(|_| TimeError::Date)?;
    let start_of_next = next.to_zoned(zone).map_err(|_| TimeError::Date)?;
    let start = Instant::from_timestamp(start_of_next.timestamp());
    Ok(Instant(start.0 - 1))
}

impl TryFrom<String> for Deadline {
    type Error = TimeError;

    fn try_from(text: String) -> Result<Self, TimeError> {
        Self::parse(&text)
    }
}

impl From<Deadline> for String {
    fn from(deadline: Deadline) -> Self {
        deadline.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_from_1970() {
        let table = [
            ("1970-01-01", 0),
            ("1969-12-31", -1),
            ("1972-02-29", 789),
            ("2000-03-01", 11_017),
            ("2026-02-01", 20_485),
            ("1900-01-01", -25_567),
        ];
        for (day, expected) in table {
            assert_eq!(day_number(day.parse().unwrap()), expected, "{day}");
        }
        let mut day: Date = "1895-12-25".parse().unwrap();
        for number in day_number(day)..60_000 {
            assert_eq!(day_number(day), number, "{day}");
            day = day.tomorrow().unwrap();
        }
    }

    #[test]
    fn deadlines_end_where_the_table_says() {
        let table = [
            ("2026-02-19T23:59:00Z", "2026-02-19T23:59:00Z"),
            ("2026-02-19T23:59:00-05:00", "2026-02-20T04:59:00Z"),
            ("2026-02-19t23:59:00.25z", "2026-02-19T23:59:00.25Z"),
            ("2026-02-19[America/New_York]", "2026-02-20T04:59:59.999999Z"),
            // Clocks go forward on this day: it has 23 hours.
            ("2026-03-08[America/Los_Angeles]", "2026-03-09T06:59:59.999999Z"),
            ("2026-07-01[Pacific/Honolulu]", "2026-07-02T09:59:59.999999Z"),
            ("1900-01-01[UTC]", "1900-01-01T23:59:59.999999Z"),
        ];
        for (text, expected) in table {
            let deadline = Deadline::parse(text).unwrap();
            assert_eq!(deadline.at().to_string(), expected, "{text}");
            assert_eq!(deadline.as_str(), text);
        }
    }

    #[test]
    fn what_is_no_deadline_is_refused() {
        use TimeError::{Ancient, Date, Deadline as Neither, Zone};
        let table = [
            ("", Neither),
            ("soon", Neither),
            ("2026-02-19", Neither),
            ("2026-02-19T23:59:00", Neither),
            ("2026-02-19T23:59:00Z[America/New_York]", Date),
            ("2026-02-30[America/New_York]", Date),
            ("2026-02-19[America/New_York", Neither),
            ("2026-02-19[America/Atlantis]", Zone),
            ("2026-02-19[]", Zone),
            ("2026-02-19[Etc/Unknown]", Zone),
            ("2026-02-19[Factory]", Zone),
            ("2026-02-19T23:59:00+24:00", Neither),
            ("2026-02-19T23:59:00-05:60", Neither),
            ("2026-02-19T23Z", Neither),
            ("2026-02-19T23:59Z", Neither),
            ("2026-02-19 23:59:00Z", Neither),
            ("20260219T235900Z", Neither),
            ("+002026-02-19T23:59:00Z", Neither),
            ("2026-02-19T23:59:00.Z", Neither),
            ("2026-02-19T23:59:00+05", Neither),
            ("2026-02-19T23:59:00\u{e9}Z", Neither),
            ("1899-12-31[America/New_York]", Ancient(1899)),
            ("0001-01-01T00:00:00Z", Ancient(1)),
            ("9999-12-31[UTC]", Date),
        ];
        for (text, expected) in table {
            assert_eq!(Deadline::parse(text), Err(expected), "{text}");
        }
    }

    #[test]
    fn an_instant_has_a_year_of_four_digits_in_utc() {
        assert!(Instant::parse("0000-01-01T00:00:00Z").is_ok());
        for bad in ["-000001-01-01T00:00:00Z", "0000-01-01T00:00:00+01:00"] {
            assert_eq!(Instant::parse(bad), Err(TimeError::Instant), "{bad}");
        }
    }

    #[test]
    fn instants_keep_microseconds_and_no_more() {
        let at = Instant::parse("1969-12-31T23:59:59.9999999Z").unwrap();
        assert_eq!(at.as_micros(), -1);
        assert_eq!(Instant::from_micros(at.as_micros()), Some(at));
        assert_eq!(Instant::from_micros(i64::MAX), None);
        assert_eq!(Instant::parse(&at.to_string()), Ok(at));
    }
}
