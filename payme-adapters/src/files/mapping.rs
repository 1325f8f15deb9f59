//! What the columns of somebody else's CSV file mean.
//!
//! In: settings written `KEY=VALUE`, one by one. Out: a [`CsvMapping`], which says which column of
//! the file is which of ours and how its cells are written, or a [`MappingError`] that lists what
//! is known. The mapping that says nothing reads files as they are documented, with our own names.

use jiff::civil::{DateTime, date};
use jiff::fmt::strtime;
use payme_core::types::{Currency, Date};

/// The columns that a file can be mapped to.
pub(super) const COLUMNS: [&str; 12] = [
    "date",
    "amount",
    "debit",
    "credit",
    "name",
    "merchant_name",
    "description",
    "currency",
    "category",
    "transaction_id",
    "account_id",
    "pending",
];
/// How the cells of a file are written, and what is read of it.
const OPTIONS: [&str; 9] = [
    "date_format",
    "negate",
    "decimal",
    "thousands",
    "default_currency",
    "account",
    "delimiter",
    "skip",
    "others",
];
/// The most lines that can be skipped before the header.
pub const SKIP_LINES_MAX: usize = 1_000;
/// The longest name of an account, in characters.
const ACCOUNT_CHARS_MAX: usize = 100;

/// Why a setting of a mapping was refused. Repeats nothing of its value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MappingError {
    /// There is no `=`, or nothing before it.
    #[error("setting {0} of the mapping is not KEY=VALUE: write, for example, date=Posted Date")]
    Syntax(usize),
    /// The key is not known.
    #[error(
        "setting {0} of the mapping has an unknown key (columns: {columns}; options: {options})",
        columns = COLUMNS.join(", "), options = OPTIONS.join(", ")
    )]
    UnknownKey(usize),
    /// A key is set twice.
    #[error("the mapping sets {0} twice: keep one")]
    Twice(&'static str),
    /// A value is not one of those that the key takes.
    #[error("the mapping's {key} has to be {expected}")]
    Value {
        /// The key.
        key: &'static str,
        /// What it takes.
        expected: &'static str,
    },
    /// Two settings that say different things of the same.
    #[error("the mapping sets both {0} and {1}, which exclude each other: keep one")]
    Conflict(&'static str, &'static str),
}

impl MappingError {
    /// The stable code of this error.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Syntax(_) => "mapping_syntax",
            Self::UnknownKey(_) => "unknown_mapping_key",
            Self::Twice(_) => "duplicate_mapping_key",
            Self::Value { .. } => "invalid_mapping_value",
            Self::Conflict(..) => "conflicting_mapping",
        }
    }
}

/// Which column of a CSV file is which of ours, and how its cells are written.
///
/// | key | value |
/// |---|---|
/// | a column | the name of that column in the file, in any case |
/// | `date_format` | as `strftime` writes it, such as `%m/%d/%Y`; `YYYY-MM-DD` when absent |
/// | `negate` | `true` where spending is written as a negative number; of `amount` and `debit` |
/// | `decimal` | `.` or `,`; a point when absent |
/// | `thousands` | `.`, `,`, `'` or `space`; none when absent |
/// | `default_currency` | the currency of rows that name none; USD when absent |
/// | `account` | the account of rows that name none, part of their ids |
/// | `delimiter` | `,`, `;`, `tab` or `\|`; a comma when absent |
/// | `skip` | how many lines stand before the header |
/// | `others` | `ignore` passes over columns that have no meaning here; `refuse` is the default |
///
/// The columns are `date`, `amount`, `debit`, `credit`, `name`, `merchant_name`, `description`,
/// `currency`, `category`, `transaction_id`, `account_id` and `pending`.
///
/// A column that is not mapped has the meaning of its own name, if it has one; `debit` and `credit`
/// have none of their own, and `amount` has none where one of them is mapped.
///
/// ```
/// use payme_adapters::files::{CsvMapping, read_transactions_with};
/// let user = "6f1d2c3b-4a59-4e68-8d77-0123456789ab".parse()?;
/// let mapping = CsvMapping::parse([
///     "date=Posted Date", "date_format=%m/%d/%Y", "name=Payee", "negate=true", "others=ignore",
/// ])?;
/// let csv = b"Posted Date,Payee,Amount,Balance\n02/29/2024,Shop,-4.50,100.00\n";
/// let file = read_transactions_with(csv, user, &mapping)?;
/// assert_eq!((file.rows, file.refused.len()), (1, 0));
/// assert_eq!(CsvMapping::parse(["when=Day"]).unwrap_err().code(), "unknown_mapping_key");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvMapping {
    /// The column of the file for some of [`COLUMNS`], in lower case.
    columns: Vec<(&'static str, String)>,
    pub(super) date_format: Option<String>,
    pub(super) negate: bool,
    pub(super) numbers: Numbers,
    pub(super) default_currency: Currency,
    pub(super) account: Option<String>,
    pub(super) delimiter: u8,
    pub(super) skip: usize,
    pub(super) ignores_others: bool,
    pub(super) latest: Option<Date>,
    is_plain: bool,
}

