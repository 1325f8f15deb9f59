//! A catalogue and its users.

use std::time::Duration;

use payme_core::catalog::{CatalogIndex, Settlement};
use payme_core::evidence::UserFeatures;
use payme_core::matching::{MatchScope, People, SignalSet, Variant};
use payme_core::ranking::{
    BatchSummary, MatchRequest, TOP_N_DEFAULT, Weights, match_one, rank_people,
};
use payme_core::types::Instant;

use crate::clock::timed;
use crate::world::{self, NOW, WorldSpec};

/// Users whose answers are compared with those that each gets alone.
const CHECKED: usize = 5;

/// The settlements of a seed, compiled.
pub(crate) fn catalogue(settlements: usize) -> CatalogIndex {
    CatalogIndex::new(rows(settlements))
}

/// The settlements of a seed.
pub(crate) fn rows(settlements: usize) -> Vec<Settlement> {
    world::settlements(&WorldSpec::flat(1, settlements, 0))
}

/// The first so many users of a catalogue.
pub(crate) fn users(settlements: usize, users: usize) -> impl Iterator<Item = UserFeatures> {
    let drawn = world::People::new(&WorldSpec::flat(1, settlements, users));
    (0..users).map(move |number| drawn.user(number))
}

/// The same in columns.
pub(crate) fn people(settlements: usize, count: usize) -> People {
    take_in(settlements, count).1
}

/// The same, and the time that it took without that of making them up.
pub(crate) fn take_in(settlements: usize, count: usize) -> (Duration, People) {
    let (mut people, mut time) = (People::default(), Duration::ZERO);
    for user in users(settlements, count) {
        let (took, row) = timed(|| people.put(&user));
        row.expect("room for everybody");
        time += took;
    }
    (time, people)
}

/// The time of matching, without closed settlements.
pub(crate) fn scope() -> MatchScope {
    MatchScope { now: Instant::parse(NOW).expect("an instant"), include_closed: false }
}

/// The best 20 by the ranker of a set.
pub(crate) fn request(set: SignalSet) -> MatchRequest {
    MatchRequest {
        variant: Variant::RulesVectorRanker,
        weights: Weights::of_set(set),
        scope: scope(),
        top_n: TOP_N_DEFAULT,
        near_misses: false,
    }
}

/// Ranks everybody and keeps nothing.
pub(crate) fn rank(index: &CatalogIndex, people: &People, set: SignalSet) -> BatchSummary {
    rank_people(index, people, &request(set), &|| false, |ranked| {
        std::hint::black_box(ranked.hits);
    })
}

/// Compares the answers for the first users with those that each gets alone, to the bit.
pub(crate) fn check(index: &CatalogIndex, people: &People, first: &[UserFeatures]) {
    let mut few = People::default();
    for user in first.iter().take(CHECKED) {
        few.put(user).expect("room for a few people");
    }
    assert!(few.len() <= people.len());
    for set in SignalSet::ALL {
        let request = request(set);
        let mut matched = 0;
        let mut turn = first.iter();
        rank_people(index, &few, &request, &|| false, |ranked| {
            let alone = match_one(index, turn.next().expect("a user for each"), &request);
            assert_eq!(alone.user_id, ranked.user_id);
            assert_eq!(alone.candidate_count, ranked.candidate_count);
            assert_eq!(alone.results.len(), ranked.hits.len());
            for (result, hit) in alone.results.iter().zip(ranked.hits) {
                assert_eq!(index.find(result.settlement_id), Some(hit.candidate.ix));
                assert_eq!(result.score.to_bits(), hit.score.to_bits());
                matched += 1;
            }
        });
        assert!(matched > 0, "nothing matches");
    }
}
