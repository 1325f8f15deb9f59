//! Reading the export of a tracker: a JSON array of rows, each checked on its own.
//!
//! In: bytes somebody else wrote. Out: rows whose members have the types they should have, and the
//! rows that have not, each with its line, its path and its reason. Members nobody asked for are
//! passed over: the file is another's. What the texts of a row mean is not decided here.
//! Every element of the array is taken or refused, once. No message repeats text of a row.
//! Rules: `docs/rules/trackers.md`.

use serde_json::{Map, Value, json};

use super::words::{is_invisible, visible};
use crate::types::Date;
use crate::types::json::{self, Fault, Members, Node, RawRow, Refusal};
use crate::types::{ensure_modern, parse_date};

/// The most characters of a text of a row; the description may have twenty times as many.
const TEXT_CHARS_MAX: usize = 1_000;
/// The most bytes of the criteria of a row, as JSON.
const CRITERIA_BYTES_MAX: usize = 32 * 1024;

/// One row of a tracker, with the types checked and nothing interpreted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackerRow {
    /// The tracker's own id of the row.
    pub id: String,
    /// The title.
    pub title: String,
    /// Whom the tracker takes for the defendant.
    pub defendant: Option<String>,
    /// What the tracker says, in sentences or worse.
    pub description: Option<String>,
    /// The deadline, as a day or in words.
    pub deadline: Option<String>,
    /// Where a claim is filed (http or https).
    pub claim_url: Option<String>,
    /// The page the tracker read (http or https).
    pub source_url: Option<String>,
    /// The payout, in words.
    pub estimated_payout: Option<String>,
    /// Whether a claim needs a proof.
    pub proof_required: Option<bool>,
    /// What kind of case the tracker takes it for.
    pub category: Option<String>,
    /// Whether the tracker holds it for open.
    pub active: Option<bool>,
    /// The day the tracker last looked.
    pub last_verified: Option<Date>,
    /// What else the tracker extracted, as it wrote it.
    pub criteria: Map<String, Value>,
}

/// A row that was taken, and where it stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedRow {
    /// The line it begins on, from 1.
    pub line: u64,
    /// Its place in the array, from 0.
    pub index: usize,
    /// The row.
    pub row: TrackerRow,
}

/// A row that was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedRow {
    /// Its id, where that much could be read.
    pub id: Option<String>,
    /// Where and why.
    pub refusal: Refusal,
}

/// The rows of one file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TrackerFile {
    /// The rows that were taken, in the order of the file.
    pub rows: Vec<PlacedRow>,
    /// The rows that were refused, in the order of the file.
    pub refused: Vec<RefusedRow>,
}

impl TrackerFile {
    /// The newest day any row was looked at: the day of the export, where nobody says another.
    pub fn newest(&self) -> Option<Date> {
        self.rows.iter().filter_map(|placed| placed.row.last_verified).max()
    }
}

/// Reads a file of a tracker.
///
/// # Errors
/// A [`Refusal`] of the whole file: `invalid_utf8`, `empty_input`, `web_page`, `wrong_type`,
/// `malformed_json` (also where the file is cut short), `empty_export` for an array without rows,
/// and `unknown_schema` where no row has an `id` and a `title`.
/// ```
/// use payme_core::catalog::tracker::parse_tracker;
/// let file = parse_tracker(br#"[{"id": "a", "title": "Kettles", "new_member": 1},
///     {"id": "b", "title": "Pans", "active": "yes"}]"#)?;
/// assert_eq!(file.rows[0].row.title, "Kettles");
/// assert_eq!(file.refused[0].refusal.path, "$[1].active");
/// assert_eq!(parse_tracker(b"<html>").unwrap_err().code, "web_page");
/// # Ok::<(), payme_core::types::json::Refusal>(())
/// ```
pub fn parse_tracker(bytes: &[u8]) -> Result<TrackerFile, Refusal> {
    let text = json::utf8(bytes)?;
    if text.trim_start().starts_with('<') {
        let message = "this is a web page and not an export: download the JSON file";
        return Err(Refusal::on_line(1, "web_page", message));
    }
    let raw = json::array(text, "tracker rows")?;
    if raw.is_empty() {
        let message = "the array has no rows: an empty export would call every settlement gone";
        return Err(Refusal::on_line(1, "empty_export", message));
    }
    let mut file = TrackerFile::default();
    let mut is_known = false;
    for raw in raw {
        match parse_row(&raw, &mut is_known) {
            Ok(row) => file.rows.push(PlacedRow { line: raw.line, index: raw.index, row }),
            Err(refused) => file.refused.push(refused),
        }
    }
    if !is_known {
        let message = "no row has an \"id\" and a \"title\": this is not a tracker's export";
        return Err(Refusal::on_line(1, "unknown_schema", message));
    }
    Ok(file)
}

fn parse_row(raw: &RawRow<'_>, is_known: &mut bool) -> Result<TrackerRow, RefusedRow> {
    let value = json::strict(raw.text, raw.line).map_err(|mut refusal| {
        refusal.path = format!("$[{}]", raw.index);
        RefusedRow { id: None, refusal }
    })?;
    *is_known |= value.get("id").is_some() && value.get("title").is_some();
    TrackerRow::from_json(&Node::row(&value, raw.index)).map_err(|fault| {
        let id = value.get("id").and_then(Value::as_str);
        let id = id.filter(|id| is_id(id)).map(str::to_owned);
        RefusedRow { id, refusal: fault.on_line(raw.line) }
    })
}

