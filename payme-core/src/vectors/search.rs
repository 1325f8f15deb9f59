//! Search: the rows of a matrix with the largest dot products.
//!
//! In: a matrix, a query and how many rows are wanted. Out: [`Hit`]s, the largest score first and
//! equal scores by row. The three ways give the same rows and the same bits of their scores; they
//! differ in how many rows they have to read. Nothing here is approximate.
//! Rules and proof: `docs/rules/vectors.md`.

use std::borrow::Cow;

use super::best::Best;
use super::certified::Rows;
use super::kernel::{Kernel, all_rows, listed_rows};
use super::{VectorError, VectorMatrix};

/// How many rows are scored before any is looked at.
pub(super) const BLOCK_ROWS: usize = 256;

/// [`top_certified`] falls back when more than one in this many rows would be scored.
const CERTIFIED_ONE_IN: usize = 20;
/// [`top_filtered`] takes the quantised copy for lists of at least so many rows.
const LISTED_QUANTISED_MIN: usize = 400;
/// [`top_filtered`] scores the whole list when more than one in this many of its rows is left.
const LISTED_ONE_IN: usize = 4;

/// A row and its score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// The row, counted from 0.
    pub row: u32,
    /// Its dot product with the query, as [`Kernel::dot`] gives it. NaN where the sum overflowed
    /// in both directions, which takes products of more than `1e37`.
    pub score: f32,
}

/// How [`top_certified`] came to its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Certificate {
    /// How many rows were scored in single precision. Of all others it was proven that they are
    /// not in the answer.
    pub reranked: usize,
    /// Whether too many rows could not be ruled out, so that every row was scored.
    pub fell_back: bool,
}

/// The `k` rows with the largest dot products: every row is read.
///
/// Scores are ordered by [`f32::total_cmp`] from the largest on, NaN last, equal ones by row from
/// the smallest on. There are fewer hits when there are fewer rows.
///
/// # Errors
/// [`VectorError::QueryDimension`], [`VectorError::QueryNotFinite`].
///
/// # Examples
/// ```
/// # use payme_core::vectors::{VectorMatrix, top_exact};
/// let matrix = VectorMatrix::new(2, vec![1.0, 0.0, 0.6, 0.8, 0.0, 1.0])?;
/// let hits = top_exact(&matrix, &[0.0, 1.0], 2)?;
/// assert_eq!(hits.iter().map(|hit| hit.row).collect::<Vec<_>>(), [2, 1]);
/// # Ok::<(), payme_core::vectors::VectorError>(())
/// ```
pub fn top_exact(matrix: &VectorMatrix, query: &[f32], k: usize) -> Result<Vec<Hit>, VectorError> {
    Ok(Scan::new(Kernel::detect(), matrix, query, k)?.exact())
}

/// The answer of [`top_exact`], to the last bit, from reading about a seventh of the bytes.
///
/// A first pass over 4-bit codes bounds every score from above; rows whose bound lies below the
/// `k`-th score of the most promising rows cannot be in the answer and are not read. When more
/// than one row in twenty is left, every row is scored after all, and the certificate says so.
/// That is always the case for fewer than `20 k` rows.
///
/// # Errors
/// As [`top_exact`].
///
/// # Examples
/// ```
/// # use payme_core::vectors::{VectorMatrix, top_certified, top_exact};
/// let rows = (0..1000_u16).map(|row| [f32::from(row % 91), f32::from(row % 37)]);
/// let matrix = VectorMatrix::from_rows(2, rows)?;
/// let (hits, certificate) = top_certified(&matrix, &[0.8, -0.6], 3)?;
/// assert_eq!(hits, top_exact(&matrix, &[0.8, -0.6], 3)?);
/// assert!(!certificate.fell_back && certificate.reranked <= 50);
/// # Ok::<(), payme_core::vectors::VectorError>(())
/// ```
pub fn top_certified(
    matrix: &VectorMatrix,
    query: &[f32],
    k: usize,
) -> Result<(Vec<Hit>, Certificate), VectorError> {
    let scan = Scan::new(Kernel::detect(), matrix, query, k)?;
    Ok(match scan.certified(Rows::All, matrix.rows() / CERTIFIED_ONE_IN) {
        Some((hits, reranked)) => (hits, Certificate { reranked, fell_back: false }),
        None => (scan.exact(), Certificate { reranked: matrix.rows(), fell_back: true }),
    })
}

