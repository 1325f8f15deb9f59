//! JSON as it stands in a file: values cut out without reading them, each with its place.
//!
//! In: the text of a whole file. Out: its documents, and the members of its objects as text that
//! nobody has rounded yet. Numbers stay the digits that were written, here and in [`canonical`].

use std::collections::BTreeMap;
use std::fmt;

use payme_core::types::json::{self, Refusal};
use serde::de::{self, DeserializeSeed, Deserializer as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// How deep a value may be nested: far more than any provider does.
const DEPTH_MAX: usize = 32;

/// The line of any place in a text, found by counting from the place that was asked for last.
pub(crate) struct Lines<'a> {
    bytes: &'a [u8],
    offset: usize,
    line: u64,
}

impl<'a> Lines<'a> {
    /// Starts at the first line.
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, offset: 0, line: 1 }
    }

    /// The line, from 1, of the byte at this offset.
    pub(crate) fn at(&mut self, offset: usize) -> u64 {
        let between = |from, to| newlines(self.bytes.get(from..to).unwrap_or_default());
        if offset >= self.offset {
            self.line += between(self.offset, offset);
        } else {
            self.line = self.line.saturating_sub(between(offset, self.offset));
        }
        self.offset = offset;
        self.line
    }

    /// The line on which a value that was cut out of the text starts.
    pub(crate) fn of(&mut self, raw: &RawValue) -> u64 {
        self.at(raw.get().as_ptr().addr().saturating_sub(self.bytes.as_ptr().addr()))
    }
}

fn newlines(bytes: &[u8]) -> u64 {
    bytes.iter().map(|byte| u64::from(*byte == b'\n')).sum()
}

/// Where a value stands: the line its row starts on, and its JSON path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    line: u64,
    path: String,
}

impl Place {
    /// A whole document.
    pub(crate) fn root(line: u64) -> Self {
        Self { line, path: "$".to_owned() }
    }

    /// A member of the value at this place.
    pub(crate) fn member(&self, name: &str) -> Self {
        Self { line: self.line, path: format!("{}.{name}", self.path) }
    }

    /// An element of the list at this place, which starts on a line of its own.
    pub(crate) fn item(&self, index: usize, line: u64) -> Self {
        Self { line, path: format!("{}[{index}]", self.path) }
    }

    /// The refusal of what stands here.
    pub(crate) fn refuse(&self, code: &'static str, message: impl Into<String>) -> Refusal {
        Refusal { line: self.line, path: self.path.clone(), code, message: message.into() }
    }

    /// The refusal of a value that is not there.
    pub(crate) fn missing(&self) -> Refusal {
        let name = self.path.rsplit_once('.').map_or("", |(_, name)| name);
        self.refuse("missing_field", format!("the field \"{name}\" is missing"))
    }

    /// The refusal of a value of another kind than the one expected.
    pub(crate) fn wrong_type(&self, expected: &str, raw: &RawValue) -> Refusal {
        self.refuse("wrong_type", format!("expected {expected}, found {}", kind(raw)))
    }

    fn malformed(&self, error: &serde_json::Error) -> Refusal {
        let mut refusal = json::malformed(error, self.line);
        self.path.clone_into(&mut refusal.path);
        refusal
    }
}

fn kind(raw: &RawValue) -> &'static str {
    match first(raw) {
        b'{' => "an object",
        b'[' => "a list",
        b'"' => "a text",
        b't' | b'f' => "a boolean",
        b'n' => "null",
        _ => "a number",
    }
}

fn first(raw: &RawValue) -> u8 {
    raw.get().bytes().next().unwrap_or_default()
}

/// Whether the value is an array.
pub(crate) fn is_list(raw: &RawValue) -> bool {
    first(raw) == b'['
}

