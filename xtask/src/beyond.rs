//! People matched inside clusters: local ones of Spark and Ray.
//!
//! In: how many people. Out: the figures that `docs/scale.md` tells, and whether the bytes are
//! those of one process.

use crate::failure::Failure;
use crate::repository::Repository;
use crate::wheel;

/// How many people, where nobody says.
const USERS: &str = "100000";

/// Matches so many people in both clusters with the wheel of the release.
///
/// # Errors
/// [`Failure::Usage`], and what [`wheel::beyond`] gives.
pub(crate) fn beyond(repository: &Repository, words: &[String]) -> Result<(), Failure> {
    wheel::beyond(repository, "release", users(words)?)
}

fn users(words: &[String]) -> Result<&str, Failure> {
    let is_count = |word: &str| word.parse::<u32>().is_ok_and(|users| users > 0);
    match words {
        [] => Ok(USERS),
        [name, users] if name == "--users" && is_count(users) => Ok(users),
        _ => {
            let problem = format!("not understood: {}", words.join(" "));
            Err(Failure::Usage { problem, hint: details() })
        }
    }
}

/// The help of `beyond`.
pub(crate) fn details() -> String {
    format!(
        "Makes target/python/beyond from payme-py/requirements-beyond.txt when that has changed,\n\
         which downloads half a gigabyte, installs a Java where there is none, and matches\n\
         made-up people in a local cluster of Spark and in one of Ray. Each says whether the\n\
         bytes are those of one process. Without --users there are {USERS} people.\n\
         The step `beyond` of the tests does the same with 2,000.\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_number_of_users_is_understood() {
        let asked = |line: &str| {
            let words: Vec<String> = line.split_whitespace().map(String::from).collect();
            users(&words).map(String::from).ok()
        };
        assert_eq!(asked("").as_deref(), Some(USERS));
        assert_eq!(asked("--users 5").as_deref(), Some("5"));
        for wrong in ["--users", "--users 0", "--users x", "5", "--users 5 6"] {
            assert_eq!(asked(wrong), None, "{wrong}");
        }
    }
}
