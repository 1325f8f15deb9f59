//! One person before one catalogue: what they are eligible for, and how strong each signal is.
//!
//! In: a person in columns whose features are bound to those of the catalogue. Out: candidates,
//! judgements and signals, settlement by settlement. The memory is the matcher's.

use super::baseline::baseline_signals;
use super::graded::{
    class_period, ease, frequency, recency, similarities, urgency, user_embedding,
};
use super::matcher::{Bounds, Candidate, MatchScope, Work};
use super::program;
use super::sighting::{DayRange, PersonView, Slot};
use super::signals::{Signal, SignalSet, Signals};
use super::truth::{Connective, Judgement, Truth, states_truth};
use crate::catalog::{CatalogIndex, Columns, FeatureVectors, SettlementFacts, SettlementIx};
use crate::evidence::UserFeatures;
use crate::types::{Date, day_number};

/// A person whose features can be looked up by their number in the catalogue.
pub(super) struct Bound<'a> {
    pub(super) view: PersonView<'a>,
    pub(super) slot_of: &'a [u32],
    pub(super) today: Date,
}

impl<'a> Bound<'a> {
    /// What the person has of a feature.
    pub(super) fn slot(&self, feature: u32) -> Option<&'a Slot> {
        let slot = self.slot_of.get(feature as usize)?.checked_sub(1)?;
        self.view.slots.get(slot as usize)
    }

    fn has(&self, feature: u32) -> bool {
        self.slot_of.get(feature as usize).is_some_and(|slot| *slot != 0)
    }

    pub(super) fn has_all(&self, features: &[u32]) -> bool {
        features.iter().all(|feature| self.has(*feature))
    }

    /// What the rule of a settlement says of the person.
    pub(super) fn judge(&self, columns: &Columns, facts: &SettlementFacts) -> Judgement {
        if facts.rule != 0 {
            return program::run(columns.program(facts), self, period_of(facts));
        }
        let mut fold = Connective::All.start();
        for feature in columns.sought(facts) {
            fold.add(match self.slot(*feature) {
                Some(slot) => Judgement::of_evidence(Truth::Met, slot.belief),
                None => Judgement::plain(Truth::NotMet),
            });
        }
        let states = states_truth(facts.state_mask, self.view.state_bit);
        fold.add(Judgement::plain(states));
        fold.end()
    }
}

/// The class period of a settlement.
pub(super) const fn period_of(facts: &SettlementFacts) -> DayRange {
    DayRange { from: facts.period_from, to: facts.period_to }
}

/// Where the embeddings of a person's features come from.
#[derive(Clone, Copy)]
pub(crate) enum Shown<'a> {
    /// One person with their keys; the slots are numbered by the catalogue.
    One(&'a UserFeatures),
    /// One of many people; the slots are numbered by the rows of these vectors.
    Row {
        vectors: &'a FeatureVectors,
        /// The person's own embedding, if there is one.
        own: Option<&'a [f32]>,
    },
}

impl<'a> Shown<'a> {
    /// The embedding that the person brought along.
    pub(super) fn own(self) -> Option<&'a [f32]> {
        match self {
            Self::One(user) => user.embedding(),
            Self::Row { own, .. } => own,
        }
    }
}

/// One person before one catalogue.
pub(crate) struct Session<'s> {
    index: &'s CatalogIndex,
    view: PersonView<'s>,
    work: &'s mut Work,
    shown: Shown<'s>,
    moment: &'s Moment,
}

impl Work {
    /// Finds what the person that was taken in is eligible for.
    pub(super) fn session<'s>(
        &'s mut self,
        index: &'s CatalogIndex,
        view: PersonView<'s>,
        shown: Shown<'s>,
        moment: &'s Moment,
    ) -> Session<'s> {
        let (today, open_from) = (moment.today, moment.open_from);
        self.find_eligible(index, &Bounds { view, today, open_from });
        Session { index, view, work: self, shown, moment }
    }
}

