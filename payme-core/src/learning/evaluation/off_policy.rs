//! What a policy would have earned that was not the one that ran.
//!
//! In: logged exposures with known propensities, and the probabilities of a target policy. Out: its
//! mean reward by inverse propensity scores (IPS), self-normalised (SNIPS) and doubly robust (DR),
//! each with its standard error, and the number of exposures that the weights leave. What always
//! holds: what logging gives no support for is refused and not estimated.

use super::EvaluationError;
use super::exposures::{Exposure, Row, rows};
use crate::learning::sum::{Sum, float};
use crate::learning::{Groups, LearningError};

/// How a policy is judged by the log of another.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct OffPolicyOptions {
    /// Weights above this count as this. None is capped by default.
    ///
    /// A cap makes the estimates less noisy and biases them: rewards of what the target shows far
    /// more often than logging did count too little. With rewards from 0 on the mean of IPS is too
    /// low; [`PolicyValue::cap_shift`] has what the cap did on these exposures.
    pub cap: Option<f64>,
}

/// An estimate of the mean reward of the target policy.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PolicyValue {
    /// The estimate, in units of the reward.
    pub value: f64,
    /// Its standard error: the root of its estimated variance.
    pub standard_error: f64,
    /// By how much the cap on weights moved the estimate; 0 without a cap. It is an estimate of the
    /// bias, with the noise that the cap was to take away.
    pub cap_shift: f64,
}

/// What a target policy would have earned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OffPolicy {
    /// Inverse propensity scores: unbiased without a cap.
    pub ips: PolicyValue,
    /// The same, divided by the mean weight: slightly biased, and mostly less noisy. It never
    /// leaves the range of the rewards.
    pub snips: PolicyValue,
    /// Doubly robust, where exposures have a reward model: unbiased without a cap however wrong the
    /// model is.
    pub doubly_robust: Option<PolicyValue>,
    /// So many exposures of the target policy itself would say as much:
    /// `(sum w)^2 / sum w^2`, at most how many there are (Kish 1965).
    pub effective_sample_size: f64,
    /// How many exposures there are.
    pub exposures: usize,
    /// The mean weight, before any cap: 1 where propensities are right, within chance.
    pub weight_mean: f64,
    /// The largest weight, before any cap.
    pub weight_max: f64,
    /// How many weights are capped.
    pub capped: usize,
}

