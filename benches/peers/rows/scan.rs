//! The best 20 of all vectors for one user after the other, from every number, on one thread. One
//! of the peers only reads the same bytes: nothing that reads them all can be faster.

use payme_core::vectors::{VectorMatrix, top_exact};
use serde_json::json;

use crate::bench::{Bench, Peer, Place};
use crate::dots::Dots;
use crate::race::{Answer, Ran, timed};
use crate::world::vectors::{DIMENSIONS, Vectors};

const K: usize = 20;

pub(crate) fn run(bench: &mut Bench) {
    let (rows, users) = (bench.size(100_000, 3_000), bench.size(20, 4));
    let vectors = Vectors::Settlements.clustered(5, rows);
    let queries = Vectors::Users.clustered(5, users);
    let words = words(&vectors);
    let matrix = VectorMatrix::new(DIMENSIONS, vectors.clone()).expect("finite numbers");
    let dots = Dots::new(&vectors, &queries);
    let ours = || {
        let each = || queries.chunks_exact(DIMENSIONS);
        let (ms, hits) =
            timed(users, || each().map(|query| top_exact(&matrix, query, K)).collect::<Vec<_>>());
        Ran { ms, answer: Answer::best(hits) }
    };
    assert_eq!(dots.are_best(&ours().answer, K, None), Ok(()));
    let options = json!({"dimension": DIMENSIONS, "k": K});
    bench.load(["faiss", "faiss"], &options, |columns| {
        columns.write("vectors", &vectors);
        columns.write("queries", &queries);
    });
    let read = || {
        let sum = |words: &[u64]| words.iter().fold(0_u64, |sum, word| sum.wrapping_add(*word));
        let all = || (0..users).fold(0_u64, |all, _| all ^ sum(std::hint::black_box(&words)));
        let (ms, _) = timed(users, all);
        Ran { ms, answer: Answer::Nothing }
    };
    let peers = [
        Peer {
            label: "plain read",
            target: Some(0.8),
            place: Place::Here(&read),
            same: &|_, _| Ok(()),
        },
        Peer {
            label: "faiss flat",
            target: Some(1.0),
            place: Place::There(&[("faiss", "each")]),
            same: &|theirs, _| dots.are_best(theirs, K, None),
        },
    ];
    bench.race("scan", &peers, &ours);
    bench.forget(&["faiss"]);
}

/// The same bytes, eight at a time.
fn words(values: &[f32]) -> Vec<u64> {
    let word = |[low, high]: &[f32; 2]| u64::from(high.to_bits()) << 32 | u64::from(low.to_bits());
    values.as_chunks().0.iter().map(word).collect()
}
