//! Benchmarks of vectors: scans of a matrix of 384 numbers a row, and texts becoming vectors.
//!
//! Scans are checked against scores in double precision, the certified and filtered ones against
//! the exact one to the last bit, before any is timed. `scan/read` reads the bytes that
//! `scan/exact` reads and adds them up as whole numbers: no scan can be much faster than memory.
//! `PAYME_BENCH_SMALL=1` takes small matrices, so that the checks run within seconds.
#![expect(clippy::expect_used, reason = "a benchmark that fails should say where")]

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use payme_core::vectors::{
    Embedder, HASHED_NGRAMS_DIMENSION, HashedNgrams, Hit, VectorMatrix, normalise, top_certified,
    top_exact, top_filtered,
};

#[expect(dead_code, reason = "each target uses a part of the world")]
mod world;

use world::random::Stream;

const DIMENSION: usize = HASHED_NGRAMS_DIMENSION;
/// How many rows are asked for.
const TOP: usize = 20;
/// Queries that take turns; every one is checked.
const QUERIES: usize = 200;
/// Rows of one cluster, on average; a small matrix has smaller clusters.
const ROWS_PER_CENTRE: usize = 200;
const CENTRES_MIN: usize = 80;
/// One in so many rows is named in the list of a filtered scan.
const LISTED_ONE_IN: usize = 50;

/// What settlements are about. A third of the words of a text come from here.
const MATTERS: [&str; 48] = [
    "data",
    "breach",
    "overdraft",
    "fees",
    "automatic",
    "renewal",
    "subscription",
    "refund",
    "mislabeled",
    "organic",
    "natural",
    "advertising",
    "robocalls",
    "text",
    "messages",
    "privacy",
    "tracking",
    "biometric",
    "fingerprint",
    "wages",
    "overtime",
    "delivery",
    "driver",
    "vehicle",
    "engine",
    "recall",
    "warranty",
    "repair",
    "airline",
    "ticket",
    "cancellation",
    "hotel",
    "resort",
    "insurance",
    "policy",
    "loan",
    "interest",
    "credit",
    "card",
    "pharmacy",
    "generic",
    "antitrust",
    "price",
    "fixing",
    "printer",
    "cartridge",
    "battery",
    "tuition",
];
/// What names are made of.
const SYLLABLES: [&str; 24] = [
    "ka", "ro", "mi", "ten", "sol", "bar", "ve", "lun", "dro", "pix", "gran", "ste", "or", "al",
    "mon", "cy", "fer", "ju", "wick", "hal", "ber", "ton", "qui", "za",
];
/// How many names there are; low numbers are the popular ones.
const NAMES: usize = 2_000;

/// A matrix and questions to it.
struct Bench {
    matrix: VectorMatrix,
    queries: Vec<Vec<f32>>,
}

impl Bench {
    fn of(rows: usize, mut vector: impl FnMut() -> Vec<f32>) -> Self {
        let made = (0..rows).map(|_| vector());
        let matrix = VectorMatrix::from_rows(DIMENSION, made).expect("finite rows");
        Self { matrix, queries: (0..QUERIES).map(|_| vector()).collect() }
    }

    /// Rows of length 1 around random centres; two of one cluster have a cosine of about 0.9.
    fn clustered(rows: usize) -> Self {
        let stream = &mut Stream::from_state([1, 2, 3, 4]);
        let centres = (rows / ROWS_PER_CENTRE).max(CENTRES_MIN);
        let centres: Vec<Vec<f32>> = (0..centres).map(|_| direction(stream)).collect();
        Self::of(rows, || {
            let centre = &centres[stream.below(centres.len())];
            let noise = direction(stream);
            let mut row: Vec<f32> = centre.iter().zip(noise).map(|(c, n)| c + 0.33 * n).collect();
            normalise(&mut row);
            row
        })
    }

    /// Texts of 6 to 19 words through the default embedder.
    fn text(rows: usize) -> Self {
        let stream = &mut Stream::from_state([5, 6, 7, 8]);
        let embedder = HashedNgrams::default();
        Self::of(rows, || {
            let mut row = vec![0.0; DIMENSION];
            embedder.embed(&text(stream), &mut row);
            row
        })
    }

    /// The exact answers have the right scores in the right order, the certified ones are the
    /// same, and hardly any falls back.
    fn check(&self) {
        let mut fell_back = 0;
        for query in &self.queries {
            let exact = top_exact(&self.matrix, query, TOP).expect("a good query");
            let (hits, certificate) = top_certified(&self.matrix, query, TOP).expect("the same");
            assert_eq!(bits(&hits), bits(&exact));
            fell_back += usize::from(certificate.fell_back);
        }
        assert!(fell_back * 20 < QUERIES, "{fell_back} of {QUERIES} fell back");
        for query in self.queries.iter().take(3) {
            let mut scores: Vec<f64> = self
                .matrix
                .parts()
                .values
                .chunks(DIMENSION)
                .map(|row| row.iter().zip(query).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum())
                .collect();
            let hits = top_exact(&self.matrix, query, TOP).expect("a good query");
            for hit in &hits {
                let score = scores[usize::try_from(hit.row).expect("a row")];
                assert!((f64::from(hit.score) - score).abs() < 1e-5, "{hit:?} {score}");
            }
            scores.sort_by(|a, b| b.total_cmp(a));
            for (hit, score) in hits.iter().zip(scores) {
                assert!((f64::from(hit.score) - score).abs() < 1e-5, "{hit:?} {score}");
            }
        }
    }

