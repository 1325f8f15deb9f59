//! One settlement out of the records of it.
//!
//! In: observations of one settlement. Out: a [`Settlement`] with its provenance. A field on which
//! all that speak of it agree is set; one on which they differ is unknown and listed.
//! Nothing is filled in: what nobody states is unknown.
//! Rules: `docs/rules/trackers.md`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use uuid::{Uuid, uuid};

use super::audience::Audience;
use super::conditions::Condition;
use super::names::registrable;
use super::observe::{Observation, called};
use super::payout::PayoutKind;
use super::rule::Members;
use super::state::RowKey;
use crate::catalog::{
    ClassPeriod, Disagreement, Payout, Proof, Provenance, Range, Settlement, SourcedFact,
    StatedValue, Status,
};
use crate::types::{Date, Deadline, Money, SettlementId, StateSet, ensure_modern, parse_date};

/// The namespace of the ids of settlements made from trackers (UUID version 5).
pub const TRACKER_NAMESPACE: Uuid = uuid!("5d0c7b1e-93a4-5e28-b6f7-4c81d2f90a36");

/// The zone in which a deadline ends of which only the day is stated: that of the east coast, where
/// most claims are administered and where the day ends before it does anywhere else on the
/// mainland. On Guam and the Northern Mariana Islands it ends earlier still, and in winter in
/// Puerto Rico and the Virgin Islands.
const DEADLINE_ZONE: &str = "America/New_York";

/// Fields that tell the records apart but are no claims that could be wrong.
const NAMES: [&str; 3] = ["title", "merchants", "case_name"];

/// Fields whose values stand beside each other: other words of another source contradict nothing.
const WORDS: [&str; 2] = ["deadline_text", "conditions"];

/// Whether two values of a field are a disagreement, and one value of one source unconfirmed.
fn is_claim(field: &str) -> bool {
    !NAMES.contains(&field) && !WORDS.contains(&field)
}

/// The id of the settlement whose first record is this row.
pub fn tracker_settlement_id(anchor: &RowKey) -> SettlementId {
    let name = format!("{}\n{}", anchor.tracker, anchor.row);
    SettlementId::from_uuid(Uuid::new_v5(&TRACKER_NAMESPACE, name.as_bytes()))
}

/// What records agree and disagree about.
pub(super) struct Agreement<'a> {
    members: &'a [&'a Observation],
    pub(super) disagreements: Vec<Disagreement>,
}

impl<'a> Agreement<'a> {
    /// Of the records of one settlement, the anchor first.
    pub(super) fn of(members: &'a [&'a Observation]) -> Self {
        let mut stated: BTreeMap<&str, Vec<StatedValue>> = BTreeMap::new();
        for row in members {
            for fact in row.facts.iter().filter(|fact| is_claim(fact.field)) {
                let values = stated.entry(fact.field).or_default();
                let known =
                    values.iter_mut().find(|one| is_equal(fact.field, &one.value, &fact.value));
                match known {
                    Some(one) => one.rows.push(row.key.to_string()),
                    None => values.push(StatedValue {
                        value: fact.value.clone(),
                        rows: vec![row.key.to_string()],
                    }),
                }
            }
        }
        let differ = stated.into_iter().filter(|(_, values)| values.len() > 1);
        let disagreements = differ.map(|(field, mut values)| {
            for one in &mut values {
                one.rows.sort();
                one.rows.dedup();
            }
            values.sort_by_cached_key(|one| one.value.to_string());
            Disagreement { field: field.to_owned(), values }
        });
        Self { members, disagreements: disagreements.collect() }
    }

    /// What all that speak of a field say.
    fn value(&self, field: &str) -> Option<&'a Value> {
        if self.differs(field) {
            return None;
        }
        let mut facts = self.members.iter().flat_map(|row| &row.facts);
        facts.find(|fact| fact.field == field).map(|fact| &fact.value)
    }

    fn text(&self, field: &str) -> Option<&'a str> {
        self.value(field).and_then(Value::as_str)
    }

    fn differs(&self, field: &str) -> bool {
        self.disagreements.iter().any(|one| one.field == field)
    }

    /// The sources that state a field.
    fn sources(&self, field: &str) -> BTreeSet<&'a str> {
        let states = |row: &&&Observation| row.facts.iter().any(|fact| fact.field == field);
        self.members.iter().filter(states).map(|row| row.source.as_str()).collect()
    }
}

/// Whether two statements of a field say the same: two pages of one site are one claim site.
fn is_equal(field: &str, a: &Value, b: &Value) -> bool {
    match (field, a.as_str(), b.as_str()) {
        ("claim_url", Some(a), Some(b)) => registrable(a) == registrable(b),
        _ => a == b,
    }
}

