//! Mail of one user of a world, and what the lexicon has to find in it.

use std::collections::BTreeMap;

use payme_core::catalog::Settlement;
use payme_core::sync::{Message, Record, record_id};
use payme_core::types::{FeatureKey, FeatureKind, Source, UserId};

use super::random::{Purpose, Stream};
use super::{TODAY, day};

/// Words that name no brand and no built-in keyword; some only look like one.
const NOISE: [&str; 24] = [
    "your",
    "order",
    "has",
    "shipped",
    "receipt",
    "for",
    "the",
    "better",
    "alphabet",
    "statement",
    "is",
    "ready",
    "thank",
    "you",
    "weekly",
    "news",
    "from",
    "tuberculosis",
    "refund",
    "invoice",
    "reminder",
    "exuberant",
    "payment",
    "received",
];

/// Messages of one person.
#[derive(Debug, Clone)]
pub(crate) struct Mail {
    /// The messages.
    pub(crate) records: Vec<Record>,
    /// In how many messages each merchant is named.
    pub(crate) named: BTreeMap<FeatureKey, u32>,
}

impl Mail {
    /// So many messages; half of them name a merchant that a settlement covers. The subject and
    /// the snippet have 20 words of noise together, about 120 bytes.
    pub(super) fn generate(seed: u64, settlements: &[Settlement], messages: usize) -> Self {
        let brands: Vec<&str> = settlements
            .iter()
            .flat_map(|settlement| settlement.covered_brands.iter().map(String::as_str))
            .collect();
        let person = Stream::new(seed, Purpose::Message, u32::MAX as usize).uuid();
        let person: UserId = person.parse().expect("a UUID");
        let mut mail = Self { records: Vec::with_capacity(messages), named: BTreeMap::new() };
        for number in 0..messages {
            let stream = &mut Stream::new(seed, Purpose::Message, number);
            let mut subject = noise(stream, 6);
            let snippet = noise(stream, 14);
            if !brands.is_empty() && stream.percent(50) {
                let brand = stream.pick(&brands);
                subject = format!("{brand}: {subject}");
                let key = FeatureKey::new(FeatureKind::Merchant, brand).expect("a merchant");
                *mail.named.entry(key).or_default() += 1;
            }
            mail.records.push(Record::Message(Message {
                id: record_id(person, Source::Gmail, &number.to_string()),
                date: Some(day(TODAY, 0, stream.between(1, 2_000))),
                subject,
                snippet,
                extra: None,
            }));
        }
        mail
    }
}

fn noise(stream: &mut Stream, words: usize) -> String {
    (0..words).map(|_| stream.pick(&NOISE)).collect::<Vec<_>>().join(" ")
}
