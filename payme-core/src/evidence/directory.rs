//! What an import of merchants, or learning from corrections, changes in the stored directory.

use std::collections::BTreeMap;

use super::merchant::{LearnedAliases, Merchant};
use crate::types::{FeatureKey, Version};

/// The version of the rules by which features are derived from records. It is raised whenever the
/// same records say something else than before; what was stored by earlier rules is read anew.
pub const DERIVED: Version = Version(2);

/// The changes that one import of merchants, or one round of learning, makes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DirectoryPlan {
    /// Merchants to write, new or changed, by key.
    pub merchants: BTreeMap<FeatureKey, Merchant>,
    /// What was learned, if it is another than before.
    pub learned: Option<LearnedAliases>,
    /// The version of the rules by which everybody's features are derived from now on.
    pub derived: Option<Version>,
    /// The revision of the catalogue that the plan rests on, if nothing may have changed since.
    pub on_catalog: Option<Version>,
    /// The revision of everybody's records that were read anew, if none may have come since.
    pub on_records: Option<Version>,
}

impl DirectoryPlan {
    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.merchants.is_empty() && self.learned.is_none() && self.derived.is_none()
    }

    /// The merchants after the plan.
    pub fn after(&self, stored: &BTreeMap<FeatureKey, Merchant>) -> BTreeMap<FeatureKey, Merchant> {
        let mut after = stored.clone();
        after.extend(self.merchants.clone());
        after
    }
}

/// How many merchants of an import are what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MerchantCounts {
    /// Not stored yet.
    pub added: usize,
    /// Stored otherwise.
    pub changed: usize,
    /// Stored just so.
    pub unchanged: usize,
}

/// Compares incoming merchants with the stored ones. Merchants that are stored but not incoming
/// stay: a file adds and changes, it never removes. One whose name has no key is passed over; the
/// reader of the file refuses it.
pub fn plan_merchants(
    stored: &BTreeMap<FeatureKey, Merchant>,
    incoming: impl IntoIterator<Item = Merchant>,
) -> (DirectoryPlan, MerchantCounts) {
    let (mut plan, mut counts) = (DirectoryPlan::default(), MerchantCounts::default());
    for merchant in incoming {
        let Ok(key) = merchant.key() else { continue };
        match stored.get(&key) {
            None => counts.added += 1,
            Some(same) if *same == merchant => {
                counts.unchanged += 1;
                continue;
            }
            Some(_) => counts.changed += 1,
        }
        plan.merchants.insert(key, merchant);
    }
    (plan, counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merchant(name: &str, aliases: &[&str]) -> Merchant {
        Merchant {
            name: name.to_owned(),
            aliases: aliases.iter().map(|alias| (*alias).to_owned()).collect(),
        }
    }

    #[test]
    fn an_import_adds_and_changes_and_never_removes() {
        let first = [merchant("Hulu", &[]), merchant("Blue Bottle", &["BB"])];
        let (plan, counts) = plan_merchants(&BTreeMap::new(), first.clone());
        assert_eq!((counts.added, counts.changed, counts.unchanged), (2, 0, 0));
        let stored = plan.after(&BTreeMap::new());
        let (again, counts) = plan_merchants(&stored, first);
        assert!(again.is_empty());
        assert_eq!((counts.added, counts.changed, counts.unchanged), (0, 0, 2));
        let (next, counts) = plan_merchants(&stored, [merchant("HULU", &["Hulu TV"])]);
        assert_eq!((counts.added, counts.changed, counts.unchanged), (0, 1, 0));
        let names: Vec<_> = next.after(&stored).into_values().map(|one| one.name).collect();
        assert_eq!(names, ["Blue Bottle", "HULU"]);
    }
}
