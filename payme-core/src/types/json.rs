//! Reading JSON that people write: strictly, and with the place of every fault.
//!
//! In: text. Out: values, or a [`Refusal`] that says which line, which JSON path, what is wrong
//! and what to write instead. Unknown members and members named twice are faults: a misspelt
//! `states` must not make everybody eligible. No message repeats free text of the input, because
//! it may be personal data; names of members, ids and short codes are shown.

use std::fmt;

use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Number, Value};

/// One row of a file that was not taken, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {path}: {message}")]
pub struct Refusal {
    /// The line the row starts on, from 1.
    pub line: u64,
    /// The JSON path of the fault, such as `$[3].eligibility.states[0]`.
    pub path: String,
    /// The stable code of the fault.
    pub code: &'static str,
    /// What is wrong and what to do about it.
    pub message: String,
}

impl Refusal {
    /// A fault of the text as a whole, on one line of it.
    pub fn on_line(line: u64, code: &'static str, message: impl Into<String>) -> Self {
        Self { line, path: "$".to_owned(), code, message: message.into() }
    }
}

/// The rows of a file: those that were taken and those that were not.
#[derive(Debug, Clone, PartialEq)]
pub struct Rows<T> {
    /// The rows that are right, in the order of the file.
    pub taken: Vec<T>,
    /// The rows that are wrong, in the order of the file.
    pub refused: Vec<Refusal>,
}

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self { taken: Vec::new(), refused: Vec::new() }
    }
}

impl<T> Rows<T> {
    /// All rows, if every one was taken.
    ///
    /// # Errors
    /// The refusals, when there is one.
    pub fn all(self) -> Result<Vec<T>, Vec<Refusal>> {
        if self.refused.is_empty() { Ok(self.taken) } else { Err(self.refused) }
    }

    /// Adds one row.
    pub fn push(&mut self, row: Result<T, Refusal>) {
        match row {
            Ok(row) => self.taken.push(row),
            Err(refusal) => self.refused.push(refusal),
        }
    }
}

/// A fault inside one JSON value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {message}")]
pub struct Fault {
    /// The JSON path, such as `$.states[0]`.
    pub path: String,
    /// The stable code.
    pub code: &'static str,
    /// What is wrong and what to do about it.
    pub message: String,
}

impl Fault {
    /// The fault as a refusal of the row that starts on `line`.
    pub fn on_line(self, line: u64) -> Refusal {
        Refusal { line, path: self.path, code: self.code, message: self.message }
    }
}

/// An error with a stable code, so that a reader can pass it on.
pub trait Coded: fmt::Display {
    /// The stable code.
    fn code(&self) -> &'static str;
}

macro_rules! coded {
    ($($error:ty),*) => {$(
        impl Coded for $error {
            fn code(&self) -> &'static str {
                <$error>::code(self)
            }
        }
    )*};
}
coded!(
    super::ConfidenceError,
    super::FeatureKeyError,
    super::IdError,
    super::MoneyError,
    super::StateError,
    super::TimeError
);

/// Checks that bytes are UTF-8 and hold something; a byte order mark is dropped.
///
/// # Errors
/// A refusal with code `invalid_utf8` that names the line, or `empty_input`.
pub fn utf8(bytes: &[u8]) -> Result<&str, Refusal> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let good = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line = 1 + newlines(good);
        Refusal::on_line(line, "invalid_utf8", "not valid UTF-8: save the file as UTF-8")
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim().is_empty() {
        return Err(Refusal::on_line(1, "empty_input", "the input is empty"));
    }
    Ok(text)
}

fn newlines(bytes: &[u8]) -> u64 {
    bytes.iter().map(|byte| u64::from(*byte == b'\n')).sum()
}

/// One element of a JSON array, still as text, with the line it starts on.
#[derive(Debug, Clone, Copy)]
pub struct RawRow<'a> {
    /// The position in the array, from 0.
    pub index: usize,
    /// The line it starts on, from 1.
    pub line: u64,
    /// Its text.
    pub text: &'a str,
}

/// Splits a JSON array of `what` into its elements without reading them.
///
/// # Errors
/// A refusal with code `wrong_type` when the text begins with a value of another kind, and with
/// code `malformed_json` when it is not JSON.
pub fn array<'a>(text: &'a str, what: &str) -> Result<Vec<RawRow<'a>>, Refusal> {
    let raw: Vec<&RawValue> =
        serde_json::from_str(text).map_err(|error| no_array(text, what, &error))?;
    let base = text.as_ptr().addr();
    let mut line = 1;
    let mut seen = 0;
    let rows = raw.into_iter().enumerate().map(|(index, raw)| {
        let start = raw.get().as_ptr().addr().saturating_sub(base);
        line += newlines(text.as_bytes().get(seen..start).unwrap_or_default());
        seen = start;
        RawRow { index, line, text: raw.get() }
    });
    Ok(rows.collect())
}

