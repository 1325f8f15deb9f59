//! Why a chore stopped.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

/// Why a chore stopped. Its text is what the person at the keyboard reads last.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line was not understood.
    Usage { problem: String, hint: String },
    /// xtask was started without cargo, so it does not know where the repository is.
    NoRepository,
    /// A program is not there or may not be started.
    NotStarted { program: String, error: io::Error },
    /// A program ran and said no.
    Refused { command: String, status: ExitStatus },
    /// A folder or file cannot be read.
    Unreadable { path: PathBuf, error: io::Error },
    /// There is no `fuzz/` folder with targets.
    NoFuzzTargets { folder: PathBuf },
    /// Fuzzing needs a nightly compiler and there is none.
    NoNightly,
    /// A tool that was asked for cannot run here.
    Unavailable { reason: &'static str },
    /// A guard that was taken away was missed by nobody, or is not where it was.
    Mutation { problem: String },
    /// A step of `cargo xtask test` stopped for this reason.
    Step { name: &'static str, cause: Box<Self> },
}

impl Failure {
    /// What the process ends with: 2 for a wrong command line, 1 for everything else.
    pub(crate) const fn exit_code(&self) -> u8 {
        match self {
            Self::Usage { .. } => 2,
            Self::NoRepository
            | Self::NotStarted { .. }
            | Self::Refused { .. }
            | Self::Unreadable { .. }
            | Self::NoFuzzTargets { .. }
            | Self::NoNightly
            | Self::Unavailable { .. }
            | Self::Mutation { .. }
            | Self::Step { .. } => 1,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage { problem, hint } => write!(f, "{problem}\n\n{}", hint.trim_end()),
            Self::NoRepository => f.write_str("start me as `cargo xtask` inside the repository"),
            Self::NotStarted { program, error } => {
                write!(f, "{program} cannot be started ({error}): is it installed?")
            }
            Self::Refused { command, status } => write!(f, "`{command}` ended with {status}"),
            Self::Unreadable { path, error } => write!(f, "{}: {error}", path.display()),
            Self::NoFuzzTargets { folder } => {
                write!(f, "{} holds no fuzz target (a .rs file)", folder.display())
            }
            Self::NoNightly => f.write_str(
                "fuzzing needs a nightly compiler: `rustup toolchain install nightly` gets one",
            ),
            Self::Unavailable { reason } => f.write_str(reason),
            Self::Mutation { problem } => f.write_str(problem),
            Self::Step { name, cause } => write!(f, "step {name} failed: {cause}"),
        }
    }
}
