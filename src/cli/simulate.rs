//! `payme simulate`: payouts against everything that can go wrong, seed by seed.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::num::{NonZeroU64, NonZeroUsize};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use indicatif::ProgressBar;
use payme_simulation::{
    Fault, Fired, Outcome, Plan, StoreKind, kept_seeds, minimise, run_large, run_plan,
};
use serde::Serialize;

use super::args::{Global, SimulateArgs, SimulatedPlan, SimulatedStore};
use super::error::CliError;
use super::out::expect_no_database;
use super::{Finding, output, progress};

/// How many seeds, and claimants of a large plan, where nothing else is said.
const SEEDS_DEFAULT: u64 = 1_000;
const LARGE_SEEDS_DEFAULT: u64 = 1;
const LARGE_PEOPLE_DEFAULT: usize = 100_000;

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
    /// The most memory that the process held, in megabytes, where the system tells.
    peak_megabytes: Option<u64>,
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

/// What is run, seed by seed.
struct Campaign {
    /// Seeds that once broke a law; they are run first.
    kept: Vec<u64>,
    from: u64,
    seeds: u64,
    store: StoreKind,
    /// How many claimants the large plan has; `None` for the standard plan.
    large: Option<usize>,
}

impl Campaign {
    fn new(args: &SimulateArgs) -> Result<Self, CliError> {
        let (from, people) = (args.from, args.people.unwrap_or(LARGE_PEOPLE_DEFAULT));
        let store = match args.store {
            SimulatedStore::Memory => StoreKind::Memory,
            SimulatedStore::Sqlite => StoreKind::Sqlite,
        };
        match args.plan {
            SimulatedPlan::Standard if args.people.is_none() => {
                let seeds = args.seeds.map_or(SEEDS_DEFAULT, NonZeroU64::get);
                Ok(Self { kept: kept_seeds().collect(), from, seeds, store, large: None })
            }
            SimulatedPlan::Large if store == StoreKind::Memory => {
                let seeds = args.seeds.map_or(LARGE_SEEDS_DEFAULT, NonZeroU64::get);
                Ok(Self { kept: Vec::new(), from, seeds, store, large: Some(people) })
            }
            SimulatedPlan::Standard => {
                Err(CliError::new("usage", "--people belongs to the large plan: add --plan large"))
            }
            SimulatedPlan::Large => {
                Err(CliError::new("usage", "the large plan runs in memory: leave --store out"))
            }
        }
    }

    fn len(&self) -> u64 {
        self.seeds.saturating_add(self.kept.len() as u64)
    }

    /// The seed in a place; `None` behind the last.
    fn seed(&self, at: u64) -> Option<u64> {
        let kept = usize::try_from(at).ok().and_then(|at| self.kept.get(at));
        match kept {
            Some(seed) => Some(*seed),
            None if at < self.len() => {
                Some(self.from.wrapping_add(at).wrapping_sub(self.kept.len() as u64))
            }
            None => None,
        }
    }

    fn plan(&self, seed: u64) -> Plan {
        Plan::new(seed).on(self.store)
    }

    fn outcome(&self, seed: u64) -> Outcome {
        match self.large {
            Some(people) => run_large(seed, people),
            None => run_plan(&self.plan(seed)),
        }
    }
}

pub(crate) fn run(global: &Global, args: &SimulateArgs) -> Result<Finding, CliError> {
    let begun = Instant::now();
    let campaign = Campaign::new(args)?;
    // Seeds that nobody can keep would be lost after hours: it is tried first.
    args.keep.as_deref().map_or(Ok(()), |path| keep(global, path, &[]))?;
    let bar = progress::seeds(global, campaign.len());
    let next = AtomicU64::new(0);
    let cores = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let threads = args.threads.map_or_else(cores, usize::from);
    let tallies = tallies(threads, || work(&campaign, &next, &bar));
    bar.finish_and_clear();
    let tallies = tallies?;
    let report = report(&campaign, tallies, begun.elapsed().as_secs_f64());
    output::value(global, &report, || text(&report))?;
    if report.broken.is_empty() {
        return Ok(Finding::Fine);
    }
    args.keep.as_deref().map_or(Ok(()), |path| keep(global, path, &report.broken))?;
    Ok(Finding::Refused)
}