impl Session<'_> {
    /// The numbers of the settlements whose rule is met, unordered, each once.
    pub(crate) fn eligible(&self) -> &[u32] {
        &self.work.eligible
    }

    /// For each of [`Session::eligible`] 1 + the slot of the feature that alone decided it, or 0:
    /// the rule seeks this feature, and nothing else but a state.
    pub(crate) fn decided_by(&self) -> &[u32] {
        &self.work.decided_by
    }

    /// For each slot what its feature adds to the score of a settlement that it alone decides.
    pub(crate) fn alone<'b>(&'b self, weights: &'b Signals) -> impl Iterator<Item = f64> + 'b {
        self.view.slots.iter().zip(&self.work.recency).map(|(slot, recency)| {
            weights.get(Signal::RulesConfidence) * slot.belief
                + weights.get(Signal::Recency) * recency
                + weights.get(Signal::Frequency) * frequency(slot.count)
        })
    }

    /// Finds what was considered and is not met.
    pub(crate) fn find_near_misses(&mut self) {
        let (today, open_from) = (self.moment.today, self.moment.open_from);
        let bounds = Bounds { view: self.view, today, open_from };
        self.work.find_near_misses(self.index, &bounds);
    }

    /// What the last call of [`Session::find_near_misses`] found, unordered, each once.
    pub(crate) fn near_misses(&self) -> &[u32] {
        &self.work.near
    }

    /// Makes ready what the signals of a set need of the person.
    pub(crate) fn prepare(&mut self, set: SignalSet) {
        if set == SignalSet::Evidence {
            let today = day_number(self.moment.today);
            let by_slot = self.view.slots.iter().map(|slot| recency(slot, today));
            self.work.recency.clear();
            self.work.recency.extend(by_slot);
            user_embedding(self.index, &self.view, self.shown, &mut self.work.embedding);
        }
    }

    fn bound(&self) -> Bound<'_> {
        Bound { view: self.view, slot_of: &self.work.slot_of, today: self.moment.today }
    }

    /// How one settlement and the person stand to each other.
    pub(crate) fn candidate(&self, ix: SettlementIx) -> Option<Candidate> {
        let facts = self.index.facts(ix)?;
        let truth = self.bound().judge(self.index.columns(), facts).truth;
        Some(self.with_truth(ix, facts, truth))
    }

    fn with_truth(&self, ix: SettlementIx, facts: &SettlementFacts, truth: Truth) -> Candidate {
        let required = facts.sought_len;
        let matched = if facts.rule == 0 && truth == Truth::Met {
            required
        } else {
            let bound = self.bound();
            let sought = self.index.columns().sought(facts).iter();
            let matched = sought.filter(|feature| bound.has(**feature)).count();
            u32::try_from(matched).unwrap_or(u32::MAX)
        };
        let state_passes = facts.state_mask & self.view.state_bit != 0;
        Candidate { ix, matched, required, state_passes, truth }
    }

    /// The candidate and its signals; those of [`Lazy`] as they are given, unless they are known
    /// without further work.
    pub(crate) fn signals(&self, set: SignalSet, ix: SettlementIx, lazy: Lazy) -> Option<Drawn> {
        let facts = self.index.facts(ix)?;
        let bound = self.bound();
        if set == SignalSet::Baseline {
            let truth = bound.judge(self.index.columns(), facts).truth;
            let candidate = self.with_truth(ix, facts, truth);
            let signals = baseline_signals(&candidate, facts);
            return Some(Drawn { candidate, signals, lacks_period: false });
        }
        let support = self.support(&bound, facts);
        let judgement = match facts.rule {
            0 => support.judgement,
            _ => bound.judge(self.index.columns(), facts),
        };
        let mut values = [0.0; Signal::ALL.len()];
        values[Signal::RulesConfidence.at()] = judgement.belief;
        values[Signal::Similarity.at()] = lazy.similarity;
        values[Signal::Recency.at()] = support.recency;
        values[Signal::Frequency.at()] = frequency(support.count);
        values[Signal::ClassPeriod.at()] = support.inside.map_or(lazy.class_period, share);
        values[Signal::Payout.at()] = facts.payout_graded;
        values[Signal::Urgency.at()] = self.urgency(ix, facts);
        values[Signal::Ease.at()] = ease(facts);
        let candidate = Candidate {
            ix,
            matched: support.matched,
            required: facts.sought_len,
            state_passes: facts.state_mask & self.view.state_bit != 0,
            truth: judgement.truth,
        };
        let signals = Signals::from_values(set, values);
        Some(Drawn { candidate, signals, lacks_period: support.inside.is_none() })
    }

    /// What the person has of the features sought, in one walk. The judgement is that of a rule in
    /// the simple form: the same steps as [`Bound::judge`], in the same order.
    fn support(&self, bound: &Bound<'_>, facts: &SettlementFacts) -> Support {
        let mut support =
            Support { matched: 0, count: 0, recency: 0.0, inside: None, judgement: SIMPLE };
        let period = period_of(facts);
        let has_period = facts.has_period();
        let mut has_all = true;
        for feature in self.index.columns().sought(facts) {
            let slot = bound.slot_of.get(*feature as usize).and_then(|slot| slot.checked_sub(1));
            let slot = slot.map(|slot| slot as usize);
            match slot.and_then(|at| Some((self.view.slots.get(at)?, self.work.recency.get(at)?))) {
                Some((slot, recency)) => {
                    if has_period {
                        let inside = slot.is_inside(period);
                        let agrees = support.matched == 0 || support.inside == inside;
                        support.inside = inside.filter(|_| agrees);
                    }
                    support.matched += 1;
                    support.count += slot.count;
                    support.recency = support.recency.max(*recency);
                    support.judgement.belief *= slot.belief;
                }
                None => {
                    has_all = false;
                    support.judgement.belief *= 0.0;
                }
            }
        }
        if !has_period {
            support.inside = Some(true);
        }
        let states = states_truth(facts.state_mask, self.view.state_bit);
        support.judgement.belief *= states.weight();
        support.judgement.truth = if has_all { states } else { Truth::NotMet };
        support
    }

    /// The candidate with every signal.
    pub(crate) fn all_signals(
        &self,
        set: SignalSet,
        ix: SettlementIx,
    ) -> Option<(Candidate, Signals)> {
        let mut drawn = self.signals(set, ix, Lazy { similarity: 0.0, class_period: 0.0 })?;
        if set == SignalSet::Evidence {
            if drawn.lacks_period {
                drawn.signals.put(Signal::ClassPeriod, self.class_period(ix));
            }
            drawn.signals.put(Signal::Similarity, self.similarity(ix));
        }
        Some((drawn.candidate, drawn.signals))
    }

    /// How much the person's evidence speaks of a settlement.
    pub(crate) fn similarity(&self, ix: SettlementIx) -> f64 {
        let mut similarity = [0.0];
        self.similarities(&[ix.0], &mut similarity);
        similarity[0]
    }

    /// The same of several settlements, each in its place in `out`.
    pub(crate) fn similarities(&self, list: &[u32], out: &mut [f64]) {
        similarities(self.index, self.shown, &self.work.embedding, list, out);
    }

    /// How much of the support lies inside the class period of a settlement which has one.
    pub(crate) fn class_period(&self, ix: SettlementIx) -> f64 {
        let sought = |facts| self.index.columns().sought(facts);
        let facts = self.index.facts(ix);
        facts.map_or(0.0, |facts| class_period(&self.bound(), sought(facts), facts))
    }

    fn urgency(&self, ix: SettlementIx, facts: &SettlementFacts) -> f64 {
        let known = self.moment.urgency.get(ix.at());
        known.copied().unwrap_or_else(|| urgency(facts, self.moment.now_micros))
    }
}

