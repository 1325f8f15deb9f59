//! Measures, as `payme.metrics` calls them.
//!
//! In: [`Columns`] and plain parameters. Out: numbers and arrays, in the order in which the named
//! tuples of `payme.metrics` have them.

use numpy::{PyArray1, PyReadonlyArray1};
use payme_core::learning as core;
use payme_core::learning::{
    Binning, Bootstrap, BootstrapOptions, Defined, DivideBy, Gain, Graded, Groups, LearningError,
    MetricsOptions, PerUser, UserMean, WithoutPositive,
};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::error::Failure;
use crate::rows::Columns;

/// Columns of one length.
type Arrays<'py, const N: usize> = [Bound<'py, PyArray1<f64>>; N];

fn arrays<'py, const N: usize>(py: Python<'py>, columns: [Vec<f64>; N]) -> Arrays<'py, N> {
    columns.map(|column| PyArray1::from_vec(py, column))
}

const fn binning(bins: usize, equal_mass: bool) -> Binning {
    if equal_mass { Binning::EqualMass(bins) } else { Binning::Uniform(bins) }
}

/// The value, the stand-in that the caller names, or an exception.
fn value(found: Defined<f64>, stand_in: Option<f64>) -> PyResult<f64> {
    match (found, stand_in) {
        (Defined::Yes(value), _) | (Defined::No(_), Some(value)) => Ok(value),
        (Defined::No(why), None) => Err(Failure::from(why).into()),
    }
}

/// Mean squared distance of the probabilities from the labels.
#[pyfunction]
pub(crate) fn brier_score(py: Python<'_>, columns: Columns<'_>) -> PyResult<f64> {
    columns.forecasts(py, |rows| Ok(core::brier_score(rows)))
}

/// The Brier score in five terms.
#[pyfunction]
pub(crate) fn brier_decomposition(
    py: Python<'_>,
    columns: Columns<'_>,
    n_bins: usize,
) -> PyResult<(f64, f64, f64, f64, f64)> {
    let terms = columns.forecasts(py, |rows| core::brier_decomposition(rows, n_bins))?;
    let core::BrierDecomposition {
        reliability,
        resolution,
        uncertainty,
        within_bin_variance,
        within_bin_covariance,
    } = terms;
    Ok((reliability, resolution, uncertainty, within_bin_variance, within_bin_covariance))
}

/// The Brier score in three terms without bins.
#[pyfunction]
pub(crate) fn corp_decomposition(
    py: Python<'_>,
    columns: Columns<'_>,
) -> PyResult<(f64, f64, f64)> {
    let terms = columns.forecasts(py, |rows| Ok(core::corp_decomposition(rows)))?;
    Ok((terms.miscalibration, terms.discrimination, terms.uncertainty))
}

/// The error of calibration of this name: `ece`, `mce` or `ece_debiased`.
#[pyfunction]
pub(crate) fn calibration_error(
    py: Python<'_>,
    columns: Columns<'_>,
    kind: &str,
    n_bins: usize,
    equal_mass: bool,
) -> PyResult<f64> {
    let measure = match kind {
        "ece" => core::ece,
        "mce" => core::mce,
        "ece_debiased" => core::ece_debiased,
        _ => {
            let message = "a calibration error is ece, mce or ece_debiased";
            return Err(Failure::input("unknown_option", message).into());
        }
    };
    columns.forecasts(py, |rows| measure(rows, binning(n_bins, equal_mass)))
}

/// The mean and the 95th percentile of the error that chance alone shows.
#[pyfunction]
pub(crate) fn expected_error(
    py: Python<'_>,
    columns: Columns<'_>,
    n_bins: usize,
    equal_mass: bool,
    seed: u64,
) -> PyResult<(f64, f64)> {
    let bins = binning(n_bins, equal_mass);
    let expected =
        columns.forecasts(py, |rows| core::ece_expected_if_calibrated(rows, bins, seed))?;
    Ok((expected.mean, expected.percentile_95))
}

/// The points of a reliability diagram, in five columns.
#[pyfunction]
pub(crate) fn reliability_bins<'py>(
    py: Python<'py>,
    columns: Columns<'py>,
    n_bins: usize,
    equal_mass: bool,
) -> PyResult<Arrays<'py, 5>> {
    let bins =
        columns.forecasts(py, |rows| core::reliability_bins(rows, binning(n_bins, equal_mass)))?;
    let column = |of: fn(&core::ReliabilityBin) -> f64| bins.iter().map(of).collect();
    let columns = [
        column(|bin| bin.lower),
        column(|bin| bin.upper),
        column(|bin| bin.weight),
        column(|bin| bin.score_mean),
        column(|bin| bin.positive_rate),
    ];
    Ok(arrays(py, columns))
}

