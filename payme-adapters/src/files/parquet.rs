//! Samples as a table that data tools read in columns: Apache Parquet.
//!
//! In: samples, page by page. Out: bytes of one file, compressed with Snappy. The columns are those
//! of an export row; what is not known of a sample is null.

use std::io::{self, Write};
use std::sync::Arc;

use arrow_array::{
    ArrayRef, Float64Array, Int8Array, RecordBatch, StringArray, TimestampMicrosecondArray,
    UInt32Array,
};
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use payme_core::learning::{Sample, Shown};
use payme_core::matching::Signal;

/// Writes samples as a Parquet file.
///
/// | column | type | null |
/// |---|---|---|
/// | `user_id`, `settlement_id`, `run_id` | string | never |
/// | each signal | double | where it was not stored |
/// | `label` | 8-bit integer, 0 or 1 | while nobody knows |
/// | `outcome` | string | never |
/// | `at` | microseconds since 1970, UTC | where nobody knows how it was shown |
/// | `variant`, `position` | string, 32-bit unsigned integer | likewise |
/// | `propensity` | double | where the variant was forced, too |
///
/// # Examples
/// ```
/// use payme_adapters::files::SampleTableWriter;
/// let mut table = SampleTableWriter::new(Vec::new())?;
/// table.write(&[])?;
/// assert_eq!(table.finish()?[..4], *b"PAR1");
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct SampleTableWriter<W: Write + Send> {
    table: ArrowWriter<W>,
    schema: SchemaRef,
}

impl<W: Write + Send> std::fmt::Debug for SampleTableWriter<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SampleTableWriter").finish_non_exhaustive()
    }
}

impl<W: Write + Send> SampleTableWriter<W> {
    /// Begins a file.
    ///
    /// # Errors
    /// What writing fails with.
    pub fn new(out: W) -> io::Result<Self> {
        let schema = Arc::new(schema());
        let compressed = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
        let table = ArrowWriter::try_new(out, Arc::clone(&schema), Some(compressed))
            .map_err(io::Error::other)?;
        Ok(Self { table, schema })
    }

    /// Adds samples to it.
    ///
    /// # Errors
    /// What writing fails with.
    pub fn write(&mut self, samples: &[Sample]) -> io::Result<()> {
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns(samples));
        self.table.write(&batch.map_err(io::Error::other)?).map_err(io::Error::other)
    }

    /// Ends the file, and gives back what it was written to.
    ///
    /// # Errors
    /// What writing fails with.
    pub fn finish(self) -> io::Result<W> {
        let mut out = self.table.into_inner().map_err(io::Error::other)?;
        out.flush()?;
        Ok(out)
    }
}

fn schema() -> Schema {
    let needed = |name: &str, of| Field::new(name, of, false);
    let perhaps = |name: &str, of| Field::new(name, of, true);
    let mut fields: Vec<Field> =
        ["user_id", "settlement_id", "run_id"].map(|name| needed(name, DataType::Utf8)).into();
    fields.extend(Signal::ALL.map(|signal| perhaps(signal.as_str(), DataType::Float64)));
    fields.extend([
        perhaps("label", DataType::Int8),
        needed("outcome", DataType::Utf8),
        perhaps("at", DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))),
        perhaps("variant", DataType::Utf8),
        perhaps("position", DataType::UInt32),
        perhaps("propensity", DataType::Float64),
    ]);
    Schema::new(fields)
}

