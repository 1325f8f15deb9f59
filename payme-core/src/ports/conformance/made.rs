//! Made-up settlements, people, records, runs and events.

use serde_json::json;
use uuid::Uuid;

use super::Failure;
use crate::audit::{Event, EventBody};
use crate::catalog::{CatalogPlan, Settlement, parse_settlement};
use crate::evidence::{Day, EvidenceChange, Origin, StoredFeature, Support, UserFeature};
use crate::matching::{Signal, SignalSet, Signals, Truth, Variant};
use crate::ranking::{
    AtomRef, Atoms, ConfidenceBreakdown, Contribution, MatchResult, MatchRun, Missing,
    PredicatePasses, Reasons, RunMetadata,
};
use crate::sync::{Message, Record, SyncPlan, Transaction};
use crate::types::{
    BatchId, Confidence, Currency, Date, EventId, FeatureKey, Instant, Money, Person, RecordId,
    RunId, SettlementId, Source, State, UserId, Version, parse_date,
};

/// The suite's own data; it fails only when the suite itself is wrong.
pub(super) type Made<T> = Result<T, Failure>;

/// Unwraps what cannot fail.
pub(super) fn made<T, E>(value: Result<T, E>) -> Made<T> {
    value.map_err(|_| Failure::new("making the data", "a valid value", "a refusal of it"))
}

/// An id whose first byte is `n` too, so that ids above 127 tell signed bytes from unsigned ones.
const fn uuid(n: u8) -> Uuid {
    let mut bytes = [0; 16];
    bytes[0] = n;
    bytes[15] = n;
    Uuid::from_bytes(bytes)
}

pub(super) const fn user(n: u8) -> UserId {
    UserId::from_uuid(uuid(n))
}

pub(super) const fn record_id(n: u8) -> RecordId {
    RecordId::from_uuid(uuid(n))
}

pub(super) const fn settlement_id(n: u8) -> SettlementId {
    SettlementId::from_uuid(uuid(n))
}

pub(super) const fn run_id(n: u8) -> RunId {
    RunId::from_uuid(uuid(n))
}

pub(super) const fn batch_id(n: u8) -> BatchId {
    BatchId::from_uuid(uuid(n))
}

/// A moment with microseconds, so many seconds after one before 1970.
pub(super) fn at(seconds: i64) -> Made<Instant> {
    let micros = -1_000_000 + seconds * 1_000_000 + 123_457;
    made(Instant::from_micros(micros).ok_or(()))
}

pub(super) fn key(text: &str) -> Made<FeatureKey> {
    made(text.parse())
}

pub(super) fn state(code: &str) -> Made<State> {
    made(code.parse())
}

pub(super) fn date(text: &str) -> Made<Date> {
    made(parse_date(text))
}

/// A settlement with nothing but what it must have.
pub(super) fn settlement(n: u8) -> Made<Settlement> {
    let value = json!({
        "id": settlement_id(n),
        "title": format!("Settlement {n}"),
        "eligibility": {"required_features": [], "states": []},
    });
    made(parse_settlement(&value.to_string()))
}

/// A settlement with every field, and letters that are not ASCII.
pub(super) fn full_settlement(n: u8, title: &str) -> Made<Settlement> {
    let value = json!({
        "id": settlement_id(n),
        "title": title,
        "status": "pending",
        "deadline": "2026-02-19[America/New_York]",
        "website_url": "https://settlement.example/",
        "claim_url": "https://settlement.example/claim?a=1&b='2'",
        "payout_min_cents": 0,
        "payout_max_cents": 123_456_789_012_i64,
        "covered_brands": ["B\u{fc}cher & Co", "two"],
        "aliases": ["o'ther"],
        "tags": ["z", "a"],
        "summary_text": "First line\nsecond \u{1f4b8} line",
        "eligibility_text": "",
        "eligibility": {
            "required_features": ["merchant:uber", "category:travel"],
            "states": ["CA", "WY"],
        },
        "class_period": {"start": "2019-01-01", "end": "2023-12-31"},
        "proof": "optional",
        "embedding": [0.1, -2.5e-7, 1.0, 3.333_333_3],
        "provenance": {"sources": [{
            "field": "states", "value": ["CA", "WY"], "text": "in California or Wyoming",
            "source": "news.example", "tracker": "weekly", "row": "r-1", "day": "2026-01-31",
        }], "unconfirmed": ["claim_url"]},
    });
    made(parse_settlement(&value.to_string()))
}