/// Mean negative logarithm of the probability that was given to what happened.
#[pyfunction]
pub(crate) fn log_loss(py: Python<'_>, columns: Columns<'_>) -> PyResult<f64> {
    columns.forecasts(py, |rows| Ok(core::log_loss(rows)))
}

/// The chance that a positive row has a higher score than a negative one.
#[pyfunction]
#[pyo3(signature = (columns, single_class))]
pub(crate) fn roc_auc(
    py: Python<'_>,
    columns: Columns<'_>,
    single_class: Option<f64>,
) -> PyResult<f64> {
    value(columns.scored(py, |rows| Ok(core::roc_auc(rows)))?, single_class)
}

/// The mean, over the positive rows, of the precision where the row is found.
#[pyfunction]
#[pyo3(signature = (columns, single_class))]
pub(crate) fn average_precision(
    py: Python<'_>,
    columns: Columns<'_>,
    single_class: Option<f64>,
) -> PyResult<f64> {
    value(columns.scored(py, |rows| Ok(core::average_precision(rows)))?, single_class)
}

/// The false positive rates, true positive rates and thresholds of the ROC curve.
#[pyfunction]
pub(crate) fn roc_curve<'py>(py: Python<'py>, columns: Columns<'py>) -> PyResult<Arrays<'py, 3>> {
    let points = match columns.scored(py, |rows| Ok(core::roc_curve(rows)))? {
        Defined::Yes(points) => points,
        Defined::No(why) => return Err(Failure::from(why).into()),
    };
    let column = |of: fn(&core::RocPoint) -> f64| points.iter().map(of).collect();
    let columns = [
        column(|point| point.false_positive_rate),
        column(|point| point.true_positive_rate),
        column(|point| point.threshold),
    ];
    Ok(arrays(py, columns))
}

/// The precisions, recalls and thresholds of the precision-recall curve.
#[pyfunction]
pub(crate) fn precision_recall_curve<'py>(
    py: Python<'py>,
    columns: Columns<'py>,
) -> PyResult<Arrays<'py, 3>> {
    let points = match columns.scored(py, |rows| Ok(core::precision_recall_curve(rows)))? {
        Defined::Yes(points) => points,
        Defined::No(why) => return Err(Failure::from(why).into()),
    };
    let column = |of: fn(&core::PrecisionRecallPoint) -> f64| points.iter().map(of).collect();
    let columns = [
        column(|point| point.precision),
        column(|point| point.recall),
        column(|point| point.threshold),
    ];
    Ok(arrays(py, columns))
}

/// The share of positives among the `k` rows of the highest scores.
#[pyfunction]
pub(crate) fn precision_at_k(py: Python<'_>, columns: Columns<'_>, k: usize) -> PyResult<f64> {
    columns.scored(py, |rows| core::precision_at_k(rows, k))
}

const fn without_positive(zero: bool) -> WithoutPositive {
    if zero { WithoutPositive::Zero } else { WithoutPositive::LeaveOut }
}

const fn per_user(k: usize, by_returned: bool, zero: bool) -> PerUser {
    let divide_by = if by_returned { DivideBy::Returned } else { DivideBy::K };
    PerUser { k, divide_by, without_positive: without_positive(zero) }
}

fn mean_of(found: UserMean) -> PyResult<f64> {
    value(found.mean, None)
}

/// Precision at `k` of each user, averaged over users.
#[pyfunction]
pub(crate) fn precision_per_user(
    py: Python<'_>,
    columns: Columns<'_>,
    groups: PyReadonlyArray1<'_, i64>,
    k: usize,
    by_returned: bool,
    zero: bool,
) -> PyResult<f64> {
    let rule = per_user(k, by_returned, zero);
    let ids = Ids(groups);
    let ids = ids.slice()?;
    mean_of(
        columns
            .scored(py, |rows| core::precision_at_k_per_user(rows, &Groups::of_ids(ids), rule))?,
    )
}

/// Precision at `k` of each user, by ascending ids; NaN where a user has none.
#[pyfunction]
pub(crate) fn precision_of_users<'py>(
    py: Python<'py>,
    columns: Columns<'py>,
    groups: PyReadonlyArray1<'py, i64>,
    k: usize,
    by_returned: bool,
) -> PyResult<Bound<'py, PyArray1<f64>>> {
    let rule = per_user(k, by_returned, false);
    let ids = Ids(groups);
    let ids = ids.slice()?;
    let each = columns
        .scored(py, |rows| core::precision_at_k_of_users(rows, &Groups::of_ids(ids), rule))?;
    Ok(PyArray1::from_iter(py, each.into_iter().map(|value| value.unwrap_or(f64::NAN))))
}

/// A mean, its standard error, its interval, its lower bound, and how many users have a value and
/// how many have none.
type Resampled = (f64, f64, (f64, f64), f64, usize, usize);

