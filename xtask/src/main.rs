//! The chores of the repository. `cargo xtask` lists them, `cargo xtask help CHORE` explains one.
//!
//! Every chore prints what it is about to run, runs it, and stops at the first thing that fails.
//! Exit code: 0 when all went well, 1 when a step failed, 2 when the command line was not
//! understood.

mod accuracy;
mod beyond;
mod command;
mod failure;
mod fuzz;
mod kill;
mod mutate;
mod peers;
mod repository;
mod sanitize;
mod scale;
mod steps;
mod tools;
mod venv;
mod wheel;

use std::process::ExitCode;

use failure::Failure;
use repository::Repository;

/// One word after `cargo xtask`.
struct Chore {
    name: &'static str,
    arguments: &'static str,
    about: &'static str,
    details: fn() -> String,
    run: fn(&Repository, &[String]) -> Result<(), Failure>,
}

const CHORES: [Chore; 11] = [
    Chore {
        name: "test",
        arguments: "[STEP...]",
        about: "everything that has to pass, or only the steps named",
        details: steps::details,
        run: steps::test,
    },
    Chore {
        name: "ci",
        arguments: "[STEP...]",
        about: "the same as test",
        details: steps::details,
        run: steps::test,
    },
    Chore {
        name: "bench",
        arguments: "[ARGUMENT...]",
        about: "the benchmarks at full size; arguments go to criterion",
        details: steps::bench_details,
        run: steps::bench,
    },
    Chore {
        name: "accuracy",
        arguments: "[CAMPAIGN...]",
        about: "how often the engine is right, on made-up cases with known answers",
        details: accuracy::details,
        run: accuracy::accuracy,
    },
    Chore {
        name: "peers",
        arguments: "[learning | ROW...] [--write]",
        about: "PayMe beside DuckDB, faiss, scikit-learn and others, or only the rows named",
        details: peers::details,
        run: peers::peers,
    },
    Chore {
        name: "beyond",
        arguments: "[--users N]",
        about: "people matched inside local clusters of Spark and Ray",
        details: beyond::details,
        run: beyond::beyond,
    },
    Chore {
        name: "scale",
        arguments: "[PART...]",
        about: "how cost grows with settlements and users, and where instructions go",
        details: scale::details,
        run: scale::scale,
    },
    Chore {
        name: "fuzz",
        arguments: "TARGET|all [--seconds N | --runs N]",
        about: "fuzzing campaigns, one after the other",
        details: fuzz::details,
        run: fuzz::fuzz,
    },
    Chore {
        name: "kill",
        arguments: "[--times N]",
        about: "a process that pays is killed again and again",
        details: kill::details,
        run: kill::kill,
    },
    Chore {
        name: "mutate",
        arguments: "[WORD...]",
        about: "whether the tests notice a guard of payouts that is missing",
        details: mutate::details,
        run: mutate::mutate,
    },
    Chore {
        name: "sanitize",
        arguments: "[address|miri]",
        about: "the tests of the kernels under AddressSanitizer and Miri",
        details: sanitize::details,
        run: sanitize::sanitize,
    },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::from(failure.exit_code())
        }
    }
}

fn dispatch(arguments: &[String]) -> Result<(), Failure> {
    let Some((first, rest)) = arguments.split_first() else {
        print!("{}", overview());
        return Ok(());
    };
    if is_help(first) {
        match rest.first() {
            None => print!("{}", overview()),
            Some(name) => print!("{}", help(find(name)?)),
        }
        return Ok(());
    }
    let chore = find(first)?;
    if rest.first().is_some_and(|word| word != "help" && is_help(word)) {
        print!("{}", help(chore));
        return Ok(());
    }
    (chore.run)(&Repository::find()?, rest)
}

fn is_help(word: &str) -> bool {
    matches!(word, "help" | "--help" | "-h")
}

fn find(name: &str) -> Result<&'static Chore, Failure> {
    CHORES.iter().find(|chore| chore.name == name).ok_or_else(|| Failure::Usage {
        problem: format!("there is no chore called {name}"),
        hint: overview(),
    })
}

fn overview() -> String {
    let mut text = String::from("Usage: cargo xtask CHORE [ARGUMENT...]\n\nChores:\n");
    for chore in &CHORES {
        text += &format!("  {:<8} {}\n", chore.name, chore.about);
    }
    text += "  help     this list; `help CHORE` explains one chore\n";
    text
}

fn help(chore: &Chore) -> String {
    let Chore { name, arguments, about, details, .. } = chore;
    format!("Usage: cargo xtask {name} {arguments}\n\n{name}: {about}\n\n{}", details())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_chore_is_listed_and_explains_itself() {
        for chore in &CHORES {
            assert!(overview().contains(chore.name), "{}", chore.name);
            assert!(help(chore).contains(chore.arguments), "{}", chore.name);
        }
    }

    #[test]
    fn an_unknown_chore_is_a_usage_error_that_lists_the_chores() {
        let failure = find("tset").map(|chore| chore.name).unwrap_err();
        assert_eq!(failure.exit_code(), 2);
        assert!(failure.to_string().contains("tset"));
        assert!(failure.to_string().contains("bench"));
    }

    #[test]
    fn help_needs_no_repository() {
        for line in [vec![], vec!["help"], vec!["--help"], vec!["help", "fuzz"], vec!["ci", "-h"]] {
            let arguments: Vec<String> = line.into_iter().map(String::from).collect();
            assert!(dispatch(&arguments).is_ok(), "{arguments:?}");
        }
    }
}
