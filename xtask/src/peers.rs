//! PayMe beside its peers: the Python environment that holds them, and the benchmark.
//!
//! The environment is `target/venv`, made from `benches/peers/requirements.txt`, a copy of which
//! in it says so. The benchmark looks at the same copy.

use crate::command::Run;
use crate::failure::Failure;
use crate::repository::Repository;
use crate::venv;

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

/// Times PayMe and its peers, the rows named or all of them.
///
/// # Errors
/// [`Failure::Usage`] for a row that there is not, [`Failure::Unreadable`], and what
/// [`Run::run_in`] gives.
pub(crate) fn peers(repository: &Repository, rows: &[String]) -> Result<(), Failure> {
    if let Some(unknown) = rows.iter().find(|row| !ROWS.contains(&row.as_str())) {
        let problem = format!("there is no row called {unknown}");
        return Err(Failure::Usage { problem, hint: details() });
    }
    venv::ready(repository, "venv", REQUIREMENTS)?;
    let run = Run::cargo("bench -p payme --bench peers --").without_env("PAYME_BENCH_SMALL");
    rows.iter().fold(run, |run, row| run.arg(row)).run_in(repository.root())
}

/// The help of `peers`.
pub(crate) fn details() -> String {
    format!(
        "Makes target/venv from {REQUIREMENTS} when that has changed, which downloads a few\n\
         hundred megabytes, and times everybody in turns. Without rows this takes about half an\n\
         hour. The figures are also in target/peers/result.json.\n\
         Rows: {}.\n",
        ROWS.join(", ")
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
    fn an_unknown_row_is_a_usage_error_that_lists_the_rows() {
        let repository = Repository::find().unwrap();
        let failure = peers(&repository, &[String::from("pears")]).unwrap_err();
        assert_eq!(failure.exit_code(), 2);
        assert!(failure.to_string().contains("pears"), "{failure}");
        assert!(failure.to_string().contains("filtered"), "{failure}");
    }
}
