//! The engine against a second, naive implementation of the baseline, over random worlds.
//!
//! The engine reads the files, compiles an index and counts over posting lists; `naive` loops
//! over the JSON text. Both have to give the same results, in the same order, with the same
//! reasons, and scores within 1e-12.
#![expect(clippy::expect_used, reason = "a test that fails should say where")]

use jiff::SignedDuration;
use payme_core::catalog::CatalogIndex;
use payme_core::matching::{MatchScope, SignalSet, Signals, Variant};
use payme_core::ranking::{MatchRequest, Weights, match_many};
use payme_core::types::Instant;
use serde_json::{Value, json};

#[path = "../benches/naive/mod.rs"]
mod naive;
#[expect(dead_code, reason = "each target uses a part of the world")]
#[path = "../benches/world/mod.rs"]
mod world;

use naive::{Question, WEIGHTS, answer, last_moment, same};
use world::random::{Purpose, Stream, Zipf, split_mix, zipf_weight};
use world::{NOW, World, WorldSpec};

/// 200 settlements and 50 users with few merchants, so that much is shared and scores tie.
fn crowded(seed: u64) -> World {
    World::generate(WorldSpec { merchants: 60, ..WorldSpec::new(seed, 200, 50) })
}

/// Compares the answers for every user, and gives the number of results and of near misses.
fn compare(world: &World, question: &Question<'_>) -> (usize, usize) {
    let mut weights = question.weights.into_iter();
    let request = MatchRequest {
        variant: Variant::parse(question.variant).expect("a variant"),
        weights: Weights::new(
            0,
            Signals::of_set(SignalSet::Baseline, |_| weights.next().expect("five weights")),
        ),
        scope: MatchScope {
            now: Instant::parse(question.now).expect("an instant"),
            include_closed: question.include_closed,
        },
        top_n: question.top_n,
        near_misses: question.near_misses,
    };
    let index = CatalogIndex::new(world.settlements.iter().cloned());
    let outcomes = match_many(&index, &world.users, &request);
    let settlements: Vec<Value> =
        serde_json::from_str(world.to_settlements_json()).expect("a JSON array");
    let lines: Vec<&str> = world.to_features_jsonl().lines().collect();
    assert_eq!(lines.len(), outcomes.len());
    for (line, outcome) in lines.iter().zip(&outcomes) {
        let user: Value = serde_json::from_str(line).expect("a JSON line");
        let expected = answer(&settlements, &user, question);
        let got = serde_json::to_value(outcome).expect("an outcome has a JSON form");
        assert_eq!(same(&expected, &got), Ok(()), "{question:?}, user {}", user["user_id"]);
    }
    let near = |list: &Option<Vec<_>>| list.as_ref().map_or(0, Vec::len);
    (
        outcomes.iter().map(|outcome| outcome.result_count).sum(),
        outcomes.iter().map(|outcome| near(&outcome.near_misses)).sum(),
    )
}

const QUESTION: Question<'static> = Question {
    variant: "rules_only",
    weights: WEIGHTS,
    now: NOW,
    include_closed: false,
    top_n: 20,
    near_misses: true,
};

const VARIANTS: [&str; 3] = ["rules_only", "rules_vector", "rules_vector_ranker"];

/// Ordinary, zero, negative, tied and huge weights.
const RANDOM_WEIGHTS: [[f64; 5]; 6] = [
    [0.3, 0.1, 0.25, 0.2, 0.15],
    [0.0, 0.0, 0.0, 0.0, 0.0],
    [0.5, -0.5, 0.4, -0.1, 0.7],
    [0.0, 0.0, 0.0, 0.5, 0.5],
    [12.5, 3.0, -0.75, 1e-3, 4.0],
    [1e-17, 0.2, 0.3333333333333333, 1e-300, 0.1],
];

#[test]
fn the_engine_gives_what_the_naive_implementation_gives() {
    for seed in 0..6 {
        let world = crowded(seed);
        for variant in VARIANTS {
            let (results, near) = compare(&world, &Question { variant, ..QUESTION });
            assert!(results > 100 && near > 500, "seed {seed}: {results} {near}");
        }
    }
}

#[test]
fn any_weights_give_the_same_order() {
    for (seed, weights) in (10..).zip(RANDOM_WEIGHTS) {
        compare(&crowded(seed), &Question { variant: VARIANTS[2], weights, ..QUESTION });
    }
}

#[test]
fn closed_settlements_and_short_lists_give_the_same() {
    for (seed, top_n) in (20..).zip([0, 1, 5, 1_000, usize::MAX]) {
        for include_closed in [false, true] {
            let variant = VARIANTS[top_n % 3];
            let near_misses = top_n > 1;
            let question = Question { variant, include_closed, top_n, near_misses, ..QUESTION };
            compare(&crowded(seed), &question);
        }
    }
}

#[test]
fn a_deadline_counts_up_to_its_last_microsecond() {
    let world = World::generate(WorldSpec { merchants: 6, ..WorldSpec::new(30, 30, 5) });
    let rows: Vec<Value> = serde_json::from_str(world.to_settlements_json()).expect("a JSON array");
    let deadlines: Vec<_> = rows.iter().filter_map(|row| row["deadline"].as_str()).collect();
    assert!(deadlines.iter().any(|text| text.contains('[')) && deadlines.len() > 20);
    for last in deadlines.into_iter().map(last_moment) {
        let [before, after] = [-1, 1].map(|micros| last + SignedDuration::from_micros(micros));
        for now in [before, last, after].map(|moment| moment.to_string()) {
            compare(&world, &Question { variant: VARIANTS[1], now: &now, ..QUESTION });
        }
    }
}

