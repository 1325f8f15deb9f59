//! Programs that the chores need and that cargo can build: pinned, and built once.

use std::path::PathBuf;

use crate::command::Run;
use crate::failure::Failure;
use crate::repository::Repository;

/// A program published as a crate of the same name.
#[derive(Debug)]
pub(crate) struct Tool {
    name: &'static str,
    version: &'static str,
}

/// Checks licences, banned crates and sources.
pub(crate) const CARGO_DENY: Tool = Tool { name: "cargo-deny", version: "0.20.2" };

/// Builds and runs libFuzzer targets.
pub(crate) const CARGO_FUZZ: Tool = Tool { name: "cargo-fuzz", version: "0.13.2" };

impl Tool {
    /// The path of the program, which is built first when it is not there.
    ///
    /// Each version has a folder of its own under `target/tools`, so changing the pinned version
    /// is all it takes to change the program.
    ///
    /// # Errors
    /// What [`Run::run_in`] gives when the build fails.
    pub(crate) fn path(&self, repository: &Repository) -> Result<PathBuf, Failure> {
        let Self { name, version } = self;
        let folder = repository.target(&format!("tools/{name}-{version}"));
        let program = folder.join("bin").join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
        if !program.exists() {
            println!("    {name} {version} is built once, into {}", folder.display());
            // A check runs for a second: a quick build is worth more than a quick program.
            Run::cargo("install --quiet --locked --version")
                .words(&format!("{version} {name} --root"))
                .arg(folder)
                .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
                .env("CARGO_PROFILE_RELEASE_LTO", "off")
                .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
                .run_in(repository.root())?;
        }
        Ok(program)
    }
}
