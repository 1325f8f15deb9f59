//! Reading the features file: JSON Lines, one person a line.

use std::collections::HashMap;

use super::feature::day_key;
use super::{Day, UserFeature, UserFeatures};
use crate::types::json::{self, Fault, Node, Refusal, Rows};
use crate::types::{
    Confidence, Currency, FeatureKey, Money, Person, Source, State, UserId, parse_date, parse_day,
};

const PERSON_FIELDS: [&str; 4] = ["user_id", "state", "date_of_birth", "features"];
const FEATURE_FIELDS: [&str; 7] =
    ["key", "source", "confidence", "count", "first_seen", "last_seen", "by_day"];

/// Reads a features file. A line that is wrong, or whose person was seen before, is refused; the
/// others are taken. Empty lines are passed over.
///
/// # Errors
/// A [`Refusal`] when the bytes are not UTF-8 or hold nothing.
/// ```
/// use payme_core::evidence::parse_features;
/// let rows = parse_features(br#"
/// {"user_id": "6f1d2c3b-4a59-4e68-8d77-0123456789ab", "state": "CA",
///  "features": []}"#)?;
/// assert_eq!(rows.refused[0].line, 2, "a person is one line");
/// let rows = parse_features(br#"{"user_id": "6f1d2c3b-4a59-4e68-8d77-0123456789ab",
///     "features": []}"#.map(|b| if b == b'\n' { b' ' } else { b }).as_slice())?;
/// assert_eq!(rows.taken.len(), 1);
/// # Ok::<(), payme_core::types::json::Refusal>(())
/// ```
pub fn parse_features(bytes: &[u8]) -> Result<Rows<UserFeatures>, Refusal> {
    let mut rows = Rows::default();
    let mut seen: HashMap<UserId, u64> = HashMap::new();
    for (line, text) in (1..).zip(json::utf8(bytes)?.lines()) {
        if text.trim().is_empty() {
            continue;
        }
        rows.push(parse_person_line(text, line).and_then(|user| {
            match seen.insert(user.person().user_id, line) {
                None => Ok(user),
                Some(first) => Err(Refusal {
                    line,
                    path: "$.user_id".to_owned(),
                    code: "duplicate_user",
                    message: format!("the same user is on line {first}: write one line a user"),
                }),
            }
        }));
    }
    Ok(rows)
}

/// Reads one line of a features file.
///
/// # Errors
/// A [`Refusal`] with the JSON path of what is wrong.
pub fn parse_person_line(text: &str, line: u64) -> Result<UserFeatures, Refusal> {
    let value = json::strict(text, line)?;
    user(&Node::root(&value)).map_err(|fault| fault.on_line(line))
}

fn user(node: &Node<'_>) -> Result<UserFeatures, Fault> {
    let members = node.members(&PERSON_FIELDS)?;
    let person = Person {
        user_id: members.need("user_id")?.parsed(str::parse::<UserId>)?,
        state: members.map("state", |node| node.parsed(str::parse::<State>))?,
        date_of_birth: members.map("date_of_birth", |node| node.parsed(parse_date))?,
    };
    let list = members.need("features")?;
    let features = list.items()?.map(|item| feature(&item)).collect::<Result<Vec<_>, _>>()?;
    node.checked(UserFeatures::new(person, features))
}

fn feature(node: &Node<'_>) -> Result<UserFeature, Fault> {
    let members = node.members(&FEATURE_FIELDS)?;
    let source = members.need("source")?;
    let feature = UserFeature {
        key: members.need("key")?.parsed(str::parse::<FeatureKey>)?,
        source: Source::parse(source.text()?)
            .ok_or_else(|| source.fault("unknown_source", "expected gmail or plaid"))?,
        confidence: {
            let node = members.need("confidence")?;
            node.checked(Confidence::new(node.number()?))?
        },
        count: members.map("count", |node| node.count(1))?.unwrap_or(1),
        first_seen: members.map("first_seen", |node| node.parsed(parse_day))?,
        last_seen: members.map("last_seen", |node| node.parsed(parse_day))?,
        by_day: members.map("by_day", |node| days(&node))?.unwrap_or_default(),
    };
    if matches!((feature.first_seen, feature.last_seen), (Some(a), Some(b)) if a > b) {
        return Err(node.fault("reversed_range", "\"first_seen\" is after \"last_seen\""));
    }
    Ok(feature)
}

fn days(node: &Node<'_>) -> Result<Vec<Day>, Fault> {
    let mut days: Vec<Day> = node.items()?.map(|item| day(&item)).collect::<Result<_, _>>()?;
    days.sort_by_key(day_key);
    for pair in days.windows(2) {
        if let [a, b] = pair
            && day_key(a) == day_key(b)
        {
            let message = format!("the day {} is named twice for one currency", a.date);
            return Err(node.fault("duplicate_day", message));
        }
    }
    Ok(days)
}

