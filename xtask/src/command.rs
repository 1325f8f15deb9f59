//! Running a program in the repository and saying which one.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::Command;

use crate::failure::Failure;

/// A program with its arguments and environment; it inherits everything else.
#[derive(Debug)]
pub(crate) struct Run {
    program: OsString,
    arguments: Vec<OsString>,
    environment: Vec<(&'static str, Option<OsString>)>,
}

impl Run {
    /// `program` without arguments.
    pub(crate) fn new(program: impl Into<OsString>) -> Self {
        Self { program: program.into(), arguments: Vec::new(), environment: Vec::new() }
    }

    /// The cargo that runs this very program, with the words of `line` as arguments.
    pub(crate) fn cargo(line: &str) -> Self {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        Self::new(cargo).words(line)
    }

    /// Adds the words of `line`, split at blanks.
    pub(crate) fn words(mut self, line: &str) -> Self {
        self.arguments.extend(line.split_whitespace().map(OsString::from));
        self
    }

    /// Adds one argument as it is.
    pub(crate) fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Sets a variable.
    pub(crate) fn env(mut self, name: &'static str, value: impl Into<OsString>) -> Self {
        self.environment.push((name, Some(value.into())));
        self
    }

    /// Takes a variable away.
    pub(crate) fn without_env(mut self, name: &'static str) -> Self {
        self.environment.push((name, None));
        self
    }

    /// Runs it in `folder` and waits for its end.
    ///
    /// # Errors
    /// [`Failure::NotStarted`], [`Failure::Refused`].
    pub(crate) fn run_in(&self, folder: &Path) -> Result<(), Failure> {
        println!("    $ {}", self.line());
        let status = self.command(folder).status().map_err(|error| Failure::NotStarted {
            program: self.program.to_string_lossy().into_owned(),
            error,
        })?;
        if status.success() {
            return Ok(());
        }
        Err(Failure::Refused { command: self.line(), status })
    }

    /// Whether it runs and succeeds; its output is not shown.
    pub(crate) fn succeeds_in(&self, folder: &Path) -> bool {
        self.command(folder).output().is_ok_and(|output| output.status.success())
    }

    fn command(&self, folder: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).current_dir(folder);
        for (name, value) in &self.environment {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
    }

    /// What a person would type: variables set, the program without its folder, arguments.
    fn line(&self) -> String {
        let variables = self.environment.iter().filter_map(|(name, value)| {
            value.as_ref().map(|value| format!("{name}={}", quoted(value)))
        });
        let program = Path::new(&self.program).file_name().unwrap_or(&self.program);
        let words = std::iter::once(program).chain(self.arguments.iter().map(OsString::as_os_str));
        variables.chain(words.map(quoted)).collect::<Vec<_>>().join(" ")
    }
}

fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    if word.contains([' ', '*']) { format!("'{word}'") } else { word.into_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_a_person_would_type_it() {
        let run = Run::new("/usr/bin/cargo")
            .words("doc --no-deps")
            .arg("a b")
            .env("RUSTDOCFLAGS", "-D warnings")
            .without_env("HOME");
        assert_eq!(run.line(), "RUSTDOCFLAGS='-D warnings' cargo doc --no-deps 'a b'");
    }

    #[cfg(unix)]
    #[test]
    fn a_program_that_is_not_there_and_one_that_says_no_are_told_apart() {
        let here = Path::new(".");
        let missing = Run::new("payme-no-such-program").run_in(here);
        assert!(matches!(missing, Err(Failure::NotStarted { .. })), "{missing:?}");
        let refused = Run::new("false").run_in(here);
        assert!(matches!(refused, Err(Failure::Refused { .. })), "{refused:?}");
        assert!(Run::new("true").run_in(here).is_ok());
    }
}
