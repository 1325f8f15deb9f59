//! `payme learn export` and `payme learn shown`.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use payme::driver::{DriverError, ExportReport};
use payme::files::SampleTableWriter;
use payme::learning::{Sample, sample_row};
use payme::types::RunId;
use serde_json::{Value, json};

use super::super::args::{Format, Global};
use super::super::error::CliError;
use super::super::out::{OutFile, unwritable};
use super::super::{open, output, progress};

/// Notes how many results of a run were seen.
pub(super) async fn shown(global: &Global, run: RunId, count: u32) -> Result<(), CliError> {
    let seen = open(global).await?.record_shown(run, count).await?;
    let told = json!({"run_id": seen.run_id, "shown": seen.shown});
    output::value(global, &told, || format!("{} results were seen", seen.shown))
}

/// Writes the samples into a file, or to stdout.
pub(super) async fn run(global: &Global, out: Option<&Path>) -> Result<(), CliError> {
    let Some(path) = out else {
        let mut rows = Rows::new(global, BufWriter::new(io::stdout().lock()));
        let report = match each(global, |samples| rows.write(samples)).await {
            Err(Stopped::Write(error)) => return to_stdout(&error),
            done => done?,
        };
        if let Err(error) = rows.finish() {
            return to_stdout(&error);
        }
        if !global.quiet {
            eprintln!("{report}");
        }
        return Ok(());
    };
    let file = OutFile::create(global, path)?;
    let failed = |error: io::Error| unwritable(path, &error);
    let is_table = path.extension().is_some_and(|end| end.eq_ignore_ascii_case("parquet"));
    let report = if is_table {
        let mut table = SampleTableWriter::new(file).map_err(failed)?;
        let report = each(global, |samples| table.write(samples)).await?;
        table.finish().and_then(OutFile::finish).map_err(failed)?;
        report
    } else {
        let mut rows = Rows::new(global, BufWriter::new(file));
        let report = each(global, |samples| rows.write(samples)).await?;
        let file = rows.finish().and_then(|out| out.into_inner().map_err(io::Error::from));
        file.and_then(OutFile::finish).map_err(failed)?;
        report
    };
    let told = json!({"file": path.display().to_string(), "sample_count": report.samples,
        "labeled_count": report.labelled(), "positive_count": report.positive});
    output::value(global, &told, || report.to_string())
}

/// A reader that went away is no error.
fn to_stdout(error: &io::Error) -> Result<(), CliError> {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Ok(()),
        _ => Err(CliError::new("output", format!("cannot write to stdout: {error}"))),
    }
}

/// Hands over every page, with a counter on a terminal.
async fn each(
    global: &Global,
    mut write: impl FnMut(&[Sample]) -> io::Result<()>,
) -> Result<ExportReport, Stopped> {
    let payme = open(global).await?;
    let bar = progress::spinner(global, "samples");
    let done = payme
        .export_samples(|samples: &[Sample]| {
            bar.inc(u64::try_from(samples.len()).unwrap_or(u64::MAX));
            write(samples).map_err(Stopped::Write)
        })
        .await;
    bar.finish_and_clear();
    done
}

/// Why an export stopped.
enum Stopped {
    Engine(CliError),
    Write(io::Error),
}

impl From<CliError> for Stopped {
    fn from(error: CliError) -> Self {
        Self::Engine(error)
    }
}

impl From<DriverError> for Stopped {
    fn from(error: DriverError) -> Self {
        Self::Engine(error.into())
    }
}

impl From<Stopped> for CliError {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::Engine(error) => error,
            Stopped::Write(error) => Self::new("output", format!("cannot write samples: {error}")),
        }
    }
}

/// A JSON array that is written row by row, or JSON Lines where they are asked for.
struct Rows<W: Write> {
    out: W,
    has_lines: bool,
    count: usize,
}

impl<W: Write> Rows<W> {
    fn new(global: &Global, out: W) -> Self {
        Self { out, has_lines: global.format == Format::Jsonl, count: 0 }
    }

    fn write(&mut self, samples: &[Sample]) -> io::Result<()> {
        for sample in samples {
            if !self.has_lines {
                self.out.write_all(if self.count == 0 { b"[\n" } else { b",\n" })?;
            }
            serde_json::to_writer(&mut self.out, &Value::Object(sample_row(sample)))?;
            if self.has_lines {
                self.out.write_all(b"\n")?;
            }
            self.count += 1;
        }
        Ok(())
    }

    fn finish(mut self) -> io::Result<W> {
        if !self.has_lines {
            self.out.write_all(if self.count == 0 { b"[]\n" } else { b"\n]\n" })?;
        }
        self.out.flush()?;
        Ok(self.out)
    }
}
