//! What weights are worth beside those in force, as people read it.

use payme::learning::{Judged, Verdict};

use super::super::output;

/// The measures of both, and every check of the verdict.
pub(crate) fn table(judged: &Judged) -> String {
    let (new, old) = (&judged.metrics, &judged.champion);
    let number = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.4}"));
    let rows = new.measures().into_iter().zip(old.measures()).map(|((name, new), (_, old))| {
        let difference = new.zip(old).map_or("-".to_owned(), |(n, o)| format!("{:+.4}", n - o));
        vec![name.replace('_', " "), number(new), number(old), difference]
    });
    let measures = output::table(&["", "new", "in force", "difference"], rows);
    let of = format!(
        "On {} rows of {} people who were held out, of {} samples with a label; in force: {}.",
        new.test_rows,
        new.test_users,
        new.labeled_count,
        match old.weights_version {
            0 => "the built-in weights".to_owned(),
            version => format!("version {version}"),
        }
    );
    format!("{of}\n\n{measures}\n\n{}", checks(&judged.verdict))
}

/// A line for each check.
fn checks(verdict: &Verdict) -> String {
    let line = |check: &payme::learning::Check| {
        format!("{}  {check}", if check.is_met() { "yes" } else { "no " })
    };
    verdict.checks.iter().map(line).collect::<Vec<_>>().join("\n")
}
