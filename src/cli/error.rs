//! Errors of the command: one line of what, where and what to do, or the same as JSON.

use std::path::Path;
use std::process::ExitCode;

use payme::OpenError;
use payme::artifacts::{ArtifactError, RetrainError};
use payme::driver::DriverError;
use payme::files::FileError;
use payme::learning::RankerError;
use payme::ports::StoreError;
use payme::report::VersionReportError;
use payme::types::json::Refusal;
use serde_json::{Value, json};

use super::args::{Format, Global};
use super::output::printable;

/// Why a command stopped. Nothing was left half done.
#[derive(Debug)]
pub(crate) struct CliError {
    code: &'static str,
    message: String,
    details: Value,
}

impl CliError {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), details: json!({}) }
    }

    pub(crate) fn with_details(mut self, details: Value) -> Self {
        self.details = details;
        self
    }

    pub(crate) fn runtime(error: &std::io::Error) -> Self {
        Self::new("runtime", format!("cannot start: {error}"))
    }

    /// An engine that does not open.
    pub(crate) fn open(error: &OpenError, database: &str) -> Self {
        let database = named(database);
        match error {
            OpenError::Store(error) => Self::new(error.code(), format!("{database}: {error}"))
                .with_details(json!({"database": database})),
            OpenError::Rail(error) => Self::from(*error),
        }
    }

    /// The error with a further sentence of advice.
    pub(crate) fn with_hint(mut self, hint: &str) -> Self {
        self.message = format!("{}; {hint}", self.message);
        self
    }

    /// A file that is wrong as a whole.
    pub(crate) fn refused_file(path: &Path, refusal: &Refusal) -> Self {
        Self::new(refusal.code, format!("{}: {refusal}", path.display()))
            .with_details(json!({"file": path.display().to_string(), "line": refusal.line,
                "path": refusal.path}))
    }

    /// A file some of whose rows are wrong, which is why none was taken.
    pub(crate) fn refused_rows(path: &Path, refusals: &[Refusal]) -> Self {
        Self::rows(path, refusals, "correct the file, or take the good rows with --keep-going")
    }

    /// The same of a file that is taken as a whole or not at all.
    pub(crate) fn wrong_rows(path: &Path, refusals: &[Refusal]) -> Self {
        Self::rows(path, refusals, "correct the file")
    }

    fn rows(path: &Path, refusals: &[Refusal], advice: &str) -> Self {
        let (code, what) = refusals
            .first()
            .map_or(("malformed_json", String::new()), |first| (first.code, first.to_string()));
        let more = match refusals.len() {
            0 | 1 => String::new(),
            n => format!(" (and {} more)", n - 1),
        };
        let message = format!("{}: {what}{more}; nothing was taken: {advice}", path.display());
        let refused: Vec<Value> = refusals.iter().map(refusal_json).collect();
        Self::new(code, message)
            .with_details(json!({"file": path.display().to_string(), "refused": refused}))
    }

    /// Writes the error to stderr and gives the exit code.
    pub(crate) fn report(&self, global: &Global) -> ExitCode {
        match global.format {
            Format::Table | Format::Csv => eprintln!("error: {}", printable(&self.message)),
            Format::Json | Format::Jsonl => {
                let error = json!({"code": self.code, "message": self.message,
                    "details": self.details});
                eprintln!("{error}");
            }
        }
        ExitCode::from(2)
    }
}

/// A database as a message may name it: the address of a server may hold a password.
pub(crate) fn named(database: &str) -> &str {
    match database.split_once("://") {
        Some((scheme, _)) if scheme != "sqlite" => scheme,
        _ => database,
    }
}

/// A refused row as JSON.
pub(crate) fn refusal_json(refusal: &Refusal) -> Value {
    json!({"line": refusal.line, "path": refusal.path, "code": refusal.code,
        "message": refusal.message})
}

impl From<DriverError> for CliError {
    fn from(error: DriverError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<ArtifactError> for CliError {
    fn from(error: ArtifactError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<RetrainError> for CliError {
    fn from(error: RetrainError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<VersionReportError> for CliError {
    fn from(error: VersionReportError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<RankerError> for CliError {
    fn from(error: RankerError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<StoreError> for CliError {
    fn from(error: StoreError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<FileError> for CliError {
    fn from(error: FileError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}
