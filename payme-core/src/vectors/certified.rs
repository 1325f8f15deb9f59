//! The certified pass: rows that provably are not in the answer are not read.
//!
//! In: a checked question and the rows in question. Out: the exact answer and how many rows had
//! to be scored for it, or nothing when that would be too many. Invariant: a *ceiling* is never
//! below the score that the kernel computes for its row, all roundings included, so a row whose
//! ceiling lies below the `k`-th best of some scores is not among the first `k`.
//! The proof, with the meaning of every constant here, is in `docs/rules/vectors.md`.

use super::Hit;
use super::best::{Best, all_below, reaches};
use super::kernel::{all_rows, listed_rows};
use super::quantised::{LEVELS_PER_STEP, QueryCodes, RowFacts, row_bytes, up};
use super::search::{BLOCK_ROWS, Scan};

/// Half the distance from 1 to the next number in single precision.
const UNIT_ROUNDOFF: f64 = 1.0 / 16_777_216.0;
/// Covers the roundings of a ceiling itself, which come to less than 70 units, three times.
const CEILING_SLACK: f64 = 256.0 * UNIT_ROUNDOFF;
/// Covers what is lost below the smallest normal number, which is less than `1e-35`.
const UNDERFLOW_SLACK: f32 = 1e-30;
/// Up to this product of the lengths of a query and a row, nothing that is computed of the two
/// overflows: no score, no estimate, no margin.
const LENGTHS_MAX: f64 = 1e37;
/// How many ceilings are looked at together.
const TOGETHER: usize = 32;

/// The rows in question.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rows<'a> {
    /// Every row of the matrix.
    All,
    /// Rows of the matrix in ascending order, each once.
    Listed(&'a [u32]),
}

impl Scan<'_> {
    /// The exact answer among `rows`, and how many of them were scored; nothing when the proof
    /// leaves more than `reranked_max` of them, or when scores may overflow.
    pub(super) fn certified(
        &self,
        rows: Rows<'_>,
        reranked_max: usize,
    ) -> Option<(Vec<Hit>, usize)> {
        if self.k == 0 {
            return Some((Vec::new(), 0));
        }
        if self.k > reranked_max {
            return None;
        }
        let pass = Pass::new(self)?;
        let (ceilings, promising) = pass.coarse(rows);
        // k rows score at least this much, so whatever is in the answer does.
        let floor = self.exact_of(&promising).last()?.score;
        let left = pass.fine(&Left::of(rows, &ceilings, floor), floor);
        (left.len() <= reranked_max).then(|| (self.exact_of(&left), left.len()))
    }
}

/// What bounds the scores of one query.
struct Pass<'a> {
    scan: &'a Scan<'a>,
    codes: QueryCodes,
    /// What a margin has for each unit of a row's length, and of a row's quantisation error.
    per_norm: f32,
    per_error: f32,
}

impl<'a> Pass<'a> {
    /// Nothing when a score could overflow: then no bound can be relied on.
    fn new(scan: &'a Scan<'a>) -> Option<Self> {
        let codes = QueryCodes::of(scan.query);
        // Not so either where the product is NaN, because a length is infinite.
        let bounded = codes.norm * f64::from(scan.matrix.norm_max()) <= LENGTHS_MAX;
        if !bounded {
            return None;
        }
        #[expect(clippy::cast_precision_loss, reason = "a dimension has at most 17 bits")]
        let summed = scan.query.len() as f64 * UNIT_ROUNDOFF;
        let gamma = summed / (1.0 - summed);
        let code_norm = codes.norm + codes.error;
        let per_norm = up(codes.error + gamma * codes.norm + CEILING_SLACK * code_norm);
        let per_error = up(code_norm);
        Some(Self { scan, codes, per_norm, per_error })
    }

    /// How far the score of a row may lie above the estimate from codes with such an error. NaN or
    /// infinite where the query is too long for single precision, which rules nothing out.
    fn margin(&self, norm: f32, error: f32) -> f32 {
        self.per_norm * norm + self.per_error * error + UNDERFLOW_SLACK
    }

