//! Rules that are more than the simple form, as words that can be stored and mapped.
//!
//! A node is an operation and its operands; a connective is followed by its parts, one behind the
//! other, and says where they end. Numbers of 64 bits take two words, the low one first.
//!
//! | words | means |
//! |---|---|
//! | `ALL`, end; parts | also `ANY`, `NONE`; `end` counts from the first word of the rule |
//! | `FEATURE`, feature, least confidence (2), least count, whether in the class period | |
//! | `STATES`, mask (2) | |
//! | `AGE`, min, max, year, month, day | the year is 0 for the day of matching |
//! | `PURCHASES`, feature, from, to, count min, count max, cents min (2), cents max (2) | |
//! | `ASK` | the question stays in the rule: nobody's columns answer it |
//!
//! Evaluation stands in `matching/program.rs`; it takes words it cannot read for `not_met`.

use crate::catalog::{Predicate, PurchasesAtom};
use crate::types::{Date, FeatureKey, StateRule, day_number};

pub(crate) const ALL: u32 = 1;
pub(crate) const ANY: u32 = 2;
pub(crate) const NONE: u32 = 3;
pub(crate) const FEATURE: u32 = 4;
pub(crate) const STATES: u32 = 5;
pub(crate) const AGE: u32 = 6;
pub(crate) const PURCHASES: u32 = 7;
pub(crate) const ASK: u32 = 8;

/// Appends the words of a rule. `number` numbers the features; what it refuses ends the rule.
pub(super) fn write<E>(
    words: &mut Vec<u32>,
    rule: &Predicate,
    number: &mut impl FnMut(&FeatureKey) -> Result<u32, E>,
) -> Result<(), E> {
    match rule {
        Predicate::All(parts) => write_parts(words, ALL, parts, number)?,
        Predicate::Any(parts) => write_parts(words, ANY, parts, number)?,
        Predicate::None(parts) => write_parts(words, NONE, parts, number)?,
        Predicate::Feature(atom) => {
            words.extend([FEATURE, number(&atom.key)?]);
            let least = atom.min_confidence.map_or(0.0, |confidence| confidence.get());
            words.extend(halves(least.to_bits()));
            words.extend([atom.min_count.unwrap_or(1), u32::from(atom.in_class_period)]);
        }
        Predicate::States(states) => {
            words.push(STATES);
            words.extend(halves(states.mask()));
        }
        Predicate::Age(atom) => {
            words.extend([AGE, atom.years.min.unwrap_or(0), atom.years.max.unwrap_or(u32::MAX)]);
            words.extend(atom.on.map_or([0; 3], civil));
        }
        Predicate::Purchases(atom) => {
            let from = atom.days.min.map_or(i32::MIN, day_number);
            let to = atom.days.max.map_or(i32::MAX, day_number);
            words.extend([PURCHASES, number(&atom.key)?]);
            words.extend([from.cast_unsigned(), to.cast_unsigned()]);
            words.extend([atom.count.min.unwrap_or(0), atom.count.max.unwrap_or(u32::MAX)]);
            words.extend(halves(atom.amount_cents.min.unwrap_or(i64::MIN).cast_unsigned()));
            words.extend(halves(atom.amount_cents.max.unwrap_or(i64::MAX).cast_unsigned()));
        }
        Predicate::Ask(_) => words.push(ASK),
    }
    Ok(())
}

fn write_parts<E>(
    words: &mut Vec<u32>,
    operation: u32,
    parts: &[Predicate],
    number: &mut impl FnMut(&FeatureKey) -> Result<u32, E>,
) -> Result<(), E> {
    let at = words.len();
    words.extend([operation, 0]);
    for part in parts {
        write(words, part, number)?;
    }
    let end = u32::try_from(words.len()).unwrap_or(u32::MAX);
    if let Some(word) = words.get_mut(at + 1) {
        *word = end;
    }
    Ok(())
}

#[expect(clippy::cast_possible_truncation, reason = "a number of 64 bits is cut in two")]
const fn halves(number: u64) -> [u32; 2] {
    [number as u32, (number >> 32) as u32]
}

fn civil(date: Date) -> [u32; 3] {
    let part = |number: i8| u32::try_from(number).unwrap_or(0);
    [u32::try_from(date.year()).unwrap_or(0), part(date.month()), part(date.day())]
}

/// Features of which a person has one whenever the rule is not `not_met`; `None` where a person
/// without any feature can have that.
pub(super) fn anchors<'a>(
    rule: &'a Predicate,
    rarity: &impl Fn(&FeatureKey) -> usize,
) -> Option<Vec<&'a FeatureKey>> {
    match rule {
        Predicate::Feature(atom) => Some(vec![&atom.key]),
        Predicate::Purchases(atom) => fails_without_evidence(atom).then(|| vec![&atom.key]),
        Predicate::All(parts) => parts
            .iter()
            .filter_map(|part| anchors(part, rarity))
            .min_by_key(|keys| keys.iter().map(|key| rarity(key)).sum::<usize>()),
        Predicate::Any(parts) => {
            let mut all = Vec::new();
            for part in parts {
                all.extend(anchors(part, rarity)?);
            }
            Some(all)
        }
        Predicate::None(_) | Predicate::States(_) | Predicate::Age(_) | Predicate::Ask(_) => None,
    }
}

/// Without evidence the count and the amount are 0.
fn fails_without_evidence(atom: &PurchasesAtom) -> bool {
    !atom.count.contains(&0) || !atom.amount_cents.contains(&0)
}

/// The states that a rule needs: those of the atoms it reaches through `all` alone.
pub(super) fn state_mask(rule: &Predicate) -> u64 {
    match rule {
        Predicate::States(states) => states.mask(),
        Predicate::All(parts) => {
            parts.iter().map(state_mask).fold(StateRule::Any.mask(), |mask, part| mask & part)
        }
        Predicate::Any(_)
        | Predicate::None(_)
        | Predicate::Feature(_)
        | Predicate::Age(_)
        | Predicate::Purchases(_)
        | Predicate::Ask(_) => StateRule::Any.mask(),
    }
}
