//! What a person sees of their bank records: one entry for each that counts, corrected.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};

use super::correction::{CorrectedField, Correction, Corrections, Effective};
use crate::evidence::extract::superseded;
use crate::sync::{Record, Transaction};
use crate::types::{Date, Money, RecordId};

/// Whose id a bank record carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntrySource {
    /// The provider's own: it tells one purchase from another by itself.
    Provider,
    /// None: it came in a file without ids, and its id is made of what the row says.
    File,
}

impl EntrySource {
    /// Every source, in the order of this list.
    pub const ALL: [Self; 2] = [Self::Provider, Self::File];

    /// The word used in files and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Provider => "provider",
            Self::File => "file",
        }
    }

    /// Reads the word of [`EntrySource::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.as_str() == text)
    }
}

/// A bank record as its owner sees it.
///
/// Debug shows the record's id alone. As JSON it is one flat object: `amount` is the decimal number
/// as text, absent values are null, `corrected` lists the fields the person corrected.
#[derive(Clone, PartialEq, Eq)]
pub struct LedgerEntry {
    /// The record as the bank has it.
    pub transaction: Transaction,
    /// Who was paid: as corrected, else the provider's merchant, else the bank's description.
    pub merchant: String,
    /// What for: as corrected, else as the provider says.
    pub category: Option<String>,
    /// The person's note.
    pub note: Option<String>,
    /// Which of merchant, category and note are the person's own, in the order of
    /// [`CorrectedField::ALL`].
    pub corrected: Vec<CorrectedField>,
    /// The pending transactions that this one took the place of, the nearest first: corrections of
    /// them count for it, too.
    pub stands_for: Vec<RecordId>,
}

impl LedgerEntry {
    fn new(
        transaction: &Transaction,
        effective: &Effective<'_>,
        stands_for: Vec<RecordId>,
    ) -> Self {
        let provided = transaction.merchant_name.as_deref().unwrap_or(&transaction.name);
        let said = [effective.merchant, effective.category, effective.note];
        let own = CorrectedField::ALL.into_iter().zip(said).filter(|(_, said)| said.is_some());
        Self {
            merchant: effective.merchant.unwrap_or(provided).to_owned(),
            category: effective.category.or(transaction.category.as_deref()).map(str::to_owned),
            note: effective.note.map(str::to_owned),
            corrected: own.map(|(field, _)| field).collect(),
            stands_for,
            transaction: transaction.clone(),
        }
    }

    /// The record's id.
    pub const fn id(&self) -> RecordId {
        self.transaction.id
    }

    /// The day it happened.
    pub const fn date(&self) -> Date {
        self.transaction.date
    }

    /// The amount, positive when money left the account; `None` in an unknown currency.
    pub const fn amount(&self) -> Option<Money> {
        self.transaction.amount
    }

    /// The bank's description.
    pub fn description(&self) -> &str {
        &self.transaction.name
    }

    /// Whose id it carries.
    pub const fn source(&self) -> EntrySource {
        if self.transaction.has_own_id { EntrySource::Provider } else { EntrySource::File }
    }

    /// The order entries are shown in: the newest day first, of one day by id.
    pub(super) fn order(&self) -> (std::cmp::Reverse<Date>, RecordId) {
        (std::cmp::Reverse(self.date()), self.id())
    }
}

impl fmt::Debug for LedgerEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LedgerEntry").field("id", &self.id()).finish_non_exhaustive()
    }
}

impl Serialize for LedgerEntry {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let amount = self.amount().map(|money| money.to_string());
        let amount = amount.as_deref().and_then(|text| text.split_once(' '));
        let time = self.transaction.minute.map(|m| format!("{:02}:{:02}", m / 60, m % 60));
        let mut entry = out.serialize_struct("LedgerEntry", 13)?;
        entry.serialize_field("id", &self.id())?;
        entry.serialize_field("date", &self.date().to_string())?;
        entry.serialize_field("time", &time)?;
        entry.serialize_field("amount", &amount.map(|(number, _)| number))?;
        entry.serialize_field("currency", &amount.map(|(_, code)| code))?;
        entry.serialize_field("merchant", &self.merchant)?;
        entry.serialize_field("description", self.description())?;
        entry.serialize_field("category", &self.category)?;
        entry.serialize_field("note", &self.note)?;
        entry.serialize_field("account", &self.transaction.account)?;
        entry.serialize_field("source", self.source().as_str())?;
        entry.serialize_field("pending", &self.transaction.pending)?;
        entry.serialize_field("corrected", &self.corrected)?;
        entry.end()
    }
}

