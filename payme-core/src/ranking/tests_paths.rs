//! Every way to evaluate gives the same answer, on random worlds: the plain walk over the written
//! rule, the rule in force, the index for one person, the batch, reverse matching, and matches
//! that are kept as people and settlements change.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use roaring::RoaringBitmap;
use uuid::Uuid;

use super::top::{Hit, Plan, Top};
use super::{
    Link, LiveMatches, MatchRequest, Qualifying, Weights, contributions, match_many, match_user,
    rank_people,
};
use crate::catalog::{
    CatalogEdit, CatalogIndex, ClassPeriod, Eligibility, FeatureAtom, Payout, Predicate, Proof,
    Settlement, SettlementIx, Status,
};
use crate::evidence::UserFeatures;
use crate::matching::arbitrary::{eligibility, key, period, today, user};
use crate::matching::{
    MatchScope, Matcher, Moment, Observed, People, Signal, SignalSet, Truth, Variant,
    eligible_pairs, reverse,
};
use crate::types::{Currency, Date, Deadline, Instant, Money, SettlementId, UserId};

#[derive(Debug, Clone)]
struct World {
    settlements: Vec<Settlement>,
    people: Vec<UserFeatures>,
    edits: Vec<Edit>,
    request: MatchRequest,
}

#[derive(Debug, Clone)]
enum Edit {
    PutPerson(UserFeatures),
    RemovePerson(UserId),
    Catalog(Vec<CatalogEdit>),
}

fn settlement_id(n: u8) -> SettlementId {
    SettlementId::from_uuid(Uuid::from_u128(u128::from(n)))
}

fn user_id(n: u8) -> UserId {
    UserId::from_uuid(Uuid::from_u128(u128::from(n)))
}

fn person(n: u8) -> impl Strategy<Value = UserFeatures> {
    (user(), embedding()).prop_map(move |(user, embedding)| {
        let (mut person, features) = user.into_parts();
        person.user_id = user_id(n);
        let user = UserFeatures::new(person, features).unwrap();
        embedding.map_or_else(|| user.clone(), |own| user.clone().with_embedding(own).unwrap())
    })
}

/// A vector of their own, of one of two lengths.
fn embedding() -> impl Strategy<Value = Option<Vec<f32>>> {
    option::weighted(0.4, vec(prop::sample::select(vec![-1.0, 0.0, 0.25, 3.0]), 2..4))
}

fn settlement(n: u8) -> impl Strategy<Value = Settlement> {
    let deadline = option::of(prop::sample::select(vec![
        "2020-01-31T23:59:59Z",
        "2020-02-01T00:00:00Z",
        "2020-02-02T00:00:00Z",
        "2020-06-01[America/New_York]",
    ]));
    let cents = || option::of(prop::sample::select(vec![0_i64, 1, 900, 2_500, 1_000_000]));
    let payout = (cents(), cents());
    let facts = (deadline, payout, any::<bool>(), option::of(0_usize..3), 0_usize..8);
    (eligibility(), period(), facts, embedding()).prop_map(
        move |(
            eligibility,
            class_period,
            (deadline, (min, max), has_link, proof, status),
            embedding,
        )| Settlement {
            id: settlement_id(n),
            title: format!("Settlement {n} about {}", ["a", "b c", "d"][usize::from(n) % 3]),
            status: *Status::ALL.get(status).unwrap_or(&Status::Open),
            deadline: deadline.map(|text| Deadline::parse(text).unwrap()),
            website_url: None,
            claim_url: has_link.then(|| "https://claim.example/".to_owned()),
            payout: {
                let money =
                    |cents: Option<i64>| cents.map(|cents| Money::new(cents, Currency::USD));
                let max = max.map(|max| max.max(min.unwrap_or(0)));
                Payout { min: money(min), max: money(max) }
            },
            covered_brands: Vec::new(),
            aliases: Vec::new(),
            tags: Vec::new(),
            summary_text: None,
            eligibility_text: None,
            eligibility,
            class_period,
            proof: proof.map(|at| Proof::ALL[at]),
            embedding,
            provenance: None,
        },
    )
}