/// Estimates the mean reward of a target policy from exposures of another.
///
/// With the weight `w = target probability / propensity`, capped if asked for:
///
/// ```text
/// ips   = sum w r / n
/// snips = sum w r / sum w
/// dr    = sum (sum_a target(a) q(a) + w (r - q(shown))) / n
/// ```
///
/// Each is a mean of terms, and its variance is that of the terms, `sum t^2 / (n (n - 1))` with
/// `t = w r - ips`, `t = w (r - snips) / mean w` (by the delta method), and the like. With `users`,
/// terms of one user are added first: exposures of a person depend on each other. Sources: Horvitz
/// and Thompson 1952; Swaminathan and Joachims 2015; Dudík, Langford and Li 2011.
///
/// # Errors
/// [`EvaluationError::Exposure`] with the row: a propensity that is missing, forced or not in
/// (0, 1]; target probabilities that are none; an action that the target may show and that logging
/// could not have shown there ([`Logging::Every`](super::Logging::Every)) or never did. And
/// [`EvaluationError::NoOverlap`], [`EvaluationError::ExposuresFew`], [`EvaluationError::Cap`],
/// [`EvaluationError::Overflow`], [`LearningError::Groups`].
/// ```
/// use payme_core::learning::{Exposure, Logging, OffPolicyOptions, off_policy};
///
/// // Variant 0 was shown to three in four. What if variant 1 had always been shown?
/// let shown = |action, propensity, reward| Exposure {
///     action, logging: Logging::Shown(propensity), reward, target: &[0.0, 1.0], model: None,
/// };
/// let log = [shown(0, 0.75, 1.0), shown(1, 0.25, 1.0), shown(1, 0.25, 0.0), shown(0, 0.75, 0.0)];
/// let found = off_policy(&log, None, OffPolicyOptions::default())?;
/// assert_eq!((found.ips.value, found.snips.value), (1.0, 0.5));
/// assert_eq!(found.effective_sample_size, 2.0);
///
/// let forced = Exposure { logging: Logging::Forced, ..log[0] };
/// let error = off_policy(&[log[1], forced], None, OffPolicyOptions::default()).unwrap_err();
/// assert_eq!(error.code(), "propensity_forced");
/// # Ok::<(), payme_core::learning::EvaluationError>(())
/// ```
pub fn off_policy(
    exposures: &[Exposure<'_>],
    users: Option<&Groups>,
    options: OffPolicyOptions,
) -> Result<OffPolicy, EvaluationError> {
    if exposures.is_empty() {
        return Err(LearningError::Empty.into());
    }
    let cap = options.cap.unwrap_or(f64::INFINITY);
    if cap.is_nan() || cap <= 0.0 {
        return Err(EvaluationError::Cap);
    }
    let plain = rows(exposures)?;
    if let Some(users) = users {
        users.need_rows(plain.len())?;
    }
    let found = users.map_or(plain.len(), Groups::len);
    if found < 2 {
        return Err(EvaluationError::ExposuresFew { found });
    }
    if plain.iter().all(|row| row.weight <= 0.0) {
        return Err(EvaluationError::NoOverlap);
    }
    let capped: Vec<Row> =
        plain.iter().map(|row| Row { weight: row.weight.min(cap), ..*row }).collect();
    let estimate = |of: fn(&[Row]) -> Option<Terms>| {
        let (terms, uncapped) = (of(&capped)?, of(&plain)?);
        Some(PolicyValue {
            value: terms.value,
            standard_error: terms.standard_error(users),
            cap_shift: terms.value - uncapped.value,
        })
    };
    let (Some(ips), Some(snips)) = (estimate(ips), estimate(snips)) else {
        return Err(EvaluationError::Overflow);
    };
    let weight = |row: &Row| row.weight;
    let found = OffPolicy {
        ips,
        snips,
        doubly_robust: estimate(doubly_robust),
        effective_sample_size: sum(&capped, weight).powi(2)
            / sum(&capped, |row| row.weight.powi(2)),
        exposures: plain.len(),
        weight_mean: sum(&plain, weight) / float(plain.len()),
        weight_max: plain.iter().map(weight).fold(0.0, f64::max),
        capped: plain.iter().filter(|row| row.weight > cap).count(),
    };
    if found.is_finite() { Ok(found) } else { Err(EvaluationError::Overflow) }
}

impl OffPolicy {
    fn is_finite(&self) -> bool {
        let values = [Some(self.ips), Some(self.snips), self.doubly_robust];
        let of_values = values
            .into_iter()
            .flatten()
            .flat_map(|estimate| [estimate.value, estimate.standard_error, estimate.cap_shift]);
        let others = [self.effective_sample_size, self.weight_mean, self.weight_max];
        of_values.chain(others).all(f64::is_finite)
    }
}

fn sum(rows: &[Row], of: impl Fn(&Row) -> f64) -> f64 {
    let mut sum = Sum::default();
    for row in rows {
        sum += of(row);
    }
    sum.total()
}

/// An estimate, and by how much each exposure pulls at it.
struct Terms {
    value: f64,
    terms: Vec<f64>,
}

impl Terms {
    /// The mean of terms.
    fn mean(each: &[f64]) -> Self {
        let value = super::bootstrap::mean_of(each);
        Self { value, terms: each.iter().map(|term| term - value).collect() }
    }

    /// `sqrt(g / (g - 1) sum T^2) / n`, T the sum of the terms of one of g users, or each term.
    fn standard_error(&self, users: Option<&Groups>) -> f64 {
        let mut squares = Sum::default();
        let groups = if let Some(users) = users {
            for places in users.each() {
                let of_user = places.iter().filter_map(|place| self.terms.get(*place));
                squares += of_user.sum::<f64>().powi(2);
            }
            float(users.len())
        } else {
            for term in &self.terms {
                squares += term * term;
            }
            float(self.terms.len())
        };
        (squares.total() * groups / (groups - 1.0)).sqrt() / float(self.terms.len())
    }
}

fn ips(rows: &[Row]) -> Option<Terms> {
    let terms: Vec<f64> = rows.iter().map(|row| row.weight * row.reward).collect();
    Some(Terms::mean(&terms))
}

fn snips(rows: &[Row]) -> Option<Terms> {
    let weights = sum(rows, |row| row.weight);
    let value = sum(rows, |row| row.weight * row.reward) / weights;
    let mean = weights / float(rows.len());
    let term = |row: &Row| row.weight * (row.reward - value) / mean;
    Some(Terms { value, terms: rows.iter().map(term).collect() })
}

fn doubly_robust(rows: &[Row]) -> Option<Terms> {
    let term = |row: &Row| {
        let model = row.model?;
        Some(model.target + row.weight * (row.reward - model.shown))
    };
    let terms: Vec<f64> = rows.iter().map(term).collect::<Option<_>>()?;
    Some(Terms::mean(&terms))
}
