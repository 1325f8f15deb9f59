//! Columns of NumPy as rows of the core, read where they lie.
//!
//! In: labels of one of five types, scores and perhaps weights, each contiguous. Out: what a
//! measure of the core says of them, found while the interpreter is free.

use numpy::PyReadonlyArray1;
use payme_core::learning::{Forecasts, Label, LearningError, Scored};
use pyo3::prelude::*;

use crate::error::Failure;

/// Labels. Booleans come as bytes: whoever made them, no bit of one is trusted.
#[derive(FromPyObject)]
pub(crate) enum Labels<'py> {
    Bytes(PyReadonlyArray1<'py, u8>),
    Longs(PyReadonlyArray1<'py, i64>),
    Doubles(PyReadonlyArray1<'py, f64>),
    Ints(PyReadonlyArray1<'py, i32>),
    Floats(PyReadonlyArray1<'py, f32>),
}

/// Labels, scores and weights of rows.
#[derive(FromPyObject)]
pub(crate) struct Columns<'py>(
    Labels<'py>,
    PyReadonlyArray1<'py, f64>,
    Option<PyReadonlyArray1<'py, f64>>,
);

#[derive(Clone, Copy)]
enum LabelSlice<'a> {
    Bytes(&'a [u8]),
    Longs(&'a [i64]),
    Doubles(&'a [f64]),
    Ints(&'a [i32]),
    Floats(&'a [f32]),
}

/// The columns without the interpreter.
#[derive(Clone, Copy)]
struct Slices<'a> {
    labels: LabelSlice<'a>,
    scores: &'a [f64],
    weights: Option<&'a [f64]>,
}

impl Columns<'_> {
    fn slices(&self) -> PyResult<Slices<'_>> {
        let Self(labels, scores, weights) = self;
        let labels = match labels {
            Labels::Bytes(all) => LabelSlice::Bytes(all.as_slice()?),
            Labels::Longs(all) => LabelSlice::Longs(all.as_slice()?),
            Labels::Doubles(all) => LabelSlice::Doubles(all.as_slice()?),
            Labels::Ints(all) => LabelSlice::Ints(all.as_slice()?),
            Labels::Floats(all) => LabelSlice::Floats(all.as_slice()?),
        };
        let weights = weights.as_ref().map(|weights| weights.as_slice()).transpose()?;
        Ok(Slices { labels, scores: scores.as_slice()?, weights })
    }

    /// What `measure` says of rows whose scores may be any finite numbers.
    pub(crate) fn scored<A: Send>(
        self,
        py: Python<'_>,
        measure: impl FnOnce(&Scored<'_>) -> Result<A, LearningError> + Send,
    ) -> PyResult<A> {
        let slices = self.slices()?;
        Ok(py.detach(|| slices.scored(measure)).map_err(Failure::from)?)
    }

    /// What `measure` says of rows whose scores are probabilities.
    pub(crate) fn forecasts<A: Send>(
        self,
        py: Python<'_>,
        measure: impl FnOnce(&Forecasts<'_>) -> Result<A, LearningError> + Send,
    ) -> PyResult<A> {
        let slices = self.slices()?;
        Ok(py.detach(|| slices.forecasts(measure)).map_err(Failure::from)?)
    }
}

/// Calls a generic function with the labels, whatever their type is.
macro_rules! with_labels {
    ($labels:expr, $function:ident($($argument:expr),*)) => {
        match $labels {
            LabelSlice::Bytes(labels) => $function(labels, $($argument),*),
            LabelSlice::Longs(labels) => $function(labels, $($argument),*),
            LabelSlice::Doubles(labels) => $function(labels, $($argument),*),
            LabelSlice::Ints(labels) => $function(labels, $($argument),*),
            LabelSlice::Floats(labels) => $function(labels, $($argument),*),
        }
    };
}

impl Slices<'_> {
    fn scored<A>(
        self,
        measure: impl FnOnce(&Scored<'_>) -> Result<A, LearningError>,
    ) -> Result<A, LearningError> {
        with_labels!(self.labels, of_scored(self.scores, self.weights, measure))
    }

    fn forecasts<A>(
        self,
        measure: impl FnOnce(&Forecasts<'_>) -> Result<A, LearningError>,
    ) -> Result<A, LearningError> {
        with_labels!(self.labels, of_forecasts(self.scores, self.weights, measure))
    }
}

fn of_scored<L: Label, A>(
    labels: &[L],
    scores: &[f64],
    weights: Option<&[f64]>,
    measure: impl FnOnce(&Scored<'_>) -> Result<A, LearningError>,
) -> Result<A, LearningError> {
    let rows = Scored::new(labels, scores)?;
    match weights {
        None => measure(&rows),
        Some(weights) => measure(&rows.weighted(weights)?),
    }
}

fn of_forecasts<L: Label, A>(
    labels: &[L],
    scores: &[f64],
    weights: Option<&[f64]>,
    measure: impl FnOnce(&Forecasts<'_>) -> Result<A, LearningError>,
) -> Result<A, LearningError> {
    let rows = Forecasts::new(labels, scores)?;
    match weights {
        None => measure(&rows),
        Some(weights) => measure(&rows.weighted(weights)?),
    }
}
