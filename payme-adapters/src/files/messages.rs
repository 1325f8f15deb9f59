//! Messages out of a file: Gmail's JSON in each of its shapes, a mailbox (mbox), or one mail.

use std::borrow::Cow;

use payme_core::sync::Record;
use payme_core::types::UserId;
use payme_core::types::json::{self, Refusal};
use serde_json::value::RawValue;

use super::raw::{self, Fields, Lines, Place};
use super::{Intake, RecordFile};
use crate::gmail::{convert, mime, wire};

/// The byte order mark of UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";
/// What a mailbox starts each message with.
const SEPARATOR: &[u8] = b"From ";

/// Reads a file of mail messages. A message that is wrong is refused; the others are taken.
///
/// The content tells the format:
/// - message objects of the Gmail API: one, a list of them, a list under `messages`, or one after
///   another (JSON Lines);
/// - a mailbox (mbox): each line that starts with `From ` starts a message, and `>From ` inside a
///   message stands for `From `;
/// - anything else is one mail (`.eml`).
///
/// Of each message the subject, the day, the first words and a few headers are kept, and no body.
///
/// # Errors
/// A [`Refusal`] when the file as a whole is empty, neither JSON nor mail, or JSON of another
/// shape or not in UTF-8.
/// ```
/// use payme_adapters::files::read_messages;
/// let user = "6f1d2c3b-4a59-4e68-8d77-0123456789ab".parse()?;
/// let mail = b"Subject: Your order\nMessage-ID: <1@example.com>\n\nIt is on its way.";
/// let file = read_messages(mail, user)?;
/// assert_eq!(file.pages[0].upserts.len(), 1);
/// assert_eq!(read_messages(b"Hello", user).unwrap_err().code, "no_headers");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read_messages(bytes: &[u8], user: UserId) -> Result<RecordFile, Refusal> {
    let content = bytes.strip_prefix(MARK).unwrap_or(bytes);
    let start = content.trim_ascii_start();
    let mut intake = Intake::default();
    match start.first() {
        None => return Err(Refusal::on_line(1, "empty_input", "the input is empty")),
        Some(b'{' | b'[') => read_json(json::utf8(bytes)?, user, &mut intake)?,
        Some(_) if start.starts_with(SEPARATOR) => {
            read_mailbox(content, content.len() - start.len(), user, &mut intake)?;
        }
        Some(_) => {
            let mail = mime::parse(start);
            let mail = mail.ok_or_else(|| convert::no_headers(&Place::root(1)))?;
            intake.upsert(Ok(Record::Message(convert::mail(mail, user))))?;
        }
    }
    Ok(intake.finish())
}

fn read_json(text: &str, user: UserId, intake: &mut Intake) -> Result<(), Refusal> {
    let mut lines = Lines::new(text.as_bytes());
    raw::each_document(text, |document, alone| {
        let raw = match document {
            Ok(raw) => raw,
            Err(refusal) => return intake.refuse(refusal),
        };
        let place = Place::root(lines.of(raw));
        if raw::is_list(raw) {
            return list(raw, &place, user, &mut lines, intake);
        }
        match Fields::read(raw, place).and_then(shaped) {
            Ok(fields) => match fields.peek("messages") {
                Some(raw) if raw::is_list(raw) => {
                    list(raw, &fields.place.member("messages"), user, &mut lines, intake)
                }
                Some(raw) => {
                    intake.refuse(fields.place.member("messages").wrong_type("a list", raw))
                }
                None if fields.has_any(&["messages"]) => Ok(()),
                None => intake.upsert(message(fields, user)),
            },
            Err(refusal) if alone => Err(refusal),
            Err(refusal) => intake.refuse(refusal),
        }
    })
}

/// An object that is a message or holds messages.
fn shaped(fields: Fields<'_>) -> Result<Fields<'_>, Refusal> {
    if fields.has_any(&["messages", "id", "payload", "snippet", "raw", "internalDate"]) {
        return Ok(fields);
    }
    let message = "no messages here (expected message objects of the Gmail API)";
    Err(fields.place.refuse("unknown_shape", message))
}

fn list<'a>(
    raw: &'a RawValue,
    place: &Place,
    user: UserId,
    lines: &mut Lines<'a>,
    intake: &mut Intake,
) -> Result<(), Refusal> {
    raw::each_item(raw, place, |index, item| {
        let fields = Fields::read(item, place.item(index, lines.of(item)));
        intake.upsert(fields.and_then(|fields| message(fields, user)))
    })
}

