//! One row of a tracker as facts, each with the words it was read from.
//!
//! In: a row that was read. Out: an [`Observation`], or the reason why nothing of it can be used.
//! Of a page whose text is not about one settlement nothing is taken but what stands beside it:
//! the title, the links, the deadline. What a row says in two ways that differ is no fact of it.
//! Rules: `docs/rules/trackers.md`.

use serde_json::{Map, Value, json};

use super::audience::Audience;
use super::class::{Class, Extracted};
use super::consolidate::end_of;
use super::dates::date_at;
use super::deadline::{DeadlineKind, read_deadlines};
use super::names::{Names, head, host, is_count};
use super::payout::{PayoutKind, PayoutPhrase, read_payout};
use super::period::PeriodKind;
use super::proof::read_proof;
use super::read::TrackerRow;
use super::state::RowKey;
use super::words::{Words, one_line};
use crate::catalog::{EXCERPT_CHARS_MAX, Proof};
use crate::types::{Date, State, StateSet, ensure_modern, parse_date};

/// The most characters of its text that a settlement keeps.
const TEXT_CHARS_MAX: usize = 2_000;

/// A fact of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// Its name.
    pub field: &'static str,
    /// What the row says.
    pub value: Value,
    /// The words it was read from, on one line.
    pub text: String,
}

/// What one row says, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// Which row.
    pub key: RowKey,
    /// The first day it was seen.
    pub first_seen: Date,
    /// Whose page it was read from: a host, or the tracker where no page is named.
    pub source: String,
    /// The page.
    pub url: Option<String>,
    /// The facts; a field about which the row differs from itself stands several times.
    pub facts: Vec<Fact>,
    /// Its text on one line, where it is about this settlement alone.
    pub text: Option<String>,
    /// Whether the newest export of its tracker does not have the row.
    pub is_gone: bool,
    /// The last day it was seen.
    pub last_seen: Date,
    pub(super) class: Class,
    pub(super) names: Names,
}

impl Observation {
    /// What the row says about a field, unless it differs from itself or is silent.
    pub fn value(&self, field: &str) -> Option<&Value> {
        let mut stated = self.facts.iter().filter(|fact| fact.field == field);
        let first = &stated.next()?.value;
        stated.all(|fact| fact.value == *first).then_some(first)
    }

    /// A text among the facts.
    pub(super) fn word(&self, field: &str) -> Option<&str> {
        self.value(field).and_then(Value::as_str)
    }

    /// A day among the facts.
    pub(super) fn day(&self, field: &str) -> Option<Date> {
        self.word(field).and_then(|text| parse_date(text).ok())
    }
}

/// Why nothing of a row can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Useless {
    /// Its text is about several settlements, and no link says which one it means.
    Several,
    /// Its title is that of a list of settlements, whatever its link.
    List,
    /// It has a title and nothing else that could be used.
    NoFact,
    /// Its title names nobody.
    NoName,
}

impl Useless {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Several | Self::List => "several_settlements",
            Self::NoFact => "no_usable_fact",
            Self::NoName => "no_name",
        }
    }

    /// What is wrong and what to do about it.
    pub const fn message(self) -> &'static str {
        match self {
            Self::Several => {
                "the text is about several settlements and there is no claim link: \
                 write the one that is meant into a settlement file"
            }
            Self::List => {
                "the title is that of a list of settlements: \
                 write those that are meant into a settlement file"
            }
            Self::NoFact => {
                "beside the title there is no link, deadline, payout or text about it: \
                 nothing to go by"
            }
            Self::NoName => "the title names no company, product or place: nobody can be matched",
        }
    }

    /// The member it shows in.
    pub const fn member(self) -> &'static str {
        match self {
            Self::Several | Self::NoFact => "description",
            Self::NoName | Self::List => "title",
        }
    }
}

/// What the text of a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Text {
    /// About one settlement.
    Own,
    /// About several, as lists and menus are.
    Several,
    /// About the page itself.
    Boilerplate,
    /// There is none.
    Absent,
}