fn edit() -> impl Strategy<Value = Edit> {
    let put = (0_u8..10).prop_flat_map(settlement).prop_map(|one| CatalogEdit::Put(Box::new(one)));
    let remove = (0_u8..10).prop_map(|n| CatalogEdit::Remove(settlement_id(n)));
    prop_oneof![
        (0_u8..6).prop_flat_map(person).prop_map(Edit::PutPerson),
        (0_u8..6).prop_map(|n| Edit::RemovePerson(user_id(n))),
        vec(prop_oneof![put, remove], 1..3).prop_map(Edit::Catalog),
    ]
}

/// Links that order and score in every way there is: some tie what differs.
fn link() -> impl Strategy<Value = Link> {
    let calibrations = [
        r#"{"kind": "identity"}"#,
        r#"{"kind": "platt", "slope": 0.0, "intercept": 0.5}"#,
        r#"{"kind": "isotonic", "scores": [0.3, 0.5, 0.52], "values": [0.1, 0.1, 0.9]}"#,
    ];
    let calibration = prop::sample::select(calibrations.to_vec());
    let logit = (-2.0..2.0_f64, calibration).prop_map(|(intercept, text)| Link::Logit {
        intercept,
        calibration: serde_json::from_str(text).unwrap(),
    });
    prop_oneof![Just(Link::Identity), logit]
}

fn request() -> impl Strategy<Value = MatchRequest> {
    let variant = prop::sample::select(Variant::ALL.to_vec());
    let set = prop::sample::select(SignalSet::ALL.to_vec());
    let weights =
        option::weighted(0.3, prop::array::uniform8(prop_oneof![Just(0.0), -1.0..1.5_f64]));
    (variant, set, weights, link(), any::<bool>(), 0_usize..12).prop_map(
        |(variant, set, weights, link, include_closed, top_n)| {
            let own = weights.map(|weights| {
                let mut weights = weights.into_iter();
                let next = |_: Signal| weights.next().unwrap_or(0.0);
                Weights::new(1, crate::matching::Signals::of_set(set, next))
            });
            let now = Instant::parse("2020-02-01T00:00:00Z").unwrap();
            assert_eq!(now.date_utc(), today());
            MatchRequest {
                variant,
                weights: own.unwrap_or_else(|| Weights::of_set(set)).with_link(link),
                scope: MatchScope { now, include_closed },
                top_n,
                near_misses: true,
            }
        },
    )
}

fn world() -> impl Strategy<Value = World> {
    let settlements = (0_u8..9).prop_flat_map(|n| (0..n).map(settlement).collect::<Vec<_>>());
    let people = (1_u8..5).prop_flat_map(|n| (0..n).map(person).collect::<Vec<_>>());
    (settlements, people, vec(edit(), 0..5), request()).prop_map(
        |(settlements, people, edits, request)| World { settlements, people, edits, request },
    )
}

/// Many settlements that one feature each decides, and weights of any sign, so that most
/// candidates are ruled out by what they can be at best.
fn wide_world() -> impl Strategy<Value = World> {
    let narrow = (0_u8..60).prop_flat_map(|n| {
        (settlement(n), key(), any::<bool>()).prop_map(|(settlement, key, is_open)| Settlement {
            eligibility: Eligibility::new(Predicate::Feature(FeatureAtom::present(key))),
            status: if is_open { Status::Open } else { settlement.status },
            ..settlement
        })
    });
    let weights = prop::array::uniform8(prop_oneof![
        6 => Just(0.0),
        2 => Just(-0.0),
        26 => -0.6..0.6_f64,
        1 => (-1.0..1.0_f64).prop_map(|weight| weight * 1e-310),
        1 => prop::sample::select(vec![1e308, -1e308, 1e9]),
    ]);
    let people = (1_u8..3).prop_flat_map(|n| (0..n).map(person).collect::<Vec<_>>());
    let request = (request(), option::of(weights), 0_usize..9);
    (vec(narrow, 30..90), people, request).prop_map(|(settlements, people, request)| {
        let (request, weights, top_n) = request;
        let set = request.weights.set();
        let own = weights.map(|weights| {
            let mut weights = weights.into_iter();
            let next = |_: Signal| weights.next().unwrap_or(0.0);
            Weights::new(1, crate::matching::Signals::of_set(set, next))
        });
        let link = request.weights.link.clone();
        let weights = own.unwrap_or(request.weights.clone()).with_link(link);
        let request = MatchRequest { weights, top_n, ..request };
        let by_id: BTreeMap<_, _> = settlements.into_iter().map(|one| (one.id, one)).collect();
        World { settlements: by_id.into_values().collect(), people, edits: Vec::new(), request }
    })
}