    /// What a sum of codes stands for, each of which is so many levels of the row.
    fn estimate(&self, levels_per_code: f32, scale: f32, sum: i32) -> f32 {
        #[expect(clippy::cast_precision_loss, reason = "the slack covers this rounding")]
        let sum = (sum - self.codes.offset) as f32;
        levels_per_code * self.codes.unit * scale * sum
    }

    /// The ceiling of each row from its coarse codes, and the k rows with the largest estimates.
    fn coarse(&self, rows: Rows<'_>) -> (Vec<f32>, Vec<u32>) {
        let matrix = self.scan.matrix;
        let quantised = matrix.quantised();
        let width = row_bytes(matrix.dimension());
        match rows {
            Rows::All => {
                let codes = all_rows(&quantised.coarse, width);
                self.ceilings(matrix.row_numbers(), codes, quantised.facts.iter().copied())
            }
            Rows::Listed(list) => {
                let codes = listed_rows(&quantised.coarse, width, list);
                let facts = list.iter().map(|row| quantised.facts_of(*row));
                self.ceilings(list.iter().copied(), codes, facts)
            }
        }
    }

    fn ceilings<'b>(
        &self,
        mut rows: impl ExactSizeIterator<Item = u32>,
        mut codes: impl Iterator<Item = &'b [u8]>,
        mut facts: impl Iterator<Item = RowFacts>,
    ) -> (Vec<f32>, Vec<u32>) {
        let mut ceilings = vec![0.0; rows.len()];
        let mut best = Best::new(self.scan.k);
        let (mut sums, mut estimates) = ([0; BLOCK_ROWS], [0.0; BLOCK_ROWS]);
        for ceilings in ceilings.chunks_mut(BLOCK_ROWS) {
            let sums = sums.get_mut(..ceilings.len()).unwrap_or_default();
            let estimates = estimates.get_mut(..ceilings.len()).unwrap_or_default();
            self.scan.kernel.code_dots(&self.codes.levels, &mut codes, sums);
            let out = ceilings.iter_mut().zip(&mut *estimates);
            for (((ceiling, estimate), sum), facts) in out.zip(sums).zip(&mut facts) {
                let [scale, norm, coarse_error, _] = facts;
                *estimate = self.estimate(LEVELS_PER_STEP, scale, *sum);
                *ceiling = *estimate + self.margin(norm, coarse_error);
            }
            best.offer(&mut rows, estimates);
        }
        let mut promising: Vec<u32> = best.into_hits().iter().map(|hit| hit.row).collect();
        promising.sort_unstable();
        (ceilings, promising)
    }

    /// The rows whose ceilings reach the floor after their fine codes were added.
    fn fine(&self, left: &Left, floor: f32) -> Vec<u32> {
        let quantised = self.scan.matrix.quantised();
        let codes = listed_rows(&quantised.fine, row_bytes(self.scan.query.len()), &left.rows);
        let mut sums = vec![0; left.rows.len()];
        self.scan.kernel.code_dots(&self.codes.levels, codes, &mut sums);
        let finer = |row: u32, ceiling: f32, sum: i32| {
            let [scale, norm, coarse_error, fine_error] = quantised.facts_of(row);
            let estimate = ceiling - self.margin(norm, coarse_error);
            estimate + self.estimate(1.0, scale, sum) + self.margin(norm, fine_error)
        };
        let rows = left.rows.iter().zip(&left.ceilings).zip(sums);
        rows.filter(|((row, ceiling), sum)| reaches(finer(**row, **ceiling, *sum), floor))
            .map(|((row, _), _)| *row)
            .collect()
    }
}

/// The rows that are left, with their ceilings.
#[derive(Default)]
struct Left {
    rows: Vec<u32>,
    ceilings: Vec<f32>,
}

