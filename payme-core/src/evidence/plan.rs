//! What an import changes in one person's stored evidence, decided before anything is written.
//!
//! Features come from two places that do not overwrite each other: derived from the person's own
//! records, or imported ready-made from a features file. Matching sees the effective features:
//! for each key and source the derived one, else the imported one.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Correction, CorrectionEdit, CorrectionError, Extraction, Reading, Support, UserFeature,
    UserFeatures, extract,
};
use crate::sync::{Page, StoredRecord, SyncPlan, plan_pages};
use crate::types::{FeatureKey, Instant, Person, RecordId, Source, Version};

/// Where a stored feature came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// Derived from the person's stored records.
    Records,
    /// Imported ready-made.
    Import,
}

impl Origin {
    /// Every origin, in the order of this list.
    pub const ALL: [Self; 2] = [Self::Records, Self::Import];

    /// The word used in databases.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Records => "records",
            Self::Import => "import",
        }
    }

    /// Reads the word of [`Origin::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|origin| origin.as_str() == text)
    }
}

/// What makes a stored feature of one person unique.
pub type FeatureId = (FeatureKey, Source, Origin);

/// A feature as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredFeature {
    /// Where it came from.
    pub origin: Origin,
    /// The feature.
    pub feature: UserFeature,
}

impl StoredFeature {
    /// What makes it unique.
    pub fn id(&self) -> FeatureId {
        (self.feature.key.clone(), self.feature.source, self.origin)
    }
}

/// Everything stored of one person's evidence, as one version of it.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredEvidence {
    /// The version; `None` when nothing is stored yet.
    pub version: Option<Version>,
    /// The person.
    pub person: Person,
    /// The records, and the traces of removed ones.
    pub records: BTreeMap<RecordId, StoredRecord>,
    /// The features of both origins.
    pub features: BTreeMap<FeatureId, UserFeature>,
    /// Which records support which derived features.
    pub support: BTreeSet<Support>,
    /// What the person corrected, by record; a correction outlives its record.
    pub corrections: BTreeMap<RecordId, Correction>,
    /// The transactions that are unusual for the person, and how much: above 0.5, at most 1.
    pub anomalies: BTreeMap<RecordId, f64>,
}

impl StoredEvidence {
    /// The evidence of a person of whom nothing is stored.
    pub const fn none(person: Person) -> Self {
        Self {
            version: None,
            person,
            records: BTreeMap::new(),
            features: BTreeMap::new(),
            support: BTreeSet::new(),
            corrections: BTreeMap::new(),
            anomalies: BTreeMap::new(),
        }
    }
}

/// The changes one import makes to one person's stored evidence.
#[derive(Debug, Clone, PartialEq)]
pub struct EvidenceChange {
    /// The version the decision was made on; `None` when nothing was stored.
    pub expected: Option<Version>,
    /// The revision of the catalogue whose lexicon the mail was read by; `None` where the change
    /// does not rest on it, or where the catalogue changes together with it.
    pub on_catalog: Option<Version>,
    /// The person after the change.
    pub person: Person,
    /// Whether the person differs from the stored one.
    pub person_changed: bool,
    /// The records that change.
    pub records: SyncPlan,
    /// Features to write, new or changed.
    pub features: Vec<StoredFeature>,
    /// Features to delete.
    pub features_gone: Vec<FeatureId>,
    /// Support to write.
    pub support: Vec<Support>,
    /// Support to delete.
    pub support_gone: Vec<Support>,
    /// Corrections to write, new or changed.
    pub corrections: Vec<Correction>,
    /// Corrections to delete.
    pub corrections_gone: Vec<RecordId>,
    /// Anomalies to write, new or changed.
    pub anomalies: Vec<(RecordId, f64)>,
    /// Anomalies to delete.
    pub anomalies_gone: Vec<RecordId>,
}

