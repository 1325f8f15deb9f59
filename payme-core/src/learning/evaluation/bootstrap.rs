//! How sure a mean over users is, or the difference of two: users are drawn with replacement.
//!
//! In: one value for each user, or one of each model, and a seed. Out: a [`Bootstrap`]. What always
//! holds: users are drawn, not rows, because the rows of a user belong together; both models are
//! measured on the same drawn users; each resample has a stream of its own, so the answer has the
//! same bits on any number of threads.

use serde::{Deserialize, Serialize};

use super::EvaluationError;
use crate::learning::error::Fault;
use crate::learning::pieces::each_piece;
use crate::learning::random::{GOLDEN, mixed};
use crate::learning::rows::same_length;
use crate::learning::sum::{Sum, float, floor_at_most};
use crate::vectors::{InLanes, Kernel};

/// How users are resampled.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BootstrapOptions {
    /// How often, from 1 to 1,000,000; 2,000 by default.
    pub resamples: usize,
    /// The level of the interval and of the lower bound, above 0 and below 1; 0.95 by default.
    pub confidence: f64,
    /// What all draws follow from; 1 by default.
    pub seed: u64,
}

impl Default for BootstrapOptions {
    fn default() -> Self {
        Self { resamples: 2_000, confidence: 0.95, seed: 1 }
    }
}

const RESAMPLES_MAX: usize = 1_000_000;

impl BootstrapOptions {
    pub(in crate::learning) fn check(&self) -> Result<(), EvaluationError> {
        let resamples = self.resamples;
        if resamples == 0 || resamples > RESAMPLES_MAX {
            return Err(EvaluationError::Resamples { resamples });
        }
        if !(self.confidence > 0.0 && self.confidence < 1.0) {
            return Err(EvaluationError::Confidence);
        }
        Ok(())
    }
}

/// A mean over users, and how far chance may have moved it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bootstrap {
    /// The mean over the users as they are.
    pub mean: f64,
    /// The standard deviation of the means of the resamples.
    pub standard_error: f64,
    /// The two-sided percentile interval: from the percentile `(1 - confidence) / 2` of the means
    /// to the percentile `(1 + confidence) / 2`.
    pub interval: (f64, f64),
    /// The one-sided lower bound: the percentile `1 - confidence` of the means.
    pub lower_bound: f64,
    /// How many users have a value, in both models.
    pub users: usize,
    /// How many users have none, and are left out.
    pub users_left_out: usize,
    /// As was asked for, so that the answer can be found again.
    pub options: BootstrapOptions,
}

/// The mean of one model's measure over users, with its percentile interval.
///
/// Users without a value, such as those without a positive row, are left out and counted. So many
/// users as have a value are drawn with replacement, `resamples` times; percentiles of the means
/// lie between order statistics in a straight line, as in other libraries. After Efron 1979.
///
/// # Errors
/// [`EvaluationError::Value`] for NaN or infinity, [`EvaluationError::NoUsers`] where no user has a
/// value, [`EvaluationError::Resamples`] and [`EvaluationError::Confidence`] for options out of
/// range, [`EvaluationError::Overflow`] for values whose sums are no numbers.
/// ```
/// use payme_core::learning::{BootstrapOptions, bootstrap_mean};
/// let values: Vec<Option<f64>> = (0..400).map(|user| Some(f64::from(user % 5) / 5.0)).collect();
/// let found = bootstrap_mean(&values, &BootstrapOptions::default())?;
/// // The deviation of 0, 0.2, .. 0.8 is 0.2828, and 400 users make it 20 times smaller.
/// assert!((found.mean - 0.4).abs() < 1e-12 && (found.standard_error - 0.01414).abs() < 1e-3);
/// assert!(found.interval.0 < found.lower_bound && found.lower_bound < 0.4);
/// # Ok::<(), payme_core::learning::EvaluationError>(())
/// ```
pub fn bootstrap_mean(
    values: &[Option<f64>],
    options: &BootstrapOptions,
) -> Result<Bootstrap, EvaluationError> {
    checked(values)?;
    resampled(values.iter().filter_map(|value| *value).collect(), values.len(), options)
}