fn message(fields: Fields<'_>, user: UserId) -> Result<Record, Refusal> {
    let message = convert::message(wire::Message::read(fields)?, user)?;
    Ok(Record::Message(message))
}

/// Reads the messages from an offset on, which is where the first one starts even if blanks
/// stand before it on its line.
fn read_mailbox(
    bytes: &[u8],
    offset: usize,
    user: UserId,
    intake: &mut Intake,
) -> Result<(), Refusal> {
    let mut lines = Lines::new(bytes);
    let mut starts = separators(tail(bytes, offset)).map(|at| offset + at).peekable();
    let mut index = 0;
    while let Some(start) = starts.next() {
        let end = starts.peek().copied().unwrap_or(bytes.len());
        let message = bytes.get(start..end).unwrap_or_default();
        let place = Place::root(1).item(index, lines.at(start));
        let head =
            message.iter().position(|byte| *byte == b'\n').map_or(message.len(), |at| at + 1);
        let mail = mime::parse(&unquoted(message.get(head..).unwrap_or_default()));
        let row = mail.ok_or_else(|| convert::no_headers(&place));
        intake.upsert(row.map(|mail| Record::Message(convert::mail(mail, user))))?;
        index += 1;
    }
    Ok(())
}

/// Where each message of a mailbox starts.
fn separators(bytes: &[u8]) -> impl Iterator<Item = usize> {
    line_starts(bytes).filter(|start| tail(bytes, *start).starts_with(SEPARATOR))
}

fn line_starts(bytes: &[u8]) -> impl Iterator<Item = usize> {
    let after = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
    std::iter::once(0).chain(after)
}

fn tail(bytes: &[u8], start: usize) -> &[u8] {
    bytes.get(start..).unwrap_or_default()
}

