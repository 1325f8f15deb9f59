//! Promotion: whether a new model takes the place of the active one, and when to train again.
//!
//! In: what the active model (the champion) and the new one (the challenger) are worth on the same
//! held-out rows, and a [`PromotionPolicy`]. Out: a [`Verdict`] with every reason. What always
//! holds: no policy promotes what [`PromotionPolicy::Strict`] refuses, and a model that is equal to
//! the active one is not promoted.

use serde::{Deserialize, Serialize};

use super::evaluation::{
    Bootstrap, BootstrapOptions, EvaluationError, bootstrap_difference, checked, mean_of,
};
use super::metrics::{Binning, Groups, PerUser, brier_score, ece, precision_at_k_of_users};
use super::rows::same_length;
use super::{Forecasts, Label, Scored};

/// What a model is worth on held-out rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// Precision at 5 of each user, ties resolved in expectation: 0 for users without a positive
    /// row. A user that has none is left out of the comparison.
    pub precision_at_5: Vec<Option<f64>>,
    /// The Brier score.
    pub brier: f64,
    /// The expected calibration error over 10 bins of equal width.
    pub ece: f64,
}

impl Standing {
    /// Measures one model.
    ///
    /// # Errors
    /// [`crate::learning::LearningError`] for rows that are none, and for groups of other rows.
    pub fn new(forecasts: &Forecasts<'_>, users: &Groups) -> Result<Self, EvaluationError> {
        Self::ranked_by(forecasts.scored(), forecasts, users)
    }

    /// Measures one model whose results stand in another order than that of its probabilities, in
    /// which some tie.
    ///
    /// # Errors
    /// Those of [`Standing::new`].
    pub fn ranked_by(
        ranks: &Scored<'_>,
        forecasts: &Forecasts<'_>,
        users: &Groups,
    ) -> Result<Self, EvaluationError> {
        same_length("ranks", forecasts.scored().len(), ranks.len())?;
        Ok(Self {
            precision_at_5: precision_at_k_of_users(ranks, users, PerUser::of_everybody(5))?,
            brier: brier_score(forecasts),
            ece: ece(forecasts, Binning::Uniform(10))?,
        })
    }
}

/// Two models on the same held-out rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The active model; the default weights, version 0, where nothing was promoted yet. It is
    /// scored again on these rows: what it was worth on others says nothing.
    pub champion: Standing,
    /// The new model.
    pub challenger: Standing,
    /// How many users have a labelled row, a positive one or not.
    pub labelled_users: usize,
}

impl Comparison {
    /// Measures the probabilities that both models give to the same rows.
    ///
    /// # Errors
    /// [`crate::learning::LearningError`] for rows that are none, and for groups of other rows.
    /// ```
    /// use payme_core::learning::{Comparison, Groups, PromotionPolicy};
    ///
    /// // Two people with six results each. The new model finds one more of what was paid.
    /// let labels = [1, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0];
    /// let old = [0.3, 0.1, 0.9, 0.8, 0.7, 0.6, 0.9, 0.1, 0.2, 0.3, 0.4, 0.5];
    /// let new = [0.9, 0.8, 0.3, 0.2, 0.1, 0.1, 0.9, 0.1, 0.2, 0.3, 0.4, 0.5];
    /// let users = Groups::of_sizes([6, 6]);
    /// let both = Comparison::on_held_out(&labels, &old, &new, &users)?;
    /// assert!(both.judge(&PromotionPolicy::Strict)?.promoted);
    ///
    /// // It is on the side of caution by default: two people are too few.
    /// let verdict = both.judge(&PromotionPolicy::default())?;
    /// assert!(!verdict.promoted);
    /// let refusals: Vec<String> = verdict.refusals().map(|check| check.to_string()).collect();
    /// assert!(refusals.contains(&"2 labelled users, at least 50".to_owned()), "{refusals:?}");
    /// # Ok::<(), payme_core::learning::EvaluationError>(())
    /// ```
    pub fn on_held_out<L: Label>(
        labels: &[L],
        champion: &[f64],
        challenger: &[f64],
        users: &Groups,
    ) -> Result<Self, EvaluationError> {
        Ok(Self {
            champion: Standing::new(&Forecasts::new(labels, champion)?, users)?,
            challenger: Standing::new(&Forecasts::new(labels, challenger)?, users)?,
            labelled_users: users.len(),
        })
    }
}

/// What a challenger has to show.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PromotionPolicy {
    /// Its precision at 5 exceeds that of the champion. That alone promotes noise: of two models
    /// that are equally good, one exceeds the other on any rows but those where they tie.
    Strict,
    /// That, and that chance is an unlikely reason, and that its probabilities are no worse.
    Guarded(Guard),
}

