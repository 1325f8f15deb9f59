//! The normal law: how much of it lies above a number, and where so much of it lies above.
//!
//! In: a number, or a share. Out: the other one, within 1e-15 of the share.

/// The chance that a standard normal number is above x, for x from 0 on, within 1e-15.
///
/// One half less `phi(x) (x + x^3 / 3 + x^5 / (3 5) + ...)`, whose terms are all positive.
pub(super) fn tail_of_normal(x: f64) -> f64 {
    if x > 8.5 {
        return 0.0;
    }
    let (mut term, mut sum) = (x, x);
    // The terms grow until the divisor is x^2, 72 at most, and are then gone after 200.
    for step in 1..200_u32 {
        term *= x * x / f64::from(2 * step + 1);
        sum += term;
    }
    let density = (-x * x / 2.0).exp() / std::f64::consts::TAU.sqrt();
    (0.5 - density * sum).max(0.0)
}

/// How far from 0 a standard normal number may be with this chance: 1.96 for 0.95.
///
/// By halving, because the tail only falls; no confidence is so high that it would be beyond 8.5.
pub(super) fn two_sided(confidence: f64) -> f64 {
    let outside = (1.0 - confidence) / 2.0;
    let (mut low, mut high) = (0.0, 8.5);
    for _ in 0..64 {
        let middle = f64::midpoint(low, high);
        if tail_of_normal(middle) > outside {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_of_the_normal_law_is_that_of_the_tables() {
        #[rustfmt::skip]
        let table = [
            (0.0, 0.5),
            (0.5, 0.308_537_538_725_986_9),
            (1.0, 0.158_655_253_931_457_05),
            (1.959_963_984_540_054, 0.025),
            (3.0, 1.349_898_031_630_094_5e-3),
            (6.0, 9.865_876_450_376_946e-10),
            (8.0, 6.220_960_574_271_785e-16),
            (40.0, 0.0),
        ];
        for (x, expected) in table {
            assert!((tail_of_normal(x) - expected).abs() < 2e-15, "{x}: {}", tail_of_normal(x));
        }
    }

    #[test]
    fn so_much_of_the_law_lies_between_as_was_asked_for() {
        #[rustfmt::skip]
        let table = [
            (0.5,    0.674_489_750_196_081_7),
            (0.682_689_492_137_085_9, 1.0),
            (0.9,    1.644_853_626_951_472_7),
            (0.95,   1.959_963_984_540_054),
            (0.99,   2.575_829_303_548_901),
        ];
        for (confidence, expected) in table {
            let found = two_sided(confidence);
            assert!((found - expected).abs() < 1e-12, "{confidence}: {found}");
        }
    }
}
