//! A copy of the rows in small integers, with proven bounds of what it leaves out.
//!
//! In: rows of finite numbers. Out: 8-bit codes in two halves of 4 bits, coarse and fine, and for
//! each row its scale, its length, and how far it lies from what the codes say of it. A row x with
//! scale s is about `16 s c` from its coarse codes and `s (16 c + f)` from both, c in -7..=7 and f
//! in -8..=7. A query is quantised alike, to one 8-bit code for each number.
//! Invariant: what is stored as a bound is never below the true value.

use super::VectorError;
use super::kernel::{BLOCK_BYTES, CODES_PER_BLOCK};
use crate::types::Column;

/// Of one row: `[scale, norm, coarse_error, fine_error]`.
///
/// The last three are upper bounds of Euclidean lengths: of the row, and of its difference from
/// what its coarse codes, and both, say of it.
pub type RowFacts = [f32; 4];

/// The steps of coarse codes that the largest number of a row may have. The first wastes nothing.
/// With the others it is a whole number of steps, and where the numbers of a row are multiples of
/// one of them, as counts are, so are many more.
const STEPS: [f32; 5] = [119.0 / LEVELS_PER_STEP, 7.0, 6.0, 5.0, 4.0];
/// A coarse code is worth so many fine ones.
pub(super) const LEVELS_PER_STEP: f32 = 16.0;
/// The largest level: coarse code 7 and fine code 7.
const LEVEL_MAX: f64 = 119.0;
/// The largest code of a query.
const QUERY_LEVEL_MAX: f64 = 127.0;
/// What a coarse or fine code of 0 is stored as, so that all are stored without a sign.
pub(super) const CODE_ZERO: i32 = 8;

/// The quantised copy of a matrix, in columns. Layout: `docs/rules/vectors.md`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Quantised {
    /// Coarse codes, two to a byte.
    pub coarse: Column<u8>,
    /// Fine codes in the same places.
    pub fine: Column<u8>,
    /// Scale and bounds of each row.
    pub facts: Column<RowFacts>,
}

/// Bytes of the codes of one row in each half.
pub(super) const fn row_bytes(dimension: usize) -> usize {
    dimension.div_ceil(CODES_PER_BLOCK) * BLOCK_BYTES
}

impl Quantised {
    /// Quantises whole rows of finite numbers.
    pub(super) fn of(values: &[f32], dimension: usize, rows: usize) -> Self {
        let width = row_bytes(dimension);
        let (mut coarse, mut fine) = (vec![0; rows * width], vec![0; rows * width]);
        let mut facts = vec![RowFacts::default(); rows];
        let codes = coarse.chunks_mut(width.max(1)).zip(fine.chunks_mut(width.max(1)));
        let rows = values.chunks(dimension.max(1)).zip(codes);
        for ((row, (coarse, fine)), facts) in rows.zip(&mut facts) {
            *facts = quantise(row, scale(row), coarse, fine);
        }
        Self { coarse: coarse.into(), fine: fine.into(), facts: facts.into() }
    }

    /// Checks that there are codes and facts for so many rows, and that no fact is NaN or below 0.
    pub(super) fn check(&self, dimension: usize, rows: usize) -> Result<(), VectorError> {
        let bytes = rows.saturating_mul(row_bytes(dimension));
        let parts = [
            ("coarse codes", self.coarse.len(), bytes),
            ("fine codes", self.fine.len(), bytes),
            ("row facts", self.facts.len(), rows),
        ];
        for (part, found, expected) in parts {
            if found != expected {
                return Err(VectorError::PartLength { part, expected, found });
            }
        }
        let possible = |facts: &RowFacts| facts.iter().all(|fact| *fact >= 0.0);
        match self.facts.iter().position(|facts| !possible(facts)) {
            Some(row) => Err(VectorError::PartInvalid { row }),
            None => Ok(()),
        }
    }

    /// The facts of a row. A row that is not there gets bounds that rule nothing out.
    pub(super) fn facts_of(&self, row: u32) -> RowFacts {
        let facts = usize::try_from(row).ok().and_then(|row| self.facts.get(row));
        facts.copied().unwrap_or([0.0, f32::INFINITY, f32::INFINITY, f32::INFINITY])
    }
}

/// Writes the codes of one row into its bytes, which are zero.
fn quantise(row: &[f32], scale: f32, coarse: &mut [u8], fine: &mut [u8]) -> RowFacts {
    let [wide_scale, per_step] = [scale, LEVELS_PER_STEP].map(f64::from);
    let inverse = if scale > 0.0 { wide_scale.recip() } else { 0.0 };
    let (mut norm, mut coarse_error, mut fine_error) = (0.0, 0.0, 0.0);
    let blocks = coarse.chunks_mut(BLOCK_BYTES).zip(fine.chunks_mut(BLOCK_BYTES));
    for (numbers, (coarse, fine)) in row.chunks(CODES_PER_BLOCK).zip(blocks) {
        for (place, x) in numbers.iter().enumerate() {
            let x = f64::from(*x);
            let level = whole(x * inverse).clamp(-LEVEL_MAX, LEVEL_MAX);
            // The half makes 8 the first level of the next step, as the fine codes ask for.
            let steps = whole((level + 0.5) / per_step);
            let rest = level - per_step * steps;
            norm += square(x);
            // A scale has 24 bits and a level 7: the products here are not rounded.
            coarse_error += square(x - wide_scale * (per_step * steps));
            fine_error += square(x - wide_scale * level);
            put(coarse, place, steps);
            put(fine, place, rest);
        }
    }
    [scale, up(norm.sqrt()), up(coarse_error.sqrt()), up(fine_error.sqrt())]
}

