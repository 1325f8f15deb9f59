//! Benchmarks of matching: one user against a catalogue, and many users against one.
//!
//! Each checks the answer against the naive second implementation before it is timed.
//! `PAYME_BENCH_SMALL=1` takes small worlds, so that the checks run within seconds.
#![expect(clippy::expect_used, reason = "a benchmark that fails should say where")]

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use payme_core::catalog::CatalogIndex;
use payme_core::matching::{MatchScope, Matcher, Variant};
use payme_core::ranking::{MatchRequest, TOP_N_DEFAULT, Weights, match_many, match_user};
use payme_core::types::Instant;
use serde_json::Value;

mod naive;
#[expect(dead_code, reason = "each target uses a part of the world")]
mod world;

use naive::{Question, answer, same};
use world::{NOW, World, WorldSpec};

/// Users of the benchmark for one user. They take turns, so that no lucky one stands for all.
const TURNS: usize = 64;

/// Users whose answers are checked.
const CHECKED: usize = 5;

fn one_user(c: &mut Criterion) {
    let mut group = c.benchmark_group("matching/one_user");
    group.measurement_time(Duration::from_secs(8));
    for (name, settlements) in sizes(&[("1k", 1_000), ("10k", 10_000), ("100k", 100_000)]) {
        let world = World::generate(WorldSpec::new(1, settlements, TURNS));
        let index = CatalogIndex::new(world.settlements.iter().cloned());
        check(&world, &index);
        let mut matcher = Matcher::new(&index);
        for variant in Variant::ALL {
            let request = request(variant);
            let mut users = world.users.iter().cycle();
            group.bench_function(BenchmarkId::new(variant.as_str(), name), |b| {
                b.iter(|| {
                    let user = users.next().expect("a cycle has no end");
                    match_user(&mut matcher, black_box(user), &request)
                });
            });
        }
    }
    group.finish();
}

fn many_users(c: &mut Criterion) {
    let (name, settlements, users) =
        if is_small() { ("50x200", 200, 50) } else { ("10kx10k", 10_000, 10_000) };
    let world = World::generate(WorldSpec::new(2, settlements, users));
    let index = CatalogIndex::new(world.settlements.iter().cloned());
    check(&world, &index);
    let mut group = c.benchmark_group("matching/many_users");
    group.sample_size(10).measurement_time(Duration::from_secs(12));
    group.throughput(Throughput::Elements(users as u64));
    for variant in Variant::ALL {
        let request = request(variant);
        group.bench_function(BenchmarkId::new(variant.as_str(), name), |b| {
            b.iter(|| match_many(&index, black_box(&world.users), &request));
        });
    }
    group.finish();
}

fn is_small() -> bool {
    std::env::var_os("PAYME_BENCH_SMALL").is_some()
}

fn sizes(full: &[(&'static str, usize)]) -> Vec<(&'static str, usize)> {
    if is_small() { vec![("200", 200)] } else { full.to_vec() }
}

fn request(variant: Variant) -> MatchRequest {
    let now = Instant::parse(NOW).expect("an instant");
    MatchRequest {
        variant,
        weights: Weights::default(),
        scope: MatchScope { now, include_closed: false },
        top_n: TOP_N_DEFAULT,
        near_misses: false,
    }
}

/// Compares the answers for a few users with those of the naive implementation.
fn check(world: &World, index: &CatalogIndex) {
    let settlements: Vec<Value> =
        serde_json::from_str(world.to_settlements_json()).expect("a JSON array");
    for variant in Variant::ALL {
        let question = Question {
            variant: variant.as_str(),
            weights: naive::WEIGHTS,
            now: NOW,
            include_closed: false,
            top_n: TOP_N_DEFAULT,
            near_misses: false,
        };
        let users = world.users.get(..CHECKED).expect("enough users");
        let outcomes = match_many(index, users, &request(variant));
        assert!(outcomes.iter().any(|outcome| outcome.result_count > 0), "nothing matches");
        for (line, outcome) in world.to_features_jsonl().lines().zip(&outcomes) {
            let user: Value = serde_json::from_str(line).expect("a JSON line");
            let got = serde_json::to_value(outcome).expect("an outcome has a JSON form");
            let expected = answer(&settlements, &user, &question);
            assert_eq!(same(&expected, &got), Ok(()), "{variant}, user {}", user["user_id"]);
        }
    }
}

criterion_group!(benches, one_user, many_users);
criterion_main!(benches);
