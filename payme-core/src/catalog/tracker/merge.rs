//! Records of the same settlement become one, where nothing speaks against it.
//!
//! In: observations. Out: groups of them, and the pairs a person should look at. The groups are
//! the connected components of the pairs that are certainly of one settlement; a component in
//! which some pair is certainly of two is taken apart again, and its pairs are for a person.
//! Invariant: the order of the records changes nothing.
//! Rules: `docs/rules/trackers.md`.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::compare::{Card, Traits, Verdict};
use super::observe::Observation;
use super::report::ReviewGroup;
use super::state::RowKey;

/// Words that more records than this have in their names tell none of them from the others.
const SHARED_BY_MAX: usize = 200;

/// On a site with more records than this, such as that of an administrator, only those are
/// compared that have the page or a word of the name in common.
const SITE_MAX: usize = 60;

/// What two records need in common to be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Shared<'a> {
    Site(&'a str),
    Page(&'a str, &'a str),
    Word(&'a str),
    WordOnSite(&'a str, &'a str),
    /// The whole name, of one that has no word of its own.
    Weak(&'a BTreeSet<String>),
}

impl Shared<'_> {
    /// How many records may have it in common before it says nothing.
    const fn most(self) -> usize {
        match self {
            Self::Word(_) => SHARED_BY_MAX,
            _ => SITE_MAX,
        }
    }
}

/// What a record may have in common with others.
fn shared(card: &Card) -> Vec<Shared<'_>> {
    let mut found = Vec::new();
    let site = card.site.as_str();
    if !site.is_empty() {
        found.push(Shared::Site(site));
        found.push(Shared::Page(site, &card.path));
    }
    for word in &card.names.own {
        found.push(Shared::Word(word));
        if !site.is_empty() {
            found.push(Shared::WordOnSite(site, word));
        }
    }
    if card.names.own.is_empty() {
        found.push(Shared::Weak(&card.names.weak));
    }
    found
}

/// The places of the records that have something in common, where it says anything.
fn holders<'a>(cards: impl Iterator<Item = &'a Card>) -> BTreeMap<Shared<'a>, Vec<usize>> {
    let mut holders: BTreeMap<Shared<'a>, Vec<usize>> = BTreeMap::new();
    for (at, card) in cards.enumerate() {
        for key in shared(card) {
            holders.entry(key).or_default().push(at);
        }
    }
    holders.retain(|key, holders| holders.len() <= key.most());
    holders
}

/// What the matcher said of two records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PairReport {
    /// One of them: a row as `tracker/row`, or the id of a settlement.
    pub a: String,
    /// The other.
    pub b: String,
    /// What it said.
    pub verdict: Verdict,
    /// What that rests on.
    pub evidence: Vec<String>,
    /// What would have changed it.
    pub would_change: Vec<String>,
}

impl PairReport {
    pub(super) fn new(a: String, b: String, traits: &Traits) -> Self {
        let (a, b) = if a <= b { (a, b) } else { (b, a) };
        Self {
            a,
            b,
            verdict: traits.verdict(),
            evidence: traits.evidence(),
            would_change: traits.would_change(),
        }
    }
}

/// Groups of records of one settlement, and the pairs of which it cannot be said.
#[derive(Debug, Clone, Default)]
pub(super) struct Groups {
    /// The places of the records of each group, the anchor first: the record that was seen first,
    /// of those the one with the least key.
    pub(super) groups: Vec<Vec<usize>>,
    /// Pairs that were merged.
    pub(super) merged: Vec<PairReport>,
    /// Pairs for a person.
    pub(super) review: Vec<PairReport>,
}

/// Groups the records of one settlement.
pub(super) fn group(rows: &[Observation]) -> Groups {
    let cards: Vec<Card> = rows.iter().map(Card::of_row).collect();
    let mut pairs: Vec<(usize, usize, Traits)> = candidates(&cards)
        .into_iter()
        .filter_map(|(a, b)| {
            let traits = cards.get(a)?.traits(cards.get(b)?);
            (traits.verdict() != Verdict::Different).then_some((a, b, traits))
        })
        .collect();
    pairs.sort_by_key(|(a, b, _)| (*a, *b));
    let mut roots: Vec<usize> = (0..rows.len()).collect();
    for (a, b, traits) in &pairs {
        if traits.verdict() == Verdict::Same {
            join(&mut roots, *a, *b);
        }
    }
    let mut components: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for at in 0..rows.len() {
        components.entry(root(&roots, at)).or_default().push(at);
    }
    let mut out = Groups::default();
    let mut torn: BTreeSet<usize> = BTreeSet::new();
    for members in components.into_values() {
        if is_contradicted(&cards, &members) {
            torn.extend(&members);
            out.groups.extend(members.into_iter().map(|at| vec![at]));
        } else {
            out.groups.push(members);
        }
    }
    let anchor = |at: &usize| rows.get(*at).map(|row| (row.first_seen, row.key.clone()));
    for members in &mut out.groups {
        members.sort_by_key(anchor);
    }
    out.groups.sort_by_key(|members| members.first().and_then(anchor));
    for (a, b, traits) in pairs {
        let name = |at: usize| rows.get(at).map(|row| row.key.to_string()).unwrap_or_default();
        let report = PairReport::new(name(a), name(b), &traits);
        if traits.verdict() == Verdict::Same && !torn.contains(&a) {
            out.merged.push(report);
        } else if root(&roots, a) != root(&roots, b) || torn.contains(&a) {
            out.review.push(report);
        }
    }
    let order = |pair: &PairReport| (pair.a.clone(), pair.b.clone());
    out.merged.sort_by_key(order);
    out.review.sort_by_key(order);
    out
}

