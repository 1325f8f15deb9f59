//! Where the facts of a settlement come from: who said what, in which words, on which day.
//!
//! In: facts as sources stated them. Out: [`Provenance`], a member of a settlement that was made
//! from several sources, with what they disagree about and what only one of them says.
//! A settlement that somebody wrote by hand has none.
//! Rules: `docs/rules/trackers.md`.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::predicate_json::modern_date;
use crate::types::json::{Fault, Node};
use crate::types::{Date, SettlementId};

/// The most characters of a source's text that are kept with one fact.
pub const EXCERPT_CHARS_MAX: usize = 200;

/// The most levels of lists and objects that the value of a fact may have.
const VALUE_LEVELS_MAX: usize = 4;

/// One fact as one source stated it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourcedFact {
    /// The fact: a field of the settlement, or a name of its own such as `opt_out_deadline`.
    pub field: String,
    /// What the source was read to say: texts, whole numbers, truth values, and lists and objects
    /// of them.
    pub value: Value,
    /// The words it was read from, at most [`EXCERPT_CHARS_MAX`] characters of them.
    pub text: String,
    /// Who says so: the host of the page.
    pub source: String,
    /// The page.
    pub url: Option<String>,
    /// The tracker that carries it.
    pub tracker: String,
    /// The tracker's own id of the row.
    pub row: String,
    /// The first day the row was seen. What it says now may be newer; a day that moved on each week
    /// would make every settlement another one each week.
    pub day: Date,
}

/// One of several things that sources say about the same field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StatedValue {
    /// The value.
    pub value: Value,
    /// The rows that state it, each as `tracker/row`, sorted.
    pub rows: Vec<String>,
}

/// A field about which sources differ. The settlement leaves such a field unknown, but for its
/// status: that is open where any source says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Disagreement {
    /// The field.
    pub field: String,
    /// What is stated, at least two values.
    pub values: Vec<StatedValue>,
}

/// Where the facts of one settlement come from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Provenance {
    /// Every fact, by every source that states it.
    pub sources: Vec<SourcedFact>,
    /// The fields that sources differ about.
    pub disagreements: Vec<Disagreement>,
    /// The fields that are set although one source alone states them, sorted.
    pub unconfirmed: Vec<String>,
    /// The settlement that took this one's place, where the rows of this one now belong to it.
    pub replaced_by: Option<SettlementId>,
}

impl Provenance {
    /// What all the sources that speak of a field say, unless they differ or none does.
    /// ```
    /// use payme_core::catalog::Provenance;
    /// assert_eq!(Provenance::default().agreed("opt_out_deadline"), None);
    /// ```
    pub fn agreed(&self, field: &str) -> Option<&Value> {
        if self.disagreements.iter().any(|one| one.field == field) {
            return None;
        }
        let mut stated = self.sources.iter().filter(|fact| fact.field == field);
        let first = &stated.next()?.value;
        stated.all(|fact| fact.value == *first).then_some(first)
    }

    /// Whether a tracker stated any of it.
    pub fn has_tracker(&self) -> bool {
        self.sources.iter().any(|fact| !fact.tracker.is_empty())
    }

    /// The JSON form, the member `provenance` of a settlement.
    pub fn to_json(&self) -> Value {
        let sources: Vec<Value> = self.sources.iter().map(SourcedFact::to_json).collect();
        let mut out = Map::new();
        out.insert("sources".to_owned(), json!(sources));
        if !self.disagreements.is_empty() {
            let all: Vec<Value> = self
                .disagreements
                .iter()
                .map(|one| {
                    let values = one.values.iter();
                    let values: Vec<Value> =
                        values.map(|v| json!({"value": v.value, "rows": v.rows})).collect();
                    json!({"field": one.field, "values": values})
                })
                .collect();
            out.insert("disagreements".to_owned(), json!(all));
        }
        if !self.unconfirmed.is_empty() {
            out.insert("unconfirmed".to_owned(), json!(self.unconfirmed));
        }
        if let Some(id) = self.replaced_by {
            out.insert("replaced_by".to_owned(), json!(id));
        }
        Value::Object(out)
    }

    /// Reads the JSON form.
    ///
    /// # Errors
    /// A [`Fault`] with the JSON path: unknown and missing members, values of the wrong type,
    /// excerpts that are too long, a disagreement of fewer than two values.
    pub fn from_json(node: &Node<'_>) -> Result<Self, Fault> {
        let members = node.members(&["sources", "disagreements", "unconfirmed", "replaced_by"])?;
        let sources = members.need("sources")?;
        let sources = sources.items()?.map(|item| SourcedFact::from_json(&item));
        let disagreements = members.map("disagreements", |node| {
            node.items()?.map(|item| disagreement(&item)).collect::<Result<Vec<_>, _>>()
        })?;
        Ok(Self {
            sources: sources.collect::<Result<_, _>>()?,
            disagreements: disagreements.unwrap_or_default(),
            unconfirmed: members.map("unconfirmed", |node| texts(&node))?.unwrap_or_default(),
            replaced_by: members.map("replaced_by", |node| node.parsed(str::parse))?,
        })
    }
}

impl SourcedFact {
    /// The row as `tracker/row`.
    pub fn row_name(&self) -> String {
        format!("{}/{}", self.tracker, self.row)
    }

    fn to_json(&self) -> Value {
        let mut out = json!({
            "field": self.field, "value": self.value, "text": self.text, "source": self.source,
            "tracker": self.tracker, "row": self.row, "day": self.day.to_string(),
        });
        if let (Some(url), Some(members)) = (&self.url, out.as_object_mut()) {
            members.insert("url".to_owned(), json!(url));
        }
        out
    }