/// Visits each JSON document of a text; `visit` also learns whether the document is alone.
///
/// Documents may follow one another in any layout. Where one is broken and the first two lines both
/// start with `{`, the text is JSON Lines, and a broken line is one refusal.
///
/// # Errors
/// A refusal with code `malformed_json` when the text is not JSON, or the first one of `visit`.
pub(crate) fn each_document<'a>(
    text: &'a str,
    mut visit: impl FnMut(Result<&'a RawValue, Refusal>, bool) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let is_object = |line: Option<&str>| line.is_some_and(|line| line.trim().starts_with('{'));
    let is_lines = is_object(lines.next()) && is_object(lines.next());
    if !(is_lines && stream(text).any(|document| document.is_err())) {
        let mut documents = stream(text).peekable();
        let mut alone = true;
        while let Some(document) = documents.next() {
            let raw = document.map_err(|error| json::malformed(&error, 1))?;
            alone = alone && documents.peek().is_none();
            visit(Ok(raw), alone)?;
        }
        return Ok(());
    }
    for (number, line) in (1..).zip(text.lines()) {
        for document in stream(line) {
            visit(document.map_err(|error| json::malformed(&error, number)), false)?;
        }
    }
    Ok(())
}

fn stream(text: &str) -> impl Iterator<Item = serde_json::Result<&RawValue>> {
    serde_json::Deserializer::from_str(text).into_iter()
}

/// Visits each element of a list.
///
/// # Errors
/// `wrong_type` when it is no list, or the first refusal of `visit`.
pub(crate) fn each_item<'a>(
    raw: &'a RawValue,
    place: &Place,
    visit: impl FnMut(usize, &'a RawValue) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    if !is_list(raw) {
        return Err(place.wrong_type("a list", raw));
    }
    let mut stopped = None;
    let items = Items { visit, stopped: &mut stopped };
    let done = items.deserialize(&mut serde_json::Deserializer::from_str(raw.get()));
    match (stopped, done) {
        (Some(refusal), _) => Err(refusal),
        (None, done) => done.map_err(|error| place.malformed(&error)),
    }
}

struct Items<'s, F> {
    visit: F,
    stopped: &'s mut Option<Refusal>,
}

impl<'de, F> DeserializeSeed<'de> for Items<'_, F>
where
    F: FnMut(usize, &'de RawValue) -> Result<(), Refusal>,
{
    type Value = ();

    fn deserialize<D: de::Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_seq(self)
    }
}

impl<'de, F> Visitor<'de> for Items<'_, F>
where
    F: FnMut(usize, &'de RawValue) -> Result<(), Refusal>,
{
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut access: A) -> Result<(), A::Error> {
        let mut index = 0;
        while let Some(item) = access.next_element()? {
            if let Err(refusal) = (self.visit)(index, item) {
                *self.stopped = Some(refusal);
                return Err(de::Error::custom("stopped"));
            }
            index += 1;
        }
        Ok(())
    }
}

type Members<'a> = BTreeMap<String, &'a RawValue>;

/// The members of an object, and whether one of them is named twice.
struct ReadMembers;

impl<'de> Visitor<'de> for ReadMembers {
    type Value = (Members<'de>, bool);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut members = Members::new();
        let mut twice = false;
        while let Some((name, value)) = access.next_entry()? {
            twice |= members.insert(name, value).is_some();
        }
        Ok((members, twice))
    }
}

fn members<'a>(raw: &'a RawValue, place: &Place) -> Result<Members<'a>, Refusal> {
    if first(raw) != b'{' {
        return Err(place.wrong_type("an object", raw));
    }
    let mut reader = serde_json::Deserializer::from_str(raw.get());
    match reader.deserialize_map(ReadMembers) {
        Ok((members, false)) => Ok(members),
        Ok((_, true)) => {
            Err(place.refuse("duplicate_member", "a member is named twice: keep one of them"))
        }
        Err(error) => Err(place.malformed(&error)),
    }
}

/// An object whose members are taken one by one; what is not taken is what else was sent.
pub(crate) struct Fields<'a> {
    /// Where the object stands.
    pub(crate) place: Place,
    members: Members<'a>,
}

impl<'a> Fields<'a> {
    /// The members of the object at a place.
    ///
    /// # Errors
    /// `wrong_type` or `duplicate_member`.
    pub(crate) fn read(raw: &'a RawValue, place: Place) -> Result<Self, Refusal> {
        let members = members(raw, &place)?;
        Ok(Self { place, members })
    }

