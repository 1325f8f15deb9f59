//! PayMe beside its peers: the Python environments that hold them, and the benchmarks.
//!
//! Matching is timed by a benchmark in Rust. Its environment is `target/venv`, made from
//! `benches/peers/requirements.txt`, a copy of which in it says so; the benchmark looks at the same
//! copy. Learning is timed through Python, with the wheel as people install it, in the environment
//! of its tests.

use crate::command::Run;
use crate::failure::Failure;
use crate::repository::Repository;
use crate::{venv, wheel};

/// What is installed, each at one version.
const REQUIREMENTS: &str = "benches/peers/requirements.txt";

/// The rows of the table, in its order.
const ROWS: [&str; 9] = [
    "pairs",
    "top20",
    "ranked",
    "filtered",
    "scan",
    "certified",
    "reverse",
    "names",
    "names_build",
];

/// What times learning, and its rows.
const LEARNING: &str = "payme-py/bench/peers.py";
const LEARNING_ROWS: [&str; 7] =
    ["fit_1m", "fit_10k", "predict", "metrics", "isotonic", "precision", "bootstrap"];

/// Where the table of learning stands.
const PAGE: &str = "docs/performance.md";

/// Times PayMe and its peers, the rows named or all of them. `learning` is all rows of learning,
/// and `--write` puts their table into the documentation.
///
/// # Errors
/// [`Failure::Usage`] for a row that there is not, [`Failure::Unreadable`], and what
/// [`Run::run_in`] gives.
pub(crate) fn peers(repository: &Repository, words: &[String]) -> Result<(), Failure> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let is_known = |word: &str| {
        ROWS.contains(&word)
            || LEARNING_ROWS.contains(&word)
            || ["learning", "--write"].contains(&word)
    };
    if let Some(unknown) = words.iter().find(|word| !is_known(word)) {
        let problem = format!("there is no row called {unknown}");
        return Err(Failure::Usage { problem, hint: details() });
    }
    let all = words.iter().all(|word| *word == "--write");
    let of_matching: Vec<&str> = ROWS.into_iter().filter(|row| words.contains(row)).collect();
    let of_learning: Vec<&str> = LEARNING_ROWS
        .into_iter()
        .filter(|row| all || words.contains(&"learning") || words.contains(row))
        .collect();
    if all || !of_matching.is_empty() {
        matching(repository, &of_matching)?;
    }
    if of_learning.is_empty() {
        return Ok(());
    }
    let writes = words.contains(&"--write");
    if writes && of_learning.len() < LEARNING_ROWS.len() {
        let problem = String::from("--write needs every row of learning");
        return Err(Failure::Usage { problem, hint: details() });
    }
    learning(repository, &of_learning, writes)
}

/// Times learning through Python, in an environment with a wheel of the release.
fn learning(repository: &Repository, rows: &[&str], writes: bool) -> Result<(), Failure> {
    let interpreter = wheel::installed(repository, "release")?;
    let core = wheel::native(repository, "release")?;
    let run = Run::new(interpreter).arg(repository.path(LEARNING)).arg("--core").arg(core);
    let run = rows.iter().fold(run, |run, row| run.arg(*row));
    let json = repository.target("peers/learning.json");
    let run = run.arg("--json").arg(json).env("PYTHONDONTWRITEBYTECODE", "1");
    let run = if writes { run.arg("--write").arg(repository.path(PAGE)) } else { run };
    run.run_in(repository.root())
}

fn matching(repository: &Repository, rows: &[&str]) -> Result<(), Failure> {
    venv::ready(repository, "venv", REQUIREMENTS)?;
    let run = Run::cargo("bench -p payme --bench peers --").without_env("PAYME_BENCH_SMALL");
    rows.iter().fold(run, |run, row| run.arg(*row)).run_in(repository.root())
}

/// The help of `peers`.
pub(crate) fn details() -> String {
    format!(
        "Makes target/venv from {REQUIREMENTS} when that has changed, which downloads a few\n\
         hundred megabytes, and times everybody in turns. Without rows this takes about half an\n\
         hour. The figures are also in target/peers/result.json.\n\
         Rows: {}.\n\
         Those of learning, against scikit-learn and NumPy through a wheel of the release, take\n\
         ten minutes and are also in target/peers/learning.json: learning for all of them, or\n\
         {}.\n\
         With --write their table goes into {PAGE}.\n",
        ROWS.join(", "),
        LEARNING_ROWS.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rows_are_those_of_the_benchmark() {
        let repository = Repository::find().unwrap();
        let mut files = repository.rust_files("benches/peers/rows").unwrap();
        files.retain(|file| file != "mod");
        let mut rows = ROWS;
        rows.sort_unstable();
        assert_eq!(files, rows);
    }

    #[test]
    fn the_rows_of_learning_are_those_of_the_script() {
        let repository = Repository::find().unwrap();
        let text = std::fs::read_to_string(repository.path(LEARNING)).unwrap();
        let (_, races) = text.split_once("RACES: ").unwrap();
        let (races, _) = races.split_once("\n}").unwrap();
        let named: Vec<&str> = races.lines().filter_map(|line| line.split('"').nth(1)).collect();
        assert_eq!(named, LEARNING_ROWS);
        let page = std::fs::read_to_string(repository.path(PAGE)).unwrap();
        let (_, begin) = text.split_once("BEGIN = \"").unwrap();
        assert!(
            page.contains(begin.split('"').next().unwrap()),
            "{PAGE} has a place for the table"
        );
    }

    #[test]
    fn a_part_of_the_table_is_not_written() {
        let repository = Repository::find().unwrap();
        let words = ["predict", "--write"].map(String::from);
        assert_eq!(peers(&repository, &words).unwrap_err().exit_code(), 2);
    }

    #[test]
    fn an_unknown_row_is_a_usage_error_that_lists_the_rows() {
        let repository = Repository::find().unwrap();
        let failure = peers(&repository, &[String::from("pears")]).unwrap_err();
        assert_eq!(failure.exit_code(), 2);
        assert!(failure.to_string().contains("pears"), "{failure}");
        assert!(failure.to_string().contains("filtered"), "{failure}");
    }
}
