//! Money: integer minor units and a currency, checked. No amount passes through a float.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::state::{quoted, short_code};

/// Currencies without a minor unit (ISO 4217, exponent 0).
#[rustfmt::skip]
const WHOLE: [&str; 16] = [
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV",
    "XAF", "XOF", "XPF",
];
/// Currencies with a thousandth as minor unit (exponent 3).
const THOUSANDTHS: [&str; 7] = ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"];
/// Currencies with a hundredth as minor unit (exponent 2).
#[rustfmt::skip]
const HUNDREDTHS: [&str; 130] = [
    "AED", "AFN", "ALL", "AMD", "ANG", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT",
    "BGN", "BMD", "BND", "BOB", "BRL", "BSD", "BTN", "BWP", "BYN", "BZD", "CAD", "CDF", "CHF",
    "CNY", "COP", "CRC", "CUP", "CVE", "CZK", "DKK", "DOP", "DZD", "EGP", "ERN", "ETB", "EUR",
    "FJD", "FKP", "GBP", "GEL", "GHS", "GIP", "GMD", "GTQ", "GYD", "HKD", "HNL", "HTG", "HUF",
    "IDR", "ILS", "INR", "IRR", "JMD", "KES", "KGS", "KHR", "KPW", "KYD", "KZT", "LAK", "LBP",
    "LKR", "LRD", "LSL", "MAD", "MDL", "MGA", "MKD", "MMK", "MNT", "MOP", "MRU", "MUR", "MVR",
    "MWK", "MXN", "MYR", "MZN", "NAD", "NGN", "NIO", "NOK", "NPR", "NZD", "PAB", "PEN", "PGK",
    "PHP", "PKR", "PLN", "QAR", "RON", "RSD", "RUB", "SAR", "SBD", "SCR", "SDG", "SEK", "SGD",
    "SHP", "SLE", "SOS", "SRD", "SSP", "STN", "SVC", "SYP", "SZL", "THB", "TJS", "TMT", "TOP",
    "TRY", "TTD", "TWD", "TZS", "UAH", "USD", "UYU", "UZS", "VES", "WST", "XCD", "YER", "ZAR",
];

/// An active currency of ISO 4217.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency {
    code: &'static str,
    exponent: u8,
}

impl Currency {
    /// The US dollar.
    pub const USD: Self = Self { code: "USD", exponent: 2 };

    /// The three-letter code.
    pub const fn code(self) -> &'static str {
        self.code
    }

    /// How many decimal digits the minor unit has: 2 for USD, 0 for JPY, 3 for KWD.
    pub const fn exponent(self) -> u8 {
        self.exponent
    }
}

impl FromStr for Currency {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        let find = |codes: &'static [&'static str], exponent| {
            codes
                .binary_search(&text)
                .ok()
                .and_then(|i| codes.get(i))
                .map(|code| Self { code, exponent })
        };
        find(&HUNDREDTHS, 2)
            .or_else(|| find(&WHOLE, 0))
            .or_else(|| find(&THOUSANDTHS, 3))
            .ok_or_else(|| MoneyError::Currency(short_code(text)))
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(self.code)
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        String::deserialize(reader)?.parse().map_err(de::Error::custom)
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code)
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code)
    }
}

/// Why an amount was refused. Never repeats the amount's text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The code names no active currency; it is empty unless it is at most three ASCII letters.
    #[error("unknown currency{} (write an ISO 4217 code such as USD)", quoted(.0))]
    Currency(String),
    /// The text is not a decimal number.
    #[error("not a decimal amount (write digits with an optional sign and point, such as -12.34)")]
    Malformed,
    /// The number is finer than the currency's minor unit.
    #[error("the amount is finer than the minor unit of {0}")]
    TooFine(Currency),
    /// The number of minor units does not fit in 64 bits.
    #[error("the amount is too large: it must fit in 64 bits of minor units")]
    Overflow,
    /// Two currencies in one sum.
    #[error("cannot add {right} to {left}: convert first")]
    Mixed {
        /// The currency on the left.
        left: Currency,
        /// The currency on the right.
        right: Currency,
    },
}

impl MoneyError {
    /// The stable code of this error.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Currency(_) => "unknown_currency",
            Self::Malformed => "malformed_amount",
            Self::TooFine(_) => "amount_too_fine",
            Self::Overflow => "amount_overflow",
            Self::Mixed { .. } => "mixed_currencies",
        }
    }
}