/// Reads one row.
///
/// # Errors
/// [`Useless`] when nothing of it can be used.
pub fn observe(key: &RowKey, row: &TrackerRow, first_seen: Date) -> Result<Observation, Useless> {
    let text = row.description.as_deref().unwrap_or_default();
    let kind = text_kind(text);
    if is_list_title(&row.title) {
        return Err(Useless::List);
    }
    let own = if kind == Text::Own { text } else { "" };
    let has_more =
        row.deadline.is_some() || row.estimated_payout.as_deref().is_some_and(is_telling);
    match kind {
        Text::Several if row.claim_url.is_none() => return Err(Useless::Several),
        Text::Boilerplate | Text::Absent if row.claim_url.is_none() && !has_more => {
            return Err(Useless::NoFact);
        }
        _ => {}
    }
    let extracted = if own.is_empty() {
        Extracted { defendant: row.defendant.as_deref(), ..Extracted::default() }
    } else {
        Extracted {
            services: row.listed("services"),
            products: row.listed("products"),
            defendant: row.defendant.as_deref(),
            has_more: extracts_more(row),
        }
    };
    let names = Names::of(&row.title, row.defendant.as_deref());
    let class = Class::of(&row.title, own, &extracted);
    if names.is_nameless() {
        return Err(Useless::NoName);
    }
    let mut facts = Facts { list: Vec::new() };
    facts.put("title", json!(one_line(&row.title, 300)), &row.title);
    facts.status(row, own);
    facts.links(row);
    facts.deadlines(row, own);
    facts.payout(row);
    facts.proof(row, own);
    facts.class(row, &class, own);
    let page = row.source_url.as_deref().map(host).filter(|host| !host.is_empty());
    let source = page.unwrap_or_else(|| key.tracker.clone());
    Ok(Observation {
        key: key.clone(),
        first_seen,
        source,
        url: row.source_url.clone(),
        facts: facts.list,
        text: (!own.is_empty()).then(|| one_line(own, TEXT_CHARS_MAX)),
        is_gone: false,
        last_seen: first_seen,
        class,
        names,
    })
}

/// Whether a tracker extracted anything beside names, states and days, or takes the case for
/// another kind than that of consumers.
fn extracts_more(row: &TrackerRow) -> bool {
    const READ: [&str; 4] = ["states", "services", "products", "date_range"];
    let is_empty = |value: &Value| match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::String(text) => text.trim().is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    };
    let mut members = row.criteria.iter();
    row.category.as_deref().is_some_and(|category| category.trim() != "consumer")
        || members.any(|(name, value)| !READ.contains(&name.as_str()) && !is_empty(value))
}

/// Whether a payout says anything.
fn is_telling(text: &str) -> bool {
    read_payout(text).kind != PayoutKind::Unknown
}

/// Whether a title is that of a list of settlements.
fn is_list_title(title: &str) -> bool {
    let words = Words::of(title);
    let plural = ["settlements you|to|closing|ending|with|that|worth", "settlements of the"];
    is_count(title)
        || words.has(&["top|best|list|latest|roundup", "all open|new"]) && words.has(&plural)
}

/// What a text is. A list of settlements has words of menus, or says `deadline` again and again.
fn text_kind(text: &str) -> Text {
    // A page that was made into text loses the spaces between its parts, so parts are counted and
    // not words.
    let low = text.to_lowercase();
    let count = |part: &str| low.matches(part).count();
    let menus = [
        "submit claim",
        "file claim",
        "pre-qualify",
        "read more",
        "learn more",
        "sign up",
        "view details",
        "see details",
        "apply now",
        "claim now",
        "click here",
    ];
    let menus: usize = menus.iter().map(|part| count(part)).sum();
    let own = [
        "news site",
        "not a law firm",
        "administrator or a law firm",
        "penalty of perjury",
        "affiliate",
        "cookies",
        "privacy policy",
        "all rights reserved",
        "terms of use",
        "subscribe to",
        "javascript",
        "newsletter",
        "truthful information",
    ];
    let own = own.iter().filter(|part| count(part) > 0).count();
    if low.trim().is_empty() {
        Text::Absent
    } else if menus >= 2 || count("deadline") >= 3 || count("settlement") + count("lawsuit") >= 7 {
        Text::Several
    } else if own >= 2 {
        Text::Boilerplate
    } else {
        Text::Own
    }
}

struct Facts {
    list: Vec<Fact>,
}

impl Facts {
    fn put(&mut self, field: &'static str, value: Value, text: &str) {
        let text = one_line(text, EXCERPT_CHARS_MAX);
        let is_new = !self.list.iter().any(|fact| fact.field == field && fact.value == value);
        if is_new && !text.is_empty() {
            self.list.push(Fact { field, value, text });
        }
    }

    fn has(&self, field: &str) -> bool {
        self.list.iter().any(|fact| fact.field == field)
    }

    fn status(&mut self, row: &TrackerRow, own: &str) {
        let not_yet = ["not open yet", "not yet open", "register for updates", "are not open"];
        for text in [row.title.as_str(), own] {
            let words = Words::of(text);
            if let Some(at) = words.find(&not_yet).filter(|_| row.active != Some(false)) {
                return self.put("status", json!("pending"), words.slice(at));
            }
        }
        match row.active {
            Some(true) => self.put("status", json!("open"), "active: true"),
            Some(false) => self.put("status", json!("closed"), "active: false"),
            None => {}
        }
    }

