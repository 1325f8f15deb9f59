//! `payme simulate`: payouts against everything that can go wrong, seed by seed.

use std::fmt::Write as _;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use indicatif::ProgressBar;
use payme_simulation::{Fault, Fired, Plan, minimise, run_plan};
use serde::Serialize;

use super::args::{Global, SimulateArgs};
use super::error::CliError;
use super::{Finding, output, progress};

/// A seed that broke a law.
#[derive(Debug, Serialize)]
struct Broken {
    seed: u64,
    law: String,
    /// How many steps are enough.
    steps: u32,
    /// The faults that are needed.
    faults: Vec<&'static str>,
    /// What happens in the smallest schedule that was found.
    schedule: Vec<String>,
}

#[derive(Debug, Serialize)]
struct FaultLine {
    fault: &'static str,
    times: u64,
    seeds: u64,
}

#[derive(Debug, Serialize)]
struct Report {
    first_seed: u64,
    seeds: u64,
    seconds: f64,
    seeds_per_second: f64,
    transfers: u64,
    arrived: u64,
    facts: u64,
    faults: Vec<FaultLine>,
    broken: Vec<Broken>,
}

/// What a worker counted.
#[derive(Default)]
struct Tally {
    transfers: u64,
    arrived: u64,
    facts: u64,
    times: Vec<u64>,
    seeds: Vec<u64>,
    broken: Vec<(u64, String)>,
}

pub(crate) fn run(global: &Global, args: &SimulateArgs) -> Result<Finding, CliError> {
    let begun = Instant::now();
    let bar = progress::seeds(global, args.seeds);
    let next = AtomicU64::new(0);
    let threads = args.threads.or_else(|| std::thread::available_parallelism().ok());
    let threads = threads.map_or(1, NonZeroUsize::get);
    let tallies: Vec<Tally> = std::thread::scope(|scope| {
        let workers: Vec<_> =
            (0..threads).map(|_| scope.spawn(|| work(args, &next, &bar))).collect();
        workers.into_iter().filter_map(|worker| worker.join().ok()).collect()
    });
    bar.finish_and_clear();
    if tallies.len() < threads {
        return Err(CliError::new("simulation", "a seed ended without an answer: see above"));
    }
    let report = report(args, tallies, begun.elapsed().as_secs_f64());
    output::value(global, &report, || text(&report))?;
    Ok(if report.broken.is_empty() { Finding::Fine } else { Finding::Refused })
}

fn work(args: &SimulateArgs, next: &AtomicU64, bar: &ProgressBar) -> Tally {
    let mut tally = Tally {
        times: vec![0; Fault::ALL.len()],
        seeds: vec![0; Fault::ALL.len()],
        ..Tally::default()
    };
    loop {
        let at = next.fetch_add(1, Ordering::Relaxed);
        if at >= args.seeds {
            return tally;
        }
        let seed = args.from.wrapping_add(at);
        let outcome = run_plan(&Plan::new(seed));
        tally.transfers += outcome.transfers.0 as u64;
        tally.arrived += outcome.transfers.1 as u64;
        tally.facts += outcome.facts as u64;
        count(&mut tally, &outcome.fired);
        if let Some(law) = outcome.violation {
            tally.broken.push((seed, law));
        }
        if at.is_multiple_of(256) {
            bar.set_position(at);
        }
    }
}

fn count(tally: &mut Tally, fired: &Fired) {
    for ((times, seeds), fired) in tally.times.iter_mut().zip(&mut tally.seeds).zip(fired) {
        *times += u64::from(*fired);
        *seeds += u64::from(*fired > 0);
    }
}

fn report(args: &SimulateArgs, tallies: Vec<Tally>, seconds: f64) -> Report {
    let sum = |of: fn(&Tally) -> u64| tallies.iter().map(of).sum::<u64>();
    let at = |of: fn(&Tally) -> &Vec<u64>, i: usize| {
        tallies.iter().filter_map(|tally| of(tally).get(i)).sum::<u64>()
    };
    let faults = Fault::ALL.iter().enumerate().map(|(i, fault)| FaultLine {
        fault: fault.as_str(),
        times: at(|tally| &tally.times, i),
        seeds: at(|tally| &tally.seeds, i),
    });
    let faults = faults.collect();
    let (transfers, arrived) = (sum(|tally| tally.transfers), sum(|tally| tally.arrived));
    let facts = sum(|tally| tally.facts);
    let mut broken: Vec<(u64, String)> =
        tallies.into_iter().flat_map(|tally| tally.broken).collect();
    broken.sort();
    #[expect(clippy::cast_precision_loss, reason = "a count of seeds, for people")]
    let seeds_per_second = args.seeds as f64 / seconds.max(f64::MIN_POSITIVE);
    Report {
        first_seed: args.from,
        seeds: args.seeds,
        seconds,
        seeds_per_second,
        transfers,
        arrived,
        facts,
        faults,
        broken: broken.into_iter().map(|(seed, law)| small(seed, law)).collect(),
    }
}

/// The smallest schedule that breaks a law for this seed.
fn small(seed: u64, law: String) -> Broken {
    let plan = minimise(&Plan::new(seed)).unwrap_or_else(|| Plan::new(seed)).traced();
    let outcome = run_plan(&plan);
    let needed = Fault::ALL.iter().zip(outcome.fired).filter(|(_, fired)| *fired > 0);
    let faults = needed.map(|(fault, _)| fault.as_str()).collect();
    let law = outcome.violation.unwrap_or(law);
    Broken { seed, law, steps: plan.steps, faults, schedule: outcome.trace }
}

fn text(report: &Report) -> String {
    let mut text = String::new();
    for line in &report.faults {
        let _ =
            writeln!(text, "{:24} {:>10} times in {:>8} seeds", line.fault, line.times, line.seeds);
    }
    for Broken { seed, law, steps, faults, schedule } in &report.broken {
        let _ = writeln!(text, "seed {seed} breaks a law: {law}");
        let _ = writeln!(text, "  {steps} steps are enough, with {}", faults.join(", "));
        for line in schedule {
            let _ = writeln!(text, "    {line}");
        }
    }
    let _ = write!(
        text,
        "{} seeds from {}: {} transfers, {} arrived, {} facts in the logs; {} broke a law; \
         {:.1} s, {:.0} seeds a second",
        report.seeds,
        report.first_seed,
        report.transfers,
        report.arrived,
        report.facts,
        report.broken.len(),
        report.seconds,
        report.seeds_per_second
    );
    text
}