/// Why a text is not an array. Where it begins with a whole value of another kind, that is the
/// fault, whatever follows it; where it is cut short, the end of it is.
fn no_array(text: &str, what: &str, error: &serde_json::Error) -> Refusal {
    let first = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>().next();
    let found = match first {
        Some(Ok(raw)) => match raw.get().bytes().next() {
            Some(b'[') | None => return malformed(error, 1),
            Some(b'{') => "an object: put it between [ and ]",
            Some(b'"') => "a text",
            Some(b't' | b'f') => "a boolean",
            Some(b'n') => "null",
            Some(_) => "a number",
        },
        Some(Err(error)) => return malformed(&error, 1),
        None => return malformed(error, 1),
    };
    let before = text.split(|c: char| !c.is_whitespace()).next().unwrap_or_default();
    let line = 1 + newlines(before.as_bytes());
    Refusal::on_line(line, "wrong_type", format!("expected an array of {what}, found {found}"))
}

/// Reads one JSON value; a member named twice is a fault.
///
/// # Errors
/// A refusal with code `malformed_json`, `too_deep` or `duplicate_member`; lines count from `line`.
pub fn strict(text: &str, line: u64) -> Result<Value, Refusal> {
    let mut reader = serde_json::Deserializer::from_str(text);
    Strict
        .deserialize(&mut reader)
        .and_then(|value| reader.end().map(|()| value))
        .map_err(|error| malformed(&error, line))
}

/// What `serde_json` says of a text, as a refusal whose lines count from `line`.
pub fn malformed(error: &serde_json::Error, line: u64) -> Refusal {
    let text = error.to_string();
    let what = text.rsplit_once(" at line ").map_or(text.as_str(), |(what, _)| what);
    let offset = u64::try_from(error.line().saturating_sub(1)).unwrap_or(0);
    let code = match what {
        _ if what.starts_with(DUPLICATE) => "duplicate_member",
        TOO_DEEP => "too_deep",
        _ => "malformed_json",
    };
    let message = match error.classify() {
        _ if code == "too_deep" => {
            "nested more than 127 levels deep: write it with fewer levels".to_owned()
        }
        // Syntax and end of input carry no text of the file; data errors may.
        serde_json::error::Category::Data if code == "malformed_json" => {
            "not the JSON that is expected here".to_owned()
        }
        _ => format!("{what} (column {})", error.column()),
    };
    Refusal { line: line + offset, path: "$".to_owned(), code, message }
}

const DUPLICATE: &str = "the member is named twice";
/// What `serde_json` says of more levels than it reads.
const TOO_DEEP: &str = "recursion limit exceeded";

/// Whether a name looks like that of a member, so that a message may repeat it.
fn is_member_name(name: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    name.len() <= 40 && name.bytes().all(is_part)
}

/// Builds a [`Value`] and refuses duplicate members, which `serde_json` overwrites silently.
struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: de::Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("the number is not finite"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element_seed(Strict)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(name) = access.next_key::<String>()? {
            let value = access.next_value_seed(Strict)?;
            if members.insert(name, value).is_some() {
                return Err(de::Error::custom(DUPLICATE));
            }
        }
        Ok(Value::Object(members))
    }
}

/// A JSON value and where it stands.
#[derive(Debug, Clone, Copy)]
pub struct Node<'a> {
    value: &'a Value,
    step: Step<'a>,
}

#[derive(Debug, Clone, Copy)]
enum Step<'a> {
    Root(Option<usize>),
    Member(&'a Node<'a>, &'a str),
    Item(&'a Node<'a>, usize),
}

impl<'a> Node<'a> {
    /// The root of a document, `$`.
    pub const fn root(value: &'a Value) -> Self {
        Self { value, step: Step::Root(None) }
    }

    /// The root of element `index` of an array, `$[index]`.
    pub const fn row(value: &'a Value, index: usize) -> Self {
        Self { value, step: Step::Root(Some(index)) }
    }

    /// The JSON path of this value.
    pub fn path(&self) -> String {
        match self.step {
            Step::Root(None) => "$".to_owned(),
            Step::Root(Some(index)) => format!("$[{index}]"),
            Step::Member(parent, name) => format!("{}.{name}", parent.path()),
            Step::Item(parent, index) => format!("{}[{index}]", parent.path()),
        }
    }

    /// A fault at this place.
    pub fn fault(&self, code: &'static str, message: impl Into<String>) -> Fault {
        Fault { path: self.path(), code, message: message.into() }
    }