impl Default for PromotionPolicy {
    fn default() -> Self {
        Self::Guarded(Guard::default())
    }
}

/// What a guarded promotion asks for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Guard {
    /// How many labelled users there have to be; 50 by default.
    pub users_min: usize,
    /// How much higher the Brier score may be; 0.005 by default, a fiftieth of what a forecast of
    /// one half costs.
    pub brier_margin: f64,
    /// How much higher the expected calibration error may be; 0.02 by default, about two thirds of
    /// what chance alone shows for 1,000 rows and 10 bins.
    pub ece_margin: f64,
    /// How the paired difference is resampled; its lower bound has to be above 0. By default 95 %
    /// of confidence, one-sided, and 2,000 resamples.
    pub bootstrap: BootstrapOptions,
}

impl Default for Guard {
    fn default() -> Self {
        let bootstrap = BootstrapOptions::default();
        Self { users_min: 50, brier_margin: 0.005, ece_margin: 0.02, bootstrap }
    }
}

impl Guard {
    fn check(&self) -> Result<(), EvaluationError> {
        self.bootstrap.check()?;
        for (option, margin) in
            [("the Brier margin", self.brier_margin), ("the ECE margin", self.ece_margin)]
        {
            if !(margin.is_finite() && margin >= 0.0) {
                return Err(EvaluationError::Margin { option });
            }
        }
        Ok(())
    }
}

/// One thing that a policy looks at, with its figures.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "check", rename_all = "snake_case")]
pub enum Check {
    /// The mean precision at 5 over users: that of the challenger exceeds that of the champion.
    Precision {
        /// Of the active model.
        champion: f64,
        /// Of the new one.
        challenger: f64,
    },
    /// No user has a positive row, so there is no precision to compare. It is never met.
    NoPrecision {
        /// How many users there are.
        users: usize,
    },
    /// The one-sided lower bound of the paired difference is above 0.
    LowerBound {
        /// The bound.
        bound: f64,
        /// Its level.
        confidence: f64,
    },
    /// There are enough users with a label.
    LabelledUsers {
        /// How many there are.
        found: usize,
        /// How many there have to be.
        needed: usize,
    },
    /// The Brier score is not higher by more than the margin.
    Brier {
        /// Of the active model.
        champion: f64,
        /// Of the new one.
        challenger: f64,
        /// How much higher it may be.
        margin: f64,
    },
    /// The expected calibration error is not higher by more than the margin.
    Ece {
        /// Of the active model.
        champion: f64,
        /// Of the new one.
        challenger: f64,
        /// How much higher it may be.
        margin: f64,
    },
    /// The fit of the challenger reached its minimum. It is looked at only where it did not, and is
    /// never met then.
    Converged {
        /// How many steps it made.
        iterations: u32,
    },
}

/// Means of the same numbers in another arrangement differ by less than this.
const ROUNDING: f64 = 1e-12;

impl Check {
    /// Whether it speaks for promotion. What is not a number never does.
    pub fn is_met(&self) -> bool {
        match *self {
            Self::Precision { champion, challenger } => challenger - champion > ROUNDING,
            Self::NoPrecision { .. } | Self::Converged { .. } => false,
            Self::LowerBound { bound, .. } => bound > ROUNDING,
            Self::LabelledUsers { found, needed } => found >= needed,
            Self::Brier { champion, challenger, margin }
            | Self::Ece { champion, challenger, margin } => {
                challenger - champion <= margin + ROUNDING
            }
        }
    }
}

impl std::fmt::Display for Check {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Precision { champion, challenger } => {
                write!(f, "precision at 5 of {challenger:.4}, above {champion:.4}")
            }
            Self::NoPrecision { users } => {
                write!(f, "a positive row among those of {users} users")
            }
            Self::LowerBound { bound, confidence } => {
                let level = 100.0 * confidence;
                write!(f, "a lower bound ({level} %) of the difference of {bound:.4}, above 0")
            }
            Self::LabelledUsers { found, needed } => {
                write!(f, "{found} labelled users, at least {needed}")
            }
            Self::Brier { champion, challenger, margin } => {
                write!(f, "a Brier score of {challenger:.4}, at most {champion:.4} + {margin}")
            }
            Self::Ece { champion, challenger, margin } => write!(
                f,
                "a calibration error of {challenger:.4}, at most {champion:.4} + {margin}"
            ),
            Self::Converged { iterations } => {
                write!(f, "a fit that has converged, which it had not after {iterations} steps")
            }
        }
    }
}

