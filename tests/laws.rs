//! Laws of matching, over worlds from random seeds.
#![expect(clippy::expect_used, reason = "a test that fails should say where")]

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use payme_core::catalog::{CatalogIndex, Settlement};
use payme_core::evidence::{UserFeature, UserFeatures};
use payme_core::matching::{
    Candidates, MatchScope, Matcher, Signal, SignalSet, Signals, Truth, Variant,
};
use payme_core::ranking::{
    MatchOutcome, MatchRequest, MatchResult, Weights, match_many, match_one,
};
use payme_core::types::{Confidence, FeatureKey, Instant, SettlementId, Source, UserId};
use proptest::prelude::*;

#[expect(dead_code, reason = "each target uses a part of the world")]
#[path = "../benches/world/mod.rs"]
mod world;

use world::{NOW, World, WorldSpec};

fn any_world() -> impl Strategy<Value = World> {
    (any::<u64>(), 0..120_usize, 1..6_usize, 1..40_usize).prop_map(
        |(seed, settlements, users, merchants)| {
            World::generate(WorldSpec { merchants, ..WorldSpec::new(seed, settlements, users) })
        },
    )
}

fn any_request() -> impl Strategy<Value = MatchRequest> {
    let weights = prop::array::uniform8(prop_oneof![Just(0.0), -2.0..2.0_f64]);
    let variant = prop::sample::select(Variant::ALL.to_vec());
    let set = prop::sample::select(SignalSet::ALL.to_vec());
    (variant, set, weights, any::<bool>(), 0..60_usize).prop_map(
        |(variant, set, weights, include_closed, top_n)| {
            let mut weights = weights.into_iter();
            let weight = |_| weights.next().expect("eight weights");
            MatchRequest {
                variant,
                weights: Weights::new(0, Signals::of_set(set, weight)),
                scope: scope(include_closed),
                top_n,
                near_misses: true,
            }
        },
    )
}

fn scope(include_closed: bool) -> MatchScope {
    MatchScope { now: Instant::parse(NOW).expect("an instant"), include_closed }
}

fn index(world: &World) -> CatalogIndex {
    CatalogIndex::new(world.settlements.iter().cloned())
}

fn ids(results: &[MatchResult]) -> Vec<SettlementId> {
    results.iter().map(|result| result.settlement_id).collect()
}

fn near(outcome: &MatchOutcome) -> &[MatchResult] {
    outcome.near_misses.as_deref().unwrap_or_default()
}

/// Whether no single answer of the person can help, as far as the set of signals knows.
fn cannot_be_settled(result: &MatchResult) -> bool {
    result.reasons.truth == Some(Truth::NotMet)
}

/// Everything, not only the best.
fn all(request: &MatchRequest) -> MatchRequest {
    MatchRequest { top_n: usize::MAX, ..request.clone() }
}

/// Whether a settlement is considered: the definition, without an index.
fn is_considered(settlement: &Settlement, user: &UserFeatures, scope: MatchScope) -> bool {
    let rule = settlement.eligibility.simple().expect("worlds have simple rules");
    let shares = rule.required.is_empty() || rule.required.iter().any(|key| user.has(key));
    shares && (scope.include_closed || settlement.takes_claims(scope.now))
}

