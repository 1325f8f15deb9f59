//! `payme experiment`: which variant a person has.

use serde_json::json;

use super::args::{ExperimentArgs, ExperimentWhat, Global};
use super::error::CliError;
use super::{Finding, open, output};

pub(crate) async fn run(global: &Global, args: &ExperimentArgs) -> Result<Finding, CliError> {
    let ExperimentWhat::Assign { user, key, variant } = &args.what;
    let payme = open(global).await?;
    let assignment = payme.assign_variant(*user, key, *variant).await?;
    let answer = json!({
        "user_id": assignment.user_id,
        "experiment_key": assignment.experiment_key,
        "variant": assignment.variant,
        "forced": assignment.forced,
    });
    output::value(global, &answer, || assignment.variant.to_string())?;
    Ok(Finding::Fine)
}
