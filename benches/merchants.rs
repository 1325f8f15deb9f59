//! Benchmarks of merchant names: the trigram index, and descriptors that are resolved with it.
//!
//! The names are made up, as `benches/accuracy/campaigns/descriptors.rs` says. The index is checked
//! against comparing with every name, and resolutions against the brands behind the descriptors,
//! before any is timed. `naive` compares with every name in turn, whose trigrams are ready.
//! `PAYME_BENCH_SMALL=1` takes few names, so that the checks run within seconds.
#![expect(clippy::expect_used, reason = "a benchmark that fails should say where")]

#[expect(dead_code, reason = "each target uses a part of the descriptors")]
#[path = "accuracy/campaigns/descriptors.rs"]
mod descriptors;
#[path = "world/names.rs"]
mod names;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use descriptors::{Dice, garbled, made_up_brands, spoilt};
use names::varied_name;
use payme_core::evidence::{LearnedAliases, Merchant, MerchantDirectory};
use payme_core::text::{TrigramIndex, Trigrams};

/// How many names are asked for, and above which similarity.
const TOP: usize = 5;
const ABOVE: f32 = 0.3;
/// Questions that take turns.
const QUERIES: usize = 200;
/// How many of them are checked in full.
const CHECKED: usize = 20;

fn is_small() -> bool {
    std::env::var_os("PAYME_BENCH_SMALL").is_some()
}

/// Names with the questions to them.
fn questions() -> (Vec<String>, Vec<String>, &'static str) {
    let (count, size) = if is_small() { (2_000, "2k") } else { (100_000, "100k") };
    let mut dice = Dice(3);
    let names: Vec<String> = (0..count).map(|_| varied_name(&mut dice)).collect();
    let question = |_| {
        let name = &names[dice.below(count)];
        spoilt(&mut dice, name)
    };
    let queries = (0..QUERIES).map(question).collect();
    (names, queries, size)
}

/// The best names by comparing with each.
fn naive(names: &[Trigrams], query: &Trigrams) -> Vec<(u32, u32)> {
    let each = (0_u32..).zip(names).map(|(number, name)| (name.similarity(query), number));
    let mut all: Vec<(f32, u32)> = each.filter(|(similarity, _)| *similarity > ABOVE).collect();
    all.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    all.into_iter().take(TOP).map(|(similarity, number)| (number, similarity.to_bits())).collect()
}

fn trigrams(c: &mut Criterion) {
    let (names, queries, size) = questions();
    let index = TrigramIndex::new(&names);
    let ready: Vec<Trigrams> = names.iter().map(|name| Trigrams::of(name)).collect();
    for query in queries.iter().take(CHECKED) {
        let found = index.top(query, TOP, ABOVE).into_iter();
        let found: Vec<_> = found.map(|hit| (hit.number, hit.similarity.to_bits())).collect();
        assert_eq!(found, naive(&ready, &Trigrams::of(query)), "{query}");
    }
    let mut group = c.benchmark_group("text/top5");
    let mut turns = queries.iter().cycle();
    group.bench_function(BenchmarkId::new("index", size), |b| {
        b.iter(|| index.top(black_box(turns.next().expect("no end")), TOP, ABOVE));
    });
    group.sample_size(10);
    group.bench_function(BenchmarkId::new("naive", size), |b| {
        b.iter(|| naive(&ready, &Trigrams::of(turns.next().expect("no end"))));
    });
    group.finish();
    let mut group = c.benchmark_group("text/build");
    group.sample_size(20);
    group.throughput(Throughput::Elements(names.len() as u64));
    group.bench_function(BenchmarkId::new("index", size), |b| {
        b.iter(|| TrigramIndex::new(black_box(&names)));
    });
    group.finish();
}

fn resolve(c: &mut Criterion) {
    let (count, size) = if is_small() { (500, "500") } else { (5_000, "5k") };
    let brands = made_up_brands(count);
    let merchants: Vec<Merchant> = brands
        .iter()
        .map(|brand| Merchant { name: brand.name.clone(), aliases: brand.aliases.clone() })
        .collect();
    let build = || MerchantDirectory::new(merchants.iter().cloned(), LearnedAliases::default());
    let directory = build().expect("names with a key");
    let mut dice = Dice(5);
    let descriptors: Vec<(String, &str)> = (0..QUERIES)
        .map(|_| {
            let name = &brands[dice.below(count)].name;
            (garbled(&mut dice, name), name.as_str())
        })
        .collect();
    let right = descriptors.iter().filter(|(descriptor, name)| {
        let resolution = directory.resolve(descriptor);
        resolution.resolved().is_some_and(|resolved| resolved.merchant == *name)
    });
    assert!(right.count() * 10 > QUERIES * 8, "too few descriptors are resolved");
    let mut group = c.benchmark_group("evidence/resolve");
    let mut turns = descriptors.iter().cycle();
    group.bench_function(BenchmarkId::new("garbled", size), |b| {
        b.iter(|| directory.resolve(black_box(&turns.next().expect("no end").0)));
    });
    group.bench_function(BenchmarkId::new("clean", size), |b| {
        b.iter(|| directory.rules().clean(black_box(&turns.next().expect("no end").0)));
    });
    group.sample_size(10);
    group.bench_function(BenchmarkId::new("build", size), |b| b.iter(build));
    group.finish();
}

criterion_group!(benches, trigrams, resolve);
criterion_main!(benches);