/// The mean of `challenger - champion` over users, paired by user, with its percentile interval.
///
/// Both models have their values in the same order of users. A user counts where both have one.
///
/// # Errors
/// As [`bootstrap_mean`], and [`crate::learning::LearningError::Length`] for two numbers of users.
/// ```
/// use payme_core::learning::{BootstrapOptions, bootstrap_difference};
/// let champion = [Some(0.2), Some(0.4), None, Some(0.2)];
/// let challenger = [Some(0.4), Some(0.6), Some(1.0), Some(0.4)];
/// let found = bootstrap_difference(&champion, &challenger, &BootstrapOptions::default())?;
/// // It is 0.2 better for each of the three, whoever of them is drawn.
/// assert!((found.mean - 0.2).abs() < 1e-12 && (found.lower_bound - 0.2).abs() < 1e-12);
/// assert_eq!((found.users, found.users_left_out), (3, 1));
/// # Ok::<(), payme_core::learning::EvaluationError>(())
/// ```
pub fn bootstrap_difference(
    champion: &[Option<f64>],
    challenger: &[Option<f64>],
    options: &BootstrapOptions,
) -> Result<Bootstrap, EvaluationError> {
    same_length("measures of the challenger", champion.len(), challenger.len())?;
    checked(champion)?;
    checked(challenger)?;
    resampled(differences(champion, challenger), champion.len(), options)
}

/// How much better the challenger is, for each user that both have a value of.
pub(in crate::learning) fn differences(
    champion: &[Option<f64>],
    challenger: &[Option<f64>],
) -> Vec<f64> {
    let pairs = champion.iter().zip(challenger);
    pairs.filter_map(|(champion, challenger)| Some((*challenger)? - (*champion)?)).collect()
}

/// Refuses values that are no numbers.
pub(in crate::learning) fn checked(values: &[Option<f64>]) -> Result<(), EvaluationError> {
    let each = values.iter().enumerate().filter_map(|(index, value)| Some((index, (*value)?)));
    match each.into_iter().find(|(_, value)| !value.is_finite()) {
        Some((index, value)) => {
            Err(EvaluationError::Value { index, fault: Fault::of(value, f64::MIN) })
        }
        None => Ok(()),
    }
}

/// The mean of some values, and 0 of none.
pub(in crate::learning) fn mean_of(values: &[f64]) -> f64 {
    let mut sum = Sum::default();
    for value in values {
        sum += *value;
    }
    sum.total() / float(values.len().max(1))
}

/// So many resamples are one piece of work.
const PIECE: usize = 16;

fn resampled(
    values: Vec<f64>,
    users: usize,
    options: &BootstrapOptions,
) -> Result<Bootstrap, EvaluationError> {
    options.check()?;
    if values.is_empty() {
        return Err(EvaluationError::NoUsers);
    }
    let mean = mean_of(&values);
    // Sums of what is left are small, and so is their rounding.
    let rests: Vec<f64> = values.into_iter().map(|value| value - mean).collect();
    let kernel = Kernel::detect();
    let piece = |number: usize| {
        let (from, to) = (number * PIECE, options.resamples.min((number + 1) * PIECE));
        kernel.run(Resamples { values: &rests, seed: options.seed, numbers: (from, to) })
    };
    let pieces = each_piece(options.resamples.div_ceil(PIECE), piece);
    let mut means: Vec<f64> = pieces.into_iter().flatten().map(|rest| mean + rest).collect();
    let center = mean_of(&means);
    let squares: Vec<f64> = means.iter().map(|each| (each - center).powi(2)).collect();
    let standard_error = mean_of(&squares).sqrt();
    means.sort_unstable_by(f64::total_cmp);
    // What is added up beyond the largest number is none, and would be above every bound.
    if !(mean.is_finite() && standard_error.is_finite()) {
        return Err(EvaluationError::Overflow);
    }
    let confidence = options.confidence;
    Ok(Bootstrap {
        mean,
        standard_error,
        interval: (
            between(&means, (1.0 - confidence) / 2.0),
            between(&means, f64::midpoint(1.0, confidence)),
        ),
        lower_bound: between(&means, 1.0 - confidence),
        users: rests.len(),
        users_left_out: users - rests.len(),
        options: *options,
    })
}

/// The percentile of sorted values, in a straight line between two of them.
pub(super) fn between(sorted: &[f64], share: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    let place = float(last) * share;
    let at = floor_at_most(place, last);
    let low = sorted.get(at).copied().unwrap_or(0.0);
    let high = sorted.get(at + 1).copied().unwrap_or(low);
    low + (high - low) * (place - float(at))
}

/// Words of random bits that are made together; each makes two draws.
const WORDS: usize = 8;
const DRAWS: usize = 2 * WORDS;

/// The means of some resamples, as work for a kernel.
struct Resamples<'a> {
    values: &'a [f64],
    seed: u64,
    /// From one resample to before another.
    numbers: (usize, usize),
}

impl InLanes for Resamples<'_> {
    type Answer = Vec<f64>;

    #[inline(always)]
    fn run(self) -> Vec<f64> {
        let Self { values, seed, numbers: (from, to) } = self;
        let count = float(values.len());
        // With more users than this, 32 bits no longer draw each of them as often as another: of
        // 2^32 numbers, some users have one more than others, 1 in 256 of what they have.
        let is_few = values.len() <= 1 << 24;
        let sum = |number: usize| {
            let state = start(seed, number);
            if is_few { sum_of_draws(values, state) } else { sum_of_long_draws(values, state) }
        };
        (from..to).map(|number| sum(number) / count).collect()
    }
}

