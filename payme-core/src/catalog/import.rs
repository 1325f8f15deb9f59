//! Reading the settlement file: a JSON array of settlements, each checked on its own.

use std::collections::HashMap;

use super::predicate_json::{modern_date, range};
use super::{ClassPeriod, Eligibility, Payout, Proof, Provenance, Settlement, Status};
use crate::types::json::{self, Fault, Members, Node, RawRow, Refusal, Rows};
use crate::types::{Deadline, Money, SettlementId};

/// The fields a settlement may have. Any other is refused.
pub const SETTLEMENT_FIELDS: [&str; 18] = [
    "id",
    "title",
    "status",
    "deadline",
    "website_url",
    "claim_url",
    "payout_min_cents",
    "payout_max_cents",
    "covered_brands",
    "tags",
    "summary_text",
    "eligibility_text",
    "eligibility",
    "class_period",
    "proof",
    "aliases",
    "embedding",
    "provenance",
];

/// Reads a settlement file. A settlement that is wrong, or whose id was seen before, is refused;
/// the others are taken.
///
/// # Errors
/// A [`Refusal`] when the bytes as a whole are not UTF-8 or not one JSON array.
/// ```
/// use payme_core::catalog::parse_settlements;
/// let rows = parse_settlements(br#"[
///     {"title": "Example", "eligibility": {"required_features": ["merchant:uber"], "states": []}},
///     {"title": "Wrong", "payout_min_cents": -1,
///      "eligibility": {"required_features": [], "states": []}}
/// ]"#)?;
/// assert_eq!(rows.taken[0].title, "Example");
/// assert_eq!(rows.refused[0].path, "$[1].payout_min_cents");
/// # Ok::<(), payme_core::types::json::Refusal>(())
/// ```
pub fn parse_settlements(bytes: &[u8]) -> Result<Rows<Settlement>, Refusal> {
    let mut rows = Rows::default();
    let mut seen: HashMap<SettlementId, u64> = HashMap::new();
    for row in json::array(json::utf8(bytes)?, "settlements")? {
        rows.push(parse_row(&row).and_then(|settlement| {
            if let Some(line) = seen.insert(settlement.id, row.line) {
                let message = format!(
                    "settlement {} is the same as the one on line {line} (same id, or no id and \
                     the same claim_url and title): keep one of them",
                    name(&settlement)
                );
                let path = format!("$[{}]", row.index);
                return Err(Refusal { line: row.line, path, code: "duplicate_id", message });
            }
            Ok(settlement)
        }));
    }
    Ok(rows)
}

/// Reads one settlement that stands alone.
///
/// # Errors
/// A [`Refusal`] with the JSON path of what is wrong.
pub fn parse_settlement(text: &str) -> Result<Settlement, Refusal> {
    let value = json::strict(text, 1)?;
    settlement(&Node::root(&value)).map_err(|fault| fault.on_line(1))
}

fn parse_row(row: &RawRow<'_>) -> Result<Settlement, Refusal> {
    let value = json::strict(row.text, row.line).map_err(|mut refusal| {
        refusal.path = format!("$[{}]", row.index);
        refusal
    })?;
    settlement(&Node::row(&value, row.index)).map_err(|fault| {
        let title = value.get("title").and_then(|title| title.as_str());
        let mut refusal = fault.on_line(row.line);
        if let Some(title) = title {
            refusal.message = format!("{} (settlement {})", refusal.message, quoted(title));
        }
        refusal
    })
}

fn name(settlement: &Settlement) -> String {
    quoted(&settlement.title)
}

fn quoted(title: &str) -> String {
    let short: String = title.chars().take(80).collect();
    format!("\"{}\"", short.escape_debug())
}

fn settlement(node: &Node<'_>) -> Result<Settlement, Fault> {
    let members = node.members(&SETTLEMENT_FIELDS)?;
    let title = members.need("title")?.filled_text()?;
    let claim_url = members.map("claim_url", |node| url(&node))?;
    let id = match members.get("id") {
        Some(node) => node.parsed(str::parse::<SettlementId>)?,
        None => Settlement::derived_id(claim_url.as_deref(), &title),
    };
    Ok(Settlement {
        id,
        title,
        status: members.map("status", |node| status(&node))?.unwrap_or_default(),
        deadline: members.map("deadline", |node| node.parsed(Deadline::parse))?,
        website_url: members.map("website_url", |node| url(&node))?,
        claim_url,
        payout: payout(node, &members)?,
        covered_brands: texts(&members, "covered_brands")?,
        aliases: texts(&members, "aliases")?,
        tags: texts(&members, "tags")?,
        summary_text: members.map("summary_text", |node| node.text().map(str::to_owned))?,
        eligibility_text: members.map("eligibility_text", |node| node.text().map(str::to_owned))?,
        eligibility: Eligibility::from_json(&members.need("eligibility")?)?,
        class_period: members.map("class_period", |node| class_period(&node))?,
        proof: members.map("proof", |node| proof(&node))?,
        embedding: members.map("embedding", |node| embedding(&node))?,
        provenance: members.map("provenance", |node| Provenance::from_json(&node))?,
    })
}

