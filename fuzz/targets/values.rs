//! Small values that people write: amounts, times, feature keys, states.

use payme_core::types::{
    Currency, Deadline, FEATURE_KEY_BYTES_MAX, FeatureKey, FeatureKind, Instant, Money, MoneyError,
    State, StateRule, StateSet, UserId, parse_date, parse_day, slug,
};

fn text(data: &[u8]) -> Option<&str> {
    std::str::from_utf8(data).ok()
}

/// An amount, in a currency that the first byte picks: what integers of 128 bits say.
pub fn money(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else { return };
    let Some(digits) = text(rest) else { return };
    if let Ok(currency) = digits.parse::<Currency>() {
        assert_eq!(currency.code(), digits);
    }
    let code = ["USD", "JPY", "KWD"][usize::from(first % 3)];
    let Ok(currency) = code.parse::<Currency>() else { return };
    let read = Money::parse_decimal(digits, currency);
    if let Some(expected) = oracle(digits, i64::from(currency.exponent())) {
        let expected = expected.map_err(|error| match error {
            Wrong::Malformed => MoneyError::Malformed,
            Wrong::TooFine => MoneyError::TooFine(currency),
            Wrong::Overflow => MoneyError::Overflow,
        });
        assert_eq!(read.clone().map(Money::minor), expected, "{digits:?} {code}");
    }
    let Ok(money) = read else { return };
    let shown = money.to_string();
    let (number, shown_code) = shown.split_once(' ').unwrap_or_default();
    assert_eq!((Money::parse_decimal(number, currency), shown_code), (Ok(money), code));
    let doubled = money.minor().checked_mul(2).ok_or(MoneyError::Overflow);
    assert_eq!(money.checked_add(money).map(Money::minor), doubled);
}

enum Wrong {
    Malformed,
    TooFine,
    Overflow,
}

/// What an amount is worth in minor units, read by a state machine and computed in 128 bits;
/// `None` where those do not suffice.
fn oracle(text: &str, places: i64) -> Option<Result<i64, Wrong>> {
    #[derive(Clone, Copy, PartialEq)]
    enum At {
        Start,
        Sign,
        Whole,
        Point,
        Fraction,
        Letter,
        ExponentSign,
        Exponent,
    }
    let (mut at, mut negative, mut value, mut scale) = (At::Start, false, 0_i128, 0_i64);
    let (mut exponent_negative, mut exponent) = (false, 0_i64);
    let mut too_wide = false;
    for byte in text.bytes() {
        at = match (at, byte) {
            (At::Start, b'+' | b'-') => {
                negative = byte == b'-';
                At::Sign
            }
            (At::Letter, b'+' | b'-') => {
                exponent_negative = byte == b'-';
                At::ExponentSign
            }
            (At::Whole, b'.') => At::Point,
            (At::Whole | At::Fraction, b'e' | b'E') => At::Letter,
            (At::Letter | At::ExponentSign | At::Exponent, b'0'..=b'9') => {
                exponent = exponent.saturating_mul(10).saturating_add(i64::from(byte - b'0'));
                At::Exponent
            }
            (_, b'0'..=b'9') => {
                let digit = i128::from(byte - b'0');
                match value.checked_mul(10).and_then(|value| value.checked_add(digit)) {
                    Some(wider) => value = wider,
                    None => too_wide = true,
                }
                let is_fraction = matches!(at, At::Point | At::Fraction);
                scale += i64::from(is_fraction);
                if is_fraction { At::Fraction } else { At::Whole }
            }
            _ => return Some(Err(Wrong::Malformed)),
        };
    }
    if !matches!(at, At::Whole | At::Fraction | At::Exponent) {
        return Some(Err(Wrong::Malformed));
    }
    if too_wide {
        return None;
    }
    let exponent = if exponent_negative { -exponent } else { exponent };
    Some(minor_units(
        if negative { -value } else { value },
        exponent.saturating_add(places - scale),
    ))
}

