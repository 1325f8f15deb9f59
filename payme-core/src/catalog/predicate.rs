//! The predicate language: who is eligible, as a tree of atoms and connectives.
//!
//! ```text
//! predicate = all of parts | any of parts | none of parts
//!           | feature | states | age | purchases | ask
//! ```
//! Ranges of dates and of numbers include both ends. How it is written as JSON stands in
//! `predicate_json.rs`, what it is simplified to in `optimise.rs`, and what it says of a person in
//! `matching/truth.rs`.
//! Rules: `docs/rules/predicates.md`.

use std::hash::{Hash, Hasher};

use crate::types::{Confidence, Date, FeatureKey, StateRule};

/// A range of numbers or dates with both ends included; either end may be open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Range<T> {
    /// The least that passes.
    pub min: Option<T>,
    /// The most that passes.
    pub max: Option<T>,
}

impl<T> Default for Range<T> {
    fn default() -> Self {
        Self { min: None, max: None }
    }
}

impl<T: PartialOrd> Range<T> {
    /// Whether the value lies in the range.
    pub fn contains(&self, value: &T) -> bool {
        self.min.as_ref().is_none_or(|min| min <= value)
            && self.max.as_ref().is_none_or(|max| value <= max)
    }

    pub(super) fn is_reversed(&self) -> bool {
        matches!((&self.min, &self.max), (Some(min), Some(max)) if min > max)
    }

    /// Whether both ends are open.
    pub(crate) const fn is_open(&self) -> bool {
        self.min.is_none() && self.max.is_none()
    }
}

/// The person has a feature, perhaps with bounds on its strength.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureAtom {
    /// The feature.
    pub key: FeatureKey,
    /// The least confidence that counts.
    pub min_confidence: Option<Confidence>,
    /// The least number of records that counts, from 1.
    pub min_count: Option<u32>,
    /// Whether the records must lie in the settlement's class period.
    pub in_class_period: bool,
}

impl FeatureAtom {
    /// The bare atom: the feature is there.
    pub const fn present(key: FeatureKey) -> Self {
        Self { key, min_confidence: None, min_count: None, in_class_period: false }
    }

    /// Whether presence alone is asked for.
    pub const fn is_bare(&self) -> bool {
        self.min_confidence.is_none() && self.min_count.is_none() && !self.in_class_period
    }
}

// A confidence is never NaN, so every atom equals itself.
impl Eq for FeatureAtom {}

impl Hash for FeatureAtom {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // A confidence is never -0, so equal ones have equal bits.
        let confidence = self.min_confidence.map(|confidence| confidence.get().to_bits());
        (&self.key, confidence, self.min_count, self.in_class_period).hash(state);
    }
}

/// The person's age in whole years on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AgeAtom {
    /// The years that pass.
    pub years: Range<u32>,
    /// The day the age is taken on; the day of matching when absent.
    pub on: Option<Date>,
}

/// What the person bought from a merchant or in a category within a range of days.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PurchasesAtom {
    /// Whose purchases.
    pub key: FeatureKey,
    /// The days that count.
    pub days: Range<Date>,
    /// How many purchases pass.
    pub count: Range<u32>,
    /// Which total in US cents passes.
    pub amount_cents: Range<i64>,
}

impl PurchasesAtom {
    /// Whether no number can fail the atom: it holds for everybody.
    pub(crate) fn admits_everybody(&self) -> bool {
        let (count, cents) = (self.count, self.amount_cents);
        count.contains(&u32::MIN)
            && count.contains(&u32::MAX)
            && cents.contains(&i64::MIN)
            && cents.contains(&i64::MAX)
    }
}

/// A rule over one person's features, state and age.
///
/// One that is read from JSON has at most [`PREDICATE_LEVELS_MAX`](super::PREDICATE_LEVELS_MAX)
/// levels. Functions over it go as deep as it does, so one that is built by hand should keep to
/// that too.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Predicate {
    /// Every part holds; true when there is none.
    All(Vec<Predicate>),
    /// At least one part holds; there is at least one.
    Any(Vec<Predicate>),
    /// No part holds; true when there is none.
    None(Vec<Predicate>),
    /// The person has a feature.
    Feature(FeatureAtom),
    /// The person lives in one of these states.
    States(StateRule),
    /// The person's age passes.
    Age(AgeAtom),
    /// The person's purchases pass.
    Purchases(PurchasesAtom),
    /// The person says yes to a question that no record answers, such as whether they worked
    /// somewhere. Nothing that is known of a person answers it, so it is always unknown.
    Ask(String),
}

impl Predicate {
    /// Calls `see` on this predicate and on each part of it, in the order they are written.
    pub fn visit<'a>(&'a self, see: &mut impl FnMut(&'a Self)) {
        see(self);
        if let Self::All(parts) | Self::Any(parts) | Self::None(parts) = self {
            for part in parts {
                part.visit(see);
            }
        }
    }

    /// The feature that the predicate itself names.
    pub const fn key(&self) -> Option<&FeatureKey> {
        match self {
            Self::Feature(atom) => Some(&atom.key),
            Self::Purchases(atom) => Some(&atom.key),
            Self::All(_)
            | Self::Any(_)
            | Self::None(_)
            | Self::States(_)
            | Self::Age(_)
            | Self::Ask(_) => None,
        }
    }
}
