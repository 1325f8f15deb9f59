//! One step: the minimum of the quadratic model of the loss, with penalties and bounds.
//!
//! In: gradient, second derivatives and terms at a point. Out: where the model is least. Without
//! absolute penalties and bounds it is one system of equations, solved by Cholesky's method after
//! each row and column was scaled to 1 on the diagonal; otherwise one coefficient after the other
//! is moved to its best place until none moves (coordinate descent, as Friedman, Hastie and
//! Tibshirani 2010 do it), which ends at the minimum, as the model is convex and what is not smooth
//! is separate for each.

use super::space::Term;

/// What is left on the diagonal, as a part of what was there, of a column that others determine.
const ALIASED: f64 = 1e-11;
/// Coefficients have stopped moving once the greatest move is this part of the first one.
const MOVE_LEAST: f64 = 1e-13;
const SWEEPS_MAX: u32 = 20_000;

/// Derivatives at a point.
#[derive(Debug)]
pub(super) struct Model<'a> {
    pub(super) point: &'a [f64],
    /// The gradient of the loss, without penalties.
    pub(super) gradient: &'a [f64],
    /// The second derivatives of the loss, a square table.
    pub(super) curvature: &'a [f64],
    pub(super) terms: &'a [Term],
}

/// A step, and the coefficients that others determine, which it leaves alone.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Step {
    pub(super) by: Vec<f64>,
    pub(super) aliased: Vec<usize>,
}

impl Model<'_> {
    /// The step to the minimum of the model.
    pub(super) fn step(&self) -> Step {
        let is_smooth = |term: &Term| {
            term.l1 == 0.0 && term.bounds.low.is_infinite() && term.bounds.high.is_infinite()
        };
        if self.terms.iter().all(is_smooth) { self.equations() } else { self.descent() }
    }

    fn slope(&self, at: usize) -> f64 {
        self.gradient[at] + self.terms[at].l2 * self.point[at]
    }

    fn curve(&self, row: usize, column: usize) -> f64 {
        let own = if row == column { self.terms[row].l2 } else { 0.0 };
        self.curvature[row * self.point.len() + column] + own
    }

    fn equations(&self) -> Step {
        let width = self.point.len();
        let factor = Factor::new(width, |row, column| self.curve(row, column));
        let downhill: Vec<f64> = (0..width).map(|at| -self.slope(at)).collect();
        Step { by: factor.solve(&downhill), aliased: factor.aliased }
    }

    fn descent(&self) -> Step {
        let width = self.point.len();
        let mut by = vec![0.0; width];
        // The slope of the model where the step has come to.
        let mut slope: Vec<f64> = (0..width).map(|at| self.slope(at)).collect();
        let diagonal: Vec<f64> = (0..width).map(|at| self.curve(at, at)).collect();
        let greatest = diagonal.iter().copied().fold(0.0, f64::max);
        let is_flat = |at: usize| diagonal[at] <= f64::EPSILON * f64::EPSILON * greatest;
        let mut first_move = 0.0;
        for sweep in 0..SWEEPS_MAX {
            let mut moved_most: f64 = 0.0;
            for at in (0..width).filter(|at| !is_flat(*at)) {
                let Term { l1, bounds, .. } = self.terms[at];
                let here = self.point[at] + by[at];
                let free = diagonal[at] * here - slope[at];
                let shrunk = (free.abs() - l1).max(0.0).copysign(free) / diagonal[at];
                let moved = shrunk.max(bounds.low).min(bounds.high) - here;
                if moved != 0.0 {
                    by[at] += moved;
                    for (other, slope) in slope.iter_mut().enumerate() {
                        *slope += moved * self.curve(other, at);
                    }
                    moved_most = moved_most.max(moved.abs() * diagonal[at].sqrt());
                }
            }
            if sweep == 0 {
                first_move = moved_most;
            }
            if moved_most <= MOVE_LEAST * first_move {
                break;
            }
        }
        Step { by, aliased: (0..width).filter(|at| is_flat(*at)).collect() }
    }

    /// How far each coefficient is from where no small move helps: the gradient with penalties,
    /// without what a kink or a bound holds.
    pub(super) fn residual(&self) -> f64 {
        let residual = |at: usize| {
            let Term { l1, bounds, .. } = self.terms[at];
            let (here, slope) = (self.point[at], self.slope(at));
            let up = slope + if here >= 0.0 { l1 } else { -l1 };
            let down = slope + if here > 0.0 { l1 } else { -l1 };
            let by_up = if here < bounds.high { -up } else { 0.0 };
            let by_down = if here > bounds.low { down } else { 0.0 };
            by_up.max(by_down).max(0.0)
        };
        (0..self.point.len()).map(residual).fold(0.0, f64::max)
    }
}

/// A symmetric table as the product of a triangle and the same one turned over (Cholesky), after
/// each row and column was scaled to 1 on the diagonal.
#[derive(Debug)]
pub(super) struct Factor {
    scale: Vec<f64>,
    /// The lower triangle, row by row; a row that others determine is empty.
    lower: Vec<f64>,
    /// The rows that others determine.
    pub(super) aliased: Vec<usize>,
}

impl Factor {
    /// Of a table with so many rows; the lower triangle is asked for.
    pub(super) fn new(width: usize, table: impl Fn(usize, usize) -> f64) -> Self {
        let scale: Vec<f64> = (0..width)
            .map(|at| {
                let root = table(at, at).sqrt();
                if root > 0.0 { 1.0 / root } else { 0.0 }
            })
            .collect();
        let mut lower = vec![0.0; width * width];
        let mut aliased = Vec::new();
        for row in 0..width {
            let (above, own) = lower.split_at_mut(row * width);
            for column in 0..row {
                let other = &above[column * width..][..=column];
                let (before, pivot) = (&other[..column], other[column]);
                let known: f64 = own[..column].iter().zip(before).map(|(a, b)| a * b).sum();
                let rest = table(row, column) * scale[row] * scale[column] - known;
                own[column] = if pivot > 0.0 { rest / pivot } else { 0.0 };
            }
            let known: f64 = own[..row].iter().map(|a| a * a).sum();
            let rest = table(row, row) * scale[row] * scale[row] - known;
            if rest > ALIASED {
                own[row] = rest.sqrt();
            } else {
                own[..row].fill(0.0);
                aliased.push(row);
            }
        }
        Self { scale, lower, aliased }
    }

    /// What the table has to be multiplied by to give `right`; 0 for rows that others determine.
    pub(super) fn solve(&self, right: &[f64]) -> Vec<f64> {
        let Self { scale, lower, .. } = self;
        let width = scale.len();
        let mut by = vec![0.0; width];
        for row in 0..width {
            let own = &lower[row * width..][..=row];
            let known: f64 = own[..row].iter().zip(&by).map(|(a, b)| a * b).sum();
            let (pivot, wanted) = (own[row], right.get(row).copied().unwrap_or(0.0));
            by[row] = if pivot > 0.0 { (wanted * scale[row] - known) / pivot } else { 0.0 };
        }
        for row in (0..width).rev() {
            let known: f64 =
                (row + 1..width).map(|below| lower[below * width + row] * by[below]).sum();
            let pivot = lower[row * width + row];
            by[row] = if pivot > 0.0 { (by[row] - known) / pivot } else { 0.0 };
        }
        by.iter_mut().zip(scale).for_each(|(by, scale)| *by *= scale);
        by
    }
}
