//! What each variant of matching would have been worth, had everybody got it.
//!
//! In: samples with the variant and its propensity. Out: an off-policy estimate for each variant,
//! or why there is none. What always holds: who was forced into a variant is left out and counted;
//! nobody is compared by what they were not shown.

use std::collections::BTreeMap;

use crate::learning::evaluation::{
    EvaluationError, Exposure, Folds, Logging, OffPolicy, OffPolicyOptions, off_policy,
};
use crate::learning::sum::float;
use crate::learning::{LearningError, Sample, Shown};
use crate::matching::Variant;
use crate::types::UserId;

/// So many of the first results count.
const PLACES: u32 = 5;
/// What an action is numbered by.
const VARIANTS: usize = Variant::ALL.len();

/// What a variant would have been worth.
#[derive(Debug, Clone, PartialEq)]
pub struct VariantValue {
    /// The variant.
    pub variant: Variant,
    /// How many people the hash gave it to.
    pub people: usize,
    /// Its mean reward over everybody; an error where nobody got it.
    pub value: Result<OffPolicy, EvaluationError>,
}

/// The variants, side by side.
#[derive(Debug, Clone, PartialEq)]
pub struct VariantComparison {
    /// One for each variant, in the order of [`Variant::ALL`].
    pub variants: Vec<VariantValue>,
    /// How many people were left out: a variant was forced on them, nobody knows how they got it,
    /// or it is not known yet what came of anything.
    pub left_out: usize,
}

/// A person's newest run, as far as it is known what came of it.
struct Seen {
    user: UserId,
    shown: Shown,
    /// The share of the first five places that was paid.
    reward: f64,
}

/// Compares the variants by what came of them.
///
/// The reward of a person is the share of the first five places of their newest run that were paid,
/// divided by five. The doubly robust estimate expects of each variant its mean reward over other
/// people: those of the other half, by the hash of seed and person.
///
/// # Errors
/// [`LearningError::Empty`] where nobody is left to compare.
/// ```
/// use payme_core::learning::{compare_variants, parse_samples};
/// let row = |user: u8, variant: &str, label: u8| format!(
///     r#"{{"user_id": "00000000-0000-4000-8000-0000000000{user:02}",
///         "settlement_id": "00000000-0000-4000-9000-000000000001",
///         "run_id": "00000000-0000-4000-a000-0000000000{user:02}", "at": "2026-02-01T00:00:00Z",
///         "variant": "{variant}", "position": 1, "propensity": 0.5, "label": {label},
///         "outcome": "{}"}}"#, if label == 1 { "paid_out" } else { "ignored" }
/// );
/// let rows = [row(10, "rules_only", 0), row(11, "rules_only", 1), row(12, "rules_vector", 1),
///     row(13, "rules_vector", 1)];
/// let samples = parse_samples(format!("[{}]", rows.join(",")).as_bytes())?.taken;
/// let found = compare_variants(&samples, 1)?;
/// let snips: Vec<Option<f64>> = found.variants.iter()
///     .map(|one| one.value.as_ref().ok().map(|value| value.snips.value)).collect();
/// // One place in five of one in two people, of everybody, and of nobody.
/// assert_eq!(snips, [Some(0.1), Some(0.2), None]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn compare_variants(samples: &[Sample], seed: u64) -> Result<VariantComparison, LearningError> {
    let (seen, left_out) = newest_runs(samples);
    if seen.is_empty() {
        return Err(LearningError::Empty);
    }
    let expected = expected(&seen, seed);
    let variants = Variant::ALL.into_iter().enumerate().map(|(action, variant)| {
        let mut target = [0.0; VARIANTS];
        target[action] = 1.0;
        let exposures: Vec<Exposure<'_>> = seen
            .iter()
            .zip(&expected)
            .map(|(one, model)| Exposure {
                action: place(one.shown.variant),
                logging: one.shown.propensity.map_or(Logging::Missing, Logging::Shown),
                reward: one.reward,
                target: &target,
                model: Some(model),
            })
            .collect();
        let people = exposures.iter().filter(|exposure| exposure.action == action).count();
        let value = off_policy(&exposures, None, OffPolicyOptions::default());
        VariantValue { variant, people, value }
    });
    Ok(VariantComparison { variants: variants.collect(), left_out })
}

/// The place of a variant among the actions.
fn place(variant: Variant) -> usize {
    Variant::ALL.iter().position(|one| *one == variant).unwrap_or_default()
}

/// What came of each person's newest run, and how many people have none that says anything.
fn newest_runs(samples: &[Sample]) -> (Vec<Seen>, usize) {
    let mut runs: BTreeMap<UserId, Vec<(Sample, Shown)>> = BTreeMap::new();
    for sample in samples {
        let of_user = runs.entry(sample.user_id).or_default();
        if let Some(shown) = sample.shown {
            of_user.push((*sample, shown));
        }
    }
    let people = runs.len();
    let seen: Vec<Seen> = runs.into_iter().filter_map(|(user, rows)| newest(user, &rows)).collect();
    let left_out = people - seen.len();
    (seen, left_out)
}

fn newest(user: UserId, rows: &[(Sample, Shown)]) -> Option<Seen> {
    // Ids of runs ascend with time.
    let (last, shown) = rows.iter().max_by_key(|(sample, _)| sample.run_id)?;
    shown.propensity?;
    let of_run = rows.iter().filter(|(sample, _)| sample.run_id == last.run_id);
    let first = of_run.filter(|(_, shown)| shown.position <= PLACES);
    let labels: Vec<bool> = first.filter_map(|(sample, _)| sample.outcome.label()).collect();
    let paid = labels.iter().filter(|label| **label).count();
    let reward = float(paid) / f64::from(PLACES);
    (!labels.is_empty()).then_some(Seen { user, shown: *shown, reward })
}

