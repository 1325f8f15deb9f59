//! Failures as Python exceptions.
//!
//! In: errors of the core. Out: exceptions of `payme.errors`, with the code and the place that the
//! error of the core has.

use payme_adapters::driver::DriverError;
use payme_core::learning::train::TrainError;
use payme_core::learning::{EvaluationError, LearningError, Undefined};
use payme_core::ports::StoreError;
use payme_core::types::json::Refusal;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// A class of `payme.errors`.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Input,
    OneClass,
    Missing,
    UnknownUser,
    UnknownSettlement,
    Database,
    Artifact,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Input => "InputError",
            Self::OneClass => "SingleClassError",
            Self::Missing => "MissingValueError",
            Self::UnknownUser => "UnknownUserError",
            Self::UnknownSettlement => "UnknownSettlementError",
            Self::Database => "DatabaseError",
            Self::Artifact => "ArtifactError",
        }
    }
}

/// What will be raised.
#[derive(Debug)]
pub(crate) struct Failure {
    kind: Kind,
    code: &'static str,
    message: String,
    index: Option<usize>,
}

impl Failure {
    /// Something that was given is wrong.
    pub(crate) fn input(code: &'static str, message: impl Into<String>) -> Self {
        Self { kind: Kind::Input, code, message: message.into(), index: None }
    }

    /// A database cannot do what is asked.
    pub(crate) fn database(code: &'static str, message: impl Into<String>) -> Self {
        Self { kind: Kind::Database, code, message: message.into(), index: None }
    }

    /// A folder of weights cannot be used.
    pub(crate) fn artifact(code: &'static str, message: impl Into<String>) -> Self {
        Self { kind: Kind::Artifact, code, message: message.into(), index: None }
    }

    /// Something that has to be there is not.
    pub(crate) fn missing(message: impl Into<String>) -> Self {
        let code = "value_missing";
        Self { kind: Kind::Missing, code, message: message.into(), index: None }
    }

    /// The same, of one row.
    pub(crate) fn at(self, index: usize) -> Self {
        Self { index: Some(index), ..self }
    }

    fn raised(&self, py: Python<'_>) -> PyResult<PyErr> {
        let class = PyModule::import(py, "payme.errors")?.getattr(self.kind.name())?;
        let named = PyDict::new(py);
        named.set_item("code", self.code)?;
        named.set_item("index", self.index)?;
        let exception = class.call((self.message.as_str(),), Some(&named))?;
        Ok(PyErr::from_value(exception))
    }
}

impl From<Failure> for PyErr {
    fn from(failure: Failure) -> Self {
        // An exception that cannot be made gives way to the reason for that.
        Python::attach(|py| failure.raised(py).unwrap_or_else(|reason| reason))
    }
}

impl From<LearningError> for Failure {
    fn from(error: LearningError) -> Self {
        let kind = match error {
            LearningError::OneClass { .. } => Kind::OneClass,
            _ => Kind::Input,
        };
        Self { kind, code: error.code(), message: error.to_string(), index: error.index() }
    }
}

impl From<EvaluationError> for Failure {
    fn from(error: EvaluationError) -> Self {
        match error {
            EvaluationError::Rows(error) => Self::from(error),
            EvaluationError::Value { index, .. } => {
                Self::input(error.code(), error.to_string()).at(index)
            }
            _ => Self::input(error.code(), error.to_string()),
        }
    }
}

impl From<TrainError> for Failure {
    fn from(error: TrainError) -> Self {
        let (kind, index) = match error {
            TrainError::OneClass(_) => (Kind::OneClass, None),
            TrainError::NotFinite { row, .. }
            | TrainError::Weight { row }
            | TrainError::Offset { row } => (Kind::Input, Some(row)),
            _ => (Kind::Input, None),
        };
        Self { kind, code: error.code(), message: error.to_string(), index }
    }
}

impl From<Undefined> for Failure {
    fn from(undefined: Undefined) -> Self {
        let (code, is_not) = match undefined {
            Undefined::NoPositive => ("no_positive", "positive"),
            Undefined::NoNegative => ("no_negative", "negative"),
        };
        let message = format!("no row that counts is {is_not}: rows of one class do not define it");
        Self { kind: Kind::OneClass, code, message, index: None }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::database(error.code(), error.to_string())
    }
}

impl From<DriverError> for Failure {
    fn from(error: DriverError) -> Self {
        let kind = match error {
            DriverError::UnknownUser(_) => Kind::UnknownUser,
            DriverError::UnknownSettlement(_) => Kind::UnknownSettlement,
            DriverError::Store(_) | DriverError::Contention => Kind::Database,
            DriverError::Reading(_)
            | DriverError::UnknownRecord(_)
            | DriverError::UnknownRun(_)
            | DriverError::ShownTooMany { .. }
            | DriverError::Correction(_) => Kind::Input,
        };
        Self { kind, code: error.code(), message: error.to_string(), index: None }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::input(refusal.code, refusal.to_string())
    }
}
