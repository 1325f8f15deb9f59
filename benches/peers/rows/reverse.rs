//! Which of many users a settlement concerns that asks for two features and one of five states.

use std::collections::BTreeSet;

use payme_core::catalog::{Settlement, parse_settlement};
use payme_core::matching::reverse;
use serde_json::json;

use crate::bench::{Bench, peer};
use crate::race::{Answer, Ran, timed};
use crate::town::{Town, scope};

const SETTLEMENT: &str = r#"{"title": "Two brands", "eligibility": {
    "required_features": ["merchant:amber_bakery", "merchant:birch_bakery"],
    "states": ["CA", "IL", "NY", "OH", "WA"]}}"#;

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
    bench.forget(&["duckdb"]);
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
