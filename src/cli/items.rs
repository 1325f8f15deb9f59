//! Files of claimants and amounts, of questions, of answers and of destinations.
//!
//! In: the bytes of a file. Out: what stands in it, or every row that is wrong with its line, its
//! JSON path, a code and what to do. No message repeats an amount, an answer or a name.

use std::collections::BTreeSet;

use csv::{ReaderBuilder, StringRecord, Trim};
use payme::claims::{Question, QuestionKind};
use payme::driver::NewDestination;
use payme::payouts::DestinationProvider;
use payme::types::json::{Fault, Node, RawRow, Refusal, Rows, array, strict, utf8};
use payme::types::{QuestionId, SettlementId, UserId};
use payme::vault::Secret;
use uuid::Uuid;

/// The columns of a file of items.
const COLUMNS: [&str; 3] = ["user_id", "settlement_id", "amount"];

/// Whom a row is about, and how much it says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Item {
    /// The line it starts on, from 1.
    pub(crate) line: u64,
    /// Its JSON path; that of a row of a table counts from 0, without the header.
    pub(crate) path: String,
    pub(crate) user: UserId,
    pub(crate) settlement: SettlementId,
    /// The amount as it is written; `None` for the settlement's least payout.
    pub(crate) amount: Option<String>,
}

/// Reads a file of items: CSV with a header, JSON Lines, or a JSON array.
///
/// # Errors
/// A refusal of the file as a whole. Rows that are wrong, and claimants that are there twice, are
/// among the refused ones.
pub(crate) fn parse_items(bytes: &[u8]) -> Result<Rows<Item>, Refusal> {
    let text = utf8(bytes)?;
    let mut rows = match text.trim_start().chars().next() {
        Some('[') => {
            let mut rows = Rows::default();
            for RawRow { index, line, text } in array(text, "items")? {
                rows.push(json_item(text, index, line));
            }
            rows
        }
        Some('{') => {
            let mut rows = Rows::default();
            for (index, (line, text)) in lines(text).enumerate() {
                rows.push(json_item(text, index, line));
            }
            rows
        }
        _ => csv_items(text)?,
    };
    let mut seen = BTreeSet::new();
    for item in &rows.taken {
        if !seen.insert((item.user, item.settlement)) {
            let message = "the same claimant and settlement as in an earlier row: leave one out";
            rows.refused.push(Refusal {
                line: item.line,
                path: item.path.clone(),
                code: "duplicate_item",
                message: message.to_owned(),
            });
        }
    }
    rows.refused.sort_by_key(|refusal| refusal.line);
    Ok(rows)
}

/// The lines that hold something, numbered from 1.
fn lines(text: &str) -> impl Iterator<Item = (u64, &str)> {
    (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty())
}

fn json_item(text: &str, index: usize, line: u64) -> Result<Item, Refusal> {
    let value = strict(text, line)?;
    let node = Node::row(&value, index);
    let read = || -> Result<Item, Fault> {
        let members = node.members(&COLUMNS)?;
        Ok(Item {
            line,
            path: node.path(),
            user: members.need("user_id")?.parsed(str::parse)?,
            settlement: members.need("settlement_id")?.parsed(str::parse)?,
            amount: members.map("amount", |node| Ok(node.text()?.to_owned()))?,
        })
    };
    read().map_err(|fault| fault.on_line(line))
}

fn csv_items(text: &str) -> Result<Rows<Item>, Refusal> {
    let mut lines = lines(text);
    let missing = || Refusal::on_line(1, "missing_header", "the file ends before its header");
    let (line, first) = lines.next().ok_or_else(missing)?;
    let header = cells(first, line)?;
    let place = columns(&header, line)?;
    let mut rows = Rows::default();
    for (index, (line, text)) in lines.enumerate() {
        rows.push(cells(text, line).and_then(|cells| csv_item(&cells, &place, (index, line))));
    }
    Ok(rows)
}

/// The cells of one line: no cell of these tables goes on in the next.
fn cells(text: &str, line: u64) -> Result<StringRecord, Refusal> {
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .trim(Trim::All)
        .buffer_capacity(text.len().max(64))
        .from_reader(text.as_bytes());
    let mut cells = StringRecord::new();
    let unreadable = "not CSV: save the table as comma-separated UTF-8";
    match reader.read_record(&mut cells) {
        Ok(true) => Ok(cells),
        Ok(false) | Err(_) => Err(Refusal::on_line(line, "malformed_csv", unreadable)),
    }
}