impl World {
    fn takes_claims(&self, settlement: &Settlement) -> bool {
        let scope = self.request.scope;
        scope.include_closed || settlement.takes_claims(scope.now)
    }

    /// What the plain walk over the written rule says; the rule in force has to agree.
    fn truth(&self, observed: &Observed<'_>, settlement: &Settlement) -> Truth {
        let written = settlement.eligibility.predicate();
        let plain = observed.judge(written, settlement.class_period, today()).truth;
        let in_force = settlement.eligibility.in_force();
        assert_eq!(observed.judge(in_force, settlement.class_period, today()).truth, plain);
        plain
    }

    /// Every settlement that stands so to a person, with everything computed for it on its own, in
    /// the order of results.
    fn expected(
        &self,
        index: &CatalogIndex,
        user: &UserFeatures,
        stands: impl Fn(&Settlement, Truth) -> bool,
    ) -> Vec<Hit> {
        let plan = Plan::new(&self.request);
        let observed = Observed::new(user);
        let moment = Moment::of(self.request.scope);
        let mut matcher = Matcher::new(index);
        let mut session = matcher.read(user, &moment);
        session.prepare(plan.set);
        let mut hits = Vec::new();
        for (ix, settlement) in (0_u32..).zip(index.settlements()) {
            let truth = self.truth(&observed, settlement);
            if !self.takes_claims(settlement) || !stands(settlement, truth) {
                continue;
            }
            let hit = Top::one(&session, SettlementIx(ix), &plan).unwrap();
            assert_eq!(hit.candidate.truth, truth);
            if plan.set == SignalSet::Evidence {
                let rule = settlement.eligibility.in_force();
                let judged = observed.judge(rule, settlement.class_period, today());
                let belief = hit.signals.get(Signal::RulesConfidence);
                assert_eq!(belief.to_bits(), judged.belief.to_bits());
                let share = hit.signals.get(Signal::ClassPeriod);
                assert_eq!(share.to_bits(), class_period_share(user, settlement).to_bits());
            }
            let plain = super::score(plan.variant, &hit.signals, &self.request.weights);
            assert_eq!(plain.to_bits(), hit.score.to_bits());
            hits.push(hit);
        }
        let is_graded = plan.set == SignalSet::Evidence;
        let is_logit = plan.variant == Variant::RulesVectorRanker
            && self.request.weights.link != Link::Identity;
        let rank = |hit: &Hit| {
            if !is_logit {
                return hit.score;
            }
            let parts = contributions(plan.variant, &hit.signals, &self.request.weights);
            let sum = parts.fold(0.0, |sum, part| sum + part.contribution);
            if sum.is_nan() {
                -1.0
            } else {
                sum.clamp(-1_048_576.0, 1_048_576.0) / 1_048_576.0 + 0.0
            }
        };
        hits.sort_by(|a, b| {
            let class = |hit: &Hit| is_graded && hit.candidate.truth == Truth::NotMet;
            class(a)
                .cmp(&class(b))
                .then(rank(b).total_cmp(&rank(a)))
                .then(a.candidate.ix.cmp(&b.candidate.ix))
        });
        hits
    }
}

