//! Truth: what a rule says of a person, in three answers, and how much we believe it.
//!
//! In: the bounds of an atom and what is known of one person. Out: a [`Truth`] for each atom, and
//! a [`Judgement`] for each connective over its parts.
//! Every way to evaluate a rule uses these functions, so each atom and each connective stands
//! once. Beliefs are folded in the order of the rule, from 1 on: the same parts in the same order
//! give the same bits. Nothing here allocates.
//! Rules: `docs/rules/predicates.md`.

use serde::{Deserialize, Serialize};

use super::sighting::{DayRange, Sighting};
use crate::catalog::{AgeAtom, FeatureAtom, PurchasesAtom};
use crate::types::{Confidence, Date, Source, StateRule};

/// What a rule says of a person. `NotMet < Unknown < Met`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Truth {
    /// It does not hold.
    NotMet,
    /// One more fact about the person can decide it. It makes nobody eligible.
    Unknown,
    /// It holds.
    Met,
}

impl Truth {
    /// Every answer, ascending.
    pub const ALL: [Self; 3] = [Self::NotMet, Self::Unknown, Self::Met];

    /// The word used in files and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotMet => "not_met",
            Self::Unknown => "unknown",
            Self::Met => "met",
        }
    }

    /// The opposite; what is not known stays so.
    /// ```
    /// use payme_core::matching::Truth;
    /// assert_eq!(Truth::Met.not(), Truth::NotMet);
    /// assert_eq!(Truth::Unknown.not(), Truth::Unknown);
    /// ```
    #[must_use]
    pub const fn not(self) -> Self {
        match self {
            Self::NotMet => Self::Met,
            Self::Unknown => Self::Unknown,
            Self::Met => Self::NotMet,
        }
    }

    /// The answer as a number: 0, 0.5 or 1.
    pub const fn weight(self) -> f64 {
        match self {
            Self::NotMet => 0.0,
            Self::Unknown => 0.5,
            Self::Met => 1.0,
        }
    }
}

/// What a rule says of a person, and how much we believe that it holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judgement {
    /// What it says.
    pub truth: Truth,
    /// How much we believe that it holds, in `[0, 1]`.
    pub belief: f64,
}

impl Judgement {
    /// The judgement of an atom that rests on no evidence: a state, an age.
    pub(crate) const fn plain(truth: Truth) -> Self {
        Self { truth, belief: truth.weight() }
    }

    /// The judgement of an atom that rests on evidence we believe so much.
    pub(crate) fn of_evidence(truth: Truth, belief: f64) -> Self {
        Self { truth, belief: truth.weight() * belief }
    }
}

/// How the parts of a rule are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Connective {
    /// Every part holds.
    All,
    /// At least one part holds.
    Any,
    /// No part holds.
    None,
}

impl Connective {
    /// The judgement over parts, in the order of the rule.
    pub(crate) fn judge(self, parts: impl IntoIterator<Item = Judgement>) -> Judgement {
        let mut fold = self.start();
        parts.into_iter().for_each(|part| fold.add(part));
        fold.end()
    }

    /// The fold before its first part.
    pub(crate) const fn start(self) -> Fold {
        let truth = match self {
            Self::All => Truth::Met,
            Self::Any | Self::None => Truth::NotMet,
        };
        Fold { connective: self, truth, product: 1.0 }
    }
}

/// A connective half way through its parts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Fold {
    connective: Connective,
    truth: Truth,
    product: f64,
}

impl Fold {
    /// Takes the next part in.
    pub(crate) fn add(&mut self, part: Judgement) {
        match self.connective {
            Connective::All => {
                self.truth = self.truth.min(part.truth);
                self.product *= part.belief;
            }
            Connective::Any | Connective::None => {
                self.truth = self.truth.max(part.truth);
                self.product *= 1.0 - part.belief;
            }
        }
    }

    /// The judgement over the parts taken in.
    pub(crate) const fn end(self) -> Judgement {
        match self.connective {
            Connective::All => Judgement { truth: self.truth, belief: self.product },
            Connective::Any => Judgement { truth: self.truth, belief: 1.0 - self.product },
            Connective::None => Judgement { truth: self.truth.not(), belief: self.product },
        }
    }
}

/// What a feature atom asks for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct FeatureBounds {
    /// The least belief that passes; 0 where none is asked for.
    pub(crate) min_confidence: f64,
    /// The least number of records that passes; 1 where none is asked for.
    pub(crate) min_count: u32,
    /// Whether only records inside the class period count.
    pub(crate) in_class_period: bool,
}

impl FeatureBounds {
    /// The bounds of an atom.
    pub(crate) fn of(atom: &FeatureAtom) -> Self {
        Self {
            min_confidence: atom.min_confidence.map_or(0.0, Confidence::get),
            min_count: atom.min_count.unwrap_or(1),
            in_class_period: atom.in_class_period,
        }
    }