fn texts<'a>(members: &Members<'a>, name: &'a str) -> Result<Vec<String>, Fault> {
    let list = members.map(name, |node| node.items()?.map(|item| item.filled_text()).collect())?;
    Ok(list.unwrap_or_default())
}

fn url(node: &Node<'_>) -> Result<String, Fault> {
    let text = node.text()?;
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let clean = !text.contains(|c: char| c.is_whitespace() || c.is_control());
    match host {
        Some(host) if clean && host.starts_with(|c: char| c.is_alphanumeric()) => {
            Ok(text.to_owned())
        }
        _ => Err(node.fault("invalid_url", "not a web address (write http:// or https://...)")),
    }
}

/// One of a few words, or a fault that lists them.
fn word<T: Copy>(
    node: &Node<'_>,
    code: &'static str,
    all: &[T],
    as_str: impl Fn(T) -> &'static str,
) -> Result<T, Fault> {
    let text = node.text()?;
    all.iter().copied().find(|value| as_str(*value) == text).ok_or_else(|| {
        let words: Vec<_> = all.iter().map(|value| as_str(*value)).collect();
        node.fault(code, format!("expected one of {}", words.join(", ")))
    })
}

fn status(node: &Node<'_>) -> Result<Status, Fault> {
    word(node, "unknown_status", &Status::ALL, Status::as_str)
}

fn proof(node: &Node<'_>) -> Result<Proof, Fault> {
    word(node, "unknown_proof", &Proof::ALL, Proof::as_str)
}

fn payout(node: &Node<'_>, members: &Members<'_>) -> Result<Payout, Fault> {
    let cents = |node: Node<'_>| {
        let cents = node.integer()?;
        if cents < 0 {
            return Err(node.fault("negative_payout", format!("a payout of {cents} is negative")));
        }
        Ok(cents)
    };
    let cents = range(node, members, ["payout_min_cents", "payout_max_cents"], cents)?;
    let money = |cents: Option<i64>| cents.map(Money::usd_cents);
    Ok(Payout { min: money(cents.min), max: money(cents.max) })
}

fn class_period(node: &Node<'_>) -> Result<ClassPeriod, Fault> {
    let members = node.members(&["start", "end"])?;
    let days = range(node, &members, ["start", "end"], |node| node.parsed(modern_date))?;
    Ok(ClassPeriod { start: days.min, end: days.max })
}

