//! Calibrations, as `payme.calibration` fits, applies and stores them.
//!
//! In: [`Columns`] or the JSON form of a calibration. Out: a [`Calibration`], which applies itself
//! to arrays, and how its fit ended.

use numpy::{PyArray1, PyReadonlyArray1};
use payme_core::learning as core;
use payme_core::learning::{Fit, FitOptions, FitReport, Targets};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::error::Failure;
use crate::rows::Columns;

/// A function from scores to probabilities that never decreases.
#[pyclass(frozen, module = "payme._payme")]
#[derive(Debug)]
pub(crate) struct Calibration(core::Calibration);

/// How a fit ended: in which way, after how many steps, with which gradient and loss.
type Ended = (&'static str, u32, f64, f64);

const fn ended(report: FitReport) -> Ended {
    let how = match report.convergence {
        core::Convergence::Converged => "converged",
        core::Convergence::Separated => "separated",
        core::Convergence::StepsRanOut => "steps_ran_out",
    };
    (how, report.iterations, report.gradient, report.loss)
}

const fn options(smoothed: bool, max_iter: u32, tol: f64) -> FitOptions {
    let targets = if smoothed { Targets::Smoothed } else { Targets::Labels };
    FitOptions { targets, iterations_max: max_iter, gradient_max: tol }
}

/// What a search found, as the calibration of its kind, and how it ended.
fn searched<T>(fit: Fit<T>, kind: impl FnOnce(T) -> core::Calibration) -> (Calibration, Ended) {
    (Calibration(kind(fit.calibration)), ended(fit.report))
}

/// Fits a logistic function of the score.
#[pyfunction]
pub(crate) fn fit_platt(
    py: Python<'_>,
    columns: Columns<'_>,
    smoothed: bool,
    max_iter: u32,
    tol: f64,
) -> PyResult<(Calibration, Ended)> {
    let options = options(smoothed, max_iter, tol);
    let fit = columns.scored(py, |rows| core::Platt::fit_with(rows, &options))?;
    Ok(searched(fit, core::Calibration::Platt))
}

/// Fits the temperature of forecasts.
#[pyfunction]
pub(crate) fn fit_temperature(
    py: Python<'_>,
    columns: Columns<'_>,
    smoothed: bool,
    max_iter: u32,
    tol: f64,
) -> PyResult<(Calibration, Ended)> {
    let options = options(smoothed, max_iter, tol);
    let fit = columns.forecasts(py, |rows| core::Temperature::fit_with(rows, &options))?;
    Ok(searched(fit, core::Calibration::Temperature))
}

/// Fits a beta calibration.
#[pyfunction]
pub(crate) fn fit_beta(
    py: Python<'_>,
    columns: Columns<'_>,
    smoothed: bool,
    max_iter: u32,
    tol: f64,
) -> PyResult<(Calibration, Ended)> {
    let options = options(smoothed, max_iter, tol);
    let fit = columns.forecasts(py, |rows| core::Beta::fit_with(rows, &options))?;
    Ok(searched(fit, core::Calibration::Beta))
}

/// Fits an isotonic calibration.
#[pyfunction]
pub(crate) fn fit_isotonic(py: Python<'_>, columns: Columns<'_>) -> PyResult<Calibration> {
    let isotonic = columns.scored(py, core::Isotonic::fit)?;
    Ok(Calibration(core::Calibration::Isotonic(isotonic)))
}

#[pymethods]
impl Calibration {
    /// Reads the JSON form.
    #[staticmethod]
    fn from_json(text: &str) -> PyResult<Self> {
        let read = serde_json::from_str(text);
        let invalid = |error: serde_json::Error| {
            Failure::input("calibration_invalid", format!("this is no calibration: {error}"))
        };
        Ok(Self(read.map_err(invalid)?))
    }

    /// The JSON form, which is read back to the same bits.
    fn to_json(&self) -> PyResult<String> {
        let written = serde_json::to_string(&self.0);
        Ok(written.map_err(|error| Failure::input("calibration_invalid", error.to_string()))?)
    }

    /// `platt`, `temperature`, `isotonic`, `beta` or `identity`.
    #[getter]
    const fn kind(&self) -> &'static str {
        match self.0 {
            core::Calibration::Identity => "identity",
            core::Calibration::Platt(_) => "platt",
            core::Calibration::Temperature(_) => "temperature",
            core::Calibration::Isotonic(_) => "isotonic",
            core::Calibration::Beta(_) => "beta",
        }
    }

    /// The parameters by name; those of an isotonic one are arrays.
    #[getter]
    fn parameters<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        match &self.0 {
            core::Calibration::Identity => {}
            core::Calibration::Platt(platt) => {
                dict.set_item("slope", platt.slope())?;
                dict.set_item("intercept", platt.intercept())?;
            }
            core::Calibration::Temperature(temperature) => {
                dict.set_item("temperature", temperature.temperature())?;
            }
            core::Calibration::Isotonic(isotonic) => {
                let (scores, values) = isotonic.bends();
                dict.set_item("scores", PyArray1::from_slice(py, scores))?;
                dict.set_item("values", PyArray1::from_slice(py, values))?;
            }
            core::Calibration::Beta(beta) => {
                for (name, value) in ["a", "b", "c"].into_iter().zip(beta.parameters()) {
                    dict.set_item(name, value)?;
                }
            }
        }
        Ok(dict)
    }

    /// The probabilities that scores stand for.
    #[expect(clippy::needless_pass_by_value, reason = "this is how arrays come from Python")]
    fn apply<'py>(
        &self,
        py: Python<'py>,
        scores: PyReadonlyArray1<'py, f64>,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let scores = scores.as_slice()?;
        let applied = py.detach(|| self.0.apply_all(scores)).map_err(Failure::from)?;
        Ok(PyArray1::from_vec(py, applied))
    }

    /// How a copy of it is made elsewhere.
    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, (String,))> {
        Ok((slf.get_type().getattr("from_json")?, (slf.get().to_json()?,)))
    }

    fn __eq__(&self, other: &Self) -> bool {
        self.0 == other.0
    }

    fn __repr__(&self) -> PyResult<String> {
        Ok(format!("Calibration.from_json('{}')", self.to_json()?))
    }
}