/// An amount of money: whole minor units (cents for USD) of one currency.
///
/// ```
/// use payme_core::types::{Currency, Money};
/// let price = Money::parse_decimal("1234.5", Currency::USD)?;
/// assert_eq!(price.minor(), 123_450);
/// assert_eq!(price.to_string(), "1234.50 USD");
/// assert!(Money::parse_decimal("0.005", Currency::USD).is_err());
/// # Ok::<(), payme_core::types::MoneyError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    minor: i64,
    currency: Currency,
}

impl Money {
    /// So many minor units of a currency.
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// So many US cents.
    pub const fn usd_cents(cents: i64) -> Self {
        Self::new(cents, Currency::USD)
    }

    /// The amount in minor units.
    pub const fn minor(self) -> i64 {
        self.minor
    }

    /// The currency.
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// The sum, if both are of one currency and it fits.
    ///
    /// # Errors
    /// [`MoneyError::Mixed`] or [`MoneyError::Overflow`].
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::Mixed { left: self.currency, right: other.currency });
        }
        let minor = self.minor.checked_add(other.minor).ok_or(MoneyError::Overflow)?;
        Ok(Self::new(minor, self.currency))
    }

    /// The amount in decimals, with the digits its currency has.
    ///
    /// ```
    /// use payme_core::types::Money;
    /// assert_eq!(Money::usd_cents(-1_205).decimal(), "-12.05");
    /// ```
    pub fn decimal(self) -> String {
        let sign = if self.minor < 0 { "-" } else { "" };
        let size = self.minor.unsigned_abs();
        let places = usize::from(self.currency.exponent);
        let unit = 10_u64.pow(u32::from(self.currency.exponent));
        if places == 0 {
            format!("{sign}{size}")
        } else {
            format!("{sign}{}.{:0places$}", size / unit, size % unit)
        }
    }

    /// Reads an amount as people write it: a decimal number without an exponent of ten. What
    /// nobody writes by hand is more likely a slip than a thousand.
    ///
    /// # Errors
    /// Those of [`Money::parse_decimal`]; an exponent is [`MoneyError::Malformed`].
    /// ```
    /// use payme_core::types::{Currency, Money, MoneyError};
    /// assert_eq!(Money::parse_plain("-12.3", Currency::USD), Ok(Money::usd_cents(-1_230)));
    /// assert_eq!(Money::parse_plain("1e3", Currency::USD), Err(MoneyError::Malformed));
    /// ```
    pub fn parse_plain(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        if text.contains(['e', 'E']) {
            return Err(MoneyError::Malformed);
        }
        Self::parse_decimal(text, currency)
    }

    /// Reads a decimal number exactly: an optional sign, digits, an optional fraction and an
    /// optional exponent of ten, as JSON writes numbers.
    ///
    /// # Errors
    /// [`MoneyError::Malformed`], [`MoneyError::TooFine`] when a digit below the minor unit is
    /// not zero, [`MoneyError::Overflow`] outside 64 bits.
    pub fn parse_decimal(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        let number = Decimal::parse(text)?;
        let minor = number.scaled(i64::from(currency.exponent)).map_err(|error| match error {
            Scale::TooFine => MoneyError::TooFine(currency),
            Scale::Overflow => MoneyError::Overflow,
        })?;
        Ok(Self::new(minor, currency))
    }
}

/// A decimal number as it is written: `sign * digits * 10^exponent`.
struct Decimal {
    negative: bool,
    digits: Vec<u8>,
    exponent: i64,
}

enum Scale {
    TooFine,
    Overflow,
}

impl Decimal {
    fn parse(text: &str) -> Result<Self, MoneyError> {
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, parse_exponent(exponent)?),
            None => (rest, 0),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
            Some(_) => return Err(MoneyError::Malformed),
            None => (mantissa, ""),
        };
        if whole.is_empty() || !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit()) {
            return Err(MoneyError::Malformed);
        }
        let digits = whole.bytes().chain(fraction.bytes()).map(|b| b - b'0').collect();
        let places = i64::try_from(fraction.len()).map_err(|_| MoneyError::Malformed)?;
        Ok(Self { negative, digits, exponent: exponent.saturating_sub(places) })
    }

    /// The number times `10^places`, which must be whole.
    fn scaled(&self, places: i64) -> Result<i64, Scale> {
        let significant = self.digits.iter().rposition(|d| *d != 0).map_or(0, |last| last + 1);
        let (kept, zeros) = self.digits.split_at(significant);
        if kept.is_empty() {
            return Ok(0);
        }
        let trailing = i64::try_from(zeros.len()).map_err(|_| Scale::Overflow)?;
        let power = self.exponent.saturating_add(places).saturating_add(trailing);
        if power < 0 {
            return Err(Scale::TooFine);
        }
        let mut value: i64 = 0;
        // Counting down from zero reaches i64::MIN, which counting up could not.
        for digit in kept {
            let step = value.checked_mul(10).and_then(|v| v.checked_sub(i64::from(*digit)));
            value = step.ok_or(Scale::Overflow)?;
        }
        for _ in 0..power.min(20) {
            value = value.checked_mul(10).ok_or(Scale::Overflow)?;
        }
        if self.negative { Ok(value) } else { value.checked_neg().ok_or(Scale::Overflow) }
    }
}

