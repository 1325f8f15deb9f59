//! Recurring charges: whether the streams that are found are there, and the other way round.
//!
//! People are made up as `recurring/people.rs` says. A stream that is found is *right* when its
//! kind of cadence is that of a true one and their records have a Jaccard index of at least 0.7;
//! each true stream stands for one found one. *Precision* is the share of right ones among those
//! found, *recall* the share of true ones that were found, of those with enough charges to be
//! mature: three, or two where they are yearly.
//! Confidence was fitted on people of another seed than those it is judged on.

mod interval;
mod logistic;
mod people;

use std::collections::{BTreeMap, BTreeSet};

use payme_core::evidence::recurring::{
    COEFFICIENTS, CadenceKind, LISTED_FROM, SIGNS, SPEAKS_FROM, Signs, Stream, streams_from,
};
use payme_core::types::RecordId;

use super::figure::{Bound, Figure, Size};
use interval::Grouping;
use people::{MadePerson, Truth, person};

/// The seed of the people on whom everything is judged.
const SEED: u64 = 20_260_211;
/// The seed of the people on whom confidence was fitted.
const SEED_OF_FIT: u64 = 7;

/// By how many days the next charge may come before or after the day it was expected.
const DAYS_NEAR: i32 = 3;

/// The coefficients by name, in the order of [`Signs`].
const NAMES: [&str; SIGNS] = [
    "coefficient fitted anew: constant",
    "coefficient fitted anew: log2 of charges",
    "coefficient fitted anew: share missed",
    "coefficient fitted anew: share when due",
    "coefficient fitted anew: log2 of streams",
    "coefficient fitted anew: share of equal prices",
    "coefficient fitted anew: log2 of bits",
    "coefficient fitted anew: log2 of unexplained charges",
    "coefficient fitted anew: when due and equal",
    "coefficient fitted anew: weekly or two-weekly",
    "coefficient fitted anew: quarterly",
    "coefficient fitted anew: yearly",
    "coefficient fitted anew: weekday of the month",
];

/// Runs the campaign.
pub(crate) fn run(size: Size) -> Vec<Figure> {
    let (judged, fitted) = match size {
        Size::Small => (60, 40),
        Size::Full => (2_000, 2_000),
    };
    let mut told = Told::default();
    let mut rivals = [Tally::default(), Tally::default()];
    for number in 0..judged {
        let made = person(SEED, number);
        told.judge(&made);
        let charges = made.charges();
        for (rival, by) in rivals.iter_mut().zip([Grouping::Merchant, Grouping::MerchantAndAmount])
        {
            rival.add(&made.truths, &interval::detect(&charges, by));
        }
    }
    let cases: Vec<(Signs, bool)> =
        (0..fitted).flat_map(|number| guesses(&person(SEED_OF_FIT, number))).collect();
    let mut figures = told.figures(size);
    figures.extend(against(&rivals));
    figures.extend(of_fit(&cases));
    figures
}

/// What was found and what there is.
#[derive(Default)]
struct Tally {
    found: usize,
    right: usize,
    asked: usize,
    recalled: usize,
}

impl Tally {
    /// Which true stream each found one stands for.
    fn add(
        &mut self,
        truths: &[Truth],
        found: &[(CadenceKind, Vec<RecordId>)],
    ) -> Vec<Option<usize>> {
        let stands_for = pair(truths, found);
        self.found += found.len();
        self.right += stands_for.iter().flatten().count();
        let recalled: BTreeSet<usize> = stands_for.iter().flatten().copied().collect();
        for (at, _) in truths.iter().enumerate().filter(|(_, truth)| is_asked(truth)) {
            self.asked += 1;
            self.recalled += usize::from(recalled.contains(&at));
        }
        stands_for
    }

    fn precision(&self) -> f64 {
        count(self.right) / count(self.found.max(1))
    }

    fn recall(&self) -> f64 {
        count(self.recalled) / count(self.asked.max(1))
    }

