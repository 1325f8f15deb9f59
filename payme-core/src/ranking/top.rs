//! The best so many of a person's candidates.
//!
//! In: a session and the numbers of settlements. Out: [`Hit`]s in the order of results.
//!
//! The signals that cost the most, the similarity and the class period, are computed only where
//! the others leave a candidate a chance: what is ranked is a sum of rounded products, and both
//! roundings are monotone, so the sum with the best such signals there can be is never below the
//! true one.

use std::collections::BinaryHeap;
use std::mem;

use super::score::{link_of, resolved};
use super::{Link, MatchRequest};
use crate::catalog::{CatalogIndex, SettlementFacts, SettlementIx};
use crate::matching::{
    Candidate, Drawn, Lazy, Session, Signal, SignalSet, Signals, Truth, Variant, baseline_signals,
    of_settlement,
};

/// How to score, made ready from a request.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) set: SignalSet,
    pub(crate) variant: Variant,
    /// The weights of the request.
    pub(crate) given: Signals,
    /// Those of the variant.
    pub(crate) weights: Signals,
    /// How their sum becomes a score.
    link: Link,
    pub(crate) top_n: usize,
    /// With the baseline set, the place of a simple rule for whoever meets it, which is the same
    /// for everybody, and [`Place::LAST`] for the others. Empty where it is not worth to know them
    /// all.
    full_places: Vec<Place>,
    /// With the evidence set, the most that each settlement adds to the score of whoever it is
    /// decided for by one feature, beside what that feature adds. Empty where it is not worth to
    /// know them all.
    ceilings: Vec<f64>,
}

impl Plan {
    /// For one person.
    pub(crate) fn new(request: &MatchRequest) -> Self {
        Self {
            set: request.weights.set(),
            variant: request.variant,
            given: request.weights.values,
            weights: resolved(request.variant, &request.weights),
            link: link_of(request.variant, &request.weights).clone(),
            top_n: request.top_n,
            full_places: Vec::new(),
            ceilings: Vec::new(),
        }
    }

    /// For many people, before one catalogue.
    pub(crate) fn of_many(request: &MatchRequest, index: &CatalogIndex) -> Self {
        let mut plan = Self::new(request);
        if plan.set == SignalSet::Baseline {
            let facts = index.columns().facts.iter();
            let places = (0_u32..).zip(facts).map(|(ix, facts)| {
                let candidate = Candidate {
                    ix: SettlementIx(ix),
                    matched: facts.sought_len,
                    required: facts.sought_len,
                    state_passes: true,
                    truth: Truth::Met,
                };
                if facts.rule == 0 {
                    let signals = baseline_signals(&candidate, facts);
                    plan.place(&Drawn { candidate, signals, lacks_period: false }, 0)
                } else {
                    Place::LAST
                }
            });
            plan.full_places = places.collect();
        }
        plan.ceilings = plan.ceilings_of(index, request.scope.now.as_micros());
        plan
    }

    fn ceilings_of(&self, index: &CatalogIndex, now_micros: i64) -> Vec<f64> {
        let size: f64 = self.weights.values().iter().map(|weight| weight.abs()).sum();
        if self.set == SignalSet::Baseline || size.is_nan() || size > WEIGHTS_MAX {
            return Vec::new();
        }
        let at_best = |signal| self.weights.get(signal) * self.best_of(signal);
        let ceiling = |facts: &SettlementFacts| {
            let alone = of_settlement(facts, now_micros).into_iter();
            let alone: f64 = alone.map(|(signal, value)| self.weights.get(signal) * value).sum();
            let period = if facts.has_period() {
                at_best(Signal::ClassPeriod)
            } else {
                self.weights.get(Signal::ClassPeriod)
            };
            alone + at_best(Signal::Similarity) + period + size * CEILING_SLACK
        };
        index.columns().facts.iter().map(ceiling).collect()
    }