/// The share of the support inside the class period, from the words of `docs/rules/matching.md`.
fn class_period_share(user: &UserFeatures, settlement: &Settlement) -> f64 {
    let period = settlement.class_period.filter(|one| one.start.is_some() || one.end.is_some());
    let Some(ClassPeriod { start, end }) = period else { return 1.0 };
    let is_inside = |day: Date| start.is_none_or(|at| at <= day) && end.is_none_or(|at| day <= at);
    let (mut inside, mut all) = (0_u32, 0_u32);
    let sought = settlement.eligibility.sought();
    for feature in user.features().iter().filter(|one| sought.contains(&&one.key)) {
        let (first, last) = (feature.first_seen, feature.last_seen);
        let ends = [first, last].map(|day| day.is_some_and(is_inside));
        if !feature.by_day.is_empty() {
            all += feature.by_day.iter().map(|day| day.count).sum::<u32>();
            let days = feature.by_day.iter().filter(|day| is_inside(day.date));
            inside += days.map(|day| day.count).sum::<u32>();
            continue;
        }
        all += feature.count;
        let is_before = last.is_some_and(|day| start.is_some_and(|at| day < at));
        let is_after = first.is_some_and(|day| end.is_some_and(|at| day > at));
        inside += match ends {
            [true, true] => feature.count,
            _ if is_before || is_after => 0,
            ends => ends.map(u32::from).iter().sum::<u32>().min(feature.count),
        };
    }
    if all == 0 { 0.0 } else { f64::from(inside) / f64::from(all) }
}

fn ids(index: &CatalogIndex, hits: &[Hit]) -> Vec<SettlementId> {
    hits.iter().map(|hit| index.id(hit.candidate.ix).unwrap()).collect()
}

/// One person, the batch and the pairs against the settlements one by one.
fn every_direction_agrees(world: &World) {
    let index = CatalogIndex::new(world.settlements.iter().cloned());
    let people = People::of(&world.people).unwrap();
    let mut batch = Vec::new();
    let summary = rank_people(&index, &people, &world.request, &|| false, |ranked| {
        batch.push((ranked.user_id, ranked.candidate_count, ranked.hits.to_vec()));
    });
    assert_eq!((summary.people, summary.cancelled), (world.people.len(), false));
    let mut pairs = Vec::new();
    eligible_pairs(&index, &people, world.request.scope, &|| false, |id, list| {
        pairs.push((id, list.iter().copied().collect::<BTreeSet<_>>()));
    });
    let many = match_many(&index, &world.people, &world.request);
    let mut matcher = Matcher::new(&index);
    for (at, user) in world.people.iter().enumerate() {
        let eligible = world.expected(&index, user, |_, truth| truth == Truth::Met);
        let near = world.expected(&index, user, |settlement, truth| {
            let sought = settlement.eligibility.sought();
            let shares = sought.is_empty() || sought.iter().any(|key| user.has(key));
            truth == Truth::Unknown || (truth == Truth::NotMet && shares)
        });
        let top = |hits: &[Hit]| hits[..hits.len().min(world.request.top_n)].to_vec();
        let (best, best_near) = (top(&eligible), top(&near));

        let outcome = match_user(&mut matcher, user, &world.request);
        assert_eq!(outcome, many[at]);
        assert_eq!(outcome.candidate_count, eligible.len());
        for (results, hits) in [
            (outcome.results.as_slice(), &best),
            (outcome.near_misses.as_deref().unwrap(), &best_near),
        ] {
            let got: Vec<_> = results.iter().map(|result| result.settlement_id).collect();
            assert_eq!(got, ids(&index, hits));
            for (result, hit) in results.iter().zip(hits) {
                assert_eq!(result.score.to_bits(), hit.score.to_bits());
                assert_eq!(result.signals, hit.signals);
                assert!(!hit.candidate.is_eligible() || result.missing.is_empty());
            }
        }
        let id = user.person().user_id;
        assert_eq!(batch[at], (id, eligible.len(), best));
        let eligible: BTreeSet<_> = eligible.iter().map(|hit| hit.candidate.ix).collect();
        assert_eq!(pairs[at], (id, eligible));
    }
    reverse_agrees(world, &people);
    qualifying_agrees(world, &index);
}

/// Reverse matching against the people one by one.
fn reverse_agrees(world: &World, people: &People) {
    for settlement in &world.settlements {
        let found = reverse(people, settlement, world.request.scope);
        for user in &world.people {
            let row = people.row(user.person().user_id).unwrap();
            let truth = match world.takes_claims(settlement) {
                true => world.truth(&Observed::new(user), settlement),
                false => Truth::NotMet,
            };
            assert_eq!(found.eligible.contains(row), truth == Truth::Met);
            assert_eq!(found.unknown.contains(row), truth == Truth::Unknown);
        }
    }
}

