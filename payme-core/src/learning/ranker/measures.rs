//! What weights are worth on samples.
//!
//! In: weights and a table of samples. Out: [`ModelScores`], what matching would have said of each
//! row, and [`RankerMetrics`], as they are kept in a file.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Parts;
use crate::learning::evaluation::EvaluationError;
use crate::learning::sum::float;
use crate::learning::{
    Defined, Forecasts, Gain, Graded, Groups, LearningError, MetricsOptions, PerUser, Sample,
    SampleTable, Sampled, Scored, Standing, WithoutPositive, metrics, ndcg_at_k_per_user,
    precision_at_k, precision_at_k_of_users, precision_at_k_per_user,
};
use crate::matching::{Signals, Variant};
use crate::ranking::{Weights, score_and_rank};

/// How many samples there were, and how they were parted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SampleCounts {
    /// All of them, pending ones too.
    pub samples: usize,
    /// Those with a label.
    pub labelled: usize,
    /// Those with the label 1.
    pub positive: usize,
    /// Those that were learnt from.
    pub train_rows: usize,
    /// The people of those.
    pub train_users: usize,
    /// Those that were held out.
    pub test_rows: usize,
    /// The people of those.
    pub test_users: usize,
}

impl SampleCounts {
    pub(super) fn new(samples: &[Sample], parts: &Parts) -> Self {
        let labels = || samples.iter().filter_map(|sample| sample.outcome.label());
        Self {
            samples: samples.len(),
            labelled: labels().count(),
            positive: labels().filter(|label| *label).count(),
            train_rows: parts.train.labels().len(),
            train_users: parts.train.users().len(),
            test_rows: parts.test.labels().len(),
            test_users: parts.test.users().len(),
        }
    }
}

/// What matching by the ranker would have said of each row.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelScores {
    /// The score, in `[0, 1]`: a probability where weights were fitted.
    pub probabilities: Vec<f64>,
    /// What results are ordered by: it tells rows apart that have the same score.
    pub ranks: Vec<f64>,
}

impl ModelScores {
    /// Scores every row of a table. Signals that a sample lacks have what takes their place
    /// ([`Features::filled`](crate::learning::Features::filled)).
    pub fn new(weights: &Weights, table: &SampleTable) -> Self {
        let scored = table.samples().iter().map(|sample| {
            let signals = Signals::of_set(weights.set(), |signal| sample.features.filled(signal));
            score_and_rank(Variant::RulesVectorRanker, &signals, weights)
        });
        let (probabilities, ranks) = scored.unzip();
        Self { probabilities, ranks }
    }

    /// The scores with what came of the rows.
    ///
    /// # Errors
    /// [`LearningError::Empty`] for a table without rows, [`LearningError::Length`] for another
    /// one.
    pub fn forecasts<'a>(&'a self, table: &'a SampleTable) -> Result<Forecasts<'a>, LearningError> {
        Forecasts::new(table.labels(), &self.probabilities)
    }

    /// The order with what came of the rows.
    ///
    /// # Errors
    /// Those of [`ModelScores::forecasts`].
    pub fn ranked<'a>(&'a self, table: &'a SampleTable) -> Result<Scored<'a>, LearningError> {
        Scored::new(table.labels(), &self.ranks)
    }

    pub(super) fn standing(
        &self,
        table: &SampleTable,
        users: &Groups,
    ) -> Result<Standing, EvaluationError> {
        Standing::ranked_by(&self.ranked(table)?, &self.forecasts(table)?, users)
    }
}

/// What a ranker is worth, as it is kept in `metrics.json`.
///
/// Precision and gain are those of the order in which results stand; means over people take
/// everybody who has a labelled row.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RankerMetrics {
    /// Whose they are.
    pub weights_version: u32,
    /// How many samples there were, pending ones too.
    pub sample_count: usize,
    /// How many of them had a label.
    pub labeled_count: usize,
    /// The share of the label 1 among those.
    pub positive_rate: f64,
    /// How many rows were held out to measure by.
    pub test_rows: usize,
    /// How many people those are of.
    pub test_users: usize,
    /// Precision at 5, the mean over people.
    pub precision_at_5: f64,
    /// Its standard error; none of one person.
    pub precision_at_5_standard_error: Option<f64>,
    /// Precision at 10, the mean over people.
    pub precision_at_10: f64,
    /// Precision at 5 over all rows at once.
    pub precision_at_5_pooled: f64,
    /// Precision at 10 over all rows at once.
    pub precision_at_10_pooled: f64,
    /// Normalised discounted cumulative gain of the first 10, the mean over people who have a row
    /// with the label 1; none where nobody has.
    pub ndcg_at_10: Option<f64>,
    /// The area under the receiver operating characteristic; 0.5 where it is not defined.
    pub auc: f64,
    /// Whether it is: there are rows of both labels.
    pub auc_defined: bool,
    /// Average precision; none where it is not defined.
    pub average_precision: Option<f64>,
    /// The Brier score.
    pub brier: f64,
    /// The mean cross-entropy, natural logarithm; none where it is infinite.
    pub log_loss: Option<f64>,
    /// The expected calibration error over 10 bins of equal width.
    pub ece: f64,
    /// The same over 10 bins of equal mass.
    pub ece_equal_mass: f64,
}

