//! The best so many of a person's candidates.
//!
//! In: a session and the numbers of settlements. Out: [`Hit`]s in the order of results.
//!
//! The signals that cost the most, the similarity and the class period, are computed only where
//! the others leave a candidate a chance: a score is a sum of rounded products, and both roundings
//! are monotone, so the score with the best such signals there can be is never below the true one.

use super::MatchRequest;
use super::score::resolved;
use crate::catalog::{CatalogIndex, SettlementIx};
use crate::matching::{
    Candidate, Lazy, Session, Signal, SignalSet, Signals, Truth, Variant, baseline_signals,
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
    pub(crate) top_n: usize,
    /// With the baseline set, the place of a simple rule for whoever meets it, which is the same for
    /// everybody, and [`Place::LAST`] for the others. Empty where it is not worth to know them all.
    full_places: Vec<Place>,
}

impl Plan {
    /// For one person.
    pub(crate) fn new(request: &MatchRequest) -> Self {
        Self {
            set: request.weights.set(),
            variant: request.variant,
            given: request.weights.values,
            weights: resolved(request.variant, &request.weights),
            top_n: request.top_n,
            full_places: Vec::new(),
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
                    plan.place(Truth::Met, &baseline_signals(&candidate, facts), ix, 0)
                } else {
                    Place::LAST
                }
            });
            plan.full_places = places.collect();
        }
        plan
    }

    /// The score of signals, clamped to [0, 1].
    pub(crate) fn score(&self, signals: &Signals) -> f64 {
        // Signals that the set does not hold are 0, and adding zero changes no sum.
        let weighted = self.weights.values().iter().zip(signals.values());
        let sum = weighted.fold(0.0, |sum, (weight, value)| sum + weight * value);
        // Adding zero turns -0.0 into 0.0, so that equal scores have equal bits and tie.
        sum.clamp(0.0, 1.0) + 0.0
    }

    fn place(&self, truth: Truth, signals: &Signals, ix: u32, kept: u32) -> Place {
        let class = u8::from(self.set == SignalSet::Evidence && truth == Truth::NotMet);
        Place::new(class, self.score(signals), ix, kept)
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

/// A place in the order of results: by class ascending, score descending, settlement ascending.
///
/// The bits of a float from 0 on rise with the float, so one number holds all three; below them
/// lies where the signals are kept, which orders nothing, since a settlement stands once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place(u128);

impl Place {
    /// Behind every other.
    const LAST: Self = Self(u128::MAX);

    const KEPT_BITS: u32 = 32;

    fn new(class: u8, score: f64, ix: u32, kept: u32) -> Self {
        // The score is at most 1, whose bits fill 62, and the class one: 94 with the settlement.
        let falling = ONE_BITS.saturating_sub(score.to_bits());
        let order = u128::from(class) << 94 | u128::from(falling) << 32 | u128::from(ix);
        Self(order << Self::KEPT_BITS | u128::from(kept))
    }

    #[expect(clippy::cast_possible_truncation, reason = "these 32 bits are the settlement")]
    const fn ix(self) -> SettlementIx {
        SettlementIx((self.0 >> Self::KEPT_BITS) as u32)
    }

    #[expect(clippy::cast_possible_truncation, reason = "the low 32 bits say where")]
    const fn kept(self) -> usize {
        (self.0 as u32) as usize
    }
}

/// The bits of the best score.
const ONE_BITS: u64 = 1.0_f64.to_bits();

/// The fewest places that are gathered before the worst of them are dropped.
const GATHERED_MIN: usize = 64;

/// Finds the best; keeps its memory from one person to the next.
#[derive(Debug, Default)]
pub(crate) struct Top {
    /// The best each candidate can be, of those whose signals are not all known.
    bounds: Vec<Place>,
    /// What is known of the candidates.
    known: Vec<(Candidate, Signals)>,
    places: Vec<Place>,
    /// Places from this one on are not among the best.
    cut: Option<Place>,
    hits: Vec<Hit>,
}

impl Top {
    /// The best of the settlements a person is eligible for, best first.
    pub(crate) fn best_eligible(&mut self, session: &Session<'_>, plan: &Plan) -> &[Hit] {
        if plan.full_places.is_empty() {
            return self.best(session, session.eligible(), plan);
        }
        self.clear();
        if plan.top_n > 0 {
            for ix in session.eligible() {
                match plan.full_places.get(*ix as usize) {
                    Some(place) if *place != Place::LAST => self.keep(*place, plan.top_n),
                    _ => self.take_in(session, *ix, plan),
                }
            }
        }
        self.drop_worst(plan.top_n);
        self.places.sort_unstable();
        let hit = |place: &Place| Self::one(session, place.ix(), plan);
        self.hits.extend(self.places.iter().filter_map(hit));
        &self.hits
    }

    /// The best candidates of a list, best first.
    pub(crate) fn best(&mut self, session: &Session<'_>, list: &[u32], plan: &Plan) -> &[Hit] {
        self.clear();
        if plan.top_n > 0 {
            list.iter().for_each(|ix| self.take_in(session, *ix, plan));
        }
        // Best bound first: once one is cut, so are all behind it.
        self.bounds.sort_unstable();
        for at in 0..self.bounds.len() {
            let Some(bound) = self.bounds.get(at).filter(|bound| !self.is_cut(**bound)) else {
                break;
            };
            self.settle(session, *bound, plan);
        }
        self.drop_worst(plan.top_n);
        self.places.sort_unstable();
        let hit = |place: &Place| {
            let (candidate, mut signals) = *self.known.get(place.kept())?;
            if plan.is_blind() {
                signals.put(Signal::Similarity, session.similarity(candidate.ix));
            }
            Some(Hit { candidate, score: plan.score(&signals), signals })
        };
        self.hits.extend(self.places.iter().filter_map(hit));
        &self.hits
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
        self.cut = None;
    }

    /// Computes what is cheap of a candidate, and bounds the rest.
    fn take_in(&mut self, session: &Session<'_>, ix: u32, plan: &Plan) {
        let lazy = Lazy {
            similarity: plan.best_of(Signal::Similarity),
            class_period: plan.best_of(Signal::ClassPeriod),
        };
        let found = session.signals(plan.set, SettlementIx(ix), lazy);
        let (Some((candidate, signals)), Ok(kept)) = (found, u32::try_from(self.known.len()))
        else {
            return;
        };
        let place = plan.place(candidate.truth, &signals, ix, kept);
        self.known.push((candidate, signals));
        match plan.set {
            SignalSet::Baseline => self.keep(place, plan.top_n),
            SignalSet::Evidence => self.bounds.push(place),
        }
    }

    /// Computes the rest of a candidate, as far as it still has a chance.
    fn settle(&mut self, session: &Session<'_>, bound: Place, plan: &Plan) {
        let ix = bound.ix();
        let cut = self.cut;
        let is_cut = |place: Place| cut.is_some_and(|cut| place >= cut);
        let Some((candidate, signals)) = self.known.get_mut(bound.kept()) else { return };
        let place = |signals: &Signals| {
            Place(
                plan.place(candidate.truth, signals, ix.0, 0).0
                    | u128::try_from(bound.kept()).unwrap_or(0),
            )
        };
        if session.has_period(ix) {
            signals.put(Signal::ClassPeriod, session.class_period(ix));
            if is_cut(place(signals)) {
                return;
            }
        }
        if !plan.is_blind() {
            signals.put(Signal::Similarity, session.similarity(ix));
        }
        let place = place(signals);
        self.keep(place, plan.top_n);
    }

    fn is_cut(&self, place: Place) -> bool {
        self.cut.is_some_and(|cut| place >= cut)
    }

    fn keep(&mut self, place: Place, top_n: usize) {
        if self.is_cut(place) {
            return;
        }
        self.places.push(place);
        if self.places.len() >= top_n.saturating_mul(2).max(GATHERED_MIN) {
            self.drop_worst(top_n);
        }
    }

    /// Keeps the best so many.
    fn drop_worst(&mut self, top_n: usize) {
        if top_n < self.places.len() {
            let (_, cut, _) = self.places.select_nth_unstable(top_n);
            self.cut = Some(*cut);
            self.places.truncate(top_n);
        }
    }
}