fn day(node: &Node<'_>) -> Result<Day, Fault> {
    let members = node.members(&["date", "count", "amount_cents", "currency"])?;
    let currency = members.map("currency", |node| node.parsed(str::parse::<Currency>))?;
    let amount = members.map("amount_cents", |node| node.integer())?;
    if amount.is_none() && currency.is_some() {
        return Err(node.fault("missing_field", "\"currency\" needs \"amount_cents\""));
    }
    Ok(Day {
        date: members.need("date")?.parsed(parse_date)?,
        count: members.need("count")?.count(0)?,
        amount: amount.map(|minor| Money::new(minor, currency.unwrap_or(Currency::USD))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "6f1d2c3b-4a59-4e68-8d77-0123456789ab";

    const GOOD: &str = r#"{"key": "merchant:a", "source": "plaid", "confidence": 1}"#;

    fn line(features: &str) -> String {
        format!(r#"{{"user_id": "{ID}", "state": "CA", "features": [{features}]}}"#)
    }

    #[test]
    fn a_full_feature_reads_and_writes_back() {
        let text = line(
            r#"{"key": "merchant:uber", "source": "plaid", "confidence": 0.8, "count": 2,
                "first_seen": "2024-01-01T23:30:00-05:00", "last_seen": "2024-03-01",
                "by_day": [{"date": "2024-03-01", "count": 1, "amount_cents": 540},
                           {"date": "2024-01-02", "count": 0, "amount_cents": -3, "currency": "EUR"}]}"#,
        )
        .replace('\n', " ");
        let user = parse_person_line(&text, 1).unwrap();
        let feature = &user.features()[0];
        assert_eq!(feature.first_seen.unwrap().to_string(), "2024-01-02", "the UTC day");
        assert_eq!(feature.by_day[0].amount.unwrap().to_string(), "-0.03 EUR");
        assert_eq!(feature.by_day[1].amount, Some(Money::usd_cents(540)));
        let again = parse_person_line(&line(&feature.to_json().to_string()), 1).unwrap();
        assert_eq!(again, user);
    }

    #[test]
    fn each_fault_is_named_with_its_place() {
        let with =
            |rest: &str| line(&format!(r#"{{"key": "merchant:a", "source": "plaid"{rest}}}"#));
        #[rustfmt::skip]
        let table = [
            ("{".to_owned(),                                                      "malformed_json",     "$"),
            ("[]".to_owned(),                                                     "wrong_type",         "$"),
            (r#"{"features": []}"#.to_owned(),                                    "missing_field",      "$"),
            (line("").replace("CA", "Cal"),                                       "unknown_state",      "$.state"),
            (line("").replace(ID, "7"),                                           "invalid_id",         "$.user_id"),
            (line("").replace("\"features\"", "\"feature\""),                     "unknown_field",      "$"),
            (with(""),                                                            "missing_field",      "$.features[0]"),
            (with(r#", "confidence": 1.01"#),                                     "invalid_confidence", "$.features[0].confidence"),
            (with(r#", "confidence": -0.01"#),                                    "invalid_confidence", "$.features[0].confidence"),
            (with(r#", "confidence": "high""#),                                   "wrong_type",         "$.features[0].confidence"),
            (with(r#", "confidence": NaN"#),                                      "malformed_json",     "$"),
            (with(r#", "confidence": 1, "count": 0"#),                            "out_of_range",       "$.features[0].count"),
            (with(r#", "confidence": 1, "count": 4294967296"#),                   "out_of_range",       "$.features[0].count"),
            (with(r#", "confidence": 1, "first_seen": "2024-13-01""#),            "invalid_date",       "$.features[0].first_seen"),
            (with(r#", "confidence": 1, "first_seen": "2024-02-01", "last_seen": "2024-01-01""#), "reversed_range", "$.features[0]"),
            (with(r#", "confidence": 1, "by_day": [{"date": "2024-01-01", "count": 1, "currency": "USD"}]"#),
                                                                                  "missing_field",      "$.features[0].by_day[0]"),
            (with(r#", "confidence": 1, "by_day": [{"date": "2024-01-01", "count": 4294967295}, {"date": "2024-01-02", "count": 1}]"#),
                                                                                  "invalid_days",       "$"),
            (with(r#", "confidence": 1, "by_day": [{"date": "2024-01-01", "count": 1, "amount_cents": -9223372036854775808}]"#),
                                                                                  "invalid_days",       "$"),
            (with(r#", "confidence": 1, "by_day": [{"date": "2024-01-01", "count": 1}, {"date": "2024-01-01", "count": 2}]"#),
                                                                                  "duplicate_day",      "$.features[0].by_day"),
            (line(r#"{"key": "merchant:a", "source": "bank", "confidence": 1}"#), "unknown_source",     "$.features[0].source"),
            (line(r#"{"key": "a", "source": "plaid", "confidence": 1}"#),         "feature_key_kind",   "$.features[0].key"),
            (line(&[GOOD, GOOD].join(", ")),                                      "duplicate_feature",  "$"),
        ];
        for (text, code, path) in table {
            let refusal = parse_person_line(&text, 9).unwrap_err();
            assert_eq!(
                (refusal.code, refusal.path.as_str(), refusal.line),
                (code, path, 9),
                "{text}"
            );
        }
    }

    #[test]
    fn the_same_person_twice_is_refused_and_empty_lines_are_not_rows() {
        let text = format!("{}\n\n{}\n", line(""), line(""));
        let rows = parse_features(text.as_bytes()).unwrap();
        assert_eq!(rows.taken.len(), 1);
        assert_eq!((rows.refused[0].line, rows.refused[0].code), (3, "duplicate_user"));
    }
}