/// `value * 10^power`, where that is whole and fits.
fn minor_units(mut value: i128, power: i64) -> Result<i64, Wrong> {
    if value == 0 {
        return Ok(0);
    }
    // No number of 128 bits has as many digits.
    for _ in 0..power.clamp(0, 40) {
        value = value.checked_mul(10).ok_or(Wrong::Overflow)?;
    }
    for _ in power.clamp(-40, 0)..0 {
        if value % 10 != 0 {
            return Err(Wrong::TooFine);
        }
        value /= 10;
    }
    i64::try_from(value).map_err(|_| Wrong::Overflow)
}

/// Dates, instants and deadlines: what reads is written so that it reads again.
pub fn time(data: &[u8]) {
    let Some(text) = text(data) else { return };
    if let Ok(date) = parse_date(text) {
        assert_eq!(date.to_string(), text);
        assert_eq!(parse_day(text), Ok(date));
    }
    if let Ok(day) = parse_day(text) {
        assert_eq!(parse_date(&day.to_string()), Ok(day), "the day of {text:?}");
    }
    if let Ok(at) = Instant::parse(text) {
        assert_eq!(Instant::parse(&at.to_string()), Ok(at), "{text:?}");
        assert_eq!(Instant::from_micros(at.as_micros()), Some(at), "{text:?}");
    }
    if let Ok(deadline) = Deadline::parse(text) {
        assert_eq!(deadline.as_str(), text);
        let at = deadline.at();
        assert!(!deadline.has_passed(at), "a deadline is in time at {at}");
        let after = at.as_micros().checked_add(1).and_then(Instant::from_micros);
        assert!(after.is_none_or(|after| deadline.has_passed(after)), "and not after {at}");
        assert_eq!(serde_json::from_value(serde_json::json!(deadline)).ok(), Some(deadline));
    }
}

/// Names, slugs, keys and ids.
pub fn feature_key(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let short = slug(text);
    assert_eq!(slug(&short), short, "the slug of a slug");
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    assert!(short.bytes().all(plain), "{short:?}");
    assert!(!short.contains("__") && !short.starts_with('_') && !short.ends_with('_'), "{short:?}");
    for kind in FeatureKind::ALL {
        let key = FeatureKey::new(kind, text);
        let fits = kind.prefix().len() + 1 + short.len() <= FEATURE_KEY_BYTES_MAX;
        assert_eq!(key.is_ok(), !short.is_empty() && fits, "{short:?}");
        let Ok(key) = key else { continue };
        assert_eq!((key.kind(), key.slug()), (kind, short.as_str()));
        assert_eq!(key.as_str().parse(), Ok(key));
    }
    if let Ok(key) = text.parse::<FeatureKey>() {
        assert_eq!(key.as_str(), text);
        assert_eq!(FeatureKey::new(key.kind(), key.slug()), Ok(key));
    }
    if let Ok(id) = text.parse::<UserId>() {
        assert_eq!(id.to_string(), text.to_ascii_lowercase());
        assert_eq!(id.to_string().parse(), Ok(id));
    }
}

/// A state code, and the rule of the set of states that the bytes pick.
pub fn state(data: &[u8]) {
    if let Some(text) = text(data) {
        match text.parse::<State>() {
            Ok(state) => assert_eq!(state.code(), text),
            Err(error) => assert!(error.to_string().chars().count() < 400, "a long message"),
        }
    }
    let all: Vec<State> = State::all().collect();
    let picked = |bytes: &[u8]| -> StateSet {
        bytes.iter().filter_map(|byte| all.get(usize::from(*byte)).copied()).collect()
    };
    let (left, right) = data.split_at(data.len() / 2);
    let (left, right) = (picked(left), picked(right));
    assert_eq!(serde_json::from_value(serde_json::json!(left)).ok(), Some(left));
    let both = StateRule::from_list(left).and(StateRule::from_list(right));
    for state in all.into_iter().map(Some).chain([None]) {
        let [left, right] = [left, right].map(|set| StateRule::from_list(set).admits(state));
        assert_eq!(both.admits(state), left && right, "{state:?}");
    }
}
