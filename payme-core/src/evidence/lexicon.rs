//! The brand lexicon: which words of a message speak of which feature.
//!
//! Entries match on word boundaries: a match may not begin or end inside a run of letters and
//! digits, so `bet` does not fire inside `better`, nor `uber` inside `tuberculosis`. Where
//! entries overlap, the leftmost wins, and of those that start together the longest, so that
//! `paramount+` does not also fire `paramount`.

use std::collections::{BTreeMap, BTreeSet};

use aho_corasick::AhoCorasick;

use crate::catalog::Settlement;
use crate::types::json::{self, Fault, Node, Refusal};
use crate::types::{FeatureKey, FeatureKind};

const BASE: &str = include_str!("../../data/lexicon.json");

/// A keyword and the feature that it speaks of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LexiconEntry {
    /// The word or words, in any case.
    pub keyword: String,
    /// The feature.
    pub feature: FeatureKey,
}

/// Why a lexicon could not be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LexiconError {
    /// The lexicon data is not what it must be.
    #[error("lexicon: {0}")]
    Data(#[from] Refusal),
    /// The automaton over the keywords does not fit in memory limits.
    #[error("lexicon: too many or too long keywords ({0} keywords)")]
    TooLarge(usize),
}

impl LexiconError {
    /// The stable code of this error.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Data(_) => "lexicon_data",
            Self::TooLarge(_) => "lexicon_too_large",
        }
    }
}

/// A compiled lexicon: the built-in entries, and beside them those of the catalogue.
#[derive(Debug, Clone, PartialEq)]
pub struct Lexicon {
    parts: Vec<Part>,
}

/// Entries that compete with each other for a place in a text, and not with those of other parts.
#[derive(Debug, Clone)]
struct Part {
    automaton: AhoCorasick,
    /// The features of each keyword, in the order of the automaton's patterns.
    features: Vec<BTreeSet<FeatureKey>>,
    keywords: BTreeMap<String, BTreeSet<FeatureKey>>,
}

impl PartialEq for Part {
    fn eq(&self, other: &Self) -> bool {
        self.keywords == other.keywords
    }
}

impl Lexicon {
    /// The entries that come with the engine.
    ///
    /// # Errors
    /// [`LexiconError`] when the built-in data is damaged.
    pub fn base_entries() -> Result<Vec<LexiconEntry>, LexiconError> {
        Ok(parse_entries(BASE)?)
    }

    /// The lexicon of the built-in entries and of what the catalogue adds.
    ///
    /// Each covered brand speaks of the merchant of its own slug. An alias speaks of the only
    /// merchant that the settlement's rule seeks, or of its own slug where there is not exactly
    /// one. A built-in keyword keeps its built-in meaning, whatever the catalogue adds: both are
    /// looked for on their own, so a catalogue never takes a feature away.
    ///
    /// # Errors
    /// [`LexiconError`].
    /// ```
    /// use payme_core::{catalog::parse_settlements, evidence::Lexicon};
    /// let rows = parse_settlements(br#"[{"title": "Example", "covered_brands": ["Fyfe's Bakery"],
    ///     "eligibility": {"required_features": ["merchant:fyfe_s_bakery"], "states": []}}]"#)?;
    /// let lexicon = Lexicon::for_catalog(&rows.taken)?;
    /// let found = lexicon.find("Your order at Fyfe\u{2019}s  Bakery is better than a bet");
    /// let keys: Vec<_> = found.iter().map(|key| key.as_str()).collect();
    /// assert_eq!(keys, ["category:gambling", "merchant:fyfe_s_bakery"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn for_catalog<'a>(
        settlements: impl IntoIterator<Item = &'a Settlement>,
    ) -> Result<Self, LexiconError> {
        let base = Part::new(Self::base_entries()?)?;
        let added = settlements
            .into_iter()
            .flat_map(catalog_entries)
            .filter(|entry| !base.keywords.contains_key(&normalise(&entry.keyword)));
        let added = Part::new(added)?;
        Ok(Self { parts: vec![base, added] })
    }

    /// The lexicon of these entries. A keyword may speak of several features.
    ///
    /// # Errors
    /// [`LexiconError::TooLarge`].
    pub fn new(entries: impl IntoIterator<Item = LexiconEntry>) -> Result<Self, LexiconError> {
        Ok(Self { parts: vec![Part::new(entries)?] })
    }

    /// How many keywords there are.
    pub fn len(&self) -> usize {
        self.parts.iter().map(|part| part.keywords.len()).sum()
    }

    /// Whether there is no keyword.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The features that a text speaks of, each once, sorted.
    pub fn find(&self, text: &str) -> BTreeSet<&FeatureKey> {
        let text = normalise(text);
        self.parts.iter().flat_map(|part| part.find(&text)).collect()
    }
}