/// The people of each settlement, taken in page by page, against the match of each person.
fn qualifying_agrees(world: &World, index: &CatalogIndex) {
    let all = MatchRequest { top_n: usize::MAX, ..world.request.clone() };
    let mut matcher = Matcher::new(index);
    let outcomes: Vec<_> =
        world.people.iter().map(|user| match_user(&mut matcher, user, &all)).collect();
    for settlement in &world.settlements {
        let mut qualifying = Qualifying::new(settlement.clone(), world.request.clone());
        world.people.chunks(2).for_each(|page| qualifying.take(page));
        let found = qualifying.finish();
        let mut groups: [Vec<_>; 3] = Default::default();
        for (user, outcome) in world.people.iter().zip(&outcomes) {
            let truth = world.truth(&Observed::new(user), settlement);
            let results = match truth {
                Truth::Met => &outcome.results,
                _ => outcome.near_misses.as_ref().unwrap(),
            };
            let mut results = results.iter().filter(|one| one.settlement_id == settlement.id);
            let group = &mut groups[2 - truth as usize];
            group.extend(results.next().map(|result| (user.person().user_id, result.clone())));
        }
        let best = |group: &mut Vec<(UserId, super::MatchResult)>| {
            group.sort_by(|a, b| b.1.score.total_cmp(&a.1.score).then(a.0.cmp(&b.0)));
            group.truncate(world.request.top_n);
            group.clone()
        };
        let counts = [found.eligible_count, found.unknown_count, found.near_miss_count.unwrap()];
        assert_eq!(counts, [0, 1, 2].map(|at| groups[at].len()));
        assert_eq!(
            (found.people, found.considered),
            (world.people.len(), world.takes_claims(settlement))
        );
        let lists = [found.eligible, found.unknown, found.near_misses.unwrap()];
        for ((list, group), asks) in lists.into_iter().zip(&mut groups).zip([false, true, false]) {
            assert!(list.iter().all(|one| one.ask.is_empty() != asks));
            let list: Vec<_> = list.into_iter().map(|one| (one.user_id, one.result)).collect();
            assert_eq!(list, best(group));
        }
    }
}

/// Kept matches after edits against a full run over what there is then.
fn kept_matches_agree(world: &World) {
    let index = CatalogIndex::new(world.settlements.iter().cloned());
    let people = People::of(&world.people).unwrap();
    let mut live = LiveMatches::new(index, people, world.request.clone());
    let mut there: BTreeMap<UserId, &UserFeatures> =
        world.people.iter().map(|user| (user.person().user_id, user)).collect();
    for edit in &world.edits {
        match edit {
            Edit::PutPerson(user) => {
                live.put_person(user).unwrap();
                there.insert(user.person().user_id, user);
            }
            Edit::RemovePerson(id) => {
                assert_eq!(live.remove_person(*id), there.remove(id).is_some());
            }
            Edit::Catalog(edits) => {
                live.edit_catalog(edits);
            }
        }
    }
    let anew = CatalogIndex::new(live.index().settlements().cloned());
    let people = People::of(there.values().copied()).unwrap();
    let fresh = LiveMatches::new(anew, people, world.request.clone());
    for settlement in live.index().settlements() {
        let scope = world.request.scope;
        let ids = |people: &People, rows: RoaringBitmap| {
            rows.into_iter().map(|row| people.user_id(row)).collect::<BTreeSet<_>>()
        };
        let (kept, anew) = (live.people(), fresh.people());
        let [a, b] = [kept, anew].map(|people| reverse(people, settlement, scope));
        assert_eq!(ids(kept, a.eligible), ids(anew, b.eligible));
        assert_eq!(ids(kept, a.unknown), ids(anew, b.unknown));
    }
    for n in 0..8 {
        assert_eq!(live.outcome(user_id(n)), fresh.outcome(user_id(n)));
        assert_eq!(live.outcome(user_id(n)).is_some(), there.contains_key(&user_id(n)));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn every_evaluation_path_gives_the_same_answer(world in world()) {
        every_direction_agrees(&world);
        kept_matches_agree(&world);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn what_is_ruled_out_by_a_ceiling_is_not_among_the_best(world in wide_world()) {
        every_direction_agrees(&world);
    }
}