    fn f1(&self) -> f64 {
        let (precision, recall) = (self.precision(), self.recall());
        2.0 * precision * recall / (precision + recall).max(1e-9)
    }
}

fn is_asked(truth: &Truth) -> bool {
    truth.records.len() >= truth.kind.charges_when_mature()
}

/// For each found stream the true one that it is right about; a true one is taken once.
fn pair(truths: &[Truth], found: &[(CadenceKind, Vec<RecordId>)]) -> Vec<Option<usize>> {
    let mut owner = BTreeMap::new();
    for (at, truth) in truths.iter().enumerate() {
        owner.extend(truth.records.iter().map(|record| (*record, at)));
    }
    let mut is_taken = vec![false; truths.len()];
    let mut stands_for = Vec::new();
    for (kind, records) in found {
        let mut shared: BTreeMap<usize, usize> = BTreeMap::new();
        for at in records.iter().filter_map(|record| owner.get(record)) {
            *shared.entry(*at).or_default() += 1;
        }
        let right = shared.into_iter().find(|(at, both)| {
            let either = truths[*at].records.len() + records.len() - both;
            !is_taken[*at] && truths[*at].kind == *kind && both * 10 >= either * 7
        });
        let right = right.map(|(at, _)| at);
        if let Some(at) = right {
            is_taken[at] = true;
        }
        stands_for.push(right);
    }
    stands_for
}

fn as_found(streams: &[Stream]) -> Vec<(CadenceKind, Vec<RecordId>)> {
    streams.iter().map(|one| (one.cadence().kind(), one.records().collect())).collect()
}

/// Every guess about a person, and whether it is right.
fn guesses(made: &MadePerson) -> Vec<(Signs, bool)> {
    let streams = streams_from(&made.charges(), 0.0);
    let stands_for = pair(&made.truths, &as_found(&streams));
    streams.iter().zip(stands_for).map(|(one, at)| (*one.signs(), at.is_some())).collect()
}

/// What the engine says of everybody.
#[derive(Default)]
struct Told {
    all: Tally,
    by_kind: [Tally; 6],
    speaking: Tally,
    next_asked: usize,
    next_right: usize,
    guesses: Vec<(f64, bool)>,
}

impl Told {
    fn judge(&mut self, made: &MadePerson) {
        let streams = streams_from(&made.charges(), 0.0);
        let stands_for = pair(&made.truths, &as_found(&streams));
        let sure = streams.iter().map(|one| one.confidence().get());
        self.guesses.extend(sure.zip(stands_for.iter().map(Option::is_some)));
        let of = |least: f64| {
            let sure = |one: &&Stream| one.confidence().get() >= least;
            streams.iter().filter(sure).cloned().collect::<Vec<Stream>>()
        };
        let listed = of(LISTED_FROM);
        self.speaking.add(&made.truths, &as_found(&of(SPEAKS_FROM)));
        let stands_for = self.all.add(&made.truths, &as_found(&listed));
        for (stream, truth) in listed.iter().zip(stands_for) {
            let Some(next) = truth.and_then(|at| made.truths[at].next) else { continue };
            let from = made.last.max(stream.last_date());
            let told = stream.next_expected(from);
            let near = told.is_some_and(|told| (told - next).get_days().abs() <= DAYS_NEAR);
            self.next_asked += 1;
            self.next_right += usize::from(near);
        }
        for (kind, tally) in CadenceKind::ALL.into_iter().zip(&mut self.by_kind) {
            let found: Vec<_> =
                as_found(&listed).into_iter().filter(|(other, _)| *other == kind).collect();
            let is_kind = |truth: &&Truth| truth.kind == kind;
            let truths: Vec<Truth> = made.truths.iter().filter(is_kind).cloned().collect();
            tally.add(&truths, &found);
        }
    }

