//! The streams among the charges of one merchant in one currency.
//!
//! In: [`Point`]s, ascending by day, amount and id. Out: [`Fit`]s that share no charge, the one
//! that tells most first. At most [`STREAMS_MAX`] are taken out, one after the other, each by a
//! fixed number of passes over what is left: work is linear however many charges there are.

use super::calendar::Cadence;
use super::fit::{Bits, Fit, Pick, Point, fit, is_double, rate};
use super::propose::Proposer;

/// How many streams one merchant has at most. Who has more plans than this is a shop.
pub(super) const STREAMS_MAX: usize = 8;

/// How many levels of prices are looked at by themselves, the largest ones.
const LEVELS_MAX: usize = 8;

/// A level holds amounts up to this many hundredths of its least one.
const LEVEL_PERCENT: i128 = 104;

/// Two stretches of one stream are at most so many occurrences apart.
const GAP_MAX: i32 = 5;

/// Room that is used again from merchant to merchant.
#[derive(Debug)]
pub(super) struct Workshop {
    proposer: Proposer,
    picks: Vec<Pick>,
    by_amount: Vec<u32>,
}

/// What is looked at together, and the best calendar of it.
struct Set {
    /// The level of prices; `None` for everything.
    level: Option<u32>,
    among: Vec<u32>,
    best: Option<(Bits, Cadence)>,
}

impl Workshop {
    pub(super) fn new() -> Self {
        Self { proposer: Proposer::new(), picks: Vec::new(), by_amount: Vec::new() }
    }

    /// Takes the streams out of the charges of one merchant and gives each charge its level.
    pub(super) fn streams(&mut self, points: &mut [Point]) -> Vec<Fit> {
        if points.len() < 2 {
            return Vec::new();
        }
        let mut sets = self.sets(points);
        for set in &mut sets {
            set.best = self.best_calendar(points, &set.among);
        }
        let mut found = Vec::new();
        while found.len() < STREAMS_MAX {
            let mut best: Option<(Bits, usize)> = None;
            for (at, set) in sets.iter().enumerate() {
                if let Some((bits, _)) = set.best
                    && bits > best.map_or(0, |(most, _)| most)
                {
                    best = Some((bits, at));
                }
            }
            let Some(chosen) = best.and_then(|(_, at)| sets.get(at)) else { break };
            let Some(mut stream) = self.best_fit(points, chosen) else { break };
            let all = sets.first().map(|set| set.among.as_slice()).unwrap_or_default();
            complete(points, all, &mut stream);
            self.take_out(points, &mut sets, &stream);
            found.push(stream);
        }
        join(points, found)
    }

    /// Everything, and each large level of prices that is not everything.
    fn sets(&mut self, points: &mut [Point]) -> Vec<Set> {
        let all: Vec<u32> = (0..).take(points.len()).collect();
        let minor =
            |points: &[Point], index: u32| points.get(index as usize).map_or(0, |p| p.minor);
        self.by_amount.clone_from(&all);
        self.by_amount.sort_unstable_by_key(|index| (minor(points, *index), *index));
        let (mut levels, mut least) = (Vec::new(), None::<i64>);
        for &index in &self.by_amount {
            let amount = minor(points, index);
            let is_near =
                |least: i64| i128::from(amount) * 100 <= i128::from(least) * LEVEL_PERCENT;
            if !least.is_some_and(is_near) {
                least = Some(amount);
                levels.push(Vec::new());
            }
            if let (Some(level), Some(point)) = (levels.last_mut(), points.get_mut(index as usize))
            {
                level.push(index);
                point.level = u32::try_from(levels.len()).unwrap_or(u32::MAX);
            }
        }
        let is_all = levels.len() == 1;
        let mut levels: Vec<(u32, Vec<u32>)> =
            (1..).zip(levels).filter(|(_, among)| among.len() >= 2 && !is_all).collect();
        levels.sort_by_key(|(level, among)| (std::cmp::Reverse(among.len()), *level));
        levels.truncate(LEVELS_MAX);
        let everything = Set { level: None, among: all, best: None };
        let level = |(level, mut among): (u32, Vec<u32>)| {
            among.sort_unstable();
            Set { level: Some(level), among, best: None }
        };
        std::iter::once(everything).chain(levels.into_iter().map(level)).collect()
    }