/// The settlement of some records, the anchor first. There is at least one.
pub(super) fn settlement(all: &[&Observation]) -> Option<Settlement> {
    let first = all.first()?;
    let voters = voters(all);
    let members = voters.as_slice();
    let anchor = members.first()?;
    let agreed = Agreement::of(members);
    // What people read comes from the first record whose text is about this settlement.
    let speaker = members.iter().find(|row| row.text.is_some()).unwrap_or(anchor);
    let deadline = agreed.text("deadline").and_then(|day| end_of(parse_date(day).ok()?));
    let class_period = agreed.value("class_period").and_then(period);
    let payout = agreed.value("payout").map(payout).unwrap_or_default();
    let proof = agreed.text("proof");
    let proof = proof.and_then(|word| Proof::ALL.into_iter().find(|p| p.as_str() == word));
    let claim_url = agreed.text("claim_url").map(str::to_owned);
    let topics: BTreeSet<&str> =
        members.iter().flat_map(|row| row.names.topics.iter().copied()).collect();
    let rule = members_of(&agreed, speaker);
    Some(Settlement {
        id: tracker_settlement_id(&first.key),
        title: title(speaker),
        status: status(&agreed),
        deadline,
        website_url: None,
        claim_url,
        payout,
        covered_brands: Vec::new(),
        aliases: Vec::new(),
        tags: topics.into_iter().map(str::to_owned).collect(),
        summary_text: None,
        eligibility_text: speaker.text.clone(),
        eligibility: rule.eligibility(),
        class_period,
        proof,
        embedding: None,
        provenance: Some(provenance(all, agreed)),
    })
}

/// The records that state facts: those that are not gone; where all are, of each tracker those
/// that it had last.
fn voters<'a>(all: &[&'a Observation]) -> Vec<&'a Observation> {
    let there: Vec<&Observation> = all.iter().filter(|row| !row.is_gone).copied().collect();
    if !there.is_empty() {
        return there;
    }
    let is_last = |row: &&&Observation| {
        let mut others = all.iter().filter(|other| other.key.tracker == row.key.tracker);
        others.all(|other| other.last_seen <= row.last_seen)
    };
    all.iter().filter(is_last).copied().collect()
}

fn title(speaker: &Observation) -> String {
    speaker.word("title").unwrap_or_default().to_owned()
}

/// The facts of the settlement as a source stated them, the differences and what stands alone. Of a
/// record that is gone only the names are told, beside others that are not.
fn provenance(all: &[&Observation], agreed: Agreement<'_>) -> Provenance {
    let mut sources = Vec::new();
    let mut fields = BTreeSet::new();
    for row in all {
        let is_voter = agreed.members.iter().any(|member| member.key == row.key);
        for fact in row.facts.iter().filter(|fact| is_voter || NAMES.contains(&fact.field)) {
            fields.insert(fact.field);
            sources.push(SourcedFact {
                field: fact.field.to_owned(),
                value: fact.value.clone(),
                text: fact.text.clone(),
                source: row.source.clone(),
                url: row.url.clone(),
                tracker: row.key.tracker.clone(),
                row: row.key.row.clone(),
                day: row.first_seen,
            });
        }
    }
    let link = agreed.text("claim_url").map(registrable);
    let is_alone = |field: &&str| {
        let sources = agreed.sources(field);
        // The settlement's own site is what it is: it confirms its own link.
        let is_own =
            *field == "claim_url" && sources.iter().any(|source| Some(registrable(source)) == link);
        is_claim(field) && !agreed.differs(field) && sources.len() < 2 && !is_own
    };
    let unconfirmed = fields.iter().filter(|field| is_alone(field));
    let unconfirmed = unconfirmed.map(|field| (*field).to_owned()).collect();
    Provenance { sources, unconfirmed, disagreements: agreed.disagreements, replaced_by: None }
}

/// Open where any source says so: who looks can see that it is closed, and who is not told cannot
/// claim in time.
fn status(agreed: &Agreement<'_>) -> Status {
    let says = |word: &str| {
        let mut facts = agreed.members.iter().flat_map(|row| &row.facts);
        facts.any(|fact| fact.field == "status" && fact.value.as_str() == Some(word))
    };
    if says("open") {
        Status::Open
    } else if says("pending") {
        Status::Pending
    } else if says("closed") {
        Status::Closed
    } else {
        Status::Open
    }
}

/// The end of a day as a deadline; `None` for a day that has none, which no settlement can hold.
pub(super) fn end_of(day: Date) -> Option<Deadline> {
    ensure_modern(day).ok()?;
    Deadline::parse(&format!("{day}[{DEADLINE_ZONE}]")).ok()
}

fn day(value: &Value, name: &str) -> Option<Date> {
    value.get(name).and_then(Value::as_str).and_then(|day| parse_date(day).ok())
}

fn period(value: &Value) -> Option<ClassPeriod> {
    let period = ClassPeriod { start: day(value, "start"), end: day(value, "end") };
    (period.start.is_some() || period.end.is_some()).then_some(period)
}

fn payout(value: &Value) -> Payout {
    let kind = value.get("kind").and_then(Value::as_str).unwrap_or_default();
    if PayoutKind::of_word(kind).is_none_or(|kind| !kind.is_of_one_claim()) {
        return Payout::default();
    }
    let cents = |name: &str| value.get(name).and_then(Value::as_i64).map(Money::usd_cents);
    Payout { min: cents("min_cents"), max: cents("max_cents") }
}

