//! Mail in its own format (RFC 5322 and MIME): headers, the first words, nothing else.
//!
//! In: bytes in any encoding, damaged or not. Out: a [`Mail`], or `None` for what is no mail.

use std::fmt;

use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::html::html_to_text;
use mail_parser::{DateTime, HeaderName, Message, MessageParser, PartType};
use payme_core::types::{Date, Instant, ensure_modern};

/// How many characters of a body are read as its first words.
pub(crate) const SNIPPET_CHARS_MAX: usize = 200;

/// The headers that are kept beside the subject and the date: who wrote, and to which message.
pub(crate) const KEPT: [HeaderName<'static>; 5] = [
    HeaderName::From,
    HeaderName::ReplyTo,
    HeaderName::MessageId,
    HeaderName::InReplyTo,
    HeaderName::References,
];

/// A header of which one makes a text a mail.
const TELLING: [HeaderName<'static>; 6] = [
    HeaderName::From,
    HeaderName::To,
    HeaderName::Subject,
    HeaderName::Date,
    HeaderName::MessageId,
    HeaderName::Received,
];

/// What the engine reads of a mail. Debug shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Mail {
    /// The Message-ID without its brackets, else a text derived from what the mail says.
    pub(crate) id: String,
    pub(crate) date: Option<Date>,
    pub(crate) subject: String,
    pub(crate) snippet: String,
    /// The headers of [`KEPT`] that are there, by name.
    pub(crate) kept: Vec<(&'static str, String)>,
}

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mail").finish_non_exhaustive()
    }
}

/// Reads one mail; `None` when it has no header that mail has.
pub(crate) fn parse(bytes: &[u8]) -> Option<Mail> {
    let message = message(bytes)?;
    if !TELLING.iter().any(|name| message.header(name.clone()).is_some()) {
        return None;
    }
    let subject = collapse(message.subject().unwrap_or_default(), usize::MAX);
    let body = body(&message);
    let id = match message.message_id().map(str::trim) {
        Some(id) if !id.is_empty() => id.to_owned(),
        _ => derived(&message, &subject, &body),
    };
    Some(Mail {
        id,
        date: message.date().and_then(day),
        subject,
        snippet: collapse(&body, SNIPPET_CHARS_MAX),
        kept: KEPT
            .into_iter()
            .map(|name| (name.as_static_str(), header(&message, name)))
            .filter(|(_, value)| !value.is_empty())
            .collect(),
    })
}

/// The mail taken apart. Where debug assertions are on, the library panics on some nestings that
/// it otherwise gets over; such a mail keeps its headers.
fn message(bytes: &[u8]) -> Option<Message<'_>> {
    std::panic::catch_unwind(|| MessageParser::default().parse(bytes))
        .unwrap_or_else(|_| MessageParser::default().parse_headers(bytes))
}

/// The first text that says something, else the first HTML that does, as text.
fn body(message: &Message<'_>) -> String {
    let texts = message.text_bodies().chain(message.html_bodies()).map(|part| match &part.body {
        PartType::Text(text) => text.as_ref().to_owned(),
        PartType::Html(html) => html_to_text(html),
        _ => String::new(),
    });
    texts.into_iter().find(|text| !text.trim().is_empty()).unwrap_or_default()
}

/// A mail without a Message-ID is told by its date, its sender, its subject and its text.
fn derived(message: &Message<'_>, subject: &str, body: &str) -> String {
    let [date, from] = [HeaderName::Date, HeaderName::From].map(|name| header(message, name));
    format!("derived\n{date}\n{from}\n{subject}\n{body}")
}

fn header(message: &Message<'_>, name: HeaderName<'static>) -> String {
    message.header_raw(name).map(decode_words).unwrap_or_default()
}

/// A header's text: unfolded, with its encoded words (RFC 2047) decoded.
pub(crate) fn decode_words(value: &str) -> String {
    let line = collapse(value, usize::MAX);
    if !line.contains("=?") {
        return line;
    }
    let mail = format!("Subject: {line}\r\n\r\n");
    let decoded = MessageParser::default().parse(&mail);
    let subject = decoded.as_ref().and_then(Message::subject);
    subject.map_or(line, |subject| collapse(subject, usize::MAX))
}

/// The UTC day of a Date header.
pub(crate) fn header_day(value: &str) -> Option<Date> {
    // The library reads up to a line end.
    DateTime::parse_rfc822(&format!("{}\n", collapse(value, usize::MAX))).as_ref().and_then(day)
}