fn considered_ids(index: &CatalogIndex, found: &Candidates) -> Vec<SettlementId> {
    let all = found.eligible.iter().chain(&found.near_misses);
    let mut ids: Vec<_> =
        all.map(|one| index.get(one.ix).expect("a number of this index").id).collect();
    ids.sort_unstable();
    ids
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn results_fall_in_score_and_ties_rise_in_id(world in any_world(), request in any_request()) {
        for outcome in match_many(&index(&world), &world.users, &request) {
            for list in [&outcome.results, near(&outcome)] {
                prop_assert!(list.len() <= request.top_n);
                for result in list {
                    prop_assert!((0.0..=1.0).contains(&result.score));
                }
                for pair in list.windows(2) {
                    let (a, b) = (&pair[0], &pair[1]);
                    let tie = a.score.to_bits() == b.score.to_bits();
                    let in_order = match cannot_be_settled(a).cmp(&cannot_be_settled(b)) {
                        Ordering::Equal if tie => a.settlement_id < b.settlement_id,
                        Ordering::Equal => a.score > b.score,
                        order => order == Ordering::Less,
                    };
                    prop_assert!(in_order, "{a:?} stands before {b:?}");
                }
            }
        }
    }

    #[test]
    fn a_shorter_list_is_the_head_of_a_longer_one(
        world in any_world(), request in any_request(), cut in 0..30_usize,
    ) {
        let index = index(&world);
        for user in &world.users {
            let long = match_one(&index, user, &all(&request));
            let short = match_one(&index, user, &MatchRequest { top_n: cut, ..request.clone() });
            prop_assert_eq!(long.candidate_count, short.candidate_count);
            prop_assert_eq!(long.candidate_count, long.result_count);
            prop_assert_eq!(short.result_count, cut.min(long.result_count));
            prop_assert_eq!(&long.results[..short.result_count], short.results.as_slice());
            prop_assert_eq!(&near(&long)[..near(&short).len()], near(&short));
        }
    }

    #[test]
    fn the_order_of_the_input_does_not_matter(
        (world, settlements, features) in any_world().prop_flat_map(|world| {
            let settlements = Just(world.settlements.clone()).prop_shuffle();
            let features = Just(world.users[0].features().to_vec()).prop_shuffle();
            (Just(world), settlements, features)
        }),
        request in any_request(),
    ) {
        let expected = match_many(&index(&world), &world.users, &request);
        let shuffled = CatalogIndex::new(settlements);
        let person = world.users[0].person().clone();
        let first = UserFeatures::new(person, features).expect("each feature once");
        prop_assert_eq!(&match_one(&shuffled, &first, &request), &expected[0]);
        let backwards: Vec<_> = world.users.iter().rev().cloned().collect();
        let mut got = match_many(&shuffled, &backwards, &request);
        got.reverse();
        prop_assert_eq!(got, expected);
    }

    #[test]
    fn one_more_feature_takes_no_settlement_away(
        world in any_world(), request in any_request(), pick in any::<prop::sample::Index>(),
    ) {
        let index = index(&world);
        let keys: BTreeSet<&FeatureKey> =
            world.settlements.iter().flat_map(|one| one.eligibility.feature_keys()).collect();
        prop_assume!(!keys.is_empty());
        let key = *pick.get(&keys.into_iter().collect::<Vec<_>>());
        for user in world.users.iter().filter(|user| !user.has(key)) {
            let before = ids(&match_one(&index, user, &all(&request)).results);
            let after = ids(&match_one(&index, &with(user, key), &all(&request)).results);
            let after: BTreeSet<_> = after.into_iter().collect();
            prop_assert!(before.iter().all(|id| after.contains(id)), "{key}");
        }
    }

    #[test]
    fn more_evidence_never_lowers_what_it_is_evidence_for(
        world in any_world(), pick in any::<prop::sample::Index>(), count in 1..9_u32,
    ) {
        let index = index(&world);
        let request = MatchRequest {
            variant: Variant::RulesVectorRanker,
            weights: Weights::default(),
            scope: scope(true),
            top_n: usize::MAX,
            near_misses: true,
        };
        for user in &world.users {
            let more = with_more(user, &pick, count);
            let [before, after] = [user, &more].map(|user| {
                let outcome = match_one(&index, user, &request);
                let both = [outcome.results.clone(), near(&outcome).to_vec()].concat();
                both.into_iter().map(|one| (one.settlement_id, one)).collect::<BTreeMap<_, _>>()
            });
            for (id, before) in before {
                let after = &after[&id];
                for signal in [Signal::RulesConfidence, Signal::Recency, Signal::Frequency] {
                    let [least, got] = [&before, after].map(|one| one.signals.get(signal));
                    prop_assert!(least <= got, "{signal:?} of {id} fell from {least} to {got}");
                }
            }
        }
    }

    #[test]
    fn contributions_add_up_to_the_score(world in any_world(), request in any_request()) {
        for outcome in match_many(&index(&world), &world.users, &request) {
            for result in outcome.results.iter().chain(near(&outcome)) {
                let parts = result.reasons.contributions.as_deref();
                prop_assert_eq!(parts.is_some(), request.weights.set() == SignalSet::Evidence);
                let Some(parts) = parts else { continue };
                let sum: f64 = parts.iter().map(|part| part.contribution).sum();
                prop_assert!((sum.clamp(0.0, 1.0) - result.score).abs() < 1e-12, "{result:?}");
            }
        }
    }

    #[test]
    fn closed_settlements_only_add(world in any_world(), request in any_request()) {
        let index = index(&world);
        for user in &world.users {
            let of = |include_closed| {
                let request = MatchRequest { scope: scope(include_closed), ..all(&request) };
                match_one(&index, user, &request)
            };
            let (open, every) = (of(false), of(true));
            let in_both = |small: &[MatchResult], large: &[MatchResult]| {
                small.iter().all(|result| large.contains(result))
            };
            prop_assert!(in_both(&open.results, &every.results));
            prop_assert!(in_both(near(&open), near(&every)));
        }
    }

    #[test]
    fn results_and_near_misses_share_what_was_considered(
        world in any_world(), request in any_request(),
    ) {
        let index = index(&world);
        for user in &world.users {
            let outcome = match_one(&index, user, &all(&request));
            let (results, near_ids) = (ids(&outcome.results), ids(near(&outcome)));
            prop_assert!(outcome.results.iter().all(|result| result.missing.is_empty()));
            prop_assert!(near(&outcome).iter().all(|result| !result.missing.is_empty()));
            let mut both = [results, near_ids].concat();
            both.sort_unstable();
            let considered: Vec<_> = index
                .settlements()
                .filter(|one| is_considered(one, user, request.scope))
                .map(|one| one.id)
                .collect();
            prop_assert_eq!(both, considered);
        }
    }

    #[test]
    fn a_user_meets_only_settlements_on_the_lists_of_their_features(world in any_world()) {
        let index = index(&world);
        let mut matcher = Matcher::new(&index);
        for user in &world.users {
            let found = matcher.candidates(user, scope(true));
            let lists = user.keys().flat_map(|key| index.seeking(key));
            let listed: Vec<_> = lists.chain(index.seeking_nothing()).collect();
            let work = listed.len();
            let listed: BTreeSet<_> = listed.into_iter().collect();
            let met = found.eligible.iter().chain(&found.near_misses);
            let met: BTreeSet<_> = met.map(|one| one.ix).collect();
            prop_assert!(met.len() <= work);
            prop_assert_eq!(met, listed);
        }
    }
}

