//! Benchmarks of evidence: features out of mail, through the lexicon of a catalogue.
//!
//! `PAYME_BENCH_SMALL=1` takes little mail, so that the checks run within a second.
#![expect(clippy::expect_used, reason = "a benchmark that fails should say where")]

use std::collections::BTreeMap;
use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use payme_core::evidence::{Extraction, Lexicon, Reading, extract};

#[expect(dead_code, reason = "each target uses a part of the world")]
mod world;

use world::{Mail, World, WorldSpec};

fn lexicon(c: &mut Criterion) {
    let mut group = c.benchmark_group("evidence/extract");
    let (settlements, sizes): (usize, &[(&str, usize)]) =
        match std::env::var_os("PAYME_BENCH_SMALL") {
            Some(_) => (200, &[("200", 200)]),
            None => (1_000, &[("1k", 1_000), ("10k", 10_000)]),
        };
    let world = World::generate(WorldSpec::new(3, settlements, 0));
    let lexicon = Lexicon::for_catalog(&world.settlements).expect("a lexicon");
    let reading = Reading::of_lexicon(lexicon);
    for (name, messages) in sizes {
        let mail = world.mail(*messages);
        check(&mail, &extract(&mail.records, [], &reading));
        group.throughput(Throughput::Elements(*messages as u64));
        group.bench_function(BenchmarkId::new("lexicon", name), |b| {
            b.iter(|| extract(black_box(&mail.records), [], &reading));
        });
    }
    group.finish();
}

/// Every merchant is found in as many messages as name it, and nothing else is found.
fn check(mail: &Mail, extraction: &Extraction) {
    let found: BTreeMap<_, _> =
        extraction.features.iter().map(|feature| (feature.key.clone(), feature.count)).collect();
    assert!(!found.is_empty(), "no merchant was found");
    assert_eq!(found, mail.named);
}

criterion_group!(benches, lexicon);
criterion_main!(benches);
