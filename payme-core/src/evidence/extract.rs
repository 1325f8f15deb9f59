//! From records to features: counting, dating and netting, with the records behind each feature.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::anomaly::{Anomaly, anomalies};
use super::feature::day_key;
use super::ledger::Correction;
use super::reading::{Named, named};
use super::recurring::{streams, subscription_features};
use super::{Day, Lexicon, Reading, UserFeature};
use crate::sync::{Message, Record, Transaction};
use crate::types::{Confidence, Currency, Date, FeatureKey, FeatureKind, Money, RecordId, Source};

/// That a record supports a feature.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Support {
    /// The feature.
    pub key: FeatureKey,
    /// The feature's source.
    pub source: Source,
    /// The record.
    pub record: RecordId,
}

/// What one person's records say.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Extraction {
    /// The features, by key and then source.
    pub features: Vec<UserFeature>,
    /// For each feature the records behind it.
    pub support: BTreeSet<Support>,
    /// The transactions that are unusual for the person, and how much.
    pub anomalies: BTreeMap<RecordId, f64>,
}

/// Reads features out of records. The order of the records and corrections does not matter.
///
/// A transaction speaks of its merchant, as the person, the provider or the directory names it, of
/// its category, and of `subscription:` features when it recurs: by the provider's word, or as part
/// of a stream. A message speaks of what the lexicon finds in its subject and snippet. A pending
/// transaction that a posted one took the place of says nothing.
pub fn extract<'a>(
    records: impl IntoIterator<Item = &'a Record>,
    corrections: impl IntoIterator<Item = &'a Correction>,
    reading: &Reading,
) -> Extraction {
    let read = reading.identified(records, corrections);
    let counted = counted(&read.records);
    let transactions = transactions(&counted);
    let groups = Named::new(&transactions, &read.normal_forms);
    let subscriptions = subscriptions(&transactions, &groups, reading.lexicon());
    let mut tallies: BTreeMap<(FeatureKey, Source), Tally> = BTreeMap::new();
    let mut support = BTreeSet::new();
    for record in counted {
        let own = read.resolved.contains(&record.id()).then(|| described(record)).flatten();
        let mut keys = keys_of(record, reading.lexicon(), &subscriptions);
        keys.extend(own);
        for key in keys {
            tallies.entry((key.clone(), record.source())).or_default().add(record);
            support.insert(Support { key, source: record.source(), record: record.id() });
        }
    }
    let features =
        tallies.into_iter().map(|((key, source), tally)| tally.feature(key, source)).collect();
    let unusual = anomalies(&groups.purchases()).into_iter().filter(Anomaly::is_indexed);
    let anomalies = unusual.map(|one| (one.record, one.score)).collect();
    Extraction { features, support, anomalies }
}

/// The records that count: without the pending ones that a posted one took the place of. By id.
pub(super) fn counted<'a>(read: &'a [Cow<'_, Record>]) -> Vec<&'a Record> {
    let records: BTreeMap<RecordId, &Record> =
        read.iter().map(|record| (record.id(), record.as_ref())).collect();
    let superseded = superseded(&records);
    records.into_values().filter(|record| !superseded.contains(&record.id())).collect()
}

/// The transactions among records.
pub(super) fn transactions<'a>(records: &[&'a Record]) -> Vec<&'a Transaction> {
    let transaction = |record: &&'a Record| match *record {
        Record::Transaction(transaction) => Some(transaction),
        Record::Message(_) => None,
    };
    records.iter().filter_map(transaction).collect()
}

/// The `subscription:` features that streams speak of, by record.
///
/// A stream whose merchant the lexicon knows as a subscription speaks of that one, too.
fn subscriptions(
    transactions: &[&Transaction],
    groups: &Named<'_>,
    lexicon: &Lexicon,
) -> BTreeMap<RecordId, BTreeSet<FeatureKey>> {
    let mut keys: BTreeMap<RecordId, BTreeSet<FeatureKey>> = BTreeMap::new();
    for (key, records) in subscription_features(&streams(&groups.charges())) {
        for record in records {
            keys.entry(record).or_default().insert(key.clone());
        }
    }
    for transaction in transactions {
        if let Some(keys) = keys.get_mut(&transaction.id) {
            let known = lexicon.find(named(transaction)).into_iter();
            keys.extend(known.filter(|key| key.kind() == FeatureKind::Subscription).cloned());
        }
    }
    keys
}

/// The pending transactions that a posted one names as its own.
pub(super) fn superseded(records: &BTreeMap<RecordId, &Record>) -> BTreeSet<RecordId> {
    let posted = records.values().filter_map(|record| match record {
        Record::Transaction(transaction) if !transaction.pending => transaction.supersedes,
        Record::Transaction(_) | Record::Message(_) => None,
    });
    let is_pending = |id: &RecordId| match records.get(id) {
        Some(Record::Transaction(transaction)) => transaction.pending,
        Some(Record::Message(_)) | None => false,
    };
    posted.filter(is_pending).collect()
}

