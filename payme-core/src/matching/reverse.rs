//! Reverse matching: who qualifies for a settlement, of all people at once.
//!
//! In: [`People`], a settlement and the day of matching. Out: the rows for which its rule is met,
//! and those for which it is unknown: exactly what judging each person gives. Sets of rows are
//! combined as the rule combines its parts; a person is looked at only where an atom has bounds.

use roaring::RoaringBitmap;

use super::MatchScope;
use super::people::People;
use super::sighting::{DayRange, Sighting};
use super::truth::{
    FeatureBounds, PurchaseBounds, Truth, age_truth, feature_truth, purchases_truth,
};
use crate::catalog::{AgeAtom, FeatureAtom, Predicate, PurchasesAtom, Settlement};
use crate::types::{Date, FeatureKey, StateRule};

/// The people for whom a rule is met, and those for whom one more fact decides it; rows of
/// [`People`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reverse {
    /// The rule is met.
    pub eligible: RoaringBitmap,
    /// The rule is unknown.
    pub unknown: RoaringBitmap,
}

/// Who qualifies for a settlement at a time. Nobody does while it takes no claims, unless closed
/// ones are asked for.
///
/// Costs a few set operations for features, states and ages, and a look at each person who has
/// the feature of an atom with bounds and passes what is cheaper to tell.
/// ```
/// use payme_core::catalog::parse_settlement;
/// use payme_core::evidence::parse_person_line;
/// use payme_core::matching::{MatchScope, People, reverse};
/// use payme_core::types::Instant;
/// let settlement = parse_settlement(r#"{"title": "Rides",
///     "eligibility": {"required_features": ["merchant:uber"], "states": ["CA"]}}"#)?;
/// let ada = parse_person_line(r#"{"user_id": "00000000-0000-4000-8000-000000000001",
///     "features": [{"key": "merchant:uber", "source": "plaid", "confidence": 0.8}]}"#, 1)?;
/// let people = People::of([&ada])?;
/// let now = Instant::parse("2026-02-01T00:00:00Z")?;
/// let found = reverse(&people, &settlement, MatchScope { now, include_closed: false });
/// assert_eq!(found.eligible.len(), 0);
/// assert_eq!(found.unknown.len(), 1, "the state is not known");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn reverse(people: &People, settlement: &Settlement, scope: MatchScope) -> Reverse {
    if !scope.include_closed && !settlement.takes_claims(scope.now) {
        return Reverse::default();
    }
    let period = DayRange::of_period(settlement.class_period);
    let asked = Asked { people, period, today: scope.now.date_utc() };
    let everybody = &people.sets().everybody;
    let Split { met, possible } = asked.part(settlement.eligibility.in_force(), everybody);
    let unknown = possible - &met;
    Reverse { eligible: met, unknown }
}

/// Of some rows, those for which a rule is met, and those for which it is not `not_met`.
struct Split {
    met: RoaringBitmap,
    possible: RoaringBitmap,
}

impl Split {
    /// An answer that is never unknown.
    fn certain(met: RoaringBitmap) -> Self {
        Self { possible: met.clone(), met }
    }
}

struct Asked<'a> {
    people: &'a People,
    period: DayRange,
    today: Date,
}