/// Works on several threads at a time, and gives what each counted. Where the system starts fewer
/// threads than were asked for, those do all of the work.
fn tallies<T: Send>(threads: usize, work: impl Fn() -> T + Sync) -> Result<Vec<T>, CliError> {
    std::thread::scope(|scope| {
        let mut workers = Vec::new();
        for _ in 0..threads {
            match std::thread::Builder::new().spawn_scoped(scope, &work) {
                Ok(worker) => workers.push(worker),
                Err(error) if workers.is_empty() => {
                    let message = format!("no thread can be started: {error}");
                    return Err(CliError::new("simulation", message));
                }
                Err(_) => break,
            }
        }
        let done: Vec<Option<T>> = workers.into_iter().map(|worker| worker.join().ok()).collect();
        let unanswered =
            || CliError::new("simulation", "a seed ended without an answer: see above");
        done.into_iter().collect::<Option<Vec<T>>>().ok_or_else(unanswered)
    })
}

/// Appends the seeds that broke a law to a file, in the form of those that are kept.
fn keep(global: &Global, path: &Path, broken: &[Broken]) -> Result<(), CliError> {
    expect_no_database(global, path)?;
    let lines: String = broken.iter().map(|one| format!("{} {}\n", one.seed, one.law)).collect();
    let file = OpenOptions::new().create(true).append(true).open(path);
    file.and_then(|mut file| file.write_all(lines.as_bytes())).map_err(|error| {
        CliError::new("write_failed", format!("cannot write {}: {error}", path.display()))
    })
}

fn work(campaign: &Campaign, next: &AtomicU64, bar: &ProgressBar) -> Tally {
    let mut tally = Tally {
        times: vec![0; Fault::ALL.len()],
        seeds: vec![0; Fault::ALL.len()],
        ..Tally::default()
    };
    loop {
        let at = next.fetch_add(1, Ordering::Relaxed);
        let Some(seed) = campaign.seed(at) else { return tally };
        let outcome = campaign.outcome(seed);
        tally.transfers += outcome.transfers.0 as u64;
        tally.arrived += outcome.transfers.1 as u64;
        tally.facts += outcome.facts as u64;
        count(&mut tally, &outcome.fired);
        if let Some(law) = outcome.violation {
            tally.broken.push((seed, law));
        }
        if at.is_multiple_of(64) {
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

fn report(campaign: &Campaign, tallies: Vec<Tally>, seconds: f64) -> Report {
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
    let seeds_per_second = campaign.len() as f64 / seconds.max(f64::MIN_POSITIVE);
    Report {
        first_seed: campaign.from,
        seeds: campaign.len(),
        seconds,
        seeds_per_second,
        transfers,
        arrived,
        facts,
        peak_megabytes: peak_megabytes(),
        faults,
        broken: broken.into_iter().map(|(seed, law)| small(campaign, seed, law)).collect(),
    }
}

/// The most memory that this process held.
fn peak_megabytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes / 1_024)
}

/// The smallest schedule that breaks a law for this seed. A large plan is told as it is.
fn small(campaign: &Campaign, seed: u64, law: String) -> Broken {
    if campaign.large.is_some() {
        return Broken { seed, law, steps: 0, faults: Vec::new(), schedule: Vec::new() };
    }
    let plan = campaign.plan(seed);
    let plan = minimise(&plan).unwrap_or(plan).traced();
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
        if schedule.is_empty() {
            continue;
        }
        let _ = writeln!(text, "  {steps} steps are enough, with {}", faults.join(", "));
        for line in schedule {
            let _ = writeln!(text, "    {line}");
        }
    }
    let _ = write!(
        text,
        "{} seeds from {}: {} transfers, {} arrived, {} facts in the logs; {} broke a law; \
         {:.1} s, {:.1} seeds a second",
        report.seeds,
        report.first_seed,
        report.transfers,
        report.arrived,
        report.facts,
        report.broken.len(),
        report.seconds,
        report.seeds_per_second
    );
    if let Some(peak) = report.peak_megabytes {
        let _ = write!(text, ", at most {peak} MB of memory");
    }
    text
}
