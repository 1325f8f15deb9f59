//! Signals: their weights with intervals, and how far they have moved since training.
//!
//! In: names, estimates and indices, one of each for a signal. Out: two figures.

use payme_core::learning::train::{Estimate, FitIntervals};
use payme_core::learning::{PSI_WARNING, Psi};

use super::figure::{Figure, Table};
use super::markup::Markup;
use super::number::{counted, decimals, figure, level};
use super::plot::{Axis, Frame, LEFT, Series, bar, label, line, mark, short};

/// How high the row of a signal is.
const ROW: f64 = 36.0;
/// So much of a name fits above its row.
const NAME_MAX: usize = 28;

/// A frame with so many rows, numbers below.
fn rows_frame(x: Axis, rows: usize) -> (Frame, f64) {
    let top = 14.0;
    let bottom = top + ROW * super::number::float(rows.max(1));
    let y = Axis { low: 0.0, high: 1.0, ticks: Vec::new(), decimals: 0, label: "" };
    (Frame { x, y, top, bottom }, bottom + 50.0)
}

/// The weights of the challenger.
pub(super) fn weights(page: &mut Markup, names: &[&str], found: &FitIntervals) {
    let named = names.iter().copied().zip(&found.coefficients);
    let all: Vec<(&str, &Estimate)> =
        named.chain(found.intercept.iter().map(|estimate| ("intercept", estimate))).collect();
    let level = level(found.confidence);
    let apart = |estimate: &Estimate| {
        estimate.interval.is_ok_and(|interval| interval.low > 0.0 || interval.high < 0.0)
    };
    let signals = all.iter().take(names.len());
    let sure = signals.filter(|(_, estimate)| apart(estimate)).count();
    let without = all.iter().filter(|(_, estimate)| estimate.interval.is_err()).count();
    let rest = if without > 0 {
        format!(" Open marks, without an interval: {without}; the reasons are in the table.")
    } else {
        String::new()
    };
    let description = format!(
        "Fitted weights with {level} intervals (Wald). Of {}, {sure} have an interval that leaves \
         out 0.{rest}",
        counted(names.len(), "signal"),
    );
    let ends = all.iter().flat_map(|(_, estimate)| {
        let interval = estimate.interval.ok();
        let ends = interval.map_or([estimate.value; 2], |interval| [interval.low, interval.high]);
        ends.into_iter().filter(|end| end.is_finite())
    });
    let (low, high) =
        ends.fold((0.0, 0.0), |(low, high): (f64, f64), end| (low.min(end), high.max(end)));
    let (frame, height) = rows_frame(Axis::around(low, high, "weight, in log-odds"), all.len());
    let title = "Weights of the challenger";
    let about = Figure { id: "weights", title, description: &description, height };
    let row = |(name, estimate): &(&str, &Estimate)| {
        let mut cells = vec![(*name).to_owned(), figure(estimate.value)];
        cells.extend(match estimate.interval {
            Ok(interval) => [interval.standard_error, interval.low, interval.high].map(figure),
            Err(why) => [format!("none: {why}"), String::from("-"), String::from("-")],
        });
        cells
    };
    let head = vec!["Signal", "Weight", "Standard error", "From", "To"];
    let table = Table { head, rows: all.iter().map(row).collect() };
    about.write(page, &table, |page| {
        frame.draw(page);
        let zero = frame.at_x(0.0);
        line(page, "zero", [zero, frame.top], [zero, frame.bottom]);
        let mut top = frame.top;
        for (name, estimate) in &all {
            let (text, middle) = ([LEFT + 6.0, top + 14.0], top + 25.0);
            label(page, "label halo", text, &short(name, NAME_MAX));
            let value = match estimate.interval {
                Ok(interval) => {
                    let [low, high] = [interval.low, interval.high].map(|end| decimals(end, 2));
                    format!("{} ({low} to {high})", decimals(estimate.value, 2))
                }
                Err(_) => format!("{} (no interval)", decimals(estimate.value, 2)),
            };
            label(page, "tick end halo", [404.0, top + 14.0], &value);
            whisker(page, &frame, estimate, middle);
            top += ROW;
        }
    });
}