/// The `k` best among some rows: what [`top_exact`] gives when the others are left out.
///
/// `rows` may have any order and name a row twice; ascending lists without repetition are used as
/// they are, others are sorted first. Long lists go through the quantised copy like
/// [`top_certified`], with the same answer.
///
/// # Errors
/// As [`top_exact`], and [`VectorError::UnknownRow`].
///
/// # Examples
/// ```
/// # use payme_core::vectors::{VectorMatrix, top_filtered};
/// let matrix = VectorMatrix::new(2, vec![1.0, 0.0, 0.6, 0.8, 0.0, 1.0])?;
/// let hits = top_filtered(&matrix, &[0.0, 1.0], &[1, 0], 1)?;
/// assert_eq!(hits.iter().map(|hit| hit.row).collect::<Vec<_>>(), [1]);
/// # Ok::<(), payme_core::vectors::VectorError>(())
/// ```
pub fn top_filtered(
    matrix: &VectorMatrix,
    query: &[f32],
    rows: &[u32],
    k: usize,
) -> Result<Vec<Hit>, VectorError> {
    let scan = Scan::new(Kernel::detect(), matrix, query, k)?;
    let rows = ascending(rows);
    if let Some(row) = rows.last().filter(|row| matrix.row(**row).is_none()) {
        return Err(VectorError::UnknownRow { row: *row, rows: matrix.rows() });
    }
    if rows.len() >= LISTED_QUANTISED_MIN
        && let Some((hits, _)) = scan.certified(Rows::Listed(&rows), rows.len() / LISTED_ONE_IN)
    {
        return Ok(hits);
    }
    Ok(scan.exact_of(&rows))
}

fn ascending(rows: &[u32]) -> Cow<'_, [u32]> {
    if rows.is_sorted_by(|a, b| a < b) {
        return Cow::Borrowed(rows);
    }
    let mut rows = rows.to_vec();
    rows.sort_unstable();
    rows.dedup();
    Cow::Owned(rows)
}

/// A checked question with the kernel that answers it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scan<'a> {
    pub(super) kernel: Kernel,
    pub(super) matrix: &'a VectorMatrix,
    pub(super) query: &'a [f32],
    pub(super) k: usize,
}

impl<'a> Scan<'a> {
    pub(super) fn new(
        kernel: Kernel,
        matrix: &'a VectorMatrix,
        query: &'a [f32],
        k: usize,
    ) -> Result<Self, VectorError> {
        let (dimension, found) = (matrix.dimension(), query.len());
        if dimension != found {
            return Err(VectorError::QueryDimension { dimension, found });
        }
        if !query.iter().all(|x| x.is_finite()) {
            return Err(VectorError::QueryNotFinite);
        }
        Ok(Self { kernel, matrix, query, k })
    }

    /// Scores every row.
    pub(super) fn exact(&self) -> Vec<Hit> {
        let rows = self.matrix.row_numbers();
        if self.query.is_empty() {
            // Rows without numbers: there is nothing to iterate over, and every sum is empty.
            return rows.take(self.k).map(|row| Hit { row, score: 0.0 }).collect();
        }
        self.best(all_rows(self.matrix.values(), self.query.len()), rows)
    }

    /// Scores the rows of an ascending list.
    pub(super) fn exact_of(&self, rows: &[u32]) -> Vec<Hit> {
        let values = listed_rows(self.matrix.values(), self.query.len(), rows);
        self.best(values, rows.iter().copied())
    }

    fn best<'b>(
        &self,
        mut values: impl Iterator<Item = &'b [f32]>,
        mut rows: impl ExactSizeIterator<Item = u32>,
    ) -> Vec<Hit> {
        let mut best = Best::new(self.k);
        let mut scores = [0.0; BLOCK_ROWS];
        while rows.len() > 0 {
            let scores = scores.get_mut(..rows.len().min(BLOCK_ROWS)).unwrap_or_default();
            self.kernel.dots(self.query, &mut values, scores);
            best.offer(rows.by_ref(), scores);
        }
        best.into_hits()
    }
}
