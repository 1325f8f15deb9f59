//! Measures per user, averaged over users: every user counts the same, with many rows or few.
//!
//! In: rows and the [`Groups`] they belong to. Out: a [`UserMean`]. The order of the rows and of
//! the users does not matter.

use super::few::hits_of_few;
use super::order::{Top, need_positive};
use crate::learning::pieces::{COLUMN_PIECE, each_piece};
use crate::learning::sorted::Block;
use crate::learning::sum::{Sum, float, number};
use crate::learning::{Defined, LearningError, Scored, Undefined};

/// Which rows belong together. Made once, used for many measures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Groups {
    /// Where each group ends, in the order below.
    ends: Vec<usize>,
    /// The rows, group by group, if that is not the order they have.
    order: Option<Vec<usize>>,
}

impl Groups {
    /// Rows of equal ids are a group; they need not stand together.
    ///
    /// Ids that ascend already cost one pass, with the feature `parallel` on every core; others a
    /// sort.
    /// ```
    /// use payme_core::learning::Groups;
    /// assert_eq!(Groups::of_ids(&[7, 3, 7]).len(), 2);
    /// ```
    pub fn of_ids<T: Ord + Sync>(ids: &[T]) -> Self {
        if let Some(ends) = ends_of_ascending(ids) {
            return Self { ends, order: None };
        }
        let mut order: Vec<usize> = (0..ids.len()).collect();
        order.sort_unstable_by(|a, b| ids[*a].cmp(&ids[*b]).then(a.cmp(b)));
        let groups = order.chunk_by(|a, b| ids[*a] == ids[*b]).map(<[usize]>::len);
        Self { order: Some(order.clone()), ..Self::of_sizes(groups) }
    }

    /// The first so many rows are a group, the next so many another, and so on. Groups without
    /// rows are left out.
    pub fn of_sizes(sizes: impl IntoIterator<Item = usize>) -> Self {
        let mut end = 0_usize;
        let filled = sizes.into_iter().filter(|size| *size > 0);
        let ends = filled.map(|size| {
            end = end.saturating_add(size);
            end
        });
        Self { ends: ends.collect(), order: None }
    }

    /// How many groups there are.
    pub const fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are no groups, and so no rows.
    pub const fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// How many rows the groups hold.
    pub fn rows(&self) -> usize {
        self.ends.last().copied().unwrap_or(0)
    }

    pub(in crate::learning) fn need_rows(&self, expected: usize) -> Result<(), LearningError> {
        let found = self.rows();
        if found == expected { Ok(()) } else { Err(LearningError::Groups { expected, found }) }
    }

    /// The places of the rows of each group.
    pub(in crate::learning) fn each(&self) -> impl Iterator<Item = Vec<usize>> {
        self.range(0, self.len()).map(|group| group.places().collect())
    }

    /// The groups from one to before another.
    fn range(&self, from: usize, to: usize) -> impl Iterator<Item = Group<'_>> {
        let before = from.checked_sub(1).and_then(|before| self.ends.get(before));
        let ends = self.ends.get(from..to).unwrap_or_default();
        let starts = std::iter::once(before.copied().unwrap_or(0)).chain(ends.iter().copied());
        starts.zip(ends).map(|(start, end)| Group {
            start,
            end: *end,
            order: self.order.as_ref().and_then(|order| order.get(start..*end)),
        })
    }
}

/// Where the runs of equal ids end, if the ids ascend.
fn ends_of_ascending<T: Ord + Sync>(ids: &[T]) -> Option<Vec<usize>> {
    // The pairs of neighbours of a piece begin in it; the last of them ends in the next one.
    let piece = |number: usize| {
        let from = number * COLUMN_PIECE;
        let piece = ids.get(from..ids.len().min(from + COLUMN_PIECE + 1))?;
        let mut ends = Vec::new();
        for (before, pair) in (from..).zip(piece.windows(2)) {
            match pair {
                [left, right] if left == right => {}
                [left, right] if left < right => ends.push(before + 1),
                _ => return None,
            }
        }
        Some(ends)
    };
    let pieces = each_piece(ids.len().div_ceil(COLUMN_PIECE), piece);
    let mut ends = pieces.into_iter().collect::<Option<Vec<_>>>()?.concat();
    ends.extend((!ids.is_empty()).then_some(ids.len()));
    Some(ends)
}

/// The rows of one group.
#[derive(Debug, Clone, Copy)]
pub(super) struct Group<'a> {
    start: usize,
    end: usize,
    order: Option<&'a [usize]>,
}

impl Group<'_> {
    /// The places of its rows.
    pub(super) fn places(&self) -> impl Iterator<Item = usize> {
        let Group { start, end, order } = *self;
        (start..end).map(move |at| order.and_then(|o| o.get(at - start).copied()).unwrap_or(at))
    }
}

/// What precision at k is divided by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DivideBy {
    /// By k, also where a user has fewer rows: the convention of TREC.
    #[default]
    K,
    /// By the smaller one of k and what the user has.
    Returned,
}

