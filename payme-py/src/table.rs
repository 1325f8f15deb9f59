//! Matches as Arrow: one row is one settlement of one person.
//!
//! In: the best settlements of people, window by window. Out: [`Matches`], which any library that
//! knows the Arrow PyCapsule interface reads without copying.

use std::sync::Arc;

use arrow_array::builder::{Float64Builder, StringBuilder, UInt32Builder};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use payme_core::catalog::CatalogIndex;
use payme_core::matching::SignalSet;
use payme_core::ranking::Hit;
use payme_core::types::UserId;
use pyo3::prelude::*;
use pyo3_arrow::PyTable;

use crate::error::Failure;

/// Who matches what, best first for each person.
///
/// Columns: `user_id`, `settlement_id`, `rank` from 1, `score`, and one for each signal.
#[pyclass(frozen, module = "payme._payme")]
#[derive(Debug)]
pub(crate) struct Matches {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
}

/// Writes windows of people.
pub(crate) struct Writer {
    set: SignalSet,
    matches: Matches,
}

impl Writer {
    /// Begins without rows.
    pub(crate) fn new(set: SignalSet) -> Self {
        let mut fields = vec![
            Field::new("user_id", DataType::Utf8, false),
            Field::new("settlement_id", DataType::Utf8, false),
            Field::new("rank", DataType::UInt32, false),
            Field::new("score", DataType::Float64, false),
        ];
        let signals = set.signals().iter();
        fields.extend(signals.map(|signal| Field::new(signal.as_str(), DataType::Float64, false)));
        let schema = Arc::new(Schema::new(fields));
        Self { set, matches: Matches { schema, batches: Vec::new() } }
    }

    /// Adds the settlements of people.
    pub(crate) fn write(
        &mut self,
        index: &CatalogIndex,
        people: &[(UserId, Vec<Hit>)],
    ) -> Result<(), Failure> {
        let rows: usize = people.iter().map(|(_, hits)| hits.len()).sum();
        let text = || StringBuilder::with_capacity(rows, rows.saturating_mul(36));
        let (mut user_ids, mut settlement_ids) = (text(), text());
        let mut ranks = UInt32Builder::with_capacity(rows);
        let mut scores = Float64Builder::with_capacity(rows);
        let mut signals: Vec<Float64Builder> =
            self.set.signals().iter().map(|_| Float64Builder::with_capacity(rows)).collect();
        for (user, hits) in people {
            let user = user.to_string();
            for (rank, hit) in (1..).zip(hits) {
                let Some(settlement) = index.get(hit.candidate.ix) else { continue };
                user_ids.append_value(&user);
                settlement_ids.append_value(settlement.id.to_string());
                ranks.append_value(rank);
                scores.append_value(hit.score);
                for (column, (_, value)) in signals.iter_mut().zip(hit.signals.iter()) {
                    column.append_value(value);
                }
            }
        }
        let mut columns: Vec<ArrayRef> = vec![
            Arc::new(user_ids.finish()),
            Arc::new(settlement_ids.finish()),
            Arc::new(ranks.finish()),
            Arc::new(scores.finish()),
        ];
        for mut signal in signals {
            columns.push(Arc::new(signal.finish()));
        }
        let batch = RecordBatch::try_new(Arc::clone(&self.matches.schema), columns);
        let batch = batch.map_err(|error| Failure::input("arrow_stream", error.to_string()))?;
        self.matches.batches.push(batch);
        Ok(())
    }

    /// What was written.
    pub(crate) fn finish(self) -> Matches {
        self.matches
    }
}

impl Matches {
    fn table<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTable>> {
        Bound::new(py, PyTable::try_new(self.batches.clone(), Arc::clone(&self.schema))?)
    }
}

#[pymethods]
impl Matches {
    /// The table as an Arrow stream, for libraries of data frames.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.table(py)?.call_method1("__arrow_c_stream__", (requested_schema,))
    }

    /// The schema of the table, for libraries of data frames.
    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.table(py)?.call_method0("__arrow_c_schema__")
    }

    /// How many rows there are.
    fn __len__(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    /// The names of the columns.
    #[getter]
    fn column_names(&self) -> Vec<String> {
        self.schema.fields().iter().map(|field| field.name().clone()).collect()
    }

    /// The same as a `pyarrow.Table`; needs pyarrow.
    fn to_pyarrow<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        PyModule::import(slf.py(), "pyarrow")?.call_method1("table", (slf,))
    }

    fn __repr__(&self) -> String {
        format!("<Matches: {} rows of {}>", self.__len__(), self.column_names().join(", "))
    }
}
