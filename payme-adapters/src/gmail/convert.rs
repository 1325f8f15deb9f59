//! What a mail of either format means to the engine.

use payme_core::sync::{self, record_id};
use payme_core::types::json::Refusal;
use payme_core::types::{Date, Instant, Source, UserId, ensure_modern};

use super::mime::{self, Mail};
use super::wire;
use crate::files::raw::{self, Place};

/// The member of `extra` that holds the headers that are kept.
const HEADERS: &str = "headers";

/// The message of a provider's object.
///
/// # Errors
/// `no_content` when the object is only a reference to a message, or a fault of one field.
pub(crate) fn message(wire: wire::Message<'_>, user: UserId) -> Result<sync::Message, Refusal> {
    let date = match &wire.internal_date {
        Some((millis, place)) => Some(day(millis, place)?),
        None => None,
    };
    let mail = match (&wire.headers, &wire.raw) {
        (Some(headers), _) => from_headers(headers),
        (None, Some((raw, place))) => from_raw(raw, place)?,
        (None, None) if wire.snippet.is_none() => {
            let message = "only a reference to a message: fetch the message itself";
            return Err(wire.rest.place.refuse("no_content", message));
        }
        (None, None) => from_headers(&[]),
    };
    let snippet = wire.snippet.map(|text| mime::decode_entities(&text).trim().to_owned());
    Ok(sync::Message {
        id: record_id(user, Source::Gmail, &wire.id),
        date: date.or(mail.date),
        subject: mail.subject,
        snippet: snippet.unwrap_or(mail.snippet),
        extra: wire.rest.rest_with(HEADERS, raw::texts(mail.kept))?,
    })
}

/// The message of a mail.
pub(crate) fn mail(mail: Mail, user: UserId) -> sync::Message {
    sync::Message {
        id: record_id(user, Source::Gmail, &mail.id),
        date: mail.date,
        subject: mail.subject,
        snippet: mail.snippet,
        extra: raw::texts(mail.kept).map(|kept| format!("{{\"{HEADERS}\":{kept}}}")),
    }
}

/// The day of a number of milliseconds since 1970.
fn day(millis: &str, place: &Place) -> Result<Date, Refusal> {
    let instant = millis.parse::<i64>().ok().and_then(|millis| millis.checked_mul(1_000));
    let instant = instant.and_then(Instant::from_micros).ok_or_else(|| {
        place.refuse("invalid_instant", "not milliseconds since 1970 (write a whole number)")
    })?;
    ensure_modern(instant.date_utc()).map_err(|error| place.refuse(error.code(), error.to_string()))
}

fn from_headers(headers: &[(String, String)]) -> Mail {
    let find = |wanted: &str| {
        let found = headers.iter().find(|(name, _)| name.trim().eq_ignore_ascii_case(wanted));
        found.map(|(_, value)| mime::decode_words(value)).unwrap_or_default()
    };
    let kept = mime::KEPT.map(|name| (name.as_static_str(), find(name.as_static_str())));
    Mail {
        id: String::new(),
        date: mime::header_day(&find("Date")),
        subject: find("Subject"),
        snippet: String::new(),
        kept: kept.into(),
    }
}

fn from_raw(text: &str, place: &Place) -> Result<Mail, Refusal> {
    let bytes = mime::decode_base64url(text)
        .ok_or_else(|| place.refuse("invalid_base64", "not base64url (RFC 4648)"))?;
    mime::parse(&bytes).ok_or_else(|| no_headers(place))
}

