//! Logistic regression, as `payme.Ranker` fits it.
//!
//! In: a table of features in either order; to fit, labels, perhaps weights, and settings. Out: the
//! coefficients, the intercept and how the fit ended; or scores and probabilities of rows.

use numpy::{
    PyArray1, PyArray2, PyArrayMethods as _, PyReadonlyArray1, PyReadonlyArray2,
    PyUntypedArrayMethods as _,
};
use payme_core::learning::train::{
    Bounds, ClassWeights, Fit, FitOptions, LinearModel, Matrix, Newton, Order, Samples, TrainError,
    Trainer as _,
};
use pyo3::prelude::*;

use crate::error::Failure;

/// The settings of a fit, from a dictionary.
#[derive(Debug, FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Settings {
    l2: f64,
    l1: f64,
    fit_intercept: bool,
    /// The weights of both classes; `None` where they are balanced.
    class_weights: Option<(f64, f64)>,
    standardize: bool,
    nonnegative: bool,
    tol: f64,
    max_iter: u32,
}

impl Settings {
    fn options(&self, columns: usize) -> FitOptions {
        let class_weights = match self.class_weights {
            None => ClassWeights::Balanced,
            Some((negative, positive)) => ClassWeights::Given { negative, positive },
        };
        let bounds =
            if self.nonnegative { vec![Bounds::NOT_NEGATIVE; columns] } else { Vec::new() };
        FitOptions {
            l2: self.l2,
            l1: self.l1,
            has_intercept: self.fit_intercept,
            class_weights,
            standardise: self.standardize,
            bounds,
            start: Vec::new(),
            tolerance: self.tol,
            iterations_max: self.max_iter,
        }
    }
}

/// The coefficients, the intercept, and how the fit ended: whether it converged, after how many
/// steps, with which gradient and objective, and the columns that others determine.
type Fitted<'py> = (Bound<'py, PyArray1<f64>>, f64, (bool, u32, f64, f64, Vec<usize>));

/// Fits weights to rows.
#[pyfunction]
#[pyo3(signature = (features, labels, weights, settings))]
#[expect(clippy::needless_pass_by_value, reason = "this is how arrays come from Python")]
pub(crate) fn fit_logistic<'py>(
    py: Python<'py>,
    features: PyReadonlyArray2<'py, f64>,
    labels: PyReadonlyArray1<'py, u8>,
    weights: Option<PyReadonlyArray1<'py, f64>>,
    settings: Settings,
) -> PyResult<Fitted<'py>> {
    let columns = features.shape()[1];
    let table = Table::of(&features)?;
    let labels = labels.as_slice()?;
    let weights = weights.as_ref().map(|weights| weights.as_slice()).transpose()?;
    let options = settings.options(columns);
    let fitted = py.detach(|| {
        let Ok(labels) = bytemuck::checked::try_cast_slice(labels) else {
            return Err(Failure::input("label_invalid", "labels are bytes of 0 or 1"));
        };
        Ok(fit(table.matrix()?, labels, weights, &options)?)
    });
    let Fit { coefficients, intercept, convergence } = fitted?;
    let ended = (
        convergence.is_converged,
        convergence.iterations,
        convergence.gradient_max,
        convergence.objective,
        convergence.aliased,
    );
    Ok((PyArray1::from_vec(py, coefficients), intercept, ended))
}

/// The log-odds of the second class, one for each row.
#[pyfunction]
#[expect(clippy::needless_pass_by_value, reason = "this is how arrays come from Python")]
pub(crate) fn scores<'py>(
    py: Python<'py>,
    features: PyReadonlyArray2<'py, f64>,
    coefficients: Vec<f64>,
    intercept: f64,
) -> PyResult<Bound<'py, PyArray1<f64>>> {
    let table = Table::of(&features)?;
    let model = LinearModel { coefficients, intercept };
    let scores = py.detach(|| Ok::<_, Failure>(model.scores(&table.matrix()?)?))?;
    Ok(PyArray1::from_vec(py, scores))
}

/// The probabilities of both classes, a row of two for each row.
#[pyfunction]
#[expect(clippy::needless_pass_by_value, reason = "this is how arrays come from Python")]
pub(crate) fn probabilities<'py>(
    py: Python<'py>,
    features: PyReadonlyArray2<'py, f64>,
    coefficients: Vec<f64>,
    intercept: f64,
) -> PyResult<Bound<'py, PyArray2<f64>>> {
    let table = Table::of(&features)?;
    let model = LinearModel { coefficients, intercept };
    let both = PyArray2::zeros(py, [table.rows, 2], false);
    {
        let mut out = both.readwrite();
        let out = out.as_slice_mut()?;
        py.detach(|| Ok::<_, Failure>(model.both_probabilities_into(&table.matrix()?, out)?))?;
    }
    Ok(both)
}

/// A table of features that is read where it lies.
struct Table<'a> {
    values: &'a [f64],
    rows: usize,
    columns: usize,
    order: Order,
}

impl<'a> Table<'a> {
    fn of(features: &'a PyReadonlyArray2<'_, f64>) -> PyResult<Self> {
        let order = if features.is_c_contiguous() { Order::Rows } else { Order::Columns };
        let [rows, columns] = [features.shape()[0], features.shape()[1]];
        Ok(Self { values: features.as_slice()?, rows, columns, order })
    }

    fn matrix(&self) -> Result<Matrix<'a>, TrainError> {
        Matrix::new(self.values, self.rows, self.columns, self.order)
    }
}

fn fit(
    features: Matrix<'_>,
    labels: &[bool],
    weights: Option<&[f64]>,
    options: &FitOptions,
) -> Result<Fit, TrainError> {
    let mut samples = Samples::new(features, labels)?;
    if let Some(weights) = weights {
        samples = samples.with_weights(weights)?;
    }
    Newton.fit(&samples, options)
}
