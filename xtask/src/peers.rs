//! PayMe beside its peers: the Python environment that holds them, and the benchmark.
//!
//! The environment is `target/venv`. It is made from `benches/peers/requirements.txt`, a copy of
//! which in it says so: while both are the same it is used as it is, or else made anew. The
//! benchmark looks at the same copy.

use std::fs;
use std::path::Path;

use crate::command::Run;
use crate::failure::Failure;
use crate::repository::Repository;

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
    environment(repository)?;
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

fn environment(repository: &Repository) -> Result<(), Failure> {
    let wanted = read(&repository.path(REQUIREMENTS))?;
    let folder = repository.target("venv");
    let made_from = folder.join("requirements.txt");
    if read(&made_from).is_ok_and(|made_from| made_from == wanted) {
        return Ok(());
    }
    let venv = Run::new("python3").words("-m venv --clear").arg(&folder);
    venv.run_in(repository.root())?;
    let pip = Run::new(folder.join("bin").join("python"))
        .words("-m pip install --quiet --disable-pip-version-check --requirement");
    pip.arg(REQUIREMENTS).run_in(repository.root())?;
    // Written last: an environment that was not finished has none.
    fs::write(&made_from, wanted).map_err(|error| Failure::Unreadable { path: made_from, error })
}

fn read(path: &Path) -> Result<String, Failure> {
    let unreadable = |error| Failure::Unreadable { path: path.to_path_buf(), error };
    fs::read_to_string(path).map_err(unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_requirement_has_one_version() {
        let repository = Repository::find().unwrap();
        let text = read(&repository.path(REQUIREMENTS)).unwrap();
        assert!(text.lines().count() > 3);
        assert!(text.lines().all(|line| line.split("==").count() == 2), "{text}");
    }

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
