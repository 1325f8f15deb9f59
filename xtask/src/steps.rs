//! The steps of `cargo xtask test`: one table, run from top to bottom.

use std::time::Instant;

use crate::command::Run;
use crate::failure::Failure;
use crate::repository::Repository;
use crate::tools::CARGO_DENY;
use crate::wheel;

/// One thing that has to pass.
struct Step {
    name: &'static str,
    about: &'static str,
    run: fn(&Repository) -> Result<Outcome, Failure>,
}

/// What became of a step that did not fail.
enum Outcome {
    Passed,
    /// There is nothing to check, for this reason.
    Nothing(&'static str),
}

const STEPS: [Step; 10] = [
    Step { name: "fmt", about: "the sources are formatted", run: fmt },
    Step { name: "clippy", about: "no lint fires in any target", run: clippy },
    Step { name: "core", about: "payme-core passes alone, without features", run: core },
    Step { name: "workspace", about: "the tests of every package, all features", run: workspace },
    Step { name: "benches", about: "every benchmark runs once, small", run: benches },
    Step { name: "doc", about: "the documentation builds without a warning", run: doc },
    Step { name: "licences", about: "licences, bans and sources as in deny.toml", run: licences },
    Step { name: "oracle", about: "a second implementation in Python agrees", run: oracle },
    Step { name: "python", about: "the Python package builds, and its tests pass", run: python },
    Step { name: "beyond", about: "clusters of Spark and Ray give the same bytes", run: beyond },
];

const ORACLE: &str = "tests/oracle/check.py";

/// Runs the steps named, or all of them, in the order of the table.
///
/// # Errors
/// [`Failure::Usage`] for a name that is not in the table, [`Failure::Step`] for the first step
/// that fails.
pub(crate) fn test(repository: &Repository, names: &[String]) -> Result<(), Failure> {
    let steps = select(names)?;
    if std::env::var_os("PAYME_TEST_DATA").is_none() {
        println!("PAYME_TEST_DATA is not set: tests over real data will say that they did not run");
    }
    for step in steps {
        println!("==> {}", step.name);
        let start = Instant::now();
        let outcome = (step.run)(repository)
            .map_err(|cause| Failure::Step { name: step.name, cause: Box::new(cause) })?;
        match outcome {
            Outcome::Passed => {
                println!("    {}: {:.1} s", step.name, start.elapsed().as_secs_f64());
            }
            Outcome::Nothing(reason) => println!("    {}: nothing to do, {reason}", step.name),
        }
    }
    Ok(())
}

/// Runs the benchmarks at full size.
///
/// # Errors
/// What [`Run::run_in`] gives.
pub(crate) fn bench(repository: &Repository, arguments: &[String]) -> Result<(), Failure> {
    let run = Run::cargo("bench -p payme --bench * --");
    arguments.iter().fold(run, |run, argument| run.arg(argument)).run_in(repository.root())
}

/// The help of `test`.
pub(crate) fn details() -> String {
    let steps: String =
        STEPS.iter().map(|step| format!("  {:<10} {}\n", step.name, step.about)).collect();
    format!(
        "Steps, in this order:\n{steps}\n\
         PAYME_TEST_DATA names a folder with real material. Without it the tests that need it\n\
         say that they did not run.\n"
    )
}

/// The help of `bench`.
pub(crate) fn bench_details() -> String {
    String::from(
        "Examples: `cargo xtask bench` runs them all, `cargo xtask bench matching/` those whose\n\
         id holds this text, `cargo xtask bench --save-baseline before` keeps the figures.\n",
    )
}

fn select(names: &[String]) -> Result<Vec<&'static Step>, Failure> {
    for name in names {
        if !STEPS.iter().any(|step| step.name == name) {
            let problem = format!("there is no step called {name}");
            return Err(Failure::Usage { problem, hint: details() });
        }
    }
    let wanted = |step: &&Step| names.is_empty() || names.iter().any(|name| name == step.name);
    Ok(STEPS.iter().filter(wanted).collect())
}

fn passed(repository: &Repository, run: &Run) -> Result<Outcome, Failure> {
    run.run_in(repository.root()).map(|()| Outcome::Passed)
}

