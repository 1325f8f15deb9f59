//! How cost grows with settlements and users, and where the instructions of a user go.
//!
//! `profile` runs a few users under callgrind, which counts instructions and is the same on a busy
//! machine; the others are timed and run as they are.

use std::fs;

use crate::command::Run;
use crate::failure::Failure;
use crate::repository::Repository;

/// The parts of the benchmark.
const PARTS: [&str; 5] = ["one", "many", "million", "curves", "profile"];

/// How callgrind is run: it counts inside one function.
const RUNNER: &str = r#"target."cfg(all())".runner=["valgrind", "--tool=callgrind",
    "--collect-atstart=no", "--toggle-collect=*profiled*", "--callgrind-out-file="#;

/// Runs the parts named, or all of them.
///
/// # Errors
/// [`Failure::Usage`] for a part that there is not, [`Failure::Unavailable`] where valgrind is not
/// installed, and what [`Run::run_in`] gives.
pub(crate) fn scale(repository: &Repository, parts: &[String]) -> Result<(), Failure> {
    if let Some(unknown) = parts.iter().find(|part| !PARTS.contains(&part.as_str())) {
        let problem = format!("there is no part called {unknown}");
        return Err(Failure::Usage { problem, hint: details() });
    }
    let parts = if parts.is_empty() { PARTS.map(String::from).to_vec() } else { parts.to_vec() };
    let (counted, timed): (Vec<String>, _) = parts.into_iter().partition(|part| part == "profile");
    if !timed.is_empty() {
        let run = Run::cargo("bench -p payme --bench scale --").without_env("PAYME_BENCH_SMALL");
        timed.into_iter().fold(run, Run::arg).run_in(repository.root())?;
    }
    if counted.is_empty() { Ok(()) } else { profile(repository) }
}

/// The help of `scale`.
pub(crate) fn details() -> String {
    format!(
        "Parts: {}.\n\
         Without one all of them run, which takes about half an hour and up to 16 GB of memory.\n\
         curves also writes the charts of docs/curves; profile needs valgrind, which the\n\
         system's packages have.\n",
        PARTS.join(", ")
    )
}

fn profile(repository: &Repository) -> Result<(), Failure> {
    if !Run::new("valgrind").arg("--version").succeeds_in(repository.root()) {
        return Err(Failure::Unavailable { reason: "valgrind is not installed" });
    }
    let counts = repository.target("scale").join("callgrind.out");
    if let Some(folder) = counts.parent() {
        fs::create_dir_all(folder)
            .map_err(|error| Failure::Unreadable { path: folder.to_path_buf(), error })?;
    }
    let runner = format!("{RUNNER}{}\"]", counts.display()).replace('\n', "");
    Run::cargo("bench -p payme --bench scale --config")
        .arg(runner)
        .words("-- profile")
        .without_env("PAYME_BENCH_SMALL")
        .run_in(repository.root())?;
    // The totals are those of 10,000 users, each function with what it calls.
    let annotate = "--auto=no --inclusive=yes --threshold=100";
    Run::new("callgrind_annotate").words(annotate).arg(counts).run_in(repository.root())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_part_is_a_usage_error_that_lists_the_parts() {
        let repository = Repository::find().unwrap();
        let failure = scale(&repository, &[String::from("billion")]).unwrap_err();
        assert_eq!(failure.exit_code(), 2);
        assert!(failure.to_string().contains("billion"), "{failure}");
        assert!(failure.to_string().contains("million"), "{failure}");
    }

    #[test]
    fn the_parts_are_those_of_the_benchmark() {
        let repository = Repository::find().unwrap();
        let text = fs::read_to_string(repository.path("benches/scale/main.rs")).unwrap();
        let named: Vec<&str> = text
            .lines()
            .filter_map(|line| line.trim().strip_prefix("(\"")?.split('"').next())
            .collect();
        assert_eq!(named, PARTS);
    }
}