/// Which column stands at which place of the header.
fn columns(header: &StringRecord, line: u64) -> Result<Vec<&'static str>, Refusal> {
    let mut found = Vec::new();
    for cell in header {
        let known = COLUMNS.into_iter().find(|name| *name == cell.to_lowercase());
        let refuse = |code, message: &str| Err(Refusal::on_line(line, code, message));
        match known {
            None => return refuse("unknown_column", "known are user_id, settlement_id and amount"),
            Some(name) if found.contains(&name) => {
                return refuse("duplicate_column", "a column is there twice");
            }
            Some(name) => found.push(name),
        }
    }
    match COLUMNS.iter().take(2).find(|name| !found.contains(name)) {
        Some(name) => {
            Err(Refusal::on_line(line, "missing_column", format!("the column {name} is missing")))
        }
        None => Ok(found),
    }
}

fn csv_item(
    cells: &StringRecord,
    columns: &[&str],
    (index, line): (usize, u64),
) -> Result<Item, Refusal> {
    let path = format!("$[{index}]");
    if cells.len() != columns.len() {
        let message = format!("{} fields, where the header has {}", cells.len(), columns.len());
        return Err(Refusal { line, path, code: "wrong_column_count", message });
    }
    let cell = |name: &str| {
        let place = columns.iter().position(|column| *column == name);
        place.and_then(|place| cells.get(place)).unwrap_or_default()
    };
    let wrong = |name: &str, error: &payme::types::IdError| Refusal {
        line,
        path: format!("{path}.{name}"),
        code: error.code(),
        message: error.to_string(),
    };
    let user = cell("user_id").parse().map_err(|error| wrong("user_id", &error))?;
    let settlement =
        cell("settlement_id").parse().map_err(|error| wrong("settlement_id", &error))?;
    let amount = Some(cell("amount")).filter(|text| !text.is_empty()).map(str::to_owned);
    Ok(Item { line, path, user, settlement, amount })
}

/// Reads a file of questions of a settlement: a JSON array of objects.
///
/// A question without an id gets one that is made of the settlement and the text, so that reading
/// the file again gives the same questions.
///
/// # Errors
/// A refusal of the file as a whole; rows that are wrong are among the refused ones.
pub(crate) fn parse_questions(
    bytes: &[u8],
    settlement_id: SettlementId,
) -> Result<Rows<Question>, Refusal> {
    let mut rows = Rows::default();
    let mut seen = BTreeSet::new();
    for RawRow { index, line, text } in array(utf8(bytes)?, "questions")? {
        let row = strict(text, line).and_then(|value| {
            let node = Node::row(&value, index);
            let read = question(&node, settlement_id, index).and_then(|question| {
                let again = "the same question, or the same id, as in an earlier row";
                match seen.insert(question.id) {
                    true => Ok(question),
                    false => Err(node.fault("duplicate_id", again)),
                }
            });
            read.map_err(|fault| fault.on_line(line))
        });
        rows.push(row);
    }
    Ok(rows)
}

fn question(node: &Node<'_>, settlement_id: SettlementId, index: usize) -> Result<Question, Fault> {
    let known = ["id", "prompt", "kind", "options", "order", "required"];
    let members = node.members(&known)?;
    let prompt = members.need("prompt")?.text()?.to_owned();
    let kind = members.need("kind")?;
    let words = || {
        let words: Vec<&str> = QuestionKind::ALL.iter().map(|kind| kind.as_str()).collect();
        words.join(", ")
    };
    let kind = QuestionKind::parse(kind.text()?)
        .ok_or_else(|| kind.fault("unknown_kind", format!("expected one of {}", words())))?;
    let options = members.map("options", |node| {
        node.items()?.map(|item| Ok(item.text()?.to_owned())).collect::<Result<Vec<_>, Fault>>()
    })?;
    let place = i64::try_from(index).unwrap_or(i64::MAX);
    let order = members.get("order");
    let order_index = order.map_or(Ok(place), |node| node.integer())?;
    let order_index = i32::try_from(order_index)
        .map_err(|_| order.unwrap_or(*node).fault("out_of_range", "more than 32 bits"))?;
    let id = match members.get("id") {
        Some(node) => node.parsed(str::parse)?,
        None => QuestionId::from_uuid(Uuid::new_v5(&settlement_id.uuid(), prompt.as_bytes())),
    };
    let required = members.map("required", |node| node.boolean())?.unwrap_or(false);
    let options = options.unwrap_or_default();
    let question = Question { id, settlement_id, prompt, kind, options, order_index, required };
    question.check().map_err(|error| node.fault(error.code(), error.to_string()))?;
    Ok(question)
}

