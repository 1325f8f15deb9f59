//! Numbers as people read them.
//!
//! In: numbers. Out: text that is the same on every machine: a point before decimals, a comma
//! between thousands, no minus before a zero.

/// A number with so many decimals.
pub(super) fn decimals(number: f64, count: usize) -> String {
    if number.is_nan() {
        return "not a number".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "infinite" } else { "minus infinite" }.to_owned();
    }
    if number.abs() >= 1e9 {
        return format!("{number:.3e}");
    }
    let text = format!("{number:.count$}");
    let is_zero = !text.contains(|character| matches!(character, '1'..='9'));
    if is_zero { text.trim_start_matches('-').to_owned() } else { text }
}

/// A measure: four decimals.
pub(super) fn figure(number: f64) -> String {
    decimals(number, 4)
}

/// A difference: four decimals and always a sign, except of what is rounded to nothing.
pub(super) fn difference(number: f64) -> String {
    let text = figure(number);
    if number > 0.0 && text.contains(|character| matches!(character, '1'..='9')) {
        format!("+{text}")
    } else {
        text
    }
}

/// A share as a percentage with one decimal, on one line.
pub(super) fn percent(share: f64) -> String {
    format!("{}\u{a0}%", decimals(100.0 * share, 1))
}

/// A level of confidence, or a rate of errors: a percentage with as many decimals as it has, up to
/// three.
pub(super) fn level(share: f64) -> String {
    let text = decimals(100.0 * share, 3);
    format!("{}\u{a0}%", text.trim_end_matches('0').trim_end_matches('.'))
}

/// A count with a comma between thousands.
pub(super) fn count(number: usize) -> String {
    grouped(&number.to_string())
}

fn grouped(digits: &str) -> String {
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// How much rows weigh: a count where it is whole.
pub(super) fn weight(number: f64) -> String {
    if number.fract().abs() < 1e-9 { grouped(&decimals(number, 0)) } else { decimals(number, 2) }
}

/// A count with its noun in the right form; the plural has an `s`.
pub(super) fn counted(number: usize, noun: &str) -> String {
    format!("{} {noun}{}", count(number), if number == 1 { "" } else { "s" })
}

/// A count as a number.
#[expect(clippy::cast_precision_loss, reason = "no table has 2^53 rows")]
pub(super) const fn float(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_for_people() {
        let table = [
            (figure(0.123_45), "0.1235"),
            (figure(-0.000_001), "0.0000"),
            (figure(f64::NAN), "not a number"),
            (figure(f64::NEG_INFINITY), "minus infinite"),
            (figure(1.5e12), "1.500e12"),
            (difference(0.25), "+0.2500"),
            (difference(-0.25), "-0.2500"),
            (difference(1e-9), "0.0000"),
            (percent(0.123_4), "12.3\u{a0}%"),
            (level(0.95), "95\u{a0}%"),
            (level(0.999), "99.9\u{a0}%"),
            (count(0), "0"),
            (count(999), "999"),
            (count(1_000_000), "1,000,000"),
            (counted(1, "user"), "1 user"),
            (counted(1_204, "user"), "1,204 users"),
            (weight(1_200.0), "1,200"),
            (weight(2.5), "2.50"),
        ];
        for (found, expected) in table {
            assert_eq!(found, expected);
        }
    }
}