    /// The calendar that tells most about these charges, the first of equals.
    fn best_calendar(&mut self, points: &[Point], among: &[u32]) -> Option<(Bits, Cadence)> {
        if among.len() < 2 {
            return None;
        }
        let rate = rate(points, among);
        let mut best: Option<(Bits, Cadence)> = None;
        for &cadence in self.proposer.propose(points, among) {
            if let Some((bits, _)) = fit(points, among, cadence, rate, &mut self.picks)
                && best.is_none_or(|(most, _)| bits > most)
            {
                best = Some((bits, cadence));
            }
        }
        best
    }

    fn best_fit(&mut self, points: &[Point], set: &Set) -> Option<Fit> {
        let (_, cadence) = set.best?;
        let rate = rate(points, &set.among);
        let (bits, range) = fit(points, &set.among, cadence, rate, &mut self.picks)?;
        Some(Fit { cadence, bits, picks: self.picks.get(range)?.to_vec() })
    }

    /// Takes the charges of a stream out of every set, and looks again at those that had any.
    fn take_out(&mut self, points: &[Point], sets: &mut [Set], stream: &Fit) {
        let mut taken: Vec<u32> = stream.picks.iter().map(|pick| pick.point).collect();
        taken.sort_unstable();
        let level = |index: &u32| points.get(*index as usize).map(|point| point.level);
        let mut levels: Vec<u32> = taken.iter().filter_map(level).collect();
        levels.sort_unstable();
        for set in sets {
            if set.level.is_none_or(|level| levels.binary_search(&level).is_ok()) {
                set.among.retain(|index| taken.binary_search(index).is_err());
                set.best = self.best_calendar(points, &set.among);
            }
        }
    }
}

/// Joins streams on one calendar where one begins soon after another ended, at a like price.
fn join(points: &[Point], found: Vec<Fit>) -> Vec<Fit> {
    let mut joined: Vec<Fit> = Vec::with_capacity(found.len());
    for stream in found {
        let follows = |other: &&mut Fit| {
            other.cadence == stream.cadence
                && (is_next(points, other, &stream) || is_next(points, &stream, other))
        };
        match joined.iter_mut().find(follows) {
            Some(other) => {
                other.bits += stream.bits;
                other.picks.extend(stream.picks);
                other.picks.sort_unstable_by_key(|pick| pick.occurrence);
            }
            None => joined.push(stream),
        }
    }
    joined
}

/// Whether one stream begins soon after another ended, at a price that may follow.
fn is_next(points: &[Point], early: &Fit, late: &Fit) -> bool {
    let Some((end, start)) = early.picks.last().zip(late.picks.first()) else { return false };
    let minor = |pick: &Pick| points.get(pick.point as usize).map_or(0, |point| point.minor);
    (1..=GAP_MAX).contains(&(start.occurrence - end.occurrence))
        && is_price_change(minor(end), minor(start))
}

/// A charge beside a stream that its calendar has a place for.
struct Beside {
    occurrence: i32,
    offset: i32,
    point: u32,
    minor: i64,
    level: u32,
}

