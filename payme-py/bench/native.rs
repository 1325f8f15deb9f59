//! The work of `peers.py` done by the core alone: what the way through Python costs is the rest.
//!
//! In: a folder of columns as raw numbers, and on stdin one line for each call: the work and its
//! parameters. Out: one line for each, the milliseconds and a number that stands for the answer,
//! which `peers.py` holds against the one through Python. Files are read before the clock starts.
#![expect(clippy::expect_used, reason = "a benchmark that fails should say where")]

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, Write as _, stdin, stdout};
use std::path::PathBuf;
use std::thread;
use std::time::Instant;

use payme_core::learning::train::{
    FitOptions, LinearModel, Matrix, Newton, Order, Samples, Trainer as _,
};
use payme_core::learning::{
    BootstrapOptions, Forecasts, Groups, Isotonic, MetricsOptions, PerUser, Scored,
    bootstrap_difference, metrics, precision_at_k_per_user,
};

/// The columns of one folder, each read once.
struct Columns {
    folder: PathBuf,
    /// Numbers as they are in memory.
    words: BTreeMap<String, Vec<i64>>,
    labels: BTreeMap<String, Vec<bool>>,
}

impl Columns {
    fn read(&mut self, work: &str) {
        for name in ["x", "p", "champion", "challenger", "coefficients", "users", "y"] {
            let name = format!("{work}.{name}");
            let path = self.folder.join(&name);
            if self.labels.contains_key(&name) || self.words.contains_key(&name) || !path.exists() {
                continue;
            }
            let bytes = fs::read(path).expect("a column that peers.py has written");
            if name.ends_with(".y") {
                self.labels.insert(name, bytes.iter().map(|label| *label == 1).collect());
            } else {
                let (words, _) = bytes.as_chunks();
                self.words
                    .insert(name, words.iter().map(|word| i64::from_le_bytes(*word)).collect());
            }
        }
    }

    fn words(&self, work: &str, name: &str) -> &[i64] {
        self.words.get(&format!("{work}.{name}")).expect("a column of this work")
    }

    fn numbers(&self, work: &str, name: &str) -> &[f64] {
        bytemuck::must_cast_slice(self.words(work, name))
    }

    fn labels(&self, work: &str) -> &[bool] {
        self.labels.get(&format!("{work}.y")).expect("the labels of this work")
    }
}

/// The parameter at a place.
fn parameter<T: std::str::FromStr>(words: &[&str], at: usize) -> T {
    let word = words.get(at).and_then(|word| word.parse().ok());
    word.expect("a parameter of the work")
}

fn answer(columns: &Columns, words: &[&str]) -> f64 {
    let work = *words.first().expect("the work");
    let numbers = |name| columns.numbers(work, name);
    match *words.get(1).expect("the kind of work") {
        "fit" => {
            let (width, tolerance) = (parameter(words, 2), parameter(words, 3));
            let labels = columns.labels(work);
            let x = Matrix::new(numbers("x"), labels.len(), width, Order::Rows).expect("a table");
            let options = FitOptions { l2: 1.0, tolerance, ..FitOptions::default() };
            let samples = Samples::new(x, labels).expect("rows");
            Newton.fit(&samples, &options).expect("a fit").coefficients[0]
        }
        "predict" => {
            let (coefficients, x) = (numbers("coefficients"), numbers("x"));
            let (intercept, coefficients) = coefficients.split_first().expect("a model");
            let (width, rows) = (coefficients.len(), x.len() / coefficients.len());
            let model = LinearModel { coefficients: coefficients.to_vec(), intercept: *intercept };
            let x = Matrix::new(x, rows, width, Order::Rows).expect("a table");
            let mut out = vec![0.0; 2 * rows];
            model.both_probabilities_into(&x, &mut out).expect("a model of this width");
            out[2 * (rows - 1)]
        }
        "move" => moved(numbers("x"), parameter(words, 2), parameter(words, 3)),
        "metrics" => {
            let rows = Forecasts::new(columns.labels(work), numbers("p")).expect("forecasts");
            metrics(&rows, &MetricsOptions::default()).expect("options").brier
        }
        "isotonic" => {
            let rows = Scored::new(columns.labels(work), numbers("p")).expect("rows");
            Isotonic::fit(&rows).expect("a fit").apply(0.5)
        }
        "precision" => {
            let rows = Scored::new(columns.labels(work), numbers("p")).expect("rows");
            let users = Groups::of_ids(columns.words(work, "users"));
            let found = precision_at_k_per_user(&rows, &users, PerUser::at(5)).expect("users");
            found.mean.unwrap_or(f64::NAN)
        }
        "bootstrap" => {
            let values = |name| numbers(name).iter().copied().map(Some).collect::<Vec<_>>();
            let options =
                BootstrapOptions { resamples: parameter(words, 2), ..BootstrapOptions::default() };
            let found = bootstrap_difference(&values("champion"), &values("challenger"), &options);
            found.expect("values").lower_bound
        }
        other => unreachable!("there is no work of the kind {other}"),
    }
}

/// Reads a table and writes so many numbers, by so many threads, and does nothing with them.
fn moved(x: &[f64], written: usize, threads: usize) -> f64 {
    let mut out = vec![0.0; written];
    let (read, wrote) = (x.len().div_ceil(threads), written.div_ceil(threads));
    let sum = thread::scope(|scope| {
        let parts = x.chunks(read).zip(out.chunks_mut(wrote));
        let works: Vec<_> = parts
            .map(|(read, wrote)| {
                scope.spawn(move || {
                    let add = |sum: u64, number: &f64| sum.wrapping_add(number.to_bits());
                    let sum = read.iter().fold(0, add);
                    wrote.fill(f64::from_bits(sum & 1));
                    sum
                })
            })
            .collect();
        works
            .into_iter()
            .fold(0_u64, |sum, work| sum.wrapping_add(work.join().expect("a thread that ends")))
    });
    let [low, ..] = sum.to_le_bytes();
    f64::from(low) + out.iter().take(1).sum::<f64>()
}

fn main() {
    let folder = std::env::args_os().nth(1).map(PathBuf::from).expect("the folder of the columns");
    let mut columns = Columns { folder, words: BTreeMap::new(), labels: BTreeMap::new() };
    for line in stdin().lock().lines() {
        let line = line.expect("a line of text");
        let words: Vec<&str> = line.split_whitespace().collect();
        columns.read(words.first().expect("the work"));
        let start = Instant::now();
        let found = answer(&columns, &words);
        let milliseconds = start.elapsed().as_secs_f64() * 1e3;
        let mut out = stdout().lock();
        writeln!(out, "{milliseconds:?} {found:?}").and_then(|()| out.flush()).expect("a reader");
    }
}
