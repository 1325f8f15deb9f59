//! The best 20 settlements of each user by the evidence signals, among them the cosine of two
//! embeddings, on one thread. The peers give the eligible pairs, and the best 20 of all settlements
//! by the embedding: each half of the work alone.

use std::sync::Mutex;

use payme_core::ranking::{TOP_N_DEFAULT, Weights, match_one};
use serde_json::json;

use super::top20::{Answers, load_pairs, request};
use crate::bench::{Bench, Place, peer};
use crate::dots::Dots;
use crate::race::{Answer, Ran, threads, timed};
use crate::town::{CHECKED, Town};
use crate::world::{self, WorldSpec};

pub(crate) fn run(bench: &mut Bench) {
    let (settlements, users) = (bench.size(10_000, 200), bench.size(20_000, 50));
    let town = Town::new(1, settlements, users);
    let pool = threads(1);
    let weights = Weights::default();
    let answers = Mutex::new(Answers::default());
    let find = || answers.lock().expect("one at a time").find(&town, &weights);
    find();
    let kept = answers.lock().expect("one at a time");
    check(&town, &weights, &WorldSpec::flat(1, settlements, users), &kept);
    drop(kept);
    let ours = || {
        let (ms, summary) = timed(1, || pool.install(find));
        Ran { ms, answer: Answer::Count(summary.candidates) }
    };
    load_pairs(bench, &town);
    let (vectors, queries) = (town.settlement_vectors(), town.user_vectors(users));
    let options = json!({"dimension": town.index.embedder().dimension(), "k": TOP_N_DEFAULT});
    bench.load(["faiss", "faiss"], &options, |columns| {
        columns.write("vectors", &vectors);
        columns.write("queries", &queries);
    });
    if let Some(found) = bench.run(&Place::There(&[("faiss", "all")])) {
        let dots = Dots::new(&vectors, &queries);
        assert_eq!(dots.are_best(&found.answer, TOP_N_DEFAULT, None), Ok(()));
    }
    let peers = [
        peer("DuckDB + faiss", &[("duckdb", "pairs"), ("faiss", "all")], Some(6.0)),
        peer("DuckDB wide + faiss", &[("duckdb", "wide"), ("faiss", "all")], None),
    ];
    bench.race("ranked", &peers, &ours);
    bench.forget(&["duckdb", "faiss"]);
}

/// Compares the answers for a few users with those that each gets alone.
fn check(town: &Town, weights: &Weights, spec: &WorldSpec, ours: &Answers) {
    let people = world::People::new(spec);
    for (number, (count, hits)) in ours.each().enumerate().take(CHECKED) {
        let alone = match_one(&town.index, &people.user(number), &request(weights));
        assert_eq!(alone.candidate_count, count);
        assert_eq!(alone.results.len(), hits.len());
        for (result, hit) in alone.results.iter().zip(hits) {
            assert_eq!(town.index.find(result.settlement_id), Some(hit.candidate.ix));
            assert_eq!(result.score.to_bits(), hit.score.to_bits());
        }
    }
}
