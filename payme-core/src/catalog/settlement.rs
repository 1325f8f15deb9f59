//! A settlement: who may claim, until when, how much.

use serde_json::{Map, Value, json};
use uuid::{Uuid, uuid};

use super::{Eligibility, Provenance};
use crate::types::{Date, Deadline, Instant, Money, SettlementId};

/// The namespace of derived settlement ids (UUID version 5).
pub const SETTLEMENT_NAMESPACE: Uuid = uuid!("8f3a1f0e-6f5b-5c43-9d0e-2b7a6c1d4e90");

/// Where a settlement stands. Only an open one is matched, unless closed ones are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Status {
    /// Announced; claims cannot be filed yet.
    Pending,
    /// Claims can be filed.
    #[default]
    Open,
    /// Claims can no longer be filed.
    Closed,
    /// Payments went out.
    Paid,
    /// It will not pay.
    Cancelled,
}

impl Status {
    /// Every status, in the order of this list.
    pub const ALL: [Self; 5] =
        [Self::Pending, Self::Open, Self::Closed, Self::Paid, Self::Cancelled];

    /// The word used in files and databases.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Open => "open",
            Self::Closed => "closed",
            Self::Paid => "paid",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Whether a claim needs a proof of purchase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Proof {
    /// No proof is asked for.
    None,
    /// Proof raises the payment.
    Optional,
    /// Without proof there is no payment.
    Required,
}

impl Proof {
    /// Every kind, in the order of this list.
    pub const ALL: [Self; 3] = [Self::None, Self::Optional, Self::Required];

    /// The word used in files and databases.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Optional => "optional",
            Self::Required => "required",
        }
    }
}

/// What one person can be paid, in US dollars; either end may be unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Payout {
    /// The least a claim pays. Not negative, not above `max`.
    pub min: Option<Money>,
    /// The most a claim pays. Not negative.
    pub max: Option<Money>,
}

/// The days whose purchases count, both ends included; either may be open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ClassPeriod {
    /// The first day.
    pub start: Option<Date>,
    /// The last day.
    pub end: Option<Date>,
}

/// A class-action settlement, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Settlement {
    /// The id given, or the one derived by [`Settlement::derived_id`].
    pub id: SettlementId,
    /// The name people know it by.
    pub title: String,
    /// Where it stands.
    pub status: Status,
    /// The last moment a claim can be filed.
    pub deadline: Option<Deadline>,
    /// The settlement's own site (http or https).
    pub website_url: Option<String>,
    /// Where a claim is filed (http or https).
    pub claim_url: Option<String>,
    /// What a person can be paid.
    pub payout: Payout,
    /// Brands it covers; they extend the mail lexicon.
    pub covered_brands: Vec<String>,
    /// Other names of its merchant; they extend the mail lexicon.
    pub aliases: Vec<String>,
    /// Free labels.
    pub tags: Vec<String>,
    /// What it is about.
    pub summary_text: Option<String>,
    /// Who is eligible, in words.
    pub eligibility_text: Option<String>,
    /// Who is eligible, as a rule.
    pub eligibility: Eligibility,
    /// The days whose purchases count.
    pub class_period: Option<ClassPeriod>,
    /// Whether a proof is needed, if known.
    pub proof: Option<Proof>,
    /// The settlement's own embedding: finite numbers, any one dimension.
    pub embedding: Option<Vec<f32>>,
    /// Where its facts come from, where it was made from several sources.
    pub provenance: Option<Provenance>,
}

impl Settlement {
    /// The id of a settlement that was written without one: UUID version 5 in
    /// [`SETTLEMENT_NAMESPACE`] of the claim link (empty when there is none), a line feed, and
    /// the title.
    /// ```
    /// use payme_core::catalog::Settlement;
    /// let id = Settlement::derived_id(Some("https://example.com/claim"), "Example");
    /// assert_eq!(id, Settlement::derived_id(Some("https://example.com/claim"), "Example"));
    /// assert_ne!(id, Settlement::derived_id(None, "Example"));
    /// ```
    pub fn derived_id(claim_url: Option<&str>, title: &str) -> SettlementId {
        let name = format!("{}\n{title}", claim_url.unwrap_or(""));
        SettlementId::from_uuid(Uuid::new_v5(&SETTLEMENT_NAMESPACE, name.as_bytes()))
    }

    /// Whether claims can be filed at `now`: the status is open and the deadline has not passed.
    pub fn takes_claims(&self, now: Instant) -> bool {
        self.status == Status::Open
            && !self.deadline.as_ref().is_some_and(|deadline| deadline.has_passed(now))
    }

    /// The settlement in the form of the settlement file, with every field that is known.
    ///
    /// Reading it back gives the same settlement.
    pub fn to_json(&self) -> Value {
        let mut out = Map::new();
        let mut put = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                out.insert(name.to_owned(), value);
            }
        };
        let list = |items: &[String]| (!items.is_empty()).then(|| json!(items));
        let text = |text: &Option<String>| text.as_ref().map(|text| json!(text));
        put("id", Some(json!(self.id)));
        put("title", Some(json!(self.title)));
        put("status", Some(json!(self.status.as_str())));
        put("deadline", self.deadline.as_ref().map(|deadline| json!(deadline.as_str())));
        put("website_url", text(&self.website_url));
        put("claim_url", text(&self.claim_url));
        put("payout_min_cents", self.payout.min.map(|money| json!(money.minor())));
        put("payout_max_cents", self.payout.max.map(|money| json!(money.minor())));
        put("covered_brands", list(&self.covered_brands));
        put("aliases", list(&self.aliases));
        put("tags", list(&self.tags));
        put("summary_text", text(&self.summary_text));
        put("eligibility_text", text(&self.eligibility_text));
        put("eligibility", Some(self.eligibility.to_json()));
        put("class_period", self.class_period.map(ClassPeriod::to_json));
        put("proof", self.proof.map(|proof| json!(proof.as_str())));
        put("embedding", self.embedding.as_ref().map(|values| json!(values)));
        put("provenance", self.provenance.as_ref().map(Provenance::to_json));
        Value::Object(out)
    }
}

impl ClassPeriod {
    fn to_json(self) -> Value {
        let mut out = Map::new();
        for (name, day) in [("start", self.start), ("end", self.end)] {
            if let Some(day) = day {
                out.insert(name.to_owned(), json!(day.to_string()));
            }
        }
        Value::Object(out)
    }
}