    fn links(&mut self, row: &TrackerRow) {
        if let Some(url) = &row.claim_url {
            self.put("claim_url", json!(url), url);
        }
    }

    fn deadlines(&mut self, row: &TrackerRow, own: &str) {
        if let Some(text) = &row.deadline {
            let words = Words::of(text);
            let whole = date_at(&words, 0, None).filter(|(_, end)| *end == words.len());
            let day =
                parse_date(text.trim()).ok().or_else(|| whole.and_then(|(when, _)| when.day()));
            match day.filter(|day| end_of(*day).is_some()) {
                Some(day) => self.put("deadline", json!(day.to_string()), text),
                None => self.stated_deadlines(text),
            }
            // A day that nothing can end on, such as 9999-12-31, a month, and words are told as
            // they are written.
            if !self.has("deadline") && !self.has("automatic") {
                self.put("deadline_text", json!(one_line(text, 80)), text);
            }
        }
        self.stated_deadlines(own);
    }

    fn stated_deadlines(&mut self, text: &str) {
        for stated in read_deadlines(text) {
            let field = match stated.kind {
                DeadlineKind::Claim => "deadline",
                DeadlineKind::OptOut => "opt_out_deadline",
                DeadlineKind::Objection => "objection_deadline",
                DeadlineKind::Automatic => {
                    self.put("automatic", json!(true), &stated.text);
                    continue;
                }
            };
            match stated.day.filter(|day| end_of(*day).is_some()) {
                Some(day) => self.put(field, json!(day.to_string()), &stated.text),
                None if stated.kind == DeadlineKind::Claim && !self.has("deadline_text") => {
                    self.put("deadline_text", json!(one_line(&stated.text, 80)), &stated.text);
                }
                None => {}
            }
        }
    }

    fn payout(&mut self, row: &TrackerRow) {
        let stated = row.estimated_payout.as_deref().unwrap_or_default();
        let own = read_payout(stated);
        if own.kind != PayoutKind::Unknown {
            self.put_payout(&own, stated);
        }
    }

    fn put_payout(&mut self, payout: &PayoutPhrase, text: &str) {
        let mut value = Map::new();
        value.insert("kind".to_owned(), json!(payout.kind.as_str()));
        for (name, cents) in [("min_cents", payout.min_cents), ("max_cents", payout.max_cents)] {
            if let Some(cents) = cents {
                value.insert(name.to_owned(), json!(cents));
            }
        }
        if let Some(unit) = &payout.unit {
            value.insert("unit".to_owned(), json!(one_line(unit, 40)));
        }
        if !payout.non_cash.is_empty() {
            value.insert("non_cash".to_owned(), json!(payout.non_cash));
        }
        if payout.kind != PayoutKind::Unknown {
            self.put("payout", Value::Object(value), text);
        }
    }

    fn proof(&mut self, row: &TrackerRow, own: &str) {
        match row.proof_required {
            Some(true) => {
                self.put("proof", json!(Proof::Required.as_str()), "proof_required: true")
            }
            Some(false) => self.put("proof", json!(Proof::None.as_str()), "proof_required: false"),
            None => {}
        }
        if let Some((proof, text)) = read_proof(own) {
            self.put("proof", json!(proof.as_str()), &text);
        }
    }

    fn class(&mut self, row: &TrackerRow, class: &Class, own: &str) {
        let (audience, text) = &class.audience;
        if *audience != Audience::Unknown {
            self.put("audience", json!(audience.as_str()), text);
        }
        if let Some((other, text)) = &class.other_audience {
            self.put("audience", json!(other.as_str()), text);
        }
        if !class.conditions.is_empty() {
            let words: Vec<&str> = class.conditions.iter().map(|(one, _)| one.as_str()).collect();
            let texts: Vec<&str> = class.conditions.iter().map(|(_, text)| text.as_str()).collect();
            self.put("conditions", json!(words), &texts.join("; "));
        }
        self.periods(row, class, own);
        self.states(row, class, own);
        if !class.merchants.is_empty() {
            self.put("merchants", json!(class.merchants), &class.merchants.join(", "));
        }
        for text in [own, &row.title] {
            if let Some(case) = case_name(text) {
                self.put("case_name", json!(case), &case);
                break;
            }
        }
    }

