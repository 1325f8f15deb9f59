//! Whether the tests notice when a guard of the payouts is missing.
//!
//! Each mutation takes one guard away from a copy of the repository, by replacing a text that has
//! to be there exactly once. The copy has to compile, and a test that should notice has to fail.
//! The repository itself is not touched.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use crate::command::Run;
use crate::failure::Failure;
use crate::repository::Repository;

/// The rules' own tests.
const RULES: &str = "test -q -p payme-core --lib payouts";
/// Seeds of the simulation.
const SEEDS: &str = "test -q -p payme-simulation --lib no_seed";
/// What every store has to do.
const STORES: &str = "test -q -p payme-adapters --features memory,sqlite --test store_conformance";

/// A guard that is taken away.
struct Mutation {
    name: &'static str,
    file: &'static str,
    /// Texts that stand once in the file, and what stands there instead: more than one where two
    /// guards hold the same.
    edits: &'static [(&'static str, &'static str)],
    /// The tests that should notice, the quickest first: one of them has to.
    tests: &'static [&'static str],
}

const MUTATIONS: [Mutation; 16] = [
    Mutation {
        name: "a paid claimant is approved again",
        file: "payme-core/src/payouts/approve.rs",
        edits: &[(
            "ApprovalState::Paid => return Err(PayoutError::AlreadyPaid(approval.id)),",
            "ApprovalState::Paid => {}",
        )],
        tests: &[RULES, SEEDS],
    },
    Mutation {
        name: "a second batch takes approvals that wait in a first one",
        file: "payme-core/src/payouts/batch.rs",
        edits: &[(
            "(ApprovalState::Approved, Some(_)) => return Err(Skipped::InFlight),",
            "(ApprovalState::Approved, Some(_)) => {}",
        )],
        tests: &[RULES, SEEDS],
    },
    Mutation {
        name: "a transfer is written beside a live one",
        file: "payme-core/src/payouts/books.rs",
        edits: &[(
            "(_, Some(_)) => return Err(PayoutError::InFlight(*approval_id)),",
            "(_, Some(_)) => approval.transfer_id = Some(*transfer_id),",
        )],
        tests: &[RULES, SEEDS],
    },
    Mutation {
        name: "what has ended is asked to be cancelled",
        file: "payme-core/src/payouts/cancel.rs",
        edits: &[("if !transfer.state.is_open() {", "if false {")],
        tests: &[RULES],
    },
    Mutation {
        name: "the memory store keeps two live transfers of an approval",
        file: "payme-adapters/src/store/memory/payouts.rs",
        edits: &[("stored.is_none_or(|id| *id == row.id)", "stored.is_none_or(|_| true)")],
        tests: &[STORES],
    },
    Mutation {
        name: "SQLite keeps two live transfers of an approval",
        file: "payme-adapters/sql/sqlite/migrations/0003_payouts.sql",
        edits: &[
            ("create unique index payout_transfer_live", "create index payout_transfer_live"),
            (
                "and new.state in ('pending', 'processing', 'unknown', 'completed'))",
                "and new.state is null)",
            ),
        ],
        tests: &[STORES],
    },
    Mutation {
        name: "a change is written on rows that were changed since",
        file: "payme-adapters/src/store/memory/payouts.rs",
        edits: &[(
            "stored.map_or(loaded == Version::NEW, |stored| version(stored) == loaded)",
            "stored.map_or(loaded == Version::NEW, |stored| version(stored) >= loaded)",
        )],
        tests: &[STORES, SEEDS],
    },
    Mutation {
        name: "what may have been sent is not asked for before it is sent again",
        file: "payme-core/src/payouts/execute.rs",
        edits: &[(
            "(Some(_), None) => Next::Probe,\n                (None, None) =>",
            "(_, None) =>",
        )],
        tests: &[RULES, SEEDS],
    },
    Mutation {
        name: "an authorization that ran out is given up, used or not",
        file: "payme-core/src/payouts/outcome.rs",
        edits: &[(
            "Answer::Done(Some(found)) => on_answer(draft, transfer_id, &found),\n        \
               Answer::Done(None) => {\n            if is_lost {",
            "Answer::Done(_) => {\n            if is_lost {",
        )],
        tests: &[RULES, SEEDS],
    },
    Mutation {
        name: "money is sent before the authorization is stored",
        file: "payme-core/src/payouts/draft.rs",
        edits: &[(
            "if answer != Commit::Done {",
            "if answer != Commit::Done && self.sends.is_empty() {",
        )],
        tests: &[RULES, SEEDS],
    },
    Mutation {
        name: "who lost the lease goes on",
        file: "payme-core/src/payouts/execute.rs",
        edits: &[(
            "Some(stored) if stored.token == lease.token && now < stored.until => Ok(batch),",
            "Some(stored) if stored.token >= lease.token || now < stored.until => Ok(batch),",
        )],
        tests: &[RULES, SEEDS],
    },
    Mutation {
        name: "money that came back stays paid",
        file: "payme-core/src/payouts/outcome.rs",
        edits: &[(
            "(TransferState::Completed, Meaning::CameBack) => {\n            \
               return_to(draft, transfer_id, reason())?;\n        }",
            "(TransferState::Completed, Meaning::CameBack) => return Ok(Effect::Nothing),",
        )],
        tests: &[RULES, SEEDS],
    },
    Mutation {
        name: "one movement of money pays two approvals",
        file: "payme-core/src/payouts/outcome.rs",
        edits: &[(
            "if is_other || is_taken || found.amount != amount_cents {",
            "if is_other || (is_taken && false) || found.amount != amount_cents {",
        )],
        tests: &[RULES, SEEDS],
    },
    Mutation {
        name: "a refusal ends a transfer that may have been sent before",
        file: "payme-core/src/payouts/outcome.rs",
        edits: &[(
            "Answer::Refused(Refusal::Never(_)) if transfer.is_in_doubt => \
               lose(draft, transfer_id),",
            "",
        )],
        tests: &[RULES, SEEDS],
    },
    Mutation {
        name: "what is said of an authorization that was given up is said of the next",
        file: "payme-core/src/payouts/outcome.rs",
        edits: &[("\n        || transfer.authorization.as_ref() != Some(sent);", ";")],
        tests: &[RULES, SEEDS],
    },
    Mutation {
        name: "silence of the rail is taken for a refusal",
        file: "payme-core/src/payouts/outcome.rs",
        edits: &[(
            "        Answer::Unknown => lose(draft, transfer_id),\n",
            "        Answer::Unknown => fail(draft, transfer_id, String::new()).map(|()| \
             Effect::Changed),\n",
        )],
        tests: &[RULES, SEEDS],
    },
];

