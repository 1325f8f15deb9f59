//! Made-up people and settlements for the tests of one store.

use payme_core::audit::{Event, EventBody};
use payme_core::catalog::{CatalogPlan, Settlement, parse_settlement};
use payme_core::evidence::{
    EvidenceChange, Origin, StoredEvidence, StoredFeature, Support, UserFeature, UserFeatures,
    parse_person_line,
};
use payme_core::sync::{Message, Record, SyncPlan};
use payme_core::types::{
    EventId, FeatureKey, Instant, Person, RecordId, SettlementId, Source, UserId, Version,
};
use uuid::Uuid;

pub(crate) fn user(n: u128) -> UserId {
    UserId::from_uuid(Uuid::from_u128(n))
}

pub(crate) fn settlement_id(n: u128) -> SettlementId {
    SettlementId::from_uuid(Uuid::from_u128(n))
}

pub(crate) fn key() -> FeatureKey {
    "merchant:uber".parse().unwrap()
}

pub(crate) fn event(n: u128) -> Event {
    Event {
        id: EventId::from_uuid(Uuid::from_u128(n)),
        at: Instant::from_micros(1_700_000_000_000_000).unwrap(),
        user_id: Some(user(n)),
        body: EventBody::PersonChanged,
    }
}

/// A change that gives a person one more message and counts the messages in a feature.
pub(crate) fn one_more(n: u128, before: Option<Version>) -> EvidenceChange {
    let count = before.map_or(1, |version| version.0 + 1);
    let record = RecordId::from_uuid(Uuid::from_u128((n << 64) | count.unsigned_abs() as u128));
    let message = Message {
        id: record,
        date: None,
        subject: format!("Receipt {count}"),
        snippet: "Thank you for riding".to_owned(),
        extra: None,
    };
    let mut feature = feature();
    feature.count = u32::try_from(count).unwrap();
    let person = Person::unknown(user(n));
    let stored = StoredEvidence { version: before, ..StoredEvidence::none(person.clone()) };
    EvidenceChange {
        person_changed: false,
        records: SyncPlan { added: vec![Record::Message(message)], ..SyncPlan::default() },
        features: vec![StoredFeature { origin: Origin::Records, feature }],
        support: vec![Support { key: key(), source: Source::Gmail, record }],
        ..EvidenceChange::of_person(&stored, person)
    }
}

fn feature() -> UserFeature {
    let text = r#"{"user_id": "00000000-0000-4000-8000-000000000001", "features": [
        {"key": "merchant:uber", "source": "gmail", "confidence": 0.75}]}"#;
    let user: UserFeatures = parse_person_line(text, 1).unwrap();
    user.features()[0].clone()
}

pub(crate) fn settlement(n: u128) -> Settlement {
    let id = settlement_id(n);
    let text = format!(
        r#"{{"id": "{id}", "title": "Settlement {n}", "claim_url": "https://s{n}.example/claim",
            "deadline": "2026-02-19T23:59:00Z", "payout_min_cents": 500, "payout_max_cents": 9900,
            "covered_brands": ["Brand {n}", "Other {n}"], "summary_text": "{}",
            "eligibility": {{"required_features": ["merchant:m{n}"], "states": ["CA", "NY"]}}}}"#,
        "What it is about. ".repeat(20)
    );
    parse_settlement(&text).unwrap()
}

pub(crate) fn adding(range: std::ops::Range<u128>) -> CatalogPlan {
    CatalogPlan { added: range.map(settlement).collect(), ..CatalogPlan::default() }
}