    /// The score of signals, in [0, 1].
    pub(crate) fn score(&self, signals: &Signals) -> f64 {
        self.link.score(self.sum(signals))
    }

    fn sum(&self, signals: &Signals) -> f64 {
        // Signals that the set does not hold are 0, and adding zero changes no sum.
        let weighted = self.weights.values().iter().zip(signals.values());
        weighted.fold(0.0, |sum, (weight, value)| sum + weight * value)
    }

    /// The place of a candidate whose signals are kept in some place of their own.
    fn place(&self, drawn: &Drawn, kept: u32) -> Place {
        let is_last = self.set == SignalSet::Evidence && drawn.candidate.truth == Truth::NotMet;
        let rank = self.link.rank(self.sum(&drawn.signals));
        Place::new(u8::from(is_last), rank, drawn.candidate.ix.0, kept)
    }

    /// Whether the score of the evidence set does not look at the similarity.
    fn is_blind(&self) -> bool {
        self.set == SignalSet::Evidence && self.weights.get(Signal::Similarity).abs() <= 0.0
    }

    /// The value of a signal that makes the score as large as it can be.
    fn best_of(&self, signal: Signal) -> f64 {
        if self.weights.get(signal) >= 0.0 { 1.0 } else { 0.0 }
    }
}

/// One candidate with its score and everything behind it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// How the settlement and the person stand to each other.
    pub candidate: Candidate,
    /// The score, in `[0, 1]`.
    pub score: f64,
    /// The signals behind the score.
    pub signals: Signals,
}

/// A place in the order of results: by class ascending, rank ([`Link::rank`]) descending,
/// settlement ascending.
///
/// The bits of a float from 0 on rise with the float, so one number holds all three; below them
/// lies where the signals are kept, which orders nothing, since a settlement stands once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place(u128);

impl Place {
    /// Behind every other.
    const LAST: Self = Self(u128::MAX);

    const KEPT_BITS: u32 = 32;

    /// Where the signals are kept of a candidate that nothing was computed of.
    const NOT_DRAWN: u32 = u32::MAX;

    fn new(class: u8, rank: f64, ix: u32, kept: u32) -> Self {
        // The rank is from -1 to 1, whose bits fill 62: 63 for all, and with the settlement 95.
        let size = rank.abs().to_bits().min(ONE_BITS);
        let falling = if rank < 0.0 { ONE_BITS + size } else { ONE_BITS - size };
        let order = u128::from(class) << 95 | u128::from(falling) << 32 | u128::from(ix);
        Self(order << Self::KEPT_BITS | u128::from(kept))
    }

    #[expect(clippy::cast_possible_truncation, reason = "these 32 bits are the settlement")]
    const fn ix(self) -> SettlementIx {
        SettlementIx((self.0 >> Self::KEPT_BITS) as u32)
    }

    /// Where the signals are kept.
    #[expect(clippy::cast_possible_truncation, reason = "the low 32 bits say where")]
    const fn kept(self) -> u32 {
        self.0 as u32
    }

    const fn at(self) -> usize {
        self.kept() as usize
    }
}

/// The bits of the best rank.
const ONE_BITS: u64 = 1.0_f64.to_bits();

/// Candidates whose similarities are computed together: their vectors are fetched while others are
/// multiplied.
const GROUP: usize = 8;

/// Covers the roundings of a score and of its ceiling, which are fewer than 32 of half of
/// [`f64::EPSILON`], many times.
const CEILING_SLACK: f64 = 1e-9;

/// Up to this sum of weights no sum on the way to a score can overflow.
const WEIGHTS_MAX: f64 = 1e300;

/// Finds the best; keeps its memory from one person to the next.
#[derive(Debug, Default)]
pub(crate) struct Top {
    /// What is known of the candidates.
    known: Vec<Drawn>,
    /// The best place that each of them can have.
    bounds: Vec<Place>,
    /// The best places so far, the worst of them on top.
    kept: BinaryHeap<Place>,
    places: Vec<Place>,
    hits: Vec<Hit>,
    /// What each slot of the person adds to a score alone.
    alone: Vec<f64>,
    /// The candidates of one group whose similarities are computed together.
    settled: Vec<Place>,
    rows: Vec<u32>,
    similarities: Vec<f64>,
}