    /// Ascending lists of rows, with the answer among them checked.
    fn lists(&self) -> Vec<Vec<u32>> {
        let stream = &mut Stream::from_state([9, 10, 11, 12]);
        let rows = self.matrix.rows();
        let list = |_| {
            let mut list: Vec<u32> = (0..rows / LISTED_ONE_IN)
                .map(|_| u32::try_from(stream.below(rows)).expect("a row"))
                .collect();
            list.sort_unstable();
            list.dedup();
            list
        };
        let lists: Vec<Vec<u32>> = (0..20).map(list).collect();
        for (query, list) in self.queries.iter().zip(&lists) {
            let all = top_exact(&self.matrix, query, rows).expect("a good query");
            let mut among: Vec<Hit> = all;
            among.retain(|hit| list.binary_search(&hit.row).is_ok());
            among.truncate(TOP);
            let found = top_filtered(&self.matrix, query, list, TOP).expect("known rows");
            assert_eq!(bits(&found), bits(&among));
        }
        lists
    }
}

fn bits(hits: &[Hit]) -> Vec<(u32, u32)> {
    hits.iter().map(|hit| (hit.row, hit.score.to_bits())).collect()
}

/// A random direction: numbers that are nearly normal, each the sum of four uniform ones.
fn direction(stream: &mut Stream) -> Vec<f32> {
    let uniform = |word: u64, at: u32| f32::from(((word >> (16 * at)) & 0xff) as u8) - 127.5;
    let mut number = || {
        let word = stream.next();
        (0..4).map(|at| uniform(word, at)).sum()
    };
    let mut vector: Vec<f32> = (0..DIMENSION).map(|_| number()).collect();
    normalise(&mut vector);
    vector
}

fn text(stream: &mut Stream) -> String {
    let words: Vec<String> = (0..stream.between(6, 19))
        .map(|_| {
            if stream.percent(33) {
                return stream.pick(&MATTERS).to_owned();
            }
            let rank = stream.below(NAMES);
            name(stream.below(rank + 1))
        })
        .collect();
    words.join(" ")
}

/// The name of a number: always the same two to four syllables.
fn name(number: usize) -> String {
    let stream = &mut Stream::from_state([13, 14, 15, number as u64 + 1]);
    for _ in 0..8 {
        stream.next();
    }
    (0..stream.between(2, 4)).map(|_| stream.pick(&SYLLABLES)).collect()
}

fn scan(c: &mut Criterion) {
    let (rows, size, listed) =
        if is_small() { (4_000, "4k", "80_of_4k") } else { (100_000, "100k", "2k_of_100k") };
    let mut group = c.benchmark_group("vectors/scan");
    group.measurement_time(Duration::from_secs(6));
    let clustered = Bench::clustered(rows);
    clustered.check();
    let bytes = clustered.matrix.parts().values.as_bytes();
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function(BenchmarkId::new("read", size), |b| b.iter(|| read(black_box(bytes))));
    let mut queries = clustered.queries.iter().cycle();
    group.bench_function(BenchmarkId::new("exact", size), |b| {
        b.iter(|| top_exact(&clustered.matrix, next(&mut queries), TOP));
    });
    let text = Bench::text(rows);
    text.check();
    for (name, bench) in [("certified_clustered", &clustered), ("certified_text", &text)] {
        let mut queries = bench.queries.iter().cycle();
        group.bench_function(BenchmarkId::new(name, size), |b| {
            b.iter(|| top_certified(&bench.matrix, next(&mut queries), TOP));
        });
    }
    let lists = clustered.lists();
    let mut turns = lists.iter().cycle();
    group.throughput(Throughput::Elements(lists[0].len() as u64));
    group.bench_function(BenchmarkId::new("filtered", listed), |b| {
        b.iter(|| {
            let rows = turns.next().expect("a cycle has no end");
            top_filtered(&clustered.matrix, next(&mut queries), rows, TOP)
        });
    });
    group.finish();
}

/// The sum of all words of 64 bits.
fn read(bytes: &[u8]) -> u64 {
    let (words, _) = bytes.as_chunks::<8>();
    words.iter().fold(0, |sum, word| sum.wrapping_add(u64::from_le_bytes(*word)))
}

fn next<'a>(queries: &mut impl Iterator<Item = &'a Vec<f32>>) -> &'a [f32] {
    black_box(queries.next().expect("a cycle has no end"))
}

fn embed(c: &mut Criterion) {
    let (count, size) = if is_small() { (100, "100") } else { (1_000, "1k") };
    let stream = &mut Stream::from_state([5, 6, 7, 8]);
    let texts: Vec<String> = (0..count).map(|_| text(stream)).collect();
    let embedder = HashedNgrams::default();
    let mut vector = vec![0.0; DIMENSION];
    for text in &texts {
        embedder.embed(text, &mut vector);
        let squares: f64 = vector.iter().map(|x| f64::from(*x) * f64::from(*x)).sum();
        assert!((squares - 1.0).abs() < 1e-6, "{text}: {squares}");
    }
    let mut group = c.benchmark_group("vectors/embed");
    group.throughput(Throughput::Elements(texts.len() as u64));
    group.bench_function(BenchmarkId::new("hashed_ngrams", size), |b| {
        b.iter(|| {
            for text in &texts {
                embedder.embed(black_box(text), &mut vector);
                black_box(&vector);
            }
        });
    });
    group.finish();
}

fn is_small() -> bool {
    std::env::var_os("PAYME_BENCH_SMALL").is_some()
}

criterion_group!(benches, scan, embed);
criterion_main!(benches);
