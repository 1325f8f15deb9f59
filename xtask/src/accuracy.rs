//! How often the engine is right, on made-up cases with known answers.

use crate::command::Run;
use crate::failure::Failure;
use crate::repository::Repository;

/// The campaigns.
const CAMPAIGNS: [&str; 5] = ["anomalies", "duplicates", "merchants", "recurring", "trackers"];

/// Runs the campaigns named, or all of them, at full size.
///
/// # Errors
/// [`Failure::Usage`] for a campaign that there is not, and what [`Run::run_in`] gives.
pub(crate) fn accuracy(repository: &Repository, names: &[String]) -> Result<(), Failure> {
    if let Some(unknown) = names.iter().find(|name| !CAMPAIGNS.contains(&name.as_str())) {
        let problem = format!("there is no campaign called {unknown}");
        return Err(Failure::Usage { problem, hint: details() });
    }
    let run = Run::cargo("bench -p payme --bench accuracy --").without_env("PAYME_BENCH_SMALL");
    names.iter().fold(run, |run, name| run.arg(name)).run_in(repository.root())
}

/// The help of `accuracy`.
pub(crate) fn details() -> String {
    format!(
        "Prints precision, recall and abstention with the bounds they are held to, and fails when\n\
         one is missed. Merchants are real brands where PAYME_TEST_DATA is set.\n\
         Campaigns: {}.\n",
        CAMPAIGNS.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_campaigns_are_those_of_the_benchmark() {
        let repository = Repository::find().unwrap();
        let mut files = repository.rust_files("benches/accuracy/campaigns").unwrap();
        files.retain(|file| !["mod", "figure", "descriptors"].contains(&file.as_str()));
        assert_eq!(files, CAMPAIGNS);
    }

    #[test]
    fn an_unknown_campaign_is_a_usage_error_that_lists_the_campaigns() {
        let repository = Repository::find().unwrap();
        let failure = accuracy(&repository, &[String::from("merchant")]).unwrap_err();
        assert_eq!(failure.exit_code(), 2);
        assert!(failure.to_string().contains("recurring"), "{failure}");
    }
}
