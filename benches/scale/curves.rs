//! Cost over the number of settlements, and over the number of users, from 1,000 to a million.

use std::path::Path;

use payme_core::catalog::{CatalogIndex, parse_settlement};
use payme_core::matching::{Matcher, SignalSet, eligible_pairs, reverse};
use payme_core::ranking::match_user;

use crate::chart::{Chart, Line};
use crate::clock::{Effort, count, in_turns, keep, micros, timed};
use crate::town;

/// Users of the curves over settlements.
const USERS: usize = 1_000;

/// Settlements of the curves over users.
const SETTLEMENTS: usize = 10_000;

/// What was measured at one size.
type Point = (usize, Vec<f64>);

pub(crate) fn run(effort: Effort) {
    let sizes: &[usize] =
        if effort.is_small { &[100, 200] } else { &[1_000, 10_000, 100_000, 1_000_000] };
    let names = ["compile, a settlement", "pairs, a user", "rank, a user", "match_user, a user"];
    let points = sizes.iter().map(|size| over_settlements(effort, *size)).collect::<Vec<_>>();
    show(effort, "settlements", &names, &points);
    let names = ["take in, a user", "pairs, a user", "rank, a user", "reverse, everybody"];
    let points = sizes.iter().map(|size| over_users(effort, *size)).collect::<Vec<_>>();
    show(effort, "users", &names, &points);
}

fn over_settlements(effort: Effort, settlements: usize) -> Point {
    let rows = town::rows(settlements);
    let (compile, index) = timed(|| CatalogIndex::new(rows));
    let users: Vec<_> = town::users(settlements, USERS).collect();
    let people = town::people(settlements, USERS);
    town::check(&index, &people, &users);
    let mut matcher = Matcher::new(&index);
    let request = town::request(SignalSet::Evidence);
    let mut pairs = || keep(eligible_pairs(&index, &people, town::scope(), &|| false, |_, _| {}));
    let mut rank = || keep(town::rank(&index, &people, SignalSet::Evidence));
    let mut alone = || {
        for user in &users {
            std::hint::black_box(match_user(&mut matcher, user, &request));
        }
    };
    let times = in_turns(effort.rounds(7), [&mut pairs, &mut rank, &mut alone]);
    let mut values = vec![micros(compile) / count(settlements)];
    values.extend(times.map(|time| micros(time) / count(USERS)));
    let candidates = town::rank(&index, &people, SignalSet::Evidence).candidates;
    println!("  {settlements} settlements: {} eligible a user", candidates / USERS);
    (settlements, values)
}

fn over_users(effort: Effort, users: usize) -> Point {
    let settlements = effort.size(SETTLEMENTS, 200);
    let index = town::catalogue(settlements);
    let (taking_in, people) = town::take_in(settlements, users);
    let first: Vec<_> = town::users(settlements, 5).collect();
    town::check(&index, &people, &first);
    let announced = parse_settlement(crate::million::ANNOUNCED).expect("a good settlement");
    let mut pairs = || keep(eligible_pairs(&index, &people, town::scope(), &|| false, |_, _| {}));
    let mut rank = || keep(town::rank(&index, &people, SignalSet::Evidence));
    let mut backwards = || keep(reverse(&people, &announced, town::scope()));
    let rounds = effort.rounds(if users > 100_000 { 3 } else { 7 });
    let [pairs, rank] = in_turns(rounds, [&mut pairs, &mut rank]);
    let [backwards] = in_turns(effort.rounds(31), [&mut backwards]);
    let each = [taking_in, pairs, rank].map(|time| micros(time) / count(users));
    (users, each.into_iter().chain([micros(backwards)]).collect())
}

/// Prints the points, and draws them.
fn show(effort: Effort, over: &str, names: &[&str], points: &[Point]) {
    println!("  | {over} | {} |", names.join(" | "));
    println!("  |---|{}", "---|".repeat(names.len()));
    for (size, values) in points {
        let values: Vec<String> = values.iter().map(|value| format!("{value:.2} us")).collect();
        println!("  | {size} | {} |", values.join(" | "));
    }
    if !effort.writes() {
        return;
    }
    let lines = names.iter().enumerate().map(|(at, name)| Line {
        name: (*name).to_owned(),
        points: points.iter().map(|(size, values)| (count(*size), values[at])).collect(),
    });
    let chart = Chart {
        title: format!("Cost over the number of {over}"),
        over: over.to_owned(),
        unit: "microseconds".to_owned(),
        lines: lines.collect(),
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join("curves");
    std::fs::create_dir_all(&folder).expect("a folder in the repository");
    let path = folder.join(format!("{over}.svg"));
    std::fs::write(&path, chart.to_svg()).expect("room on the disk");
    println!("  written to {}", path.display());
}