fn square(x: f64) -> f64 {
    x * x
}

/// The nearest whole number, of ties the even one, of a number up to 2^51 in size. The method of
/// that name is a call of a library where the machine may lack the instruction.
fn whole(x: f64) -> f64 {
    const WHOLE: f64 = 6_755_399_441_055_744.0;
    (x + WHOLE) - WHOLE
}

/// Stores a code in -8..=7 in its half of its byte.
fn put(block: &mut [u8], place: usize, code: f64) {
    #[expect(clippy::cast_possible_truncation, reason = "a whole number of four bits")]
    #[expect(clippy::cast_sign_loss, reason = "from 0 on, since codes are from -8 on")]
    let stored = (code + f64::from(CODE_ZERO)) as u8;
    let shift = if place < BLOCK_BYTES { 0 } else { 4 };
    if let Some(byte) = block.get_mut(place % BLOCK_BYTES) {
        *byte |= stored << shift;
    }
}

/// The scale under which the coarse codes leave least out.
fn scale(row: &[f32]) -> f32 {
    let largest = row.iter().fold(0.0_f32, |largest, x| largest.max(x.abs()));
    let mut best = (f32::INFINITY, 0.0);
    for steps in STEPS {
        let error = left_out(row, steps / largest) / (steps * steps);
        if error < best.0 {
            best = (error, largest / (LEVELS_PER_STEP * steps));
        }
    }
    best.1
}

/// About the sum of squares that rounding to whole steps leaves out, in steps.
fn left_out(row: &[f32], steps_per_unit: f32) -> f32 {
    // Adding this and taking it away again rounds what is small beside it to whole numbers.
    const WHOLE: f32 = 12_582_912.0;
    let (blocks, rest) = row.as_chunks::<8>();
    let mut sums = [0.0; 8];
    let mut add = |numbers: &[f32]| {
        for (sum, x) in sums.iter_mut().zip(numbers) {
            let steps = x * steps_per_unit;
            let left = steps - ((steps + WHOLE) - WHOLE);
            *sum += left * left;
        }
    };
    blocks.iter().for_each(|block| add(block));
    add(rest);
    sums.iter().sum()
}

/// A query in 8-bit codes, with the bounds of what they leave out.
#[derive(Debug)]
pub(super) struct QueryCodes {
    /// The codes, filled up with zeros to whole blocks.
    pub(super) levels: Vec<i8>,
    /// What a code stands for.
    pub(super) unit: f32,
    /// What stored codes add to a sum because they are stored without a sign.
    pub(super) offset: i32,
    /// No less than the length of the query.
    pub(super) norm: f64,
    /// No less than its distance from what the codes say of it.
    pub(super) error: f64,
}

impl QueryCodes {
    /// Quantises finite numbers.
    pub(super) fn of(query: &[f32]) -> Self {
        let largest = query.iter().fold(0.0_f32, |largest, x| largest.max(x.abs()));
        #[expect(clippy::cast_possible_truncation, reason = "127 has a short way to f32")]
        let unit = largest / QUERY_LEVEL_MAX as f32;
        let wide_unit = f64::from(unit);
        let inverse = if unit > 0.0 { wide_unit.recip() } else { 0.0 };
        let mut levels = vec![0; query.len().div_ceil(CODES_PER_BLOCK) * CODES_PER_BLOCK];
        let (mut offset, mut norm, mut error) = (0, 0.0, 0.0);
        for (stored, x) in levels.iter_mut().zip(query) {
            let x = f64::from(*x);
            let level = whole(x * inverse).clamp(-QUERY_LEVEL_MAX, QUERY_LEVEL_MAX);
            #[expect(clippy::cast_possible_truncation, reason = "a whole number up to 127")]
            let level_code = level as i8;
            *stored = level_code;
            offset += CODE_ZERO * i32::from(level_code);
            norm += square(x);
            error += square(x - wide_unit * level);
        }
        let [norm, error] = [norm, error].map(|squares: f64| squares.sqrt() * SUM_SLACK);
        Self { levels, unit, offset, norm, error }
    }
}

/// Covers what double precision rounds away in a length: a sum of up to 65,536 squares and its
/// root.
const SUM_SLACK: f64 = 1.0 + 1e-9;