impl RankerMetrics {
    pub(super) fn new(
        scores: &ModelScores,
        table: &SampleTable,
        weights_version: u32,
        counts: SampleCounts,
    ) -> Result<Self, EvaluationError> {
        let (ranked, users) = (scores.ranked(table)?, table.users());
        let all = metrics(&scores.forecasts(table)?, &MetricsOptions::default())?;
        let of_users = precision_at_k_of_users(&ranked, &users, PerUser::of_everybody(5))?;
        let at_5 = Sampled::over_users(&of_users)?;
        let at_10 = precision_at_k_per_user(&ranked, &users, PerUser::of_everybody(10))?;
        let grades: Vec<f64> = table.labels().iter().map(|label| f64::from(*label)).collect();
        let graded = Graded::new(&grades, &scores.ranks)?;
        let ndcg = ndcg_at_k_per_user(graded, &users, 10, Gain::Linear, WithoutPositive::LeaveOut)?;
        Ok(Self {
            weights_version,
            sample_count: counts.samples,
            labeled_count: counts.labelled,
            positive_rate: share(counts.positive, counts.labelled),
            test_rows: counts.test_rows,
            test_users: counts.test_users,
            precision_at_5: at_5.mean,
            precision_at_5_standard_error: at_5.standard_error,
            precision_at_10: at_10.mean.unwrap_or(0.0),
            precision_at_5_pooled: precision_at_k(&ranked, 5)?,
            precision_at_10_pooled: precision_at_k(&ranked, 10)?,
            ndcg_at_10: ndcg.mean.value(),
            auc: auc(&ranked).unwrap_or(0.5),
            auc_defined: auc(&ranked).is_defined(),
            average_precision: crate::learning::average_precision(&ranked).value(),
            brier: all.brier,
            log_loss: Some(all.log_loss).filter(|loss| loss.is_finite()),
            ece: all.ece,
            ece_equal_mass: all.ece_equal_mass,
        })
    }

    /// As the members of a file.
    pub fn to_map(&self) -> Map<String, Value> {
        match serde_json::to_value(self) {
            Ok(Value::Object(members)) => members,
            // Numbers, and null: JSON has all of them.
            _ => Map::new(),
        }
    }

    /// Reads the members of a file; those of others beside them are left alone.
    ///
    /// # Errors
    /// What is missing, or of another type.
    pub fn from_map(members: &Map<String, Value>) -> Result<Self, serde_json::Error> {
        Self::deserialize(Value::Object(members.clone()))
    }

    /// Precision at 5, and how far chance may have moved it.
    pub const fn precision(&self) -> Sampled {
        Sampled { mean: self.precision_at_5, standard_error: self.precision_at_5_standard_error }
    }

    /// The measures, by the name that they have in the file, without counts.
    pub fn measures(&self) -> [(&'static str, Option<f64>); 11] {
        [
            ("precision_at_5", Some(self.precision_at_5)),
            ("precision_at_10", Some(self.precision_at_10)),
            ("precision_at_5_pooled", Some(self.precision_at_5_pooled)),
            ("precision_at_10_pooled", Some(self.precision_at_10_pooled)),
            ("ndcg_at_10", self.ndcg_at_10),
            ("auc", Some(self.auc).filter(|_| self.auc_defined)),
            ("average_precision", self.average_precision),
            ("brier", Some(self.brier)),
            ("log_loss", self.log_loss),
            ("ece", Some(self.ece)),
            ("ece_equal_mass", Some(self.ece_equal_mass)),
        ]
    }

    /// By how much each measure differs from that of another ranker, where both have it.
    pub fn deltas(&self, before: &Self) -> Map<String, Value> {
        let pairs = self.measures().into_iter().zip(before.measures());
        let delta = |((name, new), (_, old)): ((&str, Option<f64>), (_, Option<f64>))| {
            Some((name.to_owned(), Value::from(new? - old?)))
        };
        pairs.filter_map(delta).collect()
    }
}

fn auc(ranked: &Scored<'_>) -> Defined<f64> {
    crate::learning::roc_auc(ranked)
}

fn share(part: usize, of: usize) -> f64 {
    if of == 0 { 0.0 } else { float(part) / float(of) }
}