    fn periods(&mut self, row: &TrackerRow, class: &Class, own: &str) {
        let day = |day: Option<Date>| day.map(|day| day.to_string());
        let value = |start: Option<Date>, end: Option<Date>| {
            let mut value = Map::new();
            for (name, day) in [("start", day(start)), ("end", day(end))] {
                if let Some(day) = day {
                    value.insert(name.to_owned(), json!(day));
                }
            }
            value
        };
        for period in &class.periods {
            let field = match period.kind {
                PeriodKind::Class => continue,
                PeriodKind::Event => "event_period",
                PeriodKind::Made => "made_period",
                PeriodKind::AsOf => "as_of",
            };
            self.put(field, Value::Object(value(period.start, period.end)), &period.text);
        }
        let periods = class.class_periods();
        match periods.as_slice() {
            [] => {}
            [one] => self.put("class_period", value(one.start, one.end).into(), &one.text),
            many => {
                let list: Vec<Value> = many
                    .iter()
                    .map(|one| {
                        let mut value = value(one.start, one.end);
                        if let Some(group) = &one.group {
                            value.insert("group".to_owned(), json!(one_line(group, 80)));
                        }
                        Value::Object(value)
                    })
                    .collect();
                let texts: Vec<&str> = many.iter().map(|one| one.text.as_str()).collect();
                self.put("class_periods", json!(list), &texts.join("; "));
            }
        }
        let range = extracted_period(row);
        if let Some((start, end)) = range.filter(|_| periods.len() < 2 && !own.is_empty()) {
            let is_other = class.periods.iter().any(|period| {
                period.kind != PeriodKind::Class && (period.start, period.end) == (start, end)
            });
            let words = format!(
                "criteria.date_range: {} to {}",
                day(start).unwrap_or_default(),
                day(end).unwrap_or_default()
            );
            // Where the text speaks of days of another kind, the extracted ones may be those.
            if !is_other && (!periods.is_empty() || class.periods.is_empty()) {
                self.put("class_period", value(start, end).into(), &words);
            }
        }
    }

    fn states(&mut self, row: &TrackerRow, class: &Class, own: &str) {
        let places = &class.places;
        let list: StateSet =
            row.listed("states").iter().filter_map(|code| code.parse().ok()).collect();
        let codes = |set: StateSet| json!(set.iter().map(State::code).collect::<Vec<_>>());
        let extracted = format!("criteria.states: {}", row.listed("states").join(", "));
        if !places.outside.is_empty() {
            self.put("states_out", codes(places.outside), &places.text);
        }
        if !places.within.is_empty() {
            self.put("states", codes(places.within), &places.text);
        }
        // What was extracted from a text that is not about this settlement is about another.
        if list.is_empty() || own.is_empty() {
            return;
        }
        let is_named = list.iter().any(|state| {
            places.named.contains(state) || places.outside.contains(state) || places.is_everywhere
        });
        if places.within.is_empty() && is_named {
            // The text has the state's name and says no such thing of it.
            let out = if places.outside.is_empty() {
                json!({"unclear": codes(places.named)})
            } else {
                json!({"outside": codes(places.outside)})
            };
            let text = if places.text.is_empty() { "no place is meant" } else { &places.text };
            self.put("states", out, text);
        }
        self.put("states", codes(list), &extracted);
    }
}

/// The period a tracker extracted, if it is one.
fn extracted_period(row: &TrackerRow) -> Option<(Option<Date>, Option<Date>)> {
    let range = row.criteria.get("date_range")?.as_object()?;
    let day = |name: &str| {
        let text = range.get(name).and_then(Value::as_str);
        text.and_then(|text| parse_date(text).ok()).filter(|day| ensure_modern(*day).is_ok())
    };
    let (start, end) = (day("after"), day("before"));
    let is_reversed = matches!((start, end), (Some(start), Some(end)) if start > end);
    (!is_reversed && (start.is_some() || end.is_some())).then_some((start, end))
}

/// The name of the case: the last name of the first plaintiff and the first word of the first
/// defendant, on both sides of a `v.`.
fn case_name(text: &str) -> Option<String> {
    let words = Words::of(text);
    (1..words.len()).find_map(|at| {
        let end = words.phrase_at(at, "v|vs .?")?;
        let mut before = at - 1;
        while before > 0 && matches!(words.low(before), "al" | "et" | "." | ",") {
            before -= 1;
        }
        let (plaintiff, defendant) = (words.get(before)?, words.get(end)?);
        let is_name = plaintiff.is_capital() && defendant.is_capital();
        is_name.then(|| format!("{} v. {}", plaintiff.raw, defendant.raw))
    })
}

/// The name by which a question calls whom the settlement is about, without an amount before it.
pub(super) fn called(title: &str) -> String {
    let name = head(title);
    let name = if name.is_empty() { title } else { &name };
    let words = Words::of(name);
    let is_amount = |at: &usize| {
        let low = words.low(*at);
        matches!(low, "$" | "." | "," | "million" | "billion" | "m" | "b" | "k")
            || words.before(*at, 1, &["$", ".", ","])
                && low.starts_with(|c: char| c.is_ascii_digit())
    };
    let from = (0..words.len()).take_while(is_amount).count();
    let rest = words.slice(from..words.len());
    one_line(if rest.is_empty() { name } else { rest }, 80)
}