impl EvidenceChange {
    /// The change that states who the person is, and nothing else.
    pub fn of_person(stored: &StoredEvidence, person: Person) -> Self {
        Self {
            expected: stored.version,
            on_catalog: None,
            person_changed: person != stored.person,
            person,
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

    /// Whether there is nothing to write.
    pub const fn is_empty(&self) -> bool {
        self.expected.is_some()
            && !self.person_changed
            && self.records.is_empty()
            && self.features.is_empty()
            && self.features_gone.is_empty()
            && self.support.is_empty()
            && self.support_gone.is_empty()
            && self.corrections.is_empty()
            && self.corrections_gone.is_empty()
            && self.anomalies.is_empty()
            && self.anomalies_gone.is_empty()
    }

    /// Whether the change brings in records, which a changed catalogue would have to read anew.
    pub const fn brings_records(&self) -> bool {
        !self.records.added.is_empty() || !self.records.changed.is_empty()
    }

    fn apply_corrections(&self, corrections: &mut BTreeMap<RecordId, Correction>) {
        for id in &self.corrections_gone {
            corrections.remove(id);
        }
        corrections.extend(self.corrections.iter().map(|one| (one.record(), one.clone())));
    }

    /// Makes the change: what every store must come to.
    pub fn apply(&self, stored: &mut StoredEvidence) {
        stored.version = Some(self.expected.map_or(Version::FIRST, Version::next));
        stored.person = self.person.clone();
        self.records.apply(&mut stored.records);
        for id in &self.features_gone {
            stored.features.remove(id);
        }
        for feature in &self.features {
            stored.features.insert(feature.id(), feature.feature.clone());
        }
        for support in &self.support_gone {
            stored.support.remove(support);
        }
        stored.support.extend(self.support.iter().cloned());
        self.apply_corrections(&mut stored.corrections);
        for id in &self.anomalies_gone {
            stored.anomalies.remove(id);
        }
        stored.anomalies.extend(self.anomalies.iter().copied());
    }
}

/// Decides what pages of records change. With no pages it re-reads the stored records, which is
/// what a changed catalogue asks for.
pub fn plan_records(
    stored: &StoredEvidence,
    pages: impl IntoIterator<Item = Page>,
    reading: &Reading,
) -> EvidenceChange {
    let mut change = EvidenceChange::of_person(stored, stored.person.clone());
    change.records = plan_pages(&stored.records, pages);
    read_anew(stored, change, reading)
}

/// Decides what an edit of a correction changes: the correction itself, and what the person's
/// records say with it.
///
/// # Errors
/// [`CorrectionError`] when the edit leaves a correction that cannot be.
pub fn plan_correction(
    stored: &StoredEvidence,
    record: RecordId,
    edit: &CorrectionEdit,
    at: Instant,
    reading: &Reading,
) -> Result<EvidenceChange, CorrectionError> {
    let before = stored.corrections.get(&record);
    let after = Correction::edited(before, record, edit, at)?;
    let mut change = EvidenceChange::of_person(stored, stored.person.clone());
    match after {
        Some(after) if before != Some(&after) => change.corrections.push(after),
        None if before.is_some() => change.corrections_gone.push(record),
        Some(_) | None => {}
    }
    Ok(read_anew(stored, change, reading))
}

/// Adds to a change of records and corrections what follows from it.
fn read_anew(
    stored: &StoredEvidence,
    mut change: EvidenceChange,
    reading: &Reading,
) -> EvidenceChange {
    let mut after = stored.records.clone();
    change.records.apply(&mut after);
    let mut corrections = stored.corrections.clone();
    change.apply_corrections(&mut corrections);
    let live = after.values().filter_map(StoredRecord::live);
    let Extraction { features, support, anomalies } = extract(live, corrections.values(), reading);
    change.support_gone = stored.support.difference(&support).cloned().collect();
    change.support = support.difference(&stored.support).cloned().collect();
    (change.features, change.features_gone) = differences(stored, Origin::Records, features);
    let gone = stored.anomalies.keys().filter(|id| !anomalies.contains_key(*id));
    change.anomalies_gone = gone.copied().collect();
    let bits = |score: &f64| score.to_bits();
    let changed =
        |(id, score): &(RecordId, f64)| stored.anomalies.get(id).map(bits) != Some(score.to_bits());
    change.anomalies = anomalies.into_iter().filter(changed).collect();
    change
}

/// Decides what one line of a features file changes: it states all imported features of the
/// person, and where the person lives and was born if it says so.
pub fn plan_features(stored: &StoredEvidence, incoming: UserFeatures) -> EvidenceChange {
    let (told, features) = incoming.into_parts();
    let person = Person {
        user_id: stored.person.user_id,
        state: told.state.or(stored.person.state),
        date_of_birth: told.date_of_birth.or(stored.person.date_of_birth),
    };
    let (features, features_gone) = differences(stored, Origin::Import, features);
    EvidenceChange { features, features_gone, ..EvidenceChange::of_person(stored, person) }
}

/// What to write and what to delete so that the features of one origin are exactly these.
fn differences(
    stored: &StoredEvidence,
    origin: Origin,
    features: Vec<UserFeature>,
) -> (Vec<StoredFeature>, Vec<FeatureId>) {
    let wanted: BTreeMap<FeatureId, StoredFeature> = features
        .into_iter()
        .map(|feature| StoredFeature { origin, feature })
        .map(|feature| (feature.id(), feature))
        .collect();
    let of_origin = |id: &&FeatureId| id.2 == origin;
    let gone = stored.features.keys().filter(of_origin);
    let gone = gone.filter(|id| !wanted.contains_key(*id)).cloned().collect();
    let changed = |(id, wanted): &(FeatureId, StoredFeature)| {
        stored.features.get(id) != Some(&wanted.feature)
    };
    let written = wanted.into_iter().filter(changed).map(|(_, feature)| feature).collect();
    (written, gone)
}

/// The features that matching sees: for each key and source the derived one, else the imported.
pub fn effective(features: impl IntoIterator<Item = StoredFeature>) -> Vec<UserFeature> {
    let mut by_id: BTreeMap<(FeatureKey, Source), StoredFeature> = BTreeMap::new();
    for stored in features {
        let id = (stored.feature.key.clone(), stored.feature.source);
        let wins = by_id.get(&id).is_none_or(|other| stored.origin < other.origin);
        if wins {
            by_id.insert(id, stored);
        }
    }
    by_id.into_values().map(|stored| stored.feature).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::parse_person_line;
    use crate::sync::Record;
    use crate::sync::tests_support::transaction;
    use crate::types::UserId;

    fn nobody() -> StoredEvidence {
        let id: UserId = "6f1d2c3b-4a59-4e68-8d77-0123456789ab".parse().unwrap();
        StoredEvidence::none(Person::unknown(id))
    }

    fn reading() -> Reading {
        Reading::of_lexicon(crate::evidence::Lexicon::for_catalog([]).unwrap())
    }

    fn effective_keys(stored: &StoredEvidence) -> Vec<String> {
        let features = stored
            .features
            .iter()
            .map(|(id, feature)| StoredFeature { origin: id.2, feature: feature.clone() });
        effective(features).iter().map(|f| format!("{} {}", f.key, f.count)).collect()
    }

    fn page(upserts: Vec<Record>, removals: Vec<RecordId>) -> Page {
        Page { feed_id: None, upserts, removals }
    }

    #[test]
    fn a_removed_transaction_lowers_the_count_and_at_zero_removes_the_feature() {
        let mut stored = nobody();
        let records =
            [1, 2].map(|id| Record::Transaction(transaction(id, "2024-01-01", 5, "Uber")));
        let ids = records.clone().map(|record| record.id());
        plan_records(&stored, [], &reading()).apply(&mut stored.clone());
        let change = plan_records(&stored, [page(records.to_vec(), vec![])], &reading());
        change.apply(&mut stored);
        assert_eq!(effective_keys(&stored), ["merchant:uber 2"]);
        let change = plan_records(&stored, [page(vec![], vec![ids[0]])], &reading());
        change.apply(&mut stored);
        assert_eq!(effective_keys(&stored), ["merchant:uber 1"]);
        let change = plan_records(&stored, [page(vec![], vec![ids[1]])], &reading());
        change.apply(&mut stored);
        assert_eq!(effective_keys(&stored), [""; 0]);
        assert!(stored.support.is_empty());
        let again = plan_records(&stored, [page(records.to_vec(), ids.to_vec())], &reading());
        assert!(again.is_empty(), "{again:?}");
    }

    #[test]
    fn imported_features_stand_beside_derived_ones() {
        let mut stored = nobody();
        let record = Record::Transaction(transaction(1, "2024-01-01", 5, "Uber"));
        let id = record.id();
        let line = |features: &str| {
            let text = format!(
                r#"{{"user_id": "{}", "state": "CA", "features": [{features}]}}"#,
                nobody().person.user_id
            );
            parse_person_line(&text, 1).unwrap()
        };
        let uber = r#"{"key": "merchant:uber", "source": "plaid", "confidence": 0.5, "count": 7}"#;
        let change = plan_features(&stored, line(uber));
        change.apply(&mut stored);
        assert!(plan_features(&stored, line(uber)).is_empty(), "the same line changes nothing");
        assert_eq!(effective_keys(&stored), ["merchant:uber 7"]);
        let change = plan_records(&stored, [page(vec![record], vec![])], &reading());
        change.apply(&mut stored);
        assert_eq!(effective_keys(&stored), ["merchant:uber 1"], "own records come first");
        let change = plan_records(&stored, [page(vec![], vec![id])], &reading());
        change.apply(&mut stored);
        assert_eq!(effective_keys(&stored), ["merchant:uber 7"]);
        let change = plan_features(&stored, line(""));
        change.apply(&mut stored);
        assert_eq!(effective_keys(&stored), [""; 0]);
        assert_eq!(stored.person.state, "CA".parse().ok());
    }
}
