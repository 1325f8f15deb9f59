//! The best 20 settlements of each user by the baseline signals, on one thread. The peer gives
//! the eligible pairs only.

use std::sync::Mutex;

use payme_core::matching::{SignalSet, Variant};
use payme_core::ranking::{
    BatchSummary, Hit, MatchRequest, Ranked, TOP_N_DEFAULT, Weights, rank_people,
};
use serde_json::json;

use crate::bench::{Bench, peer};
use crate::race::{Answer, Ran, threads, timed};
use crate::town::{CHECKED, Town, scope};

/// Scores may differ from those of the naive implementation by this much.
const TOLERANCE: f64 = 1e-12;

pub(crate) fn run(bench: &mut Bench) {
    let town = Town::new(1, bench.size(10_000, 200), bench.size(20_000, 50));
    let pool = threads(1);
    let weights = Weights::of_set(SignalSet::Baseline);
    let answers = Mutex::new(Answers::default());
    let find = || answers.lock().expect("one at a time").find(&town, &weights);
    find();
    check(&town, &answers.lock().expect("one at a time"));
    let ours = || {
        let (ms, summary) = timed(1, || pool.install(find));
        Ran { ms, answer: Answer::Count(summary.candidates) }
    };
    load_pairs(bench, &town);
    let peers = [
        peer("DuckDB join", &[("duckdb", "pairs")], Some(5.0)),
        peer("DuckDB wide", &[("duckdb", "wide")], None),
    ];
    bench.race("top20", &peers, &ours);
    bench.forget(&["duckdb"]);
}

/// Makes `DuckDB` ready to give the pairs on one thread.
pub(super) fn load_pairs(bench: &mut Bench, town: &Town) {
    let options = json!({"threads": 1, "now": scope().now.as_micros()});
    bench.load(["duckdb", "duckdb"], &options, |columns| {
        town.write_users(columns);
        town.write_settlements(columns);
    });
}

/// The answers for everybody, kept from one round to the next.
#[derive(Debug, Default)]
pub(super) struct Answers {
    /// For each user, how many candidates there are and where the hits end.
    users: Vec<(usize, usize)>,
    hits: Vec<Hit>,
}

impl Answers {
    /// Finds the best of everybody by some weights, in place of the answers before.
    pub(super) fn find(&mut self, town: &Town, weights: &Weights) -> BatchSummary {
        self.users.clear();
        self.hits.clear();
        let keep = |ranked: Ranked<'_>| {
            self.hits.extend_from_slice(ranked.hits);
            self.users.push((ranked.candidate_count, self.hits.len()));
        };
        rank_people(&town.index, &town.people, &request(weights), &|| false, keep)
    }

    /// The count and the hits of each user.
    pub(super) fn each(&self) -> impl Iterator<Item = (usize, &[Hit])> {
        let mut start = 0;
        self.users.iter().map(move |(count, end)| {
            let hits = &self.hits[start..*end];
            start = *end;
            (*count, hits)
        })
    }
}

/// The best 20 by some weights.
pub(super) fn request(weights: &Weights) -> MatchRequest {
    MatchRequest {
        variant: Variant::RulesVectorRanker,
        weights: weights.clone(),
        scope: scope(),
        top_n: TOP_N_DEFAULT,
        near_misses: false,
    }
}

/// Compares the answers for a few users with those of the naive implementation.
fn check(town: &Town, ours: &Answers) {
    assert!(ours.each().take(CHECKED).any(|(count, _)| count > 0), "nothing matches");
    for ((count, hits), expected) in ours.each().zip(town.naive(TOP_N_DEFAULT)) {
        let ids: Vec<String> = hits
            .iter()
            .filter_map(|hit| town.index.get(hit.candidate.ix))
            .map(|settlement| settlement.id.to_string())
            .collect();
        let results = expected["results"].as_array().map_or(&[][..], Vec::as_slice);
        let expected_ids: Vec<&str> =
            results.iter().filter_map(|one| one["settlement_id"].as_str()).collect();
        assert_eq!(ids, expected_ids);
        assert_eq!(expected["candidate_count"], count);
        for (hit, expected) in hits.iter().zip(results) {
            let expected = expected["score"].as_f64().expect("a score");
            assert!((hit.score - expected).abs() <= TOLERANCE, "{} and {expected}", hit.score);
        }
    }
}
