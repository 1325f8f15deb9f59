//! Reading: what a person's records are read by.
//!
//! In: the catalogue, the merchants that were imported, and what was learned from corrections.
//! Out: a [`Reading`], the lexicon of mail and the directory of bank descriptors. Two readings that
//! are equal read every record the same.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use super::anomaly::Purchase;
use super::ledger::{Correction, LedgerEntry, corrected, view};
use super::merchant::{
    LearnedAliases, Merchant, MerchantDirectory, MerchantError, NamedDescriptor, personal_aliases,
};
use super::recurring::Charge;
use super::{Lexicon, LexiconError, StoredEvidence};
use crate::catalog::Settlement;
use crate::sync::{Record, StoredRecord, Transaction};
use crate::types::{FeatureKey, FeatureKind, RecordId, UserId, slug};

/// Why records cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadingError {
    /// The brand lexicon could not be built.
    #[error(transparent)]
    Lexicon(#[from] LexiconError),
    /// The directory of merchants could not be built.
    #[error(transparent)]
    Merchants(#[from] MerchantError),
}

impl ReadingError {
    /// The stable code of this error.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Lexicon(error) => error.code(),
            Self::Merchants(error) => error.code(),
        }
    }
}

/// Records as they are read.
pub(super) struct Identified<'a> {
    /// The records, by id.
    pub(super) records: Vec<Cow<'a, Record>>,
    /// Those whose merchant was found by their description alone.
    pub(super) resolved: BTreeSet<RecordId>,
    /// The normal forms of the descriptions for which no merchant was found.
    pub(super) normal_forms: HashMap<String, String>,
}

/// The lexicon and the directory that records are read by.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    lexicon: Lexicon,
    directory: MerchantDirectory,
}

impl Reading {
    /// What a catalogue, merchants and learned aliases give.
    ///
    /// The brands that settlements cover are merchants of the directory, too, so that a garbled
    /// descriptor finds the settlement it is evidence for.
    ///
    /// # Errors
    /// [`ReadingError`].
    pub fn new<'a>(
        settlements: impl IntoIterator<Item = &'a Settlement> + Clone,
        merchants: impl IntoIterator<Item = Merchant>,
        learned: &LearnedAliases,
    ) -> Result<Self, ReadingError> {
        let brands = settlements.clone().into_iter().flat_map(|one| &one.covered_brands);
        let brands = brands.map(|name| Merchant { name: name.clone(), aliases: Vec::new() });
        // A brand without a letter or digit has no key, so no record can speak of it.
        let all = merchants.into_iter().chain(brands.filter(|brand| brand.key().is_ok()));
        let directory = MerchantDirectory::new(all, learned.clone())?;
        Ok(Self { lexicon: Lexicon::for_catalog(settlements)?, directory })
    }

    /// The reading of mail by a lexicon, and of bank descriptors by nothing: each names itself.
    pub fn of_lexicon(lexicon: Lexicon) -> Self {
        Self { lexicon, directory: MerchantDirectory::empty() }
    }

    /// The words of mail.
    pub const fn lexicon(&self) -> &Lexicon {
        &self.lexicon
    }

    /// The merchants of bank descriptors.
    pub const fn directory(&self) -> &MerchantDirectory {
        &self.directory
    }

    /// The records as they are read: corrected, and with the merchant that the person said of the
    /// same descriptor, or that the directory finds, where neither a correction nor the provider
    /// names one.
    pub(super) fn identified<'a>(
        &self,
        records: impl IntoIterator<Item = &'a Record>,
        corrections: impl IntoIterator<Item = &'a Correction>,
    ) -> Identified<'a> {
        let records: Vec<&Record> = records.into_iter().collect();
        let corrections: Vec<&Correction> = corrections.into_iter().collect();
        let nobody = UserId::from_uuid(uuid::Uuid::nil());
        let said = self.said(nobody, &records, &corrections).into_iter().map(|(said, _)| said);
        let own = personal_aliases(&said.collect::<Vec<_>>(), nobody);
        let mut found: HashMap<String, Result<String, String>> = HashMap::new();
        let mut resolved = BTreeSet::new();
        let mut read = corrected(records, corrections);
        for record in &mut read {
            let Record::Transaction(transaction) = record.as_ref() else { continue };
            if transaction.merchant_name.is_some() {
                continue;
            }
            let decide = || self.directory.merchant_or_normal_form(&transaction.name, &own);
            let merchant = found.entry(transaction.name.clone()).or_insert_with(decide);
            if let Ok(merchant) = merchant {
                resolved.insert(transaction.id);
                let merchant_name = Some(merchant.clone());
                *record = Cow::Owned(Record::Transaction(Transaction {
                    merchant_name,
                    ..transaction.clone()
                }));
            }
        }
        let forms = found.into_iter().filter_map(|(name, found)| Some((name, found.err()?)));
        Identified { records: read, resolved, normal_forms: forms.collect() }
    }

    /// What a person said that descriptors mean, and whether each is a payment to a payee. A
    /// correction of a pending transaction speaks of the one that took its place. What has no word
    /// of its own, such as a bare `CHECK 1041`, means another merchant each time, so that nothing
    /// is to be learned from it.
    fn said(
        &self,
        user_id: UserId,
        records: &[&Record],
        corrections: &[&Correction],
    ) -> Vec<(NamedDescriptor, bool)> {
        // Most people correct nothing, and their records need not be looked at for it.
        if corrections.is_empty() {
            return Vec::new();
        }
        let by_record: HashMap<RecordId, &Correction> =
            corrections.iter().map(|one| (one.record(), *one)).collect();
        let entries = view(records.iter().copied(), corrections.iter().copied());
        let named = |entry: &LedgerEntry| {
            let ids = std::iter::once(entry.id()).chain(entry.stands_for.iter().copied());
            let mut own = ids.filter_map(|id| by_record.get(&id));
            let correction = own.find(|one| one.merchant().is_some())?;
            let rules = self.directory.rules();
            let cleaned = rules.clean(entry.description());
            rules.says_who(&cleaned.text).then(|| {
                let merchant = entry.merchant.clone();
                let (normal_form, at) = (cleaned.text, correction.at());
                (NamedDescriptor { user_id, normal_form, merchant, at }, cleaned.is_payee)
            })
        };
        entries.iter().filter_map(named).collect()
    }
}