/// The entries of one person: every bank record that counts, with what the person corrected of it.
///
/// A pending transaction that a posted one took the place of is not shown. Its corrections follow
/// to the posted one, over any number of steps; the posted one's own come first, field by field.
/// Corrections of records that are not there show nowhere. The newest day first, of one day by
/// id; the order of records and corrections never matters.
///
/// ```
/// use payme_core::evidence::ledger::{Correction, view};
/// use payme_core::sync::Record;
/// use payme_core::types::Instant;
/// let id = "6f1d2c3b-4a59-4e68-8d77-0123456789ab".parse()?;
/// let stored = r#"{"v1": "transaction", "date": "2024-02-29", "amount": [450, "USD"],
///     "name": "SQ *BLU 0412", "pending": false, "recurring": false}"#;
/// let record = Record::from_stored(id, stored).ok_or("no record")?;
/// let at = Instant::parse("2026-02-01T00:00:00Z")?;
/// let said = Correction::new(id, Some("Blue Bottle"), None, None, at)?;
/// let entries = view([&record], [&said]);
/// assert_eq!(entries[0].merchant, "Blue Bottle");
/// assert_eq!(entries[0].description(), "SQ *BLU 0412");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn view<'a>(
    records: impl IntoIterator<Item = &'a Record>,
    corrections: impl IntoIterator<Item = &'a Correction>,
) -> Vec<LedgerEntry> {
    let records: BTreeMap<RecordId, &Record> =
        records.into_iter().map(|record| (record.id(), record)).collect();
    let corrections = Corrections::new(corrections);
    let superseded = superseded(&records);
    let shown = records.values().filter(|record| !superseded.contains(&record.id()));
    let mut entries: Vec<LedgerEntry> = shown
        .filter_map(|record| match record {
            Record::Transaction(transaction) => Some(transaction),
            Record::Message(_) => None,
        })
        .map(|transaction| {
            let chain = Corrections::chain(transaction, &records, &superseded);
            let effective = corrections.of_chain(&chain);
            LedgerEntry::new(transaction, &effective, chain.into_iter().skip(1).collect())
        })
        .collect();
    entries.sort_by_key(LedgerEntry::order);
    entries
}