    fn wrong_type(&self, expected: &str) -> Fault {
        let found = match self.value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "a text",
            Value::Array(_) => "an array",
            Value::Object(_) => "an object",
        };
        self.fault("wrong_type", format!("expected {expected}, found {found}"))
    }

    /// The value as it was read.
    pub const fn value(&self) -> &'a Value {
        self.value
    }

    /// The members of an object, all of which must be among `allowed`.
    ///
    /// # Errors
    /// `wrong_type` or `unknown_field`.
    pub fn members(&'a self, allowed: &[&str]) -> Result<Members<'a>, Fault> {
        let Value::Object(map) = self.value else {
            return Err(self.wrong_type("an object"));
        };
        if let Some(name) = map.keys().find(|name| !allowed.contains(&name.as_str())) {
            let name = super::state::quoted(if is_member_name(name) { name } else { "" });
            let message = format!("unknown field{name} (known: {})", allowed.join(", "));
            return Err(self.fault("unknown_field", message));
        }
        Ok(Members { node: self, map })
    }

    /// The elements of an array.
    ///
    /// # Errors
    /// `wrong_type`.
    pub fn items(&'a self) -> Result<impl ExactSizeIterator<Item = Node<'a>>, Fault> {
        let Value::Array(items) = self.value else {
            return Err(self.wrong_type("an array"));
        };
        Ok(items
            .iter()
            .enumerate()
            .map(move |(index, value)| Node { value, step: Step::Item(self, index) }))
    }

    /// A text.
    ///
    /// # Errors
    /// `wrong_type`.
    pub fn text(&self) -> Result<&'a str, Fault> {
        self.value.as_str().ok_or_else(|| self.wrong_type("a text"))
    }

    /// A text of one line with something in it.
    ///
    /// # Errors
    /// `wrong_type`, `empty_text` or `control_character`.
    pub fn filled_text(&self) -> Result<String, Fault> {
        let text = self.text()?;
        if text.trim().is_empty() {
            return Err(self.fault("empty_text", "the text is empty"));
        }
        if text.chars().any(char::is_control) {
            let message = "the text has a line break or another control character: write one line";
            return Err(self.fault("control_character", message));
        }
        Ok(text.to_owned())
    }

    /// A whole number that fits in 64 bits.
    ///
    /// # Errors
    /// `wrong_type`.
    pub fn integer(&self) -> Result<i64, Fault> {
        self.value.as_i64().ok_or_else(|| self.wrong_type("a whole number of at most 64 bits"))
    }

    /// A whole number of at least `min` that fits in 32 bits.
    ///
    /// # Errors
    /// `wrong_type` or `out_of_range`.
    pub fn count(&self, min: u32) -> Result<u32, Fault> {
        let value = self.integer()?;
        u32::try_from(value).ok().filter(|count| *count >= min).ok_or_else(|| {
            self.fault("out_of_range", format!("{value} is outside [{min}, {}]", u32::MAX))
        })
    }

    /// A finite number.
    ///
    /// # Errors
    /// `wrong_type`.
    pub fn number(&self) -> Result<f64, Fault> {
        self.value
            .as_f64()
            .filter(|number| number.is_finite())
            .ok_or_else(|| self.wrong_type("a finite number"))
    }

    /// True or false.
    ///
    /// # Errors
    /// `wrong_type`.
    pub fn boolean(&self) -> Result<bool, Fault> {
        self.value.as_bool().ok_or_else(|| self.wrong_type("true or false"))
    }

    /// A text read by `parse`, whose error keeps its code.
    ///
    /// # Errors
    /// `wrong_type`, or the error of `parse`.
    pub fn parsed<T, E: Coded>(
        &self,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T, Fault> {
        self.checked(parse(self.text()?))
    }

    /// A result whose error is a fault of this place.
    ///
    /// # Errors
    /// The error of `result`.
    pub fn checked<T, E: Coded>(&self, result: Result<T, E>) -> Result<T, Fault> {
        result.map_err(|error| self.fault(error.code(), error.to_string()))
    }
}

/// The members of one object.
#[derive(Debug, Clone, Copy)]
pub struct Members<'a> {
    node: &'a Node<'a>,
    map: &'a Map<String, Value>,
}