impl Default for CsvMapping {
    fn default() -> Self {
        Self {
            columns: Vec::new(),
            date_format: None,
            negate: false,
            numbers: Numbers { decimal: '.', thousands: None },
            default_currency: Currency::USD,
            account: None,
            delimiter: b',',
            skip: 0,
            ignores_others: false,
            latest: None,
            is_plain: true,
        }
    }
}

impl CsvMapping {
    /// Reads settings written `KEY=VALUE`. White space around key and value is dropped.
    ///
    /// # Errors
    /// [`MappingError`]; settings are counted from 1.
    pub fn parse<S: AsRef<str>>(
        settings: impl IntoIterator<Item = S>,
    ) -> Result<Self, MappingError> {
        let mut mapping = Self::default();
        let mut seen: Vec<&'static str> = Vec::new();
        for (number, setting) in (1..).zip(settings) {
            let split =
                setting.as_ref().split_once('=').map(|(key, value)| (key.trim(), value.trim()));
            let (key, value) =
                split.filter(|(key, _)| !key.is_empty()).ok_or(MappingError::Syntax(number))?;
            let known = COLUMNS.into_iter().chain(OPTIONS).find(|known| *known == key);
            let key = known.ok_or(MappingError::UnknownKey(number))?;
            if seen.contains(&key) {
                return Err(MappingError::Twice(key));
            }
            seen.push(key);
            mapping.set(key, value)?;
        }
        mapping.is_plain = seen.is_empty();
        mapping.check(&seen)?;
        Ok(mapping)
    }

    /// The same mapping, which refuses rows of a later day: a bank does not know the future. Pass
    /// on tomorrow's date, since it may already be tomorrow where the bank is.
    #[must_use]
    pub const fn with_latest(mut self, latest: Date) -> Self {
        self.latest = Some(latest);
        self
    }

    /// Whether no setting was made, so that the content tells the format of a file.
    pub(super) const fn is_plain(&self) -> bool {
        self.is_plain
    }