/// A settlement whose rule says everything that a rule can say.
pub(super) fn ruled_settlement(n: u8) -> Made<Settlement> {
    let value = json!({
        "id": settlement_id(n),
        "title": format!("Ruled {n}"),
        "class_period": {"end": "2020-02-29"},
        "eligibility": {"all": [
            {"feature": "merchant:uber", "min_confidence": awkward(u64::from(n)), "min_count": 2,
             "in_class_period": true},
            {"any": [
                {"age": {"min": 18, "max": 64, "on": "2019-12-31"}},
                {"purchases": {"feature": "category:travel", "from": "2019-01-01",
                    "to": "2019-12-31", "count": {"min": 1, "max": 9},
                    "amount_cents": {"min": -5, "max": i64::MAX}}},
            ]},
            {"none": [{"states": ["CA", "WY"]}, {"feature": "subscription:active"}]},
        ]},
    });
    made(parse_settlement(&value.to_string()))
}

/// A plan that adds these settlements.
pub(super) fn adding(added: Vec<Settlement>) -> CatalogPlan {
    CatalogPlan { added, ..CatalogPlan::default() }
}

/// A plan that changes these settlements.
pub(super) fn changing(changed: Vec<(Version, Settlement)>) -> CatalogPlan {
    CatalogPlan { changed, ..CatalogPlan::default() }
}

/// A change that touches nothing but the version.
pub(super) fn change(user_id: UserId, expected: Option<Version>) -> EvidenceChange {
    EvidenceChange {
        on_catalog: None,
        expected,
        person: Person::unknown(user_id),
        person_changed: false,
        records: SyncPlan::default(),
        features: Vec::new(),
        features_gone: Vec::new(),
        support: Vec::new(),
        support_gone: Vec::new(),
        corrections: Vec::new(),
        corrections_gone: Vec::new(),
        anomalies: Vec::new(),
        anomalies_gone: Vec::new(),
    }
}