fn day(time: &DateTime) -> Option<Date> {
    if !time.is_valid() {
        return None;
    }
    let micros = time.to_timestamp().checked_mul(1_000_000)?;
    ensure_modern(Instant::from_micros(micros)?.date_utc()).ok()
}

/// The bytes of a base64url text; `None` when it is none.
pub(crate) fn decode_base64url(text: &str) -> Option<Vec<u8>> {
    let standard: Vec<u8> = text
        .bytes()
        .map(|byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            byte => byte,
        })
        .collect();
    base64_decode(&standard)
}

/// The first characters of a text, each run of space or control characters one space.
pub(crate) fn collapse(text: &str, chars_max: usize) -> String {
    let mut out = String::new();
    let (mut count, mut gap) = (0, false);
    for c in text.chars() {
        if c.is_whitespace() || c.is_control() {
            gap = count > 0;
            continue;
        }
        let wanted = if gap { 2 } else { 1 };
        if count + wanted > chars_max {
            break;
        }
        if gap {
            out.push(' ');
        }
        out.push(c);
        count += wanted;
        gap = false;
    }
    out
}

/// A snippet with its HTML entities decoded, once.
pub(crate) fn decode_entities(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        match entity(after) {
            Some((c, behind)) => {
                out.push(c);
                rest = behind;
            }
            None => {
                out.push('&');
                rest = after;
            }
        }
    }
    out + rest
}

/// The character that an entity stands for, and the text behind it.
fn entity(text: &str) -> Option<(char, &str)> {
    /// The longest name in use, `#x10FFFF`.
    const NAME_BYTES_MAX: usize = 8;
    let end = text.bytes().take(NAME_BYTES_MAX + 1).position(|byte| byte == b';')?;
    let (name, behind) = (text.get(..end)?, text.get(end + 1..)?);
    let c = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        _ => numeric(name.strip_prefix('#')?)?,
    };
    Some((c, behind))
}