    /// The days whose records count, where the settlement has this class period.
    pub(crate) const fn days(&self, period: DayRange) -> DayRange {
        if self.in_class_period { period } else { DayRange::ALL }
    }
}

/// What a purchases atom asks for; an open end is the least or the greatest number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PurchaseBounds {
    /// The days whose purchases count.
    pub(crate) days: DayRange,
    /// The least and the greatest number of purchases that passes.
    pub(crate) count: (u32, u32),
    /// The least and the greatest total in US cents that passes.
    pub(crate) cents: (i64, i64),
}

impl PurchaseBounds {
    /// The bounds of an atom.
    pub(crate) fn of(atom: &PurchasesAtom) -> Self {
        let (count, cents) = (atom.count, atom.amount_cents);
        Self {
            days: DayRange::of(atom.days),
            count: (count.min.unwrap_or(u32::MIN), count.max.unwrap_or(u32::MAX)),
            cents: (cents.min.unwrap_or(i64::MIN), cents.max.unwrap_or(i64::MAX)),
        }
    }
}

/// Whether the person has a feature as surely and as often as is asked for.
///
/// `belief` is the one from all sources, and `sightings` has one row for each source.
pub(crate) fn feature_truth<'a>(
    bounds: &FeatureBounds,
    period: DayRange,
    belief: f64,
    sightings: impl IntoIterator<Item = Sighting<'a>>,
) -> Truth {
    let days = bounds.days(period);
    let counts = sightings.into_iter().map(|sighting| sighting.records_inside(days));
    // The greatest, not the sum: a charge and its receipt by mail are one purchase.
    let greatest = counts.reduce(|a, b| (a.0.max(b.0), a.1.max(b.1)));
    match greatest {
        Some((least, most)) if belief >= bounds.min_confidence && most >= bounds.min_count => {
            if least >= bounds.min_count {
                Truth::Met
            } else {
                Truth::Unknown
            }
        }
        _ => Truth::NotMet,
    }
}

/// Whether the person's purchases pass, as the bank saw them.
///
/// `sightings` has one row for each source that saw the feature.
pub(crate) fn purchases_truth<'a>(
    bounds: &PurchaseBounds,
    sightings: impl IntoIterator<Item = Sighting<'a>>,
) -> Truth {
    let mut seen = false;
    let bank = sightings.into_iter().find(|sighting| {
        seen = true;
        sighting.source == Source::Plaid
    });
    let ((least, most), cents) = match bank {
        Some(bank) => (bank.count_inside(bounds.days), bank.cents_inside(bounds.days)),
        // Mail alone does not show what was bought.
        None if seen => ((0, u32::MAX), None),
        None => ((0, 0), Some(0)),
    };
    let count = within((least, most), bounds.count);
    count.min(within(cents.map_or((i64::MIN, i64::MAX), |cents| (cents, cents)), bounds.cents))
}

/// What a question that only the person can answer says of everybody.
pub(crate) const UNANSWERED: Judgement = Judgement::plain(Truth::Unknown);

/// Whether a number that lies in the first range lies in the second.
fn within<T: PartialOrd>((least, most): (T, T), (min, max): (T, T)) -> Truth {
    if min <= least && most <= max {
        Truth::Met
    } else if most < min || max < least {
        Truth::NotMet
    } else {
        Truth::Unknown
    }
}

/// Whether the person's state passes: `mask` is [`StateRule::mask`], `person_bit` is
/// [`StateRule::person_bit`].
pub(crate) const fn states_truth(mask: u64, person_bit: u64) -> Truth {
    if mask & person_bit != 0 {
        Truth::Met
    } else if mask != 0 && person_bit == StateRule::person_bit(None) {
        Truth::Unknown
    } else {
        Truth::NotMet
    }
}

/// The least and the greatest age that passes.
pub(crate) fn age_bounds(atom: &AgeAtom) -> (u32, u32) {
    (atom.years.min.unwrap_or(u32::MIN), atom.years.max.unwrap_or(u32::MAX))
}

/// Whether the person's age in whole years on a day passes.
pub(crate) fn age_truth(years: (u32, u32), on: Date, born: Option<Date>) -> Truth {
    match born.map(|born| age_on(born, on)) {
        None => Truth::Unknown,
        Some(Some(age)) if years.0 <= age && age <= years.1 => Truth::Met,
        Some(_) => Truth::NotMet,
    }
}

/// The age in whole years on a day; `None` for a day before the birth.
///
/// Whoever is born on 29 February turns a year older on 1 March of a common year.
pub(super) fn age_on(born: Date, on: Date) -> Option<u32> {
    let had_birthday = (born.month(), born.day()) <= (on.month(), on.day());
    let age = i32::from(on.year()) - i32::from(born.year()) - i32::from(!had_birthday);
    u32::try_from(age).ok()
}

#[cfg(test)]
mod tests;