fn embedding(node: &Node<'_>) -> Result<Vec<f32>, Fault> {
    let items = node.items()?;
    if items.len() == 0 {
        return Err(node.fault("empty_embedding", "an embedding has at least one number"));
    }
    items
        .map(|item| {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "an embedding is f32; checked below"
            )]
            let value = item.number()? as f32;
            if value.is_finite() {
                Ok(value)
            } else {
                Err(item.fault("out_of_range", "the number does not fit in 32 bits"))
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: &str = r#""eligibility": {"required_features": ["merchant:uber"], "states": []}"#;

    fn refused(body: &str) -> Refusal {
        let text = format!("[\n{body}\n]");
        parse_settlements(text.as_bytes()).unwrap().all().unwrap_err().remove(0)
    }

    #[test]
    fn a_full_settlement_reads() {
        let text = r#"[{"id": "11111111-1111-4111-8111-111111111111", "title": "T", "status": "closed",
            "deadline": "2026-02-19[America/New_York]", "website_url": "https://a.example/",
            "claim_url": "http://b.example/c", "payout_min_cents": 100, "payout_max_cents": 100,
            "covered_brands": ["A"], "tags": ["x"], "summary_text": "s", "eligibility_text": "e",
            "eligibility": {"feature": "merchant:uber", "min_count": 2},
            "class_period": {"start": "2020-01-01", "end": "2020-01-01"}, "proof": "optional",
            "aliases": ["B"], "embedding": [0.5, -1],
            "provenance": {"sources": [{"field": "proof", "value": "optional", "text": "receipts pay more",
                "source": "a.example", "tracker": "t", "row": "r", "day": "2026-01-02"}]}}]"#;
        let all = parse_settlements(text.as_bytes()).unwrap().all().unwrap();
        let one = &all[0];
        assert_eq!(one.payout.max, Some(Money::usd_cents(100)));
        assert_eq!(one.embedding.as_deref(), Some([0.5, -1.0].as_slice()));
        assert_eq!(one.status, Status::Closed);
        assert!(one.eligibility.simple().is_none());
        assert_eq!(parse_settlement(&one.to_json().to_string()).as_ref(), Ok(one));
    }

    #[test]
    fn each_fault_is_named_with_its_place() {
        #[rustfmt::skip]
        let table = [
            (format!(r#"{{{RULE}}}"#),                                              "missing_field",   "$[0]"),
            (format!(r#"{{"title": " ", {RULE}}}"#),                                "empty_text",      "$[0].title"),
            (format!(r#"{{"title": "T\u001b[31m", {RULE}}}"#),                      "control_character", "$[0].title"),
            (r#"{"title": "T"}"#.to_owned(),                                        "missing_field",   "$[0]"),
            (format!(r#"{{"title": "T", "colour": 1, {RULE}}}"#),                   "unknown_field",   "$[0]"),
            (format!(r#"{{"title": "T", "id": "7", {RULE}}}"#),                     "invalid_id",      "$[0].id"),
            (format!(r#"{{"title": "T", "payout_min_cents": -1, {RULE}}}"#),        "negative_payout", "$[0].payout_min_cents"),
            (format!(r#"{{"title": "T", "payout_min_cents": 1.5, {RULE}}}"#),       "wrong_type",      "$[0].payout_min_cents"),
            (format!(r#"{{"title": "T", "payout_max_cents": 1e30, {RULE}}}"#),      "wrong_type",      "$[0].payout_max_cents"),
            (format!(r#"{{"title": "T", "payout_min_cents": 2, "payout_max_cents": 1, {RULE}}}"#), "reversed_range", "$[0]"),
            (format!(r#"{{"title": "T", "deadline": "1899-01-01T00:00:00Z", {RULE}}}"#), "date_before_1900", "$[0].deadline"),
            (format!(r#"{{"title": "T", "deadline": "2026-02-19", {RULE}}}"#),      "invalid_deadline", "$[0].deadline"),
            (format!(r#"{{"title": "T", "status": "opened", {RULE}}}"#),            "unknown_status",  "$[0].status"),
            (format!(r#"{{"title": "T", "proof": "yes", {RULE}}}"#),                "unknown_proof",   "$[0].proof"),
            (format!(r#"{{"title": "T", "claim_url": "javascript:x", {RULE}}}"#),   "invalid_url",     "$[0].claim_url"),
            (format!(r#"{{"title": "T", "embedding": [], {RULE}}}"#),               "empty_embedding", "$[0].embedding"),
            (format!(r#"{{"title": "T", "embedding": [1e39], {RULE}}}"#),           "out_of_range",    "$[0].embedding[0]"),
            (format!(r#"{{"title": "T", "class_period": {{"start": "2021-01-01", "end": "2020-01-01"}}, {RULE}}}"#),
                                                                                    "reversed_range",  "$[0].class_period"),
            (r#"{"title": "T", "eligibility": {"required_features": [], "states": ["ZZ"]}}"#.to_owned(),
                                                                                    "unknown_state",   "$[0].eligibility.states[0]"),
            (format!(r#"{{"title": "T", "title": "U", {RULE}}}"#),                  "duplicate_member", "$[0]"),
        ];
        for (text, code, path) in table {
            let refusal = refused(&text);
            assert_eq!(
                (refusal.code, refusal.path.as_str(), refusal.line),
                (code, path, 2),
                "{text}"
            );
        }
    }

    #[test]
    fn the_same_settlement_twice_is_refused() {
        let one = format!(r#"{{"title": "T", "claim_url": "https://a.example", {RULE}}}"#);
        let rows = parse_settlements(format!("[{one},\n{one}]").as_bytes()).unwrap();
        assert_eq!((rows.taken.len(), rows.refused.len()), (1, 1));
        assert_eq!((rows.refused[0].code, rows.refused[0].line), ("duplicate_id", 2));
        assert!(rows.refused[0].message.contains("\"T\""));
    }

    #[test]
    fn what_is_no_array_is_refused_whole() {
        for (bytes, code) in [
            (&b""[..], "empty_input"),
            (b"{}", "wrong_type"),
            (b"{", "malformed_json"),
            (b"[{}", "malformed_json"),
            (b"[\xff]", "invalid_utf8"),
        ] {
            assert_eq!(parse_settlements(bytes).unwrap_err().code, code);
        }
    }
}