    /// Whether a member of one of these names is there, be it null.
    pub(crate) fn has_any(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.members.contains_key(*name))
    }

    /// Takes a member out, unless it is absent or null.
    pub(crate) fn take(&mut self, name: &str) -> Option<&'a RawValue> {
        self.members.remove(name).filter(|raw| first(raw) != b'n')
    }

    /// Looks at a member, unless it is absent or null.
    pub(crate) fn peek(&self, name: &str) -> Option<&'a RawValue> {
        self.members.get(name).copied().filter(|raw| first(raw) != b'n')
    }

    /// Looks at a text with something in it.
    ///
    /// # Errors
    /// `wrong_type`.
    pub(crate) fn peek_text(&self, name: &str) -> Result<Option<String>, Refusal> {
        let Some(raw) = self.peek(name) else { return Ok(None) };
        let text = text(raw, &self.place.member(name))?;
        Ok(Some(text).filter(|text| !text.trim().is_empty()))
    }

    /// Takes a text out; one with nothing in it counts as absent.
    ///
    /// # Errors
    /// `wrong_type`.
    pub(crate) fn take_text(&mut self, name: &str) -> Result<Option<String>, Refusal> {
        let text = self.peek_text(name);
        self.members.remove(name);
        text
    }

    /// Takes true or false out; absent is false.
    ///
    /// # Errors
    /// `wrong_type`.
    pub(crate) fn take_flag(&mut self, name: &str) -> Result<bool, Refusal> {
        match self.take(name) {
            None => Ok(false),
            Some(raw) if raw.get() == "true" => Ok(true),
            Some(raw) if raw.get() == "false" => Ok(false),
            Some(raw) => Err(self.place.member(name).wrong_type("true or false", raw)),
        }
    }

    /// The members of an object inside, which stays where it is.
    ///
    /// # Errors
    /// `wrong_type` or `duplicate_member`.
    pub(crate) fn inside(&self, name: &str) -> Result<Option<Self>, Refusal> {
        self.peek(name).map(|raw| Self::read(raw, self.place.member(name))).transpose()
    }

    /// What was not taken, in the canonical form; `None` when that says nothing.
    ///
    /// # Errors
    /// `too_deep`, or what is wrong inside.
    pub(crate) fn rest(self) -> Result<Option<String>, Refusal> {
        object(&self.members, &self.place, 1)
    }

    /// What was not taken and one more member, in the canonical form.
    ///
    /// # Errors
    /// As [`Fields::rest`].
    pub(crate) fn rest_with(
        self,
        name: &str,
        value: Option<String>,
    ) -> Result<Option<String>, Refusal> {
        let value = value.and_then(|value| RawValue::from_string(value).ok());
        let mut members = self.members;
        if let Some(value) = &value {
            members.insert(name.to_owned(), value);
        }
        object(&members, &self.place, 1)
    }
}

/// A text.
///
/// # Errors
/// `wrong_type`, or `malformed_json` when it holds half of a surrogate pair.
pub(crate) fn text(raw: &RawValue, place: &Place) -> Result<String, Refusal> {
    if first(raw) != b'"' {
        return Err(place.wrong_type("a text", raw));
    }
    serde_json::from_str(raw.get()).map_err(|error| place.malformed(&error))
}

/// A decimal number as it is written, be it a JSON number or a text.
///
/// # Errors
/// `wrong_type`.
pub(crate) fn decimal(raw: &RawValue, place: &Place) -> Result<String, Refusal> {
    match first(raw) {
        b'"' => text(raw, place),
        b'-' | b'0'..=b'9' => Ok(raw.get().to_owned()),
        _ => Err(place.wrong_type("a number", raw)),
    }
}

/// The canonical text of a value: members sorted, no space, numbers as they were written, and
/// nothing that is null or empty. `None` when nothing is left.
fn canonical(raw: &RawValue, place: &Place, depth: usize) -> Result<Option<String>, Refusal> {
    match first(raw) {
        b'{' | b'[' if depth > DEPTH_MAX => {
            Err(place.refuse("too_deep", format!("nested more than {DEPTH_MAX} levels deep")))
        }
        b'{' => object(&members(raw, place)?, place, depth + 1),
        b'[' => list(raw, place, depth + 1),
        b'"' => Ok(Some(text(raw, place)?).filter(|text| !text.is_empty()).map(|s| quoted(&s))),
        b'n' => Ok(None),
        _ => Ok(Some(raw.get().to_owned())),
    }
}

fn object(members: &Members<'_>, place: &Place, depth: usize) -> Result<Option<String>, Refusal> {
    let mut out = String::new();
    for (name, raw) in members {
        if let Some(value) = canonical(raw, place, depth)? {
            out.push(if out.is_empty() { '{' } else { ',' });
            out.push_str(&quoted(name));
            out.push(':');
            out.push_str(&value);
        }
    }
    Ok((!out.is_empty()).then(|| out + "}"))
}

/// Elements keep their positions, so an empty one stays as `null`.
fn list(raw: &RawValue, place: &Place, depth: usize) -> Result<Option<String>, Refusal> {
    let mut out = String::new();
    each_item(raw, place, |_, item| {
        out.push(if out.is_empty() { '[' } else { ',' });
        out.push_str(canonical(item, place, depth)?.as_deref().unwrap_or("null"));
        Ok(())
    })?;
    Ok((!out.is_empty()).then(|| out + "]"))
}

