//! Benchmarks of recurring charges and of anomalies: whole histories of made-up people.
//!
//! `PAYME_BENCH_SMALL=1` takes few people, so that the checks run within a second.
#![expect(clippy::expect_used, reason = "a benchmark that fails should say where")]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use payme_core::evidence::anomaly::{Purchase, anomalies};
use payme_core::evidence::recurring::{Charge, streams};

#[path = "world/charges.rs"]
mod charges;
#[expect(dead_code, reason = "each target uses a part of the world")]
mod world;

use charges::{Buyer, PURCHASES, STREAMS, buyers};

/// The sizes: a name and a number of people with a thousand purchases each.
fn sizes() -> &'static [(&'static str, usize)] {
    match std::env::var_os("PAYME_BENCH_SMALL") {
        Some(_) => &[("2k", 2)],
        None => &[("10k", 10), ("100k", 100), ("1M", 1_000)],
    }
}

fn recurring(c: &mut Criterion) {
    let mut group = c.benchmark_group("evidence/recurring");
    group.sample_size(10);
    for (name, count) in sizes() {
        let people = buyers(*count);
        let charges: Vec<Vec<Charge<'_>>> = people.iter().map(Buyer::charges).collect();
        for own in &charges {
            let found = streams(own);
            let regular = |merchant: &str| !merchant.starts_with("shop");
            let found = found.iter().filter(|one| regular(one.merchant())).count();
            assert_eq!(found, STREAMS, "every stream is found");
        }
        group.throughput(Throughput::Elements((count * PURCHASES) as u64));
        group.bench_function(BenchmarkId::new("streams", name), |b| {
            b.iter(|| black_box(&charges).iter().map(|own| streams(own).len()).sum::<usize>());
        });
    }
    group.finish();
}

fn anomaly(c: &mut Criterion) {
    let mut group = c.benchmark_group("evidence/anomaly");
    group.sample_size(10);
    for (name, count) in sizes() {
        let people = buyers(*count);
        let purchases: Vec<Vec<Purchase<'_>>> = people.iter().map(Buyer::purchases).collect();
        for (own, buyer) in purchases.iter().zip(&people) {
            let found = anomalies(own);
            assert_eq!(found.len(), PURCHASES);
            let is_car = |record| record == buyer.largest();
            assert!(found.iter().any(|one| is_car(one.record) && one.is_indexed()), "the car");
        }
        group.throughput(Throughput::Elements((count * PURCHASES) as u64));
        group.bench_function(BenchmarkId::new("scores", name), |b| {
            b.iter(|| black_box(&purchases).iter().map(|own| anomalies(own).len()).sum::<usize>());
        });
    }
    group.finish();
}

criterion_group!(benches, recurring, anomaly);
criterion_main!(benches);