/// What is expected of each variant for each person: its mean reward over the other half, or the
/// mean of that half where nobody there got it.
fn expected(seen: &[Seen], seed: u64) -> Vec<[f64; VARIANTS]> {
    let users: Vec<UserId> = seen.iter().map(|one| one.user).collect();
    let half_of = match Folds::by_user(&users, 2, seed) {
        Ok(folds) => folds.fold_of().to_vec(),
        // One person has no other half.
        Err(_) => vec![0; users.len()],
    };
    let means = [0, 1].map(|half| {
        let others = || seen.iter().zip(&half_of).filter(move |(_, own)| **own != half);
        let overall = mean(others().map(|(one, _)| one.reward)).unwrap_or(0.0);
        Variant::ALL.map(|variant| {
            let of_variant = others().filter(|(one, _)| one.shown.variant == variant);
            mean(of_variant.map(|(one, _)| one.reward)).unwrap_or(overall)
        })
    });
    half_of.iter().map(|half| means.get(*half).copied().unwrap_or_default()).collect()
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0_usize), |(sum, n), value| (sum + value, n + 1));
    (count > 0).then(|| sum / float(count))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::learning::random::Stream;
    use crate::learning::{Features, Outcome};
    use crate::types::{Instant, RunId, SettlementId};

    /// A person whose variant a hash took, with as many of five results paid as chance says.
    fn person(user: u128, variant: Variant, chance: f64, stream: &mut Stream) -> Vec<Sample> {
        let sample = |position: u32| Sample {
            user_id: UserId::from_uuid(Uuid::from_u128(user)),
            settlement_id: SettlementId::from_uuid(Uuid::from_u128(u128::from(position))),
            run_id: RunId::from_uuid(Uuid::from_u128(user)),
            shown: Some(Shown {
                at: Instant::EPOCH,
                variant,
                position,
                propensity: Some(Variant::PROPENSITY),
            }),
            features: Features::default(),
            outcome: if stream.unit() < chance { Outcome::PaidOut } else { Outcome::Ignored },
        };
        (1..=5).map(sample).collect()
    }

    #[test]
    fn what_each_variant_is_worth_is_found_within_its_error() {
        let mut stream = Stream::new(5);
        let truth = [0.1, 0.2, 0.4];
        let mut inside = [0_u32; 3];
        for world in 0..60 {
            let mut samples = Vec::new();
            for user in 0..300_u128 {
                let drawn = stream.unit();
                let at = usize::from(drawn >= 1.0 / 3.0) + usize::from(drawn >= 2.0 / 3.0);
                samples.extend(person(user + 1, Variant::ALL[at], truth[at], &mut stream));
            }
            let found = compare_variants(&samples, world).unwrap();
            assert_eq!(found.left_out, 0);
            for (at, one) in found.variants.iter().enumerate() {
                let value = one.value.as_ref().unwrap();
                let snips = value.snips;
                inside[at] +=
                    u32::from((snips.value - truth[at]).abs() < 1.96 * snips.standard_error);
                let robust = value.doubly_robust.unwrap();
                assert!((robust.value - truth[at]).abs() < 6.0 * robust.standard_error);
            }
        }
        // 95 in 100 of 60 are 57; 50 or fewer have a chance of one in a thousand.
        assert!(inside.iter().all(|inside| *inside > 50), "{inside:?}");
    }

    #[test]
    fn only_the_newest_run_of_those_whom_a_hash_chose_for_is_compared() {
        let mut stream = Stream::new(1);
        let mut samples = person(1, Variant::RulesOnly, 1.0, &mut stream);
        samples.extend(person(2, Variant::RulesOnly, 1.0, &mut stream));
        samples.extend(person(3, Variant::RulesVector, 0.0, &mut stream));
        // Forced, unknown, and pending.
        let mut odd = [4, 5, 6].map(|user| person(user, Variant::RulesVector, 1.0, &mut stream));
        for sample in &mut odd[0] {
            if let Some(shown) = sample.shown.as_mut() {
                shown.propensity = None;
            }
        }
        odd[1].iter_mut().for_each(|sample| sample.shown = None);
        odd[2].iter_mut().for_each(|sample| sample.outcome = Outcome::Pending);
        samples.extend(odd.concat());
        // A newer run of the second person showed one of the five again.
        samples[5].run_id = RunId::from_uuid(Uuid::from_u128(99));
        let found = compare_variants(&samples, 1).unwrap();
        assert_eq!(found.left_out, 3);
        let people: Vec<usize> = found.variants.iter().map(|one| one.people).collect();
        assert_eq!(people, [2, 1, 0]);
        let snips = |at: usize| found.variants[at].value.as_ref().map(|value| value.snips.value);
        assert!((snips(0).unwrap() - 0.6).abs() < 1e-12, "the mean of 1 and 1 / 5");
        assert!(snips(1).unwrap().abs() < 1e-12);
        assert!(snips(2).is_err());
        assert_eq!(compare_variants(&odd.concat(), 1), Err(LearningError::Empty));
        assert_eq!(compare_variants(&[], 1), Err(LearningError::Empty));
    }
}
