//! How cost grows: one user, two threads, a million users, curves over both sizes, and payouts.
//!
//! In: the names of parts on the command line, or none for all that are timed. Out: figures on the
//! terminal, and with `curves` the charts of `docs/curves/`. Every part checks its answer before it
//! is timed. `PAYME_BENCH_SMALL=1` takes small worlds, `--test` looks at answers only; neither
//! writes a chart.
#![expect(clippy::expect_used, reason = "a benchmark that fails should say where")]

mod charges;
mod chart;
mod clock;
mod curves;
mod many;
mod million;
mod one;
mod payouts;
mod profile;
mod town;
#[expect(dead_code, reason = "each target uses a part of the world")]
#[path = "../world/mod.rs"]
mod world;

use clock::Effort;

/// A part: its name, and what runs it.
type Part = (&'static str, fn(Effort));

/// Every part, in the order in which they run.
const PARTS: [Part; 10] = [
    ("one", one::run),
    ("many", many::run),
    ("million", million::run),
    ("curves", curves::run),
    ("payouts", payouts::run),
    ("profile", profile::run),
    ("streams_100k", charges::streams_100k),
    ("streams_1m", charges::streams_1m),
    ("anomalies_100k", charges::anomalies_100k),
    ("anomalies_1m", charges::anomalies_1m),
];

/// From this part on they are for an instrumenting tool, each by itself.
const COUNTED_FROM: usize = 5;

fn main() {
    let (options, names): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|argument| argument.starts_with('-'));
    let effort = Effort {
        is_small: std::env::var_os("PAYME_BENCH_SMALL").is_some(),
        answers_only: options.iter().any(|option| option == "--test"),
    };
    for (at, (name, run)) in PARTS.into_iter().enumerate() {
        let is_asked = names.iter().any(|asked| asked == name);
        if is_asked || (names.is_empty() && at < COUNTED_FROM) {
            println!("{name}");
            run(effort);
        }
    }
}
