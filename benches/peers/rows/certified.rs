//! The best 20 of all vectors for one user after the other, from a first pass over a quantised
//! copy that proves what it leaves out, on one thread: over made-up clusters, and over the texts
//! of settlements, which have many close neighbours.

use payme_core::vectors::{VectorMatrix, top_certified, top_exact};
use serde_json::json;

use crate::bench::{Bench, Peer, Place};
use crate::dots::Dots;
use crate::race::{Answer, Ran, timed};
use crate::town::Town;
use crate::world::vectors::{DIMENSIONS, Vectors};

const K: usize = 20;

pub(crate) fn run(bench: &mut Bench) {
    let rows = bench.size(100_000, 3_000);
    // For the shares of what happens, and the first of them for the times.
    let (asked, timed) = (bench.size(200, 20), bench.size(20, 4));
    let clusters = Vectors::Settlements.clustered(6, rows);
    let queries = Vectors::Users.clustered(6, asked);
    one(bench, ["faiss, clusters", "clusters"], [&clusters, &queries], timed);
    let town = Town::new(6, rows, asked);
    let (texts, queries) = (town.settlement_vectors(), town.user_vectors(asked));
    one(bench, ["faiss, texts", "texts"], [&texts, &queries], timed);
}

fn one(
    bench: &mut Bench,
    [label, name]: [&'static str; 2],
    [vectors, queries]: [&[f32]; 2],
    timed_queries: usize,
) {
    let matrix = VectorMatrix::new(DIMENSIONS, vectors.to_vec()).expect("finite numbers");
    note_shares(bench, name, &matrix, queries);
    let queries = &queries[..timed_queries * DIMENSIONS];
    let dots = Dots::new(vectors, queries);
    let ours = || {
        let each = || queries.chunks_exact(DIMENSIONS);
        let (ms, hits) = timed(timed_queries, || {
            let hits = |query| Ok(top_certified(&matrix, query, K)?.0);
            each().map(hits).collect::<Vec<_>>()
        });
        Ran { ms, answer: Answer::best(hits) }
    };
    assert_eq!(dots.are_best(&ours().answer, K, None), Ok(()));
    bench.load([name, "faiss"], &json!({"dimension": DIMENSIONS, "k": K}), |columns| {
        columns.write("vectors", vectors);
        columns.write("queries", queries);
    });
    let peers = [Peer {
        label,
        target: Some(4.0),
        place: Place::There(&[(name, "each")]),
        same: &|theirs, _| dots.are_best(theirs, K, None),
    }];
    bench.race("certified", &peers, &ours);
    bench.forget(&[name]);
}

/// How often the first pass proved nothing, and how many rows were read in full, over all queries;
/// and that the answer is that of a full scan to the bit.
fn note_shares(bench: &mut Bench, name: &str, matrix: &VectorMatrix, queries: &[f32]) {
    let (mut fell_back, mut reranked, mut count) = (0, 0, 0);
    for query in queries.chunks_exact(DIMENSIONS) {
        let (hits, certificate) = top_certified(matrix, query, K).expect("finite numbers");
        assert_eq!(Ok(hits), top_exact(matrix, query, K));
        fell_back += u32::from(certificate.fell_back);
        reranked += certificate.reranked;
        count += 1;
    }
    let told =
        json!({"queries": count, "fell_back": fell_back, "mean_rows_read": reranked / count});
    bench.note(&format!("certified, {name}"), &told);
}