/// Whether two records of a component are certainly of two settlements.
fn is_contradicted(cards: &[Card], members: &[usize]) -> bool {
    members.iter().enumerate().any(|(nth, a)| {
        members.iter().skip(nth + 1).any(|b| match (cards.get(*a), cards.get(*b)) {
            (Some(a), Some(b)) => a.traits(b).is_torn(),
            _ => false,
        })
    })
}

/// The pairs that have something in common; others are different.
fn candidates(cards: &[Card]) -> BTreeSet<(usize, usize)> {
    let mut pairs = BTreeSet::new();
    for holders in holders(cards.iter()).into_values() {
        for (nth, a) in holders.iter().enumerate() {
            pairs.extend(holders.iter().skip(nth + 1).map(|b| (*a, *b)));
        }
    }
    pairs
}

/// The first place of the component that a place is in.
fn root(roots: &[usize], mut at: usize) -> usize {
    while let Some(next) = roots.get(at).copied().filter(|next| *next != at) {
        at = next;
    }
    at
}

fn join(roots: &mut [usize], a: usize, b: usize) {
    let (a, b) = (root(roots, a), root(roots, b));
    if let Some(slot) = roots.get_mut(a.max(b)) {
        *slot = a.min(b);
    }
}

/// What the matcher says of each record and each settlement of a catalogue, where it does not say
/// that they differ: by the place of the record, in the order of the settlements.
pub(super) fn against(
    rows: &[Observation],
    curated: &[(String, Card)],
) -> BTreeMap<usize, Vec<(usize, Traits)>> {
    let holders = holders(curated.iter().map(|(_, card)| card));
    let mut found = BTreeMap::new();
    for (at, row) in rows.iter().enumerate() {
        let card = Card::of_row(row);
        let keys = shared(&card).into_iter();
        let near: BTreeSet<usize> =
            keys.filter_map(|key| holders.get(&key)).flatten().copied().collect();
        let near = near.into_iter().filter_map(|at| {
            let traits = card.traits(&curated.get(at)?.1);
            (traits.verdict() != Verdict::Different).then_some((at, traits))
        });
        let near: Vec<(usize, Traits)> = near.collect();
        if !near.is_empty() {
            found.insert(at, near);
        }
    }
    found
}

/// As few of some pairs as join the same records; of those that do, the first.
pub(super) fn spanning(pairs: Vec<PairReport>) -> Vec<PairReport> {
    let mut joined = Joined::default();
    pairs.into_iter().filter(|pair| joined.join(&pair.a, &pair.b)).collect()
}

/// The pairs for a person as groups, of which every two members are joined by pairs. What is one
/// by `same`, such as the rows of one settlement, needs only one pair to another.
pub(super) fn review_groups(
    pairs: Vec<PairReport>,
    same: impl Fn(&str) -> String,
) -> Vec<ReviewGroup> {
    let mut joined = Joined::default();
    let mut members: BTreeSet<String> = BTreeSet::new();
    let mut kept = Vec::new();
    for pair in pairs {
        members.extend([pair.a.clone(), pair.b.clone()]);
        if joined.join(&same(&pair.a), &same(&pair.b)) {
            kept.push(pair);
        }
    }
    let mut groups: BTreeMap<usize, ReviewGroup> = BTreeMap::new();
    let empty = || ReviewGroup { members: Vec::new(), pairs: Vec::new() };
    for member in members {
        let root = joined.root_of(&same(&member));
        groups.entry(root).or_insert_with(empty).members.push(member);
    }
    for pair in kept {
        let root = joined.root_of(&same(&pair.a));
        groups.entry(root).or_insert_with(empty).pairs.push(pair);
    }
    let mut groups: Vec<ReviewGroup> = groups.into_values().collect();
    groups.retain(|group| !group.pairs.is_empty());
    groups.sort_by(|a, b| a.members.cmp(&b.members));
    groups
}

/// Names that are joined to each other.
#[derive(Default)]
struct Joined {
    places: BTreeMap<String, usize>,
    roots: Vec<usize>,
}

impl Joined {
    fn root_of(&mut self, name: &str) -> usize {
        let next = self.roots.len();
        let at = *self.places.entry(name.to_owned()).or_insert(next);
        if at == next {
            self.roots.push(next);
        }
        root(&self.roots, at)
    }

    /// Joins two names; whether they were not joined before.
    fn join(&mut self, a: &str, b: &str) -> bool {
        let (a, b) = (self.root_of(a), self.root_of(b));
        join(&mut self.roots, a, b);
        a != b
    }
}

/// The key of a row out of its name in provenance.
pub(super) fn key_of(tracker: &str, row: &str) -> RowKey {
    RowKey { tracker: tracker.to_owned(), row: row.to_owned() }
}
