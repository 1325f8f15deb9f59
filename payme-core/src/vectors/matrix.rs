//! Matrices of vectors: rows of one dimension, checked, with their quantised copy.
//!
//! In: rows, or the parts of a stored matrix. Out: a [`VectorMatrix`], all of whose numbers are
//! finite. It is cheap to clone, and a stored one is used in place.

use std::ops::Range;

use super::VectorError;
use super::quantised::Quantised;
use crate::types::Column;

/// The largest dimension of a matrix. Sums over this many products of small integers stay inside
/// 32 bits.
pub const DIMENSION_MAX: usize = 65_536;

/// Vectors of one dimension, one row after the other, and a quantised copy of them.
#[derive(Debug, Clone, PartialEq)]
pub struct VectorMatrix {
    parts: MatrixParts,
    norm_max: f32,
}

/// What a [`VectorMatrix`] is made of, to be stored and taken up again.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MatrixParts {
    /// How many rows there are.
    pub rows: usize,
    /// How many numbers a row has.
    pub dimension: usize,
    /// The numbers, one row after the other.
    pub values: Column<f32>,
    /// The quantised copy.
    pub quantised: Quantised,
}

impl VectorMatrix {
    /// A matrix of the rows that `values` holds one after the other.
    ///
    /// With dimension 0 it has no rows; [`VectorMatrix::from_rows`] can make rows without numbers.
    ///
    /// # Errors
    /// [`VectorError::Ragged`] when the last row is not whole, [`VectorError::NotFinite`] for NaN
    /// and infinite numbers, [`VectorError::TooLarge`].
    pub fn new(dimension: usize, values: impl Into<Column<f32>>) -> Result<Self, VectorError> {
        let values = values.into();
        let rows = values.len().checked_div(dimension).unwrap_or(0);
        let found = values.len() - rows * dimension;
        if found > 0 {
            return Err(VectorError::Ragged { row: rows, dimension, found });
        }
        Self::quantise(rows, dimension, values)
    }

    /// A matrix of rows that are given one by one.
    ///
    /// # Errors
    /// As for [`VectorMatrix::new`]; [`VectorError::Ragged`] for the first row of another length.
    pub fn from_rows<R: AsRef<[f32]>>(
        dimension: usize,
        rows: impl IntoIterator<Item = R>,
    ) -> Result<Self, VectorError> {
        let (mut count, mut values) = (0, Vec::new());
        for row in rows {
            let row = row.as_ref();
            if row.len() != dimension {
                return Err(VectorError::Ragged { row: count, dimension, found: row.len() });
            }
            values.extend_from_slice(row);
            count += 1;
        }
        Self::quantise(count, dimension, values.into())
    }

    /// A stored matrix, used in place.
    ///
    /// Sizes and numbers are checked. That codes and bounds belong to the values is not: parts
    /// that did not come from [`VectorMatrix::parts`] as they are can give wrong answers.
    ///
    /// # Errors
    /// [`VectorError::PartLength`], [`VectorError::PartInvalid`], [`VectorError::NotFinite`],
    /// [`VectorError::TooLarge`].
    pub fn from_parts(parts: MatrixParts) -> Result<Self, VectorError> {
        let MatrixParts { rows, dimension, values, quantised } = &parts;
        check_values(*rows, *dimension, values)?;
        quantised.check(*dimension, *rows)?;
        let norm_max = quantised.facts.iter().fold(0.0_f32, |max, [_, norm, ..]| max.max(*norm));
        Ok(Self { parts, norm_max })
    }

    fn quantise(rows: usize, dimension: usize, values: Column<f32>) -> Result<Self, VectorError> {
        check_values(rows, dimension, &values)?;
        let quantised = Quantised::of(&values, dimension, rows);
        Self::from_parts(MatrixParts { rows, dimension, values, quantised })
    }

    /// What it is made of. Columns are shared, not copied.
    pub const fn parts(&self) -> &MatrixParts {
        &self.parts
    }

    /// How many rows there are.
    pub const fn rows(&self) -> usize {
        self.parts.rows
    }

    /// How many numbers a row has.
    pub const fn dimension(&self) -> usize {
        self.parts.dimension
    }

    /// The numbers of a row, counted from 0.
    pub fn row(&self, row: u32) -> Option<&[f32]> {
        let row = usize::try_from(row).ok().filter(|row| *row < self.rows())?;
        let start = row * self.dimension();
        self.parts.values.get(start..start + self.dimension())
    }

    /// The numbers of all rows.
    pub(super) fn row_numbers(&self) -> Range<u32> {
        // There are no more, as `check_values` found.
        0..u32::try_from(self.rows()).unwrap_or(u32::MAX)
    }

    pub(super) fn values(&self) -> &[f32] {
        &self.parts.values
    }

    pub(super) const fn quantised(&self) -> &Quantised {
        &self.parts.quantised
    }

    /// No row is longer.
    pub(super) const fn norm_max(&self) -> f32 {
        self.norm_max
    }
}

fn check_values(rows: usize, dimension: usize, values: &[f32]) -> Result<(), VectorError> {
    let expected = rows.checked_mul(dimension).filter(|_| dimension <= DIMENSION_MAX);
    let (Some(expected), Ok(_)) = (expected, u32::try_from(rows)) else {
        return Err(VectorError::TooLarge { rows, dimension });
    };
    if values.len() != expected {
        return Err(VectorError::PartLength { part: "values", expected, found: values.len() });
    }
    match values.iter().position(|x| !x.is_finite()) {
        Some(at) => Err(VectorError::NotFinite { row: at / dimension.max(1) }),
        None => Ok(()),
    }
}
