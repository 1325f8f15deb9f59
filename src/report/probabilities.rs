//! Whether probabilities are true: reliability diagrams and histograms of scores.
//!
//! In: the forecasts of a model. Out: two figures of it.

use payme_core::learning::{
    Binning, ExpectedEce, HistogramBin, ReliabilityBand, ece, ece_expected_if_calibrated,
    reliability_bands, score_histogram,
};

use super::figure::{Figure, Table};
use super::markup::Markup;
use super::number::{decimals, figure, percent, weight};
use super::plot::{Axis, Frame, LEFT, Series, bar, label, line, mark};
use super::{Named, ReportError};

/// Bins of the diagrams, as of the measures.
pub(super) const BINS: usize = 10;
const HISTOGRAM_BINS: usize = 20;
/// The level of the bands.
const CONFIDENCE: f64 = 0.95;

/// Both figures of one model.
pub(super) fn write(page: &mut Markup, model: &Named<'_>, seed: u64) -> Result<(), ReportError> {
    let forecasts = &model.forecasts;
    let bands = reliability_bands(forecasts, Binning::Uniform(BINS), CONFIDENCE)?;
    let error = ece(forecasts, Binning::Uniform(BINS))?;
    let chance = ece_expected_if_calibrated(forecasts, Binning::Uniform(BINS), seed)?;
    reliability(page, model, &bands, (error, chance));
    histogram(page, model, &score_histogram(forecasts, HISTOGRAM_BINS)?);
    Ok(())
}

fn reliability(
    page: &mut Markup,
    model: &Named<'_>,
    bands: &[ReliabilityBand],
    (error, chance): (f64, ExpectedEce),
) {
    let outside = bands.iter().filter(|band| !holds_mean(band)).count();
    let description = format!(
        "Share of positives beside the mean probability, for {} that hold a row, with the \
         95\u{a0}% interval of Wilson. In {outside} of them the interval leaves out the mean \
         probability; by chance one in twenty does. Calibration error {}; true probabilities \
         would show {} in the mean, and up to {} in 95 of 100 draws.",
        super::number::counted(bands.len(), "bin"),
        figure(error),
        figure(chance.mean),
        figure(chance.percentile_95),
    );
    let [id, _] = model.ids();
    let title = format!("Reliability of the {}", model.name);
    let about = Figure { id, title: &title, description: &description, height: Frame::HEIGHT };
    let row = |band: &ReliabilityBand| {
        let bin = band.bin;
        let is_outside = if holds_mean(band) { "inside" } else { "outside" };
        vec![
            format!("{} to {}", decimals(bin.lower, 1), decimals(bin.upper, 1)),
            weight(bin.weight),
            figure(bin.score_mean),
            figure(bin.positive_rate),
            figure(band.low),
            figure(band.high),
            is_outside.to_owned(),
        ]
    };
    let head = vec![
        "Probability",
        "Rows",
        "Mean probability",
        "Share of positives",
        "95\u{a0}% from",
        "95\u{a0}% to",
        "Mean probability is",
    ];
    let table = Table { head, rows: bands.iter().map(row).collect() };
    about.write(page, &table, |page| {
        let x = Axis::share("mean probability of the bin");
        let frame = Frame::new(x, Axis::share("share of positives"));
        frame.draw(page);
        frame.reference(page, [0.0, 0.0], [1.0, 1.0]);
        label(page, "tick", [LEFT, 30.0], "dotted: true probabilities; bars: 95\u{a0}% intervals");
        for band in bands {
            let x = frame.at_x(band.bin.score_mean);
            let [low, high] = [band.low, band.high].map(|share| frame.at_y(share));
            let class = format!("whisker {}", model.series.class());
            line(page, &class, [x, low], [x, high]);
            for end in [low, high] {
                line(page, &class, [x - 4.0, end], [x + 4.0, end]);
            }
            mark(page, [x, frame.at_y(band.bin.positive_rate)], model.series);
        }
    });
}

