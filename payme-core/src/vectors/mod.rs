//! Vectors: texts as points, and the rows of a matrix that lie in the direction of a query.
//!
//! In: rows of single precision, all of one dimension, and a query. Out: the rows with the largest
//! dot products, exactly as a scan of every row gives them. A first pass over a quantised copy may
//! save most of that scan; it is used only where its proven error bound shows that it cannot
//! change the answer. Normalised rows and queries make the dot product the cosine.
//!
//! Answers are the same bits on every machine, whichever [`Kernel`] it has.
//! Rules, formulas and proofs: `docs/rules/vectors.md`.

mod best;
mod certified;
mod embed;
mod kernel;
mod matrix;
mod quantised;
mod search;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_kernel;

pub use embed::{Embedder, HASHED_NGRAMS_DIMENSION, HashedNgrams, cosine, normalise};
pub(crate) use kernel::InLanes;
pub use kernel::Kernel;
pub use matrix::{DIMENSION_MAX, MatrixParts, VectorMatrix};
pub use quantised::{Quantised, RowFacts};
pub use search::{Certificate, Hit, top_certified, top_exact, top_filtered};

/// Writes the dot product of a query with each of some rows of `values` to its place in `out`, as
/// [`Kernel::dot`] gives it; that with a row that is not there is 0.
pub(crate) fn dots_of_rows(
    kernel: Kernel,
    query: &[f32],
    values: &[f32],
    rows: &[u32],
    out: &mut [f32],
) {
    kernel.dots(query, kernel::listed_rows(values, query.len(), rows), out);
}

/// Why vectors were refused. Carries places and sizes, no numbers of a vector.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VectorError {
    /// A row has a different number of entries than the matrix.
    #[error("row {row} has {found} numbers instead of {dimension}")]
    Ragged {
        /// The row, counted from 0.
        row: usize,
        /// The dimension of the matrix.
        dimension: usize,
        /// How many numbers the row has.
        found: usize,
    },
    /// A row holds NaN or an infinite number.
    #[error("row {row} holds a number that is not finite")]
    NotFinite {
        /// The row, counted from 0.
        row: usize,
    },
    /// The query holds NaN or an infinite number.
    #[error("the query holds a number that is not finite")]
    QueryNotFinite,
    /// The query has a different number of entries than the rows.
    #[error("the query has {found} numbers and the rows have {dimension}")]
    QueryDimension {
        /// The dimension of the matrix.
        dimension: usize,
        /// How many numbers the query has.
        found: usize,
    },
    /// A row was asked for that the matrix does not have.
    #[error("there is no row {row}: the matrix has {rows}")]
    UnknownRow {
        /// The row asked for, counted from 0.
        row: u32,
        /// How many rows there are.
        rows: usize,
    },
    /// More rows, or longer ones, than row numbers and integer sums can count.
    #[error("{rows} rows of {dimension} numbers are too many")]
    TooLarge {
        /// How many rows there are.
        rows: usize,
        /// The dimension of the matrix.
        dimension: usize,
    },
    /// A stored part does not fit the others.
    #[error("the stored {part} have {found} entries instead of {expected}")]
    PartLength {
        /// Which part.
        part: &'static str,
        /// How many entries the others ask for.
        expected: usize,
        /// How many it has.
        found: usize,
    },
    /// What is stored about the error of a row cannot be a bound.
    #[error("the stored bounds of row {row} are not numbers from 0 on")]
    PartInvalid {
        /// The row, counted from 0.
        row: usize,
    },
}

impl VectorError {
    /// The stable code of this error.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Ragged { .. } => "vector_ragged",
            Self::NotFinite { .. } => "vector_not_finite",
            Self::QueryNotFinite => "query_not_finite",
            Self::QueryDimension { .. } => "query_dimension",
            Self::UnknownRow { .. } => "unknown_row",
            Self::TooLarge { .. } => "vectors_too_large",
            Self::PartLength { .. } => "vector_part_length",
            Self::PartInvalid { .. } => "vector_part_invalid",
        }
    }
}
