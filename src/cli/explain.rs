//! `payme explain`: why a settlement matches a person, or why not.

use payme::driver::{MatchOptions, RecordedExplanation};

use super::args::{ExplainArgs, Global};
use super::error::CliError;
use super::{Finding, empty, input, open, output};

pub(crate) async fn run(global: &Global, args: &ExplainArgs) -> Result<Finding, CliError> {
    let options = MatchOptions {
        weights: input::weights(&args.ranker)?,
        include_closed: args.include_closed,
        ..MatchOptions::default()
    };
    let payme = open(global).await?;
    let answer = payme.explain_stored(args.user, args.settlement, &options).await;
    let answer = empty::hinted(global, payme, answer).await?;
    output::value(global, &answer, || sentences(&answer))?;
    Ok(Finding::Fine)
}

/// The explanation for people, with the records behind it.
pub(crate) fn sentences(answer: &RecordedExplanation) -> String {
    let mut lines = answer.explanation.sentences.clone();
    for behind in &answer.evidence {
        if behind.records.is_empty() {
            continue;
        }
        let records = if behind.record_count == 1 { "record" } else { "records" };
        let more = behind.record_count - behind.records.len();
        let more = if more > 0 { format!(", {more} more") } else { String::new() };
        lines.push(format!("{} {records} behind {}{more}:", behind.record_count, behind.key));
        for record in &behind.records {
            let date = record.date.map_or_else(|| "no date".to_owned(), |date| date.to_string());
            let amount = record.amount.as_ref().map_or(String::new(), |a| format!("  {a}"));
            // On one line, whatever the bank or the sender wrote.
            let text = record.text.split(char::is_control).collect::<Vec<_>>().join(" ");
            lines.push(format!("  {date}{amount}  {text}"));
        }
    }
    if let Some(started) = answer.run_started {
        lines.push(format!("The newest run is that of {started}."));
    }
    lines.join("\n")
}