/// The records with the person's word in place of the provider's: a corrected merchant as
/// `merchant_name`, a corrected category as `category`. By id.
///
/// This is what evidence is extracted from: a correction follows as it does in [`view`], and a
/// record without one is the very record that came in.
pub fn corrected<'a>(
    records: impl IntoIterator<Item = &'a Record>,
    corrections: impl IntoIterator<Item = &'a Correction>,
) -> Vec<Cow<'a, Record>> {
    let records: BTreeMap<RecordId, &'a Record> =
        records.into_iter().map(|record| (record.id(), record)).collect();
    let corrections = Corrections::new(corrections);
    let superseded = superseded(&records);
    let after = |record: &&'a Record| {
        let Record::Transaction(transaction) = *record else { return Cow::Borrowed(*record) };
        let chain = Corrections::chain(transaction, &records, &superseded);
        let said = corrections.of_chain(&chain);
        if said.merchant.is_none() && said.category.is_none() {
            return Cow::Borrowed(*record);
        }
        let or = |said: Option<&str>, own: &Option<String>| said.map(str::to_owned).or(own.clone());
        Cow::Owned(Record::Transaction(Transaction {
            merchant_name: or(said.merchant, &transaction.merchant_name),
            category: or(said.category, &transaction.category),
            ..transaction.clone()
        }))
    };
    records.values().map(after).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::evidence::{Lexicon, Reading, extract};
    use crate::sync::tests_support::{message, transaction};
    use crate::types::Instant;

    fn id(n: u128) -> RecordId {
        RecordId::from_uuid(uuid::Uuid::from_u128(n))
    }

    fn said(
        n: u128,
        merchant: Option<&str>,
        category: Option<&str>,
        note: Option<&str>,
    ) -> Correction {
        let at = Instant::parse("2026-02-01T00:00:00Z").unwrap();
        Correction::new(id(n), merchant, category, note, at).unwrap()
    }

    fn record(n: u128, pending: bool, supersedes: Option<u128>) -> Record {
        let mut one = transaction(n, "2024-03-01", 500, "Uber");
        (one.pending, one.supersedes) = (pending, supersedes.map(id));
        Record::Transaction(one)
    }

    fn shown(
        records: &[Record],
        corrections: &[Correction],
    ) -> Vec<(u128, String, Option<String>, Option<String>)> {
        let entries = view(records, corrections);
        entries
            .into_iter()
            .map(|e| (e.id().uuid().as_u128(), e.merchant, e.category, e.note))
            .collect()
    }

    #[test]
    fn an_entry_is_named_by_the_person_the_provider_or_the_bank() {
        let named = Record::Transaction(transaction(1, "2024-03-02", 500, "Uber"));
        let mut plain = transaction(2, "2024-03-01", 500, "Uber");
        plain.merchant_name = None;
        plain.category = Some("TRAVEL".to_owned());
        let records = [
            named,
            Record::Transaction(plain),
            Record::Message(message(3, "2024-03-01", "a", "b")),
        ];
        let own = |text: &str| Some(text.to_owned());
        assert_eq!(
            shown(&records, &[]),
            [(1, "Uber".to_owned(), None, None), (2, "Uber #1".to_owned(), own("TRAVEL"), None)]
        );
        let corrections = [
            said(1, Some("Lyft"), None, None),
            said(2, None, Some("FUN"), Some("gift")),
            said(9, Some("x"), None, None),
        ];
        let after = shown(&records, &corrections);
        assert_eq!(
            after,
            [
                (1, "Lyft".to_owned(), None, None),
                (2, "Uber #1".to_owned(), own("FUN"), own("gift"))
            ]
        );
        let corrected: Vec<_> =
            view(&records, &corrections).into_iter().map(|e| e.corrected).collect();
        assert_eq!(
            corrected,
            [vec![CorrectedField::Merchant], vec![CorrectedField::Category, CorrectedField::Note]]
        );
    }

    #[test]
    fn a_correction_follows_a_pending_transaction_to_its_posted_one() {
        let corrections =
            [said(1, Some("A"), Some("B"), None), said(2, None, Some("C"), Some("n"))];
        let own = |text: &str| Some(text.to_owned());
        let posted = record(3, false, Some(2));
        let both = (3, "A".to_owned(), own("C"), own("n"));
        #[rustfmt::skip]
        let table: [(&str, Vec<Record>, Vec<_>); 7] = [
            ("two steps, the first gone",  vec![record(2, true, Some(1)), posted.clone()], vec![both]),
            ("one step, the pending gone", vec![posted.clone()], vec![(3, "Uber".to_owned(), own("C"), own("n"))]),
            ("the posted one gone",        vec![], vec![]),
            // Only a posted one takes a pending one's place, so 1 is shown and keeps its own.
            ("pending named by pending",   vec![record(1, true, None), record(2, true, Some(1)), posted.clone()],
                vec![(1, "A".to_owned(), own("B"), None), (3, "Uber".to_owned(), own("C"), own("n"))]),
            ("a posted one is named",      vec![record(2, false, None), posted],
                vec![(2, "Uber".to_owned(), own("C"), own("n")), (3, "Uber".to_owned(), None, None)]),
            ("names itself",               vec![record(2, false, Some(2))], vec![(2, "Uber".to_owned(), own("C"), own("n"))]),
            ("a mail is named",            vec![record(3, false, Some(2)), Record::Message(message(2, "2024-03-01", "a", "b"))],
                vec![(3, "Uber".to_owned(), None, None)]),
        ];
        for (what, records, expected) in table {
            assert_eq!(shown(&records, &corrections), expected, "{what}");
        }
    }

    #[test]
    fn a_correction_survives_a_re_sync_and_takes_no_other_record() {
        let corrections = [said(1, Some("Lyft"), None, None)];
        let mut changed = transaction(1, "2024-04-01", 700, "Uber Eats");
        changed.category = Some("FOOD".to_owned());
        let other = record(2, false, None);
        let entries = view([&Record::Transaction(changed), &other], &corrections);
        assert_eq!(
            (entries[0].merchant.as_str(), entries[0].amount()),
            ("Lyft", Some(Money::usd_cents(700)))
        );
        assert_eq!(entries[1].merchant, "Uber");
        assert_eq!(shown(&[other], &corrections), [(2, "Uber".to_owned(), None, None)]);
    }

    #[test]
    fn of_two_corrections_of_one_record_the_later_counts() {
        let at = |day| Instant::parse(&format!("2026-02-0{day}T00:00:00Z")).unwrap();
        let [early, late] = [(1, "A"), (2, "B")]
            .map(|(day, name)| Correction::new(id(1), Some(name), None, None, at(day)).unwrap());
        let records = [record(1, false, None)];
        for corrections in [[early.clone(), late.clone()], [late, early]] {
            assert_eq!(view(&records, &corrections)[0].merchant, "B");
        }
    }

    #[test]
    fn evidence_speaks_of_what_the_person_said() {
        let records = [
            record(1, true, None),
            record(2, false, Some(1)),
            Record::Message(message(3, "2024-03-01", "a", "b")),
        ];
        let corrections = [said(1, Some("Corner Bakery"), Some("Food"), Some("n"))];
        let after = corrected(&records, &corrections);
        assert!(matches!(after[0], Cow::Owned(_)) && matches!(after[2], Cow::Borrowed(_)));
        let reading = Reading::of_lexicon(Lexicon::new([]).unwrap());
        let keys: Vec<_> = extract(&records, &corrections, &reading)
            .features
            .into_iter()
            .map(|f| f.key.to_string())
            .collect();
        assert_eq!(keys, ["category:food", "merchant:corner_bakery"]);
    }

    #[test]
    fn an_entry_as_json_is_flat_and_exact() {
        let mut one = transaction(1, "2024-03-01", -5, "Uber");
        (one.minute, one.account) = (Some(65), Some("acc".to_owned()));
        let [entry] = view([&Record::Transaction(one)], [&said(1, None, Some("TRAVEL"), None)])
            .try_into()
            .unwrap();
        let expected =
            r##"{"id":"00000000-0000-0000-0000-000000000001","date":"2024-03-01","time":"01:05","##
                .to_owned()
                + r##""amount":"-0.05","currency":"USD","merchant":"Uber","description":"Uber #1","category":"TRAVEL","##
                + r##""note":null,"account":"acc","source":"file","pending":false,"corrected":["category"]}"##;
        assert_eq!(serde_json::to_string(&entry).unwrap(), expected);
        assert!(!format!("{entry:?}").contains("Uber"));
    }

    fn any_records() -> impl Strategy<Value = Vec<Record>> {
        let one = (any::<bool>(), prop::option::of(0_u128..8), 1_u8..28);
        prop::collection::btree_map(0_u128..8, one, 0..8).prop_map(|records| {
            let made = records.into_iter().map(|(n, (pending, supersedes, day))| {
                let mut one = transaction(n, &format!("2024-01-{day:02}"), 500, "Uber");
                (one.pending, one.supersedes) = (pending, supersedes.map(id));
                Record::Transaction(one)
            });
            made.collect()
        })
    }

    fn any_corrections() -> impl Strategy<Value = Vec<Correction>> {
        let one = (0_u128..10, prop::option::of("[ab]"), prop::option::of("[cd]"));
        prop::collection::vec(one, 0..8).prop_map(|all| {
            all.into_iter()
                .map(|(n, merchant, category)| {
                    said(n, merchant.as_deref(), category.as_deref(), Some("n"))
                })
                .collect()
        })
    }

    proptest! {
        #[test]
        fn the_order_of_records_and_corrections_never_matters(
            records in any_records(), corrections in any_corrections(),
        ) {
            let forward = view(&records, &corrections);
            let backward = view(records.iter().rev(), corrections.iter().rev());
            prop_assert_eq!(&forward, &backward);
            prop_assert!(forward.is_sorted_by_key(LedgerEntry::order));
        }

        #[test]
        fn the_entries_are_what_evidence_counts(
            records in any_records(), corrections in any_corrections(),
        ) {
            let reading = Reading::of_lexicon(Lexicon::new([]).unwrap());
            let support = extract(&records, &corrections, &reading).support;
            let counted: std::collections::BTreeSet<_> = support.into_iter().map(|s| s.record).collect();
            let shown: std::collections::BTreeSet<_> = view(&records, &corrections).iter().map(LedgerEntry::id).collect();
            prop_assert_eq!(counted, shown);
        }

        #[test]
        fn corrected_records_show_the_same_merchants_and_categories(
            records in any_records(), corrections in any_corrections(),
        ) {
            let after = corrected(&records, &corrections);
            let plain: Vec<_> = view(after.iter().map(AsRef::as_ref), []).into_iter().map(|e| (e.id(), e.merchant, e.category)).collect();
            let laid_over: Vec<_> = view(&records, &corrections).into_iter().map(|e| (e.id(), e.merchant, e.category)).collect();
            prop_assert_eq!(plain, laid_over);
        }
    }
}
