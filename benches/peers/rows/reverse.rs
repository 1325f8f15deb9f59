//! Which of many users a settlement concerns that asks for two features and one of five states.

use std::collections::BTreeSet;

use payme_core::catalog::{Settlement, parse_settlement};
use payme_core::matching::reverse;
use payme_core::types::FeatureKey;
use serde_json::json;

use crate::bench::{Bench, peer};
use crate::race::{Answer, Ran, timed};
use crate::town::{Town, scope};

const SETTLEMENT: &str = r#"{"title": "Two brands", "eligibility": {
    "required_features": ["merchant:amber_bakery", "merchant:birch_bakery"],
    "states": ["CA", "IL", "NY", "OH", "WA"]}}"#;

/// How many features are tried in pairs.
const COMMON: usize = 12;

pub(crate) fn run(bench: &mut Bench) {
    let users = bench.size(1_000_000, 500);
    let town = Town::new(7, bench.size(10_000, 200), users);
    let settlement = parse_settlement(SETTLEMENT).expect("a good settlement");
    let ours = || {
        let (ms, rows) = timed(1, || {
            let found = reverse(&town.people, &settlement, scope());
            found.eligible.into_iter().collect::<Vec<u32>>()
        });
        Ran { ms, answer: Answer::Pairs(rows.into_iter().map(|user| (user, 0)).collect()) }
    };
    let expected = expected(&town, &settlement);
    assert!(!expected.is_empty(), "nothing matches");
    let first = ours().answer;
    assert_eq!(first, Answer::Pairs(expected.iter().map(|user| (*user, 0)).collect()));
    bench.note("users concerned", &json!(expected.len()));
    let rule = settlement.eligibility.simple().expect("a simple rule");
    let features: Vec<u32> = rule.required.iter().map(|key| town.feature_number(key)).collect();
    let options = json!({"threads": 2, "features": features, "mask": rule.states.mask()});
    bench.load(["duckdb", "duckdb"], &options, |columns| town.write_users(columns));
    let peers = [
        peer("DuckDB", &[("duckdb", "reverse")], Some(50.0)),
        peer("DuckDB sorted", &[("duckdb", "sorted")], None),
    ];
    bench.race("reverse", &peers, &ours);
    bench.note("worst of the most common features", &json!(format!("{:.3} ms", worst(&town))));
    bench.forget(&["duckdb"]);
}

/// The milliseconds of the slowest answer for two of the most common features and the five states
/// of [`SETTLEMENT`], each the fastest of a few.
fn worst(town: &Town) -> f64 {
    let common = town.common_features(COMMON);
    let pairs = common.iter().flat_map(|a| common.iter().map(move |b| (a, b)));
    let time = |(a, b): (&FeatureKey, &FeatureKey)| {
        let text = SETTLEMENT
            .replace("merchant:amber_bakery", &a.to_string())
            .replace("merchant:birch_bakery", &b.to_string());
        let settlement = parse_settlement(&text).expect("a good settlement");
        let times = (0..5).map(|_| timed(1, || reverse(&town.people, &settlement, scope())).0);
        times.fold(f64::INFINITY, f64::min)
    };
    pairs.filter(|(a, b)| a < b).map(time).fold(0.0, f64::max)
}

/// The users that the settlement concerns, one look at each.
fn expected(town: &Town, settlement: &Settlement) -> BTreeSet<u32> {
    let rule = settlement.eligibility.simple().expect("a simple rule");
    let lives = |bit: u64| rule.states.mask() & bit != 0;
    let users = (0_u32..).zip(town.state_bits()).filter(|(_, bit)| lives(**bit));
    users
        .map(|(user, _)| user)
        .filter(|user| rule.required.iter().all(|key| town.has(*user, key)))
        .collect()
}
