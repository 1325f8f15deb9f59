//! Benchmarks of the catalogue: compiling settlements into an index.
//!
//! `PAYME_BENCH_SMALL=1` takes a small catalogue, so that the checks run within a second.

use std::time::Duration;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use payme_core::catalog::CatalogIndex;

#[expect(dead_code, reason = "each target uses a part of the world")]
mod world;

use world::{World, WorldSpec};

fn compile(c: &mut Criterion) {
    let mut group = c.benchmark_group("catalog/compile");
    group.sample_size(20).measurement_time(Duration::from_secs(12));
    let sizes: &[(&str, usize)] = match std::env::var_os("PAYME_BENCH_SMALL") {
        Some(_) => &[("200", 200)],
        None => &[("1k", 1_000), ("10k", 10_000), ("100k", 100_000)],
    };
    for (name, settlements) in sizes {
        let world = World::generate(WorldSpec::new(1, *settlements, 0));
        check(&world, &CatalogIndex::new(world.settlements.iter().cloned()));
        group.throughput(Throughput::Elements(*settlements as u64));
        group.bench_function(BenchmarkId::new("all", name), |b| {
            b.iter_batched(|| world.settlements.clone(), CatalogIndex::new, BatchSize::LargeInput);
        });
    }
    group.finish();
}

/// The posting lists hold each requirement once, and nothing else.
fn check(world: &World, index: &CatalogIndex) {
    assert_eq!(index.len(), world.settlements.len());
    assert!(index.settlements().is_sorted_by_key(|settlement| settlement.id));
    let mut postings = 0;
    for settlement in &world.settlements {
        let ix = index.find(settlement.id);
        let keys = settlement.eligibility.feature_keys();
        postings += keys.len();
        for key in keys {
            assert!(ix.is_some_and(|ix| index.seeking(key).any(|one| one == ix)), "{key}");
        }
    }
    let keys = world.settlements.iter().flat_map(|one| one.eligibility.feature_keys());
    let distinct: std::collections::BTreeSet<_> = keys.collect();
    let listed: usize = distinct.into_iter().map(|key| index.seeking(key).len()).sum();
    assert_eq!(listed, postings);
}

criterion_group!(benches, compile);
criterion_main!(benches);