fn is_id(text: &str) -> bool {
    !text.trim().is_empty()
        && text.chars().count() <= TEXT_CHARS_MAX
        && !text.chars().any(|c| c.is_control() || is_invisible(c))
}

impl TrackerRow {
    /// Reads one row.
    ///
    /// # Errors
    /// A [`Fault`] with the JSON path: no `id` or `title`, a member of the wrong type, a text that
    /// is too long, an address that is not one of the web, a day that is none. Characters that
    /// show nothing are left out of texts; an id or an address with one is refused.
    pub fn from_json(node: &Node<'_>) -> Result<Self, Fault> {
        let Value::Object(map) = node.value() else {
            return Err(node.fault("wrong_type", "expected an object"));
        };
        // Whatever its members are called: those that are not known are not looked at.
        let names: Vec<&str> = map.keys().map(String::as_str).collect();
        let members = node.members(&names)?;
        let text =
            |name| members.map(name, |node| text(&node, TEXT_CHARS_MAX)).map(Option::flatten);
        let boolean = |name| members.map(name, |node| node.boolean());
        Ok(Self {
            id: id(&members)?,
            title: title(&members)?,
            defendant: text("defendant")?,
            description: members
                .map("description", |node| self::text(&node, 20 * TEXT_CHARS_MAX))?
                .flatten(),
            deadline: text("deadline")?,
            claim_url: members.map("claim_url", |node| url(&node))?.flatten(),
            source_url: members.map("source_url", |node| url(&node))?.flatten(),
            estimated_payout: text("estimated_payout")?,
            proof_required: boolean("proof_required")?,
            category: text("type")?,
            active: boolean("active")?,
            last_verified: members.map("last_verified", |node| {
                node.parsed(|text| ensure_modern(parse_date(text)?))
            })?,
            criteria: members.map("criteria", |node| criteria(&node))?.unwrap_or_default(),
        })
    }

    /// The row with the members that are known, the same text for the same row.
    pub fn to_json(&self) -> Value {
        json!({
            "id": self.id, "title": self.title, "defendant": self.defendant,
            "description": self.description, "deadline": self.deadline,
            "claim_url": self.claim_url, "source_url": self.source_url,
            "estimated_payout": self.estimated_payout, "proof_required": self.proof_required,
            "type": self.category, "active": self.active,
            "last_verified": self.last_verified.map(|day| day.to_string()),
            "criteria": self.criteria,
        })
    }

    /// A list of texts among the criteria; what is not a text is passed over.
    pub(super) fn listed(&self, name: &str) -> Vec<&str> {
        let items = self.criteria.get(name).and_then(Value::as_array);
        items.into_iter().flatten().filter_map(Value::as_str).collect()
    }
}

fn id(members: &Members<'_>) -> Result<String, Fault> {
    let node = members.need("id")?;
    let id = node.filled_text()?;
    if id.contains(is_invisible) {
        let message = "the id has a character that shows nothing: two ids would look the same";
        return Err(node.fault("control_character", message));
    }
    short(&node, &id, TEXT_CHARS_MAX).map(|()| id)
}

/// The title, on one line, without characters that show nothing.
fn title(members: &Members<'_>) -> Result<String, Fault> {
    let node = members.need("title")?;
    let title = node.filled_text()?;
    short(&node, &title, TEXT_CHARS_MAX)?;
    let title = visible(&title);
    if title.trim().is_empty() {
        return Err(node.fault("empty_text", "the text has nothing that can be seen"));
    }
    Ok(title)
}

fn short(node: &Node<'_>, text: &str, chars_max: usize) -> Result<(), Fault> {
    if text.chars().count() > chars_max {
        return Err(
            node.fault("too_large", format!("the text has more than {chars_max} characters"))
        );
    }
    Ok(())
}

/// A text without characters that show nothing; an empty one says nothing.
fn text(node: &Node<'_>, chars_max: usize) -> Result<Option<String>, Fault> {
    short(node, node.text()?, chars_max)?;
    let text = visible(node.text()?);
    Ok((!text.trim().is_empty()).then_some(text))
}

fn url(node: &Node<'_>) -> Result<Option<String>, Fault> {
    let Some(shown) = text(node, TEXT_CHARS_MAX)? else { return Ok(None) };
    // An address is taken as it is written or not at all.
    let text = node.text()?.to_owned();
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let is_clean = !text.contains(|c: char| c.is_whitespace() || c.is_control());
    match rest {
        Some(rest)
            if is_clean
                && shown == text
                && rest.starts_with(|c: char| c.is_ascii_alphanumeric()) =>
        {
            Ok(Some(text))
        }
        _ => Err(node.fault("invalid_url", "not a web address (http:// or https://...)")),
    }
}

fn criteria(node: &Node<'_>) -> Result<Map<String, Value>, Fault> {
    let Value::Object(map) = node.value() else {
        return Err(node.fault("wrong_type", "expected an object"));
    };
    if node.value().to_string().len() > CRITERIA_BYTES_MAX {
        let message = format!("the criteria have more than {CRITERIA_BYTES_MAX} bytes");
        return Err(node.fault("too_large", message));
    }
    let mut map = map.clone();
    let lists = map.values_mut().filter_map(Value::as_array_mut);
    for text in lists.flatten() {
        if let Value::String(text) = text {
            *text = visible(text);
        }
    }
    Ok(map)
}
