//! What was shown, with which probability, and what came of it.
//!
//! In: logged [`Exposure`]s with the probabilities of a target policy. Out: checked rows of
//! weights, or the first row that nothing can be said from. What always holds: no propensity is
//! made up.

use std::collections::BTreeSet;

use super::EvaluationError;

/// What is known of how an exposure came to be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Logging<'a> {
    /// Nothing: the propensity was not logged.
    Missing,
    /// The variant was forced on the person, so that there was no chance in it.
    Forced,
    /// The propensity of what was shown, in (0, 1].
    Shown(f64),
    /// The propensity of every action, in their order: it is known what could have been shown.
    Every(&'a [f64]),
}

/// One thing that was shown to one person, and what came of it.
///
/// An action is a variant, or whatever else was chosen among; actions are numbered from 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exposure<'a> {
    /// What was shown.
    pub action: usize,
    /// With which probability.
    pub logging: Logging<'a>,
    /// What came of it: 1 for a claim that was paid, say. Any finite number.
    pub reward: f64,
    /// The probability with which the target policy would have shown each action here.
    pub target: &'a [f64],
    /// The reward that a model expects of each action here, for the doubly robust estimate. The
    /// model must not have learnt from these exposures.
    pub model: Option<&'a [f64]>,
}

/// What is wrong with an exposure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyFault {
    /// Its propensity was not logged.
    PropensityMissing,
    /// Its variant was forced, which has no propensity.
    Forced,
    /// Its propensity is not in (0, 1], or the propensities are not those of a choice.
    Propensity,
    /// The target's probabilities are not those of a choice among the same actions everywhere.
    Target,
    /// The target may show an action that could not have been, or never was.
    Unsupported {
        /// The action.
        action: usize,
    },
    /// Its action has no probability.
    Action,
    /// Its reward is NaN or infinite.
    Reward,
    /// It has no value of the reward model for each action, where others do.
    Model,
}

impl PolicyFault {
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::PropensityMissing => "propensity_missing",
            Self::Forced => "propensity_forced",
            Self::Propensity => "propensity_invalid",
            Self::Target => "target_policy_invalid",
            Self::Unsupported { .. } => "target_policy_unsupported",
            Self::Action => "action_unknown",
            Self::Reward => "reward_not_finite",
            Self::Model => "reward_model_invalid",
        }
    }
}

impl std::fmt::Display for PolicyFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::PropensityMissing => f.write_str("has no propensity: log it when it is shown"),
            Self::Forced => f.write_str("was forced, which has no propensity: leave it out"),
            Self::Propensity => {
                f.write_str("has a propensity that is not above 0 and at most 1, or not one choice")
            }
            Self::Target => {
                f.write_str("has target probabilities that do not add up to 1 over the actions")
            }
            Self::Unsupported { action } => write!(
                f,
                "could show action {action} under the target policy, which logging never shows"
            ),
            Self::Action => f.write_str("shows an action without a target probability"),
            Self::Reward => f.write_str("has a reward that is not finite"),
            Self::Model => f.write_str("has no finite expected reward for each action"),
        }
    }
}

/// What estimates need of one exposure.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    /// How much more often the target shows it than logging did.
    pub(super) weight: f64,
    pub(super) reward: f64,
    pub(super) model: Option<Modelled>,
}

/// What the reward model says of one exposure.
#[derive(Debug, Clone, Copy)]
pub(super) struct Modelled {
    /// The reward of what was shown.
    pub(super) shown: f64,
    /// The mean reward of what the target shows.
    pub(super) target: f64,
}

/// Probabilities may add up to 1 within this.
const SLACK: f64 = 1e-6;

/// Checks every exposure; the first fault is told with its row.
pub(super) fn rows(exposures: &[Exposure<'_>]) -> Result<Vec<Row>, EvaluationError> {
    let actions = exposures.first().map_or(0, |first| first.target.len());
    let is_modelled = exposures.first().is_some_and(|first| first.model.is_some());
    let seen: BTreeSet<usize> = exposures.iter().map(|exposure| exposure.action).collect();
    let row = |(row, exposure): (usize, &Exposure<'_>)| {
        let refused = |fault| EvaluationError::Exposure { row, fault };
        let weight = weight(exposure, actions, &seen).map_err(refused)?;
        if !exposure.reward.is_finite() {
            return Err(refused(PolicyFault::Reward));
        }
        if exposure.model.is_some() != is_modelled {
            return Err(refused(PolicyFault::Model));
        }
        let model = match exposure.model {
            None => None,
            Some(model) => Some(modelled(exposure, model).ok_or(refused(PolicyFault::Model))?),
        };
        Ok(Row { weight, reward: exposure.reward, model })
    };
    exposures.iter().enumerate().map(row).collect()
}

/// Whether these are the probabilities of one choice.
fn is_choice(probabilities: &[f64]) -> bool {
    let sum: f64 = probabilities.iter().sum();
    probabilities.iter().all(|p| (0.0..=1.0).contains(p)) && (sum - 1.0).abs() <= SLACK
}

fn weight(
    exposure: &Exposure<'_>,
    actions: usize,
    seen: &BTreeSet<usize>,
) -> Result<f64, PolicyFault> {
    let Exposure { action, logging, target, .. } = *exposure;
    let unsupported = |is_supported: &dyn Fn(usize) -> bool| {
        let mut shown = target.iter().enumerate().filter(|(_, p)| **p > 0.0);
        shown.find(|(action, _)| !is_supported(*action)).map(|(action, _)| action)
    };
    let (propensity, lacking) = match logging {
        Logging::Missing => return Err(PolicyFault::PropensityMissing),
        Logging::Forced => return Err(PolicyFault::Forced),
        Logging::Shown(propensity) => {
            (propensity, unsupported(&|action: usize| seen.contains(&action)))
        }
        Logging::Every(each) => {
            if each.len() != actions || !is_choice(each) {
                return Err(PolicyFault::Propensity);
            }
            let propensity = each.get(action).copied().ok_or(PolicyFault::Action)?;
            let is_supported = |action: usize| each.get(action).is_some_and(|p| *p > 0.0);
            (propensity, unsupported(&is_supported))
        }
    };
    if !(propensity > 0.0 && propensity <= 1.0) {
        return Err(PolicyFault::Propensity);
    }
    if target.len() != actions || !is_choice(target) {
        return Err(PolicyFault::Target);
    }
    let wanted = target.get(action).copied().ok_or(PolicyFault::Action)?;
    match lacking {
        Some(action) => Err(PolicyFault::Unsupported { action }),
        None => Ok(wanted / propensity),
    }
}

fn modelled(exposure: &Exposure<'_>, model: &[f64]) -> Option<Modelled> {
    let is_fit = model.len() == exposure.target.len() && model.iter().all(|q| q.is_finite());
    let shown = model.get(exposure.action).copied().filter(|_| is_fit)?;
    let target = exposure.target.iter().zip(model).map(|(p, q)| p * q).sum();
    Some(Modelled { shown, target })
}
