//! `payme merchants`: which merchant a bank descriptor names.

use payme::evidence::{Abstained, Resolution, Resolved};

use super::args::{Global, MerchantsArgs, MerchantsWhat};
use super::error::CliError;
use super::{Finding, empty, open, output};

pub(crate) async fn run(global: &Global, args: &MerchantsArgs) -> Result<Finding, CliError> {
    let payme = open(global).await?;
    match &args.what {
        MerchantsWhat::Resolve { descriptors } => {
            let found = payme.resolve(descriptors).await?;
            // A directory that resolved something is not empty, and is not read again to see that.
            let is_none = |one: &Resolution| one.resolved().is_none();
            if found.iter().all(is_none) && payme.store().merchants().await?.is_empty() {
                empty::note(global, empty::NO_MERCHANTS);
            }
            output::list(global, &found, || {
                let told = descriptors.iter().zip(&found);
                let told = told.map(|(text, found)| format!("{text}\n{}", sentences(found)));
                told.collect::<Vec<_>>().join("\n\n")
            })?;
        }
        MerchantsWhat::Learn => {
            let report = payme.learn_merchants().await?;
            output::value(global, &report, || {
                let (aliases, people) = (report.learned, output::people(report.people_refreshed));
                format!("{aliases} aliases from corrections, {people} refreshed")
            })?;
        }
    }
    Ok(Finding::Fine)
}

/// Which merchant it is, what that rests on, and what would have changed it.
pub(crate) fn sentences(found: &Resolution) -> String {
    let explanation = found.explanation();
    let mut lines = match found {
        Resolution::Resolved(Resolved { merchant, key, tier, probability, .. }) => {
            vec![format!("  {merchant} ({key}): {}, sure to {probability:.3}", tier.as_str())]
        }
        Resolution::Abstained(Abstained { why, .. }) => {
            vec![format!("  no merchant: {}", why.as_str().replace('_', " "))]
        }
    };
    lines.push(format!("  read as \"{}\"", explanation.cleaned));
    for removed in &explanation.removed {
        lines.push(format!("    without \"{}\" ({})", removed.text, removed.rule));
    }
    for candidate in &explanation.candidates {
        let entry = &candidate.entry;
        lines.push(format!(
            "  like {} by \"{entry}\": {} {:.2}",
            candidate.merchant,
            candidate.tier.as_str(),
            candidate.score
        ));
    }
    lines.push(format!("  {}", explanation.change));
    lines.join("\n")
}