#[test]
fn settlements_with_nothing_in_common_cost_nothing() {
    let here = World::generate(WorldSpec { merchants: 30, ..WorldSpec::new(1, 200, 40) });
    let elsewhere = World::generate(WorldSpec { merchants: 5_000, ..WorldSpec::new(2, 2_000, 0) });
    let keys: BTreeSet<_> = here.users.iter().flat_map(UserFeatures::keys).collect();
    let strangers: Vec<_> = elsewhere
        .settlements
        .into_iter()
        .filter(|one| {
            let theirs = one.eligibility.feature_keys();
            !theirs.is_empty() && theirs.is_disjoint(&keys)
        })
        .collect();
    assert!(strangers.len() > 500, "{} strangers", strangers.len());
    let small = index(&here);
    let large = CatalogIndex::new(here.settlements.iter().cloned().chain(strangers));
    let (mut in_small, mut in_large) = (Matcher::new(&small), Matcher::new(&large));
    for user in &here.users {
        // The posting lists are all that a user walks, and they did not grow.
        let work = |index: &CatalogIndex| {
            let lists = user.keys().map(|key| index.seeking(key).len());
            lists.sum::<usize>() + index.seeking_nothing().len()
        };
        assert_eq!(work(&small), work(&large));
        let [a, b] = [(&small, &mut in_small), (&large, &mut in_large)]
            .map(|(index, matcher)| considered_ids(index, &matcher.candidates(user, scope(true))));
        assert_eq!(a, b);
    }
}

#[test]
fn many_users_get_what_each_gets_alone() {
    // More than two of the chunks that tasks take, so that a matcher is kept and dropped.
    let world = World::generate(WorldSpec { merchants: 50, ..WorldSpec::new(3, 150, 700) });
    let index = index(&world);
    let sets = SignalSet::ALL.into_iter();
    for (set, variant) in sets.flat_map(|set| Variant::ALL.map(|variant| (set, variant))) {
        let request = MatchRequest {
            variant,
            weights: Weights::of_set(set),
            scope: scope(false),
            top_n: 20,
            near_misses: true,
        };
        let many = match_many(&index, &world.users, &request);
        let alone: Vec<_> =
            world.users.iter().map(|user| match_one(&index, user, &request)).collect();
        assert_eq!(many, alone);
    }
}

#[test]
fn a_user_without_features_meets_what_requires_nothing() {
    let world = World::generate(WorldSpec::new(4, 300, 1));
    let index = index(&world);
    let (mut person, _) = world.users[0].clone().into_parts();
    person.user_id = "00000000-0000-4000-8000-000000000001".parse::<UserId>().expect("an id");
    let nobody = UserFeatures::new(person, Vec::new()).expect("no feature twice");
    let found = Matcher::new(&index).candidates(&nobody, scope(true));
    let met = considered_ids(&index, &found);
    let expected: Vec<_> = index
        .seeking_nothing()
        .map(|ix| index.get(ix).expect("a number of this index").id)
        .collect();
    assert!(!expected.is_empty());
    assert_eq!(met, expected);
}

/// The user with one feature more.
fn with(user: &UserFeatures, key: &FeatureKey) -> UserFeatures {
    let (person, mut features) = user.clone().into_parts();
    features.push(UserFeature {
        key: key.clone(),
        source: Source::Plaid,
        confidence: Confidence::from_count(1),
        count: 1,
        first_seen: None,
        last_seen: None,
        by_day: Vec::new(),
    });
    UserFeatures::new(person, features).expect("a feature the user did not have")
}

/// The user with one sighting that is surer, later and of more records.
fn with_more(user: &UserFeatures, pick: &prop::sample::Index, count: u32) -> UserFeatures {
    let (person, mut features) = user.clone().into_parts();
    let feature = pick.get_mut(&mut features);
    let confidence = f64::midpoint(feature.confidence.get(), 1.0);
    feature.confidence = Confidence::new(confidence).expect("a confidence");
    feature.count += count;
    let newest = feature.by_day.last().map(|day| day.date).max(feature.last_seen);
    feature.last_seen = newest.map(|day| day.tomorrow().expect("a later day"));
    feature.by_day.clear();
    UserFeatures::new(person, features).expect("each feature once")
}