fn fmt(repository: &Repository) -> Result<Outcome, Failure> {
    passed(repository, &Run::cargo("fmt --all --check"))
}

fn clippy(repository: &Repository) -> Result<Outcome, Failure> {
    let line = "clippy --workspace --all-targets --all-features -- -D warnings";
    passed(repository, &Run::cargo(line))
}

/// A cargo call of its own: in one call the features that other packages ask for would be added.
fn core(repository: &Repository) -> Result<Outcome, Failure> {
    passed(repository, &Run::cargo("test -p payme-core --no-default-features"))
}

fn workspace(repository: &Repository) -> Result<Outcome, Failure> {
    passed(repository, &Run::cargo("test --workspace --all-features"))
}

/// The profile `dev` shares its dependencies with the tests; only the answers are looked at here.
fn benches(repository: &Repository) -> Result<Outcome, Failure> {
    if repository.rust_files("benches")?.is_empty() {
        return Ok(Outcome::Nothing("benches/ holds no .rs file"));
    }
    let line = "bench --workspace --all-features --profile dev --bench * -- --test";
    passed(repository, &Run::cargo(line).env("PAYME_BENCH_SMALL", "1"))
}

fn doc(repository: &Repository) -> Result<Outcome, Failure> {
    let run = Run::cargo("doc --workspace --no-deps --all-features");
    passed(repository, &run.env("RUSTDOCFLAGS", "-D warnings"))
}

fn licences(repository: &Repository) -> Result<Outcome, Failure> {
    let run = Run::new(CARGO_DENY.path(repository)?)
        .words("--locked check --hide-inclusion-graph licenses bans sources");
    passed(repository, &run)
}

/// Needs the standard library of Python only.
fn oracle(repository: &Repository) -> Result<Outcome, Failure> {
    if !repository.path(ORACLE).exists() {
        return Ok(Outcome::Nothing("tests/oracle/check.py is not there"));
    }
    Run::cargo("build --package payme").run_in(repository.root())?;
    let program = format!("debug/payme{}", std::env::consts::EXE_SUFFIX);
    let run = Run::new("python3").words(ORACLE).env("PAYME_BIN", repository.target(&program));
    passed(repository, &run)
}

/// What it is compared with is downloaded when the list of that has changed.
fn python(repository: &Repository) -> Result<Outcome, Failure> {
    wheel::test(repository).map(|()| Outcome::Passed)
}

/// Few people: what takes its time is the start of the clusters. Both, and a Java where there is
/// none, are downloaded when the list of them has changed. Without a Java there is no Spark.
fn beyond(repository: &Repository) -> Result<Outcome, Failure> {
    match wheel::beyond(repository, "dev", "2000") {
        Err(Failure::Unavailable { reason }) => Ok(Outcome::Nothing(reason)),
        done => done.map(|()| Outcome::Passed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(words: &[&str]) -> Vec<&'static str> {
        let words: Vec<String> = words.iter().copied().map(String::from).collect();
        select(&words).unwrap().iter().map(|step| step.name).collect()
    }

    #[test]
    fn without_names_every_step_runs_in_the_order_of_the_table() {
        assert_eq!(names(&[]), STEPS.map(|step| step.name));
    }

    #[test]
    fn named_steps_run_once_each_in_the_order_of_the_table() {
        assert_eq!(names(&["doc", "fmt", "doc"]), ["fmt", "doc"]);
    }

    #[test]
    fn an_unknown_step_is_a_usage_error_that_lists_the_steps() {
        let unknown = [String::from("doc"), String::from("docs")];
        let failure = select(&unknown).map(|steps| steps.len()).unwrap_err();
        assert_eq!(failure.exit_code(), 2);
        assert!(failure.to_string().contains("docs"), "{failure}");
        assert!(failure.to_string().contains("licences"), "{failure}");
    }

    #[test]
    fn a_step_has_a_name_of_its_own_and_a_failure_tells_it() {
        let mut sorted = STEPS.map(|step| step.name);
        sorted.sort_unstable();
        assert!(sorted.windows(2).all(|pair| pair[0] != pair[1]));
        let failure = Failure::Step { name: "doc", cause: Box::new(Failure::NoRepository) };
        assert!(failure.to_string().starts_with("step doc failed: "), "{failure}");
    }
}