fn keys_of(
    record: &Record,
    lexicon: &Lexicon,
    subscriptions: &BTreeMap<RecordId, BTreeSet<FeatureKey>>,
) -> BTreeSet<FeatureKey> {
    match record {
        Record::Transaction(transaction) => {
            let streams = subscriptions.get(&transaction.id).into_iter().flatten().cloned();
            transaction_keys(transaction).chain(streams).collect()
        }
        Record::Message(Message { subject, snippet, .. }) => {
            lexicon.find(&format!("{subject} {snippet}")).into_iter().cloned().collect()
        }
    }
}

/// What a transaction's own description speaks of. A directory that resolves it adds to that and
/// never takes it away: a settlement may seek those very words.
fn described(record: &Record) -> Option<FeatureKey> {
    match record {
        Record::Transaction(one) => FeatureKey::new(FeatureKind::Merchant, &one.name).ok(),
        Record::Message(_) => None,
    }
}

fn transaction_keys(transaction: &Transaction) -> impl Iterator<Item = FeatureKey> {
    // A name without a letter that a key can have does not take away what the bank's own says.
    let names = [named(transaction), &transaction.name];
    let merchant = names.into_iter().find_map(|n| FeatureKey::new(FeatureKind::Merchant, n).ok());
    let category = transaction.category.as_deref();
    let category = category.and_then(|name| FeatureKey::new(FeatureKind::Category, name).ok());
    let recurs = || FeatureKey::new(FeatureKind::Subscription, "active").ok();
    [merchant, category, transaction.recurring.then(recurs).flatten()].into_iter().flatten()
}

/// What is known of one feature so far.
#[derive(Default)]
struct Tally {
    count: u32,
    first: Option<Date>,
    last: Option<Date>,
    /// Purchases or messages, and the net amount, of each day and currency. The amount is wider
    /// than money so that a sum in any order comes out the same before it is narrowed.
    days: BTreeMap<(Date, Option<Currency>), (u32, i128)>,
}

impl Tally {
    fn add(&mut self, record: &Record) {
        self.count = self.count.saturating_add(1);
        let (date, amount) = match record {
            Record::Transaction(transaction) => (Some(transaction.date), transaction.amount),
            Record::Message(message) => (message.date, None),
        };
        let Some(date) = date else { return };
        self.first = Some(self.first.map_or(date, |first| first.min(date)));
        self.last = Some(self.last.map_or(date, |last| last.max(date)));
        let minor = amount.map_or(0, Money::minor);
        let is_refund = minor < 0;
        let day = self.days.entry((date, amount.map(Money::currency))).or_default();
        day.0 = day.0.saturating_add(u32::from(!is_refund));
        day.1 = day.1.saturating_add(i128::from(minor));
    }