/// A transaction with every optional field.
pub(super) fn full_transaction(n: u8) -> Made<Record> {
    Ok(Record::Transaction(Transaction {
        id: record_id(n),
        date: date("2024-02-29")?,
        amount: Some(Money::new(i64::MIN, made("KWD".parse::<Currency>())?)),
        name: "PEAR *SHOP '\"\\ \u{e9}\u{1f350}".to_owned(),
        merchant_name: Some("Pear".to_owned()),
        category: Some("FOOD_AND_DRINK".to_owned()),
        pending: true,
        supersedes: Some(record_id(n.wrapping_add(1))),
        recurring: true,
        account: Some("checking 1".to_owned()),
        minute: Some(1_439),
        has_own_id: true,
        extra: Some(r#"{"a": [1.50, null, "x"]}"#.to_owned()),
    }))
}

/// A transaction with none of them.
pub(super) fn bare_transaction(n: u8) -> Made<Record> {
    Ok(Record::Transaction(Transaction {
        id: record_id(n),
        date: date("1999-12-31")?,
        amount: None,
        name: String::new(),
        merchant_name: None,
        category: None,
        pending: false,
        supersedes: None,
        recurring: false,
        account: None,
        minute: None,
        has_own_id: false,
        extra: None,
    }))
}

/// A message with every optional field.
pub(super) fn full_message(n: u8) -> Made<Record> {
    Ok(Record::Message(Message {
        id: record_id(n),
        date: Some(date("2024-03-01")?),
        subject: "Your receipt \u{2116} 1".to_owned(),
        snippet: "Line\r\nbreaks\tand \u{0} zero".to_owned(),
        extra: Some(r#"{"labels":["INBOX"]}"#.to_owned()),
    }))
}

/// A message with none of them.
pub(super) const fn bare_message(n: u8) -> Record {
    Record::Message(Message {
        id: record_id(n),
        date: None,
        subject: String::new(),
        snippet: String::new(),
        extra: None,
    })
}

/// A feature with every field: two currencies and a day of messages.
pub(super) fn feature(text: &str, source: Source, confidence: f64) -> Made<UserFeature> {
    let euro = made("EUR".parse::<Currency>())?;
    let day = |text, count, amount| Ok(Day { date: date(text)?, count, amount });
    Ok(UserFeature {
        key: key(text)?,
        source,
        confidence: made(Confidence::new(confidence))?,
        count: u32::MAX,
        first_seen: Some(date("2024-01-02")?),
        last_seen: Some(date("2024-03-01")?),
        by_day: vec![
            day("2024-01-02", 0, None)?,
            day("2024-01-02", 1, Some(Money::new(-3, euro)))?,
            day("2024-03-01", 7, Some(Money::usd_cents(i64::MAX)))?,
        ],
    })
}

/// A feature with nothing but what it must have.
pub(super) fn bare_feature(text: &str, source: Source) -> Made<UserFeature> {
    Ok(UserFeature {
        count: 1,
        first_seen: None,
        last_seen: None,
        by_day: Vec::new(),
        ..feature(text, source, 1.0)?
    })
}

pub(super) const fn stored(origin: Origin, feature: UserFeature) -> StoredFeature {
    StoredFeature { origin, feature }
}

pub(super) fn support(text: &str, source: Source, record: u8) -> Made<Support> {
    Ok(Support { key: key(text)?, source, record: record_id(record) })
}

/// Numbers in `[0, 1)` that use every bit of their mantissa (a linear congruence).
pub(super) fn awkward(n: u64) -> f64 {
    let mixed = n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    f64::from_bits(0x3ff0_0000_0000_0000 | (mixed >> 12)) - 1.0
}

/// A result whose numbers are awkward ones: of the baseline set where `n` is even, else of the
/// evidence set.
fn result(n: u8) -> Made<MatchResult> {
    let seed = u64::from(n) * 64;
    let mut next = seed;
    let mut number = || {
        next += 1;
        awkward(next)
    };
    let set = SignalSet::ALL[usize::from(n % 2)];
    let signals = Signals::of_set(set, |_| number());
    let is_graded = set == SignalSet::Evidence;
    let mut graded = || is_graded.then(&mut number);
    let [recency, frequency, class_period] = [graded(), graded(), graded()];
    let score = number();
    Ok(MatchResult {
        settlement_id: settlement_id(n),
        score,
        signals,
        reasons: Reasons {
            matched_features: vec![key("merchant:uber")?, key("category:travel")?],
            predicate_passes: PredicatePasses { state: n.is_multiple_of(3) },
            confidence_breakdown: ConfidenceBreakdown { rules: number() },
            similarity: number(),
            recency,
            frequency,
            class_period,
            payout: number() * 1e-300,
            urgency: f64::from_bits(1),
            ease: 1.0 - f64::EPSILON / 2.0,
            score,
            truth: is_graded.then(|| Truth::ALL[usize::from(n / 2 % 3)]),
            contributions: is_graded.then(|| contributed(&mut number)),
            atoms: is_graded.then(atoms).transpose()?,
        },
        missing: if is_graded { every_missing()? } else { vec![Missing::State] },
    })
}

/// What each signal added, with weights of both signs and a zero below zero.
fn contributed(mut number: impl FnMut() -> f64) -> Vec<Contribution> {
    let of = |signal: Signal| {
        let (value, weight) = (number(), if signal == Signal::Ease { -0.0 } else { -3.5 });
        Contribution { signal, value, weight, contribution: weight * value }
    };
    Signal::ALL.map(of).into()
}

/// Atoms of each kind, with and without a word for what is missing.
fn atoms() -> Made<Atoms> {
    let atom = |path: &str, atom: &str, missing: Option<Missing>| AtomRef {
        path: path.to_owned(),
        atom: atom.to_owned(),
        missing,
    };
    let mut blocked = Vec::new();
    for (at, missing) in every_missing()?.into_iter().enumerate() {
        blocked.push(atom(&format!("$.all[{at}].none[0]"), "merchant:uber", Some(missing)));
    }
    Ok(Atoms {
        met: vec![atom("$.required_features[0]", "category:travel", None)],
        unknown: vec![atom("$.all[1].any[2]", "age", Some(Missing::DateOfBirth))],
        blocked,
    })
}

/// Every word for what keeps a rule from being met.
fn every_missing() -> Made<Vec<Missing>> {
    Ok(vec![
        Missing::Feature(key("merchant:delta")?),
        Missing::Evidence(key("subscription:active")?),
        Missing::State,
        Missing::Age,
        Missing::DateOfBirth,
        Missing::ExcludedFeature(key("category:travel")?),
        Missing::ExcludedState,
        Missing::ExcludedAge,
    ])
}

/// A run with results whose settlements are in descending order, and whose scores are in none.
pub(super) fn run(n: u8, user_id: UserId, started: i64, results: u8) -> Made<MatchRun> {
    Ok(MatchRun {
        id: run_id(n),
        user_id,
        experiment_key: made("matching-v2.x".parse())?,
        variant: Variant::RulesVector,
        started: at(started)?,
        completed: at(started + 1)?,
        candidate_count: 1_000,
        result_count: usize::from(results),
        metadata: RunMetadata {
            feature_count: 7,
            variant: Variant::RulesVectorRanker,
            weights_version: u32::MAX,
            forced: [None, Some(false), Some(true)][usize::from(n % 3)],
        },
        results: (0..results).rev().map(result).collect::<Made<_>>()?,
    })
}

/// An event about nobody.
pub(super) fn event(n: u8) -> Made<Event> {
    about(n, None, EventBody::CatalogImported { added: usize::from(n), changed: 0 })
}

pub(super) fn about(n: u8, user_id: Option<UserId>, body: EventBody) -> Made<Event> {
    Ok(Event { id: EventId::from_uuid(uuid(n)), at: at(i64::from(n))?, user_id, body })
}