fn whisker(page: &mut Markup, frame: &Frame, estimate: &Estimate, y: f64) {
    if !estimate.value.is_finite() {
        return;
    }
    let x = frame.at_x(estimate.value);
    let Ok(interval) = estimate.interval else {
        let [cx, cy] = [x, y].map(super::plot::at);
        let place = [("class", "mark open"), ("cx", cx.as_str()), ("cy", &cy), ("r", "3.5")];
        return page.empty("circle", &place);
    };
    let ends = [interval.low, interval.high].map(|end| frame.at_x(end));
    line(page, "whisker challenger", [ends[0], y], [ends[1], y]);
    for end in ends {
        line(page, "whisker challenger", [end, y - 4.0], [end, y + 4.0]);
    }
    mark(page, [x, y], Series::Challenger);
}

/// How far each signal has moved since the weights were trained; `None` where that is not known.
pub(super) fn drift(page: &mut Markup, names: &[&str], found: &[Option<Psi>]) {
    let named = || names.iter().copied().zip(found);
    let known = || named().filter_map(|(name, psi)| Some((name, (*psi)?)));
    let warned: Vec<&str> =
        known().filter(|(_, psi)| psi.is_warning()).map(|(name, _)| name).collect();
    let judged = known().count();
    let mut warning = match (judged, warned.is_empty()) {
        (0, _) => "No signal is known well enough to say.".to_owned(),
        (_, true) => "No signal warns.".to_owned(),
        (_, false) => format!("Warned of: {}.", warned.join(", ")),
    };
    if judged > 0 && judged < names.len() {
        warning.push_str(" Not known, for want of values in training: ");
        warning.push_str(&counted(names.len() - judged, "signal"));
        warning.push('.');
    }
    let description = format!(
        "Population stability index of each signal, training against now: 0 where nothing moved. \
         The open mark is what chance exceeds once in twenty times; beyond the dotted line at {} \
         and beyond chance it warns. {warning}",
        decimals(PSI_WARNING, 2),
    );
    let reach = known().map(|(_, psi)| psi.psi.max(psi.by_chance_95));
    let most = reach.filter(|end| end.is_finite()).fold(0.3, f64::max);
    let (frame, height) = rows_frame(Axis::around(0.0, most, "stability index"), names.len());
    let title = "Drift of the signals";
    let about = Figure { id: "drift-signals", title, description: &description, height };
    let row = |(name, psi): (&str, &Option<Psi>)| {
        let mut cells = vec![name.to_owned()];
        cells.extend(match psi {
            Some(psi) => {
                let warns = if psi.is_warning() { "warns" } else { "does not warn" };
                let [index, mean, most] = [psi.psi, psi.by_chance, psi.by_chance_95].map(figure);
                [index, mean, most, psi.bins.to_string(), warns.to_owned()]
            }
            None => {
                ["not known: too few values in training", "-", "-", "-", "-"].map(str::to_owned)
            }
        });
        cells
    };
    let head = vec![
        "Signal",
        "Index",
        "By chance, mean",
        "By chance, 95\u{a0}%",
        "Bins",
        "Whether it warns",
    ];
    let table = Table { head, rows: named().map(row).collect() };
    about.write(page, &table, |page| {
        frame.draw(page);
        let edge = frame.at_x(PSI_WARNING);
        line(page, "reference", [edge, frame.top], [edge, frame.bottom]);
        let mut top = frame.top;
        for (name, psi) in named() {
            let value = psi.map_or_else(
                || "not known".to_owned(),
                |psi| {
                    moved(page, &frame, psi, top);
                    let warns = if psi.is_warning() { ", warns" } else { "" };
                    format!("{}{warns}", decimals(psi.psi, 3))
                },
            );
            label(page, "label halo", [LEFT + 6.0, top + 14.0], &short(name, NAME_MAX));
            label(page, "tick end halo", [404.0, top + 14.0], &value);
            top += ROW;
        }
    });
}

fn moved(page: &mut Markup, frame: &Frame, psi: Psi, top: f64) {
    let [from, to] = [frame.at_x(0.0), frame.at_x(psi.psi)];
    bar(page, "bar solid", None, [from, top + 19.0], [to, top + 31.0]);
    let [cx, cy] = [frame.at_x(psi.by_chance_95), top + 25.0].map(super::plot::at);
    let place = [("class", "mark open"), ("cx", cx.as_str()), ("cy", &cy), ("r", "3.5")];
    page.empty("circle", &place);
}