impl Part {
    fn new(entries: impl IntoIterator<Item = LexiconEntry>) -> Result<Self, LexiconError> {
        let mut keywords: BTreeMap<String, BTreeSet<FeatureKey>> = BTreeMap::new();
        for entry in entries {
            let keyword = normalise(&entry.keyword);
            if keyword.chars().any(char::is_alphanumeric) {
                keywords.entry(keyword).or_default().insert(entry.feature);
            }
        }
        let automaton = AhoCorasick::new(keywords.keys())
            .map_err(|_| LexiconError::TooLarge(keywords.len()))?;
        Ok(Self { automaton, features: keywords.values().cloned().collect(), keywords })
    }

    /// The features that a normalised text speaks of.
    fn find(&self, text: &str) -> BTreeSet<&FeatureKey> {
        let mut spans: Vec<(usize, usize, usize)> = self
            .automaton
            .find_overlapping_iter(text)
            .filter(|found| is_word(text, found.start(), found.end()))
            .map(|found| (found.start(), found.end(), found.pattern().as_usize()))
            .collect();
        spans.sort_unstable_by_key(|(start, end, _)| (*start, usize::MAX - end));
        let mut keys = BTreeSet::new();
        let mut free_from = 0;
        for (start, end, pattern) in spans {
            if start >= free_from {
                free_from = end;
                keys.extend(self.features.get(pattern).into_iter().flatten());
            }
        }
        keys
    }
}

/// Lower case, straight apostrophes, and one space for each run of white space.
fn normalise(text: &str) -> String {
    let lower = text.to_lowercase().replace(['\u{2019}', '\u{2018}'], "'");
    lower.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether neither end of the span lies inside a run of letters and digits.
fn is_word(text: &str, start: usize, end: usize) -> bool {
    let splits_run = |at: usize| {
        let Some((before, after)) = text.split_at_checked(at) else {
            return true;
        };
        before.chars().next_back().is_some_and(char::is_alphanumeric)
            && after.chars().next().is_some_and(char::is_alphanumeric)
    };
    !splits_run(start) && !splits_run(end)
}

fn catalog_entries(settlement: &Settlement) -> Vec<LexiconEntry> {
    let own = |name: &String| {
        let feature = FeatureKey::new(FeatureKind::Merchant, name).ok()?;
        Some(LexiconEntry { keyword: name.clone(), feature })
    };
    let mut merchants = settlement.eligibility.merchants_sought().into_iter();
    let only = merchants.next().filter(|_| merchants.next().is_none());
    let alias = |name: &String| match only {
        Some(key) => Some(LexiconEntry { keyword: name.clone(), feature: key.clone() }),
        None => own(name),
    };
    let brands = settlement.covered_brands.iter().filter_map(own);
    brands.chain(settlement.aliases.iter().filter_map(alias)).collect()
}

fn parse_entries(text: &str) -> Result<Vec<LexiconEntry>, Refusal> {
    let value = json::strict(text, 1)?;
    let read = |node: &Node<'_>| -> Result<Vec<LexiconEntry>, Fault> {
        let members = node.members(&["_version", "entries"])?;
        let entries = members.need("entries")?;
        entries.items()?.map(|item| parse_entry(&item)).collect()
    };
    read(&Node::root(&value)).map_err(|fault| fault.on_line(1))
}

