//! Coefficients of a logistic function, fitted by Newton's method.

use payme_core::evidence::recurring::{SIGNS, Signs};

/// What holds the coefficients back: a quarter of their squared length is added to the loss, so
/// that a sign which the cases never show stays at 0.
const RIDGE: f64 = 0.5;

/// The coefficients under which the cases are likeliest.
pub(crate) fn fit(cases: &[(Signs, bool)]) -> Signs {
    let mut weights = [0.0; SIGNS];
    for _ in 0..30 {
        let mut slope = weights.map(|weight| -RIDGE * weight);
        let mut curve = [[0.0; SIGNS]; SIGNS];
        for (i, row) in curve.iter_mut().enumerate() {
            row[i] = RIDGE;
        }
        for (signs, is_right) in cases {
            let p = probability(&weights, signs);
            for i in 0..SIGNS {
                slope[i] += signs[i] * (f64::from(u8::from(*is_right)) - p);
                for j in 0..SIGNS {
                    curve[i][j] += p * (1.0 - p) * signs[i] * signs[j];
                }
            }
        }
        let step = solve(curve, slope);
        for (weight, step) in weights.iter_mut().zip(step) {
            *weight += step;
        }
    }
    weights
}

/// The mean loss in bits.
pub(crate) fn loss(weights: &Signs, cases: &[(Signs, bool)]) -> f64 {
    let one = |(signs, is_right): &(Signs, bool)| {
        let p = probability(weights, signs).clamp(1e-9, 1.0 - 1e-9);
        -(if *is_right { p } else { 1.0 - p }).log2()
    };
    cases.iter().map(one).sum::<f64>() / super::count(cases.len())
}

fn probability(weights: &Signs, signs: &Signs) -> f64 {
    let logit: f64 = weights.iter().zip(signs).map(|(weight, sign)| weight * sign).sum();
    1.0 / (1.0 + (-logit).exp())
}

/// The solution of a system of equations, by elimination with the largest pivot.
fn solve(mut rows: [[f64; SIGNS]; SIGNS], mut right: Signs) -> Signs {
    for i in 0..SIGNS {
        let size = |row: &usize| rows[*row][i].abs();
        let pivot = (i..SIGNS).max_by(|a, b| size(a).total_cmp(&size(b))).unwrap_or(i);
        rows.swap(i, pivot);
        right.swap(i, pivot);
        let (above, right_above) = (rows[i], right[i]);
        for (row, right) in rows.iter_mut().zip(&mut right).skip(i + 1) {
            let factor = row[i] / above[i];
            for (number, above) in row.iter_mut().zip(above) {
                *number -= factor * above;
            }
            *right -= factor * right_above;
        }
    }
    for i in (0..SIGNS).rev() {
        let known: f64 = (i + 1..SIGNS).map(|column| rows[i][column] * right[column]).sum();
        right[i] = (right[i] - known) / rows[i][i];
    }
    right
}