/// What the person has of the features that a rule seeks.
struct Support {
    matched: u32,
    count: u64,
    recency: f64,
    /// Whether all of it lies inside the class period, or nothing, where that is known without
    /// looking at single days.
    inside: Option<bool>,
    judgement: Judgement,
}

/// All or nothing as a share.
const fn share(is_all: bool) -> f64 {
    if is_all { 1.0 } else { 0.0 }
}

/// The judgement before the first feature.
const SIMPLE: Judgement = Judgement { truth: Truth::Met, belief: 1.0 };

/// A candidate and its signals, as far as they are computed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Drawn {
    pub(crate) candidate: Candidate,
    pub(crate) signals: Signals,
    /// Whether the class period is the one that was given.
    pub(crate) lacks_period: bool,
}

/// The signals that cost more than the others together.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lazy {
    pub(crate) similarity: f64,
    pub(crate) class_period: f64,
}

/// The time of matching, and what follows from it alone.
#[derive(Debug, Clone)]
pub(crate) struct Moment {
    now_micros: i64,
    today: Date,
    /// Settlements that are open until then, or longer, are considered.
    open_from: i64,
    /// The urgency of each settlement; empty where it is not worth to know them all.
    urgency: Vec<f64>,
}

impl Moment {
    /// For one person.
    pub(crate) fn of(scope: MatchScope) -> Self {
        let now_micros = scope.now.as_micros();
        Self {
            now_micros,
            today: scope.now.date_utc(),
            open_from: if scope.include_closed { i64::MIN } else { now_micros },
            urgency: Vec::new(),
        }
    }

    /// For many people, before one catalogue.
    pub(crate) fn of_many(scope: MatchScope, index: &CatalogIndex) -> Self {
        let moment = Self::of(scope);
        let urgency = |facts| urgency(facts, moment.now_micros);
        let urgency = index.columns().facts.iter().map(urgency).collect();
        Self { urgency, ..moment }
    }

    /// The day of matching.
    pub(crate) const fn today(&self) -> Date {
        self.today
    }
}