/// Adds the charges that a stream of one price left out: two payments in one, a single other
/// amount on a due day, and the prices before and after.
fn complete(points: &[Point], all: &[u32], stream: &mut Fit) {
    let Some((first, last)) = stream.picks.first().zip(stream.picks.last()) else { return };
    let (first, last) = (first.occurrence, last.occurrence);
    let grace = stream.cadence.kind().window().grace;
    let beside = beside(points, all, stream);
    let mut parallel: Vec<u32> = beside
        .iter()
        .filter(|one| (first..=last).contains(&one.occurrence) && one.offset <= grace)
        .map(|one| one.level)
        .collect();
    parallel.sort_unstable();
    let runs_beside = |level: u32, times: usize| {
        let from = parallel.partition_point(|other| *other < level);
        parallel.get(from + times).is_some_and(|other| *other == level)
    };
    let inside = beside.iter().filter(|one| (first..=last).contains(&one.occurrence));
    let filled: Vec<Pick> =
        inside.filter_map(|one| fills(points, stream, one, |l| runs_beside(l, 1))).collect();
    for pick in filled {
        insert(&mut stream.picks, pick);
    }
    let is_new = |one: &&Beside| one.offset <= grace && !runs_beside(one.level, 0);
    for one in beside.iter().filter(|one| one.occurrence > last).filter(is_new) {
        prolong(points, stream, one, true);
    }
    for one in beside.iter().rev().filter(|one| one.occurrence < first).filter(is_new) {
        prolong(points, stream, one, false);
    }
}

/// The charges outside of the stream that its calendar has a place for, ascending.
fn beside(points: &[Point], all: &[u32], stream: &Fit) -> Vec<Beside> {
    let mut taken: Vec<u32> = stream.picks.iter().map(|pick| pick.point).collect();
    taken.sort_unstable();
    let place = |index: &u32| {
        let point = points.get(*index as usize)?;
        let (occurrence, offset) = stream.cadence.place(point.day, point.month)?;
        let (minor, level) = (point.minor, point.level);
        Some(Beside { occurrence, offset, point: *index, minor, level })
    };
    all.iter().filter(|index| taken.binary_search(index).is_err()).filter_map(place).collect()
}

/// The pick that a charge makes of a missed occurrence inside a stream.
fn fills(
    points: &[Point],
    stream: &Fit,
    one: &Beside,
    runs_beside: impl Fn(u32) -> bool,
) -> Option<Pick> {
    let at = stream.picks.partition_point(|pick| pick.occurrence < one.occurrence);
    if stream.picks.get(at).is_some_and(|pick| pick.occurrence == one.occurrence) {
        return None;
    }
    let before = stream.picks.get(at.checked_sub(1)?)?;
    let minor = points.get(before.point as usize)?.minor;
    let is_double = before.occurrence + 1 < one.occurrence && is_double(minor, one.minor);
    let is_other = one.offset <= stream.cadence.kind().window().grace
        && is_price_change(minor, one.minor)
        && !runs_beside(one.level);
    (is_double || is_other).then_some(pick(one))
}

/// Adds a charge just behind or before the stream, at another price; one occurrence may be missed.
fn prolong(points: &[Point], stream: &mut Fit, one: &Beside, forward: bool) {
    let end = if forward { stream.picks.last() } else { stream.picks.first() };
    let Some(end) = end else { return };
    let gap =
        if forward { one.occurrence - end.occurrence } else { end.occurrence - one.occurrence };
    let minor = points.get(end.point as usize).map_or(0, |point| point.minor);
    let is_both = forward && gap == 2 && is_double(minor, one.minor);
    if is_both || ((1..=2).contains(&gap) && is_price_change(minor, one.minor)) {
        insert(&mut stream.picks, pick(one));
    }
}

const fn pick(one: &Beside) -> Pick {
    Pick { occurrence: one.occurrence, point: one.point, offset: one.offset, bits: 0 }
}

/// Puts a pick into its place; an occurrence that has a charge keeps it.
fn insert(picks: &mut Vec<Pick>, pick: Pick) {
    let at = picks.partition_point(|other| other.occurrence < pick.occurrence);
    if picks.get(at).is_none_or(|other| other.occurrence != pick.occurrence) {
        picks.insert(at, pick);
    }
}

/// Whether a price may follow another: from three fifths to five thirds of it.
pub(super) fn is_price_change(from: i64, to: i64) -> bool {
    let (small, large) = (i128::from(from.min(to)), i128::from(from.max(to)));
    large * 3 <= small * 5
}
