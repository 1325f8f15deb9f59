//! Fuzzing campaigns: cargo-fuzz over the targets in `fuzz/fuzz_targets`.
//!
//! No parser of ours has `unsafe` code, so no sanitizer slows the inputs down; overflow is checked.
//! What a target learns is kept in `fuzz/corpus/<target>`; its seeds and the fixtures are read.

use crate::command::Run;
use crate::failure::Failure;
use crate::repository::Repository;
use crate::tools::CARGO_FUZZ;

const TARGETS: &str = "fuzz/fuzz_targets";
const SECONDS_DEFAULT: u64 = 60;
/// Small inputs, tokens that formats know, and no input that hangs.
const OPTIONS: &str = "-max_len=1024 -timeout=20 -dict=fuzz/dictionary.txt";

/// When a campaign ends, if nothing is found before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Limit {
    Seconds(u64),
    Runs(u64),
}

/// Runs one target, or all of them one after the other, and stops at the first finding.
///
/// # Errors
/// [`Failure::Usage`], [`Failure::NoFuzzTargets`], [`Failure::NoNightly`], and what
/// [`Run::run_in`] gives when a target finds something.
pub(crate) fn fuzz(repository: &Repository, arguments: &[String]) -> Result<(), Failure> {
    let (target, limit) = parse(arguments)?;
    let targets = select(repository.rust_files(TARGETS)?, target, repository)?;
    if !nightly("rustc --version").succeeds_in(repository.root()) {
        return Err(Failure::NoNightly);
    }
    let cargo_fuzz = CARGO_FUZZ.path(repository)?;
    for target in targets {
        println!("==> fuzz {target}");
        let corpus = format!("fuzz/corpus/{target}");
        let path = repository.path(&corpus);
        std::fs::create_dir_all(&path).map_err(|error| Failure::Unreadable { path, error })?;
        nightly("")
            .arg(&cargo_fuzz)
            .words("run --release --sanitizer none")
            .words(&format!("{target} {corpus} fuzz/seeds/{target} fixtures --"))
            .words(&format!("{OPTIONS} {}", limit.argument()))
            .run_in(repository.root())?;
    }
    Ok(())
}

/// The help of `fuzz`.
pub(crate) fn details() -> String {
    format!(
        "Runs each target of {TARGETS} for {SECONDS_DEFAULT} seconds, or as long as said, with\n\
         cargo-fuzz (built once) and the nightly compiler. Stops at the first finding, which is\n\
         then in fuzz/artifacts.\n"
    )
}

impl Limit {
    /// The limit in the words of libFuzzer.
    fn argument(self) -> String {
        match self {
            Self::Seconds(seconds) => format!("-max_total_time={seconds}"),
            Self::Runs(runs) => format!("-runs={runs}"),
        }
    }
}

/// A nightly tool. Cargo has set variables that name its own compiler; they would win.
pub(crate) fn nightly(line: &str) -> Run {
    Run::new("rustup").words("run nightly").words(line).without_env("CARGO")
}

fn usage(problem: String) -> Failure {
    Failure::Usage {
        problem,
        hint: String::from("Usage: cargo xtask fuzz TARGET|all [--seconds N | --runs N]"),
    }
}

fn parse(arguments: &[String]) -> Result<(&str, Limit), Failure> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let number = |word: &str| {
        let positive = word.parse().ok().filter(|number| *number > 0);
        positive.ok_or_else(|| usage(format!("{word} is not a number above zero")))
    };
    match words[..] {
        [] => Err(usage(String::from("which target?"))),
        [target] => Ok((target, Limit::Seconds(SECONDS_DEFAULT))),
        [target, "--seconds", seconds] => Ok((target, Limit::Seconds(number(seconds)?))),
        [target, "--runs", runs] => Ok((target, Limit::Runs(number(runs)?))),
        [_, ref rest @ ..] => Err(usage(format!("not understood: {}", rest.join(" ")))),
    }
}

fn select(
    targets: Vec<String>,
    wanted: &str,
    repository: &Repository,
) -> Result<Vec<String>, Failure> {
    if targets.is_empty() {
        return Err(Failure::NoFuzzTargets { folder: repository.path(TARGETS) });
    }
    if wanted == "all" {
        return Ok(targets);
    }
    if targets.iter().any(|target| target == wanted) {
        return Ok(vec![String::from(wanted)]);
    }
    let listed = targets.join(", ");
    Err(usage(format!("there is no fuzz target called {wanted}; there are: {listed}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<(String, Limit), u8> {
        let arguments: Vec<String> = line.split_whitespace().map(String::from).collect();
        parse(&arguments)
            .map(|(target, limit)| (String::from(target), limit))
            .map_err(|failure| failure.exit_code())
    }

    #[test]
    fn the_command_line_is_a_target_and_at_most_one_limit() {
        let table = [
            ("", Err(2)),
            ("all", Ok(("all", Limit::Seconds(SECONDS_DEFAULT)))),
            ("mbox --seconds 5", Ok(("mbox", Limit::Seconds(5)))),
            ("mbox --runs 7", Ok(("mbox", Limit::Runs(7)))),
            ("mbox --runs 0", Err(2)),
            ("mbox --runs -1", Err(2)),
            ("mbox --runs", Err(2)),
            ("mbox csv", Err(2)),
            ("mbox --runs 7 --seconds 5", Err(2)),
        ];
        for (line, expected) in table {
            let expected = expected.map(|(target, limit)| (String::from(target), limit));
            assert_eq!(parsed(line), expected, "{line}");
        }
    }

    #[test]
    fn limits_are_said_in_the_words_of_the_fuzzer() {
        assert_eq!(Limit::Seconds(5).argument(), "-max_total_time=5");
        assert_eq!(Limit::Runs(7).argument(), "-runs=7");
    }

    #[test]
    fn a_target_must_exist() {
        let repository = Repository::find().unwrap();
        let two = || vec![String::from("csv"), String::from("mbox")];
        assert_eq!(select(two(), "all", &repository).unwrap(), two());
        assert_eq!(select(two(), "mbox", &repository).unwrap(), ["mbox"]);
        let unknown = select(two(), "eml", &repository).unwrap_err();
        assert!(unknown.to_string().contains("csv, mbox"), "{unknown}");
        let none = select(Vec::new(), "all", &repository).unwrap_err();
        assert!(matches!(none, Failure::NoFuzzTargets { .. }), "{none}");
    }
}
