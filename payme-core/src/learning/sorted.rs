//! Rows in the order of their scores, in one radix sort that every measure of an order shares.
//!
//! In: [`Scored`] rows. Out: blocks of equal scores, from the lowest or from the highest. Rows of
//! weight 0 are left out. `-0.0` and `0.0` are one score.
//!
//! The bits of a float that is not negative ascend with it. Without weights and negative scores
//! they are shifted up by one and the label stands in the bit that gets free, so a row is one
//! word. One pass puts rows into 2,048 buckets by the upper bits in which they differ at all; each
//! bucket is then small enough for the cache and gets two passes by its next bits. What is out
//! of order after that are the few runs that agree in all those bits.

use super::rows::Scored;
use super::sum::number;

/// Bits of a digit of large sets of rows, and of small ones.
const LARGE_BITS: u32 = 11;
const SMALL_BITS: u32 = 8;
const LARGE: usize = 1 << LARGE_BITS;
const SMALL: usize = 1 << SMALL_BITS;
/// Below this many rows the digits are small ones.
const LARGE_ROWS_MIN: usize = 2_048;
/// Below this many rows a plain sort is as fast.
const SMALL_ROWS_MIN: usize = 128;
const SIGN: u64 = 1 << 63;

/// A row in order.
trait Row: Copy {
    /// Ascends with what rows are sorted by.
    fn key(self) -> u64;
    /// The score in bits: equal for equal scores, and for those only.
    fn score_bits(self) -> u64;
    fn score(self) -> f64;
    fn weight(self) -> f64;
    fn positive(self) -> f64;
}

/// A score that is not negative, and the label in the lowest bit. Its weight is 1.
#[derive(Debug, Clone, Copy)]
struct Narrow(u64);

impl Row for Narrow {
    #[inline]
    fn key(self) -> u64 {
        self.0
    }
    #[inline]
    fn score_bits(self) -> u64 {
        self.0 >> 1
    }
    #[inline]
    fn score(self) -> f64 {
        f64::from_bits(self.0 >> 1)
    }
    #[inline]
    fn weight(self) -> f64 {
        1.0
    }
    #[inline]
    fn positive(self) -> f64 {
        number(self.0 & 1 == 1)
    }
}

/// Any score, and the weight with the label as its sign.
#[derive(Debug, Clone, Copy)]
struct Wide {
    key: u64,
    signed: f64,
}

impl Wide {
    const fn new(score: f64, label: bool, weight: f64) -> Self {
        let bits = (score + 0.0).to_bits();
        let key = if bits & SIGN == 0 { bits | SIGN } else { !bits };
        Self { key, signed: if label { weight } else { -weight } }
    }
}

impl Row for Wide {
    #[inline]
    fn key(self) -> u64 {
        self.key
    }
    #[inline]
    fn score_bits(self) -> u64 {
        self.key
    }
    #[inline]
    fn score(self) -> f64 {
        f64::from_bits(if self.key & SIGN == 0 { !self.key } else { self.key ^ SIGN })
    }
    #[inline]
    fn weight(self) -> f64 {
        self.signed.abs()
    }
    #[inline]
    fn positive(self) -> f64 {
        self.signed.max(0.0)
    }
}

/// All rows of one score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Block {
    pub(super) score: f64,
    /// How much the rows weigh; above 0.
    pub(super) weight: f64,
    /// How much the positive ones among them weigh.
    pub(super) positive: f64,
}

/// Rows in ascending order of their scores.
#[derive(Debug)]
pub(super) struct Sorted(Rows);

#[derive(Debug)]
enum Rows {
    Narrow(Vec<Narrow>),
    Wide(Vec<Wide>),
}

impl Sorted {
    pub(super) fn new(rows: &Scored<'_>) -> Self {
        let pairs = rows.labels().iter().zip(rows.scores());
        if let Some(weights) = rows.weights() {
            let weighed = pairs.zip(weights).filter(|(_, weight)| **weight > 0.0);
            let wide = weighed.map(|((label, score), weight)| Wide::new(*score, *label, *weight));
            return Self(Rows::Wide(sort(wide)));
        }
        if rows.scores().iter().fold(false, |any, score| any | (*score < 0.0)) {
            let wide = pairs.map(|(label, score)| Wide::new(*score, *label, 1.0));
            return Self(Rows::Wide(sort(wide)));
        }
        let narrow =
            pairs.map(|(label, score)| Narrow(((*score + 0.0).to_bits() << 1) | u64::from(*label)));
        Self(Rows::Narrow(sort(narrow)))
    }