impl Top {
    /// The best of the settlements a person is eligible for, best first.
    pub(crate) fn best_eligible(&mut self, session: &Session<'_>, plan: &Plan) -> &[Hit] {
        match plan.set {
            SignalSet::Baseline if !plan.full_places.is_empty() => self.known_places(session, plan),
            SignalSet::Evidence if !plan.ceilings.is_empty() => self.below_ceilings(session, plan),
            _ => self.best(session, session.eligible(), plan),
        }
    }

    /// The same where most places are the same for everybody.
    fn known_places(&mut self, session: &Session<'_>, plan: &Plan) -> &[Hit] {
        self.clear();
        if plan.top_n > 0 {
            for ix in session.eligible() {
                match plan.full_places.get(*ix as usize) {
                    Some(place) if *place != Place::LAST => self.keep(*place, plan.top_n),
                    _ => self.take_in(session, *ix, plan),
                }
            }
        }
        self.order();
        let hit = |place: &Place| Self::one(session, place.ix(), plan);
        self.hits.extend(self.places.iter().filter_map(hit));
        &self.hits
    }

    /// The same where one feature and a settlement alone bound most scores.
    fn below_ceilings(&mut self, session: &Session<'_>, plan: &Plan) -> &[Hit] {
        self.clear();
        if plan.top_n > 0 {
            self.alone.clear();
            self.alone.extend(session.alone(&plan.weights));
            for (ix, decided_by) in session.eligible().iter().zip(session.decided_by()) {
                let slot = decided_by.checked_sub(1).map(|slot| slot as usize);
                let alone = slot.and_then(|slot| self.alone.get(slot));
                match (alone, plan.ceilings.get(*ix as usize)) {
                    (Some(alone), Some(ceiling)) => {
                        let rank = plan.link.rank(alone + ceiling);
                        self.bounds.push(Place::new(0, rank, *ix, Place::NOT_DRAWN));
                    }
                    _ => self.take_in(session, *ix, plan),
                }
            }
        }
        self.settle_all(session, plan)
    }

    /// The best candidates of a list, best first.
    pub(crate) fn best(&mut self, session: &Session<'_>, list: &[u32], plan: &Plan) -> &[Hit] {
        self.clear();
        if plan.top_n > 0 {
            list.iter().for_each(|ix| self.take_in(session, *ix, plan));
        }
        self.settle_all(session, plan)
    }

    /// One candidate, whatever its rank.
    pub(crate) fn one(session: &Session<'_>, ix: SettlementIx, plan: &Plan) -> Option<Hit> {
        let (candidate, signals) = session.all_signals(plan.set, ix)?;
        Some(Hit { candidate, score: plan.score(&signals), signals })
    }

    fn clear(&mut self) {
        self.hits.clear();
        self.places.clear();
        self.bounds.clear();
        self.known.clear();
        self.kept.clear();
    }

    /// Computes what is cheap of a candidate, and bounds the rest.
    fn take_in(&mut self, session: &Session<'_>, ix: u32, plan: &Plan) {
        let Some(place) = self.draw(session, SettlementIx(ix), plan) else { return };
        match plan.set {
            SignalSet::Baseline => self.keep(place, plan.top_n),
            SignalSet::Evidence => self.bounds.push(place),
        }
    }

    /// Computes what is cheap of a candidate and gives the best place it can have.
    fn draw(&mut self, session: &Session<'_>, ix: SettlementIx, plan: &Plan) -> Option<Place> {
        let lazy = Lazy {
            similarity: plan.best_of(Signal::Similarity),
            class_period: plan.best_of(Signal::ClassPeriod),
        };
        let drawn = session.signals(plan.set, ix, lazy)?;
        let place = plan.place(&drawn, u32::try_from(self.known.len()).ok()?);
        self.known.push(drawn);
        Some(place)
    }