fn parse_entry(node: &Node<'_>) -> Result<LexiconEntry, Fault> {
    let members = node.members(&["keyword", "feature"])?;
    Ok(LexiconEntry {
        keyword: members.need("keyword")?.filled_text()?,
        feature: members.need("feature")?.parsed(str::parse)?,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn base() -> Lexicon {
        Lexicon::for_catalog([]).unwrap()
    }

    fn found(lexicon: &Lexicon, text: &str) -> Vec<String> {
        lexicon.find(text).into_iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_built_in_entries_fire_on_words_only() {
        #[rustfmt::skip]
        let table: [(&str, &[&str]); 17] = [
            ("Your Uber receipt", &["merchant:uber"]),
            ("tuberculosis and uberous", &[]),
            ("better betting alphabet", &[]),
            ("Bet now", &["category:gambling"]),
            ("(bet)", &["category:gambling"]),
            ("bet2win", &[]),
            ("AT&T bill", &["merchant:at_t"]),
            ("at & t", &[]),
            ("paramount+ trial", &["subscription:paramount_plus"]),
            ("Paramount+", &["subscription:paramount_plus"]),
            ("Paramount pictures", &["merchant:paramount"]),
            ("paramount and paramount+", &["merchant:paramount", "subscription:paramount_plus"]),
            ("McDonald's and mcdonalds", &["merchant:mcdonald_s"]),
            ("UNITED\n AIRLINES", &["merchant:united_airlines"]),
            ("united-airlines", &[]),
            ("amazon prime", &["merchant:amazon", "subscription:prime"]),
            ("\u{e9}uber uber\u{301}", &["merchant:uber"]),
        ];
        let lexicon = base();
        for (text, expected) in table {
            assert_eq!(found(&lexicon, text), expected, "{text}");
        }
    }

    #[test]
    fn a_shorter_entry_fires_where_the_longer_one_is_no_word() {
        let entry = |keyword: &str, key: &str| LexiconEntry {
            keyword: keyword.to_owned(),
            feature: key.parse().unwrap(),
        };
        let lexicon =
            Lexicon::new([entry("bet", "category:bet"), entry("bet on", "category:bet_on")])
                .unwrap();
        assert_eq!(found(&lexicon, "bet on red"), ["category:bet_on"]);
        assert_eq!(found(&lexicon, "bet one"), ["category:bet"]);
    }

    #[test]
    fn the_catalogue_adds_brands_and_aliases_but_keeps_built_in_meanings() {
        let rows = crate::catalog::parse_settlements(
            br#"[{"title": "A", "covered_brands": ["Uber", "Uber Eats"], "aliases": ["Mickey D's"],
                  "eligibility": {"required_features": ["merchant:mcdonald_s"], "states": []}},
                 {"title": "B", "covered_brands": ["***"], "aliases": ["Twins"],
                  "eligibility": {"required_features": ["merchant:a", "merchant:b"], "states": []}}]"#,
        )
        .unwrap();
        let lexicon = Lexicon::for_catalog(&rows.taken).unwrap();
        assert_eq!(found(&lexicon, "uber"), ["merchant:uber"]);
        assert_eq!(found(&lexicon, "uber eats"), ["merchant:uber", "merchant:uber_eats"]);
        assert_eq!(found(&lexicon, "Mickey D\u{2019}s"), ["merchant:mcdonald_s"]);
        assert_eq!(found(&lexicon, "twins"), ["merchant:twins"]);
        assert_eq!(lexicon.len(), base().len() + 3);
    }

    #[test]
    fn an_alias_never_speaks_of_a_merchant_that_excludes() {
        let rows = crate::catalog::parse_settlements(
            br#"[{"title": "A", "aliases": ["Foo Co"], "eligibility": {"all": [
                {"feature": "category:gambling"}, {"none": [{"feature": "merchant:uber"}]}]}}]"#,
        )
        .unwrap();
        let lexicon = Lexicon::for_catalog(&rows.taken).unwrap();
        assert_eq!(found(&lexicon, "Foo Co order"), ["merchant:foo_co"]);
    }

    #[test]
    fn the_catalogue_never_takes_a_feature_away() {
        let rows = crate::catalog::parse_settlements(
            br#"[{"title": "A", "covered_brands": ["Amazon Prime", "Better Bet", "Best AT", "Delta United"],
                  "eligibility": {"required_features": [], "states": []}}]"#,
        )
        .unwrap();
        let lexicon = Lexicon::for_catalog(&rows.taken).unwrap();
        let partly = "delta united airlines and best at&t";
        for text in ["your amazon prime order", "amazon", "better bet", "a prime bet", partly] {
            let (before, after) = (found(&base(), text), found(&lexicon, text));
            assert!(before.iter().all(|key| after.contains(key)), "{text}: {before:?} {after:?}");
        }
    }

    /// A second implementation: at each position, try every keyword, longest first.
    fn oracle(entries: &[LexiconEntry], text: &str) -> BTreeSet<String> {
        let text: Vec<char> = normalise(text).chars().collect();
        let mut keys = BTreeSet::new();
        let mut at = 0;
        while at < text.len() {
            let fits = |entry: &&LexiconEntry| {
                let word: Vec<char> = normalise(&entry.keyword).chars().collect();
                let end = at + word.len();
                let inside = |i: usize| {
                    i > 0
                        && i < text.len()
                        && text[i - 1].is_alphanumeric()
                        && text[i].is_alphanumeric()
                };
                text[at..].starts_with(&word) && !inside(at) && !inside(end)
            };
            match entries.iter().filter(fits).max_by_key(|entry| entry.keyword.len()) {
                Some(entry) => {
                    keys.insert(entry.feature.to_string());
                    at += normalise(&entry.keyword).chars().count();
                }
                None => at += 1,
            }
        }
        keys
    }

    proptest! {
        #[test]
        fn the_lexicon_agrees_with_a_plain_scan(
            words in prop::collection::vec(prop::sample::select(vec![
                "bet", "better", "uber", "t", "paramount", "+", "paramount+", "united", "airlines",
                "at&t", "&", " ", "  ", ",", "\u{e9}", "prime", "mcdonald", "'s", "1",
            ]), 0..14),
        ) {
            let text = words.concat();
            let entries = Lexicon::base_entries().unwrap();
            let got: BTreeSet<String> = found(&base(), &text).into_iter().collect();
            prop_assert_eq!(got, oracle(&entries, &text), "{}", text);
        }
    }
}