    /// Calls `each` with every block, from the lowest score to the highest.
    #[inline]
    pub(super) fn ascending(&self, each: impl FnMut(Block)) {
        match &self.0 {
            Rows::Narrow(rows) => blocks(rows.iter().copied(), each),
            Rows::Wide(rows) => blocks(rows.iter().copied(), each),
        }
    }

    /// Calls `each` with every block, from the highest score to the lowest.
    #[inline]
    pub(super) fn descending(&self, each: impl FnMut(Block)) {
        match &self.0 {
            Rows::Narrow(rows) => blocks(rows.iter().rev().copied(), each),
            Rows::Wide(rows) => blocks(rows.iter().rev().copied(), each),
        }
    }
}

#[inline]
fn blocks<R: Row>(mut rows: impl Iterator<Item = R>, mut each: impl FnMut(Block)) {
    let Some(mut first) = rows.next() else { return };
    let (mut weight, mut positive) = (first.weight(), first.positive());
    for row in rows {
        if row.score_bits() == first.score_bits() {
            weight += row.weight();
            positive += row.positive();
        } else {
            each(Block { score: first.score(), weight, positive });
            (first, weight, positive) = (row, row.weight(), row.positive());
        }
    }
    each(Block { score: first.score(), weight, positive });
}

/// The rows sorted by `key`; rows of one key keep no order.
fn sort<R: Row>(rows: impl Iterator<Item = R> + Clone) -> Vec<R> {
    let Some(first) = rows.clone().next() else { return Vec::new() };
    let differing = rows.clone().fold(0, |bits, row| bits | (row.key() ^ first.key()));
    let shift = (u64::BITS - differing.leading_zeros()).saturating_sub(LARGE_BITS);
    let mut ends = [0_usize; LARGE];
    let mut count = 0;
    for row in rows.clone() {
        ends[digit::<LARGE>(row.key(), shift)] += 1;
        count += 1;
    }
    starts_of(&mut ends);
    let mut sorted = vec![first; count];
    for row in rows {
        place(&mut sorted, &mut ends, digit::<LARGE>(row.key(), shift), row);
    }
    // A bucket begins where the one before it ends.
    let (mut start, mut scratch) = (0, Vec::new());
    for end in ends {
        sort_bucket(&mut sorted[start..end], &mut scratch);
        start = end;
    }
    sorted
}

fn sort_bucket<R: Row>(rows: &mut [R], scratch: &mut Vec<R>) {
    let Some(first) = rows.first().copied() else { return };
    let differing = rows.iter().fold(0, |bits, row| bits | (row.key() ^ first.key()));
    let bits = u64::BITS - differing.leading_zeros();
    match rows.len() {
        _ if bits == 0 => {}
        ..SMALL_ROWS_MIN => rows.sort_unstable_by_key(|row| row.key()),
        SMALL_ROWS_MIN..LARGE_ROWS_MIN => two_passes::<R, SMALL>(rows, scratch, bits),
        _ => two_passes::<R, LARGE>(rows, scratch, bits),
    }
}

/// Sorts rows that differ in their lowest `bits` only, with digits of `DIGITS` values.
fn two_passes<R: Row, const DIGITS: usize>(rows: &mut [R], scratch: &mut Vec<R>, bits: u32) {
    let digit_bits = DIGITS.trailing_zeros();
    let low = bits.saturating_sub(2 * digit_bits);
    let high = low + digit_bits;
    let mut ends = [[0_usize; DIGITS]; 2];
    for row in rows.iter() {
        ends[0][digit::<DIGITS>(row.key(), low)] += 1;
        ends[1][digit::<DIGITS>(row.key(), high)] += 1;
    }
    let [ends_low, ends_high] = &mut ends;
    starts_of(ends_low);
    starts_of(ends_high);
    scratch.clear();
    scratch.extend_from_slice(rows);
    for row in rows.iter() {
        place(scratch, ends_low, digit::<DIGITS>(row.key(), low), *row);
    }
    for row in scratch.iter() {
        place(rows, ends_high, digit::<DIGITS>(row.key(), high), *row);
    }
    settle(rows, low);
}

