//! Inner products a second time: in double precision, one after the other, row by row.

use crate::race::Answer;
use crate::world::vectors::DIMENSIONS;

/// How far a product in single precision may lie from the true one, for rows of length 1.
const TOLERANCE: f64 = 1e-5;

/// Queries that are checked; each costs a look at every row.
const CHECKED: usize = 20;

/// Rows and queries of [`DIMENSIONS`] numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dots<'a> {
    vectors: &'a [f32],
    queries: &'a [f32],
}

impl<'a> Dots<'a> {
    /// The rows and the queries, each one after the other.
    pub(crate) const fn new(vectors: &'a [f32], queries: &'a [f32]) -> Self {
        Self { vectors, queries }
    }

    /// Whether an answer holds the best `k` of all rows, or of those of the filter, for each of the
    /// first queries. Rows whose products are nearly the same may change places.
    ///
    /// # Errors
    /// What is wrong with the answer.
    pub(crate) fn are_best(
        &self,
        answer: &Answer,
        k: usize,
        filter: Option<&[u32]>,
    ) -> Result<(), String> {
        let Answer::Best(answer) = answer else { return Err(format!("no rows: {answer:?}")) };
        let queries = self.queries.chunks_exact(DIMENSIONS);
        if answer.len() != queries.len() {
            return Err(format!("{} answers to {} queries", answer.len(), queries.len()));
        }
        for (query, rows) in queries.zip(answer).take(CHECKED) {
            let expected = self.best(query, k, filter);
            let mut distinct = rows.clone();
            distinct.sort_unstable();
            distinct.dedup();
            if distinct.len() != expected.len() || rows.len() != expected.len() {
                return Err(format!("{} rows instead of {}", rows.len(), expected.len()));
            }
            for (row, (expected_row, expected)) in rows.iter().zip(expected) {
                let is_listed = filter.is_none_or(|filter| filter.binary_search(row).is_ok());
                let found = self.dot(query, *row);
                if !is_listed || (found - expected).abs() > TOLERANCE {
                    return Err(format!("{row} ({found}), not {expected_row} ({expected})"));
                }
            }
        }
        Ok(())
    }

    /// Which share of the best rows of one answer is in another.
    pub(crate) fn recall(exact: &Answer, other: &Answer) -> f64 {
        let (Answer::Best(exact), Answer::Best(other)) = (exact, other) else { return 0.0 };
        let (mut found, mut all) = (0_u32, 0_u32);
        for (exact, other) in exact.iter().zip(other) {
            for row in exact {
                found += u32::from(other.contains(row));
                all += 1;
            }
        }
        f64::from(found) / f64::from(all)
    }

    /// The best rows with their products, best first, ties by row.
    fn best(&self, query: &[f32], k: usize, filter: Option<&[u32]>) -> Vec<(u32, f64)> {
        let count = u32::try_from(self.vectors.len() / DIMENSIONS).expect("few rows");
        let rows = filter.map_or_else(|| (0..count).collect(), <[u32]>::to_vec);
        let mut all: Vec<(u32, f64)> =
            rows.into_iter().map(|row| (row, self.dot(query, row))).collect();
        all.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        all.truncate(k);
        all
    }

    fn dot(&self, query: &[f32], row: u32) -> f64 {
        let row = self.vectors.chunks_exact(DIMENSIONS).nth(row as usize).expect("a row");
        query.iter().zip(row).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
    }
}
