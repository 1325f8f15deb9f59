//! The table of a run: on the terminal for people, and in a file for programs.

use std::path::Path;

use serde_json::{Value, json};

use crate::race::Times;

/// One peer in one row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Line {
    pub(crate) row: &'static str,
    pub(crate) peer: &'static str,
    /// Milliseconds of the peer, round by round.
    pub(crate) theirs: Times,
    /// Milliseconds of PayMe, each taken right after the peer's.
    pub(crate) ours: Times,
    /// How many times as fast PayMe is meant to be, where that was said.
    pub(crate) target: Option<f64>,
}

/// What a run found.
#[derive(Debug, Default)]
pub(crate) struct Report {
    lines: Vec<Line>,
    notes: Vec<(String, Value)>,
}

impl Line {
    fn ratio(&self) -> f64 {
        self.theirs.median() / self.ours.median()
    }

    /// The smallest and the largest ratio of a round.
    fn range(&self) -> [f64; 2] {
        Times(self.theirs.0.iter().zip(&self.ours.0).map(|(a, b)| a / b).collect()).range()
    }

    fn to_json(&self) -> Value {
        json!({
            "row": self.row,
            "peer": self.peer,
            "peer_ms": self.theirs.median(),
            "ours_ms": self.ours.median(),
            "ratio": self.ratio(),
            "ratio_range": self.range(),
            "target": self.target,
            "peer_ms_each": self.theirs.0,
            "ours_ms_each": self.ours.0,
        })
    }
}

impl Report {
    /// Adds a line, and shows it at once: a run takes minutes.
    pub(crate) fn add(&mut self, line: Line) {
        if self.lines.is_empty() {
            println!(
                "{}",
                columns(["row", "peer", "peer ms", "ours ms", "ratio", "target", "range"])
            );
        }
        let [least, most] = line.range();
        let target = line.target.map_or_else(|| "-".to_owned(), |target| format!("{target:.1}"));
        println!(
            "{}",
            columns([
                line.row,
                line.peer,
                &format!("{:.4}", line.theirs.median()),
                &format!("{:.4}", line.ours.median()),
                &format!("{:.2}", line.ratio()),
                &target,
                &format!("{least:.2}..{most:.2}"),
            ])
        );
        self.lines.push(line);
    }

    /// Keeps a figure that is not a time, and shows it at once.
    pub(crate) fn note(&mut self, name: &str, value: &Value) {
        println!("  {name}: {value}");
        self.notes.push((name.to_owned(), value.clone()));
    }

    /// Writes `result.json` into a folder when there are lines.
    pub(crate) fn finish(&self, folder: &Path) {
        if self.lines.is_empty() {
            return;
        }
        let lines: Vec<Value> = self.lines.iter().map(Line::to_json).collect();
        let notes: Vec<Value> =
            self.notes.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
        let text = format!("{:#}\n", json!({"lines": lines, "notes": notes}));
        let path = folder.join("result.json");
        std::fs::write(&path, text).expect("room on the disk");
        println!("written to {}", path.display());
    }
}

fn columns([row, peer, theirs, ours, ratio, target, range]: [&str; 7]) -> String {
    format!("{row:<10} {peer:<20} {theirs:>12} {ours:>12} {ratio:>8} {target:>7} {range:>16}")
}
