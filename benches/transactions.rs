//! Benchmarks of a person's ledger: looking at it, searching it, and finding what stands twice.
//!
//! Each answer is first compared with a plain way to it. `PAYME_BENCH_SMALL=1` takes few records,
//! so that the checks run within a second.
#![expect(clippy::expect_used, reason = "a benchmark that fails should say where")]

use std::collections::BTreeSet;
use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use jiff::Span;
use payme_core::evidence::ledger::{LedgerEntry, Query, SearchIndex, duplicates, view};
use payme_core::sync::{Record, Transaction};
use payme_core::types::{Date, Money, RecordId};

#[expect(dead_code, reason = "each target uses a part of the random numbers")]
#[path = "world/random.rs"]
mod random;

use random::{Purpose, Stream};

const SEED: u64 = 11;
const WORDS: [&str; 24] = [
    "amber", "bakery", "blue", "bottle", "cafe", "corner", "delta", "diner", "eats", "elm", "fuel",
    "golden", "harbor", "iron", "market", "metro", "noodles", "orchard", "parking", "pharmacy",
    "pizza", "shop", "transit", "trip",
];
const QUERIES: [&str; 5] =
    ["blue", "co", "\"blue bottle\"", "metro trip -cafe", "pa \"golden market\" -diner"];

/// Records of a feed and a file beside it: every second one is there twice.
fn records(count: usize) -> (Vec<Record>, usize) {
    let stream = &mut Stream::new(SEED, Purpose::User, 0);
    let mut records = Vec::with_capacity(count);
    let mut copies = 0;
    while records.len() < count {
        let words: Vec<&str> = (0..stream.between(2, 5)).map(|_| stream.pick(&WORDS)).collect();
        let name = format!("{} {}", words.join(" "), stream.below(10_000));
        let day = i64::try_from(stream.below(900)).expect("a day");
        let date = Date::constant(2023, 1, 1).checked_add(Span::new().days(day)).expect("a date");
        // No amount is there twice, so that the copies are known.
        let cents = i64::try_from(500 + records.len()).expect("an amount");
        let mut push = |has_own_id| {
            let id: RecordId = stream.uuid().parse().expect("a UUID");
            records.push(Record::Transaction(Transaction {
                id,
                date,
                amount: Some(Money::usd_cents(cents)),
                name: name.clone(),
                merchant_name: words.first().map(|word| (*word).to_owned()),
                category: None,
                pending: false,
                supersedes: None,
                recurring: false,
                account: Some("checking".to_owned()),
                minute: None,
                has_own_id,
                extra: None,
            }));
        };
        push(true);
        if cents % 3 == 0 {
            push(false);
            copies += 1;
        }
    }
    (records, copies)
}

fn ledger(c: &mut Criterion) {
    let mut group = c.benchmark_group("evidence/ledger");
    let (size, count) = match std::env::var_os("PAYME_BENCH_SMALL") {
        Some(_) => ("300", 300),
        None => ("10k", 10_000),
    };
    let (records, copies) = records(count);
    let entries = view(&records, []);
    assert_eq!(entries.len(), records.len());
    group.throughput(Throughput::Elements(entries.len() as u64));
    group.bench_function(BenchmarkId::new("view", size), |b| {
        b.iter(|| view(black_box(&records), []));
    });
    let index = SearchIndex::new(&entries);
    let queries = QUERIES.map(|text| Query::parse(text).expect("a query"));
    for query in &queries {
        check(&entries, &index, query);
    }
    group.bench_function(BenchmarkId::new("search/build", size), |b| {
        b.iter(|| SearchIndex::new(black_box(&entries)));
    });
    group.throughput(Throughput::Elements(queries.len() as u64));
    group.bench_function(BenchmarkId::new("search/index", size), |b| {
        b.iter(|| queries.iter().map(|query| index.search(black_box(query)).len()).sum::<usize>());
    });
    group.bench_function(BenchmarkId::new("search/scan", size), |b| {
        let found = |query| entries.iter().filter(|entry| Query::finds(query, entry)).count();
        b.iter(|| black_box(&queries).iter().map(found).sum::<usize>());
    });
    let found = duplicates(&entries);
    assert_eq!(found.len(), copies, "every copy is found, and nothing else");
    group.throughput(Throughput::Elements(entries.len() as u64));
    group.bench_function(BenchmarkId::new("duplicates", size), |b| {
        b.iter(|| duplicates(black_box(&entries)));
    });
    group.finish();
}

/// The index finds exactly what reading every entry finds.
fn check(entries: &[LedgerEntry], index: &SearchIndex, query: &Query) {
    let read = entries.iter().filter(|entry| query.finds(entry)).map(LedgerEntry::id);
    let read: BTreeSet<RecordId> = read.collect();
    let hits = index.search(query);
    let found: BTreeSet<RecordId> = hits.iter().map(|hit| hit.id).collect();
    assert!(!read.is_empty() || entries.len() < 1_000, "a query that finds nothing");
    assert_eq!((found, hits.len()), (read.clone(), read.len()));
    assert!(hits.is_sorted_by(|a, b| a.score >= b.score));
}

criterion_group!(benches, ledger);
criterion_main!(benches);