impl Asked<'_> {
    /// What a rule says of these rows.
    fn part(&self, rule: &Predicate, rows: &RoaringBitmap) -> Split {
        match rule {
            Predicate::All(parts) => self.all(parts, rows),
            Predicate::Any(parts) => self.any(parts, rows),
            Predicate::None(parts) => {
                let any = self.any(parts, rows);
                Split { met: rows - any.possible, possible: rows - any.met }
            }
            Predicate::Feature(atom) => self.feature(atom, rows),
            Predicate::States(states) => self.states(*states, rows),
            Predicate::Age(atom) => self.age(*atom, rows),
            Predicate::Purchases(atom) => self.purchases(atom, rows),
            Predicate::Ask(_) => Split { met: RoaringBitmap::new(), possible: rows.clone() },
        }
    }

    /// The cheapest parts first: each leaves fewer rows to the next.
    fn all(&self, parts: &[Predicate], rows: &RoaringBitmap) -> Split {
        let mut parts: Vec<&Predicate> = parts.iter().collect();
        parts.sort_by_cached_key(|part| self.cost(part));
        let Some((first, rest)) = parts.split_first() else {
            return Split::certain(rows.clone());
        };
        let mut split = self.part(first, rows);
        for part in rest {
            if split.possible.is_empty() {
                break;
            }
            let next = self.part(part, &split.possible);
            split = Split { met: split.met & next.met, possible: next.possible };
        }
        split
    }

    fn any(&self, parts: &[Predicate], rows: &RoaringBitmap) -> Split {
        let mut split = Split::certain(RoaringBitmap::new());
        for part in parts {
            let next = self.part(part, rows);
            split.met |= next.met;
            split.possible |= next.possible;
        }
        split
    }

    /// What a part costs, roughly: bare features by their people, then states, then the rest.
    fn cost(&self, part: &Predicate) -> (u8, u64) {
        match part {
            Predicate::Feature(atom) if atom.is_bare() => (0, self.having(&atom.key).len()),
            Predicate::States(_) => (1, 0),
            Predicate::Age(_) => (2, 0),
            Predicate::Feature(atom) => (3, self.having(&atom.key).len()),
            Predicate::Purchases(atom) => (4, self.having(&atom.key).len()),
            Predicate::All(_) | Predicate::Any(_) | Predicate::None(_) => (5, 0),
            Predicate::Ask(_) => (6, 0),
        }
    }

    /// Who has a feature.
    fn having(&self, key: &FeatureKey) -> &RoaringBitmap {
        let feature = self.people.feature(key);
        let sets = self.people.sets();
        feature.and_then(|feature| sets.features.get(feature as usize)).unwrap_or(&sets.nobody)
    }

    fn feature(&self, atom: &FeatureAtom, rows: &RoaringBitmap) -> Split {
        let having = rows & self.having(&atom.key);
        if atom.is_bare() {
            return Split::certain(having);
        }
        let bounds = FeatureBounds::of(atom);
        self.look(&atom.key, &having, |belief, sightings| {
            feature_truth(&bounds, self.period, belief, sightings)
        })
    }

    fn purchases(&self, atom: &PurchasesAtom, rows: &RoaringBitmap) -> Split {
        let bounds = PurchaseBounds::of(atom);
        let having = rows & self.having(&atom.key);
        let mut split =
            self.look(&atom.key, &having, |_, sightings| purchases_truth(&bounds, sightings));
        if purchases_truth(&bounds, []) == Truth::Met {
            let without = rows - having;
            split.met |= &without;
            split.possible |= without;
        }
        split
    }

    /// Asks each of these people, who all have the feature.
    fn look<'s>(
        &'s self,
        key: &FeatureKey,
        rows: &RoaringBitmap,
        truth: impl Fn(f64, &mut dyn Iterator<Item = Sighting<'s>>) -> Truth,
    ) -> Split {
        let (mut met, mut possible) = (Vec::new(), Vec::new());
        let Some(feature) = self.people.feature(key) else {
            return Split::certain(RoaringBitmap::new());
        };
        for row in rows {
            let Some((view, slot)) = self.people.slot(row, feature) else { continue };
            match truth(slot.belief, &mut view.sightings(slot)) {
                Truth::Met => {
                    met.push(row);
                    possible.push(row);
                }
                Truth::Unknown => possible.push(row),
                Truth::NotMet => {}
            }
        }
        Split { met: met.into_iter().collect(), possible: possible.into_iter().collect() }
    }

    fn states(&self, states: StateRule, rows: &RoaringBitmap) -> Split {
        let StateRule::In(set) = states else { return Split::certain(rows.clone()) };
        let sets = self.people.sets();
        let mut met = RoaringBitmap::new();
        for people in set.iter().filter_map(|state| sets.states.get(&state)) {
            met |= rows & people;
        }
        let possible =
            if set.is_empty() { RoaringBitmap::new() } else { &met | (rows & &sets.no_state) };
        Split { met, possible }
    }

    fn age(&self, atom: AgeAtom, rows: &RoaringBitmap) -> Split {
        let sets = self.people.sets();
        let on = atom.on.unwrap_or(self.today);
        let years = (atom.years.min.unwrap_or(0), atom.years.max.unwrap_or(u32::MAX));
        let passes = |born: Date| age_truth(years, on, Some(born)) == Truth::Met;
        let mut met = RoaringBitmap::new();
        for (year, people) in &sets.born {
            let ends = [Date::new(*year, 1, 1), Date::new(*year, 12, 31)];
            let ends = ends.map(|end| end.is_ok_and(passes));
            let people = rows & people;
            match ends {
                // The ages of one year of birth are two at most, so what both ends say, all say.
                [true, true] => met |= people,
                [false, false] => {}
                _ => met.extend(people.iter().filter(|row| {
                    self.people.view(*row).and_then(|view| view.born).is_some_and(passes)
                })),
            }
        }
        let possible = &met | (rows & &sets.not_known_when_born);
        Split { met, possible }
    }
}