/// A number in single precision that is not below what a length, or a sum of a few of them, was
/// before double precision rounded it. Zero stays zero.
pub(super) fn up(value: f64) -> f32 {
    #[expect(clippy::cast_possible_truncation, reason = "rounded to the nearest, then up")]
    let nearest = (value * SUM_SLACK) as f32;
    if value > 0.0 { nearest.next_up() } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectors::tests::{any_question, cases};
    use proptest::prelude::*;

    /// What the codes of a row say, and what its coarse codes alone say, in units of the scale.
    fn decoded(quantised: &Quantised, row: usize, dimension: usize) -> Vec<(f64, f64)> {
        let place = |i: usize| row * row_bytes(dimension) + i / 128 * 64 + i % 64;
        let code = |codes: &[u8], i: usize| {
            let byte = codes[place(i)];
            f64::from(if i % 128 < 64 { byte & 15 } else { byte >> 4 }) - 8.0
        };
        (0..dimension)
            .map(|i| {
                let steps = 16.0 * code(&quantised.coarse, i);
                (steps, steps + code(&quantised.fine, i))
            })
            .collect()
    }

    fn distance(row: &[f32], scale: f32, levels: impl Iterator<Item = f64>) -> f64 {
        let squares = row
            .iter()
            .zip(levels)
            .map(|(x, level)| (f64::from(*x) - f64::from(scale) * level).powi(2));
        squares.sum::<f64>().sqrt()
    }

    proptest! {
        #![proptest_config(cases(400))]

        #[test]
        fn stored_bounds_are_not_below_the_lengths_they_bound((matrix, query) in any_question()) {
            let quantised = matrix.quantised();
            for number in matrix.row_numbers() {
                let row = matrix.row(number).unwrap();
                let [scale, norm, coarse_error, fine_error] = quantised.facts_of(number);
                let levels = decoded(quantised, number as usize, matrix.dimension());
                let length = distance(row, 0.0, levels.iter().map(|_| 0.0));
                let coarse = distance(row, scale, levels.iter().map(|level| level.0));
                let fine = distance(row, scale, levels.iter().map(|level| level.1));
                for (bound, true_length) in [(norm, length), (coarse_error, coarse), (fine_error, fine)] {
                    prop_assert!(f64::from(bound) >= true_length, "{} {}", bound, true_length);
                    // A bound, and not a wasteful one.
                    prop_assert!(f64::from(bound) <= true_length * 1.000_001 + f64::from(norm) * 2e-15 + 1e-44);
                }
                // The proof of the slack uses this.
                prop_assert!(coarse_error <= 1.2 * norm + f32::MIN_POSITIVE);
            }
            let codes = QueryCodes::of(&query);
            let levels = codes.levels.iter().map(|level| f64::from(*level));
            prop_assert!(codes.error >= distance(&query, codes.unit, levels));
            prop_assert!(codes.norm >= distance(&query, 0.0, query.iter().map(|_| 0.0)));
            prop_assert_eq!(codes.offset, codes.levels.iter().map(|level| 8 * i32::from(*level)).sum::<i32>());
        }
    }

    #[test]
    fn codes_of_a_row_by_hand() {
        // With a scale of 1 a level is the number itself.
        let mut row = vec![0.0; 130];
        let levels = [
            (0, 119.0, 7, 7),
            (1, -119.0, -7, -7),
            (2, 8.0, 1, -8),
            (3, 7.0, 0, 7),
            (64, -8.0, 0, -8),
            (129, -9.0, -1, 7),
        ];
        levels.iter().for_each(|(at, x, ..)| row[*at] = *x);
        let (mut coarse, mut fine) = (vec![0; 128], vec![0; 128]);
        let facts = quantise(&row, 1.0, &mut coarse, &mut fine);
        let quantised =
            Quantised { coarse: coarse.into(), fine: fine.into(), facts: vec![facts].into() };
        for (at, x, steps, rest) in levels {
            let (coarse, both) = decoded(&quantised, 0, 130)[at];
            let expected = (f64::from(16 * steps), f64::from(16 * steps + rest));
            assert!(
                coarse.total_cmp(&expected.0).is_eq() && both.total_cmp(&expected.1).is_eq(),
                "{x}"
            );
        }
        let [_, norm, coarse_error, fine_error] = facts;
        // 2 * 119^2 + 8^2 + 7^2 + 8^2 + 9^2.
        assert!((f64::from(norm) - 28_580.0_f64.sqrt()).abs() < 1e-4, "{norm}");
        // What the coarse codes leave is the fine codes: 2 * 7^2 + 8^2 + 7^2 + 8^2 + 7^2.
        assert!((f64::from(coarse_error) - 324.0_f64.sqrt()).abs() < 1e-4, "{coarse_error}");
        assert!(fine_error < 1e-10, "{fine_error}");
    }

    #[test]
    fn counts_become_whole_steps() {
        // Multiples of one number, the largest of which are 4, 5, 6 and 7 of it.
        for largest in [4_i8, 5, 6, 7] {
            let row: Vec<f32> = (-largest..=largest).map(|count| f32::from(count) * 0.3).collect();
            let [_, norm, coarse_error, _] = Quantised::of(&row, row.len(), 1).facts[0];
            assert!(coarse_error < 1e-5 * norm, "{largest}: {coarse_error}");
        }
    }
}
