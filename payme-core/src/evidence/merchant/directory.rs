//! The directory of merchants, and the candidates for a descriptor.
//!
//! In: merchants with aliases, and aliases learned from corrections. Out: for a descriptor the
//! [`Candidate`]s, best first: by [`Tier`], then by score, then by how much of the descriptor the
//! entry explains, then by name. The order of the merchants given never matters.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use super::closeness::closeness;
use super::file::{Merchant, MerchantError};
use super::learn::LearnedAliases;
use super::normalise::{Cleaned, Reading};
use super::rules::DescriptorRules;
use super::token::{skeleton, squash};
use crate::text::TrigramIndex;
use crate::types::{FeatureKey, FeatureKind};

/// Names are looked for whose similarity is above this, as `pg_trgm` does by default.
pub const SIMILARITY_MIN: f32 = 0.3;
/// A beginning of a name has at least so many letters.
const PREFIX_MIN: usize = 5;
/// Of the entries similar to one spelling so many are looked at.
const SIMILAR_MAX: usize = 20;
/// Of the entries with one beginning so many are looked at.
const PREFIXED_MAX: usize = 64;

/// How an entry was found, the best first.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// The descriptor is the name; the score is 1.
    Exact,
    /// It is an alias, given or learned; the score is 0.9.
    Alias,
    /// It is the beginning of a name or an alias; the score is 0.7.
    Prefix,
    /// It is similar; the score is the similarity, from 0.3 on.
    Trigram,
}

impl Tier {
    /// The word used in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Alias => "alias",
            Self::Prefix => "prefix",
            Self::Trigram => "trigram",
        }
    }

    /// The score of every candidate of the tier, the least one of those found by trigrams.
    pub const fn score(self) -> f32 {
        match self {
            Self::Exact => 1.0,
            Self::Alias => 0.9,
            Self::Prefix => 0.7,
            Self::Trigram => SIMILARITY_MIN,
        }
    }
}

/// What kind of entry a candidate rests on.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// The name of the merchant.
    Name,
    /// An alias that came with the merchant.
    Alias,
    /// An alias that was learned from corrections.
    Learned,
    /// What the person said of this text.
    Personal,
}

/// A merchant that a descriptor may mean.
#[derive(Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Candidate {
    /// The name of the merchant.
    pub merchant: String,
    /// Its key.
    pub key: FeatureKey,
    /// How it was found.
    pub tier: Tier,
    /// The score inside the tier.
    pub score: f32,
    /// How close the letters are, from 0 to 1.
    pub closeness: f64,
    /// The name or alias it rests on, as it was given.
    pub entry: String,
    /// Its words as they were compared.
    pub entry_text: String,
    /// What that is.
    pub entry_kind: EntryKind,
    /// The words of the descriptor that were compared with it.
    pub read_as: String,
}

impl fmt::Debug for Candidate {
    /// Without the words of the descriptor, and without the merchant, whose name may be these words
    /// or what a person calls a payee.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut told = f.debug_struct("Candidate");
        told.field("tier", &self.tier).field("score", &self.score);
        told.field("closeness", &self.closeness).finish_non_exhaustive()
    }
}

/// One name or alias.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    merchant: usize,
    kind: EntryKind,
    written: String,
    /// Its words, and the same without blanks.
    pub(super) text: String,
    pub(super) squashed: String,
}

/// Merchants and everything they are found by.
#[derive(Debug, Clone)]
pub struct MerchantDirectory {
    pub(super) rules: DescriptorRules,
    pub(super) merchants: Vec<(FeatureKey, Merchant)>,
    learned: LearnedAliases,
    pub(super) entries: Vec<Entry>,
    exact: HashMap<String, Vec<usize>>,
    /// The entries by their letters.
    sorted: Vec<(String, usize)>,
    spaced: TrigramIndex,
    squashed: TrigramIndex,
    skeletons: TrigramIndex,
}

impl PartialEq for MerchantDirectory {
    /// Everything else follows from these.
    fn eq(&self, other: &Self) -> bool {
        (&self.rules, &self.merchants, &self.learned)
            == (&other.rules, &other.merchants, &other.learned)
    }
}

impl MerchantDirectory {
    /// A directory without merchants and rules: nothing is ever resolved.
    pub fn empty() -> Self {
        let rules = DescriptorRules::default();
        Self::build(rules, BTreeMap::new(), LearnedAliases::default())
    }