#[test]
fn a_far_moment_gives_the_same() {
    for now in ["1969-12-31T23:59:59Z", "2026-03-09T06:59:59.9Z", "2027-06-01T00:00:00+02:00"] {
        compare(&crowded(31), &Question { variant: VARIANTS[1], now, ..QUESTION });
    }
}

#[test]
fn a_difference_is_seen() {
    let near = json!({"a": [1.0, "x"], "b": null});
    let table = [
        (json!({"a": [1.0 + 1e-13, "x"], "b": null}), None),
        (json!({"a": [1.0 + 1e-11, "x"], "b": null}), Some("$.a[0]")),
        (json!({"a": ["x", 1.0], "b": null}), Some("$.a[0]")),
        (json!({"a": [1.0], "b": null}), Some("$.a")),
        (json!({"a": [1.0, "x"]}), Some("$")),
        (json!({"a": [1.0, "x"], "b": null, "c": 1}), Some("$")),
        (json!({"a": [1.0, "x"], "b": false}), Some("$.b")),
    ];
    for (other, path) in table {
        let got = same(&near, &other).err();
        assert_eq!(got.as_deref().and_then(|text| text.split(": ").next()), path, "{other}");
    }
}

/// The 64-bit FNV-1a hash of the text.
fn fnv1a(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[test]
fn a_world_has_the_same_bytes_on_every_machine() {
    let world = World::generate(WorldSpec::new(1, 500, 100));
    let sums = [world.to_settlements_json(), world.to_features_jsonl()].map(fnv1a);
    assert_eq!(sums, [0xcb70_0640_86db_fc5a, 0x7945_151d_bda1_331a], "{sums:#x?}");
}

#[test]
fn a_world_has_the_shares_it_states() {
    let world = World::generate(WorldSpec::new(5, 4_000, 400));
    let share = |part: usize, whole: usize| 1_000 * part / whole;
    let settlements: Vec<Value> =
        serde_json::from_str(world.to_settlements_json()).expect("a JSON array");
    let settlement_share = |test: &dyn Fn(&Value) -> bool| {
        share(settlements.iter().filter(|one| test(one)).count(), settlements.len())
    };
    let requires = |n: usize| {
        move |one: &Value| {
            one["eligibility"]["required_features"].as_array().is_some_and(|keys| keys.len() == n)
        }
    };
    let every_state = |one: &Value| one["eligibility"]["states"] == json!([]);
    let is_zoned = |one: &Value| one["deadline"].as_str().is_some_and(|text| text.contains('['));
    #[rustfmt::skip]
    let table = [
        ("requires 0",    settlement_share(&requires(0)),                             40),
        ("requires 1",    settlement_share(&requires(1)),                            600),
        ("requires 2",    settlement_share(&requires(2)),                            260),
        ("requires 3",    settlement_share(&requires(3)),                            100),
        ("every state",   settlement_share(&every_state),                            600),
        ("open",          settlement_share(&|one| one["status"] == "open"),          920),
        ("a deadline",    settlement_share(&|one| !one["deadline"].is_null()),       900),
        ("a zone",        settlement_share(&is_zoned),                               225),
        ("no payout",     settlement_share(&|one| one["payout_max_cents"].is_null()), 150),
        ("payout 0",      settlement_share(&|one| one["payout_max_cents"] == 0),      50),
        ("a claim link",  settlement_share(&|one| !one["claim_url"].is_null()),      850),
        ("user's state",  share(world.users.iter().filter(|user| user.person().state.is_some()).count(), 400), 940),
    ];
    for (name, got, expected) in table {
        assert!(got.abs_diff(expected) <= 30, "{name}: {got} per mille, not {expected}");
    }
    for user in &world.users {
        assert!((5..=60).contains(&user.features().len()), "{}", user.features().len());
    }
}

#[test]
fn the_generators_give_the_published_numbers() {
    // SplitMix64 of seed 1234567, and the first outputs of xoshiro256** from state 1, 2, 3, 4.
    let mut state = 1_234_567;
    let got = [(); 3].map(|()| split_mix(&mut state));
    assert_eq!(got, [6457827717110365317, 3203168211198807973, 9817491932198370423]);
    let mut stream = Stream::from_state([1, 2, 3, 4]);
    let got = [(); 4].map(|()| stream.next());
    assert_eq!(got, [11520, 0, 1509978240, 1215971899390074240]);
}

#[test]
fn the_zipf_weights_fall_as_the_power_says() {
    // 2^-1.046875, 1000^-1.046875 and 65536^-1.046875, from a calculator.
    for (rank, expected) in [(1, 1.0), (2, 0.4840154), (1000, 0.000723394), (65536, 9.07293e-6)] {
        #[expect(clippy::cast_precision_loss, reason = "compared to six digits")]
        let got = zipf_weight(rank) as f64 / (1_u64 << 48) as f64;
        assert!((got / expected - 1.0).abs() < 2e-6, "{rank}: {got}");
    }
}

#[test]
fn draws_stay_in_range_and_reach_both_ends() {
    let mut stream = Stream::new(7, Purpose::User, 0);
    let zipf = Zipf::new(3);
    let mut seen = [[0; 3]; 2];
    for _ in 0..3_000 {
        seen[0][zipf.draw(&mut stream)] += 1;
        seen[1][stream.between(5, 7) - 5] += 1;
    }
    assert!(seen[0].is_sorted_by(|a, b| a > b) && seen[0][2] > 0, "{seen:?}");
    assert!(seen[1].iter().all(|n| (800..1_200).contains(n)), "{seen:?}");
}
