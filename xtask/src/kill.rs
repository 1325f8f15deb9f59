//! The campaign of kills: processes that pay and that train are killed without warning, again and
//! again.
//!
//! The campaigns are tests of the adapters at full size; what they hold is said there.

use crate::command::Run;
use crate::failure::Failure;
use crate::repository::Repository;

/// So many kills, unless another number is asked for.
const TIMES_DEFAULT: u32 = 500;

/// How the tests are run: all features that each needs, and nothing beside it.
const PAYING: &str = "test --release -p payme-adapters --test plaid_transfer \
    --features driver,memory,plaid-transfer,sqlite,system -- --exact --nocapture \
    kill::whoever_is_killed_while_paying_pays_everybody_once";
const TRAINING: &str = "test --release -p payme-adapters --test artifacts_kill \
    --features artifacts -- --exact --nocapture whatever_dies_when_the_weights_in_force_load";

/// Runs the campaign.
///
/// # Errors
/// [`Failure::Usage`] for arguments that are not understood, and what [`Run::run_in`] gives.
pub(crate) fn kill(repository: &Repository, arguments: &[String]) -> Result<(), Failure> {
    let times = times(arguments)?;
    for test in [PAYING, TRAINING] {
        Run::cargo(test).env("PAYME_KILLS", times.to_string()).run_in(repository.root())?;
    }
    Ok(())
}

/// The help of `kill`.
pub(crate) fn details() -> String {
    format!(
        "Without --times there are {TIMES_DEFAULT} kills of a process that pays, which takes ten\n\
         minutes, and as many of one that trains. From 50 on, four in five of the former have to\n\
         land in a write of the store or a call of the rail. The tests run six kills with a\n\
         smaller batch. PAYME_KILL_TRANSFERS sets the size of a batch.\n"
    )
}

fn times(arguments: &[String]) -> Result<u32, Failure> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let times = match words.as_slice() {
        [] => Some(TIMES_DEFAULT),
        ["--times", number] => number.parse().ok().filter(|times| *times > 0),
        _ => None,
    };
    times.ok_or_else(|| Failure::Usage {
        problem: format!("not understood: {}", words.join(" ")),
        hint: details(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_follow_the_table() {
        let table: [(&[&str], Option<u32>); 6] = [
            (&[], Some(500)),
            (&["--times", "6"], Some(6)),
            (&["--times", "0"], None),
            (&["--times", "many"], None),
            (&["--times"], None),
            (&["6"], None),
        ];
        for (words, wanted) in table {
            let arguments: Vec<String> = words.iter().copied().map(String::from).collect();
            assert_eq!(times(&arguments).ok(), wanted, "{words:?}");
        }
    }
}