/// Tries every mutation, or those whose names hold one of the words given.
///
/// # Errors
/// [`Failure::Mutation`] where one is not noticed or does not fit the sources, and what [`Run`]
/// gives.
pub(crate) fn mutate(repository: &Repository, words: &[String]) -> Result<(), Failure> {
    let is_wanted = |one: &&Mutation| {
        words.is_empty() || words.iter().any(|word| one.name.contains(word.as_str()))
    };
    let wanted: Vec<&Mutation> = MUTATIONS.iter().filter(is_wanted).collect();
    if wanted.is_empty() {
        let problem = format!("no mutation is called like {}", words.join(", "));
        return Err(Failure::Usage { problem, hint: details() });
    }
    for one in &wanted {
        changed(one, &read(&repository.path(one.file))?)?;
    }
    let copy = Copy::new(repository)?;
    println!("==> nothing is mutated: every test has to pass");
    for test in [RULES, SEEDS, STORES] {
        if wanted.iter().any(|one| one.tests.contains(&test)) {
            copy.run(test).run_in(&copy.root)?;
        }
    }
    let mut survivors = Vec::new();
    for one in wanted {
        let begun = Instant::now();
        println!("==> {}", one.name);
        let noticed = copy.try_out(one)?;
        let answer = noticed
            .map_or_else(|| String::from("NOT caught"), |test| format!("caught by `cargo {test}`"));
        println!("    {answer}, {:.0} s", begun.elapsed().as_secs_f64());
        if noticed.is_none() {
            survivors.push(one.name);
        }
    }
    if survivors.is_empty() {
        return Ok(());
    }
    Err(Failure::Mutation { problem: format!("not caught: {}", survivors.join("; ")) })
}

