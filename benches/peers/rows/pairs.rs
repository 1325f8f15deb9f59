//! The eligible pairs of many users and many settlements, on two threads.

use payme_core::catalog::SettlementIx;
use payme_core::matching::eligible_pairs;
use payme_core::types::UserId;
use serde_json::json;

use crate::bench::{Bench, peer};
use crate::race::{Answer, Checksum, Ran, threads, timed};
use crate::town::{Town, scope};

/// How many threads everybody has; pandas uses one of them.
const THREADS: usize = 2;

/// Every pair in memory: the settlements of all users, and for each user where theirs end.
type Pairs = (Vec<(UserId, usize)>, Vec<SettlementIx>);

pub(crate) fn run(bench: &mut Bench) {
    let town = Town::new(1, bench.size(10_000, 200), bench.size(20_000, 50));
    let (pool, numbers) = (threads(THREADS), town.numbers());
    let numbered = |(ends, settlements): &Pairs| -> Vec<(u32, u32)> {
        let mut start = 0;
        let mut pairs = Vec::with_capacity(settlements.len());
        for (user, end) in ends {
            let user = town.people.row(*user).expect("a user of the town");
            pairs.extend(settlements[start..*end].iter().map(|ix| (user, numbers[ix])));
            start = *end;
        }
        pairs
    };
    let ours = || {
        let (ms, found) = timed(1, || pool.install(|| pairs(&town)));
        Ran { ms, answer: Answer::Pairs(numbered(&found).into_iter().collect()) }
    };
    check(&town, &numbered(&pairs(&town)));
    let options = json!({"threads": THREADS, "now": scope().now.as_micros()});
    for kind in ["duckdb", "pandas"] {
        bench.load([kind, kind], &options, |columns| {
            town.write_users(columns);
            town.write_settlements(columns);
        });
    }
    let peers = [
        peer("DuckDB join", &[("duckdb", "pairs")], Some(8.0)),
        peer("DuckDB wide", &[("duckdb", "wide")], None),
        peer("pandas merge", &[("pandas", "pairs")], Some(40.0)),
        peer("pandas wide", &[("pandas", "wide")], None),
    ];
    bench.race("pairs", &peers, &ours);
    bench.forget(&["duckdb", "pandas"]);
}

fn pairs(town: &Town) -> Pairs {
    let mut pairs = Pairs::default();
    eligible_pairs(&town.index, &town.people, scope(), &|| false, |user, settlements| {
        pairs.1.extend_from_slice(settlements);
        pairs.0.push((user, pairs.1.len()));
    });
    pairs
}

/// Compares the pairs of a few users with those of the naive implementation.
fn check(town: &Town, pairs: &[(u32, u32)]) {
    let mut expected = Vec::new();
    for (user, answer) in (0_u32..).zip(town.naive(usize::MAX)) {
        let results = answer["results"].as_array().expect("a list of results");
        let ids = results.iter().filter_map(|result| result["settlement_id"].as_str());
        expected.extend(ids.map(|id| (user, town.number_of(id))));
    }
    assert!(!expected.is_empty(), "nothing matches");
    let checked = expected.iter().map(|(user, _)| *user).max();
    let ours = pairs.iter().copied().filter(|(user, _)| Some(*user) <= checked);
    assert_eq!(ours.collect::<Checksum>(), expected.into_iter().collect());
}