/// Where the stream of a resample begins: the counters of two resamples lie apart at random.
#[inline(always)]
pub(super) const fn start(seed: u64, number: usize) -> u64 {
    mixed(mixed(seed).wrapping_add(GOLDEN.wrapping_mul(number as u64 + 1)))
}

/// The sum of as many draws as there are values, by 32 bits each.
///
/// The draw of a word's half h is value `floor(h n / 2^32)` (Lemire 2019, without the step that
/// rejects): its chance is off by n / 2^32 of itself at most.
#[inline(always)]
fn sum_of_draws(values: &[f64], state: u64) -> f64 {
    let mut lanes = [0.0; DRAWS];
    let mut state = state;
    for _ in 0..values.len() / DRAWS {
        let drawn = places(state, values.len());
        for (lane, place) in lanes.iter_mut().zip(drawn) {
            *lane += value_at(values, place);
        }
        state = state.wrapping_add(GOLDEN.wrapping_mul(WORDS as u64));
    }
    let rest = places(state, values.len()).into_iter().take(values.len() % DRAWS);
    for (lane, place) in lanes.iter_mut().zip(rest) {
        *lane += value_at(values, place);
    }
    lanes.iter().sum()
}

#[inline(always)]
fn value_at(values: &[f64], place: usize) -> f64 {
    values.get(place).copied().unwrap_or(0.0)
}

/// The places of the next draws: those of the low halves, then those of the high ones.
#[inline(always)]
fn places(state: u64, count: usize) -> [usize; DRAWS] {
    let count = count as u64;
    let mut words = [0; WORDS];
    let mut step = state;
    for word in &mut words {
        step = step.wrapping_add(GOLDEN);
        *word = mixed(step);
    }
    let mut places = [0; DRAWS];
    let (low, high) = places.split_at_mut(WORDS);
    for ((low, high), word) in low.iter_mut().zip(high).zip(words) {
        *low = (((word & 0xffff_ffff) * count) >> 32) as usize;
        *high = (((word >> 32) * count) >> 32) as usize;
    }
    places
}

/// The sum of as many draws as there are values, by 64 bits each.
#[inline(always)]
fn sum_of_long_draws(values: &[f64], state: u64) -> f64 {
    let (mut sum, mut step) = (Sum::default(), state);
    for _ in 0..values.len() {
        step = step.wrapping_add(GOLDEN);
        #[expect(clippy::cast_possible_truncation, reason = "below the number of values")]
        let place = ((u128::from(mixed(step)) * values.len() as u128) >> 64) as usize;
        sum += value_at(values, place);
    }
    sum.total()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_and_many_users_are_drawn_by_one_law() {
        // Of 40 values 10 are 1: a sum of 40 draws has mean 10 and variance 40 (1/4) (3/4).
        let values: Vec<f64> = (0..40).map(|user| f64::from(u8::from(user % 4 == 0))).collect();
        for sum in [sum_of_draws, sum_of_long_draws] {
            let sums: Vec<f64> = (0..4_000).map(|number| sum(&values, start(3, number))).collect();
            let mean = mean_of(&sums);
            let variance = mean_of(&sums.iter().map(|s| (s - 10.0).powi(2)).collect::<Vec<_>>());
            // Five standard errors: sqrt(7.5 / 4000) and about 7.5 sqrt(2 / 4000).
            assert!(
                (mean - 10.0).abs() < 0.22 && (variance - 7.5).abs() < 0.85,
                "{mean} {variance}"
            );
        }
    }

    #[test]
    fn every_kernel_draws_the_same_bits() {
        let values: Vec<f64> = (0..203).map(|user| f64::from(user % 7) / 7.0).collect();
        let on =
            |kernel: Kernel| kernel.run(Resamples { values: &values, seed: 9, numbers: (3, 8) });
        for kernel in Kernel::all_available() {
            assert_eq!(on(kernel), on(Kernel::scalar()), "{kernel:?}");
        }
        assert_eq!(on(Kernel::scalar()).len(), 5);
    }

    #[test]
    fn a_percentile_lies_in_a_straight_line_between_two_values() {
        let sorted = [1.0, 2.0, 4.0, 8.0, 16.0];
        for (share, expected) in
            [(0.0, 1.0), (0.25, 2.0), (0.3, 2.4), (0.9, 12.8), (1.0, 16.0), (0.125, 1.5)]
        {
            assert!((between(&sorted, share) - expected).abs() < 1e-12, "{share}");
        }
        assert!((between(&[3.0], 0.7) - 3.0).abs() < 1e-15);
    }
}