impl Left {
    /// Those whose ceilings reach the floor. Most groups hold none and are passed over at once.
    fn of(rows: Rows<'_>, ceilings: &[f32], floor: f32) -> Self {
        let mut left = Self::default();
        for (group, ceilings) in ceilings.chunks(TOGETHER).enumerate() {
            if all_below(ceilings, floor) {
                continue;
            }
            for (at, ceiling) in (group * TOGETHER..).zip(ceilings) {
                if reaches(*ceiling, floor) {
                    left.rows.push(rows.number(at));
                    left.ceilings.push(*ceiling);
                }
            }
        }
        left
    }
}

impl Rows<'_> {
    /// The number of the row in this place.
    fn number(self, at: usize) -> u32 {
        match self {
            Self::All => u32::try_from(at).unwrap_or(u32::MAX),
            Self::Listed(list) => list.get(at).copied().unwrap_or(u32::MAX),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectors::tests::{any_question, cases};
    use crate::vectors::{DIMENSION_MAX, Kernel, VectorMatrix};
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(cases(600))]

        #[test]
        fn no_score_lies_above_its_ceiling((matrix, query) in any_question()) {
            for kernel in Kernel::all_available() {
                let scan = Scan::new(kernel, &matrix, &query, 1).unwrap();
                let Some(pass) = Pass::new(&scan) else { continue };
                let (ceilings, _) = pass.coarse(Rows::All);
                for (row, ceiling) in matrix.row_numbers().zip(&ceilings) {
                    let score = kernel.dot(&query, matrix.row(row).unwrap());
                    prop_assert!(score <= *ceiling, "{:?}, row {}: {} > {}", kernel, row, score, ceiling);
                    // With the score itself as floor, the finer ceiling has to reach it too.
                    let alone = Left { rows: vec![row], ceilings: vec![*ceiling] };
                    prop_assert_eq!(pass.fine(&alone, score), [row], "{:?}, fine", kernel);
                }
            }
        }
    }

    #[test]
    fn a_ceiling_allows_for_sums_that_are_rounded_up_all_the_way() {
        // Each of the 2,048 sums of a lane is rounded, and those above 1,024 all go up by nearly
        // half of the distance between two numbers there, 2^-13.
        let number = 1.0 + 2.0_f32.powi(-14) + 2.0_f32.powi(-23);
        let row = vec![number; DIMENSION_MAX];
        let query = vec![1.0; DIMENSION_MAX];
        let matrix = VectorMatrix::new(DIMENSION_MAX, row).unwrap();
        for kernel in Kernel::all_available() {
            let scan = Scan::new(kernel, &matrix, &query, 1).unwrap();
            let score = scan.exact()[0].score;
            let exact = 65_536.0 * f64::from(number);
            assert!(f64::from(score) > exact * (1.0 + 400.0 * UNIT_ROUNDOFF), "{score} {exact}");
            let (ceilings, _) = Pass::new(&scan).unwrap().coarse(Rows::All);
            assert!(score <= ceilings[0], "{score} {ceilings:?}");
        }
    }

    #[test]
    fn fine_ceilings_lie_closer_than_coarse_ones() {
        let row: Vec<f32> = (0..200_u8).map(|i| f32::from(i.wrapping_mul(37)) - 128.0).collect();
        let matrix = VectorMatrix::from_rows(200, [&row]).unwrap();
        let scan = Scan::new(Kernel::scalar(), &matrix, &row, 1).unwrap();
        let pass = Pass::new(&scan).unwrap();
        let (ceilings, _) = pass.coarse(Rows::All);
        let score = scan.exact()[0].score;
        let left = Left { rows: vec![0], ceilings: ceilings.clone() };
        let above = |share: f32| score * (1.0 + share);
        assert!(above(0.02) < ceilings[0] && ceilings[0] < above(0.2), "{ceilings:?} {score}");
        assert_eq!(pass.fine(&left, above(0.02)), [0_u32; 0]);
    }
}