    /// Computes the rest of the candidates, as far as each has a chance, and gives the best.
    fn settle_all(&mut self, session: &Session<'_>, plan: &Plan) -> &[Hit] {
        let mut bounds = mem::take(&mut self.bounds);
        let first = plan.top_n.min(bounds.len());
        if first < bounds.len() {
            bounds.select_nth_unstable(first);
        }
        // The most promising first: they tell which of the others need a closer look.
        let (promising, rest) = bounds.split_at_mut(first);
        self.settle(session, promising, plan);
        rest.sort_unstable();
        for group in rest.chunks(GROUP) {
            // Once one is cut, so are all behind it.
            if group.first().is_none_or(|first| self.is_cut(*first, plan.top_n)) {
                break;
            }
            self.settle(session, group, plan);
        }
        self.bounds = bounds;
        self.order();
        let hit = |place: &Place| {
            let Drawn { candidate, mut signals, .. } = *self.known.get(place.at())?;
            if plan.is_blind() {
                signals.put(Signal::Similarity, session.similarity(candidate.ix));
            }
            Some(Hit { candidate, score: plan.score(&signals), signals })
        };
        self.hits.extend(self.places.iter().filter_map(hit));
        &self.hits
    }

    /// Computes the rest of a few candidates.
    fn settle(&mut self, session: &Session<'_>, bounds: &[Place], plan: &Plan) {
        self.settled.clear();
        self.rows.clear();
        for bound in bounds {
            if let Some(place) = self.look_closer(session, *bound, plan) {
                self.settled.push(place);
                self.rows.push(place.ix().0);
            }
        }
        self.similarities.resize(self.rows.len(), 0.0);
        if !plan.is_blind() {
            session.similarities(&self.rows, &mut self.similarities);
        }
        for at in 0..self.settled.len() {
            let place = self.settled.get(at).and_then(|place| {
                let drawn = self.known.get_mut(place.at())?;
                if !plan.is_blind() {
                    drawn.signals.put(Signal::Similarity, *self.similarities.get(at)?);
                }
                Some(plan.place(drawn, place.kept()))
            });
            if let Some(place) = place {
                self.keep(place, plan.top_n);
            }
        }
    }

    /// Computes everything but the similarity, as far as the candidate has a chance.
    fn look_closer(&mut self, session: &Session<'_>, bound: Place, plan: &Plan) -> Option<Place> {
        let chance = |top: &Self, place: Place| (!top.is_cut(place, plan.top_n)).then_some(place);
        let mut place = chance(self, bound)?;
        if place.kept() == Place::NOT_DRAWN {
            let drawn = self.draw(session, place.ix(), plan)?;
            place = chance(self, drawn)?;
        }
        let drawn = self.known.get_mut(place.at())?;
        if drawn.lacks_period {
            drawn.signals.put(Signal::ClassPeriod, session.class_period(drawn.candidate.ix));
            drawn.lacks_period = false;
            place = plan.place(drawn, place.kept());
            place = chance(self, place)?;
        }
        Some(place)
    }

    /// The worst place that is among the best, once there are enough of them.
    fn worst(&self, top_n: usize) -> Option<Place> {
        self.kept.peek().copied().filter(|_| self.kept.len() >= top_n)
    }

    fn is_cut(&self, place: Place, top_n: usize) -> bool {
        self.worst(top_n).is_some_and(|worst| place >= worst)
    }

    fn keep(&mut self, place: Place, top_n: usize) {
        if self.kept.len() < top_n {
            self.kept.push(place);
        } else if let Some(mut worst) = self.kept.peek_mut()
            && place < *worst
        {
            *worst = place;
        }
    }

    /// Puts the places that were kept in order.
    fn order(&mut self) {
        self.places.extend(self.kept.drain());
        self.places.sort_unstable();
    }
}
