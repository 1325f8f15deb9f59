//! What a ranker learns from: rows of features, each with a label.
//!
//! In: slices of the caller, which are not copied. Out: [`Samples`], whose lengths fit together and
//! whose weights can be used. Features are held against being finite by whoever reads them all.

use super::TrainError;

/// A table of numbers that is read where it lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Matrix<'a> {
    values: &'a [f64],
    rows: usize,
    columns: usize,
    order: Order,
}

/// Which numbers of a [`Matrix`] lie beside each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Those of a row (C).
    Rows,
    /// Those of a column (Fortran).
    Columns,
}

impl<'a> Matrix<'a> {
    /// So many rows of so many numbers.
    ///
    /// # Errors
    /// [`TrainError::Shape`] where there are fewer or more numbers than that, and
    /// [`TrainError::Empty`] without rows or columns.
    ///
    /// # Examples
    /// ```
    /// # use payme_core::learning::train::{Matrix, Order};
    /// let table = Matrix::new(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 3, 2, Order::Rows)?;
    /// assert_eq!(table.get(1, 0), Some(3.0));
    /// # Ok::<(), payme_core::learning::train::TrainError>(())
    /// ```
    pub fn new(
        values: &'a [f64],
        rows: usize,
        columns: usize,
        order: Order,
    ) -> Result<Self, TrainError> {
        if rows.checked_mul(columns) != Some(values.len()) {
            return Err(TrainError::Shape { what: "features", found: values.len(), rows });
        }
        if values.is_empty() {
            return Err(TrainError::Empty);
        }
        Ok(Self { values, rows, columns, order })
    }

    /// How many rows there are.
    pub const fn rows(&self) -> usize {
        self.rows
    }

    /// How many columns there are.
    pub const fn columns(&self) -> usize {
        self.columns
    }

    /// Which numbers lie beside each other.
    pub const fn order(&self) -> Order {
        self.order
    }

    /// The numbers of some rows, one row after the other; of a table by rows only.
    #[inline(always)]
    pub(super) fn part(&self, first: usize, count: usize) -> &'a [f64] {
        let start = first * self.columns;
        self.values.get(start..start + count * self.columns).unwrap_or_default()
    }

    /// The numbers of some rows in a column; of a table by columns only.
    #[inline(always)]
    pub(super) fn part_of_column(&self, column: usize, first: usize, count: usize) -> &'a [f64] {
        let start = column * self.rows + first;
        self.values.get(start..start + count).unwrap_or_default()
    }

    /// A number; `None` outside of the table.
    pub fn get(&self, row: usize, column: usize) -> Option<f64> {
        let is_inside = row < self.rows && column < self.columns;
        let place = match self.order {
            Order::Rows => row * self.columns + column,
            Order::Columns => column * self.rows + row,
        };
        self.values.get(place).copied().filter(|_| is_inside)
    }

    /// Hands each number of some rows to `take`: its row from 0, its column and itself. What lies
    /// beside each other comes one after the other.
    #[inline(always)]
    pub(super) fn each(&self, first: usize, count: usize, mut take: impl FnMut(usize, usize, f64)) {
        match self.order {
            Order::Rows => {
                let part = self.values.get(first * self.columns..).unwrap_or_default();
                for (row, numbers) in part.chunks_exact(self.columns).take(count).enumerate() {
                    for (column, number) in numbers.iter().enumerate() {
                        take(row, column, *number);
                    }
                }
            }
            Order::Columns => {
                for (column, numbers) in self.values.chunks_exact(self.rows).enumerate() {
                    let part = numbers.get(first..).unwrap_or_default();
                    for (row, number) in part.iter().take(count).enumerate() {
                        take(row, column, *number);
                    }
                }
            }
        }
    }

    /// The numbers of some rows, row by row, where they lie so.
    #[inline(always)]
    pub(super) fn rows_of(
        &self,
        first: usize,
        count: usize,
    ) -> Option<impl Iterator<Item = &'a [f64]>> {
        let part = self.values.get(first * self.columns..).unwrap_or_default();
        let rows = part.chunks_exact(self.columns).take(count);
        (self.order == Order::Rows).then_some(rows)
    }

    /// The first number that is not finite, by rows.
    pub(super) fn not_finite(&self) -> Option<TrainError> {
        let mut found: Option<(usize, usize)> = None;
        self.each(0, self.rows, |row, column, number| {
            if !number.is_finite() && found.is_none_or(|place| (row, column) < place) {
                found = Some((row, column));
            }
        });
        found.map(|(row, column)| TrainError::NotFinite { row, column })
    }
}

/// Rows of features with their labels, and how much each row counts.
#[derive(Debug, Clone, Copy)]
pub struct Samples<'a> {
    pub(super) features: Matrix<'a>,
    pub(super) labels: &'a [bool],
    pub(in crate::learning) weights: Option<&'a [f64]>,
    pub(in crate::learning) offsets: Option<&'a [f64]>,
}

impl<'a> Samples<'a> {
    /// Rows that count alike.
    ///
    /// # Errors
    /// [`TrainError::Shape`] where there is not one label for each row.
    pub fn new(features: Matrix<'a>, labels: &'a [bool]) -> Result<Self, TrainError> {
        let rows = features.rows();
        fits("labels", labels.len(), rows)?;
        Ok(Self { features, labels, weights: None, offsets: None })
    }

    /// The same rows; each counts as often as its weight says.
    ///
    /// # Errors
    /// [`TrainError::Shape`], and [`TrainError::Weight`] for one that is negative or not finite.
    pub fn with_weights(self, weights: &'a [f64]) -> Result<Self, TrainError> {
        fits("weights", weights.len(), self.features.rows())?;
        let is_unfit = |weight: &f64| !weight.is_finite() || *weight < 0.0;
        match weights.iter().position(is_unfit) {
            Some(row) => Err(TrainError::Weight { row }),
            None => Ok(Self { weights: Some(weights), ..self }),
        }
    }

    /// The same rows; so much is known of each score before anything is learnt.
    ///
    /// # Errors
    /// [`TrainError::Shape`], and [`TrainError::Offset`] for one that is not finite.
    pub fn with_offsets(self, offsets: &'a [f64]) -> Result<Self, TrainError> {
        fits("offsets", offsets.len(), self.features.rows())?;
        match offsets.iter().position(|offset| !offset.is_finite()) {
            Some(row) => Err(TrainError::Offset { row }),
            None => Ok(Self { offsets: Some(offsets), ..self }),
        }
    }

    /// How many rows there are.
    pub const fn rows(&self) -> usize {
        self.features.rows()
    }

    /// The features.
    pub const fn features(&self) -> &Matrix<'a> {
        &self.features
    }

    /// The labels.
    pub const fn labels(&self) -> &'a [bool] {
        self.labels
    }

    /// How much each row counts, if rows count differently.
    pub const fn weights(&self) -> Option<&'a [f64]> {
        self.weights
    }

    /// What is known of each score before anything is learnt, if something is.
    pub const fn offsets(&self) -> Option<&'a [f64]> {
        self.offsets
    }

    pub(in crate::learning) fn weight(&self, row: usize) -> f64 {
        self.weights.map_or(1.0, |weights| weights.get(row).copied().unwrap_or(0.0))
    }

    pub(in crate::learning) fn offset(&self, row: usize) -> f64 {
        self.offsets.and_then(|offsets| offsets.get(row).copied()).unwrap_or(0.0)
    }
}

fn fits(what: &'static str, found: usize, rows: usize) -> Result<(), TrainError> {
    if found == rows { Ok(()) } else { Err(TrainError::Shape { what, found, rows }) }
}