/// What becomes of users without a positive row, whose precision is 0 however they are ranked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WithoutPositive {
    /// They are left out of the mean, and counted beside it.
    #[default]
    LeaveOut,
    /// They count with 0.
    Zero,
}

/// The rules of a precision per user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PerUser {
    /// How many of the first results count, from 1.
    pub k: usize,
    /// What the hits are divided by.
    pub divide_by: DivideBy,
    /// What becomes of users without a positive row.
    pub without_positive: WithoutPositive,
}

impl PerUser {
    /// Precision at `k` by the rules that are usual: divided by `k`, users without a positive row
    /// left out.
    pub fn at(k: usize) -> Self {
        Self { k, divide_by: DivideBy::default(), without_positive: WithoutPositive::default() }
    }

    /// The same over everybody: users without a positive row count with 0. It is what models are
    /// promoted by.
    pub fn of_everybody(k: usize) -> Self {
        Self { without_positive: WithoutPositive::Zero, ..Self::at(k) }
    }
}

/// A mean over users.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UserMean {
    /// The mean, if a user counts.
    pub mean: Defined<f64>,
    /// How many users are in the mean.
    pub users: usize,
    /// How many users have no positive row, in the mean or not.
    pub without_positive: usize,
}

/// Precision at k of each user, averaged over users.
///
/// With the feature `parallel` every core takes part; the answer is the same to the bit.
/// In [0, 1]. Ties at the cut are resolved as in
/// [`precision_at_k`](super::precision_at_k); with weights, `k` is a weight within each user.
///
/// # Errors
/// [`LearningError::TopZero`] for `k = 0`, [`LearningError::Groups`] for groups of another number
/// of rows.
/// ```
/// use payme_core::learning::{DivideBy, Groups, PerUser, Scored, precision_at_k_per_user};
/// let rows = Scored::new(&[1, 0, 1], &[0.9, 0.5, 0.1])?;
/// let one_user = Groups::of_sizes([3]);
/// let by_k = precision_at_k_per_user(&rows, &one_user, PerUser::at(5))?;
/// assert_eq!(by_k.mean.value(), Some(0.4));
/// let rule = PerUser { divide_by: DivideBy::Returned, ..PerUser::at(5) };
/// let by_returned = precision_at_k_per_user(&rows, &one_user, rule)?;
/// assert_eq!(by_returned.mean.value(), Some(2.0 / 3.0));
/// # Ok::<(), payme_core::learning::LearningError>(())
/// ```
pub fn precision_at_k_per_user(
    rows: &Scored<'_>,
    users: &Groups,
    rule: PerUser,
) -> Result<UserMean, LearningError> {
    let of_user = rule_of(rows, users, rule)?;
    Ok(mean_over_groups(users, rule.without_positive, of_user))
}

/// Precision at k of each user, in the order of the groups: ascending ids, or as they stand where
/// groups were made of sizes.
///
/// A user without a positive row has none, or 0 where the rule says so. This is what users are
/// resampled from, and what two models are compared by.
///
/// # Errors
/// As [`precision_at_k_per_user`].
/// ```
/// use payme_core::learning::{Groups, PerUser, Scored, precision_at_k_of_users};
/// let rows = Scored::new(&[1, 0, 0, 1], &[0.9, 0.5, 0.8, 0.1])?;
/// let users = Groups::of_ids(&["ann", "ann", "bob", "cyd"]);
/// let found = precision_at_k_of_users(&rows, &users, PerUser::at(1))?;
/// assert_eq!(found, [Some(1.0), None, Some(1.0)]);
/// # Ok::<(), payme_core::learning::LearningError>(())
/// ```
pub fn precision_at_k_of_users(
    rows: &Scored<'_>,
    users: &Groups,
    rule: PerUser,
) -> Result<Vec<Option<f64>>, LearningError> {
    let of_user = rule_of(rows, users, rule)?;
    let without_positive = match rule.without_positive {
        WithoutPositive::LeaveOut => None,
        WithoutPositive::Zero => Some(0.0),
    };
    let piece = |number: usize| {
        let mut scratch = Scratch::default();
        let (from, to) = (number * PIECE, users.len().min((number + 1) * PIECE));
        let each = users.range(from, to);
        each.map(|group| of_user(&mut scratch, group).or(without_positive)).collect::<Vec<_>>()
    };
    Ok(each_piece(users.len().div_ceil(PIECE), piece).concat())
}

/// The precision of one user, which is none without a positive row.
fn rule_of(
    rows: &Scored<'_>,
    users: &Groups,
    rule: PerUser,
) -> Result<impl Fn(&mut Scratch, Group<'_>) -> Option<f64> + Sync, LearningError> {
    users.need_rows(rows.len())?;
    let k = need_positive(rule.k)?;
    let divisor = move |weight: f64| match rule.divide_by {
        DivideBy::K => float(k),
        DivideBy::Returned => float(k).min(weight),
    };
    Ok(move |scratch: &mut Scratch, group: Group<'_>| {
        let found = match (rows.weights(), group.order) {
            (None, None) => {
                let range = group.start..group.end;
                let (scores, labels) = (rows.scores().get(range.clone())?, &rows.labels()[range]);
                hits_of_equals(scores, labels, k, scratch)
            }
            (None, Some(order)) => {
                let mut gathered = std::mem::take(&mut scratch.gathered);
                gathered.0.clear();
                gathered.1.clear();
                gathered.0.extend(order.iter().map(|at| rows.scores()[*at]));
                gathered.1.extend(order.iter().map(|at| rows.labels()[*at]));
                let found = hits_of_equals(&gathered.0, &gathered.1, k, scratch);
                scratch.gathered = gathered;
                found
            }
            (Some(weights), _) => hits_of_weighted(rows, weights, group, k),
        };
        let Hits { hits, any_positive, weight } = found;
        any_positive.then(|| (hits / divisor(weight)).min(1.0))
    })
}