fn parse_exponent(text: &str) -> Result<i64, MoneyError> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(MoneyError::Malformed);
    }
    // More than any amount needs, and small enough that no later sum overflows.
    const FAR: i64 = 1_000_000_000;
    let size = digits.parse::<i64>().unwrap_or(FAR).min(FAR);
    Ok(if text.starts_with('-') { -size } else { size })
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.decimal(), self.currency)
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn usd(text: &str) -> Result<i64, MoneyError> {
        Money::parse_decimal(text, Currency::USD).map(Money::minor)
    }

    #[test]
    fn decimals_become_cents_exactly() {
        #[rustfmt::skip]
        let table = [
            ("0", 0), ("-0.00", 0), ("5.4", 540), ("28.34", 2834), ("72.10", 7210), ("-500", -50_000),
            ("1e2", 10_000), ("1.005e3", 100_500), ("250e-2", 250), ("0.290", 29), ("+3", 300),
            ("92233720368547758.07", i64::MAX), ("-92233720368547758.08", i64::MIN),
            ("0e999999999999999999999", 0), ("000012.500", 1250),
        ];
        for (text, cents) in table {
            assert_eq!(usd(text), Ok(cents), "{text}");
        }
    }

    #[test]
    fn what_is_not_an_exact_amount_is_refused() {
        use MoneyError::{Malformed, Overflow};
        for text in
            ["", "-", ".5", "5.", "1,000", "NaN", "inf", "1e", "1e+", "0x10", "1 ", "--1", "٣"]
        {
            assert_eq!(usd(text), Err(Malformed), "{text}");
        }
        for text in ["0.005", "1e-3", "12.340000000000002", "1e-999999999999999999999"] {
            assert_eq!(usd(text), Err(MoneyError::TooFine(Currency::USD)), "{text}");
        }
        for text in ["92233720368547758.08", "1e40", "1e999999999999999999999"] {
            assert_eq!(usd(text), Err(Overflow), "{text}");
        }
    }

    #[test]
    fn the_minor_unit_is_the_currencys() {
        let parse = |text: &str, code: &str| Money::parse_decimal(text, code.parse().unwrap());
        assert_eq!(parse("1500", "JPY").unwrap().minor(), 1500);
        assert!(parse("1.5", "JPY").is_err());
        assert_eq!(parse("1.234", "KWD").unwrap().to_string(), "1.234 KWD");
        assert_eq!(Money::usd_cents(-5).to_string(), "-0.05 USD");
        assert_eq!(Money::usd_cents(i64::MIN).to_string(), "-92233720368547758.08 USD");
        for (code, named) in [("BTC", true), ("Jane", false), ("J 1", false)] {
            let told = code.parse::<Currency>().unwrap_err().to_string();
            assert_eq!(told.contains(code), named, "{told}");
        }
        assert!(WHOLE.is_sorted() && HUNDREDTHS.is_sorted() && THOUSANDTHS.is_sorted());
    }

    #[test]
    fn sums_are_checked() {
        let yen = Money::new(1, "JPY".parse().unwrap());
        let cent = Money::usd_cents(1);
        assert_eq!(cent.checked_add(Money::usd_cents(-3)).unwrap().minor(), -2);
        assert_eq!(cent.checked_add(Money::usd_cents(i64::MAX)), Err(MoneyError::Overflow));
        assert!(matches!(cent.checked_add(yen), Err(MoneyError::Mixed { .. })));
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_back(minor in any::<i64>(), code in prop::sample::select(vec!["USD", "JPY", "KWD"])) {
            let money = Money::new(minor, code.parse().unwrap());
            let text = money.to_string();
            let (number, _) = text.split_once(' ').unwrap();
            prop_assert_eq!(Money::parse_decimal(number, money.currency()), Ok(money));
        }
    }
}