fn columns(samples: &[Sample]) -> Vec<ArrayRef> {
    fn of<T>(samples: &[Sample], value: impl Fn(&Sample) -> T) -> impl Iterator<Item = T> {
        samples.iter().map(value)
    }
    fn shown<T>(samples: &[Sample], value: impl Fn(Shown) -> T) -> impl Iterator<Item = Option<T>> {
        samples.iter().map(move |sample| sample.shown.map(&value))
    }
    let texts = |values: Vec<String>| -> ArrayRef { Arc::new(StringArray::from(values)) };
    let mut columns: Vec<ArrayRef> = vec![
        texts(of(samples, |sample| sample.user_id.to_string()).collect()),
        texts(of(samples, |sample| sample.settlement_id.to_string()).collect()),
        texts(of(samples, |sample| sample.run_id.to_string()).collect()),
    ];
    for signal in Signal::ALL {
        let values: Float64Array = of(samples, |sample| sample.features.get(signal)).collect();
        columns.push(Arc::new(values));
    }
    let labels: Int8Array = of(samples, |sample| sample.outcome.label().map(i8::from)).collect();
    let outcomes = StringArray::from_iter_values(of(samples, |sample| sample.outcome.as_str()));
    let times: TimestampMicrosecondArray = shown(samples, |shown| shown.at.as_micros()).collect();
    let variants: StringArray = shown(samples, |shown| shown.variant.as_str()).collect();
    let positions: UInt32Array = shown(samples, |shown| shown.position).collect();
    let propensities: Float64Array =
        shown(samples, |shown| shown.propensity).map(Option::flatten).collect();
    columns.extend([
        Arc::new(labels) as ArrayRef,
        Arc::new(outcomes),
        Arc::new(times.with_timezone("UTC")),
        Arc::new(variants),
        Arc::new(positions),
        Arc::new(propensities),
    ]);
    columns
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use arrow_array::Array as _;
    use arrow_array::cast::AsArray as _;
    use arrow_array::types::{Float64Type, Int8Type, TimestampMicrosecondType, UInt32Type};
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
    use payme_core::learning::parse_samples;

    use super::*;

    const ROWS: &str = r#"[
        {"user_id": "00000000-0000-4000-8000-000000000001", "settlement_id": "00000000-0000-4000-9000-000000000001",
         "run_id": "00000000-0000-4000-a000-000000000001", "rules_confidence": 0.9, "ease": 0.1, "label": 1, "outcome": "paid_out",
         "at": "2026-02-01T00:00:00Z", "variant": "rules_only", "position": 2, "propensity": 0.25},
        {"user_id": "00000000-0000-4000-8000-000000000002", "settlement_id": "00000000-0000-4000-9000-000000000001",
         "run_id": "00000000-0000-4000-a000-000000000002", "label": null, "outcome": "pending"}]"#;

    #[test]
    fn what_is_written_is_read_back() {
        let samples = parse_samples(ROWS.as_bytes()).unwrap().all().unwrap();
        let mut table = SampleTableWriter::new(Vec::new()).unwrap();
        table.write(&samples[..1]).unwrap();
        table.write(&samples[1..]).unwrap();
        let bytes = bytes::Bytes::from(table.finish().unwrap());
        let mut reader = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap().build().unwrap();
        let batch = reader.next().unwrap().unwrap();
        assert!(reader.next().is_none() && batch.num_rows() == 2);
        let column = |name: &str| batch.column_by_name(name).unwrap();
        let users = column("user_id").as_string::<i32>();
        assert_eq!(users.value(1), "00000000-0000-4000-8000-000000000002");
        let rules = column("rules_confidence").as_primitive::<Float64Type>();
        assert!((rules.value(0) - 0.9).abs() < 1e-15 && rules.is_null(1));
        assert!(column("payout").is_null(0));
        let labels = column("label").as_primitive::<Int8Type>();
        assert!(labels.value(0) == 1 && labels.is_null(1));
        assert_eq!(column("outcome").as_string::<i32>().value(1), "pending");
        let times = column("at").as_primitive::<TimestampMicrosecondType>();
        assert!(times.value(0) == 1_769_904_000_000_000 && times.is_null(1));
        assert_eq!(column("variant").as_string::<i32>().value(0), "rules_only");
        assert_eq!(column("position").as_primitive::<UInt32Type>().value(0), 2);
        let propensities = column("propensity").as_primitive::<Float64Type>();
        assert!((propensities.value(0) - 0.25).abs() < 1e-15 && propensities.is_null(1));
    }

    #[test]
    fn a_disk_that_is_full_is_told() {
        struct Full(Mutex<usize>);
        impl Write for Full {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                let mut left = self.0.lock().map_err(|_| io::ErrorKind::Other)?;
                *left = left.checked_sub(bytes.len()).ok_or(io::ErrorKind::StorageFull)?;
                Ok(bytes.len())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let samples = parse_samples(ROWS.as_bytes()).unwrap().all().unwrap();
        for room in [0, 3, 100, 1_000] {
            let written = SampleTableWriter::new(Full(Mutex::new(room))).and_then(|mut table| {
                table.write(&samples)?;
                table.finish().map(drop)
            });
            assert!(written.is_err(), "{room}");
        }
    }
}