/// Who belongs to the class, as far as the records agree.
fn members_of(agreed: &Agreement<'_>, speaker: &Observation) -> Members {
    let speaking: Vec<&&Observation> =
        agreed.members.iter().filter(|row| row.text.is_some()).collect();
    let mut merchants: Vec<String> = Vec::new();
    let mut brands: Vec<String> = Vec::new();
    for row in &speaking {
        merchants.extend(row.class.merchants.iter().cloned());
    }
    for row in agreed.members {
        brands.extend(row.class.brands.iter().cloned());
    }
    // Where sources differ about the states, none is known to be in, and none to be out.
    let is_disputed = agreed.differs("states") || agreed.differs("states_out");
    let codes = |field: &str| -> StateSet {
        if is_disputed {
            return StateSet::EMPTY;
        }
        let list = agreed.value(field).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(|code| code.as_str()?.parse().ok()).collect()
    };
    let (states, states_out) = (codes("states"), codes("states_out"));
    let is_unclear = agreed.members.iter().any(|row| row.class.places.is_unclear);
    let has_other_places = is_disputed || is_unclear && states.is_empty() && states_out.is_empty();
    let period = agreed.value("class_period").and_then(period);
    let is_agreed = ["audience", "class_period", "class_periods", "states", "states_out", "status"]
        .iter()
        .all(|field| !agreed.differs(field));
    // Sources that speak of the class in different words have to name the same shops.
    let same_shops = speaking.windows(2).all(|two| match two {
        [a, b] => a.class.merchants == b.class.merchants,
        _ => true,
    });
    let first = |fact: &str| agreed.text(fact).map_or(Audience::Unknown, Audience::of_word);
    Members {
        name: called(&title(speaker)),
        audience: first("audience"),
        merchants,
        brands,
        period: period.map(|period| Range { min: period.start, max: period.end }),
        has_periods: agreed.value("class_periods").is_some() || agreed.differs("class_period"),
        states,
        states_out,
        is_home: is_home(agreed.members),
        has_other_places,
        conditions: Condition::ALL
            .into_iter()
            .filter(|one| {
                speaking.iter().any(|row| row.class.conditions.iter().any(|(two, _)| one == two))
            })
            .collect(),
        is_named: speaking.is_empty() || speaking.iter().any(|row| row.class.is_named),
        is_plain: is_agreed
            && same_shops
            && !speaking.is_empty()
            && speaking.iter().all(|row| row.class.is_plain)
            && agreed.value("class_periods").is_none(),
    }
}

/// Whether the states that records name are where people live, in all that name any.
fn is_home(members: &[&Observation]) -> bool {
    let places = members.iter().map(|row| &row.class.places);
    let stated = places.filter(|one| !one.within.is_empty() || !one.outside.is_empty());
    let homes: Vec<bool> = stated.map(|one| one.is_home).collect();
    !homes.is_empty() && homes.into_iter().all(|is_home| is_home)
}

/// What a settlement of the catalogue and the records that were matched to it differ about: the
/// fields that both state.
pub(super) fn differences(curated: &Settlement, members: &[&Observation]) -> Vec<Disagreement> {
    let voters = voters(members);
    let members = voters.as_slice();
    let agreed = Agreement::of(members);
    let rows = |field: &str| {
        let mut rows: Vec<String> = members
            .iter()
            .filter(|row| row.facts.iter().any(|fact| fact.field == field))
            .map(|row| row.key.to_string())
            .collect();
        rows.sort();
        rows
    };
    let own = curated.to_json();
    let day = |value: &Value| {
        let text = value.as_str().unwrap_or_default();
        text.get(..10).unwrap_or(text).to_owned()
    };
    let mut found = Vec::new();
    for field in ["deadline", "class_period", "proof", "status", "claim_url"] {
        let (Some(mine), Some(theirs)) = (own.get(field), agreed.value(field)) else { continue };
        let is_same = match field {
            "deadline" => day(mine) == day(theirs),
            "claim_url" => is_equal(field, mine, theirs),
            _ => mine == theirs,
        };
        if !is_same {
            let mine = StatedValue { value: mine.clone(), rows: vec![curated.id.to_string()] };
            let theirs = StatedValue { value: theirs.clone(), rows: rows(field) };
            found.push(Disagreement { field: field.to_owned(), values: vec![mine, theirs] });
        }
    }
    if let Some(theirs) = agreed.value("payout") {
        let other = payout(theirs);
        let is_other = |a: Option<Money>, b: Option<Money>| a.is_some() && b.is_some() && a != b;
        if is_other(curated.payout.min, other.min) || is_other(curated.payout.max, other.max) {
            let mut mine = serde_json::Map::new();
            for name in ["payout_min_cents", "payout_max_cents"] {
                if let Some(cents) = own.get(name) {
                    mine.insert(name.to_owned(), cents.clone());
                }
            }
            let mine = StatedValue { value: mine.into(), rows: vec![curated.id.to_string()] };
            let theirs = StatedValue { value: theirs.clone(), rows: rows("payout") };
            found.push(Disagreement { field: "payout".to_owned(), values: vec![mine, theirs] });
        }
    }
    found
}