impl<'a> Members<'a> {
    /// A member, unless it is absent or null.
    pub fn get(&self, name: &'a str) -> Option<Node<'a>> {
        self.map
            .get(name)
            .filter(|value| !value.is_null())
            .map(|value| Node { value, step: Step::Member(self.node, name) })
    }

    /// A member that must be there.
    ///
    /// # Errors
    /// `missing_field`.
    pub fn need(&self, name: &'a str) -> Result<Node<'a>, Fault> {
        self.get(name).ok_or_else(|| {
            self.node.fault("missing_field", format!("the field \"{name}\" is missing"))
        })
    }

    /// A member read by `read`, or `None` when it is absent.
    ///
    /// # Errors
    /// The error of `read`.
    pub fn map<T>(
        &self,
        name: &'a str,
        read: impl FnOnce(Node<'a>) -> Result<T, Fault>,
    ) -> Result<Option<T>, Fault> {
        self.get(name).map(read).transpose()
    }

    /// The names of the members, sorted.
    pub fn names(&self) -> impl Iterator<Item = &'a str> {
        self.map.keys().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_named_twice_is_refused_with_its_line() {
        let refusal = strict("{\n \"a\": {\n  \"b\": 1,\n  \"b\": 2}}", 5).unwrap_err();
        assert_eq!((refusal.line, refusal.code), (8, "duplicate_member"));
    }

    #[test]
    fn rows_know_their_lines() {
        let text = "[\n  {\"a\": 1},\n\n  {\"a\":\n 2}, 3\n]";
        let rows = array(text, "things").unwrap();
        let lines: Vec<_> = rows.iter().map(|row| (row.index, row.line)).collect();
        assert_eq!(lines, [(0, 2), (1, 4), (2, 5)]);
    }

    #[test]
    fn what_is_no_array_is_told_by_its_kind() {
        for (text, line, code, message) in [
            ("\n {}", 2, "wrong_type", "an array of cats, found an object: put it between [ and ]"),
            ("{}\n{}", 1, "wrong_type", "found an object"),
            ("\"a\"", 1, "wrong_type", "found a text"),
            ("null", 1, "wrong_type", "found null"),
            ("-1", 1, "wrong_type", "found a number"),
            ("{", 1, "malformed_json", "EOF while parsing"),
            ("{\n\"a\": [", 2, "malformed_json", "EOF while parsing"),
            ("[1, 2", 1, "malformed_json", "EOF while parsing"),
        ] {
            let refusal = array(text, "cats").unwrap_err();
            assert_eq!((refusal.line, refusal.code), (line, code), "{text}");
            assert!(refusal.message.contains(message), "{text}: {}", refusal.message);
        }
    }

    #[test]
    fn more_levels_than_are_read_are_too_deep() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(strict(&nested(127), 1).is_ok());
        let refusal = strict(&nested(128), 3).unwrap_err();
        assert_eq!((refusal.line, refusal.code), (3, "too_deep"));
    }

    #[test]
    fn only_what_looks_like_a_name_is_repeated() {
        let long = "a".repeat(41);
        for (name, told) in [
            ("required-Features_2", "unknown field \"required-Features_2\" (known: a)"),
            (&long, "unknown field (known: a)"),
            ("", "unknown field (known: a)"),
            ("Jane Roe 1984-02-03", "unknown field (known: a)"),
            ("Zoë", "unknown field (known: a)"),
        ] {
            let value = serde_json::json!({ name: 1 });
            let fault = Node::root(&value).members(&["a"]).unwrap_err();
            assert_eq!((fault.code, &*fault.message), ("unknown_field", told));
        }
    }

    #[test]
    fn faults_name_their_path() {
        let value = strict(r#"{"a": [{"b": "x"}], "c": 1.5}"#, 1).unwrap();
        let root = Node::row(&value, 7);
        let members = root.members(&["a", "c"]).unwrap();
        let list = members.need("a").unwrap();
        let item = list.items().unwrap().next().unwrap();
        let inner = item.members(&["b"]).unwrap();
        let fault = inner.need("b").unwrap().integer().unwrap_err();
        assert_eq!(fault.path, "$[7].a[0].b");
        assert_eq!(fault.code, "wrong_type");
        assert_eq!(members.need("c").unwrap().integer().unwrap_err().path, "$[7].c");
        assert_eq!(root.members(&["a"]).unwrap_err().code, "unknown_field");
        assert_eq!(members.need("d").unwrap_err().code, "missing_field");
    }

    #[test]
    fn bytes_must_be_text_and_more_than_space() {
        assert_eq!(utf8(b"a\n\xff").unwrap_err().line, 2);
        assert_eq!(utf8(b" \n ").unwrap_err().code, "empty_input");
        assert_eq!(utf8(b"\xef\xbb\xbf[]"), Ok("[]"));
    }

    #[test]
    fn syntax_errors_do_not_repeat_the_text() {
        for text in
            ["{\"secret-name\": }", "[1, NaN]", "[1e999]", "{\"a\": 1} x", "[[[", "\"secret"]
        {
            let refusal = strict(text, 1).unwrap_err();
            assert_eq!(refusal.code, "malformed_json", "{text}");
            assert!(!refusal.message.contains("secret"), "{}", refusal.message);
        }
    }
}