/// The help of `mutate`.
pub(crate) fn details() -> String {
    let names: String = MUTATIONS.iter().map(|one| format!("  {}\n", one.name)).collect();
    format!(
        "Mutations:\n{names}\n\
         A word chooses the mutations whose names hold it. They are built in the folder\n\
         `mutate` of the target folder; all of them take about fifteen minutes.\n"
    )
}

/// A text with a mutation in it.
fn changed(one: &Mutation, text: &str) -> Result<String, Failure> {
    let mut text = text.to_owned();
    for (from, to) in one.edits {
        let found = text.matches(from).count();
        if found != 1 {
            let problem = format!(
                "{}: the text of the guard stands {found} times in {}, not once",
                one.name, one.file
            );
            return Err(Failure::Mutation { problem });
        }
        text = text.replacen(from, to, 1);
    }
    Ok(text)
}

fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| unreadable(path, error))
}

fn unreadable(path: &Path, error: std::io::Error) -> Failure {
    Failure::Unreadable { path: path.to_path_buf(), error }
}

/// A copy of the repository, until it is dropped.
struct Copy {
    root: PathBuf,
    target: PathBuf,
}

impl Drop for Copy {
    fn drop(&mut self) {
        // A folder that is left behind among temporary files does no harm.
        let _ = fs::remove_dir_all(&self.root);
    }
}

impl Copy {
    /// Every file that is not ignored.
    fn new(repository: &Repository) -> Result<Self, Failure> {
        let root = std::env::temp_dir().join(format!("payme-mutate-{}", std::process::id()));
        let copy = Self { root, target: repository.target("mutate") };
        let list = Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .current_dir(repository.root())
            .output();
        let list = list
            .map_err(|error| Failure::NotStarted { program: String::from("git"), error })?
            .stdout;
        for name in String::from_utf8_lossy(&list).split_terminator('\0') {
            let (from, to) = (repository.path(name), copy.root.join(name));
            // What was deleted and not committed yet is listed, too.
            if !from.is_file() {
                continue;
            }
            let folder = to.parent().unwrap_or(&copy.root);
            fs::create_dir_all(folder).map_err(|error| unreadable(folder, error))?;
            fs::copy(&from, &to).map_err(|error| unreadable(&from, error))?;
        }
        Ok(copy)
    }

    fn run(&self, line: &str) -> Run {
        Run::cargo(line).env("CARGO_TARGET_DIR", &self.target)
    }

    /// Takes the guard away, and puts it back; gives the test that noticed.
    fn try_out(&self, one: &Mutation) -> Result<Option<&'static str>, Failure> {
        let path = self.root.join(one.file);
        let text = read(&path)?;
        let write = |text: &str| fs::write(&path, text).map_err(|error| unreadable(&path, error));
        write(&changed(one, &text)?)?;
        let noticed = self.noticed(one);
        write(&text)?;
        noticed
    }

    fn noticed(&self, one: &Mutation) -> Result<Option<&'static str>, Failure> {
        for test in one.tests {
            if !self.run(&format!("{test} --no-run")).succeeds_in(&self.root) {
                let problem = format!("{}: the sources do not compile without it", one.name);
                return Err(Failure::Mutation { problem });
            }
            if !self.run(test).succeeds_in(&self.root) {
                return Ok(Some(test));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_guard_stands_once_in_the_sources() {
        let repository = Repository::find().unwrap();
        for one in &MUTATIONS {
            let text = read(&repository.path(one.file)).unwrap();
            let changed = changed(one, &text);
            assert!(changed.as_ref().is_ok_and(|changed| *changed != text), "{changed:?}");
        }
    }

    #[test]
    fn a_guard_that_is_not_there_and_one_that_stands_twice_are_refused() {
        let one = &MUTATIONS[0];
        assert!(changed(one, "").unwrap_err().to_string().contains("0 times"));
        assert!(
            changed(one, &one.edits[0].0.repeat(2)).unwrap_err().to_string().contains("2 times")
        );
    }
}
