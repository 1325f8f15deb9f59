//! Learning: how good scores are, what probabilities they stand for, and which model is in use.
//!
//! In: what people were shown and what came of it; rows of labels and scores, perhaps weighted.
//! Out: measures of them, calibrations that turn scores into probabilities, and decisions at a
//! stated error rate; of models, how good they are on rows they have not seen, whether a new one is
//! promoted, and drift. What always holds: rows are checked once, where [`Scored`] and
//! [`Forecasts`] are made; ties are resolved by the mean over their orders and never by the order
//! of the input; a weight counts like so many equal rows.
//! Formulas and sources: `docs/rules/learning.md`.

mod calibration;
mod conformal;
mod defined;
mod drift;
mod error;
mod evaluation;
mod figures;
mod metrics;
mod normal;
mod pav;
mod pieces;
mod promotion;
mod random;
mod ranker;
mod rows;
mod samples;
mod sorted;
mod sum;
#[cfg(test)]
mod tests_acceptance;
#[cfg(test)]
mod tests_vectors;
pub mod train;

pub use crate::ranking::{Beta, Calibration, Isotonic, Platt, Temperature};
pub use calibration::{Convergence, Fit, FitOptions, FitReport, Targets, VennAbers};
pub use conformal::{Conformal, Decided, Decision};
pub use defined::{Defined, Undefined};
pub use drift::{
    CalibrationDrift, PRECISION_FALL_MAX, PSI_BINS, PSI_WARNING, PrecisionDrift, Psi, PsiReference,
    Sampled, calibration_drift, precision_drift, psi_of_columns,
};
pub use error::{Fault, LearningError};
pub use evaluation::{
    Bootstrap, BootstrapOptions, BothSides, CrossValidation, CrossValidationOptions,
    EvaluationError, Exposure, FoldFit, Folds, ForwardFolds, ForwardValidation, Logging, OffPolicy,
    OffPolicyOptions, PolicyFault, PolicyValue, Side, Split, SplitKey, TimeSplit,
    bootstrap_difference, bootstrap_mean, cross_validate, cross_validate_forward, off_policy,
};
pub use figures::{
    HistogramBin, ReliabilityBand, Thinned, reliability_bands, score_histogram,
    thin_precision_recall, thin_roc,
};
pub use metrics::{
    Binning, BrierDecomposition, CorpDecomposition, DivideBy, ExpectedEce, Gain, Graded, Groups,
    Metrics, MetricsOptions, PerUser, PrecisionRecallPoint, ReliabilityBin, RocPoint, UserMean,
    WithoutPositive, average_precision, brier_decomposition, brier_score, corp_decomposition, ece,
    ece_debiased, ece_expected_if_calibrated, log_loss, mce, metrics, ndcg_at_k,
    ndcg_at_k_per_user, precision_at_k, precision_at_k_of_users, precision_at_k_per_user,
    precision_recall_curve, reliability_bins, roc_auc, roc_curve,
};
pub use promotion::{
    Check, Comparison, Guard, PromotionPolicy, RETRAIN_LABELS_MIN, Retrain, Standing, Verdict,
};
pub use ranker::{
    Calibrated, CalibrationKind, Holdout, Judged, ModelScores, Parts, Provenance, RankerError,
    RankerMetrics, SampleCounts, Trained, TrainingOptions, TrainingRecord, VariantComparison,
    VariantValue, compare_variants, judge_trained, judge_weights, train_ranker,
};
pub use rows::{Forecasts, Label, Scored};
pub use samples::{
    Features, Impression, Outcome, Sample, SampleTable, Shown, ShownResult, parse_samples,
    sample_row,
};
