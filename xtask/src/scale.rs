//! How cost grows with settlements and users, and where the instructions of a user go.
//!
//! `profile` runs a few users under callgrind, which counts instructions and is the same on a busy
//! machine, and so do the parts that turn transactions into streams and anomalies; the others are
//! timed and run as they are.

use std::fs;

use crate::command::Run;
use crate::failure::Failure;
use crate::repository::Repository;

/// The parts of the benchmark.
const PARTS: [&str; 10] = [
    "one",
    "many",
    "million",
    "curves",
    "payouts",
    "profile",
    "streams_100k",
    "streams_1m",
    "anomalies_100k",
    "anomalies_1m",
];

/// What is counted, and of how many users or transactions.
const COUNTED: [(&str, u64); 5] = [
    ("profile", 10_000),
    ("streams_100k", 100_000),
    ("streams_1m", 1_000_000),
    ("anomalies_100k", 100_000),
    ("anomalies_1m", 1_000_000),
];

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
    let is_counted = |part: &String| COUNTED.iter().any(|(counted, _)| counted == part);
    let (counted, timed): (Vec<String>, _) = parts.into_iter().partition(is_counted);
    if !timed.is_empty() {
        let run = Run::cargo("bench -p payme --bench scale --").without_env("PAYME_BENCH_SMALL");
        timed.into_iter().fold(run, Run::arg).run_in(repository.root())?;
    }
    let is_asked = |part: &&(&str, u64)| counted.iter().any(|asked| asked == part.0);
    COUNTED.iter().filter(is_asked).try_for_each(|(part, things)| count(repository, part, *things))
}

/// The help of `scale`.
pub(crate) fn details() -> String {
    format!(
        "Parts: {}.\n\
         Without one all of them run, which takes about half an hour and up to 16 GB of memory.\n\
         curves also writes the charts of docs/curves; profile and what follows it need\n\
         valgrind, which the system's packages have.\n",
        PARTS.join(", ")
    )
}

/// Runs one part under callgrind and says where the instructions go.
fn count(repository: &Repository, part: &str, things: u64) -> Result<(), Failure> {
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
        .words(&format!("-- {part}"))
        .without_env("PAYME_BENCH_SMALL")
        .run_in(repository.root())?;
    // The totals are those of everything together, each function with what it calls.
    let annotate = "--auto=no --inclusive=yes --threshold=100";
    Run::new("callgrind_annotate").words(annotate).arg(&counts).run_in(repository.root())?;
    let text = fs::read_to_string(&counts)
        .map_err(|error| Failure::Unreadable { path: counts.clone(), error })?;
    if let Some(total) = total(&text) {
        println!("{part}: {total} instructions, {} for each of {things}", total / things);
    }
    Ok(())
}

/// The instructions that a file of callgrind has in all.
fn total(text: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix("totals:")?.trim().parse().ok())
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
    fn the_total_is_read_from_what_callgrind_writes() {
        assert_eq!(total("events: Ir\nfn=(1) x\n16 400\ntotals: 123456\n"), Some(123_456));
        assert_eq!(total("events: Ir\n"), None);
    }

    #[test]
    fn what_is_counted_are_the_last_parts() {
        assert!(PARTS.ends_with(&COUNTED.map(|(part, _)| part)));
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
