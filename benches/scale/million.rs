//! A million users against 10,000 settlements, stage by stage.

use std::time::Duration;

use payme_core::catalog::{CatalogIndex, parse_settlement};
use payme_core::matching::{People, SignalSet, eligible_pairs, reverse};

use crate::clock::{Effort, count, in_turns, keep, micros, resident, threads, timed};
use crate::town;

/// A settlement that was just announced.
pub(crate) const ANNOUNCED: &str = r#"{"title": "Two brands", "eligibility": {
    "required_features": ["merchant:amber_bakery", "merchant:birch_bakery"],
    "states": ["CA", "IL", "NY", "OH", "WA"]}}"#;

pub(crate) fn run(effort: Effort) {
    let (settlements, users) = (effort.size(10_000, 200), effort.size(1_000_000, 500));
    let rows = town::rows(settlements);
    let (compile, index) = timed(|| CatalogIndex::new(rows));
    let before = resident();
    let (taking_in, people) = town::take_in(settlements, users);
    let memory = before.zip(resident()).map(|(before, after)| after.saturating_sub(before));
    let first: Vec<_> = town::users(settlements, 5).collect();
    town::check(&index, &people, &first);
    let per_user = |time: Duration| micros(time) / count(users);
    println!("  compiling {settlements} settlements: {:.0} ms", micros(compile) / 1e3);
    println!("  taking {users} users in: {:.1} us a user", per_user(taking_in));
    println!(
        "  memory of a user: {} bytes in columns and sets, {} of the process",
        people.bytes() / users,
        memory.map_or_else(
            || "unknown".to_owned(),
            |bytes| format!("{:.0} bytes", count(bytes / users))
        ),
    );
    stages(effort, &index, &people);
    backwards(effort, &people);
}

fn stages(effort: Effort, index: &CatalogIndex, people: &People) {
    let rounds = effort.rounds(3);
    for count in [1, 2] {
        let pool = threads(count);
        let mut pairs = 0;
        let mut find = || {
            pairs = 0;
            let add = |_, list: &[_]| pairs += list.len();
            pool.install(|| eligible_pairs(index, people, town::scope(), &|| false, add));
        };
        let mut baseline = || keep(pool.install(|| town::rank(index, people, SignalSet::Baseline)));
        let mut evidence = || keep(pool.install(|| town::rank(index, people, SignalSet::Evidence)));
        let times = in_turns(rounds, [&mut find, &mut baseline, &mut evidence]);
        let [find, baseline, evidence] = times.map(|time| micros(time) / 1e6);
        println!(
            "  {count} threads: {pairs} eligible pairs {find:.2} s; with five signals and top 20 \
             {baseline:.2} s; with eight signals and top 20 {evidence:.2} s"
        );
    }
}

fn backwards(effort: Effort, people: &People) {
    let settlement = parse_settlement(ANNOUNCED).expect("a good settlement");
    let eligible = reverse(people, &settlement, town::scope()).eligible.len();
    let mut work = || keep(reverse(people, &settlement, town::scope()));
    let [time] = in_turns(effort.rounds(101), [&mut work]);
    println!("  reverse: {eligible} eligible, {:.1} us", micros(time));
}
