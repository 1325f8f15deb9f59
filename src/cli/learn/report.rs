//! `payme learn report`: a page about stored weights.

use std::io::Write as _;
use std::path::Path;

use payme::artifacts::Artifacts;
use payme::learning::{PromotionPolicy, RankerMetrics, Sample};
use payme::ranking::Weights;
use payme::report::VersionReport;
use serde_json::json;

use super::super::args::Global;
use super::super::error::CliError;
use super::super::out::{OutFile, unwritable};
use super::super::{clock, output};
use super::Stored;

/// Writes a page into a file, whole or not at all.
pub(crate) fn write_page(global: &Global, out: &Path, page: &str) -> Result<(), CliError> {
    let mut file = OutFile::create(global, out)?;
    let written = file.write_all(page.as_bytes()).and_then(|()| file.finish());
    written.map_err(|error| unwritable(out, &error))
}

/// Writes the page, and says where it is.
pub(super) fn write(
    global: &Global,
    out: &Path,
    artifacts: &Artifacts,
    stored: &Stored,
    samples: &[Sample],
    policy: PromotionPolicy,
) -> Result<(), CliError> {
    let version = stored.weights.version;
    let active = artifacts.champion()?;
    // What is in force is held against what was before it.
    let (champion, before) = if active.version == version {
        let before = artifacts.previous_metrics()?;
        let before = before.and_then(|members| RankerMetrics::from_map(&members).ok());
        let champion = match before.map_or(0, |before| before.weights_version) {
            0 => Weights::default(),
            earlier => artifacts.weights(earlier)?,
        };
        (champion, before)
    } else {
        (active, None)
    };
    let page = VersionReport {
        title: &format!("Weights of version {version}"),
        made_at: clock(global).now(),
        weights: &stored.weights,
        record: &stored.record,
        champion: &champion,
        samples,
        policy,
        before,
    };
    write_page(global, out, &page.to_html()?)?;
    let told = json!({"file": out.display().to_string(), "weights_version": version,
        "champion_version": champion.version});
    output::value(global, &told, || format!("the report is in {}", out.display()))
}