/// The refusal of what has no header that mail has.
pub(crate) fn no_headers(place: &Place) -> Refusal {
    let message = "no mail headers (expected at least one of From, To, Subject, Date, Message-ID)";
    place.refuse("no_headers", message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::raw::Fields;

    fn user() -> UserId {
        "00000000-0000-4000-8000-000000000001".parse().unwrap()
    }

    fn read(text: &str) -> Result<sync::Message, Refusal> {
        let fields = Fields::read(serde_json::from_str(text).unwrap(), Place::root(1))?;
        message(wire::Message::read(fields)?, user())
    }

    #[test]
    fn a_message_keeps_what_tells_and_no_body() {
        let message = read(
            r#"{"id": "m", "threadId": "t", "labelIds": ["INBOX"], "sizeEstimate": 10,
            "historyId": "9", "internalDate": "1735689599999", "snippet": " AT&amp;T &#39;x&#39; ",
            "payload": {"mimeType": "text/plain", "body": {"data": "c2VjcmV0"}, "headers": [
                {"name": "SUBJECT", "value": "=?utf-8?q?caf=C3=A9?=\r\n  late"},
                {"name": "from", "value": "A <a@b.example>"}, {"name": "To", "value": "me"},
                {"name": "Subject", "value": "second"}]}}"#,
        )
        .unwrap();
        assert_eq!(message.id, record_id(user(), Source::Gmail, "m"));
        assert_eq!(message.date.unwrap().to_string(), "2024-12-31");
        assert_eq!((message.subject.as_str(), message.snippet.as_str()), ("café late", "AT&T 'x'"));
        let extra = r#"{"headers":{"From":"A <a@b.example>"},"historyId":"9","labelIds":["INBOX"],"#
            .to_owned() + r#""sizeEstimate":10,"threadId":"t"}"#;
        assert_eq!(message.extra, Some(extra));
    }

    #[test]
    fn a_raw_message_is_read_where_there_is_no_payload() {
        // Subject: Hi, Date: 2 Feb 2024, body "Body & more".
        let raw =
            "U3ViamVjdDogSGkKRGF0ZTogRnJpLCAyIEZlYiAyMDI0IDEwOjAwOjAwICswMDAwCgpCb2R5ICYgbW9yZQ";
        let table = [
            (format!(r#"{{"id": "m", "raw": "{raw}"}}"#), "Hi", "Body & more", Some("2024-02-02")),
            (
                format!(r#"{{"id": "m", "raw": "{raw}==", "snippet": "S", "internalDate": 0}}"#),
                "Hi",
                "S",
                Some("1970-01-01"),
            ),
            (format!(r#"{{"id": "m", "raw": "{raw}", "payload": {{}}}}"#), "", "", None),
        ];
        for (text, subject, snippet, date) in table {
            let message = read(&text).unwrap();
            assert_eq!((message.subject.as_str(), message.snippet.as_str()), (subject, snippet));
            assert_eq!(message.date.map(|date| date.to_string()).as_deref(), date);
            assert_eq!(message.extra, None);
        }
    }

    #[test]
    fn the_day_is_googles_else_the_headers() {
        let headers = r#""payload": {"headers": [{"name": "date", "value": "Fri, 2 Feb 2024 23:00:00 -0500"}]}"#;
        #[rustfmt::skip]
        let table = [
            (format!(r#"{{"id": "m", {headers}}}"#),                            Some("2024-02-03")),
            (format!(r#"{{"id": "m", "internalDate": "86400000", {headers}}}"#), Some("1970-01-02")),
            (format!(r#"{{"id": "m", "internalDate": null, {headers}}}"#),      Some("2024-02-03")),
            (r#"{"id": "m", "snippet": "x"}"#.to_owned(),                       None),
        ];
        for (text, expected) in table {
            let date = read(&text).unwrap().date.map(|date| date.to_string());
            assert_eq!(date.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_its_path() {
        #[rustfmt::skip]
        let table = [
            (r#"{"snippet": "x"}"#,                                        "missing_field",    "$.id"),
            (r#"{"id": " ", "snippet": "x"}"#,                             "missing_field",    "$.id"),
            (r#"{"id": 7}"#,                                               "wrong_type",       "$.id"),
            (r#"{"id": "m", "threadId": "t"}"#,                            "no_content",       "$"),
            (r#"{"id": "m", "snippet": 1}"#,                               "wrong_type",       "$.snippet"),
            (r#"{"id": "m", "internalDate": "soon", "snippet": "x"}"#,     "invalid_instant",  "$.internalDate"),
            (r#"{"id": "m", "internalDate": 1e3, "snippet": "x"}"#,        "invalid_instant",  "$.internalDate"),
            (r#"{"id": "m", "internalDate": "9223372036854775807", "snippet": "x"}"#, "invalid_instant", "$.internalDate"),
            (r#"{"id": "m", "internalDate": "-9999999999999", "snippet": "x"}"#, "date_before_1900", "$.internalDate"),
            (r#"{"id": "m", "payload": []}"#,                              "wrong_type",       "$.payload"),
            (r#"{"id": "m", "payload": {"headers": {}}}"#,                 "wrong_type",       "$.payload.headers"),
            (r#"{"id": "m", "payload": {"headers": [{"value": "x"}]}}"#,   "missing_field",    "$.payload.headers[0].name"),
            (r#"{"id": "m", "payload": {"headers": [{"name": "x", "value": 1}]}}"#, "wrong_type", "$.payload.headers[0].value"),
            (r#"{"id": "m", "raw": "*"}"#,                                 "invalid_base64",   "$.raw"),
            (r#"{"id": "m", "raw": "YWJj"}"#,                              "no_headers",       "$.raw"),
        ];
        for (text, code, path) in table {
            let refusal = read(text).unwrap_err();
            assert_eq!((refusal.code, refusal.path.as_str()), (code, path), "{text}");
        }
    }
}