/// A text as JSON.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The canonical text of members that are all texts; empty ones are left out.
pub(crate) fn texts<'a>(members: impl IntoIterator<Item = (&'a str, String)>) -> Option<String> {
    let map: serde_json::Map<_, _> = members
        .into_iter()
        .filter(|(_, text)| !text.is_empty())
        .map(|(name, text)| (name.to_owned(), text.into()))
        .collect();
    (!map.is_empty()).then(|| serde_json::Value::Object(map).to_string())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn raw(text: &str) -> &RawValue {
        serde_json::from_str(text).unwrap()
    }

    fn rest(text: &str) -> Result<Option<String>, Refusal> {
        Fields::read(raw(text), Place::root(1))?.rest()
    }

    #[test]
    fn what_is_left_is_sorted_exact_and_without_what_is_empty() {
        #[rustfmt::skip]
        let table = [
            (r#"{"b": 1, "a": {"d": [1, 2.50, 1e400], "c": true}}"#, Some(r#"{"a":{"c":true,"d":[1,2.50,1e400]},"b":1}"#)),
            (r#"{"a": null, "b": "", "c": [], "d": {}, "e": {"f": null}}"#, None),
            (r#"{"a": [null, "", {"b": null}, "x"]}"#, Some(r#"{"a":[null,null,null,"x"]}"#)),
            (r#"{"a": "\u00e9\n\"", "lat": 32.959068000000000001}"#, Some(r#"{"a":"é\n\"","lat":32.959068000000000001}"#)),
            (r#"{"a": 0, "b": false}"#, Some(r#"{"a":0,"b":false}"#)),
        ];
        for (text, expected) in table {
            assert_eq!(rest(text).unwrap().as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_kept_is_refused() {
        let deep = format!("{{\"a\": {}1{}}}", "[".repeat(70), "]".repeat(70));
        let table = [
            (deep.as_str(), "too_deep"),
            (r#"{"a": 1, "a": 2}"#, "duplicate_member"),
            (r#"{"a": {"b": 1, "b": 1}}"#, "duplicate_member"),
            (r#"{"a": "\ud800"}"#, "malformed_json"),
            ("[]", "wrong_type"),
            ("7", "wrong_type"),
        ];
        for (text, code) in table {
            assert_eq!(rest(text).unwrap_err().code, code, "{text}");
        }
    }

    #[test]
    fn lines_are_counted_forth_and_back() {
        let mut lines = Lines::new(b"a\nb\n\nc");
        let got = [0, 5, 2, 4, 1, 0].map(|offset| lines.at(offset));
        assert_eq!(got, [1, 4, 2, 3, 1, 1]);
    }

    #[test]
    fn documents_come_in_any_layout() {
        #[rustfmt::skip]
        let table = [
            // text                          right, wrong, alone
            ("{}",                           (1, 0, true)),
            ("[1,\n2]",                      (1, 0, true)),
            ("{}{} [] ",                     (3, 0, false)),
            ("{\n}\n{\n}",                   (2, 0, false)),
            ("{}\n\n {}{}\r\n",              (3, 0, false)),
            ("{}\n{\"a\": \n{}",             (2, 1, false)),
            ("{\"a\n{}\n{}x",                (2, 2, false)),
        ];
        for (text, expected) in table {
            let (mut right, mut wrong, mut last) = (0, 0, false);
            each_document(text, |document, alone| {
                last = alone;
                *(if document.is_ok() { &mut right } else { &mut wrong }) += 1;
                Ok(())
            })
            .unwrap();
            assert_eq!((right, wrong, last), expected, "{text:?}");
        }
        let broken = each_document("[1,\n2,", |_, _| Ok(())).unwrap_err();
        assert_eq!((broken.line, broken.code), (2, "malformed_json"));
    }

    proptest! {
        #[test]
        fn the_canonical_form_is_its_own(value in any_json()) {
            let Ok(Some(once)) = canonical(raw(&value.to_string()), &Place::root(1), 0) else {
                return Ok(());
            };
            let twice = canonical(raw(&once), &Place::root(1), 0);
            prop_assert_eq!(twice, Ok(Some(once)));
        }
    }

    fn any_json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<i64>().prop_map(Into::into),
            ".{0,5}".prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 20, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
                prop::collection::btree_map(".{0,3}", inner, 0..4)
                    .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
            ]
        })
    }
}
