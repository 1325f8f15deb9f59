//! The best 20 vectors of those that pass a filter, for one user after the other, on one thread.

use payme_core::vectors::{VectorMatrix, top_filtered};
use serde_json::json;

use crate::bench::{Bench, Peer, Place};
use crate::dots::Dots;
use crate::race::{Answer, Ran, timed};
use crate::world::vectors::{DIMENSIONS, Vectors};

const K: usize = 20;

/// One in so many rows passes.
const BUCKETS: u32 = 50;

/// The bucket that passes.
const BUCKET: u32 = 7;

pub(crate) fn run(bench: &mut Bench) {
    let (rows, users) = (bench.size(100_000, 3_000), bench.size(64, 8));
    let vectors = Vectors::Settlements.clustered(4, rows);
    let queries = Vectors::Users.clustered(4, users);
    let buckets: Vec<u32> = (0..BUCKETS).cycle().take(rows).collect();
    let listed: Vec<u32> =
        (0..).zip(&buckets).filter(|(_, bucket)| **bucket == BUCKET).map(|(row, _)| row).collect();
    let matrix = VectorMatrix::new(DIMENSIONS, vectors.clone()).expect("finite numbers");
    let dots = Dots::new(&vectors, &queries);
    let ours = || {
        let each = || queries.chunks_exact(DIMENSIONS);
        let (ms, hits) = timed(users, || {
            each().map(|query| top_filtered(&matrix, query, &listed, K)).collect::<Vec<_>>()
        });
        Ran { ms, answer: Answer::best(hits) }
    };
    assert_eq!(dots.are_best(&ours().answer, K, Some(&listed)), Ok(()));
    let options = json!({
        "dimension": DIMENSIONS, "k": K, "bucket": BUCKET,
        "m": 16, "ef_construction": 64, "ef_search": 100,
    });
    bench.load(["pgvector", "pgvector"], &options, |columns| {
        columns.write("vectors", &vectors);
        columns.write("queries", &queries);
        columns.write("bucket", &buckets);
    });
    bench.load(["faiss", "faiss"], &options, |columns| {
        columns.write("vectors", &vectors);
        columns.write("queries", &queries);
        columns.write("selected", &listed);
    });
    if let Some(found) = bench.run(&Place::There(&[("pgvector", "hnsw")])) {
        let recall = Dots::recall(&ours().answer, &found.answer);
        bench.note("recall of pgvector HNSW", &json!(recall));
    }
    let exact = |theirs: &Answer, _: &Answer| dots.are_best(theirs, K, Some(&listed));
    // Approximate answers are noted above, not compared.
    let approximate = |_: &Answer, _: &Answer| Ok(());
    let peers = [
        Peer {
            label: "pgvector exact",
            target: Some(100.0),
            place: Place::There(&[("pgvector", "exact")]),
            same: &exact,
        },
        Peer {
            label: "pgvector indexed",
            target: None,
            place: Place::There(&[("pgvector", "indexed")]),
            same: &exact,
        },
        Peer {
            label: "pgvector HNSW",
            target: Some(100.0),
            place: Place::There(&[("pgvector", "hnsw")]),
            same: &approximate,
        },
        Peer {
            label: "faiss bitmap",
            target: Some(3.0),
            place: Place::There(&[("faiss", "each_bitmap")]),
            same: &exact,
        },
        Peer {
            label: "faiss list",
            target: None,
            place: Place::There(&[("faiss", "each_list")]),
            same: &exact,
        },
    ];
    bench.race("filtered", &peers, &ours);
    bench.forget(&["pgvector", "faiss"]);
}