fn numeric(digits: &str) -> Option<char> {
    let code = match digits.strip_prefix(['x', 'X']) {
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            u32::from_str_radix(digits, 16).ok()
        }
        None if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().ok(),
        _ => None,
    };
    code.and_then(char::from_u32).filter(|c| *c != '\0')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mail(text: &str) -> Mail {
        parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_mail_gives_its_subject_day_and_first_words() {
        let long = format!("{} end", "wörd  \r\n\t".repeat(60));
        let mail = mail(&format!(
            "Date: Tue, 31 Dec 2024 20:00:00 -0500\r\nFrom: =?utf-8?q?Caf=C3=A9?= <a@b.example>\r\n\
             Subject: =?utf-8?B?w6k=?=\r\n =?utf-8?B?w6g=?= x\r\nMessage-ID: <1@example.com>\r\n\
             In-Reply-To: <0@example.com>\r\nTo: me@example.org\r\n\
             Content-Type: text/plain; charset=utf-8\r\n\r\n{long}"
        ));
        assert_eq!(mail.id, "1@example.com");
        assert_eq!(mail.date.unwrap().to_string(), "2025-01-01");
        assert_eq!(mail.subject, "éè x");
        assert_eq!(mail.snippet, ["wörd"; 40].join(" "));
        let kept = [
            ("From", "Café <a@b.example>".to_owned()),
            ("Message-ID", "<1@example.com>".to_owned()),
            ("In-Reply-To", "<0@example.com>".to_owned()),
        ];
        assert_eq!(mail.kept, kept);
    }

    #[test]
    fn other_bodies_and_charsets_become_text() {
        let head = "Subject: s\nContent-Type";
        let either = format!("{head}: multipart/alternative; boundary=x\n\n");
        #[rustfmt::skip]
        let table = [
            (format!("{head}: text/html\n\n<head><title>t</title></head><p>A &amp; B</p><b>c</b>"), "A & B c"),
            (format!("{head}: text/html\n\n<p>A</p>B"), "A B"),
            (format!("{head}: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\ncaf=E9"), "café"),
            (format!("{head}: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\nY2Fmw6k="), "café"),
            (format!("{either}--x\nContent-Type: text/plain\n\n \n--x\nContent-Type: text/html\n\n<i>h</i>\n--x--"), "h"),
            (format!("{either}--x\nContent-Type: text/html\n\n<i>h</i>\n--x\nContent-Type: text/plain\n\np\n--x--"), "p"),
            (format!("{head}: multipart/mixed; boundary=x\n\n--x\nContent-Type: text/plain\n\np\n--x--"), "p"),
            (format!("{head}: image/png\n\nxyz"), ""),
            ("Subject: s\n".to_owned(), ""),
        ];
        for (text, snippet) in table {
            assert_eq!(mail(&text).snippet, snippet, "{text}");
        }
    }

    #[test]
    fn a_mail_that_the_library_gives_up_on_keeps_its_headers() {
        let mail = mail(
            "Subject: S\nMessage-ID: <1@example.com>\nContent-Type: multipart/mixed; boundary=x\n\n\
             --x\nContent-Type: message/rfc822\n\nSubject: in\nContent-Type: message/rfc822\n\n\n--x--",
        );
        assert_eq!((mail.subject.as_str(), mail.id.as_str()), ("S", "1@example.com"));
    }

    #[test]
    fn a_mail_without_an_id_gets_one_of_what_it_says() {
        let text = "Date: Tue, 31 Dec 2024 20:00:00 +0000\nFrom: a@b.example\nSubject: S\n\nBody";
        let expected = "derived\nTue, 31 Dec 2024 20:00:00 +0000\na@b.example\nS\nBody";
        assert_eq!(mail(text).id, expected);
        assert_ne!(mail(&format!("{text} 2")).id, expected);
    }

    #[test]
    fn what_has_no_header_is_no_mail() {
        for bytes in [&b""[..], b"\n\n", b"Hello there", b"Hello: there\n\nx", b"\xff\xfe\0\0"] {
            assert_eq!(parse(bytes), None, "{bytes:?}");
        }
        assert!(parse(b"subject: \xff\xfe\n\n\xff").is_some());
    }

    #[test]
    fn days_are_in_utc_and_modern() {
        #[rustfmt::skip]
        let table = [
            ("Fri, 18 Apr 2025 10:00:00 +0000",         Some("2025-04-18")),
            ("Fri, 18 Apr 2025 23:30:00 -0700 (PDT)",   Some("2025-04-19")),
            ("18 Apr 2025 00:10:00 +0200",              Some("2025-04-17")),
            ("Fri, 18 Apr 1025 10:00:00 +0000",         None),
            ("Fri, 48 Apr 2025 10:00:00 +0000",         None),
            ("yesterday",                               None),
            ("",                                        None),
        ];
        for (text, expected) in table {
            let day = header_day(text).map(|day| day.to_string());
            assert_eq!(day.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn entities_are_decoded_once() {
        #[rustfmt::skip]
        let table = [
            ("AT&amp;T", "AT&T"),
            ("&amp;lt;", "&lt;"),
            ("&lt;a&gt; &quot;b&quot; it&#39;s it&#x27;s", "<a> \"b\" it's it's"),
            ("a&nbsp;b &#233;&#xE9;&#X1F600;", "a b éé\u{1f600}"),
            ("& &; &x; &#; &#x; &#0; &#xD800; &#99999999; &#+3; &amp", "& &; &x; &#; &#x; &#0; &#xD800; &#99999999; &#+3; &amp"),
            ("&é;&&amp;", "&é;&&"),
        ];
        for (text, expected) in table {
            assert_eq!(decode_entities(text), expected);
        }
    }

    #[test]
    fn base64url_is_read_with_and_without_padding() {
        #[rustfmt::skip]
        let table = [
            ("-_8", Some(&[0xfb, 0xff][..])), ("-_8=", Some(&[0xfb, 0xff])), ("YQ", Some(b"a")),
            ("", Some(b"")), ("a*b", None), ("é", None),
        ];
        for (text, expected) in table {
            assert_eq!(decode_base64url(text).as_deref(), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn first_words_are_never_longer_than_asked(text in "\\PC{0,40}|[ a\u{e9}\n]{0,40}", max in 0_usize..30) {
            let short = collapse(&text, max);
            prop_assert!(short.chars().count() <= max);
            prop_assert_eq!(short.trim(), &short);
            prop_assert!(collapse(&text, usize::MAX).starts_with(&short));
        }

        #[test]
        fn no_mail_makes_the_reader_panic(
            kind in prop::sample::select(vec!["text/html", "multipart/mixed; boundary=x", "message/rfc822", "text/plain; charset=utf-7"]),
            encoding in prop::sample::select(vec!["8bit", "base64", "quoted-printable"]),
            body in "(<|>|&|;|!|-|--x\n|--x--|=\\?utf-8\\?q\\?|\\?=|=E9|é|</?style>|<!--|\n| |a|From: |Content-Type: ){0,60}",
        ) {
            let text = format!("From: {body}\nContent-Type: {kind}\nContent-Transfer-Encoding: {encoding}\nSubject: {body}\n\n{body}");
            prop_assert_eq!(parse(text.as_bytes()), parse(text.as_bytes()));
            decode_words(&body);
            decode_entities(&body);
            header_day(&body);
        }
    }
}
