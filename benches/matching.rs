//! Benchmarks of matching: one user against a catalogue, and many users against one.
//!
//! Each checks the answer before it is timed: the baseline against the naive second
//! implementation, the evidence set against the candidates of the baseline and its own sums.
//! `PAYME_BENCH_SMALL=1` takes small worlds, so that the checks run within seconds.
#![expect(clippy::expect_used, reason = "a benchmark that fails should say where")]

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use payme_core::catalog::CatalogIndex;
use payme_core::evidence::UserFeatures;
use payme_core::matching::{MatchScope, Matcher, SignalSet, Variant};
use payme_core::ranking::{
    MatchOutcome, MatchRequest, TOP_N_DEFAULT, Weights, match_many, match_user,
};
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
        for (id, request) in timed() {
            let mut users = world.users.iter().cycle();
            group.bench_function(BenchmarkId::new(id, name), |b| {
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
    for (id, request) in timed() {
        group.bench_function(BenchmarkId::new(id, name), |b| {
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

/// What is timed: the variants of the baseline by their names, and the ranker of the evidence set.
fn timed() -> Vec<(&'static str, MatchRequest)> {
    let baseline = |variant: Variant| (variant.as_str(), request(SignalSet::Baseline, variant));
    let mut timed: Vec<_> = Variant::ALL.into_iter().map(baseline).collect();
    timed.push(("evidence_ranker", request(SignalSet::Evidence, Variant::RulesVectorRanker)));
    timed
}

fn request(set: SignalSet, variant: Variant) -> MatchRequest {
    let now = Instant::parse(NOW).expect("an instant");
    MatchRequest {
        variant,
        weights: Weights::of_set(set),
        scope: MatchScope { now, include_closed: false },
        top_n: TOP_N_DEFAULT,
        near_misses: false,
    }
}

/// Compares the answers for a few users with those of the naive implementation.
fn check(world: &World, index: &CatalogIndex) {
    let settlements: Vec<Value> =
        serde_json::from_str(world.to_settlements_json()).expect("a JSON array");
    let users = world.users.get(..CHECKED).expect("enough users");
    for variant in Variant::ALL {
        let question = Question {
            variant: variant.as_str(),
            weights: naive::WEIGHTS,
            now: NOW,
            include_closed: false,
            top_n: TOP_N_DEFAULT,
            near_misses: false,
        };
        let outcomes = match_many(index, users, &request(SignalSet::Baseline, variant));
        assert!(outcomes.iter().any(|outcome| outcome.result_count > 0), "nothing matches");
        for (line, outcome) in world.to_features_jsonl().lines().zip(&outcomes) {
            let user: Value = serde_json::from_str(line).expect("a JSON line");
            let got = serde_json::to_value(outcome).expect("an outcome has a JSON form");
            let expected = answer(&settlements, &user, &question);
            assert_eq!(same(&expected, &got), Ok(()), "{variant}, user {}", user["user_id"]);
        }
        check_evidence(index, users, variant, &outcomes);
    }
}

/// Both sets find the same candidates, and every score of the evidence set is its sum.
fn check_evidence(
    index: &CatalogIndex,
    users: &[UserFeatures],
    variant: Variant,
    baseline: &[MatchOutcome],
) {
    let outcomes = match_many(index, users, &request(SignalSet::Evidence, variant));
    for (outcome, baseline) in outcomes.iter().zip(baseline) {
        assert_eq!(outcome.candidate_count, baseline.candidate_count);
        assert!(outcome.results.is_sorted_by(|a, b| a.score >= b.score));
        for result in &outcome.results {
            let parts = result.reasons.contributions.iter().flatten();
            let sum: f64 = parts.map(|part| part.contribution).sum();
            assert!((sum.clamp(0.0, 1.0) - result.score).abs() < 1e-12, "{result:?}");
        }
    }
}

criterion_group!(benches, one_user, many_users);
criterion_main!(benches);