    /// Our columns that are mapped to some column of the file.
    pub(super) fn mapped(&self) -> impl Iterator<Item = &'static str> {
        self.columns.iter().map(|(ours, _)| *ours)
    }

    /// What a column of the file means: what it is mapped to, else what its name says.
    pub(super) fn meaning(&self, theirs: &str) -> Option<&'static str> {
        let theirs = theirs.to_lowercase();
        let mapped = self.columns.iter().find(|(_, column)| *column == theirs);
        mapped.map(|(ours, _)| *ours).or_else(|| self.own_names().find(|name| *name == theirs))
    }

    /// The columns that have the meaning of their name.
    pub(super) fn own_names(&self) -> impl Iterator<Item = &'static str> {
        let is_mapped = |name: &str| self.columns.iter().any(|(ours, _)| *ours == name);
        let is_split = is_mapped("debit") || is_mapped("credit");
        COLUMNS.into_iter().filter(move |name| match *name {
            "debit" | "credit" => false,
            "amount" => !is_split && !is_mapped(name),
            // What a name means by itself is given to another column by the mapping.
            _ => !is_mapped(name),
        })
    }

    fn set(&mut self, key: &'static str, value: &str) -> Result<(), MappingError> {
        let wrong = |expected| MappingError::Value { key, expected };
        match key {
            "date_format" => {
                let expected = "a format with year, month and day, such as %m/%d/%Y";
                self.date_format = Some(date_format(value).ok_or(wrong(expected))?);
            }
            "negate" => {
                self.negate = match value {
                    "true" => true,
                    "false" => false,
                    _ => return Err(wrong("true or false")),
                };
            }
            "decimal" => {
                self.numbers.decimal = match value {
                    "." => '.',
                    "," => ',',
                    _ => return Err(wrong(". or ,")),
                };
            }
            "thousands" => {
                self.numbers.thousands = Some(match value {
                    "." => '.',
                    "," => ',',
                    "'" => '\'',
                    "space" => ' ',
                    _ => return Err(wrong("., a comma, ' or the word space")),
                });
            }
            "default_currency" => {
                let code = value.to_ascii_uppercase().parse();
                self.default_currency = code.map_err(|_| wrong("an ISO 4217 code such as USD"))?;
            }
            "account" => {
                let is_name = !value.is_empty() && !value.chars().any(char::is_control);
                let expected = "a name of 1 to 100 characters";
                let name =
                    Some(value).filter(|_| is_name && value.chars().count() <= ACCOUNT_CHARS_MAX);
                self.account = Some(name.ok_or(wrong(expected))?.to_owned());
            }
            "delimiter" => {
                self.delimiter = match value {
                    "," => b',',
                    ";" => b';',
                    "tab" => b'\t',
                    "|" => b'|',
                    _ => return Err(wrong("a comma, ;, | or the word tab")),
                };
            }
            "skip" => {
                let lines = value.parse().ok().filter(|lines| *lines <= SKIP_LINES_MAX);
                self.skip = lines.ok_or(wrong("a number of lines from 0 to 1000"))?;
            }
            "others" => {
                self.ignores_others = match value {
                    "ignore" => true,
                    "refuse" => false,
                    _ => return Err(wrong("ignore or refuse")),
                };
            }
            column if value.is_empty() => {
                return Err(MappingError::Value { key: column, expected: "the name of a column" });
            }
            column => self.columns.push((column, value.to_lowercase())),
        }
        Ok(())
    }

    /// Refuses settings that exclude each other.
    fn check(&self, seen: &[&'static str]) -> Result<(), MappingError> {
        let exclude = [("amount", "debit"), ("amount", "credit"), ("account", "account_id")];
        for (one, other) in exclude {
            if seen.contains(&one) && seen.contains(&other) {
                return Err(MappingError::Conflict(one, other));
            }
        }
        for (at, (one, column)) in self.columns.iter().enumerate() {
            let same = self.columns.iter().skip(at + 1).find(|(_, theirs)| theirs == column);
            if let Some((other, _)) = same {
                return Err(MappingError::Conflict(one, other));
            }
        }
        if self.numbers.thousands == Some(self.numbers.decimal) {
            return Err(MappingError::Conflict("decimal", "thousands"));
        }
        Ok(())
    }
}

/// How numbers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Numbers {
    pub(super) decimal: char,
    pub(super) thousands: Option<char>,
}

impl Numbers {
    /// The number with a point and without gaps; `None` where it is not written like this.
    ///
    /// Gaps stand between groups of three digits: `1.234,56` is no number of a file whose
    /// decimals stand behind a point, whatever is left when its gaps are dropped.
    pub(super) fn plain(self, text: &str) -> Option<String> {
        let whole_end = text.find(self.decimal).unwrap_or(text.len());
        let (whole, fraction) = text.split_at_checked(whole_end)?;
        let fraction = fraction.strip_prefix(self.decimal);
        let is_gap = |c: char| match self.thousands {
            Some(' ') => matches!(c, ' ' | '\u{a0}' | '\u{202f}'),
            Some('\'') => matches!(c, '\'' | '\u{2019}'),
            thousands => Some(c) == thousands,
        };
        let sign_end = usize::from(whole.starts_with(['-', '+']));
        let (sign, digits) = whole.split_at_checked(sign_end)?;
        let groups: Vec<&str> = digits.split(is_gap).collect();
        let is_grouped = groups.len() == 1
            || groups.iter().enumerate().all(|(at, group)| match at {
                0 => (1..=3).contains(&group.len()),
                _ => group.len() == 3,
            });
        // A second separator, or one that this file does not use, is left for nobody to guess.
        let has_point = |part: &str| part.contains(['.', ',']);
        let is_plain = is_grouped
            && !groups.iter().any(|group| has_point(group))
            && !fraction.is_some_and(has_point);
        let fraction = fraction.map(|digits| format!(".{digits}")).unwrap_or_default();
        is_plain.then(|| format!("{sign}{}{fraction}", groups.concat()))
    }
}

