//! Benchmarks of the catalogue: compiling settlements into an index, and loading one from a file.
//!
//! `PAYME_BENCH_SMALL=1` takes a small catalogue, so that the checks run within a second.
#![expect(clippy::expect_used, reason = "a file that cannot be written ends the benchmark")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use payme_adapters::snapshot::{SnapshotFileError, map_snapshot, read_snapshot, write_snapshot};
use payme_core::catalog::CatalogIndex;
use payme_core::vectors::Embedder;

#[expect(dead_code, reason = "each target uses a part of the world")]
mod world;

use world::{World, WorldSpec};

fn compile(c: &mut Criterion) {
    let mut group = c.benchmark_group("catalog/compile");
    group.sample_size(20).measurement_time(Duration::from_secs(12));
    for (name, settlements) in sizes() {
        let world = World::generate(WorldSpec::new(1, *settlements, 0));
        check(&world, &CatalogIndex::new(world.settlements.iter().cloned()));
        group.throughput(Throughput::Elements(*settlements as u64));
        group.bench_function(BenchmarkId::new("all", name), |b| {
            b.iter_batched(|| world.settlements.clone(), CatalogIndex::new, BatchSize::LargeInput);
        });
    }
    group.finish();
}

fn sizes() -> &'static [(&'static str, usize)] {
    match std::env::var_os("PAYME_BENCH_SMALL") {
        Some(_) => &[("200", 200)],
        None => &[("1k", 1_000), ("10k", 10_000), ("100k", 100_000)],
    }
}

/// From a file that was just written, so that the disk is not what is timed.
fn load_snapshot(c: &mut Criterion) {
    let mut group = c.benchmark_group("index/load_snapshot");
    group.sample_size(20).measurement_time(Duration::from_secs(8));
    let folder = tempfile::tempdir().expect("a folder for the snapshots");
    for (name, settlements) in sizes() {
        let world = World::generate(WorldSpec::new(1, *settlements, 0));
        let index = CatalogIndex::new(world.settlements.iter().cloned());
        let path = folder.path().join(name);
        write_snapshot(&path, &index).expect("a snapshot");
        group.throughput(Throughput::Elements(*settlements as u64));
        for (variant, load) in [("mapped", map_snapshot as Load), ("read", read_snapshot)] {
            let load = || load(&path, index.embedder().clone()).expect("an index");
            let loaded = load();
            assert!(loaded.settlements().eq(index.settlements()));
            check(&world, &loaded);
            group.bench_function(BenchmarkId::new(variant, name), |b| {
                b.iter_with_large_drop(load);
            });
        }
    }
    group.finish();
}

type Load = fn(&Path, Arc<dyn Embedder>) -> Result<CatalogIndex, SnapshotFileError>;

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

criterion_group!(benches, compile, load_snapshot);
criterion_main!(benches);