/// So many groups are added up in one piece, whether pieces run beside each other or not: so the
/// mean has the same bits either way.
const PIECE: usize = 4_096;

/// The mean over groups of `of`, which is none where a group has no positive row.
pub(super) fn mean_over_groups<S: Default>(
    groups: &Groups,
    without: WithoutPositive,
    of: impl Fn(&mut S, Group<'_>) -> Option<f64> + Sync,
) -> UserMean {
    let piece = |number: usize| {
        let (mut sum, mut without_positive, mut scratch) = (Sum::default(), 0_usize, S::default());
        let (from, to) = (number * PIECE, groups.len().min((number + 1) * PIECE));
        for group in groups.range(from, to) {
            match of(&mut scratch, group) {
                Some(value) => sum += value,
                None => without_positive += 1,
            }
        }
        (sum.total(), without_positive)
    };
    let (mut sum, mut without_positive) = (Sum::default(), 0);
    for (of_piece, without_positive_there) in each_piece(groups.len().div_ceil(PIECE), piece) {
        sum += of_piece;
        without_positive += without_positive_there;
    }
    let users = match without {
        WithoutPositive::LeaveOut => groups.len() - without_positive,
        WithoutPositive::Zero => groups.len(),
    };
    let mean = match users {
        0 => Defined::No(Undefined::NoPositive),
        _ => Defined::Yes(sum.total() / float(users)),
    };
    UserMean { mean, users, without_positive }
}

/// What the first k of one user hold, and the user's rows.
#[derive(Debug, Clone, Copy)]
struct Hits {
    hits: f64,
    any_positive: bool,
    weight: f64,
}

#[derive(Debug, Default)]
struct Scratch {
    scores: Vec<f64>,
    gathered: (Vec<f64>, Vec<bool>),
}

/// The hits among the first `k` of rows that count once each.
fn hits_of_equals(scores: &[f64], labels: &[bool], k: usize, scratch: &mut Scratch) -> Hits {
    let count = |wanted: &dyn Fn(f64) -> bool| {
        let pairs = scores.iter().zip(labels);
        pairs.fold((0_usize, 0_usize), |(all, positive), (score, label)| {
            let is = wanted(*score);
            (all + usize::from(is), positive + usize::from(is & *label))
        })
    };
    let weight = float(scores.len());
    if let Some((hits, any_positive)) = hits_of_few(scores, labels, k) {
        return Hits { hits, any_positive, weight };
    }
    // All labels are looked at, which is faster than to stop at the first positive one.
    let any_positive = labels.iter().fold(false, |any, label| any | label);
    if k >= scores.len() {
        let positive = labels.iter().filter(|label| **label).count();
        return Hits { hits: float(positive), any_positive, weight };
    }
    scratch.scores.clear();
    scratch.scores.extend_from_slice(scores);
    let (_, cut, _) = scratch.scores.select_nth_unstable_by(k - 1, |a, b| b.total_cmp(a));
    let cut = *cut;
    let (above, hits) = count(&|score| score > cut);
    let (tied, tied_hits) = count(&|score| (cut..=cut).contains(&score));
    let share = float(k - above) / float(tied);
    Hits { hits: float(hits) + share * float(tied_hits), any_positive, weight }
}

/// The hits among the first rows that weigh `k`.
fn hits_of_weighted(rows: &Scored<'_>, weights: &[f64], group: Group<'_>, k: usize) -> Hits {
    let weighed = group.places().filter(|at| weights[*at] > 0.0);
    let mut blocks: Vec<Block> = weighed
        .map(|at| {
            let weight = weights[at];
            let positive = weight * number(rows.labels()[at]);
            Block { score: rows.scores()[at] + 0.0, weight, positive }
        })
        .collect();
    blocks.sort_unstable_by(|a, b| b.score.total_cmp(&a.score));
    let (mut top, mut weight) = (Top::new(k), Sum::default());
    let any_positive = blocks.iter().any(|block| block.positive > 0.0);
    for tied in blocks.chunk_by(|a, b| a.score.to_bits() == b.score.to_bits()) {
        let mut block = Block { score: tied[0].score, weight: 0.0, positive: 0.0 };
        for row in tied {
            block.weight += row.weight;
            block.positive += row.positive;
        }
        top.take(weight.total(), block);
        weight += block.weight;
    }
    Hits { hits: top.hits(), any_positive, weight: weight.total() }
}