/// A format that says which day it is: what it writes of two days reads back as them.
fn date_format(format: &str) -> Option<String> {
    let samples = [date(2001, 2, 3), date(2024, 11, 28)];
    let reads_back = |day: &Date| {
        let text = strtime::format(format, DateTime::from(*day)).ok()?;
        (Date::strptime(format, &text).ok()? == *day).then_some(())
    };
    samples.iter().all(|day| reads_back(day).is_some()).then(|| format.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_mapping_has_a_code_and_says_what_is_known() {
        #[rustfmt::skip]
        let table: [(&[&str], &str, &str); 21] = [
            (&["date"],                               "mapping_syntax",        "setting 1"),
            (&["date=Day", "=x"],                     "mapping_syntax",        "setting 2"),
            (&["Secret=x"],                           "unknown_mapping_key",   "merchant_name"),
            (&["Secret=x"],                           "unknown_mapping_key",   "delimiter"),
            (&["date=a", "date=b"],                   "duplicate_mapping_key", "date"),
            (&["date="],                              "invalid_mapping_value", "column"),
            (&["date_format=%Y-%m"],                  "invalid_mapping_value", "%m/%d/%Y"),
            (&["date_format=Secret"],                 "invalid_mapping_value", "%m/%d/%Y"),
            (&["date_format=%Q%"],                    "invalid_mapping_value", "%m/%d/%Y"),
            (&["negate=yes"],                         "invalid_mapping_value", "true"),
            (&["decimal=;"],                          "invalid_mapping_value", "decimal"),
            (&["thousands=;"],                        "invalid_mapping_value", "space"),
            (&["default_currency=Secret"],            "invalid_mapping_value", "USD"),
            (&["account= "],                          "invalid_mapping_value", "account"),
            (&["delimiter=::"],                       "invalid_mapping_value", "tab"),
            (&["skip=1001"],                          "invalid_mapping_value", "1000"),
            (&["others=Secret"],                      "invalid_mapping_value", "ignore"),
            (&["amount=a", "debit=b"],                "conflicting_mapping",   "debit"),
            (&["account=a", "account_id=b"],          "conflicting_mapping",   "account_id"),
            (&["date=Day", "name=DAY"],               "conflicting_mapping",   "name"),
            (&["decimal=,", "thousands=,"],           "conflicting_mapping",   "thousands"),
        ];
        for (settings, code, part) in table {
            let error = CsvMapping::parse(settings).unwrap_err();
            assert_eq!(error.code(), code, "{settings:?}");
            let text = error.to_string();
            assert!(text.contains(part) && !text.contains("Secret"), "{text}");
        }
    }

    #[test]
    fn a_column_means_what_it_is_mapped_to_else_what_it_is_called() {
        let mapping =
            CsvMapping::parse([" date = Posted Date ", "name=Date", "debit=Ausgänge"]).unwrap();
        #[rustfmt::skip]
        let table = [
            ("POSTED DATE", Some("date")),
            ("date",        Some("name")),
            ("AUSGÄNGE",    Some("debit")),
            ("debit",       None),
            ("Credit",      None),
            ("amount",      None),
            ("Currency",    Some("currency")),
            ("name",        None),
            ("Balance",     None),
        ];
        for (theirs, ours) in table {
            assert_eq!(mapping.meaning(theirs), ours, "{theirs}");
        }
        assert!(
            !mapping.is_plain() && CsvMapping::parse([""; 0]).unwrap() == CsvMapping::default()
        );
    }

    #[test]
    fn numbers_are_read_as_they_are_said_to_be_written() {
        let [us, german, swiss, french, plain] =
            [('.', Some(',')), (',', Some('.')), ('.', Some('\'')), (',', Some(' ')), ('.', None)]
                .map(|(decimal, thousands)| Numbers { decimal, thousands });
        #[rustfmt::skip]
        let table = [
            (us,     "-1,234,567.89", Some("-1234567.89")),
            (us,     "1234.5",        Some("1234.5")),
            (us,     "12,34.5",       None),
            (us,     "1.234,56",      None),
            (us,     "1,2345",        None),
            (us,     ",123",          None),
            (us,     "1.2.3",         None),
            (german, "1.234,56",      Some("1234.56")),
            (german, "1,234.56",      None),
            (german, "12.50",         None),
            (german, "+0,5",          Some("+0.5")),
            (swiss,  "1'234.50",      Some("1234.50")),
            (swiss,  "1\u{2019}234",  Some("1234")),
            (french, "1\u{202f}234,5", Some("1234.5")),
            (plain,  "1,234",         None),
            (plain,  "1e3",           Some("1e3")),
            (plain,  "é",             Some("é")),
            (plain,  "",              Some("")),
        ];
        for (numbers, text, expected) in table {
            assert_eq!(numbers.plain(text).as_deref(), expected, "{text}");
        }
    }
}