/// Whether a challenger is promoted, and why.
///
/// In JSON each check has `is_met` and `text`, which are not read back: they follow from the
/// figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// Whether it takes the place of the champion: every check is met.
    pub promoted: bool,
    /// Everything that was looked at, met or not.
    #[serde(serialize_with = "told")]
    pub checks: Vec<Check>,
    /// The paired difference of precision at 5 and its interval, where the policy asks for it and a
    /// user has a value.
    pub difference: Option<Bootstrap>,
}

/// A check as it is told to those who read files.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    check: &'a Check,
    is_met: bool,
    text: String,
}

fn told<S: serde::Serializer>(checks: &[Check], to: S) -> Result<S::Ok, S::Error> {
    let told = |check| Told { check, is_met: check.is_met(), text: check.to_string() };
    to.collect_seq(checks.iter().map(told))
}

impl Verdict {
    /// Refuses the challenger for a reason that no policy looks at.
    pub(super) fn refuse(&mut self, check: Check) {
        self.checks.push(check);
        self.promoted = false;
    }

    /// What speaks against promotion.
    pub fn refusals(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| !check.is_met())
    }
}

impl Comparison {
    /// Holds the challenger against what the policy asks for.
    ///
    /// # Errors
    /// [`crate::learning::LearningError::Length`] and [`EvaluationError::RowsDiffer`] where the two
    /// were not measured on the same rows, [`EvaluationError::Value`] for a precision that is not
    /// finite, [`EvaluationError::Margin`], [`EvaluationError::Resamples`] and
    /// [`EvaluationError::Confidence`] for options out of range.
    pub fn judge(&self, policy: &PromotionPolicy) -> Result<Verdict, EvaluationError> {
        let (old, new) = (&self.champion.precision_at_5, &self.challenger.precision_at_5);
        same_length("measures of the challenger", old.len(), new.len())?;
        checked(old)?;
        checked(new)?;
        // Whether a user has a positive row is a matter of labels, which are the same for both.
        let differ = old.iter().zip(new).position(|(old, new)| old.is_some() != new.is_some());
        if let Some(index) = differ {
            return Err(EvaluationError::RowsDiffer { index });
        }
        let values = |of: &[Option<f64>]| of.iter().filter_map(|value| *value).collect::<Vec<_>>();
        let (of_old, of_new) = (values(old), values(new));
        let mut checks = vec![if of_old.is_empty() {
            Check::NoPrecision { users: old.len() }
        } else {
            Check::Precision { champion: mean_of(&of_old), challenger: mean_of(&of_new) }
        }];
        let mut difference = None;
        if let PromotionPolicy::Guarded(guard) = policy {
            guard.check()?;
            if !of_old.is_empty() {
                let found = bootstrap_difference(old, new, &guard.bootstrap)?;
                let (bound, confidence) = (found.lower_bound, guard.bootstrap.confidence);
                checks.push(Check::LowerBound { bound, confidence });
                difference = Some(found);
            }
            checks.extend(self.guards(guard));
        }
        let promoted = checks.iter().all(Check::is_met);
        Ok(Verdict { promoted, checks, difference })
    }

    fn guards(&self, guard: &Guard) -> [Check; 3] {
        let (old, new) = (&self.champion, &self.challenger);
        let margin = guard.brier_margin;
        [
            Check::LabelledUsers { found: self.labelled_users, needed: guard.users_min },
            Check::Brier { champion: old.brier, challenger: new.brier, margin },
            Check::Ece { champion: old.ece, challenger: new.ece, margin: guard.ece_margin },
        ]
    }
}

/// With fewer labels than this nothing is trained.
pub const RETRAIN_LABELS_MIN: usize = 50;

/// Whether an export gives reason to train.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retrain {
    /// It does.
    Due,
    /// There are too few labels.
    FewLabels {
        /// How many there are.
        labels: usize,
    },
    /// All labels are equal.
    OneClass {
        /// Whether that label is 1.
        positive: bool,
    },
}

impl Retrain {
    /// Looks at how many rows of an export have each label; pending rows have none.
    ///
    /// ```
    /// use payme_core::learning::Retrain;
    /// assert_eq!(Retrain::after_export(1, 49), Retrain::Due);
    /// assert_eq!(Retrain::after_export(1, 48), Retrain::FewLabels { labels: 49 });
    /// assert_eq!(Retrain::after_export(0, 50), Retrain::OneClass { positive: false });
    /// ```
    pub const fn after_export(positive: usize, negative: usize) -> Self {
        let labels = positive.saturating_add(negative);
        if labels < RETRAIN_LABELS_MIN {
            Self::FewLabels { labels }
        } else if positive == 0 || negative == 0 {
            Self::OneClass { positive: positive > 0 }
        } else {
            Self::Due
        }
    }
}

#[cfg(test)]
mod tests;