#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the lowest bits are what is wanted")]
const fn digit<const DIGITS: usize>(key: u64, shift: u32) -> usize {
    // A shift is at most 56: the digit ends where the bits that differ do, at the latest at 64.
    ((key >> shift) as usize) & (DIGITS - 1)
}

/// From how many rows each digit has to where its rows begin.
fn starts_of(counts: &mut [usize]) {
    let mut start = 0;
    for count in counts {
        (*count, start) = (start, start + *count);
    }
}

/// Puts a row behind those of its digit; in the end each entry is where its digit ends.
#[inline]
fn place<R: Row>(into: &mut [R], ends: &mut [usize], digit: usize, row: R) {
    into[ends[digit]] = row;
    ends[digit] += 1;
}

/// Sorts the runs whose keys agree above `shift` and are not in order yet.
fn settle<R: Row>(rows: &mut [R], shift: u32) {
    let mut at = 1;
    while let Some([left, right]) = rows.get(at - 1..=at) {
        if left.key() <= right.key() {
            at += 1;
            continue;
        }
        let run = left.key() >> shift;
        let is_other = |row: &R| row.key() >> shift != run;
        let before = rows[..at].iter().rposition(is_other).map_or(0, |place| place + 1);
        let behind = rows[at..].iter().position(is_other).map_or(rows.len(), |place| at + place);
        rows[before..behind].sort_unstable_by_key(|row| row.key());
        at = behind + 1;
        if at > rows.len() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learning::random::Stream;

    /// The blocks by a plain sort.
    fn oracle(rows: &Scored<'_>) -> Vec<Block> {
        let mut all: Vec<(f64, f64, f64)> = (0..rows.len())
            .map(|i| {
                let weight = rows.weights().map_or(1.0, |weights| weights[i]);
                (rows.scores()[i] + 0.0, weight, weight * number(rows.labels()[i]))
            })
            .filter(|(_, weight, _)| *weight > 0.0)
            .collect();
        all.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut blocks: Vec<Block> = Vec::new();
        for (score, weight, positive) in all {
            match blocks.last_mut() {
                Some(last) if last.score.to_bits() == score.to_bits() => {
                    last.weight += weight;
                    last.positive += positive;
                }
                _ => blocks.push(Block { score, weight, positive }),
            }
        }
        blocks
    }

    fn both_ways(rows: &Scored<'_>) -> Vec<Block> {
        let sorted = Sorted::new(rows);
        let (mut up, mut down) = (Vec::new(), Vec::new());
        sorted.ascending(|block| up.push(block));
        sorted.descending(|block| down.push(block));
        down.reverse();
        assert_eq!(up, down);
        up
    }

    #[test]
    fn any_scores_are_sorted_as_by_comparison() {
        let mut stream = Stream::new(3);
        type Shape = fn(&mut Stream) -> f64;
        #[rustfmt::skip]
        let shapes: [(&str, Shape); 8] = [
            ("uniform",         |s| s.unit()),
            ("few values",      |s| (s.unit() * 20.0).floor() / 20.0),
            ("close together",  |s| 0.5 + s.unit() * 1e-14),
            ("one value",       |_| 0.25),
            ("any sign",        |s| (s.unit() - 0.5) * 1e3),
            ("any size",        |s| (s.unit() - 0.5) * 10_f64.powf(s.unit() * 600.0 - 300.0)),
            ("zeros of signs",  |s| if s.unit() < 0.5 { 0.0 } else { -0.0 }),
            ("clusters",        |s| (s.unit() * 5.0).floor() / 8.0 + s.unit() * 1e-12),
        ];
        for (name, shape) in shapes {
            for rows in [1, 2, 127, 128, 2_047, 2_048, 6_000] {
                let scores: Vec<f64> = (0..rows).map(|_| shape(&mut stream)).collect();
                let labels: Vec<bool> = (0..rows).map(|_| stream.unit() < 0.3).collect();
                let weights: Vec<f64> = (0..rows).map(|_| (stream.unit() * 4.0).floor()).collect();
                let plain = Scored::new(&labels, &scores).unwrap();
                assert_eq!(both_ways(&plain), oracle(&plain), "{name} {rows}");
                if let Ok(weighted) = plain.weighted(&weights) {
                    assert_eq!(both_ways(&weighted), oracle(&weighted), "{name} {rows} weighted");
                }
            }
        }
    }
}
