//! Judging a rule plainly: a walk over its tree, atom by atom, for one person.
//!
//! In: a [`Predicate`], the class period of its settlement, a day, and a person. Out: a
//! [`Judgement`].
//! This is what every faster way to evaluate a rule has to equal, to the bit. The atoms and the
//! connectives themselves stand in `truth.rs`.
//! Rules: `docs/rules/predicates.md`.

use std::fmt;

use super::sighting::{DayRange, PersonColumns, PersonView, Sighting, Slot};
use super::truth::{
    Connective, FeatureBounds, Judgement, PurchaseBounds, UNANSWERED, age_bounds, age_truth,
    feature_truth, purchases_truth, states_truth,
};
use crate::catalog::{ClassPeriod, FeatureAtom, Predicate, PurchasesAtom};
use crate::evidence::UserFeatures;
use crate::types::{Date, FeatureKey};

/// What a rule says of one person; see [`Observed::judge`].
/// ```
/// use payme_core::catalog::parse_settlement;
/// use payme_core::evidence::parse_person_line;
/// use payme_core::matching::{Truth, judge};
/// use payme_core::types::parse_date;
///
/// let settlement = parse_settlement(r#"{"title": "Rides", "eligibility": {"all": [
///     {"feature": "merchant:uber"}, {"age": {"min": 18}}]}}"#)?;
/// let person = parse_person_line(r#"{
///     "user_id": "00000000-0000-4000-8000-000000000001",
///     "features": [{"key": "merchant:uber", "source": "plaid", "confidence": 0.75}]}"#, 1)?;
/// let today = parse_date("2026-02-01")?;
/// let judged = judge(settlement.eligibility.in_force(), &person, None, today);
/// assert_eq!(judged.truth, Truth::Unknown, "the date of birth is not known");
/// assert_eq!(judged.belief, 0.75 * 0.5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn judge(
    predicate: &Predicate,
    user: &UserFeatures,
    period: Option<ClassPeriod>,
    today: Date,
) -> Judgement {
    Observed::new(user).judge(predicate, period, today)
}

/// One person, made ready to be judged by many rules.
///
/// Debug shows the id only: what is known of a person is personal data.
pub struct Observed<'a> {
    user: &'a UserFeatures,
    columns: PersonColumns,
    /// The keys of the slots, ascending.
    keys: Vec<&'a FeatureKey>,
}

impl fmt::Debug for Observed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let user_id = self.user.person().user_id;
        f.debug_struct("Observed").field("user_id", &user_id).finish_non_exhaustive()
    }
}

impl<'a> Observed<'a> {
    /// Makes a person ready.
    pub fn new(user: &'a UserFeatures) -> Self {
        let mut columns = PersonColumns::default();
        // The slots stand in the order of the keys, so a key is found without a number.
        columns.load(user, |_| 0);
        Self { user, columns, keys: user.keys().collect() }
    }

    /// What a rule says of the person.
    ///
    /// `period` is the class period of the settlement; without one, every day lies inside.
    /// `today` is the day of matching: an age is taken on it unless the rule names a day.
    pub fn judge(
        &self,
        predicate: &Predicate,
        period: Option<ClassPeriod>,
        today: Date,
    ) -> Judgement {
        let view = self.columns.view();
        self.part(&view, predicate, DayRange::of_period(period), today)
    }

    fn part(
        &self,
        view: &PersonView<'_>,
        predicate: &Predicate,
        period: DayRange,
        today: Date,
    ) -> Judgement {
        let over = |connective: Connective, parts: &[Predicate]| {
            connective.judge(parts.iter().map(|part| self.part(view, part, period, today)))
        };
        match predicate {
            Predicate::All(parts) => over(Connective::All, parts),
            Predicate::Any(parts) => over(Connective::Any, parts),
            Predicate::None(parts) => over(Connective::None, parts),
            Predicate::Feature(atom) => self.feature(view, atom, period),
            Predicate::States(rule) => Judgement::plain(states_truth(rule.mask(), view.state_bit)),
            Predicate::Age(atom) => {
                let on = atom.on.unwrap_or(today);
                Judgement::plain(age_truth(age_bounds(atom), on, view.born))
            }
            Predicate::Purchases(atom) => self.purchases(view, atom),
            Predicate::Ask(_) => UNANSWERED,
        }
    }

    fn feature(&self, view: &PersonView<'_>, atom: &FeatureAtom, period: DayRange) -> Judgement {
        let slot = self.slot(&atom.key);
        let belief = slot.map_or(0.0, |slot| slot.belief);
        let sightings = slot.into_iter().flat_map(|slot| view.sightings(slot));
        let truth = feature_truth(&FeatureBounds::of(atom), period, belief, sightings);
        Judgement::of_evidence(truth, belief)
    }

    fn purchases(&self, view: &PersonView<'_>, atom: &PurchasesAtom) -> Judgement {
        let bounds = PurchaseBounds::of(atom);
        match self.slot(&atom.key) {
            Some(slot) => {
                let truth = purchases_truth(&bounds, view.sightings(slot));
                Judgement::of_evidence(truth, slot.belief)
            }
            None => Judgement::plain(purchases_truth(&bounds, [])),
        }
    }

    fn slot(&self, key: &FeatureKey) -> Option<&Slot> {
        let at = self.keys.binary_search(&key).ok()?;
        self.columns.slots.get(at)
    }

    /// What the sources saw of a feature.
    pub(super) fn sightings(&self, key: &FeatureKey) -> impl Iterator<Item = Sighting<'_>> {
        let view = self.columns.view();
        self.slot(key).into_iter().flat_map(move |slot| view.sightings(slot))
    }

    /// The person.
    pub(super) const fn user(&self) -> &'a UserFeatures {
        self.user
    }
}

#[cfg(test)]
mod tests;