    fn from_json(node: &Node<'_>) -> Result<Self, Fault> {
        let members =
            node.members(&["field", "value", "text", "source", "url", "tracker", "row", "day"])?;
        let text = members.need("text")?;
        if text.text()?.chars().count() > EXCERPT_CHARS_MAX {
            let message = format!("an excerpt has at most {EXCERPT_CHARS_MAX} characters");
            return Err(text.fault("too_large", message));
        }
        let value = members.need("value")?;
        is_plain(&value, value.value(), VALUE_LEVELS_MAX)?;
        Ok(Self {
            field: members.need("field")?.filled_text()?,
            value: value.value().clone(),
            text: text.filled_text()?,
            source: members.need("source")?.filled_text()?,
            url: members.map("url", |node| node.filled_text())?,
            tracker: members.need("tracker")?.filled_text()?,
            row: members.need("row")?.filled_text()?,
            day: members.need("day")?.parsed(modern_date)?,
        })
    }
}

fn disagreement(node: &Node<'_>) -> Result<Disagreement, Fault> {
    let members = node.members(&["field", "values"])?;
    let list = members.need("values")?;
    let read = |item: Node<'_>| {
        let members = item.members(&["value", "rows"])?;
        let value = members.need("value")?;
        is_plain(&value, value.value(), VALUE_LEVELS_MAX)?;
        Ok(StatedValue { value: value.value().clone(), rows: texts(&members.need("rows")?)? })
    };
    let values = list.items()?.map(read).collect::<Result<Vec<_>, Fault>>()?;
    if values.len() < 2 {
        return Err(list.fault("out_of_range", "a disagreement has at least two values"));
    }
    Ok(Disagreement { field: members.need("field")?.filled_text()?, values })
}

fn texts(node: &Node<'_>) -> Result<Vec<String>, Fault> {
    node.items()?.map(|item| item.filled_text()).collect()
}

/// Numbers with a fraction would pass money and shares through floats: no fact has one.
fn is_plain(node: &Node<'_>, value: &Value, levels: usize) -> Result<(), Fault> {
    let below = || {
        levels.checked_sub(1).ok_or_else(|| {
            let message = format!("a value has at most {VALUE_LEVELS_MAX} levels");
            node.fault("too_deep", message)
        })
    };
    match value {
        Value::Number(number) if number.as_i64().is_none() => Err(node.fault(
            "wrong_type",
            "expected texts, whole numbers of at most 64 bits, lists and objects of them",
        )),
        Value::Array(items) => {
            let levels = below()?;
            items.iter().try_for_each(|value| is_plain(node, value, levels))
        }
        Value::Object(members) => {
            let levels = below()?;
            members.values().try_for_each(|value| is_plain(node, value, levels))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::json::strict;

    fn read(text: &str) -> Result<Provenance, Fault> {
        Provenance::from_json(&Node::root(&strict(text, 1).unwrap()))
    }

    fn with(value: &str) -> String {
        format!(
            r#"{{"sources": [{{"field": "deadline", "value": {value}, "text": "by June", "source": "a.example",
                "tracker": "t", "row": "r", "day": "2026-04-12"}}]}}"#
        )
    }

    #[test]
    fn it_reads_back_the_same() {
        let text = r#"{"sources": [{"field": "states", "value": ["CA"], "text": "in California",
            "source": "a.example", "url": "https://a.example/x", "tracker": "t", "row": "r", "day": "2026-04-12"}],
            "disagreements": [{"field": "deadline", "values": [
                {"value": "2026-05-01", "rows": ["t/r"]}, {"value": null, "rows": []}]}],
            "unconfirmed": ["claim_url"], "replaced_by": "11111111-1111-4111-8111-111111111111"}"#;
        let one = read(text).unwrap_err();
        assert_eq!(
            (one.code, one.path.as_str()),
            ("missing_field", "$.disagreements[0].values[1]")
        );
        let one = read(&text.replace("null", "2")).unwrap();
        assert_eq!(read(&one.to_json().to_string()), Ok(one.clone()));
        assert_eq!(one.agreed("states"), Some(&json!(["CA"])));
        assert_eq!(one.agreed("deadline"), None);
    }

    #[test]
    fn each_fault_is_named_with_its_place() {
        let long = "a".repeat(EXCERPT_CHARS_MAX + 1);
        #[rustfmt::skip]
        let table = [
            (with("1.5"),                                     "wrong_type",   "$.sources[0].value"),
            (with("[[[[[1]]]]]"),                             "too_deep",     "$.sources[0].value"),
            (with("1").replace("by June", &long),             "too_large",    "$.sources[0].text"),
            (with("1").replace("by June", "a\\nb"),           "control_character", "$.sources[0].text"),
            (with("1").replace("2026-04-12", "1850-01-01"),   "date_before_1900", "$.sources[0].day"),
            (r#"{"sources": [], "colour": 1}"#.to_owned(),    "unknown_field", "$"),
            (r#"{}"#.to_owned(),                              "missing_field", "$"),
            (r#"{"sources": [], "disagreements": [{"field": "a", "values": [{"value": 1, "rows": []}]}]}"#.to_owned(),
                                                              "out_of_range", "$.disagreements[0].values"),
        ];
        for (text, code, path) in table {
            let fault = read(&text).unwrap_err();
            assert_eq!((fault.code, fault.path.as_str()), (code, path), "{text}");
        }
        assert!(read(&with("[[[[1]]]]")).is_ok());
    }
}