/// Reads a file of answers: a JSON object of texts by the ids of questions.
///
/// # Errors
/// A refusal of the file.
pub(crate) fn parse_answers(bytes: &[u8]) -> Result<Vec<(QuestionId, String)>, Refusal> {
    let value = strict(utf8(bytes)?, 1)?;
    let node = Node::root(&value);
    let Some(map) = value.as_object() else {
        let message = "expected an object of answers by the ids of questions";
        return Err(node.fault("wrong_type", message).on_line(1));
    };
    let mut answers = Vec::new();
    for (name, value) in map {
        let fault = |code, message: String| node.fault(code, message).on_line(1);
        let id: QuestionId = name.parse().map_err(|error: payme::types::IdError| {
            fault(error.code(), format!("the name of a member is {error}"))
        })?;
        let wrong = || fault("wrong_type", format!("the answer to question {id} is not a text"));
        answers.push((id, value.as_str().ok_or_else(wrong)?.to_owned()));
    }
    Ok(answers)
}

/// Reads where the money of a person goes: one JSON object.
///
/// # Errors
/// A refusal of the file, which repeats nothing of it.
pub(crate) fn parse_destination(bytes: &[u8]) -> Result<NewDestination, Refusal> {
    let value = strict(utf8(bytes)?, 1)?;
    let node = Node::root(&value);
    let read = || -> Result<NewDestination, Fault> {
        let members = node.members(&["provider", "access_token", "account_id", "legal_name"])?;
        let provider = members.need("provider")?;
        let secret = |name| Ok(Secret::new(members.need(name)?.filled_text()?));
        let unknown = || provider.fault("unknown_provider", "expected plaid");
        Ok(NewDestination {
            provider: DestinationProvider::parse(provider.text()?).ok_or_else(unknown)?,
            access_token: secret("access_token")?,
            account_id: secret("account_id")?,
            legal_name: secret("legal_name")?,
        })
    };
    read().map_err(|fault| fault.on_line(1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const USER: &str = "00000000-0000-4000-8000-000000000001";
    const OTHER: &str = "00000000-0000-4000-8000-000000000002";

    fn told(text: &str) -> Result<Vec<Option<String>>, Vec<(u64, &'static str)>> {
        match parse_items(text.as_bytes()) {
            Ok(rows) => match rows.all() {
                Ok(items) => Ok(items.into_iter().map(|item| item.amount).collect()),
                Err(refused) => Err(refused.iter().map(|one| (one.line, one.code)).collect()),
            },
            Err(refusal) => Err(vec![(refusal.line, refusal.code)]),
        }
    }

    #[test]
    fn items_follow_the_table() {
        let json = |amount: &str| {
            format!("{{\"user_id\": \"{USER}\", \"settlement_id\": \"{OTHER}\"{amount}}}")
        };
        let head = "user_id,settlement_id,amount\n";
        let some = |text: &str| Some(text.to_owned());
        #[rustfmt::skip]
        let table = [
            (json(""),                                          Ok(vec![None])),
            (json(", \"amount\": null"),                        Ok(vec![None])),
            (json(", \"amount\": \"12.34\""),                   Ok(vec![some("12.34")])),
            (json(", \"amount\": 12.34"),                       Err(vec![(1, "wrong_type")])),
            (json(", \"cents\": 1"),                            Err(vec![(1, "unknown_field")])),
            (format!("[{}]", json("")),                         Ok(vec![None])),
            (format!("{}\n\n{}", json(""), json("")),           Err(vec![(3, "duplicate_item")])),
            (format!("{}\nx", json("")),                        Err(vec![(2, "malformed_json")])),
            (format!("{head}{USER},{OTHER},\n{OTHER},{USER},\"1\""), Ok(vec![None, some("1")])),
            (format!("Settlement_id,user_id\n{USER},{OTHER}"),  Ok(vec![None])),
            (format!("{head}\n{USER},{OTHER}"),                 Err(vec![(3, "wrong_column_count")])),
            (format!("{head}{USER},{OTHER},1\n{USER},x,1\n,,"), Err(vec![(3, "invalid_id"), (4, "invalid_id")])),
            (format!("{USER},{OTHER},1"),                       Err(vec![(1, "unknown_column")])),
            ("user_id,user_id".to_owned(),                      Err(vec![(1, "duplicate_column")])),
            ("user_id,amount".to_owned(),                       Err(vec![(1, "missing_column")])),
            (String::new(),                                     Err(vec![(1, "empty_input")])),
        ];
        for (text, wanted) in table {
            assert_eq!(told(&text), wanted, "{text}");
        }
    }

    #[test]
    fn questions_have_the_same_ids_every_time() {
        let settlement: SettlementId = USER.parse().unwrap();
        let read = |text: &str| parse_questions(text.as_bytes(), settlement).unwrap().all();
        let text = r#"[{"prompt": "A?", "kind": "yes_no"},
            {"prompt": "B?", "kind": "select", "options": ["x"], "order": -1, "required": true}]"#;
        let questions = read(text).unwrap();
        assert_eq!(questions, read(text).unwrap());
        assert_ne!(questions[0].id, questions[1].id);
        assert_eq!(questions.iter().map(|one| one.order_index).collect::<Vec<_>>(), [0, -1]);
        for (row, code) in [
            (r#"{"prompt": "A?", "kind": "maybe"}"#, "unknown_kind"),
            (r#"{"prompt": "A?", "kind": "select"}"#, "invalid_options"),
            (r#"{"prompt": " ", "kind": "text"}"#, "invalid_question_text"),
            (r#"{"prompt": "A?", "kind": "text", "order": 9999999999}"#, "out_of_range"),
            (r#"{"kind": "text"}"#, "missing_field"),
            (
                r#"{"prompt": "B?", "kind": "text"}, {"prompt": "B?", "kind": "date"}"#,
                "duplicate_id",
            ),
        ] {
            let refused = read(&format!("[{row}]")).unwrap_err();
            assert_eq!(refused[0].code, code, "{row}");
        }
    }

    #[test]
    fn answers_and_destinations_repeat_nothing_of_what_is_wrong() {
        let good = format!("{{\"{USER}\": \"yes\"}}");
        assert_eq!(parse_answers(good.as_bytes()).unwrap().len(), 1);
        for (text, code) in [
            ("{\"hidden\": \"yes\"}".to_owned(), "invalid_id"),
            (format!("{{\"{USER}\": [\"hidden\"]}}"), "wrong_type"),
            (format!("{{\"{USER}\": \"a\", \"{USER}\": \"hidden\"}}"), "duplicate_member"),
            ("[\"hidden\"]".to_owned(), "wrong_type"),
        ] {
            let refusal = parse_answers(text.as_bytes()).unwrap_err();
            assert_eq!(refusal.code, code, "{text}");
            assert!(!refusal.to_string().contains("hidden"), "{refusal}");
        }
        let destination = |provider: &str, name: &str| {
            let text = format!(
                r#"{{"provider": "{provider}", "access_token": "hidden-1", "account_id": "hidden-2", "legal_name": "{name}"}}"#
            );
            parse_destination(text.as_bytes()).map_err(|refusal| {
                assert!(!refusal.to_string().contains("hidden"), "{refusal}");
                refusal.code
            })
        };
        assert_eq!(destination("plaid", "Ada").unwrap().access_token.reveal(), "hidden-1");
        assert_eq!(destination("hidden", "Ada").err(), Some("unknown_provider"));
        assert_eq!(destination("plaid", " ").err(), Some("empty_text"));
    }

    proptest! {
        #[test]
        fn no_bytes_make_a_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), json: bool) {
            let settlement: SettlementId = USER.parse().unwrap();
            let head: &[u8] = if json { b"[{\"user_id\":" } else { b"user_id,settlement_id\n" };
            for bytes in [bytes.clone(), [head, &bytes].concat()] {
                let _ = parse_items(&bytes);
                let _ = parse_questions(&bytes, settlement);
                let _ = parse_answers(&bytes);
                let _ = parse_destination(&bytes);
            }
        }
    }
}