    /// The directory of these merchants, with the built-in rules.
    ///
    /// Merchants of one key are one merchant: the first name in alphabetical order is its name,
    /// the others are aliases. A learned alias of a merchant that is not here is passed over.
    ///
    /// # Errors
    /// [`MerchantError::Rules`] when the built-in data is damaged, [`MerchantError::Key`] for a
    /// name without a key.
    pub fn new(
        merchants: impl IntoIterator<Item = Merchant>,
        learned: LearnedAliases,
    ) -> Result<Self, MerchantError> {
        let rules = DescriptorRules::built_in()?;
        let mut by_key: BTreeMap<FeatureKey, Merchant> = BTreeMap::new();
        for merchant in merchants {
            let key = FeatureKey::new(FeatureKind::Merchant, &merchant.name)?;
            match by_key.get_mut(&key) {
                Some(known) => known.merge(merchant),
                None => {
                    by_key.insert(key, merchant.sorted());
                }
            }
        }
        Ok(Self::build(rules, by_key, learned))
    }

    fn build(
        rules: DescriptorRules,
        merchants: BTreeMap<FeatureKey, Merchant>,
        learned: LearnedAliases,
    ) -> Self {
        let merchants: Vec<(FeatureKey, Merchant)> = merchants.into_iter().collect();
        let mut entries = Vec::new();
        let mut add = |merchant: usize, kind, written: &str, text: String| {
            let squashed = squash(&text);
            if !squashed.is_empty() {
                entries.push(Entry { merchant, kind, written: written.to_owned(), text, squashed });
            }
        };
        for (at, (_, merchant)) in merchants.iter().enumerate() {
            let aliases = merchant.aliases.iter().map(|alias| (EntryKind::Alias, alias));
            let names = std::iter::once((EntryKind::Name, &merchant.name)).chain(aliases);
            for (kind, name) in names {
                let (text, bare) = rules.clean_name(name);
                if bare != text {
                    add(at, EntryKind::Alias, name, bare);
                }
                add(at, kind, name, text);
            }
        }
        for (normal_form, key) in learned.iter() {
            if let Ok(at) = merchants.binary_search_by(|(known, _)| known.cmp(key)) {
                add(at, EntryKind::Learned, normal_form, normal_form.to_owned());
            }
        }
        let mut exact: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, entry) in entries.iter().enumerate() {
            let joined: String = entry.text.split(' ').collect();
            if joined != entry.squashed {
                exact.entry(joined).or_default().push(at);
            }
            exact.entry(entry.squashed.clone()).or_default().push(at);
        }
        let each = || entries.iter().map(|entry: &Entry| &entry.squashed).zip(0..);
        let mut sorted: Vec<(String, usize)> = each().map(|(s, at)| (s.clone(), at)).collect();
        sorted.sort_unstable();
        let texts: Vec<&String> = entries.iter().map(|entry| &entry.text).collect();
        let spaced = TrigramIndex::new(&texts);
        let squashed = TrigramIndex::new(&each().map(|(s, _)| s).collect::<Vec<_>>());
        let skeletons = TrigramIndex::new(&each().map(|(s, _)| skeleton(s)).collect::<Vec<_>>());
        Self { rules, merchants, learned, entries, exact, sorted, spaced, squashed, skeletons }
    }

    /// How many merchants there are.
    pub const fn len(&self) -> usize {
        self.merchants.len()
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.merchants.is_empty()
    }

    /// The rules that descriptors are cleaned by.
    pub const fn rules(&self) -> &DescriptorRules {
        &self.rules
    }

    /// The merchant of a key.
    pub fn get(&self, key: &FeatureKey) -> Option<&Merchant> {
        let at = self.merchants.binary_search_by(|(known, _)| known.cmp(key)).ok()?;
        self.merchants.get(at).map(|(_, merchant)| merchant)
    }

    /// The `k` best candidates for a descriptor, each merchant once.
    pub fn candidates(&self, descriptor: &str, k: usize) -> Vec<Candidate> {
        self.candidates_of(&self.rules.clean(descriptor), k)
    }

    pub(super) fn candidates_of(&self, cleaned: &Cleaned, k: usize) -> Vec<Candidate> {
        let mut found = Found { directory: self, best: BTreeMap::new() };
        for reading in &cleaned.readings {
            let squashed = squash(&reading.text);
            for entry in self.exact.get(&squashed).into_iter().flatten() {
                let is_name = self.entries.get(*entry).is_some_and(|e| e.kind == EntryKind::Name);
                let tier = if is_name { Tier::Exact } else { Tier::Alias };
                found.add(*entry, tier, tier.score(), reading);
            }
            if !reading.is_as_is || cleaned.readings.len() == 1 {
                self.find_prefixed(&mut found, reading, &squashed);
                self.find_similar(&mut found, reading, &squashed);
            }
        }
        found.into_candidates(k)
    }

    /// The entries that begin with the letters of a reading.
    fn find_prefixed<'a>(&self, found: &mut Found<'a>, reading: &'a Reading, squashed: &str) {
        if squashed.chars().count() < PREFIX_MIN {
            return;
        }
        let start = self.sorted.partition_point(|(letters, _)| letters.as_str() < squashed);
        let behind = self.sorted.get(start..).unwrap_or_default();
        let prefixed = behind.iter().take_while(|(letters, _)| letters.starts_with(squashed));
        for (letters, entry) in prefixed.take(PREFIXED_MAX) {
            if letters != squashed {
                found.add(*entry, Tier::Prefix, Tier::Prefix.score(), reading);
            }
        }
    }

    /// The entries that are similar in one of three spellings.
    fn find_similar<'a>(&self, found: &mut Found<'a>, reading: &'a Reading, squashed: &str) {
        let bare = skeleton(squashed);
        for (index, text) in [
            (&self.spaced, reading.text.as_str()),
            (&self.squashed, squashed),
            (&self.skeletons, bare.as_str()),
        ] {
            for similar in index.top(text, SIMILAR_MAX, SIMILARITY_MIN) {
                let entry = usize::try_from(similar.number).unwrap_or(usize::MAX);
                found.add(entry, Tier::Trigram, similar.similarity, reading);
            }
        }
    }
}