/// The message without the mailbox's quoting: one `>` fewer before each `>From `.
fn unquoted(bytes: &[u8]) -> Cow<'_, [u8]> {
    let is_quoted = |start: &usize| {
        let line = tail(bytes, *start);
        let quotes = line.iter().take_while(|byte| **byte == b'>').count();
        quotes > 0 && tail(line, quotes).starts_with(SEPARATOR)
    };
    let mut quoted = line_starts(bytes).filter(is_quoted).peekable();
    if quoted.peek().is_none() {
        return Cow::Borrowed(bytes);
    }
    let mut out = Vec::with_capacity(bytes.len());
    let mut from = 0;
    for start in quoted {
        out.extend_from_slice(bytes.get(from..start).unwrap_or_default());
        from = start + 1;
    }
    out.extend_from_slice(tail(bytes, from));
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use payme_core::sync::{Message, record_id};
    use payme_core::types::Source;
    use proptest::prelude::*;

    use super::*;

    fn user() -> UserId {
        "00000000-0000-4000-8000-000000000001".parse().unwrap()
    }

    fn read(bytes: &[u8]) -> (Vec<Message>, Vec<Refusal>) {
        let file = read_messages(bytes, user()).unwrap();
        let records = file.pages.into_iter().flat_map(|page| page.upserts);
        let messages = records.map(|record| match record {
            Record::Message(message) => message,
            Record::Transaction(_) => panic!("a transaction"),
        });
        (messages.collect(), file.refused)
    }

    fn places(refused: &[Refusal]) -> Vec<(u64, &'static str, &str)> {
        refused.iter().map(|r| (r.line, r.code, r.path.as_str())).collect()
    }

    #[test]
    fn each_shape_of_json_gives_its_messages() {
        let one = r#"{"id": "a", "snippet": "x"}"#;
        #[rustfmt::skip]
        let table = [
            (one.to_owned(),                            1),
            (format!("\u{feff} {one}"),                 1),
            (format!("[{one}, {one}]"),                 2),
            (format!("{{\"messages\": [{one}]}}"),      1),
            ("{\"messages\": null}".to_owned(),         0),
            (format!("{one}\n\n{one}\r\n{one}"),        3),
            (format!("{one}{one}"),                     2),
            ("[]".to_owned(),                           0),
        ];
        for (text, expected) in table {
            let (messages, refused) = read(text.as_bytes());
            assert_eq!((messages.len(), refused.len()), (expected, 0), "{text}");
        }
    }

    #[test]
    fn a_wrong_message_is_refused_alone() {
        let good = r#"{"id": "a", "snippet": "x"}"#;
        let text = format!("[{good},\n{{\"snippet\": \"Secret\"}},\n\"x\", {good}]");
        let (messages, refused) = read(text.as_bytes());
        assert_eq!(messages.len(), 2);
        let expected = [(2, "missing_field", "$[1].id"), (3, "wrong_type", "$[2]")];
        assert_eq!(places(&refused), expected);
        let text = format!("{good}\n{{\"x\": 1}}\n{{\"messages\": 1}}\n{{\"id\n{good}");
        let (messages, refused) = read(text.as_bytes());
        assert_eq!(messages.len(), 2);
        let expected = [
            (2, "unknown_shape", "$"),
            (3, "wrong_type", "$.messages"),
            (4, "malformed_json", "$"),
        ];
        assert_eq!(places(&refused), expected);
    }

    #[test]
    fn a_mailbox_is_split_and_unquoted() {
        let text = b"\nFrom a@b.example Tue Jul 16 18:20:11 2024\r\nMessage-ID: <1@x>\r\nSubject: A\r\n\r\n\
            >From one\r\n>>From two\r\n> From three\r\nx >From four\r\n\r\n\
            From nobody\n\njust text\n\n\
            From c@d.example Tue Jul 16 18:20:11 2024\nmessage-id: <2@x>\nSubject: caf\xe9\n\nB";
        let (messages, refused) = read(text);
        assert_eq!(places(&refused), [(11, "no_headers", "$[1]")]);
        let ids: Vec<_> = messages.iter().map(|message| message.id).collect();
        assert_eq!(ids, ["1@x", "2@x"].map(|id| record_id(user(), Source::Gmail, id)));
        assert_eq!(messages[0].snippet, "From one >From two > From three x >From four");
        assert_eq!(messages[1].snippet, "B");
    }

    #[test]
    fn blanks_before_a_mailbox_lose_no_message() {
        let mailbox = "From a@b.example x\nSubject: one\n\nFrom c@d.example x\nSubject: two\n";
        for blanks in ["", " ", "\n\n", "\n \t", "\u{feff}\r\n "] {
            let (messages, refused) = read(format!("{blanks}{mailbox}").as_bytes());
            let subjects: Vec<&str> = messages.iter().map(|m| m.subject.as_str()).collect();
            assert_eq!((subjects, refused), (vec!["one", "two"], vec![]), "{blanks:?}");
        }
        assert_eq!(places(&read(b"\n From ").1), [(2, "no_headers", "$[0]")]);
    }

    #[test]
    fn what_is_no_file_of_messages_is_refused_whole() {
        #[rustfmt::skip]
        let table = [
            (&b""[..],                  1, "empty_input"),
            (b"{\"a\": 1}",             1, "unknown_shape"),
            (b"[\n{},\n",               3, "malformed_json"),
            (b"[\n\"\xff\"]",           2, "invalid_utf8"),
            (b"\xff\xff",               1, "no_headers"),
            (b"date,amount\n1,2\n",     1, "no_headers"),
        ];
        for (bytes, line, code) in table {
            let refusal = read_messages(bytes, user()).unwrap_err();
            assert_eq!((refusal.line, refusal.code), (line, code), "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn a_mailbox_gives_the_mails_it_was_made_of(bodies in prop::collection::vec("(>{0,2}From |>|a|\n){0,12}", 1..5)) {
            let mut mailbox = String::new();
            let mut mails = Vec::new();
            for (number, body) in bodies.iter().enumerate() {
                let mail = format!("Message-ID: <{number}@x>\nSubject: s\n\n{body}\n");
                mailbox += "From a@b.example Tue Jul 16 18:20:11 2024\n";
                for line in mail.split_inclusive('\n') {
                    let quoted = line.trim_start_matches('>').starts_with("From ");
                    mailbox += if quoted { ">" } else { "" };
                    mailbox += line;
                }
                mails.extend(read(mail.as_bytes()).0);
            }
            prop_assert_eq!(read(mailbox.as_bytes()).0, mails);
        }
    }
}