/// The live records of a person.
pub(super) fn live(stored: &StoredEvidence) -> impl Iterator<Item = &Record> {
    stored.records.values().filter_map(StoredRecord::live)
}

/// What a person's corrections say that descriptors mean, to learn from: of merchants that the
/// directory has, and not of payees, who may be anybody's friends.
pub fn corrected_descriptors(stored: &StoredEvidence, reading: &Reading) -> Vec<NamedDescriptor> {
    let records: Vec<&Record> = live(stored).collect();
    let corrections: Vec<&Correction> = stored.corrections.values().collect();
    let said = reading.said(stored.person.user_id, &records, &corrections);
    let directory = reading.directory();
    let is_known = |one: &NamedDescriptor| {
        let key = FeatureKey::new(FeatureKind::Merchant, &one.merchant);
        key.is_ok_and(|key| directory.get(&key).is_some())
    };
    let public = said.into_iter().filter_map(|(one, is_payee)| (!is_payee).then_some(one));
    public.filter(is_known).collect()
}

/// A person's transactions as they see them, the newest first.
pub fn ledger_of(stored: &StoredEvidence, reading: &Reading) -> Vec<LedgerEntry> {
    let read = reading.identified(live(stored), stored.corrections.values());
    let merchants: HashMap<RecordId, &str> = read
        .records
        .iter()
        .filter_map(|record| match record.as_ref() {
            Record::Transaction(transaction) => Some((transaction.id, named(transaction))),
            Record::Message(_) => None,
        })
        .collect();
    let mut entries = view(live(stored), stored.corrections.values());
    for entry in &mut entries {
        if let Some(merchant) = merchants.get(&entry.id()) {
            (*merchant).clone_into(&mut entry.merchant);
        }
    }
    entries
}

/// Transactions that count, each with the merchant it is grouped by: names that make one feature
/// key are one merchant, and descriptors that nobody resolved are one by their normal form, which
/// leaves out what changes from charge to charge.
pub(super) struct Named<'a> {
    transactions: &'a [&'a Transaction],
    merchants: Vec<String>,
}

impl<'a> Named<'a> {
    /// The normal forms are those of the descriptors that nobody resolved.
    pub(super) fn new(
        transactions: &'a [&'a Transaction],
        normal_forms: &HashMap<String, String>,
    ) -> Self {
        let mut found: HashMap<&str, String> = HashMap::new();
        let mut group = |name: &'a str, is_descriptor: bool| {
            let read = || {
                let form = normal_forms.get(name).filter(|_| is_descriptor);
                let own = form.map_or(name, String::as_str);
                let texts = [slug(own), slug(name), name.to_lowercase()];
                texts.into_iter().find(|text| !text.is_empty()).unwrap_or_default()
            };
            found.entry(name).or_insert_with(read).clone()
        };
        let merchants =
            transactions.iter().map(|one| group(named(one), one.merchant_name.is_none())).collect();
        Self { transactions, merchants }
    }

    /// Them as recurrence reads them; a pending charge may still go away and is none.
    pub(super) fn charges(&self) -> Vec<Charge<'_>> {
        let each = self.transactions.iter().zip(&self.merchants);
        each.filter(|(transaction, _)| !transaction.pending)
            .map(|(transaction, merchant)| Charge {
                id: transaction.id,
                date: transaction.date,
                amount: transaction.amount,
                merchant,
            })
            .collect()
    }

    /// Them as anomalies read them.
    pub(super) fn purchases(&self) -> Vec<Purchase<'_>> {
        let each = self.transactions.iter().zip(&self.merchants);
        each.map(|(transaction, merchant)| Purchase {
            id: transaction.id,
            date: transaction.date,
            amount: transaction.amount,
            merchant,
            category: transaction.category.as_deref(),
            minute: transaction.minute,
        })
        .collect()
    }
}

/// Who a transaction was paid to.
pub(super) fn named(transaction: &Transaction) -> &str {
    transaction.merchant_name.as_deref().unwrap_or(&transaction.name)
}