fn holds_mean(band: &ReliabilityBand) -> bool {
    (band.low..=band.high).contains(&band.bin.score_mean)
}

fn histogram(page: &mut Markup, model: &Named<'_>, bins: &[HistogramBin]) {
    let total = |of: fn(&HistogramBin) -> f64| bins.iter().map(of).sum::<f64>();
    let (negatives, positives) = (total(|bin| bin.negative), total(|bin| bin.positive));
    let share = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
    let peak = |of: fn(&HistogramBin) -> f64, whole: f64| {
        let most = bins.iter().max_by(|a, b| of(a).total_cmp(&of(b)));
        most.filter(|_| whole > 0.0).map_or_else(
            || "there are none".to_owned(),
            |bin| {
                let [lower, upper] = [bin.lower, bin.upper].map(|edge| decimals(edge, 2));
                format!("{} lie in {lower} to {upper}", percent(share(of(bin), whole)))
            },
        )
    };
    let description = format!(
        "Share of the rows of each label by probability. Of {} negative rows, {}; of {} positive \
         rows, {}.",
        weight(negatives),
        peak(|bin| bin.negative, negatives),
        weight(positives),
        peak(|bin| bin.positive, positives),
    );
    let [_, id] = model.ids();
    let title = format!("Probabilities of the {} by label", model.name);
    let about = Figure { id, title: &title, description: &description, height: Frame::HEIGHT };
    let row = |bin: &HistogramBin| {
        vec![
            format!("{} to {}", decimals(bin.lower, 2), decimals(bin.upper, 2)),
            weight(bin.negative),
            percent(share(bin.negative, negatives)),
            weight(bin.positive),
            percent(share(bin.positive, positives)),
        ]
    };
    let head = vec!["Probability", "Negative", "of negative", "Positive", "of positive"];
    let table = Table { head, rows: bins.iter().map(row).collect() };
    let shares = bins
        .iter()
        .map(|bin| (bin, share(bin.negative, negatives), share(bin.positive, positives)));
    let most = shares.clone().map(|(_, a, b)| f64::max(a, b)).fold(0.0, f64::max);
    about.write(page, &table, |page| {
        let hatch = format!("{id}-hatch");
        hatched(page, &hatch);
        let fill = format!("url(#{hatch})");
        let y = Axis::around(0.0, most, "share of the rows of a label");
        let frame = Frame::new(Axis::share("probability"), y);
        frame.draw(page);
        for (text, fill, left) in
            [("negative rows", Some(fill.as_str()), LEFT), ("positive rows", None, 236.0)]
        {
            let class = if fill.is_some() { "bar hatched" } else { "bar solid" };
            bar(page, class, fill, [left, 10.0], [left + 28.0, 24.0]);
            label(page, "label", [left + 35.0, 22.0], text);
        }
        for (bin, negative, positive) in shares {
            let [from, to] = [bin.lower, bin.upper].map(|edge| frame.at_x(edge));
            let middle = f64::midpoint(from, to);
            let bottom = frame.at_y(0.0);
            if negative > 0.0 {
                let corner = [from + 0.8, frame.at_y(negative)];
                bar(page, "bar hatched", Some(&fill), corner, [middle, bottom]);
            }
            if positive > 0.0 {
                let corner = [middle, frame.at_y(positive)];
                bar(page, "bar solid", None, corner, [to - 0.8, bottom]);
            }
        }
    });
}

/// Slanted lines to fill with, which differ from a full area without colour.
fn hatched(page: &mut Markup, id: &str) {
    page.element("defs", &[], |page| {
        let size = [("width", "5"), ("height", "5"), ("patternUnits", "userSpaceOnUse")];
        let turn = [("id", id), ("patternTransform", "rotate(45)")];
        page.element("pattern", &[size.as_slice(), &turn].concat(), |page| {
            line(page, "hatch", [0.0, 0.0], [0.0, 5.0]);
        });
    });
}

/// The series of a model, for figures with both.
pub(super) const fn both() -> [Series; 2] {
    [Series::Challenger, Series::Champion]
}