    fn feature(self, key: FeatureKey, source: Source) -> UserFeature {
        let most = i128::from(i64::MAX);
        let clamp = |net: i128| i64::try_from(net.clamp(-most, most)).unwrap_or(i64::MAX);
        let mut by_day: Vec<Day> = self
            .days
            .into_iter()
            .map(|((date, currency), (count, net))| Day {
                date,
                count,
                amount: currency.map(|currency| Money::new(clamp(net), currency)),
            })
            .collect();
        by_day.sort_by_key(day_key);
        UserFeature {
            key,
            source,
            confidence: Confidence::from_count(self.count),
            count: self.count,
            first_seen: self.first,
            last_seen: self.last,
            by_day,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sync::tests_support::{message, transaction};

    fn reading() -> Reading {
        Reading::of_lexicon(Lexicon::for_catalog([]).unwrap())
    }

    fn run(records: &[Record]) -> Extraction {
        extract(records, [], &reading())
    }

    fn keys(extraction: &Extraction) -> Vec<String> {
        let name = |f: &UserFeature| format!("{} {} {}", f.key, f.source.as_str(), f.count);
        extraction.features.iter().map(name).collect()
    }

    #[test]
    fn a_transaction_speaks_of_merchant_category_and_recurrence() {
        let mut one = transaction(1, "2024-03-25", 540, "Uber");
        one.category = Some("TRANSPORTATION".to_owned());
        one.recurring = true;
        let mut two = transaction(2, "2024-03-22", 1200, "");
        two.merchant_name = None;
        two.name = "McDonald's".to_owned();
        let mut three = transaction(3, "2024-03-22", 1, "");
        three.merchant_name = None;
        three.name = "\u{1f355}".to_owned();
        let extraction = run(&[one, two, three].map(Record::Transaction));
        assert_eq!(
            keys(&extraction),
            [
                "category:transportation plaid 1",
                "merchant:mcdonald_s plaid 1",
                "merchant:uber plaid 1",
                "subscription:active plaid 1",
            ]
        );
    }

    #[test]
    fn refunds_are_netted_by_day_and_count_as_records() {
        let records = [
            transaction(1, "2024-03-25", 540, "Uber"),
            transaction(2, "2024-03-25", -200, "Uber"),
            transaction(3, "2024-03-20", -500, "Uber"),
        ]
        .map(Record::Transaction);
        let extraction = run(&records);
        let feature = &extraction.features[0];
        assert_eq!(feature.count, 3);
        assert!((feature.confidence.get() - 0.85).abs() < 1e-12);
        let days: Vec<_> = feature
            .by_day
            .iter()
            .map(|d| (d.date.to_string(), d.count, d.amount.unwrap().minor()))
            .collect();
        assert_eq!(days, [("2024-03-20".to_owned(), 0, -500), ("2024-03-25".to_owned(), 1, 340)]);
        assert_eq!(feature.first_seen.unwrap().to_string(), "2024-03-20");
        assert_eq!(extraction.support.len(), 3);
    }

    #[test]
    fn a_posted_transaction_silences_the_pending_one_whichever_came_first() {
        let mut pending = transaction(1, "2024-03-24", 540, "Uber");
        pending.pending = true;
        let mut posted = transaction(2, "2024-03-25", 560, "Uber");
        posted.supersedes = Some(pending.id);
        let [pending, posted] = [pending, posted].map(Record::Transaction);
        for records in [[pending.clone(), posted.clone()], [posted, pending]] {
            let extraction = run(&records);
            assert_eq!(keys(&extraction), ["merchant:uber plaid 1"]);
            assert_eq!(extraction.features[0].by_day[0].amount, Some(Money::usd_cents(560)));
        }
    }

    #[test]
    fn transactions_that_name_themselves_or_each_other_are_not_lost() {
        let mut one = transaction(1, "2024-03-24", 540, "Uber");
        let mut two = transaction(2, "2024-03-25", 540, "Uber");
        let mut three = transaction(3, "2024-03-25", 540, "Uber");
        (one.supersedes, two.supersedes) = (Some(two.id), Some(one.id));
        three.supersedes = Some(three.id);
        let extraction = run(&[one, two, three].map(Record::Transaction));
        assert_eq!(keys(&extraction), ["merchant:uber plaid 3"]);
    }

    #[test]
    fn a_message_speaks_of_each_feature_once() {
        let records = [
            Record::Message(message(1, "2024-05-01", "Uber, Uber", "uber")),
            Record::Message(message(2, "2024-05-02", "Your tuberculosis test", "better")),
        ];
        let extraction = run(&records);
        assert_eq!(keys(&extraction), ["merchant:uber gmail 1"]);
        assert_eq!(extraction.features[0].by_day[0].amount, None);
    }

    #[test]
    fn currencies_are_not_mixed_and_huge_amounts_do_not_wrap() {
        let mut euro = transaction(1, "2024-03-25", 100, "Uber");
        euro.amount = Some(Money::new(100, "EUR".parse().unwrap()));
        let mut none = transaction(4, "2024-03-25", 100, "Uber");
        none.amount = None;
        let huge = |id| transaction(id, "2024-03-25", i64::MAX, "Uber");
        let extraction = run(&[euro, huge(2), huge(3), none].map(Record::Transaction));
        let amounts: Vec<_> = extraction.features[0]
            .by_day
            .iter()
            .map(|day| (day.count, day.amount.map(Money::minor)))
            .collect();
        assert_eq!(amounts, [(1, None), (1, Some(100)), (2, Some(i64::MAX))]);
    }

    fn any_record() -> impl Strategy<Value = Record> {
        (0_u128..40, 1_u8..28, -500_i64..500, 0_usize..3, prop::option::of(0_u128..40)).prop_map(
            |(id, day, cents, merchant, supersedes)| {
                let date = format!("2024-01-{day:02}");
                let mut one = transaction(id, &date, cents, ["Uber", "Starbucks", "***"][merchant]);
                one.supersedes =
                    supersedes.map(|id| RecordId::from_uuid(uuid::Uuid::from_u128(id)));
                Record::Transaction(one)
            },
        )
    }

    proptest! {
        #[test]
        fn the_order_of_records_does_not_matter(
            records in prop::collection::btree_map(0_u128..40, any_record(), 0..20),
        ) {
            let by_id: BTreeMap<RecordId, Record> = records.into_values().map(|r| (r.id(), r)).collect();
            let forward: Vec<_> = by_id.values().cloned().collect();
            let backward: Vec<_> = by_id.values().rev().cloned().collect();
            prop_assert_eq!(run(&forward), run(&backward));
        }

        #[test]
        fn every_feature_names_the_records_behind_it(records in prop::collection::vec(any_record(), 0..20)) {
            let extraction = run(&records);
            for feature in &extraction.features {
                let behind = extraction.support.iter().filter(|s| s.key == feature.key && s.source == feature.source).count();
                prop_assert_eq!(behind, feature.count as usize);
            }
            let total: u32 = extraction.features.iter().map(|f| f.count).sum();
            prop_assert_eq!(total as usize, extraction.support.len());
        }
    }
}