    fn figures(&self, size: Size) -> Vec<Figure> {
        let least = Bound::AtLeast(0.95);
        let share = Figure::share;
        let kinds = [
            ["weekly: precision", "weekly: recall"],
            ["two-weekly: precision", "two-weekly: recall"],
            ["semi-monthly: precision", "semi-monthly: recall"],
            ["monthly: precision", "monthly: recall"],
            ["quarterly: precision", "quarterly: recall"],
            ["yearly: precision", "yearly: recall"],
        ];
        // The smallest error that chance leaves on few cases is larger.
        let most = Bound::AtMost(if size == Size::Full { 0.02 } else { 0.06 });
        let listed: Vec<(f64, bool)> =
            self.guesses.iter().filter(|(sure, _)| *sure >= LISTED_FROM).copied().collect();
        let mut figures = vec![
            share("precision", self.all.right, self.all.found, least),
            share("recall", self.all.recalled, self.all.asked, least),
            share(
                "precision of what speaks as a feature",
                self.speaking.right,
                self.speaking.found,
                least,
            ),
            share(
                "recall of what speaks as a feature",
                self.speaking.recalled,
                self.speaking.asked,
                Bound::Told,
            ),
            share(
                "next charge within 3 days of when it was expected",
                self.next_right,
                self.next_asked,
                Bound::AtLeast(0.95),
            ),
            error("calibration error of every guess, 10 bins", &self.guesses, most),
            error("calibration error of what is listed, 10 bins", &listed, most),
        ];
        for (names, tally) in kinds.into_iter().zip(&self.by_kind) {
            figures.push(share(names[0], tally.right, tally.found, Bound::Told));
            figures.push(share(names[1], tally.recalled, tally.asked, Bound::Told));
        }
        figures
    }
}

/// The expected calibration error: by tenths of confidence, the mean gap between confidence and
/// the share that is right.
fn error(name: &'static str, guesses: &[(f64, bool)], bound: Bound) -> Figure {
    let mut bins = [(0.0, 0.0); 10];
    for (sure, is_right) in guesses {
        let bin = (0..9).find(|bin| *sure < count(bin + 1) / 10.0).unwrap_or(9);
        bins[bin].0 += sure;
        bins[bin].1 += f64::from(u8::from(*is_right));
    }
    let gaps: f64 = bins.iter().map(|(sure, right)| (sure - right).abs()).sum();
    Figure { name, value: gaps / count(guesses.len().max(1)), cases: guesses.len(), bound }
}

fn against(rivals: &[Tally; 2]) -> Vec<Figure> {
    let names = [
        [
            "fixed interval by merchant: precision",
            "fixed interval by merchant: recall",
            "fixed interval by merchant: F1",
        ],
        [
            "fixed interval by merchant and amount: precision",
            "fixed interval by merchant and amount: recall",
            "fixed interval by merchant and amount: F1",
        ],
    ];
    let of = |(names, rival): ([&'static str; 3], &Tally)| {
        [
            Figure::share(names[0], rival.right, rival.found, Bound::Told),
            Figure::share(names[1], rival.recalled, rival.asked, Bound::AtMost(0.75)),
            Figure {
                name: names[2],
                value: rival.f1(),
                cases: rival.asked,
                bound: Bound::AtMost(0.75),
            },
        ]
    };
    names.into_iter().zip(rivals).flat_map(of).collect()
}

/// The coefficients that the people of the fit give today, and what those in use lose by it.
fn of_fit(cases: &[(Signs, bool)]) -> Vec<Figure> {
    let fitted = logistic::fit(cases);
    let lost = logistic::loss(&COEFFICIENTS, cases) - logistic::loss(&fitted, cases);
    let told = |(name, value)| Figure { name, value, cases: cases.len(), bound: Bound::Told };
    let mut figures: Vec<Figure> = NAMES.into_iter().zip(fitted).map(told).collect();
    let name = "loss of the coefficients in use above those fitted anew, bits";
    figures.push(Figure { name, value: lost, cases: cases.len(), bound: Bound::AtMost(0.05) });
    figures
}

fn count(things: usize) -> f64 {
    u32::try_from(things).map_or(f64::INFINITY, f64::from)
}