/// The mean difference of two models over users, who are drawn with replacement.
#[pyfunction]
#[expect(clippy::needless_pass_by_value, reason = "this is how arrays come from Python")]
pub(crate) fn bootstrap_difference(
    py: Python<'_>,
    champion: PyReadonlyArray1<'_, f64>,
    challenger: PyReadonlyArray1<'_, f64>,
    resamples: usize,
    confidence: f64,
    seed: u64,
) -> PyResult<Resampled> {
    let (champion, challenger) = (champion.as_slice()?, challenger.as_slice()?);
    let options = BootstrapOptions { resamples, confidence, seed };
    let found = py.detach(|| {
        let values = |all: &[f64]| -> Vec<Option<f64>> {
            all.iter().map(|value| (!value.is_nan()).then_some(*value)).collect()
        };
        core::bootstrap_difference(&values(champion), &values(challenger), &options)
    });
    let found = found.map_err(Failure::from)?;
    let Bootstrap { mean, standard_error, interval, lower_bound, users, users_left_out, .. } =
        found;
    Ok((mean, standard_error, interval, lower_bound, users, users_left_out))
}

/// The ids of the users of rows.
struct Ids<'py>(PyReadonlyArray1<'py, i64>);

impl Ids<'_> {
    fn slice(&self) -> PyResult<&[i64]> {
        Ok(self.0.as_slice()?)
    }
}

/// Grades of relevance, and scores.
#[derive(FromPyObject)]
pub(crate) struct Grades<'py>(PyReadonlyArray1<'py, f64>, PyReadonlyArray1<'py, f64>);

impl Grades<'_> {
    fn measure<A: Send>(
        self,
        py: Python<'_>,
        measure: impl FnOnce(Graded<'_>) -> Result<A, LearningError> + Send,
    ) -> PyResult<A> {
        let (grades, scores) = (self.0.as_slice()?, self.1.as_slice()?);
        Ok(py.detach(|| measure(Graded::new(grades, scores)?)).map_err(Failure::from)?)
    }
}

const fn gain(exponential: bool) -> Gain {
    if exponential { Gain::Exponential } else { Gain::Linear }
}

/// nDCG of the first `k` places of one ranking.
#[pyfunction]
#[pyo3(signature = (columns, k, exponential, single_class))]
pub(crate) fn ndcg(
    py: Python<'_>,
    columns: Grades<'_>,
    k: usize,
    exponential: bool,
    single_class: Option<f64>,
) -> PyResult<f64> {
    let found = columns.measure(py, |rows| core::ndcg_at_k(rows, k, gain(exponential)))?;
    value(found, single_class)
}

/// nDCG of the first `k` places, averaged over users.
#[pyfunction]
pub(crate) fn ndcg_per_user(
    py: Python<'_>,
    columns: Grades<'_>,
    groups: PyReadonlyArray1<'_, i64>,
    k: usize,
    exponential: bool,
    zero: bool,
) -> PyResult<f64> {
    let ids = Ids(groups);
    let ids = ids.slice()?;
    mean_of(columns.measure(py, |rows| {
        let (gain, without) = (gain(exponential), without_positive(zero));
        core::ndcg_at_k_per_user(rows, &Groups::of_ids(ids), k, gain, without)
    })?)
}

/// Everything that needs no users, with one sort.
#[pyfunction]
pub(crate) fn report<'py>(
    py: Python<'py>,
    columns: Columns<'py>,
    n_bins: usize,
    precision_at: Vec<usize>,
) -> PyResult<Bound<'py, PyDict>> {
    let options = MetricsOptions { bins: n_bins, precision_at };
    let all = columns.forecasts(py, |rows| core::metrics(rows, &options))?;
    let terms = all.brier_decomposition;
    let dict = PyDict::new(py);
    dict.set_item("sample_count", all.rows)?;
    dict.set_item("positive_rate", all.positive_rate)?;
    dict.set_item("brier", all.brier)?;
    dict.set_item(
        "brier_decomposition",
        (
            terms.reliability,
            terms.resolution,
            terms.uncertainty,
            terms.within_bin_variance,
            terms.within_bin_covariance,
        ),
    )?;
    dict.set_item("ece", all.ece)?;
    dict.set_item("mce", all.mce)?;
    dict.set_item("ece_debiased", all.ece_debiased)?;
    dict.set_item("ece_equal_mass", all.ece_equal_mass)?;
    dict.set_item("mce_equal_mass", all.mce_equal_mass)?;
    dict.set_item("log_loss", all.log_loss)?;
    dict.set_item("roc_auc", all.roc_auc.value())?;
    dict.set_item("average_precision", all.average_precision.value())?;
    let precision_at = PyDict::new(py);
    for (k, share) in all.precision_at {
        precision_at.set_item(k, share)?;
    }
    dict.set_item("precision_at", precision_at)?;
    Ok(dict)
}