/// The best candidate of each merchant so far.
struct Found<'a> {
    directory: &'a MerchantDirectory,
    best: BTreeMap<usize, Hit<'a>>,
}

#[derive(Clone, Copy)]
struct Hit<'a> {
    entry: usize,
    tier: Tier,
    score: f32,
    reading: &'a Reading,
}

impl Hit<'_> {
    fn is_before(&self, other: &Self) -> bool {
        let by_score = other.score.total_cmp(&self.score);
        let by_length = other.reading.text.len().cmp(&self.reading.text.len());
        let by_entry = self.entry.cmp(&other.entry);
        self.tier.cmp(&other.tier).then(by_score).then(by_length).then(by_entry).is_lt()
    }
}

impl<'a> Found<'a> {
    fn add(&mut self, entry: usize, tier: Tier, score: f32, reading: &'a Reading) {
        let Some(merchant) = self.directory.entries.get(entry).map(|entry| entry.merchant) else {
            return;
        };
        let hit = Hit { entry, tier, score, reading };
        let best = self.best.entry(merchant).or_insert(hit);
        if hit.is_before(best) {
            *best = hit;
        }
    }

    fn into_candidates(self, k: usize) -> Vec<Candidate> {
        let candidate = |(merchant, hit): (usize, Hit<'a>)| {
            let (key, merchant) = self.directory.merchants.get(merchant)?;
            let entry = self.directory.entries.get(hit.entry)?;
            Some(Candidate {
                merchant: merchant.name.clone(),
                key: key.clone(),
                tier: hit.tier,
                score: hit.score,
                closeness: closeness(&squash(&hit.reading.text), &entry.squashed),
                entry: entry.written.clone(),
                entry_text: entry.text.clone(),
                entry_kind: entry.kind,
                read_as: hit.reading.text.clone(),
            })
        };
        let mut all: Vec<Candidate> = self.best.into_iter().filter_map(candidate).collect();
        all.sort_by(|a, b| {
            let by_score = || b.score.total_cmp(&a.score);
            let by_length = || b.read_as.len().cmp(&a.read_as.len());
            let by_closeness = || b.closeness.total_cmp(&a.closeness);
            let by_kind = || a.entry_kind.cmp(&b.entry_kind);
            let by_tier = a.tier.cmp(&b.tier).then_with(by_score);
            let by_letters = by_tier.then_with(by_length).then_with(by_closeness);
            by_letters.then_with(by_kind).then_with(|| a.merchant.cmp(&b.merchant))
        });
        all.truncate(k);
        all
    }
}
